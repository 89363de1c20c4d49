//! The layers of an assessment.

use alluse_risk_core::labels::GroupNode;
use alluse_risk_core::{Coverage, ScenarioPnl, Status};
use serde::{Deserialize, Serialize};

use super::figures::{Members, figures};
use super::{Composite, Evidence, RiskFigure, RiskKind};
use crate::Result;

/// One node of an assessment: the whole book, a label, or a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssessmentNode {
    /// The axis of the label, `position` for a single one, `None` for the whole book.
    pub axis: Option<String>,
    /// The label, or the position; `None` for the whole book and for what has no label on the axis.
    pub label: Option<String>,
    /// What the node covers.
    pub coverage: Coverage,
    /// The seven risks, in the order of [`RiskKind::ALL`].
    pub figures: Vec<RiskFigure>,
    /// One number of them, when there is a scale.
    pub composite: Option<Status<Composite>>,
    /// The next layer; its nodes partition this one.
    pub children: Vec<AssessmentNode>,
}

impl AssessmentNode {
    /// The figure of a risk.
    #[must_use]
    pub fn figure(&self, kind: RiskKind) -> Option<&RiskFigure> {
        self.figures.iter().find(|figure| figure.kind == kind)
    }
}

pub(super) fn build(evidence: &Evidence<'_>, axes: &[&str]) -> Result<AssessmentNode> {
    let labels = evidence.pnl.labels();
    let root = match axes {
        [] => GroupNode { label: None, axis: None, rows: (0..labels.rows()).collect(), children: Vec::new() },
        axes => labels.group_by_tree(axes)?,
    };
    Ok(node(evidence, &root, None))
}

fn node(evidence: &Evidence<'_>, group: &GroupNode, axis: Option<&str>) -> AssessmentNode {
    let children = match &group.axis {
        Some(axis) => group.children.iter().map(|child| node(evidence, child, Some(axis))).collect(),
        None => group.rows.iter().map(|&row| position(evidence, row)).collect(),
    };
    filled(evidence, axis, group.label.clone(), &group.rows, children)
}

fn position(evidence: &Evidence<'_>, row: usize) -> AssessmentNode {
    let valued = evidence.pnl.rows();
    let id = match row < valued.len() {
        true => &valued[row],
        false => &evidence.pnl.unvalued()[row - valued.len()].row,
    };
    filled(evidence, Some("position"), Some(id.to_string()), &[row], Vec::new())
}

fn filled(
    evidence: &Evidence<'_>,
    axis: Option<&str>,
    label: Option<String>,
    rows: &[usize],
    children: Vec<AssessmentNode>,
) -> AssessmentNode {
    let coverage =
        rows.iter().map(|&row| coverage_of(&evidence.pnl, row)).fold(Coverage::complete(0, 0.0), Coverage::and);
    let valued: Vec<usize> = rows.iter().copied().filter(|&row| row < evidence.pnl.rows().len()).collect();
    let figures = figures(evidence, &Members { valued: &valued, coverage });
    let composite = evidence.settings.scale.as_ref().map(|scale| scale.of(&figures));
    AssessmentNode { axis: axis.map(str::to_owned), label, coverage, figures, composite, children }
}

/// Rows of the label table: those with values first, then those without.
fn coverage_of(pnl: &ScenarioPnl, row: usize) -> Coverage {
    let valued = pnl.rows().len();
    match row < valued {
        true => pnl.row_coverage()[row],
        false => pnl.unvalued()[row - valued].coverage,
    }
}
