use std::path::{Path, PathBuf};

use alluse_risk_core::{AssetId, Currency, Error as CoreError};
use proptest::prelude::*;

use super::*;
use crate::{Assets, CorrelationGoal, CorrelationStress, Currencies, Shock, Span, Step, Target};

fn corpus(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn good_files_read_and_round_trip() {
    let files = corpus("good");
    assert!(files.len() >= 4);
    for (path, text) in files {
        let read = read_scenarios(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let again = write_scenarios(&read).unwrap();
        assert_eq!(read_scenarios(again.as_bytes()).unwrap(), read, "{}", path.display());
    }
}

#[test]
fn bad_files_are_refused_with_a_place() {
    let files = corpus("bad");
    assert!(files.len() >= 20);
    for (path, text) in files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        match read_scenarios(&text) {
            Err(Error::Read { line, column, message }) => {
                assert!(line >= 1 && column >= 1 && !message.is_empty(), "{name}");
                assert!(!message.contains(" at line "), "{name}: {message}");
            }
            Err(Error::Input(CoreError::Empty { .. })) => assert_eq!(name, "empty_list"),
            Err(Error::Input(CoreError::Duplicate { .. })) => assert_eq!(name, "duplicate_names"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn the_place_is_that_of_the_mistake() {
    let text =
        "[\n  {\"name\": \"x\",\n   \"steps\": [{\"target\": {\"spot\": \"evry\"}, \"shock\": {\"log\": 0.1}}]}\n]";
    match read_scenarios(text.as_bytes()) {
        // The wrong word ends there.
        Err(Error::Read { line: 3, column: 39, message }) => assert!(message.contains("unknown variant `evry`")),
        other => panic!("{other:?}"),
    }
    assert!(matches!(read_scenarios(b""), Err(Error::Read { line: 1, .. })));
}

#[test]
fn long_texts_are_refused_before_they_are_read() {
    let item = r#"[{"name":"x","steps":[{"target":{"spot":"every"},"shock":{"log":0.1}}]}]"#;
    let padded = |bytes: usize| [item.as_bytes(), &vec![b' '; bytes - item.len()]].concat();
    assert!(read_scenarios(&padded(MAX_SCENARIO_BYTES)).is_ok());
    let error = read_scenarios(&padded(MAX_SCENARIO_BYTES + 1)).unwrap_err();
    assert!(matches!(&error, Error::Read { message, .. } if message.contains("4194305 bytes")), "{error}");
}

#[test]
fn only_lists_that_read_back_are_written() {
    assert!(write_scenarios(&[]).is_err());
    let one = read_scenarios(&corpus("good")[0].1).unwrap().remove(0);
    assert!(write_scenarios(&[one.clone(), one]).is_err());
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z\"\\\\é ]{0,6}[A-Z0-9]".prop_map(|text| text)
}

fn assets() -> impl Strategy<Value = Assets> {
    prop_oneof![
        Just(Assets::Every),
        name().prop_map(|name| Assets::One(AssetId::new(name).unwrap())),
        (name(), name()).prop_map(|(axis, label)| Assets::Labelled { axis, label }),
    ]
}

fn currencies() -> impl Strategy<Value = Currencies> {
    prop_oneof![Just(Currencies::Every), name().prop_map(|name| Currencies::One(Currency::new(name).unwrap()))]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        Just(Span::ALL),
        (0.0..2.0_f64, 0.0..2.0_f64).prop_map(|(from, more)| Span::between(from, from + more).unwrap()),
        (0.0..2.0_f64).prop_map(|to| Span::new(None, Some(to)).unwrap()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let target = prop_oneof![
        assets().prop_map(Target::Spot),
        (assets(), span(), span()).prop_map(|(assets, moneyness, tenor_days)| Target::Volatility {
            assets,
            moneyness,
            tenor_days
        }),
        currencies().prop_map(Target::Rate),
        assets().prop_map(Target::DividendYield),
        currencies().prop_map(Target::Fx),
    ];
    let size = prop_oneof![any::<f64>().prop_filter("finite", |x| x.is_finite()), -1.0..1.0_f64];
    let shock = (0..5_u8, size).prop_map(|(kind, size)| match kind {
        0 => Shock::Relative(size),
        1 => Shock::Absolute(size),
        2 => Shock::Log(size),
        3 => Shock::StandardDeviations(size),
        _ => Shock::Level(size),
    });
    (target, shock).prop_map(|(target, shock)| Step::new(target, shock))
}

fn scenario() -> impl Strategy<Value = StressScenario> {
    let correlation = prop_oneof![
        Just(None),
        (0.0..=1.0_f64).prop_map(|weight| Some(CorrelationStress { toward: CorrelationGoal::One, weight })),
        (name(), 0.0..=1.0_f64)
            .prop_map(|(name, weight)| Some(CorrelationStress { toward: CorrelationGoal::Matrix(name), weight })),
    ];
    let steps = proptest::collection::vec(step(), 1..5);
    (name(), any::<String>(), 0..=10_000_u32, steps, correlation).prop_map(|(name, text, days, steps, correlation)| {
        let scenario = StressScenario::new(&name, steps).unwrap().with_description(&text).with_days(days).unwrap();
        let scenario = if days % 2 == 0 { scenario.with_source(&text) } else { scenario.with_assumption(&text) };
        match correlation {
            Some(correlation) => scenario.with_correlation(correlation).unwrap(),
            None => scenario,
        }
    })
}

/// Reads bytes; whatever is accepted must survive being written and read again.
fn reads_or_refuses(bytes: &[u8]) {
    if let Ok(read) = read_scenarios(bytes) {
        assert_eq!(read_scenarios(write_scenarios(&read).unwrap().as_bytes()).unwrap(), read);
    }
}

proptest! {
    #[test]
    fn scenarios_read_back_as_they_were(scenario in scenario()) {
        let text = write_scenarios(std::slice::from_ref(&scenario)).unwrap();
        prop_assert_eq!(read_scenarios(text.as_bytes()).unwrap(), vec![scenario]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        reads_or_refuses(&bytes);
    }

    #[test]
    fn mutated_texts_never_panic(
        file in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let files = corpus("good");
        let mut text = files[file.index(files.len())].1.clone();
        for (place, byte, edit) in edits {
            let place = place.index(text.len());
            match edit {
                0 => text[place] = byte,
                1 => text.insert(place, byte),
                _ => text.truncate(place.max(1)),
            }
        }
        reads_or_refuses(&text);
    }

    #[test]
    fn swapped_tokens_never_panic(
        file in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let files = corpus("good");
        let text = String::from_utf8(files[file.index(files.len())].1.clone()).unwrap();
        let mut tokens: Vec<&str> = text.split_inclusive([' ', ',', ':', '{', '[']).collect();
        let (from, to) = (from.index(tokens.len()), to.index(tokens.len()));
        tokens.swap(from, to);
        reads_or_refuses(tokens.concat().as_bytes());
    }
}
