//! The parts of the example `attribution`.

pub mod factors;
pub mod figures;
pub mod inputs;
pub mod page;
pub mod programme;
pub mod sectors;
pub mod weeks;
