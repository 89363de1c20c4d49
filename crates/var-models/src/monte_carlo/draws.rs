//! Where the normals of a simulation come from, chunk by chunk.

use alluse_risk_core::sobol::{Scrambling, Sobol};
use alluse_risk_core::streams::{BLOCK, ChaCha8Rng, Streams, fill_chi_squares, fill_standard_normals};
use alluse_risk_core::{Error as CoreError, Result as CoreResult, normal};
use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::chi_square;

/// How random numbers are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampling {
    /// Independent paths.
    #[default]
    Independent,
    /// Paths in pairs `z` and `−z` with one mixing variable. A pair counts as one observation.
    Antithetic,
    /// Batches in each of which every normal has mean 0 and variance 1 exactly. The error comes from the spread between
    /// batches, since paths of a batch are not independent.
    MomentMatched {
        /// Batches, at least [`Sampling::MIN_REPLICATES`].
        batches: usize,
    },
    /// Independently scrambled Sobol points. The error comes from the spread between scramblings.
    Sobol {
        /// Scramblings, at least [`Sampling::MIN_REPLICATES`]; the paths of each are a power of two.
        scramblings: usize,
        /// What a scrambling is.
        randomisation: Randomisation,
    },
}

/// How Sobol points are made random.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Randomisation {
    /// Owen's nested scrambling.
    #[default]
    Nested,
    /// One shift of the digits.
    DigitalShift,
}

impl Sampling {
    /// Replicates below which their spread says too little.
    pub const MIN_REPLICATES: usize = 16;

    /// Scrambled Sobol points with the fewest scramblings.
    #[must_use]
    pub fn sobol() -> Self {
        Self::Sobol { scramblings: Self::MIN_REPLICATES, randomisation: Randomisation::Nested }
    }

    /// Moment matching with the fewest batches.
    #[must_use]
    pub fn moment_matched() -> Self {
        Self::MomentMatched { batches: Self::MIN_REPLICATES }
    }

    /// Independent replicates that the paths divide into, where errors are read from their spread.
    pub(super) fn replicates(self) -> Option<usize> {
        match self {
            Self::Independent | Self::Antithetic => None,
            Self::MomentMatched { batches } => Some(batches),
            Self::Sobol { scramblings, .. } => Some(scramblings),
        }
    }

    pub(super) fn check(self, paths: usize) -> CoreResult<()> {
        let refused =
            |name, expected, value: usize| Err(CoreError::OutOfDomain { name, expected, value: value as f64 });
        if paths < 2 {
            return refused("paths", "at least 2", paths);
        }
        if self == Self::Antithetic && !paths.is_multiple_of(2) {
            return refused("paths of antithetic pairs", "even", paths);
        }
        let Some(replicates) = self.replicates() else { return Ok(()) };
        if replicates < Self::MIN_REPLICATES {
            return refused("replicates", "at least 16", replicates);
        }
        if !paths.is_multiple_of(replicates) || paths / replicates < 2 {
            return refused("paths", "a multiple of the replicates, two or more each", paths);
        }
        if matches!(self, Self::Sobol { .. }) && !(paths / replicates).is_power_of_two() {
            return refused("paths of a scrambling", "a power of two", paths / replicates);
        }
        Ok(())
    }
}

/// Rows of normals that are made at a time: they stay in the cache for the product that follows.
const SLAB: usize = 256;

/// Everything that fixes the draws of a simulation.
#[derive(Debug)]
pub(super) struct Plan {
    streams: Streams,
    sampling: Sampling,
    paths: usize,
    directions: usize,
    degrees: Option<f64>,
    days: usize,
    points: Vec<Sobol>,
}

/// Some rows of one day: where they start in their chunk, their normals, and their chi-squares where there are any.
pub(super) struct Slab<'a> {
    pub(super) day: usize,
    pub(super) first: usize,
    pub(super) normals: ArrayView2<'a, f64>,
    pub(super) chi_squares: &'a [f64],
}

impl Plan {
    pub(super) fn new(
        seed: u64,
        sampling: Sampling,
        paths: usize,
        (directions, degrees): (usize, Option<f64>),
        days: usize,
    ) -> CoreResult<Self> {
        sampling.check(paths)?;
        let streams = Streams::new(seed);
        let dimensions = days * (directions + usize::from(degrees.is_some()));
        let points = match sampling {
            Sampling::Sobol { scramblings, randomisation } if dimensions > 0 => (0..scramblings)
                .map(|k| {
                    let seed = streams.derived_seed(k as u64);
                    let scrambling = match randomisation {
                        Randomisation::Nested => Scrambling::Nested { seed },
                        Randomisation::DigitalShift => Scrambling::DigitalShift { seed },
                    };
                    Sobol::new(dimensions, scrambling)
                })
                .collect::<CoreResult<_>>()?,
            _ => Vec::new(),
        };
        Ok(Self { streams, sampling, paths, directions, degrees, days, points })
    }

    /// Rows of a chunk.
    fn chunk(&self) -> usize {
        match self.sampling {
            Sampling::Independent | Sampling::Antithetic => BLOCK,
            Sampling::MomentMatched { batches } => self.paths / batches,
            Sampling::Sobol { scramblings, .. } => BLOCK.min(self.paths / scramblings),
        }
    }

    /// Makes one row of `width` results a path: `work` gets the slabs of each chunk in order, day by day, together with
    /// all result rows of the chunk.
    pub(super) fn run<W>(&self, width: usize, work: W) -> CoreResult<Array2<f64>>
    where
        W: Fn(Slab<'_>, &mut ndarray::ArrayViewMut2<'_, f64>) -> CoreResult<()> + Send + Sync,
    {
        let mut results = Array2::zeros((self.paths, width));
        self.streams.try_fill_chunks(&mut results, self.chunk(), |index, stream, mut rows| {
            let count = rows.nrows();
            if self.points.is_empty() {
                self.run_stream(stream, count, |slab| work(slab, &mut rows))
            } else {
                self.run_points(index, count, |slab| work(slab, &mut rows))
            }
        })?;
        Ok(results)
    }

    fn run_stream(
        &self,
        stream: &mut ChaCha8Rng,
        count: usize,
        mut work: impl FnMut(Slab<'_>) -> CoreResult<()>,
    ) -> CoreResult<()> {
        let matched = matches!(self.sampling, Sampling::MomentMatched { .. });
        // A batch is matched as a whole.
        let rows = if matched { count } else { SLAB };
        let mut normals = Array2::zeros((rows.min(count), self.directions));
        let mut chi_squares = vec![0.0; if self.degrees.is_some() { count } else { 0 }];
        for day in 0..self.days {
            if let Some(degrees) = self.degrees {
                self.mixing(stream, degrees, &mut chi_squares)?;
            }
            for first in (0..count).step_by(rows) {
                let taken = rows.min(count - first);
                let mut slab = normals.slice_axis_mut(Axis(0), Slice::from(..taken));
                self.fill(stream, slab.as_slice_mut().unwrap_or_default());
                if matched {
                    slab.columns_mut().into_iter().for_each(match_moments);
                }
                let chi_squares = if chi_squares.is_empty() { &[][..] } else { &chi_squares[first..first + taken] };
                work(Slab { day, first, normals: slab.view(), chi_squares })?;
            }
        }
        Ok(())
    }

    fn mixing(&self, stream: &mut ChaCha8Rng, degrees: f64, out: &mut [f64]) -> CoreResult<()> {
        if self.sampling != Sampling::Antithetic {
            return fill_chi_squares(stream, degrees, out);
        }
        let mut halves = vec![0.0; out.len() / 2];
        fill_chi_squares(stream, degrees, &mut halves)?;
        out.iter_mut().enumerate().for_each(|(i, out)| *out = halves[i / 2]);
        Ok(())
    }

    /// Rows after one another; of antithetic pairs the second is the first with the other sign.
    fn fill(&self, stream: &mut ChaCha8Rng, rows: &mut [f64]) {
        if self.sampling != Sampling::Antithetic || self.directions == 0 {
            return fill_standard_normals(stream, rows);
        }
        for pair in rows.chunks_exact_mut(2 * self.directions) {
            let (first, second) = pair.split_at_mut(self.directions);
            fill_standard_normals(stream, first);
            second.iter_mut().zip(first).for_each(|(second, first)| *second = -*first);
        }
    }

    fn run_points(
        &self,
        index: usize,
        count: usize,
        mut work: impl FnMut(Slab<'_>) -> CoreResult<()>,
    ) -> CoreResult<()> {
        let per_scrambling = self.paths / self.points.len();
        let first_path = index * self.chunk();
        let sobol = &self.points[first_path / per_scrambling];
        let first_point = (first_path % per_scrambling) as u64;
        let all = sobol.standard_normals(first_point, count)?;
        let mixed = usize::from(self.degrees.is_some());
        for day in 0..self.days {
            // The mixing variable moves everything, so it gets the first coordinate of its day.
            let start = day * (self.directions + mixed);
            let chi_squares = match self.degrees {
                None => Vec::new(),
                Some(degrees) => {
                    let uniform = |z: &f64| normal::cdf(*z).clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON);
                    let column = all.column(start);
                    column.iter().map(|z| chi_square::quantile(uniform(z), degrees)).collect::<CoreResult<_>>()?
                }
            };
            let columns = Slice::from(start + mixed..start + mixed + self.directions);
            work(Slab { day, first: 0, normals: all.slice_axis(Axis(1), columns), chi_squares: &chi_squares })?;
        }
        Ok(())
    }
}

/// Mean 0 and variance 1; a column that does not vary keeps its mean at 0.
fn match_moments(mut column: ArrayViewMut1<'_, f64>) {
    let n = column.len() as f64;
    let mean = column.sum() / n;
    column.mapv_inplace(|z| z - mean);
    let variance = column.dot(&column) / n;
    if variance > 0.0 {
        column /= variance.sqrt();
    }
}
