use alluse_risk_core::Status;
use serde::{Deserialize, Serialize};

use super::{BenchmarkConventions, MarketDirection, MarketPeriods, Relative, TimingModel};
use crate::metrics::{Definition, Unit};
use crate::{Result, check};

/// A metric of returns against a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the definition of each says what it is")]
pub enum BenchmarkMetric {
    Beta,
    BullBeta,
    BearBeta,
    TimingRatio,
    Alpha,
    JensenAlpha,
    Correlation,
    RSquared,
    FamaBeta,
    BetaFragility,
    TreynorMazuyGamma,
    HenrikssonMertonGamma,
    SystematicRisk,
    SpecificRisk,
    TotalRisk,
    TrackingError,
    ActiveReturn,
    InformationRatio,
    TreynorRatio,
    AppraisalRatio,
    MSquared,
    MSquaredExcess,
    M2Sortino,
    OmegaExcessReturn,
    UpCapture,
    DownCapture,
    UpDownCapture,
    UpCaptureFrequency,
    DownCaptureFrequency,
    BattingAverage,
    UpBattingAverage,
    DownBattingAverage,
    DrawdownBeta,
    DrawdownAlpha,
}

/// A metric and its value, or why it has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkValue {
    /// Which.
    pub metric: BenchmarkMetric,
    /// The value; unknown with the reason when the metric is undefined on these returns.
    pub value: Status<f64>,
}

const NO_VARIATION: &str = "undefined when the benchmark does not vary";
const EMPTY_SIDE: &str = "undefined when no period is on the side";

impl BenchmarkMetric {
    /// Every metric, in the order of a table.
    pub const ALL: [Self; 34] = [
        Self::Beta,
        Self::BullBeta,
        Self::BearBeta,
        Self::TimingRatio,
        Self::Alpha,
        Self::JensenAlpha,
        Self::Correlation,
        Self::RSquared,
        Self::FamaBeta,
        Self::BetaFragility,
        Self::TreynorMazuyGamma,
        Self::HenrikssonMertonGamma,
        Self::SystematicRisk,
        Self::SpecificRisk,
        Self::TotalRisk,
        Self::TrackingError,
        Self::ActiveReturn,
        Self::InformationRatio,
        Self::TreynorRatio,
        Self::AppraisalRatio,
        Self::MSquared,
        Self::MSquaredExcess,
        Self::M2Sortino,
        Self::OmegaExcessReturn,
        Self::UpCapture,
        Self::DownCapture,
        Self::UpDownCapture,
        Self::UpCaptureFrequency,
        Self::DownCaptureFrequency,
        Self::BattingAverage,
        Self::UpBattingAverage,
        Self::DownBattingAverage,
        Self::DrawdownBeta,
        Self::DrawdownAlpha,
    ];

    /// What it is. In the formulas r are the returns, b the benchmark, f the risk-free rate, y = r − f, x = b − f, P the
    /// periods a year, G growth a year, β the beta and D downside deviation a year.
    #[must_use]
    #[rustfmt::skip]
    pub fn definition(self) -> Definition {
        let define = |name, formula, unit, convention, degenerate, source| Definition { name, formula, unit, convention, degenerate, source };
        match self {
            Self::Beta => define("beta", "cov(y, x) / var(x)", Unit::Ratio, "excess returns", NO_VARIATION, "Sharpe (1964)"),
            Self::BullBeta => define("bull beta", "beta over x > 0", Unit::Ratio, "about the side's own means", "undefined unless the side has two different benchmark returns", "Bacon (2008)"),
            Self::BearBeta => define("bear beta", "beta over x < 0", Unit::Ratio, "about the side's own means", "undefined unless the side has two different benchmark returns", "Bacon (2008)"),
            Self::TimingRatio => define("timing ratio", "bull beta / bear beta", Unit::Ratio, "", "undefined when either beta is, or the bear beta is 0", "PerformanceAnalytics"),
            Self::Alpha => define("alpha", "P (mean y − β mean x)", Unit::ReturnPerYear, "arithmetic by default; per period or compounded on request", NO_VARIATION, "Jensen (1968)"),
            Self::JensenAlpha => define("Jensen's alpha", "G(r) − G(f) − β (G(b) − G(f))", Unit::ReturnPerYear, "from annual growth", NO_VARIATION, "Jensen (1968); Bacon (2008)"),
            Self::Correlation => define("correlation", "cov(r, b) / (sd(r) sd(b))", Unit::Ratio, "raw returns", "undefined when either does not vary", "Pearson (1895)"),
            Self::RSquared => define("R²", "squared correlation", Unit::Ratio, "raw returns", "undefined when either does not vary", "Bacon (2008)"),
            Self::FamaBeta => define("Fama's beta", "sd(r) / sd(b)", Unit::Ratio, "", NO_VARIATION, "Fama (1972)"),
            Self::BetaFragility => define("beta fragility", "w r_first + (1 − w) r_last − r_middle, in the order of b", Unit::ReturnPerPeriod, "middle at position ⌊n/2⌋", "undefined below 3 periods or when the benchmark does not vary", "Taleb et al. (2012)"),
            Self::TreynorMazuyGamma => define("Treynor-Mazuy timing", "γ of y = α + βx + γx²", Unit::Ratio, "least squares, per period", "undefined when x² is linear in x", "Treynor and Mazuy (1966)"),
            Self::HenrikssonMertonGamma => define("Henriksson-Merton timing", "γ of y = α + βx + γ max(−x, 0)", Unit::Ratio, "least squares, per period", "undefined unless the market both rose and fell", "Henriksson and Merton (1981)"),
            Self::SystematicRisk => define("systematic risk", "β sd(x) √P", Unit::ReturnPerYear, "ddof 1 by default; Bacon has 0", NO_VARIATION, "Bacon (2008)"),
            Self::SpecificRisk => define("specific risk", "sd(r − βb) √P", Unit::ReturnPerYear, "ddof 1 by default; Bacon has 0", NO_VARIATION, "Bacon (2008)"),
            Self::TotalRisk => define("total risk", "√(systematic² + specific²)", Unit::ReturnPerYear, "ddof 1 by default; Bacon has 0", NO_VARIATION, "Bacon (2008)"),
            Self::TrackingError => define("tracking error", "sd(r − b) √P", Unit::ReturnPerYear, "ddof 1", "undefined for one period", "Grinold and Kahn (1999)"),
            Self::ActiveReturn => define("active return", "G(r) − G(b)", Unit::ReturnPerYear, "geometric by default", "", "Bacon (2008)"),
            Self::InformationRatio => define("information ratio", "active return / tracking error", Unit::AnnualRatio, "geometric by default, ddof 1", "undefined when the returns follow the benchmark exactly", "Goodwin (1998)"),
            Self::TreynorRatio => define("Treynor's ratio", "G(y) / β", Unit::ReturnPerYear, "numerator and denominator on request", "undefined when β is", "Treynor (1965)"),
            Self::AppraisalRatio => define("appraisal ratio", "Jensen's alpha / specific risk", Unit::AnnualRatio, "denominator on request", "undefined when beta explains everything", "Treynor and Black (1973)"),
            Self::MSquared => define("M²", "(G(r) − G(f)) sd(b)/sd(r) + G(f)", Unit::ReturnPerYear, "geometric by default; arithmetic is per period", "undefined when the returns do not vary", "Modigliani and Modigliani (1997)"),
            Self::MSquaredExcess => define("M² excess", "(1 + M²)/(1 + G(b)) − 1", Unit::ReturnPerYear, "geometric excess", "as M²", "Bacon (2008)"),
            Self::M2Sortino => define("M² for Sortino", "G(r) + (mean r − target)/D₁(r) · (D(b) − D(r))", Unit::ReturnPerYear, "Sortino ratio per period", "undefined when no return is below the target", "Bacon (2008)"),
            Self::OmegaExcessReturn => define("omega excess return", "G(r) − 3 D(r) D(b)", Unit::ReturnPerYear, "downside deviation over all periods", "", "Sortino et al. (1997)"),
            Self::UpCapture => define("up capture", "growth of r / growth of b over b > 0", Unit::Ratio, "total by default, or a year; b = 0 excluded by default", EMPTY_SIDE, "Morningstar"),
            Self::DownCapture => define("down capture", "growth of r / growth of b over b < 0", Unit::Ratio, "total by default, or a year; b = 0 excluded by default", EMPTY_SIDE, "Morningstar"),
            Self::UpDownCapture => define("up/down capture", "up capture / down capture", Unit::Ratio, "b = 0 excluded", "undefined when either is, or the down capture is 0", "empyrical"),
            Self::UpCaptureFrequency => define("up capture frequency", "share of b > 0 with r > 0", Unit::Share, "", EMPTY_SIDE, "Bacon (2008)"),
            Self::DownCaptureFrequency => define("down capture frequency", "share of b < 0 with r < 0", Unit::Share, "", EMPTY_SIDE, "Bacon (2008)"),
            Self::BattingAverage => define("batting average", "share of periods with r > b", Unit::Share, "ties do not win", "", "Bacon (2008)"),
            Self::UpBattingAverage => define("up batting average", "share of b > 0 with r > b", Unit::Share, "b = 0 excluded by default", EMPTY_SIDE, "Bacon (2008)"),
            Self::DownBattingAverage => define("down batting average", "share of b < 0 with r > b", Unit::Share, "b = 0 excluded by default", EMPTY_SIDE, "Bacon (2008)"),
            Self::DrawdownBeta => define("drawdown beta", "mean loss of r in the worst drawdowns of b / their mean depth", Unit::Ratio, "episodes at or beyond the 95 % quantile by default", "undefined when the benchmark never falls", "Zabarankin, Pavlikov and Uryasev (2014)"),
            Self::DrawdownAlpha => define("drawdown alpha", "(1 + mean r)^P − 1 − drawdown beta · ((1 + mean b)^P − 1)", Unit::ReturnPerYear, "", "as the drawdown beta", "Zabarankin, Pavlikov and Uryasev (2014)"),
        }
    }
}

impl Relative<'_> {
    /// Every metric of the catalogue, in its order. What is undefined is [`Status::Unknown`] with the reason.
    #[must_use]
    pub fn table(&self, conventions: &BenchmarkConventions) -> Vec<BenchmarkValue> {
        // What several metrics share and depends on a convention.
        let drawdown_beta = self.drawdown_beta(conventions.confidence);
        let downside = self.downside(conventions.target);
        BenchmarkMetric::ALL
            .into_iter()
            .map(|metric| {
                let value = match metric {
                    BenchmarkMetric::DrawdownBeta => drawdown_beta.clone(),
                    BenchmarkMetric::DrawdownAlpha => {
                        drawdown_beta.clone().and_then(|beta| self.drawdown_alpha_given(beta))
                    }
                    BenchmarkMetric::M2Sortino => {
                        downside.clone().and_then(|both| self.m2_sortino_given(conventions.target, both))
                    }
                    BenchmarkMetric::OmegaExcessReturn => {
                        downside.clone().and_then(|both| self.omega_excess_return_given(both))
                    }
                    other => self.value(other, conventions),
                };
                BenchmarkValue { metric, value: check::status(value) }
            })
            .collect()
    }

    /// One metric in these conventions.
    ///
    /// # Errors
    /// Those of the metric's own method.
    pub fn value(&self, metric: BenchmarkMetric, conventions: &BenchmarkConventions) -> Result<f64> {
        let BenchmarkConventions { ddof, mean_return, capture, zero_benchmark, target, confidence, .. } = *conventions;
        match metric {
            BenchmarkMetric::Beta => self.beta(MarketPeriods::All),
            BenchmarkMetric::BullBeta => self.beta(MarketPeriods::Up),
            BenchmarkMetric::BearBeta => self.beta(MarketPeriods::Down),
            BenchmarkMetric::TimingRatio => self.timing_ratio(),
            BenchmarkMetric::Alpha => self.alpha(conventions.alpha),
            BenchmarkMetric::JensenAlpha => self.jensen_alpha(),
            BenchmarkMetric::Correlation => self.correlation(),
            BenchmarkMetric::RSquared => self.r_squared(),
            BenchmarkMetric::FamaBeta => self.fama_beta(),
            BenchmarkMetric::BetaFragility => self.beta_fragility(),
            BenchmarkMetric::TreynorMazuyGamma => Ok(self.timing_curve(TimingModel::TreynorMazuy)?.gamma),
            BenchmarkMetric::HenrikssonMertonGamma => Ok(self.timing_curve(TimingModel::HenrikssonMerton)?.gamma),
            BenchmarkMetric::SystematicRisk => self.systematic_risk(ddof),
            BenchmarkMetric::SpecificRisk => self.specific_risk(ddof),
            BenchmarkMetric::TotalRisk => self.total_risk(ddof, ddof),
            BenchmarkMetric::TrackingError => self.tracking_error(ddof),
            BenchmarkMetric::ActiveReturn => self.active_return(mean_return),
            BenchmarkMetric::InformationRatio => self.information_ratio(mean_return, ddof),
            BenchmarkMetric::TreynorRatio => {
                self.treynor_ratio(conventions.treynor_numerator, conventions.treynor_denominator)
            }
            BenchmarkMetric::AppraisalRatio => self.appraisal_ratio(conventions.appraisal_denominator),
            BenchmarkMetric::MSquared => self.m_squared(mean_return, ddof),
            BenchmarkMetric::MSquaredExcess => self.m_squared_excess(ddof),
            BenchmarkMetric::M2Sortino => self.m2_sortino(target),
            BenchmarkMetric::OmegaExcessReturn => self.omega_excess_return(target),
            BenchmarkMetric::UpCapture => self.capture_ratio(MarketPeriods::Up, capture, zero_benchmark),
            BenchmarkMetric::DownCapture => self.capture_ratio(MarketPeriods::Down, capture, zero_benchmark),
            BenchmarkMetric::UpDownCapture => self.up_down_capture(capture),
            BenchmarkMetric::UpCaptureFrequency => self.capture_frequency(MarketDirection::Up),
            BenchmarkMetric::DownCaptureFrequency => self.capture_frequency(MarketDirection::Down),
            BenchmarkMetric::BattingAverage => self.batting_average(MarketPeriods::All, zero_benchmark),
            BenchmarkMetric::UpBattingAverage => self.batting_average(MarketPeriods::Up, zero_benchmark),
            BenchmarkMetric::DownBattingAverage => self.batting_average(MarketPeriods::Down, zero_benchmark),
            BenchmarkMetric::DrawdownBeta => self.drawdown_beta(confidence),
            BenchmarkMetric::DrawdownAlpha => self.drawdown_alpha(confidence),
        }
    }
}
