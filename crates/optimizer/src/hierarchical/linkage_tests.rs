use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::hierarchical::Merge;

const ALL: [Linkage; 4] = [Linkage::Single, Linkage::Complete, Linkage::Average, Linkage::Ward];

/// The distance between two sets of points, from the definition alone.
fn between(linkage: Linkage, points: &Array2<f64>, a: &[usize], b: &[usize]) -> f64 {
    let apart = |i: usize, j: usize| (&points.row(i) - &points.row(j)).mapv(|x| x * x).sum().sqrt();
    let pairs: Vec<f64> = a.iter().flat_map(|&i| b.iter().map(move |&j| apart(i, j))).collect();
    let spread = |set: &[usize]| {
        let chosen = points.select(ndarray::Axis(0), set);
        let centre = chosen.mean_axis(ndarray::Axis(0)).unwrap();
        (&chosen - &centre).mapv(|x| x * x).sum()
    };
    match linkage {
        Linkage::Single => pairs.iter().copied().fold(f64::INFINITY, f64::min),
        Linkage::Complete => pairs.iter().copied().fold(0.0, f64::max),
        Linkage::Average => pairs.iter().sum::<f64>() / pairs.len() as f64,
        Linkage::Ward => (2.0 * (spread(&[a, b].concat()) - spread(a) - spread(b))).sqrt(),
    }
}

/// The second road: merge the two nearest sets until one is left.
fn naive(linkage: Linkage, points: &Array2<f64>) -> Vec<Merge> {
    let n = points.nrows();
    let mut sets: Vec<(usize, Vec<usize>)> = (0..n).map(|i| (i, vec![i])).collect();
    let mut merges = Vec::new();
    while sets.len() > 1 {
        let mut best = (0, 0, f64::INFINITY);
        for i in 0..sets.len() {
            for j in i + 1..sets.len() {
                let distance = between(linkage, points, &sets[i].1, &sets[j].1);
                if distance < best.2 {
                    best = (i, j, distance);
                }
            }
        }
        let (j, i) = (sets.remove(best.1), sets.remove(best.0));
        let members = [i.1, j.1].concat();
        merges.push(Merge { left: i.0.min(j.0), right: i.0.max(j.0), height: best.2, size: members.len() });
        sets.push((n + merges.len() - 1, members));
    }
    merges
}

fn points() -> impl Strategy<Value = Array2<f64>> {
    (1_usize..14, 1_usize..4).prop_flat_map(|(n, dimensions)| {
        proptest::collection::vec(-1.0_f64..1.0, n * dimensions)
            .prop_map(move |values| Array2::from_shape_vec((n, dimensions), values).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_with_the_definition(points in points()) {
        let distances = DistanceMatrix::between_points(points.view()).unwrap();
        for linkage in ALL {
            let (fast, slow) = (linkage.cluster(&distances), naive(linkage, &points));
            // Heights to rounding of squares; members wherever the heights leave no doubt about the order.
            let doubtful = slow.windows(2).any(|pair| pair[1].height - pair[0].height < 1e-6);
            for (fast, slow) in fast.merges().iter().zip(&slow) {
                prop_assert!((fast.height - slow.height).abs() < 1e-7, "{linkage:?}: {fast:?} {slow:?}");
                let same = (fast.left, fast.right, fast.size) == (slow.left, slow.right, slow.size);
                prop_assert!(doubtful || same, "{linkage:?}: {fast:?} {slow:?}");
            }
            prop_assert!(Dendrogram::new(fast.merges().to_vec()).is_ok());
        }
    }
}

#[test]
fn ties_follow_the_stated_rule() {
    // All distances equal: single linkage walks 0, 1, 2, 3.
    let equal = DistanceMatrix::new(Array2::from_shape_fn((4, 4), |(i, j)| f64::from(u8::from(i != j)))).unwrap();
    let pairs: Vec<_> = Linkage::Single.cluster(&equal).merges().iter().map(|m| (m.left, m.right)).collect();
    assert_eq!(pairs, [(0, 1), (2, 4), (3, 5)]);
    for linkage in ALL {
        assert_eq!(linkage.cluster(&equal), linkage.cluster(&equal));
        assert!(Dendrogram::new(linkage.cluster(&equal).merges().to_vec()).is_ok());
    }
    let zero = DistanceMatrix::new(Array2::zeros((5, 5))).unwrap();
    for linkage in ALL {
        assert_eq!(linkage.cluster(&zero).merges().iter().map(|m| m.height).sum::<f64>(), 0.0);
    }
}

#[test]
fn one_asset_is_a_tree_without_merges() {
    let one = DistanceMatrix::new(array![[0.0]]).unwrap();
    for linkage in ALL {
        assert!(linkage.cluster(&one).merges().is_empty());
    }
}

#[test]
fn the_cophenetic_correlation_by_hand() {
    // Points 0, 1, 3 on a line: distances 1, 2, 3; single linkage joins at 1 and 2, so pairs meet at 1, 2, 2.
    let line = DistanceMatrix::new(array![[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]]).unwrap();
    let tree = Linkage::Single.cluster(&line);
    // Deviations (−1, 1, 0) and (−2/3, 1/3, 1/3): 1 / √(2 · 2/3).
    close(tree.cophenetic_correlation(&line).unwrap(), 0.75_f64.sqrt(), 1e-15);
    let two = DistanceMatrix::new(array![[0.0, 1.0], [1.0, 0.0]]).unwrap();
    assert!(Linkage::Single.cluster(&two).cophenetic_correlation(&two).is_err());
    assert!(tree.cophenetic_correlation(&two).is_err());
}
