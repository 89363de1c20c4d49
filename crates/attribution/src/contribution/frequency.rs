use alluse_risk_core::sum::CompensatedSum;
use std::collections::BTreeMap;

use alluse_risk_core::{Confidence, Error as Input, Frequency};
use serde::{Deserialize, Serialize};

use super::{LabelAxis, LabelKnowledge, Share};
use crate::{Error, Result, check};

/// How often a label was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelFrequency {
    /// The label; `None` for periods without one.
    pub label: Option<String>,
    /// Periods with it, among all; the interval takes periods as independent and is too short for labels in runs.
    pub seen: Share,
    /// Expected periods a year, `share × periods a year`.
    pub per_year: f64,
}

/// How often each label of periods was seen: the answer of [`label_frequencies`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelFrequencies {
    /// The axis.
    pub axis: String,
    /// Whether decisions could have known the labels.
    pub knowledge: LabelKnowledge,
    /// The labels in order of first use; periods without one come last, if there are any. The shares add up to 1.
    pub labels: Vec<LabelFrequency>,
}

/// Counts the labels of periods.
///
/// # Errors
/// [`Error::Unsupported`] for an axis whose labels are carried by rows or trades.
pub fn label_frequencies(axis: &LabelAxis, frequency: Frequency, level: Confidence) -> Result<LabelFrequencies> {
    let codes = axis.period_codes().ok_or_else(|| Error::Unsupported {
        what: format!("frequencies over time of the axis {:?}, which labels no periods", axis.name()),
    })?;
    let mut counts = vec![0; axis.groups()];
    codes.iter().for_each(|&code| counts[code] += 1);
    let of = |(group, &count): (usize, &usize)| {
        let seen = Share::new(count, codes.len(), level)?;
        Ok(LabelFrequency { label: axis.name_of(group), seen, per_year: seen.share * frequency.periods_per_year() })
    };
    let labels = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(of).collect::<Result<_>>()?;
    Ok(LabelFrequencies { axis: axis.name().to_owned(), knowledge: axis.knowledge(), labels })
}

/// Whether stated frequencies can be those of labels of which each period has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyVerdict {
    /// They fill the year.
    Partition,
    /// They need more periods than a year has: some periods would carry two labels.
    TooMany,
    /// They leave periods without a label.
    TooFew,
}

/// A stated frequency beside what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatedFrequency {
    /// The label.
    pub label: String,
    /// Periods a year, as stated.
    pub per_year: f64,
    /// As a share of the year's periods.
    pub share: f64,
    /// What was seen; `None` for a label that never was, or without observations.
    pub seen: Option<Share>,
    /// Whether the stated share lies in the interval of what was seen.
    pub agrees: Option<bool>,
}

/// Stated label frequencies added up: the answer of [`check_frequencies`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FrequencyCheck {
    /// Periods a year, all labels together.
    pub per_year: f64,
    /// Over the periods that a year has: 1 for a partition.
    pub share: f64,
    /// What follows.
    pub verdict: FrequencyVerdict,
    /// Label by label, as stated.
    pub labels: Vec<StatedFrequency>,
}

/// Adds up stated frequencies (periods a year by label) and compares them with what was seen, if anything was.
///
/// `tolerance` is how far the sum may be from the year, relative to it: a year has 52 weeks and a day.
///
/// ```
/// use alluse_attribution::contribution::{FrequencyVerdict, check_frequencies};
/// use alluse_risk_core::Frequency;
///
/// let stated = [("worthless", 30.0), ("assigned", 18.0), ("rolled", 12.0)].map(|(label, n)| (label.to_owned(), n));
/// let check = check_frequencies(&stated, Frequency::Weekly, 0.01, None)?;
/// assert_eq!((check.per_year, check.verdict), (60.0, FrequencyVerdict::TooMany)); // 60 weeks a year
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
///
/// # Errors
/// [`Error::Input`] for no labels, a repeated one, a frequency that is negative or not finite, or a tolerance below 0.
pub fn check_frequencies(
    stated: &[(String, f64)],
    frequency: Frequency,
    tolerance: f64,
    seen: Option<&LabelFrequencies>,
) -> Result<FrequencyCheck> {
    if stated.is_empty() {
        return Err(Input::Empty { name: "stated frequencies" }.into());
    }
    check::ensure(tolerance >= 0.0 && tolerance.is_finite(), "tolerance", "finite and at least 0", tolerance)?;
    let year = frequency.periods_per_year();
    let mut known = BTreeMap::new();
    let mut labels = Vec::with_capacity(stated.len());
    for (index, (label, per_year)) in stated.iter().enumerate() {
        let (name, expected) = ("stated frequencies", "finite and at least 0");
        if !(*per_year >= 0.0 && per_year.is_finite()) {
            return Err(Input::ElementOutOfDomain { name, index, expected, value: *per_year }.into());
        }
        if let Some(first) = known.insert(label.as_str(), index) {
            return Err(Input::Duplicate { name: "label", value: label.clone(), first, second: index }.into());
        }
        let share = per_year / year;
        let seen = seen
            .and_then(|seen| seen.labels.iter().find(|entry| entry.label.as_deref() == Some(label)))
            .map(|entry| entry.seen);
        let agrees = seen.map(|seen| seen.interval.lower <= share && share <= seen.interval.upper);
        labels.push(StatedFrequency { label: label.clone(), per_year: *per_year, share, seen, agrees });
    }
    let per_year = check::result("sum of the stated frequencies", CompensatedSum::of(stated.iter().map(|(_, n)| *n)))?;
    let share = per_year / year;
    let verdict = if share > 1.0 + tolerance {
        FrequencyVerdict::TooMany
    } else if share < 1.0 - tolerance {
        FrequencyVerdict::TooFew
    } else {
        FrequencyVerdict::Partition
    };
    Ok(FrequencyCheck { per_year, share, verdict, labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_partition_time() {
        let week = |i: usize| [Some("calm"), None, Some("assigned"), Some("calm")][i % 4];
        let labels: Vec<Option<&str>> = (0..104).map(week).collect();
        let axis = LabelAxis::periods("week_type", &labels, LabelKnowledge::ExAnte).unwrap();
        let seen = label_frequencies(&axis, Frequency::Weekly, Confidence::P95).unwrap();
        assert_eq!(seen.labels.iter().map(|l| l.seen.hits).collect::<Vec<_>>(), [52, 26, 26]);
        assert_eq!((seen.labels[2].label.as_deref(), seen.labels[0].per_year), (None, 26.0));
        let stated = [("calm".to_owned(), 25.0), ("assigned".to_owned(), 26.0), ("never".to_owned(), 1.0)];
        let check = check_frequencies(&stated, Frequency::Weekly, 0.01, Some(&seen)).unwrap();
        assert_eq!(check.verdict, FrequencyVerdict::Partition);
        // 26 of 52 is twice what was seen: far outside; 25 of 52 is within; nothing was seen of the third.
        assert_eq!(check.labels.iter().map(|l| l.agrees).collect::<Vec<_>>(), [Some(true), Some(false), None]);
    }

    #[test]
    fn hostile_frequencies() {
        let check = |stated: &[(&str, f64)]| {
            let stated: Vec<_> = stated.iter().map(|(label, n)| ((*label).to_owned(), *n)).collect();
            check_frequencies(&stated, Frequency::Weekly, 0.01, None)
        };
        assert!(check(&[]).is_err() && check(&[("a", -1.0)]).is_err() && check(&[("a", f64::NAN)]).is_err());
        assert!(check(&[("a", 1.0), ("a", 2.0)]).unwrap_err().to_string().contains("positions 0 and 1"));
        assert_eq!(check(&[("a", 51.0)]).unwrap().verdict, FrequencyVerdict::TooFew);
        let rows = alluse_risk_core::labels::LabelTable::new(1).with_axis("a", vec![Some("x".into())]).unwrap();
        let axis = LabelAxis::positions(&rows, "a", LabelKnowledge::ExAnte).unwrap();
        let got = label_frequencies(&axis, Frequency::Weekly, Confidence::P95);
        assert!(matches!(got, Err(Error::Unsupported { .. })));
    }
}
