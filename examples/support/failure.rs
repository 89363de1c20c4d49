//! One clear sentence for whatever went wrong.

use std::fmt;

/// Result with a [`Failure`].
pub type Result<T> = std::result::Result<T, Failure>;

/// What the program says before it stops with a non-zero exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// A failure about a file.
    pub fn in_file(file: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{file}: {problem}"))
    }

    /// A failure at a line of a file, counted from 1.
    pub fn at_line(file: &str, line: u64, problem: impl fmt::Display) -> Self {
        Self(format!("{file}, line {line}: {problem}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

macro_rules! from_library {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

from_library!(
    alluse_quant::risk_core::Error,
    alluse_quant::instruments::Error,
    alluse_quant::var_models::Error,
    alluse_quant::optimizer::Error,
    alluse_quant::stress::Error,
    alluse_quant::attribution::Error,
    alluse_quant::forecast::Error,
    alluse_quant::report::Error,
    std::io::Error,
    serde_json::Error
);
