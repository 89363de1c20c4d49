//! Risk by the labels that return is attributed to.

use alluse_risk_core::inference::optimal_block_length;
use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::measures::{Bootstrap, LossSample, QuantileRule, StationaryBlocks, quantile};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Error as Input, Interval, IntervalMethod, moments};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

const NAME: &str = "risk attribution";

/// Replicates per random stream.
const CHUNK: usize = 32;

/// Splits return and risk of a portfolio by the labels of its contributions to return.
///
/// ```text
/// Rₜ = Σₖ cₖₜ      σ(R) = Σₖ σ(cₖ) ρ(cₖ, R) = Σₖ cov(cₖ, R)/σ(R)      ES(R) = Σₖ E[−cₖ | tail of R]
/// ```
///
/// For a factor k with a constant exposure, `cₖ = xₖfₖ`, and the second part is x-sigma-rho:
/// `xₖ σ(fₖ) ρ(fₖ, R)`.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `confidence` | required | of the expected shortfall |
/// | `bootstrap` | none | resamples for intervals of the risk shares |
/// | `interval_level` | 95 % | coverage of those intervals |
/// | `blocks` | chosen from the returns | mean length of the blocks resampled |
///
/// # Source
/// Menchero and Davis (2011), "Risk contribution is exposure times volatility times correlation"; Tasche (1999) for
/// the expected shortfall; Politis and Romano (1994) for the bootstrap.
///
/// # Examples
/// ```
/// use alluse_attribution::RiskAttribution;
/// use alluse_risk_core::Confidence;
/// use ndarray::array;
///
/// // The hedge moves against the stocks: it earned less than nothing and took risk away.
/// let contributions = array![[0.02, -0.005], [-0.03, 0.010], [0.01, -0.004], [0.04, -0.006], [-0.01, 0.003]];
/// let labels = ["stocks".to_owned(), "hedge".to_owned()];
/// let table = RiskAttribution::new(Confidence::new(0.8)?).attribute(&labels, contributions.view())?;
/// assert!(table.rows[1].mean_return < 0.0 && table.rows[1].volatility_contribution < 0.0);
/// let sum: f64 = table.rows.iter().map(|row| row.volatility_contribution).sum();
/// assert!((sum - table.volatility).abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskAttribution {
    /// Confidence of the expected shortfall.
    pub confidence: Confidence,
    /// Resamples for intervals of the risk shares.
    pub bootstrap: Option<Bootstrap>,
    /// Coverage of the intervals.
    pub interval_level: Confidence,
    /// Blocks resampled; `None` for the length that suits the returns.
    pub blocks: Option<StationaryBlocks>,
}

/// Return and risk by label: [`RiskAttribution::attribute`]. Everything is per period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskTable {
    /// Periods used.
    pub periods: usize,
    /// Mean return.
    pub mean_return: f64,
    /// Standard deviation of the return, divisor `T − 1`.
    pub volatility: f64,
    /// Expected shortfall of the return; a loss is positive.
    pub expected_shortfall: f64,
    /// Its confidence.
    pub confidence: Confidence,
    /// Mean return over volatility.
    pub ratio: f64,
    /// Mean length of the blocks resampled, where there are intervals.
    pub block_length: Option<f64>,
    /// One a label; returns, volatility and shortfall contributions sum to the totals.
    pub rows: Vec<RiskRow>,
}

/// What one label adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskRow {
    /// The label.
    pub label: String,
    /// Mean contribution to return.
    pub mean_return: f64,
    /// Volatility of the contribution alone.
    pub standalone_volatility: f64,
    /// Correlation with the return; `None` when the contribution never changes.
    pub correlation: Option<f64>,
    /// `cov(c, R)/σ(R)`: standalone volatility times correlation. Negative for what takes risk away.
    pub volatility_contribution: f64,
    /// Part of the volatility, and of the variance.
    pub volatility_share: f64,
    /// Percentile interval of that share.
    pub share_interval: Option<Interval>,
    /// Mean loss of the label in the tail of the return.
    pub shortfall_contribution: f64,
    /// Part of the expected shortfall; `None` unless that is positive.
    pub shortfall_share: Option<f64>,
    /// Mean contribution over volatility contribution, return per unit of the portfolio's risk; `None` unless risk is
    /// added. The portfolio's ratio is the mean of these by risk shares.
    pub ratio: Option<f64>,
    /// Mean contribution over standalone volatility; `None` when the contribution never changes.
    pub standalone_ratio: Option<f64>,
}

impl RiskAttribution {
    /// With an expected shortfall at this confidence and without intervals.
    #[must_use]
    pub fn new(confidence: Confidence) -> Self {
        Self { confidence, bootstrap: None, interval_level: Confidence::P95, blocks: None }
    }

    /// With intervals of the risk shares from so many resamples.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = Some(bootstrap);
        self
    }

    /// With another coverage of the intervals.
    #[must_use]
    pub fn with_interval_level(mut self, level: Confidence) -> Self {
        self.interval_level = level;
        self
    }

    /// With blocks of another mean length.
    #[must_use]
    pub fn with_blocks(mut self, blocks: StationaryBlocks) -> Self {
        self.blocks = Some(blocks);
        self
    }

    /// Of contributions to return, shape `(T, K)`, one column a label, that sum to the return in each period.
    ///
    /// # Errors
    /// - [`Error::Input`]: contributions that are empty or not finite, one label a column, labels that repeat or are
    ///   blank; [`InsufficientData`](Input::InsufficientData) for fewer than 2 periods, and for fewer than 10 when
    ///   blocks are to be chosen; [`OutOfDomain`](Input::OutOfDomain) for fewer than 2 resamples.
    /// - [`Error::Undefined`] when the return is the same in all periods, also in a resample.
    pub fn attribute(&self, labels: &[String], contributions: ArrayView2<'_, f64>) -> Result<RiskTable> {
        check::enough(NAME, 2, contributions.nrows())?;
        if labels.is_empty() {
            return Err(Input::Empty { name: "labels" }.into());
        }
        check::length("contributions", labels.len(), contributions.ncols())?;
        check::finite_matrix("contributions", contributions)?;
        distinct(labels)?;

        let returns = contributions.sum_axis(Axis(1));
        let losses = LossSample::from_returns(returns.view())?;
        let tail = losses.tail_weights(self.confidence);
        let expected_shortfall = losses.expected_shortfall(self.confidence)?.value;
        let covariances = Covariances::of(contributions)?;
        let volatility = covariances.variance().sqrt();
        let mean_return = moments::mean(returns.view())?;
        let (blocks, intervals) = self.intervals(&returns, contributions)?.unzip();

        let mut rows = Vec::with_capacity(labels.len());
        for (k, (label, column)) in labels.iter().zip(contributions.columns()).enumerate() {
            let mean_return = moments::mean(column)?;
            let volatility_contribution = covariances.with_return[k] / volatility;
            let shortfall_contribution = -tail.iter().map(|&(t, weight)| weight * column[t]).sum::<f64>();
            let standalone_volatility = covariances.own[k].sqrt();
            let moves = standalone_volatility > 0.0;
            rows.push(RiskRow {
                label: label.clone(),
                mean_return,
                standalone_volatility,
                correlation: moves.then(|| (volatility_contribution / standalone_volatility).clamp(-1.0, 1.0)),
                volatility_contribution,
                volatility_share: volatility_contribution / volatility,
                share_interval: intervals.as_ref().map(|all: &Vec<Interval>| all[k]),
                shortfall_contribution,
                shortfall_share: (expected_shortfall > 0.0).then(|| shortfall_contribution / expected_shortfall),
                ratio: (volatility_contribution > 0.0).then(|| mean_return / volatility_contribution),
                standalone_ratio: moves.then(|| mean_return / standalone_volatility),
            });
        }
        Ok(RiskTable {
            periods: contributions.nrows(),
            mean_return,
            volatility,
            expected_shortfall,
            confidence: self.confidence,
            ratio: mean_return / volatility,
            block_length: blocks,
            rows,
        })
    }

    /// Of contributions of positions, shape `(T, N)`, added up by their labels on an axis; positions without one are
    /// a row of their own.
    ///
    /// # Errors
    /// As [`attribute`](Self::attribute), and [`Unknown`](Input::Unknown) for an axis that no position has.
    pub fn attribute_by(
        &self,
        labels: &LabelTable,
        axis: &str,
        contributions: ArrayView2<'_, f64>,
    ) -> Result<RiskTable> {
        check::length("positions", labels.rows(), contributions.ncols())?;
        let groups = labels.group_by(axis)?;
        let mut grouped = Array2::zeros((contributions.nrows(), groups.len()));
        for (group, mut sum) in groups.iter().zip(grouped.columns_mut()) {
            group.rows.iter().for_each(|&position| sum += &contributions.column(position));
        }
        let names: Vec<String> = groups.iter().map(|group| group.name().to_owned()).collect();
        self.attribute(&names, grouped.view())
    }

    /// Mean block length and one interval a label.
    fn intervals(
        &self,
        returns: &Array1<f64>,
        contributions: ArrayView2<'_, f64>,
    ) -> Result<Option<(f64, Vec<Interval>)>> {
        let Some(bootstrap) = self.bootstrap else { return Ok(None) };
        let replicates = bootstrap.replicates;
        check::ensure(replicates >= 2, "replicates", "at least 2", replicates as f64)?;
        let blocks = match self.blocks {
            Some(blocks) => blocks,
            None => optimal_block_length(returns.view())?.blocks()?,
        };
        let (periods, labels) = contributions.dim();
        let mut shares = Array2::zeros((replicates, labels));
        // Failures inside cross over as this crate's input errors.
        Streams::new(bootstrap.seed).try_fill_chunks(&mut shares, CHUNK, |_, stream, mut rows| {
            for mut row in rows.rows_mut() {
                let places = blocks.places(periods, stream);
                let covariances = Covariances::at(contributions, &places)?;
                let variance = covariances.variance();
                row.iter_mut().zip(&covariances.with_return).for_each(|(share, c)| *share = c / variance);
            }
            Ok(())
        })?;
        let level = self.interval_level;
        let miss = 0.5 * level.tail();
        let interval = |column: ArrayView1<'_, f64>| -> Result<Interval> {
            let lower = quantile(column, miss, QuantileRule::Linear)?;
            let upper = quantile(column, 1.0 - miss, QuantileRule::Linear)?;
            Ok(Interval { lower, upper, level, method: IntervalMethod::Bootstrap })
        };
        let intervals = shares.columns().into_iter().map(interval).collect::<Result<_>>()?;
        Ok(Some((f64::from(blocks), intervals)))
    }
}

/// Variances of the contributions and their covariances with the sum, divisor `T − 1`.
struct Covariances {
    own: Vec<f64>,
    with_return: Vec<f64>,
}

impl Covariances {
    fn of(contributions: ArrayView2<'_, f64>) -> alluse_risk_core::Result<Self> {
        let places: Vec<usize> = (0..contributions.nrows()).collect();
        Self::at(contributions, &places)
    }

    /// Over the periods at these places, which may repeat.
    fn at(contributions: ArrayView2<'_, f64>, places: &[usize]) -> alluse_risk_core::Result<Self> {
        let labels = contributions.ncols();
        let count = places.len() as f64;
        let mut means = Array1::zeros(labels);
        places.iter().for_each(|&t| means += &contributions.row(t));
        means /= count;
        let (mut own, mut with_return) = (vec![0.0; labels], vec![0.0; labels]);
        let mut deviations = vec![0.0; labels];
        let mut largest = 0.0_f64;
        for &t in places {
            let mut sum = 0.0;
            for ((deviation, value), mean) in deviations.iter_mut().zip(contributions.row(t)).zip(&means) {
                *deviation = value - mean;
                sum += *deviation;
                largest = largest.max(value.abs());
            }
            for (k, deviation) in deviations.iter().enumerate() {
                own[k] += deviation * deviation;
                with_return[k] += deviation * sum;
            }
        }
        own.iter_mut().chain(&mut with_return).for_each(|sum| *sum /= count - 1.0);
        let found = Self { own, with_return };
        // Contributions that cancel leave rounding of their own size, which is no volatility.
        let rounding = 8.0 * labels as f64 * f64::EPSILON * largest;
        let variance = found.variance();
        if !variance.is_finite() {
            return Err(Input::Overflow { name: "variance of the return" });
        }
        if variance <= rounding * rounding {
            return Err(Input::Undefined { name: NAME, reason: "the return is the same in all periods" });
        }
        Ok(found)
    }

    /// Of the sum.
    fn variance(&self) -> f64 {
        self.with_return.iter().sum()
    }
}

fn distinct(labels: &[String]) -> Result<()> {
    for (second, label) in labels.iter().enumerate() {
        if label.is_empty() {
            return Err(Error::invalid("labels", format!("the label at position {second} is blank")));
        }
        if let Some(first) = labels[..second].iter().position(|other| other == label) {
            return Err(Input::Duplicate { name: "label", value: label.clone(), first, second }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
