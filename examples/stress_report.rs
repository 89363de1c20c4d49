//! What a book of shares and short options loses in crises past and imagined, and what it then needs.
//!
//! ```text
//! cargo run --release --example stress_report
//! cargo run --release --example stress_report -- --positions mine.csv --scenarios mine.json --limit 0.2
//! ```

use std::process::ExitCode;

use examples::Result;
use examples::arguments::{Accepts, Arguments};
use examples::inputs::{Files, Inputs};
use examples::program::Program;
use examples::progress::Progress;
use examples::stress::figures::{Figures, Settings, figures};
use examples::stress::page;

const HELP: &str = "\
Stress report of a book of shares, cash and listed options.

usage: stress_report [options]

  --prices FILE             daily prices: a date column, then one column per symbol
  --positions FILE          the book, as risk_report reads it
  --index FILE              daily closes of the index of the betas
  --volatility-index FILE   daily closes of a volatility index, in points
  --rates FILE              monthly simple bill returns, column rf
  --scenarios FILE          own scenarios, as JSON (see examples/data/stress_scenarios.json)
  --limit X                 largest loss of a scenario, as a fraction of the value (0.25)
  --reverse X               loss that the reverse stress looks for, as a fraction of the value (0.20)
  --json FILE               where the figures are written (out/stress_report.json)
  --help                    this text

Without any option it uses the data in examples/data.";

const ACCEPTS: Accepts = Accepts {
    options: &[
        "--prices",
        "--positions",
        "--index",
        "--volatility-index",
        "--rates",
        "--scenarios",
        "--limit",
        "--reverse",
        "--json",
    ],
    switches: &["--help"],
};

fn main() -> ExitCode {
    Program { name: "stress_report", help: HELP, accepts: ACCEPTS }.main(report, page::write)
}

fn report(arguments: &Arguments) -> Result<Figures> {
    let files = Files::of(arguments);
    let fraction = |x: f64| x > 0.0 && x <= 1.0;
    let settings = Settings {
        index: files.index.clone(),
        volatility_index: files.volatility_index.clone(),
        scenarios: arguments.path_or("--scenarios", "stress_scenarios.json"),
        limit: arguments.number_or("--limit", 0.25, "above 0 and at most 1", fraction)?,
        reverse: arguments.number_or("--reverse", 0.20, "above 0 and at most 1", fraction)?,
    };
    let mut progress = Progress::new(7);
    progress.step("files");
    let inputs = Inputs::load(&files)?;
    let figures = figures(&inputs, &settings, &mut progress)?;
    progress.finish();
    Ok(figures)
}
