//! Which way round the branches of a tree hang.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::dendrogram::Dendrogram;
use super::distance::DistanceMatrix;
use crate::Result;

/// The order of the assets along the foot of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeafOrder {
    /// In each merge the cluster with the smaller number first: SciPy's `leaves_list`.
    #[default]
    Scipy,
    /// Of all orders the tree allows, one with the least sum of distances between neighbours; the left child of the
    /// last merge stays left, so that the order and not its mirror image comes out. `O(n³)` time, `O(n²)` memory.
    ///
    /// Bar-Joseph, Gifford and Jaakkola (2001).
    Optimal,
    /// What SciPy 1.17 returns for `optimal_ordering=True`, and with it skfolio and Riskfolio-Lib: from the
    /// bottom up, the two children of each cluster are turned to suit the best order of that cluster alone. What hangs
    /// below them is turned along but not arranged anew.
    ///
    /// The sum of distances is at least that of [`Optimal`](Self::Optimal), often larger. SciPy adds in single
    /// precision; orders that differ by less than that may come out otherwise.
    ScipyOptimal,
}

/// Where a cluster lies in the list of assets and where its right child begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) start: usize,
    pub(super) middle: usize,
    pub(super) end: usize,
}

impl LeafOrder {
    /// The assets from left to right.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there is one row of distances an asset.
    pub fn order(self, tree: &Dendrogram, distances: &DistanceMatrix) -> Result<Vec<usize>> {
        let (expected, got) = (tree.len(), distances.len());
        if expected != got {
            return Err(alluse_risk_core::Error::LengthMismatch { name: "distances", expected, got }.into());
        }
        Ok(match self {
            Self::Scipy => tree.leaf_order(),
            Self::Optimal => costs(tree, distances, Costs::walk),
            Self::ScipyOptimal => costs(tree, distances, Costs::walk_each_alone),
        })
    }
}

/// The branches of a tree whose leaves stand in `order`, which the tree must allow; children after their parents.
pub(super) fn branches(tree: &Dendrogram, order: &[usize]) -> Vec<Branch> {
    let n = tree.len();
    let mut first = vec![0; 2 * n - 1]; // leftmost place of each cluster
    for (place, &asset) in order.iter().enumerate() {
        first[asset] = place;
    }
    let size = |cluster: usize| if cluster < n { 1 } else { tree.merges()[cluster - n].size };
    let mut branches = Vec::with_capacity(n - 1);
    for (index, merge) in tree.merges().iter().enumerate() {
        let (left, right) = (first[merge.left], first[merge.right]);
        first[n + index] = left.min(right);
        let middle = left.max(right);
        let width = if left < right { size(merge.left) } else { size(merge.right) };
        branches.push(Branch { start: middle - width, middle, end: middle - width + merge.size });
    }
    branches.reverse();
    branches
}

/// `cost[u, w]`: the least sum over a cluster's leaves with `u` at one end and `w` at the other. Each pair of leaves
/// meets in one cluster only, so one matrix holds them all.
struct Costs {
    distances: Array2<f64>,
    cost: Array2<f64>,
    /// Where the right child of the cluster `[start, end)` begins, by its places: `start + 1 == end` is a leaf.
    branches: Vec<Branch>,
    /// For each cluster, the positions of its children in `branches`; `None` is a leaf.
    children: Vec<[Option<usize>; 2]>,
}

/// The order that `walk` reads from the costs of all clusters.
fn costs(tree: &Dendrogram, distances: &DistanceMatrix, walk: impl Fn(&Costs) -> Vec<usize>) -> Vec<usize> {
    let order = tree.leaf_order();
    let n = order.len();
    if n < 3 {
        return order;
    }
    // Leaves by their place, so that every cluster is a range.
    let placed = Array2::from_shape_fn((n, n), |(a, b)| distances.view()[[order[a], order[b]]]);
    let branches = branches(tree, &order);
    // The merge at position k of the tree is branch n − 2 − k.
    let place = |cluster: usize| (cluster >= n).then(|| n - 2 - (cluster - n));
    let children = tree.merges().iter().rev().map(|merge| [place(merge.left), place(merge.right)]).collect();
    let mut costs = Costs { distances: placed, cost: Array2::zeros((n, n)), branches, children };
    for index in (0..costs.branches.len()).rev() {
        costs.fill(index);
    }
    walk(&costs).into_iter().map(|place| order[place]).collect()
}

impl Costs {
    /// The leaves that can stand at the other end of a child when `leaf` stands at one.
    fn opposite(&self, child: Option<usize>, leaf: usize) -> std::ops::Range<usize> {
        match child {
            None => leaf..leaf + 1,
            Some(child) => {
                let Branch { start, middle, end } = self.branches[child];
                if leaf < middle { middle..end } else { start..middle }
            }
        }
    }

    /// The costs of one cluster from those of its children, in two minima of a sum.
    fn fill(&mut self, index: usize) {
        let (Branch { start, middle, end }, [left, right]) = (self.branches[index], self.children[index]);
        let mut bridge = vec![0.0; end - middle];
        let mut cost = vec![0.0; end - middle];
        for u in start..middle {
            self.bridge(self.opposite(left, u), u, middle, &mut bridge);
            cost.fill(f64::INFINITY);
            for (k, &so_far) in (middle..end).zip(&bridge) {
                let ends = self.opposite(right, k);
                let costs = self.cost.row(k);
                for w in ends {
                    cost[w - middle] = cost[w - middle].min(so_far + costs[w]);
                }
            }
            for (w, &cost) in (middle..end).zip(&cost) {
                (self.cost[[u, w]], self.cost[[w, u]]) = (cost, cost);
            }
        }
    }

    /// From `u` through the left child and one step on to each leaf `k` of the right child, for the best inner end.
    fn bridge(&self, inner: std::ops::Range<usize>, u: usize, middle: usize, out: &mut [f64]) {
        out.fill(f64::INFINITY);
        for m in inner {
            let so_far = self.cost[[u, m]];
            for (out, step) in out.iter_mut().zip(self.distances.row(m).iter().skip(middle)) {
                *out = out.min(so_far + step);
            }
        }
    }

    /// The ends of the best order of one cluster, the first among its left leaves.
    fn best_ends(&self, cluster: usize) -> Option<(usize, usize)> {
        let Branch { start, middle, end } = self.branches[cluster];
        let ends = (start..middle).flat_map(|u| (middle..end).map(move |w| (u, w)));
        smallest(ends, |&(u, w)| self.cost[[u, w]])
    }

    /// From the best ends of each cluster alone: which of its two children are turned round, with all below them.
    fn walk_each_alone(&self) -> Vec<usize> {
        let mut turned = vec![false; self.branches.len()];
        for (cluster, &[left, right]) in self.children.iter().enumerate() {
            let Some((u, w)) = self.best_ends(cluster) else { continue };
            if let Some(left) = left {
                turned[left] = u >= self.branches[left].middle;
            }
            if let Some(right) = right {
                turned[right] = w < self.branches[right].middle;
            }
        }
        let (mut open, mut order) = (vec![(Some(0), 0, false)], Vec::new());
        while let Some((cluster, place, above)) = open.pop() {
            let Some(cluster) = cluster else {
                order.push(place);
                continue;
            };
            let [left, right] = self.children[cluster];
            let Branch { start, middle, .. } = self.branches[cluster];
            let round = above != turned[cluster];
            let (first, second) = ((left, start, round), (right, middle, round));
            open.extend(if round { [first, second] } else { [second, first] });
        }
        order
    }

    /// From the best two ends down to the leaves.
    fn walk(&self) -> Vec<usize> {
        let Some((u, w)) = self.best_ends(0) else { return Vec::new() };
        let (mut open, mut order) = (vec![(Some(0), u, w)], Vec::new());
        while let Some((cluster, first, last)) = open.pop() {
            let Some(cluster) = cluster else {
                order.push(first);
                continue;
            };
            let [left, right] = self.children[cluster];
            let (before, after) = if first < self.branches[cluster].middle { (left, right) } else { (right, left) };
            let (inner, others) = (self.opposite(before, first), self.opposite(after, last));
            let joints = inner.flat_map(|m| others.clone().map(move |k| (m, k)));
            let through =
                |&(m, k): &(usize, usize)| self.cost[[first, m]] + self.distances[[m, k]] + self.cost[[k, last]];
            if let Some((m, k)) = smallest(joints, through) {
                open.extend([(after, k, last), (before, first, m)]);
            }
        }
        order
    }
}

/// The first of the smallest.
fn smallest<T>(items: impl Iterator<Item = T>, value: impl Fn(&T) -> f64) -> Option<T> {
    let mut best: Option<(f64, T)> = None;
    for item in items {
        let value = value(&item);
        if best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, item));
        }
    }
    best.map(|(_, item)| item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::Linkage;
    use proptest::prelude::*;

    fn length(order: &[usize], distances: &DistanceMatrix) -> f64 {
        order.windows(2).map(|pair| distances.view()[[pair[0], pair[1]]]).sum()
    }

    /// Every order that turning branches round can give, the first the tree's own.
    fn every(tree: &Dendrogram, cluster: usize) -> Vec<Vec<usize>> {
        let Some((left, right)) = tree.children(cluster) else { return vec![vec![cluster]] };
        let (left, right) = (every(tree, left), every(tree, right));
        let both = |a: &[Vec<usize>], b: &[Vec<usize>]| -> Vec<Vec<usize>> {
            a.iter().flat_map(|a| b.iter().map(|b| [a.clone(), b.clone()].concat())).collect()
        };
        [both(&left, &right), both(&right, &left)].concat()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_optimal_order_is_the_best_of_all(values in proptest::collection::vec(-1.0_f64..1.0, 2..17)) {
            let points = Array2::from_shape_vec((values.len() / 2, 2), values[..values.len() / 2 * 2].to_vec()).unwrap();
            let distances = DistanceMatrix::between_points(points.view()).unwrap();
            for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average, Linkage::Ward] {
                let tree = linkage.cluster(&distances);
                let order = LeafOrder::Optimal.order(&tree, &distances).unwrap();
                let all = every(&tree, tree.root());
                let best = all.iter().map(|order| length(order, &distances)).fold(f64::INFINITY, f64::min);
                prop_assert!((length(&order, &distances) - best).abs() < 1e-12);
                prop_assert!(all.contains(&order), "the tree does not allow {order:?}");
                let root_left = tree.children(tree.root()).map_or(0, |(left, _)| left);
                prop_assert!(tree.leaves(root_left).contains(&order[0]));
                let alone = LeafOrder::ScipyOptimal.order(&tree, &distances).unwrap();
                prop_assert!(all.contains(&alone), "the tree does not allow {alone:?}");
                prop_assert!(length(&alone, &distances) >= best - 1e-12);
            }
        }
    }

    #[test]
    fn branches_follow_the_order() {
        let distances = DistanceMatrix::between_points(ndarray::array![[0.0], [1.0], [5.0], [5.5]].view()).unwrap();
        let tree = Linkage::Single.cluster(&distances); // 2-3, 0-1, both
        let branch = |start, middle, end| Branch { start, middle, end };
        assert_eq!(tree.leaf_order(), [2, 3, 0, 1]);
        assert_eq!(branches(&tree, &[2, 3, 0, 1]), [branch(0, 2, 4), branch(2, 3, 4), branch(0, 1, 2)]);
        assert_eq!(branches(&tree, &[1, 0, 3, 2]), [branch(0, 2, 4), branch(0, 1, 2), branch(2, 3, 4)]);
        for leaf_order in [LeafOrder::Optimal, LeafOrder::ScipyOptimal] {
            assert_eq!(leaf_order.order(&tree, &distances).unwrap(), [3, 2, 1, 0]);
        }
    }

    #[test]
    fn distances_of_another_size_are_refused() {
        let distances = DistanceMatrix::new(Array2::zeros((3, 3))).unwrap();
        assert!(LeafOrder::Scipy.order(&Dendrogram::new(Vec::new()).unwrap(), &distances).is_err());
    }
}
