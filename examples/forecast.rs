//! Forecasts from one day to one year, judged against what costs nothing.
//!
//! ```text
//! cargo run --release --example forecast
//! cargo run --release --example forecast -- --quick
//! ```

use std::process::ExitCode;

use examples::forecast::figures::{ACCEPTS, Settings, figures};
use examples::forecast::page;
use examples::program::Program;

const HELP: &str = "\
Forecasts of returns and volatility walked forward on an index, a share, a portfolio and a programme that sells
options, each beside naive competitors; and the forecast of the index from its last day.

usage: forecast [options]

  --data FOLDER     where further price files are: with them the option programme is longer; must be readable
  --seed N          of every simulation, at least 1 (1)
  --quick           few origins: a check that it runs, not a study
  --html FILE       the forecast of the index as a page
  --json FILE       where the figures are written (out/forecast.json)
  --help            this text

Without any option it uses the data in examples/data. The page is Markdown.";

fn main() -> ExitCode {
    Program { name: "forecast", help: HELP, accepts: ACCEPTS }
        .main(|arguments| figures(&Settings::of(arguments)?), page::write)
}
