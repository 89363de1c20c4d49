//! What the programs say about files that are wrong, sentence by sentence.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use alluse_quant::instruments::MarketSnapshot;
use examples::allocate;
use examples::arguments::Arguments;
use examples::attribution;
use examples::figures::{AXES, Figures, figures};
use examples::forecast::figures as forecast;
use examples::inputs::{Files, Inputs};
use examples::positions;
use examples::progress::Progress;
use examples::stress::figures as stress;
use examples::walk_forward::data;
use examples::walk_forward::figures::figures as walk_forward;
use examples::walk_forward::settings::{Scope, Settings as Walk};
use examples::wheel::figures::figures as wheel_figures;
use examples::wheel::inputs::Settings;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const HEADER: &str = "position,type,symbol,quantity,strike,expiry,multiplier,style,volatility,account\n";
const LAST: Date = date(2018, 12, 28);

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bad-input-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

fn weekdays(count: usize) -> Vec<Date> {
    let back = (0..).map(|i| LAST.saturating_sub(i.days())).filter(|d| d.weekday().to_monday_zero_offset() < 5);
    let mut days: Vec<Date> = back.take(count).collect();
    days.reverse();
    days
}

/// Prices of `A` and `B` that move a little every day.
fn prices() -> String {
    let mut text = "date,A,B\n".to_owned();
    for (i, day) in weekdays(160).iter().enumerate() {
        let wave = |speed: f64| (speed * (i * i) as f64).sin();
        text += &format!("{day},{:.4},{:.4}\n", 50.0 + wave(0.7), 120.0 + 3.0 * wave(1.3));
    }
    text
}

fn book(rows: &str) -> String {
    format!("{HEADER}{rows}")
}

const GOOD: &str = "\
Cash,cash,USD,5000,,,,,,one
Shares,share,A,200,,,,,,one
Put,put,A,-2,48,2019-01-18,100,,0.30,two
Call,call,B,1,125,2019-03-15,100,european,0.25,two
";

fn load(folder: &Folder, prices: impl AsRef<[u8]>, positions: impl AsRef<[u8]>) -> examples::Result<Inputs> {
    Inputs::load(&Files {
        prices: folder.write("prices.csv", prices),
        positions: folder.write("positions.csv", positions),
        index: shipped("sp500_index_daily.csv"),
        volatility_index: shipped("vix_2014_2018_daily.csv"),
        rates: shipped("ff3_monthly.csv"),
        hold_volatility: true,
    })
}

fn complaint(folder: &Folder, prices: impl AsRef<[u8]>, positions: impl AsRef<[u8]>) -> String {
    let prefix = format!("{}{}", folder.0.display(), std::path::MAIN_SEPARATOR);
    load(folder, prices, positions).unwrap_err().to_string().replace(&prefix, "")
}

#[test]
fn each_fault_of_a_positions_file_is_one_sentence() {
    let folder = Folder::new("positions");
    let row = |row: &str| book(&format!("Cash,cash,USD,5000,,,,,,\n{row}\n"));
    for (text, sentence) in [
        (String::new(), "positions.csv: the file is empty"),
        (HEADER.to_owned(), "positions.csv: the file has no positions"),
        (HEADER.replace(",quantity", ""), "positions.csv, line 1: column \"quantity\" is missing"),
        (HEADER.replace("account", "Style"), "positions.csv, line 1: column \"style\" occurs twice"),
        (row("x,share,A,ten,,,,,,"), "positions.csv, line 3, column \"quantity\": \"ten\" is not a number"),
        (row("x,share,A,NaN,,,,,,"), "positions.csv, line 3, column \"quantity\": \"NaN\" is not a number"),
        (row("x,share,A,inf,,,,,,"), "positions.csv, line 3, column \"quantity\": \"inf\" is not a number"),
        (row("x,share,A,0,,,,,,"), "positions.csv, line 3, column \"quantity\": a position of 0 is no position"),
        (row("x,share,A,,,,,,,"), "positions.csv, line 3, column \"quantity\": a value is missing"),
        (row("x,share,,1,,,,,,"), "positions.csv, line 3, column \"symbol\": a value is missing"),
        (
            row("x,future,A,1,,,,,,"),
            "positions.csv, line 3, column \"type\": \"future\" is none of cash, share, call, put",
        ),
        (row("x,put,A,1,,2019-01-18,100,,0.3,"), "positions.csv, line 3, column \"strike\": a value is missing"),
        (row("x,put,A,1,-5,2019-01-18,100,,0.3,"), "positions.csv, line 3, column \"strike\": -5 is not positive"),
        (row("x,put,A,1,50,,100,,0.3,"), "positions.csv, line 3, column \"expiry\": a value is missing"),
        (
            row("x,put,A,1,50,18/01/2019,100,,0.3,"),
            "positions.csv, line 3, column \"expiry\": \"18/01/2019\" is not a date like 2019-01-18",
        ),
        (row("x,put,A,1,50,2019-01-18,,,0.3,"), "positions.csv, line 3, column \"multiplier\": a value is missing"),
        (row("x,put,A,1,50,2019-01-18,0,,0.3,"), "positions.csv, line 3, column \"multiplier\": 0 is not positive"),
        (
            row("x,put,A,1,50,2019-01-18,100,asian,0.3,"),
            "positions.csv, line 3, column \"style\": \"asian\" is neither american nor european",
        ),
        (
            row("x,put,A,1,50,2019-01-18,100,,-0.2,"),
            "positions.csv, line 3, column \"volatility\": -0.2 is not positive",
        ),
        (
            row("x,put,A,1,50,2018-12-21,100,,0.3,"),
            "positions.csv, line 3: the option expired on 2018-12-21, before the valuation date 2018-12-28",
        ),
        (
            row("x,share,ZZZ,1,,,,,,"),
            "positions.csv, line 3: unknown symbol \"ZZZ\": the price file has no such column",
        ),
        (
            row("x,put,ZZZ,1,50,2019-01-18,100,,0.3,"),
            "positions.csv, line 3: unknown symbol \"ZZZ\": the price file has no such column",
        ),
        (
            row("x,put,A,1,50,2019-01-18,100,,0.3,\ny,put,A,1,50,2019-01-18,100,,0.4,"),
            "positions.csv, line 4: A 2019-01-18 P 50 has volatility 0.4 here and 0.3 on line 3",
        ),
        (
            row("x,share,A,1,,,,,,\nx,share,B,1,,,,,,"),
            "positions.csv: position \"x\" occurs twice, at positions 1 and 2",
        ),
        (row("x,share,A,1,,"), "positions.csv, line 3: 6 fields where the header has 10"),
        (
            row("x,share,A,\"1\"0,,,,,,"),
            "positions.csv, line 3: a quotation mark is not closed, or stands inside a field",
        ),
        (book("x,share,A,\"1"), "positions.csv, line 2: a quotation mark is not closed, or stands inside a field"),
        (
            row("x,share,A,1,,,,,,unlabelled"),
            "positions.csv: unsupported: the label \"unlabelled\" is reserved for rows without one",
        ),
    ] {
        assert_eq!(complaint(&folder, prices(), &text), sentence, "{text}");
    }
    let mut bytes = book(GOOD).into_bytes();
    bytes.extend_from_slice(b"\xff,share,A,1,,,,,,\n");
    assert_eq!(complaint(&folder, prices(), bytes), "positions.csv, line 6: the text is not UTF-8");
}

#[test]
fn each_fault_of_a_price_file_is_one_sentence() {
    let folder = Folder::new("prices");
    for (text, sentence) in [
        ("", "prices.csv, line 1, column \"date\": the file is empty"),
        ("date,A\n", "prices.csv, line 1, column \"date\": there are no rows below the header"),
        (
            "day,A\n2018-12-28,50\n",
            "prices.csv, line 1, column \"date\": the first column must be called \"date\", not \"day\"",
        ),
        ("date\n2018-12-28\n", "prices.csv, line 1, column \"date\": there is no column beside the dates"),
        ("date,A,A\n2018-12-28,50,50\n", "prices.csv, line 1, column \"A\": fields 2 and 3 have the same name"),
        ("date,A\n2018-12-27,ten\n", "prices.csv, line 2, column \"A\": \"ten\" is not a number"),
        (
            "date,A\n2018-12-27,50\n2018-12-28,0\n",
            "prices.csv, line 3, column \"A\": \"0\" is refused: prices must be positive and finite",
        ),
        (
            "date,A\n2018-12-27,50\n2018-12-28,-50\n",
            "prices.csv, line 3, column \"A\": \"-50\" is refused: prices must be positive and finite",
        ),
        ("date,A\n2018-12-27,NaN\n", "prices.csv, line 2, column \"A\": \"NaN\" is not a finite number"),
        (
            "date,A\n2018-12-27,50\n2018-12-27,51\n",
            "prices.csv, line 3, column \"date\": 2018-12-27 occurs twice, first on line 2",
        ),
        (
            "date,A\n2018-12-28,50\n2018-12-27,51\n",
            "prices.csv, line 3, column \"date\": 2018-12-27 comes after 2018-12-28: dates must increase",
        ),
        (
            "date,A\n28.12.2018,50\n",
            "prices.csv, line 2, column \"date\": \"28.12.2018\" is not a date of the form 2024-01-31",
        ),
        (
            "date,A,B\n2018-12-27,50,1\n2018-12-28,50\n",
            "prices.csv, line 3, column \"B\": the row has 2 fields where the header has 3",
        ),
    ] {
        assert_eq!(complaint(&folder, text, book(GOOD)), sentence, "{text}");
    }
    let gap = complaint(&folder, "date,A\n2018-12-27,50\n2018-12-28,\n", book(GOOD));
    assert!(gap.contains("\"A\"") && gap.contains("missing"), "{gap}");
    assert!(!gap.contains('\n'));
    let bytes = complaint(&folder, b"date,A\n2018-12-27,\xff\n", book(GOOD));
    assert!(bytes.starts_with("prices.csv, line 2, column \"A\":") && bytes.ends_with("is not UTF-8"), "{bytes}");
}

#[test]
fn files_that_are_not_there_are_named() {
    let folder = Folder::new("absent");
    let files = |prices: PathBuf, positions: PathBuf, rates: PathBuf| Files {
        prices,
        positions,
        index: shipped("sp500_index_daily.csv"),
        volatility_index: shipped("vix_2014_2018_daily.csv"),
        rates,
        hold_volatility: true,
    };
    let (here, there) = (folder.write("prices.csv", prices()), folder.write("positions.csv", book(GOOD)));
    let nowhere = folder.0.join("nowhere.csv");
    for files in [
        files(nowhere.clone(), there.clone(), shipped("ff3_monthly.csv")),
        files(here.clone(), nowhere.clone(), shipped("ff3_monthly.csv")),
        files(here, there, nowhere.clone()),
    ] {
        let message = Inputs::load(&files).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: ", nowhere.display())), "{message}");
    }
}

#[test]
fn an_old_rate_is_refused() {
    let folder = Folder::new("rates");
    let rates = folder.write("rates.csv", "date,rf\n2018-06-30,0.0015\n");
    let files = Files {
        prices: folder.write("prices.csv", prices()),
        positions: folder.write("positions.csv", book(GOOD)),
        index: shipped("sp500_index_daily.csv"),
        volatility_index: shipped("vix_2014_2018_daily.csv"),
        rates: rates.clone(),
        hold_volatility: true,
    };
    let message = Inputs::load(&files).unwrap_err().to_string();
    let sentence = "the last value of \"rf\" at or before 2018-12-28 is of 2018-06-30: 181 days old, allowed 62";
    assert_eq!(message, format!("{}: {sentence}", rates.display()));
}

/// A daily index and its volatility over the last weekdays of 2018.
fn wheel(folder: &Folder, days: usize) -> Settings {
    let (mut index, mut volatility) = ("date,SPX\n".to_owned(), "date,vix\n".to_owned());
    for (i, day) in weekdays(days).iter().enumerate() {
        let wave = (0.7 * i as f64).sin();
        index += &format!("{day},{:.4}\n", 2_500.0 + 60.0 * wave);
        volatility += &format!("{day},{:.2}\n", 20.0 - 5.0 * wave);
    }
    Settings {
        index: folder.write("index.csv", index),
        volatility_index: folder.write("volatility.csv", volatility),
        rates: shipped("ff3_monthly.csv"),
        benchmark: None,
        delta: 0.3,
        half_spread: 0.03,
    }
}

/// Where a file goes.
type Place = fn(&mut Settings, PathBuf);

#[test]
fn each_fault_of_the_wheels_files_is_one_sentence() {
    let folder = Folder::new("wheel");
    let good = || wheel(&folder, 120);
    let complaint = |settings: Settings| {
        let prefix = format!("{}{}", folder.0.display(), std::path::MAIN_SEPARATOR);
        wheel_figures(&settings).unwrap_err().to_string().replace(&prefix, "")
    };
    let index: Place = |settings, path| settings.index = path;
    let volatility: Place = |settings, path| settings.volatility_index = path;
    let rates: Place = |settings, path| settings.rates = path;
    let benchmark: Place = |settings, path| settings.benchmark = Some(path);
    for (place, text, sentence) in [
        (index, "date,A,B\n2018-12-28,1,2\n", "a.csv: an index file has one column beside the date"),
        (
            index,
            "date,A\n2018-12-28,0\n",
            "a.csv, line 2, column \"A\": \"0\" is refused: prices must be positive and finite",
        ),
        (
            index,
            "date,A\n2001-12-28,10\n",
            "a.csv: index and volatility index share 0 days, which are fewer than 13 weeks",
        ),
        (
            volatility,
            "date,A,B\n2018-12-28,1,2\n",
            "a.csv: a volatility index file has one column beside the date, or one named \"close\"",
        ),
        (volatility, "date,A\n2018-12-28,-2\n", "a.csv: A on 2018-12-28 is -2, which is not positive"),
        (rates, "date,rf\n2018-06-30,-1\n", "a.csv: \"rf\" of 2018-06-30 is -1, a loss of everything"),
        (
            rates,
            "date,rf\n2018-12-20,0.002\n",
            "a.csv: \"rf\" has no value at or before 2018-07-16: it starts on 2018-12-20",
        ),
        (benchmark, "date,put\n2018-12-31,1\n", "a.csv: put shares 0 months with the programme, fewer than 12"),
        (benchmark, "date,bxm\n2018-12-31,1\n", "a.csv: unknown column \"put\""),
        (benchmark, "date,put\n2018-12-31,0\n", "a.csv: put has the level 0, which is not positive"),
    ] {
        let mut settings = good();
        place(&mut settings, folder.write("a.csv", text));
        assert_eq!(complaint(settings), sentence);
    }
    let short = "index.csv: index and volatility index share 30 days, which are fewer than 13 weeks";
    assert_eq!(complaint(wheel(&folder, 30)), short);
    for file in [
        Settings { index: folder.0.join("nowhere.csv"), ..good() },
        Settings { volatility_index: folder.0.join("nowhere.csv"), ..good() },
        Settings { rates: folder.0.join("nowhere.csv"), ..good() },
        Settings { benchmark: Some(folder.0.join("nowhere.csv")), ..good() },
    ] {
        assert!(complaint(file).starts_with("nowhere.csv: "));
    }
}

/// Reads the shipped data of the walk forward with one file replaced, and says what is wrong.
fn walk_complaint(scope: Scope, file: &str, text: &str) -> String {
    let folder = Folder::new(&format!("walk-{}", text.len()));
    for name in [
        "stocks20_daily.csv",
        "factor_etfs_daily.csv",
        "sp500_index_daily.csv",
        "nasdaq_ohlcv_daily.csv",
        "wti_daily.csv",
        "ff3_monthly.csv",
    ] {
        std::fs::copy(shipped(name), folder.0.join(name)).unwrap();
    }
    folder.write(file, text);
    let failure = data::load(&folder.0, scope).unwrap_err().to_string();
    failure.replace(&format!("{}/", folder.0.display()), "")
}

#[test]
fn each_fault_of_the_walk_forwards_files_is_one_sentence() {
    let etfs = "factor_etfs_daily.csv";
    let rows = |count: usize| -> String {
        let days = weekdays(count);
        days.iter()
            .enumerate()
            .fold("date,A,B\n".to_owned(), |text, (i, day)| text + &format!("{day},{},50\n", 50 + i % 3))
    };
    for (scope, file, text, said) in [
        (Scope::Quick, etfs, rows(100), "5 factor ETFs 2014-18: 99 returns, which are fewer than 504"),
        (Scope::Quick, etfs, "date,A\n2018-01-02,x\n".to_owned(), "factor_etfs_daily.csv, line 2"),
        (Scope::Quick, etfs, "date,A\n2018-01-02,1\n2018-01-03,0\n".to_owned(), "price"),
        (Scope::Quick, "nasdaq_ohlcv_daily.csv", rows(10), "close"),
        (Scope::Quick, "wti_daily.csv", "date,oil\n2018-01-02,60\n".to_owned(), "wti_usd"),
        (
            Scope::Quick,
            "wti_daily.csv",
            "date,wti_usd\n2030-01-02,60\n".to_owned(),
            "wti_daily.csv: 0 days are in sp500_index_daily.csv and nasdaq_ohlcv_daily.csv too",
        ),
        (Scope::Full, "stocks20_daily.csv", rows(600), "stocks20_daily.csv: 2 shares where there should be 20"),
        (Scope::Full, "ff3_monthly.csv", "date,mkt_rf,smb\n2018-01-31,0.01,0.01\n".to_owned(), "hml"),
    ] {
        let complaint = walk_complaint(scope, file, &text);
        assert!(complaint.contains(said), "{complaint}");
    }
    let nowhere = Walk { folder: PathBuf::from("nowhere"), seed: 1, scope: Scope::Quick };
    assert!(walk_forward(&nowhere).unwrap_err().to_string().contains("factor_etfs_daily.csv"));
}

#[test]
fn the_walk_forward_is_the_same_twice() {
    let quick = Walk { folder: shipped(""), seed: 7, scope: Scope::Quick };
    let figures = walk_forward(&quick).unwrap();
    let again = walk_forward(&quick).unwrap();
    assert!(serde_json::to_string(&figures).unwrap() == serde_json::to_string(&again).unwrap());
    assert!(figures.truncated.iter().all(|report| report.passed() && report.decisions_compared > 0));
    assert_eq!(figures.certified.optimal, figures.certified.solves);
    // With enough data the shrunk rule comes closer to the least volatility than 1/N does.
    let truth = |rule: &str| figures.truth.rows.iter().find(|row| row.rule.starts_with(rule)).unwrap();
    let last = |rule: &str| truth(rule).volatilities.last().unwrap().0;
    assert!(last("minimum variance, shrunk") > last("1/N") && last("plain minimum variance") <= 1.0);
    let mut text = String::new();
    examples::walk_forward::page::write(&mut text, &figures).unwrap();
    assert!(text.starts_with("QUICK RUN"));
    assert!(!text.contains("NaN"));
}

#[test]
fn the_wheel_adds_up() {
    let folder = Folder::new("turning");
    for delta in [0.05, 0.3, 0.9] {
        let figures = wheel_figures(&Settings { delta, ..wheel(&folder, 160) }).unwrap();
        assert!(figures.statement.total.relative_residual() < 1e-12);
        assert!(figures.wheel_residual.abs() < 1e-6);
        assert_eq!(figures.statement.accounts.len(), 1);
        let cycles: f64 = figures.cycles.iter().map(|cycle| cycle.mark_to_market.total()).sum();
        let all = cycles + figures.expired_puts_pnl.total();
        assert!((all - figures.wheel.total()).abs() < 1e-6);
        let interest = figures.statement.total.mark_to_market.interest;
        let total = figures.statement.total.mark_to_market.total();
        assert!((figures.wheel.total() + interest - total).abs() < 1e-6);
        let again = wheel_figures(&Settings { delta, ..wheel(&folder, 160) }).unwrap();
        assert_eq!(figures, again);
        let mut text = String::new();
        examples::wheel::page::write(&mut text, &figures).unwrap();
        assert!(!text.contains("NaN") && !text.contains("inf") && text.contains("not compared"));
    }
}

/// What the stress report says about a file of scenarios.
fn stressed(folder: &Folder, scenarios: impl AsRef<[u8]>) -> examples::Result<stress::Figures> {
    let files = shipped_files();
    let settings = stress::Settings {
        index: files.index.clone(),
        volatility_index: files.volatility_index.clone(),
        scenarios: folder.write("scenarios.json", scenarios),
        limit: 0.25,
        reverse: 0.20,
    };
    stress::figures(&Inputs::load(&files)?, &settings, &mut Progress::new(7))
}

fn shipped_files() -> Files {
    Files {
        prices: shipped("stocks20_daily.csv"),
        positions: shipped("positions.csv"),
        index: shipped("sp500_index_daily.csv"),
        volatility_index: shipped("vix_2014_2018_daily.csv"),
        rates: shipped("ff3_monthly.csv"),
        hold_volatility: false,
    }
}

fn spot_shock(name: &str, asset: &str, shock: &str) -> String {
    format!(r#"[{{"name": "{name}", "steps": [{{"target": {{"spot": {asset}}}, "shock": {shock}}}]}}]"#)
}

#[test]
fn each_fault_of_a_scenario_file_is_one_sentence() {
    let folder = Folder::new("scenarios");
    let complaint = |text: &str| {
        let prefix = format!("{}{}", folder.0.display(), std::path::MAIN_SEPARATOR);
        stressed(&folder, text).unwrap_err().to_string().replace(&prefix, "")
    };
    for (text, said) in [
        ("".to_owned(), "scenarios.json: line 1, column 1:"),
        ("[\n{\"name\": 3}]".to_owned(), "scenarios.json: line 2, column 10:"),
        (r#"[{"name": "x", "steps": [], "colour": 1}]"#.to_owned(), "colour"),
        (r#"[{"name": "x", "steps": []}]"#.to_owned(), "it has no steps"),
        (spot_shock("x", r#"{"one": "ZZZ"}"#, r#"{"relative": -0.1}"#), "does not know the ZZZ"),
        (spot_shock("x", "\"every\"", r#"{"relative": -1.0}"#), "would become 0, which is not positive"),
        (spot_shock("x", "\"every\"", r#"{"relative": -0.1}"#), "says nothing about the volatility of"),
        (
            spot_shock("x", "\"every\"", r#"{"standard_deviations": -3}"#),
            "the map of factor volatilities does not know",
        ),
        (spot_shock("lehman_2008", "\"every\"", r#"{"relative": 0.0}"#), "lehman_2008"),
    ] {
        let got = complaint(&text);
        assert!(got.contains(said) && !got.contains('\n'), "{got:?} lacks {said:?}");
    }
}

#[test]
fn the_stress_report_of_the_shipped_data_adds_up() {
    let folder = Folder::new("stress");
    let figures = stressed(&folder, std::fs::read(shipped("stress_scenarios.json")).unwrap()).unwrap();
    assert!(figures.report.scenarios.len() > 30);
    for result in &figures.report.scenarios {
        let pnl = *result.pnl.known().unwrap();
        for axis in &result.by_label {
            let sum: f64 = axis.labels.iter().map(|(_, pnl)| *pnl.known().unwrap()).sum();
            assert!((sum - pnl).abs() < 1e-6, "{} by {}", result.name, axis.axis);
        }
    }
    assert_eq!(figures.strategies.len(), 11);
    let reverse = figures.reverse.known().unwrap();
    assert!(reverse.scenarios.iter().all(|s| s.loss >= reverse.target_loss * (1.0 - 1e-6)));
    let mut text = String::new();
    examples::stress::page::write(&mut text, &figures).unwrap();
    assert!(text.contains("lehman_2008") && !text.contains("NaN"));
    let text = serde_json::to_string(&figures).unwrap();
    assert!(!text.contains("NaN"));
}

fn check(figures: &Figures) {
    assert_eq!(figures.coverage.positions, figures.positions);
    assert!(figures.coverage.is_complete());
    for horizon in &figures.horizons {
        assert!(horizon.coverage.is_complete() && horizon.unvalued.is_empty());
        assert!(!horizon.contributions.is_empty());
        for split in &horizon.contributions {
            let sum: f64 = split.contributions.iter().map(|part| part.component).sum();
            let total = split.total.value;
            assert!((sum - total).abs() <= 1e-12 * total.abs(), "{:?}: {sum} {total}", split.axis);
        }
    }
    for (axis, groups) in &figures.exposures {
        let sum: f64 = groups.iter().map(|group| group.exposure.market_value).sum();
        let total = figures.total.market_value;
        assert!((sum - total).abs() <= 1e-12 * figures.total.gross_notional, "{axis}: {sum} {total}");
        assert_eq!(groups.iter().map(|group| group.coverage.positions).sum::<usize>(), figures.positions);
    }
}

#[test]
fn a_small_book_goes_through() {
    let folder = Folder::new("good");
    let inputs = load(&folder, prices(), book(GOOD)).unwrap();
    assert_eq!(inputs.book.positions().len(), 4);
    assert!(inputs.modelled.is_empty() && inputs.ratio.is_none());
    let figures = figures(&inputs, &[], &mut Progress::new(6)).unwrap();
    assert_eq!(figures.as_of, LAST);
    check(&figures);
}

#[test]
fn the_figures_of_the_shipped_data_add_up() {
    let figures = figures(&Inputs::load(&shipped_files()).unwrap(), &[], &mut Progress::new(6)).unwrap();
    check(&figures);
    assert_eq!(figures.exposures.len(), AXES.len());
    assert!(!figures.modelled.is_empty() && !figures.notes.is_empty());
    let text = serde_json::to_string(&figures).unwrap();
    assert!(!text.contains("NaN") && !text.contains("null,null"));
}

/// Reads, and where it can be read makes a book of it: neither may panic, and complaints are one sentence.
fn survives(bytes: &[u8]) -> bool {
    let market = || MarketSnapshot::usd(LAST).with_spot("A", 50.0).unwrap();
    match positions::read("p.csv", bytes) {
        Ok(rows) => {
            assert!(!rows.is_empty());
            for row in &rows {
                assert!(row.quantity.is_finite() && row.quantity != 0.0);
            }
            if let Err(failure) = positions::book("p.csv", &rows, &market()) {
                assert!(!failure.to_string().is_empty());
            }
            true
        }
        Err(failure) => {
            assert!(failure.to_string().starts_with("p.csv"), "{failure}");
            false
        }
    }
}

#[test]
fn the_corpus_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut readable = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        count += 1;
        if survives(&std::fs::read(&path).unwrap()) {
            readable.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    readable.sort();
    assert_eq!(count, 12);
    assert_eq!(readable, ["bom_crlf", "first_date", "valid"]);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn any_bytes_below_a_header_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&[HEADER.as_bytes(), &bytes].concat());
    }

    #[test]
    fn a_damaged_file_is_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..8),
    ) {
        let mut bytes = book(GOOD).into_bytes();
        for (place, byte, what) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes.truncate(at.max(1)),
            }
        }
        survives(&bytes);
    }
}

/// The shipped data, with one file or number of the allocation replaced.
fn allocation() -> allocate::inputs::Settings {
    allocate::inputs::Settings {
        prices: shipped("stocks20_daily.csv"),
        sectors: shipped("sectors.csv"),
        days: 1260,
        risk_aversion: 4.0,
        cost_bps: 5.0,
        capital: 1e6,
    }
}

#[test]
fn an_allocation_says_what_is_wrong_with_its_files() {
    let folder = Folder::new("allocation");
    let complaint = |settings: allocate::inputs::Settings| {
        let prefix = format!("{}{}", folder.0.display(), std::path::MAIN_SEPARATOR);
        allocate::inputs::Market::load(&settings).unwrap_err().to_string().replace(&prefix, "")
    };
    let sectors = |text: &str| allocate::inputs::Settings { sectors: folder.write("s.csv", text), ..allocation() };
    for (text, sentence) in [
        ("name,group\nAAPL,technology\n", "s.csv: the first line must be \"symbol,sector\""),
        ("symbol,sector\nAAPL\n", "s.csv: line 2: \"AAPL\" is not a symbol and a sector"),
        ("symbol,sector\nAAPL,a\nAAPL,b\n", "s.csv: line 3: \"AAPL\" occurs twice"),
        ("symbol,sector\nAAPL,technology\n", "s.csv: no sector for AMD, which has prices"),
        ("", "s.csv: the first line must be \"symbol,sector\""),
    ] {
        assert_eq!(complaint(sectors(text)), sentence);
    }
    let missing = allocate::inputs::Settings { sectors: folder.0.join("none.csv"), ..allocation() };
    assert!(complaint(missing).starts_with("none.csv: "));
    // Prices that do not reach back to the crisis.
    let short = folder.write("p.csv", prices());
    let both = folder.write("s.csv", "symbol,sector\nA,one\nB,two\n");
    let late = allocate::inputs::Settings { prices: short, sectors: both, days: 100, ..allocation() };
    assert_eq!(complaint(late), "p.csv: no prices on 2008-09-12, which the crisis limit needs");
    let long = allocate::inputs::Settings { days: 1_000_000, ..allocation() };
    assert!(complaint(long).contains("1000000"));
}

#[test]
fn the_allocation_keeps_its_promises() {
    let inputs = Inputs::load(&shipped_files()).unwrap();
    let figures = allocate::figures::figures(&allocation(), &inputs, &mut Progress::new(7)).unwrap();
    for mandate in [&figures.balanced, &figures.tight] {
        assert!(mandate.solution.certificate.is_optimal());
        assert!((mandate.solution.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // A limit never helps.
        assert!(mandate.costs.iter().all(|(_, cost)| *cost > -1e-6));
    }
    assert!(figures.conflict.members.len() >= 2 && !figures.conflict.relaxation.is_empty());
    assert_eq!(figures.fallback.attempts.len(), 1);
    let plan = &figures.plan;
    let spent = plan.cash_before - plan.bought + plan.sold - plan.costs;
    assert!((spent - plan.cash_after).abs() < 1e-9 && plan.cash_after >= 0.0);
    let options = &figures.options;
    assert!(options.solution.objective < options.shortfall_today);
    let mut text = String::new();
    allocate::page::write(&mut text, &figures).unwrap();
    assert!(!text.contains("NaN") && text.contains("contradict each other"));
}

/// What the forecast program says of a command line.
fn forecast_complaint(words: &[&str]) -> String {
    let words = words.iter().map(|word| (*word).to_owned());
    let arguments = Arguments::parse(words, forecast::ACCEPTS);
    let settings = arguments.and_then(|arguments| forecast::Settings::of(&arguments));
    settings.and_then(|settings| forecast::figures(&settings)).unwrap_err().to_string()
}

#[test]
fn a_forecast_says_what_is_wrong_with_its_command_line() {
    for (words, sentence) in [
        (&["--seed", "0"][..], "--seed needs a number of at least 1, not \"0\""),
        (&["--seed", "x"], "--seed needs a number of at least 1, not \"x\""),
        (&["--seed", "-1"], "--seed needs a number of at least 1, not \"-1\""),
        (&["--seed", "1.5"], "--seed needs a number of at least 1, not \"1.5\""),
        (
            &["--seed", "99999999999999999999999"],
            "--seed needs a number of at least 1, not \"99999999999999999999999\"",
        ),
        (&["--seed"], "--seed needs a value; see --help"),
        (&["--quick", "--data"], "--data needs a value; see --help"),
        (&["--seed", "1", "--seed", "2"], "--seed is given twice; see --help"),
        (&["--origins", "3"], "unknown argument \"--origins\"; see --help"),
        (&["quick"], "unknown argument \"quick\"; see --help"),
    ] {
        assert_eq!(forecast_complaint(words), sentence, "{words:?}");
    }
}

#[test]
fn a_forecast_says_what_is_wrong_with_its_folder() {
    let folder = Folder::new("forecast");
    let complaint = |path: &Path| {
        let said = forecast_complaint(&["--quick", "--data", path.to_str().unwrap()]);
        assert!(!said.contains('\n'), "{said:?}");
        said
    };
    let (missing, file) = (folder.0.join("none"), folder.write("file", "date,close\n"));
    for path in [&missing, &file] {
        let prefix = format!("--data {}: ", path.display());
        assert!(complaint(path).starts_with(&prefix), "{}", complaint(path));
    }
    for (text, fault) in [
        ("", "the file is empty"),
        ("date,close\n2018-12-28,ten\n", "\"ten\" is not a number"),
        ("date,close\n2018-12-28,20\n2018-12-28,21\n", "2018-12-28 occurs twice"),
    ] {
        folder.write("vix_daily.csv", text);
        let said = complaint(&folder.0);
        assert!(said.contains("vix_daily.csv") && said.contains(fault), "{said:?}");
    }
}

/// The program itself, where the examples were built beside the tests: a sentence, an exit code, no panic.
#[test]
fn the_forecast_program_fails_in_one_sentence() {
    let built = std::env::current_exe().unwrap().parent().and_then(Path::parent).map(|target| target.join("examples"));
    let program = built.unwrap().join(format!("forecast{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        eprintln!("SKIPPED: {} was not built", program.display());
        return;
    }
    for words in
        [&["--seed", "0"][..], &["--seed", "x"], &["--seed"], &["--nonsense"], &["--quick", "--data", "no/such/folder"]]
    {
        let done = std::process::Command::new(&program).args(words).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.starts_with("forecast: ") && said.lines().count() == 1 && done.stdout.is_empty(), "{said:?}");
    }
}

/// The shipped data of the attribution.
fn attributed() -> attribution::inputs::Settings {
    attribution::inputs::Settings {
        prices: shipped("stocks20_daily.csv"),
        sectors: shipped("sectors.csv"),
        factors: shipped("ff3_monthly.csv"),
        from: 2004,
        wheel: Settings {
            index: shipped("sp500_index_daily.csv"),
            volatility_index: shipped("vix_2014_2018_daily.csv"),
            rates: shipped("ff3_monthly.csv"),
            benchmark: None,
            delta: 0.3,
            half_spread: 0.03,
        },
        week_labels: shipped("week_labels.json"),
    }
}

fn attribute(settings: &attribution::inputs::Settings) -> examples::Result<attribution::figures::Figures> {
    attribution::figures::figures(settings, &mut Progress::new(5))
}

/// A scheme of one variable with one rule.
fn scheme(axis: &str, variable: &str, domain: &str, condition: &str) -> String {
    format!(
        r#"{{"axis": "{axis}", "variables": [{{"name": "{variable}", "domain": {domain}}}],
             "rules": [{{"label": "one", "conditions": [{condition}]}}]}}"#
    )
}

#[test]
fn an_attribution_says_what_is_wrong_with_its_files() {
    let folder = Folder::new("attribution");
    let complaint = |settings: attribution::inputs::Settings| {
        let prefix = format!("{}{}", folder.0.display(), std::path::MAIN_SEPARATOR);
        let said = attribute(&settings).unwrap_err().to_string().replace(&prefix, "");
        assert!(!said.contains('\n'), "{said:?}");
        said
    };
    let labels =
        |text: &str| attribution::inputs::Settings { week_labels: folder.write("w.json", text), ..attributed() };
    let all = r#"{"number": {"lower": "unbounded", "upper": "unbounded"}}"#;
    let below = r#"{"in": {"variable": "vix", "range": {"lower": "unbounded", "upper": {"open": 20}}}}"#;
    let whole = scheme("a", "vix", all, "");
    for (text, said) in [
        ("", "w.json: EOF while parsing a value at line 1 column 0"),
        ("[]", "w.json: the file has no schemes"),
        (&format!("[{}]", scheme("a", "vix", all, below)), "nothing labels vix in [20, ∞)"),
        (&format!("[{}]", scheme("a", "moon", all, "")), "w.json: the scheme \"a\" looks at \"moon\""),
        (&format!("[{}]", scheme("a", "held", all, "")), "w.json: the scheme \"a\" looks at \"held\""),
        (&format!("[{whole}, {whole}]"), "w.json: the scheme \"a\" is there twice"),
        (
            &format!("[{}]", scheme("a", "held", r#"{"category": ["put"]}"#, "")),
            "Category(\"call\") is not a value of \"held\"",
        ),
        (&format!("[{}]", scheme("a", "vix", all, below).replace("one", "unlabelled")), "reserved"),
    ] {
        let got = complaint(labels(text));
        assert!(got.contains(said), "{got:?} lacks {said:?}");
    }
    let late = attribution::inputs::Settings { from: 2016, ..attributed() };
    let said = "prices and factors share 35 months from 2016 on with 13 months of prices before them, fewer than 60";
    assert!(complaint(late).ends_with(said));
    let prices = attribution::inputs::Settings {
        prices: folder.write("p.csv", prices()),
        sectors: folder.write("s.csv", "symbol,sector\nA,one\nB,two\n"),
        ..attributed()
    };
    assert_eq!(complaint(prices), "p.csv: 7 whole months of prices, at least 14 are needed");
    let factors = |text: &str| attribution::inputs::Settings { factors: folder.write("f.csv", text), ..attributed() };
    assert_eq!(complaint(factors("date,mkt_rf,smb,rf\n2018-11-30,0,0,0\n")), "f.csv: unknown column \"hml\"");
    let gap: String = std::fs::read_to_string(shipped("ff3_monthly.csv"))
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("2010-05"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(complaint(factors(&gap)), "f.csv: no factors for 2010-05, which has prices");
    let sectors = folder.write("s.csv", "symbol,sector\nAAPL,technology\n");
    let missing = attribution::inputs::Settings { sectors, ..attributed() };
    assert_eq!(complaint(missing), "s.csv: no sector for AMD, which has prices");
}

#[test]
fn the_attribution_of_the_shipped_data_adds_up() {
    let figures = attribute(&attributed()).unwrap();
    let (sectors, factors, programme) = (&figures.sectors, &figures.factors, &figures.programme);
    // Sectors: every method the same sum, every month and year the whole active return.
    let total = sectors.linked[0].active_return;
    for linked in &sectors.linked {
        assert!(linked.residual().abs() < 1e-12 && (linked.active_return - total).abs() < 1e-15);
    }
    assert!(sectors.years.iter().all(|year| year.linked.residual().abs() < 1e-12));
    assert!(sectors.monthly_residual < 1e-14 && sectors.daily_difference < 1e-13 && sectors.unlabelled < 1e-14);
    assert_eq!(sectors.years.iter().map(|year| year.linked.periods).sum::<usize>(), sectors.months.len());
    // Selection within one share is nothing, and is not tested.
    let alone = sectors.significance.iter().filter(|test| test.group.as_deref() == Some("industrials"));
    assert_eq!(alone.filter(|test| test.p_value.is_some()).count(), 1);
    // Factors: the parts are the return of the portfolio that sectors saw.
    for split in [&factors.portfolio.contributions, &factors.ex_ante.contributions, &factors.across.contributions] {
        assert!(split.linking_residual().abs() < 1e-12 * split.total_return);
    }
    for split in [&factors.portfolio.contributions, &factors.across.contributions] {
        assert!((split.total_return - sectors.linked[0].portfolio_return).abs() < 1e-12);
    }
    // The active return's alpha is the difference of the other two: least squares is linear.
    let alpha = |of: &alluse_quant::attribution::factors::FactorAttribution| of.alpha.value;
    let difference = alpha(&factors.portfolio) - alpha(&factors.benchmark);
    assert!((alpha(&factors.active) - difference).abs() < 1e-14);
    // Greeks: at most 5 % unexplained below two sigma along the path, and the P&L is that of the account.
    assert!(programme.path.common.share.unwrap() <= 0.05 && programme.path.tail.share.unwrap() <= 0.05);
    assert!(programme.path.common.share < programme.taylor.common.share);
    assert!(programme.path.coverage.is_complete());
    let change = programme.end_value - programme.start_value;
    for summary in [&programme.path, &programme.taylor] {
        assert!((summary.total.actual - change).abs() < 1e-12 * programme.scale);
    }
    assert!((programme.income.mark_to_market - change).abs() < 1e-12 * programme.income.turnover);
    assert!(programme.income.residual.abs() < 1e-12 * programme.income.turnover);
    let years: f64 = programme.income.years.iter().map(|year| year.mark_to_market).sum();
    assert!((years - change).abs() < 1e-12 * programme.income.turnover);
    let [.., crash] = &programme.income.years[..] else { panic!("no years") };
    assert!(crash.year == 2018 && crash.premium_only > 0.0 && crash.mark_to_market < 0.0 && crash.gap.is_some());
    // Labels: every view the whole return and the whole volatility.
    let weeks = &programme.weeks;
    assert!(weeks.value_difference.abs() < 1e-12);
    for table in [&weeks.legs_by_year, &weeks.legs_by_type] {
        assert!(table.residual.abs() < 1e-12 && (table.total.pnl - change).abs() < 1e-12 * programme.scale);
    }
    for view in std::iter::once(&weeks.legs).chain(weeks.schemes.iter().map(|scheme| &scheme.view)) {
        assert!(view.report.residual.abs() < 1e-12);
        let risk: f64 = view.risk.rows.iter().map(|row| row.volatility_contribution).sum();
        assert!((risk - view.risk.volatility).abs() < 1e-12);
        assert_eq!(view.report.labels.len(), view.risk.rows.len());
    }
    // Only what is known when a week begins is called so, and the last, short week has no label.
    let known: Vec<usize> = weeks.schemes.iter().map(|scheme| scheme.known_at_start).collect();
    assert_eq!((known, weeks.whole, weeks.periods), (vec![0, 0, 260], 260, 261));
    assert!(weeks.schemes.iter().all(|scheme| scheme.view.report.unlabelled.cells == 4));
    let mut text = String::new();
    attribution::page::write(&mut text, &figures).unwrap();
    assert!(!text.contains("NaN") && !text.contains("DOES NOT ADD UP"));
    assert!(!serde_json::to_string(&figures).unwrap().contains("NaN"));
}
