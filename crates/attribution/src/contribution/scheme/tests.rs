use proptest::prelude::*;

use super::*;

/// The tree of a weekly option seller as it is often drawn: by what is held and how far the share moved.
fn tree() -> LabelScheme {
    let put = |label: &str, range| LabelRule::new(label).is("holding", "put").range("move", range);
    let call = |label: &str, range| LabelRule::new(label).is("holding", "call").range("move", range);
    LabelScheme::new(
        "week_type",
        vec![Variable::category("holding", ["put", "call"]), Variable::number("move", Range::at_least(-1.0))],
        vec![
            put("expires worthless", Range::closed(0.0, 0.10)),
            put("assigned within limit", Range::from_to(-0.05, 0.0)),
            put("assigned over limit", Range::below(-0.05)),
            put("deep drawdown", Range::below(-0.15)),
            call("profit, not called", Range::closed(0.0, 0.05)),
            call("called away", Range::after_to(0.05, 0.10)),
            call("rolled", Range::from_to(-0.05, 0.0)),
            call("recovering", Range::from_to(-0.15, -0.05)),
        ],
    )
    .unwrap()
}

#[test]
fn a_published_tree_has_two_gaps_and_an_overlap() {
    let check = tree().check().unwrap();
    let gaps: Vec<String> = check.gaps.iter().map(Region::to_string).collect();
    assert_eq!(gaps, ["holding in {put, call}, move in (0.1, ∞)", "holding in {call}, move in [-1, -0.15)"]);
    assert_eq!(check.overlaps.len(), 1);
    assert_eq!(check.overlaps[0].region.to_string(), "holding in {put}, move in [-1, -0.15)");
    assert_eq!(check.overlaps[0].labels, ["assigned over limit", "deep drawdown"]);
    assert!(!check.is_total() && !check.is_exclusive());
    let error = tree().require_partition().unwrap_err().to_string();
    assert!(error.contains("nothing labels") && error.contains("deep drawdown all label"), "{error}");
}

#[test]
fn observations_get_one_label_none_or_an_error() {
    let tree = tree();
    let at = |holding: &str, change| tree.assign(&[Value::Category(holding.into()), Value::Number(change)]);
    assert_eq!(at("put", 0.02), Ok(Some("expires worthless")));
    assert_eq!(at("put", -0.05), Ok(Some("assigned within limit")));
    assert_eq!(at("call", 0.2), Ok(None));
    assert!(at("put", -0.2).unwrap_err().to_string().contains("both hold"));
    for refused in [at("share", 0.0), at("put", -1.1), at("put", f64::NAN), tree.assign(&[Value::Number(1.0)])] {
        assert!(refused.is_err());
    }
}

#[test]
fn a_single_missing_point_is_found() {
    let rules =
        vec![LabelRule::new("down").range("x", Range::below(0.0)), LabelRule::new("up").range("x", Range::above(0.0))];
    let scheme = LabelScheme::new("sign", vec![Variable::number("x", Range::ALL)], rules.clone()).unwrap();
    assert_eq!(scheme.check().unwrap().gaps[0].to_string(), "x in {0}");
    let mut rules = rules;
    rules[1].conditions = vec![Condition::In { variable: "x".into(), range: Range::at_least(0.0) }];
    let scheme = LabelScheme::new("sign", vec![Variable::number("x", Range::ALL)], rules).unwrap();
    assert!(scheme.require_partition().is_ok());
    let text = serde_json::to_string(&scheme).unwrap();
    assert_eq!(serde_json::from_str::<LabelScheme>(&text).unwrap(), scheme);
    assert!(serde_json::from_str::<LabelScheme>(&text.replace("\"up\"", "\" \"")).is_err());
}

#[test]
fn hostile_schemes() {
    let number = || vec![Variable::number("x", Range::ALL)];
    let rule = |range| vec![LabelRule::new("a").range("x", range)];
    let refused = |variables, rules| LabelScheme::new("axis", variables, rules).unwrap_err().to_string();
    assert!(refused(vec![], rule(Range::ALL)).contains("variables"));
    assert!(refused(number(), vec![]).contains("rules"));
    assert!(refused([number(), number()].concat(), rule(Range::ALL)).contains("twice"));
    assert!(refused(number(), rule(Range::closed(1.0, 0.0))).contains("[1, 0]"));
    assert!(refused(number(), rule(Range::from_to(1.0, 1.0))).contains("holds nothing"));
    assert!(refused(number(), rule(Range::above(f64::NAN))).contains("not finite"));
    assert!(refused(number(), vec![LabelRule::new("a").range("y", Range::ALL)]).contains("\"y\""));
    assert!(refused(number(), vec![LabelRule::new("a").is("x", "w")]).contains("wrong kind"));
    assert!(refused(number(), vec![LabelRule::new("unlabelled")]).contains("reserved"));
    let words = || vec![Variable::category("w", ["a", "b"])];
    assert!(refused(words(), vec![LabelRule::new("a").is("w", "c")]).contains("\"c\""));
    assert!(refused(vec![Variable::category("w", ["a", "a"])], vec![LabelRule::new("a")]).contains("repeat"));
    // Ten variables with two cuts each are five pieces to the tenth power.
    let many: Vec<Variable> = (0..10).map(|i| Variable::number(format!("v{i}"), Range::ALL)).collect();
    let rule = (0..10).fold(LabelRule::new("a"), |rule, i| rule.range(format!("v{i}"), Range::closed(0.0, 1.0)));
    let scheme = LabelScheme::new("axis", many, vec![rule]).unwrap();
    assert!(matches!(scheme.check(), Err(Error::Unsupported { .. })));
}

proptest! {
    /// What the check says of the whole domain holds at every point that `assign` looks at.
    #[test]
    fn regions_agree_with_single_observations(
        rules in prop::collection::vec((0_usize..3, -4_i32..4, 0_i32..4, -4_i32..4, 0_i32..4), 1..6),
        points in prop::collection::vec((-12_i32..12, -12_i32..12), 40),
    ) {
        let labels = ["a", "b", "c"];
        let rule = |&(label, x, dx, y, dy): &(usize, i32, i32, i32, i32)| {
            LabelRule::new(labels[label])
                .range("x", Range::closed(f64::from(x), f64::from(x + dx)))
                .range("y", Range::from_to(f64::from(y), f64::from(y + dy + 1)))
        };
        let variables = vec![Variable::number("x", Range::ALL), Variable::number("y", Range::ALL)];
        let scheme = LabelScheme::new("axis", variables, rules.iter().map(rule).collect()).unwrap();
        let check = scheme.check().unwrap();
        for (x, y) in points {
            // Halves: on the ends and between them.
            let (x, y) = (f64::from(x) / 2.0, f64::from(y) / 2.0);
            let inside = |region: &Region| region.pieces.iter().zip([x, y]).all(|((_, piece), value)| {
                matches!(piece, Piece::Range(range) if range.contains(value))
            });
            let gaps = check.gaps.iter().filter(|gap| inside(gap)).count();
            let overlaps = check.overlaps.iter().filter(|overlap| inside(&overlap.region)).count();
            let want = match scheme.assign(&[Value::Number(x), Value::Number(y)]) {
                Ok(Some(_)) => (0, 0),
                Ok(None) => (1, 0),
                Err(_) => (0, 1),
            };
            prop_assert_eq!((gaps, overlaps), want);
        }
    }
}
