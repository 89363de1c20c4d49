//! The no-trade band of one risky asset.

use crate::rebalance::check::{finite, positive};
use crate::{OneWayRate, Result};

/// Half-width of the no-trade band around the weight of one risky asset beside cash, to first order in the cost.
///
/// ```text
/// h = (3/2 · k/γ · w² (1 − w)²)^{1/3}
/// ```
///
/// w is the weight that would be best without costs, k the one-way rate, γ relative risk aversion. The best rule
/// leaves the weight alone within `w ± h` and otherwise trades to the nearest edge, not to w. Zero at `w = 0` and at
/// `w = 1`, where buying and holding keeps the weight by itself.
///
/// Sources quote k differently: the spread ε of Gerhold and others falls on sales only and so is two one-way costs.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for a weight that is not finite and a risk aversion that is not positive.
///
/// # Source
/// Davis and Norman (1990); Janeček and Shreve (2004), "Asymptotic analysis for optimal investment and consumption
/// with transaction costs"; Rogers (2004), "Why is the effect of proportional transaction costs O(δ^{2/3})?".
///
/// # Examples
/// ```
/// use alluse_optimizer::OneWayRate;
/// use alluse_optimizer::rebalance::no_trade_half_width;
///
/// let h = no_trade_half_width(0.6, 4.0, OneWayRate::from_basis_points(10.0)?)?;
/// assert!((h - 0.0278).abs() < 1e-4); // from 57 % to 63 %
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn no_trade_half_width(weight: f64, risk_aversion: f64, cost: OneWayRate) -> Result<f64> {
    let (w, gamma) = (finite("weight", weight)?, positive("risk aversion", risk_aversion)?);
    let spread = w * (1.0 - w);
    Ok(libm::cbrt(1.5 * cost.fraction() / gamma * spread * spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gerhold, Guasoni, Muhle-Karbe and Schachermayer (2014), "Transaction costs, trading volume, and the liquidity
    /// premium", equation (2.9) with their parameters: μ = 8 %, σ = 16 %, γ = 5 (a weight of 62.5 %) and a spread of
    /// 1 %, so 50 basis points one way: `(3/(4γ) w²(1 − w)²)^{1/3} ε^{1/3}` = (0.15 · 0.05493164 · 0.01)^{1/3}.
    #[test]
    fn the_spread_of_the_liquidity_premium_paper() {
        let rate = OneWayRate::from_basis_points(50.0).unwrap();
        let h = no_trade_half_width(0.625, 5.0, rate).unwrap();
        assert!((h * h * h - 8.239_746_093_75e-5).abs() < 1e-17);
    }

    #[test]
    fn eight_times_the_cost_doubles_the_band() -> Result<()> {
        let width = |bp| no_trade_half_width(0.4, 3.0, OneWayRate::from_basis_points(bp)?);
        assert!((width(8.0)? - 2.0 * width(1.0)?).abs() < 1e-16);
        assert_eq!(width(0.0)?, 0.0);
        assert_eq!(no_trade_half_width(1.0, 3.0, OneWayRate::from_basis_points(5.0)?)?, 0.0);
        assert!(no_trade_half_width(f64::NAN, 3.0, OneWayRate::ZERO).is_err());
        assert!(no_trade_half_width(0.4, 0.0, OneWayRate::ZERO).is_err());
        Ok(())
    }
}
