use std::borrow::Cow;
use std::sync::OnceLock;

use ndarray::ArrayView1;

use super::regression::TimingSums;
use super::sums::{CoMoments, SideGrowth, SideMoments, Totals, side_growth, side_moments, unexplained};
use crate::{Annualisation, Error, Result, ReturnSeries, RiskFree, check};

/// Returns against a benchmark on the same dates. Its methods are the metrics.
///
/// What several metrics need (co-moments, growth, the sums over rising and falling markets) is computed when the first
/// of them asks and kept. In the formulas `r` are the returns, `b` the benchmark, `f` the risk-free rate, `y = r − f`,
/// `x = b − f`, `P` the periods a year, and `G(v)` is the growth of `v` a year, `Π(1 + v)^{P/n} − 1`.
///
/// ```
/// use alluse_attribution::{Annualisation, RiskFree, benchmark::{MarketPeriods, Relative}};
/// use alluse_risk_core::Frequency;
/// use ndarray::array;
///
/// let benchmark = array![0.01, -0.02, 0.03, 0.005];
/// let returns = benchmark.mapv(|b| 0.001 + 0.5 * b); // half the market, and a tenth of a percent
/// let monthly = Annualisation::Periods(Frequency::Monthly);
/// let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::Zero, monthly)?;
/// assert!((relative.beta(MarketPeriods::All)? - 0.5).abs() < 1e-14);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug)]
pub struct Relative<'a> {
    returns: Cow<'a, [f64]>,
    benchmark: Cow<'a, [f64]>,
    risk_free: RiskFree,
    annualisation: Annualisation,
    /// `y` and `x`; `None` without a risk-free rate, when they are the returns themselves.
    excess: Option<[Vec<f64>; 2]>,
    totals: OnceLock<Totals>,
    excess_totals: OnceLock<Totals>,
    raw: OnceLock<CoMoments>,
    over_risk_free: OnceLock<CoMoments>,
    sides: OnceLock<[SideGrowth; 3]>,
    side_betas: OnceLock<[SideMoments; 2]>,
    timing: OnceLock<TimingSums>,
    unexplained: OnceLock<f64>,
}

impl<'a> Relative<'a> {
    /// Of simple returns per period, pair by pair.
    ///
    /// # Errors
    /// [`Error::Input`] for no returns, lengths that differ, a return that is not finite or below −1, and a risk-free
    /// rate that does not fit.
    pub fn new(
        returns: ArrayView1<'a, f64>,
        benchmark: ArrayView1<'a, f64>,
        risk_free: RiskFree,
        annualisation: Annualisation,
    ) -> Result<Self> {
        check::returns("returns", returns)?;
        check::returns("benchmark", benchmark)?;
        check::length("benchmark", returns.len(), benchmark.len())?;
        risk_free.check(returns.len())?;
        Ok(Self::checked(contiguous(returns), contiguous(benchmark), risk_free, annualisation))
    }

    /// Of two series with the same dates, annualised by the frequency that both state.
    ///
    /// # Errors
    /// [`Error::Invalid`] when dates, frequencies or return kinds differ: [`align`](super::align) makes them the same.
    /// [`Error::Input`] for a risk-free rate that does not fit.
    pub fn of(returns: &'a ReturnSeries, benchmark: &'a ReturnSeries, risk_free: RiskFree) -> Result<Self> {
        let pair = format!("{:?} and {:?}", returns.name(), benchmark.name());
        if returns.kind() != benchmark.kind() {
            let reason = format!("{:?} returns against {:?} returns", returns.kind(), benchmark.kind());
            return Err(Error::invalid(pair, reason));
        }
        if returns.frequency() != benchmark.frequency() {
            let reason = format!("{:?} against {:?}", returns.frequency(), benchmark.frequency());
            return Err(Error::invalid(pair, reason));
        }
        Self::same_dates(returns, benchmark, risk_free)
    }

    /// Of two series with the same dates; kind and frequency were looked at before.
    pub(super) fn same_dates(
        returns: &'a ReturnSeries,
        benchmark: &'a ReturnSeries,
        risk_free: RiskFree,
    ) -> Result<Self> {
        let (own, other) = (returns.dates(), benchmark.dates());
        let differ = own.iter().zip(other).position(|(a, b)| a != b);
        if let Some(index) = differ.or((own.len() != other.len()).then_some(own.len().min(other.len()))) {
            let say = |dates: &[jiff::civil::Date]| dates.get(index).map_or("none".to_owned(), ToString::to_string);
            let reason = format!("dates differ at position {index}: {} and {}; align them first", say(own), say(other));
            return Err(Error::invalid(format!("{:?} and {:?}", returns.name(), benchmark.name()), reason));
        }
        risk_free.check(returns.len())?;
        let (own, other) = (contiguous(returns.returns()), contiguous(benchmark.returns()));
        Ok(Self::checked(own, other, risk_free, returns.annualisation()))
    }

    fn checked(
        returns: Cow<'a, [f64]>,
        benchmark: Cow<'a, [f64]>,
        risk_free: RiskFree,
        annualisation: Annualisation,
    ) -> Self {
        let over = |values: &[f64]| values.iter().enumerate().map(|(t, value)| value - risk_free.at(t)).collect();
        let excess = match risk_free {
            RiskFree::Zero => None,
            _ => Some([over(&returns), over(&benchmark)]),
        };
        Self {
            returns,
            benchmark,
            risk_free,
            annualisation,
            excess,
            totals: OnceLock::new(),
            excess_totals: OnceLock::new(),
            raw: OnceLock::new(),
            over_risk_free: OnceLock::new(),
            sides: OnceLock::new(),
            side_betas: OnceLock::new(),
            timing: OnceLock::new(),
            unexplained: OnceLock::new(),
        }
    }

    /// The returns.
    #[must_use]
    pub fn returns(&self) -> ArrayView1<'_, f64> {
        ndarray::aview1(&self.returns)
    }

    /// The benchmark's returns.
    #[must_use]
    pub fn benchmark(&self) -> ArrayView1<'_, f64> {
        ndarray::aview1(&self.benchmark)
    }

    /// The risk-free rate.
    #[must_use]
    pub fn risk_free(&self) -> &RiskFree {
        &self.risk_free
    }

    /// How numbers per period become numbers per year.
    #[must_use]
    pub fn annualisation(&self) -> Annualisation {
        self.annualisation
    }

    /// Number of periods.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one pair")]
    pub fn len(&self) -> usize {
        self.returns.len()
    }

    /// Periods a year.
    ///
    /// # Errors
    /// As [`Annualisation::periods_per_year`].
    pub fn periods_per_year(&self) -> Result<f64> {
        self.annualisation.periods_per_year(self.len())
    }

    pub(super) fn r(&self) -> &[f64] {
        &self.returns
    }

    pub(super) fn b(&self) -> &[f64] {
        &self.benchmark
    }

    /// Returns above the risk-free rate.
    pub(super) fn y(&self) -> &[f64] {
        self.excess.as_ref().map_or(&self.returns, |[y, _]| y)
    }

    /// Benchmark above the risk-free rate.
    pub(super) fn x(&self) -> &[f64] {
        self.excess.as_ref().map_or(&self.benchmark, |[_, x]| x)
    }

    pub(super) fn totals(&self) -> Totals {
        *self.totals.get_or_init(|| Totals::of(self.r(), self.b()))
    }

    pub(super) fn excess_totals(&self) -> Totals {
        match self.excess {
            None => self.totals(),
            Some(_) => *self.excess_totals.get_or_init(|| Totals::of(self.y(), self.x())),
        }
    }

    /// Of `r` and `b`.
    pub(super) fn raw(&self) -> CoMoments {
        *self.raw.get_or_init(|| CoMoments::of(self.r(), self.b(), self.totals(), self.totals().largest))
    }

    /// Of `y` and `x`. A difference of two large numbers has the rounding error of the large ones.
    pub(super) fn over_risk_free(&self) -> CoMoments {
        match self.risk_free {
            RiskFree::Zero => return self.raw(),
            // One rate moves the means and nothing else.
            RiskFree::PerPeriod(rate) => return self.raw().less(rate),
            RiskFree::Series(_) => {}
        }
        *self.over_risk_free.get_or_init(|| {
            let (own, above) = (self.totals().largest, self.excess_totals().largest);
            let largest = [own[0].max(above[0]), own[1].max(above[1])];
            CoMoments::of(self.y(), self.x(), self.excess_totals(), largest)
        })
    }

    /// By the sign of `b`: up, down, zero.
    pub(super) fn sides(&self) -> [SideGrowth; 3] {
        *self.sides.get_or_init(|| side_growth(self.r(), self.b()))
    }

    /// By the sign of `x`: up, down.
    pub(super) fn side_betas(&self) -> [SideMoments; 2] {
        *self.side_betas.get_or_init(|| side_moments(self.y(), self.x()))
    }

    /// Of `y`, `x` and the regressors of market timing.
    pub(super) fn timing_sums(&self) -> TimingSums {
        let moments = self.over_risk_free();
        *self.timing.get_or_init(|| TimingSums::of(self.y(), self.x(), [moments.mean_y, moments.mean_x]))
    }

    /// Sum of squared deviations of `r − β b`, for the one beta of all periods.
    pub(super) fn unexplained(&self, beta: f64) -> f64 {
        *self.unexplained.get_or_init(|| unexplained(self.r(), self.b(), self.raw(), beta))
    }

    /// Growth a year from the value that one unit became over all periods.
    pub(super) fn annual(&self, what: &'static str, growth: f64) -> Result<f64> {
        let years = self.annualisation.years(self.len())?;
        check::result(what, (libm::log(growth) / years).exp_m1())
    }

    /// `G(r)` and `G(b)`.
    pub(super) fn annual_returns(&self) -> Result<[f64; 2]> {
        let growth = self.totals().growth;
        Ok([self.annual("annual return", growth[0])?, self.annual("annual return of the benchmark", growth[1])?])
    }

    /// `G(f)`.
    pub(super) fn annual_risk_free(&self) -> Result<f64> {
        match &self.risk_free {
            RiskFree::Zero => Ok(0.0),
            RiskFree::PerPeriod(rate) => {
                check::result("annual risk-free return", (self.periods_per_year()? * rate.ln_1p()).exp_m1())
            }
            RiskFree::Series(rates) => {
                self.annual("annual risk-free return", rates.iter().map(|rate| 1.0 + rate).product())
            }
        }
    }

    /// Square root of the periods a year.
    pub(super) fn root_of_periods(&self) -> Result<f64> {
        Ok(self.periods_per_year()?.sqrt())
    }

    /// `√(sum/(n − ddof))`.
    pub(super) fn deviation(&self, what: &'static str, sum: f64, ddof: usize) -> Result<f64> {
        let n = self.len();
        if n <= ddof {
            return Err(Error::undefined(what, format!("a variance with ddof {ddof} needs more than {n} periods")));
        }
        check::result(what, (sum / (n - ddof) as f64).sqrt())
    }
}

/// The values in a row in memory; copied only when they are not.
fn contiguous(values: ArrayView1<'_, f64>) -> Cow<'_, [f64]> {
    values.to_slice().map_or_else(|| values.iter().copied().collect(), Cow::Borrowed)
}
