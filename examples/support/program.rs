//! What every example program does around its figures: read the command line, print a page, write JSON, fail in one
//! sentence.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::arguments::{Accepts, Arguments};
use crate::save::save;
use crate::{Failure, Result};

/// A program by name.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name, which its JSON file has too.
    pub name: &'static str,
    /// What `--help` prints.
    pub help: &'static str,
    /// Its options; `--json` and `--help` among them.
    pub accepts: Accepts,
}

impl Program {
    /// Runs it: `figures` computes what is written as JSON, `page` puts it in words.
    #[must_use]
    pub fn main<F: Serialize>(
        self,
        figures: impl FnOnce(&Arguments) -> Result<F>,
        page: impl FnOnce(&mut String, &F) -> std::fmt::Result,
    ) -> ExitCode {
        match self.run(figures, page) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                // Nothing better can be done when even this fails.
                let _ = writeln!(std::io::stderr(), "{}: {failure}", self.name);
                ExitCode::FAILURE
            }
        }
    }

    fn run<F: Serialize>(
        self,
        figures: impl FnOnce(&Arguments) -> Result<F>,
        page: impl FnOnce(&mut String, &F) -> std::fmt::Result,
    ) -> Result<()> {
        let arguments = Arguments::parse(std::env::args().skip(1), self.accepts)?;
        if arguments.has("--help") {
            return Ok(writeln!(std::io::stdout(), "{}", self.help)?);
        }
        let figures = figures(&arguments)?;
        let mut text = String::new();
        page(&mut text, &figures).map_err(|error| Failure(error.to_string()))?;
        let own = || PathBuf::from("out").join(format!("{}.json", self.name));
        let json = arguments.value("--json").map_or_else(own, PathBuf::from);
        save(&json, &serde_json::to_string_pretty(&figures)?)?;
        let mut out = std::io::stdout().lock();
        write!(out, "{text}")?;
        writeln!(out, "\nthe same figures as JSON: {}", json.display())?;
        Ok(())
    }
}
