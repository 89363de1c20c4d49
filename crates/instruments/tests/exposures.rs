//! Exposures are the slopes of the revalued book.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::{Book, Exposure, HeldFixed, MarketSnapshot, Revaluation, TimeRoll};
use alluse_risk_core::{Error as CoreError, Factor, Horizon, ShockKind, Status};
use common::{RATE, TODAY, VOLATILITY, YIELD, call, market, put, rate, scenarios, spot, volatility};
use jiff::ToSpan;
use jiff::civil::{Date, date};

const EXPIRY: Date = date(2019, 9, 20);

fn book() -> Book {
    Book::builder()
        .share("A", 150.0)
        .tagged("desk", "one")
        .option(put("A", 48.0, EXPIRY), -7.0)
        .tagged("desk", "one")
        .option(call("A", 55.0, EXPIRY).european(), 4.0)
        .tagged("desk", "two")
        .option(call("A", 45.0, EXPIRY), 2.0)
        .tagged("desk", "two")
        .option(put("A", 60.0, EXPIRY).european(), 3.0)
        .cash("USD", -2_000.0)
        .build(&market())
        .unwrap()
}

/// P&L of each position for instant shocks of one factor of `A`.
fn pnl(book: &Book, factor: &Factor, kind: ShockKind, shocks: &[f64]) -> Vec<Vec<f64>> {
    let mut columns = vec![(factor.clone(), kind, shocks.to_vec())];
    if *factor != spot("A") {
        columns.push((spot("A"), ShockKind::Relative, vec![0.0; shocks.len()]));
    }
    let revaluation = Revaluation::default().with_time_roll(TimeRoll::Instant).with_held_fixed(HeldFixed::Volatility);
    let cube = revaluation.revalue(book, &scenarios(Horizon::DAY, &columns)).unwrap();
    cube.values().rows().into_iter().map(|row| row.to_vec()).collect()
}

/// Slopes of four points `−2h … 2h`, to the fourth order.
fn slopes(book: &Book, factor: &Factor, kind: ShockKind, h: f64) -> Vec<f64> {
    let rows = pnl(book, factor, kind, &[-2.0 * h, -h, h, 2.0 * h]);
    rows.iter().map(|p| (8.0 * (p[2] - p[1]) - (p[3] - p[0])) / (12.0 * h)).collect()
}

fn each(book: &Book) -> Vec<Exposure> {
    book.exposures().iter().map(|(_, status)| *status.known().unwrap()).collect()
}

fn agree(got: &[f64], want: &[f64], scale: f64) {
    for (row, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= 1e-5 * want.abs().max(scale), "row {row}: {got} {want}");
    }
}

#[test]
fn a_position_has_the_market_value_of_its_exposure() {
    let book = book();
    for (position, exposure) in book.positions().iter().zip(each(&book)) {
        assert_eq!(book.market_value(position).unwrap(), exposure.market_value);
    }
    let unknown = Book::builder().share("C", 1.0).build(&market()).unwrap();
    assert!(unknown.market_value(&unknown.positions()[0]).is_err());
}

#[test]
fn greeks_are_slopes_of_the_revalued_book() {
    let book = book();
    let exposures = each(&book);
    let of = |part: fn(&Exposure) -> f64| exposures.iter().map(part).collect::<Vec<f64>>();
    agree(&of(|e| e.dollar_delta), &slopes(&book, &spot("A"), ShockKind::Relative, 2e-3), 1.0);
    agree(&of(|e| e.vega), &slopes(&book, &volatility("A"), ShockKind::Absolute, 2e-3), 1.0);
    agree(&of(|e| e.rho), &slopes(&book, &rate("USD"), ShockKind::Absolute, 1e-3), 1.0);
    let h = 4e-3;
    let second: Vec<f64> = pnl(&book, &spot("A"), ShockKind::Relative, &[-2.0 * h, -h, h, 2.0 * h])
        .iter()
        .map(|p| (16.0 * (p[1] + p[2]) - (p[0] + p[3])) / (12.0 * h * h))
        .collect();
    agree(&of(|e| e.dollar_gamma), &second, 10.0);
}

#[test]
fn theta_is_what_a_day_costs() {
    let book = book();
    let value = |days: i64| {
        let day = TODAY.saturating_add(days.days());
        let later = MarketSnapshot::usd(day).with_rate("USD", RATE).unwrap().with_spot("A", 50.0).unwrap();
        let later = later.with_volatility("A", VOLATILITY).unwrap().with_dividend_yield("A", YIELD).unwrap();
        book.clone().with_market(later).unwrap().exposure().0.market_value
    };
    let per_day = (8.0 * (value(1) - value(-1)) - (value(2) - value(-2))) / 12.0;
    let theta = book.exposure().0.theta_per_day();
    assert!((theta - per_day).abs() < 1e-4 * per_day.abs(), "{theta} {per_day}");
}

#[test]
fn values_and_notionals_add_up_by_label() {
    let book = book();
    let (total, coverage) = book.exposure();
    assert!(coverage.is_complete());
    assert_eq!(coverage.notional, Some(total.gross_notional));
    assert_eq!(total.gross_notional, 50.0 * (150.0 + 700.0 + 400.0 + 200.0 + 300.0) + 2_000.0);
    let groups = book.exposures_by("desk").unwrap();
    assert_eq!(groups.iter().map(|g| g.label.as_str()).collect::<Vec<_>>(), ["one", "two", "unlabelled"]);
    assert_eq!(groups.iter().map(|g| g.coverage.positions).sum::<usize>(), 6);
    for part in [
        (|e| e.market_value) as fn(&Exposure) -> f64,
        |e| e.gross_notional,
        |e| e.dollar_delta,
        |e| e.dollar_gamma,
        |e| e.vega,
        |e| e.theta,
        |e| e.rho,
    ] {
        let by_label: f64 = groups.iter().map(|g| part(&g.exposure)).sum();
        let by_position: f64 = each(&book).iter().map(part).sum();
        testkit::close(by_label, part(&total), 1e-9 * part(&total).abs().max(1.0));
        testkit::close(by_position, part(&total), 1e-9 * part(&total).abs().max(1.0));
    }
    let unknown = book.exposures_by("nothing").unwrap_err();
    assert!(matches!(unknown, alluse_instruments::Error::Input(CoreError::Unknown { .. })));
}

#[test]
fn shares_and_cash_have_no_greeks_but_delta() {
    let each = each(&book());
    assert_eq!((each[0].market_value, each[0].dollar_delta, each[0].gross_notional), (7_500.0, 7_500.0, 7_500.0));
    assert_eq!((each[5].market_value, each[5].dollar_delta, each[5].gross_notional), (-2_000.0, 0.0, 2_000.0));
    for exposure in [each[0], each[5]] {
        assert_eq!((exposure.dollar_gamma, exposure.vega, exposure.theta, exposure.rho), (0.0, 0.0, 0.0, 0.0));
    }
    // A short put earns with the share, a long put loses.
    assert!(each[1].dollar_delta > 0.0 && each[1].dollar_gamma < 0.0 && each[1].theta > 0.0);
    assert!(each[4].dollar_delta < 0.0 && each[4].dollar_gamma > 0.0);
}

#[test]
fn an_unknown_position_is_named_and_left_out_of_the_sum() {
    let market = market().with_reference_price("GONE", 10.0).unwrap();
    let book = Book::builder()
        .share("GONE", 30.0)
        .tagged("desk", "one")
        .share("A", 14.0)
        .tagged("desk", "one")
        .build(&market)
        .unwrap();
    let exposures = book.exposures();
    let Status::Unknown { reason, .. } = &exposures[0].1 else { unreachable!("{:?}", exposures[0]) };
    assert_eq!(reason, "no price of GONE in the market snapshot");
    assert_eq!(exposures[0].0.as_str(), "GONE");
    let (total, coverage) = book.exposure();
    assert_eq!(total.market_value, 700.0);
    assert_eq!((coverage.position_share(), coverage.notional_share()), (Some(0.5), Some(0.7)));
    let by = book.exposures_by("desk").unwrap();
    assert_eq!((by[0].exposure, by[0].coverage), (total, coverage));
}

#[test]
fn helpers_scale() {
    let total = book().exposure().0;
    testkit::close(100.0 * total.dollar_gamma_per_percent(), total.dollar_gamma, 1e-9 * total.dollar_gamma.abs());
    testkit::close(100.0 * total.vega_per_point(), total.vega, 1e-9 * total.vega.abs());
    testkit::close(365.0 * total.theta_per_day(), total.theta, 1e-9 * total.theta.abs());
}

#[test]
fn on_the_expiry_day_an_option_of_either_style_is_its_payoff() {
    let book = Book::builder()
        .option(put("A", 60.0, TODAY), 1.0)
        .option(call("A", 45.0, TODAY).european(), -1.0)
        .build(&market())
        .unwrap();
    let (total, coverage) = book.exposure();
    assert!(coverage.is_complete());
    // A costs 50: the put pays 10, the short call owes 5, and both are short a hundred shares.
    testkit::close(total.market_value, 1_000.0 - 500.0, 1e-12);
    testkit::close(total.dollar_delta, -10_000.0, 1e-12);
    assert_eq!(total.vega, 0.0);
}

#[test]
fn cross_greeks_are_the_formulas_of_the_european_model() {
    use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
    let book = Book::builder().option(call("A", 55.0, EXPIRY).european(), 4.0).build(&market()).unwrap();
    let days = f64::from(EXPIRY.duration_since(TODAY).as_hours() as i32) / 24.0;
    let inputs = BlackScholesInputs {
        spot: 50.0,
        strike: 55.0,
        time: days / 365.0,
        volatility: VOLATILITY,
        rate: RATE,
        dividend_yield: YIELD,
    };
    let exact = BlackScholes::new(inputs).unwrap().greeks(OptionKind::Call).unwrap();
    let greeks = &book.greeks_by(None, None).unwrap()[0];
    let close = |got: f64, want: f64, slack: f64| assert!((got - want).abs() < slack * want.abs(), "{got} {want}");
    close(greeks.dollar_vanna, 400.0 * 50.0 * exact.vanna, 5e-3);
    close(greeks.volga, 400.0 * exact.volga, 5e-3);
    close(greeks.time_weighted_vega, greeks.exposure.vega * (30.0 / days).sqrt(), 1e-12);
    close(*greeks.one_sigma.known().unwrap(), greeks.exposure.dollar_delta * VOLATILITY / 252.0_f64.sqrt(), 1e-12);
    assert!(greeks.beta_weighted_delta.known().is_none(), "no betas were given");
    close(greeks.percent_of(10_000.0).unwrap().vega, greeks.exposure.vega / 10_000.0, 1e-12);
    assert!(greeks.percent_of(0.0).is_err());
}

#[test]
fn greeks_of_labels_add_up_to_those_of_the_book() {
    use alluse_instruments::Betas;
    use alluse_risk_core::AssetId;
    let asset = |name: &str| AssetId::new(name).unwrap();
    let book = book();
    let market = market().with_spot("INDEX", 250.0).unwrap();
    let book = book.with_market(market).unwrap();
    let betas = Betas::new(asset("INDEX"), [(asset("A"), 1.3)].into()).unwrap();
    let whole = &book.greeks_by(None, Some(&betas)).unwrap()[0];
    let parts = book.greeks_by(Some("desk"), Some(&betas)).unwrap();
    assert_eq!(parts.iter().map(|p| p.label.as_str()).collect::<Vec<_>>(), ["one", "two", "unlabelled"]);
    let sum = |pick: fn(&alluse_instruments::PortfolioGreeks) -> f64| parts.iter().map(pick).sum::<f64>() - pick(whole);
    for rest in [sum(|g| g.dollar_vanna), sum(|g| g.volga), sum(|g| g.exposure.vega), sum(|g| g.time_weighted_vega)] {
        assert!(rest.abs() < 1e-6, "{rest}");
    }
    let delta = whole.beta_weighted_delta.known().unwrap();
    assert!((delta - 1.3 * whole.exposure.dollar_delta).abs() < 1e-6);
    assert!((whole.beta_weighted_units(&book, &betas).unwrap() - delta / 250.0).abs() < 1e-9);
    let none = Betas::new(asset("INDEX"), [].into()).unwrap();
    let unknown = &book.greeks_by(None, Some(&none)).unwrap()[0];
    assert!(matches!(&unknown.beta_weighted_delta, Status::Unknown { reason, .. } if reason == "A has no beta"));
    assert!(unknown.beta_weighted_units(&book, &none).is_err());
    assert!(book.greeks_by(Some("nonsense"), None).is_err());
    assert!(Betas::new(asset("INDEX"), [(asset("A"), f64::NAN)].into()).is_err());
    let text = serde_json::to_string(&betas).unwrap();
    assert_eq!(serde_json::from_str::<Betas>(&text).unwrap(), betas);
}
