//! One wrong thing at a time: each is refused with an error that names it, or answered rightly. Nothing panics.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use alluse_optimizer::problem::{
    Benchmark, Constraint, ConstraintKind, Costs, MeanUncertainty, Members, Objective, RiskMeasure, Scenarios,
    TurnoverConvention,
};
use alluse_optimizer::solution::Termination;
use alluse_optimizer::{Problem, Result, Solution, Universe};
use alluse_risk_core::panel::PricePanel;
use alluse_risk_core::{AssetId, Confidence, Covariance, ErrorKind, Weights};
use ndarray::{Array2, array};

const VARIANCE: Objective = Objective::MinimiseRisk(RiskMeasure::Variance);

fn names() -> Universe {
    Universe::named(["A", "B", "C"]).unwrap()
}

fn matrix() -> Array2<f64> {
    array![[4e-4, 1e-4, 0.0], [1e-4, 2e-4, 5e-5], [0.0, 5e-5, 1e-4]]
}

fn scenarios() -> Array2<f64> {
    array![[0.01, -0.02, 0.005], [-0.03, 0.01, 0.002], [0.02, 0.015, -0.004], [-0.01, -0.005, 0.003]]
}

/// Three assets, fully invested, long only.
fn sound(objective: Objective) -> Problem {
    Problem::new(names(), objective)
        .with_covariance(Covariance::new(matrix()).unwrap())
        .unwrap()
        .with_mean(array![5e-4, 3e-4, 2e-4])
        .unwrap()
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::long_only())
}

fn with_matrix(matrix: Array2<f64>) -> Result<Solution> {
    Problem::new(names(), VARIANCE)
        .with_covariance(Covariance::new(matrix)?)?
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::long_only())
        .solve()
}

fn with_limit(limit: Constraint) -> Result<Solution> {
    sound(VARIANCE).subject_to(limit).solve()
}

fn with_scenarios(rows: Array2<f64>, measure: RiskMeasure) -> Result<Solution> {
    sound(Objective::MinimiseRisk(measure)).with_scenarios(Scenarios::new(rows)?)?.solve()
}

fn prices(value: f64) -> Result<PricePanel> {
    let dates = vec![jiff::civil::date(2024, 1, 2), jiff::civil::date(2024, 1, 3)];
    Ok(PricePanel::new(dates, vec![AssetId::new("A")?], array![[100.0], [value]])?)
}

/// What is wrong, the kind of the error, and what its message must name.
type Refused = (&'static str, ErrorKind, &'static [&'static str], fn() -> Result<Solution>);

const REFUSED: &[Refused] = &[
    ("no assets", ErrorKind::InvalidInput, &["universe"], || {
        Problem::new(Universe::new(Vec::new())?, VARIANCE).solve()
    }),
    ("a name twice", ErrorKind::InvalidInput, &["B"], || {
        Problem::new(Universe::named(["A", "B", "B"])?, VARIANCE).solve()
    }),
    ("a covariance with NaN", ErrorKind::InvalidInput, &["covariance", "NaN"], || {
        let mut wrong = matrix();
        wrong[[1, 1]] = f64::NAN;
        with_matrix(wrong)
    }),
    ("an infinite covariance", ErrorKind::InvalidInput, &["covariance", "inf"], || {
        let mut wrong = matrix();
        wrong[[1, 1]] = f64::INFINITY;
        with_matrix(wrong)
    }),
    ("an asymmetric covariance", ErrorKind::InvalidInput, &["covariance", "symmetric"], || {
        let mut wrong = matrix();
        wrong[[0, 1]] = 2e-4;
        with_matrix(wrong)
    }),
    ("a negative variance", ErrorKind::InvalidInput, &["covariance"], || {
        let mut wrong = matrix();
        wrong[[2, 2]] = -1e-4;
        with_matrix(wrong)
    }),
    ("an indefinite covariance", ErrorKind::Numerical, &["covariance", "semidefinite"], || {
        with_matrix(array![[1e-4, 2e-4, 0.0], [2e-4, 1e-4, 0.0], [0.0, 0.0, 1e-4]])
    }),
    ("a covariance of another size", ErrorKind::InvalidInput, &["covariance", "2", "3"], || {
        with_matrix(array![[1e-4, 0.0], [0.0, 1e-4]])
    }),
    ("no covariance", ErrorKind::InvalidInput, &["covariance"], || Problem::new(names(), VARIANCE).solve()),
    ("no expected returns", ErrorKind::InvalidInput, &["expected returns"], || {
        Problem::new(names(), Objective::MaximiseReturn).subject_to(Constraint::budget(1.0)).solve()
    }),
    ("a mean with NaN", ErrorKind::InvalidInput, &["mean", "NaN", "1"], || {
        sound(VARIANCE).with_mean(array![1e-4, f64::NAN, 0.0])?.solve()
    }),
    ("a mean too short", ErrorKind::InvalidInput, &["mean"], || sound(VARIANCE).with_mean(array![1e-4])?.solve()),
    ("no scenarios", ErrorKind::InvalidInput, &["scenarios"], || {
        sound(Objective::MinimiseRisk(RiskMeasure::WorstLoss)).solve()
    }),
    ("zero scenarios", ErrorKind::InvalidInput, &["scenario"], || {
        with_scenarios(Array2::zeros((0, 3)), RiskMeasure::WorstLoss)
    }),
    ("a scenario with NaN", ErrorKind::InvalidInput, &["scenario", "NaN"], || {
        let mut wrong = scenarios();
        wrong[[2, 1]] = f64::NAN;
        with_scenarios(wrong, RiskMeasure::WorstLoss)
    }),
    ("scenarios of other assets", ErrorKind::InvalidInput, &["scenario"], || {
        with_scenarios(Array2::zeros((4, 2)), RiskMeasure::WorstLoss)
    }),
    ("one scenario for a semivariance", ErrorKind::InsufficientData, &["semivariance", "1", "2"], || {
        with_scenarios(Array2::zeros((1, 3)), RiskMeasure::Semivariance)
    }),
    ("drawdowns of scenarios that are no dates", ErrorKind::InvalidInput, &["maximum drawdown"], || {
        with_scenarios(scenarios(), RiskMeasure::MaximumDrawdown)
    }),
    ("probabilities that do not add up", ErrorKind::InvalidInput, &["probabilities", "0.9"], || {
        let rows = Scenarios::new(scenarios())?.with_probabilities(array![0.3, 0.3, 0.2, 0.1])?;
        sound(Objective::MinimiseRisk(RiskMeasure::WorstLoss)).with_scenarios(rows)?.solve()
    }),
    ("a limit of an unknown asset", ErrorKind::InvalidInput, &["Z"], || with_limit(Constraint::asset("Z", ..=0.5))),
    ("a limit with NaN", ErrorKind::InvalidInput, &["cap", "NaN"], || {
        with_limit(Constraint::group("cap", Members::All, ..=f64::NAN))
    }),
    ("a limit upside down", ErrorKind::InvalidInput, &["A", "0.6", "0.4"], || {
        with_limit(Constraint::asset("A", 0.6..=0.4))
    }),
    ("a limit without sides", ErrorKind::InvalidInput, &["free"], || {
        with_limit(Constraint::group("free", Members::All, f64::NEG_INFINITY..=f64::INFINITY))
    }),
    ("a limit without members", ErrorKind::InvalidInput, &["nobody"], || {
        with_limit(Constraint::group("nobody", Members::Named(Vec::new()), ..=0.4))
    }),
    ("a limit twice", ErrorKind::InvalidInput, &["budget"], || with_limit(Constraint::budget(1.0))),
    ("a negative price", ErrorKind::InvalidInput, &["A", "-1"], || {
        with_limit(Constraint::asset("A", ..=0.1).soft(-1.0))
    }),
    ("a least leverage", ErrorKind::InvalidInput, &["gross", "convex"], || {
        with_limit(Constraint::new("gross", ConstraintKind::Gross(Members::All), 1.5..))
    }),
    ("a coefficient with NaN", ErrorKind::InvalidInput, &["row", "B", "NaN"], || {
        with_limit(Constraint::linear("row", [("A", 1.0), ("B", f64::NAN)], ..=0.5))
    }),
    ("turnover from holdings too short", ErrorKind::InvalidInput, &["turnover"], || {
        with_limit(Constraint::turnover(Weights::new(vec![1.0])?, 0.1, TurnoverConvention::OneWay))
    }),
    ("a benchmark too short", ErrorKind::InvalidInput, &["benchmark"], || {
        with_limit(Constraint::tracking_error(Benchmark::Weights(Weights::new(vec![1.0])?), 0.1))
    }),
    ("a negative variance limit", ErrorKind::InvalidInput, &["variance", "-1"], || {
        with_limit(Constraint::risk(RiskMeasure::Variance, -1.0))
    }),
    ("a negative aversion", ErrorKind::InvalidInput, &["risk aversion", "-1"], || {
        sound(Objective::MaximiseUtility { risk_aversion: -1.0 }).solve()
    }),
    ("an aversion with NaN", ErrorKind::InvalidInput, &["risk aversion", "NaN"], || {
        sound(Objective::MaximiseUtility { risk_aversion: f64::NAN }).solve()
    }),
    ("a ratio to a squared risk", ErrorKind::InvalidInput, &["variance"], || {
        sound(Objective::MaximiseRatio { measure: RiskMeasure::Variance, risk_free: 0.0 }).solve()
    }),
    ("uncertainty of other assets", ErrorKind::InvalidInput, &["uncertainty"], || {
        let uncertainty = MeanUncertainty::Box(vec![1e-4]);
        sound(Objective::MaximiseRobustUtility { uncertainty, risk_aversion: 1.0 }).solve()
    }),
    ("a negative cost", ErrorKind::InvalidInput, &["buy rates", "-"], || {
        sound(VARIANCE).with_costs(Costs::one_way_bps(Weights::new(vec![0.0; 3])?, -5.0)?)?.solve()
    }),
    ("a budget after costs without costs", ErrorKind::InvalidInput, &["costs"], || {
        with_limit(Constraint::budget_after_costs(1.0))
    }),
    ("a negative price of an asset", ErrorKind::InvalidInput, &["price", "-3"], || {
        prices(-3.0)?;
        sound(VARIANCE).solve()
    }),
    ("a price of nothing", ErrorKind::InvalidInput, &["price", "0"], || {
        prices(0.0)?;
        sound(VARIANCE).solve()
    }),
    ("a budget out of reach", ErrorKind::Infeasible, &["budget", "cap"], || {
        with_limit(Constraint::weights(..=0.3).named("cap"))
    }),
    ("bounds of two limits that cross", ErrorKind::Infeasible, &["floor", "ceiling"], || {
        sound(VARIANCE)
            .subject_to(Constraint::asset("A", 0.5..).named("floor"))
            .subject_to(Constraint::asset("A", ..=0.2).named("ceiling"))
            .solve()
    }),
    ("nothing that ends the return", ErrorKind::Unbounded, &["more A"], || {
        sound(Objective::MaximiseReturn).without("long only").solve()
    }),
    ("nothing that ends a ratio's return", ErrorKind::Undefined, &["risk-free", "0.01"], || {
        sound(Objective::sharpe(0.01)).solve()
    }),
    ("a soft limit under a ratio", ErrorKind::Unsupported, &["soft"], || {
        sound(Objective::sharpe(0.0)).subject_to(Constraint::asset("A", ..=0.1).soft(1.0)).solve()
    }),
    ("a ratio to no risk at all", ErrorKind::Undefined, &["ratio"], || {
        sound(Objective::sharpe(0.0)).with_covariance(Covariance::new(Array2::zeros((3, 3)))?)?.solve()
    }),
];

#[test]
fn every_wrong_input_is_refused_by_name() {
    let mut failures = Vec::new();
    for (what, kind, named, attempt) in REFUSED {
        match attempt() {
            Ok(solution) => failures.push(format!("{what}: solved, {:?}", solution.weights)),
            Err(error) => {
                let text = error.to_string();
                if error.kind() != *kind || named.iter().any(|name| !text.contains(name)) {
                    failures.push(format!("{what}: {:?}, {text}", error.kind()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), REFUSED.len(), failures.join("\n"));
}

/// What is unusual, what is solved, and what its answer must be.
type Answered = (&'static str, fn() -> Result<Solution>, fn(&Solution) -> bool);

fn near(weights: &[f64], wanted: &[f64], tolerance: f64) -> bool {
    weights.len() == wanted.len() && weights.iter().zip(wanted).all(|(w, wanted)| (w - wanted).abs() <= tolerance)
}

fn scaled(factor: f64) -> Result<Solution> {
    with_matrix(array![[4e-4, 0.0, 0.0], [0.0, 2e-4, 0.0], [0.0, 0.0, 1e-4]] * factor)
}

/// Inverse variances of the matrix above: 1 : 2 : 4.
fn inverse_variance(solution: &Solution) -> bool {
    near(&solution.weights, &[1.0 / 7.0, 2.0 / 7.0, 4.0 / 7.0], 1e-7)
}

const ANSWERED: &[Answered] = &[
    ("variances of 1e-16", || scaled(1e-12), inverse_variance),
    ("variances of 1e8", || scaled(1e12), inverse_variance),
    (
        "one asset",
        || {
            Problem::new(Universe::named(["A"])?, VARIANCE)
                .with_covariance(Covariance::new(array![[1e-4]])?)?
                .subject_to(Constraint::budget(1.0))
                .solve()
        },
        |solution| near(&solution.weights, &[1.0], 1e-9),
    ),
    (
        "assets that are the same",
        || with_matrix(array![[1e-4, 1e-4, 0.0], [1e-4, 1e-4, 0.0], [0.0, 0.0, 1e-4]]),
        |solution| (solution.weights[2] - 0.5).abs() < 1e-7 && (solution.objective - 5e-5).abs() < 1e-12,
    ),
    (
        "a singular covariance",
        || {
            // B is minus A: half of each is without risk.
            with_matrix(array![[1e-4, -1e-4, 0.0], [-1e-4, 1e-4, 0.0], [0.0, 0.0, 1e-4]])
        },
        |solution| near(&solution.weights, &[0.5, 0.5, 0.0], 1e-6) && solution.objective < 1e-15,
    ),
    (
        "a nearly singular covariance",
        || {
            let eps = 1e-12;
            with_matrix(array![[1e-4 + eps, -1e-4, 0.0], [-1e-4, 1e-4 + eps, 0.0], [0.0, 0.0, 1e-4]])
        },
        |solution| near(&solution.weights, &[0.5, 0.5, 5e-9], 1e-7),
    ),
    ("no risk at all", || with_matrix(Array2::zeros((3, 3))), |solution| solution.objective == 0.0),
    (
        "return without risk",
        || {
            let none = Covariance::new(Array2::zeros((3, 3)))?;
            sound(Objective::MaximiseUtility { risk_aversion: 5.0 }).with_covariance(none)?.solve()
        },
        |solution| near(&solution.weights, &[1.0, 0.0, 0.0], 1e-7),
    ),
    (
        "one scenario",
        || with_scenarios(array![[0.01, -0.02, 0.03]], RiskMeasure::ExpectedShortfall(Confidence::new(0.95)?)),
        |solution| near(&solution.weights, &[0.0, 0.0, 1.0], 1e-7) && (solution.objective + 0.03).abs() < 1e-9,
    ),
    (
        "scenarios of nothing",
        || with_scenarios(Array2::zeros((4, 3)), RiskMeasure::WorstLoss),
        |solution| solution.objective.abs() < 1e-12,
    ),
    (
        "a portfolio that never falls",
        || {
            let rows = Scenarios::dated(array![[0.01, -0.02, 0.0], [0.02, 0.01, -0.01], [0.01, -0.01, 0.01]])?;
            sound(Objective::MinimiseRisk(RiskMeasure::MaximumDrawdown)).with_scenarios(rows)?.solve()
        },
        |solution| solution.objective.abs() < 1e-9,
    ),
    (
        "infinite bounds",
        || with_limit(Constraint::weights(f64::NEG_INFINITY..=0.9).named("cap")),
        |solution| solution.weights.iter().all(|w| *w >= -1e-9 && *w <= 0.9 + 1e-9),
    ),
    (
        "a large finite bound",
        || with_limit(Constraint::weights(-1e12..=1e12).named("far")),
        |solution| solution.weights.iter().all(|w| *w >= -1e-9),
    ),
    (
        "nothing to hold",
        || Problem::new(names(), VARIANCE).with_covariance(Covariance::new(matrix())?)?.solve(),
        |solution| near(&solution.weights, &[0.0; 3], 1e-9),
    ),
    (
        "one portfolio left",
        || sound(VARIANCE).subject_to(Constraint::weights(1.0 / 3.0..).named("floor")).solve(),
        |solution| near(&solution.weights, &[1.0 / 3.0; 3], 1e-7),
    ),
    (
        "a budget of a thousand",
        || sound(VARIANCE).without("budget").subject_to(Constraint::budget(1e3)).solve(),
        |solution| (solution.weights.iter().sum::<f64>() - 1e3).abs() < 1e-6,
    ),
    (
        "returns of 1e-12",
        || sound(Objective::MaximiseReturn).with_mean(array![1e-12, 3e-12, 2e-12])?.solve(),
        |solution| near(&solution.weights, &[0.0, 1.0, 0.0], 1e-7),
    ),
    (
        "no aversion to risk",
        || sound(Objective::MaximiseUtility { risk_aversion: 0.0 }).solve(),
        |solution| near(&solution.weights, &[1.0, 0.0, 0.0], 1e-7),
    ),
];

#[test]
fn what_is_unusual_is_answered_rightly() {
    let mut failures = Vec::new();
    for (what, attempt, right) in ANSWERED {
        match attempt() {
            Ok(solution) if solution.termination != Termination::Optimal => {
                failures.push(format!("{what}: {:?} {:?}", solution.termination, solution.certificate));
            }
            Ok(solution) if !right(&solution) => {
                failures.push(format!("{what}: {:?}, objective {}", solution.weights, solution.objective));
            }
            Ok(_) => {}
            Err(error) => failures.push(format!("{what}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), ANSWERED.len(), failures.join("\n"));
}
