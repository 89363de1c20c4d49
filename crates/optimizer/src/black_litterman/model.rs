//! The settings of the model.

use alluse_risk_core::expected_returns::Equilibrium;
use alluse_risk_core::{Covariance, Frequency, Weights};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::statement::Statements;
use super::{ImpliedConfidence, Posterior, ReturnKind, Uncertainty, View, WeightsCovariance};
use crate::check::{length, number as finite, positive};
use crate::{Error, Result, RiskModel, Universe};

/// Expected returns before any view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// `π = δ Σ w`, what makes these weights optimal; plus the risk-free rate when returns are total.
    Equilibrium {
        /// δ, the price of variance.
        risk_aversion: f64,
        /// `w`, one an asset.
        weights: Weights,
    },
    /// `π` itself, per period, one an asset.
    Mean(Vec<f64>),
}

/// Whether the returns of the model are in excess of the risk-free rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnBasis {
    /// In excess of it.
    #[default]
    Excess,
    /// With it.
    Total {
        /// The risk-free rate per period.
        risk_free: f64,
    },
}

impl ReturnBasis {
    pub(super) fn risk_free(self) -> f64 {
        match self {
            Self::Excess => 0.0,
            Self::Total { risk_free } => risk_free,
        }
    }

    pub(super) fn kind(self) -> ReturnKind {
        match self {
            Self::Excess => ReturnKind::Excess,
            Self::Total { .. } => ReturnKind::Total,
        }
    }
}

/// Expected returns that blend a prior with views, each by its precision.
///
/// ```text
/// μ ~ N(π, τΣ)      q = Pμ + ε, ε ~ N(0, Ω)
/// posterior mean  π + τΣP' A⁻¹ (q − Pπ)      A = P τΣ P' + Ω
/// covariance of the mean  M = τΣ − τΣP' A⁻¹ PτΣ      of returns  Σ + M
/// ```
///
/// Neither Ω nor τΣ is inverted, so a view may be certain; Σ enters by its products with the views, so a factor
/// model is never multiplied out.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `prior` | required | π | |
/// | `tau` | 0.05 | τ, variance of the prior mean as a share of Σ; 1/T for a mean of T periods | positive |
/// | `views` | none | what is believed besides | |
/// | `basis` | [`ReturnBasis::Excess`] | what prior, views and posterior mean are stated in | |
/// | `frequency` | none | periods in the year, for views per year | |
/// | `view_covariance` | none | Ω as a whole, per period, in the place of each view's own uncertainty | |
///
/// # Source
/// Black and Litterman (1992), "Global portfolio optimization"; He and Litterman (1999), "The intuition behind
/// Black-Litterman model portfolios"; Idzorek (2005), "A step-by-step guide to the Black-Litterman model".
///
/// # Examples
/// ```
/// use alluse_optimizer::black_litterman::{BlackLitterman, Prior, View};
/// use alluse_optimizer::{RiskModel, Universe};
/// use alluse_risk_core::{Covariance, Weights};
/// use ndarray::array;
///
/// let universe = Universe::named(["AAPL", "MSFT"])?;
/// let risk = RiskModel::from(Covariance::new(array![[0.04, 0.01], [0.01, 0.09]])?);
/// let prior = Prior::Equilibrium { risk_aversion: 2.5, weights: Weights::new(vec![0.6, 0.4])? };
/// let posterior =
///     BlackLitterman::new(prior).with_view(View::absolute("AAPL", 0.09)).posterior(&universe, &risk)?;
/// // The prior says 0.07; a proportional view meets it halfway.
/// assert!((posterior.mean()[0] - 0.08).abs() < 1e-15);
/// assert!((posterior.views()[0].implied_confidence.unwrap() - 0.5).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlackLitterman {
    pub(super) prior: Prior,
    pub(super) tau: f64,
    pub(super) basis: ReturnBasis,
    pub(super) frequency: Option<Frequency>,
    pub(super) views: Vec<View>,
    pub(super) view_covariance: Option<Covariance>,
}

impl BlackLitterman {
    /// With this prior and no views.
    #[must_use]
    pub fn new(prior: Prior) -> Self {
        let (basis, views) = Default::default();
        Self { prior, tau: 0.05, basis, frequency: None, views, view_covariance: None }
    }

    /// With a prior mean whose variance is `tau` times the covariance.
    #[must_use]
    pub fn with_tau(mut self, tau: f64) -> Self {
        self.tau = tau;
        self
    }

    /// With one view more.
    #[must_use]
    pub fn with_view(mut self, view: View) -> Self {
        self.views.push(view);
        self
    }

    /// With these views more.
    #[must_use]
    pub fn with_views(mut self, views: impl IntoIterator<Item = View>) -> Self {
        self.views.extend(views);
        self
    }

    /// With returns stated like this.
    #[must_use]
    pub fn with_basis(mut self, basis: ReturnBasis) -> Self {
        self.basis = basis;
        self
    }

    /// With a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// With the errors of the views covarying like this, per period and in the order of the views; the
    /// uncertainty that each view carries no longer counts.
    #[must_use]
    pub fn with_view_covariance(mut self, view_covariance: Covariance) -> Self {
        self.view_covariance = Some(view_covariance);
        self
    }

    /// The views, in order.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// The prior mean, one an asset, in the basis of the model.
    ///
    /// # Errors
    /// [`Error::Input`] unless prior and risk model have one element an asset of the universe and the numbers are
    /// finite, a risk aversion or τ that is not positive; [`Error::Invalid`] when the risk model names other assets
    /// or the same in another order.
    pub fn prior_mean(&self, universe: &Universe, risk: &RiskModel) -> Result<Array1<f64>> {
        positive("tau", self.tau)?;
        finite("risk-free rate", self.basis.risk_free())?;
        same_assets(universe, risk)?;
        match &self.prior {
            Prior::Equilibrium { risk_aversion, weights } => {
                let equilibrium =
                    Equilibrium::new(*risk_aversion, weights.clone())?.with_risk_free(self.basis.risk_free())?;
                let implied = match risk {
                    RiskModel::Dense(covariance) => equilibrium.implied(covariance)?,
                    RiskModel::Factored(model) => equilibrium.implied_by_factors(model)?,
                };
                Ok(Array1::from(implied.values.to_vec()))
            }
            Prior::Mean(mean) => {
                length("prior mean", universe.len(), mean.len())?;
                if let Some(index) = mean.iter().position(|v| !v.is_finite()) {
                    let (name, expected, value) = ("prior mean", "finite", mean[index]);
                    return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
                }
                Ok(Array1::from(mean.clone()))
            }
        }
    }

    /// What to expect after the views. Without views, or with none that counts, that is the prior to the last bit.
    ///
    /// # Errors
    /// - Those of [`prior_mean`](Self::prior_mean).
    /// - [`Error::Input`] for a view on an asset that is unknown or named twice, and for numbers outside their
    ///   domain.
    /// - [`Error::Invalid`] for a view without positions, on a factor that the risk model does not have, per year
    ///   without a frequency, or on another kind of returns than the model's.
    /// - [`Error::Infeasible`] when views that are certain contradict or repeat each other, naming them.
    pub fn posterior(&self, universe: &Universe, risk: &RiskModel) -> Result<Posterior> {
        let prior = self.prior_mean(universe, risk)?;
        let statements = Statements::new(self, universe, risk, prior.view())?;
        Posterior::new(self, risk.clone(), prior, statements)
    }

    /// The same with every view certain.
    #[must_use]
    pub fn with_certain_views(mut self) -> Self {
        for view in &mut self.views {
            view.uncertainty = Uncertainty::Confidence(1.0);
        }
        self.view_covariance = None;
        self
    }

    /// How far the views move each weight, as a share of how far they would if they were certain (Idzorek 2005,
    /// table 7): weights with `Σ`, `(w − w₀) / (w₁₀₀ − w₀)`.
    ///
    /// # Errors
    /// Those of [`posterior`](Self::posterior) and [`Posterior::weights`].
    pub fn implied_confidence(
        &self,
        universe: &Universe,
        risk: &RiskModel,
        risk_aversion: f64,
    ) -> Result<ImpliedConfidence> {
        let of = |model: &Self| -> Result<_> {
            model.posterior(universe, risk)?.weights(WeightsCovariance::Prior, risk_aversion)
        };
        let before = of(&Self { views: Vec::new(), view_covariance: None, ..self.clone() })?;
        let (actual, certain) = (of(self)?, of(&self.clone().with_certain_views())?);
        Ok(ImpliedConfidence::new(&before, &actual, &certain))
    }
}

/// A risk model without names is taken to be in the order of the universe.
pub(super) fn same_assets(universe: &Universe, risk: &RiskModel) -> Result<()> {
    length("risk model", universe.len(), risk.len())?;
    let Some(assets) = risk.assets() else { return Ok(()) };
    match assets.iter().zip(universe.assets()).position(|(a, b)| a != b) {
        None => Ok(()),
        Some(index) => Err(Error::invalid(
            "assets of the risk model",
            format!("position {index} is {}, in the universe {}", assets[index], universe.assets()[index]),
        )),
    }
}
