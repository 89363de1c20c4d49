use alluse_risk_core::labels::{DateLabels, LabelTable};
use alluse_risk_core::{Confidence, Frequency};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::{Annualisation, Error};

const WEEKLY: Annualisation = Annualisation::Periods(Frequency::Weekly);

fn weeks(n: usize) -> Vec<Date> {
    date(2023, 1, 6).series(1.week()).take(n).collect()
}

fn panel(values: Vec<f64>, parts: Vec<(Component, Array2<f64>)>) -> PnlPanel {
    let rows = (0..parts[0].1.nrows()).map(|row| format!("row {row}")).collect();
    let panel = PnlPanel::new(date(2022, 12, 30), weeks(values.len()), rows, values).unwrap();
    parts.into_iter().fold(panel, |panel, (component, pnl)| panel.with(component, pnl).unwrap())
}

fn rows(labels: &[Option<&str>]) -> LabelAxis {
    let labels = labels.iter().map(|label| label.map(str::to_owned)).collect::<Vec<_>>();
    let table = LabelTable::new(labels.len()).with_axis("strategy", labels).unwrap();
    LabelAxis::positions(&table, "strategy", LabelKnowledge::ExAnte).unwrap()
}

/// Two strategies and a cost row over three weeks: returns 10 %, −20 %, 25 %.
fn book() -> PnlPanel {
    panel(
        vec![100.0, 110.0, 88.0],
        vec![
            (Component::Price, array![[8.0, -30.0, 11.0], [4.0, 9.0, 11.0], [0.0, 0.0, 0.0]]),
            (Component::Cost, array![[-1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [-1.0, -1.0, 0.0]]),
        ],
    )
}

#[test]
fn a_book_by_hand() {
    let book = book();
    let contributions = book.contributions().unwrap();
    close(contributions.total_return(), 0.1, 1e-15);
    assert_eq!(contributions.growth()[0], 1.0);
    close(contributions.growth()[2], 0.88, 1e-15);
    let axis = rows(&[Some("put"), Some("shares"), None]);
    let report = contributions.by_label(&axis, WEEKLY, Confidence::P95).unwrap();
    let put = report.label(Some("put")).unwrap();
    // 7/100 · 1 − 30/110 · 1.1 + 11/88 · 0.88 = 0.07 − 0.30 + 0.11.
    close(put.contribution, -0.12, 1e-15);
    close(put.components[0].contribution, -0.11, 1e-15);
    close(put.components[1].contribution, -0.01, 1e-15);
    assert_eq!(put.components[1].component, Component::Cost);
    assert_eq!((put.pnl, put.cells, put.periods, put.active_periods), (-12.0, 3, 3, 3));
    let hits = put.hit_rate.unwrap();
    assert_eq!((hits.hits, hits.of), (2, 3));
    // 48 of (7 + 30 + 11) + (4 + 9 + 11) + (1 + 1) = 74.
    close(put.share_of_absolute_pnl.unwrap(), 48.0 / 74.0, 1e-15);
    close(put.annualised_contribution, (0.07 - 30.0 / 110.0 + 0.125) * 52.0 / 3.0, 1e-14);
    assert_eq!(put.best.unwrap().date, weeks(3)[2]);
    close(put.worst.unwrap().contribution, -30.0 / 110.0, 1e-15);
    let nowhere = report.labels.last().unwrap();
    assert_eq!((nowhere.label.as_deref(), nowhere.active_periods, nowhere.hit_rate.unwrap().hits), (None, 2, 0));
    close(nowhere.contribution, -0.02, 1e-15);
    close(report.unlabelled.share_of_cells, 1.0 / 3.0, 1e-15);
    close(report.unlabelled.share_of_absolute_pnl.unwrap(), 2.0 / 74.0, 1e-15);
    assert!(report.residual.abs() < 1e-15);
    assert_eq!(report.total_pnl, 10.0);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<LabelReport>(&text).unwrap(), report);
}

#[test]
fn hindsight_and_foresight_are_two_reports() {
    let book = book();
    let contributions = book.contributions().unwrap();
    let dates = weeks(3);
    let mut types = DateLabels::new("week_type");
    let moment = |day: Date, hour: &str| -> Timestamp { format!("{day}T{hour}:00:00Z").parse().unwrap() };
    let mondays: Vec<Date> = dates.iter().map(|day| day.checked_sub(4.days()).unwrap()).collect();
    // Known on Monday, revised on Friday; found out on Friday; never labelled.
    types.record(dates[0], "calm", moment(mondays[0], "13")).unwrap();
    types.record(dates[0], "storm", moment(dates[0], "21")).unwrap();
    types.record(dates[1], "storm", moment(dates[1], "21")).unwrap();
    let decisions: Vec<Timestamp> = mondays.iter().map(|&day| moment(day, "14")).collect();
    let ex_ante = LabelAxis::ex_ante(&types, &dates, &decisions).unwrap();
    let hindsight = LabelAxis::hindsight(&types, &dates).unwrap();
    let report = |axis| contributions.by_label(axis, WEEKLY, Confidence::P95).unwrap();
    let (before, after) = (report(&ex_ante), report(&hindsight));
    assert_eq!((before.knowledge, after.knowledge), (LabelKnowledge::ExAnte, LabelKnowledge::Hindsight));
    close(before.label(Some("calm")).unwrap().contribution, 0.10, 1e-15);
    assert!(before.label(Some("storm")).is_none());
    close(before.label(None).unwrap().contribution, 0.0, 1e-15);
    close(after.label(Some("storm")).unwrap().contribution, 0.10 - 0.22, 1e-15);
    assert_eq!(after.label(Some("storm")).unwrap().periods, 2);
    // A table of both kinds is hindsight.
    let strategies = rows(&[Some("put"), Some("shares"), None]);
    let table = contributions.cross(&strategies, &hindsight).unwrap();
    assert_eq!(table.knowledge, LabelKnowledge::Hindsight);
    assert_eq!(contributions.cross(&strategies, &ex_ante).unwrap().knowledge, LabelKnowledge::ExAnte);
    assert_eq!(table.cells[0][0].cells, 2);
    close(table.cells[0][0].pnl, -23.0, 1e-15);
    close(table.row_totals[0].contribution, -0.12, 1e-15);
    // A decision after its week has ended is refused.
    let late: Vec<Timestamp> = dates.iter().map(|&day| moment(day.tomorrow().unwrap(), "14")).collect();
    let late = LabelAxis::ex_ante(&types, &dates, &late).unwrap();
    let error = contributions.over_time(&late).unwrap_err().to_string();
    assert!(error.contains("period 0 ends on 2023-01-06") && error.contains("2023-01-07"), "{error}");
    let mut unordered = decisions.clone();
    unordered.swap(0, 2);
    assert!(LabelAxis::ex_ante(&types, &dates, &unordered).unwrap_err().to_string().contains("position 1"));
    assert!(LabelAxis::ex_ante(&types, &dates, &decisions[..2]).is_err());
}

#[test]
fn trades_label_cells_and_may_not_overlap() {
    let span = |row, first, last, label: &str| LabelSpan { row, first, last, label: label.into() };
    let make = |spans: &[LabelSpan]| LabelAxis::trades("trade", 3, 3, spans, LabelKnowledge::ExAnte);
    let axis = make(&[span(0, 0, 1, "first"), span(0, 2, 2, "second"), span(1, 1, 2, "first")]).unwrap();
    assert_eq!((axis.label(0, 1), axis.label(0, 2), axis.label(1, 0)), (Some("first"), Some("second"), None));
    let book = book();
    let report = book.contributions().unwrap().by_label(&axis, WEEKLY, Confidence::P95).unwrap();
    let first = report.label(Some("first")).unwrap();
    assert_eq!((first.cells, first.pnl), (4, 7.0 - 30.0 + 9.0 + 11.0));
    assert_eq!(report.unlabelled.cells, 4);
    let refused = |spans: &[LabelSpan], words: &str| {
        let text = make(spans).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    };
    refused(&[span(0, 0, 1, "a"), span(0, 1, 2, "b")], "spans 0 and 1 (\"b\") overlap in row 0, period 1");
    refused(&[span(0, 0, 1, "a"), span(0, 1, 1, "a")], "overlap");
    refused(&[span(3, 0, 1, "a")], "rows of the label spans[0]");
    refused(&[span(0, 0, 3, "a")], "last periods of the label spans[0]");
    refused(&[span(0, 2, 1, "a")], "starts in period 2 and ends in period 1");
    refused(&[span(0, 0, 1, " ")], "blank");
    refused(&[span(0, 0, 1, "unlabelled")], "reserved");
}

#[test]
fn years_and_quarters_partition_time() {
    let dates = weeks(60);
    let years = LabelAxis::calendar(&dates, Calendar::Year).unwrap();
    assert_eq!(years.labels(), ["2023", "2024"]);
    assert_eq!(LabelAxis::calendar(&dates, Calendar::Quarter).unwrap().labels().len(), 5);
    let months = LabelAxis::calendar(&dates, Calendar::Month).unwrap();
    assert_eq!((months.labels()[0].as_str(), months.labels()[13].as_str()), ("2023-01", "2024-02"));
    assert_eq!(years.labelled(), Labelled::Periods);
    assert!(LabelAxis::calendar(&[dates[1], dates[0]], Calendar::Year).is_err());
    assert!(LabelAxis::calendar(&[], Calendar::Year).is_err());
}

#[test]
fn ruin_is_an_error_unless_it_is_the_end() {
    let lose = |share: f64, then: f64| {
        let pnl = array![[10.0, -110.0 * share, then]];
        panel(vec![100.0, 110.0, 50.0], vec![(Component::Price, pnl)]).contributions().map(|c| c.total_return())
    };
    let error = lose(1.0, 1.0).unwrap_err();
    assert!(
        matches!(error, Error::Undefined { .. }) && error.to_string().contains("2023-01-13 (position 1)"),
        "{error}"
    );
    assert!(lose(1.5, 1.0).is_err());
    assert!(lose(0.5, -60.0).is_err());
    assert_eq!(lose(0.5, -50.0), Ok(-1.0));
    assert!(lose(0.999_999, 5.0).is_ok());
    let huge = panel(vec![1e-300], vec![(Component::Price, array![[1e300]])]);
    assert!(huge.contributions().is_err());
}

#[test]
fn axes_must_fit() {
    let book = book();
    let contributions = book.contributions().unwrap();
    for axis in [
        rows(&[Some("a"), None]),
        LabelAxis::periods("t", &[Some("a"); 4], LabelKnowledge::ExAnte).unwrap(),
        LabelAxis::trades("t", 3, 2, &[], LabelKnowledge::ExAnte).unwrap(),
        LabelAxis::trades("t", 2, 3, &[], LabelKnowledge::ExAnte).unwrap(),
    ] {
        assert!(matches!(contributions.by_label(&axis, WEEKLY, Confidence::P95), Err(Error::Input(_))));
        assert!(contributions.over_time(&axis).is_err() && contributions.cross(&axis, &axis).is_err());
    }
    assert!(LabelAxis::periods(" ", &[None], LabelKnowledge::ExAnte).is_err());
    assert!(LabelAxis::periods("a", &[], LabelKnowledge::ExAnte).is_err());
    assert!(
        LabelAxis::periods("a", &[Some("")], LabelKnowledge::ExAnte).unwrap_err().to_string().contains("position 0")
    );
    let table = LabelTable::new(3);
    assert!(LabelAxis::positions(&table, "nothing", LabelKnowledge::ExAnte).is_err());
}

#[test]
fn a_book_that_never_moved_has_no_shares() {
    let still = panel(vec![1.0, 1.0], vec![(Component::Price, Array2::zeros((1, 2)))]);
    let report = still.contributions().unwrap().by_label(&rows(&[Some("a")]), WEEKLY, Confidence::P95).unwrap();
    let label = &report.labels[0];
    assert_eq!((label.share_of_absolute_pnl, label.hit_rate, label.best, label.active_periods), (None, None, None, 0));
    assert_eq!((report.total_return, report.unlabelled.share_of_absolute_pnl, report.unlabelled.cells), (0.0, None, 0));
}

/// Panels of three components whose returns lie between `worst` and 100 %, with labels for rows and periods.
fn books(worst: f64) -> impl Strategy<Value = (PnlPanel, Vec<Option<u8>>, Vec<Option<u8>>)> {
    (1_usize..7, 1_usize..40).prop_flat_map(move |(m, n)| {
        let cells = || prop::collection::vec(-1.0_f64..1.0, m * n);
        let label = || prop::option::weighted(0.8, 0_u8..4);
        let labels = (prop::collection::vec(label(), m), prop::collection::vec(label(), n));
        let returns = prop::collection::vec(worst..1.0, n);
        let values = prop::collection::vec(1.0_f64..1e6, n);
        (cells(), cells(), returns, values, labels).prop_map(move |(a, b, returns, values, (by_row, by_period))| {
            let shape = |cells: Vec<f64>| Array2::from_shape_vec((m, n), cells).unwrap();
            let (mut a, mut b, mut c) = (shape(a), shape(b), Array2::zeros((m, n)));
            for t in 0..n {
                a.column_mut(t).mapv_inplace(|x| x * values[t]);
                b.column_mut(t).mapv_inplace(|x| 0.1 * x * values[t]);
                // What is missing to the return falls to one row.
                c[[t % m, t]] = returns[t] * values[t] - a.column(t).sum() - b.column(t).sum();
            }
            let parts = vec![(Component::Price, a), (Component::Cost, b), (Component::Named("rest".into()), c)];
            (panel(values, parts), by_row, by_period)
        })
    })
}

fn named(labels: &[Option<u8>]) -> Vec<Option<String>> {
    labels.iter().map(|label| label.map(|label| format!("label {label}"))).collect()
}

fn axes(by_row: &[Option<u8>], by_period: &[Option<u8>]) -> [LabelAxis; 3] {
    let (m, n) = (by_row.len(), by_period.len());
    let table = LabelTable::new(m).with_axis("rows", named(by_row)).unwrap();
    let periods = named(by_period);
    let periods: Vec<Option<&str>> = periods.iter().map(Option::as_deref).collect();
    // A trade in every labelled row for the first half.
    let spans: Vec<LabelSpan> = (0..m)
        .filter(|&row| by_row[row].is_some())
        .map(|row| LabelSpan { row, first: 0, last: n / 2, label: "early".into() })
        .filter(|span| span.last < n)
        .collect();
    [
        LabelAxis::positions(&table, "rows", LabelKnowledge::ExAnte).unwrap(),
        LabelAxis::periods("periods", &periods, LabelKnowledge::Hindsight).unwrap(),
        LabelAxis::trades("trades", m, n, &spans, LabelKnowledge::ExAnte).unwrap(),
    ]
}

/// Every table adds up to `Π (1 + R) − 1`, within `tolerance` of `scale`.
fn adds_up(book: &PnlPanel, axes: &[LabelAxis; 3], tolerance: f64) -> Result<(), TestCaseError> {
    let contributions = book.contributions().unwrap();
    let n = book.dates().len();
    let direct: f64 = (0..n).map(|t| 1.0 + book.pnl_of_period(t) / book.values()[t]).product::<f64>() - 1.0;
    let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
    prop_assert!(near(contributions.total_return(), direct));
    for axis in axes {
        let report = contributions.by_label(axis, WEEKLY, Confidence::P95).unwrap();
        let sum: f64 = report.labels.iter().map(|label| label.contribution).sum();
        prop_assert!(near(sum, direct), "{sum} against {direct}");
        prop_assert!(report.residual.abs() <= tolerance);
        prop_assert_eq!(report.labels.iter().map(|label| label.cells).sum::<usize>(), book.rows().len() * n);
        for label in &report.labels {
            let parts: f64 = label.components.iter().map(|part| part.contribution).sum();
            prop_assert!(near(parts, label.contribution));
        }
        let shares: f64 = report.labels.iter().filter_map(|label| label.share_of_absolute_pnl).sum();
        prop_assert!((shares - 1.0).abs() < 1e-12);
        let table = contributions.over_time(axis).unwrap();
        prop_assert!(near(table.label_totals.iter().sum(), direct));
        prop_assert!(near(table.period_totals.iter().sum(), direct));
        for (t, &r) in table.returns.iter().enumerate() {
            let single: f64 = table.single.iter().map(|row| row[t]).sum();
            prop_assert!((single - r).abs() < 1e-12);
        }
        let last: f64 = table.cumulative().iter().map(|row| row[n - 1]).sum();
        prop_assert!(near(last, direct));
        for other in axes {
            let cross = contributions.cross(axis, other).unwrap();
            prop_assert!(near(cross.total.contribution, direct) && cross.residual.abs() <= tolerance);
            prop_assert!(near(cross.row_totals.iter().map(|cell| cell.contribution).sum(), direct));
            prop_assert!(near(cross.column_totals.iter().map(|cell| cell.contribution).sum(), direct));
            let cells: usize = cross.cells.iter().flatten().map(|cell| cell.cells).sum();
            prop_assert_eq!(cells, book.rows().len() * n);
            for (label, total) in report.labels.iter().zip(cross.row_totals.iter().filter(|row| row.cells > 0)) {
                prop_assert!(near(label.contribution, total.contribution));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// With days of −90 % and +100 %: terms grow as the capital does, so rounding is held against its peak.
    #[test]
    fn wild_books_add_up((book, by_row, by_period) in books(-0.9)) {
        let peak = book.contributions().unwrap().growth().fold(1.0_f64, |peak, g| peak.max(*g));
        adds_up(&book, &axes(&by_row, &by_period), 1e-12 * 2.0 * peak)?;
    }

    /// Order of the rows and of the components changes nothing.
    #[test]
    fn labels_do_not_depend_on_the_order_of_rows((book, by_row, by_period) in books(-0.5)) {
        let reversed: Vec<String> = book.rows().iter().rev().cloned().collect();
        let start = PnlPanel::new(book.start(), book.dates().to_vec(), reversed, book.values().to_owned()).unwrap();
        let flipped = book.components().fold(start, |panel, (component, pnl)| {
            panel.with(component.clone(), pnl.slice_axis(ndarray::Axis(0), ndarray::Slice::new(0, None, -1)).to_owned())
                .unwrap()
        });
        let back: Vec<Option<u8>> = by_row.iter().rev().copied().collect();
        let of = |book: &PnlPanel, rows: &[Option<u8>]| {
            let axes = axes(rows, &by_period);
            book.contributions().unwrap().by_label(&axes[0], WEEKLY, Confidence::P95).unwrap()
        };
        let (one, other) = (of(&book, &by_row), of(&flipped, &back));
        let peak = book.contributions().unwrap().growth().fold(1.0_f64, |peak, g| peak.max(*g));
        for label in &one.labels {
            let same = other.label(label.label.as_deref()).unwrap();
            prop_assert!((label.contribution - same.contribution).abs() <= 1e-12 * peak);
            prop_assert_eq!((label.cells, label.periods), (same.cells, same.periods));
        }
    }
}
