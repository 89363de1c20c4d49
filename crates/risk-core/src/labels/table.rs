use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GroupNode;
use crate::{Error, Result, check};

/// The name under which rows without a label on an axis are shown. They are never dropped.
pub const UNLABELLED: &str = "unlabelled";

/// Labels of rows on user-defined axes: at most one label per row and axis.
///
/// ```
/// use alluse_risk_core::labels::LabelTable;
///
/// let mut labels = LabelTable::new(3);
/// labels.set(0, "account", "growth")?;
/// labels.set(2, "account", "growth")?;
/// let groups = labels.group_by("account")?;
/// assert_eq!(groups[0].rows, [0, 2]);
/// assert_eq!(groups[1].name(), "unlabelled"); // row 1 is shown, not dropped
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct LabelTable {
    rows: usize,
    axes: Vec<Axis>,
}

/// One axis: its distinct labels in order of first use, and which of them each row carries.
#[derive(Debug, Clone, PartialEq)]
struct Axis {
    name: String,
    labels: Vec<String>,
    codes: Vec<Option<u32>>,
}

/// The rows that share a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The label; `None` for the rows without one.
    pub label: Option<String>,
    /// Their positions, increasing.
    pub rows: Vec<usize>,
}

impl Group {
    /// The label, or [`UNLABELLED`].
    #[must_use]
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(UNLABELLED)
    }
}

/// Picks rows by their labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LabelSelector {
    /// Every row.
    All,
    /// Rows with this label on this axis.
    Is {
        /// The axis.
        axis: String,
        /// The label.
        label: String,
    },
    /// Rows without a label on this axis.
    Unlabelled {
        /// The axis.
        axis: String,
    },
    /// Rows that every selector picks.
    Every(Vec<LabelSelector>),
    /// Rows that at least one selector picks.
    Any(Vec<LabelSelector>),
    /// Rows that the selector does not pick.
    Not(Box<LabelSelector>),
}

impl LabelSelector {
    /// Rows with `label` on `axis`.
    pub fn is(axis: impl Into<String>, label: impl Into<String>) -> Self {
        Self::Is { axis: axis.into(), label: label.into() }
    }
}

impl LabelTable {
    /// A table of `rows` rows without labels.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self { rows, axes: Vec::new() }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names of the axes, in order of first use.
    pub fn axes(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.name.as_str())
    }

    /// Gives a row a label, in place of the one it had on that axis.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a row that does not exist, [`Error::Empty`] for a blank axis or
    /// label, [`Error::Duplicate`] for the reserved label [`UNLABELLED`].
    pub fn set(&mut self, row: usize, axis: &str, label: &str) -> Result<()> {
        if row >= self.rows {
            return Err(Error::OutOfDomain { name: "row", expected: "below the number of rows", value: row as f64 });
        }
        named(axis, label)?;
        let rows = self.rows;
        let index = self.axes.iter().position(|a| a.name == axis).unwrap_or_else(|| {
            self.axes.push(Axis { name: axis.to_owned(), labels: Vec::new(), codes: vec![None; rows] });
            self.axes.len() - 1
        });
        let target = &mut self.axes[index];
        let code = target.labels.iter().position(|l| l == label).unwrap_or_else(|| {
            target.labels.push(label.to_owned());
            target.labels.len() - 1
        });
        target.codes[row] = Some(code as u32);
        Ok(())
    }

    /// With a whole axis, one optional label per row; replaces an axis of that name.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is an entry per row, and the errors of [`set`](Self::set).
    pub fn with_axis(mut self, axis: &str, labels: Vec<Option<String>>) -> Result<Self> {
        check::length("labels", self.rows, labels.len())?;
        named(axis, "any")?;
        self.axes.retain(|a| a.name != axis);
        let mut distinct = Vec::new();
        let mut index = BTreeMap::new();
        let mut codes = Vec::with_capacity(self.rows);
        for label in labels {
            let Some(label) = label else {
                codes.push(None);
                continue;
            };
            named(axis, &label)?;
            let code = *index.entry(label.clone()).or_insert_with(|| {
                distinct.push(label);
                (distinct.len() - 1) as u32
            });
            codes.push(Some(code));
        }
        self.axes.push(Axis { name: axis.to_owned(), labels: distinct, codes });
        Ok(self)
    }

    /// The label of a row, if it has one.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has.
    pub fn label(&self, row: usize, axis: &str) -> Result<Option<&str>> {
        let axis = self.axis(axis)?;
        let code = axis.codes.get(row).copied().flatten();
        Ok(code.map(|code| axis.labels[code as usize].as_str()))
    }

    /// The rows by label, in order of first use, the unlabelled last. Every row is in exactly one group.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has.
    pub fn group_by(&self, axis: &str) -> Result<Vec<Group>> {
        let rows: Vec<usize> = (0..self.rows).collect();
        self.group_rows(&rows, axis)
    }

    /// The rows as a tree: by the first axis, within it by the second, and so on.
    ///
    /// # Errors
    /// [`Error::Empty`] without axes, [`Error::Unknown`] for an axis that no row has.
    pub fn group_by_tree(&self, axes: &[&str]) -> Result<GroupNode> {
        if axes.is_empty() {
            return Err(Error::Empty { name: "axes" });
        }
        GroupNode::build(self, (0..self.rows).collect(), None, axes)
    }

    /// Positions of the rows that a selector picks, increasing.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has.
    pub fn select(&self, selector: &LabelSelector) -> Result<Vec<usize>> {
        let mask = self.mask(selector)?;
        Ok((0..self.rows).filter(|&row| mask[row]).collect())
    }

    /// The table of the given rows, in the given order.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a row that does not exist.
    pub fn rows_at(&self, rows: &[usize]) -> Result<Self> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.rows) {
            return Err(Error::OutOfDomain { name: "row", expected: "below the number of rows", value: row as f64 });
        }
        let mut table = Self::new(rows.len());
        for axis in &self.axes {
            let label = |&row: &usize| axis.codes[row].map(|code| axis.labels[code as usize].clone());
            table = table.with_axis(&axis.name, rows.iter().map(label).collect())?;
        }
        Ok(table)
    }

    /// Checks that every row has a label on `axis`.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has, [`Error::MissingValue`] for the first row without.
    pub fn require_total(&self, axis: &str) -> Result<()> {
        match self.axis(axis)?.codes.iter().position(Option::is_none) {
            None => Ok(()),
            Some(row) => Err(Error::MissingValue { row: format!("row {row}"), column: axis.to_owned() }),
        }
    }

    pub(super) fn group_rows(&self, rows: &[usize], axis: &str) -> Result<Vec<Group>> {
        let axis = self.axis(axis)?;
        let mut groups: Vec<Group> =
            axis.labels.iter().map(|label| Group { label: Some(label.clone()), rows: Vec::new() }).collect();
        let mut unlabelled = Group { label: None, rows: Vec::new() };
        for &row in rows {
            match axis.codes[row] {
                Some(code) => groups[code as usize].rows.push(row),
                None => unlabelled.rows.push(row),
            }
        }
        groups.push(unlabelled);
        groups.retain(|group| !group.rows.is_empty());
        Ok(groups)
    }

    fn mask(&self, selector: &LabelSelector) -> Result<Vec<bool>> {
        let combine = |selectors: &[LabelSelector], start: bool, join: fn(bool, bool) -> bool| {
            selectors.iter().try_fold(vec![start; self.rows], |mask, selector| {
                Ok(mask.into_iter().zip(self.mask(selector)?).map(|(a, b)| join(a, b)).collect())
            })
        };
        match selector {
            LabelSelector::All => Ok(vec![true; self.rows]),
            LabelSelector::Is { axis, label } => {
                let axis = self.axis(axis)?;
                let wanted = axis.labels.iter().position(|l| l == label).map(|code| code as u32);
                Ok(axis.codes.iter().map(|code| code.is_some() && *code == wanted).collect())
            }
            LabelSelector::Unlabelled { axis } => Ok(self.axis(axis)?.codes.iter().map(Option::is_none).collect()),
            LabelSelector::Every(selectors) => combine(selectors, true, |a, b| a && b),
            LabelSelector::Any(selectors) => combine(selectors, false, |a, b| a || b),
            LabelSelector::Not(selector) => Ok(self.mask(selector)?.into_iter().map(|picked| !picked).collect()),
        }
    }

    fn axis(&self, name: &str) -> Result<&Axis> {
        let unknown = || Error::Unknown { name: "label axis", value: name.to_owned() };
        self.axes.iter().find(|axis| axis.name == name).ok_or_else(unknown)
    }
}

fn named(axis: &str, label: &str) -> Result<()> {
    if axis.trim().is_empty() {
        return Err(Error::Empty { name: "label axis" });
    }
    if label.trim().is_empty() {
        return Err(Error::Empty { name: "label" });
    }
    if label == UNLABELLED {
        return Err(Error::Unsupported { what: "the label \"unlabelled\" is reserved for rows without one" });
    }
    Ok(())
}

/// The stored form: axis name to one optional label per row.
#[derive(Serialize, Deserialize)]
struct Stored {
    rows: usize,
    axes: Vec<(String, Vec<Option<String>>)>,
}

impl TryFrom<Stored> for LabelTable {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        check::unique("label axis", stored.axes.iter().map(|(name, _)| name.as_str()))?;
        stored.axes.into_iter().try_fold(Self::new(stored.rows), |table, (name, labels)| table.with_axis(&name, labels))
    }
}

impl From<LabelTable> for Stored {
    fn from(table: LabelTable) -> Self {
        let expand = |axis: Axis| {
            let label = |code: Option<u32>| code.map(|code| axis.labels[code as usize].clone());
            (axis.name, axis.codes.into_iter().map(label).collect())
        };
        Self { rows: table.rows, axes: table.axes.into_iter().map(expand).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> LabelTable {
        let text = |labels: [&str; 5]| labels.iter().map(|l| (!l.is_empty()).then(|| (*l).to_owned())).collect();
        LabelTable::new(5)
            .with_axis("account", text(["a", "b", "a", "", "b"]))
            .unwrap()
            .with_axis("strategy", text(["put", "put", "call", "put", "call"]))
            .unwrap()
    }

    #[test]
    fn groups_partition_the_rows() {
        let groups = table().group_by("account").unwrap();
        assert_eq!(groups.iter().map(Group::name).collect::<Vec<_>>(), ["a", "b", UNLABELLED]);
        let mut rows: Vec<usize> = groups.into_iter().flat_map(|g| g.rows).collect();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_last_label_counts() {
        let mut table = table();
        table.set(3, "account", "c").unwrap();
        table.set(3, "account", "a").unwrap();
        assert_eq!(table.label(3, "account").unwrap(), Some("a"));
        assert!(table.require_total("account").is_ok());
    }

    #[test]
    fn a_tree_groups_within_groups() {
        let tree = table().group_by_tree(&["account", "strategy"]).unwrap();
        assert_eq!(tree.rows.len(), 5);
        let a = &tree.children[0];
        assert_eq!(a.label.as_deref(), Some("a"));
        assert_eq!(a.children.iter().map(|c| c.rows.clone()).collect::<Vec<_>>(), [vec![0], vec![2]]);
    }

    #[test]
    fn selectors_combine() {
        let picks = |selector| table().select(&selector).unwrap();
        let a = || LabelSelector::is("account", "a");
        let put = || LabelSelector::is("strategy", "put");
        assert_eq!(picks(LabelSelector::Every(vec![a(), put()])), [0]);
        assert_eq!(picks(LabelSelector::Any(vec![a(), put()])), [0, 1, 2, 3]);
        assert_eq!(picks(LabelSelector::Not(Box::new(put()))), [2, 4]);
        assert_eq!(picks(LabelSelector::Unlabelled { axis: "account".into() }), [3]);
        assert_eq!(picks(LabelSelector::is("account", "nobody")), [0; 0]);
        assert_eq!(picks(LabelSelector::All).len(), 5);
    }

    #[test]
    fn bad_labels_are_refused() {
        let mut table = table();
        assert!(table.set(9, "account", "a").is_err());
        assert!(table.set(0, " ", "a").is_err());
        assert!(table.set(0, "account", "").is_err());
        assert!(table.set(0, "account", UNLABELLED).is_err());
        assert!(table.group_by("nothing").is_err());
        assert!(table.group_by_tree(&[]).is_err());
        assert!(table.rows_at(&[7]).is_err());
        assert!(table.clone().with_axis("x", vec![None]).is_err());
        assert!(matches!(table.require_total("account"), Err(Error::MissingValue { .. })));
    }

    #[test]
    fn serde_round_trip_and_check() {
        let text = serde_json::to_string(&table()).unwrap();
        assert_eq!(serde_json::from_str::<LabelTable>(&text).unwrap(), table());
        assert!(serde_json::from_str::<LabelTable>(&text.replace("\"rows\":5", "\"rows\":4")).is_err());
    }
}
