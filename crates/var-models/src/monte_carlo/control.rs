//! The delta-normal P&L as a control.
//!
//! Its law is known exactly, so how many paths should fall between any two of its quantiles is known too. Each path
//! is given the weight that makes the simulated shares equal to the exact ones:
//! ```text
//! wᵢ = pₖ/nₖ for a path whose control lies in stratum k of mass pₖ with nₖ paths
//! ```
//! That is the regression on the indicators of all strata at once, and for one stratum edge the estimator of the
//! indicator control at that VaR. The weights are positive and the same for every measure.
//!
//! Hsu and Nelson (1990); Hesterberg and Nelson (1998), *Control variates for probability and quantile estimation*.

use alluse_risk_core::{Error as CoreError, Horizon, normal};
use ndarray::{ArrayView1, Axis};

use super::draws::Sampling;
use super::loss::{Design, SimulatedLoss};
use super::model::FactorModel;
use super::pnl::FactorPnl;
use super::simulation::{Simulation, pnl};
use crate::Result;
use crate::student_t_law::StandardT;

/// Strata of equal mass.
const STRATA: usize = 50;

/// Fewest paths that a stratum may be expected to hold.
const EXPECTED: f64 = 50.0;

impl Simulation {
    /// Losses of a book over one day with its delta-normal P&L `δ'x` as a control.
    ///
    /// # Errors
    /// As [`losses`](Self::losses); [`Error::Input`](crate::Error::Input), kind `Unsupported`, for a copula, whose control has no known law,
    /// and for sampling that is not independent; `Undefined` when the control does not vary.
    pub fn losses_with_control(
        &self,
        model: &FactorModel,
        book: &dyn FactorPnl,
        deltas: ArrayView1<'_, f64>,
    ) -> Result<SimulatedLoss> {
        if self.sampling() != Sampling::Independent {
            return Err(CoreError::Unsupported { what: "a control with sampling that is not independent" }.into());
        }
        let Some((mean, deviation)) = model.portfolio_moments(deltas)? else {
            return Err(CoreError::Unsupported { what: "a delta-normal control under a copula" }.into());
        };
        if deviation == 0.0 {
            return Err(CoreError::Undefined { name: "control", reason: "the deltas carry no risk" }.into());
        }
        let both = self.plan(model, Horizon::DAY)?.run(2, |slab, rows| {
            let moves = model.moves(slab.normals, slab.chi_squares)?;
            let (gains, controls) = (pnl(book, moves.view())?, moves.dot(&deltas));
            for (k, (gain, control)) in gains.iter().zip(&controls).enumerate() {
                rows[[slab.first + k, 0]] = *gain;
                rows[[slab.first + k, 1]] = *control;
            }
            Ok(())
        })?;
        let quantile = |p: f64| -> Result<f64> {
            let z = match model.degrees_of_freedom() {
                None => normal::quantile(p)?,
                Some(nu) => StandardT::new(nu).quantile(p)? * ((nu - 2.0) / nu).sqrt(),
            };
            Ok(mean + deviation * z)
        };
        let levels = levels(self.paths());
        let edges: Vec<f64> = levels.iter().map(|p| quantile(*p)).collect::<Result<_>>()?;
        let strata = Strata::new(both.index_axis(Axis(1), 1), &levels, &edges);
        let sample = self.weighted_sample(both.column(0), Horizon::DAY, |_| strata.probabilities())?;
        Ok(SimulatedLoss::new(sample, Design::Strata { stratum: strata.stratum, mass: strata.mass }))
    }
}

/// Levels between the strata: equal steps, and halvings of the outer ones on both sides while they hold enough paths.
fn levels(paths: usize) -> Vec<f64> {
    let mut levels: Vec<f64> = (1..STRATA).map(|k| k as f64 / STRATA as f64).collect();
    let mut tail = 0.5 / STRATA as f64;
    while tail * paths as f64 >= EXPECTED {
        levels.insert(0, tail);
        levels.push(1.0 - tail);
        tail *= 0.5;
    }
    levels
}

/// The stratum of each path, and the exact mass of each stratum.
struct Strata {
    stratum: Vec<usize>,
    mass: Vec<f64>,
}

impl Strata {
    /// Strata that hold no path are joined to the one below, or at the bottom to the one above.
    fn new(controls: ArrayView1<'_, f64>, levels: &[f64], edges: &[f64]) -> Self {
        let raw: Vec<usize> = controls.iter().map(|c| edges.partition_point(|edge| edge < c)).collect();
        let mut counts = vec![0_usize; edges.len() + 1];
        raw.iter().for_each(|k| counts[*k] += 1);
        let below = |k: usize| if k == 0 { 0.0 } else { levels[k - 1] };
        let above = |k: usize| levels.get(k).copied().unwrap_or(1.0);
        let (mut joined, mut mass) = (Vec::with_capacity(counts.len()), Vec::<f64>::new());
        let mut waiting = 0.0;
        for (k, count) in counts.iter().enumerate() {
            let own = above(k) - below(k);
            match mass.last_mut() {
                Some(last) if *count == 0 => *last += own,
                None if *count == 0 => waiting += own,
                _ => {
                    mass.push(own + waiting);
                    waiting = 0.0;
                }
            }
            joined.push(mass.len().saturating_sub(1));
        }
        Self { stratum: raw.into_iter().map(|k| joined[k]).collect(), mass }
    }

    fn probabilities(&self) -> Vec<f64> {
        let mut counts = vec![0_usize; self.mass.len()];
        self.stratum.iter().for_each(|k| counts[*k] += 1);
        self.stratum.iter().map(|k| self.mass[*k] / counts[*k] as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_levels_are_added_while_they_hold_paths() {
        assert_eq!(levels(100).len(), 49);
        // 1 % of 10,000 is 100 paths, half of it 50, a quarter 25: two more on either side.
        let fine = levels(10_000);
        assert_eq!(fine.len(), 53);
        assert_eq!((fine[0], fine[1], fine[52]), (0.005, 0.01, 0.995));
        assert!(fine.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn empty_strata_join_their_neighbours() {
        let controls = ndarray::array![0.5, 0.6, 2.5];
        let strata = Strata::new(controls.view(), &[0.1, 0.5, 0.6, 0.9], &[-1.0, 0.0, 1.0, 2.0]);
        // Strata 0 and 1 are empty below the first path, stratum 3 is empty above it.
        assert_eq!(strata.stratum, [0, 0, 1]);
        assert!((strata.mass[0] - 0.9).abs() < 1e-15 && (strata.mass[1] - 0.1).abs() < 1e-15);
        let p = strata.probabilities();
        assert!((p[0] - 0.45).abs() < 1e-15 && (p[2] - 0.1).abs() < 1e-15);
    }
}
