//! How a P&L is explained.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// How the change of a price is split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExplainMethod {
    /// `θ Δt + δ ΔS + γ ΔS²/2 + 𝒱 Δσ + vanna ΔS Δσ + volga Δσ²/2 + ρ Δr + ε Δq` with the greeks of the opening.
    Taylor,
    /// First-order greeks integrated along the straight line from one market to the next.
    ///
    /// The path is cut into panels with Gauss-Legendre points each. The change of the price over a panel is known, so
    /// the error of its integrals is too: the worst panel is halved until all of them together are within the tolerance.
    /// A path that ends at expiry is run through in the square root of the time left, in which prices near the strike
    /// are smooth.
    PathIntegrated {
        /// Points per panel, 2 to 32.
        order: usize,
        /// Residual per unit at which halving stops, as a fraction of the opening spot, above 0. Options on shares with
        /// cash dividends, whose prices come from a grid, stop at 2e-5; American ones at 1e-6 when rates, yield or
        /// volatility move, because some of their greeks are differences.
        tolerance: f64,
        /// Panels at most, at least 1.
        max_panels: usize,
    },
}

impl ExplainMethod {
    /// [`PathIntegrated`](Self::PathIntegrated) with 8 points, a tolerance of 1e-7 and at most 64 panels.
    #[must_use]
    pub fn path_integrated() -> Self {
        Self::PathIntegrated { order: 8, tolerance: 1e-7, max_panels: 64 }
    }
}

impl Default for ExplainMethod {
    fn default() -> Self {
        Self::path_integrated()
    }
}

/// The standard deviation by which the move of an underlying is called large.
///
/// Moves are log returns of the spot from close to close.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SigmaRule {
    /// The volatility of the opening market over `√(d/252)` years, with d the weekdays from close to close: the one
    /// volatility of the underlying if there is one, or else the mean of those of the options held on it.
    #[default]
    Implied,
    /// The root mean square of so many moves before, at least 2. Earlier days are not classified.
    Trailing {
        /// How many.
        moves: usize,
    },
}

/// Explains the P&L of a book, day by day.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `method` | path-integrated | how the change of a price is split | |
/// | `sigma` | implied | by what the size of a day is measured | |
/// | `tail_sigmas` | 2 | from which on it is a tail day | above 0 |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PnlExplainer {
    /// How the change of a price is split.
    pub method: ExplainMethod,
    /// By what the size of a day is measured.
    pub sigma: SigmaRule,
    /// From which on it is a tail day.
    pub tail_sigmas: f64,
}

impl Default for PnlExplainer {
    fn default() -> Self {
        Self { method: ExplainMethod::default(), sigma: SigmaRule::default(), tail_sigmas: 2.0 }
    }
}

impl PnlExplainer {
    /// With another method.
    #[must_use]
    pub fn with_method(mut self, method: ExplainMethod) -> Self {
        self.method = method;
        self
    }

    /// With another measure of a day's size.
    #[must_use]
    pub fn with_sigma(mut self, sigma: SigmaRule) -> Self {
        self.sigma = sigma;
        self
    }

    /// With another border between common days and tail days.
    #[must_use]
    pub fn with_tail_sigmas(mut self, tail_sigmas: f64) -> Self {
        self.tail_sigmas = tail_sigmas;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check::ensure(
            self.tail_sigmas > 0.0 && self.tail_sigmas.is_finite(),
            "tail sigmas",
            "positive and finite",
            self.tail_sigmas,
        )?;
        if let SigmaRule::Trailing { moves } = self.sigma {
            check::ensure(moves >= 2, "trailing moves", "at least 2", moves as f64)?;
        }
        let ExplainMethod::PathIntegrated { order, tolerance, max_panels } = self.method else { return Ok(()) };
        if !(2..=32).contains(&order) {
            let (name, expected) = ("order", "between 2 and 32");
            return Err(Input::OutOfDomain { name, expected, value: order as f64 }.into());
        }
        check::ensure(tolerance > 0.0 && tolerance.is_finite(), "tolerance", "positive and finite", tolerance)?;
        check::ensure(max_panels >= 1, "max panels", "at least 1", max_panels as f64)?;
        Ok(())
    }
}
