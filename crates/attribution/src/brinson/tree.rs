use alluse_risk_core::labels::{GroupNode, UNLABELLED};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::grouping::return_of;
use super::linking::compound;
use super::sectors::{benchmark_sum, portfolio_sum};
use super::{BrinsonInput, EmptyBenchmark, Linking};
use crate::{Error, Result, check};

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
    #[serde(with = "super::rows")]
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

/// The nodes in the order parents come first, the root included, and the leaf of each security.
struct Flat {
    nodes: Vec<FlatNode>,
    leaves: Vec<usize>,
}

struct FlatNode {
    path: Vec<String>,
    axis: String,
    parent: usize,
    is_leaf: bool,
}

/// Weights, contributions and gross weights of a node in portfolio and benchmark.
#[derive(Clone, Copy, Default)]
struct Sums {
    weight: [f64; 2],
    earned: [f64; 2],
    gross: [f64; 2],
}

impl BrinsonInput<'_> {
    /// Attributes the active return of every period along a tree whose rows are the securities. The grouping of the
    /// input plays no part.
    ///
    /// # Errors
    /// - [`Error::Invalid`] for a tree whose leaves do not hold every security once.
    /// - [`Error::Input`] for an entry that is not finite, and for weights of a period that do not sum to 1.
    /// - [`Error::Undefined`] for a node whose long and short benchmark weights cancel, and with
    ///   [`EmptyBenchmark::Portfolio`] for one whose portfolio weights cancel and that the benchmark does not hold.
    pub fn tree(&self, root: &GroupNode, empty: EmptyBenchmark) -> Result<TreeAttribution> {
        let flat = Flat::new(root, self.securities())?;
        let (periods, count) = (self.periods(), flat.nodes.len());
        let [weights, benchmark_weights, returns] = self.matrices();
        let mut allocation = Array2::zeros((count, periods));
        let mut selection = allocation.clone();
        let mut securities = Array2::zeros((periods, self.securities()));
        let (mut portfolio_return, mut benchmark_return) = (Vec::with_capacity(periods), Vec::with_capacity(periods));
        let mut sums = vec![Sums::default(); count];
        // Benchmark returns of the nodes, and whether the benchmark holds them.
        let mut benchmark = vec![(0.0, true); count];
        for t in 0..periods {
            let (w, v, r) = (weights.row(t), benchmark_weights.row(t), returns.row(t));
            flat.sum([w, v], r, &mut sums);
            let whole = sums[0];
            if !whole.weight.iter().chain(&whole.earned).all(|sum| sum.is_finite()) {
                return Err(self.not_finite());
            }
            portfolio_sum(t, whole.weight[0])?;
            benchmark_sum(t, whole.weight[1])?;
            sums[0].weight = [1.0; 2];
            benchmark[0].0 = whole.earned[1];
            for (k, node) in flat.nodes.iter().enumerate() {
                let above = (sums[node.parent], benchmark[node.parent]);
                if k > 0 {
                    benchmark[k] = node.benchmark_return(&sums[k], above.1.0, empty, t)?;
                    let [w, v] = sums[k].weight;
                    let share = if above.1.1 { v / above.0.weight[1] } else { 0.0 };
                    allocation[[k, t]] = (w - above.0.weight[0] * share) * (benchmark[k].0 - above.1.0);
                }
                if node.is_leaf {
                    selection[[k, t]] = sums[k].earned[0] - sums[k].weight[0] * benchmark[k].0;
                }
            }
            for (i, &leaf) in flat.leaves.iter().enumerate() {
                let (b, held) = benchmark[leaf];
                let [total, benchmark_total] = sums[leaf].weight;
                let share = if held { v[i] / benchmark_total } else { 0.0 };
                securities[[t, i]] = (w[i] - total * share) * (r[i] - b);
            }
            portfolio_return.push(whole.earned[0]);
            benchmark_return.push(whole.earned[1]);
        }
        for effects in [&allocation, &selection, &securities] {
            check::finite_matrix("effects of a tree", effects.view())?;
        }
        let nodes = flat.effects(&allocation, &selection);
        Ok(TreeAttribution { empty, portfolio_return, benchmark_return, nodes, securities })
    }
}

impl Flat {
    fn new(root: &GroupNode, securities: usize) -> Result<Self> {
        if root.children.is_empty() {
            return Err(Error::invalid("tree of labels", "the root has no groups below it"));
        }
        let mut flat = Self { nodes: Vec::new(), leaves: vec![usize::MAX; securities] };
        flat.push(root, Vec::new(), "", 0)?;
        match flat.leaves.iter().position(|&leaf| leaf == usize::MAX) {
            None => Ok(flat),
            Some(row) => Err(Error::invalid("tree of labels", format!("security {row} is in no leaf"))),
        }
    }

    fn push(&mut self, node: &GroupNode, path: Vec<String>, axis: &str, parent: usize) -> Result<()> {
        let position = self.nodes.len();
        let is_leaf = node.children.is_empty();
        self.nodes.push(FlatNode { path: path.clone(), axis: axis.to_owned(), parent, is_leaf });
        if is_leaf {
            for &row in &node.rows {
                let reason = match self.leaves.get(row) {
                    None => format!("row {row} of leaf {path:?} is not one of {} securities", self.leaves.len()),
                    Some(&leaf) if leaf != usize::MAX => {
                        format!("security {row} is in the leaves {:?} and {path:?}", self.nodes[leaf].path)
                    }
                    Some(_) => {
                        self.leaves[row] = position;
                        continue;
                    }
                };
                return Err(Error::invalid("tree of labels", reason));
            }
        }
        for child in &node.children {
            let mut below = path.clone();
            below.push(child.label.clone().unwrap_or_else(|| UNLABELLED.to_owned()));
            self.push(child, below, node.axis.as_deref().unwrap_or_default(), position)?;
        }
        Ok(())
    }

    /// Sums of one period, from the leaves up.
    fn sum(&self, weights: [ArrayView1<'_, f64>; 2], returns: ArrayView1<'_, f64>, sums: &mut [Sums]) {
        sums.fill(Sums::default());
        for ((&leaf, &r), (&w, &v)) in self.leaves.iter().zip(returns).zip(weights[0].iter().zip(weights[1])) {
            sums[leaf].add(Sums { weight: [w, v], earned: [w * r, v * r], gross: [w.abs(), v.abs()] });
        }
        for k in (1..self.nodes.len()).rev() {
            let below = sums[k];
            sums[self.nodes[k].parent].add(below);
        }
    }

    fn effects(self, allocation: &Array2<f64>, selection: &Array2<f64>) -> Vec<NodeEffects> {
        let named = self.nodes.into_iter().enumerate().skip(1);
        named
            .map(|(k, FlatNode { path, axis, parent, is_leaf })| NodeEffects {
                path,
                axis,
                parent: parent.checked_sub(1),
                allocation: allocation.row(k).to_vec(),
                selection: is_leaf.then(|| selection.row(k).to_vec()),
            })
            .collect()
    }
}

impl FlatNode {
    /// The node's benchmark return, and whether the benchmark holds it.
    fn benchmark_return(&self, sums: &Sums, above: f64, empty: EmptyBenchmark, t: usize) -> Result<(f64, bool)> {
        let side = |k: usize, name: &str| {
            let place = || format!("{name} weights of {:?} in period {t}", self.path);
            return_of([sums.weight[k], sums.earned[k]], || sums.gross[k], place)
        };
        if let Some(b) = side(1, "benchmark")? {
            return Ok((b, true));
        }
        let portfolio = if empty == EmptyBenchmark::Portfolio { side(0, "portfolio")? } else { None };
        Ok((empty.stand_in(portfolio, above), false))
    }
}

impl Sums {
    fn add(&mut self, other: Self) {
        for k in 0..2 {
            self.weight[k] += other.weight[k];
            self.earned[k] += other.earned[k];
            self.gross[k] += other.gross[k];
        }
    }
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

#[cfg(test)]
mod tests {
    use alluse_risk_core::labels::LabelTable;
    use ndarray::array;

    use super::*;
    use crate::brinson::Grouping;

    fn table(classes: &[&str], sectors: &[&str]) -> LabelTable {
        let axis = |labels: &[&str]| labels.iter().map(|l| (!l.is_empty()).then(|| (*l).to_owned())).collect();
        let table = LabelTable::new(classes.len()).with_axis("class", axis(classes)).unwrap();
        table.with_axis("sector", axis(sectors)).unwrap()
    }

    /// One period, worked by hand: bonds, and stocks in two sectors of which tech holds two securities.
    fn by_hand() -> TreeAttribution {
        let table = table(&["bonds", "stocks", "stocks", "stocks"], &["gov", "tech", "tech", "oil"]);
        let root = table.group_by_tree(&["class", "sector"]).unwrap();
        let grouping = Grouping::from_table(&table, "class").unwrap();
        let (w, v) = (array![[0.2, 0.5, 0.1, 0.2]], array![[0.5, 0.15, 0.15, 0.2]]);
        let returns = array![[0.01, 0.10, 0.02, -0.05]];
        let input = BrinsonInput::new(w.view(), v.view(), returns.view(), &grouping).unwrap();
        input.tree(&root, EmptyBenchmark::Portfolio).unwrap()
    }

    #[test]
    fn a_tree_worked_by_hand() {
        let tree = by_hand();
        // Benchmark: bonds 1 %, tech 6 %, oil −5 %, stocks (0.3 × 6 % − 0.2 × 5 %)/0.5 = 1.6 %, total 1.3 %.
        let want = [
            (vec!["bonds"], "class", -0.3 * -0.003, None),
            (vec!["bonds", "gov"], "sector", 0.0, Some(0.0)),
            (vec!["stocks"], "class", 0.3 * 0.003, None),
            // Within stocks: 0.6 of tech against 0.8 × 0.6.
            (vec!["stocks", "tech"], "sector", 0.12 * 0.044, Some(0.052 - 0.6 * 0.06)),
            (vec!["stocks", "oil"], "sector", -0.12 * -0.066, Some(0.0)),
        ];
        assert_eq!(tree.nodes.len(), want.len());
        for (node, (path, axis, allocation, selection)) in tree.nodes.iter().zip(want) {
            assert_eq!(
                (&node.path[..], node.axis.as_str()),
                (&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..], axis)
            );
            assert!((node.allocation[0] - allocation).abs() < 1e-16, "{path:?}: {}", node.allocation[0]);
            assert_eq!(node.selection.is_some(), selection.is_some());
            let got = node.selection.as_ref().map_or(0.0, |s| s[0]);
            assert!((got - selection.unwrap_or(0.0)).abs() < 1e-16, "{path:?}: {got}");
        }
        // Security 1: (0.5 − 0.6 × 0.5)(10 % − 6 %).
        assert!((tree.securities[[0, 1]] - 0.008).abs() < 1e-16 && (tree.securities[[0, 2]] - 0.008).abs() < 1e-16);
        let levels = tree.levels();
        let axes: Vec<_> = levels.iter().map(|level| level.axis.as_deref()).collect();
        assert_eq!(axes, [Some("class"), Some("sector"), None]);
        assert!((levels[0].by_period[0] - 0.0018).abs() < 1e-16);
        assert!(tree.residual()[0].abs() < 1e-16);
        let linked = tree.linked(Linking::Carino).unwrap();
        let first: f64 = linked.nodes.iter().filter(|node| node.parent.is_none()).map(|node| node.total).sum();
        assert!((first - linked.active_return).abs() < 1e-15 && (linked.active_return - 0.031).abs() < 1e-15);
        let text = serde_json::to_string(&(&tree, &linked)).unwrap();
        assert_eq!(serde_json::from_str::<(TreeAttribution, LinkedTree)>(&text).unwrap(), (tree, linked));
    }

    #[test]
    fn each_rule_for_a_group_outside_the_benchmark() {
        let table = table(&["stocks", "gold", "gold"], &["a", "coins", ""]);
        let root = table.group_by_tree(&["class", "sector"]).unwrap();
        let grouping = Grouping::from_table(&table, "class").unwrap();
        let (w, v) = (array![[0.7, 0.1, 0.2]], array![[1.0, 0.0, 0.0]]);
        let returns = array![[0.05, 0.20, 0.02]];
        let input = BrinsonInput::new(w.view(), v.view(), returns.view(), &grouping).unwrap();
        let effects = |empty| {
            let tree = input.tree(&root, empty).unwrap();
            assert!(tree.residual()[0].abs() < 1e-16);
            assert_eq!(tree.nodes[4].path, ["gold", "unlabelled"]);
            tree.levels().iter().map(|level| level.by_period[0]).collect::<Vec<_>>()
        };
        // Active return: 0.1 × 15 % − 0.2 × 3 % = 0.9 %.
        let expect = |got: Vec<f64>, want: [f64; 3]| {
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-16), "{got:?}");
        };
        expect(effects(EmptyBenchmark::Portfolio), [0.009, 0.0, 0.0]);
        expect(effects(EmptyBenchmark::Parent), [0.0, 0.0, 0.009]);
        expect(effects(EmptyBenchmark::Zero), [-0.015, 0.0, 0.024]);
    }

    #[test]
    fn hostile_trees_are_named() {
        let table = table(&["a", "b", "b"], &["x", "y", "z"]);
        let grouping = Grouping::from_table(&table, "class").unwrap();
        let weights = array![[0.5, 0.25, 0.25]];
        let returns = array![[0.1, 0.2, 0.3]];
        let input = BrinsonInput::new(weights.view(), weights.view(), returns.view(), &grouping).unwrap();
        let good = table.group_by_tree(&["class"]).unwrap();
        let refuse = |change: fn(&mut GroupNode)| {
            let mut root = good.clone();
            change(&mut root);
            input.tree(&root, EmptyBenchmark::Parent).unwrap_err().to_string()
        };
        assert!(refuse(|root| root.children[1].rows = vec![1]).contains("security 2 is in no leaf"));
        assert!(refuse(|root| root.children[1].rows = vec![0, 1, 2]).contains("security 0 is in the leaves"));
        assert!(refuse(|root| root.children[1].rows = vec![1, 2, 9]).contains("row 9"));
        assert!(refuse(|root| root.children.clear()).contains("no groups"));
        let broken = array![[0.5, 0.25, f64::NAN]];
        let input = BrinsonInput::new(weights.view(), weights.view(), broken.view(), &grouping).unwrap();
        assert_eq!(
            input.tree(&good, EmptyBenchmark::Parent).unwrap_err().to_string(),
            "returns[0, 2] must be finite, got NaN"
        );
        // Long and short cancel: no benchmark return, but a portfolio return is not needed.
        let hedged = array![[1.0, 0.25, -0.25]];
        let input = BrinsonInput::new(hedged.view(), weights.view(), returns.view(), &grouping).unwrap();
        assert!(input.tree(&good, EmptyBenchmark::Parent).unwrap().residual()[0].abs() < 1e-16);
        let input = BrinsonInput::new(weights.view(), hedged.view(), returns.view(), &grouping).unwrap();
        assert!(input.tree(&good, EmptyBenchmark::Parent).unwrap_err().to_string().contains("[\"b\"] in period 0"));
    }
}
