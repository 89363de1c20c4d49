use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::brier::bin_means;
use super::probability_bins::{ProbabilityBins, probabilities_and_outcomes};
use crate::{Confidence, Result, normal};

/// Forecasts of a bin up to which the number of events under reliability is counted exactly.
const EXACT: usize = 2_000;

/// How the law of the number of events in a bin came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConsistencyLaw {
    /// The sum of independent events with the forecast probabilities, exactly.
    Exact,
    /// The normal law with its mean and variance, for bins of more than 2,000 forecasts.
    Normal,
}

/// Where the share of events of a bin lies if its forecasts are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsistencyInterval {
    /// Lower end; below it lies at most half of what the level leaves.
    pub lower: f64,
    /// Upper end, likewise.
    pub upper: f64,
    /// Probability that the interval holds the share, at least.
    pub level: Confidence,
    /// How it was computed.
    pub law: ConsistencyLaw,
}

/// A point of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReliabilityBin {
    /// Smallest forecast of the bin.
    pub lowest_forecast: f64,
    /// Its largest.
    pub highest_forecast: f64,
    /// Mean forecast: the horizontal axis.
    pub mean_forecast: f64,
    /// Share of events: the vertical axis.
    pub event_rate: f64,
    /// Number of forecasts.
    pub forecasts: usize,
    /// Number of events.
    pub events: usize,
    /// Where the share lies for a reliable forecaster.
    pub consistency: ConsistencyInterval,
}

impl ReliabilityBin {
    /// Whether the share of events is where a reliable forecaster's would be.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        (self.consistency.lower..=self.consistency.upper).contains(&self.event_rate)
    }
}

/// What a reliability diagram shows: [`reliability_diagram`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReliabilityDiagram {
    /// One point per bin that holds forecasts, in ascending order.
    pub bins: Vec<ReliabilityBin>,
    /// Share of events among all.
    pub event_rate: f64,
    /// Number of forecasts.
    pub observations: usize,
}

/// Shares of events against forecast probabilities, bin by bin, with counts and consistency intervals.
///
/// The interval of a bin holds the share of events with probability `level` or more *if* the forecasts of the bin
/// are right and the events independent of each other given them: the number of events is then a sum of independent
/// events with the forecast probabilities. A point outside speaks against the forecaster; of many bins, one in
/// `1/(1 − level)` is outside by luck. Overlapping horizons make events dependent and the intervals too narrow.
///
/// Arguments are those of [`brier_score`](super::brier_score).
///
/// # Errors
/// Those of [`brier_score`](super::brier_score), and [`Error::OutOfDomain`](crate::Error::OutOfDomain) unless there
/// are 1 to 1,000,000 bins.
///
/// # Source
/// Bröcker and Smith (2007), "Increasing the reliability of reliability diagrams", whose resampled bars are computed
/// here from the law itself.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, scores::{ProbabilityBins, reliability_diagram}};
/// use ndarray::Array1;
///
/// // Always certain at 90 %, right half of the time.
/// let outcomes: Vec<bool> = (0..40).map(|t| t % 2 == 0).collect();
/// let probabilities = Array1::from_elem(40, 0.9);
/// let diagram = reliability_diagram(probabilities.view(), &outcomes, ProbabilityBins::default(), Confidence::P95)?;
/// assert_eq!((diagram.bins[0].forecasts, diagram.bins[0].event_rate), (40, 0.5));
/// assert!(!diagram.bins[0].is_consistent());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn reliability_diagram(
    probabilities: ArrayView1<'_, f64>,
    outcomes: &[bool],
    bins: ProbabilityBins,
    level: Confidence,
) -> Result<ReliabilityDiagram> {
    probabilities_and_outcomes(probabilities, outcomes)?;
    let point = |places: Vec<usize>| {
        let (count, mean_forecast, event_rate) = bin_means(&places, probabilities, outcomes);
        let forecasts: Vec<f64> = places.iter().map(|&place| probabilities[place]).collect();
        let (lower, upper, law) = event_counts(&forecasts, level);
        ReliabilityBin {
            lowest_forecast: forecasts[0],
            highest_forecast: forecasts[forecasts.len() - 1],
            mean_forecast,
            event_rate,
            forecasts: places.len(),
            events: places.iter().filter(|place| outcomes[**place]).count(),
            consistency: ConsistencyInterval { lower: lower / count, upper: upper / count, level, law },
        }
    };
    Ok(ReliabilityDiagram {
        bins: bins.members(probabilities)?.into_iter().map(point).collect(),
        event_rate: outcomes.iter().filter(|o| **o).count() as f64 / outcomes.len() as f64,
        observations: outcomes.len(),
    })
}

/// Least and largest number of events that are not in the tails.
fn event_counts(forecasts: &[f64], level: Confidence) -> (f64, f64, ConsistencyLaw) {
    let miss = 0.5 * level.tail();
    let n = forecasts.len();
    if n > EXACT {
        let mean: f64 = forecasts.iter().sum();
        let reach = normal::quantile_inside(1.0 - miss) * forecasts.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt();
        let (lower, upper) = ((mean - reach).floor().max(0.0), (mean + reach).ceil().min(n as f64));
        return (lower, upper, ConsistencyLaw::Normal);
    }
    let law = events_law(forecasts);
    // From each end: the first count at which the tail up to and with it is more than may be missed.
    let first = |mut counts: Box<dyn Iterator<Item = (usize, &f64)> + '_>| {
        let mut tail = 0.0;
        // Rounding must not leave out a count whose tail is the miss exactly, so equality keeps it in.
        let found = counts.find(|(_, p)| {
            tail += **p;
            tail > miss * (1.0 + 1e-12)
        });
        found.map_or(0, |(count, _)| count) as f64
    };
    let lower = first(Box::new(law.iter().enumerate()));
    let upper = first(Box::new(law.iter().enumerate().rev()));
    (lower, upper, ConsistencyLaw::Exact)
}

/// `P(number of events = k)` for k = 0, …, n.
fn events_law(probabilities: &[f64]) -> Vec<f64> {
    let mut law = Vec::with_capacity(probabilities.len() + 1);
    law.push(1.0);
    for p in probabilities {
        law.push(0.0);
        for k in (1..law.len()).rev() {
            law[k] = law[k] * (1.0 - p) + law[k - 1] * p;
        }
        law[0] *= 1.0 - p;
    }
    law
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use rand::RngExt;

    use super::*;
    use crate::Error;
    use crate::streams::Streams;

    #[test]
    fn the_law_of_the_number_of_events_agrees_with_numpy() {
        // numpy: repeated convolve([1 − p, p]), then cumsum.
        let law = events_law(&[0.1, 0.3, 0.25, 0.05]);
        let mut below = 0.0;
        for (p, want) in law.iter().zip([0.448_875, 0.864_375, 0.987_125, 0.999_625, 1.0]) {
            below += p;
            assert!((below - want).abs() < 1e-15);
        }
    }

    #[test]
    fn intervals_of_equal_forecasts_are_binomial() {
        // scipy 1.17: binom.ppf(0.025, 40, 0.9) and binom.ppf(0.975, 40, 0.9).
        assert_eq!(event_counts(&[0.9; 40], Confidence::P95), (32.0, 39.0, ConsistencyLaw::Exact));
        // binom.ppf(0.005, 2000, 0.03) and (0.995): the largest exact bin.
        assert_eq!(event_counts(&[0.03; 2_000], Confidence::P99), (41.0, 80.0, ConsistencyLaw::Exact));
        assert_eq!(event_counts(&[0.0; 7], Confidence::P95), (0.0, 0.0, ConsistencyLaw::Exact));
        assert_eq!(event_counts(&[1.0; 7], Confidence::P95), (7.0, 7.0, ConsistencyLaw::Exact));
        // Either tail of two fair coins has a quarter, which is what may be missed at one half.
        assert_eq!(event_counts(&[0.5; 2], Confidence::new(0.5).unwrap()), (1.0, 1.0, ConsistencyLaw::Exact));
    }

    #[test]
    fn both_laws_meet() {
        // One more forecast turns to the normal law: by no more than two events.
        let (exact, normal) =
            (event_counts(&[0.3; 2_000], Confidence::P95), event_counts(&[0.3; 2_001], Confidence::P95));
        assert_eq!(normal.2, ConsistencyLaw::Normal);
        assert!((exact.0 - normal.0).abs() <= 2.0 && (exact.1 - normal.1).abs() <= 2.0, "{exact:?} {normal:?}");
    }

    #[test]
    fn a_reliable_forecaster_is_inside_at_least_as_often_as_promised() {
        let mut stream = Streams::new(17).block(0);
        let (mut inside, mut bins) = (0, 0);
        for _ in 0..400 {
            let p: Array1<f64> = (0..300).map(|_| stream.random::<f64>()).collect();
            let o: Vec<bool> = p.iter().map(|p| stream.random::<f64>() < *p).collect();
            let diagram =
                reliability_diagram(p.view(), &o, ProbabilityBins::EqualCount(10), Confidence::new(0.9).unwrap());
            for bin in diagram.unwrap().bins {
                bins += 1;
                inside += u32::from(bin.is_consistent());
            }
        }
        // 4,000 bins: below 0.9 by four standard errors would be 0.881; discreteness keeps it above 0.9.
        let share = f64::from(inside) / f64::from(bins);
        assert!((0.881..0.98).contains(&share), "{share}");
    }

    #[test]
    fn counts_add_up_and_hostile_inputs_are_named() {
        let p = array![0.05, 0.1, 0.95, 1.0, 0.55];
        let o = [false, true, true, true, false];
        let diagram = reliability_diagram(p.view(), &o, ProbabilityBins::default(), Confidence::P95).unwrap();
        let shape: Vec<_> = diagram.bins.iter().map(|b| (b.forecasts, b.events)).collect();
        assert_eq!(shape, [(1, 0), (1, 1), (1, 0), (2, 2)]);
        assert_eq!((diagram.bins[3].lowest_forecast, diagram.bins[3].highest_forecast), (0.95, 1.0));
        let text = serde_json::to_string(&diagram).unwrap();
        assert_eq!(serde_json::from_str::<ReliabilityDiagram>(&text).unwrap(), diagram);
        let bad = reliability_diagram(array![1.5].view(), &[true], ProbabilityBins::default(), Confidence::P95);
        assert!(matches!(bad, Err(Error::ElementOutOfDomain { name: "probabilities", index: 0, .. })));
    }
}
