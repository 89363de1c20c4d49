use alluse_risk_core::streams::{BLOCK, Streams};
use alluse_risk_core::{
    Error as CoreError, Factor, Horizon, Ordering, Result as CoreResult, ScenarioSet, ScenarioSource, ShockKind,
};
use jiff::civil::Date;
use ndarray::Array2;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{PATHS, paths_valid};
use crate::Result;

/// Paths made of stretches of a dated history: the stationary bootstrap, with crises drawn as often as wanted.
///
/// ```text
/// day 1:     t₁ = s                             s a date drawn with probability wₜ / Σ w
/// day k+1:   t = t + 1 with probability 1 − 1/L (after the last date comes the first), else a new s
/// ```
///
/// Stretches have geometric lengths with mean `L`. With equal weights every day has the law of the history, and days
/// that follow each other in one stretch keep their dependence. With unequal ones the first day has mean
/// `Σ wₜ xₜ / Σ w`, and so has the whole path in the limit of `L = 1`; a stretch that starts in a crisis may leave it.
/// Moves over several days add up, relative ones compound.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `history` | required | one-day scenarios on dates | dated, one day each |
/// | `mean_block` | required | mean length `L` of a stretch, days | at least 1 |
/// | `seed` | required | same seed, same scenarios | any |
/// | `window_weight` | none | weight of the dates of a window, against 1 for the others | not negative |
/// | `paths` | 10 000 | scenarios | at least 1 |
///
/// # Source
/// Politis and Romano (1994), *The stationary bootstrap*, JASA 89.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ScenarioSource, ShockKind};
/// use alluse_stress::BlockBootstrap;
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let days = [date(2020, 3, 11), date(2020, 3, 12), date(2020, 3, 13)];
/// let factors = vec![(spy.clone(), ShockKind::Relative)];
/// let history = ScenarioSet::new(days[2], Horizon::DAY, factors, array![[-0.05], [-0.10], [0.09]])?.with_dates(&days)?;
/// let source = BlockBootstrap::new(history, 5.0, 42)?.with_window_weight(days[0], days[1], 3.0)?;
/// assert_eq!(source.scenarios(&[spy], Horizon::WEEK)?.len(), 10_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct BlockBootstrap {
    history: ScenarioSet,
    mean_block: f64,
    seed: u64,
    windows: Vec<(Date, Date, f64)>,
    paths: usize,
    /// Sums of the weights up to each date.
    cumulative: Vec<f64>,
}

impl BlockBootstrap {
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless the history is dated, of one-day moves without probabilities, and
    /// the mean length is finite and at least 1.
    pub fn new(history: ScenarioSet, mean_block: f64, seed: u64) -> Result<Self> {
        if history.ordering() != Ordering::Dated {
            let reason = "the order of the scenarios means nothing";
            return Err(CoreError::Undefined { name: "stretch of history", reason }.into());
        }
        if history.horizon() != Horizon::DAY || history.probabilities().is_some() {
            let what = "a bootstrap of moves over several days or with probabilities";
            return Err(CoreError::Unsupported { what }.into());
        }
        if !(mean_block >= 1.0 && mean_block.is_finite()) {
            let (name, expected) = ("mean block", "finite and at least 1");
            return Err(CoreError::OutOfDomain { name, expected, value: mean_block }.into());
        }
        let cumulative = (1..=history.len()).map(|k| k as f64).collect();
        Ok(Self { history, mean_block, seed, windows: Vec::new(), paths: PATHS, cumulative })
    }

    /// With another weight for stretches that start on the dates of a window, both included. Where windows overlap the
    /// last counts.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a weight that is negative or not finite, a window without a date of
    /// the history, and when nothing is left to draw.
    pub fn with_window_weight(mut self, first: Date, last: Date, weight: f64) -> Result<Self> {
        if !(weight >= 0.0 && weight.is_finite()) {
            let (name, expected) = ("window weight", "finite and not negative");
            return Err(CoreError::OutOfDomain { name, expected, value: weight }.into());
        }
        self.windows.push((first, last, weight));
        let dates: Vec<Date> = self.history.ids().iter().filter_map(|id| id.as_str().parse().ok()).collect();
        if !dates.iter().any(|date| (first..=last).contains(date)) {
            return Err(CoreError::InsufficientData { name: "crisis window", required: 1, available: 0 }.into());
        }
        let mut sum = 0.0;
        self.cumulative = dates
            .iter()
            .map(|date| {
                let window = self.windows.iter().rev().find(|(first, last, _)| (*first..=*last).contains(date));
                sum += window.map_or(1.0, |(_, _, weight)| *weight);
                sum
            })
            .collect();
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(CoreError::OutOfDomain { name: "sum of weights", expected: "positive", value: sum }.into());
        }
        Ok(self)
    }

    /// With so many scenarios.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for none.
    pub fn with_paths(self, paths: usize) -> Result<Self> {
        paths_valid(paths)?;
        Ok(Self { paths, ..self })
    }

    /// The history.
    #[must_use]
    pub fn history(&self) -> &ScenarioSet {
        &self.history
    }

    fn start(&self, stream: &mut impl Rng) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let target = stream.random::<f64>() * total;
        // The product may round up to the total: then the last date that has a weight.
        let found = self.cumulative.partition_point(|sum| *sum <= target);
        if found < self.cumulative.len() { found } else { self.cumulative.partition_point(|sum| *sum < total) }
    }

    fn moves(&self, horizon: Horizon) -> CoreResult<Array2<f64>> {
        let history = self.history.shocks();
        let kinds: Vec<ShockKind> = self.history.factors().iter().map(|(_, kind)| *kind).collect();
        let again = 1.0 / self.mean_block;
        let mut moves = Array2::zeros((self.paths, kinds.len()));
        Streams::new(self.seed).try_fill_chunks(&mut moves, BLOCK, |_, stream, mut rows| {
            for mut row in rows.rows_mut() {
                let mut day = self.start(stream);
                for step in 0..horizon.trading_days() {
                    if step > 0 {
                        let fresh = stream.random::<f64>() < again;
                        day = if fresh { self.start(stream) } else { (day + 1) % history.nrows() };
                    }
                    for ((total, shock), kind) in row.iter_mut().zip(history.row(day)).zip(&kinds) {
                        *total = match kind {
                            // (1 + a)(1 + b) − 1 without losing small moves.
                            ShockKind::Relative => *total + shock + *total * shock,
                            ShockKind::Absolute | ShockKind::Log => *total + shock,
                        };
                    }
                }
                for (total, kind) in row.iter_mut().zip(&kinds) {
                    if *kind == ShockKind::Relative {
                        // Rounding must not lead below a total loss.
                        *total = total.max(-1.0);
                    }
                }
            }
            Ok(())
        })?;
        Ok(moves)
    }
}

impl ScenarioSource for BlockBootstrap {
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        let place = |factor: &Factor| {
            let unknown = || CoreError::Unknown { name: "factor", value: factor.to_string() };
            self.history.factors().iter().position(|(known, _)| known == factor).ok_or_else(unknown)
        };
        let places: Vec<usize> = factors.iter().map(place).collect::<CoreResult<_>>()?;
        let named = places.iter().map(|&place| self.history.factors()[place].clone()).collect();
        let moves = self.moves(horizon)?.select(ndarray::Axis(1), &places);
        ScenarioSet::new(self.history.as_of(), horizon, named, moves)
    }
}

/// The stored form, so that a stored source is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    history: ScenarioSet,
    mean_block: f64,
    seed: u64,
    windows: Vec<(Date, Date, f64)>,
    paths: usize,
}

impl TryFrom<Raw> for BlockBootstrap {
    type Error = crate::Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let source = Self::new(raw.history, raw.mean_block, raw.seed)?.with_paths(raw.paths)?;
        raw.windows
            .into_iter()
            .try_fold(source, |source, (first, last, weight)| source.with_window_weight(first, last, weight))
    }
}

impl From<BlockBootstrap> for Raw {
    fn from(source: BlockBootstrap) -> Self {
        let BlockBootstrap { history, mean_block, seed, windows, paths, .. } = source;
        Self { history, mean_block, seed, windows, paths }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::{Array1, array};

    use super::*;
    use crate::Error;
    use crate::factors::tests::{spot, volatility};

    fn history() -> ScenarioSet {
        let days: Vec<Date> = (1..=8).map(|d| date(2020, 3, d)).collect();
        let factors = vec![(spot("A"), ShockKind::Log), (volatility("A"), ShockKind::Absolute)];
        let a = [0.01, -0.02, 0.03, -0.08, -0.07, 0.05, 0.0, 0.02];
        let shocks = Array2::from_shape_fn((8, 2), |(t, j)| if j == 0 { a[t] } else { -2.0 * a[t] });
        ScenarioSet::new(days[7], Horizon::DAY, factors, shocks).unwrap().with_dates(&days).unwrap()
    }

    /// Mean within five of its own standard errors.
    fn agrees(values: &Array1<f64>, want: f64) {
        let n = values.len() as f64;
        let mean = values.sum() / n;
        let error = (values.mapv(|v| (v - mean) * (v - mean)).sum() / n / n).sqrt();
        assert!((mean - want).abs() < 5.0 * error, "{mean} {want} {error}");
    }

    fn drawn(source: &BlockBootstrap, days: u32) -> Array1<f64> {
        source.scenarios(&[spot("A")], Horizon::days(days).unwrap()).unwrap().shocks().column(0).to_owned()
    }

    #[test]
    fn equal_weights_keep_mean_and_serial_dependence() {
        let source = BlockBootstrap::new(history(), 4.0, 5).unwrap().with_paths(100_000).unwrap();
        let a = history().shocks().column(0).to_owned();
        let mean = a.sum() / 8.0;
        agrees(&drawn(&source, 1), mean);
        let two = drawn(&source, 2);
        agrees(&two, 2.0 * mean);
        // E(x₁ + x₂)² = 2 E x² + 2 [3/4 · mean of neighbours' products around the circle + 1/4 · mean²].
        let neighbours = (0..8).map(|t| a[t] * a[(t + 1) % 8]).sum::<f64>() / 8.0;
        let squares = a.dot(&a) / 8.0;
        agrees(&(&two * &two), 2.0 * squares + 2.0 * (0.75 * neighbours + 0.25 * mean * mean));
        let alone = BlockBootstrap::new(history(), 1.0, 5).unwrap().with_paths(100_000).unwrap();
        let two = drawn(&alone, 2);
        agrees(&(&two * &two), 2.0 * squares + 2.0 * mean * mean);
    }

    #[test]
    fn the_first_draws_stay_what_they_are() {
        let source = BlockBootstrap::new(history(), 4.0, 5).unwrap().with_paths(2_000).unwrap();
        let drawn = drawn(&source, 2);
        let ends = [drawn[0], drawn[1], drawn[1_999]];
        for (got, want) in ends.iter().zip(DRAWN) {
            assert!((got - want).abs() < 1e-15, "{ends:?}");
        }
    }

    /// Our own output: a change is a change of the stream.
    const DRAWN: [f64; 3] = [0.01, 0.02, 0.02];

    #[test]
    fn crisis_windows_by_weight() {
        let source = BlockBootstrap::new(history(), 2.0, 9).unwrap().with_paths(100_000).unwrap();
        let source = source.with_window_weight(date(2020, 3, 4), date(2020, 3, 5), 6.0).unwrap();
        // Weights 1 1 1 6 6 1 1 1: the mean by hand.
        let first = (0.01 - 0.02 + 0.03 - 6.0 * 0.15 + 0.05 + 0.0 + 0.02) / 18.0;
        agrees(&drawn(&source, 1), first);
        // Second day: half a fresh start, half the day after.
        let next = (-0.02 + 0.03 - 0.08 - 6.0 * 0.07 + 6.0 * 0.05 + 0.0 + 0.02 + 0.01) / 18.0;
        agrees(&drawn(&source, 2), first + 0.5 * first + 0.5 * next);
        let only = source.with_window_weight(date(2020, 1, 1), date(2020, 12, 31), 0.0);
        assert!(matches!(only, Err(Error::Input(CoreError::OutOfDomain { .. }))));
        // Only the window: the last word counts.
        let only = BlockBootstrap::new(history(), 1.0, 9).unwrap().with_paths(3_000).unwrap();
        let only = only.with_window_weight(date(2020, 3, 1), date(2020, 3, 3), 0.0).unwrap();
        let only = only.with_window_weight(date(2020, 3, 5), date(2020, 3, 8), 0.0).unwrap();
        assert!(drawn(&only, 1).iter().all(|x| *x == -0.08));
    }

    #[test]
    fn factors_move_together_and_relative_moves_compound() {
        let source = BlockBootstrap::new(history(), 3.0, 2).unwrap().with_paths(2_000).unwrap();
        let both = source.scenarios(&[volatility("A"), spot("A")], Horizon::WEEK).unwrap();
        assert!(both.shocks().rows().into_iter().all(|row| (row[0] + 2.0 * row[1]).abs() < 1e-14));
        assert_eq!((both.horizon(), both.as_of()), (Horizon::WEEK, date(2020, 3, 8)));
        let days = [date(2020, 3, 1)];
        let factors = vec![(spot("A"), ShockKind::Relative)];
        let always = |r: f64| {
            let set = ScenarioSet::new(days[0], Horizon::DAY, factors.clone(), array![[r]]).unwrap();
            let source = BlockBootstrap::new(set.with_dates(&days).unwrap(), 3.0, 2).unwrap().with_paths(10).unwrap();
            drawn(&source, 3)[0]
        };
        assert!((always(-0.5) + 0.875).abs() < 1e-15);
        assert_eq!(always(-1.0), -1.0);
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let loose =
            history().with_ids((0..8).map(|i| i.to_string().try_into().unwrap()).collect(), Ordering::Exchangeable);
        let refused = BlockBootstrap::new(loose.unwrap(), 2.0, 1);
        assert!(matches!(refused, Err(Error::Input(CoreError::Undefined { .. }))));
        let weighted = history().with_probabilities(vec![0.125; 8]).unwrap();
        assert!(BlockBootstrap::new(weighted, 2.0, 1).is_err());
        for bad in [0.9, f64::NAN, f64::INFINITY] {
            assert!(BlockBootstrap::new(history(), bad, 1).is_err(), "{bad}");
        }
        let source = BlockBootstrap::new(history(), 2.0, 1).unwrap();
        assert!(source.clone().with_paths(0).is_err());
        let day = date(2020, 3, 1);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(source.clone().with_window_weight(day, day, bad).is_err());
        }
        let empty = source.clone().with_window_weight(date(2021, 1, 1), date(2021, 2, 1), 1.0);
        assert!(matches!(empty, Err(Error::Input(CoreError::InsufficientData { .. }))));
        assert!(matches!(source.scenarios(&[spot("B")], Horizon::DAY), Err(CoreError::Unknown { .. })));
        let source = source.with_window_weight(day, day, 2.5).unwrap();
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<BlockBootstrap>(&text).unwrap(), source);
        assert!(serde_json::from_str::<BlockBootstrap>(&text.replace("2.5", "-2.5")).is_err());
        assert_eq!(source.history(), &history());
    }
}
