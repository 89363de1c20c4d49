//! The saddlepoint approximation: a distribution function for the price of one root.
//!
//! ```text
//! P(L > x) ≈ Φ(−r) + φ(r) (1/v − 1/r)      r = sgn θ √(2(θx − K)),   v = θ √K''
//! E L 1{L > x} ≈ μ P(L > x) + (x − μ)/θ · f(x),   f(x) ≈ e^(K − θx)/√(2πK'')
//! ```
//! Lugannani and Rice (1980) for the probability, Martin (2006) for the partial mean.

use alluse_risk_core::{Result as CoreResult, normal};

use super::form::Form;
use super::inversion::Tails;

/// Below this distance from the mean, in standard deviations, `1/v − 1/r` is replaced by its limit.
const NEAR: f64 = 1e-5;

pub(super) fn tails(form: &Form, x: f64) -> CoreResult<Tails> {
    let (low, high) = form.support();
    if form.variance() == 0.0 || x <= low || x >= high {
        return super::inversion::tails(form, x);
    }
    let (mean, deviation) = (form.mean(), form.variance().sqrt());
    let theta = form.saddlepoint(x);
    let at = form.cumulants_at(theta);
    let r = (2.0 * (theta * x - at.value)).max(0.0).sqrt().copysign(theta);
    let near = (x - mean).abs() < NEAR * deviation;
    let correction = if near {
        -at.third / (6.0 * at.second * at.second.sqrt())
    } else {
        1.0 / (theta * at.second.sqrt()) - 1.0 / r
    };
    let above = (normal::cdf(-r) + normal::density(r) * correction).clamp(0.0, 1.0);
    let below = (normal::cdf(r) - normal::density(r) * correction).clamp(0.0, 1.0);
    let density = normal::density(r) / at.second.sqrt();
    let slope = if near { at.second } else { (x - mean) / theta };
    let excess = ((mean - x) * above + slope * density).max(0.0);
    Ok(Tails { below, above, density, excess })
}
