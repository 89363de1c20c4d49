//! The risk of a book of shares and short options, by full revaluation on real price history.
//!
//! ```text
//! cargo run --release --example risk_report
//! cargo run --release --example risk_report -- --html out/risk.html
//! cargo run --release --example risk_report -- --prices mine.csv --positions mine_too.csv
//! ```

use std::process::ExitCode;

use examples::arguments::{Accepts, Arguments};
use examples::figures::{Figures, figures};
use examples::inputs::{Files, Inputs};
use examples::program::Program;
use examples::progress::Progress;
use examples::risk_html::{Page, limits, stress_report};
use examples::{Result, page};

const HELP: &str = "\
Risk report of a book of shares, cash and listed options.

usage: risk_report [options]

  --prices FILE             daily prices: a date column, then one column per symbol
  --positions FILE          the book: position, type, symbol, quantity, and for options strike, expiry, multiplier;
                            optional style, volatility; any further column is a label axis
  --index FILE              daily closes of the index behind the volatility index
  --volatility-index FILE   daily closes of a volatility index, in points
  --rates FILE              monthly simple bill returns, column rf
  --hold-volatility         leave volatilities where they are instead of moving them with the index
  --limits FILE             limits as JSON (those of examples/data, for its own positions)
  --json FILE               where the figures are written (out/risk_report.json)
  --html FILE               also write the report as a page, with stress tests; beside it FILE.json for the next report
  --since FILE              the FILE.json of an earlier report: the page then says what changed
  --help                    this text

Options without a volatility in the positions file get a modelled one; the report says so. Without any option
every run uses the data in examples/data.";

const ACCEPTS: Accepts = Accepts {
    options: &[
        "--prices",
        "--positions",
        "--index",
        "--volatility-index",
        "--rates",
        "--limits",
        "--json",
        "--html",
        "--since",
    ],
    switches: &["--hold-volatility", "--help"],
};

fn main() -> ExitCode {
    Program { name: "risk_report", help: HELP, accepts: ACCEPTS }.main(report, page::write)
}

fn report(arguments: &Arguments) -> Result<Figures> {
    let files = Files::of(arguments);
    let page = Page::of(arguments)?;
    let mut progress = Progress::new(if page.is_some() { 8 } else { 6 });
    progress.step("files");
    let limits = limits(arguments)?;
    let inputs = Inputs::load(&files)?;
    let figures = figures(&inputs, &limits, &mut progress)?;
    if let Some(page) = page {
        progress.step("stress tests");
        let stress = stress_report(&inputs, &files, &limits)?;
        progress.step("page");
        page.write(&figures, stress)?;
    }
    progress.finish();
    Ok(figures)
}
