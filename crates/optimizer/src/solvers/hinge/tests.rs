//! Tests of the method on portfolio problems.

mod support;

use ndarray::{Array1, Array2};

use super::*;
use support::*;

#[test]
fn runs() {
    for (n, s) in [(5, 40), (50, 1000), (100, 2500)] {
        let r = fat_tailed_returns(n, s, 7);
        let p = cvar(&r, 0.95, 0.1_f64.max(2.0 / n as f64));
        let t = std::time::Instant::now();
        let sol = p.solve();
        eprintln!("{n} {s} {:?}", t.elapsed());
        match sol { Ok(sol) => eprintln!("{} gap {:e} p {:e} d {:e} it {} {:?}", sol.objective, sol.relative_gap, sol.primal_residual, sol.dual_residual, sol.iterations, sol.finish), Err(e) => eprintln!("{e}") }
    }
    let _ = (Array1::<f64>::zeros(1), Array2::<f64>::zeros((1,1)));
}
