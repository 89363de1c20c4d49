use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::{Outcome, Selected, Tried};
use crate::time_series::exponential_smoothing::{ErrorTerm, ExponentialSmoothing, FittedSmoothing, Season, Trend};
use crate::time_series::levels::{FittedLevels, LevelModel};
use crate::time_series::shocks::Shocks;
use crate::{Error, Result, check};

/// An [`ExponentialSmoothing`] whose error, trend and season are chosen by AICc.
///
/// Every admissible model is fitted: errors A and M, trends N, A and Ad, seasons N, A and M, without an additive error
/// under a multiplicative season, and without anything multiplicative when a level is not positive.
///
/// # Source
/// Hyndman, Koehler, Snyder and Grose (2002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AutoExponentialSmoothing {
    /// Periods a season; 1 for none.
    pub period: usize,
    /// Shocks of simulated paths.
    pub shocks: Shocks,
}

impl AutoExponentialSmoothing {
    /// For a series with `period` observations a season, 1 for none.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period, shocks: Shocks::Normal }
    }

    /// With other shocks of simulated paths.
    #[must_use]
    pub fn with_shocks(mut self, shocks: Shocks) -> Self {
        self.shocks = shocks;
        self
    }

    /// Fewest observations: those of the smallest model.
    #[must_use]
    pub fn min_observations(&self) -> usize {
        ExponentialSmoothing::new(ErrorTerm::Additive, Trend::None).min_observations()
    }

    /// The admissible models of a series, multiplicative ones only when every level is positive.
    fn candidates(&self, positive: bool) -> Vec<ExponentialSmoothing> {
        let errors =
            if positive { vec![ErrorTerm::Additive, ErrorTerm::Multiplicative] } else { vec![ErrorTerm::Additive] };
        let mut out = Vec::new();
        for error in errors {
            for trend in [Trend::None, Trend::Additive, Trend::Damped] {
                let model = ExponentialSmoothing::new(error, trend).with_shocks(self.shocks);
                out.push(model);
                if self.period > 1 {
                    out.push(model.with_season(Season::Additive, self.period));
                }
                if self.period > 1 && error == ErrorTerm::Multiplicative {
                    out.push(model.with_season(Season::Multiplicative, self.period));
                }
            }
        }
        out
    }

    /// The model with the smallest AICc.
    ///
    /// # Errors
    /// - [`Error::Input`] for a period out of range, and a series too short or not finite.
    /// - [`Error::Undefined`] when no model can be fitted, as to a constant series.
    pub fn select(&self, levels: ArrayView1<'_, f64>) -> Result<Selected<FittedSmoothing>> {
        check::ensure((1..=400).contains(&self.period), "period", "between 1 and 400", self.period as f64)?;
        check::finite("levels", levels)?;
        check::enough("levels", self.min_observations(), levels.len())?;
        let mut best: Option<FittedSmoothing> = None;
        let mut tried = Vec::new();
        for model in self.candidates(levels.iter().all(|level| *level > 0.0)) {
            let outcome = match model.fit(levels) {
                Ok(fitted) => {
                    let aicc = fitted.criteria().aicc;
                    if best.as_ref().is_none_or(|best| aicc < best.criteria().aicc) {
                        best = Some(fitted);
                    }
                    Outcome::Aicc(aicc)
                }
                Err(error) => Outcome::Refused(error.to_string()),
            };
            tried.push(Tried { model: model.to_string(), outcome });
        }
        match best {
            Some(best) => Ok(Selected { best, tried }),
            None => {
                let reasons: Vec<String> =
                    tried.iter().map(|one| format!("{}: {:?}", one.model, one.outcome)).collect();
                Err(Error::undefined("automatic exponential smoothing", reasons.join("; ")))
            }
        }
    }
}

impl LevelModel for AutoExponentialSmoothing {
    fn name(&self) -> String {
        "automatic ETS".to_owned()
    }

    fn min_observations(&self) -> usize {
        Self::min_observations(self)
    }

    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>> {
        Ok(Box::new(self.select(levels)?.best))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::super::super::samples::{airline, hormone};
    use super::*;

    #[test]
    fn the_airline_data_multiply() {
        let selected = AutoExponentialSmoothing::new(12).select(airline().view()).unwrap();
        // Published choices for these data have a multiplicative error and season with a trend.
        let best = selected.best.filtered().model();
        assert_eq!((best.error, best.season), (ErrorTerm::Multiplicative, Season::Multiplicative));
        assert!(best.trend != Trend::None);
        assert_eq!(selected.tried.len(), 15);
    }

    #[test]
    fn levels_that_are_not_positive_leave_the_additive_models() {
        let centred = hormone() - 2.4;
        let selected = AutoExponentialSmoothing::new(1).select(centred.view()).unwrap();
        assert_eq!(selected.tried.len(), 3);
        assert!(selected.tried.iter().all(|tried| tried.model.starts_with("ETS(A")));
    }

    #[test]
    fn hostile_input() {
        let auto = AutoExponentialSmoothing::new(1);
        assert!(auto.select(Array1::from_elem(30, 2.0).view()).is_err());
        assert!(auto.select(Array1::from_elem(3, 2.0).view()).is_err());
        assert!(AutoExponentialSmoothing::new(0).select(hormone().view()).is_err());
    }
}
