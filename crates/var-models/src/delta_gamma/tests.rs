use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, LossDistribution, moments};
use ndarray::array;
use proptest::prelude::*;

use super::*;

fn law(constant: f64, slopes: &[f64], curvatures: &[f64]) -> DeltaGammaLoss {
    DeltaGammaLoss::from_quadratic(constant, slopes, curvatures, Horizon::DAY).unwrap()
}

fn above(loss: &DeltaGammaLoss, x: f64) -> f64 {
    1.0 - loss.cdf(x).unwrap()
}

fn var(loss: &DeltaGammaLoss, level: f64) -> f64 {
    loss.value_at_risk(Confidence::new(level).unwrap()).unwrap().value
}

fn shortfall(loss: &DeltaGammaLoss, level: f64) -> f64 {
    loss.expected_shortfall(Confidence::new(level).unwrap()).unwrap().value
}

/// `Σ λ χ²(degrees, noncentrality)`: all of a block's noncentrality in its first square.
fn chi_squares(blocks: &[(f64, usize, f64)]) -> DeltaGammaLoss {
    let (mut constant, mut slopes, mut curvatures) = (0.0, Vec::new(), Vec::new());
    for &(lambda, degrees, noncentrality) in blocks {
        constant += lambda * noncentrality;
        for k in 0..degrees {
            slopes.push(if k == 0 { 2.0 * lambda * noncentrality.sqrt() } else { 0.0 });
            curvatures.push(lambda);
        }
    }
    law(constant, &slopes, &curvatures)
}

#[test]
fn imhofs_table() {
    // The forms of table 1 of Imhof (1961), Biometrika 48, which prints four decimals; here Gil-Pelaez integrals by
    // mpmath at 20 digits. The tolerance is the target of the inversion.
    type Row<'a> = (&'a [(f64, usize, f64)], [(f64, f64); 3]);
    let table: [Row<'_>; 6] = [
        (
            &[(0.6, 1, 0.0), (0.3, 1, 0.0), (0.1, 1, 0.0)],
            [(0.1, 0.945_786_153_9), (0.7, 0.506_438_233_5), (2.0, 0.123_959_074_2)],
        ),
        (
            &[(0.6, 2, 0.0), (0.3, 2, 0.0), (0.1, 2, 0.0)],
            [(0.2, 0.993_547_118), (2.0, 0.399_794_996_8), (6.0, 0.016_102_972_9)],
        ),
        (
            &[(0.6, 6, 0.0), (0.3, 4, 0.0), (0.1, 2, 0.0)],
            [(1.0, 0.997_319_273_9), (5.0, 0.435_250_626_6), (12.0, 0.008_769_005_303)],
        ),
        (
            &[(0.6, 2, 0.0), (0.3, 4, 0.0), (0.1, 6, 0.0)],
            [(1.0, 0.966_640_377_9), (3.0, 0.419_554_624_6), (8.0, 0.008_715_363_77)],
        ),
        (&[(0.7, 6, 6.0), (0.3, 2, 2.0)], [(2.0, 0.993_882_026_6), (10.0, 0.408_657_875_9), (20.0, 0.022_081_646_65)]),
        (&[(0.7, 1, 6.0), (0.3, 1, 2.0)], [(1.0, 0.954_872_810_1), (6.0, 0.407_565_432_4), (15.0, 0.022_343_128_8)]),
    ];
    for (blocks, values) in table {
        for (x, want) in values {
            let got = above(&chi_squares(blocks), x);
            assert!((got - want).abs() < 2e-10, "{blocks:?} {x}: {got} against {want}");
        }
    }
}

#[test]
fn one_shifted_square() {
    // 0.7 y + 1.3 y²: two normal tails, mpmath at 30 digits. Its characteristic function falls like t^(−1/2) only.
    let loss = law(0.0, &[0.7], &[1.3]);
    for (x, want) in [(1.0, 0.376_097_946_195_901_8), (5.0, 0.055_865_998_225_506_19)] {
        assert!((above(&loss, x) - want).abs() < 1e-11, "{x}");
    }
    for (level, quantile, mean) in [
        (0.95, 5.257_560_065_551_944, 7.669_316_582_207_834),
        (0.99, 9.129_930_731_234_87, 11.634_932_793_068_1),
        (0.9999, 20.838_378_671_898_973, 23.437_552_269_211_795),
    ] {
        assert!((var(&loss, level) / quantile - 1.0).abs() < 1e-10, "{level}");
        assert!((shortfall(&loss, level) / mean - 1.0).abs() < 1e-10, "{level}");
    }
    // No loss below the vertex, −0.7²/5.2.
    assert_eq!(loss.cdf(-0.095).unwrap(), 0.0);
    assert_eq!(loss.cdf(f64::INFINITY).unwrap(), 1.0);
    assert_eq!(loss.cdf(f64::NEG_INFINITY).unwrap(), 0.0);
}

#[test]
fn two_sided_exponential_in_both_tails() {
    // 0.9 χ²(2) − 0.4 χ²(2) is 1.8 E₁ − 0.8 E₂: P(L > x) = 1.8/2.6 e^(−x/1.8), P(L < −x) = 0.8/2.6 e^(−x/0.8).
    let loss = law(0.0, &[0.0; 4], &[0.9, 0.9, -0.4, -0.4]);
    for x in [0.0, 0.5, 3.0, 12.0] {
        assert!((above(&loss, x) - 1.8 / 2.6 * (-x / 1.8_f64).exp()).abs() < 1e-11, "{x}");
        assert!((loss.cdf(-x).unwrap() - 0.8 / 2.6 * (-x / 0.8_f64).exp()).abs() < 1e-11, "{x}");
    }
    // Far out the relative accuracy stays: a tail of 1e-12 begins at 1.8 ln(1.8/2.6/1e-12).
    let tail = 1.0 - (1.0 - 1e-12);
    let far = 1.8 * libm::log(1.8 / 2.6 / tail);
    assert!((var(&loss, 1.0 - 1e-12) / far - 1.0).abs() < 1e-9);
    // Memoryless: the mean excess of the upper tail is 1.8 at every level.
    assert!((shortfall(&loss, 0.999) - var(&loss, 0.999) - 1.8).abs() < 1e-9);
}

#[test]
fn a_normal_part_however_small() {
    // 0.7 y + 1.3 y² + s z: mpmath, the shifted square integrated against the normal.
    for (s, values) in [(0.5, GAUSS_WIDE), (1e-3, GAUSS_NARROW)] {
        let loss = law(0.0, &[0.7, s], &[1.3, 0.0]);
        for (x, want) in values {
            let got = above(&loss, x);
            assert!((got - want).abs() < 1e-9, "{s} {x}: {got} against {want}");
        }
    }
}

const GAUSS_WIDE: [(f64, f64); 4] = [
    (-1.0, 0.990_846_349_918_193),
    (0.2, 0.693_845_004_888_476),
    (4.0, 0.088_958_872_662_755_1),
    (12.0, 0.003_225_600_493_249_91),
];
const GAUSS_NARROW: [(f64, f64); 4] =
    [(-1.0, 1.0), (0.2, 0.646_339_800_376_155), (4.0, 0.086_589_550_926_744_4), (12.0, 0.003_161_610_232_048_37)];

#[test]
fn curvatures_of_both_signs() {
    // mpmath, Gil-Pelaez integral of the characteristic function at 25 digits.
    let loss = law(0.0, &[1.0, 0.5, -2.0], &[0.3, -0.8, 0.05]);
    for (x, want) in INDEFINITE {
        let got = above(&loss, x);
        assert!((got - want).abs() < 1e-9, "{x}: {got} against {want}");
    }
}

const INDEFINITE: [(f64, f64); 4] = [
    (-6.0, 0.980_834_220_297_04),
    (-1.0, 0.589_967_207_598),
    (2.0, 0.163_984_864_266_65),
    (7.0, 0.002_823_324_721_757_9),
];

#[test]
fn without_gamma_it_is_delta_normal() {
    let covariance = Covariance::new(array![[1e-4, 5e-5], [5e-5, 4e-4]]).unwrap();
    let deltas = array![1e4, -2e4];
    let book = DeltaGamma::new(7.0, deltas.view(), Array2::zeros((2, 2)).view(), &covariance, Horizon::DAY).unwrap();
    let (bent, straight) = (book.loss().unwrap(), book.linear_loss().unwrap());
    // By hand: variance 1e8·1e-4 − 4e8·5e-5 + 4e8·4e-4 = 150,000.
    assert!((straight.standard_deviation() - 150_000_f64.sqrt()).abs() < 1e-9);
    assert_eq!(straight.mean(), 7.0);
    for level in [0.05, 0.5, 0.99, 0.9999] {
        let want = straight.value_at_risk(Confidence::new(level).unwrap()).unwrap().value;
        assert!((var(&bent, level) - want).abs() < 1e-8, "{level}");
        let want = straight.expected_shortfall(Confidence::new(level).unwrap()).unwrap().value;
        assert!((shortfall(&bent, level) - want).abs() < 1e-8, "{level}");
    }
    assert!((bent.cdf(100.0).unwrap() - straight.cdf(100.0).unwrap()).abs() < 1e-12);
}

fn optioned_book() -> DeltaGamma {
    // Three factors, one of them the sum of the other two, so the covariance is singular.
    let covariance = array![[4e-4, 1e-4, 5e-4], [1e-4, 9e-4, 1e-3], [5e-4, 1e-3, 1.5e-3]];
    let gammas = array![[-3e5, 5e4, 0.0], [5e4, 2e5, 0.0], [0.0, 0.0, -1e5]];
    let covariance = Covariance::new(covariance).unwrap();
    DeltaGamma::new(25.0, array![1e3, -4e3, 3e3].view(), gammas.view(), &covariance, Horizon::DAY).unwrap()
}

#[test]
fn cumulants_are_the_moments_of_a_simulation() {
    let book = optioned_book();
    assert_eq!(book.loadings().ncols(), 2);
    let y = Streams::new(4).standard_normals(400_000, 2);
    let losses = -book.pnl(y.dot(&book.loadings().t()).view()).unwrap();
    let law = book.loss().unwrap();
    let (mean, variance) = (moments::mean(losses.view()).unwrap(), moments::variance(losses.view(), 1).unwrap());
    let n = 400_000_f64;
    assert!((mean - law.cumulant(1).unwrap()).abs() < 4.0 * (variance / n).sqrt());
    let central = |k: i32| losses.iter().map(|l| (l - mean).powi(k)).sum::<f64>() / n;
    let spread = |k: i32| ((central(2 * k) - central(k).powi(2)) / n).sqrt();
    assert!((variance - law.cumulant(2).unwrap()).abs() < 4.0 * spread(2));
    assert!((central(3) - law.cumulant(3).unwrap()).abs() < 6.0 * spread(3));
    let fourth = central(4) - 3.0 * variance * variance;
    assert!((fourth - law.cumulant(4).unwrap()).abs() < 6.0 * spread(4));
    // The share of simulated losses at or below a level against the law: four binomial errors.
    for x in [-60.0, 0.0, 80.0, 200.0] {
        let share = losses.iter().filter(|l| **l <= x).count() as f64 / n;
        let p = law.cdf(x).unwrap();
        assert!((share - p).abs() < 4.0 * (p * (1.0 - p) / n).sqrt(), "{x}: {share} against {p}");
    }
}

#[test]
fn cumulants_by_hand() {
    // y + y²/2: mean 1/2, variance 1 + 1/2, third cumulant 3·1·1/... = 3!·b²λ + 2!·4λ³ = 3 + 1, fourth 4!·2 b²λ² + 3!·8 λ⁴ = 12 + 3.
    let loss = law(0.0, &[1.0], &[0.5]);
    for (order, want) in [(1, 0.5), (2, 1.5), (3, 4.0), (4, 15.0)] {
        assert!((loss.cumulant(order).unwrap() - want).abs() < 1e-13, "{order}");
    }
    assert!(loss.cumulant(0).is_err());
    assert!(loss.cumulant(21).is_err());
}

#[test]
fn a_spectral_measure_in_closed_form() {
    // χ²(2) is 2E. Exponential spectrum k = 5: 2 (γ + ln k + E₁(k))/(1 − e^(−k)), mpmath.
    let loss = law(0.0, &[0.0; 2], &[1.0; 2]);
    let got = loss.spectral(&Spectrum::exponential(5.0).unwrap()).unwrap().value;
    assert!((got - SPECTRAL).abs() < 1e-9, "{got}");
    let es = loss.spectral(&Spectrum::expected_shortfall(Confidence::P95)).unwrap().value;
    assert!((es - shortfall(&loss, 0.95)).abs() < 1e-9);
}

const SPECTRAL: f64 = 4.405_286_331_672_421;

#[test]
fn the_saddlepoint_is_near_and_normal_where_it_should_be() {
    let exact = law(1.0, &[1.0, 0.5, -2.0, 0.7, 0.3, 1.2], &[0.1, -0.2, 0.05, 0.15, -0.1, 0.08]);
    let approximate = exact.clone().with_method(DeltaGammaMethod::Saddlepoint).unwrap();
    assert_eq!(approximate.method(), DeltaGammaMethod::Saddlepoint);
    for level in [0.01, 0.3, 0.95, 0.99, 0.9999] {
        // The published accuracy of the formula is a few per mille to a percent for such laws.
        let deviation = exact.cumulant(2).unwrap().sqrt();
        assert!((var(&approximate, level) - var(&exact, level)).abs() < 0.03 * deviation, "{level}");
        assert!((shortfall(&approximate, level) - shortfall(&exact, level)).abs() < 0.03 * deviation, "{level}");
    }
    // Across the mean, where the formula has to be replaced by its limit, there is no jump.
    let mean = exact.cumulant(1).unwrap();
    let deviation = exact.cumulant(2).unwrap().sqrt();
    let at = |shift: f64| approximate.cdf(mean + shift * deviation).unwrap();
    assert!((at(0.9e-5) - at(1.1e-5)).abs() < 1e-5 && (at(-0.9e-5) - at(0.9e-5)).abs() < 2e-5);
    // For a normal law it is exact, the partial mean included.
    let normal = law(1.0, &[2.0], &[0.0]).with_method(DeltaGammaMethod::Saddlepoint).unwrap();
    assert!((var(&normal, 0.99) - (1.0 + 2.0 * 2.326_347_874_040_841)).abs() < 1e-9);
    assert!((shortfall(&normal, 0.99) - (1.0 + 2.0 * 2.665_214_220_345_806)).abs() < 1e-9);
}

#[test]
fn the_expansion_knows_its_domain() {
    // A mild book: 40 directions of both signs. Skewness and kurtosis are small and the expansion is close.
    let curvatures: Vec<f64> = (0..40).map(|k| if k % 2 == 0 { 0.08 } else { -0.05 }).collect();
    let exact = law(0.0, &[1.0; 40], &curvatures);
    let expanded = exact.clone().with_method(DeltaGammaMethod::CornishFisher).unwrap();
    for level in [0.05, 0.5, 0.95, 0.99] {
        let deviation = exact.cumulant(2).unwrap().sqrt();
        assert!((var(&expanded, level) - var(&exact, level)).abs() < 2e-3 * deviation, "{level}");
        assert!((shortfall(&expanded, level) - shortfall(&exact, level)).abs() < 5e-3 * deviation, "{level}");
        // Its distribution function inverts its quantile.
        assert!((expanded.cdf(var(&expanded, level)).unwrap() - level).abs() < 1e-12);
    }
    // Expected shortfall is the mean of the quantiles beyond.
    let es = expanded.spectral(&Spectrum::expected_shortfall(Confidence::P95)).unwrap().value;
    assert!((es - shortfall(&expanded, 0.95)).abs() < 1e-9);
    // χ²(1) has a skewness of 2.83: no quantile function.
    let error = law(0.0, &[0.0], &[1.0]).with_method(DeltaGammaMethod::CornishFisher).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::Undefined { .. })));
}

#[test]
fn greeks_of_single_names_are_turned_into_money() {
    let covariance = Covariance::new(array![[1e-4]]).unwrap();
    let (delta, gamma, spot) = (array![30.0], array![-2.0], array![100.0]);
    let book =
        DeltaGamma::from_greeks(5.0, delta.view(), gamma.view(), spot.view(), &covariance, Horizon::DAY).unwrap();
    assert_eq!(book.deltas(), array![3_000.0]);
    assert_eq!(book.factors(), 1);
    assert_eq!(book.horizon(), Horizon::DAY);
    // A move of 2 % is 2 of spot: 5 + 30·2 − 2·2²/2 = 61.
    assert!((book.pnl(array![[0.02]].view()).unwrap()[0] - 61.0).abs() < 1e-12);
    assert!(book.pnl(array![[0.02, 0.0]].view()).is_err());
    let short = array![1.0, 2.0];
    let error = DeltaGamma::from_greeks(5.0, delta.view(), gamma.view(), short.view(), &covariance, Horizon::DAY);
    assert!(matches!(error, Err(Error::Input(CoreError::LengthMismatch { name: "spots", .. }))));
}

#[test]
fn a_book_without_risk_loses_what_time_takes() {
    let covariance = Covariance::new(Array2::zeros((2, 2))).unwrap();
    let gammas = Array2::eye(2);
    let book = DeltaGamma::new(-3.0, array![1.0, 2.0].view(), gammas.view(), &covariance, Horizon::DAY).unwrap();
    for method in [DeltaGammaMethod::Inversion, DeltaGammaMethod::Saddlepoint, DeltaGammaMethod::CornishFisher] {
        let loss = book.loss().unwrap().with_method(method).unwrap();
        assert_eq!(var(&loss, 0.99), 3.0);
        assert_eq!(shortfall(&loss, 0.99), 3.0);
        assert_eq!((loss.cdf(2.9).unwrap(), loss.cdf(3.0).unwrap()), (0.0, 1.0));
    }
}

#[test]
fn one_wrong_thing_at_a_time() {
    let good = Covariance::new(array![[1e-4, 0.0], [0.0, 1e-4]]).unwrap();
    let (delta, gamma) = (array![1.0, 2.0], array![[1.0, 0.5], [0.5, 1.0]]);
    let new = |time: f64, delta: &Array1<f64>, gamma: &Array2<f64>, covariance: &Covariance| {
        DeltaGamma::new(time, delta.view(), gamma.view(), covariance, Horizon::DAY).unwrap_err()
    };
    assert!(matches!(new(f64::NAN, &delta, &gamma, &good), Error::Input(CoreError::OutOfDomain { .. })));
    assert!(matches!(
        new(0.0, &array![1.0, f64::NAN], &gamma, &good),
        Error::Input(CoreError::ElementOutOfDomain { name: "deltas", index: 1, .. })
    ));
    assert!(matches!(new(0.0, &array![1.0], &gamma, &good), Error::Input(CoreError::LengthMismatch { .. })));
    assert!(matches!(new(0.0, &delta, &Array2::eye(3), &good), Error::Input(CoreError::LengthMismatch { .. })));
    let skew = array![[1.0, 0.4], [0.5, 1.0]];
    assert!(matches!(new(0.0, &delta, &skew, &good), Error::Input(CoreError::NotSymmetric { .. })));
    let infinite = array![[1.0, 0.0], [0.0, f64::INFINITY]];
    assert!(matches!(new(0.0, &delta, &infinite, &good), Error::Input(CoreError::EntryOutOfDomain { .. })));
    let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
    assert!(matches!(new(0.0, &delta, &gamma, &indefinite), Error::Input(CoreError::NotPositiveSemidefinite { .. })));
}

#[test]
fn bad_coefficients_are_refused_by_every_door() {
    let new = |constant, slopes: &[f64], curvatures: &[f64]| {
        DeltaGammaLoss::from_quadratic(constant, slopes, curvatures, Horizon::DAY).unwrap_err()
    };
    assert!(matches!(new(f64::NAN, &[], &[]), Error::Input(CoreError::OutOfDomain { .. })));
    assert!(matches!(new(0.0, &[1.0], &[]), Error::Input(CoreError::LengthMismatch { .. })));
    assert!(matches!(new(0.0, &[1.0], &[f64::NAN]), Error::Input(CoreError::ElementOutOfDomain { .. })));
    assert!(matches!(new(0.0, &[1e200], &[0.0]), Error::Input(CoreError::Overflow { .. })));
    let loss = law(1.5, &[1.0, 0.5], &[0.2, -0.1]).with_method(DeltaGammaMethod::Saddlepoint).unwrap();
    let text = serde_json::to_string(&loss).unwrap();
    assert_eq!(serde_json::from_str::<DeltaGammaLoss>(&text).unwrap(), loss);
    assert!(serde_json::from_str::<DeltaGammaLoss>(&text.replace("[1.0,0.5]", "[1.0]")).is_err());
    assert!(loss.cdf(f64::NAN).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn quantile_and_distribution_function_are_inverse(
        slopes in prop::collection::vec(-3.0..3.0, 1..6),
        seed in prop::collection::vec(-1.0..1.0, 6),
        level in 0.001..0.9995,
    ) {
        let loss = law(0.5, &slopes, &seed[..slopes.len()]);
        let quantile = var(&loss, level);
        prop_assert!((loss.cdf(quantile).unwrap() - level).abs() < 1e-9);
        prop_assert!(shortfall(&loss, level) >= quantile);
    }

    #[test]
    fn scaling_and_shifting_the_book_scales_and_shifts_the_risk(
        slopes in prop::collection::vec(-3.0..3.0, 2..5),
        seed in prop::collection::vec(-1.0..1.0, 5),
        scale in 1e-3..1e6_f64,
        shift in -10.0..10.0_f64,
    ) {
        let curvatures = &seed[..slopes.len()];
        let times = |v: &[f64]| v.iter().map(|v| v * scale).collect::<Vec<_>>();
        let plain = law(0.0, &slopes, curvatures);
        let scaled = law(shift * scale, &times(&slopes), &times(curvatures));
        for level in [0.9, 0.995] {
            let want = scale * (var(&plain, level) + shift);
            let size = scale * (var(&plain, level).abs() + shift.abs() + 1.0);
            prop_assert!((var(&scaled, level) - want).abs() < 1e-9 * size);
            let want = scale * (shortfall(&plain, level) + shift);
            prop_assert!((shortfall(&scaled, level) - want).abs() < 1e-8 * size);
        }
    }

    #[test]
    fn the_mirrored_loss_has_the_mirrored_law(
        slopes in prop::collection::vec(-3.0..3.0, 2..5),
        seed in prop::collection::vec(-1.0..1.0, 5),
        x in -4.0..4.0,
    ) {
        let curvatures = &seed[..slopes.len()];
        let minus = |v: &[f64]| v.iter().map(|v| -v).collect::<Vec<_>>();
        let (plain, mirrored) = (law(0.0, &slopes, curvatures), law(0.0, &minus(&slopes), &minus(curvatures)));
        prop_assert!((plain.cdf(x).unwrap() + mirrored.cdf(-x).unwrap() - 1.0).abs() < 1e-10);
    }
}
