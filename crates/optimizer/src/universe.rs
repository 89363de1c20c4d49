//! What can be held.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;

use crate::{Error, Result};

/// The assets or strategies of a problem, in the order of its vectors.
///
/// ```
/// use alluse_optimizer::Universe;
///
/// let universe = Universe::named(["SPY", "TLT"])?;
/// assert_eq!(universe.position("TLT")?, 1);
/// assert!(universe.position("GLD").is_err());
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Universe {
    assets: Vec<AssetId>,
    positions: BTreeMap<String, usize>,
}

impl Universe {
    /// # Errors
    /// [`Error::Input`] without assets and for a name that occurs twice.
    pub fn new(assets: Vec<AssetId>) -> Result<Self> {
        if assets.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "universe" }.into());
        }
        let mut positions = BTreeMap::new();
        for (second, asset) in assets.iter().enumerate() {
            if let Some(first) = positions.insert(asset.as_str().to_owned(), second) {
                let value = asset.as_str().to_owned();
                return Err(alluse_risk_core::Error::Duplicate { name: "asset", value, first, second }.into());
            }
        }
        Ok(Self { assets, positions })
    }

    /// From names as text.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) and of [`AssetId::new`].
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self> {
        let assets: std::result::Result<Vec<_>, _> = names.into_iter().map(AssetId::new).collect();
        Self::new(assets?)
    }

    /// The assets, in order.
    #[must_use]
    pub fn assets(&self) -> &[AssetId] {
        &self.assets
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a universe is never empty")]
    pub fn len(&self) -> usize {
        self.assets.len()
    }

    /// Where an asset stands.
    ///
    /// # Errors
    /// [`Error::Input`] for a name that is not here.
    pub fn position(&self, asset: &str) -> Result<usize> {
        let unknown = || alluse_risk_core::Error::Unknown { name: "asset", value: asset.to_owned() };
        self.positions.get(asset).copied().ok_or_else(|| Error::from(unknown()))
    }
}
