//! Approximations that are used only where they were asked for and measured to be good enough.

use serde::{Deserialize, Serialize};

use super::row::{Outcome, ScenarioMarket, at};
use crate::kernel::Input;
use crate::{OptionContract, Result};

/// How an option is revalued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Every option in every scenario by its own model.
    #[default]
    Exact,
    /// American options by interpolation on a grid of spots and volatilities, where the largest error on a
    /// sample of the scenarios stays within `tolerance` of the strike; exact elsewhere. European options are
    /// exact: for them the grid would save nothing, unless cash dividends leave them without a formula.
    Grid {
        /// Largest accepted error, as a fraction of the strike.
        tolerance: f64,
    },
    /// Second-order Taylor expansion in spot and volatility around the middle of the scenarios, where the
    /// largest error on a sample stays within `tolerance` of the strike; exact elsewhere.
    Taylor {
        /// Largest accepted error, as a fraction of the strike.
        tolerance: f64,
    },
}

/// Scenarios on which the error is measured, spread evenly over the sorted spots, both ends included.
const SAMPLE: usize = 33;

/// Writes the price of one unit in each scenario to `out`.
pub(super) fn fill(market: &ScenarioMarket<'_>, method: Method, out: &mut [f64]) -> Result<Outcome> {
    let moves_alone = matches!((market.rate, market.dividend_yield), (Input::Constant(_), Input::Constant(_)));
    // Too few scenarios to repay a grid, or factors that it has no axis for.
    let worth_it = moves_alone && out.len() > 4 * SAMPLE;
    let made: Option<(f64, Result<Box<dyn Surface>>)> = match method {
        Method::Grid { tolerance } if worth_it && !market.is_cheap() => Some((tolerance, Grid::new(market).map(boxed))),
        Method::Taylor { tolerance } if worth_it => Some((tolerance, Taylor::new(market).map(boxed))),
        _ => None,
    };
    // A node or a centre that has no price says nothing about the scenarios themselves.
    let Some((tolerance, Ok(surface))) = made else {
        market.price_all(out)?;
        return Ok(Outcome::default());
    };
    for (scenario, out) in out.iter_mut().enumerate() {
        *out = surface.price(market.spot[scenario], at(market.volatility, scenario));
    }
    let sample = sample(market.spot);
    let mut measured_error = 0.0_f64;
    for &scenario in &sample {
        let exact = market.price_one(scenario)?;
        let error = (out[scenario] - exact).abs();
        // `max` would drop a NaN, which must not pass for a small error.
        measured_error = if error.is_nan() { f64::INFINITY } else { measured_error.max(error) };
        out[scenario] = exact;
    }
    if measured_error.is_finite() && measured_error <= tolerance * market.contract.strike() {
        Ok(Outcome { approximated: true, measured_error, sampled: sample.len() })
    } else {
        market.price_all(out)?;
        Ok(Outcome::default())
    }
}

fn boxed<S: Surface + 'static>(surface: S) -> Box<dyn Surface> {
    Box::new(surface)
}

fn sample(spots: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_unstable_by(|&a, &b| spots[a].total_cmp(&spots[b]).then(a.cmp(&b)));
    (0..SAMPLE).map(|i| order[i * (order.len() - 1) / (SAMPLE - 1)]).collect()
}

trait Surface {
    fn price(&self, spot: f64, volatility: f64) -> f64;
}

/// The same option at other spots and one volatility; rate and dividend yield, which do not move, stay.
fn along<'a>(market: &ScenarioMarket<'a>, spots: &'a [f64], volatility: f64) -> ScenarioMarket<'a> {
    ScenarioMarket { spot: spots, log_spot: None, volatility: Input::Constant(volatility), ..*market }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

fn volatility_range(market: &ScenarioMarket<'_>) -> (f64, f64) {
    match market.volatility {
        Input::Constant(volatility) => (volatility, volatility),
        Input::PerScenario(values) => range(values.iter().copied()),
    }
}

/// Piecewise cubic in log spot, polynomial in volatility.
///
/// The price has a kink in its second derivative where early exercise begins, which local cubics contain and
/// a global polynomial would not; in volatility it is smooth.
struct Grid {
    log_low: f64,
    log_step: f64,
    nodes: Vec<f64>,
    /// Barycentric weights of the volatility nodes.
    weights: Vec<f64>,
    /// One row of spot nodes per volatility node.
    prices: Vec<f64>,
}

impl Grid {
    const SPOTS: usize = 65;
    const VOLATILITIES: usize = 9;

    fn new(market: &ScenarioMarket<'_>) -> Result<Self> {
        let (low, high) = range(market.spot.iter().map(|s| s.ln()));
        let log_step = ((high - low) / (Self::SPOTS - 1) as f64).max(1e-9);
        let (least, most) = volatility_range(market);
        let count = if most > least { Self::VOLATILITIES } else { 1 };
        let nodes: Vec<f64> = (0..count)
            .map(|i| {
                let angle = std::f64::consts::PI * i as f64 / (count.max(2) - 1) as f64;
                0.5 * (least + most) - 0.5 * (most - least) * libm::cos(angle)
            })
            .collect();
        let weights = (0..count)
            .map(|i| {
                let half = if i == 0 || i + 1 == count { 0.5 } else { 1.0 };
                if i % 2 == 0 { half } else { -half }
            })
            .collect();
        let spots: Vec<f64> = (0..Self::SPOTS).map(|i| libm::exp(low + log_step * i as f64)).collect();
        let mut prices = vec![0.0; count * Self::SPOTS];
        for (&volatility, row) in nodes.iter().zip(prices.chunks_mut(Self::SPOTS)) {
            along(market, &spots, volatility).price_all(row)?;
        }
        Ok(Self { log_low: low, log_step, nodes, weights, prices })
    }

    /// Cubic through the four nodes around the spot.
    fn along_spot(&self, row: &[f64], spot: f64) -> f64 {
        let x = (spot.ln() - self.log_low) / self.log_step;
        let first = ((x.floor() as isize) - 1).clamp(0, Self::SPOTS as isize - 4) as usize;
        let t = x - first as f64;
        let p = &row[first..first + 4];
        let (a, b, c, d) = (t, t - 1.0, t - 2.0, t - 3.0);
        -b * c * d / 6.0 * p[0] + a * c * d / 2.0 * p[1] - a * b * d / 2.0 * p[2] + a * b * c / 6.0 * p[3]
    }
}

impl Surface for Grid {
    fn price(&self, spot: f64, volatility: f64) -> f64 {
        let (mut above, mut below) = (0.0, 0.0);
        for (i, node) in self.nodes.iter().enumerate() {
            let value = self.along_spot(&self.prices[i * Self::SPOTS..(i + 1) * Self::SPOTS], spot);
            let distance = volatility - node;
            if distance == 0.0 {
                return value;
            }
            above += self.weights[i] / distance * value;
            below += self.weights[i] / distance;
        }
        above / below
    }
}

/// Value and derivatives at the centre of the scenarios, by central differences of the exact price.
struct Taylor {
    spot: f64,
    volatility: f64,
    value: f64,
    delta: f64,
    gamma: f64,
    vega: f64,
    vanna: f64,
    volga: f64,
}

impl Taylor {
    fn new(market: &ScenarioMarket<'_>) -> Result<Self> {
        let (low, high) = range(market.spot.iter().copied());
        let (least, most) = volatility_range(market);
        let (spot, volatility) = (0.5 * (low + high), 0.5 * (least + most));
        let contract: &OptionContract = market.contract;
        let (ds, dv) = (1e-3 * contract.strike().min(spot), 1e-3 * volatility);
        let price = |i: f64, j: f64| along(market, &[spot + i * ds], volatility + j * dv).price_one(0);
        let value = price(0.0, 0.0)?;
        let (up, down) = (price(1.0, 0.0)?, price(-1.0, 0.0)?);
        let (more, less) = (price(0.0, 1.0)?, price(0.0, -1.0)?);
        let mixed = price(1.0, 1.0)? - price(1.0, -1.0)? - price(-1.0, 1.0)? + price(-1.0, -1.0)?;
        Ok(Self {
            spot,
            volatility,
            value,
            delta: (up - down) / (2.0 * ds),
            gamma: (up - 2.0 * value + down) / (ds * ds),
            vega: (more - less) / (2.0 * dv),
            vanna: mixed / (4.0 * ds * dv),
            volga: (more - 2.0 * value + less) / (dv * dv),
        })
    }
}

impl Surface for Taylor {
    fn price(&self, spot: f64, volatility: f64) -> f64 {
        let (s, v) = (spot - self.spot, volatility - self.volatility);
        self.value
            + self.delta * s
            + self.vega * v
            + 0.5 * self.gamma * s * s
            + self.vanna * s * v
            + 0.5 * self.volga * v * v
    }
}
