use serde::{Deserialize, Serialize};

/// Information criteria of a maximum of the likelihood; lower is better, between models of the same data.
///
/// ```text
/// AIC = 2k − 2 ln L     AICc = AIC + 2k(k + 1)/(n − k − 1)     BIC = k ln n − 2 ln L
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Criteria {
    /// Akaike (1974).
    pub aic: f64,
    /// With the correction of Hurvich and Tsai (1989) for small samples.
    pub aicc: f64,
    /// Schwarz (1978).
    pub bic: f64,
}

impl Criteria {
    /// `parameters` counts the variance too; the caller has checked that `observations` exceed it by two.
    pub(super) fn new(log_likelihood: f64, parameters: usize, observations: usize) -> Self {
        let (k, n) = (parameters as f64, observations as f64);
        let aic = 2.0 * (k - log_likelihood);
        Self { aic, aicc: aic + 2.0 * k * (k + 1.0) / (n - k - 1.0), bic: k * n.ln() - 2.0 * log_likelihood }
    }
}
