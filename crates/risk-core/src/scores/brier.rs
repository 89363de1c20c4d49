use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::probability_bins::{ProbabilityBins, probabilities_and_outcomes};
use crate::Result;
use crate::sum::compensated;

/// The Brier score of forecast probabilities of an event.
///
/// ```text
/// Sₜ = (pₜ − oₜ)²      oₜ = 1 when the event happened, else 0
/// ```
///
/// `probabilities` has shape `(T,)`, in [0, 1], `outcomes` the same length, and the result shape `(T,)`, in [0, 1]:
/// a quarter for whoever always says one half.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::LengthMismatch`](crate::Error::LengthMismatch), and
/// [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a probability outside [0, 1].
///
/// # Source
/// Brier (1950), "Verification of forecasts expressed in terms of probability".
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::brier_score;
/// use ndarray::array;
///
/// assert_eq!(brier_score(array![0.75, 0.5].view(), &[true, false])?, array![0.0625, 0.25]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn brier_score(probabilities: ArrayView1<'_, f64>, outcomes: &[bool]) -> Result<Array1<f64>> {
    probabilities_and_outcomes(probabilities, outcomes)?;
    Ok(scores(probabilities, outcomes))
}

pub(super) fn scores(probabilities: ArrayView1<'_, f64>, outcomes: &[bool]) -> Array1<f64> {
    let miss = |(p, &happened): (&f64, &bool)| p - indicator(happened);
    probabilities.iter().zip(outcomes).map(|pair| miss(pair) * miss(pair)).collect()
}

pub(super) fn indicator(happened: bool) -> f64 {
    if happened { 1.0 } else { 0.0 }
}

/// What a mean Brier score is made of: [`brier_decomposition`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BrierDecomposition {
    /// The mean score.
    pub score: f64,
    /// How far the events of a bin are from what was forecast there; 0 for a calibrated forecaster.
    pub reliability: f64,
    /// How far the bins are from each other; more is better.
    pub resolution: f64,
    /// `ō(1 − ō)`: the score of who always says the share of events, known in hindsight.
    pub uncertainty: f64,
    /// Spread of the forecasts inside the bins; 0 when each bin has one forecast.
    pub within_bin_variance: f64,
    /// Twice the covariance of forecasts and events inside the bins; 0 when each bin has one forecast.
    pub within_bin_covariance: f64,
    /// Share of events ō.
    pub event_rate: f64,
    /// Bins that hold forecasts.
    pub bins: usize,
    /// Number of forecasts.
    pub observations: usize,
}

impl BrierDecomposition {
    /// `score − (reliability − resolution + uncertainty + within-bin variance − within-bin covariance)`: rounding.
    #[must_use]
    pub fn residual(&self) -> f64 {
        let parts = [-self.reliability, self.resolution, -self.uncertainty];
        let within = [-self.within_bin_variance, self.within_bin_covariance];
        compensated([self.score].into_iter().chain(parts).chain(within))
    }
}

/// The parts of the mean Brier score: reliability, resolution, uncertainty and what the bins hide.
///
/// ```text
/// mean score  = reliability − resolution + uncertainty + within-bin variance − within-bin covariance
/// reliability = Σₖ (nₖ/n)(p̄ₖ − ōₖ)²      resolution = Σₖ (nₖ/n)(ōₖ − ō)²      uncertainty = ō(1 − ō)
/// within-bin variance = (1/n) ΣₖΣ (p − p̄ₖ)²      covariance = (2/n) ΣₖΣ (p − p̄ₖ)(o − ōₖ)
/// ```
///
/// p̄ₖ and ōₖ are the mean forecast and the share of events of bin k. Arguments are those of [`brier_score`]. The
/// sum is exact for any bins; with [`ProbabilityBins::Distinct`] the two parts within bins are zero and the rest is
/// Murphy's. Few forecasts a bin make both reliability and resolution too large.
///
/// # Errors
/// Those of [`brier_score`], and [`Error::OutOfDomain`](crate::Error::OutOfDomain) unless there are 1 to 1,000,000
/// bins.
///
/// # Source
/// Murphy (1973), "A new vector partition of the probability score"; Stephenson, Coelho and Jolliffe (2008), "Two
/// extra components in the Brier score decomposition".
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::{ProbabilityBins, brier_decomposition};
/// use ndarray::array;
///
/// let probabilities = array![0.25, 0.25, 0.25, 0.25, 0.75, 0.75];
/// let outcomes = [true, false, false, false, true, false];
/// let parts = brier_decomposition(probabilities.view(), &outcomes, ProbabilityBins::Distinct)?;
/// // The first four are calibrated; of the last two one half came true instead of three quarters.
/// assert!((parts.reliability - 2.0 / 6.0 * 0.0625).abs() < 1e-15);
/// assert!(parts.residual().abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn brier_decomposition(
    probabilities: ArrayView1<'_, f64>,
    outcomes: &[bool],
    bins: ProbabilityBins,
) -> Result<BrierDecomposition> {
    probabilities_and_outcomes(probabilities, outcomes)?;
    let n = outcomes.len() as f64;
    let event_rate = outcomes.iter().filter(|o| **o).count() as f64 / n;
    let bins = bins.members(probabilities)?;
    let mut parts = [0.0; 4].map(|_: f64| crate::sum::CompensatedSum::default());
    for bin in &bins {
        let (count, mean, rate) = bin_means(bin, probabilities, outcomes);
        parts[0].add(count * (mean - rate) * (mean - rate));
        parts[1].add(count * (rate - event_rate) * (rate - event_rate));
        for &place in bin {
            let apart = probabilities[place] - mean;
            parts[2].add(apart * apart);
            parts[3].add(2.0 * apart * (indicator(outcomes[place]) - rate));
        }
    }
    let [reliability, resolution, within_bin_variance, within_bin_covariance] = parts.map(|part| part.value() / n);
    Ok(BrierDecomposition {
        score: compensated(scores(probabilities, outcomes)) / n,
        reliability,
        resolution,
        uncertainty: event_rate * (1.0 - event_rate),
        within_bin_variance,
        within_bin_covariance,
        event_rate,
        bins: bins.len(),
        observations: outcomes.len(),
    })
}

/// Number of forecasts, mean forecast and share of events of a bin, which is not empty.
pub(super) fn bin_means(bin: &[usize], probabilities: ArrayView1<'_, f64>, outcomes: &[bool]) -> (f64, f64, f64) {
    let count = bin.len() as f64;
    let events = bin.iter().filter(|place| outcomes[**place]).count() as f64;
    // Offsets from the first: equal forecasts have exactly their own mean.
    let first = probabilities[bin[0]];
    let mean = first + compensated(bin.iter().map(|&place| probabilities[place] - first)) / count;
    (count, mean, events / count)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::{Error, moments};

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9: brier_score_loss(o, p).
        let p = array![0.1, 0.9, 0.8, 0.3, 0.25, 0.65, 0.5, 0.05, 0.7, 0.95];
        let o = [0, 1, 1, 0, 1, 1, 0, 0, 0, 1].map(|o| o == 1);
        let mean = moments::mean(brier_score(p.view(), &o).unwrap().view()).unwrap();
        assert!((mean - 0.158).abs() < 1e-15, "{mean}");
    }

    #[test]
    fn murphys_parts_by_hand() {
        // Forecast 1/5 four times with one event, 4/5 six times with three: ō = 4/10.
        let p = array![0.2, 0.8, 0.8, 0.2, 0.8, 0.8, 0.2, 0.8, 0.2, 0.8];
        let o = [true, true, false, false, true, false, false, true, false, false];
        let got = brier_decomposition(p.view(), &o, ProbabilityBins::Distinct).unwrap();
        assert!((got.reliability - (0.4 * 0.0025 + 0.6 * 0.09)).abs() < 1e-16);
        assert!((got.resolution - (0.4 * 0.0225 + 0.6 * 0.01)).abs() < 1e-16);
        assert_eq!((got.uncertainty, got.event_rate, got.bins, got.observations), (0.4 * 0.6, 0.4, 2, 10));
        assert_eq!((got.within_bin_variance, got.within_bin_covariance), (0.0, 0.0));
        assert!((got.score - (0.64 + 3.0 * 0.04 + 3.0 * 0.04 + 3.0 * 0.64) / 10.0).abs() < 1e-15);
    }

    #[test]
    fn hostile_inputs_are_named() {
        let call = |p: Array1<f64>, o: &[bool]| brier_score(p.view(), o).unwrap_err();
        assert_eq!(call(array![], &[]), Error::Empty { name: "probabilities" });
        assert_eq!(call(array![0.5], &[]), Error::LengthMismatch { name: "outcomes", expected: 1, got: 0 });
        for bad in [-1e-9, 1.000_1, f64::NAN, f64::INFINITY] {
            let error = call(array![0.5, bad], &[true, false]);
            assert!(matches!(error, Error::ElementOutOfDomain { name: "probabilities", index: 1, .. }));
        }
        let none = brier_decomposition(array![0.5].view(), &[true], ProbabilityBins::EqualWidth(0));
        assert!(matches!(none, Err(Error::OutOfDomain { name: "bins", .. })));
    }

    proptest! {
        #[test]
        fn the_parts_add_up_in_any_order(
            pairs in prop::collection::vec((0.0_f64..=1.0, any::<bool>()), 1..80), bins in 1_usize..20, turn in 0_usize..80,
        ) {
            let turn = turn % pairs.len();
            for rule in [ProbabilityBins::EqualWidth(bins), ProbabilityBins::EqualCount(bins), ProbabilityBins::Distinct] {
                let parts = |pairs: &[(f64, bool)]| {
                    let p: Array1<f64> = pairs.iter().map(|pair| pair.0).collect();
                    let o: Vec<bool> = pairs.iter().map(|pair| pair.1).collect();
                    brier_decomposition(p.view(), &o, rule).unwrap()
                };
                let got = parts(&pairs);
                prop_assert!(got.residual().abs() < 1e-12, "{:?}", got);
                let mut turned = pairs.clone();
                turned.rotate_left(turn);
                let turned = parts(&turned);
                prop_assert!((got.reliability - turned.reliability).abs() < 1e-12);
                prop_assert!((got.resolution - turned.resolution).abs() < 1e-12);
            }
        }

        /// Propriety: the expected score under event probability q is smallest at the forecast q.
        #[test]
        fn the_true_probability_scores_best(q in 0.0_f64..=1.0, p in 0.0_f64..=1.0) {
            let expected = |p: f64| {
                let score = |o| brier_score(array![p].view(), &[o]).unwrap()[0];
                q * score(true) + (1.0 - q) * score(false)
            };
            prop_assert!(expected(q) <= expected(p) + 1e-15);
        }
    }
}
