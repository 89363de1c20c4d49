//! What the trades of an account realise, and which losses do not count.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::lot::{RealizedLot, TaxLots, Term};
use crate::rebalance::check::sum;

/// A lot whose basis and holding period take over a disallowed loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplacedLot {
    /// What was bought.
    pub asset: AssetId,
    /// Which trade bought it, counted from 0.
    pub trade: usize,
    /// Units of it that replace units sold.
    pub units: f64,
    /// Added to the basis of these units.
    pub basis_added: f64,
    /// Where their holding period began before.
    pub held_since_before: Date,
    /// Where it begins now.
    pub held_since: Date,
}

/// A loss, or part of one, that does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WashSale {
    /// Which trade sold, counted from 0.
    pub sale: usize,
    /// Which of the lots it sold, counted from 0.
    pub line: usize,
    /// Units sold that are replaced.
    pub units: f64,
    /// The loss that does not count, positive.
    pub disallowed: f64,
    /// Its term.
    pub term: Term,
    /// Where the loss goes.
    pub replacement: ReplacedLot,
}

/// A sale and the lots it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SaleReport {
    /// Which trade, counted from 0.
    pub trade: usize,
    /// What was sold.
    pub asset: AssetId,
    /// Each lot, in the order of the choice.
    pub realized: Vec<RealizedLot>,
}

/// What the trades of an account realise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaxReport {
    /// Each sale.
    pub sales: Vec<SaleReport>,
    /// Each loss that does not count, in the order they were found.
    pub wash_sales: Vec<WashSale>,
    /// The lots that are left, adjusted.
    pub lots: BTreeMap<AssetId, TaxLots>,
}

impl TaxReport {
    /// Gain realised, before disallowed losses are added back.
    #[must_use]
    pub fn realized(&self, term: Term) -> f64 {
        let lots = self.sales.iter().flat_map(|sale| &sale.realized);
        sum(lots.filter(|it| it.term == term).map(|it| it.gain))
    }

    /// Losses that do not count, positive.
    #[must_use]
    pub fn disallowed(&self, term: Term) -> f64 {
        sum(self.wash_sales.iter().filter(|it| it.term == term).map(|it| it.disallowed))
    }

    /// Gain that counts.
    #[must_use]
    pub fn recognized(&self, term: Term) -> f64 {
        self.realized(term) + self.disallowed(term)
    }
}
