use alluse_risk_core::Confidence;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::base::{BaseInterval, ConformalInterval, conformal};
use crate::{Error, Result, check};

/// Split-conformal intervals: widened by a quantile of the errors on data that the forecast was not fitted to.
///
/// ```text
/// widening = score of rank ⌈(n + 1) coverage⌉        coverage ≤ P(y inside) ≤ coverage + 1/(n + 1)
/// ```
///
/// The bounds hold for any distribution when the errors, the next one included, are exchangeable, and the upper one
/// when none of them tie. Under drift they do not hold: see [`AdaptiveConformal`](super::AdaptiveConformal).
///
/// # Source
/// Vovk, Gammerman and Shafer (2005); Romano, Patterson and Candès (2019) for intervals as the base.
///
/// ```
/// use alluse_forecast::evaluation::conformal::{BaseInterval, ConformalInterval, SplitConformal};
/// use alluse_risk_core::Confidence;
/// use ndarray::array;
///
/// let errors = array![0.5, -1.0, 2.0, -0.25];
/// let split = SplitConformal::from_errors(errors.view(), Confidence::new(0.6)?)?;
/// // Rank ⌈5 · 0.6⌉ = 3 among 0.25, 0.5, 1 and 2.
/// assert_eq!(split.interval(BaseInterval::point(10.0)?), ConformalInterval::Bounded { lower: 9.0, upper: 11.0 });
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct SplitConformal {
    coverage: Confidence,
    /// Increasing.
    scores: Vec<f64>,
}

impl SplitConformal {
    /// From errors of point forecasts, observed less forecast, shape `(n,)`.
    ///
    /// # Errors
    /// Those of [`from_scores`](Self::from_scores).
    pub fn from_errors(errors: ArrayView1<'_, f64>, coverage: Confidence) -> Result<Self> {
        check::finite("errors", errors)?;
        Self::from_scores(errors.mapv(f64::abs).view(), coverage)
    }

    /// From scores, as [`BaseInterval::score`] gives them, shape `(n,)`.
    ///
    /// # Errors
    /// [`Error::Input`] for a score that is not finite, and for fewer scores than bound anything at this coverage:
    /// `n ≥ coverage/(1 − coverage)` are needed.
    pub fn from_scores(scores: ArrayView1<'_, f64>, coverage: Confidence) -> Result<Self> {
        check::finite("scores", scores)?;
        let required = ((coverage.level() / coverage.tail()) - 1e-9).ceil().max(1.0) as usize;
        check::enough("conformal interval", required, scores.len())?;
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(f64::total_cmp);
        Ok(Self { coverage, scores })
    }

    /// The promised coverage.
    #[must_use]
    pub fn coverage(&self) -> Confidence {
        self.coverage
    }

    /// Number of scores.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.scores.len()
    }

    /// The interval around that of a forecast; empty when scores of intervals that were too wide narrow it away.
    #[must_use]
    pub fn interval(&self, base: BaseInterval) -> ConformalInterval {
        conformal(base, &self.scores, self.coverage.tail())
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    coverage: Confidence,
    scores: Vec<f64>,
}

impl TryFrom<Stored> for SplitConformal {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::from_scores(ndarray::aview1(&stored.scores), stored.coverage)
    }
}

impl From<SplitConformal> for Stored {
    fn from(split: SplitConformal) -> Self {
        Self { coverage: split.coverage, scores: split.scores }
    }
}
