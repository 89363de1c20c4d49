//! The RiskMetrics 2006 variance: a mixture of exponential averages whose weights fall with the logarithm of age.

use alluse_risk_core::{Error as Input, FittedVolatility, Result as CoreResult, VolatilityModel, sum::CompensatedSum};
use ndarray::{Array1, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Where the averages of [`RiskMetrics2006`] start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskMetricsStart {
    /// All at the mean square of the first `observations` returns (of all, when there are fewer). Volatilities inside
    /// that start-up sample know some of its later returns; from return number `observations` on they do not.
    MeanSquare {
        /// Length of the start-up sample.
        observations: usize,
    },
    /// Each at its own exponentially weighted mean of the first squares, down to a weight of 1 %: up to 4.6 times its
    /// characteristic time, so that volatilities within that reach know later returns.
    Exponential,
}

/// How variances beyond the next step are forecast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskMetricsForecast {
    /// As the recursion implies: each average moves towards the mixture, the short ones fast.
    #[default]
    Expected,
    /// That of the next step for every later one.
    Flat,
}

/// Volatility of a mean-zero return as a mixture of exponential averages.
///
/// ```text
/// vₖ,ₜ₊₁ = μₖ vₖ,ₜ + (1 − μₖ) rₜ²      μₖ = exp(−1/τₖ)      τₖ = τ₁ ρᵏ⁻¹
/// σ²ₜ = Σ wₖ vₖ,ₜ                      wₖ ∝ 1 − ln τₖ/ln τ₀
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `decay_time` | 1560 | τ₀, where the memory ends, in periods |
/// | `shortest` | 4 | τ₁ |
/// | `ratio` | √2 | ρ |
/// | `components` | 15 | averages, up to τ = 512 |
/// | `start` | `MeanSquare { 75 }` | where the averages start |
/// | `forecast` | `Expected` | forecasts beyond the next step |
///
/// # Source
/// Zumbach (2007), *The RiskMetrics 2006 methodology*, RiskMetrics Group.
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::RiskMetrics2006;
/// use alluse_risk_core::{FittedVolatility, VolatilityModel};
/// use ndarray::array;
///
/// let fitted = RiskMetrics2006::default().fit(array![0.02, -0.02, 0.02].view())?;
/// // Squares that are all alike leave every average where it is.
/// assert!((fitted.forecast_variance(10)?[9] - 4e-4).abs() < 1e-18);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct RiskMetrics2006 {
    settings: Raw,
    decays: Vec<f64>,
    weights: Vec<f64>,
}

/// The settings as they are stored; the averages follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Raw {
    decay_time: f64,
    shortest: f64,
    ratio: f64,
    components: usize,
    start: RiskMetricsStart,
    forecast: RiskMetricsForecast,
}

impl Default for RiskMetrics2006 {
    fn default() -> Self {
        Self::built(Raw {
            decay_time: 1560.0,
            shortest: 4.0,
            ratio: std::f64::consts::SQRT_2,
            components: 15,
            start: RiskMetricsStart::MeanSquare { observations: 75 },
            forecast: RiskMetricsForecast::Expected,
        })
    }
}

impl RiskMetrics2006 {
    /// With other characteristic times: `components` of them from `shortest` by the factor `ratio`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `shortest` is positive, `ratio` above 1, there is a component and
    /// the longest time is below `decay_time`, so that every weight is positive; for more than 1,000 components.
    pub fn new(decay_time: f64, shortest: f64, ratio: f64, components: usize) -> Result<Self> {
        Self::try_from(Raw { decay_time, shortest, ratio, components, ..Self::default().settings })
    }

    /// With another start.
    #[must_use]
    pub fn with_start(mut self, start: RiskMetricsStart) -> Self {
        self.settings.start = start;
        self
    }

    /// With other forecasts beyond the next step.
    #[must_use]
    pub fn with_forecast(mut self, forecast: RiskMetricsForecast) -> Self {
        self.settings.forecast = forecast;
        self
    }

    /// Weights of the averages, from the shortest memory to the longest; they add up to 1.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Decays μ of the averages, in the same order.
    #[must_use]
    pub fn decays(&self) -> &[f64] {
        &self.decays
    }

    fn built(settings: Raw) -> Self {
        let times = || {
            let powers = std::iter::successors(Some(settings.shortest), |time| Some(time * settings.ratio));
            powers.take(settings.components)
        };
        let raw: Vec<f64> = times().map(|time| 1.0 - libm::log(time) / libm::log(settings.decay_time)).collect();
        let total: f64 = raw.iter().sum();
        Self {
            settings,
            decays: times().map(|time| libm::exp(-1.0 / time)).collect(),
            weights: raw.iter().map(|weight| weight / total).collect(),
        }
    }

    fn starts(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Vec<f64>> {
        let n = returns.len();
        match self.settings.start {
            RiskMetricsStart::MeanSquare { observations: 0 } => {
                Err(Input::OutOfDomain { name: "start-up sample", expected: "at least 1", value: 0.0 })
            }
            RiskMetricsStart::MeanSquare { observations } => {
                let sample = observations.min(n);
                let mean = CompensatedSum::of(returns.iter().take(sample).map(|r| r * r)) / sample as f64;
                Ok(vec![mean; self.decays.len()])
            }
            RiskMetricsStart::Exponential => Ok(self.decays.iter().map(|decay| backcast(returns, *decay)).collect()),
        }
    }

    fn mixture(&self, averages: &[f64]) -> f64 {
        self.weights.iter().zip(averages).map(|(weight, average)| weight * average).sum()
    }

    fn step(&self, averages: &mut [f64], square: f64) {
        averages
            .iter_mut()
            .zip(&self.decays)
            .for_each(|(average, decay)| *average = decay * *average + (1.0 - decay) * square);
    }

    fn run(&self, returns: ArrayView1<'_, f64>) -> CoreResult<FittedRiskMetrics> {
        check::finite("returns", returns)?;
        let mut averages = self.starts(returns)?;
        let mut volatility = Array1::zeros(returns.len());
        for (slot, value) in volatility.iter_mut().zip(returns) {
            *slot = self.mixture(&averages).sqrt();
            self.step(&mut averages, value * value);
        }
        if averages.iter().all(|average| average.is_finite()) {
            Ok(FittedRiskMetrics { model: self.clone(), mean: Array1::zeros(returns.len()), volatility, averages })
        } else {
            Err(Input::Overflow { name: "RiskMetrics 2006 variance" })
        }
    }
}

impl TryFrom<Raw> for RiskMetrics2006 {
    type Error = crate::Error;

    fn try_from(settings: Raw) -> Result<Self> {
        check::positive("shortest time", settings.shortest)?;
        check::ensure(settings.ratio > 1.0 && settings.ratio.is_finite(), "ratio", "above 1", settings.ratio)?;
        let count = settings.components;
        check::ensure((1..=1000).contains(&count), "components", "from 1 to 1000", count as f64)?;
        let longest = settings.shortest * settings.ratio.powi(count as i32 - 1);
        let time = settings.decay_time;
        let fits = time.is_finite() && time > 1.0 && longest < time;
        check::ensure(fits, "decay time", "finite, above 1 and above the longest characteristic time", time)?;
        Ok(Self::built(settings))
    }
}

impl From<RiskMetrics2006> for Raw {
    fn from(model: RiskMetrics2006) -> Self {
        model.settings
    }
}

impl VolatilityModel for RiskMetrics2006 {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        Ok(Box::new(self.run(returns)?))
    }
}

/// Exponentially weighted mean of the first squares, the first weighing most.
fn backcast(returns: ArrayView1<'_, f64>, decay: f64) -> f64 {
    let reach = (libm::log(0.01) / libm::log(decay)).floor();
    let sample = if reach < returns.len() as f64 { (reach as usize).max(1) } else { returns.len() };
    let (mut weight, mut total, mut sum) = (1.0, 0.0, 0.0);
    for value in returns.iter().take(sample) {
        total += weight;
        sum += weight * value * value;
        weight *= decay;
    }
    sum / total
}

/// The mixture along a series.
#[derive(Debug, Clone)]
struct FittedRiskMetrics {
    model: RiskMetrics2006,
    mean: Array1<f64>,
    volatility: Array1<f64>,
    averages: Vec<f64>,
}

impl FittedVolatility for FittedRiskMetrics {
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.volatility.view()
    }

    fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
        some(steps)?;
        Ok(Array1::zeros(steps))
    }

    fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
        some(steps)?;
        let mut averages = self.averages.clone();
        let mut variance = self.model.mixture(&averages);
        Ok((0..steps)
            .map(|step| {
                if step > 0 && self.model.settings.forecast == RiskMetricsForecast::Expected {
                    self.model.step(&mut averages, variance);
                    variance = self.model.mixture(&averages);
                }
                variance
            })
            .collect())
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        self.model.fit(returns)
    }

    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
        if z.len() != out.len() {
            return Err(Input::LengthMismatch { name: "path", expected: z.len(), got: out.len() });
        }
        let mut averages = self.averages.clone();
        for (slot, shock) in out.iter_mut().zip(z) {
            *slot = self.model.mixture(&averages).sqrt() * shock;
            self.model.step(&mut averages, *slot * *slot);
        }
        Ok(())
    }
}

fn some(steps: usize) -> CoreResult<()> {
    if steps > 0 { Ok(()) } else { Err(Input::OutOfDomain { name: "steps", expected: "at least 1", value: 0.0 }) }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Written by `tests/golden/volatility_kit.py`.
    #[test]
    fn agrees_with_arch() {
        let file: Value = serde_json::from_str(include_str!("../../tests/golden/volatility_kit.json")).unwrap();
        let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
        let returns = Array1::from(numbers(&file["returns"]));
        for (key, components, start) in [
            ("exponential_14", 14, RiskMetricsStart::Exponential),
            ("exponential_15", 15, RiskMetricsStart::Exponential),
            ("mean_square_14", 14, RiskMetricsStart::MeanSquare { observations: 75 }),
            ("mean_square_15", 15, RiskMetricsStart::MeanSquare { observations: 75 }),
        ] {
            let want = &file["risk_metrics"][key];
            let model = RiskMetrics2006::new(1560.0, 4.0, std::f64::consts::SQRT_2, components).unwrap();
            let fitted = model.with_start(start).with_forecast(RiskMetricsForecast::Flat).fit(returns.view()).unwrap();
            for (index, want) in [0, 1, 74, 75, 300, 599].into_iter().zip(numbers(&want["volatility"])) {
                testkit::close(fitted.volatility()[index] / want, 1.0, 1e-12);
            }
            if let Some(ahead) = want["forecast"].as_array() {
                let got = fitted.forecast_variance(3).unwrap();
                got.iter().zip(ahead).for_each(|(got, want)| testkit::close(got / want.as_f64().unwrap(), 1.0, 1e-12));
            }
        }
    }

    #[test]
    fn the_longest_memory_is_512_days() {
        let model = RiskMetrics2006::default();
        assert_eq!((model.weights().len(), model.decays().len()), (15, 15));
        testkit::close(-1.0 / model.decays()[14].ln(), 512.0, 1e-9);
        testkit::close(model.weights().iter().sum(), 1.0, 1e-15);
        // ln 1560 = 7.3524: 1 − ln 512/ln 1560 over 1 − ln 4/ln 1560.
        testkit::close(model.weights()[14] / model.weights()[0], 0.1867, 1e-3);
    }

    #[test]
    fn expected_variances_are_those_of_many_paths() {
        use alluse_risk_core::streams::Streams;
        let fitted = RiskMetrics2006::default().fit(array![0.5, -0.1, 0.2, 3.0].view()).unwrap();
        let expected = fitted.forecast_variance(20).unwrap();
        let z = Streams::new(11).standard_normals(20_000, 20);
        let (mut sum, mut squares) = (0.0, 0.0);
        for row in z.rows() {
            let mut path = Array1::zeros(20);
            fitted.simulate(row, path.view_mut()).unwrap();
            let square = path[19] * path[19];
            sum += square;
            squares += square * square;
        }
        let mean = sum / 20_000.0;
        let error = ((squares / 20_000.0 - mean * mean) / 20_000.0).sqrt();
        assert!((mean - expected[19]).abs() < 4.0 * error, "{mean} {} {error}", expected[19]);
    }

    #[test]
    fn hostile_input() {
        let new = RiskMetrics2006::new;
        assert!(new(1560.0, 0.0, 1.5, 4).is_err() && new(1560.0, 4.0, 1.0, 4).is_err());
        assert!(new(1560.0, 4.0, 1.5, 0).is_err() && new(500.0, 4.0, std::f64::consts::SQRT_2, 15).is_err());
        assert!(new(f64::NAN, 4.0, 1.5, 4).is_err() && new(1560.0, 4.0, 1.5, usize::MAX).is_err());
        let model = RiskMetrics2006::default();
        assert!(model.fit(array![].view()).is_err() && model.fit(array![f64::NAN].view()).is_err());
        assert!(model.fit(array![1e200].view()).is_err());
        let none = model.clone().with_start(RiskMetricsStart::MeanSquare { observations: 0 });
        assert!(none.fit(array![0.1].view()).is_err());
        let fitted = model.fit(array![0.1].view()).unwrap();
        assert!(fitted.forecast_variance(0).is_err() && fitted.forecast_mean(0).is_err());
        assert!(fitted.simulate(array![1.0].view(), Array1::zeros(2).view_mut()).is_err());
        let stored = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<RiskMetrics2006>(&stored).unwrap(), model);
        assert!(serde_json::from_str::<RiskMetrics2006>(&stored.replace("1560.0", "400.0")).is_err());
    }

    proptest! {
        /// Later returns change no volatility after the start-up sample, and the unit is that of the returns.
        #[test]
        fn laws(returns in proptest::collection::vec(-0.2..0.2f64, 20..60), cut in 10usize..20) {
            let returns = Array1::from(returns);
            let model = RiskMetrics2006::default().with_start(RiskMetricsStart::MeanSquare { observations: 10 });
            let whole = model.fit(returns.view())?;
            let part = whole.filter(returns.view().split_at(ndarray::Axis(0), cut).0)?;
            prop_assert!(whole.volatility().iter().zip(part.volatility()).all(|(a, b)| a.to_bits() == b.to_bits()));
            let scaled = model.fit((&returns * 100.0).view())?;
            for (a, b) in whole.forecast_variance(9)?.iter().zip(scaled.forecast_variance(9)?) {
                prop_assert!((1e4 * a - b).abs() <= 1e-12 * b);
            }
        }
    }
}
