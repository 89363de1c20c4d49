//! Forecasts of total returns made as they would have been made at the time, beside naive competitors.
//!
//! A model is given views of rows that were known at an origin and nothing else: looking ahead cannot be written.
//! The naive competitors run in every evaluation, on the same origins; no setting leaves them out.
//!
//! ```
//! use alluse_forecast::evaluation::walk_forward::{Naive, ReturnEvaluation};
//! use alluse_risk_core::splits::TrainWindow;
//! use alluse_risk_core::streams::Streams;
//!
//! let returns = Streams::new(1).standard_normals(300, 1).column(0).mapv(|z| 0.01 * z);
//! let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(200), 50).with_horizons([1, 5]);
//! let run = evaluation.run(returns.view(), &[])?;
//! // 100 origins have a next day; 96 of them have five.
//! assert_eq!(run.outcomes(1).len(), 100);
//! assert_eq!(run.outcomes(5).len(), 96);
//! assert_eq!(run.naive(Naive::UnconditionalBootstrap).map(|m| m.records.len()), Some(196));
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod forecaster;
mod naive;
mod record;
mod run;
#[cfg(test)]
mod tests;

pub use forecaster::{FittedForecaster, FnForecaster, PathForecaster, ReturnForecaster};
pub use naive::Naive;
pub use record::{Failure, FailureStage, ForecastRecord, ModelRun, Outcome, QUANTILE_LEVELS, Role, WalkForwardRun};
pub(crate) use run::rows_between;
pub use run::{DEFAULT_HORIZONS, ReturnEvaluation};
