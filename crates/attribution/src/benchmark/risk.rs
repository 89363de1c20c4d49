use super::beta::ratio;
use super::sums::{LANES, in_lanes};
use super::{AppraisalDenominator, MarketPeriods, MeanReturn, Relative, TreynorDenominator, TreynorNumerator};
use crate::{Error, Result, check};

impl Relative<'_> {
    /// Risk a year that comes from the market: `β sd(x) √P`. Negative for a negative beta.
    ///
    /// # Errors
    /// As [`beta`](Self::beta); [`Error::Undefined`] unless there are more periods than `ddof`.
    ///
    /// # Source
    /// Bacon (2008), ch. 4 (population variance, `ddof` 0).
    pub fn systematic_risk(&self, ddof: usize) -> Result<f64> {
        let volatility = self.deviation("systematic risk", self.over_risk_free().xx, ddof)?;
        check::result("systematic risk", self.beta(MarketPeriods::All)? * volatility * self.root_of_periods()?)
    }

    /// Risk a year that the market does not explain: `sd(r − β b) √P`.
    ///
    /// # Errors
    /// As [`systematic_risk`](Self::systematic_risk).
    pub fn specific_risk(&self, ddof: usize) -> Result<f64> {
        let beta = self.beta(MarketPeriods::All)?;
        let squares = self.unexplained(beta);
        check::result("specific risk", self.deviation("specific risk", squares, ddof)? * self.root_of_periods()?)
    }

    /// `√(systematic² + specific²)`.
    ///
    /// # Errors
    /// As its parts.
    pub fn total_risk(&self, ddof_systematic: usize, ddof_specific: usize) -> Result<f64> {
        check::result("total risk", self.systematic_risk(ddof_systematic)?.hypot(self.specific_risk(ddof_specific)?))
    }

    /// Treynor's ratio: reward for the risk that cannot be diversified away.
    ///
    /// | | |
    /// |---|---|
    /// | numerator | `G(y)`, or the total return `Π(1 + r) − 1` |
    /// | denominator | β, or [`systematic_risk`](Self::systematic_risk) |
    ///
    /// # Errors
    /// As [`beta`](Self::beta); [`Error::Undefined`] when the denominator is 0, or when a return lies more than 100 %
    /// below the risk-free rate and cannot be compounded.
    ///
    /// # Source
    /// Treynor (1965); the modified ratio in Bacon (2008), ch. 4.
    pub fn treynor_ratio(&self, numerator: TreynorNumerator, denominator: TreynorDenominator) -> Result<f64> {
        let reward = match numerator {
            TreynorNumerator::AnnualExcessReturn => {
                let totals = self.excess_totals();
                if totals.lowest[0] < -1.0 {
                    let reason = "an excess return below -100 % cannot be compounded";
                    return Err(Error::undefined("Treynor's ratio", reason));
                }
                self.annual("annual excess return", totals.growth[0])?
            }
            TreynorNumerator::TotalReturn => check::result("total return", self.totals().growth[0] - 1.0)?,
        };
        match denominator {
            TreynorDenominator::Beta => ratio("Treynor's ratio", reward, self.beta(MarketPeriods::All)?, "beta"),
            TreynorDenominator::SystematicRisk { ddof } => {
                ratio("Treynor's ratio", reward, self.systematic_risk(ddof)?, "systematic risk")
            }
        }
    }

    /// Appraisal ratio: Jensen's alpha over specific risk, or over beta.
    ///
    /// # Errors
    /// As its parts; [`Error::Undefined`] when beta explains everything and specific risk is only rounding.
    ///
    /// # Source
    /// Treynor and Black (1973); Bacon (2008), ch. 4.
    pub fn appraisal_ratio(&self, denominator: AppraisalDenominator) -> Result<f64> {
        let alpha = self.jensen_alpha()?;
        match denominator {
            AppraisalDenominator::SpecificRisk { ddof } => {
                let risk = self.specific_risk(ddof)?;
                let raw = self.raw();
                let noise = raw.noise_y.max(raw.noise_x * self.beta(MarketPeriods::All)?.abs());
                if risk <= noise * self.root_of_periods()? {
                    return Err(Error::undefined("appraisal ratio", "beta explains everything"));
                }
                check::result("appraisal ratio", alpha / risk)
            }
            AppraisalDenominator::Beta => ratio("appraisal ratio", alpha, self.beta(MarketPeriods::All)?, "beta"),
        }
    }

    /// Active return a year: `G(r) − G(b)`, or `P` times the mean of `r − b`. Also called active premium.
    ///
    /// # Errors
    /// [`Error::Input`] when a growth rate overflows.
    pub fn active_return(&self, mean: MeanReturn) -> Result<f64> {
        match mean {
            MeanReturn::Geometric => {
                let [own, market] = self.annual_returns()?;
                check::result("active return", own - market)
            }
            MeanReturn::Arithmetic => {
                let raw = self.raw();
                check::result("active return", (raw.mean_y - raw.mean_x) * self.periods_per_year()?)
            }
        }
    }

    /// Tracking error a year: `sd(r − b) √P`. 0 for a perfect copy.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless there are more periods than `ddof`.
    pub fn tracking_error(&self, ddof: usize) -> Result<f64> {
        let deviation = self.deviation("tracking error", self.raw().active, ddof)?;
        check::result("tracking error", deviation * self.root_of_periods()?)
    }

    /// Information ratio: active return over tracking error.
    ///
    /// # Errors
    /// As its parts; [`Error::Undefined`] when the tracking error is only rounding.
    ///
    /// # Source
    /// Goodwin (1998); the geometric numerator as in R's PerformanceAnalytics.
    pub fn information_ratio(&self, mean: MeanReturn, ddof: usize) -> Result<f64> {
        let (active, error) = (self.active_return(mean)?, self.tracking_error(ddof)?);
        let raw = self.raw();
        if error <= raw.noise_y.max(raw.noise_x) * self.root_of_periods()? {
            return Err(Error::undefined("information ratio", "the returns follow the benchmark exactly"));
        }
        check::result("information ratio", active / error)
    }

    /// M², the return at the benchmark's risk.
    ///
    /// | | | |
    /// |---|---|---|
    /// | geometric | a year | `(G(r) − f) sd(b)/sd(r) + f`, `f = G(risk-free)` |
    /// | arithmetic | per period | `ȳ/sd(y) · sd(b) + f̄` |
    ///
    /// `ddof` cancels unless the two deviations are of different series.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the returns do not vary or there are not more periods than `ddof`.
    ///
    /// # Source
    /// Modigliani and Modigliani (1997).
    pub fn m_squared(&self, mean: MeanReturn, ddof: usize) -> Result<f64> {
        const NAME: &str = "M squared";
        let market = self.deviation(NAME, self.raw().xx, ddof)?;
        match mean {
            MeanReturn::Geometric => {
                self.raw().returns_vary(NAME)?;
                let free = self.annual_risk_free()?;
                let own = self.deviation(NAME, self.raw().yy, ddof)?;
                check::result(NAME, (self.annual_returns()?[0] - free) * market / own + free)
            }
            MeanReturn::Arithmetic => {
                let excess = self.over_risk_free();
                excess.returns_vary(NAME)?;
                let own = self.deviation(NAME, excess.yy, ddof)?;
                let free = self.raw().mean_y - excess.mean_y;
                check::result(NAME, excess.mean_y / own * market + free)
            }
        }
    }

    /// Geometric M² above the benchmark, geometrically: `(1 + M²)/(1 + G(b)) − 1`, a year.
    ///
    /// # Errors
    /// As [`m_squared`](Self::m_squared); [`Error::Undefined`] when the benchmark lost everything.
    pub fn m_squared_excess(&self, ddof: usize) -> Result<f64> {
        let market = 1.0 + self.annual_returns()?[1];
        let own = 1.0 + self.m_squared(MeanReturn::Geometric, ddof)?;
        Ok(ratio("M squared excess", own, market, "the benchmark's growth")? - 1.0)
    }

    /// M² for Sortino: the return at the benchmark's downside risk.
    ///
    /// ```text
    /// G(r) + S (D(b) − D(r))      S = (r̄ − target)/D₁(r)
    /// ```
    ///
    /// `D₁` is the downside deviation per period, `√((1/n) Σ max(target − r, 0)²)`, and `D = D₁ √P`. The ratio `S` per
    /// period times deviations a year, as Bacon has it.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no return is below the target; [`Error::Input`] for a target that is not finite.
    ///
    /// # Source
    /// Bacon (2008), ch. 4.
    pub fn m2_sortino(&self, target: f64) -> Result<f64> {
        self.m2_sortino_given(target, self.downside(target)?)
    }

    pub(super) fn m2_sortino_given(&self, target: f64, [own, market]: [f64; 2]) -> Result<f64> {
        let sortino = ratio("M2 for Sortino", self.raw().mean_y - target, own, "the downside deviation")?;
        let growth = self.annual_returns()?[0];
        check::result("M2 for Sortino", growth + sortino * (market - own) * self.root_of_periods()?)
    }

    /// Omega excess return: `G(r) − 3 D(r) D(b)`, with downside deviations a year.
    ///
    /// # Errors
    /// [`Error::Input`] for a target that is not finite.
    ///
    /// # Source
    /// Sortino et al. (1997), "The riskiness of large-cap funds", as in Bacon (2008), ch. 4.
    pub fn omega_excess_return(&self, target: f64) -> Result<f64> {
        self.omega_excess_return_given(self.downside(target)?)
    }

    pub(super) fn omega_excess_return_given(&self, [own, market]: [f64; 2]) -> Result<f64> {
        check::result("omega excess return", self.annual_returns()?[0] - 3.0 * own * market * self.periods_per_year()?)
    }

    /// Downside deviations per period of returns and benchmark.
    pub(super) fn downside(&self, target: f64) -> Result<[f64; 2]> {
        check::number("target", target)?;
        let mut squares = [[0.0; LANES]; 2];
        in_lanes(self.r(), self.b(), |lane, r, b| {
            for (sum, value) in squares.iter_mut().zip([r, b]) {
                let short = if value < target { target - value } else { 0.0 };
                sum[lane] += short * short;
            }
        });
        Ok(squares.map(|lanes| (lanes.iter().sum::<f64>() / self.len() as f64).sqrt()))
    }
}
