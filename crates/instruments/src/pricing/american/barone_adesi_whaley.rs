//! The quadratic approximation of Barone-Adesi and Whaley (1987).

use alluse_risk_core::Error as Input;

use crate::Result;
use crate::pricing::{BlackScholes, OptionKind, normal};

const MAX_ITERATIONS: usize = 200;

/// ```text
/// V = v(S) + (S*/|λ|) (1 − e^(−qT) Φ(±d₁(S*))) (S/S*)^λ     |S* − K| = v(S*) + (S*/|λ|) (1 − e^(−qT) Φ(±d₁(S*)))
/// ```
pub(super) fn price(kind: OptionKind, model: &BlackScholes) -> Result<f64> {
    let inputs = model.inputs();
    let exponent = exponent(kind, model);
    let critical = critical_spot(kind, model, exponent)?;
    if kind.sign() * (inputs.spot - critical) >= 0.0 {
        return Ok(kind.payoff(inputs.spot, inputs.strike));
    }
    let premium = Tangent::at(kind, model, critical)?.slack * critical / exponent.abs();
    Ok(model.price(kind) + premium * (inputs.spot / critical).powf(exponent))
}

/// The root λ of the quadratic equation: positive for a call, negative for a put.
fn exponent(kind: OptionKind, model: &BlackScholes) -> f64 {
    let inputs = model.inputs();
    let variance = inputs.volatility * inputs.volatility;
    let life = inputs.rate * inputs.time;
    // r/(1 − e^(−rT)), which tends to 1/T as r tends to 0.
    let annuity = if life.abs() < 1e-12 { 1.0 / inputs.time } else { inputs.rate / -(-life).exp_m1() };
    let tilt = 2.0 * (inputs.rate - inputs.dividend_yield) / variance - 1.0;
    0.5 * (-tilt + kind.sign() * (tilt * tilt + 8.0 * annuity / variance).sqrt())
}

/// European price at a spot and `1 − e^(−qT) Φ(±d₁)`, what is left of the delta up to 1.
struct Tangent {
    price: f64,
    slack: f64,
    gamma: f64,
}

impl Tangent {
    fn at(kind: OptionKind, model: &BlackScholes, spot: f64) -> Result<Self> {
        let at = model.with_spot(spot)?;
        let terms = at.terms();
        let share = terms.spot_leg / spot;
        let slack = 1.0 - share * normal::cdf(kind.sign() * terms.d1);
        let gamma = share * normal::pdf(terms.d1) / (spot * terms.deviation);
        Ok(Self { price: at.price(kind), slack, gamma })
    }
}

/// Newton's method kept inside a bracket of the one sign change.
fn critical_spot(kind: OptionKind, model: &BlackScholes, exponent: f64) -> Result<f64> {
    let inputs = model.inputs();
    let sign = kind.sign();
    let (mut low, mut high) = (inputs.strike, inputs.strike);
    let excess = |spot: f64| -> Result<(f64, f64)> {
        let tangent = Tangent::at(kind, model, spot)?;
        let value = sign * (spot - inputs.strike) - tangent.price - tangent.slack * spot / exponent.abs();
        let slope =
            sign * tangent.slack - tangent.slack / exponent.abs() + sign * spot * tangent.gamma / exponent.abs();
        Ok((value, slope))
    };
    // Exercise is wrong at the strike; walk out until it is right.
    let mut widenings = 0;
    loop {
        match kind {
            OptionKind::Call => high *= 1.5,
            OptionKind::Put => low /= 1.5,
        }
        let outer = if kind == OptionKind::Call { high } else { low };
        if excess(outer)?.0 > 0.0 {
            break;
        }
        widenings += 1;
        if widenings > MAX_ITERATIONS {
            return not_converged(outer);
        }
    }
    let mut spot = 0.5 * (low + high);
    for _ in 0..MAX_ITERATIONS {
        let (value, slope) = excess(spot)?;
        if sign * value > 0.0 {
            high = spot
        } else {
            low = spot
        }
        let newton = spot - value / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - spot).abs() <= 1e-13 * spot {
            return Ok(next);
        }
        spot = next;
    }
    not_converged(high - low)
}

fn not_converged<T>(residual: f64) -> Result<T> {
    Err(Input::NotConverged { name: "critical spot", iterations: MAX_ITERATIONS, residual }.into())
}
