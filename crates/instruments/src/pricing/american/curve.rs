//! An exercise boundary that prices any spot.

use pulp::{Arch, NullaryFnOnce};

use super::boundary::{NormalPut, interpolate, solve};
use super::tables::{MAX_NODES, MAX_PRICING, Tables};
use super::vector::{density_and_cdf, exp};
use crate::Result;

/// Value, slope and curvature of the premium by the spot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Premium {
    pub(super) value: f64,
    pub(super) delta: f64,
    pub(super) gamma: f64,
}

/// The solved boundary of a [`NormalPut`], with all that the premium needs besides the spot.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    put: NormalPut,
    tables: &'static Tables,
    shape: [f64; MAX_NODES],
    /// The boundary now, relative to strike 1.
    critical: f64,
    /// Log boundary at the times of the premium's quadrature.
    log_boundary: [f64; MAX_PRICING],
    /// `1/(σ√v)`.
    inverse: [f64; MAX_PRICING],
    /// `r e^(−rv)` times the weight.
    rate_weight: [f64; MAX_PRICING],
    /// `q e^(−qv)` times the weight.
    yield_weight: [f64; MAX_PRICING],
}

impl Curve {
    pub(super) fn new(put: NormalPut, tables: &'static Tables) -> Result<Self> {
        let solved = solve(&put, tables)?;
        let mut curve = Self {
            put,
            tables,
            shape: solved.shape,
            critical: put.limit() * (-put.distance(solved.shape[0])).exp(),
            log_boundary: [0.0; MAX_PRICING],
            inverse: [0.0; MAX_PRICING],
            rate_weight: [0.0; MAX_PRICING],
            yield_weight: [0.0; MAX_PRICING],
        };
        Arch::new().dispatch(Prepare { curve: &mut curve });
        Ok(curve)
    }

    #[inline(always)]
    fn prepare(&mut self) {
        let points = self.tables.scheme.pricing.min(MAX_PRICING);
        let NormalPut { rate, dividend_yield, volatility, time } = self.put;
        let values = &self.shape[..self.tables.scheme.nodes];
        interpolate(&self.tables.pricing_cardinal, values, &mut self.log_boundary[..points]);
        let limit_log = self.put.limit().ln();
        let (root_ages, weights) = (&self.tables.pricing_root_age[..points], &self.tables.pricing_weight[..points]);
        for p in 0..points {
            let age = time * root_ages[p] * root_ages[p];
            let total = self.log_boundary[p] + limit_log * limit_log;
            let floored = if total > 0.0 { total } else { 0.0 };
            self.log_boundary[p] = -floored.sqrt();
            self.inverse[p] = 1.0 / (volatility * time.sqrt() * root_ages[p]);
            self.rate_weight[p] = rate * time * weights[p] * exp(-rate * age);
            self.yield_weight[p] = dividend_yield * time * weights[p] * exp(-dividend_yield * age);
        }
    }

    /// The boundary with the whole life ahead.
    pub(super) fn critical(&self) -> f64 {
        self.critical
    }

    /// The boundary with `fraction` of the life ahead.
    pub(super) fn critical_at(&self, fraction: f64) -> f64 {
        let rows = self.tables.cardinal_at(fraction.sqrt());
        let shape: f64 = rows.iter().zip(&self.shape).map(|(row, value)| row * value).sum();
        self.put.limit() * (-self.put.distance(shape)).exp()
    }

    /// The value of exercising early, for a spot above the boundary.
    pub(super) fn premium(&self, spot: f64) -> f64 {
        Arch::new().dispatch(Value { curve: self, spot })
    }

    /// The same with its first two derivatives.
    pub(super) fn premium_with_slopes(&self, spot: f64) -> Premium {
        Arch::new().dispatch(Slopes { curve: self, spot })
    }

    /// `d₋` and `d₊` of a point, and its weights.
    #[inline(always)]
    fn arguments(&self, log_spot: f64, p: usize, root_age: f64) -> (f64, f64) {
        let root_age = root_age * self.put.time.sqrt();
        let drift = (self.put.rate - self.put.dividend_yield) / self.put.volatility * root_age;
        let middle = (log_spot - self.log_boundary[p]) * self.inverse[p] + drift;
        let half = 0.5 * self.put.volatility * root_age;
        (middle - half, middle + half)
    }
}

struct Prepare<'a> {
    curve: &'a mut Curve,
}

impl NullaryFnOnce for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.curve.prepare();
    }
}

struct Value<'a> {
    curve: &'a Curve,
    spot: f64,
}

impl NullaryFnOnce for Value<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self { curve, spot } = self;
        let log_spot = spot.ln();
        let mut terms = [0.0; MAX_PRICING];
        let points = curve.tables.scheme.pricing.min(MAX_PRICING);
        let ages = &curve.tables.pricing_root_age[..points];
        for p in 0..points {
            let (minus, plus) = curve.arguments(log_spot, p, ages[p]);
            let (_, cdf_minus) = density_and_cdf(-minus);
            let (_, cdf_plus) = density_and_cdf(-plus);
            terms[p] = curve.rate_weight[p] * cdf_minus - spot * curve.yield_weight[p] * cdf_plus;
        }
        terms[..points].iter().sum()
    }
}

struct Slopes<'a> {
    curve: &'a Curve,
    spot: f64,
}

impl NullaryFnOnce for Slopes<'_> {
    type Output = Premium;

    #[inline(always)]
    fn call(self) -> Premium {
        let Self { curve, spot } = self;
        let log_spot = spot.ln();
        let mut total = Premium::default();
        for (p, &root_age) in curve.tables.pricing_root_age.iter().enumerate() {
            let (minus, plus) = curve.arguments(log_spot, p, root_age);
            let (density_minus, cdf_minus) = density_and_cdf(-minus);
            let (density_plus, cdf_plus) = density_and_cdf(-plus);
            let (rate, dividend, inverse) = (curve.rate_weight[p], curve.yield_weight[p], curve.inverse[p]);
            total.value += rate * cdf_minus - spot * dividend * cdf_plus;
            total.delta += (dividend * density_plus - rate * density_minus / spot) * inverse - dividend * cdf_plus;
            total.gamma += inverse / spot
                * (rate * density_minus / spot * (1.0 + minus * inverse)
                    + dividend * density_plus * (1.0 - plus * inverse));
        }
        total
    }
}
