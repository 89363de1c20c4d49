//! The strategies in a bag of legs: the pairing that costs least.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, RowId};
use microlp::{ComparisonOp, OptimizationDirection, Problem};
use serde::{Deserialize, Serialize};

use super::candidates::{self, Candidate};
use super::template::{LegKind, StrategyTemplate};
use crate::pricing::OptionKind;
use crate::{Error, Instrument, Position, Result};

/// A position as a leg: shares or whole contracts, negative when short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Its name.
    pub id: RowId,
    /// What it is.
    pub instrument: Instrument,
    /// How much of it.
    pub quantity: f64,
}

impl From<&Position> for Leg {
    fn from(position: &Position) -> Self {
        Self { id: position.id.clone(), instrument: position.instrument.clone(), quantity: position.quantity }
    }
}

/// Part of a leg that takes part in one unit of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupLeg<'a> {
    /// The leg.
    pub leg: &'a Leg,
    /// Contracts or shares of it, negative when short.
    pub quantity: f64,
}

/// What a group of legs costs; the recogniser makes the sum over groups as small as it can be.
pub trait GroupCost {
    /// Cost of one unit of a group, at least 0. A leg that stands alone is a group too: one contract, or one share.
    ///
    /// # Errors
    /// When it cannot be known.
    fn cost(&self, legs: &[GroupLeg<'_>]) -> Result<f64>;
}

/// A strategy found in a bag of legs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrategyMatch {
    /// Which template; `None` for a leg that stands alone and is no strategy.
    pub strategy: Option<String>,
    /// Which of its forms.
    pub form: usize,
    /// Whether it is the other side of the template's trade.
    pub mirrored: bool,
    /// What it is written on.
    pub underlying: AssetId,
    /// How many times.
    pub units: f64,
    /// The parts of the legs that it takes, all units together.
    pub legs: Vec<(RowId, f64)>,
    /// What all units cost.
    pub cost: f64,
}

/// A bag of legs, paired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recognition {
    /// The groups; their legs add up to the bag.
    pub matches: Vec<StrategyMatch>,
    /// Sum of their costs, the least there is.
    pub cost: f64,
}

/// Finds strategies.
///
/// Among all ways to split the legs of an underlying into units of the templates and single legs, the one of least
/// cost, and of those with nearly the least the one with fewest groups: an integer program, solved exactly. Pairing
/// legs greedily instead overcharges: it may spend on the first short call the long call that only the second needs.
///
/// ```
/// use alluse_instruments::strategy::{GroupCost, GroupLeg, Leg, Recogniser};
/// use alluse_instruments::{Instrument, Multiplier, OptionContract, Result};
/// use jiff::civil::date;
///
/// /// Every group costs the same: the fewest groups win.
/// struct Count;
/// impl GroupCost for Count {
///     fn cost(&self, _: &[GroupLeg<'_>]) -> Result<f64> {
///         Ok(1.0)
///     }
/// }
/// let leg = |id: &str, strike: f64, quantity: f64| {
///     let put = OptionContract::put("KO", strike, date(2024, 1, 19), Multiplier::EQUITY)?;
///     Ok::<_, Box<dyn std::error::Error>>(Leg {
///         id: id.to_owned().try_into()?,
///         instrument: Instrument::Option(put),
///         quantity,
///     })
/// };
/// let found = Recogniser::standard().recognise(&[leg("short", 58.0, -3.0)?, leg("long", 55.0, 2.0)?], &Count)?;
/// assert_eq!(found.matches[0].strategy.as_deref(), Some("put_spread"));
/// assert_eq!(found.matches[0].units, 2.0);
/// assert_eq!(found.matches[1].strategy.as_deref(), Some("put_selling")); // the third short put
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recogniser {
    templates: Vec<StrategyTemplate>,
    max_candidates: usize,
}

/// Beyond 2^31 the solver's integers end.
const MOST_UNITS: f64 = 1e9;

impl Recogniser {
    /// With these templates.
    #[must_use]
    pub fn new(templates: Vec<StrategyTemplate>) -> Self {
        Self { templates, max_candidates: 50_000 }
    }

    /// With [`StrategyTemplate::standard`].
    #[must_use]
    pub fn standard() -> Self {
        Self::new(StrategyTemplate::standard())
    }

    /// With another bound on the number of groups that are considered for one underlying (50,000).
    #[must_use]
    pub fn with_max_candidates(mut self, max_candidates: usize) -> Self {
        self.max_candidates = max_candidates;
        self
    }

    /// The pairing of least cost.
    ///
    /// # Errors
    /// [`Error::Leg`] for cash, a quantity of zero or not finite, and a part of a contract;
    /// [`Error::TooManyGroups`]; what `cost` refuses.
    pub fn recognise(&self, legs: &[Leg], cost: &dyn GroupCost) -> Result<Recognition> {
        let mut bags: BTreeMap<&AssetId, Vec<Leg>> = BTreeMap::new();
        for leg in legs {
            bags.entry(check(leg)?).or_default().push(leg.clone());
        }
        let mut matches = Vec::new();
        for (underlying, bag) in bags {
            matches.extend(self.pair(underlying, &bag, cost)?);
        }
        let total = matches.iter().map(|found| found.cost).sum();
        Ok(Recognition { matches, cost: total })
    }

    fn pair(&self, underlying: &AssetId, legs: &[Leg], cost: &dyn GroupCost) -> Result<Vec<StrategyMatch>> {
        let groups = self.groups(underlying, legs, cost)?;
        let singles = legs.iter().map(|leg| one(leg, cost)).collect::<Result<Vec<f64>>>()?;
        let counts = solve(legs, &groups, &singles)?;
        let mut left: Vec<f64> = legs.iter().map(|leg| leg.quantity).collect();
        let mut matches = Vec::new();
        for (group, units) in groups.iter().zip(counts) {
            if units == 0.0 {
                continue;
            }
            for &(leg, quantity) in &group.legs {
                left[leg] -= quantity * units;
            }
            matches.push(self.named(underlying, legs, group, units));
        }
        for ((leg, quantity), single) in legs.iter().zip(left).zip(singles) {
            if quantity.abs() > 1e-9 {
                matches.push(self.alone(underlying, leg, quantity, single));
            }
        }
        Ok(matches)
    }

    /// Every group of two or more legs that a template allows.
    fn groups(&self, underlying: &AssetId, legs: &[Leg], cost: &dyn GroupCost) -> Result<Vec<Group>> {
        let mut found: Vec<Candidate> = Vec::new();
        for (t, template) in self.templates.iter().enumerate() {
            for (f, form) in template.forms().iter().enumerate().filter(|(_, form)| form.legs.len() > 1) {
                for mirrored in [false, true] {
                    candidates::collect(legs, (t, f, form), mirrored, self.max_candidates, &mut found);
                    if found.len() > self.max_candidates {
                        return Err(Error::TooManyGroups {
                            underlying: underlying.to_string(),
                            legs: legs.len(),
                            limit: self.max_candidates,
                        });
                    }
                }
            }
        }
        found.into_iter().map(|candidate| self.group(legs, candidate, cost)).collect()
    }

    fn group(&self, legs: &[Leg], candidate: Candidate, cost: &dyn GroupCost) -> Result<Group> {
        let form = &self.templates[candidate.template].forms()[candidate.form];
        let side = if candidate.mirrored { -1.0 } else { 1.0 };
        let of_option = |leg: &usize| match &legs[*leg].instrument {
            Instrument::Option(contract) => Some(contract.multiplier().units()),
            _ => None,
        };
        // A form of shares alone has no multiplier, and needs none.
        let shares = candidate.places.iter().find_map(of_option).unwrap_or(1.0);
        let parts: Vec<(usize, f64)> = form
            .legs
            .iter()
            .zip(&candidate.places)
            .map(|(template, &leg)| {
                let scale = if template.kind == LegKind::Share { shares } else { 1.0 };
                (leg, side * f64::from(template.ratio) * scale)
            })
            .collect();
        let members: Vec<GroupLeg<'_>> =
            parts.iter().map(|&(leg, quantity)| GroupLeg { leg: &legs[leg], quantity }).collect();
        Ok(Group { cost: checked(cost.cost(&members)?)?, legs: parts, candidate })
    }

    fn named(&self, underlying: &AssetId, legs: &[Leg], group: &Group, units: f64) -> StrategyMatch {
        StrategyMatch {
            strategy: Some(self.templates[group.candidate.template].name().to_owned()),
            form: group.candidate.form,
            mirrored: group.candidate.mirrored,
            underlying: underlying.clone(),
            units,
            legs: group.legs.iter().map(|&(leg, quantity)| (legs[leg].id.clone(), quantity * units)).collect(),
            cost: group.cost * units,
        }
    }

    /// A leg that stands alone, named by a template of one leg if there is one.
    fn alone(&self, underlying: &AssetId, leg: &Leg, quantity: f64, cost: f64) -> StrategyMatch {
        let mut found = None;
        for template in &self.templates {
            for (f, form) in template.forms().iter().enumerate().filter(|(_, form)| form.legs.len() == 1) {
                for mirrored in [false, true] {
                    let mut fits = Vec::new();
                    candidates::collect(std::slice::from_ref(leg), (0, f, form), mirrored, 1, &mut fits);
                    if !fits.is_empty() && found.is_none() {
                        found = Some((template.name().to_owned(), f, mirrored));
                    }
                }
            }
        }
        let (strategy, form, mirrored) = match found {
            Some((name, form, mirrored)) => (Some(name), form, mirrored),
            None => (None, 0, false),
        };
        StrategyMatch {
            strategy,
            form,
            mirrored,
            underlying: underlying.clone(),
            units: quantity.abs(),
            legs: vec![(leg.id.clone(), quantity)],
            cost: cost * quantity.abs(),
        }
    }
}

/// A candidate with what it takes of each leg and costs.
struct Group {
    candidate: Candidate,
    legs: Vec<(usize, f64)>,
    cost: f64,
}

fn one(leg: &Leg, cost: &dyn GroupCost) -> Result<f64> {
    checked(cost.cost(&[GroupLeg { leg, quantity: leg.quantity.signum() }])?)
}

fn checked(cost: f64) -> Result<f64> {
    if cost >= 0.0 && cost.is_finite() {
        Ok(cost)
    } else {
        Err(Error::out_of_domain("cost of a group", "at least 0 and finite", cost))
    }
}

fn check(leg: &Leg) -> Result<&AssetId> {
    let refuse = |reason| Error::Leg { id: leg.id.to_string(), reason, quantity: leg.quantity };
    let underlying = leg.instrument.underlying().ok_or_else(|| refuse("cash is not a leg"))?;
    if leg.quantity == 0.0 || !leg.quantity.is_finite() || leg.quantity.abs() > MOST_UNITS {
        return Err(refuse("a quantity is finite and not zero"));
    }
    if matches!(leg.instrument, Instrument::Option(_)) && leg.quantity.fract() != 0.0 {
        return Err(refuse("contracts are whole"));
    }
    Ok(underlying)
}

/// Units of each group: `min Σ cost · units + Σ single · left`, where `left` is what the groups leave of each leg.
fn solve(legs: &[Leg], groups: &[Group], singles: &[f64]) -> Result<Vec<f64>> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let largest = groups.iter().map(|group| group.cost).chain(singles.iter().copied()).fold(0.0, f64::max);
    // Costs near 1, and among equals the pairing with fewest groups.
    let (scale, each) = (if largest > 0.0 { largest } else { 1.0 }, 1e-6);
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let units: Vec<_> = groups
        .iter()
        .map(|group| {
            let most = group.legs.iter().map(|&(leg, take)| (legs[leg].quantity / take).floor());
            let most = most.fold(MOST_UNITS, f64::min);
            problem.add_integer_var(group.cost / scale + each, (0, most as i32))
        })
        .collect();
    let mut rows: Vec<Vec<_>> = vec![Vec::new(); legs.len()];
    for (variable, group) in units.iter().zip(groups) {
        group.legs.iter().for_each(|&(leg, take)| rows[leg].push((*variable, take.abs())));
    }
    for ((row, leg), single) in rows.iter_mut().zip(legs).zip(singles) {
        // Shares are many to a group: a price for each of them would outweigh the groups.
        let option = matches!(leg.instrument, Instrument::Option(_));
        let left = problem.add_var(single / scale + if option { each } else { 0.0 }, (0.0, f64::INFINITY));
        row.push((left, 1.0));
        problem.add_constraint(row.as_slice(), ComparisonOp::Eq, leg.quantity.abs());
    }
    let failed = |reason: String| Error::Pairing { underlying: name_of(legs), reason };
    let outcome = problem.solve().map_err(|error| failed(error.to_string()))?;
    let solution = outcome.into_solution().map_err(|_| failed("the solver stopped early".to_owned()))?;
    let counts: Vec<f64> = units.iter().map(|variable| solution.var_value(*variable).round()).collect();
    let mut used = vec![0.0; legs.len()];
    for (group, count) in groups.iter().zip(&counts) {
        group.legs.iter().for_each(|&(leg, take)| used[leg] += take.abs() * count);
    }
    if used.iter().zip(legs).any(|(used, leg)| *used > leg.quantity.abs() + 1e-6) {
        return Err(failed("the solver used more of a leg than there is".to_owned()));
    }
    Ok(counts)
}

fn name_of(legs: &[Leg]) -> String {
    legs.first().and_then(|leg| leg.instrument.underlying()).map(ToString::to_string).unwrap_or_default()
}

/// Whether a leg is a short option of a kind.
pub(crate) fn is_short(leg: &GroupLeg<'_>, kind: OptionKind) -> bool {
    leg.quantity < 0.0 && matches!(&leg.leg.instrument, Instrument::Option(contract) if contract.kind() == kind)
}
