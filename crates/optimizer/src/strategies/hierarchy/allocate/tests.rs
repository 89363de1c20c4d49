use alluse_risk_core::Frequency;
use alluse_risk_core::streams::Streams;
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::array;
use proptest::prelude::*;

use super::*;
use crate::strategies::performance::PerformanceWeights;

fn leaf(name: &str) -> AllocationNode {
    AllocationNode::leaf(name, AssetId::new(name).unwrap())
}

fn group(name: &str, rule: LevelRule, children: Vec<AllocationNode>) -> AllocationNode {
    AllocationNode::group(name, rule, children)
}

fn plain(account: &HierarchicalAllocation) -> Result<HierarchicalResult> {
    account.allocate(None, None, &RuleBook::default())
}

fn model(volatilities: &[f64], rho: f64) -> RiskModel {
    let n = volatilities.len();
    let entry = |(i, j): (usize, usize)| volatilities[i] * volatilities[j] * if i == j { 1.0 } else { rho };
    RiskModel::from(Covariance::new(Array2::from_shape_fn((n, n), entry)).unwrap())
}

/// Three accounts as a user might have them, with a large technology name in each.
fn accounts() -> AllocationNode {
    let of = |name: &str, a: &str, b: &str| group(name, LevelRule::Equal, vec![leaf(a), leaf(b)]);
    let children = vec![of("GEN", "NVDA", "TSLA"), of("REV", "AAPL", "NVDA"), of("COM", "NVDA", "KO")];
    group("account", LevelRule::Given(vec![0.4, 0.3, 0.3]), children)
}

#[test]
fn without_bounds_the_shares_multiply() {
    let result = plain(&HierarchicalAllocation::new(accounts()).with_budget(0.0, 0.95)).unwrap();
    let weights: Vec<f64> = result.leaves.iter().map(|leaf| leaf.weight).collect();
    for (got, want) in weights.iter().zip([0.19, 0.19, 0.1425, 0.1425, 0.1425, 0.1425]) {
        assert!((got - want).abs() < 1e-12);
    }
    assert!((result.cash - 0.05).abs() < 1e-12);
    assert_eq!(result.leaves[3].path, ["account", "REV", "NVDA"]);
    assert_eq!((result.nodes.len(), result.levels.len()), (10, 4));
    let names: Vec<&str> = result.underlyings.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(names, ["AAPL", "KO", "NVDA", "TSLA"]);
    assert!((result.underlyings[2].weight - 0.475).abs() < 1e-12 && result.underlyings[2].cap.is_none());
}

#[test]
fn a_cap_on_an_underlying_looks_through_all_branches_and_says_so() {
    let keep = |node: AllocationNode, w: f64| node.with_bounds(w, w);
    let NodeContent::Group { rule, children } = accounts().content else { panic!("a group") };
    let children = children.into_iter().zip([0.4, 0.3, 0.3]).map(|(node, w)| keep(node, w)).collect();
    let fixed = group("account", rule, children);
    let capped = HierarchicalAllocation::new(fixed).with_underlying_cap(AssetId::new("NVDA").unwrap(), 0.3);
    let result = plain(&capped).unwrap();
    let of = |name: &str| result.underlyings.iter().find(|u| u.name == name).unwrap();
    assert!((of("NVDA").weight - 0.3).abs() < 1e-10 && of("NVDA").binding == Binding::Upper);
    // Every account keeps its size; inside, NVDA's share falls from 1/2 to 3/10.
    let nvda: Vec<f64> = result.leaves.iter().filter(|l| l.underlying.as_str() == "NVDA").map(|l| l.weight).collect();
    for (got, want) in nvda.iter().zip([0.12, 0.09, 0.09]) {
        assert!((got - want).abs() < 1e-9, "{nvda:?}");
    }
    assert!((result.nodes[1].weight - 0.4).abs() < 1e-10);
    let text = serde_json::to_string(&capped).unwrap();
    assert_eq!(serde_json::from_str::<HierarchicalAllocation>(&text).unwrap(), capped);
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<HierarchicalResult>(&text).unwrap(), result);
}

#[test]
fn contradictions_name_the_bounds() {
    let cap = |limit| HierarchicalAllocation::new(accounts()).with_cluster_cap(limit);
    let all = GroupCap::new("technology", ["NVDA", "TSLA", "AAPL"], 0.2).unwrap();
    let NodeContent::Group { rule, mut children } = accounts().content else { panic!("a group") };
    let ko = children.remove(2).with_bounds(0.0, 0.3);
    children.push(ko);
    let tight = HierarchicalAllocation::new(group("account", rule, children)).with_cluster_cap(all.clone());
    let Err(Error::Infeasible { reason, .. }) = plain(&tight) else { panic!("feasible?") };
    for part in ["account at most 1", "account at least 1", "COM at most 0.3", "technology at most 0.2"] {
        // The account itself stands on its least side only.
        assert_eq!(reason.contains(part), part != "account at most 1", "{reason}");
    }
    // Without the bound on COM everything goes into KO.
    let result = plain(&cap(all)).unwrap();
    assert!((result.clusters[0].weight - 0.2).abs() < 1e-10 && result.clusters[0].binding == Binding::Upper);
    assert!((result.leaves[5].weight - 0.8).abs() < 1e-10);
}

#[test]
fn risk_rules_see_the_composition_below_them() {
    // Uncorrelated: inverse volatility inside, then equal risk between a pair and a single leaf.
    let pair = group("pair", LevelRule::InverseVolatility, vec![leaf("A"), leaf("B")]);
    let root = group("account", LevelRule::EqualRisk, vec![pair, leaf("C")]);
    let risk = model(&[0.1, 0.2, 0.2], 0.0);
    let account = HierarchicalAllocation::new(root);
    let result = account.allocate(Some(&risk), None, &RuleBook::default()).unwrap();
    // A : B = 2 : 1; the pair's volatility is √2 · 0.2/3, so pair : C = 3/√2 : 1.
    let pair = 3.0 / 2.0_f64.sqrt();
    let want = [pair / (1.0 + pair) * 2.0 / 3.0, pair / (1.0 + pair) / 3.0, 1.0 / (1.0 + pair)];
    for (got, want) in result.leaves.iter().zip(want) {
        assert!((got.weight - want).abs() < 1e-9);
    }
    let risk_of = |place: usize| result.nodes[place].risk.unwrap();
    assert!((risk_of(1).of_parent - 0.5).abs() < 1e-8 && (risk_of(4).of_parent - 0.5).abs() < 1e-8);
    let sum = risk_of(2).contribution + risk_of(3).contribution + risk_of(4).contribution;
    assert!((sum - result.volatility.unwrap()).abs() < 1e-15);
    assert_eq!(result.levels[1].volatilities.as_deref(), Some(&[0.1, 0.2][..]));
}

#[test]
fn risk_budgets_are_met_unless_a_bound_moves_them() {
    let child = |name: &str, budget| leaf(name).with_risk_budget(budget);
    let root = |first: AllocationNode| group("account", LevelRule::RiskBudgets, vec![first, child("B", 0.3)]);
    let risk = model(&[0.1, 0.3], 0.4);
    let solve = |root| HierarchicalAllocation::new(root).allocate(Some(&risk), None, &RuleBook::default());
    let free = solve(root(child("A", 0.7))).unwrap();
    let part = free.nodes[1].risk.unwrap();
    assert!((part.of_parent - 0.7).abs() < 1e-8 && part.budget == Some(0.7));
    let bound = solve(root(child("A", 0.7).with_bounds(0.0, 0.5))).unwrap();
    assert_eq!((bound.nodes[1].binding, bound.nodes[2].binding), (Binding::Upper, Binding::Free));
    assert!((bound.nodes[1].weight - 0.5).abs() < 1e-10 && bound.nodes[1].risk.unwrap().of_parent < 0.3);
    assert!(matches!(solve(root(leaf("A"))), Err(Error::Invalid { .. })));
    assert!(matches!(solve(root(child("A", 0.5))), Err(Error::Invalid { .. })));
}

#[derive(Debug)]
struct Halves;

impl ShareRule for Halves {
    fn shares(&self, level: &LevelInputs<'_>) -> Result<Vec<f64>> {
        Ok((1..=level.children.len()).map(|i| 0.5_f64.powi(i as i32)).collect())
    }
}

use super::super::rule::ShareRule;

#[test]
fn rules_of_the_callers_own_and_performance() {
    let root = group("account", LevelRule::Named("halves".into()), vec![leaf("A"), leaf("B")]);
    let account = HierarchicalAllocation::new(root).with_budget(0.0, 1.0);
    let book = RuleBook::default().with_rule("halves", Halves);
    let result = account.allocate(None, None, &book).unwrap();
    assert_eq!((result.leaves[0].weight, result.leaves[1].weight, result.cash), (0.5, 0.25, 0.25));
    assert!(plain(&account).is_err());

    let z = Streams::new(2).standard_normals(1_000, 3);
    let column = |c: usize, lift: f64| z.column(c).iter().map(|x| Some(lift + 0.01 * x)).collect::<Vec<_>>();
    let dates = (0..1_000).map(|i| date(2020, 1, 1) + i64::from(i).days()).collect();
    let columns = vec![column(0, 0.003), column(1, 0.003), column(2, 0.0)];
    let returns = StrategyReturns::new(dates, Universe::named(["A", "B", "C"]).unwrap(), columns).unwrap();
    let rule = LevelRule::Performance(PerformanceWeights::new(Frequency::Daily));
    let tree = group("account", rule, vec![group("pair", LevelRule::Equal, vec![leaf("A"), leaf("B")]), leaf("C")]);
    let account = HierarchicalAllocation::new(tree);
    let result = account.allocate(None, Some(&returns), &RuleBook::default()).unwrap();
    assert!(result.nodes[1].weight > 0.9 && (result.leaves[0].weight - result.leaves[1].weight).abs() < 1e-12);
    assert!(matches!(plain(&account), Err(Error::Invalid { .. })));
}

#[test]
fn bad_trees_are_refused() {
    let bad = [
        group("account", LevelRule::Equal, vec![]),
        group(" ", LevelRule::Equal, vec![leaf("A")]),
        group("account", LevelRule::Equal, vec![leaf("A"), leaf("A")]),
        group("account", LevelRule::Equal, vec![leaf("A").with_bounds(0.5, 0.4)]),
        group("account", LevelRule::Equal, vec![leaf("A").with_bounds(f64::NAN, 1.0)]),
        group("account", LevelRule::Equal, vec![leaf("A").with_risk_budget(0.0)]),
        group("account", LevelRule::Given(vec![0.7, 0.7]), vec![leaf("A"), leaf("B")]),
        group("account", LevelRule::Given(vec![-0.1, 0.7]), vec![leaf("A"), leaf("B")]),
        group("account", LevelRule::InverseVolatility, vec![leaf("A")]),
    ];
    for tree in bad {
        let error = plain(&HierarchicalAllocation::new(tree.clone())).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{tree:?}: {error}");
    }
    let account = HierarchicalAllocation::new(accounts());
    assert!(plain(&account.clone().with_budget(0.5, 0.4)).is_err());
    assert!(plain(&account.clone().with_underlying_cap(AssetId::new("XYZ").unwrap(), 0.1)).is_err());
    assert!(plain(&account.clone().with_underlying_cap(AssetId::new("KO").unwrap(), f64::NAN)).is_err());
    assert!(plain(&account.clone().with_cluster_cap(GroupCap::new("c", ["XYZ"], 0.1).unwrap())).is_err());
    assert!(account.allocate(Some(&model(&[0.1; 2], 0.0)), None, &RuleBook::default()).is_err());
    let still = RiskModel::from(Covariance::new(array![[0.0, 0.0], [0.0, 0.1]]).unwrap());
    let root = group("account", LevelRule::InverseVolatility, vec![leaf("A"), leaf("B")]);
    let got = HierarchicalAllocation::new(root).allocate(Some(&still), None, &RuleBook::default());
    assert!(matches!(got, Err(Error::Undefined { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nodes_are_the_sums_of_their_children_and_keep_their_bounds(
        shares in prop::collection::vec(0.05_f64..1.0, 3), cap in 0.2_f64..0.6, upper in 0.3_f64..0.9,
    ) {
        let total: f64 = shares.iter().sum();
        let shares: Vec<f64> = shares.iter().map(|s| s / total).collect();
        let NodeContent::Group { mut children, .. } = accounts().content else { panic!("a group") };
        let first = children.remove(0).with_bounds(0.1, upper);
        children.insert(0, first);
        let root = group("account", LevelRule::Given(shares), children);
        let nvda = AssetId::new("NVDA").unwrap();
        let result = plain(&HierarchicalAllocation::new(root).with_underlying_cap(nvda, cap)).unwrap();
        for (place, node) in result.nodes.iter().enumerate() {
            prop_assert!(node.weight >= node.bounds.0 - 1e-9 && node.weight <= node.bounds.1 + 1e-9);
            let below = result.nodes[place + 1..].iter()
                .filter(|n| n.path.len() == node.path.len() + 1 && n.path.starts_with(&node.path));
            let sum: f64 = below.map(|n| n.weight).sum();
            prop_assert!(node.path.len() == 3 || (sum - node.weight).abs() < 1e-12);
        }
        prop_assert!(result.underlyings[2].weight <= cap + 1e-9);
        let through: f64 = result.underlyings.iter().map(|u| u.weight).sum();
        prop_assert!((through + result.cash - 1.0).abs() < 1e-12);
    }
}
