use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::uniformity::within;
use crate::minimise::golden_section;
use crate::{Error, Result, check, normal};

const NAME: &str = "Berkowitz test";

/// Whether normal scores are independent standard normals: [`berkowitz`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BerkowitzTest {
    /// Mean of the scores; 0 for a right model.
    pub mean: f64,
    /// Standard deviation of the innovations; 1 for a right model.
    pub standard_deviation: f64,
    /// First-order autocorrelation; 0 for a right model.
    pub autocorrelation: f64,
    /// The likelihood ratio, LR.
    pub statistic: f64,
    /// Degrees of freedom of its chi-square law: 3.
    pub degrees_of_freedom: f64,
    /// Probability of so large a ratio.
    pub p_value: f64,
    /// Number of scores.
    pub observations: usize,
}

/// Berkowitz's likelihood ratio test: the scores `zₜ = Φ⁻¹(uₜ)` are independent standard normals.
///
/// ```text
/// zₜ − μ = ρ (zₜ₋₁ − μ) + σ εₜ,  z₁ ~ N(μ, σ²/(1−ρ²))      LR = 2 (ln L(μ̂, σ̂, ρ̂) − ln L(0, 1, 0))      χ²(3)
/// ```
/// by exact maximum likelihood of the stationary autoregression.
///
/// `pit` has shape `(n,)`: probabilities that the forecasts gave to outcomes below what came about, in date order and
/// from targets that do not overlap. A transform of 0 or 1, an outcome that the forecast held impossible, has no score.
///
/// # Errors
/// - [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a transform outside `(0, 1)`.
/// - [`Error::InsufficientData`] for fewer than five.
/// - [`Error::Undefined`] when they do not vary.
///
/// # Source
/// Berkowitz (2001), "Testing density forecasts, with applications to risk management", *Journal of Business & Economic
/// Statistics* 19(4).
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::berkowitz;
/// use ndarray::Array1;
///
/// // Outcomes that always fall near the middle: the forecasts are too wide.
/// let narrow = Array1::from_shape_fn(100, |t| 0.4 + 0.02 * ((7 * t) % 11) as f64);
/// let test = berkowitz(narrow.view())?;
/// assert!(test.standard_deviation < 0.2 && test.p_value < 1e-6);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn berkowitz(pit: ArrayView1<'_, f64>) -> Result<BerkowitzTest> {
    within(pit, "in [0, 1]", |u| (0.0..=1.0).contains(&u))?;
    within(pit, "in (0, 1)", |u| u > 0.0 && u < 1.0)?;
    let z = pit.iter().map(|u| normal::quantile(*u)).collect::<Result<Vec<_>>>()?;
    check::enough(NAME, 5, z.len())?;
    if z.iter().all(|v| (v - z[0]).abs() <= 1e-12 * z[0].abs().max(1.0)) {
        return Err(Error::Undefined { name: NAME, reason: "the scores do not vary" });
    }
    let series = Autoregression::new(&z);
    let autocorrelation = series.best();
    let fit = series.at(autocorrelation);
    let null = -0.5 * z.iter().map(|v| v * v).sum::<f64>();
    let statistic = (2.0 * (fit.log_likelihood - null)).max(0.0);
    Ok(BerkowitzTest {
        mean: fit.mean,
        standard_deviation: fit.deviation,
        autocorrelation,
        statistic,
        degrees_of_freedom: 3.0,
        p_value: chi_square_3_beyond(statistic),
        observations: z.len(),
    })
}

/// `P(χ²₃ > x) = erfc(√(x/2)) + √(2x/π) exp(−x/2)`.
fn chi_square_3_beyond(x: f64) -> f64 {
    let half = 0.5 * x;
    (libm::erfc(half.sqrt()) + 2.0 * (half / std::f64::consts::PI).sqrt() * libm::exp(-half)).clamp(0.0, 1.0)
}

/// Sums over the pairs `(zₜ₋₁, zₜ)`, which decide the likelihood at any parameters.
struct Autoregression {
    n: f64,
    first: f64,
    before: f64,
    after: f64,
    before_squared: f64,
    after_squared: f64,
    product: f64,
}

struct AutoregressionFit {
    mean: f64,
    deviation: f64,
    /// Without the constant −(n/2) ln 2π.
    log_likelihood: f64,
}

impl Autoregression {
    fn new(z: &[f64]) -> Self {
        let sum = |term: fn(f64, f64) -> f64| z.windows(2).map(|p| term(p[0], p[1])).sum::<f64>();
        Self {
            n: z.len() as f64,
            first: z[0],
            before: sum(|x, _| x),
            after: sum(|_, y| y),
            before_squared: sum(|x, _| x * x),
            after_squared: sum(|_, y| y * y),
            product: sum(|x, y| x * y),
        }
    }

    /// Best mean and scale for an autocorrelation: generalised least squares.
    fn at(&self, rho: f64) -> AutoregressionFit {
        let (start, slope) = (1.0 - rho * rho, 1.0 - rho);
        let drift = self.after - rho * self.before;
        let pairs = self.n - 1.0;
        let mean = (start * self.first + slope * drift) / (start + pairs * slope * slope);
        let rest = self.after_squared - 2.0 * rho * self.product + rho * rho * self.before_squared
            - 2.0 * slope * mean * drift
            + pairs * slope * slope * mean * mean;
        let variance = (start * (self.first - mean) * (self.first - mean) + rest) / self.n;
        let log_likelihood = -0.5 * self.n * (variance.ln() + 1.0) + 0.5 * start.ln();
        AutoregressionFit { mean, deviation: variance.sqrt(), log_likelihood }
    }

    /// A grid finds the hill, golden section its top.
    fn best(&self) -> f64 {
        let value = |rho: f64| self.at(rho).log_likelihood;
        let step = 0.02;
        let mut top = 0.0;
        for k in -49..=49 {
            let rho = f64::from(k) * step;
            if value(rho) > value(top) {
                top = rho;
            }
        }
        golden_section((top - step).max(-1.0 + 1e-12), (top + step).min(1.0 - 1e-12), |rho| -value(rho))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::streams::Streams;

    #[test]
    fn agrees_with_scipy() {
        // SciPy 1.17.1: Nelder-Mead to 1e-13 on the exact likelihood of the autoregression, chi2.sf.
        for (pit, [mean, deviation, autocorrelation], [statistic, p_value]) in golden() {
            let test = berkowitz(pit.view()).unwrap();
            for (got, want) in
                [(test.mean, mean), (test.standard_deviation, deviation), (test.autocorrelation, autocorrelation)]
            {
                // The likelihood is flat at its top: half the digits.
                assert!((got - want).abs() < 1e-6, "{got} against {want}");
            }
            assert!((test.statistic - statistic).abs() < 1e-9, "{}", test.statistic);
            assert!((test.p_value - p_value).abs() < 1e-9, "{}", test.p_value);
            assert_eq!((test.degrees_of_freedom, test.observations), (3.0, pit.len()));
        }
    }

    type Golden = (Array1<f64>, [f64; 3], [f64; 2]);

    fn golden() -> [Golden; 2] {
        [
            (
                array![0.62, 0.18, 0.71, 0.55, 0.93, 0.34, 0.07, 0.46, 0.81, 0.29, 0.66, 0.88],
                [0.113_436_320_5, 0.824_863_005_0, -0.093_310_838_1],
                [1.029_190_613_815_625_7, 0.794_189_177_248_141_3],
            ),
            (
                array![0.9, 0.85, 0.8, 0.7, 0.75, 0.6, 0.35, 0.3, 0.1, 0.2, 0.25, 0.15, 0.4, 0.55, 0.65, 0.5],
                [0.268_872_362_9, 0.409_131_388_8, 0.848_822_931_5],
                [20.075_009_806_142_85, 0.000_163_773_678_888_977_4],
            ),
        ]
    }

    #[test]
    fn tail_probabilities_agree_with_scipy() {
        // SciPy 1.17.1, chi2.sf(x, 3).
        for (x, beyond) in [
            (0.01, 0.999_734_834_941_344_4),
            (1.0, 0.801_251_956_901_200_9),
            (7.815, 0.049_993_902_974_883_875),
            (60.0, 5.878_230_727_906_921e-13),
        ] {
            assert!((chi_square_3_beyond(x) / beyond - 1.0).abs() < 1e-12, "{x}");
        }
        assert_eq!(chi_square_3_beyond(0.0), 1.0);
    }

    #[test]
    fn hostile_inputs_are_named() {
        let call = |pit: Array1<f64>| berkowitz(pit.view()).unwrap_err();
        assert_eq!(call(array![]), Error::Empty { name: "PIT" });
        assert!(matches!(call(array![0.5, f64::NAN]), Error::ElementOutOfDomain { name: "PIT", index: 1, .. }));
        for (impossible, expected) in [(0.0, "in (0, 1)"), (1.0, "in (0, 1)"), (1.5, "in [0, 1]"), (-0.5, "in [0, 1]")]
        {
            let named = Error::ElementOutOfDomain { name: "PIT", index: 1, expected, value: impossible };
            assert_eq!(call(array![0.5, impossible, 0.5, 0.4, 0.5]), named);
        }
        let few = Error::InsufficientData { name: NAME, required: 5, available: 4 };
        assert_eq!(call(array![0.4, 0.5, 0.6, 0.2]), few);
        assert_eq!(call(Array1::from_elem(5, 0.3)), Error::Undefined { name: NAME, reason: "the scores do not vary" });
        // As near to impossible as a number can be.
        assert!(berkowitz(array![f64::MIN_POSITIVE, 1.0 - f64::EPSILON, 0.5, 0.1, 0.2].view()).is_ok());
    }

    #[test]
    fn right_scores_are_rejected_as_often_as_the_test_says() {
        let z = Streams::new(19).standard_normals(1_000, 250);
        let rejected = z.rows().into_iter().filter(|row| {
            let pit = row.mapv(normal::cdf);
            berkowitz(pit.view()).unwrap().p_value < 0.05
        });
        // Binomial(1,000, 0.05): four standard errors are 2.8 %.
        let share = rejected.count() as f64 / 1_000.0;
        assert!((share - 0.05).abs() < 0.028, "{share}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn time_and_sign_may_be_reversed(pit in prop::collection::vec(0.001_f64..0.999, 6..40)) {
            let got = berkowitz(Array1::from(pit.clone()).view()).unwrap();
            let mirrored: Array1<f64> = pit.iter().rev().map(|u| 1.0 - u).collect();
            let other = berkowitz(mirrored.view()).unwrap();
            // The likelihood of a stationary autoregression reads the same backwards.
            prop_assert!((got.statistic - other.statistic).abs() < 1e-7 * got.statistic.max(1.0));
            prop_assert!(got.statistic >= 0.0 && (0.0..=1.0).contains(&got.p_value));
            prop_assert!(got.autocorrelation.abs() < 1.0 && got.standard_deviation > 0.0);
        }
    }
}
