//! How far to trade: to the target, part of the way, or to the edge of a band.

use alluse_risk_core::Weights;
use serde::{Deserialize, Serialize};

use super::check::{ensure, sum};
use super::{Bands, Situation};
use crate::Result;

/// Where the money for purchases comes from, and where that of sales goes, when trades stop at the edge of a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funding {
    /// Cash: an asset inside its band is never traded.
    Cash,
    /// The other assets: cash gets its target weight, and the weights are those inside the bands that are nearest to
    /// the weights held, by the sum of squares.
    Assets,
}

/// How far to trade.
///
/// # Examples
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::rebalance::{BandScale, Bands, Extent, Funding, Situation};
/// use alluse_risk_core::Weights;
///
/// let universe = Universe::named(["SPY", "TLT", "GLD"])?;
/// let (held, target) = (Weights::new(vec![0.7, 0.18, 0.12])?, Weights::new(vec![0.6, 0.25, 0.15])?);
/// let extent = Extent::ToBandEdge(Bands::uniform(BandScale::Absolute, 0.05)?, Funding::Assets);
/// let after = extent.destination(&Situation::new(&universe, &held, &target)?)?;
/// // SPY to its upper edge, TLT up to its lower edge at least; what is left is shared.
/// assert!((after.view()[0] - 0.65).abs() < 1e-12 && (after.net() - 1.0).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Extent {
    /// All the way.
    ToTarget,
    /// This fraction of the way, from 0 to 1, for every asset.
    Fraction(f64),
    /// To the nearest edge of the band, for the assets outside.
    ToBandEdge(Bands, Funding),
}

impl Extent {
    /// The weights to trade to, before costs.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a fraction outside [0, 1], and those of [`Bands::half_widths`].
    pub fn destination(&self, situation: &Situation<'_>) -> Result<Weights> {
        let (held, target) = (situation.held.view(), situation.target.view());
        match self {
            Self::ToTarget => Ok(situation.target.clone()),
            Self::Fraction(part) => {
                ensure((0.0..=1.0).contains(part), "fraction of the way", "in [0, 1]", *part)?;
                let moved = held.iter().zip(target).map(|(w, t)| w * (1.0 - part) + t * part);
                Ok(Weights::new(moved.collect::<Vec<_>>())?)
            }
            Self::ToBandEdge(bands, funding) => {
                let widths = bands.half_widths(situation.target, situation.risk)?;
                let edges: Vec<_> = target.iter().zip(widths).map(|(t, width)| (t - width, t + width)).collect();
                let held: Vec<_> = held.to_vec();
                Ok(Weights::new(match funding {
                    Funding::Cash => shifted(&held, &edges, 0.0),
                    Funding::Assets => nearest(&held, &edges, situation.target.net()),
                })?)
            }
        }
    }
}

/// Each weight plus the shift, brought back inside its band.
fn shifted(held: &[f64], edges: &[(f64, f64)], shift: f64) -> Vec<f64> {
    held.iter().zip(edges).map(|(w, (low, high))| (w + shift).clamp(*low, *high)).collect()
}

/// The projection of the weights held on the bands and the sum `net`.
///
/// Its shift is where the sum, which never falls as the shift grows, reaches `net`: a straight line between the two
/// breakpoints around it. The target lies inside, so there is one.
fn nearest(held: &[f64], edges: &[(f64, f64)], net: f64) -> Vec<f64> {
    let total = |shift| sum(shifted(held, edges, shift));
    let mut breakpoints: Vec<f64> = held.iter().zip(edges).flat_map(|(w, (low, high))| [low - w, high - w]).collect();
    breakpoints.sort_by(f64::total_cmp);
    let above = breakpoints.partition_point(|shift| total(*shift) < net);
    let high = breakpoints.get(above).or(breakpoints.last()).copied().unwrap_or(0.0);
    let low = above.checked_sub(1).and_then(|below| breakpoints.get(below)).copied().unwrap_or(high);
    let (at_low, at_high) = (total(low), total(high));
    let shift = if at_high > at_low { low + (high - low) * (net - at_low) / (at_high - at_low) } else { high };
    shifted(held, edges, shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Universe;
    use crate::rebalance::BandScale;
    use proptest::prelude::*;

    fn moved(extent: &Extent, held: &[f64], target: &[f64]) -> Result<Vec<f64>> {
        let universe = Universe::named((0..held.len()).map(|i| format!("A{i}")))?;
        let (held, target) = (Weights::new(held.to_vec())?, Weights::new(target.to_vec())?);
        Ok(extent.destination(&Situation::new(&universe, &held, &target)?)?.into())
    }

    #[test]
    fn part_of_the_way() -> Result<()> {
        assert_eq!(moved(&Extent::Fraction(0.25), &[0.5, 0.25], &[0.25, 0.75])?, [0.4375, 0.375]);
        assert_eq!(moved(&Extent::Fraction(1.0), &[0.3, 0.3], &[0.1, 0.2])?, [0.1, 0.2]);
        assert_eq!(moved(&Extent::ToTarget, &[0.3, 0.3], &[0.1, 0.2])?, [0.1, 0.2]);
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(moved(&Extent::Fraction(bad), &[0.3], &[0.1]).is_err());
        }
        Ok(())
    }

    #[test]
    fn cash_funds_only_what_is_outside() -> Result<()> {
        let bands = Bands::uniform(BandScale::Absolute, 0.125)?;
        let extent = Extent::ToBandEdge(bands, Funding::Cash);
        assert_eq!(moved(&extent, &[0.75, 0.25], &[0.5, 0.25])?, [0.625, 0.25]);
        Ok(())
    }

    proptest! {
        /// The nearest point satisfies the variational inequality against every other point of the set; the target is
        /// one, and so is each point between it and the answer of a random direction.
        #[test]
        fn the_shared_answer_is_the_nearest(
            pairs in prop::collection::vec((0.0..1.0_f64, 0.05..1.0_f64, 0.0..0.2_f64), 2..8),
        ) {
            let total: f64 = pairs.iter().map(|p| p.1).sum();
            let held: Vec<_> = pairs.iter().map(|p| p.0).collect();
            let target: Vec<_> = pairs.iter().map(|p| p.1 / total).collect();
            let widths: Vec<_> = pairs.iter().map(|p| p.2).collect();
            let bands = Bands::each(BandScale::Absolute, widths.clone()).unwrap();
            let after = moved(&Extent::ToBandEdge(bands, Funding::Assets), &held, &target).unwrap();
            prop_assert!((after.iter().sum::<f64>() - 1.0).abs() < 1e-13);
            for ((x, t), width) in after.iter().zip(&target).zip(&widths) {
                prop_assert!((x - t).abs() <= width + 1e-15);
            }
            // Moving weight from one asset to another, as far as the bands allow, never comes nearer.
            for i in 0..held.len() {
                for j in 0..held.len() {
                    let room = (widths[i] + target[i] - after[i]).min(after[j] - target[j] + widths[j]);
                    if i != j && room > 1e-9 {
                        prop_assert!((after[i] - held[i]) - (after[j] - held[j]) >= -1e-12);
                    }
                }
            }
        }
    }
}
