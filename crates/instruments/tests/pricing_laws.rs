//! What must hold for every option.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

use alluse_instruments::pricing::{
    AmericanMethod, AtmRule, Black76, BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket, ExerciseBoundary,
    ForwardInputs, ForwardQuote, Greeks, OptionKind, Precision, atm_strike, forward_from_quotes,
    implied_volatility_black76, strike_from_delta,
};
use proptest::prelude::*;

fn kinds() -> impl Strategy<Value = OptionKind> {
    prop_oneof![Just(OptionKind::Call), Just(OptionKind::Put)]
}

/// Usual listed options, strikes within two and a half deviations of the spot.
fn models() -> impl Strategy<Value = BlackScholes> {
    (-2.5..2.5_f64, 0.02..2.0_f64, 0.08..0.8_f64, 0.0..0.1_f64, 0.0..0.1_f64).prop_map(
        |(z, time, volatility, rate, dividend_yield)| {
            let spot = 100.0 * (z * volatility * time.sqrt()).exp();
            BlackScholes::new(BlackScholesInputs { spot, strike: 100.0, time, volatility, rate, dividend_yield })
                .unwrap()
        },
    )
}

fn moved(model: &BlackScholes, change: impl Fn(&mut BlackScholesInputs)) -> BlackScholes {
    let mut inputs = model.inputs();
    change(&mut inputs);
    BlackScholes::new(inputs).unwrap()
}

fn exact(kind: OptionKind, model: &BlackScholes) -> f64 {
    AmericanMethod::default().price(kind, model).unwrap()
}

/// Sixth-order central difference.
fn slope(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let pair = |k: f64| f(k * h) - f(-k * h);
    (45.0 * pair(1.0) - 9.0 * pair(2.0) + pair(3.0)) / (60.0 * h)
}

proptest! {
    #[test]
    fn call_minus_put_is_the_forward(model in models()) {
        let inputs = model.inputs();
        let forward = model.discount_factor() * (model.forward() - inputs.strike);
        let gap = model.price(OptionKind::Call) - model.price(OptionKind::Put) - forward;
        prop_assert!(gap.abs() < 1e-12 * (inputs.spot + inputs.strike));
    }

    #[test]
    fn greeks_are_the_derivatives_of_each_other(kind in kinds(), model in models()) {
        let greeks = model.greeks(kind).unwrap();
        let BlackScholesInputs { spot, time, volatility, .. } = model.inputs();
        let by = |h: f64, get: fn(&Greeks) -> f64, change: fn(&mut BlackScholesInputs, f64)| {
            slope(h, |step| get(&moved(&model, |inputs| change(inputs, step)).greeks(kind).unwrap()))
        };
        let width = spot * volatility * time.sqrt();
        let (s, v, t) = (0.01 * width, 0.01 * volatility, 0.003 * time);
        // Differences of this order and step are good to 1e-9 of the size of what they differentiate over the step.
        let near = |got: f64, want: f64, scale: f64| (got - want).abs() <= 1e-8 * (want.abs() + scale);
        let in_spot = |inputs: &mut BlackScholesInputs, h| inputs.spot += h;
        let in_vol = |inputs: &mut BlackScholesInputs, h| inputs.volatility += h;
        let in_time = |inputs: &mut BlackScholesInputs, h| inputs.time += h;
        let (price, vega) = (greeks.value + width, spot * time.sqrt());
        prop_assert!(near(by(s, |g| g.value, in_spot), greeks.delta, 1.0));
        prop_assert!(near(by(s, |g| g.delta, in_spot), greeks.gamma, 1.0 / width));
        prop_assert!(near(by(s, |g| g.gamma, in_spot), greeks.speed, width.powi(-2)));
        prop_assert!(near(by(v, |g| g.value, in_vol), greeks.vega, vega));
        prop_assert!(near(by(v, |g| g.delta, in_vol), greeks.vanna, 1.0 / volatility));
        prop_assert!(near(by(v, |g| g.vega, in_vol), greeks.volga, vega / volatility));
        prop_assert!(near(by(v, |g| g.gamma, in_vol), greeks.zomma, 1.0 / (width * volatility)));
        prop_assert!(near(by(v, |g| g.volga, in_vol), greeks.ultima, vega * volatility.powi(-2)));
        prop_assert!(near(-by(t, |g| g.value, in_time), greeks.theta, price / time));
        prop_assert!(near(-by(t, |g| g.delta, in_time), greeks.charm, 1.0 / time));
        prop_assert!(near(-by(t, |g| g.vega, in_time), greeks.veta, vega / time));
        prop_assert!(near(-by(t, |g| g.gamma, in_time), greeks.color, 1.0 / (width * time)));
        prop_assert!(near(by(1e-3, |g| g.value, |i, h| i.rate += h), greeks.rho, spot * time));
        prop_assert!(near(by(1e-3, |g| g.value, |i, h| i.dividend_yield += h), greeks.dividend_rho, spot * time));
    }

    #[test]
    fn american_dominates_european_and_payoff(kind in kinds(), model in models()) {
        let american = exact(kind, &model);
        let BlackScholesInputs { spot, strike, .. } = model.inputs();
        prop_assert!(american >= model.price(kind) - 1e-7);
        prop_assert!(american >= kind.payoff(spot, strike));
        let premium = AmericanMethod::default().premium_over_european(kind, &model).unwrap();
        prop_assert!((model.price(kind) + premium - american).abs() < 1e-9 * (spot + strike));
    }

    #[test]
    fn american_prices_are_monotone(kind in kinds(), model in models()) {
        let price = exact(kind, &model);
        let tolerance = 1e-5;
        prop_assert!(exact(kind, &moved(&model, |i| i.volatility *= 1.05)) >= price - tolerance);
        prop_assert!(exact(kind, &moved(&model, |i| i.time *= 1.05)) >= price - tolerance);
        let up = exact(kind, &moved(&model, |i| i.spot *= 1.01));
        prop_assert!(kind.sign() * (up - price) >= -tolerance);
    }

    #[test]
    fn american_calls_mirror_puts(model in models()) {
        // McDonald and Schroder (1998), for the lattice too, where nothing exchanges the inputs by itself.
        let mirror = moved(&model, |i| {
            std::mem::swap(&mut i.spot, &mut i.strike);
            std::mem::swap(&mut i.rate, &mut i.dividend_yield);
        });
        let scale = model.inputs().spot + model.inputs().strike;
        prop_assert!((exact(OptionKind::Call, &model) - exact(OptionKind::Put, &mirror)).abs() < 1e-10 * scale);
        let lattice = |kind, model: &BlackScholes| AmericanMethod::LeisenReimer { steps: 301 }.price(kind, model);
        if let (Ok(call), Ok(put)) = (lattice(OptionKind::Call, &model), lattice(OptionKind::Put, &mirror)) {
            prop_assert!((call - put).abs() < 1e-4 * scale);
        }
    }

    #[test]
    fn lattices_and_approximations_agree_with_the_exact_price(kind in kinds(), model in models()) {
        let exact = exact(kind, &model);
        let scale = model.inputs().spot.max(100.0);
        if let Ok(lattice) = (AmericanMethod::LeisenReimer { steps: 501 }).price(kind, &model) {
            prop_assert!((lattice - exact).abs() < 2e-4 * scale, "{lattice} {exact}");
        }
        if let Ok(lattice) = (AmericanMethod::CoxRossRubinstein { steps: 500 }).price(kind, &model) {
            prop_assert!((lattice - exact).abs() < 1e-3 * scale, "{lattice} {exact}");
        }
        let quadratic = AmericanMethod::BaroneAdesiWhaley.price(kind, &model).unwrap();
        prop_assert!((quadratic - exact).abs() < 1.5e-2 * scale, "{quadratic} {exact}");
        // Exercise at a given boundary is one policy of many: never worth more than the best.
        for method in [AmericanMethod::BjerksundStensland1993, AmericanMethod::BjerksundStensland2002] {
            let price = method.price(kind, &model).unwrap();
            prop_assert!(price <= exact + 1e-7 * scale, "{method:?} {price} {exact}");
            prop_assert!(price >= model.price(kind));
        }
    }

    #[test]
    fn boundary_separates_waiting_from_exercise(kind in kinds(), model in models()) {
        let boundary = ExerciseBoundary::new(kind, &model, Precision::Standard).unwrap();
        let BlackScholesInputs { strike, time, rate, dividend_yield, .. } = model.inputs();
        let Some(critical) = boundary.critical_spot() else {
            prop_assert_eq!(exact(kind, &model), model.price(kind));
            return Ok(());
        };
        let sign = kind.sign();
        let inside = critical * (1.0 + 0.01 * sign);
        prop_assert_eq!(boundary.price(inside).unwrap(), kind.payoff(inside, strike));
        prop_assert_eq!(boundary.delta(inside).unwrap(), sign);
        // Smooth pasting: just outside the price leaves the payoff with its slope.
        let outside = boundary.greeks(critical * (1.0 - 1e-6 * sign)).unwrap();
        prop_assert!((outside.delta - sign).abs() < 2e-3, "{}", outside.delta);
        // Near expiry it tends to K·max(1, r/q) or K·min(1, r/q).
        let near = boundary.critical_spot_at(0.0).unwrap().unwrap();
        let ratio = rate / dividend_yield;
        let limit = if kind == OptionKind::Call { strike * ratio.max(1.0) } else { strike * ratio.min(1.0) };
        prop_assert!((near / limit - 1.0).abs() < 1e-12);
        prop_assert!(sign * (boundary.critical_spot_at(0.5 * time).unwrap().unwrap() - near) >= -1e-9 * strike);
    }

    #[test]
    fn implied_volatility_inverts_the_price(x in -3.0..3.0_f64, deviation in 0.001..4.0_f64, time in 0.001..10.0_f64) {
        let strike = 100.0 * x.exp();
        let kind = if x > 0.0 { OptionKind::Call } else { OptionKind::Put };
        let volatility = deviation / time.sqrt();
        let model = Black76::new(ForwardInputs { forward: 100.0, strike, time, volatility, discount_factor: 0.95 }).unwrap();
        let price = model.price(kind);
        prop_assume!(price > 1e-250);
        let quote = ForwardQuote { forward: 100.0, strike, time, discount_factor: 0.95 };
        let got = implied_volatility_black76(kind, price, &quote).unwrap();
        // The price itself is rounded: to an ulp of its legs, each weighted with its probability.
        let vega = model.greeks(kind).unwrap().vega;
        let rounding = 40.0 * f64::EPSILON * (price + 100.0_f64.min(strike) * deviation.min(1.0) * 1e-3);
        prop_assert!((got - volatility).abs() < 1e-13 * volatility + rounding / vega || {
            let back = Black76::new(ForwardInputs { forward: 100.0, strike, time, volatility: got, discount_factor: 0.95 }).unwrap();
            (back.price(kind) - price).abs() <= 1e-9 * price
        }, "{got} {volatility}");
    }

    #[test]
    fn strike_from_delta_inverts_delta(
        kind in kinds(), model in models(),
        convention in prop_oneof![
            Just(DeltaConvention::Spot), Just(DeltaConvention::Forward),
            Just(DeltaConvention::SpotPremiumAdjusted), Just(DeltaConvention::ForwardPremiumAdjusted),
        ],
    ) {
        let BlackScholesInputs { spot, time, volatility, rate, dividend_yield, .. } = model.inputs();
        let market = DeltaMarket { spot, time, volatility, rate, dividend_yield };
        let size = 0.2;
        let strike = strike_from_delta(&market, kind, kind.sign() * size, convention).unwrap();
        let back = moved(&model, |i| i.strike = strike).delta(kind, convention).unwrap();
        prop_assert!((back - kind.sign() * size).abs() < 1e-11);
        // The straddle at the delta-neutral strike has none.
        let strike = atm_strike(&market, convention, AtmRule::DeltaNeutral).unwrap();
        let at = moved(&model, |i| i.strike = strike);
        let both = at.delta(OptionKind::Call, convention).unwrap() + at.delta(OptionKind::Put, convention).unwrap();
        prop_assert!(both.abs() < 1e-13);
    }

    #[test]
    fn parity_quotes_give_back_their_forward(discount in 0.5..1.1_f64, forward in 50.0..200.0_f64) {
        let strikes = [60.0, 90.0, 140.0, 180.0];
        let kinds = [OptionKind::Call, OptionKind::Call, OptionKind::Put, OptionKind::Put];
        let prices: Vec<f64> =
            strikes.iter().zip(kinds).map(|(k, kind)| kind.sign() * discount * (forward - k)).collect();
        let fit = forward_from_quotes(&strikes, &prices, &kinds).unwrap();
        prop_assert!((fit.discount_factor - discount).abs() < 1e-12 && (fit.forward - forward).abs() < 1e-10);
    }

    #[test]
    fn greeks_add_and_scale(kind in kinds(), model in models()) {
        let greeks = model.greeks(kind).unwrap();
        let twice = greeks + greeks;
        prop_assert_eq!(twice, greeks * 2.0);
        prop_assert_eq!(twice.ultima, 2.0 * greeks.ultima);
        let mut sum = Greeks::default();
        sum += greeks;
        prop_assert_eq!(sum, greeks);
        prop_assert!((greeks.vega_per_point() * 100.0 - greeks.vega).abs() <= 1e-15 * greeks.vega);
        prop_assert!((greeks.theta_per_day() * 365.0 - greeks.theta).abs() <= 1e-15 * greeks.theta.abs());
    }

    #[test]
    fn a_boundary_prices_like_the_method(kind in kinds(), model in models(), factor in 0.7..1.4_f64) {
        let boundary = ExerciseBoundary::new(kind, &model, Precision::Standard).unwrap();
        let other = moved(&model, |i| i.spot *= factor);
        prop_assert_eq!(boundary.price(other.inputs().spot).unwrap(), exact(kind, &other));
    }
}
