//! How far a precision is from the best one, computed from nothing but the problem and the precision.

use ndarray::ArrayView2;

use crate::Result;
use crate::covariance::spectral;
use crate::sum::compensated;

/// The duality gap of a precision: an upper bound of what its objective lacks, whichever way it was found.
///
/// # Errors
/// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) when the precision, or the feasible
/// covariance next to its inverse, is not positive definite: then there is no bound.
pub(super) fn duality_gap(s: ArrayView2<'_, f64>, penalty: f64, precision: ArrayView2<'_, f64>) -> Result<f64> {
    let log_precision = spectral::log_determinant("precision", precision)?;
    let inverse = spectral::inverse("precision", precision)?;
    let mut feasible = s.to_owned();
    for ((i, j), entry) in feasible.indexed_iter_mut().filter(|((i, j), _)| i != j) {
        *entry = inverse[[i, j]].clamp(*entry - penalty, *entry + penalty);
    }
    let log_feasible = spectral::log_determinant("feasible covariance", feasible.view())?;
    let terms = s.indexed_iter().map(|((i, j), entry)| {
        let size = if i == j { 0.0 } else { penalty * precision[[i, j]].abs() };
        entry * precision[[i, j]] + size
    });
    // −primal − dual: both log determinants nearly cancel.
    Ok(compensated(terms) - s.nrows() as f64 - (log_precision + log_feasible))
}

#[cfg(all(test, any(feature = "linalg", feature = "lapack")))]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Error;

    #[test]
    fn the_best_precision_has_no_gap_and_another_has_one() {
        // Two assets: the best covariance has the correlation 0.6 − 0.1 = 0.5.
        let s = array![[1.0, 0.6], [0.6, 1.0]];
        let best = array![[1.0, -0.5], [-0.5, 1.0]] / 0.75;
        assert!(duality_gap(s.view(), 0.1, best.view()).unwrap().abs() < 1e-15);
        // By hand at P = I: the objective there is −2, the dual bound at correlation 0.5 is −(log 0.75 + 2).
        let identity = array![[1.0, 0.0], [0.0, 1.0]];
        let gap = duality_gap(s.view(), 0.1, identity.view()).unwrap();
        assert!((gap + 0.75_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_definite_has_no_bound() {
        let s = array![[1.0, 1.0], [1.0, 1.0]];
        let precision = array![[1.0, 0.0], [0.0, 1.0]];
        assert!(matches!(duality_gap(s.view(), 0.0, precision.view()), Err(Error::NotPositiveDefinite { .. })));
        let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
        assert!(matches!(duality_gap(s.view(), 0.5, indefinite.view()), Err(Error::NotPositiveDefinite { .. })));
    }
}
