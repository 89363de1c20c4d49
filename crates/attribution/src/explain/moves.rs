//! How large the moves of a day were, in standard deviations.

use std::collections::{BTreeMap, BTreeSet};

use alluse_instruments::{Book, MarketSnapshot};
use alluse_risk_core::{AssetId, Factor};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::{PnlExplainer, SigmaRule};

/// Exchange days of a year.
const DAYS_PER_YEAR: f64 = 252.0;

/// The size of a day: that of the largest move among the underlyings of the book, in standard deviations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveSize {
    /// Every move was below the border.
    Common {
        /// Of the largest one; 0 when nothing held has an underlying.
        sigmas: f64,
    },
    /// At least one move reached the border.
    Tail {
        /// Of the largest one that is known.
        sigmas: f64,
        /// Whose.
        underlying: AssetId,
    },
    /// No move that is known reached the border, and one is not known.
    Unclassified {
        /// Which one, and why.
        reason: String,
    },
}

/// The moves so far, from close to close.
#[derive(Debug, Default)]
pub(super) struct Moves {
    returns: BTreeMap<AssetId, Vec<f64>>,
}

impl Moves {
    /// Sizes the moves from the opening to the close, then remembers them.
    pub(super) fn size(&mut self, explainer: &PnlExplainer, open: &Book, close: &MarketSnapshot) -> MoveSize {
        let mut held: Vec<AssetId> =
            open.positions().iter().filter_map(|position| position.instrument.underlying().cloned()).collect();
        held.sort_unstable();
        held.dedup();
        let (mut largest, mut unknown) = (None::<(f64, AssetId)>, None);
        for asset in &held {
            match self.sigmas(explainer.sigma, open, close, asset) {
                Ok(sigmas) if largest.as_ref().is_none_or(|(most, _)| sigmas > *most) => {
                    largest = Some((sigmas, asset.clone()));
                }
                Ok(_) => {}
                Err(reason) => unknown = unknown.or(Some(reason)),
            }
        }
        self.remember(&held, open.market(), close);
        match (largest, unknown) {
            (Some((sigmas, underlying)), _) if sigmas >= explainer.tail_sigmas => MoveSize::Tail { sigmas, underlying },
            (_, Some(reason)) => MoveSize::Unclassified { reason },
            (largest, None) => MoveSize::Common { sigmas: largest.map_or(0.0, |(sigmas, _)| sigmas) },
        }
    }

    fn sigmas(&self, rule: SigmaRule, open: &Book, close: &MarketSnapshot, asset: &AssetId) -> Result<f64, String> {
        let change = log_return(open.market(), close, asset).ok_or_else(|| format!("{asset} lacks a price"))?;
        let sigma = match rule {
            SigmaRule::Implied => {
                let volatility = implied(open, asset).ok_or_else(|| format!("{asset} has no volatility"))?;
                volatility * (weekdays(open.market().as_of(), close.as_of()) / DAYS_PER_YEAR).sqrt()
            }
            SigmaRule::Trailing { moves } => {
                let past = self.returns.get(asset).map_or(&[][..], Vec::as_slice);
                let Some(from) = past.len().checked_sub(moves) else {
                    return Err(format!("{asset} has {} moves before, {moves} are needed", past.len()));
                };
                (past[from..].iter().map(|r| r * r).sum::<f64>() / moves as f64).sqrt()
            }
        };
        match sigma > 0.0 {
            true => Ok(change.abs() / sigma),
            false => Err(format!("{asset} did not move before")),
        }
    }

    fn remember(&mut self, held: &[AssetId], open: &MarketSnapshot, close: &MarketSnapshot) {
        let known: Vec<AssetId> =
            self.returns.keys().chain(held).cloned().collect::<BTreeSet<_>>().into_iter().collect();
        for asset in &known {
            // A gap ends the record: the move across it is of another length.
            match log_return(open, close, asset) {
                Some(change) => self.returns.entry(asset.clone()).or_default().push(change),
                None => drop(self.returns.remove(asset)),
            }
        }
    }
}

fn log_return(open: &MarketSnapshot, close: &MarketSnapshot, asset: &AssetId) -> Option<f64> {
    Some((close.spot(asset)? / open.spot(asset)?).ln())
}

/// The volatility of the underlying, or the mean over the options held on it.
fn implied(open: &Book, asset: &AssetId) -> Option<f64> {
    let market = open.market();
    if let Some(volatility) = market.value(&Factor::Volatility(asset.clone())) {
        return Some(volatility);
    }
    let options = open.positions().iter().filter_map(|position| position.option());
    let known: Vec<f64> =
        options.filter(|contract| contract.underlying() == asset).filter_map(|c| market.volatility(c)).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Weekdays after one date up to another, at least 1.
fn weekdays(after: Date, until: Date) -> f64 {
    let days = after.series(1.day()).skip(1).take_while(|day| *day <= until);
    days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)).count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weekends_do_not_count() {
        assert_eq!(weekdays(date(2024, 1, 5), date(2024, 1, 8)), 1.0); // Friday to Monday
        assert_eq!(weekdays(date(2024, 1, 5), date(2024, 1, 9)), 2.0);
        assert_eq!(weekdays(date(2024, 1, 5), date(2024, 1, 7)), 1.0);
    }
}
