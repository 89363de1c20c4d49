//! Cumulative violations: the expected-shortfall counterpart of counting breaches.

use alluse_risk_core::Confidence;
use ndarray::ArrayView1;

use super::check::{at_least, enough, undefined};
use super::laws::normal_beyond;
use super::outcome::{TestName, TestOutcome};
use super::pit::check_pit;
use crate::Result;

/// `Hₜ = (p − uₜ)⁺/p`: how far into the tail of mass `p` each outcome reached, from 0 to 1.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for no transforms and transforms outside `[0, 1]`.
pub fn cumulative_violations(pit: ArrayView1<'_, f64>, confidence: Confidence) -> Result<Vec<f64>> {
    check_pit(pit)?;
    let tail = confidence.tail();
    Ok(pit.iter().map(|u| (tail - u).max(0.0) / tail).collect())
}

/// Du and Escanciano's unconditional test.
///
/// ```text
/// U = √n (H̄ − p/2)/√(p(1/3 − p/4))      N(0, 1), two-sided      p = 1 − confidence
/// ```
///
/// # Errors
/// As [`cumulative_violations`].
///
/// # Source
/// Du and Escanciano (2017), *Management Science* 63(4).
pub fn du_escanciano_unconditional(pit: ArrayView1<'_, f64>, confidence: Confidence) -> Result<TestOutcome> {
    let violations = cumulative_violations(pit, confidence)?;
    let (n, p) = (violations.len() as f64, confidence.tail());
    let mean = violations.iter().sum::<f64>() / n;
    let statistic = n.sqrt() * (mean - 0.5 * p) / (p * (1.0 / 3.0 - 0.25 * p)).sqrt();
    let p_value = 2.0 * normal_beyond(statistic.abs());
    Ok(TestOutcome::new(TestName::DuEscancianoUnconditional, statistic, p_value, violations.len())
        .with_degenerate(mean == 0.0))
}

/// Du and Escanciano's conditional test: no autocorrelation of the cumulative violations.
///
/// ```text
/// C = n Σⱼ₌₁ᵐ ρ̂ⱼ²      ρ̂ⱼ = γ̂ⱼ/γ̂₀      γ̂ⱼ = Σₜ (Hₜ − p/2)(Hₜ₋ⱼ − p/2)/(n − j)      χ²(m)
/// ```
///
/// # Errors
/// As [`cumulative_violations`]; without a lag, without more days than lags, and when nothing reached the tail.
///
/// # Source
/// Du and Escanciano (2017).
pub fn du_escanciano_conditional(pit: ArrayView1<'_, f64>, confidence: Confidence, lags: usize) -> Result<TestOutcome> {
    let violations = cumulative_violations(pit, confidence)?;
    at_least("lags", "at least 1", 1, lags)?;
    enough("conditional test", lags.saturating_add(2), violations.len())?;
    if violations.iter().all(|h| *h == 0.0) {
        return Err(undefined("autocorrelation of violations", "nothing reached the tail"));
    }
    let centred: Vec<f64> = violations.iter().map(|h| h - 0.5 * confidence.tail()).collect();
    let n = centred.len();
    let covariance =
        |lag: usize| centred[lag..].iter().zip(&centred).map(|(now, then)| now * then).sum::<f64>() / (n - lag) as f64;
    let variance = covariance(0);
    let statistic = n as f64 * (1..=lags).map(|lag| (covariance(lag) / variance).powi(2)).sum::<f64>();
    Ok(TestOutcome::chi_square(TestName::DuEscancianoConditional, statistic, lags as f64, n))
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};

    use super::*;
    use crate::backtest::simulate::{draw, scaled_pit};

    #[test]
    fn by_hand() {
        let pit = array![0.01, 0.5, 0.03, 0.9, 0.2];
        let close = |got: &[f64], want: [f64; 5]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&cumulative_violations(pit.view(), Confidence::P95).unwrap(), [0.8, 0.0, 0.4, 0.0, 0.0]));
        // NumPy 2 from the formulas of the paper.
        let outcome = du_escanciano_unconditional(pit.view(), Confidence::P95).unwrap();
        assert!((outcome.statistic - DE_U).abs() < 1e-10, "{}", outcome.statistic);
        assert!((outcome.p_value - DE_U_P).abs() < 1e-10, "{}", outcome.p_value);
        let outcome = du_escanciano_conditional(pit.view(), Confidence::P95, 2).unwrap();
        assert!((outcome.statistic - DE_C).abs() < 1e-10, "{}", outcome.statistic);
        assert!((outcome.p_value - DE_C_P).abs() < 1e-10, "{}", outcome.p_value);
    }

    const DE_U: f64 = 3.795_759_766_870_423_5;
    const DE_U_P: f64 = 0.000_147_191_980_471_929_55;
    const DE_C: f64 = 2.018_176_775_254_023;
    const DE_C_P: f64 = 0.364_551_157_485_521_7;

    #[test]
    fn the_unconditional_test_keeps_its_size() {
        let rejected = draw(5, 2_000, |stream| {
            let pit = Array1::from(scaled_pit(stream, 1_000, 1.0));
            f64::from(du_escanciano_unconditional(pit.view(), Confidence::P95).unwrap().p_value < 0.05)
        });
        // 5 % within four binomial standard errors of 2,000 samples: ±0.0195.
        let rate = rejected.iter().sum::<f64>() / 2_000.0;
        assert!((rate - 0.05).abs() < 0.0195, "{rate}");
    }

    #[test]
    fn hostile_inputs() {
        let kind =
            |pit: Array1<f64>, lags| du_escanciano_conditional(pit.view(), Confidence::P95, lags).unwrap_err().kind();
        assert_eq!(kind(array![], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![f64::NAN], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![0.5, -0.1], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![0.5, 0.01, 0.2], 0), ErrorKind::InvalidInput);
        assert_eq!(kind(array![0.5, 0.01], 1), ErrorKind::InsufficientData);
        assert_eq!(kind(array![0.5, 0.4, 0.2, 0.9], 1), ErrorKind::Undefined);
        let calm = du_escanciano_unconditional(array![0.5, 0.4].view(), Confidence::P95).unwrap();
        assert!(calm.degenerate && calm.statistic < 0.0);
        assert!(du_escanciano_unconditional(array![2.0].view(), Confidence::P95).is_err());
    }
}
