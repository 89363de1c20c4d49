use alluse_risk_core::{Confidence, Covariance, ErrorKind, Weights};
use ndarray::{Array2, array};

use crate::problem::{
    Benchmark, Constraint, Costs, MeanUncertainty, Members, Objective, Problem, RiskMeasure, Scenarios,
    TurnoverConvention,
};
use crate::solution::Termination;
use crate::{Error, Universe};

fn universe() -> Universe {
    Universe::named(["A", "B", "C"]).unwrap()
}

/// Uncorrelated assets of variances 1e-4, 2e-4, 4e-4.
fn problem(objective: Objective) -> Problem {
    let covariance = Covariance::new(array![[1e-4, 0.0, 0.0], [0.0, 2e-4, 0.0], [0.0, 0.0, 4e-4]]).unwrap();
    Problem::new(universe(), objective)
        .with_covariance(covariance)
        .unwrap()
        .with_mean(array![2e-4, 3e-4, 8e-4])
        .unwrap()
        .subject_to(Constraint::budget(1.0))
}

/// Returns that no two scenarios share.
fn scenarios() -> Array2<f64> {
    Array2::from_shape_fn((60, 3), |(s, a)| {
        let angle = (s * (a + 2)) as f64 * 0.7 + a as f64;
        0.0005 * (a + 1) as f64 + 0.01 * (a + 1) as f64 * angle.sin() + 0.002 * (s as f64 * 1.3).cos()
    })
}

fn dated(objective: Objective) -> Problem {
    problem(objective)
        .with_scenarios(Scenarios::dated(scenarios()).unwrap())
        .unwrap()
        .subject_to(Constraint::long_only())
}

#[test]
fn uncorrelated_assets_are_weighted_by_inverse_variance() {
    let solution = problem(Objective::MinimiseRisk(RiskMeasure::Variance)).solve().unwrap();
    for (weight, share) in solution.weights.iter().zip([4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]) {
        assert!((weight - share).abs() < 1e-12);
    }
    assert!(solution.certificate.is_optimal());
    // The price of the budget is the derivative of 1e-4·4/7·b²: twice the optimum.
    let price = solution.active_limit("budget").unwrap().shadow_price;
    assert!((price - 2.0 * solution.objective).abs() < 1e-15);
}

#[test]
fn the_tangency_portfolio_is_sigma_inverse_mu() {
    // Σ⁻¹(μ − f) ∝ (1, 1, 1.75) at f = 1e-4.
    let solution = problem(Objective::sharpe(1e-4)).solve().unwrap();
    for (weight, share) in solution.weights.iter().zip([1.0 / 3.75, 1.0 / 3.75, 1.75 / 3.75]) {
        assert!((weight - share).abs() < 1e-8, "{:?}", solution.weights);
    }
    // The squared ratio adds up over uncorrelated assets.
    let squared: f64 = 1e-8 / 1e-4 + 4e-8 / 2e-4 + 49e-8 / 4e-4;
    assert!((solution.objective - squared.sqrt()).abs() < 1e-10);
    assert_eq!(solution.termination, Termination::Optimal);
}

#[test]
fn no_excess_return_is_a_typed_answer() {
    let error = problem(Objective::sharpe(1e-2)).subject_to(Constraint::long_only()).solve().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
    assert!(error.to_string().contains("0.0008"), "{error}");
}

#[test]
fn every_scenario_risk_is_certified() {
    let c = Confidence::new(0.9).unwrap();
    for measure in [
        RiskMeasure::ExpectedShortfall(c),
        RiskMeasure::EntropicValueAtRisk(c),
        RiskMeasure::MeanAbsoluteDeviation,
        RiskMeasure::Semivariance,
        RiskMeasure::Semideviation,
        RiskMeasure::WorstLoss,
        RiskMeasure::MaximumDrawdown,
        RiskMeasure::AverageDrawdown,
        RiskMeasure::ConditionalDrawdown(c),
        RiskMeasure::UlcerIndex,
        RiskMeasure::NormalValueAtRisk(c),
        RiskMeasure::NormalExpectedShortfall(c),
    ] {
        let least = dated(Objective::MinimiseRisk(measure)).solve().unwrap();
        assert!(least.certificate.is_optimal(), "{measure}: {:?}", least.certificate);
        // A limit a little above the least risk binds, and its price is what the frontier's slope says.
        let at = |extra: f64| {
            dated(Objective::MaximiseReturn)
                .subject_to(Constraint::risk(measure, least.objective * extra))
                .solve()
                .unwrap()
        };
        let (near, middle, far) = (at(1.0999), at(1.1), at(1.1001));
        let slope = (far.objective - near.objective) / (2e-4 * least.objective);
        let price = middle.active_limit(&measure.to_string()).unwrap().shadow_price;
        assert!((price - slope).abs() <= 1e-3 * slope.abs() + 1e-9, "{measure}: {price} {slope}");
    }
}

#[test]
fn ratios_meet_the_tangent_of_their_frontier() {
    for measure in [RiskMeasure::ExpectedShortfall(Confidence::new(0.9).unwrap()), RiskMeasure::MaximumDrawdown] {
        let best = dated(Objective::MaximiseRatio { measure, risk_free: 0.0 }).solve().unwrap();
        let earned = best.expected_return.unwrap();
        // No other portfolio with the return of the best has less risk.
        let least =
            dated(Objective::MinimiseRisk(measure)).subject_to(Constraint::target_return(earned)).solve().unwrap();
        assert!((earned / least.objective - best.objective).abs() < 1e-6 * best.objective);
    }
}

#[test]
fn costs_of_every_kind_hold_trades_back() {
    let held = Weights::new(vec![1.0, 0.0, 0.0]).unwrap();
    let utility = Objective::MaximiseUtility { risk_aversion: 5.0 };
    let free = problem(utility.clone()).subject_to(Constraint::long_only()).solve().unwrap();
    let costs = Costs::from(held.clone());
    let kinds = [
        costs.clone().with_linear(vec![1e-4; 3], vec![1e-4; 3]).unwrap(),
        costs.clone().with_quadratic(vec![1e-3; 3]).unwrap(),
        costs.clone().with_impact(vec![1e-3; 3]).unwrap(),
    ];
    for costs in kinds {
        let paid =
            problem(utility.clone()).with_costs(costs).unwrap().subject_to(Constraint::long_only()).solve().unwrap();
        assert!(paid.certificate.is_optimal(), "{:?}", paid.certificate);
        assert!(paid.weights[0] > free.weights[0] + 1e-4, "{:?} {:?}", paid.weights, free.weights);
        assert!(paid.cost.unwrap() > 0.0);
    }
    // A rate above any gain in utility stops trading.
    let dear = costs.with_linear(vec![1.0; 3], vec![1.0; 3]).unwrap();
    let kept = problem(utility).with_costs(dear).unwrap().subject_to(Constraint::long_only()).solve().unwrap();
    assert!((kept.weights[0] - 1.0).abs() < 1e-8);
}

#[test]
fn turnover_is_counted_as_it_says() {
    let held = Weights::new(vec![1.0, 0.0, 0.0]).unwrap();
    for (convention, moved) in [(TurnoverConvention::OneWay, 0.2), (TurnoverConvention::TwoSided, 0.1)] {
        let solution = problem(Objective::MaximiseReturn)
            .subject_to(Constraint::long_only())
            .subject_to(Constraint::turnover(held.clone(), 0.2, convention))
            .solve()
            .unwrap();
        assert!((solution.weights[2] - moved).abs() < 1e-8, "{:?}", solution.weights);
    }
}

#[test]
fn a_soft_limit_gives_way_at_its_price() {
    let most = |price: f64| {
        let cap = Constraint::asset("C", ..=0.3).soft(price);
        problem(Objective::MaximiseReturn).subject_to(Constraint::long_only()).subject_to(cap).solve().unwrap()
    };
    // C earns 5e-4 more than B: cheaper than that and the limit is broken.
    let (kept, broken) = (most(6e-4), most(4e-4));
    assert!((kept.weights[2] - 0.3).abs() < 1e-8 && kept.violations.is_empty());
    assert!((broken.weights[2] - 1.0).abs() < 1e-8);
    assert!((broken.violations[0].by - 0.7).abs() < 1e-8);
    assert!((broken.violations[0].charged - 2.8e-4).abs() < 1e-11);
}

#[test]
fn robust_utility_discounts_what_is_uncertain() {
    let uncertain = MeanUncertainty::Box(vec![0.0, 0.0, 8e-4]);
    let robust = Objective::MaximiseRobustUtility { uncertainty: uncertain, risk_aversion: 1.0 };
    let solution = problem(robust).subject_to(Constraint::long_only()).solve().unwrap();
    let plain = problem(Objective::MaximiseUtility { risk_aversion: 1.0 }).subject_to(Constraint::long_only());
    // A box around C's return is the same as C earning its worst.
    let worst = plain.with_mean(array![2e-4, 3e-4, 0.0]).unwrap().solve().unwrap();
    for (a, b) in solution.weights.iter().zip(&worst.weights) {
        assert!((a - b).abs() < 1e-6);
    }
    let errors = MeanUncertainty::IndependentErrors { standard_errors: vec![1e-4, 2e-4, 3e-4], radius: 2.0 };
    let ellipsoid = MeanUncertainty::Ellipsoid {
        error_covariance: array![[1e-8, 0.0, 0.0], [0.0, 4e-8, 0.0], [0.0, 0.0, 9e-8]],
        radius: 2.0,
    };
    let of = |uncertainty| {
        let objective = Objective::MaximiseRobustUtility { uncertainty, risk_aversion: 1.0 };
        problem(objective).subject_to(Constraint::long_only()).solve().unwrap().objective
    };
    assert!((of(errors) - of(ellipsoid)).abs() < 1e-11);
}

#[test]
fn log_growth_of_a_coin_is_kellys() {
    // Doubled with 0.6, lost with 0.4: f = 2p − 1.
    let coin = Scenarios::new(array![[1.0], [-1.0]]).unwrap().with_probabilities(array![0.6, 0.4]).unwrap();
    let solution = Problem::new(Universe::named(["coin"]).unwrap(), Objective::MaximiseLogGrowth { risk_free: 0.0 })
        .with_scenarios(coin)
        .unwrap()
        .solve()
        .unwrap();
    // Flat at its best, as every growth curve is.
    assert!((solution.weights[0] - 0.2).abs() < 1e-5, "{:?}", solution.weights);
    assert!((solution.objective - (0.6 * 1.2_f64.ln() + 0.4 * 0.8_f64.ln())).abs() < 1e-11);
}

#[test]
fn entropy_without_other_limits_is_equal_weight() {
    let solution = problem(Objective::MaximiseEntropy).solve().unwrap();
    // The objective is flat at its best: a gap of 1e-11 leaves the weights free by the root of it.
    assert!(solution.weights.iter().all(|w| (w - 1.0 / 3.0).abs() < 1e-5));
    assert!((solution.objective - 3.0_f64.ln()).abs() < 1e-10);
}

#[test]
fn tracking_errors_against_weights_and_returns_agree() {
    let held = Weights::new(vec![0.2, 0.5, 0.3]).unwrap();
    let returns = scenarios();
    let covariance = {
        let mean = returns.sum_axis(ndarray::Axis(0)) / 60.0;
        let centred = &returns - &mean;
        centred.t().dot(&centred) / 59.0
    };
    let series = returns.dot(&held.view());
    let of = |benchmark| {
        Problem::new(universe(), Objective::MinimiseTrackingVariance(benchmark))
            .with_covariance(Covariance::new(covariance.clone()).unwrap())
            .unwrap()
            .with_scenarios(Scenarios::new(returns.clone()).unwrap())
            .unwrap()
            .subject_to(Constraint::budget(1.0))
            .subject_to(Constraint::asset("B", ..=0.1))
            .solve()
            .unwrap()
    };
    let (a, b) = (of(Benchmark::Weights(held)), of(Benchmark::Returns(series.to_vec())));
    assert!((a.objective - b.objective).abs() < 1e-9 * a.objective, "{} {}", a.objective, b.objective);
    assert!((a.weights[1] - 0.1).abs() < 1e-9);
}

#[test]
fn groups_may_nest() {
    let solution = problem(Objective::MaximiseReturn)
        .subject_to(Constraint::long_only())
        .subject_to(Constraint::group("outer", Members::of(["B", "C"]), ..=0.5))
        .subject_to(Constraint::share("inner", Members::of(["C"]), Members::of(["B", "C"]), ..=0.4))
        .solve()
        .unwrap();
    for (weight, expected) in solution.weights.iter().zip([0.5, 0.3, 0.2]) {
        assert!((weight - expected).abs() < 1e-8, "{:?}", solution.weights);
    }
}

#[test]
fn what_is_unbounded_says_along_what() {
    let error = problem(Objective::MaximiseReturn).solve().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unbounded);
    assert!(error.to_string().contains("more C"), "{error}");
}

#[test]
fn bad_input_is_named() {
    let kind = |error: Error| error.kind();
    let base = || problem(Objective::MinimiseRisk(RiskMeasure::Variance));
    let unknown = base().subject_to(Constraint::asset("Z", ..=0.3)).solve().unwrap_err();
    assert!(unknown.to_string().contains("\"Z\""), "{unknown}");
    let crossed = base().subject_to(Constraint::asset("A", 0.5..=0.3)).solve().unwrap_err();
    assert_eq!(kind(crossed), ErrorKind::InvalidInput);
    let twice = base().subject_to(Constraint::budget(1.0)).solve().unwrap_err();
    assert!(twice.to_string().contains("budget"), "{twice}");
    let lower =
        base().subject_to(Constraint::new("v", crate::problem::ConstraintKind::Risk(RiskMeasure::Volatility), 0.1..));
    assert!(lower.solve().unwrap_err().to_string().contains("convex"));
    assert!(base().with_mean(array![1.0, f64::NAN, 0.0]).is_err());
    let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
    let error = Problem::new(Universe::named(["A", "B"]).unwrap(), Objective::MinimiseRisk(RiskMeasure::Variance))
        .with_covariance(indefinite)
        .unwrap()
        .subject_to(Constraint::budget(1.0))
        .solve()
        .unwrap_err();
    assert!(error.to_string().contains("-1"), "{error}");
    let missing = Problem::new(universe(), Objective::MaximiseReturn).solve().unwrap_err();
    assert_eq!(kind(missing), ErrorKind::InvalidInput);
    let undated = problem(Objective::MinimiseRisk(RiskMeasure::MaximumDrawdown))
        .with_scenarios(Scenarios::new(scenarios()).unwrap())
        .unwrap();
    assert!(undated.solve().unwrap_err().to_string().contains("dates in order"));
}

#[test]
fn scenario_risks_by_their_own_method_agree_with_the_cones() {
    let c = Confidence::new(0.9).unwrap();
    let es = |limit: f64| Constraint::risk(RiskMeasure::ExpectedShortfall(c), limit);
    let least = dated(Objective::MinimiseRisk(RiskMeasure::ExpectedShortfall(c))).solve().unwrap().objective;
    let problems = [
        dated(Objective::MinimiseRisk(RiskMeasure::ExpectedShortfall(c))),
        dated(Objective::MinimiseRisk(RiskMeasure::WorstLoss)),
        dated(Objective::MinimiseRisk(RiskMeasure::Semideviation)),
        dated(Objective::MaximiseMeanRisk { measure: RiskMeasure::MeanAbsoluteDeviation, risk_aversion: 0.3 }),
        dated(Objective::MaximiseReturn).subject_to(es(1.3 * least)),
        dated(Objective::MaximiseUtility { risk_aversion: 2.0 }).subject_to(es(1.2 * least)),
        dated(Objective::MinimiseRisk(RiskMeasure::Variance)).subject_to(es(1.02 * least)),
        dated(Objective::MinimiseRisk(RiskMeasure::WorstLoss)).subject_to(es(1.1 * least)),
    ];
    for problem in problems {
        let own = problem.solve().unwrap();
        assert_eq!(own.method, "scenario interior point", "{}", own.objective_name);
        assert!(own.certificate.is_optimal());
        // A cost of nothing sends the same problem to the cones.
        let free = Costs::from(Weights::new(vec![0.0; 3]).unwrap());
        let cones = problem.with_costs(free).unwrap().solve().unwrap();
        assert_eq!(cones.method, "interior point");
        assert!((own.objective - cones.objective).abs() <= 1e-8 * own.objective.abs(), "{}", own.objective_name);
        for limit in &cones.active_limits {
            let other = own.active_limits.iter().find(|l| (&l.limit, &l.member) == (&limit.limit, &limit.member));
            let price = other.map_or(0.0, |l| l.shadow_price);
            assert!(
                (price - limit.shadow_price).abs() <= 1e-5 * cones.active_limits[0].shadow_price,
                "{limit:?} {price}"
            );
        }
    }
}

#[test]
fn the_best_ratio_on_the_frontier_is_that_of_the_cones() {
    let problems = [
        problem(Objective::sharpe(1e-4)),
        problem(Objective::sharpe(0.0)).subject_to(Constraint::weights(0.0..=0.45)),
        problem(Objective::sharpe(1e-4)).subject_to(Constraint::long_only()).subject_to(Constraint::group(
            "pair",
            Members::of(["B", "C"]),
            ..=0.6,
        )),
    ];
    for problem in problems {
        let line = problem.solve().unwrap();
        assert_eq!(line.method, "critical line");
        assert!(line.certificate.is_optimal(), "{:?}", line.certificate);
        let free = Costs::from(Weights::new(vec![0.0; 3]).unwrap());
        let cones = problem.with_costs(free).unwrap().solve().unwrap();
        assert!((line.objective - cones.objective).abs() <= 1e-8 * line.objective);
        for limit in &cones.active_limits {
            let other = line.active_limits.iter().find(|l| (&l.limit, &l.member) == (&limit.limit, &limit.member));
            let price = other.map_or(0.0, |l| l.shadow_price);
            let largest = cones.active_limits[0].shadow_price.max(1e-3);
            assert!((price - limit.shadow_price).abs() <= 1e-5 * largest, "{limit:?} {price}");
        }
    }
}

#[test]
fn variance_at_a_price_is_utility_at_twice_the_aversion() {
    let of = |objective| problem(objective).subject_to(Constraint::long_only()).solve().unwrap();
    let utility = of(Objective::MaximiseUtility { risk_aversion: 6.0 });
    let priced = of(Objective::MaximiseMeanRisk { measure: RiskMeasure::Variance, risk_aversion: 3.0 });
    assert_eq!(utility.weights, priced.weights);
    // The same road, and not the one that catches what the others get wrong.
    assert_eq!(utility.method, priced.method);
    assert_ne!(priced.method, "interior point");
    assert!((utility.objective - priced.objective).abs() < 1e-15);
}
