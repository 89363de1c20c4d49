use alluse_risk_core::inference::{Difference, DifferenceTest, optimal_block_length, paired_bootstrap};
use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
use alluse_risk_core::{Confidence, ErrorKind, Interval, moments};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::significance::{Evidence, TooFew};
use crate::{Error, Result, ReturnSeries, RiskFree, check};

/// What if the rule had not fired: the record as it was against the record without the rule, period by period.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `bootstrap` | required | seed and number of resamples |
/// | `blocks` | automatic | mean block length; Politis and White's for the differences, at least 1 |
/// | `level` | 95 % | of the interval and the verdict |
/// | `risk_free` | nothing | what the Sharpe ratios are in excess of |
/// | `minimum_fired` | 10 | periods in which the rule must have made a difference before there is a verdict |
///
/// Both records are resampled at the same dates, so what they share cancels. In periods in which the rule did not fire
/// they are equal, and those periods say how rare the rule is.
///
/// # Source
/// Politis and Romano (1994); Ledoit and Wolf (2008) for the Sharpe ratios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WhatIf {
    /// Seed and number of resamples.
    pub bootstrap: Bootstrap,
    /// Mean block length; `None` is automatic.
    pub blocks: Option<StationaryBlocks>,
    /// Of the interval and the verdict.
    pub level: Confidence,
    /// What the Sharpe ratios are in excess of.
    pub risk_free: RiskFree,
    /// Periods in which the rule must have made a difference.
    pub minimum_fired: usize,
}

/// What a rule was worth: the answer of [`WhatIf::compare`]. Differences are the record less the record without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counterfactual {
    /// Periods compared.
    pub periods: usize,
    /// Periods in which the two records differ.
    pub fired: usize,
    /// Total return as it was.
    pub total_return: f64,
    /// Total return without the rule.
    pub without: f64,
    /// Mean difference of the returns, per period.
    pub mean_difference: f64,
    /// Standard error of the mean difference.
    pub standard_error: f64,
    /// Percentile interval of the mean difference.
    pub interval: Interval,
    /// Two-sided, of no mean difference.
    pub p_value: f64,
    /// Mean block length.
    pub block_length: f64,
    /// Difference of the Sharpe ratios per period; `None` where a record has none or is too short to compare.
    pub sharpe: Option<Difference>,
    /// The period in which the rule helped most.
    pub best: (Date, f64),
    /// The period in which it hurt most.
    pub worst: (Date, f64),
    /// The verdict on the mean difference. There is no effect size that matters here, so a difference that chance makes
    /// is just not distinguishable.
    pub evidence: Evidence,
}

impl WhatIf {
    /// With automatic blocks.
    #[must_use]
    pub fn new(bootstrap: Bootstrap) -> Self {
        let (level, risk_free) = (Confidence::P95, RiskFree::Zero);
        Self { bootstrap, blocks: None, level, risk_free, minimum_fired: 10 }
    }

    /// With blocks of this mean length.
    #[must_use]
    pub fn with_blocks(mut self, blocks: StationaryBlocks) -> Self {
        self.blocks = Some(blocks);
        self
    }

    /// With another level.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// With Sharpe ratios in excess of this.
    #[must_use]
    pub fn with_risk_free(mut self, risk_free: RiskFree) -> Self {
        self.risk_free = risk_free;
        self
    }

    /// With another number of periods that the rule must have fired in.
    #[must_use]
    pub fn with_minimum_fired(mut self, minimum_fired: usize) -> Self {
        self.minimum_fired = minimum_fired;
        self
    }

    /// Compares the record as it was with the record without the rule.
    ///
    /// # Errors
    /// - [`Error::Invalid`] unless both have the same dates.
    /// - [`Error::Input`] for fewer than 10 periods and settings outside their domain.
    /// - [`Error::Undefined`] when the records are the same: the rule never fired.
    ///
    /// # Examples
    /// ```
    /// use alluse_attribution::contribution::WhatIf;
    /// use alluse_attribution::significance::Evidence;
    /// use alluse_attribution::{ReturnKind, ReturnSeries};
    /// use alluse_risk_core::measures::Bootstrap;
    /// use alluse_risk_core::{Frequency, streams::Streams};
    /// use jiff::{ToSpan, civil::date};
    ///
    /// let dates: Vec<_> = date(2020, 1, 3).series(1.week()).take(200).collect();
    /// let z = Streams::new(4).standard_normals(200, 1).into_raw_vec_and_offset().0;
    /// let series = |name: &str, returns: Vec<f64>| {
    ///     ReturnSeries::new(name, dates.clone(), returns, Frequency::Weekly, ReturnKind::Total)
    /// };
    /// let without: Vec<f64> = z.iter().map(|z| 0.02 * z).collect();
    /// // A stop that costs a little in each of the many weeks in which it fires.
    /// let with: Vec<f64> = without.iter().map(|r| if *r < 0.0 { r - 0.001 } else { *r }).collect();
    /// let what_if = WhatIf::new(Bootstrap::new(1));
    /// let got = what_if.compare(&series("as it was", with)?, &series("without the stop", without)?)?;
    /// assert!(got.interval.upper < 0.0 && got.evidence == Evidence::Distinguishable);
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    pub fn compare(&self, actual: &ReturnSeries, without: &ReturnSeries) -> Result<Counterfactual> {
        let dates = actual.dates();
        if dates != without.dates() {
            let place = dates.iter().zip(without.dates()).position(|(a, b)| a != b);
            let place = place.unwrap_or_else(|| dates.len().min(without.len()));
            let reason = format!("{:?} and {:?} differ from position {place} on", actual.name(), without.name());
            return Err(Error::invalid("dates of the two records", reason));
        }
        check::enough("counterfactual", 10, dates.len())?;
        let differences = &actual.returns() - &without.returns();
        let fired = differences.iter().filter(|d| **d != 0.0).count();
        if fired == 0 {
            let reason = format!("{:?} and {:?} are the same", actual.name(), without.name());
            return Err(Error::undefined("effect of the rule", reason));
        }
        let blocks = match self.blocks {
            Some(blocks) => blocks,
            None => automatic(optimal_block_length(differences.view()))?,
        };
        let paired = paired_bootstrap(actual.returns(), without.returns(), moments::mean, blocks, &self.bootstrap)?;
        let evidence = if fired < self.minimum_fired {
            Evidence::TooFew(TooFew::Labelled { available: fired, required: self.minimum_fired })
        } else if paired.p_value <= self.level.tail() {
            Evidence::Distinguishable
        } else {
            Evidence::NotDistinguishable
        };
        let at = |place: usize| (dates[place], differences[place]);
        let first_by = |better: fn(f64, f64) -> bool| {
            (1..dates.len()).fold(0, |best, t| if better(differences[t], differences[best]) { t } else { best })
        };
        Ok(Counterfactual {
            periods: dates.len(),
            fired,
            total_return: compounded(actual)?,
            without: compounded(without)?,
            mean_difference: paired.difference,
            standard_error: paired.standard_error,
            interval: paired.interval(self.level)?,
            p_value: paired.p_value,
            block_length: f64::from(blocks),
            sharpe: self.sharpe(actual, without)?,
            best: at(first_by(|a, b| a > b)),
            worst: at(first_by(|a, b| a < b)),
            evidence,
        })
    }

    fn sharpe(&self, actual: &ReturnSeries, without: &ReturnSeries) -> Result<Option<Difference>> {
        let (a, b) = (self.risk_free.excess(actual.returns())?, self.risk_free.excess(without.returns())?);
        match DifferenceTest::of_sharpe_ratios().with_level(self.level).compare(a.view(), b.view()) {
            Ok(difference) => Ok(Some(difference)),
            Err(error) if matches!(error.kind(), ErrorKind::Undefined | ErrorKind::InsufficientData) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The automatic blocks; a constant difference needs none.
fn automatic(
    found: std::result::Result<alluse_risk_core::inference::OptimalBlockLength, alluse_risk_core::Error>,
) -> Result<StationaryBlocks> {
    match found {
        Ok(length) => Ok(length.blocks()?),
        Err(error) if error.kind() == ErrorKind::Undefined => Ok(StationaryBlocks::new(1.0)?),
        Err(error) => Err(error.into()),
    }
}

fn compounded(series: &ReturnSeries) -> Result<f64> {
    check::result("total return", series.returns().iter().fold(1.0, |growth, r| growth * (1.0 + r)) - 1.0)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use alluse_risk_core::streams::Streams;
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;
    use crate::ReturnKind;

    fn series(returns: Vec<f64>) -> ReturnSeries {
        let dates = date(2020, 1, 3).series(1.week()).take(returns.len()).collect();
        ReturnSeries::new("x", dates, returns, Frequency::Weekly, ReturnKind::Total).unwrap()
    }

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        Streams::new(seed).standard_normals(n, 1).iter().map(|z| 0.02 * z).collect()
    }

    fn compare(with: Vec<f64>, without: Vec<f64>) -> Result<Counterfactual> {
        WhatIf::new(Bootstrap::new(1)).compare(&series(with), &series(without))
    }

    #[test]
    fn a_rule_that_fired_twice_proves_nothing() {
        let without = noise(100, 1);
        let mut with = without.clone();
        with[10] += 0.05;
        with[50] -= 0.02;
        let got = compare(with, without).unwrap();
        assert_eq!(got.evidence, Evidence::TooFew(TooFew::Labelled { available: 2, required: 10 }));
        assert!((got.mean_difference - 0.0003).abs() < 1e-15, "{}", got.mean_difference);
        assert!((got.best.1 - 0.05).abs() < 1e-15 && (got.worst.1 + 0.02).abs() < 1e-15);
        assert_eq!(got.worst.0, date(2020, 1, 3).checked_add(50.weeks()).unwrap());
        assert_eq!((got.periods, got.fired), (100, 2));
    }

    /// The interval covers a difference that is known, and the verdict is wrong about as often as it may be.
    #[test]
    fn the_interval_covers_at_its_level() {
        let (mut covered, mut rejected) = (0, 0);
        for seed in 0..300 {
            let without = noise(150, seed);
            let change: Vec<f64> = noise(150, seed + 10_000).iter().map(|z| 0.001 + 0.5 * z).collect();
            let with = without.iter().zip(&change).map(|(r, d)| r + d).collect();
            let what_if = WhatIf::new(Bootstrap::new(seed).with_replicates(400));
            let got = what_if.compare(&series(with), &series(without.clone())).unwrap();
            covered += usize::from(got.interval.lower <= 0.001 && 0.001 <= got.interval.upper);
            let luck = without.iter().zip(&change).map(|(r, d)| r + d - 0.001).collect();
            let got = what_if.compare(&series(luck), &series(without)).unwrap();
            rejected += usize::from(got.evidence == Evidence::Distinguishable);
        }
        // 95 % and 5 % of 300, four standard errors of √(300 · 0.05 · 0.95) = 3.8, and two points for percentiles.
        assert!((264..=300).contains(&covered) && rejected <= 36, "{covered} covered, {rejected} rejected");
    }

    #[test]
    fn hostile_records() {
        let base = noise(50, 3);
        assert!(matches!(compare(base.clone(), base.clone()), Err(Error::Undefined { .. })));
        assert!(matches!(compare(base[..9].to_vec(), vec![0.0; 9]), Err(Error::Input(_))));
        let error = compare(base[..40].to_vec(), base.clone()).unwrap_err().to_string();
        assert!(error.contains("from position 40 on"), "{error}");
        // A constant difference varies in nothing: certain, and without a Sharpe ratio to compare it still has a mean.
        let got = compare(vec![0.01; 20], vec![0.0; 20]).unwrap();
        assert!(got.sharpe.is_none() && got.standard_error < 1e-15);
    }
}
