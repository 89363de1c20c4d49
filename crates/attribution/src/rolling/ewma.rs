use alluse_risk_core::Decay;
use ndarray::ArrayView1;

use super::RollingValues;
use crate::{Error, Result, check};

/// Exponentially weighted volatility per period, from all periods up to each position.
///
/// ```text
/// w_j ∝ (1 − 2/(span + 1))^age,  Σ w = 1      σ = √( Σ w (r − m)² / (1 − Σ w²) ),  m = Σ w r
/// ```
///
/// The divisor makes it unbiased for independent returns. The first position has no value.
///
/// # Errors
/// [`Error::Input`] for bad returns, or a span that is not above 1.
///
/// # Source
/// `ewm(span).std()` of pandas.
///
/// # Examples
/// ```
/// use alluse_attribution::rolling::ewma_volatility;
/// use ndarray::array;
///
/// // Two periods with weights 1/3 and 2/3: variance 2/9 d² over 1 − 5/9, which is d²/2.
/// let volatility = ewma_volatility(array![0.01, 0.03].view(), 3.0)?;
/// assert!((volatility.get(1)? - 0.02 / 2.0_f64.sqrt()).abs() < 1e-15);
/// assert!(volatility.get(0).is_err());
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn ewma_volatility(returns: ArrayView1<'_, f64>, span: f64) -> Result<RollingValues> {
    check::returns("returns", returns)?;
    let decay = Decay::from_span(span)?.value();
    let mut out = RollingValues::new("EWMA volatility", 0, returns.len());
    // Weight, its square, mean and weighted squares of deviations, as West (1979) updates them.
    let (mut weight, mut squares, mut mean, mut spread) = (0.0, 0.0, 0.0, 0.0);
    for &value in returns {
        let older = weight * decay;
        weight = older + 1.0;
        squares = squares * decay * decay + 1.0;
        let step = value - mean;
        mean += step / weight;
        spread = spread * decay + step * step * older / weight;
        let share = 1.0 - squares / (weight * weight);
        out.push(if older > 0.0 && share > 0.0 {
            check::result("EWMA volatility", (spread / weight / share).sqrt())
        } else {
            Err(Error::undefined("EWMA volatility", "it needs two periods"))
        });
    }
    Ok(out)
}
