//! An allocation report as a document.

use alluse_optimizer::Solution;
use alluse_optimizer::frontier::Frontier;
use alluse_optimizer::solution::Termination;
use alluse_optimizer::stability::WeightBands;

use super::{AllocationReport, Mandate};
use crate::chart::{Bar, Bars, Scatter, ScatterPoint, Stack};
use crate::sentence::sentence;
use crate::{Block, Chart, Document, Error, Figure, ReportKind, Result, Section, Table, Unit, Value};

/// Points drawn of the frontier's curve.
const CURVE: usize = 60;
/// Layers of the picture of weights along the frontier; the smaller ones share the last.
const LAYERS: usize = 8;
/// Weights below this are not listed.
const SMALLEST: f64 = 1e-6;

pub(super) fn document(report: &AllocationReport<'_>, title: &str, kind: ReportKind) -> Result<Document> {
    check(report)?;
    let subtitle = format!("Weights for {}, estimated from {} returns an asset", report.as_of, report.observations);
    let mut document = Document::new(title, subtitle, kind, report.as_of);
    document.push(summary(report)?);
    for (place, mandate) in report.mandates.iter().enumerate() {
        // The bands are those of the first.
        document.push(weights(mandate, report.bands.filter(|_| place == 0))?);
    }
    if let Some(frontier) = report.frontier {
        document.push(frontier_section(report, frontier)?);
    }
    for (name, conflict) in &report.conflicts {
        document
            .push(Section::new(format!("No weights keep {name:?}")).with(Block::Text(sentence(&conflict.to_string()))));
    }
    if !report.assumptions.is_empty() {
        document.push(Section::new("Assumptions").with(Block::List(report.assumptions.clone())));
    }
    Ok(document)
}

fn check(report: &AllocationReport<'_>) -> Result<()> {
    let fault = |reason: String| Err(Error::invalid("allocation report", reason));
    if report.mandates.is_empty() && report.conflicts.is_empty() {
        return fault("there is neither a solution nor a conflict".to_owned());
    }
    let assets = report.assets();
    for mandate in &report.mandates {
        if mandate.solution.assets != assets {
            return fault(format!("mandate {:?} is about other assets than the first", mandate.name));
        }
    }
    match (report.bands, report.frontier.and_then(|frontier| frontier.corners.first())) {
        (Some(bands), _) if bands.weights.len() != assets.len() => {
            fault(format!("bands of {} weights for {} assets", bands.weights.len(), assets.len()))
        }
        (_, Some(corner)) if !assets.is_empty() && corner.weights.len() != assets.len() => {
            fault(format!("a frontier of {} weights for {} assets", corner.weights.len(), assets.len()))
        }
        _ => Ok(()),
    }
}

fn summary(report: &AllocationReport<'_>) -> Result<Section> {
    let mut section = Section::new("Summary");
    let years = report.frequency.periods_per_year();
    let columns = ["mandate", "expected return a year", "volatility a year", "held", "objective", "answer"];
    let mut table = Table::new("Mandates", columns);
    for Mandate { name, solution, .. } in &report.mandates {
        let (mean, volatility) = yearly(solution, years);
        table.push(vec![
            Value::text(name),
            optional(mean, Unit::PERCENT),
            optional(volatility, Unit::PERCENT),
            Value::count(solution.weights.iter().filter(|weight| weight.abs() > SMALLEST).count()),
            Value::text(&solution.objective_name),
            Value::text(ending(solution)),
        ])?;
    }
    if let Some(Mandate { name, solution, .. }) = report.mandates.first() {
        let (mean, volatility) = yearly(solution, years);
        let largest =
            solution.assets.iter().zip(&solution.weights).max_by(|a, b| a.1.total_cmp(b.1)).map(|(asset, weight)| {
                Figure::new("Largest weight", Value::percent(*weight)).with_note(asset.as_str())
            });
        let mut figures = vec![
            Figure::new("Expected return a year", optional(mean, Unit::PERCENT)).with_note(name.clone()),
            Figure::new("Volatility a year", optional(volatility, Unit::PERCENT)).with_note(name.clone()),
        ];
        figures.extend(largest);
        figures.push(Figure::new("Limits that bind", Value::count(solution.active_limits.len())));
        section.push(figures);
        section.push(table);
    }
    section.push(Block::Caution(honesty(report)));
    Ok(section)
}

/// Expected return and volatility a year.
fn yearly(solution: &Solution, periods: f64) -> (Option<f64>, Option<f64>) {
    (solution.expected_return.map(|mean| mean * periods), solution.volatility.map(|risk| risk * periods.sqrt()))
}

fn optional(value: Option<f64>, unit: Unit) -> Value {
    value.map_or_else(
        || Value::Unknown { reason: "the problem has no such estimate".to_owned() },
        |v| Value::new(v, unit),
    )
}

fn ending(solution: &Solution) -> String {
    let gap = format!("duality gap {:.0e}", solution.certificate.duality_gap);
    let how = match solution.termination {
        Termination::Optimal => "optimal",
        Termination::ReducedAccuracy => "usable, less accurate",
        Termination::WithinGap => "best found, with a proven bound",
    };
    let tries = solution.attempts.len();
    let fallback = if tries == 0 { String::new() } else { format!(", after {tries} other attempts failed") };
    format!("{how}, {gap}{fallback}")
}

fn honesty(report: &AllocationReport<'_>) -> String {
    let mut words = vec![format!(
        "Expected returns and covariances are estimates from {} returns; the certificate proves the weights best for \
         these estimates, not for the future.",
        report.observations
    )];
    match report.bands {
        Some(bands) => words.push(format!(
            "When the sample is drawn again ({} draws), {} of the portfolio changes hands on average: that much of it is \
             noise.",
            bands.draws,
            Unit::Percent { decimals: 0 }.format(bands.mean_turnover)
        )),
        None => words.push("How far the weights move when the sample is drawn again was not measured.".to_owned()),
    }
    words.join(" ")
}

fn weights(mandate: &Mandate<'_>, bands: Option<&WeightBands>) -> Result<Section> {
    let solution = mandate.solution;
    let mut section = Section::new(format!("Weights: {}", mandate.name));
    let mut order: Vec<usize> = (0..solution.weights.len()).collect();
    order.retain(|&asset| {
        solution.weights[asset].abs() > SMALLEST || bands.is_some_and(|bands| bands.upper[asset] > SMALLEST)
    });
    order.sort_by(|&a, &b| solution.weights[b].total_cmp(&solution.weights[a]).then(a.cmp(&b)));
    section.push(weight_chart(solution, bands, &order));
    section.push(weight_table(solution, bands, &order)?);
    if let Some(risk) = &solution.risk {
        let mut bars: Vec<Bar> = order
            .iter()
            .map(|&asset| Bar {
                name: solution.assets[asset].to_string(),
                value: risk.contributions[asset] / risk.total,
                interval: None,
            })
            .collect();
        bars.sort_by(|a, b| b.value.total_cmp(&a.value));
        section.push(Chart::Bars(Bars {
            title: format!("Who carries the {}", risk.measure),
            description: "Shares of the risk; they add up to 100 %. Negative ones reduce it.".to_owned(),
            unit: Unit::Percent { decimals: 1 },
            bars,
        }));
    }
    shadow_prices(&mut section, mandate)?;
    Ok(section)
}

fn weight_chart(solution: &Solution, bands: Option<&WeightBands>, order: &[usize]) -> Chart {
    let bar = |&asset: &usize| Bar {
        name: solution.assets[asset].to_string(),
        value: solution.weights[asset],
        interval: bands.map(|bands| (bands.lower[asset], bands.upper[asset])),
    };
    let description = match bands {
        Some(bands) => format!(
            "Lines show where {} of the weights fall when the sample is drawn again.",
            Unit::Percent { decimals: 0 }.format(bands.confidence.level())
        ),
        None => "Fractions of capital.".to_owned(),
    };
    let bars = order.iter().map(bar).collect();
    Chart::Bars(Bars { title: "Weights".to_owned(), description, unit: Unit::Percent { decimals: 1 }, bars })
}

fn weight_table(solution: &Solution, bands: Option<&WeightBands>, order: &[usize]) -> Result<Table> {
    let mut table = Table::new("Weights and their share of the risk", ["asset", "weight", "share of risk"]);
    let unit = Unit::Percent { decimals: 2 };
    for &asset in order {
        let weight = solution.weights[asset];
        let value = match bands {
            Some(bands) => Value::Between {
                value: weight,
                lower: bands.lower[asset],
                upper: bands.upper[asset],
                level: bands.confidence.level(),
                unit: unit.clone(),
            },
            None => Value::new(weight, unit.clone()),
        };
        let share = solution.risk.as_ref().map(|risk| risk.contributions[asset] / risk.total);
        table.push(vec![Value::text(solution.assets[asset].as_str()), value, optional(share, unit.clone())])?;
    }
    Ok(table)
}

fn shadow_prices(section: &mut Section, mandate: &Mandate<'_>) -> Result<()> {
    if mandate.solution.active_limits.is_empty() {
        section.push(Block::Text("No limit binds: without any of them the weights would be the same.".to_owned()));
        return Ok(());
    }
    let mut table = Table::new("Limits that bind, the dearest first", ["limit", "what it costs"]);
    for limit in &mandate.solution.active_limits {
        let name = match &limit.member {
            Some(member) => format!("{} ({member})", limit.limit),
            None => limit.limit.clone(),
        };
        table.push(vec![Value::text(name), Value::text(&limit.meaning)])?;
    }
    section.push(table);
    if !mandate.limit_costs.is_empty() {
        let bars = mandate
            .limit_costs
            .iter()
            .map(|(name, cost)| Bar { name: name.clone(), value: *cost, interval: None })
            .collect();
        section.push(Chart::Bars(Bars {
            title: "Cost of each limit as a whole, basis points a year".to_owned(),
            description: "How much better the objective would be without the limit.".to_owned(),
            unit: Unit::Number { decimals: 1 },
            bars,
        }));
    }
    Ok(())
}

fn frontier_section(report: &AllocationReport<'_>, frontier: &Frontier) -> Result<Section> {
    let years = report.frequency.periods_per_year();
    let failed = |error: alluse_optimizer::Error| Error::invalid("frontier", error.to_string());
    let points = frontier.points(CURVE).map_err(failed)?;
    let place = |mean: f64, variance: f64| ((variance * years).sqrt(), mean * years);
    let curve = points.iter().map(|point| place(point.mean, point.variance)).collect();
    let named = |mandate: &Mandate<'_>| {
        let (mean, volatility) = yearly(mandate.solution, years);
        let (x, y) = (volatility?, mean?);
        Some(ScatterPoint { name: mandate.name.clone(), x, y, emphasised: true })
    };
    let mut section = Section::new("Efficient frontier");
    section.push(Chart::Scatter(Scatter {
        title: "Expected return against volatility, a year".to_owned(),
        description: format!(
            "The curve is exact: {} corner portfolios between which weights are linear. It keeps only the limits it was \
             traced with, so a mandate with more limits lies below it.",
            frontier.corners.len()
        ),
        x_name: "volatility a year".to_owned(),
        x_unit: Unit::Percent { decimals: 0 },
        y_name: "expected return a year".to_owned(),
        y_unit: Unit::Percent { decimals: 0 },
        curve,
        points: report.mandates.iter().filter_map(named).collect(),
    }));
    let lowest_first: Vec<&[f64]> = points.iter().rev().map(|point| point.weights.as_slice()).collect();
    let xs: Vec<f64> = points.iter().rev().map(|point| (point.variance * years).sqrt()).collect();
    if let Some(stack) = stack(report, &lowest_first, xs) {
        section.push(stack);
    }
    Ok(section)
}

/// Weights along the frontier; `None` where there are short positions or no names, which cannot be stacked.
fn stack(report: &AllocationReport<'_>, weights: &[&[f64]], mut xs: Vec<f64>) -> Option<Chart> {
    let assets = report.assets();
    if assets.is_empty() || weights.iter().any(|row| row.iter().any(|weight| *weight < -1e-9)) {
        return None;
    }
    // Rounding may leave two neighbours at the same volatility; a later one counts.
    let mut kept: Vec<&[f64]> = weights.to_vec();
    for place in (1..xs.len()).rev() {
        if xs[place] <= xs[place - 1] {
            xs.remove(place - 1);
            kept.remove(place - 1);
        }
    }
    let mut order: Vec<usize> = (0..assets.len()).collect();
    let most = |asset: usize| kept.iter().map(|row| row[asset]).fold(0.0, f64::max);
    order.sort_by(|&a, &b| most(b).total_cmp(&most(a)).then(a.cmp(&b)));
    let row = |asset: &usize| kept.iter().map(|row| row[*asset].max(0.0)).collect::<Vec<f64>>();
    let mut names: Vec<String> = order.iter().take(LAYERS).map(|&asset| assets[asset].to_string()).collect();
    let mut shares: Vec<Vec<f64>> = order.iter().take(LAYERS).map(row).collect();
    if order.len() > LAYERS {
        let others = |place: usize| order[LAYERS..].iter().map(|&asset| kept[place][asset].max(0.0)).sum();
        names.push("all others".to_owned());
        shares.push((0..kept.len()).map(others).collect());
    }
    Some(Chart::Stack(Stack {
        title: "Weights along the frontier".to_owned(),
        description: "From the least volatile portfolio on the left to the one of the highest return.".to_owned(),
        x_name: "volatility a year".to_owned(),
        x_unit: Unit::Percent { decimals: 0 },
        xs,
        names,
        shares,
    }))
}
