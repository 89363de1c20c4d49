use alluse_risk_core::sum::CompensatedSum;
use std::collections::BTreeMap;

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{Component, Contributions};
use crate::{Error, Result, check};

/// The profit and loss of named rows (positions, sub-accounts, cash, costs of the portfolio) in each period, by what
/// it comes from, with the value that the portfolio had at the start of each period.
///
/// | part | shape | unit |
/// |---|---|---|
/// | `dates` | `(n,)` | ends of the periods, increasing, after `start` |
/// | `rows` | `(m,)` | distinct names |
/// | `values` | `(n,)` | money at the start of each period, external flows of that moment included; positive |
/// | P&L of a component | `(m, n)` | money; costs and fees are negative |
///
/// Money that comes or goes from outside is no P&L: it is in the next period's value, so the return of a period,
/// `Σ P&L / value`, is time-weighted. With contributions instead of money, every value is 1.
///
/// ```
/// use alluse_attribution::contribution::{Component, PnlPanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let panel = PnlPanel::new(date(2024, 1, 5), vec![date(2024, 1, 12)], vec!["put".into(), "shares".into()], array![1e4])?
///     .with(Component::Price, array![[150.0], [-70.0]])?
///     .with(Component::Cost, array![[-5.0], [0.0]])?;
/// assert_eq!(panel.pnl_of_period(0), 75.0);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct PnlPanel {
    start: Date,
    dates: Vec<Date>,
    rows: Vec<String>,
    values: Array1<f64>,
    parts: BTreeMap<Component, Array2<f64>>,
}

impl PnlPanel {
    /// A panel without P&L yet; `start` is the date at which the first period starts.
    ///
    /// # Errors
    /// [`Error::Input`] for no period or row, dates that repeat, go back or do not come after `start`, names that
    /// repeat or are blank, and a value that is not positive and finite: after a total loss there is nothing that a
    /// return could be measured against.
    pub fn new(start: Date, dates: Vec<Date>, rows: Vec<String>, values: impl Into<Array1<f64>>) -> Result<Self> {
        let values = values.into();
        if dates.is_empty() {
            return Err(Input::Empty { name: "dates" }.into());
        }
        if rows.is_empty() {
            return Err(Input::Empty { name: "rows" }.into());
        }
        check::increasing("date", &dates)?;
        if dates[0] <= start {
            let reason = format!("the first period ends on {}, which does not come after its start {start}", dates[0]);
            return Err(Error::invalid("start of the panel", reason));
        }
        distinct("row", &rows)?;
        check::length("values", dates.len(), values.len())?;
        check::elements("values", "positive and finite", values.view(), |v| v > 0.0 && v.is_finite())?;
        Ok(Self { start, dates, rows, values, parts: BTreeMap::new() })
    }

    /// With the P&L of one component, rows × periods.
    ///
    /// # Errors
    /// [`Error::Input`] for another shape and an entry that is not finite, [`Error::Invalid`] for a component that is
    /// there already or has a blank name.
    pub fn with(mut self, component: Component, pnl: Array2<f64>) -> Result<Self> {
        check::length("rows of the P&L", self.rows.len(), pnl.nrows())?;
        check::length("periods of the P&L", self.dates.len(), pnl.ncols())?;
        if matches!(&component, Component::Named(name) if name.trim().is_empty()) {
            return Err(Input::Empty { name: "component" }.into());
        }
        if let Some(((row, period), &value)) = pnl.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let (row, column) = (self.rows[row].clone(), self.dates[period].to_string());
            return Err(Input::EntryOutOfDomain { name: "P&L", row, column, expected: "finite", value }.into());
        }
        if self.parts.contains_key(&component) {
            return Err(Error::invalid("component", format!("{component} was given twice")));
        }
        self.parts.insert(component, pnl);
        Ok(self)
    }

    /// The contributions of every row in every period, and how they chain to the total return.
    ///
    /// # Errors
    /// Those of [`Contributions`]: [`Error::Input`] without a component, [`Error::Undefined`] when a period loses
    /// everything (or more) and others follow.
    pub fn contributions(&self) -> Result<Contributions<'_>> {
        Contributions::new(self)
    }

    /// The date at which the first period starts.
    #[must_use]
    pub fn start(&self) -> Date {
        self.start
    }

    /// Ends of the periods.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// Names of the rows.
    #[must_use]
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// Values at the starts of the periods.
    #[must_use]
    pub fn values(&self) -> ArrayView1<'_, f64> {
        self.values.view()
    }

    /// Components in their own order, each with its P&L, rows × periods.
    #[must_use]
    pub fn components(&self) -> impl ExactSizeIterator<Item = (&Component, ArrayView2<'_, f64>)> {
        self.parts.iter().map(|(component, pnl)| (component, pnl.view()))
    }

    /// P&L of all rows and components in period number `period`.
    ///
    /// # Panics
    /// For a period that does not exist.
    #[must_use]
    pub fn pnl_of_period(&self, period: usize) -> f64 {
        CompensatedSum::of(self.parts.values().flat_map(|pnl| pnl.column(period).to_vec()))
    }

    /// Money that must have come from outside at the end of each period but the last, as values and P&L imply it:
    /// `value_{t+1} − value_t − P&L_t`. Where no flow was booked it should be rounding.
    #[must_use]
    pub fn implied_flows(&self) -> Array1<f64> {
        (1..self.dates.len()).map(|t| self.values[t] - self.values[t - 1] - self.pnl_of_period(t - 1)).collect()
    }
}

/// Names that are not blank and do not repeat.
fn distinct(kind: &'static str, names: &[String]) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (second, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Error::invalid(kind, format!("the name at position {second} is blank")));
        }
        if let Some(first) = seen.insert(name.as_str(), second) {
            return Err(Input::Duplicate { name: kind, value: name.clone(), first, second }.into());
        }
    }
    Ok(())
}

/// The stored form, so that a stored panel is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    start: Date,
    dates: Vec<Date>,
    rows: Vec<String>,
    values: Vec<f64>,
    components: Vec<(Component, Vec<Vec<f64>>)>,
}

impl TryFrom<Stored> for PnlPanel {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let panel = Self::new(stored.start, stored.dates, stored.rows, stored.values)?;
        stored.components.into_iter().try_fold(panel, |panel, (component, pnl)| {
            check::length("rows of the P&L", panel.rows.len(), pnl.len())?;
            let mut matrix = Array2::zeros((panel.rows.len(), panel.dates.len()));
            for (mut row, stored) in matrix.rows_mut().into_iter().zip(pnl) {
                check::length("periods of the P&L", row.len(), stored.len())?;
                row.assign(&Array1::from(stored));
            }
            panel.with(component, matrix)
        })
    }
}

impl From<PnlPanel> for Stored {
    fn from(panel: PnlPanel) -> Self {
        let rows = |pnl: Array2<f64>| pnl.rows().into_iter().map(|row| row.to_vec()).collect();
        Self {
            start: panel.start,
            dates: panel.dates,
            rows: panel.rows,
            values: panel.values.to_vec(),
            components: panel.parts.into_iter().map(|(component, pnl)| (component, rows(pnl))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    fn dates() -> Vec<Date> {
        vec![date(2024, 1, 12), date(2024, 1, 19)]
    }

    fn make(start: Date, dates: Vec<Date>, rows: &[&str], values: Vec<f64>) -> Result<PnlPanel> {
        PnlPanel::new(start, dates, rows.iter().map(|&row| row.to_owned()).collect(), values)
    }

    #[test]
    fn hostile_input_is_named() {
        let start = date(2024, 1, 5);
        let values = || vec![100.0, 100.0];
        let refused = |got: Result<PnlPanel>, words: &str| {
            let text = got.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        };
        refused(make(start, vec![], &["a"], vec![]), "dates is empty");
        refused(make(start, dates(), &[], values()), "rows is empty");
        refused(make(start, vec![dates()[1], dates()[0]], &["a"], values()), "position 1 (2024-01-12)");
        refused(make(start, vec![dates()[1]; 2], &["a"], values()), "positions 0 and 1");
        refused(make(dates()[0], dates(), &["a"], values()), "does not come after its start 2024-01-12");
        refused(make(start, dates(), &["a", "b", "a"], values()), "\"a\" occurs twice, at positions 0 and 2");
        refused(make(start, dates(), &["a", " "], values()), "position 1 is blank");
        refused(make(start, dates(), &["a"], vec![1.0]), "must have length 2, got 1");
        for ruin in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            refused(make(start, dates(), &["a"], vec![100.0, ruin]), "values[1] must be positive and finite");
        }
        let panel = make(start, dates(), &["a", "b"], values()).unwrap();
        let with = |component: Component, pnl| panel.clone().with(component, pnl);
        refused(with(Component::Price, array![[1.0, 2.0]]), "must have length 2, got 1");
        refused(with(Component::Price, array![[1.0], [2.0]]), "must have length 2, got 1");
        refused(with(Component::Price, array![[0.0, 0.0], [0.0, f64::NAN]]), "P&L[b, 2024-01-19] must be finite");
        refused(with(Component::Named(" ".into()), Array2::zeros((2, 2))), "component is empty");
        let twice = with(Component::Fee, Array2::zeros((2, 2))).unwrap().with(Component::Fee, Array2::zeros((2, 2)));
        refused(twice, "fee was given twice");
        assert!(matches!(panel.contributions(), Err(Error::Input(Input::Empty { .. }))));
    }

    #[test]
    fn values_and_results_imply_the_flows() {
        let panel = make(date(2024, 1, 5), dates(), &["a"], vec![100.0, 160.0]).unwrap();
        let panel = panel.with(Component::Price, array![[10.0, 1.0]]).unwrap();
        assert_eq!(panel.implied_flows(), array![50.0]);
    }

    #[test]
    fn a_stored_panel_is_checked() {
        let panel = make(date(2024, 1, 5), dates(), &["a"], vec![100.0, 110.0]).unwrap();
        let panel = panel.with(Component::Named("vega".into()), array![[10.0, 1.0]]).unwrap();
        let text = serde_json::to_string(&panel).unwrap();
        assert_eq!(serde_json::from_str::<PnlPanel>(&text).unwrap(), panel);
        assert!(serde_json::from_str::<PnlPanel>(&text.replace("110.0", "0.0")).is_err());
        assert!(serde_json::from_str::<PnlPanel>(&text.replace("[10.0,1.0]", "[10.0]")).is_err());
    }
}
