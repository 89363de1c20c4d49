use alluse_risk_core::{Error as Input, Frequency};
use serde::{Deserialize, Serialize};

use super::multiset::{Key, Multiset};
use super::performance::{LARGEST_RETURN, large_enough};
use crate::exact_sum::ExactSum;
use crate::pair_moments::PairMoments;
use crate::{Error, Result, check};

/// The metrics of a stream of returns against a benchmark that do not depend on their order.
///
/// ```
/// use alluse_attribution::streaming::StreamingRelative;
///
/// let mut stream = StreamingRelative::new();
/// for (portfolio, benchmark) in [(0.02, 0.01), (-0.04, -0.02), (0.06, 0.03), (0.9, 0.0)] {
///     stream.push(portfolio, benchmark)?;
/// }
/// stream.retract(0.9, 0.0)?;
/// assert!((stream.beta()? - 2.0).abs() < 1e-14);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct StreamingRelative {
    count: u64,
    pairs: Multiset<(Key, Key)>,
    benchmarks: Multiset<Key>,
    /// Sums of returns, benchmark returns and active returns.
    sums: [ExactSum; 3],
    /// Sums of the products `rr`, `rb`, `bb` and of the squares of active returns.
    products: [ExactSum; 4],
}

impl StreamingRelative {
    /// Of no periods.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the two returns of one period.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite, below −1 or above 1e70; the state is unchanged then.
    pub fn push(&mut self, value: f64, benchmark: f64) -> Result<()> {
        let fits = |value: f64| (-1.0..=LARGEST_RETURN).contains(&value);
        check::ensure(fits(value), "return", "a simple return from -1 to 1e70", value)?;
        check::ensure(fits(benchmark), "benchmark return", "a simple return from -1 to 1e70", benchmark)?;
        self.pairs.insert((Key::new(value), Key::new(benchmark)), 1);
        self.benchmarks.insert(Key::new(benchmark), 1);
        self.count += 1;
        self.book(value, benchmark, 1.0);
        Ok(())
    }

    /// Takes one period back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for two returns that were not pushed together; the state is unchanged then.
    pub fn retract(&mut self, value: f64, benchmark: f64) -> Result<()> {
        let valid = !value.is_nan() && !benchmark.is_nan();
        if !valid || !self.pairs.remove((Key::new(value), Key::new(benchmark))) {
            let reason = format!("{value} with {benchmark} is not among the {} periods", self.count);
            return Err(Error::invalid("retraction", reason));
        }
        self.benchmarks.remove(Key::new(benchmark));
        self.count -= 1;
        self.book(value, benchmark, -1.0);
        Ok(())
    }

    /// Takes all periods of another stream.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.pairs.merge(&other.pairs);
        self.benchmarks.merge(&other.benchmarks);
        self.sums.iter_mut().zip(&other.sums).for_each(|(ours, theirs)| ours.merge(theirs));
        self.products.iter_mut().zip(&other.products).for_each(|(ours, theirs)| ours.merge(theirs));
    }

    fn book(&mut self, r: f64, b: f64, sign: f64) {
        let active = r - b;
        for (sum, value) in self.sums.iter_mut().zip([r, b, active]) {
            sum.add(sign * value);
        }
        for (sum, (x, y)) in self.products.iter_mut().zip([(r, r), (r, b), (b, b), (active, active)]) {
            sum.add_product(sign * x, y);
        }
    }

    /// Number of periods.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `cov(r, b) / var(b)`.
    ///
    /// # Errors
    /// [`Error::Undefined`] for fewer than two periods and a benchmark that does not vary.
    pub fn beta(&self) -> Result<f64> {
        self.moments()?.beta()
    }

    /// `mean(r) − f − β (mean(b) − f)` per period, with a risk-free return `f` per period.
    ///
    /// # Errors
    /// As [`beta`](Self::beta); [`Error::Input`] for a risk-free return that is not finite.
    pub fn alpha(&self, risk_free: f64) -> Result<f64> {
        check::number("risk-free return", risk_free)?;
        let moments = self.moments()?;
        check::result("alpha", moments.mean_r - risk_free - moments.beta()? * (moments.mean_b - risk_free))
    }

    /// Correlation.
    ///
    /// # Errors
    /// [`Error::Undefined`] for fewer than two periods, and when either does not vary.
    pub fn correlation(&self) -> Result<f64> {
        self.moments()?.correlation()
    }

    /// Mean of `r − b` per period.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no periods.
    pub fn mean_active_return(&self) -> Result<f64> {
        self.occupied()?;
        check::result("mean active return", self.sums[2].value() / self.count as f64)
    }

    /// `σ(r − b) √P` with divisor `n − ddof`.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no periods; [`Error::Undefined`] unless there are more than `ddof`.
    pub fn tracking_error(&self, frequency: Frequency, ddof: u64) -> Result<f64> {
        let mean = self.mean_active_return()?;
        if self.count <= ddof {
            let reason = format!("{} periods are not more than ddof {ddof}", self.count);
            return Err(Error::undefined("tracking error", reason));
        }
        // Σ(x − m)² = Σx² − m Σx − m (Σx − n m), and what the rounded mean missed.
        let n = self.count as f64;
        let mut rest = self.sums[2].clone();
        rest.add_product(-n, mean);
        let mut squares = self.products[3].clone();
        squares.add_scaled(&self.sums[2], -mean);
        squares.add_scaled(&rest, -mean);
        let missed = rest.value();
        let variance = (squares.value() - missed * missed / n).max(0.0) / (self.count - ddof) as f64;
        check::result("tracking error", variance.sqrt() * frequency.periods_per_year().sqrt())
    }

    /// `mean(r − b) P / tracking error`.
    ///
    /// # Errors
    /// As [`tracking_error`](Self::tracking_error); [`Error::Undefined`] when there is none.
    pub fn information_ratio(&self, frequency: Frequency, ddof: u64) -> Result<f64> {
        let (mean, error) = (self.mean_active_return()?, self.tracking_error(frequency, ddof)?);
        let periods = frequency.periods_per_year();
        // Rounding of equal differences is no tracking error.
        if error / periods.sqrt() <= 4.0 * f64::EPSILON * mean.abs() {
            return Err(Error::undefined("information ratio", "there is no tracking error"));
        }
        check::result("information ratio", mean * periods / error)
    }

    fn occupied(&self) -> Result<()> {
        if self.count > 0 { Ok(()) } else { Err(Input::Empty { name: "periods" }.into()) }
    }

    fn moments(&self) -> Result<PairMoments> {
        self.occupied()?;
        let largest =
            |ends: [Option<Key>; 2]| ends.iter().flatten().fold(0.0_f64, |top, key| top.max(key.value().abs()));
        let of_returns = largest([self.pairs.first().map(|pair| pair.0), self.pairs.last().map(|pair| pair.0)]);
        let of_benchmark = largest([self.benchmarks.first(), self.benchmarks.last()]);
        large_enough("co-moments", of_returns)?;
        large_enough("co-moments", of_benchmark)?;
        let [r, b, _] = &self.sums;
        let [rr, rb, bb, _] = &self.products;
        Ok(PairMoments::from_sums(self.count, [r, b], [rr, rb, bb], [of_returns, of_benchmark]))
    }
}

/// The stored form: the periods, by ascending return. The sums follow from them without rounding.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Stored(Vec<(f64, f64)>);

impl TryFrom<Stored> for StreamingRelative {
    type Error = Error;

    fn try_from(Stored(periods): Stored) -> Result<Self> {
        let mut stream = Self::new();
        periods.into_iter().try_for_each(|(value, benchmark)| stream.push(value, benchmark))?;
        Ok(stream)
    }
}

impl From<StreamingRelative> for Stored {
    fn from(stream: StreamingRelative) -> Self {
        let repeat = |((r, b), times): ((Key, Key), u64)| std::iter::repeat_n((r.value(), b.value()), times as usize);
        Self(stream.pairs.iter().flat_map(repeat).collect())
    }
}
