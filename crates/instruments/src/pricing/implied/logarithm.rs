//! The logarithm of a ratio near 1.

use crate::kernel::math::LN;

/// `|a − b|/(a + b)` up to which the series serves: ratios from √½ to √2.
pub(crate) const NEAR: f64 = 0.1715;

/// `ln(a/b)` for positive numbers, to the last digits of the result also where the ratio itself rounds to 1:
/// near the money a quotient would lose the digits that short options live on.
#[inline]
pub(super) fn of_ratio(a: f64, b: f64) -> f64 {
    let (difference, sum) = (a - b, a + b);
    if difference.abs() <= NEAR * sum && sum < f64::INFINITY {
        // 2 artanh.
        let s = difference / sum;
        let (z, [c0, c1, c2, c3, c4, c5, c6]) = (s * s, LN);
        let z2 = z * z;
        let series = c0 + c1 * z + z2 * (c2 + c3 * z + z2 * (c4 + c5 * z + z2 * c6));
        2.0 * s + s * (z * series)
    } else {
        (a / b).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // mpmath 1.3, 50 digits, of the doubles as they are.
    #[test]
    fn ratios_near_one_keep_their_digits() {
        for (a, b, want) in GOLDEN {
            assert!((of_ratio(a, b) / want - 1.0).abs() < 4e-16, "{a} {b}: {:e}", of_ratio(a, b));
            assert!((of_ratio(b, a) / want + 1.0).abs() < 4e-16, "{a} {b}: {:e}", of_ratio(b, a));
        }
        assert_eq!(of_ratio(100.0, 100.0), 0.0);
    }

    #[test]
    fn sums_that_overflow_take_the_quotient() {
        assert!((of_ratio(1.0e308, 1.2e308) + 1.2_f64.ln()).abs() < 1e-15);
        assert_eq!(of_ratio(1e308, 1e-308), f64::INFINITY);
    }

    const GOLDEN: [(f64, f64, f64); 5] = [
        (100.000001, 100.0, 9.999999924752427e-09),
        (10000000000.00001, 10000000000.0, 9.536743164062495e-16),
        (101.0, 100.0, 0.009950330853168083),
        (140.0, 100.0, 0.33647223662121295),
        (700.0, 100.0, 1.9459101490553132),
    ];
}
