use ndarray::{Array1, ArrayView1, Zip};

use super::representable;
use crate::{Confidence, Error, Result, check};

/// The interval score of central prediction intervals.
///
/// ```text
/// Sₜ = (uₜ − lₜ) + (2/α) (lₜ − yₜ)⁺ + (2/α) (yₜ − uₜ)⁺      α = 1 − coverage
/// ```
///
/// | argument   | shape  | unit                                                               |
/// |------------|--------|--------------------------------------------------------------------|
/// | `lower`    | `(T,)` | lower ends: the α/2 quantile of an honest forecaster               |
/// | `upper`    | `(T,)` | upper ends: the 1 − α/2 quantile                                   |
/// | `observed` | `(T,)` | what happened                                                      |
/// | `coverage` |        | share of outcomes that the intervals promise to hold               |
///
/// The result has shape `(T,)` and the unit of the outcome. It is the sum of the pinball losses of the two
/// ends times 2/α: narrow intervals are rewarded and misses pay for their distance.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not finite
///   and an upper end below its lower end.
/// - [`Error::Overflow`] when a score is too large.
///
/// # Source
/// Gneiting and Raftery (2007), equation 43.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, scores::interval_score};
/// use ndarray::array;
///
/// let coverage = Confidence::new(0.75)?;
/// let (lower, upper) = (array![0.0, 0.0], array![2.0, 2.0]);
/// let score = interval_score(lower.view(), upper.view(), array![1.0, 2.5].view(), coverage)?;
/// assert_eq!(score, array![2.0, 6.0]); // the width, and 8 times the miss of one half
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn interval_score(
    lower: ArrayView1<'_, f64>,
    upper: ArrayView1<'_, f64>,
    observed: ArrayView1<'_, f64>,
    coverage: Confidence,
) -> Result<Array1<f64>> {
    check::finite("observed", observed)?;
    ordered(lower, upper, observed.len())?;
    let penalty = 2.0 / coverage.tail();
    let scores = Zip::from(lower).and(upper).and(observed).map_collect(|&l, &u, &y| {
        // At most one of the two is above zero.
        let miss = (l - y).max(y - u).max(0.0);
        (u - l) + penalty * miss
    });
    representable("interval score", scores)
}

/// Refuses ends of intervals that are not finite, not as many as outcomes, or crossed.
pub(super) fn ordered(lower: ArrayView1<'_, f64>, upper: ArrayView1<'_, f64>, outcomes: usize) -> Result<()> {
    check::length("lower", outcomes, lower.len())?;
    check::finite("lower", lower)?;
    check::length("upper", outcomes, upper.len())?;
    check::finite("upper", upper)?;
    match lower.iter().zip(upper).position(|(l, u)| l > u) {
        None => Ok(()),
        Some(index) => {
            let expected = "at least the lower end";
            Err(Error::ElementOutOfDomain { name: "upper", index, expected, value: upper[index] })
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::scores::pinball_loss;
    use crate::streams::Streams;
    use crate::{moments, normal};

    #[test]
    fn by_hand() {
        let score = |y: f64| {
            interval_score(array![-1.0].view(), array![3.0].view(), array![y].view(), Confidence::new(0.5).unwrap())
                .unwrap()[0]
        };
        assert_eq!((score(-1.0), score(3.0), score(-2.0), score(4.5)), (4.0, 4.0, 8.0, 10.0));
    }

    #[test]
    fn hostile_inputs_are_named() {
        let two = array![1.0, 2.0];
        let call = |l: &Array1<f64>, u: &Array1<f64>, y: &Array1<f64>| {
            interval_score(l.view(), u.view(), y.view(), Confidence::P95).unwrap_err()
        };
        assert_eq!(call(&two, &two, &array![]), Error::Empty { name: "observed" });
        assert_eq!(call(&array![1.0], &two, &two), Error::LengthMismatch { name: "lower", expected: 2, got: 1 });
        assert_eq!(call(&two, &array![1.0], &two), Error::LengthMismatch { name: "upper", expected: 2, got: 1 });
        let nan = array![0.0, f64::NAN];
        let element =
            |e: Error, want: &str| matches!(e, Error::ElementOutOfDomain { name, index: 1, .. } if name == want);
        assert!(element(call(&nan, &two, &two), "lower"));
        assert!(element(call(&two, &nan, &two), "upper"));
        assert!(element(call(&two, &two, &nan), "observed"));
        assert!(element(call(&two, &array![1.0, 1.5], &two), "upper"));
        let far = array![f64::MAX, f64::MAX];
        assert_eq!(call(&(-&far), &far, &two), Error::Overflow { name: "interval score" });
    }

    #[test]
    fn the_true_interval_scores_best() {
        let drawn = Streams::new(5).standard_normals(20_000, 1);
        let score = |low: f64, high: f64| {
            let ends = |x: f64| Array1::from_elem(drawn.nrows(), x);
            let coverage = Confidence::new(0.9).unwrap();
            let scores = interval_score(ends(low).view(), ends(high).view(), drawn.column(0), coverage).unwrap();
            moments::mean(scores.view()).unwrap()
        };
        let z = normal::quantile(0.95).unwrap();
        for (low, high) in [(-z - 0.3, z + 0.3), (-z + 0.3, z - 0.3), (-z + 0.3, z + 0.3), (-z - 0.3, z)] {
            assert!(score(-z, z) < score(low, high), "{low} {high}");
        }
    }

    proptest! {
        #[test]
        fn is_two_pinball_losses(l in -2.0_f64..2.0, width in 0.0_f64..2.0, y in -4.0_f64..4.0, c in 0.1_f64..0.99) {
            let tail = 1.0 - c;
            let one = |x: f64| array![x];
            let u = l + width;
            let got = interval_score(one(l).view(), one(u).view(), one(y).view(), Confidence::new(c).unwrap()).unwrap()[0];
            let loss = |q: f64, p: f64| pinball_loss(one(q).view(), one(y).view(), p).unwrap()[0];
            let want = 2.0 / tail * (loss(l, 0.5 * tail) + loss(u, 1.0 - 0.5 * tail));
            prop_assert!((got - want).abs() < 1e-11 * want.max(1.0), "{} {}", got, want);
        }

        #[test]
        fn scores_scale_with_the_unit(l in -2.0_f64..2.0, width in 0.0_f64..2.0, y in -4.0_f64..4.0) {
            let score = |c: f64| {
                let u = c * (l + width);
                interval_score(array![c * l].view(), array![u].view(), array![c * y].view(), Confidence::P95).unwrap()[0]
            };
            prop_assert_eq!(score(1024.0), 1024.0 * score(1.0));
        }
    }
}
