use alluse_risk_core::ErrorKind;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, array};
use rand::RngExt;
use testkit::close;

use super::kernel::{Kernel, Values};
use super::*;
use crate::regimes::TransitionMatrix;

fn chain() -> TransitionMatrix {
    TransitionMatrix::new(vec![vec![0.9, 0.1], vec![0.2, 0.8]]).unwrap()
}

/// Sums the density over every sequence of regimes.
#[test]
fn the_likelihood_is_the_sum_over_all_paths() {
    let series = array![0.5, -0.2, 1.4, 0.3, -0.8, 2.0];
    for form in [SwitchingForm::MeanDeviation, SwitchingForm::Intercept] {
        let values = Values {
            levels: vec![-0.5, 1.0],
            autoregression: vec![0.4, -0.2],
            deviations: vec![0.7, 1.2],
            transition: chain(),
        };
        let (mut total, mut first) = (0.0, 0.0);
        for path in 0..64_usize {
            let s = |t: usize| path >> t & 1;
            let mut probability = [2.0 / 3.0, 1.0 / 3.0][s(0)];
            for t in 1..6 {
                probability *= values.transition.rows()[s(t - 1)][s(t)];
            }
            for t in 2..6 {
                let level = |t: usize| values.levels[s(t)];
                let mean = match form {
                    SwitchingForm::MeanDeviation => {
                        level(t) + 0.4 * (series[t - 1] - level(t - 1)) - 0.2 * (series[t - 2] - level(t - 2))
                    }
                    SwitchingForm::Intercept => level(t) + 0.4 * series[t - 1] - 0.2 * series[t - 2],
                };
                let d = values.deviations[s(t)];
                probability *= alluse_risk_core::normal::density((series[t] - mean) / d) / d;
            }
            total += probability;
            first += if s(2) == 0 { probability } else { 0.0 };
        }
        let kernel = Kernel::new(series.view(), 2, 2, form);
        let pass = kernel.pass(&values).unwrap();
        close(pass.log_likelihood, total.ln(), 1e-13);
        let smoothed = kernel.smooth(&values, &pass);
        close(smoothed[[0, 0]], first / total, 1e-13);
        assert!(smoothed.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-13));
    }
}

#[test]
fn simulated_parameters_are_recovered() {
    let mut stream = Streams::new(6).block(0);
    let mut normals = vec![0.0; 3_000];
    alluse_risk_core::streams::fill_standard_normals(&mut stream, &mut normals);
    let (mut regime, mut deviation) = (0, 0.0);
    let mut series = Array1::zeros(3_000);
    for (slot, z) in series.iter_mut().zip(normals) {
        if stream.random::<f64>() < [0.05, 0.10][regime] {
            regime = 1 - regime;
        }
        deviation = 0.3 * deviation + 0.5 * z;
        *slot = [-1.0, 2.0][regime] + deviation;
    }
    let fitted = MarkovSwitchingAutoregression::new(1).with_finishers(3).fit(series.view()).unwrap();
    // Five standard errors: σ/((1−φ)√n) for the means, √((1−φ²)/n) for φ, σ/√(2n) for σ, and 100 moves each way.
    close(fitted.means[0], -1.0, 5.0 * 0.5 / 0.7 / 2_000_f64.sqrt());
    close(fitted.means[1] - 2.0, 0.0, 5.0 * 0.5 / 0.7 / 1_000_f64.sqrt());
    close(fitted.autoregression[0], 0.3, 5.0 / 3_000_f64.sqrt());
    close(fitted.deviations[0], 0.5, 5.0 * 0.5 / 6_000_f64.sqrt());
    close(fitted.transition.rows()[0][1] / 0.05, 1.0, 0.5);
    close(fitted.transition.rows()[1][0] / 0.10, 1.0, 0.5);
    assert!(fitted.certificate.reached_best >= 2, "{:?}", fitted.certificate);
    assert_eq!((fitted.filtered.len(), fitted.smoothed.len()), (2_999, 2_999));
}

#[test]
fn hostile_input_is_refused() {
    let kind =
        |model: MarkovSwitchingAutoregression, series: &Array1<f64>| model.fit(series.view()).unwrap_err().kind();
    let one = MarkovSwitchingAutoregression::new(1);
    let wave = Array1::from_shape_fn(100, |t| (t as f64).sin());
    assert_eq!(kind(one, &Array1::from_elem(100, 2.0)), ErrorKind::Undefined);
    assert_eq!(kind(one, &Array1::zeros(20)), ErrorKind::InsufficientData);
    let mut broken = wave.clone();
    broken[5] = f64::NAN;
    assert_eq!(kind(one, &broken), ErrorKind::InvalidInput);
    for model in [
        one.with_regimes(1),
        one.with_regimes(5),
        one.with_starts(0),
        one.with_finishers(0),
        MarkovSwitchingAutoregression::new(10),
        MarkovSwitchingAutoregression::new(usize::MAX - 1),
    ] {
        assert_eq!(kind(model, &wave), ErrorKind::InvalidInput, "{model:?}");
    }
}
