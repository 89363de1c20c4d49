//! Every risk model on every portfolio, judged by every test: the table behind the recommended model.
//!
//! ```text
//! cargo run --release --example risk_backtest
//! cargo run --release --example risk_backtest -- --data FOLDER     # more portfolios: options, 60/40
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use alluse_quant::risk_core::{Confidence, HistorySplitter};
use alluse_quant::var_models::backtest::{Court, CoverageReport, MonteCarlo, PowerConfig, PowerStudy};
use alluse_quant::var_models::{Combination, FilteredHistorical, ForecastRecord, Rolling, Window};
use examples::arguments::{Accepts, Arguments, bundled};
use examples::backtest::judge::{Cell, judge};
use examples::backtest::models::{REFIT_EVERY, contenders};
use examples::backtest::page::{self, Setting};
use examples::backtest::portfolios::{self, Portfolio, Sources};
use examples::backtest::verdict::{JudgedPortfolio, ModelVerdict, SHORTFALL_LEVEL, verdicts};
use examples::program::Program;
use examples::progress::Progress;
use examples::{Failure, Result};
use serde::Serialize;

const HELP: &str = "\
Rolling backtest of every risk model on every portfolio.

usage: risk_backtest [options]

  --data FOLDER     further daily prices: spy_daily.csv, tlt_daily.csv, qqq_daily.csv, vix_daily.csv; without
                    them the option programmes and the mix of shares and bonds are skipped, and the page says so
                    (default: the environment variable ALLUSE_DATA_DIR)
  --window N        returns behind every forecast (1000)
  --days N          judge the last N days (3024, twelve years)
  --only NAME       judge one portfolio
  --json FILE       where all figures are written (out/risk_backtest.json)
  --help            this text";

const ACCEPTS: Accepts =
    Accepts { options: &["--data", "--window", "--days", "--only", "--json"], switches: &["--help"] };

/// The model whose full hearing is printed.
const HEARD_PORTFOLIO: &str = "S&P 500";

fn main() -> ExitCode {
    Program { name: "risk_backtest", help: HELP, accepts: ACCEPTS }.main(figures, write)
}

/// Everything that is printed, and more.
#[derive(Serialize)]
struct Figures {
    setting: Setting,
    verdicts: Vec<ModelVerdict>,
    cells: Vec<Cell>,
    hearings: Vec<CoverageReport>,
}

fn figures(arguments: &Arguments) -> Result<Figures> {
    let window = arguments.count_or("--window", 1_000)?;
    let days = arguments.count_or("--days", 3_024)?;
    let further = arguments.value("--data").map(PathBuf::from);
    let further = further.or_else(|| std::env::var_os("ALLUSE_DATA_DIR").map(PathBuf::from));
    let loaded = portfolios::load(&Sources { bundled: bundled(""), further })?;
    let mut chosen = loaded.all;
    if let Some(only) = arguments.value("--only") {
        chosen.retain(|portfolio| portfolio.name == only);
        if chosen.is_empty() {
            return Err(Failure(format!("there is no portfolio {only:?}")));
        }
    }
    evaluate(chosen, loaded.skipped, window, days)
}

fn write(text: &mut String, figures: &Figures) -> std::fmt::Result {
    page::write(text, &figures.setting, &figures.verdicts, &figures.cells)?;
    for report in &figures.hearings {
        let level = 100.0 * report.confidence.level();
        let title = format!("Every test: filtered historical simulation on the {HEARD_PORTFOLIO}, {level} %");
        page::hearing(text, &title, report)?;
    }
    Ok(())
}

fn evaluate(portfolios: Vec<Portfolio>, skipped: Vec<String>, window: usize, days: usize) -> Result<Figures> {
    let mut study = PowerStudy::new(PowerConfig::new(1));
    let mut progress = Progress::new(portfolios.len());
    let (mut judged, mut hearings, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for portfolio in &portfolios {
        progress.step(&portfolio.name);
        let records = forecasts(portfolio, window, days)?;
        let dates = records[0].dates().to_vec();
        rows.push((portfolio.name.clone(), dates[0].to_string(), dates[dates.len() - 1].to_string(), dates.len()));
        if portfolio.name == HEARD_PORTFOLIO {
            hearings = hear(&records, &mut study)?;
        }
        let mut cells = Vec::new();
        for record in &records {
            for level in record.levels() {
                cells.push(judge((&portfolio.name, portfolio.kind), record, level.confidence, &mut study)?);
            }
        }
        judged.push(JudgedPortfolio::new(&portfolio.name, dates, cells)?);
    }
    progress.finish();
    let verdicts = verdicts(&judged)?;
    let assumptions = vec![
        "option programmes: each option is marked at that day's volatility index, without skew; rates and dividends 0"
            .to_owned(),
        "volatility inputs are exponentially weighted, decay 0.94, where a model's name names no other".to_owned(),
        "the twenty shares are survivors of 2018, adjusted closes rounded to three decimals".to_owned(),
    ];
    let setting = Setting { window, refit_every: REFIT_EVERY, portfolios: rows, skipped, assumptions };
    let cells = judged.into_iter().flat_map(|portfolio| portfolio.judged).map(|judged| judged.cell).collect();
    Ok(Figures { setting, verdicts, cells, hearings })
}

/// The records of every model, and of their online combination.
fn forecasts(portfolio: &Portfolio, window: usize, days: usize) -> Result<Vec<ForecastRecord>> {
    let dates = portfolio.panel.dates().len();
    // Only so much history as the window needs before the judged days.
    let skipped = dates.saturating_sub(window.saturating_add(days));
    let own = portfolio.without_first(skipped)?;
    let series = HistorySplitter::varying(&own.panel, own.exposures.clone())?;
    let mut records = Vec::new();
    for contender in contenders(&own)? {
        let rolling = Rolling::new(Window::Fixed(window))?.with_refit_every(contender.refit_every)?;
        let factors;
        let history = match (&own.options, contender.revalues) {
            (Some(options), true) => {
                factors = HistorySplitter::new(&options.panel, vec![0.0; options.panel.assets().len()])?;
                &factors
            }
            _ => &series,
        };
        records.push(rolling.run_on(&*contender.model, history, own.pnl.view())?);
    }
    let combined = Combination::default().of(&records, SHORTFALL_LEVEL)?;
    records.push(combined.record.named("online combination"));
    Ok(records)
}

/// Every test on the filtered historical simulation.
fn hear(records: &[ForecastRecord], study: &mut PowerStudy) -> Result<Vec<CoverageReport>> {
    let model = FilteredHistorical::default();
    let name = alluse_quant::risk_core::VarModel::name(&model);
    let mut reports = Vec::new();
    for record in records.iter().filter(|record| record.model() == name) {
        for level in [Confidence::P95, Confidence::P975, Confidence::P99] {
            reports.push(Court::new(MonteCarlo::new(1)).judge(&record.at(level)?, study)?);
        }
    }
    Ok(reports)
}
