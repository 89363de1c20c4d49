use ndarray::{Array2, array};
use testkit::close;

use super::all_close;
use crate::{AssetId, Covariance, Error, ErrorKind, Frequency};

fn names(names: &[&str]) -> Vec<AssetId> {
    names.iter().map(|name| AssetId::new(*name).unwrap()).collect()
}

#[test]
fn every_door_checks() {
    assert!(matches!(Covariance::new(Array2::zeros((0, 0))), Err(Error::Empty { .. })));
    assert!(matches!(Covariance::new(Array2::zeros((2, 1))), Err(Error::LengthMismatch { .. })));
    assert!(matches!(Covariance::new(array![[f64::INFINITY]]), Err(Error::EntryOutOfDomain { .. })));
    assert!(matches!(
        Covariance::new(array![[1.0, 0.2], [0.3, 1.0]]),
        Err(Error::NotSymmetric { name: "covariance", row: 0, column: 1, .. })
    ));
    assert!(matches!(
        Covariance::new(array![[1.0, 0.0], [0.0, -1e-9]]),
        Err(Error::EntryOutOfDomain { ref row, value, .. }) if row == "1" && value == -1e-9
    ));
    assert!(Covariance::new(array![[0.0]]).is_ok());
    for text in [
        r#"{"matrix": [[1.0, 0.2], [0.3, 1.0]]}"#,
        r#"{"matrix": [[1.0], [0.3]]}"#,
        r#"{"matrix": [[-1.0]]}"#,
        r#"{"matrix": []}"#,
        r#"{"assets": ["A", "B"], "matrix": [[1.0]]}"#,
        r#"{"assets": ["A", "A"], "matrix": [[1.0, 0.0], [0.0, 1.0]]}"#,
    ] {
        assert!(serde_json::from_str::<Covariance>(text).is_err(), "{text}");
    }
}

#[test]
fn rounding_is_averaged_away() {
    let covariance = Covariance::new(array![[1.0, 0.5], [0.5 + 8e-13, 1.0]]).unwrap();
    close(covariance.view()[[0, 1]], 0.5 + 4e-13, 1e-16);
    assert_eq!(covariance.view()[[0, 1]], covariance.view()[[1, 0]]);
}

#[test]
fn json_is_nested_rows() {
    let covariance = Covariance::new(array![[1.0, 0.5], [0.5, 2.0]]).unwrap();
    let text = serde_json::to_string(&covariance).unwrap();
    assert_eq!(text, r#"{"matrix":[[1.0,0.5],[0.5,2.0]]}"#);
    assert_eq!(serde_json::from_str::<Covariance>(&text).unwrap(), covariance);
    let named = covariance.with_assets(names(&["A", "B"])).unwrap();
    let text = serde_json::to_string(&named).unwrap();
    assert_eq!(serde_json::from_str::<Covariance>(&text).unwrap(), named);
    assert_eq!(named.assets().unwrap()[1].as_str(), "B");
}

#[test]
fn parts_and_annual_figures() {
    let covariance = Covariance::new(array![[4e-4, -1e-4], [-1e-4, 1e-4]]).unwrap();
    let covariance = covariance.with_assets(names(&["A", "B"])).unwrap();
    assert_eq!(covariance.len(), 2);
    assert_eq!(covariance.variances(), array![4e-4, 1e-4]);
    close(covariance.volatilities()[0], 0.02, 1e-17);
    all_close(covariance.correlation().unwrap().view(), &array![[1.0, -0.5], [-0.5, 1.0]], 1e-15);
    let year = covariance.annualized(Frequency::Monthly).unwrap();
    close(year.view()[[0, 1]], -12e-4, 1e-18);
    assert_eq!(year.assets(), covariance.assets());
    assert!(Covariance::new(array![[1e307]]).unwrap().annualized(Frequency::Daily).is_err());
    assert_eq!(covariance.clone().into_matrix(), covariance.view());
}

#[test]
fn from_correlation_multiplies_out() {
    let rho = array![[1.0, -0.5], [-0.5, 1.0]];
    let covariance = Covariance::from_correlation(array![0.02, 0.01].view(), rho.view()).unwrap();
    all_close(covariance.view(), &array![[4e-4, -1e-4], [-1e-4, 1e-4]], 1e-19);
    let bad = |volatilities: ndarray::Array1<f64>, rho: Array2<f64>| {
        Covariance::from_correlation(volatilities.view(), rho.view()).unwrap_err()
    };
    assert!(matches!(bad(array![0.1, -0.1], rho.clone()), Error::ElementOutOfDomain { index: 1, .. }));
    assert!(matches!(bad(array![0.1], rho.clone()), Error::LengthMismatch { .. }));
    assert!(matches!(bad(array![0.1, 0.1], array![[1.0, 1.1], [1.1, 1.0]]), Error::EntryOutOfDomain { .. }));
    assert!(matches!(bad(array![0.1, 0.1], array![[1.0, 0.1], [0.1, 0.9]]), Error::EntryOutOfDomain { .. }));
}

#[test]
fn portfolio_variance() {
    let covariance = Covariance::new(array![[4.0, 2.0], [2.0, 9.0]]).unwrap();
    assert_eq!(covariance.variance_of(array![1.0, -2.0].view()).unwrap(), 4.0 - 8.0 + 36.0);
    close(covariance.volatility_of(array![1.0, -2.0].view()).unwrap(), 32.0_f64.sqrt(), 1e-15);
    assert!(matches!(covariance.variance_of(array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(covariance.variance_of(array![1.0, f64::NAN].view()), Err(Error::ElementOutOfDomain { .. })));
    assert!(matches!(covariance.variance_of(array![1e200, 1.0].view()), Err(Error::OutOfDomain { .. })));
    // Perfect hedges leave rounding behind, never a negative variance.
    let twins = Covariance::new(array![[0.1, 0.3], [0.3, 0.9]]).unwrap();
    let hedged = twins.variance_of(array![3.0, -1.0].view()).unwrap();
    assert!((0.0..1e-15).contains(&hedged));
    let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
    assert!(matches!(
        indefinite.variance_of(array![1.0, -1.0].view()),
        Err(Error::OutOfDomain { value, .. }) if value == -2.0
    ));
}

#[test]
fn correlation_of_the_extremes() {
    let still = Covariance::new(array![[1.0, 0.0], [0.0, 0.0]]).unwrap();
    assert_eq!(still.correlation().unwrap_err().kind(), ErrorKind::Undefined);
    let tiny = Covariance::new(array![[1e-300, 5e-301], [5e-301, 1e-300]]).unwrap();
    close(tiny.correlation().unwrap()[[0, 1]], 0.5, 1e-14);
    let beyond = Covariance::new(array![[1.0, 1.5], [1.5, 1.0]]).unwrap();
    assert_eq!(beyond.correlation().unwrap()[[0, 1]], 1.5);
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
mod with_eigenvalues {
    use super::*;
    use crate::covariance::Definiteness;

    #[test]
    fn definiteness_has_three_answers() {
        let ask = |matrix: Array2<f64>| Covariance::new(matrix).unwrap();
        let definite = ask(array![[2.0, 1.0], [1.0, 2.0]]);
        assert_eq!(definite.definiteness().unwrap(), Definiteness::PositiveDefinite);
        close(definite.condition_number().unwrap(), 3.0, 1e-14);
        let singular = ask(array![[1.0, 2.0], [2.0, 4.0]]);
        assert_eq!(singular.definiteness().unwrap(), Definiteness::PositiveSemidefinite { rank: 1 });
        assert_eq!(singular.condition_number(), Err(Error::Singular { name: "covariance" }));
        let indefinite = ask(array![[1.0, 2.0], [2.0, 1.0]]);
        let Definiteness::Indefinite { smallest_eigenvalue } = indefinite.definiteness().unwrap() else {
            panic!("a negative eigenvalue")
        };
        close(smallest_eigenvalue, -1.0, 1e-15);
        assert!(matches!(indefinite.condition_number(), Err(Error::NotPositiveSemidefinite { .. })));
        let zero = ask(Array2::zeros((2, 2)));
        assert_eq!(zero.definiteness().unwrap(), Definiteness::PositiveSemidefinite { rank: 0 });
    }

    #[test]
    fn summary_in_closed_form() {
        let summary = Covariance::new(array![[5.0, 4.0], [4.0, 5.0]]).unwrap().summary().unwrap();
        close(summary.trace, 10.0, 1e-15);
        close(summary.frobenius_norm, 82.0_f64.sqrt(), 1e-15);
        close(summary.log_determinant.unwrap(), 9.0_f64.ln(), 1e-14);
        close(summary.largest_eigenvalue, 9.0, 1e-15);
        close(summary.smallest_eigenvalue, 1.0, 1e-14);
        let singular = Covariance::new(array![[1.0, 2.0], [2.0, 4.0]]).unwrap().summary().unwrap();
        assert_eq!(singular.log_determinant, None);
        let huge = Covariance::new(array![[1e200]]).unwrap().summary().unwrap();
        assert_eq!(huge.frobenius_norm, 1e200);
    }
}

#[cfg(not(any(feature = "linalg", feature = "lapack")))]
#[test]
fn questions_of_definiteness_are_unsupported_without_linear_algebra() {
    use crate::covariance::{
        NearestCorrelation, PairwiseCovariance, PsdPolicy, SampleCovariance, clip_correlation, shrink_correlation,
    };
    let covariance = Covariance::new(array![[1.0, 0.5], [0.5, 1.0]]).unwrap();
    let bad = array![[1.0, 1.5], [1.5, 1.0]];
    let returns = super::returns();
    let errors = [
        covariance.definiteness().unwrap_err(),
        covariance.condition_number().unwrap_err(),
        covariance.summary().unwrap_err(),
        covariance.repaired(PsdPolicy::Higham).unwrap_err(),
        NearestCorrelation::default().solve(bad.view()).unwrap_err(),
        clip_correlation(bad.view(), 0.0).unwrap_err(),
        shrink_correlation(bad.view(), 0.0).unwrap_err(),
        PairwiseCovariance::new(2, PsdPolicy::Error).estimate(returns.view()).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Unsupported));
    assert_eq!(SampleCovariance::default().estimate(returns.view()).unwrap().condition_number, None);
}
