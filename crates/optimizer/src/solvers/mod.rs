//! Methods that exploit the structure of one kind of program.

#[allow(dead_code, reason = "the portfolio problem calls it")]
pub(crate) mod hinge;
