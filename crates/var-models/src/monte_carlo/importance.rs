//! Importance sampling by an exponential twist of the delta-gamma approximation.
//!
//! ```text
//! Q = a + Σ (b y + λ y²),  y ~ N(0, 1);    under the twist  yⱼ ~ N(θ bⱼ s, s),  s = 1/(1 − 2θλⱼ)
//! likelihood ratio  e^(K(θ) − θQ),         θ such that the mean of Q is the VaR asked about:  K'(θ) = VaR
//! ```
//! Large losses become common and their weights small. The tail is weighted by the ratios over the number of paths;
//! what their sum misses of 1, or exceeds it by, is put to the smallest losses, which such a sample says little about.

use alluse_risk_core::{Confidence, Error as CoreError, LossDistribution};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice};

use super::draws::{Plan, Sampling};
use super::loss::{Design, SimulatedLoss};
use super::pnl::FactorPnl;
use super::simulation::{Simulation, pnl};
use crate::{DeltaGamma, Error, Result};

/// A delta-gamma law and its twist.
struct Twist {
    theta: f64,
    cgf: f64,
    constant: f64,
    slopes: Vec<f64>,
    curvatures: Vec<f64>,
}

impl Twist {
    fn new(book: &DeltaGamma, confidence: Confidence) -> Result<Self> {
        let loss = book.loss()?;
        let target = loss.value_at_risk(confidence)?.value;
        if loss.cumulant(2)? == 0.0 {
            return Err(CoreError::Undefined { name: "importance sampling", reason: "the book carries no risk" }.into());
        }
        let (theta, cgf) = loss.tilt_to(target);
        if !(theta > 0.0) {
            let expected = "so high that the VaR of the delta-gamma loss exceeds its mean";
            return Err(Error::out_of_domain("confidence", expected, confidence.level()));
        }
        let (slopes, curvatures) = (loss.form_slopes().to_vec(), loss.form_curvatures().to_vec());
        Ok(Self { theta, cgf, constant: loss.constant(), slopes, curvatures })
    }

    /// Turns standard normals into twisted ones, and returns `Q` of each row.
    fn apply(&self, normals: &mut Array2<f64>) -> Array1<f64> {
        let mut quadratic = Array1::from_elem(normals.nrows(), self.constant);
        for ((mut column, b), lambda) in normals.columns_mut().into_iter().zip(&self.slopes).zip(&self.curvatures) {
            let spread = 1.0 / (1.0 - 2.0 * self.theta * lambda);
            let (shift, deviation) = (self.theta * b * spread, spread.sqrt());
            for (y, q) in column.iter_mut().zip(&mut quadratic) {
                *y = shift + deviation * *y;
                *q += *y * (b + lambda * *y);
            }
        }
        quadratic
    }

    fn ratio(&self, quadratic: f64) -> f64 {
        (self.cgf - self.theta * quadratic).exp()
    }
}

/// Twisted moves, one a row, with their likelihood ratios and approximate losses.
pub(super) struct TwistedMoves {
    pub(super) moves: Array2<f64>,
    pub(super) ratios: Vec<f64>,
    pub(super) approximate: Vec<f64>,
}

impl Simulation {
    /// Losses of a book over the horizon of `approximation`, drawn where its delta-gamma approximation loses about its
    /// VaR at `confidence`: the far tail, cheaply. Use the answer near that level and beyond, not for the body.
    ///
    /// The factor moves have the normal law of `approximation`; `book` may be it or anything else that is valued from the same
    /// moves, such as a full revaluation.
    ///
    /// # Errors
    /// [`Error::Input`] for sampling that is not independent (`Unsupported`), a confidence so low that there is nothing to
    /// twist to (`InvalidInput`), a book without risk (`Undefined`), and the errors of the book.
    ///
    /// # Source
    /// Glasserman, Heidelberger and Shahabuddin (2000), *Variance reduction techniques for estimating Value-at-Risk*.
    pub fn importance_losses(
        &self,
        approximation: &DeltaGamma,
        book: &dyn FactorPnl,
        confidence: Confidence,
    ) -> Result<SimulatedLoss> {
        let twisted = self.twisted(approximation, confidence)?;
        let gains = pnl(book, twisted.moves.view())?;
        let weigh = |losses: ArrayView1<'_, f64>| tail_probabilities(&twisted.ratios, losses);
        let sample = self.weighted_sample(gains.view(), approximation.horizon(), weigh)?;
        Ok(SimulatedLoss::new(sample, Design::Ratios(twisted.ratios)))
    }

    pub(super) fn twisted(&self, approximation: &DeltaGamma, confidence: Confidence) -> Result<TwistedMoves> {
        if self.sampling() != Sampling::Independent {
            return Err(CoreError::Unsupported { what: "importance sampling that is not independent" }.into());
        }
        let twist = Twist::new(approximation, confidence)?;
        let directions = twist.slopes.len();
        let factors = approximation.factors();
        let plan = Plan::new(self.seed(), self.sampling(), self.paths(), (directions, None), 1)?;
        let rows = plan.run(factors + 1, |slab, rows| {
            let mut y = slab.normals.to_owned();
            let quadratic = twist.apply(&mut y);
            let moves = y.dot(&approximation.loadings().t());
            let target = Slice::from(slab.first..slab.first + y.nrows());
            let mut target = rows.slice_axis_mut(Axis(0), target);
            target.slice_axis_mut(Axis(1), Slice::from(..factors)).assign(&moves);
            target.column_mut(factors).assign(&quadratic);
            Ok(())
        })?;
        let approximate = rows.column(factors).to_vec();
        let ratios = approximate.iter().map(|q| twist.ratio(*q)).collect();
        Ok(TwistedMoves { moves: owned_columns(rows.view(), factors), ratios, approximate })
    }
}

fn owned_columns(rows: ArrayView2<'_, f64>, count: usize) -> Array2<f64> {
    rows.slice_axis(Axis(1), Slice::from(..count)).as_standard_layout().into_owned()
}

/// `ratio/n`, with what is missing from 1 added to the smallest loss and an excess taken from the smallest ones.
pub(super) fn tail_probabilities(ratios: &[f64], losses: ArrayView1<'_, f64>) -> Vec<f64> {
    let n = ratios.len() as f64;
    let mut probabilities: Vec<f64> = ratios.iter().map(|ratio| ratio / n).collect();
    let mut order: Vec<usize> = (0..ratios.len()).collect();
    order.sort_unstable_by(|a, b| losses[*a].total_cmp(&losses[*b]));
    let mut excess = probabilities.iter().sum::<f64>() - 1.0;
    for index in order {
        if excess < 0.0 {
            probabilities[index] -= excess;
            break;
        }
        let taken = probabilities[index].min(excess);
        probabilities[index] -= taken;
        excess -= taken;
        if excess == 0.0 {
            break;
        }
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_body_closes_the_balance() {
        // Ratios sum to 2.0 of 4: one half is missing, the smallest loss gets it.
        let p = tail_probabilities(&[0.4, 0.8, 0.4, 0.4], array![5.0, 1.0, 3.0, 4.0].view());
        assert!(p.iter().zip([0.1, 0.7, 0.1, 0.1]).all(|(got, want): (&f64, f64)| (got - want).abs() < 1e-15), "{p:?}");
        // Ratios sum to 6: a half too much, taken from the two smallest.
        let p = tail_probabilities(&[1.2, 0.8, 2.8, 1.2], array![5.0, 1.0, 3.0, 4.0].view());
        assert!(p.iter().zip([0.3, 0.0, 0.4, 0.3]).all(|(got, want): (&f64, f64)| (got - want).abs() < 1e-15), "{p:?}");
    }
}
