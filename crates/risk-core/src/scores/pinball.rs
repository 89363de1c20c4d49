use ndarray::{Array1, ArrayView1, Zip};

use super::representable;
use crate::{Error, Result, check};

/// The pinball loss of forecasts of a quantile.
///
/// ```text
/// Sₜ = (p − 1{yₜ < qₜ}) · (yₜ − qₜ) = max(p (yₜ − qₜ), (p − 1)(yₜ − qₜ))
/// ```
///
/// | argument      | shape  | unit                                                |
/// |---------------|--------|-----------------------------------------------------|
/// | `quantiles`   | `(T,)` | forecasts of the quantile, in the unit of the outcome |
/// | `observed`    | `(T,)` | what happened                                       |
/// | `probability` |        | level p of the quantile, in (0, 1)                  |
///
/// The result has shape `(T,)` and the unit of the outcome; it is never negative. Twice its mean over all
/// levels is the continuous ranked probability score. [`quantile_loss`](super::quantile_loss) is the same
/// for value at risk, whose sign is turned.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not finite.
/// - [`Error::OutOfDomain`] for a probability outside (0, 1).
/// - [`Error::Overflow`] when a score is too large.
///
/// # Source
/// Koenker and Bassett (1978); Gneiting (2011), "Making and evaluating point forecasts".
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::pinball_loss;
/// use ndarray::array;
///
/// let loss = pinball_loss(array![1.0, 1.0].view(), array![3.0, -1.0].view(), 0.75)?;
/// assert_eq!(loss, array![1.5, 0.5]); // too low costs three times what too high does
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn pinball_loss(
    quantiles: ArrayView1<'_, f64>,
    observed: ArrayView1<'_, f64>,
    probability: f64,
) -> Result<Array1<f64>> {
    check::finite("observed", observed)?;
    check::length("quantiles", observed.len(), quantiles.len())?;
    check::finite("quantiles", quantiles)?;
    if !(probability > 0.0 && probability < 1.0) {
        return Err(Error::OutOfDomain { name: "probability", expected: "in (0, 1)", value: probability });
    }
    let losses = Zip::from(quantiles).and(observed).map_collect(|&q, &y| {
        let miss = y - q;
        (probability * miss).max((probability - 1.0) * miss)
    });
    representable("pinball loss", losses)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::scores::{EnsembleRule, crps_ensemble, quantile_loss};
    use crate::{Confidence, moments};

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn 1.9: mean_pinball_loss(observed, quantiles, alpha=0.3).
        let observed = array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9];
        let quantiles = array![0.1, -0.6, 0.5, 1.4, -0.3, 0.9];
        let loss = pinball_loss(quantiles.view(), observed.view(), 0.3).unwrap();
        let mean = moments::mean(loss.view()).unwrap();
        assert!((mean - GOLDEN).abs() < 1e-15, "{mean}");
    }

    const GOLDEN: f64 = 0.141_666_666_666_666_64;

    #[test]
    fn value_at_risk_is_a_quantile_with_its_sign_turned() {
        let (returns, var) = (array![0.01, -0.05, 0.02], array![0.03, 0.03, -0.01]);
        let loss = pinball_loss((-&var).view(), returns.view(), Confidence::P95.tail()).unwrap();
        let same = quantile_loss(returns.view(), var.view(), Confidence::P95).unwrap();
        for (a, b) in loss.iter().zip(&same) {
            assert!((a - b).abs() < 1e-17);
        }
    }

    #[test]
    fn hostile_inputs_are_named() {
        let two = array![1.0, 2.0];
        let call = |q: &Array1<f64>, y: &Array1<f64>, p| pinball_loss(q.view(), y.view(), p).unwrap_err();
        assert_eq!(call(&two, &array![], 0.5), Error::Empty { name: "observed" });
        let length = Error::LengthMismatch { name: "quantiles", expected: 2, got: 1 };
        assert_eq!(call(&array![1.0], &two, 0.5), length);
        assert!(matches!(
            call(&array![1.0, f64::NAN], &two, 0.5),
            Error::ElementOutOfDomain { name: "quantiles", index: 1, .. }
        ));
        assert!(matches!(
            call(&two, &array![f64::INFINITY, 0.0], 0.5),
            Error::ElementOutOfDomain { name: "observed", index: 0, .. }
        ));
        for p in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(matches!(call(&two, &two, p), Error::OutOfDomain { name: "probability", .. }));
        }
        let far = array![f64::MAX, 0.0];
        assert_eq!(call(&(-&far), &far, 0.5), Error::Overflow { name: "pinball loss" });
    }

    proptest! {
        /// Twice the mean loss of an ensemble's own quantiles, at the middle of each member's step, is its CRPS.
        #[test]
        fn all_levels_together_are_the_ranked_probability_score(
            members in prop::collection::vec(-5.0_f64..5.0, 1..20), y in -6.0_f64..6.0,
        ) {
            let mut sorted = members.clone();
            sorted.sort_by(f64::total_cmp);
            let m = sorted.len() as f64;
            let loss = |(i, q): (usize, &f64)| {
                pinball_loss(array![*q].view(), array![y].view(), (i as f64 + 0.5) / m).unwrap()[0]
            };
            let mean = sorted.iter().enumerate().map(loss).sum::<f64>() / m;
            let crps = crps_ensemble(Array1::from(members).view(), y, EnsembleRule::Empirical).unwrap();
            prop_assert!((2.0 * mean - crps).abs() < 1e-12);
        }

        #[test]
        fn the_sample_quantile_is_best(values in prop::collection::vec(-1.0_f64..1.0, 20..60), other in -1.0_f64..1.0) {
            let observed = Array1::from(values);
            let score = |q: f64| {
                let forecasts = Array1::from_elem(observed.len(), q);
                moments::mean(pinball_loss(forecasts.view(), observed.view(), 0.3).unwrap().view()).unwrap()
            };
            let mut sorted = observed.to_vec();
            sorted.sort_by(f64::total_cmp);
            let quantile = sorted[(3 * observed.len()).div_ceil(10) - 1];
            prop_assert!(score(quantile) <= score(other) + 1e-15);
        }

        #[test]
        fn scores_scale_with_the_unit(q in -1.0_f64..1.0, y in -1.0_f64..1.0, p in 0.01_f64..0.99) {
            let loss = |c: f64| pinball_loss(array![c * q].view(), array![c * y].view(), p).unwrap()[0];
            prop_assert!(loss(1.0) >= 0.0);
            prop_assert_eq!(loss(1024.0), 1024.0 * loss(1.0));
        }
    }
}
