use std::collections::BTreeSet;
use std::path::Path;

use alluse_risk_core::{ErrorKind, Frequency};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use ndarray::Array1;
use proptest::prelude::*;
use testkit::{close, data_file};

use super::*;
use crate::benchmark::{Alignment, GapPolicy, MeanReturn, PeriodEnd, align, resample};
use crate::{Result, ReturnKind, RiskFree};

fn monthly(name: &str, returns: &[f64]) -> ReturnSeries {
    let dates = (0..returns.len()).map(|m| date(2023, 1, 31).checked_add((m as i64).months()).unwrap()).collect();
    ReturnSeries::new(name, dates, returns.to_vec(), Frequency::Monthly, ReturnKind::Total).unwrap()
}

fn growth(series: &ReturnSeries) -> f64 {
    series.returns().iter().map(|r| 1.0 + r).product()
}

#[test]
fn a_blend_rebalanced_every_period_is_the_weighted_return() {
    let (stocks, bonds) = (monthly("s", &[0.10, -0.05, 0.02]), monthly("b", &[0.01, 0.02, -0.01]));
    let blend = Blend::new("60/40").with(&stocks, 0.6).with(&bonds, 0.4).build().unwrap();
    for (got, want) in blend.series.returns().iter().zip([0.064, -0.022, 0.008]) {
        close(*got, want, 1e-15);
    }
    assert!(blend.rolls.is_empty() && !blend.assumptions.assumed.is_empty());
}

#[test]
fn quarterly_rebalancing_drifts_inside_the_quarter() {
    let (stocks, bonds) = (monthly("s", &[0.10, 0.10, 0.10, 0.10]), monthly("b", &[0.0; 4]));
    let blend = Blend::new("half").with(&stocks, 0.5).with(&bonds, 0.5);
    let quarterly = blend.clone().rebalanced(Rebalancing::Calendar(PeriodEnd::QuarterEnd)).build().unwrap();
    // January to March drift to (1.331 + 1)/2, then April starts again from half and half.
    close(growth(&quarterly.series), 1.1655 * 1.05, 1e-14);
    let march: BTreeSet<Date> = [date(2023, 3, 31)].into();
    let on = blend.clone().rebalanced(Rebalancing::On(march)).build().unwrap();
    assert_eq!(on.series.returns(), quarterly.series.returns());
    let never = blend.clone().rebalanced(Rebalancing::Never).build().unwrap();
    close(growth(&never.series), (1.1_f64.powi(4) + 1.0) / 2.0, 1e-14);
    let elsewhere: BTreeSet<Date> = [date(2023, 3, 30)].into();
    let error = blend.rebalanced(Rebalancing::On(elsewhere)).build().unwrap_err().to_string();
    assert!(error.contains("2023-03-30 is not a date of the series"), "{error}");
}

#[test]
fn bad_blends_are_named() {
    let (one, other) = (monthly("one", &[0.1, 0.2]), monthly("other", &[0.1]));
    let say = |blend: Blend<'_>| blend.build().unwrap_err().to_string();
    assert!(say(Blend::new("x")).contains("is empty"));
    assert!(say(Blend::new("x").with(&one, 0.6).with(&one, 0.3)).contains("they sum to 0.8999999"));
    assert!(say(Blend::new("x").with(&one, f64::NAN)).contains("weights of the blend[0]"));
    assert!(
        say(Blend::new("x").with(&one, 0.5).with(&other, 0.5)).contains("the dates of \"one\" and \"other\" differ")
    );
    // Three times a loss of half leaves less than nothing.
    let crash = monthly("crash", &[-0.5, 0.1]);
    let levered = Blend::new("x").with(&crash, 3.0).with(&one, -2.0).rebalanced(Rebalancing::Never);
    assert_eq!(levered.build().unwrap_err().kind(), ErrorKind::Undefined);
}

/// Weekdays from a Monday on, with a level that moves by these returns.
fn path(returns: &[f64]) -> (Vec<Date>, Array1<f64>) {
    let mut day = date(2023, 1, 2);
    let (mut dates, mut levels) = (vec![day], vec![4000.0]);
    for change in returns {
        day = day.checked_add(if day.weekday() == Weekday::Friday { 3 } else { 1 }.days()).unwrap();
        dates.push(day);
        levels.push(levels[levels.len() - 1] * (1.0 + change));
    }
    (dates, Array1::from(levels))
}

/// An index with constant volatility, rate and dividend yield.
fn built(
    returns: &[f64],
    rate: f64,
    dividend_yield: f64,
    rules: &OptionWriting,
    build: fn(String, &OptionMarket<'_>, &OptionWriting) -> Result<BuiltBenchmark>,
) -> Result<BuiltBenchmark> {
    let (dates, spot) = path(returns);
    let fill = |value: f64| Array1::from_elem(dates.len(), value);
    let (volatility, rate, dividends) = (fill(0.2), fill(rate), fill(dividend_yield));
    let market = OptionMarket::new(&dates, spot.view(), volatility.view(), rate.view(), dividends.view())?;
    build("written".to_owned(), &market, rules)
}

fn puts(name: String, market: &OptionMarket<'_>, rules: &OptionWriting) -> Result<BuiltBenchmark> {
    put_write(name, market, rules)
}

fn calls(name: String, market: &OptionMarket<'_>, rules: &OptionWriting) -> Result<BuiltBenchmark> {
    buy_write(name, market, rules)
}

#[test]
fn a_flat_market_pays_interest_and_premium() {
    let flat = vec![0.0; 60];
    let built = built(&flat, 0.03, 0.0, &OptionWriting::default(), puts).unwrap();
    // Third Fridays of January, February and March 2023; the last option is still open on 27 March.
    let days: Vec<Date> = built.rolls.iter().map(|roll| roll.date).collect();
    assert_eq!(days, [date(2023, 1, 20), date(2023, 2, 17), date(2023, 3, 17)]);
    assert_eq!(built.rolls[2].expiry, date(2023, 4, 21));
    assert_eq!((built.rolls[0].payoff, built.rolls[2].payoff), (Some(0.0), None));
    assert_eq!(built.series.start(), Some(date(2023, 1, 20)));
    // scipy 1.17: 4000 (e^{-rT} Φ(−d₂) − Φ(−d₁)) with T = 28/365, sigma = 0.2, r = 0.03.
    close(built.rolls[0].premium, 83.761_829_785_474_9, 1e-9);
    // Over the month: N = 1/(K e^{-rT} - P) puts whose bills have grown to N K, all of it kept.
    let month: f64 = built
        .series
        .dates()
        .iter()
        .zip(built.series.returns())
        .filter(|(day, _)| **day <= date(2023, 2, 17))
        .map(|(_, r)| 1.0 + r)
        .product();
    close(month, 4000.0 / (4000.0 * (-0.03 * 28.0 / 365.0_f64).exp() - built.rolls[0].premium), 1e-12);
}

#[test]
fn a_fall_is_paid_by_the_put_and_a_rise_given_away_by_the_call() {
    // From 20 January (14 days on) one day down 10 %, or up 10 %, and flat until 17 February.
    let shock = |size: f64| {
        let mut returns = vec![0.0; 34];
        returns[20] = size;
        returns
    };
    let rules = OptionWriting::default();
    let down = built(&shock(-0.1), 0.0, 0.0, &rules, puts).unwrap();
    let premium = down.rolls[0].premium;
    close(down.rolls[0].payoff.unwrap(), 400.0, 1e-12);
    close(growth(&down.series), (4000.0 - 400.0) / (4000.0 - premium), 1e-12);
    // Without rates a put with cash and a call with the index are the same, by parity.
    let up = built(&shock(0.1), 0.0, 0.0, &rules, calls).unwrap();
    close(up.rolls[0].premium, premium, 1e-9);
    close(growth(&up.series), 4000.0 / (4000.0 - premium), 1e-12);
    // A call with dividends reinvested: the index is worth more by them.
    let paying = built(&vec![0.0; 34], 0.0, 0.02, &rules, calls).unwrap();
    assert!(growth(&paying.series) > 4000.0 / (4000.0 - paying.rolls[0].premium));
}

#[test]
fn costs_strikes_and_quotes_do_what_they_say() {
    let flat = vec![0.0; 34];
    let run = |rules: &OptionWriting| built(&flat, 0.0, 0.0, rules, puts).unwrap();
    let plain = run(&OptionWriting::default());
    let premium = plain.rolls[0].premium;
    let costly = run(&OptionWriting::default().with_cost(WritingCost::OfPremium(0.1)));
    // The second sale, on the last day, costs too.
    let sale = 4000.0 - 0.9 * premium;
    assert!(growth(&costly.series) < 4000.0 / sale && growth(&costly.series) > 0.99 * 4000.0 / sale);
    let lower = run(&OptionWriting::default().with_strike(StrikeRule::Moneyness(0.95)).with_strike_step(25.0));
    assert_eq!(lower.rolls[0].strike, 3800.0);
    let listed = run(&OptionWriting::default().with_strike_step(300.0));
    assert_eq!(listed.rolls[0].strike, 3900.0); // the first not above 4000
    let call = built(&flat, 0.0, 0.0, &OptionWriting::default().with_strike_step(300.0), calls).unwrap();
    assert_eq!(call.rolls[0].strike, 4200.0);
    let delta = run(&OptionWriting::default().with_strike(StrikeRule::Delta(0.3)));
    assert!(delta.rolls[0].strike < 4000.0 && delta.rolls[0].premium < premium);
    let quote = QuotedPremium { date: date(2023, 1, 20), strike: 3950.0, premium: 70.0 };
    let quoted = run(&OptionWriting::default().with_quotes(vec![quote]));
    assert_eq!((quoted.rolls[0].strike, quoted.rolls[0].source), (3950.0, PremiumSource::Quoted));
    close(growth(&quoted.series), 3950.0 / (3950.0 - 70.0), 1e-12);
    assert!(quoted.assumptions.assumed.iter().any(|a| a.statement.contains("1 of 2 are quotes")));
    let weekly = run(&OptionWriting::default().with_tenor(Tenor::Weekly));
    assert!(weekly.rolls.iter().all(|roll| roll.date.weekday() == Weekday::Friday));
    assert_eq!(weekly.rolls.len(), 7);
}

#[test]
fn a_holiday_moves_the_expiry_and_a_hole_is_refused() {
    let (dates, spot) = path(&[0.0; 40]);
    let run = |closed: fn(Date) -> bool, rules: &OptionWriting| {
        let (dates, spot): (Vec<Date>, Vec<f64>) =
            dates.iter().copied().zip(spot.iter().copied()).filter(|(day, _)| !closed(*day)).unzip();
        let n = dates.len();
        let (spot, volatility, nothing) = (Array1::from(spot), Array1::from_elem(n, 0.2), Array1::zeros(n));
        let market = OptionMarket::new(&dates, spot.view(), volatility.view(), nothing.view(), nothing.view()).unwrap();
        put_write("p", &market, rules)
    };
    let third_friday = |day: Date| day == date(2023, 1, 20);
    let monthly = OptionWriting::default();
    assert_eq!(run(third_friday, &monthly).unwrap().rolls[0].date, date(2023, 1, 19));
    let two_weeks = |day: Date| day >= date(2023, 2, 6) && day <= date(2023, 2, 17);
    let error = run(two_weeks, &monthly).unwrap_err().to_string();
    assert!(error.contains("no observation from 2023-02-03 to the expiry on 2023-02-17"), "{error}");
}

#[test]
fn hostile_markets_and_rules_are_named() {
    let (dates, spot) = path(&[0.0; 3]);
    let ones = Array1::from_elem(4, 0.2);
    let mut bad = ones.clone();
    bad[2] = 0.0;
    let error = OptionMarket::new(&dates, spot.view(), bad.view(), ones.view(), ones.view()).unwrap_err().to_string();
    assert_eq!(error, "volatility[2] must be positive and finite, got 0");
    let repeated = [dates[0], dates[0], dates[1], dates[2]];
    assert!(OptionMarket::new(&repeated, spot.view(), ones.view(), ones.view(), ones.view()).is_err());
    let rules = OptionWriting::default();
    assert!(
        built(&[0.0; 5], 0.0, 0.0, &rules, puts).unwrap_err().to_string().contains("no day after the first expiry")
    );
    for rules in [
        OptionWriting::default().with_strike(StrikeRule::Delta(30.0)),
        OptionWriting::default().with_strike(StrikeRule::Moneyness(0.0)),
        OptionWriting::default().with_strike_step(-5.0),
        OptionWriting::default().with_cost(WritingCost::OfSpot(f64::NAN)),
        OptionWriting::default().with_volatility_scale(0.0),
        OptionWriting::default().with_quotes(vec![QuotedPremium {
            date: date(2023, 1, 18),
            strike: 4000.0,
            premium: 80.0,
        }]),
        OptionWriting::default().with_strike_step(9000.0),
    ] {
        assert!(built(&[0.0; 34], 0.0, 0.0, &rules, puts).is_err(), "{rules:?}");
    }
}

proptest! {
    #[test]
    fn without_rates_puts_and_calls_are_one(returns in prop::collection::vec(-0.03_f64..0.03, 40..80)) {
        // Put-call parity: cash less a put is the index less a call, at every close.
        let rules = OptionWriting::default();
        let put = built(&returns, 0.0, 0.0, &rules, puts).unwrap();
        let call = built(&returns, 0.0, 0.0, &rules, calls).unwrap();
        for (p, c) in put.series.returns().iter().zip(call.series.returns()) {
            prop_assert!((p - c).abs() <= 1e-11);
        }
    }

    #[test]
    fn blends_lie_between_their_components(
        pairs in prop::collection::vec((-0.2_f64..0.2, -0.2_f64..0.2), 1..20), weight in 0.0_f64..1.0,
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let (a, b) = (monthly("a", &a), monthly("b", &b));
        for rebalancing in [Rebalancing::EveryPeriod, Rebalancing::Never, Rebalancing::Calendar(PeriodEnd::YearEnd)] {
            let blend = Blend::new("x").with(&a, weight).with(&b, 1.0 - weight).rebalanced(rebalancing);
            let series = blend.build().unwrap().series;
            for ((r, a), b) in series.returns().iter().zip(a.returns()).zip(b.returns()) {
                prop_assert!(*r >= a.min(*b) - 1e-14 && *r <= a.max(*b) + 1e-14);
            }
        }
    }
}

/// Columns of a file by name, rows in which one is empty left out.
fn columns(path: &Path, names: &[&str]) -> (Vec<Date>, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at: Vec<usize> = names.iter().map(|name| head.iter().position(|column| column == name).unwrap()).collect();
    let (mut dates, mut values) = (Vec::new(), vec![Vec::new(); names.len()]);
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let row: Option<Vec<f64>> = at.iter().map(|&column| cells[column].parse().ok()).collect();
        let Some(row) = row else { continue };
        dates.push(cells[0].parse().unwrap());
        for (column, value) in values.iter_mut().zip(row) {
            column.push(value);
        }
    }
    (dates, values)
}

/// The last value at or before each date.
fn as_of(dates: &[Date], known: &[Date], values: &[f64]) -> Vec<f64> {
    dates.iter().map(|date| values[known.partition_point(|day| day <= date) - 1]).collect()
}

#[test]
fn modelled_indices_follow_those_of_the_exchange() {
    let files = ["sp500_index_daily.csv", "vix_daily.csv", "tbill_3m_daily.csv", "cboe_putwrite_buywrite_monthly.csv"];
    let [Some(index), Some(vix), Some(bills), Some(exchange)] = files.map(data_file) else { return };
    let (dates, spot) = columns(&index, &["SP500"]);
    let (vix_dates, vix) = columns(&vix, &["close"]);
    let (bill_dates, bills) = columns(&bills, &["tbill3m_discount_pct"]);
    let volatility: Array1<f64> = as_of(&dates, &vix_dates, &vix[0]).into_iter().map(|v| v / 100.0).collect();
    // A discount d on 91 days is a continuously compounded rate of −ln(1 − d · 91/360) · 365/91.
    let rate: Array1<f64> = as_of(&dates, &bill_dates, &bills[0])
        .into_iter()
        .map(|discount| -(1.0 - discount / 100.0 * 91.0 / 360.0).ln() * 365.0 / 91.0)
        .collect();
    let spot = Array1::from(spot[0].clone());
    let dividends = Array1::from_elem(dates.len(), 0.02);
    let market = OptionMarket::new(&dates, spot.view(), volatility.view(), rate.view(), dividends.view()).unwrap();
    let (real_dates, real) = columns(&exchange, &["put", "bxm"]);
    // 347 months from February 1990 to December 2018. A VIX of all strikes is dearer than the at-the-money volatility:
    // taken as it is, the premiums overpay by 3 % (puts) and 5 % (calls) a year; nine tenths of it overpay by 0.3 % and
    // 2.1 %. The exchange also settles at openings and sells at eleven, which no close can follow. The bands are what
    // such a model can promise: correlation of monthly returns above 0.96, and a difference that stays below these.
    for (scale, bands) in [(0.9, [-0.01..0.015, 0.0..0.035]), (1.0, [0.015..0.045, 0.03..0.065])] {
        let rules = OptionWriting::default().with_strike_step(5.0).with_volatility_scale(scale);
        for ((column, build), band) in real.iter().zip([puts, calls]).zip(bands) {
            let levels = Array1::from(column.clone());
            let (frequency, kind) = (Frequency::Monthly, ReturnKind::Total);
            let real =
                ReturnSeries::from_values("exchange", real_dates.clone(), levels.view(), frequency, kind).unwrap();
            let modelled = build("modelled".to_owned(), &market, &rules).unwrap();
            let months = resample(&modelled.series, PeriodEnd::MonthEnd).unwrap().whole().unwrap();
            let policy = Alignment { gaps: GapPolicy::LastWithin { days: 4 }, ..Alignment::default() };
            let aligned = align(&real, &[&months], policy).unwrap();
            let relative = aligned.relative(0, RiskFree::Zero).unwrap();
            assert_eq!(relative.len(), 347);
            let correlation = relative.correlation().unwrap();
            assert!(correlation > 0.96, "{scale}: correlation {correlation}");
            let difference = -relative.active_return(MeanReturn::Arithmetic).unwrap();
            assert!(band.contains(&difference), "{scale}: {difference} a year");
        }
    }
}
