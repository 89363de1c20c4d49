use alluse_risk_core::Error as Input;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::pricing::{DeltaConvention, DeltaMarket, american_greeks, strike_from_delta};
use crate::surface::{Carry, ExpirySlice, Svi, SviParameters, VolatilitySurface};

const TODAY: Date = date(2018, 12, 31);
const EXPIRY: Date = date(2019, 12, 31);

fn flat() -> MarketSnapshot {
    MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_volatility("A", 0.25)?.with_rate("USD", 0.03)?.with_dividend_yield("A", 0.01))
        .unwrap()
}

fn skewed(b: f64, rho: f64, sigma: f64) -> MarketSnapshot {
    let svi = Svi::new(SviParameters { a: 0.02, b, rho, m: 0.0, sigma }).unwrap();
    let surface = VolatilitySurface::new(TODAY, 100.0, vec![ExpirySlice::new(EXPIRY, Carry::Rate(0.02), svi)]);
    flat().with_surface("A", surface.unwrap()).unwrap()
}

fn request(market: &MarketSnapshot, kind: OptionKind, style: ExerciseStyle) -> StrikeRequest {
    StrikeRequest::new(market, "A", kind, style, EXPIRY).unwrap()
}

fn delta(value: f64) -> Delta {
    Delta::new(value).unwrap()
}

#[test]
fn deltas_are_fractions() {
    for bad in [0.0, 1.0, -1.0, 45.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Delta::new(bad), Err(Error::Input(Input::OutOfDomain { name: "delta", .. }))), "{bad}");
    }
    assert_eq!(delta(-0.3).value(), -0.3);
    assert!(serde_json::from_str::<Delta>("30").is_err());
    assert_eq!(serde_json::from_str::<Delta>("0.3").unwrap(), delta(0.3));
    let band = DeltaBand::new(delta(-0.5), delta(-0.4)).unwrap();
    assert_eq!(band, DeltaBand::new(delta(-0.4), delta(-0.5)).unwrap());
    assert!(band.contains(-0.5) && band.contains(-0.4) && !band.contains(-0.39) && !band.contains(-0.51));
    assert!(DeltaBand::new(delta(-0.4), delta(0.5)).is_err());
    assert_eq!(serde_json::from_str::<DeltaBand>(&serde_json::to_string(&band).unwrap()).unwrap(), band);
    assert!(serde_json::from_str::<DeltaBand>("[-0.4,0.5]").is_err());
}

#[test]
fn without_skew_it_is_the_closed_form() {
    let market = DeltaMarket { spot: 100.0, time: 1.0, volatility: 0.25, rate: 0.03, dividend_yield: 0.01 };
    for (kind, target) in [
        (OptionKind::Call, 0.05),
        (OptionKind::Call, 0.5),
        (OptionKind::Call, 0.9),
        (OptionKind::Put, -0.3),
        (OptionKind::Put, -0.001),
        (OptionKind::Put, -0.8),
    ] {
        let want = strike_from_delta(&market, kind, target, DeltaConvention::Spot).unwrap();
        let selected = strike_for_delta(&request(&flat(), kind, ExerciseStyle::European), delta(target)).unwrap();
        assert!((selected.exact_strike / want - 1.0).abs() < 1e-8, "{kind:?} {target}: {selected:?} {want}");
        assert!((selected.chosen.delta - target).abs() < 1e-12 && selected.chosen.strike == selected.exact_strike);
        assert_eq!((selected.chosen.volatility, selected.matches.len()), (0.25, 1));
    }
}

#[test]
fn the_volatility_is_read_at_the_strike() {
    let market = skewed(0.15, -0.7, 0.15);
    let asset = AssetId::new("A").unwrap();
    let surface = market.surface(&asset).unwrap();
    for style in [ExerciseStyle::European, ExerciseStyle::American] {
        let selected = strike_for_delta(&request(&market, OptionKind::Put, style), delta(-0.2)).unwrap();
        let StrikeValues { strike, volatility, delta, delta_slope, price } = selected.chosen;
        assert_eq!(volatility, surface.volatility(strike, EXPIRY).unwrap());
        assert!((delta + 0.2).abs() < 1e-11, "{delta}");
        let at = |strike: f64| {
            let volatility = surface.volatility(strike, EXPIRY).unwrap();
            let inputs =
                BlackScholesInputs { spot: 100.0, strike, time: 1.0, volatility, rate: 0.03, dividend_yield: 0.01 };
            let model = BlackScholes::new(inputs).unwrap();
            match style {
                ExerciseStyle::European => (model.price(OptionKind::Put), model.greeks(OptionKind::Put).unwrap().delta),
                ExerciseStyle::American => {
                    let greeks = american_greeks(OptionKind::Put, &model, Precision::default()).unwrap();
                    (greeks.price, greeks.delta)
                }
            }
        };
        assert!((price - at(strike).0).abs() < 1e-12);
        let slope = (at(strike + 0.5).1 - at(strike - 0.5).1) / 1.0;
        assert!((delta_slope / slope - 1.0).abs() < 1e-3 && delta_slope < 0.0, "{delta_slope} {slope}");
    }
}

#[test]
fn an_american_put_reaches_its_delta_at_a_lower_strike() {
    let strike = |style| strike_for_delta(&request(&flat(), OptionKind::Put, style), delta(-0.5)).unwrap().exact_strike;
    assert!(strike(ExerciseStyle::American) < strike(ExerciseStyle::European) - 0.1);
}

#[test]
fn the_nearest_listed_strike_is_chosen() {
    let exact = strike_for_delta(&request(&flat(), OptionKind::Put, ExerciseStyle::European), delta(-0.3)).unwrap();
    let k = exact.exact_strike;
    let listed = |kind, target: f64, strikes: Vec<f64>| {
        let request = request(&flat(), kind, ExerciseStyle::European).with_listed_strikes(strikes).unwrap();
        strike_for_delta(&request, delta(target)).unwrap()
    };
    let near = listed(OptionKind::Put, -0.3, vec![k + 3.0, k - 2.0, k + 1.0, k - 9.0]);
    assert_eq!(near.chosen.strike, k + 1.0);
    assert!((near.exact_strike - k).abs() < 1e-9 && near.chosen.delta < -0.3);
    assert!((near.chosen.delta - (-0.3 + exact.chosen.delta_slope)).abs() < 1e-3);
    // Strikes equally far on both sides: the one out of the money.
    let request = request(&flat(), OptionKind::Put, ExerciseStyle::European).with_listed_strikes(vec![90.0, 92.0]);
    assert_eq!(request.unwrap().nearest_listed(91.0), Some(90.0));
    let request =
        self::request(&flat(), OptionKind::Call, ExerciseStyle::European).with_listed_strikes(vec![90.0, 92.0]);
    assert_eq!(request.unwrap().nearest_listed(91.0), Some(92.0));
}

#[test]
fn a_band_holds_the_listed_strikes_inside_it() {
    let strikes: Vec<f64> = (70..=130).map(f64::from).collect();
    let request =
        request(&flat(), OptionKind::Put, ExerciseStyle::European).with_listed_strikes(strikes.clone()).unwrap();
    let band = DeltaBand::new(delta(-0.5), delta(-0.4)).unwrap();
    let inside = strikes_in_band(&request, band).unwrap();
    assert!(inside.len() > 5 && inside.windows(2).all(|pair| pair[0].strike < pair[1].strike));
    let edge = |target| strike_for_delta(&request, delta(target)).unwrap().exact_strike;
    let want: Vec<f64> = strikes.into_iter().filter(|k| *k >= edge(-0.4) && *k <= edge(-0.5)).collect();
    assert_eq!(inside.iter().map(|values| values.strike).collect::<Vec<_>>(), want);
    let far = DeltaBand::new(delta(-0.0001), delta(-0.0002)).unwrap();
    assert!(strikes_in_band(&request, far).unwrap().is_empty());
}

#[test]
fn a_smile_too_steep_gives_several_strikes() {
    // A wing of slope 1.9: far out, volatility grows so fast that the delta of a call rises again.
    let market = skewed(1.0, 0.9, 0.05);
    let request = request(&market, OptionKind::Call, ExerciseStyle::European);
    let grid = request.grid(15.0).unwrap();
    let lowest = grid.iter().map(|(_, delta)| *delta).fold(f64::INFINITY, f64::min);
    assert!(lowest > 0.1, "{lowest}");
    match strike_for_delta(&request, delta(0.05)).unwrap_err() {
        Error::NoStrikeForDelta { target, lowest, highest } => {
            assert!(target == 0.05 && lowest > 0.1 && highest < 1.0);
        }
        other => panic!("{other:?}"),
    }
    let rising = grid.windows(2).any(|pair| pair[1].1 > pair[0].1);
    if rising {
        let last = grid[grid.len() - 1].1;
        let selected = strike_for_delta(&request, delta(0.5 * (lowest + last))).unwrap();
        assert!(selected.matches.len() >= 2, "{selected:?}");
        let nearest = selected.matches.iter().map(|k| (k / request.forward()).ln().abs()).fold(f64::INFINITY, f64::min);
        assert_eq!((selected.exact_strike / request.forward()).ln().abs(), nearest);
    }
}

#[test]
fn one_wrong_thing_at_a_time() {
    let put = || request(&flat(), OptionKind::Put, ExerciseStyle::American);
    let wrong_sign = strike_for_delta(&put(), delta(0.3));
    assert!(matches!(wrong_sign, Err(Error::Input(Input::OutOfDomain { name: "delta", .. }))));
    let band = DeltaBand::new(delta(0.4), delta(0.5)).unwrap();
    assert!(matches!(strikes_in_band(&put(), band), Err(Error::Input(Input::OutOfDomain { .. }))));
    let band = DeltaBand::new(delta(-0.4), delta(-0.5)).unwrap();
    assert!(matches!(strikes_in_band(&put(), band), Err(Error::Input(Input::Empty { .. }))));
    assert!(matches!(put().with_listed_strikes(vec![]), Err(Error::Input(Input::Empty { .. }))));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let listed = put().with_listed_strikes(vec![1.0, bad]);
        assert!(matches!(listed, Err(Error::Input(Input::ElementOutOfDomain { index: 1, .. }))));
    }
    let new = |market: &MarketSnapshot, expiry| {
        StrikeRequest::new(market, "A", OptionKind::Put, ExerciseStyle::American, expiry).unwrap_err()
    };
    assert!(matches!(new(&flat(), TODAY), Error::Input(Input::OutOfDomain { name: "time", .. })));
    let empty = MarketSnapshot::usd(TODAY);
    assert!(matches!(new(&empty, EXPIRY), Error::MissingQuote { what: "volatility", .. }));
    let empty = empty.with_volatility("A", 0.2).unwrap();
    assert!(matches!(new(&empty, EXPIRY), Error::MissingQuote { what: "price", .. }));
    let empty = empty.with_spot("A", 1.0).unwrap();
    assert!(matches!(new(&empty, EXPIRY), Error::MissingQuote { what: "rate", .. }));
    let empty = empty.with_rate("USD", 0.0).unwrap();
    assert!(matches!(new(&empty, EXPIRY), Error::MissingQuote { what: "dividend yield", .. }));
    // Above e^(−qT) there is no delta of a European call.
    let call = request(&flat(), OptionKind::Call, ExerciseStyle::European);
    assert!(matches!(strike_for_delta(&call, delta(0.995)), Err(Error::NoStrikeForDelta { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_achieved_delta_is_the_target(target in 0.02..0.95_f64, b in 0.02..0.3_f64, rho in -0.9..0.5_f64, put: bool) {
        let market = skewed(b, rho, 0.2);
        let (kind, sign) = if put { (OptionKind::Put, -1.0) } else { (OptionKind::Call, 1.0) };
        let selected = strike_for_delta(&request(&market, kind, ExerciseStyle::European), delta(sign * target)).unwrap();
        prop_assert!((selected.chosen.delta - sign * target).abs() < 1e-10, "{selected:?}");
        prop_assert!(selected.matches.contains(&selected.exact_strike));
    }
}
