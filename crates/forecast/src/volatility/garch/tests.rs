use alluse_risk_core::streams::Streams;
use alluse_risk_core::{ErrorKind, FittedVolatility, VolatilityModel, normal};
use ndarray::{Array1, array};
use proptest::prelude::*;

use super::layout::Layout;
use super::recursion::{Recursion, Sample};
use super::transform::Transform;
use super::*;
use crate::innovations::{InnovationLaw, Innovations};

/// Every equation, with lags of one and of two.
fn models() -> Vec<Garch> {
    vec![
        Garch::arch(2),
        Garch::new(1, 1),
        Garch::new(2, 2),
        Garch::gjr(1, 1, 1),
        Garch::gjr(2, 1, 1),
        Garch::tarch(1, 1, 1),
        Garch::tarch(2, 1, 2),
        Garch::egarch(1, 1, 1),
        Garch::egarch(2, 1, 1),
        Garch::aparch(1, 1, 1),
        Garch::aparch(2, 1, 1),
    ]
}

const LAWS: [Innovations; 4] =
    [Innovations::Normal, Innovations::StudentT, Innovations::SkewedT, Innovations::GeneralizedError];

/// Returns of a GJR with the law, about `mean`.
fn simulated(n: usize, law: InnovationLaw, seed: u64) -> Array1<f64> {
    let parameters = GarchParameters::new(0.04, [0.05], [0.85]).with_gamma([0.1]).with_mean(0.03).with_law(law);
    let model = Garch::gjr(1, 1, 1).with_innovations(law.family());
    let start = model.at(array![0.5, -0.3].view(), &parameters).unwrap();
    let mut shocks = vec![0.0; n];
    law.fill(&mut Streams::new(seed).block(0), &mut shocks).unwrap();
    let mut path = Array1::zeros(n);
    start.simulate(Array1::from(shocks).view(), path.view_mut()).unwrap();
    path
}

#[test]
fn gradients_are_those_of_differences() {
    let returns = simulated(60, InnovationLaw::Normal, 4).to_vec();
    for base in models() {
        for law in LAWS {
            for initial in [InitialVariance::Backcast, InitialVariance::MeanSquare] {
                for mean in [MeanEquation::Zero, MeanEquation::Constant, MeanEquation::Autoregressive { lags: 2 }] {
                    let model = base.with_innovations(law).with_initial_variance(initial).with_mean(mean);
                    let layout = Layout::new(&model);
                    let sample = Sample::new(&layout, returns.clone()).unwrap();
                    let mut recursion = Recursion::new(&layout, &sample);
                    let mut transform = Transform::new(&layout);
                    let x: Vec<f64> = (0..layout.len()).map(|k| -0.4 + 0.17 * ((3 * k + 1) % 5) as f64).collect();
                    let mut at = vec![0.0; x.len()];
                    let mut value = |x: &[f64]| {
                        transform.parameters(x, &mut at);
                        let mut by_parameter = vec![0.0; x.len()];
                        let value = recursion.evaluate(&sample, &at, Some(&mut by_parameter));
                        let mut by_variable = vec![0.0; x.len()];
                        transform.pull_back(x, &at, &by_parameter, &mut by_variable);
                        (value, by_variable)
                    };
                    let gradient = value(&x).1;
                    for k in 0..x.len() {
                        let mut moved = x.clone();
                        moved[k] += 1e-6;
                        let up = value(&moved).0;
                        moved[k] -= 2e-6;
                        let difference = (up - value(&moved).0) / 2e-6;
                        // Differences of a sum near 100 are good to about 1e-7.
                        let close = (difference - gradient[k]).abs() < 2e-6 * (1.0 + gradient[k].abs());
                        assert!(close, "{model:?} {k}: {difference} {}", gradient[k]);
                    }
                }
            }
        }
    }
}

#[test]
fn simulated_parameters_are_recovered_within_their_errors() {
    for law in [
        InnovationLaw::Normal,
        InnovationLaw::StudentT { degrees_of_freedom: 6.0 },
        InnovationLaw::SkewedT { degrees_of_freedom: 7.0, skew: -0.15 },
        InnovationLaw::GeneralizedError { shape: 1.4 },
    ] {
        let returns = simulated(8_000, law, 17);
        let fitted = Garch::gjr(1, 1, 1).with_innovations(law.family()).estimate(returns.view()).unwrap();
        let mut truth = vec![0.03, 0.04, 0.05, 0.1, 0.85];
        truth.extend(law.shapes());
        for method in [ParameterErrors::Hessian, ParameterErrors::OuterProduct, ParameterErrors::Robust] {
            for (found, truth) in fitted.standard_errors(method).unwrap().iter().zip(&truth) {
                let error = found.standard_error.unwrap();
                // One seeded sample, six parameters: four standard errors.
                assert!((found.value - truth).abs() < 4.0 * error, "{law:?} {method:?} {found:?} {truth}");
                assert!(error < 1.0 && error > 1e-3, "{found:?}");
            }
        }
        let certificate = fitted.certificate().unwrap();
        assert!(certificate.gradient < 1e-5 && certificate.concerns.is_empty(), "{certificate:?}");
    }
}

#[test]
fn decimals_and_percent_give_the_same_fit() {
    let percent = simulated(700, InnovationLaw::Normal, 8);
    // The second are returns of what hardly moves, such as a put far out of the money.
    for (model, unit) in models().into_iter().flat_map(|model| [(model, 1e-4), (model, 1e-7)]) {
        let large = model.estimate(percent.view()).unwrap();
        let small = model.estimate((&percent * unit).view());
        assert!(small.is_ok(), "{model:?} {small:?} {:?}", large.certificate());
        let small = small.unwrap();
        let shift = 700.0 * unit.ln();
        assert!((large.log_likelihood() - (small.log_likelihood() + shift)).abs() < 1e-6, "{model:?}");
        let (a, b) = (large.forecast(5).unwrap(), small.forecast(5).unwrap() / (unit * unit));
        for (a, b) in a.iter().zip(&b) {
            // The power model's forecast is simulated from the same shocks.
            assert!((a - b).abs() < 1e-4 * a, "{model:?}: {a} {b}");
        }
        let errors = (large.standard_errors(ParameterErrors::Hessian), small.standard_errors(ParameterErrors::Hessian));
        // Beside a kink second derivatives depend on where rounding puts the optimum.
        if let (Ok(large), Ok(small), VarianceEquation::Garch) = (errors.0, errors.1, model.equation) {
            // ω has its own unit; the first parameter is the mean.
            let (a, b) = (large[0].standard_error.unwrap(), small[0].standard_error.unwrap());
            assert!((a - b / unit).abs() < 1e-3 * a, "{model:?}");
        }
    }
}

#[test]
fn what_comes_later_changes_no_volatility_before() {
    let returns = simulated(300, InnovationLaw::Normal, 2);
    for model in models() {
        let whole = model.estimate(returns.view()).unwrap();
        let part = whole.filter(returns.view().split_at(ndarray::Axis(0), 200).0).unwrap();
        let same = part.volatility().iter().zip(whole.volatility()).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{model:?}");
        let next = part.forecast_variance(1).unwrap()[0].sqrt();
        assert!((next - whole.volatility()[200]).abs() < 1e-14 * next, "{model:?}");
    }
}

#[test]
fn one_loop_says_what_the_passes_of_any_model_say() {
    for n in [61, 62] {
        let returns = simulated(n, InnovationLaw::Normal, 4).to_vec();
        for base in [Garch::new(1, 1), Garch::gjr(1, 1, 1)] {
            for law in [Innovations::Normal, Innovations::StudentT, Innovations::SkewedT] {
                for initial in [InitialVariance::Backcast, InitialVariance::MeanSquare] {
                    for mean in [MeanEquation::Zero, MeanEquation::Constant, MeanEquation::Autoregressive { lags: 2 }] {
                        let model = base.with_innovations(law).with_initial_variance(initial).with_mean(mean);
                        let layout = Layout::new(&model);
                        let sample = Sample::new(&layout, returns.clone()).unwrap();
                        let (mut one, mut any) = (Recursion::new(&layout, &sample), Recursion::new(&layout, &sample));
                        let x: Vec<f64> = (0..layout.len()).map(|k| -0.4 + 0.17 * ((3 * k + 1) % 5) as f64).collect();
                        let mut at = vec![0.0; x.len()];
                        Transform::new(&layout).parameters(&x, &mut at);
                        let (mut by_one, mut by_any) = (vec![0.0; x.len()], vec![0.0; x.len()]);
                        let value = one.evaluate(&sample, &at, Some(&mut by_one));
                        // Sums of 60 terms in another order.
                        testkit::close(value, any.evaluate_in_passes(&sample, &at, Some(&mut by_any)), 1e-13);
                        testkit::close(one.evaluate(&sample, &at, None), value, 1e-13);
                        for (a, b) in one.state.iter().zip(&any.state).chain(by_one.iter().zip(&by_any)) {
                            testkit::close(*a, *b, 1e-11);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn simulated_paths_follow_the_filter() {
    let returns = simulated(300, InnovationLaw::Normal, 2);
    let shocks = Streams::new(9).standard_normals(40, 1);
    let one_lag = [Garch::new(1, 1), Garch::gjr(1, 1, 1).with_innovations(Innovations::SkewedT)];
    let lagged = models().into_iter().map(|base| base.with_mean(MeanEquation::Autoregressive { lags: 1 }));
    for model in lagged.chain(one_lag) {
        let fitted = model.estimate(returns.view()).unwrap();
        let mut path = Array1::zeros(40);
        fitted.simulate(shocks.column(0), path.view_mut()).unwrap();
        let joined = ndarray::concatenate(ndarray::Axis(0), &[returns.view(), path.view()]).unwrap();
        let again = fitted.filter(joined.view()).unwrap();
        // The shocks come back as standardised residuals.
        for (k, shock) in shocks.column(0).iter().enumerate() {
            let z = (joined[300 + k] - again.mean()[300 + k]) / again.volatility()[300 + k];
            assert!((z - shock).abs() < 1e-9, "{model:?} {k}");
        }
    }
}

#[test]
fn closed_forecasts_are_means_of_simulated_futures() {
    let returns = simulated(400, InnovationLaw::Normal, 6);
    let models = [
        Garch::new(2, 2),
        Garch::gjr(1, 1, 1),
        Garch::gjr(1, 1, 1).with_innovations(Innovations::SkewedT),
        Garch::tarch(1, 1, 1),
        Garch::tarch(1, 1, 1).with_innovations(Innovations::StudentT),
        Garch::egarch(1, 1, 1),
    ];
    for model in models {
        let fitted = model.estimate(returns.view()).unwrap();
        let closed = fitted.forecast(12).unwrap();
        let (mean, error) = fitted.simulated_forecast(12, 60_000, 3).unwrap();
        for k in 0..12 {
            // Four and a half Monte Carlo errors for 72 comparisons.
            assert!((closed[k] - mean[k]).abs() < 4.5 * error[k] + 1e-9, "{model:?} {k}: {} {}", closed[k], mean[k]);
        }
    }
}

#[test]
fn forecasts_return_to_the_unconditional_variance() {
    let returns = simulated(500, InnovationLaw::Normal, 10);
    for model in [Garch::new(1, 1), Garch::gjr(1, 1, 1), Garch::tarch(1, 1, 1)] {
        let fitted = model.estimate(returns.view()).unwrap();
        let far = fitted.forecast(5_000).unwrap()[4_999];
        let level = fitted.parameters().unconditional_variance().unwrap();
        assert!((far - level).abs() < 1e-4 * level, "{model:?} {far} {level}");
        assert!(fitted.parameters().half_life().unwrap() > 0.0);
    }
}

#[test]
fn student_shocks_have_no_expected_exponential() {
    let returns = simulated(400, InnovationLaw::StudentT { degrees_of_freedom: 6.0 }, 6);
    let fitted = Garch::egarch(1, 1, 1).with_innovations(Innovations::StudentT).estimate(returns.view()).unwrap();
    assert!(fitted.forecast(1).is_ok());
    assert_eq!(fitted.forecast(2).unwrap_err().kind(), ErrorKind::Undefined);
}

#[test]
fn difficult_series_get_a_certificate_or_a_typed_refusal() {
    let usual = simulated(400, InnovationLaw::Normal, 12);
    let mut outlier = usual.clone();
    outlier[200] = 1e6;
    let unit_root: Array1<f64> = {
        let mut h = 1.0_f64;
        Streams::new(1)
            .standard_normals(600, 1)
            .column(0)
            .iter()
            .map(|z| {
                let e = h.sqrt() * z;
                h = 0.01 + 0.1 * e * e + 0.9 * h;
                e
            })
            .collect()
    };
    let trend: Array1<f64> = (0..200).map(f64::from).collect();
    let two_values: Array1<f64> = (0..200).map(|t| if t % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let mostly_zero: Array1<f64> = (0..200).map(|t| if t % 50 == 7 { 1.0 } else { 0.0 }).collect();
    let of_order_one = |model: &Garch| model.arch == 1 && model.garch == 1;
    for model in models().into_iter().filter(of_order_one) {
        for law in [Innovations::Normal, Innovations::SkewedT] {
            let model = model.with_innovations(law);
            for series in [&usual, &outlier, &unit_root, &trend, &two_values, &mostly_zero] {
                match model.estimate(series.view()) {
                    Ok(fitted) => {
                        assert!(fitted.log_likelihood().is_finite());
                        assert!(fitted.volatility().iter().all(|v| v.is_finite() && *v > 0.0));
                        assert!(fitted.certificate().unwrap().gradient < 0.1);
                    }
                    Err(error) => {
                        let kind = error.kind();
                        assert!(
                            matches!(kind, ErrorKind::NotConverged | ErrorKind::Undefined | ErrorKind::InvalidInput),
                            "{error}"
                        );
                    }
                }
            }
        }
    }
    let near = Garch::new(1, 1).with_mean(MeanEquation::Zero).estimate(unit_root.view()).unwrap();
    assert!(near.parameters().persistence() > 0.95);
}

#[test]
fn hostile_input() {
    let returns = simulated(200, InnovationLaw::Normal, 3);
    let kind = |model: Garch, returns: &Array1<f64>| model.estimate(returns.view()).unwrap_err().kind();
    assert_eq!(kind(Garch::default(), &Array1::from_elem(200, 0.01)), ErrorKind::Undefined);
    assert_eq!(kind(Garch::default(), &returns.iter().take(20).copied().collect()), ErrorKind::InsufficientData);
    let mut bad = returns.clone();
    bad[7] = f64::NAN;
    let error = Garch::default().estimate(bad.view()).unwrap_err();
    assert_eq!(error.to_string(), "returns[7] must be finite, got NaN");
    assert_eq!(kind(Garch::arch(0), &returns), ErrorKind::InvalidInput);
    assert_eq!(kind(Garch::gjr(1, 2, 1), &returns), ErrorKind::Unsupported);
    assert_eq!(kind(Garch::egarch(1, 1, 2), &returns), ErrorKind::Unsupported);
    assert_eq!(kind(Garch::default().with_starts(0), &returns), ErrorKind::InvalidInput);
    let given =
        |parameters: &GarchParameters| Garch::new(1, 1).with_mean(MeanEquation::Zero).at(returns.view(), parameters);
    let good = GarchParameters::new(0.1, [0.1], [0.8]);
    assert!(given(&good).is_ok());
    for wrong in [
        GarchParameters::new(0.0, [0.1], [0.8]),
        GarchParameters::new(0.1, [-0.1], [0.8]),
        GarchParameters::new(0.1, [0.1], [f64::NAN]),
        GarchParameters::new(0.1, [0.1, 0.1], [0.8]),
        good.clone().with_mean(0.1),
        good.clone().with_gamma([0.1]),
        good.clone().with_power(2.0),
        good.clone().with_equation(VarianceEquation::Egarch),
        good.clone().with_law(InnovationLaw::StudentT { degrees_of_freedom: 5.0 }),
    ] {
        assert_eq!(given(&wrong).unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong:?}");
    }
    let fitted = given(&good).unwrap();
    assert_eq!(fitted.forecast(0).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(fitted.standard_errors(ParameterErrors::Robust).unwrap_err().kind(), ErrorKind::Undefined);
    assert!(fitted.simulated_forecast(3, 1, 1).is_err());
    assert_eq!(Garch::default().fit(bad.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_saved_fit_is_the_same_fit() {
    let returns = simulated(150, InnovationLaw::Normal, 1);
    let fitted = Garch::gjr(1, 1, 1).estimate(returns.view()).unwrap();
    let text = serde_json::to_string(&fitted).unwrap();
    let back: FittedGarch = serde_json::from_str(&text).unwrap();
    assert_eq!(back, fitted);
    assert!(serde_json::from_str::<FittedGarch>(&text.replacen("\"omega\":", "\"omega\":-", 1)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// No parameters near those that were found are more likely.
    #[test]
    fn nothing_nearby_is_more_likely(seed in 0_u64..1_000, which in 0..11_usize, law in 0..4_usize) {
        let returns = simulated(300, InnovationLaw::Normal, seed);
        let model = models()[which].with_innovations(LAWS[law]);
        let fitted = model.estimate(returns.view());
        prop_assume!(fitted.is_ok());
        let fitted = fitted.unwrap();
        let layout = Layout::new(&model);
        let best = fitted.parameters().vector();
        for k in 0..best.len() {
            for by in [1e-3, -1e-3] {
                let mut moved = best.clone();
                moved[k] += by * moved[k].abs().max(0.01);
                if let Ok(other) = model.at(returns.view(), &GarchParameters::from_vector(&layout, &moved)) {
                    let persistence = moved[layout.alpha()..layout.gamma()].iter().chain(&moved[layout.beta()..layout.power()]).sum::<f64>()
                        + 0.5 * moved[layout.gamma()..layout.beta()].iter().sum::<f64>();
                    let inside = moved[layout.power()..layout.shapes()].iter().all(|power| (0.3..5.0).contains(power))
                        && (model.equation != VarianceEquation::Aparch
                            || moved[layout.gamma()..layout.beta()].iter().all(|tilt| tilt.abs() < 0.99));
                    let allowed = model.equation == VarianceEquation::Egarch || (persistence < 1.0 && inside);
                    prop_assert!(!allowed || other.log_likelihood() <= fitted.log_likelihood() + 1e-4, "{:?} {} {}", model, k, other.log_likelihood() - fitted.log_likelihood());
                }
            }
        }
    }
}

#[test]
fn a_parameter_at_its_bound_is_reached_and_named() {
    // Shocks with thinner tails than the normal: the t wants endless degrees of freedom. Only bad news counts: α is zero.
    let uniform = Streams::new(21).standard_normals(3_000, 1).mapv(|z| 12_f64.sqrt() * (normal::cdf(z) - 0.5));
    let parameters = GarchParameters::new(0.05, [0.0], [0.85]).with_gamma([0.2]).with_mean(0.0);
    let start = Garch::gjr(1, 1, 1).at(array![0.5, -0.3].view(), &parameters).unwrap();
    let mut returns = Array1::zeros(3_000);
    start.simulate(uniform.column(0), returns.view_mut()).unwrap();
    for unit in [1.0, 1e-2] {
        let model = Garch::gjr(1, 1, 1).with_innovations(Innovations::StudentT);
        let fitted = model.estimate((&returns * unit).view()).unwrap();
        let certificate = fitted.certificate().unwrap();
        assert!(certificate.gradient < 1e-5 && certificate.agreeing == 2, "{certificate:?}");
        let names: Vec<String> = certificate.concerns.iter().map(ToString::to_string).collect();
        assert!(names.contains(&"degrees_of_freedom is at its bound".to_owned()), "{names:?}");
        let normal = Garch::gjr(1, 1, 1).estimate((&returns * unit).view()).unwrap();
        // Its normal limit: an excess kurtosis of 0.000006 changes 3,000 log-densities by less than a thousandth.
        assert!((fitted.log_likelihood() - normal.log_likelihood()).abs() < 1e-3);
        assert!(normal.parameters().alpha[0] < 0.01 && (normal.parameters().gamma[0] - 0.2).abs() < 0.05);
    }
}

#[test]
fn concerns_in_words() {
    let words = |concern: Concern| concern.to_string();
    assert_eq!(words(Concern::FewObservations { observations: 60 }), "only 60 returns");
    assert_eq!(words(Concern::NearUnitRoot), "the persistence is close to one");
    assert_eq!(words(Concern::AtBound { parameter: "alpha[1]".into() }), "alpha[1] is at its bound");
    assert_eq!(words(Concern::SearchesDisagree { failed: 0 }), "searches ended at different optima");
    assert_eq!(words(Concern::SearchesDisagree { failed: 1 }), "1 of the searches did not converge");
}
