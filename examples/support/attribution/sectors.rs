//! Brinson-Fachler by sector, month by month and linked.

use alluse_quant::attribution::brinson::{
    BrinsonInput, BrinsonModel, EffectSignificance, Effects, EmptyGroups, Grouping, LinkedEffects, Linking, SectorData,
    drifting_return,
};
use alluse_quant::risk_core::inference::BartlettLags;
use jiff::civil::Date;
use ndarray::{Axis, Slice};
use serde::Serialize;

use super::inputs::Months;
use crate::Result;

/// What sectors added to the benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct SectorFigures {
    /// Close at which the first month begins.
    pub from: Date,
    /// End of the last month.
    pub to: Date,
    /// Ends of the months.
    pub months: Vec<Date>,
    /// Shares.
    pub shares: usize,
    /// Mean weights.
    pub weights: Vec<MeanWeight>,
    /// The effects of every month.
    pub effects: Effects,
    /// Linked over each calendar year.
    pub years: Vec<YearEffects>,
    /// Linked over all months, once a method.
    pub linked: Vec<LinkedEffects>,
    /// Means of the effects against chance.
    pub significance: Vec<EffectSignificance>,
    /// Largest residual of a month.
    pub monthly_residual: f64,
    /// Largest difference of a month's return from that of the drifting portfolio, compounded day by day.
    pub daily_difference: f64,
    /// Largest weight of shares without a sector in a month.
    pub unlabelled: f64,
}

/// Mean weights of a sector over the months.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanWeight {
    /// The sector.
    pub sector: String,
    /// Shares in it.
    pub shares: usize,
    /// In the portfolio.
    pub portfolio: f64,
    /// In the benchmark.
    pub benchmark: f64,
}

/// A calendar year.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct YearEffects {
    /// Its number.
    pub year: i16,
    /// Linked over its months.
    pub linked: LinkedEffects,
}

/// The methods set beside each other, the one of the tables first.
const LINKINGS: [Linking; 3] = [Linking::Carino, Linking::Grap, Linking::Menchero];

/// Attributes the active return to sectors.
///
/// # Errors
/// Those of the library.
pub fn sectors(months: &Months) -> Result<SectorFigures> {
    let grouping = Grouping::from_labels(&months.sectors)?;
    let data = data(months, &grouping, 0..months.ends.len())?;
    let effects = data.effects(BrinsonModel::default())?;
    let mut years = Vec::new();
    let mut from = 0;
    while from < months.ends.len() {
        let year = months.ends[from].year();
        let to = from + months.ends[from..].iter().take_while(|end| end.year() == year).count();
        let linked = self::data(months, &grouping, from..to)?.linked(BrinsonModel::default(), LINKINGS[0])?;
        years.push(YearEffects { year, linked });
        from = to;
    }
    let mut daily_difference: f64 = 0.0;
    for (side, totals) in
        [(&months.portfolio, &effects.portfolio_return), (&months.benchmark, &effects.benchmark_return)]
    {
        for ((weights, days), total) in side.rows().into_iter().zip(&months.daily).zip(totals) {
            let compounded = drifting_return(weights, days.view())?.iter().map(|r| 1.0 + r).product::<f64>() - 1.0;
            daily_difference = daily_difference.max((compounded - total).abs());
        }
    }
    let mean = |column: ndarray::ArrayView1<'_, f64>| column.sum() / column.len() as f64;
    let sides = [data.portfolio_weights(), data.benchmark_weights()];
    let columns = sides[0].columns().into_iter().zip(sides[1].columns());
    let weights = data.labels().iter().zip(columns).map(|(sector, (portfolio, benchmark))| MeanWeight {
        sector: sector.clone(),
        shares: months.sectors.iter().filter(|of| *of == sector).count(),
        portfolio: mean(portfolio),
        benchmark: mean(benchmark),
    });
    Ok(SectorFigures {
        from: months.start,
        to: months.ends[months.ends.len() - 1],
        months: months.ends.clone(),
        shares: months.sectors.len(),
        weights: weights.collect(),
        years,
        linked: LINKINGS.into_iter().map(|linking| effects.link(linking)).collect::<std::result::Result<_, _>>()?,
        significance: effects.significance(BartlettLags::default())?,
        monthly_residual: effects.residual().into_iter().fold(0.0, |most: f64, residual| most.max(residual.abs())),
        daily_difference,
        unlabelled: data.portfolio_weights().sum_axis(Axis(1)).iter().fold(0.0, |most: f64, sum| {
            // Sectors hold every share, or the file would have been refused.
            most.max((1.0 - sum).abs())
        }),
        effects,
    })
}

fn data(months: &Months, grouping: &Grouping, rows: std::ops::Range<usize>) -> Result<SectorData> {
    let rows = Slice::from(rows);
    let [portfolio, benchmark, returns] =
        [&months.portfolio, &months.benchmark, &months.returns].map(|matrix| matrix.slice_axis(Axis(0), rows));
    Ok(BrinsonInput::new(portfolio, benchmark, returns, grouping)?.sectors(EmptyGroups::default())?)
}
