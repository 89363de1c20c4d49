//! Riskless profits in raw quotes, at the bid and the ask.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hull::{lower_hull, on_hull};
use crate::pricing::OptionKind;
use crate::{Error, Result};

/// The rule that quotes break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuoteArbitrage {
    /// An option is worth at least its discounted intrinsic value on the forward, and less than what it may deliver.
    Bounds,
    /// A spread of two strikes is worth between nothing and its largest payoff.
    Vertical,
    /// A butterfly of three strikes is worth at least nothing.
    Butterfly,
    /// At one moneyness the later option is worth no less.
    Calendar,
}

impl fmt::Display for QuoteArbitrage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bounds => "bounds",
            Self::Vertical => "vertical",
            Self::Butterfly => "butterfly",
            Self::Calendar => "calendar",
        })
    }
}

/// One quote, in units in which prices fall and are convex along `x`.
#[derive(Debug, Clone)]
pub(super) struct Rung {
    pub(super) x: f64,
    pub(super) bid: f64,
    pub(super) ask: f64,
    pub(super) contract: String,
}

/// Quotes of one kind and expiry, sorted so that prices should fall: calls by strike, puts by minus strike.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    rungs: Vec<Rung>,
}

impl Ladder {
    pub(super) fn new(kind: OptionKind, rungs: impl Iterator<Item = Rung>) -> Self {
        let mut rungs: Vec<Rung> = rungs.map(|rung| Rung { x: kind.sign() * rung.x, ..rung }).collect();
        rungs.sort_by(|a, b| a.x.total_cmp(&b.x));
        Self { rungs }
    }

    /// Vertical and butterfly arbitrage. `rounding` is what prices may be off by; `slack` also covers how well the
    /// discount factor is known.
    pub(super) fn check(&self, discount_factor: f64, rounding: f64, slack: f64) -> Result<()> {
        let rungs = &self.rungs;
        let (mut cheapest, mut dearest) = (0, 0);
        let floor = |rung: &Rung| rung.bid + discount_factor * rung.x;
        for (index, rung) in rungs.iter().enumerate().skip(1) {
            if rungs[index - 1].ask < rungs[cheapest].ask {
                cheapest = index - 1;
            }
            if floor(&rungs[index - 1]) > floor(&rungs[dearest]) {
                dearest = index - 1;
            }
            let credit = rung.bid - rungs[cheapest].ask;
            if credit > rounding {
                return found(QuoteArbitrage::Vertical, &[&rungs[cheapest], rung], credit);
            }
            let excess = floor(&rungs[dearest]) - rung.ask - discount_factor * rung.x;
            if excess > slack {
                return found(QuoteArbitrage::Vertical, &[&rungs[dearest], rung], excess);
            }
        }
        let (x, asks) = self.asks();
        let hull = lower_hull(&x, &asks);
        for rung in rungs {
            if let Some((line, low, high)) = on_hull(&hull, &x, &asks, rung.x)
                && rung.bid - line > rounding
            {
                return found(QuoteArbitrage::Butterfly, &[&rungs[low], rung, &rungs[high]], rung.bid - line);
            }
        }
        Ok(())
    }

    /// Calendar arbitrage against a later ladder, both calls on a forward of 1; `unit` turns their prices into money.
    pub(super) fn check_calendar(&self, later: &Self, slack: f64, unit: f64) -> Result<()> {
        let (x, asks) = later.asks();
        let hull = lower_hull(&x, &asks);
        for rung in &self.rungs {
            if let Some((line, low, high)) = on_hull(&hull, &x, &asks, rung.x)
                && rung.bid - line > slack
            {
                let mut contracts = vec![rung, &later.rungs[low]];
                if high != low {
                    contracts.push(&later.rungs[high]);
                }
                return found(QuoteArbitrage::Calendar, &contracts, (rung.bid - line) * unit);
            }
        }
        Ok(())
    }

    fn asks(&self) -> (Vec<f64>, Vec<f64>) {
        self.rungs.iter().map(|rung| (rung.x, rung.ask)).unzip()
    }
}

/// The bounds of a single price.
pub(super) fn check_bounds(rung: &Rung, lowest: f64, highest: f64, slack: f64) -> Result<()> {
    let amount = (lowest - rung.ask).max(rung.bid - highest);
    if amount > slack { found(QuoteArbitrage::Bounds, &[rung], amount) } else { Ok(()) }
}

fn found(rule: QuoteArbitrage, rungs: &[&Rung], amount: f64) -> Result<()> {
    let contracts = rungs.iter().map(|rung| rung.contract.clone()).collect();
    Err(Error::ArbitrageInQuotes { rule, contracts, amount })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(kind: OptionKind, quotes: &[(f64, f64, f64)]) -> Ladder {
        let rung = |(x, bid, ask): &(f64, f64, f64)| Rung { x: *x, bid: *bid, ask: *ask, contract: x.to_string() };
        Ladder::new(kind, quotes.iter().map(rung))
    }

    fn broken(kind: OptionKind, quotes: &[(f64, f64, f64)]) -> (QuoteArbitrage, Vec<String>, f64) {
        match ladder(kind, quotes).check(0.9, 1e-9, 1e-9).unwrap_err() {
            Error::ArbitrageInQuotes { rule, contracts, amount } => (rule, contracts, amount),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn calls_fall_with_the_strike_and_puts_rise() {
        let prices = [(90.0, 11.0, 11.5), (100.0, 4.0, 4.5), (110.0, 1.0, 1.5)];
        assert!(ladder(OptionKind::Call, &prices).check(0.9, 1e-9, 1e-9).is_ok());
        let (rule, contracts, amount) = broken(OptionKind::Put, &prices);
        // Buy the put at 110 for 1.5, sell the one at 100 for 4.
        assert_eq!((rule, contracts), (QuoteArbitrage::Vertical, vec!["110".to_owned(), "100".to_owned()]));
        assert!((amount - 2.5).abs() < 1e-12, "{amount}");
    }

    #[test]
    fn a_spread_for_nothing_is_found_across_others() {
        let quotes = [(90.0, 1.0, 2.0), (100.0, 1.5, 9.0), (110.0, 2.5, 9.0)];
        let (rule, contracts, amount) = broken(OptionKind::Call, &quotes);
        assert_eq!((rule, contracts), (QuoteArbitrage::Vertical, vec!["90".to_owned(), "110".to_owned()]));
        assert!((amount - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_spread_above_its_payoff_is_found() {
        // 9.5 − 0.4 is 0.1 more than 0.9 · 10.
        let (rule, contracts, amount) = broken(OptionKind::Call, &[(90.0, 9.5, 9.6), (100.0, 0.3, 0.4)]);
        assert_eq!((rule, contracts), (QuoteArbitrage::Vertical, vec!["90".to_owned(), "100".to_owned()]));
        assert!((amount - 0.1).abs() < 1e-12);
        let (_, contracts, amount) = broken(OptionKind::Put, &[(90.0, 0.3, 0.4), (100.0, 9.5, 9.6)]);
        assert_eq!(contracts, ["100", "90"]);
        assert!((amount - 0.1).abs() < 1e-12);
        assert!(ladder(OptionKind::Call, &[(90.0, 9.5, 9.6), (100.0, 0.3, 0.4)]).check(0.9, 1e-9, 0.11).is_ok());
    }

    #[test]
    fn a_butterfly_below_nothing_is_found_with_wings_apart() {
        let quotes = [(80.0, 9.0, 10.0), (90.0, 5.0, 9.0), (100.0, 5.5, 6.5), (110.0, 1.0, 9.0), (120.0, 0.5, 0.6)];
        // (10 + 0.6)/2 = 5.3 buys the wings, the middle sells for 5.5.
        let (rule, contracts, amount) = broken(OptionKind::Call, &quotes);
        assert_eq!((rule, contracts), (QuoteArbitrage::Butterfly, vec!["80".into(), "100".into(), "120".into()]));
        assert!((amount - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_later_option_must_not_be_cheaper() {
        let near = ladder(OptionKind::Call, &[(1.0, 0.06, 0.07)]);
        let far = ladder(OptionKind::Call, &[(0.9, 0.11, 0.12), (1.1, 0.01, 0.02)]);
        // Half the sum of the later asks is 0.07.
        assert!(near.check_calendar(&far, 1e-12, 100.0).is_ok());
        let dear = ladder(OptionKind::Call, &[(1.0, 0.08, 0.09)]);
        match dear.check_calendar(&far, 1e-12, 100.0).unwrap_err() {
            Error::ArbitrageInQuotes { rule: QuoteArbitrage::Calendar, contracts, amount } => {
                assert_eq!(contracts, ["1", "0.9", "1.1"]);
                assert!((amount - 1.0).abs() < 1e-12);
            }
            other => panic!("{other:?}"),
        }
        let outside = ladder(OptionKind::Call, &[(1.2, 0.5, 0.6)]);
        assert!(outside.check_calendar(&far, 1e-12, 100.0).is_ok());
    }

    #[test]
    fn bounds_hold_on_both_sides() {
        let rung = Rung { x: 90.0, bid: 9.0, ask: 9.5, contract: "c".to_owned() };
        assert!(check_bounds(&rung, 9.5, 9.0, 0.0).is_ok());
        for (lowest, highest) in [(9.6, 100.0), (0.0, 8.9)] {
            match check_bounds(&rung, lowest, highest, 1e-9).unwrap_err() {
                Error::ArbitrageInQuotes { rule: QuoteArbitrage::Bounds, amount, .. } => {
                    assert!((amount - 0.1).abs() < 1e-12);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(QuoteArbitrage::Butterfly.to_string(), "butterfly");
    }
}
