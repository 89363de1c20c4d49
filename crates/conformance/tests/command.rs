//! The command on small folders: output and exit status.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking, its helpers too")]

use std::path::PathBuf;
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/folders").join(name)
}

fn run(name: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).arg(folder(name)).args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_folder_without_failures_exits_with_0() {
    let output = run("passing", &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "cases.jsonl published: passed 1, failed 0, unsupported 0\nall: passed 1, failed 0, unsupported 0\n"
    );
    assert!(output.stderr.is_empty());
}

/// Every mapped op on a few returns; the script beside the cases computes what they expect.
#[test]
fn cases_from_definitions_all_pass() {
    let output = run("by_definition", &[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}{}", text(&output.stderr));
    let sum = shown.lines().last().unwrap();
    assert!(sum.ends_with("failed 0, unsupported 0"), "{shown}");
}

#[test]
fn a_failure_exits_with_1_and_is_shown_by_file_and_tier() {
    let output = run("mixed", &[]);
    assert_eq!(output.status.code(), Some(1));
    let want = "\
a.jsonl core: passed 2, failed 1, unsupported 0
  failed fails: got 151.0, want 150.0
a.jsonl quirk: passed 0, failed 1, unsupported 2
  failed refused otherwise: error invalid_input: tail_weight must be in (0, 1), got 0
  unsupported    1 × op volatility.crystal_ball
  unsupported    1 × volatility.ewma_effective_observations: argument rounding not read
b.jsonl convention: passed 0, failed 0, unsupported 2
  unsupported    2 × volatility.ewma_effective_observations: decay \"fast\"
all: passed 2, failed 2, unsupported 4
";
    assert_eq!(text(&output.stdout), want);
}

#[test]
fn verbose_lists_unsupported_cases() {
    let stdout = text(&run("mixed", &["--verbose"]).stdout);
    assert!(
        stdout.contains("  unsupported value unknown too: volatility.ewma_effective_observations: decay \"fast\"\n")
    );
    assert!(!stdout.contains('×'));
}

#[test]
fn json_has_exactly_the_agreed_fields() {
    let output = run("mixed", &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let want = concat!(
        r#"[{"file":"a.jsonl","tier":"core","passed":2,"failed":[{"id":"fails","got":151.0,"want":150.0}],"unsupported":[]},"#,
        r#"{"file":"a.jsonl","tier":"quirk","passed":0,"failed":[{"id":"refused otherwise","#,
        r#""got":{"error":"invalid_input","message":"tail_weight must be in (0, 1), got 0"},"want":{"error":"undefined"}}],"#,
        r#""unsupported":[{"id":"no such op","why":"op volatility.crystal_ball"},"#,
        r#"{"id":"unread","why":"volatility.ewma_effective_observations: argument rounding not read"}]},"#,
        r#"{"file":"b.jsonl","tier":"convention","passed":0,"failed":[],"unsupported":["#,
        r#"{"id":"value unknown","why":"volatility.ewma_effective_observations: decay \"fast\""},"#,
        r#"{"id":"value unknown too","why":"volatility.ewma_effective_observations: decay \"fast\""}]}]"#,
        "\n"
    );
    assert_eq!(text(&output.stdout), want);
}

#[test]
fn op_selects_by_prefix() {
    let output = run("mixed", &["--op", "volatility.crystal"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("a.jsonl quirk: passed 0, failed 0, unsupported 1\n"));
    let none = run("mixed", &["--op", "option."]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(text(&none.stderr), "conformance: no case has an op that starts with \"option.\"\n");
}

#[test]
fn what_cannot_be_read_exits_with_2_and_one_sentence() {
    for (name, parts) in [
        ("absent", &["absent: "][..]),
        ("empty", &["empty: the folder holds no case"]),
        ("malformed", &["conformance: cases.jsonl:2: not a case: "]),
        ("taken", &["conformance: b.jsonl:1: the id \"passes\" is taken by the case at a.jsonl:1"]),
        ("texts", &["conformance: cases.jsonl:1: series/panel.csv", "line 3: \"energy\" is not a number"]),
        ("dangling", &["conformance: cases.jsonl:1: argument returns: series/panel.csv: "]),
    ] {
        for options in [&[][..], &["--json"]] {
            let output = run(name, options);
            assert_eq!(output.status.code(), Some(2), "{name}");
            assert!(output.stdout.is_empty(), "{name}");
            let stderr = text(&output.stderr);
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
            assert!(parts.iter().all(|part| stderr.contains(part)), "{stderr}");
        }
    }
}

#[test]
fn help_is_printed_and_bad_options_are_refused() {
    let help = run("passing", &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Usage: conformance DIR [--json] [--op PREFIX] [--verbose]"));
    let bad = run("passing", &["--quick"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("--quick"));
}
