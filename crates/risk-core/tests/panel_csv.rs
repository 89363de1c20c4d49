//! The CSV reader: a corpus of small files, real files, and whatever bytes come along.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exact numbers, and helpers fail loudly")]
#![allow(clippy::excessive_precision, reason = "reference values keep the digits of their source")]
#![cfg(feature = "csv")]

use std::fs;
use std::path::{Path, PathBuf};

use alluse_risk_core::panel::{
    DrivenFactors, Driver, HistoricalScenarios, Missing, PricePanel, ReturnPanel, SeriesPanel,
};
use alluse_risk_core::{AssetId, Error, ErrorKind, Factor, Horizon, ScenarioSource, ShockKind, Weights};
use jiff::civil::date;
use ndarray::array;
use proptest::prelude::*;
use testkit::{close, data_file};

fn corpus(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/prices").join(folder)
}

fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(corpus(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn prices(text: &[u8], missing: Missing) -> Result<PricePanel, Error> {
    PricePanel::from_reader("t.csv", text, missing)
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

#[test]
fn every_good_file_says_the_same() {
    let expected = PricePanel::new(
        vec![date(2024, 1, 2), date(2024, 1, 3)],
        vec![asset("AAPL"), asset("MSFT")],
        array![[185.5, 370.25], [184.25, 370.5]],
    )
    .unwrap();
    for name in names("good") {
        assert_eq!(PricePanel::from_csv(corpus("good").join(&name), Missing::Reject).as_ref(), Ok(&expected), "{name}");
    }
}

/// File, and all that its message says after the file name.
const BAD: &[(&str, &str)] = &[
    ("american_date.csv", r#", line 3, column "date": "01/03/2024" is not a date of the form 2024-01-31"#),
    ("blank_column_name.csv", r#", line 1, column "field 3": the column has no name"#),
    ("blank_date.csv", r#", line 3, column "date": "" is not a date of the form 2024-01-31"#),
    ("crlf_text_price.csv", r#", line 4, column "AAPL": "x" is not a number"#),
    ("date_with_time.csv", r#", line 3, column "date": "2024-01-03T16:00" is not a date of the form 2024-01-31"#),
    ("dates_out_of_order.csv", r#", line 3, column "date": 2023-12-29 comes after 2024-01-02: dates must increase"#),
    ("duplicate_column.csv", r#", line 1, column "AAPL": fields 2 and 4 have the same name"#),
    ("duplicate_date.csv", r#", line 4, column "date": 2024-01-02 occurs twice, first on line 2"#),
    ("empty.csv", r#", line 1, column "date": the file is empty"#),
    ("header_only.csv", r#", line 1, column "date": there are no rows below the header"#),
    ("infinity_text.csv", r#", line 3, column "MSFT": "inf" is not a finite number"#),
    ("invalid_utf8.csv", ", line 3, column \"AAPL\": \"184\u{fffd}25\" is not UTF-8"),
    ("invalid_utf8_header.csv", ", line 1, column \"field 2\": \"A\u{fffd}PL\" is not UTF-8"),
    ("long_row.csv", r#", line 3, column "field 4": the row has 4 fields where the header has 3"#),
    ("long_text.csv", r#", line 3, column "AAPL": "éééééééééééééééééééééééééééééééééééééééé" … is not a number"#),
    ("missing_value.csv", r#"missing value in column "MSFT" on line 3 of missing_value.csv (2024-01-03)"#),
    ("nan_text.csv", r#", line 3, column "AAPL": "nan" is not a finite number"#),
    ("negative_price.csv", r#", line 3, column "MSFT": "-370.5" is refused: prices must be positive and finite"#),
    ("no_columns.csv", r#", line 1, column "date": there is no column beside the dates"#),
    ("no_header.csv", r#", line 1, column "date": the first column must be called "date", not "2024-01-02""#),
    ("no_such_day.csv", r#", line 3, column "date": "2024-02-30" is not a date of the form 2024-01-31"#),
    ("not_available.csv", r#", line 3, column "AAPL": "N/A" is not a number"#),
    ("nul_bytes.csv", r#", line 3, column "AAPL": "184\0.25" is not a number"#),
    ("only_empty_lines.csv", r#", line 1, column "date": the file is empty"#),
    ("open_quote.csv", r#", line 3, column "field 3": a quotation mark is not closed, or stands inside a field"#),
    ("other_delimiter.csv", r#", line 1, column "date": the first column must be called "date", not "date;AAPL;MSFT""#),
    ("overflow.csv", r#", line 3, column "MSFT": "1e999" is not a finite number"#),
    (
        "quote_inside_field.csv",
        r#", line 3, column "field 2": a quotation mark is not closed, or stands inside a field"#,
    ),
    ("repeated_line.csv", r#", line 3, column "date": 2024-01-02 occurs twice, first on line 2"#),
    ("short_row.csv", r#", line 3, column "MSFT": the row has 2 fields where the header has 3"#),
    ("text_price.csv", r#", line 3, column "AAPL": "abc" is not a number"#),
    ("text_price_after_empty_lines.csv", r#", line 5, column "AAPL": "x" is not a number"#),
    ("text_price_after_long_field.csv", r#", line 5, column "AAPL": "x" is not a number"#),
    ("thousands_separator.csv", r#", line 3, column "MSFT": "1,370.50" is not a number"#),
    ("underflow.csv", r#", line 3, column "MSFT": "1e-999" is refused: prices must be positive and finite"#),
    ("utf16.csv", ", line 1, column \"date\": \"\u{fffd}\u{fffd}d\\0a\\0t\\0e\\0\" is not UTF-8"),
    ("zero_price.csv", r#", line 3, column "MSFT": "0" is refused: prices must be positive and finite"#),
];

#[test]
fn every_bad_file_is_refused_with_its_place() {
    assert_eq!(names("bad"), BAD.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    for (name, expected) in BAD {
        let file = fs::File::open(corpus("bad").join(name)).unwrap();
        let error = PricePanel::from_reader(name, file, Missing::Reject).unwrap_err();
        let expected = if expected.starts_with(',') { format!("{name}{expected}") } else { (*expected).to_owned() };
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        let parsed = matches!(error, Error::Parse { .. });
        assert!(parsed || *name == "missing_value.csv", "{name}");
    }
}

#[test]
fn only_missing_values_are_a_matter_of_policy() {
    for policy in [Missing::DropRow, Missing::DropColumn, Missing::CarryForward { max_days: 30 }] {
        for (name, _) in BAD {
            let panel = PricePanel::from_csv(corpus("bad").join(name), policy);
            assert_eq!(panel.is_ok(), *name == "missing_value.csv", "{name}: {panel:?}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_unreadable() {
    let error = PricePanel::from_csv(corpus("nowhere.csv"), Missing::Reject).unwrap_err();
    assert!(matches!(&error, Error::Unreadable { source_name, .. } if source_name.ends_with("nowhere.csv")));
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn each_kind_of_panel_has_its_own_domain() {
    let text = b"date,a\n2024-01-31,0\n2024-02-29,-0.5\n".as_slice();
    assert!(prices(text, Missing::Reject).is_err());
    let returns = ReturnPanel::from_reader("r", text, Missing::Reject).unwrap();
    assert_eq!(returns.returns(), array![[0.0], [-0.5]]);
    let series = SeriesPanel::from_reader("s", b"date,a\n2024-01-31,-1.01\n".as_slice(), Missing::Reject).unwrap();
    assert_eq!(series.columns(), ["a"]);
    let error = ReturnPanel::from_reader("r", b"date,a\n2024-01-31,-1.01\n".as_slice(), Missing::Reject).unwrap_err();
    assert!(error.to_string().ends_with("returns must be finite and at least -1"), "{error}");
    let carried = ReturnPanel::from_reader("r", text, Missing::CarryForward { max_days: 1 });
    assert!(matches!(carried, Err(Error::Unsupported { .. })));
}

#[test]
fn carrying_forward_too_far_names_the_line() {
    let text = b"date,a\n2024-01-02,1\n2024-01-03,\n2024-01-05,\n";
    let error = prices(text, Missing::CarryForward { max_days: 2 }).unwrap_err();
    assert_eq!(error.to_string(), r#"missing value in column "a" on line 4 of t.csv (2024-01-05)"#);
    let panel = prices(text, Missing::CarryForward { max_days: 3 }).unwrap();
    assert_eq!(panel.prices(), array![[1.0], [1.0], [1.0]]);
    assert_eq!(panel.missing().filled.len(), 2);
}

// Reference values of the real files: mpmath at 40 digits for single returns; pandas 3.1.1 for counts and sums.

#[test]
fn stocks_give_the_returns_of_exact_arithmetic() {
    let Some(path) = data_file("stocks20_daily.csv") else { return };
    let panel = PricePanel::from_csv(path, Missing::Reject).unwrap();
    assert_eq!(panel.prices().dim(), (7307, 20));
    assert!(panel.missing().is_empty());
    let simple = panel.simple_returns().unwrap();
    let logs = panel.log_returns().unwrap();
    let ten = panel.overlapping_returns(Horizon::TEN_DAYS).unwrap();
    let cases = [
        (
            "RRC",
            date(2008, 10, 13),
            0.199_186_028_133_396_554_45,
            0.181_643_016_748_881_722_31,
            -0.190_714_914_268_952_827_92,
        ),
        (
            "XOM",
            date(2018, 12, 31),
            0.000_297_923_843_217_577_506_75,
            0.000_297_879_472_721_865_721_84,
            -0.097_778_076_348_185_345_045,
        ),
        (
            "KO",
            date(1998, 8, 31),
            -0.104_815_110_401_702_580_47,
            -0.110_725_001_485_349_813_5,
            -0.176_294_918_241_456_971_01,
        ),
    ];
    for (name, day, r, l, r10) in cases {
        let row = simple.dates().binary_search(&day).unwrap();
        // The references take the decimal prices exactly. As numbers each is off by up to 1.1e-16 of itself, which
        // moves a return by up to 2.2e-16; the difference is exact and the quotient rounds once.
        close(simple.column(&asset(name)).unwrap()[row], r, 2.5e-16);
        close(logs.column(&asset(name)).unwrap()[row], l, 2.5e-16);
        let row = ten.dates().binary_search(&day).unwrap();
        close(ten.column(&asset(name)).unwrap()[row], r10, 2.5e-16);
    }
    assert_eq!(ten.dates().len(), 7297);
    assert_eq!(ten.overlap(), 10);
    // 146,120 terms of order 0.01, each off by some 1e-16.
    close(simple.returns().sum(), 103.362_268_408_536_12, 1e-12);
    let portfolio = simple.portfolio(&Weights::equal(20).unwrap()).unwrap();
    close(portfolio.mean().unwrap(), 0.000_707_379_334_851_739_2, 1e-15);
    close(portfolio.std(1.0), 0.011_595_005_333_921_691, 1e-14);
}

#[test]
fn gaps_in_oil_prices_follow_the_policy() {
    let Some(path) = data_file("wti_daily.csv") else { return };
    let error = PricePanel::from_csv(&path, Missing::Reject).unwrap_err();
    assert!(matches!(&error, Error::MissingValue { row, .. } if row.ends_with("(1986-02-17)")), "{error}");
    let dropped = PricePanel::from_csv(&path, Missing::DropRow).unwrap();
    assert_eq!((dropped.dates().len(), dropped.missing().dropped_rows.len()), (8611 - 290, 290));
    let filled = PricePanel::from_csv(&path, Missing::CarryForward { max_days: 4 }).unwrap();
    assert_eq!((filled.dates().len(), filled.missing().filled.len()), (8611, 290));
    // The longest gaps reach four calendar days back.
    assert!(PricePanel::from_csv(&path, Missing::CarryForward { max_days: 3 }).is_err());
    assert!(matches!(PricePanel::from_csv(&path, Missing::DropColumn), Err(Error::Empty { .. })));
    let series = SeriesPanel::from_csv(&path, Missing::DropRow).unwrap();
    let holiday = series.value_at_or_before("wti_usd", date(2019, 1, 1), 4).unwrap();
    assert_eq!((holiday.date, holiday.age_days), (date(2018, 12, 28), 4));
}

#[test]
fn late_starters_are_dropped_not_filled() {
    let Some(path) = data_file("stocks20_ragged_daily.csv") else { return };
    let columns = PricePanel::from_csv(&path, Missing::DropColumn).unwrap();
    assert_eq!(columns.missing().dropped_columns, ["FB", "BABA", "GM", "UAA", "MA"]);
    assert_eq!(columns.prices().dim(), (3341, 15));
    let rows = PricePanel::from_csv(&path, Missing::DropRow).unwrap();
    assert_eq!(rows.prices().dim(), (896, 20));
    assert_eq!(rows.dates()[0], date(2014, 9, 19));
    assert!(PricePanel::from_csv(&path, Missing::CarryForward { max_days: 10_000 }).is_err());
}

#[test]
fn monthly_rates_may_be_zero_or_negative() {
    let Some(path) = data_file("ff3_monthly.csv") else { return };
    let rates = SeriesPanel::from_csv(path, Missing::Reject).unwrap();
    assert_eq!(rates.values().dim(), (1109, 4));
    let rf = rates.column("rf").unwrap();
    assert_eq!(rf.fold(f64::INFINITY, |least, value| least.min(*value)), -0.0006);
    let spring = rates.value_at_or_before("rf", date(1940, 3, 15), 31).unwrap();
    assert_eq!((spring.value, spring.date, spring.age_days), (0.0, date(1940, 2, 29), 15));
}

#[test]
fn stocks_and_vix_make_joint_scenarios() {
    let (Some(stocks), Some(vix)) = (data_file("stocks20_daily.csv"), data_file("vix_2014_2018_daily.csv")) else {
        return;
    };
    let prices = PricePanel::from_csv(stocks, Missing::Reject).unwrap();
    let vix = SeriesPanel::from_csv(vix, Missing::DropRow).unwrap();
    assert_eq!(vix.missing().dropped_rows.len(), 46);
    let history = HistoricalScenarios::new(prices)
        .with_series(vix)
        .unwrap()
        .with_driver(Driver::new(DrivenFactors::EveryVolatility, "vix", ShockKind::Log))
        .unwrap();
    assert_eq!((history.dropped_price_dates().len(), history.dropped_series_dates().len()), (6050, 2));
    let factors = [Factor::Spot(asset("JPM")), Factor::Volatility(asset("JPM"))];
    let set = history.scenarios(&factors, Horizon::DAY).unwrap();
    assert_eq!((set.len(), set.as_of()), (1256, date(2018, 12, 31)));
    close(set.shocks()[[1255, 0]], 0.008_148_607_697_630_705, 1e-15);
    close(set.shocks()[[1255, 1]], -0.108_737_968_501_226_01, 1e-15);
    let set = history.scenarios(&factors[..1], Horizon::TEN_DAYS).unwrap();
    assert_eq!((set.len(), set.overlap()), (1247, 10));
    let worst = set.shocks().iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    close(worst.1, -0.139_329_511_511_845_92, 1e-15);
    assert_eq!(set.ids()[worst.0].as_str(), "2016-01-13");
}

/// What must hold of whatever the reader lets through.
fn invariants(panel: &PricePanel) {
    assert!(!panel.dates().is_empty() && !panel.assets().is_empty());
    assert_eq!(panel.prices().dim(), (panel.dates().len(), panel.assets().len()));
    assert!(panel.dates().windows(2).all(|pair| pair[0] < pair[1]));
    assert!(panel.prices().iter().all(|price| *price > 0.0 && price.is_finite()));
    let mut assets = panel.assets().to_vec();
    assets.sort();
    assets.dedup();
    assert_eq!(assets.len(), panel.assets().len());
}

fn policies() -> impl Strategy<Value = Missing> {
    prop_oneof![
        Just(Missing::Reject),
        Just(Missing::DropRow),
        Just(Missing::DropColumn),
        (0_u32..6).prop_map(|max_days| Missing::CarryForward { max_days }),
    ]
}

/// Pieces that a CSV file is made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "date",
        "A",
        "B",
        ",",
        ",",
        ",",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "\"\"",
        " ",
        "2024-01-02",
        "2024-01-03",
        "1",
        "2.5",
        "-1",
        "0",
        "nan",
        "1e308",
        "\u{feff}",
        "é",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

fn check(bytes: &[u8], missing: Missing) {
    match PricePanel::from_reader("t", bytes, missing) {
        Ok(panel) => invariants(&panel),
        Err(error) => assert_ne!(error.kind(), ErrorKind::Io, "{error}"),
    }
    // The other kinds go through the same reader; they must not panic either.
    let _ = ReturnPanel::from_reader("t", bytes, missing);
    let _ = SeriesPanel::from_reader("t", bytes, missing);
}

const VALID: &[u8] =
    b"date,A,\"B \"\"x\"\"\"\r\n2024-01-02,10.5,20\n2024-01-03,,21\n2024-01-04,\"11\",22.25\n2024-01-08,12,23\n";

#[test]
fn the_file_that_is_mutated_below_is_valid() {
    let panel = prices(VALID, Missing::DropRow).unwrap();
    assert_eq!(panel.assets()[1].as_str(), "B \"x\"");
    assert_eq!(panel.prices(), array![[10.5, 20.0], [11.0, 22.25], [12.0, 23.0]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), missing in policies()) {
        check(&bytes, missing);
    }

    #[test]
    fn any_pieces_are_read_or_refused(bytes in pieces(), missing in policies()) {
        check(&bytes, missing);
        check(&[b"date,A\n2024-01-01,1\n".as_slice(), &bytes].concat(), missing);
    }

    #[test]
    fn a_mutated_file_is_read_or_refused(
        edits in prop::collection::vec((0_usize..VALID.len(), any::<u8>(), 0_u8..3), 1..6),
        missing in policies(),
    ) {
        let mut bytes = VALID.to_vec();
        for (place, byte, kind) in edits {
            let place = place.min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => bytes.truncate(place.max(1)),
            }
        }
        check(&bytes, missing);
    }

    #[test]
    fn what_is_written_is_read(
        columns in prop::collection::vec(prop::collection::vec(1e-300_f64..1e300, 3), 1..5),
    ) {
        let mut text = "date".to_owned();
        (0..columns.len()).for_each(|i| text.push_str(&format!(",A{i}")));
        for row in 0..3 {
            text.push_str(&format!("\n2024-01-0{}", row + 1));
            columns.iter().for_each(|column| text.push_str(&format!(",{:?}", column[row])));
        }
        let panel = prices(text.as_bytes(), Missing::Reject).unwrap();
        for (i, column) in columns.iter().enumerate() {
            prop_assert_eq!(panel.column(&asset(&format!("A{i}"))).unwrap().to_vec(), column.clone());
        }
    }

    #[test]
    fn the_line_of_an_error_is_counted_from_the_text(
        ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 3..8),
    ) {
        // A row per entry, some followed by an empty line, and then a bad one.
        let mut text = "date,A\n".to_owned();
        for (day, end) in ends.iter().enumerate() {
            text.push_str(&format!("2024-01-{:02},1{end}", day + 1));
            if day % 2 == 1 {
                text.push_str("\r\n");
            }
        }
        text.push_str("bad,1\n");
        let before = text.split("bad").next().unwrap();
        let want = before.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() as u64 + 1;
        let error = prices(text.as_bytes(), Missing::Reject).unwrap_err();
        prop_assert!(matches!(error, Error::Parse { line, .. } if line == want), "{error}, want {want}");
    }
}
