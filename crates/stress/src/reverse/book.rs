//! The loss of a book by full revaluation.

use std::collections::BTreeMap;

use alluse_instruments::{Book, Method, Position, Revaluation};
use alluse_risk_core::{Error as CoreError, Factor, ScenarioSet, ShockKind};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::loss::ScenarioLoss;
use super::surrogate::BookSurrogate;
use crate::factors::length;
use crate::rows::without_value;
use crate::{FactorModel, Result};

/// The loss of a book when factors move: every position revalued exactly.
///
/// Prices, volatilities and currencies must move by logarithms, so that no scenario takes them to zero or below; rates
/// and dividend yields move as the model says. A position that cannot be valued is refused by name.
///
/// A position depends on at most one factor of each kind, so one scenario that moves all spots a little gives the
/// derivatives by every spot: a gradient costs two scenarios a kind of factor, however many factors there are. For the
/// search it makes a table of P&L over spot and volatility for each pair of them, interpolated with continuous
/// derivatives; rates, yields and currencies are added one by one, and what that leaves out is measured.
///
/// ```
/// use alluse_instruments::{Book, HeldFixed, MarketSnapshot, Multiplier, OptionContract, Revaluation};
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::{BookLoss, FactorModel, ReverseStress};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let day = date(2018, 12, 31);
/// let market = MarketSnapshot::usd(day)
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.2)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 3, 15), Multiplier::EQUITY)?;
/// let book = Book::builder().option(put, -10.0).build(&market)?;
///
/// let ko = AssetId::new("KO")?;
/// let factors = vec![(Factor::Spot(ko.clone()), ShockKind::Log), (Factor::Volatility(ko), ShockKind::Log)];
/// let covariance = Covariance::new(array![[9e-4, -2.4e-3], [-2.4e-3, 1.6e-2]])?;
/// let model = FactorModel::new(day, Horizon::WEEK, factors, covariance)?;
///
/// let loss = BookLoss::new(&book, &model, Revaluation::default())?;
/// let worst = &ReverseStress::new(3_000.0, 1)?.solve(&model, &loss)?.scenarios[0];
/// assert!((worst.loss - 3_000.0).abs() < 1e-3);
/// assert!(worst.shocks[0].1 < 0.0 && worst.shocks[1].1 > 0.0); // down, and more volatile
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BookLoss<'a> {
    pub(super) book: &'a Book,
    pub(super) model: FactorModel,
    pub(super) revaluation: Revaluation,
    /// For each position, the place of the factor of each [`Kind`] that it depends on.
    pub(super) places: Vec<[Option<usize>; Kind::COUNT]>,
}

/// Factors that act on positions in the same way. A position depends on at most one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Spot,
    Volatility,
    Dividend,
    Rate,
    Fx,
}

impl Kind {
    pub(super) const COUNT: usize = 5;
    pub(super) const ALL: [Self; Self::COUNT] = [Self::Spot, Self::Volatility, Self::Dividend, Self::Rate, Self::Fx];

    pub(super) fn of(factor: &Factor) -> Self {
        match factor {
            Factor::Spot(_) => Self::Spot,
            Factor::Volatility(_) | Factor::ContractVolatility(_) => Self::Volatility,
            Factor::Dividend(_) => Self::Dividend,
            Factor::Rate(_) => Self::Rate,
            Factor::Fx(_) => Self::Fx,
        }
    }

    /// Step of central differences: small beside the life of an option, large beside the error of its price.
    fn step(self) -> f64 {
        match self {
            Self::Volatility => 1e-3,
            Self::Spot | Self::Dividend | Self::Rate | Self::Fx => 1e-4,
        }
    }

    fn must_be_logarithmic(self) -> bool {
        matches!(self, Self::Spot | Self::Volatility | Self::Fx)
    }
}

impl<'a> BookLoss<'a> {
    /// The loss of `book` when the factors of `model` move. The revaluation says whether the book ages and what may be
    /// held fixed; options are always priced exactly.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) of kind [`Unsupported`](CoreError::Unsupported) when a price, volatility
    ///   or currency of the model does not move by logarithms, [`Empty`](CoreError::Empty) for a book without positions,
    ///   and the reason of the first position that cannot be valued.
    /// - [`Error::Pricing`](crate::Error::Pricing) when the model is of another day than the market or lacks a factor
    ///   that must not be missing.
    pub fn new(book: &'a Book, model: &FactorModel, revaluation: Revaluation) -> Result<Self> {
        for (factor, kind) in model.factors() {
            if Kind::of(factor).must_be_logarithmic() && *kind != ShockKind::Log {
                let what = "a reverse stress of prices or volatilities that do not move by logarithms";
                return Err(CoreError::Unsupported { what }.into());
            }
        }
        if book.positions().is_empty() {
            return Err(CoreError::Empty { name: "book" }.into());
        }
        let known: BTreeMap<&Factor, usize> =
            model.factors().iter().enumerate().map(|(place, (factor, _))| (factor, place)).collect();
        let places = book.positions().iter().map(|position| places_of(book, position, &known)).collect();
        let revaluation = revaluation.with_method(Method::Exact);
        let loss = Self { book, model: model.clone(), revaluation, places };
        loss.gains(Array2::zeros((1, model.factors().len())))?;
        Ok(loss)
    }

    /// P&L of every position in every scenario, positions × scenarios.
    pub(super) fn gains(&self, moves: Array2<f64>) -> Result<Array2<f64>> {
        let factors = self.model.factors().to_vec();
        let set = ScenarioSet::new(self.model.as_of(), self.model.horizon(), factors, moves)?;
        self.gains_of(self.book, &set, &self.revaluation)
    }

    pub(super) fn gains_of(&self, book: &Book, set: &ScenarioSet, revaluation: &Revaluation) -> Result<Array2<f64>> {
        let pnl = revaluation.revalue(book, set)?;
        match pnl.unvalued().first() {
            Some(row) => Err(without_value(row)),
            None => Ok(pnl.values().to_owned()),
        }
    }
}

fn places_of(book: &Book, position: &Position, known: &BTreeMap<&Factor, usize>) -> [Option<usize>; Kind::COUNT] {
    let place = |factor: Factor| known.get(&factor).copied();
    let currency = book.currency(position);
    let spot = position.instrument.underlying().and_then(|asset| place(Factor::Spot(asset.clone())));
    let fx = place(Factor::Fx(currency.clone())).filter(|_| currency != book.market().base());
    let Some(contract) = position.option() else {
        return [spot, None, None, None, fx];
    };
    let asset = contract.underlying();
    let own = place(Factor::ContractVolatility(contract.id()));
    let volatility = own.or_else(|| place(Factor::Volatility(asset.clone())));
    [spot, volatility, place(Factor::Dividend(asset.clone())), place(Factor::Rate(currency.clone())), fx]
}

impl ScenarioLoss for BookLoss<'_> {
    fn factors(&self) -> usize {
        self.model.factors().len()
    }

    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Ok(-self.gains(moves.to_owned())?.sum_axis(Axis(0)))
    }

    fn loss_and_gradient(&self, moves: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>)> {
        length("moves", self.factors(), moves.len())?;
        let kinds: Vec<Kind> = Kind::ALL
            .into_iter()
            .filter(|kind| self.model.factors().iter().any(|(factor, _)| Kind::of(factor) == *kind))
            .collect();
        let mut batch = Array2::zeros((2 * kinds.len() + 1, moves.len()));
        for (row, mut scenario) in batch.rows_mut().into_iter().enumerate() {
            scenario.assign(&moves);
            if row > 0 {
                let kind = kinds[(row - 1) / 2];
                let step = if row % 2 == 1 { kind.step() } else { -kind.step() };
                for (place, (factor, _)) in self.model.factors().iter().enumerate() {
                    if Kind::of(factor) == kind {
                        scenario[place] += step;
                    }
                }
            }
        }
        let gains = self.gains(batch)?;
        let mut gradient = Array1::zeros(moves.len());
        for (row, places) in gains.rows().into_iter().zip(&self.places) {
            for (k, kind) in kinds.iter().enumerate() {
                if let Some(place) = places[*kind as usize] {
                    gradient[place] -= (row[2 * k + 1] - row[2 * k + 2]) / (2.0 * kind.step());
                }
            }
        }
        Ok((-gains.column(0).sum(), gradient))
    }

    fn surrogate(&self, model: &FactorModel, radius: f64) -> Result<Option<Box<dyn ScenarioLoss>>> {
        Ok(Some(Box::new(BookSurrogate::new(self, model, radius)?)))
    }
}
