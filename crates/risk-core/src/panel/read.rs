use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use jiff::civil::Date;
use ndarray::Array2;

use super::frame::Kind;
use super::missing::{Cells, Origin};
use crate::{Error, Result};

/// A file and the name by which errors call it.
pub(super) fn open(path: &Path) -> Result<(String, File)> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Ok((name, file)),
        Err(error) => Err(Error::Unreadable { source_name: name, problem: error.to_string() }),
    }
}

/// Reads a header and rows of a date and numbers; an empty field is a gap.
pub(super) fn table(source: &str, mut reader: impl Read, kind: &Kind) -> Result<Cells<String>> {
    let mut bytes = Vec::new();
    let unreadable = |problem: String| Error::Unreadable { source_name: source.to_owned(), problem };
    reader.read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut records = Records::new(source, text);
    let columns = match records.next()? {
        Some(header) => names(&header)?,
        None => return Err(records.problem(1, "date", "the file is empty")),
    };
    let mut rows = Rows { dates: Vec::new(), lines: Vec::new(), values: Vec::new() };
    while let Some(record) = records.next()? {
        rows.push(&record, &columns, kind)?;
    }
    if rows.dates.is_empty() {
        return Err(records.problem(1, "date", "there are no rows below the header"));
    }
    let shape = (rows.dates.len(), columns.len());
    let values = Array2::from_shape_vec(shape, rows.values).map_err(|error| unreadable(error.to_string()))?;
    let origin = Some(Origin { source: source.to_owned(), lines: rows.lines });
    Ok(Cells { dates: rows.dates, columns, values, origin })
}

/// One record with its place.
struct Row<'a> {
    source: &'a str,
    line: u64,
    fields: ByteRecord,
}

impl Row<'_> {
    fn problem(&self, column: &str, problem: impl Into<String>) -> Error {
        let (source_name, column) = (self.source.to_owned(), column.to_owned());
        Error::Parse { source_name, line: self.line, column, problem: problem.into() }
    }

    /// A field without the blanks around it.
    fn text(&self, index: usize, column: &str) -> Result<&str> {
        let field = self.fields.get(index).unwrap_or_default();
        match std::str::from_utf8(field) {
            Ok(text) => Ok(text.trim()),
            Err(_) => Err(self.problem(column, format!("{} is not UTF-8", shown(&String::from_utf8_lossy(field))))),
        }
    }
}

/// Records of a text, each checked for stray quotation marks, with the line on which it starts.
struct Records<'a> {
    source: &'a str,
    text: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    /// Bytes whose line ends have been counted.
    counted: usize,
    line: u64,
}

impl<'a> Records<'a> {
    fn new(source: &'a str, text: &'a [u8]) -> Self {
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        Self { source, text, reader, counted: 0, line: 1 }
    }

    fn problem(&self, line: u64, column: &str, problem: &str) -> Error {
        let (source_name, column) = (self.source.to_owned(), column.to_owned());
        Error::Parse { source_name, line, column, problem: problem.to_owned() }
    }

    fn next(&mut self) -> Result<Option<Row<'a>>> {
        let mut fields = ByteRecord::new();
        let start = self.reader.position().byte() as usize;
        let unreadable =
            |error: csv::Error| Error::Unreadable { source_name: self.source.to_owned(), problem: error.to_string() };
        if !self.reader.read_byte_record(&mut fields).map_err(unreadable)? {
            return Ok(None);
        }
        let end = (self.reader.position().byte() as usize).min(self.text.len());
        let raw = self.text.get(start..end).unwrap_or_default();
        // The reader skips empty lines, and the second half of a CRLF, before the record.
        let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.count_lines(start + blank);
        let row = Row { source: self.source, line: self.line, fields };
        if let Some(field) = stray_quote(&raw[blank..]) {
            let problem = "a quotation mark is not closed, or stands inside a field";
            return Err(row.problem(&format!("field {}", field + 1), problem));
        }
        Ok(Some(row))
    }

    /// Counts the lines up to `offset`; a lone carriage return ends a line too.
    fn count_lines(&mut self, offset: usize) {
        let ends = |index: &usize| match self.text[*index] {
            b'\n' => true,
            b'\r' => self.text.get(index + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (self.counted..offset.min(self.text.len())).filter(ends).count() as u64;
        self.counted = offset;
    }
}

/// The field in which a quotation mark does not enclose the whole field.
///
/// The reader would take `"12"3` for 123, and `"12` at the end of a cut-off file for 12.
fn stray_quote(raw: &[u8]) -> Option<usize> {
    if !raw.contains(&b'"') {
        return None;
    }
    let (mut field, mut open, mut closed, mut start) = (0, false, false, true);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if open && bytes.peek() == Some(&b'"') => {
                bytes.next();
            }
            b'"' if open => (open, closed) = (false, true),
            b'"' if start => (open, start) = (true, false),
            b'"' => return Some(field),
            _ if open => {}
            b',' => (field, closed, start) = (field + 1, false, true),
            b'\r' | b'\n' => start = false,
            _ if closed => return Some(field),
            _ => start = false,
        }
    }
    open.then_some(field)
}

/// The column names of a header whose first column is `date`.
fn names(header: &Row<'_>) -> Result<Vec<String>> {
    let first = header.text(0, "date")?;
    if !first.eq_ignore_ascii_case("date") {
        return Err(header.problem("date", format!("the first column must be called \"date\", not {}", shown(first))));
    }
    let mut seen = BTreeMap::new();
    let mut names = Vec::with_capacity(header.fields.len().saturating_sub(1));
    for index in 1..header.fields.len() {
        let place = format!("field {}", index + 1);
        let name = header.text(index, &place)?;
        if name.is_empty() {
            return Err(header.problem(&place, "the column has no name"));
        }
        if let Some(first) = seen.insert(name.to_owned(), index + 1) {
            return Err(header.problem(name, format!("fields {first} and {} have the same name", index + 1)));
        }
        names.push(name.to_owned());
    }
    if names.is_empty() {
        return Err(header.problem("date", "there is no column beside the dates"));
    }
    Ok(names)
}

/// What the rows read so far amount to.
struct Rows {
    dates: Vec<Date>,
    lines: Vec<u64>,
    values: Vec<Option<f64>>,
}

impl Rows {
    fn push(&mut self, record: &Row<'_>, columns: &[String], kind: &Kind) -> Result<()> {
        let (expected, got) = (columns.len() + 1, record.fields.len());
        if got != expected {
            let place =
                columns.get(got.saturating_sub(1)).map_or_else(|| format!("field {}", expected + 1), Clone::clone);
            return Err(record.problem(&place, format!("the row has {got} fields where the header has {expected}")));
        }
        let date = date(record)?;
        self.check_order(record, date)?;
        for (index, column) in columns.iter().enumerate() {
            let text = record.text(index + 1, column)?;
            self.values.push(number(text, kind).map_err(|problem| record.problem(column, problem))?);
        }
        self.dates.push(date);
        self.lines.push(record.line);
        Ok(())
    }

    fn check_order(&self, record: &Row<'_>, date: Date) -> Result<()> {
        let Err(place) = self.dates.binary_search(&date) else {
            let place = self.dates.partition_point(|known| *known < date);
            let line = self.lines.get(place).copied().unwrap_or_default();
            return Err(record.problem("date", format!("{date} occurs twice, first on line {line}")));
        };
        match self.dates.last() {
            Some(last) if place < self.dates.len() => {
                Err(record.problem("date", format!("{date} comes after {last}: dates must increase")))
            }
            _ => Ok(()),
        }
    }
}

/// A date written `2024-01-31` and in no other way.
fn date(record: &Row<'_>) -> Result<Date> {
    let text = record.text(0, "date")?;
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = if shaped { text.parse().ok() } else { None };
    date.ok_or_else(|| record.problem("date", format!("{} is not a date of the form 2024-01-31", shown(text))))
}

/// A number in the domain of the panel, a gap for nothing at all, or what is wrong.
fn number(text: &str, kind: &Kind) -> std::result::Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let value: f64 = text.parse().map_err(|_| format!("{} is not a number", shown(text)))?;
    if !value.is_finite() {
        return Err(format!("{} is not a finite number", shown(text)));
    }
    if !(kind.allows)(value) {
        return Err(format!("{} is refused: {} must be {}", shown(text), kind.values, kind.expected));
    }
    Ok(Some(value))
}

/// Text in quotation marks, cut where it gets long.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?} …", &text[..end]),
    }
}
