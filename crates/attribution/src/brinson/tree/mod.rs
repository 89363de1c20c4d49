//! Attribution along a tree of labels.

mod attribute;
#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::linking::compound;
use super::{EmptyBenchmark, Linking};
use crate::{Result, check};

/// Attribution along a tree of labels, such as asset class → sector → security.
///
/// ```text
/// w, W   weights of a node;  b = Σ W_i r_i / W its benchmark return;  p the node above it
///
/// allocation of a node      (w − w_p W/W_p)(b − b_p)     what its weight within p earned
/// selection of a leaf       Σ w_i r_i − w b              what was chosen within it earned
/// selection of a security   (w_i − w W_i/W)(r_i − b)     its part of that
/// ```
///
/// The weights within a node are compared at the size that the portfolio gave the node, so that each level judges its
/// own decision and interaction is part of the level below. Allocation of all nodes and selection of all leaves sum to
/// the active return `R − B` of each period. With one level it is Brinson-Fachler with the interaction in selection.
///
/// A node that the benchmark does not hold has `W/W_p = 0` and the `b` of an [`EmptyBenchmark`]; where the benchmark
/// holds nothing of `p` either, its return is judged against the `b_p` of that rule.
///
/// # Source
/// Bacon (2008), chapter 6, multi-level attribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeAttribution {
    /// The rule for nodes that the benchmark does not hold.
    pub empty: EmptyBenchmark,
    /// Total returns of the portfolio by period.
    pub portfolio_return: Vec<f64>,
    /// Total returns of the benchmark by period.
    pub benchmark_return: Vec<f64>,
    /// The nodes below the root, each before its children.
    pub nodes: Vec<NodeEffects>,
    /// Selection by period and security; a leaf's sum to its selection.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub securities: Array2<f64>,
}

/// The effects of one node by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeEffects {
    /// Labels from the first level down.
    pub path: Vec<String>,
    /// The axis that its last label is on.
    pub axis: String,
    /// Position of the node above it; `None` on the first level.
    pub parent: Option<usize>,
    /// What its weight within the node above earned.
    pub allocation: Vec<f64>,
    /// What was chosen within it earned, for a leaf.
    pub selection: Option<Vec<f64>>,
}

/// What one level of the tree earned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LevelEffect {
    /// The axis of an allocation; `None` for the selection of securities within leaves.
    pub axis: Option<String>,
    /// By period.
    pub by_period: Vec<f64>,
}

/// Attribution along a tree over a whole span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkedTree {
    /// The method that added the periods up.
    pub linking: Linking,
    /// Number of periods.
    pub periods: usize,
    /// Compounded return of the portfolio.
    pub portfolio_return: f64,
    /// Compounded return of the benchmark.
    pub benchmark_return: f64,
    /// Their difference.
    pub active_return: f64,
    /// The nodes below the root, each before its children.
    pub nodes: Vec<LinkedNode>,
    /// Selection by security.
    pub securities: Vec<f64>,
    /// What the effects of each period were multiplied by.
    pub coefficients: Vec<f64>,
}

/// The linked effects of one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkedNode {
    /// Labels from the first level down.
    pub path: Vec<String>,
    /// The axis that its last label is on.
    pub axis: String,
    /// Position of the node above it; `None` on the first level.
    pub parent: Option<usize>,
    /// What its weight within the node above earned.
    pub allocation: f64,
    /// What was chosen within it earned, for a leaf.
    pub selection: Option<f64>,
    /// Allocation and selection of the node and of all below it. The first level's sum to the active return.
    pub total: f64,
}

impl TreeAttribution {
    /// Active returns by period.
    #[must_use]
    pub fn active_return(&self) -> Vec<f64> {
        self.portfolio_return.iter().zip(&self.benchmark_return).map(|(r, b)| r - b).collect()
    }

    /// Allocation of each level, from the top, then the selection of securities. They sum to the active return.
    #[must_use]
    pub fn levels(&self) -> Vec<LevelEffect> {
        let mut levels: Vec<LevelEffect> = Vec::new();
        let mut selection = LevelEffect { axis: None, by_period: vec![0.0; self.portfolio_return.len()] };
        for node in &self.nodes {
            let depth = node.path.len().saturating_sub(1);
            while depth >= levels.len() {
                let by_period = vec![0.0; self.portfolio_return.len()];
                levels.push(LevelEffect { axis: Some(node.axis.clone()), by_period });
            }
            add(&mut levels[depth].by_period, &node.allocation);
            add(&mut selection.by_period, node.selection.as_deref().unwrap_or_default());
        }
        levels.push(selection);
        levels
    }

    /// What the effects leave of the active return, by period: rounding.
    #[must_use]
    pub fn residual(&self) -> Vec<f64> {
        let mut residual = self.active_return();
        for level in self.levels() {
            residual.iter_mut().zip(level.by_period).for_each(|(residual, effect)| *residual -= effect);
        }
        residual
    }

    /// The effects added up over the periods to the active return of the whole span.
    ///
    /// # Errors
    /// Those of [`Linking::coefficients`].
    pub fn linked(&self, linking: Linking) -> Result<LinkedTree> {
        let totals = [&self.portfolio_return, &self.benchmark_return];
        let coefficients = linking.coefficients(totals[0].as_slice().into(), totals[1].as_slice().into())?;
        let sum = |effects: &[f64]| -> f64 { effects.iter().zip(&coefficients).map(|(effect, c)| effect * c).sum() };
        let mut nodes: Vec<LinkedNode> = (self.nodes.iter())
            .map(|node| {
                let (allocation, selection) = (sum(&node.allocation), node.selection.as_deref().map(sum));
                let (path, axis) = (node.path.clone(), node.axis.clone());
                let total = allocation + selection.unwrap_or(0.0);
                LinkedNode { path, axis, parent: node.parent, allocation, selection, total }
            })
            .collect();
        for k in (0..nodes.len()).rev() {
            let total = nodes[k].total;
            if let Some(above) = nodes[k].parent.and_then(|parent| nodes.get_mut(parent)) {
                above.total += total;
            }
        }
        check::length("effects of securities", coefficients.len(), self.securities.nrows())?;
        let securities: Array1<f64> = ArrayView1::from(&coefficients).dot(&self.securities);
        check::finite("linked effects", securities.view())?;
        let [portfolio_return, benchmark_return] = totals.map(compound);
        Ok(LinkedTree {
            linking,
            periods: coefficients.len(),
            portfolio_return,
            benchmark_return,
            active_return: portfolio_return - benchmark_return,
            nodes,
            securities: securities.to_vec(),
            coefficients,
        })
    }
}

impl LinkedTree {
    /// What the effects leave of the active return: rounding.
    #[must_use]
    pub fn residual(&self) -> f64 {
        let explained: f64 = self.nodes.iter().map(|node| node.allocation + node.selection.unwrap_or(0.0)).sum();
        self.active_return - explained
    }
}

fn add(sums: &mut [f64], effects: &[f64]) {
    sums.iter_mut().zip(effects).for_each(|(sum, effect)| *sum += effect);
}
