use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Which probability forecasts are looked at together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProbabilityBins {
    /// So many bins of equal width: `[0, 1/k)`, …, `[(k−1)/k, 1]`; those without forecasts are left out.
    EqualWidth(usize),
    /// So many bins with about as many forecasts each; equal forecasts stay together, so there may be fewer bins.
    EqualCount(usize),
    /// One bin for each distinct forecast, for forecasts of a few round values.
    Distinct,
}

impl Default for ProbabilityBins {
    /// Ten of equal width.
    fn default() -> Self {
        Self::EqualWidth(10)
    }
}

impl ProbabilityBins {
    /// Places of the forecasts of each bin, bins and places in ascending order of the forecast. No bin is empty.
    pub(super) fn members(self, probabilities: ArrayView1<'_, f64>) -> Result<Vec<Vec<usize>>> {
        let n = probabilities.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        let counted = |bins: usize| {
            if (1..=1_000_000).contains(&bins) {
                return Ok(bins);
            }
            Err(Error::OutOfDomain { name: "bins", expected: "in 1..=1000000", value: bins as f64 })
        };
        // The label of a forecast decides its bin: `p`, and its rank among all in ascending order.
        let label: Box<dyn Fn(f64, usize) -> f64> = match self {
            Self::EqualWidth(bins) => {
                let k = counted(bins)? as f64;
                Box::new(move |p, _| (p * k).floor().min(k - 1.0))
            }
            Self::EqualCount(bins) => {
                let k = counted(bins)?;
                Box::new(move |_, rank| (rank * k / n) as f64)
            }
            Self::Distinct => Box::new(|p, _| p),
        };
        let mut bins: Vec<Vec<usize>> = Vec::new();
        let mut last = (f64::NAN, f64::NAN);
        for (rank, place) in order.into_iter().enumerate() {
            let p = probabilities[place];
            let now = (label(p, rank), p);
            match bins.last_mut() {
                // Both ascend, so no more means the same.
                Some(bin) if now.0 <= last.0 || now.1 <= last.1 => bin.push(place),
                _ => {
                    bins.push(vec![place]);
                    last.0 = now.0;
                }
            }
            last.1 = p;
        }
        Ok(bins)
    }
}

/// Refuses probabilities outside [0, 1] and outcomes that are not as many.
pub(super) fn probabilities_and_outcomes(probabilities: ArrayView1<'_, f64>, outcomes: &[bool]) -> Result<()> {
    check::finite("probabilities", probabilities)?;
    if let Some(index) = probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        let value = probabilities[index];
        return Err(Error::ElementOutOfDomain { name: "probabilities", index, expected: "in [0, 1]", value });
    }
    check::length("outcomes", probabilities.len(), outcomes.len())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn bins_by_hand() {
        let p = array![0.5, 0.1, 1.0, 0.5, 0.0, 0.49];
        let members = |bins: ProbabilityBins| bins.members(p.view()).unwrap();
        assert_eq!(members(ProbabilityBins::EqualWidth(2)), [vec![4, 1, 5], vec![0, 3, 2]]);
        assert_eq!(members(ProbabilityBins::EqualWidth(1)), [vec![4, 1, 5, 0, 3, 2]]);
        assert_eq!(members(ProbabilityBins::Distinct), [vec![4], vec![1], vec![5], vec![0, 3], vec![2]]);
        assert_eq!(members(ProbabilityBins::EqualCount(3)), [vec![4, 1], vec![5, 0, 3], vec![2]]);
        assert_eq!(members(ProbabilityBins::EqualCount(100)).len(), 5);
    }

    #[test]
    fn numbers_of_bins_are_checked() {
        for bins in
            [ProbabilityBins::EqualWidth(0), ProbabilityBins::EqualCount(0), ProbabilityBins::EqualWidth(2_000_000)]
        {
            assert!(matches!(bins.members(array![0.5].view()), Err(Error::OutOfDomain { name: "bins", .. })));
        }
    }
}
