use serde::{Deserialize, Serialize};

/// What the allocation effect compares a group's benchmark return with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Allocation {
    /// With the whole benchmark: `(w − W)(b − B)`. Overweighting what lags the benchmark costs, even when it rises.
    #[default]
    BrinsonFachler,
    /// With zero: `(w − W) b`. The same sum over the groups, another split among them.
    BrinsonHoodBeebower,
}

/// Where the interaction `(w − W)(r − b)` is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Interaction {
    /// On its own.
    #[default]
    Separate,
    /// In the selection effect, which becomes `w (r − b)`: weights were decided first, securities within them.
    WithSelection,
    /// In the allocation effect: securities were decided first, weights last.
    WithAllocation,
}

/// Which effects the active return is split into.
///
/// | field         | default           | meaning                                      |
/// |---------------|-------------------|----------------------------------------------|
/// | `allocation`  | `BrinsonFachler`  | what an over- or underweight is measured by  |
/// | `interaction` | `Separate`        | where weight × return differences are shown  |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrinsonModel {
    /// The allocation effect.
    pub allocation: Allocation,
    /// The place of the interaction.
    pub interaction: Interaction,
}

impl BrinsonModel {
    /// With this allocation effect.
    #[must_use]
    pub fn with_allocation(mut self, allocation: Allocation) -> Self {
        self.allocation = allocation;
        self
    }

    /// With the interaction shown there.
    #[must_use]
    pub fn with_interaction(mut self, interaction: Interaction) -> Self {
        self.interaction = interaction;
        self
    }

    /// Allocation, selection and interaction of one group in one period; interaction is 0 once merged.
    #[inline]
    pub(super) fn split(self, weights: [f64; 2], returns: [f64; 2], benchmark_return: f64) -> [f64; 3] {
        let ([w, v], [r, b]) = (weights, returns);
        let reference = match self.allocation {
            Allocation::BrinsonFachler => benchmark_return,
            Allocation::BrinsonHoodBeebower => 0.0,
        };
        match self.interaction {
            Interaction::Separate => [(w - v) * (b - reference), v * (r - b), (w - v) * (r - b)],
            Interaction::WithSelection => [(w - v) * (b - reference), w * (r - b), 0.0],
            Interaction::WithAllocation => [(w - v) * (r - reference), v * (r - b), 0.0],
        }
    }

    /// Whether interaction is an effect of its own.
    pub(super) fn separates(self) -> bool {
        self.interaction == Interaction::Separate
    }
}
