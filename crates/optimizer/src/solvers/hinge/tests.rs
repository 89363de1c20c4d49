//! Tests of the method on portfolio problems.

mod degenerate;
mod laws;
mod published;
mod reference;
mod speed;
mod support;
