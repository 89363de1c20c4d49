//! Variance forecasts of a model and of option prices, joined by weights that training data alone decide.

use alluse_risk_core::Frequency;
use alluse_risk_core::inference::{
    BartlettLags, Intercept, LeastSquares, MincerZarnowitz, Regression, RegressionSummary, StandardErrors,
    mincer_zarnowitz,
};
use ndarray::{Array2, ArrayView1, stack};
use serde::{Deserialize, Serialize};

use super::TermStructure;
use crate::{Error, Result, check};

/// Variance over `horizon` periods that an annualised implied volatility stands for: `σ² h/P`.
///
/// # Errors
/// [`Error::Input`] unless the volatility is positive and finite and there is a period.
pub fn implied_variance(volatility: f64, horizon: usize, frequency: Frequency) -> Result<f64> {
    check::positive("implied volatility", volatility)?;
    check::at_least_one("horizon", horizon)?;
    check::positive("implied variance", volatility * volatility * horizon as f64 / frequency.periods_per_year())
}

/// What is done about implied variance being dearer than what comes: the variance risk premium.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskPremium {
    /// Implied variance is scaled by the mean realised over the mean implied variance of the training data.
    #[default]
    Scaled,
    /// Nothing: it is taken at its word.
    None,
}

/// How the weights come about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlendWeights {
    /// `w m + (1 − w) s i`, with s the premium's scale.
    Fixed {
        /// Weight w of the model, in [0, 1].
        model: f64,
        /// Scale of the implied variance.
        premium: RiskPremium,
    },
    /// `a + b m + c i` by least squares on the training data; the constant and c take the premium out.
    Regression,
}

/// A blend of the variance forecasts `m` of a model and `i` of option prices over the same horizon.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `weights` | regression | see [`BlendWeights`] |
/// | `lags` | the larger of the horizon and `⌊n^⅓⌋` | of Newey and West's errors |
///
/// `horizon` is the number of periods that a forecast covers and by which successive training observations overlap
/// when they start one period apart.
///
/// # Source
/// Mincer and Zarnowitz (1969); Chong and Hendry (1986) for encompassing; Fleming (1998) for implied volatility.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpliedBlend {
    /// Periods that each forecast covers.
    pub horizon: usize,
    /// How the weights come about.
    pub weights: BlendWeights,
    /// Lags of the errors; `None` for the default.
    pub lags: Option<usize>,
}

/// In-sample evidence behind a blend. It is evidence about the training data, not about the future.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlendEvidence {
    /// The model alone.
    pub model: MincerZarnowitz,
    /// Implied variance alone, as quoted.
    pub implied: MincerZarnowitz,
    /// Both: a coefficient that does not differ from zero belongs to a forecast that the other one encompasses.
    /// `None` under fixed weights when the two forecasts are collinear.
    pub encompassing: Option<RegressionSummary>,
    /// Share of the variation of realised variance that the blend as used explains; negative when it does worse than
    /// the mean.
    pub r_squared: f64,
    /// Training observations.
    pub observations: usize,
}

/// A blend with its weights: [`ImpliedBlend::fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedBlend {
    /// The settings.
    pub blend: ImpliedBlend,
    /// Constant, 0 under fixed weights.
    pub constant: f64,
    /// Weight of the model's variance.
    pub model_weight: f64,
    /// Weight of the implied variance as quoted, the premium's scale within.
    pub implied_weight: f64,
    /// Mean realised over mean implied variance of the training data: below 1 when options were dear.
    pub realised_over_implied: f64,
    /// Least forecast: the smallest positive realised variance of the training data.
    pub floor: f64,
    /// What speaks for it.
    pub evidence: BlendEvidence,
}

/// A blended forecast: [`FittedBlend::forecast`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlendForecast {
    /// Periods covered.
    pub horizon: usize,
    /// Forecast variance over the horizon.
    pub variance: f64,
    /// The model's.
    pub model_variance: f64,
    /// That of option prices, as quoted.
    pub implied_variance: f64,
    /// Whether the sum fell below the floor and was raised to it.
    pub floored: bool,
}

impl ImpliedBlend {
    /// By regression, over `horizon` periods.
    #[must_use]
    pub fn new(horizon: usize) -> Self {
        Self { horizon, weights: BlendWeights::Regression, lags: None }
    }

    /// With other weights.
    #[must_use]
    pub fn with_weights(mut self, weights: BlendWeights) -> Self {
        self.weights = weights;
        self
    }

    /// With so many lags of Newey and West's errors.
    #[must_use]
    pub fn with_lags(mut self, lags: usize) -> Self {
        self.lags = Some(lags);
        self
    }

    /// Weights from training data: at each of n dates the model's and the implied variance over the horizon ahead, and
    /// the variance that was realised over it. All of one unit, shapes `(n,)`.
    ///
    /// Whoever calls must leave out dates whose horizon was not over at the time of the forecast; that done, nothing
    /// later enters.
    ///
    /// # Errors
    /// - [`Error::Input`] for series that are empty, of different length, too short for the regressions and lags, a
    ///   forecast that is not positive and finite, a realised variance that is negative or not finite, a weight outside
    ///   [0, 1], a horizon of 0, and for collinear forecasts under [`BlendWeights::Regression`].
    /// - [`Error::Input`] of kind `Undefined` for a constant realised variance or an exact fit.
    pub fn fit(
        &self,
        model: ArrayView1<'_, f64>,
        implied: ArrayView1<'_, f64>,
        realised: ArrayView1<'_, f64>,
    ) -> Result<FittedBlend> {
        check::at_least_one("horizon", self.horizon)?;
        let n = realised.len();
        check::finite("realised variance", realised)?;
        check::elements("realised variance", "not negative", realised, |v| v >= 0.0)?;
        for (name, series) in [("model variance", model), ("implied variance", implied)] {
            check::length(name, n, series.len())?;
            check::elements(name, "positive and finite", series, |v| v > 0.0 && v.is_finite())?;
        }
        let lags = self.lags(n);
        let errors = StandardErrors::NeweyWest(lags);
        let both = stack![ndarray::Axis(1), model, implied];
        let encompassing = match regression(["model", "implied"], both, realised) {
            Ok(fit) => Some(fit),
            Err(Error::Input(alluse_risk_core::Error::Collinear { .. }))
                if self.weights != BlendWeights::Regression =>
            {
                None
            }
            Err(error) => return Err(error),
        };
        let realised_over_implied =
            check::positive("mean realised over mean implied variance", realised.sum() / implied.sum())?;
        let (constant, model_weight, implied_weight) = match (self.weights, &encompassing) {
            (BlendWeights::Fixed { model: weight, premium }, _) => {
                check::ensure((0.0..=1.0).contains(&weight), "weight of the model", "in [0, 1]", weight)?;
                let scale = match premium {
                    RiskPremium::None => 1.0,
                    RiskPremium::Scaled => realised_over_implied,
                };
                (0.0, weight, (1.0 - weight) * scale)
            }
            (BlendWeights::Regression, Some(fit)) => {
                let b = fit.coefficients();
                (b[0], b[1], b[2])
            }
            (BlendWeights::Regression, None) => {
                return Err(Error::undefined("blend", "the forecasts are collinear"));
            }
        };
        let floor = realised.iter().copied().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let level = realised.sum() / n as f64;
        let (mut unexplained, mut total) = (0.0, 0.0);
        for ((m, i), y) in model.iter().zip(implied).zip(realised) {
            let forecast = (constant + model_weight * m + implied_weight * i).max(floor);
            unexplained += (y - forecast) * (y - forecast);
            total += (y - level) * (y - level);
        }
        let evidence = BlendEvidence {
            model: mincer_zarnowitz(realised, model, lags)?,
            implied: mincer_zarnowitz(realised, implied, lags)?,
            encompassing: encompassing.map(|fit| fit.summary(errors)).transpose()?,
            r_squared: 1.0 - unexplained / total,
            observations: n,
        };
        Ok(FittedBlend { blend: *self, constant, model_weight, implied_weight, realised_over_implied, floor, evidence })
    }

    fn lags(&self, n: usize) -> BartlettLags {
        BartlettLags::Fixed(self.lags.unwrap_or_else(|| self.horizon.max(libm::cbrt(n as f64) as usize)))
    }
}

impl FittedBlend {
    /// The blend of a model's and an implied variance over the horizon.
    ///
    /// # Errors
    /// [`Error::Input`] unless both are positive and finite; [`Error::Undefined`] when the sum overflows.
    pub fn forecast(&self, model_variance: f64, implied_variance: f64) -> Result<BlendForecast> {
        check::positive("model variance", model_variance)?;
        check::positive("implied variance", implied_variance)?;
        let sum = self.constant + self.model_weight * model_variance + self.implied_weight * implied_variance;
        if !sum.is_finite() {
            return Err(Error::undefined("blended variance", format!("the sum is {sum}")));
        }
        let floored = sum < self.floor;
        let variance = if floored { self.floor } else { sum };
        Ok(BlendForecast { horizon: self.blend.horizon, variance, model_variance, implied_variance, floored })
    }

    /// The blend of a term structure of the model, read at the horizon of the blend, and of the annualised implied
    /// volatility of that horizon.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast), and [`Error::Input`] when the term structure is shorter than the horizon.
    pub fn forecast_of(&self, model: &TermStructure, implied_volatility: f64) -> Result<BlendForecast> {
        let horizon = self.blend.horizon;
        let implied = implied_variance(implied_volatility, horizon, model.frequency())?;
        self.forecast(model.cumulative_variance(horizon)?, implied)
    }
}

fn regression<const K: usize>(
    names: [&str; K],
    regressors: Array2<f64>,
    response: ArrayView1<'_, f64>,
) -> Result<Regression> {
    Ok(LeastSquares::new(Intercept::Included).with_names(names).fit(regressors.view(), response)?)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn numbers(value: &Value) -> Array1<f64> {
        serde_json::from_value::<Vec<f64>>(value.clone()).unwrap().into()
    }

    fn data() -> (Array1<f64>, Array1<f64>, Array1<f64>, Value) {
        let file: Value = serde_json::from_str(include_str!("../../tests/golden/volatility_kit.json")).unwrap();
        let blend = file["blend"].clone();
        (numbers(&blend["model"]), numbers(&blend["implied"]), numbers(&blend["realised"]), blend)
    }

    /// Written by `tests/golden/volatility_kit.py`: ordinary least squares with Newey and West's errors, no correction.
    #[test]
    fn agrees_with_statsmodels() {
        let (model, implied, realised, want) = data();
        let fit = ImpliedBlend::new(5).with_lags(6).fit(model.view(), implied.view(), realised.view()).unwrap();
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-8, "{got:e} {want:e}");
        let evidence = &fit.evidence;
        for (one, key) in [(&evidence.model, "model_alone"), (&evidence.implied, "implied_alone")] {
            let want = &want[key];
            close(one.r_squared, want["r_squared"].as_f64().unwrap());
            close(one.optimality.f_statistic, want["unbiased_f"].as_f64().unwrap());
            let coefficients = [one.intercept, one.slope];
            for (coefficient, (b, se)) in coefficients.iter().zip(numbers(&want["b"]).iter().zip(&numbers(&want["se"])))
            {
                close(coefficient.value, *b);
                close(coefficient.standard_error, *se);
            }
        }
        let (both, want) = (evidence.encompassing.as_ref().unwrap(), &want["both"]);
        let (b, se) = (numbers(&want["b"]), numbers(&want["se"]));
        both.coefficients.iter().zip(&b).zip(&se).for_each(|((got, b), se)| {
            close(got.value, *b);
            close(got.standard_error, *se);
        });
        close(evidence.r_squared, want["r_squared"].as_f64().unwrap());
        let forecast = fit.forecast(2e-3, 3e-3).unwrap();
        close(forecast.variance, b[0] + b[1] * 2e-3 + b[2] * 3e-3);
        assert!(!forecast.floored);
        let stored = serde_json::to_string(&fit).unwrap();
        assert_eq!(serde_json::from_str::<FittedBlend>(&stored).unwrap(), fit);
    }

    #[test]
    fn fixed_weights_with_and_without_the_premium() {
        let (model, implied, realised, _) = data();
        let fixed = |premium| ImpliedBlend::new(1).with_weights(BlendWeights::Fixed { model: 0.25, premium });
        let raw = fixed(RiskPremium::None).fit(model.view(), implied.view(), realised.view()).unwrap();
        assert!((raw.forecast(4e-4, 8e-4).unwrap().variance - 7e-4).abs() < 1e-18);
        let scaled = fixed(RiskPremium::Scaled).fit(model.view(), implied.view(), realised.view()).unwrap();
        // Twice the implied variance halves the scale and leaves the forecast where it is.
        let twice = &implied * 2.0;
        let other = fixed(RiskPremium::Scaled).fit(model.view(), twice.view(), realised.view()).unwrap();
        testkit::close(other.realised_over_implied, 0.5 * scaled.realised_over_implied, 1e-14);
        let (a, b) = (scaled.forecast(4e-4, 8e-4).unwrap(), other.forecast(4e-4, 16e-4).unwrap());
        assert!((a.variance / b.variance - 1.0).abs() < 1e-13);
        // Collinear forecasts have fixed weights but no regression.
        let collinear = fixed(RiskPremium::None).fit(model.view(), (&model * 2.0).view(), realised.view()).unwrap();
        assert!(collinear.evidence.encompassing.is_none());
        let refused = ImpliedBlend::new(1).fit(model.view(), (&model * 2.0).view(), realised.view()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Numerical);
    }

    #[test]
    fn term_structures_are_read_at_the_horizon() {
        let (model, implied, realised, _) = data();
        let fixed = BlendWeights::Fixed { model: 0.5, premium: RiskPremium::None };
        let fit = ImpliedBlend::new(2).with_weights(fixed).fit(model.view(), implied.view(), realised.view()).unwrap();
        let curve = TermStructure::new(vec![1e-3, 2e-3, 9.0], Frequency::Daily).unwrap();
        // Implied: 0.252² · 2/252 = 5.04e-4.
        assert!((fit.forecast_of(&curve, 0.252).unwrap().variance - 0.5 * (3e-3 + 5.04e-4)).abs() < 1e-17);
        let short = TermStructure::new(vec![1e-4], Frequency::Daily).unwrap();
        assert!(fit.forecast_of(&short, 0.2).is_err() && fit.forecast_of(&curve, -0.2).is_err());
    }

    #[test]
    fn a_forecast_below_the_floor_is_raised_and_flagged() {
        let (model, implied, realised, _) = data();
        let mut fit = ImpliedBlend::new(5).fit(model.view(), implied.view(), realised.view()).unwrap();
        fit.constant = -1.0;
        let forecast = fit.forecast(1e-4, 1e-4).unwrap();
        assert!(forecast.floored && forecast.variance == fit.floor);
    }

    #[test]
    fn hostile_input() {
        let (model, implied, realised, _) = data();
        let fit =
            |m: &Array1<f64>, i: &Array1<f64>, y: &Array1<f64>| ImpliedBlend::new(5).fit(m.view(), i.view(), y.view());
        let with = |x: &Array1<f64>, value: f64| {
            let mut x = x.clone();
            x[3] = value;
            x
        };
        for bad in [0.0, -1e-4, f64::NAN, f64::INFINITY] {
            assert_eq!(fit(&with(&model, bad), &implied, &realised).unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(fit(&model, &with(&implied, bad), &realised).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert!(fit(&model, &implied, &with(&realised, -1e-9)).is_err());
        assert!(fit(&model, &implied, &Array1::from_elem(model.len(), 1e-4)).is_err());
        assert!(fit(&model, &implied, &array![1e-4]).is_err());
        let empty = Array1::zeros(0);
        assert!(fit(&empty, &empty, &empty).is_err());
        assert!(ImpliedBlend::new(0).fit(model.view(), implied.view(), realised.view()).is_err());
        for model_weight in [-0.1, 1.1, f64::NAN] {
            let weights = BlendWeights::Fixed { model: model_weight, premium: RiskPremium::None };
            let blend = ImpliedBlend::new(1).with_weights(weights);
            assert!(blend.fit(model.view(), implied.view(), realised.view()).is_err());
        }
        assert!(ImpliedBlend::new(1).with_lags(10_000).fit(model.view(), implied.view(), realised.view()).is_err());
        let good = fit(&model, &implied, &realised).unwrap();
        assert!(good.forecast(0.0, 1.0).is_err() && good.forecast(1.0, f64::NAN).is_err());
        assert!(implied_variance(0.2, 0, Frequency::Daily).is_err());
        assert!(implied_variance(f64::NAN, 1, Frequency::Daily).is_err());
    }

    proptest! {
        /// In a unit c times as large everything is c times as large, and evidence stays as it is.
        #[test]
        fn units_do_not_matter(scale in prop_oneof![Just(1e4), 0.01..100.0f64]) {
            let (model, implied, realised, _) = data();
            let one = ImpliedBlend::new(5).fit(model.view(), implied.view(), realised.view())?;
            let (m, i, y) = (&model * scale, &implied * scale, &realised * scale);
            let other = ImpliedBlend::new(5).fit(m.view(), i.view(), y.view())?;
            let (a, b) = (one.forecast(1e-3, 2e-3)?, other.forecast(scale * 1e-3, scale * 2e-3)?);
            prop_assert!((scale * a.variance / b.variance - 1.0).abs() < 1e-10);
            prop_assert!((one.evidence.r_squared - other.evidence.r_squared).abs() < 1e-10);
        }
    }
}
