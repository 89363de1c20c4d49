//! Runs one case and judges it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use alluse_quant::risk_core::ErrorKind;

use crate::args::Args;
use crate::case::{Case, Expect, Problem};
use crate::compare;
use crate::ops::{self, Op};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The result is as expected.
    Passed,
    /// It is not.
    Failed(Failure),
    /// The op, an argument or one of its values has no mapping; why.
    Unsupported(String),
}

/// A case whose result is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// All that the call returned, or its error.
    pub got: Tree,
    /// All that was expected, or the kind of error.
    pub want: Tree,
    /// The first difference, for people.
    pub difference: String,
}

/// Runs a case.
///
/// # Errors
/// [`Problem`] when the case points to texts where the op wants numbers.
pub fn run(case: &Case) -> Result<Verdict, Problem> {
    match ops::find(&case.op) {
        Some(op) => judge(case, op),
        None => Ok(Verdict::Unsupported(format!("op {}", case.op))),
    }
}

fn judge(case: &Case, op: Op) -> Result<Verdict, Problem> {
    let mut args = Args::new(&case.args);
    // A library call that panics is a failure of its case, not the end of the run.
    let outcome = catch_unwind(AssertUnwindSafe(|| op(&mut args)));
    let Ok(outcome) = outcome else {
        return Ok(failed(Tree::fields([("panic", true.into())]), case, "the call panicked".to_owned()));
    };
    let outcome = match outcome {
        Err(Stop::Malformed(what)) => return Err(Problem::new(&case.place, what)),
        Err(Stop::Unsupported(why)) => return Ok(Verdict::Unsupported(format!("{}: {why}", case.op))),
        other => other,
    };
    let unread: Vec<_> = args.unread().collect();
    if !unread.is_empty() {
        return Ok(Verdict::Unsupported(format!("{}: argument {} not read", case.op, unread.join(", "))));
    }
    Ok(verdict(case, outcome))
}

fn verdict(case: &Case, outcome: Outcome) -> Verdict {
    match (outcome, &case.expect) {
        (Err(Stop::Library { kind, .. }), Expect::Error(want)) if kind == *want => Verdict::Passed,
        // The library says itself that it lacks this combination of inputs or features.
        (Err(Stop::Library { kind: ErrorKind::Unsupported, message }), _) => {
            Verdict::Unsupported(format!("{}: {message}", case.op))
        }
        (Err(Stop::Library { kind, message }), _) => {
            let got = Tree::fields([("error", name(kind).as_str().into()), ("message", message.as_str().into())]);
            failed(got, case, format!("error {}: {message}", name(kind)))
        }
        (Err(Stop::Unsupported(why) | Stop::Malformed(why)), _) => Verdict::Unsupported(why),
        (Ok(got), Expect::Error(kind)) => {
            let difference = format!("got {got}, want error {}", name(*kind));
            failed(got, case, difference)
        }
        (Ok(got), Expect::Value(want)) => match compare::difference(&got, want, case.tolerance) {
            None => Verdict::Passed,
            Some(first) => {
                let more = if first.count > 1 { format!(" ({} differ)", first.count) } else { String::new() };
                let at = if first.path.is_empty() { String::new() } else { format!("{}: ", first.path) };
                failed(got, case, format!("{at}got {}, want {}{more}", first.got, first.want))
            }
        },
    }
}

fn failed(got: Tree, case: &Case, difference: String) -> Verdict {
    let want = match &case.expect {
        Expect::Value(value) => value.clone(),
        Expect::Error(kind) => Tree::fields([("error", name(*kind).as_str().into())]),
    };
    Verdict::Failed(Failure { got, want, difference })
}

/// The name of an error kind in cases.
fn name(kind: ErrorKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{kind:?}"),
    }
}

#[cfg(test)]
mod tests;
