use std::fmt;

use serde::{Deserialize, Serialize};

/// How a fit ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Certificate {
    /// Length of the gradient of the mean log-likelihood by the variables of the search, which are of order one. It is
    /// large only where the optimum lies on a kink of an absolute value; there no variable can be moved to a likelier
    /// place.
    pub gradient: f64,
    /// Steps of the best search.
    pub iterations: usize,
    /// Points of the grid that were tried.
    pub starts: usize,
    /// Searches that began at the best of them.
    pub searches: usize,
    /// Searches that ended at the best likelihood.
    pub agreeing: usize,
    /// Persistence of the variance.
    pub persistence: f64,
    /// What to know before the fit is used.
    pub concerns: Vec<Concern>,
}

/// What to know before a fit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Concern {
    /// Fewer than a hundred returns.
    FewObservations {
        /// How many there are.
        observations: usize,
    },
    /// A persistence above 0.999: forecasts hardly return, and the unconditional variance is not known.
    NearUnitRoot,
    /// A parameter on the edge of what it may be: it has no standard error.
    AtBound {
        /// Its name.
        parameter: String,
    },
    /// Not all searches ended at the same likelihood; the best one was taken.
    SearchesDisagree {
        /// Searches that did not converge at all.
        failed: usize,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewObservations { observations } => write!(f, "only {observations} returns"),
            Self::NearUnitRoot => f.write_str("the persistence is close to one"),
            Self::AtBound { parameter } => write!(f, "{parameter} is at its bound"),
            Self::SearchesDisagree { failed: 0 } => f.write_str("searches ended at different optima"),
            Self::SearchesDisagree { failed } => write!(f, "{failed} of the searches did not converge"),
        }
    }
}
