use ndarray::{Array1, ArrayView1, Zip};

use super::representable;
use crate::{Confidence, Result, check};

/// The quantile loss of forecasts of value at risk, also called tick or pinball loss.
///
/// ```text
/// Sₜ = (α − 1{rₜ < −VaRₜ}) · (rₜ + VaRₜ)      α = 1 − confidence
/// ```
///
/// | argument        | shape  | unit                                                     |
/// |-----------------|--------|----------------------------------------------------------|
/// | `returns`       | `(T,)` | returns or P&L, gains positive                           |
/// | `value_at_risk` | `(T,)` | the same unit, losses positive; negative when even the tail gains |
///
/// The result has shape `(T,)` and the unit of the returns; it is never negative and zero only where the
/// return met the forecast exactly.
///
/// # Errors
/// - [`Error::Empty`](crate::Error::Empty), [`Error::LengthMismatch`](crate::Error::LengthMismatch), and
///   [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a value that is not finite.
/// - [`Error::Overflow`](crate::Error::Overflow) when a score is too large.
///
/// # Source
/// Koenker and Bassett (1978); Gneiting (2011), "Making and evaluating point forecasts".
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, scores::quantile_loss};
/// use ndarray::array;
///
/// let loss = quantile_loss(array![-0.05, 0.02].view(), array![0.03, 0.03].view(), Confidence::P99)?;
/// assert!((loss[0] - 0.99 * 0.02).abs() < 1e-15); // a breach pays for its depth
/// assert!((loss[1] - 0.01 * 0.05).abs() < 1e-15); // caution pays a little
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn quantile_loss(
    returns: ArrayView1<'_, f64>,
    value_at_risk: ArrayView1<'_, f64>,
    confidence: Confidence,
) -> Result<Array1<f64>> {
    check::finite("returns", returns)?;
    check::length("value_at_risk", returns.len(), value_at_risk.len())?;
    check::finite("value_at_risk", value_at_risk)?;
    let tail = confidence.tail();
    let losses = Zip::from(returns).and(value_at_risk).map_collect(|&r, &var| {
        let above = r + var;
        (tail * above).max(-confidence.level() * above)
    });
    representable("quantile loss", losses)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::{Error, moments};

    #[test]
    fn agrees_with_scikit_learn() {
        // scikit-learn mean_pinball_loss(returns, -var, alpha=0.05), which scores the 5 % quantile.
        let returns = array![0.012, -0.034, 0.005, -0.019, 0.021, -0.002];
        let var = array![0.020, 0.021, 0.025, 0.018, -0.001, 0.002];
        let loss = quantile_loss(returns.view(), var.view(), Confidence::P95).unwrap();
        let mean = moments::mean(loss.view()).unwrap();
        assert!((mean - GOLDEN_PINBALL).abs() < 1e-16, "{mean}");
    }

    const GOLDEN_PINBALL: f64 = 0.002_9;

    #[test]
    fn hostile_inputs_are_named() {
        let good = array![0.01, 0.02];
        let call = |r: &Array1<f64>, v: &Array1<f64>| quantile_loss(r.view(), v.view(), Confidence::P99).unwrap_err();
        assert_eq!(call(&array![], &array![]), Error::Empty { name: "returns" });
        assert_eq!(call(&good, &array![0.01]), Error::LengthMismatch { name: "value_at_risk", expected: 2, got: 1 });
        assert!(matches!(
            call(&array![0.0, f64::NAN], &good),
            Error::ElementOutOfDomain { name: "returns", index: 1, .. }
        ));
        assert!(matches!(
            call(&good, &array![f64::INFINITY, 0.0]),
            Error::ElementOutOfDomain { name: "value_at_risk", index: 0, .. }
        ));
        assert_eq!(call(&array![f64::MAX, 0.0], &array![f64::MAX, 0.0]), Error::Overflow { name: "quantile loss" });
    }

    proptest! {
        /// Consistency: the sample quantile has the smallest mean score of all constant forecasts.
        #[test]
        fn no_constant_forecast_beats_the_sample_quantile(
            returns in prop::collection::vec(-1.0_f64..1.0, 20..60),
            other in -1.0_f64..1.0,
        ) {
            let returns = Array1::from(returns);
            let confidence = Confidence::new(0.9).unwrap();
            let score = |var: f64| {
                let var = Array1::from_elem(returns.len(), var);
                moments::mean(quantile_loss(returns.view(), var.view(), confidence).unwrap().view()).unwrap()
            };
            let mut sorted = returns.to_vec();
            sorted.sort_by(f64::total_cmp);
            // The k-th smallest with k = ⌈n/10⌉ is a 10 % quantile of the sample.
            let quantile = sorted[returns.len().div_ceil(10) - 1];
            prop_assert!(score(-quantile) <= score(other) + 1e-15);
        }

        #[test]
        fn scores_scale_with_the_unit(r in -1.0_f64..1.0, var in -1.0_f64..1.0) {
            let loss = |c: f64| quantile_loss(array![c * r].view(), array![c * var].view(), Confidence::P95).unwrap()[0];
            prop_assert!(loss(1.0) >= 0.0);
            prop_assert_eq!(loss(1024.0), 1024.0 * loss(1.0));
        }
    }
}
