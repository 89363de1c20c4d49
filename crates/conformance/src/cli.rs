//! The command line: options, output and exit status.

use std::io::Write;
use std::path::PathBuf;

use crate::case::{self, Problem};
use crate::report::Report;
use crate::run;

const HELP: &str = "\
Runs the reference cases in DIR/*.jsonl against the public API of alluse-quant.

Usage: conformance DIR [--json] [--op PREFIX] [--verbose]

  --json        print the report as JSON:
                [{\"file\",\"tier\",\"passed\":N,\"failed\":[{\"id\",\"got\",\"want\"}],\"unsupported\":[{\"id\",\"why\"}]}]
  --op PREFIX   run only the ops whose name starts with PREFIX
  --verbose     list every unsupported case instead of counting them by reason
  --help        print this

Exit status: 0 when no case failed, 1 when one did, 2 when the folder or a case cannot be read.
";

/// No case failed.
const PASSED: u8 = 0;
/// Some case failed.
const FAILED: u8 = 1;
/// The command, the folder or a case cannot be read.
const UNREADABLE: u8 = 2;

#[derive(Debug, Clone, Default, PartialEq)]
struct Options {
    folder: PathBuf,
    json: bool,
    verbose: bool,
    op: String,
}

#[derive(Debug, PartialEq)]
enum Command {
    Help,
    Run(Options),
}

/// Runs the command with the words after its name; returns the exit status.
pub fn main(words: impl IntoIterator<Item = String>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let status = parse(words).and_then(|command| match command {
        Command::Help => out.write_all(HELP.as_bytes()).map(|()| PASSED).map_err(|problem| problem.to_string()),
        Command::Run(options) => execute(&options, out),
    });
    status.unwrap_or_else(|problem| {
        // When even the error cannot be written, the exit status is all that is left to say.
        let _ = writeln!(err, "conformance: {problem}");
        UNREADABLE
    })
}

fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut folder = None;
    let mut options = Options::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--json" => options.json = true,
            "--verbose" => options.verbose = true,
            "--op" => options.op = words.next().ok_or("--op needs a PREFIX; see --help")?,
            _ if word.starts_with('-') => return Err(format!("unknown option {word:?}; see --help")),
            _ if folder.is_some() => return Err(format!("one DIR is enough, got {word:?} as well; see --help")),
            _ => folder = Some(PathBuf::from(word)),
        }
    }
    options.folder = folder.ok_or("which DIR? see --help")?;
    Ok(Command::Run(options))
}

fn execute(options: &Options, out: &mut dyn Write) -> Result<u8, String> {
    let report = report(options).map_err(|problem| problem.to_string())?;
    if report.is_empty() {
        return Err(format!("no case has an op that starts with {:?}", options.op));
    }
    let written = if options.json { report.write_json(out) } else { report.write_text(out, options.verbose) };
    written.map_err(|problem| format!("the report cannot be written: {problem}"))?;
    Ok(if report.any_failed() { FAILED } else { PASSED })
}

fn report(options: &Options) -> Result<Report, Problem> {
    let mut report = Report::default();
    for (file, cases) in case::folder(&options.folder)? {
        for case in cases.iter().filter(|case| case.op.starts_with(&options.op)) {
            report.add(&file, case, run::run(case)?);
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Command, String> {
        parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_may_stand_anywhere() {
        let want = Options { folder: "d".into(), json: true, verbose: true, op: "moment.".into() };
        for words in [["--json", "--op", "moment.", "d", "--verbose"], ["d", "--verbose", "--json", "--op", "moment."]]
        {
            assert_eq!(read(&words), Ok(Command::Run(want.clone())));
        }
        assert_eq!(read(&["d"]), Ok(Command::Run(Options { folder: "d".into(), ..Options::default() })));
        assert_eq!(read(&["d", "--help"]), Ok(Command::Help));
    }

    #[test]
    fn bad_commands_say_what_is_wrong() {
        for (words, part) in [
            (&[][..], "which DIR?"),
            (&["d", "--fast"], "unknown option \"--fast\""),
            (&["d", "e"], "got \"e\" as well"),
            (&["d", "--op"], "--op needs a PREFIX"),
        ] {
            assert!(read(words).unwrap_err().contains(part), "{words:?}");
        }
    }

    #[test]
    fn output_that_cannot_be_written_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/folders/passing");
        for words in [vec![folder], vec![folder, "--json"], vec!["--help"]] {
            let mut err = Vec::new();
            assert_eq!(main(words.iter().map(|w| (*w).to_owned()), &mut Full, &mut err), UNREADABLE);
            assert!(String::from_utf8(err).unwrap().contains("full"));
        }
    }
}
