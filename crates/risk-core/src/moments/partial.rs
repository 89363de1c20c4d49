use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::central::{Root, finite, mean};
use crate::sum::compensated;
use crate::{Error, Result, check};

/// On which side of the target deviations count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Side {
    /// Values below the target.
    #[default]
    Lower,
    /// Values above the target.
    Upper,
}

/// What deviations are measured from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// A given value.
    Value(f64),
    /// The mean of the series.
    Mean,
}

/// What the sum of powers is divided by, before `ddof`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Divisor {
    /// The number of values.
    #[default]
    All,
    /// The number of values strictly beyond the target.
    BeyondTarget,
}

/// A lower or upper partial moment.
///
/// ```text
/// Σ over the side of |x − target|^order / (divisor − ddof), then the root
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `side` | required | below or above the target |
/// | `target` | required | a value, or the mean of the series |
/// | `order` | required | at least 1; 2 below the mean is the semivariance |
/// | `divisor` | [`Divisor::All`] | all values, or those beyond the target |
/// | `ddof` | 0 | taken off the divisor |
/// | `root` | [`Root::None`] | none, square, or of the order |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartialMoment {
    /// On which side.
    pub side: Side,
    /// From where.
    pub target: Target,
    /// To which power.
    pub order: u32,
    /// Divided by what.
    pub divisor: Divisor,
    /// Taken off the divisor.
    pub ddof: usize,
    /// The root at the end.
    pub root: Root,
}

impl PartialMoment {
    /// The moment without root, divided by the number of all values.
    #[must_use]
    pub fn new(side: Side, target: Target, order: u32) -> Self {
        Self { side, target, order, divisor: Divisor::All, ddof: 0, root: Root::None }
    }

    /// The semi-deviation: root mean square of the deviations below the mean.
    #[must_use]
    pub fn semi_deviation() -> Self {
        Self::new(Side::Lower, Target::Mean, 2).with_root(Root::Square)
    }

    /// With another divisor.
    #[must_use]
    pub fn with_divisor(mut self, divisor: Divisor) -> Self {
        self.divisor = divisor;
        self
    }

    /// With `ddof` taken off the divisor.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// With a root at the end.
    #[must_use]
    pub fn with_root(mut self, root: Root) -> Self {
        self.root = root;
        self
    }
}

/// The partial moment of `values` that `moment` describes.
///
/// # Errors
/// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a value that is not finite; [`Error::OutOfDomain`]
/// for a target that is not finite or an order outside 1 to 64; [`Error::Undefined`] when the divisor less
/// `ddof` is not positive; [`Error::Overflow`].
///
/// # Examples
/// ```
/// use alluse_risk_core::moments::{Divisor, PartialMoment, Side, Target, partial_moment};
/// use ndarray::array;
///
/// let returns = array![0.02, -0.01, -0.03, 0.04];
/// let below_zero = PartialMoment::new(Side::Lower, Target::Value(0.0), 1);
/// assert!((partial_moment(returns.view(), &below_zero)? - 0.01).abs() < 1e-17);
/// let of_losers = below_zero.with_divisor(Divisor::BeyondTarget);
/// assert!((partial_moment(returns.view(), &of_losers)? - 0.02).abs() < 1e-17);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn partial_moment(values: ArrayView1<'_, f64>, moment: &PartialMoment) -> Result<f64> {
    check::finite("values", values)?;
    if !(1..=64).contains(&moment.order) {
        let value = f64::from(moment.order);
        return Err(Error::OutOfDomain { name: "order", expected: "from 1 to 64", value });
    }
    let target = match moment.target {
        Target::Mean => mean(values)?,
        Target::Value(value) => value,
    };
    check::finite_number("target", target)?;
    let beyond = |&x: &f64| {
        let distance = match moment.side {
            Side::Lower => target - x,
            Side::Upper => x - target,
        };
        (distance > 0.0).then_some(distance)
    };
    let count = match moment.divisor {
        Divisor::All => values.len(),
        Divisor::BeyondTarget => values.iter().filter_map(beyond).count(),
    };
    if count <= moment.ddof {
        let reason = "no observations are left for its divisor";
        return Err(Error::Undefined { name: "partial moment", reason });
    }
    let sum = compensated(values.iter().filter_map(beyond).map(|d| d.powi(moment.order as i32)));
    finite("partial moment", moment.root.of(sum / (count - moment.ddof) as f64, moment.order))
}
