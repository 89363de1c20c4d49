//! Variance forecasts walked forward beside the last realised variance, an exponential average and the historical mean.
//!
//! ```
//! use alluse_forecast::evaluation::skill_table::SkillVerdict;
//! use alluse_forecast::evaluation::volatility_table::{VolatilityEvaluation, VolatilityTable};
//! use alluse_risk_core::splits::TrainWindow;
//! use alluse_risk_core::streams::Streams;
//!
//! let returns = Streams::new(1).standard_normals(300, 1).column(0).mapv(|z| 0.01 * z);
//! let evaluation = VolatilityEvaluation::new(TrainWindow::Expanding(200), 50).with_horizons([5]);
//! let run = evaluation.run(returns.view(), &[])?;
//! let table = VolatilityTable::new(&run, &Default::default())?;
//! assert_eq!(table.rows.len(), 3);
//! // On constant volatility the last five days are a poor guide: the historical mean loses less.
//! let historical = table.rows.iter().find(|row| row.model == "historical variance").unwrap();
//! assert!(historical.mse_ratio.known().unwrap() < &1.0);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod run;
mod table;
#[cfg(test)]
mod tests;

pub use run::{
    NaiveVolatility, VolatilityEvaluation, VolatilityModelRun, VolatilityRecord, VolatilityRole, VolatilityRun,
};
pub use table::{VolatilityDirection, VolatilityRow, VolatilityTable};
