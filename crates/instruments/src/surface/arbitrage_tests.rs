use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::surface::{Carry, ExpirySlice, Smile, SplineSmile, Svi, SviParameters};

const TODAY: Date = date(2019, 1, 1);
const NEAR: Date = date(2019, 7, 1);
const FAR: Date = date(2020, 1, 1);

fn surface(smiles: Vec<(Date, Smile)>) -> VolatilitySurface {
    let slices = smiles.into_iter().map(|(expiry, smile)| ExpirySlice::new(expiry, Carry::Rate(0.01), smile));
    VolatilitySurface::new(TODAY, 100.0, slices.collect()).unwrap()
}

fn svi(a: f64, b: f64, rho: f64, m: f64, sigma: f64) -> Smile {
    Svi::new(SviParameters { a, b, rho, m, sigma }).unwrap().into()
}

#[test]
fn a_flat_surface_is_free() {
    let flat = surface(vec![(NEAR, Smile::flat(0.2, 0.5).unwrap()), (FAR, Smile::flat(0.2, 1.0).unwrap())]);
    let report = ArbitrageCheck::default().check(&flat).unwrap();
    assert!(report.is_free());
    assert_eq!((report.smallest_butterfly, report.steepest_wing), (1.0, 0.0));
    assert!((report.smallest_increase.unwrap() - 0.02).abs() < 1e-15);
    // Two expiries, the day half-way, and one pair.
    assert_eq!(report.points, 4 * 301);
}

#[test]
fn the_known_smile_with_negative_density_is_found() {
    // Axel Vogt's parameters, in Gatheral and Jacquier (2014), section 2.2.
    let vogt = svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153);
    let report = ArbitrageCheck::default().check(&surface(vec![(FAR, vogt)])).unwrap();
    assert!(report.smallest_increase.is_none() && !report.is_free());
    for violation in &report.violations {
        match violation {
            ArbitrageViolation::Butterfly { expiry, log_moneyness, butterfly } => {
                assert!(*expiry == FAR && *butterfly < 0.0 && *log_moneyness > 0.5 && *log_moneyness < 1.4);
            }
            other => panic!("{other:?}"),
        }
    }
    let left = ArbitrageCheck::default().with_log_moneyness(-1.0, 0.4).check(&surface(vec![(FAR, vogt_smile())]));
    assert!(left.unwrap().is_free());
}

fn vogt_smile() -> Smile {
    svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
}

#[test]
fn variance_that_falls_is_named_with_both_expiries() {
    let crossing = surface(vec![(NEAR, svi(0.03, 0.1, -0.3, 0.0, 0.2)), (FAR, svi(0.045, 0.05, -0.3, 0.0, 0.2))]);
    let report = ArbitrageCheck::default().check(&crossing).unwrap();
    let (mut below, mut above) = (0, 0);
    for violation in &report.violations {
        if let ArbitrageViolation::Calendar { near, far, log_moneyness, increase } = violation {
            assert!(*near == NEAR && *far == FAR && *increase < 0.0);
            // 0.015 = 0.05 (√(k² + 0.04) − 0.3 k) at k = −0.156 and 0.353
            assert!(*log_moneyness < -0.155 || *log_moneyness > 0.353, "{log_moneyness}");
            below += i32::from(*log_moneyness < 0.0);
            above += i32::from(*log_moneyness > 0.0);
        }
    }
    assert!(below > 100 && above > 80, "{below} {above}");
    assert!(report.smallest_increase.unwrap() < -0.05);
}

#[test]
fn wings_are_judged_in_the_limit() {
    let steep = surface(vec![(FAR, svi(0.2, 1.2, -0.7, 0.0, 0.5))]);
    let report = ArbitrageCheck::default().with_log_moneyness(-0.01, 0.01).check(&steep).unwrap();
    assert!((report.steepest_wing - 2.04).abs() < 1e-12);
    let wings: Vec<_> =
        report.violations.iter().filter(|v| matches!(v, ArbitrageViolation::WingSlope { .. })).collect();
    assert!(matches!(wings[..], [ArbitrageViolation::WingSlope { wing: Wing::Low, .. }]), "{wings:?}");
    let exactly = surface(vec![(FAR, svi(0.2, 1.0, 0.999_999_999_999, 0.0, 0.5))]);
    let report = ArbitrageCheck::default().with_log_moneyness(-0.01, 0.01).check(&exactly).unwrap();
    assert!(report.steepest_wing < 2.0);
    assert!(!report.violations.iter().any(|v| matches!(v, ArbitrageViolation::WingSlope { .. })));
}

#[test]
fn a_spline_can_be_checked_too() {
    let kink = SplineSmile::new(vec![-0.1, 0.0, 0.1, 0.2], vec![0.04, 0.06, 0.04, 0.06]).unwrap();
    let report = ArbitrageCheck::default().check(&surface(vec![(FAR, kink.into())])).unwrap();
    assert!(report.smallest_butterfly < 0.0);
}

#[test]
fn one_wrong_thing_at_a_time() {
    let flat = surface(vec![(FAR, Smile::flat(0.2, 1.0).unwrap())]);
    let base = ArbitrageCheck::default();
    for bad in [
        base.with_points(1),
        base.with_log_moneyness(0.0, 0.0),
        base.with_log_moneyness(f64::NAN, 1.0),
        base.with_log_moneyness(0.0, f64::INFINITY),
        base.with_tolerance(-1.0),
        base.with_tolerance(f64::NAN),
    ] {
        assert!(matches!(bad.check(&flat), Err(Error::Input(Input::OutOfDomain { .. }))), "{bad:?}");
    }
    assert_eq!(base.with_points(2).check(&flat).unwrap().points, 2);
}

#[test]
fn every_kind_of_violation_in_call_prices() {
    let check = |prices: &[f64]| check_call_prices(&[80.0, 100.0, 120.0], prices, 100.0, 0.9, 1e-9).unwrap();
    assert!(check(&[20.0, 9.0, 3.0]).is_empty());
    let low = check(&[17.0, 9.0, 3.0]);
    assert!(matches!(low[0], CallPriceViolation::BelowIntrinsic { index: 0, amount } if (amount - 1.0).abs() < 1e-12));
    let high = check(&[91.0, 9.0, 3.0]);
    assert!(matches!(high[0], CallPriceViolation::AboveForward { index: 0, amount } if (amount - 1.0).abs() < 1e-12));
    // 82 is more than 0.9 · 20.
    assert!(matches!(high[1], CallPriceViolation::FallsTooFast { index: 1, amount } if (amount - 64.0).abs() < 1e-12));
    let rising = check(&[20.0, 3.0, 3.5]);
    assert!(matches!(rising[..], [CallPriceViolation::Rises { index: 2, amount: 0.5 }]));
    let dented = check(&[20.0, 12.0, 3.0]);
    assert!(matches!(
        dented[..],
        [CallPriceViolation::Butterfly { low: 0, middle: 1, high: 2, amount }] if (amount - 0.5).abs() < 1e-12
    ));
}

#[test]
fn call_tables_are_checked() {
    let check = |strikes: &[f64], prices: &[f64], forward, discount, tolerance| {
        check_call_prices(strikes, prices, forward, discount, tolerance).unwrap_err()
    };
    let (k, c): (&[f64], &[f64]) = (&[90.0, 100.0], &[12.0, 5.0]);
    assert!(matches!(check(k, &c[..1], 100.0, 1.0, 0.0), Error::Input(Input::LengthMismatch { .. })));
    assert!(matches!(check(&[], &[], 100.0, 1.0, 0.0), Error::Input(Input::Empty { .. })));
    assert!(matches!(check(&[100.0, 90.0], c, 100.0, 1.0, 0.0), Error::Input(Input::NotIncreasing { .. })));
    assert!(matches!(check(&[-1.0, 90.0], c, 100.0, 1.0, 0.0), Error::Input(Input::ElementOutOfDomain { .. })));
    assert!(matches!(check(k, &[f64::NAN, 5.0], 100.0, 1.0, 0.0), Error::Input(Input::ElementOutOfDomain { .. })));
    for (forward, discount, tolerance) in
        [(0.0, 1.0, 0.0), (100.0, 0.0, 0.0), (100.0, 1.0, -1.0), (100.0, 1.0, f64::NAN)]
    {
        assert!(matches!(check(k, c, forward, discount, tolerance), Error::Input(Input::OutOfDomain { .. })));
    }
    assert!(check_call_prices(&[100.0], &[5.0], 100.0, 1.0, 0.0).unwrap().is_empty());
}

proptest! {
    /// Where `g` is positive the call prices of the smile are convex, and where it is clearly negative they are not.
    #[test]
    fn two_roads_to_a_butterfly(rho in -0.9..0.9_f64, b in 0.05..0.8_f64, sigma in 0.02..0.5_f64, m in -0.3..0.3_f64) {
        let smile = svi(0.01, b, rho, m, sigma);
        let surface = surface(vec![(FAR, smile.clone())]);
        let report = ArbitrageCheck::default().with_log_moneyness(-0.7, 0.7).with_points(141).check(&surface).unwrap();
        let strikes: Vec<f64> = (0..=280).map(|i| 100.0 * (-0.7 + 0.005 * f64::from(i)).exp()).collect();
        let call = |strike: &f64| {
            let deviation = smile.total_variance((strike / 100.0).ln()).sqrt();
            let inputs = crate::pricing::ForwardInputs {
                forward: 100.0, strike: *strike, time: 1.0, volatility: deviation, discount_factor: 1.0,
            };
            crate::pricing::Black76::new(inputs).unwrap().price(crate::pricing::OptionKind::Call)
        };
        let prices: Vec<f64> = strikes.iter().map(call).collect();
        let found = check_call_prices(&strikes, &prices, 100.0, 1.0, 1e-10).unwrap();
        // Slopes say nothing here: what makes a price rise at the end of the range may lie beyond it.
        let convex = !found.iter().any(|violation| matches!(violation, CallPriceViolation::Butterfly { .. }));
        if report.smallest_butterfly > 1e-3 {
            prop_assert!(convex, "{found:?}");
        }
        let middle = ArbitrageCheck::default().with_log_moneyness(-0.3, 0.3).with_points(61).check(&surface).unwrap();
        if middle.smallest_butterfly < -0.2 {
            prop_assert!(!convex, "{}", middle.smallest_butterfly);
        }
    }
}
