//! Prices, greeks and volatilities against numbers computed or published elsewhere.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]
#![allow(clippy::excessive_precision, reason = "numbers stand as their source prints them")]

use alluse_instruments::pricing::{
    AmericanMethod, AtmRule, Bachelier, Black76, BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket,
    ExerciseBoundary, ForwardInputs, ForwardQuote, OptionKind, Precision, SpotQuote, american_greeks, atm_strike,
    implied_volatility, implied_volatility_black76, strike_from_delta,
};
use serde_json::Value;
use testkit::close;

fn model(spot: f64, strike: f64, time: f64, volatility: f64, rate: f64, dividend_yield: f64) -> BlackScholes {
    BlackScholes::new(BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield }).unwrap()
}

fn golden() -> Vec<Value> {
    serde_json::from_str(include_str!("golden/black_scholes.json")).unwrap()
}

fn each_field(got: &Value, want: &Value, tolerance: f64, row: &Value) {
    for (name, want) in want.as_object().unwrap() {
        let (got, want) = (got[name].as_f64().unwrap(), want.as_f64().unwrap());
        assert!((got - want).abs() <= tolerance * want.abs(), "{name}: got {got:e}, want {want:e} in {row}");
    }
}

// The tails lose x² ulp in each normal probability and a factor of a few hundred in their difference: 1e-10 relative
// at prices of 1e-60, where a wrong term or sign is off by far more.
#[test]
fn european_prices_and_all_greeks_match_high_precision() {
    for row in golden() {
        let kind: OptionKind = serde_json::from_value(row["kind"].clone()).unwrap();
        let model: BlackScholes = serde_json::from_value(row["inputs"].clone()).unwrap();
        let analytics = model.analytics(kind).unwrap();
        each_field(&serde_json::to_value(analytics).unwrap(), &row["greeks"], 1e-10, &row);
        let strike = row["strike_sensitivity"].as_f64().unwrap();
        assert!((analytics.strike_sensitivity / strike - 1.0).abs() < 1e-12);
        let digital = model.cash_or_nothing_greeks(kind, 1.0).unwrap();
        each_field(&serde_json::to_value(digital).unwrap(), &row["digital"], 1e-10, &row);
    }
}

#[test]
fn prices_on_the_money_hold_fifteen_digits() {
    for row in golden().iter().take(12) {
        let kind: OptionKind = serde_json::from_value(row["kind"].clone()).unwrap();
        let model: BlackScholes = serde_json::from_value(row["inputs"].clone()).unwrap();
        let want = row["greeks"]["value"].as_f64().unwrap();
        assert!((model.price(kind) / want - 1.0).abs() < 2e-14, "{row}");
    }
}

#[test]
fn implied_volatility_inverts_high_precision_prices() {
    for row in golden() {
        let kind: OptionKind = serde_json::from_value(row["kind"].clone()).unwrap();
        let inputs: BlackScholesInputs = serde_json::from_value(row["inputs"].clone()).unwrap();
        let quote: SpotQuote = serde_json::from_value(row["inputs"].clone()).unwrap();
        let price = row["greeks"]["value"].as_f64().unwrap();
        let vega = row["greeks"]["vega"].as_f64().unwrap();
        // What the last digit of the price means for the volatility.
        let conditioning = 4.0 * f64::EPSILON * price.max(inputs.spot.max(inputs.strike) * 1e-300) / vega;
        if conditioning > 1e-3 {
            continue;
        }
        let got = implied_volatility(kind, price, &quote).unwrap();
        assert!((got - inputs.volatility).abs() < 4e-15 + conditioning, "{got} from {row}");
    }
}

#[test]
fn black76_and_bachelier_match_published_examples() {
    // Haug (1998), p. 5: put on a future, 1.7011.
    let black = Black76::new(ForwardInputs {
        forward: 19.0,
        strike: 19.0,
        time: 0.75,
        volatility: 0.28,
        discount_factor: (-0.1_f64 * 0.75).exp(),
    })
    .unwrap();
    assert!((black.price(OptionKind::Put) - 1.7011).abs() < 5e-5);
    assert!((black.price(OptionKind::Call) - 1.7011).abs() < 5e-5);
    // At the money Bachelier's price is σ√(T/2π), and its tail falls like φ(d)/d².
    let at = |forward: f64| {
        Bachelier::new(ForwardInputs { forward, strike: 0.0, time: 4.0, volatility: 0.5, discount_factor: 0.9 })
            .unwrap()
    };
    close(at(0.0).price(OptionKind::Call), 0.9 * (2.0 * std::f64::consts::PI).sqrt().recip(), 1e-15);
    // mpmath 1.3: 0.9 (φ(10) − 10 Φ(−10)).
    assert!((at(-10.0).price(OptionKind::Call) / 6.727_104_229_130_395e-25 - 1.0).abs() < 1e-12);
    close(at(1.5).price(OptionKind::Call) - at(1.5).price(OptionKind::Put), 0.9 * 1.5, 1e-15);
    let greeks = at(0.3).greeks(OptionKind::Put).unwrap();
    let slope = (at(0.3 + 1e-5).price(OptionKind::Put) - at(0.3 - 1e-5).price(OptionKind::Put)) / 2e-5;
    close(greeks.delta, slope, 1e-9);
    let bend = (at(0.3 + 1e-3).greeks(OptionKind::Put).unwrap().delta
        - at(0.3 - 1e-3).greeks(OptionKind::Put).unwrap().delta)
        / 2e-3;
    close(greeks.gamma, bend, 1e-6);
    let greeks = black.greeks(OptionKind::Call).unwrap();
    let spot_like = model(19.0, 19.0, 0.75, 0.28, 0.1, 0.1).greeks(OptionKind::Call).unwrap();
    close(greeks.vega, spot_like.vega, 1e-13);
    close(greeks.delta, spot_like.delta, 1e-13);
}

// Andersen, Lake and Offengenden (2016), table 2: K = S = 100, q = 5 %, σ = 25 %, T = 1, seven digits printed.
#[test]
fn american_premia_of_andersen_lake_offengenden() {
    for (rate, want, method) in [
        (0.05, 0.106_952_7, AmericanMethod::Exact(Precision::Standard)),
        (0.075, 0.367_111_2, AmericanMethod::Exact(Precision::Standard)),
        (0.05, 0.106_952_7, AmericanMethod::Exact(Precision::High)),
        (0.075, 0.367_111_2, AmericanMethod::Exact(Precision::High)),
    ] {
        let model = model(100.0, 100.0, 1.0, 0.25, rate, 0.05);
        let premium = method.premium_over_european(OptionKind::Put, &model).unwrap();
        assert!((premium - want).abs() < 1.1e-7, "{method:?} {rate}: {premium}");
    }
}

// QuantLib 1.44, QdFpAmericanEngine with its high-precision scheme (relative accuracy about 1e-8).
const QUANTLIB: [(OptionKind, [f64; 6], f64); 6] = [
    (OptionKind::Put, [36.0, 40.0, 1.0, 0.2, 0.06, 0.0], 4.486_674_419_027_13),
    (OptionKind::Put, [36.0, 40.0, 2.0, 0.4, 0.06, 0.0], 8.514_184_914_808_83),
    (OptionKind::Put, [44.0, 40.0, 1.0, 0.2, 0.06, 0.0], 1.112_962_125_279_75),
    (OptionKind::Put, [100.0, 100.0, 1.0, 0.2, 0.05, 0.0], 6.090_370_606_535_343),
    (OptionKind::Call, [100.0, 90.0, 2.0, 0.3, 0.01, 0.03], 19.221_489_717_618_308),
    (OptionKind::Call, [50.0, 60.0, 0.246_575_342_465_753_4, 0.4, -0.005, 0.0], 1.043_028_728_505_140_7),
];

#[test]
fn american_prices_match_an_independent_solver() {
    for (kind, [s, k, t, v, r, q], want) in QUANTLIB {
        let model = model(s, k, t, v, r, q);
        let price = |precision| AmericanMethod::Exact(precision).price(kind, &model).unwrap();
        assert!((price(Precision::High) - want).abs() < 2e-8 * k, "{kind:?} {want}: {}", price(Precision::High));
        assert!((price(Precision::Standard) - want).abs() < 2e-8 * k, "{kind:?} {want}");
        assert!((price(Precision::Fast) - want).abs() < 1e-6 * k, "{kind:?} {want}");
    }
}

// Longstaff and Schwartz (2001), table 1: finite differences with 50 exercise dates a year, hence within 0.012.
#[test]
fn american_puts_of_longstaff_and_schwartz() {
    for (spot, volatility, time, want) in
        [(36.0, 0.2, 1.0, 4.478), (38.0, 0.4, 1.0, 6.148), (40.0, 0.2, 2.0, 2.885), (44.0, 0.4, 2.0, 5.647)]
    {
        let price = AmericanMethod::default().price(OptionKind::Put, &model(spot, 40.0, time, volatility, 0.06, 0.0));
        assert!((price.unwrap() - want).abs() < 0.012);
    }
}

// Haug (1998), p. 24 for Barone-Adesi and Whaley on futures (r = q = 10 %, K = 100), reproduced to 3e-3 with exact
// normal probabilities; QuantLib 1.44 for the lattices and for Bjerksund and Stensland (1993).
#[test]
fn named_approximations_match_their_sources() {
    let priced = |kind, method: AmericanMethod, [s, k, t, v, r, q]: [f64; 6]| {
        method.price(kind, &model(s, k, t, v, r, q)).unwrap()
    };
    let whaley = AmericanMethod::BaroneAdesiWhaley;
    for (kind, s, v, t, want) in [
        (OptionKind::Call, 90.0, 0.15, 0.1, 0.0206),
        (OptionKind::Call, 100.0, 0.35, 0.5, 9.5106),
        (OptionKind::Put, 90.0, 0.15, 0.1, 10.0),
        (OptionKind::Put, 110.0, 0.35, 0.5, 5.8823),
    ] {
        assert!((priced(kind, whaley, [s, 100.0, t, v, 0.1, 0.1]) - want).abs() < 3e-3);
    }
    let put = [100.0, 100.0, 1.0, 0.2, 0.05, 0.0];
    let call = [100.0, 90.0, 2.0, 0.3, 0.01, 0.03];
    close(priced(OptionKind::Put, whaley, put), 6.097_615_381_626_404, 1e-6);
    close(priced(OptionKind::Call, whaley, call), 19.214_013_171_740_937, 1e-6);
    let old = AmericanMethod::BjerksundStensland1993;
    close(priced(OptionKind::Put, old, put), 5.982_973_972_623_782, 1e-12);
    close(priced(OptionKind::Call, old, call), 19.114_531_948_036_827, 1e-12);
    let tree = AmericanMethod::LeisenReimer { steps: 2001 };
    close(priced(OptionKind::Put, tree, put), 6.090_233_489_805_103, 1e-10);
    let tree = AmericanMethod::CoxRossRubinstein { steps: 5001 };
    close(priced(OptionKind::Call, tree, call), 19.221_953_199_240_556, 1e-6);
    // Two flat boundaries come nearer from below than one.
    let exact = priced(OptionKind::Put, AmericanMethod::default(), put);
    let (one, two) =
        (priced(OptionKind::Put, old, put), priced(OptionKind::Put, AmericanMethod::BjerksundStensland2002, put));
    assert!(one < two && two < exact && exact - two < 0.08, "{one} {two} {exact}");
}

#[test]
fn american_greeks_match_differences_of_the_fine_price() {
    for (kind, [s, k, t, v, r, q]) in [
        (OptionKind::Put, [100.0, 100.0, 1.0, 0.2, 0.05, 0.01]),
        (OptionKind::Call, [100.0, 95.0, 0.75, 0.3, 0.03, 0.06]),
    ] {
        let greeks = american_greeks(kind, &model(s, k, t, v, r, q), Precision::Standard).unwrap();
        let fine =
            |s, t, v, r, q| AmericanMethod::Exact(Precision::High).price(kind, &model(s, k, t, v, r, q)).unwrap();
        let central = |h: f64, f: &dyn Fn(f64) -> f64| (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
        close(greeks.price, fine(s, t, v, r, q), 1e-7);
        close(greeks.delta, central(0.1, &|h| fine(s + h, t, v, r, q)), 1e-6);
        close(greeks.theta, -central(0.01, &|h| fine(s, t + h, v, r, q)), 1e-5);
        close(greeks.vega, central(0.004, &|h| fine(s, t, v + h, r, q)), 1e-5);
        close(greeks.rho, central(0.002, &|h| fine(s, t, v, r + h, q)), 1e-5);
        close(greeks.dividend_rho, central(0.002, &|h| fine(s, t, v, r, q + h)), 1e-5);
        let boundary = ExerciseBoundary::new(kind, &model(s, k, t, v, r, q), Precision::High).unwrap();
        close(greeks.gamma, central(0.1, &|h| boundary.delta(s + h).unwrap()), 1e-6);
        close(boundary.gamma(s).unwrap(), greeks.gamma, 1e-6);
    }
}

// Jäckel's stress cases and more: prices by mpmath at 50 digits.
#[test]
fn implied_volatility_reaches_far_tails() {
    let quote = |strike: f64, time: f64| ForwardQuote { forward: 100.0, strike, time, discount_factor: 1.0 };
    for (kind, strike, time, price, want) in [
        (OptionKind::Call, 150.0, 0.1, 2.573_120_575_220_967e-7, 0.25),
        (OptionKind::Call, 250.0, 0.5, 5.364_399_987_895_572e-18, 0.15),
        (OptionKind::Call, 100.000_1, 0.002_7, 0.103_598_275_192_082_7, 0.05),
        (OptionKind::Call, 100.0, 10.0, 99.992_277_320_449_46, 2.5),
        (OptionKind::Call, 100.0, 1.0, 7.965_567_455_405_797, 0.2),
    ] {
        let got = implied_volatility_black76(kind, price, &quote(strike, time)).unwrap();
        // 99.992 of 100 leaves four digits fewer.
        let tolerance = if want > 2.0 { 1e-12 } else { 2e-14 };
        assert!((got - want).abs() < tolerance, "{got} {want}");
    }
}

// QuantLib 1.44 BlackDeltaCalculator.
#[test]
fn delta_quotes_match_an_independent_calculator() {
    let market =
        DeltaMarket { spot: 1.3, time: 0.498_630_136_986_301_4, volatility: 0.1, rate: 0.02, dividend_yield: 0.01 };
    let model = model(1.3, 1.3, market.time, 0.1, 0.02, 0.01);
    close(model.delta(OptionKind::Call, DeltaConvention::Spot).unwrap(), 0.539_480_603_147_664_2, 1e-14);
    let strike = strike_from_delta(&market, OptionKind::Call, 0.25, DeltaConvention::Spot).unwrap();
    close(strike, 1.373_269_834_827_477_9, 1e-9);
    let atm = atm_strike(&market, DeltaConvention::Spot, AtmRule::DeltaNeutral).unwrap();
    close(atm, 1.309_759_740_930_000_2, 1e-14);
}
