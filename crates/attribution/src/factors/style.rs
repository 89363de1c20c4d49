use alluse_risk_core::covariance::SampleCovariance;
use alluse_risk_core::{Error as Input, linalg, moments};
use ndarray::{ArrayView1, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use super::simplex;
use crate::{Error, Result, check};

const NAME: &str = "style analysis";

/// Which mix of indices behaves like a fund.
///
/// ```text
/// min var(r − F'x)      x ≥ 0,  Σx = 1      R² = 1 − var(e)/var(r)
/// ```
///
/// # Source
/// Sharpe (1992), "Asset allocation: management style and performance measurement".
///
/// # Examples
/// ```
/// use alluse_attribution::factors::StyleAnalysis;
/// use ndarray::array;
///
/// let indices = array![[0.02, 0.01], [-0.03, 0.00], [0.01, -0.01], [0.04, 0.02], [-0.01, 0.01]];
/// let fund = indices.dot(&array![0.7, 0.3]) + array![0.001, -0.001, 0.0, 0.001, -0.001];
/// let style = StyleAnalysis::new(["stocks", "bonds"]).fit(fund.view(), indices.view())?;
/// assert!((style.weights[0] - 0.73636).abs() < 1e-5 && style.r_squared > 0.99);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StyleAnalysis {
    /// Names of the indices.
    pub indices: Vec<String>,
}

/// A fund as a mix of indices: [`StyleAnalysis::fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StyleFit {
    /// Names of the indices.
    pub indices: Vec<String>,
    /// Weight of each, not negative, sum 1.
    pub weights: Vec<f64>,
    /// `1 − var(e)/var(r)`.
    pub r_squared: f64,
    /// Mean of `e = r − F'x` per period: what selection added to the style.
    pub selection: f64,
    /// Standard deviation of e per period, divisor `T − 1`.
    pub tracking_error: f64,
    /// Return of the style `F'x` in each period.
    pub style_returns: Vec<f64>,
    /// By how much half the variance of e would rise per unit of an index that is not held; 0 for those held.
    pub reduced_costs: Vec<f64>,
    /// Observations.
    pub observations: usize,
}

impl StyleAnalysis {
    /// By indices with these names.
    #[must_use]
    pub fn new<S: Into<String>>(indices: impl IntoIterator<Item = S>) -> Self {
        Self { indices: indices.into_iter().map(Into::into).collect() }
    }

    /// The mix of indices, shape `(T, K)`, that leaves the least variance of the fund, shape `(T,)`; simple returns per
    /// period.
    ///
    /// # Errors
    /// - [`Error::Input`]: empty or not finite inputs, returns below −1, lengths that differ;
    ///   [`InsufficientData`](Input::InsufficientData) unless `T > K + 1`; [`Undefined`](Input::Undefined) for an index
    ///   or a fund whose returns are all the same; [`Collinear`](Input::Collinear) with the index that others
    ///   replicate, because then the weights are not determined.
    /// - [`Error::NotConverged`] when rounding keeps the method from ending.
    pub fn fit(&self, returns: ArrayView1<'_, f64>, indices: ArrayView2<'_, f64>) -> Result<StyleFit> {
        check::returns("returns", returns)?;
        let (periods, count) = indices.dim();
        if self.indices.is_empty() {
            return Err(Input::Empty { name: "indices" }.into());
        }
        check::length("index returns", self.indices.len(), count)?;
        check::length("periods of the index returns", returns.len(), periods)?;
        check::finite_matrix("index returns", indices)?;
        check::enough(NAME, count + 2, periods)?;

        let all = concatenate(Axis(1), &[indices, returns.insert_axis(Axis(1))])
            .map_err(|_| Error::invalid(NAME, "the returns do not fit beside the indices"))?;
        // In units of the fund's volatility, so that tolerances are relative.
        let covariance = SampleCovariance::new(1).covariance(all.view())?.into_matrix();
        let variance = covariance[[count, count]];
        varies(returns, "a fund's returns are all the same")?;
        indices.columns().into_iter().try_for_each(|index| varies(index, "an index's returns are all the same"))?;
        let q = covariance.select(Axis(0), &positions(count)).select(Axis(1), &positions(count)) / variance;
        let c = covariance.column(count).select(Axis(0), &positions(count)) / variance;
        self.independent(q.view())?;

        let minimum = simplex::minimise(q.view(), c.view())?;
        let style = indices.dot(&minimum.point);
        let rest = &returns - &style;
        let tracking_error = moments::standard_deviation(rest.view(), 1)?;
        let held = |(cost, x): (&f64, &f64)| if *x > 0.0 { 0.0 } else { (cost * variance).max(0.0) };
        Ok(StyleFit {
            indices: self.indices.clone(),
            r_squared: 1.0 - tracking_error * tracking_error / variance,
            selection: moments::mean(rest.view())?,
            tracking_error,
            style_returns: style.to_vec(),
            reduced_costs: minimum.reduced_costs.iter().zip(&minimum.point).map(held).collect(),
            weights: minimum.point.to_vec(),
            observations: periods,
        })
    }

    /// Weights of the last `window` periods before each period: the style known at its start. One fit a period from
    /// number `window` on; its `style_returns` are those of the window, and [`StyleFit::return_of`] that of the period.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) for any window, and [`InsufficientData`](Input::InsufficientData) unless there are
    /// more periods than the window.
    pub fn rolling(
        &self,
        returns: ArrayView1<'_, f64>,
        indices: ArrayView2<'_, f64>,
        window: usize,
    ) -> Result<Vec<StyleFit>> {
        check::length("periods of the index returns", returns.len(), indices.nrows())?;
        check::enough("rolling style analysis", window.saturating_add(1), returns.len())?;
        let fits = (window..returns.len()).map(|end| {
            let (past, _) = returns.split_at(Axis(0), end);
            let (past_indices, _) = indices.split_at(Axis(0), end);
            self.fit(past.split_at(Axis(0), end - window).1, past_indices.split_at(Axis(0), end - window).1)
        });
        fits.collect()
    }

    /// Refuses indices of which one is a mix of the others.
    fn independent(&self, q: ArrayView2<'_, f64>) -> Result<()> {
        // With unit diagonal a pivot is the share of variance that the indices before leave.
        let scales = q.diag().mapv(|v| v.sqrt().recip());
        let correlation = &q * &scales * scales.view().insert_axis(Axis(1));
        match linalg::cholesky(correlation.view()) {
            Ok(_) => Ok(()),
            Err(Input::NotPositiveDefinite { pivot, .. }) => {
                let column = self.indices.get(pivot).cloned().unwrap_or_default();
                Err(Input::Collinear { name: "index returns", column }.into())
            }
            Err(other) => Err(other.into()),
        }
    }
}

impl StyleFit {
    /// Return of the style over a period in which the indices returned so.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite return an index.
    pub fn return_of(&self, indices: ArrayView1<'_, f64>) -> Result<f64> {
        check::finite("index returns", indices)?;
        check::length("index returns", self.weights.len(), indices.len())?;
        Ok(self.weights.iter().zip(indices).map(|(x, f)| x * f).sum())
    }
}

fn positions(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn varies(returns: ArrayView1<'_, f64>, reason: &'static str) -> Result<()> {
    let first = returns[0];
    if returns.iter().any(|r| r.total_cmp(&first).is_ne()) {
        return Ok(());
    }
    Err(Input::Undefined { name: NAME, reason }.into())
}
