//! Seeded markets: expected returns, covariances of every shape, scenarios, and a portfolio that the limits keep.

use alluse_optimizer::{RiskModel, Universe};
use alluse_risk_core::{Covariance, covariance::FactorCovariance};
use ndarray::{Array1, Array2, Axis};

/// A small generator of its own (SplitMix64), so that no update of a library changes the problems.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn count(&mut self, least: usize, most: usize) -> usize {
        least + (self.unit() * (most - least + 1) as f64) as usize
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// How a covariance is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Dense,
    Factored,
    /// Half as many directions as assets, and a millionth of the variance besides.
    NearlySingular,
    /// Half as many directions as assets.
    Singular,
    /// The second asset is the first.
    Duplicates,
    /// Factors without residual variance for every other asset.
    FactoredSingular,
}

impl Shape {
    pub(crate) const ALL: [Self; 6] =
        [Self::Dense, Self::Factored, Self::NearlySingular, Self::Singular, Self::Duplicates, Self::FactoredSingular];
    /// Those under which no portfolio is without risk.
    pub(crate) const RISKY: [Self; 4] = [Self::Dense, Self::Factored, Self::NearlySingular, Self::Duplicates];
}

/// What a problem is about.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) universe: Universe,
    pub(crate) names: Vec<String>,
    pub(crate) shape: Shape,
    pub(crate) mean: Array1<f64>,
    pub(crate) model: RiskModel,
    /// `R` with `Σ = R'R`, from before `Σ` was formed: no factorisation of the crate's is used to check it.
    pub(crate) root: Array2<f64>,
    /// Dates × assets.
    pub(crate) scenarios: Array2<f64>,
}

impl Market {
    pub(crate) fn new(dice: &mut Dice, n: usize, shape: Shape, dates: usize) -> Self {
        let volatilities: Vec<f64> = (0..n).map(|_| dice.between(0.005, 0.03)).collect();
        let (root, model) = match shape {
            Shape::Factored | Shape::FactoredSingular => factored(dice, &volatilities, shape),
            _ => dense(dice, &volatilities, shape),
        };
        let mean = volatilities.iter().map(|v| 0.03 * v + 3e-4 * dice.normal()).collect();
        let scenarios = returns(dice, &volatilities, dates);
        let names: Vec<String> = (0..n).map(|asset| format!("A{asset}")).collect();
        let universe = Universe::named(names.clone()).unwrap();
        Self { universe, names, shape, mean, model, root, scenarios }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn volatility(&self, weights: &Array1<f64>) -> f64 {
        let deviations = self.root.dot(weights);
        deviations.dot(&deviations).sqrt()
    }

    pub(crate) fn volatilities(&self) -> Array1<f64> {
        self.root.map_axis(Axis(0), |column| column.dot(&column).sqrt())
    }
}

fn returns(dice: &mut Dice, volatilities: &[f64], dates: usize) -> Array2<f64> {
    let mut rows = Array2::zeros((dates, volatilities.len()));
    for mut row in rows.axis_iter_mut(Axis(0)) {
        let common = dice.normal();
        for (value, volatility) in row.iter_mut().zip(volatilities) {
            *value = volatility * (0.05 + 0.6 * common + 0.8 * dice.normal());
        }
    }
    rows
}

fn dense(dice: &mut Dice, volatilities: &[f64], shape: Shape) -> (Array2<f64>, RiskModel) {
    let n = volatilities.len();
    let rows = match shape {
        Shape::Singular | Shape::NearlySingular => n.div_ceil(2),
        _ => 4 * n + 10,
    };
    let mut root = returns(dice, volatilities, rows) / (rows as f64).sqrt();
    if shape == Shape::NearlySingular {
        let own = Array2::from_diag(&volatilities.iter().map(|v| 1e-3 * v).collect::<Array1<f64>>());
        root.append(Axis(0), own.view()).unwrap();
    }
    if shape == Shape::Duplicates && n > 1 {
        let first = root.column(0).to_owned();
        root.column_mut(1).assign(&first);
    }
    let mut matrix = root.t().dot(&root);
    matrix = (&matrix + &matrix.t()) / 2.0;
    (root, Covariance::new(matrix).unwrap().into())
}

fn factored(dice: &mut Dice, volatilities: &[f64], shape: Shape) -> (Array2<f64>, RiskModel) {
    let n = volatilities.len();
    let k = dice.count(1, n.min(5));
    let loadings =
        Array2::from_shape_fn((n, k), |(_, f)| if f == 0 { 1.0 + 0.3 * dice.normal() } else { dice.normal() });
    let factors: Array1<f64> = (0..k).map(|f| if f == 0 { 1e-4 } else { 1e-5 }).collect();
    let own = |asset: usize, v: f64| {
        if shape == Shape::FactoredSingular && asset.is_multiple_of(2) { 0.0 } else { 0.5 * v * v }
    };
    let residuals: Array1<f64> = volatilities.iter().enumerate().map(|(asset, v)| own(asset, *v)).collect();
    let mut root = loadings.t().to_owned();
    for (mut row, variance) in root.axis_iter_mut(Axis(0)).zip(&factors) {
        row *= variance.sqrt();
    }
    root.append(Axis(0), Array2::from_diag(&residuals.mapv(f64::sqrt)).view()).unwrap();
    let covariance = Covariance::new(Array2::from_diag(&factors)).unwrap();
    (root, FactorCovariance::new(loadings, covariance, residuals).unwrap().into())
}

/// Weights that the limits will be built around: long only, or long and short; they add up to one.
pub(crate) fn portfolio(dice: &mut Dice, n: usize, shorts: bool) -> Array1<f64> {
    let mut weights: Array1<f64> =
        (0..n).map(|_| if dice.chance(0.3) { 0.0 } else { -(1.0 - dice.unit()).ln() }).collect();
    weights[0] += 0.1;
    weights /= weights.sum();
    if shorts {
        let mut tilt: Array1<f64> = (0..n).map(|_| dice.normal() / n as f64).collect();
        tilt -= tilt.sum() / n as f64;
        weights += &tilt;
    }
    weights
}
