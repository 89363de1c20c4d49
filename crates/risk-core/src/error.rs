//! The errors of this crate and the one list of kinds that every crate maps its errors to.

use serde::{Deserialize, Serialize};

/// What went wrong, in the few words a service needs to choose a status code.
///
/// Every error enum in the workspace has a `kind()` that returns one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value, shape or label that the question does not allow.
    InvalidInput,
    /// Too few observations for the question.
    InsufficientData,
    /// The question has no answer on this input, such as a ratio with a zero denominator.
    Undefined,
    /// An iteration stopped before its tolerance was met.
    NotConverged,
    /// The constraints contradict each other.
    Infeasible,
    /// The objective improves without bound.
    Unbounded,
    /// Floating-point arithmetic broke down: overflow, a singular or indefinite matrix.
    Numerical,
    /// A feature that is switched off or does not exist for this combination of inputs.
    Unsupported,
    /// A file could not be read or written.
    Io,
}

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate, with the offending index, name and value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number outside its domain. NaN is always outside.
    #[error("{name} must be {expected}, got {value}")]
    OutOfDomain {
        /// The argument.
        name: &'static str,
        /// Its domain, in words.
        expected: &'static str,
        /// What was given.
        value: f64,
    },
    /// An element of an array outside its domain. NaN is always outside.
    #[error("{name}[{index}] must be {expected}, got {value}")]
    ElementOutOfDomain {
        /// The array.
        name: &'static str,
        /// Position, counted from 0.
        index: usize,
        /// The domain of its elements, in words.
        expected: &'static str,
        /// What was found.
        value: f64,
    },
    /// An entry of a matrix or panel outside its domain. NaN is always outside.
    #[error("{name}[{row}, {column}] must be {expected}, got {value}")]
    EntryOutOfDomain {
        /// The matrix.
        name: &'static str,
        /// Row label, or its position.
        row: String,
        /// Column label, or its position.
        column: String,
        /// The domain of its entries, in words.
        expected: &'static str,
        /// What was found.
        value: f64,
    },
    /// Two shapes that should agree do not.
    #[error("{name} must have length {expected}, got {got}")]
    LengthMismatch {
        /// The array.
        name: &'static str,
        /// The length that the other inputs imply.
        expected: usize,
        /// The length that was given.
        got: usize,
    },
    /// Nothing to work on.
    #[error("{name} is empty")]
    Empty {
        /// The input.
        name: &'static str,
    },
    /// Too few observations.
    #[error("{name} needs at least {required} observations, got {available}")]
    InsufficientData {
        /// What was asked for.
        name: &'static str,
        /// Observations needed.
        required: usize,
        /// Observations given.
        available: usize,
    },
    /// The question has no answer on this input.
    #[error("{name} is undefined: {reason}")]
    Undefined {
        /// What was asked for.
        name: &'static str,
        /// Why it has no value here.
        reason: &'static str,
    },
    /// A matrix that should be symmetric is not.
    #[error("{name} is not symmetric: entries ({row}, {column}) and ({column}, {row}) differ by {difference:e}")]
    NotSymmetric {
        /// The matrix.
        name: &'static str,
        /// Row of the worst pair.
        row: usize,
        /// Column of the worst pair.
        column: usize,
        /// How far the pair is apart.
        difference: f64,
    },
    /// A matrix that should have no negative eigenvalue has one.
    #[error("{name} is not positive semidefinite: its smallest eigenvalue is {smallest_eigenvalue:e}")]
    NotPositiveSemidefinite {
        /// The matrix.
        name: &'static str,
        /// Its smallest eigenvalue.
        smallest_eigenvalue: f64,
    },
    /// A factorisation met a pivot that is not positive.
    #[error("{name} is not positive definite: pivot {pivot} is not positive")]
    NotPositiveDefinite {
        /// The matrix.
        name: &'static str,
        /// Position of the failing pivot, counted from 0.
        pivot: usize,
    },
    /// A system of equations without a unique solution.
    #[error("{name} is singular to working precision")]
    Singular {
        /// The matrix.
        name: &'static str,
    },
    /// A column of a regression that the columns before it already span.
    #[error("{name}: {column:?} is a combination of the columns before it")]
    Collinear {
        /// The matrix.
        name: &'static str,
        /// The column, by name.
        column: String,
    },
    /// A result that is too large for a floating-point number.
    #[error("{name} overflows")]
    Overflow {
        /// What was asked for.
        name: &'static str,
    },
    /// An iteration stopped before its tolerance was met.
    #[error("{name} stopped after {iterations} iterations with residual {residual:e}")]
    NotConverged {
        /// The method.
        name: &'static str,
        /// Iterations made.
        iterations: usize,
        /// What was left.
        residual: f64,
    },
    /// A name that may occur once occurs twice.
    #[error("{name} {value:?} occurs twice, at positions {first} and {second}")]
    Duplicate {
        /// What kind of name.
        name: &'static str,
        /// The name itself.
        value: String,
        /// First position, counted from 0.
        first: usize,
        /// Second position, counted from 0.
        second: usize,
    },
    /// Dates out of order.
    #[error("{name} must increase: position {index} ({value}) does not come after the one before")]
    NotIncreasing {
        /// The sequence.
        name: &'static str,
        /// Position of the offender, counted from 0.
        index: usize,
        /// The offender.
        value: String,
    },
    /// A name that nothing answers to.
    #[error("unknown {name} {value:?}")]
    Unknown {
        /// What kind of name.
        name: &'static str,
        /// The name that was asked for.
        value: String,
    },
    /// A look-up by date before the first date of a series.
    #[error("{name:?} has no value at or before {date}: it starts on {first}")]
    NotYet {
        /// The series.
        name: String,
        /// The date asked for.
        date: String,
        /// Its first date.
        first: String,
    },
    /// A look-up by date whose answer is older than the caller allows.
    #[error("the last value of {name:?} at or before {date} is of {last}: {age_days} days old, allowed {max_age_days}")]
    Stale {
        /// The series.
        name: String,
        /// The date asked for.
        date: String,
        /// Date of its last value.
        last: String,
        /// Calendar days in between.
        age_days: u32,
        /// Greatest age allowed.
        max_age_days: u32,
    },
    /// A missing value under a policy that refuses missing values.
    #[error("missing value in column {column:?} on {row}")]
    MissingValue {
        /// Row label.
        row: String,
        /// Column label.
        column: String,
    },
    /// Text that cannot be read, with its place.
    #[error("{source_name}, line {line}, column {column:?}: {problem}")]
    Parse {
        /// File name, or what was read.
        source_name: String,
        /// Line of the text, counted from 1.
        line: u64,
        /// Column name.
        column: String,
        /// What is wrong there.
        problem: String,
    },
    /// A file that cannot be read at all.
    #[error("{source_name}: {problem}")]
    Unreadable {
        /// File name, or what was read.
        source_name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing satisfies all that was asked for.
    #[error("{name} has no solution: {reason}")]
    Infeasible {
        /// What was asked for.
        name: &'static str,
        /// What contradicts itself, by name.
        reason: String,
    },
    /// Something that does not exist for this combination of inputs or features.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },
    /// A crate further up the stack failed behind a trait of the contract.
    #[error("{message}")]
    Model {
        /// The kind of the original error.
        kind: ErrorKind,
        /// Its message.
        message: String,
    },
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::OutOfDomain { .. }
            | Self::ElementOutOfDomain { .. }
            | Self::EntryOutOfDomain { .. }
            | Self::LengthMismatch { .. }
            | Self::Empty { .. }
            | Self::NotSymmetric { .. }
            | Self::Duplicate { .. }
            | Self::NotIncreasing { .. }
            | Self::Unknown { .. }
            | Self::MissingValue { .. }
            | Self::Parse { .. } => ErrorKind::InvalidInput,
            Self::InsufficientData { .. } | Self::NotYet { .. } | Self::Stale { .. } => ErrorKind::InsufficientData,
            Self::Undefined { .. } => ErrorKind::Undefined,
            Self::NotConverged { .. } => ErrorKind::NotConverged,
            Self::NotPositiveSemidefinite { .. }
            | Self::NotPositiveDefinite { .. }
            | Self::Singular { .. }
            | Self::Collinear { .. }
            | Self::Overflow { .. } => ErrorKind::Numerical,
            Self::Infeasible { .. } => ErrorKind::Infeasible,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Unreadable { .. } => ErrorKind::Io,
            Self::Model { kind, .. } => *kind,
        }
    }
}
