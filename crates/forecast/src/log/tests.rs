use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, ErrorKind, InputHash, Receipt};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::Error;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon of a day after 1 January 2024, in hours.
fn hours(hours: i64) -> Timestamp {
    at("2024-01-01T00:00:00Z").checked_add(hours.hours()).unwrap()
}

fn target(opens: i64, closes: i64) -> Target {
    let date = jiff::tz::Offset::UTC.to_datetime(hours(closes)).date();
    Target::new(date, hours(opens), hours(closes)).unwrap()
}

fn model(name: &str) -> ModelId {
    ModelId::new(name, "1", InputHash::of_bytes("configuration", b"x")).unwrap()
}

/// Made on day `day` for the next one.
fn forecast(name: &str, id: String, day: i64, quantiles: [f64; 3]) -> LoggedForecast {
    let [low, middle, high] = quantiles;
    LoggedForecast::new(id, hours(24 * day), target(24 * day + 1, 24 * day + 24), 1, model(name), "index")
        .unwrap()
        .with_quantiles([(0.1, low), (0.5, middle), (0.9, high)])
        .unwrap()
}

fn log() -> ForecastLog {
    let mut log = ForecastLog::new();
    let first = forecast("a", "a1".into(), 0, [-1.0, 0.0, 1.0]).with_mean(0.25).unwrap();
    log.forecast(first.with_receipt(Receipt::new("config").with_seed(3))).unwrap();
    log.forecast(forecast("b", "b1".into(), 0, [-2.0, 0.0, 2.0]).with_probability(0.0, 0.75).unwrap()).unwrap();
    log.outcome("a1", 1.5, hours(24)).unwrap();
    log.forecast(forecast("a", "a2".into(), 1, [-1.0, 0.0, 1.0])).unwrap();
    log.outcome("b1", 1.5, hours(25)).unwrap();
    log
}

fn refusal<T: std::fmt::Debug>(result: crate::Result<T>) -> LogError {
    match result.unwrap_err() {
        Error::Log(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn nothing_enters_out_of_its_time() {
    let late = LoggedForecast::new("x", hours(1), target(1, 24), 1, model("a"), "index");
    assert!(matches!(refusal(late), LogError::MadeTooLate { .. }));
    assert!(LoggedForecast::new("x", hours(0), target(1, 24), 1, model("a"), "index").is_ok());
    let mut log = log();
    let before = log.clone();
    let early = log.outcome("a2", 0.0, hours(47));
    assert_eq!(
        refusal(early),
        LogError::ObservedTooEarly { id: "a2".into(), observed_at: hours(47), closes_at: hours(48) }
    );
    assert_eq!(refusal(log.outcome("a1", 9.0, hours(60))), LogError::DuplicateOutcome { id: "a1".into() });
    assert_eq!(refusal(log.outcome("zz", 9.0, hours(60))), LogError::UnknownForecast { id: "zz".into() });
    // Backdating: its own target is still ahead of its stated time, but the log is past that time.
    let backdated = forecast("a", "a0".into(), 1, [-1.0, 0.0, 1.0]);
    assert!(matches!(refusal(log.forecast(backdated)), LogError::TimeGoesBack { .. }));
    let again = forecast("a", "a1".into(), 2, [-1.0, 0.0, 1.0]);
    assert_eq!(refusal(log.forecast(again)), LogError::DuplicateForecast { id: "a1".into() });
    let silent = LoggedForecast::new("x", hours(48), target(49, 72), 1, model("a"), "index").unwrap();
    assert!(matches!(log.forecast(silent), Err(Error::Invalid { .. })));
    assert!(log.outcome("a2", f64::NAN, hours(60)).is_err());
    assert_eq!(log, before);
    log.outcome("a2", 0.0, hours(48)).unwrap();
}

#[test]
fn scores_by_hand() {
    let log = log();
    let score = log.score("a1").unwrap().unwrap();
    // 0.1 · 2.5, 0.5 · 1.5 and 0.9 · 0.5 over 3.
    assert!((score.pinball.unwrap() - 1.45 / 3.0).abs() < 1e-15);
    assert_eq!((score.squared_error, score.brier), (Some(1.5625), None));
    let score = log.score("b1").unwrap().unwrap();
    // 0.1 · 3.5, 0.5 · 1.5 and (1 − 0.9) · 0.5 over 3.
    assert!((score.pinball.unwrap() - 1.15 / 3.0).abs() < 1e-15);
    assert_eq!((score.squared_error, score.brier), (None, Some(0.0625)));
    assert_eq!(log.score("a2").unwrap(), None);
    assert!(matches!(refusal(log.score("zz")), LogError::UnknownForecast { .. }));
}

#[test]
fn a_summary_leaves_nothing_out() {
    let mut log = log();
    let other = ModelId::new("a", "2", InputHash::of_bytes("configuration", b"y")).unwrap();
    let third = LoggedForecast::new("a3", hours(48), target(49, 72), 5, other, "index").unwrap();
    log.forecast(third.with_mean(0.0).unwrap()).unwrap();
    let summary = log.summary("a", hours(60)).unwrap();
    assert_eq!((summary.forecasts, summary.scored, summary.pending), (3, 1, 1));
    assert_eq!(summary.unscored, ["a2"]);
    assert_eq!(log.unscored(hours(60)).iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["a2"]);
    let versions: Vec<_> = summary.versions.iter().map(|v| (v.version.as_str(), v.forecasts, v.scored)).collect();
    assert_eq!(versions, [("1", 2, 1), ("2", 1, 0)]);
    let groups: Vec<_> = summary.groups.iter().map(|g| (g.horizon, g.forecasts, g.scored, g.stating)).collect();
    assert_eq!(groups, [(1, 2, 1, [1, 1, 0]), (5, 1, 0, [0, 0, 0])]);
    assert_eq!(summary.groups[1].mean_pinball, None);
    // A day earlier none of it was known.
    assert_eq!(log.summary("a", hours(23)).unwrap().scored, 0);
    assert!(matches!(refusal(log.summary("zz", hours(60))), LogError::UnknownModel { .. }));
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<LogSummary>(&text).unwrap(), summary);
}

/// One model knows the spread of the outcome, the other states twice of it.
#[test]
fn a_better_model_shows_in_the_record() {
    let z = Streams::new(5).standard_normals(200, 1);
    let mut log = ForecastLog::new();
    for day in 0..200_i64 {
        for (name, width) in [("sharp", 1.0), ("wide", 2.0)] {
            let quantiles = [-1.28 * width, 0.0, 1.28 * width];
            log.forecast(forecast(name, format!("{name}{day}"), day, quantiles)).unwrap();
        }
        // The wide one lacks its outcome on every tenth day.
        for name in ["sharp", "wide"] {
            if name == "sharp" || day % 10 > 0 {
                log.outcome(format!("{name}{day}"), z[[day as usize, 0]], hours(24 * day + 24)).unwrap();
            }
        }
    }
    let all = log.compare("sharp", "wide", hours(24 * 300), Confidence::P95).unwrap();
    assert_eq!((all.len(), all[0].compared, all[0].left_out, all[0].repeated), (1, 180, 20, 0));
    let skill = all[0].skill.known().unwrap();
    assert_eq!((skill.lags, skill.effective_observations), (0, 180));
    assert!(skill.interval.lower > 0.0 && skill.test.p_value < 0.01);
    // Expected losses by the normal law: 0.248 and 0.300.
    assert!((skill.value - 0.172).abs() < 3.0 * skill.standard_error, "{}", skill.value);
    let none = log.compare("sharp", "wide", hours(24 * 2), Confidence::P95).unwrap();
    assert!(none[0].skill.known().is_none());
}

#[test]
fn a_broken_line_is_named() {
    let text = log().to_text().unwrap();
    assert_eq!(ForecastLog::parse(text.as_bytes()).unwrap(), log());
    let mut written = Vec::new();
    log().write(&mut written).unwrap();
    assert_eq!(written, text.as_bytes());
    let lines: Vec<&str> = text.lines().collect();
    let broken = |lines: &[&str]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        match refusal(ForecastLog::parse(text.as_bytes())) {
            LogError::Broken { line, problem } => (line, problem),
            other => panic!("{other}"),
        }
    };
    // A line left out, two exchanged, one repeated, an empty one.
    assert_eq!(broken(&[lines[0], lines[2]]).0, 2);
    assert_eq!(broken(&[lines[0], lines[2], lines[1]]).0, 2);
    assert_eq!(broken(&[lines[0], lines[0]]).0, 2);
    assert_eq!(broken(&["", lines[0]]), (1, "not a line of a log".into()));
    // An end is missing; a shorter log is told by its head alone.
    let cut = &text[..text.len() - 1];
    assert!(matches!(refusal(ForecastLog::parse(cut.as_bytes())), LogError::Broken { line: 5, .. }));
    let shorter = ForecastLog::parse(format!("{}\n", lines[0]).as_bytes()).unwrap();
    assert!(matches!(refusal(shorter.expect_head(log().head())), LogError::OtherHead { .. }));
    log().expect_head(log().head()).unwrap();
    assert!(ForecastLog::parse(b"").unwrap().is_empty());
}

/// A chain with good hashes whose contents break a rule.
#[test]
fn a_forged_chain_is_replayed() {
    let forge = |from: &str, to: &str| {
        let (mut text, mut previous) = (String::new(), line::GENESIS.to_owned());
        for old in log().to_text().unwrap().lines() {
            let body = &old[11 + 64 + 9..old.len() - 1];
            let start = body.find("\"previous\":\"").unwrap() + 12;
            let body = format!("{}{previous}{}", &body[..start], &body[start + 64..]).replacen(from, to, 1);
            previous = InputHash::of_bytes("b", body.as_bytes()).sha256;
            text += &format!("{{\"sha256\":\"{previous}\",\"body\":{body}}}\n");
        }
        ForecastLog::parse(text.as_bytes())
    };
    assert_eq!(forge("zz", "zz").unwrap(), log());
    for (from, to, place) in [
        ("\"made_at\":\"2024-01-01T00:00:00Z\"", "\"made_at\":\"2024-01-01T01:00:00Z\"", 1),
        ("\"observed_at\":\"2024-01-02T00:00:00Z\"", "\"observed_at\":\"2024-01-01T23:00:00Z\"", 3),
        ("\"observed_at\":\"2024-01-02T00:00:00Z\"", "\"observed_at\":\"2024-01-03T00:00:00Z\"", 4),
        ("\"id\":\"b1\"", "\"id\":\"a1\"", 2),
        ("\"horizon\":1", "\"horizon\":0", 1),
        ("\"probability\":0.5", "\"probability\":0.05", 1),
        ("\"observed\":1.5", "\"observed\":null", 3),
        ("\"sequence\":1", "\"sequence\":4", 2),
        ("\"seed\":3", "\"seed\":3,\"more\":1", 1),
        ("\"seed\":3", "\"seed\": 3", 1),
        ("\"seed\":3", "\"seed\":3,\"seed\":3", 1),
    ] {
        match refusal(forge(from, to)) {
            LogError::Broken { line, .. } => assert_eq!(line, place, "{to}"),
            other => panic!("{to}: {other}"),
        }
    }
}

#[test]
fn hostile_input() {
    let good = || LoggedForecast::new("x", hours(0), target(1, 24), 1, model("a"), "index").unwrap();
    assert!(good().with_quantiles([(0.5, 0.0), (0.4, 1.0)]).is_err());
    assert!(good().with_quantiles([(0.5, 0.0), (0.6, -1.0)]).is_err());
    assert!(good().with_quantiles([(0.0, 0.0)]).is_err() && good().with_quantiles([(0.5, f64::NAN)]).is_err());
    assert!(good().with_mean(f64::INFINITY).is_err());
    assert!(good().with_probability(0.0, 1.1).is_err() && good().with_probability(f64::NAN, 0.5).is_err());
    assert!(good().with_probability(0.0, 0.5).unwrap().with_probability(0.0, 0.6).is_err());
    assert!(LoggedForecast::new(" ", hours(0), target(1, 24), 1, model("a"), "index").is_err());
    assert!(LoggedForecast::new("x", hours(0), target(1, 24), 0, model("a"), "index").is_err());
    assert!(ModelId::new("", "1", InputHash::of_bytes("c", b"")).is_err());
    let date = "2024-01-09".parse().unwrap();
    assert!(Target::new(date, hours(48), hours(24)).is_err() && Target::new(date, hours(1), hours(24)).is_err());
    assert_eq!(LogError::Unreadable { problem: String::new() }.kind(), ErrorKind::Io);
    let predictive = crate::Predictive::new(vec![-1.0, 1.0, 2.0]).unwrap();
    let stated = good().with_predictive(&predictive, &[0.5]).unwrap();
    assert_eq!((stated.quantiles[0].value, stated.probabilities[0].probability), (1.0, 2.0 / 3.0));
}

/// Texts that are no log: none panics, each is refused at its first line.
#[test]
fn a_small_corpus_of_broken_texts() {
    let first = log().to_text().unwrap().lines().next().unwrap().to_owned();
    let corpus: [Vec<u8>; 9] = [
        b"\n".to_vec(),
        b"{}\n".to_vec(),
        b"null\n".to_vec(),
        b"\xff\xfe\x00\n".to_vec(),
        b"{\"sha256\":\"\",\"body\":}\n".to_vec(),
        format!("{first}\r\n").into_bytes(),
        format!("\u{feff}{first}\n").into_bytes(),
        first.to_uppercase().into_bytes(),
        vec![b'['; 100_000],
    ];
    for text in corpus {
        assert!(matches!(refusal(ForecastLog::parse(&text)), LogError::Broken { line: 1, .. }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any byte changed is detected, at its own line or at the next.
    #[test]
    fn tampering_with_any_byte_is_detected(place in 0.0_f64..1.0, other: u8) {
        let mut text = log().to_text().unwrap().into_bytes();
        let place = (place * text.len() as f64) as usize;
        prop_assume!(text[place] != other);
        let line = text[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        text[place] = other;
        match refusal(ForecastLog::parse(&text)) {
            LogError::Broken { line: found, .. } => prop_assert_eq!(found, line),
            other => prop_assert!(false, "{}", other),
        }
    }

    /// Bytes cut out or put in are detected too, and no bytes at all make the parser panic.
    #[test]
    fn cutting_and_inserting_is_detected(from in 0.0_f64..1.0, length in 1_usize..40, put in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text = log().to_text().unwrap().into_bytes();
        let from = (from * text.len() as f64) as usize;
        let to = (from + length).min(text.len());
        let mut changed = text.clone();
        changed.splice(from..to, put.iter().copied());
        prop_assume!(changed != text);
        prop_assert!(ForecastLog::parse(&changed).is_err());
        let _ = ForecastLog::parse(&put);
    }

    /// What is written is read back bit for bit.
    #[test]
    fn numbers_survive(values in proptest::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 1..20)) {
        let mut log = ForecastLog::new();
        for (day, value) in values.iter().enumerate() {
            let day = day as i64;
            let id = format!("f{day}");
            let made = LoggedForecast::new(id.clone(), hours(24 * day), target(24 * day + 1, 24 * day + 24), 1, model("a"), "ä\n\"").unwrap();
            log.forecast(made.with_mean(*value).unwrap()).unwrap();
            log.outcome(id, *value, hours(24 * day + 24)).unwrap();
        }
        let text = log.to_text().unwrap();
        let read = ForecastLog::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(read.to_text().unwrap(), text);
        prop_assert_eq!(read, log);
    }
}
