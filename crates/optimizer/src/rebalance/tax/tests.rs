use super::*;
use crate::rebalance::{AssetCosts, Holdings, Instrument, Planner, TradingCosts};
use crate::{Error, Result};
use jiff::civil::{Date, date};
use proptest::prelude::*;

fn trade(date: Date, asset: &str, units: f64, price: f64) -> TaxTrade {
    TaxTrade::new(date, asset, units, price).unwrap()
}

fn replay(trades: &[TaxTrade]) -> Result<TaxReport> {
    WashSaleRule::new(LotChoice::Fifo).replay(trades)
}

fn lots_of<'a>(report: &'a TaxReport, asset: &str) -> &'a [TaxLot] {
    report.lots.iter().find(|(name, _)| name.as_str() == asset).map(|it| it.1.lots()).unwrap()
}

fn lots() -> TaxLots {
    TaxLots::new(vec![
        TaxLot::new(date(2024, 2, 1), 10.0, 130.0).unwrap(),
        TaxLot::new(date(2022, 2, 1), 10.0, 100.0).unwrap(),
        TaxLot::new(date(2023, 2, 1), 10.0, 140.0).unwrap(),
        TaxLot::new(date(2024, 3, 1), 10.0, 90.0).unwrap(),
    ])
}

fn basis_sold(choice: LotChoice, units: f64) -> Result<f64> {
    let sale = lots().sell(date(2024, 6, 3), units, 120.0, &choice, LongTermRule::default())?;
    Ok(sale.realized.iter().map(|it| it.lot.basis()).sum())
}

#[test]
fn each_choice_takes_its_lots() -> Result<()> {
    assert_eq!(basis_sold(LotChoice::Fifo, 15.0)?, 1_000.0 + 700.0);
    assert_eq!(basis_sold(LotChoice::Lifo, 15.0)?, 900.0 + 650.0);
    assert_eq!(basis_sold(LotChoice::HighestCost, 15.0)?, 1_400.0 + 650.0);
    assert_eq!(basis_sold(LotChoice::LowestCost, 15.0)?, 900.0 + 500.0);
    let named = vec![SpecificLot { lot: 1, units: 5.0 }, SpecificLot { lot: 3, units: 10.0 }];
    assert_eq!(basis_sold(LotChoice::Specific(named), 15.0)?, 700.0 + 900.0);
    // At 40 % and 20 % a unit is taxed 4 (long gain of 20), −4 (long loss of 20), −4 (short loss of 10) and 12.
    let rates = TaxRates::new(0.4, 0.2)?;
    assert_eq!(basis_sold(LotChoice::MinimumTax(rates), 20.0)?, 1_400.0 + 1_300.0);
    assert_eq!(basis_sold(LotChoice::MinimumTax(rates), 30.0)?, 1_400.0 + 1_300.0 + 1_000.0);
    Ok(())
}

#[test]
fn part_of_a_lot_leaves_the_rest_as_it_was() -> Result<()> {
    let sale = lots().sell(date(2024, 6, 3), 12.5, 120.0, &LotChoice::Fifo, LongTermRule::default())?;
    assert_eq!((sale.short_term, sale.long_term), (0.0, 200.0 - 50.0));
    assert_eq!(sale.remaining.lots()[0], TaxLot::new(date(2023, 2, 1), 7.5, 140.0)?);
    assert_eq!(sale.remaining.lots()[1..], lots().lots()[2..]);
    // All of it, though a tenth added ten times is not one.
    let tenths = TaxLots::new((0..10).map(|_| TaxLot::new(date(2024, 1, 2), 0.1, 1.0).unwrap()).collect());
    assert_eq!(
        tenths.sell(date(2024, 1, 2), 1.0, 1.0, &LotChoice::Fifo, LongTermRule::default())?.remaining.units(),
        0.0
    );
    Ok(())
}

/// Publication 550, "Long-term or short-term": bought on 6 February, a gain on 6 February of the next year is short-term
/// and one on 7 February is long-term. The years of its examples change with the edition.
#[test]
fn a_year_is_long_from_the_day_after_the_anniversary() {
    let term = |sold| LongTermRule::MoreThanOneYear.term(date(2023, 2, 6), sold);
    assert_eq!((term(date(2024, 2, 6)), term(date(2024, 2, 7))), (Term::Short, Term::Long));
    // A leap day in between: 366 days.
    let since = date(2023, 3, 1);
    assert_eq!(LongTermRule::MoreThanOneYear.term(since, date(2024, 3, 1)), Term::Short);
    assert_eq!(LongTermRule::MoreThanDays(365).term(since, date(2024, 3, 1)), Term::Long);
    assert_eq!(LongTermRule::MoreThanDays(365).term(since, date(2024, 2, 29)), Term::Short);
}

/// Publication 550, "More or less stock bought than sold", example 1: 100 shares bought in September for $5,000, 50 on
/// 21 December for $2,750, 25 on 28 December for $1,125; the first 100 sold on 4 January for $4,000.
#[test]
fn publication_550_less_bought_than_sold() -> Result<()> {
    let report = replay(&[
        trade(date(2023, 9, 24), "M", 100.0, 50.0),
        trade(date(2023, 12, 21), "M", 50.0, 55.0),
        trade(date(2023, 12, 28), "M", 25.0, 45.0),
        trade(date(2024, 1, 4), "M", -100.0, 40.0),
    ])?;
    assert_eq!(report.disallowed(Term::Short), 750.0);
    assert_eq!(report.recognized(Term::Short), -250.0);
    let lots = lots_of(&report, "M");
    assert_eq!((lots[0].basis(), lots[1].basis()), (3_250.0, 1_375.0));
    // September 24 to January 4 are 102 days.
    assert_eq!(lots[0].held_since(), date(2023, 9, 10));
    Ok(())
}

/// The same, example 2: sold on 30 January at a loss of $1,000, 50 bought on each of four days from 13 February.
#[test]
fn publication_550_more_bought_than_sold() -> Result<()> {
    let mut trades = vec![trade(date(2023, 9, 24), "M", 100.0, 50.0), trade(date(2024, 1, 30), "M", -100.0, 40.0)];
    trades.extend((13..17).map(|day| trade(date(2024, 2, day), "M", 50.0, 42.0)));
    let report = replay(&trades)?;
    assert_eq!(report.recognized(Term::Short), 0.0);
    let added: Vec<_> = lots_of(&report, "M").iter().map(|lot| lot.basis() - 2_100.0).collect();
    assert_eq!(added, [500.0, 500.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn the_window_ends_after_thirty_days() -> Result<()> {
    let disallowed = |bought| -> Result<f64> {
        let mut trades = vec![trade(date(2024, 1, 2), "X", 10.0, 10.0), trade(date(2024, 5, 1), "X", -10.0, 9.0)];
        trades.push(trade(bought, "X", 10.0, 9.0));
        trades.sort_by_key(|it| it.date);
        Ok(replay(&trades)?.disallowed(Term::Short))
    };
    assert_eq!((disallowed(date(2024, 5, 31))?, disallowed(date(2024, 6, 1))?), (10.0, 0.0));
    assert_eq!((disallowed(date(2024, 4, 1))?, disallowed(date(2024, 3, 31))?), (10.0, 0.0));
    Ok(())
}

#[test]
fn part_of_one_purchase_replaces_nothing() -> Result<()> {
    let report = replay(&[trade(date(2024, 5, 1), "X", 100.0, 10.0), trade(date(2024, 5, 9), "X", -40.0, 8.0)])?;
    assert!(report.wash_sales.is_empty());
    assert_eq!(report.recognized(Term::Short), -80.0);
    Ok(())
}

#[test]
fn a_call_replaces_the_shares_it_stands_for() -> Result<()> {
    let trades = [
        trade(date(2024, 1, 2), "X", 250.0, 10.0),
        trade(date(2024, 5, 1), "X", -250.0, 9.0),
        trade(date(2024, 5, 6), "X call", 2.0, 60.0),
    ];
    assert!(replay(&trades)?.wash_sales.is_empty());
    let rule = WashSaleRule::new(LotChoice::Fifo).with_identical("X call", "X", 100.0)?;
    let report = rule.replay(&trades)?;
    assert_eq!((report.disallowed(Term::Short), report.recognized(Term::Short)), (200.0, -50.0));
    assert_eq!(lots_of(&report, "X call")[0].unit_cost(), 160.0);
    assert_eq!(report.wash_sales[0].replacement.units, 2.0);
    Ok(())
}

#[test]
fn a_moved_loss_counts_when_the_replacement_is_sold() -> Result<()> {
    let mut trades = vec![
        trade(date(2023, 1, 3), "X", 100.0, 10.0),
        trade(date(2024, 6, 3), "X", -100.0, 7.5),
        trade(date(2024, 6, 20), "X", 100.0, 8.0),
        trade(date(2024, 8, 1), "X", -100.0, 8.0),
    ];
    let report = replay(&trades)?;
    // The holding period is taken over too: the second loss is long-term after six weeks.
    assert_eq!((report.recognized(Term::Long), report.recognized(Term::Short)), (-250.0, 0.0));
    // Selling it at a loss and buying again moves the loss on.
    trades.push(trade(date(2024, 8, 2), "X", 100.0, 8.0));
    let report = replay(&trades)?;
    assert_eq!(report.recognized(Term::Long), 0.0);
    assert_eq!(lots_of(&report, "X")[0].basis(), 1_050.0);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<TaxReport>(&text).unwrap(), report);
    Ok(())
}

#[test]
fn a_plan_shows_its_wash_sale_beforehand() -> Result<()> {
    let history = [trade(date(2024, 1, 2), "X", 100.0, 50.0), trade(date(2024, 5, 20), "X", 10.0, 45.0)];
    let holdings = Holdings::new(0.0)?.with(Instrument::new("X", 40.0)?, 110.0)?;
    let costs = TradingCosts::new(AssetCosts::default().with_per_order(8.0)?);
    let plan = Planner::new(costs).plan(&holdings, &alluse_risk_core::Weights::new(vec![0.6])?)?;
    // To 66 shares or, after the fee, 65.9: sells 44 at 40 less 8 in all.
    let planned = TaxTrade::of_plan(&plan, date(2024, 6, 3));
    assert_eq!((planned[0].units, planned[0].unit_price), (-44.0, (44.0 * 40.0 - 8.0) / 44.0));
    let report = replay(&[&history[..], &planned].concat())?;
    assert!((report.realized(Term::Short) - (44.0 * 40.0 - 8.0 - 44.0 * 50.0)).abs() < 1e-9);
    // Ten of the 44 are replaced by those of May.
    assert!((report.disallowed(Term::Short) - 448.0 * 10.0 / 44.0).abs() < 1e-9);
    Ok(())
}

#[test]
fn bad_input_is_refused() -> Result<()> {
    let day = date(2024, 6, 3);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(TaxLot::new(day, bad, 1.0).is_err());
        assert!(lots().sell(day, bad, 1.0, &LotChoice::Fifo, LongTermRule::default()).is_err());
        assert!(WashSaleRule::new(LotChoice::Fifo).with_identical("C", "X", bad).is_err());
    }
    assert!(TaxLot::new(day, 1.0, -1.0).is_err());
    assert!(TaxLot::new(day, 1.0, 1.0)?.with_held_since(date(2024, 6, 4)).is_err());
    assert!(TaxRates::new(1.1, 0.2).is_err() && TaxRates::new(0.4, f64::NAN).is_err());
    assert!(matches!(basis_sold(LotChoice::Fifo, 41.0), Err(Error::Invalid { .. })));
    // On 1 February 2023 two of the lots are not there.
    assert!(lots().sell(date(2023, 2, 1), 21.0, 1.0, &LotChoice::Fifo, LongTermRule::default()).is_err());
    for (lot, units) in [(4, 1.0), (0, 11.0), (0, 5.0), (0, -1.0)] {
        let named = vec![SpecificLot { lot, units }];
        assert!(basis_sold(LotChoice::Specific(named), 10.0).is_err());
    }
    let twice = vec![SpecificLot { lot: 0, units: 5.0 }; 2];
    assert!(basis_sold(LotChoice::Specific(twice), 10.0).is_err());

    let buy = trade(day, "X", 1.0, 1.0);
    assert!(replay(&[trade(day, "X", -1.0, 1.0)]).is_err());
    assert!(replay(&[buy.clone(), trade(date(2024, 6, 2), "X", 1.0, 1.0)]).is_err());
    assert!(replay(&[trade(day, "X", 0.0, 1.0)]).is_err());
    assert!(replay(&[trade(day, "X", 1.0, f64::NAN)]).is_err());
    assert!(replay(&[trade(day, "X", 1.0, -1.0)]).is_err());
    let rule = || WashSaleRule::new(LotChoice::Fifo);
    assert!(rule().with_identical("X", "X", 1.0).is_err());
    assert!(rule().with_identical("C", "X", 1.0)?.with_identical("X", "Y", 1.0).is_err());
    assert!(rule().with_identical("C", "X", 1.0)?.with_identical("C", "Y", 1.0).is_err());
    assert!(matches!(
        WashSaleRule::new(LotChoice::Specific(Vec::new())).replay(&[buy]),
        Err(Error::Unsupported { .. })
    ));
    assert!(serde_json::from_str::<TaxLot>(r#"{"opened": "2024-01-02", "units": -1.0, "unit_cost": 1.0}"#).is_err());
    Ok(())
}

fn moves() -> impl Strategy<Value = Vec<(u8, bool, u32, u32)>> {
    prop::collection::vec((0..25_u8, prop::bool::ANY, 1..50_u32, 50..150_u32), 1..25)
}

proptest! {
    /// Nothing is lost: what was paid less what was received is the basis left less the gains that count, and units
    /// add up. Whole numbers are exact but for the spreading of a loss over units.
    #[test]
    fn every_cent_is_accounted_for(moves in moves(), choice in prop::sample::select(vec![
        LotChoice::Fifo, LotChoice::Lifo, LotChoice::HighestCost, LotChoice::LowestCost,
    ])) {
        let (mut today, mut held, mut paid) = (date(2023, 1, 2), 0_i64, 0_i64);
        let mut trades = Vec::new();
        for (days, buys, units, price) in moves {
            today = today.saturating_add(jiff::Span::new().days(days));
            let units = if buys { i64::from(units) } else { -i64::from(units).min(held) };
            if units != 0 {
                trades.push(trade(today, "X", units as f64, f64::from(price)));
                held += units;
                paid += units * i64::from(price);
            }
        }
        prop_assume!(!trades.is_empty());
        let report = WashSaleRule::new(choice).replay(&trades).unwrap();
        let (mut basis, mut units) = (0.0, 0.0);
        for lots in report.lots.values() {
            basis += lots.basis();
            units += lots.units();
        }
        let recognized = report.recognized(Term::Short) + report.recognized(Term::Long);
        prop_assert!((basis - recognized - paid as f64).abs() < 1e-7);
        prop_assert!((units - held as f64).abs() < 1e-9);
        for it in &report.wash_sales {
            prop_assert!(it.disallowed > 0.0 && it.replacement.trade != it.sale);
            let apart = trades[it.replacement.trade].date.since(trades[it.sale].date).unwrap().get_days();
            prop_assert!((-30..=30).contains(&apart));
        }
    }
}
