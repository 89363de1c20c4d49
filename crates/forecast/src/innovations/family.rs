use serde::{Deserialize, Serialize};

use super::InnovationLaw;

/// A family of standardised laws, whose shape a fit finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Innovations {
    /// Standard normal.
    #[default]
    Normal,
    /// Student t with variance 1.
    StudentT,
    /// Hansen's (1994) skewed t.
    SkewedT,
    /// Generalised error, also called exponential power.
    GeneralizedError,
}

impl Innovations {
    /// Number of shape parameters.
    #[must_use]
    pub fn shapes(self) -> usize {
        match self {
            Self::Normal => 0,
            Self::StudentT | Self::GeneralizedError => 1,
            Self::SkewedT => 2,
        }
    }

    /// Names of the shape parameters.
    #[must_use]
    pub fn shape_names(self) -> &'static [&'static str] {
        match self {
            Self::Normal => &[],
            Self::StudentT => &["degrees_of_freedom"],
            Self::SkewedT => &["degrees_of_freedom", "skew"],
            Self::GeneralizedError => &["shape"],
        }
    }

    /// The law with these shapes; missing ones count as zero and are refused later.
    pub(crate) fn law(self, shapes: &[f64]) -> InnovationLaw {
        let shape = |i: usize| shapes.get(i).copied().unwrap_or(0.0);
        match self {
            Self::Normal => InnovationLaw::Normal,
            Self::StudentT => InnovationLaw::StudentT { degrees_of_freedom: shape(0) },
            Self::SkewedT => InnovationLaw::SkewedT { degrees_of_freedom: shape(0), skew: shape(1) },
            Self::GeneralizedError => InnovationLaw::GeneralizedError { shape: shape(0) },
        }
    }

    /// Shapes where a search begins.
    pub(crate) fn start(self) -> &'static [f64] {
        match self {
            Self::Normal => &[],
            Self::StudentT => &[8.0],
            Self::SkewedT => &[8.0, -0.05],
            Self::GeneralizedError => &[1.5],
        }
    }

    /// Shapes from variables on the whole line, within the bounds of [`InnovationLaw::check`].
    pub(crate) fn shapes_of(self, x: &[f64]) -> Vec<f64> {
        let of = |i: usize, x: f64| match (self, i) {
            (Self::GeneralizedError, _) => 0.3 + libm::exp(x),
            (_, 0) => LEAST_DEGREES / inverse_share(x),
            _ => MOST_SKEW * libm::tanh(x),
        };
        x.iter().enumerate().map(|(i, &x)| of(i, x)).collect()
    }

    /// The variables of shapes.
    pub(crate) fn variables_of(self, shapes: &[f64]) -> Vec<f64> {
        let of = |i: usize, shape: f64| match (self, i) {
            (Self::GeneralizedError, _) => libm::log(shape - 0.3),
            (_, 0) => {
                let above = (LEAST_DEGREES / shape - LEAST_SHARE) / (1.0 - LEAST_SHARE);
                libm::asin(above.clamp(0.0, 1.0).sqrt())
            }
            _ => libm::atanh((shape / MOST_SKEW).clamp(-1.0 + 1e-12, 1.0 - 1e-12)),
        };
        shapes.iter().enumerate().map(|(i, &shape)| of(i, shape)).collect()
    }

    /// Derivative of each shape by its variable.
    pub(crate) fn slopes(self, x: &[f64]) -> Vec<f64> {
        let of = |i: usize, x: f64| match (self, i) {
            (Self::GeneralizedError, _) => libm::exp(x),
            (_, 0) => -LEAST_DEGREES * (1.0 - LEAST_SHARE) * libm::sin(2.0 * x) / inverse_share(x).powi(2),
            _ => MOST_SKEW * (1.0 - libm::tanh(x).powi(2)),
        };
        x.iter().enumerate().map(|(i, &x)| of(i, x)).collect()
    }
}

/// Fewest degrees of freedom that a fit considers: at two there is no variance.
pub(super) const LEAST_DEGREES: f64 = 2.05;

/// Most degrees of freedom that a fit considers: the excess kurtosis is 0.000006.
pub(crate) const MOST_DEGREES: f64 = 1e6;

const LEAST_SHARE: f64 = LEAST_DEGREES / MOST_DEGREES;

/// `2.05/ν` between its bounds, of a variable that reaches both: a search ends at a bound as it ends inside.
fn inverse_share(x: f64) -> f64 {
    LEAST_SHARE + (1.0 - LEAST_SHARE) * libm::sin(x).powi(2)
}

/// Most skewness that a fit considers.
const MOST_SKEW: f64 = 0.999;
