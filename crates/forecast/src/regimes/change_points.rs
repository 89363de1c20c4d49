use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// What changes at a change point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeIn {
    /// The mean, at one common variance: that of the first differences, `Σ (xₜ₊₁ − xₜ)² / (2 (n−1))`, which changes of
    /// the mean hardly touch.
    Mean,
    /// The variance, about the mean of the whole series.
    Variance,
    /// Mean and variance.
    MeanAndVariance,
}

/// What a further change point costs, in units of twice the log-likelihood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangePenalty {
    /// Schwarz's criterion: `ln n` for each parameter that a change adds, its date among them: `2 ln n` for mean or
    /// variance, `3 ln n` for both.
    #[default]
    Bic,
    /// A given cost.
    Fixed(f64),
}

/// The best segmentation of a series by penalised normal likelihood, found exactly by PELT.
///
/// ```text
/// minimise  Σ segments [−2 ln L(segment)]  +  penalty · (number of change points)
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `change` | required | what changes | |
/// | `penalty` | `Bic` | cost of a change point | at least 0 |
/// | `shortest` | 2 (mean: 1) | observations of the shortest segment | at least that |
///
/// The whole series is searched: change points are hindsight. [`CusumDetector`](super::CusumDetector) is the one that
/// raises an alarm at a time.
///
/// ```
/// use alluse_forecast::regimes::{ChangeIn, ChangePoints};
/// use ndarray::Array1;
///
/// let series = Array1::from_shape_fn(60, |t| if t < 40 { 0.0 } else { 3.0 } + (t as f64 * 2.4).sin());
/// let found = ChangePoints::new(ChangeIn::Mean).find(series.view())?;
/// assert_eq!(found.starts(), [0, 40]);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
///
/// # Source
/// Killick, Fearnhead and Eckley (2012), "Optimal detection of changepoints with a linear computational cost".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChangePoints {
    change: ChangeIn,
    penalty: ChangePenalty,
    shortest: usize,
}

/// A stretch of the series without a change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Segment {
    /// Its first observation.
    pub start: usize,
    /// The first observation after it.
    pub end: usize,
    /// Its mean.
    pub mean: f64,
    /// Its variance about that mean, divisor `n`.
    pub variance: f64,
}

/// The segments of a series: hindsight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Segmentation {
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// Minus twice the log-likelihood, without the penalties.
    pub deviance: f64,
    /// The penalty of one change point that was used.
    pub penalty: f64,
}

impl Segmentation {
    /// First observation of every segment; all but the first are change points.
    #[must_use]
    pub fn starts(&self) -> Vec<usize> {
        self.segments.iter().map(|segment| segment.start).collect()
    }

    /// Number of the segment that holds each observation.
    #[must_use]
    pub fn segment_of_each(&self) -> Vec<usize> {
        let each = |(number, segment): (usize, &Segment)| std::iter::repeat_n(number, segment.end - segment.start);
        self.segments.iter().enumerate().flat_map(each).collect()
    }
}

impl ChangePoints {
    /// Changes of this kind.
    #[must_use]
    pub fn new(change: ChangeIn) -> Self {
        let shortest = if change == ChangeIn::Mean { 1 } else { 2 };
        Self { change, penalty: ChangePenalty::Bic, shortest }
    }

    /// With another penalty.
    #[must_use]
    pub fn with_penalty(mut self, penalty: ChangePenalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// With another length of the shortest segment.
    #[must_use]
    pub fn with_shortest(mut self, shortest: usize) -> Self {
        self.shortest = shortest;
        self
    }

    /// Finds the change points of a series.
    ///
    /// # Errors
    /// - [`Error::Input`] for a series shorter than two shortest segments or with a value that is not finite, and for a
    ///   penalty or a shortest length out of range;
    /// - [`Error::Undefined`] for a constant series, and when a stretch as short as a segment is constant where the
    ///   variance may change: its likelihood has no bound.
    pub fn find(&self, series: ArrayView1<'_, f64>) -> Result<Segmentation> {
        let least = if self.change == ChangeIn::Mean { 1 } else { 2 };
        let shortest = self.shortest;
        check::ensure(shortest >= least, "shortest segment", "at least 1 (2 for variances)", shortest as f64)?;
        check::enough("change points", shortest.saturating_mul(2), series.len())?;
        check::finite("series", series)?;
        let cost = Cost::new(self.change, series)?;
        let n = series.len();
        let added = if self.change == ChangeIn::MeanAndVariance { 3.0 } else { 2.0 };
        let penalty = match self.penalty {
            ChangePenalty::Bic => added * (n as f64).ln(),
            ChangePenalty::Fixed(penalty) => penalty,
        };
        check::ensure(penalty.is_finite() && penalty >= 0.0, "penalty", "finite and at least 0", penalty)?;
        let starts = pelt(&cost, n, penalty, shortest)?;
        let ends = starts.iter().skip(1).copied().chain([n]);
        let segments: Vec<Segment> = starts.iter().zip(ends).map(|(&start, end)| cost.segment(start, end)).collect();
        let deviance = segments.iter().map(|s| cost.of(s.start, s.end)).sum::<Result<f64>>()?;
        Ok(Segmentation { segments, deviance, penalty })
    }
}

/// First observations of the segments of the best segmentation.
fn pelt(cost: &Cost, n: usize, penalty: f64, shortest: usize) -> Result<Vec<usize>> {
    let mut best = vec![f64::INFINITY; n + 1];
    best[0] = -penalty;
    let mut previous = vec![0; n + 1];
    // Starts of the last segment that may still win, each with the end from which it cannot.
    let mut candidates: Vec<(usize, usize)> = Vec::new();
    let mut totals = Vec::new();
    for end in shortest..=n {
        let newest = end - shortest;
        if best[newest].is_finite() {
            candidates.push((newest, usize::MAX));
        }
        candidates.retain(|(_, lost)| *lost > end);
        totals.clear();
        for &(start, _) in &candidates {
            let total = best[start] + cost.of(start, end)?;
            totals.push(total);
            if total + penalty < best[end] {
                best[end] = total + penalty;
                previous[end] = start;
            }
        }
        // A change at `end` is then better for every later end that leaves room for a segment after it.
        for ((_, lost), total) in candidates.iter_mut().zip(&totals) {
            if *total > best[end] && *lost == usize::MAX {
                *lost = end + shortest;
            }
        }
    }
    let mut starts = Vec::new();
    let mut end = n;
    while end > 0 {
        end = previous[end];
        starts.push(end);
    }
    starts.reverse();
    Ok(starts)
}

/// Minus twice the log-likelihood of any stretch, by running sums about the mean of the series.
struct Cost {
    change: ChangeIn,
    centre: f64,
    /// Of the whole series, or the common one of [`ChangeIn::Mean`].
    variance: f64,
    sums: Vec<[f64; 2]>,
}

impl Cost {
    fn new(change: ChangeIn, series: ArrayView1<'_, f64>) -> Result<Self> {
        let n = series.len() as f64;
        let centre = alluse_risk_core::sum::CompensatedSum::of(series.iter().copied()) / n;
        let mut running = [alluse_risk_core::sum::CompensatedSum::default(); 2];
        let mut sums = Vec::with_capacity(series.len() + 1);
        sums.push([0.0; 2]);
        for x in series {
            let d = x - centre;
            running[0].add(d);
            running[1].add(d * d);
            sums.push([running[0].value(), running[1].value()]);
        }
        let total = running[1].value() / n;
        let variance = match change {
            ChangeIn::Mean => {
                let steps = series.iter().zip(series.iter().skip(1)).map(|(a, b)| (b - a).powi(2));
                steps.sum::<f64>() / (2.0 * (n - 1.0))
            }
            _ => total,
        };
        let largest = series.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        if !(variance.sqrt() > 1e-12 * largest) || !variance.is_finite() || !total.is_finite() {
            let reason = format!("the series has the variance {total:e}, its steps {variance:e}");
            return Err(Error::undefined("change points", reason));
        }
        Ok(Self { change, centre, variance, sums })
    }

    /// Sum and sum of squares about the centre.
    fn moments(&self, start: usize, end: usize) -> (f64, f64, f64) {
        let (from, to) = (self.sums[start], self.sums[end]);
        ((end - start) as f64, to[0] - from[0], to[1] - from[1])
    }

    fn of(&self, start: usize, end: usize) -> Result<f64> {
        const LN_TWO_PI: f64 = 1.837_877_066_409_345_3;
        let (n, sum, squares) = self.moments(start, end);
        let about_mean = squares - sum * sum / n;
        match self.change {
            ChangeIn::Mean => Ok(n * (LN_TWO_PI + self.variance.ln()) + about_mean / self.variance),
            ChangeIn::Variance | ChangeIn::MeanAndVariance => {
                let within = if self.change == ChangeIn::Variance { squares } else { about_mean } / n;
                // What rounding leaves of the running sums.
                if !(within > 1e-13 * self.variance.max(squares / n)) {
                    let reason = format!("observations {start} to {} have no variance of their own", end - 1);
                    return Err(Error::undefined("the likelihood of a segment", reason));
                }
                Ok(n * (LN_TWO_PI + within.ln() + 1.0))
            }
        }
    }

    fn segment(&self, start: usize, end: usize) -> Segment {
        let (n, sum, squares) = self.moments(start, end);
        let shift = sum / n;
        Segment { start, end, mean: self.centre + shift, variance: (squares / n - shift * shift).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use alluse_risk_core::streams::{Streams, fill_standard_normals};
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn noise(n: usize, seed: u64) -> Array1<f64> {
        let mut z = vec![0.0; n];
        fill_standard_normals(&mut Streams::new(seed).block(0), &mut z);
        Array1::from(z)
    }

    #[test]
    fn changes_are_found_where_they_are() {
        let mut series = noise(600, 1);
        series.iter_mut().skip(200).take(150).for_each(|x| *x += 3.0);
        let means = ChangePoints::new(ChangeIn::Mean).find(series.view()).unwrap();
        assert_eq!(means.segments.len(), 3);
        assert!(means.starts()[1].abs_diff(200) <= 2 && means.starts()[2].abs_diff(350) <= 2, "{:?}", means.starts());
        // Four standard errors of a mean of 150.
        assert!((means.segments[1].mean - 3.0).abs() < 4.0 / 150_f64.sqrt());
        let mut series = noise(600, 2);
        series.iter_mut().skip(300).for_each(|x| *x *= 4.0);
        for change in [ChangeIn::Variance, ChangeIn::MeanAndVariance] {
            let found = ChangePoints::new(change).find(series.view()).unwrap();
            assert_eq!(found.segments.len(), 2, "{:?}", found.starts());
            assert!(found.starts()[1].abs_diff(300) <= 6, "{:?}", found.starts());
            assert_eq!(found.segment_of_each().iter().filter(|s| **s == 0).count(), found.starts()[1]);
        }
        let quiet = ChangePoints::new(ChangeIn::MeanAndVariance).with_shortest(10).find(noise(500, 3).view()).unwrap();
        assert_eq!(quiet.starts(), [0]);
    }

    #[test]
    fn hostile_input_is_refused() {
        let kind = |model: ChangePoints, series: Array1<f64>| model.find(series.view()).unwrap_err().kind();
        let both = ChangePoints::new(ChangeIn::MeanAndVariance);
        assert_eq!(kind(both, Array1::from_elem(50, 0.1)), ErrorKind::Undefined);
        assert_eq!(kind(both, array![0.1, 0.2, 0.3]), ErrorKind::InsufficientData);
        assert_eq!(kind(both, array![0.1, 0.2, f64::NAN, 0.4]), ErrorKind::InvalidInput);
        assert_eq!(kind(both.with_shortest(1), noise(50, 1)), ErrorKind::InvalidInput);
        assert_eq!(kind(both.with_penalty(ChangePenalty::Fixed(-1.0)), noise(50, 1)), ErrorKind::InvalidInput);
        assert_eq!(kind(both.with_penalty(ChangePenalty::Fixed(f64::NAN)), noise(50, 1)), ErrorKind::InvalidInput);
        // Two equal neighbours would be a segment of infinite likelihood.
        assert_eq!(kind(both, array![0.1, 0.5, 0.9, 0.9, 0.2, 0.4]), ErrorKind::Undefined);
        assert_eq!(kind(both, noise(50, 1) * 1e200), ErrorKind::Undefined);
    }

    proptest! {
        /// Pruning loses nothing: the best of all segmentations, from the definition, has the same total.
        #[test]
        fn as_good_as_every_segmentation(
            values in proptest::collection::vec(-5.0..5.0f64, 12..40),
            penalty in 0.5..20.0f64,
            shortest in 2..5_usize,
        ) {
            let model = ChangePoints::new(ChangeIn::MeanAndVariance)
                .with_penalty(ChangePenalty::Fixed(penalty))
                .with_shortest(shortest);
            let found = model.find(ArrayView1::from(&values)).unwrap();
            let deviance = |part: &[f64]| {
                let part = Array1::from(part.to_vec());
                let n = part.len() as f64;
                n * ((2.0 * std::f64::consts::PI * part.var(0.0)).ln() + 1.0)
            };
            let n = values.len();
            let mut best = vec![f64::INFINITY; n + 1];
            best[0] = -penalty;
            for end in shortest..=n {
                for start in 0..=end - shortest {
                    best[end] = best[end].min(best[start] + penalty + deviance(&values[start..end]));
                }
            }
            let total = found.deviance + penalty * (found.segments.len() - 1) as f64;
            prop_assert!((total - best[n]).abs() < 1e-7 * best[n].abs().max(1.0), "{total} {}", best[n]);
            prop_assert!(found.segments.iter().all(|s| s.end - s.start >= shortest));
        }
    }
}
