use std::cmp::Ordering;

use jiff::civil::Date;

use crate::{Error, Result};

pub(super) mod sealed {
    pub trait Rows {
        /// The rows at increasing positions.
        fn at(&self, positions: &[usize]) -> Self;
    }
}

/// Any of the panels, for what asks only for their dates.
pub trait Panel: sealed::Rows {
    /// The dates, increasing.
    fn dates(&self) -> &[Date];
}

/// Two panels on their common dates, and what that cost.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Aligned<L, R> {
    /// The first panel, on the common dates.
    pub left: L,
    /// The second panel, on the common dates.
    pub right: R,
    /// Dates that only the first panel had.
    pub dropped_left: Vec<Date>,
    /// Dates that only the second panel had.
    pub dropped_right: Vec<Date>,
}

/// Brings two panels to their common dates.
///
/// A return between prices on both sides of a dropped date spans more than one period; align prices, look at
/// what was dropped, and take returns then.
///
/// # Errors
/// [`Error::Empty`] when they have no date in common.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, panel::{PricePanel, SeriesPanel, align}};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let prices = PricePanel::new(
///     vec![date(2024, 1, 2), date(2024, 1, 3)],
///     vec![AssetId::new("SPY")?],
///     array![[470.0], [468.0]],
/// )?;
/// let vix = SeriesPanel::new(
///     vec![date(2024, 1, 1), date(2024, 1, 3)],
///     vec!["vix".to_owned()],
///     array![[12.4], [14.0]],
/// )?;
/// let both = align(&prices, &vix)?;
/// assert_eq!(both.left.dates(), both.right.dates());
/// assert_eq!(both.dropped_left, [date(2024, 1, 2)]);
/// assert_eq!(both.dropped_right, [date(2024, 1, 1)]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn align<L: Panel, R: Panel>(left: &L, right: &R) -> Result<Aligned<L, R>> {
    let (a, b) = (left.dates(), right.dates());
    let (mut i, mut j) = (0, 0);
    let (mut left_rows, mut right_rows) = (Vec::new(), Vec::new());
    let (mut dropped_left, mut dropped_right) = (Vec::new(), Vec::new());
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            Ordering::Less => {
                dropped_left.push(a[i]);
                i += 1;
            }
            Ordering::Greater => {
                dropped_right.push(b[j]);
                j += 1;
            }
            Ordering::Equal => {
                left_rows.push(i);
                right_rows.push(j);
                i += 1;
                j += 1;
            }
        }
    }
    dropped_left.extend_from_slice(&a[i..]);
    dropped_right.extend_from_slice(&b[j..]);
    if left_rows.is_empty() {
        return Err(Error::Empty { name: "set of common dates" });
    }
    Ok(Aligned { left: left.at(&left_rows), right: right.at(&right_rows), dropped_left, dropped_right })
}
