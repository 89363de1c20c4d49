//! Simulated losses.

use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{Error as CoreError, Horizon, Result as CoreResult, ShockKind};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice, Zip};
use serde::{Deserialize, Serialize};

use super::draws::{Plan, Sampling, Slab};
use super::loss::{Design, SimulatedLoss};
use super::model::FactorModel;
use super::pnl::FactorPnl;
use crate::Result;

/// How far a linear book is reduced before anything is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// To one number a path: sums of normal and of t moves have the law of one of them. Where they do not (a copula,
    /// several compounding days) the factors are simulated.
    #[default]
    Portfolio,
    /// To one normal a direction, `x'C z`: the same numbers as the whole simulation, without writing factors down.
    Directions,
    /// Not at all: factor moves first, the book after.
    Factors,
}

/// How many paths are drawn, from which seed, and how.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `paths` | 100,000 | simulated paths in all |
/// | `seed` | required | the same seed gives the same numbers on any thread count |
/// | `sampling` | [`Sampling::Independent`] | how random numbers are drawn |
/// | `quantile_rule` | [`QuantileRule::Linear`] | which sample quantile VaR is; weighted paths always use `LowerLoss` |
///
/// ```
/// use alluse_risk_core::{Confidence, Covariance, Horizon, LossDistribution};
/// use alluse_var_models::{FactorModel, LinearPnl, Sampling, Simulation};
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[1e-4, 5e-5], [5e-5, 4e-4]])?;
/// let model = FactorModel::normal(array![0.0, 0.0], &covariance)?;
/// let simulation = Simulation::new(7).with_paths(16 * 4_096).with_sampling(Sampling::sobol());
/// let loss = simulation.losses(&model, &LinearPnl::new(array![3_000.0, 1_000.0])?, Horizon::DAY)?;
/// // Standard deviation √(900 + 300 + 400) = 40, so VaR is 93.05.
/// let var = loss.value_at_risk(Confidence::P99)?;
/// assert!((var.value - 93.05).abs() < 0.2);
/// // As many independent paths have an error of √(0.0099/65,536)/f = 0.58.
/// assert!(var.standard_error.is_some_and(|error| error < 0.3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    paths: usize,
    seed: u64,
    sampling: Sampling,
    quantile_rule: QuantileRule,
}

impl Simulation {
    /// 100,000 independent paths from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { paths: 100_000, seed, sampling: Sampling::default(), quantile_rule: QuantileRule::default() }
    }

    /// With another number of paths.
    #[must_use]
    pub fn with_paths(mut self, paths: usize) -> Self {
        self.paths = paths;
        self
    }

    /// With another way to draw.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// With another sample quantile.
    #[must_use]
    pub fn with_quantile_rule(mut self, rule: QuantileRule) -> Self {
        self.quantile_rule = rule;
        self
    }

    /// Number of paths.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.paths
    }

    /// How random numbers are drawn.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Factor moves over the horizon, paths × factors: independent days, compounded by the kind of each factor.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a number of paths that the sampling cannot use, more Sobol dimensions
    /// than there are, and a simulated return below −1 that would have to be compounded.
    pub fn moves(&self, model: &FactorModel, horizon: Horizon) -> Result<Array2<f64>> {
        let plan = self.plan(model, horizon)?;
        Ok(plan.run(model.factors(), |slab, rows| {
            let moves = model.moves(slab.normals, slab.chi_squares)?;
            let count = moves.nrows();
            let total = rows.slice_axis_mut(Axis(0), Slice::from(slab.first..slab.first + count));
            accumulate(total, moves, slab.day, model.kinds(), horizon)
        })?)
    }

    /// Losses of a book over the horizon.
    ///
    /// # Errors
    /// As [`moves`](Self::moves), and those of the book.
    pub fn losses(&self, model: &FactorModel, book: &dyn FactorPnl, horizon: Horizon) -> Result<SimulatedLoss> {
        let gains = if horizon == Horizon::DAY {
            // One day needs no memory of the paths: a slab is valued while it is in the cache.
            self.plan(model, horizon)?.run(1, |slab, rows| {
                let moves = model.moves(slab.normals, slab.chi_squares)?;
                write(rows, slab.first, &pnl(book, moves.view())?)
            })?
        } else {
            pnl(book, self.moves(model, horizon)?.view())?.insert_axis(Axis(1))
        };
        self.distribution(gains.column(0), horizon)
    }

    /// Losses of a linear book, as far reduced before drawing as asked for and possible.
    ///
    /// # Errors
    /// As [`losses`](Self::losses); [`Error::Input`](crate::Error::Input) unless there is one finite exposure a factor.
    pub fn linear_losses(
        &self,
        model: &FactorModel,
        exposures: ArrayView1<'_, f64>,
        horizon: Horizon,
        reduction: Reduction,
    ) -> Result<SimulatedLoss> {
        if horizon == Horizon::DAY {
            let reduced = match reduction {
                Reduction::Portfolio => model.collapsed(exposures)?,
                Reduction::Directions => Some(model.clone()),
                Reduction::Factors => None,
            };
            let weights = if reduction == Reduction::Portfolio { Array1::ones(1) } else { exposures.to_owned() };
            if let Some(reduced) = reduced
                && let Some((loadings, mean)) = reduced.loadings(weights.view())?
            {
                return self.projected(&reduced, loadings.view(), mean, horizon);
            }
        }
        // Checks the exposures too.
        model.portfolio_moments(exposures)?;
        self.losses(model, &super::pnl::LinearPnl::new(exposures.to_owned())?, horizon)
    }

    /// `μ + m · ℓ'z` with the mixing `m` of each path.
    fn projected(
        &self,
        model: &FactorModel,
        loadings: ArrayView1<'_, f64>,
        mean: f64,
        horizon: Horizon,
    ) -> Result<SimulatedLoss> {
        let gains = self.plan(model, horizon)?.run(1, |slab, rows| {
            let Slab { first, normals, chi_squares, .. } = slab;
            for (k, row) in normals.rows().into_iter().enumerate() {
                let mixing = chi_squares.get(k).map_or(1.0, |chi| model.mixing(*chi));
                rows[[first + k, 0]] = mean + mixing * row.dot(&loadings);
            }
            Ok(())
        })?;
        self.distribution(gains.column(0), horizon)
    }

    pub(super) fn plan(&self, model: &FactorModel, horizon: Horizon) -> CoreResult<Plan> {
        let days = horizon.trading_days() as usize;
        let shape = (model.directions(), model.degrees_of_freedom());
        Plan::new(self.seed, self.sampling, self.paths, shape, days)
    }

    fn sample(&self, gains: ArrayView1<'_, f64>, horizon: Horizon) -> CoreResult<LossSample> {
        let losses = gains.mapv(|gain| 0.0 - gain);
        Ok(LossSample::new(losses)?.with_horizon(horizon).with_quantile_rule(self.quantile_rule))
    }

    /// With unequal probabilities VaR is the smallest loss that is exceeded with probability `1 − c` at most. Rules that
    /// interpolate by rank shift the level by parts of an observation, which weights make as large as the tail itself.
    pub(super) fn weighted_sample(
        &self,
        gains: ArrayView1<'_, f64>,
        horizon: Horizon,
        probabilities: impl FnOnce(ArrayView1<'_, f64>) -> Vec<f64>,
    ) -> CoreResult<LossSample> {
        let sample = self.sample(gains, horizon)?.with_quantile_rule(QuantileRule::LowerLoss);
        let probabilities = probabilities(sample.losses());
        sample.with_probabilities(probabilities)
    }

    fn distribution(&self, gains: ArrayView1<'_, f64>, horizon: Horizon) -> Result<SimulatedLoss> {
        let design = match (self.sampling, self.sampling.replicates()) {
            (Sampling::Antithetic, _) => Design::Pairs,
            (_, Some(replicates)) => Design::Replicates(replicates),
            (_, None) => Design::Independent,
        };
        Ok(SimulatedLoss::new(self.sample(gains, horizon)?, design))
    }
}

/// The P&L of a book, one number a path.
pub(super) fn pnl(book: &dyn FactorPnl, moves: ArrayView2<'_, f64>) -> CoreResult<Array1<f64>> {
    let pnl = book.pnl(moves)?;
    if pnl.len() == moves.nrows() {
        return Ok(pnl);
    }
    Err(CoreError::LengthMismatch { name: "P&L of the paths", expected: moves.nrows(), got: pnl.len() })
}

fn write(rows: &mut ArrayViewMut2<'_, f64>, first: usize, values: &Array1<f64>) -> CoreResult<()> {
    rows.slice_axis_mut(Axis(0), Slice::from(first..first + values.len())).column_mut(0).assign(values);
    Ok(())
}

/// Adds a day to the moves so far.
fn accumulate(
    mut total: ArrayViewMut2<'_, f64>,
    moves: Array2<f64>,
    day: usize,
    kinds: &[ShockKind],
    horizon: Horizon,
) -> CoreResult<()> {
    if horizon != Horizon::DAY {
        compoundable(moves.view(), kinds)?;
    }
    if day == 0 {
        total.assign(&moves);
        return Ok(());
    }
    for ((mut total, moves), kind) in total.columns_mut().into_iter().zip(moves.columns()).zip(kinds) {
        Zip::from(&mut total).and(&moves).for_each(|total, step| {
            *total = match kind {
                ShockKind::Relative => (1.0 + *total) * (1.0 + step) - 1.0,
                ShockKind::Absolute | ShockKind::Log => *total + step,
            };
        });
    }
    Ok(())
}

/// A value that would change its sign cannot be followed for another day.
fn compoundable(moves: ArrayView2<'_, f64>, kinds: &[ShockKind]) -> CoreResult<()> {
    for (moves, _) in moves.columns().into_iter().zip(kinds).filter(|(_, kind)| **kind == ShockKind::Relative) {
        if let Some(value) = moves.iter().find(|step| **step < -1.0) {
            return Err(CoreError::OutOfDomain { name: "simulated return", expected: "at least -1", value: *value });
        }
    }
    Ok(())
}
