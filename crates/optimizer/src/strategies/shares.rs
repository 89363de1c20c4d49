//! Shares in proportion to given numbers, within bounds.

use crate::{Error, Result};

/// `xᵢ = clamp(s·baseᵢ, lowerᵢ, upperᵢ)` with the one `s ≥ 0` that makes the sum `total`.
///
/// The bounds are ordered and the base is not negative; both were checked.
///
/// # Errors
/// [`Error::Infeasible`] when no `s` reaches the total.
pub(super) fn proportional(base: &[f64], lower: &[f64], upper: &[f64], total: f64) -> Result<Vec<f64>> {
    let at = |s: f64| -> Vec<f64> {
        base.iter().zip(lower.iter().zip(upper)).map(|(b, (l, u))| (s * b).clamp(*l, *u)).collect()
    };
    let sum = |x: &[f64]| x.iter().sum::<f64>();
    let slack = 1e-12 * total.abs().max(1.0);
    let least: f64 = sum(lower);
    // What has no base stays at its lower bound, however large the scale.
    let most: f64 = (0..base.len()).map(|i| if base[i] > 0.0 { upper[i] } else { lower[i].max(0.0) }).sum();
    if least > total + slack || most < total - slack {
        let reason = format!("the parts hold {least} at least and {most} at most, not {total}");
        return Err(Error::Infeasible { what: "proportional shares", reason });
    }
    // The sum is piecewise linear in s: between the two breaks that enclose the total it is solved exactly.
    let held = (0..base.len()).filter(|i| base[*i] > 0.0);
    let mut breaks: Vec<f64> = held.flat_map(|i| [lower[i] / base[i], upper[i] / base[i]]).collect();
    breaks.retain(|s| s.is_finite() && *s >= 0.0);
    breaks.push(0.0);
    breaks.sort_by(f64::total_cmp);
    let above = breaks.iter().position(|s| sum(&at(*s)) >= total - slack).unwrap_or(breaks.len() - 1);
    let (low, high) = (breaks[above.saturating_sub(1)], breaks[above]);
    let (below, over) = (sum(&at(low)), sum(&at(high)));
    let scale =
        if over > below { low + (high - low) * ((total - below) / (over - below)).clamp(0.0, 1.0) } else { high };
    Ok(at(scale))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        let free = [1.0; 3];
        assert_eq!(proportional(&[1.0, 2.0, 1.0], &[0.0; 3], &free, 1.0).unwrap(), [0.25, 0.5, 0.25]);
        // The second may hold 0.4: the rest is halved between the others.
        let got = proportional(&[1.0, 2.0, 1.0], &[0.0; 3], &[1.0, 0.4, 1.0], 1.0).unwrap();
        for (got, want) in got.iter().zip([0.3, 0.4, 0.3]) {
            assert!((got - want).abs() < 1e-15);
        }
        // Nothing reaches 1 when the caps leave 0.9, and a base of 0 is never raised.
        assert!(matches!(proportional(&[1.0; 3], &[0.0; 3], &[0.3; 3], 1.0), Err(Error::Infeasible { .. })));
        assert!(proportional(&[1.0, 0.0], &[0.0; 2], &[0.5, 1.0], 1.0).is_err());
        assert_eq!(proportional(&[1.0, 0.0], &[0.0, 0.25], &[1.0; 2], 1.0).unwrap(), [0.75, 0.25]);
    }

    proptest! {
        #[test]
        fn sums_and_bounds_hold_and_free_parts_keep_their_proportion(
            parts in prop::collection::vec((0.01_f64..1.0, 0.0_f64..0.5, 0.0_f64..1.0), 1..12), place in 0.0_f64..1.0,
        ) {
            let base: Vec<f64> = parts.iter().map(|p| p.0).collect();
            let lower: Vec<f64> = parts.iter().map(|p| p.1).collect();
            let upper: Vec<f64> = parts.iter().map(|p| p.1 + p.2).collect();
            let (least, most): (f64, f64) = (lower.iter().sum(), upper.iter().sum());
            let total = least + place * (most - least);
            let x = proportional(&base, &lower, &upper, total).unwrap();
            prop_assert!((x.iter().sum::<f64>() - total).abs() < 1e-11);
            let mut scale: Option<f64> = None;
            for i in 0..x.len() {
                prop_assert!(x[i] >= lower[i] && x[i] <= upper[i]);
                if x[i] > lower[i] + 1e-9 && x[i] < upper[i] - 1e-9 {
                    let own = x[i] / base[i];
                    prop_assert!((own - *scale.get_or_insert(own)).abs() < 1e-9 * own);
                }
            }
        }
    }
}
