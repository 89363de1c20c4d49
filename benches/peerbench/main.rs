//! Times workloads on the input files of the peer programs: `peerbench W2 DATA OUT.json`.
//!
//! Inputs are in memory before the clock starts and the answer is in memory when it stops. One thread, as the
//! peers it is compared with.

mod analytics;
mod covariance;
mod forecast;
mod monte_carlo;
mod options;
mod portfolios;
mod record;
mod stress;
mod var;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use record::{Record, Result};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing better can be done when even this fails.
            let _ = writeln!(std::io::stderr(), "peerbench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<()> {
    let [workload, data, out] = words else {
        return Err(
            "usage: peerbench W1|W2|W3|W4|W5|W6|W7|W8|W9|W10|W11|W13|analytics|forecast|stress DATA OUT.json".into()
        );
    };
    let data = Path::new(data);
    let mut record = Record::default();
    match workload.as_str() {
        "W1" => analytics::metrics(data, &mut record)?,
        "W2" => var::run(data, &mut record)?,
        "W3" => monte_carlo::run(data, &mut record)?,
        "W4" => options::run(data, &mut record)?,
        "W5" => portfolios::minimum_variance(data, &mut record)?,
        "W6" => portfolios::mean_cvar(data, &mut record)?,
        "W7" => portfolios::risk_parity(data, &mut record)?,
        "W8" => portfolios::hierarchical(data, &mut record)?,
        "W9" => forecast::volatility(data, &mut record)?,
        "W11" => portfolios::walk(data, &mut record)?,
        "W10" => covariance::run(data, &mut record)?,
        "W13" => analytics::brinson(data, &mut record)?,
        // On the data of W1.
        "analytics" => analytics::tear_sheet(data, &mut record)?,
        // Make their own data.
        "forecast" => forecast::simulation(&mut record)?,
        "stress" => stress::run(Path::new(out), &mut record)?,
        other => {
            return Err(format!("workload {other:?} is not among W1 to W11, W13, analytics, forecast, stress").into());
        }
    }
    record.write(Path::new(out))
}
