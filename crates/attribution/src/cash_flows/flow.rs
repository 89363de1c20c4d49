use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// What an account was worth at the close of a day, the flows of that day included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Valuation {
    /// The day.
    pub date: Date,
    /// Cash and positions; negative for an account that owes more than it has.
    pub value: f64,
}

impl Valuation {
    /// At the close of a day.
    #[must_use]
    pub fn new(date: Date, value: f64) -> Self {
        Self { date, value }
    }
}

/// When on its day money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowTiming {
    /// Before anything was earned that day: the flow takes part in the day's return.
    Start,
    /// After everything was earned that day.
    End,
}

/// Where money came from or went to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowKind {
    /// The owner: a deposit or a withdrawal.
    External,
    /// Another account of the owner. A flow of this account, none of both together.
    Internal {
        /// The other account.
        with: String,
    },
    /// A fee that the account paid for its management; a flow only [gross of fees](FeeBasis::Gross). Costs of trades
    /// are no flows, they belong to the result.
    Fee,
}

/// Whose result a management fee is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeBasis {
    /// It lowers the return.
    #[default]
    Net,
    /// It is money taken out, as a withdrawal is.
    Gross,
}

/// Money that came into an account (positive) or left it (negative).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CashFlow {
    /// The day.
    pub date: Date,
    /// Positive when it came in; a fee is negative.
    pub amount: f64,
    /// When on that day.
    pub timing: FlowTiming,
    /// Where it came from or went to.
    pub kind: FlowKind,
}

impl CashFlow {
    /// A deposit (positive) or withdrawal (negative).
    #[must_use]
    pub fn external(date: Date, amount: f64, timing: FlowTiming) -> Self {
        Self { date, amount, timing, kind: FlowKind::External }
    }

    /// A management fee of `amount` (positive) that the account paid, at the end of a day.
    #[must_use]
    pub fn fee(date: Date, amount: f64) -> Self {
        Self { date, amount: -amount, timing: FlowTiming::End, kind: FlowKind::Fee }
    }

    /// Whether it is no result of the account.
    pub(super) fn counts(&self, fees: FeeBasis) -> bool {
        self.kind != FlowKind::Fee || fees == FeeBasis::Gross
    }
}

/// Money, or positions at their market value, that went from one account to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The day.
    pub date: Date,
    /// The account that gave.
    pub from: String,
    /// The account that received.
    pub to: String,
    /// Not negative, except for positions of negative value.
    pub amount: f64,
    /// When on that day.
    pub timing: FlowTiming,
}

impl Transfer {
    /// A transfer on a day.
    #[must_use]
    pub fn new(date: Date, from: &str, to: &str, amount: f64, timing: FlowTiming) -> Self {
        Self { date, from: from.to_owned(), to: to.to_owned(), amount, timing }
    }

    /// What it is to one of its sides.
    pub(super) fn side(&self, account: &str) -> CashFlow {
        let (amount, with) = if self.to == account { (self.amount, &self.from) } else { (-self.amount, &self.to) };
        let kind = FlowKind::Internal { with: with.clone() };
        CashFlow { date: self.date, amount, timing: self.timing, kind }
    }
}

/// Days from one date to a later one.
pub(super) fn days(from: Date, to: Date) -> f64 {
    from.until(to).map_or(0.0, |span| f64::from(span.get_days()))
}

/// The last weekday before a day; days without trading that are no weekend need a valuation of their own.
pub(super) fn weekday_before(date: Date) -> Option<Date> {
    let mut day = date.yesterday().ok()?;
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.yesterday().ok()?;
    }
    Some(day)
}
