use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check, normal};

const NAME: &str = "Pesaran-Timmermann statistic";

/// How often each direction was predicted and came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectionCounts {
    /// Rose, as predicted.
    pub up_predicted_up: u64,
    /// Rose against the prediction.
    pub up_predicted_down: u64,
    /// Fell against the prediction.
    pub down_predicted_up: u64,
    /// Fell, as predicted.
    pub down_predicted_down: u64,
}

impl DirectionCounts {
    /// Counts the directions of `actual` against `forecast`, both of shape `(n,)`; up means above zero.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not
    /// finite.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::inference::DirectionCounts;
    /// use ndarray::array;
    ///
    /// let counts = DirectionCounts::of(array![0.1, 0.2, -0.1].view(), array![1.0, -1.0, -1.0].view())?;
    /// assert_eq!((counts.up_predicted_up, counts.up_predicted_down, counts.down_predicted_down), (1, 1, 1));
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn of(actual: ArrayView1<'_, f64>, forecast: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("actual", actual)?;
        check::length("forecast", actual.len(), forecast.len())?;
        check::finite("forecast", forecast)?;
        let mut counts =
            Self { up_predicted_up: 0, up_predicted_down: 0, down_predicted_up: 0, down_predicted_down: 0 };
        for (&y, &f) in actual.iter().zip(forecast) {
            let cell = match (y > 0.0, f > 0.0) {
                (true, true) => &mut counts.up_predicted_up,
                (true, false) => &mut counts.up_predicted_down,
                (false, true) => &mut counts.down_predicted_up,
                (false, false) => &mut counts.down_predicted_down,
            };
            *cell += 1;
        }
        Ok(counts)
    }
}

/// Whether directions were predicted better than by chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PesaranTimmermannTest {
    /// Share of right directions, P.
    pub hit_rate: f64,
    /// The share that independent guesses with the same frequencies would get right, P*.
    pub expected_hit_rate: f64,
    /// The share that predicting a rise every time would have got right.
    pub always_up_hit_rate: f64,
    /// Positive when the predictions are better than chance.
    pub statistic: f64,
    /// Chance of so high a statistic when predictions and outcomes are independent; one-sided, normal.
    pub p_value: f64,
    /// Number of predictions.
    pub observations: u64,
}

/// The test of Pesaran and Timmermann that predicted and actual directions are independent.
///
/// ```text
/// S = (P − P*)/√(V(P) − V(P*))      P* = p_y p_x + (1 − p_y)(1 − p_x)      V(P) = P*(1 − P*)/n
/// V(P*) = [(2p_y − 1)² p_x(1 − p_x) + (2p_x − 1)² p_y(1 − p_y)]/n + 4 p_y p_x (1 − p_y)(1 − p_x)/n²
/// ```
///
/// `p_y` is the share of rises and `p_x` the share of predicted rises. A high hit rate alone says little:
/// an index that rises on most days gives one to whoever always says "up", for whom the test is undefined.
/// The predictions are taken for independent; of overlapping ones take those that are not, or
/// [`direction_regression`](super::direction_regression).
///
/// # Errors
/// - [`Error::Empty`] when there are no predictions.
/// - [`Error::Undefined`] when the predictions or the outcomes go one way only.
///
/// # Source
/// Pesaran and Timmermann (1992), "A simple nonparametric test of predictive performance".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{DirectionCounts, pesaran_timmermann};
///
/// let counts = DirectionCounts { up_predicted_up: 2, up_predicted_down: 1, down_predicted_up: 1, down_predicted_down: 2 };
/// let test = pesaran_timmermann(counts)?;
/// assert_eq!(test.expected_hit_rate, 0.5);
/// assert!(test.statistic > 0.0 && test.p_value < 0.5);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn pesaran_timmermann(counts: DirectionCounts) -> Result<PesaranTimmermannTest> {
    let DirectionCounts { up_predicted_up, up_predicted_down, down_predicted_up, down_predicted_down } = counts;
    let sum = |a: u64, b: u64| a.checked_add(b).ok_or(Error::Overflow { name: "number of predictions" });
    let (ups, downs) = (sum(up_predicted_up, up_predicted_down)?, sum(down_predicted_up, down_predicted_down)?);
    let (predicted_ups, predicted_downs) =
        (sum(up_predicted_up, down_predicted_up)?, sum(up_predicted_down, down_predicted_down)?);
    let observations = sum(ups, downs)?;
    let undefined = |reason| Err(Error::Undefined { name: NAME, reason });
    if observations == 0 {
        return Err(Error::Empty { name: "predictions" });
    }
    if predicted_ups == 0 || predicted_downs == 0 {
        return undefined("every prediction is the same");
    }
    if ups == 0 || downs == 0 {
        return undefined("every outcome is the same");
    }
    let n = observations as f64;
    let share = |count: u64| count as f64 / n;
    let hit_rate = share(sum(up_predicted_up, down_predicted_down)?);
    let expected_hit_rate = share(ups) * share(predicted_ups) + share(downs) * share(predicted_downs);
    // V(P) − V(P*) multiplied out: the difference of the two cancels badly when the shares are extreme.
    let variance =
        4.0 * share(ups) * share(downs) * share(predicted_ups) * share(predicted_downs) * (n - 1.0) / (n * n);
    // P − P* likewise, as twice the covariance of the two directions.
    let excess = 2.0
        * (share(up_predicted_up) * share(down_predicted_down) - share(up_predicted_down) * share(down_predicted_up));
    let statistic = excess / variance.sqrt();
    Ok(PesaranTimmermannTest {
        hit_rate,
        expected_hit_rate,
        always_up_hit_rate: share(ups),
        statistic,
        p_value: normal::cdf(-statistic),
        observations,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn table([[uu, ud], [du, dd]]: [[u64; 2]; 2]) -> DirectionCounts {
        DirectionCounts { up_predicted_up: uu, up_predicted_down: ud, down_predicted_up: du, down_predicted_down: dd }
    }

    #[test]
    fn agrees_with_the_printed_formula_in_high_precision() {
        // mpmath 1.3, 40 digits: V(P) and V(P*) as printed, not multiplied out.
        for (counts, statistic, p_value) in GOLDEN {
            let got = pesaran_timmermann(table(counts)).unwrap();
            assert!((got.statistic / statistic - 1.0).abs() < 2e-15, "{}", got.statistic);
            assert!((got.p_value / p_value - 1.0).abs() < 1e-13, "{}", got.p_value);
        }
    }

    const GOLDEN: [([[u64; 2]; 2], f64, f64); 3] = [
        ([[40, 15], [12, 33]], 4.609_749_882_267_66, 2.015_768_505_730_678e-6),
        ([[7, 9], [11, 5]], -1.448_201_031_044_545_4, 0.926_219_581_833_496_2),
        ([[9_000, 3], [40, 2]], 13.007_933_892_815_165, 5.514_182_854_367_266e-39),
    ];

    #[test]
    fn shares_are_those_of_the_table() {
        let got = pesaran_timmermann(table([[40, 15], [12, 33]])).unwrap();
        assert_eq!((got.hit_rate, got.always_up_hit_rate, got.observations), (0.73, 0.55, 100));
        assert!((got.expected_hit_rate - (0.55 * 0.52 + 0.45 * 0.48)).abs() < 1e-16);
    }

    #[test]
    fn one_sided_tables_are_undefined() {
        for (counts, reason) in [
            ([[3, 0], [2, 0]], "every prediction is the same"),
            ([[0, 3], [0, 2]], "every prediction is the same"),
            ([[3, 2], [0, 0]], "every outcome is the same"),
            ([[0, 0], [3, 2]], "every outcome is the same"),
            ([[1, 0], [0, 0]], "every prediction is the same"),
        ] {
            assert_eq!(pesaran_timmermann(table(counts)), Err(Error::Undefined { name: NAME, reason }), "{counts:?}");
        }
        assert_eq!(pesaran_timmermann(table([[0, 0], [0, 0]])), Err(Error::Empty { name: "predictions" }));
        let overflow = Err(Error::Overflow { name: "number of predictions" });
        assert_eq!(pesaran_timmermann(table([[u64::MAX, 1], [1, 1]])), overflow);
        assert_eq!(pesaran_timmermann(table([[u64::MAX / 2, 1], [1, u64::MAX / 2]])), overflow);
    }

    #[test]
    fn zero_counts_as_not_up() {
        let actual = array![0.1, 0.1, 0.0, -0.1, 0.2, 0.0];
        let forecast = array![1.0, 0.0, 1.0, -1.0, 2.0, 0.0];
        let got = DirectionCounts::of(actual.view(), forecast.view()).unwrap();
        assert_eq!(got, table([[2, 1], [1, 2]]));
    }

    #[test]
    fn hostile_series_are_named() {
        let call = |y: Array1<f64>, f: Array1<f64>| DirectionCounts::of(y.view(), f.view()).unwrap_err();
        assert_eq!(call(array![], array![]), Error::Empty { name: "actual" });
        assert_eq!(call(array![1.0], array![]), Error::LengthMismatch { name: "forecast", expected: 1, got: 0 });
        assert!(matches!(call(array![f64::NAN], array![1.0]), Error::ElementOutOfDomain { name: "actual", .. }));
        assert!(matches!(call(array![1.0], array![f64::NAN]), Error::ElementOutOfDomain { name: "forecast", .. }));
    }

    proptest! {
        #[test]
        fn reversing_every_prediction_changes_the_sign_alone(uu in 1_u64..50, ud in 1_u64..50, du in 1_u64..50, dd in 1_u64..50) {
            let test = pesaran_timmermann(table([[uu, ud], [du, dd]])).unwrap();
            let reversed = pesaran_timmermann(table([[ud, uu], [dd, du]])).unwrap();
            prop_assert!((test.statistic + reversed.statistic).abs() < 1e-12);
            prop_assert!((test.hit_rate + reversed.hit_rate - 1.0).abs() < 1e-15);
            prop_assert!((test.p_value + reversed.p_value - 1.0).abs() < 1e-12);
            let excess = test.hit_rate - test.expected_hit_rate;
            prop_assert!(excess.abs() < 1e-12 || excess.signum() == test.statistic.signum());
        }
    }
}
