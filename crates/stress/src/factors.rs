//! The joint law of factor moves over a horizon: names, means and covariance.

use alluse_risk_core::covariance::SampleCovariance;
use alluse_risk_core::linalg::symmetric_eigenvalues;
use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{Covariance, Error as CoreError, Factor, Horizon, Ordering, ScenarioId, ScenarioSet, ShockKind};
use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Which observations a covariance is estimated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All of them.
    #[default]
    All,
    /// The last so many.
    Last(usize),
    /// Those of a range of dates, both included, such as a crisis.
    Dates {
        /// First date.
        first: Date,
        /// Last date.
        last: Date,
    },
}

/// Around what the factors move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// Around no change: over the horizon of a stress a sample mean is mostly noise.
    #[default]
    Zero,
    /// Around the sample mean of the window.
    SampleMean,
}

/// The joint law of factor moves over a horizon, to second order.
///
/// ```text
/// x ~ (μ, Σ)      x in the shock kind of each factor
/// ```
///
/// The covariance is checked to be positive semidefinite: an eigenvalue below −1e-10 of the largest is refused.
///
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::FactorModel;
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let vol = Factor::Volatility(AssetId::new("SPY")?);
/// let covariance = Covariance::new(array![[4e-4, -1.2e-3], [-1.2e-3, 6.4e-3]])?;
/// let factors = vec![(spy, ShockKind::Log), (vol, ShockKind::Log)];
/// let model = FactorModel::new(date(2024, 1, 5), Horizon::WEEK, factors, covariance)?;
/// assert!((model.volatilities()[0] - 0.02).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct FactorModel {
    as_of: Date,
    horizon: Horizon,
    factors: Vec<(Factor, ShockKind)>,
    mean: Array1<f64>,
    covariance: Covariance,
}

/// Share of the largest eigenvalue by which the smallest may fall below zero and still count as rounding.
pub(crate) const PSD_TOLERANCE: f64 = 1e-10;

impl FactorModel {
    /// Factors that move around no change with a covariance over the horizon.
    ///
    /// # Errors
    /// [`Error::Input`] without factors, for a factor given twice, unless the covariance has one row a factor, and
    /// for one that is not positive semidefinite.
    pub fn new(
        as_of: Date,
        horizon: Horizon,
        factors: Vec<(Factor, ShockKind)>,
        covariance: Covariance,
    ) -> Result<Self> {
        length("covariance", factors.len(), covariance.len())?;
        let mean = Array1::zeros(factors.len());
        // A set without a move makes every check on the names.
        ScenarioSet::new(as_of, horizon, factors.clone(), Array2::zeros((1, factors.len())))?;
        semidefinite(covariance.view())?;
        Ok(Self { as_of, horizon, factors, mean, covariance })
    }

    /// With another centre than no change.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite mean a factor.
    pub fn with_mean(mut self, mean: impl Into<Array1<f64>>) -> Result<Self> {
        let mean = mean.into();
        length("mean", self.factors.len(), mean.len())?;
        finite("mean", mean.view())?;
        self.mean = mean;
        Ok(self)
    }

    /// With another covariance, such as a stressed one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_covariance(self, covariance: Covariance) -> Result<Self> {
        let Self { as_of, horizon, factors, mean, .. } = self;
        Self::new(as_of, horizon, factors, covariance)?.with_mean(mean)
    }

    /// From the scenarios of a window: the sample covariance (divisor `n − 1`) of their shocks.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than two scenarios in the window, for a window of dates over scenarios that are not
    /// dated, and for scenarios with probabilities, which a plain sample covariance would ignore.
    pub fn from_scenarios(scenarios: &ScenarioSet, window: Window, centre: Centre) -> Result<Self> {
        if scenarios.probabilities().is_some() {
            return Err(CoreError::Unsupported { what: "a sample covariance of scenarios with probabilities" }.into());
        }
        let dates: Option<Vec<Date>> = (scenarios.ordering() == Ordering::Dated)
            .then(|| scenarios.ids().iter().filter_map(|id| id.as_str().parse().ok()).collect());
        let rows = rows_of(scenarios.shocks(), dates.as_deref(), window)?;
        let factors = scenarios.factors().to_vec();
        Self::sampled(scenarios.as_of(), scenarios.horizon(), factors, rows, centre)
    }

    /// From one-day returns of a window, as spots that move by `kind`: simple returns for
    /// [`ShockKind::Relative`], `ln(1 + r)` for [`ShockKind::Log`]. The model is as of the last date of the panel.
    ///
    /// # Errors
    /// As [`from_scenarios`](Self::from_scenarios); [`Error::Input`] for absolute moves, which returns do not tell, for
    /// returns that overlap, and for the logarithm of a total loss.
    pub fn from_returns(returns: &ReturnPanel, kind: ShockKind, window: Window, centre: Centre) -> Result<Self> {
        if returns.overlap() > 1 {
            return Err(CoreError::Unsupported { what: "a one-day covariance of overlapping returns" }.into());
        }
        let logs;
        let moves = match kind {
            ShockKind::Relative => returns.returns(),
            ShockKind::Log => {
                logs = returns.to_log_returns()?;
                logs.log_returns()
            }
            ShockKind::Absolute => {
                return Err(CoreError::Unsupported { what: "absolute moves from a panel of returns" }.into());
            }
        };
        let rows = rows_of(moves, Some(returns.dates()), window)?;
        let factors = returns.assets().iter().map(|asset| (Factor::Spot(asset.clone()), kind)).collect();
        let as_of = returns.dates().last().copied().ok_or(CoreError::Empty { name: "dates" })?;
        Self::sampled(as_of, Horizon::DAY, factors, rows, centre)
    }

    fn sampled(
        as_of: Date,
        horizon: Horizon,
        factors: Vec<(Factor, ShockKind)>,
        rows: ArrayView2<'_, f64>,
        centre: Centre,
    ) -> Result<Self> {
        let covariance = SampleCovariance::default().covariance(rows)?;
        let model = Self::new(as_of, horizon, factors, covariance)?;
        match centre {
            Centre::Zero => Ok(model),
            Centre::SampleMean => {
                let mean = rows.mean_axis(Axis(0)).ok_or(CoreError::Empty { name: "window" })?;
                model.with_mean(mean)
            }
        }
    }

    /// Over another horizon, as if days were independent and alike: mean and covariance grow with time.
    ///
    /// ```text
    /// μ_h = μ · h/h₀      Σ_h = Σ · h/h₀
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] when an entry overflows.
    pub fn scaled_to(&self, horizon: Horizon) -> Result<Self> {
        let ratio = f64::from(horizon.trading_days()) / f64::from(self.horizon.trading_days());
        let covariance = Covariance::new(&self.covariance.view() * ratio)?;
        Self::new(self.as_of, horizon, self.factors.clone(), covariance)?.with_mean(&self.mean * ratio)
    }

    /// As of another day, such as that of today's book.
    #[must_use]
    pub fn with_as_of(mut self, as_of: Date) -> Self {
        self.as_of = as_of;
        self
    }

    /// Valuation date before the moves.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// Time that the moves take.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// The factors and how each is shocked.
    #[must_use]
    pub fn factors(&self) -> &[(Factor, ShockKind)] {
        &self.factors
    }

    /// Mean move of each factor.
    #[must_use]
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Covariance of the moves over the horizon.
    #[must_use]
    pub fn covariance(&self) -> &Covariance {
        &self.covariance
    }

    /// Standard deviation of each move.
    #[must_use]
    pub fn volatilities(&self) -> Array1<f64> {
        self.covariance.volatilities()
    }

    /// Place of a factor.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] for one that the model does not have.
    pub fn place(&self, factor: &Factor) -> Result<usize> {
        let unknown = || Error::UnknownFactor { what: "the factor model", factor: factor.to_string() };
        self.factors.iter().position(|(known, _)| known == factor).ok_or_else(unknown)
    }

    /// Numbers given by name in the order of the factors, zero for those that are not named.
    pub(crate) fn spread(&self, name: &'static str, named: &[(Factor, f64)]) -> Result<Array1<f64>> {
        let mut spread = Array1::zeros(self.factors.len());
        for (index, (place, value)) in self.places(name, named)?.into_iter().enumerate() {
            if !value.is_finite() {
                return Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value }.into());
            }
            spread[place] = value;
        }
        Ok(spread)
    }

    /// Places of factors given by name, each once.
    pub(crate) fn places(&self, name: &'static str, named: &[(Factor, f64)]) -> Result<Vec<(usize, f64)>> {
        let mut places: Vec<(usize, f64)> = Vec::with_capacity(named.len());
        for (second, (factor, value)) in named.iter().enumerate() {
            let place = self.place(factor)?;
            if let Some(first) = places.iter().position(|(earlier, _)| *earlier == place) {
                return Err(CoreError::Duplicate { name, value: factor.to_string(), first, second }.into());
            }
            places.push((place, *value));
        }
        Ok(places)
    }

    /// Moves with names, as hand-written scenarios.
    pub(crate) fn named_set(&self, ids: Vec<ScenarioId>, moves: Array2<f64>) -> Result<ScenarioSet> {
        let set = ScenarioSet::new(self.as_of, self.horizon, self.factors.clone(), moves)?;
        Ok(set.with_ids(ids, Ordering::Named)?)
    }
}

fn rows_of<'a>(rows: ArrayView2<'a, f64>, dates: Option<&[Date]>, window: Window) -> Result<ArrayView2<'a, f64>> {
    let n = rows.nrows();
    let (start, end) = match window {
        Window::All => (0, n),
        Window::Last(count) if count <= n => (n - count, n),
        Window::Last(required) => {
            return Err(CoreError::InsufficientData { name: "window", required, available: n }.into());
        }
        Window::Dates { first, last } => {
            let dates =
                dates.ok_or(CoreError::Undefined { name: "window of dates", reason: "the scenarios are not dated" })?;
            (dates.partition_point(|date| *date < first), dates.partition_point(|date| *date <= last))
        }
    };
    let available = end.saturating_sub(start);
    if available < 2 {
        return Err(CoreError::InsufficientData { name: "covariance window", required: 2, available }.into());
    }
    let mut rows = rows;
    rows.slice_axis_inplace(Axis(0), Slice::from(start..end));
    Ok(rows)
}

pub(crate) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(CoreError::LengthMismatch { name, expected, got }.into()) }
}

pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => {
            Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value: values[index] }.into())
        }
    }
}

fn semidefinite(covariance: ArrayView2<'_, f64>) -> Result<()> {
    // On unit variances, so that a rate does not hide behind a volatility.
    let scale = covariance.diag().mapv(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 1.0 });
    let unit = Array2::from_shape_fn(covariance.dim(), |(i, j)| {
        // Symmetric to the last bit.
        covariance[[i, j]] * (scale[i.max(j)] * scale[i.min(j)])
    });
    let eigenvalues = symmetric_eigenvalues(unit.view())?;
    let (smallest, largest) = (eigenvalues[0], eigenvalues[eigenvalues.len() - 1]);
    if smallest < -PSD_TOLERANCE * largest.max(1.0) {
        let smallest_eigenvalue = symmetric_eigenvalues(covariance)?[0];
        return Err(CoreError::NotPositiveSemidefinite { name: "covariance of factors", smallest_eigenvalue }.into());
    }
    Ok(())
}

/// The stored form, so that a stored model is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    as_of: Date,
    horizon: Horizon,
    factors: Vec<(Factor, ShockKind)>,
    mean: Vec<f64>,
    covariance: Covariance,
}

impl TryFrom<Raw> for FactorModel {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.as_of, raw.horizon, raw.factors, raw.covariance)?.with_mean(raw.mean)
    }
}

impl From<FactorModel> for Raw {
    fn from(model: FactorModel) -> Self {
        let FactorModel { as_of, horizon, factors, mean, covariance } = model;
        Self { as_of, horizon, factors, mean: mean.to_vec(), covariance }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use alluse_risk_core::AssetId;
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    pub(crate) fn spot(name: &str) -> Factor {
        Factor::Spot(AssetId::new(name).unwrap())
    }

    pub(crate) fn volatility(name: &str) -> Factor {
        Factor::Volatility(AssetId::new(name).unwrap())
    }

    /// Spots that move by logarithms.
    pub(crate) fn spots(names: &[&str], covariance: Array2<f64>) -> FactorModel {
        let factors = names.iter().map(|name| (spot(name), ShockKind::Log)).collect();
        FactorModel::new(date(2024, 1, 5), Horizon::DAY, factors, Covariance::new(covariance).unwrap()).unwrap()
    }

    fn panel() -> ReturnPanel {
        let dates = vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5)];
        let assets = ["A", "B"].map(|a| AssetId::new(a).unwrap()).to_vec();
        ReturnPanel::new(dates, assets, array![[0.5, 0.5], [0.01, 0.03], [-0.02, 0.0], [0.04, -0.03]]).unwrap()
    }

    #[test]
    fn the_window_decides_what_is_estimated() {
        let three = Window::Last(3);
        let model = FactorModel::from_returns(&panel(), ShockKind::Relative, three, Centre::SampleMean).unwrap();
        // By hand: mean 0.01 and 0; squares (0, 9, 9)e-4 / 2, cross (0 + 0 − 9e-4) / 2, (9 + 0 + 9)e-4 / 2.
        for (got, want) in model.covariance().view().iter().zip([9e-4, -4.5e-4, -4.5e-4, 9e-4]) {
            assert!((got - want).abs() < 1e-17, "{got}");
        }
        assert!((model.mean()[0] - 0.01).abs() < 1e-17 && model.mean()[1].abs() < 1e-17);
        assert_eq!(model.horizon(), Horizon::DAY);
        assert_eq!(model.as_of(), date(2024, 1, 5));
        let dates = Window::Dates { first: date(2024, 1, 3), last: date(2024, 1, 9) };
        let same = FactorModel::from_returns(&panel(), ShockKind::Relative, dates, Centre::SampleMean).unwrap();
        assert_eq!(same, model);
        let zero = FactorModel::from_returns(&panel(), ShockKind::Relative, three, Centre::Zero).unwrap();
        assert_eq!(zero.mean(), array![0.0, 0.0]);
        assert_eq!(zero.covariance(), model.covariance());
        let all = FactorModel::from_returns(&panel(), ShockKind::Relative, Window::All, Centre::Zero).unwrap();
        assert!(all.covariance().view()[[0, 0]] > 0.05);
    }

    #[test]
    fn logarithms_of_returns() {
        let model = FactorModel::from_returns(&panel(), ShockKind::Log, Window::All, Centre::SampleMean).unwrap();
        let want = (1.5_f64 * 1.01 * 0.98 * 1.04).ln() / 4.0;
        assert!((model.mean()[0] - want).abs() < 1e-15);
        assert_eq!(model.factors()[1], (spot("B"), ShockKind::Log));
    }

    #[test]
    fn scenarios_and_returns_agree() {
        let factors = vec![(spot("A"), ShockKind::Relative), (spot("B"), ShockKind::Relative)];
        let set = ScenarioSet::new(date(2024, 1, 5), Horizon::DAY, factors, panel().returns().to_owned()).unwrap();
        let dated = set.clone().with_dates(panel().dates()).unwrap();
        let dates = Window::Dates { first: date(2024, 1, 3), last: date(2024, 1, 5) };
        let want = FactorModel::from_returns(&panel(), ShockKind::Relative, dates, Centre::Zero).unwrap();
        assert_eq!(FactorModel::from_scenarios(&dated, dates, Centre::Zero).unwrap(), want);
        assert!(matches!(
            FactorModel::from_scenarios(&set, dates, Centre::Zero),
            Err(Error::Input(CoreError::Undefined { .. }))
        ));
        let weighted = set.with_probabilities(vec![0.25; 4]).unwrap();
        assert!(FactorModel::from_scenarios(&weighted, Window::All, Centre::Zero).is_err());
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let day = date(2024, 1, 5);
        let factors = vec![(spot("A"), ShockKind::Log), (spot("B"), ShockKind::Log)];
        let unit = || Covariance::new(array![[1.0, 0.5], [0.5, 1.0]]).unwrap();
        let new = |factors, covariance| FactorModel::new(day, Horizon::DAY, factors, covariance).unwrap_err();
        assert!(matches!(new(vec![], unit()), Error::Input(CoreError::LengthMismatch { .. })));
        let twice = vec![factors[0].clone(), factors[0].clone()];
        assert!(matches!(new(twice, unit()), Error::Input(CoreError::Duplicate { .. })));
        // A tiny rate beside a volatility: still told apart.
        let indefinite = Covariance::new(array![[1e-10, 2e-5], [2e-5, 1.0]]).unwrap();
        assert!(matches!(
            new(factors.clone(), indefinite),
            Error::Input(CoreError::NotPositiveSemidefinite { smallest_eigenvalue, .. }) if smallest_eigenvalue < 0.0
        ));
        let model = FactorModel::new(day, Horizon::DAY, factors, unit()).unwrap();
        assert!(model.clone().with_mean(vec![0.0]).is_err());
        assert!(matches!(
            model.clone().with_mean(vec![0.0, f64::NAN]),
            Err(Error::Input(CoreError::ElementOutOfDomain { index: 1, .. }))
        ));
        assert!(matches!(model.place(&spot("C")), Err(Error::UnknownFactor { .. })));
        assert!(model.spread("x", &[(spot("A"), f64::INFINITY)]).is_err());
        assert!(model.spread("x", &[(spot("A"), 1.0), (spot("A"), 1.0)]).is_err());
        for window in [Window::Last(1), Window::Last(5), Window::Dates { first: day, last: day }] {
            let made = FactorModel::from_returns(&panel(), ShockKind::Relative, window, Centre::Zero);
            assert!(matches!(made, Err(Error::Input(CoreError::InsufficientData { .. }))), "{window:?}");
        }
        assert!(FactorModel::from_returns(&panel(), ShockKind::Absolute, Window::All, Centre::Zero).is_err());
        // A constant series is a factor without variance, which is allowed.
        assert!(
            FactorModel::new(
                day,
                Horizon::DAY,
                vec![(spot("A"), ShockKind::Log)],
                Covariance::new(array![[0.0]]).unwrap()
            )
            .is_ok()
        );
    }

    #[test]
    fn time_scales_mean_and_covariance() {
        let model = spots(&["A"], array![[4e-4]]).with_mean(vec![0.001]).unwrap();
        let ten = model.scaled_to(Horizon::TEN_DAYS).unwrap();
        assert!((ten.mean()[0] - 0.01).abs() < 1e-17);
        assert!((ten.covariance().view()[[0, 0]] - 4e-3).abs() < 1e-17);
        assert_eq!(ten.horizon(), Horizon::TEN_DAYS);
        assert_eq!(ten.with_as_of(date(2025, 2, 3)).as_of(), date(2025, 2, 3));
    }

    #[test]
    fn serde_round_trip_and_check() {
        let model = spots(&["A", "B"], array![[1.0, 0.5], [0.5, 1.0]]).with_mean(vec![0.25, 0.0]).unwrap();
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<FactorModel>(&text).unwrap(), model);
        assert!(serde_json::from_str::<FactorModel>(&text.replace("0.5", "1.5")).is_err());
    }
}
