//! The command line: `--name value` pairs and switches.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Failure, Result};

/// What a program accepts.
#[derive(Debug, Clone, Copy)]
pub struct Accepts {
    /// Options that take a value.
    pub options: &'static [&'static str],
    /// Options that take none.
    pub switches: &'static [&'static str],
}

/// The parsed command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    options: BTreeMap<String, String>,
    switches: Vec<String>,
}

impl Arguments {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    /// For an unknown option, one given twice, and one without its value.
    pub fn parse(words: impl IntoIterator<Item = String>, accepts: Accepts) -> Result<Self> {
        let mut arguments = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if accepts.switches.contains(&word.as_str()) {
                arguments.switches.push(word);
            } else if accepts.options.contains(&word.as_str()) {
                let value = words.next().ok_or_else(|| Failure(format!("{word} needs a value; see --help")))?;
                if arguments.options.insert(word.clone(), value).is_some() {
                    return Err(Failure(format!("{word} is given twice; see --help")));
                }
            } else {
                return Err(Failure(format!("unknown argument {word:?}; see --help")));
            }
        }
        Ok(arguments)
    }

    /// Whether a switch was given.
    #[must_use]
    pub fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|s| s == switch)
    }

    /// The value of an option, if given.
    #[must_use]
    pub fn value(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    /// A path, or a file of the examples' own data.
    #[must_use]
    pub fn path_or(&self, option: &str, own: &str) -> PathBuf {
        self.value(option).map_or_else(|| bundled(own), PathBuf::from)
    }

    /// A count of at least one.
    ///
    /// # Errors
    /// For anything that is not such a number.
    pub fn count_or(&self, option: &str, own: usize) -> Result<usize> {
        let Some(word) = self.value(option) else { return Ok(own) };
        match word.parse() {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(Failure(format!("{option} needs a number of at least 1, not {word:?}"))),
        }
    }

    /// A number in a domain, which is said in words too.
    ///
    /// # Errors
    /// For anything that is not such a number.
    pub fn number_or(&self, option: &str, own: f64, domain: &str, inside: impl Fn(f64) -> bool) -> Result<f64> {
        let Some(word) = self.value(option) else { return Ok(own) };
        match word.parse() {
            Ok(number) if inside(number) => Ok(number),
            _ => Err(Failure(format!("{option} needs a number {domain}, not {word:?}"))),
        }
    }
}

/// A file of the examples' own data, or with an empty name their folder.
#[must_use]
pub fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTS: Accepts = Accepts { options: &["--prices"], switches: &["--help"] };

    fn parse(words: &[&str]) -> Result<Arguments> {
        Arguments::parse(words.iter().map(|w| (*w).to_owned()), ACCEPTS)
    }

    #[test]
    fn pairs_and_switches() {
        let arguments = parse(&["--help", "--prices", "a.csv"]).unwrap();
        assert!(arguments.has("--help"));
        assert_eq!(arguments.value("--prices"), Some("a.csv"));
        assert!(parse(&[]).unwrap().path_or("--prices", "x.csv").ends_with("data/x.csv"));
        assert_eq!(parse(&[]).unwrap().count_or("--prices", 7).unwrap(), 7);
        assert_eq!(parse(&["--prices", "12"]).unwrap().count_or("--prices", 7).unwrap(), 12);
        for bad in ["0", "-1", "x", "1.5"] {
            assert!(parse(&["--prices", bad]).unwrap().count_or("--prices", 7).is_err());
        }
    }

    #[test]
    fn numbers_stay_in_their_domain() {
        let number = |words: &[&str]| {
            parse(words).unwrap().number_or("--prices", 0.5, "between 0 and 1", |x| x > 0.0 && x < 1.0)
        };
        assert_eq!(number(&[]), Ok(0.5));
        assert_eq!(number(&["--prices", "0.25"]), Ok(0.25));
        for bad in ["0", "1", "-0.5", "NaN", "inf", "x"] {
            let said = format!("--prices needs a number between 0 and 1, not {bad:?}");
            assert_eq!(number(&["--prices", bad]).unwrap_err().0, said);
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (words, said) in [
            (&["--nonsense"][..], "unknown argument \"--nonsense\"; see --help"),
            (&["--prices"], "--prices needs a value; see --help"),
            (&["--prices", "a", "--prices", "b"], "--prices is given twice; see --help"),
        ] {
            assert_eq!(parse(words).unwrap_err().0, said);
        }
    }
}
