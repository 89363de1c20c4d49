use alluse_risk_core::labels::DateLabels;
use jiff::Timestamp;
use jiff::civil::date;

use super::*;

const MONDAY: &str = "2024-01-08T14:30:00Z";
const FRIDAY: &str = "2024-01-12T21:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Week type, trust score and drawdown, with a full table of sizes.
const TABLE: &str = r#"{
  "axes": [
    {"name": "week", "domain": {"labels": ["green", "chop", "red"]}},
    {"name": "trust", "domain": {"range": {"from": 0.0, "to": 101.0}}}
  ],
  "rules": [
    {"name": "green", "target": "all", "when": [{"label": {"axis": "week", "any_of": ["green"]}}],
     "action": {"effect": "multiply", "amount": 1.0}, "priority": 0},
    {"name": "chop or red", "target": "all", "when": [{"label": {"axis": "week", "any_of": ["chop", "red"]}}],
     "action": {"effect": "multiply", "amount": 0.75}, "priority": 0},
    {"name": "red puts", "target": {"named": "puts"}, "when": [{"label": {"axis": "week", "any_of": ["red"]}}],
     "action": {"effect": "multiply", "amount": 0.5}, "priority": 1},
    {"name": "red delta", "target": "all", "when": [{"label": {"axis": "week", "any_of": ["red"]}}],
     "action": {"effect": "shift_delta", "amount": -0.05}, "priority": 0},
    {"name": "no trust", "target": "all", "when": [{"number": {"axis": "trust", "from": 0.0, "to": 20.0}}],
     "action": {"effect": "ceiling", "amount": 0.1}, "priority": 0},
    {"name": "some trust", "target": "all", "when": [{"number": {"axis": "trust", "from": 20.0, "to": 101.0}}],
     "action": {"effect": "ceiling", "amount": 1.0}, "priority": 0}
  ]
}"#;

fn table() -> AdjustmentTable {
    serde_json::from_str(TABLE).unwrap()
}

fn state(week: &str, trust: f64) -> DecisionState {
    let known = at(MONDAY);
    DecisionState::new(known).with_label("week", week, known).unwrap().with_number("trust", trust, known).unwrap()
}

fn names() -> Vec<AssetId> {
    vec![AssetId::new("puts").unwrap(), AssetId::new("calls").unwrap()]
}

#[test]
fn rows_do_what_they_say() {
    let red = table().adjust(&state("red", 50.0), &names(), &[0.6, 0.4]).unwrap();
    assert_eq!((red[0].after, red[0].delta_shift), (0.3, -0.05));
    assert!((red[1].after - 0.3).abs() < 1e-15);
    let applied: Vec<&str> = red[0].applied.iter().map(|rule| rule.rule.as_str()).collect();
    assert_eq!(applied, ["red puts", "some trust", "red delta"]);
    let doubt = table().adjust(&state("green", 19.99), &names(), &[0.6, 0.05]).unwrap();
    assert_eq!((doubt[0].after, doubt[1].after, doubt[1].delta_shift), (0.1, 0.05, 0.0));
    // The end of a range belongs to the next.
    assert_eq!(table().adjust(&state("green", 20.0), &names(), &[0.6, 0.05]).unwrap()[0].after, 0.6);
}

#[test]
fn tables_and_states_survive_json() {
    let text = serde_json::to_string(&table()).unwrap();
    assert_eq!(serde_json::from_str::<AdjustmentTable>(&text).unwrap(), table());
    let state = state("red", 50.0);
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<DecisionState>(&text).unwrap(), state);
    // A stored state cannot know the future either.
    assert!(
        serde_json::from_str::<DecisionState>(&text.replace("\"decided_at\":\"2024", "\"decided_at\":\"2023")).is_err()
    );
}

#[test]
fn gaps_and_overlaps_are_found_with_a_witness() {
    let report = table().partition().unwrap();
    // Only red weeks shift the delta: green and chop are gaps of that effect, and nothing else is.
    assert!(report.overlaps.is_empty());
    let gaps: Vec<(Effect, String)> = report.gaps.iter().map(|gap| (gap.effect, gap.cell.to_string())).collect();
    assert_eq!(
        gaps,
        [(Effect::ShiftDelta, "week = green".to_owned()), (Effect::ShiftDelta, "week = chop".to_owned()),]
    );
    // A published decision tree with the faults of the domain notes: it ends at a rise of 10 %, and a fall of more
    // than 15 % is also one of more than 5 %.
    let rule = |name: &str, from: f64, to: f64| {
        format!(
            r#"{{"name": "{name}", "target": "all", "priority": 0, "action": {{"effect": "multiply", "amount": 0.5}},
                "when": [{{"number": {{"axis": "move", "from": {from}, "to": {to}}}}}]}}"#
        )
    };
    let rules = [rule("over 5 % down", -1.0, -0.05), rule("over 15 % down", -1.0, -0.15), rule("near", -0.05, 0.10)];
    let axis = r#"{"name": "move", "domain": {"range": {"from": -1.0, "to": 10.0}}}"#;
    let text = format!(r#"{{"axes": [{axis}], "rules": [{}]}}"#, rules.join(","));
    let report = serde_json::from_str::<AdjustmentTable>(&text).unwrap().partition().unwrap();
    assert_eq!(report.gaps.len(), 1);
    assert_eq!(report.gaps[0].cell.to_string(), "0.1 <= move < 10");
    assert_eq!((report.overlaps.len(), report.cells), (1, 4));
    assert_eq!(report.overlaps[0].cell.to_string(), "-1 <= move < -0.15");
    assert_eq!(report.overlaps[0].rules, ["over 5 % down", "over 15 % down"]);
    // Priority settles it.
    let text = text.replacen(
        r#""over 15 % down", "target": "all", "priority": 0"#,
        r#""over 15 % down", "target": "all", "priority": 1"#,
        1,
    );
    assert!(serde_json::from_str::<AdjustmentTable>(&text).unwrap().partition().unwrap().overlaps.is_empty());
}

#[test]
fn an_overlap_is_an_error_on_the_day_too() {
    let text = TABLE.replace(r#""amount": 0.5}, "priority": 1"#, r#""amount": 0.5}, "priority": 0"#);
    let table: AdjustmentTable = serde_json::from_str(&text).unwrap();
    assert_eq!(table.partition().unwrap().overlaps.len(), 1);
    assert!(matches!(table.adjust(&state("red", 50.0), &names(), &[0.6, 0.4]), Err(Error::Invalid { .. })));
    assert!(table.adjust(&state("chop", 50.0), &names(), &[0.6, 0.4]).is_ok());
}

#[test]
fn decisions_use_what_was_known() {
    let (monday, friday) = (at(MONDAY), at(FRIDAY));
    let empty = || DecisionState::new(monday);
    assert!(matches!(empty().with_label("week", "red", friday), Err(Error::Invalid { .. })));
    assert!(matches!(empty().with_number("trust", 1.0, friday), Err(Error::Invalid { .. })));
    assert!(empty().with_number("trust", f64::NAN, monday).is_err());
    let mut weeks = DateLabels::new("week");
    weeks.record(date(2024, 1, 8), "red", friday).unwrap();
    let error = empty().with_date_label(&weeks, date(2024, 1, 8)).unwrap_err();
    assert!(matches!(&error, Error::Undefined { reason, .. } if reason.contains("only later")), "{error}");
    assert!(empty().with_date_label(&weeks, date(2024, 1, 9)).unwrap_err().to_string().contains("never"));
    let later = DecisionState::new(friday).with_date_label(&weeks, date(2024, 1, 8)).unwrap();
    assert_eq!((later.label("week"), later.decided_at()), (Some("red"), friday));
    // What a rule looks at has to be there, and in its domain.
    let adjust = |state: DecisionState| table().adjust(&state, &names(), &[0.6, 0.4]);
    assert!(matches!(adjust(empty().with_number("trust", 1.0, monday).unwrap()), Err(Error::Undefined { .. })));
    assert!(matches!(adjust(state("blue", 50.0)), Err(Error::Invalid { .. })));
    assert!(matches!(adjust(state("red", 101.0)), Err(Error::Invalid { .. })));
}

#[test]
fn weights_and_targets_have_to_fit() {
    let state = state("red", 50.0);
    for weights in [vec![0.5], vec![0.5, -0.1], vec![0.5, f64::NAN]] {
        assert!(table().adjust(&state, &names(), &weights).is_err(), "{weights:?}");
    }
    assert!(table().adjust(&state, &names()[1..], &[0.5]).is_err());
    let floor = TABLE.replace(r#""effect": "shift_delta", "amount": -0.05"#, r#""effect": "floor", "amount": 0.2"#);
    let table: AdjustmentTable = serde_json::from_str(&floor).unwrap();
    assert_eq!(table.adjust(&state, &names(), &[0.1, 0.4]).unwrap()[0].after, 0.2);
    let doubt = self::state("red", 5.0);
    assert!(matches!(table.adjust(&doubt, &names(), &[0.1, 0.4]), Err(Error::Invalid { .. })));
}

/// One wrong thing at a time in a good file.
#[test]
fn bad_files_are_refused() {
    for (from, to) in [
        (r#""name": "trust""#, r#""name": "week""#),
        (r#""name": "trust""#, r#""name": " ""#),
        (r#""name": "green""#, r#""name": "red puts""#),
        (r#"["green", "chop", "red"]"#, "[]"),
        (r#"["green", "chop", "red"]"#, r#"["green", "chop", "chop", "red"]"#),
        (r#""any_of": ["green"]"#, r#""any_of": ["blue"]"#),
        (r#""any_of": ["green"]"#, r#""any_of": []"#),
        (r#""any_of": ["green"]"#, r#""any_of": ["green", "green"]"#),
        (r#""axis": "trust", "from": 0.0, "to": 20.0"#, r#""axis": "trust", "from": 20.0, "to": 20.0"#),
        (r#""axis": "trust", "from": 0.0"#, r#""axis": "week", "from": 0.0"#),
        (r#""axis": "trust", "from": 0.0"#, r#""axis": "mood", "from": 0.0"#),
        (r#""label": {"axis": "week""#, r#""label": {"axis": "trust""#),
        (r#""amount": 0.75"#, r#""amount": -0.75"#),
        (r#""amount": -0.05"#, r#""amount": -1.05"#),
        (r#""amount": 0.75"#, r#""amount": null"#),
        (r#""effect": "ceiling""#, r#""effect": "roof""#),
        (r#""target": "all""#, r#""target": "every""#),
        (r#""priority": 1"#, r#""priority": 1.5"#),
        (r#""priority": 1"#, r#""rank": 1"#),
        (
            r#""when": [{"label": {"axis": "week", "any_of": ["green"]}}]"#,
            r#""when": [{"label": {"axis": "week", "any_of": ["green"]}}, {"label": {"axis": "week", "any_of": ["red"]}}]"#,
        ),
    ] {
        let text = TABLE.replacen(from, to, 1);
        assert_ne!(text, TABLE, "{from} is not in the file");
        assert!(serde_json::from_str::<AdjustmentTable>(&text).is_err(), "{to}");
    }
    // The empty table is a table: it changes nothing.
    let empty: AdjustmentTable = serde_json::from_str(r#"{"axes": [], "rules": []}"#).unwrap();
    assert_eq!(empty.adjust(&state("red", 5.0), &names(), &[0.1, 0.4]).unwrap()[1].after, 0.4);
    assert!(empty.partition().unwrap().is_partition() && empty.axes().is_empty() && empty.rules().is_empty());
}
