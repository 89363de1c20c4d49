use alluse_risk_core::inference::{
    DirectionCounts, DirectionRegression, PesaranTimmermannTest, direction_regression, pesaran_timmermann,
};
use alluse_risk_core::scores::brier_score;
use alluse_risk_core::{Confidence, Status};
use ndarray::{Array1, aview1};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::evaluation::walk_forward::Outcome;
use crate::evaluation::{Overlap, Share, Skill, skill, status};

/// How well directions were forecast, beside the base rate that always-up gets for nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectionSkill {
    /// Share of right directions; a probability above one half predicts a rise. Its interval counts independent
    /// outcomes.
    pub hit_rate: Share,
    /// Share of the outcomes that rose: the hit rate of always-up on the same outcomes.
    pub base_rate: f64,
    /// The test that predicted and actual directions are independent, on outcomes that do not overlap; unknown with
    /// the reason where it is undefined, as when every prediction is the same.
    pub pesaran_timmermann: Status<PesaranTimmermannTest>,
    /// The same question of all outcomes, overlapping ones included, by a regression whose error allows for what they
    /// share ([`Overlap::bartlett_lags`]); unknown with the reason where it is undefined.
    pub direction_regression: Status<DirectionRegression>,
    /// Mean Brier score of the probability of a rise.
    pub brier: f64,
    /// Skill of that probability against the base rate known at each origin.
    pub brier_skill: Status<Skill>,
}

/// The stated probabilities of a rise on these outcomes.
pub(super) fn judge(
    outcomes: &[Outcome],
    probabilities: &[f64],
    overlap: Overlap,
    level: Confidence,
) -> Result<DirectionSkill> {
    let origins: Vec<usize> = outcomes.iter().map(|outcome| outcome.origin).collect();
    let disjoint = overlap.disjoint(&origins);
    let right = |(outcome, p): &(&Outcome, &f64)| outcome.rose() == (**p > 0.5);
    let hits = outcomes.iter().zip(probabilities).filter(right).count();
    let rises = outcomes.iter().filter(|outcome| outcome.rose()).count();
    let mut counts =
        DirectionCounts { up_predicted_up: 0, up_predicted_down: 0, down_predicted_up: 0, down_predicted_down: 0 };
    for &place in &disjoint {
        let cell = match (outcomes[place].rose(), probabilities[place] > 0.5) {
            (true, true) => &mut counts.up_predicted_up,
            (true, false) => &mut counts.up_predicted_down,
            (false, true) => &mut counts.down_predicted_up,
            (false, false) => &mut counts.down_predicted_down,
        };
        *cell += 1;
    }
    let returns: Array1<f64> = outcomes.iter().map(|outcome| outcome.realised).collect();
    let leanings: Array1<f64> = probabilities.iter().map(|p| p - 0.5).collect();
    let lags = overlap.bartlett_lags(outcomes.len());
    let rose: Vec<bool> = outcomes.iter().map(Outcome::rose).collect();
    let base_rates: Array1<f64> = outcomes.iter().map(|outcome| outcome.base_rate).collect();
    let own = brier_score(aview1(probabilities), &rose)?;
    let base = brier_score(base_rates.view(), &rose)?;
    Ok(DirectionSkill {
        hit_rate: Share::new(hits, outcomes.len(), disjoint.len() as f64, level)?,
        base_rate: rises as f64 / outcomes.len() as f64,
        pesaran_timmermann: status(pesaran_timmermann(counts).map_err(crate::Error::from)),
        direction_regression: status(
            direction_regression(returns.view(), leanings.view(), lags).map_err(crate::Error::from),
        ),
        brier: alluse_risk_core::moments::mean(own.view())?,
        brier_skill: status(skill(own.view(), base.view(), overlap.lags(), disjoint.len(), level)),
    })
}
