//! Less weight the deeper a strategy is in its drawdown.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What holds between two rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// The straight line.
    #[default]
    Line,
    /// The row before.
    Step,
}

/// Multiplier of a weight by how much of its drawdown limit a strategy has used.
///
/// ```
/// use alluse_optimizer::strategies::performance::{Between, DrawdownScale};
///
/// // Full weight up to half of the limit, none at the limit.
/// let scale = DrawdownScale::new(vec![(0.0, 1.0), (0.5, 1.0), (1.0, 0.0)], Between::Line)?;
/// assert_eq!(scale.multiplier(0.03, 0.10)?, 1.0);
/// assert!((scale.multiplier(0.075, 0.10)? - 0.5).abs() < 1e-12);
/// assert_eq!(scale.multiplier(0.20, 0.10)?, 0.0);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DrawdownScale {
    rows: Vec<(f64, f64)>,
    between: Between,
}

impl DrawdownScale {
    /// From rows (drawdown over its limit, multiplier); below the first and beyond the last row, theirs hold.
    ///
    /// # Errors
    /// [`Error::Invalid`] without rows, unless the first ratio is 0, the ratios increase, and the multipliers are in
    /// [0, 1] and never increase: a deeper drawdown never earns more weight.
    pub fn new(rows: Vec<(f64, f64)>, between: Between) -> Result<Self> {
        let refuse = |reason: String| Err(Error::invalid("drawdown scale", reason));
        match rows.first() {
            None => return refuse("it has no rows".to_owned()),
            Some((ratio, _)) if *ratio != 0.0 => return refuse(format!("it starts at {ratio}, not 0")),
            Some(_) => {}
        }
        if let Some(row) = rows.iter().position(|(ratio, m)| !(ratio.is_finite() && (0.0..=1.0).contains(m))) {
            return refuse(format!(
                "row {row} is {:?}: a finite ratio and a multiplier in [0, 1] are needed",
                rows[row]
            ));
        }
        if let Some(row) = rows.windows(2).position(|w| !(w[0].0 < w[1].0 && w[0].1 >= w[1].1)) {
            let (before, after) = (rows[row], rows[row + 1]);
            return refuse(format!("row {} is {after:?} after {before:?}: ratios rise, multipliers fall", row + 1));
        }
        Ok(Self { rows, between })
    }

    /// The multiplier of a drawdown against a limit, both positive fractions.
    ///
    /// # Errors
    /// [`Error::Input`] for a drawdown that is not finite and at least 0, or a limit that is not positive and finite.
    pub fn multiplier(&self, drawdown: f64, limit: f64) -> Result<f64> {
        crate::strategies::check::within("drawdown", drawdown, 0.0, f64::MAX, "finite and at least 0")?;
        crate::strategies::check::within("drawdown limit", limit, f64::MIN_POSITIVE, f64::MAX, "positive and finite")?;
        let ratio = drawdown / limit;
        let next = self.rows.partition_point(|(row, _)| *row <= ratio);
        let (start, from) = self.rows[next.saturating_sub(1)];
        Ok(match (self.between, self.rows.get(next)) {
            (Between::Line, Some((end, to))) => from + (to - from) * (ratio - start) / (end - start),
            (Between::Step, _) | (_, None) => from,
        })
    }
}

/// The stored form, so that a stored table is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    rows: Vec<(f64, f64)>,
    between: Between,
}

impl TryFrom<Stored> for DrawdownScale {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.rows, stored.between)
    }
}

impl From<DrawdownScale> for Stored {
    fn from(scale: DrawdownScale) -> Self {
        Self { rows: scale.rows, between: scale.between }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_hold_until_the_next_row() {
        let scale = DrawdownScale::new(vec![(0.0, 1.0), (0.5, 0.6), (0.8, 0.2)], Between::Step).unwrap();
        for (drawdown, want) in [(0.0, 1.0), (0.49, 1.0), (0.5, 0.6), (0.79, 0.6), (0.8, 0.2), (3.0, 0.2)] {
            assert_eq!(scale.multiplier(drawdown, 1.0).unwrap(), want, "{drawdown}");
        }
    }

    #[test]
    fn bad_tables_are_refused_by_every_door() {
        let new = |rows| DrawdownScale::new(rows, Between::Line);
        for rows in [
            vec![],
            vec![(0.1, 1.0)],
            vec![(0.0, 1.1)],
            vec![(0.0, -0.1)],
            vec![(0.0, f64::NAN)],
            vec![(0.0, 0.5), (0.5, 0.6)],
            vec![(0.0, 1.0), (0.0, 0.5)],
            vec![(0.0, 1.0), (f64::NAN, 0.5)],
        ] {
            assert!(matches!(new(rows.clone()), Err(Error::Invalid { .. })), "{rows:?}");
        }
        let good = new(vec![(0.0, 1.0), (1.0, 0.0)]).unwrap();
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<DrawdownScale>(&text).unwrap(), good);
        assert!(serde_json::from_str::<DrawdownScale>(&text.replace("0.0]]", "2.0]]")).is_err());
        for (drawdown, limit) in [(-0.1, 0.1), (f64::NAN, 0.1), (0.1, 0.0), (0.1, f64::NAN)] {
            assert!(good.multiplier(drawdown, limit).is_err(), "{drawdown} {limit}");
        }
    }

    proptest! {
        #[test]
        fn deeper_never_weighs_more(a in 0.0_f64..2.0, b in 0.0_f64..2.0) {
            let scale = DrawdownScale::new(vec![(0.0, 1.0), (0.3, 0.9), (0.31, 0.4), (1.0, 0.0)], Between::Line).unwrap();
            let (shallow, deep) = (a.min(b), a.max(b));
            let (more, less) = (scale.multiplier(shallow, 1.0).unwrap(), scale.multiplier(deep, 1.0).unwrap());
            prop_assert!(more >= less - 1e-15 && (0.0..=1.0).contains(&less));
        }
    }
}
