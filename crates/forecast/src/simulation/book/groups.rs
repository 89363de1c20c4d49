//! Which sums a position goes into.

use alluse_instruments::Book;

use crate::Result;

/// A label of an axis, and the place of its sum.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    pub(super) axis: String,
    pub(super) label: String,
    pub(super) rows: Vec<usize>,
}

/// The sums by label; that of the book is kept beside them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Groups {
    pub(super) slots: Vec<Slot>,
    /// Of each position.
    pub(super) of: Vec<Vec<usize>>,
}

impl Groups {
    pub(super) fn new(book: &Book, axes: &[String]) -> Result<Self> {
        let mut groups = Self { slots: Vec::new(), of: vec![Vec::new(); book.positions().len()] };
        for axis in axes {
            for group in book.labels().group_by(axis)? {
                group.rows.iter().for_each(|&row| groups.of[row].push(groups.slots.len()));
                let label = group.name().to_owned();
                groups.slots.push(Slot { axis: axis.clone(), label, rows: group.rows });
            }
        }
        Ok(groups)
    }
}
