use proptest::prelude::*;

use super::super::testing::{Golden, paths, ulps};
use super::*;

type Kernel = fn(Dispatch, &[f64], &mut [f64]) -> Result<()>;

fn one(kernel: Kernel, dispatch: Dispatch, x: f64) -> f64 {
    let mut out = [0.0];
    kernel(dispatch, &[x], &mut out).unwrap();
    out[0]
}

fn worst_ulps(kernel: Kernel, dispatch: Dispatch, cases: &[(f64, f64)]) -> f64 {
    let x: Vec<f64> = cases.iter().map(|c| c.0).collect();
    let mut out = vec![0.0; x.len()];
    kernel(dispatch, &x, &mut out).unwrap();
    out.iter().zip(cases).map(|(got, case)| ulps(*got, case.1)).fold(0.0, f64::max)
}

// mpmath, rounded to the nearest f64: half an ulp of the reference plus the bound of the table.
#[test]
fn exp_is_within_an_ulp_of_mpmath() {
    for dispatch in paths() {
        let worst = worst_ulps(exp, dispatch, &Golden::load().function("exp"));
        assert!(worst <= 1.0, "{worst}");
    }
}

#[test]
fn ln_is_within_an_ulp_of_mpmath() {
    for dispatch in paths() {
        let worst = worst_ulps(ln, dispatch, &Golden::load().function("ln"));
        assert!(worst <= 1.0, "{worst}");
    }
}

// Relative, both tails; the subnormal results below x = −37.5 to one step of their grid.
#[test]
fn the_tails_of_the_normal_distribution_agree_with_mpmath() {
    for dispatch in paths() {
        for (x, expected) in Golden::load().function("normal_cdf") {
            let got = one(normal_cdf, dispatch, x);
            let close = (got / expected - 1.0).abs() <= 1e-15 || ulps(got, expected) <= 1.0;
            assert!(close, "Φ({x}) = {got:e}, expected {expected:e}");
        }
    }
}

#[test]
fn special_values() {
    let inf = f64::INFINITY;
    for dispatch in paths() {
        for (x, expected) in
            [(0.0, 1.0), (-0.0, 1.0), (inf, inf), (710.0, inf), (1e300, inf), (-inf, 0.0), (-746.0, 0.0)]
        {
            assert_eq!(one(exp, dispatch, x), expected, "exp({x})");
        }
        assert!(one(exp, dispatch, 709.782_712_893_383_9) > 1.797e308, "the last finite result");
        assert_eq!(one(ln, dispatch, 0.0), -inf);
        assert_eq!(one(ln, dispatch, -0.0), -inf);
        assert_eq!(one(ln, dispatch, inf), inf);
        assert!(one(ln, dispatch, -1e-310).is_nan());
        assert!(one(ln, dispatch, -1.0).is_nan());
        assert!(one(ln, dispatch, -inf).is_nan());
        assert_eq!(one(normal_cdf, dispatch, inf), 1.0);
        assert_eq!(one(normal_cdf, dispatch, -inf), 0.0);
        assert_eq!(one(normal_cdf, dispatch, -1e200), 0.0);
        assert_eq!(one(normal_cdf, dispatch, 1e200), 1.0);
    }
}

#[test]
fn nan_of_any_payload_stays_nan() {
    for dispatch in paths() {
        for bits in [0x7FF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0BAD, 0x7FFF_FFFF_FFFF_FFFF] {
            for kernel in [exp as Kernel, ln, normal_cdf] {
                assert!(one(kernel, dispatch, f64::from_bits(bits)).is_nan(), "{bits:x}");
            }
        }
    }
}

#[test]
fn lengths_must_agree() {
    let error = exp(Dispatch::detect(), &[1.0; 3], &mut [0.0; 4]).unwrap_err();
    let expected = alluse_risk_core::Error::LengthMismatch { name: "out", expected: 3, got: 4 };
    assert_eq!(error, expected.into());
    assert!(exp(Dispatch::detect(), &[], &mut []).is_ok());
}

proptest! {
    #[test]
    fn exp_agrees_with_libm(x in -700.0_f64..700.0) {
        for dispatch in paths() {
            prop_assert!(ulps(one(exp, dispatch, x), libm::exp(x)) <= 2.0);
        }
    }

    #[test]
    fn ln_agrees_with_libm(exponent in -1074.0_f64..1023.9) {
        let x = libm::exp2(exponent);
        for dispatch in paths() {
            prop_assert!(ulps(one(ln, dispatch, x), libm::log(x)) <= 2.0);
        }
    }

    #[test]
    fn normal_cdf_agrees_with_libm(x in -37.0_f64..9.0) {
        // libm rounds x/√2 before it squares it: |x|² / 2 · 1.1e-16 of its result.
        let expected = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        for dispatch in paths() {
            prop_assert!((one(normal_cdf, dispatch, x) / expected - 1.0).abs() <= 2e-15 + 3e-16 * x * x);
        }
    }

    #[test]
    fn normal_cdf_is_complementary_and_monotone(x in -8.0_f64..8.0, step in 1e-6_f64..1.0) {
        let d = Dispatch::detect();
        let (low, high) = (one(normal_cdf, d, x), one(normal_cdf, d, x + step));
        prop_assert!(low <= high);
        prop_assert!((low + one(normal_cdf, d, -x) - 1.0).abs() <= 2.0 * f64::EPSILON);
    }
}
