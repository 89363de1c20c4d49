//! The parts of VaR and ES on a cube.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may fail by panicking; exact numbers are compared")]

use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::measures::{Bootstrap, LossSample, QuantileRule};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{
    Confidence, Coverage, Error as CoreError, ErrorKind, Horizon, Measure, Ordering, RowId, ScenarioId, ScenarioPnl,
    ScenarioPnlParts, Unvalued,
};
use alluse_var_models::{Decomposition, Error, LinearBook, VarAllocation, contributions};
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;

const ALLOCATIONS: [VarAllocation; 4] = [
    VarAllocation::Kernel,
    VarAllocation::NearestScenarios { count: 25 },
    VarAllocation::NearestScenarios { count: 1 },
    VarAllocation::VarScenario,
];

fn cube_of(values: Array2<f64>, probabilities: Option<Array1<f64>>, ordering: Ordering) -> ScenarioPnl {
    let (rows, scenarios) = values.dim();
    let desks =
        (0..=rows).map(|row| (row != 1).then(|| if row % 2 == 0 { "even" } else { "odd" }.to_owned())).collect();
    let kinds = (0..=rows).map(|row| Some(if row == rows { "lost" } else { "kept" }.to_owned())).collect();
    let labels = LabelTable::new(rows + 1).with_axis("desk", desks).unwrap().with_axis("kind", kinds).unwrap();
    ScenarioPnl::new(ScenarioPnlParts {
        rows: (0..rows).map(|row| RowId::new(format!("p{row}")).unwrap()).collect(),
        values,
        row_coverage: (0..rows).map(|row| Coverage::complete(1, 100.0 * row as f64)).collect(),
        unvalued: vec![Unvalued {
            row: RowId::new("ghost").unwrap(),
            kind: ErrorKind::InsufficientData,
            reason: "no price".to_owned(),
            coverage: Coverage::missing(1, Some(50.0)),
        }],
        labels,
        probabilities,
        ids: (0..scenarios).map(|s| ScenarioId::new(format!("s{s}")).unwrap()).collect(),
        ordering,
        overlap: 1,
        horizon: Horizon::DAY,
        assumptions: Vec::new(),
    })
    .unwrap()
}

fn cube(values: Array2<f64>) -> ScenarioPnl {
    cube_of(values, None, Ordering::Exchangeable)
}

/// Four correlated rows, the third a hedge and the last worthless, over `scenarios` draws.
fn draws(scenarios: usize) -> Array2<f64> {
    let normals = Streams::new(11).standard_normals(3, scenarios);
    let (market, own, other) = (normals.row(0), normals.row(1), normals.row(2));
    let mut values = Array2::zeros((4, scenarios));
    values.row_mut(0).assign(&(&market * 3.0 + own));
    values.row_mut(1).assign(&(&market + &other.mapv(|x| x - 0.3 * x * x)));
    values.row_mut(2).assign(&(&market * -1.5 + &own * 0.5));
    values
}

fn shortfall(confidence: Confidence) -> Measure {
    Measure::ExpectedShortfall { confidence }
}

fn quantile(confidence: Confidence, rule: Option<QuantileRule>) -> Measure {
    Measure::ValueAtRisk { confidence, rule }
}

fn level(level: f64) -> Confidence {
    Confidence::new(level).unwrap()
}

fn close(got: f64, want: f64, relative: f64) {
    assert!((got - want).abs() <= relative * want.abs().max(1e-300), "got {got}, want {want}");
}

fn components(split: &Decomposition) -> Vec<f64> {
    split.contributions.iter().map(|c| c.component).collect()
}

#[test]
fn parts_add_up_under_every_allocation_and_axis() {
    let weights = Array1::from_shape_fn(400, |s| (1.0 + (s % 7) as f64) / 1_597.0);
    let total: f64 = weights.sum();
    for probabilities in [None, Some(weights / total)] {
        let pnl = cube_of(draws(400), probabilities, Ordering::Exchangeable);
        for axis in [None, Some("desk"), Some("kind")] {
            for allocation in ALLOCATIONS {
                for measure in [
                    shortfall(Confidence::P99),
                    shortfall(level(0.953)),
                    quantile(Confidence::P99, None),
                    quantile(level(0.953), Some(QuantileRule::UpperLoss)),
                ] {
                    let split = contributions(&pnl, &measure, axis, allocation).unwrap();
                    let sum: f64 = components(&split).iter().sum();
                    close(sum, split.total.value, 1e-12);
                    assert!(split.residual.abs() <= 1e-12 * split.total.value);
                    let alone: f64 = split.contributions.iter().map(|c| c.standalone).sum();
                    close(split.diversification_benefit, alone - split.total.value, 1e-12);
                    assert_eq!(split.axis.as_deref(), axis);
                    assert!(split.total.value > 0.0);
                }
            }
        }
    }
}

#[test]
fn shortfall_parts_are_tail_means_by_brute_force() {
    let values = draws(250);
    let pnl = cube(values.clone());
    for (confidence, whole, part) in [(0.98, 5, 0.0), (0.97, 7, 0.5)] {
        let split = contributions(&pnl, &shortfall(level(confidence)), None, VarAllocation::default()).unwrap();
        let book = values.sum_axis(Axis(0));
        let mut worst: Vec<usize> = (0..250).collect();
        worst.sort_by(|a, b| book[*a].total_cmp(&book[*b]));
        for (row, contribution) in split.contributions.iter().enumerate() {
            let mut loss: f64 = worst[..whole].iter().map(|s| -values[[row, *s]]).sum();
            loss -= part * values[[row, worst[whole]]];
            assert!((contribution.component - loss / (whole as f64 + part)).abs() < 1e-12);
        }
        assert_eq!(split.raw_sum, components(&split).iter().sum::<f64>());
    }
}

#[test]
fn shortfall_parts_are_derivatives() {
    let values = draws(500);
    let confidence = level(0.965);
    let of = |values: Array2<f64>| cube(values).losses().unwrap().expected_shortfall(confidence).unwrap().value;
    let split = contributions(&cube(values.clone()), &shortfall(confidence), None, VarAllocation::default()).unwrap();
    for (row, contribution) in split.contributions.iter().enumerate() {
        let bumped = |factor: f64| {
            let mut values = values.clone();
            values.row_mut(row).mapv_inplace(|gain| gain * factor);
            of(values)
        };
        // The tail keeps its scenarios under so small a bump, so ES is linear in it.
        let slope = (bumped(1.0 + 1e-6) - bumped(1.0 - 1e-6)) / 2e-6;
        assert!((contribution.component - slope).abs() < 1e-7, "{row}: {} {slope}", contribution.component);
    }
}

#[test]
fn standalone_and_incremental_are_recomputed() {
    let values = draws(300);
    let pnl = cube(values.clone());
    for measure in [shortfall(level(0.95)), quantile(level(0.95), Some(QuantileRule::Higher))] {
        let ask = |gains: Array1<f64>| {
            let sample = LossSample::new(-gains).unwrap().with_quantile_rule(QuantileRule::Higher);
            match measure {
                Measure::ValueAtRisk { confidence, .. } => sample.value_at_risk(confidence),
                _ => sample.expected_shortfall(level(0.95)),
            }
            .unwrap()
            .value
        };
        let split = contributions(&pnl, &measure, None, VarAllocation::VarScenario).unwrap();
        for (row, contribution) in split.contributions.iter().enumerate() {
            assert_eq!(contribution.standalone, ask(values.row(row).to_owned()));
            let mut rest = values.clone();
            rest.row_mut(row).fill(0.0);
            let without = ask(rest.sum_axis(Axis(0)));
            assert!((contribution.incremental - (split.total.value - without)).abs() < 1e-12);
        }
    }
}

#[test]
fn worthless_and_unvalued_rows_stay() {
    let split = contributions(&cube(draws(200)), &shortfall(level(0.9)), None, VarAllocation::default()).unwrap();
    let zero = &split.contributions[3];
    assert_eq!((zero.component, zero.standalone, zero.incremental), (0.0, 0.0, 0.0));
    assert!(zero.component.is_sign_positive());
    assert_eq!(zero.standard_error, Some(0.0));
    assert_eq!(split.unvalued[0].row, RowId::new("ghost").unwrap());
    assert_eq!(split.total.coverage.positions, 5);
    assert_eq!(split.total.coverage.positions_valued, 4);
    // Row 0 has no notional; the others have 100 each time their number.
    assert_eq!(split.contributions[0].marginal, None);
    close(split.contributions[2].marginal.unwrap(), split.contributions[2].component / 200.0, 1e-15);
    let by_kind =
        contributions(&cube(draws(200)), &shortfall(level(0.9)), Some("kind"), VarAllocation::default()).unwrap();
    assert_eq!(by_kind.contributions.len(), 1);
    assert_eq!(by_kind.unvalued[0].row, RowId::new("lost").unwrap());
}

#[test]
fn labels_collect_the_parts_of_their_rows() {
    let pnl = cube(draws(300));
    let rows = contributions(&pnl, &shortfall(level(0.95)), None, VarAllocation::default()).unwrap();
    let desks = contributions(&pnl, &shortfall(level(0.95)), Some("desk"), VarAllocation::default()).unwrap();
    let part = |name: &str| desks.contributions.iter().find(|c| c.row.as_str() == name).unwrap().component;
    let parts = components(&rows);
    close(part("even"), parts[0] + parts[2], 1e-12);
    close(part("unlabelled"), parts[1], 1e-12);
    assert_eq!(rows.total.value, desks.total.value);
}

#[test]
fn scenarios_with_probability_two_count_twice() {
    let once = array![[-5.0, 1.0, -3.0, 2.0], [-1.0, 2.0, -4.0, 0.5]];
    let twice = array![[-5.0, 1.0, -3.0, -3.0, 2.0], [-1.0, 2.0, -4.0, -4.0, 0.5]];
    let weighted = cube_of(once, Some(array![0.2, 0.2, 0.4, 0.2]), Ordering::Exchangeable);
    let repeated = cube(twice);
    let measure = quantile(level(0.7), Some(QuantileRule::LowerLoss));
    for measure in [&shortfall(level(0.5)), &measure] {
        for allocation in [VarAllocation::VarScenario, VarAllocation::NearestScenarios { count: 1 }] {
            let (a, b) = (
                contributions(&weighted, measure, None, allocation),
                contributions(&repeated, measure, None, allocation),
            );
            for (a, b) in components(&a.unwrap()).into_iter().zip(components(&b.unwrap())) {
                close(a, b, 1e-12);
            }
        }
    }
}

#[test]
fn impossible_scenarios_have_no_say() {
    let values = draws(60);
    let mut with = Array2::zeros((4, 61));
    for (mut wide, narrow) in with.rows_mut().into_iter().zip(values.rows()) {
        wide.iter_mut().zip(narrow.iter()).for_each(|(w, n)| *w = *n);
    }
    // A catastrophe that cannot happen.
    with.column_mut(60).fill(-1e6);
    let mut probabilities = Array1::from_elem(61, 1.0 / 60.0);
    probabilities[60] = 0.0;
    let with = cube_of(with, Some(probabilities), Ordering::Exchangeable);
    let without = cube_of(values, Some(Array1::from_elem(60, 1.0 / 60.0)), Ordering::Exchangeable);
    for allocation in
        [VarAllocation::Kernel, VarAllocation::NearestScenarios { count: 200 }, VarAllocation::VarScenario]
    {
        let measure = quantile(level(0.9), Some(QuantileRule::LowerLoss));
        let a = contributions(&with, &measure, None, allocation).unwrap();
        let b = contributions(&without, &measure, None, allocation).unwrap();
        for (a, b) in components(&a).into_iter().zip(components(&b)) {
            assert!((a - b).abs() < 1e-12, "{allocation:?}: {a} {b}");
        }
    }
}

#[test]
fn order_of_rows_does_not_matter() {
    let values = draws(300);
    let turned = values.select(Axis(0), &[2, 0, 3, 1]);
    for measure in [shortfall(level(0.95)), quantile(level(0.95), None)] {
        let a = components(&contributions(&cube(values.clone()), &measure, None, VarAllocation::Kernel).unwrap());
        let b = components(&contributions(&cube(turned.clone()), &measure, None, VarAllocation::Kernel).unwrap());
        for (place, row) in [2, 0, 3, 1].into_iter().enumerate() {
            assert!((a[row] - b[place]).abs() < 1e-12);
        }
    }
}

#[test]
fn standard_errors_are_those_of_a_bootstrap() {
    let values = draws(2_000);
    let confidence = level(0.95);
    let split = contributions(&cube(values.clone()), &shortfall(confidence), None, VarAllocation::default()).unwrap();
    // A sample of positions: each resample looks up the whole scenario.
    let positions = LossSample::new(Array1::from_shape_fn(2_000, |s| s as f64)).unwrap();
    for row in 0..3 {
        let statistic = |drawn: &LossSample| {
            let picked: Vec<usize> = drawn.losses().iter().map(|s| *s as usize).collect();
            let book = values.select(Axis(1), &picked).sum_axis(Axis(0));
            let sample = LossSample::new(-&book)?;
            Ok(sample.tail_weights(confidence).iter().map(|(s, w)| -w * values[[row, picked[*s]]]).sum())
        };
        let bootstrap = positions.bootstrap(&Bootstrap::new(5).with_replicates(400), statistic).unwrap().standard_error;
        let stated = split.contributions[row].standard_error.unwrap();
        assert!((stated / bootstrap - 1.0).abs() < 0.25, "{row}: {stated} against {bootstrap}");
    }
    // Two losses in the tail are the fewest that say something about a spread.
    let error = |n: usize| {
        let split = contributions(&cube(draws(n)), &shortfall(level(0.75)), None, VarAllocation::default()).unwrap();
        split.contributions[0].standard_error
    };
    assert!(error(8).is_some() && error(7).is_none());
    let var = contributions(&cube(draws(90)), &quantile(level(0.95), None), None, VarAllocation::default()).unwrap();
    assert_eq!(var.contributions[0].standard_error, None);
}

#[test]
fn twenty_five_nearest_are_twelve_on_each_side() {
    // The book loses s in scenario s; the first row loses 100 in the scenarios of interest only.
    let book = |from: usize, to: usize| {
        let mark = Array1::from_shape_fn(200, |s| if (from..=to).contains(&s) { -100.0 } else { 0.0 });
        let rest = Array1::from_shape_fn(200, |s| -(s as f64)) - &mark;
        cube(ndarray::stack(Axis(0), &[mark.view(), rest.view()]).unwrap())
    };
    // 95 % of 200: the 190th smallest loss, scenario 189.
    let measure = quantile(level(0.95), Some(QuantileRule::LowerLoss));
    let raw = |from, to| {
        let allocation = VarAllocation::NearestScenarios { count: 25 };
        let split = contributions(&book(from, to), &measure, None, allocation).unwrap();
        assert_eq!(split.total.value, 189.0);
        split.contributions[0].component * split.raw_sum / split.total.value
    };
    // Scenarios 177 to 199, cut at the end of the sample: 23 of them.
    close(raw(177, 199), 100.0, 1e-12);
    close(raw(178, 199), 100.0 * 22.0 / 23.0, 1e-12);
    let measure = quantile(level(0.75), Some(QuantileRule::LowerLoss));
    let raw = |from, to| {
        let allocation = VarAllocation::NearestScenarios { count: 25 };
        let split = contributions(&book(from, to), &measure, None, allocation).unwrap();
        assert_eq!(split.total.value, 149.0);
        split.contributions[0].component * split.raw_sum / split.total.value
    };
    close(raw(137, 161), 100.0, 1e-12);
    close(raw(138, 161), 96.0, 1e-12);
    close(raw(137, 160), 96.0, 1e-12);
}

#[test]
fn the_kernel_weighs_by_distance() {
    // Gaussian weights worked out with NumPy for the losses 1, 2, 3, 4, 5 (sd √2; quartiles 2 and 4) around 4:
    // h = 0.9·min(√2, 2/1.34)·5^(−1/5).
    let split = contributions(
        &cube(array![[-1.0, -2.0, -3.0, -4.0, -5.0], [0.0, 0.0, 0.0, 0.0, 0.0]]),
        &quantile(level(0.75), None),
        None,
        VarAllocation::Kernel,
    )
    .unwrap();
    assert_eq!(split.total.value, 4.0);
    close(split.raw_sum, 3.906_926_219_861_523_6, 1e-12);
}

#[test]
fn what_cannot_be_split_is_refused() {
    let pnl = cube(draws(100));
    let split = |pnl: &ScenarioPnl, measure: Measure, axis, allocation| {
        contributions(pnl, &measure, axis, allocation).unwrap_err()
    };
    let kernel = VarAllocation::Kernel;
    let error = split(&pnl, Measure::WorstLoss, None, kernel);
    assert!(matches!(error, Error::NotDecomposable { .. }) && error.kind() == ErrorKind::Unsupported);
    let error = split(&pnl, shortfall(Confidence::P95), Some("colour"), kernel);
    assert!(matches!(error, Error::Input(CoreError::Unknown { .. })));
    let named = cube_of(draws(100), None, Ordering::Named);
    let error = split(&named, shortfall(Confidence::P95), None, kernel);
    assert!(matches!(error, Error::Input(CoreError::Undefined { .. })));
    let none = VarAllocation::NearestScenarios { count: 0 };
    let error = split(&pnl, quantile(Confidence::P95, None), None, none);
    assert!(matches!(error, Error::Input(CoreError::OutOfDomain { .. })));
    let empty = cube(Array2::zeros((0, 100)));
    let error = split(&empty, shortfall(Confidence::P95), None, kernel);
    assert!(matches!(error, Error::Input(CoreError::Undefined { .. })));
    // The VaR is a small gain while its neighbours lose much: no positive factor makes one of the other.
    let crossing = cube(array![[0.5, -9.0, -9.5, 1.0, 2.0, 3.0]]);
    let nearest = VarAllocation::NearestScenarios { count: 3 };
    let error = split(&crossing, quantile(level(0.6), Some(QuantileRule::LowerLoss)), None, nearest);
    assert!(matches!(error, Error::Input(CoreError::Undefined { name: "VaR components", .. })));
}

#[test]
fn a_flat_book_splits_into_nothing() {
    for allocation in ALLOCATIONS {
        let split =
            contributions(&cube(Array2::zeros((2, 50))), &quantile(level(0.9), None), None, allocation).unwrap();
        assert_eq!(components(&split), [0.0, 0.0]);
    }
}

#[test]
fn one_scenario_is_its_own_tail() {
    for measure in [shortfall(Confidence::P99), quantile(Confidence::P99, None)] {
        for allocation in ALLOCATIONS {
            let split = contributions(&cube(array![[-3.0], [1.0]]), &measure, None, allocation).unwrap();
            assert_eq!(components(&split), [3.0, -1.0]);
        }
    }
}

#[test]
fn a_decomposition_survives_storage() {
    let split =
        contributions(&cube(draws(60)), &shortfall(level(0.9)), Some("desk"), VarAllocation::default()).unwrap();
    let text = serde_json::to_string(&split).unwrap();
    let back: Decomposition = serde_json::from_str(&text).unwrap();
    assert_eq!(back.contributions.len(), split.contributions.len());
    close(back.total.value, split.total.value, 1e-15);
    let allocation = VarAllocation::NearestScenarios { count: 25 };
    assert_eq!(serde_json::to_string(&allocation).unwrap(), r#"{"nearest_scenarios":{"count":25}}"#);
}

prop_compose! {
    fn books()(scenarios in 4_usize..40, assets in 1_usize..5)(
        returns in proptest::collection::vec(-0.2_f64..0.2, scenarios * assets),
        exposures in proptest::collection::vec(-1e3_f64..1e3, assets),
        shape in Just((scenarios, assets)),
    ) -> (Array2<f64>, Array1<f64>) {
        (Array2::from_shape_vec(shape, returns).unwrap(), exposures.into())
    }
}

proptest! {
    #[test]
    fn a_linear_book_is_its_cube((returns, exposures) in books(), c in 0.5_f64..0.99) {
        let c = level(c);
        let linear = LinearBook::new(returns.view(), exposures.view()).unwrap();
        let pnl = cube((&returns * &exposures).reversed_axes());
        let scale = exposures.iter().map(|x| 0.2 * x.abs()).sum::<f64>() + 1e-300;
        let by_line = linear.expected_shortfall(c).unwrap();
        let by_cube = contributions(&pnl, &shortfall(c), None, VarAllocation::default()).unwrap();
        for (a, b) in by_line.components.iter().zip(components(&by_cube)) {
            prop_assert!((a - b).abs() <= 1e-12 * scale);
        }
        prop_assert!((by_line.total.value - by_cube.total.value).abs() <= 1e-12 * scale);
        for allocation in [VarAllocation::VarScenario, VarAllocation::Kernel] {
            let measure = quantile(c, None);
            let by_line = linear.value_at_risk(&measure, allocation);
            let by_cube = contributions(&pnl, &measure, None, allocation);
            let (Ok(by_line), Ok(by_cube)) = (by_line, by_cube) else { continue };
            // Scaling divides by the raw sum and so carries its rounding.
            let room = 1e-12 * scale * (1.0 + (scale / by_cube.raw_sum.abs()).powi(2));
            for (a, b) in by_line.components.iter().zip(components(&by_cube)) {
                prop_assert!((a - b).abs() <= room, "{allocation:?} {a} {b}");
            }
        }
    }

    #[test]
    fn shortfall_is_coherent((returns, exposures) in books(), c in 0.5_f64..0.99, factor in 0.1_f64..10.0) {
        let c = level(c);
        let scale = exposures.iter().map(|x| 0.2 * x.abs()).sum::<f64>() * factor.max(1.0) + 1e-300;
        let split = |values| contributions(&cube(values), &shortfall(c), None, VarAllocation::default()).unwrap();
        let values = (&returns * &exposures).reversed_axes();
        let one = split(values.clone());
        // Subadditive, so the parts never exceed the stand-alone figures.
        prop_assert!(one.diversification_benefit >= -1e-12 * scale);
        for part in &one.contributions {
            prop_assert!(part.component <= part.standalone + 1e-12 * scale);
        }
        let scaled = split(values * factor);
        prop_assert!((scaled.total.value - factor * one.total.value).abs() <= 1e-12 * scale);
        for (a, b) in components(&scaled).into_iter().zip(components(&one)) {
            prop_assert!((a - factor * b).abs() <= 1e-11 * scale);
        }
    }
}
