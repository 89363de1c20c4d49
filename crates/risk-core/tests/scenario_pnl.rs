//! The P&L cube: sums, groups, selections, what may be asked of which scenarios, serde.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exact numbers, and helpers fail loudly")]

use alluse_risk_core::labels::{LabelSelector, LabelTable, UNLABELLED};
use alluse_risk_core::{
    Assumption, Coverage, Error, ErrorKind, Horizon, Ordering, RowId, ScenarioId, ScenarioPnl, ScenarioPnlParts,
    Unvalued,
};
use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

fn row(name: &str) -> RowId {
    RowId::new(name).unwrap()
}

fn ids(names: &[&str]) -> Vec<ScenarioId> {
    names.iter().map(|name| ScenarioId::new(*name).unwrap()).collect()
}

fn unvalued(name: &str, reason: &str, notional: Option<f64>) -> Unvalued {
    let coverage = Coverage::missing(1, notional);
    Unvalued { row: row(name), kind: ErrorKind::InvalidInput, reason: reason.into(), coverage }
}

fn labels(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
}

/// Three valued rows and three that are not, in accounts x, y, z and none.
fn parts() -> ScenarioPnlParts {
    ScenarioPnlParts {
        rows: vec![row("a"), row("b"), row("c")],
        values: array![[1.0, -2.0], [10.0, 20.0], [-100.0, 300.0]],
        row_coverage: vec![Coverage::complete(1, 10.0), Coverage::complete(1, 20.0), Coverage::complete(1, 40.0)],
        unvalued: vec![
            unvalued("d", "no price", Some(5.0)),
            unvalued("e", "no volatility", None),
            unvalued("f", "no price", Some(7.0)),
        ],
        labels: LabelTable::new(6)
            .with_axis("account", labels(&["x", "y", "x", "x", "z", "z"]))
            .unwrap()
            .with_axis("desk", labels(&["p", "", "p", "", "q", "q"]))
            .unwrap(),
        probabilities: None,
        ids: ids(&["2024-01-03", "2024-01-04"]),
        ordering: Ordering::Dated,
        overlap: 1,
        horizon: Horizon::DAY,
        assumptions: vec![Assumption::Note { text: "flat".into() }],
    }
}

fn pnl() -> ScenarioPnl {
    ScenarioPnl::new(parts()).unwrap()
}

fn with(change: impl FnOnce(&mut ScenarioPnlParts)) -> Result<ScenarioPnl, Error> {
    let mut parts = parts();
    change(&mut parts);
    ScenarioPnl::new(parts)
}

/// Nothing but rows that could not be valued.
fn nothing_valued() -> ScenarioPnl {
    pnl().select(&LabelSelector::is("account", "z")).unwrap()
}

#[test]
fn the_parts_come_back() {
    let (pnl, parts) = (pnl(), parts());
    assert_eq!(pnl.rows(), parts.rows);
    assert_eq!(pnl.values(), parts.values);
    assert_eq!(pnl.row_coverage(), parts.row_coverage);
    assert_eq!(pnl.unvalued(), parts.unvalued);
    assert_eq!(pnl.labels(), &parts.labels);
    assert_eq!((pnl.ids(), pnl.ordering(), pnl.overlap()), (parts.ids.as_slice(), Ordering::Dated, 1));
    assert_eq!((pnl.horizon(), pnl.probabilities()), (Horizon::DAY, None));
    assert_eq!(pnl.assumptions(), parts.assumptions);
    assert_eq!(ScenarioPnlParts::from(pnl), parts);
}

#[test]
fn the_total_is_the_sum_of_the_rows() {
    assert_eq!(pnl().total(), array![-89.0, 318.0]);
}

#[test]
fn coverage_counts_what_could_not_be_valued() {
    let coverage = pnl().coverage();
    assert_eq!((coverage.positions_valued, coverage.positions), (3, 6));
    assert_eq!((coverage.notional_valued, coverage.notional), (70.0, None));
    let known = with(|p| p.unvalued[1].coverage = Coverage::missing(1, Some(8.0))).unwrap().coverage();
    assert_eq!(known.notional, Some(90.0));
}

#[test]
fn groups_sum_and_keep_what_is_unvalued() {
    let groups = pnl().group_by("account").unwrap();
    assert_eq!(groups.rows(), [row("x"), row("y")]);
    assert_eq!(groups.values(), array![[-99.0, 298.0], [10.0, 20.0]]);
    let x = Coverage { positions_valued: 2, positions: 3, notional_valued: 50.0, notional: Some(55.0) };
    assert_eq!(groups.row_coverage(), [x, Coverage::complete(1, 20.0)]);
    let [z] = groups.unvalued() else { panic!("one unvalued group") };
    assert_eq!((z.row.as_str(), z.kind, z.reason.as_str()), ("z", ErrorKind::InvalidInput, "no volatility; no price"));
    assert_eq!(z.coverage, Coverage::missing(2, None));
    assert_eq!(groups.coverage(), pnl().coverage());
    assert_eq!(groups.total(), pnl().total());
    assert_eq!(groups.labels().label(2, "account").unwrap(), Some("z"));
    assert_eq!((groups.assumptions(), groups.ids()), (pnl().assumptions(), pnl().ids()));
    assert!(matches!(pnl().group_by("nothing"), Err(Error::Unknown { name: "label axis", .. })));
}

#[test]
fn rows_without_a_label_are_a_group() {
    let groups = pnl().group_by("desk").unwrap();
    assert_eq!(groups.rows(), [row("p"), row(UNLABELLED)]);
    assert_eq!(groups.values(), array![[-99.0, 298.0], [10.0, 20.0]]);
    assert_eq!(groups.row_coverage()[1].positions, 2);
    assert_eq!(groups.labels().label(1, "desk").unwrap(), None);
    assert_eq!(groups.unvalued()[0].row, row("q"));
    // Grouping the groups changes nothing.
    let again = groups.group_by("desk").unwrap();
    assert_eq!((again.rows(), again.values(), again.coverage()), (groups.rows(), groups.values(), groups.coverage()));
}

#[test]
fn selections_take_valued_and_unvalued_rows() {
    let x = pnl().select(&LabelSelector::is("account", "x")).unwrap();
    assert_eq!(x.rows(), [row("a"), row("c")]);
    assert_eq!(x.values(), array![[1.0, -2.0], [-100.0, 300.0]]);
    assert_eq!(x.unvalued().iter().map(|u| u.row.as_str()).collect::<Vec<_>>(), ["d"]);
    assert_eq!(
        x.coverage(),
        Coverage { positions_valued: 2, positions: 3, notional_valued: 50.0, notional: Some(55.0) }
    );
    assert_eq!(x.labels().rows(), 3);
    assert_eq!(x.labels().label(0, "desk").unwrap(), Some("p"));
    assert_eq!(pnl().select(&LabelSelector::All).unwrap(), pnl());
    let nobody = pnl().select(&LabelSelector::is("account", "nobody")).unwrap_err();
    assert_eq!(nobody, Error::Empty { name: "selection" });
    assert!(matches!(pnl().select(&LabelSelector::is("floor", "1")), Err(Error::Unknown { .. })));
}

#[test]
fn a_loss_sample_needs_a_sample() {
    assert!(pnl().losses().is_ok());
    assert!(pnl().row_losses(&row("b")).is_ok());
    let unknown = |name: &str| Error::Unknown { name: "row", value: name.into() };
    assert_eq!(pnl().row_losses(&row("g")).unwrap_err(), unknown("g"));
    assert_eq!(pnl().row_losses(&row("d")).unwrap_err(), unknown("d")); // it exists, but has no numbers
    let named = with(|p| p.ordering = Ordering::Named).unwrap();
    for error in [named.losses().unwrap_err(), named.row_losses(&row("a")).unwrap_err()] {
        assert!(matches!(error, Error::Undefined { name: "loss sample", .. }), "{error}");
    }
    assert!(with(|p| p.ordering = Ordering::Exchangeable).unwrap().losses().is_ok());
    let weighted = with(|p| p.probabilities = Some(array![0.25, 0.75])).unwrap();
    assert!(weighted.losses().is_ok());
}

#[test]
fn nothing_valued_is_nothing_known() {
    let none = nothing_valued();
    assert_eq!((none.rows().len(), none.unvalued().len()), (0, 2));
    assert_eq!(none.values().dim(), (0, 2));
    assert!(matches!(none.losses(), Err(Error::Undefined { .. })));
    // A flat path would read as a book without drawdown.
    assert!(matches!(none.path(100.0), Err(Error::Undefined { name: "drawdown", .. })));
    let grouped = none.group_by("account").unwrap();
    assert_eq!((grouped.rows().len(), grouped.unvalued().len()), (0, 1));
    let text = serde_json::to_string(&none).unwrap();
    assert_eq!(serde_json::from_str::<ScenarioPnl>(&text).unwrap(), none);
}

#[test]
fn a_path_needs_dates_that_do_not_overlap() {
    assert!(pnl().path(1_000.0).is_ok());
    assert!(pnl().path(f64::NAN).is_err());
    let refused = |pnl: ScenarioPnl| matches!(pnl.path(1_000.0), Err(Error::Undefined { name: "drawdown", .. }));
    assert!(refused(with(|p| p.ordering = Ordering::Exchangeable).unwrap()));
    assert!(refused(with(|p| p.ordering = Ordering::Named).unwrap()));
    assert!(refused(with(|p| p.overlap = 2).unwrap()));
}

#[test]
fn one_wrong_thing_at_a_time() {
    let length = |name, expected, got| Error::LengthMismatch { name, expected, got };
    let refused = |change: fn(&mut ScenarioPnlParts)| with(change).unwrap_err();
    assert_eq!(refused(|p| p.ids.clear()), Error::Empty { name: "scenarios" });
    assert_eq!(refused(|p| p.values = Array2::zeros((2, 2))), length("P&L rows", 3, 2));
    assert_eq!(refused(|p| p.values = Array2::zeros((3, 1))), length("P&L scenarios", 2, 1));
    assert_eq!(refused(|p| _ = p.row_coverage.pop()), length("row coverage", 3, 2));
    assert_eq!(refused(|p| _ = p.unvalued.pop()), length("label rows", 5, 6));
    assert_eq!(refused(|p| p.labels = LabelTable::new(3)), length("label rows", 6, 3));
    assert!(matches!(refused(|p| p.rows[1] = row("a")), Error::Duplicate { name: "row", first: 0, second: 1, .. }));
    assert!(matches!(refused(|p| p.unvalued[0].row = row("a")), Error::Duplicate { first: 0, second: 3, .. }));
    assert!(matches!(refused(|p| p.ids[1] = p.ids[0].clone()), Error::Duplicate { name: "scenario id", .. }));
    assert!(matches!(refused(|p| p.ids.reverse()), Error::NotIncreasing { index: 1, .. }));
    for id in ["Monday", "2024-01-04T10:00", "20240104", ""] {
        let Ok(id) = ScenarioId::new(id) else { continue };
        assert!(matches!(with(|p| p.ids[1] = id), Err(Error::NotIncreasing { index: 1, .. })));
    }
    assert_eq!(refused(|p| p.overlap = 0), Error::OutOfDomain { name: "overlap", expected: "at least 1", value: 0.0 });
    assert_eq!(refused(|p| p.probabilities = Some(array![1.0])), length("probabilities", 2, 1));
    assert!(matches!(refused(|p| p.probabilities = Some(array![0.5, 0.6])), Error::OutOfDomain { .. }));
    assert!(matches!(
        refused(|p| p.probabilities = Some(array![1.5, -0.5])),
        Error::ElementOutOfDomain { index: 1, .. }
    ));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = with(|p| p.values[[2, 1]] = bad).unwrap_err();
        let placed = matches!(&error, Error::EntryOutOfDomain { name: "P&L", row, column, .. }
            if row == "c" && column == "2024-01-04");
        assert!(placed, "{error}");
    }
}

#[test]
fn a_part_of_the_coverage_never_exceeds_the_whole() {
    let coverage = |valued, all, notional_valued, notional| Coverage {
        positions_valued: valued,
        positions: all,
        notional_valued,
        notional,
    };
    for bad in [
        coverage(2, 1, 1.0, Some(1.0)),
        coverage(1, 1, -1.0, Some(1.0)),
        coverage(1, 1, 1.0, Some(-1.0)),
        coverage(1, 1, 1.001, Some(1.0)),
        coverage(1, 1, f64::NAN, None),
        coverage(1, 1, f64::INFINITY, None),
        coverage(1, 1, 1.0, Some(f64::NAN)),
    ] {
        assert!(matches!(with(|p| p.row_coverage[0] = bad), Err(Error::OutOfDomain { .. })), "{bad:?}");
        assert!(matches!(with(|p| p.unvalued[0].coverage = bad), Err(Error::OutOfDomain { .. })), "{bad:?}");
    }
    // Sums in another order differ in the last digits.
    assert!(with(|p| p.row_coverage[0] = coverage(1, 1, 0.1 + 0.2, Some(0.3))).is_ok());
}

#[test]
fn sums_that_overflow_are_refused() {
    let huge = with(|p| {
        p.values[[0, 0]] = f64::MAX;
        p.values[[2, 0]] = f64::MAX;
    })
    .unwrap();
    assert!(huge.losses().is_err());
    assert!(huge.path(0.0).is_err());
    assert!(matches!(huge.group_by("account"), Err(Error::EntryOutOfDomain { .. })));
}

#[test]
fn serde_round_trip() {
    for pnl in [
        pnl(),
        pnl().group_by("account").unwrap(),
        with(|p| p.probabilities = Some(array![0.25, 0.75])).unwrap(),
        with(|p| p.values = p.values.t().as_standard_layout().into_owned().reversed_axes()).unwrap(),
    ] {
        let text = serde_json::to_string(&pnl).unwrap();
        assert_eq!(serde_json::from_str::<ScenarioPnl>(&text).unwrap(), pnl);
        assert!(pnl.values().is_standard_layout());
    }
}

#[test]
fn tampered_json_is_refused() {
    let text = serde_json::to_string(&pnl()).unwrap();
    for (from, to) in [
        ("[1.0,-2.0]", "[1.0,null]"),
        ("[1.0,-2.0]", "[1.0]"),
        ("[1.0,-2.0],", ""),
        ("\"a\",\"b\"", "\"a\",\"a\""),
        ("\"a\",\"b\"", "\"a\",\" \""),
        ("\"a\",\"b\"", "\"a\""),
        ("\"row\":\"d\"", "\"row\":\"a\""),
        ("2024-01-04", "2024-01-03"),
        ("2024-01-04", "tomorrow"),
        ("\"overlap\":1", "\"overlap\":0"),
        ("\"horizon\":1", "\"horizon\":0"),
        ("\"probabilities\":null", "\"probabilities\":[0.5,0.4]"),
        ("\"positions_valued\":1", "\"positions_valued\":2"),
        ("\"rows\":6", "\"rows\":5"),
        ("\"ordering\":\"dated\"", "\"ordering\":\"sorted\""),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert!(serde_json::from_str::<ScenarioPnl>(&text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
}

#[test]
fn assumptions_read_as_sentences() {
    use alluse_risk_core::{AssetId, Factor};
    let held = Assumption::HeldFixed { factor: Factor::Volatility(AssetId::new("A").unwrap()) };
    assert_eq!(held.to_string(), "volatility of A held fixed");
    let settled = Assumption::SettledInsideHorizon { row: row("put") };
    assert!(settled.to_string().starts_with("put expires inside the horizon"));
    let rough = Assumption::Approximated { rows: 2, measured_error: 0.5, sampled: 10 };
    assert_eq!(rough.to_string(), "2 positions approximated; largest error against 10 exact revaluations 5.000e-1");
    assert_eq!(Assumption::ModelledInput { description: "skew".into() }.to_string(), "modelled input: skew");
    assert_eq!(Assumption::Note { text: "flat".into() }.to_string(), "flat");
}

proptest! {
    #[test]
    fn groups_partition_any_cube(
        rows in prop::collection::vec((prop::collection::vec(-1e6_f64..1e6, 4), 0_usize..4, 0.0_f64..1e3, any::<bool>()), 1..12),
    ) {
        let (valued, missing): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.3);
        let label = |row: &&(Vec<f64>, usize, f64, bool)| labels(&[["x", "y", "z", ""][row.1]]).remove(0);
        let values: Vec<f64> = valued.iter().flat_map(|row| row.0.clone()).collect();
        let parts = ScenarioPnlParts {
            rows: (0..valued.len()).map(|i| row(&format!("v{i}"))).collect(),
            values: Array2::from_shape_vec((valued.len(), 4), values).unwrap(),
            row_coverage: valued.iter().map(|row| Coverage::complete(1, row.2)).collect(),
            unvalued: missing.iter().enumerate().map(|(i, row)| unvalued(&format!("u{i}"), "?", Some(row.2))).collect(),
            labels: LabelTable::new(rows.len())
                .with_axis("axis", valued.iter().chain(&missing).map(label).collect())
                .unwrap(),
            ids: ids(&["1", "2", "3", "4"]),
            ordering: Ordering::Exchangeable,
            ..parts()
        };
        let pnl = ScenarioPnl::new(parts).unwrap();
        let groups = pnl.group_by("axis").unwrap();
        groups.total().iter().zip(&pnl.total()).for_each(|(a, b)| close(*a, *b, 1e-9));
        let (whole, parted) = (pnl.coverage(), groups.coverage());
        prop_assert_eq!((whole.positions, whole.positions_valued), (parted.positions, parted.positions_valued));
        close(whole.notional_valued, parted.notional_valued, 1e-12);
        close(whole.notional.unwrap(), parted.notional.unwrap(), 1e-12);
        prop_assert_eq!(whole.positions, rows.len());
        // Selecting each label gives its group again.
        for (index, name) in groups.rows().iter().enumerate() {
            let selector = match name.as_str() {
                UNLABELLED => LabelSelector::Unlabelled { axis: "axis".into() },
                label => LabelSelector::is("axis", label),
            };
            let part = pnl.select(&selector).unwrap();
            prop_assert_eq!(part.total(), groups.values().row(index).to_owned());
            prop_assert_eq!(part.coverage().positions, groups.row_coverage()[index].positions);
        }
    }
}
