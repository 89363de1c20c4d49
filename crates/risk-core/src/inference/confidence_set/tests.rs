use ndarray::{Array2, Axis, array, concatenate};
use proptest::prelude::*;

use super::*;
use crate::normal;
use crate::streams::Streams;

/// Moving averages of a linear congruential sequence, so that another program can make the same losses.
fn noise(observations: usize, models: usize) -> Array2<f64> {
    let mut state = 42_u64;
    let uniform = Array2::from_shape_simple_fn((observations + 1, models), || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        state as f64 / (1_u64 << 31) as f64 - 0.5
    });
    let (before, _) = uniform.view().split_at(Axis(0), observations);
    let (_, now) = uniform.view().split_at(Axis(0), 1);
    &now + &(&before * 0.5)
}

/// Five models; the spread of the third and fifth is two and three times that of the others.
fn five() -> Array2<f64> {
    noise(400, 5) * array![1.0, 1.0, 2.0, 1.0, 3.0] + array![0.0, 0.03, 0.05, 0.1, 0.12]
}

fn set(losses: &Array2<f64>, block: f64, replicates: usize) -> Result<ModelConfidenceSet> {
    let bootstrap = Bootstrap::new(1).with_replicates(replicates);
    model_confidence_set(losses.view(), StationaryBlocks::new(block).unwrap(), &bootstrap)
}

#[test]
fn agrees_with_arch() {
    // arch 8: MCS(losses, size=0.1, reps=20000, block_size=b, method="max", bootstrap="stationary", seed=1).
    // Both sides draw 20,000 replicates: five standard errors of the difference are at most 0.025.
    for (block, want) in
        [(1.0, [1.0, 0.452_45, 0.633_7, 0.175_25, 0.416_3]), (8.0, [1.0, 0.626_8, 0.713_05, 0.364_3, 0.472_95])]
    {
        let got = set(&five(), block, 20_000).unwrap();
        for (model, want) in want.into_iter().enumerate() {
            let p: f64 = got.p_values[model];
            let error = (2.0 * want * (1.0 - want) / 20_000.0_f64).sqrt();
            assert!((p - want).abs() <= 5.0 * error, "block {block}, model {model}: {p} against {want}");
        }
        let order: Vec<usize> = got.eliminations.iter().map(|e| e.model).collect();
        assert_eq!(order, [3, 4, 1, 2]);
        assert_eq!((got.observations, got.replicates), (400, 20_000));
    }
}

#[test]
fn the_range_agrees_with_arch() {
    // arch 8: MCS(losses, size=0.1, reps=20000, block_size=b, method="R", bootstrap="stationary", seed=1).
    // Both sides draw 20,000 replicates: five standard errors of the difference.
    for (block, want) in RANGE_GOLDEN {
        let bootstrap = Bootstrap::new(1).with_replicates(20_000);
        let blocks = StationaryBlocks::new(block).unwrap();
        let got = model_confidence_set_by(SetStatistic::Range, five().view(), blocks, &bootstrap).unwrap();
        for (model, want) in want.into_iter().enumerate() {
            let p: f64 = got.p_values[model];
            let error = (2.0 * want * (1.0 - want) / 20_000.0_f64).sqrt();
            assert!((p - want).abs() <= 5.0 * error, "block {block}, model {model}: {p} against {want}");
        }
        assert_eq!(got.statistic, SetStatistic::Range);
    }
}

const RANGE_GOLDEN: [(f64, [f64; 5]); 2] =
    [(1.0, [1.0, 0.422_85, 0.633_7, 0.024_65, 0.422_85]), (8.0, [1.0, 0.573_05, 0.713_05, 0.155_65, 0.485_75])];

#[test]
fn of_two_models_both_statistics_say_the_same() {
    let losses = five().select(Axis(1), &[0, 3]);
    let (blocks, bootstrap) = (StationaryBlocks::new(4.0).unwrap(), Bootstrap::new(3));
    let by = |statistic| model_confidence_set_by(statistic, losses.view(), blocks, &bootstrap).unwrap();
    let (maximum, range) = (by(SetStatistic::Maximum), by(SetStatistic::Range));
    assert_eq!(maximum.p_values, range.p_values);
    assert!((maximum.eliminations[0].statistic / range.eliminations[0].statistic - 1.0).abs() < 1e-12);
    // Two that are the same are never told apart; two a constant apart have no error to measure it by.
    let same = losses.select(Axis(1), &[0, 0]);
    let tie = model_confidence_set_by(SetStatistic::Range, same.view(), blocks, &bootstrap).unwrap();
    assert_eq!(tie.p_values, [1.0, 1.0]);
    let apart = &same + &array![0.0, 1.0];
    assert!(matches!(
        model_confidence_set_by(SetStatistic::Range, apart.view(), blocks, &bootstrap),
        Err(Error::Undefined { .. })
    ));
}

#[test]
fn two_models_of_independent_losses_meet_the_normal_law() {
    // With two models T_max is |t| of the mean differential, and its resampled law is normal.
    let z = Streams::new(9).standard_normals(500, 2);
    for shift in [0.0, 0.06, 0.16] {
        let losses = &z + &array![0.0, shift];
        let got = set(&losses, 1.0, 20_000).unwrap();
        let d = &losses.column(1) - &losses.column(0);
        let t = d.mean().unwrap() / (d.var(0.0) / 500.0).sqrt();
        let want = 2.0 * normal::cdf(-t.abs());
        let p = got.eliminations[0].p_value;
        assert!((p - want).abs() < 5.0 * (want * (1.0 - want) / 20_000.0).sqrt() + 2e-3, "{p} against {want}");
        // The standard error comes from 20,000 replicates, to half a percent.
        assert!((got.eliminations[0].statistic / t.abs() - 1.0).abs() < 0.025);
    }
}

#[test]
fn a_bad_model_leaves_first_and_for_good() {
    let losses = noise(300, 4) + array![0.0, 0.0, 1.0, 0.5];
    let got = set(&losses, 3.0, 500).unwrap();
    assert_eq!((got.eliminations[0].model, got.eliminations[1].model), (2, 3));
    assert_eq!((got.p_values[2], got.p_values[3]), (0.0, 0.0));
    assert_eq!(got.members(Confidence::P95), [0, 1]);
    assert_eq!(got.eliminations.len(), 3);
}

#[test]
fn p_values_are_running_maxima() {
    let p_values = vec![1.0, 0.05, 0.25, 0.05, 0.0];
    let got = ModelConfidenceSet {
        p_values,
        eliminations: vec![],
        statistic: SetStatistic::Maximum,
        observations: 9,
        replicates: 20,
    };
    // 1 − 0.95 is 0.05 and a little: a p-value of 0.05 still belongs to the set.
    assert_eq!(got.members(Confidence::P95), [0, 1, 2, 3]);
    assert_eq!(got.members(Confidence::new(0.94).unwrap()), [0, 2]);
    let many = set(&noise(60, 8), 2.0, 200).unwrap();
    let mut highest = 0.0_f64;
    for out in &many.eliminations {
        highest = highest.max(out.p_value);
        assert_eq!(many.p_values[out.model], highest);
    }
}

#[test]
fn a_single_model_is_the_set() {
    let got = set(&noise(10, 1), 2.0, 10).unwrap();
    assert_eq!((got.p_values.clone(), got.eliminations.len()), (vec![1.0], 0));
    assert_eq!(got.members(Confidence::P99), [0]);
}

#[test]
fn models_with_the_same_losses_are_not_told_apart() {
    let one = noise(200, 1);
    let twice = concatenate![Axis(1), one, one, one];
    let got = set(&twice, 4.0, 100).unwrap();
    assert_eq!(got.p_values, [1.0, 1.0, 1.0]);
    assert!(got.eliminations.iter().all(|out| out.statistic == 0.0));
    let order: Vec<usize> = got.eliminations.iter().map(|out| out.model).collect();
    assert_eq!(order, [0, 1]);

    // Beside a worse one they both stay.
    let with_worse = concatenate![Axis(1), one, one, &noise(200, 2) + 1.0];
    let got = set(&with_worse, 4.0, 100).unwrap();
    assert_eq!(got.members(Confidence::P95), [0, 1]);
    assert_eq!(got.p_values, [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_constant_difference_is_undefined() {
    let one = noise(200, 1);
    let apart = concatenate![Axis(1), one, &one + 0.1];
    let reason = "a model's losses differ from the average by a constant";
    assert_eq!(set(&apart, 4.0, 100), Err(Error::Undefined { name: NAME, reason }));
    assert_eq!(set(&array![[1.0, 2.0], [1.0, 2.0]], 4.0, 100), Err(Error::Undefined { name: NAME, reason }));
}

#[test]
fn rounding_is_not_a_difference() {
    assert_eq!(studentised(1.0, 2.0, 0.0), Ok(0.5));
    assert_eq!(studentised(-1.0, 2.0, 1e-3), Ok(-0.5));
    assert_eq!(studentised(1e-3, 1e-3, 1e-3), Ok(0.0));
    assert_eq!(studentised(-1e-3, 0.0, 1e-3), Ok(0.0));
    assert!(studentised(2e-3, 1e-3, 1e-3).is_err());
    assert!(studentised(-2e-3, 1e-3, 1e-3).is_err());
}

#[test]
fn hostile_inputs_are_named() {
    assert_eq!(set(&Array2::zeros((0, 3)), 2.0, 10), Err(Error::Empty { name: "losses" }));
    assert_eq!(set(&Array2::zeros((3, 0)), 2.0, 10), Err(Error::Empty { name: "losses" }));
    let short = Error::InsufficientData { name: NAME, required: 2, available: 1 };
    assert_eq!(set(&array![[1.0, 2.0]], 2.0, 10), Err(short));
    let infinite = set(&array![[1.0, 2.0], [f64::INFINITY, 0.0]], 2.0, 10);
    assert!(matches!(infinite, Err(Error::EntryOutOfDomain { name: "losses", .. })));
    let few = Error::OutOfDomain { name: "replicates", expected: "at least 2", value: 1.0 };
    assert_eq!(set(&noise(10, 2), 2.0, 1), Err(few));
    let huge = array![[f64::MAX, 0.0], [f64::MAX, 1.0], [-f64::MAX, 0.0]];
    assert_eq!(set(&huge, 2.0, 10), Err(Error::Overflow { name: NAME }));
    assert_eq!(set(&(noise(10, 3) * 1e200), 2.0, 10), Err(Error::Overflow { name: NAME }));
}

#[test]
fn results_round_trip() {
    let got = set(&five(), 5.0, 50).unwrap();
    let text = serde_json::to_string(&got).unwrap();
    assert_eq!(serde_json::from_str::<ModelConfidenceSet>(&text).unwrap(), got);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Level and unit of the losses, and the order of the columns, do not matter.
    #[test]
    fn the_set_forgets_level_unit_and_order(shift in -3.0_f64..3.0, unit in 0.1_f64..10.0, turn in 1_usize..5) {
        let losses = five();
        let got = set(&losses, 3.0, 200).unwrap();
        let changed = set(&(&losses * unit + shift), 3.0, 200).unwrap();
        for (a, b) in got.p_values.iter().zip(&changed.p_values) {
            // A replicate at the very edge may fall to the other side.
            prop_assert!((a - b).abs() < 0.006);
        }
        let order: Vec<usize> = (0..5).map(|j| (j + turn) % 5).collect();
        let turned = set(&losses.select(Axis(1), &order), 3.0, 200).unwrap();
        for (place, &model) in order.iter().enumerate() {
            prop_assert!((turned.p_values[place] - got.p_values[model]).abs() < 0.006);
        }
    }
}
