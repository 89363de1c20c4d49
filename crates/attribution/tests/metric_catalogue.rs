//! `docs/metrics.md` is the catalogue. `ALLUSE_BLESS=1 cargo test -p alluse-attribution --test metric_catalogue` writes
//! it anew.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fmt::Write as _;
use std::path::Path;

use alluse_attribution::benchmark::BenchmarkMetric;
use alluse_attribution::metrics::{Definition, Metric, Unit};

const HEAD: &str = "\
# Metrics

Every metric that `Performance::table`, `Performance::fitted_table` and `Relative::table` compute, made from the catalogue
in the code. Conventions are arguments of the methods; the column names what the table uses. A metric without a value is
an error with the reason, never a number.

In the formulas r are the returns, b the benchmark, m the mean, n the number of periods, P the periods a year, G growth a
year, d drawdowns, f cash, Q quantiles, y = r − f, x = b − f, β the beta, D downside deviation a year.
";

fn table(page: &mut String, heading: &str, definitions: impl Iterator<Item = Definition>) {
    let _ = write!(page, "\n## {heading}\n\n");
    page.push_str("| metric | formula | unit | convention | no value | source |\n|---|---|---|---|---|---|\n");
    for definition in definitions {
        let cells = [
            definition.name,
            definition.formula,
            unit(definition.unit),
            definition.convention,
            definition.degenerate,
            definition.source,
        ];
        let cells = cells.map(|cell| if cell.is_empty() { "–".to_owned() } else { cell.replace('|', "\\|") });
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Return => "return",
        Unit::ReturnPerPeriod => "return per period",
        Unit::ReturnPerYear => "return per year",
        Unit::FractionOfPeak => "fraction of the peak",
        Unit::Share => "share",
        Unit::AnnualRatio => "ratio, annual",
        Unit::Ratio => "ratio",
        Unit::Periods => "periods",
        Unit::Leverage => "multiple of capital",
        _ => "other",
    }
}

#[test]
fn the_page_is_the_catalogue() {
    let mut page = HEAD.to_owned();
    table(&mut page, "Of one series", Metric::ALL.iter().map(|metric| metric.definition()));
    table(&mut page, "Against a benchmark", BenchmarkMetric::ALL.iter().map(|metric| metric.definition()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    if std::env::var_os("ALLUSE_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page, "docs/metrics.md is not what the catalogue says; see the head of this test");
    assert!(Metric::ALL.len() + BenchmarkMetric::ALL.len() >= 60);
}
