use alluse_risk_core::Error as Input;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// How far the weights of a period may sum from 1. It covers the rounding of sums, not a missing cash position.
pub const WEIGHT_TOLERANCE: f64 = 1e-9;

/// Weights and simple returns of portfolio and benchmark by period and group.
///
/// Weights are fractions at the start of the period; they may be negative, and those of a period sum to 1 within
/// [`WEIGHT_TOLERANCE`]. A group that one side does not hold has weight 0 and still needs a return: the return it
/// would have been compared with. [`Grouping`](super::Grouping) and [`EmptyGroups`](super::EmptyGroups) make these
/// choices from securities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct SectorData {
    labels: Vec<String>,
    portfolio_weights: Array2<f64>,
    benchmark_weights: Array2<f64>,
    portfolio_returns: Array2<f64>,
    benchmark_returns: Array2<f64>,
    portfolio_total: Vec<f64>,
    benchmark_total: Vec<f64>,
}

/// The total returns per period that an attribution explains.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub enum Totals<'a> {
    /// `Σ w r` and `Σ W b`.
    #[default]
    Weighted,
    /// Returns measured elsewhere, one a period. What the weights do not explain shows in the residual.
    Given {
        /// Returns of the portfolio.
        portfolio: ArrayView1<'a, f64>,
        /// Returns of the benchmark.
        benchmark: ArrayView1<'a, f64>,
    },
}

impl SectorData {
    /// Four `(T, S)` matrices: rows are periods, columns groups. The groups are named by position until
    /// [`with_labels`](Self::with_labels).
    ///
    /// # Errors
    /// [`Error::Input`] for no periods or groups, shapes that differ from the portfolio weights', an entry that is not
    /// finite (with its place), and weights of a period that do not sum to 1 (`index` is the period, `value` the sum).
    pub fn new(
        portfolio_weights: ArrayView2<'_, f64>,
        benchmark_weights: ArrayView2<'_, f64>,
        portfolio_returns: ArrayView2<'_, f64>,
        benchmark_returns: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let named = [
            ("portfolio weights", portfolio_weights),
            ("benchmark weights", benchmark_weights),
            ("portfolio returns", portfolio_returns),
            ("benchmark returns", benchmark_returns),
        ];
        matrices(&named)?;
        sums_to_one(PORTFOLIO_SUM, portfolio_weights)?;
        sums_to_one(BENCHMARK_SUM, benchmark_weights)?;
        Self::checked(named.map(|(_, matrix)| matrix.to_owned()))
    }

    /// Matrices of one shape whose weights have been checked.
    pub(super) fn checked(matrices: [Array2<f64>; 4]) -> Result<Self> {
        let [portfolio_weights, benchmark_weights, portfolio_returns, benchmark_returns] = matrices;
        let portfolio_total = totals("portfolio return", &portfolio_weights, &portfolio_returns)?;
        let benchmark_total = totals("benchmark return", &benchmark_weights, &benchmark_returns)?;
        let labels = (0..portfolio_weights.ncols()).map(|group| group.to_string()).collect();
        Ok(Self {
            labels,
            portfolio_weights,
            benchmark_weights,
            portfolio_returns,
            benchmark_returns,
            portfolio_total,
            benchmark_total,
        })
    }

    /// With a last group `label` for cash, which takes what the weights of a period lack of 1 and earns
    /// `cash_returns`, one a period, in portfolio and benchmark alike.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), except for the sums of weights.
    pub fn with_cash(
        label: &str,
        portfolio_weights: ArrayView2<'_, f64>,
        benchmark_weights: ArrayView2<'_, f64>,
        portfolio_returns: ArrayView2<'_, f64>,
        benchmark_returns: ArrayView2<'_, f64>,
        cash_returns: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        matrices(&[
            ("portfolio weights", portfolio_weights),
            ("benchmark weights", benchmark_weights),
            ("portfolio returns", portfolio_returns),
            ("benchmark returns", benchmark_returns),
        ])?;
        check::length("cash returns", portfolio_weights.nrows(), cash_returns.len())?;
        check::finite("cash returns", cash_returns)?;
        let rest =
            |weights: ArrayView2<'_, f64>| joined(weights, weights.sum_axis(Axis(1)).mapv(|sum| 1.0 - sum).view());
        let data = Self::new(
            rest(portfolio_weights)?.view(),
            rest(benchmark_weights)?.view(),
            joined(portfolio_returns, cash_returns)?.view(),
            joined(benchmark_returns, cash_returns)?.view(),
        )?;
        let mut labels = data.labels.clone();
        if let Some(last) = labels.last_mut() {
            label.clone_into(last);
        }
        data.with_labels(labels)
    }

    /// With names for the groups.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of labels than groups, and a label that is blank or occurs twice.
    pub fn with_labels(mut self, labels: Vec<String>) -> Result<Self> {
        check::length("labels", self.groups(), labels.len())?;
        for (second, label) in labels.iter().enumerate() {
            if label.trim().is_empty() {
                return Err(Input::Empty { name: "label of a group" }.into());
            }
            if let Some(first) = labels[..second].iter().position(|earlier| earlier == label) {
                return Err(Input::Duplicate { name: "group", value: label.clone(), first, second }.into());
            }
        }
        self.labels = labels;
        Ok(self)
    }

    /// Names of the groups.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.portfolio_weights.nrows()
    }

    /// Number of groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.portfolio_weights.ncols()
    }

    /// Portfolio weights.
    #[must_use]
    pub fn portfolio_weights(&self) -> ArrayView2<'_, f64> {
        self.portfolio_weights.view()
    }

    /// Benchmark weights.
    #[must_use]
    pub fn benchmark_weights(&self) -> ArrayView2<'_, f64> {
        self.benchmark_weights.view()
    }

    /// Returns of the groups in the portfolio.
    #[must_use]
    pub fn portfolio_returns(&self) -> ArrayView2<'_, f64> {
        self.portfolio_returns.view()
    }

    /// Returns of the groups in the benchmark.
    #[must_use]
    pub fn benchmark_returns(&self) -> ArrayView2<'_, f64> {
        self.benchmark_returns.view()
    }

    /// Total returns of the portfolio by period, `Σ w r`.
    #[must_use]
    pub fn portfolio_return(&self) -> &[f64] {
        &self.portfolio_total
    }

    /// Total returns of the benchmark by period, `Σ W b`.
    #[must_use]
    pub fn benchmark_return(&self) -> &[f64] {
        &self.benchmark_total
    }

    /// The totals to explain, checked.
    pub(super) fn resolve(&self, totals: Totals<'_>) -> Result<[Vec<f64>; 2]> {
        match totals {
            Totals::Weighted => Ok([self.portfolio_total.clone(), self.benchmark_total.clone()]),
            Totals::Given { portfolio, benchmark } => {
                check::length("portfolio totals", self.periods(), portfolio.len())?;
                check::length("benchmark totals", self.periods(), benchmark.len())?;
                check::finite("portfolio totals", portfolio)?;
                check::finite("benchmark totals", benchmark)?;
                Ok([portfolio.to_vec(), benchmark.to_vec()])
            }
        }
    }
}

const PORTFOLIO_SUM: &str = "sum of the portfolio weights by period";
const BENCHMARK_SUM: &str = "sum of the benchmark weights by period";

/// The weights of period `index` sum to 1.
pub(super) fn portfolio_sum(index: usize, sum: f64) -> Result<()> {
    sum_is_one(PORTFOLIO_SUM, index, sum)
}

/// The weights of period `index` sum to 1.
pub(super) fn benchmark_sum(index: usize, sum: f64) -> Result<()> {
    sum_is_one(BENCHMARK_SUM, index, sum)
}

fn sum_is_one(name: &'static str, index: usize, value: f64) -> Result<()> {
    if (value - 1.0).abs() <= WEIGHT_TOLERANCE {
        Ok(())
    } else {
        let expected = "1 within 1e-9, with cash as a group of its own";
        Err(Input::ElementOutOfDomain { name, index, expected, value }.into())
    }
}

fn sums_to_one(name: &'static str, weights: ArrayView2<'_, f64>) -> Result<()> {
    weights.rows().into_iter().enumerate().try_for_each(|(period, row)| sum_is_one(name, period, row.sum()))
}

/// Finite matrices that all have the shape of the first, which is not empty.
pub(super) fn matrices(named: &[(&'static str, ArrayView2<'_, f64>)]) -> Result<()> {
    let Some(&(first, shape)) = named.first() else { return Ok(()) };
    if shape.is_empty() {
        return Err(Input::Empty { name: first }.into());
    }
    for &(name, matrix) in named {
        check::length(name, shape.nrows(), matrix.nrows())?;
        check::length(name, shape.ncols(), matrix.ncols())?;
        check::finite_matrix(name, matrix)?;
    }
    Ok(())
}

/// `Σ weight × return` by period.
fn totals(name: &'static str, weights: &Array2<f64>, returns: &Array2<f64>) -> Result<Vec<f64>> {
    let rows = weights.rows().into_iter().zip(returns.rows());
    rows.map(|(w, r)| check::result(name, w.iter().zip(r).map(|(w, r)| w * r).sum())).collect()
}

fn joined(matrix: ArrayView2<'_, f64>, column: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
    concatenate(Axis(1), &[matrix, column.insert_axis(Axis(1))])
        .map_err(|error| Error::invalid("column of cash", error.to_string()))
}

/// The stored form, so that stored data are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    labels: Vec<String>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    portfolio_weights: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    benchmark_weights: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    portfolio_returns: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    benchmark_returns: Array2<f64>,
}

impl TryFrom<Stored> for SectorData {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let (w, v) = (stored.portfolio_weights.view(), stored.benchmark_weights.view());
        Self::new(w, v, stored.portfolio_returns.view(), stored.benchmark_returns.view())?.with_labels(stored.labels)
    }
}

impl From<SectorData> for Stored {
    fn from(data: SectorData) -> Self {
        let SectorData { labels, portfolio_weights, benchmark_weights, portfolio_returns, benchmark_returns, .. } =
            data;
        Self { labels, portfolio_weights, benchmark_weights, portfolio_returns, benchmark_returns }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn data() -> [Array2<f64>; 4] {
        [
            array![[0.4, 0.6], [0.5, 0.5]],
            array![[0.3, 0.7], [1.0, 0.0]],
            array![[0.1, 0.2], [0.0, -0.1]],
            array![[0.1, 0.1], [0.2, 0.3]],
        ]
    }

    fn build(matrices: &[Array2<f64>; 4]) -> Result<SectorData> {
        SectorData::new(matrices[0].view(), matrices[1].view(), matrices[2].view(), matrices[3].view())
    }

    #[test]
    fn hostile_data_are_named() {
        let message = |change: fn(&mut [Array2<f64>; 4])| {
            let mut matrices = data();
            change(&mut matrices);
            build(&matrices).unwrap_err().to_string()
        };
        assert_eq!(
            message(|m| m[0][[1, 0]] = 0.48),
            "sum of the portfolio weights by period[1] must be 1 within 1e-9, with cash as a group of its own, got 0.98"
        );
        assert!(message(|m| m[1][[0, 0]] = 0.4).starts_with("sum of the benchmark weights by period[0]"));
        assert_eq!(message(|m| m[2][[1, 1]] = f64::NAN), "portfolio returns[1, 1] must be finite, got NaN");
        assert!(message(|m| m[1][[0, 1]] = f64::INFINITY).starts_with("benchmark weights[0, 1]"));
        assert_eq!(message(|m| m[3] = array![[0.1, 0.1]]), "benchmark returns must have length 2, got 1");
        assert_eq!(message(|m| m[1] = array![[1.0], [1.0]]), "benchmark weights must have length 2, got 1");
        assert_eq!(message(|m| m[0] = Array2::zeros((0, 2))), "portfolio weights is empty");
        assert_eq!(message(|m| m[0] = Array2::zeros((2, 0))), "portfolio weights is empty");
    }

    #[test]
    fn labels_are_distinct_and_not_blank() {
        let refuse = |labels: &[&str]| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            build(&data()).unwrap().with_labels(labels).unwrap_err().to_string()
        };
        assert_eq!(refuse(&["a"]), "labels must have length 2, got 1");
        assert_eq!(refuse(&["a", " "]), "label of a group is empty");
        assert_eq!(refuse(&["a", "a"]), "group \"a\" occurs twice, at positions 0 and 1");
    }

    #[test]
    fn cash_takes_the_rest() {
        let (w, v) = (array![[0.5, 0.4]], array![[0.5, 0.5]]);
        let (r, b) = (array![[0.1, 0.1]], array![[0.1, 0.2]]);
        let cash = array![0.01];
        let data = SectorData::with_cash("cash", w.view(), v.view(), r.view(), b.view(), cash.view()).unwrap();
        assert_eq!(data.labels(), ["0", "1", "cash"]);
        assert!((data.portfolio_weights()[[0, 2]] - 0.1).abs() < 1e-15);
        assert!((data.portfolio_return()[0] - 0.091).abs() < 1e-15);
        assert!((data.benchmark_return()[0] - 0.15).abs() < 1e-15);
        let short = array![0.01, 0.02];
        assert!(SectorData::with_cash("cash", w.view(), v.view(), r.view(), b.view(), short.view()).is_err());
    }

    #[test]
    fn serde_checks_again() {
        let labels = vec!["bonds".to_owned(), "stocks".to_owned()];
        let data = build(&data()).unwrap().with_labels(labels).unwrap();
        let text = serde_json::to_string(&data).unwrap();
        assert!(text.contains("\"portfolio_weights\":[[0.4,0.6],[0.5,0.5]]"), "{text}");
        assert_eq!(serde_json::from_str::<SectorData>(&text).unwrap(), data);
        assert!(serde_json::from_str::<SectorData>(&text.replace("[0.4,0.6]", "[0.4,0.5]")).is_err());
        assert!(serde_json::from_str::<SectorData>(&text.replace("[0.4,0.6]", "[1.0]")).is_err());
    }
}
