use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::measures::StationaryBlocks;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Error as Input};
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::Error;
use crate::contribution::{Component, LabelAxis, LabelKnowledge, PnlPanel};

/// An autoregression of unit innovations, started in its stationary law.
fn autoregression(normals: impl Iterator<Item = f64>, rho: f64) -> Vec<f64> {
    let mut last: Option<f64> = None;
    normals
        .map(|z| {
            let next = last.map_or(z / (1.0 - rho * rho).sqrt(), |last| rho * last + z);
            last = Some(next);
            next
        })
        .collect()
}

/// Labels in runs: the state changes to a random one with probability `leave`.
fn states(uniforms: impl Iterator<Item = f64>, leave: f64, count: usize) -> Vec<usize> {
    let mut state = 0;
    uniforms
        .map(|u| {
            if u < leave {
                state = ((u / leave) * count as f64) as usize;
            }
            state
        })
        .collect()
}

fn axis(codes: &[usize]) -> LabelAxis {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let labels: Vec<Option<&str>> = codes.iter().map(|&code| Some(names[code])).collect();
    LabelAxis::periods("state", &labels, LabelKnowledge::Hindsight).unwrap()
}

/// A simulated record: an autoregression of `rho`, labels in runs of mean length about `1/leave`.
fn record(seed: u64, n: usize, rho: f64, leave: f64, count: usize) -> (Array1<f64>, Vec<usize>) {
    let z = Streams::new(seed).standard_normals(n, 2);
    let series = autoregression(z.column(0).iter().copied(), rho).into();
    let uniforms = z.column(1).into_iter().map(|&z| alluse_risk_core::normal::cdf(z));
    (series, states(uniforms, leave, count))
}

/// Share of a thousand records without any effect in which a label has p ≤ 5 %.
fn rejected(permutations: Permutations, rho: f64, leave: f64) -> f64 {
    let one = |seed: u64| {
        let (series, codes) = record(seed, 200, rho, leave, 2);
        let p = permutations.p_values(series.view(), &codes, 2);
        p[0].value <= 0.05
    };
    (0..1_000).filter(|&seed| one(seed)).count() as f64 / 1_000.0
}

#[test]
fn without_an_effect_five_percent_are_rejected() {
    // The standard error of a rate of 5 % in a thousand is 0.7 points; 3 to 7 % is three of them.
    let plain = Permutations::Plain { seed: 9, draws: 199 };
    let blocks = Permutations::Blocks { length: 20, seed: 9, draws: 199 };
    for (name, permutations, rho, leave) in [
        ("shifts, AR 0.5, runs", Permutations::CircularShifts, 0.5, 0.2),
        ("shifts, AR 0.3, single", Permutations::CircularShifts, 0.3, 1.0),
        ("blocks of 20, AR 0.3, runs", blocks, 0.3, 0.2),
        ("plain, AR 0, single", plain, 0.0, 1.0),
    ] {
        let rate = rejected(permutations, rho, leave);
        println!("rejection rate at 5 %: {name}: {rate}");
        assert!((0.03..=0.07).contains(&rate), "{name}: {rate}");
    }
    // What goes wrong without regard to the past: this is why shifts are the default.
    let naive = rejected(plain, 0.5, 0.2);
    println!("rejection rate at 5 %: plain, AR 0.5, runs: {naive}");
    assert!(naive > 0.10, "{naive}");
}

#[test]
fn planted_effects_are_found_and_few_findings_are_false() {
    // Ten labels; one earns a deviation more and one a deviation less, so that the rest of each other label earns
    // nothing on average: eight nulls are true.
    let (mut found, mut false_share, records) = (0, 0.0, 200);
    for seed in 0..records {
        let (mut series, codes) = record(seed, 600, 0.2, 1.0, 10);
        series.iter_mut().zip(&codes).for_each(|(x, code)| *x += [1.0, -1.0].get(*code).unwrap_or(&0.0));
        let report = LabelTest::default().of_periods(&series, &axis(&codes)).unwrap();
        let finds = |planted: bool| {
            let kind = |label: &&LabelEffect| ["a", "b"].contains(&label.label.as_str()) == planted;
            let found = |label: &&LabelEffect| label.evidence == Evidence::Distinguishable;
            report.labels.iter().filter(kind).filter(found).count()
        };
        found += finds(true);
        false_share += finds(false) as f64 / (finds(true) + finds(false)).max(1) as f64;
    }
    let (power, false_share) = (found as f64 / (2 * records) as f64, false_share / records as f64);
    println!("power {power}, false discovery rate {false_share}");
    // d = 1 with 60 of 600 weeks is some seven standard errors. A share averages at most 5 %; its standard deviation is
    // below 0.15, so three standard errors of 200 records are 3.2 points.
    assert!(power >= 0.98 && false_share <= 0.082, "{power} {false_share}");
}

#[test]
fn the_false_discovery_rate_is_at_most_nominal() {
    // Ten labels and no effect: every finding is false, so the rate is the chance of any.
    let records = 400;
    let any = |multiplicity| {
        let one = |seed: u64| {
            let (series, codes) = record(seed, 240, 0.3, 1.0, 10);
            let test = LabelTest::default().with_multiplicity(multiplicity);
            let report = test.of_periods(&series, &axis(&codes)).unwrap();
            report.labels.iter().any(|label| label.evidence == Evidence::Distinguishable)
        };
        (0..records).filter(|&seed| one(seed)).count() as f64 / records as f64
    };
    let (lenient, strict) = (any(Multiplicity::BenjaminiHochberg), any(Multiplicity::Holm));
    println!("false discovery rate at 5 %: Benjamini-Hochberg {lenient}, Holm {strict}");
    // Three standard errors of 5 % in 400 are 3.3 points.
    assert!(lenient <= 0.083 && strict <= lenient, "{lenient} {strict}");
}

/// A book of four strategies with known mean contributions, a shared week type with known effects, and noise that
/// depends on its past.
struct KnownBook {
    panel: PnlPanel,
    types: Vec<usize>,
}

const MEANS: [f64; 4] = [0.001, 0.0, -0.0005, 0.0002];
const EFFECTS: [f64; 3] = [0.003, 0.0, -0.004];
const WEEKS: usize = 260;

fn known_book(seed: u64, rho: f64, leave: f64) -> KnownBook {
    let z = Streams::new(seed).standard_normals(WEEKS, 6);
    let uniforms = z.column(5).into_iter().map(|&z| alluse_risk_core::normal::cdf(z));
    let types = states(uniforms, leave, 3);
    let mut pnl = Array2::zeros((4, WEEKS));
    let common = autoregression(z.column(4).iter().copied(), rho);
    for row in 0..4 {
        let own = autoregression(z.column(row).iter().copied(), rho);
        for t in 0..WEEKS {
            let noise = 0.004 * own[t] + 0.003 * common[t];
            // Each strategy takes a quarter of the week type's effect.
            pnl[[row, t]] = 100.0 * (MEANS[row] + 0.25 * EFFECTS[types[t]] + noise);
        }
    }
    let dates = date(2019, 1, 4).series(1.week()).take(WEEKS).collect();
    let rows = (0..4).map(|row| format!("row {row}")).collect();
    let panel = PnlPanel::new(date(2018, 12, 28), dates, rows, vec![100.0; WEEKS]).unwrap();
    KnownBook { panel: panel.with(Component::Price, pnl).unwrap(), types }
}

fn strategies() -> LabelAxis {
    let names = ["s0", "s1", "s2", "s3"].map(|name| Some(name.to_owned())).to_vec();
    let table = LabelTable::new(4).with_axis("strategy", names).unwrap();
    LabelAxis::positions(&table, "strategy", LabelKnowledge::ExAnte).unwrap()
}

/// Measured coverage of the 95 % intervals: strategies' contributions, week types' contributions, their differences.
fn coverage(rho: f64, leave: f64, books: u64) -> [f64; 3] {
    let test = LabelTest::default();
    let (mut inside, mut all) = ([0_usize; 3], [0_usize; 3]);
    let mut count = |kind: usize, estimate: Option<EffectEstimate>, truth: f64| {
        let Some(estimate) = estimate else { return };
        let interval = estimate.interval;
        all[kind] += 1;
        inside[kind] += usize::from(interval.lower <= truth && truth <= interval.upper);
    };
    let sum: f64 = MEANS.iter().sum();
    for seed in 0..books {
        let book = known_book(seed, rho, leave);
        let contributions = book.panel.contributions().unwrap();
        let report = test.of_contributions(&contributions, &strategies()).unwrap();
        for (label, mean) in report.labels.iter().zip(MEANS) {
            // A strategy's driver on average over the week types, each a third of the weeks.
            count(0, label.contribution, WEEKS as f64 * (mean + 0.25 * EFFECTS.iter().sum::<f64>() / 3.0));
        }
        let axis = axis(&book.types);
        let report = test.of_periods(&contributions.returns().to_owned(), &axis).unwrap();
        let weeks: Vec<f64> = (0..3).map(|kind| book.types.iter().filter(|t| **t == kind).count() as f64).collect();
        for (kind, name) in ["a", "b", "c"].into_iter().enumerate() {
            let Some(label) = report.label(name) else { continue };
            count(1, label.contribution, weeks[kind] * (sum + EFFECTS[kind]));
            let rest: f64 = (0..3).filter(|&k| k != kind).map(|k| weeks[k] * EFFECTS[k]).sum::<f64>();
            count(2, label.effect, EFFECTS[kind] - rest / (WEEKS as f64 - weeks[kind]));
        }
    }
    [0, 1, 2].map(|kind| inside[kind] as f64 / all[kind] as f64)
}

/// The acceptance criterion: true contributions lie inside the stated 95 % intervals in 93 to 97 % of simulated books.
#[test]
fn true_contributions_lie_inside_the_intervals() {
    for (rho, leave) in [(0.0, 1.0), (0.3, 1.0), (0.5, 1.0), (0.3, 0.2)] {
        let measured = coverage(rho, leave, 400);
        println!("coverage of 95 % intervals, AR {rho}, types change with {leave}: {measured:?}");
        for share in measured {
            assert!((0.93..=0.97).contains(&share), "AR {rho}, {leave}: {measured:?}");
        }
    }
}

/// The variance without drawing against one with: what corrects it depends on nothing but lengths, so it cancels from
/// the ratio of two series.
#[test]
fn the_error_is_that_of_drawn_resamples() {
    let (n, draws) = (60, 20_000);
    let waves: Array1<f64> = (0..n).map(|t| f64::from(t / 6 % 2) + 0.1 * f64::from(t % 5)).collect();
    let zigzag: Array1<f64> = (0..n).map(|t| f64::from(t % 2) + 0.1 * f64::from(t / 12)).collect();
    let blocks = StationaryBlocks::new(4.0).unwrap();
    let drawn = |series: &Array1<f64>| {
        let mut stream = Streams::new(11).block(0);
        let means: Array1<f64> = (0..draws)
            .map(|_| blocks.places(60, &mut stream).into_iter().map(|place| series[place]).sum::<f64>() / 60.0)
            .collect();
        means.var(0.0)
    };
    let exact = |series: &Array1<f64>| {
        let all = vec![true; 60];
        let (choice, level) = (BlockChoice::Fixed(blocks), Confidence::P95);
        let estimate =
            error_of_mean::estimate(series.view(), &all, error_of_mean::Target::Mean, choice, level).unwrap();
        estimate.unwrap().standard_error.powi(2)
    };
    let (got, want) = (exact(&waves) / exact(&zigzag), drawn(&waves) / drawn(&zigzag));
    // Each variance of 20,000 nearly normal draws has the relative error √(2/20,000) = 1 %; four of the ratio's.
    assert!((got / want - 1.0).abs() < 4.0 * 2.0_f64.sqrt() * 0.01 && got > 2.0, "{got} against {want}");
}

#[test]
fn many_labels_can_put_every_p_value_out_of_reach() {
    // 50 shifts: the smallest p-value is 0.02, times ten labels 0.2.
    let (mut series, _) = record(8, 50, 0.0, 1.0, 2);
    let codes: Vec<usize> = (0..50).map(|t| t * t * 7 % 53 % 10).collect();
    series.iter_mut().zip(&codes).filter(|(_, code)| **code == 3).for_each(|(x, _)| *x += 50.0);
    let report = LabelTest::default().with_minimum_periods(2).of_periods(&series, &axis(&codes)).unwrap();
    let label = report.label("d").unwrap();
    assert_eq!((label.p_value, report.tested), (Some(0.02), 10));
    assert_eq!(label.evidence, Evidence::TooFew(TooFew::Arrangements { smallest: 0.02 }));
}

#[test]
fn a_label_of_one_run_says_next_to_nothing() {
    let (series, _) = record(2, 120, 0.6, 1.0, 2);
    let blocks = BlockChoice::Fixed(StationaryBlocks::new(40.0).unwrap());
    let codes: Vec<usize> = (0..120).map(|t| usize::from((50..60).contains(&t))).collect();
    let report = LabelTest::default().with_blocks(blocks).of_periods(&series, &axis(&codes)).unwrap();
    // One degree of freedom: the interval says that nothing is known.
    let label = report.label("b").unwrap();
    assert!(matches!(label.evidence, Evidence::TooFew(TooFew::Record { available: 120, .. })));
    let effect = label.effect.unwrap();
    assert!(effect.degrees_of_freedom == 1.0 && effect.interval.upper > 12.0 * effect.standard_error);
    // Two periods next to each other cancel: no block length is best for them.
    let codes: Vec<usize> = (0..120).map(|t| usize::from(t == 50 || t == 51)).collect();
    let report = LabelTest::default().of_periods(&series, &axis(&codes)).unwrap();
    assert!(report.label("b").unwrap().contribution.is_none());
}

#[test]
fn independent_periods_give_the_textbook_intervals() {
    // scipy.stats.ttest_1samp and ttest_ind(equal_var=False) on all fifteen, and on eight against seven of them.
    let series: Array1<f64> =
        vec![0.3, -0.1, 0.8, 0.2, -0.5, 1.1, 0.4, -0.2, 0.6, 0.0, 0.9, -0.4, 0.7, 0.35, -0.15].into();
    let codes = [0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0];
    let single = BlockChoice::Fixed(StationaryBlocks::new(1.0).unwrap());
    let test = LabelTest::default().with_blocks(single).with_minimum_periods(2);
    let report = test.of_periods(&series, &axis(&codes)).unwrap();
    let effect = report.label("a").unwrap().effect.unwrap();
    for (got, want) in [
        (effect.value, WELCH[0]),
        (effect.standard_error, WELCH[1]),
        (effect.degrees_of_freedom, WELCH[2]),
        (effect.interval.lower, WELCH[3]),
        (effect.interval.upper, WELCH[4]),
        (effect.p_value().unwrap(), WELCH[5]),
    ] {
        // The Student t quantile of the library is good to ten digits or so.
        close(got, want, 1e-9);
    }
    let pnl = Array2::from_shape_fn((1, 15), |(_, t)| series[t] / 100.0);
    let dates = date(2024, 1, 5).series(1.week()).take(15).collect();
    let panel = PnlPanel::new(date(2023, 12, 29), dates, vec!["x".into()], vec![1.0; 15]).unwrap();
    let panel = panel.with(Component::Price, pnl).unwrap();
    let table = LabelTable::new(1).with_axis("strategy", vec![Some("x".into())]).unwrap();
    let rows = LabelAxis::positions(&table, "strategy", LabelKnowledge::ExAnte).unwrap();
    let contributions = panel.contributions().unwrap();
    let report = test.of_contributions(&contributions, &rows).unwrap();
    let label = &report.labels[0];
    close(label.p_value.unwrap(), ONE_SAMPLE[0], 1e-9);
    close(100.0 * label.effect.unwrap().interval.lower, ONE_SAMPLE[1], 1e-9);
    close(label.contribution.unwrap().interval.upper * 100.0 / 15.0, ONE_SAMPLE[2], 1e-9);
    assert!(matches!(test.of_contributions(&contributions, &axis(&codes)), Err(Error::Unsupported { .. })));
    assert!(matches!(test.of_periods(&series, &rows), Err(Error::Unsupported { .. })));
}

const WELCH: [f64; 6] = [
    0.6607142857142858,
    0.18475024509110805,
    12.928687664294724,
    0.2613617399808529,
    1.0600668314477186,
    0.0034094316378117198,
];
const ONE_SAMPLE: [f64; 3] = [0.05284306184793686, -0.0037536440894512246, 0.5370869774227846];

#[test]
fn verdicts_have_reasons() {
    let (series, _) = record(5, 120, 0.0, 1.0, 2);
    let run = |test: LabelTest, kind: fn(usize) -> usize, label: &str| {
        let codes: Vec<usize> = (0..120).map(kind).collect();
        test.of_periods(&series, &axis(&codes)).unwrap().label(label).unwrap().clone()
    };
    let default = LabelTest::default();
    let two = run(default, |t| usize::from(t == 20 || t == 77), "b");
    assert_eq!(two.evidence, Evidence::TooFew(TooFew::Labelled { available: 2, required: 5 }));
    assert!(two.p_value.is_none() && two.holm.is_none() && two.effect.is_some() && two.required_periods.unwrap() > 120);
    let rest = run(default, |t| usize::from(t == 20 || t == 77), "a");
    assert_eq!(rest.evidence, Evidence::TooFew(TooFew::Rest { available: 2, required: 5 }));
    // Every fourth week: four arrangements, so no p-value below a quarter.
    let fourth = run(default, |t| usize::from(t % 4 == 0), "b");
    assert_eq!(fourth.evidence, Evidence::TooFew(TooFew::Arrangements { smallest: 0.25 }));
    let all = run(default, |_| 0, "a");
    assert_eq!(all.evidence, Evidence::TooFew(TooFew::Rest { available: 0, required: 5 }));
    assert!(all.rest_mean.is_none() && all.effect.is_none() && all.contribution.is_some());
    // Halves: an effect of a deviation would show in 120 weeks, one of a twentieth would not.
    let plain = default.with_permutations(Permutations::Plain { seed: 1, draws: 999 });
    let power = Confidence::new(0.8).unwrap();
    let of = |size| run(plain.with_power(power, EffectSize::StandardDeviations(size)), |t| t * 7 % 11 % 2, "b");
    assert_eq!(of(1.0).evidence, Evidence::NotDistinguishable);
    assert!(
        matches!(of(0.05).evidence, Evidence::TooFew(TooFew::Record { available: 120, required }) if required > 9_000)
    );
    let constant = LabelTest::default().of_periods(&Array1::from_elem(40, 0.1), &axis(&[[0; 20], [1; 20]].concat()));
    for label in constant.unwrap().labels {
        assert_eq!((label.evidence, label.effect), (Evidence::TooFew(TooFew::Variation), None));
    }
}

#[test]
fn unlabelled_periods_are_shown() {
    let (series, codes) = record(6, 60, 0.0, 1.0, 3);
    let labels: Vec<Option<&str>> = codes.iter().map(|&code| [Some("a"), Some("b"), None][code]).collect();
    let axis = LabelAxis::periods("state", &labels, LabelKnowledge::ExAnte).unwrap();
    let report = LabelTest::default().of_periods(&series, &axis).unwrap();
    let nowhere = report.unlabelled.unwrap();
    let labelled: f64 = report.labels.iter().map(|label| label.contribution.unwrap().value).sum();
    close(labelled + nowhere.contribution, series.sum(), 1e-12);
    assert_eq!(report.labels.iter().map(|label| label.periods).sum::<usize>() + nowhere.periods, 60);
    assert_eq!((report.knowledge, report.tested), (LabelKnowledge::ExAnte, 2));
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<SignificanceReport>(&text).unwrap(), report);
}

#[test]
fn hostile_input() {
    let (series, codes) = record(7, 40, 0.0, 1.0, 2);
    let run =
        |test: LabelTest, series: &Array1<f64>, codes: &[usize]| test.of_periods(series, &axis(codes)).unwrap_err();
    let default = LabelTest::default();
    let mut bad = series.clone();
    bad[17] = f64::NAN;
    assert!(matches!(run(default, &bad, &codes), Error::Input(Input::ElementOutOfDomain { index: 17, .. })));
    assert!(matches!(run(default, &series, &codes[1..]), Error::Input(Input::LengthMismatch { .. })));
    let short: Array1<f64> = series.iter().take(9).copied().collect();
    assert!(matches!(run(default, &short, &codes[..9]), Error::Input(Input::InsufficientData { .. })));
    let power = Confidence::P90;
    for test in [
        default.with_minimum_periods(1),
        default.with_power(power, EffectSize::Return(0.0)),
        default.with_power(power, EffectSize::StandardDeviations(f64::NAN)),
        default.with_permutations(Permutations::Plain { seed: 1, draws: 5 }),
    ] {
        assert!(matches!(run(test, &series, &codes), Error::Input(Input::OutOfDomain { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Level and unit of the results change neither p-values nor verdicts; the same seed gives the same report.
    #[test]
    fn verdicts_do_not_depend_on_units(seed in 0_u64..1_000, level in -4_i32..4, scale in -3_i32..4) {
        let (series, codes) = record(seed, 64, 0.3, 0.5, 3);
        let test = LabelTest::default().with_permutations(Permutations::Blocks { length: 4, seed, draws: 99 });
        let axis = axis(&codes);
        let one = test.of_periods(&series, &axis).unwrap();
        let scale = 2.0_f64.powi(scale);
        let other = test.of_periods(&series.mapv(|x| scale * (x + f64::from(level))), &axis).unwrap();
        for (a, b) in one.labels.iter().zip(&other.labels) {
            prop_assert_eq!(a.p_value, b.p_value);
            if let (Some(a), Some(b)) = (a.effect, b.effect) {
                prop_assert!((scale * a.value - b.value).abs() < 1e-11 * scale);
                prop_assert!((scale * a.standard_error / b.standard_error - 1.0).abs() < 1e-9);
            }
        }
        prop_assert_eq!(test.of_periods(&series, &axis).unwrap(), one);
    }
}
