//! The targets, as the few numbers that define them.

use ndarray::{Array1, Array2};

use super::ShrinkageTarget;
use super::sample::Sample;
use crate::sum::compensated;
use crate::{Error, Result};

/// A target for the sample covariance `S`, in the units of the sample.
#[derive(Debug)]
pub(super) enum Target {
    /// `mean_variance · I`.
    ScaledIdentity { mean_variance: f64 },
    /// `inflation · bᵢ bⱼ / v` off the diagonal; `b` and `v` have divisor `n`.
    SingleFactor { covariances: Array1<f64>, variance: f64 },
    /// `ρ̄ σᵢ σⱼ` off the diagonal.
    ConstantCorrelation { mean_correlation: f64, volatilities: Array1<f64> },
}

impl Target {
    pub(super) fn of(kind: ShrinkageTarget, sample: &Sample) -> Result<Self> {
        match kind {
            ShrinkageTarget::ScaledIdentity => {
                let trace = compensated(sample.moments.diag().iter().copied());
                Ok(Self::ScaledIdentity { mean_variance: sample.inflation * trace / sample.assets() })
            }
            ShrinkageTarget::SingleFactor => single_factor(sample),
            ShrinkageTarget::ConstantCorrelation => constant_correlation(sample),
        }
    }

    /// `(1 − t) S + t F`.
    pub(super) fn mixed(&self, sample: &Sample, t: f64) -> Array2<f64> {
        let mut mixed = &sample.moments * (sample.inflation * (1.0 - t));
        match self {
            Self::ScaledIdentity { mean_variance } => mixed.diag_mut().iter_mut().for_each(|v| *v += t * mean_variance),
            _ => {
                for (i, mut row) in mixed.rows_mut().into_iter().enumerate() {
                    let own = sample.inflation * sample.moments[[i, i]];
                    row.iter_mut().enumerate().for_each(|(j, v)| *v += t * self.entry(sample, i, j));
                    row[i] = own;
                }
            }
        }
        mixed
    }

    /// `S − F`.
    pub(super) fn distance_to(&self, sample: &Sample) -> Array2<f64> {
        let mut difference = &sample.moments * sample.inflation;
        match self {
            Self::ScaledIdentity { mean_variance } => {
                difference.diag_mut().iter_mut().for_each(|v| *v -= mean_variance)
            }
            _ => {
                for (i, mut row) in difference.rows_mut().into_iter().enumerate() {
                    row.iter_mut().enumerate().for_each(|(j, v)| *v -= self.entry(sample, i, j));
                    row[i] = 0.0;
                }
            }
        }
        difference
    }

    /// An entry off the diagonal, the same for both of a mirrored pair to the last bit.
    fn entry(&self, sample: &Sample, i: usize, j: usize) -> f64 {
        let (first, second) = (i.max(j), i.min(j));
        match self {
            Self::ScaledIdentity { .. } => 0.0,
            Self::SingleFactor { covariances, variance } => {
                sample.inflation * (covariances[first] * covariances[second] / variance)
            }
            Self::ConstantCorrelation { mean_correlation, volatilities } => {
                mean_correlation * (volatilities[first] * volatilities[second])
            }
        }
    }
}

fn single_factor(sample: &Sample) -> Result<Target> {
    let assets = sample.assets();
    // The factor is the mean of the columns, so its covariances are the row means of the moments.
    let covariances: Array1<f64> =
        sample.moments.rows().into_iter().map(|row| compensated(row.iter().copied()) / assets).collect();
    let variance = compensated(covariances.iter().copied()) / assets;
    let largest = sample.moments.diag().iter().fold(0.0_f64, |a, v| a.max(*v));
    if variance <= assets * f64::EPSILON * largest {
        return Err(Error::Undefined { name: "single factor", reason: "the mean of the assets does not vary" });
    }
    Ok(Target::SingleFactor { covariances, variance })
}

fn constant_correlation(sample: &Sample) -> Result<Target> {
    let volatilities = sample.moments.diag().mapv(|v| (sample.inflation * v).sqrt());
    if volatilities.iter().any(|v| *v <= 0.0) {
        return Err(Error::Undefined { name: "constant correlation", reason: "an asset's variance vanishes" });
    }
    let assets = sample.assets();
    let inverse = volatilities.mapv(|v| 1.0 / v);
    let rows = sample.moments.rows().into_iter().enumerate();
    let sums = rows.map(|(i, row)| inverse[i] * (row.dot(&inverse) - row[i] * inverse[i]));
    let pairs = assets * (assets - 1.0);
    let total = sample.inflation * compensated(sums);
    let mean_correlation = if pairs > 0.0 { total / pairs } else { 0.0 };
    Ok(Target::ConstantCorrelation { mean_correlation, volatilities })
}
