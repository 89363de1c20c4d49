//! The arguments of a case, and which of them the mapping has read.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2};

use crate::case::Arg;
use crate::outcome::Stop;
use crate::series::{Cells, Column};
use crate::tree::Tree;

/// Result of reading an argument.
pub type Result<T> = std::result::Result<T, Stop>;

/// The arguments of a case. Every reader marks its argument as read; what stays unread makes the case
/// unsupported. So read all arguments first and build the library's types after: a type that refuses its
/// value must not leave other arguments unread, or an expected error would count as unsupported.
#[derive(Debug)]
pub struct Args<'a> {
    given: &'a BTreeMap<String, Arg>,
    read: BTreeSet<&'a str>,
}

impl<'a> Args<'a> {
    /// None of the arguments is read yet.
    #[must_use]
    pub fn new(given: &'a BTreeMap<String, Arg>) -> Self {
        Self { given, read: BTreeSet::new() }
    }

    /// The arguments that nothing has read, in ascending order of names.
    pub fn unread(&self) -> impl Iterator<Item = &'a str> {
        self.given.keys().map(String::as_str).filter(|name| !self.read.contains(name))
    }

    /// Whether the case gives the argument; does not count as reading it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Whether the argument is a list or a column; does not count as reading it.
    #[must_use]
    pub fn is_vector(&self, name: &str) -> bool {
        matches!(self.given.get(name), Some(Arg::Plain(Tree::List(_)) | Arg::Column(_)))
    }

    /// What `read` reads, or nothing when the case does not give the argument.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, &str) -> Result<T>) -> Result<Option<T>> {
        if self.has(name) { read(self, name).map(Some) } else { Ok(None) }
    }

    /// A number.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a number.
    pub fn number(&mut self, name: &str) -> Result<f64> {
        match self.take(name)? {
            Arg::Plain(Tree::Number(number)) => Ok(*number),
            other => Err(unknown(name, other)),
        }
    }

    /// A whole number that is not negative, in the type that the call wants.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or anything else.
    pub fn count<T: TryFrom<u64>>(&mut self, name: &str) -> Result<T> {
        let given = self.take(name)?;
        match given {
            Arg::Plain(tree) => whole(tree).ok_or_else(|| unknown(name, given)),
            _ => Err(unknown(name, given)),
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a truth value.
    pub fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name)? {
            Arg::Plain(Tree::Bool(truth)) => Ok(*truth),
            other => Err(unknown(name, other)),
        }
    }

    /// The library's value for a word (or, as in `ddof`, for a number written in quotes in `choices`).
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when the argument is absent or its value is not among `choices`.
    pub fn choice<T: Clone>(&mut self, name: &str, choices: &[(&str, T)]) -> Result<T> {
        let given = self.take(name)?;
        pick(given, choices).ok_or_else(|| unknown(name, given))
    }

    /// The library's value for a word, or `otherwise` of a number.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when the argument is absent, or neither a number nor among `choices`.
    pub fn choice_or_number<T: Clone>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
        otherwise: impl FnOnce(f64) -> T,
    ) -> Result<T> {
        let given = self.take(name)?;
        match given {
            Arg::Plain(Tree::Number(number)) => Ok(otherwise(*number)),
            _ => pick(given, choices).ok_or_else(|| unknown(name, given)),
        }
    }

    /// A vector of the library's values for words.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when the argument is absent, not a list, or holds a value not among `choices`.
    pub fn choices<T: Clone>(&mut self, name: &str, choices: &[(&str, T)]) -> Result<Vec<T>> {
        let texts = self.texts(name)?;
        let known = |text: &String| choices.iter().find(|(word, _)| word == text).map(|(_, value)| value.clone());
        texts.iter().map(|text| known(text).ok_or_else(|| Stop::Unsupported(format!("{name} {text:?}")))).collect()
    }

    /// A word.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a text.
    pub fn text(&mut self, name: &str) -> Result<String> {
        match self.take(name)? {
            Arg::Plain(Tree::Text(text)) => Ok(text.clone()),
            other => Err(unknown(name, other)),
        }
    }

    /// What `read` makes of an object; a field that it leaves unread makes the case unsupported.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when the argument is absent, not an object or not read in full, and those of `read`.
    pub fn record<T>(&mut self, name: &str, read: impl FnOnce(&mut Args<'_>) -> Result<T>) -> Result<T> {
        match self.take(name)? {
            Arg::Plain(Tree::Fields(fields)) => within(name, fields, read),
            other => Err(unknown(name, other)),
        }
    }

    /// What `read` makes of each object of a list.
    ///
    /// # Errors
    /// As [`Args::record`].
    pub fn records<T>(&mut self, name: &str, read: impl Fn(&mut Args<'_>) -> Result<T>) -> Result<Vec<T>> {
        let given = self.take(name)?;
        let Arg::Plain(Tree::List(items)) = given else { return Err(unknown(name, given)) };
        let one = |item: &Tree| match item {
            Tree::Fields(fields) => within(name, fields, &read),
            _ => Err(unknown(name, given)),
        };
        items.iter().map(one).collect()
    }

    /// A vector of texts.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a list of texts.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let given = self.take(name)?;
        let text = |tree: &Tree| if let Tree::Text(text) = tree { Some(text.clone()) } else { None };
        match given {
            Arg::Plain(Tree::List(items)) => {
                items.iter().map(text).collect::<Option<_>>().ok_or_else(|| unknown(name, given))
            }
            Arg::Column(column) => match &column.cells {
                Cells::Texts { cells, .. } => Ok(cells.clone()),
                Cells::Numbers(_) => Err(unknown(name, given)),
            },
            other => Err(unknown(name, other)),
        }
    }

    /// A vector of numbers.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a vector; [`Stop::Malformed`] for a column of texts.
    pub fn vector(&mut self, name: &str) -> Result<Array1<f64>> {
        let given = self.take(name)?;
        match given {
            Arg::Plain(Tree::List(items)) => numbers(items).map(Array1::from).ok_or_else(|| unknown(name, given)),
            Arg::Column(column) => cells(column).map(|cells| Array1::from(cells.to_vec())),
            other => Err(unknown(name, other)),
        }
    }

    /// A vector, brought to the unit in which the case computes: times its argument `scale`, if it has one.
    ///
    /// # Errors
    /// Those of [`vector`](Self::vector) and [`number`](Self::number).
    pub fn scaled(&mut self, name: &str) -> Result<Array1<f64>> {
        let values = self.vector(name)?;
        Ok(match self.optional("scale", Self::number)? {
            Some(scale) => values * scale,
            None => values,
        })
    }

    /// A vector of whole numbers that are not negative.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or anything else.
    pub fn counts(&mut self, name: &str) -> Result<Vec<usize>> {
        let given = self.take(name)?;
        match given {
            Arg::Plain(Tree::List(items)) => {
                items.iter().map(whole).collect::<Option<_>>().ok_or_else(|| unknown(name, given))
            }
            other => Err(unknown(name, other)),
        }
    }

    /// A matrix of numbers.
    ///
    /// # Errors
    /// [`Stop::Unsupported`] when it is absent or not a matrix; [`Stop::Malformed`] for a column of texts.
    pub fn matrix(&mut self, name: &str) -> Result<Array2<f64>> {
        let given = self.take(name)?;
        let shaped = match given {
            Arg::Plain(Tree::List(rows)) => from_rows(rows),
            Arg::Columns(columns) => from_columns(&columns.iter().map(|c| cells(c)).collect::<Result<Vec<_>>>()?),
            _ => None,
        };
        shaped.ok_or_else(|| unknown(name, given))
    }

    /// A vector as long as the vectors among `names`: the argument itself, or its one number repeated.
    ///
    /// # Errors
    /// As [`Args::vector`] and [`Args::number`].
    pub fn spread(&mut self, name: &str, names: &[&str]) -> Result<Array1<f64>> {
        if self.is_vector(name) {
            return self.vector(name);
        }
        let length = names.iter().filter_map(|other| self.length(other)).max().unwrap_or(1);
        self.number(name).map(|number| Array1::from_elem(length, number))
    }

    fn length(&self, name: &str) -> Option<usize> {
        match self.given.get(name)? {
            Arg::Plain(Tree::List(items)) => Some(items.len()),
            Arg::Column(column) => match &column.cells {
                Cells::Numbers(numbers) => Some(numbers.len()),
                Cells::Texts { cells, .. } => Some(cells.len()),
            },
            _ => None,
        }
    }

    fn take(&mut self, name: &str) -> Result<&'a Arg> {
        let Some((name, arg)) = self.given.get_key_value(name) else {
            return Err(Stop::Unsupported(format!("argument {name} absent")));
        };
        self.read.insert(name);
        Ok(arg)
    }
}

/// Reads the fields of an object, all of them.
fn within<T>(name: &str, fields: &BTreeMap<String, Tree>, read: impl FnOnce(&mut Args<'_>) -> Result<T>) -> Result<T> {
    let fields = fields.iter().map(|(field, value)| (field.clone(), Arg::Plain(value.clone()))).collect();
    let mut args = Args::new(&fields);
    let value = read(&mut args)?;
    match args.unread().next() {
        None => Ok(value),
        Some(field) => Err(Stop::Unsupported(format!("{name}.{field}"))),
    }
}

fn pick<T: Clone>(given: &Arg, choices: &[(&str, T)]) -> Option<T> {
    let word = match given {
        Arg::Plain(Tree::Text(text)) => text.clone(),
        Arg::Plain(Tree::Number(number)) => number.to_string(),
        _ => return None,
    };
    choices.iter().find(|(name, _)| *name == word).map(|(_, value)| value.clone())
}

fn whole<T: TryFrom<u64>>(tree: &Tree) -> Option<T> {
    /// Up to here every whole number has a floating-point number of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match tree {
        Tree::Number(number) if number.fract() == 0.0 && (0.0..=EXACT).contains(number) => {
            T::try_from(*number as u64).ok()
        }
        _ => None,
    }
}

fn numbers(items: &[Tree]) -> Option<Vec<f64>> {
    items.iter().map(|item| if let Tree::Number(number) = item { Some(*number) } else { None }).collect()
}

fn cells(column: &Column) -> Result<&[f64]> {
    match &column.cells {
        Cells::Numbers(numbers) => Ok(numbers),
        Cells::Texts { line, cell, .. } => {
            Err(Stop::Malformed(format!("{}, line {line}: {cell:?} is not a number", column.place)))
        }
    }
}

fn from_rows(rows: &[Tree]) -> Option<Array2<f64>> {
    let rows: Vec<Vec<f64>> =
        rows.iter().map(|row| if let Tree::List(row) = row { numbers(row) } else { None }).collect::<Option<_>>()?;
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    if rows.iter().any(|row| row.len() != shape.1) {
        return None;
    }
    Array2::from_shape_vec(shape, rows.concat()).ok()
}

fn from_columns(columns: &[&[f64]]) -> Option<Array2<f64>> {
    let length = columns.first().map_or(0, |column| column.len());
    if columns.iter().any(|column| column.len() != length) {
        return None;
    }
    Some(Array2::from_shape_fn((length, columns.len()), |(row, column)| columns[column][row]))
}

fn unknown(name: &str, given: &Arg) -> Stop {
    let value = match given {
        Arg::Plain(Tree::List(_)) => "as this list".to_owned(),
        Arg::Plain(Tree::Fields(_)) => "as this object".to_owned(),
        Arg::Plain(tree) => tree.to_string(),
        Arg::Column(_) => "as a column".to_owned(),
        Arg::Columns(_) => "as a matrix".to_owned(),
    };
    Stop::Unsupported(format!("{name} {value}"))
}

#[cfg(test)]
mod tests;
