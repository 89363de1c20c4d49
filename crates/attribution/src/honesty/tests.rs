use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, ErrorKind, Frequency};
use jiff::ToSpan as _;
use jiff::civil::date;
use ndarray::Array1;

use super::*;
use crate::{ReturnKind, ReturnSeries, RiskFree};

fn record(returns: impl Into<Array1<f64>>, frequency: Frequency) -> ReturnSeries {
    let returns = returns.into();
    let dates = (0..returns.len()).map(|day| date(1950, 1, 1).saturating_add((day as i64).days())).collect();
    ReturnSeries::new("record", dates, returns, frequency, ReturnKind::Total).unwrap()
}

/// Sixty months that win and three that do not.
fn short_puts(level: f64) -> ReturnSeries {
    let mut returns: Vec<f64> = (0..60).map(|i| level + 0.006 * (1.7 * f64::from(i)).sin()).collect();
    (returns[37], returns[38], returns[5]) = (-0.14, -0.03, -0.02);
    record(returns, Frequency::Monthly)
}

fn find<T>(report: &HonestyReport, of: impl Fn(&Finding) -> Option<T>) -> Option<(Severity, T)> {
    report.warnings.iter().find_map(|warning| Some((warning.severity, of(&warning.finding)?)))
}

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * (1.0 + want.abs()), "{got} against {want}");
}

/// numpy 2 and scipy 1.17: the formulas of Mertens (2002), Bailey and López de Prado (2012, 2014), and the
/// Newey-West error with 3 lags.
#[test]
fn the_numbers_of_a_record() {
    let trials = Trials { count: 50.0, variance: 0.02 };
    let report = HonestyCheck::default().with_trials(trials).examine(&short_puts(0.010)).unwrap();
    let (severity, ()) = find(&report, |finding| match finding {
        Finding::SharpeLessSure { ratio, normal, adjusted, probability_if_normal, probability } => {
            close(*ratio, 0.297_545_839_840_769_04);
            close(adjusted.lower, -0.198_597_215_980_530_48);
            close(adjusted.upper, 0.793_688_895_662_068_6);
            close(normal.lower, 0.036_793_740_886_537_25);
            close(normal.upper, 0.558_297_938_795_000_9);
            close(*probability, 0.880_087_708_672_725_6);
            close(*probability_if_normal, 0.987_341_367_176_669_9);
            Some(())
        }
        _ => None,
    })
    .unwrap();
    // 98.7 % is above 95 %, 88.0 % is not: the conclusion does not hold.
    assert_eq!(severity, Severity::Serious);
    let needed = |finding: &Finding| match finding {
        Finding::TrackRecordTooShort { needed, observations: 60, .. } => *needed,
        _ => None,
    };
    close(find(&report, needed).unwrap().1, 116.535_756_557_014_21);
    let tails = find(&report, |finding| match finding {
        Finding::LossesInTheTail { skewness, excess_kurtosis, .. } => Some((*skewness, *excess_kurtosis)),
        _ => None,
    });
    let (_, (skewness, excess)) = tails.unwrap();
    close(skewness, -6.174_950_588_710_841);
    close(excess, 40.621_002_367_727_776);
    let luck = find(&report, |finding| match finding {
        Finding::LuckOfTrials { expected_maximum, probability, .. } => Some((*expected_maximum, *probability)),
        _ => None,
    });
    let (_, (expected_maximum, probability)) = luck.unwrap();
    close(expected_maximum, 0.321_917_870_678_688_7);
    close(probability, 0.461_649_378_209_389);
    // A worst month of 7.1 deviations is a tail event.
    assert!(find(&report, |finding| matches!(finding, Finding::NoTailEvent { .. }).then_some(())).is_none());
    assert!(report.unchecked.is_empty());
    assert!(report.warnings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    for warning in &report.warnings {
        assert!(warning.sentence.len() > 30 && !warning.sentence.contains("NaN"), "{}", warning.sentence);
    }
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<HonestyReport>(&text).unwrap(), report);
}

#[test]
fn a_win_rate_of_95_percent_that_earns_nothing_sure() {
    let report = HonestyCheck::default().examine(&short_puts(0.008)).unwrap();
    let found = find(&report, |finding| match finding {
        Finding::WinRateHidesLosses { win_rate, payoff_ratio, break_even, expectancy, interval } => {
            Some([*win_rate, *payoff_ratio, *break_even, *expectancy, interval.lower, interval.upper])
        }
        _ => None,
    });
    let (severity, got) = found.unwrap();
    let want = [
        0.95,
        0.123_074_849_261_302_77,
        1.0 / 1.123_074_849_261_302_8,
        0.004_238_336_763_888_384,
        -0.001_547_543_780_743_481_3,
        0.010_024_217_308_520_25,
    ];
    got.into_iter().zip(want).for_each(|(got, want)| close(got, want));
    assert_eq!(severity, Severity::Caution);
    // With one percentage point less a month, the mean is negative and the win rate still 95 %.
    let worse =
        HonestyCheck::default().with_risk_free(RiskFree::PerPeriod(0.0045)).examine(&short_puts(0.0115)).unwrap();
    assert!(worse.warnings.len() >= 3);
}

/// The mean of three months in place of each: Ljung-Box, and the annual ratio of Lo (2002) with six lags.
#[test]
fn smoothing_inflates() {
    let raw: Vec<f64> = (0..122).map(|j| 0.01 + 0.02 * f64::from(j * j).sin()).collect();
    let smooth: Vec<f64> = raw.windows(3).map(|three| (three[2] + three[1] + three[0]) / 3.0).collect();
    let report = HonestyCheck::default().examine(&record(smooth, Frequency::Monthly)).unwrap();
    let found = find(&report, |finding| match finding {
        Finding::Smoothed { autocorrelations, p_value, annual_ratio, adjusted_annual_ratio } => {
            Some([autocorrelations[0], autocorrelations[5], *p_value, *annual_ratio, *adjusted_annual_ratio])
        }
        _ => None,
    });
    let want = [
        0.637_170_649_217_880_8,
        -0.094_020_563_625_559_7,
        5.248_210_689_613_313e-12,
        4.408_766_805_082_317,
        2.971_931_322_514_129_7,
    ];
    found.unwrap().1.into_iter().zip(want).for_each(|(got, want)| close(got, want));
    let raw = HonestyCheck::default().examine(&record(raw, Frequency::Monthly)).unwrap();
    assert!(find(&raw, |finding| matches!(finding, Finding::Smoothed { .. }).then_some(())).is_none());
}

/// 0.5 to 2.2 % a week against a put-write index: 9.76 % a year with a volatility of 10.5 %.
#[test]
fn targets_against_a_base_rate() {
    let base = || BaseRate {
        name: "put-write".to_owned(),
        annual_return: 0.097_646_273_179_404_69,
        annual_volatility: 0.104_972_294_345_357_35,
    };
    let weekly = record(vec![0.01, -0.01, 0.02, 0.0, 0.01, -0.02, 0.01, 0.03, 0.01], Frequency::Weekly);
    for (target, annual, probability, severity) in [
        (0.018, 1.528_625_166_718_558_4, 9.341_460_904_453_162e-16, Severity::Serious),
        (0.015, 1.168_873_372_770_324_8, 4.354_812_183_314_434e-11, Severity::Serious),
        (0.01, 0.677_688_921_462_944_7, 2.655_136_997_877_891e-5, Severity::Serious),
        (0.005, 0.296_090_153_730_089_96, 0.056_696_749_321_597_59, Severity::Note),
    ] {
        let check = HonestyCheck::default().with_target(Target::PerPeriod(target), base());
        let found = find(&check.examine(&weekly).unwrap(), |finding| match finding {
            Finding::TargetAboveBaseRate { annual_target, probability, .. } => Some((*annual_target, *probability)),
            _ => None,
        });
        let (got_severity, (got_annual, got_probability)) = found.unwrap();
        close(got_annual, annual);
        assert!((got_probability / probability - 1.0).abs() < 1e-9, "{got_probability}");
        assert_eq!(got_severity, severity);
    }
    let modest = HonestyCheck::default().with_target(Target::Annual(0.05), base()).examine(&weekly).unwrap();
    assert!(find(&modest, |finding| matches!(finding, Finding::TargetAboveBaseRate { .. }).then_some(())).is_none());
}

/// Monthly puts 5 % out of the money on a lognormal index, sold at what they pay on average: the true mean is 0.
fn fair_puts(seed: u64, months: usize) -> Array1<f64> {
    let (deviation, strike) = (0.05_f64, 0.95_f64);
    let normals = Streams::new(seed).standard_normals(1, months);
    let payoff = |z: &f64| (strike - (deviation * z - 0.5 * deviation * deviation).exp()).max(0.0);
    // E[(K − S)⁺] of the lognormal by scipy.stats: K Φ(−d₂) − Φ(−d₁).
    const FAIR: f64 = 0.003_863_439_166_540_222_3;
    normals.iter().map(|z| FAIR - payoff(z)).collect()
}

#[test]
fn fair_puts_never_pass_for_skill() {
    let (mut wins, mut flagged, mut quiet_without_event, mut quiet) = (0.0, 0, 0, 0);
    for seed in 0..100 {
        let returns = fair_puts(seed, 60);
        wins += returns.iter().filter(|r| **r > 0.0).count() as f64 / 6_000.0;
        let worst = returns.iter().copied().fold(f64::INFINITY, f64::min);
        let report = HonestyCheck::default().examine(&record(returns, Frequency::Monthly)).unwrap();
        flagged += usize::from(!report.warnings.is_empty());
        // A record whose worst month is one that half of all records of five years exceed.
        if worst > -0.03 {
            quiet += 1;
            quiet_without_event += usize::from(report.warnings.iter().any(|w| {
                matches!(
                    w.finding,
                    Finding::NoTailEvent { .. } | Finding::WinRateHidesLosses { .. } | Finding::LossesInTheTail { .. }
                )
            }));
        }
    }
    eprintln!(
        "win rate {wins:.3}, flagged {flagged} of 100, of {quiet} lucky ones {quiet_without_event} for what is not in them"
    );
    assert!(wins > 0.8, "{wins}");
    assert_eq!(flagged, 100);
    assert!(quiet > 0 && quiet_without_event == quiet);
}

/// What is nothing to warn of is not warned of: normal returns with a true annual ratio of 1 over twenty years.
#[test]
fn honest_records_are_left_alone() {
    let (mut tails, mut smoothed, mut win, mut serious) = (0, 0, 0, 0);
    for seed in 0..200 {
        let normals = Streams::new(seed).standard_normals(1, 240);
        let returns: Array1<f64> = normals.iter().map(|z| 0.03 * (z + 12.0_f64.sqrt().recip())).collect();
        let report = HonestyCheck::default().examine(&record(returns, Frequency::Monthly)).unwrap();
        let has = |of: fn(&Finding) -> bool| usize::from(report.warnings.iter().any(|warning| of(&warning.finding)));
        tails += has(|finding| matches!(finding, Finding::LossesInTheTail { .. }));
        smoothed += has(|finding| matches!(finding, Finding::Smoothed { .. }));
        win += has(|finding| matches!(finding, Finding::WinRateHidesLosses { .. }));
        serious += usize::from(report.warnings.iter().any(|warning| warning.severity == Severity::Serious));
    }
    eprintln!("of 200: tails {tails}, smoothed {smoothed}, win rate {win}, serious {serious}");
    // 5 % of 200 is 10; 20 is beyond its 99.8 % quantile. A true ratio of 1 over 20 years fails at 95 % almost never.
    assert!(tails <= 10 && smoothed <= 20 && win <= 2 && serious <= 4);
}

#[test]
fn what_cannot_be_checked_is_said() {
    let report = HonestyCheck::default().examine(&record(vec![0.01, 0.02, 0.03], Frequency::Monthly)).unwrap();
    let unchecked: Vec<&str> = report.unchecked.iter().map(|unchecked| unchecked.check.as_str()).collect();
    assert!(unchecked.contains(&"win rate") && unchecked.contains(&"smoothing"), "{unchecked:?}");
    let constant = HonestyCheck::default().examine(&record(vec![0.01; 20], Frequency::Monthly)).unwrap();
    assert!(constant.warnings.is_empty());
    assert_eq!(constant.unchecked.len(), 7);
    assert!(constant.unchecked.iter().all(|unchecked| unchecked.kind == ErrorKind::Undefined), "{constant:?}");
    let one = HonestyCheck::default().examine(&record(vec![0.01], Frequency::Monthly)).unwrap();
    assert_eq!(one.unchecked.len(), 7);
}

#[test]
fn hostile_parameters() {
    let records = short_puts(0.01);
    let good = HonestyCheck::default;
    let base = |annual_return, annual_volatility| BaseRate { name: "b".to_owned(), annual_return, annual_volatility };
    for (check, name) in [
        (HonestyCheck { confidence: Confidence::new(0.4).unwrap(), ..good() }, "confidence"),
        (good().with_reference(f64::NAN), "reference"),
        (HonestyCheck { win_rate: 1.0, ..good() }, "win rate"),
        (HonestyCheck { event_sigmas: 0.0, ..good() }, "event sigmas"),
        (HonestyCheck { lags: 0, ..good() }, "lags"),
        (good().with_trials(Trials { count: 1.0, variance: 0.1 }), "trials"),
        (good().with_trials(Trials { count: 2.0, variance: -0.1 }), "trial variance"),
        (good().with_target(Target::Annual(-1.0), base(0.1, 0.1)), "target"),
        (good().with_target(Target::Annual(0.1), base(f64::NAN, 0.1)), "base annual return"),
        (good().with_target(Target::Annual(0.1), base(0.1, 0.0)), "base annual volatility"),
        (HonestyCheck { target: Some(Target::Annual(0.1)), ..good() }, "target"),
        (good().with_risk_free(RiskFree::Series(Array1::zeros(3))), "risk-free returns"),
    ] {
        let error = check.examine(&records).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        assert!(error.to_string().starts_with(name), "{error}");
    }
    assert!(BaseRate::of(&record(vec![0.1, -1.0], Frequency::Monthly)).is_err());
    assert!(BaseRate::of(&record(vec![0.1, 0.1], Frequency::Monthly)).is_err());
    assert!(BaseRate::of(&record(vec![0.1], Frequency::Monthly)).is_err());
}

/// The Cboe S&P 500 PutWrite index, 1986 to 2021, in excess of three-month bills: numpy and scipy as above.
#[test]
fn the_put_write_index() {
    let Some(path) = testkit::data_file("cboe_putwrite_buywrite_monthly.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let cell = |line: &str, place: usize| line.split(',').nth(place).unwrap().trim().parse::<f64>().unwrap();
    let rows: Vec<(jiff::civil::Date, f64, f64)> = text
        .lines()
        .skip(1)
        .map(|line| (line.split(',').next().unwrap().parse().unwrap(), cell(line, 2), cell(line, 7)))
        .collect();
    let dates = rows.iter().map(|row| row.0).collect();
    let levels: Array1<f64> = rows.iter().map(|row| row.1).collect();
    let bills: Array1<f64> = rows[..rows.len() - 1].iter().map(|row| row.2 / 1_200.0).collect();
    let put = ReturnSeries::from_values("PUT", dates, levels.view(), Frequency::Monthly, ReturnKind::Total).unwrap();
    let base = BaseRate::of(&put).unwrap();
    close(base.annual_return, 0.097_646_273_179_404_69);
    close(base.annual_volatility, 0.104_972_294_345_357_35);
    let check = HonestyCheck::default()
        .with_risk_free(RiskFree::Series(bills))
        .with_trials(Trials { count: 50.0, variance: 0.02 })
        .with_target(Target::PerPeriod(0.02), base);
    let report = check.examine(&put).unwrap();
    for warning in &report.warnings {
        eprintln!("{:?}: {}", warning.severity, warning.sentence);
    }
    let sure = find(&report, |finding| match finding {
        Finding::SharpeLessSure { ratio, probability, adjusted, .. } => Some([*ratio, *probability, adjusted.lower]),
        _ => None,
    });
    let want = [0.193_221_639_006_116_2, 0.999_452_050_096_584_3, 0.077_220_038_510_269_64];
    let (severity, got) = sure.unwrap();
    got.into_iter().zip(want).for_each(|(got, want)| close(got, want));
    assert_eq!(severity, Severity::Caution); // significant either way
    let tails = find(&report, |finding| match finding {
        Finding::LossesInTheTail { skewness, excess_kurtosis, .. } => Some((*skewness, *excess_kurtosis)),
        _ => None,
    });
    let (_, (skewness, excess)) = tails.unwrap();
    close(skewness, -1.998_272_101_630_001_8);
    close(excess, 8.996_441_646_246_948);
    // 35 years hold a tail event, are long enough, and their mean is not 0.
    for absent in ["NoTailEvent", "TrackRecordTooShort", "WinRateHidesLosses", "Smoothed"] {
        assert!(!report.warnings.iter().any(|w| format!("{:?}", w.finding).starts_with(absent)), "{absent}");
    }
    // Three years of it without a crash look different.
    let calm: Array1<f64> = put.returns().iter().skip(108).take(36).copied().collect();
    let calm = HonestyCheck::default().examine(&record(calm, Frequency::Monthly)).unwrap();
    assert!(calm.warnings.iter().any(|w| matches!(w.finding, Finding::NoTailEvent { .. })));
}
