//! Whether the effect of a label can be told from chance, and what it would take to tell.
//!
//! Before a week type or a regime is called good, its mean is set against that of all other periods, rearranged in
//! ways that keep their dependence, and adjusted for the number of labels looked at. A label that is too rare to say
//! anything about is [`TooFew`], which is neither of the other two verdicts.

mod error_of_mean;
mod evidence;
mod label_test;
mod permutation;
mod power;
mod report;
#[cfg(test)]
#[expect(clippy::print_stdout, reason = "measured rates and coverages are to be read")]
mod tests;

pub use error_of_mean::{BlockChoice, EffectEstimate};
pub use evidence::{Evidence, TooFew};
pub use label_test::{EffectSize, LabelTest, Multiplicity};
pub use permutation::Permutations;
pub use power::required_periods;
pub use report::{LabelEffect, SignificanceReport, UnlabelledEffect};
