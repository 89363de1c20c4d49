//! The liquidity and margin spiral: a shock raises margin, margin forces sales, sales move prices.

use std::collections::BTreeMap;

use alluse_instruments::margin::{PortfolioMarginRules, StrategyMarginRules};
use alluse_instruments::{Book, BookAfter};
use alluse_risk_core::liquidity::{AverageDailyVolume, ImpactModel, Trade};
use alluse_risk_core::{
    AssetId, Error as CoreError, Factor, Horizon, Ordering, ScenarioId, ScenarioSet, ShockKind, Status,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Shortfall that no longer forces a sale, as a fraction of the requirement.
const SETTLED: f64 = 1e-6;

/// Which requirement must be met.
#[derive(Debug, Clone, PartialEq)]
pub enum MarginRule {
    /// Strategy-based.
    StrategyBased(StrategyMarginRules),
    /// Portfolio margin.
    Portfolio(PortfolioMarginRules),
}

/// What it costs to leave the positions of an underlying in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExitCost {
    /// Half the stressed relative spread: of the value of shares, and of the premium of options.
    pub half_spread_of_shares: f64,
    /// The same for options.
    pub half_spread_of_options: f64,
    /// Units of the underlying traded on an average day by everyone.
    pub volume: AverageDailyVolume,
    /// Volatility of a day's return in the stressed market.
    pub daily_volatility: f64,
}

/// Sales that a shock forces, round by round.
///
/// ```text
/// each round   E  value of the account          R  requirement          both of what is left
///              E ≥ R (1 − 10⁻⁶)                 the spiral stops
///              f = min { f : E − c(f) ≥ (1 − f)·R }      share of everything that is sold
///              c(f) = f·Σ half spread · value + Σ impact cost of f
/// then         prices of the underlyings move against the sale by the impact of f, and the rest is valued anew
/// ```
///
/// Every leg is sold in the same proportion, which is the only sale that surely lowers the risk of the groups; the
/// requirement falls with it. Where no `f` will do, the account is closed. Impact is that of an
/// [`ImpactModel`] on the delta-equivalent units, and stays: a forced sale into a stressed market does not see the
/// recovery. Volatilities stay as the shock left them.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `buffer` | 0 | margin kept beyond the requirement, as a fraction of it |
/// | `max_rounds` | 50 | rounds before the spiral counts as unstable |
///
/// # Source
/// The mechanism of Brunnermeier and Pedersen (2009), *Market liquidity and funding liquidity*, Review of Financial
/// Studies 22(6), with given costs in place of an equilibrium.
#[derive(Debug, Clone, PartialEq)]
pub struct MarginSpiral {
    rule: MarginRule,
    impact: ImpactModel,
    exits: BTreeMap<AssetId, ExitCost>,
    buffer: f64,
    max_rounds: usize,
}

/// One round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpiralRound {
    /// Value of the account at its start.
    pub value: f64,
    /// Requirement at its start.
    pub requirement: f64,
    /// Share of what was left that was sold.
    pub sold: f64,
    /// What the sale cost in spread and impact.
    pub cost: f64,
    /// What the remaining positions lost to the price impact of the sale.
    pub impact_loss: f64,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpiralEnd {
    /// No sale was needed.
    NoCall,
    /// The requirement is met by what is left.
    Stable,
    /// Everything was sold.
    Closed,
    /// Still selling after the last round.
    Unstable,
}

/// The rounds and what they add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpiralOutcome {
    /// How it ended.
    pub end: SpiralEnd,
    /// The rounds in which something was sold.
    pub rounds: Vec<SpiralRound>,
    /// Share of the positions that is left.
    pub left: f64,
    /// Loss after the shock itself: costs and price impact of all rounds.
    pub second_round_loss: f64,
    /// Value of the account at the end.
    pub value: f64,
}

impl MarginSpiral {
    /// With a rule, an impact model, and the exit costs of each underlying.
    ///
    /// # Errors
    /// [`Error::Input`] for a half spread outside [0, 1] or a volatility that is negative or not finite.
    pub fn new(rule: MarginRule, impact: ImpactModel, exits: BTreeMap<AssetId, ExitCost>) -> Result<Self> {
        for exit in exits.values() {
            for (name, value) in [
                ("half spread of shares", exit.half_spread_of_shares),
                ("half spread of options", exit.half_spread_of_options),
            ] {
                if !(0.0..=1.0).contains(&value) {
                    return Err(CoreError::OutOfDomain { name, expected: "in [0, 1]", value }.into());
                }
            }
            let (name, value) = ("daily volatility", exit.daily_volatility);
            if !(value >= 0.0 && value.is_finite()) {
                return Err(CoreError::OutOfDomain { name, expected: "finite and not negative", value }.into());
            }
        }
        Ok(Self { rule, impact, exits, buffer: 0.0, max_rounds: 50 })
    }

    /// With margin kept beyond the requirement, as a fraction of it.
    ///
    /// # Errors
    /// [`Error::Input`] unless at least 0 and finite.
    pub fn with_buffer(mut self, buffer: f64) -> Result<Self> {
        if !(buffer >= 0.0 && buffer.is_finite()) {
            let (name, value) = ("buffer", buffer);
            return Err(CoreError::OutOfDomain { name, expected: "at least 0 and finite", value }.into());
        }
        self.buffer = buffer;
        Ok(self)
    }

    /// With another number of rounds.
    #[must_use]
    pub fn with_max_rounds(mut self, max_rounds: usize) -> Self {
        self.max_rounds = max_rounds;
        self
    }

    /// What the shocked book is driven to.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] for an underlying without exit costs, [`Error::Infeasible`] when a position has no
    /// price or no requirement after the shock, and the errors of margin and impact.
    pub fn run(&self, after: &BookAfter) -> Result<SpiralOutcome> {
        let settled: f64 = after.settled.iter().map(|(_, cash)| cash).sum::<f64>() + after.dividends;
        let mut book = after.book.clone();
        let mut state = Account { cash: settled, left: 1.0 };
        let mut rounds = Vec::new();
        let mut end = SpiralEnd::NoCall;
        let mut second_round_loss = 0.0;
        loop {
            let whole = self.appraise(&book)?;
            let value = state.cash + whole.cash + state.left * whole.positions;
            let requirement = (1.0 + self.buffer) * state.left * whole.requirement;
            // The impact of one sale would call for a smaller one without end.
            if value >= requirement * (1.0 - SETTLED) || state.left <= 0.0 {
                return Ok(SpiralOutcome { end, rounds, left: state.left, second_round_loss, value });
            }
            if rounds.len() == self.max_rounds {
                let end = SpiralEnd::Unstable;
                return Ok(SpiralOutcome { end, rounds, left: state.left, second_round_loss, value });
            }
            let sold = self.least_sale(&book, &whole, state.left, value, requirement)?;
            let share = sold * state.left;
            let cost = self.cost(&book, &whole, share)?;
            state.cash += share * whole.positions - cost;
            state.left -= share;
            let mut impact_loss = 0.0;
            if state.left > 0.0 {
                book = self.moved(&book, &whole, share)?;
                impact_loss = state.left * (whole.positions - self.appraise(&book)?.positions);
            }
            second_round_loss += cost + impact_loss;
            rounds.push(SpiralRound { value, requirement, sold, cost, impact_loss });
            end = if state.left > 0.0 { SpiralEnd::Stable } else { SpiralEnd::Closed };
        }
    }

    /// The least share of what is left whose sale restores the requirement at its own cost; all of it if none does.
    fn least_sale(&self, book: &Book, whole: &Appraisal, left: f64, value: f64, requirement: f64) -> Result<f64> {
        const STEPS: usize = 60;
        let slack = |f: f64| Ok::<f64, Error>(value - self.cost(book, whole, f * left)? - (1.0 - f) * requirement);
        // Costs grow faster than the sale, so the slack is concave: rising to its top, if it rises at all.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..STEPS {
            let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if slack(a)? < slack(b)? {
                low = a;
            } else {
                high = b;
            }
        }
        let top = 0.5 * (low + high);
        if slack(top)? < 0.0 {
            return Ok(1.0);
        }
        let (mut short, mut enough) = (0.0, top);
        for _ in 0..STEPS {
            let middle = 0.5 * (short + enough);
            if slack(middle)? < 0.0 {
                short = middle;
            } else {
                enough = middle;
            }
        }
        Ok(enough)
    }

    fn appraise(&self, book: &Book) -> Result<Appraisal> {
        let infeasible = |reason: String| Error::Infeasible { what: "the margin spiral", reason };
        let mut appraisal = Appraisal { cash: 0.0, positions: 0.0, requirement: 0.0, each: Vec::new() };
        for ((id, exposure), position) in book.exposures().into_iter().zip(book.positions()) {
            let exposure = match exposure {
                Status::Known(exposure) => exposure,
                Status::Partial { .. } => return Err(infeasible(format!("{id} is valued in part"))),
                Status::Unknown { reason, .. } => return Err(infeasible(format!("{id}: {reason}"))),
            };
            match position.instrument.underlying() {
                None => appraisal.cash += exposure.market_value,
                Some(asset) => {
                    appraisal.positions += exposure.market_value;
                    let option = position.option().is_some();
                    appraisal.each.push((asset.clone(), exposure.market_value, exposure.dollar_delta, option));
                }
            }
        }
        let requirement = match &self.rule {
            MarginRule::StrategyBased(rules) => rules.requirement(book)?.requirement,
            MarginRule::Portfolio(rules) => rules.requirement(book)?.requirement,
        };
        let known = requirement.known().copied();
        appraisal.requirement = known.ok_or_else(|| infeasible("a position has no requirement".to_owned()))?;
        Ok(appraisal)
    }

    fn exit(&self, asset: &AssetId) -> Result<&ExitCost> {
        let factor = || format!("exit cost of {asset}");
        self.exits.get(asset).ok_or_else(|| Error::UnknownFactor { what: "the margin spiral", factor: factor() })
    }

    /// Cost of selling a share of everything.
    fn cost(&self, book: &Book, whole: &Appraisal, share: f64) -> Result<f64> {
        let mut cost = 0.0;
        for (asset, value, _, option) in &whole.each {
            let exit = self.exit(asset)?;
            let half = if *option { exit.half_spread_of_options } else { exit.half_spread_of_shares };
            cost += share * half * value.abs();
        }
        for (asset, delta) in whole.deltas() {
            let (_, execution) = self.impact(book, &asset, delta, share)?;
            cost += share * delta.abs() * execution;
        }
        Ok(cost)
    }

    /// How far the price stays moved, and what execution costs, as fractions.
    fn impact(&self, book: &Book, asset: &AssetId, delta: f64, share: f64) -> Result<(f64, f64)> {
        let exit = self.exit(asset)?;
        let missing = || Error::UnknownFactor { what: "the market", factor: format!("price of {asset}") };
        let spot = book.market().spot(asset).ok_or_else(missing)?;
        let units = share * delta.abs() / spot;
        let cost = self.impact.cost(&Trade::new(units, exit.volume, exit.daily_volatility).with_duration(1.0))?;
        // A model of one figure speaks of the price at which the trade is done; none of it comes back in a rout.
        Ok((cost.permanent.unwrap_or(cost.cost), cost.cost))
    }

    /// The book at the prices that a sale leaves behind.
    fn moved(&self, book: &Book, whole: &Appraisal, share: f64) -> Result<Book> {
        let mut factors = Vec::new();
        let mut moves = Vec::new();
        for (asset, delta) in whole.deltas() {
            let (permanent, _) = self.impact(book, &asset, delta, share)?;
            factors.push((Factor::Spot(asset), ShockKind::Log));
            moves.push(-delta.signum() * permanent);
        }
        if factors.is_empty() {
            return Ok(book.clone());
        }
        let shocks = Array2::from_shape_fn((1, moves.len()), |(_, column)| moves[column]);
        let today = book.market().as_of();
        let set = ScenarioSet::new(today, Horizon::DAY, factors, shocks)?;
        let set = set.with_ids(vec![ScenarioId::new("price impact")?], Ordering::Named)?;
        Ok(book.after(&set, 0, today)?.book)
    }
}

/// Cash outside the book, and the share of the book's positions that is left.
struct Account {
    cash: f64,
    left: f64,
}

/// The whole book at current prices.
struct Appraisal {
    cash: f64,
    positions: f64,
    requirement: f64,
    /// Underlying, market value, dollar delta, whether it is an option.
    each: Vec<(AssetId, f64, f64, bool)>,
}

impl Appraisal {
    fn deltas(&self) -> BTreeMap<AssetId, f64> {
        let mut deltas = BTreeMap::new();
        for (asset, _, delta, _) in &self.each {
            *deltas.entry(asset.clone()).or_insert(0.0) += delta;
        }
        deltas
    }
}

#[cfg(test)]
mod tests {
    use alluse_instruments::margin::{MarginRates, StockRates};
    use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract};
    use alluse_risk_core::liquidity::PowerLawImpact;
    use jiff::civil::{Date, date};
    use ndarray::array;

    use super::*;

    const TODAY: Date = date(2024, 1, 5);

    fn asset(name: &str) -> AssetId {
        AssetId::new(name).unwrap()
    }

    fn exit(shares: f64, options: f64, volume: f64) -> ExitCost {
        ExitCost {
            half_spread_of_shares: shares,
            half_spread_of_options: options,
            volume: AverageDailyVolume::new(volume).unwrap(),
            daily_volatility: 0.04,
        }
    }

    fn market() -> MarketSnapshot {
        MarketSnapshot::usd(TODAY)
            .with_spot("A", 100.0)
            .and_then(|m| m.with_volatility("A", 0.3)?.with_rate("USD", 0.0)?.with_dividend_yield("A", 0.0))
            .unwrap()
    }

    fn after(book: &Book, fall: f64) -> BookAfter {
        let spot = (Factor::Spot(asset("A")), ShockKind::Relative);
        let set = ScenarioSet::new(TODAY, Horizon::DAY, vec![spot], array![[fall]]).unwrap();
        book.after(&set, 0, TODAY).unwrap()
    }

    fn rule(long: f64) -> MarginRule {
        let rates = MarginRates::new(StockRates::House { long, short: 0.3 }).unwrap();
        MarginRule::StrategyBased(StrategyMarginRules::new(rates))
    }

    fn spiral(long: f64, exit: ExitCost) -> MarginSpiral {
        // Linear impact, so that rounds can be done by hand.
        let impact = ImpactModel::PowerLaw(PowerLawImpact::new(1.0, 1.0).unwrap());
        MarginSpiral::new(rule(long), impact, [(asset("A"), exit)].into()).unwrap()
    }

    /// 1,000 shares on 60,000 of own money: 100,000 of shares, 40,000 borrowed.
    fn geared() -> Book {
        Book::builder().share("A", 1_000.0).cash("USD", -40_000.0).build(&market()).unwrap()
    }

    #[test]
    fn enough_value_sells_nothing() {
        let outcome = spiral(0.25, exit(0.01, 0.1, 1e9)).run(&after(&geared(), -0.20)).unwrap();
        assert_eq!((outcome.end, outcome.left, outcome.second_round_loss), (SpiralEnd::NoCall, 1.0, 0.0));
        assert!((outcome.value - 40_000.0).abs() < 1e-9);
    }

    #[test]
    fn without_impact_one_sale_restores_the_requirement() {
        // After -50 %: value 10,000, shares 50,000, requirement 12,500. Spread 2 %: selling f costs 1,000 f.
        let outcome = spiral(0.25, exit(0.02, 0.1, 1e18)).run(&after(&geared(), -0.50)).unwrap();
        assert_eq!(outcome.end, SpiralEnd::Stable);
        let f = 2_500.0 / (12_500.0 - 1_000.0);
        assert_eq!(outcome.rounds.len(), 1);
        assert!((outcome.rounds[0].sold - f).abs() < 1e-9);
        assert!((outcome.left - (1.0 - f)).abs() < 1e-9);
        assert!((outcome.second_round_loss - 1_000.0 * f).abs() < 1e-6);
        assert!((outcome.value - 0.25 * 50_000.0 * (1.0 - f)).abs() < 0.1, "what is left is exactly margined");
    }

    #[test]
    fn impact_makes_rounds_and_the_rounds_add_up() {
        let shocked = after(&geared(), -0.50);
        let outcome = spiral(0.25, exit(0.01, 0.1, 200.0)).run(&shocked).unwrap();
        assert!(outcome.rounds.len() > 1, "{outcome:?}");
        // What was not lost in costs and impact is still there.
        assert!((10_000.0 - outcome.second_round_loss - outcome.value).abs() < 1e-6, "{outcome:?}");
        let lost: f64 = outcome.rounds.iter().map(|round| round.cost + round.impact_loss).sum();
        assert!((lost - outcome.second_round_loss).abs() < 1e-9);
        assert!(outcome.rounds.windows(2).all(|pair| pair[1].value < pair[0].value));
        // A thinner market costs more.
        let thin = spiral(0.25, exit(0.01, 0.1, 150.0)).run(&shocked).unwrap();
        assert!(thin.second_round_loss > outcome.second_round_loss);
    }

    #[test]
    fn a_shock_beyond_the_value_closes_the_account() {
        let outcome = spiral(0.25, exit(0.01, 0.1, 1e18)).run(&after(&geared(), -0.70)).unwrap();
        assert_eq!((outcome.end, outcome.left), (SpiralEnd::Closed, 0.0));
        // 30,000 of shares against 40,000 of debt, and 300 of costs: the account owes money.
        assert!((outcome.value + 10_300.0).abs() < 1e-6, "{outcome:?}");
    }

    #[test]
    fn short_puts_are_bought_back_at_the_spread_of_options() {
        let put = OptionContract::put("A", 95.0, date(2024, 2, 16), Multiplier::EQUITY).unwrap();
        let book = Book::builder().option(put, -10.0).cash("USD", 22_000.0).build(&market()).unwrap();
        let outcome = spiral(0.25, exit(0.0, 0.05, 1e6)).run(&after(&book, -0.10)).unwrap();
        assert_eq!(outcome.end, SpiralEnd::Stable, "{outcome:?}");
        assert!(outcome.rounds[0].requirement > outcome.rounds[0].value);
        assert!(outcome.second_round_loss > 0.0 && outcome.left < 1.0);
        let few = spiral(0.25, exit(0.0, 0.05, 1e6)).with_max_rounds(0).run(&after(&book, -0.10)).unwrap();
        assert_eq!((few.end, few.left), (SpiralEnd::Unstable, 1.0));
        let portfolio = MarginRule::Portfolio(PortfolioMarginRules::new(MarginRates::maintenance()));
        let impact = ImpactModel::default();
        let spiral = MarginSpiral::new(portfolio, impact, [(asset("A"), exit(0.0, 0.05, 1e6))].into()).unwrap();
        assert!(spiral.with_buffer(0.5).unwrap().run(&after(&book, -0.10)).unwrap().left < 1.0);
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = MarginSpiral::new(rule(0.25), ImpactModel::default(), BTreeMap::new()).unwrap();
        let error = none.run(&after(&geared(), -0.50)).unwrap_err();
        assert!(error.to_string().contains("exit cost of A"), "{error}");
        let blind = Book::builder().share("B", 1.0).build(&market()).unwrap();
        let blind = BookAfterOf(blind).after();
        assert!(matches!(none.run(&blind), Err(Error::Infeasible { .. })));
        let bad = |exit: ExitCost| MarginSpiral::new(rule(0.25), ImpactModel::default(), [(asset("A"), exit)].into());
        assert!(bad(exit(1.5, 0.0, 1.0)).is_err() && bad(exit(0.0, f64::NAN, 1.0)).is_err());
        assert!(bad(ExitCost { daily_volatility: -1.0, ..exit(0.0, 0.0, 1.0) }).is_err());
        assert!(spiral(0.25, exit(0.0, 0.0, 1.0)).with_buffer(-0.1).is_err());
    }

    /// A book that no shock has touched.
    struct BookAfterOf(Book);

    impl BookAfterOf {
        fn after(&self) -> BookAfter {
            let currency = Factor::Rate(alluse_risk_core::Currency::usd());
            let set = ScenarioSet::new(TODAY, Horizon::DAY, vec![(currency, ShockKind::Absolute)], array![[0.0]]);
            self.0.after(&set.unwrap(), 0, TODAY).unwrap()
        }
    }
}
