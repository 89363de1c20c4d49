use alluse_risk_core::Error as Input;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::chi_square_tail;
use crate::{Error, Result, check};

/// A test that the first autocorrelations are all zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PortmanteauTest {
    /// Number of autocorrelations, and degrees of freedom.
    pub lags: usize,
    /// The statistic.
    pub statistic: f64,
    /// Probability of a larger one without autocorrelation.
    pub p_value: f64,
}

/// The test of Ljung and Box (1978), for each number of lags.
///
/// ```text
/// Q = n(n + 2) Σₖ ρₖ²/(n − k) ~ χ²(h)      ρₖ with divisor n, about the mean
/// ```
///
/// # Errors
/// [`Error::Input`] for a series that is not finite, a lag of zero or not below the length of the series;
/// [`Error::Undefined`] for a constant one.
pub fn ljung_box(series: ArrayView1<'_, f64>, lags: &[usize]) -> Result<Vec<PortmanteauTest>> {
    let n = series.len() as f64;
    portmanteau(series, lags, |k| n * (n + 2.0) / (n - k as f64))
}

/// The test of Box and Pierce (1970), for each number of lags: `Q = n Σₖ ρₖ²`.
///
/// # Errors
/// As [`ljung_box`].
pub fn box_pierce(series: ArrayView1<'_, f64>, lags: &[usize]) -> Result<Vec<PortmanteauTest>> {
    let n = series.len() as f64;
    portmanteau(series, lags, |_| n)
}

fn portmanteau(
    series: ArrayView1<'_, f64>,
    lags: &[usize],
    weight: impl Fn(usize) -> f64,
) -> Result<Vec<PortmanteauTest>> {
    check::finite("series", series)?;
    let Some(&most) = lags.iter().max() else {
        return Err(Input::Empty { name: "lags" }.into());
    };
    check::enough("autocorrelations", most.saturating_add(1), series.len())?;
    if let Some(index) = lags.iter().position(|&lag| lag == 0) {
        return Err(Input::ElementOutOfDomain { name: "lags", index, expected: "at least 1", value: 0.0 }.into());
    }
    let squares = squared_autocorrelations(series, most)?;
    let mut sums = Vec::with_capacity(most);
    let mut sum = 0.0;
    for (square, lag) in squares.iter().zip(1..) {
        sum += weight(lag) * square;
        sums.push(sum);
    }
    let test = |&lags: &usize| {
        let statistic = sums[lags - 1];
        Ok(PortmanteauTest { lags, statistic, p_value: chi_square_tail(lags, statistic)? })
    };
    lags.iter().map(test).collect()
}

fn squared_autocorrelations(series: ArrayView1<'_, f64>, most: usize) -> Result<Vec<f64>> {
    let mean = series.sum() / series.len() as f64;
    let centred: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let total: f64 = centred.iter().map(|d| d * d).sum();
    if !(total > 1e-28 * mean * mean * series.len() as f64) {
        return Err(Error::undefined("autocorrelation", "the series is constant"));
    }
    let square = |lag: usize| {
        let product: f64 = centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum();
        (product / total).powi(2)
    };
    Ok((1..=most).map(square).collect())
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn the_first_autocorrelation_by_hand() {
        let series = array![1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0];
        let tests = ljung_box(series.view(), &[1, 3]).unwrap();
        // ρ₁ = 20.75/42: squares of the deviations sum to 42, neighbouring products to 20.75.
        assert!((tests[0].statistic - 8.0 * 10.0 / 7.0 * (20.75_f64 / 42.0).powi(2)).abs() < 1e-13);
        let pierce = box_pierce(series.view(), &[1]).unwrap();
        assert!((pierce[0].statistic - 8.0 * (20.75_f64 / 42.0).powi(2)).abs() < 1e-13);
        assert!(tests[1].statistic > tests[0].statistic && tests[0].p_value < 0.2);
    }

    #[test]
    fn hostile_input() {
        let kind = |series: Array1<f64>, lags: &[usize]| ljung_box(series.view(), lags).unwrap_err().kind();
        assert_eq!(kind(array![1.0, 1.0, 1.0], &[1]), ErrorKind::Undefined);
        assert_eq!(kind(array![1.0, 2.0], &[2]), ErrorKind::InsufficientData);
        assert_eq!(kind(array![1.0, 2.0], &[0, 1]), ErrorKind::InvalidInput);
        assert_eq!(kind(array![1.0, f64::NAN], &[1]), ErrorKind::InvalidInput);
        assert_eq!(kind(array![1.0, 2.0], &[]), ErrorKind::InvalidInput);
    }
}
