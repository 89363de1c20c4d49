//! The parts of the example `allocate`.

pub mod figures;
pub mod inputs;
pub mod mandate;
pub mod options;
pub mod page;
pub mod report;
