//! Counts by file and tier, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::case::{Case, Tier};
use crate::run::Verdict;
use crate::tree::Tree;

/// The cases of one tier in one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    file: String,
    tier: Tier,
    passed: usize,
    failed: Vec<Failed>,
    unsupported: Vec<Unsupported>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Failed {
    id: String,
    got: Tree,
    want: Tree,
    #[serde(skip)]
    difference: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Unsupported {
    id: String,
    why: String,
}

/// What became of all cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    groups: BTreeMap<(String, Tier), Group>,
}

impl Report {
    /// Adds a case of a file.
    pub fn add(&mut self, file: &str, case: &Case, verdict: Verdict) {
        let group = self.groups.entry((file.to_owned(), case.tier)).or_insert_with(|| Group {
            file: file.to_owned(),
            tier: case.tier,
            passed: 0,
            failed: Vec::new(),
            unsupported: Vec::new(),
        });
        let id = case.id.clone();
        match verdict {
            Verdict::Passed => group.passed += 1,
            Verdict::Failed(failure) => {
                group.failed.push(Failed { id, got: failure.got, want: failure.want, difference: failure.difference })
            }
            Verdict::Unsupported(why) => group.unsupported.push(Unsupported { id, why }),
        }
    }

    /// Whether no case was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether any case failed.
    #[must_use]
    pub fn any_failed(&self) -> bool {
        self.groups.values().any(|group| !group.failed.is_empty())
    }

    /// Writes the report as JSON, one array of groups.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let groups: Vec<_> = self.groups.values().collect();
        serde_json::to_writer(&mut *out, &groups)?;
        writeln!(out)
    }

    /// Writes the report as text; unsupported cases are grouped by reason and counted, or listed when `verbose`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
        let mut sums = [0; 3];
        for group in self.groups.values() {
            let counts = [group.passed, group.failed.len(), group.unsupported.len()];
            sums = [sums[0] + counts[0], sums[1] + counts[1], sums[2] + counts[2]];
            write_counts(out, &format!("{} {}", group.file, group.tier.name()), counts)?;
            for failed in &group.failed {
                writeln!(out, "  failed {}: {}", failed.id, failed.difference)?;
            }
            if verbose {
                for unsupported in &group.unsupported {
                    writeln!(out, "  unsupported {}: {}", unsupported.id, unsupported.why)?;
                }
            } else {
                for (why, count) in by_reason(&group.unsupported) {
                    writeln!(out, "  unsupported {count:>4} × {why}")?;
                }
            }
        }
        write_counts(out, "all", sums)
    }
}

fn write_counts(out: &mut dyn Write, what: &str, [passed, failed, unsupported]: [usize; 3]) -> io::Result<()> {
    writeln!(out, "{what}: passed {passed}, failed {failed}, unsupported {unsupported}")
}

fn by_reason(unsupported: &[Unsupported]) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for one in unsupported {
        *reasons.entry(one.why.as_str()).or_default() += 1;
    }
    reasons
}
