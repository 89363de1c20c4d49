//! The change of one option's price, split: along a path, or by the greeks of the opening.

use super::effects::Effects;
use super::pricer::{Bends, Factors, Pricer, Slopes};
use super::{ExplainMethod, Explained};
use crate::Result;

/// What one unit of an option earned on its path, in base currency.
pub(super) fn explain_unit(pricer: &Pricer<'_>, method: ExplainMethod) -> Result<Explained> {
    let (from, to) = (pricer.at(0.0), pricer.at(1.0));
    let (before, after) = (pricer.value(&from)?, pricer.value(&to)?);
    let actual = after * to.fx - before * from.fx;
    // What has expired stands still; its currency may not.
    if from.time <= 0.0 {
        return Ok(Explained::new(actual, Effects { fx: before * pricer.change.fx, ..Effects::default() }));
    }
    let mut effects = second_order(pricer, &from, 0.5 * (from.fx + to.fx))?;
    match method {
        ExplainMethod::Taylor => effects.fx = 0.5 * (before + after) * pricer.change.fx,
        ExplainMethod::PathIntegrated { order, tolerance, max_panels } => {
            let rule = GaussLegendre::new(order);
            let tolerance = (tolerance * from.spot).max(pricer.price_error()) * from.fx;
            let totals = Path { pricer, rule: &rule }.integrate(before, after, tolerance, max_panels)?;
            effects.theta = totals.theta;
            effects.higher_spot = totals.spot - effects.delta - effects.gamma - 0.5 * effects.vanna;
            effects.higher_volatility = totals.volatility - effects.vega - effects.volga - 0.5 * effects.vanna;
            (effects.rho, effects.epsilon, effects.fx) = (totals.rho, totals.epsilon, totals.fx);
        }
    }
    Ok(Explained::new(actual, effects))
}

/// The series by the greeks of the opening, at the mean currency rate, without the effect of the currency.
fn second_order(pricer: &Pricer<'_>, from: &Factors, fx: f64) -> Result<Effects> {
    let Slopes { delta, theta, vega, rho, epsilon } = pricer.slopes(from)?;
    let Bends { gamma, vanna, volga } = pricer.bends(from)?;
    let change = &pricer.change;
    let (spot, volatility) = (change.spot, change.volatility);
    let per_unit = Effects {
        theta: -theta * change.time,
        delta: delta * spot,
        gamma: 0.5 * gamma * spot * spot,
        vega: vega * volatility,
        vanna: vanna * spot * volatility,
        volga: 0.5 * volga * volatility * volatility,
        rho: rho * change.rate,
        epsilon: epsilon * change.dividend_yield,
        ..Effects::default()
    };
    Ok(per_unit.scaled(fx))
}

/// Integrals of the first-order greeks.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    theta: f64,
    spot: f64,
    volatility: f64,
    rho: f64,
    epsilon: f64,
    fx: f64,
}

impl Totals {
    fn sum(&self) -> f64 {
        self.theta + self.spot + self.volatility + self.rho + self.epsilon + self.fx
    }

    fn add(&mut self, other: &Self) {
        self.theta += other.theta;
        self.spot += other.spot;
        self.volatility += other.volatility;
        self.rho += other.rho;
        self.epsilon += other.epsilon;
        self.fx += other.fx;
    }
}

/// A part of the path with its integrals and what they miss of the change of the price.
#[derive(Debug, Clone, Copy)]
struct Panel {
    from: f64,
    to: f64,
    value_from: f64,
    value_to: f64,
    totals: Totals,
    residual: f64,
}

struct Path<'a> {
    pricer: &'a Pricer<'a>,
    rule: &'a GaussLegendre,
}

impl Path<'_> {
    fn integrate(&self, before: f64, after: f64, tolerance: f64, max_panels: usize) -> Result<Totals> {
        let mut panels = vec![self.panel(0.0, 1.0, before, after)?];
        while panels.len() < max_panels && panels.iter().map(|panel| panel.residual.abs()).sum::<f64>() > tolerance {
            let worst = panels.iter().enumerate().max_by(|a, b| a.1.residual.abs().total_cmp(&b.1.residual.abs()));
            let Some((place, &Panel { from, to, value_from, value_to, .. })) = worst else { break };
            let middle = 0.5 * (from + to);
            let value = self.pricer.value(&self.pricer.at(self.position(middle)))?;
            panels[place] = self.panel(from, middle, value_from, value)?;
            panels.push(self.panel(middle, to, value, value_to)?);
        }
        panels.sort_by(|a, b| a.from.total_cmp(&b.from));
        let mut totals = Totals::default();
        panels.iter().for_each(|panel| totals.add(&panel.totals));
        Ok(totals)
    }

    /// Where on the path the parameter `u` is: with an expiry at its end, time left falls like `(1 − u)²`.
    fn position(&self, u: f64) -> f64 {
        if self.pricer.expires() { u * (2.0 - u) } else { u }
    }

    fn speed(&self, u: f64) -> f64 {
        if self.pricer.expires() { 2.0 * (1.0 - u) } else { 1.0 }
    }

    fn panel(&self, from: f64, to: f64, value_from: f64, value_to: f64) -> Result<Panel> {
        let (pricer, half) = (self.pricer, 0.5 * (to - from));
        let change = &pricer.change;
        let mut totals = Totals::default();
        for (node, weight) in &self.rule.points {
            let u = from + half * (1.0 + node);
            let at = pricer.at(self.position(u));
            let step = half * weight * self.speed(u);
            let slopes = pricer.slopes(&at)?;
            let money = step * at.fx;
            totals.add(&Totals {
                theta: -money * slopes.theta * change.time,
                spot: money * slopes.delta * change.spot,
                volatility: money * slopes.vega * change.volatility,
                rho: money * slopes.rho * change.rate,
                epsilon: money * slopes.epsilon * change.dividend_yield,
                fx: if change.fx == 0.0 { 0.0 } else { step * pricer.value(&at)? * change.fx },
            });
        }
        let fx = |u| pricer.at(self.position(u)).fx;
        let residual = value_to * fx(to) - value_from * fx(from) - totals.sum();
        Ok(Panel { from, to, value_from, value_to, totals, residual })
    }
}

/// Points and weights on `[−1, 1]`.
#[derive(Debug)]
struct GaussLegendre {
    points: Vec<(f64, f64)>,
}

impl GaussLegendre {
    /// Newton's method on the Legendre polynomial of degree `order`.
    fn new(order: usize) -> Self {
        let n = order as f64;
        let point = |index: usize| {
            let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            // Converged after five steps from this start for every order that is allowed.
            for _ in 0..8 {
                let (mut before, mut value) = (1.0, x);
                for degree in 2..=order {
                    let k = degree as f64;
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        };
        Self { points: (0..order).map(point).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.polynomial.legendre.leggauss(5).
    #[test]
    fn points_and_weights() {
        let rule = GaussLegendre::new(5);
        let want = [
            (0.906_179_845_938_664, 0.236_926_885_056_189_1),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
            (0.0, 0.568_888_888_888_888_9),
        ];
        for ((x, w), (want_x, want_w)) in rule.points.iter().zip(want) {
            assert!((x - want_x).abs() < 1e-14 && (w - want_w).abs() < 1e-14, "{x} {w}");
        }
        for order in 2..=32 {
            let rule = GaussLegendre::new(order);
            let moment = |k: i32| rule.points.iter().map(|(x, w)| w * x.powi(k)).sum::<f64>();
            let k = 2 * order as i32 - 2;
            assert!((moment(0) - 2.0).abs() < 1e-13 && (moment(k) - 2.0 / f64::from(k + 1)).abs() < 1e-13, "{order}");
        }
    }
}
