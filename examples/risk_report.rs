//! The risk of a book of shares and short options, by full revaluation on real price history.
//!
//! ```text
//! cargo run --release --example risk_report
//! cargo run --release --example risk_report -- --prices mine.csv --positions mine_too.csv
//! ```

use std::process::ExitCode;

use examples::arguments::{Accepts, Arguments};
use examples::figures::{Figures, figures};
use examples::inputs::{Files, Inputs};
use examples::program::Program;
use examples::progress::Progress;
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
  --json FILE               where the figures are written (out/risk_report.json)
  --help                    this text

Options without a volatility in the positions file get a modelled one; the report says so. Without any option
every run uses the data in examples/data.";

const ACCEPTS: Accepts = Accepts {
    options: &["--prices", "--positions", "--index", "--volatility-index", "--rates", "--json"],
    switches: &["--hold-volatility", "--help"],
};

fn main() -> ExitCode {
    Program { name: "risk_report", help: HELP, accepts: ACCEPTS }.main(report, page::write)
}

fn report(arguments: &Arguments) -> Result<Figures> {
    let files = Files::of(arguments);
    let mut progress = Progress::new(6);
    progress.step("files");
    let inputs = Inputs::load(&files)?;
    let figures = figures(inputs, &mut progress)?;
    progress.finish();
    Ok(figures)
}
