//! The law of the largest distance of an empirical distribution function from the one it was drawn from.

/// `P(√n Dₙ > x)` for endless observations: `2 Σ (−1)^(k−1) exp(−2k²x²)`.
pub(super) fn limit_beyond(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp() * if k % 2 == 1 { 2.0 } else { -2.0 };
    (1..=30).map(term).sum()
}

/// Largest order of the matrix whose power gives the exact law.
const EXACT_ORDER: usize = 120;

/// `P(Dₙ < d)` as an entry of the n-th power of Durbin's matrix; `None` when that would be too large.
pub(super) fn exact_below(n: usize, d: f64) -> Option<f64> {
    let nd = n as f64 * d;
    let k = nd.floor() as usize + 1;
    let (m, h) = (2 * k - 1, k as f64 - nd);
    if m > EXACT_ORDER {
        return None;
    }
    let mut matrix = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            matrix[i * m + j] = 1.0;
        }
    }
    for i in 0..m {
        matrix[i * m] -= h.powi(i as i32 + 1);
        matrix[(m - 1) * m + i] -= h.powi((m - i) as i32);
    }
    if 2.0 * h > 1.0 {
        matrix[(m - 1) * m] += (2.0 * h - 1.0).powi(m as i32);
    }
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            for g in 1..=(i + 1 - j) {
                matrix[i * m + j] /= g as f64;
            }
        }
    }
    let (power, exponent) = matrix_power(&matrix, m, n);
    let mut value = power[(k - 1) * m + k - 1];
    let mut scale = exponent;
    for i in 1..=n {
        value *= i as f64 / n as f64;
        if value < 1e-140 {
            value *= 1e140;
            scale -= 140;
        }
    }
    let probability = value * 10_f64.powi(scale);
    probability.is_finite().then_some(probability.clamp(0.0, 1.0))
}

/// The power by squaring, with a decimal exponent kept apart so that it does not overflow.
fn matrix_power(base: &[f64], m: usize, mut n: usize) -> (Vec<f64>, i32) {
    let product = |a: &[f64], b: &[f64]| {
        let mut c = vec![0.0; m * m];
        for i in 0..m {
            for k in 0..m {
                let left = a[i * m + k];
                for j in 0..m {
                    c[i * m + j] += left * b[k * m + j];
                }
            }
        }
        c
    };
    let tame = |a: &mut Vec<f64>, exponent: &mut i32| {
        if a[(m / 2) * m + m / 2] > 1e140 {
            a.iter_mut().for_each(|v| *v *= 1e-140);
            *exponent += 140;
        }
    };
    let mut result: Vec<f64> = (0..m * m).map(|i| if i % (m + 1) == 0 { 1.0 } else { 0.0 }).collect();
    let (mut square, mut result_exponent, mut square_exponent) = (base.to_vec(), 0, 0);
    while n > 0 {
        if n % 2 == 1 {
            result = product(&result, &square);
            result_exponent += square_exponent;
            tame(&mut result, &mut result_exponent);
        }
        n /= 2;
        if n > 0 {
            square = product(&square, &square);
            square_exponent *= 2;
            tame(&mut square, &mut square_exponent);
        }
    }
    (result, result_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_law_of_the_largest_distance() {
        // SciPy 1.17.1, Pomeranz's recursion (scipy.stats._ksstats): a road of its own.
        for (d, n, beyond) in [
            (0.05, 500, 0.158_662_639_220_615_38),
            (0.1, 200, 0.034_110_070_781_478_507),
            (0.04, 1_000, 0.079_339_554_975_391_73),
        ] {
            let got = 1.0 - exact_below(n, d).unwrap();
            assert!((got / beyond - 1.0).abs() < 1e-11, "{got} against {beyond}");
            let root = (n as f64).sqrt();
            let asymptotic = limit_beyond((root + 0.12 + 0.11 / root) * d);
            assert!((asymptotic / beyond - 1.0).abs() < 0.02, "{asymptotic}");
        }
        assert_eq!(exact_below(10_000, 0.5), None);
        assert_eq!(limit_beyond(0.1), 1.0);
        // P(D₁ < d) = 2d − 1 for one observation.
        assert!((exact_below(1, 0.8).unwrap() - 0.6).abs() < 1e-14);
    }
}
