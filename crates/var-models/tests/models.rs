//! Every model behind the trait.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may fail by panicking; exact numbers are compared")]

use alluse_risk_core::measures::{ExpansionDomain, LossSample, QuantileRule, ShortfallFloor, Spectrum};
use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{
    AssetId, Confidence, Decay, Error as CoreError, ErrorKind, HalfLife, HistorySplitter, Horizon, LossDistribution,
    Result as CoreResult, VarModel,
};
use alluse_var_models::{
    AgeWeighted, DegreesOfFreedomBound, DeltaNormal, EmpiricalLoss, Error, Historical, HorizonRule, KernelHistorical,
    LinearBook, NormalLoss, ParametricCornishFisher, ParametricNormal, ParametricSkewedT, ParametricStudentT,
    SkewedTFit, StudentTFit, StudentTLoss, tail_table,
};
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::{Array1, Array2, ArrayView1, Axis, array};
use proptest::prelude::*;

fn models(rule: HorizonRule) -> Vec<Box<dyn VarModel>> {
    vec![
        Box::new(Historical::default().with_min_observations(20)),
        Box::new(ParametricNormal::default().with_horizon_rule(rule)),
        Box::new(ParametricStudentT::default().with_horizon_rule(rule)),
    ]
}

fn panel(returns: Array1<f64>) -> ReturnPanel {
    let days = date(2024, 1, 1).series(1.day()).take(returns.len()).collect();
    ReturnPanel::new(days, vec![AssetId::new("SPY").unwrap()], returns.insert_axis(Axis(1))).unwrap()
}

fn forecast(
    model: &dyn VarModel,
    returns: Array1<f64>,
    money: f64,
    days: u32,
) -> CoreResult<Box<dyn LossDistribution>> {
    let window = returns.len();
    let panel = panel(returns);
    let splitter = HistorySplitter::new(&panel, array![money])?;
    model.forecast(splitter.ending(window, window)?, Horizon::days(days)?)
}

/// Returns with a mean and somewhat heavy tails.
fn returns(count: usize) -> Array1<f64> {
    let normals = Streams::new(7).standard_normals(2, count);
    let fat = |(a, b): (&f64, &f64)| 0.0005 + 0.01 * a * (1.0 + 0.5 * b * b);
    normals.row(0).iter().zip(normals.row(1)).map(fat).collect()
}

#[test]
fn models_distributions_and_results_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Vec<Box<dyn VarModel>>>();
    crosses::<Box<dyn LossDistribution>>();
    crosses::<Historical>();
    crosses::<ParametricNormal>();
    crosses::<ParametricStudentT>();
    crosses::<NormalLoss>();
    crosses::<StudentTLoss>();
    crosses::<EmpiricalLoss>();
    crosses::<DeltaNormal>();
    crosses::<LinearBook<'_>>();
    crosses::<Error>();
}

#[test]
fn all_models_answer_in_money_for_the_day() {
    for model in models(HorizonRule::OneDayOnly) {
        let loss = forecast(&*model, returns(500), 1e6, 1).unwrap();
        let (var, es) =
            (loss.value_at_risk(Confidence::P95).unwrap(), loss.expected_shortfall(Confidence::P95).unwrap());
        assert!(es.value > var.value && var.value > 0.0, "{}", model.name());
        assert_eq!(
            (var.horizon, loss.horizon(), var.observations),
            (Horizon::DAY, Horizon::DAY, 500),
            "{}",
            model.name()
        );
        assert!(var.standard_error.unwrap() > 0.0 && es.standard_error.unwrap() > 0.0, "{}", model.name());
        let spectrum = Spectrum::expected_shortfall(Confidence::P95);
        let spectral = loss.spectral(&spectrum).unwrap().value;
        assert!((spectral / es.value - 1.0).abs() < 1e-8, "{}: {spectral} {}", model.name(), es.value);
        assert!((loss.cdf(var.value).unwrap() - 0.95).abs() < 2e-3, "{}", model.name());
        assert!(loss.cdf(f64::NAN).is_err());
        // A model knows no units: twice the money is twice the loss.
        let double = forecast(&*model, returns(500), 2e6, 1).unwrap().value_at_risk(Confidence::P95).unwrap();
        assert!((double.value / var.value - 2.0).abs() < 1e-9, "{}", model.name());
    }
}

#[test]
fn longer_horizons_need_a_rule() {
    for model in models(HorizonRule::OneDayOnly) {
        let error = forecast(&*model, returns(100), 1.0, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{}", model.name());
        assert!(error.to_string().contains("1 exchange day(s), not 10"), "{error}");
    }
    let rule = HorizonRule::SquareRootOfTime;
    for model in models(rule).iter().skip(1) {
        let ask = |days| forecast(&**model, returns(400), 1.0, days).unwrap();
        let (one, nine) = (ask(1), ask(9));
        assert_eq!(nine.horizon().trading_days(), 9);
        // −9m + 3 k s against −m + k s: the median gives m, the quantile k s.
        let at = |loss: &dyn LossDistribution, c: f64| loss.value_at_risk(Confidence::new(c).unwrap()).unwrap().value;
        let (m, ks) = (-at(&*one, 0.5), at(&*one, 0.99) - at(&*one, 0.5));
        assert!((at(&*nine, 0.99) - (-9.0 * m + 3.0 * ks)).abs() < 1e-12, "{}", model.name());
    }
}

#[test]
fn the_error_of_a_fitted_t_grows_with_the_horizon() {
    let model = ParametricStudentT::default().with_horizon_rule(HorizonRule::SquareRootOfTime);
    let error = |days| {
        let loss = forecast(&model, returns(400), 1.0, days).unwrap();
        loss.value_at_risk(Confidence::new(0.5).unwrap()).unwrap().standard_error.unwrap()
    };
    // At the median only the location counts, and it is multiplied by the days.
    assert!((error(4) / error(1) - 4.0).abs() < 1e-6, "{} {}", error(4), error(1));
}

#[test]
fn too_little_history_is_an_error() {
    for (model, least) in models(HorizonRule::OneDayOnly).iter().zip([20, 2, StudentTFit::MIN_OBSERVATIONS]) {
        assert_eq!(model.min_observations(), least, "{}", model.name());
        assert!(forecast(&**model, returns(least), 1.0, 1).is_ok(), "{}", model.name());
        assert!(forecast(&**model, returns(least - 1), 1.0, 1).is_err(), "{}", model.name());
    }
    assert_eq!(Historical::default().min_observations(), 100);
    assert_eq!(Historical::default().with_min_observations(0).min_observations(), 1);
    let population = ParametricNormal::default().with_ddof(0);
    assert_eq!(population.min_observations(), 1);
    let single = forecast(&population, array![0.02], 100.0, 1).unwrap();
    assert_eq!(single.value_at_risk(Confidence::P99).unwrap().value, -2.0);
    let one = forecast(&Historical::default().with_min_observations(1), array![0.02], 100.0, 1).unwrap();
    assert_eq!(one.expected_shortfall(Confidence::P99).unwrap().value, -2.0);
}

#[test]
fn a_series_that_never_moves() {
    for (index, model) in models(HorizonRule::OneDayOnly).iter().enumerate() {
        let loss = forecast(&**model, Array1::from_elem(64, 0.25), 1.0, 1);
        if index == 2 {
            assert_eq!(loss.unwrap_err().kind(), ErrorKind::Undefined);
        } else {
            assert_eq!(loss.unwrap().value_at_risk(Confidence::P99).unwrap().value, -0.25);
        }
    }
}

#[test]
fn the_quantile_rule_is_the_callers() {
    let sample = Array1::from_shape_fn(100, |i| -(i as f64) / 1e3);
    let var = |rule| {
        let loss = forecast(&Historical::default().with_quantile_rule(rule), sample.clone(), 1e3, 1).unwrap();
        loss.value_at_risk(Confidence::P99).unwrap().value
    };
    assert!((var(QuantileRule::LowerLoss) - 98.0).abs() < 1e-9);
    assert!((var(QuantileRule::UpperLoss) - 99.0).abs() < 1e-9);
    assert!((var(QuantileRule::Linear) - 98.01).abs() < 1e-9);
}

#[test]
fn a_tail_without_mean_has_no_shortfall() {
    let cauchy = StudentTLoss::new(0.0, 1.0, 1.0, Horizon::DAY).unwrap();
    assert!((cauchy.value_at_risk(Confidence::new(0.75).unwrap()).unwrap().value - 1.0).abs() < 1e-12);
    let error = cauchy.expected_shortfall(Confidence::P99).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
    assert!(cauchy.spectral(&Spectrum::expected_shortfall(Confidence::P99)).is_err());
    assert!(matches!(tail_table(&cauchy, &[Confidence::P99]), Err(Error::Input(CoreError::Model { .. }))));
}

#[test]
fn a_stored_t_is_checked() {
    let fit = ParametricStudentT::default().fit(returns(200).view()).unwrap();
    assert_eq!(fit.bound, DegreesOfFreedomBound::Interior);
    let loss = StudentTLoss::from_fit(&fit, Horizon::DAY).unwrap();
    assert_eq!(
        (loss.location(), loss.scale(), loss.degrees_of_freedom()),
        (fit.location, fit.scale, fit.degrees_of_freedom)
    );
    let plain = StudentTLoss::new(0.5, 1.5, 3.25, Horizon::DAY).unwrap();
    let text = serde_json::to_string(&plain).unwrap();
    assert_eq!(serde_json::from_str::<StudentTLoss>(&text).unwrap(), plain);
    for (good, bad) in [("1.5", "-1.5"), ("3.25", "0.0")] {
        assert!(serde_json::from_str::<StudentTLoss>(&text.replace(good, bad)).is_err());
    }
    assert!(StudentTLoss::new(f64::NAN, 1.0, 3.0, Horizon::DAY).is_err());
    assert!(StudentTLoss::with_standard_deviation(0.0, 1.0, 2.0, Horizon::DAY).is_err());
    assert!(plain.loss_at_multiplier(f64::NAN).is_err());
    assert_eq!(plain.loss_at_multiplier(2.0).unwrap(), 2.5);
}

/// The spread of the estimates of 200 samples of 500, four degrees of freedom; the spread itself is known to 5 %.
#[test]
fn the_error_of_a_fitted_t_is_that_of_a_simulation() {
    let uniforms = Streams::new(21).standard_normals(200 * 5, 500);
    let ask = |sample: &Array1<f64>| {
        let fit = ParametricStudentT::default().fit(sample.view()).unwrap();
        StudentTLoss::from_fit(&fit, Horizon::DAY).unwrap().value_at_risk(Confidence::P99).unwrap()
    };
    let mut values = Vec::new();
    let mut stated = 0.0;
    for block in uniforms.axis_chunks_iter(Axis(0), 5) {
        // t₄ = normal / √(χ²₄ / 4).
        let sample = Array1::from_shape_fn(500, |j| {
            let squares: f64 = (1..5).map(|i| block[[i, j]] * block[[i, j]]).sum();
            block[[0, j]] / (squares / 4.0).sqrt()
        });
        let var = ask(&sample);
        values.push(var.value);
        stated += var.standard_error.unwrap_or(0.0) / 200.0;
    }
    let mean = values.iter().sum::<f64>() / 200.0;
    let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
    assert!((stated / spread - 1.0).abs() < 0.25, "stated {stated}, simulated {spread}");
}

#[test]
fn linear_books_refuse_what_does_not_fit() {
    let returns = array![[0.01, 0.02], [-0.01, 0.03]];
    assert!(LinearBook::new(returns.view(), array![1.0].view()).is_err());
    assert!(LinearBook::new(returns.view(), array![1.0, f64::NAN].view()).is_err());
    assert!(LinearBook::new(Array2::zeros((0, 2)).view(), array![1.0, 1.0].view()).is_err());
    let exposures = array![1.0, 1.0];
    let book = LinearBook::new(returns.view(), exposures.view()).unwrap();
    assert_eq!(book.sample().len(), 2);
    let error = book.value_at_risk(&alluse_risk_core::Measure::WorstLoss, Default::default()).unwrap_err();
    assert!(matches!(error, Error::NotDecomposable { .. }));
}

#[test]
fn a_hedge_of_rounding_size_carries_no_risk() {
    let book = |x: [f64; 2]| {
        let (x, vol) = (Array1::from(x.to_vec()), array![0.1, 0.3]);
        DeltaNormal::from_correlation(x.view(), vol.view(), array![[1.0, 1.0], [1.0, 1.0]].view(), Horizon::DAY)
            .unwrap()
    };
    let error = book([3.0, -1.0]).at_multiplier(2.0).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::Undefined { .. })), "{error:?}");
    assert!(book([3.0, -0.999]).at_multiplier(2.0).is_ok());
    let error = book([1e200, 1.0]).at_multiplier(2.0).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::Overflow { .. })), "{error:?}");
}

#[test]
fn the_shapes_behind_the_trait() {
    let shapes: Vec<(Box<dyn VarModel>, usize)> = vec![
        (Box::new(AgeWeighted::new(HalfLife::periods(60.0).unwrap()).with_min_observations(30)), 30),
        (Box::new(KernelHistorical::default().with_min_observations(30)), 30),
        (Box::new(ParametricCornishFisher::default().with_min_observations(30)), 30),
        (Box::new(ParametricSkewedT), SkewedTFit::MIN_OBSERVATIONS),
    ];
    for (model, least) in shapes {
        assert_eq!(model.min_observations(), least, "{}", model.name());
        let loss = forecast(&*model, returns(500), 1e6, 1).unwrap();
        let at = |c| loss.value_at_risk(c).unwrap().value;
        let es = loss.expected_shortfall(Confidence::P95).unwrap().value;
        assert!(es > at(Confidence::P95) && at(Confidence::P99) > at(Confidence::P95), "{}", model.name());
        let double = forecast(&*model, returns(500), 2e6, 1).unwrap().expected_shortfall(Confidence::P95).unwrap();
        // The skewed t is found by a search that ends at a gradient of 1e-6.
        assert!((double.value / es - 2.0).abs() < 1e-4, "{}", model.name());
        // Not far from the plain historical figure on the same days; the expansion is the furthest off.
        let plain = forecast(&Historical::default(), returns(500), 1e6, 1).unwrap();
        let plain = plain.expected_shortfall(Confidence::P95).unwrap().value;
        assert!((es / plain - 1.0).abs() < 0.3, "{}: {es} {plain}", model.name());
        assert_eq!(forecast(&*model, returns(500), 1.0, 2).unwrap_err().kind(), ErrorKind::Unsupported);
        assert!(forecast(&*model, returns(least - 1), 1.0, 1).is_err(), "{}", model.name());
    }
}

#[test]
fn old_days_count_less() {
    // λ = 1/2 on four days: probabilities 8, 4, 2, 1 of 15, newest first.
    let model = AgeWeighted::new(Decay::new(0.5).unwrap()).with_min_observations(4);
    let loss = forecast(&model, array![-0.04, -0.01, -0.03, -0.02], 1.0, 1).unwrap();
    let at = |c: f64| loss.value_at_risk(Confidence::new(c).unwrap()).unwrap().value;
    // From the largest loss down: 0.04 has 1/15, 0.03 has 4/15 (5/15 so far), 0.02 has 8/15.
    assert_eq!((at(0.95), at(0.9), at(0.7), at(0.6)), (0.04, 0.03, 0.03, 0.02));
    let shortfall = loss.expected_shortfall(Confidence::new(0.8).unwrap()).unwrap();
    // A fifth of the mass: all of 0.04 (1/15) and half of 0.03's (2 of 4/15).
    assert!((shortfall.value - (0.04 + 2.0 * 0.03) / 3.0).abs() < 1e-12);
    assert!((shortfall.effective_observations - 225.0 / 85.0).abs() < 1e-12);
    let between = model.clone().with_quantile_rule(QuantileRule::Hazen);
    let between = forecast(&between, array![-0.04, -0.01, -0.03, -0.02], 1.0, 1).unwrap();
    let between = between.value_at_risk(Confidence::new(0.9).unwrap()).unwrap().value;
    assert!(between > 0.03 && between < 0.04, "{between}");
}

#[test]
fn cornish_fisher_refuses_outside_its_domain() {
    // One crash in two hundred quiet days: skewness near −14.
    let mut crash = Array1::from_elem(200, 0.001);
    crash[100] = -0.2;
    for (i, r) in crash.iter_mut().enumerate() {
        *r += 1e-4 * f64::from(i as u32 % 7);
    }
    let model = ParametricCornishFisher::default();
    assert_eq!(forecast(&model, crash.clone(), 1.0, 1).unwrap_err().kind(), ErrorKind::Undefined);
    let named = model.clone().with_domain(ExpansionDomain::Unchecked).with_floor(ShortfallFloor::ValueAtRisk);
    assert!(forecast(&named, crash, 1.0, 1).is_ok());
    // Under independence skewness falls with √h: ten days are closer to the normal law than one.
    let rule = model.with_horizon_rule(HorizonRule::SquareRootOfTime);
    let ask = |days| forecast(&rule, returns(500), 1.0, days).unwrap();
    let centred = |days| {
        let loss = ask(days);
        let at = |c: f64| loss.value_at_risk(Confidence::new(c).unwrap()).unwrap().value;
        (at(0.999) - at(0.5)) / (at(0.9) - at(0.5))
    };
    let normal = 3.090_232_306_167_813 / 1.281_551_565_544_600_4;
    assert!((centred(100) - normal).abs() < (centred(1) - normal).abs());
}

fn laws() -> impl Strategy<Value = (f64, f64, f64)> {
    (-5.0_f64..5.0, 0.01_f64..10.0, 1.5_f64..60.0)
}

proptest! {
    #[test]
    fn laws_of_parametric_losses((location, scale, nu) in laws(), c in 0.01_f64..0.999, factor in 0.1_f64..10.0, cash in -9.0_f64..9.0) {
        let c = Confidence::new(c).unwrap();
        let tail = |loss: &dyn LossDistribution| {
            let table = tail_table(loss, &[c]).unwrap();
            (table.value_at_risk[0], table.expected_shortfall[0])
        };
        let day = Horizon::DAY;
        let normal = |m, s| tail(&NormalLoss::new(m, s, day).unwrap());
        let student = |m, s| tail(&StudentTLoss::new(m, s, nu, day).unwrap());
        let pairs = [
            (normal(location, scale), normal(factor * location, factor * scale), normal(location + cash, scale)),
            (student(location, scale), student(factor * location, factor * scale), student(location + cash, scale)),
        ];
        for ((var, es), scaled, moved) in pairs {
            let room = 1e-10 * (1.0 + var.abs() + es.abs() + cash.abs());
            prop_assert!(var <= es);
            prop_assert!((scaled.0 - factor * var).abs() <= room * factor.max(1.0));
            prop_assert!((scaled.1 - factor * es).abs() <= room * factor.max(1.0));
            prop_assert!((moved.0 - (var - cash)).abs() <= room);
            prop_assert!((moved.1 - (es - cash)).abs() <= room);
        }
    }

    #[test]
    fn laws_of_samples(losses in proptest::collection::vec((-1e3_f64..1e3, -1e3_f64..1e3), 1..60), c in 0.01_f64..0.999, factor in 0.1_f64..10.0, cash in -1e3_f64..1e3) {
        let c = Confidence::new(c).unwrap();
        let of = |f: &dyn Fn(&(f64, f64)) -> f64| {
            let sample = LossSample::new(losses.iter().map(f).collect::<Vec<_>>()).unwrap();
            let table = tail_table(&EmpiricalLoss::new(sample), &[c]).unwrap();
            (table.value_at_risk[0], table.expected_shortfall[0])
        };
        let (var, es) = of(&|l| l.0);
        prop_assert!(of(&|l| l.0 + l.1).1 <= es + of(&|l| l.1).1 + 1e-9);
        let (scaled, moved) = (of(&|l| factor * l.0), of(&|l| l.0 + cash));
        prop_assert!((scaled.0 - factor * var).abs() <= 1e-9 && (scaled.1 - factor * es).abs() <= 1e-9);
        prop_assert!((moved.0 - var - cash).abs() <= 1e-9 && (moved.1 - es - cash).abs() <= 1e-9);
        // With interpolation a quantile can pass the tail mean of a discrete law; the rule that takes a loss of
        // the sample at the lower end cannot.
        let lower = LossSample::new(losses.iter().map(|l| l.0).collect::<Vec<_>>()).unwrap();
        let lower = lower.with_quantile_rule(QuantileRule::LowerLoss).value_at_risk(c).unwrap().value;
        prop_assert!(lower <= es + 1e-9);
    }

    #[test]
    fn parts_of_delta_normal_add_up(x in proptest::collection::vec(-1e6_f64..1e6, 3), vol in proptest::collection::vec(0.001_f64..0.1, 3), rho in -0.49_f64..1.0) {
        let correlation = Array2::from_shape_fn((3, 3), |(i, j)| if i == j { 1.0 } else { rho });
        let book = DeltaNormal::from_correlation(ArrayView1::from(&x), ArrayView1::from(&vol), correlation.view(), Horizon::WEEK).unwrap();
        let Ok(parts) = book.at_multiplier(2.0) else { return Ok(()) };
        let individual: f64 = parts.individual.iter().sum();
        prop_assert!((parts.component.iter().sum::<f64>() - parts.value_at_risk).abs() <= 1e-12 * individual);
        prop_assert!(parts.diversification_benefit >= -1e-9 * individual);
    }
}
