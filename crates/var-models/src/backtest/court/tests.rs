use alluse_risk_core::{ErrorKind, normal};
use ndarray::Array1;

use super::*;
use crate::backtest::PowerConfig;
use crate::backtest::simulate::uniform;

/// Normal forecasts with a scale that changes; outcomes are `ratio` times what was forecast.
fn record(ratio: f64, days: usize) -> LevelRecord {
    let mut stream = alluse_risk_core::streams::Streams::new(8).block(0);
    let law = PredictiveLaw::Normal.at(Confidence::P95).unwrap();
    let scale = Array1::from_shape_fn(days, |t| 0.01 * (1.0 + 0.3 * (t as f64 / 40.0).sin()));
    let z = Array1::from_shape_fn(days, |_| ratio * normal::quantile(uniform(&mut stream)).unwrap());
    LevelRecord::new((&scale * &z).view(), (&scale * law.value_at_risk).view(), Confidence::P95)
        .and_then(|record| record.with_expected_shortfall((&scale * law.expected_shortfall).view()))
        .and_then(|record| record.with_pit(z.mapv(normal::cdf).view()))
        .unwrap()
}

fn judge(record: &LevelRecord) -> CoverageReport {
    let mut study = PowerStudy::new(PowerConfig::new(2).with_simulations(100).unwrap());
    Court::new(MonteCarlo::new(2).with_replicates(199)).judge(record, &mut study).unwrap()
}

#[test]
fn a_right_model_passes_and_a_wrong_one_does_not() {
    let right = judge(&record(1.0, 750));
    assert_eq!((right.hearings.len(), right.observations), (22, 750));
    for hearing in &right.hearings {
        let outcome = hearing.outcome.known().unwrap_or_else(|| panic!("{:?}", hearing));
        assert_eq!(outcome.test, hearing.test);
        assert!(outcome.power.is_some(), "{:?}", outcome.test);
    }
    // 22 tests at 1 %: more than two rejections of a right model would be news.
    assert!(right.rejections(0.01).unwrap().len() <= 2, "{:?}", right.rejections(0.01));
    assert!(right.e_expected_shortfall.known().unwrap().first_rejection.is_none());
    assert!(right.calibration.known().is_some());

    let wrong = judge(&record(1.5, 750));
    for test in [
        TestName::KupiecPof,
        TestName::Binomial,
        TestName::TrafficLight,
        TestName::ConditionalCoverage,
        TestName::MultinomialNass,
        TestName::AcerbiSzekelyZ2,
        TestName::AcerbiSzekelyZ3,
        TestName::DuEscancianoUnconditional,
        TestName::EsRegressionIntercept,
        TestName::Berkowitz,
        TestName::BerkowitzTail,
    ] {
        assert!(wrong.rejections(0.01).unwrap().contains(&test), "{test:?}");
    }
    assert!(wrong.e_value_at_risk.known().unwrap().first_rejection.is_some());
    assert_eq!(wrong.traffic_light.known().unwrap().zone, Zone::Red);
    assert!(*wrong.breach_loss_over_shortfall.known().unwrap() > 1.1);
    let text = serde_json::to_string(&wrong).unwrap();
    assert_eq!(serde_json::from_str::<CoverageReport>(&text).unwrap(), wrong);
}

#[test]
fn what_cannot_be_heard_is_unknown_with_its_reason() {
    let calm = LevelRecord::new(Array1::zeros(250).view(), Array1::ones(250).view(), Confidence::P99).unwrap();
    let report = judge(&calm);
    let unknown = |test| match &report.hearings.iter().find(|hearing| hearing.test == test).unwrap().outcome {
        Status::Unknown { kind, reason } => (*kind, reason.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(unknown(TestName::Berkowitz), (ErrorKind::InvalidInput, "the record has no PIT".to_owned()));
    assert_eq!(unknown(TestName::AcerbiSzekelyZ2).1, "the record has no expected shortfall");
    assert_eq!(unknown(TestName::KupiecTuff).0, ErrorKind::Undefined);
    assert_eq!(unknown(TestName::WeibullDuration).0, ErrorKind::InsufficientData);
    assert!(report.outcome(TestName::WeibullDuration).is_none());
    // No breach in 250 days at 99 %: LR 5.03 rejects at 5 % by the chi-square law, but not exactly.
    let kupiec = report.outcome(TestName::KupiecPof).unwrap();
    assert!(kupiec.p_value < 0.05 && kupiec.best_p_value() > 0.05);
    assert!(report.outcome(TestName::DynamicQuantile).unwrap().degenerate);
    assert!(matches!(report.calibration, Status::Unknown { .. }));
    assert!(matches!(report.breach_loss_over_shortfall, Status::Unknown { .. }));
    assert_eq!(report.breaches, 0);
    assert!((report.expected_breaches - 2.5).abs() < 1e-12);
    assert!(report.rejections(0.0).is_err());
}

#[test]
fn settings_are_used() {
    let record = record(1.0, 250);
    let mut study = PowerStudy::new(PowerConfig::new(2).with_simulations(100).unwrap());
    let court = Court::new(MonteCarlo::new(2).with_replicates(99))
        .with_bins(5)
        .with_law(PredictiveLaw::StudentT { degrees_of_freedom: 5.0 })
        .with_dynamic_quantile(DynamicQuantile::default().with_lags(1));
    let report = court.judge(&record, &mut study).unwrap();
    assert_eq!(report.calibration.known().unwrap().shares.len(), 5);
    assert_eq!(report.outcome(TestName::DynamicQuantile).unwrap().degrees_of_freedom, Some(3.0));
    let heavy = court.with_law(PredictiveLaw::StudentT { degrees_of_freedom: 0.5 });
    assert!(heavy.judge(&record, &mut study).is_err());
    let few = Court::new(MonteCarlo::new(2).with_replicates(3));
    assert!(few.judge(&record, &mut study).is_err());
}
