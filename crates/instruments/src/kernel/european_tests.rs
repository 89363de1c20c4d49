use proptest::prelude::*;

use super::super::math::ln;
use super::super::testing::{Golden, paths};
use super::*;

#[derive(Debug, Clone, Copy)]
struct Case {
    kind: OptionKind,
    spot: f64,
    strike: f64,
    time: f64,
    rate: f64,
    dividend_yield: f64,
    volatility: f64,
}

fn price(dispatch: Dispatch, c: Case) -> f64 {
    let option = European::new(c.kind, c.strike, c.time).unwrap();
    let mut out = [0.0];
    price_scenarios(dispatch, &option, &Scenarios::new(c.spot, c.volatility, c.rate, c.dividend_yield), &mut out)
        .unwrap();
    out[0]
}

/// The textbook formula on the C library's functions.
fn libm_price(c: Case) -> f64 {
    let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let w = if c.kind == OptionKind::Call { 1.0 } else { -1.0 };
    let s = c.volatility * c.time.sqrt();
    let d1 = (libm::log(c.spot / c.strike) + (c.rate - c.dividend_yield) * c.time) / s + 0.5 * s;
    let (spot, strike) = (c.spot * libm::exp(-c.dividend_yield * c.time), c.strike * libm::exp(-c.rate * c.time));
    w * (spot * cdf(w * d1) - strike * cdf(w * (d1 - s)))
}

fn cases() -> Vec<(Case, f64)> {
    Golden::load()
        .options("price")
        .into_iter()
        .map(|(kind, v)| {
            let case =
                Case { kind, spot: v[0], strike: v[1], time: v[2], rate: v[3], dividend_yield: v[4], volatility: v[5] };
            (case, v[6])
        })
        .collect()
}

// Absolute: a few roundings of the larger leg. Relative: 1e-10 wherever the price is worth the name; the file
// has no positive deviation below 1e-4, where one rounding of the spot moves the price more than that.
#[test]
fn prices_agree_with_mpmath() {
    for dispatch in paths() {
        let mut relative = 0;
        for (case, expected) in cases() {
            let got = price(dispatch, case);
            let error = (got - expected).abs();
            assert!(error <= 1e-14 * (case.spot + case.strike), "{case:?}: {got:e}, expected {expected:e}");
            assert!(error <= 1e-12 * case.spot, "{case:?}: {got:e}, expected {expected:e}");
            if expected > 1e-8 * case.spot {
                assert!(error <= 1e-10 * expected, "{case:?}: {got:e}, expected {expected:e}");
                relative += 1;
            }
        }
        assert!(relative > 300, "{relative}");
    }
}

#[test]
fn options_and_scenarios_give_the_same_bits() {
    let all: Vec<Case> = cases().into_iter().map(|c| c.0).collect();
    let column = |f: fn(&Case) -> f64| all.iter().map(f).collect::<Vec<f64>>();
    let kind: Vec<OptionKind> = all.iter().map(|c| c.kind).collect();
    let (spot, strike, time) = (column(|c| c.spot), column(|c| c.strike), column(|c| c.time));
    let (volatility, rate, dividend_yield) =
        (column(|c| c.volatility), column(|c| c.rate), column(|c| c.dividend_yield));
    let options = Options {
        kind: &kind,
        spot: &spot,
        strike: &strike,
        time: &time,
        volatility: &volatility,
        rate: &rate,
        dividend_yield: &dividend_yield,
    };
    for dispatch in paths() {
        let mut out = vec![0.0; all.len()];
        price_options(dispatch, &options, &mut out).unwrap();
        for (got, case) in out.iter().zip(&all) {
            assert_eq!(got.to_bits(), price(dispatch, *case).to_bits(), "{case:?}");
        }
    }
}

#[test]
fn without_time_or_volatility_the_value_is_exactly_intrinsic() {
    for dispatch in paths() {
        for (kind, strike, expected) in [
            (OptionKind::Call, 90.0, 10.0),
            (OptionKind::Call, 100.0, 0.0),
            (OptionKind::Call, 110.0, 0.0),
            (OptionKind::Put, 90.0, 0.0),
            (OptionKind::Put, 100.0, 0.0),
            (OptionKind::Put, 110.0, 10.0),
        ] {
            let base = Case { kind, spot: 100.0, strike, time: 0.0, rate: 0.05, dividend_yield: 0.02, volatility: 0.3 };
            assert_eq!(price(dispatch, base), expected);
            let still = Case { time: 2.0, rate: 0.0, dividend_yield: 0.0, volatility: 0.0, ..base };
            assert_eq!(price(dispatch, still), expected);
            for volatility in [f64::from_bits(1), 1e-300, 1e-20] {
                let least = price(dispatch, Case { volatility, ..still });
                assert!((least - expected).abs() <= 1e-14 * 100.0, "{least}");
            }
        }
    }
}

// d₁ = 0 exactly, as −0.125 · 1 / 0.5 + 0.5 / 2: the value is half the spot less a share of the strike that
// mpmath gives as Φ(±0.5).
#[test]
fn a_distance_of_exactly_zero() {
    let case = Case {
        kind: OptionKind::Call,
        spot: 100.0,
        strike: 100.0,
        time: 1.0,
        rate: -0.125,
        dividend_yield: 0.0,
        volatility: 0.5,
    };
    let strike = 113.314_845_306_682_63;
    for dispatch in paths() {
        let call = price(dispatch, case);
        assert!((call - (50.0 - strike * 0.308_537_538_725_986_9)).abs() < 1e-12, "{call}");
        let put = price(dispatch, Case { kind: OptionKind::Put, ..case });
        assert!((put - (strike * 0.691_462_461_274_013_1 - 50.0)).abs() < 1e-12, "{put}");
        // The same for d₂.
        let call = price(dispatch, Case { rate: 0.125, ..case });
        assert!((call - (100.0 * 0.691_462_461_274_013_1 - 50.0 / 1.133_148_453_066_826_3)).abs() < 1e-12, "{call}");
    }
}

#[test]
fn limits_of_volatility_and_moneyness() {
    let base = Case {
        kind: OptionKind::Call,
        spot: 100.0,
        strike: 120.0,
        time: 1.0,
        rate: 0.0,
        dividend_yield: 0.0,
        volatility: 1e3,
    };
    for dispatch in paths() {
        assert_eq!(price(dispatch, base), 100.0);
        assert_eq!(price(dispatch, Case { kind: OptionKind::Put, ..base }), 120.0);
        assert_eq!(price(dispatch, Case { strike: 1e300, volatility: 0.2, ..base }), 0.0);
        assert_eq!(price(dispatch, Case { spot: 1e-300, volatility: 0.2, ..base }), 0.0);
        assert_eq!(price(dispatch, Case { rate: 1e4, volatility: 0.2, ..base }), 100.0);
    }
}

fn scenario_columns(n: usize) -> [Vec<f64>; 4] {
    let wave = |k: f64| (0..n).map(move |i| ((i as f64 + 1.0) * k).sin());
    [
        wave(1.3).map(|x| 100.0 + 30.0 * x).collect(),
        wave(2.1).map(|x| 0.25 + 0.24 * x).collect(),
        wave(0.7).map(|x| 0.03 + 0.04 * x).collect(),
        wave(0.9).map(|x| 0.01 + 0.02 * x).collect(),
    ]
}

#[test]
fn the_place_in_the_batch_does_not_matter() {
    let option = European::new(OptionKind::Put, 104.0, 0.4).unwrap();
    let [spot, volatility, rate, dividend_yield] = scenario_columns(67);
    for dispatch in paths() {
        let run = |from: usize, to: usize| {
            let part = |column: &'static str, values: &[f64]| {
                let _ = column;
                values.iter().cycle().skip(from).take(to).copied().collect::<Vec<f64>>()
            };
            let (s, v) = (part("spot", &spot), part("volatility", &volatility));
            let (r, q) = (part("rate", &rate), part("yield", &dividend_yield));
            let mut out = vec![0.0; to];
            price_scenarios(dispatch, &option, &Scenarios::new(&s[..], &v[..], &r[..], &q[..]), &mut out).unwrap();
            out
        };
        let whole = run(0, 67);
        for length in 1..40 {
            for start in [0, 1, 2, 3, 5, 8, 13, 21, 34, 66] {
                for (i, value) in run(start, length).iter().enumerate() {
                    assert_eq!(value.to_bits(), whole[(start + i) % 67].to_bits(), "{start} {length} {i}");
                }
            }
        }
    }
}

#[test]
fn constants_and_shared_logarithms_give_the_same_bits() {
    let option = European::new(OptionKind::Call, 97.0, 1.3).unwrap();
    let [spot, volatility, rate, _] = scenario_columns(45);
    let flat = vec![0.015; 45];
    for dispatch in paths() {
        let mut log_spot = vec![0.0; 45];
        ln(dispatch, &spot, &mut log_spot).unwrap();
        let price = |scenarios: &Scenarios<'_>| {
            let mut out = vec![0.0; 45];
            price_scenarios(dispatch, &option, scenarios, &mut out).unwrap();
            out
        };
        let plain = price(&Scenarios::new(&spot[..], &volatility[..], &rate[..], 0.015));
        assert_eq!(plain, price(&Scenarios::new(&spot[..], &volatility[..], &rate[..], &flat[..])));
        let shared = Scenarios::new(&spot[..], &volatility[..], &rate[..], 0.015).with_log_spot(&log_spot);
        assert_eq!(plain, price(&shared));
        let by_rate = price(&Scenarios::new(&spot[..], &volatility[..], &flat[..], 0.015));
        assert_eq!(by_rate, price(&Scenarios::new(&spot[..], &volatility[..], 0.015, 0.015)));
        let one_spot = vec![spot[0]; 45];
        let by_spot = price(&Scenarios::new(&one_spot[..], &volatility[..], &rate[..], 0.015));
        assert_eq!(by_spot, price(&Scenarios::new(spot[0], &volatility[..], &rate[..], 0.015)));
    }
}

#[test]
fn a_nan_stays_in_its_place_and_a_negative_volatility_is_one() {
    let option = European::new(OptionKind::Call, 100.0, 0.5).unwrap();
    for dispatch in paths() {
        for (argument, bad) in [(0, f64::NAN), (1, f64::NAN), (2, f64::NAN), (3, f64::NAN), (1, -0.2), (0, -100.0)] {
            for place in [0, 5, 8, 18] {
                let mut columns = scenario_columns(19);
                columns[argument][place] = bad;
                let [s, v, r, q] = &columns;
                let mut out = vec![0.0; 19];
                price_scenarios(dispatch, &option, &Scenarios::new(&s[..], &v[..], &r[..], &q[..]), &mut out).unwrap();
                for (i, value) in out.iter().enumerate() {
                    assert_eq!(value.is_nan(), i == place, "argument {argument}, place {place}: {i} is {value}");
                }
            }
        }
        // Deep in and out of the money, where a formula could lose its NaN by selection.
        for strike in [1.0, 1e4] {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let option = European::new(kind, strike, 0.01).unwrap();
                for nan in 0..4 {
                    let mut c = [[100.0], [0.2], [0.03], [0.01]];
                    c[nan][0] = f64::NAN;
                    let [s, v, r, q] = &c;
                    let mut out = [0.0];
                    let log = [100.0_f64.ln()];
                    let market = Scenarios::new(&s[..], &v[..], &r[..], &q[..]).with_log_spot(&log);
                    price_scenarios(dispatch, &option, &market, &mut out).unwrap();
                    assert!(out[0].is_nan(), "{kind:?} {strike} {nan}");
                }
            }
        }
    }
}

#[test]
fn hostile_input() {
    let out_of_domain =
        |name, expected| move |value: f64| -> crate::Error { Error::OutOfDomain { name, expected, value }.into() };
    for strike in [0.0, -1.0, f64::INFINITY] {
        let error = European::new(OptionKind::Put, strike, 1.0).unwrap_err();
        assert_eq!(error, out_of_domain("strike", "finite and positive")(strike));
    }
    for time in [-1e-9, f64::INFINITY] {
        let error = European::new(OptionKind::Put, 1.0, time).unwrap_err();
        assert_eq!(error, out_of_domain("time", "finite, 0 or more")(time));
    }
    assert!(European::new(OptionKind::Put, f64::NAN, 1.0).is_err());
    assert!(European::new(OptionKind::Put, 1.0, f64::NAN).is_err());

    let option = European::new(OptionKind::Put, 100.0, 1.0).unwrap();
    let run = |scenarios: &Scenarios<'_>, n: usize| {
        price_scenarios(Dispatch::detect(), &option, scenarios, &mut vec![0.0; n]).unwrap_err()
    };
    let three = [1.0; 3];
    let short = |name| -> crate::Error { Error::LengthMismatch { name, expected: 4, got: 3 }.into() };
    assert_eq!(run(&Scenarios::new(&three[..], 0.2, 0.0, 0.0), 4), short("spot"));
    assert_eq!(run(&Scenarios::new(1.0, &three[..], 0.0, 0.0), 4), short("volatility"));
    assert_eq!(run(&Scenarios::new(1.0, 0.2, &three[..], 0.0), 4), short("rate"));
    assert_eq!(run(&Scenarios::new(1.0, 0.2, 0.0, &three[..]), 4), short("dividend_yield"));
    assert_eq!(run(&Scenarios::new(1.0, 0.2, 0.0, 0.0).with_log_spot(&three), 4), short("log_spot"));
    assert_eq!(run(&Scenarios::new(1.0, 0.2, 0.0, 0.0), 0), Error::Empty { name: "out" }.into());
    assert_eq!(run(&Scenarios::new(0.0, 0.2, 0.0, 0.0), 1), out_of_domain("spot", "finite and positive")(0.0));
    assert_eq!(run(&Scenarios::new(1.0, -0.2, 0.0, 0.0), 1), out_of_domain("volatility", "finite, 0 or more")(-0.2));
    assert_eq!(run(&Scenarios::new(1.0, 0.2, f64::INFINITY, 0.0), 1), out_of_domain("rate", "finite")(f64::INFINITY));
    assert!(matches!(
        run(&Scenarios::new(1.0, 0.2, 0.0, f64::NAN), 1),
        crate::Error::Input(Error::OutOfDomain { name: "dividend_yield", .. })
    ));
}

#[test]
fn option_slices_must_agree() {
    let good = [1.0; 2];
    let base = Options {
        kind: &[OptionKind::Call; 2],
        spot: &good,
        strike: &good,
        time: &good,
        volatility: &good,
        rate: &good,
        dividend_yield: &good,
    };
    let short = &good[..1];
    let run = |options: Options<'_>| price_options(Dispatch::detect(), &options, &mut [0.0; 2]).unwrap_err();
    for (name, options) in [
        ("spot", Options { spot: short, ..base }),
        ("strike", Options { strike: short, ..base }),
        ("time", Options { time: short, ..base }),
        ("volatility", Options { volatility: short, ..base }),
        ("rate", Options { rate: short, ..base }),
        ("dividend_yield", Options { dividend_yield: short, ..base }),
    ] {
        assert_eq!(run(options), Error::LengthMismatch { name, expected: 2, got: 1 }.into());
    }
    assert_eq!(run(Options { kind: &[], ..base }), Error::Empty { name: "kind" }.into());
    let error = price_options(Dispatch::detect(), &base, &mut [0.0; 3]).unwrap_err();
    assert_eq!(error, Error::LengthMismatch { name: "out", expected: 2, got: 3 }.into());
}

fn any_case() -> impl Strategy<Value = Case> {
    (
        prop_oneof![Just(OptionKind::Call), Just(OptionKind::Put)],
        1.0_f64..1000.0,
        0.2_f64..5.0,
        0.0_f64..10.0,
        -0.05_f64..0.15,
        -0.05_f64..0.15,
        0.0_f64..2.0,
    )
        .prop_map(|(kind, spot, ratio, time, rate, dividend_yield, volatility)| Case {
            kind,
            spot,
            strike: spot * ratio,
            time,
            rate,
            dividend_yield,
            volatility,
        })
}

proptest! {
    #[test]
    fn the_formula_on_libm_agrees(case in any_case()) {
        prop_assume!(case.volatility * case.time.sqrt() > 1e-3);
        let expected = libm_price(case);
        for dispatch in paths() {
            prop_assert!((price(dispatch, case) - expected).abs() <= 1e-14 * (case.spot + case.strike));
        }
    }

    #[test]
    fn the_scalar_path_agrees(case in any_case()) {
        let [vector, scalar] = paths().map(|dispatch| price(dispatch, case));
        prop_assert!((vector - scalar).abs() <= 1e-14 * case.spot);
    }

    #[test]
    fn put_call_parity(case in any_case()) {
        let call = price(Dispatch::detect(), Case { kind: OptionKind::Call, ..case });
        let put = price(Dispatch::detect(), Case { kind: OptionKind::Put, ..case });
        let forward = case.spot * (-case.dividend_yield * case.time).exp() - case.strike * (-case.rate * case.time).exp();
        prop_assert!((call - put - forward).abs() <= 2e-14 * (case.spot + case.strike));
    }

    #[test]
    fn no_arbitrage_bounds(case in any_case()) {
        let value = price(Dispatch::detect(), case);
        let spot = case.spot * (-case.dividend_yield * case.time).exp();
        let strike = case.strike * (-case.rate * case.time).exp();
        let (intrinsic, most) = match case.kind {
            OptionKind::Call => (spot - strike, spot),
            OptionKind::Put => (strike - spot, strike),
        };
        let slack = 1e-14 * (case.spot + case.strike);
        prop_assert!(value >= 0.0 && value >= intrinsic - slack && value <= most + slack);
    }
}
