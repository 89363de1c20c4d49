//! Random problems with a known portfolio within their limits, solved and held against their certificates, Clarabel on
//! formulations of the test's own, a method of alternating directions, and bounds from planes below it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

mod case;
mod families;
mod limits;
mod market;
mod planes;
mod reference;
mod splitting;

use alluse_optimizer::problem::{Objective, RiskMeasure};
use alluse_optimizer::solution::Termination;
use alluse_risk_core::Confidence;
use case::{Case, Paid};
use families::*;
use limits::outside;
use market::Dice;
use ndarray::Array1;

/// Who checks the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judge {
    Reference,
    Both,
    Planes,
}

/// What became of a family.
#[derive(Debug, Default)]
struct Tally {
    optimal: usize,
    reduced: usize,
    failures: Vec<String>,
    gap: f64,
    stationarity: f64,
    infeasibility: f64,
    reference: f64,
    splitting: f64,
    settled: usize,
}

impl Tally {
    /// Solves one and notes what it reached.
    fn take(&mut self, seed: u64, case: &Case, judge: Judge) {
        let solution = match case.problem().solve() {
            Ok(solution) => solution,
            Err(error) => {
                return self.failures.push(format!(
                    "seed {seed}, {} assets, {:?}: {error}",
                    case.market.len(),
                    case.market.shape
                ));
            }
        };
        let certificate = solution.certificate;
        match solution.termination {
            Termination::Optimal => self.optimal += 1,
            other => {
                self.reduced += 1;
                self.failures.push(format!(
                    "seed {seed}, {} assets, {:?}, {}: {other:?} {certificate:?}",
                    case.market.len(),
                    case.market.shape,
                    solution.method
                ));
            }
        }
        self.gap = self.gap.max(certificate.duality_gap);
        self.stationarity = self.stationarity.max(certificate.stationarity);
        let w = Array1::from(solution.weights.clone());
        let spent = case.rates.as_ref().map_or(0.0, |rates| rates.of(&w));
        let mut penalty = 0.0;
        for limit in &case.limits {
            let by = outside(&case.market, limit, &w, spent);
            match limit.price() {
                Some(price) => penalty += price * by,
                None => self.infeasibility = self.infeasibility.max(by),
            }
        }
        let paid = if case.objective.is_maximised() { -penalty } else { penalty };
        self.judge(seed, case, judge, solution.objective + paid, &w);
    }

    fn judge(&mut self, seed: u64, case: &Case, judge: Judge, value: f64, w: &Array1<f64>) {
        // What is nearly zero is measured against the size of a typical asset's risk.
        let own = case.market.volatilities().mean().unwrap();
        let typical = match &case.objective {
            Objective::MinimiseRisk(measure) if measure.is_squared() => own * own,
            Objective::MinimiseTrackingVariance(_) => own * own,
            Objective::MaximiseRatio { .. } | Objective::MaximiseDiversification | Objective::MaximiseEntropy => 1.0,
            _ => own,
        };
        let size = value.abs() + 1e-3 * typical;
        let mut note = |who: &str, error: f64| {
            if !(error <= 1e-6) {
                self.failures.push(format!(
                    "seed {seed}, {} assets, {:?}: {value} is {error:e} from {who}",
                    case.market.len(),
                    case.market.shape
                ));
            }
            error
        };
        if judge == Judge::Planes {
            self.reference =
                self.reference.max(note("its bound", planes::left_to_gain(case, w, 1e-7 * size).abs() / size));
            return;
        }
        self.reference = self.reference.max(note("the reference", (value - reference::best(case)).abs() / size));
        if judge == Judge::Both
            && let Some(other) = splitting::best(case)
        {
            self.settled += 1;
            self.splitting = self.splitting.max(note("the splitting", (value - other).abs() / size));
        }
    }
}

/// A family by name: how many, who checks, how one is drawn.
type Family = (&'static str, usize, Judge, fn(&mut Dice) -> Case);

fn run(first: u64, families: &[Family]) {
    let start = std::time::Instant::now();
    let mut failures = Vec::new();
    eprintln!(
        "family                    problems optimal reduced failed  gap     station. limits  reference splitting"
    );
    for (place, (name, count, judge, draw)) in families.iter().enumerate() {
        let mut tally = Tally::default();
        for seed in 0..*count as u64 {
            let seed = first + 10_000 * place as u64 + seed;
            tally.take(seed, &draw(&mut Dice(seed)), *judge);
        }
        let Tally { optimal, reduced, gap, stationarity, infeasibility, reference, splitting, settled, .. } = tally;
        let failed = count - optimal - reduced;
        eprintln!(
            "{name:<25} {count:>8} {optimal:>7} {reduced:>7} {failed:>6} {gap:.1e} {stationarity:.1e} \
             {infeasibility:.1e} {reference:.1e} {splitting:.1e} ({settled})"
        );
        failures.extend(tally.failures.into_iter().map(|failure| format!("{name}: {failure}")));
        if !(gap <= 1e-8 && stationarity <= 1e-7 && infeasibility <= 1e-9) {
            failures.push(format!(
                "{name}: a gap of {gap:e}, residuals of {stationarity:e}, limits broken by {infeasibility:e}"
            ));
        }
        if *judge == Judge::Both && settled * 20 < count * 19 {
            failures.push(format!("{name}: the splitting settled only {settled} of {count}"));
        }
    }
    eprintln!("{:.1} s", start.elapsed().as_secs_f64());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn quadratic_programs() {
    run(
        1_000_000,
        &[
            ("variance", 150, Judge::Both, |dice| PLAIN.minimise(dice, RiskMeasure::Variance)),
            ("utility", 150, Judge::Both, |dice| PLAIN.case(dice, utility)),
            ("tracking variance", 100, Judge::Both, |dice| PLAIN.case(dice, tracking)),
        ],
    );
}

#[test]
fn limits_of_risk_and_trading() {
    run(
        2_000_000,
        &[
            ("variance", 60, Judge::Reference, |dice| CONES.minimise(dice, RiskMeasure::Variance)),
            ("volatility", 30, Judge::Reference, |dice| CONES.minimise(dice, RiskMeasure::Volatility)),
            ("utility", 60, Judge::Reference, |dice| CONES.case(dice, utility)),
            ("tracking variance", 40, Judge::Reference, |dice| CONES.case(dice, tracking)),
            ("return, linear limits", 40, Judge::Reference, |dice| {
                PLAIN.case(dice, |_, _, _| Objective::MaximiseReturn)
            }),
            ("return", 60, Judge::Reference, |dice| CONES.case(dice, |_, _, _| Objective::MaximiseReturn)),
        ],
    );
}

#[test]
fn ratios() {
    run(
        3_000_000,
        &[
            ("sharpe, linear limits", 60, Judge::Reference, |dice| RISKY.case(dice, sharpe)),
            ("sharpe", 50, Judge::Reference, |dice| RISKY_CONES.case(dice, sharpe)),
            ("diversification", 50, Judge::Reference, |dice| {
                RISKY_CONES.case(dice, |_, _, _| Objective::MaximiseDiversification)
            }),
            ("return over shortfall", 20, Judge::Reference, |dice| {
                let c = confidence(dice);
                SCENARIOS
                    .case(dice, |dice, market, known| ratio(dice, market, known, RiskMeasure::ExpectedShortfall(c)))
            }),
        ],
    );
}

#[test]
fn uncertain_means() {
    run(
        4_000_000,
        &[
            ("box", 40, Judge::Reference, |dice| CONES.case(dice, boxes)),
            ("ellipsoid", 40, Judge::Reference, |dice| CONES.case(dice, ellipsoid)),
            ("independent errors", 30, Judge::Reference, |dice| CONES.case(dice, independent)),
        ],
    );
}

#[test]
fn costs_and_soft_limits() {
    run(
        5_000_000,
        &[
            ("linear costs", 60, Judge::Reference, |dice| paid(dice, PLAIN, Paid::Linear)),
            ("quadratic costs", 30, Judge::Reference, |dice| paid(dice, PLAIN, Paid::Quadratic)),
            ("three-halves costs", 40, Judge::Reference, |dice| paid(dice, PLAIN, Paid::ThreeHalves)),
            ("all costs, cones", 40, Judge::Reference, |dice| paid(dice, CONES, Paid::All)),
            ("soft limits", 60, Judge::Reference, soft),
        ],
    );
}

#[test]
fn scenario_risks() {
    run(
        6_000_000,
        &[
            ("expected shortfall", 40, Judge::Reference, |dice| {
                let c = confidence(dice);
                SCENARIOS.minimise(dice, RiskMeasure::ExpectedShortfall(c))
            }),
            ("return less shortfall", 30, Judge::Reference, |dice| {
                let measure = RiskMeasure::ExpectedShortfall(confidence(dice));
                SCENARIOS.case(dice, |dice, _, _| Objective::MaximiseMeanRisk { measure, risk_aversion: dice.unit() })
            }),
            ("absolute deviation", 30, Judge::Reference, |dice| {
                SCENARIOS.minimise(dice, RiskMeasure::MeanAbsoluteDeviation)
            }),
            ("semivariance", 30, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::Semivariance)),
            ("semideviation", 20, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::Semideviation)),
            ("worst loss", 30, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::WorstLoss)),
            ("maximum drawdown", 25, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::MaximumDrawdown)),
            ("average drawdown", 20, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::AverageDrawdown)),
            ("conditional drawdown", 20, Judge::Reference, |dice| {
                let c = confidence(dice);
                SCENARIOS.minimise(dice, RiskMeasure::ConditionalDrawdown(c))
            }),
            ("ulcer index", 20, Judge::Reference, |dice| SCENARIOS.minimise(dice, RiskMeasure::UlcerIndex)),
            ("entropic value at risk", 25, Judge::Planes, |dice| {
                let c = low_confidence(dice);
                SCENARIOS.minimise(dice, RiskMeasure::EntropicValueAtRisk(c))
            }),
            ("entropic, beyond the worst", 20, Judge::Reference, |dice| {
                let c = Confidence::new(0.999).unwrap();
                SCENARIOS.minimise(dice, RiskMeasure::EntropicValueAtRisk(c))
            }),
            ("log growth", 30, Judge::Planes, |dice| {
                SCENARIOS.case(dice, |_, _, _| Objective::MaximiseLogGrowth { risk_free: 1e-4 })
            }),
        ],
    );
}
