use alluse_risk_core::Status;
use alluse_risk_core::moments::{Divisor, Side, Target};
use serde::{Deserialize, Serialize};

use super::{Conventions, Metric};
use crate::metrics::central::Excess;
use crate::metrics::sharpe::reward_to_risk;
use crate::metrics::{
    Autocorrelation, BurkeEpisodes, BurkeScale, Compounding, Downside, ExposureShare, Kelly, MartinNumerator,
    ModifiedRisk, Outcome, Performance, RachevTails, RecoveryNumerator, Sharpe, SortinoScale, VolatilitySkewness,
};
use crate::{Result, check};

/// A metric with its value, or the reason why it has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetricValue {
    /// The metric.
    pub metric: Metric,
    /// Its value.
    pub value: Status<f64>,
}

/// What metrics of one table share beyond the caches of the performance.
struct Shared<'a> {
    excess: Result<Excess<'a>>,
    /// The annual return of cash.
    cash: Result<f64>,
}

impl Performance<'_> {
    /// Every metric that needs no fit, in the order of [`Metric::ALL`]; an undefined one is
    /// [`Status::Unknown`] with its reason.
    ///
    /// ```
    /// use alluse_attribution::{Annualisation, Performance, metrics::{Conventions, Metric}};
    /// use alluse_risk_core::Frequency;
    /// use ndarray::array;
    ///
    /// let returns = array![0.02, 0.01, 0.03];
    /// let performance = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly))?;
    /// let table = performance.table(&Conventions::default());
    /// let of = |metric| table.iter().find(|row| row.metric == metric).map(|row| &row.value);
    /// assert!(of(Metric::SharpeRatio).and_then(|status| status.known()).is_some());
    /// // Nothing was lost, so there is nothing to divide the gains by.
    /// assert!(of(Metric::ProfitFactor).and_then(|status| status.known()).is_none());
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    #[must_use]
    pub fn table(&self, conventions: &Conventions) -> Vec<MetricValue> {
        self.rows(conventions, |metric| !metric.is_fitted())
    }

    /// The metrics that are fitted.
    #[must_use]
    pub fn fitted_table(&self, conventions: &Conventions) -> Vec<MetricValue> {
        self.rows(conventions, Metric::is_fitted)
    }

    /// One metric of the catalogue.
    ///
    /// # Errors
    /// Those of the method that computes it.
    pub fn metric(&self, metric: Metric, conventions: &Conventions) -> Result<f64> {
        self.compute(metric, conventions, &self.shared(conventions))
    }

    fn rows(&self, conventions: &Conventions, wanted: impl Fn(Metric) -> bool) -> Vec<MetricValue> {
        let shared = self.shared(conventions);
        let row =
            |&metric: &Metric| MetricValue { metric, value: check::status(self.compute(metric, conventions, &shared)) };
        Metric::ALL.iter().filter(|&&metric| wanted(metric)).map(row).collect()
    }

    fn shared(&self, conventions: &Conventions) -> Shared<'_> {
        let cash = self.annual_risk_free(&conventions.risk_free);
        Shared { excess: self.excess(&conventions.risk_free), cash }
    }

    fn compute(&self, metric: Metric, with: &Conventions, shared: &Shared<'_>) -> Result<f64> {
        let (target, sharpe) = (with.target, with.sharpe);
        let excess = || shared.excess.as_ref().map_err(Clone::clone);
        let cash = || shared.cash.clone();
        let below = Downside::below(target).with_divisor(with.divisor);
        let sharpe_of = |how: Sharpe| self.sharpe_of(excess()?, &with.risk_free, how);
        let reward = |risk| reward_to_risk(&excess()?.moments, risk, with.confidence, with.expansion);
        let burke = |scale| self.burke_ratio(cash()?, BurkeEpisodes::Drawdowns, scale);
        let semi = Downside { target: Target::Mean, divisor: Divisor::All, ddof: with.ddof };
        match metric {
            Metric::TotalReturn => self.total_return(Compounding::Geometric),
            Metric::ArithmeticTotalReturn => self.total_return(Compounding::Arithmetic),
            Metric::GeometricMeanReturn => self.mean_return(Compounding::Geometric),
            Metric::MeanReturn => self.mean_return(Compounding::Arithmetic),
            Metric::AnnualReturn => self.annual_return(Compounding::Geometric),
            Metric::ArithmeticAnnualReturn => self.annual_return(Compounding::Arithmetic),
            Metric::Volatility => self.volatility(with.ddof),
            Metric::AnnualVolatility => self.annual_volatility(with.ddof),
            Metric::MeanAbsoluteDeviation => self.mean_absolute_deviation(),
            Metric::SemiDeviation => self.downside_deviation(semi),
            Metric::Skewness => self.skewness(with.moments),
            Metric::ExcessKurtosis => self.excess_kurtosis(with.moments),
            Metric::JarqueBera => self.jarque_bera(),
            Metric::SkewnessKurtosisRatio => self.skewness_kurtosis_ratio(),
            Metric::DownsideDeviation => self.downside_deviation(below),
            Metric::AnnualDownsideDeviation => self.annual_downside_deviation(below),
            Metric::SortinoRatio => self.sortino_ratio(below, SortinoScale::None),
            Metric::AdjustedSortinoRatio => self.sortino_ratio(below, SortinoScale::RootTwo),
            Metric::KappaThree => self.kappa_ratio(target, 3),
            Metric::OmegaRatio => self.omega_ratio(target),
            Metric::OmegaSharpeRatio => self.omega_sharpe_ratio(target),
            Metric::UpsidePotentialRatio => self.upside_potential_ratio(target, with.divisor),
            Metric::ProspectRatio => self.prospect_ratio(target),
            Metric::VolatilitySkewness => self.volatility_skewness(target, VolatilitySkewness::Variances),
            Metric::SharpeRatio => sharpe_of(sharpe),
            Metric::GeometricSharpeRatio => sharpe_of(Sharpe { mean: Compounding::Geometric, ..sharpe }),
            Metric::PenalisedSharpeRatio => sharpe_of(sharpe.with_autocorrelation(Autocorrelation::LagOnePowers)),
            Metric::AdjustedSharpeRatio => self.adjusted(sharpe_of(sharpe)?),
            Metric::RewardToModifiedVar => reward(ModifiedRisk::ValueAtRisk),
            Metric::RewardToModifiedEs => reward(ModifiedRisk::ExpectedShortfall),
            Metric::ValueAtRisk => self.value_at_risk(with.confidence, with.quantile),
            Metric::ExpectedShortfall => self.expected_shortfall(with.confidence),
            Metric::ModifiedValueAtRisk => {
                self.modified_risk(ModifiedRisk::ValueAtRisk, with.confidence, with.expansion)
            }
            Metric::ModifiedExpectedShortfall => {
                self.modified_risk(ModifiedRisk::ExpectedShortfall, with.confidence, with.expansion)
            }
            Metric::TailRatio => self.tail_ratio(with.confidence, with.quantile),
            Metric::RachevRatio => self.rachev_ratio(with.confidence, with.confidence, RachevTails::ExpectedShortfall),
            Metric::CommonSenseRatio => self.common_sense_ratio(with.confidence, with.quantile),
            Metric::OutlierWinRatio => self.outlier_ratio(Outcome::Win, with.outliers.level(), with.quantile),
            Metric::OutlierLossRatio => self.outlier_ratio(Outcome::Loss, with.outliers.tail(), with.quantile),
            Metric::MaximumDrawdown => self.maximum_drawdown(),
            Metric::AverageDrawdown => self.average_drawdown(),
            Metric::PainIndex => self.pain_index(),
            Metric::UlcerIndex => self.ulcer_index(0),
            Metric::DrawdownDeviation => self.drawdown_deviation(),
            Metric::ConditionalDrawdown => self.conditional_drawdown(with.confidence),
            Metric::CurrentDrawdown => self.current_drawdown(),
            Metric::LongestDrawdown => self.longest_drawdown().map(|periods| periods as f64),
            Metric::TimeUnderWater => self.time_under_water(),
            Metric::CalmarRatio => self.calmar_ratio(),
            Metric::SterlingRatio => self.sterling_ratio(with.sterling_excess),
            Metric::PainRatio => self.pain_ratio(cash()?),
            Metric::MartinRatio => self.martin_ratio(cash()?, MartinNumerator::AnnualReturn, 0),
            Metric::UlcerPerformanceIndex => self.martin_ratio(cash()?, MartinNumerator::TotalReturn, 1),
            Metric::BurkeRatio => burke(BurkeScale::Plain),
            Metric::ModifiedBurkeRatio => burke(BurkeScale::RootPeriods),
            Metric::RecoveryFactor => self.recovery_factor(RecoveryNumerator::TotalReturn),
            Metric::SerenityIndex => self.serenity_index(),
            Metric::WinRate => self.win_rate(with.zeros),
            Metric::AverageWin => self.average_win(),
            Metric::AverageLoss => self.average_loss(),
            Metric::PayoffRatio => self.payoff_ratio(),
            Metric::ProfitFactor => self.profit_factor(),
            Metric::GainToPainRatio => self.gain_to_pain_ratio(),
            Metric::CpcIndex => self.cpc_index(),
            Metric::Expectancy => self.expectancy(with.zeros),
            Metric::BestReturn => Ok(self.best_return()),
            Metric::WorstReturn => Ok(self.worst_return()),
            Metric::LongestWinningRun => Ok(self.longest_run(Outcome::Win) as f64),
            Metric::LongestLosingRun => Ok(self.longest_run(Outcome::Loss) as f64),
            Metric::DRatio => self.d_ratio(),
            Metric::DownsideFrequency => self.frequency(Side::Lower, target),
            Metric::UpsideFrequency => self.frequency(Side::Upper, target),
            Metric::KellyFraction => self.kelly_fraction(Kelly::MeanVariance, &with.risk_free, with.kelly),
            Metric::KellyFractionWinLoss => self.kelly_fraction(Kelly::WinLoss, &with.risk_free, with.kelly),
            Metric::RiskOfRuin => self.risk_of_ruin(),
            Metric::Stability => self.stability(),
            Metric::HurstExponent => self.hurst_exponent(),
            Metric::LagOneAutocorrelation => self.autocorrelation(1),
            Metric::LjungBox => Ok(self.ljung_box(with.lags)?.statistic),
            Metric::Exposure => Ok(self.exposure()),
            Metric::ReturnOverExposure => self.return_over_exposure(ExposureShare::Exact),
            Metric::HurstExponentDetrended => self.hurst_exponent_detrended(),
            Metric::SmoothingIndex => Ok(self.smoothing(with.smoothing_order)?.index),
        }
    }
}
