use std::collections::VecDeque;

use ndarray::{ArrayView1, aview1};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Where the boundaries between the bands lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BandBoundaries {
    /// Fixed, increasing: `[15, 25]` makes three bands.
    Fixed(Vec<f64>),
    /// Quantiles of the `window` values before the present one, which itself is not among them; linear between order
    /// statistics (type 7 of Hyndman and Fan).
    TrailingQuantiles {
        /// Increasing probabilities in (0, 1).
        probabilities: Vec<f64>,
        /// Number of past values; until there are so many, no band is stated.
        window: usize,
    },
}

/// Regimes as bands of an observable, such as an implied volatility index or a volatility forecast.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `boundaries` | required | between the bands, lowest first | positive when fixed |
/// | `hysteresis` | 0 | how far below a boundary the value must fall before the band under it is entered, as a fraction of the boundary | in [0, 1) |
///
/// A band is entered from below as soon as the value reaches its lower boundary (tighten at once), and left downwards
/// only when the value is below `(1 − hysteresis)` of it (relax slowly). The band at a time uses values up to that
/// time only.
///
/// ```
/// use alluse_forecast::regimes::{BandBoundaries, VolatilityBands};
/// use ndarray::array;
///
/// let vix = array![14.0, 16.0, 14.5, 13.0, 31.0, 24.0];
/// let bands = VolatilityBands::new(BandBoundaries::Fixed(vec![15.0, 25.0])).with_hysteresis(0.1);
/// // 14.5 is below 15, but not below 13.5; 24 is below 25, but not below 22.5.
/// let states: Vec<_> = bands.classify(vix.view())?.into_iter().flatten().collect();
/// assert_eq!(states, [0, 1, 1, 0, 2, 2]);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VolatilityBands {
    boundaries: BandBoundaries,
    hysteresis: f64,
}

impl VolatilityBands {
    /// Bands between these boundaries.
    #[must_use]
    pub fn new(boundaries: BandBoundaries) -> Self {
        Self { boundaries, hysteresis: 0.0 }
    }

    /// With another hysteresis.
    #[must_use]
    pub fn with_hysteresis(mut self, hysteresis: f64) -> Self {
        self.hysteresis = hysteresis;
        self
    }

    /// A classifier that has seen nothing yet.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no boundary, boundaries that do not increase or are out of range, a
    /// window of less than two values, or a hysteresis out of range.
    pub fn classifier(&self) -> Result<BandClassifier> {
        let (name, points) = match &self.boundaries {
            BandBoundaries::Fixed(boundaries) => ("boundaries", boundaries),
            BandBoundaries::TrailingQuantiles { probabilities, window } => {
                check::enough("trailing window", 2, *window)?;
                let inside = |p: f64| p > 0.0 && p < 1.0;
                check::elements("probabilities", "in (0, 1)", aview1(probabilities), inside)?;
                ("probabilities", probabilities)
            }
        };
        check::finite(name, aview1(points))?;
        check::elements(name, "positive", aview1(points), |point| point > 0.0)?;
        if let Some(index) = points.windows(2).position(|pair| pair[1] <= pair[0]) {
            let (index, value) = (index + 1, points[index + 1]);
            let expected = "above the one before";
            return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
        }
        let holds = (0.0..1.0).contains(&self.hysteresis);
        check::ensure(holds, "hysteresis", "in [0, 1)", self.hysteresis)?;
        Ok(BandClassifier { bands: self.clone(), past: VecDeque::new(), state: None })
    }

    /// The band of each value, 0 the lowest; `None` while the trailing window is not full.
    ///
    /// # Errors
    /// As [`classifier`](Self::classifier), and for an empty series or a value that is not finite and at least 0.
    pub fn classify(&self, values: ArrayView1<'_, f64>) -> Result<Vec<Option<usize>>> {
        let mut classifier = self.classifier()?;
        check::finite("values", values)?;
        check::elements("values", "at least 0", values, |value| value >= 0.0)?;
        values.iter().map(|value| classifier.observe(*value)).collect()
    }
}

/// A running classification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandClassifier {
    bands: VolatilityBands,
    past: VecDeque<f64>,
    state: Option<usize>,
}

impl BandClassifier {
    /// Takes the next value and returns its band; `None` while the trailing window is not full.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a value that is not finite and at least 0; the classifier then stays
    /// where it was.
    pub fn observe(&mut self, value: f64) -> Result<Option<usize>> {
        check::ensure(value.is_finite() && value >= 0.0, "value", "finite and at least 0", value)?;
        if let Some(boundaries) = self.boundaries() {
            let reached = boundaries.partition_point(|boundary| *boundary <= value);
            let keep = 1.0 - self.bands.hysteresis;
            let held = boundaries.partition_point(|boundary| keep * boundary <= value);
            // Up at once; down only as far as the lowered boundaries say.
            self.state = Some(self.state.map_or(reached, |state| state.clamp(reached, held)));
        }
        if let BandBoundaries::TrailingQuantiles { window, .. } = self.bands.boundaries {
            self.past.push_back(value);
            if self.past.len() > window {
                self.past.pop_front();
            }
        }
        Ok(self.state)
    }

    /// The boundaries that the next value is held against; `None` while the trailing window is not full.
    #[must_use]
    pub fn boundaries(&self) -> Option<Vec<f64>> {
        match &self.bands.boundaries {
            BandBoundaries::Fixed(boundaries) => Some(boundaries.clone()),
            BandBoundaries::TrailingQuantiles { probabilities, window } => (self.past.len() == *window).then(|| {
                let mut sorted: Vec<f64> = self.past.iter().copied().collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let quantile = |p: &f64| {
                    let position = p * (sorted.len() - 1) as f64;
                    let below = (position.floor() as usize).min(sorted.len() - 2);
                    sorted[below] + (position - below as f64) * (sorted[below + 1] - sorted[below])
                };
                probabilities.iter().map(quantile).collect()
            }),
        }
    }

    /// The present band.
    #[must_use]
    pub fn state(&self) -> Option<usize> {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis, array};
    use proptest::prelude::*;

    use super::*;

    fn quantiles(probabilities: &[f64], window: usize) -> VolatilityBands {
        let probabilities = probabilities.to_vec();
        VolatilityBands::new(BandBoundaries::TrailingQuantiles { probabilities, window })
    }

    #[test]
    fn trailing_quantiles_leave_the_present_value_out() {
        // Past [1, 2, 3]: the median is 2, whatever comes next.
        let bands = quantiles(&[0.5], 3);
        let states = bands.classify(array![1.0, 2.0, 3.0, 1.9, 2.1, 2.05].view()).unwrap();
        // Then [2, 3, 1.9] with median 2, and [3, 1.9, 2.1] with 2.1.
        assert_eq!(states, [None, None, None, Some(0), Some(1), Some(0)]);
        let mut classifier = bands.classifier().unwrap();
        assert!(classifier.boundaries().is_none() && classifier.state().is_none());
        for value in [10.0, 20.0, 30.0] {
            classifier.observe(value).unwrap();
        }
        assert_eq!(classifier.boundaries(), Some(vec![20.0]));
    }

    #[test]
    fn hysteresis_holds_a_band_and_several_fall_at_once() {
        let bands = VolatilityBands::new(BandBoundaries::Fixed(vec![10.0, 20.0, 40.0])).with_hysteresis(0.25);
        let states = bands.classify(array![50.0, 31.0, 29.0, 16.0, 14.0, 7.5, 7.4, 20.0, 5.0].view()).unwrap();
        let states: Vec<usize> = states.into_iter().flatten().collect();
        assert_eq!(states, [3, 3, 2, 2, 1, 1, 0, 2, 0]);
    }

    #[test]
    fn hostile_input_is_refused() {
        let fixed = |boundaries: &[f64]| VolatilityBands::new(BandBoundaries::Fixed(boundaries.to_vec()));
        for bands in [
            fixed(&[]),
            fixed(&[2.0, 1.0]),
            fixed(&[1.0, 1.0]),
            fixed(&[-1.0]),
            fixed(&[f64::NAN]),
            fixed(&[1.0]).with_hysteresis(1.0),
            fixed(&[1.0]).with_hysteresis(f64::NAN),
            quantiles(&[], 5),
            quantiles(&[0.5, 0.5], 5),
            quantiles(&[1.0], 5),
            quantiles(&[0.5], 1),
        ] {
            assert!(bands.classifier().is_err(), "{bands:?}");
        }
        assert!(fixed(&[1.0]).classify(array![].view()).is_err());
        assert!(fixed(&[1.0]).classify(array![0.5, f64::NAN].view()).is_err());
        assert!(fixed(&[1.0]).classify(array![0.5, -0.1].view()).unwrap_err().to_string().contains("[1]"));
    }

    proptest! {
        #[test]
        fn later_values_change_no_band(values in proptest::collection::vec(1.0..80.0f64, 30..60), cut in 5..25_usize) {
            let bands = quantiles(&[0.3, 0.8], 10).with_hysteresis(0.1);
            let values = Array1::from(values);
            let whole = bands.classify(values.view()).unwrap();
            let part = bands.classify(values.view().split_at(Axis(0), cut).0).unwrap();
            prop_assert_eq!(&whole[..cut], &part[..]);
        }
    }
}
