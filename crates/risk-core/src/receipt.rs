//! What a stored result was made from.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Assumption;

/// The SHA-256 of one input, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputHash {
    /// What the input is called.
    pub name: String,
    /// Its digest.
    pub sha256: String,
}

impl InputHash {
    /// Hash of bytes, such as a file.
    pub fn of_bytes(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self { name: name.into(), sha256: hexadecimal(&Sha256::digest(bytes)) }
    }

    /// Hash of numbers by their exact bits, in little-endian order.
    pub fn of_numbers<'a>(name: impl Into<String>, numbers: impl IntoIterator<Item = &'a f64>) -> Self {
        let mut hasher = Sha256::new();
        for number in numbers {
            hasher.update(number.to_bits().to_le_bytes());
        }
        Self { name: name.into(), sha256: hexadecimal(&hasher.finalize()) }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What stands beside every saved result, so that it can be made again.
///
/// ```
/// use alluse_risk_core::{InputHash, Receipt};
///
/// let receipt = Receipt::new("confidence 0.99").with_input(InputHash::of_bytes("prices", b"abc")).with_seed(7);
/// assert!(receipt.inputs[0].sha256.starts_with("ba7816bf")); // FIPS 180-2, appendix B.1
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Hashes of the inputs.
    pub inputs: Vec<InputHash>,
    /// The configuration, as text that its reader understands.
    pub configuration: String,
    /// Seed of the random streams, where there are any.
    pub seed: Option<u64>,
    /// Crates and their versions.
    pub versions: Vec<(String, String)>,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
}

impl Receipt {
    /// A receipt for a configuration; the version of this crate is entered already.
    pub fn new(configuration: impl Into<String>) -> Self {
        Self {
            inputs: Vec::new(),
            configuration: configuration.into(),
            seed: None,
            versions: vec![(env!("CARGO_PKG_NAME").to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
            assumptions: Vec::new(),
        }
    }

    /// With another input.
    #[must_use]
    pub fn with_input(mut self, input: InputHash) -> Self {
        self.inputs.push(input);
        self
    }

    /// With the seed of the random streams.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With the version of another crate that took part.
    #[must_use]
    pub fn with_version(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.versions.push((name.into(), version.into()));
        self
    }

    /// With what was taken for granted.
    #[must_use]
    pub fn with_assumptions(mut self, assumptions: &[Assumption]) -> Self {
        self.assumptions.extend_from_slice(assumptions);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_numbers_sees_the_sign_of_zero() {
        let plus = InputHash::of_numbers("x", &[0.0]);
        assert_ne!(plus, InputHash::of_numbers("x", &[-0.0]));
        // SHA-256 of eight zero bytes, from any implementation.
        assert_eq!(plus.sha256, "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
    }

    #[test]
    fn serde_round_trip() {
        let receipt = Receipt::new("c")
            .with_seed(1)
            .with_version("x", "1")
            .with_assumptions(&[Assumption::Note { text: "n".into() }]);
        let text = serde_json::to_string(&receipt).unwrap();
        assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    }
}
