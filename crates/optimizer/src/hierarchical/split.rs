//! How capital goes down a tree.

use serde::{Deserialize, Serialize};

use super::bounds::WeightBounds;
use super::leaf_order::Branch;
use crate::{Error, Result};

/// One division of capital between two neighbouring ranges of the ordered list of assets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Split {
    /// First place of the left part in the list.
    pub start: usize,
    /// First place of the right part.
    pub middle: usize,
    /// First place after the right part.
    pub end: usize,
    /// Risk of the left part.
    pub left_risk: f64,
    /// Risk of the right part.
    pub right_risk: f64,
    /// `right_risk / (left_risk + right_risk)`: the left part's share by risk.
    pub left_share_by_risk: f64,
    /// The share it received, another one when a bound on a weight is in the way.
    pub left_share: f64,
}

impl Split {
    /// By risk alone.
    pub(super) fn new(branch: Branch, left_risk: f64, right_risk: f64) -> Result<Self> {
        let Branch { start, middle, end } = branch;
        let share = right_risk / (left_risk + right_risk);
        if !share.is_finite() {
            let reason =
                format!("parts {start}..{middle} and {middle}..{end} have risks {left_risk:e} and {right_risk:e}");
            return Err(Error::Undefined { what: "the split of capital between two clusters", reason });
        }
        Ok(Self { start, middle, end, left_risk, right_risk, left_share_by_risk: share, left_share: share })
    }
}

/// The capital at the first place of every part that is not divided further; parents come before their children.
pub(super) fn capital(splits: &[Split], places: usize) -> Vec<f64> {
    let mut capital = vec![0.0; places];
    if let Some(first) = capital.first_mut() {
        *first = 1.0;
    }
    for split in splits {
        let whole = capital[split.start];
        (capital[split.start], capital[split.middle]) = (whole * split.left_share, whole * (1.0 - split.left_share));
    }
    capital
}

/// The weights at each place within bounds: at every split the share by risk or the nearest one that leaves both
/// parts an amount their own bounds can hold. The shares of `splits` become those used.
pub(super) fn bounded(splits: &mut [Split], order: &[usize], bounds: &WeightBounds) -> Result<Vec<f64>> {
    bounds.check(order.len())?;
    // Sums of bounds of the largest part so far that begins at each place.
    let mut sums: Vec<(f64, f64)> = order.iter().map(|&asset| (bounds.lower()[asset], bounds.upper()[asset])).collect();
    let mut beside = vec![((0.0, 0.0), (0.0, 0.0)); splits.len()];
    for (split, out) in splits.iter().zip(&mut beside).rev() {
        let (left, right) = (sums[split.start], sums[split.middle]);
        *out = (left, right);
        sums[split.start] = (left.0 + right.0, left.1 + right.1);
    }
    let mut weights = vec![0.0; order.len()];
    weights[0] = 1.0;
    for (split, (left, right)) in splits.iter_mut().zip(beside) {
        let whole = weights[split.start];
        let (least, most) = (left.0.max(whole - right.1), left.1.min(whole - right.0));
        let part = (whole * split.left_share_by_risk).max(least).min(most);
        (weights[split.start], weights[split.middle]) = (part, whole - part);
        if whole > 0.0 {
            split.left_share = part / whole;
        }
    }
    Ok(weights)
}
