//! A portfolio under a mandate with room, a tight one and an impossible one; then the strategies of an option book.
//!
//! ```text
//! cargo run --release --example allocate
//! cargo run --release --example allocate -- --prices mine.csv --sectors mine_too.csv --risk-aversion 8
//! ```

use std::path::Path;
use std::process::ExitCode;

use examples::Result;
use examples::allocate::figures::{Figures, figures};
use examples::allocate::inputs::Settings;
use examples::allocate::page;
use examples::allocate::report::document;
use examples::arguments::{Accepts, Arguments};
use examples::inputs::{Files, Inputs};
use examples::program::Program;
use examples::progress::Progress;
use examples::save::save;

const HELP: &str = "\
Weights under limits, what every limit costs, and what to do when the limits contradict each other.

usage: allocate [options]

  --prices FILE             daily prices: a date column, then one column per symbol
  --sectors FILE            lines of symbol,sector for every symbol of the prices
  --days N                  so many of the last returns are looked at (1260)
  --risk-aversion X         risk aversion of the utility, above 0 (4)
  --cost-bps X              one-way cost of trading in basis points, at least 0 (5)
  --capital X               dollars to invest, above 0 (1000000)
  --positions FILE, --index FILE, --volatility-index FILE, --rates FILE, --hold-volatility
                            the option book and its market, as in risk_report
  --json FILE               where the figures are written (out/allocate.json)
  --html FILE               also write the allocation as a page
  --help                    this text

Without any option it uses the data in examples/data.";

const ACCEPTS: Accepts = Accepts {
    options: &[
        "--prices",
        "--sectors",
        "--days",
        "--risk-aversion",
        "--cost-bps",
        "--capital",
        "--positions",
        "--index",
        "--volatility-index",
        "--rates",
        "--json",
        "--html",
    ],
    switches: &["--hold-volatility", "--help"],
};

fn main() -> ExitCode {
    Program { name: "allocate", help: HELP, accepts: ACCEPTS }.main(allocate, page::write)
}

fn allocate(arguments: &Arguments) -> Result<Figures> {
    let settings = Settings {
        prices: arguments.path_or("--prices", "stocks20_daily.csv"),
        sectors: arguments.path_or("--sectors", "sectors.csv"),
        days: arguments.count_or("--days", 1260)?,
        risk_aversion: arguments.number_or("--risk-aversion", 4.0, "above 0", |x| x > 0.0)?,
        cost_bps: arguments.number_or("--cost-bps", 5.0, "at least 0", |x| x >= 0.0)?,
        capital: arguments.number_or("--capital", 1e6, "above 0", |x| x > 0.0)?,
    };
    let mut progress = Progress::new(7);
    progress.step("files");
    let inputs = Inputs::load(&Files::of(arguments))?;
    let figures = figures(&settings, &inputs, &mut progress)?;
    if let Some(html) = arguments.value("--html") {
        save(Path::new(html), &document(&figures)?.html()?)?;
    }
    progress.finish();
    Ok(figures)
}
