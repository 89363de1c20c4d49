use alluse_risk_core::inference::{benjamini_hochberg, holm};
use alluse_risk_core::sum::CompensatedSum;
use alluse_risk_core::{Confidence, moments};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::error_of_mean::{Estimated, Target, estimate};
use super::permutation::PermutationP;
use super::power::{distance, whole};
use super::{
    BlockChoice, EffectEstimate, Evidence, LabelEffect, Permutations, SignificanceReport, TooFew, UnlabelledEffect,
};
use crate::contribution::{Contributions, LabelAxis};
use crate::{Error, Result, check};

/// How p-values are adjusted for the number of labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Multiplicity {
    /// Bounds the expected share of false findings.
    #[default]
    BenjaminiHochberg,
    /// Bounds the chance of any false finding.
    Holm,
}

/// The effect that would matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EffectSize {
    /// In standard deviations of a period.
    StandardDeviations(f64),
    /// As a return (or contribution) per period.
    Return(f64),
}

/// Whether the effect of a label can be told from chance.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `permutations` | circular shifts | how periods are rearranged against their labels |
/// | `blocks` | automatic | of the stationary bootstrap behind standard errors and intervals |
/// | `level` | 95 % | of intervals and verdicts |
/// | `power` | 80 % | chance with which an effect that matters should be seen |
/// | `matters` | half a standard deviation | what such an effect is |
/// | `multiplicity` | Benjamini-Hochberg | which adjusted p-value decides |
/// | `minimum_periods` | 5 | fewer with or without the label are not tested |
///
/// Labels of periods (week type, regime) are tested by rearranging the periods: the null is that labels and results
/// have nothing to do with each other. Labels of rows (strategy) are tested by their mean contribution against
/// zero, with the interval's own Student t.
///
/// # Source
/// Politis and Romano (1994) for the stationary bootstrap; Benjamini and Hochberg (1995); Holm (1979).
///
/// # Examples
/// ```
/// use alluse_attribution::contribution::{LabelAxis, LabelKnowledge};
/// use alluse_attribution::significance::{Evidence, LabelTest, TooFew};
/// use alluse_risk_core::streams::Streams;
///
/// // Twenty years of weeks; weeks of the first kind earn a deviation more, two weeks a year are of a third kind.
/// let z = Streams::new(1).standard_normals(1_040, 2);
/// let kind = |t: usize| Some(if t % 26 == 7 { "rare" } else if z[[t, 1]] > 0.0 { "good" } else { "other" });
/// let labels: Vec<_> = (0..1_040).map(kind).collect();
/// let returns = (0..1_040).map(|t| 0.02 * (z[[t, 0]] + f64::from(u8::from(labels[t] == Some("good"))))).collect();
/// let axis = LabelAxis::periods("week_type", &labels, LabelKnowledge::ExAnte)?;
/// let report = LabelTest::default().of_periods(&returns, &axis)?;
/// assert_eq!(report.label("good").unwrap().evidence, Evidence::Distinguishable);
/// assert!(report.label("rare").unwrap().required_periods.unwrap() > 500);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelTest {
    /// How periods are rearranged against their labels.
    pub permutations: Permutations,
    /// Of the stationary bootstrap.
    pub blocks: BlockChoice,
    /// Of intervals and verdicts.
    pub level: Confidence,
    /// Chance with which an effect that matters should be seen.
    pub power: Confidence,
    /// The effect that would matter.
    pub matters: EffectSize,
    /// Which adjusted p-value decides.
    pub multiplicity: Multiplicity,
    /// Fewer periods with or without the label are not tested.
    pub minimum_periods: usize,
}

impl Default for LabelTest {
    fn default() -> Self {
        Self {
            permutations: Permutations::CircularShifts,
            blocks: BlockChoice::Automatic,
            level: Confidence::P95,
            power: Confidence::new(0.8).unwrap_or(Confidence::P90),
            matters: EffectSize::StandardDeviations(0.5),
            multiplicity: Multiplicity::BenjaminiHochberg,
            minimum_periods: 5,
        }
    }
}

/// A label before its p-value is adjusted.
struct Draft {
    label: String,
    periods: usize,
    mean: f64,
    rest_mean: Option<f64>,
    effect: Option<EffectEstimate>,
    contribution: Option<EffectEstimate>,
    /// Standard deviation of a period of what is tested.
    deviation: f64,
    /// Whether a contribution of its own is tested, rather than periods against the rest.
    is_stream: bool,
    p_value: std::result::Result<f64, TooFew>,
    /// The smallest p-value that the permutations can give; `None` for a test without them.
    smallest: Option<f64>,
}

impl LabelTest {
    /// With other rearrangements.
    #[must_use]
    pub fn with_permutations(mut self, permutations: Permutations) -> Self {
        self.permutations = permutations;
        self
    }

    /// With other blocks.
    #[must_use]
    pub fn with_blocks(mut self, blocks: BlockChoice) -> Self {
        self.blocks = blocks;
        self
    }

    /// With another level of intervals and verdicts.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// With another power, against another effect that matters.
    #[must_use]
    pub fn with_power(mut self, power: Confidence, matters: EffectSize) -> Self {
        (self.power, self.matters) = (power, matters);
        self
    }

    /// With another adjustment.
    #[must_use]
    pub fn with_multiplicity(mut self, multiplicity: Multiplicity) -> Self {
        self.multiplicity = multiplicity;
        self
    }

    /// With another minimum of periods with and without the label, at least 2.
    #[must_use]
    pub fn with_minimum_periods(mut self, minimum_periods: usize) -> Self {
        self.minimum_periods = minimum_periods;
        self
    }

    /// Tests labels of periods on the result of each period: a return, a contribution or P&L.
    ///
    /// # Errors
    /// - [`Error::Unsupported`] for an axis whose labels are carried by rows or trades.
    /// - [`Error::Input`] for a result that is not finite, another number of labels, fewer than 10 periods, and settings
    ///   outside their domain.
    pub fn of_periods(&self, results: &Array1<f64>, axis: &LabelAxis) -> Result<SignificanceReport> {
        let results = results.view();
        let codes = axis.period_codes().ok_or_else(|| Error::Unsupported {
            what: format!("a test against the rest of the axis {:?}, which labels no periods", axis.name()),
        })?;
        check::length("labels of periods", results.len(), codes.len())?;
        self.check(results)?;
        let p_values = self.permutations.p_values(results, codes, axis.groups());
        let deviation = moments::standard_deviation(results, 1)?;
        let mut drafts = Vec::with_capacity(axis.labels().len());
        for (group, label) in axis.labels().iter().enumerate() {
            let inside: Vec<bool> = codes.iter().map(|&code| code == group).collect();
            let of = |target| estimate(results, &inside, target, self.blocks, self.level);
            let effect = of(Target::Difference)?;
            let periods = inside.iter().filter(|&&i| i).count();
            let rest = results.len() - periods;
            drafts.push(Draft {
                label: label.clone(),
                periods,
                mean: mean_where(results, &inside, true),
                rest_mean: (rest > 0).then(|| mean_where(results, &inside, false)),
                contribution: of(Target::Mean)?.ok().map(|mean| mean.scaled(periods as f64)),
                p_value: self.testable(periods, rest, effect, p_values[group]),
                effect: effect.ok(),
                deviation,
                is_stream: false,
                smallest: Some(p_values[group].smallest),
            });
        }
        let nowhere: Vec<bool> = codes.iter().map(|&code| code == axis.labels().len()).collect();
        let periods = nowhere.iter().filter(|&&i| i).count();
        let unlabelled = (periods > 0).then(|| {
            let mean = mean_where(results, &nowhere, true);
            UnlabelledEffect { periods, mean, contribution: mean * periods as f64 }
        });
        self.report(axis, results.len(), drafts, unlabelled)
    }

    /// Tests whether the mean contribution of each label of rows or trades differs from zero.
    ///
    /// # Errors
    /// - [`Error::Unsupported`] for an axis that labels periods; [`of_periods`](Self::of_periods) tests those.
    /// - [`Error::Input`] for an axis of another shape, fewer than 10 periods, and settings outside their domain.
    pub fn of_contributions(&self, contributions: &Contributions<'_>, axis: &LabelAxis) -> Result<SignificanceReport> {
        if axis.period_codes().is_some() {
            let what = format!("a test of contributions by the axis {:?}, which labels periods", axis.name());
            return Err(Error::Unsupported { what });
        }
        let table = contributions.over_time(axis)?;
        self.check(contributions.returns())?;
        let n = table.dates.len();
        let everywhere = vec![true; n];
        let mut drafts = Vec::with_capacity(axis.labels().len());
        let mut streams = table.single.into_iter().map(Array1::from);
        for (label, stream) in axis.labels().iter().zip(streams.by_ref()) {
            let effect = estimate(stream.view(), &everywhere, Target::Mean, self.blocks, self.level)?;
            drafts.push(Draft {
                label: label.clone(),
                periods: n,
                mean: mean_where(stream.view(), &everywhere, true),
                rest_mean: None,
                contribution: effect.ok().map(|mean| mean.scaled(n as f64)),
                p_value: match effect {
                    Ok(effect) => Ok(effect.p_value()?),
                    Err(reason) => Err(reason),
                },
                effect: effect.ok(),
                deviation: moments::standard_deviation(stream.view(), 1)?,
                is_stream: true,
                smallest: None,
            });
        }
        let carried =
            (0..contributions.panel().rows().len()).any(|row| (0..n).any(|t| axis.code(row, t) == axis.labels().len()));
        let unlabelled = streams.next().filter(|_| carried).map(|stream| {
            let mean = mean_where(stream.view(), &everywhere, true);
            UnlabelledEffect { periods: n, mean, contribution: mean * n as f64 }
        });
        self.report(axis, n, drafts, unlabelled)
    }

    fn check(&self, results: ArrayView1<'_, f64>) -> Result<()> {
        check::finite("results of periods", results)?;
        check::enough("test of labels", 10, results.len())?;
        let minimum = self.minimum_periods;
        check::ensure(minimum >= 2, "minimum periods of a label", "at least 2", minimum as f64)?;
        let (EffectSize::StandardDeviations(size) | EffectSize::Return(size)) = self.matters;
        check::ensure(size > 0.0 && size.is_finite(), "effect that matters", "positive and finite", size)?;
        self.permutations.check(results.len())
    }

    fn testable(
        &self,
        periods: usize,
        rest: usize,
        effect: Estimated,
        p: PermutationP,
    ) -> std::result::Result<f64, TooFew> {
        let required = self.minimum_periods;
        if periods < required {
            Err(TooFew::Labelled { available: periods, required })
        } else if rest < required {
            Err(TooFew::Rest { available: rest, required })
        } else if let Err(reason) = effect {
            Err(reason)
        } else if p.smallest > self.level.tail() {
            Err(TooFew::Arrangements { smallest: p.smallest })
        } else {
            Ok(p.value)
        }
    }

    fn report(
        &self,
        axis: &LabelAxis,
        periods: usize,
        drafts: Vec<Draft>,
        unlabelled: Option<UnlabelledEffect>,
    ) -> Result<SignificanceReport> {
        let tested: Array1<f64> = drafts.iter().filter_map(|draft| draft.p_value.ok()).collect();
        let (strict, lenient) = if tested.is_empty() {
            (Array1::zeros(0), Array1::zeros(0))
        } else {
            (holm(tested.view())?, benjamini_hochberg(tested.view())?)
        };
        let mut adjusted = strict.iter().zip(&lenient);
        let labels = drafts
            .into_iter()
            .map(|draft| {
                let pair = draft.p_value.is_ok().then(|| adjusted.next()).flatten();
                self.decide(draft, pair.map(|(&holm, &bh)| (holm, bh)), tested.len(), periods)
            })
            .collect::<Result<_>>()?;
        Ok(SignificanceReport {
            axis: axis.name().to_owned(),
            labelled: axis.labelled(),
            knowledge: axis.knowledge(),
            periods,
            level: self.level,
            multiplicity: self.multiplicity,
            tested: tested.len(),
            labels,
            unlabelled,
        })
    }

    /// The effect that the record would show, and the periods that would show `size`.
    ///
    /// The error is the larger of the one measured and the one that independent periods of one deviation would have: the
    /// spread of two or three periods says little.
    fn plan(&self, draft: &Draft, size: f64, periods: usize) -> Result<Option<(f64, usize)>> {
        let n = periods as f64;
        let share = draft.periods as f64 / n;
        let spread = if draft.rest_mean.is_some() { share * (1.0 - share) } else { share };
        let covers_all = draft.rest_mean.is_none() && !draft.is_stream;
        if covers_all || !(draft.deviation > 0.0 && size > 0.0) {
            return Ok(None);
        }
        let measured = draft.effect.map_or(0.0, |effect| effect.standard_error);
        let error = measured.max(draft.deviation / (n * spread).sqrt());
        let detectable = distance(self.level, self.power)? * error;
        let ratio = detectable / size;
        Ok(Some((detectable, whole(n * ratio * ratio)?)))
    }

    fn decide(&self, draft: Draft, adjusted: Option<(f64, f64)>, tested: usize, periods: usize) -> Result<LabelEffect> {
        let size = match self.matters {
            EffectSize::StandardDeviations(size) => size * draft.deviation,
            EffectSize::Return(size) => size,
        };
        let (minimum_detectable, required_periods) = self.plan(&draft, size, periods)?.unzip();
        let evidence = match (draft.p_value, adjusted, required_periods) {
            (Err(reason), ..) => Evidence::TooFew(reason),
            (Ok(raw), Some((holm, bh)), required) => {
                let p = if self.multiplicity == Multiplicity::Holm { holm } else { bh };
                // The most extreme arrangement there is, and still not enough for so many labels.
                let out_of_reach = draft.smallest.filter(|s| raw <= s * 1.5 && s * tested as f64 > self.level.tail());
                match (required, out_of_reach) {
                    _ if p <= self.level.tail() => Evidence::Distinguishable,
                    (_, Some(smallest)) => Evidence::TooFew(TooFew::Arrangements { smallest }),
                    (Some(required), None) if required > periods => {
                        Evidence::TooFew(TooFew::Record { available: periods, required })
                    }
                    _ => Evidence::NotDistinguishable,
                }
            }
            (Ok(_), None, _) => Evidence::TooFew(TooFew::Variation),
        };
        Ok(LabelEffect {
            label: draft.label,
            periods: draft.periods,
            mean: draft.mean,
            rest_mean: draft.rest_mean,
            effect: draft.effect,
            contribution: draft.contribution,
            p_value: draft.p_value.ok(),
            benjamini_hochberg: adjusted.map(|(_, bh)| bh),
            holm: adjusted.map(|(holm, _)| holm),
            minimum_detectable,
            required_periods,
            evidence,
        })
    }
}

/// Mean of the periods on one side; the caller knows that there is one.
fn mean_where(series: ArrayView1<'_, f64>, inside: &[bool], side: bool) -> f64 {
    let mut count = 0_usize;
    let sum = CompensatedSum::of(series.iter().zip(inside).filter(|(_, i)| **i == side).map(|(x, _)| {
        count += 1;
        *x
    }));
    sum / count.max(1) as f64
}
