//! Reverse stress of a linear book, without a search.

use alluse_risk_core::Error as CoreError;
use ndarray::Axis;

use super::loss::{LinearLoss, ScenarioLoss};
use super::result::ReverseScenario;
use super::space::Space;
use super::starts::Start;
use crate::factors::length;
use crate::plausibility::chi_square_survival;
use crate::{Error, FactorModel, Result};

/// The least unusual scenario that costs a linear book at least `target_loss`.
///
/// ```text
/// x* = μ − Σd (L + d'μ)/(d'Σd)      m = (L + d'μ)/√(d'Σd)
/// ```
///
/// By the inequality of Cauchy and Schwarz no scenario nearer than `m` costs as much, which makes the answer the only
/// one. When the mean itself costs that much, the answer is the mean.
///
/// # Errors
/// - [`Error::Infeasible`] when the book does not move with the factors.
/// - [`Error::Input`] unless there is one exposure a factor, and for a loss that is not finite.
///
/// # Source
/// Breuer, Jandačka, Rheinberger and Summer (2009), *How to find plausible, severe, and useful stress scenarios*,
/// International Journal of Central Banking 5(3).
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::{FactorModel, LinearLoss, linear_reverse_stress};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let covariance = Covariance::new(array![[4e-4]])?;
/// let model = FactorModel::new(date(2024, 1, 5), Horizon::DAY, vec![(spy, ShockKind::Relative)], covariance)?;
/// let worst = linear_reverse_stress(&model, &LinearLoss::new(array![1e6])?, 100_000.0)?;
/// assert!((worst.shocks[0].1 + 0.10).abs() < 1e-15); // a million falls by a tenth
/// assert!((worst.distance - 5.0).abs() < 1e-12); // five standard deviations
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn linear_reverse_stress(model: &FactorModel, loss: &LinearLoss, target_loss: f64) -> Result<ReverseScenario> {
    length("exposures", model.factors().len(), loss.factors())?;
    super::target_valid(target_loss)?;
    let d = loss.exposures();
    let deviation = model.covariance().volatility_of(d)?;
    let missing = target_loss + d.dot(&model.mean());
    if missing > 0.0 && !(deviation > 0.0) {
        let reason = "the book does not move with the factors".to_owned();
        return Err(Error::Infeasible { what: "reverse stress test", reason });
    }
    let distance = if missing > 0.0 { missing / deviation } else { 0.0 };
    let mut moves = model.mean().to_owned();
    if distance > 0.0 {
        moves.scaled_add(-distance / deviation, &model.covariance().view().dot(&d));
    }
    let achieved = loss.losses(moves.view().insert_axis(Axis(0)))?[0];
    if !achieved.is_finite() {
        return Err(CoreError::Overflow { name: "reverse stress scenario" }.into());
    }
    let moving = model.volatilities().iter().any(|volatility| *volatility > 0.0);
    let degrees_of_freedom = if moving { Space::new(model)?.rank() } else { 0 };
    Ok(ReverseScenario {
        shocks: model.factors().iter().map(|(factor, _)| factor.clone()).zip(moves).collect(),
        distance,
        plausibility: chi_square_survival(distance, degrees_of_freedom),
        degrees_of_freedom,
        loss: achieved,
        kkt_residual: 0.0,
        surrogate_loss: None,
        start: if distance > 0.0 { Start::ClosedForm } else { Start::Centre },
        starts: 1,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::factors::tests::spots;

    #[test]
    fn two_factors_by_hand() {
        // d'Σd = 100²·4e-4 + 2·100·(−50)·1e-4 + 50²·1e-4 = 4 − 1 + 0.25.
        let model = spots(&["A", "B"], array![[4e-4, 1e-4], [1e-4, 1e-4]]).with_mean(vec![0.01, 0.02]).unwrap();
        let loss = LinearLoss::new(array![100.0, -50.0]).unwrap();
        let worst = linear_reverse_stress(&model, &loss, 6.5).unwrap();
        // The mean earns 1 − 1 = 0, so the distance is 6.5/√3.25.
        assert!((worst.distance - 6.5 / 3.25_f64.sqrt()).abs() < 1e-13);
        // Σd = (0.04 − 0.005, 0.01 − 0.005); times 6.5/3.25 = 2.
        assert!((worst.shocks[0].1 - (0.01 - 0.07)).abs() < 1e-15);
        assert!((worst.shocks[1].1 - (0.02 - 0.01)).abs() < 1e-15);
        assert!((worst.loss - 6.5).abs() < 1e-13);
        assert_eq!((worst.degrees_of_freedom, worst.start), (2, Start::ClosedForm));
        // SciPy 1.17.1: exp(-6.5²/3.25/2) for two degrees of freedom.
        assert!((worst.plausibility - (-6.5_f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn edges() {
        let model = spots(&["A", "B"], array![[1.0, 0.0], [0.0, 0.0]]).with_mean(vec![-0.5, 0.0]).unwrap();
        let loss = |a, b| LinearLoss::new(array![a, b]).unwrap();
        // The mean already costs 50.
        let done = linear_reverse_stress(&model, &loss(100.0, 0.0), 40.0).unwrap();
        assert_eq!((done.distance, done.plausibility, done.loss, done.start), (0.0, 1.0, 50.0, Start::Centre));
        assert_eq!(linear_reverse_stress(&model, &loss(100.0, 0.0), 60.0).unwrap().degrees_of_freedom, 1);
        let still = linear_reverse_stress(&model, &loss(0.0, 100.0), 1.0);
        assert!(matches!(still, Err(Error::Infeasible { .. })));
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(matches!(
                linear_reverse_stress(&model, &loss(1.0, 1.0), bad),
                Err(Error::Input(CoreError::OutOfDomain { .. }))
            ));
        }
        let short = LinearLoss::new(array![1.0]).unwrap();
        assert!(matches!(
            linear_reverse_stress(&model, &short, 1.0),
            Err(Error::Input(CoreError::LengthMismatch { .. }))
        ));
    }

    proptest! {
        /// The certificate: random scenarios at a smaller distance cost less.
        #[test]
        fn nothing_nearer_costs_as_much(d in prop::array::uniform3(-1.0..1.0_f64), z in prop::array::uniform3(-1.0..1.0_f64)) {
            prop_assume!(d.iter().any(|v| v.abs() > 0.01) && z.iter().any(|v| v.abs() > 1e-3));
            let root = array![[0.02, 0.0, 0.0], [0.01, 0.03, 0.0], [-0.02, 0.01, 0.01]];
            let model = spots(&["A", "B", "C"], root.dot(&root.t()));
            let loss = LinearLoss::new(d.to_vec()).unwrap();
            let worst = linear_reverse_stress(&model, &loss, 0.1).unwrap();
            let length = z.iter().map(|v| v * v).sum::<f64>().sqrt();
            let y = ndarray::Array1::from_iter(z.iter().map(|v| v / length * worst.distance * 0.999));
            let x = root.dot(&y);
            prop_assert!(loss.losses(x.view().insert_axis(Axis(0))).unwrap()[0] < 0.1);
            prop_assert!((worst.loss - 0.1).abs() < 1e-12);
        }
    }
}
