//! Where the tests of the workspace find data, and how they compare numbers.

use std::path::PathBuf;

/// Asserts `|got − want| ≤ tolerance · max(1, |want|)` and says what was compared.
///
/// # Panics
/// When the numbers are further apart, or one is NaN.
#[track_caller]
pub fn close(got: f64, want: f64, tolerance: f64) {
    let distance = (got - want).abs();
    assert!(
        distance <= tolerance * want.abs().max(1.0),
        "got {got}, want {want}: apart by {distance:e}, allowed {tolerance:e} relative to max(1, |want|)"
    );
}

/// A data file that may not be copied into the project, or `None` with a visible note that the test skips.
///
/// The folder is named by the environment variable `ALLUSE_DATA_DIR`.
#[must_use]
pub fn data_file(name: &str) -> Option<PathBuf> {
    external("ALLUSE_DATA_DIR", name)
}

/// The folder of reference cases named by `ALLUSE_CONFORMANCE_DIR`, or `None` with a visible note.
#[must_use]
pub fn conformance_dir() -> Option<PathBuf> {
    external("ALLUSE_CONFORMANCE_DIR", "")
}

fn external(variable: &str, name: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(|folder| PathBuf::from(folder).join(name)).filter(|path| path.exists());
    if found.is_none() {
        // Straight to the descriptor: the test harness would capture a print, and a skip must be seen.
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: {variable} does not lead to {name:?}");
    }
    found
}
