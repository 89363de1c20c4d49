//! Where returns came from: sectors and factors of a portfolio of shares, greeks, premiums and week types of an option
//! programme, each with what it leaves unexplained and with what can be told from chance.
//!
//! ```text
//! cargo run --release --example attribution
//! cargo run --release --example attribution -- --from 1995 --week-labels labels.json
//! ```

use std::process::ExitCode;

use examples::arguments::Accepts;
use examples::attribution::figures::figures;
use examples::attribution::inputs::Settings;
use examples::attribution::page;
use examples::program::Program;
use examples::progress::Progress;
use examples::wheel::inputs::Settings as Wheel;

const HELP: &str = "\
Return attribution: sectors and factors of shares tilted by momentum, and every part of a weekly option programme.

usage: attribution [options]

  --prices FILE             daily prices, one column per symbol
  --sectors FILE            symbols and their sectors, columns symbol and sector
  --factors FILE            monthly factor returns and bill returns, columns mkt_rf, smb, hml and rf
  --from YEAR               first calendar year of the portfolio of shares (2004)
  --index FILE              daily closes of the index of the option programme: a date column and one more
  --volatility-index FILE   daily closes of its volatility index, in points: one column beside the date, or \"close\"
  --delta X                 absolute delta of what is sold, between 0 and 1 (0.30)
  --half-spread X           cost of a sale as a fraction of the premium, at least 0 and below 1 (0.03)
  --week-labels FILE        schemes that label weeks by ranges of index_move, vix, held and in_the_money, in JSON
  --json FILE               where the figures are written (out/attribution.json)
  --help                    this text

Without any option it uses the data in examples/data. Option prices are modelled; the page says how.";

const ACCEPTS: Accepts = Accepts {
    options: &[
        "--prices",
        "--sectors",
        "--factors",
        "--from",
        "--index",
        "--volatility-index",
        "--delta",
        "--half-spread",
        "--week-labels",
        "--json",
    ],
    switches: &["--help"],
};

fn main() -> ExitCode {
    Program { name: "attribution", help: HELP, accepts: ACCEPTS }.main(
        |arguments| {
            let factors = arguments.path_or("--factors", "ff3_monthly.csv");
            let settings = Settings {
                prices: arguments.path_or("--prices", "stocks20_daily.csv"),
                sectors: arguments.path_or("--sectors", "sectors.csv"),
                factors: factors.clone(),
                from: arguments.count_or("--from", 2004)?,
                wheel: Wheel {
                    index: arguments.path_or("--index", "sp500_index_daily.csv"),
                    volatility_index: arguments.path_or("--volatility-index", "vix_2014_2018_daily.csv"),
                    rates: factors,
                    benchmark: None,
                    delta: arguments.number_or("--delta", 0.30, "between 0 and 1", |x| x > 0.0 && x < 1.0)?,
                    half_spread: arguments
                        .number_or("--half-spread", 0.03, "at least 0 and below 1", |x| (0.0..1.0).contains(&x))?,
                },
                week_labels: arguments.path_or("--week-labels", "week_labels.json"),
            };
            let mut progress = Progress::new(5);
            let figures = figures(&settings, &mut progress);
            progress.finish();
            figures
        },
        page::write,
    )
}
