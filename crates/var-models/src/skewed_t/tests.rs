use alluse_risk_core::ErrorKind;
use alluse_risk_core::streams::Streams;
use ndarray::Array1;
use proptest::prelude::*;

use super::*;

/// η, λ, p, the quantile at p, `E[z; z ≤ q]` and the log density at q: the density integrated with mpmath at 30
/// digits.
const GOLDEN: [(f64, f64, f64, f64, f64, f64); 12] = [
    (4.0, -0.3, 0.01, -3.165843526890307, -0.04540627412311013, -4.671680195754778),
    (4.0, -0.3, 0.3, -0.3099659656557661, -0.332941930931175, -0.9739988292822249),
    (4.0, -0.3, 0.6, 0.3158678841529549, -0.3262233504711002, -0.597761689743017),
    (4.0, -0.3, 0.95, 1.269289953379244, -0.08744582503794259, -2.099509370564867),
    (8.5, 0.2, 0.01, -2.179411713038689, -0.02633766731623442, -3.769150452783127),
    (8.5, 0.2, 0.3, -0.5306664382134969, -0.3223653997200893, -0.861649668544598),
    (8.5, 0.2, 0.6, 0.1589473780207288, -0.3792265419774365, -0.9114160862436202),
    (8.5, 0.2, 0.95, 1.729157769327897, -0.119429642015295, -2.575093164781758),
    (3.0, 0.7, 0.01, -1.066023742434198, -0.01294312878624624, -2.784717050805754),
    (3.0, 0.7, 0.3, -0.5041194290318437, -0.2149473077078442, -0.2325325424236391),
    (3.0, 0.7, 0.6, -0.06412767538029066, -0.3042200816467917, -0.6010765187598618),
    (3.0, 0.7, 0.95, 1.567331769979682, -0.1454602744572089, -2.941201446098066),
];

#[test]
fn the_standard_law_against_integrated_densities() {
    for (eta, lambda, p, q, below, log_density) in GOLDEN {
        let law = StandardSkewedT::new(eta, lambda);
        assert!((law.quantile(p).unwrap() - q).abs() < 1e-12, "{eta} {lambda} {p}");
        assert!((law.quantile_beyond(1.0 - p).unwrap() - q).abs() < 1e-11, "{eta} {lambda} {p}");
        assert!((law.cdf(q) - p).abs() < 1e-13);
        assert!((law.mean_below(q) - below).abs() < 1e-13, "{} {below}", law.mean_below(q));
        // The slope of the cdf, by central differences: error about step².
        let slope = (law.cdf(q + 1e-5) - law.cdf(q - 1e-5)) / 2e-5;
        assert!((slope.ln() - log_density).abs() < 1e-8, "{} {log_density}", slope.ln());
        // The kernel of the likelihood is that of the same density.
        let kernel = -of_parameters(&[q], 0.0, 0.0, eta, lambda.atanh());
        assert!((kernel - log_density).abs() < 1e-12, "{kernel} {log_density}");
    }
}

#[test]
fn risk_figures_of_the_loss() {
    // η = 4, λ = −0.3, mean 1, deviation 10 at 99 %: from the golden quantile and tail mean.
    let loss = SkewedTLoss::new(1.0, 10.0, 4.0, -0.3, Horizon::DAY).unwrap();
    let var = loss.value_at_risk(Confidence::P99).unwrap().value;
    let es = loss.expected_shortfall(Confidence::P99).unwrap().value;
    assert!((var - (31.65843526890307 - 1.0)).abs() < 1e-10);
    assert!((es - (45.40627412311013 - 1.0)).abs() < 1e-10);
    assert!((loss.cdf(var).unwrap() - 0.99).abs() < 1e-13);
    assert_eq!(loss.cdf(f64::INFINITY).unwrap(), 1.0);
    assert!(loss.cdf(f64::NAN).is_err());
    // The spectrum of expected shortfall gives expected shortfall, by quadrature.
    let spectral = loss.spectral(&Spectrum::expected_shortfall(Confidence::P99)).unwrap();
    assert!((spectral.value - es).abs() < 1e-7, "{} {es}", spectral.value);
    let flat = loss.spectral(&Spectrum::step(vec![0.5], vec![1.0, 1.0]).unwrap()).unwrap();
    assert!((flat.value + 1.0).abs() < 1e-7, "{}", flat.value);
    assert_eq!((loss.degrees_of_freedom(), loss.skew(), loss.horizon()), (4.0, -0.3, Horizon::DAY));
}

/// Draws of a known law by inversion of the normal draws' probabilities.
fn draws(count: usize, seed: u64, eta: f64, lambda: f64) -> Array1<f64> {
    let law = SkewedTLoss::new(0.001, 0.02, eta, lambda, Horizon::DAY).unwrap();
    let normals = Streams::new(seed).standard_normals(1, count);
    normals.iter().map(|z| law.draw(alluse_risk_core::normal::cdf(*z)).unwrap()).collect()
}

#[test]
fn a_fit_finds_what_was_drawn() {
    let fit = SkewedTFit::new(draws(20_000, 3, 6.0, -0.25).view()).unwrap();
    let error = |i: usize| fit.covariance.unwrap()[i][i].sqrt();
    // Four standard errors of the fit itself.
    assert!((fit.mean - 0.001).abs() < 4.0 * error(0), "{fit:?}");
    assert!((fit.standard_deviation / 0.02).ln().abs() < 4.0 * error(1), "{fit:?}");
    assert!(((fit.degrees_of_freedom - 2.0) / 4.0).ln().abs() < 4.0 * error(2), "{fit:?}");
    assert!((fit.skew.atanh() - (-0.25_f64).atanh()).abs() < 4.0 * error(3), "{fit:?}");
    assert!(!fit.at_bound && fit.observations == 20_000);
    // The mean of n draws has an error of σ/√n at best: the stated one is near it.
    assert!((error(0) / (0.02 / 20_000_f64.sqrt()) - 1.0).abs() < 0.2, "{}", error(0));
    let loss = SkewedTLoss::from_fit(&fit, Horizon::DAY).unwrap();
    let estimate = loss.value_at_risk(Confidence::P99).unwrap();
    let truth = SkewedTLoss::new(0.001, 0.02, 6.0, -0.25, Horizon::DAY).unwrap();
    let truth = truth.value_at_risk(Confidence::P99).unwrap().value;
    let stated = estimate.standard_error.unwrap();
    assert!((estimate.value - truth).abs() < 4.0 * stated && stated < 0.02 * truth, "{estimate:?} {truth}");
}

#[test]
fn the_stated_error_is_that_of_repeated_samples() {
    let estimates: Vec<(f64, f64)> = (0..60)
        .map(|seed| {
            let fit = SkewedTFit::new(draws(1_000, seed, 6.0, -0.2).view()).unwrap();
            let estimate = SkewedTLoss::from_fit(&fit, Horizon::DAY).unwrap().expected_shortfall(Confidence::P975);
            let estimate = estimate.unwrap();
            (estimate.value, estimate.standard_error.unwrap())
        })
        .collect();
    let values: Array1<f64> = estimates.iter().map(|e| e.0).collect();
    let stated = estimates.iter().map(|e| e.1).sum::<f64>() / 60.0;
    // A spread of 60 samples has a relative error of 1/√118 = 9 %; four of those.
    let spread = values.std(1.0);
    assert!((spread / stated - 1.0).abs() < 0.37, "{spread} {stated}");
}

#[test]
fn hostile_samples_and_parameters() {
    let kind = |values: Vec<f64>| SkewedTFit::new(Array1::from(values).view()).unwrap_err().kind();
    assert_eq!(kind(vec![]), ErrorKind::InsufficientData);
    assert_eq!(kind(vec![0.1; 19]), ErrorKind::InsufficientData);
    assert_eq!(kind(vec![0.1; 30]), ErrorKind::Undefined);
    let mut bad = vec![0.1; 30];
    bad[3] = f64::NAN;
    assert_eq!(kind(bad), ErrorKind::InvalidInput);
    for (mean, sd, eta, skew) in [
        (f64::NAN, 1.0, 4.0, 0.0),
        (0.0, 0.0, 4.0, 0.0),
        (0.0, f64::INFINITY, 4.0, 0.0),
        (0.0, 1.0, 2.0, 0.0),
        (0.0, 1.0, f64::INFINITY, 0.0),
        (0.0, 1.0, 4.0, 1.0),
        (0.0, 1.0, 4.0, -1.0),
        (0.0, 1.0, 4.0, f64::NAN),
    ] {
        assert!(SkewedTLoss::new(mean, sd, eta, skew, Horizon::DAY).is_err(), "{mean} {sd} {eta} {skew}");
    }
    let good = SkewedTLoss::new(0.0, 1.5, 4.0, 0.25, Horizon::DAY).unwrap();
    let text = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<SkewedTLoss>(&text).unwrap(), good);
    assert!(serde_json::from_str::<SkewedTLoss>(&text.replace("0.25", "1.25")).is_err());
    // Two values only: the law degenerates, and η runs to an end of its range or the search says so.
    let coin: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
    if let Ok(fit) = SkewedTFit::new(Array1::from(coin).view()) {
        assert!(fit.at_bound && fit.covariance.is_none(), "{fit:?}");
    }
}

proptest! {
    /// Twice the money, twice the risk; money added is risk taken away; and the tail mean is no less than VaR.
    #[test]
    fn laws_of_the_loss(mean in -5.0_f64..5.0, sd in 0.1_f64..9.0, eta in 2.1_f64..60.0, skew in -0.95_f64..0.95, c in 0.02_f64..0.999, factor in 0.1_f64..10.0) {
        let c = Confidence::new(c).unwrap();
        let of = |mean: f64, sd: f64| {
            let loss = SkewedTLoss::new(mean, sd, eta, skew, Horizon::DAY).unwrap();
            (loss.value_at_risk(c).unwrap().value, loss.expected_shortfall(c).unwrap().value)
        };
        let (var, es) = of(mean, sd);
        let room = 1e-9 * (1.0 + var.abs() + es.abs());
        prop_assert!(var <= es + room);
        let scaled = of(factor * mean, factor * sd);
        prop_assert!((scaled.0 - factor * var).abs() <= room * factor.max(1.0));
        prop_assert!((scaled.1 - factor * es).abs() <= room * factor.max(1.0));
        let moved = of(mean + 3.0, sd);
        prop_assert!((moved.0 - var + 3.0).abs() <= room && (moved.1 - es + 3.0).abs() <= room);
        let loss = SkewedTLoss::new(mean, sd, eta, skew, Horizon::DAY).unwrap();
        prop_assert!((loss.cdf(var).unwrap() - c.level()).abs() < 1e-10);
        // scaled() is the same map, and keeps the horizon.
        let by_map = loss.scaled(3.0, factor).unwrap().value_at_risk(c).unwrap().value;
        prop_assert!((by_map - (factor * var - 3.0)).abs() <= room * factor.max(1.0));
    }
}
