//! What an investor believes, and how firmly.

use serde::{Deserialize, Serialize};

use crate::{Result, RiskModel, Universe};

/// How firmly a view is held: the variance `ω` of its error.
///
/// `τ v` is the prior variance of what the view is about; for a portfolio `p` that is `τ p'Σp`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Uncertainty {
    /// `ω = τ v`: the view counts as much as the prior (He and Litterman 1999).
    #[default]
    Proportional,
    /// `ω` itself, in the unit of the view squared; 0 is certainty.
    Variance(f64),
    /// `√ω`, in the unit of the view; 0 is certainty.
    StandardDeviation(f64),
    /// Idzorek's (2005) confidence `c` in closed form, `ω = τ v (1 − c) / c`: 0 drops the view, ½ is
    /// [`Proportional`](Self::Proportional), 1 is certainty.
    Confidence(f64),
}

/// The length of time that a view's return belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewPeriod {
    /// The period of the covariance.
    #[default]
    Period,
    /// A year: divided by the periods in the year, as mean returns add up. An error given with it is the error of
    /// the yearly mean, so its standard deviation is divided by the same number.
    Year,
}

/// Whether returns are in excess of the risk-free rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// In excess of the risk-free rate.
    #[default]
    Excess,
    /// With the risk-free rate in them.
    Total,
}

/// What a view is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// The return of a portfolio, long and short positions by name.
    Portfolio(Vec<(String, f64)>),
    /// The return of a factor of a factored risk model, by its column of the loadings. Factor returns are excess
    /// returns.
    Factor(usize),
    /// The return of the portfolio with the least variance among those with exposure 1 to these loadings; assets
    /// without a loading have 0.
    Loadings(Vec<(String, f64)>),
}

/// One statement about expected returns.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `name` | made from the subject | how errors and results call it |
/// | `uncertainty` | [`Uncertainty::Proportional`] | how firmly it is held |
/// | `period` | [`ViewPeriod::Period`] | what its return is per |
/// | `return_kind` | [`ReturnKind::Excess`] | must be that of the model |
///
/// The numbers are checked when the view is used, so that a stored view is checked too.
///
/// ```
/// use alluse_optimizer::black_litterman::{Uncertainty, View};
///
/// let view = View::relative("AAPL", "MSFT", 0.01).per_year().with_uncertainty(Uncertainty::Confidence(0.6));
/// assert_eq!(view.name(), "AAPL over MSFT");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub(super) name: String,
    pub(super) subject: Subject,
    pub(super) value: f64,
    pub(super) uncertainty: Uncertainty,
    pub(super) period: ViewPeriod,
    pub(super) return_kind: ReturnKind,
}

impl View {
    fn new(name: String, subject: Subject, value: f64) -> Self {
        let (uncertainty, period, return_kind) = Default::default();
        Self { name, subject, value, uncertainty, period, return_kind }
    }

    /// An asset returns `value`.
    #[must_use]
    pub fn absolute(asset: impl Into<String>, value: f64) -> Self {
        let asset = asset.into();
        Self::new(asset.clone(), Subject::Portfolio(vec![(asset, 1.0)]), value)
    }

    /// One asset returns `value` more than another.
    #[must_use]
    pub fn relative(better: impl Into<String>, worse: impl Into<String>, value: f64) -> Self {
        let (better, worse) = (better.into(), worse.into());
        let name = format!("{better} over {worse}");
        Self::new(name, Subject::Portfolio(vec![(better, 1.0), (worse, -1.0)]), value)
    }

    /// A portfolio returns `value`; its weights may have any sum.
    #[must_use]
    pub fn portfolio<N: Into<String>>(weights: impl IntoIterator<Item = (N, f64)>, value: f64) -> Self {
        let weights: Vec<_> = weights.into_iter().map(|(name, weight)| (name.into(), weight)).collect();
        Self::new(listed("portfolio of", &weights), Subject::Portfolio(weights), value)
    }

    /// Factor `index` of a factored risk model returns `value`.
    ///
    /// ```text
    /// r = B f + e      Cov(r, fₖ) = B F eₖ      Var fₖ = Fₖₖ      prior value  Fₖ B'Σ⁻¹ π
    /// ```
    ///
    /// The part of the factor that assets cannot mimic is `Fₖₖ − p'Σp` with `p = Σ⁻¹ B F eₖ`; it makes a view on
    /// the factor weaker than one on the portfolio `p` (Breeden, Gibbons and Litzenberger 1989).
    #[must_use]
    pub fn factor(index: usize, value: f64) -> Self {
        Self::new(format!("factor {index}"), Subject::Factor(index), value)
    }

    /// The least-variance portfolio with exposure 1 to these loadings returns `value`: `p = Σ⁻¹b / b'Σ⁻¹b`, whose
    /// return is the generalised least squares estimate of the factor's.
    #[must_use]
    pub fn loadings<N: Into<String>>(loadings: impl IntoIterator<Item = (N, f64)>, value: f64) -> Self {
        let loadings: Vec<_> = loadings.into_iter().map(|(name, loading)| (name.into(), loading)).collect();
        Self::new(listed("loadings on", &loadings), Subject::Loadings(loadings), value)
    }

    /// With a name of its own.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Held this firmly.
    #[must_use]
    pub fn with_uncertainty(mut self, uncertainty: Uncertainty) -> Self {
        self.uncertainty = uncertainty;
        self
    }

    /// About a year: the model must know how many periods that has.
    #[must_use]
    pub fn per_year(mut self) -> Self {
        self.period = ViewPeriod::Year;
        self
    }

    /// About returns of this kind.
    #[must_use]
    pub fn with_return_kind(mut self, return_kind: ReturnKind) -> Self {
        self.return_kind = return_kind;
        self
    }

    /// How errors and results call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The variance per period of what it is about, `p'Σp` for a portfolio: prior uncertainty is τ times that.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an asset that is unknown or named twice, and a number that is not
    /// finite; [`Error::Invalid`](crate::Error::Invalid) for a view without positions, on a factor that the risk
    /// model does not have, or a risk model with other assets than the universe.
    ///
    /// # Examples
    /// ```
    /// use alluse_optimizer::{RiskModel, Universe, black_litterman::View};
    /// use alluse_risk_core::Covariance;
    /// use ndarray::array;
    ///
    /// let universe = Universe::named(["AAPL", "MSFT"])?;
    /// let risk = RiskModel::from(Covariance::new(array![[0.04, 0.01], [0.01, 0.09]])?);
    /// let variance = View::relative("AAPL", "MSFT", 0.01).variance(&universe, &risk)?;
    /// assert!((variance - 0.11).abs() < 1e-15); // 0.04 + 0.09 − 2 · 0.01
    /// # Ok::<(), alluse_optimizer::Error>(())
    /// ```
    pub fn variance(&self, universe: &Universe, risk: &RiskModel) -> Result<f64> {
        super::model::same_assets(universe, risk)?;
        super::statement::variance(self, universe, risk)
    }
}

fn listed(what: &str, weights: &[(String, f64)]) -> String {
    let names: Vec<_> = weights.iter().map(|(name, _)| name.as_str()).collect();
    format!("{what} {}", names.join(", "))
}
