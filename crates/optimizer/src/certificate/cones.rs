//! How far a point lies outside a cone or its dual.

use crate::conic::Cone;

/// Zero inside; outside, how much the defining inequality is broken.
pub(super) fn outside(cone: Cone, x: &[f64]) -> f64 {
    match cone {
        Cone::Zero => x.iter().fold(0.0, |worst, v| worst.max(v.abs())),
        Cone::Nonnegative => x.iter().fold(0.0, |worst, v| worst.max(-v)),
        Cone::SecondOrder => (norm(&x[1..]) - x[0]).max(0.0),
        Cone::Exponential => {
            let (x, y, z) = (x[0], x[1], x[2]);
            if y > 0.0 {
                // Compared in logarithms where the exponential would overflow.
                if x / y > 500.0 { x - y * (z.max(f64::MIN_POSITIVE) / y).ln() } else { (y * (x / y).exp() - z).max(0.0) }
            } else {
                // On the boundary y = 0 the cone is x ≤ 0 ≤ z.
                (-y).max(x).max(-z).max(0.0)
            }
        }
        Cone::Power(alpha) => {
            let sides = (-x[0]).max(-x[1]).max(0.0);
            sides.max(x[2].abs() - x[0].max(0.0).powf(alpha) * x[1].max(0.0).powf(1.0 - alpha))
        }
    }
}

/// The same for the dual cone.
pub(super) fn outside_dual(cone: Cone, z: &[f64]) -> f64 {
    match cone {
        // Every vector.
        Cone::Zero => 0.0,
        Cone::Nonnegative | Cone::SecondOrder => outside(cone, z),
        // u < 0 and −u exp(v/u) ≤ e w, or u = 0 and v, w ≥ 0.
        Cone::Exponential => {
            let (u, v, w) = (z[0], z[1], z[2]);
            if u < 0.0 {
                let exponent = v / u - 1.0;
                if exponent > 500.0 { f64::INFINITY } else { (-u * exponent.exp() - w).max(0.0) }
            } else {
                u.max(-v).max(-w).max(0.0)
            }
        }
        Cone::Power(alpha) => {
            let sides = (-z[0]).max(-z[1]).max(0.0);
            let (u, v) = (z[0].max(0.0) / alpha, z[1].max(0.0) / (1.0 - alpha));
            sides.max(z[2].abs() - u.powf(alpha) * v.powf(1.0 - alpha))
        }
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}
