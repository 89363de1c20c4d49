//! A quadratic form in independent normals and its cumulant generating function.

use super::complex::Complex;

/// One direction: `b y + λ y²` with a standard normal `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    pub(super) slope: f64,
    pub(super) curvature: f64,
}

/// `L = a + σ₀ z + Σ (bⱼ yⱼ + λⱼ yⱼ²)`, all normals standard and independent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    constant: f64,
    gaussian_variance: f64,
    terms: Vec<Term>,
}

/// `K` and its first three derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cumulants {
    pub(super) value: f64,
    pub(super) first: f64,
    pub(super) second: f64,
    pub(super) third: f64,
}

impl Form {
    /// Directions too flat to be told from straight ones become part of the normal.
    pub(super) fn new(constant: f64, slopes: &[f64], curvatures: &[f64]) -> Self {
        let largest = slopes.iter().chain(curvatures).fold(0.0_f64, |largest, v| largest.max(v.abs()));
        let flat = f64::EPSILON * largest;
        let (mut gaussian_variance, mut terms) = (0.0, Vec::new());
        for (&slope, &curvature) in slopes.iter().zip(curvatures) {
            if curvature.abs() <= flat {
                gaussian_variance += slope * slope;
            } else {
                terms.push(Term { slope, curvature });
            }
        }
        Self { constant, gaussian_variance, terms }
    }

    /// The form of `−L`.
    pub(super) fn negated(&self) -> Self {
        let flip = |term: &Term| Term { slope: -term.slope, curvature: -term.curvature };
        let terms = self.terms.iter().map(flip).collect();
        Self { constant: -self.constant, gaussian_variance: self.gaussian_variance, terms }
    }

    /// `κ_r`, `r ≥ 1`:
    /// ```text
    /// κ₁ = a + Σ λ      κ_r = Σ [(r−1)! 2^(r−1) λ^r + r! 2^(r−3) b² λ^(r−2)]  (+ σ₀² for r = 2)
    /// ```
    pub(super) fn cumulant(&self, order: u32) -> f64 {
        let lower: f64 = (1..order).map(f64::from).product();
        let (r, power) = (f64::from(order), i32::try_from(order).unwrap_or(i32::MAX));
        let chi = lower * 2_f64.powi(power - 1);
        let cross = r * lower * 2_f64.powi(power - 3);
        let own = |term: &Term| {
            let square =
                if order >= 2 { cross * term.slope * term.slope * term.curvature.powi(power - 2) } else { 0.0 };
            chi * term.curvature.powi(power) + square
        };
        let sum: f64 = self.terms.iter().map(own).sum();
        match order {
            1 => self.constant + sum,
            2 => self.gaussian_variance + sum,
            _ => sum,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.cumulant(1)
    }

    pub(super) fn variance(&self) -> f64 {
        self.cumulant(2)
    }

    /// The interval of real arguments with a finite generating function.
    pub(super) fn domain(&self) -> (f64, f64) {
        let ends = |(low, high): (f64, f64), term: &Term| {
            let end = 0.5 / term.curvature;
            if end > 0.0 { (low, high.min(end)) } else { (low.max(end), high) }
        };
        self.terms.iter().fold((f64::NEG_INFINITY, f64::INFINITY), ends)
    }

    /// The interval of possible losses.
    pub(super) fn support(&self) -> (f64, f64) {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        if self.gaussian_variance == 0.0 {
            let vertex = self.vertex();
            if self.terms.iter().all(|term| term.curvature > 0.0) {
                low = vertex;
            }
            if self.terms.iter().all(|term| term.curvature < 0.0) {
                high = vertex;
            }
        }
        (low, high)
    }

    /// `a − Σ b²/4λ`: where the squares are completed.
    pub(super) fn vertex(&self) -> f64 {
        let completed = |term: &Term| term.slope * term.slope / (4.0 * term.curvature);
        self.constant - self.terms.iter().map(completed).sum::<f64>()
    }

    pub(super) fn gaussian_variance(&self) -> f64 {
        self.gaussian_variance
    }

    /// `K(θ) = aθ + σ₀²θ²/2 + Σ [−ln(1−2λθ)/2 + b²θ²/(2(1−2λθ))]` inside the domain.
    pub(super) fn cumulants_at(&self, theta: f64) -> Cumulants {
        let variance = self.gaussian_variance;
        let straight = Cumulants {
            value: theta * (self.constant + 0.5 * variance * theta),
            first: self.constant + variance * theta,
            second: variance,
            third: 0.0,
        };
        self.terms.iter().fold(straight, |sum, term| {
            let (lambda, square) = (term.curvature, term.slope * term.slope);
            let d = 1.0 - 2.0 * lambda * theta;
            let ratio = lambda / d;
            Cumulants {
                value: sum.value - 0.5 * libm::log1p(-2.0 * lambda * theta) + 0.5 * square * theta * theta / d,
                first: sum.first + ratio + square * theta * (1.0 - lambda * theta) / (d * d),
                second: sum.second + 2.0 * ratio * ratio + square / (d * d * d),
                third: sum.third + 8.0 * ratio * ratio * ratio + 6.0 * ratio * square / (d * d * d),
            }
        })
    }

    /// `K(s)` off the real axis.
    pub(super) fn cgf(&self, s: Complex) -> Complex {
        let square = s * s;
        let straight = s.scaled(self.constant) + square.scaled(0.5 * self.gaussian_variance);
        self.terms.iter().fold(straight, |sum, term| {
            let d = Complex::new(1.0, 0.0) - s.scaled(2.0 * term.curvature);
            sum - d.ln().scaled(0.5) + square.scaled(0.5 * term.slope * term.slope) / d
        })
    }

    /// The `θ` with `K'(θ) = x`; `x` lies inside the support. Far beyond all mass it is the end of the domain as
    /// far as doubles tell it apart.
    pub(super) fn saddlepoint(&self, x: f64) -> f64 {
        let mean = self.mean();
        if x < mean {
            return -self.negated().saddlepoint(-x);
        }
        let end = self.domain().1;
        let slope = |theta: f64| self.cumulants_at(theta).first - x;
        let first = (x - mean) / self.variance();
        let (mut low, mut high) = (0.0, if end.is_finite() { first.min(0.5 * end) } else { first });
        for _ in 0..200 {
            if !(slope(high) < 0.0) {
                break;
            }
            low = high;
            high = if end.is_finite() { end - 0.5 * (end - high) } else { 2.0 * high };
        }
        let mut theta = 0.5 * (low + high);
        for _ in 0..200 {
            let at = self.cumulants_at(theta);
            let gap = at.first - x;
            if gap > 0.0 {
                high = theta
            } else {
                low = theta
            }
            let newton = theta - gap / at.second;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - theta).abs() <= 1e-14 * theta.abs() {
                break;
            }
            theta = next;
        }
        theta
    }
}
