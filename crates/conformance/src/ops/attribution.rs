//! `attribution.*`

use alluse_quant::attribution::brinson::{
    Allocation, BrinsonModel, CurrencyHedges, EmptyBenchmark, EmptyGroups, EmptyPortfolio, Interaction, Linking,
    SectorData, Totals, drifting_return, group as grouped, link as linked,
};
use ndarray::{Array1, Array2};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("attribution.brinson", brinson),
    ("attribution.currency", currency),
    ("attribution.drifting_return", drifting),
    ("attribution.geometric", geometric),
    ("attribution.group", group),
    ("attribution.link", link),
    ("attribution.multi_period", multi_period),
    ("attribution.notional_funds", notional_funds),
];

/// The four matrices by period and group.
struct Sectors {
    weights: [Array2<f64>; 2],
    returns: [Array2<f64>; 2],
}

impl Sectors {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        Ok(Self {
            weights: [args.matrix("portfolio_weights")?, args.matrix("benchmark_weights")?],
            returns: [args.matrix("portfolio_returns")?, args.matrix("benchmark_returns")?],
        })
    }

    fn data(&self) -> Result<SectorData> {
        let ([w, v], [r, b]) = (&self.weights, &self.returns);
        Ok(SectorData::new(w.view(), v.view(), r.view(), b.view())?)
    }
}

/// Total returns measured elsewhere.
struct Measured {
    portfolio: Array1<f64>,
    benchmark: Array1<f64>,
}

impl Measured {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        Ok(Self { portfolio: args.vector("portfolio_totals")?, benchmark: args.vector("benchmark_totals")? })
    }

    fn totals(&self) -> Totals<'_> {
        Totals::Given { portfolio: self.portfolio.view(), benchmark: self.benchmark.view() }
    }
}

fn model(args: &mut Args<'_>) -> Result<BrinsonModel> {
    let allocations = [("brinson_fachler", Allocation::BrinsonFachler), ("bhb", Allocation::BrinsonHoodBeebower)];
    let interactions = [
        ("separate", Interaction::Separate),
        ("with_selection", Interaction::WithSelection),
        ("with_allocation", Interaction::WithAllocation),
    ];
    let allocation = args.choice("allocation", &allocations)?;
    Ok(BrinsonModel { allocation, interaction: args.choice("interaction", &interactions)? })
}

fn linking(args: &mut Args<'_>) -> Result<Linking> {
    let methods = [
        ("carino", Linking::Carino),
        ("menchero", Linking::Menchero),
        ("grap", Linking::Grap),
        ("frongello", Linking::Frongello),
    ];
    args.choice("method", &methods)
}

/// An effect that is part of another one has no field.
fn brinson(args: &mut Args<'_>) -> Outcome {
    let (sectors, model) = (Sectors::read(args)?, model(args)?);
    let effects = sectors.data()?.effects(model)?;
    let mut fields = vec![
        ("portfolio_return", effects.portfolio_return.clone().into()),
        ("benchmark_return", effects.benchmark_return.clone().into()),
        ("allocation_total", effects.allocation_total().into()),
        ("selection_total", effects.selection_total().into()),
    ];
    fields.extend(effects.interaction_total().map(|total| ("interaction_total", total.into())));
    fields.push(("allocation", effects.allocation.into()));
    fields.push(("selection", effects.selection.into()));
    fields.extend(effects.interaction.map(|interaction| ("interaction", interaction.into())));
    Ok(Tree::fields(fields))
}

fn multi_period(args: &mut Args<'_>) -> Outcome {
    let (sectors, model, linking) = (Sectors::read(args)?, model(args)?, linking(args)?);
    let linked = sectors.data()?.linked(model, linking)?;
    let mut fields = vec![
        ("portfolio_return", linked.portfolio_return.into()),
        ("benchmark_return", linked.benchmark_return.into()),
        ("active_return", linked.active_return.into()),
        ("allocation_total", linked.allocation_total().into()),
        ("selection_total", linked.selection_total().into()),
    ];
    fields.extend(linked.interaction_total().map(|total| ("interaction_total", total.into())));
    fields.push(("allocation", linked.allocation.into()));
    fields.push(("selection", linked.selection.into()));
    fields.extend(linked.interaction.map(|interaction| ("interaction", interaction.into())));
    fields.push(("coefficients", linked.coefficients.into()));
    Ok(Tree::fields(fields))
}

fn link(args: &mut Args<'_>) -> Outcome {
    let (effects, linking) = (args.matrix("effects")?, linking(args)?);
    let (portfolio, benchmark) = (args.vector("portfolio_returns")?, args.vector("benchmark_returns")?);
    let found = linked(effects.view(), portfolio.view(), benchmark.view(), linking)?;
    Ok(Tree::fields([
        ("coefficients", found.coefficients.into()),
        ("linked", found.linked.into()),
        ("total", found.total.into()),
    ]))
}

fn notional_funds(args: &mut Args<'_>) -> Outcome {
    let (sectors, measured) = (Sectors::read(args)?, Measured::read(args)?);
    let funds = sectors.data()?.notional_funds(measured.totals())?;
    Ok(Tree::fields([
        ("allocation_total", funds.allocation_total.into()),
        ("selection_total", funds.selection_total.into()),
        ("interaction_total", funds.interaction_total.into()),
    ]))
}

fn geometric(args: &mut Args<'_>) -> Outcome {
    let sectors = Sectors::read(args)?;
    let measured = args.optional("portfolio_totals", |args, _| Measured::read(args))?;
    let effects = sectors.data()?.geometric(measured.as_ref().map_or(Totals::Weighted, Measured::totals))?;
    Ok(Tree::fields([
        ("excess_return", effects.excess_return.into()),
        ("excess_by_period", effects.excess_by_period.into()),
        ("allocation_by_period", effects.allocation_by_period.into()),
        ("selection_by_period", effects.selection_by_period.into()),
        ("allocation_compounded", effects.allocation_compounded.into()),
        ("selection_compounded", effects.selection_compounded.into()),
    ]))
}

fn drifting(args: &mut Args<'_>) -> Outcome {
    let (weights, returns) = (args.vector("weights")?, args.matrix("returns")?);
    Ok(drifting_return(weights.view(), returns.view())?.into())
}

/// A group that the benchmark does not hold returns 0 either way.
fn group(args: &mut Args<'_>) -> Outcome {
    let (labels, returns) = (args.texts("labels")?, args.vector("returns")?);
    let (portfolio, benchmark) = (args.vector("portfolio_weights")?, args.vector("benchmark_weights")?);
    let empty = args.choice("empty", &[("zero", EmptyPortfolio::Zero), ("benchmark", EmptyPortfolio::Benchmark)])?;
    let empty = EmptyGroups { portfolio: empty, benchmark: EmptyBenchmark::Zero };
    let found = grouped(&labels, portfolio.view(), benchmark.view(), returns.view(), empty)?;
    Ok(Tree::fields([
        ("groups", found.groups.iter().map(String::as_str).collect::<Vec<_>>().into()),
        ("portfolio_weights", found.portfolio_weights.into()),
        ("benchmark_weights", found.benchmark_weights.into()),
        ("portfolio_returns", found.portfolio_returns.into()),
        ("benchmark_returns", found.benchmark_returns.into()),
    ]))
}

fn currency(args: &mut Args<'_>) -> Outcome {
    let sectors = Sectors::read(args)?;
    let (portfolio, benchmark) = (args.matrix("portfolio_forward_weights")?, args.matrix("benchmark_forward_weights")?);
    let (spot, forward) = (args.matrix("spot")?, args.matrix("forward")?);
    let hedges = CurrencyHedges::new(portfolio.view(), benchmark.view(), spot.view(), forward.view())?;
    let effects = sectors.data()?.currency(&hedges)?;
    Ok(Tree::fields([
        ("allocation", effects.allocation.into()),
        ("selection", effects.selection.into()),
        ("interaction", effects.interaction.into()),
        ("currency_management", effects.currency_management.into()),
        ("forward_premium", effects.forward_premium.into()),
    ]))
}
