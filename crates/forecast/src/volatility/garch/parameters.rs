use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::model::VarianceEquation;
use super::one_lag::OneLag;
use crate::innovations::InnovationLaw;
use crate::{Error, Result, check};

/// Parameters of a model of the GARCH family, in the unit of the returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GarchParameters {
    /// The equation that they belong to.
    pub equation: VarianceEquation,
    /// Constant of the mean; absent in a model without one.
    pub mean: Option<f64>,
    /// Weights of past returns in the mean.
    pub autoregressive: Vec<f64>,
    /// ω.
    pub omega: f64,
    /// α, the nearest lag first.
    pub alpha: Vec<f64>,
    /// γ, the nearest lag first.
    pub gamma: Vec<f64>,
    /// β, the nearest lag first.
    pub beta: Vec<f64>,
    /// δ of a power model.
    pub power: Option<f64>,
    /// Law of the standardised residuals.
    pub law: InnovationLaw,
}

impl GarchParameters {
    /// Parameters of `h = ω + Σ αᵢ e²₋ᵢ + Σ βₖ h₋ₖ` about zero with normal shocks; the setters add the rest.
    pub fn new(omega: f64, alpha: impl Into<Vec<f64>>, beta: impl Into<Vec<f64>>) -> Self {
        Self {
            equation: VarianceEquation::Garch,
            mean: None,
            autoregressive: Vec::new(),
            omega,
            alpha: alpha.into(),
            gamma: Vec::new(),
            beta: beta.into(),
            power: None,
            law: InnovationLaw::Normal,
        }
    }

    /// The equation, if it is one of variances with one lag of each kind.
    pub(super) fn one_lag(&self) -> Option<OneLag> {
        match (self.equation, &self.alpha[..], &self.gamma[..], &self.beta[..]) {
            (VarianceEquation::Garch, &[alpha], gamma @ ([] | [_]), &[beta]) => {
                Some(OneLag { omega: self.omega, alpha, gamma: gamma.first().copied().unwrap_or(0.0), beta })
            }
            _ => None,
        }
    }

    /// Of another equation.
    #[must_use]
    pub fn with_equation(mut self, equation: VarianceEquation) -> Self {
        self.equation = equation;
        self
    }

    /// With a constant mean.
    #[must_use]
    pub fn with_mean(mut self, mean: f64) -> Self {
        self.mean = Some(mean);
        self
    }

    /// With weights of past returns in the mean.
    #[must_use]
    pub fn with_autoregressive(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.autoregressive = weights.into();
        self
    }

    /// With asymmetry.
    #[must_use]
    pub fn with_gamma(mut self, gamma: impl Into<Vec<f64>>) -> Self {
        self.gamma = gamma.into();
        self
    }

    /// With the power of a power model.
    #[must_use]
    pub fn with_power(mut self, power: f64) -> Self {
        self.power = Some(power);
        self
    }

    /// With another law.
    #[must_use]
    pub fn with_law(mut self, law: InnovationLaw) -> Self {
        self.law = law;
        self
    }

    /// How much of a shock to the (transformed) variance is left after one period.
    ///
    /// GARCH, GJR, TARCH: `Σα + s Σγ + Σβ` with the share `s` of negative shocks in the variance (TARCH: in the mean
    /// absolute shock, both weighted with it); EGARCH: `β`; APARCH: `Σ αᵢ E(|z| − γᵢ z)^δ + Σβ`. At one or above there
    /// is no unconditional variance.
    #[must_use]
    pub fn persistence(&self) -> f64 {
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        match self.equation {
            VarianceEquation::Garch => {
                let share = if self.gamma.is_empty() { 0.0 } else { self.law.negative_share() };
                sum(&self.alpha) + share * sum(&self.gamma) + sum(&self.beta)
            }
            VarianceEquation::Tarch => {
                let size = self.law.expectation(f64::abs);
                let negative = self.law.expectation(|z| (-z).max(0.0));
                size * sum(&self.alpha) + negative * sum(&self.gamma) + sum(&self.beta)
            }
            VarianceEquation::Egarch => sum(&self.beta),
            VarianceEquation::Aparch => {
                let power = self.power.unwrap_or(2.0);
                let news = |i: usize, alpha: f64| {
                    let gamma = self.gamma.get(i).copied().unwrap_or(0.0);
                    alpha * self.law.expectation(|z| libm::pow(z.abs() - gamma * z, power))
                };
                self.alpha.iter().enumerate().map(|(i, &alpha)| news(i, alpha)).sum::<f64>() + sum(&self.beta)
            }
        }
    }

    /// Periods after which half of a shock to the variance is left.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the persistence lies between 0 and 1.
    pub fn half_life(&self) -> Result<f64> {
        let persistence = self.persistence();
        if persistence > 0.0 && persistence < 1.0 {
            return Ok(-std::f64::consts::LN_2 / libm::log(persistence));
        }
        Err(Error::undefined("half-life of a shock", format!("the persistence is {persistence}")))
    }

    /// Variance that forecasts return to.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a persistence of one or more, and [`Error::Unsupported`] for the log and the power
    /// model, where it has no closed form.
    pub fn unconditional_variance(&self) -> Result<f64> {
        let persistence = self.persistence();
        if persistence >= 1.0 {
            return Err(Error::undefined("unconditional variance", format!("the persistence is {persistence}")));
        }
        match self.equation {
            VarianceEquation::Garch => Ok(self.omega / (1.0 - persistence)),
            VarianceEquation::Tarch if self.alpha.len() == 1 && self.gamma.len() <= 1 && self.beta.len() <= 1 => {
                let (first, second) = self.tarch_moments();
                if second >= 1.0 {
                    return Err(Error::undefined(
                        "unconditional variance",
                        format!("the second moment grows by {second}"),
                    ));
                }
                let mean = self.omega / (1.0 - first);
                Ok((self.omega * self.omega + 2.0 * self.omega * first * mean) / (1.0 - second))
            }
            _ => Err(Error::Unsupported { what: "the unconditional variance of this model in closed form".into() }),
        }
    }

    /// `E a` and `E a²` of the factor `a = β + α|z| + γ|z|1{z<0}` by which a standard deviation moves on.
    pub(super) fn tarch_moments(&self) -> (f64, f64) {
        let of = |values: &[f64]| values.first().copied().unwrap_or(0.0);
        let (alpha, gamma, beta) = (of(&self.alpha), of(&self.gamma), of(&self.beta));
        let factor = move |z: f64| beta + z.abs() * (alpha + if z < 0.0 { gamma } else { 0.0 });
        (self.law.expectation(factor), self.law.expectation(|z| factor(z).powi(2)))
    }

    pub(super) fn from_vector(layout: &Layout, values: &[f64]) -> Self {
        let part = |from: usize, count: usize| values[from..from + count].to_vec();
        Self {
            equation: layout.equation,
            mean: (layout.constants() == 1).then(|| values[0]),
            autoregressive: part(layout.constants(), layout.lags()),
            omega: values[layout.omega()],
            alpha: part(layout.alpha(), layout.arch),
            gamma: part(layout.gamma(), layout.asymmetry),
            beta: part(layout.beta(), layout.garch),
            power: (layout.equation == VarianceEquation::Aparch).then(|| values[layout.power()]),
            law: layout.innovations.law(&values[layout.shapes()..]),
        }
    }

    pub(super) fn vector(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.mean.into_iter().collect();
        values.extend(&self.autoregressive);
        values.push(self.omega);
        values.extend(self.alpha.iter().chain(&self.gamma).chain(&self.beta));
        values.extend(self.power);
        values.extend(self.law.shapes());
        values
    }

    /// The same parameters for returns that are `factor` times as large.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        self.mean = self.mean.map(|mean| mean * factor);
        self.omega = match self.equation {
            VarianceEquation::Garch => self.omega * factor * factor,
            VarianceEquation::Tarch => self.omega * factor,
            VarianceEquation::Egarch => self.omega + 2.0 * libm::log(factor) * (1.0 - self.beta.iter().sum::<f64>()),
            VarianceEquation::Aparch => self.omega * libm::pow(factor, self.power.unwrap_or(2.0)),
        };
        self
    }

    /// Whether these can be the parameters of a model.
    pub(super) fn check(&self, layout: &Layout) -> Result<()> {
        let same = |name: &'static str, expected: usize, got: usize| check::length(name, expected, got);
        same("mean", layout.constants(), usize::from(self.mean.is_some()))?;
        same("autoregressive", layout.lags(), self.autoregressive.len())?;
        same("alpha", layout.arch, self.alpha.len())?;
        same("gamma", layout.asymmetry, self.gamma.len())?;
        same("beta", layout.garch, self.beta.len())?;
        same("power", usize::from(layout.equation == VarianceEquation::Aparch), usize::from(self.power.is_some()))?;
        if self.equation != layout.equation || self.law.family() != layout.innovations {
            return Err(Error::invalid("parameters", "they belong to another equation or law"));
        }
        self.law.check()?;
        for (name, &value) in layout.names().iter().zip(&self.vector()) {
            if !value.is_finite() {
                return Err(Error::invalid(name.clone(), format!("must be finite, got {value}")));
            }
        }
        let refuse = |index: usize, name: &'static str, expected: &'static str, value: f64| {
            Err(Input::ElementOutOfDomain { name, index, expected, value }.into())
        };
        if layout.equation == VarianceEquation::Egarch {
            return match self.beta.iter().position(|beta| beta.abs() >= 1.0) {
                Some(index) => refuse(index, "beta", "in (-1, 1)", self.beta[index]),
                None => Ok(()),
            };
        }
        check::positive("omega", self.omega)?;
        for (name, values) in [("alpha", &self.alpha), ("beta", &self.beta)] {
            if let Some(index) = values.iter().position(|value| *value < 0.0) {
                return refuse(index, name, "not negative", values[index]);
            }
        }
        for (index, &gamma) in self.gamma.iter().enumerate() {
            let bad = match layout.equation {
                VarianceEquation::Aparch => gamma.abs() > 1.0,
                _ => self.alpha[index] + gamma < 0.0,
            };
            if bad {
                return refuse(index, "gamma", "such that negative shocks do not lower the variance", gamma);
            }
        }
        if let Some(power) = self.power {
            check::positive("power", power)?;
        }
        Ok(())
    }
}
