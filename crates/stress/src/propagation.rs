//! Shock a few factors; the others follow as they usually do.

use alluse_risk_core::{Confidence, Covariance, Error as CoreError, Factor, ScenarioId, ScenarioSet, normal};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::pivoted::PivotedCholesky;
use crate::plausibility::chi_square_survival;
use crate::{Error, FactorModel, Result};

/// Smallest pivot of the correlation of the shocked factors with which they still count as different.
const COLLINEAR: f64 = 1e-10;

/// What all factors do when some are shocked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Propagation {
    /// The move of every factor: as given for the shocked ones, the conditional mean for the others.
    pub moves: Vec<(Factor, f64)>,
    /// The shocked factors, as given.
    pub shocked: Vec<Factor>,
    /// The others.
    pub followers: Vec<Factor>,
    /// Standard deviation that each of the others keeps around its conditional mean.
    pub residual_deviations: Vec<f64>,
    /// Conditional covariance of the others; `None` when all were shocked.
    pub residual_covariance: Option<Covariance>,
    /// Mahalanobis distance of the shocked part.
    pub distance: f64,
    /// Probability of a shock at least as far out, chi-square with one degree of freedom a shocked factor.
    pub plausibility: f64,
    model: FactorModel,
}

/// Lets the factors that were not shocked follow those that were.
///
/// ```text
/// E[x_u | x_s]   = μ_u + Σ_us Σ_ss⁻¹ (x_s − μ_s)
/// Cov[x_u | x_s] = Σ_uu − Σ_us Σ_ss⁻¹ Σ_su
/// m² = (x_s − μ_s)' Σ_ss⁻¹ (x_s − μ_s)      plausibility = P(χ²(|s|) > m²)
/// ```
///
/// Shocks are in the kind that the model has for their factor. A model with a covariance of crisis days, or one made
/// by [`StressedCorrelation`](crate::StressedCorrelation), gives the betas of a crisis.
///
/// # Errors
/// - [`Error::UnknownFactor`] for a factor that the model does not have.
/// - [`Error::Collinear`] when the shocked factors cannot move apart (a pivot of their correlation of at most 1e-10),
///   or one does not move at all, with their names.
/// - [`Error::Input`] without shocks, for a factor shocked twice, and for a shock that is not finite.
///
/// # Source
/// Kupiec (1998), *Stress testing in a value at risk framework*, Journal of Derivatives 6(1); the multivariate normal
/// conditional of any textbook.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::{FactorModel, propagate};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spot = |name: &str| Ok::<_, alluse_risk_core::Error>(Factor::Spot(AssetId::new(name)?));
/// let factors = vec![(spot("SPY")?, ShockKind::Relative), (spot("QQQ")?, ShockKind::Relative)];
/// let covariance = Covariance::new(array![[1e-4, 1.2e-4], [1.2e-4, 2e-4]])?;
/// let model = FactorModel::new(date(2024, 1, 5), Horizon::DAY, factors, covariance)?;
///
/// let crash = propagate(&model, &[(spot("SPY")?, -0.10)])?;
/// assert!((crash.moves[1].1 + 0.12).abs() < 1e-15); // a beta of 1.2
/// assert!((crash.distance - 10.0).abs() < 1e-12); // ten standard deviations
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn propagate(model: &FactorModel, shocks: &[(Factor, f64)]) -> Result<Propagation> {
    if shocks.is_empty() {
        return Err(CoreError::Empty { name: "shocks" }.into());
    }
    let given = model.spread("shocks", shocks)?;
    let inside: Vec<usize> = model.places("shocks", shocks)?.into_iter().map(|(place, _)| place).collect();
    let outside: Vec<usize> = (0..model.factors().len()).filter(|place| !inside.contains(place)).collect();
    let sigma = model.covariance().view();
    let factor = PivotedCholesky::new(sigma.select(Axis(0), &inside).select(Axis(1), &inside).view(), COLLINEAR);
    if !factor.is_full_rank() {
        let names: Vec<String> =
            factor.dependent().into_iter().map(|i| model.factors()[inside[i]].0.to_string()).collect();
        return Err(Error::Collinear { names: names.join(", ") });
    }
    let surprise: Array1<f64> = inside.iter().map(|&i| given[i] - model.mean()[i]).collect();
    let white = factor.whiten(surprise.view());
    // One whitened column a follower: its products with the surprise are the conditional mean.
    let mut columns = Array2::zeros((inside.len(), outside.len()));
    for (mut column, &u) in columns.columns_mut().into_iter().zip(&outside) {
        let cross: Array1<f64> = inside.iter().map(|&s| sigma[[s, u]]).collect();
        column.assign(&factor.whiten(cross.view()));
    }
    let follow = columns.t().dot(&white);
    let mut moves = given;
    for (&u, change) in outside.iter().zip(&follow) {
        moves[u] = model.mean()[u] + change;
    }
    let residual = residual_covariance(model, &outside, &columns)?;
    let distance = white.dot(&white).sqrt();
    if !(distance.is_finite() && moves.iter().all(|v| v.is_finite())) {
        return Err(CoreError::Overflow { name: "conditional mean" }.into());
    }
    let name = |place: &usize| model.factors()[*place].0.clone();
    Ok(Propagation {
        moves: model.factors().iter().map(|(factor, _)| factor.clone()).zip(moves).collect(),
        shocked: inside.iter().map(name).collect(),
        followers: outside.iter().map(name).collect(),
        residual_deviations: residual.as_ref().map_or_else(Vec::new, |c| c.volatilities().to_vec()),
        residual_covariance: residual,
        distance,
        plausibility: chi_square_survival(distance, inside.len()),
        model: model.clone(),
    })
}

fn residual_covariance(model: &FactorModel, outside: &[usize], columns: &Array2<f64>) -> Result<Option<Covariance>> {
    if outside.is_empty() {
        return Ok(None);
    }
    let sigma = model.covariance().view();
    let explained = columns.t().dot(columns);
    let mut residual = Array2::from_shape_fn((outside.len(), outside.len()), |(i, j)| {
        // One triangle for both, so that rounding cannot make the matrix asymmetric.
        let (i, j) = (i.max(j), i.min(j));
        sigma[[outside[i], outside[j]]] - explained[[i, j]]
    });
    // A follower that is fully explained has rounding left, on either side of zero.
    residual.diag_mut().mapv_inplace(|v| v.max(0.0));
    Ok(Some(Covariance::new(residual)?))
}

/// What a linear book may lose on top of its conditional mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConditionalLoss {
    /// Loss at the conditional mean.
    pub expected_loss: f64,
    /// Standard deviation of the loss that the factors not shocked leave.
    pub residual_deviation: f64,
    /// `expected_loss + z_c · residual_deviation`.
    pub stress_value_at_risk: f64,
    /// The confidence `c`.
    pub confidence: Confidence,
}

impl Propagation {
    /// The stressed value at risk of a linear book, whose P&L is `d'x`.
    ///
    /// ```text
    /// loss = −d'E[x | x_s]      StressVaR = loss + z_c √(d_u' Cov[x_u | x_s] d_u)
    /// ```
    ///
    /// `exposures` are `d`: money gained per unit of each factor's move; factors not named have none.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] and [`Error::Input`] for exposures to factors that the model does not have, given twice,
    /// or not finite.
    ///
    /// # Source
    /// Kupiec (1998).
    pub fn conditional_loss(&self, exposures: &[(Factor, f64)], confidence: Confidence) -> Result<ConditionalLoss> {
        let exposures = self.model.spread("exposures", exposures)?;
        let expected_loss = -exposures.iter().zip(&self.moves).map(|(d, (_, x))| d * x).sum::<f64>();
        let residual_deviation = match &self.residual_covariance {
            None => 0.0,
            Some(covariance) => {
                let free = self.followers.iter().map(|f| Ok(exposures[self.model.place(f)?]));
                covariance.volatility_of(Array1::from(free.collect::<Result<Vec<f64>>>()?).view())?
            }
        };
        let stress_value_at_risk = expected_loss + normal::quantile(confidence.level())? * residual_deviation;
        if !stress_value_at_risk.is_finite() {
            return Err(CoreError::Overflow { name: "stress value at risk" }.into());
        }
        Ok(ConditionalLoss { expected_loss, residual_deviation, stress_value_at_risk, confidence })
    }

    /// The moves as a scenario with a name.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name, and when a relative move would lead below zero.
    pub fn scenario(&self, name: &str) -> Result<ScenarioSet> {
        let moves: Vec<f64> = self.moves.iter().map(|(_, x)| *x).collect();
        self.model.named_set(vec![ScenarioId::new(name)?], Array1::from(moves).insert_axis(Axis(0)))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::{Ordering, ShockKind};
    use jiff::civil::date;
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::factors::tests::{spot, spots, volatility};

    fn four() -> FactorModel {
        let sigma = array![
            [4.0e-4, 3.0e-4, -1.5e-3, 1.0e-5],
            [3.0e-4, 9.0e-4, -1.2e-3, 2.0e-5],
            [-1.5e-3, -1.2e-3, 1.6e-2, -4.0e-5],
            [1.0e-5, 2.0e-5, -4.0e-5, 2.5e-6]
        ];
        spots(&["A", "B", "C", "D"], sigma).with_mean(array![0.001, 0.002, -0.003, 0.0]).unwrap()
    }

    #[test]
    fn conditional_moments_of_other_software() {
        let got = propagate(&four(), &[(spot("C"), 0.3), (spot("A"), -0.05)]).unwrap();
        // NumPy 2.4: m[u] + S[u,s] @ solve(S[s,s], x − m[s]) and S[u,u] − S[u,s] @ solve(S[s,s], S[s,u]).
        let golden = GOLDEN;
        assert!((got.moves[1].1 - golden.0).abs() < 1e-14, "{:?}", got.moves);
        assert!((got.moves[3].1 - golden.1).abs() < 1e-15, "{:?}", got.moves);
        assert_eq!((got.moves[0].1, got.moves[2].1), (-0.05, 0.3));
        assert_eq!(got.shocked, [spot("C"), spot("A")]);
        assert_eq!(got.followers, [spot("B"), spot("D")]);
        let residual = got.residual_covariance.as_ref().unwrap();
        assert!((residual.view()[[0, 0]] - golden.2).abs() < 1e-17);
        assert!((residual.view()[[0, 1]] - golden.3).abs() < 1e-18);
        assert!((got.residual_deviations[1] - golden.4).abs() < 1e-14);
        assert!((got.distance - golden.5).abs() < 1e-12, "{}", got.distance);
        assert!((got.plausibility / golden.6 - 1.0).abs() < 1e-9, "{}", got.plausibility);
        let exposures = [(spot("A"), 1e6), (spot("B"), -2e5), (spot("D"), 3e7)];
        let loss = got.conditional_loss(&exposures, Confidence::P99).unwrap();
        assert!((loss.expected_loss - golden.7).abs() < 1e-6, "{loss:?}");
        assert!((loss.stress_value_at_risk - golden.8).abs() < 1e-6, "{loss:?}");
    }

    const GOLDEN: (f64, f64, f64, f64, f64, f64, f64, f64, f64) = (
        -0.037_057_831_325_301_2,
        -0.001_301_927_710_843_373_6,
        0.000_674_457_831_325_301_2,
        1.248_192_771_084_337_5e-5,
        0.001_499_799_183_344_705_5,
        2.775_998_680_601_054,
        0.021_214_203_667_033_94,
        81_646.265_060_240_97,
        183_093.519_067_933_67,
    );

    #[test]
    fn the_scenario_is_named_and_carries_the_kinds() {
        let got = propagate(&four(), &[(spot("A"), -0.05)]).unwrap();
        let set = got.scenario("crash").unwrap();
        assert_eq!((set.len(), set.ordering(), set.as_of()), (1, Ordering::Named, date(2024, 1, 5)));
        assert_eq!(set.ids()[0].as_str(), "crash");
        assert_eq!(set.column(&spot("B")).unwrap(), (ShockKind::Log, array![got.moves[1].1].view()));
        assert!(got.scenario(" ").is_err());
    }

    #[test]
    fn all_factors_shocked_leave_nothing_to_follow() {
        let model = spots(&["A", "B"], array![[4e-4, 0.0], [0.0, 1e-4]]);
        let got = propagate(&model, &[(spot("A"), -0.06), (spot("B"), 0.04)]).unwrap();
        assert_eq!(got.residual_covariance, None);
        assert!(got.residual_deviations.is_empty());
        assert!((got.distance - 5.0).abs() < 1e-12); // 3-4-5
        let loss = got.conditional_loss(&[(spot("A"), 100.0)], Confidence::P99).unwrap();
        assert!((loss.stress_value_at_risk - 6.0).abs() < 1e-12 && loss.residual_deviation == 0.0);
    }

    #[test]
    fn collinear_shocks_are_named() {
        // C moves exactly with A − B; D is free.
        let sigma = array![[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, -1.0, 0.0], [1.0, -1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
        let model = spots(&["A", "B", "C", "D"], sigma);
        let shocks = |names: &[&str]| names.iter().map(|n| (spot(n), 0.1)).collect::<Vec<_>>();
        let error = propagate(&model, &shocks(&["D", "A", "B", "C"])).unwrap_err();
        assert_eq!(error, Error::Collinear { names: "spot of A, spot of B, spot of C".into() });
        // Two of them fix the third without any doubt left.
        let got = propagate(&model, &shocks(&["A", "C"])).unwrap();
        assert!(got.moves[1].1.abs() < 1e-15 && got.residual_deviations[0] < 1e-7);
        let dead = spots(&["A", "B"], array![[0.0, 0.0], [0.0, 1.0]]);
        assert_eq!(propagate(&dead, &shocks(&["A"])).unwrap_err(), Error::Collinear { names: "spot of A".into() });
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let model = four();
        assert!(matches!(propagate(&model, &[]), Err(Error::Input(CoreError::Empty { .. }))));
        assert!(matches!(propagate(&model, &[(volatility("A"), 0.1)]), Err(Error::UnknownFactor { .. })));
        let twice = [(spot("A"), 0.1), (spot("A"), 0.2)];
        assert!(matches!(propagate(&model, &twice), Err(Error::Input(CoreError::Duplicate { .. }))));
        for bad in [f64::NAN, f64::NEG_INFINITY] {
            let refused = propagate(&model, &[(spot("A"), bad)]);
            assert!(matches!(refused, Err(Error::Input(CoreError::ElementOutOfDomain { .. }))), "{bad}");
        }
        assert!(matches!(propagate(&model, &[(spot("A"), 1e300)]), Err(Error::Input(CoreError::Overflow { .. }))));
        let good = propagate(&model, &[(spot("A"), 0.1)]).unwrap();
        assert!(good.conditional_loss(&[(volatility("A"), 1.0)], Confidence::P99).is_err());
        assert!(good.conditional_loss(&[(spot("A"), f64::NAN)], Confidence::P99).is_err());
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<Propagation>(&text).unwrap(), good);
    }

    proptest! {
        /// Shocking a follower as well, to where it went anyway, changes neither the others nor the distance.
        #[test]
        fn conditioning_twice_is_conditioning_once(a in -3.0..3.0_f64, loads in prop::array::uniform6(-1.0..1.0_f64)) {
            let root = array![[1.0, 0.0, 0.0], [loads[0], 1.0, 0.0], [loads[1], loads[2], 0.5 + loads[3].abs()]];
            let model = spots(&["A", "B", "C"], root.dot(&root.t()));
            let once = propagate(&model, &[(spot("A"), a)]).unwrap();
            let twice = propagate(&model, &[(spot("A"), a), (spot("B"), once.moves[1].1)]).unwrap();
            prop_assert!((once.moves[2].1 - twice.moves[2].1).abs() < 1e-12);
            prop_assert!((once.distance - twice.distance).abs() < 1e-12);
            prop_assert!(twice.residual_deviations[0] <= once.residual_deviations[1] + 1e-12);
            prop_assert!(twice.plausibility >= once.plausibility - 1e-12);
        }
    }
}
