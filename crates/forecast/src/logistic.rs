//! The logistic map between the line and (0, 1), by which searches stay within bounds.

/// `1/(1 + e⁻ˣ)`.
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// `ln(p/(1 − p))`, its inverse.
pub(crate) fn logit(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}
