use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;

const PLAIN: Scrambling = Scrambling::None;

#[test]
fn every_coordinate_is_that_of_other_software() {
    // SciPy 1.17.1, qmc.Sobol(4096, scramble=False, bits=30).random(4096) times 2^30, summed with the weights
    // (point + 1)(dimension + 1) modulo 2^64: exact integers, so any wrong digit shows.
    let points = Sobol::new(4_096, PLAIN).unwrap().points(0, 4_096).unwrap();
    let mut sum = 0_u64;
    for ((point, dimension), value) in points.indexed_iter() {
        let weight = (point as u64 + 1).wrapping_mul(dimension as u64 + 1);
        sum = sum.wrapping_add(weight.wrapping_mul((value * f64::from(1 << 30)) as u64));
    }
    assert_eq!(sum, 0xfef7_7700_0000_0000);
}

#[test]
fn points_of_other_software_in_late_dimensions() {
    // SciPy 1.17.1, the same call: points 1, 100, 1023 and 4095.
    let points = Sobol::new(4_096, PLAIN).unwrap().points(0, 4_096).unwrap();
    for (dimension, want) in [
        (2, [0.5, 0.773_437_5, 0.612_304_687_5, 0.334_228_515_625]),
        (10, [0.5, 0.460_937_5, 0.678_710_937_5, 0.569_580_078_125]),
        (1_000, [0.5, 0.570_312_5, 0.159_179_687_5, 0.871_337_890_625]),
        (4_095, [0.5, 0.023_437_5, 0.782_226_562_5, 0.845_458_984_375]),
    ] {
        assert_eq!([1, 100, 1_023, 4_095].map(|point| points[[point, dimension]]), want, "{dimension}");
    }
}

#[test]
fn all_thirty_two_digits_are_right() {
    // SciPy 1.17.1, bits=32, fast_forward(2^31 − 3): the digits as integers.
    let points = Sobol::new(5, PLAIN).unwrap().points((1 << 31) - 3, 3).unwrap() * Sobol::MAX_POINTS as f64;
    let want = array![
        [3_221_225_474.0, 3_937_053_354.0, 3_456_167_662.0, 1_610_743_970.0, 3_759_126_138.0],
        [2_147_483_650.0, 715_827_882.0, 234_942_190.0, 2_684_485_794.0, 2_685_384_314.0],
        [2.0, 2_863_311_530.0, 2_382_425_838.0, 537_002_146.0, 537_900_666.0],
    ];
    assert_eq!(points, want);
}

/// Points in each of the `2^a × 2^b` boxes that cut the first coordinate `a` times and the second `b` times.
fn boxes(points: &Array2<f64>, (first, second): (usize, usize), a: u32, b: u32) -> Vec<usize> {
    let mut counts = vec![0; 1 << (a + b)];
    for row in points.rows() {
        let cell = |u: f64, cuts: u32| (u * f64::from(1 << cuts)) as usize;
        counts[(cell(row[first], a) << b) + cell(row[second], b)] += 1;
    }
    counts
}

#[test]
fn every_randomisation_keeps_the_net() {
    // The first two coordinates are a (0, m, 2)-net: every box of volume 2^−m holds one point.
    for scrambling in [PLAIN, Scrambling::Nested { seed: 5 }, Scrambling::DigitalShift { seed: 5 }] {
        let points = Sobol::new(2, scrambling).unwrap().points(0, 1_024).unwrap();
        for a in 0..=10 {
            assert!(boxes(&points, (0, 1), a, 10 - a).iter().all(|count| *count == 1), "{scrambling:?} {a}");
        }
        // So is any later block of the same size.
        let later = Sobol::new(2, scrambling).unwrap().points(3 * 1_024, 1_024).unwrap();
        assert!(boxes(&later, (0, 1), 4, 6).iter().all(|count| *count == 1), "{scrambling:?}");
    }
}

#[test]
fn every_coordinate_alone_is_stratified() {
    for scrambling in [Scrambling::Nested { seed: 11 }, Scrambling::DigitalShift { seed: 11 }] {
        let points = Sobol::new(300, scrambling).unwrap().points(0, 512).unwrap();
        for dimension in 0..300 {
            let counts = boxes(&points, (dimension, dimension), 9, 0);
            assert!(counts.iter().all(|count| *count == 1), "{scrambling:?} {dimension}");
        }
    }
}

#[test]
fn nested_scrambling_beats_the_rate_of_random_points() {
    // ∫ Π (1 + (u − 1/2)) over three dimensions is 1. Owen (1997): the root mean square error of a smooth
    // function falls like n^(−3/2), so 16 times the points leave about 1/64 of it; random points leave 1/4.
    let error = |count: usize, seed: u64| {
        let points = Sobol::new(3, Scrambling::Nested { seed }).unwrap().points(0, count).unwrap();
        let sum: f64 = points.rows().into_iter().map(|u| u.iter().map(|u| 0.5 + u).product::<f64>()).sum();
        sum / count as f64 - 1.0
    };
    let rms = |count| ((0..64).map(|seed| error(count, seed).powi(2)).sum::<f64>() / 64.0).sqrt();
    let (few, many) = (rms(256), rms(4_096));
    assert!(many < few / 25.0, "{few} {many}");
    // Random points: √((1 + 1/12)³ − 1)/√4096 = 0.0081.
    assert!(many < 0.0081 / 50.0, "{many}");
}

#[test]
fn randomised_points_are_uniform_and_independent_between_seeds() {
    // 4,096 seeds, the same point: the mean of uniforms has the standard error √(1/12)/64, the product of
    // coordinates from two seeds the mean 1/4. Four standard errors.
    for make in [|seed| Scrambling::Nested { seed }, |seed| Scrambling::DigitalShift { seed }] {
        let point = |seed| Sobol::new(2, make(seed)).unwrap().points(77, 1).unwrap();
        let all: Vec<Array2<f64>> = (0..4_096).map(point).collect();
        let mean = |f: &dyn Fn(usize) -> f64| (0..4_095).map(f).sum::<f64>() / 4_095.0;
        let error = (1.0_f64 / 12.0).sqrt() / 64.0;
        assert!((mean(&|i| all[i][[0, 0]]) - 0.5).abs() < 4.0 * error);
        assert!((mean(&|i| all[i][[0, 0]] * all[i][[0, 1]]) - 0.25).abs() < 4.0 * error);
        assert!((mean(&|i| all[i][[0, 0]] * all[i + 1][[0, 0]]) - 0.25).abs() < 4.0 * error);
    }
}

#[test]
fn digits_below_the_index_are_random_too() {
    // The 20 digits that no index reaches: their mean over 4,096 points, within four standard errors.
    let points = Sobol::new(1, Scrambling::Nested { seed: 3 }).unwrap().points(0, 4_096).unwrap();
    let low = |u: f64, from: i32| (u * 2_f64.powi(from)).fract();
    for from in [32, 36, 40] {
        let mean = points.iter().map(|u| low(*u, from)).sum::<f64>() / 4_096.0;
        assert!((mean - 0.5).abs() < 4.0 * (1.0_f64 / 12.0).sqrt() / 64.0, "{from} {mean}");
    }
}

#[test]
fn first_points_of_a_seed_are_pinned() {
    // Our own output: a changed stream is a changelog entry.
    let points = Sobol::new(2, Scrambling::Nested { seed: 42 }).unwrap().points(0, 2).unwrap();
    let pinned: Vec<u64> = points.iter().map(|u| (u * 2_f64.powi(52)) as u64).collect();
    assert_eq!(pinned, PINNED);
}

const PINNED: [u64; 4] = [333_301_942_517_294, 3_314_574_273_874_484, 2_488_043_652_580_994, 174_546_337_828_472];

#[test]
fn normals_follow_the_points() {
    let sobol = Sobol::new(3, Scrambling::Nested { seed: 9 }).unwrap();
    let (points, normals) = (sobol.points(8, 16).unwrap(), sobol.standard_normals(8, 16).unwrap());
    for (u, z) in points.iter().zip(&normals) {
        // The points are multiples of 2^−53, the density is at most 0.4.
        assert!((crate::normal::cdf(*z) - u).abs() < 1e-15);
    }
}

#[test]
fn one_wrong_thing_at_a_time() {
    for dimensions in [0, Sobol::MAX_DIMENSIONS + 1] {
        assert!(matches!(Sobol::new(dimensions, PLAIN), Err(Error::OutOfDomain { .. })), "{dimensions}");
    }
    let sobol = Sobol::new(2, PLAIN).unwrap();
    assert_eq!(sobol.dimensions(), 2);
    assert_eq!(sobol.scrambling(), PLAIN);
    assert!(sobol.points(Sobol::MAX_POINTS - 1, 1).is_ok());
    assert!(matches!(sobol.points(Sobol::MAX_POINTS, 1), Err(Error::OutOfDomain { .. })));
    assert!(matches!(sobol.points(u64::MAX, 1), Err(Error::OutOfDomain { .. })));
    assert!(matches!(sobol.standard_normals(0, 1), Err(Error::Unsupported { .. })));
    let mut narrow = Array2::zeros((1, 1));
    assert!(matches!(sobol.fill(0, narrow.view_mut()), Err(Error::LengthMismatch { .. })));
}

proptest! {
    #[test]
    fn a_point_depends_on_its_index_alone(first in 0_u64..1 << 31, offset in 0_usize..40, seed: u64) {
        for scrambling in [PLAIN, Scrambling::Nested { seed }, Scrambling::DigitalShift { seed }] {
            let sobol = Sobol::new(4, scrambling).unwrap();
            let block = sobol.points(first, offset + 1).unwrap();
            let alone = sobol.points(first + offset as u64, 1).unwrap();
            prop_assert_eq!(block.row(offset), alone.row(0));
        }
    }

    #[test]
    fn randomised_points_are_inside_the_cube(first in 0_u64..1 << 31, seed: u64) {
        for scrambling in [Scrambling::Nested { seed }, Scrambling::DigitalShift { seed }] {
            let points = Sobol::new(16, scrambling).unwrap().points(first, 16).unwrap();
            prop_assert!(points.iter().all(|u| *u > 0.0 && *u < 1.0));
        }
    }
}
