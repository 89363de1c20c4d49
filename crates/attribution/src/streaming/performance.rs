use alluse_risk_core::measures::LossSample;
use alluse_risk_core::moments::{MomentEstimator, RunningMoments};
use alluse_risk_core::{Error as Input, Frequency};
use serde::{Deserialize, Serialize};

use super::multiset::{Key, Multiset};
use crate::exact_sum::ExactSum;
use crate::metrics::GainsAndLosses;
use crate::{Error, Result, check};

/// Above this the fourth power of a return leaves the numbers that the sums can hold.
pub(super) const LARGEST_RETURN: f64 = 1e70;

/// The metrics of a stream of returns that do not depend on their order.
///
/// Every return that was pushed is kept with its count, which is what lets a retraction be checked and the extremes
/// survive it; memory grows with the number of different returns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct StreamingPerformance {
    count: u64,
    values: Multiset<Key>,
    /// Sums of the first four powers.
    powers: [ExactSum; 4],
    /// Sum of `ln(1 + r)` of the periods that did not lose everything, and the number of those that did.
    logs: ExactSum,
    ruins: u64,
    gains: u64,
    losses: u64,
    gained: ExactSum,
    lost: ExactSum,
}

/// Whether a return comes or goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Direction {
    In,
    Out,
}

impl Direction {
    fn signed(self, value: f64) -> f64 {
        if self == Self::In { value } else { -value }
    }

    fn counted(self, count: &mut u64) {
        match self {
            Self::In => *count += 1,
            Self::Out => *count -= 1,
        }
    }
}

impl StreamingPerformance {
    /// Of no returns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of simple returns.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn of(returns: impl IntoIterator<Item = f64>) -> Result<Self> {
        let mut stream = Self::new();
        returns.into_iter().try_for_each(|value| stream.push(value))?;
        Ok(stream)
    }

    /// Takes one return.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite, below −1 or above 1e70; the state is unchanged then.
    pub fn push(&mut self, value: f64) -> Result<()> {
        let fits = (-1.0..=LARGEST_RETURN).contains(&value);
        check::ensure(fits, "return", "a simple return from -1 to 1e70", value)?;
        self.values.insert(Key::new(value), 1);
        self.book(value, Direction::In);
        Ok(())
    }

    /// Takes one return back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a return that is not among those that were pushed; the state is unchanged then.
    pub fn retract(&mut self, value: f64) -> Result<()> {
        if value.is_nan() || !self.values.remove(Key::new(value)) {
            return Err(self.unknown(value));
        }
        self.book(value, Direction::Out);
        Ok(())
    }

    /// Corrects a return: takes `before` back and `after` in its place.
    ///
    /// # Errors
    /// As [`push`](Self::push) and [`retract`](Self::retract); the state is unchanged then.
    pub fn correct(&mut self, before: f64, after: f64) -> Result<()> {
        if before.is_nan() || !self.values.contains(Key::new(before)) {
            return Err(self.unknown(before));
        }
        self.push(after)?;
        self.retract(before)
    }

    /// Takes all returns of another stream.
    pub fn merge(&mut self, other: &Self) {
        self.values.merge(&other.values);
        self.powers.iter_mut().zip(&other.powers).for_each(|(ours, theirs)| ours.merge(theirs));
        self.logs.merge(&other.logs);
        self.gained.merge(&other.gained);
        self.lost.merge(&other.lost);
        self.count += other.count;
        self.ruins += other.ruins;
        self.gains += other.gains;
        self.losses += other.losses;
    }

    fn unknown(&self, value: f64) -> Error {
        Error::invalid("retraction", format!("{value} is not among the {} returns", self.count))
    }

    fn book(&mut self, value: f64, direction: Direction) {
        direction.counted(&mut self.count);
        let signed = direction.signed(value);
        // The square in two parts without rounding; its products with them are exact too.
        let square = value * value;
        let rest = value.mul_add(value, -square);
        let [first, second, third, fourth] = &mut self.powers;
        first.add(signed);
        for part in [square, rest] {
            second.add(direction.signed(part));
            third.add_product(signed, part);
            fourth.add_product(direction.signed(square), part);
            fourth.add_product(direction.signed(rest), part);
        }
        if value > -1.0 {
            self.logs.add(direction.signed(value.ln_1p()));
        } else {
            direction.counted(&mut self.ruins);
        }
        if value > 0.0 {
            direction.counted(&mut self.gains);
            self.gained.add(signed);
        } else if value < 0.0 {
            direction.counted(&mut self.losses);
            self.lost.add(-signed);
        }
    }

    /// Number of returns.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean and central moments up to the fourth.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns.
    pub fn moments(&self) -> Result<RunningMoments> {
        let (lowest, highest) = (self.worst_return()?, self.best_return()?);
        let largest = lowest.abs().max(highest.abs());
        if Key::new(lowest) == Key::new(highest) {
            return Ok(RunningMoments::from_central_sums(self.count, lowest, [0.0; 3], largest)?);
        }
        large_enough("moments", largest)?;
        let n = self.count as f64;
        let centre = self.powers[0].value() / n;
        let less = |of: &ExactSum, other: &ExactSum| {
            let mut sum = of.clone();
            sum.add_scaled(other, -centre);
            sum
        };
        // Σ rᵏ(r−c)ʲ = Σ rᵏ⁺¹(r−c)ʲ⁻¹ − c Σ rᵏ(r−c)ʲ⁻¹, without rounding.
        let mut row: Vec<ExactSum> = std::iter::once(ExactSum::of([n])).chain(self.powers.iter().cloned()).collect();
        let mut about = [0.0; 4];
        for sum in &mut about {
            row = row.windows(2).map(|pair| less(&pair[1], &pair[0])).collect();
            *sum = row[0].value();
        }
        // What the rounded centre missed.
        let [first, second, third, fourth] = about;
        let d = first / n;
        let sums = [
            (second - n * d * d).max(0.0),
            third - 3.0 * d * second + 2.0 * n * d.powi(3),
            (fourth - 4.0 * d * third + 6.0 * d * d * second - 3.0 * n * d.powi(4)).max(0.0),
        ];
        Ok(RunningMoments::from_central_sums(self.count, centre + d, sums, largest)?)
    }

    /// Arithmetic mean per period.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns.
    pub fn mean_return(&self) -> Result<f64> {
        self.occupied()?;
        check::result("mean return", self.powers[0].value() / self.count as f64)
    }

    /// `σ √P` with divisor `n − ddof`.
    ///
    /// # Errors
    /// [`Error::Input`] unless there are more returns than `ddof`.
    pub fn annual_volatility(&self, frequency: Frequency, ddof: u64) -> Result<f64> {
        let deviation = self.moments()?.variance(ddof)?.sqrt();
        check::result("annual volatility", deviation * frequency.periods_per_year().sqrt())
    }

    /// `(mean − f) / σ √P` with a risk-free return `f` per period.
    ///
    /// # Errors
    /// [`Error::Input`] unless there are more returns than `ddof` and `f` is finite; [`Error::Undefined`] when they do
    /// not vary.
    pub fn sharpe_ratio(&self, risk_free: f64, frequency: Frequency, ddof: u64) -> Result<f64> {
        check::number("risk-free return", risk_free)?;
        let moments = self.moments()?;
        let deviation = moments.variance(ddof)?.sqrt();
        let largest = self.worst_return()?.abs().max(self.best_return()?.abs());
        if deviation <= 4.0 * f64::EPSILON * largest {
            return Err(Error::undefined("Sharpe ratio", "the returns do not vary"));
        }
        let scale = frequency.periods_per_year().sqrt();
        check::result("Sharpe ratio", (moments.mean()? - risk_free) / deviation * scale)
    }

    /// Skewness.
    ///
    /// # Errors
    /// As [`RunningMoments::skewness`].
    pub fn skewness(&self, estimator: MomentEstimator) -> Result<f64> {
        Ok(self.moments()?.skewness(estimator)?)
    }

    /// Excess kurtosis, 0 for a normal law.
    ///
    /// # Errors
    /// As [`RunningMoments::excess_kurtosis`].
    pub fn excess_kurtosis(&self, estimator: MomentEstimator) -> Result<f64> {
        Ok(self.moments()?.excess_kurtosis(estimator)?)
    }

    /// `Π (1 + r) − 1`; −1 when any period lost everything.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns, or on overflow.
    pub fn total_return(&self) -> Result<f64> {
        self.growth_to(1.0, "total return")
    }

    /// `Π (1 + r)^(P/n) − 1`.
    ///
    /// # Errors
    /// As [`total_return`](Self::total_return).
    pub fn annual_return(&self, frequency: Frequency) -> Result<f64> {
        self.growth_to(frequency.periods_per_year() / self.count as f64, "annual return")
    }

    /// Sums and counts of gains and losses.
    #[must_use]
    pub fn gains_and_losses(&self) -> GainsAndLosses {
        GainsAndLosses {
            gains: self.gains as usize,
            losses: self.losses as usize,
            zeros: (self.count - self.gains - self.losses) as usize,
            gained: self.gained.value(),
            lost: self.lost.value(),
        }
    }

    /// The highest return.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns.
    pub fn best_return(&self) -> Result<f64> {
        self.values.last().map(Key::value).ok_or_else(empty)
    }

    /// The lowest return: negative for a loss.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns.
    pub fn worst_return(&self) -> Result<f64> {
        self.values.first().map(Key::value).ok_or_else(empty)
    }

    /// The returns in ascending order as a sample of losses, for value at risk and expected shortfall.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no returns.
    pub fn losses(&self) -> Result<LossSample> {
        Ok(LossSample::new(self.ascending().map(|value| 0.0 - value).collect::<Vec<_>>())?)
    }

    fn ascending(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().flat_map(|(key, times)| std::iter::repeat_n(key.value(), times as usize))
    }

    fn occupied(&self) -> Result<()> {
        if self.count > 0 { Ok(()) } else { Err(empty()) }
    }

    fn growth_to(&self, power: f64, what: &'static str) -> Result<f64> {
        self.occupied()?;
        if self.ruins > 0 {
            return Ok(-1.0);
        }
        check::result(what, libm::expm1(self.logs.value() * power))
    }
}

/// Refuses returns whose squares and fourth powers leave the numbers at the lower end.
pub(super) fn large_enough(what: &'static str, largest: f64) -> Result<()> {
    if largest == 0.0 || largest >= 1e-60 {
        return Ok(());
    }
    Err(Error::undefined(what, format!("no return is larger than {largest:e}, which leaves no digits to its powers")))
}

fn empty() -> Error {
    Input::Empty { name: "returns" }.into()
}

/// The stored form: the returns in ascending order. The sums follow from them without rounding.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Stored(Vec<f64>);

impl TryFrom<Stored> for StreamingPerformance {
    type Error = Error;

    fn try_from(Stored(returns): Stored) -> Result<Self> {
        Self::of(returns)
    }
}

impl From<StreamingPerformance> for Stored {
    fn from(stream: StreamingPerformance) -> Self {
        Self(stream.ascending().collect())
    }
}
