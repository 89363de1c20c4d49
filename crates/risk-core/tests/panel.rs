//! Panels of prices, returns and series: shapes, domains, returns, missing data, alignment, serde.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exact numbers, and helpers fail loudly")]
#![allow(clippy::excessive_precision, reason = "reference values keep the digits of their source")]

use alluse_risk_core::panel::{Filled, LogReturnPanel, Missing, PricePanel, ReturnPanel, SeriesPanel, align};
use alluse_risk_core::{AssetId, Error, ErrorKind, Horizon, InputHash, Weights};
use jiff::civil::{Date, date};
use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

fn assets(names: &[&str]) -> Vec<AssetId> {
    names.iter().map(|name| AssetId::new(*name).unwrap()).collect()
}

fn days(days: &[i8]) -> Vec<Date> {
    days.iter().map(|day| date(2024, 1, *day)).collect()
}

fn prices() -> PricePanel {
    PricePanel::new(
        days(&[2, 3, 4, 5]),
        assets(&["A", "B"]),
        array![[100.0, 50.0], [110.0, 40.0], [99.0, 60.0], [99.0, 30.0]],
    )
    .unwrap()
}

fn some(values: &[&[f64]]) -> Array2<Option<f64>> {
    let cells = values.iter().flat_map(|row| row.iter().map(|v| (!v.is_nan()).then_some(*v))).collect();
    Array2::from_shape_vec((values.len(), values[0].len()), cells).unwrap()
}

const GAP: f64 = f64::NAN;

#[test]
fn one_wrong_thing_at_a_time() {
    let new = |d: &[i8], names: &[&str], values| PricePanel::new(days(d), assets(names), values).unwrap_err();
    assert_eq!(new(&[], &["A"], Array2::zeros((0, 1))), Error::Empty { name: "dates" });
    assert_eq!(new(&[2], &[], Array2::zeros((1, 0))), Error::Empty { name: "asset" });
    let length = |name, expected, got| Error::LengthMismatch { name, expected, got };
    assert_eq!(new(&[2], &["A"], array![[1.0], [2.0]]), length("rows of the panel", 1, 2));
    assert_eq!(new(&[2], &["A"], array![[1.0, 2.0]]), length("columns of the panel", 1, 2));
    let double = |name, value: &str, first, second| Error::Duplicate { name, value: value.into(), first, second };
    assert_eq!(new(&[2], &["A", "A"], array![[1.0, 2.0]]), double("asset", "A", 0, 1));
    assert_eq!(new(&[2, 3, 3], &["A"], array![[1.0], [2.0], [3.0]]), double("date", "2024-01-03", 1, 2));
    assert_eq!(
        new(&[2, 4, 3], &["A"], array![[1.0], [2.0], [3.0]]),
        Error::NotIncreasing { name: "dates", index: 2, value: "2024-01-03".into() }
    );
    for bad in [0.0, -0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let error = new(&[2, 3], &["A", "B"], array![[1.0, 2.0], [3.0, bad]]);
        let Error::EntryOutOfDomain { name: "prices", row, column, expected, value } = error else { panic!("{error}") };
        assert_eq!((row.as_str(), column.as_str(), expected), ("2024-01-03", "B", "positive and finite"));
        assert_eq!(value.to_bits(), bad.to_bits());
    }
}

#[test]
fn each_kind_has_its_domain() {
    let returns = |value| ReturnPanel::new(days(&[2]), assets(&["A"]), array![[value]]);
    let logs = |value| LogReturnPanel::new(days(&[2]), assets(&["A"]), array![[value]]);
    let series = |value| SeriesPanel::new(days(&[2]), vec!["a".into()], array![[value]]);
    assert!(returns(-1.0).is_ok() && logs(-1.5).is_ok() && series(-1.5).is_ok() && series(0.0).is_ok());
    assert!(returns(-1.0 - 1e-12).is_err());
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(returns(bad).is_err() && logs(bad).is_err() && series(bad).is_err(), "{bad}");
    }
    assert_eq!(
        SeriesPanel::new(days(&[2]), vec![" ".into()], array![[1.0]]).unwrap_err(),
        Error::Empty { name: "column" }
    );
}

#[test]
fn returns_by_hand() {
    let simple = prices().simple_returns().unwrap();
    assert_eq!(simple.dates(), days(&[3, 4, 5]));
    let want = array![[0.1, -0.2], [-0.1, 0.5], [0.0, -0.5]];
    simple.returns().iter().zip(&want).for_each(|(got, want)| close(*got, *want, 1e-16));
    assert_eq!((simple.overlap(), simple.effective_observations()), (1, 3.0));
    let logs = prices().log_returns().unwrap();
    // ln 1.1, ln 0.8, ln 0.9, ln 1.5, ln 1, ln 0.5 to twenty digits (mpmath).
    let want = [
        0.095_310_179_804_324_860_04,
        -0.223_143_551_314_209_755_77,
        -0.105_360_515_657_826_301_23,
        0.405_465_108_108_164_381_98,
        0.0,
        -std::f64::consts::LN_2,
    ];
    logs.log_returns().iter().zip(want).for_each(|(got, want)| close(*got, want, 1.2e-16));
}

#[test]
fn small_returns_keep_their_digits() {
    // 1 to 1 + 2^-40: the quotient minus 1 would be right too, but the log of the quotient would not.
    let step = 2.0_f64.powi(-40);
    let panel = PricePanel::new(days(&[2, 3]), assets(&["A"]), array![[3.0], [3.0 * (1.0 + step)]]).unwrap();
    let simple = panel.simple_returns().unwrap().returns()[[0, 0]];
    assert_eq!(simple, step);
    let log = panel.log_returns().unwrap().log_returns()[[0, 0]];
    assert!((log / (step - step * step / 2.0) - 1.0).abs() < 1e-15);
}

#[test]
fn windows_overlap_and_say_so() {
    let two = prices().overlapping_returns(Horizon::days(2).unwrap()).unwrap();
    assert_eq!(two.dates(), days(&[4, 5]));
    let want = array![[-0.01, 0.2], [-0.1, -0.25]];
    two.returns().iter().zip(&want).for_each(|(got, want)| close(*got, *want, 1e-16));
    assert_eq!((two.overlap(), two.effective_observations()), (2, 1.0));
    assert_eq!(two.last(1).unwrap().overlap(), 2);
    assert_eq!(two.to_log_returns().unwrap().overlap(), 2);
    assert_eq!(two.to_log_returns().unwrap().to_simple_returns().unwrap().overlap(), 2);
    let three = prices().overlapping_returns(Horizon::days(3).unwrap()).unwrap();
    assert_eq!((three.dates().len(), three.effective_observations()), (1, 1.0));
    assert_eq!(
        prices().overlapping_returns(Horizon::days(4).unwrap()).unwrap_err(),
        Error::InsufficientData { name: "returns", required: 5, available: 4 }
    );
    assert!(prices().overlapping_returns(Horizon::days(u32::MAX).unwrap()).is_err());
    assert!(prices().last(1).unwrap().simple_returns().is_err());
    assert!(prices().last(1).unwrap().log_returns().is_err());
}

#[test]
fn extreme_prices_overflow_loudly() {
    let panel = PricePanel::new(days(&[2, 3]), assets(&["A"]), array![[1e-300], [1e300]]).unwrap();
    assert!(matches!(panel.simple_returns(), Err(Error::EntryOutOfDomain { name: "returns", .. })));
    close(panel.log_returns().unwrap().log_returns()[[0, 0]], 600.0 * std::f64::consts::LN_10, 1e-14);
    let down = PricePanel::new(days(&[2, 3]), assets(&["A"]), array![[1e300], [1e-300]]).unwrap();
    let ruin = down.simple_returns().unwrap();
    assert_eq!(ruin.returns()[[0, 0]], -1.0);
    assert!(ruin.to_log_returns().is_err());
    close(down.log_returns().unwrap().log_returns()[[0, 0]], -600.0 * std::f64::consts::LN_10, 1e-14);
    let large = LogReturnPanel::new(days(&[2]), assets(&["A"]), array![[710.0]]).unwrap();
    assert!(large.to_simple_returns().is_err());
}

#[test]
fn columns_and_portfolios() {
    let returns = prices().simple_returns().unwrap();
    let [a, b, c] = ["A", "B", "C"].map(|name| AssetId::new(name).unwrap());
    close(returns.column(&b).unwrap()[1], 0.5, 1e-16);
    let unknown = Error::Unknown { name: "asset", value: "C".into() };
    assert_eq!(returns.column(&c).unwrap_err(), unknown);
    assert_eq!(prices().column(&c).unwrap_err(), unknown);
    assert_eq!(prices().log_returns().unwrap().column(&c).unwrap_err(), unknown);
    assert_eq!(prices().column(&a).unwrap(), array![100.0, 110.0, 99.0, 99.0]);
    close(prices().log_returns().unwrap().column(&a).unwrap()[2], 0.0, 0.0);
    let portfolio = returns.portfolio(&Weights::new(vec![2.0, -1.0]).unwrap()).unwrap();
    [0.4, -0.7, 0.5].iter().zip(&portfolio).for_each(|(want, got)| close(*got, *want, 1e-15));
    assert!(matches!(returns.portfolio(&Weights::equal(3).unwrap()), Err(Error::LengthMismatch { .. })));
    let huge = Weights::new(vec![f64::MAX, -f64::MAX]).unwrap();
    let steep = ReturnPanel::new(days(&[2]), assets(&["A", "B"]), array![[2.0, 3.0]]).unwrap();
    assert!(matches!(steep.portfolio(&huge), Err(Error::ElementOutOfDomain { .. })));
}

#[test]
fn selecting_assets() {
    let swapped = prices().select(&assets(&["B", "A"])).unwrap();
    assert_eq!(swapped.assets(), assets(&["B", "A"]));
    assert_eq!(swapped.prices().row(1), array![40.0, 110.0]);
    assert!(swapped.prices().is_standard_layout());
    let refused = |names: &[&str]| prices().select(&assets(names)).unwrap_err();
    assert_eq!(refused(&["A", "X"]), Error::Unknown { name: "asset", value: "X".into() });
    assert!(matches!(refused(&["A", "A"]), Error::Duplicate { .. }));
    assert_eq!(refused(&[]), Error::Empty { name: "selection" });
}

#[test]
fn selecting_dates() {
    let between = |first, last| prices().between(date(2024, 1, first), date(2024, 1, last));
    assert_eq!(between(3, 4).unwrap().dates(), days(&[3, 4]));
    assert_eq!(between(1, 31).unwrap(), prices());
    assert_eq!(between(5, 5).unwrap().prices(), array![[99.0, 30.0]]);
    assert!(matches!(between(6, 31), Err(Error::Empty { .. })));
    assert!(matches!(between(4, 3), Err(Error::Empty { .. })));
    assert_eq!(prices().last(4).unwrap(), prices());
    assert_eq!(prices().last(2).unwrap().dates(), days(&[4, 5]));
    assert_eq!(prices().last(5).unwrap_err(), Error::InsufficientData { name: "panel", required: 5, available: 4 });
    assert!(matches!(prices().last(0), Err(Error::OutOfDomain { .. })));
}

fn gappy(missing: Missing) -> Result<PricePanel, Error> {
    // B starts late; A has a gap over a week end.
    PricePanel::from_cells(
        days(&[4, 5, 8, 9, 10]),
        assets(&["A", "B"]),
        some(&[&[1.0, GAP], &[2.0, 5.0], &[GAP, 6.0], &[GAP, 7.0], &[3.0, 8.0]]),
        missing,
    )
}

#[test]
fn missing_values_follow_the_policy() {
    let missing = |row: &str, column: &str| Error::MissingValue { row: row.into(), column: column.into() };
    assert_eq!(gappy(Missing::Reject).unwrap_err(), missing("2024-01-04", "B"));
    let rows = gappy(Missing::DropRow).unwrap();
    assert_eq!(rows.dates(), days(&[5, 10]));
    assert_eq!(rows.prices(), array![[2.0, 5.0], [3.0, 8.0]]);
    assert_eq!(rows.missing().dropped_rows, days(&[4, 8, 9]));
    assert_eq!(gappy(Missing::DropColumn).unwrap_err(), Error::Empty { name: "panel without its incomplete columns" });
    // A gap at the start is never filled.
    assert_eq!(gappy(Missing::CarryForward { max_days: 99 }).unwrap_err(), missing("2024-01-04", "B"));
}

#[test]
fn carrying_forward_is_limited_and_reported() {
    let carry = |max_days| {
        let cells = some(&[&[2.0, 5.0], &[GAP, 6.0], &[GAP, 7.0], &[3.0, GAP]]);
        PricePanel::from_cells(days(&[5, 8, 9, 10]), assets(&["A", "B"]), cells, Missing::CarryForward { max_days })
    };
    assert_eq!(carry(3).unwrap_err(), Error::MissingValue { row: "2024-01-09".into(), column: "A".into() });
    let panel = carry(4).unwrap();
    assert_eq!(panel.prices(), array![[2.0, 5.0], [2.0, 6.0], [2.0, 7.0], [3.0, 7.0]]);
    let fill =
        |day, column: &str, from| Filled { date: date(2024, 1, day), column: column.into(), from: date(2024, 1, from) };
    let all = [fill(8, "A", 5), fill(9, "A", 5), fill(10, "B", 9)];
    assert_eq!(panel.missing().filled, all);
    // The report follows the panel into its parts and its returns.
    assert_eq!(panel.last(1).unwrap().missing().filled, all[2..]);
    assert_eq!(panel.last(2).unwrap().missing().filled, all[1..]);
    assert_eq!(panel.select(&assets(&["A"])).unwrap().missing().filled, all[..2]);
    assert_eq!(panel.simple_returns().unwrap().missing().filled, all);
    assert_eq!(panel.log_returns().unwrap().to_simple_returns().unwrap().missing().filled, all);
    assert!(!panel.missing().is_empty() && prices().missing().is_empty());
}

#[test]
fn columns_with_gaps_are_dropped_by_name() {
    let cells = some(&[&[1.0, GAP, 3.0], &[1.5, 2.0, 3.5]]);
    let panel =
        PricePanel::from_cells(days(&[2, 3]), assets(&["A", "B", "C"]), cells.clone(), Missing::DropColumn).unwrap();
    assert_eq!(panel.assets(), assets(&["A", "C"]));
    assert_eq!(panel.prices(), array![[1.0, 3.0], [1.5, 3.5]]);
    assert_eq!(panel.missing().dropped_columns, ["B"]);
    assert!(panel.missing().dropped_rows.is_empty() && !panel.missing().is_empty());
    assert_eq!(panel.last(1).unwrap().missing().dropped_columns, ["B"]);
    let none = some(&[&[GAP], &[GAP]]);
    let all_missing = |policy| PricePanel::from_cells(days(&[2, 3]), assets(&["A"]), none.clone(), policy).unwrap_err();
    assert_eq!(all_missing(Missing::DropRow), Error::Empty { name: "panel without its incomplete rows" });
    assert!(matches!(all_missing(Missing::CarryForward { max_days: 9 }), Error::MissingValue { .. }));
    // Shapes and numbers are checked on this way in, too.
    let from =
        |d: &[i8], names: &[&str], cells| PricePanel::from_cells(days(d), assets(names), cells, Missing::DropRow);
    assert!(matches!(from(&[2], &["A", "B", "C"], cells.clone()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(from(&[2, 3], &["A"], cells.clone()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(from(&[3, 2], &["A", "B", "C"], cells.clone()), Err(Error::NotIncreasing { .. })));
    assert!(matches!(from(&[2, 3], &["A", "A", "C"], cells), Err(Error::Duplicate { .. })));
    assert!(matches!(from(&[2], &["A"], array![[Some(0.0)]]), Err(Error::EntryOutOfDomain { .. })));
}

#[test]
fn returns_are_not_carried_forward() {
    let carry = Missing::CarryForward { max_days: 5 };
    let cells = || some(&[&[0.1], &[GAP]]);
    let unsupported = |error| matches!(error, Error::Unsupported { .. });
    assert!(unsupported(ReturnPanel::from_cells(days(&[2, 3]), assets(&["A"]), cells(), carry).unwrap_err()));
    assert!(unsupported(LogReturnPanel::from_cells(days(&[2, 3]), assets(&["A"]), cells(), carry).unwrap_err()));
    let series = SeriesPanel::from_cells(days(&[2, 3]), vec!["a".into()], cells(), carry).unwrap();
    assert_eq!(series.values(), array![[0.1], [0.1]]);
}

#[test]
fn alignment_keeps_common_dates_and_counts_the_rest() {
    let other = PricePanel::new(days(&[1, 3, 5, 8]), assets(&["C"]), array![[1.0], [3.0], [5.0], [8.0]]).unwrap();
    let aligned = align(&prices(), &other).unwrap();
    assert_eq!(aligned.left.dates(), days(&[3, 5]));
    assert_eq!(aligned.right.dates(), days(&[3, 5]));
    assert_eq!(aligned.left.prices(), array![[110.0, 40.0], [99.0, 30.0]]);
    assert_eq!(aligned.right.prices(), array![[3.0], [5.0]]);
    assert_eq!((aligned.dropped_left, aligned.dropped_right), (days(&[2, 4]), days(&[1, 8])));
    let apart = PricePanel::new(days(&[20]), assets(&["C"]), array![[1.0]]).unwrap();
    assert_eq!(align(&prices(), &apart).unwrap_err(), Error::Empty { name: "set of common dates" });
    let same = align(&prices(), &prices().simple_returns().unwrap()).unwrap();
    assert_eq!((same.dropped_left, same.dropped_right), (days(&[2]), vec![]));
}

#[test]
fn look_ups_say_how_old_the_answer_is() {
    let series =
        SeriesPanel::new(days(&[3, 5]), vec!["rf".into(), "vix".into()], array![[0.0, 14.0], [-0.01, 13.0]]).unwrap();
    let look = |day, age| series.value_at_or_before("vix", date(2024, 1, day), age);
    let found = look(3, 0).unwrap();
    assert_eq!((found.value, found.date, found.age_days), (14.0, date(2024, 1, 3), 0));
    assert_eq!(look(4, 1).unwrap().value, 14.0);
    assert_eq!(look(5, 0).unwrap().value, 13.0);
    assert_eq!((look(31, 26).unwrap().value, look(31, 26).unwrap().age_days), (13.0, 26));
    let stale = look(31, 25).unwrap_err();
    assert_eq!(
        stale.to_string(),
        r#"the last value of "vix" at or before 2024-01-31 is of 2024-01-05: 26 days old, allowed 25"#
    );
    let early = look(2, 99).unwrap_err();
    assert_eq!(early.to_string(), r#""vix" has no value at or before 2024-01-02: it starts on 2024-01-03"#);
    assert_eq!((stale.kind(), early.kind()), (ErrorKind::InsufficientData, ErrorKind::InsufficientData));
    assert!(matches!(series.value_at_or_before("x", date(2024, 1, 5), 0), Err(Error::Unknown { name: "column", .. })));
    let leap = series.value_at_or_before("rf", date(2025, 1, 5), 366).unwrap();
    assert_eq!((leap.age_days, leap.value), (366, -0.01));
    let far = series.value_at_or_before("rf", Date::MAX, u32::MAX).unwrap();
    assert_eq!(far.age_days, 2_913_169); // 9999-12-31 less 2024-01-05, by Python's datetime
    let ancient = SeriesPanel::new(vec![Date::MIN], vec!["x".into()], array![[1.0]]).unwrap();
    assert_eq!(ancient.value_at_or_before("x", Date::MAX, u32::MAX).unwrap().date, Date::MIN);
}

#[test]
fn hashes_see_labels_and_bits() {
    let hash = prices().input_hash("p");
    assert_eq!(hash, prices().input_hash("p"));
    let renamed = PricePanel::new(prices().dates().to_vec(), assets(&["A", "C"]), prices().prices().to_owned());
    assert_ne!(hash, renamed.unwrap().input_hash("p"));
    let moved = PricePanel::new(days(&[2, 3, 4, 6]), assets(&["A", "B"]), prices().prices().to_owned());
    assert_ne!(hash, moved.unwrap().input_hash("p"));
    let zero = |value| ReturnPanel::new(days(&[2]), assets(&["A"]), array![[value]]).unwrap().input_hash("p");
    assert_ne!(zero(0.0), zero(-0.0));
    // The documented layout, byte by byte.
    let bytes = [b"A\n\n2024-01-02\n".as_slice(), &0.0_f64.to_le_bytes()].concat();
    assert_eq!(zero(0.0), InputHash::of_bytes("p", &bytes));
}

#[test]
fn serde_round_trip() {
    fn round<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
        text
    }
    round(&prices());
    round(&gappy(Missing::DropRow).unwrap());
    round(&prices().overlapping_returns(Horizon::days(2).unwrap()).unwrap());
    round(&prices().log_returns().unwrap());
    round(&SeriesPanel::new(days(&[2]), vec!["a".into()], array![[-1.5]]).unwrap());
    round(&Missing::CarryForward { max_days: 3 });
}

#[test]
fn serde_is_no_way_round_the_checks() {
    let text = serde_json::to_string(&prices()).unwrap();
    let edits = [
        ("100.0", "0.0"),
        ("100.0", "-1.0"),
        ("100.0", "null"),
        ("[100.0,50.0]", "[100.0]"),
        ("[100.0,50.0],", ""),
        ("\"B\"", "\"A\""),
        ("\"B\"", "\" \""),
        ("2024-01-03", "2024-01-02"),
        ("2024-01-03", "2024-01-09"),
        ("2024-01-03", "2024-13-03"),
        ("\"overlap\":1", "\"overlap\":2"),
        ("\"overlap\":1", "\"overlap\":0"),
        ("\"overlap\":1", "\"overlap\":1,\"more\":1"),
    ];
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        assert!(serde_json::from_str::<PricePanel>(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    let returns = serde_json::to_string(&prices().simple_returns().unwrap()).unwrap();
    assert!(serde_json::from_str::<ReturnPanel>(&returns.replacen("-0.5", "-1.5", 1)).is_err());
    assert!(serde_json::from_str::<ReturnPanel>(&returns.replace("\"overlap\":1", "\"overlap\":0")).is_err());
}

#[test]
fn columns_in_any_memory_order_read_the_same() {
    let values = array![[1.0, 2.0], [3.0, 4.0]];
    let turned = array![[1.0, 3.0], [2.0, 4.0]].reversed_axes();
    let new = |values| PricePanel::new(days(&[2, 3]), assets(&["A", "B"]), values).unwrap();
    assert_eq!(new(values.clone()), new(turned.clone()));
    assert!(new(turned).prices().is_standard_layout());
}

proptest! {
    #[test]
    fn simple_and_log_returns_agree(path in prop::collection::vec(1e-3_f64..1e3, 2..30)) {
        let dates = (0..path.len()).map(|i| date(2020, 1, 1).saturating_add(jiff::Span::new().days(i as i64))).collect();
        let rows = path.len();
        let panel = PricePanel::new(dates, assets(&["A"]), Array2::from_shape_vec((rows, 1), path.clone()).unwrap()).unwrap();
        let simple = panel.simple_returns().unwrap();
        let logs = panel.log_returns().unwrap();
        let back = logs.to_simple_returns().unwrap();
        let forth = simple.to_log_returns().unwrap();
        for row in 0..rows - 1 {
            let r = simple.returns()[[row, 0]];
            // Relative to the growth 1 + r, plus the last place of r itself, which is near -1 at worst.
            prop_assert!((back.returns()[[row, 0]] - r).abs() <= 1e-14 * (1.0 + r) + f64::EPSILON);
            // Near -1 the simple return itself has lost digits of 1 + r.
            let slack = 1e-15 + 4e-16 / (1.0 + r);
            prop_assert!((forth.log_returns()[[row, 0]] - logs.log_returns()[[row, 0]]).abs() <= slack * 10.0);
        }
        // Growth over the whole path, by three roads.
        let growth = path[rows - 1] / path[0];
        let compounded: f64 = simple.returns().iter().map(|r| 1.0 + r).product();
        // A simple return near -1 carries 1 + r to the last place of 1 only, so its relative error grows as 1/(1 + r).
        let lost: f64 = simple.returns().iter().map(|r| 2.0 * f64::EPSILON / (1.0 + r)).sum();
        prop_assert!((compounded / growth - 1.0).abs() < 1e-14 * rows as f64 + lost);
        let horizon = Horizon::days(rows as u32 - 1).unwrap();
        let whole = panel.overlapping_returns(horizon).unwrap();
        prop_assert_eq!(whole.dates().len(), 1);
        prop_assert!(((1.0 + whole.returns()[[0, 0]]) / growth - 1.0).abs() < 1e-14 + 2.0 * f64::EPSILON / growth);
        prop_assert!((logs.log_returns().sum().exp() / growth - 1.0).abs() < 1e-11);
    }

    #[test]
    fn alignment_partitions_both_sides(
        left in prop::collection::btree_set(1_i8..29, 1..20),
        right in prop::collection::btree_set(1_i8..29, 1..20),
    ) {
        let panel = |set: &std::collections::BTreeSet<i8>| {
            let list: Vec<i8> = set.iter().copied().collect();
            let values = Array2::from_shape_fn((list.len(), 1), |(row, _)| f64::from(list[row]));
            PricePanel::new(days(&list), assets(&["A"]), values).unwrap()
        };
        let common: Vec<i8> = left.intersection(&right).copied().collect();
        match align(&panel(&left), &panel(&right)) {
            Err(error) => prop_assert!(common.is_empty(), "{}", error),
            Ok(aligned) => {
                prop_assert_eq!(aligned.left.dates(), days(&common));
                prop_assert_eq!(&aligned.left, &aligned.right);
                let only: Vec<i8> = left.difference(&right).copied().collect();
                prop_assert_eq!(aligned.dropped_left, days(&only));
                let only: Vec<i8> = right.difference(&left).copied().collect();
                prop_assert_eq!(aligned.dropped_right, days(&only));
            }
        }
    }
}
