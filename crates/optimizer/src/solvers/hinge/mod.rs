//! Programs over scenarios: sums of hinges of many affine functions of a few variables.
//!
//! ```text
//! minimise    ½ x'(s H + diag d) x + q'x + Σₛ cₛ max(0, lₛ'x + eₛ) + ½ Σₛ cₛ max(0, lₛ'x + eₛ)²
//! subject to  lower ≤ x ≤ upper,   row_lower ≤ A x ≤ row_upper,   lₛ'x + eₛ ≤ 0
//! ```
//!
//! Each block of scenarios chooses one of the three roles. A block of plain hinges may also be charged to a row
//! with an upper side, `aᵢ'x + Σₛ cₛ max(0, lₛ'x + eₛ) ≤ row_upperᵢ`: a limit on expected shortfall is such a row.
//!
//! | portfolio problem | block over returns `R` |
//! |---|---|
//! | expected shortfall (Rockafellar and Uryasev 2000) | `max(0, −Rₛw − a)`, `cₛ = pₛ/(1 − confidence)`, cost 1 on `a` |
//! | mean absolute deviation (Konno and Yamazaki 1991) | `max(0, −(Rₛ − mean)w)`, `cₛ = 2/S` |
//! | semivariance (Markowitz 1959) | `½ cₛ max(0, −(Rₛ − mean)w)²`, `cₛ = 2/(S − 1)` |
//! | worst loss (Young 1998) | `−Rₛw − t ≤ 0`, cost 1 on `t` |
//!
//! A multiplier `θₛ` of a scenario lies between 0 and `cₛ`, is `cₛ max(0, ·)` for a squared hinge and not bounded
//! above for an inequality, so the three roles are one to the method.

mod diagnose;
mod form;
mod kernel;
mod method;
mod newton;
mod point;
mod program;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use program::{HingeBlock, HingeProgram, HingeSolution, Penalty};
