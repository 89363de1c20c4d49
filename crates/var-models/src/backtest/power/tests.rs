use alluse_risk_core::ErrorKind;

use super::*;

fn study(simulations: usize) -> PowerStudy {
    PowerStudy::new(PowerConfig::new(17).with_simulations(simulations).unwrap())
}

const ALL: [TestName; 24] = [
    TestName::KupiecPof,
    TestName::KupiecTuff,
    TestName::Binomial,
    TestName::TrafficLight,
    TestName::Independence,
    TestName::ConditionalCoverage,
    TestName::MixedKupiec,
    TestName::WeibullDuration,
    TestName::DynamicQuantile,
    TestName::MultinomialPearson,
    TestName::MultinomialNass,
    TestName::MultinomialLikelihoodRatio,
    TestName::ExceedanceResiduals,
    TestName::AcerbiSzekelyZ1,
    TestName::AcerbiSzekelyZ2,
    TestName::AcerbiSzekelyZ3,
    TestName::DuEscancianoUnconditional,
    TestName::DuEscancianoConditional,
    TestName::EsRegressionStrict,
    TestName::EsRegressionAuxiliary,
    TestName::EsRegressionIntercept,
    TestName::KolmogorovSmirnov,
    TestName::Berkowitz,
    TestName::BerkowitzTail,
];

#[test]
fn every_test_has_a_power_and_is_worked_out_once() {
    let mut study = study(100);
    for test in ALL {
        let power = study.power(test, 250, Confidence::P95).unwrap();
        assert!((0.0..=1.0).contains(&power.power), "{test:?}");
        assert!(!power.description.is_empty());
        assert_eq!(study.power(test, 250, Confidence::P95).unwrap(), power);
    }
    assert_eq!(study.len(), ALL.len());
    let text = serde_json::to_string(&study).unwrap();
    assert_eq!(serde_json::from_str::<PowerStudy>(&text).unwrap(), study);
}

#[test]
fn more_days_see_more() {
    let mut study = study(400);
    for test in [
        TestName::Independence,
        TestName::ConditionalCoverage,
        TestName::DynamicQuantile,
        TestName::WeibullDuration,
        TestName::AcerbiSzekelyZ2,
        TestName::ExceedanceResiduals,
        TestName::KolmogorovSmirnov,
        TestName::Berkowitz,
        TestName::DuEscancianoUnconditional,
        TestName::DuEscancianoConditional,
    ] {
        let mut power = |n| study.power(test, n, Confidence::P95).unwrap().power;
        let (short, long) = (power(150), power(1_500));
        assert!(long > short + 0.03, "{test:?}: {short} {long}");
        assert!(long > 0.15, "{test:?}: {long}");
    }
}

#[test]
fn without_an_alternative_the_power_is_the_size() {
    // Scale ratio 1 is no alternative: 5 % within four standard errors of 1,000 samples and of the critical value's.
    let config = PowerConfig::new(4).with_scale_ratio(1.0).unwrap();
    let mut study = PowerStudy::new(config);
    for test in [TestName::KolmogorovSmirnov, TestName::Berkowitz] {
        let power = study.power(test, 200, Confidence::P95).unwrap();
        assert!((power.power - 0.05).abs() < 0.04, "{test:?}: {}", power.power);
        assert!((power.standard_error.unwrap() - (power.power * (1.0 - power.power) / 1_000.0).sqrt()).abs() < 1e-12);
    }
    // Breaches that are no likelier after a breach are independent.
    let config = PowerConfig::new(4).with_clustering_multiple(1.0).unwrap();
    let power = PowerStudy::new(config).power(TestName::Independence, 1_000, Confidence::P95).unwrap();
    assert!((power.power - 0.05).abs() < 0.04, "{}", power.power);
    assert_eq!(
        power.alternative,
        Alternative::BreachClustering { after_breach: Confidence::P95.tail(), nominal: Confidence::P95.tail() }
    );
}

#[test]
fn alternatives_are_what_they_say() {
    let study = Study {
        config: PowerConfig::new(1),
        test: TestName::DynamicQuantile,
        observations: 10,
        confidence: Confidence::P99,
    };
    assert!((study.after_breach() - 0.1).abs() < 1e-12);
    assert_eq!(study.heavier(), Alternative::HeavierTail { degrees_of_freedom: 4.0 });
    let laws = study.laws().unwrap();
    // The heavier law has the model's value at risk: 1 % of its draws lie beyond it.
    let beyond = draw(3, 200_000, |stream| f64::from(-laws.draw(stream, Truth::Wrong) > laws.model.value_at_risk));
    let rate = beyond.iter().sum::<f64>() / 200_000.0;
    assert!((rate - 0.01).abs() < 5.0 * (0.01 * 0.99 / 200_000.0_f64).sqrt(), "{rate}");
    let wide = Study { confidence: Confidence::new(0.9).unwrap(), ..study };
    assert_eq!(wide.after_breach(), 0.5);
}

#[test]
fn outcomes_get_their_power() {
    let mut study = study(100);
    let breaches = Breaches::from_indices(250, vec![3, 4, 90]).unwrap();
    let outcome = crate::backtest::weibull_duration(&breaches).unwrap().outcome;
    assert_eq!(outcome.power, None);
    let attached = study.attach(outcome, 250, Confidence::P99).unwrap();
    assert_eq!(attached.power.unwrap(), study.power(TestName::WeibullDuration, 250, Confidence::P99).unwrap());
    assert!(!study.is_empty() && study.config() == PowerConfig::new(17).with_simulations(100).unwrap());
}

#[test]
fn hostile_inputs() {
    let config = PowerConfig::new(1);
    let refused = [
        config.with_significance(0.0),
        config.with_significance(f64::NAN),
        config.with_simulations(99),
        config.with_breach_multiple(0.0),
        config.with_clustering_multiple(f64::INFINITY),
        config.with_degrees_of_freedom(1.0),
        config.with_scale_ratio(-1.0),
    ];
    for result in refused {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let mut study = PowerStudy::new(config);
    assert!(study.power(TestName::KupiecPof, 0, Confidence::P99).is_err());
    let kind = study.power(TestName::AcerbiSzekelyZ3, 20, Confidence::P99).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::InsufficientData);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<PowerConfig>(&text).unwrap(), config);
    assert!(serde_json::from_str::<PowerConfig>(&text.replace("0.05", "1.5")).is_err());
}
