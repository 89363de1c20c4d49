//! Allocation rules judged out of sample against 1/N, what they trade for nothing, and what estimation error costs.
//!
//! ```text
//! cargo run --release --example walk_forward
//! cargo run --release --example walk_forward -- --quick
//! ```

use std::process::ExitCode;

use examples::arguments::Accepts;
use examples::program::Program;
use examples::walk_forward::figures::figures;
use examples::walk_forward::page;
use examples::walk_forward::settings::{Scope, Settings};

const HELP: &str = "\
Allocation rules walked forward through eight data sets, and simulations in which the truth is known.

usage: walk_forward [options]

  --data FOLDER     where stocks20_daily.csv, factor_etfs_daily.csv, sp500_index_daily.csv, nasdaq_ohlcv_daily.csv,
                    wti_daily.csv and ff3_monthly.csv are
  --seed N          of every simulation and bootstrap, at least 1 (1)
  --quick           two data sets and few draws: a check that it runs, not a study
  --json FILE       where the figures are written (out/walk_forward.json)
  --help            this text

Without any option it uses the data in examples/data. The page is Markdown.";

const ACCEPTS: Accepts = Accepts { options: &["--data", "--seed", "--json"], switches: &["--quick", "--help"] };

fn main() -> ExitCode {
    Program { name: "walk_forward", help: HELP, accepts: ACCEPTS }.main(
        |arguments| {
            figures(&Settings {
                folder: arguments.path_or("--data", ""),
                seed: arguments.count_or("--seed", 1)? as u64,
                scope: if arguments.has("--quick") { Scope::Quick } else { Scope::Full },
            })
        },
        page::write,
    )
}
