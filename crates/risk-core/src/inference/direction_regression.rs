use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::autocovariance::Centred;
use super::{BartlettLags, DirectionCounts, StudentEstimate};
use crate::{Error, Result, check, sum};

const NAME: &str = "direction regression";

/// Whether directions that depend on those before them were predicted: [`direction_regression`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectionRegression {
    /// Share of right directions.
    pub hit_rate: f64,
    /// By how much a rise is more frequent after the prediction of one than after the prediction of a fall, b; its
    /// p-value is two-sided.
    pub slope: StudentEstimate,
    /// Chance of so high a slope over its error when the predictions say nothing; one-sided.
    pub p_value: f64,
    /// Autocovariances used.
    pub lags: usize,
    /// Number of predictions.
    pub observations: u64,
}

/// The test of Pesaran and Timmermann as a regression, with an error that allows for dependence in time.
///
/// ```text
/// 1{yₜ > 0} = a + b 1{fₜ > 0} + eₜ      b = P(rise | rise predicted) − P(rise | fall predicted)
/// V = γ₀ + 2 Σₖ₌₁ᴸ (1 − k/(L + 1)) γₖ of the terms (xₜ − x̄)(1{yₜ > 0} − ȳ)/(x̄ (1 − x̄)), whose mean is b
/// t = b/√(V/n)      xₜ = 1{fₜ > 0};  x̄, ȳ shares of predicted rises and of rises
/// ```
///
/// | argument   | shape  | meaning                                                                            |
/// |------------|--------|------------------------------------------------------------------------------------|
/// | `actual`   | `(n,)` | outcomes; up means above zero                                                      |
/// | `forecast` | `(n,)` | predictions of their direction; up means above zero                                |
/// | `lags`     |        | L; for outcomes over h periods from every period about 2(h − 1), as the weights fall |
///
/// [`pesaran_timmermann`](super::pesaran_timmermann) takes outcomes for independent. Where both the outcomes and the
/// predictions persist, as those over overlapping horizons do, it finds skill too often; this test stays near its level.
/// Without dependence the two agree for many observations. The error is that of the hypothesis, in which outcomes vary
/// about their mean: about the fitted line they need not vary at all where few predictions went one way, and a single
/// lucky one would be significant. The p-value is that of Student's t with the degrees of
/// freedom that the variance is worth, `min(n − 2, 1.5 n/(L + 1))`: a few long lags leave few of them.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not finite.
/// - [`Error::InsufficientData`] unless there are 3 predictions and more than lags.
/// - [`Error::Undefined`] when the predictions or the outcomes go one way only, and when the terms do not vary, as when
///   half of the outcomes are rises and every prediction is right.
///
/// # Source
/// Pesaran and Timmermann (2009), "Testing dependence among serially correlated multicategory variables", *Journal of
/// the American Statistical Association* 104, for the test as a regression and what dependence does to it; Newey and West
/// (1987); Blaskowitz and Herwartz (2014), "Testing the value of directional forecasts in the presence of serial
/// correlation"; Priestley (1981), table 6.2, for the degrees of freedom of a Bartlett variance.
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{BartlettLags, direction_regression};
/// use ndarray::array;
///
/// let actual = array![1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
/// let forecast = array![1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0];
/// let test = direction_regression(actual.view(), forecast.view(), BartlettLags::Fixed(0))?;
/// // Three of four rises came about, and one after four predictions of a fall.
/// assert!((test.slope.value - 0.5).abs() < 1e-15);
/// assert_eq!(test.hit_rate, 0.75);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn direction_regression(
    actual: ArrayView1<'_, f64>,
    forecast: ArrayView1<'_, f64>,
    lags: BartlettLags,
) -> Result<DirectionRegression> {
    let counts = DirectionCounts::of(actual, forecast)?;
    let count = actual.len();
    let lags = lags.count(count);
    check::enough(NAME, lags.saturating_add(1).max(3), count)?;
    let undefined = |reason| Err(Error::Undefined { name: NAME, reason });
    let DirectionCounts { up_predicted_up, up_predicted_down, down_predicted_up, down_predicted_down } = counts;
    let (predicted_up, predicted_down) = (up_predicted_up + down_predicted_up, up_predicted_down + down_predicted_down);
    if predicted_up == 0 || predicted_down == 0 {
        return undefined("every prediction is the same");
    }
    if up_predicted_up + up_predicted_down == 0 || down_predicted_up + down_predicted_down == 0 {
        return undefined("every outcome is the same");
    }
    let n = count as f64;
    let after_up = up_predicted_up as f64 / predicted_up as f64;
    let after_down = up_predicted_down as f64 / predicted_down as f64;
    let (share, rises) = (predicted_up as f64 / n, (up_predicted_up + up_predicted_down) as f64 / n);
    let terms: Array1<f64> = actual
        .iter()
        .zip(forecast)
        .map(|(&y, &f)| {
            let excess = f64::from(u8::from(y > 0.0)) - rises;
            // (x − x̄)/(x̄(1 − x̄)) is 1/x̄ after the prediction of a rise and −1/(1 − x̄) after that of a fall.
            if f > 0.0 { excess / share } else { -excess / (1.0 - share) }
        })
        .collect();
    let variance = Centred::new(terms.view()).bartlett(lags);
    // The kernel is positive semidefinite: what is not above rounding is zero.
    let spread = sum::mean(terms.mapv(|term| term * term).iter());
    let variance = if variance > 1e-12 * spread { variance } else { 0.0 };
    let degrees_of_freedom = (1.5 * n / (lags as f64 + 1.0)).min(n - 2.0);
    let slope = StudentEstimate::new(after_up - after_down, (variance / n).sqrt(), degrees_of_freedom)?;
    let outer = 0.5 * slope.p_value;
    Ok(DirectionRegression {
        hit_rate: (up_predicted_up + down_predicted_down) as f64 / n,
        slope,
        p_value: if slope.t_statistic > 0.0 { outer } else { 1.0 - outer },
        lags,
        observations: count as u64,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::inference::pesaran_timmermann;
    use crate::streams::Streams;

    fn series() -> [Array1<f64>; 2] {
        [
            array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7, 0.1, 1.6, -1.5, 0.2, 0.6, -0.3, 1.0, 0.4],
            array![0.1, -0.6, 0.5, -0.4, 0.3, 0.2, 1.1, -0.4, -0.2, 0.9, -0.2, 0.3, 0.1, 0.0, -0.6, 0.7],
        ]
    }

    #[test]
    fn agrees_with_statsmodels() {
        // statsmodels 0.15: OLS(y > 0, add_constant(f > 0)).fit().params[1]; with x and y the indicators less their means,
        // OLS(x * y / mean(x * x), ones).fit(cov_type="HAC", cov_kwds={"maxlags": L, "use_correction": False}).bse[0];
        // SciPy 1.17.1: t.sf(params[1]/bse[0], min(14, 24/(L + 1))).
        let [y, f] = series();
        for (lags, error, p_value) in GOLDEN {
            let got = direction_regression(y.view(), f.view(), BartlettLags::Fixed(lags)).unwrap();
            assert!((got.slope.value - 0.460_317_460_317_460_24).abs() < 1e-15);
            assert!((got.slope.standard_error - error).abs() < 1e-14, "{lags}: {}", got.slope.standard_error);
            assert!((got.p_value / p_value - 1.0).abs() < 1e-11, "{lags}: {}", got.p_value);
            assert_eq!((got.lags, got.observations, got.hit_rate), (lags, 16, 0.75));
        }
    }

    const GOLDEN: [(usize, f64, f64); 4] = [
        (0, 0.216333542387921, 0.0258014884720362),
        (1, 0.21198611778732773, 0.025331600432902918),
        (3, 0.17286973222189067, 0.01869202305779634),
        (6, 0.14726141058154818, 0.021794776400136665),
    ];

    /// Whether an autoregression of order one is above zero.
    fn persistent(rows: usize, coefficient: f64, seed: u64) -> [Array1<f64>; 2] {
        let z = Streams::new(seed).standard_normals(rows + 50, 2);
        [0, 1].map(|column| {
            let mut level = 0.0;
            let walk = z.column(column).mapv(|shock| {
                level = coefficient * level + shock;
                level
            });
            walk.iter().skip(50).copied().collect()
        })
    }

    /// Outcomes and predictions that persist and know nothing of each other.
    #[test]
    fn persistence_is_not_taken_for_skill() {
        let rounds = 1_000;
        let (mut robust, mut plain) = (0, 0);
        for seed in 0..rounds {
            let [y, f] = persistent(500, 0.8, 70_000 + seed);
            let test = direction_regression(y.view(), f.view(), BartlettLags::Fixed(20)).unwrap();
            let counts = DirectionCounts::of(y.view(), f.view()).unwrap();
            robust += usize::from(test.p_value <= 0.05);
            plain += usize::from(pesaran_timmermann(counts).unwrap().p_value <= 0.05);
        }
        // Binomial(1,000, 0.05): four standard errors are 2.8 %. The other test rejects a true hypothesis thrice as often.
        assert!(robust.abs_diff(50) <= 28 && plain > 120, "{robust} {plain}");
    }

    /// For many independent pairs the two tests are the same.
    #[test]
    fn without_dependence_it_is_the_test_of_1992() {
        let [y, f] = persistent(20_000, 0.0, 5);
        let f = &f + &(&y * 0.05);
        let regression = direction_regression(y.view(), f.view(), BartlettLags::Fixed(0)).unwrap();
        let counts = pesaran_timmermann(DirectionCounts::of(y.view(), f.view()).unwrap()).unwrap();
        assert!((regression.slope.t_statistic / counts.statistic - 1.0).abs() < 0.01);
        assert_eq!(regression.hit_rate, counts.hit_rate);
    }

    /// One fall was predicted, and it came about: that is luck, though nothing varies about the fitted line there.
    #[test]
    fn one_lucky_prediction_is_not_skill() {
        let y = Array1::from_shape_fn(25, |t| if t % 3 == 1 { -1.0 } else { 1.0 });
        let f = Array1::from_shape_fn(25, |t| if t == 1 { -1.0 } else { 1.0 });
        let test = direction_regression(y.view(), f.view(), BartlettLags::Fixed(0)).unwrap();
        // A fall came about in 8 of 25: whoever predicts one at random is right with probability 0.32.
        assert!(test.slope.value > 0.7 && test.p_value > 0.1, "{test:?}");
    }

    #[test]
    fn hostile_inputs_are_named() {
        let [y, f] = series();
        let call = |y: &Array1<f64>, f: &Array1<f64>, lags| {
            direction_regression(y.view(), f.view(), BartlettLags::Fixed(lags)).unwrap_err()
        };
        let undefined = |reason| Error::Undefined { name: NAME, reason };
        assert_eq!(call(&y, &Array1::ones(16), 0), undefined("every prediction is the same"));
        assert_eq!(call(&Array1::zeros(16), &f, 0), undefined("every outcome is the same"));
        // Eight rises of sixteen, all of them predicted: every term is 1.
        let halves = Array1::from_shape_fn(16, |t| if t < 8 { 1.0 } else { -1.0 });
        assert!(matches!(call(&halves, &halves, 0), Error::Undefined { .. }));
        let short = |required, available| Error::InsufficientData { name: NAME, required, available };
        assert_eq!(call(&y, &f, 16), short(17, 16));
        assert_eq!(call(&y, &f, usize::MAX), short(usize::MAX, 16));
        assert_eq!(call(&array![1.0, -1.0], &array![1.0, -1.0], 0), short(3, 2));
        assert_eq!(call(&array![], &array![], 0), Error::Empty { name: "actual" });
        assert!(matches!(call(&y, &array![1.0], 0), Error::LengthMismatch { name: "forecast", .. }));
        let mut nan = f.clone();
        nan[3] = f64::NAN;
        assert!(matches!(call(&y, &nan, 0), Error::ElementOutOfDomain { name: "forecast", index: 3, .. }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn reversing_every_prediction_changes_the_sign_alone(
            pairs in prop::collection::vec((-1.0_f64..1.0, -1.0_f64..1.0), 12..60), lags in 0_usize..5,
        ) {
            let (y, f): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (y, f) = (Array1::from(y), Array1::from(f));
            let call = |f: &Array1<f64>| direction_regression(y.view(), f.view(), BartlettLags::Fixed(lags));
            if let (Ok(test), Ok(reversed)) = (call(&f), call(&-&f)) {
                prop_assert!((test.slope.value + reversed.slope.value).abs() < 1e-12);
                prop_assert!((test.p_value + reversed.p_value - 1.0).abs() < 1e-6);
                prop_assert!((test.hit_rate + reversed.hit_rate - 1.0).abs() < 1e-12);
            }
        }
    }
}
