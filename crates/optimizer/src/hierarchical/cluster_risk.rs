//! The risk of a cluster held in inverse-variance weights.

use alluse_risk_core::Covariance;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::distance::inverse_volatilities;
use super::leaf_order::Branch;
use crate::{Error, Result};

/// What two clusters are compared by; the one with less of it receives more capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClusterRisk {
    /// The variance of the cluster's inverse-variance portfolio, as in the papers.
    #[default]
    Variance,
    /// Its volatility.
    Volatility,
    /// Nothing: each side of a split receives half.
    Equal,
}

impl ClusterRisk {
    pub(super) fn of(self, variance: f64) -> f64 {
        match self {
            Self::Variance => variance,
            Self::Volatility => variance.sqrt(),
            Self::Equal => 1.0,
        }
    }
}

/// Inverse-variance portfolios of any set of assets.
///
/// ```text
/// wᵢ = bᵢ² / Σ b²      V = s² · (b'ρb) / (Σ b²)²      bᵢ = s/σᵢ,  s = min σ
/// ```
///
/// `b` is the same for every set, so `b'ρb` of a union is that of its parts and twice the sum across: all clusters of
/// a tree together cost one pass over the covariance.
#[derive(Debug)]
pub(super) struct InverseVariance<'a> {
    covariance: &'a Covariance,
    smallest: f64,
    /// `b`.
    ratios: Array1<f64>,
    /// `s/σ²`: what turns `Σᵢⱼ` into `bᵢ ρᵢⱼ bⱼ`.
    scales: Array1<f64>,
}

/// What is known of one set of assets.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Set {
    /// `b'ρb`.
    form: f64,
    /// `Σ b²`.
    squares: f64,
    /// `Σ b`, for the size of rounding errors.
    sum: f64,
}

impl Set {
    fn joined(self, other: Self, across: f64) -> Self {
        let form = self.form + other.form + 2.0 * across;
        Self { form, squares: self.squares + other.squares, sum: self.sum + other.sum }
    }
}

impl<'a> InverseVariance<'a> {
    pub(super) fn new(covariance: &'a Covariance) -> Result<Self> {
        let inverse = inverse_volatilities(covariance)?;
        let largest = inverse.iter().fold(0.0_f64, |largest, v| largest.max(*v));
        let ratios = &inverse / largest;
        let scales = &ratios * &inverse;
        Ok(Self { covariance, smallest: 1.0 / largest, ratios, scales })
    }

    /// The weights of a set, sum 1.
    pub(super) fn weights(&self, members: &[usize]) -> Vec<f64> {
        // Relative to the calmest member: a set of very volatile assets must not vanish beside the others.
        let largest = members.iter().fold(0.0_f64, |largest, &i| largest.max(self.ratios[i]));
        let squares: Vec<f64> = members.iter().map(|&i| (self.ratios[i] / largest).powi(2)).collect();
        let sum: f64 = squares.iter().sum();
        squares.into_iter().map(|square| square / sum).collect()
    }

    /// The variance of the portfolio of one set.
    pub(super) fn variance_of(&self, members: &[usize]) -> Result<f64> {
        let mut set: Option<Set> = None;
        for (index, &asset) in members.iter().enumerate() {
            let single = self.single(asset);
            set = Some(match set {
                None => single,
                Some(set) => set.joined(single, self.across(&members[..index], &[asset])),
            });
        }
        let set = set.ok_or(alluse_risk_core::Error::Empty { name: "cluster" })?;
        self.variance(set, members.len())
    }

    /// The variances left and right of each branch; `order` names the assets, children come after their parents.
    pub(super) fn beside(&self, order: &[usize], branches: &[Branch]) -> Result<Vec<(f64, f64)>> {
        // What is known of the largest cluster so far that begins at each place.
        let mut sets: Vec<Set> = order.iter().map(|&asset| self.single(asset)).collect();
        let mut variances = vec![(0.0, 0.0); branches.len()];
        for (branch, out) in branches.iter().zip(&mut variances).rev() {
            let (left, right) = (sets[branch.start], sets[branch.middle]);
            *out = (self.variance(left, order.len())?, self.variance(right, order.len())?);
            let across = self.across(&order[branch.start..branch.middle], &order[branch.middle..branch.end]);
            sets[branch.start] = left.joined(right, across);
        }
        Ok(variances)
    }

    fn single(&self, asset: usize) -> Set {
        let ratio = self.ratios[asset];
        Set { form: ratio * ratio, squares: ratio * ratio, sum: ratio }
    }

    /// `Σ bᵢ ρᵢⱼ bⱼ` over pairs of one asset from each side.
    fn across(&self, left: &[usize], right: &[usize]) -> f64 {
        let matrix = self.covariance.view();
        left.iter()
            .map(|&i| {
                let row = matrix.row(i);
                self.scales[i] * right.iter().map(|&j| row[j] * self.scales[j]).sum::<f64>()
            })
            .sum()
    }

    /// Below zero by no more than rounding is zero.
    fn variance(&self, set: Set, n: usize) -> Result<f64> {
        let rounding = n as f64 * f64::EPSILON * set.sum * set.sum;
        let form = if set.form < 0.0 && -set.form <= rounding { 0.0 } else { set.form };
        let root = self.smallest / set.squares;
        let variance = form * root * root;
        if variance >= 0.0 && variance.is_finite() {
            return Ok(variance);
        }
        let reason = format!("it comes out as {variance:e}: the covariance is not positive semidefinite or overflows");
        Err(Error::Undefined { what: "the variance of a cluster", reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use testkit::close;

    #[test]
    fn variances_agree_with_the_portfolio_of_the_cluster() {
        let matrix = array![[0.04, 0.01, -0.02], [0.01, 0.09, 0.03], [-0.02, 0.03, 0.16]];
        let covariance = Covariance::new(matrix).unwrap();
        let portfolios = InverseVariance::new(&covariance).unwrap();
        let branches = [Branch { start: 0, middle: 2, end: 3 }, Branch { start: 0, middle: 1, end: 2 }];
        let variances = portfolios.beside(&[2, 0, 1], &branches).unwrap();
        // Assets 2 and 0: weights 0.2 and 0.8.
        let pair = covariance.variance_of(array![0.8, 0.0, 0.2].view()).unwrap();
        close(variances[0].0 / pair, 1.0, 1e-14);
        close(variances[0].1 / 0.09, 1.0, 1e-14);
        close(variances[1].0 / 0.16, 1.0, 1e-14);
        close(portfolios.weights(&[2, 0])[1], 0.8, 1e-15);
    }

    #[test]
    fn a_matrix_that_is_no_covariance_shows() {
        let rho = array![[1.0, -0.9, -0.9], [-0.9, 1.0, -0.9], [-0.9, -0.9, 1.0]];
        let covariance = Covariance::new(rho.clone()).unwrap();
        let branches = [Branch { start: 0, middle: 2, end: 3 }, Branch { start: 0, middle: 1, end: 2 }];
        // The pair is fine; all three together are not looked at by a split of three.
        assert!(InverseVariance::new(&covariance).unwrap().beside(&[0, 1, 2], &branches).is_ok());
        let four = Array1::from_elem(4, 0.0);
        let mut matrix = ndarray::Array2::from_diag(&four.mapv(|_: f64| 1.0));
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            matrix[[i, j]] = rho[[i, j]];
        }
        let covariance = Covariance::new(matrix).unwrap();
        let branches = [
            Branch { start: 0, middle: 3, end: 4 },
            Branch { start: 0, middle: 2, end: 3 },
            Branch { start: 0, middle: 1, end: 2 },
        ];
        let error = InverseVariance::new(&covariance).unwrap().beside(&[0, 1, 2, 3], &branches).unwrap_err();
        assert!(matches!(error, Error::Undefined { what: "the variance of a cluster", .. }));
    }
}
