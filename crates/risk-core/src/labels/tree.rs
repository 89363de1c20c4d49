use serde::{Deserialize, Serialize};

use super::LabelTable;
use crate::Result;

/// A node of a label tree: its rows, and how they split by the next axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupNode {
    /// The label; `None` for the root and for rows without one.
    pub label: Option<String>,
    /// The axis that the children split by; `None` at a leaf.
    pub axis: Option<String>,
    /// All rows below the node, increasing.
    pub rows: Vec<usize>,
    /// The groups of the next axis; they partition the rows.
    pub children: Vec<GroupNode>,
}

impl GroupNode {
    pub(super) fn build(table: &LabelTable, rows: Vec<usize>, label: Option<String>, axes: &[&str]) -> Result<Self> {
        let Some((&axis, rest)) = axes.split_first() else {
            return Ok(Self { label, axis: None, rows, children: Vec::new() });
        };
        let children = table
            .group_rows(&rows, axis)?
            .into_iter()
            .map(|group| Self::build(table, group.rows, group.label, rest))
            .collect::<Result<_>>()?;
        Ok(Self { label, axis: Some(axis.to_owned()), rows, children })
    }
}
