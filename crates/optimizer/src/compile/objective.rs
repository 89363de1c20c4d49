//! The objective of a problem as that of a program.

use super::{Builder, Reading, Unit};
use crate::conic::{Affine, Cone, Source};
use crate::problem::{Benchmark, Objective, Problem, RiskMeasure};
use crate::{Result, RiskModel};

/// A ratio measures its weights in a unit of its own.
pub(super) fn unit_of(problem: &Problem) -> Unit {
    match problem.objective {
        Objective::MaximiseRatio { .. } | Objective::MaximiseDiversification => Unit::Variable,
        _ => Unit::One,
    }
}

impl Builder<'_> {
    pub(super) fn objective(&mut self) -> Result<Reading> {
        let problem = self.problem;
        match &problem.objective {
            Objective::MinimiseRisk(measure) => self.least_risk(*measure),
            Objective::MaximiseReturn => {
                self.gain(1.0)?;
                Ok(Reading::Negated)
            }
            Objective::MaximiseUtility { risk_aversion } => {
                self.gain(1.0)?;
                self.add_variance(*risk_aversion)?;
                Ok(Reading::Negated)
            }
            Objective::MaximiseMeanRisk { measure, risk_aversion } => {
                self.gain(1.0)?;
                match measure {
                    RiskMeasure::Variance => self.add_variance(2.0 * risk_aversion)?,
                    RiskMeasure::Semivariance => self.add_semivariance(2.0 * risk_aversion)?,
                    other => {
                        let risk = self.risk(*other)?.times(*risk_aversion);
                        self.program.cost(&risk);
                    }
                }
                Ok(Reading::Negated)
            }
            Objective::MaximiseRatio { measure, risk_free } => {
                let mean = problem.expected_returns()?;
                self.ratio(*measure, mean.to_vec(), *risk_free)
            }
            Objective::MaximiseDiversification => {
                let volatilities = problem.risk_model()?.volatilities();
                self.ratio(RiskMeasure::Volatility, volatilities.to_vec(), 0.0)
            }
            Objective::MinimiseTrackingVariance(benchmark) => {
                self.add_tracking_variance(benchmark)?;
                let cost = self.cost()?;
                self.program.cost(&cost);
                Ok(Reading::Plain)
            }
            Objective::MaximiseRobustUtility { uncertainty, risk_aversion } => {
                self.gain(1.0)?;
                let penalty = self.mean_penalty(uncertainty)?;
                self.program.cost(&penalty);
                self.add_variance(*risk_aversion)?;
                Ok(Reading::Negated)
            }
            Objective::MaximiseLogGrowth { risk_free } => self.log_growth(*risk_free),
            Objective::MaximiseEntropy => {
                let cost = self.cost()?;
                self.program.cost(&cost);
                self.entropy();
                Ok(Reading::Negated)
            }
        }
    }

    /// Minus the expected return plus its costs.
    fn gain(&mut self, factor: f64) -> Result<()> {
        let mean = self.problem.expected_returns()?;
        let loss = self.of_weights(mean.iter().map(|m| -factor * m));
        self.program.cost(&loss);
        let cost = self.cost()?.times(factor);
        self.program.cost(&cost);
        Ok(())
    }

    fn least_risk(&mut self, measure: RiskMeasure) -> Result<Reading> {
        let cost = self.cost()?;
        let alone = cost.terms.is_empty() && self.violations.is_empty();
        self.program.cost(&cost);
        match measure {
            RiskMeasure::Variance => self.add_variance(2.0)?,
            // Alone, the volatility is least where the variance is, and a quadratic program is the easier one.
            RiskMeasure::Volatility if alone => {
                self.add_variance(2.0)?;
                return Ok(Reading::Root);
            }
            RiskMeasure::Semivariance => self.add_semivariance(2.0)?,
            RiskMeasure::Semideviation if alone => {
                self.add_semivariance(2.0)?;
                return Ok(Reading::Root);
            }
            other => {
                let risk = self.risk(other)?;
                self.program.cost(&risk);
            }
        }
        Ok(Reading::Plain)
    }

    /// Adds `½ · factor · w'Σw`.
    fn add_variance(&mut self, factor: f64) -> Result<()> {
        if factor == 0.0 {
            return Ok(());
        }
        match self.problem.risk_model()? {
            RiskModel::Dense(_) if self.unit.is_some() => {
                let first = self.exposures()?;
                let factors = self.problem.risk_model()?.root()?.nrows();
                self.program.quadratic.extend((first..first + factors).map(|f| (f, f, factor)));
            }
            RiskModel::Dense(matrix) => {
                let entries = matrix.view();
                let upper = entries.indexed_iter().filter(|((row, column), value)| row <= column && **value != 0.0);
                self.program.quadratic.extend(upper.map(|((row, column), value)| (row, column, factor * value)));
            }
            RiskModel::Factored(model) => {
                let first = self.exposures()?;
                let factors = (first..first + model.factors()).map(|f| (f, f, factor));
                let residuals = model.residual_variances();
                let own = residuals.iter().enumerate().filter(|(_, d)| **d > 0.0).map(|(i, d)| (i, i, factor * d));
                self.program.quadratic.extend(factors.chain(own));
            }
        }
        Ok(())
    }

    /// Adds `½ · factor · semivariance`.
    fn add_semivariance(&mut self, factor: f64) -> Result<()> {
        let first = self.shortfalls()?;
        let n = self.problem.scenario_returns()?.len();
        let weight = factor / (n - 1) as f64;
        self.program.quadratic.extend((first..first + n).map(|d| (d, d, weight)));
        Ok(())
    }

    fn add_tracking_variance(&mut self, benchmark: &Benchmark) -> Result<()> {
        match benchmark {
            Benchmark::Weights(weights) => {
                self.add_variance(2.0)?;
                let model = self.problem.risk_model()?;
                let against = model.product(weights.view())?;
                let linear = self.of_weights(against.iter().map(|c| -2.0 * c));
                self.program.cost(&linear.plus_constant(model.variance_of(weights.view())?));
            }
            Benchmark::Returns(returns) => {
                let moments = self.active_moments(returns)?;
                let n = self.problem.universe.len();
                for ((row, column), value) in moments.indexed_iter().filter(|((r, c), _)| r <= c && *c < n) {
                    self.program.quadratic.push((row, column, 2.0 * value));
                }
                let linear = self.of_weights((0..n).map(|asset| -2.0 * moments[[asset, n]]));
                self.program.cost(&linear.plus_constant(moments[[n, n]]));
            }
        }
        Ok(())
    }

    /// The least risk of weights, in a unit of their own, that earn a fixed excess return.
    fn ratio(&mut self, measure: RiskMeasure, mean: Vec<f64>, risk_free: f64) -> Result<Reading> {
        let size = mean.iter().fold(risk_free.abs(), |largest, m| largest.max(m.abs()));
        let scale = if size > 0.0 { size } else { 1.0 };
        let earned = self.of_weights(mean.into_iter().map(|m| m / scale)).plus_constant(-risk_free / scale);
        let cost = self.cost()?.times(-1.0 / scale);
        // The excess return is fixed in absolute terms: its constant is not counted in the unit.
        let excess = self.in_units(earned.add(&cost)).plus_constant(-1.0);
        let cone = if cost.terms.is_empty() { Cone::Zero } else { Cone::Nonnegative };
        self.program.push(cone, vec![excess], Source::Definition);
        if measure == RiskMeasure::Volatility {
            self.add_variance(2.0)?;
            return Ok(Reading::RatioOfRoot(scale));
        }
        let risk = self.risk(measure)?;
        self.program.cost(&risk);
        Ok(Reading::Ratio(scale))
    }

    fn log_growth(&mut self, risk_free: f64) -> Result<Reading> {
        let problem = self.problem;
        let cost = self.cost()?;
        let scenarios = problem.scenario_returns()?;
        let first = self.program.variables(scenarios.len());
        for (place, row) in scenarios.returns().rows().into_iter().enumerate() {
            let wealth = self.of_weights(row.iter().map(|r| r - risk_free)).plus_constant(1.0 + risk_free);
            let rows = vec![Affine::variable(first + place), Affine::constant(1.0), wealth];
            self.push(Cone::Exponential, rows, Source::Definition);
            self.program.cost(&Affine::term(first + place, -scenarios.probability(place)));
        }
        self.program.cost(&cost);
        Ok(Reading::Negated)
    }

    fn entropy(&mut self) {
        let n = self.problem.universe.len();
        let first = self.program.variables(n);
        for asset in 0..n {
            let rows = vec![Affine::variable(first + asset), Affine::variable(asset), Affine::constant(1.0)];
            self.push(Cone::Exponential, rows, Source::Definition);
            self.program.cost(&Affine::term(first + asset, -1.0));
        }
    }
}
