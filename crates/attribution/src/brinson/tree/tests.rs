use alluse_risk_core::labels::{GroupNode, LabelTable};
use ndarray::array;

use super::*;
use crate::brinson::{BrinsonInput, Grouping};

fn table(classes: &[&str], sectors: &[&str]) -> LabelTable {
    let axis = |labels: &[&str]| labels.iter().map(|l| (!l.is_empty()).then(|| (*l).to_owned())).collect();
    let table = LabelTable::new(classes.len()).with_axis("class", axis(classes)).unwrap();
    table.with_axis("sector", axis(sectors)).unwrap()
}

/// One period, worked by hand: bonds, and stocks in two sectors of which tech holds two securities.
fn by_hand() -> TreeAttribution {
    let table = table(&["bonds", "stocks", "stocks", "stocks"], &["gov", "tech", "tech", "oil"]);
    let root = table.group_by_tree(&["class", "sector"]).unwrap();
    let grouping = Grouping::from_table(&table, "class").unwrap();
    let (w, v) = (array![[0.2, 0.5, 0.1, 0.2]], array![[0.5, 0.15, 0.15, 0.2]]);
    let returns = array![[0.01, 0.10, 0.02, -0.05]];
    let input = BrinsonInput::new(w.view(), v.view(), returns.view(), &grouping).unwrap();
    input.tree(&root, EmptyBenchmark::Portfolio).unwrap()
}

#[test]
fn a_tree_worked_by_hand() {
    let tree = by_hand();
    // Benchmark: bonds 1 %, tech 6 %, oil −5 %, stocks (0.3 × 6 % − 0.2 × 5 %)/0.5 = 1.6 %, total 1.3 %.
    let want = [
        (vec!["bonds"], "class", -0.3 * -0.003, None),
        (vec!["bonds", "gov"], "sector", 0.0, Some(0.0)),
        (vec!["stocks"], "class", 0.3 * 0.003, None),
        // Within stocks: 0.6 of tech against 0.8 × 0.6.
        (vec!["stocks", "tech"], "sector", 0.12 * 0.044, Some(0.052 - 0.6 * 0.06)),
        (vec!["stocks", "oil"], "sector", -0.12 * -0.066, Some(0.0)),
    ];
    assert_eq!(tree.nodes.len(), want.len());
    for (node, (path, axis, allocation, selection)) in tree.nodes.iter().zip(want) {
        assert_eq!(
            (&node.path[..], node.axis.as_str()),
            (&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..], axis)
        );
        assert!((node.allocation[0] - allocation).abs() < 1e-16, "{path:?}: {}", node.allocation[0]);
        assert_eq!(node.selection.is_some(), selection.is_some());
        let got = node.selection.as_ref().map_or(0.0, |s| s[0]);
        assert!((got - selection.unwrap_or(0.0)).abs() < 1e-16, "{path:?}: {got}");
    }
    // Security 1: (0.5 − 0.6 × 0.5)(10 % − 6 %).
    assert!((tree.securities[[0, 1]] - 0.008).abs() < 1e-16 && (tree.securities[[0, 2]] - 0.008).abs() < 1e-16);
    let levels = tree.levels();
    let axes: Vec<_> = levels.iter().map(|level| level.axis.as_deref()).collect();
    assert_eq!(axes, [Some("class"), Some("sector"), None]);
    assert!((levels[0].by_period[0] - 0.0018).abs() < 1e-16);
    assert!(tree.residual()[0].abs() < 1e-16);
    let linked = tree.linked(Linking::Carino).unwrap();
    let first: f64 = linked.nodes.iter().filter(|node| node.parent.is_none()).map(|node| node.total).sum();
    assert!((first - linked.active_return).abs() < 1e-15 && (linked.active_return - 0.031).abs() < 1e-15);
    let text = serde_json::to_string(&(&tree, &linked)).unwrap();
    assert_eq!(serde_json::from_str::<(TreeAttribution, LinkedTree)>(&text).unwrap(), (tree, linked));
}

#[test]
fn each_rule_for_a_group_outside_the_benchmark() {
    let table = table(&["stocks", "gold", "gold"], &["a", "coins", ""]);
    let root = table.group_by_tree(&["class", "sector"]).unwrap();
    let grouping = Grouping::from_table(&table, "class").unwrap();
    let (w, v) = (array![[0.7, 0.1, 0.2]], array![[1.0, 0.0, 0.0]]);
    let returns = array![[0.05, 0.20, 0.02]];
    let input = BrinsonInput::new(w.view(), v.view(), returns.view(), &grouping).unwrap();
    let effects = |empty| {
        let tree = input.tree(&root, empty).unwrap();
        assert!(tree.residual()[0].abs() < 1e-16);
        assert_eq!(tree.nodes[4].path, ["gold", "unlabelled"]);
        tree.levels().iter().map(|level| level.by_period[0]).collect::<Vec<_>>()
    };
    // Active return: 0.1 × 15 % − 0.2 × 3 % = 0.9 %.
    let expect = |got: Vec<f64>, want: [f64; 3]| {
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-16), "{got:?}");
    };
    expect(effects(EmptyBenchmark::Portfolio), [0.009, 0.0, 0.0]);
    expect(effects(EmptyBenchmark::Parent), [0.0, 0.0, 0.009]);
    expect(effects(EmptyBenchmark::Zero), [-0.015, 0.0, 0.024]);
}

#[test]
fn hostile_trees_are_named() {
    let table = table(&["a", "b", "b"], &["x", "y", "z"]);
    let grouping = Grouping::from_table(&table, "class").unwrap();
    let weights = array![[0.5, 0.25, 0.25]];
    let returns = array![[0.1, 0.2, 0.3]];
    let input = BrinsonInput::new(weights.view(), weights.view(), returns.view(), &grouping).unwrap();
    let good = table.group_by_tree(&["class"]).unwrap();
    let refuse = |change: fn(&mut GroupNode)| {
        let mut root = good.clone();
        change(&mut root);
        input.tree(&root, EmptyBenchmark::Parent).unwrap_err().to_string()
    };
    assert!(refuse(|root| root.children[1].rows = vec![1]).contains("security 2 is in no leaf"));
    assert!(refuse(|root| root.children[1].rows = vec![0, 1, 2]).contains("security 0 is in the leaves"));
    assert!(refuse(|root| root.children[1].rows = vec![1, 2, 9]).contains("row 9"));
    assert!(refuse(|root| root.children.clear()).contains("no groups"));
    let broken = array![[0.5, 0.25, f64::NAN]];
    let input = BrinsonInput::new(weights.view(), weights.view(), broken.view(), &grouping).unwrap();
    assert_eq!(
        input.tree(&good, EmptyBenchmark::Parent).unwrap_err().to_string(),
        "returns[0, 2] must be finite, got NaN"
    );
    // Long and short cancel: no benchmark return, but a portfolio return is not needed.
    let hedged = array![[1.0, 0.25, -0.25]];
    let input = BrinsonInput::new(hedged.view(), weights.view(), returns.view(), &grouping).unwrap();
    assert!(input.tree(&good, EmptyBenchmark::Parent).unwrap().residual()[0].abs() < 1e-16);
    let input = BrinsonInput::new(weights.view(), hedged.view(), returns.view(), &grouping).unwrap();
    assert!(input.tree(&good, EmptyBenchmark::Parent).unwrap_err().to_string().contains("[\"b\"] in period 0"));
}
