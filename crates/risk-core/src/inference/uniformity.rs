use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::kolmogorov::{exact_below, limit_beyond};
use crate::{Error, Result, check};

/// Name of the argument in errors.
pub(super) const PIT: &str = "PIT";

/// Whether a sample is uniform on [0, 1]: [`kolmogorov_smirnov`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KolmogorovSmirnovTest {
    /// Largest distance of the empirical distribution function from the diagonal, D.
    pub statistic: f64,
    /// Probability of so large a distance by Kolmogorov's limit with Stephens' correction.
    pub p_value: f64,
    /// The exact probability; `None` where the matrix it needs would be too large.
    pub exact_p_value: Option<f64>,
    /// Length of the sample.
    pub observations: usize,
}

impl KolmogorovSmirnovTest {
    /// The exact p-value where there is one, else that of the limit.
    #[must_use]
    pub fn best_p_value(&self) -> f64 {
        self.exact_p_value.unwrap_or(self.p_value)
    }
}

/// The test of Kolmogorov and Smirnov that probability integral transforms are uniform, as those of calibrated
/// forecasts are.
///
/// ```text
/// D = sup |F̂ₙ(u) − u|      p by Kolmogorov's series at (√n + 0.12 + 0.11/√n) D
/// ```
///
/// `pit` has shape `(n,)`: probabilities that the forecasts gave to outcomes below what came about. They must be
/// independent: of forecasts whose targets overlap, take those that do not. The exact p-value is given while the
/// matrix it needs, of order about `2nD`, has at most 120 rows.
///
/// # Errors
/// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a transform outside `[0, 1]`.
///
/// # Source
/// Kolmogorov (1933); Stephens (1970) for the correction; Marsaglia, Tsang and Wang (2003) for the exact law.
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::kolmogorov_smirnov;
/// use ndarray::array;
///
/// let test = kolmogorov_smirnov(array![0.8].view())?;
/// assert_eq!(test.statistic, 0.8);
/// // One uniform number is this far from an end of its jump when it is below 0.2 or above 0.8.
/// assert!((test.best_p_value() - 0.4).abs() < 1e-12);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn kolmogorov_smirnov(pit: ArrayView1<'_, f64>) -> Result<KolmogorovSmirnovTest> {
    let statistic = distance_from_uniform(pit)?;
    let observations = pit.len();
    let root = (observations as f64).sqrt();
    let p_value = limit_beyond((root + 0.12 + 0.11 / root) * statistic).clamp(0.0, 1.0);
    let exact_p_value = exact_below(observations, statistic).map(|below| 1.0 - below);
    Ok(KolmogorovSmirnovTest { statistic, p_value, exact_p_value, observations })
}

/// Largest distance of the empirical distribution function of a sample from that of the uniform law on [0, 1]: the
/// statistic of [`kolmogorov_smirnov`] without its p-values, which take longer.
///
/// ```text
/// D = max over i of max(i/n − u₍ᵢ₎, u₍ᵢ₎ − (i − 1)/n)
/// ```
///
/// # Errors
/// Those of [`kolmogorov_smirnov`].
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::distance_from_uniform;
/// use ndarray::array;
///
/// // The middles of four equal parts are an eighth away from both ends of their jumps.
/// assert_eq!(distance_from_uniform(array![0.625, 0.125, 0.875, 0.375].view())?, 0.125);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn distance_from_uniform(pit: ArrayView1<'_, f64>) -> Result<f64> {
    within(pit, "in [0, 1]", |u| (0.0..=1.0).contains(&u))?;
    let mut sorted = pit.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let farther = |d: f64, (i, u): (usize, &f64)| d.max((i + 1) as f64 / n - u).max(u - i as f64 / n);
    Ok(sorted.iter().enumerate().fold(0.0, farther))
}

/// Refuses no transforms, and the first that is not allowed.
pub(super) fn within(pit: ArrayView1<'_, f64>, expected: &'static str, allowed: impl Fn(f64) -> bool) -> Result<()> {
    check::finite(PIT, pit)?;
    match pit.iter().position(|u| !allowed(*u)) {
        None => Ok(()),
        Some(index) => Err(Error::ElementOutOfDomain { name: PIT, index, expected, value: pit[index] }),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // SciPy 1.17.1, kstest(u, "uniform"), exact.
        let u = array![0.02, 0.11, 0.13, 0.35, 0.36, 0.52, 0.58, 0.61, 0.88, 0.97];
        for (pit, statistic, p_value) in [
            (u.clone(), 0.19, 0.799_459_980_796_607_2),
            (u.mapv(|v: f64| v.powf(1.8)), 0.389_234_743_312_321_44, 0.071_107_840_062_033_3),
        ] {
            let test = kolmogorov_smirnov(pit.view()).unwrap();
            assert!((test.statistic - statistic).abs() < 1e-12, "{}", test.statistic);
            assert!((test.best_p_value() - p_value).abs() < 1e-12, "{:?}", test.exact_p_value);
            // Ten observations are few for Stephens' correction.
            assert!((test.p_value - p_value).abs() < 0.03, "{}", test.p_value);
        }
    }

    #[test]
    fn without_the_exact_law_the_limit_answers() {
        let far = Array1::from_elem(200, 0.9);
        let test = kolmogorov_smirnov(far.view()).unwrap();
        assert_eq!((test.exact_p_value, test.best_p_value()), (None, test.p_value));
        assert!(test.p_value < 1e-100);
    }

    #[test]
    fn hostile_inputs_are_named() {
        let call = |pit: Array1<f64>| kolmogorov_smirnov(pit.view()).unwrap_err();
        assert_eq!(call(array![]), Error::Empty { name: PIT });
        assert!(matches!(call(array![0.5, f64::NAN]), Error::ElementOutOfDomain { name: PIT, index: 1, .. }));
        let outside = Error::ElementOutOfDomain { name: PIT, index: 0, expected: "in [0, 1]", value: 1.5 };
        assert_eq!(call(array![1.5, 0.5]), outside);
        assert!(matches!(call(array![-0.1]), Error::ElementOutOfDomain { index: 0, .. }));
        // The ends of the range are places like any other.
        assert_eq!(kolmogorov_smirnov(array![0.0, 1.0].view()).unwrap().statistic, 0.5);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn order_and_direction_do_not_matter(pit in prop::collection::vec(0.0_f64..=1.0, 1..40)) {
            let test = kolmogorov_smirnov(Array1::from(pit.clone()).view()).unwrap();
            let mirrored: Array1<f64> = pit.iter().rev().map(|u| 1.0 - u).collect();
            let other = kolmogorov_smirnov(mirrored.view()).unwrap();
            prop_assert!((test.statistic - other.statistic).abs() < 1e-14);
            prop_assert!(test.statistic >= 0.5 / pit.len() as f64 - 1e-15 && test.statistic <= 1.0);
            prop_assert!((0.0..=1.0).contains(&test.best_p_value()) && (0.0..=1.0).contains(&test.p_value));
        }
    }
}
