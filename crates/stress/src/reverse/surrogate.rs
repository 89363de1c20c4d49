//! A book as tables: quick enough to be searched, and close enough to know where.

use std::collections::BTreeMap;

use alluse_instruments::{Book, HeldFixed, MarketSnapshot};
use alluse_risk_core::{Factor, ScenarioSet, ShockKind};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::bicubic::{Axis, Jet, Table};
use super::book::{BookLoss, Kind};
use super::loss::ScenarioLoss;
use crate::factors::length;
use crate::{FactorModel, Result};

/// Nodes over a spot, a volatility, and anything else.
const SPOTS: usize = 41;
const VOLATILITIES: usize = 11;
const OTHERS: usize = 9;
/// How far rates, yields and currencies are tabulated, in standard deviations: farther out models may have no price, and
/// a straight line will do.
const OTHERS_RADIUS: f64 = 4.0;
/// How much closer nodes are in the middle than at the ends: sinh′ from 1 to cosh 2.
const BEND: f64 = 2.0;

/// P&L as a sum of functions of one or two factors.
///
/// ```text
/// P&L(x) ≈ Σ_(s,v) f_sv(x_s, x_v) + Σ_k g_k(x_k)
/// ```
///
/// The first sum is exact at its nodes, since a position depends on one spot and one volatility; the second takes
/// rates, yields and currencies as if nothing else had moved.
#[derive(Debug)]
pub(super) struct BookSurrogate {
    factors: usize,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    x: Option<usize>,
    y: Option<usize>,
    table: Table,
}

impl Part {
    fn jet(&self, moves: ArrayView1<'_, f64>) -> Jet {
        let at = |place: Option<usize>| place.map_or(0.0, |place| moves[place]);
        self.table.jet(at(self.x), at(self.y))
    }
}

/// What the tables are made from.
struct Maker<'a> {
    loss: &'a BookLoss<'a>,
    model: &'a FactorModel,
    axes: Vec<Axis>,
    /// Which table a position is in, by its spot and volatility.
    groups: BTreeMap<(Option<usize>, Option<usize>), usize>,
}

impl BookSurrogate {
    pub(super) fn new(loss: &BookLoss<'_>, model: &FactorModel, radius: f64) -> Result<Self> {
        length("factors", loss.model.factors().len(), model.factors().len())?;
        let volatilities = model.volatilities();
        let axes = (0..volatilities.len()).map(|place| {
            let (nodes, radius) = match Kind::of(&model.factors()[place].0) {
                Kind::Spot => (SPOTS, radius),
                Kind::Volatility => (VOLATILITIES, radius),
                Kind::Dividend | Kind::Rate | Kind::Fx => (OTHERS, radius.min(OTHERS_RADIUS)),
            };
            Axis::new(model.mean()[place], radius * volatilities[place], BEND, nodes)
        });
        let mut groups = BTreeMap::new();
        for places in &loss.places {
            let next = groups.len();
            groups.entry(pair(places)).or_insert(next);
        }
        let maker = Maker { loss, model, axes: axes.collect(), groups };
        let mut parts = maker.tables()?;
        for kind in [Kind::Dividend, Kind::Rate, Kind::Fx] {
            parts.extend(maker.sides(kind)?);
        }
        Ok(Self { factors: volatilities.len(), parts })
    }
}

fn pair(places: &[Option<usize>; Kind::COUNT]) -> (Option<usize>, Option<usize>) {
    (places[Kind::Spot as usize], places[Kind::Volatility as usize])
}

impl Maker<'_> {
    /// Moves with every factor of a kind at its own node, the others at their mean.
    fn moves(&self, kind: Kind, nodes: usize) -> Array2<f64> {
        Array2::from_shape_fn((nodes, self.axes.len()), |(node, place)| {
            if Kind::of(&self.model.factors()[place].0) == kind {
                self.node(place, node, nodes)
            } else {
                self.model.mean()[place]
            }
        })
    }

    /// A factor that does not vary has one node, whatever the others have.
    fn node(&self, place: usize, node: usize, nodes: usize) -> f64 {
        let axis = &self.axes[place];
        if axis.nodes() == nodes { axis.node(node) } else { axis.node(axis.middle()) }
    }

    fn has(&self, kind: Kind) -> bool {
        self.model.factors().iter().any(|(factor, _)| Kind::of(factor) == kind)
    }

    /// One table over spot and volatility for each pair that positions depend on.
    fn tables(&self) -> Result<Vec<Part>> {
        let (spots, volatilities) = (self.count(Kind::Spot, SPOTS), self.count(Kind::Volatility, VOLATILITIES));
        // At the mean of every spot, along the volatilities: by exact revaluation.
        let spine = self.summed(&self.loss.gains(self.moves(Kind::Volatility, volatilities))?);
        let mut values = vec![Array2::zeros((spots, volatilities)); self.groups.len()];
        for column in 0..volatilities {
            // With volatilities in the market rather than in the scenarios, one exercise boundary serves all spots.
            let book = self.loss.book.clone().with_market(self.market(column, volatilities)?)?;
            let gains = self.summed(&self.along_spots(&book, spots)?);
            for (group, values) in values.iter_mut().enumerate() {
                for row in 0..spots {
                    let from_middle = gains[[group, row]] - gains[[group, spots / 2]];
                    values[[row, column]] = spine[[group, column]] + from_middle;
                }
            }
        }
        let part = |(&(x, y), &group): (&(Option<usize>, Option<usize>), &usize)| {
            let (rows, columns) = (self.axis(x), self.axis(y));
            // A factor without variance has one node: the middle of those of the others.
            let cut = |count: usize, all: usize, k: usize| if count == all { k } else { all / 2 };
            let (m, n) = (rows.nodes(), columns.nodes());
            let own =
                Array2::from_shape_fn((m, n), |(i, j)| values[group][[cut(m, spots, i), cut(n, volatilities, j)]]);
            Part { x, y, table: Table::new(rows, columns, &own) }
        };
        Ok(self.groups.iter().map(part).collect())
    }

    fn axis(&self, place: Option<usize>) -> Axis {
        place.map_or_else(|| Axis::fixed(0.0), |place| self.axes[place].clone())
    }

    fn count(&self, kind: Kind, nodes: usize) -> usize {
        let varies = |(place, (factor, _)): (usize, &(Factor, ShockKind))| {
            Kind::of(factor) == kind && self.axes[place].nodes() > 1
        };
        if self.model.factors().iter().enumerate().any(varies) { nodes } else { 1 }
    }

    /// Sums over the positions of each group, groups × scenarios.
    fn summed(&self, gains: &Array2<f64>) -> Array2<f64> {
        let mut sums = Array2::zeros((self.groups.len(), gains.ncols()));
        for (row, places) in gains.rows().into_iter().zip(&self.loss.places) {
            if let Some(&group) = self.groups.get(&pair(places)) {
                sums.row_mut(group).scaled_add(1.0, &row);
            }
        }
        sums
    }

    /// Today's market with rates and yields at their means and volatilities at a node.
    fn market(&self, column: usize, nodes: usize) -> Result<MarketSnapshot> {
        let today = self.loss.book.market();
        let mut market = today.clone();
        for (place, (factor, kind)) in self.model.factors().iter().enumerate() {
            let Some(now) = today.value(factor) else { continue };
            let moved = kind.apply(now, self.model.mean()[place]);
            match factor {
                Factor::Rate(currency) => market = market.with_rate(currency.as_str(), moved)?,
                Factor::Dividend(asset) => market = market.with_dividend_yield(asset.as_str(), moved)?,
                _ => {}
            }
        }
        for (position, places) in self.loss.book.positions().iter().zip(&self.loss.places) {
            if let (Some(contract), Some(place)) = (position.option(), places[Kind::Volatility as usize])
                && let Some(now) = today.volatility(contract)
            {
                let moved = ShockKind::Log.apply(now, self.node(place, column, nodes));
                market = market.with_contract_volatility(contract, moved)?;
            }
        }
        Ok(market)
    }

    /// P&L of every position with all spots at their nodes, in a market that holds everything else.
    fn along_spots(&self, book: &Book, spots: usize) -> Result<Array2<f64>> {
        let all = self.moves(Kind::Spot, spots);
        let kept: Vec<usize> = (0..self.axes.len())
            .filter(|&place| matches!(Kind::of(&self.model.factors()[place].0), Kind::Spot | Kind::Fx))
            .collect();
        if kept.is_empty() {
            // A book of cash.
            return Ok(Array2::zeros((self.loss.places.len(), spots)));
        }
        let factors = kept.iter().map(|&place| self.model.factors()[place].clone()).collect();
        let moves = all.select(ndarray::Axis(1), &kept);
        let set = ScenarioSet::new(self.model.as_of(), self.model.horizon(), factors, moves)?;
        let revaluation = self.loss.revaluation.clone().with_held_fixed(HeldFixed::Volatility);
        self.loss.gains_of(book, &set, &revaluation)
    }

    /// What rates, yields or currencies add when they move alone.
    fn sides(&self, kind: Kind) -> Result<Vec<Part>> {
        let nodes = self.count(kind, OTHERS);
        if !self.has(kind) || nodes == 1 {
            return Ok(Vec::new());
        }
        let gains = self.loss.gains(self.moves(kind, nodes))?;
        let mut sums: BTreeMap<usize, Array1<f64>> = BTreeMap::new();
        for (row, places) in gains.rows().into_iter().zip(&self.loss.places) {
            if let Some(place) = places[kind as usize].filter(|&place| self.axes[place].nodes() > 1) {
                let sum = sums.entry(place).or_insert_with(|| Array1::zeros(nodes));
                *sum += &row;
                *sum -= row[nodes / 2];
            }
        }
        let part = |(place, sum): (usize, Array1<f64>)| {
            let values = sum.insert_axis(ndarray::Axis(1));
            Part { x: Some(place), y: None, table: Table::new(self.axes[place].clone(), Axis::fixed(0.0), &values) }
        };
        Ok(sums.into_iter().map(part).collect())
    }
}

impl ScenarioLoss for BookSurrogate {
    fn factors(&self) -> usize {
        self.factors
    }

    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        length("moves columns", self.factors, moves.ncols())?;
        Ok(moves
            .rows()
            .into_iter()
            .map(|row| -self.parts.iter().map(|part| part.jet(row).value).sum::<f64>())
            .collect())
    }

    fn loss_and_gradient(&self, moves: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>)> {
        length("moves", self.factors, moves.len())?;
        let (mut loss, mut gradient) = (0.0, Array1::zeros(self.factors));
        for part in &self.parts {
            let jet = part.jet(moves);
            loss -= jet.value;
            if let Some(x) = part.x {
                gradient[x] -= jet.x;
            }
            if let Some(y) = part.y {
                gradient[y] -= jet.y;
            }
        }
        Ok((loss, gradient))
    }

    fn hessian(&self, moves: ArrayView1<'_, f64>) -> Result<Option<Array2<f64>>> {
        length("moves", self.factors, moves.len())?;
        let mut hessian = Array2::zeros((self.factors, self.factors));
        for part in &self.parts {
            let jet = part.jet(moves);
            if let Some(x) = part.x {
                hessian[[x, x]] -= jet.xx;
            }
            if let Some(y) = part.y {
                hessian[[y, y]] -= jet.yy;
            }
            if let (Some(x), Some(y)) = (part.x, part.y) {
                hessian[[x, y]] -= jet.xy;
                hessian[[y, x]] -= jet.xy;
            }
        }
        Ok(Some(hessian))
    }
}
