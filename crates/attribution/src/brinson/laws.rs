//! What holds for every input: the effects add up.

use alluse_risk_core::labels::LabelTable;
use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;

use super::*;

const MODELS: [(Allocation, Interaction); 6] = [
    (Allocation::BrinsonFachler, Interaction::Separate),
    (Allocation::BrinsonFachler, Interaction::WithSelection),
    (Allocation::BrinsonFachler, Interaction::WithAllocation),
    (Allocation::BrinsonHoodBeebower, Interaction::Separate),
    (Allocation::BrinsonHoodBeebower, Interaction::WithSelection),
    (Allocation::BrinsonHoodBeebower, Interaction::WithAllocation),
];
const LINKINGS: [Linking; 4] = [Linking::Carino, Linking::Menchero, Linking::Grap, Linking::Frongello];

/// Effects are of the order of 1 and sum a few dozen terms with 1e-16 each; 1e-12 is what the project promises.
const EXACT: f64 = 1e-12;

/// Weights with shorts and zeros; the last column, cash, takes what is missing from 1.
fn weights(periods: usize, groups: usize) -> impl Strategy<Value = Array2<f64>> {
    let weight = prop_oneof![1 => Just(0.0), 4 => -0.4_f64..0.6];
    prop::collection::vec(weight, periods * groups).prop_map(move |values| {
        let mut weights = Array2::from_shape_vec((periods, groups), values).unwrap();
        for mut row in weights.rows_mut() {
            row[groups - 1] += 1.0 - row.sum();
        }
        weights
    })
}

fn returns(periods: usize, groups: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-0.08_f64..0.1, periods * groups)
        .prop_map(move |values| Array2::from_shape_vec((periods, groups), values).unwrap())
}

fn sectors() -> impl Strategy<Value = SectorData> {
    (1_usize..8, 1_usize..6)
        .prop_flat_map(|(t, s)| (weights(t, s), weights(t, s), returns(t, s), returns(t, s)))
        .prop_map(|(w, v, r, b)| SectorData::new(w.view(), v.view(), r.view(), b.view()).unwrap())
}

/// Weights of portfolio and benchmark, returns, and labels on two axes (the empty label: none).
type Securities = ([Array2<f64>; 3], Vec<[usize; 2]>);

fn securities() -> impl Strategy<Value = Securities> {
    (1_usize..6, 2_usize..12).prop_flat_map(|(t, n)| {
        let labels = prop::collection::vec((0_usize..3, 0_usize..3), n);
        (weights(t, n), weights(t, n), returns(t, n), labels)
            .prop_map(|(w, v, r, labels)| ([w, v, r], labels.into_iter().map(|(a, b)| [a, b]).collect()))
    })
}

fn table(labels: &[[usize; 2]]) -> LabelTable {
    let axis = |k: usize| labels.iter().map(|codes| (codes[k] > 0).then(|| format!("{k}{}", codes[k]))).collect();
    LabelTable::new(labels.len()).with_axis("class", axis(0)).unwrap().with_axis("sector", axis(1)).unwrap()
}

/// Groups whose longs and shorts come within a thousandth of cancelling have returns of any size.
fn well_posed(input: &BrinsonInput<'_>, empty: EmptyGroups) -> Option<SectorData> {
    let data = input.sectors(empty).ok()?;
    let moderate = |matrix: ndarray::ArrayView2<'_, f64>| matrix.iter().all(|r| r.abs() < 10.0);
    (moderate(data.portfolio_returns()) && moderate(data.benchmark_returns())).then_some(data)
}

proptest! {
    #[test]
    fn effects_sum_to_the_active_return(data in sectors()) {
        for (allocation, interaction) in MODELS {
            let effects = data.effects(BrinsonModel { allocation, interaction }).unwrap();
            for (residual, active) in effects.residual().into_iter().zip(effects.active_return()) {
                prop_assert!(residual.abs() <= EXACT, "{residual} of {active}");
            }
            for linking in LINKINGS {
                if let Ok(linked) = effects.link(linking) {
                    prop_assert!(linked.residual().abs() <= EXACT, "{linking:?}: {}", linked.residual());
                } else {
                    // Only a total loss has no logarithm.
                    let ruin = |returns: &[f64]| returns.iter().any(|r| *r <= -1.0);
                    prop_assert!(ruin(&effects.portfolio_return) || ruin(&effects.benchmark_return));
                }
            }
        }
    }

    #[test]
    fn both_allocations_have_one_total(data in sectors()) {
        let fachler = data.effects(BrinsonModel::default()).unwrap().allocation_total();
        let hood = BrinsonModel::default().with_allocation(Allocation::BrinsonHoodBeebower);
        for (one, other) in fachler.iter().zip(data.effects(hood).unwrap().allocation_total()) {
            prop_assert!((one - other).abs() <= EXACT);
        }
    }

    #[test]
    fn frongello_and_grap_differ_in_time_alone(data in sectors()) {
        let effects = data.effects(BrinsonModel::default()).unwrap();
        let (r, b) = (Array1::from(effects.portfolio_return), Array1::from(effects.benchmark_return));
        let grap = link(effects.selection.view(), r.view(), b.view(), Linking::Grap).unwrap();
        let frongello = link(effects.selection.view(), r.view(), b.view(), Linking::Frongello).unwrap();
        for (one, other) in grap.linked.iter().zip(&frongello.linked) {
            prop_assert!((one - other).abs() <= EXACT);
        }
        for (linked, by_period) in [&grap, &frongello].map(|l| (&l.linked, &l.by_period)) {
            for (sum, column) in linked.iter().zip(by_period.axis_iter(Axis(1))) {
                prop_assert!((sum - column.sum()).abs() <= EXACT);
            }
        }
        // A period more leaves Frongello's past as it was.
        let last = r.len() - 1;
        if last > 0 {
            let (selection, _) = effects.selection.view().split_at(Axis(0), last);
            let (r, b) = (r.view().split_at(Axis(0), last).0, b.view().split_at(Axis(0), last).0);
            let past = link(selection, r, b, Linking::Frongello).unwrap();
            prop_assert_eq!(past.by_period.view(), frongello.by_period.view().split_at(Axis(0), last).0);
        }
    }

    #[test]
    fn carino_and_menchero_do_not_see_the_order(data in sectors()) {
        for linking in [Linking::Carino, Linking::Menchero] {
            let Ok(mut forward) = linking.coefficients(data.portfolio_return().into(), data.benchmark_return().into()) else {
                continue;
            };
            let turned = |returns: &[f64]| returns.iter().rev().copied().collect::<Array1<f64>>();
            let (r, b) = (turned(data.portfolio_return()), turned(data.benchmark_return()));
            forward.reverse();
            for (one, other) in forward.iter().zip(linking.coefficients(r.view(), b.view()).unwrap()) {
                // α of Menchero divides by Σ A², which drawn data keep well above its rounding.
                prop_assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{one} {other}");
            }
        }
    }

    #[test]
    fn notional_funds_and_geometric_effects_add_up(data in sectors()) {
        let funds = data.notional_funds(Totals::Weighted).unwrap();
        prop_assert!(funds.residual().abs() <= EXACT);
        if let Ok(effects) = data.geometric(Totals::Weighted) {
            prop_assert!(effects.residual().abs() <= EXACT, "{}", effects.residual());
            let (totals, benchmark) = (data.portfolio_return(), data.benchmark_return());
            for t in 0..data.periods() {
                let excess = (1.0 + totals[t]) / (1.0 + benchmark[t]) - 1.0;
                let effects = (1.0 + effects.allocation_by_period[t]) * (1.0 + effects.selection_by_period[t]) - 1.0;
                prop_assert!((excess - effects).abs() <= EXACT);
            }
        }
    }

    #[test]
    fn securities_in_one_pass_are_sectors_step_by_step((matrices, labels) in securities()) {
        let [w, v, r] = &matrices;
        let table = table(&labels);
        let Ok(grouping) = Grouping::from_table(&table, "class") else { return Ok(()) };
        let input = BrinsonInput::new(w.view(), v.view(), r.view(), &grouping).unwrap();
        for empty in [
            EmptyGroups::default(),
            EmptyGroups { portfolio: EmptyPortfolio::Zero, benchmark: EmptyBenchmark::Zero },
            EmptyGroups { portfolio: EmptyPortfolio::Benchmark, benchmark: EmptyBenchmark::Parent },
        ] {
            let Some(data) = well_posed(&input, empty) else { continue };
            for (t, row) in data.portfolio_return().iter().enumerate() {
                prop_assert!((row - w.row(t).dot(&r.row(t))).abs() <= EXACT);
            }
            for (allocation, interaction) in MODELS {
                for linking in LINKINGS {
                    let model = BrinsonModel { allocation, interaction };
                    let attribution = SecurityAttribution::default();
                    let attribution = attribution.with_model(model).with_linking(linking).with_empty_groups(empty);
                    let Ok(linked) = attribution.linked(&input) else { continue };
                    prop_assert!(linked.residual().abs() <= EXACT, "{}", linked.residual());
                    let steps = data.linked(model, linking).unwrap();
                    prop_assert_eq!(&linked.labels, &steps.labels);
                    for (one, other) in linked.selection.iter().zip(&steps.selection) {
                        prop_assert!((one - other).abs() <= 1e-10);
                    }
                }
            }
        }
    }

    #[test]
    fn trees_add_up_at_every_level((matrices, labels) in securities()) {
        let [w, v, r] = &matrices;
        let table = table(&labels);
        let axes = ["class", "sector"];
        let (Ok(grouping), Ok(root)) = (Grouping::from_table(&table, "class"), table.group_by_tree(&axes)) else {
            return Ok(());
        };
        let input = BrinsonInput::new(w.view(), v.view(), r.view(), &grouping).unwrap();
        for empty in [EmptyBenchmark::Portfolio, EmptyBenchmark::Parent, EmptyBenchmark::Zero] {
            let Ok(tree) = input.tree(&root, empty) else { continue };
            // Nodes whose benchmark weights nearly cancel have large effects that offset each other.
            let size = tree.securities.iter().chain(tree.nodes.iter().flat_map(|node| &node.allocation));
            let scale = size.fold(1.0_f64, |scale, effect| scale.max(effect.abs()));
            if scale > 10.0 {
                continue;
            }
            for residual in tree.residual() {
                prop_assert!(residual.abs() <= EXACT, "{empty:?}: {residual}");
            }
            let leaves = tree.nodes.iter().filter_map(|node| node.selection.as_ref());
            let mut selection = vec![0.0; tree.portfolio_return.len()];
            leaves.for_each(|leaf| selection.iter_mut().zip(leaf).for_each(|(sum, effect)| *sum += effect));
            for (t, (leaf, security)) in selection.iter().zip(tree.securities.sum_axis(Axis(1))).enumerate() {
                prop_assert!((leaf - security).abs() <= EXACT, "period {t}: {leaf} {security}");
            }
            for linking in LINKINGS {
                let Ok(linked) = tree.linked(linking) else { continue };
                prop_assert!(linked.residual().abs() <= EXACT);
                let first: f64 = linked.nodes.iter().filter(|node| node.parent.is_none()).map(|node| node.total).sum();
                prop_assert!((first - linked.active_return).abs() <= EXACT);
            }
        }
    }

    #[test]
    fn a_flat_tree_is_brinson_fachler((matrices, labels) in securities()) {
        let [w, v, r] = &matrices;
        let table = table(&labels);
        let (Ok(grouping), Ok(root)) = (Grouping::from_table(&table, "class"), table.group_by_tree(&["class"])) else {
            return Ok(());
        };
        let input = BrinsonInput::new(w.view(), v.view(), r.view(), &grouping).unwrap();
        let Some(data) = well_posed(&input, EmptyGroups::default()) else { return Ok(()) };
        let effects = data.effects(BrinsonModel::default().with_interaction(Interaction::WithSelection)).unwrap();
        let tree = input.tree(&root, EmptyBenchmark::Portfolio).unwrap();
        for (s, node) in tree.nodes.iter().enumerate() {
            prop_assert_eq!(&node.path[0], &effects.labels[s]);
            for t in 0..data.periods() {
                prop_assert!((node.allocation[t] - effects.allocation[[t, s]]).abs() <= EXACT);
                prop_assert!((node.selection.as_ref().unwrap()[t] - effects.selection[[t, s]]).abs() <= EXACT);
            }
        }
    }

    #[test]
    fn currency_effects_sum_to_the_active_return_with_forwards(
        (data, spot, premium, forwards) in sectors().prop_flat_map(|data| {
            let (t, s) = (data.periods(), data.groups());
            let rates = returns(t + 1, s).prop_map(|moves| moves.mapv(|x| 1.2 + x));
            (Just(data), rates, returns(t + 1, s), [weights(t, s), weights(t, s)])
        })
    ) {
        let forward = &spot * &premium.mapv(|x| 1.0 + x / 10.0);
        let [f, k] = &forwards;
        let hedges = CurrencyHedges::new(f.view(), k.view(), spot.view(), forward.view()).unwrap();
        for residual in data.currency(&hedges).unwrap().residual() {
            prop_assert!(residual.abs() <= EXACT);
        }
        let markets = LocalMarkets::new(data.benchmark_returns(), data.portfolio_returns(), f.view(), k.view()).unwrap();
        for residual in data.karnosky_singer(&markets).unwrap().residual() {
            prop_assert!(residual.abs() <= EXACT);
        }
    }
}
