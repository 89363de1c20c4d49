use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayView3, Axis};

use super::{EnsembleRule, representable};
use crate::sum::{compensated, mean};
use crate::{Error, Result, check};

const NAME: &str = "energy score";

/// The energy score of an ensemble of equally likely vectors.
///
/// ```text
/// empirical:  ES = (1/m) Σᵢ ‖xᵢ − y‖ − (1/(2m²)) ΣᵢΣⱼ ‖xᵢ − xⱼ‖
/// fair:       ES = (1/m) Σᵢ ‖xᵢ − y‖ − (1/(2m(m−1))) ΣᵢΣⱼ ‖xᵢ − xⱼ‖
/// ```
///
/// `members` has shape `(m, d)`, one member a row, and `observed` shape `(d,)`; all components share one unit,
/// which is also that of the score, and components that move more weigh more. For d = 1 it is the
/// [continuous ranked probability score](super::crps_ensemble). The pairs take O(m² d).
///
/// # Errors
/// - [`Error::Empty`], [`Error::EntryOutOfDomain`] and [`Error::ElementOutOfDomain`] for values that are not finite;
///   [`Error::LengthMismatch`].
/// - [`Error::InsufficientData`] for the fair score of a single member.
/// - [`Error::Overflow`] when the score is too large.
///
/// # Source
/// Gneiting and Raftery (2007), section 4.3; Ferro (2014) for the fair form.
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::{EnsembleRule, energy_score};
/// use ndarray::array;
///
/// let members = array![[3.0, 4.0], [-3.0, -4.0]];
/// let score = energy_score(members.view(), array![0.0, 0.0].view(), EnsembleRule::Empirical)?;
/// assert_eq!(score, 2.5); // 5 − 20/8
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn energy_score(members: ArrayView2<'_, f64>, observed: ArrayView1<'_, f64>, rule: EnsembleRule) -> Result<f64> {
    check::finite_matrix("members", members)?;
    check::length("observed", members.ncols(), observed.len())?;
    check::finite("observed", observed)?;
    check::enough(NAME, rule.least_members(), members.nrows())?;
    let score = one_score(members, observed, rule);
    if score.is_finite() { Ok(score) } else { Err(Error::Overflow { name: NAME }) }
}

/// The energy score of each of a series of ensembles.
///
/// `members` has shape `(T, m, d)`, `observed` shape `(T, d)` and the result shape `(T,)`. Formula and units are
/// those of [`energy_score`].
///
/// # Errors
/// As [`energy_score`]; a member that is not finite is named by its date and its place among the `m · d` numbers
/// of that date.
pub fn energy_score_each(
    members: ArrayView3<'_, f64>,
    observed: ArrayView2<'_, f64>,
    rule: EnsembleRule,
) -> Result<Array1<f64>> {
    let (dates, count, dimensions) = members.dim();
    if members.is_empty() {
        return Err(Error::Empty { name: "members" });
    }
    if let Some(((date, member, component), &value)) = members.indexed_iter().find(|(_, v)| !v.is_finite()) {
        let (row, column) = (date.to_string(), (member * dimensions + component).to_string());
        return Err(Error::EntryOutOfDomain { name: "members", row, column, expected: "finite", value });
    }
    check::length("observed", dates, observed.nrows())?;
    check::length("components of observed", dimensions, observed.ncols())?;
    check::finite_matrix("observed", observed)?;
    check::enough(NAME, rule.least_members(), count)?;
    let scores = members.axis_iter(Axis(0)).zip(observed.rows()).map(|(x, y)| one_score(x, y, rule)).collect();
    representable(NAME, scores)
}

/// Distances from the outcome are brought near one by a power of two, so that their squares neither overflow nor
/// vanish; not finite when they cannot be.
fn one_score(members: ArrayView2<'_, f64>, observed: ArrayView1<'_, f64>, rule: EnsembleRule) -> f64 {
    let misses: Array2<f64> = &members - &observed;
    let largest = misses.fold(0.0_f64, |largest, miss| largest.max(miss.abs()));
    if !(largest > 0.0 && largest.is_finite()) {
        return largest;
    }
    let unit = libm::ldexp(1.0, libm::frexp(largest).1 - 1);
    let (m, d) = misses.dim();
    let scaled: Vec<f64> = misses.iter().map(|miss| miss / unit).collect();
    let rows: Vec<&[f64]> = scaled.chunks_exact(d).collect();
    let length = |terms: f64| terms.sqrt();
    let miss = mean(rows.iter().map(|x| length(x.iter().map(|v| v * v).sum())).collect::<Vec<_>>().iter());
    if m == 1 {
        // A single member has no spread; its fair form has been refused.
        return unit * miss;
    }
    let apart = |a: &[f64], b: &[f64]| length(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum());
    let pairs = rows.iter().enumerate().map(|(i, a)| rows[..i].iter().map(|b| apart(a, b)).sum::<f64>());
    unit * (miss - compensated(pairs) / rule.pairs(m as f64))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};
    use proptest::prelude::*;

    use super::*;
    use crate::scores::crps_ensemble;
    use crate::{moments, streams::Streams};

    #[test]
    fn agrees_with_distances_of_scipy() {
        // scipy 1.17, spatial.distance.cdist: mean of cdist(x, y) less its double sum over 2m² and 2m(m − 1).
        let members = array![[0.3, 1.0], [-1.2, 0.2], [0.8, -0.5], [1.1, 0.4]];
        let score = |rule| energy_score(members.view(), array![0.1, -0.3].view(), rule).unwrap();
        assert!((score(EnsembleRule::Empirical) - EMPIRICAL).abs() < 1e-15);
        assert!((score(EnsembleRule::Fair) - FAIR).abs() < 1e-15);
    }

    const EMPIRICAL: f64 = 0.560_608_542_110_390_5;
    const FAIR: f64 = 0.359_411_387_645_818_6;

    #[test]
    fn hostile_inputs_are_named() {
        let call = |x: Array2<f64>, y: Array1<f64>, rule| energy_score(x.view(), y.view(), rule).unwrap_err();
        let fair = EnsembleRule::Fair;
        assert_eq!(call(Array2::zeros((0, 2)), array![0.0, 0.0], fair), Error::Empty { name: "members" });
        assert_eq!(call(Array2::zeros((2, 0)), array![], fair), Error::Empty { name: "members" });
        let length = Error::LengthMismatch { name: "observed", expected: 2, got: 1 };
        assert_eq!(call(array![[0.0, 1.0]], array![0.0], fair), length);
        let single = Error::InsufficientData { name: NAME, required: 2, available: 1 };
        assert_eq!(call(array![[0.0, 1.0]], array![0.0, 0.0], fair), single);
        let nan = call(array![[0.0, f64::NAN]], array![0.0, 0.0], fair);
        assert!(matches!(nan, Error::EntryOutOfDomain { name: "members", .. }));
        let nan = call(array![[0.0, 1.0]], array![0.0, f64::NAN], fair);
        assert!(matches!(nan, Error::ElementOutOfDomain { name: "observed", index: 1, .. }));
        let far = call(array![[f64::MAX, 0.0], [0.0, 0.0]], array![-f64::MAX, 0.0], fair);
        assert_eq!(far, Error::Overflow { name: NAME });

        let mut cube = Array3::zeros((2, 3, 2));
        let each = |x: &Array3<f64>, y: Array2<f64>| energy_score_each(x.view(), y.view(), fair).unwrap_err();
        assert!(matches!(each(&cube, Array2::zeros((1, 2))), Error::LengthMismatch { name: "observed", .. }));
        let components = Error::LengthMismatch { name: "components of observed", expected: 2, got: 3 };
        assert_eq!(each(&cube, Array2::zeros((2, 3))), components);
        cube[(1, 2, 0)] = f64::INFINITY;
        let Error::EntryOutOfDomain { row, column, .. } = each(&cube, Array2::zeros((2, 2))) else { panic!() };
        assert_eq!((row.as_str(), column.as_str()), ("1", "4"));
    }

    #[test]
    fn extreme_units_neither_vanish_nor_overflow() {
        let members = array![[3.0, 4.0], [-3.0, -4.0]];
        for unit in [1e-300, 1e300] {
            let zero = array![0.0, 0.0];
            let score = energy_score((&members * unit).view(), zero.view(), EnsembleRule::Empirical).unwrap();
            assert!((score / (2.5 * unit) - 1.0).abs() < 1e-14);
        }
    }

    /// Propriety: members from the true law score better on average than from a shifted or a too narrow one.
    #[test]
    fn the_true_law_scores_best() {
        let drawn = Streams::new(8).standard_normals(400, 2 * 21);
        let score = |shift: f64, stretch: f64| {
            let members = Array3::from_shape_fn((400, 20, 2), |(t, i, k)| shift + stretch * drawn[(t, 2 * i + k)]);
            let observed = Array2::from_shape_fn((400, 2), |(t, k)| drawn[(t, 40 + k)]);
            let scores = energy_score_each(members.view(), observed.view(), EnsembleRule::Fair).unwrap();
            moments::mean(scores.view()).unwrap()
        };
        for (shift, stretch) in [(0.5, 1.0), (0.0, 0.5), (0.0, 2.0), (-0.3, 1.2)] {
            assert!(score(0.0, 1.0) < score(shift, stretch), "{shift} {stretch}");
        }
    }

    proptest! {
        #[test]
        fn in_one_dimension_it_is_the_ranked_probability_score(
            members in prop::collection::vec(-5.0_f64..5.0, 2..15), y in -6.0_f64..6.0,
        ) {
            let column = Array2::from_shape_vec((members.len(), 1), members.clone()).unwrap();
            for rule in [EnsembleRule::Empirical, EnsembleRule::Fair] {
                let crps = crps_ensemble(Array1::from(members.clone()).view(), y, rule).unwrap();
                let energy = energy_score(column.view(), array![y].view(), rule).unwrap();
                prop_assert!((energy - crps).abs() < 1e-12);
            }
        }

        /// A turn of the plane, another order of the members and another unit change nothing but the unit.
        #[test]
        fn turns_orders_and_units(
            rows in prop::collection::vec((-1.0_f64..1.0, -1.0_f64..1.0), 2..10), angle in 0.0_f64..6.0,
        ) {
            let (sin, cos) = angle.sin_cos();
            let plain = Array2::from_shape_fn((rows.len(), 2), |(i, k)| if k == 0 { rows[i].0 } else { rows[i].1 });
            let turned = Array2::from_shape_fn((rows.len(), 2), |(i, k)| {
                let (a, b) = rows[rows.len() - 1 - i];
                if k == 0 { cos * a - sin * b } else { sin * a + cos * b }
            });
            let zero = array![0.0, 0.0];
            let score = |x: &Array2<f64>| energy_score(x.view(), zero.view(), EnsembleRule::Fair).unwrap();
            prop_assert!((score(&plain) - score(&turned)).abs() < 1e-13);
            prop_assert_eq!(score(&(&plain * 1024.0)), 1024.0 * score(&plain));
        }
    }
}
