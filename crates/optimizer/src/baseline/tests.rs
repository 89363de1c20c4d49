use alluse_risk_core::covariance::{FactorCovariance, SampleCovariance};
use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{AssetId, Covariance, ErrorKind, HistorySplitter, Weights};
use jiff::civil::date;
use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::risk_budgeting::{RiskBudgeting, RiskContributions};
use crate::{Allocator, RiskModel};

fn dense(matrix: Array2<f64>) -> RiskModel {
    RiskModel::from(Covariance::new(matrix).unwrap())
}

fn limit(name: &str, members: &[usize], lower: f64, upper: f64) -> GroupLimit {
    GroupLimit { name: name.to_owned(), members: members.to_vec(), lower, upper }
}

#[track_caller]
fn all_close(got: &Weights, want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    got.view().iter().zip(want).for_each(|(got, want)| close(*got, *want, tolerance));
}

#[test]
fn minimum_correlation_of_the_papers_example() {
    // Varadi, Kapler, Bee and Rittenhouse (2012), appendix: 21 %, 31 % and 48 %.
    let model = dense(array![[0.0196, 0.02268, 0.02618], [0.02268, 0.0324, 0.02772], [0.02618, 0.02772, 0.0484]]);
    all_close(&minimum_correlation(&model).unwrap(), &[0.21, 0.31, 0.48], 0.0051);
}

#[test]
fn minimum_correlation_without_an_answer_is_undefined() {
    let equal = Array2::from_shape_fn((4, 4), |(i, j)| if i == j { 0.04 } else { 0.01 });
    let pair = array![[0.04, 0.01], [0.01, 0.09]];
    let still = array![[0.04, 0.01, 0.0], [0.01, 0.09, 0.0], [0.0, 0.0, 0.0]];
    for matrix in [equal, pair, still] {
        assert_eq!(minimum_correlation(&dense(matrix)).unwrap_err().kind(), ErrorKind::Undefined);
    }
    all_close(&minimum_correlation(&dense(array![[0.04]])).unwrap(), &[1.0], 0.0);
}

#[test]
fn mirrored_assets_share_their_ranks() {
    // Assets 0 and 1 stand in the same relation to 2 and 3, so their weights are equal.
    let (a, b) = (0.1, 0.4);
    let model = dense(array![[1.0, 0.7, a, b], [0.7, 1.0, a, b], [a, a, 1.0, 0.2], [b, b, 0.2, 1.0]]);
    let weights = minimum_correlation(&model).unwrap();
    close(weights.view()[0], weights.view()[1], 1e-14);
    close(weights.net(), 1.0, 1e-14);
}

#[test]
fn factors_give_what_their_matrix_gives() {
    let model = FactorCovariance::new(
        array![[1.0, 0.2], [0.8, -0.5], [1.2, 0.4]],
        Covariance::new(array![[0.04, 0.01], [0.01, 0.02]]).unwrap(),
        array![0.01, 0.02, 0.03],
    );
    let model = model.unwrap();
    let matrix = RiskModel::from(model.to_dense().unwrap());
    let model = RiskModel::from(model);
    for rule in [WeightRule::InverseVolatility, WeightRule::InverseVariance, WeightRule::MinimumCorrelation] {
        let want = rule.weights(&matrix).unwrap();
        all_close(&rule.weights(&model).unwrap(), want.view().as_slice().unwrap(), 1e-13);
    }
}

#[test]
fn inverse_variance_is_minimum_variance_without_correlation() {
    let model = dense(Array2::from_diag(&array![0.04, 0.01, 0.09]));
    let weights = inverse_variance(&model).unwrap();
    // At minimum variance every marginal risk is the same.
    let risk = RiskContributions::of(&model, weights.view()).unwrap();
    close(risk.marginal[0], risk.marginal[1], 1e-15);
    close(risk.marginal[0], risk.marginal[2], 1e-15);
}

#[test]
fn still_assets_and_bad_values_are_refused() {
    let still = dense(array![[0.04, 0.0], [0.0, 0.0]]);
    for rule in [WeightRule::InverseVolatility, WeightRule::InverseVariance] {
        let error = rule.weights(&still).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undefined);
        assert!(error.to_string().contains("asset 1"), "{error}");
    }
    for bad in [vec![], vec![1.0, -1.0], vec![f64::NAN], vec![f64::INFINITY]] {
        assert_eq!(proportional(ndarray::Array1::from(bad).view()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(proportional(array![0.0, 0.0].view()).unwrap_err().kind(), ErrorKind::Undefined);
    all_close(&proportional(array![1e308, 1e308].view()).unwrap(), &[0.5, 0.5], 0.0);
}

#[test]
fn entropy_without_limits_is_equal_weight_and_with_a_reference_the_reference() {
    let solution = MaximumEntropy::default().solve(5).unwrap();
    all_close(&solution.weights, &[0.2; 5], 1e-15);
    close(solution.entropy, 1.6094379124341003, 1e-14); // ln 5
    let solution = MaximumEntropy::default().with_reference([3.0, 1.0]).solve(2).unwrap();
    all_close(&solution.weights, &[0.75, 0.25], 1e-15);
    assert!(solution.relative_entropy.abs() < 1e-15);
}

#[test]
fn bounds_and_groups_bind_where_they_must() {
    let capped = MaximumEntropy::default().with_bounds([0.0, 0.0, 0.4], [0.1, 1.0, 1.0]).solve(3).unwrap();
    all_close(&capped.weights, &[0.1, 0.45, 0.45], 1e-13);
    let groups = vec![limit("a", &[0, 1], 0.0, 0.2), limit("b", &[2], 0.5, 1.0)];
    let solution = MaximumEntropy::default().with_groups(groups).solve(4).unwrap();
    all_close(&solution.weights, &[0.1, 0.1, 0.5, 0.3], 1e-12);
    assert!(solution.group_multipliers[0] < 0.0 && solution.group_multipliers[1] > 0.0);
    // A group without room: the rest is even.
    let none = vec![limit("none", &[0], 0.0, 0.0)];
    let solution = MaximumEntropy::default().with_groups(none).solve(3).unwrap();
    all_close(&solution.weights, &[0.0, 0.5, 0.5], 1e-13);
}

#[test]
fn overlapping_groups_are_a_table_with_given_margins() {
    // Rows sum to 0.6 and 0.4, columns to 0.3 and 0.7: the even table is the product of its margins.
    let groups = vec![limit("row", &[0, 1], 0.6, 0.6), limit("column", &[0, 2], 0.3, 0.3)];
    let solution = MaximumEntropy::default().with_groups(groups).solve(4).unwrap();
    all_close(&solution.weights, &[0.18, 0.42, 0.12, 0.28], 1e-11);
}

#[test]
fn contradicting_limits_are_infeasible() {
    let cases = [
        (MaximumEntropy::default().with_bounds([0.0; 3], [0.3; 3]), "0.89"),
        (MaximumEntropy::default().with_bounds([0.4; 3], [1.0; 3]), "1.2"),
        (MaximumEntropy::default().with_groups(vec![limit("low", &[0, 1, 2], 0.0, 0.9)]), "together"),
        (
            // Each pair at most half: all three at most three quarters. No single limit contradicts the bounds.
            MaximumEntropy::default().with_groups(vec![
                limit("01", &[0, 1], 0.0, 0.5),
                limit("12", &[1, 2], 0.0, 0.5),
                limit("02", &[0, 2], 0.0, 0.5),
            ]),
            "together",
        ),
        (
            MaximumEntropy::default().with_bounds([0.0; 3], [0.1; 3]).with_groups(vec![limit(
                "high",
                &[0, 1],
                0.5,
                1.0,
            )]),
            "high",
        ),
    ];
    for (problem, expected) in cases {
        let error = problem.solve(3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Infeasible, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn hostile_entropy_problems_are_refused() {
    let base = MaximumEntropy::default;
    let cases = [
        (base(), 0),
        (base().with_reference([0.5, 0.5]), 3),
        (base().with_reference([0.5, 0.0, 0.5]), 3),
        (base().with_bounds([0.0; 2], [1.0; 3]), 3),
        (base().with_bounds([0.0; 3], [1.0, f64::NAN, 1.0]), 3),
        (base().with_bounds([0.0, 0.5, 0.0], [1.0, 0.4, 1.0]), 3),
        (base().with_bounds([0.0; 3], [1.0, -0.1, 1.0]), 3),
        (base().with_groups(vec![limit("g", &[3], 0.0, 1.0)]), 3),
        (base().with_groups(vec![limit("g", &[1, 1], 0.0, 1.0)]), 3),
        (base().with_groups(vec![limit("g", &[], 0.0, 1.0)]), 3),
        (base().with_groups(vec![limit("g", &[0], 0.5, 0.4)]), 3),
        (base().with_groups(vec![limit("g", &[0], f64::NAN, 0.4)]), 3),
    ];
    for (problem, assets) in cases {
        assert_eq!(problem.solve(assets).unwrap_err().kind(), ErrorKind::InvalidInput, "{problem:?}");
    }
}

#[test]
fn every_rule_allocates_from_a_history() {
    let dates = (1..=5).map(|day| date(2024, 1, day)).collect();
    let assets = ["A", "B", "C"].map(|name| AssetId::new(name).unwrap()).to_vec();
    let returns = array![[0.01, 0.0, -0.01], [-0.02, 0.01, 0.02], [0.01, 0.02, 0.0], [0.0, -0.01, 0.01], [0.0; 3]];
    let panel = ReturnPanel::new(dates, assets, returns).unwrap();
    let splitter = HistorySplitter::new(&panel, array![0.0, 0.0, 0.0]).unwrap();
    let held = Weights::equal(3).unwrap();
    let given = WeightRule::Given(Weights::new(vec![0.5, 0.3, 0.2]).unwrap());
    let rules = [
        WeightRule::EqualWeight,
        WeightRule::InverseVolatility,
        WeightRule::InverseVariance,
        WeightRule::MinimumCorrelation,
        WeightRule::MaximumEntropy(MaximumEntropy::default()),
        WeightRule::RiskBudgeting(RiskBudgeting::default()),
        given,
    ];
    for rule in rules {
        let allocator = EstimatedAllocator::new(SampleCovariance::default(), rule.clone());
        assert_eq!(allocator.name(), rule.name());
        let weights = allocator.allocate(splitter.ending(5, 5).unwrap(), &held).unwrap();
        assert_eq!(weights.len(), 3);
        close(weights.net(), 1.0, 1e-12);
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<WeightRule>(&text).unwrap(), rule);
    }
    let short = WeightRule::Given(Weights::equal(2).unwrap());
    let short = EstimatedAllocator::new(SampleCovariance::default(), short).with_name("short");
    assert_eq!(short.name(), "short");
    let error = short.allocate(splitter.ending(5, 5).unwrap(), &held).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Limits around known weights are feasible, and moving between two assets that nothing separates never adds
    /// entropy.
    #[test]
    fn entropy_weights_are_allowed_and_beat_the_weights_that_made_the_limits(
        parts in proptest::collection::vec(0.1..1.0_f64, 6),
        room in 0.02..0.5_f64,
    ) {
        let sum: f64 = parts.iter().sum();
        let known: Vec<f64> = parts.iter().map(|p| p / sum).collect();
        let lower: Vec<f64> = known.iter().map(|w| w * (1.0 - room)).collect();
        let upper: Vec<f64> = known.iter().map(|w| w * (1.0 + room)).collect();
        let of = |members: &[usize]| members.iter().map(|&i| known[i]).sum::<f64>();
        let groups = [[0, 1, 2].as_slice(), &[2, 3], &[1, 4, 5]].map(|m| limit("g", m, of(m) * (1.0 - 0.3 * room), of(m) * (1.0 + 0.3 * room)));
        let problem = MaximumEntropy::default().with_bounds(lower.clone(), upper.clone()).with_groups(groups.to_vec());
        let solution = problem.solve(6).unwrap();
        let weights = solution.weights.view();
        prop_assert!((solution.weights.net() - 1.0).abs() <= 1.1e-12);
        for i in 0..6 {
            prop_assert!(weights[i] >= lower[i] && weights[i] <= upper[i]);
        }
        for group in &groups {
            let total: f64 = group.members.iter().map(|&i| weights[i]).sum();
            prop_assert!(total >= group.lower - 1.1e-12 && total <= group.upper + 1.1e-12);
        }
        let known_entropy: f64 = known.iter().map(|w| -w * w.ln()).sum();
        prop_assert!(solution.entropy >= known_entropy - 1e-10);
    }
}
