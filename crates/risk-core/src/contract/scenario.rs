use std::fmt;

use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::sum::compensated;
use crate::{AssetId, ContractId, Currency, Error, Horizon, Result, ScenarioId, check};

/// Something that moves in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Price of a share, index or underlying.
    Spot(AssetId),
    /// Implied volatility of an underlying.
    Volatility(AssetId),
    /// Implied volatility of one contract; it takes precedence over that of its underlying, so that a shock can
    /// depend on moneyness and tenor.
    ContractVolatility(ContractId),
    /// Continuously compounded interest rate of a currency.
    Rate(Currency),
    /// Continuous dividend yield of an underlying.
    Dividend(AssetId),
    /// Price of a unit of a currency in base currency.
    Fx(Currency),
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spot(asset) => write!(f, "spot of {asset}"),
            Self::Volatility(asset) => write!(f, "volatility of {asset}"),
            Self::ContractVolatility(contract) => write!(f, "volatility of {contract}"),
            Self::Rate(currency) => write!(f, "rate of {currency}"),
            Self::Dividend(asset) => write!(f, "dividend yield of {asset}"),
            Self::Fx(currency) => write!(f, "price of {currency}"),
        }
    }
}

/// How a shock changes the value `x` of its factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShockKind {
    /// `x · (1 + shock)`; at least −1.
    Relative,
    /// `x + shock`.
    Absolute,
    /// `x · exp(shock)`.
    Log,
}

impl ShockKind {
    /// The value after the shock.
    #[must_use]
    pub fn apply(self, value: f64, shock: f64) -> f64 {
        match self {
            Self::Relative => value * (1.0 + shock),
            Self::Absolute => value + shock,
            Self::Log => value * libm::exp(shock),
        }
    }
}

/// What the order of the scenarios means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// Consecutive dates: a path, on which drawdowns make sense. Ids are ISO dates that increase.
    Dated,
    /// Draws from one distribution; their order means nothing.
    Exchangeable,
    /// Hand-written scenarios; they are not a sample, so quantiles make no sense either.
    Named,
}

/// Joint moves of factors: scenarios × factors.
///
/// ```
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spot = Factor::Spot(AssetId::new("SPY")?);
/// let set = ScenarioSet::new(
///     date(2024, 1, 5),
///     Horizon::DAY,
///     vec![(spot.clone(), ShockKind::Relative)],
///     array![[-0.10], [0.05]],
/// )?;
/// assert_eq!(set.column(&spot).unwrap().1[0], -0.10);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct ScenarioSet {
    as_of: Date,
    horizon: Horizon,
    factors: Vec<(Factor, ShockKind)>,
    #[serde(with = "crate::nested::matrix")]
    shocks: Array2<f64>,
    #[serde(with = "crate::nested::optional_vector")]
    probabilities: Option<Array1<f64>>,
    ids: Vec<ScenarioId>,
    ordering: Ordering,
    overlap: u32,
}

impl ScenarioSet {
    /// Equally likely, exchangeable scenarios with ids `1, 2, …`.
    ///
    /// # Errors
    /// [`Error::Empty`] without factors or scenarios, [`Error::LengthMismatch`] when the columns are
    /// not the factors, [`Error::Duplicate`] for a factor given twice, [`Error::EntryOutOfDomain`]
    /// for a shock that is not finite or a relative shock below −1.
    pub fn new(as_of: Date, horizon: Horizon, factors: Vec<(Factor, ShockKind)>, shocks: Array2<f64>) -> Result<Self> {
        if factors.is_empty() {
            return Err(Error::Empty { name: "factors" });
        }
        check::length("shocks columns", factors.len(), shocks.ncols())?;
        if shocks.nrows() == 0 {
            return Err(Error::Empty { name: "scenarios" });
        }
        let names: Vec<String> = factors.iter().map(|(factor, _)| factor.to_string()).collect();
        check::unique("factor", names.iter().map(String::as_str))?;
        for ((row, column), &value) in shocks.indexed_iter() {
            let relative = factors[column].1 == ShockKind::Relative;
            if !value.is_finite() || (relative && value < -1.0) {
                return Err(Error::EntryOutOfDomain {
                    name: "shocks",
                    row: row.to_string(),
                    column: names[column].clone(),
                    expected: if relative { "finite and at least -1" } else { "finite" },
                    value,
                });
            }
        }
        let ids = (1..=shocks.nrows()).map(|i| ScenarioId::new(i.to_string())).collect::<Result<_>>()?;
        let shocks = shocks.as_standard_layout().into_owned();
        let ordering = Ordering::Exchangeable;
        Ok(Self { as_of, horizon, factors, shocks, probabilities: None, ids, ordering, overlap: 1 })
    }

    /// With a probability for each scenario.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a negative one, or
    /// [`Error::OutOfDomain`] unless they sum to 1 within 1e-9.
    pub fn with_probabilities(mut self, probabilities: impl Into<Array1<f64>>) -> Result<Self> {
        let probabilities = probabilities.into();
        probabilities_valid(probabilities.view(), self.shocks.nrows())?;
        self.probabilities = Some(probabilities);
        Ok(self)
    }

    /// With the scenarios' own names, as draws or hand-written scenarios.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] or [`Error::Duplicate`].
    pub fn with_ids(mut self, ids: Vec<ScenarioId>, ordering: Ordering) -> Result<Self> {
        ids_valid(&ids, ordering, self.shocks.nrows())?;
        self.ids = ids;
        self.ordering = ordering;
        Ok(self)
    }

    /// With consecutive dates as names: the scenarios are a path.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] or [`Error::NotIncreasing`].
    pub fn with_dates(self, dates: &[Date]) -> Result<Self> {
        let ids = dates.iter().map(|date| ScenarioId::new(date.to_string())).collect::<Result<_>>()?;
        self.with_ids(ids, Ordering::Dated)
    }

    /// States that each observation takes part in `overlap` neighbouring scenarios, as in moving
    /// ten-day windows; the sample is then worth about `1/overlap` of its size.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for zero.
    pub fn with_overlap(mut self, overlap: u32) -> Result<Self> {
        if overlap == 0 {
            return Err(Error::OutOfDomain { name: "overlap", expected: "at least 1", value: 0.0 });
        }
        self.overlap = overlap;
        Ok(self)
    }

    /// Valuation date before the shocks.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// Time that the shocks take.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// The factors and how each is shocked.
    #[must_use]
    pub fn factors(&self) -> &[(Factor, ShockKind)] {
        &self.factors
    }

    /// Shocks, scenarios × factors, row after row.
    #[must_use]
    pub fn shocks(&self) -> ArrayView2<'_, f64> {
        self.shocks.view()
    }

    /// Number of scenarios, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a scenario set is never empty")]
    pub fn len(&self) -> usize {
        self.shocks.nrows()
    }

    /// Probabilities, or `None` for equally likely scenarios.
    #[must_use]
    pub fn probabilities(&self) -> Option<ArrayView1<'_, f64>> {
        self.probabilities.as_ref().map(|p| p.view())
    }

    /// Names of the scenarios.
    #[must_use]
    pub fn ids(&self) -> &[ScenarioId] {
        &self.ids
    }

    /// What the order of the scenarios means.
    #[must_use]
    pub fn ordering(&self) -> Ordering {
        self.ordering
    }

    /// Neighbouring scenarios that share an observation; 1 when they are independent.
    #[must_use]
    pub fn overlap(&self) -> u32 {
        self.overlap
    }

    /// Position, kind and shocks of a factor, if it moves at all.
    #[must_use]
    pub fn column(&self, factor: &Factor) -> Option<(ShockKind, ArrayView1<'_, f64>)> {
        let index = self.factors.iter().position(|(f, _)| f == factor)?;
        Some((self.factors[index].1, self.shocks.column(index)))
    }
}

pub(crate) fn probabilities_valid(probabilities: ArrayView1<'_, f64>, scenarios: usize) -> Result<()> {
    check::length("probabilities", scenarios, probabilities.len())?;
    if let Some(index) = probabilities.iter().position(|p| !(*p >= 0.0 && p.is_finite())) {
        let value = probabilities[index];
        return Err(Error::ElementOutOfDomain { name: "probabilities", index, expected: "at least 0", value });
    }
    let value = compensated(probabilities.iter().copied());
    if (value - 1.0).abs() > 1e-9 {
        return Err(Error::OutOfDomain { name: "sum of probabilities", expected: "1", value });
    }
    Ok(())
}

pub(super) fn ids_valid(ids: &[ScenarioId], ordering: Ordering, scenarios: usize) -> Result<()> {
    check::length("scenario ids", scenarios, ids.len())?;
    check::unique("scenario id", ids.iter().map(ScenarioId::as_str))?;
    if ordering != Ordering::Dated {
        return Ok(());
    }
    let mut last: Option<Date> = None;
    for (index, id) in ids.iter().enumerate() {
        let unordered = || Error::NotIncreasing { name: "dates of dated scenarios", index, value: id.to_string() };
        // jiff also reads other ways to write a date, such as one with a time of day.
        let parsed: Option<Date> = id.as_str().parse().ok();
        let date = parsed.filter(|date| date.to_string() == id.as_str()).ok_or_else(unordered)?;
        if last.is_some_and(|before| before >= date) {
            return Err(unordered());
        }
        last = Some(date);
    }
    Ok(())
}

/// The stored form, so that a stored set is checked when it is read back.
#[derive(Deserialize)]
struct Raw {
    as_of: Date,
    horizon: Horizon,
    factors: Vec<(Factor, ShockKind)>,
    #[serde(with = "crate::nested::matrix")]
    shocks: Array2<f64>,
    #[serde(with = "crate::nested::optional_vector")]
    probabilities: Option<Array1<f64>>,
    ids: Vec<ScenarioId>,
    ordering: Ordering,
    overlap: u32,
}

impl TryFrom<Raw> for ScenarioSet {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let set = Self::new(raw.as_of, raw.horizon, raw.factors, raw.shocks)?
            .with_ids(raw.ids, raw.ordering)?
            .with_overlap(raw.overlap)?;
        match raw.probabilities {
            Some(probabilities) => set.with_probabilities(probabilities),
            None => Ok(set),
        }
    }
}

/// Where scenarios come from: history, a model, or a stress test.
pub trait ScenarioSource: fmt::Debug + Send + Sync {
    /// Joint shocks of `factors` over `horizon`.
    ///
    /// # Errors
    /// When a factor is not known to the source, or it has too little history.
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> Result<ScenarioSet>;
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    fn spot(name: &str) -> (Factor, ShockKind) {
        (Factor::Spot(AssetId::new(name).unwrap()), ShockKind::Relative)
    }

    fn set() -> ScenarioSet {
        ScenarioSet::new(
            date(2024, 1, 5),
            Horizon::DAY,
            vec![spot("A"), spot("B")],
            array![[0.0, -0.1], [0.1, 0.2], [0.3, -1.0]],
        )
        .unwrap()
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let day = date(2024, 1, 5);
        let new = |factors, shocks| ScenarioSet::new(day, Horizon::DAY, factors, shocks).unwrap_err();
        assert_eq!(new(vec![], Array2::zeros((1, 0))), Error::Empty { name: "factors" });
        assert_eq!(new(vec![spot("A")], Array2::zeros((0, 1))), Error::Empty { name: "scenarios" });
        assert!(matches!(new(vec![spot("A")], Array2::zeros((1, 2))), Error::LengthMismatch { .. }));
        assert!(matches!(new(vec![spot("A"), spot("A")], Array2::zeros((1, 2))), Error::Duplicate { .. }));
        for bad in [f64::NAN, f64::INFINITY, -1.5] {
            assert!(matches!(new(vec![spot("A")], array![[bad]]), Error::EntryOutOfDomain { .. }), "{bad}");
        }
    }

    #[test]
    fn probabilities_must_be_a_distribution() {
        assert!(set().with_probabilities(array![0.5, 0.5]).is_err());
        assert!(set().with_probabilities(array![0.5, 0.6, -0.1]).is_err());
        assert!(set().with_probabilities(array![0.5, 0.6, 0.1]).is_err());
        assert!(set().with_probabilities(array![0.5, 0.4, 0.1]).is_ok());
    }

    #[test]
    fn dates_must_increase() {
        let days = [date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 2)];
        assert!(matches!(set().with_dates(&days), Err(Error::NotIncreasing { index: 2, .. })));
        let ids = ["x", "y", "z"].map(|id| ScenarioId::new(id).unwrap()).to_vec();
        assert!(set().with_ids(ids.clone(), Ordering::Dated).is_err());
        assert!(set().with_ids(ids, Ordering::Named).is_ok());
        assert!(set().with_overlap(0).is_err());
    }

    #[test]
    fn serde_round_trip_and_check() {
        let text = serde_json::to_string(&set()).unwrap();
        assert_eq!(serde_json::from_str::<ScenarioSet>(&text).unwrap(), set());
        assert!(serde_json::from_str::<ScenarioSet>(&text.replace("-1.0", "-1.01")).is_err());
    }

    #[test]
    fn shocks_apply_by_kind() {
        assert_eq!(ShockKind::Relative.apply(50.0, -0.1), 45.0);
        assert_eq!(ShockKind::Absolute.apply(0.03, 0.01), 0.04);
        assert!((ShockKind::Log.apply(1.0, 1.0) - std::f64::consts::E).abs() < 1e-15);
    }

    #[test]
    fn columns_are_found_by_factor() {
        let (kind, shocks) = set().column(&spot("B").0).map(|(k, s)| (k, s.to_owned())).unwrap();
        assert_eq!(kind, ShockKind::Relative);
        assert_eq!(shocks, array![-0.1, 0.2, -1.0]);
        assert!(set().column(&Factor::Rate(Currency::usd())).is_none());
    }
}
