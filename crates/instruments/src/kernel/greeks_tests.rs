use proptest::prelude::*;

use super::super::testing::{Golden, Row, paths};
use super::super::{OptionKind, price_options};
use super::*;

/// Columns of a set of options.
#[derive(Default, Clone)]
struct Columns {
    kind: Vec<OptionKind>,
    rest: [Vec<f64>; 6],
}

impl Columns {
    fn push(&mut self, kind: OptionKind, terms: [f64; 6]) {
        self.kind.push(kind);
        for (column, term) in self.rest.iter_mut().zip(terms) {
            column.push(term);
        }
    }

    fn view(&self) -> Options<'_> {
        let [spot, strike, time, rate, dividend_yield, volatility] = &self.rest;
        Options { kind: &self.kind, spot, strike, time, volatility, rate, dividend_yield }
    }
}

fn all(dispatch: Dispatch, columns: &Columns) -> [Vec<f64>; 5] {
    let mut out: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; columns.kind.len()]);
    let [delta, gamma, vega, theta, rho] = &mut out;
    greeks(dispatch, &columns.view(), Greeks { delta, gamma, vega, theta, rho }).unwrap();
    out
}

fn single(dispatch: Dispatch, kind: OptionKind, terms: [f64; 6]) -> [f64; 5] {
    let mut columns = Columns::default();
    columns.push(kind, terms);
    all(dispatch, &columns).map(|column| column[0])
}

fn columns(cases: &[Row]) -> Columns {
    let mut columns = Columns::default();
    for (kind, v) in cases {
        columns.push(*kind, [v[0], v[1], v[2], v[3], v[4], v[5]]);
    }
    columns
}

// mpmath differentiates the price numerically in 60 digits; no formula of a greek is repeated. The scale of each
// tolerance is the largest term of its formula.
#[test]
fn greeks_are_the_derivatives_of_the_price() {
    let cases = Golden::load().options("greeks");
    for dispatch in paths() {
        let got = all(dispatch, &columns(&cases));
        for (i, (kind, values)) in cases.iter().enumerate() {
            let [s, k, t, r, q, v] = std::array::from_fn(|j| values[j]);
            let legs = s + k;
            let scale =
                [1.0, 1.0 / s / (v * t.sqrt()), legs * t.sqrt(), legs * (r.abs() + q.abs() + v / t.sqrt()), legs * t];
            for (g, expected) in values[6..].iter().enumerate() {
                let error = (got[g][i] - expected).abs();
                assert!(error <= 1e-13 * scale[g], "{kind:?} {s} {k} {t} {r} {q} {v}: greek {g} off by {error:e}");
            }
        }
    }
}

#[test]
fn expired_options_have_a_step_for_delta_and_nothing_else() {
    for dispatch in paths() {
        for (kind, strike, delta) in [
            (OptionKind::Call, 90.0, 1.0),
            (OptionKind::Call, 110.0, 0.0),
            (OptionKind::Put, 90.0, 0.0),
            (OptionKind::Put, 110.0, -1.0),
        ] {
            let got = single(dispatch, kind, [100.0, strike, 0.0, 0.0, 0.0, 0.2]);
            assert_eq!(got, [delta, 0.0, 0.0, 0.0, 0.0]);
        }
        // A known payment: its present value decays at the rate, and moves with it.
        let [delta, gamma, vega, theta, rho] = single(dispatch, OptionKind::Put, [90.0, 110.0, 2.0, 0.05, 0.0, 0.0]);
        let leg = 110.0 * (-0.1_f64).exp();
        assert_eq!([delta, gamma, vega], [-1.0, 0.0, 0.0]);
        assert!((theta - 0.05 * leg).abs() < 1e-13 && (rho + 2.0 * leg).abs() < 1e-12);
    }
}

#[test]
fn at_the_kink_gamma_is_infinite_and_a_book_says_so() {
    for dispatch in paths() {
        let mut kink = Columns::default();
        kink.push(OptionKind::Call, [100.0, 100.0, 0.0, 0.0, 0.0, 0.2]);
        let [delta, gamma, vega, _, _] = all(dispatch, &kink).map(|column| column[0]);
        assert!((delta - 0.5).abs() < 1e-15 && vega == 0.0);
        assert_eq!(gamma, f64::INFINITY);
        let error = book_greeks(dispatch, &kink.view(), &[1.0]).unwrap_err();
        assert!(matches!(error, crate::Error::Input(Error::Undefined { name: "gamma", .. })));
    }
}

#[test]
fn a_book_is_the_weighted_sum() {
    let cases = Golden::load().options("greeks");
    let columns = columns(&cases);
    let quantities: Vec<f64> = (0..cases.len()).map(|i| ((i * 37) % 101) as f64 - 50.0).collect();
    for dispatch in paths() {
        let parts = all(dispatch, &columns);
        let book = book_greeks(dispatch, &columns.view(), &quantities).unwrap();
        let totals = [book.delta, book.gamma, book.vega, book.theta, book.rho];
        for (part, total) in parts.iter().zip(totals) {
            let gross: f64 = part.iter().zip(&quantities).map(|(g, q)| (g * q).abs()).sum();
            let sum: f64 = part.iter().zip(&quantities).map(|(g, q)| g * q).rev().sum();
            assert!((total - sum).abs() <= 1e-13 * gross, "{total} {sum}");
        }
    }
}

#[test]
fn the_place_in_the_batch_does_not_matter() {
    let golden = Golden::load().options("greeks");
    let cases = &golden[..150];
    for dispatch in paths() {
        let whole = all(dispatch, &columns(cases));
        for (from, to) in [(0, 1), (3, 150), (7, 71), (64, 129), (149, 150)] {
            let part = all(dispatch, &columns(&cases[from..to]));
            for (part, whole) in part.iter().zip(&whole) {
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
                assert_eq!(bits(part), bits(&whole[from..to]));
            }
        }
    }
}

#[test]
fn nan_and_negative_volatility_or_time_give_nan_everywhere() {
    let good = [100.0, 90.0, 0.5, 0.03, 0.01, 0.2];
    for dispatch in paths() {
        for kind in [OptionKind::Call, OptionKind::Put] {
            for (argument, bad) in (0..6).map(|i| (i, f64::NAN)).chain([(5, -0.2), (2, -0.5)]) {
                let mut terms = good;
                terms[argument] = bad;
                for (g, value) in single(dispatch, kind, terms).into_iter().enumerate() {
                    assert!(value.is_nan(), "{kind:?}, argument {argument}: greek {g} is {value}");
                }
            }
        }
        let mut columns = Columns::default();
        columns.push(OptionKind::Call, [100.0, 90.0, 0.5, 0.03, 0.01, f64::NAN]);
        let error = book_greeks(dispatch, &columns.view(), &[0.0]).unwrap_err();
        assert_eq!(error.kind(), alluse_risk_core::ErrorKind::Undefined);
    }
}

#[test]
fn lengths_must_agree() {
    let mut columns = Columns::default();
    columns.push(OptionKind::Call, [100.0, 90.0, 0.5, 0.03, 0.01, 0.2]);
    let dispatch = Dispatch::detect();
    let expected = |name| -> crate::Error { Error::LengthMismatch { name, expected: 1, got: 2 }.into() };
    assert_eq!(book_greeks(dispatch, &columns.view(), &[1.0, 2.0]).unwrap_err(), expected("quantities"));
    for (i, name) in ["delta", "gamma", "vega", "theta", "rho"].into_iter().enumerate() {
        let mut out: [Vec<f64>; 5] = std::array::from_fn(|g| vec![0.0; if g == i { 2 } else { 1 }]);
        let [delta, gamma, vega, theta, rho] = &mut out;
        let error = greeks(dispatch, &columns.view(), Greeks { delta, gamma, vega, theta, rho }).unwrap_err();
        assert_eq!(error, expected(name));
    }
    let none = Columns::default();
    assert_eq!(book_greeks(dispatch, &none.view(), &[]).unwrap_err(), Error::Empty { name: "kind" }.into());
}

#[test]
fn book_greeks_survive_json() {
    let book = BookGreeks { delta: 1.5, gamma: 0.25, vega: -3.0, theta: 0.125, rho: 8.0 };
    let text = serde_json::to_string(&book).unwrap();
    assert_eq!(serde_json::from_str::<BookGreeks>(&text).unwrap(), book);
}

proptest! {
    #[test]
    fn delta_agrees_with_a_difference_of_prices(
        call in any::<bool>(), spot in 50.0_f64..200.0, ratio in 0.7_f64..1.4, time in 0.05_f64..3.0,
        rate in -0.02_f64..0.08, dividend_yield in 0.0_f64..0.05, volatility in 0.1_f64..0.8,
    ) {
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let h = 1e-4 * spot;
        let mut two = Columns::default();
        for spot in [spot - h, spot + h] {
            two.push(kind, [spot, 100.0 * ratio, time, rate, dividend_yield, volatility]);
        }
        let mut value = [0.0; 2];
        price_options(Dispatch::detect(), &two.view(), &mut value).unwrap();
        let [delta, ..] = single(Dispatch::detect(), kind, [spot, 100.0 * ratio, time, rate, dividend_yield, volatility]);
        // h² / 6 times the third derivative, bounded by the square of the inverse deviation.
        let bound = 1e-8 / (volatility * volatility * time) + 1e-10;
        prop_assert!(((value[1] - value[0]) / (2.0 * h) - delta).abs() <= bound);
    }

    #[test]
    fn paths_agree(
        call in any::<bool>(), spot in 1.0_f64..1000.0, ratio in 0.2_f64..5.0, time in 0.0_f64..5.0,
        rate in -0.05_f64..0.1, dividend_yield in -0.05_f64..0.1, volatility in 0.01_f64..2.0,
    ) {
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let terms = [spot, spot * ratio, time, rate, dividend_yield, volatility];
        let [vector, scalar] = paths().map(|dispatch| single(dispatch, kind, terms));
        for (a, b) in vector.into_iter().zip(scalar) {
            prop_assert!((a - b).abs() <= 1e-11 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}
