//! The few operations on complex numbers that an inversion needs.

use std::ops::{Add, Div, Mul, Sub};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Complex {
    pub(super) fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    pub(super) fn scaled(self, factor: f64) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }

    /// Principal logarithm.
    pub(super) fn ln(self) -> Self {
        Self::new(libm::log(libm::hypot(self.re, self.im)), libm::atan2(self.im, self.re))
    }

    pub(super) fn exp(self) -> Self {
        let (sine, cosine) = libm::sincos(self.im);
        Self::new(cosine, sine).scaled(libm::exp(self.re))
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Sub for Complex {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

impl Div for Complex {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let size = other.re * other.re + other.im * other.im;
        let product = self * Self::new(other.re, -other.im);
        product.scaled(1.0 / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_by_hand() {
        let (a, b) = (Complex::new(1.0, 2.0), Complex::new(3.0, -4.0));
        assert_eq!(a + b, Complex::new(4.0, -2.0));
        assert_eq!(a - b, Complex::new(-2.0, 6.0));
        assert_eq!(a * b, Complex::new(11.0, 2.0));
        assert!((a / b - Complex::new(-0.2, 0.4)).re.abs() < 1e-15);
        assert!((a / b - Complex::new(-0.2, 0.4)).im.abs() < 1e-15);
    }

    #[test]
    fn logarithm_and_exponential_are_inverse() {
        let z = Complex::new(-0.3, 2.5);
        let back = z.ln().exp() - z;
        assert!(back.re.abs() < 1e-15 && back.im.abs() < 1e-15);
        // ln i = iπ/2
        assert!((Complex::new(0.0, 1.0).ln().im - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    }
}
