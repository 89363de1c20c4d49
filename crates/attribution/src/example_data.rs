//! Returns of the repository's example data, for tests.

use std::path::Path;

use ndarray::Array2;

/// Column names and simple returns of a file of daily closes, or `None` where the examples are not packaged.
pub(crate) fn returns(file: &str) -> Option<(Vec<String>, Array2<f64>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(file);
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let names: Vec<String> = lines.next()?.split(',').skip(1).map(str::to_owned).collect();
    let prices: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect()).collect();
    let shape = (prices.len() - 1, names.len());
    Some((names, Array2::from_shape_fn(shape, |(t, k)| prices[t + 1][k] / prices[t][k] - 1.0)))
}

/// Relative to the number itself, or absolute below 1e-8.
#[track_caller]
pub(crate) fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-8), "{got} against {want}");
}
