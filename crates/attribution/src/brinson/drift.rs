use ndarray::{ArrayView1, ArrayView2};

use super::sectors;
use crate::{Error, Result, check};

/// Returns per period of a portfolio that is bought once and never rebalanced.
///
/// ```text
/// V_t = Σ_i w_i Π_{s≤t} (1 + r_{i,s})      R_t = V_t / V_{t−1} − 1,  V_0 = 1
/// ```
///
/// | argument  | shape    | unit                                              |
/// |-----------|----------|---------------------------------------------------|
/// | `weights` | `(n,)`   | fractions at the start, sum 1; may be negative    |
/// | `returns` | `(T, n)` | simple returns per period                         |
///
/// # Errors
/// [`Error::Input`] for no periods, shapes that differ, entries that are not finite, and weights that do not sum to 1;
/// [`Error::Undefined`] when the value of the portfolio is not positive while periods are still to come.
///
/// # Examples
/// ```
/// use alluse_attribution::brinson::drifting_return;
/// use ndarray::array;
///
/// // After the first period the winner weighs 0.55/1.05.
/// let returns = drifting_return(array![0.5, 0.5].view(), array![[0.1, 0.0], [0.1, 0.0]].view())?;
/// assert!((returns[0] - 0.05).abs() < 1e-15);
/// assert!((returns[1] - 0.1 * 0.55 / 1.05).abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn drifting_return(weights: ArrayView1<'_, f64>, returns: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
    sectors::matrices(&[("returns", returns)])?;
    check::length("weights", returns.ncols(), weights.len())?;
    check::finite("weights", weights)?;
    sectors::portfolio_sum(0, weights.sum())?;
    let mut holdings = weights.to_vec();
    let mut value: f64 = holdings.iter().sum();
    let mut drifting = Vec::with_capacity(returns.nrows());
    for (period, row) in returns.rows().into_iter().enumerate() {
        if value <= 0.0 {
            let reason = format!("the portfolio is worth {value} times its start before period {period}");
            return Err(Error::undefined("return without rebalancing", reason));
        }
        let gain: f64 = holdings.iter().zip(row).map(|(holding, r)| holding * r).sum();
        drifting.push(check::result("return without rebalancing", gain / value)?);
        for (holding, r) in holdings.iter_mut().zip(row) {
            *holding *= 1.0 + r;
        }
        value = holdings.iter().sum();
    }
    Ok(drifting)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn hostile_input_is_named() {
        let returns = array![[0.1, 0.0], [0.0, 0.0]];
        let refuse = |weights: ndarray::Array1<f64>, returns: ndarray::Array2<f64>| {
            drifting_return(weights.view(), returns.view()).unwrap_err().to_string()
        };
        assert_eq!(refuse(array![1.0], returns.clone()), "weights must have length 2, got 1");
        assert!(refuse(array![0.5, 0.4], returns).contains("got 0.9"));
        assert_eq!(refuse(array![1.0], ndarray::Array2::zeros((0, 1))), "returns is empty");
        assert!(refuse(array![f64::NAN, 1.0], array![[0.0, 0.0]]).starts_with("weights[0]"));
        // A short position that doubles takes the portfolio below zero.
        assert!(refuse(array![2.0, -1.0], array![[0.0, 1.5], [0.0, 0.0]]).contains("before period 1"));
    }
}
