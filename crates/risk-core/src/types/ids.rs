use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// [`Error::Empty`] when nothing but white space is given.
            pub fn new(name: impl Into<String>) -> Result<Self> {
                let name = name.into();
                if name.trim().is_empty() {
                    return Err(Error::Empty { name: $what });
                }
                Ok(Self(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(name: String) -> Result<Self> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// The name of something with a price: a share, an index, an underlying.
    AssetId,
    "asset id"
);
id!(
    /// The name of a listed contract with all its terms, as the crate that owns contracts writes it.
    ContractId,
    "contract id"
);
id!(
    /// A currency code, such as `USD`.
    Currency,
    "currency"
);
id!(
    /// The name of a row of a P&L cube: a position, or a label after grouping.
    RowId,
    "row id"
);
id!(
    /// The name of a scenario: its date, or what the user called it.
    ScenarioId,
    "scenario id"
);

impl ContractId {
    /// The name made of an underlying and the terms of the contract.
    #[must_use]
    pub fn of(underlying: &AssetId, terms: impl fmt::Display) -> Self {
        Self(format!("{underlying} {terms}"))
    }
}

impl Currency {
    /// US dollars.
    #[must_use]
    pub fn usd() -> Self {
        Self("USD".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_names_are_refused_by_every_door() {
        assert!(AssetId::new("  ").is_err());
        assert!(serde_json::from_str::<RowId>("\"\"").is_err());
        let asset = serde_json::from_str::<AssetId>("\"SPY\"").unwrap();
        assert_eq!(asset.as_str(), "SPY");
        assert_eq!(ContractId::of(&asset, "2024-01-19 P 470").as_str(), "SPY 2024-01-19 P 470");
    }
}
