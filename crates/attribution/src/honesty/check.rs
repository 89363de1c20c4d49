//! The checks.

use alluse_risk_core::inference::{BartlettLags, SharpeRatio, long_run_mean};
use alluse_risk_core::moments::{self, MomentEstimator};
use alluse_risk_core::{Confidence, Interval, normal};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::autocorrelation::{autocorrelations, ljung_box, lo_factor};
use super::{BaseRate, Finding, HonestyReport, Severity, Target, Trials, Unchecked, Warning};
use crate::metrics::GainsAndLosses;
use crate::{Error, Result, ReturnSeries, RiskFree, check};

/// Looks for what misleads in the record of a strategy that sells options.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `confidence` | 95 % | of intervals and probabilities | above one half |
/// | `risk_free` | zero | what returns are in excess of | |
/// | `reference` | 0 | annual Sharpe ratio to be above of | finite |
/// | `win_rate` | 0.6 | from which on it is checked | in (0, 1) |
/// | `event_sigmas` | 4 | size of a tail event in standard deviations | above 0 |
/// | `lags` | 6 | autocorrelations looked at | at least 1 |
/// | `trials` | none | variants tried before this one | |
/// | `target`, `base_rate` | none | a promised return, and what it is held against | |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HonestyCheck {
    /// Of intervals and probabilities.
    pub confidence: Confidence,
    /// What returns are in excess of.
    pub risk_free: RiskFree,
    /// Annual Sharpe ratio to be above of.
    pub reference: f64,
    /// From which on it is checked.
    pub win_rate: f64,
    /// Size of a tail event in standard deviations.
    pub event_sigmas: f64,
    /// Autocorrelations looked at.
    pub lags: usize,
    /// Variants tried before this one.
    pub trials: Option<Trials>,
    /// A promised return.
    pub target: Option<Target>,
    /// What it is held against.
    pub base_rate: Option<BaseRate>,
}

impl Default for HonestyCheck {
    fn default() -> Self {
        Self {
            confidence: Confidence::P95,
            risk_free: RiskFree::Zero,
            reference: 0.0,
            win_rate: 0.6,
            event_sigmas: 4.0,
            lags: 6,
            trials: None,
            target: None,
            base_rate: None,
        }
    }
}

/// A check of a ratio, given the periods of a year.
type OfSharpe = fn(&HonestyCheck, &SharpeRatio, f64) -> Result<Option<Warning>>;

/// A standard error this much larger than that of normal returns is worth a word.
const WIDER: f64 = 1.1;

/// A tail is called that when skewness and kurtosis are so many standard errors away from normal.
const ERRORS: f64 = 2.0;

impl HonestyCheck {
    /// In excess of a risk-free return.
    #[must_use]
    pub fn with_risk_free(mut self, risk_free: RiskFree) -> Self {
        self.risk_free = risk_free;
        self
    }

    /// After so many trials.
    #[must_use]
    pub fn with_trials(mut self, trials: Trials) -> Self {
        self.trials = Some(trials);
        self
    }

    /// Holding a promise against a base rate.
    #[must_use]
    pub fn with_target(mut self, target: Target, base_rate: BaseRate) -> Self {
        (self.target, self.base_rate) = (Some(target), Some(base_rate));
        self
    }

    /// Against another annual Sharpe ratio than 0.
    #[must_use]
    pub fn with_reference(mut self, annual_ratio: f64) -> Self {
        self.reference = annual_ratio;
        self
    }

    /// Runs every check on a record.
    ///
    /// Each is on its own: what one record does not allow (too short, no loss in it) is listed as not checked.
    ///
    /// # Errors
    /// [`Error::Input`] for parameters out of range and a risk-free series of another length; [`Error::Invalid`] for a
    /// target without a base rate or the other way round.
    pub fn examine(&self, record: &ReturnSeries) -> Result<HonestyReport> {
        self.check()?;
        let excess = self.risk_free.excess(record.returns())?;
        let per_year = record.frequency().periods_per_year();
        let sharpe = SharpeRatio::of(excess.view(), MomentEstimator::Population).map_err(Error::from);
        let mut report = HonestyReport {
            name: record.name().to_owned(),
            observations: record.len(),
            warnings: Vec::new(),
            unchecked: Vec::new(),
        };
        report.take("win rate", self.gains(excess.view()));
        let of_sharpe: [(&str, OfSharpe); 4] = [
            ("interval of the Sharpe ratio", Self::interval),
            ("tails", |_, sharpe, _| Ok(tails(sharpe))),
            ("length of the record", Self::length),
            ("trials", Self::luck),
        ];
        for (name, check) in of_sharpe {
            report.take(name, sharpe.clone().and_then(|sharpe| check(self, &sharpe, per_year)));
        }
        report.take("tail event", self.event(excess.view()));
        report.take("smoothing", sharpe.and_then(|sharpe| self.smoothing(excess.view(), sharpe.ratio(), per_year)));
        report.take("target", self.promise(record));
        report.warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
        Ok(report)
    }

    fn check(&self) -> Result<()> {
        let level = self.confidence.level();
        check::ensure(level > 0.5, "confidence", "above one half", level)?;
        check::number("reference Sharpe ratio", self.reference)?;
        check::ensure(self.win_rate > 0.0 && self.win_rate < 1.0, "win rate", "in (0, 1)", self.win_rate)?;
        let sigmas = self.event_sigmas;
        check::ensure(sigmas > 0.0 && sigmas.is_finite(), "event sigmas", "positive and finite", sigmas)?;
        check::ensure(self.lags >= 1, "lags", "at least 1", self.lags as f64)?;
        if let Some(Trials { count, variance }) = self.trials {
            check::ensure(count > 1.0 && count.is_finite(), "trials", "above 1 and finite", count)?;
            let fits = variance >= 0.0 && variance.is_finite();
            check::ensure(fits, "trial variance", "finite and not negative", variance)?;
        }
        match (self.target, &self.base_rate) {
            (None, None) => Ok(()),
            (Some(Target::Annual(value) | Target::PerPeriod(value)), Some(base)) => {
                check::ensure(value > -1.0 && value.is_finite(), "target", "finite and above -1", value)?;
                let (mean, volatility) = (base.annual_return, base.annual_volatility);
                check::ensure(mean > -1.0 && mean.is_finite(), "base annual return", "finite and above -1", mean)?;
                let fits = volatility > 0.0 && volatility.is_finite();
                check::ensure(fits, "base annual volatility", "positive and finite", volatility).map(drop)
            }
            _ => Err(Error::invalid("target", "a target and a base rate need each other")),
        }
    }

    fn gains(&self, excess: ArrayView1<'_, f64>) -> Result<Option<Warning>> {
        let GainsAndLosses { gains, losses, gained, lost, .. } = GainsAndLosses::of(excess);
        if gains == 0 || losses == 0 {
            let reason = format!("{gains} gains and {losses} losses have no payoff ratio");
            return Err(Error::undefined("payoff ratio", reason));
        }
        let win_rate = gains as f64 / excess.len() as f64;
        let payoff_ratio = (gained / gains as f64) / (lost / losses as f64);
        let mean = long_run_mean(excess, BartlettLags::default())?;
        let interval = Interval::asymptotic(mean.mean, mean.standard_error, self.confidence);
        let hides = win_rate >= self.win_rate && payoff_ratio < 1.0 && interval.lower <= 0.0;
        let (break_even, expectancy) = (1.0 / (1.0 + payoff_ratio), mean.mean);
        let severity = if expectancy <= 0.0 { Severity::Serious } else { Severity::Caution };
        let finding = Finding::WinRateHidesLosses { win_rate, payoff_ratio, break_even, expectancy, interval };
        Ok(hides.then(|| Warning::new(severity, finding)))
    }

    fn interval(&self, sharpe: &SharpeRatio, per_year: f64) -> Result<Option<Warning>> {
        let reference = self.reference / per_year.sqrt();
        let plain = SharpeRatio::from_moments(sharpe.ratio(), sharpe.observations(), 0.0, 3.0)?;
        let (probability, probability_if_normal) =
            (sharpe.probability_above(reference)?, plain.probability_above(reference)?);
        let level = self.confidence.level();
        let severity = match probability_if_normal >= level && probability < level {
            true => Severity::Serious,
            false => Severity::Caution,
        };
        let finding = Finding::SharpeLessSure {
            ratio: sharpe.ratio(),
            normal: plain.interval(self.confidence),
            adjusted: sharpe.interval(self.confidence),
            probability_if_normal,
            probability,
        };
        let wider = sharpe.standard_error() > WIDER * plain.standard_error();
        Ok((wider || severity == Severity::Serious).then(|| Warning::new(severity, finding)))
    }

    fn length(&self, sharpe: &SharpeRatio, per_year: f64) -> Result<Option<Warning>> {
        let (ratio, observations, reference) =
            (sharpe.ratio(), sharpe.observations(), self.reference / per_year.sqrt());
        let needed = match ratio > reference {
            true => Some(sharpe.minimum_track_record(reference, self.confidence)?),
            false => None,
        };
        let finding = Finding::TrackRecordTooShort { observations, needed, ratio, reference };
        let short = needed.is_none_or(|needed| needed > observations as f64);
        Ok(short.then(|| Warning::new(Severity::Serious, finding)))
    }

    fn luck(&self, sharpe: &SharpeRatio, _: f64) -> Result<Option<Warning>> {
        let Some(Trials { count, variance }) = self.trials else { return Ok(None) };
        let deflated = sharpe.deflated(count, variance)?;
        let finding = Finding::LuckOfTrials {
            trials: count,
            ratio: sharpe.ratio(),
            expected_maximum: deflated.expected_maximum,
            probability: deflated.probability,
        };
        Ok((deflated.probability < self.confidence.level()).then(|| Warning::new(Severity::Serious, finding)))
    }

    fn event(&self, excess: ArrayView1<'_, f64>) -> Result<Option<Warning>> {
        check::enough("tail event", 2, excess.len())?;
        let (mean, deviation) = (moments::mean(excess)?, moments::standard_deviation(excess, 1)?);
        if deviation <= 0.0 {
            return Err(Error::undefined("tail event", "the returns are constant"));
        }
        let worst = excess.iter().copied().fold(f64::INFINITY, f64::min);
        let sigmas = (mean - worst) / deviation;
        let event = mean - self.event_sigmas * deviation;
        let with_event: Array1<f64> = excess.iter().copied().chain([event]).collect();
        let ratio_with_event = moments::mean(with_event.view())? / moments::standard_deviation(with_event.view(), 1)?;
        let (event_sigmas, ratio) = (self.event_sigmas, mean / deviation);
        let finding = Finding::NoTailEvent { worst, sigmas, event_sigmas, ratio, ratio_with_event };
        Ok((sigmas < self.event_sigmas).then(|| Warning::new(Severity::Caution, finding)))
    }

    fn smoothing(&self, excess: ArrayView1<'_, f64>, ratio: f64, per_year: f64) -> Result<Option<Warning>> {
        check::enough("smoothing", self.lags + 2, excess.len())?;
        let undefined = |reason: &str| Error::undefined("smoothing", reason);
        let correlations = autocorrelations(excess, self.lags).ok_or_else(|| undefined("the returns are constant"))?;
        let p_value = ljung_box(&correlations, excess.len()).ok_or_else(|| undefined("no p-value of the statistic"))?;
        let no_variance = "the correlations leave no positive variance of a year";
        let factor = lo_factor(&correlations, per_year).ok_or_else(|| undefined(no_variance))?;
        let (annual_ratio, adjusted_annual_ratio) = (ratio * per_year.sqrt(), ratio * factor);
        let inflated = ratio > 0.0 && adjusted_annual_ratio < annual_ratio && p_value < self.confidence.tail();
        let finding =
            Finding::Smoothed { autocorrelations: correlations, p_value, annual_ratio, adjusted_annual_ratio };
        Ok(inflated.then(|| Warning::new(Severity::Caution, finding)))
    }

    fn promise(&self, record: &ReturnSeries) -> Result<Option<Warning>> {
        let (Some(target), Some(base)) = (self.target, &self.base_rate) else { return Ok(None) };
        let per_year = record.frequency().periods_per_year();
        let log_target = match target {
            Target::Annual(value) => value.ln_1p(),
            Target::PerPeriod(value) => value.ln_1p() * per_year,
        };
        // One year is kind to a promise that is above the base rate: over more of them it is less likely.
        let years = 1.0;
        let distance = (log_target - base.annual_return.ln_1p()) * f64::sqrt(years) / base.annual_volatility;
        let probability = normal::cdf(-distance);
        let finding = Finding::TargetAboveBaseRate {
            annual_target: check::result("annual target", log_target.exp_m1())?,
            base: base.name.clone(),
            base_annual_return: base.annual_return,
            base_annual_volatility: base.annual_volatility,
            years,
            probability,
        };
        let severity = if probability < self.confidence.tail() { Severity::Serious } else { Severity::Note };
        Ok((distance > 0.0).then(|| Warning::new(severity, finding)))
    }
}

fn tails(sharpe: &SharpeRatio) -> Option<Warning> {
    let n = sharpe.observations() as f64;
    let (skewness_error, kurtosis_error) = ((6.0 / n).sqrt(), (24.0 / n).sqrt());
    let (skewness, excess_kurtosis) = (sharpe.skewness(), sharpe.kurtosis() - 3.0);
    let heavy = skewness < -ERRORS * skewness_error && excess_kurtosis > ERRORS * kurtosis_error;
    let finding = Finding::LossesInTheTail { skewness, excess_kurtosis, skewness_error, kurtosis_error };
    heavy.then(|| Warning::new(Severity::Caution, finding))
}

impl HonestyReport {
    fn take(&mut self, name: &str, outcome: Result<Option<Warning>>) {
        match outcome {
            Ok(warning) => self.warnings.extend(warning),
            Err(error) => {
                let (check, kind, reason) = (name.to_owned(), error.kind(), error.to_string());
                self.unchecked.push(Unchecked { check, kind, reason });
            }
        }
    }
}
