use std::collections::BTreeMap;

use alluse_risk_core::Error as Input;
use alluse_risk_core::labels::LabelTable;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::sectors::{benchmark_sum, portfolio_sum};
use crate::{Error, Result, check};

/// Net weights below this share of the gross weight have cancelled: their quotient would be rounding.
const CANCELLED: f64 = 1e-12;

/// Which group each security belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Grouping {
    labels: Vec<String>,
    groups: Vec<u32>,
}

/// The return of a group that the portfolio does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmptyPortfolio {
    /// The benchmark's: leaving the group out is allocation alone.
    #[default]
    Benchmark,
    /// Zero: selection `−W b` and interaction `+W b` offset each other.
    Zero,
}

/// The benchmark return of a group that the benchmark does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmptyBenchmark {
    /// The portfolio's: entering the group is allocation alone, `w (r − B)`. Where neither side holds it, as `Parent`.
    #[default]
    Portfolio,
    /// That of the benchmark around it, which is `B`, in a tree the group one level up: entering the group is no
    /// allocation, and `w (r − B)` is interaction or selection.
    Parent,
    /// Zero: allocation `−w B`, as if the group were cash without interest.
    Zero,
}

/// The returns of groups that one side does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EmptyGroups {
    /// Groups that the portfolio does not hold.
    pub portfolio: EmptyPortfolio,
    /// Groups that the benchmark does not hold.
    pub benchmark: EmptyBenchmark,
}

/// Securities of one period summed up by group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupedSecurities {
    /// Labels in ascending order.
    pub groups: Vec<String>,
    /// Sums of portfolio weights.
    pub portfolio_weights: Vec<f64>,
    /// Sums of benchmark weights.
    pub benchmark_weights: Vec<f64>,
    /// Returns weighted by the portfolio.
    pub portfolio_returns: Vec<f64>,
    /// Returns weighted by the benchmark.
    pub benchmark_returns: Vec<f64>,
}

impl Grouping {
    /// One label a security; the groups are in ascending order of their labels.
    ///
    /// # Errors
    /// [`Error::Input`] for no labels and for a blank one.
    pub fn from_labels<S: AsRef<str>>(labels: &[S]) -> Result<Self> {
        if labels.is_empty() {
            return Err(Input::Empty { name: "labels of securities" }.into());
        }
        let mut codes = BTreeMap::new();
        for label in labels {
            let label = label.as_ref();
            if label.trim().is_empty() {
                return Err(Input::Empty { name: "label of a security" }.into());
            }
            codes.insert(label, 0);
        }
        for (position, code) in codes.values_mut().enumerate() {
            *code = position as u32;
        }
        let groups = labels.iter().filter_map(|label| codes.get(label.as_ref()).copied()).collect();
        Ok(Self { labels: codes.keys().map(|&label| label.to_owned()).collect(), groups })
    }

    /// By an axis of a label table with a row for each security. Groups are in order of first use; securities without
    /// a label on it are the group [`UNLABELLED`](alluse_risk_core::labels::UNLABELLED), the last.
    ///
    /// # Errors
    /// [`Error::Input`] for no rows, and for an axis that no row has.
    pub fn from_table(table: &LabelTable, axis: &str) -> Result<Self> {
        if table.rows() == 0 {
            return Err(Input::Empty { name: "label table" }.into());
        }
        let by_label = table.group_by(axis)?;
        let mut groups = vec![0; table.rows()];
        for (code, group) in by_label.iter().enumerate() {
            for &row in &group.rows {
                groups[row] = code as u32;
            }
        }
        Ok(Self { labels: by_label.iter().map(|group| group.name().to_owned()).collect(), groups })
    }

    /// By the position of each security's group in `labels`.
    ///
    /// # Errors
    /// [`Error::Input`] for no securities, a position beyond the labels, and a label that is blank or occurs twice.
    pub fn from_positions(positions: &[usize], labels: Vec<String>) -> Result<Self> {
        if positions.is_empty() {
            return Err(Input::Empty { name: "groups of securities" }.into());
        }
        for (second, label) in labels.iter().enumerate() {
            if label.trim().is_empty() {
                return Err(Input::Empty { name: "label of a group" }.into());
            }
            if let Some(first) = labels[..second].iter().position(|earlier| earlier == label) {
                return Err(Input::Duplicate { name: "group", value: label.clone(), first, second }.into());
            }
        }
        if let Some(index) = positions.iter().position(|&group| group >= labels.len()) {
            let (expected, value) = ("below the number of groups", positions[index] as f64);
            return Err(Input::ElementOutOfDomain { name: "groups of securities", index, expected, value }.into());
        }
        Ok(Self { labels, groups: positions.iter().map(|&group| group as u32).collect() })
    }

    /// Names of the groups.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Number of securities.
    #[must_use]
    pub fn securities(&self) -> usize {
        self.groups.len()
    }

    /// Position of each security's group.
    #[must_use]
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// Sums of `|weight|` in one group.
    pub(super) fn gross<'a>(&self, group: usize, weights: impl IntoIterator<Item = &'a f64>) -> f64 {
        let members = self.groups.iter().zip(weights).filter(|(code, _)| **code as usize == group);
        members.map(|(_, weight)| weight.abs()).sum()
    }
}

impl EmptyGroups {
    /// With this return where the portfolio holds nothing.
    #[must_use]
    pub fn with_portfolio(mut self, portfolio: EmptyPortfolio) -> Self {
        self.portfolio = portfolio;
        self
    }

    /// With this return where the benchmark holds nothing.
    #[must_use]
    pub fn with_benchmark(mut self, benchmark: EmptyBenchmark) -> Self {
        self.benchmark = benchmark;
        self
    }

    /// Returns of a group in portfolio and benchmark; `None` where a side does not hold it.
    pub(super) fn returns(self, held: [Option<f64>; 2], benchmark_return: f64) -> [f64; 2] {
        let [r, b] = held;
        let b = b.unwrap_or_else(|| self.benchmark.stand_in(r, benchmark_return));
        let r = r.unwrap_or(match self.portfolio {
            EmptyPortfolio::Benchmark => b,
            EmptyPortfolio::Zero => 0.0,
        });
        [r, b]
    }
}

impl EmptyBenchmark {
    /// The benchmark return of a group that the benchmark does not hold.
    pub(super) fn stand_in(self, portfolio: Option<f64>, parent: f64) -> f64 {
        match self {
            Self::Portfolio => portfolio.unwrap_or(parent),
            Self::Parent => parent,
            Self::Zero => 0.0,
        }
    }
}

/// The return of a group from its weight and contribution, `None` when it is not held. The gross weight is asked for
/// only when the net weight is small.
pub(super) fn return_of(
    [weight, contribution]: [f64; 2],
    gross: impl FnOnce() -> f64,
    place: impl FnOnce() -> String,
) -> Result<Option<f64>> {
    if weight.abs() > 1e-6 {
        return Ok(Some(contribution / weight));
    }
    let gross = gross();
    if gross == 0.0 {
        Ok(None)
    } else if weight.abs() > CANCELLED * gross {
        Ok(Some(contribution / weight))
    } else {
        let cancel = format!("the {} sum to {weight:e} of {gross} gross: split longs from shorts", place());
        Err(Error::undefined("return of a group", cancel))
    }
}

/// Sums securities of one period up by label: weights add, returns are weighted.
///
/// # Errors
/// - [`Error::Input`] for no securities, a blank label, lengths that differ, entries that are not finite, and weights
///   that do not sum to 1.
/// - [`Error::Undefined`] for a group whose long and short weights cancel: it has no return.
///
/// # Examples
/// ```
/// use alluse_attribution::brinson::{EmptyGroups, group};
/// use ndarray::array;
///
/// let grouped = group(
///     &["tech", "cash", "tech"],
///     array![0.5, 0.2, 0.3].view(),
///     array![0.4, 0.0, 0.6].view(),
///     array![0.10, 0.01, -0.06].view(),
///     EmptyGroups::default(),
/// )?;
/// assert_eq!(grouped.groups, ["cash", "tech"]);
/// assert!((grouped.portfolio_returns[1] - 0.04).abs() < 1e-15); // (0.05 − 0.018)/0.8
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn group<S: AsRef<str>>(
    labels: &[S],
    portfolio_weights: ArrayView1<'_, f64>,
    benchmark_weights: ArrayView1<'_, f64>,
    returns: ArrayView1<'_, f64>,
    empty: EmptyGroups,
) -> Result<GroupedSecurities> {
    let grouping = Grouping::from_labels(labels)?;
    let named =
        [("portfolio weights", portfolio_weights), ("benchmark weights", benchmark_weights), ("returns", returns)];
    for (name, values) in named {
        check::length(name, labels.len(), values.len())?;
        check::finite(name, values)?;
    }
    portfolio_sum(0, portfolio_weights.sum())?;
    benchmark_sum(0, benchmark_weights.sum())?;
    let mut sums = vec![[0.0; 4]; grouping.labels.len()];
    for (i, &code) in grouping.groups.iter().enumerate() {
        let [w, v, r] = [portfolio_weights[i], benchmark_weights[i], returns[i]];
        for (sum, term) in sums[code as usize].iter_mut().zip([w, v, w * r, v * r]) {
            *sum += term;
        }
    }
    let benchmark_return = sums.iter().map(|sums| sums[3]).sum();
    let mut grouped = GroupedSecurities {
        groups: grouping.labels.clone(),
        portfolio_weights: sums.iter().map(|sums| sums[0]).collect(),
        benchmark_weights: sums.iter().map(|sums| sums[1]).collect(),
        portfolio_returns: Vec::with_capacity(sums.len()),
        benchmark_returns: Vec::with_capacity(sums.len()),
    };
    for (code, [w, v, portfolio, benchmark]) in sums.into_iter().enumerate() {
        let place = |side: &str| format!("{side} weights of group {:?}", grouping.labels[code]);
        let held = [
            return_of([w, portfolio], || grouping.gross(code, portfolio_weights), || place("portfolio"))?,
            return_of([v, benchmark], || grouping.gross(code, benchmark_weights), || place("benchmark"))?,
        ];
        let [r, b] = empty.returns(held, benchmark_return);
        grouped.portfolio_returns.push(check::result("return of a group", r)?);
        grouped.benchmark_returns.push(check::result("return of a group", b)?);
    }
    Ok(grouped)
}

/// The stored form, so that stored groupings are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    labels: Vec<String>,
    groups: Vec<usize>,
}

impl TryFrom<Stored> for Grouping {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::from_positions(&stored.groups, stored.labels)
    }
}

impl From<Grouping> for Stored {
    fn from(grouping: Grouping) -> Self {
        Self { labels: grouping.labels, groups: grouping.groups.into_iter().map(|group| group as usize).collect() }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;

    fn grouped(empty: EmptyGroups) -> GroupedSecurities {
        // The benchmark has no gold, the portfolio no bonds.
        let labels = ["gold", "bonds", "stocks", "stocks"];
        let (w, v) = (array![0.1, 0.0, 0.5, 0.4], array![0.0, 0.5, 0.25, 0.25]);
        group(&labels, w.view(), v.view(), array![0.2, 0.02, 0.1, 0.0].view(), empty).unwrap()
    }

    #[test]
    fn each_rule_for_what_is_not_held() {
        let returns = |portfolio, benchmark| {
            let empty = EmptyGroups { portfolio, benchmark };
            let grouped = grouped(empty);
            assert_eq!(grouped.groups, ["bonds", "gold", "stocks"]);
            (grouped.portfolio_returns[0], grouped.benchmark_returns[1])
        };
        assert_eq!(returns(EmptyPortfolio::Zero, EmptyBenchmark::Zero), (0.0, 0.0));
        let (r, b) = returns(EmptyPortfolio::Benchmark, EmptyBenchmark::Portfolio);
        assert!((r - 0.02).abs() < 1e-17 && (b - 0.2).abs() < 1e-16);
        // B = 0.5 × 2 % + 0.25 × 10 %.
        assert!((returns(EmptyPortfolio::Zero, EmptyBenchmark::Parent).1 - 0.035).abs() < 1e-16);
    }

    #[test]
    fn what_nobody_holds_returns_what_the_benchmark_does() {
        let labels = ["a", "b"];
        let one = array![1.0, 0.0];
        let grouped = group(&labels, one.view(), one.view(), array![0.1, 0.7].view(), EmptyGroups::default()).unwrap();
        assert_eq!((grouped.portfolio_returns[1], grouped.benchmark_returns[1]), (0.1, 0.1));
    }

    #[test]
    fn hostile_securities_are_named() {
        let refuse = |labels: &[&str], w: Array1<f64>, r: Array1<f64>| {
            let v = array![0.5, 0.5, 0.0];
            group(labels, w.view(), v.view(), r.view(), EmptyGroups::default()).unwrap_err().to_string()
        };
        let (w, r) = (array![0.5, 0.3, 0.2], array![0.1, 0.1, 0.1]);
        assert_eq!(refuse(&[], w.clone(), r.clone()), "labels of securities is empty");
        assert_eq!(refuse(&["a", " ", "b"], w.clone(), r.clone()), "label of a security is empty");
        assert_eq!(refuse(&["a", "b"], w.clone(), r.clone()), "portfolio weights must have length 2, got 3");
        assert_eq!(refuse(&["a", "b", "c"], w, array![0.1, f64::NAN, 0.0]), "returns[1] must be finite, got NaN");
        assert!(refuse(&["a", "b", "c"], array![0.5, 0.5, 0.5], r.clone()).contains("got 1.5"));
        let cancelled = refuse(&["a", "b", "b"], array![1.0, 0.1, -0.1], r);
        assert!(
            cancelled.contains("portfolio weights of group \"b\"") && cancelled.contains("0.2 gross"),
            "{cancelled}"
        );
    }

    #[test]
    fn a_label_table_shows_the_unlabelled() {
        let labels = vec![Some("b".to_owned()), None, Some("a".to_owned()), Some("b".to_owned())];
        let table = LabelTable::new(4).with_axis("sector", labels).unwrap();
        let grouping = Grouping::from_table(&table, "sector").unwrap();
        assert_eq!(
            (grouping.labels(), grouping.groups()),
            (&["b", "a", "unlabelled"].map(String::from)[..], &[0, 2, 1, 0][..])
        );
        assert!(Grouping::from_table(&table, "country").is_err());
        assert!(Grouping::from_table(&LabelTable::new(0), "sector").is_err());
    }

    #[test]
    fn positions_are_checked_and_serde_checks_again() {
        let labels = || vec!["a".to_owned(), "b".to_owned()];
        assert!(Grouping::from_positions(&[0, 2], labels()).unwrap_err().to_string().contains("[1]"));
        assert!(Grouping::from_positions(&[], labels()).is_err());
        assert!(Grouping::from_positions(&[0], vec!["a".to_owned(), "a".to_owned()]).is_err());
        let grouping = Grouping::from_positions(&[1, 0, 1], labels()).unwrap();
        let text = serde_json::to_string(&grouping).unwrap();
        assert_eq!(serde_json::from_str::<Grouping>(&text).unwrap(), grouping);
        assert!(serde_json::from_str::<Grouping>(&text.replace("[1,0,1]", "[1,0,7]")).is_err());
    }
}
