//! Weights as even as the limits allow.

use alluse_risk_core::Weights;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::fill::scale_to;
use crate::check::length;
use crate::{Error, Result};

const WHAT: &str = "maximum entropy weights";
/// How far a sum of weights may be from its limit.
const TOLERANCE: f64 = 1e-13;

/// Limits on the sum of some weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupLimit {
    /// Its name, for messages.
    pub name: String,
    /// Positions of its members.
    pub members: Vec<usize>,
    /// Least sum.
    pub lower: f64,
    /// Greatest sum.
    pub upper: f64,
}

/// The long-only weights of largest entropy under bounds and limits on groups, which may overlap.
///
/// ```text
/// maximise −Σ wᵢ ln(wᵢ / pᵢ)    subject to  Σ wᵢ = 1,  lower ≤ w ≤ upper,  lowerₖ ≤ Σ_{i ∈ k} wᵢ ≤ upperₖ
/// wᵢ = clamp(pᵢ exp(ν + Σ_{k ∋ i} θₖ), lowerᵢ, upperᵢ)
/// ```
///
/// `p` is a reference, equal weights by default. The multipliers are found one at a time, each exactly: generalised
/// iterative scaling. Limits that contradict each other drive the dual objective past what any weights within the bounds
/// could have, which proves that there are none.
///
/// | setting    | default | meaning                                |
/// |------------|---------|----------------------------------------|
/// | reference  | equal   | `p`, positive                          |
/// | bounds     | 0 to 1  | of single weights                      |
/// | groups     | none    | limits on sums                         |
/// | sweeps     | 10,000  | visits to every limit before giving up |
///
/// # Source
/// Darroch and Ratcliff (1972), *Generalized iterative scaling for log-linear models*; Bregman (1967).
///
/// # Examples
/// ```
/// use alluse_optimizer::baseline::{GroupLimit, MaximumEntropy};
///
/// let cap = GroupLimit { name: "tech".into(), members: vec![0, 1], lower: 0.0, upper: 0.3 };
/// let solution = MaximumEntropy::default().with_groups(vec![cap]).solve(4)?;
/// assert!((solution.weights.view()[0] - 0.15).abs() < 1e-12);
/// assert!((solution.weights.view()[3] - 0.35).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MaximumEntropy {
    reference: Option<Vec<f64>>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    groups: Vec<GroupLimit>,
    max_sweeps: usize,
}

/// Weights of largest entropy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EntropySolution {
    /// The weights, sum 1.
    pub weights: Weights,
    /// `−Σ wᵢ ln wᵢ`, in nats; its exponential is the effective number of assets.
    pub entropy: f64,
    /// `Σ wᵢ ln(wᵢ / pᵢ)`: zero when the reference itself is allowed.
    pub relative_entropy: f64,
    /// `θ`, one a group: positive where the lower limit binds, negative where the upper one does.
    pub group_multipliers: Vec<f64>,
    /// Visits to every limit.
    pub sweeps: usize,
}

impl Default for MaximumEntropy {
    fn default() -> Self {
        Self { reference: None, bounds: None, groups: Vec::new(), max_sweeps: 10_000 }
    }
}

impl MaximumEntropy {
    /// With other weights to stay close to: positive, any sum.
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<Vec<f64>>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// With `lower ≤ w ≤ upper`, one an asset.
    #[must_use]
    pub fn with_bounds(mut self, lower: impl Into<Vec<f64>>, upper: impl Into<Vec<f64>>) -> Self {
        self.bounds = Some((lower.into(), upper.into()));
        self
    }

    /// With limits on sums of weights.
    #[must_use]
    pub fn with_groups(mut self, groups: Vec<GroupLimit>) -> Self {
        self.groups = groups;
        self
    }

    /// With another limit on sweeps.
    #[must_use]
    pub fn with_max_sweeps(mut self, max_sweeps: usize) -> Self {
        self.max_sweeps = max_sweeps;
        self
    }

    /// The weights of `assets` assets.
    ///
    /// # Errors
    /// - [`Error::Input`] and [`Error::Invalid`] for settings that do not fit the number of assets.
    /// - [`Error::Infeasible`] when no weights satisfy the limits.
    /// - [`Error::NotConverged`], as when limits only together force a weight to zero that has a lower bound of zero:
    ///   give that asset an upper bound of zero.
    pub fn solve(&self, assets: usize) -> Result<EntropySolution> {
        let reference = self.checked_reference(assets)?;
        let (lower, upper) = self.checked_bounds(assets)?;
        let mut rows: Vec<Row> = self.groups.iter().map(|group| Row::of(group, assets)).collect::<Result<_>>()?;
        rows.push(Row { name: "all".to_owned(), members: (0..assets).collect(), lower: 1.0, upper: 1.0 });
        let mut dual =
            Dual { exponents: vec![0.0; assets], multipliers: vec![0.0; rows.len()], reference, lower, upper };
        dual.pin(&rows)?;
        let limit = dual.largest_objective();
        for sweeps in 1..=self.max_sweeps {
            for (k, row) in rows.iter().enumerate() {
                dual.update(k, row)?;
            }
            if dual.violation(&rows) <= TOLERANCE {
                return dual.solution(sweeps);
            }
            let objective = dual.objective(&rows);
            if objective > limit + 1e-6 * (1.0 + limit.abs()) {
                let reason = format!(
                    "the limits together exclude all weights within the bounds: dual objective {objective}, largest \
                     possible {limit}"
                );
                return Err(Error::Infeasible { what: WHAT, reason });
            }
        }
        let residual = dual.violation(&rows);
        Err(Error::NotConverged { method: "iterative scaling", iterations: self.max_sweeps, residual })
    }

    fn checked_reference(&self, assets: usize) -> Result<Vec<f64>> {
        let Some(reference) = &self.reference else {
            return Ok(Weights::equal(assets)?.into());
        };
        length("reference", assets, reference.len())?;
        if let Some(index) = reference.iter().position(|p| !(*p > 0.0 && p.is_finite())) {
            let (name, expected, value) = ("reference", "finite and positive", reference[index]);
            return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
        }
        let sum: f64 = reference.iter().sum();
        Ok(reference.iter().map(|p| p / sum).collect())
    }

    fn checked_bounds(&self, assets: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let Some((lower, upper)) = &self.bounds else {
            return Ok((vec![0.0; assets], vec![1.0; assets]));
        };
        length("lower bounds", assets, lower.len())?;
        length("upper bounds", assets, upper.len())?;
        for (asset, (low, high)) in lower.iter().zip(upper).enumerate() {
            if !(*low <= *high && *high >= 0.0 && *low <= 1.0) {
                let reason = format!("{low} to {high} leaves no weight between 0 and 1");
                return Err(Error::invalid(format!("bounds of asset {asset}"), reason));
            }
        }
        let lower = lower.iter().map(|l| l.max(0.0)).collect();
        Ok((lower, upper.iter().map(|u| u.min(1.0)).collect()))
    }
}

/// Limits on the sum of the members.
#[derive(Debug)]
struct Row {
    name: String,
    members: Vec<usize>,
    lower: f64,
    upper: f64,
}

impl Row {
    fn of(group: &GroupLimit, assets: usize) -> Result<Self> {
        let refused = |reason: String| Err(Error::invalid(format!("group {:?}", group.name), reason));
        if !(group.lower <= group.upper) || group.lower == f64::INFINITY || group.upper == f64::NEG_INFINITY {
            return refused(format!("limits {} to {} leave nothing", group.lower, group.upper));
        }
        let mut seen = vec![false; assets];
        for &member in &group.members {
            match seen.get_mut(member) {
                None => return refused(format!("member {member} is not one of {assets} assets")),
                Some(true) => return refused(format!("member {member} occurs twice")),
                Some(seen) => *seen = true,
            }
        }
        if group.members.is_empty() {
            return refused("has no members".to_owned());
        }
        let (name, members) = (group.name.clone(), group.members.clone());
        // Weights lie between 0 and 1 and sum to 1, so sides beyond that say nothing.
        Ok(Self { name, members, lower: group.lower.max(0.0), upper: group.upper.min(1.0) })
    }
}

/// The multipliers and what follows from them.
#[derive(Debug)]
struct Dual {
    reference: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// `ν + Σ θₖ`, one an asset.
    exponents: Vec<f64>,
    /// One a row, that of the sum of all weights last.
    multipliers: Vec<f64>,
}

impl Dual {
    fn weight(&self, i: usize) -> f64 {
        (self.reference[i] * self.exponents[i].exp()).clamp(self.lower[i], self.upper[i])
    }

    fn sum(&self, row: &Row) -> f64 {
        row.members.iter().map(|&i| self.weight(i)).sum()
    }

    /// Refuses a row that the bounds alone contradict, and fixes weights where the bounds alone meet it: their
    /// multipliers would be infinite.
    fn pin(&mut self, rows: &[Row]) -> Result<()> {
        // A weight that one row fixes may let the bounds alone meet another.
        for row in rows.iter().chain(rows.iter().rev()) {
            let sum = |bounds: &[f64]| row.members.iter().map(|&i| bounds[i]).sum::<f64>();
            let (least, most) = (sum(&self.lower), sum(&self.upper));
            if least > row.upper + TOLERANCE || most < row.lower - TOLERANCE {
                let reason = format!(
                    "the bounds of group {:?} let its weights sum to {least} to {most}, its limits are {} to {}",
                    row.name, row.lower, row.upper
                );
                return Err(Error::Infeasible { what: WHAT, reason });
            }
            for &i in &row.members {
                if least >= row.upper - TOLERANCE {
                    self.upper[i] = self.lower[i];
                } else if most <= row.lower + TOLERANCE {
                    self.lower[i] = self.upper[i];
                }
            }
        }
        Ok(())
    }

    /// Solves for the multiplier of one row with the others held.
    fn update(&mut self, k: usize, row: &Row) -> Result<()> {
        let old = std::mem::take(&mut self.multipliers[k]);
        row.members.iter().for_each(|&i| self.exponents[i] -= old);
        let without = self.sum(row);
        let total = if without < row.lower {
            row.lower
        } else if without > row.upper {
            row.upper
        } else {
            return Ok(());
        };
        let free: Vec<usize> = row.members.iter().copied().filter(|&i| self.lower[i] < self.upper[i]).collect();
        let fixed: f64 = row.members.iter().filter(|&&i| self.lower[i] >= self.upper[i]).map(|&i| self.lower[i]).sum();
        let most = free.iter().map(|&i| self.exponents[i]).fold(f64::NEG_INFINITY, f64::max);
        let part = |&i: &usize| {
            let size = self.reference[i] * (self.exponents[i] - most).exp();
            (size.max(f64::MIN_POSITIVE), self.lower[i], self.upper[i])
        };
        let parts: Vec<(f64, f64, f64)> = free.iter().map(part).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let multiplier = scale_to(total - fixed, &parts).ln() - most;
        if !multiplier.is_finite() {
            let reason = format!("the multiplier of group {:?} is {multiplier}", row.name);
            return Err(Error::Numerical { method: "iterative scaling", reason });
        }
        self.multipliers[k] = multiplier;
        row.members.iter().for_each(|&i| self.exponents[i] += multiplier);
        Ok(())
    }

    /// Largest distance of a sum from its limits, or from the limit whose multiplier says that it binds.
    fn violation(&self, rows: &[Row]) -> f64 {
        let distance = |(row, multiplier): (&Row, &f64)| {
            let sum = self.sum(row);
            match *multiplier {
                m if m > 0.0 => (sum - row.lower).abs(),
                m if m < 0.0 => (sum - row.upper).abs(),
                _ => (row.lower - sum).max(sum - row.upper).max(0.0),
            }
        };
        rows.iter().zip(&self.multipliers).map(distance).fold(0.0, f64::max)
    }

    /// `w ln(w / p) − w`, the convex function that is minimised.
    fn cost(&self, i: usize, w: f64) -> f64 {
        if w > 0.0 { w * (w / self.reference[i]).ln() - w } else { 0.0 }
    }

    /// The most that any weights within the bounds can cost: it is at an end of each range.
    fn largest_objective(&self) -> f64 {
        (0..self.lower.len()).map(|i| self.cost(i, self.lower[i]).max(self.cost(i, self.upper[i]))).sum()
    }

    /// A lower bound on the cost of weights that satisfy the limits.
    fn objective(&self, rows: &[Row]) -> f64 {
        let of_rows =
            rows.iter().zip(&self.multipliers).map(|(row, &m)| m * if m > 0.0 { row.lower } else { row.upper });
        let of_weights = (0..self.lower.len()).map(|i| {
            let w = self.weight(i);
            w * self.exponents[i] - self.cost(i, w)
        });
        of_rows.sum::<f64>() - of_weights.sum::<f64>()
    }

    fn solution(mut self, sweeps: usize) -> Result<EntropySolution> {
        let weights: Array1<f64> = (0..self.lower.len()).map(|i| self.weight(i)).collect();
        let held = || weights.iter().zip(&self.reference).filter(|(w, _)| **w > 0.0);
        let entropy = 0.0 - held().map(|(w, _)| w * w.ln()).sum::<f64>();
        let relative_entropy = held().map(|(w, p)| w * (w / p).ln()).sum::<f64>();
        self.multipliers.pop();
        let group_multipliers = self.multipliers;
        Ok(EntropySolution { weights: Weights::new(weights)?, entropy, relative_entropy, group_multipliers, sweeps })
    }
}
