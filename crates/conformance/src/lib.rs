//! Runs a folder of reference cases against the public API of `alluse-quant`.
//!
//! A folder holds `*.jsonl` files, one case a line, and `series/*.csv` for inputs too long for a line.
//! A case names an *op*, its arguments, the expected result, a tolerance and a tier. The runner converts
//! shapes and names and nothing else: each op is one public library call (see [`ops`]), an argument the
//! mapping does not read makes the case unsupported, and a line that is not a case is an error.
//!
//! ```text
//! case.rs     a line of JSON, checked             series.rs   columns of CSV files, read once
//! args.rs     arguments, and which were read      ops/        from op to library call
//! compare.rs  got against want                    run.rs      one case to its verdict
//! report.rs   counts by file and tier             cli.rs      options and exit status
//! ```
//!
//! To add an op: one line in the table of its family in [`ops`], and one small function beside it.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

pub mod args;
pub mod case;
pub mod cli;
pub mod compare;
pub mod ops;
pub mod outcome;
pub mod report;
pub mod run;
pub mod series;
pub mod tree;
