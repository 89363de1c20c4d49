//! Problems that nothing solves, built so by construction: each must name a smallest set of limits that contradict each
//! other, where each of them would have to be, and a way out of everything; all three are put to the test by solving.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

#[path = "random_problems/market.rs"]
#[allow(dead_code, reason = "the markets are shared with another test, which uses more of them")]
mod market;

use alluse_optimizer::conflict::Conflict;
use alluse_optimizer::problem::{Benchmark, Constraint, Members, Objective, RiskMeasure, Side, TurnoverConvention};
use alluse_optimizer::{Error, Problem};
use alluse_risk_core::Weights;
use market::{Dice, Market, Shape, portfolio};
use ndarray::Array1;

/// A market and limits around it that nothing keeps.
struct Impossible {
    market: Market,
    limits: Vec<Constraint>,
}

impl Impossible {
    fn new(dice: &mut Dice, least: usize) -> Self {
        let n = dice.count(least, least + 8);
        let shape = [Shape::Dense, Shape::Factored][dice.count(0, 1)];
        Self { market: Market::new(dice, n, shape, 0), limits: Vec::new() }
    }

    /// Fully invested, long only.
    fn plain(mut self) -> Self {
        self.limits.extend([Constraint::budget(1.0), Constraint::long_only()]);
        self
    }

    fn and(mut self, limit: Constraint) -> Self {
        self.limits.push(limit);
        self
    }

    fn name(&self, asset: usize) -> String {
        self.market.names[asset].clone()
    }

    fn members(&self, assets: impl IntoIterator<Item = usize>) -> Members {
        Members::of(assets.into_iter().map(|asset| self.name(asset)))
    }

    fn problem(&self, objective: Objective, limits: Vec<Constraint>) -> Problem {
        Problem::new(self.market.universe.clone(), objective)
            .with_mean(self.market.mean.clone())
            .unwrap()
            .with_covariance(self.market.model.clone())
            .unwrap()
            .subject_to_all(limits)
    }

    /// The best objective under the limits so far.
    fn best(&self, objective: Objective) -> f64 {
        self.problem(objective, self.limits.clone()).solve().unwrap().objective
    }

    /// Limits that have nothing to do with it.
    fn bystanders(mut self, dice: &mut Dice) -> Self {
        let n = self.market.len();
        let row: Vec<(String, f64)> = self.market.names.iter().map(|name| (name.clone(), dice.normal())).collect();
        self.limits.push(Constraint::linear("bystanding row", row, -50.0..=50.0));
        let half = self.members(0..n.div_ceil(2));
        self.limits.push(Constraint::group("bystanding group", half, -20.0..=20.0));
        self.limits.push(Constraint::risk(RiskMeasure::Volatility, 10.0).named("bystanding risk"));
        self
    }
}

fn minima_above_the_budget(dice: &mut Dice) -> Impossible {
    let mut problem = Impossible::new(dice, 3).plain();
    let several = dice.count(2, 3);
    for asset in 0..several {
        let least = dice.between(1.05, 1.6) / several as f64;
        problem = problem.and(Constraint::asset(format!("A{asset}"), least..));
    }
    problem
}

fn caps_below_the_budget(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let cap = dice.between(0.5, 0.95) / problem.market.len() as f64;
    problem.and(Constraint::weights(..=cap))
}

fn a_group_above_its_caps(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 4).plain();
    let group = problem.members(0..2);
    let cap = dice.between(0.05, 0.2);
    problem.and(Constraint::weights(..=cap).named("cap")).and(Constraint::group(
        "group",
        group,
        2.0 * cap + dice.between(0.05, 0.3)..,
    ))
}

fn two_groups_above_the_budget(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 5).plain();
    let (first, second) = (problem.members(0..2), problem.members(2..4));
    let least = dice.between(0.55, 0.8);
    problem.and(Constraint::group("first", first, least..)).and(Constraint::group("second", second, 0.5..))
}

fn a_part_above_its_share(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 5).plain();
    let (inner, outer) = (problem.members(0..2), problem.members(0..4));
    let (share, least) = (dice.between(0.5, 0.8), dice.between(0.4, 0.7));
    problem
        .and(Constraint::share("part", inner.clone(), outer.clone(), share..))
        .and(Constraint::group("whole", outer, least..))
        .and(Constraint::group("inner", inner, ..=share * least * dice.between(0.3, 0.8)))
}

fn a_return_that_its_risk_forbids(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let least = problem.best(Objective::MinimiseRisk(RiskMeasure::Volatility));
    let problem = problem.and(Constraint::risk(RiskMeasure::Volatility, 1.1 * least));
    let best = problem.best(Objective::MaximiseReturn);
    problem.and(Constraint::target_return(best + 1e-4 * dice.between(0.2, 3.0)))
}

fn a_return_above_the_best_asset(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let best = problem.market.mean.fold(f64::NEG_INFINITY, |best, m| best.max(*m));
    problem.and(Constraint::target_return(best + 1e-4 * dice.between(0.2, 3.0)))
}

fn a_risk_below_the_least(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let least = problem.best(Objective::MinimiseRisk(RiskMeasure::Volatility));
    problem.and(Constraint::risk(RiskMeasure::Volatility, least * dice.between(0.3, 0.9)))
}

fn too_little_turnover(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let mut held = Array1::zeros(problem.market.len());
    held[0] = 1.0;
    let least = dice.between(0.2, 0.6);
    let (convention, needed) = if dice.chance(0.5) {
        (TurnoverConvention::OneWay, least)
    } else {
        (TurnoverConvention::TwoSided, 2.0 * least)
    };
    let limit = needed * dice.between(0.2, 0.8);
    problem.and(Constraint::asset("A1", least..)).and(Constraint::turnover(
        Weights::new(held).unwrap(),
        limit,
        convention,
    ))
}

fn a_group_far_from_the_benchmark(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 4).plain();
    let mut benchmark = portfolio(dice, problem.market.len(), false);
    (benchmark[0], benchmark[1]) = (0.0, 0.0);
    benchmark[2] += 0.2;
    let total = benchmark.sum();
    let benchmark = Benchmark::Weights(Weights::new(benchmark / total).unwrap());
    let group = problem.members(0..2);
    let problem = problem.and(Constraint::group("group", group, dice.between(0.3, 0.7)..));
    let least = problem.best(Objective::MinimiseTrackingVariance(benchmark.clone())).sqrt();
    problem.and(Constraint::tracking_error(benchmark, least * dice.between(0.3, 0.9)))
}

fn a_factor_that_all_share(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let row: Vec<(String, f64)> =
        problem.market.names.iter().map(|name| (name.clone(), dice.between(0.5, 1.5))).collect();
    problem.and(Constraint::linear("neutral", row, -0.1..=0.1))
}

fn a_stress_that_all_suffer(dice: &mut Dice) -> Impossible {
    let problem = Impossible::new(dice, 3).plain();
    let row: Vec<(String, f64)> =
        problem.market.names.iter().map(|name| (name.clone(), dice.between(0.1, 0.4))).collect();
    problem.and(Constraint::linear("stress loss", row, ..=dice.between(0.01, 0.09)))
}

fn leverage_below_the_shorts(dice: &mut Dice) -> Impossible {
    let short = dice.between(0.2, 0.5);
    Impossible::new(dice, 3)
        .and(Constraint::budget(1.0))
        .and(Constraint::asset("A0", ..=-short))
        .and(Constraint::leverage(1.0 + short))
}

fn shorts_beyond_their_limit(dice: &mut Dice) -> Impossible {
    let short = dice.between(0.2, 0.5);
    Impossible::new(dice, 3)
        .and(Constraint::budget(1.0))
        .and(Constraint::asset("A0", ..=-short))
        .and(Constraint::asset("A1", ..=-0.1))
        .and(Constraint::short_exposure(short))
}

fn three_contradictions_at_once(dice: &mut Dice) -> Impossible {
    let first = minima_above_the_budget(dice);
    let (low, high) = (dice.between(0.2, 0.3), dice.between(0.0, 0.1));
    let last = first.market.len() - 1;
    let (name, best) = (first.name(last), first.market.mean.fold(f64::NEG_INFINITY, |best, m| best.max(*m)));
    first
        .and(Constraint::asset(name.clone(), low..).named("at least"))
        .and(Constraint::asset(name, ..=high).named("at most"))
        .and(Constraint::target_return(best + 3e-4))
}

fn too_few_positions(dice: &mut Dice) -> Impossible {
    let n = dice.count(4, 6);
    let market = Market::new(dice, n, Shape::Dense, 0);
    let most = dice.count(1, 2);
    let cap = dice.between(0.5, 0.9) / most as f64;
    Impossible { market, limits: Vec::new() }
        .plain()
        .and(Constraint::weights(..=cap.max(1.02 / n as f64)).named("cap"))
        .and(Constraint::cardinality(0, most))
}

fn positions_too_large(dice: &mut Dice) -> Impossible {
    let n = dice.count(4, 6);
    let market = Market::new(dice, n, Shape::Dense, 0);
    let least = dice.count(3, 4);
    let size = dice.between(1.1, 1.5) / least as f64;
    Impossible { market, limits: Vec::new() }
        .plain()
        .and(Constraint::minimum_position(size))
        .and(Constraint::cardinality(least, n))
}

/// Only this side of a limit, there or somewhere else.
fn side_of(limit: &Constraint, side: Side, bound: f64) -> Constraint {
    match side {
        Side::Lower => Constraint::new(limit.name(), limit.kind().clone(), bound..),
        Side::Upper => Constraint::new(limit.name(), limit.kind().clone(), ..=bound),
    }
}

/// What has a solution whatever the limits are, when they leave any.
const OTHER: Objective = Objective::MaximiseUtility { risk_aversion: 2.0 };

/// Puts a conflict to the test; what is wrong with it, if anything.
fn examine(made: &Impossible, problem: &Problem, conflict: &Conflict) -> Result<(), String> {
    let sides: Vec<(&Constraint, Side, f64, Option<f64>)> = conflict
        .members
        .iter()
        .map(|m| (made.limits.iter().find(|limit| limit.name() == m.limit).unwrap(), m.side, m.bound, m.needed))
        .collect();
    let solve = |limits: Vec<Constraint>| made.problem(OTHER, limits).solve();
    let all = || sides.iter().map(|(limit, side, bound, _)| side_of(limit, *side, *bound));
    if !matches!(solve(all().collect()), Err(Error::Conflict(_))) {
        return Err("the members alone are no contradiction".into());
    }
    for (place, (limit, side, bound, needed)) in sides.iter().enumerate() {
        let but = |other: Option<f64>| -> Vec<Constraint> {
            let mut limits: Vec<Constraint> = all().collect();
            limits.remove(place);
            limits.extend(other.map(|bound| side_of(limit, *side, bound)));
            limits
        };
        if let Err(error) = solve(but(None)) {
            return Err(format!("without {:?} it should have a solution: {error}", limit.name()));
        }
        let Some(needed) = needed else {
            if problem.is_discrete() {
                continue;
            }
            return Err(format!("nothing is said of where {:?} would have to be", limit.name()));
        };
        // A thousandth beyond is enough, half the way is not.
        let at = |share: f64| bound + share * (needed - bound);
        if let Err(error) = solve(but(Some(at(1.001)))) {
            return Err(format!("{:?} at {needed} should be enough: {error}", limit.name()));
        }
        if !matches!(solve(but(Some(at(0.5)))), Err(Error::Conflict(_))) {
            return Err(format!("{:?} half the way to {needed} should not be enough", limit.name()));
        }
    }
    if !problem.is_discrete() {
        problem.relaxed(conflict).solve().map_err(|error| format!("the way out leads nowhere: {error}"))?;
    }
    Ok(())
}

/// A kind by name: how many, and how one is made.
type Kind = (&'static str, usize, fn(&mut Dice) -> Impossible);

fn run(first: u64, kinds: &[Kind]) {
    let mut failures = Vec::new();
    for (place, (name, count, draw)) in kinds.iter().enumerate() {
        let (mut named, mut members) = (0, 0);
        for seed in 0..*count as u64 {
            let seed = first + 1_000 * place as u64 + seed;
            let mut dice = Dice(seed);
            let made = draw(&mut dice);
            let made = if dice.chance(0.5) { made.bystanders(&mut dice) } else { made };
            let objective = [Objective::MinimiseRisk(RiskMeasure::Variance), Objective::MaximiseReturn, OTHER];
            let problem = made.problem(objective[dice.count(0, 2)].clone(), made.limits.clone());
            match problem.solve() {
                Err(Error::Conflict(conflict)) => {
                    named += 1;
                    members += conflict.members.len();
                    if conflict.members.iter().any(|member| member.limit.starts_with("bystanding")) {
                        failures.push(format!("{name}, seed {seed}: a bystander was blamed: {conflict}"));
                    }
                    if let Err(reason) = examine(&made, &problem, &conflict) {
                        failures.push(format!("{name}, seed {seed}: {reason} ({conflict})"));
                    }
                }
                Err(other) => failures.push(format!("{name}, seed {seed}: {other}")),
                Ok(solution) => failures.push(format!("{name}, seed {seed}: solved, {:?}", solution.weights)),
            }
        }
        eprintln!("{name:<32} {count:>3} impossible, {named:>3} explained, {members:>3} members");
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn contradictions_are_named_minimally_and_resolved() {
    run(
        7_000_000,
        &[
            ("minima above the budget", 24, minima_above_the_budget),
            ("caps below the budget", 24, caps_below_the_budget),
            ("a group above its caps", 24, a_group_above_its_caps),
            ("two groups above the budget", 24, two_groups_above_the_budget),
            ("a part above its share", 24, a_part_above_its_share),
            ("a return that its risk forbids", 24, a_return_that_its_risk_forbids),
            ("a return above the best asset", 24, a_return_above_the_best_asset),
            ("a risk below the least", 24, a_risk_below_the_least),
            ("too little turnover", 24, too_little_turnover),
            ("a group far from the benchmark", 24, a_group_far_from_the_benchmark),
            ("a factor that all share", 24, a_factor_that_all_share),
            ("a stress that all suffer", 24, a_stress_that_all_suffer),
            ("leverage below the shorts", 24, leverage_below_the_shorts),
            ("shorts beyond their limit", 24, shorts_beyond_their_limit),
            ("three contradictions at once", 24, three_contradictions_at_once),
        ],
    );
}

#[test]
fn counts_contradict_too() {
    run(8_000_000, &[("too few positions", 12, too_few_positions), ("positions too large", 12, positions_too_large)]);
}
