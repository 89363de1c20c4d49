use super::*;

/// Forward, strike, price, deviation. mpmath 1.3 in 110 digits: the root `s` of `F Φ(−w) − K Φ(−v) = price` for the
/// doubles as they are, by Newton's steps in the logarithm of the price.
const GOLDEN: &[(f64, f64, f64, f64)] = &[
    (100.0, 100.0, 3.989_422_804_014_327e-29, 1.0e-30),
    (100.0, 100.0, 3.989_422_804_014_327e-7, 1.0e-8),
    (100.0, 100.0, 0.797_871_262_926_320_7, 0.02),
    (100.0, 100.0, 7.965_567_455_405_797, 0.2),
    (100.0, 100.0, 19.354_356_864_104_88, 0.49),
    (100.0, 100.0, 20.127_690_076_876_505, 0.51),
    (100.0, 100.0, 37.939_987_949_102_44, 0.99),
    (100.0, 100.0, 38.644_116_402_228_48, 1.01),
    (100.0, 100.0, 54.674_529_524_626_36, 1.5),
    (100.0, 100.0, 78.870_045_266_628_95, 2.5),
    (100.0, 100.0, 91.988_168_627_236_58, 3.499_999_999_999_999),
    (100.0, 100.0, 99.730_020_393_673_98, 6.000_000_000_000_002),
    (100.0, 100.0, 99.999_942_669_685_62, 9.999_999_999_994_117),
    (99.999_900_000_05, 100.0, 0.000_350_935_155_737_614, 1.0e-5),
    (99.999_900_000_05, 100.0, 3.987_709_174_019_13, 0.1),
    (99.900_049_983_337_5, 100.0, 1.166_797_268_837_607, 0.030_500_000_000_000_003),
    (99.900_049_983_337_5, 100.0, 0.008_327_381_665_775_49, 0.001),
    (99.004_983_374_916_8, 100.0, 1.897_304_914_655_353_6, 0.0595),
    (99.004_983_374_916_8, 100.0, 1.936_435_007_043_172_4, 0.0605),
    (95.122_942_450_071_4, 100.0, 5.214_107_207_591_684e-8, 0.01),
    (95.122_942_450_071_4, 100.0, 5.573_526_022_256_971, 0.2),
    (90.483_741_803_595_96, 100.0, 5.428_471_056_627_919e-246, 0.003),
    (81.873_075_307_798_19, 100.0, 1.032_740_800_551_318_6e-245, 0.006),
    (74.081_822_068_171_79, 100.0, 1.184_323_288_303_105_8, 0.249),
    (74.081_822_068_171_79, 100.0, 1.217_490_446_717_495_2, 0.251),
    (74.081_822_068_171_79, 100.0, 15.862_710_373_259_386, 0.8),
    (60.653_065_971_263_345, 100.0, 0.459_354_817_582_181_6, 0.3),
    (37.157_669_102_204_57, 100.0, 0.266_380_903_048_907_05, 0.5),
    (36.421_897_957_152_33, 100.0, 0.236_894_892_838_176, 0.5),
    (37.157_669_102_204_57, 100.0, 4.523_498_522_857_646, 0.98),
    (37.157_669_102_204_57, 100.0, 2.246_161_223_754_807e-240, 0.03),
    (22.313_016_014_842_983, 100.0, 7.496_663_244_016_805e-7, 0.3),
    (22.313_016_014_842_983, 100.0, 2.537_646_920_214_866_6, 1.2),
    (22.313_016_014_842_983, 100.0, 9.353_028_146_769_168, 2.0),
    (4.978_706_836_786_395, 100.0, 1.077_285_501_070_537_8e-51, 0.2),
    (4.978_706_836_786_395, 100.0, 0.007_653_195_308_044_556, 1.0),
    (4.978_706_836_786_395, 100.0, 2.821_622_350_748_463_2, 3.0),
    (4.978_706_836_786_395, 100.0, 4.738_975_182_779_646, 5.000_000_000_000_001),
    (0.273_944_481_876_836_84, 100.0, 1.359_105_414_534_732_8e-9, 1.0),
    (0.273_944_481_876_836_84, 100.0, 0.061_415_625_451_219_99, 3.0),
    (0.273_944_481_876_836_84, 100.0, 0.236_691_573_095_858_64, 5.0),
    (0.224_286_771_948_580_32, 100.0, 2.242_373_724_096_573_7e-93, 0.3),
    (0.224_286_771_948_580_32, 100.0, 0.001_965_722_296_712_198_7, 2.0),
    (0.224_286_771_948_580_32, 100.0, 0.131_925_471_819_965_7, 4.0),
    (0.224_286_771_948_580_32, 100.0, 0.222_708_024_654_213_94, 6.999_999_999_999_999),
    (2.061_153_622_438_558e-7, 100.0, 5.492_369_878_500_414e-93, 1.0),
    (2.061_153_622_438_558e-7, 100.0, 9.753_989_906_169_744e-9, 5.0),
    (2.061_153_622_438_558e-7, 100.0, 2.028_769_804_547_965_3e-7, 8.999_999_999_999_998),
    (3.720_075_976_020_836e-42, 100.0, 5.895_502_870_823_267e-111, 5.0),
    (3.720_075_976_020_836e-42, 100.0, 1.545_384_243_995_876_8e-42, 14.0),
    (5.148_200_222_412_013_5e-129, 100.0, 1.170_070_015_464_963_4e-135, 20.0),
    (5.148_200_222_412_013_5e-129, 100.0, 5.148_198_441_002_657e-129, 30.000_000_000_038_8),
    (74.081_822_068_171_79, 100.0, 7.479_976_327_977_885e-275, 0.0085),
    (27.253_179_303_401_26, 100.0, 3.508_415_972_152_338_5e-295, 0.0355),
    (4.978_706_836_786_395, 100.0, 1.937_380_806_325_43e-274, 0.085),
    (1.928_749_847_963_917_8e-20, 100.0, 5.049_119_342_945_511e-290, 1.4),
    (98.019_867_330_675_52, 100.0, 1.196_092_953_706_878e-292, 0.00055),
];

fn quote(forward: f64, strike: f64, time: f64) -> ForwardQuote {
    ForwardQuote { forward, strike, time, discount_factor: 1.0 }
}

// Four ulp: the moneyness, Mills' ratios and the last step are rounded; nothing of this is enlarged.
#[test]
fn prices_from_high_precision_give_their_deviation() {
    for &(forward, strike, price, deviation) in GOLDEN {
        let call = implied_volatility_black76(OptionKind::Call, price, &quote(forward, strike, 1.0)).unwrap();
        assert!((call / deviation - 1.0).abs() < 1e-15, "{forward} {price:e}: {call:e} for {deviation:e}");
        // The same with the legs exchanged, and over another time.
        let put = implied_volatility_black76(OptionKind::Put, price, &quote(strike, forward, 0.25)).unwrap();
        assert!((0.5 * put / deviation - 1.0).abs() < 1e-15, "{forward} {price:e}: {put:e} for {deviation:e}");
    }
}

#[test]
fn a_spot_quote_is_its_forward_quote() {
    let spot = SpotQuote { spot: 90.0, strike: 100.0, time: 2.0, rate: 0.05, dividend_yield: 0.01 };
    let forward =
        ForwardQuote { forward: 90.0 * 0.08_f64.exp(), strike: 100.0, time: 2.0, discount_factor: (-0.1_f64).exp() };
    for kind in [OptionKind::Call, OptionKind::Put] {
        let [a, b] =
            [implied_volatility(kind, 8.0, &spot), implied_volatility_black76(kind, 8.0, &forward)].map(|v| v.unwrap());
        assert!((a / b - 1.0).abs() < 1e-14, "{a} {b}");
    }
}

/// `c/(s c′(s))` by quadrature of `c′` itself, not of anything that the inversion uses:
/// `∫₀¹ exp[δ(2 − δ)(t² − z²/(1 − δ)²)/2] dδ`, where `u = s(1 − δ)`.
struct Quadrature(Vec<(f64, f64)>);

impl Quadrature {
    /// Double exponential; at twice the step it loses a digit where `z` is 1e-4.
    fn new() -> Self {
        let node = |i: i32| {
            let u = f64::from(i) / 96.0;
            let e = std::f64::consts::FRAC_PI_2 * u.sinh();
            let weight = std::f64::consts::FRAC_PI_4 * u.cosh() / (96.0 * e.cosh().powi(2));
            (1.0 / (1.0 + (2.0 * e).exp()), weight)
        };
        Self((-340..=340).map(node).filter(|&(delta, weight)| delta < 1.0 && weight > 1e-40).collect())
    }

    fn ratio(&self, x: f64, s: f64) -> f64 {
        let (z, t) = (x / s, 0.5 * s);
        let exponent = |delta: f64| 0.5 * delta * (2.0 - delta) * (t * t - (z / (1.0 - delta)).powi(2));
        self.0.iter().map(|&(delta, weight)| weight * exponent(delta).exp()).sum()
    }
}

struct Uniform(u64);

impl Uniform {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }
}

// A price carries its own last digit: eps · c/(s c′) of the deviation. The rest of the unit is the rounding of the
// deviation; 16 of them cover the quadrature, a sum of 600 exponentials, and the two or three of the inversion.
#[test]
fn two_hundred_thousand_options_come_back() {
    let (rule, mut uniform) = (Quadrature::new(), Uniform(11));
    let (strike, mut checked) = (100.0, 0);
    for i in 0..200_000 {
        let s = uniform.log_between(1e-4, 4.0);
        let z = if i % 2 == 0 { uniform.between(0.0, 37.0) } else { uniform.log_between(4e-5, 37.0) };
        let forward = strike * (-z * s).exp();
        let x = logarithm::of_ratio(strike, forward);
        let ratio = rule.ratio(x, s);
        let w = x / s - 0.5 * s;
        let density = 0.398_942_280_401_432_7 * (-0.5 * w * w).exp();
        let time_value = forward * density * s * ratio;
        if time_value < 1e-290 || time_value > 0.999 * forward {
            continue;
        }
        let time = uniform.log_between(1e-3, 30.0);
        let (kind, price) =
            if i % 3 == 0 { (OptionKind::Put, strike - forward + time_value) } else { (OptionKind::Call, time_value) };
        // In the money both the price and the intrinsic value are rounded to the strike.
        let lost = if i % 3 == 0 { strike / (forward * density * s) } else { ratio };
        let tolerance = 16.0 * f64::EPSILON * (1.0 + ratio + lost);
        if tolerance > 1e-3 {
            continue;
        }
        let got = implied_volatility_black76(kind, price, &quote(forward, strike, time)).unwrap() * time.sqrt();
        assert!((got / s - 1.0).abs() < tolerance, "x {x:e}, s {s:e}: {got:e}, {:e}", (got / s - 1.0) / tolerance);
        checked += 1;
    }
    assert!(checked > 150_000, "{checked}");
}

#[test]
fn the_guess_is_good_enough_for_one_step() {
    for &(forward, strike, price, deviation) in GOLDEN {
        let x = (strike / forward).ln();
        let target = Target { x, time_value: price, limit: forward, gap: strike - forward, price: price / forward };
        let error = (guess::deviation(&target) / deviation - 1.0).abs();
        let limit = match x {
            _ if target.price > 0.8 => 0.1,
            ..=3.01 if deviation <= 2.0 => 3e-5,
            ..=6.0 => 3e-4,
            _ => 0.05,
        };
        assert!(error < limit, "x {x}, s {deviation}: {error:e}");
    }
}

#[test]
fn the_smallest_prices_have_volatilities() {
    // mpmath 1.3: root of the logarithm of the price, 110 digits.
    for (forward, price, want) in TINY {
        let got = implied_volatility_black76(OptionKind::Call, price, &quote(forward, 100.0, 1.0)).unwrap();
        assert!((got / want - 1.0).abs() < 2e-15, "{forward} {price:e}: {got:e}");
    }
}

const TINY: [(f64, f64, f64); 5] = [
    (99.0, 1e-300, 0.00027272184554529493),
    (50.0, 3e-305, 0.01861431637320536),
    (1.0, 1e-306, 0.12337492151352189),
    (99.999, 5e-310, 2.685100742820354e-07),
    (1e-20, 4e-312, 1.3653921684183616),
];
