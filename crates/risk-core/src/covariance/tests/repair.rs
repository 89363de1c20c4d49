use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::all_close;
use crate::covariance::*;
use crate::{AssetId, Covariance, Error};

/// Correlations 0.9, 0.9 and −0.8 cannot hold together.
fn torn() -> Array2<f64> {
    array![[1.0, 0.9, -0.8], [0.9, 1.0, 0.9], [-0.8, 0.9, 1.0]]
}

fn smallest(matrix: &Array2<f64>) -> f64 {
    crate::linalg::symmetric_eigenvalues(matrix.view()).unwrap()[0]
}

#[test]
fn clipping_in_closed_form() {
    // Eigenvalues −1 and 3 on (1, −1) and (1, 1).
    let clipped = clip_eigenvalues(array![[1.0, 2.0], [2.0, 1.0]].view(), 0.0).unwrap();
    all_close(clipped.matrix.view(), &array![[1.5, 1.5], [1.5, 1.5]], 1e-15);
    assert_eq!(clipped.clipped, 1);
    close(clipped.distance, 1.0, 1e-15);
    let raised = clip_eigenvalues(array![[1.0, 2.0], [2.0, 1.0]].view(), 1.0).unwrap();
    all_close(raised.matrix.view(), &array![[2.0, 1.0], [1.0, 2.0]], 1e-15);
    close(raised.distance, 2.0, 1e-15);
    let fine = clip_eigenvalues(array![[2.0, 1.0], [1.0, 2.0]].view(), 1e-3).unwrap();
    assert_eq!((fine.clipped, fine.distance), (0, 0.0));
}

#[test]
fn clipping_a_correlation_is_not_the_nearest() {
    let clipped = clip_correlation(torn().view(), 0.0).unwrap();
    assert_eq!(clipped.matrix.diag(), array![1.0, 1.0, 1.0]);
    assert!(smallest(&clipped.matrix) > -1e-15);
    // The distance of the nearest one, see the tests of the nearest matrix.
    assert!(clipped.distance > 0.899_563_3 + 1e-4);
}

#[test]
fn shrinking_reaches_the_floor_exactly() {
    for floor in [0.0, 0.05, 0.5] {
        let shrunk = shrink_correlation(torn().view(), floor).unwrap();
        close(smallest(&shrunk.correlation), floor, 1e-15);
        let ratio = shrunk.correlation[[0, 1]] / 0.9;
        close(shrunk.correlation[[0, 2]] / -0.8, ratio, 1e-15);
        close(ratio, 1.0 - shrunk.intensity, 1e-15);
        assert!(shrunk.distance > 0.0);
    }
    let kept = shrink_correlation(array![[1.0, 0.5], [0.5, 1.0]].view(), 0.4).unwrap();
    assert_eq!((kept.intensity, kept.distance), (0.0, 0.0));
}

#[test]
fn policies() {
    let volatilities = array![0.01, 0.02, 0.03];
    let bad = Covariance::from_correlation(volatilities.view(), torn().view()).unwrap();
    let names = ["A", "B", "C"].map(|name| AssetId::new(name).unwrap()).to_vec();
    let bad = bad.with_assets(names.clone()).unwrap();
    let refused = bad.clone().repaired(PsdPolicy::default());
    assert!(
        matches!(refused, Err(Error::NotPositiveSemidefinite { smallest_eigenvalue, .. }) if smallest_eigenvalue < 0.0)
    );
    for policy in [PsdPolicy::ClipEigen, PsdPolicy::Higham] {
        let repaired = bad.clone().repaired(policy).unwrap();
        assert!(!matches!(repaired.covariance.definiteness().unwrap(), Definiteness::Indefinite { .. }));
        assert_eq!(repaired.covariance.variances(), bad.variances());
        assert_eq!(repaired.covariance.assets(), Some(names.as_slice()));
        let change = &repaired.covariance.view() - &bad.view();
        close(repaired.distance * 1e4, change.mapv(|v| v * v).sum().sqrt() * 1e4, 1e-12);
        close(repaired.smallest_eigenvalue_before, bad.eigenvalues().unwrap()[0], 1e-15);
        match (policy, repaired.action) {
            (PsdPolicy::ClipEigen, RepairAction::ClippedEigenvalues { count }) => assert_eq!(count, 1),
            (PsdPolicy::Higham, RepairAction::NearestCorrelation { iterations }) => {
                assert!(iterations > 0);
                // The correlation of the first pair, see the tests of the nearest matrix.
                close(repaired.covariance.correlation().unwrap()[[0, 1]], 0.526_579_467_057, 1e-9);
            }
            other => panic!("{other:?}"),
        }
        let text = serde_json::to_string(&repaired).unwrap();
        let back = serde_json::from_str::<Repaired>(&text).unwrap();
        all_close(back.covariance.view(), &repaired.covariance.view().to_owned(), 1e-18);
        assert_eq!((back.action, back.covariance.assets()), (repaired.action, repaired.covariance.assets()));
    }
}

#[test]
fn a_good_matrix_is_left_alone() {
    let good = Covariance::new(array![[4.0, 2.0], [2.0, 1.0]]).unwrap();
    for policy in [PsdPolicy::Error, PsdPolicy::ClipEigen, PsdPolicy::Higham] {
        let repaired = good.clone().repaired(policy).unwrap();
        assert_eq!(repaired.covariance, good);
        assert_eq!((repaired.action, repaired.distance), (RepairAction::None, 0.0));
    }
}

#[test]
fn an_asset_without_variance() {
    let mut matrix = Array2::zeros((4, 4));
    for ((i, j), value) in torn().indexed_iter() {
        matrix[[i + i / 2, j + j / 2]] = *value; // row and column 2 stay zero
    }
    let repaired = Covariance::new(matrix.clone()).unwrap().repaired(PsdPolicy::Higham).unwrap();
    assert!(repaired.covariance.view().row(2).iter().all(|v| *v == 0.0));
    close(repaired.covariance.view()[[0, 1]], 0.526_579_467_057, 1e-9);
    matrix[[0, 2]] = 0.1;
    matrix[[2, 0]] = 0.1;
    let impossible = Covariance::new(matrix).unwrap().repaired(PsdPolicy::Higham);
    assert!(matches!(impossible, Err(Error::Undefined { .. })));
}

#[test]
fn hostile_inputs() {
    let lopsided = array![[1.0, 0.5], [0.4, 1.0]];
    assert!(matches!(clip_eigenvalues(lopsided.view(), 0.0), Err(Error::NotSymmetric { .. })));
    for floor in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(clip_eigenvalues(torn().view(), floor), Err(Error::OutOfDomain { name: "floor", .. })));
    }
    for floor in [-0.1, 1.0, f64::NAN] {
        assert!(matches!(shrink_correlation(torn().view(), floor), Err(Error::OutOfDomain { .. })));
    }
    let scaled = torn() * 2.0;
    assert!(matches!(shrink_correlation(scaled.view(), 0.0), Err(Error::EntryOutOfDomain { .. })));
    assert!(matches!(clip_correlation(Array2::zeros((2, 2)).view(), 0.0), Err(Error::Undefined { .. })));
}

proptest! {
    #[test]
    fn clipping_never_leaves_a_negative_eigenvalue(entries in prop::collection::vec(-1.0..1.0_f64, 10)) {
        let mut matrix = Array2::eye(5);
        let mut next = entries.into_iter();
        for i in 0..5 {
            for j in 0..i {
                let rho = next.next().unwrap();
                matrix[[i, j]] = rho;
                matrix[[j, i]] = rho;
            }
        }
        let clipped = clip_correlation(matrix.view(), 0.0).unwrap();
        prop_assert!(smallest(&clipped.matrix) > -1e-14);
        prop_assert!(clipped.matrix.iter().all(|rho| rho.abs() <= 1.0));
        let shrunk = shrink_correlation(matrix.view(), 0.0).unwrap();
        prop_assert!(smallest(&shrunk.correlation) > -1e-14);
        let nearest = NearestCorrelation::default().solve(matrix.view()).unwrap();
        prop_assert!(nearest.distance <= clipped.distance + 1e-8);
        prop_assert!(nearest.distance <= shrunk.distance + 1e-8);
    }
}
