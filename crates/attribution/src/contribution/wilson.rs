use alluse_risk_core::{Confidence, Interval, IntervalMethod, normal};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A share of counted things, with Wilson's interval as if they were independent.
///
/// ```text
/// centre = (p̂ + z²/2n)/(1 + z²/n)      half width = z √(p̂(1 − p̂)/n + z²/4n²)/(1 + z²/n)
/// ```
///
/// # Source
/// Wilson (1927); Newcombe (1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Share {
    /// How many have it.
    pub hits: usize,
    /// Of how many.
    pub of: usize,
    /// `hits / of`.
    pub share: f64,
    /// Wilson's interval.
    pub interval: Interval,
}

impl Share {
    /// `hits` of `of`.
    ///
    /// ```
    /// use alluse_attribution::contribution::Share;
    /// use alluse_risk_core::Confidence;
    ///
    /// // Newcombe (1998), table I.
    /// let share = Share::new(81, 263, Confidence::P95)?;
    /// assert!((share.interval.lower - 0.2553).abs() < 5e-5 && (share.interval.upper - 0.3662).abs() < 5e-5);
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Undefined`] of nothing, [`Error::Invalid`] for more hits than things.
    pub fn new(hits: usize, of: usize, level: Confidence) -> Result<Self> {
        if of == 0 {
            return Err(Error::undefined("share", "there is nothing to have a share of"));
        }
        if hits > of {
            return Err(Error::invalid("share", format!("{hits} of {of}")));
        }
        let (n, share) = (of as f64, hits as f64 / of as f64);
        let z = normal::quantile(1.0 - 0.5 * level.tail())?;
        let shrink = 1.0 / (1.0 + z * z / n);
        let centre = (share + z * z / (2.0 * n)) * shrink;
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() * shrink;
        // At no hits and at nothing but hits the end is the share itself, which rounding could miss.
        let lower = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
        let upper = if hits == of { 1.0 } else { (centre + half).min(1.0) };
        Ok(Self { hits, of, share, interval: Interval { lower, upper, level, method: IntervalMethod::Asymptotic } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_everything() {
        // Newcombe (1998), table I: 0 of 20 has 0 to 0.1611, and by symmetry 20 of 20 has 0.8389 to 1.
        let none = Share::new(0, 20, Confidence::P95).unwrap();
        assert!(none.interval.lower == 0.0 && (none.interval.upper - 0.1611).abs() < 5e-5);
        let all = Share::new(20, 20, Confidence::P95).unwrap();
        assert!(all.interval.upper == 1.0 && (all.interval.lower - 0.8389).abs() < 5e-5);
        assert!(matches!(Share::new(0, 0, Confidence::P95), Err(Error::Undefined { .. })));
        assert!(matches!(Share::new(3, 2, Confidence::P95), Err(Error::Invalid { .. })));
    }
}
