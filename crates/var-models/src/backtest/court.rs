//! The whole court in one sitting.

use alluse_risk_core::{Confidence, Error as CoreError, Status};
use serde::{Deserialize, Serialize};

use super::multinomial::spaced_levels;
use super::outcome::{TestName, TestOutcome};
use super::power::{LAGS, LEVELS};
use super::simulate::is_hit_test;
use super::{
    AcerbiSzekely, Calibration, DynamicQuantile, EBacktest, EProcess, EsRegression, FirstObservation, ForecastTarget,
    LevelRecord, MonteCarlo, MultinomialStatistic, PowerStudy, PredictiveLaw, Sidedness, TrafficLight, Zone, berkowitz,
    berkowitz_tail, binomial_test, calibration, christoffersen, du_escanciano_conditional, du_escanciano_unconditional,
    exceedance_residuals, kolmogorov_smirnov, kupiec_pof, kupiec_tuff, mixed_kupiec, monte_carlo_p_value,
    multinomial_cells_from_pit, multinomial_test, traffic_light, weibull_duration,
};
use crate::{Error, Result};

/// Which tests are held, and how.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `monte_carlo` | required | draws behind simulated p-values |
/// | `law` | normal | predictive law of the Acerbi–Szekely tests |
/// | `dynamic_quantile` | 4 lags, forecast included | |
/// | `bins` | 20 | bins of the calibration histogram |
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{Court, LevelRecord, MonteCarlo, PowerConfig, PowerStudy, TestName};
/// use ndarray::Array1;
///
/// let returns = Array1::from_shape_fn(250, |t| if t % 50 == 7 { -0.03 } else { 0.001 });
/// let record = LevelRecord::new(returns.view(), Array1::from_elem(250, 0.02).view(), Confidence::P99)?;
/// let mut study = PowerStudy::new(PowerConfig::new(1).with_simulations(100)?);
/// let report = Court::new(MonteCarlo::new(1).with_replicates(99)).judge(&record, &mut study)?;
///
/// assert_eq!(report.breaches, 5);
/// let kupiec = report.outcome(TestName::KupiecPof).unwrap();
/// assert!(kupiec.p_value > 0.1 && kupiec.power.as_ref().unwrap().power < 0.25);
/// assert!(report.outcome(TestName::AcerbiSzekelyZ2).is_none()); // unknown: there are no forecasts of shortfall
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Court {
    monte_carlo: MonteCarlo,
    law: PredictiveLaw,
    dynamic_quantile: DynamicQuantile,
    bins: usize,
}

/// One test of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hearing {
    /// The test.
    pub test: TestName,
    /// Its outcome, or why there is none.
    pub outcome: Status<TestOutcome>,
}

/// What the court found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CoverageReport {
    /// The level.
    pub confidence: Confidence,
    /// Days.
    pub observations: usize,
    /// Breaches.
    pub breaches: usize,
    /// Breaches of a right model on average.
    pub expected_breaches: f64,
    /// Positions of the breaches, counted from 0.
    pub breach_indices: Vec<usize>,
    /// Mean loss over expected shortfall on the days of a breach.
    pub breach_loss_over_shortfall: Status<f64>,
    /// Every test, in a fixed order.
    pub hearings: Vec<Hearing>,
    /// The Basel zone.
    pub traffic_light: Status<TrafficLight>,
    /// The running e-process against value at risk.
    pub e_value_at_risk: Status<EBacktest>,
    /// The running e-process against expected shortfall.
    pub e_expected_shortfall: Status<EBacktest>,
    /// Data of the calibration plot.
    pub calibration: Status<Calibration>,
}

impl CoverageReport {
    /// The outcome of a test; `None` when it is unknown.
    #[must_use]
    pub fn outcome(&self, test: TestName) -> Option<&TestOutcome> {
        self.hearings.iter().find(|hearing| hearing.test == test).and_then(|hearing| hearing.outcome.known())
    }

    /// The tests that reject at `significance`.
    ///
    /// Many tests on one record: some reject a right model. The traffic light rejects outside green whatever the
    /// significance.
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 < significance < 1`.
    pub fn rejections(&self, significance: f64) -> Result<Vec<TestName>> {
        let mut rejected = Vec::new();
        for outcome in self.hearings.iter().filter_map(|hearing| hearing.outcome.known()) {
            let rejects = match (outcome.test, &self.traffic_light) {
                (TestName::TrafficLight, Status::Known(light)) => light.zone != Zone::Green,
                _ => outcome.rejects(significance)?,
            };
            if rejects {
                rejected.push(outcome.test);
            }
        }
        Ok(rejected)
    }
}

/// The tests in the order of the report.
const HEARD: [TestName; 22] = [
    TestName::KupiecPof,
    TestName::KupiecTuff,
    TestName::Binomial,
    TestName::TrafficLight,
    TestName::Independence,
    TestName::ConditionalCoverage,
    TestName::MixedKupiec,
    TestName::WeibullDuration,
    TestName::DynamicQuantile,
    TestName::MultinomialNass,
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

impl Court {
    /// The default court.
    #[must_use]
    pub fn new(monte_carlo: MonteCarlo) -> Self {
        let (law, dynamic_quantile) = (PredictiveLaw::Normal, DynamicQuantile::default());
        Self { monte_carlo, law, dynamic_quantile, bins: 20 }
    }

    /// With another predictive law.
    #[must_use]
    pub fn with_law(mut self, law: PredictiveLaw) -> Self {
        self.law = law;
        self
    }

    /// With other regressors of the dynamic quantile test.
    #[must_use]
    pub fn with_dynamic_quantile(mut self, dynamic_quantile: DynamicQuantile) -> Self {
        self.dynamic_quantile = dynamic_quantile;
        self
    }

    /// With another number of bins.
    #[must_use]
    pub fn with_bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// Hears every test on a record; each outcome carries its power from `study`.
    ///
    /// A test that has no answer here is [`Status::Unknown`] with the reason; it does not stop the others.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 19 replicates, and a predictive law without a mean.
    pub fn judge(&self, record: &LevelRecord, study: &mut PowerStudy) -> Result<CoverageReport> {
        self.monte_carlo.check()?;
        self.law.at(record.confidence())?;
        let confidence = record.confidence();
        let hearings = HEARD
            .into_iter()
            .map(|test| {
                let outcome = self
                    .hear(test, record)
                    .and_then(|outcome| study.attach(outcome, record.observations(), confidence));
                Hearing { test, outcome: status(outcome) }
            })
            .collect();
        let process = |target| status(EProcess::new(target, confidence).judge(record));
        Ok(CoverageReport {
            confidence,
            observations: record.observations(),
            breaches: record.breaches().count(),
            expected_breaches: record.breaches().expected(confidence),
            breach_indices: record.breaches().indices().to_vec(),
            breach_loss_over_shortfall: status(record.breach_loss_over_shortfall()),
            hearings,
            traffic_light: status(traffic_light(record.observations(), record.breaches().count(), confidence)),
            e_value_at_risk: process(ForecastTarget::ValueAtRisk),
            e_expected_shortfall: process(ForecastTarget::ExpectedShortfall),
            calibration: status(record.pit().and_then(|pit| calibration(pit, self.bins))),
        })
    }

    fn hear(&self, test: TestName, record: &LevelRecord) -> Result<TestOutcome> {
        let (breaches, confidence) = (record.breaches(), record.confidence());
        let (n, x) = (breaches.observations(), breaches.count());
        let outcome = match test {
            TestName::KupiecPof => kupiec_pof(n, x, confidence),
            TestName::KupiecTuff => kupiec_tuff(breaches, confidence),
            TestName::Binomial => binomial_test(n, x, confidence, Sidedness::TwoSided),
            TestName::TrafficLight => traffic_light(n, x, confidence).map(|light| light.outcome),
            TestName::Independence => {
                christoffersen(breaches, confidence, FirstObservation::Counted).map(|tests| tests.independence)
            }
            TestName::ConditionalCoverage => {
                christoffersen(breaches, confidence, FirstObservation::Counted).map(|tests| tests.conditional_coverage)
            }
            TestName::MixedKupiec => mixed_kupiec(breaches, confidence).map(|test| test.outcome),
            TestName::WeibullDuration => weibull_duration(breaches).map(|test| test.outcome),
            TestName::DynamicQuantile => self.dynamic_quantile.test(breaches, record.value_at_risk(), confidence),
            TestName::MultinomialNass => multinomial(record, MultinomialStatistic::Nass),
            TestName::MultinomialPearson => multinomial(record, MultinomialStatistic::Pearson),
            TestName::MultinomialLikelihoodRatio => multinomial(record, MultinomialStatistic::LikelihoodRatio),
            TestName::ExceedanceResiduals => exceedance_residuals(record, None, self.monte_carlo),
            TestName::AcerbiSzekelyZ1 => AcerbiSzekely::Z1.test(record, self.law, self.monte_carlo),
            TestName::AcerbiSzekelyZ2 => AcerbiSzekely::Z2.test(record, self.law, self.monte_carlo),
            TestName::AcerbiSzekelyZ3 => AcerbiSzekely::Z3.test(record, self.law, self.monte_carlo),
            TestName::DuEscancianoUnconditional => du_escanciano_unconditional(record.pit()?, confidence),
            TestName::DuEscancianoConditional => du_escanciano_conditional(record.pit()?, confidence, LAGS),
            TestName::EsRegressionStrict => EsRegression::Strict.fit(record).map(|fit| fit.outcome),
            TestName::EsRegressionAuxiliary => EsRegression::Auxiliary.fit(record).map(|fit| fit.outcome),
            TestName::EsRegressionIntercept => EsRegression::Intercept.fit(record).map(|fit| fit.outcome),
            TestName::KolmogorovSmirnov => kolmogorov_smirnov(record.pit()?),
            TestName::Berkowitz => berkowitz(record.pit()?).map(|test| test.outcome),
            TestName::BerkowitzTail => berkowitz_tail(record.pit()?, confidence).map(|test| test.outcome),
        }?;
        // The dynamic quantile statistic of the simulation has no forecast among its regressors.
        if outcome.exact_p_value.is_some() || !is_hit_test(test) || test == TestName::DynamicQuantile {
            return Ok(outcome);
        }
        Ok(outcome.with_exact(monte_carlo_p_value(breaches, confidence, test, self.monte_carlo)?))
    }
}

fn multinomial(record: &LevelRecord, statistic: MultinomialStatistic) -> Result<TestOutcome> {
    let levels = spaced_levels(record.confidence(), LEVELS)?;
    multinomial_test(&multinomial_cells_from_pit(record.pit()?, &levels)?, &levels, statistic)
}

fn status<T>(result: Result<T>) -> Status<T> {
    match result {
        Ok(value) => Status::Known(value),
        Err(error) => Status::Unknown { kind: error.kind(), reason: reason(error) },
    }
}

fn reason(error: Error) -> String {
    match error {
        Error::Input(CoreError::Empty { name }) => format!("the record has no {name}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
