//! Options on shares that pay cash dividends, by finite differences.

mod greeks;
mod grid;
mod probability;
mod size;
mod sweep;
mod terms;

use serde::{Deserialize, Serialize};

pub use greeks::DividendGreeks;
pub use size::GridSize;

use crate::Result;
use crate::pricing::{
    BlackScholes, BlackScholesInputs, DividendModel, DividendSchedule, ExerciseStyle, OptionKind, check, normal,
};
use grid::{Grid, cubic, linear};
use probability::Layers;
use sweep::{Solution, solve};
use terms::{Moment, Terms};

/// A European or American option on a share that pays cash dividends, in the model of Black, Scholes and Merton.
///
/// ```text
/// escrowed:  S = F + Σᵢ Dᵢ e^(−(r − q)(tᵢ − t)),   dF = (r − q) F dt + σ F dW
/// spot:      dS = (r − q) S dt + σ S dW,   S(tᵢ) = max(S(tᵢ−) − Dᵢ, 0)
/// ∂V/∂τ = σ²/2 · ∂²V/∂y² − r V,   y = ln F + (r − q − σ²/2) τ   (spot: ln S)
/// ```
///
/// The cash comes on top of the continuous dividend yield `q`. A dividend counts when it goes ex at or before expiry;
/// an American option may be exercised just before each one.
///
/// European options of the escrowed model, and all European options without dividends, have the closed form with `F` as
/// spot. The rest is solved in `y`, where nothing drifts: equally spaced nodes with the strike on one of them,
/// Crank-Nicolson steps that grow away from expiry and from each dividend, started with four half steps of backward
/// Euler, the inequality of early exercise solved exactly in each (Brennan and Schwartz), cubics where the price jumps.
/// Outside the nodes, six deviations from the strike, the price is that of a certain future.
///
/// Without dividends the default [`GridSize`] is within 1e-5 of the strike of the exact American price;
/// [`price_with_error`](Self::price_with_error) says how far it is off in each case.
///
/// # Source
/// Brennan and Schwartz (1977); Rannacher (1984); Haug, Haug and Lewis (2003) on the two dividend models.
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{
///     BlackScholes, BlackScholesInputs, CashDividend, DividendModel, DividendOption, DividendSchedule, ExerciseStyle,
///     OptionKind,
/// };
///
/// // Hull's example: dividends of 0.50 in two and five months.
/// let dividends = [2.0, 5.0].map(|months| CashDividend { ex_time: months / 12.0, amount: 0.5 });
/// let model = BlackScholes::new(BlackScholesInputs {
///     spot: 40.0, strike: 40.0, time: 0.5, volatility: 0.3, rate: 0.09, dividend_yield: 0.0,
/// })?;
/// let schedule = DividendSchedule::new(dividends.to_vec())?;
/// let call = |style| DividendOption::new(OptionKind::Call, style, &model, &schedule, DividendModel::Escrowed);
/// let european = call(ExerciseStyle::European)?.price()?;
/// assert!((european - 3.67).abs() < 5e-3);
/// assert!(call(ExerciseStyle::American)?.price()? > european);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DividendOption {
    terms: Terms,
    size: GridSize,
}

/// A price and how far from the limit of ever finer grids it may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorEstimate {
    /// The price.
    pub price: f64,
    /// A third of its distance from the price on a grid of half the size, as for errors of second order; 0 for closed
    /// forms.
    pub error: f64,
}

/// How the share price is taken to move when the probability of exercise is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// As under the pricing measure, by `r − q`.
    #[default]
    RiskNeutral,
    /// By another drift of the price, the cash dividends not counted.
    RealWorld {
        /// Continuously compounded, per year.
        annual: f64,
    },
}

/// Probabilities that the holder exercises, who does so when the pricing model says it is best.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExerciseProbability {
    /// Before expiry.
    pub early: f64,
    /// At expiry, not having been exercised early.
    pub at_expiry: f64,
    /// At all.
    pub total: f64,
}

impl DividendOption {
    /// An option with the share, rate and expiry of `model`; of the schedule only what goes ex by expiry counts.
    ///
    /// # Errors
    /// - `OutOfDomain` in the escrowed model unless the spot exceeds the escrowed dividends.
    /// - `Undefined` when the present value of the dividends is more than a number can hold.
    /// - `Unsupported` for American puts with `q < r < 0` and calls with `r < q < 0`, whose exercise regions have two
    ///   boundaries.
    pub fn new(
        kind: OptionKind,
        style: ExerciseStyle,
        model: &BlackScholes,
        schedule: &DividendSchedule,
        dividend_model: DividendModel,
    ) -> Result<Self> {
        let inputs = model.inputs();
        let BlackScholesInputs { rate, dividend_yield, .. } = inputs;
        let schedule = schedule.until(inputs.time);
        let escrow = schedule.check_escrow(rate, dividend_yield)?;
        if dividend_model == DividendModel::Escrowed {
            check::positive("spot less the escrowed dividends", inputs.spot - escrow)?;
        }
        let two_boundaries = match kind {
            OptionKind::Put => dividend_yield < rate && rate < 0.0,
            OptionKind::Call => rate < dividend_yield && dividend_yield < 0.0,
        };
        if style == ExerciseStyle::American && two_boundaries {
            return check::unsupported("American exercise with two boundaries, at a negative rate and yield");
        }
        let dividends = schedule.dividends().to_vec();
        let terms = Terms { kind, style, model: dividend_model, inputs, dividends };
        Ok(Self { terms, size: GridSize::default() })
    }

    /// On a finer or coarser grid.
    #[must_use]
    pub fn with_grid_size(mut self, size: GridSize) -> Self {
        self.size = size;
        self
    }

    /// The price.
    ///
    /// Without time it is the payoff, without volatility the best exercise on the path of the forward.
    ///
    /// # Errors
    /// `Undefined` when the result exceeds what a number can hold.
    pub fn price(&self) -> Result<f64> {
        self.price_at(self.terms.inputs.spot, self.solution(self.size).as_ref())
    }

    /// The prices at other spots, all from one solution.
    ///
    /// The cash amounts do not move with the spot. In the escrowed model a spot that does not exceed the escrowed
    /// dividends leaves nothing that could be lognormal: there the price is that of a certain future with a share price
    /// that stops at 0, to which the model tends as the spot falls.
    ///
    /// # Errors
    /// `OutOfDomain` unless all spots are positive and finite; as [`price`](Self::price).
    pub fn prices(&self, spots: &[f64]) -> Result<Vec<f64>> {
        spots.iter().try_for_each(|spot| check::positive("spot", *spot))?;
        let solution = self.solution(self.size);
        spots.iter().map(|spot| self.price_at(*spot, solution.as_ref())).collect()
    }

    /// The price, and an estimate of its error from a grid of half the size.
    ///
    /// # Errors
    /// As [`price`](Self::price).
    pub fn price_with_error(&self) -> Result<ErrorEstimate> {
        let price = self.price()?;
        let coarse = self.price_at(self.terms.inputs.spot, self.solution(self.size.halved()).as_ref())?;
        Ok(ErrorEstimate { price, error: (price - coarse).abs() / 3.0 })
    }

    /// The probability that the option is exercised.
    ///
    /// The region of exercise is that of the pricing model; the drift only says how likely the share price is to get
    /// there. Being exercised pays something: a holder who gains nothing does not exercise.
    ///
    /// On the default grid the probabilities are good to a few thousandths. Where exercise is right all the way up to
    /// expiry, as of a put on a share whose yield is below the rate, the probability at expiry is that of the last few
    /// steps and nodes, and its split from `early` means no more than that; `total` does not depend on it.
    ///
    /// # Errors
    /// `OutOfDomain` for a drift that is not finite; `Undefined` for a real-world drift without volatility;
    /// `Unsupported` for one that outruns the volatility between two nodes.
    pub fn exercise_probability(&self, drift: Drift) -> Result<ExerciseProbability> {
        let excess = match drift {
            Drift::RiskNeutral => 0.0,
            Drift::RealWorld { annual } => {
                check::finite("drift", annual)?;
                annual - self.terms.carry()
            }
        };
        let spot = self.terms.inputs.spot;
        if self.terms.deviation() <= 0.0 {
            if excess != 0.0 && self.terms.inputs.time > 0.0 {
                return check::undefined("exercise probability", "without volatility the price follows its forward");
            }
            return Ok(self.certain_probability(spot));
        }
        if self.closed() {
            return Ok(self.closed_probability(excess));
        }
        let grid = Grid::new(&self.terms, self.size.nodes_per_deviation(), self.size.time_steps());
        if excess.abs() * grid.step.abs() > self.terms.inputs.volatility * self.terms.inputs.volatility {
            return check::unsupported("a drift that outruns the volatility between two nodes of the grid");
        }
        let solution = solve(&self.terms, &grid, Some(Layers::new(excess)));
        let place = self.coordinate(spot).and_then(|coordinate| grid.place(coordinate));
        match (place, &solution.layers) {
            (Some(place), Some(layers)) => {
                let exercised = self.exercised_now(spot, self.read(&grid, &solution.values, place, spot));
                let (early, at_expiry) = if exercised {
                    (1.0, 0.0)
                } else {
                    (linear(&layers.early, place).clamp(0.0, 1.0), linear(&layers.at_expiry, place).clamp(0.0, 1.0))
                };
                Ok(ExerciseProbability { early, at_expiry, total: (early + at_expiry).min(1.0) })
            }
            _ => Ok(self.certain_probability(spot)),
        }
    }

    fn closed_probability(&self, excess_drift: f64) -> ExerciseProbability {
        let BlackScholesInputs { spot, strike, time, .. } = self.terms.inputs;
        let free = spot - self.terms.escrow(Moment::NOW);
        let mean = (free / strike).ln() + (self.terms.log_drift() + excess_drift) * time;
        let at_expiry = normal::cdf(self.terms.kind.sign() * mean / self.terms.deviation());
        ExerciseProbability { early: 0.0, at_expiry, total: at_expiry }
    }

    fn certain_probability(&self, spot: f64) -> ExerciseProbability {
        let best = self.terms.certain(Moment::NOW, spot);
        let (early, at_expiry) = match best.time {
            None => (0.0, 0.0),
            Some(_) if best.early => (1.0, 0.0),
            Some(_) => (0.0, 1.0),
        };
        ExerciseProbability { early, at_expiry, total: early + at_expiry }
    }

    fn exercised_now(&self, spot: f64, price: f64) -> bool {
        let payoff = self.terms.payoff(spot);
        self.terms.is_american() && payoff > 0.0 && price <= payoff
    }

    /// Whether a closed form answers.
    fn closed(&self) -> bool {
        !self.terms.is_american() && (self.terms.model == DividendModel::Escrowed || self.terms.dividends.is_empty())
    }

    /// Nothing when none is needed.
    fn solution(&self, size: GridSize) -> Option<(Grid, Solution)> {
        if self.closed() || self.terms.deviation() <= 0.0 {
            return None;
        }
        let grid = Grid::new(&self.terms, size.nodes_per_deviation(), size.time_steps());
        let solution = solve(&self.terms, &grid, None);
        Some((grid, solution))
    }

    /// Node coordinate of a spot today; nothing when no part of it is lognormal.
    fn coordinate(&self, spot: f64) -> Option<f64> {
        let free = spot - self.terms.escrow(Moment::NOW);
        (free > 0.0).then(|| free.ln() + self.terms.log_drift() * self.terms.inputs.time)
    }

    fn price_at(&self, spot: f64, solution: Option<&(Grid, Solution)>) -> Result<f64> {
        let free = spot - self.terms.escrow(Moment::NOW);
        let certain = || self.terms.certain(Moment::NOW, spot).value;
        let price = match solution {
            Some((grid, solution)) => match self.coordinate(spot).and_then(|coordinate| grid.place(coordinate)) {
                Some(place) => self.read(grid, &solution.values, place, spot),
                None => certain(),
            },
            None if free > 0.0 && self.terms.deviation() > 0.0 => self.closed_form(free)?.price(self.terms.kind),
            None => certain(),
        };
        check::computed("price", price)
    }

    fn closed_form(&self, free: f64) -> Result<BlackScholes> {
        BlackScholes::new(BlackScholesInputs { spot: free, ..self.terms.inputs })
    }

    fn read(&self, grid: &Grid, values: &[f64], place: f64, spot: f64) -> f64 {
        let discount = (-self.terms.inputs.rate * self.terms.inputs.time).exp();
        let payoff = if self.terms.is_american() { self.terms.payoff(spot) } else { 0.0 };
        // Between two nodes at which the option is exercised it is; a cubic would miss the payoff by its own error.
        let first = (place as usize).min(grid.len() - 2);
        let both = payoff > 0.0
            && grid.levels[first..=first + 1]
                .iter()
                .zip(&values[first..=first + 1])
                .all(|(level, value)| discount * value <= self.terms.payoff(self.spot_of(*level)) * (1.0 + 1e-12));
        if both { payoff } else { (cubic(values, place) * discount).max(payoff) }
    }

    /// Today's spot at a node.
    fn spot_of(&self, level: f64) -> f64 {
        level * (-self.terms.log_drift() * self.terms.inputs.time).exp() + self.terms.escrow(Moment::NOW)
    }
}

#[cfg(test)]
mod tests;
