//! Models of a book with a generalised Pareto tail.

use alluse_risk_core::{
    Error as CoreError, FittedVarModel, FittedVolatility, History, Horizon, LossDistribution, Result as CoreResult,
    VarModel, VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::{Array1, ArrayView1};

use super::{PeaksOverThreshold, PeaksOverThresholdLoss};
use crate::Result;
use crate::filtered::newest_residuals;
use crate::horizon::one_day;

impl PeaksOverThreshold {
    /// The predictive distribution that a sample of losses gives.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    pub fn loss(&self, losses: Array1<f64>) -> Result<PeaksOverThresholdLoss> {
        let fitted = self.estimate(losses.view())?;
        PeaksOverThresholdLoss::new(losses, fitted.tail)
    }
}

impl VarModel for PeaksOverThreshold {
    fn name(&self) -> &str {
        "peaks over threshold"
    }

    fn min_observations(&self) -> usize {
        self.min_losses()
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("peaks over threshold", horizon)?;
        Ok(Box::new(self.loss(losses_of(history.pnl()))?))
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        Ok(Some(Box::new(Fitted { loss: self.loss(losses_of(history.pnl()))? })))
    }
}

fn losses_of(pnl: Array1<f64>) -> Array1<f64> {
    pnl.mapv_into(|gain| 0.0 - gain)
}

/// The law of the day of the fit.
#[derive(Debug)]
struct Fitted {
    loss: PeaksOverThresholdLoss,
}

impl FittedVarModel for Fitted {
    fn forecast(&self, _: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("peaks over threshold", horizon)?;
        Ok(Box::new(self.loss.clone()))
    }
}

/// Peaks over a threshold of the standardised residuals of a volatility model.
///
/// ```text
/// zₜ = (rₜ − μₜ)/σₜ        L_{T+1} = −μ_{T+1} + σ_{T+1} · (−z)
/// VaR = −μ_{T+1} + σ_{T+1} VaR_z        ES = −μ_{T+1} + σ_{T+1} ES_z
/// ```
/// with `VaR_z` and `ES_z` those of [`PeaksOverThreshold`] on the losses `−zₜ`.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | μ and σ |
/// | `tail` | [`PeaksOverThreshold::default`] | threshold, in units of σ when given as a loss, and exceedances needed |
///
/// It answers for one day. Fitted, it keeps the parameters of the volatility, the residuals and their tail, and
/// filters μ and σ from every later history. Standard errors are those of the tail: the volatility forecast is
/// taken as known.
///
/// # Source
/// McNeil and Frey (2000), "Estimation of tail-related risk measures for heteroscedastic financial time series:
/// an extreme value approach".
#[derive(Debug)]
pub struct ConditionalPeaksOverThreshold {
    name: String,
    volatility: Box<dyn VolatilityModel>,
    tail: PeaksOverThreshold,
}

impl Default for ConditionalPeaksOverThreshold {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()))
    }
}

impl ConditionalPeaksOverThreshold {
    /// From a volatility model.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>) -> Self {
        Self { name: "conditional peaks over threshold".to_owned(), volatility, tail: PeaksOverThreshold::default() }
    }

    /// With another name, so that two volatilities can be told apart in one table.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With another model of the tail of the residuals.
    #[must_use]
    pub fn with_tail(mut self, tail: PeaksOverThreshold) -> Self {
        self.tail = tail;
        self
    }

    fn residual_loss(&self, fitted: &dyn FittedVolatility, pnl: ArrayView1<'_, f64>) -> Result<PeaksOverThresholdLoss> {
        self.tail.loss(losses_of(newest_residuals(fitted, pnl, pnl.len())?))
    }
}

impl VarModel for ConditionalPeaksOverThreshold {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.tail.min_losses()
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("conditional peaks over threshold", horizon)?;
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let residuals = self.residual_loss(&*fitted, pnl.view())?;
        Ok(Box::new(tomorrow(&residuals, &*fitted)?))
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let residuals = self.residual_loss(&*fitted, pnl.view())?;
        Ok(Some(Box::new(FittedConditional { fitted, residuals })))
    }
}

/// Volatility parameters and the distribution of the residuals that stay.
#[derive(Debug)]
struct FittedConditional {
    fitted: Box<dyn FittedVolatility>,
    residuals: PeaksOverThresholdLoss,
}

impl FittedVarModel for FittedConditional {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("conditional peaks over threshold", horizon)?;
        let fitted = self.fitted.filter(history.pnl().view())?;
        Ok(Box::new(tomorrow(&self.residuals, &*fitted)?))
    }
}

/// The residuals moved to the mean and volatility forecast for the next day.
fn tomorrow(residuals: &PeaksOverThresholdLoss, fitted: &dyn FittedVolatility) -> Result<PeaksOverThresholdLoss> {
    let (mean, variance) = (fitted.forecast_mean(1)?.sum(), fitted.forecast_variance(1)?.sum());
    if variance == 0.0 {
        let (name, reason) = ("conditional peaks over threshold", "the volatility forecast is zero");
        return Err(CoreError::Undefined { name, reason }.into());
    }
    residuals.moved(-mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::panel::ReturnPanel;
    use alluse_risk_core::{AssetId, Confidence, ErrorKind, HistorySplitter};
    use jiff::ToSpan;
    use jiff::civil::date;
    use ndarray::{ArrayViewMut1, Axis, array};

    use super::*;
    use crate::{Rolling, TailThreshold, Window};

    /// Returns whose scale doubles half way, with a power tail on both sides.
    fn returns(days: usize) -> Array1<f64> {
        // A permutation of the equal shares by a step that is prime to their number.
        let share = |t: usize| ((t * 577 + 101) % 1_009) as f64 / 504.5 - 1.0;
        (0..days)
            .map(|t| {
                let scale = if t < days / 2 { 0.01 } else { 0.02 };
                let v = share(t);
                scale * v / (1.001 - v.abs()).powf(0.25)
            })
            .collect()
    }

    fn panel(days: usize) -> ReturnPanel {
        let dates = date(2020, 1, 1).series(1.day()).take(days).collect();
        ReturnPanel::new(dates, vec![AssetId::new("SPY").unwrap()], returns(days).insert_axis(Axis(1))).unwrap()
    }

    const MONEY: f64 = 1_000.0;

    fn with_history<T>(days: usize, end: usize, window: usize, f: impl Fn(History<'_>) -> T) -> T {
        let panel = panel(days);
        let splitter = HistorySplitter::new(&panel, array![MONEY]).unwrap();
        f(splitter.ending(end, window).unwrap())
    }

    /// A volatility that is known: `mean` and `volatility` on every day.
    #[derive(Debug, Clone)]
    struct Known {
        mean: Array1<f64>,
        volatility: Array1<f64>,
        next: f64,
    }

    impl Known {
        fn new(days: usize, volatility: f64, next: f64) -> Self {
            Self { mean: Array1::from_elem(days, 0.5), volatility: Array1::from_elem(days, volatility), next }
        }
    }

    impl VolatilityModel for Known {
        fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
            self.filter(returns)
        }
    }

    impl FittedVolatility for Known {
        fn mean(&self) -> ArrayView1<'_, f64> {
            self.mean.view()
        }

        fn volatility(&self) -> ArrayView1<'_, f64> {
            self.volatility.view()
        }

        fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
            Ok(Array1::from_elem(steps, 0.25))
        }

        fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
            Ok(Array1::from_elem(steps, self.next * self.next))
        }

        fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
            let known = Self::new(returns.len(), self.volatility[0], self.next);
            Ok(Box::new(known))
        }

        fn simulate(&self, _: ArrayView1<'_, f64>, _: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
            Ok(())
        }
    }

    #[test]
    fn the_model_is_the_fit_of_the_losses_in_money() {
        with_history(800, 800, 600, |history| {
            let losses = returns(800).iter().skip(200).map(|r| -MONEY * r).collect::<Array1<f64>>();
            let fitted = PeaksOverThreshold::default().estimate(losses.view()).unwrap();
            let loss = PeaksOverThreshold::default().forecast(history, Horizon::DAY).unwrap();
            let var = loss.value_at_risk(Confidence::P99).unwrap();
            assert_eq!(var.value, fitted.tail.value_at_risk(Confidence::P99).unwrap());
            assert!(var.value > 20.0 && var.standard_error.unwrap() > 0.0);
            assert_eq!((var.observations, var.tail_observations), (600, Some(60.0)));
        });
    }

    #[test]
    fn a_known_volatility_only_moves_the_losses() {
        // Residual loss −(r − 0.5)/4, forecast −0.25 + 6 times it: −0.25 + 1.5 (loss + 0.5).
        let model = ConditionalPeaksOverThreshold::new(Box::new(Known::new(1, 4.0, 6.0)));
        with_history(800, 800, 800, |history| {
            let plain = PeaksOverThreshold::default().forecast(history, Horizon::DAY).unwrap();
            let moved = model.forecast(history, Horizon::DAY).unwrap();
            for confidence in [Confidence::P99, Confidence::new(0.5).unwrap()] {
                let (plain, moved) =
                    (plain.expected_shortfall(confidence).unwrap(), moved.expected_shortfall(confidence).unwrap());
                assert!((moved.value - 1.5 * (plain.value + 0.5) + 0.25).abs() < 1e-7);
                let ratio = moved.standard_error.unwrap() / plain.standard_error.unwrap();
                assert!((ratio - 1.5).abs() < 1e-6);
            }
        });
    }

    #[test]
    fn the_conditional_model_follows_the_volatility() {
        with_history(1_000, 1_000, 1_000, |history| {
            let plain = PeaksOverThreshold::default().forecast(history, Horizon::DAY).unwrap();
            let model = ConditionalPeaksOverThreshold::default();
            let conditional = model.forecast(history, Horizon::DAY).unwrap();
            let at = |loss: &dyn LossDistribution| loss.value_at_risk(Confidence::P95).unwrap().value;
            // The second half is twice as volatile as the first: today is above the average of both.
            assert!(at(&*conditional) > 1.1 * at(&*plain), "{} {}", at(&*conditional), at(&*plain));
        });
    }

    #[test]
    fn fitted_models_keep_their_tail() {
        let days = 1_000;
        let models: [Box<dyn VarModel>; 2] =
            [Box::new(PeaksOverThreshold::default()), Box::new(ConditionalPeaksOverThreshold::default())];
        for model in models {
            let at = |loss: &dyn LossDistribution| loss.value_at_risk(Confidence::P99).unwrap().value;
            with_history(days, 700, 600, |early| {
                let fitted = model.fit(early).unwrap().unwrap();
                let same = at(&*fitted.forecast(early, Horizon::DAY).unwrap());
                assert!((same / at(&*model.forecast(early, Horizon::DAY).unwrap()) - 1.0).abs() < 1e-12);
                with_history(days, 1_000, 600, |late| {
                    let kept = at(&*fitted.forecast(late, Horizon::DAY).unwrap());
                    let anew = at(&*model.forecast(late, Horizon::DAY).unwrap());
                    assert!((kept / anew - 1.0).abs() > 1e-3, "{kept} {anew}");
                    assert_eq!(model.name() == "peaks over threshold", (kept - same).abs() < 1e-12);
                });
                let week = fitted.forecast(early, Horizon::days(5).unwrap()).unwrap_err();
                assert_eq!(week.kind(), ErrorKind::Unsupported);
            });
        }
    }

    #[test]
    fn rolling_backtests_run_on_both() {
        let panel = panel(700);
        let splitter = HistorySplitter::new(&panel, array![MONEY]).unwrap();
        let rolling = Rolling::new(Window::Fixed(500)).unwrap().with_levels(vec![Confidence::P99]).unwrap();
        for refit in [1, 50] {
            let rolling = rolling.clone().with_refit_every(refit).unwrap();
            for record in [
                rolling.run(&PeaksOverThreshold::default(), &splitter).unwrap(),
                rolling.run(&ConditionalPeaksOverThreshold::default(), &splitter).unwrap(),
            ] {
                assert_eq!(record.missing().len(), 0);
                assert_eq!(record.dates().len(), 200);
            }
        }
    }

    #[test]
    fn what_cannot_be_forecast_is_an_error() {
        let models: [Box<dyn VarModel>; 2] =
            [Box::new(PeaksOverThreshold::default()), Box::new(ConditionalPeaksOverThreshold::default())];
        for model in models {
            let name = model.name().to_owned();
            assert_eq!(model.min_observations(), 500);
            with_history(600, 600, 600, |history| {
                let week = model.forecast(history, Horizon::days(5).unwrap()).unwrap_err();
                assert_eq!(week.kind(), ErrorKind::Unsupported);
                assert!(week.to_string().starts_with(&name), "{week}");
            });
            with_history(600, 400, 400, |history| {
                let few = model.forecast(history, Horizon::DAY).unwrap_err();
                assert!(matches!(few, CoreError::InsufficientData { required: 50, available: 40, .. }), "{few}");
                assert_eq!(model.fit(history).unwrap_err().kind(), ErrorKind::InsufficientData);
            });
        }
        let flat = ConditionalPeaksOverThreshold::new(Box::new(Known::new(1, 4.0, 0.0)));
        with_history(800, 800, 800, |history| {
            assert_eq!(flat.forecast(history, Horizon::DAY).unwrap_err().kind(), ErrorKind::Undefined);
        });
    }

    #[test]
    fn names_and_tails_are_settings() {
        let tail = PeaksOverThreshold::default()
            .with_threshold(TailThreshold::Quantile(Confidence::P95))
            .with_min_exceedances(20);
        let model = ConditionalPeaksOverThreshold::default().named("ewma tail").with_tail(tail);
        assert_eq!((model.name(), model.min_observations()), ("ewma tail", 400));
        assert_eq!(ConditionalPeaksOverThreshold::default().name(), "conditional peaks over threshold");
        with_history(600, 600, 600, |history| {
            let loss = model.forecast(history, Horizon::DAY).unwrap();
            assert_eq!(loss.value_at_risk(Confidence::P99).unwrap().tail_observations, Some(30.0));
        });
    }
}
