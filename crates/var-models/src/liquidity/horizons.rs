use alluse_risk_core::{Error as CoreError, Horizon};

use crate::{Error, Result};

/// Expected shortfall over the liquidity horizons of the Basel market-risk standard.
///
/// ```text
/// ES = √( Σⱼ ( ES_T(j) √((LHⱼ − LHⱼ₋₁)/T) )² )      LH₀ = 0
/// ```
///
/// `shortfalls` holds, for each horizon in ascending order, the shortfall at the base horizon T with shocks only
/// to the risk factors whose liquidity horizon is at least that long; the first is of all factors.
///
/// # Errors
/// [`Error::Input`]: no shortfall, one that is negative or not finite, horizons that do not increase, a first
/// horizon below the base, overflow.
///
/// # Source
/// Basel Committee on Banking Supervision (2019), *Minimum capital requirements for market risk*, MAR33.
///
/// # Examples
/// ```
/// use alluse_risk_core::Horizon;
/// use alluse_var_models::liquidity_horizon_shortfall;
///
/// // 3 for all factors over ten days, 4 for those that take twenty: √(9 + 16).
/// let shortfalls = [(Horizon::TEN_DAYS, 3.0), (Horizon::days(20)?, 4.0)];
/// assert!((liquidity_horizon_shortfall(Horizon::TEN_DAYS, &shortfalls)? - 5.0).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn liquidity_horizon_shortfall(base: Horizon, shortfalls: &[(Horizon, f64)]) -> Result<f64> {
    let Some(&(first, _)) = shortfalls.first() else {
        return Err(CoreError::Empty { name: "shortfalls" }.into());
    };
    if first < base {
        let value = f64::from(first.trading_days());
        return Err(Error::out_of_domain("first liquidity horizon", "at least the base horizon", value));
    }
    let (mut before, mut squares) = (0.0, 0.0);
    for (index, &(horizon, shortfall)) in shortfalls.iter().enumerate() {
        let days = f64::from(horizon.trading_days());
        if days <= before {
            let value = days.to_string();
            return Err(CoreError::NotIncreasing { name: "liquidity horizons", index, value }.into());
        }
        if !(shortfall >= 0.0 && shortfall.is_finite()) {
            let expected = "finite and not negative";
            let name = "shortfalls";
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value: shortfall }.into());
        }
        squares += shortfall * shortfall * (days - before) / f64::from(base.trading_days());
        before = days;
    }
    let total = f64::sqrt(squares);
    if total.is_finite() { Ok(total) } else { Err(CoreError::Overflow { name: "shortfall" }.into()) }
}
