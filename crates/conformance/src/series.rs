//! Columns of the CSV files that cases point to, each file read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A column of a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Where the column is, for messages.
    pub place: String,
    /// Its cells in file order.
    pub cells: Cells,
}

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Every cell is empty or a finite number; an empty cell is NaN, the library's mark of a missing value.
    Numbers(Vec<f64>),
    /// Some cell is neither.
    Texts {
        /// All cells.
        cells: Vec<String>,
        /// Line of the first cell that is not a number, counted from 1.
        line: u64,
        /// That cell.
        cell: String,
    },
}

impl Cells {
    fn new(cells: Vec<(u64, String)>) -> Self {
        let first_text = cells.iter().find(|(_, cell)| !cell.is_empty() && number(cell).is_none()).cloned();
        match first_text {
            None => Self::Numbers(cells.iter().map(|(_, cell)| number(cell).unwrap_or(f64::NAN)).collect()),
            Some((line, cell)) => Self::Texts { cells: cells.into_iter().map(|(_, cell)| cell).collect(), line, cell },
        }
    }
}

/// A cell's number. Words that Rust reads as numbers, `nan` and `inf`, are not numbers of a case.
fn number(cell: &str) -> Option<f64> {
    cell.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

type Table = BTreeMap<String, Arc<Column>>;

/// The `series` folder beside the cases.
#[derive(Debug)]
pub struct Series {
    folder: PathBuf,
    tables: BTreeMap<String, Table>,
}

impl Series {
    /// The `series` folder of a folder of cases; it need not exist until a case points into it.
    #[must_use]
    pub fn beside(cases: &Path) -> Self {
        Self { folder: cases.join("series"), tables: BTreeMap::new() }
    }

    /// A column by file and name.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file, or that it has no such column.
    pub fn column(&mut self, file: &str, name: &str) -> Result<Arc<Column>, String> {
        let table = match self.tables.entry(file.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(read(&self.folder, file)?),
        };
        table.get(name).cloned().ok_or_else(|| format!("series/{file} has no column {name:?}"))
    }
}

fn read(folder: &Path, file: &str) -> Result<Table, String> {
    // A name with a separator could lead out of the folder, and the case would not be complete in it.
    if file.contains(['/', '\\']) {
        return Err(format!("{file:?} is not the name of a file in the series folder"));
    }
    let said = |problem: csv::Error| format!("series/{file}: {problem}");
    let mut reader = csv::Reader::from_path(folder.join(file)).map_err(said)?;
    let names: Vec<String> = reader.headers().map_err(said)?.iter().map(str::to_owned).collect();
    let mut columns: Vec<Vec<(u64, String)>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(said)?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.push((line, cell.to_owned()));
        }
    }
    let mut table = Table::new();
    for (name, cells) in names.into_iter().zip(columns) {
        let column = Column { place: format!("series/{file}, column {name:?}"), cells: Cells::new(cells) };
        if table.insert(name.clone(), Arc::new(column)).is_some() {
            return Err(format!("series/{file} has two columns named {name:?}"));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series::beside(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders/mixed"))
    }

    #[test]
    fn numbers_texts_and_missing_values_are_told_apart() {
        let mut series = series();
        let Cells::Numbers(numbers) = series.column("panel.csv", "r").unwrap().cells.clone() else { panic!("numbers") };
        assert_eq!(numbers, [0.01, -0.02, 0.03]);
        let Cells::Numbers(gaps) = series.column("panel.csv", "gap").unwrap().cells.clone() else { panic!("numbers") };
        assert!(gaps[1].is_nan() && gaps[0] == 1.0 && gaps[2] == 3.0);
        let Cells::Texts { cells, line, cell } = series.column("panel.csv", "sector").unwrap().cells.clone() else {
            panic!("texts")
        };
        assert_eq!((cells, line, cell.as_str()), (vec!["7".to_owned(), "energy".into(), "inf".into()], 3, "energy"));
    }

    #[test]
    fn words_for_infinity_are_not_numbers() {
        for word in ["inf", "nan", "NaN", "-infinity", "1e999", "", "1,5"] {
            assert_eq!(number(word), None, "{word:?}");
        }
        assert_eq!(number(" 1e-3 "), Some(0.001));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut series = series();
        let problem = |series: &mut Series, file: &str, name: &str| series.column(file, name).unwrap_err();
        assert_eq!(problem(&mut series, "panel.csv", "R"), r#"series/panel.csv has no column "R""#);
        assert!(problem(&mut series, "absent.csv", "r").starts_with("series/absent.csv: "));
        assert!(problem(&mut series, "ragged.csv", "r").starts_with("series/ragged.csv: "));
        assert_eq!(problem(&mut series, "twice.csv", "r"), r#"series/twice.csv has two columns named "r""#);
        assert!(problem(&mut series, "../panel.csv", "r").contains("not the name of a file"));
    }
}
