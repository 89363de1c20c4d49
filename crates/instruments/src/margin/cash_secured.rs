//! Cash-secured: every short put has its strike in cash, every short call its shares.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, ErrorKind, RowId, Status};
use serde::{Deserialize, Serialize};

use crate::pricing::OptionKind;
use crate::{Book, Instrument};

/// What a cash account needs.
///
/// ```text
/// required   Σ strike · units of short puts, in base currency
/// available  cash
/// ```
/// Long puts do not lower it: a cash account that is assigned pays the whole strike first. A short call that shares do
/// not cover cannot be secured by any amount of cash, so the requirement is then unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CashSecured {
    /// Cash that short puts tie up.
    pub requirement: Status<f64>,
    /// Cash held, in base currency; unknown when a currency has no price.
    pub cash: Status<f64>,
    /// Each short put.
    pub lines: Vec<CashSecuredLine>,
    /// Underlyings with short calls beyond the shares held, and how many units are uncovered.
    pub uncovered_calls: Vec<(AssetId, f64)>,
}

/// One short put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CashSecuredLine {
    /// The position.
    pub position: RowId,
    /// `strike · units` in base currency; `None` when its currency has no price.
    pub amount: Option<f64>,
}

impl CashSecured {
    /// Of some positions, by their places in the book.
    pub(crate) fn of(book: &Book, rows: &[usize]) -> Self {
        let market = book.market();
        let mut lines = Vec::new();
        let mut units: BTreeMap<&AssetId, (f64, f64)> = BTreeMap::new();
        let mut cash = Some(0.0);
        for &row in rows {
            let position = &book.positions()[row];
            let fx = market.fx(book.currency(position));
            match &position.instrument {
                Instrument::Cash { .. } => cash = cash.zip(fx).map(|(sum, fx)| sum + position.quantity * fx),
                Instrument::Share { asset } => units.entry(asset).or_default().0 += position.quantity,
                Instrument::Option(contract) if position.quantity < 0.0 => match contract.kind() {
                    OptionKind::Call => units.entry(contract.underlying()).or_default().1 -= position.units(),
                    OptionKind::Put => lines.push(CashSecuredLine {
                        position: position.id.clone(),
                        amount: fx.map(|fx| -position.units() * contract.strike() * fx),
                    }),
                },
                Instrument::Option(_) => {}
            }
        }
        let uncovered_calls: Vec<(AssetId, f64)> = units
            .into_iter()
            .map(|(asset, (held, short))| (asset.clone(), short - held.max(0.0)))
            .filter(|(_, uncovered)| *uncovered > 1e-9)
            .collect();
        let amounts: Option<f64> = lines.iter().map(|line| line.amount).sum();
        let requirement = match (amounts, uncovered_calls.first()) {
            (_, Some((asset, uncovered))) => Status::Unknown {
                kind: ErrorKind::Undefined,
                reason: format!("short calls on {uncovered} units of {asset} are not covered by shares"),
            },
            (None, None) => no_price(),
            (Some(amount), None) => Status::Known(amount),
        };
        Self { requirement, cash: cash.map_or_else(no_price, Status::Known), lines, uncovered_calls }
    }
}

fn no_price() -> Status<f64> {
    Status::Unknown { kind: ErrorKind::InsufficientData, reason: "a currency has no price".to_owned() }
}
