//! Reverse stress: which scenario costs this much, and which of those is the least unusual?
//!
//! [`linear_reverse_stress`] answers for a linear book by a formula. [`ReverseStress`] searches for any
//! [`ScenarioLoss`], such as the full revaluation of a book by [`BookLoss`], and returns every distinct answer it finds.

mod bicubic;
mod book;
mod closed_form;
mod dense;
mod descent;
mod loss;
mod result;
mod search;
mod space;
mod starts;
mod surrogate;

#[cfg(test)]
mod tests;

pub use book::BookLoss;
pub use closed_form::linear_reverse_stress;
pub use loss::{LinearLoss, QuadraticLoss, ScenarioLoss};
pub use result::{ReverseScenario, ReverseStressResult};
pub use search::ReverseStress;
pub use starts::Start;

use alluse_risk_core::Error as CoreError;

fn target_valid(target_loss: f64) -> crate::Result<()> {
    if target_loss.is_finite() {
        return Ok(());
    }
    Err(CoreError::OutOfDomain { name: "target loss", expected: "finite", value: target_loss }.into())
}
