//! The search for the least unusual scenarios that cost a given loss.

use alluse_risk_core::Error as CoreError;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::descent::{Target, approach, escape, polish, restore};
use super::loss::ScenarioLoss;
use super::result::{ReverseScenario, ReverseStressResult};
use super::space::{Point, Problem, Space, norm};
use super::starts::{Start, directions};
use crate::factors::length;
use crate::plausibility::chi_square_survival;
use crate::{Error, FactorModel, Result};

/// Finds the least unusual scenarios that cost at least a given loss.
///
/// ```text
/// min (x − μ)' Σ⁻¹ (x − μ)    subject to  loss(x) ≥ L,  distance ≤ radius
/// ```
///
/// Searches start along the gradient of the loss and against it, along every principal component of the factors and
/// every costly axis of the loss's curvature both ways, and in random directions. Each goes out until the loss is met
/// and then down to the nearest point of that level set, by the method of Hasofer, Lind, Rackwitz and Fiessler and then
/// Newton's; saddles are left. Answers that are near each other are one. With a
/// [surrogate](ScenarioLoss::surrogate) the search runs on it, and what it finds is moved to the exact minimum of the
/// loss itself. Global optimality cannot be proven for a general loss: the number of searches that ended at an answer,
/// and the answers beside it, are the evidence.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `target_loss` | required | L, base currency, losses positive | finite |
/// | `seed` | required | of the random directions | any |
/// | `radius` | 8 | how far out to search, standard deviations | positive |
/// | `random_starts` | 32 | random directions | any |
/// | `separation` | 0.25 | distance below which two answers are one | positive |
/// | `max_scenarios` | 5 | answers to return, the least unusual | at least 1 |
/// | `kkt_tolerance` | 1e-4 | largest sine between scenario and gradient | in (0, 1) |
///
/// # Source
/// Breuer, Jandačka, Rheinberger and Summer (2009), *International Journal of Central Banking* 5(3); Hasofer and Lind
/// (1974); Liu and Der Kiureghian (1991), *Structural Safety* 9, for the line search.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::{FactorModel, QuadraticLoss, ReverseStress};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let covariance = Covariance::new(array![[1e-4]])?;
/// let model = FactorModel::new(date(2024, 1, 5), Horizon::DAY, vec![(spy, ShockKind::Log)], covariance)?;
/// // A short straddle loses either way: half of 2 million times the square of the move.
/// let loss = QuadraticLoss::new(array![0.0], array![[-2e6]])?;
/// let found = ReverseStress::new(2_500.0, 1)?.solve(&model, &loss)?;
/// assert_eq!(found.scenarios.len(), 2);
/// assert!((found.scenarios[0].shocks[0].1.abs() - 0.05).abs() < 1e-9);
/// assert!((found.scenarios[0].distance - 5.0).abs() < 1e-7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct ReverseStress {
    target_loss: f64,
    seed: u64,
    radius: f64,
    random_starts: usize,
    separation: f64,
    max_scenarios: usize,
    kkt_tolerance: f64,
}

/// Points of a ray at which the loss is looked at.
const RAY: usize = 16;
/// Share of the loss to be reached by which an answer may miss it.
const MISS: f64 = 1e-7;
/// Share by which it is tried to miss it at most, where evaluations are cheap.
const AIM: f64 = 1e-11;

/// A point of the level set with the searches that led to it.
#[derive(Debug, Clone)]
struct Answer {
    point: Point,
    start: Start,
    /// Place of that start among all.
    order: usize,
    starts: usize,
}

impl ReverseStress {
    /// For a loss, with the seed of the random starts.
    ///
    /// # Errors
    /// [`Error::Input`] unless the loss is finite.
    pub fn new(target_loss: f64, seed: u64) -> Result<Self> {
        super::target_valid(target_loss)?;
        Ok(Self {
            target_loss,
            seed,
            radius: 8.0,
            random_starts: 32,
            separation: 0.25,
            max_scenarios: 5,
            kkt_tolerance: 1e-4,
        })
    }

    /// Searches up to another distance, in standard deviations.
    ///
    /// # Errors
    /// [`Error::Input`] unless positive and finite.
    pub fn with_radius(self, radius: f64) -> Result<Self> {
        positive("radius", radius)?;
        Ok(Self { radius, ..self })
    }

    /// With so many random directions.
    #[must_use]
    pub fn with_random_starts(self, random_starts: usize) -> Self {
        Self { random_starts, ..self }
    }

    /// Answers closer than this, in standard deviations, count as one.
    ///
    /// # Errors
    /// [`Error::Input`] unless positive and finite.
    pub fn with_separation(self, separation: f64) -> Result<Self> {
        positive("separation", separation)?;
        Ok(Self { separation, ..self })
    }

    /// Returns at most so many answers.
    ///
    /// # Errors
    /// [`Error::Input`] for none.
    pub fn with_max_scenarios(self, max_scenarios: usize) -> Result<Self> {
        if max_scenarios == 0 {
            return Err(CoreError::OutOfDomain { name: "max scenarios", expected: "at least 1", value: 0.0 }.into());
        }
        Ok(Self { max_scenarios, ..self })
    }

    /// Accepts answers up to another residual.
    ///
    /// # Errors
    /// [`Error::Input`] unless it lies in (0, 1).
    pub fn with_kkt_tolerance(self, kkt_tolerance: f64) -> Result<Self> {
        if !(kkt_tolerance > 0.0 && kkt_tolerance < 1.0) {
            let (name, expected) = ("kkt tolerance", "in (0, 1)");
            return Err(CoreError::OutOfDomain { name, expected, value: kkt_tolerance }.into());
        }
        Ok(Self { kkt_tolerance, ..self })
    }

    /// The least unusual scenarios, at least one.
    ///
    /// # Errors
    /// - [`Error::Infeasible`] when nothing within the radius was found to cost as much, with the largest loss found,
    ///   and when no factor moves.
    /// - [`Error::Input`] unless the loss has the factors of the model, or when the loss is not finite somewhere; of
    ///   kind [`NotConverged`](CoreError::NotConverged) when the level is reached but no minimum on it.
    /// - The errors of the loss.
    pub fn solve(&self, model: &FactorModel, loss: &dyn ScenarioLoss) -> Result<ReverseStressResult> {
        length("factors of the loss", model.factors().len(), loss.factors())?;
        let space = Space::new(model)?;
        let exact = Problem { space: &space, loss };
        let centre = exact.at(Array1::zeros(space.rank()))?;
        let missing = self.target_loss - centre.loss;
        if missing <= 0.0 {
            return Ok(self.finished(model, &space, vec![(Answer::at(centre.clone()), None)], &centre, 0, None));
        }
        let unit = if self.target_loss == 0.0 { missing } else { missing.min(self.target_loss.abs()) };
        let (level, tolerance, radius) = (self.target_loss, MISS * unit, self.radius);
        let target = Target { level, scale: missing, tolerance, goal: AIM * unit, radius };
        let surrogate = loss.surrogate(model, self.radius)?;
        let Some(surrogate) = surrogate else {
            let (answers, starts) = self.search(&exact, &exact, &target, &centre)?;
            let kept = answers.into_iter().take(self.max_scenarios).map(|answer| (answer, None)).collect();
            return Ok(self.finished(model, &space, kept, &centre, starts, None));
        };
        let quick = Problem { space: &space, loss: surrogate.as_ref() };
        let quick_centre = quick.at(centre.y.clone())?;
        let (answers, starts) = self.search(&quick, &exact, &target, &quick_centre)?;
        let mut checks = Checks::default();
        checks.add(centre.loss, quick_centre.loss);
        // Exact revaluations are dear: they stop where an answer is good enough.
        let target = Target { goal: 0.5 * tolerance, ..target };
        let kept = self.refined(&exact, &quick, &target, answers, &mut checks)?;
        Ok(self.finished(model, &space, kept, &centre, starts, Some(checks)))
    }

    /// Distinct minima on the level set of `problem`, nearest first.
    fn search(
        &self,
        problem: &Problem<'_>,
        exact: &Problem<'_>,
        target: &Target,
        centre: &Point,
    ) -> Result<(Vec<Answer>, usize)> {
        let directions = directions(problem, centre, self.random_starts, self.seed)?;
        let starts = directions.len();
        let mut found = Vec::new();
        let mut best: (f64, Array1<f64>) = (centre.loss, centre.y.clone());
        // A first, rough descent of every start: most of them end at the same few places.
        for (order, (start, direction)) in directions.into_iter().enumerate() {
            if let Some(y) = self.reach(problem, target, &direction, &mut best)? {
                let point = approach(problem, target, problem.at(y)?, 40, 1e-3)?;
                found.push(Answer { point, start, order, starts: 1 });
            }
        }
        if found.is_empty() {
            return Err(self.infeasible(exact.value(&best.1)?));
        }
        let mut worst = 0.0_f64;
        let mut minima = Vec::new();
        for answer in distinct(found, self.separation) {
            for answer in self.settled(problem, target, answer)? {
                let residual = answer.point.kkt_residual();
                if target.is_met(&answer.point) && residual <= self.kkt_tolerance {
                    minima.push(answer);
                } else {
                    worst = worst.max(residual);
                }
            }
        }
        if minima.is_empty() {
            return Err(not_converged(worst));
        }
        Ok((distinct(minima, self.separation), starts))
    }

    /// The minimum below an answer; from a saddle, those on both sides of it.
    fn settled(&self, problem: &Problem<'_>, target: &Target, answer: Answer) -> Result<Vec<Answer>> {
        let tolerance = 1e-3 * self.kkt_tolerance;
        let settle = |point: Point| -> Result<Point> {
            let point = polish(problem, problem, target, point, 30, tolerance)?;
            if target.is_met(&point) && point.kkt_residual() <= self.kkt_tolerance {
                return Ok(point);
            }
            let point = approach(problem, target, point, 400, tolerance)?;
            polish(problem, problem, target, point, 30, tolerance)
        };
        let point = settle(answer.point.clone())?;
        let Some(way) = escape(problem, &point)? else {
            return Ok(vec![Answer { point, ..answer }]);
        };
        let mut sides = Vec::new();
        for sign in [1.0, -1.0] {
            let beside = problem.at(&point.y + &(&way * (sign * 0.2 * point.distance())))?;
            let down = approach(problem, target, beside, 100, 1e-3)?;
            let point = settle(down)?;
            if escape(problem, &point)?.is_none() {
                sides.push(Answer { point, start: Start::Saddle, ..answer.clone() });
            }
        }
        Ok(sides)
    }

    /// A point on a ray, or up the loss from it, at which the loss is met.
    fn reach(
        &self,
        problem: &Problem<'_>,
        target: &Target,
        direction: &Array1<f64>,
        best: &mut (f64, Array1<f64>),
    ) -> Result<Option<Array1<f64>>> {
        let at = |k: usize| direction * (self.radius * k as f64 / RAY as f64);
        let ray: Vec<Array1<f64>> = (1..=RAY).map(at).collect();
        let losses = problem.losses(&ray)?;
        if let Some(first) = losses.iter().position(|loss| *loss >= target.level) {
            return Ok(Some(self.crossing(problem, target, direction, first)?));
        }
        let highest = (0..RAY).max_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
        let mut point = problem.at(ray[highest].clone())?;
        let keep = |point: &Point, best: &mut (f64, Array1<f64>)| {
            if point.loss > best.0 {
                *best = (point.loss, point.y.clone());
            }
        };
        keep(&point, best);
        for _ in 0..10 {
            let slope = norm(&point.gradient);
            if !(slope > 0.0) {
                break;
            }
            let next = problem.at(&point.gradient * (self.radius / slope))?;
            if !(next.loss > point.loss) {
                break;
            }
            point = next;
            keep(&point, best);
            if point.loss >= target.level {
                return Ok(Some(point.y));
            }
        }
        Ok(None)
    }

    /// Where the loss crosses the level between two points of a ray, by bisection.
    fn crossing(
        &self,
        problem: &Problem<'_>,
        target: &Target,
        direction: &Array1<f64>,
        first: usize,
    ) -> Result<Array1<f64>> {
        let step = self.radius / RAY as f64;
        let (mut low, mut high) = (step * first as f64, step * (first + 1) as f64);
        for _ in 0..6 {
            let middle = 0.5 * (low + high);
            if problem.value(&(direction * middle))? >= target.level { high = middle } else { low = middle }
        }
        Ok(direction * high)
    }

    /// Answers of the surrogate, moved to where the loss itself has its minima.
    fn refined(
        &self,
        exact: &Problem<'_>,
        quick: &Problem<'_>,
        target: &Target,
        answers: Vec<Answer>,
        checks: &mut Checks,
    ) -> Result<Vec<(Answer, Option<f64>)>> {
        let mut refined = Vec::new();
        let mut worst = 0.0_f64;
        // Two more than asked for, since refining may change their order.
        for answer in answers.into_iter().take(self.max_scenarios + 2) {
            let start = exact.at(answer.point.y.clone())?;
            checks.add(start.loss, answer.point.loss);
            let mut point = polish(exact, quick, target, start, 6, 0.5 * self.kkt_tolerance)?;
            if !target.is_met(&point) {
                let Some(y) = restore(exact, target, &point)? else { continue };
                point = exact.at(y)?;
            }
            worst = worst.max(point.kkt_residual());
            if target.is_met(&point) && point.kkt_residual() <= self.kkt_tolerance {
                refined.push(Answer { point, ..answer });
            }
        }
        if refined.is_empty() {
            return Err(not_converged(worst));
        }
        let mut kept = Vec::new();
        for answer in distinct(refined, self.separation).into_iter().take(self.max_scenarios) {
            let said = quick.value(&answer.point.y)?;
            checks.add(answer.point.loss, said);
            kept.push((answer, Some(said)));
        }
        Ok(kept)
    }

    fn infeasible(&self, largest: f64) -> Error {
        Error::Infeasible {
            what: "reverse stress test",
            reason: format!(
                "the largest loss found within {} standard deviations is {largest}, less than {}",
                self.radius, self.target_loss
            ),
        }
    }

    fn finished(
        &self,
        model: &FactorModel,
        space: &Space,
        answers: Vec<(Answer, Option<f64>)>,
        centre: &Point,
        starts: usize,
        checks: Option<Checks>,
    ) -> ReverseStressResult {
        let scenario = |(answer, surrogate_loss): (Answer, Option<f64>)| {
            let moves = space.moves(answer.point.y.view());
            let distance = answer.point.distance();
            ReverseScenario {
                shocks: model.factors().iter().map(|(factor, _)| factor.clone()).zip(moves).collect(),
                distance,
                plausibility: chi_square_survival(distance, space.rank()),
                degrees_of_freedom: space.rank(),
                loss: answer.point.loss,
                kkt_residual: if distance > 0.0 { answer.point.kkt_residual() } else { 0.0 },
                surrogate_loss,
                start: answer.start,
                starts: answer.starts,
            }
        };
        ReverseStressResult {
            target_loss: self.target_loss,
            radius: self.radius,
            scenarios: answers.into_iter().map(scenario).collect(),
            centre_loss: centre.loss,
            starts,
            surrogate_error: checks.as_ref().map(|checks| checks.largest),
            surrogate_checked: checks.map_or(0, |checks| checks.count),
            model: model.clone(),
        }
    }
}

impl Answer {
    fn at(point: Point) -> Self {
        Self { point, start: Start::Centre, order: 0, starts: 1 }
    }
}

/// Comparisons of the surrogate with the loss.
#[derive(Debug, Default)]
struct Checks {
    largest: f64,
    count: usize,
}

impl Checks {
    fn add(&mut self, exact: f64, surrogate: f64) {
        self.largest = self.largest.max((exact - surrogate).abs());
        self.count += 1;
    }
}

/// The nearest of each cluster, nearest first; of equally near ones the first found.
fn distinct(mut answers: Vec<Answer>, separation: f64) -> Vec<Answer> {
    answers.sort_by(|a, b| a.point.distance().total_cmp(&b.point.distance()));
    let mut kept: Vec<Answer> = Vec::new();
    for answer in answers {
        match kept.iter_mut().find(|known| norm(&(&known.point.y - &answer.point.y)) < separation) {
            Some(known) => {
                known.starts += answer.starts;
                if answer.order < known.order {
                    (known.order, known.start) = (answer.order, answer.start);
                }
            }
            None => kept.push(answer),
        }
    }
    kept
}

fn not_converged(residual: f64) -> Error {
    CoreError::NotConverged { name: "reverse stress test", iterations: 400, residual }.into()
}

fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(CoreError::OutOfDomain { name, expected: "positive and finite", value }.into())
}

/// The stored form, so that a stored configuration is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    target_loss: f64,
    seed: u64,
    radius: f64,
    random_starts: usize,
    separation: f64,
    max_scenarios: usize,
    kkt_tolerance: f64,
}

impl TryFrom<Raw> for ReverseStress {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.target_loss, raw.seed)?
            .with_radius(raw.radius)?
            .with_random_starts(raw.random_starts)
            .with_separation(raw.separation)?
            .with_max_scenarios(raw.max_scenarios)?
            .with_kkt_tolerance(raw.kkt_tolerance)
    }
}

impl From<ReverseStress> for Raw {
    fn from(config: ReverseStress) -> Self {
        let ReverseStress { target_loss, seed, radius, random_starts, separation, max_scenarios, kkt_tolerance } =
            config;
        Self { target_loss, seed, radius, random_starts, separation, max_scenarios, kkt_tolerance }
    }
}
