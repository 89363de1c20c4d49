//! The stress report: scenarios for a book, one small book per option strategy, and the pages that show both.

pub mod figures;
pub mod page;
pub mod scenarios;
pub mod strategies;
