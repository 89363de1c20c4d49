use ndarray::{Array1, ArrayView1};

use crate::{Error, Result, check};

/// Holm's adjusted p-values: rejecting those at or below α keeps the chance of any false rejection at α.
///
/// ```text
/// p̃₍ₖ₎ = min(1, max_{j ≤ k} (m − j + 1) p₍ⱼ₎)      p₍₁₎ ≤ … ≤ p₍ₘ₎
/// ```
///
/// `p_values` has shape `(m,)`, and so has the result, in the same order. The tests may depend on each
/// other in any way.
///
/// # Errors
/// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a value outside [0, 1].
///
/// # Source
/// Holm (1979), "A simple sequentially rejective multiple test procedure".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::holm;
/// use ndarray::array;
///
/// assert_eq!(holm(array![0.5, 0.125].view())?, array![0.5, 0.25]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn holm(p_values: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    let order = ascending(p_values)?;
    let mut adjusted = Array1::zeros(p_values.len());
    let mut largest = 0.0_f64;
    for (before, index) in order.into_iter().enumerate() {
        let hypotheses = (p_values.len() - before) as f64;
        largest = largest.max((hypotheses * p_values[index]).min(1.0));
        adjusted[index] = largest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjusted p-values: rejecting those at or below q keeps the expected share of
/// false rejections at q.
///
/// ```text
/// p̃₍ₖ₎ = min_{j ≥ k} (m/j) p₍ⱼ₎      p₍₁₎ ≤ … ≤ p₍ₘ₎
/// ```
///
/// `p_values` has shape `(m,)`, and so has the result, in the same order. The promise holds for tests that
/// are independent or positively dependent.
///
/// # Errors
/// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a value outside [0, 1].
///
/// # Source
/// Benjamini and Hochberg (1995), "Controlling the false discovery rate".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::benjamini_hochberg;
/// use ndarray::array;
///
/// assert_eq!(benjamini_hochberg(array![0.5, 0.125].view())?, array![0.5, 0.25]);
/// assert_eq!(benjamini_hochberg(array![0.25, 0.25].view())?, array![0.25, 0.25]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn benjamini_hochberg(p_values: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    let order = ascending(p_values)?;
    let m = p_values.len() as f64;
    let mut adjusted = Array1::zeros(p_values.len());
    let mut smallest = 1.0_f64;
    for (before, index) in order.into_iter().enumerate().rev() {
        smallest = smallest.min(m * p_values[index] / (before + 1) as f64);
        adjusted[index] = smallest;
    }
    Ok(adjusted)
}

/// Positions of the p-values, smallest first.
fn ascending(p_values: ArrayView1<'_, f64>) -> Result<Vec<usize>> {
    check::finite("p_values", p_values)?;
    if let Some((index, &value)) = p_values.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(Error::ElementOutOfDomain { name: "p_values", index, expected: "in [0, 1]", value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    fn p_values() -> Array1<f64> {
        array![0.01, 0.04, 0.03, 0.005, 0.2, 0.03, 0.9, 0.0]
    }

    /// statsmodels `multipletests(p, method=…)[1]`; products of two digits, exact to rounding.
    #[test]
    fn agrees_with_statsmodels() {
        for (got, want) in [
            (holm(p_values().view()).unwrap(), HOLM),
            (benjamini_hochberg(p_values().view()).unwrap(), BENJAMINI_HOCHBERG),
        ] {
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 1e-15, "{got} against {want}");
            }
        }
    }

    const HOLM: [f64; 8] = [0.06, 0.15, 0.15, 0.035, 0.4, 0.15, 0.9, 0.0];
    const BENJAMINI_HOCHBERG: [f64; 8] =
        [0.026_666_666_666_666_67, 0.053_333_333_333_333_34, 0.048, 0.02, 0.228_571_428_571_428_6, 0.048, 0.9, 0.0];

    #[test]
    fn probabilities_outside_the_unit_interval_are_refused() {
        for adjust in [holm, benjamini_hochberg] {
            assert_eq!(adjust(array![].view()), Err(Error::Empty { name: "p_values" }));
            for value in [-1e-9, 1.0 + 1e-9] {
                let error = Error::ElementOutOfDomain { name: "p_values", index: 1, expected: "in [0, 1]", value };
                assert_eq!(adjust(array![0.5, value].view()), Err(error));
            }
            assert!(adjust(array![f64::NAN].view()).is_err());
            assert_eq!(adjust(array![0.0, 1.0].view()), Ok(array![0.0, 1.0]));
        }
    }

    proptest! {
        #[test]
        fn adjustment_raises_keeps_order_and_controls_less_for_less(p in prop::collection::vec(0.0_f64..1.0, 1..20)) {
            let p = Array1::from(p);
            let (strict, lenient) = (holm(p.view()).unwrap(), benjamini_hochberg(p.view()).unwrap());
            for i in 0..p.len() {
                prop_assert!(p[i] <= lenient[i] * (1.0 + 1e-15));
                prop_assert!(lenient[i] <= strict[i] * (1.0 + 1e-15) && strict[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || (strict[i] <= strict[j] && lenient[i] <= lenient[j]));
                }
            }
        }
    }
}
