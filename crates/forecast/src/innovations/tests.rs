use alluse_risk_core::ErrorKind;
use alluse_risk_core::streams::Streams;
use proptest::prelude::*;

use super::*;

const LAWS: [InnovationLaw; 7] = [
    InnovationLaw::Normal,
    InnovationLaw::StudentT { degrees_of_freedom: 5.0 },
    InnovationLaw::SkewedT { degrees_of_freedom: 6.0, skew: -0.3 },
    InnovationLaw::SkewedT { degrees_of_freedom: 9.0, skew: 0.2 },
    InnovationLaw::GeneralizedError { shape: 1.3 },
    InnovationLaw::GeneralizedError { shape: 2.0 },
    InnovationLaw::GeneralizedError { shape: 3.0 },
];

#[test]
fn densities_are_those_of_scipy() {
    // tests/golden/innovations.py
    for (law, want) in SCIPY {
        let got = law.log_density(-1.7).unwrap();
        assert!((got - want).abs() < 1e-13, "{law:?}: {got} {want}");
    }
}

const SCIPY: [(InnovationLaw, f64); 4] = [
    (LAWS[0], -2.363_938_533_204_672_5),
    (LAWS[1], -2.737_137_904_157_886),
    (LAWS[2], -2.623_512_962_008_673),
    (LAWS[4], -2.588_108_648_510_476_5),
];

#[test]
fn a_generalised_error_of_shape_two_is_normal() {
    for z in [-3.0, -0.2, 0.0, 1.0] {
        let gap = LAWS[5].log_density(z).unwrap() - LAWS[0].log_density(z).unwrap();
        assert!(gap.abs() < 1e-14);
        assert!((LAWS[5].cdf(z).unwrap() - LAWS[0].cdf(z).unwrap()).abs() < 1e-13);
    }
}

#[test]
fn every_law_has_mass_one_mean_zero_and_variance_one() {
    for law in LAWS {
        let at = |z: f64| law.log_density(z).unwrap().exp();
        // Simpson's rule over ±400 in 800,000 steps; the tails of ν = 5 leave 1e-7 of the variance outside.
        let (mut mass, mut mean, mut square) = (0.0, 0.0, 0.0);
        let step = 1e-3;
        for k in 0..=800_000_i32 {
            let z = -400.0 + step * f64::from(k);
            let weight = match k {
                0 | 800_000 => 1.0,
                k if k % 2 == 1 => 4.0,
                _ => 2.0,
            } * step
                / 3.0
                * at(z);
            mass += weight;
            mean += weight * z;
            square += weight * z * z;
        }
        assert!(
            (mass - 1.0).abs() < 1e-7 && mean.abs() < 1e-5 && (square - 1.0).abs() < 2e-5,
            "{law:?} {mass} {mean} {square}"
        );
        assert!((law.expectation(|z| z * z) - 1.0).abs() < 1e-5, "{law:?}");
    }
}

#[test]
fn draws_follow_the_cdf() {
    for law in LAWS {
        let mut draws = vec![0.0; 40_000];
        law.fill(&mut Streams::new(7).block(0), &mut draws).unwrap();
        for p in [0.01, 0.2, 0.5, 0.9, 0.99] {
            let quantile = law.quantile(p).unwrap();
            let share = draws.iter().filter(|z| **z <= quantile).count() as f64 / 40_000.0;
            // Five binomial standard errors.
            assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / 40_000.0).sqrt(), "{law:?} {p} {share}");
        }
    }
}

#[test]
fn hostile_shapes_are_refused() {
    for law in [
        InnovationLaw::StudentT { degrees_of_freedom: 2.0 },
        InnovationLaw::StudentT { degrees_of_freedom: f64::NAN },
        InnovationLaw::SkewedT { degrees_of_freedom: 5.0, skew: 1.0 },
        InnovationLaw::SkewedT { degrees_of_freedom: 1.0, skew: 0.0 },
        InnovationLaw::GeneralizedError { shape: 0.0 },
    ] {
        assert_eq!(law.check().unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(law.cdf(0.0).is_err() && law.quantile(0.5).is_err() && law.log_density(0.0).is_err());
        assert!(law.fill(&mut Streams::new(1).block(0), &mut [0.0]).is_err());
    }
    assert!(LAWS[0].quantile(0.0).is_err() && LAWS[0].cdf(f64::NAN).is_err());
}

proptest! {
    #[test]
    fn the_quantile_inverts_the_cdf(index in 0..LAWS.len(), p in 0.0005..0.9995_f64) {
        let law = LAWS[index];
        let back = law.cdf(law.quantile(p).unwrap()).unwrap();
        prop_assert!((back - p).abs() < 1e-9, "{:?} {} {}", law, p, back);
    }

    #[test]
    fn slopes_are_those_of_differences(index in 0..LAWS.len(), z in prop::collection::vec(-4.0..4.0_f64, 12)) {
        let law = LAWS[index];
        let (family, shapes) = (law.family(), law.shapes());
        let mut scores = vec![0.0; 12];
        let mut slopes = vec![0.0; shapes.len()];
        let kernel = Kernel::new(law);
        let sum = kernel.sum_with_slopes(&z, &mut scores, &mut slopes);
        let each: f64 = z.iter().map(|z| law.log_density(*z).unwrap()).sum();
        prop_assert!((sum - each).abs() < 1e-11 && (kernel.sum(&z) - each).abs() < 1e-11);
        for (i, slope) in slopes.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = shapes.clone();
                moved[i] += step;
                Kernel::new(family.law(&moved)).sum(&z)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            prop_assert!((difference - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{:?} {} {}", law, difference, slope);
        }
        for (score, &z) in scores.iter().zip(&z) {
            let difference = (kernel.log_density(z + 1e-6) - kernel.log_density(z - 1e-6)) / 2e-6;
            prop_assert!((difference - score).abs() < 1e-5 * (1.0 + score.abs()), "{:?} at {}: {} {}", law, z, difference, score);
        }
    }

    #[test]
    fn variables_of_shapes_go_both_ways(nu in 2.1..200.0_f64, skew in -0.9..0.9_f64, shape in 0.5..6.0_f64) {
        for (family, shapes) in [(Innovations::StudentT, vec![nu]), (Innovations::SkewedT, vec![nu, skew]), (Innovations::GeneralizedError, vec![shape])] {
            let x = family.variables_of(&shapes);
            for (i, (back, want)) in family.shapes_of(&x).iter().zip(&shapes).enumerate() {
                prop_assert!((back - want).abs() < 1e-9 * want.abs().max(1.0));
                let mut moved = x.clone();
                moved[i] += 1e-6;
                let up = family.shapes_of(&moved)[i];
                prop_assert!(((up - back) / 1e-6 - family.slopes(&x)[i]).abs() < 1e-3 * (1.0 + family.slopes(&x)[i].abs()));
            }
        }
    }
}
