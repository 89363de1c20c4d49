//! How far apart the members of clusters are, for every number of clusters at once.

use super::dendrogram::Dendrogram;
use super::distance::DistanceMatrix;
use crate::Result;

/// What is summed over the clusters of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispersion {
    /// Squared distances of pairs over the size: the sum of squares about the mean, `W` of Tibshirani et al.
    SumOfSquares,
    /// The mean distance of pairs, 0 for a single asset.
    MeanDistance,
}

impl Dispersion {
    /// The sums for cuts into `1 ..= most` clusters; `most` is at most the number of assets.
    pub(super) fn of_cuts(self, tree: &Dendrogram, distances: &DistanceMatrix, most: usize) -> Result<Vec<f64>> {
        let values = self.of_clusters(tree, distances);
        (1..=most).map(|clusters| Ok(tree.groups(clusters)?.into_iter().map(|group| values[group]).sum())).collect()
    }

    /// One value a cluster of the tree: pairs are summed once, where they meet.
    fn of_clusters(self, tree: &Dendrogram, distances: &DistanceMatrix) -> Vec<f64> {
        let n = tree.len();
        let (mut sums, mut values) = (vec![0.0; n], vec![0.0; n]);
        for merge in tree.merges() {
            let right = tree.leaves(merge.right);
            let across: f64 = tree
                .leaves(merge.left)
                .into_iter()
                .map(|i| right.iter().map(|&j| self.term(distances.view()[[i, j]])).sum::<f64>())
                .sum();
            let sum = sums[merge.left] + sums[merge.right] + across;
            let size = merge.size as f64;
            sums.push(sum);
            values.push(match self {
                Self::SumOfSquares => sum / size,
                Self::MeanDistance => sum / (0.5 * size * (size - 1.0)),
            });
        }
        values
    }

    fn term(self, distance: f64) -> f64 {
        match self {
            Self::SumOfSquares => distance * distance,
            Self::MeanDistance => distance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::Linkage;
    use testkit::close;

    #[test]
    fn dispersions_by_hand() {
        let distances = DistanceMatrix::between_points(ndarray::array![[0.0], [2.0], [9.0]].view()).unwrap();
        let tree = Linkage::Ward.cluster(&distances);
        let squares = Dispersion::SumOfSquares.of_cuts(&tree, &distances, 3).unwrap();
        // Mean 11/3; squares about it 121/9 + 25/9 + 256/9.
        close(squares[0], 402.0 / 9.0, 1e-14);
        close(squares[1], 2.0, 1e-15);
        assert_eq!(squares[2], 0.0);
        let means = Dispersion::MeanDistance.of_cuts(&tree, &distances, 3).unwrap();
        close(means[0], (2.0 + 9.0 + 7.0) / 3.0, 1e-15);
        assert_eq!(means[1..], [2.0, 0.0]);
    }
}
