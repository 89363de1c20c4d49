use super::lanes::sums;

/// A drawdown path of the compounded value with the few numbers that ratios need, found in one pass.
#[derive(Debug, Clone)]
pub(super) struct Depths {
    /// One drawdown a period.
    pub(super) drawdowns: Vec<f64>,
    /// The deepest drawdown.
    pub(super) max: f64,
    /// Mean over all periods.
    pub(super) mean: f64,
    /// `Σ d²`.
    pub(super) squares: f64,
    /// Periods below the peak.
    pub(super) under_water: usize,
    /// Number of episodes.
    pub(super) episodes: usize,
    /// `Σ depth` and `Σ depth²` over the episodes.
    pub(super) episode_sums: [f64; 2],
    /// Periods below the peak of the longest episode.
    pub(super) longest: usize,
}

impl Depths {
    /// Of returns above −1. A value that overflows leaves numbers that are not finite.
    pub(super) fn of(returns: &[f64]) -> Self {
        let (mut value, mut peak) = (1.0, 1.0);
        let mut drawdowns = Vec::with_capacity(returns.len());
        drawdowns.extend(returns.iter().map(|r| {
            value *= 1.0 + r;
            peak = if value > peak { value } else { peak };
            1.0 - value / peak
        }));
        let [sum, squares] = sums(&drawdowns, |d| [d, d * d]);
        let mut found = Self {
            mean: sum / returns.len() as f64,
            squares,
            max: 0.0,
            under_water: 0,
            episodes: 0,
            episode_sums: [0.0; 2],
            longest: 0,
            drawdowns: Vec::new(),
        };
        let (mut depth, mut length) = (0.0, 0);
        for &d in &drawdowns {
            if d > 0.0 {
                depth = if d > depth { d } else { depth };
                length += 1;
            } else if length > 0 {
                found.close(depth, length);
                (depth, length) = (0.0, 0);
            }
        }
        if length > 0 {
            found.close(depth, length);
        }
        Self { drawdowns, ..found }
    }

    /// Takes a finished episode, or the last one as it stands.
    fn close(&mut self, depth: f64, length: usize) {
        self.max = self.max.max(depth);
        self.episodes += 1;
        self.under_water += length;
        self.longest = self.longest.max(length);
        self.episode_sums[0] += depth;
        self.episode_sums[1] += depth * depth;
    }

    /// `Σ (d − mean)²`.
    pub(super) fn central(&self) -> f64 {
        sums(&self.drawdowns, |d| [(d - self.mean) * (d - self.mean)])[0]
    }

    /// The drawdown of the last period.
    pub(super) fn last(&self) -> f64 {
        self.drawdowns.last().copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The one pass agrees with the drawdown path and its episodes.
        #[test]
        fn one_pass_is_the_path(returns in prop::collection::vec(prop_oneof![Just(0.0), -0.3_f64..0.3], 1..60)) {
            let path = DrawdownPath::from_returns(Array1::from(returns.clone()).view(), DrawdownKind::Compounded).unwrap();
            let depths = Depths::of(&returns);
            prop_assert_eq!(ndarray::ArrayView1::from(&depths.drawdowns), path.drawdowns());
            prop_assert_eq!(depths.max, path.max());
            prop_assert!((depths.mean - path.average()).abs() < 1e-15);
            prop_assert!((depths.squares / returns.len() as f64 - path.ulcer_index(0).unwrap().powi(2)).abs() < 1e-15);
            let episodes = path.episodes();
            prop_assert_eq!(depths.episodes, episodes.len());
            prop_assert_eq!(depths.longest, episodes.iter().map(|e| e.end() - e.start).max().unwrap_or(0));
            prop_assert_eq!(depths.under_water, path.drawdowns().iter().filter(|d| **d > 0.0).count());
            let n = returns.len() as f64;
            prop_assert!((depths.episode_sums[1] / n - path.deviation().powi(2)).abs() < 1e-14);
        }
    }
}
