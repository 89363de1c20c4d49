//! Positions with labels, beside the market they are valued in.

use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::{AssetId, Coverage, Currency, Error as CoreError, RowId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Instrument, MarketSnapshot, OptionContract, Result};

/// A signed quantity of an instrument: shares, contracts, or an amount of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Its name, unique in the book.
    pub id: RowId,
    /// What is held.
    pub instrument: Instrument,
    /// How much of it; negative when short.
    pub quantity: f64,
}

impl Position {
    /// Quantity times units per contract.
    #[must_use]
    pub fn units(&self) -> f64 {
        match &self.instrument {
            Instrument::Option(contract) => self.quantity * contract.multiplier().units(),
            Instrument::Cash { .. } | Instrument::Share { .. } => self.quantity,
        }
    }

    /// The option contract, if it is one.
    #[must_use]
    pub fn option(&self) -> Option<&OptionContract> {
        match &self.instrument {
            Instrument::Option(contract) => Some(contract),
            Instrument::Cash { .. } | Instrument::Share { .. } => None,
        }
    }
}

/// Positions with labels, beside the market they are valued in.
///
/// ```
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31)).with_spot("AAPL", 157.74)?;
/// let call = OptionContract::call("AAPL", 165.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder()
///     .share("AAPL", 300.0)
///     .tagged("strategy", "covered_call")
///     .option(call, -3.0)
///     .tagged("strategy", "covered_call")
///     .cash("USD", 10_000.0)
///     .build(&market)?;
/// assert_eq!(book.positions().len(), 3);
/// assert_eq!(book.labels().group_by("strategy")?[1].name(), "unlabelled"); // the cash
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawBook", into = "RawBook")]
pub struct Book {
    positions: Vec<Position>,
    labels: LabelTable,
    market: MarketSnapshot,
}

impl Book {
    /// An empty book to add positions to.
    pub fn builder() -> BookBuilder {
        BookBuilder::default()
    }

    /// The positions, in the order in which they were added.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Their labels.
    #[must_use]
    pub fn labels(&self) -> &LabelTable {
        &self.labels
    }

    /// The market they are valued in.
    #[must_use]
    pub fn market(&self) -> &MarketSnapshot {
        &self.market
    }

    /// The same positions in another market.
    ///
    /// # Errors
    /// [`Error::Expired`] when an option had expired by then.
    pub fn with_market(self, market: MarketSnapshot) -> Result<Self> {
        check_expiries(&self.positions, market.as_of())?;
        Ok(Self { market, ..self })
    }

    /// Places of the positions by the labels of an axis; without one they are all one group, `book`.
    pub(crate) fn groups(&self, axis: Option<&str>) -> Result<Vec<(String, Vec<usize>)>> {
        Ok(match axis {
            Some(axis) => {
                self.labels.group_by(axis)?.into_iter().map(|group| (group.name().to_owned(), group.rows)).collect()
            }
            None => vec![("book".to_owned(), (0..self.positions.len()).collect())],
        })
    }

    /// Other positions in the same market.
    pub(crate) fn with_positions(&self, positions: Vec<Position>, labels: LabelTable) -> Result<Self> {
        self.clone().with_market_and_positions(self.market.clone(), positions, labels)
    }

    /// Other positions in another market.
    pub(crate) fn with_market_and_positions(
        self,
        market: MarketSnapshot,
        positions: Vec<Position>,
        labels: LabelTable,
    ) -> Result<Self> {
        RawBook { positions, labels, market }.try_into()
    }

    /// Currency in which a position is quoted.
    #[must_use]
    pub fn currency<'a>(&'a self, position: &'a Position) -> &'a Currency {
        match &position.instrument {
            Instrument::Cash { currency } => currency,
            Instrument::Share { asset } => self.market.quote_currency(asset),
            Instrument::Option(contract) => self.market.quote_currency(contract.underlying()),
        }
    }

    /// Gross notional of a position in base currency, `|units| · price of the underlying`; `None` when
    /// there is neither a price nor a reference price.
    #[must_use]
    pub fn gross_notional(&self, position: &Position) -> Option<f64> {
        let price = match position.instrument.underlying() {
            Some(asset) => self.market.spot_or_reference(asset)?,
            None => 1.0,
        };
        Some(position.units().abs() * price * self.market.fx(self.currency(position))?)
    }

    /// What buying the shares would cost if every short put were assigned, per position with an
    /// obligation: `strike · multiplier · contracts`, in the currency of the option. Premium received
    /// does not lower it.
    #[must_use]
    pub fn assignment_obligations(&self) -> Vec<AssignmentObligation> {
        let short_put = |position: &Position| {
            let contract = position.option()?;
            (contract.kind() == crate::pricing::OptionKind::Put && position.quantity < 0.0).then(|| {
                AssignmentObligation {
                    position: position.id.clone(),
                    underlying: contract.underlying().clone(),
                    currency: self.currency(position).clone(),
                    expiry: contract.expiry(),
                    amount: -position.units() * contract.strike(),
                }
            })
        };
        self.positions.iter().filter_map(short_put).collect()
    }

    pub(crate) fn coverage_of(&self, position: &Position, valued: bool) -> Coverage {
        match (valued, self.gross_notional(position)) {
            (true, Some(notional)) => Coverage::complete(1, notional),
            (_, notional) => Coverage::missing(1, notional),
        }
    }
}

/// Cash needed if a short put is assigned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignmentObligation {
    /// The short put.
    pub position: RowId,
    /// What would be bought.
    pub underlying: AssetId,
    /// In which currency.
    pub currency: Currency,
    /// Until when.
    pub expiry: Date,
    /// The cash, positive.
    pub amount: f64,
}

/// Collects positions and labels; everything is checked by [`build`](Self::build).
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct BookBuilder {
    entries: Vec<(Option<String>, Draft, f64)>,
    tags: Vec<(usize, String, String)>,
    labels: Vec<(String, String, String)>,
}

#[derive(Debug, Clone)]
enum Draft {
    Cash(String),
    Share(String),
    Option(OptionContract),
}

impl BookBuilder {
    /// Adds an amount of money, named `<currency> cash`.
    pub fn cash(self, currency: &str, amount: f64) -> Self {
        self.push(Draft::Cash(currency.to_owned()), amount)
    }

    /// Adds shares, named like the asset.
    pub fn share(self, asset: &str, quantity: f64) -> Self {
        self.push(Draft::Share(asset.to_owned()), quantity)
    }

    /// Adds option contracts, named like the contract.
    pub fn option(self, contract: OptionContract, contracts: f64) -> Self {
        self.push(Draft::Option(contract), contracts)
    }

    /// Names the position added last.
    pub fn named(mut self, id: &str) -> Self {
        if let Some(last) = self.entries.last_mut() {
            last.0 = Some(id.to_owned());
        }
        self
    }

    /// Labels the position added last.
    pub fn tagged(mut self, axis: &str, label: &str) -> Self {
        // Before the first position there is nothing to tag; `build` says so.
        let row = self.entries.len().wrapping_sub(1);
        self.tags.push((row, axis.to_owned(), label.to_owned()));
        self
    }

    /// Labels the position with this name.
    pub fn label(mut self, id: &str, axis: &str, label: &str) -> Self {
        self.labels.push((id.to_owned(), axis.to_owned(), label.to_owned()));
        self
    }

    /// The book, valued in `market`.
    ///
    /// # Errors
    /// [`Error::Input`] for blank, duplicate or unknown names and for quantities that are not finite or
    /// are zero; [`Error::Expired`] for an option that expired before the valuation date.
    pub fn build(self, market: &MarketSnapshot) -> Result<Book> {
        let mut positions = Vec::with_capacity(self.entries.len());
        for (id, draft, quantity) in self.entries {
            let instrument = match draft {
                Draft::Cash(currency) => Instrument::Cash { currency: Currency::new(currency)? },
                Draft::Share(asset) => Instrument::Share { asset: AssetId::new(asset)? },
                Draft::Option(contract) => Instrument::Option(contract),
            };
            let id = RowId::new(id.unwrap_or_else(|| instrument.to_string()))?;
            positions.push(Position { id, instrument, quantity });
        }
        let mut labels = LabelTable::new(positions.len());
        for (row, axis, label) in self.tags {
            labels.set(row, &axis, &label)?;
        }
        for (id, axis, label) in self.labels {
            let row = positions.iter().position(|p| p.id.as_str() == id);
            labels.set(row.ok_or(CoreError::Unknown { name: "position", value: id })?, &axis, &label)?;
        }
        RawBook { positions, labels, market: market.clone() }.try_into()
    }

    fn push(mut self, draft: Draft, quantity: f64) -> Self {
        self.entries.push((None, draft, quantity));
        self
    }
}

/// The stored form, so that a stored book is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct RawBook {
    positions: Vec<Position>,
    labels: LabelTable,
    market: MarketSnapshot,
}

impl TryFrom<RawBook> for Book {
    type Error = Error;

    fn try_from(RawBook { positions, labels, market }: RawBook) -> Result<Self> {
        let mut seen = std::collections::BTreeMap::new();
        for (index, position) in positions.iter().enumerate() {
            if let Some(first) = seen.insert(position.id.clone(), index) {
                let value = position.id.to_string();
                return Err(CoreError::Duplicate { name: "position", value, first, second: index }.into());
            }
            if position.quantity == 0.0 || !position.quantity.is_finite() {
                return Err(CoreError::ElementOutOfDomain {
                    name: "quantities",
                    index,
                    expected: "finite and not zero",
                    value: position.quantity,
                }
                .into());
            }
        }
        if labels.rows() != positions.len() {
            let (expected, got) = (positions.len(), labels.rows());
            return Err(CoreError::LengthMismatch { name: "label rows", expected, got }.into());
        }
        check_expiries(&positions, market.as_of())?;
        Ok(Self { positions, labels, market })
    }
}

impl From<Book> for RawBook {
    fn from(Book { positions, labels, market }: Book) -> Self {
        Self { positions, labels, market }
    }
}

fn check_expiries(positions: &[Position], as_of: Date) -> Result<()> {
    let expired = |p: &&Position| p.option().is_some_and(|contract| contract.expiry() < as_of);
    match positions.iter().find(expired) {
        Some(position) => Err(Error::Expired {
            position: position.id.to_string(),
            expiry: position.option().map_or(as_of, OptionContract::expiry),
            as_of,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use jiff::civil::date;

    use super::*;
    use crate::Multiplier;

    fn market() -> MarketSnapshot {
        MarketSnapshot::usd(date(2018, 12, 31)).with_spot("A", 50.0).unwrap()
    }

    fn put(strike: f64) -> OptionContract {
        OptionContract::put("A", strike, date(2019, 1, 18), Multiplier::EQUITY).unwrap()
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let kind = |builder: BookBuilder| builder.build(&market()).unwrap_err();
        assert!(matches!(kind(Book::builder().share(" ", 1.0)), Error::Input(CoreError::Empty { .. })));
        for bad in [0.0, f64::NAN, f64::INFINITY] {
            let error = kind(Book::builder().share("A", 1.0).option(put(40.0), bad));
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{bad}");
        }
        let twice = Book::builder().share("A", 1.0).share("A", 2.0);
        assert!(matches!(kind(twice), Error::Input(CoreError::Duplicate { first: 0, second: 1, .. })));
        let unknown = Book::builder().share("A", 1.0).label("B", "x", "y");
        assert!(matches!(kind(unknown), Error::Input(CoreError::Unknown { .. })));
        assert_eq!(kind(Book::builder().tagged("x", "y").share("A", 1.0)).kind(), ErrorKind::InvalidInput);
        let late = MarketSnapshot::usd(date(2019, 1, 19));
        let expired = Book::builder().option(put(40.0), -1.0).build(&late);
        assert!(matches!(expired, Err(Error::Expired { .. })));
        let on_the_day = MarketSnapshot::usd(date(2019, 1, 18));
        assert!(Book::builder().option(put(40.0), -1.0).build(&on_the_day).is_ok());
    }

    #[test]
    fn two_lots_of_one_share_need_names() {
        let book = Book::builder().share("A", 1.0).named("lot 1").share("A", 2.0).named("lot 2").build(&market());
        assert_eq!(book.unwrap().positions()[1].id.as_str(), "lot 2");
    }

    #[test]
    fn an_obligation_is_strike_times_units_never_premium() {
        let book =
            Book::builder().option(put(40.0), -3.0).option(put(45.0), 2.0).share("A", 100.0).build(&market()).unwrap();
        let obligations = book.assignment_obligations();
        assert_eq!(obligations.len(), 1);
        assert_eq!(obligations[0].amount, 12_000.0);
        assert_eq!(obligations[0].underlying.as_str(), "A");
    }

    #[test]
    fn notionals_need_a_price_of_some_kind() {
        let market = market().with_reference_price("B", 2.0).unwrap();
        let book = Book::builder()
            .option(put(40.0), -3.0)
            .share("B", 10.0)
            .share("C", 10.0)
            .cash("USD", -7.0)
            .build(&market)
            .unwrap();
        let notionals: Vec<_> = book.positions().iter().map(|p| book.gross_notional(p)).collect();
        assert_eq!(notionals, [Some(15_000.0), Some(20.0), None, Some(7.0)]);
    }

    #[test]
    fn serde_cannot_get_round_the_checks() {
        let book = Book::builder().share("A", 1.0).tagged("x", "y").build(&market()).unwrap();
        let text = serde_json::to_string(&book).unwrap();
        assert_eq!(serde_json::from_str::<Book>(&text).unwrap(), book);
        assert!(serde_json::from_str::<Book>(&text.replace("\"quantity\":1.0", "\"quantity\":0.0")).is_err());
    }

    #[test]
    fn moving_a_book_past_an_expiry_is_refused() {
        let book = Book::builder().option(put(40.0), -1.0).build(&market()).unwrap();
        assert!(book.clone().with_market(MarketSnapshot::usd(date(2019, 1, 18))).is_ok());
        assert!(matches!(book.with_market(MarketSnapshot::usd(date(2019, 1, 21))), Err(Error::Expired { .. })));
    }
}
