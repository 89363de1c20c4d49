//! What the holders of the options that a book is short may do to it.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, Coverage, Currency, RowId, Status};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::pricing::{Drift, ExerciseStyle, OptionKind};
use crate::valuation::{OptionQuotes, missing};
use crate::{Book, Instrument, OptionContract, Position, Result};

/// How likely each short option is to be assigned, and what assignment would take.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `drift` | risk-neutral | how share prices are taken to move on the way to exercise |
/// | `drift_of` | none | another drift for single assets |
/// | `account_axis` | none | the label axis of accounts: only shares with the same label cover a short call |
///
/// Holders are taken to exercise when the pricing model says it is best, cash dividends included. Who of the writers is
/// assigned is drawn by lot: the probability is that of exercise.
///
/// ```
/// use alluse_instruments::{AssignmentAnalysis, Book, MarketSnapshot, Multiplier, OptionContract};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.20)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder().cash("USD", 4_000.0).option(put, -1.0).build(&market)?;
///
/// let total = AssignmentAnalysis::default().total(&book)?;
/// assert_eq!(total.cash_need, 4_000.0);
/// assert!(total.expected_cash_need > 800.0 && total.expected_cash_need < 1_500.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssignmentAnalysis {
    drift: Drift,
    drifts: BTreeMap<AssetId, Drift>,
    account_axis: Option<String>,
}

/// What one short option may bring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssignmentRisk {
    /// The short option.
    pub position: RowId,
    /// What would change hands.
    pub underlying: AssetId,
    /// The currency of its amounts.
    pub currency: Currency,
    /// Until when.
    pub expiry: Date,
    /// Probability of assignment before expiry.
    pub probability_early: f64,
    /// Probability of assignment at expiry.
    pub probability_at_expiry: f64,
    /// Probability of assignment at all.
    pub probability: f64,
    /// How the share price was taken to move.
    pub drift: Drift,
    /// What assignment of the whole position would take.
    pub need: AssignmentNeed,
    /// Probability times the cash that a short put needs; 0 for a short call.
    pub expected_cash_need: f64,
    /// Set when early exercise is to be expected on the day before the next ex date.
    pub ex_dividend: Option<ExDividendFlag>,
}

/// What assignment takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AssignmentNeed {
    /// Of a short put: cash for the shares.
    Cash {
        /// Strike times units, positive; premium received does not lower it.
        amount: f64,
    },
    /// Of a short call: shares.
    Shares {
        /// Units to deliver.
        to_deliver: f64,
        /// Of these, shares in the book that no short call before this one in the book needs; long less short shares of
        /// the same account, if accounts were named.
        held: f64,
        /// The rest, to be bought or borrowed.
        uncovered: f64,
    },
}

/// A short call in the money whose time value is less than the next dividend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExDividendFlag {
    /// The ex date; exercise is to be expected on the exchange day before.
    pub ex_date: Date,
    /// Cash per share.
    pub amount: f64,
    /// Price of the option by the market's model less what exercise pays, per unit.
    pub time_value: f64,
}

/// Sums over short options, in base currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssignmentSum {
    /// Cash needed if every short put is assigned.
    pub cash_need: f64,
    /// Its expectation.
    pub expected_cash_need: f64,
    /// Value today of the uncovered shares if every short call is assigned.
    pub uncovered_value: f64,
    /// Its expectation.
    pub expected_uncovered_value: f64,
    /// Short options with an early exercise to be expected before an ex date.
    pub ex_dividend_flags: usize,
    /// For how many of the short options, and how much of their notional, the sums speak.
    pub coverage: Coverage,
}

/// The sums of the short options that share a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelAssignment {
    /// The label, or `unlabelled`.
    pub label: String,
    /// Sums over its short options.
    pub sum: AssignmentSum,
}

/// A short option under assessment.
struct Assessed<'a> {
    row: usize,
    position: &'a Position,
    status: Status<AssignmentRisk>,
    /// Base currency per unit of the amounts, and value of a share in base currency.
    fx: f64,
    share: f64,
}

impl AssignmentAnalysis {
    /// How share prices move.
    #[must_use]
    pub fn with_drift(mut self, drift: Drift) -> Self {
        self.drift = drift;
        self
    }

    /// How the price of one asset moves.
    #[must_use]
    pub fn with_drift_of(mut self, asset: AssetId, drift: Drift) -> Self {
        self.drifts.insert(asset, drift);
        self
    }

    /// The label axis that names accounts. Positions without a label on it form an account of their own.
    #[must_use]
    pub fn with_account_axis(mut self, axis: &str) -> Self {
        self.account_axis = Some(axis.to_owned());
        self
    }

    /// Every short option of the book, in its order; unknown with the reason where a quote is missing or the model has
    /// no answer.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an account axis that no position has.
    pub fn assess(&self, book: &Book) -> Result<Vec<(RowId, Status<AssignmentRisk>)>> {
        self.check(book)?;
        Ok(self.each(book).into_iter().map(|one| (one.position.id.clone(), one.status)).collect())
    }

    /// Sums over the whole book.
    ///
    /// # Errors
    /// As [`assess`](Self::assess).
    pub fn total(&self, book: &Book) -> Result<AssignmentSum> {
        self.check(book)?;
        Ok(sum(book, &self.each(book), |_| true))
    }

    /// Sums by the labels of an axis.
    ///
    /// # Errors
    /// As [`assess`](Self::assess), and for an `axis` that no position has.
    pub fn by_label(&self, book: &Book, axis: &str) -> Result<Vec<LabelAssignment>> {
        self.check(book)?;
        let each = self.each(book);
        let label = |group: &alluse_risk_core::labels::Group| LabelAssignment {
            label: group.name().to_owned(),
            sum: sum(book, &each, |row| group.rows.contains(&row)),
        };
        Ok(book.labels().group_by(axis)?.iter().map(label).collect())
    }

    fn check(&self, book: &Book) -> Result<()> {
        if let Some(axis) = &self.account_axis {
            book.labels().group_by(axis)?;
        }
        Ok(())
    }

    fn each<'a>(&self, book: &'a Book) -> Vec<Assessed<'a>> {
        let mut free = self.free_shares(book);
        let mut result = Vec::new();
        for (row, position) in book.positions().iter().enumerate() {
            let Some(contract) = position.option().filter(|_| position.quantity < 0.0) else { continue };
            let need = match contract.kind() {
                OptionKind::Put => AssignmentNeed::Cash { amount: -position.units() * contract.strike() },
                OptionKind::Call => {
                    let pool = free.entry((contract.underlying().clone(), self.account(book, row))).or_insert(0.0);
                    let to_deliver = -position.units();
                    let held = to_deliver.min(pool.max(0.0));
                    *pool -= held;
                    AssignmentNeed::Shares { to_deliver, held, uncovered: to_deliver - held }
                }
            };
            let (status, fx, share) = match self.risk(book, position, contract, need) {
                Ok((risk, fx, share)) => (Status::Known(risk), fx, share),
                Err(error) => (Status::Unknown { kind: error.kind(), reason: error.to_string() }, 0.0, 0.0),
            };
            result.push(Assessed { row, position, status, fx, share });
        }
        result
    }

    fn account(&self, book: &Book, row: usize) -> Option<String> {
        let axis = self.account_axis.as_deref()?;
        book.labels().label(row, axis).ok().flatten().map(str::to_owned)
    }

    /// Shares by asset and account, long less short.
    fn free_shares(&self, book: &Book) -> BTreeMap<(AssetId, Option<String>), f64> {
        let mut free = BTreeMap::new();
        for (row, position) in book.positions().iter().enumerate() {
            if let Instrument::Share { asset } = &position.instrument {
                *free.entry((asset.clone(), self.account(book, row))).or_insert(0.0) += position.quantity;
            }
        }
        free
    }

    fn risk(
        &self,
        book: &Book,
        position: &Position,
        contract: &OptionContract,
        need: AssignmentNeed,
    ) -> Result<(AssignmentRisk, f64, f64)> {
        let market = book.market();
        let currency = book.currency(position);
        let fx = market.fx(currency).ok_or_else(|| missing("price", currency.as_str()))?;
        let quotes = OptionQuotes::of(market, contract, currency)?;
        let drift = self.drifts.get(contract.underlying()).copied().unwrap_or(self.drift);
        let probability = quotes.with_dividends(contract)?.exercise_probability(drift)?;
        let expected_cash_need = match need {
            AssignmentNeed::Cash { amount } => probability.total * amount,
            AssignmentNeed::Shares { .. } => 0.0,
        };
        let risk = AssignmentRisk {
            position: position.id.clone(),
            underlying: contract.underlying().clone(),
            currency: currency.clone(),
            expiry: contract.expiry(),
            probability_early: probability.early,
            probability_at_expiry: probability.at_expiry,
            probability: probability.total,
            drift,
            need,
            expected_cash_need,
            ex_dividend: ex_dividend(book, contract, &quotes)?,
        };
        Ok((risk, fx, fx * quotes.spot))
    }
}

/// The flag of an American call in the money that would lose more by the next dividend than by giving up its time value.
fn ex_dividend(book: &Book, contract: &OptionContract, quotes: &OptionQuotes) -> Result<Option<ExDividendFlag>> {
    let market = book.market();
    let ahead = market.dividends_between(contract.underlying(), market.as_of(), contract.expiry());
    let next = ahead.first().filter(|_| {
        let early = contract.style() == ExerciseStyle::American && contract.kind() == OptionKind::Call;
        early && quotes.spot > contract.strike()
    });
    let Some((ex_date, amount)) = next.copied() else { return Ok(None) };
    let time_value = quotes.price(contract)? - contract.intrinsic(quotes.spot);
    Ok((time_value < amount).then_some(ExDividendFlag { ex_date, amount, time_value }))
}

fn sum(book: &Book, each: &[Assessed<'_>], belongs: impl Fn(usize) -> bool) -> AssignmentSum {
    let mut sum = AssignmentSum {
        cash_need: 0.0,
        expected_cash_need: 0.0,
        uncovered_value: 0.0,
        expected_uncovered_value: 0.0,
        ex_dividend_flags: 0,
        coverage: Coverage::complete(0, 0.0),
    };
    for one in each.iter().filter(|one| belongs(one.row)) {
        let known = one.status.known();
        sum.coverage = sum.coverage.and(book.coverage_of(one.position, known.is_some()));
        let Some(risk) = known else { continue };
        sum.ex_dividend_flags += usize::from(risk.ex_dividend.is_some());
        match risk.need {
            AssignmentNeed::Cash { amount } => {
                sum.cash_need += one.fx * amount;
                sum.expected_cash_need += one.fx * risk.expected_cash_need;
            }
            AssignmentNeed::Shares { uncovered, .. } => {
                sum.uncovered_value += one.share * uncovered;
                sum.expected_uncovered_value += one.share * uncovered * risk.probability;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use jiff::civil::date;

    use super::*;
    use crate::{MarketSnapshot, Multiplier};

    const TODAY: Date = date(2024, 1, 2);
    const EXPIRY: Date = date(2024, 3, 15);

    fn market() -> MarketSnapshot {
        let quoted = |market: MarketSnapshot, asset, spot| {
            market.with_spot(asset, spot)?.with_volatility(asset, 0.3)?.with_dividend_yield(asset, 0.0)
        };
        let market = MarketSnapshot::usd(TODAY).with_rate("USD", 0.03).unwrap();
        quoted(market, "A", 50.0).and_then(|market| quoted(market, "B", 20.0)).unwrap()
    }

    fn call(strike: f64) -> OptionContract {
        OptionContract::call("A", strike, EXPIRY, Multiplier::EQUITY).unwrap()
    }

    fn put(asset: &str, strike: f64) -> OptionContract {
        OptionContract::put(asset, strike, EXPIRY, Multiplier::EQUITY).unwrap()
    }

    fn assess(analysis: &AssignmentAnalysis, book: &Book) -> Vec<AssignmentRisk> {
        analysis.assess(book).unwrap().into_iter().map(|(_, status)| status.known().cloned().unwrap()).collect()
    }

    #[test]
    fn short_puts_need_cash_and_long_ones_nothing() {
        let builder = Book::builder().option(put("A", 45.0), -2.0).option(put("A", 50.0), 1.0).share("A", 10.0);
        let book = builder.build(&market()).unwrap();
        let risks = assess(&AssignmentAnalysis::default(), &book);
        assert_eq!(risks.len(), 1);
        assert_eq!(risks[0].need, AssignmentNeed::Cash { amount: 9_000.0 });
        let sum = risks[0].probability_early + risks[0].probability_at_expiry;
        assert!((sum - risks[0].probability).abs() < 1e-15);
        assert!((risks[0].expected_cash_need - 9_000.0 * risks[0].probability).abs() < 1e-9);
        // The European probability is below 0.2; the right to exercise early adds a little.
        assert!(risks[0].probability > 0.15 && risks[0].probability < 0.25, "{}", risks[0].probability);
        assert_eq!((risks[0].drift, risks[0].ex_dividend), (Drift::RiskNeutral, None));
        assert_eq!(book.assignment_obligations()[0].amount, 9_000.0);
    }

    #[test]
    fn drifts_are_those_of_the_asset_first() {
        let book = Book::builder().option(put("A", 45.0), -1.0).option(put("B", 18.0), -1.0).build(&market()).unwrap();
        let neutral = assess(&AssignmentAnalysis::default(), &book);
        // 18/20 is 45/50: the same option in another size.
        assert!((neutral[0].probability - neutral[1].probability).abs() < 1e-12);
        let up = Drift::RealWorld { annual: 0.3 };
        let bullish =
            AssignmentAnalysis::default().with_drift(up).with_drift_of(AssetId::new("B").unwrap(), Drift::RiskNeutral);
        let moved = assess(&bullish, &book);
        assert!(moved[0].probability < neutral[0].probability - 0.02);
        assert_eq!(moved[1].probability, neutral[1].probability);
        assert_eq!((moved[0].drift, moved[1].drift), (up, Drift::RiskNeutral));
    }

    #[test]
    fn shares_cover_one_call_only_once_and_in_their_account() {
        let book = Book::builder()
            .option(call(55.0), -2.0)
            .named("first")
            .tagged("account", "x")
            .option(call(60.0), -2.0)
            .named("second")
            .tagged("account", "x")
            .share("A", 350.0)
            .named("long")
            .tagged("account", "x")
            .share("A", -50.0)
            .named("short")
            .tagged("account", "x")
            .share("A", 500.0)
            .named("elsewhere")
            .tagged("account", "y")
            .build(&market())
            .unwrap();
        let needs =
            |analysis: AssignmentAnalysis| assess(&analysis, &book).iter().map(|risk| risk.need).collect::<Vec<_>>();
        let shares = |held| AssignmentNeed::Shares { to_deliver: 200.0, held, uncovered: 200.0 - held };
        assert_eq!(needs(AssignmentAnalysis::default().with_account_axis("account")), [shares(200.0), shares(100.0)]);
        assert_eq!(needs(AssignmentAnalysis::default()), [shares(200.0), shares(200.0)]);
        let analysis = AssignmentAnalysis::default().with_account_axis("account");
        let total = analysis.total(&book).unwrap();
        assert_eq!((total.uncovered_value, total.cash_need), (5_000.0, 0.0));
        let second = assess(&analysis, &book)[1].probability;
        assert!((total.expected_uncovered_value - 5_000.0 * second).abs() < 1e-9);
        assert!(analysis.assess(&Book::builder().share("A", 1.0).build(&market()).unwrap()).is_err());
        let short = Book::builder().option(call(55.0), -1.0).share("A", -50.0).build(&market()).unwrap();
        let need = AssignmentNeed::Shares { to_deliver: 100.0, held: 0.0, uncovered: 100.0 };
        assert_eq!(assess(&AssignmentAnalysis::default(), &short)[0].need, need);
    }

    #[test]
    fn a_deep_call_is_flagged_before_its_dividend() {
        let market = market().with_dividends("A", vec![(date(2024, 1, 10), 1.0), (date(2024, 3, 10), 0.01)]).unwrap();
        let flag = |contract: OptionContract| {
            let book = Book::builder().option(contract, -1.0).build(&market).unwrap();
            assess(&AssignmentAnalysis::default(), &book).remove(0)
        };
        let deep = flag(call(35.0));
        let flagged = deep.ex_dividend.unwrap();
        assert_eq!((flagged.ex_date, flagged.amount), (date(2024, 1, 10), 1.0));
        assert!(flagged.time_value > 0.0 && flagged.time_value < 0.1, "{flagged:?}");
        assert!(deep.probability_early > 0.99, "{deep:?}");
        assert_eq!(flag(call(35.0).european()).ex_dividend, None);
        assert_eq!(flag(call(50.0)).ex_dividend, None, "at the money");
        assert_eq!(flag(call(49.5)).ex_dividend, None, "its time value exceeds the dividend");
        assert_eq!(flag(put("A", 60.0)).ex_dividend, None);
        let short_lived = OptionContract::call("A", 35.0, date(2024, 1, 9), Multiplier::EQUITY).unwrap();
        assert_eq!(flag(short_lived).ex_dividend, None, "it expires before the ex date");
    }

    #[test]
    fn what_is_missing_is_said_and_lowers_the_coverage() {
        let market = market().with_spot("C", 10.0).unwrap().with_quote_currency("D", "EUR").unwrap();
        let book = Book::builder()
            .option(put("A", 45.0), -1.0)
            .tagged("desk", "one")
            .option(put("C", 9.0), -1.0)
            .tagged("desk", "two")
            .option(put("D", 9.0), -1.0)
            .tagged("desk", "two")
            .share("A", 1.0)
            .tagged("desk", "three")
            .build(&market)
            .unwrap();
        let each = AssignmentAnalysis::default().assess(&book).unwrap();
        assert!(each[0].1.known().is_some());
        for (_, status) in &each[1..] {
            assert!(matches!(status, Status::Unknown { kind: ErrorKind::InsufficientData, .. }), "{status:?}");
        }
        let total = AssignmentAnalysis::default().total(&book).unwrap();
        assert!(!total.coverage.is_complete());
        assert_eq!(total.cash_need, 4_500.0);
        let labels = AssignmentAnalysis::default().by_label(&book, "desk").unwrap();
        assert!(labels[0].sum.coverage.is_complete() && labels[0].sum.cash_need == 4_500.0);
        assert!(!labels[1].sum.coverage.is_complete() && labels[1].sum.cash_need == 0.0);
        assert!(labels[2].sum.coverage.is_complete() && labels[2].sum.cash_need == 0.0);
        assert_eq!(labels[2].label, "three");
        assert!(AssignmentAnalysis::default().by_label(&book, "nothing").is_err());
        assert!(AssignmentAnalysis::default().with_account_axis("nothing").by_label(&book, "desk").is_err());
        assert!(AssignmentAnalysis::default().with_account_axis("nothing").total(&book).is_err());
    }

    #[test]
    fn amounts_are_summed_in_base_currency() {
        let market = market()
            .with_quote_currency("B", "EUR")
            .unwrap()
            .with_rate("EUR", 0.02)
            .unwrap()
            .with_fx("EUR", 1.25)
            .unwrap();
        let call = OptionContract::call("B", 22.0, EXPIRY, Multiplier::EQUITY).unwrap();
        let book = Book::builder().option(put("B", 18.0), -1.0).option(call, -1.0).build(&market).unwrap();
        let total = AssignmentAnalysis::default().total(&book).unwrap();
        assert_eq!((total.cash_need, total.uncovered_value), (2_250.0, 2_500.0));
        let risks = assess(&AssignmentAnalysis::default(), &book);
        assert!((total.expected_cash_need - 2_250.0 * risks[0].probability).abs() < 1e-9);
        assert_eq!(risks[0].need, AssignmentNeed::Cash { amount: 1_800.0 });
        assert_eq!(total.ex_dividend_flags, 0);
    }
}
