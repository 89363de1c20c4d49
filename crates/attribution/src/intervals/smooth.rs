//! Intervals of metrics that are smooth functions of one or two means, by the delta method.
//!
//! ```text
//! θ = g(E y₁, E y₂)      ψₜ = Σₖ ∂g/∂yₖ (yₖₜ − ȳₖ)      se² = V(ψ)/n
//! ```
//!
//! `V` is the long-run variance by the Bartlett kernel (Newey and West 1987), so dependence over time and changing variance
//! are allowed for. The Sharpe ratio's case is Lo (2002), equation 18.

use alluse_risk_core::inference::{BartlettLags, long_run_mean};
use alluse_risk_core::{Confidence, Interval};
use ndarray::{Array1, ArrayView1};

use super::MetricEstimate;
use crate::{Error, Performance, Result, RiskFree, check};

/// The arithmetic mean a year: `P E r`.
///
/// # Errors
/// [`Error::Input`] for fewer than 2 returns or no more of them than lags.
pub fn annual_mean(performance: &Performance<'_>, lags: BartlettLags, level: Confidence) -> Result<MetricEstimate> {
    let returns = performance.returns();
    let value = returns.sum() / returns.len() as f64;
    estimate(value, &[(1.0, returns.to_owned())], performance.periods_per_year()?, lags, level)
}

/// The volatility a year, of divisor `n`: `√P √(E r² − (E r)²)`.
///
/// # Errors
/// As [`annual_mean`]; [`Error::Undefined`] for constant returns, whose root has no derivative.
pub fn annual_volatility(
    performance: &Performance<'_>,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    let returns = performance.returns();
    let (mean, deviation) = mean_and_deviation("interval of a volatility", returns)?;
    let squares = returns.mapv(|r| (r - mean) * (r - mean));
    let root = performance.periods_per_year()?.sqrt();
    estimate(deviation, &[(0.5 / deviation, squares)], root, lags, level)
}

/// The Sharpe ratio a year of returns in excess of cash, with the standard deviation of divisor `n − 1`.
///
/// ```
/// use alluse_attribution::{Annualisation, Performance, RiskFree, intervals::smooth};
/// use alluse_risk_core::{Confidence, Frequency, inference::BartlettLags};
/// use ndarray::array;
///
/// let returns = array![0.02, -0.01, 0.03, 0.01, -0.02, 0.04];
/// let performance = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly))?;
/// let sharpe = smooth::sharpe_ratio(&performance, &RiskFree::Zero, BartlettLags::Fixed(0), Confidence::P95)?;
/// assert!(!sharpe.differs_from(0.0)); // six months show nothing
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
///
/// # Errors
/// As [`annual_volatility`].
pub fn sharpe_ratio(
    performance: &Performance<'_>,
    risk_free: &RiskFree,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    let excess = risk_free.excess(performance.returns())?;
    of_excess(excess.view(), performance.periods_per_year()?, lags, level)
}

/// The information ratio a year: the Sharpe ratio of the returns less those of the benchmark.
///
/// # Errors
/// As [`annual_volatility`]; [`Error::Input`] for a benchmark of another length.
pub fn information_ratio(
    performance: &Performance<'_>,
    benchmark: ArrayView1<'_, f64>,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    check::length("benchmark", performance.len(), benchmark.len())?;
    check::finite("benchmark", benchmark)?;
    let active = &performance.returns() - &benchmark;
    of_excess(active.view(), performance.periods_per_year()?, lags, level)
}

fn of_excess(
    excess: ArrayView1<'_, f64>,
    periods: f64,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    let (mean, deviation) = mean_and_deviation("interval of a Sharpe ratio", excess)?;
    let n = excess.len() as f64;
    let sample = deviation * (n / (n - 1.0)).sqrt();
    let ratio = mean / sample;
    let squares = excess.mapv(|x| (x - mean) * (x - mean));
    let parts = [(1.0 / sample, excess.to_owned()), (-0.5 * ratio / (deviation * deviation), squares)];
    estimate(ratio, &parts, periods.sqrt(), lags, level)
}

/// The Sortino ratio a year: `√P (E r − t) / √E min(r − t, 0)²`.
///
/// # Errors
/// As [`annual_mean`]; [`Error::Undefined`] when no return falls below the target.
pub fn sortino_ratio(
    performance: &Performance<'_>,
    target: f64,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    check::number("target", target)?;
    let gaps = performance.returns().mapv(|r| r - target);
    let shortfalls = gaps.mapv(|gap| gap.min(0.0) * gap.min(0.0));
    let n = gaps.len() as f64;
    let downside = (shortfalls.sum() / n).sqrt();
    if downside == 0.0 {
        return Err(Error::undefined("interval of a Sortino ratio", format!("no return is below {target}")));
    }
    let ratio = gaps.sum() / n / downside;
    let parts = [(1.0 / downside, gaps), (-0.5 * ratio / (downside * downside), shortfalls)];
    estimate(ratio, &parts, performance.periods_per_year()?.sqrt(), lags, level)
}

/// The Omega ratio: `E max(r − t, 0) / E max(t − r, 0)`. At a target of zero it is the profit factor.
///
/// # Errors
/// As [`sortino_ratio`].
pub fn omega_ratio(
    performance: &Performance<'_>,
    target: f64,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    check::number("target", target)?;
    let above = performance.returns().mapv(|r| (r - target).max(0.0));
    let below = performance.returns().mapv(|r| (target - r).max(0.0));
    let n = above.len() as f64;
    let loss = below.sum() / n;
    if loss == 0.0 {
        return Err(Error::undefined("interval of an Omega ratio", format!("no return is below {target}")));
    }
    let ratio = above.sum() / n / loss;
    estimate(ratio, &[(1.0 / loss, above), (-ratio / loss, below)], 1.0, lags, level)
}

/// The share of periods with a gain, zeros counted as no gain.
///
/// # Errors
/// As [`annual_mean`].
pub fn win_rate(performance: &Performance<'_>, lags: BartlettLags, level: Confidence) -> Result<MetricEstimate> {
    let wins = performance.returns().mapv(|r| if r > 0.0 { 1.0 } else { 0.0 });
    let rate = wins.sum() / wins.len() as f64;
    let mut found = estimate(rate, &[(1.0, wins)], 1.0, lags, level)?;
    found.interval.lower = found.interval.lower.max(0.0);
    found.interval.upper = found.interval.upper.min(1.0);
    Ok(found)
}

/// Mean and standard deviation of divisor `n`; constant values are an error.
fn mean_and_deviation(what: &'static str, values: ArrayView1<'_, f64>) -> Result<(f64, f64)> {
    check::enough(what, 2, values.len())?;
    let n = values.len() as f64;
    let mean = values.sum() / n;
    let deviation = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    // Rounding leaves a trace of a deviation in values that are all the same.
    if deviation <= 1e-14 * mean.abs() || deviation == 0.0 {
        return Err(Error::undefined(what, format!("all {} values are {mean}", values.len())));
    }
    Ok((mean, deviation))
}

/// `value · scale` with the error of `Σ gradient · mean`, each part a gradient and its series.
fn estimate(
    value: f64,
    parts: &[(f64, Array1<f64>)],
    scale: f64,
    lags: BartlettLags,
    level: Confidence,
) -> Result<MetricEstimate> {
    let n = parts.first().map_or(0, |(_, series)| series.len());
    let mut influence = Array1::<f64>::zeros(n);
    for (gradient, series) in parts {
        influence.scaled_add(scale * gradient, series);
    }
    let long_run = long_run_mean(influence.view(), lags)?;
    let value = check::result("metric", scale * value)?;
    Ok(MetricEstimate {
        value,
        standard_error: long_run.standard_error,
        interval: Interval::asymptotic(value, long_run.standard_error, level),
        observations: n,
        dependence: long_run.lags as f64,
        undefined_draws: 0,
    })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use alluse_risk_core::inference::SharpeRatio;
    use alluse_risk_core::moments::MomentEstimator;
    use alluse_risk_core::streams::Streams;
    use ndarray::array;

    use super::*;
    use crate::Annualisation;

    const YEARLY: Annualisation = Annualisation::Periods(Frequency::Yearly);

    fn performance(returns: &Array1<f64>) -> Performance<'_> {
        Performance::new(returns.view(), YEARLY).unwrap()
    }

    /// Normal returns of mean 0.05 and deviation 1 that follow an autoregression, scaled to stay above −1.
    fn draws(seed: u64, n: usize, rho: f64) -> Array1<f64> {
        let normals = Streams::new(seed).standard_normals(1, n + 50);
        let mut state = 0.0;
        let path: Vec<f64> = normals
            .iter()
            .map(|z| {
                state = rho * state + (1.0 - rho * rho).sqrt() * z;
                0.01 * (0.05 + state)
            })
            .collect();
        Array1::from(path[50..].to_vec())
    }

    #[test]
    fn without_lags_the_sharpe_error_is_that_of_mertens() {
        // Mertens (2002) is the delta method on independent returns; it is coded elsewhere from skewness and kurtosis.
        let returns = draws(3, 400, 0.0);
        let ours =
            sharpe_ratio(&performance(&returns), &RiskFree::Zero, BartlettLags::Fixed(0), Confidence::P95).unwrap();
        let theirs = SharpeRatio::of(returns.view(), MomentEstimator::Population).unwrap();
        assert!((ours.value / theirs.ratio() - 1.0).abs() < 1e-12);
        // They differ in n and n − 1 only: one part in 400 of the variance.
        assert!((ours.standard_error / theirs.standard_error() - 1.0).abs() < 0.004);
    }

    #[test]
    fn intervals_cover_the_truth_under_dependence() {
        // Truth: mean 5e-4, deviation 0.01, so a Sharpe ratio of 0.05 and a median split of wins.
        let mut held = [0; 3];
        let runs = 600;
        for run in 0..runs {
            let returns = draws(1000 + run, 500, 0.3);
            let of = performance(&returns);
            let lags = BartlettLags::Fixed(12);
            let sharpe = sharpe_ratio(&of, &RiskFree::Zero, lags, Confidence::P95).unwrap();
            let volatility = annual_volatility(&of, lags, Confidence::P95).unwrap();
            let wins = win_rate(&of, lags, Confidence::P95).unwrap();
            held[0] += usize::from(!sharpe.differs_from(0.05));
            held[1] += usize::from(!volatility.differs_from(0.01));
            held[2] += usize::from(!wins.differs_from(0.519_938_8)); // Φ(0.05)
        }
        for count in held {
            let share = count as f64 / runs as f64;
            // Bartlett weights lose a little of the long-run variance; three standard errors of a share of 600.
            assert!((0.91..=0.975).contains(&share), "{share}");
        }
    }

    #[test]
    fn what_has_no_interval_says_so() {
        let constant = array![0.01, 0.01, 0.01, 0.01];
        let of = performance(&constant);
        let lags = BartlettLags::Fixed(0);
        let error = sharpe_ratio(&of, &RiskFree::Zero, lags, Confidence::P95).unwrap_err().to_string();
        assert!(error.contains("all 4 values are 0.01"), "{error}");
        assert!(sortino_ratio(&of, 0.0, lags, Confidence::P95).is_err());
        assert!(omega_ratio(&of, 0.0, lags, Confidence::P95).is_err());
        assert!(annual_mean(&performance(&array![0.1]), lags, Confidence::P95).is_err());
        assert!(information_ratio(&of, array![0.1].view(), lags, Confidence::P95).is_err());
    }
}
