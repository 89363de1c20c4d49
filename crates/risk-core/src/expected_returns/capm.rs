use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::estimate::{compounded, periods};
use super::historical::means;
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate};
use crate::{Error, Frequency, Result, Weights, check, sum};

/// What stands for the market when only the assets are known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketProxy {
    /// The mean of the assets' returns, period by period.
    #[default]
    EqualWeight,
    /// The assets at these weights, rebalanced every period.
    Weighted(Weights),
}

/// Expected returns of the capital asset pricing model.
///
/// ```text
/// E[rᵢ] = r_f + βᵢ (E[r_m] − r_f)      βᵢ = cov(rᵢ, r_m) / var(r_m)
/// error covariance   π² cov(β̂) + ββ' var(Ê[r_m])      π = E[r_m] − r_f,  cov(β̂) = e'e/(n−2) / Σ(r_m − r̄_m)²
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `market` | equal weight | what stands for the market | |
/// | `risk_free` | 0 | rate in the unit of the estimate | finite |
/// | `compounding` | arithmetic | how the market's returns of a year add up | |
/// | `frequency` | none | periods in the year that the estimate is for | |
///
/// Betas are those of raw returns, which for a constant rate are those of excess returns. With geometric
/// compounding the market earns `Π(1+r)^(P/n) − 1`.
///
/// # Source
/// Sharpe (1964), "Capital asset prices".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capm {
    market: MarketProxy,
    risk_free: f64,
    compounding: Compounding,
    frequency: Option<Frequency>,
}

/// Expected returns of the CAPM with what they are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CapmEstimate {
    /// The expected returns.
    pub expected: ExpectedReturnsEstimate,
    /// β, one an asset.
    pub betas: Vec<f64>,
    /// Expected return of the market, in the unit of the estimate.
    pub market_return: f64,
}

impl Capm {
    /// With this market.
    #[must_use]
    pub fn new(market: MarketProxy) -> Self {
        Self { market, ..Self::default() }
    }

    /// With this risk-free rate: a year's when a frequency is named, else a period's.
    #[must_use]
    pub fn with_risk_free(mut self, rate: f64) -> Self {
        self.risk_free = rate;
        self
    }

    /// With this compounding of the market's returns.
    #[must_use]
    pub fn with_compounding(mut self, compounding: Compounding) -> Self {
        self.compounding = compounding;
        self
    }

    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// From the assets' returns alone, with the market's proxy.
    ///
    /// # Errors
    /// Those of [`fit_to`](Self::fit_to), and [`Error::LengthMismatch`] unless a weighted market has one weight
    /// an asset.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<CapmEstimate> {
        check::finite_matrix("returns", returns)?;
        let market: Array1<f64> = match &self.market {
            MarketProxy::EqualWeight => returns.rows().into_iter().map(|row| sum::mean(row.iter())).collect(),
            MarketProxy::Weighted(weights) => {
                check::length("market weights", returns.ncols(), weights.len())?;
                returns.dot(&weights.view())
            }
        };
        self.fit_to(returns, market.view())
    }

    /// From the assets' returns `(n, N)` and the market's `(n,)` on the same dates.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] for returns that are not
    ///   finite (compounded: below −1), [`Error::LengthMismatch`] unless the dates are as many.
    /// - [`Error::InsufficientData`] with fewer than two observations; with two, the error is not stated.
    /// - [`Error::Undefined`] when the market did not move, [`Error::OutOfDomain`] for a rate that is not
    ///   finite.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::expected_returns::Capm;
    /// use ndarray::array;
    ///
    /// let market = array![0.02, -0.01, 0.02];
    /// let returns = array![[0.04], [-0.02], [0.04]];
    /// let capm = Capm::default().with_risk_free(0.002).fit_to(returns.view(), market.view())?;
    /// assert!((capm.betas[0] - 2.0).abs() < 1e-14);
    /// assert!((capm.expected.values[0] - 0.018).abs() < 1e-15); // 0.2 % + 2 (1 % − 0.2 %)
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn fit_to(&self, returns: ArrayView2<'_, f64>, market: ArrayView1<'_, f64>) -> Result<CapmEstimate> {
        check::finite_matrix("returns", returns)?;
        check::finite("market returns", market)?;
        let n = returns.nrows();
        check::length("market returns", n, market.len())?;
        check::finite_number("risk-free rate", self.risk_free)?;
        check::enough("CAPM", 2, n)?;
        let line = Line::new(returns, market)?;
        let (market_return, market_error) = self.market_return(market)?;
        let premium = market_return - self.risk_free;
        let values = line.betas.mapv(|beta| self.risk_free + beta * premium);
        let error = match market_error {
            Some(error) if n > 2 => Some(line.error(premium, error)?),
            _ => None,
        };
        let expected = ExpectedReturnsEstimate::new(values, self.frequency, self.compounding)?;
        let expected = expected.with_observations(n, n as f64).with_error(error)?;
        Ok(CapmEstimate { expected, betas: line.betas.to_vec(), market_return })
    }

    /// The market's expected return, and its squared standard error where it has one.
    fn market_return(&self, market: ArrayView1<'_, f64>) -> Result<(f64, Option<f64>)> {
        let (n, p) = (market.len() as f64, periods(self.frequency));
        match self.compounding {
            Compounding::Arithmetic => {
                let variance = crate::moments::variance(market, 1)?;
                Ok((p * sum::mean(market.iter()), Some(p * p * variance / n)))
            }
            Compounding::Geometric => {
                let earned = compounded(market, 0, p)?;
                if earned <= -1.0 {
                    return Ok((earned, None));
                }
                let slope = p * (1.0 + earned);
                let variance = crate::moments::variance(market.mapv(libm::log1p).view(), 1)?;
                Ok((earned, Some(slope * slope * variance / n)))
            }
        }
    }
}

impl ExpectedReturns for Capm {
    fn name(&self) -> &str {
        "capm"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        Ok(self.fit(returns)?.expected)
    }
}

/// Regressions of all assets on the market.
struct Line {
    betas: Array1<f64>,
    residuals: Array2<f64>,
    market_squares: f64,
}

impl Line {
    fn new(returns: ArrayView2<'_, f64>, market: ArrayView1<'_, f64>) -> Result<Self> {
        if market.iter().all(|m| (m - market[0]).abs() <= 0.0) {
            return Err(Error::Undefined { name: "beta", reason: "the market's returns are all the same" });
        }
        let deviations = market.mapv(|m| m - sum::mean(market.iter()));
        let market_squares = deviations.dot(&deviations);
        let mut residuals = &returns - &means(returns);
        let betas = deviations.dot(&residuals) / market_squares;
        if !(market_squares > 0.0 && betas.iter().all(|b| b.is_finite())) {
            return Err(Error::Undefined { name: "beta", reason: "the market's variance vanishes or overflows" });
        }
        let (column, row) = (deviations.insert_axis(Axis(1)), betas.view().insert_axis(Axis(0)));
        residuals -= &(&column * &row);
        Ok(Self { betas, residuals, market_squares })
    }

    fn error(&self, premium: f64, market_error: f64) -> Result<Array2<f64>> {
        let products = crate::covariance::gram(self.residuals.view())?;
        let scale = premium * premium / (self.market_squares * (self.residuals.nrows() - 2) as f64);
        let outer = Array2::from_shape_fn(products.dim(), |(i, j)| self.betas[i] * self.betas[j]);
        Ok(products * scale + outer * market_error)
    }
}
