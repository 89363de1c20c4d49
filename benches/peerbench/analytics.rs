//! W1 and W13: metric tables and Brinson attribution on the inputs of the peers; `analytics`: a tear sheet.

use std::collections::BTreeMap;
use std::path::Path;

use alluse_quant::attribution::benchmark::{
    AlphaBasis, BenchmarkConventions, BenchmarkMetric, BenchmarkValue, CaptureMethod, MeanReturn, Relative,
};
use alluse_quant::attribution::brinson::{BrinsonInput, Grouping, LinkedEffects, SecurityAttribution};
use alluse_quant::attribution::intervals::{BlockBootstrap, Statistic};
use alluse_quant::attribution::metrics::{Conventions, Metric, MetricValue};
use alluse_quant::attribution::{Annualisation, Performance, ReturnKind, ReturnSeries, RiskFree};
use alluse_quant::report::{Document, TearSheet};
use alluse_quant::risk_core::measures::{Bootstrap, QuantileRule};
use alluse_quant::risk_core::{Confidence, Frequency, Status};
use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1};
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result, digest};

const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

/// Everything about one series and its benchmark that needs no fit.
struct Figures {
    own: Vec<MetricValue>,
    relative: Vec<BenchmarkValue>,
    /// The peers have it at two levels, the tables at one.
    value_at_risk_99: f64,
}

/// The conventions of the peers, where texts differ.
fn conventions() -> (Conventions, BenchmarkConventions) {
    let against = BenchmarkConventions {
        alpha: AlphaBasis::Geometric,
        mean_return: MeanReturn::Arithmetic,
        capture: CaptureMethod::AnnualReturn,
        ..BenchmarkConventions::default()
    };
    (Conventions::default(), against)
}

fn figures(returns: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Result<Figures> {
    let (own, against) = conventions();
    let performance = Performance::new(returns, DAILY)?;
    let relative = Relative::new(returns, benchmark, RiskFree::Zero, DAILY)?;
    Ok(Figures {
        own: performance.table(&own),
        relative: relative.table(&against),
        value_at_risk_99: performance.value_at_risk(Confidence::P99, QuantileRule::Linear)?,
    })
}

pub(crate) fn metrics(data: &Path, record: &mut Record) -> Result<()> {
    let returns: Array2<f64> = read_npy(data.join("w1_returns.npy"))?;
    let benchmark: Array1<f64> = read_npy(data.join("w1_bench.npy"))?;
    let one = || figures(returns.row(0), benchmark.view());
    record.case("1x2520", one, |found| answers(std::slice::from_ref(found)))?;
    let found = one()?;
    let known = |known: bool| usize::from(known);
    let values = found.own.iter().map(|row| known(row.value.known().is_some())).sum::<usize>()
        + found.relative.iter().map(|row| known(row.value.known().is_some())).sum::<usize>();
    let note = format!(
        "{} metrics of the series, {} against the benchmark, one more quantile; {values} of the tables have a value",
        found.own.len(),
        found.relative.len(),
    );
    record.note(&note);
    let all = || returns.rows().into_iter().map(|row| figures(row, benchmark.view())).collect::<Result<Vec<_>>>();
    // There is one way to compute them, which both cases of the peers are compared with.
    for case in ["1000x2520", "1000x2520 loop one by one"] {
        record.case(case, all, |found| answers(found))?;
        record.note(&note);
    }
    Ok(())
}

/// Under the names that the peers use, and with their signs.
fn answers(figures: &[Figures]) -> Map<String, Value> {
    let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for one in figures {
        for row in &one.own {
            let (Some((name, factor)), Status::Known(value)) = (peer_name(row.metric), &row.value) else { continue };
            columns.entry(name).or_default().push(factor * value);
        }
        for row in &one.relative {
            let (Some(name), Status::Known(value)) = (relative_peer_name(row.metric), &row.value) else { continue };
            columns.entry(name).or_default().push(*value);
        }
        columns.entry("var99").or_default().push(one.value_at_risk_99);
    }
    let scalar = figures.len() == 1;
    let value = |column: Vec<f64>| if scalar { json!(column[0]) } else { digest(&column) };
    columns.into_iter().map(|(name, column)| (name.to_owned(), value(column))).collect()
}

fn peer_name(metric: Metric) -> Option<(&'static str, f64)> {
    Some(match metric {
        Metric::TotalReturn => ("total", 1.0),
        Metric::AnnualReturn => ("cagr", 1.0),
        Metric::AnnualVolatility => ("vol", 1.0),
        Metric::SharpeRatio => ("sharpe", 1.0),
        Metric::AnnualDownsideDeviation => ("downside", 1.0),
        Metric::SortinoRatio => ("sortino", 1.0),
        Metric::MaximumDrawdown => ("mdd", -1.0),
        Metric::CalmarRatio => ("calmar", 1.0),
        Metric::LongestDrawdown => ("mdd_dur", 1.0),
        Metric::PainIndex => ("avg_dd", -1.0),
        Metric::UlcerIndex => ("ulcer", 1.0),
        Metric::ValueAtRisk => ("var95", 1.0),
        Metric::ExpectedShortfall => ("cvar95", 1.0),
        Metric::OmegaRatio => ("omega", 1.0),
        Metric::TailRatio => ("tail_ratio", 1.0),
        Metric::Skewness => ("skew", 1.0),
        Metric::ExcessKurtosis => ("kurt", 1.0),
        Metric::Stability => ("stability", 1.0),
        Metric::WinRate => ("win", 1.0),
        Metric::PayoffRatio => ("payoff", 1.0),
        Metric::ProfitFactor => ("profit_factor", 1.0),
        Metric::GainToPainRatio => ("gain_to_pain", 1.0),
        Metric::CommonSenseRatio => ("cs", 1.0),
        Metric::KellyFractionWinLoss => ("kelly", 1.0),
        Metric::BestReturn => ("best", 1.0),
        Metric::WorstReturn => ("worst", 1.0),
        Metric::RecoveryFactor => ("rec", 1.0),
        _ => return None,
    })
}

fn relative_peer_name(metric: BenchmarkMetric) -> Option<&'static str> {
    Some(match metric {
        BenchmarkMetric::Beta => "beta",
        BenchmarkMetric::Alpha => "alpha",
        BenchmarkMetric::Correlation => "corr",
        BenchmarkMetric::RSquared => "r2",
        BenchmarkMetric::TrackingError => "te",
        BenchmarkMetric::InformationRatio => "ir",
        BenchmarkMetric::BetaFragility => "beta_frag",
        BenchmarkMetric::UpCapture => "up_cap",
        BenchmarkMetric::DownCapture => "down_cap",
        _ => return None,
    })
}

pub(crate) fn brinson(data: &Path, record: &mut Record) -> Result<()> {
    let weights: Array2<f64> = read_npy(data.join("w13_wp.npy"))?;
    let benchmark_weights: Array2<f64> = read_npy(data.join("w13_wb.npy"))?;
    let returns: Array2<f64> = read_npy(data.join("w13_ret.npy"))?;
    let sectors: Array1<i64> = read_npy(data.join("w13_sector.npy"))?;
    let positions =
        sectors.iter().map(|&sector| usize::try_from(sector)).collect::<std::result::Result<Vec<_>, _>>()?;
    let labels = (0..=positions.iter().copied().max().unwrap_or(0)).map(|sector| format!("sector {sector}")).collect();
    let grouping = Grouping::from_positions(&positions, labels)?;
    let linked = || {
        let input = BrinsonInput::new(weights.view(), benchmark_weights.view(), returns.view(), &grouping)?;
        Ok(SecurityAttribution::default().linked(&input)?)
    };
    record.case("120x500x11 linked", linked, |effects: &LinkedEffects| {
        let mut answer = Map::new();
        answer.insert("total_p".to_owned(), json!(effects.portfolio_return));
        answer.insert("total_b".to_owned(), json!(effects.benchmark_return));
        answer.insert("alloc".to_owned(), json!(effects.allocation));
        answer.insert("select".to_owned(), json!(effects.selection));
        answer.insert("inter".to_owned(), json!(effects.interaction));
        answer.insert("residual".to_owned(), json!(effects.residual().abs()));
        answer
    })
}

/// A tear sheet of ten years of days beside two benchmarks, by stage.
pub(crate) fn tear_sheet(data: &Path, record: &mut Record) -> Result<()> {
    let returns: Array2<f64> = read_npy(data.join("w1_returns.npy"))?;
    let benchmark: Array1<f64> = read_npy(data.join("w1_bench.npy"))?;
    let dates = std::fs::read_to_string(data.join("w1_dates.csv"))?
        .lines()
        .skip(1)
        .map(str::parse)
        .collect::<std::result::Result<Vec<Date>, _>>()?;
    let series = |name: &str, returns: Array1<f64>| {
        ReturnSeries::new(name, dates.clone(), returns, Frequency::Daily, ReturnKind::Total)
    };
    let portfolio = series("portfolio", returns.row(0).to_owned())?;
    let mut sheet = TearSheet::of(portfolio.clone());
    sheet.benchmarks = vec![series("index", benchmark)?, series("other index", returns.row(1).to_owned())?];
    let size = |page: &String| Map::from_iter([("characters".to_owned(), json!(page.len()))]);

    let document = sheet.document()?;
    record.case("tear sheet", || Ok(sheet.document()?.html()?), size)?;
    record.case(
        "document",
        || Ok(sheet.document()?),
        |page: &Document| Map::from_iter([("sections".to_owned(), json!(page.sections.len()))]),
    )?;
    record.case("html", || Ok(document.html()?), size)?;
    record.case("json", || Ok(document.json()?), size)?;
    record.case("markdown", || Ok(document.markdown()?), size)?;

    let performance = Performance::of(&portfolio);
    let drawdown: &Statistic<'_> = &|resample| resample.maximum_drawdown();
    let shortfall: &Statistic<'_> = &|resample| resample.expected_shortfall(Confidence::P95);
    let annual: &Statistic<'_> = &|resample| resample.annual_return(Default::default());
    let bootstrap = BlockBootstrap::new(Bootstrap::new(1));
    record.case(
        "three bootstrap intervals of 1,000 resamples",
        || Ok(bootstrap.estimates(&performance, &[annual, drawdown, shortfall])?),
        |found| {
            let upper = |k: usize| found[k].as_ref().map_or(f64::NAN, |estimate| estimate.interval.upper);
            Map::from_iter([("upper".to_owned(), json!([upper(0), upper(1), upper(2)]))])
        },
    )
}
