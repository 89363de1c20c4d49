//! Portfolios of a frontier by what they should do.

use super::{Corner, EfficientPortfolio, Frontier, Ray};
use crate::{Error, Result};

impl Frontier {
    /// The portfolio of least variance.
    ///
    /// # Errors
    /// [`Error::Input`] for a frontier without corners, which no trace returns.
    pub fn minimum_variance(&self) -> Result<EfficientPortfolio> {
        Ok(portfolio(self.last()?))
    }

    /// The portfolio of the largest mean; among several, that of least variance.
    ///
    /// # Errors
    /// [`Error::Unbounded`] when limits allow any mean.
    pub fn maximum_return(&self) -> Result<EfficientPortfolio> {
        match &self.ray {
            Some(_) => Err(Error::Unbounded { what: "maximum return", reason: "the limits allow any mean".into() }),
            None => Ok(portfolio(self.first()?)),
        }
    }

    /// The portfolio of least variance with a given mean.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a mean that no efficient portfolio has, NaN included.
    pub fn at_return(&self, target: f64) -> Result<EfficientPortfolio> {
        let undefined = || self.outside("efficient portfolio at a return", "mean", target, |corner| corner.mean);
        if !(target >= self.last()?.mean) {
            return Err(undefined()?);
        }
        for segment in self.segments() {
            if target <= segment.high.mean {
                return Ok(segment.at((target - segment.low.mean) / segment.rise()));
            }
        }
        let first = self.first()?;
        match &self.ray {
            Some(ray) if target.is_finite() => Ok(ray.at(first, (target - first.mean) / ray.mean)),
            // The mean of a first corner that is also the last.
            None if target <= first.mean => Ok(portfolio(first)),
            _ => Err(undefined()?),
        }
    }

    /// The portfolio of the largest mean with a given volatility.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a volatility that no efficient portfolio has, NaN included.
    pub fn at_volatility(&self, target: f64) -> Result<EfficientPortfolio> {
        let volatility = |corner: &Corner| corner.variance.sqrt();
        let undefined = || self.outside("efficient portfolio at a volatility", "volatility", target, volatility);
        let variance = target * target;
        if !(target >= volatility(self.last()?)) {
            return Err(undefined()?);
        }
        for segment in self.segments() {
            if target <= volatility(segment.high) {
                let (rise, curve) = (segment.rise(), segment.rise() * segment.slope());
                let (half, left) = (segment.low_lambda() * rise, variance - segment.low.variance);
                return Ok(segment.at(root(curve, half, left)));
            }
        }
        let first = self.first()?;
        match &self.ray {
            Some(ray) if target.is_finite() => {
                let more = root(ray.mean, top(first) * ray.mean, variance - first.variance);
                Ok(ray.at(first, more))
            }
            None if target <= volatility(first) => Ok(portfolio(first)),
            _ => Err(undefined()?),
        }
    }

    /// The portfolio that maximises `μ'w − (γ/2) w'Σw`, so `λ = 1/γ`.
    ///
    /// # Errors
    /// [`Error::Input`] unless the risk aversion is finite and positive.
    pub fn at_risk_aversion(&self, gamma: f64) -> Result<EfficientPortfolio> {
        let lambda = 1.0 / gamma;
        if !(gamma > 0.0 && gamma.is_finite() && lambda.is_finite()) {
            let (name, expected) = ("risk aversion", "finite and positive");
            return Err(alluse_risk_core::Error::OutOfDomain { name, expected, value: gamma }.into());
        }
        for segment in self.segments() {
            if lambda <= segment.low_lambda() {
                return Ok(EfficientPortfolio { lambda, ..portfolio(segment.low) });
            }
            if lambda <= segment.high.lambda {
                return Ok(segment.at((lambda - segment.low_lambda()) / segment.slope()));
            }
        }
        let first = self.first()?;
        Ok(match &self.ray {
            Some(ray) if lambda > top(first) => ray.at(first, lambda - top(first)),
            _ => EfficientPortfolio { lambda, ..portfolio(first) },
        })
    }

    /// So many portfolios from the least variance to the largest mean, evenly spaced in their mean.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than two, [`Error::Unbounded`] when limits allow any mean.
    pub fn points(&self, count: usize) -> Result<Vec<EfficientPortfolio>> {
        if count < 2 {
            return Err(Error::invalid("points of a frontier", format!("at least 2, got {count}")));
        }
        let (low, high) = (self.minimum_variance()?, self.maximum_return()?);
        let between = (1..count - 1).map(|k| {
            let share = k as f64 / (count - 1) as f64;
            self.at_return((low.mean + share * (high.mean - low.mean)).clamp(low.mean, high.mean))
        });
        let mut points = vec![low.clone()];
        points.extend(between.collect::<Result<Vec<_>>>()?);
        points.push(high.clone());
        Ok(points)
    }

    /// The stretches between corners, from the least variance upwards.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.corners.windows(2).rev().map(|pair| Segment { low: &pair[1], high: &pair[0] })
    }

    pub(super) fn first(&self) -> Result<&Corner> {
        self.corners.first().ok_or(Error::Input(alluse_risk_core::Error::Empty { name: "corners" }))
    }

    fn last(&self) -> Result<&Corner> {
        self.corners.last().ok_or(Error::Input(alluse_risk_core::Error::Empty { name: "corners" }))
    }

    fn outside(&self, what: &'static str, name: &str, target: f64, value: impl Fn(&Corner) -> f64) -> Result<Error> {
        let low = value(self.last()?);
        let high = if self.ray.is_some() { f64::INFINITY } else { value(self.first()?) };
        let reason = format!("the {name} of efficient portfolios goes from {low} to {high}, not to {target}");
        Ok(Error::Undefined { what, reason })
    }
}

/// `s ≥ 0` with `curve s² + 2 half s = left`, without cancellation.
fn root(curve: f64, half: f64, left: f64) -> f64 {
    let below = half + (half * half + curve * left).max(0.0).sqrt();
    if below > 0.0 { left / below } else { 0.0 }
}

pub(super) fn portfolio(corner: &Corner) -> EfficientPortfolio {
    let Corner { weights, lambda, mean, variance, .. } = corner.clone();
    EfficientPortfolio { weights, lambda, mean, variance }
}

/// Two neighbouring corners. On the way from one to the other the variance grows by `2 λ` per unit of mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) low: &'a Corner,
    pub(super) high: &'a Corner,
}

impl Segment<'_> {
    /// `λ` at its lower end.
    pub(super) fn low_lambda(&self) -> f64 {
        top(self.low)
    }

    /// Change of the mean.
    pub(super) fn rise(&self) -> f64 {
        self.high.mean - self.low.mean
    }

    /// Change of `λ`.
    pub(super) fn slope(&self) -> f64 {
        self.high.lambda - self.low_lambda()
    }

    /// The portfolio a share of the way up.
    pub(super) fn at(&self, share: f64) -> EfficientPortfolio {
        let share = share.clamp(0.0, 1.0);
        let (rise, slope, lambda) = (self.rise(), self.slope(), self.low_lambda());
        let between = |low: f64, high: f64| if share < 1.0 { low + share * (high - low) } else { high };
        let weights = self.low.weights.iter().zip(&self.high.weights).map(|(low, high)| between(*low, *high));
        EfficientPortfolio {
            weights: weights.collect(),
            lambda: lambda + share * slope,
            mean: self.low.mean + share * rise,
            variance: self.low.variance + share * rise * (2.0 * lambda + share * slope),
        }
    }
}

/// The greatest `λ` at which a corner is left.
pub(super) fn top(corner: &Corner) -> f64 {
    corner.lambda_until.unwrap_or(corner.lambda)
}

impl Ray {
    /// The portfolio at so much more `λ` than the corner it starts from.
    pub(super) fn at(&self, from: &Corner, more: f64) -> EfficientPortfolio {
        let weights = from.weights.iter().zip(&self.weights).map(|(w, step)| w + more * step);
        EfficientPortfolio {
            weights: weights.collect(),
            lambda: top(from) + more,
            mean: from.mean + more * self.mean,
            variance: from.variance + more * self.mean * (2.0 * top(from) + more),
        }
    }
}
