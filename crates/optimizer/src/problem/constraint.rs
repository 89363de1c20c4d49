//! The limits that weights must keep.

use std::ops::{Bound, RangeBounds};

use alluse_risk_core::{LinearRow, Weights};
use serde::{Deserialize, Serialize};

use super::{Benchmark, RiskMeasure};

/// Which assets a limit is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Every asset.
    All,
    /// These, by name.
    Named(Vec<String>),
}

impl Members {
    /// These assets.
    pub fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Named(names.into_iter().map(Into::into).collect())
    }
}

/// How turnover is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnoverConvention {
    /// `½ Σ|w − held|`: what is bought, when as much is sold.
    OneWay,
    /// `Σ|w − held|`: purchases and sales.
    TwoSided,
}

/// What a limit bounds. Lower bounds of minus infinity and upper bounds of infinity leave a side free.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConstraintKind {
    /// `Σ wᵢ`.
    Budget,
    /// `Σ wᵢ + cost(w)`: what is bought and what buying costs come out of the same capital.
    BudgetAfterCosts,
    /// Each member's weight.
    Weight(Members),
    /// The sum of the members' weights.
    Group(Members),
    /// The sum of the members' weights less a share of the sum of their parent's: a nested group.
    ShareOfGroup {
        /// The inner group.
        members: Members,
        /// The outer group.
        parent: Members,
    },
    /// `Σ aᵢwᵢ` by asset name: a factor exposure, the loss of a stress scenario, a greek, a margin requirement.
    Linear(Vec<(String, f64)>),
    /// `Σ|wᵢ|` over the members: leverage, or the weight of a cluster whatever its signs.
    Gross(Members),
    /// `Σ max(−wᵢ, 0)` over the members.
    Short(Members),
    /// What is traded.
    Turnover {
        /// From these weights.
        held: Weights,
        /// How it is counted.
        convention: TurnoverConvention,
    },
    /// The expected return a period, before costs.
    ExpectedReturn,
    /// A risk.
    Risk(RiskMeasure),
    /// The standard deviation of the return over a benchmark's.
    TrackingError(Benchmark),
    /// The number of weights that are not zero.
    Cardinality,
    /// The size of each member's weight when it is not zero.
    PositionSize(Members),
}

/// A limit: what it bounds, between what, under which name, and whether it may be bent at a price.
///
/// ```
/// use alluse_optimizer::problem::{Constraint, Members};
///
/// let technology = Constraint::group("technology", Members::of(["AAPL", "MSFT"]), ..=0.4);
/// assert_eq!(technology.name(), "technology");
/// assert_eq!((technology.lower(), technology.upper()), (f64::NEG_INFINITY, 0.4));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    name: String,
    kind: ConstraintKind,
    /// `None` for minus infinity: JSON has no infinities.
    lower: Option<f64>,
    upper: Option<f64>,
    price: Option<f64>,
}

impl Constraint {
    /// A limit of any kind, under a name.
    pub fn new(name: impl Into<String>, kind: ConstraintKind, range: impl RangeBounds<f64>) -> Self {
        let end = |bound: Bound<&f64>| match bound {
            Bound::Included(value) | Bound::Excluded(value) => Some(*value),
            Bound::Unbounded => None,
        };
        let finite = |side: Option<f64>| side.filter(|value| !value.is_infinite());
        let (lower, upper) = (finite(end(range.start_bound())), finite(end(range.end_bound())));
        Self { name: name.into(), kind, lower, upper, price: None }
    }

    /// `Σ wᵢ = total`.
    #[must_use]
    pub fn budget(total: f64) -> Self {
        Self::new("budget", ConstraintKind::Budget, total..=total)
    }

    /// `Σ wᵢ + cost(w) ≤ total`.
    #[must_use]
    pub fn budget_after_costs(total: f64) -> Self {
        Self::new("budget after costs", ConstraintKind::BudgetAfterCosts, ..=total)
    }

    /// No weight below zero.
    #[must_use]
    pub fn long_only() -> Self {
        Self::new("long only", ConstraintKind::Weight(Members::All), 0.0..)
    }

    /// Every weight in a range.
    pub fn weights(range: impl RangeBounds<f64>) -> Self {
        Self::new("weights", ConstraintKind::Weight(Members::All), range)
    }

    /// One asset's weight in a range.
    pub fn asset(asset: impl Into<String>, range: impl RangeBounds<f64>) -> Self {
        let asset = asset.into();
        Self::new(asset.clone(), ConstraintKind::Weight(Members::of([asset])), range)
    }

    /// The sum of the members' weights in a range.
    pub fn group(name: impl Into<String>, members: Members, range: impl RangeBounds<f64>) -> Self {
        Self::new(name, ConstraintKind::Group(members), range)
    }

    /// The members' share of their parent's weight in a range: `low · Σ parent ≤ Σ members ≤ high · Σ parent`.
    pub fn share(name: impl Into<String>, members: Members, parent: Members, range: impl RangeBounds<f64>) -> Self {
        Self::new(name, ConstraintKind::ShareOfGroup { members, parent }, range)
    }

    /// `Σ aᵢwᵢ` in a range: a factor exposure, a greek, a margin requirement.
    pub fn linear<N: Into<String>>(
        name: impl Into<String>,
        coefficients: impl IntoIterator<Item = (N, f64)>,
        range: impl RangeBounds<f64>,
    ) -> Self {
        let coefficients = coefficients.into_iter().map(|(asset, a)| (asset.into(), a)).collect();
        Self::new(name, ConstraintKind::Linear(coefficients), range)
    }

    /// A row that another crate prepared: a stress loss, a greek or a margin requirement.
    #[must_use]
    pub fn row(row: &LinearRow) -> Self {
        let coefficients = row.coefficients.iter().map(|(id, a)| (id.as_str().to_owned(), *a));
        Self::linear(row.name.clone(), coefficients, row.lower..=row.upper)
    }

    /// `Σ|wᵢ|` at most this.
    #[must_use]
    pub fn leverage(limit: f64) -> Self {
        Self::new("leverage", ConstraintKind::Gross(Members::All), ..=limit)
    }

    /// `Σ|wᵢ|` over assets that move together at most this.
    pub fn cluster(name: impl Into<String>, members: Members, limit: f64) -> Self {
        Self::new(name, ConstraintKind::Gross(members), ..=limit)
    }

    /// `Σ max(−wᵢ, 0)` at most this.
    #[must_use]
    pub fn short_exposure(limit: f64) -> Self {
        Self::new("short exposure", ConstraintKind::Short(Members::All), ..=limit)
    }

    /// At most this much traded from the weights held.
    #[must_use]
    pub fn turnover(held: Weights, limit: f64, convention: TurnoverConvention) -> Self {
        Self::new("turnover", ConstraintKind::Turnover { held, convention }, ..=limit)
    }

    /// An expected return of at least this a period.
    #[must_use]
    pub fn target_return(at_least: f64) -> Self {
        Self::new("target return", ConstraintKind::ExpectedReturn, at_least..)
    }

    /// A risk of at most this.
    #[must_use]
    pub fn risk(measure: RiskMeasure, at_most: f64) -> Self {
        Self::new(measure.to_string(), ConstraintKind::Risk(measure), ..=at_most)
    }

    /// A tracking error of at most this a period.
    #[must_use]
    pub fn tracking_error(benchmark: Benchmark, at_most: f64) -> Self {
        Self::new("tracking error", ConstraintKind::TrackingError(benchmark), ..=at_most)
    }

    /// A number of weights other than zero in a range.
    #[must_use]
    pub fn cardinality(least: usize, most: usize) -> Self {
        Self::new("cardinality", ConstraintKind::Cardinality, least as f64..=most as f64)
    }

    /// Every weight zero or, in size, at least this.
    #[must_use]
    pub fn minimum_position(at_least: f64) -> Self {
        Self::new("minimum position", ConstraintKind::PositionSize(Members::All), at_least..)
    }

    /// Positions small enough to be sold in a number of days: `|w| · capital ≤ days · participation · daily volume`,
    /// one limit an asset.
    #[must_use]
    pub fn liquidity(capital: f64, days: f64, participation: f64, daily_volumes: &[(&str, f64)]) -> Vec<Self> {
        let one = |(asset, volume): &(&str, f64)| {
            let most = days * participation * volume / capital;
            let kind = ConstraintKind::Weight(Members::of([*asset]));
            Self::new(format!("{asset} sold in {days} days"), kind, -most..=most)
        };
        daily_volumes.iter().map(one).collect()
    }

    /// Under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Soft: it may be broken at this price, in the unit of the objective per unit of violation.
    #[must_use]
    pub fn soft(mut self, price: f64) -> Self {
        self.price = Some(price);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it bounds.
    #[must_use]
    pub fn kind(&self) -> &ConstraintKind {
        &self.kind
    }

    /// Its least value, minus infinity for none.
    #[must_use]
    pub fn lower(&self) -> f64 {
        self.lower.unwrap_or(f64::NEG_INFINITY)
    }

    /// Its greatest value, infinity for none.
    #[must_use]
    pub fn upper(&self) -> f64 {
        self.upper.unwrap_or(f64::INFINITY)
    }

    /// The price of breaking it; `None` when it must hold.
    #[must_use]
    pub fn price(&self) -> Option<f64> {
        self.price
    }

    /// Whether it makes a problem a discrete one.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        matches!(self.kind, ConstraintKind::Cardinality | ConstraintKind::PositionSize(_))
    }

    /// With other sides.
    #[must_use]
    pub(crate) fn between(mut self, lower: f64, upper: f64) -> Self {
        let finite = |value: f64| Some(value).filter(|value| !value.is_infinite());
        (self.lower, self.upper) = (finite(lower), finite(upper));
        self
    }
}
