//! A weekly programme that sells puts on an index, takes the index when assigned, and sells calls on it until it is
//! called away; every step is an event of a ledger.

pub mod benchmark;
pub mod figures;
pub mod inputs;
pub mod page;
pub mod programme;
