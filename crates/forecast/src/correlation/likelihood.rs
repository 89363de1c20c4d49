//! The likelihood of the correlations of standardised returns, date by date.

use alluse_risk_core::linalg::cholesky;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::CorrelationDynamics;
use crate::Result;

/// Which densities the two parameters are fitted to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationLikelihood {
    /// `Full` up to ten series, `AdjacentPairs` beyond.
    #[default]
    Automatic,
    /// The density of all series at once. It needs a factorisation a date and, with many series, pulls the parameters
    /// towards a correlation that does not move.
    Full,
    /// The sum of the densities of the pairs (0, 1), (1, 2), … (Engle, Shephard and Sheppard): its cost grows with
    /// the number of series, not with its cube.
    AdjacentPairs,
    /// The sum of the densities of all pairs.
    AllPairs,
}

impl CorrelationLikelihood {
    pub(super) fn of(self, series: usize) -> Self {
        match self {
            Self::Automatic if series <= 10 => Self::Full,
            Self::Automatic => Self::AdjacentPairs,
            chosen => chosen,
        }
    }

    fn pairs(self, series: usize) -> Vec<(usize, usize)> {
        match self {
            Self::AllPairs => (0..series).flat_map(|i| (i + 1..series).map(move |j| (i, j))).collect(),
            _ => (1..series).map(|j| (j - 1, j)).collect(),
        }
    }
}

/// Pairs that one task takes, so that sums do not depend on the number of threads.
const CHUNK: usize = 16;

/// Standardised returns and the target that their correlation returns to.
pub(super) struct Sample {
    /// Series × dates.
    pub(super) by_series: Array2<f64>,
    pub(super) target: Array2<f64>,
    pub(super) dynamics: CorrelationDynamics,
    pub(super) likelihood: CorrelationLikelihood,
}

impl Sample {
    /// Log-likelihood of each date beyond that of uncorrelated series, for the weight `news` of the last products and
    /// `decay` of the last quasi-correlation.
    pub(super) fn by_date(&self, news: f64, decay: f64) -> Result<Vec<f64>> {
        match self.likelihood {
            CorrelationLikelihood::Full => self.all_at_once(news, decay),
            _ => Ok(self.pairwise(news, decay)),
        }
    }

    fn pairwise(&self, news: f64, decay: f64) -> Vec<f64> {
        let pairs = self.likelihood.pairs(self.by_series.nrows());
        let chunk = |pairs: &[(usize, usize)]| {
            let mut dates = vec![0.0; self.by_series.ncols()];
            pairs.iter().for_each(|&(i, j)| self.pair(i, j, news, decay, &mut dates));
            dates
        };
        #[cfg(feature = "parallel")]
        let parts: Vec<Vec<f64>> = {
            use rayon::prelude::*;
            pairs.par_chunks(CHUNK).map(chunk).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let parts: Vec<Vec<f64>> = pairs.chunks(CHUNK).map(chunk).collect();
        let mut dates = vec![0.0; self.by_series.ncols()];
        for part in parts {
            dates.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        dates
    }

    fn pair(&self, i: usize, j: usize, news: f64, decay: f64, dates: &mut [f64]) {
        let rest = 1.0 - news - decay;
        let target = self.target[(i, j)];
        let (mut own_i, mut own_j, mut cross) = (1.0_f64, 1.0_f64, target);
        for ((slot, &x), &y) in dates.iter_mut().zip(self.by_series.row(i)).zip(self.by_series.row(j)) {
            let scale = own_i * own_j;
            let correlation = cross / scale.sqrt();
            let free = 1.0 - correlation * correlation;
            let squares = x * x + y * y;
            *slot -= 0.5 * (libm::log(free) + (squares - 2.0 * correlation * x * y) / free - squares);
            // Aielli's correction scales the news by the quasi-volatilities, so that its mean is the target.
            let (to_i, to_j, to_cross) = match self.dynamics {
                CorrelationDynamics::Corrected => (own_i, own_j, scale.sqrt()),
                _ => (1.0, 1.0, 1.0),
            };
            cross = rest * target + news * to_cross * x * y + decay * cross;
            own_i = rest + news * to_i * x * x + decay * own_i;
            own_j = rest + news * to_j * y * y + decay * own_j;
        }
    }

    fn all_at_once(&self, news: f64, decay: f64) -> Result<Vec<f64>> {
        let mut quasi = Quasi::new(self.target.view(), self.dynamics, news, decay);
        let mut dates = Vec::with_capacity(self.by_series.ncols());
        for z in self.by_series.columns() {
            let factor = cholesky(quasi.correlation().view())?;
            let solved = factor.solve(z)?;
            dates.push(-0.5 * (factor.log_determinant() + z.dot(&solved) - z.dot(&z)));
            quasi.observe(z);
        }
        Ok(dates)
    }
}

/// The quasi-correlation `Q` and its recursion.
#[derive(Debug, Clone)]
pub(super) struct Quasi<'a> {
    pub(super) value: Array2<f64>,
    target: ArrayView2<'a, f64>,
    dynamics: CorrelationDynamics,
    news: f64,
    decay: f64,
}

impl<'a> Quasi<'a> {
    pub(super) fn new(target: ArrayView2<'a, f64>, dynamics: CorrelationDynamics, news: f64, decay: f64) -> Self {
        Self { value: target.to_owned(), target, dynamics, news, decay }
    }

    pub(super) fn from(mut self, value: Array2<f64>) -> Self {
        self.value = value;
        self
    }

    /// `Q` with a unit diagonal.
    pub(super) fn correlation(&self) -> Array2<f64> {
        let scale = self.value.diag().mapv(f64::sqrt);
        let mut correlation = self.value.clone();
        for ((i, j), slot) in correlation.indexed_iter_mut() {
            *slot = if i == j { 1.0 } else { *slot / (scale[i] * scale[j]) };
        }
        correlation
    }

    pub(super) fn observe(&mut self, z: ndarray::ArrayView1<'_, f64>) {
        let scaled = match self.dynamics {
            CorrelationDynamics::Corrected => &self.value.diag().mapv(f64::sqrt) * &z,
            _ => z.to_owned(),
        };
        let rest = 1.0 - self.news - self.decay;
        let rows = self.value.rows_mut().into_iter().zip(self.target.rows()).zip(&scaled);
        for ((mut row, target), &left) in rows {
            let left = self.news * left;
            for ((slot, &mean), &right) in row.iter_mut().zip(target).zip(&scaled) {
                *slot = rest * mean + left * right + self.decay * *slot;
            }
        }
    }
}
