//! Exceedance residuals: is expected shortfall the mean of the losses beyond value at risk?

use ndarray::ArrayView1;
use rand::RngExt;

use super::check::{enough, every, finite, length, undefined};
use super::outcome::{TestName, TestOutcome};
use super::{LevelRecord, MonteCarlo};
use crate::Result;
use crate::student_t_law::StandardT;

/// McNeil and Frey's test of the exceedance residuals.
///
/// ```text
/// eₜ = (Lₜ − ESₜ)/σₜ on the days of a breach      H₀: mean 0, against > 0 (shortfall understated)
/// t = ē/(s/√m)      p_value: t(m − 1); exact_p_value: bootstrap of the centred residuals
/// ```
/// `volatility` is `σₜ`, one a day; without it the residuals are scaled by the forecast shortfall itself.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) without forecasts of expected shortfall, for volatilities that are not positive
/// or not one per day, with fewer than two breaches, for residuals that do not vary, and fewer than 19 replicates.
///
/// # Source
/// McNeil and Frey (2000), *Journal of Empirical Finance* 7; Efron and Tibshirani (1993), §16.4.
pub fn exceedance_residuals(
    record: &LevelRecord,
    volatility: Option<ArrayView1<'_, f64>>,
    bootstrap: MonteCarlo,
) -> Result<TestOutcome> {
    bootstrap.check()?;
    let shortfall = record.expected_shortfall()?;
    if let Some(volatility) = volatility {
        finite("volatility", volatility)?;
        length("volatility", record.observations(), volatility.len())?;
        every("volatility", volatility, "positive", |v| v > 0.0)?;
    }
    let scale = volatility.unwrap_or(shortfall);
    let returns = record.returns();
    let residuals: Vec<f64> =
        record.breaches().indices().iter().map(|t| (-returns[*t] - shortfall[*t]) / scale[*t]).collect();
    enough("exceedance residuals", 2, residuals.len())?;
    let statistic = studentised(&residuals, 0.0);
    if !statistic.is_finite() {
        return Err(undefined("exceedance residuals", "they do not vary"));
    }
    let m = residuals.len();
    let centre = residuals.iter().sum::<f64>() / m as f64;
    let resampled = bootstrap.draw(|stream| {
        let sample: Vec<f64> = (0..m).map(|_| residuals[stream.random_range(0..m)]).collect();
        studentised(&sample, centre)
    });
    // A resample of equal residuals has no finite statistic: it counts by the sign of its mean.
    let extreme = resampled.iter().filter(|t| **t >= statistic).count();
    let p_value = 1.0 - StandardT::new((m - 1) as f64).cdf(statistic);
    let mut outcome = TestOutcome::new(TestName::ExceedanceResiduals, statistic, p_value, m)
        .with_exact((extreme + 1) as f64 / (resampled.len() + 1) as f64);
    outcome.degrees_of_freedom = Some((m - 1) as f64);
    Ok(if m < 10 { outcome.with_degenerate(true).with_note("fewer than ten breaches") } else { outcome })
}

fn studentised(values: &[f64], centre: f64) -> f64 {
    let m = values.len() as f64;
    let mean = values.iter().sum::<f64>() / m;
    let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (m - 1.0);
    if spread <= 1e-24 * mean * mean {
        return if mean > centre { f64::INFINITY } else { f64::NEG_INFINITY };
    }
    (mean - centre) / (spread / m).sqrt()
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::{Confidence, ErrorKind};
    use ndarray::{Array1, array};

    use super::*;

    fn record(losses: &[f64]) -> LevelRecord {
        let returns: Array1<f64> = losses.iter().map(|l| -l).collect();
        let n = losses.len();
        LevelRecord::new(returns.view(), Array1::from_elem(n, 2.0).view(), Confidence::P95)
            .unwrap()
            .with_expected_shortfall(Array1::from_elem(n, 2.5).view())
            .unwrap()
    }

    const LOSSES: [f64; 8] = [0.1, 2.2, 3.4, -1.0, 2.9, 2.1, 4.0, 2.6];

    #[test]
    fn values_of_other_software() {
        // SciPy 1.17.1: ttest_1samp([-0.3, 0.9, 0.4, -0.4, 1.5, 0.1], 0, alternative="greater").
        let outcome = exceedance_residuals(&record(&LOSSES), None, MonteCarlo::new(3)).unwrap();
        assert!((outcome.statistic - 1.228_302_967_329_771_8).abs() < 1e-10, "{}", outcome.statistic);
        assert!((outcome.p_value - 0.136_996_319_028_242_58).abs() < 1e-10, "{}", outcome.p_value);
        assert_eq!((outcome.observations, outcome.degrees_of_freedom, outcome.degenerate), (6, Some(5.0), true));
        let exact = outcome.exact_p_value.unwrap();
        assert!((exact - outcome.p_value).abs() < 0.08, "{exact}");
        // One scale for all days cancels from a studentised mean.
        let scaled = exceedance_residuals(&record(&LOSSES), Some(Array1::from_elem(8, 0.7).view()), MonteCarlo::new(3));
        assert!((scaled.unwrap().statistic - outcome.statistic).abs() < 1e-12);
    }

    #[test]
    fn losses_far_beyond_shortfall_are_rejected() {
        let losses: Vec<f64> = (0..30).map(|i| 3.0 + 0.05 * f64::from(i % 7)).collect();
        let outcome = exceedance_residuals(&record(&losses), None, MonteCarlo::new(3)).unwrap();
        assert!(outcome.p_value < 1e-6 && outcome.exact_p_value.unwrap() < 0.002 && !outcome.degenerate);
        let gentle: Vec<f64> = losses.iter().map(|l| l - 0.9).collect();
        let outcome = exceedance_residuals(&record(&gentle), None, MonteCarlo::new(3)).unwrap();
        assert!(outcome.p_value > 0.999 && outcome.exact_p_value.unwrap() > 0.99);
    }

    #[test]
    fn hostile_inputs() {
        let draws = MonteCarlo::new(1);
        let kind = |losses: &[f64]| exceedance_residuals(&record(losses), None, draws).unwrap_err().kind();
        assert_eq!(kind(&[0.0, 1.0]), ErrorKind::InsufficientData);
        assert_eq!(kind(&[0.0, 3.0]), ErrorKind::InsufficientData);
        assert_eq!(kind(&[3.0, 3.0, 3.0]), ErrorKind::Undefined);
        for volatility in [array![1.0], Array1::zeros(8), Array1::from_elem(8, f64::NAN)] {
            let error = exceedance_residuals(&record(&LOSSES), Some(volatility.view()), draws).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        assert!(exceedance_residuals(&record(&LOSSES), None, draws.with_replicates(18)).is_err());
    }
}
