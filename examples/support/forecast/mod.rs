//! The forecasts of the example: series, models, the walk through time, and the forecast of today.

pub mod figures;
pub mod models;
pub mod page;
pub mod series;
pub mod today;
