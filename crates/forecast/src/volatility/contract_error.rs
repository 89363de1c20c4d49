use alluse_risk_core::Error as Contract;

use crate::Error;

/// An error of this crate behind a trait of the contract: that of `risk-core` where it is one, else its kind and words.
pub(super) fn contract_error(error: Error) -> Contract {
    match error {
        Error::Input(error) => error,
        other => Contract::Model { kind: other.kind(), message: other.to_string() },
    }
}
