//! A weekly wheel on the S&P 500: puts sold, the index taken when assigned, calls sold until it is called away.
//!
//! ```text
//! cargo run --release --example wheel
//! cargo run --release --example wheel -- --delta 0.2 --benchmark put_and_bxm_monthly.csv
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use examples::arguments::Accepts;
use examples::program::Program;
use examples::wheel::figures::figures;
use examples::wheel::inputs::Settings;
use examples::wheel::page;

const HELP: &str = "\
A weekly programme that sells puts and calls on an index, every step booked in a ledger.

usage: wheel [options]

  --index FILE              daily closes of the index: a date column and one more
  --volatility-index FILE   daily closes of its volatility index, in points: one column beside the date, or \"close\"
  --rates FILE              monthly simple bill returns, column rf
  --benchmark FILE          monthly levels of published programmes, columns put and bxm; without it none is compared
  --delta X                 absolute delta of what is sold, between 0 and 1 (0.30)
  --half-spread X           cost of a sale as a fraction of the premium, at least 0 and below 1 (0.03)
  --json FILE               where the figures are written (out/wheel.json)
  --help                    this text

Without any option it uses the data in examples/data. Option prices are modelled; the page says how.";

const ACCEPTS: Accepts = Accepts {
    options: &["--index", "--volatility-index", "--rates", "--benchmark", "--delta", "--half-spread", "--json"],
    switches: &["--help"],
};

fn main() -> ExitCode {
    Program { name: "wheel", help: HELP, accepts: ACCEPTS }.main(
        |arguments| {
            figures(&Settings {
                index: arguments.path_or("--index", "sp500_index_daily.csv"),
                volatility_index: arguments.path_or("--volatility-index", "vix_2014_2018_daily.csv"),
                rates: arguments.path_or("--rates", "ff3_monthly.csv"),
                benchmark: arguments.value("--benchmark").map(PathBuf::from),
                delta: arguments.number_or("--delta", 0.30, "between 0 and 1", |x| x > 0.0 && x < 1.0)?,
                half_spread: arguments
                    .number_or("--half-spread", 0.03, "at least 0 and below 1", |x| (0.0..1.0).contains(&x))?,
            })
        },
        page::write,
    )
}
