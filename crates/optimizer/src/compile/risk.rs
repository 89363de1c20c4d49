//! Risks as variables that are at least as large as them.

use alluse_risk_core::Confidence;
use alluse_risk_core::normal;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::Builder;
use crate::conic::{Affine, Cone, Source};
use crate::problem::{Benchmark, MeanUncertainty, RiskMeasure};
use crate::risk_model::square_root;
use crate::{Error, Result, RiskModel};

impl Builder<'_> {
    /// An expression that is at least the risk, and equal to it where less is better. Squared risks are not here.
    pub(super) fn risk(&mut self, measure: RiskMeasure) -> Result<Affine> {
        match measure {
            RiskMeasure::Volatility => self.volatility(),
            RiskMeasure::NormalValueAtRisk(c) => self.normal_risk(normal::quantile(c.level())?),
            RiskMeasure::NormalExpectedShortfall(c) => {
                self.normal_risk(normal::density(normal::quantile(c.level())?) / c.tail())
            }
            RiskMeasure::ExpectedShortfall(c) => {
                let losses = self.losses()?;
                let weights = self.scenario_weights()?;
                Ok(self.tail_mean(&losses, &weights, c))
            }
            RiskMeasure::EntropicValueAtRisk(c) => self.entropic(c),
            RiskMeasure::MeanAbsoluteDeviation => {
                let shortfalls = self.shortfalls()?;
                let weights = self.scenario_weights()?;
                // What is above the mean adds up to what is below it.
                Ok(Affine::combination(shortfalls, weights).times(2.0))
            }
            RiskMeasure::Semideviation => {
                let first = self.shortfalls()?;
                let n = self.problem.scenario_returns()?.len();
                let scale = 1.0 / ((n - 1) as f64).sqrt();
                Ok(self.norm((first..first + n).map(|d| Affine::term(d, scale)).collect()))
            }
            RiskMeasure::WorstLoss => {
                let losses = self.losses()?;
                Ok(self.largest(&losses))
            }
            RiskMeasure::MaximumDrawdown => {
                let drawdowns = self.drawdowns()?;
                Ok(self.largest(&drawdowns))
            }
            RiskMeasure::AverageDrawdown => {
                let drawdowns = self.drawdowns()?;
                let share = 1.0 / drawdowns.len() as f64;
                Ok(drawdowns.iter().fold(Affine::default(), |sum, d| sum.add(&d.clone().times(share))))
            }
            RiskMeasure::ConditionalDrawdown(c) => {
                let drawdowns = self.drawdowns()?;
                let weights = vec![1.0 / drawdowns.len() as f64; drawdowns.len()];
                Ok(self.tail_mean(&drawdowns, &weights, c))
            }
            RiskMeasure::UlcerIndex => {
                let drawdowns = self.drawdowns()?;
                let scale = 1.0 / (drawdowns.len() as f64).sqrt();
                Ok(self.norm(drawdowns.into_iter().map(|d| d.times(scale)).collect()))
            }
            RiskMeasure::Variance | RiskMeasure::Semivariance => {
                Err(Error::Unsupported { what: format!("{measure} as a limit on its own scale") })
            }
        }
    }

    fn volatility(&mut self) -> Result<Affine> {
        if let Some(volatility) = &self.volatility {
            return Ok(volatility.clone());
        }
        let rows = self.deviations(None)?;
        let volatility = self.norm(rows);
        self.volatility = Some(volatility.clone());
        Ok(volatility)
    }

    /// Rows whose squares add up to the variance of the weights, or of what they are above a benchmark's.
    pub(super) fn deviations(&mut self, benchmark: Option<ArrayView1<'_, f64>>) -> Result<Vec<Affine>> {
        let model = self.problem.risk_model()?;
        let n = model.len();
        let mut rows: Vec<Affine> = match model {
            RiskModel::Dense(_) => {
                let root = model.root()?;
                root.rows().into_iter().map(|row| active(row, benchmark)).collect()
            }
            RiskModel::Factored(factored) => {
                let first = self.exposures()?;
                let factors = factored.factors();
                let offsets = benchmark.map(|b| factored.sampling_root().t().dot(&b));
                let offset = |k: usize| offsets.as_ref().map_or(0.0, |o| -o[k]);
                (0..factors).map(|k| Affine::variable(first + k).plus_constant(offset(k))).collect()
            }
        };
        if let RiskModel::Factored(factored) = model {
            for (asset, variance) in factored.residual_variances().iter().enumerate() {
                let deviation = variance.sqrt();
                let offset = benchmark.map_or(0.0, |b| -deviation * b[asset]);
                rows.push(Affine::term(asset, deviation).plus_constant(offset));
            }
        }
        debug_assert!(rows.len() <= n + model.len());
        Ok(rows)
    }

    /// Variables equal to the weights' exposures to the factors of the covariance.
    pub(super) fn exposures(&mut self) -> Result<usize> {
        if let Some(first) = self.exposures {
            return Ok(first);
        }
        let root = self.problem.risk_model()?.root()?;
        let first = self.program.variables(root.nrows());
        for (factor, row) in root.rows().into_iter().enumerate() {
            let exposure = self.of_weights(row.iter().copied());
            self.define(exposure.plus(first + factor, -1.0));
        }
        self.exposures = Some(first);
        Ok(first)
    }

    fn normal_risk(&mut self, multiple: f64) -> Result<Affine> {
        let mean = self.problem.expected_returns()?;
        let volatility = self.volatility()?;
        Ok(volatility.times(multiple).add(&self.of_weights(mean.iter().map(|m| -m))))
    }

    /// The loss of each scenario.
    fn losses(&self) -> Result<Vec<Affine>> {
        let scenarios = self.problem.scenario_returns()?;
        Ok(scenarios.returns().rows().into_iter().map(|row| self.of_weights(row.iter().map(|r| -r))).collect())
    }

    fn scenario_weights(&self) -> Result<Vec<f64>> {
        let scenarios = self.problem.scenario_returns()?;
        Ok((0..scenarios.len()).map(|s| scenarios.probability(s)).collect())
    }

    /// `a + Σ pₛ max(0, xₛ − a) / (1 − c)` (Rockafellar and Uryasev).
    fn tail_mean(&mut self, values: &[Affine], weights: &[f64], confidence: Confidence) -> Affine {
        let start = self.program.variable();
        let first = self.program.variables(values.len());
        for (place, value) in values.iter().enumerate() {
            let excess = Affine::variable(first + place);
            self.require(excess.clone());
            self.require(excess.plus(start, 1.0).add(&value.clone().times(-1.0)));
        }
        Affine::combination(first, weights.iter().map(|p| p / confidence.tail())).plus(start, 1.0)
    }

    /// `s − t log a` with `Σ pₛ t exp((lossₛ − s) / t) ≤ t` (Ahmadi-Javid).
    fn entropic(&mut self, confidence: Confidence) -> Result<Affine> {
        let (losses, weights) = (self.losses()?, self.scenario_weights()?);
        // A tail no larger than any scenario is the worst of them: the infimum is at `t → ∞`, where no cone reaches.
        if weights.iter().all(|p| *p == 0.0 || *p >= confidence.tail() * (1.0 - 1e-12)) {
            let possible: Vec<Affine> =
                losses.into_iter().zip(&weights).filter(|(_, p)| **p > 0.0).map(|(loss, _)| loss).collect();
            return Ok(self.largest(&possible));
        }
        let (shift, rate) = (self.program.variable(), self.program.variable());
        let first = self.program.variables(losses.len());
        for (place, loss) in losses.into_iter().enumerate() {
            let rows = vec![loss.plus(shift, -1.0), Affine::variable(rate), Affine::variable(first + place)];
            self.push(Cone::Exponential, rows, Source::Definition);
        }
        let total = Affine::combination(first, weights).times(-1.0);
        self.require(total.plus(rate, 1.0));
        Ok(Affine::variable(shift).plus(rate, -confidence.tail().ln()))
    }

    /// Variables at least as large as how far each scenario falls below the mean; returns the first.
    pub(super) fn shortfalls(&mut self) -> Result<usize> {
        let problem = self.problem;
        let scenarios = problem.scenario_returns()?;
        let mean = scenarios.mean();
        let first = self.program.variables(scenarios.len());
        for (place, row) in scenarios.returns().rows().into_iter().enumerate() {
            self.require(Affine::variable(first + place));
            let above = self.of_weights(row.iter().zip(&mean).map(|(r, m)| r - m));
            self.require(above.plus(first + place, 1.0));
        }
        Ok(first)
    }

    fn largest(&mut self, values: &[Affine]) -> Affine {
        let most = Affine::variable(self.program.variable());
        for value in values {
            self.require(most.clone().add(&value.clone().times(-1.0)));
        }
        most
    }

    /// The drawdown at each date: the highest running sum so far, which is at least zero, less the running sum.
    fn drawdowns(&mut self) -> Result<Vec<Affine>> {
        let problem = self.problem;
        let scenarios = problem.scenario_returns()?;
        let dates = scenarios.len();
        let (sums, peaks) = (self.program.variables(dates), self.program.variables(dates));
        for (date, row) in scenarios.returns().rows().into_iter().enumerate() {
            let mut step = self.of_weights(row.iter().copied()).plus(sums + date, -1.0);
            let mut climb = Affine::variable(peaks + date);
            if date > 0 {
                step = step.plus(sums + date - 1, 1.0);
                climb = climb.plus(peaks + date - 1, -1.0);
            }
            self.define(step);
            self.require(climb);
            self.require(Affine::variable(peaks + date).plus(sums + date, -1.0));
        }
        Ok((0..dates).map(|date| Affine::variable(peaks + date).plus(sums + date, -1.0)).collect())
    }

    /// The standard deviation of the return over a benchmark's.
    pub(super) fn tracking_error(&mut self, benchmark: &Benchmark) -> Result<Affine> {
        match benchmark {
            Benchmark::Weights(weights) => {
                let rows = self.deviations(Some(weights.view()))?;
                Ok(self.norm(rows))
            }
            Benchmark::Returns(returns) => {
                let moments = self.active_moments(returns)?;
                let root = square_root(moments.view())?;
                let n = self.problem.universe.len();
                let row =
                    |row: ArrayView1<'_, f64>| self.of_weights(row.iter().take(n).copied()).plus_constant(-row[n]);
                let rows = root.rows().into_iter().map(row).collect();
                Ok(self.norm(rows))
            }
        }
    }

    /// The sample covariance of the assets' returns and, last, the benchmark's.
    pub(super) fn active_moments(&self, benchmark: &[f64]) -> Result<Array2<f64>> {
        let returns = self.problem.scenario_returns()?.returns();
        let (s, n) = returns.dim();
        let mut joint = Array2::zeros((s, n + 1));
        for (mut to, (from, b)) in joint.axis_iter_mut(Axis(0)).zip(returns.rows().into_iter().zip(benchmark)) {
            to.iter_mut().zip(from.iter().chain([b])).for_each(|(to, from)| *to = *from);
        }
        let mean: Array1<f64> = joint.sum_axis(Axis(0)) / s as f64;
        joint -= &mean;
        Ok(alluse_risk_core::linalg::gram(joint.view())? / (s - 1) as f64)
    }

    /// What the worst expected returns of the set take from the mean.
    pub(super) fn mean_penalty(&mut self, uncertainty: &MeanUncertainty) -> Result<Affine> {
        let n = self.problem.universe.len();
        match uncertainty {
            MeanUncertainty::Box(widths) => {
                let first = self.program.variables(n);
                for asset in 0..n {
                    self.require(Affine::variable(first + asset).plus(asset, 1.0));
                    self.require(Affine::variable(first + asset).plus(asset, -1.0));
                }
                Ok(Affine::combination(first, widths.iter().copied()))
            }
            MeanUncertainty::IndependentErrors { standard_errors, radius } => {
                let rows = standard_errors.iter().enumerate().map(|(asset, e)| Affine::term(asset, *e)).collect();
                Ok(self.norm(rows).times(*radius))
            }
            MeanUncertainty::Ellipsoid { error_covariance, radius } => {
                let root = square_root(error_covariance.view())?;
                let rows = root.rows().into_iter().map(|row| self.of_weights(row.iter().copied())).collect();
                Ok(self.norm(rows).times(*radius))
            }
        }
    }
}

/// `Σ aᵢ(wᵢ − bᵢ)`.
fn active(coefficients: ArrayView1<'_, f64>, benchmark: Option<ArrayView1<'_, f64>>) -> Affine {
    let offset = benchmark.map_or(0.0, |b| coefficients.dot(&b));
    Affine::combination(0, coefficients.iter().copied()).plus_constant(-offset)
}
