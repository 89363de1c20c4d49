use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::{Confidence, Covariance, ErrorKind};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::RiskModel;

fn dense(matrix: Array2<f64>) -> RiskModel {
    RiskModel::from(Covariance::new(matrix).unwrap())
}

fn roncalli() -> RiskModel {
    dense(array![[0.09, 0.048, 0.0225], [0.048, 0.04, 0.009], [0.0225, 0.009, 0.0225]])
}

const METHODS: [RiskBudgetMethod; 3] =
    [RiskBudgetMethod::Automatic, RiskBudgetMethod::Newton, RiskBudgetMethod::CoordinateDescent];

#[track_caller]
fn all_close(got: impl IntoIterator<Item = f64>, want: impl IntoIterator<Item = f64>, tolerance: f64) {
    let (got, want): (Vec<f64>, Vec<f64>) = (got.into_iter().collect(), want.into_iter().collect());
    assert_eq!(got.len(), want.len());
    got.iter().zip(&want).for_each(|(got, want)| close(*got, *want, tolerance));
}

#[test]
fn contributions_of_roncallis_example() {
    // Roncalli (2013), section 2.1: weights 50/20/30.
    let risk = RiskContributions::of(&roncalli(), array![0.5, 0.2, 0.3].view()).unwrap();
    close(risk.volatility, 0.2087, 5.1e-5);
    all_close(risk.marginal.clone(), [0.294, 0.1663, 0.0949], 5.1e-5);
    all_close(risk.relative.clone(), [0.7043, 0.1593, 0.1364], 5.1e-5);
    assert!(risk.residual.abs() < 1e-16);
    let groups = risk.groups(&[("first two", vec![0, 1]), ("last", vec![2])]).unwrap();
    close(groups[0].relative + groups[1].relative, 1.0, 1e-15);
    close(groups[0].relative, 0.8636, 1e-4);
    for bad in [vec![], vec![3], vec![1, 1]] {
        assert_eq!(risk.groups(&[("bad", bad)]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn published_portfolios_by_every_method() {
    let bst = array![
        [94.868, 33.75, 12.325, -1.178, 8.778],
        [33.75, 445.642, 98.955, -7.901, 84.954],
        [12.325, 98.955, 117.265, 0.503, 45.184],
        [-1.178, -7.901, 0.503, 5.46, 1.057],
        [8.778, 84.954, 45.184, 1.057, 34.126]
    ];
    let mrt =
        array![[0.01, 0.016, 0.0, 0.0], [0.016, 0.04, 0.0, 0.0], [0.0, 0.0, 0.09, -0.06], [0.0, 0.0, -0.06, 0.16]];
    let cases = [
        // Roncalli (2013), risk budgets 50/20/30, and equal ones.
        (roncalli(), vec![0.5, 0.2, 0.3], vec![0.3115, 0.2190, 0.4696], 5.1e-5),
        (roncalli(), vec![1.0 / 3.0; 3], vec![0.1969, 0.3244, 0.4787], 5.1e-5),
        // Bai, Scheinberg and Tutuncu (2016).
        (dense(bst), vec![0.2; 5], vec![0.125, 0.047, 0.083, 0.613, 0.132], 5.1e-4),
        // Maillard, Roncalli and Teiletche (2010), p. 65, example 2.
        (dense(mrt), vec![0.25; 4], vec![0.384, 0.192, 0.243, 0.182], 5.01e-4),
    ];
    for ((model, budgets, want, tolerance), method) in cases.iter().flat_map(|case| METHODS.map(|m| (case, m))) {
        let problem = RiskBudgeting::new(Budgets::PerAsset(budgets.clone())).with_method(method);
        let solution = problem.solve(model).unwrap();
        all_close(solution.weights.view().to_vec(), want.clone(), *tolerance);
        all_close(solution.risk.relative.clone(), budgets.clone(), 1e-9);
        assert!(solution.error <= 1e-10, "{:e}", solution.error);
        assert_eq!(solution.fit, BudgetFit::Exact);
    }
}

#[test]
fn two_assets_with_equal_budgets_are_inverse_volatility_whatever_their_correlation() {
    for correlation in [-0.999, -0.5, 0.0, 0.3, 0.999, 1.0] {
        let covariance = 0.02 * correlation;
        let model = dense(array![[0.01, covariance], [covariance, 0.04]]);
        for method in METHODS {
            let solution = RiskBudgeting::default().with_method(method).solve(&model).unwrap();
            all_close(solution.weights.view().to_vec(), [2.0 / 3.0, 1.0 / 3.0], 1e-8);
        }
    }
}

#[test]
fn one_correlation_for_all_gives_inverse_volatility() {
    let volatilities = array![0.1, 0.2, 0.4, 0.05];
    let correlation = Array2::from_shape_fn((4, 4), |(i, j)| if i == j { 1.0 } else { 0.9 });
    let model = RiskModel::from(Covariance::from_correlation(volatilities.view(), correlation.view()).unwrap());
    let solution = RiskBudgeting::default().solve(&model).unwrap();
    all_close(solution.weights.view().to_vec(), [10.0, 5.0, 2.5, 20.0].map(|x| x / 37.5), 1e-9);
}

#[test]
fn a_nearly_singular_hedge_falls_back_to_newton_and_a_perfect_one_is_refused() {
    // Two assets that all but cancel, next to a third: coordinate descent crawls along the valley.
    let close_to = |r: f64| dense(array![[1.0, r, 0.2], [r, 1.0, -0.2], [0.2, -0.2, 1.0]]);
    let solution = RiskBudgeting::default().solve(&close_to(-0.9999)).unwrap();
    assert!(solution.error <= 1e-10);
    assert_eq!(solution.method, RiskBudgetMethod::Newton);
    let perfect = dense(array![[1.0, -1.0], [-1.0, 1.0]]);
    for method in METHODS {
        let error = RiskBudgeting::default().with_method(method).solve(&perfect).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undefined, "{error}");
    }
}

#[test]
fn a_singular_covariance_without_a_hedge_is_solved() {
    // Assets 0 and 1 are the same asset.
    let model = dense(array![[0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.09]]);
    for method in METHODS {
        let solution = RiskBudgeting::default().with_method(method).solve(&model).unwrap();
        all_close(solution.risk.relative.clone(), [1.0 / 3.0; 3], 1e-9);
    }
}

#[test]
fn shorts_carry_positive_risk_and_gross_is_one() {
    let signs = SignPattern::Fixed(vec![Side::Long, Side::Short, Side::Long]);
    let solution = RiskBudgeting::default().with_signs(signs).solve(&roncalli()).unwrap();
    let weights = solution.weights.view();
    assert!(weights[0] > 0.0 && weights[1] < 0.0 && weights[2] > 0.0);
    close(solution.weights.gross(), 1.0, 1e-14);
    all_close(solution.risk.relative.clone(), [1.0 / 3.0; 3], 1e-9);
}

#[test]
fn groups_split_their_share() {
    let inner = vec![
        GroupBudget::new("a", 0.25, Split::Equal(vec![3])),
        GroupBudget::new("b", 0.75, Split::Shares(vec![(1, 0.2), (0, 0.8)])),
    ];
    let tree = Budgets::Groups(vec![
        GroupBudget::new("x", 0.8, Split::Groups(inner)),
        GroupBudget::new("y", 0.2, Split::Equal(vec![2, 4])),
    ]);
    all_close(tree.per_asset(5).unwrap(), [0.48, 0.12, 0.1, 0.2, 0.1], 1e-15);
    let bad = [
        (tree.clone(), 6, "asset 5 is in no group"),
        (tree, 4, "member 4 is not one of 4"),
        (Budgets::Groups(vec![GroupBudget::new("x", 1.0, Split::Equal(vec![0, 0]))]), 1, "twice"),
        (Budgets::Groups(vec![GroupBudget::new("x", 0.9, Split::Equal(vec![0]))]), 1, "sum to 0.9"),
        (Budgets::Groups(vec![GroupBudget::new("x", 1.0, Split::Equal(vec![]))]), 1, "no members"),
        (Budgets::Groups(vec![]), 1, "no members"),
        (Budgets::PerAsset(vec![0.5, 0.5]), 3, "length 3"),
        (Budgets::PerAsset(vec![1.0, 0.0]), 2, "share 1"),
        (Budgets::PerAsset(vec![f64::NAN, 1.0]), 2, "share 0"),
        (Budgets::PerAsset(vec![0.5, 0.4]), 2, "0.9"),
    ];
    for (budgets, assets, expected) in bad {
        let error = budgets.per_asset(assets).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn bounds_that_do_not_bind_change_nothing() {
    let problem = RiskBudgeting::default();
    let free = problem.solve(&roncalli()).unwrap();
    let bounded = problem.with_bounds([0.1; 3], [0.9; 3]).solve(&roncalli()).unwrap();
    assert_eq!(free, bounded);
}

#[test]
fn bounded_assets_stop_and_the_others_keep_their_proportions() {
    let budgets = [0.5, 0.2, 0.3];
    let problem = RiskBudgeting::new(Budgets::PerAsset(budgets.to_vec())).with_bounds([0.0; 3], [1.0, 1.0, 0.3]);
    let solution = problem.solve(&roncalli()).unwrap();
    let BudgetFit::Bounded { gap, at_smallest, at_largest } = &solution.fit else { panic!("{:?}", solution.fit) };
    assert_eq!((at_smallest.as_slice(), at_largest.as_slice()), ([].as_slice(), [2].as_slice()));
    assert_eq!(solution.weights.view()[2], 0.3);
    close(solution.weights.net(), 1.0, 1e-12);
    let relative = &solution.risk.relative;
    close(relative[0] / relative[1], 2.5, 1e-9);
    assert!(gap[2] < 0.0 && gap[0] > 0.0);
    close(gap.iter().sum::<f64>(), 0.0, 1e-14);
    close(solution.error, gap.iter().fold(0.0, |m: f64, g| m.max(g.abs())), 1e-15);
}

#[test]
fn shorts_keep_their_bounds() {
    let signs = SignPattern::Fixed(vec![Side::Long, Side::Long, Side::Short]);
    let problem = RiskBudgeting::default().with_signs(signs).with_bounds([0.0, 0.0, -0.1], [1.0, 1.0, 1.0]);
    let solution = problem.solve(&roncalli()).unwrap();
    assert_eq!(solution.weights.view()[2], -0.1);
    close(solution.weights.gross(), 1.0, 1e-12);
    close(solution.risk.relative[0], solution.risk.relative[1], 1e-9);
}

#[test]
fn contradicting_bounds_are_named_with_their_sums() {
    let cases = [
        ([0.5, 0.5, 0.2], [1.0; 3], ErrorKind::Infeasible, "1.2"),
        ([0.0; 3], [0.25; 3], ErrorKind::Infeasible, "0.75"),
        ([0.0; 3], [1.0, 0.0, 1.0], ErrorKind::Infeasible, "asset 1"),
        ([0.0, 0.0, 0.5], [1.0, 1.0, 0.4], ErrorKind::InvalidInput, "asset 2"),
        ([0.0, f64::NAN, 0.0], [1.0; 3], ErrorKind::InvalidInput, "asset 1"),
    ];
    for (lower, upper, kind, expected) in cases {
        let error = RiskBudgeting::default().with_bounds(lower, upper).solve(&roncalli()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Bounds that leave one portfolio: that is the answer.
    let solution = RiskBudgeting::default().with_bounds([0.5, 0.25, 0.25], [1.0; 3]).solve(&roncalli()).unwrap();
    all_close(solution.weights.view().to_vec(), [0.5, 0.25, 0.25], 1e-15);
}

#[test]
fn hostile_problems_are_refused() {
    let zero = dense(array![[0.04, 0.0], [0.0, 0.0]]);
    let error = RiskBudgeting::default().solve(&zero).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
    assert!(error.to_string().contains("asset 1"));
    // Every pair is a correlation, together they are not: smallest eigenvalue -0.8.
    let r = -0.9;
    let indefinite = dense(array![[1.0, r, r], [r, 1.0, r], [r, r, 1.0]]);
    assert_eq!(RiskBudgeting::default().solve(&indefinite).unwrap_err().kind(), ErrorKind::Numerical);
    for method in METHODS {
        let problem = RiskBudgeting::default().with_method(method);
        assert!(problem.with_definiteness_check(DefinitenessCheck::Encountered).solve(&indefinite).is_err());
    }
    let beyond = dense(array![[1.0, 1.1], [1.1, 1.0]]);
    assert!(RiskBudgeting::default().solve(&beyond).is_err());
    let encountered = RiskBudgeting::default().with_definiteness_check(DefinitenessCheck::Encountered);
    assert!(encountered.solve(&beyond).unwrap_err().to_string().contains("1.1"));
    for tolerance in [0.0, -1.0, 1.0, f64::NAN] {
        assert!(RiskBudgeting::default().with_tolerance(tolerance).solve(&roncalli()).is_err());
    }
    assert!(RiskBudgeting::default().with_max_iterations(0).solve(&roncalli()).is_err());
    for method in METHODS {
        let one = RiskBudgeting::default().with_method(method).with_max_iterations(1).solve(&roncalli());
        assert_eq!(one.unwrap_err().kind(), ErrorKind::NotConverged);
    }
    let short = RiskBudgeting::default().with_signs(SignPattern::Fixed(vec![Side::Long]));
    assert_eq!(short.solve(&roncalli()).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(RiskContributions::of(&roncalli(), array![0.0, 0.0, 0.0].view()).is_err());
    assert!(RiskContributions::of(&roncalli(), array![0.5, f64::NAN, 0.5].view()).is_err());
    assert!(RiskContributions::of(&roncalli(), array![0.5, 0.5].view()).is_err());
}

#[test]
fn one_asset_holds_everything() {
    let solution = RiskBudgeting::default().solve(&dense(array![[0.04]])).unwrap();
    assert_eq!(solution.weights.view(), array![1.0]);
}

#[test]
fn factors_and_matrix_agree() {
    let loadings = array![[1.0, 0.2], [0.8, -0.5], [1.2, 0.4], [0.3, 0.9], [-0.4, 0.7]];
    let factors = Covariance::new(array![[0.04, 0.01], [0.01, 0.02]]).unwrap();
    let model = FactorCovariance::new(loadings, factors, array![0.01, 0.02, 0.0, 0.03, 0.01]).unwrap();
    let matrix = RiskModel::from(model.to_dense().unwrap());
    let model = RiskModel::from(model);
    for method in METHODS {
        let problem = RiskBudgeting::default().with_method(method);
        let (a, b) = (problem.solve(&model).unwrap(), problem.solve(&matrix).unwrap());
        all_close(a.weights.view().to_vec(), b.weights.view().to_vec(), 1e-9);
        let bounded = problem.with_bounds([0.15; 5], [0.4; 5]);
        let (a, b) = (bounded.solve(&model).unwrap(), bounded.solve(&matrix).unwrap());
        all_close(a.weights.view().to_vec(), b.weights.view().to_vec(), 1e-9);
    }
}

#[test]
fn settings_and_results_survive_storage() {
    let problem = RiskBudgeting::default().with_bounds([0.0; 3], [0.4; 3]);
    let text = serde_json::to_string(&problem).unwrap();
    assert_eq!(serde_json::from_str::<RiskBudgeting>(&text).unwrap(), problem);
    let solution = problem.solve(&roncalli()).unwrap();
    let back: RiskBudgetSolution = serde_json::from_str(&serde_json::to_string(&solution).unwrap()).unwrap();
    all_close(back.weights.view().to_vec(), solution.weights.view().to_vec(), 1e-15);
}

#[test]
fn shortfall_budgets_of_scaled_copies_are_inverse_shortfall() {
    let base = [0.01, -0.03, 0.02, -0.01, 0.005, -0.02, 0.04, 0.0, 0.01, -0.005];
    let returns = Array2::from_shape_fn((10, 3), |(t, i)| base[t] * [1.0, 2.0, 4.0][i]);
    let problem = RiskBudgeting::new(Budgets::PerAsset(vec![0.2, 0.3, 0.5]));
    let solution = problem.solve_scenarios(returns.view(), Confidence::new(0.8).unwrap()).unwrap();
    // One risk in three sizes: weight times size is proportional to the budget.
    let want = [0.2, 0.15, 0.125].map(|x| x / 0.475);
    all_close(solution.weights.view().to_vec(), want, 1e-8);
    // The two worst days of the first asset lose 0.03 and 0.02.
    close(solution.expected_shortfall, 0.025 * (want[0] + 2.0 * want[1] + 4.0 * want[2]), 1e-9);
    close(solution.tail_probabilities.iter().sum::<f64>(), 1.0, 1e-12);
    // A tail that holds one loss or less, one scenario, and short positions.
    let worst = problem.solve_scenarios(returns.view(), Confidence::P99).unwrap();
    all_close(worst.weights.view().to_vec(), want, 1e-8);
    let single = array![[-0.01, -0.02, -0.04]];
    let one = problem.solve_scenarios(single.view(), Confidence::P95).unwrap();
    all_close(one.weights.view().to_vec(), want, 1e-12);
    let shorts = problem.with_signs(SignPattern::Fixed(vec![Side::Short; 3]));
    let short = shorts.solve_scenarios(returns.mapv(|r| -r).view(), Confidence::new(0.8).unwrap()).unwrap();
    all_close(short.weights.view().to_vec(), want.map(|w| -w), 1e-8);
}

#[test]
fn hostile_scenarios_are_refused() {
    let c = Confidence::new(0.8).unwrap();
    let problem = RiskBudgeting::default();
    let gains = array![[0.01, 0.02], [-0.01, 0.01], [0.02, 0.03], [-0.02, 0.01]];
    let error = problem.solve_scenarios(gains.view(), c).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
    assert!(error.to_string().contains("asset 1"));
    // Each asset can lose, the two together cannot.
    let hedge = array![[0.02, -0.01], [-0.01, 0.02], [0.02, -0.01], [-0.01, 0.02]];
    assert_eq!(problem.solve_scenarios(hedge.view(), c).unwrap_err().kind(), ErrorKind::Undefined);
    let nan = array![[0.01, f64::NAN], [-0.01, -0.01]];
    assert_eq!(problem.solve_scenarios(nan.view(), c).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(problem.solve_scenarios(Array2::zeros((0, 2)).view(), c).is_err());
    assert!(problem.solve_scenarios(Array2::zeros((2, 0)).view(), c).is_err());
    let bounded = problem.with_bounds([0.0; 2], [0.6; 2]);
    assert_eq!(bounded.solve_scenarios(gains.view(), c).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Covariances `A A' + d I` with every kind of sign, and budgets.
fn problems() -> impl Strategy<Value = (Array2<f64>, Vec<f64>)> {
    (2_usize..7).prop_flat_map(|n| {
        let entries = proptest::collection::vec(-1.0..1.0_f64, n * n);
        let budgets = proptest::collection::vec(0.05..1.0_f64, n);
        (entries, budgets, 0.05..1.0_f64).prop_map(move |(entries, budgets, own)| {
            let root = Array2::from_shape_vec((n, n), entries).unwrap();
            let sum: f64 = budgets.iter().sum();
            let matrix = root.dot(&root.t()) + Array2::<f64>::eye(n) * own;
            // Exactly symmetric: sums of a product may round differently on the two sides.
            let matrix = (&matrix + &matrix.t()) * 0.5;
            (matrix, budgets.iter().map(|b| b / sum).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn budgets_are_met_long_only_by_both_methods((matrix, budgets) in problems()) {
        let model = dense(matrix);
        let problem = RiskBudgeting::new(Budgets::PerAsset(budgets.clone()));
        let newton = problem.clone().with_method(RiskBudgetMethod::Newton).solve(&model).unwrap();
        let descent = problem.with_method(RiskBudgetMethod::CoordinateDescent).solve(&model).unwrap();
        for solution in [&newton, &descent] {
            prop_assert!(solution.error <= 1.01e-10);
            prop_assert!(solution.weights.view().iter().all(|w| *w > 0.0));
            prop_assert!((solution.weights.net() - 1.0).abs() < 1e-14);
        }
        for (a, b) in newton.weights.view().iter().zip(descent.weights.view()) {
            prop_assert!((a - b).abs() < 1e-7);
        }
    }

    #[test]
    fn units_and_order_do_not_matter((matrix, budgets) in problems()) {
        let solve = |m: Array2<f64>, b: Vec<f64>| RiskBudgeting::new(Budgets::PerAsset(b)).solve(&dense(m)).unwrap();
        let base = solve(matrix.clone(), budgets.clone());
        let scaled = solve(&matrix * 1e-6, budgets.clone());
        let n = budgets.len();
        let turned = Array2::from_shape_fn((n, n), |(i, j)| matrix[[n - 1 - i, n - 1 - j]]);
        let turned = solve(turned, budgets.iter().rev().copied().collect());
        for i in 0..n {
            prop_assert!((base.weights.view()[i] - scaled.weights.view()[i]).abs() < 1e-7);
            prop_assert!((base.weights.view()[i] - turned.weights.view()[n - 1 - i]).abs() < 1e-7);
        }
    }

    #[test]
    fn an_asset_held_as_two_halves_leaves_the_risk((matrix, budgets) in problems()) {
        let solve = |m: Array2<f64>, b: Vec<f64>| RiskBudgeting::new(Budgets::PerAsset(b)).solve(&dense(m)).unwrap();
        let n = budgets.len();
        let source = |i: usize| if i == n { 0 } else { i };
        let doubled = Array2::from_shape_fn((n + 1, n + 1), |(i, j)| matrix[[source(i), source(j)]]);
        let mut split = budgets.clone();
        split[0] *= 0.5;
        split.push(split[0]);
        let (base, split) = (solve(matrix, budgets), solve(doubled, split));
        prop_assert!((base.risk.volatility - split.risk.volatility).abs() <= 1e-7 * base.risk.volatility);
    }

    #[test]
    fn bounded_weights_keep_the_bounds_and_the_rest_its_proportions((matrix, budgets) in problems(), room in 1.05..1.8_f64) {
        let n = budgets.len();
        let (lower, upper) = (0.4 / n as f64, room / n as f64);
        let problem = RiskBudgeting::new(Budgets::PerAsset(budgets.clone())).with_bounds(vec![lower; n], vec![upper; n]);
        match problem.with_max_iterations(20_000).solve(&dense(matrix)) {
            // The quadratic pulls the sizes beyond 1 by itself: there is no such portfolio.
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Infeasible, "{}", error),
            Ok(solution) => {
                prop_assert!((solution.weights.net() - 1.0).abs() < 1e-11);
                prop_assert!(solution.weights.view().iter().all(|w| *w >= lower && *w <= upper));
                let free: Vec<usize> = match &solution.fit {
                    BudgetFit::Exact => (0..n).collect(),
                    BudgetFit::Bounded { at_smallest, at_largest, .. } =>
                        (0..n).filter(|i| !at_smallest.contains(i) && !at_largest.contains(i)).collect(),
                };
                let rate = |i: usize| solution.risk.relative[i] / budgets[i];
                for pair in free.windows(2) {
                    prop_assert!((rate(pair[0]) - rate(pair[1])).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn shortfall_budgets_are_met(values in proptest::collection::vec(-0.05..0.04_f64, 60 * 3), level in 0.6..0.97_f64) {
        let returns = Array2::from_shape_vec((60, 3), values).unwrap();
        let confidence = Confidence::new(level).unwrap();
        let solution = RiskBudgeting::default().solve_scenarios(returns.view(), confidence).unwrap();
        prop_assert!(solution.error < 1e-8, "{}", solution.error);
        prop_assert!(solution.relative_gap.abs() < 1e-8);
        let cap = 1.0 / confidence.tail_count(60);
        prop_assert!(solution.tail_probabilities.iter().all(|q| *q >= 0.0 && *q <= cap * (1.0 + 1e-9)));
        // Any tail within the cap averages less: the one reported is the worst.
        let losses: Array1<f64> = returns.dot(&solution.weights.view()).mapv(|r| -r);
        let under: f64 = losses.iter().zip(&solution.tail_probabilities).map(|(l, q)| l * q).sum();
        prop_assert!((under - solution.expected_shortfall).abs() <= 1e-8 * solution.expected_shortfall);
    }
}
