//! The whole external folder of reference cases.

use std::process::Command;

#[test]
fn no_reference_case_fails() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).arg(folder).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    let failures: Vec<&str> = shown.lines().filter(|line| line.trim_start().starts_with("failed ")).collect();
    assert!(output.status.success(), "{said}{}", failures.join("\n"));
}
