//! Weighted quantiles and weighted quantile regression on one regressor, exactly.

/// The smallest value with at least `tau` of the weight at or below it. Values are finite, weights positive, and
/// there is at least one.
pub(super) fn weighted_quantile(mut values: Vec<(f64, f64)>, tau: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let goal = tau * values.iter().map(|(_, w)| w).sum::<f64>();
    let mut below = 0.0;
    for (value, weight) in &values {
        below += weight;
        if below >= goal * (1.0 - 1e-12) {
            return *value;
        }
    }
    values.last().map_or(0.0, |(value, _)| *value)
}

/// A line `a + b x`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) intercept: f64,
    pub(super) slope: f64,
}

/// The line that minimises `Σ wₜ ρ_τ(yₜ − a − b xₜ)`, `ρ_τ(e) = e(τ − 1{e<0})`.
///
/// A best line passes through two points. From a line through one point the best slope is a weighted quantile
/// of slopes, which finds a second point; turning about that one goes on until neither point allows a better line
/// (Bloomfield and Steiger 1983, §6). The `x` must not all be equal.
pub(super) fn quantile_line(x: &[f64], y: &[f64], w: &[f64], tau: f64) -> Line {
    let flat = weighted_quantile(y.iter().copied().zip(w.iter().copied()).collect(), tau);
    let gap = |t: &usize| (y[*t] - flat).abs();
    let mut pivot = (0..y.len()).min_by(|a, b| gap(a).total_cmp(&gap(b))).unwrap_or(0);
    let mut line = Line { intercept: flat, slope: 0.0 };
    let mut loss = tick_loss(x, y, w, tau, line);
    let mut stale = 0;
    for _ in 0..10 * x.len().max(100) {
        let Some((slope, touched)) = best_slope(x, y, w, tau, pivot) else { break };
        let turned = Line { intercept: y[pivot] - slope * x[pivot], slope };
        let better = tick_loss(x, y, w, tau, turned);
        pivot = touched;
        if better < loss - 1e-14 * loss.abs() {
            (line, loss, stale) = (turned, better, 0);
        } else {
            stale += 1;
            if stale == 2 {
                break;
            }
        }
    }
    line
}

pub(super) fn tick_loss(x: &[f64], y: &[f64], w: &[f64], tau: f64, line: Line) -> f64 {
    let mut loss = 0.0;
    for ((x, y), w) in x.iter().zip(y).zip(w) {
        let e = y - line.intercept - line.slope * x;
        loss += w * if e < 0.0 { e * (tau - 1.0) } else { e * tau };
    }
    loss
}

/// Best slope of the lines through a point, and the other point that the line then meets.
fn best_slope(x: &[f64], y: &[f64], w: &[f64], tau: f64, pivot: usize) -> Option<(f64, usize)> {
    let mut slopes = Vec::with_capacity(x.len());
    // Slope of the loss far to the left: every residual on its far side.
    let mut derivative = 0.0;
    for t in 0..x.len() {
        let run = x[t] - x[pivot];
        if run != 0.0 {
            slopes.push(((y[t] - y[pivot]) / run, w[t] * run.abs(), t));
            derivative -= w[t] * if run > 0.0 { run * tau } else { -run * (1.0 - tau) };
        }
    }
    slopes.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (slope, weight, t) in &slopes {
        derivative += weight;
        if derivative >= 0.0 {
            return Some((*slope, *t));
        }
    }
    slopes.last().map(|(slope, _, t)| (*slope, *t))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weighted_quantiles_by_hand() {
        let values = vec![(3.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
        assert_eq!(weighted_quantile(values.clone(), 0.5), 1.0);
        assert_eq!(weighted_quantile(values.clone(), 0.51), 2.0);
        assert_eq!(weighted_quantile(values.clone(), 0.75), 2.0);
        assert_eq!(weighted_quantile(values, 0.99), 3.0);
    }

    proptest! {
        #[test]
        fn no_line_through_two_points_is_better(
            points in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64, 0.1..2.0_f64), 3..14),
            tau in 0.05..0.95_f64,
        ) {
            let x: Vec<f64> = points.iter().map(|p| p.0).collect();
            let y: Vec<f64> = points.iter().map(|p| p.1).collect();
            let w: Vec<f64> = points.iter().map(|p| p.2).collect();
            let got = tick_loss(&x, &y, &w, tau, quantile_line(&x, &y, &w, tau));
            // Some best line passes through two points: trying all pairs is a second road to the minimum.
            for i in 0..x.len() {
                for j in 0..i {
                    let slope = (y[i] - y[j]) / (x[i] - x[j]);
                    if slope.is_finite() {
                        let line = Line { intercept: y[i] - slope * x[i], slope };
                        prop_assert!(got <= tick_loss(&x, &y, &w, tau, line) + 1e-9 * (1.0 + slope.abs()));
                    }
                }
            }
        }
    }
}
