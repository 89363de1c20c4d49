//! Average correlation on calm days and in the crisis days of a driver.

use alluse_risk_core::measures::{Bootstrap, QuantileRule, StationaryBlocks};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Error as CoreError, Interval, IntervalMethod, moments, normal};
use ndarray::{ArrayView1, ArrayView2};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::correlation_risk::mean_correlation;
use crate::{Error, Result};

/// How sure the averages are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationInterval {
    /// Fisher's transformation with `1/√(n − 3)`: exact to order 1/n for one pair of normal series without memory,
    /// and on the safe side for the average of several.
    #[default]
    Fisher,
    /// Percentiles over resampled dates, drawn in blocks so that memory is kept; the crisis days are chosen
    /// anew in each resample.
    StationaryBlocks {
        /// Lengths of the blocks.
        blocks: StationaryBlocks,
        /// Seed and number of resamples.
        bootstrap: Bootstrap,
    },
}

/// Compares average pairwise correlation in the worst dates of a driver with the other dates.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `crisis` | 0.95 | confidence whose tail are the worst dates: 5 % |
/// | `interval` | Fisher | how sure the averages are |
/// | `level` | 0.95 | coverage of the intervals |
///
/// Worst means the lowest values of the driver; of ties the earlier dates come first, and a fraction of a date
/// counts as one. Choosing dates by size changes correlations even when nothing else changes (Boyer, Gibson
/// and Loretan 1997), so a difference is a description, not proof of a new regime.
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::CorrelationRegimes;
/// use ndarray::{Axis, array};
///
/// // Eight calm days without correlation, four bad ones of perfect correlation.
/// let returns = array![
///     [0.01, 0.01], [-0.01, 0.01], [0.01, -0.01], [-0.01, -0.01], [0.01, 0.01], [-0.01, 0.01], [0.01, -0.01],
///     [-0.01, -0.01], [-0.05, -0.05], [-0.02, -0.02], [-0.03, -0.03], [-0.09, -0.09],
/// ];
/// let driver = returns.sum_axis(Axis(1));
/// let regimes = CorrelationRegimes::default().with_crisis(Confidence::new(2.0 / 3.0)?);
/// let split = regimes.estimate(returns.view(), driver.view())?;
/// assert!(split.calm.average.abs() < 1e-12 && (split.crisis.average - 1.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrelationRegimes {
    crisis: Confidence,
    interval: CorrelationInterval,
    level: Confidence,
}

/// The average correlation of one regime.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegimeCorrelation {
    /// Mean of all pairs.
    pub average: f64,
    /// How sure it is.
    pub interval: Interval,
    /// Dates of the regime.
    pub observations: usize,
}

/// Average correlations of both regimes and their difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegimeCorrelations {
    /// On the other dates.
    pub calm: RegimeCorrelation,
    /// On the worst dates of the driver.
    pub crisis: RegimeCorrelation,
    /// Crisis less calm.
    pub difference: f64,
    /// How sure the difference is.
    pub difference_interval: Interval,
    /// The driver on the least bad of the worst dates.
    pub threshold: f64,
    /// Number of pairs.
    pub pairs: usize,
}

impl Default for CorrelationRegimes {
    fn default() -> Self {
        Self { crisis: Confidence::P95, interval: CorrelationInterval::default(), level: Confidence::P95 }
    }
}

impl CorrelationRegimes {
    /// Fewest dates of a regime: Fisher's error needs more than three.
    pub const MIN_OBSERVATIONS: usize = 4;

    /// With the tail of this confidence as crisis.
    #[must_use]
    pub fn with_crisis(mut self, crisis: Confidence) -> Self {
        self.crisis = crisis;
        self
    }

    /// With another kind of interval.
    #[must_use]
    pub fn with_interval(mut self, interval: CorrelationInterval) -> Self {
        self.interval = interval;
        self
    }

    /// With another coverage of the intervals.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// From returns, dates × assets, and the driver on the same dates.
    ///
    /// # Errors
    /// [`Error::Input`]: inputs that are empty, not finite or of different length; undefined with one asset or
    /// when an asset stands still in a regime (of a resample too); insufficient with fewer than four dates in a
    /// regime.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>, driver: ArrayView1<'_, f64>) -> Result<RegimeCorrelations> {
        self.check(returns, driver)?;
        let all: Vec<usize> = (0..driver.len()).collect();
        let split = self.split(returns, driver, &all)?;
        let (calm, crisis, difference) = match self.interval {
            CorrelationInterval::Fisher => self.fisher(&split)?,
            CorrelationInterval::StationaryBlocks { blocks, bootstrap } => {
                self.resampled(returns, driver, blocks, bootstrap)?
            }
        };
        let regime = |average, interval, observations| RegimeCorrelation { average, interval, observations };
        Ok(RegimeCorrelations {
            calm: regime(split.calm, calm, driver.len() - split.dates),
            crisis: regime(split.crisis, crisis, split.dates),
            difference: split.crisis - split.calm,
            difference_interval: difference,
            threshold: split.threshold,
            pairs: returns.ncols() * (returns.ncols() - 1) / 2,
        })
    }

    fn check(&self, returns: ArrayView2<'_, f64>, driver: ArrayView1<'_, f64>) -> Result<()> {
        crate::concentration::finite("driver", driver)?;
        let (t, assets) = returns.dim();
        if t != driver.len() {
            return Err(CoreError::LengthMismatch { name: "returns", expected: driver.len(), got: t }.into());
        }
        if assets < 2 {
            let reason = "one asset makes no pair";
            return Err(CoreError::Undefined { name: "average correlation", reason }.into());
        }
        for column in returns.columns() {
            crate::concentration::finite("returns", column)?;
        }
        let worst = self.worst(t);
        let available = worst.min(t.saturating_sub(worst));
        if available < Self::MIN_OBSERVATIONS {
            let required = Self::MIN_OBSERVATIONS;
            return Err(CoreError::InsufficientData { name: "correlation regime", required, available }.into());
        }
        Ok(())
    }

    fn worst(&self, dates: usize) -> usize {
        self.crisis.tail_count(dates).ceil() as usize
    }

    /// The averages of both regimes over these dates.
    fn split(&self, returns: ArrayView2<'_, f64>, driver: ArrayView1<'_, f64>, dates: &[usize]) -> Result<Split> {
        let mut order = dates.to_vec();
        order.sort_by(|&a, &b| driver[a].total_cmp(&driver[b]));
        let worst = self.worst(dates.len());
        let (crisis, calm) = order.split_at(worst);
        let average = |dates: &[usize]| {
            let pick = |column: ArrayView1<'_, f64>| dates.iter().map(|&date| column[date]).collect::<Vec<f64>>();
            mean_correlation(&returns.columns().into_iter().map(pick).collect::<Vec<_>>())
        };
        let threshold = driver[order[worst - 1]];
        Ok(Split { calm: average(calm)?, crisis: average(crisis)?, dates: worst, calm_dates: calm.len(), threshold })
    }

    fn fisher(&self, split: &Split) -> Result<(Interval, Interval, Interval)> {
        let z = normal::quantile(1.0 - 0.5 * self.level.tail())?;
        let interval = |lower, upper| Interval { lower, upper, level: self.level, method: IntervalMethod::Asymptotic };
        let one = |rho: f64, n: usize| {
            let (centre, reach) = (rho.atanh(), z / ((n - 3) as f64).sqrt());
            // Perfect correlation has an infinite centre and no width.
            interval((centre - reach).tanh(), (centre + reach).tanh())
        };
        let error = |rho: f64, n: usize| (1.0 - rho * rho).powi(2) / (n - 3) as f64;
        let reach = z * (error(split.calm, split.calm_dates) + error(split.crisis, split.dates)).sqrt();
        let difference = split.crisis - split.calm;
        Ok((
            one(split.calm, split.calm_dates),
            one(split.crisis, split.dates),
            interval(difference - reach, difference + reach),
        ))
    }

    fn resampled(
        &self,
        returns: ArrayView2<'_, f64>,
        driver: ArrayView1<'_, f64>,
        blocks: StationaryBlocks,
        bootstrap: Bootstrap,
    ) -> Result<(Interval, Interval, Interval)> {
        if bootstrap.replicates < 2 {
            return Err(Error::out_of_domain("replicates", "at least 2", bootstrap.replicates as f64));
        }
        let streams = Streams::new(bootstrap.seed);
        let mut values = [Vec::new(), Vec::new(), Vec::new()];
        for replicate in 0..bootstrap.replicates {
            let mut stream = streams.block(replicate as u64);
            let dates = dates_in_blocks(driver.len(), f64::from(blocks), &mut stream);
            let split = self.split(returns, driver, &dates)?;
            values[0].push(split.calm);
            values[1].push(split.crisis);
            values[2].push(split.crisis - split.calm);
        }
        let miss = 0.5 * self.level.tail();
        let interval = |values: &[f64]| -> Result<Interval> {
            let end = |p| moments::quantile(ArrayView1::from(values), p, QuantileRule::Linear);
            let (lower, upper) = (end(miss)?, end(1.0 - miss)?);
            Ok(Interval { lower, upper, level: self.level, method: IntervalMethod::Bootstrap })
        };
        Ok((interval(&values[0])?, interval(&values[1])?, interval(&values[2])?))
    }
}

struct Split {
    calm: f64,
    crisis: f64,
    dates: usize,
    calm_dates: usize,
    threshold: f64,
}

/// `n` dates in blocks with random starts and geometric lengths, wrapped around the end.
fn dates_in_blocks(n: usize, mean_length: f64, stream: &mut impl rand::Rng) -> Vec<usize> {
    let ends = 1.0 / mean_length;
    let mut date = 0;
    (0..n)
        .map(|i| {
            let jump = i == 0 || stream.random::<f64>() < ends;
            date = if jump { stream.random_range(0..n) } else { (date + 1) % n };
            date
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Axis, array};

    use super::*;

    /// With the worst tenth as crisis.
    fn tenth() -> CorrelationRegimes {
        CorrelationRegimes::default().with_crisis(Confidence::new(0.9).unwrap())
    }

    /// 400 days of three assets: common variance share 0.2, in the worst tenth of the common factor 0.8 by a
    /// larger factor.
    fn days() -> (Array2<f64>, Array1<f64>) {
        let z = Streams::new(21).standard_normals(400, 4);
        let driver = z.column(0).to_owned();
        let returns = Array2::from_shape_fn((400, 3), |(t, i)| {
            let common = if driver[t] < -1.28 { 3.0 * (driver[t] + 1.28) } else { 0.5 * driver[t] };
            0.01 * (common + z[[t, i + 1]])
        });
        (returns, driver)
    }

    #[test]
    fn both_regimes_are_sample_correlations() {
        let (returns, driver) = days();
        let split = tenth().estimate(returns.view(), driver.view()).unwrap();
        assert_eq!((split.crisis.observations, split.calm.observations, split.pairs), (40, 360, 3));
        let twentieth = CorrelationRegimes::default().estimate(returns.view(), driver.view()).unwrap();
        assert_eq!(twentieth.crisis.observations, 20);
        let mut sorted = driver.to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(split.threshold, sorted[39]);
        let average = |rows: Vec<usize>| {
            let part = returns.select(Axis(0), &rows);
            let estimate = alluse_risk_core::covariance::SampleCorrelation::default().estimate(part.view()).unwrap();
            (estimate.correlation.sum() - 3.0) / 6.0
        };
        let bad: Vec<usize> = (0..400).filter(|&t| driver[t] <= split.threshold).collect();
        let good: Vec<usize> = (0..400).filter(|&t| driver[t] > split.threshold).collect();
        assert!((split.crisis.average - average(bad)).abs() < 1e-12);
        assert!((split.calm.average - average(good)).abs() < 1e-12);
        assert!((split.difference - (split.crisis.average - split.calm.average)).abs() < 1e-15);
    }

    #[test]
    fn fisher_intervals_agree_with_scipy() {
        // NumPy: tanh(arctanh(0.5) ± 1.6449/3).
        let split = Split { calm: 0.5, crisis: 0.8, dates: 28, calm_dates: 12, threshold: 0.0 };
        let regimes = tenth().with_level(Confidence::new(0.9).unwrap());
        let (calm, crisis, difference) = regimes.fisher(&split).unwrap();
        assert!((calm.lower - 0.001_021_601_661_492_17).abs() < 1e-14, "{calm:?}");
        assert!((calm.upper - 0.799_631_922_579_058_9).abs() < 1e-14, "{calm:?}");
        assert!(calm.lower < 0.5 && calm.upper > 0.5 && crisis.lower < 0.8 && crisis.upper > 0.8);
        // Half-widths in units of z: 1.644853627/3 and 1.644853627/5.
        assert!((calm.upper.atanh() - calm.lower.atanh() - 2.0 * 0.548_284_542_317_157).abs() < 1e-12);
        assert!((crisis.upper.atanh() - crisis.lower.atanh() - 2.0 * 0.328_970_725_390_294).abs() < 1e-12);
        // 0.3 ± 1.6449 √(0.75²/9 + 0.36²/25).
        assert!(
            (difference.upper - 0.3 - 1.644_853_626_951_472 * 0.260_161_488_310_626).abs() < 1e-12,
            "{difference:?}"
        );
        assert!((difference.upper + difference.lower - 0.6).abs() < 1e-14);
        assert_eq!((calm.method, calm.level.level()), (IntervalMethod::Asymptotic, 0.9));
    }

    #[test]
    fn blocks_give_intervals_around_the_averages() {
        let (returns, driver) = days();
        let blocks = StationaryBlocks::new(5.0).unwrap();
        let interval =
            CorrelationInterval::StationaryBlocks { blocks, bootstrap: Bootstrap::new(9).with_replicates(200) };
        let regimes = tenth().with_interval(interval);
        let split = regimes.estimate(returns.view(), driver.view()).unwrap();
        for regime in [split.calm, split.crisis] {
            let Interval { lower, upper, method, .. } = regime.interval;
            assert!(lower < regime.average && regime.average < upper, "{regime:?}");
            assert_eq!(method, IntervalMethod::Bootstrap);
        }
        assert!(
            split.difference_interval.lower < split.difference && split.difference < split.difference_interval.upper
        );
        assert_eq!(regimes.estimate(returns.view(), driver.view()).unwrap(), split);
        // The same order of width as Fisher's, which is the wider of the two for an average of pairs.
        let fisher = tenth().estimate(returns.view(), driver.view()).unwrap();
        let width = |interval: Interval| interval.upper - interval.lower;
        let ratio = width(split.calm.interval) / width(fisher.calm.interval);
        assert!(ratio > 0.4 && ratio < 1.3, "{ratio}");
        let once = CorrelationInterval::StationaryBlocks { blocks, bootstrap: Bootstrap::new(9).with_replicates(1) };
        assert!(tenth().with_interval(once).estimate(returns.view(), driver.view()).is_err());
        let text = serde_json::to_string(&regimes).unwrap();
        assert_eq!(serde_json::from_str::<CorrelationRegimes>(&text).unwrap(), regimes);
    }

    #[test]
    fn blocks_run_on_and_wrap() {
        let dates = dates_in_blocks(10, 1e12, &mut Streams::new(4).block(0));
        assert!(dates.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 10));
        let n = 20_000;
        let dates = dates_in_blocks(n, 20.0, &mut Streams::new(4).block(1));
        let breaks = dates.windows(2).filter(|pair| pair[1] != (pair[0] + 1) % n).count() as f64;
        // A break follows each date with probability 1/20; five standard errors.
        assert!((breaks - 1_000.0).abs() < 5.0 * 950_f64.sqrt(), "{breaks}");
    }

    #[test]
    fn hostile_inputs_are_refused() {
        let (returns, driver) = days();
        let run = |r: &Array2<f64>, d: &Array1<f64>| tenth().estimate(r.view(), d.view()).unwrap_err();
        assert!(matches!(run(&returns, &array![]), Error::Input(CoreError::Empty { name: "driver" })));
        assert!(matches!(run(&returns, &array![1.0]), Error::Input(CoreError::LengthMismatch { .. })));
        let one = returns.select(Axis(1), &[0]);
        assert!(matches!(run(&one, &driver), Error::Input(CoreError::Undefined { .. })));
        let mut nan = returns.clone();
        nan[[7, 2]] = f64::NAN;
        assert!(matches!(run(&nan, &driver), Error::Input(CoreError::ElementOutOfDomain { index: 7, .. })));
        let mut still = returns.clone();
        still.column_mut(1).fill(0.0);
        assert!(matches!(run(&still, &driver), Error::Input(CoreError::Undefined { .. })));
        let few = |n: usize| {
            let rows: Vec<usize> = (0..n).collect();
            tenth().estimate(returns.select(Axis(0), &rows).view(), driver.select(Axis(0), &rows).view())
        };
        assert!(matches!(few(30), Err(Error::Input(CoreError::InsufficientData { available: 3, required: 4, .. }))));
        // 31 dates have 3.1 in the tail: four.
        assert_eq!(few(31).unwrap().crisis.observations, 4);
        let most = tenth().with_crisis(Confidence::new(0.005).unwrap());
        assert!(most.estimate(returns.view(), driver.view()).is_err());
    }
}
