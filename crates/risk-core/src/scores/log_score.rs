use std::f64::consts::PI;

use ndarray::{Array1, ArrayView1, ArrayView2, Zip};

use super::representable;
use crate::measures::{QuantileRule, quantile_in_order};
use crate::sum::{self, compensated};
use crate::{Error, Result, check};

/// `½ ln 2π`.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// The logarithmic score of forecasts by their density at what happened.
///
/// ```text
/// Sₜ = −ln fₜ(yₜ)
/// ```
///
/// `densities` has shape `(T,)` and holds `fₜ(yₜ)`, per unit of the outcome (for a probability of a discrete
/// outcome, that probability). Through the unit the level of the score is arbitrary; a difference between two
/// forecasters is not. It is often negative.
///
/// # Errors
/// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a density that is not finite or not positive: what was
/// held impossible has no finite score.
///
/// # Source
/// Good (1952), "Rational decisions"; Gneiting and Raftery (2007), section 4.1.
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::log_score;
/// use ndarray::array;
///
/// assert_eq!(log_score(array![1.0].view())?, array![0.0]);
/// assert!(log_score(array![0.0].view()).is_err());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn log_score(densities: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    positive("densities", densities)?;
    Ok(densities.mapv(|density| -libm::log(density)))
}

/// The logarithmic score of normal forecasts.
///
/// ```text
/// Sₜ = ½ ln 2π + ln σₜ + zₜ²/2      zₜ = (yₜ − μₜ)/σₜ
/// ```
///
/// All three arguments have shape `(T,)` and one unit; so does the result, in natural logarithms.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not finite or a
/// volatility that is not positive; [`Error::Overflow`] when a score is too large.
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::log_score_normal;
/// use ndarray::array;
///
/// let score = log_score_normal(array![0.0].view(), array![1.0].view(), array![1.0].view())?;
/// assert!((score[0] - 1.418938533204673).abs() < 1e-15); // ½ ln 2π + ½
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn log_score_normal(
    means: ArrayView1<'_, f64>,
    volatilities: ArrayView1<'_, f64>,
    observed: ArrayView1<'_, f64>,
) -> Result<Array1<f64>> {
    check::finite("observed", observed)?;
    check::length("means", observed.len(), means.len())?;
    check::finite("means", means)?;
    check::length("volatilities", observed.len(), volatilities.len())?;
    positive("volatilities", volatilities)?;
    let scores = Zip::from(means).and(volatilities).and(observed).map_collect(|&m, &s, &y| {
        let z = (y - m) / s;
        HALF_LN_TWO_PI + libm::log(s) + 0.5 * z * z
    });
    representable("logarithmic score", scores)
}

/// The logarithmic score of Student t forecasts.
///
/// ```text
/// Sₜ = ln Γ(ν/2) − ln Γ((ν+1)/2) + ½ ln πν + ln s + ½(ν + 1) ln(1 + z²/ν)      z = (yₜ − location)/s
/// ```
///
/// All four arguments have shape `(T,)`. `scales` is the scale s of the law, not its standard deviation, which is
/// `s √(ν/(ν − 2))`; the degrees of freedom ν are positive and need not be whole.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not finite, a
/// scale or degrees of freedom that are not positive; [`Error::Overflow`] when a score is too large.
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::log_score_student_t;
/// use ndarray::array;
///
/// // One degree of freedom is the Cauchy law with density 1/π at its centre.
/// let score = log_score_student_t(array![0.0].view(), array![1.0].view(), array![1.0].view(), array![0.0].view())?;
/// assert!((score[0] - std::f64::consts::PI.ln()).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn log_score_student_t(
    locations: ArrayView1<'_, f64>,
    scales: ArrayView1<'_, f64>,
    degrees_of_freedom: ArrayView1<'_, f64>,
    observed: ArrayView1<'_, f64>,
) -> Result<Array1<f64>> {
    check::finite("observed", observed)?;
    check::length("locations", observed.len(), locations.len())?;
    check::finite("locations", locations)?;
    check::length("scales", observed.len(), scales.len())?;
    positive("scales", scales)?;
    check::length("degrees_of_freedom", observed.len(), degrees_of_freedom.len())?;
    positive("degrees_of_freedom", degrees_of_freedom)?;
    let forecasts = Zip::from(locations).and(scales).and(degrees_of_freedom).and(observed);
    let scores = forecasts.map_collect(|&m, &s, &nu, &y| {
        let w = (y - m) / s / nu.sqrt();
        // The square of a distance beyond 1e150 overflows; the one is then lost beside it anyway.
        let log = if w.abs() < 1e100 { libm::log1p(w * w) } else { 2.0 * libm::log(w.abs()) };
        0.5 * libm::log(PI * nu) - log_gamma_half_step(0.5 * nu) + libm::log(s) + 0.5 * (nu + 1.0) * log
    });
    representable("logarithmic score", scores)
}

/// `ln Γ(a + ½) − ln Γ(a)`. The two logarithms grow like `a ln a` and their difference like `½ ln a`, so a large `a`
/// takes the series in `1/a`.
fn log_gamma_half_step(a: f64) -> f64 {
    if a < 30.0 {
        return libm::lgamma(a + 0.5) - libm::lgamma(a);
    }
    let r = 1.0 / a;
    let square = r * r;
    0.5 * libm::log(a) - r * (1.0 / 8.0 - square * (1.0 / 192.0 - square * (1.0 / 640.0 - square * (17.0 / 14_336.0))))
}

/// The logarithmic score of ensembles, each smoothed to a density by a normal kernel.
///
/// ```text
/// Sₜ = −ln [ (1/m) Σᵢ φ((yₜ − xₜᵢ)/hₜ)/hₜ ]      hₜ = 0.9 min(sₜ, IQRₜ/1.34) m^(−1/5)
/// ```
///
/// `members` has shape `(T, m)`, one ensemble a row, s is its standard deviation (divisor m − 1) and IQR the
/// distance of its quartiles (linear between order statistics); where the quartiles coincide h goes by s alone.
/// `observed` and the result have shape `(T,)`.
///
/// An ensemble has no density of its own: the score depends on the kernel, whose normal tails decide it where the
/// outcome lies beyond the members. Compare it between ensembles of one size only, and prefer the continuous ranked
/// probability score, which needs no smoothing.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`], [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] for
///   values that are not finite.
/// - [`Error::InsufficientData`] for fewer than 2 members.
/// - [`Error::Undefined`] for an ensemble whose members are all the same: it has no density.
/// - [`Error::Overflow`] when a score is too large.
///
/// # Source
/// Silverman (1986), *Density Estimation*, equation 3.31; Krüger, Lerch, Thorarinsdottir and Gneiting (2021),
/// "Predictive inference based on Markov chain Monte Carlo output", on its weaknesses.
pub fn log_score_ensemble(members: ArrayView2<'_, f64>, observed: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    check::finite_matrix("members", members)?;
    check::length("observed", members.nrows(), observed.len())?;
    check::finite("observed", observed)?;
    check::enough("logarithmic score of an ensemble", 2, members.ncols())?;
    let mut sorted = vec![0.0; members.ncols()];
    let scores = members.rows().into_iter().zip(observed).map(|(row, &y)| {
        sorted.iter_mut().zip(row).for_each(|(place, x)| *place = *x);
        sorted.sort_unstable_by(f64::total_cmp);
        smoothed_score(&sorted, y)
    });
    representable("logarithmic score", scores.collect::<Result<Array1<f64>>>()?)
}

fn smoothed_score(sorted: &[f64], observed: f64) -> Result<f64> {
    let width = silverman(sorted)?;
    let half_square = |x: f64| 0.5 * ((observed - x) / width) * ((observed - x) / width);
    // The nearest member in front: the sum of the rest never underflows to zero.
    let nearest = sorted.iter().fold(f64::INFINITY, |least, &x| least.min(half_square(x)));
    let sum = compensated(sorted.iter().map(|&x| libm::exp(nearest - half_square(x))));
    Ok(HALF_LN_TWO_PI + libm::log(width) + nearest - libm::log(sum / sorted.len() as f64))
}

/// The rule-of-thumb bandwidth of a sorted sample of at least two.
fn silverman(sorted: &[f64]) -> Result<f64> {
    let m = sorted.len();
    if sorted[0] >= sorted[m - 1] {
        let reason = "the members are all the same";
        return Err(Error::Undefined { name: "density of an ensemble", reason });
    }
    let mean = sum::mean(sorted.iter());
    let deviation = (compensated(sorted.iter().map(|x| (x - mean) * (x - mean))) / (m - 1) as f64).sqrt();
    let quartile = |p: f64| quantile_in_order(m, p, QuantileRule::Linear, |k| sorted[k]);
    let robust = (quartile(0.75)? - quartile(0.25)?) / 1.34;
    let spread = if robust > 0.0 { deviation.min(robust) } else { deviation };
    let width = 0.9 * spread * libm::pow(m as f64, -0.2);
    // A deviation that overflowed must not hide behind the quartiles.
    if width > 0.0 && width.is_finite() && deviation.is_finite() {
        Ok(width)
    } else {
        Err(Error::Overflow { name: "spread of an ensemble" })
    }
}

/// Refuses an empty vector and elements that are not positive and finite.
fn positive(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    check::finite(name, values)?;
    match values.iter().position(|value| *value <= 0.0) {
        None => Ok(()),
        Some(index) => Err(Error::ElementOutOfDomain { name, index, expected: "positive", value: values[index] }),
    }
}

#[cfg(test)]
mod tests;
