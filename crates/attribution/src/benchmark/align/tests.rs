use jiff::ToSpan as _;
use jiff::civil::{Weekday, date};
use proptest::prelude::*;
use testkit::close;

use super::*;

fn series(name: &str, frequency: Frequency, points: &[(Date, f64)]) -> ReturnSeries {
    let dates = points.iter().map(|point| point.0).collect();
    let returns: Vec<f64> = points.iter().map(|point| point.1).collect();
    ReturnSeries::new(name, dates, returns, frequency, ReturnKind::Total).unwrap()
}

fn day(number: i64) -> Date {
    date(2024, 1, 1).checked_add(number.days()).unwrap()
}

/// Daily returns on these days of January 2024, each a hundredth of the day.
fn daily(name: &str, days: &[i64]) -> ReturnSeries {
    let points: Vec<(Date, f64)> = days.iter().map(|&d| (day(d), 0.01 * d as f64)).collect();
    series(name, Frequency::Daily, &points)
}

fn with(gaps: GapPolicy) -> Alignment {
    Alignment { gaps, ..Alignment::default() }
}

#[test]
fn series_that_do_not_meet_are_an_error_with_both_ranges() {
    let early = daily("early", &[1, 2]);
    let late = daily("late", &[8, 9]);
    let error = align(&early, &[&late], Alignment::default()).unwrap_err().to_string();
    assert!(error.contains("\"early\" from 2024-01-02 to 2024-01-03"), "{error}");
    assert!(error.contains("\"late\" from 2024-01-09 to 2024-01-10"), "{error}");
    assert!(align(&early, &[], Alignment::default()).is_err());
}

#[test]
fn weeks_of_the_portfolio_meet_all_days_of_the_benchmark() {
    // Weeks that end on Wednesdays, 2024-01-03 and 10.
    let wednesdays = [(day(2), 0.01), (day(9), 0.02)];
    let weekly = series("wheel", Frequency::Weekly, &wednesdays).starting(date(2023, 12, 27)).unwrap();
    let days = [(date(2023, 12, 26), 0.5), (date(2023, 12, 28), 0.01), (day(2), 0.02), (day(3), -0.01), (day(8), 0.03)];
    let days: Vec<(Date, f64)> = days.into_iter().chain([(day(9), 0.01), (day(10), 0.5)]).collect();
    // The benchmark has no observation on 2023-12-27: its value there is that of the day before.
    let index = series("index", Frequency::Daily, &days);
    let policy = with(GapPolicy::LastWithin { days: 3 });
    let aligned = align(&weekly, &[&index], policy).unwrap();
    let got = aligned.benchmarks[0].returns();
    close(got[0], 1.01 * 1.02 - 1.0, 1e-15);
    close(got[1], 0.99 * 1.03 * 1.01 - 1.0, 1e-15);
    assert_eq!(aligned.portfolio.returns(), weekly.returns());
    assert_eq!(aligned.portfolio.dates(), weekly.dates());
    let report = &aligned.report;
    assert_eq!((report.frequency, report.periods), (Frequency::Weekly, 2));
    assert_eq!(report.start, Some(date(2023, 12, 27)));
    let bridge = BridgedDate { date: date(2023, 12, 27), series: "index".into(), taken_from: Some(date(2023, 12, 26)) };
    assert_eq!(report.bridged, vec![bridge]);
    let reasons: Vec<(Date, &DropReason)> = report.dropped.iter().map(|d| (d.date, &d.reason)).collect();
    let wheel = || "wheel".to_owned();
    assert_eq!(
        reasons,
        vec![
            (date(2023, 12, 26), &DropReason::BeforeInception { of: wheel() }),
            (day(10), &DropReason::AfterEnd { of: wheel() })
        ]
    );
    assert_eq!((report.counts[1].used, report.counts[1].dropped), (5, 2));
    // No observation may be invented without the policy.
    let strict = align(&weekly, &[&index], with(GapPolicy::Reject)).unwrap_err().to_string();
    assert!(strict.contains("\"index\" has no observation on 2023-12-27"), "{strict}");
    let narrow = align(&weekly, &[&index], with(GapPolicy::LastWithin { days: 0 })).unwrap_err().to_string();
    assert!(narrow.contains("the last one before is of 2023-12-26"), "{narrow}");
    // Merged, the first week starts where nobody can say.
    let merged = align(&weekly, &[&index], Alignment::default()).unwrap();
    assert_eq!(merged.portfolio.dates(), [day(9)]);
    assert_eq!(merged.report.dropped[0].reason, DropReason::StartNotShared);
}

#[test]
fn a_missing_day_is_merged_dropped_or_refused() {
    let portfolio = daily("p", &[1, 2, 3, 4]);
    let benchmark = daily("b", &[1, 2, 4]);
    let merged = align(&portfolio, &[&benchmark], Alignment::default()).unwrap();
    assert_eq!(merged.portfolio.dates(), [day(1), day(2), day(4)]);
    close(merged.portfolio.returns()[2], 1.03 * 1.04 - 1.0, 1e-15);
    assert_eq!(merged.benchmarks[0].returns()[2], 0.04);
    assert!(merged.report.dropped.is_empty());
    assert_eq!(merged.report.bridged, vec![BridgedDate { date: day(3), series: "b".into(), taken_from: None }]);

    // The benchmark's return on day 4 is that of two days and belongs to neither.
    let dropped = align(&portfolio, &[&benchmark], with(GapPolicy::DropPeriod)).unwrap();
    assert_eq!(dropped.portfolio.dates(), [day(1), day(2)]);
    let gap = |series: &str, d| DroppedDate {
        series: series.into(),
        date: day(d),
        reason: DropReason::Gap { missing_in: "b".into() },
    };
    assert_eq!(dropped.report.dropped, vec![gap("p", 3), gap("p", 4), gap("b", 4)]);

    let refused = align(&portfolio, &[&benchmark], with(GapPolicy::Reject)).unwrap_err().to_string();
    assert!(refused.contains("\"b\" has no observation on 2024-01-04"), "{refused}");
}

#[test]
fn a_day_that_only_the_benchmark_has_is_compounded() {
    let portfolio = daily("p", &[1, 2, 4]);
    let benchmark = daily("b", &[1, 2, 3, 4]);
    let aligned = align(&portfolio, &[&benchmark], with(GapPolicy::Reject)).unwrap();
    close(aligned.benchmarks[0].returns()[2], 1.03 * 1.04 - 1.0, 1e-15);
}

#[test]
fn a_coarser_benchmark_sets_the_periods() {
    let months = [(date(2024, 1, 31), 0.05), (date(2024, 2, 29), 0.01), (date(2024, 3, 31), 0.02)];
    let monthly = series("fund", Frequency::Monthly, &months);
    let all: Vec<(Date, f64)> = (0..80).map(|d| (day(d), 0.001)).collect();
    let portfolio = series("p", Frequency::Daily, &all);
    let aligned = align(&portfolio, &[&monthly], Alignment::default()).unwrap();
    // January's start is not stated; March has not ended.
    assert_eq!(aligned.portfolio.dates(), [date(2024, 2, 29)]);
    close(aligned.portfolio.returns()[0], 1.001_f64.powi(29) - 1.0, 1e-14);
    assert_eq!((aligned.report.frequency, aligned.report.period_ends_of.as_str()), (Frequency::Monthly, "fund"));
    assert_eq!(aligned.report.start, Some(date(2024, 1, 31)));
    assert_eq!(aligned.portfolio.frequency(), Frequency::Monthly);
    let reasons: Vec<&DropReason> = aligned.report.dropped.iter().map(|dropped| &dropped.reason).collect();
    let before = DropReason::BeforeInception { of: "fund".into() };
    assert_eq!(reasons.iter().filter(|reason| ***reason == before).count(), 30);
    assert_eq!(reasons.iter().filter(|reason| ***reason == DropReason::StartNotShared).count(), 2);
    assert_eq!(reasons.iter().filter(|reason| ***reason == DropReason::NoCounterpart).count(), 20);
    let after = DropReason::AfterEnd { of: "p".into() };
    assert_eq!(reasons.iter().filter(|reason| ***reason == after).count(), 1);
}

#[test]
fn a_stated_partial_first_period_meets_no_whole_one() {
    let weeks = |name: &str| series(name, Frequency::Weekly, &[(day(4), 0.01), (day(11), 0.02)]);
    // From Wednesday: three days.
    let opened = weeks("opened").starting(day(2)).unwrap();
    let aligned = align(&opened, &[&weeks("b")], Alignment::default()).unwrap();
    assert_eq!(aligned.portfolio.dates(), [day(11)]);
    // From the Friday before: a week.
    let opened = weeks("opened").starting(date(2023, 12, 29)).unwrap();
    let aligned = align(&opened, &[&weeks("b")], Alignment::default()).unwrap();
    assert_eq!(aligned.portfolio.dates(), [day(4), day(11)]);
    assert_eq!(aligned.benchmarks[0].start(), Some(date(2023, 12, 29)));
}

#[test]
fn a_later_benchmark_shortens_the_window() {
    let portfolio = daily("p", &[1, 2, 3, 4]);
    let late = daily("late", &[3, 4]);
    let long = daily("long", &[1, 2, 3, 4, 5]);
    let aligned = align(&portfolio, &[&long, &late], Alignment::default()).unwrap();
    assert_eq!(aligned.portfolio.dates(), [day(3), day(4)]);
    assert_eq!(aligned.benchmarks.len(), 2);
    let first = &aligned.report.dropped[0];
    assert_eq!(first.reason, DropReason::BeforeInception { of: "late".into() });
    assert_eq!(aligned.relative(1, RiskFree::Zero).unwrap().len(), 2);
    assert!(aligned.relative(2, RiskFree::Zero).is_err());
}

#[test]
fn total_and_price_returns_do_not_mix_unasked() {
    let total = daily("fund", &[1, 2]);
    let price =
        ReturnSeries::new("index", vec![day(1), day(2)], vec![0.1, 0.2], Frequency::Daily, ReturnKind::Price).unwrap();
    let error = align(&total, &[&price], Alignment::default()).unwrap_err().to_string();
    assert!(error.contains("total returns of \"fund\" against price returns of \"index\""), "{error}");
    let mixed = align(&total, &[&price], Alignment { kinds: KindPolicy::Mixed, ..Alignment::default() }).unwrap();
    assert_eq!(mixed.report.mixed_kinds, vec!["index".to_owned()]);
    assert!(mixed.relative(0, RiskFree::Zero).is_ok());
    assert!(Relative::of(&mixed.portfolio, &mixed.benchmarks[0], RiskFree::Zero).is_err());
}

#[test]
fn unaligned_series_are_refused_where_they_differ() {
    let error = Relative::of(&daily("p", &[1, 2]), &daily("b", &[1, 3]), RiskFree::Zero).unwrap_err().to_string();
    assert!(error.contains("dates differ at position 1: 2024-01-03 and 2024-01-04"), "{error}");
    assert!(Relative::of(&daily("p", &[1, 2]), &daily("b", &[1]), RiskFree::Zero).is_err());
}

#[test]
fn months_of_a_daily_series() {
    // From the last day of November to the first of February.
    let days: Vec<(Date, f64)> = (0..63).map(|d| (date(2023, 12, 1).checked_add(d.days()).unwrap(), 0.01)).collect();
    let monthly = resample(&series("d", Frequency::Daily, &days), PeriodEnd::MonthEnd).unwrap();
    assert_eq!(monthly.series.dates(), [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 1)]);
    close(monthly.series.returns()[0], 1.01_f64.powi(31) - 1.0, 1e-14);
    assert_eq!(monthly.partial, vec![PartialPeriod::Last { date: date(2024, 2, 1) }]);
    assert!(monthly.empty.is_empty());
    let whole = monthly.whole().unwrap();
    assert_eq!((whole.len(), whole.frequency()), (2, Frequency::Monthly));
    let text = serde_json::to_string(&monthly).unwrap();
    assert_eq!(serde_json::from_str::<Resampled>(&text).unwrap(), monthly);
}

#[test]
fn weeks_end_on_any_day_and_holes_are_reported() {
    // 2024-01-01 is a Monday.
    let days = daily("d", &[1, 2, 3, 22, 23]);
    let weekly = resample(&days, PeriodEnd::WeekEnding(Weekday::Wednesday)).unwrap();
    assert_eq!(weekly.series.dates(), [day(2), day(3), day(23)]);
    assert_eq!(weekly.empty, vec![day(16)]);
    // Monday is in the first week, and nothing says that it was flat. Wednesday ends the last one.
    assert_eq!(weekly.partial, vec![PartialPeriod::First { date: day(2) }]);
    let text = serde_json::to_string(&PeriodEnd::WeekEnding(Weekday::Wednesday)).unwrap();
    assert_eq!(text, r#"{"week_ending":3}"#);
    assert!(serde_json::from_str::<PeriodEnd>(r#"{"week_ending":8}"#).is_err());
}

#[test]
fn quarters_of_months_and_no_finer_periods() {
    let months: Vec<(Date, f64)> = (1..=7).map(|m| (date(2024, m, 1).last_of_month(), 0.01)).collect();
    let monthly = series("m", Frequency::Monthly, &months);
    let quarters = resample(&monthly, PeriodEnd::QuarterEnd).unwrap();
    assert_eq!(quarters.series.dates(), [date(2024, 3, 31), date(2024, 6, 30), date(2024, 7, 31)]);
    assert_eq!(quarters.partial, vec![PartialPeriod::Last { date: date(2024, 7, 31) }]);
    assert!(resample(&monthly, PeriodEnd::WeekEnding(Weekday::Friday)).is_err());
    let same = resample(&monthly, PeriodEnd::MonthEnd).unwrap();
    assert_eq!((same.series.returns(), same.partial), (monthly.returns(), vec![]));
    let years = resample(&monthly, PeriodEnd::YearEnd).unwrap();
    assert_eq!(years.partial, vec![PartialPeriod::Last { date: date(2024, 7, 31) }]);
}

/// A daily series on a random set of the days of a year.
fn calendar() -> impl Strategy<Value = Vec<(i64, f64)>> {
    prop::collection::btree_map(0_i64..300, -0.1_f64..0.1, 1..200).prop_map(|days| days.into_iter().collect())
}

fn built(name: &str, days: &[(i64, f64)]) -> ReturnSeries {
    let points: Vec<(Date, f64)> = days.iter().map(|&(d, value)| (day(d), value)).collect();
    series(name, Frequency::Daily, &points)
}

proptest! {
    #[test]
    fn no_common_day_is_lost(left in calendar(), right in calendar()) {
        let (p, b) = (built("p", &left), built("b", &right));
        let common: Vec<Date> = p.dates().iter().copied().filter(|d| b.dates().contains(d)).collect();
        match align(&p, &[&b], Alignment::default()) {
            Ok(aligned) => {
                // Days before the first common one start nowhere that both know, unless they start together.
                let dates = aligned.portfolio.dates();
                let first_known = dates[0] == common[0];
                prop_assert_eq!(dates, &common[usize::from(!first_known)..]);
                for (series, whole) in [(&aligned.portfolio, &p), (&aligned.benchmarks[0], &b)] {
                    // What the aligned periods earn is what the days in them earned.
                    let count = aligned.report.counts.iter().find(|count| count.series == whole.name()).unwrap();
                    prop_assert_eq!(count.used + count.dropped, count.observations);
                    let dropped: Vec<Date> = aligned.report.dropped.iter()
                        .filter(|d| d.series == whole.name()).map(|d| d.date).collect();
                    prop_assert_eq!(dropped.len(), count.dropped);
                    let direct: f64 = whole.dates().iter().zip(whole.returns())
                        .filter(|(d, _)| !dropped.contains(d)).map(|(_, r)| 1.0 + r).product();
                    let through: f64 = series.returns().iter().map(|r| 1.0 + r).product();
                    prop_assert!((direct - through).abs() <= 1e-12 * direct);
                }
            }
            Err(_) => prop_assert!(common.len() <= 1),
        }
    }

    #[test]
    fn series_on_the_same_days_are_left_alone(days in calendar()) {
        let (p, b) = (built("p", &days), built("b", &days));
        for gaps in [GapPolicy::Merge, GapPolicy::DropPeriod, GapPolicy::Reject, GapPolicy::LastWithin { days: 5 }] {
            let aligned = align(&p, &[&b], with(gaps)).unwrap();
            prop_assert_eq!(aligned.portfolio.returns(), p.returns());
            prop_assert_eq!(aligned.benchmarks[0].dates(), p.dates());
            prop_assert!(aligned.report.dropped.is_empty() && aligned.report.bridged.is_empty());
        }
    }

    #[test]
    fn policies_agree_where_nothing_is_missing(left in calendar(), right in calendar()) {
        // Periods that survive the strict policy are periods of the others too, with the same returns.
        let (p, b) = (built("p", &left), built("b", &right));
        let (Ok(strict), Ok(merged)) =
            (align(&p, &[&b], with(GapPolicy::DropPeriod)), align(&p, &[&b], Alignment::default())) else { return Ok(()) };
        for (d, r) in strict.benchmarks[0].dates().iter().zip(strict.benchmarks[0].returns()) {
            let at = merged.benchmarks[0].dates().iter().position(|other| other == d).unwrap();
            prop_assert_eq!(merged.benchmarks[0].returns()[at], *r);
        }
    }

    #[test]
    fn resampling_keeps_the_growth(days in calendar(), weekday in 1_i8..=7) {
        let whole = built("d", &days);
        let end = Weekday::from_monday_one_offset(weekday).unwrap();
        for period in [PeriodEnd::WeekEnding(end), PeriodEnd::MonthEnd, PeriodEnd::QuarterEnd, PeriodEnd::YearEnd] {
            let resampled = resample(&whole, period).unwrap();
            let growth = |series: &ReturnSeries| series.returns().iter().map(|r| 1.0 + r).product::<f64>();
            prop_assert!((growth(&whole) - growth(&resampled.series)).abs() <= 1e-12 * growth(&whole));
            for pair in resampled.series.dates().windows(2) {
                prop_assert!(period.of(pair[0]).unwrap() < period.of(pair[1]).unwrap());
            }
        }
    }
}
