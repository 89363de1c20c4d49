//! Lag polynomials: partial autocorrelations, roots and products.

/// Coefficients `φ` of `1 − φ₁B − … − φₚBᵖ` from partial autocorrelations, all in (−1, 1): its roots lie outside the
/// unit circle. Source: Barndorff-Nielsen and Schou (1973); Monahan (1984).
pub(super) fn from_partial(partial: &[f64]) -> Vec<f64> {
    let mut coefficients: Vec<f64> = Vec::with_capacity(partial.len());
    for &last in partial {
        let lower = coefficients.clone();
        for (slot, mirrored) in coefficients.iter_mut().zip(lower.iter().rev()) {
            *slot -= last * mirrored;
        }
        coefficients.push(last);
    }
    coefficients
}

/// The inverse: partial autocorrelations, or `None` when a root lies on or inside the unit circle.
pub(super) fn to_partial(coefficients: &[f64]) -> Option<Vec<f64>> {
    Some(predictors(coefficients)?.iter().filter_map(|predictor| predictor.last().copied()).collect())
}

/// The best linear predictors of every order up to p of an autoregression of order p (Durbin and Levinson backwards),
/// or `None` when it is not stationary.
pub(super) fn predictors(coefficients: &[f64]) -> Option<Vec<Vec<f64>>> {
    let mut orders = vec![Vec::new(); coefficients.len()];
    let mut current = coefficients.to_vec();
    for slot in orders.iter_mut().rev() {
        let last = *current.last()?;
        if !(last.abs() < 1.0) {
            return None;
        }
        let order = current.len();
        let shorter = |i: usize| (current[i] + last * current[order - 2 - i]) / (1.0 - last * last);
        let lower = (0..order - 1).map(shorter).collect();
        *slot = std::mem::replace(&mut current, lower);
    }
    Some(orders)
}

/// Largest modulus of the inverse roots of `1 − φ₁B − … − φₚBᵖ`, to nine digits: below 1 when all roots lie outside the
/// unit circle. Found by halving: the roots lie outside the circle of radius z when `φₖ zᵏ` passes the test.
pub(super) fn largest_inverse_root(coefficients: &[f64]) -> f64 {
    let largest = coefficients.iter().fold(0.0_f64, |a, c| a.max(c.abs()));
    if largest <= 0.0 {
        return 0.0;
    }
    // Cauchy's bound.
    let (mut low, mut high) = (0.0, 1.0 + largest);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        let mut power = 1.0;
        let scaled: Vec<f64> = coefficients
            .iter()
            .map(|c| {
                power /= middle;
                c * power
            })
            .collect();
        if predictors(&scaled).is_some() { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

/// Coefficients of `(1 + Σ aₖBᵏ)(1 + Σ bₖBᵏᵐ)` without the leading 1.
pub(super) fn product(a: &[f64], b: &[f64], period: usize) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() * period];
    out[..a.len()].copy_from_slice(a);
    for (k, &seasonal) in b.iter().enumerate() {
        let shift = (k + 1) * period;
        out[shift - 1] += seasonal;
        for (i, &ordinary) in a.iter().enumerate() {
            out[shift + i] += seasonal * ordinary;
        }
    }
    out
}

/// Coefficients of `(1 − Σ aₖBᵏ)(1 − Σ bₖBᵏᵐ)`, with the signs of the factors.
pub(super) fn autoregressive_product(a: &[f64], b: &[f64], period: usize) -> Vec<f64> {
    let negative = |c: &[f64]| c.iter().map(|value| -value).collect::<Vec<_>>();
    negative(&product(&negative(a), &negative(b), period))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::close;

    use super::*;

    #[test]
    fn by_hand() {
        // AR(2) with partial autocorrelations r₁, r₂: φ₁ = r₁(1 − r₂), φ₂ = r₂.
        assert_eq!(from_partial(&[0.5, -0.5]), [0.75, -0.5]);
        // (1 − 0.5B)(1 − 0.2B⁴) = 1 − 0.5B − 0.2B⁴ + 0.1B⁵.
        assert_eq!(autoregressive_product(&[0.5], &[0.2], 4), [0.5, 0.0, 0.0, 0.2, -0.1]);
        // (1 − 0.9B)(1 + 0.3B): inverse roots 0.9 and −0.3. And 1 + 0.81B²: ±0.9i.
        close(largest_inverse_root(&[0.6, 0.27]), 0.9, 1e-9);
        close(largest_inverse_root(&[0.0, -0.81]), 0.9, 1e-9);
        close(largest_inverse_root(&[1.25]), 1.25, 1e-9);
        assert_eq!(largest_inverse_root(&[]), 0.0);
        assert!(to_partial(&[1.0]).is_none() && to_partial(&[0.5, 0.5]).is_none() && to_partial(&[f64::NAN]).is_none());
    }

    proptest! {
        #[test]
        fn partial_autocorrelations_come_back(partial in prop::collection::vec(-0.95..0.95_f64, 0..6)) {
            let coefficients = from_partial(&partial);
            let back = to_partial(&coefficients).unwrap();
            for (a, b) in back.iter().zip(&partial) {
                // Each step down divides by 1 − r² ≥ 0.0975: six of them lose six digits at most.
                close(*a, *b, 1e-8);
            }
            prop_assert!(largest_inverse_root(&coefficients) < 1.0);
        }
    }
}
