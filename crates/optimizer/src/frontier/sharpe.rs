//! The tangency portfolio.

use super::queries::{Segment, portfolio, top};
use super::{Corner, EfficientPortfolio, Frontier};
use crate::{Error, Result, check};

impl Frontier {
    /// The portfolio of the largest `(μ'w − risk_free) / √(w'Σw)`.
    ///
    /// Along the frontier the ratio grows as long as `λ (μ'w − risk_free) < w'Σw`, and the difference of the two
    /// sides is linear between corners: the place where it vanishes is exact.
    ///
    /// # Errors
    /// - [`Error::Input`] unless the rate is finite.
    /// - [`Error::Undefined`] when no portfolio has a mean above the rate, when one without risk has, and when the
    ///   ratio has no largest value because limits allow any mean.
    pub fn maximum_sharpe(&self, risk_free: f64) -> Result<EfficientPortfolio> {
        check::number("risk-free rate", risk_free)?;
        let undefined = |reason: String| Err(Error::Undefined { what: "largest Sharpe ratio", reason });
        let excess = |corner: &Corner| corner.mean - risk_free;
        let mut below: Option<&Corner> = None;
        for corner in self.corners.iter().rev() {
            if excess(corner) > 0.0 {
                if !(corner.variance > 0.0) {
                    return undefined(format!("a portfolio without risk beats the rate by {}", excess(corner)));
                }
                let falls = corner.lambda_until.is_none_or(|until| until * excess(corner) >= corner.variance);
                if falls {
                    return Ok(match below {
                        Some(low) if corner.lambda * excess(corner) > corner.variance => {
                            tangent(&Segment { low, high: corner }, risk_free)
                        }
                        _ => portfolio(corner),
                    });
                }
            }
            below = Some(corner);
        }
        let first = self.first()?;
        match &self.ray {
            // λ (mean − rate) − variance gains `excess − λ mean'` per unit of λ.
            Some(ray) if excess(first) > top(first) * ray.mean => {
                let gain = excess(first) - top(first) * ray.mean;
                Ok(ray.at(first, (first.variance - top(first) * excess(first)) / gain))
            }
            Some(_) => undefined("it grows for ever as the limits allow any mean".into()),
            None => undefined(format!("the best mean differs from the rate by {}", excess(first))),
        }
    }
}

/// Where `λ (mean − rate) = variance` between two corners.
fn tangent(segment: &Segment<'_>, risk_free: f64) -> EfficientPortfolio {
    let gap = |excess: f64, lambda: f64, variance: f64| lambda * excess - variance;
    let low = gap(segment.low.mean - risk_free, segment.low_lambda(), segment.low.variance);
    let high = gap(segment.high.mean - risk_free, segment.high.lambda, segment.high.variance);
    // One is not above zero, the other is.
    segment.at(low / (low - high))
}
