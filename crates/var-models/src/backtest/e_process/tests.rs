use alluse_risk_core::{ErrorKind, normal};
use ndarray::Array1;
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::backtest::simulate::draw;

const P90: f64 = 0.9;

fn fraction(t: usize, step: f64) -> f64 {
    ((t + 1) as f64 * step).fract()
}

/// A hundred and twenty days without an RNG, value at risk understated by three tenths.
fn record() -> LevelRecord {
    let n = 120;
    let confidence = Confidence::new(P90).unwrap();
    let z = normal::quantile(confidence.tail()).unwrap();
    let scale = Array1::from_shape_fn(n, |t| 0.01 * (1.0 + 0.5 * fraction(t, 0.414_213_56)));
    let returns = Array1::from_shape_fn(n, |t| scale[t] * normal::quantile(fraction(t, 0.618_033_988_7)).unwrap());
    let var = &scale * -z;
    let wobble = Array1::from_shape_fn(n, |t| 0.9 + 0.2 * fraction(t, 0.732_050_8));
    let shortfall = &scale * &wobble * (normal::density(z) / confidence.tail());
    let shortfall = Array1::from_shape_fn(n, |t| shortfall[t].max(var[t] * 1.001) * 0.7 + 0.001);
    LevelRecord::new(returns.view(), (&var * 0.7).view(), confidence)
        .unwrap()
        .with_expected_shortfall(shortfall.view())
        .unwrap()
}

#[test]
fn wealth_against_other_software() {
    // SciPy 1.17.1: stakes by minimize_scalar(bounded) on the past, tolerance 1e-13, the ends tried beside.
    for (target, gree, grel, mixture, first) in WEALTH {
        let judge = |betting| {
            let process = EProcess::new(target, Confidence::new(P90).unwrap()).with_betting(betting).unwrap();
            process.judge(&record()).unwrap()
        };
        let last = |backtest: &EBacktest| *backtest.log_wealth.last().unwrap();
        assert!((last(&judge(Betting::EmpiricalEValues)) - gree).abs() < 1e-6);
        assert!((last(&judge(Betting::EmpiricalLosses)) - grel).abs() < 1e-6);
        let both = judge(Betting::Mixture);
        assert!((last(&both) - mixture).abs() < 1e-6, "{}", last(&both));
        assert_eq!(both.first_rejection, first);
    }
}

const WEALTH: [(ForecastTarget, f64, f64, f64, Option<usize>); 2] = [
    (ForecastTarget::ValueAtRisk, 1.953_830_480_898_938_4, 1.925_896_426_541_311_4, 1.939_960_989_473_116, None),
    (ForecastTarget::ExpectedShortfall, 2.661_604_522_840_513, 2.551_801_637_894_113, 2.608_209_408_067_196_5, None),
];

#[test]
fn constant_bets_by_hand() {
    let confidence = Confidence::new(0.75).unwrap();
    let mut process = EProcess::new(ForecastTarget::ValueAtRisk, confidence)
        .with_betting(Betting::Constant { fraction: 0.2 })
        .unwrap();
    // A breach pays 4: wealth 1 + 0.2·3; a calm day costs a fifth.
    let step = process.observe(-2.0, 1.0, None).unwrap();
    assert_eq!((step.e_value, step.stake, step.rejected), (4.0, 0.2, false));
    assert!((step.log_wealth - 1.6_f64.ln()).abs() < 1e-15);
    let step = process.observe(-1.0, 1.0, None).unwrap(); // equal is no breach
    assert!((step.log_wealth - 1.28_f64.ln()).abs() < 1e-15);
    assert!((process.anytime_p_value() - 1.0 / 1.6).abs() < 1e-15);
    assert_eq!(process.observations(), 2);
    let capped = EProcess::new(ForecastTarget::ValueAtRisk, confidence)
        .with_cap(0.1)
        .and_then(|p| p.with_betting(Betting::Constant { fraction: 0.9 }))
        .unwrap();
    assert_eq!(capped.clone().observe(0.0, 1.0, None).unwrap().stake, 0.1);

    let mut process = EProcess::new(ForecastTarget::ExpectedShortfall, confidence)
        .with_betting(Betting::Constant { fraction: 0.2 })
        .unwrap();
    // (3 − 1)/(0.25 · (1.5 − 1)) = 16.
    assert!((process.observe(-3.0, 1.0, Some(1.5)).unwrap().e_value - 16.0).abs() < 1e-12);
}

#[test]
fn the_first_rejection_is_kept() {
    let mut process = EProcess::new(ForecastTarget::ValueAtRisk, Confidence::new(0.8).unwrap())
        .with_betting(Betting::Constant { fraction: 0.5 })
        .and_then(|p| p.with_significance(1.0 / 9.0))
        .unwrap();
    // Each breach triples the wealth: 3, 9 = 1/significance.
    assert!(!process.observe(-1.0, 0.5, None).unwrap().rejected);
    assert!(process.observe(-1.0, 0.5, None).unwrap().rejected);
    for _ in 0..20 {
        process.observe(0.0, 0.5, None).unwrap();
    }
    assert_eq!(process.first_rejection(), Some(2));
    assert!(process.log_wealth() < 0.0 && (process.anytime_p_value() - 1.0 / 9.0).abs() < 1e-12);
}

#[test]
fn right_forecasts_are_rejected_no_more_often_than_promised() {
    // P(sup M ≥ 20) ≤ 5 %: 400 samples, three standard errors 0.033.
    for target in [ForecastTarget::ValueAtRisk, ForecastTarget::ExpectedShortfall] {
        let rejected = draw(31, 400, |stream| {
            let mut process = EProcess::new(target, Confidence::P95);
            for _ in 0..500 {
                let x: f64 = StandardNormal.sample(stream);
                process.observe(x, 1.644_853_627, Some(2.062_712_8)).unwrap();
            }
            f64::from(process.first_rejection().is_some())
        });
        let rate = rejected.iter().sum::<f64>() / 400.0;
        assert!(rate <= 0.083, "{target:?}: {rate}");
    }
}

#[test]
fn understated_risk_is_found() {
    let rejected = draw(32, 100, |stream| {
        let mut process = EProcess::new(ForecastTarget::ExpectedShortfall, Confidence::P95);
        for _ in 0..750 {
            let x: f64 = StandardNormal.sample(stream);
            process.observe(1.4 * x, 1.644_853_627, Some(2.062_712_8)).unwrap();
        }
        f64::from(process.first_rejection().is_some())
    });
    assert!(rejected.iter().sum::<f64>() > 90.0);
}

#[test]
fn a_stored_state_goes_on_where_it_stopped() {
    let record = record();
    let whole = EProcess::new(ForecastTarget::ExpectedShortfall, Confidence::new(P90).unwrap()).judge(&record).unwrap();
    let mut process = EProcess::new(ForecastTarget::ExpectedShortfall, Confidence::new(P90).unwrap());
    let shortfall = record.expected_shortfall().unwrap();
    for t in 0..120 {
        if t == 60 {
            process = serde_json::from_str(&serde_json::to_string(&process).unwrap()).unwrap();
        }
        process.observe(record.returns()[t], record.value_at_risk()[t], Some(shortfall[t])).unwrap();
    }
    assert_eq!(process, whole.state);
    assert_eq!(whole.log_wealth.len(), 120);
}

#[test]
fn a_refused_day_leaves_the_state_alone() {
    let mut process = EProcess::new(ForecastTarget::ExpectedShortfall, Confidence::P95);
    process.observe(-3.0, 1.0, Some(1.5)).unwrap();
    let before = process.clone();
    for (outcome, var, shortfall) in [
        (f64::NAN, 1.0, Some(2.0)),
        (0.0, f64::INFINITY, Some(2.0)),
        (0.0, 1.0, None),
        (0.0, 1.0, Some(1.0)),
        (0.0, 1.0, Some(f64::NAN)),
        (-1e300, 1.0, Some(1.0 + 1e-15)),
    ] {
        let error = process.observe(outcome, var, shortfall).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{outcome} {var} {shortfall:?}");
        assert_eq!(process, before);
    }
    assert!(process.clone().with_cap(0.3).is_err());
    assert!(process.clone().with_significance(0.3).is_err());
    assert!(process.with_betting(Betting::EmpiricalLosses).is_err());
}

#[test]
fn settings_and_states_are_checked() {
    let process = EProcess::new(ForecastTarget::ValueAtRisk, Confidence::P95);
    for fraction in [-0.1, 1.0, f64::NAN] {
        assert!(process.clone().with_betting(Betting::Constant { fraction }).is_err());
    }
    assert!(process.clone().with_cap(1.0).is_err() && process.clone().with_significance(0.0).is_err());
    let state = serde_json::to_value(process.clone()).unwrap();
    let broken = |field: &str, value: serde_json::Value| {
        let mut state = state.clone();
        state[field] = value;
        serde_json::from_value::<EProcess>(state).is_err()
    };
    assert!(serde_json::from_value::<EProcess>(state.clone()).unwrap() == process);
    assert!(broken("observations", 3.into()));
    assert!(broken("losses", serde_json::json!([1.0])));
    assert!(broken("e_values", serde_json::json!([1.0])));
    assert!(broken("cap", 1.5.into()));
    assert!(broken("highest", (-1.0).into()));
    assert!(broken("first_rejection", 1.into()));
    let mut two = process;
    two.observe(-1.0, 0.5, None).unwrap();
    two.observe(-2.0, 0.5, None).unwrap();
    let mut state = serde_json::to_value(two).unwrap();
    state["losses"] = serde_json::json!([1.0, 2.0]);
    assert!(serde_json::from_value::<EProcess>(state).is_err());
}

#[test]
fn stakes_by_hand() {
    assert_eq!(best_stake(&[], 0, 0.5), 0.0);
    assert_eq!(best_stake(&[], 10, 0.5), 0.0);
    // E-values of mean one or less are no reason to bet.
    assert_eq!(best_stake(&[4.0], 4, 0.5), 0.0);
    // One of 4 among three: maximise ln(1 + 3λ) + 2 ln(1 − λ): λ = (3 − 2)/(3·3) = 1/9.
    assert!((best_stake(&[4.0], 3, 0.5) - 1.0 / 9.0).abs() < 1e-12);
    assert_eq!(best_stake(&[4.0], 3, 0.1), 0.1);
    assert_eq!(best_stake(&[4.0, 5.0], 2, 0.5), 0.5);
}
