use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// What a part of a return comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Term {
    /// The return without risk.
    RiskFree,
    /// The constant of the regression.
    Alpha,
    /// A factor, by name.
    Factor(String),
    /// What is left.
    Specific,
}

/// One part of the return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contribution {
    /// What it comes from.
    pub term: Term,
    /// Its part of the return of each period.
    pub by_period: Vec<f64>,
    /// Its part of the total return: `Σₜ cₜ Gₜ`.
    pub linked: f64,
}

/// Parts that add up to the return of each period and, linked, to the total return.
///
/// ```text
/// Rₜ = Σₖ cₖₜ      Π(1 + Rₜ) − 1 = Σₖ Σₜ cₖₜ Gₜ      Gₜ = Π_{s<t} (1 + Rₛ)
/// ```
///
/// # Source
/// The linking of the GRAP group (1997) without a benchmark: a part earned in period t is of the value at its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contributions {
    /// Return of each period.
    pub returns: Vec<f64>,
    /// `Π(1 + Rₜ) − 1`.
    pub total_return: f64,
    /// The parts, [`Term::Specific`] last.
    pub parts: Vec<Contribution>,
}

impl Contributions {
    /// The part that comes from a term, if there is one.
    #[must_use]
    pub fn part(&self, term: &Term) -> Option<&Contribution> {
        self.parts.iter().find(|part| part.term == *term)
    }

    /// The part that comes from a factor, if there is one.
    #[must_use]
    pub fn factor(&self, name: &str) -> Option<&Contribution> {
        self.parts.iter().find(|part| matches!(&part.term, Term::Factor(factor) if factor == name))
    }

    /// Total return less the linked parts: rounding alone.
    #[must_use]
    pub fn linking_residual(&self) -> f64 {
        self.total_return - self.parts.iter().map(|part| part.linked).sum::<f64>()
    }

    /// Of the explained parts of each period; what they leave becomes the specific part.
    pub(super) fn explained(returns: ArrayView1<'_, f64>, explained: Vec<(Term, Vec<f64>)>) -> Result<Self> {
        let growth = growth_before(returns)?;
        let mut specific = returns.to_vec();
        for (_, by_period) in &explained {
            specific.iter_mut().zip(by_period).for_each(|(rest, part)| *rest -= part);
        }
        let last = returns.len() - 1;
        let end = growth[last] * (1.0 + returns[last]);
        let total_return = check::result("total return", end - 1.0)?;
        let parts = explained.into_iter().chain([(Term::Specific, specific)]).map(|(term, by_period)| {
            let linked = check::result("linked contribution", linked(&by_period, &growth))?;
            Ok(Contribution { term, by_period, linked })
        });
        Ok(Self { returns: returns.to_vec(), total_return, parts: parts.collect::<Result<_>>()? })
    }
}

/// `Π_{s<t} (1 + Rₛ)` for every period; the caller has checked the returns.
pub(super) fn growth_before(returns: ArrayView1<'_, f64>) -> Result<Vec<f64>> {
    let mut value = 1.0;
    let growth = returns.iter().map(|r| {
        let before = value;
        value *= 1.0 + r;
        check::result("cumulative growth", before)
    });
    growth.collect()
}

/// `Σ cₜ Gₜ`.
pub(super) fn linked(by_period: &[f64], growth: &[f64]) -> f64 {
    by_period.iter().zip(growth).map(|(part, growth)| part * growth).sum()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_periods_by_hand() {
        // 10 % then 20 %: 32 %. Half of each return explained: 5 % + 10 % · 1.1 = 16 %.
        let returns = array![0.1, 0.2];
        let parts = vec![(Term::Factor("market".into()), vec![0.05, 0.1])];
        let split = Contributions::explained(returns.view(), parts).unwrap();
        assert!((split.total_return - 0.32).abs() < 1e-15);
        assert!((split.factor("market").unwrap().linked - 0.16).abs() < 1e-15);
        assert!((split.part(&Term::Specific).unwrap().linked - 0.16).abs() < 1e-15);
        assert_eq!(split.part(&Term::Alpha), None);
        let text = serde_json::to_string(&split).unwrap();
        assert_eq!(serde_json::from_str::<Contributions>(&text).unwrap(), split);
    }

    proptest! {
        #[test]
        fn the_parts_add_up(
            rows in prop::collection::vec((-0.9_f64..0.5, -0.5_f64..0.5, -0.5_f64..0.5), 1..60),
        ) {
            let returns: Array1<f64> = rows.iter().map(|row| row.0).collect();
            let parts = vec![
                (Term::Alpha, rows.iter().map(|row| row.1).collect()),
                (Term::Factor("a".into()), rows.iter().map(|row| row.2).collect()),
            ];
            let split = Contributions::explained(returns.view(), parts).unwrap();
            let largest = growth_before(returns.view()).unwrap().into_iter().fold(1.0, f64::max);
            prop_assert!(split.linking_residual().abs() <= 1e-12 * largest);
            for (t, want) in returns.iter().enumerate() {
                let sum: f64 = split.parts.iter().map(|part| part.by_period[t]).sum();
                prop_assert!((sum - want).abs() <= 1e-15 * 4.0);
            }
        }
    }
}
