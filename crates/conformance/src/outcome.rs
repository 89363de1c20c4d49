//! What the mapping of an op comes to: a value, an error of the library, or a reason why it is not mapped.

use alluse_quant::{attribution, forecast, instruments, optimizer, risk_core, var_models};

use crate::tree::Tree;

/// What an op comes to. `?` works on every library call and every reader of [`Args`](crate::args::Args).
pub type Outcome = std::result::Result<Tree, Stop>;

/// Why an op came to no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The library refused or failed.
    Library {
        /// The kind of its error.
        kind: risk_core::ErrorKind,
        /// Its message.
        message: String,
    },
    /// The mapping does not know an argument's value, or the argument is absent.
    Unsupported(String),
    /// The case points to a column of texts where numbers are wanted.
    Malformed(String),
}

impl From<risk_core::Error> for Stop {
    fn from(error: risk_core::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<attribution::Error> for Stop {
    fn from(error: attribution::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<forecast::Error> for Stop {
    fn from(error: forecast::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<instruments::Error> for Stop {
    fn from(error: instruments::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<optimizer::Error> for Stop {
    fn from(error: optimizer::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<var_models::Error> for Stop {
    fn from(error: var_models::Error) -> Self {
        Self::Library { kind: error.kind(), message: error.to_string() }
    }
}

impl From<risk_core::Estimate> for Tree {
    fn from(estimate: risk_core::Estimate) -> Self {
        estimate.value.into()
    }
}

impl From<risk_core::Weights> for Tree {
    fn from(weights: risk_core::Weights) -> Self {
        weights.view().to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use alluse_quant::risk_core::{Confidence, ErrorKind};

    use super::*;

    #[test]
    fn library_errors_keep_their_kind_and_message() {
        let error = Confidence::new(2.0).unwrap_err();
        let wrapped = instruments::Error::from(error.clone());
        let model = var_models::Error::from(error.clone());
        let metric = attribution::Error::from(error.clone());
        for stop in [Stop::from(error), Stop::from(wrapped), Stop::from(model), Stop::from(metric)] {
            let Stop::Library { kind, message } = stop else { panic!("a library error") };
            assert_eq!((kind, message.as_str()), (ErrorKind::InvalidInput, "confidence must be in (0, 1), got 2"));
        }
    }
}
