//! The ways to price an American option, by name.

use serde::{Deserialize, Serialize};

use super::regime::Regime;
use super::{ExerciseBoundary, barone_adesi_whaley, bjerksund_stensland, lattice};
use crate::Result;
use crate::pricing::{BlackScholes, BlackScholesInputs, OptionKind};

/// How fine the exact method works.
///
/// | precision  | boundary nodes × inner points, premium points | 95 % of errors below | largest error |
/// |------------|-----------------------------------------------|----------------------|---------------|
/// | `Fast`     | 8 × 8, 24                                     | 3e-8                 | 5e-7          |
/// | `Standard` | 12 × 12, 48                                   | 3e-9                 | 2e-7          |
/// | `High`     | 24 × 32, 128                                  | 6e-10                | 2e-8          |
///
/// Errors are fractions of the larger of spot and strike. `Fast` and `Standard`: against `High` on 3,000 random
/// options with volatilities of 10–60 %, rates and yields up to 10 %, at most two years and spots within 2.5
/// deviations of the strike; half of them are below 5e-12 and 1e-13. `High`: against QuantLib 1.44's
/// high-precision fixed-point engine on 400 such options. The largest errors are near the boundary and for rates close
/// to the yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// For scenario grids.
    Fast,
    /// The default.
    #[default]
    Standard,
    /// For reference values.
    High,
}

/// How to price an American option.
///
/// `Exact` solves the integral equation of the exercise boundary on Chebyshev nodes and integrates the premium
/// over the European price:
///
/// ```text
/// V = v + ∫₀ᵀ [ r K e^(−rv) Φ(−d₋(v, S/B(T−v))) − q S e^(−qv) Φ(−d₊(v, S/B(T−v))) ] dv
/// ```
///
/// Calls follow by exchanging spot and strike, rate and dividend yield.
///
/// # Source
/// Kim (1990); Andersen, Lake and Offengenden (2016), with Newton's method on the whole boundary in place of their
/// fixed-point iteration; McDonald and Schroder (1998). The others are named after theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AmericanMethod {
    /// Continuous exercise.
    Exact(Precision),
    /// Cox, Ross and Rubinstein (1979): step `σ√Δ`, probability `1/2 + (r − q − σ²/2)√Δ/(2σ)`.
    CoxRossRubinstein {
        /// Time steps, at least 1.
        steps: usize,
    },
    /// Leisen and Reimer (1996) with the second inversion of Peizer and Pratt.
    LeisenReimer {
        /// Time steps, an odd number.
        steps: usize,
    },
    /// Barone-Adesi and Whaley (1987), the quadratic approximation.
    BaroneAdesiWhaley,
    /// Bjerksund and Stensland (1993), one flat boundary.
    BjerksundStensland1993,
    /// Bjerksund and Stensland (2002), two flat boundaries.
    BjerksundStensland2002,
}

impl Default for AmericanMethod {
    fn default() -> Self {
        Self::Exact(Precision::Standard)
    }
}

impl AmericanMethod {
    /// The price of an American option.
    ///
    /// At `T = 0` it is the payoff; at `σ = 0` the best of all exercise times on the deterministic path. Both hold
    /// for every method.
    ///
    /// # Errors
    /// - As [`ExerciseBoundary::new`] for `Exact`.
    /// - `OutOfDomain` for a number of steps that the lattice cannot have, `Undefined` when its probability leaves
    ///   `(0, 1)`.
    /// - `Unsupported` where an approximation does not exist.
    ///
    /// # Examples
    /// ```
    /// use alluse_instruments::pricing::{AmericanMethod, BlackScholes, BlackScholesInputs, OptionKind};
    ///
    /// let model = BlackScholes::new(BlackScholesInputs {
    ///     spot: 100.0, strike: 100.0, time: 1.0, volatility: 0.25, rate: 0.05, dividend_yield: 0.05,
    /// })?;
    /// // Andersen, Lake and Offengenden (2016), table 2.
    /// let premium = AmericanMethod::default().premium_over_european(OptionKind::Put, &model)?;
    /// assert!((premium - 0.106_952_7).abs() < 1e-7);
    /// # Ok::<(), alluse_instruments::Error>(())
    /// ```
    pub fn price(self, kind: OptionKind, model: &BlackScholes) -> Result<f64> {
        let inputs = model.inputs();
        if inputs.volatility * inputs.time.sqrt() <= 0.0 {
            return Ok(deterministic(kind, &inputs));
        }
        match self {
            Self::Exact(precision) => ExerciseBoundary::new(kind, model, precision)?.price(inputs.spot),
            Self::CoxRossRubinstein { steps } => lattice::cox_ross_rubinstein(kind, &inputs, steps),
            Self::LeisenReimer { steps } => lattice::leisen_reimer(kind, &inputs, steps),
            Self::BaroneAdesiWhaley => match Regime::of(kind, &inputs)? {
                Regime::Never => Ok(model.price(kind)),
                Regime::Single(_) => barone_adesi_whaley::price(kind, model),
            },
            Self::BjerksundStensland1993 | Self::BjerksundStensland2002 => match Regime::of(kind, &inputs)? {
                Regime::Never => Ok(model.price(kind)),
                Regime::Single(_) => bjerksund_stensland::price(kind, model, self == Self::BjerksundStensland2002),
            },
        }
    }

    /// What the right to exercise early adds to the European price.
    ///
    /// # Errors
    /// As [`AmericanMethod::price`].
    pub fn premium_over_european(self, kind: OptionKind, model: &BlackScholes) -> Result<f64> {
        let inputs = model.inputs();
        match self {
            Self::Exact(precision) if inputs.volatility * inputs.time.sqrt() > 0.0 => {
                ExerciseBoundary::new(kind, model, precision)?.premium_over_european(inputs.spot)
            }
            _ => Ok(self.price(kind, model)? - model.price(kind)),
        }
    }
}

/// The best exercise of an option whose future is known: `max over t of ±(S e^(−qt) − K e^(−rt))`, or 0.
///
/// Between the ends only the time where growth of both legs is equal can be best.
fn deterministic(kind: OptionKind, inputs: &BlackScholesInputs) -> f64 {
    let BlackScholesInputs { spot, strike, time, rate, dividend_yield, .. } = *inputs;
    let value = |t: f64| kind.payoff(spot * (-dividend_yield * t).exp(), strike * (-rate * t).exp());
    let turning = ((rate * strike) / (dividend_yield * spot)).ln() / (rate - dividend_yield);
    let inner = if turning > 0.0 && turning < time { value(turning) } else { 0.0 };
    value(0.0).max(value(time)).max(inner)
}
