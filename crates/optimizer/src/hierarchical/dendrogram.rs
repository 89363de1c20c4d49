//! The tree of clusters.

use alluse_risk_core::Error as Core;
use serde::{Deserialize, Serialize};

use super::distance::DistanceMatrix;
use crate::{Error, Result};

/// Two clusters that become one.
///
/// Assets are clusters `0 .. n`; the merge at position `k` makes cluster `n + k`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// The cluster with the smaller number, which stands on the left unless the leaf order says otherwise.
    pub left: usize,
    /// The other cluster.
    pub right: usize,
    /// The distance between the two, by the linkage.
    pub height: f64,
    /// Assets in the new cluster.
    pub size: usize,
}

/// A binary tree over assets, in the numbering of SciPy's linkage matrix.
///
/// Merges are in order of height; in each the cluster with the smaller number is the left child.
///
/// ```
/// use alluse_optimizer::hierarchical::{DistanceMatrix, Linkage};
/// use ndarray::array;
///
/// // Points 0, 1 and 5 on a line.
/// let distances = DistanceMatrix::new(array![[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])?;
/// let tree = Linkage::Single.cluster(&distances);
/// assert_eq!(tree.merges()[0].height, 1.0);
/// assert_eq!(tree.leaf_order(), [2, 0, 1]); // asset 2 has a smaller number than cluster 3
/// assert_eq!(tree.cut(2)?, [vec![2], vec![0, 1]]);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Merge>", into = "Vec<Merge>")]
pub struct Dendrogram {
    merges: Vec<Merge>,
}

impl Dendrogram {
    /// From merges in order of height; none for a single asset.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the merge that uses a cluster twice or before it exists, has its larger child on
    /// the left, a wrong size, or a height that is negative, not finite, or below that of the merge before.
    pub fn new(merges: Vec<Merge>) -> Result<Self> {
        let n = merges.len() + 1;
        let mut used = vec![false; n + merges.len()];
        let mut before = 0.0;
        for (index, merge) in merges.iter().enumerate() {
            let refuse = |reason: String| Err(Error::invalid(format!("merge {index}"), reason));
            let Merge { left, right, height, size } = *merge;
            if left >= right || right >= n + index {
                return refuse(format!(
                    "clusters {left} and {right}: the first must be smaller, both below {}",
                    n + index
                ));
            }
            for child in [left, right] {
                if std::mem::replace(&mut used[child], true) {
                    return refuse(format!("cluster {child} was merged before"));
                }
            }
            if !(height >= before && height.is_finite()) {
                return refuse(format!("height {height} after {before}"));
            }
            let members = |child: usize| if child < n { 1 } else { merges[child - n].size };
            if size != members(left) + members(right) {
                return refuse(format!("size {size} of children with {} and {}", members(left), members(right)));
            }
            before = height;
        }
        Ok(Self { merges })
    }

    /// From merges of representatives in any order, as the linkage methods find them: `(asset, asset, height)`.
    pub(super) fn labelled(mut found: Vec<(usize, usize, f64)>) -> Self {
        // Stable: equal heights stay in the order in which they were found.
        found.sort_by(|a, b| a.2.total_cmp(&b.2));
        let n = found.len() + 1;
        let mut roots: Vec<usize> = (0..2 * n - 1).collect();
        let mut merges: Vec<Merge> = Vec::with_capacity(found.len());
        for (index, (first, second, height)) in found.into_iter().enumerate() {
            let (a, b) = (root(&mut roots, first), root(&mut roots, second));
            (roots[a], roots[b]) = (n + index, n + index);
            let members = |child: usize| if child < n { 1 } else { merges[child - n].size };
            merges.push(Merge { left: a.min(b), right: a.max(b), height, size: members(a) + members(b) });
        }
        Self { merges }
    }

    /// The merges, in order of height.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a tree has at least one asset")]
    pub fn len(&self) -> usize {
        self.merges.len() + 1
    }

    /// The children of a cluster, `None` for an asset.
    pub(super) fn children(&self, cluster: usize) -> Option<(usize, usize)> {
        let merge = self.merges.get(cluster.checked_sub(self.len())?)?;
        Some((merge.left, merge.right))
    }

    /// The cluster of all assets.
    pub(super) fn root(&self) -> usize {
        2 * self.merges.len()
    }

    /// The assets from left to right, left child first: SciPy's `leaves_list`.
    #[must_use]
    pub fn leaf_order(&self) -> Vec<usize> {
        self.leaves(self.root())
    }

    /// The assets of a cluster from left to right.
    pub(super) fn leaves(&self, cluster: usize) -> Vec<usize> {
        let (mut open, mut order) = (vec![cluster], Vec::new());
        while let Some(cluster) = open.pop() {
            match self.children(cluster) {
                Some((left, right)) => open.extend([right, left]),
                None => order.push(cluster),
            }
        }
        order
    }

    /// The assets in exactly `clusters` groups: the last `clusters − 1` merges are undone.
    ///
    /// Groups from left to right, members ascending. Of merges at equal heights the later is undone first.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `1 ≤ clusters ≤ n`.
    pub fn cut(&self, clusters: usize) -> Result<Vec<Vec<usize>>> {
        Ok(self.groups(clusters)?.into_iter().map(|group| self.members(group)).collect())
    }

    /// The numbers of the clusters that a cut leaves, from left to right.
    pub(super) fn groups(&self, clusters: usize) -> Result<Vec<usize>> {
        let n = self.len();
        if clusters == 0 || clusters > n {
            return Err(Error::invalid("clusters", format!("{clusters} of {n} assets")));
        }
        let whole = self.root() + 2 - clusters; // clusters below this number stay whole
        let (mut open, mut groups) = (vec![self.root()], Vec::with_capacity(clusters));
        while let Some(cluster) = open.pop() {
            match self.children(cluster) {
                Some((left, right)) if cluster >= whole => open.extend([right, left]),
                _ => groups.push(cluster),
            }
        }
        Ok(groups)
    }

    /// The assets of a cluster, ascending.
    pub(super) fn members(&self, cluster: usize) -> Vec<usize> {
        let mut members = self.leaves(cluster);
        members.sort_unstable();
        members
    }

    /// The Pearson correlation between the distances and the heights at which pairs meet.
    ///
    /// 1 when the tree says everything the distances say.
    ///
    /// # Errors
    /// [`Error::Input`] unless the matrix has one row an asset, [`Error::Undefined`] when all distances or all
    /// heights are the same.
    ///
    /// # Source
    /// Sokal and Rohlf (1962).
    pub fn cophenetic_correlation(&self, distances: &DistanceMatrix) -> Result<f64> {
        let n = self.len();
        if distances.len() != n {
            return Err(Core::LengthMismatch { name: "distances", expected: n, got: distances.len() }.into());
        }
        let pairs = (n * (n - 1)) as f64 / 2.0;
        let sums = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
            self.merges
                .iter()
                .map(|merge| {
                    let right = self.leaves(merge.right);
                    let row =
                        |i: usize| right.iter().map(|&j| term(distances.view()[[i, j]], merge.height)).sum::<f64>();
                    self.leaves(merge.left).into_iter().map(row).sum::<f64>()
                })
                .sum()
        };
        let (mean, mean_height) = (sums(&|d, _| d) / pairs, sums(&|_, h| h) / pairs);
        let (variance, variance_of_heights) =
            (sums(&|d, _| (d - mean).powi(2)), sums(&|_, h| (h - mean_height).powi(2)));
        if !(variance > 0.0 && variance_of_heights > 0.0) {
            let reason =
                format!("squared deviations {variance:e} of the distances, {variance_of_heights:e} of the heights");
            return Err(Error::Undefined { what: "cophenetic correlation", reason });
        }
        let together = sums(&|d, h| (d - mean) * (h - mean_height));
        Ok(together / variance.sqrt() / variance_of_heights.sqrt())
    }
}

/// The newest cluster that holds this one; paths are halved on the way.
fn root(roots: &mut [usize], mut cluster: usize) -> usize {
    while roots[cluster] != cluster {
        roots[cluster] = roots[roots[cluster]];
        cluster = roots[cluster];
    }
    cluster
}

impl TryFrom<Vec<Merge>> for Dendrogram {
    type Error = Error;

    fn try_from(merges: Vec<Merge>) -> Result<Self> {
        Self::new(merges)
    }
}

impl From<Dendrogram> for Vec<Merge> {
    fn from(tree: Dendrogram) -> Self {
        tree.merges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(left: usize, right: usize, height: f64, size: usize) -> Merge {
        Merge { left, right, height, size }
    }

    fn tree() -> Dendrogram {
        Dendrogram::new(vec![merge(1, 3, 1.0, 2), merge(0, 2, 2.0, 2), merge(4, 5, 3.0, 4)]).unwrap()
    }

    #[test]
    fn cuts_undo_the_last_merges() {
        assert_eq!(tree().leaf_order(), [1, 3, 0, 2]);
        assert_eq!(tree().cut(1).unwrap(), [vec![0, 1, 2, 3]]);
        assert_eq!(tree().cut(2).unwrap(), [vec![1, 3], vec![0, 2]]);
        assert_eq!(tree().cut(3).unwrap(), [vec![1, 3], vec![0], vec![2]]);
        assert_eq!(tree().cut(4).unwrap(), [vec![1], vec![3], vec![0], vec![2]]);
        assert!(tree().cut(0).is_err() && tree().cut(5).is_err());
        assert_eq!(Dendrogram::new(Vec::new()).unwrap().cut(1).unwrap(), [vec![0]]);
    }

    #[test]
    fn trees_that_are_none_are_refused() {
        for (bad, word) in [
            (vec![merge(1, 0, 1.0, 2)], "smaller"),
            (vec![merge(0, 2, 1.0, 2)], "below 2"),
            (vec![merge(0, 1, 1.0, 2), merge(1, 2, 2.0, 2)], "merged before"),
            (vec![merge(0, 1, 2.0, 2), merge(2, 3, 1.0, 3)], "after 2"),
            (vec![merge(0, 1, f64::NAN, 2)], "NaN"),
            (vec![merge(0, 1, 1.0, 3)], "size 3"),
        ] {
            assert!(Dendrogram::new(bad).unwrap_err().to_string().contains(word), "{word}");
        }
    }

    #[test]
    fn a_stored_tree_comes_back_checked() {
        let text = serde_json::to_string(&tree()).unwrap();
        assert_eq!(serde_json::from_str::<Dendrogram>(&text).unwrap(), tree());
        assert!(serde_json::from_str::<Dendrogram>(&text.replace("\"size\":4", "\"size\":5")).is_err());
    }
}
