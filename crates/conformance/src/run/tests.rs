use std::collections::BTreeMap;

use alluse_quant::risk_core::Error;

use super::*;
use crate::case::{Arg, Tier, Tolerance};

fn case(op: &str, args: &[(&str, f64)], expect: Expect) -> Case {
    Case {
        id: "id".into(),
        op: op.into(),
        args: args
            .iter()
            .map(|(name, x)| ((*name).to_owned(), Arg::Plain(Tree::Number(*x))))
            .collect::<BTreeMap<_, _>>(),
        expect,
        tolerance: Tolerance { rel: 0.0, abs: 0.25 },
        tier: Tier::Core,
        place: "f.jsonl:7".into(),
    }
}

fn number(x: f64) -> Expect {
    Expect::Value(Tree::Number(x))
}

fn first(args: &mut Args<'_>) -> Outcome {
    args.number("x").map(Tree::from)
}

fn not_a_number(_: &mut Args<'_>) -> Outcome {
    Ok(f64::NAN.into())
}

fn refuses(args: &mut Args<'_>) -> Outcome {
    args.number("x")?;
    Err(Error::Empty { name: "returns" }.into())
}

fn lacks(_: &mut Args<'_>) -> Outcome {
    Err(Error::Unsupported { what: "this combination" }.into())
}

fn panics(_: &mut Args<'_>) -> Outcome {
    std::panic::panic_any("as a library never should")
}

fn texts(_: &mut Args<'_>) -> Outcome {
    Err(Stop::Malformed("series/a.csv: no numbers".into()))
}

fn failure(verdict: Result<Verdict, Problem>) -> Failure {
    match verdict {
        Ok(Verdict::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

fn unsupported(why: &str) -> Result<Verdict, Problem> {
    Ok(Verdict::Unsupported(why.into()))
}

#[test]
fn values_are_compared_within_the_tolerance() {
    assert_eq!(judge(&case("o", &[("x", 1.25)], number(1.0)), first), Ok(Verdict::Passed));
    let failure = failure(judge(&case("o", &[("x", 1.26)], number(1.0)), first));
    assert_eq!((failure.got, failure.want), (Tree::Number(1.26), Tree::Number(1.0)));
    assert_eq!(failure.difference, "got 1.26, want 1.0");
}

#[test]
fn several_differences_are_counted_and_the_first_is_placed() {
    fn pair(_: &mut Args<'_>) -> Outcome {
        Ok(Tree::fields([("v", vec![1.0, 2.0, 3.0].into())]))
    }
    let want = Expect::Value(Tree::fields([("v", vec![1.0, 0.0, 0.0].into())]));
    assert_eq!(failure(judge(&case("o", &[], want), pair)).difference, "v[1]: got 2.0, want 0.0 (2 differ)");
}

#[test]
fn nan_never_passes() {
    let failure = failure(judge(&case("o", &[], number(0.0)), not_a_number));
    assert_eq!(failure.got.to_string(), r#""NaN""#);
}

#[test]
fn expected_errors_pass_by_kind() {
    let refused = |kind| judge(&case("o", &[("x", 1.0)], Expect::Error(kind)), refuses);
    assert_eq!(refused(ErrorKind::InvalidInput), Ok(Verdict::Passed));
    let failure = failure(refused(ErrorKind::InsufficientData));
    assert_eq!(failure.want.to_string(), r#"{"error":"insufficient_data"}"#);
    assert_eq!(failure.got.to_string(), r#"{"error":"invalid_input","message":"returns is empty"}"#);
}

#[test]
fn an_error_instead_of_a_value_and_the_reverse_fail() {
    let error = failure(judge(&case("o", &[("x", 1.0)], number(1.0)), refuses));
    assert_eq!(error.difference, "error invalid_input: returns is empty");
    let value = failure(judge(&case("o", &[("x", 1.0)], Expect::Error(ErrorKind::Undefined)), first));
    assert_eq!(value.difference, "got 1.0, want error undefined");
}

#[test]
fn what_is_not_read_or_not_mapped_is_unsupported() {
    let args = [("x", 1.0), ("y", 2.0), ("z", 3.0)];
    assert_eq!(judge(&case("o", &args, number(1.0)), first), unsupported("o: argument y, z not read"));
    assert_eq!(
        judge(&case("o", &args, Expect::Error(ErrorKind::InvalidInput)), refuses),
        unsupported("o: argument y, z not read")
    );
    assert_eq!(judge(&case("o", &[], number(1.0)), first), unsupported("o: argument x absent"));
    assert_eq!(judge(&case("o", &[], number(1.0)), lacks), unsupported("o: unsupported: this combination"));
    assert_eq!(judge(&case("o", &[], Expect::Error(ErrorKind::Unsupported)), lacks), Ok(Verdict::Passed));
    assert_eq!(run(&case("no.such", &[], number(1.0))), unsupported("op no.such"));
}

#[test]
fn a_panic_fails_its_case_only() {
    let failure = failure(judge(&case("o", &[], number(1.0)), panics));
    assert_eq!(failure.got.to_string(), r#"{"panic":true}"#);
}

#[test]
fn texts_for_numbers_end_the_run_with_the_place_of_the_case() {
    let problem = judge(&case("o", &[], number(1.0)), texts).unwrap_err();
    assert_eq!(problem.to_string(), "f.jsonl:7: series/a.csv: no numbers");
}
