//! Laws of single factors, joined by a copula.

use std::fmt;

use alluse_risk_core::{Error as CoreError, Result as CoreResult, moments, normal};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::student_t_fit::fit;
use crate::student_t_law::StandardT;

/// The law of one factor's daily move, as its quantile function: all that a copula needs.
///
/// Implement it for a law of your own, such as an empirical body with generalised-Pareto tails, and pass it to
/// [`FactorModel::copula`](super::FactorModel::copula).
pub trait Marginal: fmt::Debug + Send + Sync {
    /// The move that is not exceeded with probability `0 < p < 1`.
    ///
    /// # Errors
    /// When `p` lies outside `(0, 1)`.
    fn quantile(&self, p: f64) -> CoreResult<f64>;
}

/// Which law is fitted to the history of each factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarginalKind {
    /// The sample itself, interpolated linearly between its order statistics: no move beyond the largest seen.
    #[default]
    Empirical,
    /// Normal with the sample's mean and standard deviation.
    Normal,
    /// Student t by maximum likelihood.
    StudentT,
}

/// A law of a single factor with stated or fitted parameters.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FittedMarginal {
    /// Sorted observations.
    Empirical(EmpiricalMarginal),
    /// Mean and standard deviation.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        standard_deviation: f64,
    },
    /// Location, scale and degrees of freedom.
    StudentT {
        /// Location.
        location: f64,
        /// Scale.
        scale: f64,
        /// Degrees of freedom.
        degrees_of_freedom: f64,
    },
}

/// A sample as a law.
#[derive(Debug, Clone, PartialEq)]
pub struct EmpiricalMarginal {
    sorted: Vec<f64>,
}

impl MarginalKind {
    /// Fits the law to the moves of one factor.
    ///
    /// # Errors
    /// For an empty sample, moves that are not finite, and whatever the fit refuses.
    pub fn fit(self, moves: ArrayView1<'_, f64>) -> CoreResult<FittedMarginal> {
        match self {
            Self::Empirical => Ok(FittedMarginal::Empirical(EmpiricalMarginal::new(moves)?)),
            Self::Normal => Ok(FittedMarginal::Normal {
                mean: moments::mean(moves)?,
                standard_deviation: moments::variance(moves, 1)?.sqrt(),
            }),
            Self::StudentT => {
                let fitted = fit(moves)?;
                Ok(FittedMarginal::StudentT {
                    location: fitted.location,
                    scale: fitted.scale,
                    degrees_of_freedom: fitted.degrees_of_freedom,
                })
            }
        }
    }
}

impl EmpiricalMarginal {
    /// # Errors
    /// For an empty sample and moves that are not finite.
    pub fn new(moves: ArrayView1<'_, f64>) -> CoreResult<Self> {
        // The mean checks both.
        moments::mean(moves)?;
        let mut sorted = moves.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { sorted })
    }
}

impl Marginal for EmpiricalMarginal {
    fn quantile(&self, p: f64) -> CoreResult<f64> {
        inside(p)?;
        let place = p * (self.sorted.len() - 1) as f64;
        let low = place as usize;
        let (from, to) = (self.sorted[low], self.sorted[(low + 1).min(self.sorted.len() - 1)]);
        Ok(from + (place - low as f64) * (to - from))
    }
}

impl Marginal for FittedMarginal {
    fn quantile(&self, p: f64) -> CoreResult<f64> {
        match self {
            Self::Empirical(sample) => sample.quantile(p),
            Self::Normal { mean, standard_deviation } => Ok(mean + standard_deviation * normal::quantile(p)?),
            Self::StudentT { location, scale, degrees_of_freedom } => {
                Ok(location + scale * StandardT::new(*degrees_of_freedom).quantile(p)?)
            }
        }
    }
}

fn inside(p: f64) -> CoreResult<()> {
    if p > 0.0 && p < 1.0 {
        Ok(())
    } else {
        Err(CoreError::OutOfDomain { name: "probability", expected: "in (0, 1)", value: p })
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::measures::{QuantileRule, quantile};
    use ndarray::{Array1, array};

    use super::*;
    use crate::student_t_law::StandardT;

    #[test]
    fn the_sample_is_interpolated_between_its_order_statistics() {
        let law = MarginalKind::Empirical.fit(array![3.0, -1.0, 0.0, 1.0, 2.0].view()).unwrap();
        for (p, want) in [(1e-12, -1.0), (0.25, 0.0), (0.5, 1.0), (0.875, 2.5), (1.0 - 1e-12, 3.0)] {
            assert!((law.quantile(p).unwrap() - want).abs() < 1e-10, "{p}");
            // The linear rule of the measures is the same quantile, ranks snapped to 1e-9.
            let same = quantile(array![3.0, -1.0, 0.0, 1.0, 2.0].view(), p, QuantileRule::Linear).unwrap();
            assert!((law.quantile(p).unwrap() - same).abs() < 1e-8, "{p}");
        }
        let one = MarginalKind::Empirical.fit(array![2.0].view()).unwrap();
        assert_eq!(one.quantile(0.3).unwrap(), 2.0);
    }

    #[test]
    fn fits_find_the_law_of_their_sample() {
        // 999 equally spaced quantiles of a t law with 4 degrees of freedom.
        let law = StandardT::new(4.0);
        let sample: Array1<f64> =
            (1..1_000).map(|i| 0.1 + 0.02 * law.quantile(f64::from(i) / 1_000.0).unwrap()).collect();
        let fitted = MarginalKind::StudentT.fit(sample.view()).unwrap();
        // The grid lacks the outer parts of its first and last cell, so the far tail comes out a little thin.
        let want = 0.1 + 0.02 * law.quantile(0.9).unwrap();
        assert!((fitted.quantile(0.9).unwrap() - want).abs() < 5e-4);
        let normal = MarginalKind::Normal.fit(array![1.0, 3.0].view()).unwrap();
        // Mean 2, variance 2: the 97.5 % quantile is 2 + √2 · 1.959964.
        assert!((normal.quantile(0.975).unwrap() - (2.0 + 2_f64.sqrt() * 1.959_963_984_540_054)).abs() < 1e-12);
    }

    #[test]
    fn bad_samples_and_probabilities_are_refused() {
        for kind in [MarginalKind::Empirical, MarginalKind::Normal, MarginalKind::StudentT] {
            assert!(kind.fit(Array1::zeros(0).view()).is_err(), "{kind:?}");
            assert!(kind.fit(array![1.0, f64::NAN, 2.0].view()).is_err(), "{kind:?}");
        }
        let law = MarginalKind::Empirical.fit(array![1.0, 2.0].view()).unwrap();
        for p in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(matches!(law.quantile(p), Err(CoreError::OutOfDomain { .. })), "{p}");
        }
    }
}
