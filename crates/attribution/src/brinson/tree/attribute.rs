//! Weights and returns of the nodes, from the leaves up, and their effects from the root down.

use alluse_risk_core::labels::{GroupNode, UNLABELLED};
use ndarray::{Array2, ArrayView1};

use super::{NodeEffects, TreeAttribution};
use crate::brinson::grouping::return_of;
use crate::brinson::sectors::{benchmark_sum, portfolio_sum};
use crate::brinson::{BrinsonInput, EmptyBenchmark};
use crate::{Error, Result, check};

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
