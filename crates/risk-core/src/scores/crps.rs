use ndarray::{Array1, ArrayView1, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use crate::sum::{self, compensated};
use crate::{Error, Result, check, normal};

/// `1/√π`.
const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;

/// The continuous ranked probability score of a normal forecast.
///
/// ```text
/// CRPS = ∫ (F(x) − 1{y ≤ x})² dx = σ·[z(2Φ(z) − 1) + 2φ(z) − 1/√π]      z = (y − μ)/σ
/// ```
///
/// `mean`, `volatility` and `observed` share one unit, which is also that of the score.
///
/// # Errors
/// [`Error::OutOfDomain`] for a value that is not finite or a volatility that is not positive;
/// [`Error::Overflow`] when the score is too large.
///
/// # Source
/// Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", section 4.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::crps_normal;
///
/// // At the mean itself: (√2 − 1)/√π.
/// assert!((crps_normal(0.0, 1.0, 0.0)? - 0.233694977255109).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn crps_normal(mean: f64, volatility: f64, observed: f64) -> Result<f64> {
    check::finite_number("mean", mean)?;
    check::finite_number("volatility", volatility)?;
    check::finite_number("observed", observed)?;
    if volatility <= 0.0 {
        return Err(Error::OutOfDomain { name: "volatility", expected: "positive", value: volatility });
    }
    score("CRPS of a normal", normal_score(mean, volatility, observed))
}

/// The continuous ranked probability score of each of a series of normal forecasts.
///
/// All three arguments have shape `(T,)`, and so has the result; formula and units are those of
/// [`crps_normal`].
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a value that is not
/// finite or a volatility that is not positive; [`Error::Overflow`] when a score is too large.
pub fn crps_normal_each(
    means: ArrayView1<'_, f64>,
    volatilities: ArrayView1<'_, f64>,
    observed: ArrayView1<'_, f64>,
) -> Result<Array1<f64>> {
    check::finite("observed", observed)?;
    check::length("means", observed.len(), means.len())?;
    check::finite("means", means)?;
    check::length("volatilities", observed.len(), volatilities.len())?;
    check::finite("volatilities", volatilities)?;
    if let Some((index, &value)) = volatilities.iter().enumerate().find(|(_, v)| **v <= 0.0) {
        return Err(Error::ElementOutOfDomain { name: "volatilities", index, expected: "positive", value });
    }
    let scores = Zip::from(means).and(volatilities).and(observed).map_collect(|&m, &s, &y| normal_score(m, s, y));
    super::representable("CRPS of a normal", scores)
}

/// Written with `y − μ` in front, so that a tiny volatility does not overflow `z`.
fn normal_score(mean: f64, volatility: f64, observed: f64) -> f64 {
    let miss = observed - mean;
    let z = miss / volatility;
    miss * libm::erf(z * std::f64::consts::FRAC_1_SQRT_2) + volatility * (2.0 * normal::density(z) - FRAC_1_SQRT_PI)
}

/// Which distribution an ensemble stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EnsembleRule {
    /// The members themselves, each with probability `1/m`.
    #[default]
    Empirical,
    /// The distribution that the members were drawn from: the mean score does not depend on their number.
    /// One score may be negative.
    Fair,
}

impl EnsembleRule {
    pub(super) fn least_members(self) -> usize {
        match self {
            Self::Empirical => 1,
            Self::Fair => 2,
        }
    }

    pub(super) fn pairs(self, members: f64) -> f64 {
        match self {
            Self::Empirical => members * members,
            Self::Fair => members * (members - 1.0),
        }
    }
}

/// The continuous ranked probability score of an ensemble of equally likely members.
///
/// ```text
/// empirical:  CRPS = (1/m) Σᵢ |xᵢ − y| − (1/(2m²)) ΣᵢΣⱼ |xᵢ − xⱼ|
/// fair:       CRPS = (1/m) Σᵢ |xᵢ − y| − (1/(2m(m−1))) ΣᵢΣⱼ |xᵢ − xⱼ|
/// ```
///
/// `members` has shape `(m,)` in any order, in the unit of `observed` and of the score. The members are
/// sorted once, so the double sum takes O(m log m).
///
/// # Errors
/// - [`Error::Empty`], [`Error::ElementOutOfDomain`] and [`Error::OutOfDomain`] for a value that is not finite.
/// - [`Error::InsufficientData`] for the fair score of a single member.
/// - [`Error::Overflow`] when the score is too large.
///
/// # Source
/// Gneiting and Raftery (2007), equation 21; Ferro (2014), "Fair scores for ensemble forecasts".
///
/// # Examples
/// ```
/// use alluse_risk_core::scores::{EnsembleRule, crps_ensemble};
/// use ndarray::array;
///
/// let members = array![2.0, 0.0];
/// assert_eq!(crps_ensemble(members.view(), 1.0, EnsembleRule::Empirical)?, 0.5); // 1 − 4/8
/// assert_eq!(crps_ensemble(members.view(), 1.0, EnsembleRule::Fair)?, 0.0); // 1 − 4/4
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn crps_ensemble(members: ArrayView1<'_, f64>, observed: f64, rule: EnsembleRule) -> Result<f64> {
    check::finite("members", members)?;
    check::finite_number("observed", observed)?;
    check::enough("CRPS of an ensemble", rule.least_members(), members.len())?;
    score("CRPS of an ensemble", ensemble_score(members, observed, rule))
}

/// The continuous ranked probability score of each of a series of ensembles.
///
/// `members` has shape `(T, m)`, one ensemble a row; `observed` and the result have shape `(T,)`. Formula
/// and units are those of [`crps_ensemble`].
///
/// # Errors
/// As [`crps_ensemble`], with [`Error::EntryOutOfDomain`] for the members, and [`Error::LengthMismatch`].
pub fn crps_ensemble_each(
    members: ArrayView2<'_, f64>,
    observed: ArrayView1<'_, f64>,
    rule: EnsembleRule,
) -> Result<Array1<f64>> {
    check::finite_matrix("members", members)?;
    check::length("observed", members.nrows(), observed.len())?;
    check::finite("observed", observed)?;
    check::enough("CRPS of an ensemble", rule.least_members(), members.ncols())?;
    let scores = Zip::from(members.rows()).and(observed).map_collect(|row, &y| ensemble_score(row, y, rule));
    super::representable("CRPS of an ensemble", scores)
}

fn ensemble_score(members: ArrayView1<'_, f64>, observed: f64, rule: EnsembleRule) -> f64 {
    let mut sorted = members.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let m = sorted.len();
    let miss = sum::mean(sorted.iter().map(|x| (x - observed).abs()).collect::<Vec<_>>().iter());
    // Half the double sum, as k(m − k) pairs across each gap: no term is negative, so nothing cancels.
    let across = |k: usize| (k * (m - k)) as f64;
    let spread = compensated(sorted.windows(2).zip(1..).map(|(pair, k)| across(k) * (pair[1] - pair[0])));
    // A single member has no spread; its fair form has been refused.
    if m == 1 { miss } else { miss - spread / rule.pairs(m as f64) }
}

fn score(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::Overflow { name }) }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;
    use crate::{moments, streams::Streams};

    #[test]
    fn the_normal_score_is_the_integral_of_its_definition() {
        // mpmath 1.3, 30 digits: quad of Φ((x−μ)/σ)² up to y and of (1 − Φ)² beyond.
        for (mean, volatility, observed, want) in NORMAL_GOLDEN {
            let got = crps_normal(mean, volatility, observed).unwrap();
            assert!((got - want).abs() <= 4e-16 * want.max(volatility) * 2.0, "{got} against {want}");
        }
    }

    const NORMAL_GOLDEN: [(f64, f64, f64, f64); 4] = [
        (0.1, 0.5, -0.3, 0.238_112_442_120_887_25),
        (-2.0, 3.0, 4.0, 4.358_375_465_057_709),
        (0.0, 1.0, 8.0, 7.435_810_416_452_244),
        (0.000_5, 0.01, -0.04, 0.034_858_218_531_256_836),
    ];

    #[test]
    fn a_normal_that_is_nearly_certain_scores_the_absolute_error() {
        assert_eq!(crps_normal(1.0, 1e-300, 3.0).unwrap(), 2.0);
        assert_eq!(crps_normal(1.0, 5e-324, -3.0).unwrap(), 4.0);
    }

    #[test]
    fn hostile_normals_are_named() {
        let domain = |name, expected, value| Err(Error::OutOfDomain { name, expected, value });
        assert_eq!(crps_normal(0.0, 0.0, 1.0), domain("volatility", "positive", 0.0));
        assert_eq!(crps_normal(0.0, -1.0, 1.0), domain("volatility", "positive", -1.0));
        assert_eq!(crps_normal(f64::INFINITY, 1.0, 1.0), domain("mean", "finite", f64::INFINITY));
        assert_eq!(crps_normal(0.0, 1.0, -f64::INFINITY), domain("observed", "finite", -f64::INFINITY));
        assert!(matches!(crps_normal(0.0, f64::NAN, 0.0), Err(Error::OutOfDomain { name: "volatility", .. })));
        assert_eq!(crps_normal(f64::MAX, 1.0, -f64::MAX), Err(Error::Overflow { name: "CRPS of a normal" }));
    }

    #[test]
    fn a_series_of_normals_is_each_of_them() {
        let (means, volatilities, observed) = (array![0.0, 0.5, -1.0], array![1.0, 2.0, 0.1], array![0.3, -4.0, -0.9]);
        let scores = crps_normal_each(means.view(), volatilities.view(), observed.view()).unwrap();
        for t in 0..3 {
            assert_eq!(scores[t], crps_normal(means[t], volatilities[t], observed[t]).unwrap());
        }
    }

    #[test]
    fn hostile_series_of_normals_are_named() {
        let two = array![1.0, 2.0];
        let call = |m: &Array1<f64>, v: &Array1<f64>, y: &Array1<f64>| {
            crps_normal_each(m.view(), v.view(), y.view()).unwrap_err()
        };
        assert_eq!(call(&two, &two, &array![]), Error::Empty { name: "observed" });
        let length = |name| Error::LengthMismatch { name, expected: 2, got: 1 };
        assert_eq!(call(&array![1.0], &two, &two), length("means"));
        assert_eq!(call(&two, &array![1.0], &two), length("volatilities"));
        let entry = |name, index, expected, value| Error::ElementOutOfDomain { name, index, expected, value };
        let infinite = array![0.0, f64::INFINITY];
        assert_eq!(call(&infinite, &two, &two), entry("means", 1, "finite", f64::INFINITY));
        assert_eq!(call(&two, &infinite, &two), entry("volatilities", 1, "finite", f64::INFINITY));
        assert_eq!(call(&two, &two, &infinite), entry("observed", 1, "finite", f64::INFINITY));
        assert_eq!(call(&two, &array![1.0, 0.0], &two), entry("volatilities", 1, "positive", 0.0));
        let far = array![f64::MAX, 0.0];
        assert_eq!(call(&far, &two, &(-far.clone())), Error::Overflow { name: "CRPS of a normal" });
    }

    #[test]
    fn one_member_scores_the_absolute_error_and_has_no_fair_score() {
        let one = array![2.0];
        assert_eq!(crps_ensemble(one.view(), -1.0, EnsembleRule::Empirical).unwrap(), 3.0);
        let error = Error::InsufficientData { name: "CRPS of an ensemble", required: 2, available: 1 };
        assert_eq!(crps_ensemble(one.view(), -1.0, EnsembleRule::Fair), Err(error.clone()));
        let each = crps_ensemble_each(array![[2.0], [1.0]].view(), array![0.0, 0.0].view(), EnsembleRule::Fair);
        assert_eq!(each, Err(error));
    }

    #[test]
    fn hostile_ensembles_are_named() {
        let call = |x: Array1<f64>, y: f64| crps_ensemble(x.view(), y, EnsembleRule::Fair).unwrap_err();
        assert_eq!(call(array![], 0.0), Error::Empty { name: "members" });
        assert!(matches!(
            call(array![0.0, f64::NAN], 0.0),
            Error::ElementOutOfDomain { name: "members", index: 1, .. }
        ));
        assert!(matches!(call(array![0.0, 1.0], f64::NAN), Error::OutOfDomain { name: "observed", .. }));
        assert_eq!(call(array![-f64::MAX, f64::MAX], 0.0), Error::Overflow { name: "CRPS of an ensemble" });

        let each = |x: Array2<f64>, y: Array1<f64>| {
            crps_ensemble_each(x.view(), y.view(), EnsembleRule::Empirical).unwrap_err()
        };
        assert_eq!(each(Array2::zeros((0, 3)), array![]), Error::Empty { name: "members" });
        assert!(matches!(each(array![[0.0, f64::NAN]], array![0.0]), Error::EntryOutOfDomain { name: "members", .. }));
        let length = Error::LengthMismatch { name: "observed", expected: 1, got: 2 };
        assert_eq!(each(array![[0.0, 1.0]], array![0.0, 0.0]), length);
        assert!(matches!(
            each(array![[0.0, 1.0]], array![f64::NAN]),
            Error::ElementOutOfDomain { name: "observed", index: 0, .. }
        ));
        assert_eq!(
            each(array![[f64::MAX, f64::MAX]], array![-f64::MAX]),
            Error::Overflow { name: "CRPS of an ensemble" }
        );
    }

    #[test]
    fn a_large_normal_ensemble_scores_as_the_normal() {
        // The fair score is an unbiased estimate; 4e-3 is five of its standard errors at 250,000 members.
        let members = Streams::new(3).standard_normals(250_000, 1);
        let got = crps_ensemble(members.column(0), 0.7, EnsembleRule::Fair).unwrap();
        assert!((got - crps_normal(0.0, 1.0, 0.7).unwrap()).abs() < 4e-3, "{got}");
    }

    proptest! {
        #[test]
        fn the_sorted_sum_is_the_double_sum(
            members in prop::collection::vec(-10.0_f64..10.0, 2..30), observed in -10.0_f64..10.0,
        ) {
            let m = members.len() as f64;
            let miss: f64 = members.iter().map(|x| (x - observed).abs()).sum::<f64>() / m;
            let pairs: f64 = members.iter().flat_map(|a| members.iter().map(move |b| (a - b).abs())).sum();
            let members = Array1::from(members);
            let score = |rule| crps_ensemble(members.view(), observed, rule).unwrap();
            prop_assert!((score(EnsembleRule::Empirical) - (miss - 0.5 * pairs / (m * m))).abs() < 1e-12);
            prop_assert!((score(EnsembleRule::Fair) - (miss - 0.5 * pairs / (m * (m - 1.0)))).abs() < 1e-12);
            prop_assert!(score(EnsembleRule::Empirical) >= -1e-14);
        }

        #[test]
        fn rows_are_scored_one_by_one(rows in prop::collection::vec((-1.0_f64..1.0, -1.0_f64..1.0, -1.0_f64..1.0), 1..8)) {
            let members = Array2::from_shape_fn((rows.len(), 2), |(t, j)| if j == 0 { rows[t].0 } else { rows[t].1 });
            let observed: Array1<f64> = rows.iter().map(|row| row.2).collect();
            for rule in [EnsembleRule::Empirical, EnsembleRule::Fair] {
                let each = crps_ensemble_each(members.view(), observed.view(), rule).unwrap();
                for t in 0..rows.len() {
                    prop_assert_eq!(each[t], crps_ensemble(members.row(t), observed[t], rule).unwrap());
                }
            }
        }

        /// Propriety: the normal that generated the data scores best on average.
        #[test]
        fn the_true_normal_scores_best(mean in -0.5_f64..0.5, volatility in 0.5_f64..2.0) {
            prop_assume!(mean.abs() > 0.1 || (volatility - 1.0).abs() > 0.2);
            let drawn = Streams::new(11).standard_normals(20_000, 1);
            let score = |m: f64, s: f64| {
                let shape = drawn.nrows();
                let (m, s) = (Array1::from_elem(shape, m), Array1::from_elem(shape, s));
                moments::mean(crps_normal_each(m.view(), s.view(), drawn.column(0)).unwrap().view()).unwrap()
            };
            prop_assert!(score(0.0, 1.0) < score(mean, volatility));
        }
    }
}
