//! How the risk is to be shared out.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Shares of one whole may miss 1 by this much; they are then scaled to it.
const SUM_TOLERANCE: f64 = 1e-9;

/// The share of the risk that each asset is to carry: positive, sum 1.
///
/// ```
/// use alluse_optimizer::risk_budgeting::{Budgets, GroupBudget, Split};
///
/// // Three fifths of the risk to assets 0 and 1 in equal parts, two fifths to asset 2.
/// let budgets = Budgets::Groups(vec![
///     GroupBudget::new("equities", 0.6, Split::Equal(vec![0, 1])),
///     GroupBudget::new("bonds", 0.4, Split::Equal(vec![2])),
/// ]);
/// assert_eq!(budgets.per_asset(3)?, vec![0.3, 0.3, 0.4]);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Budgets {
    /// The same for every asset.
    #[default]
    Equal,
    /// One an asset.
    PerAsset(Vec<f64>),
    /// A tree of groups; every asset stands in exactly one of its leaves.
    Groups(Vec<GroupBudget>),
}

/// A group and its share of the risk of the group above it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupBudget {
    /// Its name, for messages.
    pub name: String,
    /// Its share.
    pub share: f64,
    /// How it divides its share.
    pub split: Split,
}

impl GroupBudget {
    /// A group with a share, which it divides by `split`.
    #[must_use]
    pub fn new(name: impl Into<String>, share: f64, split: Split) -> Self {
        Self { name: name.into(), share, split }
    }
}

/// How a group divides its share of the risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Equally among assets, by position.
    Equal(Vec<usize>),
    /// Among assets by position and share; the shares sum to 1.
    Shares(Vec<(usize, f64)>),
    /// Among groups, whose shares sum to 1.
    Groups(Vec<GroupBudget>),
}

impl Budgets {
    /// The budget of each of `assets` assets, scaled to sum 1 exactly up to rounding.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong number of budgets, [`Error::Invalid`] for one that is not positive, when shares of
    /// one whole do not sum to 1 within 1e-9, and for an asset in no group or in more than one.
    pub fn per_asset(&self, assets: usize) -> Result<Vec<f64>> {
        if assets == 0 {
            return Err(alluse_risk_core::Error::Empty { name: "assets" }.into());
        }
        match self {
            Self::Equal => Ok(vec![1.0 / assets as f64; assets]),
            Self::PerAsset(budgets) => {
                if budgets.len() != assets {
                    let (name, got) = ("budgets", budgets.len());
                    return Err(alluse_risk_core::Error::LengthMismatch { name, expected: assets, got }.into());
                }
                normalised("budgets", budgets.iter().copied())
            }
            Self::Groups(groups) => {
                let mut found = vec![None; assets];
                divide("budget groups", groups, 1.0, &mut found)?;
                found.into_iter().enumerate().map(|(asset, budget)| budget.ok_or_else(|| missing(asset))).collect()
            }
        }
    }
}

fn missing(asset: usize) -> Error {
    Error::invalid("budget groups", format!("asset {asset} is in no group"))
}

fn divide(what: &str, groups: &[GroupBudget], whole: f64, found: &mut [Option<f64>]) -> Result<()> {
    let shares = normalised(what, groups.iter().map(|group| group.share))?;
    for (group, share) in groups.iter().zip(shares) {
        let (name, share) = (format!("budget group {:?}", group.name), share * whole);
        match &group.split {
            Split::Groups(inner) => divide(&name, inner, share, found)?,
            Split::Equal(members) if members.is_empty() => return Err(Error::invalid(name, "has no members")),
            Split::Equal(members) => {
                members.iter().try_for_each(|&m| put(&name, found, m, share / members.len() as f64))?;
            }
            Split::Shares(members) => {
                let shares = normalised(&name, members.iter().map(|(_, share)| *share))?;
                members.iter().zip(shares).try_for_each(|((m, _), part)| put(&name, found, *m, part * share))?;
            }
        }
    }
    Ok(())
}

fn put(what: &str, found: &mut [Option<f64>], asset: usize, budget: f64) -> Result<()> {
    let assets = found.len();
    match found.get_mut(asset) {
        None => Err(Error::invalid(what, format!("member {asset} is not one of {assets} assets"))),
        Some(Some(_)) => Err(Error::invalid(what, format!("asset {asset} stands in the groups twice"))),
        Some(slot) => {
            *slot = Some(budget);
            Ok(())
        }
    }
}

/// Positive shares that sum to 1, to the last digit.
fn normalised(what: &str, shares: impl Iterator<Item = f64>) -> Result<Vec<f64>> {
    let shares: Vec<f64> = shares.collect();
    if shares.is_empty() {
        return Err(Error::invalid(what, "has no members"));
    }
    if let Some(index) = shares.iter().position(|s| !(*s > 0.0 && s.is_finite())) {
        return Err(Error::invalid(what, format!("share {index} must be positive and finite, got {}", shares[index])));
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(Error::invalid(what, format!("the shares sum to {sum}, not to 1")));
    }
    Ok(shares.into_iter().map(|s| s / sum).collect())
}
