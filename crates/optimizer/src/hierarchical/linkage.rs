//! Agglomerative clustering.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::dendrogram::Dendrogram;
use super::distance::DistanceMatrix;

/// How far apart two clusters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Linkage {
    /// As far as their closest members.
    #[default]
    Single,
    /// As far as their farthest members.
    Complete,
    /// The mean over pairs of members.
    Average,
    /// `√(2·increase of the sum of squares)`, as if the distances were Euclidean.
    Ward,
}

impl Linkage {
    /// The tree of clusters, in `O(n²)` time.
    ///
    /// Single linkage grows a minimum spanning tree (Prim), the others follow chains of nearest neighbours. Ties:
    /// the tree starts with asset 0, a chain with the smallest cluster left; among equally near clusters the one
    /// before in the chain comes first, then the smallest number; merges of equal height keep the order in which
    /// they were found. SciPy's `linkage` has the same rules.
    ///
    /// # Source
    /// Müllner (2011), *Modern hierarchical, agglomerative clustering algorithms*; Lance and Williams (1967).
    #[must_use]
    pub fn cluster(self, distances: &DistanceMatrix) -> Dendrogram {
        Dendrogram::labelled(match self {
            Self::Single => spanning_tree(distances),
            Self::Complete | Self::Average | Self::Ward => nearest_neighbour_chains(distances, self),
        })
    }

    /// The distance between `i` and the union of `a` and `b`: Lance and Williams.
    fn updated(self, [to_a, to_b, between]: [f64; 3], [size_a, size_b, size]: [f64; 3]) -> f64 {
        match self {
            Self::Single => to_a.min(to_b),
            Self::Complete => to_a.max(to_b),
            Self::Average => (size_a * to_a + size_b * to_b) / (size_a + size_b),
            Self::Ward => {
                let squares = (size + size_a) * to_a * to_a + (size + size_b) * to_b * to_b - size * between * between;
                (squares / (size_a + size_b + size)).sqrt()
            }
        }
    }
}

/// Asset by asset along Prim's tree: runs of steps below a height are the clusters at that height, so it does not
/// matter that a step names the asset added before it instead of the nearest one.
fn spanning_tree(distances: &DistanceMatrix) -> Vec<(usize, usize, f64)> {
    let n = distances.len();
    let mut nearest = vec![f64::INFINITY; n];
    let mut open: Vec<usize> = (1..n).collect();
    let (mut last, mut found) = (0, Vec::with_capacity(n - 1));
    while !open.is_empty() {
        let row = distances.view();
        let row = row.row(last);
        let (mut place, mut height) = (0, f64::INFINITY);
        for (at, &asset) in open.iter().enumerate() {
            nearest[asset] = nearest[asset].min(row[asset]);
            if nearest[asset] < height {
                (place, height) = (at, nearest[asset]);
            }
        }
        let next = open.remove(place); // in order, so that the smallest number wins a tie
        found.push((last, next, height));
        last = next;
    }
    found
}

/// A chain of nearest neighbours ends in two clusters that are nearest to each other; they merge.
fn nearest_neighbour_chains(distances: &DistanceMatrix, linkage: Linkage) -> Vec<(usize, usize, f64)> {
    let n = distances.len();
    let mut state = State { distances: distances.view().to_owned(), sizes: vec![1; n], alive: (0..n).collect() };
    let (mut chain, mut found) = (Vec::new(), Vec::with_capacity(n - 1));
    while state.alive.len() > 1 {
        let top = match chain.last() {
            Some(&top) => top,
            None => {
                chain.push(state.alive[0]);
                state.alive[0]
            }
        };
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let (next, height) = state.nearest(top, before);
        if before != Some(next) {
            chain.push(next);
            continue;
        }
        found.push((top.min(next), top.max(next), height));
        state.merge(top.min(next), top.max(next), height, linkage);
        // Normally the last two; more when rounding made a chain visit a cluster twice.
        let kept = chain.iter().take_while(|&&cluster| cluster != top && cluster != next).count();
        chain.truncate(kept);
    }
    found
}

/// Clusters are known by one of their assets.
struct State {
    distances: Array2<f64>,
    sizes: Vec<usize>,
    /// Ascending.
    alive: Vec<usize>,
}

impl State {
    /// The cluster nearest to `top`; `before` wins a tie, then the smallest number.
    fn nearest(&self, top: usize, before: Option<usize>) -> (usize, f64) {
        let row = self.distances.row(top);
        let (mut next, mut height) = match before {
            Some(before) => (before, row[before]),
            None => (top, f64::INFINITY),
        };
        for &other in &self.alive {
            if other != top && row[other] < height {
                (next, height) = (other, row[other]);
            }
        }
        (next, height)
    }

    /// `a` becomes part of `b`.
    fn merge(&mut self, a: usize, b: usize, between: f64, linkage: Linkage) {
        let sizes = |cluster: usize| self.sizes[cluster] as f64;
        for &other in self.alive.iter().filter(|&&other| other != a && other != b) {
            let distances = [self.distances[[a, other]], self.distances[[b, other]], between];
            let distance = linkage.updated(distances, [sizes(a), sizes(b), sizes(other)]);
            (self.distances[[b, other]], self.distances[[other, b]]) = (distance, distance);
        }
        self.sizes[b] += self.sizes[a];
        self.alive.retain(|&cluster| cluster != a);
    }
}

#[cfg(test)]
#[path = "linkage_tests.rs"]
mod tests;
