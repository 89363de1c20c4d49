//! Effects against closed forms, revaluation and each other.

use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::explain::{Effects, ExplainDay, ExplainMethod, Explained, PnlExplainer};

fn market(on: Date, spot: f64, volatility: f64, rate: f64, dividend_yield: f64) -> MarketSnapshot {
    let market = MarketSnapshot::usd(on).with_spot("A", spot).unwrap().with_volatility("A", volatility).unwrap();
    market.with_rate("USD", rate).unwrap().with_dividend_yield("A", dividend_yield).unwrap()
}

fn one(contract: &OptionContract, open: MarketSnapshot, close: MarketSnapshot, method: ExplainMethod) -> Explained {
    let book = Book::builder().option(contract.clone(), 1.0).build(&open).unwrap();
    let day = ExplainDay::quiet(book.clone().with_market(close).unwrap());
    let explained = PnlExplainer::default().with_method(method).explain(&book, &[day]).unwrap();
    *explained.rows[0].outcome.known().unwrap()
}

fn unit() -> Multiplier {
    Multiplier::new(1.0).unwrap()
}

const MONDAY: Date = date(2024, 1, 8);
const TUESDAY: Date = date(2024, 1, 9);

/// Haug (1998): S 105, K 100, T 0.5, r 0.1, q 0.1, σ 0.36 has a put delta of −0.3566 and a gamma of 0.0135.
#[test]
fn second_order_by_published_greeks() {
    // 183 days.
    let expiry = date(2024, 7, 9);
    let put = OptionContract::put("A", 100.0, expiry, unit()).unwrap().european();
    let open = market(MONDAY, 105.0, 0.36, 0.1, 0.1);
    let close = market(TUESDAY, 106.0, 0.37, 0.11, 0.09);
    let got = one(&put, open, close, ExplainMethod::Taylor).effects;
    for ((name, got), (_, want)) in got.parts().into_iter().zip(REFERENCE.parts()) {
        assert!((got - want).abs() < 1e-9, "{name}: {got} against {want}");
    }
}

/// From the closed form by scipy 1.17: complex steps for first derivatives, their Richardson differences for second ones,
/// with T = 183/365. θ/365, δ, γ/2, 𝒱/100, ∂²V/∂S∂σ/100, ∂²V/∂σ²/2e4, ρ/100, −ε/100.
const REFERENCE: Effects = Effects {
    theta: -0.024_265_787_273_301_68,
    delta: -0.356_583_574_785_476_5,
    gamma: 0.006_736_860_977_939_832,
    higher_spot: 0.0,
    vega: 0.268_118_576_631_566_2,
    vanna: -0.000_640_618_099_593_977_3,
    volga: 0.000_075_933_600_316_052_5,
    higher_volatility: 0.0,
    rho: -0.226_268_801_780_684_04,
    epsilon: -0.187_719_270_945_285_7,
    fx: 0.0,
    dividends: 0.0,
    interest: 0.0,
    trading: 0.0,
    costs: 0.0,
};

/// The same path integrals by scipy's adaptive quadrature on the closed form.
#[test]
fn path_integrals_by_quadrature() {
    let put = OptionContract::put("A", 100.0, date(2024, 1, 19), unit()).unwrap().european();
    let open = market(MONDAY, 105.0, 0.30, 0.05, 0.01);
    let close = market(TUESDAY, 96.0, 0.45, 0.06, 0.02);
    let got = one(&put, open, close, ExplainMethod::PathIntegrated { order: 8, tolerance: 1e-12, max_panels: 64 });
    let e = got.effects;
    let spot = e.delta + e.gamma + e.higher_spot + 0.5 * e.vanna;
    let volatility = e.vega + e.volga + e.higher_volatility + 0.5 * e.vanna;
    for (got, want) in [e.theta, spot, volatility, e.rho, e.epsilon, got.actual].into_iter().zip(QUADRATURE) {
        assert!((got - want).abs() < 1e-9, "{got} against {want}");
    }
    assert!(got.residual.abs() < 1e-9);
}

/// θ, spot, volatility, rate, yield, and the change of the price.
const QUADRATURE: [f64; 6] = [
    -0.105_738_795_362_556_57,
    3.960_434_620_326_981,
    0.923_168_971_448_824_7,
    -0.013_184_238_891_340_589,
    0.012_489_178_654_511_763,
    4.777_169_736_176_432_5,
];

/// A day that ends at expiry near the strike: the integrals by scipy in the square root of the time left.
#[test]
fn the_last_day_by_quadrature() {
    let put = OptionContract::put("A", 100.0, TUESDAY, unit()).unwrap().european();
    for (spot, want) in LAST_DAY {
        let open = market(MONDAY, 100.5, 0.25, 0.05, 0.0);
        let close = market(TUESDAY, spot, 0.25, 0.05, 0.0);
        let got = one(&put, open, close, ExplainMethod::PathIntegrated { order: 8, tolerance: 1e-10, max_panels: 200 });
        let e = got.effects;
        let spot_effect = e.delta + e.gamma + e.higher_spot;
        assert!((e.theta - want[0]).abs() < 1e-7 && (spot_effect - want[1]).abs() < 1e-7, "{spot}: {e:?}");
        assert!((got.actual - want[2]).abs() < 1e-10 && got.residual.abs() < 2e-8, "{spot}: {got:?}");
    }
}

/// Closing spot; θ, spot and the change of the price.
const LAST_DAY: [(f64, [f64; 3]); 3] = [
    (99.0, [-0.268_982_103_077_914_4, 0.962_903_419_387_374_4, 0.693_921_316_309_477_7]),
    (100.0, [-0.503_907_679_659_777_2, 0.197_828_995_969_237_3, -0.306_078_683_690_522_3]),
    (101.5, [-0.160_678_260_027_246_67, -0.145_400_423_663_292_7, -0.306_078_683_690_522_3]),
];

/// Factors that stand still have no effect, and the one that moves has all of it.
#[test]
fn one_factor_at_a_time() {
    let call = OptionContract::call("A", 100.0, date(2024, 3, 15), unit()).unwrap();
    for contract in [call.clone(), call.european()] {
        let start = || market(MONDAY, 101.0, 0.3, 0.05, 0.02);
        // A day passes in all of them.
        let all = [
            (market(TUESDAY, 104.0, 0.3, 0.05, 0.02), "spot"),
            (market(TUESDAY, 101.0, 0.36, 0.05, 0.02), "volatility"),
            (market(TUESDAY, 101.0, 0.3, 0.06, 0.02), "rho"),
            (market(TUESDAY, 101.0, 0.3, 0.05, 0.03), "epsilon"),
        ];
        for (close, moved) in all {
            let got = one(&contract, start(), close, ExplainMethod::default());
            let e = got.effects;
            let spot = e.delta + e.gamma + e.higher_spot;
            let volatility = e.vega + e.volga + e.higher_volatility;
            for (name, effect) in [("spot", spot), ("volatility", volatility), ("rho", e.rho), ("epsilon", e.epsilon)] {
                assert_eq!(effect != 0.0, name == moved, "{contract} {moved}: {name} {effect}");
            }
            assert!(e.theta < 0.0 && got.residual.abs() < 2e-5, "{got:?}");
        }
    }
}

/// An American put through early exercise: below the boundary its delta is −1 and nothing else happens.
#[test]
fn early_exercise_on_the_way() {
    let put = OptionContract::put("A", 100.0, date(2024, 6, 21), unit()).unwrap();
    let got = one(
        &put,
        market(MONDAY, 92.0, 0.15, 0.08, 0.0),
        market(TUESDAY, 80.0, 0.15, 0.08, 0.0),
        ExplainMethod::default(),
    );
    assert!(got.residual.abs() < 2e-5, "{got:?}");
    let deep = one(
        &put,
        market(MONDAY, 70.0, 0.15, 0.08, 0.0),
        market(TUESDAY, 68.0, 0.15, 0.08, 0.0),
        ExplainMethod::default(),
    );
    assert!((deep.actual - 2.0).abs() < 1e-12 && (deep.effects.delta - 2.0).abs() < 1e-9, "{deep:?}");
}

/// The last day of an American put, with all factors moving.
#[test]
fn an_american_last_day() {
    let put = OptionContract::put("A", 100.0, TUESDAY, unit()).unwrap();
    for spot in [97.0, 99.9, 100.0, 100.4, 104.0] {
        let (open, close) = (market(MONDAY, 100.5, 0.25, 0.05, 0.01), market(TUESDAY, spot, 0.35, 0.06, 0.02));
        let got = one(&put, open, close, ExplainMethod::default());
        assert!(got.residual.abs() < 2e-4, "{spot}: {got:?}");
    }
}

/// Cash dividends that stay ahead are part of the price; a path across an ex date is refused, not guessed.
#[test]
fn cash_dividends() {
    let put = OptionContract::put("A", 100.0, date(2024, 6, 21), unit()).unwrap();
    let with = |market: MarketSnapshot, ex: Date| market.with_dividends("A", vec![(ex, 1.5)]).unwrap();
    let ahead = date(2024, 3, 15);
    for contract in [put.clone(), put.clone().european()] {
        let (open, close) = (market(MONDAY, 102.0, 0.25, 0.05, 0.0), market(TUESDAY, 100.0, 0.26, 0.05, 0.0));
        let got = one(&contract, with(open, ahead), with(close, ahead), ExplainMethod::default());
        // The tolerance of prices from a grid: 2e-5 of the spot.
        assert!(got.residual.abs() < 2e-3 * got.actual.abs(), "{got:?}");
    }
    let open = with(market(MONDAY, 102.0, 0.25, 0.05, 0.0), TUESDAY);
    let book = Book::builder().option(put, 1.0).build(&open).unwrap();
    let close = market(TUESDAY, 100.0, 0.25, 0.05, 0.0);
    let day = ExplainDay::quiet(book.clone().with_market(close).unwrap());
    let explained = PnlExplainer::default().explain(&book, &[day]).unwrap();
    assert!(explained.rows[0].outcome.known().is_none() && !explained.coverage.is_complete());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The effects make up the change of the price, which the book's own valuation measures.
    #[test]
    fn effects_make_up_the_revaluation(
        kind in 0..2_usize, european in 0..2_usize, strike in 80.0_f64..120.0, days in 1_i64..300, spot in 80.0_f64..120.0,
        jump in -0.15_f64..0.15, volatility in 0.08_f64..0.6, vol_jump in -0.3_f64..0.5,
        rates in (0.0_f64..0.08, -0.01_f64..0.01), yields in (0.0_f64..0.05, 0.0_f64..0.02), quantity in -5.0_f64..5.0,
    ) {
        prop_assume!(quantity.abs() > 0.01);
        let expiry = MONDAY.saturating_add(jiff::Span::new().days(days));
        let make = [OptionContract::call, OptionContract::put][kind];
        let contract = make("A", strike, expiry, Multiplier::EQUITY).unwrap();
        let contract = if european == 1 { contract.european() } else { contract };
        let open = market(MONDAY, spot, volatility, rates.0, yields.0);
        let close = market(TUESDAY, spot * (1.0 + jump), volatility * (1.0 + vol_jump), rates.0 + rates.1, yields.1);
        let book = Book::builder().option(contract, quantity).build(&open).unwrap();
        let after = book.clone().with_market(close).unwrap();
        let change = after.exposure().0.market_value - book.exposure().0.market_value;
        let explained = PnlExplainer::default().explain(&book, &[ExplainDay::quiet(after)]).unwrap();
        let day = explained.days[0].sums;
        prop_assert!((day.actual - change).abs() <= 1e-12 * spot * 100.0 * quantity.abs());
        // The tolerance is 1e-7 of the spot per unit, and what greeks of American options hold.
        // Their rho and epsilon are differences with a step of 0.001, which cross the exercise boundary and, near a rate
        // of 0, a change of regime.
        let tolerance = if european == 1 { 1.01e-7 } else { 2e-5 };
        prop_assert!(explained.coverage.is_complete(), "{:?}", explained.rows);
        prop_assert!(day.residual.abs() <= tolerance * spot * 100.0 * quantity.abs(), "{:?}", day);
        prop_assert!((day.effects.total() + day.residual - day.actual).abs() <= 1e-11 * (1.0 + day.actual.abs()));
    }
}
