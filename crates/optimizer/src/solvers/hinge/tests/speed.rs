//! Times, on request: `cargo test --release -- --ignored --nocapture scenario_times`.

use std::time::Instant;

use super::reference::clarabel;
use super::support::*;

#[test]
#[ignore = "measures; asserts only that both solvers agree"]
fn scenario_times() {
    for (assets, scenarios, upper) in [(50, 1_000, 0.1), (100, 2_500, 0.1), (100, 10_000, 0.1)] {
        let returns = fat_tailed_returns(assets, scenarios, 6);
        let floor = returns.mean().unwrap();
        for (name, program) in
            [("floor", cvar_with_floor(&returns, 0.95, upper, floor)), ("plain", cvar(&returns, 0.95, upper))]
        {
            let mut best = f64::INFINITY;
            for _ in 0..10 {
                let start = Instant::now();
                program.solve().unwrap();
                best = best.min(start.elapsed().as_secs_f64());
            }
            let solution = program.solve().unwrap();
            assert_optimal(&program, &solution, 1e-8);
            let start = Instant::now();
            let (objective, _) = clarabel(&program, 1e-9);
            let reference = start.elapsed().as_secs_f64();
            testkit::close(solution.objective, objective, 1e-8);
            eprintln!(
                "{assets} x {scenarios} {name}: {:.1} ms, {} iterations, gap {:e}, objective {:.12}; Clarabel {:.1} ms, {objective:.12}",
                1e3 * best,
                solution.iterations,
                solution.relative_gap,
                solution.objective,
                1e3 * reference
            );
        }
    }
}
