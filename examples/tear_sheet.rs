//! A tear sheet of real returns beside the S&P 500 and a put-write benchmark.
//!
//! ```text
//! cargo run --release --example tear_sheet
//! cargo run --release --example tear_sheet -- --kind weekly
//! cargo run --release --example tear_sheet -- --portfolio mine.csv --column value
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alluse_quant::report::Document;
use examples::Result;
use examples::arguments::{Accepts, Arguments};
use examples::program::Program;
use examples::progress::Progress;
use examples::save::save;
use examples::tear_sheet::{Settings, document};

const HELP: &str = "\
Tear sheet of a portfolio against an index and a put-write benchmark made from it.

usage: tear_sheet [options]

  --portfolio FILE          values of the portfolio: a date column and a column of positive values
  --column NAME             which column, when there are several
  --frequency WORD          daily (default), weekly or monthly values
  --returns WORD            total (default) or price: whether the values contain what was paid out
  --index FILE              daily closes of the index
  --volatility-index FILE   daily closes of its volatility index, in points
  --rates FILE              monthly simple bill returns, column rf
  --kind WORD               inception (default), daily, weekly, monthly or quarterly
  --trials N                how many variants were tried before this one was chosen
  --replicates N            resamples of the intervals (1000)
  --title TEXT              heading
  --html FILE               where the page is written (out/tear_sheet.html)
  --markdown FILE           also write it as Markdown
  --csv FILE                also write every number as CSV
  --json FILE               where the same figures are written (out/tear_sheet.json)
  --help                    this text

Without a portfolio it is the weekly option programme of the wheel example. Without any option every run uses
the data in examples/data.";

const ACCEPTS: Accepts = Accepts {
    options: &[
        "--portfolio",
        "--column",
        "--frequency",
        "--returns",
        "--index",
        "--volatility-index",
        "--rates",
        "--kind",
        "--trials",
        "--replicates",
        "--title",
        "--html",
        "--markdown",
        "--csv",
        "--json",
    ],
    switches: &["--help"],
};

fn main() -> ExitCode {
    Program { name: "tear_sheet", help: HELP, accepts: ACCEPTS }.main(tear_sheet, |page, document| {
        // The page was written with the same charts before, so this cannot fail either.
        page.push_str(&document.markdown().map_err(|_| std::fmt::Error)?);
        Ok(())
    })
}

fn tear_sheet(arguments: &Arguments) -> Result<Document> {
    let settings = Settings::of(arguments)?;
    let mut progress = Progress::new(5);
    let document = document(&settings, &mut progress)?;
    progress.step("page");
    let html = arguments.value("--html").map_or_else(|| PathBuf::from("out/tear_sheet.html"), PathBuf::from);
    save(&html, &document.html()?)?;
    if let Some(file) = arguments.value("--markdown") {
        save(Path::new(file), &document.markdown()?)?;
    }
    if let Some(file) = arguments.value("--csv") {
        save(Path::new(file), &document.csv()?)?;
    }
    progress.finish();
    Ok(document)
}
