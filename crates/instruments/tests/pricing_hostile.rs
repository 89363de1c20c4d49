//! Bad inputs and edges: one wrong thing at a time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

use alluse_instruments::Error;
use alluse_instruments::pricing::{
    AmericanMethod, AtmRule, Bachelier, Black76, BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket,
    ExerciseBoundary, ForwardInputs, ForwardQuote, Greeks, OptionKind, Precision, SpotQuote, american_greeks,
    atm_strike, forward_from_quotes, implied_volatility, implied_volatility_black76, strike_from_delta,
};
use alluse_risk_core::{Error as Input, ErrorKind};

const GOOD: BlackScholesInputs =
    BlackScholesInputs { spot: 100.0, strike: 95.0, time: 0.5, volatility: 0.2, rate: 0.03, dividend_yield: 0.01 };

fn model(inputs: BlackScholesInputs) -> BlackScholes {
    BlackScholes::new(inputs).unwrap()
}

fn names(result: Result<impl Sized, Error>, field: &str) -> bool {
    match result.err() {
        Some(Error::Input(Input::OutOfDomain { name, .. })) => name == field,
        _ => false,
    }
}

fn kind_of(result: Result<impl Sized, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn each_field_is_checked_by_name() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(names(BlackScholes::new(BlackScholesInputs { spot: bad, ..GOOD }), "spot"));
        assert!(names(BlackScholes::new(BlackScholesInputs { strike: bad, ..GOOD }), "strike"));
    }
    for bad in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(names(BlackScholes::new(BlackScholesInputs { time: bad, ..GOOD }), "time"));
        assert!(names(BlackScholes::new(BlackScholesInputs { volatility: bad, ..GOOD }), "volatility"));
    }
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        assert!(names(BlackScholes::new(BlackScholesInputs { rate: bad, ..GOOD }), "rate"));
        assert!(names(BlackScholes::new(BlackScholesInputs { dividend_yield: bad, ..GOOD }), "dividend_yield"));
    }
    assert!(names(BlackScholes::new(BlackScholesInputs { rate: -3e3, ..GOOD }), "discounted strike"));
    assert!(names(BlackScholes::new(BlackScholesInputs { dividend_yield: -3e3, ..GOOD }), "discounted spot"));
    assert!(names(BlackScholes::new(BlackScholesInputs { spot: 1e300, strike: 1e-300, ..GOOD }), "spot / strike"));
    assert!(names(model(GOOD).with_spot(-1.0), "spot"));
    let good = ForwardInputs { forward: 1.0, strike: 1.0, time: 1.0, volatility: 0.2, discount_factor: 1.0 };
    assert!(names(Black76::new(ForwardInputs { forward: 0.0, ..good }), "forward"));
    assert!(names(Black76::new(ForwardInputs { strike: -1.0, ..good }), "strike"));
    assert!(names(Black76::new(ForwardInputs { discount_factor: 0.0, ..good }), "discount_factor"));
    assert!(names(Bachelier::new(ForwardInputs { forward: f64::NAN, ..good }), "forward"));
    assert!(names(Bachelier::new(ForwardInputs { volatility: -0.1, ..good }), "volatility"));
    assert!(Bachelier::new(ForwardInputs { forward: -5.0, strike: -4.0, ..good }).is_ok());
}

#[test]
fn serde_goes_through_the_checks() {
    let text = serde_json::to_string(&model(GOOD)).unwrap();
    assert_eq!(serde_json::from_str::<BlackScholes>(&text).unwrap(), model(GOOD));
    assert!(serde_json::from_str::<BlackScholes>(&text.replace("0.2", "-0.2")).is_err());
    let black = r#"{"forward":1.0,"strike":0.0,"time":1.0,"volatility":0.2,"discount_factor":1.0}"#;
    assert!(serde_json::from_str::<Black76>(black).is_err());
    assert!(serde_json::from_str::<Bachelier>(black).is_ok());
    let greeks = model(GOOD).greeks(OptionKind::Put).unwrap();
    let back: Greeks = serde_json::from_str(&serde_json::to_string(&greeks).unwrap()).unwrap();
    // The reader of JSON may miss a number by its last bit.
    let difference = back + greeks * -1.0;
    assert!(difference.vega.abs() < 1e-13 && difference.ultima.abs() < 1e-12 && difference.color.abs() < 1e-16);
}

#[test]
fn without_uncertainty_the_price_is_intrinsic() {
    let flat = |inputs| model(inputs).price(OptionKind::Call);
    assert_eq!(flat(BlackScholesInputs { time: 0.0, ..GOOD }), 5.0);
    let certain = BlackScholesInputs { volatility: 0.0, ..GOOD };
    let want = 100.0 * (-0.005_f64).exp() - 95.0 * (-0.015_f64).exp();
    assert!((flat(certain) - want).abs() < 1e-13);
    assert_eq!(model(certain).price(OptionKind::Put), 0.0);
    let greeks = model(certain).greeks(OptionKind::Call).unwrap();
    assert!((greeks.delta - (-0.005_f64).exp()).abs() < 1e-15 && greeks.gamma == 0.0 && greeks.vega == 0.0);
    // d/dT of S e^(−qT) − K e^(−rT), with the sign of passing time.
    let theta = 0.01 * 100.0 * (-0.005_f64).exp() - 0.03 * 95.0 * (-0.015_f64).exp();
    assert!((greeks.theta - theta).abs() < 1e-13);
    assert!((greeks.rho - 0.5 * 95.0 * (-0.015_f64).exp()).abs() < 1e-12);
    assert!((greeks.charm - 0.01 * greeks.delta).abs() < 1e-15);
    assert_eq!(model(certain).greeks(OptionKind::Put).unwrap().delta, 0.0);
    let kink = model(BlackScholesInputs { strike: 100.0, time: 0.0, ..GOOD });
    assert_eq!(kind_of(kink.greeks(OptionKind::Call)), Some(ErrorKind::Undefined));
    assert_eq!(kind_of(model(certain).analytics(OptionKind::Call)), Some(ErrorKind::Undefined));
    assert_eq!(kind_of(model(certain).delta(OptionKind::Call, DeltaConvention::Spot)), Some(ErrorKind::Undefined));
    // The limit is continuous.
    let nearly = BlackScholesInputs { volatility: 1e-9, ..GOOD };
    assert!((flat(nearly) - flat(certain)).abs() < 1e-12);
}

#[test]
fn digitals_at_their_edges() {
    let at = |inputs| model(inputs).cash_or_nothing_price(OptionKind::Call, 10.0);
    assert_eq!(at(BlackScholesInputs { time: 0.0, ..GOOD }).unwrap(), 10.0);
    assert_eq!(at(BlackScholesInputs { time: 0.0, spot: 90.0, ..GOOD }).unwrap(), 0.0);
    let jump = BlackScholesInputs { time: 0.0, spot: 95.0, ..GOOD };
    assert_eq!(kind_of(at(jump)), Some(ErrorKind::Undefined));
    assert!(names(model(GOOD).cash_or_nothing_price(OptionKind::Put, f64::NAN), "cash"));
    let flat = model(BlackScholesInputs { volatility: 0.0, ..GOOD });
    assert_eq!(kind_of(flat.cash_or_nothing_greeks(OptionKind::Put, 1.0)), Some(ErrorKind::Undefined));
    // Both sides together are a bond.
    let both = at(GOOD).unwrap() + model(GOOD).cash_or_nothing_price(OptionKind::Put, 10.0).unwrap();
    assert!((both - 10.0 * (-0.015_f64).exp()).abs() < 1e-14);
}

#[test]
fn american_without_uncertainty_picks_the_best_time() {
    let price = |kind, inputs| AmericanMethod::default().price(kind, &model(inputs)).unwrap();
    assert_eq!(price(OptionKind::Put, BlackScholesInputs { time: 0.0, spot: 90.0, ..GOOD }), 5.0);
    let certain = BlackScholesInputs { volatility: 0.0, ..GOOD };
    // A put in the money that loses interest is exercised at once.
    assert_eq!(price(OptionKind::Put, BlackScholesInputs { spot: 90.0, dividend_yield: 0.0, ..certain }), 5.0);
    // K e^(−rt) − S e^(−qt) with r = 2 %, q = 10 %, K = S: best where q S e^(−qt) = r K e^(−rt), t = ln(5)/0.08.
    let long =
        BlackScholesInputs { spot: 100.0, strike: 100.0, time: 40.0, volatility: 0.0, rate: 0.02, dividend_yield: 0.1 };
    let t = 5.0_f64.ln() / 0.08;
    let want = 100.0 * ((-0.02 * t).exp() - (-0.1 * t).exp());
    assert!((price(OptionKind::Put, long) - want).abs() < 1e-12);
    let scan = (0..4_000).map(|i| 0.01 * f64::from(i)).map(|t| 100.0 * ((-0.02 * t).exp() - (-0.1 * t).exp()));
    assert!(scan.fold(0.0, f64::max) <= want + 1e-12);
    let boundary = ExerciseBoundary::new(OptionKind::Put, &model(certain), Precision::Fast);
    assert_eq!(kind_of(boundary), Some(ErrorKind::Undefined));
    assert!(american_greeks(OptionKind::Put, &model(certain), Precision::Fast).is_err());
}

#[test]
fn regimes_of_negative_rates() {
    let european = |kind, rate, dividend_yield| {
        let model = model(BlackScholesInputs { rate, dividend_yield, ..GOOD });
        let boundary = ExerciseBoundary::new(kind, &model, Precision::Standard).unwrap();
        assert_eq!(boundary.critical_spot(), None);
        assert_eq!(boundary.premium_over_european(80.0).unwrap(), 0.0);
        assert_eq!(boundary.greeks(100.0).unwrap().delta, model.greeks(kind).unwrap().delta);
        assert_eq!(AmericanMethod::default().price(kind, &model).unwrap(), model.price(kind));
        assert_eq!(AmericanMethod::BaroneAdesiWhaley.price(kind, &model).unwrap(), model.price(kind));
    };
    european(OptionKind::Call, 0.03, 0.0);
    european(OptionKind::Call, 0.03, -0.01);
    european(OptionKind::Put, 0.0, 0.02);
    european(OptionKind::Put, -0.01, 0.02);
    european(OptionKind::Put, -0.01, -0.01);
    for (kind, rate, dividend_yield) in [(OptionKind::Put, -0.01, -0.03), (OptionKind::Call, -0.03, -0.01)] {
        let model = model(BlackScholesInputs { rate, dividend_yield, ..GOOD });
        for method in
            [AmericanMethod::default(), AmericanMethod::BaroneAdesiWhaley, AmericanMethod::BjerksundStensland1993]
        {
            assert_eq!(kind_of(method.price(kind, &model)), Some(ErrorKind::Unsupported));
        }
        // Lattices have no boundary to find.
        assert!(AmericanMethod::LeisenReimer { steps: 101 }.price(kind, &model).unwrap() >= model.price(kind));
    }
    // A put with r = 0 and q < 0 is worth exercising, and rho there is one-sided.
    let odd = model(BlackScholesInputs { rate: 0.0, dividend_yield: -0.02, spot: 90.0, ..GOOD });
    let price = AmericanMethod::default().price(OptionKind::Put, &odd).unwrap();
    let lattice = AmericanMethod::LeisenReimer { steps: 2001 }.price(OptionKind::Put, &odd).unwrap();
    assert!((price - lattice).abs() < 1e-3 && price > odd.price(OptionKind::Put) + 1e-3);
    assert!(american_greeks(OptionKind::Put, &odd, Precision::Standard).unwrap().rho.is_finite());
}

#[test]
fn lattices_refuse_steps_they_cannot_have() {
    let price = |method: AmericanMethod, inputs| method.price(OptionKind::Put, &model(inputs));
    assert!(names(price(AmericanMethod::CoxRossRubinstein { steps: 0 }, GOOD), "steps"));
    assert!(names(price(AmericanMethod::LeisenReimer { steps: 100 }, GOOD), "steps"));
    let calm = BlackScholesInputs { volatility: 0.001, ..GOOD };
    assert_eq!(kind_of(price(AmericanMethod::CoxRossRubinstein { steps: 1 }, calm)), Some(ErrorKind::Undefined));
    // One step by hand: u = e^0.2, p = 1/2 + (r − q − σ²/2)/(2σ).
    let one = BlackScholesInputs { spot: 100.0, strike: 100.0, time: 1.0, ..GOOD };
    let p = 0.5 + (0.03 - 0.01 - 0.02) / 0.4;
    let want = (-0.03_f64).exp() * (1.0 - p) * (100.0 - 100.0 * (-0.2_f64).exp());
    let got = price(AmericanMethod::CoxRossRubinstein { steps: 1 }, one).unwrap();
    assert!((got - want).abs() < 1e-12);
}

#[test]
fn boundaries_refuse_other_times_and_spots() {
    let boundary = ExerciseBoundary::new(OptionKind::Put, &model(GOOD), Precision::Fast).unwrap();
    assert!(names(boundary.critical_spot_at(0.6), "time"));
    assert!(names(boundary.critical_spot_at(f64::NAN), "time"));
    assert!(names(boundary.price(0.0), "spot"));
    assert!(names(boundary.greeks(f64::NAN), "spot"));
    let now = boundary.critical_spot_at(0.5).unwrap().unwrap();
    assert!((now / boundary.critical_spot().unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn implied_volatility_knows_its_bounds() {
    let quote = SpotQuote { spot: 100.0, strike: 90.0, time: 1.0, rate: 0.0, dividend_yield: 0.0 };
    let at = |kind, price| implied_volatility(kind, price, &quote);
    assert_eq!(at(OptionKind::Call, 9.0), Err(Error::BelowIntrinsic { price: 9.0, bound: 10.0 }));
    assert_eq!(at(OptionKind::Put, -1e-9), Err(Error::BelowIntrinsic { price: -1e-9, bound: 0.0 }));
    assert_eq!(at(OptionKind::Call, 100.0), Err(Error::AboveMaximum { price: 100.0, bound: 100.0 }));
    assert_eq!(at(OptionKind::Put, 90.0), Err(Error::AboveMaximum { price: 90.0, bound: 90.0 }));
    assert_eq!(at(OptionKind::Call, 10.0), Ok(0.0));
    assert_eq!(at(OptionKind::Put, 0.0), Ok(0.0));
    assert_eq!(Error::BelowIntrinsic { price: 9.0, bound: 10.0 }.kind(), ErrorKind::InvalidInput);
    assert!(names(at(OptionKind::Call, f64::NAN), "price"));
    for (field, bad) in [
        ("spot", SpotQuote { spot: 0.0, ..quote }),
        ("strike", SpotQuote { strike: -1.0, ..quote }),
        ("time", SpotQuote { time: 0.0, ..quote }),
        ("rate", SpotQuote { rate: f64::NAN, ..quote }),
        ("dividend_yield", SpotQuote { dividend_yield: f64::INFINITY, ..quote }),
    ] {
        assert!(names(implied_volatility(OptionKind::Call, 12.0, &bad), field));
    }
    let quote = ForwardQuote { forward: 100.0, strike: 90.0, time: 1.0, discount_factor: 1.0 };
    for (field, bad) in [
        ("forward", ForwardQuote { forward: 0.0, ..quote }),
        ("strike", ForwardQuote { strike: 0.0, ..quote }),
        ("time", ForwardQuote { time: -1.0, ..quote }),
        ("discount_factor", ForwardQuote { discount_factor: 0.0, ..quote }),
    ] {
        assert!(names(implied_volatility_black76(OptionKind::Call, 12.0, &bad), field));
    }
    // The last price below the limit still has a volatility, and so has the smallest price there is.
    let high = implied_volatility_black76(OptionKind::Call, 100.0 * (1.0 - 1e-15), &quote).unwrap();
    assert!(high > 10.0 && high.is_finite());
    let low = implied_volatility_black76(OptionKind::Put, 1e-300, &quote).unwrap();
    assert!(low > 0.001 && low < 0.01);
}

#[test]
fn deltas_out_of_reach_are_refused() {
    let market = DeltaMarket { spot: 1.0, time: 1.0, volatility: 0.1, rate: 0.02, dividend_yield: 0.05 };
    let strike = |kind, delta, convention| strike_from_delta(&market, kind, delta, convention);
    assert!(names(strike(OptionKind::Call, -0.2, DeltaConvention::Spot), "delta"));
    assert!(names(strike(OptionKind::Put, 0.2, DeltaConvention::Spot), "delta"));
    assert!(names(strike(OptionKind::Call, 0.96, DeltaConvention::Spot), "delta"));
    assert!(strike(OptionKind::Call, 0.96, DeltaConvention::Forward).is_ok());
    assert!(names(strike(OptionKind::Call, 0.99, DeltaConvention::ForwardPremiumAdjusted), "delta"));
    assert!(strike(OptionKind::Put, -1.5, DeltaConvention::ForwardPremiumAdjusted).is_ok());
    assert!(names(strike(OptionKind::Put, f64::NAN, DeltaConvention::Spot), "delta"));
    let still = DeltaMarket { volatility: 0.0, ..market };
    assert!(names(strike_from_delta(&still, OptionKind::Put, -0.2, DeltaConvention::Spot), "volatility"));
    assert!(names(atm_strike(&DeltaMarket { time: 0.0, ..market }, DeltaConvention::Spot, AtmRule::Spot), "time"));
    let forward = atm_strike(&market, DeltaConvention::Spot, AtmRule::Forward).unwrap();
    assert!((forward - (-0.03_f64).exp()).abs() < 1e-15);
    assert_eq!(atm_strike(&market, DeltaConvention::Spot, AtmRule::Spot).unwrap(), 1.0);
}

#[test]
fn quotes_that_imply_no_forward_are_refused() {
    let calls = [OptionKind::Call; 2];
    let fit = |strikes: &[f64], prices: &[f64]| forward_from_quotes(strikes, prices, &calls);
    assert_eq!(kind_of(fit(&[1.0], &[1.0, 2.0])), Some(ErrorKind::InvalidInput));
    assert_eq!(kind_of(fit(&[1.0, 2.0], &[1.0, f64::NAN])), Some(ErrorKind::InvalidInput));
    assert_eq!(kind_of(fit(&[1.0, 1.0], &[1.0, 2.0])), Some(ErrorKind::Undefined));
    assert_eq!(kind_of(fit(&[1.0, 2.0], &[1.0, 2.0])), Some(ErrorKind::Undefined));
    assert_eq!(kind_of(forward_from_quotes(&[1.0], &[1.0], &[OptionKind::Put])), Some(ErrorKind::InsufficientData));
}

#[test]
fn everything_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<ExerciseBoundary>();
    check::<BlackScholes>();
    check::<AmericanMethod>();
    check::<Error>();
}
