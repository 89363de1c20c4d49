//! `factor.*`

use alluse_quant::attribution::factors::{
    ComponentMatrix, LoadingSign, PrincipalComponents, absorption_ratio as share_of_first,
};
use alluse_quant::risk_core::inference::{BartlettLags, LeastSquares, StandardErrors, StudentEstimate};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("factor.absorption_ratio", absorption_ratio),
    ("factor.principal_components", principal_components),
    ("factor.regression", regression),
];

fn matrix(args: &mut Args<'_>) -> Result<ComponentMatrix> {
    let matrices = [("correlation", ComponentMatrix::Correlation), ("covariance", ComponentMatrix::Covariance)];
    args.choice("matrix", &matrices)
}

fn absorption_ratio(args: &mut Args<'_>) -> Outcome {
    let (data, matrix) = (args.matrix("data")?, matrix(args)?);
    Ok(share_of_first(data.view(), matrix, args.count("components")?)?.into())
}

fn principal_components(args: &mut Args<'_>) -> Outcome {
    let (data, matrix) = (args.matrix("data")?, matrix(args)?);
    let signs = [("sum_positive", LoadingSign::SumPositive), ("last_positive", LoadingSign::LastPositive)];
    let (components, sign) = (args.count("components")?, args.choice("sign", &signs)?);
    let found = PrincipalComponents::of(data.view(), matrix, components, sign)?;
    Ok(Tree::fields([
        ("eigenvalues", found.eigenvalues.into()),
        ("shares", found.shares.into()),
        ("loadings", found.loadings.into()),
    ]))
}

/// One fit, summed up under each kind of standard error.
fn regression(args: &mut Args<'_>) -> Outcome {
    let (returns, factors) = (args.vector("returns")?, args.matrix("factors")?);
    let lags = args.count("hac_lags")?;
    let fit = LeastSquares::default().fit(factors.view(), returns.view())?;
    let summary = fit.summary(StandardErrors::Classical)?;
    let hc1 = fit.summary(StandardErrors::Hc1)?;
    let hac = fit.summary(StandardErrors::NeweyWest(BartlettLags::Fixed(lags)))?;
    let each = |coefficients: &[StudentEstimate], field: fn(&StudentEstimate) -> f64| {
        Tree::from(coefficients.iter().map(field).collect::<Vec<_>>())
    };
    Ok(Tree::fields([
        ("coefficients", each(&summary.coefficients, |c| c.value)),
        ("standard_errors", each(&summary.coefficients, |c| c.standard_error)),
        ("standard_errors_hc1", each(&hc1.coefficients, |c| c.standard_error)),
        ("standard_errors_hac", each(&hac.coefficients, |c| c.standard_error)),
        ("t_statistics", each(&summary.coefficients, |c| c.t_statistic)),
        ("r_squared", summary.r_squared.into()),
        ("adjusted_r_squared", summary.adjusted_r_squared.into()),
        ("residual_volatility", summary.residual_volatility.into()),
        ("log_likelihood", summary.log_likelihood.into()),
        ("durbin_watson", summary.durbin_watson.into()),
        ("condition_number", summary.condition_number.into()),
    ]))
}
