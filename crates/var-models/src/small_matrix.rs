//! Inverses of the information matrices of maximum-likelihood fits.

/// Inverse of a symmetric positive definite matrix by Cholesky; `None` when it is not positive definite.
pub(crate) fn invert<const N: usize>(matrix: [[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut lower = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = matrix[i][j] - dot;
            if i == j {
                if !(left > 0.0) {
                    return None;
                }
                lower[i][i] = left.sqrt();
            } else {
                lower[i][j] = left / lower[j][j];
            }
        }
    }
    // The inverse is symmetric: its columns may be stored as rows.
    let inverse: [[f64; N]; N] = std::array::from_fn(|column| {
        let mut x = [0.0; N];
        for i in 0..N {
            let dot: f64 = (0..i).map(|k| lower[i][k] * x[k]).sum();
            x[i] = (f64::from(u8::from(i == column)) - dot) / lower[i][i];
        }
        for i in (0..N).rev() {
            let dot: f64 = (i + 1..N).map(|k| lower[k][i] * x[k]).sum();
            x[i] = (x[i] - dot) / lower[i][i];
        }
        x
    });
    // Rounding must not make it less than symmetric.
    Some(std::array::from_fn(|i| std::array::from_fn(|j| inverse[i.max(j)][i.min(j)])))
}

/// `gᵀ C g`.
pub(crate) fn quadratic<const N: usize>(gradient: [f64; N], covariance: &[[f64; N]; N]) -> f64 {
    (0..N).map(|i| (0..N).map(|j| gradient[i] * covariance[i][j] * gradient[j]).sum::<f64>()).sum()
}

/// Minus the matrix of second differences of `f` around 0, with these steps.
pub(crate) fn curvature<const N: usize>(step: [f64; N], f: impl Fn([f64; N]) -> f64) -> [[f64; N]; N] {
    let mut information = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let mut total = 0.0;
            for (si, sj) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
                let mut at = [0.0; N];
                at[i] += si * step[i];
                at[j] += sj * step[j];
                total += si * sj * f(at);
            }
            let second = total / (4.0 * step[i] * step[j]);
            information[i][j] = -second;
            information[j][i] = -second;
        }
    }
    information
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_by_hand() {
        let inverse = invert([[4.0, 2.0], [2.0, 3.0]]).unwrap();
        for (got, want) in inverse.iter().flatten().zip([0.375, -0.25, -0.25, 0.5]) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        let diagonal = invert([[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.5]]).unwrap();
        for (i, want) in [0.5, 0.25, 2.0].into_iter().enumerate() {
            assert!((diagonal[i][i] - want).abs() < 1e-15);
        }
        assert_eq!(invert([[1.0, 2.0], [2.0, 1.0]]), None);
        assert_eq!(invert([[0.0]]), None);
        assert_eq!(invert([[f64::NAN]]), None);
    }

    #[test]
    fn curvature_of_a_parabola() {
        let f = |[x, y]: [f64; 2]| -(x * x + 3.0 * x * y + 5.0 * y * y);
        let information = curvature([1e-2, 1e-2], f);
        for (got, want) in information.iter().flatten().zip([2.0, 3.0, 3.0, 10.0]) {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
        assert_eq!(quadratic([1.0, -2.0], &[[1.0, 0.5], [0.5, 2.0]]), 7.0);
    }
}
