//! A smile through every quote.

use serde::{Deserialize, Serialize};

use super::{VariancePoint, check};
use crate::{Error, Result};

/// Fewest knots of a spline.
const KNOTS: usize = 3;

/// Total variance as a natural cubic spline in log-moneyness, with straight wings.
///
/// A wing goes on with the slope of its end while total variance grows outwards; where it would fall, and in the end
/// be negative, the wing is flat. The kink that this leaves is convex, so it adds no butterfly arbitrage.
///
/// # Examples
/// ```
/// use alluse_instruments::surface::SplineSmile;
///
/// let smile = SplineSmile::new(vec![-0.2, 0.0, 0.2], vec![0.06, 0.04, 0.05])?;
/// assert!((smile.total_variance(0.0) - 0.04).abs() < 1e-15);
/// let (low, high) = smile.wing_slopes();
/// assert!((smile.total_variance(-1.2) - (0.06 + low)).abs() < 1e-15);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Knots", into = "Knots")]
pub struct SplineSmile {
    knots: Knots,
    /// `d²w/dk²` at each knot.
    curvatures: Vec<f64>,
}

/// The stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Knots {
    log_moneyness: Vec<f64>,
    total_variance: Vec<f64>,
}

impl SplineSmile {
    /// # Errors
    /// - `LengthMismatch` or `InsufficientData` unless there are as many variances as strikes, at least 3.
    /// - `NotIncreasing` unless the log-moneyness increases; `ElementOutOfDomain` for one that is not finite or a
    ///   variance that is not positive.
    /// - `OutOfDomain` when the curve dips to 0 or below between the knots.
    pub fn new(log_moneyness: Vec<f64>, total_variance: Vec<f64>) -> Result<Self> {
        check::length("total variances", log_moneyness.len(), total_variance.len())?;
        check::enough("knots of a spline", KNOTS, log_moneyness.len())?;
        check::all_finite("log-moneyness", &log_moneyness)?;
        check::increasing("log-moneyness", &log_moneyness)?;
        check::all_positive("total variances", &total_variance)?;
        let curvatures = natural_curvatures(&log_moneyness, &total_variance);
        check::all_finite("spline curvatures", &curvatures)?;
        let spline = Self { knots: Knots { log_moneyness, total_variance }, curvatures };
        let smallest = spline.smallest_variance();
        check::positive("smallest total variance", smallest)?;
        Ok(spline)
    }

    /// The log-moneyness of the knots.
    #[must_use]
    pub fn log_moneyness(&self) -> &[f64] {
        &self.knots.log_moneyness
    }

    /// Total variance.
    #[must_use]
    pub fn total_variance(&self, log_moneyness: f64) -> f64 {
        self.at(log_moneyness).variance
    }

    /// Total variance and its derivatives.
    #[must_use]
    pub fn at(&self, log_moneyness: f64) -> VariancePoint {
        let Knots { log_moneyness: k, total_variance: w } = &self.knots;
        let last = k.len() - 1;
        let (low, high) = self.wing_slopes();
        if log_moneyness < k[0] {
            return VariancePoint { variance: w[0] + low * (k[0] - log_moneyness), slope: -low, curvature: 0.0 };
        }
        if log_moneyness > k[last] {
            return VariancePoint { variance: w[last] + high * (log_moneyness - k[last]), slope: high, curvature: 0.0 };
        }
        let piece = k.partition_point(|knot| *knot <= log_moneyness).clamp(1, last) - 1;
        self.piece(piece, log_moneyness)
    }

    /// Slopes of the low and the high wing, outwards; at least 0.
    #[must_use]
    pub fn wing_slopes(&self) -> (f64, f64) {
        let k = &self.knots.log_moneyness;
        let last = k.len() - 1;
        (-self.piece(0, k[0]).slope.min(0.0), self.piece(last - 1, k[last]).slope.max(0.0))
    }

    fn piece(&self, left: usize, log_moneyness: f64) -> VariancePoint {
        let Knots { log_moneyness: k, total_variance: w } = &self.knots;
        let (m0, m1) = (self.curvatures[left], self.curvatures[left + 1]);
        let h = k[left + 1] - k[left];
        let (a, b) = ((k[left + 1] - log_moneyness) / h, (log_moneyness - k[left]) / h);
        let sixth = h * h / 6.0;
        VariancePoint {
            variance: a * w[left] + b * w[left + 1] + sixth * ((a * a * a - a) * m0 + (b * b * b - b) * m1),
            slope: (w[left + 1] - w[left]) / h + h / 6.0 * ((3.0 * b * b - 1.0) * m1 - (3.0 * a * a - 1.0) * m0),
            curvature: a * m0 + b * m1,
        }
    }

    /// The lowest of the knots and of the turning points between them.
    fn smallest_variance(&self) -> f64 {
        let knots = self.knots.total_variance.iter().copied().fold(f64::INFINITY, f64::min);
        let pieces = 0..self.curvatures.len() - 1;
        pieces.flat_map(|left| self.turning_points(left)).map(|k| self.total_variance(k)).fold(knots, f64::min)
    }

    /// Where the slope of a piece vanishes: a quadratic in the place.
    fn turning_points(&self, left: usize) -> Vec<f64> {
        let k = &self.knots.log_moneyness;
        let h = k[left + 1] - k[left];
        let start = self.piece(left, k[left]);
        let (c, b) = (start.slope, start.curvature);
        let a = 0.5 * (self.curvatures[left + 1] - self.curvatures[left]) / h;
        let discriminant = b * b - 4.0 * a * c;
        if discriminant < 0.0 {
            return Vec::new();
        }
        // The form without cancellation; a division by 0 is infinite or NaN and so not inside.
        let q = -0.5 * (b + discriminant.sqrt().copysign(b));
        [q / a, c / q].into_iter().filter(|x| *x > 0.0 && *x < h).map(|x| k[left] + x).collect()
    }
}

/// Second derivatives of the natural spline: a tridiagonal system.
fn natural_curvatures(k: &[f64], w: &[f64]) -> Vec<f64> {
    let n = k.len();
    let mut curvatures = vec![0.0; n];
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for i in 1..n - 1 {
        let (before, after) = (k[i] - k[i - 1], k[i + 1] - k[i]);
        let jump = (w[i + 1] - w[i]) / after - (w[i] - w[i - 1]) / before;
        let pivot = 2.0 * (before + after) - before * upper[i - 1];
        upper[i] = after / pivot;
        right[i] = (6.0 * jump - before * right[i - 1]) / pivot;
    }
    for i in (1..n - 1).rev() {
        curvatures[i] = right[i] - upper[i] * curvatures[i + 1];
    }
    curvatures
}

impl TryFrom<Knots> for SplineSmile {
    type Error = Error;

    fn try_from(Knots { log_moneyness, total_variance }: Knots) -> Result<Self> {
        Self::new(log_moneyness, total_variance)
    }
}

impl From<SplineSmile> for Knots {
    fn from(smile: SplineSmile) -> Self {
        smile.knots
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Error as Input;
    use proptest::prelude::*;

    use super::*;

    const SCIPY: [(f64, f64, f64, f64); 3] = [
        (-0.22, 0.07446812903225808, -0.1868537634408602, 0.27354838709677365),
        (0.05, 0.04176058467741935, -0.053531586021505366, 0.4770161290322578),
        (0.2, 0.04, 0.036075268817204305, 0.717741935483871),
    ];

    #[test]
    fn one_wrong_thing_at_a_time() {
        type Check = fn(&Input) -> bool;
        let cases: [(&[f64], &[f64], Check); 7] = [
            (&[0.0, 0.1, 0.2], &[0.1, 0.1], |e| matches!(e, Input::LengthMismatch { .. })),
            (&[0.0, 0.1], &[0.1, 0.1], |e| matches!(e, Input::InsufficientData { required: 3, available: 2, .. })),
            (&[0.0, 0.1, 0.1], &[0.1, 0.1, 0.1], |e| matches!(e, Input::NotIncreasing { index: 2, .. })),
            (&[0.0, f64::NAN, 0.1], &[0.1, 0.1, 0.1], |e| matches!(e, Input::ElementOutOfDomain { index: 1, .. })),
            (&[0.0, 0.1, 0.2], &[0.1, 0.0, 0.1], |e| matches!(e, Input::ElementOutOfDomain { index: 1, .. })),
            (&[0.0, 0.1, 0.2], &[0.1, f64::INFINITY, 0.1], |e| matches!(e, Input::ElementOutOfDomain { .. })),
            // Between two low knots the curve from the high ones swings below zero.
            (&[0.0, 0.1, 0.2, 0.3], &[1.0, 0.001, 0.001, 1.0], |e| {
                matches!(e, Input::OutOfDomain { name: "smallest total variance", .. })
            }),
        ];
        for (k, w, right) in cases {
            match SplineSmile::new(k.to_vec(), w.to_vec()) {
                Err(Error::Input(error)) => assert!(right(&error), "{k:?} {w:?}: {error}"),
                other => panic!("{k:?} {w:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_stored_form_is_checked() {
        let smile = SplineSmile::new(vec![-0.2, 0.0, 0.2], vec![0.06, 0.04, 0.05]).unwrap();
        let text = serde_json::to_string(&smile).unwrap();
        assert_eq!(serde_json::from_str::<SplineSmile>(&text).unwrap(), smile);
        assert!(serde_json::from_str::<SplineSmile>(&text.replace("0.04", "-0.04")).is_err());
    }

    #[test]
    fn scipy_agrees_on_a_natural_spline() {
        // scipy 1.17.1: CubicSpline([-0.3, -0.1, 0.0, 0.2, 0.3], [0.09, 0.055, 0.045, 0.04, 0.046],
        // bc_type="natural") and its derivatives at -0.22, 0.05 and 0.2.
        let smile = SplineSmile::new(vec![-0.3, -0.1, 0.0, 0.2, 0.3], vec![0.09, 0.055, 0.045, 0.04, 0.046]).unwrap();
        for (k, variance, slope, curvature) in SCIPY {
            let point = smile.at(k);
            assert!((point.variance - variance).abs() < 1e-15, "{k}: {point:?}");
            assert!(
                (point.slope - slope).abs() < 1e-14 && (point.curvature - curvature).abs() < 1e-13,
                "{k}: {point:?}"
            );
        }
    }

    #[test]
    fn a_wing_that_would_fall_is_flat() {
        let smile = SplineSmile::new(vec![-0.2, 0.0, 0.2], vec![0.06, 0.05, 0.04]).unwrap();
        assert!((smile.wing_slopes().0 - 0.05).abs() < 1e-15);
        assert_eq!(smile.wing_slopes().1, 0.0);
        assert!((smile.total_variance(5.0) - 0.04).abs() < 1e-15);
        assert!((smile.total_variance(-1.2) - 0.11).abs() < 1e-15);
        assert!((smile.at(-1.2).slope + 0.05).abs() < 1e-15 && smile.at(-1.2).curvature == 0.0);
    }

    proptest! {
        #[test]
        fn it_goes_through_every_knot_smoothly(w in proptest::collection::vec(0.05..0.09_f64, 6)) {
            let k: Vec<f64> = [-0.5, -0.2, -0.1, 0.05, 0.2, 0.4].to_vec();
            let Ok(smile) = SplineSmile::new(k.clone(), w.clone()) else { return Ok(()) };
            for (k, w) in k.iter().zip(&w) {
                prop_assert!((smile.total_variance(*k) - w).abs() < 1e-15);
            }
            for inner in &k[1..5] {
                let (before, after) = (smile.at(inner - 1e-9), smile.at(inner + 1e-9));
                prop_assert!((before.slope - after.slope).abs() < 1e-6);
                prop_assert!((before.curvature - after.curvature).abs() < 1e-5);
            }
            for step in 0..=400 {
                prop_assert!(smile.total_variance(-1.0 + 0.005 * f64::from(step)) > 0.0);
            }
        }
    }
}
