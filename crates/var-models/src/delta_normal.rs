//! Linear exposures to jointly normal factors, and how the risk splits between them.

use alluse_risk_core::{Error as CoreError, Horizon};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Normal risk of linear exposures, split by Euler's theorem.
///
/// ```text
/// σ = √(xᵀCx)   total = k σ   marginalᵢ = k (Cx)ᵢ/σ   componentᵢ = xᵢ · marginalᵢ   Σᵢ componentᵢ = total
/// individualᵢ = k |xᵢ| σᵢ     diversification benefit = Σᵢ individualᵢ − total
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComponentVar {
    /// σ, money over the horizon.
    pub standard_deviation: f64,
    /// k σ.
    pub value_at_risk: f64,
    /// Each exposure alone.
    pub individual: Vec<f64>,
    /// Change of the total per unit of money added to an exposure.
    pub marginal: Vec<f64>,
    /// Parts that add up to the total.
    pub component: Vec<f64>,
    /// Sum of the individual figures less the total.
    pub diversification_benefit: f64,
}

/// Share of the undiversified variance below which a variance is rounding.
const ROUNDING: f64 = 1e-14;

/// Exposures in money to factors with a covariance of returns over the horizon; the mean counts as zero.
///
/// ```
/// use alluse_risk_core::Horizon;
/// use alluse_var_models::DeltaNormal;
/// use ndarray::array;
///
/// // Jorion, Value at Risk, 7.2.4: two uncorrelated currencies at 1.65 standard deviations.
/// let uncorrelated = array![[1.0, 0.0], [0.0, 1.0]];
/// let exposures = array![2e6, 1e6];
/// let book =
///     DeltaNormal::from_correlation(exposures.view(), array![0.05, 0.12].view(), uncorrelated.view(), Horizon::DAY)?;
/// let parts = book.at_multiplier(1.65)?;
/// assert!((parts.value_at_risk - 257_738.0).abs() < 1.0);
/// assert!((parts.component.iter().sum::<f64>() - parts.value_at_risk).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DeltaNormal {
    exposures: Array1<f64>,
    covariance: Array2<f64>,
    horizon: Horizon,
}

impl DeltaNormal {
    /// From exposures `(n,)` in money, per-day volatilities `(n,)` and correlations `(n, n)`. Over `horizon`
    /// days the covariance is that of independent days, `h · D ρ D`.
    ///
    /// # Errors
    /// [`Error::Input`] for shapes that disagree, numbers that are not finite, a negative volatility, or a
    /// correlation matrix that is not symmetric with a unit diagonal.
    pub fn from_correlation(
        exposures: ArrayView1<'_, f64>,
        volatility: ArrayView1<'_, f64>,
        correlation: ArrayView2<'_, f64>,
        horizon: Horizon,
    ) -> Result<Self> {
        let n = exposures.len();
        check_vector("exposures", exposures, n, f64::is_finite, "finite")?;
        check_vector("volatility", volatility, n, |v| v >= 0.0 && v.is_finite(), "finite and at least 0")?;
        check_correlation(correlation, n)?;
        let days = f64::from(horizon.trading_days());
        let covariance =
            Array2::from_shape_fn((n, n), |(i, j)| days * volatility[i] * correlation[[i, j]] * volatility[j]);
        Ok(Self { exposures: exposures.to_owned(), covariance, horizon })
    }

    /// From deltas in units and spot prices: the exposures are `delta · spot`.
    ///
    /// # Errors
    /// As [`from_correlation`](Self::from_correlation).
    pub fn from_deltas(
        deltas: ArrayView1<'_, f64>,
        spots: ArrayView1<'_, f64>,
        volatility: ArrayView1<'_, f64>,
        correlation: ArrayView2<'_, f64>,
        horizon: Horizon,
    ) -> Result<Self> {
        check_vector("deltas", deltas, spots.len(), f64::is_finite, "finite")?;
        let exposures = &deltas * &spots;
        Self::from_correlation(exposures.view(), volatility, correlation, horizon)
    }

    /// The horizon of the covariance.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// Risk at `multiplier` standard deviations: for VaR the normal quantile, for ES `φ(z)/(1 − c)`.
    ///
    /// # Errors
    /// [`Error::Input`] unless the multiplier is finite; `Undefined` when the exposures carry no risk, since
    /// the marginal figures divide by it; `NotPositiveSemidefinite` when the variance comes out negative.
    pub fn at_multiplier(&self, multiplier: f64) -> Result<ComponentVar> {
        if !multiplier.is_finite() {
            return Err(Error::out_of_domain("multiplier", "finite", multiplier));
        }
        let cx = self.covariance.dot(&self.exposures);
        let variance = self.exposures.dot(&cx);
        if !variance.is_finite() {
            return Err(CoreError::Overflow { name: "variance of the exposures" }.into());
        }
        // The variance if everything moved together: what rounding in the sum is measured against.
        let together: f64 = self.exposures.iter().zip(self.covariance.diag()).map(|(x, v)| x.abs() * v.sqrt()).sum();
        let rounding = ROUNDING * together * together;
        if variance < -rounding {
            let name = "covariance";
            return Err(CoreError::NotPositiveSemidefinite { name, smallest_eigenvalue: variance }.into());
        }
        if variance <= rounding {
            return Err(CoreError::Undefined { name: "marginal VaR", reason: "the exposures carry no risk" }.into());
        }
        let standard_deviation = variance.sqrt();
        let marginal: Vec<f64> = cx.iter().map(|c| multiplier * c / standard_deviation).collect();
        let component: Vec<f64> = self.exposures.iter().zip(&marginal).map(|(x, m)| x * m).collect();
        let diagonal = self.covariance.diag();
        let individual: Vec<f64> =
            self.exposures.iter().zip(&diagonal).map(|(x, v)| multiplier * x.abs() * v.sqrt()).collect();
        let value_at_risk = multiplier * standard_deviation;
        let diversification_benefit = individual.iter().sum::<f64>() - value_at_risk;
        Ok(ComponentVar { standard_deviation, value_at_risk, individual, marginal, component, diversification_benefit })
    }
}

fn check_vector(
    name: &'static str,
    values: ArrayView1<'_, f64>,
    expected: usize,
    valid: impl Fn(f64) -> bool,
    domain: &'static str,
) -> Result<()> {
    if values.is_empty() {
        return Err(CoreError::Empty { name }.into());
    }
    if values.len() != expected {
        return Err(CoreError::LengthMismatch { name, expected, got: values.len() }.into());
    }
    match values.iter().position(|v| !valid(*v)) {
        None => Ok(()),
        Some(index) => {
            Err(CoreError::ElementOutOfDomain { name, index, expected: domain, value: values[index] }.into())
        }
    }
}

fn check_correlation(correlation: ArrayView2<'_, f64>, n: usize) -> Result<()> {
    for (name, got) in [("correlation rows", correlation.nrows()), ("correlation columns", correlation.ncols())] {
        if got != n {
            return Err(CoreError::LengthMismatch { name, expected: n, got }.into());
        }
    }
    for ((row, column), &value) in correlation.indexed_iter() {
        let entry = |expected| CoreError::EntryOutOfDomain {
            name: "correlation",
            row: row.to_string(),
            column: column.to_string(),
            expected,
            value,
        };
        if row == column && (value - 1.0).abs() > 1e-12 {
            return Err(entry("1 on the diagonal").into());
        }
        if value.is_nan() || value.abs() > 1.0 + 1e-12 {
            return Err(entry("between -1 and 1").into());
        }
        let difference = (value - correlation[[column, row]]).abs();
        if difference > 1e-12 {
            return Err(CoreError::NotSymmetric { name: "correlation", row, column, difference }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn hulls_two_shares_over_ten_days() {
        // Hull, Options, Futures and Other Derivatives: Microsoft and AT&T.
        let rho = array![[1.0, 0.3], [0.3, 1.0]];
        let (x, vol) = (array![1e7, 5e6], array![0.02, 0.01]);
        let book = DeltaNormal::from_correlation(x.view(), vol.view(), rho.view(), Horizon::TEN_DAYS).unwrap();
        let parts = book.at_multiplier(2.33).unwrap();
        assert!((parts.value_at_risk - 1_622_657.0).abs() < 1.0);
        assert!((parts.individual[0] - 1_473_621.0).abs() < 1.0);
        assert!((parts.diversification_benefit - 219_369.0).abs() < 1.01);
        assert_eq!(book.horizon(), Horizon::TEN_DAYS);
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let day = Horizon::DAY;
        let good = || (array![1.0, 2.0], array![0.1, 0.2], array![[1.0, 0.5], [0.5, 1.0]]);
        let new = |x: Array1<f64>, v: Array1<f64>, c: Array2<f64>| {
            DeltaNormal::from_correlation(x.view(), v.view(), c.view(), day).unwrap_err()
        };
        let (x, v, c) = good();
        assert!(matches!(new(array![], v.clone(), c.clone()), Error::Input(CoreError::Empty { .. })));
        assert!(matches!(new(x.clone(), array![0.1], c.clone()), Error::Input(CoreError::LengthMismatch { .. })));
        assert!(matches!(
            new(x.clone(), array![0.1, -0.2], c.clone()),
            Error::Input(CoreError::ElementOutOfDomain { name: "volatility", index: 1, .. })
        ));
        assert!(matches!(
            new(array![1.0, f64::NAN], v.clone(), c),
            Error::Input(CoreError::ElementOutOfDomain { name: "exposures", index: 1, .. })
        ));
        for bad in [array![[1.0, 1.5], [1.5, 1.0]], array![[0.9, 0.5], [0.5, 1.0]], array![[1.0, f64::NAN], [0.5, 1.0]]]
        {
            assert!(matches!(new(x.clone(), v.clone(), bad), Error::Input(CoreError::EntryOutOfDomain { .. })));
        }
        let skew = array![[1.0, 0.4], [0.5, 1.0]];
        assert!(matches!(new(x.clone(), v.clone(), skew), Error::Input(CoreError::NotSymmetric { .. })));
        assert!(matches!(new(x, v, Array2::eye(3)), Error::Input(CoreError::LengthMismatch { .. })));
    }

    #[test]
    fn no_risk_has_no_marginals() {
        let zero = array![0.0, 0.0];
        let book =
            DeltaNormal::from_correlation(zero.view(), array![0.1, 0.1].view(), Array2::eye(2).view(), Horizon::DAY);
        let error = book.unwrap().at_multiplier(2.0).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::Undefined { .. })));
        let book = DeltaNormal::from_deltas(
            array![1.0, 1.0].view(),
            array![1.0, 2.0].view(),
            array![0.1, 0.1].view(),
            Array2::eye(2).view(),
            Horizon::DAY,
        );
        assert!(book.unwrap().at_multiplier(f64::NAN).is_err());
    }

    #[test]
    fn an_impossible_correlation_is_found_out() {
        // Three pairwise correlations of −0.9 cannot hold together; equal exposures show it.
        let rho = Array2::from_shape_fn((3, 3), |(i, j)| if i == j { 1.0 } else { -0.9 });
        let book = DeltaNormal::from_correlation(
            array![1.0, 1.0, 1.0].view(),
            array![0.1, 0.1, 0.1].view(),
            rho.view(),
            Horizon::DAY,
        );
        let error = book.unwrap().at_multiplier(2.0).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::NotPositiveSemidefinite { .. })));
    }
}
