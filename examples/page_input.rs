//! What the programs that write pages say about files that are wrong, and that their pages are whole on the shipped data.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use alluse_quant::report::Document;
use examples::arguments::{Accepts, Arguments};
use examples::figures::figures;
use examples::inputs::{Files, Inputs};
use examples::progress::Progress;
use examples::risk_html::{Page, limits, stress_report};
use examples::{Result, tear_sheet};

const ACCEPTS: Accepts = Accepts {
    options: &["--portfolio", "--column", "--kind", "--frequency", "--replicates", "--html", "--since", "--limits"],
    switches: &[],
};

fn arguments(words: &[&str]) -> Arguments {
    Arguments::parse(words.iter().map(|word| (*word).to_owned()), ACCEPTS).unwrap()
}

fn sheet(words: &[&str]) -> Result<Document> {
    let mut all = vec!["--replicates", "20"];
    all.extend_from_slice(words);
    tear_sheet::document(&tear_sheet::Settings::of(&arguments(&all))?, &mut Progress::new(5))
}

/// A file of its own, whose name says who made it.
fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("page-input-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

fn said(name: &str, text: &str) -> String {
    let path = file(name, text);
    let failure = sheet(&["--portfolio", path.to_str().unwrap()]).unwrap_err().to_string();
    std::fs::remove_file(path).unwrap();
    failure
}

#[test]
fn portfolios_that_are_wrong_are_refused_in_a_sentence() {
    for (name, text, expected) in [
        ("twice.csv", "date,v\n2015-01-02,1\n2015-01-02,2\n", "2015-01-02 occurs twice, first on line 2"),
        ("back.csv", "date,v\n2015-01-05,1\n2015-01-02,2\n", "dates must increase"),
        ("negative.csv", "date,v\n2015-01-02,1\n2015-01-05,-3\n", "values[1] must be positive and finite, got -3"),
        ("single.csv", "date,v\n2015-01-02,1\n", "at least 2 observations, got 1"),
        ("gap.csv", "date,v\n2015-01-02,1\n2015-01-05,\n2015-01-06,2\n", "missing value in column \"v\" on line 3"),
        ("wide.csv", "date,a,b\n2015-01-02,1,1\n2015-01-05,2,2\n", "choose one of its columns with --column: a, b"),
        ("apart.csv", "date,v\n1990-01-02,1\n1990-01-03,2\n", "no period is shared by \"v\" from 1990-01-02"),
    ] {
        let got = said(name, text);
        assert!(got.contains(expected) && !got.contains('\n'), "{name}: {got:?} lacks {expected:?}");
    }
    assert!(sheet(&["--kind", "yearly"]).unwrap_err().0.contains("not \"yearly\""));
    assert!(sheet(&["--frequency", "hourly"]).unwrap_err().0.contains("not \"hourly\""));
}

#[test]
fn the_tear_sheet_of_the_shipped_data_is_whole() {
    for kind in ["inception", "daily", "weekly", "monthly", "quarterly"] {
        let document = sheet(&["--kind", kind]).unwrap();
        let page = document.html().unwrap();
        assert!(page.ends_with("</html>\n") && !page.contains("NaN"), "{kind}");
        // The put-write benchmark starts with its first sale; nothing else is dropped.
        assert!(page.contains("put-write (modelled)") && page.contains("premium"), "{kind}");
    }
}

#[test]
fn the_risk_page_of_the_shipped_data_is_whole_and_comparable() {
    let html = std::env::temp_dir().join(format!("page-input-{}-risk.html", std::process::id()));
    let name = html.to_str().unwrap();
    let plain = arguments(&["--html", name]);
    let files = Files::of(&plain);
    let inputs = Inputs::load(&files).unwrap();
    let limits = limits(&plain).unwrap();
    let figures = figures(&inputs, &limits, &mut Progress::new(6)).unwrap();
    let stress = stress_report(&inputs, &files, &limits).unwrap();
    Page::of(&plain).unwrap().unwrap().write(&figures, stress.clone()).unwrap();
    let beside = format!("{name}.json");
    let again = arguments(&["--html", name, "--since", &beside]);
    Page::of(&again).unwrap().unwrap().write(&figures, stress).unwrap();
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("What changed since 2018-12-31") && page.contains("No limit changed its verdict"));
    assert!(page.contains("lehman_2008") && !page.contains("NaN"));
    assert!(Page::of(&arguments(&["--since", &beside])).unwrap_err().0.contains("--since needs --html"));
    let broken = file("broken.json", "[{\"name\": 1}]");
    let failure = limits_of(&broken).unwrap_err();
    assert!(failure.contains("invalid type") && failure.contains("broken.json"), "{failure}");
    for path in [html.as_path(), Path::new(&beside), broken.as_path()] {
        std::fs::remove_file(path).unwrap();
    }
}

fn limits_of(path: &Path) -> std::result::Result<usize, String> {
    limits(&arguments(&["--limits", path.to_str().unwrap()])).map(|found| found.len()).map_err(|error| error.0)
}
