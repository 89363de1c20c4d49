//! From cells to a verdict on every model: the criteria, and what was tried.

use std::collections::BTreeMap;

use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::inference::{DieboldMariano, holm, model_confidence_set};
use alluse_quant::risk_core::measures::{Bootstrap, StationaryBlocks};
use jiff::civil::Date;
use ndarray::{Array1, Array2};
use serde::Serialize;

use super::judge::{Cell, Judged};
use crate::Result;

/// The naive competitor.
pub const NAIVE: &str = "historical simulation";

/// The level at which expected shortfall is judged and models are compared.
pub const SHORTFALL_LEVEL: Confidence = Confidence::P975;

/// A portfolio judged: every model at every level.
#[derive(Debug)]
pub struct JudgedPortfolio {
    /// Its name.
    pub name: String,
    /// The days that were judged.
    pub dates: Vec<Date>,
    /// The cells with their losses.
    pub judged: Vec<Judged>,
    /// Models in the 90 % confidence set by joint loss; `None` when fewer than two models have one.
    pub confidence_set: Option<Vec<String>>,
}

impl JudgedPortfolio {
    /// Puts the cells of a portfolio together and finds its model confidence set.
    ///
    /// # Errors
    /// When the losses cannot be compared.
    pub fn new(name: &str, dates: Vec<Date>, judged: Vec<Judged>) -> Result<Self> {
        let scored: Vec<(&str, &Array1<f64>)> = judged
            .iter()
            .filter(|j| j.cell.confidence == SHORTFALL_LEVEL)
            .filter_map(|j| j.losses.as_ref().map(|losses| (j.cell.model.as_str(), losses)))
            .collect();
        let confidence_set = match scored.len() {
            0 | 1 => None,
            models => {
                let losses = Array2::from_shape_fn((dates.len(), models), |(t, m)| scored[m].1[t]);
                let bootstrap = Bootstrap::new(1).with_replicates(1_000);
                let set = model_confidence_set(losses.view(), StationaryBlocks::new(10.0)?, &bootstrap)?;
                let level = Confidence::new(0.9)?;
                Some(set.members(level).into_iter().map(|m| scored[m].0.to_owned()).collect())
            }
        };
        Ok(Self { name: name.to_owned(), dates, judged, confidence_set })
    }
}

/// Passed out of held, and the median power of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Not rejected at 5 %.
    pub passed: usize,
    /// Held.
    pub held: usize,
    /// Median power of the held tests.
    pub median_power: f64,
}

impl Share {
    fn of<'a>(rulings: impl Iterator<Item = &'a super::judge::Ruling>) -> Self {
        let mut powers = Vec::new();
        let mut passed = 0;
        for ruling in rulings {
            if let (Some(p), Some(power)) = (ruling.p_value(), ruling.power()) {
                powers.push(power);
                passed += usize::from(p > 0.05);
            }
        }
        powers.sort_by(f64::total_cmp);
        let median_power = powers.get(powers.len() / 2).copied().unwrap_or(f64::NAN);
        Self { passed, held: powers.len(), median_power }
    }

    /// As a fraction of the held; `None` when none was.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        (self.held > 0).then(|| self.passed as f64 / self.held as f64)
    }
}

/// What the criteria say of one model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelVerdict {
    /// The model.
    pub model: String,
    /// Portfolios on which it was asked.
    pub portfolios: usize,
    /// Portfolio-days without a forecast, over all levels.
    pub missing: usize,
    /// (a) cells whose number of breaches lies inside the exact 95 % band.
    pub coverage: Share,
    /// (a) cells that are rejected after Holm's correction over all cells of the model.
    pub rejected_after_holm: usize,
    /// (b) cells that conditional coverage does not reject.
    pub conditional_coverage: Share,
    /// (b) cells that the dynamic quantile test does not reject.
    pub dynamic_quantile: Share,
    /// (c) portfolios whose expected shortfall the exceedance residuals do not reject, at 97.5 %.
    pub exceedance: Share,
    /// (c) portfolios whose expected shortfall the ES regression does not reject, at 97.5 %.
    pub es_regression: Share,
    /// (d) mean joint loss less that of the naive model, pooled over portfolios and days; negative is better.
    pub loss_difference: Option<f64>,
    /// (d) Diebold-Mariano p-value of that difference, on the daily mean over portfolios.
    pub loss_p_value: Option<f64>,
    /// (e) portfolios in whose 90 % model confidence set it is, out of those where it could be.
    pub in_confidence_set: (usize, usize),
    /// Which of (a) to (e) it meets.
    pub meets: [bool; 5],
}

/// The verdict on every model.
///
/// # Errors
/// When a comparison fails.
pub fn verdicts(portfolios: &[JudgedPortfolio]) -> Result<Vec<ModelVerdict>> {
    let mut names: Vec<&str> = Vec::new();
    for judged in portfolios.iter().flat_map(|portfolio| &portfolio.judged) {
        if !names.contains(&judged.cell.model.as_str()) {
            names.push(&judged.cell.model);
        }
    }
    names.into_iter().map(|name| verdict(name, portfolios)).collect()
}

fn verdict(model: &str, portfolios: &[JudgedPortfolio]) -> Result<ModelVerdict> {
    let cells: Vec<&Cell> =
        portfolios.iter().flat_map(|p| &p.judged).map(|j| &j.cell).filter(|cell| cell.model == model).collect();
    let tails: Vec<&Cell> = cells.iter().copied().filter(|cell| cell.confidence == SHORTFALL_LEVEL).collect();
    let p_values: Array1<f64> = cells.iter().filter_map(|cell| cell.coverage.p_value()).collect();
    let rejected_after_holm = match p_values.is_empty() {
        true => 0,
        false => holm(p_values.view())?.iter().filter(|p| **p <= 0.05).count(),
    };
    let (loss_difference, loss_p_value) = against_naive(model, portfolios)?;
    let could: Vec<&JudgedPortfolio> = portfolios
        .iter()
        .filter(|p| p.confidence_set.is_some() && tails.iter().any(|cell| cell.portfolio == p.name))
        .collect();
    let inside = could.iter().filter(|p| p.confidence_set.iter().flatten().any(|name| name == model)).count();
    let coverage = Share::of(cells.iter().map(|cell| &cell.coverage));
    let conditional_coverage = Share::of(cells.iter().map(|cell| &cell.conditional_coverage));
    let dynamic_quantile = Share::of(cells.iter().map(|cell| &cell.dynamic_quantile));
    let exceedance = Share::of(tails.iter().map(|cell| &cell.exceedance));
    let es_regression = Share::of(tails.iter().map(|cell| &cell.es_regression));
    let at_least = |share: &Share, wanted: f64| share.fraction().is_some_and(|fraction| fraction >= wanted);
    let meets = [
        at_least(&coverage, 0.90) && rejected_after_holm == 0,
        at_least(&conditional_coverage, 0.80) && at_least(&dynamic_quantile, 0.80),
        at_least(&exceedance, 0.85) || at_least(&es_regression, 0.85),
        loss_difference.is_some_and(|d| d < 0.0) && loss_p_value.is_some_and(|p| p < 0.05),
        2 * inside > could.len(),
    ];
    Ok(ModelVerdict {
        model: model.to_owned(),
        portfolios: tails.len(),
        missing: cells.iter().map(|cell| cell.missing).sum(),
        coverage,
        rejected_after_holm,
        conditional_coverage,
        dynamic_quantile,
        exceedance,
        es_regression,
        loss_difference,
        loss_p_value,
        in_confidence_set: (inside, could.len()),
        meets,
    })
}

/// Joint losses less those of the naive model: the mean over all portfolios of a day is one observation, so that
/// portfolios that move together do not count as independent.
fn against_naive(model: &str, portfolios: &[JudgedPortfolio]) -> Result<(Option<f64>, Option<f64>)> {
    if model == NAIVE {
        return Ok((None, None));
    }
    let mut by_date: BTreeMap<Date, (f64, f64)> = BTreeMap::new();
    for portfolio in portfolios {
        let losses = |name: &str| {
            let tail = |j: &&Judged| j.cell.model == name && j.cell.confidence == SHORTFALL_LEVEL;
            portfolio.judged.iter().find(tail).and_then(|j| j.losses.as_ref())
        };
        if let (Some(own), Some(naive)) = (losses(model), losses(NAIVE)) {
            for (date, (a, b)) in portfolio.dates.iter().zip(own.iter().zip(naive)) {
                let day = by_date.entry(*date).or_default();
                *day = (day.0 + a - b, day.1 + 1.0);
            }
        }
    }
    if by_date.is_empty() {
        return Ok((None, None));
    }
    let pooled = by_date.values().map(|day| day.0).sum::<f64>() / by_date.values().map(|day| day.1).sum::<f64>();
    let daily: Array1<f64> = by_date.values().map(|day| day.0 / day.1).collect();
    let test = DieboldMariano::default().with_horizon(10).compare(daily.view(), Array1::zeros(daily.len()).view())?;
    Ok((Some(pooled), Some(test.p_value)))
}
