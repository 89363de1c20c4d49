//! The volatility model that needs no fitting: the exponentially weighted variance.

use std::borrow::Cow;

use ndarray::{Array1, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use crate::sum::compensated;
use crate::{Decay, Error, FittedVolatility, Result, VolatilityModel, check};

/// Where the recursion of [`EwmaVolatility`] starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EwmaStart {
    /// The variance of the first return is the mean square of the first `observations` returns (of all,
    /// when there are fewer). Volatilities inside that start-up sample therefore know some of its later
    /// returns; from return number `observations` on they do not.
    Backcast {
        /// Length of the start-up sample.
        observations: usize,
    },
    /// The mean square of the first `observations` returns stands for all of them and for the return after
    /// them; the recursion begins there.
    Held {
        /// Length of the start-up sample.
        observations: usize,
    },
}

/// Exponentially weighted volatility with a mean of zero.
///
/// ```text
/// vₜ₊₁ = λ vₜ + (1−λ) rₜ²        E[vₜ₊ₕ] = vₜ₊₁ for every h
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `decay` | 0.94 | λ; a [`HalfLife`](crate::HalfLife) converts to one |
/// | `start` | `Backcast { 75 }` | the variance that the recursion starts from |
///
/// # Source
/// J.P. Morgan/Reuters (1996), *RiskMetrics Technical Document*, §5.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::volatility::{EwmaStart, EwmaVolatility};
/// use alluse_risk_core::{FittedVolatility, VolatilityModel};
/// use ndarray::array;
///
/// let model = EwmaVolatility::default().with_start(EwmaStart::Backcast { observations: 1 });
/// let fitted = model.fit(array![0.02, 0.01].view())?;
/// // 0.94 · 0.0004 + 0.06 · 0.0004 after the first return, and then 0.94 · 0.0004 + 0.06 · 0.0001
/// assert!((fitted.forecast_variance(1)?[0] - 3.82e-4).abs() < 1e-18);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EwmaVolatility {
    decay: Decay,
    start: EwmaStart,
}

impl Default for EwmaVolatility {
    fn default() -> Self {
        Self { decay: Decay::RISKMETRICS_DAILY, start: EwmaStart::Backcast { observations: 75 } }
    }
}

impl EwmaVolatility {
    /// With another decay, or a half-life.
    #[must_use]
    pub fn with_decay(mut self, decay: impl Into<Decay>) -> Self {
        self.decay = decay.into();
        self
    }

    /// With another start of the recursion.
    #[must_use]
    pub fn with_start(mut self, start: EwmaStart) -> Self {
        self.start = start;
        self
    }

    fn run(self, returns: ArrayView1<'_, f64>) -> Result<FittedEwma> {
        check::finite("returns", returns)?;
        let (EwmaStart::Backcast { observations } | EwmaStart::Held { observations }) = self.start;
        if observations == 0 {
            return Err(Error::OutOfDomain { name: "start-up sample", expected: "at least 1", value: 0.0 });
        }
        let startup = observations.min(returns.len());
        let start = compensated(returns.iter().take(startup).map(|r| r * r)) / startup as f64;
        let held = match self.start {
            EwmaStart::Backcast { .. } => 0,
            EwmaStart::Held { .. } => startup,
        };
        let decay = self.decay.value();
        let mut variance = start;
        let mut volatility = vec![start.sqrt(); returns.len()];
        // Slices iterate faster than views of any stride; a contiguous view is not copied.
        let values = returns.as_slice().map_or_else(|| Cow::Owned(returns.to_vec()), Cow::Borrowed);
        // Two returns at a time: the chain of dependent operations is half as long.
        let news = |value: f64| (1.0 - decay) * value * value;
        let square = decay * decay;
        let (pairs, last) = values[held..].as_chunks::<2>();
        let (slots, rest) = volatility[held..].as_chunks_mut::<2>();
        for (&[first, second], slots) in pairs.iter().zip(slots) {
            let between = decay * variance + news(first);
            *slots = [variance.sqrt(), between.sqrt()];
            variance = square * variance + (decay * news(first) + news(second));
        }
        if let ([value], [slot]) = (last, rest) {
            *slot = variance.sqrt();
            variance = decay * variance + news(*value);
        }
        if !variance.is_finite() {
            return Err(Error::Overflow { name: "exponentially weighted variance" });
        }
        Ok(FittedEwma {
            model: self,
            mean: Array1::zeros(returns.len()),
            volatility: volatility.into(),
            next: variance,
        })
    }
}

impl VolatilityModel for EwmaVolatility {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedVolatility>> {
        Ok(Box::new(self.run(returns)?))
    }
}

/// Exponentially weighted volatility along a series.
#[derive(Debug, Clone)]
struct FittedEwma {
    model: EwmaVolatility,
    mean: Array1<f64>,
    volatility: Array1<f64>,
    next: f64,
}

impl FittedVolatility for FittedEwma {
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.volatility.view()
    }

    fn forecast_mean(&self, steps: usize) -> Result<Array1<f64>> {
        constant(0.0, steps)
    }

    fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        constant(self.next, steps)
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedVolatility>> {
        self.model.fit(returns)
    }

    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> Result<()> {
        check::length("path", z.len(), out.len())?;
        let decay = self.model.decay.value();
        let mut variance = self.next;
        for (slot, shock) in out.iter_mut().zip(z) {
            *slot = variance.sqrt() * shock;
            variance = decay * variance + (1.0 - decay) * *slot * *slot;
        }
        Ok(())
    }
}

fn constant(value: f64, steps: usize) -> Result<Array1<f64>> {
    if steps == 0 {
        return Err(Error::OutOfDomain { name: "steps", expected: "at least 1", value: 0.0 });
    }
    Ok(Array1::from_elem(steps, value))
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::HalfLife;
    use crate::covariance::ewma::{self, InitialVariance};

    #[test]
    fn volatilities_are_ex_ante() {
        // λ = 1/2 by hand: start 1 (mean square of the first return), then (1+1)/2, (1+4)/2, (2.5+9)/2.
        let model = EwmaVolatility::default()
            .with_decay(HalfLife::periods(1.0).unwrap())
            .with_start(EwmaStart::Backcast { observations: 1 });
        let fitted = model.fit(array![1.0, 2.0, 3.0].view()).unwrap();
        let squares = fitted.volatility().mapv(|v| v * v);
        for (got, want) in squares.iter().zip([1.0, 1.0, 2.5]) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        assert_eq!(fitted.forecast_variance(3).unwrap(), array![5.75, 5.75, 5.75]);
        assert_eq!(fitted.mean(), array![0.0, 0.0, 0.0]);
        assert_eq!(fitted.forecast_mean(2).unwrap(), array![0.0, 0.0]);
    }

    #[test]
    fn a_held_start_stands_until_its_sample_is_over() {
        let model = EwmaVolatility::default().with_start(EwmaStart::Held { observations: 2 });
        let fitted = model.fit(array![1.0, 3.0, 2.0].view()).unwrap();
        let squares = fitted.volatility().mapv(|v| v * v);
        for (got, want) in squares.iter().zip([5.0, 5.0, 5.0]) {
            assert!((got - want).abs() < 1e-14);
        }
        // 0.94 · 5 + 0.06 · 4
        assert!((fitted.forecast_variance(1).unwrap()[0] - 4.94).abs() < 1e-14);
        let all = model.fit(array![1.0].view()).unwrap();
        assert_eq!(all.forecast_variance(1).unwrap()[0], 1.0);
    }

    #[test]
    fn a_view_with_gaps_is_read_in_order() {
        let every_second = array![[0.01, 9.0], [-0.03, 9.0], [0.02, 9.0]];
        let model = EwmaVolatility::default();
        let (gaps, whole) =
            (model.fit(every_second.column(0)).unwrap(), model.fit(array![0.01, -0.03, 0.02].view()).unwrap());
        assert_eq!((gaps.volatility(), gaps.forecast_variance(1)), (whole.volatility(), whole.forecast_variance(1)));
    }

    #[test]
    fn a_simulated_path_follows_the_recursion() {
        let model = EwmaVolatility::default()
            .with_decay(Decay::new(0.5).unwrap())
            .with_start(EwmaStart::Backcast { observations: 1 });
        let fitted = model.fit(array![2.0].view()).unwrap();
        let mut path = array![0.0, 0.0];
        // variance 4, shock 1 -> 2; variance (4 + 4)/2 = 4, shock -0.5 -> -1
        fitted.simulate(array![1.0, -0.5].view(), path.view_mut()).unwrap();
        assert_eq!(path, array![2.0, -1.0]);
        let mut short = array![0.0];
        assert!(matches!(
            fitted.simulate(array![1.0, 1.0].view(), short.view_mut()),
            Err(Error::LengthMismatch { expected: 2, got: 1, .. })
        ));
    }

    #[test]
    fn hostile_input_is_refused() {
        let model = EwmaVolatility::default();
        assert!(matches!(model.fit(array![].view()), Err(Error::Empty { .. })));
        assert!(matches!(model.fit(array![0.1, f64::NAN].view()), Err(Error::ElementOutOfDomain { index: 1, .. })));
        assert!(matches!(model.fit(array![1e200].view()), Err(Error::Overflow { .. })));
        for start in [EwmaStart::Backcast { observations: 0 }, EwmaStart::Held { observations: 0 }] {
            assert!(matches!(model.with_start(start).fit(array![0.1].view()), Err(Error::OutOfDomain { .. })));
        }
        let fitted = model.fit(array![0.1].view()).unwrap();
        assert!(matches!(fitted.forecast_variance(0), Err(Error::OutOfDomain { .. })));
        assert!(matches!(fitted.forecast_mean(0), Err(Error::OutOfDomain { .. })));
    }

    proptest! {
        /// The variance after the sample is that of the other road, which is ex post.
        #[test]
        fn agrees_with_the_ex_post_series(returns in proptest::collection::vec(-0.2..0.2f64, 1..40), decay in 0.5..0.999f64) {
            let returns = Array1::from(returns);
            let decay = Decay::new(decay).unwrap();
            let model = EwmaVolatility::default().with_decay(decay).with_start(EwmaStart::Backcast { observations: 1 });
            let fitted = model.fit(returns.view()).unwrap();
            let series = ewma::variance(returns.view(), decay, InitialVariance::FirstSquare).unwrap();
            let next = fitted.forecast_variance(1).unwrap()[0];
            prop_assert!((next - series.last()).abs() <= 1e-14 * (1e-12 + series.last()));
        }

        /// What comes later changes no volatility after the start-up sample.
        #[test]
        fn later_returns_change_nothing(returns in proptest::collection::vec(-0.2..0.2f64, 20..40), cut in 10usize..20) {
            let returns = Array1::from(returns);
            let model = EwmaVolatility::default().with_start(EwmaStart::Backcast { observations: 10 });
            let whole = model.fit(returns.view()).unwrap();
            let part = whole.filter(returns.view().split_at(ndarray::Axis(0), cut).0).unwrap();
            let same = whole.volatility().iter().zip(part.volatility()).all(|(a, b)| a.to_bits() == b.to_bits());
            prop_assert!(same);
        }
    }
}
