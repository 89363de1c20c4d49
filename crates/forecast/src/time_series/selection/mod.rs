//! Selection of orders by the corrected criterion of Akaike.

mod auto_arima;
mod auto_smoothing;
mod kpss;

use serde::{Deserialize, Serialize};

pub use auto_arima::AutoArima;
pub use auto_smoothing::AutoExponentialSmoothing;

/// The best of several models, with all that were tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Selected<T> {
    /// The one with the smallest criterion.
    pub best: T,
    /// Every model tried, in the order of the search.
    pub tried: Vec<Tried>,
}

/// A model that a selection looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tried {
    /// The model, such as `ARIMA(1,1,1)`.
    pub model: String,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of a model that a selection looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// Its AICc.
    Aicc(f64),
    /// It was not considered, and why.
    Refused(String),
}
