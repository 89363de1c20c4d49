//! Laws of the measures that hold for every sample.

use ndarray::{Array2, Axis};
use proptest::prelude::*;

use super::reference::shortfall;
use super::support::*;

fn samples() -> impl Strategy<Value = Array2<f64>> {
    (1..5_usize, 1..30_usize).prop_flat_map(|(assets, scenarios)| {
        prop::collection::vec(-1.0..1.0, assets * scenarios)
            .prop_map(move |values| Array2::from_shape_vec((scenarios, assets), values).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // The gap is at most 1e-9 of the objective, so two solves may differ by twice that; 1e-8 leaves room for sizes.
    #[test]
    fn adding_a_sure_return_lowers_the_shortfall_by_it(returns in samples(), sure in -1.0..1.0_f64) {
        let before = cvar(&returns, 0.9, 1.0).solve().unwrap();
        let after = cvar(&(&returns + sure), 0.9, 1.0).solve().unwrap();
        let shift = before.objective - after.objective;
        prop_assert!(f64::abs(shift - sure) < 1e-8);
    }

    #[test]
    fn the_shortfall_scales_with_the_returns(returns in samples(), power in -20..20_i32) {
        let factor = 10.0_f64.powi(power);
        let before = cvar(&returns, 0.9, 1.0).solve().unwrap();
        let after = cvar(&(&returns * factor), 0.9, 1.0).solve().unwrap();
        prop_assert!((before.objective - after.objective / factor).abs() < 1e-8);
    }

    #[test]
    fn the_order_of_scenarios_and_assets_does_not_matter(returns in samples()) {
        let mut turned = returns.clone();
        turned.invert_axis(Axis(0));
        turned.invert_axis(Axis(1));
        let turned = turned.as_standard_layout().into_owned();
        let (before, after) = (worst_loss(&returns).solve().unwrap(), worst_loss(&turned).solve().unwrap());
        prop_assert!((before.objective - after.objective).abs() < 1e-8);
        let (before, after) = (cvar(&returns, 0.8, 1.0).solve().unwrap(), cvar(&turned, 0.8, 1.0).solve().unwrap());
        prop_assert!((before.objective - after.objective).abs() < 1e-8);
    }

    #[test]
    fn the_optimum_is_the_shortfall_of_its_weights_and_no_corner_beats_it(returns in samples()) {
        let program = cvar(&returns, 0.85, 1.0);
        let solution = program.solve().unwrap();
        assert_optimal(&program, &solution, 1e-8);
        prop_assert!((shortfall(&returns, &solution.x, 0.85) - solution.objective).abs() < 1e-8);
        for j in 0..returns.ncols() {
            let corner = ndarray::Array1::from_shape_fn(returns.ncols(), |i| if i == j { 1.0 } else { 0.0 });
            prop_assert!(shortfall(&returns, &corner, 0.85) >= solution.objective - 1e-8);
        }
    }

    #[test]
    fn every_program_meets_its_optimality_conditions(returns in samples()) {
        let centred = centred(&returns);
        for program in [mean_absolute_deviation(&centred), worst_loss(&returns)] {
            assert_optimal(&program, &program.solve().unwrap(), 1e-7);
        }
        if returns.nrows() > 1 {
            let program = semivariance(&centred);
            assert_optimal(&program, &program.solve().unwrap(), 1e-7);
        }
    }
}
