use ndarray::{Array1, ArrayView1, Zip};

use super::representable;
use crate::{Confidence, Error, Result, check};

/// Room for rounding between a shortfall and the value at risk it may equal.
const ROUNDING: f64 = 1e-12;

/// The joint loss of forecasts of value at risk and expected shortfall of degree zero (FZ0).
///
/// ```text
/// Sₜ = 1{rₜ ≤ −VaRₜ} · (−VaRₜ − rₜ)/(α·ESₜ) + VaRₜ/ESₜ + ln ESₜ − 1      α = 1 − confidence
/// ```
///
/// | argument             | shape  | unit                                            |
/// |----------------------|--------|-------------------------------------------------|
/// | `returns`            | `(T,)` | returns or P&L, gains positive                  |
/// | `value_at_risk`      | `(T,)` | the same unit, losses positive                  |
/// | `expected_shortfall` | `(T,)` | the same unit, losses positive: `ES > 0`, `ES ≥ VaR` |
///
/// The result has shape `(T,)`. Through `ln ES` its level depends on the unit, and it is often negative;
/// the difference between two forecasters does not depend on the unit.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`], and [`Error::ElementOutOfDomain`] for a value that is
///   not finite, an expected shortfall that is not positive, or one below its value at risk: outside
///   that domain the loss no longer rewards the truth.
/// - [`Error::Overflow`] when a score is too large.
///
/// # Source
/// Fissler and Ziegel (2016); Patton, Ziegel and Chen (2019), "Dynamic semiparametric models for
/// expected shortfall (and value-at-risk)", equation 6.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, scores::joint_loss};
/// use ndarray::array;
///
/// // With an expected shortfall of 1 the logarithm is gone: 0.01/(0.05 · 1) + 0.5 − 1.
/// let loss = joint_loss(array![-0.51].view(), array![0.5].view(), array![1.0].view(), Confidence::P95)?;
/// assert!((loss[0] + 0.3).abs() < 1e-14);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn joint_loss(
    returns: ArrayView1<'_, f64>,
    value_at_risk: ArrayView1<'_, f64>,
    expected_shortfall: ArrayView1<'_, f64>,
    confidence: Confidence,
) -> Result<Array1<f64>> {
    check::finite("returns", returns)?;
    check::length("value_at_risk", returns.len(), value_at_risk.len())?;
    check::finite("value_at_risk", value_at_risk)?;
    check::length("expected_shortfall", returns.len(), expected_shortfall.len())?;
    domain(value_at_risk, expected_shortfall)?;
    let tail = confidence.tail();
    let losses = Zip::from(returns).and(value_at_risk).and(expected_shortfall).map_collect(|&r, &var, &es| {
        // At the boundary itself the shortfall is zero, so one comparison serves `<` and `≤`.
        let beyond = (-var - r).max(0.0);
        beyond / (tail * es) + var / es + libm::log(es) - 1.0
    });
    representable("joint loss", losses)
}

fn domain(value_at_risk: ArrayView1<'_, f64>, expected_shortfall: ArrayView1<'_, f64>) -> Result<()> {
    check::finite("expected_shortfall", expected_shortfall)?;
    for (index, (&var, &value)) in value_at_risk.iter().zip(expected_shortfall).enumerate() {
        let outside = |expected| Err(Error::ElementOutOfDomain { name: "expected_shortfall", index, expected, value });
        if value <= 0.0 {
            return outside("positive");
        }
        if var - value > ROUNDING * value {
            return outside("at least the value at risk");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::moments;

    #[test]
    fn agrees_with_the_formula_in_high_precision() {
        // mpmath 1.3, 40 digits, the equation of the paper in return space: v = −VaR, e = −ES.
        let returns = array![-0.05, 0.01, -0.02];
        let var = array![0.02, 0.02, 0.02];
        let es = array![0.03, 0.025, 0.02];
        let loss = joint_loss(returns.view(), var.view(), es.view(), Confidence::new(0.75).unwrap()).unwrap();
        for (got, want) in loss.iter().zip(GOLDEN) {
            assert!((got - want).abs() < 4e-15, "{got} against {want}");
        }
    }

    const GOLDEN: [f64; 3] = [0.160_108_769_346_685, -3.888_879_454_113_936_3, -3.912_023_005_428_146];

    #[test]
    fn a_shortfall_equal_to_the_value_at_risk_up_to_rounding_is_allowed() {
        let es = |es: f64| joint_loss(array![0.0].view(), array![1.0].view(), array![es].view(), Confidence::P95);
        assert!(es(1.0).is_ok() && es(1.0 - 1e-13).is_ok());
        assert!(es(1.0 - 1e-11).is_err());
    }

    #[test]
    fn hostile_inputs_are_named() {
        let good = array![0.01, 0.02];
        let call = |r: &Array1<f64>, v: &Array1<f64>, e: &Array1<f64>| {
            joint_loss(r.view(), v.view(), e.view(), Confidence::P99).unwrap_err()
        };
        let shortfall =
            |index, expected, value| Error::ElementOutOfDomain { name: "expected_shortfall", index, expected, value };
        assert_eq!(call(&array![], &good, &good), Error::Empty { name: "returns" });
        let length = |name| Error::LengthMismatch { name, expected: 2, got: 1 };
        assert_eq!(call(&good, &array![0.1], &good), length("value_at_risk"));
        assert_eq!(call(&good, &good, &array![0.1]), length("expected_shortfall"));
        assert!(matches!(
            call(&array![f64::NAN, 0.0], &good, &good),
            Error::ElementOutOfDomain { name: "returns", index: 0, .. }
        ));
        assert!(matches!(
            call(&good, &array![0.0, f64::NAN], &good),
            Error::ElementOutOfDomain { name: "value_at_risk", index: 1, .. }
        ));
        assert!(matches!(
            call(&good, &good, &array![0.1, f64::INFINITY]),
            Error::ElementOutOfDomain { name: "expected_shortfall", index: 1, .. }
        ));
        let gains = array![-0.5, -0.5];
        assert_eq!(call(&good, &gains, &array![0.1, 0.0]), shortfall(1, "positive", 0.0));
        assert_eq!(call(&good, &gains, &array![-0.1, 0.1]), shortfall(0, "positive", -0.1));
        assert_eq!(call(&good, &good, &array![0.01, 0.01]), shortfall(1, "at least the value at risk", 0.01));
        let tiny = array![1e-308, 1e-308];
        assert_eq!(call(&array![-1e300, 0.0], &tiny, &tiny), Error::Overflow { name: "joint loss" });
    }

    proptest! {
        /// Consistency: the quantile and tail mean of a sample have the smallest mean score.
        #[test]
        fn no_constant_forecast_beats_the_sample(
            mut returns in prop::collection::vec(-1.0_f64..0.0, 40),
            var in 0.01_f64..1.0,
            excess in 0.0_f64..1.0,
        ) {
            returns.sort_by(f64::total_cmp);
            let confidence = Confidence::new(0.9).unwrap();
            // Four of forty observations: the fourth worst, and the mean of the four.
            let (quantile, shortfall) = (-returns[3], -0.25 * returns[..4].iter().sum::<f64>());
            let returns = Array1::from(returns);
            let score = |var: f64, es: f64| {
                let [var, es] = [var, es].map(|value| Array1::from_elem(40, value));
                let losses = joint_loss(returns.view(), var.view(), es.view(), confidence).unwrap();
                moments::mean(losses.view()).unwrap()
            };
            prop_assume!(shortfall > 0.0);
            prop_assert!(score(quantile, shortfall) <= score(var, var + excess) + 1e-12);
        }

        #[test]
        fn another_unit_shifts_every_score_alike(r in -1.0_f64..1.0, var in 0.01_f64..1.0, excess in 0.0_f64..1.0) {
            let loss = |c: f64| {
                let es = array![c * (var + excess)];
                joint_loss(array![c * r].view(), array![c * var].view(), es.view(), Confidence::P95).unwrap()[0]
            };
            prop_assert!((loss(100.0) - loss(1.0) - 100.0_f64.ln()).abs() < 1e-11);
        }
    }
}
