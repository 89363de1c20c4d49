use alluse_risk_core::Status;
use alluse_risk_core::inference::SuperiorPredictiveAbility;
use serde::{Deserialize, Serialize};

/// Whether the best of all candidates over one horizon beats the naive benchmark by more than the luck of having tried
/// them all, on the origins that all of them share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Superiority {
    /// Rows ahead.
    pub horizon: usize,
    /// The competitor to beat: the unconditional bootstrap.
    pub benchmark: String,
    /// The candidates compared, in the order of the test's columns.
    pub contenders: Vec<String>,
    /// Candidates without a forecast over this horizon.
    pub left_out: Vec<String>,
    /// Origins that benchmark and contenders share.
    pub common: usize,
    /// Independent outcomes among them.
    pub effective: usize,
    /// The test of Hansen (2005) by the continuous ranked probability score; unknown below 50 independent outcomes. A small
    /// consistent p-value says that some
    /// contender is better.
    pub test: Status<SuperiorPredictiveAbility>,
}

impl Superiority {
    /// The contender that did best against the benchmark; `None` where there is no test.
    #[must_use]
    pub fn best(&self) -> Option<&str> {
        let test = self.test.known()?;
        self.contenders.get(test.best_model).map(String::as_str)
    }
}
