//! The positions file: one row per position, any further column a label axis.
//!
//! | column | meaning |
//! |---|---|
//! | `position` | a unique name; left empty, the position is named after what it holds |
//! | `type` | `cash`, `share`, `call` or `put` |
//! | `symbol` | a currency, or a column of the price file |
//! | `quantity` | amount, shares or contracts; negative when short |
//! | `strike`, `expiry`, `multiplier` | of options, all three required |
//! | `style` | `american` (when absent or empty) or `european` |
//! | `volatility` | per √year; takes precedence over a modelled one |
//!
//! `strike`, `expiry`, `multiplier`, `style` and `volatility` may be absent from a file without options.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use alluse_quant::instruments::{Book, BookBuilder, MarketSnapshot, Multiplier, OptionContract};
use jiff::civil::Date;

use crate::{Failure, Result};

/// One row of the file, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// Its name, if it has one of its own.
    pub name: Option<String>,
    /// What is held.
    pub holding: Holding,
    /// How much.
    pub quantity: f64,
    /// Labels: axis and label.
    pub labels: Vec<(String, String)>,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Holding {
    /// Money.
    Cash(String),
    /// A share.
    Share(String),
    /// An option, with its volatility where the file gives one.
    Option {
        /// The contract.
        contract: OptionContract,
        /// Its volatility.
        volatility: Option<f64>,
    },
}

const KNOWN: [&str; 9] =
    ["position", "type", "symbol", "quantity", "strike", "expiry", "multiplier", "style", "volatility"];
const REQUIRED: [&str; 4] = ["position", "type", "symbol", "quantity"];

/// Reads the rows of a positions file.
///
/// # Errors
/// One sentence with file, line and column for whatever cannot be read.
pub fn read(file: &str, mut source: impl Read) -> Result<Vec<Row>> {
    let mut text = Vec::new();
    source.read_to_end(&mut text).map_err(|error| Failure::in_file(file, error))?;
    if let Some(line) = stray_quote(&text) {
        return Err(Failure::at_line(file, line, "a quotation mark is not closed, or stands inside a field"));
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_slice());
    let headers = reader.headers().map_err(|error| unreadable(file, &error))?.clone();
    if headers.iter().all(str::is_empty) {
        return Err(Failure::in_file(file, "the file is empty"));
    }
    let columns: Vec<String> = headers.iter().map(|h| h.trim_start_matches('\u{feff}').to_ascii_lowercase()).collect();
    for name in REQUIRED {
        if !columns.iter().any(|c| c == name) {
            return Err(Failure::at_line(file, 1, format!("column {name:?} is missing")));
        }
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = columns.iter().find(|c| !seen.insert(c.as_str())) {
        return Err(Failure::at_line(file, 1, format!("column {twice:?} occurs twice")));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(Fields { file, line, columns: &columns, record: &record }.row()?);
    }
    if rows.is_empty() {
        return Err(Failure::in_file(file, "the file has no positions"));
    }
    Ok(rows)
}

/// The line with a quotation mark that does not enclose a whole field.
///
/// The reader would take `"1"0` for 10, and `"1` at the end of a cut-off file for 1.
fn stray_quote(text: &[u8]) -> Option<u64> {
    /// Where in a field a byte stands.
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
    }
    let (mut at, mut line, mut opened) = (At::Start, 1, 1);
    for &byte in text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text) {
        at = match (byte, at) {
            (b'"', At::Start) => {
                opened = line;
                At::Quoted
            }
            (b'"', At::Quoted) => At::Closed,
            // A doubled quotation mark inside a field.
            (b'"', At::Closed) => At::Quoted,
            (b'"', At::Plain) => return Some(line),
            (_, At::Quoted) => At::Quoted,
            (b',' | b'\r' | b'\n', _) => At::Start,
            (_, At::Closed) => return Some(line),
            (_, At::Start | At::Plain) => At::Plain,
        };
        line += u64::from(byte == b'\n');
    }
    (at == At::Quoted).then_some(opened)
}

fn unreadable(file: &str, error: &csv::Error) -> Failure {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Failure::at_line(file, line, format!("{len} fields where the header has {expected_len}"))
        }
        csv::ErrorKind::Utf8 { .. } => Failure::at_line(file, line, "the text is not UTF-8"),
        csv::ErrorKind::Io(error) => Failure::in_file(file, error),
        _ => Failure::at_line(file, line, error),
    }
}

/// One record by column name.
struct Fields<'a> {
    file: &'a str,
    line: u64,
    columns: &'a [String],
    record: &'a csv::StringRecord,
}

impl Fields<'_> {
    fn row(&self) -> Result<Row> {
        let quantity = self.number("quantity")?;
        if quantity == 0.0 {
            return Err(self.problem("quantity", "a position of 0 is no position"));
        }
        let symbol = self.required("symbol")?.to_owned();
        let kind = self.required("type")?.to_ascii_lowercase();
        let holding = match kind.as_str() {
            "cash" => Holding::Cash(symbol),
            "share" => Holding::Share(symbol),
            "call" | "put" => {
                let volatility = self.optional("volatility").map(|_| self.positive("volatility")).transpose()?;
                Holding::Option { contract: self.contract(&symbol, kind == "call")?, volatility }
            }
            _ => return Err(self.problem("type", format!("{kind:?} is none of cash, share, call, put"))),
        };
        let labels = self
            .columns
            .iter()
            .zip(self.record)
            .filter(|(column, label)| !KNOWN.contains(&column.as_str()) && !column.is_empty() && !label.is_empty());
        Ok(Row {
            line: self.line,
            name: self.optional("position").map(str::to_owned),
            holding,
            quantity,
            labels: labels.map(|(column, label)| (column.clone(), label.to_owned())).collect(),
        })
    }

    fn contract(&self, symbol: &str, call: bool) -> Result<OptionContract> {
        let strike = self.positive("strike")?;
        let expiry = self.required("expiry")?;
        let expiry: Date =
            expiry.parse().map_err(|_| self.problem("expiry", format!("{expiry:?} is not a date like 2019-01-18")))?;
        let multiplier = Multiplier::new(self.positive("multiplier")?)?;
        let contract = if call {
            OptionContract::call(symbol, strike, expiry, multiplier)?
        } else {
            OptionContract::put(symbol, strike, expiry, multiplier)?
        };
        match self.optional("style").map(str::to_ascii_lowercase).as_deref() {
            None | Some("american") => Ok(contract),
            Some("european") => Ok(contract.european()),
            Some(other) => Err(self.problem("style", format!("{other:?} is neither american nor european"))),
        }
    }

    fn optional(&self, column: &str) -> Option<&str> {
        let index = self.columns.iter().position(|c| c == column)?;
        self.record.get(index).filter(|text| !text.is_empty())
    }

    fn required(&self, column: &str) -> Result<&str> {
        self.optional(column).ok_or_else(|| self.problem(column, "a value is missing"))
    }

    fn number(&self, column: &str) -> Result<f64> {
        let text = self.required(column)?;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.problem(column, format!("{text:?} is not a number"))),
        }
    }

    fn positive(&self, column: &str) -> Result<f64> {
        let number = self.number(column)?;
        if number > 0.0 { Ok(number) } else { Err(self.problem(column, format!("{number} is not positive"))) }
    }

    fn problem(&self, column: &str, problem: impl std::fmt::Display) -> Failure {
        Failure(format!("{}, line {}, column {column:?}: {problem}", self.file, self.line))
    }
}

/// The book of the rows in a market. Every position also gets a label on the axis `underlying`.
///
/// # Errors
/// One sentence for an unknown symbol, an expired option, or a name that occurs twice.
pub fn book(file: &str, rows: &[Row], market: &MarketSnapshot) -> Result<Book> {
    let mut market = market.clone();
    let mut volatilities: BTreeMap<String, (f64, u64)> = BTreeMap::new();
    let mut builder = Book::builder();
    for row in rows {
        builder = match &row.holding {
            Holding::Cash(currency) => builder.cash(currency, row.quantity).tagged("underlying", "cash"),
            Holding::Share(symbol) => {
                known(file, row, &market, symbol)?;
                builder.share(symbol, row.quantity).tagged("underlying", symbol)
            }
            Holding::Option { contract, volatility } => {
                let symbol = contract.underlying().as_str();
                known(file, row, &market, symbol)?;
                if contract.expiry() < market.as_of() {
                    let problem = format!(
                        "the option expired on {}, before the valuation date {}",
                        contract.expiry(),
                        market.as_of()
                    );
                    return Err(Failure::at_line(file, row.line, problem));
                }
                if let Some(volatility) = volatility {
                    let name = contract.to_string();
                    let (first, line) = *volatilities.entry(name).or_insert((*volatility, row.line));
                    if first.to_bits() != volatility.to_bits() {
                        let problem = format!("{contract} has volatility {volatility} here and {first} on line {line}");
                        return Err(Failure::at_line(file, row.line, problem));
                    }
                    market = market.with_contract_volatility(contract, *volatility)?;
                }
                builder.option(contract.clone(), row.quantity).tagged("underlying", symbol)
            }
        };
        builder = labelled(builder, row);
    }
    builder.build(&market).map_err(|error| Failure::in_file(file, error))
}

fn labelled(builder: BookBuilder, row: &Row) -> BookBuilder {
    let builder = match &row.name {
        Some(name) => builder.named(name),
        None => builder,
    };
    row.labels.iter().fold(builder, |builder, (axis, label)| builder.tagged(axis, label))
}

fn known(file: &str, row: &Row, market: &MarketSnapshot, symbol: &str) -> Result<()> {
    let asset = symbol.to_owned().try_into()?;
    if market.spot(&asset).is_some() {
        return Ok(());
    }
    Err(Failure::at_line(file, row.line, format!("unknown symbol {symbol:?}: the price file has no such column")))
}
