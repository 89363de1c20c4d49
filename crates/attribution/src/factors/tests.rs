//! Golden numbers: statsmodels 0.15, numpy 2.4 and scipy 1.17 on the daily returns of the example data.

mod cross_section;
mod style;
mod time_series;

use alluse_risk_core::Error as Input;
use ndarray::{Array2, Axis, array};

use super::*;
use crate::Error;
use crate::example_data::{near, returns};

const ETFS: &str = "factor_etfs_daily.csv";

fn etfs() -> Option<Array2<f64>> {
    returns(ETFS).map(|(_, returns)| returns)
}

/// numpy's `eigh` of `cov` and `corrcoef`.
#[test]
fn principal_components_of_etfs() {
    let Some(data) = etfs() else { return };
    let found = PrincipalComponents::of(data.view(), ComponentMatrix::Covariance, 1, LoadingSign::SumPositive).unwrap();
    for (got, want) in found.eigenvalues.iter().zip([
        0.0002959804190584015,
        2.13463459998523e-05,
        1.2338260865243072e-05,
        7.401289198133156e-06,
        3.0210804630822216e-06,
    ]) {
        near(*got, want, 1e-10);
    }
    assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    assert_eq!((found.loadings.len(), found.observations), (1, 1257));
    let market = [0.5271703616255583, 0.4666449799308263, 0.38426690868719526, 0.3632736813662225, 0.47403064019486735];
    found.loadings[0].iter().zip(market).for_each(|(got, want)| near(*got, want, 1e-10));
    let second =
        PrincipalComponents::of(data.view(), ComponentMatrix::Covariance, 2, LoadingSign::LastPositive).unwrap();
    let spread =
        [-0.5844264530890699, -0.16106582313968262, 0.6438226501426333, -0.1852660472264208, 0.4285701908141532];
    second.loadings[1].iter().zip(spread).for_each(|(got, want)| near(*got, want, 1e-9));

    let absorbed = absorption_ratio(data.view(), ComponentMatrix::Correlation, 2).unwrap();
    near(absorbed, 0.9308343457738146, 1e-11);
    near(absorption_ratio(data.view(), ComponentMatrix::Correlation, 5).unwrap(), 1.0, 1e-14);
}

#[test]
fn hostile_components() {
    let data = array![[0.1, 0.2], [0.1, 0.3], [0.1, 0.5]];
    let of = |matrix, components| PrincipalComponents::of(data.view(), matrix, components, LoadingSign::default());
    assert!(matches!(of(ComponentMatrix::Correlation, 1), Err(Error::Input(Input::Undefined { .. }))));
    assert!(of(ComponentMatrix::Covariance, 1).is_ok());
    for count in [0, 3] {
        assert!(matches!(of(ComponentMatrix::Covariance, count), Err(Error::Input(Input::OutOfDomain { .. }))));
        assert!(absorption_ratio(data.view(), ComponentMatrix::Covariance, count).is_err());
    }
    let still = Array2::from_elem((4, 2), 0.1);
    assert!(matches!(
        absorption_ratio(still.view(), ComponentMatrix::Covariance, 1),
        Err(Error::Input(Input::Undefined { reason: "no series changes", .. }))
    ));
    let nan = array![[0.1, f64::NAN], [0.2, 0.1]];
    assert!(absorption_ratio(nan.view(), ComponentMatrix::Covariance, 1).is_err());
}

/// statsmodels `_MultivariateOLS(returns, [1, factor]).fit().mv_test()`: its F for one row is exact.
#[test]
fn alphas_of_four_etfs_on_the_fifth() {
    let Some(data) = etfs() else { return };
    let (factor, portfolios) = data.view().split_at(Axis(1), 1);
    let test = grs_test(portfolios, factor).unwrap();
    near(test.f_statistic, 1.1412674499231064, 1e-9);
    near(test.p_value, 0.3354450482756516, 1e-9);
    assert_eq!(test.degrees_of_freedom, (4, 1252));
    near(test.alphas[2], 0.00010904181699800498, 1e-9);

    let same = ndarray::concatenate(Axis(1), &[portfolios, portfolios]).unwrap();
    assert!(matches!(grs_test(same.view(), factor), Err(Error::Input(Input::NotPositiveDefinite { .. }))));
    let (short, _) = portfolios.split_at(Axis(0), 5);
    let (few, _) = factor.split_at(Axis(0), 5);
    assert!(matches!(
        grs_test(short, few),
        Err(Error::Input(Input::InsufficientData { required: 6, available: 5, .. }))
    ));
    assert!(matches!(grs_test(portfolios, few), Err(Error::Input(Input::LengthMismatch { .. }))));
}
