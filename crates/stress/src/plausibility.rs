//! How unusual a joint move is.

use statrs::function::gamma::gamma_ur;

/// Probability that a chi-square variable exceeds `distance²`.
///
/// ```text
/// P(χ²(k) > m²) = Q(k/2, m²/2)      Q the regularised upper incomplete gamma function
/// ```
pub(crate) fn chi_square_survival(distance: f64, degrees_of_freedom: usize) -> f64 {
    // No dimension left, or no distance: nothing is less plausible than this.
    if degrees_of_freedom == 0 || distance == 0.0 {
        return 1.0;
    }
    let half = 0.5 * distance * distance;
    // Beyond this even the largest models are left with no probability that a double can show.
    if half > 1e6 { 0.0 } else { gamma_ur(0.5 * degrees_of_freedom as f64, half) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survival_of_other_software() {
        // SciPy 1.17.1, scipy.stats.chi2.sf(distance**2, k); statrs is good to twelve digits or so.
        for (distance, k, want) in [
            (1.0, 1, 0.317_310_507_862_914_15),
            (2.0, 2, 0.135_335_283_236_612_7),
            (5.0, 3, 1.544_049_829_110_136_5e-5),
            (8.0, 40, 0.009_341_879_798_976_147),
        ] {
            let got = chi_square_survival(distance, k);
            assert!((got / want - 1.0).abs() < 1e-10, "{distance} {k}: {got:e}");
        }
    }

    #[test]
    fn the_edges_have_answers() {
        assert_eq!(chi_square_survival(0.0, 3), 1.0);
        assert_eq!(chi_square_survival(3.0, 0), 1.0);
        assert_eq!(chi_square_survival(1e200, 3), 0.0);
        assert!(chi_square_survival(30.0, 1) > 0.0);
    }
}
