use alluse_instruments::pricing::{DeltaConvention, DeltaMarket, strike_from_delta};
use alluse_instruments::year_fraction;
use alluse_risk_core::Frequency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::expiries::{Expiries, Tenor};
use super::option_market::{Day, OptionMarket};
use super::position::{Position, PremiumSource, Roll, Written, price};
use super::{Assumptions, BuiltBenchmark};
use crate::{Error, Result, ReturnKind, ReturnSeries, check};

/// Which strike is sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrikeRule {
    /// At the level of the index. Of listed strikes, the first not above it for a put, not below it for a call.
    #[default]
    AtTheMoney,
    /// At this multiple of the level. Of listed strikes, the nearest.
    Moneyness(f64),
    /// Where the option has a delta of this size, in (0, 1), without sign. Of listed strikes, the nearest.
    Delta(f64),
}

/// What selling one option costs, one way. Expiring costs nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WritingCost {
    /// Nothing.
    #[default]
    None,
    /// This fraction of the premium.
    OfPremium(f64),
    /// This fraction of the level of the index.
    OfSpot(f64),
}

/// A premium that was quoted, for one unit of the index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuotedPremium {
    /// Day of the sale.
    pub date: Date,
    /// Strike; it replaces the one of the rule.
    pub strike: f64,
    /// Premium before costs.
    pub premium: f64,
}

/// How options are written.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `strike` | at the money | |
/// | `tenor` | monthly | third Fridays, or every Friday |
/// | `strike_step` | `None` | distance of listed strikes; any strike is sold without one |
/// | `cost` | none | of each sale |
/// | `volatility_scale` | 1 | what the market's volatility is multiplied by, for an index such as the VIX that also contains dearer strikes |
/// | `quotes` | none | premiums that were observed |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OptionWriting {
    /// Which strike.
    pub strike: StrikeRule,
    /// When options expire.
    pub tenor: Tenor,
    /// Distance of listed strikes.
    pub strike_step: Option<f64>,
    /// Cost of a sale.
    pub cost: WritingCost,
    /// Factor on the volatility.
    pub volatility_scale: f64,
    /// Observed premiums, by date.
    pub quotes: Vec<QuotedPremium>,
}

impl Default for OptionWriting {
    fn default() -> Self {
        Self {
            strike: StrikeRule::default(),
            tenor: Tenor::default(),
            strike_step: None,
            cost: WritingCost::default(),
            volatility_scale: 1.0,
            quotes: Vec::new(),
        }
    }
}

impl OptionWriting {
    /// With another strike.
    #[must_use]
    pub fn with_strike(mut self, strike: StrikeRule) -> Self {
        self.strike = strike;
        self
    }

    /// With other expiries.
    #[must_use]
    pub fn with_tenor(mut self, tenor: Tenor) -> Self {
        self.tenor = tenor;
        self
    }

    /// With listed strikes at this distance.
    #[must_use]
    pub fn with_strike_step(mut self, step: f64) -> Self {
        self.strike_step = Some(step);
        self
    }

    /// With a cost.
    #[must_use]
    pub fn with_cost(mut self, cost: WritingCost) -> Self {
        self.cost = cost;
        self
    }

    /// With another factor on the volatility.
    #[must_use]
    pub fn with_volatility_scale(mut self, scale: f64) -> Self {
        self.volatility_scale = scale;
        self
    }

    /// With observed premiums.
    #[must_use]
    pub fn with_quotes(mut self, quotes: Vec<QuotedPremium>) -> Self {
        self.quotes = quotes;
        self
    }

    fn checked(&self) -> Result<()> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        match self.strike {
            StrikeRule::AtTheMoney => {}
            StrikeRule::Moneyness(share) => {
                check::ensure(positive(share), "moneyness", "positive and finite", share)?;
            }
            StrikeRule::Delta(size) => {
                check::ensure(size > 0.0 && size < 1.0, "delta", "in (0, 1), without sign", size)?;
            }
        }
        if let Some(step) = self.strike_step {
            check::ensure(positive(step), "strike step", "positive and finite", step)?;
        }
        check::ensure(
            positive(self.volatility_scale),
            "volatility scale",
            "positive and finite",
            self.volatility_scale,
        )?;
        match self.cost {
            WritingCost::None => {}
            WritingCost::OfPremium(rate) | WritingCost::OfSpot(rate) => {
                check::ensure((0.0..1.0).contains(&rate), "cost of writing", "in [0, 1)", rate)?;
            }
        }
        let dates: Vec<Date> = self.quotes.iter().map(|quote| quote.date).collect();
        check::increasing("date of a quote", &dates)?;
        for quote in &self.quotes {
            check::ensure(positive(quote.strike), "quoted strike", "positive and finite", quote.strike)?;
            check::ensure(
                quote.premium >= 0.0 && quote.premium.is_finite(),
                "quoted premium",
                "finite and not negative",
                quote.premium,
            )?;
        }
        Ok(())
    }

    fn listed(&self, written: Written, strike: f64, day: Day) -> Result<f64> {
        let Some(step) = self.strike_step else { return Ok(strike) };
        let steps = strike / step;
        let steps = match (self.strike, written) {
            (StrikeRule::AtTheMoney, Written::Put) => steps.floor(),
            (StrikeRule::AtTheMoney, Written::Call) => steps.ceil(),
            _ => steps.round(),
        };
        if steps < 1.0 {
            let reason = format!("no listed strike, a multiple of {step}, is near {strike} on {}", day.date);
            return Err(Error::undefined("strike", reason));
        }
        Ok(steps * step)
    }

    fn choose(&self, written: Written, expiry: Date, day: Day) -> Result<f64> {
        let wanted = match self.strike {
            StrikeRule::AtTheMoney => day.spot,
            StrikeRule::Moneyness(share) => share * day.spot,
            StrikeRule::Delta(size) => {
                let Day { date, spot, volatility, rate, dividend_yield } = day;
                let market = DeltaMarket { spot, time: year_fraction(date, expiry), volatility, rate, dividend_yield };
                let kind = written.kind();
                strike_from_delta(&market, kind, kind.sign() * size, DeltaConvention::Spot)?
            }
        };
        self.listed(written, wanted, day)
    }

    fn costs(&self, premium: f64, spot: f64) -> f64 {
        match self.cost {
            WritingCost::None => 0.0,
            WritingCost::OfPremium(rate) => rate * premium,
            WritingCost::OfSpot(rate) => rate * spot,
        }
    }
}

/// Cash-secured put writing on an index, by the rules of the Cboe S&P 500 PutWrite index.
///
/// On each expiry day the old puts settle and new ones are sold, as many as bills secure:
/// the bills, premium included, grow to the strike by the next expiry. In between the puts are marked to the model.
///
/// Premiums are those of the model of Black, Scholes and Merton at the market's volatility where no quote is given.
/// Everything happens at closes: Cboe settles at the opening and sells two hours later.
///
/// The series starts on the first expiry day of the market and is daily, with total returns.
///
/// # Errors
/// [`Error::Input`] and [`Error::Instruments`] for settings outside their domain; [`Error::Invalid`] when the market
/// has no observation within four days before an expiry, or ends on its first expiry, and for a quote whose date is no
/// day of a sale; [`Error::Undefined`] when the position is worth nothing.
///
/// # Source
/// Cboe (2023), "Cboe S&P 500 PutWrite Index methodology".
pub fn put_write(name: impl Into<String>, market: &OptionMarket<'_>, rules: &OptionWriting) -> Result<BuiltBenchmark> {
    write(name.into(), market, rules, Written::Put)
}

/// Covered call writing on an index, by the rules of the Cboe S&P 500 BuyWrite index.
///
/// The index is held, its dividends and the premiums buy more of the covered position, and on each expiry day the old
/// calls settle and new ones are sold. In all else as [`put_write`].
///
/// # Errors
/// As [`put_write`].
///
/// # Source
/// Whaley (2002), "Return and risk of CBOE buy write monthly index"; Cboe (2023), "Cboe S&P 500 BuyWrite Index
/// methodology".
pub fn buy_write(name: impl Into<String>, market: &OptionMarket<'_>, rules: &OptionWriting) -> Result<BuiltBenchmark> {
    write(name.into(), market, rules, Written::Call)
}

fn write(name: String, market: &OptionMarket<'_>, rules: &OptionWriting, written: Written) -> Result<BuiltBenchmark> {
    rules.checked()?;
    let dates = market.dates();
    let mut expiries = Expiries::new(rules.tenor, dates)?;
    let start = expiries.after(None)?;
    let first = dates.partition_point(|&date| date < start);
    if first + 1 >= dates.len() {
        let reason = format!("it has no day after the first expiry, {start}");
        return Err(Error::invalid("market of the written options", reason));
    }
    let day = |index: usize| {
        let day = market.day(index);
        Day { volatility: day.volatility * rules.volatility_scale, ..day }
    };
    let mut rolls: Vec<Roll> = Vec::new();
    let mut sell = |capital: f64, today: Day, rolls: &mut Vec<Roll>| -> Result<Position> {
        let expiry = expiries.after(Some(today.date))?;
        let quote = rules.quotes.iter().find(|quote| quote.date == today.date);
        let (strike, premium, source) = match quote {
            Some(quote) => (quote.strike, quote.premium, PremiumSource::Quoted),
            None => {
                let strike = rules.choose(written, expiry, today)?;
                (strike, price(written.kind(), strike, expiry, today)?, PremiumSource::Modelled)
            }
        };
        let net = premium - rules.costs(premium, today.spot);
        rolls.push(Roll { date: today.date, expiry, spot: today.spot, strike, premium, source, payoff: None });
        Position::open(written, capital, net, strike, expiry, today)
    };
    let mut position = sell(1.0, day(first), &mut rolls)?;
    // The cost of the first sale belongs to the first return.
    let mut before = 1.0;
    let mut returns = Vec::with_capacity(dates.len() - first - 1);
    for index in first + 1..dates.len() {
        let today = day(index);
        position.accrue(day(index - 1), today)?;
        let mut value = position.value(today)?;
        if today.date >= position.expiry() {
            if let Some(roll) = rolls.last_mut() {
                roll.payoff = Some(position.payoff(today));
            }
            position = sell(value, today, &mut rolls)?;
            // A quote that is not the model's price is a gain or loss of the day.
            value = position.value(today)?;
        }
        returns.push(check::result("return of the written options", value / before - 1.0)?);
        before = value;
    }
    if let Some(quote) = rules.quotes.iter().find(|quote| rolls.iter().all(|roll| roll.date != quote.date)) {
        return Err(Error::invalid("quoted premium", format!("{} is no day of a sale", quote.date)));
    }
    let series = ReturnSeries::new(name, dates[first + 1..].to_vec(), returns, Frequency::Daily, ReturnKind::Total)?
        .starting(dates[first])?;
    Ok(BuiltBenchmark { series, assumptions: assumptions(rules, written, &rolls), rolls })
}

fn assumptions(rules: &OptionWriting, written: Written, rolls: &[Roll]) -> Assumptions {
    let mut assumptions = Assumptions::default();
    let quoted = rolls.iter().filter(|roll| roll.source == PremiumSource::Quoted).count();
    let modelled = rolls.len() - quoted;
    if modelled > 0 {
        let scale = rules.volatility_scale;
        let statement = format!(
            "{modelled} of {} are modelled (Black, Scholes and Merton) at {scale} times the market's volatility, \
             the same for all strikes and expiries",
            rolls.len()
        );
        assumptions.assume("premiums", statement);
    }
    if quoted > 0 {
        assumptions.assume("premiums", format!("{quoted} of {} are quotes of the caller", rolls.len()));
    }
    assumptions.assume("marks", "the model values the option at every close between sale and expiry");
    assumptions.assume("settlement", "at the close of the expiry day, at which the next option is sold");
    match written {
        Written::Put => assumptions.assume("collateral", "bills at the market's rate, which grow to the strike"),
        Written::Call => assumptions.assume("dividends", "accrue at the market's yield and buy more of the position"),
    }
    let cost = match rules.cost {
        WritingCost::None => "none".to_owned(),
        WritingCost::OfPremium(rate) => format!("{rate} of each premium"),
        WritingCost::OfSpot(rate) => format!("{rate} of the index for each option sold"),
    };
    assumptions.assume("costs", cost);
    assumptions
}
