//! Reward in excess of cash per unit of risk.

use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{CornishFisher, ExpansionDomain, ShortfallFloor};
use serde::{Deserialize, Serialize};

use super::central::{CentralMoments, Excess};
use super::lanes::{dot, dot_about, sums};
use super::ratio::ratio;
use super::{Compounding, Performance};
use crate::{Error, Result, RiskFree, check};

const NAME: &str = "Sharpe ratio";

/// What dependence between periods does to an annual Sharpe ratio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Autocorrelation {
    /// Ignored: the ratio grows with the root of the periods.
    #[default]
    None,
    /// The ratio is divided by `√(1 + 2 Σ_{i=1}^{n−1} (n−i)/n |ρ|^i)`, `ρ` the correlation of one period with the
    /// next, whatever its sign: the "smart" ratios of quantstats. It only ever lowers the ratio.
    LagOnePowers,
    /// `√P` becomes `η(P) = P/√(P + 2 Σ_{k=1}^{P−1} (P−k) ρ_k)` with all autocorrelations up to a year.
    ///
    /// Needs a whole number of periods a year, and more returns than that. Lo (2002), "The statistics of Sharpe
    /// ratios", equation 20.
    Lo,
}

/// How a Sharpe ratio is computed.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `ddof` | 1 | taken off the divisor of the variance |
/// | `mean` | arithmetic | mean excess return times the periods a year; geometric: annual return less that of cash |
/// | `autocorrelation` | none | see [`Autocorrelation`] |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sharpe {
    /// Taken off the divisor of the variance.
    pub ddof: usize,
    /// The numerator.
    pub mean: Compounding,
    /// The correction for dependence between periods.
    pub autocorrelation: Autocorrelation,
}

impl Default for Sharpe {
    fn default() -> Self {
        Self { ddof: 1, mean: Compounding::Arithmetic, autocorrelation: Autocorrelation::None }
    }
}

impl Sharpe {
    /// With annual returns compounded, as in Bacon (2008).
    #[must_use]
    pub fn geometric() -> Self {
        Self { mean: Compounding::Geometric, ..Self::default() }
    }

    /// With another `ddof`.
    #[must_use]
    pub fn with_ddof(self, ddof: usize) -> Self {
        Self { ddof, ..self }
    }

    /// With a correction for dependence.
    #[must_use]
    pub fn with_autocorrelation(self, autocorrelation: Autocorrelation) -> Self {
        Self { autocorrelation, ..self }
    }
}

/// The risk that [`Performance::reward_to_risk`] divides by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModifiedRisk {
    /// Cornish-Fisher value at risk.
    #[default]
    ValueAtRisk,
    /// Cornish-Fisher expected shortfall, at least the value at risk.
    ExpectedShortfall,
}

impl Performance<'_> {
    /// Sharpe ratio per year: `mean(r − f)/sd(r − f) · √P`.
    ///
    /// Geometric: `(G(r) − G(f))/(sd(r − f) √P)`, `G` the compounded annual return. For a ratio per period, state a
    /// frequency of one period a year.
    ///
    /// ```
    /// use alluse_attribution::{Annualisation, Performance, RiskFree, metrics::Sharpe};
    /// use alluse_risk_core::Frequency;
    /// use ndarray::array;
    ///
    /// let returns = array![0.03, -0.01, 0.03, -0.01];
    /// let months = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly))?;
    /// // Mean 0.01, standard deviation √(4·0.02²/3): a ratio of √3/4 a month.
    /// let ratio = months.sharpe_ratio(&RiskFree::Zero, Sharpe::default())?;
    /// assert!((ratio - 1.5).abs() < 1e-12);
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] for too few returns or cash returns that do not fit; [`Error::Undefined`] when the excess
    /// returns do not vary, or Lo's variance of the year is not positive; [`Error::Unsupported`] for Lo's correction
    /// of a number of periods that is not whole.
    ///
    /// # Source
    /// Sharpe (1994).
    pub fn sharpe_ratio(&self, risk_free: &RiskFree, how: Sharpe) -> Result<f64> {
        let excess = self.excess(risk_free)?;
        self.sharpe_of(&excess, risk_free, how)
    }

    /// Adjusted Sharpe ratio per year: `s (1 + S s/6 − K s²/24)`, `s` the annual ratio, `S` and `K` the population
    /// skewness and excess kurtosis of the returns.
    ///
    /// # Errors
    /// As [`sharpe_ratio`](Self::sharpe_ratio).
    ///
    /// # Source
    /// Pézier and White (2006).
    pub fn adjusted_sharpe_ratio(&self, risk_free: &RiskFree, how: Sharpe) -> Result<f64> {
        let sharpe = self.sharpe_ratio(risk_free, how)?;
        self.adjusted(sharpe)
    }

    /// Mean excess return per unit of its Cornish-Fisher risk, per period.
    ///
    /// # Errors
    /// [`Error::Input`] for cash returns that do not fit and, when `domain` asks for it, outside the domain of the
    /// expansion; [`Error::Undefined`] when the excess returns do not vary or the risk is not positive.
    ///
    /// # Source
    /// Gregoriou and Gueyie (2003); the expansions are those of [`CornishFisher`].
    pub fn reward_to_risk(
        &self,
        risk_free: &RiskFree,
        risk: ModifiedRisk,
        confidence: Confidence,
        domain: ExpansionDomain,
    ) -> Result<f64> {
        reward_to_risk(&self.excess(risk_free)?.moments, risk, confidence, domain)
    }

    /// Cornish-Fisher value at risk or expected shortfall of the returns per period, a positive number for a loss.
    ///
    /// # Errors
    /// As [`reward_to_risk`](Self::reward_to_risk), but any sign will do.
    pub fn modified_risk(&self, risk: ModifiedRisk, confidence: Confidence, domain: ExpansionDomain) -> Result<f64> {
        modified_risk(&self.moments(), risk, confidence, domain, "modified risk")
    }

    pub(super) fn sharpe_of(&self, excess: &Excess<'_>, risk_free: &RiskFree, how: Sharpe) -> Result<f64> {
        check::enough(NAME, 2, self.len())?;
        let deviation = excess.moments.positive_deviation(how.ddof, NAME)?;
        let periods = self.periods_per_year()?;
        let ratio = match how.mean {
            Compounding::Arithmetic => excess.moments.mean / deviation * periods.sqrt(),
            Compounding::Geometric => {
                let earned = self.annual_return(Compounding::Geometric)? - self.annual_risk_free(risk_free)?;
                earned / (deviation * periods.sqrt())
            }
        };
        let factor = match how.autocorrelation {
            Autocorrelation::None => 1.0,
            Autocorrelation::LagOnePowers => 1.0 / lag_one_powers(excess)?.sqrt(),
            Autocorrelation::Lo => lo(&excess.shifted, periods)? / periods.sqrt(),
        };
        check::result(NAME, ratio * factor)
    }

    pub(super) fn adjusted(&self, sharpe: f64) -> Result<f64> {
        const NAME: &str = "adjusted Sharpe ratio";
        let (skewness, excess) = (self.moments().skewness(NAME)?, self.moments().kurtosis(NAME)? - 3.0);
        check::result(NAME, sharpe * (1.0 + skewness * sharpe / 6.0 - excess * sharpe * sharpe / 24.0))
    }
}

pub(super) fn reward_to_risk(
    moments: &CentralMoments,
    risk: ModifiedRisk,
    confidence: Confidence,
    domain: ExpansionDomain,
) -> Result<f64> {
    const NAME: &str = "reward to modified risk";
    let found = modified_risk(moments, risk, confidence, domain, NAME)?;
    ratio(NAME, moments.mean, found, "the modified risk is not a loss")
}

fn modified_risk(
    moments: &CentralMoments,
    risk: ModifiedRisk,
    confidence: Confidence,
    domain: ExpansionDomain,
    what: &'static str,
) -> Result<f64> {
    let deviation = moments.positive_deviation(0, what)?;
    let (skewness, excess) = (moments.skewness(what)?, moments.kurtosis(what)? - 3.0);
    let expansion = CornishFisher::new(moments.mean, deviation, skewness, excess, domain)?;
    Ok(match risk {
        ModifiedRisk::ValueAtRisk => expansion.value_at_risk(confidence),
        ModifiedRisk::ExpectedShortfall => expansion.expected_shortfall(confidence, ShortfallFloor::ValueAtRisk),
    })
}

/// `1 + 2 Σ_{i=1}^{n−1} (n−i)/n |ρ|^i`.
fn lag_one_powers(excess: &Excess<'_>) -> Result<f64> {
    let n = excess.shifted.len();
    let rho = lag_one_correlation(excess)?.abs();
    let (mut sum, mut power) = (0.0, 1.0);
    for i in 1..n {
        power *= rho;
        sum += (n - i) as f64 / n as f64 * power;
        // What is left is at most power/(1 − ρ) and no longer moves the sum.
        if power <= 1e-17 * (1.0 - rho) {
            break;
        }
    }
    Ok(1.0 + 2.0 * sum)
}

/// Correlation of the values from the second on with those up to the last but one, each about its own mean.
///
/// Both means and variances follow from those of all values and the one value that each side leaves out.
fn lag_one_correlation(excess: &Excess<'_>) -> Result<f64> {
    const NAME: &str = "lag-one correlation";
    let values = &excess.shifted;
    check::enough(NAME, 3, values.len())?;
    let (pairs, squares) = ((values.len() - 1) as f64, excess.moments.sums[0]);
    let mean = sums(values, |v| [v])[0] / values.len() as f64;
    let (first, last) = (values[0] - mean, values[values.len() - 1] - mean);
    let variation = |left_out: f64| squares - left_out * left_out * (1.0 + 1.0 / pairs);
    let (late, early) = (variation(first), variation(last));
    // One outlier at an end can be all the variation there is.
    if late.min(early) <= 1e-14 * squares {
        return Err(Error::undefined(NAME, "the returns do not vary without the first or the last"));
    }
    let products = dot_about(&values[1..], mean, values, mean) - first * last / pairs;
    Ok((products / (late * early).sqrt()).clamp(-1.0, 1.0))
}

/// Lo's `η(q)`.
fn lo(values: &[f64], periods: f64) -> Result<f64> {
    const NAME: &str = "Lo's annual Sharpe ratio";
    let whole = periods.round();
    if (periods - whole).abs() > 1e-9 || whole < 1.0 {
        return Err(Error::Unsupported { what: format!("{NAME} with {periods} periods a year") });
    }
    let year = whole as usize;
    check::enough(NAME, year + 1, values.len())?;
    let [sum] = sums(values, |v| [v]);
    let mean = sum / values.len() as f64;
    let deviations: Vec<f64> = values.iter().map(|v| v - mean).collect();
    let own = dot(&deviations, &deviations);
    let weighted: f64 = (1..year).map(|k| (year - k) as f64 * dot(&deviations[k..], &deviations)).sum();
    let variance = whole + 2.0 * weighted / own;
    if variance > 0.0 {
        Ok(whole / variance.sqrt())
    } else {
        Err(Error::undefined(NAME, "autocorrelations leave no positive variance of the annual return"))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::{Array1, array};

    use super::*;
    use crate::Annualisation;

    fn portfolio24() -> Array1<f64> {
        array![
            0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061,
            0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009
        ]
    }

    #[test]
    fn published_and_recomputed_ratios() {
        let returns = portfolio24();
        let months = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly)).unwrap();
        // Bacon (2008), recomputed by PerformanceAnalytics: the geometric ratio adjusted.
        let adjusted = months.adjusted_sharpe_ratio(&RiskFree::Zero, Sharpe::geometric()).unwrap();
        assert!((adjusted - 0.759_143_466_342_358).abs() < 1e-12);
        // numpy, from equation 20 of Lo (2002) with twelve periods a year.
        let lo = Sharpe::default().with_autocorrelation(Autocorrelation::Lo);
        let found = months.sharpe_ratio(&RiskFree::PerPeriod(0.002), lo).unwrap();
        assert!((found - 0.890_707_213_750_460_1).abs() < 1e-12);
    }

    #[test]
    fn lo_needs_more_than_a_year_of_whole_periods() {
        let returns = portfolio24();
        let lo = Sharpe::default().with_autocorrelation(Autocorrelation::Lo);
        let weeks = Performance::new(returns.view(), Annualisation::Periods(Frequency::Weekly)).unwrap();
        assert!(matches!(weeks.sharpe_ratio(&RiskFree::Zero, lo), Err(Error::Input(_))));
        let odd = Annualisation::Periods(Frequency::custom(12.5).unwrap());
        let odd = Performance::new(returns.view(), odd).unwrap();
        assert!(matches!(odd.sharpe_ratio(&RiskFree::Zero, lo), Err(Error::Unsupported { .. })));
        let yearly = Performance::new(returns.view(), Annualisation::Periods(Frequency::Yearly)).unwrap();
        let (with, without) =
            (yearly.sharpe_ratio(&RiskFree::Zero, lo), yearly.sharpe_ratio(&RiskFree::Zero, Sharpe::default()));
        assert!((with.unwrap() - without.unwrap()).abs() < 1e-15);
    }

    /// Cash that moves as the returns do leaves nothing that varies.
    #[test]
    fn a_constant_excess_over_moving_cash_has_no_ratio() {
        let cash: Array1<f64> = (0..30).map(|t| 0.001 + 0.0001 * f64::from(t % 7)).collect();
        let returns = &cash + 0.002;
        let daily = Performance::new(returns.view(), Annualisation::Periods(Frequency::Daily)).unwrap();
        let found = daily.sharpe_ratio(&RiskFree::Series(cash), Sharpe::default());
        assert!(matches!(found, Err(Error::Undefined { .. })), "{found:?}");
    }

    #[test]
    fn an_expansion_out_of_its_domain_is_refused_unless_asked_for() {
        let mut returns = Array1::from_elem(60, 0.001);
        (returns[10], returns[20]) = (-0.2, -0.001);
        let daily = Performance::new(returns.view(), Annualisation::Periods(Frequency::Daily)).unwrap();
        let risk = |domain| daily.modified_risk(ModifiedRisk::ValueAtRisk, Confidence::P95, domain);
        assert!(risk(ExpansionDomain::Monotone).is_err());
        assert!(risk(ExpansionDomain::Unchecked).is_ok());
    }
}
