//! The standard Student t distribution.

use std::f64::consts::PI;

use alluse_risk_core::{Error as CoreError, Result as CoreResult};
use statrs::function::beta::{beta_reg, inv_beta_reg};

/// A t law with a positive number of degrees of freedom, which the caller has checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandardT {
    nu: f64,
}

impl StandardT {
    pub(crate) fn new(nu: f64) -> Self {
        Self { nu }
    }

    /// `ln f(x)`.
    pub(crate) fn log_density(self, x: f64) -> f64 {
        self.log_constant() - 0.5 * (self.nu + 1.0) * (x * x / self.nu).ln_1p()
    }

    /// `ln f(0)`: the part of the log density that does not depend on the argument.
    pub(crate) fn log_constant(self) -> f64 {
        libm::lgamma(0.5 * (self.nu + 1.0)) - libm::lgamma(0.5 * self.nu) - 0.5 * (self.nu * PI).ln()
    }

    pub(crate) fn density(self, x: f64) -> f64 {
        self.log_density(x).exp()
    }

    /// Mass beyond `|x|` on one side, accurate relative to its own size.
    fn tail(self, x: f64) -> f64 {
        if x.is_infinite() {
            return 0.0;
        }
        let y = x * x / self.nu;
        // The two forms are the same number; the difference is only taken where it keeps its digits.
        if x.abs() < 1.0 {
            0.5 - 0.5 * beta_reg(0.5, 0.5 * self.nu, y / (1.0 + y))
        } else {
            0.5 * beta_reg(0.5 * self.nu, 0.5, 1.0 / (1.0 + y))
        }
    }

    pub(crate) fn cdf(self, x: f64) -> f64 {
        if x > 0.0 { 1.0 - self.tail(x) } else { self.tail(x) }
    }

    pub(crate) fn quantile(self, p: f64) -> CoreResult<f64> {
        if !(p > 0.0 && p < 1.0) {
            return Err(CoreError::OutOfDomain { name: "probability", expected: "in (0, 1)", value: p });
        }
        let tail = p.min(1.0 - p);
        let magnitude = if tail < 0.5 { self.upper_quantile(tail) } else { 0.0 };
        Ok(if p < 0.5 { -magnitude } else { magnitude })
    }

    /// The `x > 0` with `tail` of the mass beyond it: the library's value, polished by Newton steps.
    fn upper_quantile(self, tail: f64) -> f64 {
        // The library's inverse gives up, by a panic, on tails that have no meaning for it.
        let mut x = match tail > 1e-30 {
            true => {
                let b = inv_beta_reg(0.5 * self.nu, 0.5, 2.0 * tail);
                (self.nu * (1.0 - b) / b).sqrt()
            }
            false => f64::INFINITY,
        };
        if !x.is_finite() {
            // The tail is ~ C x^(−ν) out there.
            x = (self.log_density(1e8) + self.nu * 1e8_f64.ln() + 1e8_f64.ln() - (tail * self.nu).ln()) / self.nu;
            x = x.exp();
        }
        // Newton on the logarithm of the tail, which is concave in ln x and nearly straight far out: the cap on
        // the steps only matters where the first value is orders of magnitude off.
        for _ in 0..100 {
            let mass = self.tail(x);
            let slope = -self.density(x) * x / mass;
            let step = (tail.ln() - mass.ln()) / slope;
            if !step.is_finite() {
                break;
            }
            x *= step.clamp(-3.0, 3.0).exp();
            if step.abs() < 1e-15 {
                break;
            }
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_tails_have_quantiles() {
        // Out there the tail is C x^(−ν): ten times less mass is 10^(1/ν) times further.
        for nu in [2.5, 4.0, 9.0, 40.0] {
            let law = StandardT::new(nu);
            for exponent in [31, 60, 150, 276, 305] {
                let at = |e: i32| -law.quantile(10_f64.powi(-e)).unwrap();
                let ratio = (at(exponent + 1) / at(exponent)).log10();
                let slack = if nu > 20.0 { 0.05 } else { 1e-4 };
                assert!((ratio * nu - 1.0).abs() < slack, "{nu} {exponent}: {}", ratio * nu);
            }
        }
    }

    #[test]
    fn a_sample_of_mostly_equal_values_has_no_fit() {
        let mut values = vec![0.0; 100];
        for (i, value) in values.iter_mut().take(8).enumerate() {
            *value = 0.01 * (i as f64 - 3.5);
        }
        let kind = |values: &[f64]| crate::student_t_fit::fit(values.into()).err().map(|error| error.kind());
        assert_eq!(kind(&values), Some(alluse_risk_core::ErrorKind::Undefined));
        let skewed = crate::SkewedTFit::new((&values[..]).into()).err().map(|error| error.kind());
        assert_eq!(skewed, Some(alluse_risk_core::ErrorKind::Undefined));
        // A third of equal values is the most that half a degree of freedom can carry.
        let ties =
            |count: usize| (0..90).map(|i| if i < count { 0.0 } else { 0.01 * (i as f64 - 60.5) }).collect::<Vec<_>>();
        assert_eq!(kind(&ties(31)), Some(alluse_risk_core::ErrorKind::Undefined));
        assert_eq!(kind(&ties(20)), None);
    }

    #[test]
    fn closed_forms_with_one_and_two_degrees_of_freedom() {
        // One degree of freedom is the Cauchy law, F = 1/2 + atan(x)/π; with two,
        // q = (2p−1)/√(2p(1−p)): both textbook.
        for p in [0.6, 0.9, 0.99, 0.9999] {
            let cauchy = (PI * (p - 0.5)).tan();
            assert!((StandardT::new(1.0).quantile(p).unwrap() / cauchy - 1.0).abs() < 1e-12, "{p}");
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((StandardT::new(2.0).quantile(p).unwrap() / two - 1.0).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn quantiles_of_other_software() {
        // SciPy 1.17.1, scipy.stats.t.ppf; mpmath's incomplete beta agrees to 15 digits.
        for (nu, p, want) in [
            (4.0, 0.99, 3.746_947_387_979_197),
            (2.698, 0.99, 4.973_213_563_218_457),
            (30.0, 0.975, 2.042_272_456_301_238),
            (200.0, 0.999, 3.131_479_814_221_121),
            (3.5, 1e-8, -227.632_529_290_633_94),
            (0.7, 1e-9, -1_355_731_312_173.435_2),
        ] {
            let got = StandardT::new(nu).quantile(p).unwrap();
            assert!((got / want - 1.0).abs() < 1e-11, "{nu} {p}: {got} against {want}");
        }
    }

    #[test]
    fn the_cdf_inverts_the_quantile_on_both_sides() {
        for nu in [0.7, 1.5, 4.0, 25.0, 180.0] {
            for p in [1e-9, 1e-4, 0.2, 0.5, 0.7, 0.999] {
                let x = StandardT::new(nu).quantile(p).unwrap();
                let back = StandardT::new(nu).cdf(x);
                assert!((back / p - 1.0).abs() < 1e-11, "{nu} {p}: {x} has {back}");
            }
        }
        assert!(StandardT::new(4.0).quantile(0.0).is_err());
        assert!(StandardT::new(4.0).quantile(f64::NAN).is_err());
    }
}
