use alluse_risk_core::inference::{DieboldMariano, DieboldMarianoTest, StudentEstimate};
use alluse_risk_core::{Confidence, Interval, moments};
use ndarray::{ArrayView1, Zip};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// By how much a forecast loses less than a reference, as a share of what the reference loses.
///
/// ```text
/// skill = 1 − L̄/R̄      error: long-run variance of ((1 − skill) Rₜ − Lₜ)/R̄ (delta method)
/// ```
///
/// 1 is perfect, 0 as good as the reference, below 0 worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Skill {
    /// The skill.
    pub value: f64,
    /// Its standard error; overlapping outcomes widen it.
    pub standard_error: f64,
    /// Student's t with one degree of freedom less than there are independent outcomes.
    pub interval: Interval,
    /// Mean loss of the forecast.
    pub mean_loss: f64,
    /// Mean loss of the reference.
    pub mean_reference: f64,
    /// The test that both lose equally.
    pub test: DieboldMarianoTest,
    /// Losses compared.
    pub observations: usize,
    /// Independent outcomes that these are worth.
    pub effective_observations: usize,
    /// Autocovariances in the long-run variance.
    pub lags: usize,
}

/// The skill of losses against those of a reference on the same outcomes.
///
/// | argument | shape | meaning |
/// |---|---|---|
/// | `losses`, `reference` | `(n,)` | lower is better; the reference loses something on average |
/// | `lags` | | later forecasts whose outcomes overlap with one's own, as [`Overlap::lags`](super::Overlap::lags) |
/// | `effective` | | independent outcomes, at most n |
/// | `level` | | of the interval |
///
/// The autocovariances up to `lags` count in full, with Bartlett weights where those give no positive variance; the
/// correction of Harvey, Leybourne and Newbold widens the error of a short sample.
///
/// # Errors
/// - [`Error::Input`] for shapes that differ, losses that are not finite, fewer than two independent outcomes, and no
///   more losses than lags.
/// - [`Error::Undefined`] when the reference loses nothing, and [`Error::Input`] when the two differ by a constant.
///
/// # Examples
/// ```
/// use alluse_forecast::evaluation::skill;
/// use alluse_risk_core::Confidence;
/// use ndarray::array;
///
/// let skill = skill(array![1.0, 2.0, 0.0, 1.0].view(), array![2.0, 2.0, 1.0, 3.0].view(), 0, 4, Confidence::P95)?;
/// assert_eq!(skill.value, 0.5); // a mean loss of 1 against 2
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
pub fn skill(
    losses: ArrayView1<'_, f64>,
    reference: ArrayView1<'_, f64>,
    lags: usize,
    effective: usize,
    level: Confidence,
) -> Result<Skill> {
    let n = losses.len();
    let dm = DieboldMariano::default().with_horizon(lags.saturating_add(1));
    let test = dm.compare(losses, reference)?;
    check::ensure((2..=n).contains(&effective), "effective outcomes", "between 2 and the losses", effective as f64)?;
    let (mean_loss, mean_reference) = (moments::mean(losses)?, moments::mean(reference)?);
    if !(mean_reference > 0.0) {
        return Err(Error::undefined("skill", format!("the mean loss of the reference is {mean_reference}")));
    }
    let value = 1.0 - mean_loss / mean_reference;
    let due = Zip::from(reference).map_collect(|r| (1.0 - value) * r / mean_reference);
    let paid = Zip::from(losses).map_collect(|l| l / mean_reference);
    let variance = dm.compare(due.view(), paid.view())?.variance;
    let standard_error = (variance / n as f64).sqrt() / small_sample(n as f64, (lags + 1) as f64);
    let interval = StudentEstimate::new(value, standard_error, (effective - 1) as f64)?.interval(level);
    Ok(Skill {
        value,
        standard_error,
        interval,
        mean_loss,
        mean_reference,
        test,
        observations: n,
        effective_observations: effective,
        lags,
    })
}

/// The factor of Harvey, Leybourne and Newbold (1997).
fn small_sample(n: f64, h: f64) -> f64 {
    ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;
    use ndarray::{Array1, array};

    use super::*;

    /// Interval coverage by simulation: losses are squared normals, the reference loses 1/(1 − 0.2) times as much on
    /// average; overlapping sums of five.
    #[test]
    fn the_interval_covers_the_true_skill() {
        for (lags, least) in [(0, 0.92), (4, 0.90)] {
            let (rounds, n) = (600, 250);
            let mut covered = 0;
            for round in 0..rounds {
                let z = Streams::new(90_000 + round).standard_normals(n + lags, 2);
                let sum =
                    |t: usize, column: usize| (t..=t + lags).map(|k| z[[k, column]] * z[[k, column]]).sum::<f64>();
                let losses = Array1::from_shape_fn(n, |t| 0.8 * (0.5 * sum(t, 0) + 0.5 * sum(t, 1)));
                let reference = Array1::from_shape_fn(n, |t| sum(t, 1));
                let got = skill(losses.view(), reference.view(), lags, n / (lags + 1), Confidence::P95).unwrap();
                covered += usize::from(got.interval.lower <= 0.2 && 0.2 <= got.interval.upper);
            }
            // A binomial of 600 at 95 % has a standard error of 0.9 %.
            let share = covered as f64 / rounds as f64;
            assert!((least..0.98).contains(&share), "{lags}: {share}");
        }
    }

    #[test]
    fn hostile_input() {
        let (a, b) = (array![1.0, 2.0, 0.0, 1.0], array![2.0, 2.0, 1.0, 3.0]);
        let run = |a: &Array1<f64>, b: &Array1<f64>, lags, effective| {
            skill(a.view(), b.view(), lags, effective, Confidence::P95).map(|s| s.value)
        };
        assert!(run(&a, &b, 0, 4).is_ok());
        assert!(run(&a, &b, 0, 1).is_err() && run(&a, &b, 0, 5).is_err() && run(&a, &b, 4, 4).is_err());
        assert!(run(&a, &b, usize::MAX, 4).is_err());
        assert!(run(&a, &a, 0, 4).is_err() && run(&a, &array![1.0], 0, 4).is_err());
        assert!(matches!(run(&a, &array![0.0, 0.0, 0.0, 0.0], 0, 4), Err(Error::Undefined { .. })));
        assert!(run(&a, &array![0.0, f64::NAN, 0.0, 0.0], 0, 4).is_err());
    }
}
