use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::autocovariance::Centred;
use super::point_loss::{self, PointLoss};
use crate::{Error, Result, check};

const NAME: &str = "Diebold-Mariano statistic";

/// The correction of the statistic for a short sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmallSample {
    /// None: the statistic of Diebold and Mariano (1995).
    None,
    /// The factor `√((n + 1 − 2h + h(h−1)/n)/n)` of Harvey, Leybourne and Newbold (1997).
    #[default]
    HarveyLeybourneNewbold,
}

/// Which sum of autocovariances became the variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VarianceKernel {
    /// Equal weights up to lag h − 1, as the errors of optimal h-step forecasts call for.
    Rectangular,
    /// Weights `1 − k/h`, because equal weights gave no positive variance.
    Bartlett,
}

/// The test of Diebold and Mariano that two forecasters lose equally on average.
///
/// ```text
/// dₜ = Lₜ(a) − Lₜ(b)      S = d̄ / √(V/n)      V = γ₀ + 2 Σₖ₌₁ʰ⁻¹ γₖ,  γₖ with divisor n
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `horizon` | 1 | periods h that a forecast looks ahead; below the number of observations |
/// | `small_sample` | Harvey, Leybourne and Newbold | factor on the statistic |
///
/// The p-value is two-sided from Student's t with n − 1 degrees of freedom. Where V is not positive the
/// Bartlett weights `1 − k/h` replace the equal ones, and the result says so. Nested models need another
/// test (Clark and West 2007).
///
/// # Source
/// Diebold and Mariano (1995), "Comparing predictive accuracy"; Harvey, Leybourne and Newbold (1997).
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::DieboldMariano;
/// use ndarray::array;
///
/// let a = array![1.0, 2.0, 3.0, 2.0];
/// let b = array![2.0, 4.0, 4.0, 4.0];
/// let test = DieboldMariano::default().compare(a.view(), b.view())?;
/// // d̄ = −3/2, γ₀ = 1/4, factor √(3/4): −(3/2)/√(1/16) · √(3/4).
/// assert!((test.statistic + 6.0 * 0.75_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DieboldMariano {
    /// Periods that a forecast looks ahead.
    pub horizon: usize,
    /// The correction for a short sample.
    pub small_sample: SmallSample,
}

impl Default for DieboldMariano {
    fn default() -> Self {
        Self { horizon: 1, small_sample: SmallSample::default() }
    }
}

/// What the test of Diebold and Mariano found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DieboldMarianoTest {
    /// Negative when the first forecaster loses less.
    pub statistic: f64,
    /// Two-sided; half of it is the one-sided value on the side of the statistic.
    pub p_value: f64,
    /// Mean loss of the first less that of the second.
    pub mean_differential: f64,
    /// Long-run variance of one loss differential.
    pub variance: f64,
    /// How the variance came about.
    pub kernel: VarianceKernel,
    /// Number of losses compared.
    pub observations: usize,
    /// Degrees of freedom of the t distribution.
    pub degrees_of_freedom: usize,
}

impl DieboldMariano {
    /// With another number of periods ahead.
    #[must_use]
    pub fn with_horizon(mut self, horizon: usize) -> Self {
        self.horizon = horizon;
        self
    }

    /// With another correction for a short sample.
    #[must_use]
    pub fn with_small_sample(mut self, small_sample: SmallSample) -> Self {
        self.small_sample = small_sample;
        self
    }

    /// Compares two vectors of losses, both of shape `(n,)`, such as those of [`scores`](crate::scores).
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a loss that is
    ///   not finite.
    /// - [`Error::OutOfDomain`] for a horizon of 0.
    /// - [`Error::InsufficientData`] unless there are more observations than the horizon has periods.
    /// - [`Error::Undefined`] when the losses differ by a constant, as identical forecasts do.
    /// - [`Error::Overflow`] when the variance is too large.
    pub fn compare(&self, losses_a: ArrayView1<'_, f64>, losses_b: ArrayView1<'_, f64>) -> Result<DieboldMarianoTest> {
        check::finite("losses_a", losses_a)?;
        check::length("losses_b", losses_a.len(), losses_b.len())?;
        check::finite("losses_b", losses_b)?;
        if self.horizon == 0 {
            return Err(Error::OutOfDomain { name: "horizon", expected: "at least 1", value: 0.0 });
        }
        let n = losses_a.len();
        check::enough(NAME, self.horizon.saturating_add(1), n)?;
        let differential = &losses_a - &losses_b;
        let centred = Centred::new(differential.view());
        let size = losses_a.iter().chain(losses_b).fold(0.0_f64, |size, loss| size.max(loss.abs()));
        let (variance, kernel) = self.variance(&centred, size)?;
        let statistic = self.factor(n) * centred.mean / (variance / n as f64).sqrt();
        let degrees_of_freedom = n - 1;
        Ok(DieboldMarianoTest {
            statistic,
            p_value: two_sided_t(statistic, degrees_of_freedom as f64),
            mean_differential: centred.mean,
            variance,
            kernel,
            observations: n,
            degrees_of_freedom,
        })
    }

    /// Compares two vectors of point forecasts by what their errors cost; all shapes `(n,)`.
    ///
    /// # Errors
    /// Those of [`compare`](Self::compare) and of [`point_losses`](super::point_losses).
    pub fn compare_forecasts(
        &self,
        actual: ArrayView1<'_, f64>,
        forecast_a: ArrayView1<'_, f64>,
        forecast_b: ArrayView1<'_, f64>,
        loss: PointLoss,
    ) -> Result<DieboldMarianoTest> {
        let a = point_loss::losses(actual, "forecast_a", forecast_a, loss)?;
        let b = point_loss::losses(actual, "forecast_b", forecast_b, loss)?;
        self.compare(a.view(), b.view())
    }

    fn variance(&self, centred: &Centred, size: f64) -> Result<(f64, VarianceKernel)> {
        let spread = centred.autocovariance(0);
        if !spread.is_finite() {
            return Err(Error::Overflow { name: NAME });
        }
        // Losses a constant apart differ by rounding of their own size, which is no variance.
        let rounding = 4.0 * f64::EPSILON * size;
        if spread.sqrt() <= rounding {
            return Err(Error::Undefined { name: NAME, reason: "the losses differ by a constant" });
        }
        let lags = self.horizon - 1;
        let kernels = [
            (centred.weighted(lags, |_| 1.0), VarianceKernel::Rectangular),
            (centred.bartlett(lags), VarianceKernel::Bartlett),
        ];
        // Neither exceeds n·γ₀, so what is finite above stays finite here.
        let found = kernels.into_iter().find(|(variance, _)| *variance > 1e-12 * spread);
        found.ok_or(Error::Undefined { name: NAME, reason: "its variance is not positive" })
    }

    fn factor(&self, n: usize) -> f64 {
        let (n, h) = (n as f64, self.horizon as f64);
        match self.small_sample {
            SmallSample::None => 1.0,
            SmallSample::HarveyLeybourneNewbold => ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt(),
        }
    }
}

/// `P(|T| ≥ |t|)`, accurate relative to its own size in the tail.
fn two_sided_t(t: f64, degrees_of_freedom: f64) -> f64 {
    beta_reg(0.5 * degrees_of_freedom, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn actual() -> Array1<f64> {
        array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7, 0.1, 1.6, -1.5, 0.2, 0.6, -0.3, 1.0, 0.4]
    }

    fn forecast_a() -> Array1<f64> {
        array![0.1, -0.6, 0.5, 0.4, 0.3, 0.2, 1.1, 0.4, -0.2, 0.9, -0.2, 0.3, 0.1, 0.0, 0.6, 0.7]
    }

    fn forecast_b() -> Array1<f64> {
        array![-0.5, 0.3, 1.4, 0.2, -1.1, 0.0, 0.7, 0.2, 0.9, 0.1, -0.4, -0.8, 0.2, 0.5, -0.1, 0.9]
    }

    #[test]
    fn agrees_with_the_formula_in_high_precision() {
        // mpmath 1.3, 40 digits: the sums spelled out, the p-value by the regularised incomplete beta
        // function. A dozen operations of rounding on the statistic, ten times that on the p-value.
        for (horizon, small_sample, loss, statistic, p_value) in GOLDEN {
            let test = DieboldMariano::default().with_horizon(horizon).with_small_sample(small_sample);
            let got = test.compare_forecasts(actual().view(), forecast_a().view(), forecast_b().view(), loss).unwrap();
            assert!((got.statistic - statistic).abs() < 1e-14 * statistic.abs() * 2.0, "{horizon}: {}", got.statistic);
            assert!((got.p_value - p_value).abs() < 1e-13, "{horizon}: {}", got.p_value);
            assert_eq!(got.kernel, VarianceKernel::Rectangular);
            assert_eq!((got.observations, got.degrees_of_freedom), (16, 15));
        }
    }

    const HLN: SmallSample = SmallSample::HarveyLeybourneNewbold;
    const GOLDEN: [(usize, SmallSample, PointLoss, f64, f64); 4] = [
        (1, SmallSample::None, PointLoss::Squared, -3.206_227_392_596_531, 0.005_888_289_150_969_407),
        (1, HLN, PointLoss::Absolute, -3.864_665_839_008_055, 0.001_527_489_124_778_766),
        (2, HLN, PointLoss::Squared, -5.820_955_734_902_027, 3.368_916_457_862_798e-5),
        (3, HLN, PointLoss::FourthPower, -9.375_899_051_747_247, 1.158_609_870_044_556e-7),
    ];

    #[test]
    fn tail_probabilities_of_student_keep_their_relative_accuracy() {
        // mpmath 1.3, 40 digits, regularised incomplete beta function; SciPy 1.17 agrees to 15 digits.
        for (t, df, want) in T_GOLDEN {
            assert!((two_sided_t(t, df) / want - 1.0).abs() < 1e-11, "{t} {df}: {}", two_sided_t(t, df));
            assert_eq!(two_sided_t(-t, df), two_sided_t(t, df));
        }
        assert_eq!(two_sided_t(0.0, 5.0), 1.0);
        assert_eq!(two_sided_t(1e200, 5.0), 0.0);
    }

    const T_GOLDEN: [(f64, f64, f64); 4] = [
        (0.5, 1.0, 0.704_832_764_699_133_5),
        (2.5, 15.0, 0.024_505_803_246_513_845),
        (8.0, 99.0, 2.400_303_821_056_868e-12),
        (3.0, 5_999.0, 0.002_710_889_629_691_751),
    ];

    #[test]
    fn an_alternating_differential_falls_back_on_bartlett() {
        // d alternates 2, 0: γ₀ = 1, γ₁ = −7/8, so γ₀ + 2γ₁ = −3/4 but γ₀ + γ₁ = 1/8.
        let a = array![2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0];
        let test = DieboldMariano::default().with_horizon(2).with_small_sample(SmallSample::None);
        let got = test.compare(a.view(), Array1::zeros(8).view()).unwrap();
        assert_eq!(got.kernel, VarianceKernel::Bartlett);
        assert!((got.variance - 0.125).abs() < 1e-15);
        assert!((got.statistic - 8.0).abs() < 1e-13); // 1/√(1/64)
    }

    #[test]
    fn losses_a_constant_apart_have_no_statistic() {
        let a = array![0.31, 0.17, 0.93, 0.44];
        let undefined = Error::Undefined { name: NAME, reason: "the losses differ by a constant" };
        let compare = |b: Array1<f64>| DieboldMariano::default().compare(a.view(), b.view());
        assert_eq!(compare(a.clone()), Err(undefined.clone()));
        assert_eq!(compare(&a + 0.1), Err(undefined.clone()));
        // Rounding of losses of this size, and one step more.
        let offset = |ulps: f64| array![1.0, 1.0 - ulps * f64::EPSILON];
        let rounded = |ulps| DieboldMariano::default().compare(offset(ulps).view(), array![1.0, 1.0].view());
        assert_eq!(rounded(8.0), Err(undefined));
        assert!(rounded(9.0).is_ok());
    }

    #[test]
    fn a_horizon_as_long_as_the_sample_is_refused() {
        let (a, b) = (array![1.0, 2.0, 4.0], array![0.0, 3.0, 1.0]);
        let test = |horizon| DieboldMariano::default().with_horizon(horizon).compare(a.view(), b.view());
        let short = |required| Err(Error::InsufficientData { name: NAME, required, available: 3 });
        assert_eq!(test(0), Err(Error::OutOfDomain { name: "horizon", expected: "at least 1", value: 0.0 }));
        assert_eq!(test(3), short(4));
        assert_eq!(test(usize::MAX), short(usize::MAX));
        assert!(test(2).is_ok());
    }

    #[test]
    fn hostile_inputs_are_named() {
        let two = array![1.0, 2.0];
        let call =
            |a: &Array1<f64>, b: &Array1<f64>| DieboldMariano::default().compare(a.view(), b.view()).unwrap_err();
        assert_eq!(call(&array![], &two), Error::Empty { name: "losses_a" });
        assert_eq!(call(&two, &array![1.0]), Error::LengthMismatch { name: "losses_b", expected: 2, got: 1 });
        let bad = array![0.0, f64::NAN];
        assert!(matches!(call(&bad, &two), Error::ElementOutOfDomain { name: "losses_a", index: 1, .. }));
        assert!(matches!(call(&two, &bad), Error::ElementOutOfDomain { name: "losses_b", index: 1, .. }));
        assert_eq!(call(&array![1e200, 0.0], &two), Error::Overflow { name: NAME });
        assert_eq!(call(&array![f64::MAX, 0.0], &array![-f64::MAX, 0.0]), Error::Overflow { name: NAME });
        let point = |a: &Array1<f64>, b: &Array1<f64>| {
            let test = DieboldMariano::default();
            test.compare_forecasts(two.view(), a.view(), b.view(), PointLoss::Squared).unwrap_err()
        };
        assert!(matches!(point(&bad, &two), Error::ElementOutOfDomain { name: "forecast_a", index: 1, .. }));
        assert!(matches!(point(&two, &bad), Error::ElementOutOfDomain { name: "forecast_b", index: 1, .. }));
    }

    #[test]
    fn results_round_trip() {
        let got = DieboldMariano::default().compare(actual().view(), forecast_a().view()).unwrap();
        let text = serde_json::to_string(&got).unwrap();
        assert_eq!(serde_json::from_str::<DieboldMarianoTest>(&text).unwrap(), got);
    }

    #[test]
    fn settings_round_trip_and_fill_in_defaults() {
        let test = DieboldMariano::default().with_horizon(3).with_small_sample(SmallSample::None);
        let text = serde_json::to_string(&test).unwrap();
        assert_eq!(text, r#"{"horizon":3,"small_sample":"none"}"#);
        assert_eq!(serde_json::from_str::<DieboldMariano>(&text).unwrap(), test);
        assert_eq!(serde_json::from_str::<DieboldMariano>("{}").unwrap(), DieboldMariano::default());
    }

    proptest! {
        #[test]
        fn exchanging_the_forecasters_changes_the_sign_alone(
            pairs in prop::collection::vec((0.0_f64..1.0, 0.0_f64..1.0), 10..40), horizon in 1_usize..4, unit in 0.1_f64..10.0,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (a, b) = (Array1::from(a), Array1::from(b));
            let test = DieboldMariano::default().with_horizon(horizon);
            let forward = test.compare(a.view(), b.view()).unwrap();
            let backward = test.compare(b.view(), a.view()).unwrap();
            prop_assert!((forward.statistic + backward.statistic).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&forward.p_value));
            prop_assert!(forward.statistic * forward.mean_differential >= 0.0);
            let scaled = test.compare((&a * unit).view(), (&b * unit).view()).unwrap();
            prop_assert!((scaled.statistic - forward.statistic).abs() < 1e-9 * forward.statistic.abs().max(1.0));
        }
    }
}
