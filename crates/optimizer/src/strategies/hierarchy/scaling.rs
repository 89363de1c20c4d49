//! The point nearest to a target, in relative entropy, within bounds on sums of its parts.

use crate::{Error, Result};

/// `lower ≤ Σ xᵢ ≤ upper` over the members.
#[derive(Debug, Clone)]
pub(super) struct SumBound {
    /// What it is, for messages.
    pub(super) label: String,
    pub(super) members: Vec<usize>,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// The point, and the factor by which each bound scaled its members: 1 where it does not bind.
#[derive(Debug)]
pub(super) struct Scaled {
    pub(super) x: Vec<f64>,
    pub(super) factors: Vec<f64>,
}

const MOST_SWEEPS: usize = 50_000;
/// Sweeps between two looks at where the factors are going.
const LOOK_EVERY: usize = 100;
/// A sum this close to its bound, as a fraction of the account, meets it.
const TOLERANCE: f64 = 1e-12;

/// `x = target · Π factors` with every sum within its bounds, by scaling for one bound after the other.
///
/// Coordinate ascent on the dual of `min Σ x ln(x/target)`: Bregman (1967); for sums within intervals it is
/// iterative proportional fitting with a memory of each factor. When the bounds contradict each other the logs of
/// the factors move along a direction that proves it.
pub(super) fn scale(target: &[f64], bounds: &[SumBound]) -> Result<Scaled> {
    let mut x = target.to_vec();
    let mut logs = vec![0.0_f64; bounds.len()];
    // What may hold nothing holds nothing: its factor is 0, which has no log.
    for bound in bounds.iter().filter(|bound| bound.upper == 0.0) {
        bound.members.iter().for_each(|i| x[*i] = 0.0);
    }
    if let Some(empty) = bounds.iter().find(|b| b.lower > 0.0 && !b.members.iter().any(|i| x[*i] > 0.0)) {
        let reason = format!("{} must hold at least {}, but its target is 0", empty.label, empty.lower);
        return Err(Error::Infeasible { what: "allocation", reason });
    }
    let mut before = logs.clone();
    let mut worst = f64::INFINITY;
    for sweep in 1..=MOST_SWEEPS {
        worst = 0.0_f64;
        for (bound, log) in bounds.iter().zip(&mut logs) {
            worst = worst.max(rescale(bound, &mut x, log));
        }
        if worst <= TOLERANCE {
            let zero = |bound: &SumBound| bound.upper == 0.0;
            let factor = |(bound, log): (&SumBound, &f64)| if zero(bound) { 0.0 } else { log.exp() };
            return Ok(Scaled { x, factors: bounds.iter().zip(&logs).map(factor).collect() });
        }
        if sweep % LOOK_EVERY == 0 {
            let falling: Vec<f64> = logs.iter().zip(&before).map(|(now, then)| then - now).collect();
            if let Some(conflict) = contradiction(&falling, bounds, target.len()) {
                return Err(Error::Infeasible { what: "allocation", reason: conflict });
            }
            before.clone_from(&logs);
        }
    }
    Err(Error::NotConverged { method: "scaling within bounds", iterations: MOST_SWEEPS, residual: worst })
}

/// Sets the factor of one bound; returns how far that moved the sum.
fn rescale(bound: &SumBound, x: &mut [f64], log: &mut f64) -> f64 {
    let sum: f64 = bound.members.iter().map(|i| x[*i]).sum();
    if !(sum > 0.0) {
        // Nothing left to scale: short by all of its lower side.
        return bound.lower;
    }
    let free = sum / log.exp();
    let wanted = free.clamp(bound.lower, bound.upper);
    let next = (wanted / free).ln();
    let step = (next - *log).exp();
    bound.members.iter().for_each(|i| x[*i] *= step);
    *log = next;
    (wanted - sum).abs()
}

/// Farkas: multipliers `y`, positive on upper and negative on lower sides, with `A'y ≥ 0` and `y'b < 0`, leave no
/// `x ≥ 0`. What `A'y` is below 0 by rounding is charged at the largest `x` that any bound allows.
fn contradiction(direction: &[f64], bounds: &[SumBound], leaves: usize) -> Option<String> {
    let largest = direction.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
    if !(largest > 0.0) {
        return None;
    }
    let y: Vec<f64> = direction.iter().map(|d| d / largest).map(|d| if d.abs() < 1e-6 { 0.0 } else { d }).collect();
    let mut pressure = vec![0.0; leaves];
    let mut value = 0.0;
    for (bound, y) in bounds.iter().zip(&y) {
        value += y * if *y > 0.0 { bound.upper } else { bound.lower };
        bound.members.iter().for_each(|i| pressure[*i] += y);
    }
    let most = bounds.iter().filter(|b| b.members.len() == leaves).map(|b| b.upper).fold(f64::INFINITY, f64::min);
    let rounding: f64 = pressure.iter().map(|p| (-p).max(0.0) * most).sum();
    // NaN and infinity prove nothing.
    if !(value + rounding < -1e-9) {
        return None;
    }
    let name = |(bound, y): (&SumBound, &f64)| match *y {
        y if y > 0.0 => Some(format!("{} at most {}", bound.label, bound.upper)),
        y if y < 0.0 => Some(format!("{} at least {}", bound.label, bound.lower)),
        _ => None,
    };
    let names: Vec<String> = bounds.iter().zip(&y).filter_map(name).collect();
    Some(format!("these contradict each other: {}", names.join("; ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound(label: &str, members: &[usize], lower: f64, upper: f64) -> SumBound {
        SumBound { label: label.to_owned(), members: members.to_vec(), lower, upper }
    }

    #[test]
    fn a_table_with_given_margins() {
        // Deming & Stephan's case on a table whose rows and columns are independent: the product of its margins.
        let bounds = [
            bound("row 1", &[0, 1], 0.7, 0.7),
            bound("row 2", &[2, 3], 0.3, 0.3),
            bound("column 1", &[0, 2], 0.4, 0.4),
            bound("column 2", &[1, 3], 0.6, 0.6),
        ];
        let got = scale(&[0.25; 4], &bounds).unwrap();
        for (got, want) in got.x.iter().zip([0.28, 0.42, 0.12, 0.18]) {
            assert!((got - want).abs() < 1e-11);
        }
    }

    #[test]
    fn contradictions_are_named() {
        let bounds = [
            bound("account", &[0, 1, 2], 1.0, 1.0),
            bound("a", &[0], 0.5, 1.0),
            bound("b", &[1], 0.6, 1.0),
            bound("c", &[2], 0.0, 0.9),
        ];
        let Err(Error::Infeasible { reason, .. }) = scale(&[0.3, 0.3, 0.4], &bounds) else { panic!("feasible?") };
        assert_eq!(reason, "these contradict each other: account at most 1; a at least 0.5; b at least 0.6");
        let crossed = [bound("account", &[0, 1], 1.0, 1.0), bound("AAPL", &[0, 1], 0.0, 0.8)];
        assert!(matches!(scale(&[0.5, 0.5], &crossed), Err(Error::Infeasible { .. })));
        let nothing = [bound("a", &[0], 0.0, 0.0), bound("all", &[0], 0.1, 1.0)];
        assert!(matches!(scale(&[0.5], &nothing), Err(Error::Infeasible { .. })));
    }

    proptest! {
        #[test]
        fn bounds_hold_and_factors_are_one_where_they_do_not_bind(
            target in prop::collection::vec(0.05_f64..1.0, 6), place in prop::collection::vec(0.01_f64..1.0, 6),
            room in 0.0_f64..0.2,
        ) {
            // Bounds around a point that is not the target, so that there is an answer.
            let sets: [&[usize]; 5] = [&[0, 1, 2, 3, 4, 5], &[0, 1, 2], &[3, 4, 5], &[0, 3], &[2, 5]];
            let bounds: Vec<SumBound> = sets.iter().map(|set| {
                let sum: f64 = set.iter().map(|i| place[*i]).sum();
                bound("", set, sum * (1.0 - room), sum * (1.0 + room))
            }).collect();
            let got = scale(&target, &bounds).unwrap();
            for (bound, factor) in bounds.iter().zip(&got.factors) {
                let sum: f64 = bound.members.iter().map(|i| got.x[*i]).sum();
                prop_assert!(sum >= bound.lower - 1e-10 && sum <= bound.upper + 1e-10);
                // The conditions of an optimum: a factor above 1 only on a lower side, below 1 only on an upper one.
                if *factor > 1.0 + 1e-9 { prop_assert!((sum - bound.lower).abs() < 1e-9); }
                if *factor < 1.0 - 1e-9 { prop_assert!((sum - bound.upper).abs() < 1e-9); }
            }
        }
    }
}
