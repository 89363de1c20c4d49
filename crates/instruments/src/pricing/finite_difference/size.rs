//! How fine the grid is.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::pricing::check;

/// The size of the grid.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `nodes_per_deviation` | 64 | nodes per standard deviation of the log price at expiry | 8 to 1,024 |
/// | `time_steps` | 200 | steps over the whole life | 16 to 100,000 |
///
/// A grid spans at least twelve deviations. It never has more than 8,000 nodes, and each stretch between two dividends
/// takes at least 16 steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct GridSize {
    raw: Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Raw {
    nodes_per_deviation: usize,
    time_steps: usize,
}

impl GridSize {
    /// # Errors
    /// `OutOfDomain` outside the ranges of the table.
    pub fn new(nodes_per_deviation: usize, time_steps: usize) -> Result<Self> {
        if !(8..=1_024).contains(&nodes_per_deviation) {
            return check::refuse("nodes_per_deviation", "between 8 and 1024", nodes_per_deviation as f64);
        }
        if !(16..=100_000).contains(&time_steps) {
            return check::refuse("time_steps", "between 16 and 100000", time_steps as f64);
        }
        Ok(Self { raw: Raw { nodes_per_deviation, time_steps } })
    }

    /// Nodes per standard deviation of the log price at expiry.
    #[must_use]
    pub fn nodes_per_deviation(self) -> usize {
        self.raw.nodes_per_deviation
    }

    /// Time steps over the whole life.
    #[must_use]
    pub fn time_steps(self) -> usize {
        self.raw.time_steps
    }

    /// Half as fine in both directions.
    pub(super) fn halved(self) -> Self {
        let Raw { nodes_per_deviation, time_steps } = self.raw;
        Self { raw: Raw { nodes_per_deviation: nodes_per_deviation / 2, time_steps: time_steps / 2 } }
    }
}

impl Default for GridSize {
    fn default() -> Self {
        Self { raw: Raw { nodes_per_deviation: 64, time_steps: 200 } }
    }
}

impl TryFrom<Raw> for GridSize {
    type Error = crate::Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.nodes_per_deviation, raw.time_steps)
    }
}

impl From<GridSize> for Raw {
    fn from(size: GridSize) -> Self {
        size.raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_bounds_at_every_door() {
        for (nodes, steps) in [(7, 100), (1_025, 100), (64, 15), (64, 100_001)] {
            assert!(GridSize::new(nodes, steps).is_err(), "{nodes} {steps}");
        }
        assert!(GridSize::new(8, 16).is_ok() && GridSize::new(1_024, 100_000).is_ok());
        let text = serde_json::to_string(&GridSize::default()).unwrap();
        assert_eq!(text, r#"{"nodes_per_deviation":64,"time_steps":200}"#);
        assert_eq!(serde_json::from_str::<GridSize>(&text).unwrap(), GridSize::default());
        assert!(serde_json::from_str::<GridSize>(&text.replace("64", "4")).is_err());
        let half = GridSize::default().halved();
        assert_eq!((half.nodes_per_deviation(), half.time_steps()), (32, 100));
    }
}
