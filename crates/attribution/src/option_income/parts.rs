//! What the income of an option seller is made of.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A P&L in its parts; gains are positive, what was paid or lost is negative. The parts add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct IncomeParts {
    /// Options sold, to open or to close.
    pub premium_received: f64,
    /// Options bought, to close or to open.
    pub premium_paid: f64,
    /// Options assigned or exercised into shares: market price against strike at that moment.
    pub assignment: f64,
    /// Options settled in cash at their intrinsic value.
    pub cash_settlement: f64,
    /// Change of the intrinsic value of open options: at the end less at the start.
    pub open_intrinsic: f64,
    /// Change of the time value of open options, mark less intrinsic value: at the end less at the start.
    pub open_time_value: f64,
    /// Shares, from the market price at which they came.
    pub shares: f64,
    /// Options that changed accounts, at market price; cancels in total.
    pub transfers: f64,
    /// Dividends.
    pub dividends: f64,
    /// Interest.
    pub interest: f64,
    /// Fees, as a negative number.
    pub fees: f64,
}

impl IncomeParts {
    /// The parts with their names, in the order in which they are added.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, f64); 11] {
        [
            ("premium_received", self.premium_received),
            ("premium_paid", self.premium_paid),
            ("assignment", self.assignment),
            ("cash_settlement", self.cash_settlement),
            ("open_intrinsic", self.open_intrinsic),
            ("open_time_value", self.open_time_value),
            ("shares", self.shares),
            ("transfers", self.transfers),
            ("dividends", self.dividends),
            ("interest", self.interest),
            ("fees", self.fees),
        ]
    }

    /// The sum of the parts: the mark-to-market P&L.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.parts().iter().map(|(_, amount)| amount).sum()
    }

    /// Premium received less premium paid less fees: what is left when the rest is not looked at.
    #[must_use]
    pub fn premium_only(&self) -> f64 {
        self.premium_received + self.premium_paid + self.fees
    }
}

impl AddAssign for IncomeParts {
    fn add_assign(&mut self, other: Self) {
        self.premium_received += other.premium_received;
        self.premium_paid += other.premium_paid;
        self.assignment += other.assignment;
        self.cash_settlement += other.cash_settlement;
        self.open_intrinsic += other.open_intrinsic;
        self.open_time_value += other.open_time_value;
        self.shares += other.shares;
        self.transfers += other.transfers;
        self.dividends += other.dividends;
        self.interest += other.interest;
        self.fees += other.fees;
    }
}
