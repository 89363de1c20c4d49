use alluse_risk_core::ErrorKind;
use proptest::prelude::*;

use super::*;

fn close(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-300), "{got} against {want}");
}

#[test]
fn proportion_of_failures_against_other_software() {
    // SciPy 1.17.1: log likelihoods by xlogy; the exact p-value is the binom.pmf summed over all counts whose
    // statistic is at least as large.
    for (n, x, level, statistic, exact) in [
        (250, 6, 0.99, 3.555_354_771_061_743_7, 0.122_241_700_232_029_82),
        (250, 0, 0.99, 5.025_167_926_750_726, 0.094_759_964_017_385_08),
        (250, 5, 0.99, 1.956_809_788_230_622, 0.188_870_889_258_556_1),
        (250, 2, 0.99, 0.108_435_216_236_799_19, 0.785_052_275_550_842_7),
        (1_000, 64, 0.95, 3.805_426_780_221_580_4, 0.059_092_787_331_923_27),
    ] {
        let outcome = kupiec_pof(n, x, Confidence::new(level).unwrap()).unwrap();
        // xlogy cancels to ten digits or so.
        close(outcome.statistic, statistic, 1e-9);
        close(outcome.exact_p_value.unwrap(), exact, 1e-10);
        assert_eq!((outcome.observations, outcome.degrees_of_freedom), (n, Some(1.0)));
    }
    let middle = kupiec_pof(100, 50, Confidence::new(0.5).unwrap()).unwrap();
    assert_eq!((middle.statistic, middle.p_value, middle.exact_p_value), (0.0, 1.0, Some(1.0)));
    assert!(kupiec_pof(250, 0, Confidence::P99).unwrap().degenerate);
    assert!(kupiec_pof(5, 5, Confidence::P99).unwrap().degenerate);
    assert!(!kupiec_pof(250, 1, Confidence::P99).unwrap().degenerate);
}

#[test]
fn published_regions() {
    // Kupiec (1995), rejection at 5 %; 255 days at 1 % is printed N < 7, but the statistic of no failure is 5.13.
    for (n, level, lowest, highest) in [
        (255, 0.99, 1, 6),
        (510, 0.99, 2, 10),
        (1_000, 0.99, 5, 16),
        (255, 0.95, 7, 20),
        (510, 0.95, 17, 35),
        (1_000, 0.95, 38, 64),
        (255, 0.90, 17, 35),
        (1_000, 0.90, 82, 119),
    ] {
        let region = kupiec_region(n, Confidence::new(level).unwrap(), Confidence::P95).unwrap();
        assert_eq!((region.lowest, region.highest), (lowest, highest), "{n} {level}");
    }
    let first = kupiec_tuff_region(Confidence::P99, Confidence::P95).unwrap();
    assert_eq!((first.first, first.last), (7, 438));
}

#[test]
fn regions_can_be_one_sided_or_empty() {
    // On three days every count but zero is rejected; at a test confidence of a hair everything is.
    let region = kupiec_region(3, Confidence::P99, Confidence::P95).unwrap();
    assert_eq!((region.lowest, region.highest), (0, 0));
    let all = kupiec_region(2, Confidence::new(0.5).unwrap(), Confidence::P95).unwrap();
    assert_eq!((all.lowest, all.highest), (0, 2));
    let hair = Confidence::new(1e-12).unwrap();
    assert_eq!(kupiec_region(250, Confidence::P99, hair).unwrap_err().kind(), ErrorKind::Undefined);
    assert!(kupiec_tuff_region(Confidence::new(0.97).unwrap(), hair).is_err());
}

#[test]
fn power_that_readers_of_a_year_should_know() {
    // SciPy 1.17.1: binom.pmf at twice the tail over the counts with chi2.sf ≤ 5 %.
    for (n, confidence, power) in [
        (250, Confidence::P99, 0.242_732_037_028_502_77),
        (1_000, Confidence::P99, 0.781_549_216_004_190_4),
        (2_500, Confidence::P99, 0.984_594_234_483_910_1),
        (1_000, Confidence::P95, 0.999_962_757_294_07),
    ] {
        let outcome = kupiec_pof(n, 1, confidence).unwrap();
        let seen = outcome.power.unwrap();
        close(seen.power, power, 1e-9);
        assert_eq!((seen.significance, seen.standard_error), (0.05, None));
        assert_eq!(
            seen.alternative,
            Alternative::BreachProbability { probability: 2.0 * confidence.tail(), nominal: confidence.tail() }
        );
        assert!(seen.description.contains("probability 0."));
    }
    assert!(pof_power(250, Confidence::P99, 2.0, 0.0).is_err());
}

#[test]
fn binomial_test_against_other_software() {
    // SciPy 1.17.1: binom, binomtest, norm.
    let test = |sidedness| binomial_test(250, 6, Confidence::P99, sidedness).unwrap();
    for (sidedness, p_value, exact, power) in [
        (Sidedness::TwoSided, 0.026_098_291_541_307_05, 0.041_183_184_069_848_354, 0.384_033_377_046_982_8),
        (Sidedness::Greater, 0.013_049_145_770_653_52, 0.041_183_184_069_848_354, 0.384_033_377_046_982_8),
        (Sidedness::Less, 0.986_950_854_229_346_5, 0.986_298_552_144_796_3, 0.0),
    ] {
        let outcome = test(sidedness);
        close(outcome.statistic, 2.224_746_041_573_048_7, 1e-12);
        close(outcome.p_value, p_value, 1e-11);
        close(outcome.exact_p_value.unwrap(), exact, 1e-10);
        assert!((outcome.power.unwrap().power - power).abs() < 1e-9);
    }
    let long = |sidedness| binomial_power(1_000, Confidence::P95, sidedness, 2.0, 0.05).unwrap().power;
    close(long(Sidedness::TwoSided), 0.999_977_647_142_512_9, 1e-10);
    close(long(Sidedness::Greater), 0.999_986_800_347_108_4, 1e-10);
    close(long(Sidedness::Less), 1.382_554_485_467_922_5e-13, 1e-8);
}

#[test]
fn first_failure_against_other_software() {
    // SciPy 1.17.1 with p (1−p)ᵏ summed over 20,000 days.
    let tuff =
        |first: usize| kupiec_tuff(&Breaches::from_indices(1_000, vec![first - 1]).unwrap(), Confidence::P99).unwrap();
    for (first, statistic, p_value, exact) in [
        (3, 5.431_456_705_621_311, 0.019_777_175_311_255_654, 0.034_185_713_392_037_91),
        (600, 6.458_451_007_403_553_5, 0.011_042_586_494_693_14, 0.012_429_302_314_455_623),
    ] {
        let outcome = tuff(first);
        close(outcome.statistic, statistic, 1e-9);
        close(outcome.p_value, p_value, 1e-8);
        close(outcome.exact_p_value.unwrap(), exact, 1e-9);
    }
    assert!(tuff(100).statistic < 1e-12);
    assert_eq!(tuff(100).exact_p_value, Some(1.0));
    close(tuff(3).power.unwrap().power, 0.114_301_173_388_42, 1e-9);
    let year = tuff_power(250, Confidence::P99, 2.0, 0.05).unwrap().power;
    close(year, 0.114_157_619_135_999_99, 1e-9);
    let none = kupiec_tuff(&Breaches::from_indices(9, vec![]).unwrap(), Confidence::P99).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Undefined);
}

#[test]
fn tables_of_probabilities() {
    // SciPy 1.17.1, binom(20, 0.1): pmf and sf.
    let table = binomial_table(20, &[0, 3], Confidence::new(0.9).unwrap()).unwrap();
    close(table.exact_probability[0], 0.121_576_654_590_569_28, 1e-12);
    close(table.exact_probability[1], 0.190_119_871_376_198_82, 1e-12);
    assert_eq!(table.at_least_probability[0], 1.0);
    close(table.at_least_probability[1], 0.323_073_194_810_534_4, 1e-12);
    assert_eq!(table.breaches, [0, 3]);
}

#[test]
fn hostile_inputs() {
    let p95 = Confidence::P95;
    let errors = [
        kupiec_pof(0, 0, p95).unwrap_err(),
        kupiec_pof(10, 11, p95).unwrap_err(),
        kupiec_region(0, p95, p95).unwrap_err(),
        binomial_test(0, 0, p95, Sidedness::Less).unwrap_err(),
        binomial_p_value(3, 4, p95, Sidedness::TwoSided).unwrap_err(),
        binomial_table(10, &[], p95).unwrap_err(),
        binomial_table(10, &[3, 11], p95).unwrap_err(),
        binomial_power(10, p95, Sidedness::Less, 2.0, 1.0).unwrap_err(),
        tuff_power(10, p95, 2.0, f64::NAN).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(
        kupiec_pof(10, 11, p95).unwrap_err().to_string(),
        "breaches must be at most the number of observations, got 11"
    );
    let outcome = kupiec_pof(250, 4, p95).unwrap();
    assert!(outcome.rejects(1.5).is_err());
    let text = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<TestOutcome>(&text).unwrap(), outcome);
}

proptest! {
    #[test]
    fn the_region_is_what_the_test_accepts(n in 1_usize..400, level in 0.8..0.995_f64) {
        let confidence = Confidence::new(level).unwrap();
        let accepted: Vec<usize> =
            (0..=n).filter(|x| kupiec_pof(n, *x, confidence).unwrap().p_value > 0.05).collect();
        match kupiec_region(n, confidence, Confidence::P95) {
            Ok(region) => prop_assert_eq!(accepted, (region.lowest..=region.highest).collect::<Vec<_>>()),
            Err(_) => prop_assert!(accepted.is_empty()),
        }
    }

    #[test]
    fn exact_p_values_are_probabilities_and_fall_away_from_the_middle(n in 5_usize..200, level in 0.8..0.995_f64) {
        let confidence = Confidence::new(level).unwrap();
        let p: Vec<f64> = (0..=n).map(|x| kupiec_pof(n, x, confidence).unwrap().exact_p_value.unwrap()).collect();
        prop_assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
        let peak = (0..=n).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
        prop_assert!(p[..=peak].windows(2).all(|w| w[0] <= w[1] + 1e-12));
        prop_assert!(p[peak..].windows(2).all(|w| w[0] >= w[1] - 1e-12));
    }
}
