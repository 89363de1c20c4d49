//! Reads cases, one JSON object a line; what is not a case is an error with its place, never skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use alluse_quant::risk_core::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::series::{Column, Series};
use crate::tree::Tree;

/// What cannot be read, and where, in one sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    place: String,
    what: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// One reference case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name, unique in the folder.
    pub id: String,
    /// What is to be computed.
    pub op: String,
    /// The inputs by name.
    pub args: BTreeMap<String, Arg>,
    /// What should come out.
    pub expect: Expect,
    /// How far off a number may be.
    pub tolerance: Tolerance,
    /// What kind of reference it is.
    pub tier: Tier,
    /// `FILE:LINE` of the case.
    pub place: String,
}

/// An argument: a value in the case itself, or columns of a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Written in the case.
    Plain(Tree),
    /// `{"$csv": FILE, "col": NAME}`: a vector.
    Column(Arc<Column>),
    /// `{"$csv": FILE, "cols": [NAMES]}`: a matrix, rows in file order.
    Columns(Vec<Arc<Column>>),
}

/// What a case expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// This value.
    Value(Tree),
    /// A failure of this kind.
    Error(ErrorKind),
}

/// A number passes when `|got − want| ≤ abs + rel · |want|`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The relative part.
    pub rel: f64,
    /// The absolute part.
    pub abs: f64,
}

/// What kind of reference a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// What every user expects.
    Core,
    /// A table in a paper or book.
    Published,
    /// A convention of another library, offered here as an option.
    Convention,
    /// Something that only one library does.
    Quirk,
}

impl Tier {
    /// The word used in cases and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Published => "published",
            Self::Convention => "convention",
            Self::Quirk => "quirk",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    op: String,
    args: Tree,
    expect: Tree,
    tol: Tolerance,
    tier: Tier,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default, rename = "note")]
    _note: String,
}

/// Every case of a folder, by file in ascending order of names.
///
/// # Errors
/// [`Problem`] for a folder that cannot be read or holds no case, for a line that is not a case, for a
/// reference to a series that does not exist, and for an id that occurs twice.
pub fn folder(folder: &Path) -> Result<Vec<(String, Vec<Case>)>, Problem> {
    let mut series = Series::beside(folder);
    let mut places = BTreeMap::new();
    let mut files = Vec::new();
    for name in names(folder)? {
        let path = folder.join(&name);
        let bytes = std::fs::read(&path).map_err(|problem| unreadable(&path, &problem))?;
        let cases = cases(&name, &bytes, &mut series)?;
        for case in &cases {
            if let Some(first) = places.insert(case.id.clone(), case.place.clone()) {
                return Err(Problem::new(&case.place, format!("the id {:?} is taken by the case at {first}", case.id)));
            }
        }
        files.push((name, cases));
    }
    if places.is_empty() {
        return Err(Problem::new(
            folder.display().to_string(),
            "the folder holds no case (no line in any *.jsonl file)",
        ));
    }
    Ok(files)
}

fn names(folder: &Path) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|problem| unreadable(folder, &problem))? {
        let entry = entry.map_err(|problem| unreadable(folder, &problem))?;
        let name = entry.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "jsonl") {
            let name = name.into_string().map_err(|name| {
                Problem::new(folder.display().to_string(), format!("the file name {} is not UTF-8", name.display()))
            })?;
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, problem: &std::io::Error) -> Problem {
    Problem::new(path.display().to_string(), problem.to_string())
}

/// The cases in the bytes of one file.
///
/// # Errors
/// [`Problem`] at the first line that is not a case, an empty one included.
pub fn cases(file: &str, bytes: &[u8], series: &mut Series) -> Result<Vec<Case>, Problem> {
    let mut cases = Vec::new();
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if text.is_empty() {
        return Ok(cases);
    }
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{file}:{}", index + 1);
        cases.push(case(&place, line, series).map_err(|what| Problem::new(place, what))?);
    }
    Ok(cases)
}

fn case(place: &str, line: &[u8], series: &mut Series) -> Result<Case, String> {
    if line.trim_ascii().is_empty() {
        return Err("the line is empty".to_owned());
    }
    let line: Line = serde_json::from_slice(line).map_err(|problem| format!("not a case: {problem}"))?;
    let Tree::Fields(args) = line.args else {
        return Err(format!("args must be an object, not {}", line.args.sort()));
    };
    let args = args
        .into_iter()
        .map(|(name, value)| {
            let arg = argument(value, series).map_err(|problem| format!("argument {name}: {problem}"))?;
            Ok((name, arg))
        })
        .collect::<Result<_, String>>()?;
    Ok(Case {
        id: line.id,
        op: line.op,
        args,
        expect: expectation(line.expect)?,
        tolerance: checked(line.tol)?,
        tier: line.tier,
        place: place.to_owned(),
    })
}

fn checked(tolerance: Tolerance) -> Result<Tolerance, String> {
    for (name, value) in [("rel", tolerance.rel), ("abs", tolerance.abs)] {
        // JSON has no NaN or infinity, so the sign is all that can be wrong.
        if value < 0.0 {
            return Err(format!("tol.{name} must not be negative, got {value}"));
        }
    }
    Ok(tolerance)
}

fn expectation(tree: Tree) -> Result<Expect, String> {
    let Tree::Fields(fields) = &tree else { return Ok(Expect::Value(tree)) };
    match fields.get("error") {
        None if fields.is_empty() => Err("expect lists no field".to_owned()),
        None => Ok(Expect::Value(tree)),
        Some(Tree::Text(kind)) if fields.len() == 1 => serde_json::from_value(serde_json::Value::from(kind.as_str()))
            .map(Expect::Error)
            .map_err(|_| format!("expect.error: there is no error kind {kind:?}")),
        Some(_) => Err("expect.error must be an error kind and stand alone".to_owned()),
    }
}

fn argument(tree: Tree, series: &mut Series) -> Result<Arg, String> {
    match &tree {
        Tree::Fields(fields) if fields.contains_key("$csv") => reference(fields, series),
        _ if hides_reference(&tree) => Err("a $csv reference must be the whole argument".to_owned()),
        _ => Ok(Arg::Plain(tree)),
    }
}

fn hides_reference(tree: &Tree) -> bool {
    match tree {
        Tree::List(items) => items.iter().any(hides_reference),
        Tree::Fields(fields) => fields.contains_key("$csv") || fields.values().any(hides_reference),
        _ => false,
    }
}

fn reference(fields: &BTreeMap<String, Tree>, series: &mut Series) -> Result<Arg, String> {
    const FORM: &str = r#"a reference is {"$csv": FILE, "col": NAME} or {"$csv": FILE, "cols": [NAMES]}"#;
    let Some(Tree::Text(file)) = fields.get("$csv") else { return Err(FORM.to_owned()) };
    match (fields.get("col"), fields.get("cols"), fields.len()) {
        (Some(Tree::Text(name)), None, 2) => series.column(file, name).map(Arg::Column),
        (None, Some(Tree::List(names)), 2) => names
            .iter()
            .map(|name| match name {
                Tree::Text(name) => series.column(file, name),
                _ => Err(FORM.to_owned()),
            })
            .collect::<Result<_, _>>()
            .map(Arg::Columns),
        _ => Err(FORM.to_owned()),
    }
}

#[cfg(test)]
mod tests;
