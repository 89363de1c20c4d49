use alluse_risk_core::streams::{BLOCK, ChaCha8Rng, Streams, fill_standard_normals};
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Where the shocks of simulated paths come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Shocks {
    /// Normal with the innovation variance of the model.
    #[default]
    Normal,
    /// Drawn with replacement from the innovations of the sample, scaled to the innovation variance: fat tails and
    /// skewness stay, their order goes.
    Resampled,
}

/// The shocks of a fitted model.
pub(super) enum Source<'a> {
    Normal { deviation: f64 },
    Resampled(&'a [f64]),
}

impl<'a> Source<'a> {
    /// Innovations are those of the sample with the standard deviation `deviation`.
    pub(super) fn new(shocks: Shocks, deviation: f64, innovations: &'a [f64]) -> Self {
        match shocks {
            Shocks::Normal => Self::Normal { deviation },
            Shocks::Resampled => Self::Resampled(innovations),
        }
    }

    fn fill(&self, stream: &mut ChaCha8Rng, out: &mut [f64]) {
        match self {
            Self::Normal { deviation } => {
                fill_standard_normals(stream, out);
                out.iter_mut().for_each(|shock| *shock *= deviation);
            }
            Self::Resampled(innovations) => {
                out.iter_mut().for_each(|shock| *shock = innovations[stream.random_range(0..innovations.len())]);
            }
        }
    }

    /// Paths × steps: `walk` turns the shocks of a path into its levels; it gets `extra` standard normals for what it
    /// does not know about the start.
    pub(super) fn paths(
        &self,
        (steps, paths): (usize, usize),
        seed: u64,
        extra: usize,
        walk: impl Fn(&[f64], &[f64], &mut [f64]) + Send + Sync,
    ) -> Result<Array2<f64>> {
        check::at_least_one("steps", steps)?;
        check::at_least_one("paths", paths)?;
        let mut levels = Array2::zeros((paths, steps));
        Streams::new(seed).try_fill_chunks(&mut levels, BLOCK, |_, stream, mut rows| {
            let (mut start, mut shocks, mut path) = (vec![0.0; extra], vec![0.0; steps], vec![0.0; steps]);
            for mut row in rows.rows_mut() {
                fill_standard_normals(stream, &mut start);
                self.fill(stream, &mut shocks);
                walk(&start, &shocks, &mut path);
                if path.iter().any(|level| !level.is_finite()) {
                    return Err(alluse_risk_core::Error::Overflow { name: "simulated level" });
                }
                row.iter_mut().zip(&path).for_each(|(slot, level)| *slot = *level);
            }
            Ok(())
        })?;
        Ok(levels)
    }
}
