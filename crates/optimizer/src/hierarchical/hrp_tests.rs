use alluse_risk_core::{Error as Core, ErrorKind, Weights};
use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::hierarchical::test_data::{covariances, published_covariance, relabelled};
use crate::hierarchical::{Distance, LeafOrder, Linkage};
use crate::{Error, hierarchical::Arrangement};

fn weights_of(method: &HierarchicalRiskParity, matrix: Array2<f64>) -> Vec<f64> {
    method.allocate(&Covariance::new(matrix).unwrap()).unwrap().weights.view().to_vec()
}

/// Lopez de Prado (2016), Exhibit 5, weights in percent to two decimals.
const PUBLISHED: [f64; 10] = [7.00, 7.59, 10.84, 19.03, 9.72, 10.19, 6.62, 9.10, 7.12, 12.79];

#[test]
fn the_table_of_the_paper() {
    let portfolio = HierarchicalRiskParity::default().allocate(&published_covariance()).unwrap();
    for (asset, percent) in PUBLISHED.into_iter().enumerate() {
        let weight = portfolio.weights.view()[asset];
        assert!((weight - percent / 100.0).abs() <= 0.51e-4, "asset {asset}: {weight} against {percent} %");
    }
    let total: f64 = portfolio.variance_contributions.iter().sum();
    close(total / portfolio.variance, 1.0, 1e-13);
}

#[test]
fn clustering_on_the_correlation_distance_is_another_portfolio() {
    // 13.09 % in the first asset: PyPortfolioOpt 1.6 on the paper's data.
    let clustering = Clustering::default().with_distance(Distance::Correlation);
    let method = HierarchicalRiskParity::default().with_clustering(clustering);
    let weight = method.allocate(&published_covariance()).unwrap().weights.view()[0];
    assert!((weight - 0.1309).abs() <= 0.51e-4, "{weight}");
}

#[test]
fn the_dendrogram_divides_where_it_branches() {
    // Assets 0 and 1 move together, 2 alone, 3 to 5 together: half of the list cuts through a cluster, the tree not.
    let mut rho = Array2::eye(6);
    for (i, j, value) in [(0, 1, 0.9), (3, 4, 0.8), (3, 5, 0.8), (4, 5, 0.8), (2, 3, 0.1)] {
        (rho[[i, j]], rho[[j, i]]) = (value, value);
    }
    let covariance = Covariance::new(rho).unwrap();
    let clustering = Clustering::default().with_distance(Distance::Correlation);
    let method = HierarchicalRiskParity::default().with_clustering(clustering).with_bisection(Bisection::Dendrogram);
    let portfolio = method.allocate(&covariance).unwrap();
    let top = portfolio.splits[0];
    assert_eq!((top.start, top.middle, top.end), (0, 2, 6));
    assert_eq!(portfolio.order[..2], [0, 1]);
    // Equal weights of a pair: (2 + 2·0.9)/4; of the other four assets: (4 + 2·(3·0.8 + 0.1))/16.
    let (left, right) = (0.95, 0.5625);
    close(top.left_share, right / (left + right), 1e-14);
    close(portfolio.weights.view()[0], 0.5 * right / (left + right), 1e-14);
}

#[test]
fn other_risks_by_hand() {
    let matrix = array![[0.01, 0.0], [0.0, 0.04]];
    let method = HierarchicalRiskParity::default();
    close(weights_of(&method.clone().with_cluster_risk(ClusterRisk::Volatility), matrix.clone())[0], 2.0 / 3.0, 1e-15);
    close(weights_of(&method.with_cluster_risk(ClusterRisk::Equal), matrix)[0], 0.5, 1e-15);
}

#[test]
fn bounds_hold_and_say_where_they_bind() {
    let covariance = published_covariance();
    let free = HierarchicalRiskParity::default();
    let loose = free.clone().with_bounds(WeightBounds::uniform(10, 0.0, 1.0).unwrap());
    let (free, loose) = (free.allocate(&covariance).unwrap(), loose.allocate(&covariance).unwrap());
    for (a, b) in free.weights.view().iter().zip(loose.weights.view()) {
        close(*a, *b, 1e-15);
    }
    let tight = HierarchicalRiskParity::default().with_bounds(WeightBounds::uniform(10, 0.08, 0.12).unwrap());
    let tight = tight.allocate(&covariance).unwrap();
    close(tight.weights.net(), 1.0, 1e-15);
    assert!(tight.weights.view().iter().all(|w| (0.08 - 1e-15..=0.12 + 1e-15).contains(w)));
    assert!(tight.splits.iter().any(|split| (split.left_share - split.left_share_by_risk).abs() > 0.01));
    // Only one portfolio fits.
    let fixed: Vec<f64> = (1..=10).map(|i| f64::from(i) / 55.0).collect();
    let only = WeightBounds::new(fixed.clone(), fixed.clone()).unwrap();
    let only = HierarchicalRiskParity::default().with_bounds(only).allocate(&covariance).unwrap();
    for (weight, want) in only.weights.view().iter().zip(fixed) {
        close(*weight, want, 1e-15);
    }
}

#[test]
fn impossible_bounds_are_refused() {
    let of = |bounds| HierarchicalRiskParity::default().with_bounds(bounds).allocate(&published_covariance());
    for (low, high) in [(0.0, 0.0999), (0.1001, 1.0)] {
        let error = of(WeightBounds::uniform(10, low, high).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Infeasible);
    }
    let error = of(WeightBounds::uniform(9, 0.0, 1.0).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Input(Core::LengthMismatch { expected: 10, got: 9, .. })));
    assert!(WeightBounds::uniform(0, 0.0, 1.0).is_err());
    for (low, high) in [(-0.1, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY), (0.5, 0.4)] {
        assert_eq!(WeightBounds::uniform(2, low, high).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn hostile_covariances() {
    let method = HierarchicalRiskParity::default();
    let of = |matrix: Array2<f64>| method.allocate(&Covariance::new(matrix).unwrap());
    assert_eq!(of(array![[0.04]]).unwrap().weights, Weights::new(vec![1.0]).unwrap());
    let still = of(array![[0.04, 0.0], [0.0, 0.0]]).unwrap_err();
    assert!(matches!(still, Error::Input(Core::ElementOutOfDomain { name: "variances", index: 1, .. })));
    let beyond = of(array![[1.0, 1.01], [1.01, 1.0]]).unwrap_err();
    assert!(matches!(beyond, Error::Input(Core::EntryOutOfDomain { name: "correlation", .. })));
    // Rounding beyond 1 and assets that move as one are fine.
    let one = 1.0 + 1e-13;
    for matrix in [array![[1.0, one], [one, 1.0]], array![[1.0, 2.0], [2.0, 4.0]], array![[1.0, -2.0], [-2.0, 4.0]]] {
        let ratio = matrix[[1, 1]];
        close(of(matrix).unwrap().weights.view()[0], ratio / (1.0 + ratio), 1e-15);
    }
}

#[test]
fn nothing_to_divide_by_is_an_error() {
    let branch = Branch { start: 0, middle: 1, end: 2 };
    assert_eq!(Split::new(branch, 0.0, 0.0).unwrap_err().kind(), ErrorKind::Undefined);
    // A part without risk receives everything.
    assert_eq!(Split::new(branch, 0.0, 1.0).unwrap().left_share, 1.0);
}

#[test]
fn sizes_at_the_ends_of_the_range() {
    for scale in [1e-290, 1e-12, 1e12, 1e290] {
        let weights = weights_of(&HierarchicalRiskParity::default(), published_covariance().into_matrix() * scale);
        assert!((weights[0] - 0.07).abs() <= 0.51e-4, "{scale:e}: {}", weights[0]);
    }
}

#[test]
fn a_stored_result_comes_back() {
    let portfolio = HierarchicalRiskParity::default().allocate(&published_covariance()).unwrap();
    let text = serde_json::to_string(&portfolio).unwrap();
    assert_eq!(serde_json::from_str::<HierarchicalPortfolio>(&text).unwrap(), portfolio);
    let method = HierarchicalRiskParity::default().with_bounds(WeightBounds::uniform(2, 0.0, 0.6).unwrap());
    let text = serde_json::to_string(&method).unwrap();
    assert_eq!(serde_json::from_str::<HierarchicalRiskParity>(&text).unwrap(), method);
    assert!(serde_json::from_str::<HierarchicalRiskParity>(&text.replace("0.6", "-0.6")).is_err());
    assert_eq!(serde_json::from_str::<HierarchicalRiskParity>("{}").unwrap(), HierarchicalRiskParity::default());
}

/// Every combination of tree and bisection.
fn variants() -> Vec<HierarchicalRiskParity> {
    let mut all = Vec::new();
    for distance in [Distance::Correlation, Distance::EuclideanOfCorrelationDistance] {
        for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average, Linkage::Ward] {
            for leaf_order in [LeafOrder::Scipy, LeafOrder::Optimal, LeafOrder::ScipyOptimal] {
                for bisection in [Bisection::HalfOfList, Bisection::Dendrogram] {
                    let clustering = Clustering { distance, linkage, leaf_order };
                    let method = HierarchicalRiskParity::default().with_clustering(clustering);
                    all.push(method.with_bisection(bisection));
                }
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn weights_are_positive_and_sum_to_one(covariance in covariances(1..9)) {
        for method in variants() {
            let portfolio = method.allocate(&covariance).unwrap();
            prop_assert!(portfolio.weights.view().iter().all(|w| *w > 0.0));
            prop_assert!((portfolio.weights.net() - 1.0).abs() < 1e-14);
            let total: f64 = portfolio.variance_contributions.iter().sum();
            prop_assert!((total - portfolio.variance).abs() <= 1e-12 * portfolio.variance);
        }
    }

    /// The tree is the same; only ties and SciPy's numbering, which begins with the order of the assets, are not.
    #[test]
    fn the_order_of_the_assets_does_not_matter_along_the_tree(covariance in covariances(2..9), seed in any::<u64>()) {
        let (turned, places) = relabelled(&covariance, seed);
        for method in variants().into_iter().filter(|method| method.bisection == Bisection::Dendrogram) {
            let (before, after) = (method.allocate(&covariance).unwrap(), method.allocate(&turned).unwrap());
            for (asset, &place) in places.iter().enumerate() {
                let (a, b) = (before.weights.view()[asset], after.weights.view()[place]);
                prop_assert!((a - b).abs() < 1e-9, "{method:?}: asset {asset} {a} {b}");
            }
        }
    }

    /// A power of two, so that not even rounding differs.
    #[test]
    fn the_unit_of_variance_does_not_matter(covariance in covariances(1..9), power in -40_i32..40) {
        let scaled = Covariance::new(covariance.view().to_owned() * 4.0_f64.powi(power)).unwrap();
        for method in variants() {
            prop_assert_eq!(method.allocate(&covariance).unwrap().weights, method.allocate(&scaled).unwrap().weights);
        }
    }

    /// Two assets: inverse variance.
    #[test]
    fn two_assets(s in 0.01_f64..1.0, t in 0.01_f64..1.0, rho in -0.99_f64..0.99) {
        let covariance = Covariance::new(array![[s * s, rho * s * t], [rho * s * t, t * t]]).unwrap();
        for method in variants() {
            let weight = method.allocate(&covariance).unwrap().weights.view()[0];
            prop_assert!((weight - t * t / (s * s + t * t)).abs() < 1e-14);
        }
    }

    #[test]
    fn identical_assets_weigh_the_same(n in 1_u32..4) {
        let n = 2_usize.pow(n);
        for method in variants().into_iter().filter(|method| method.bisection == Bisection::HalfOfList) {
            for weight in weights_of(&method, Array2::from_elem((n, n), 0.04)) {
                prop_assert!((weight - 1.0 / n as f64).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn bounds_hold_wherever_they_can(covariance in covariances(2..9), low in 0.0_f64..1.0, room in 0.01_f64..1.0) {
        let n = covariance.len();
        let bounds = WeightBounds::uniform(n, low / n as f64, (1.0 + room) / n as f64).unwrap();
        for method in variants() {
            let portfolio = method.with_bounds(bounds.clone()).allocate(&covariance).unwrap();
            prop_assert!((portfolio.weights.net() - 1.0).abs() < 1e-14);
            for (asset, weight) in portfolio.weights.view().iter().enumerate() {
                prop_assert!(bounds.lower()[asset] - 1e-14 <= *weight && *weight <= bounds.upper()[asset] + 1e-14);
            }
        }
    }

    /// Blocks that move alike within and not across: the cut finds them.
    #[test]
    fn a_cut_finds_blocks(sizes in proptest::collection::vec(2_usize..5, 2..5), rho in 0.5_f64..0.95) {
        let block: Vec<usize> = sizes.iter().enumerate().flat_map(|(b, &size)| vec![b; size]).collect();
        let n = block.len();
        let value = |i: usize, j: usize| if i == j { 1.0 } else if block[i] == block[j] { rho } else { 0.0 };
        let covariance = Covariance::new(Array2::from_shape_fn((n, n), |(i, j)| value(i, j))).unwrap();
        for method in variants() {
            let Arrangement { tree, .. } = method.clustering.arrange(&covariance).unwrap();
            let mut groups = tree.cut(sizes.len()).unwrap();
            groups.sort();
            let want: Vec<Vec<usize>> = (0..sizes.len()).map(|b| (0..n).filter(|&i| block[i] == b).collect()).collect();
            prop_assert_eq!(groups, want);
        }
    }
}
