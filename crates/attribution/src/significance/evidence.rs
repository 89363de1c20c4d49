use serde::{Deserialize, Serialize};

/// Whether an effect can be told from chance.
///
/// "Not distinguishable" is a finding: an effect of the size that matters would have shown. Where it would not have,
/// the data are too few and nothing is found either way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Chance alone does it too rarely, all labels considered.
    Distinguishable,
    /// Chance does it, and an effect of the size that matters would have been seen with the power asked for.
    NotDistinguishable,
    /// Nothing can be said.
    TooFew(TooFew),
}

/// What there is too little of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TooFew {
    /// Periods with the label.
    Labelled {
        /// How many there are.
        available: usize,
        /// How many the test asks for.
        required: usize,
    },
    /// Periods without it.
    Rest {
        /// How many there are.
        available: usize,
        /// How many the test asks for.
        required: usize,
    },
    /// Arrangements: even the most extreme one has a p-value this large, which is too large, or is for so many labels.
    Arrangements {
        /// The smallest p-value that the permutations can give.
        smallest: f64,
    },
    /// Periods of the whole record, for an effect of the size that matters.
    Record {
        /// How many there are.
        available: usize,
        /// How many it would take.
        required: usize,
    },
    /// Variation: every period is the same.
    Variation,
    /// Runs: the periods with the label follow each other in stretches no longer than the blocks that the results' own
    /// dependence asks for, or cancel each other, so that nothing is left to
    /// estimate an error from.
    Runs,
}
