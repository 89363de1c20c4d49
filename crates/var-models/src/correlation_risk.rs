//! How correlated the parts of a portfolio are, and what that is worth.

use alluse_risk_core::{Covariance, Error as CoreError};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::concentration::{finite, portfolio_volatility};
use crate::{Error, Result};

/// The correlations of a portfolio in one number, two ways.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AverageCorrelation {
    /// Mean of all pairs.
    pub plain: f64,
    /// Mean of all pairs, each weighted by `wᵢwⱼσᵢσⱼ`; `None` when these weights cancel to nothing, as they may
    /// with shorts.
    pub weighted: Option<f64>,
    /// Number of pairs.
    pub pairs: usize,
}

/// Average pairwise correlation, plain and weighted by the volatilities that the pairs carry.
///
/// ```text
/// weighted = (σ_P² − Σ wᵢ²σᵢ²) / Σ_{i≠j} wᵢwⱼσᵢσⱼ
/// ```
///
/// The weighted figure is the one common correlation that would give the portfolio its variance.
///
/// # Errors
/// [`Error::Input`]: weights that do not fit, undefined with one asset or one without variance.
///
/// # Examples
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_var_models::average_correlation;
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[0.04, 0.01], [0.01, 0.01]])?;
/// let average = average_correlation(array![0.5, 0.5].view(), &covariance)?;
/// assert!((average.plain - 0.5).abs() < 1e-15);
/// assert!((average.weighted.expect("two longs") - 0.5).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn average_correlation(weights: ArrayView1<'_, f64>, covariance: &Covariance) -> Result<AverageCorrelation> {
    let n = covariance.len();
    if n < 2 {
        return Err(CoreError::Undefined { name: "average correlation", reason: "one asset makes no pair" }.into());
    }
    let correlation = covariance.correlation()?;
    let variance = covariance.variance_of(weights)?;
    let pairs = n * (n - 1) / 2;
    let plain = 0.5 * (correlation.sum() - n as f64) / pairs as f64;
    let risks = &weights * &covariance.volatilities();
    let own: f64 = risks.iter().map(|x| x * x).sum();
    let (net, gross): (f64, f64) = (risks.sum(), risks.iter().map(|x| x.abs()).sum());
    let cross = net * net - own;
    let weighted = (cross.abs() > 1e-12 * gross * gross).then(|| (variance - own) / cross);
    Ok(AverageCorrelation { plain, weighted, pairs })
}

/// What a change of correlations does to the volatility of a portfolio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationSensitivity {
    /// σ_P.
    pub volatility: f64,
    /// `∂σ_P/∂ρᵢⱼ = wᵢwⱼσᵢσⱼ/σ_P`, rows of a symmetric matrix; the diagonal is 0, for `ρᵢᵢ` cannot move.
    pub pairs: Vec<Vec<f64>>,
    /// Change of σ_P when every correlation rises by the same amount, per unit of that amount.
    pub parallel: f64,
}

/// Sensitivity of the portfolio's volatility to each correlation and to all together.
///
/// # Errors
/// [`Error::Input`]: weights that do not fit, undefined when the portfolio has no variance.
pub fn correlation_sensitivity(
    weights: ArrayView1<'_, f64>,
    covariance: &Covariance,
) -> Result<CorrelationSensitivity> {
    let volatility = portfolio_volatility(weights, covariance, "correlation sensitivity")?;
    let risks = &weights * &covariance.volatilities();
    let n = risks.len();
    let pairs = Array2::from_shape_fn((n, n), |(i, j)| if i == j { 0.0 } else { risks[i] * risks[j] / volatility });
    let parallel = 0.5 * pairs.sum();
    let pairs = pairs.rows().into_iter().map(|row| row.to_vec()).collect();
    Ok(CorrelationSensitivity { volatility, pairs, parallel })
}

/// How much of the assets' variance a few common factors absorb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AbsorptionRatio {
    /// Share of the total variance in the first components.
    pub ratio: f64,
    /// How many components count.
    pub components: usize,
    /// All eigenvalues, the largest first.
    pub eigenvalues: Vec<f64>,
}

impl AbsorptionRatio {
    /// A fifth of the assets, rounded, at least one: the source's choice.
    #[must_use]
    pub fn usual_components(assets: usize) -> usize {
        // Rounds half up: (n + 2.5)/5 in whole numbers.
        ((2 * assets + 5) / 10).max(1)
    }
}

/// Absorption ratio of a covariance (or a correlation taken as one): high when markets move as one.
///
/// ```text
/// AR = Σ_{k ≤ K} λₖ / Σ λₖ
/// ```
///
/// # Errors
/// [`Error::Input`]: components outside 1 to the number of assets, a covariance that is not positive
/// semidefinite, undefined when nothing has variance; unsupported without linear algebra.
///
/// # Source
/// Kritzman, Li, Page and Rigobon (2011), "Principal components as a measure of systemic risk".
///
/// # Examples
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_var_models::absorption_ratio;
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[2.0, 1.0], [1.0, 2.0]])?;
/// assert!((absorption_ratio(&covariance, 1)?.ratio - 0.75).abs() < 1e-15); // 3 of 3 + 1
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn absorption_ratio(covariance: &Covariance, components: usize) -> Result<AbsorptionRatio> {
    if components == 0 || components > covariance.len() {
        let value = components as f64;
        return Err(Error::out_of_domain("components", "from 1 to the number of assets", value));
    }
    let mut eigenvalues = covariance.eigenvalues()?.to_vec();
    eigenvalues.reverse();
    let (largest, smallest_eigenvalue) = (eigenvalues[0], eigenvalues[eigenvalues.len() - 1]);
    if smallest_eigenvalue < -(eigenvalues.len() as f64) * f64::EPSILON * largest.abs() {
        return Err(CoreError::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue }.into());
    }
    let total: f64 = eigenvalues.iter().sum();
    if !(total > 0.0) {
        return Err(CoreError::Undefined { name: "absorption ratio", reason: "no asset has variance" }.into());
    }
    let absorbed: f64 = eigenvalues.iter().take(components).sum();
    Ok(AbsorptionRatio { ratio: (absorbed / total).min(1.0), components, eigenvalues })
}

/// The mean of all pairwise correlations of the columns, in one pass: `((Σ z)² − n)` over the pairs, with z the
/// columns at mean 0 and length 1.
pub(crate) fn mean_correlation(columns: &[Vec<f64>]) -> Result<f64> {
    let assets = columns.len() as f64;
    let mut total = vec![0.0; columns.first().map_or(0, Vec::len)];
    for column in columns {
        finite("returns", ArrayView1::from(column))?;
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let largest = column.iter().fold(0.0_f64, |a, r| a.max((r - mean).abs()));
        let constant = column.iter().all(|r| (r - column[0]).abs() <= 0.0);
        if constant || largest <= 0.0 {
            let reason = "an asset's returns are all the same in a regime";
            return Err(CoreError::Undefined { name: "correlation", reason }.into());
        }
        // By the largest first: squares neither overflow nor vanish.
        let length = column.iter().map(|r| ((r - mean) / largest).powi(2)).sum::<f64>().sqrt();
        total.iter_mut().zip(column).for_each(|(total, r)| *total += (r - mean) / largest / length);
    }
    let square: f64 = total.iter().map(|v| v * v).sum();
    Ok(((square - assets) / (assets * (assets - 1.0))).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    fn three() -> Covariance {
        let correlation = array![[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]];
        Covariance::from_correlation(array![0.2, 0.1, 0.3].view(), correlation.view()).unwrap()
    }

    #[test]
    fn averages_by_hand() {
        let average = average_correlation(array![0.5, 0.3, 0.2].view(), &three()).unwrap();
        assert!((average.plain - 0.4 / 3.0).abs() < 1e-15);
        // Risks 0.1, 0.03, 0.06: (0.003·0.5 + 0.006·0.2 − 0.0018·0.3) / (0.003 + 0.006 + 0.0018).
        assert!((average.weighted.unwrap() - 0.002_16 / 0.010_8).abs() < 1e-13);
        assert_eq!(average.pairs, 3);
        // Long and short of the same risk: −x² of weight, and the formula still gives the correlation.
        let pair = Covariance::new(array![[0.04, 0.01], [0.01, 0.01]]).unwrap();
        let hedged = average_correlation(array![0.5, -1.0].view(), &pair).unwrap();
        assert!((hedged.weighted.unwrap() - 0.5).abs() < 1e-13);
        // Risks 1, 1, and −½: pairs weigh 1 − ½ − ½ = 0.
        let unit = Covariance::from_correlation(array![1.0, 1.0, 1.0].view(), three().correlation().unwrap().view());
        let cancelled = average_correlation(array![1.0, 1.0, -0.5].view(), &unit.unwrap()).unwrap();
        assert_eq!(cancelled.weighted, None);
    }

    #[test]
    fn sensitivities_by_hand_and_by_difference() {
        let w = array![0.5, 0.3, 0.2];
        let sensitivity = correlation_sensitivity(w.view(), &three()).unwrap();
        let sigma = (0.01 + 0.0009 + 0.0036 + 2.0 * 0.002_16_f64).sqrt();
        assert!((sensitivity.volatility - sigma).abs() < 1e-15);
        assert!((sensitivity.pairs[0][2] - 0.006 / sigma).abs() < 1e-15);
        assert_eq!(sensitivity.pairs[2][0], sensitivity.pairs[0][2]);
        assert_eq!(sensitivity.pairs[1][1], 0.0);
        assert!((sensitivity.parallel - 0.010_8 / sigma).abs() < 1e-15);
        // Every correlation up and down by 1e-5: the error of the difference is of order 1e-10.
        let at = |bump: f64| {
            let mut rho = three().correlation().unwrap();
            rho.indexed_iter_mut().for_each(|((i, j), r)| *r += if i == j { 0.0 } else { bump });
            Covariance::from_correlation(three().volatilities().view(), rho.view())
                .unwrap()
                .volatility_of(w.view())
                .unwrap()
        };
        assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - sensitivity.parallel).abs() < 1e-8);
    }

    #[cfg(feature = "linalg")]
    #[test]
    fn absorption_counts_the_largest_first() {
        let covariance = Covariance::new(Array2::from_diag(&array![1.0, 5.0, 2.0, 2.0])).unwrap();
        let ratio = absorption_ratio(&covariance, 2).unwrap();
        assert!((ratio.ratio - 0.7).abs() < 1e-15);
        assert_eq!((ratio.components, ratio.eigenvalues[0]), (2, 5.0));
        assert_eq!(absorption_ratio(&covariance, 4).unwrap().ratio, 1.0);
        let usual: Vec<usize> = [1, 2, 5, 7, 8, 12, 13, 50].map(AbsorptionRatio::usual_components).to_vec();
        assert_eq!(usual, [1, 1, 1, 1, 2, 2, 3, 10]);
        let text = serde_json::to_string(&ratio).unwrap();
        assert_eq!(serde_json::from_str::<AbsorptionRatio>(&text).unwrap(), ratio);
    }

    #[cfg(feature = "linalg")]
    #[test]
    fn hostile_inputs_are_refused() {
        let one = Covariance::new(array![[0.04]]).unwrap();
        assert!(matches!(
            average_correlation(array![1.0].view(), &one),
            Err(Error::Input(CoreError::Undefined { .. }))
        ));
        let still = Covariance::new(array![[0.04, 0.0], [0.0, 0.0]]).unwrap();
        assert!(average_correlation(array![0.5, 0.5].view(), &still).is_err());
        assert!(average_correlation(array![0.5].view(), &three()).is_err());
        let none = correlation_sensitivity(array![0.0, 0.0, 0.0].view(), &three());
        assert!(matches!(none, Err(Error::Input(CoreError::Undefined { .. }))));
        for bad in [0, 4] {
            assert!(matches!(absorption_ratio(&three(), bad), Err(Error::Input(CoreError::OutOfDomain { .. }))));
        }
        let zero = Covariance::new(array![[0.0, 0.0], [0.0, 0.0]]).unwrap();
        assert!(matches!(absorption_ratio(&zero, 1), Err(Error::Input(CoreError::Undefined { .. }))));
        let odd = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
        assert!(matches!(absorption_ratio(&odd, 1), Err(Error::Input(CoreError::NotPositiveSemidefinite { .. }))));
        let constant = mean_correlation(&[vec![0.1, 0.1, 0.1], vec![0.1, 0.2, 0.3]]);
        assert!(matches!(constant, Err(Error::Input(CoreError::Undefined { .. }))));
        assert!(mean_correlation(&[vec![f64::NAN, 0.1], vec![0.1, 0.2]]).is_err());
    }

    proptest! {
        #[test]
        fn one_pass_is_the_mean_of_the_pairs(data in prop::collection::vec(-1.0..1.0_f64, 40)) {
            let rows = Array2::from_shape_vec((10, 4), data).unwrap();
            let want = alluse_risk_core::covariance::SampleCorrelation::default().estimate(rows.view()).unwrap().correlation;
            let want = (want.sum() - 4.0) / 12.0;
            let columns: Vec<Vec<f64>> = rows.columns().into_iter().map(|c| c.to_vec()).collect();
            prop_assert!((mean_correlation(&columns).unwrap() - want).abs() < 1e-12);
        }
    }
}
