//! The court that judges forecasts of value at risk and expected shortfall.
//!
//! | question | tests |
//! |---|---|
//! | Is the number of breaches right? | [`kupiec_pof`], [`kupiec_tuff`], [`binomial_test`], [`traffic_light`] |
//! | Do breaches come in clusters? | [`christoffersen`], [`mixed_kupiec`], [`weibull_duration`], [`DynamicQuantile`] |
//! | Are several levels right at once? | [`multinomial_test`] |
//! | Is expected shortfall right? | [`exceedance_residuals`], [`AcerbiSzekely`], [`du_escanciano_unconditional`], [`du_escanciano_conditional`], [`EsRegression`] |
//! | Is the whole distribution right? | [`kolmogorov_smirnov`], [`berkowitz`], [`berkowitz_tail`], [`calibration`](calibration()) |
//! | Has enough evidence come in by today? | [`EProcess`] |
//! | All of it | [`Court`] |
//!
//! A breach on day t is a loss greater than value at risk: `−rₜ > VaRₜ`. Every [`TestOutcome`] carries the power of the
//! test beside its p-value: what it would have seen, had the model been wrong in a stated way.

mod acerbi_szekely;
mod breaches;
mod check;
mod christoffersen;
mod court;
mod coverage;
mod du_escanciano;
mod duration;
mod dynamic_quantile;
mod e_process;
mod es_regression;
mod exceedance;
mod law;
mod laws;
mod multinomial;
mod outcome;
mod pit;
mod power;
mod projection;
mod quantile_fit;
mod record;
mod simulate;
mod traffic_light;

pub use acerbi_szekely::AcerbiSzekely;
pub use breaches::{Breaches, Transitions};
pub use christoffersen::{Christoffersen, FirstObservation, christoffersen, christoffersen_from_counts};
pub use court::{Court, CoverageReport, Hearing};
pub use coverage::{
    AcceptanceRegion, BinomialTable, FirstBreachRegion, Sidedness, binomial_p_value, binomial_table, binomial_test,
    kupiec_pof, kupiec_region, kupiec_tuff, kupiec_tuff_region,
};
pub use du_escanciano::{cumulative_violations, du_escanciano_conditional, du_escanciano_unconditional};
pub use duration::{MixedKupiec, WeibullDuration, mixed_kupiec, mixed_kupiec_from_statistics, weibull_duration};
pub use dynamic_quantile::{DynamicQuantile, ForecastRegressor};
pub use e_process::{Betting, EBacktest, EProcess, EStep, ForecastTarget};
pub use es_regression::{EsRegression, EsRegressionFit};
pub use exceedance::exceedance_residuals;
pub use law::PredictiveLaw;
pub use multinomial::{
    MultinomialStatistic, multinomial_cells, multinomial_cells_from_pit, multinomial_test, spaced_levels,
};
pub use outcome::{Alternative, Power, TestName, TestOutcome};
pub use pit::{Berkowitz, Calibration, berkowitz, berkowitz_tail, calibration, kolmogorov_smirnov};
pub use power::{PowerConfig, PowerStudy};
pub use record::LevelRecord;
pub use simulate::{MonteCarlo, monte_carlo_p_value};
pub use traffic_light::{TrafficLight, Zone, traffic_light};
