use ndarray::{Array1, arr1};
use proptest::prelude::*;

use super::*;

fn svi(a: f64, b: f64, rho: f64, m: f64, sigma: f64) -> Svi {
    Svi::new(SviParameters { a, b, rho, m, sigma }).unwrap()
}

fn fit(k: &[f64], w: &[f64]) -> Result<FittedSvi> {
    SviFit::default().fit(arr1(k).view(), arr1(w).view())
}

const K: [f64; 6] = [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2];
const W: [f64; 6] = [0.09, 0.07, 0.055, 0.045, 0.04, 0.041];

#[test]
fn one_wrong_thing_at_a_time() {
    type Check = fn(&Input) -> bool;
    let cases: [(&str, Result<FittedSvi>, Check); 10] = [
        ("short variances", fit(&K, &W[..5]), |e| matches!(e, Input::LengthMismatch { .. })),
        ("nothing", fit(&[], &[]), |e| matches!(e, Input::InsufficientData { required: 5, available: 0, .. })),
        ("four", fit(&K[..4], &W[..4]), |e| matches!(e, Input::InsufficientData { available: 4, .. })),
        ("four and a twin", fit(&[0.0, 0.1, 0.2, 0.3, 0.3], &W[..5]), |e| {
            matches!(e, Input::InsufficientData { available: 4, .. })
        }),
        ("NaN strike", fit(&[f64::NAN, -0.2, -0.1, 0.0, 0.1, 0.2], &W), |e| {
            matches!(e, Input::ElementOutOfDomain { name: "log-moneyness", index: 0, .. })
        }),
        ("zero variance", fit(&K, &[0.09, 0.07, 0.0, 0.045, 0.04, 0.041]), |e| {
            matches!(e, Input::ElementOutOfDomain { name: "total variances", index: 2, .. })
        }),
        ("infinite variance", fit(&K, &[0.09, 0.07, f64::INFINITY, 0.045, 0.04, 0.041]), |e| {
            matches!(e, Input::ElementOutOfDomain { index: 2, .. })
        }),
        ("tolerance", SviFit::default().with_tolerance(0.0).fit(arr1(&K).view(), arr1(&W).view()), |e| {
            matches!(e, Input::OutOfDomain { name: "tolerance", .. })
        }),
        ("weights", SviFit::default().with_weights(vec![1.0; 5]).fit(arr1(&K).view(), arr1(&W).view()), |e| {
            matches!(e, Input::LengthMismatch { name: "weights", .. })
        }),
        (
            "a weight",
            {
                let weights = vec![1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
                SviFit::default().with_weights(weights).fit(arr1(&K).view(), arr1(&W).view())
            },
            |e| matches!(e, Input::ElementOutOfDomain { name: "weights", index: 2, .. }),
        ),
    ];
    for (name, result, right) in cases {
        match result {
            Err(Error::Input(error)) => assert!(right(&error), "{name}: {error}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let none = SviFit::default().with_max_iterations(0).fit(arr1(&K).view(), arr1(&W).view());
    assert!(matches!(none, Err(Error::Input(Input::OutOfDomain { name: "max_iterations", .. }))));
    let early = SviFit::default().with_max_iterations(2).fit(arr1(&K).view(), arr1(&W).view());
    assert!(matches!(early, Err(Error::Input(Input::NotConverged { iterations: 2, .. }))));
}

#[test]
fn a_flat_smile_stays_flat() {
    let fitted = fit(&K, &[0.04; 6]).unwrap();
    assert!(fitted.max_error < 1e-12, "{fitted:?}");
    assert!((fitted.butterfly - 1.0).abs() < 1e-6);
}

#[test]
fn the_order_of_the_quotes_does_not_matter() {
    let fitted = fit(&K, &W).unwrap();
    let (mut k, mut w) = (K, W);
    k.reverse();
    w.reverse();
    let turned = fit(&k, &w).unwrap();
    assert!((fitted.rms_error - turned.rms_error).abs() < 1e-9);
    assert_eq!(fitted.observations, 6);
    assert!(fitted.rms_error <= fitted.max_error && fitted.rms_error > 0.0);
}

#[test]
fn a_heavy_weight_draws_the_smile_to_its_quote() {
    let weights = vec![1.0, 1.0, 1e6, 1.0, 1.0, 1.0];
    let weighted = SviFit::default().with_weights(weights).fit(arr1(&K).view(), arr1(&W).view()).unwrap();
    let plain = fit(&K, &W).unwrap();
    let error = |fitted: &FittedSvi| (fitted.svi.total_variance(K[2]) - W[2]).abs();
    assert!(error(&weighted) < 1e-2 * error(&plain), "{} against {}", error(&weighted), error(&plain));
}

#[test]
fn a_weight_of_two_is_the_same_quote_twice() {
    let weights = vec![1.0, 2.0, 1.0, 1.0, 1.0, 1.0];
    let weighted = SviFit::default().with_weights(weights).fit(arr1(&K).view(), arr1(&W).view()).unwrap();
    let (mut k, mut w) = (K.to_vec(), W.to_vec());
    k.push(K[1]);
    w.push(W[1]);
    let twice = fit(&k, &w).unwrap();
    assert!((weighted.rms_error - twice.rms_error).abs() < 1e-9 * twice.rms_error);
    for k in K {
        assert!((weighted.svi.total_variance(k) - twice.svi.total_variance(k)).abs() < 1e-7);
    }
}

#[test]
fn the_butterfly_of_a_known_smile_with_arbitrage_is_reported() {
    // Axel Vogt's parameters, in Gatheral and Jacquier (2014), section 2.2: negative density around k = 0.8.
    let vogt = svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153);
    let k = Array1::linspace(-1.5, 1.5, 31);
    let fitted = SviFit::default().fit(k.view(), k.mapv(|k| vogt.total_variance(k)).view()).unwrap();
    assert!(fitted.max_error < 1e-9, "{fitted:?}");
    assert!(fitted.butterfly < -0.01 && fitted.butterfly_at > 0.6 && fitted.butterfly_at < 1.1, "{fitted:?}");
}

#[test]
fn results_are_stored_and_read_back() {
    let fitted = fit(&K, &W).unwrap();
    let text = serde_json::to_string(&fitted).unwrap();
    let back: FittedSvi = serde_json::from_str(&text).unwrap();
    assert!((back.rms_error - fitted.rms_error).abs() < 1e-18 && back.observations == 6);
    let config = SviFit::default().with_weights(vec![1.0]);
    assert_eq!(serde_json::from_str::<SviFit>(&serde_json::to_string(&config).unwrap()).unwrap(), config);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn parameters_are_found_again(
        b in 0.05..0.5_f64, rho in -0.8..0.6_f64, m in -0.1..0.1_f64, sigma in 0.08..0.3_f64,
    ) {
        let truth = svi(0.02, b, rho, m, sigma);
        let k = Array1::linspace(-0.6, 0.5, 23);
        let fitted = SviFit::default().fit(k.view(), k.mapv(|k| truth.total_variance(k)).view()).unwrap();
        let found = fitted.svi.parameters();
        prop_assert!(fitted.max_error < 1e-8, "{fitted:?}");
        prop_assert!((found.m - m).abs() < 1e-4 && (found.sigma - sigma).abs() < 1e-4, "{found:?}");
        prop_assert!((found.rho - rho).abs() < 1e-3 && (found.b - b).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn any_quotes_give_a_positive_smile_or_an_error(w in proptest::collection::vec(0.001..0.5_f64, 6)) {
        if let Ok(fitted) = fit(&K, &w) {
            prop_assert!(fitted.svi.smallest_variance() > 0.0);
            let (low, high) = fitted.svi.wing_slopes();
            prop_assert!(low <= 2.0 + 1e-9 && high <= 2.0 + 1e-9);
            prop_assert!(fitted.rms_error <= fitted.max_error * (1.0 + 1e-12));
        }
    }
}
