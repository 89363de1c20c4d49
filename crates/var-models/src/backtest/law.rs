//! The predictive laws under which statistics are simulated.

use alluse_risk_core::{Confidence, normal};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};
use serde::{Deserialize, Serialize};

use crate::student_t_law::StandardT;
use crate::{Error, Result};

/// Family of the forecasts: a law with mean zero and a scale of its own on each day.
///
/// The statistics of Acerbi and Szekely do not depend on the scales, so one family and the level decide their law.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PredictiveLaw {
    /// Normal.
    #[default]
    Normal,
    /// Student t.
    StudentT {
        /// More than 1, or there is no expected shortfall.
        degrees_of_freedom: f64,
    },
}

/// The family at scale one with its tail at one level.
#[derive(Debug, Clone, Copy)]
pub(super) struct StandardLaw {
    kind: Kind,
    pub(super) tail: f64,
    pub(super) value_at_risk: f64,
    pub(super) expected_shortfall: f64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Normal,
    StudentT(StandardT, StudentT<f64>),
}

impl PredictiveLaw {
    pub(super) fn at(self, confidence: Confidence) -> Result<StandardLaw> {
        let tail = confidence.tail();
        Ok(match self {
            Self::Normal => {
                let z = normal::quantile(tail)?;
                let (value_at_risk, expected_shortfall) = (-z, normal::density(z) / tail);
                StandardLaw { kind: Kind::Normal, tail, value_at_risk, expected_shortfall }
            }
            Self::StudentT { degrees_of_freedom: nu } => {
                let refused = || Error::out_of_domain("degrees of freedom", "more than 1 and finite", nu);
                if !(nu > 1.0 && nu.is_finite()) {
                    return Err(refused());
                }
                let law = StandardT::new(nu);
                let q = law.quantile(tail)?;
                let expected_shortfall = law.density(q) / tail * (nu + q * q) / (nu - 1.0);
                let draws = StudentT::new(nu).map_err(|_| refused())?;
                StandardLaw { kind: Kind::StudentT(law, draws), tail, value_at_risk: -q, expected_shortfall }
            }
        })
    }
}

impl StandardLaw {
    pub(super) fn draw(&self, stream: &mut impl Rng) -> f64 {
        match &self.kind {
            Kind::Normal => StandardNormal.sample(stream),
            Kind::StudentT(_, draws) => draws.sample(stream),
        }
    }

    /// The return with probability `p` at or below it.
    pub(super) fn quantile(&self, p: f64) -> Result<f64> {
        Ok(match &self.kind {
            Kind::Normal => normal::quantile(p)?,
            Kind::StudentT(law, _) => law.quantile(p)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_other_software() {
        // SciPy 1.17.1: −t.ppf(0.025, 5) and quad of −x t.pdf(x, 5) below it, over 0.025; the same for norm.
        let t = PredictiveLaw::StudentT { degrees_of_freedom: 5.0 }.at(Confidence::P975).unwrap();
        assert!((t.value_at_risk - 2.570_581_835_636_314).abs() < 1e-10);
        assert!((t.expected_shortfall - 3.521_577_331_739_426_3).abs() < 1e-9, "{}", t.expected_shortfall);
        let normal = PredictiveLaw::Normal.at(Confidence::P975).unwrap();
        assert!((normal.value_at_risk - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((normal.expected_shortfall - 2.337_802_792_201_413).abs() < 1e-9);
        assert!((t.quantile(0.025).unwrap() + t.value_at_risk).abs() < 1e-12);
        assert!((normal.quantile(0.025).unwrap() + normal.value_at_risk).abs() < 1e-12);
    }

    #[test]
    fn laws_without_a_mean_are_refused() {
        for nu in [1.0, 0.5, f64::NAN, f64::INFINITY, -3.0] {
            assert!(PredictiveLaw::StudentT { degrees_of_freedom: nu }.at(Confidence::P99).is_err(), "{nu}");
        }
    }
}
