//! The heaviest set of vertices of which no two are joined.

use serde::{Deserialize, Serialize};

use crate::strategies::check;
use crate::{Error, Result};

/// A set without an edge inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndependentSet {
    /// Its vertices, increasing.
    pub members: Vec<usize>,
    /// Sum of their weights.
    pub weight: f64,
    /// No independent set is heavier than this.
    pub bound: f64,
    /// Nodes of the search.
    pub nodes: usize,
}

impl IndependentSet {
    /// `bound − weight`; 0 when the set is proven to be the heaviest.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.bound - self.weight
    }
}

/// Vertices of a graph that fits a machine word.
const MOST_VERTICES: usize = 64;

/// The heaviest independent set of a graph with positive vertex weights.
///
/// Branch and bound: the vertices left are covered by cliques, of each of which a set can hold one, so the sum of the
/// heaviest of each bounds what can be added. After `max_nodes` nodes the best set so far is returned with a bound,
/// that of the branches not searched. Ties go to the set found first, which is the same on every run.
///
/// # Errors
/// - [`Error::Input`] without vertices, for a weight that is not positive and finite, or no nodes;
/// - [`Error::Invalid`] for an edge that leaves the graph or joins a vertex to itself;
/// - [`Error::Unsupported`] for more than 64 vertices.
///
/// # Source
/// Babel (1994), *A fast algorithm for the maximum weight clique problem*, for bounds by weighted colouring.
///
/// # Examples
/// ```
/// use alluse_optimizer::strategies::conflicts::independent_set;
///
/// // A path of three: the ends outweigh the middle.
/// let best = independent_set(&[2.0, 3.0, 2.0], &[(0, 1), (1, 2)], 1_000)?;
/// assert_eq!((best.members.as_slice(), best.weight, best.gap()), (&[0, 2][..], 4.0, 0.0));
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn independent_set(weights: &[f64], edges: &[(usize, usize)], max_nodes: usize) -> Result<IndependentSet> {
    let n = weights.len();
    if n == 0 {
        return Err(alluse_risk_core::Error::Empty { name: "weights" }.into());
    }
    if n > MOST_VERTICES {
        return Err(Error::Unsupported { what: format!("an independent set among {n} > {MOST_VERTICES} vertices") });
    }
    check::elements("weights", "positive and finite", weights, |w| w > 0.0 && w.is_finite())?;
    check::within("max_nodes", max_nodes as f64, 1.0, f64::MAX, "at least 1")?;
    // Heaviest first: the first dive is the greedy set.
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let mut place = vec![0; n];
    order.iter().enumerate().for_each(|(at, vertex)| place[*vertex] = at);
    let mut neighbours = vec![0_u64; n];
    for &(a, b) in edges {
        if a >= n || b >= n || a == b {
            return Err(Error::invalid("edge", format!("({a}, {b}) does not join two of {n} vertices")));
        }
        neighbours[place[a]] |= 1 << place[b];
        neighbours[place[b]] |= 1 << place[a];
    }
    let sorted = order.iter().map(|vertex| weights[*vertex]).collect();
    let mut search = Search { weights: sorted, neighbours, best: 0, weight: 0.0, open: 0.0, nodes: 0, max_nodes };
    let all = if n == MOST_VERTICES { u64::MAX } else { (1 << n) - 1 };
    search.branch(all, 0, 0.0);
    search.complete();
    let mut members: Vec<usize> = (0..n).filter(|at| search.best >> at & 1 == 1).map(|at| order[at]).collect();
    members.sort_unstable();
    let (weight, bound) = (search.weight, search.weight.max(search.open));
    Ok(IndependentSet { members, weight, bound, nodes: search.nodes })
}

/// Sets of vertices are bits; vertices are numbered heaviest first.
struct Search {
    weights: Vec<f64>,
    neighbours: Vec<u64>,
    best: u64,
    weight: f64,
    /// The largest bound of a branch that was not searched.
    open: f64,
    nodes: usize,
    max_nodes: usize,
}

impl Search {
    fn branch(&mut self, candidates: u64, chosen: u64, weight: f64) {
        if weight > self.weight {
            (self.best, self.weight) = (chosen, weight);
        }
        if candidates == 0 {
            return;
        }
        let bound = weight + self.clique_cover(candidates);
        // What only rounding separates from the best is not better.
        if bound <= self.weight * (1.0 + 1e-12) {
            return;
        }
        // The first dive, which cannot be deeper than there are vertices, is always finished.
        if self.nodes >= self.max_nodes.max(self.weights.len()) {
            self.open = self.open.max(bound);
            return;
        }
        self.nodes += 1;
        let vertex = candidates.trailing_zeros() as usize;
        let rest = candidates & !(1 << vertex);
        self.branch(rest & !self.neighbours[vertex], chosen | 1 << vertex, weight + self.weights[vertex]);
        // Without a neighbour among the candidates the vertex is in some best set.
        if rest & self.neighbours[vertex] != 0 {
            self.branch(rest, chosen, weight);
        }
    }

    /// Adds what fits: a search that was cut short may have stopped inside a set.
    fn complete(&mut self) {
        for vertex in 0..self.weights.len() {
            if self.best >> vertex & 1 == 0 && self.best & self.neighbours[vertex] == 0 {
                self.best |= 1 << vertex;
                self.weight += self.weights[vertex];
            }
        }
    }

    /// `Σ max wᵢ` over cliques that cover the candidates.
    fn clique_cover(&self, candidates: u64) -> f64 {
        let (mut left, mut bound) = (candidates, 0.0);
        while left != 0 {
            // Heaviest first, so the first of a clique is its heaviest.
            let first = left.trailing_zeros() as usize;
            bound += self.weights[first];
            left &= !(1 << first);
            let mut joined = left & self.neighbours[first];
            while joined != 0 {
                let next = joined.trailing_zeros() as usize;
                left &= !(1 << next);
                joined &= self.neighbours[next];
            }
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn petersen() -> Vec<(usize, usize)> {
        (0..5).flat_map(|i| [(i, (i + 1) % 5), (i, i + 5), (i + 5, (i + 2) % 5 + 5)]).collect()
    }

    #[test]
    fn graphs_whose_answer_is_in_the_textbooks() {
        // Independence number of the Petersen graph: 4; of a cycle of n: ⌊n/2⌋; of a complete graph: 1.
        assert_eq!(independent_set(&[1.0; 10], &petersen(), 10_000).unwrap().members.len(), 4);
        for n in [5_usize, 8, 13] {
            let cycle: Vec<_> = (0..n).map(|i| (i, (i + 1) % n)).collect();
            assert_eq!(independent_set(&vec![1.0; n], &cycle, 10_000).unwrap().members.len(), n / 2);
        }
        let complete: Vec<_> = (0..50).flat_map(|i| (i + 1..50).map(move |j| (i, j))).collect();
        assert_eq!(independent_set(&[1.0; 50], &complete, 1).unwrap().members.len(), 1);
        assert_eq!(independent_set(&[1.0; 64], &[], 1).unwrap().members.len(), 64);
    }

    #[test]
    fn an_unfinished_search_still_has_a_bound() {
        // Ten Petersen graphs would be 100 vertices; six are 60, of independence number 24.
        let edges: Vec<_> =
            (0..6).flat_map(|k| petersen().into_iter().map(move |(a, b)| (a + 10 * k, b + 10 * k))).collect();
        let short = independent_set(&[1.0; 60], &edges, 1).unwrap();
        assert!(short.weight <= 24.0 && short.bound >= 24.0 && short.gap() > 0.0);
    }

    #[test]
    fn bad_graphs_are_refused() {
        for edge in [(0, 0), (0, 2), (5, 1)] {
            assert!(matches!(independent_set(&[1.0; 2], &[edge], 10), Err(Error::Invalid { .. })), "{edge:?}");
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(independent_set(&[1.0, bad], &[], 10).is_err(), "{bad}");
        }
        assert!(independent_set(&[], &[], 10).is_err() && independent_set(&[1.0], &[], 0).is_err());
        assert!(matches!(independent_set(&[1.0; 65], &[], 10), Err(Error::Unsupported { .. })));
    }

    /// Every subset in turn.
    fn exhaustive(weights: &[f64], edges: &[(usize, usize)]) -> f64 {
        let allowed = |set: u32| edges.iter().all(|(a, b)| set >> a & 1 == 0 || set >> b & 1 == 0);
        let weight = |set: u32| (0..weights.len()).filter(|i| set >> i & 1 == 1).map(|i| weights[i]).sum::<f64>();
        (0..1_u32 << weights.len()).filter(|set| allowed(*set)).map(weight).fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn agrees_with_trying_every_subset(
            weights in prop::collection::vec(0.1_f64..3.0, 1..11),
            pairs in prop::collection::vec((0_usize..11, 0_usize..11), 0..30),
        ) {
            let n = weights.len();
            let edges: Vec<_> = pairs.into_iter().map(|(a, b)| (a % n, b % n)).filter(|(a, b)| a != b).collect();
            let got = independent_set(&weights, &edges, 100_000).unwrap();
            prop_assert!((got.weight - exhaustive(&weights, &edges)).abs() < 1e-12 * got.weight);
            prop_assert_eq!(got.gap(), 0.0);
            let inside = |(a, b): &(usize, usize)| got.members.contains(a) && got.members.contains(b);
            prop_assert!(!edges.iter().any(inside));
        }

        #[test]
        fn fifty_strategies_are_settled_exactly(
            weights in prop::collection::vec(0.1_f64..3.0, 50),
            pairs in prop::collection::vec((0_usize..50, 0_usize..50), 0..600),
        ) {
            let edges: Vec<_> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            prop_assert_eq!(independent_set(&weights, &edges, 1_000_000).unwrap().gap(), 0.0);
        }
    }
}
