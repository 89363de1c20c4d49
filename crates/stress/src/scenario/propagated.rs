//! A scenario in which the factors that it does not name follow those that it does.

use std::collections::BTreeMap;

use alluse_instruments::Book;
use alluse_risk_core::{Factor, ShockKind};

use super::compile::CompileOptions;
use super::state::{Universe, measure};
use super::{CorrelationGoal, Shock, Step, StressScenario, Target};
use crate::{CorrelationTarget, Error, FactorModel, Propagation, Result, propagate};

impl StressScenario {
    /// The scenario with a step more for every factor of the model that the book has and no step touches: it moves to
    /// its conditional mean, given the moves of those that are touched.
    ///
    /// The correlation stress of the scenario is applied first. Toward one means the prices as a block: a
    /// volatility that moved *with* its price would be no stress. Named matrices come from `matrices`. The result
    /// carries no correlation stress any more, says how far out its shocks are, and compiles like any scenario.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use alluse_instruments::{Book, MarketSnapshot};
    /// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
    /// use alluse_stress::{CompileOptions, FactorModel, Shock, Step, StressScenario, Target};
    /// use jiff::civil::date;
    /// use ndarray::array;
    ///
    /// let today = date(2024, 1, 5);
    /// let market = MarketSnapshot::usd(today).with_spot("SPY", 470.0)?.with_spot("QQQ", 400.0)?;
    /// let book = Book::builder().share("SPY", 10.0).share("QQQ", 10.0).build(&market)?;
    /// let spot = |name: &str| Ok::<_, alluse_risk_core::Error>(Factor::Spot(AssetId::new(name)?));
    /// let factors = vec![(spot("SPY")?, ShockKind::Relative), (spot("QQQ")?, ShockKind::Relative)];
    /// let covariance = Covariance::new(array![[1e-4, 1.2e-4], [1.2e-4, 2e-4]])?;
    /// let model = FactorModel::new(today, Horizon::DAY, factors, covariance)?;
    ///
    /// let fall = StressScenario::new("fall", vec![Step::new(Target::spot("SPY")?, Shock::Relative(-0.10))])?;
    /// let (fall, how) = fall.propagated(&book, &model, &BTreeMap::new(), &CompileOptions::default())?;
    /// assert!(matches!(fall.steps()[1].shock, Shock::Relative(x) if (x + 0.12).abs() < 1e-12)); // QQQ follows
    /// assert!((how.distance - 10.0).abs() < 1e-9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Scenario`] for a matrix that was not given and for contracts of one asset that move apart;
    /// [`Error::UnknownFactor`] when no touched factor is in the model; those of [`compile`](crate::compile) and
    /// [`propagate`].
    pub fn propagated(
        &self,
        book: &Book,
        model: &FactorModel,
        matrices: &BTreeMap<String, CorrelationTarget>,
        options: &CompileOptions,
    ) -> Result<(Self, Propagation)> {
        let model = self.stressed(model, matrices)?;
        let touched = self.touched(book, options)?;
        let mut given = Vec::new();
        for (factor, kind) in model.factors() {
            if let Some(change) = touched.get(factor) {
                given.push((factor.clone(), in_kind(*kind, *change)));
            }
        }
        if given.is_empty() {
            let factor = self.steps().iter().map(|step| step.target.to_string()).collect::<Vec<_>>().join(", ");
            return Err(Error::UnknownFactor { what: "the factor model", factor });
        }
        let how = propagate(&model, &given)?;
        let mut steps = self.steps().to_vec();
        for ((factor, size), (_, kind)) in how.moves.iter().zip(model.factors()) {
            if !touched.contains_key(factor) && depends_on(book, factor) {
                let shock = match kind {
                    ShockKind::Relative => Shock::Relative(*size),
                    ShockKind::Absolute => Shock::Absolute(*size),
                    ShockKind::Log => Shock::Log(*size),
                };
                steps.push(Step::new(Target::of(factor)?, shock));
            }
        }
        let stress = self.correlation().map_or_else(String::new, |stress| {
            let toward = match &stress.toward {
                CorrelationGoal::One => "one",
                CorrelationGoal::Matrix(name) => name.as_str(),
            };
            format!(", correlations {:.0} % toward {toward}", 100.0 * stress.weight)
        });
        let text = format!(
            "factors that no step names follow by their conditional mean{stress}; the shocks are {:.1} deviations out",
            how.distance
        );
        let mut scenario = Self { steps, correlation: None, ..self.clone() };
        scenario.assumptions.push(text);
        scenario.check()?;
        Ok((scenario, how))
    }

    fn stressed(&self, model: &FactorModel, matrices: &BTreeMap<String, CorrelationTarget>) -> Result<FactorModel> {
        let Some(stress) = self.correlation() else { return Ok(model.clone()) };
        let target = match &stress.toward {
            CorrelationGoal::One => {
                let prices = model.factors().iter().filter(|(factor, _)| matches!(factor, Factor::Spot(_)));
                model.block(&prices.map(|(factor, _)| factor.clone()).collect::<Vec<_>>())?
            }
            CorrelationGoal::Matrix(name) => matrices
                .get(name)
                .cloned()
                .ok_or_else(|| self.refuse(format!("no correlation matrix is called {name:?}")))?,
        };
        model.clone().with_correlation_toward(&target, stress.weight)
    }

    /// Relative changes (absolute ones of rates and yields) of the factors that a step touches.
    fn touched(&self, book: &Book, options: &CompileOptions) -> Result<BTreeMap<Factor, Change>> {
        let universe = Universe::new(book);
        let mut state = universe.today();
        for (index, step) in self.steps().iter().enumerate() {
            state.take(&universe, self, index + 1, step, options.volatilities())?;
        }
        let mut touched: BTreeMap<Factor, Change> = BTreeMap::new();
        for (factor, level) in state.levels().filter(|(_, level)| level.touched) {
            let factor = match factor {
                Factor::ContractVolatility(_) => {
                    let contract = universe.contracts.iter().find(|contract| contract.factor == *factor);
                    match contract {
                        Some(contract) => Factor::Volatility(contract.asset.clone()),
                        None => continue,
                    }
                }
                other => other.clone(),
            };
            let change = Change { now: level.now(), change: level.change, measure: measure(&factor) };
            if let Some(other) = touched.get(&factor)
                && (other.change - change.change).abs() > 1e-12
            {
                return Err(self.refuse(format!("its contracts move apart, so the {factor} has no one move to follow")));
            }
            touched.insert(factor, change);
        }
        Ok(touched)
    }
}

/// How far a factor moved: relative, but absolute for rates and yields.
#[derive(Debug, Clone, Copy)]
struct Change {
    now: f64,
    change: f64,
    measure: ShockKind,
}

/// A change in the kind that a model has for the factor.
fn in_kind(kind: ShockKind, change: Change) -> f64 {
    let relative = if change.measure == ShockKind::Absolute { change.change / change.now } else { change.change };
    match (kind, change.measure) {
        (ShockKind::Absolute, ShockKind::Absolute) => change.change,
        (ShockKind::Absolute, _) => change.now * change.change,
        (ShockKind::Relative, _) => relative,
        (ShockKind::Log, _) => libm::log1p(relative),
    }
}

fn depends_on(book: &Book, factor: &Factor) -> bool {
    book.positions().iter().any(|position| match factor {
        Factor::Spot(asset) => position.instrument.underlying() == Some(asset),
        Factor::Volatility(asset) | Factor::Dividend(asset) => {
            position.option().is_some_and(|contract| contract.underlying() == asset)
        }
        Factor::ContractVolatility(id) => position.option().is_some_and(|contract| contract.id() == *id),
        Factor::Rate(currency) | Factor::Fx(currency) => book.currency(position) == currency,
    })
}

#[cfg(test)]
mod tests {
    use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract};
    use alluse_risk_core::{AssetId, Covariance, Horizon};
    use jiff::civil::date;
    use ndarray::array;

    use super::super::{Assets, CorrelationStress};
    use super::*;

    fn asset(name: &str) -> AssetId {
        AssetId::new(name).unwrap()
    }

    fn book() -> Book {
        let market = MarketSnapshot::usd(date(2024, 1, 5))
            .with_spot("A", 100.0)
            .and_then(|m| m.with_spot("B", 50.0)?.with_volatility("A", 0.2)?.with_rate("USD", 0.03))
            .and_then(|m| m.with_dividend_yield("A", 0.0))
            .unwrap();
        let put = OptionContract::put("A", 95.0, date(2024, 2, 16), Multiplier::EQUITY).unwrap();
        Book::builder().share("A", 10.0).share("B", 20.0).option(put, -1.0).build(&market).unwrap()
    }

    /// Prices in logs, the volatility of A in logs, the rate in decimals.
    fn model() -> FactorModel {
        let factors = vec![
            (Factor::Spot(asset("A")), ShockKind::Log),
            (Factor::Spot(asset("B")), ShockKind::Log),
            (Factor::Volatility(asset("A")), ShockKind::Log),
            (Factor::Rate(alluse_risk_core::Currency::usd()), ShockKind::Absolute),
        ];
        let sigma = array![
            [4.0e-4, 3.0e-4, -1.6e-3, 0.0],
            [3.0e-4, 9.0e-4, -1.0e-3, 0.0],
            [-1.6e-3, -1.0e-3, 1.6e-2, 0.0],
            [0.0, 0.0, 0.0, 1e-6]
        ];
        FactorModel::new(date(2024, 1, 5), Horizon::DAY, factors, Covariance::new(sigma).unwrap()).unwrap()
    }

    fn fall() -> StressScenario {
        StressScenario::new("fall", vec![Step::new(Target::spot("A").unwrap(), Shock::Relative(-0.10))]).unwrap()
    }

    #[test]
    fn followers_move_by_their_betas() {
        let (scenario, how) =
            fall().propagated(&book(), &model(), &BTreeMap::new(), &CompileOptions::default()).unwrap();
        let log = (0.9_f64).ln();
        let want = [("B", 0.75 * log), ("A", -4.0 * log)];
        assert_eq!(scenario.steps().len(), 4);
        for (step, (name, size)) in scenario.steps()[1..3].iter().zip(want) {
            assert!(step.target.to_string().ends_with(name), "{}", step.target);
            assert!(matches!(step.shock, Shock::Log(x) if (x - size).abs() < 1e-12), "{:?}", step.shock);
        }
        assert!(matches!(scenario.steps()[3].shock, Shock::Absolute(x) if x == 0.0));
        assert!((how.distance - log.abs() / 0.02).abs() < 1e-9);
        assert!(scenario.assumptions()[0].contains("5.3 deviations out"), "{:?}", scenario.assumptions());
        // It compiles without a word about volatilities that did not move.
        assert!(crate::compile(&[scenario], &book(), &CompileOptions::default()).is_ok());
    }

    #[test]
    fn correlations_are_stressed_first() {
        let toward = |toward, weight| fall().with_correlation(CorrelationStress { toward, weight }).unwrap();
        let run = |scenario: StressScenario, matrices: &BTreeMap<String, CorrelationTarget>| {
            scenario.propagated(&book(), &model(), matrices, &CompileOptions::default())
        };
        let (scenario, _) = run(toward(CorrelationGoal::One, 0.9), &BTreeMap::new()).unwrap();
        // Correlation 0.5 goes to 0.95 among prices; the beta of B is then 0.95 · 0.03 / 0.02.
        let log = (0.9_f64).ln();
        assert!(matches!(scenario.steps()[1].shock, Shock::Log(x) if (x - 1.425 * log).abs() < 1e-12));
        // Toward the volatility, A takes on nine tenths of the correlation of the average of A and B.
        let (own, other) = (-1.6e-3 / (0.02 * 0.016_f64.sqrt()), -1.0e-3 / (0.03 * 0.016_f64.sqrt()));
        let average = (own + other) / 3.0_f64.sqrt();
        let beta = (0.1 * own + 0.9 * average) * 0.016_f64.sqrt() / 0.02;
        assert!(matches!(scenario.steps()[2].shock, Shock::Log(x) if (x - beta * log).abs() < 1e-12));
        assert!(scenario.correlation().is_none());
        assert!(scenario.assumptions()[0].contains("90 % toward one"));
        let named = toward(CorrelationGoal::Matrix("2008".into()), 1.0);
        assert!(matches!(run(named.clone(), &BTreeMap::new()), Err(Error::Scenario { .. })));
        let unit = |i: usize| (0..4).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        let free = CorrelationTarget::Matrix((0..4).map(unit).collect());
        let (scenario, _) = run(named, &BTreeMap::from([("2008".to_owned(), free)])).unwrap();
        assert!(matches!(scenario.steps()[1].shock, Shock::Log(x) if x.abs() < 1e-12), "nothing follows");
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        let run = |scenario: StressScenario| {
            scenario.propagated(&book(), &model(), &BTreeMap::new(), &CompileOptions::default())
        };
        let dividends =
            StressScenario::new("cut", vec![Step::new(Target::DividendYield(Assets::Every), Shock::Absolute(-0.01))]);
        assert!(matches!(run(dividends.unwrap()), Err(Error::UnknownFactor { what: "the factor model", .. })));
        let unknown = StressScenario::new("x", vec![Step::new(Target::spot("C").unwrap(), Shock::Relative(-0.1))]);
        assert!(matches!(run(unknown.unwrap()), Err(Error::UnknownFactor { .. })));
        // A rate in decimals arrives as one.
        let rates = StressScenario::new("up", vec![Step::new(Target::rate("USD").unwrap(), Shock::Absolute(0.01))]);
        let (_, how) = run(rates.unwrap()).unwrap();
        assert!((how.distance - 10.0).abs() < 1e-9);
    }
}
