//! The court that judges forecasts of value at risk and expected shortfall.
//!
//! | question | tests |
//! |---|---|
//! | Is the number of breaches right? | [`kupiec_pof`], [`kupiec_tuff`], [`binomial_test`], [`traffic_light`] |
//! | Do breaches come in clusters? | [`christoffersen`], [`mixed_kupiec`], [`weibull_duration`], [`DynamicQuantile`] |
//! | Are several levels right at once? | [`multinomial_test`] |
//!
//! A breach on day t is a loss greater than value at risk: `−rₜ > VaRₜ`. Every [`TestOutcome`] carries the power of the
//! test beside its p-value: what it would have seen, had the model been wrong in a stated way.

mod breaches;
mod check;
mod christoffersen;
mod coverage;
mod duration;
mod dynamic_quantile;
mod laws;
mod multinomial;
mod outcome;
mod pit;
mod projection;
mod record;
mod simulate;
mod traffic_light;

pub use breaches::{Breaches, Transitions};
pub use christoffersen::{Christoffersen, FirstObservation, christoffersen, christoffersen_from_counts};
pub use coverage::{
    AcceptanceRegion, BinomialTable, FirstBreachRegion, Sidedness, binomial_p_value, binomial_table, binomial_test,
    kupiec_pof, kupiec_region, kupiec_tuff, kupiec_tuff_region,
};
pub use duration::{MixedKupiec, WeibullDuration, mixed_kupiec, mixed_kupiec_from_statistics, weibull_duration};
pub use dynamic_quantile::{DynamicQuantile, ForecastRegressor};
pub use multinomial::{
    MultinomialStatistic, multinomial_cells, multinomial_cells_from_pit, multinomial_test, spaced_levels,
};
pub use outcome::{Alternative, Power, TestName, TestOutcome};
pub use pit::{Berkowitz, Calibration, berkowitz, berkowitz_tail, calibration, kolmogorov_smirnov};
pub use record::ForecastRecord;
pub use simulate::{MonteCarlo, monte_carlo_p_value};
pub use traffic_light::{TrafficLight, Zone, traffic_light};
