use serde::{Deserialize, Serialize};

/// What a metric is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A return over the whole series, as a decimal.
    Return,
    /// A return per period, as a decimal.
    ReturnPerPeriod,
    /// A return per year, as a decimal.
    ReturnPerYear,
    /// A drawdown: a fraction of the peak.
    FractionOfPeak,
    /// A share between 0 and 1.
    Share,
    /// A ratio of numbers per year.
    AnnualRatio,
    /// A ratio without a time unit, or per period.
    Ratio,
    /// A number of periods.
    Periods,
    /// A multiple of the capital.
    Leverage,
}

/// What a metric is: the record behind its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// Its name in reports.
    pub name: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// The formula: r returns, m mean, n their number, P periods a year, G compounded annual return, d drawdown,
    /// f cash, Q quantile.
    pub formula: &'static str,
    /// The choices made where texts differ, and the setting of [`Conventions`](super::Conventions) that changes them.
    pub convention: &'static str,
    /// When it is undefined.
    pub degenerate: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

macro_rules! metrics {
    ($($variant:ident, $name:literal, $unit:ident, $formula:literal, $convention:literal, $degenerate:literal, $source:literal;)+) => {
        /// A metric of one return series. [`definition`](Metric::definition) says what each one is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Metric {
            $(#[doc = concat!($name, ": ", $formula, ".")] $variant,)+
        }

        impl Metric {
            /// All metrics, in the order of tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Name, unit, formula, conventions, degenerate cases and source.
            #[must_use]
            pub fn definition(self) -> Definition {
                match self {
                    $(Self::$variant => Definition {
                        name: $name,
                        unit: Unit::$unit,
                        formula: $formula,
                        convention: $convention,
                        degenerate: $degenerate,
                        source: $source,
                    },)+
                }
            }
        }
    };
}

impl Metric {
    /// Whether it is found by a search or a regression over many windows, which takes longer than all others together.
    #[must_use]
    pub fn is_fitted(self) -> bool {
        matches!(self, Self::SmoothingIndex | Self::HurstExponentDetrended)
    }
}

metrics! {
    TotalReturn, "total return", Return, "Π(1 + r) − 1",
        "compounded", "never, short of overflow", "Bacon (2008), ch. 2";
    ArithmeticTotalReturn, "arithmetic total return", Return, "Σ r",
        "same capital each period", "never, short of overflow", "Bacon (2008), ch. 2";
    GeometricMeanReturn, "geometric mean return", ReturnPerPeriod, "Π(1 + r)^(1/n) − 1",
        "compounded; −1 after a total loss", "never", "Bacon (2008), ch. 2";
    MeanReturn, "mean return", ReturnPerPeriod, "Σ r / n",
        "arithmetic", "never", "Bacon (2008), ch. 2";
    AnnualReturn, "annual return", ReturnPerYear, "G = Π(1 + r)^(P/n) − 1",
        "compounded; years counted in periods or elapsed as stated; −1 after a total loss", "never, short of overflow", "Bacon (2008), ch. 2";
    ArithmeticAnnualReturn, "arithmetic annual return", ReturnPerYear, "m P",
        "mean return times periods a year", "never", "Bacon (2008), ch. 2";

    Volatility, "volatility", ReturnPerPeriod, "sd = √(Σ(r − m)²/(n − ddof))",
        "sample divisor (`ddof`)", "n ≤ ddof; exactly 0 for constant returns", "Bacon (2008), ch. 4";
    AnnualVolatility, "annual volatility", ReturnPerYear, "sd √P",
        "sample divisor (`ddof`)", "n ≤ ddof", "Bacon (2008), ch. 4";
    MeanAbsoluteDeviation, "mean absolute deviation", ReturnPerPeriod, "Σ|r − m|/n",
        "about the mean", "never", "Konno and Yamazaki (1991)";
    SemiDeviation, "semi-deviation", ReturnPerPeriod, "√(Σ min(r − m, 0)²/(n − ddof))",
        "below the mean, divided by all periods less `ddof`", "n ≤ ddof", "Markowitz (1959)";
    Skewness, "skewness", Ratio, "m₃/m₂^1.5",
        "population moments (`moments`)", "constant returns", "Joanes and Gill (1998)";
    ExcessKurtosis, "excess kurtosis", Ratio, "m₄/m₂² − 3",
        "population moments (`moments`)", "constant returns", "Joanes and Gill (1998)";
    JarqueBera, "Jarque-Bera statistic", Ratio, "n/6 (S² + K²/4)",
        "population skewness S and excess kurtosis K; chi-square with 2 degrees of freedom for normal returns", "constant returns", "Jarque and Bera (1980)";
    SkewnessKurtosisRatio, "skewness-kurtosis ratio", Ratio, "skewness / raw kurtosis",
        "population moments", "constant returns", "Bacon (2008), ch. 4";

    DownsideDeviation, "downside deviation", ReturnPerPeriod, "√(Σ max(target − r, 0)²/divisor)",
        "`target`, `divisor`; 0 when nothing falls short", "divisor counts shortfalls and there are none", "Sortino and van der Meer (1991)";
    AnnualDownsideDeviation, "annual downside deviation", ReturnPerYear, "downside deviation √P",
        "`target`, `divisor`", "as downside deviation", "Sortino and van der Meer (1991)";
    SortinoRatio, "Sortino ratio", AnnualRatio, "(m − target)/downside deviation √P",
        "arithmetic mean; `target`, `divisor`", "no return below the target", "Sortino and van der Meer (1991)";
    AdjustedSortinoRatio, "adjusted Sortino ratio", AnnualRatio, "Sortino ratio/√2",
        "equal to the Sharpe ratio for returns symmetric about a target of 0", "no return below the target", "Schwager (2012)";
    KappaThree, "kappa 3", Ratio, "(m − target)/(Σ max(target − r, 0)³/n)^(1/3)",
        "per period; `target`", "no return below the target", "Kaplan and Knowles (2004)";
    OmegaRatio, "Omega ratio", Ratio, "Σ max(r − target, 0)/Σ max(target − r, 0)",
        "threshold is `target`", "no return below the target", "Keating and Shadwick (2002)";
    OmegaSharpeRatio, "Omega-Sharpe ratio", Ratio, "Omega − 1",
        "threshold is `target`", "no return below the target", "Kazemi, Schneeweis and Gupta (2004)";
    UpsidePotentialRatio, "upside potential ratio", Ratio, "mean of max(r − target, 0)/downside deviation",
        "both over `divisor`; `target`", "no return below the target", "Sortino, van der Meer and Plantinga (1999)";
    ProspectRatio, "prospect ratio", Ratio, "(Σ r⁺ + 2.25 Σ r⁻ − target)/(n downside deviation)",
        "the target is taken off once", "no return below the target", "Watanabe (2006)";
    VolatilitySkewness, "volatility skewness", Ratio, "Σ max(r − target, 0)²/Σ max(target − r, 0)²",
        "variances; `target`", "no return below the target", "Bacon (2008), ch. 4";

    SharpeRatio, "Sharpe ratio", AnnualRatio, "mean(r − f)/sd(r − f) √P",
        "arithmetic, sample divisor (`sharpe`, `risk_free`)", "excess returns that do not vary", "Sharpe (1994)";
    GeometricSharpeRatio, "geometric Sharpe ratio", AnnualRatio, "(G(r) − G(f))/(sd(r − f) √P)",
        "compounded numerator", "excess returns that do not vary", "Bacon (2008), ch. 4";
    PenalisedSharpeRatio, "Sharpe ratio penalised for autocorrelation", AnnualRatio, "Sharpe ratio/√(1 + 2 Σ (n−i)/n |ρ|^i)",
        "ρ the correlation of one period with the next, whatever its sign", "excess returns that do not vary; n < 3", "quantstats, smart Sharpe";
    AdjustedSharpeRatio, "adjusted Sharpe ratio", AnnualRatio, "s (1 + S s/6 − K s²/24)",
        "s the annual Sharpe ratio, population skewness S and excess kurtosis K of r", "as Sharpe ratio", "Pézier and White (2006)";
    RewardToModifiedVar, "reward to modified value at risk", Ratio, "mean(r − f)/VaR(r − f)",
        "Cornish-Fisher, per period (`confidence`, `expansion`)", "excess returns that do not vary; risk not a loss; outside the expansion's domain", "Gregoriou and Gueyie (2003)";
    RewardToModifiedEs, "reward to modified expected shortfall", Ratio, "mean(r − f)/ES(r − f)",
        "Cornish-Fisher, at least the value at risk (`confidence`, `expansion`)", "as reward to modified value at risk", "Boudt, Peterson and Croux (2008)";

    ValueAtRisk, "value at risk", ReturnPerPeriod, "−Q(1 − c)",
        "historical, positive for a loss (`confidence`, `quantile`)", "never", "Jorion (2006)";
    ExpectedShortfall, "expected shortfall", ReturnPerPeriod, "mean loss of the worst mass 1 − c",
        "historical, the last loss in part (`confidence`)", "never", "Acerbi and Tasche (2002)";
    ModifiedValueAtRisk, "modified value at risk", ReturnPerPeriod, "−(m + h sd)",
        "Cornish-Fisher quantile h, population moments (`confidence`, `expansion`)", "constant returns; outside the expansion's domain", "Favre and Galeano (2002)";
    ModifiedExpectedShortfall, "modified expected shortfall", ReturnPerPeriod, "−m + sd E",
        "Edgeworth tail mean E, at least the value at risk", "as modified value at risk", "Boudt, Peterson and Croux (2008)";
    TailRatio, "tail ratio", Ratio, "Q(c)/−Q(1 − c)",
        "`confidence`, `quantile`", "upper quantile not a gain or lower one not a loss", "empyrical";
    RachevRatio, "Rachev ratio", Ratio, "ES of the gains/ES of the losses",
        "exact tail masses at `confidence` on both sides", "mean of the worst returns not a loss", "Biglova and others (2004)";
    CommonSenseRatio, "common sense ratio", Ratio, "profit factor · tail ratio",
        "`confidence`, `quantile`", "as its factors", "quantstats";
    OutlierWinRatio, "outlier win ratio", Ratio, "Q(c)/mean of r ≥ 0",
        "c is `outliers`; zeros count in the mean", "no gain", "quantstats";
    OutlierLossRatio, "outlier loss ratio", Ratio, "Q(1 − c)/mean of r < 0",
        "c is `outliers`", "no loss", "quantstats";

    MaximumDrawdown, "maximum drawdown", FractionOfPeak, "max d, d = 1 − W/max W",
        "compounded value, start counts as a peak; positive", "total loss", "Chekhlov, Uryasev and Zabarankin (2005)";
    AverageDrawdown, "average drawdown", FractionOfPeak, "mean depth of the episodes",
        "unfinished episode counts", "the value never falls; total loss", "Bacon (2008), ch. 4";
    PainIndex, "pain index", FractionOfPeak, "Σ d/n",
        "all periods count", "total loss", "Zephyr Associates (2006)";
    UlcerIndex, "Ulcer index", FractionOfPeak, "√(Σ d²/n)",
        "divisor n", "total loss", "Martin and McCann (1989)";
    DrawdownDeviation, "drawdown deviation", FractionOfPeak, "√(Σ depth²/n)",
        "sum over episodes, n the number of periods", "total loss", "Bacon (2008), ch. 4";
    ConditionalDrawdown, "conditional drawdown", FractionOfPeak, "mean of the worst mass 1 − c of d",
        "over periods, the last in part (`confidence`)", "total loss", "Chekhlov, Uryasev and Zabarankin (2005)";
    CurrentDrawdown, "current drawdown", FractionOfPeak, "d of the last period",
        "0 at a peak", "total loss", "";
    LongestDrawdown, "longest drawdown", Periods, "most periods below one peak",
        "unfinished drawdown counts", "total loss", "Bacon (2008), ch. 4";
    TimeUnderWater, "time under water", Share, "share of periods with d > 0",
        "periods that end below an earlier peak", "total loss", "";
    CalmarRatio, "Calmar ratio", AnnualRatio, "G/max d",
        "whole series", "the value never falls; total loss", "Young (1991)";
    SterlingRatio, "Sterling ratio", AnnualRatio, "G/(max d + excess)",
        "`sterling_excess`", "total loss", "Kestner (1996)";
    PainRatio, "pain ratio", AnnualRatio, "(G(r) − G(f))/pain index",
        "`risk_free`", "the value never falls; total loss", "Zephyr Associates (2006)";
    MartinRatio, "Martin ratio", AnnualRatio, "(G(r) − G(f))/Ulcer index",
        "divisor n; `risk_free`", "the value never falls; total loss", "Martin and McCann (1989)";
    UlcerPerformanceIndex, "Ulcer performance index", Ratio, "(total return − G(f))/Ulcer index",
        "total return, divisor n − 1, as quantstats; `risk_free`", "n < 2; the value never falls; total loss", "quantstats";
    BurkeRatio, "Burke ratio", AnnualRatio, "(G(r) − G(f))/√(Σ depth²)",
        "drawdown episodes; `risk_free`", "the value never falls; total loss", "Burke (1994)";
    ModifiedBurkeRatio, "modified Burke ratio", AnnualRatio, "Burke ratio √n",
        "drawdown episodes; `risk_free`", "the value never falls; total loss", "Bacon (2008), ch. 4";
    RecoveryFactor, "recovery factor", Ratio, "|total return|/max d",
        "compounded numerator", "the value never falls; total loss", "quantstats";
    SerenityIndex, "serenity index", Ratio, "Σ r/(Ulcer index · pitfall)",
        "Ulcer index with n − 1; pitfall: normal ES of d at 95 % over sd", "n < 2; the value never falls; total loss", "KeyQuant (2015)";

    WinRate, "win rate", Share, "wins/(wins + losses)",
        "periods of zero left out (`zeros`)", "every return is zero", "";
    AverageWin, "average win", ReturnPerPeriod, "mean of r > 0",
        "", "no gain", "";
    AverageLoss, "average loss", ReturnPerPeriod, "−mean of r < 0",
        "positive", "no loss", "";
    PayoffRatio, "payoff ratio", Ratio, "average win/average loss",
        "", "no gain or no loss", "";
    ProfitFactor, "profit factor", Ratio, "Σ r⁺/|Σ r⁻|",
        "", "no loss", "";
    GainToPainRatio, "gain-to-pain ratio", Ratio, "Σ r/|Σ r⁻|",
        "", "no loss", "Schwager (2012)";
    CpcIndex, "CPC index", Ratio, "profit factor · win rate · payoff ratio",
        "periods of zero left out", "no gain or no loss", "quantstats";
    Expectancy, "expectancy", ReturnPerPeriod, "win rate · average win − loss rate · average loss",
        "periods of zero left out (`zeros`)", "every return is zero", "Tharp (2006)";
    BestReturn, "best return", ReturnPerPeriod, "max r",
        "", "never", "";
    WorstReturn, "worst return", ReturnPerPeriod, "min r",
        "a return: negative for a loss", "never", "";
    LongestWinningRun, "longest winning run", Periods, "most periods in a row with r > 0",
        "a zero ends a run", "never", "";
    LongestLosingRun, "longest losing run", Periods, "most periods in a row with r < 0",
        "a zero ends a run", "never", "";
    DRatio, "d-ratio", Ratio, "(losses |Σ r⁻|)/(gains Σ r⁺)",
        "counts times sums; lower is better", "no gain", "Bacon (2008), ch. 4";
    DownsideFrequency, "downside frequency", Share, "share of r < target",
        "strictly; `target`", "never", "Bacon (2008), ch. 4";
    UpsideFrequency, "upside frequency", Share, "share of r > target",
        "strictly; `target`", "never", "Bacon (2008), ch. 4";
    KellyFraction, "Kelly fraction", Leverage, "mean(r − f)/sd²",
        "sample variance, times `kelly`; `risk_free`", "excess returns that do not vary", "Thorp (2006)";
    KellyFractionWinLoss, "Kelly fraction of wins and losses", Leverage, "p − (1 − p)/payoff",
        "of r − f, p the win rate without zeros, times `kelly`", "no gain or no loss", "Kelly (1956)";
    RiskOfRuin, "risk of ruin", Share, "((1 − w)/(1 + w))^n",
        "w the win rate without zeros; sizes do not enter", "every return is zero", "quantstats";

    Stability, "stability", Share, "squared correlation of Σ ln(1 + r) with time",
        "", "n < 3; the value never moves; total loss", "empyrical";
    HurstExponent, "Hurst exponent", Ratio, "ln(R/sd)/ln n",
        "rescaled range of the whole series, sample sd", "constant returns", "Hurst (1951)";
    LagOneAutocorrelation, "autocorrelation", Ratio, "Σ(r_t − m)(r_{t−1} − m)/Σ(r − m)²",
        "lag 1, divisor n", "constant returns", "Box and Jenkins (1970)";
    LjungBox, "Ljung-Box statistic", Ratio, "n(n+2) Σ ρ_k²/(n−k)",
        "up to `lags`; chi-square with as many degrees of freedom", "n ≤ lags; constant returns", "Ljung and Box (1978)";
    Exposure, "exposure", Share, "share of r ≠ 0",
        "", "never", "";
    ReturnOverExposure, "return over exposure", ReturnPerYear, "G/exposure",
        "exact share", "every return is zero", "quantstats";
    HurstExponentDetrended, "detrended Hurst exponent", Ratio, "slope of ln F(s) in ln s",
        "linear detrending, up to 20 lengths from 10 to n/4, windows from both ends", "n < 100; constant returns", "Peng and others (1994)";
    SmoothingIndex, "smoothing index", Share, "Σ w², w = (1, θ⁺)/(1 + Σ θ⁺)",
        "exact Gaussian maximum likelihood of a moving average of `smoothing_order`", "n < 10 order; constant returns; search not converged", "Getmansky, Lo and Makarov (2004)";
}
