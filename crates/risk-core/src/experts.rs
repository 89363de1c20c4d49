//! Online aggregation of experts: weights from past losses, with a bound on the regret.
//!
//! An expert is anything that is scored every round: a model, a forecast, a strategy. The weights of a round are
//! made before its losses are seen, because the only way to show losses to an [`ExpertPool`] is
//! [`observe`](ExpertPool::observe), which charges them to the weights that stood.

use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::sum::compensated;
use crate::{Error, Result, check};

/// How weights follow from losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AggregationRule {
    /// Exponential weights with a rate that adapts to the losses (AdaHedge): needs to know neither their range
    /// nor the number of rounds, and does not change when all losses are shifted or scaled.
    ///
    /// ```text
    /// ηₜ = ln N / Δₜ₋₁    δₜ = hₜ − mₜ    hₜ = Σ wᵢ ℓᵢ    mₜ = −ηₜ⁻¹ ln Σ wᵢ e^(−ηₜ ℓᵢ)    regret ≤ 2 Δ
    /// ```
    #[default]
    AdaHedge,
    /// Exponential weights `e^(−ηL)` with a fixed rate, for losses in a known range.
    ///
    /// ```text
    /// regret ≤ ln N / η + η T range² / 8
    /// ```
    Hedge {
        /// η, per unit of loss.
        rate: f64,
        /// Largest less smallest loss that can occur in a round.
        range: f64,
    },
    /// Exponential weights of which a share is handed round every round, so that an expert that was bad for
    /// long can come back (Herbster & Warmuth). Its bound is against the best sequence of experts with a given
    /// number of switches, not against one expert: [`regret_bound`](ExpertPool::regret_bound) gives none.
    FixedShare {
        /// η, per unit of loss.
        rate: f64,
        /// The share, in (0, 1).
        share: f64,
    },
    /// All weight on the expert with the smallest past loss; equal weights on ties. A baseline without a bound.
    FollowTheLeader,
    /// Equal weights for ever. A baseline without a bound, and hard to beat.
    Equal,
}

/// Experts, their past losses, and the weights of the next round.
///
/// ```
/// use alluse_risk_core::experts::{AggregationRule, ExpertPool};
/// use ndarray::array;
///
/// let mut pool = ExpertPool::new(2, AggregationRule::AdaHedge)?;
/// assert_eq!(pool.weights(), array![0.5, 0.5]);
/// for _ in 0..50 {
///     pool.observe(array![1.0, 0.0].view())?;
/// }
/// assert!(pool.weights()[1] > 0.99);
/// assert!(pool.regret() <= pool.regret_bound().unwrap());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
///
/// # Source
/// de Rooij, van Erven, Grünwald & Koolen (2014), *Follow the leader if you can, hedge if you must*, JMLR 15;
/// Cesa-Bianchi & Lugosi (2006), *Prediction, Learning, and Games*; Herbster & Warmuth (1998).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct ExpertPool {
    rule: AggregationRule,
    rounds: usize,
    losses: Vec<f64>,
    /// Loss of the weighted mixture so far.
    own_loss: f64,
    /// Δ of AdaHedge.
    mixability_gap: f64,
    /// Weights of fixed share, which has a memory beyond the summed losses.
    shared: Option<Vec<f64>>,
}

impl ExpertPool {
    /// With so many experts.
    ///
    /// # Errors
    /// [`Error::Empty`] for none, [`Error::OutOfDomain`] for parameters of the rule that are not positive and
    /// finite, or a share outside (0, 1).
    pub fn new(experts: usize, rule: AggregationRule) -> Result<Self> {
        if experts == 0 {
            return Err(Error::Empty { name: "experts" });
        }
        let positive = |name, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Error::OutOfDomain { name, expected: "positive and finite", value }),
        };
        match rule {
            AggregationRule::Hedge { rate, range } => {
                positive("rate", rate)?;
                positive("range", range)?;
            }
            AggregationRule::FixedShare { rate, share } => {
                positive("rate", rate)?;
                if !(share > 0.0 && share < 1.0) {
                    return Err(Error::OutOfDomain { name: "share", expected: "in (0, 1)", value: share });
                }
            }
            AggregationRule::AdaHedge | AggregationRule::FollowTheLeader | AggregationRule::Equal => {}
        }
        let shared = matches!(rule, AggregationRule::FixedShare { .. }).then(|| vec![1.0 / experts as f64; experts]);
        let losses = vec![0.0; experts];
        Ok(Self { rule, rounds: 0, losses, own_loss: 0.0, mixability_gap: 0.0, shared })
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> AggregationRule {
        self.rule
    }

    /// How many rounds were observed.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// The weights of the next round, made from the rounds before it; they sum to 1.
    #[must_use]
    pub fn weights(&self) -> Array1<f64> {
        match (self.rule, &self.shared) {
            (_, Some(shared)) => Array1::from(shared.clone()),
            (AggregationRule::Equal, _) => Array1::from_elem(self.losses.len(), 1.0 / self.losses.len() as f64),
            (AggregationRule::Hedge { rate, .. }, _) => exponential(&self.losses, rate),
            (AggregationRule::AdaHedge, _) => exponential(&self.losses, self.adaptive_rate()),
            _ => exponential(&self.losses, f64::INFINITY),
        }
    }

    /// Charges the losses of a round to the weights that stood; returns the loss of the weighted mixture.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a loss that is not finite, or further from
    /// the smallest of its round than the range of [`AggregationRule::Hedge`], and [`Error::Overflow`]. The pool
    /// is then unchanged.
    pub fn observe(&mut self, losses: ArrayView1<'_, f64>) -> Result<f64> {
        check::length("losses", self.losses.len(), losses.len())?;
        check::finite("losses", losses)?;
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        if let AggregationRule::Hedge { range, .. } = self.rule {
            // The sum of a rounding error is no violation.
            if let Some(index) = losses.iter().position(|loss| loss - least > range * (1.0 + 1e-12)) {
                let (name, expected, value) = ("losses", "within the range of the rule", losses[index]);
                return Err(Error::ElementOutOfDomain { name, index, expected, value });
            }
        }
        let weights = self.weights();
        let own = compensated(weights.iter().zip(losses).map(|(w, loss)| w * loss));
        let next: Vec<f64> = self.losses.iter().zip(losses).map(|(sum, loss)| sum + loss).collect();
        if !own.is_finite() || next.iter().any(|loss| !loss.is_finite()) {
            return Err(Error::Overflow { name: "cumulative loss" });
        }
        if self.rule == AggregationRule::AdaHedge {
            let mix = self.mix_loss(&weights, losses, &next);
            self.mixability_gap += (own - mix).max(0.0);
        }
        if let (AggregationRule::FixedShare { rate, share }, Some(shared)) = (self.rule, &mut self.shared) {
            let kept: Vec<f64> = shared.iter().zip(losses).map(|(w, l)| w * (-rate * (l - least)).exp()).collect();
            let total: f64 = kept.iter().sum();
            let equal = share / kept.len() as f64;
            *shared = kept.iter().map(|w| (1.0 - share) * w / total + equal).collect();
        }
        self.losses = next;
        self.own_loss += own;
        self.rounds += 1;
        Ok(own)
    }

    /// Loss of the weighted mixture less that of the best single expert so far.
    #[must_use]
    pub fn regret(&self) -> f64 {
        self.own_loss - self.best_loss()
    }

    /// What the regret cannot exceed, whatever the losses; `None` for a rule without such a bound.
    #[must_use]
    pub fn regret_bound(&self) -> Option<f64> {
        let log_experts = (self.losses.len() as f64).ln();
        match self.rule {
            AggregationRule::AdaHedge => Some(2.0 * self.mixability_gap),
            AggregationRule::Hedge { rate, range } => {
                Some(log_experts / rate + 0.125 * rate * self.rounds as f64 * range * range)
            }
            AggregationRule::FixedShare { .. } | AggregationRule::FollowTheLeader | AggregationRule::Equal => None,
        }
    }

    /// Summed loss of every expert.
    #[must_use]
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Summed loss of the weighted mixture.
    #[must_use]
    pub fn own_loss(&self) -> f64 {
        self.own_loss
    }

    fn best_loss(&self) -> f64 {
        self.losses.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn adaptive_rate(&self) -> f64 {
        match self.mixability_gap > 0.0 {
            true => (self.losses.len() as f64).ln() / self.mixability_gap,
            false => f64::INFINITY,
        }
    }

    fn mix_loss(&self, weights: &Array1<f64>, losses: ArrayView1<'_, f64>, next: &[f64]) -> f64 {
        let rate = self.adaptive_rate();
        if rate.is_infinite() {
            return next.iter().copied().fold(f64::INFINITY, f64::min) - self.best_loss();
        }
        // About the smallest loss that carries weight, so that the sum neither under- nor overflows.
        let carried = weights.iter().zip(losses).filter(|(w, _)| **w > 0.0);
        let least = carried.clone().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
        least - carried.map(|(w, loss)| w * (-rate * (loss - least)).exp()).sum::<f64>().ln() / rate
    }
}

/// `wᵢ ∝ e^(−rate (Lᵢ − min L))`; for an infinite rate the leaders alone.
fn exponential(losses: &[f64], rate: f64) -> Array1<f64> {
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let weight = |loss: &f64| match rate.is_infinite() {
        true => f64::from(u8::from(*loss <= least)),
        false => (-rate * (loss - least)).exp(),
    };
    let weights: Array1<f64> = losses.iter().map(weight).collect();
    let total = weights.sum();
    weights / total
}

/// The stored form, so that a stored pool is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct State {
    rule: AggregationRule,
    rounds: usize,
    losses: Vec<f64>,
    own_loss: f64,
    mixability_gap: f64,
    shared: Option<Vec<f64>>,
}

impl TryFrom<State> for ExpertPool {
    type Error = Error;

    fn try_from(state: State) -> Result<Self> {
        let pool = Self::new(state.losses.len(), state.rule)?;
        check::finite("losses", ArrayView1::from(&state.losses))?;
        check::finite_number("own loss", state.own_loss)?;
        let gap = state.mixability_gap;
        if !(gap >= 0.0 && gap.is_finite()) {
            return Err(Error::OutOfDomain { name: "mixability gap", expected: "at least 0 and finite", value: gap });
        }
        match (&pool.shared, &state.shared) {
            (None, None) => {}
            (Some(_), Some(shared)) => {
                check::length("shared weights", state.losses.len(), shared.len())?;
                let total = compensated(shared.iter().copied());
                if shared.iter().any(|w| !(*w >= 0.0)) || !((total - 1.0).abs() < 1e-9) {
                    let expected = "weights that sum to 1";
                    return Err(Error::OutOfDomain { name: "shared weights", expected, value: total });
                }
            }
            _ => return Err(Error::Unknown { name: "state of the rule", value: format!("{:?}", state.rule) }),
        }
        let State { rounds, losses, own_loss, mixability_gap, shared, .. } = state;
        Ok(Self { rounds, losses, own_loss, mixability_gap, shared, ..pool })
    }
}

impl From<ExpertPool> for State {
    fn from(pool: ExpertPool) -> Self {
        let ExpertPool { rule, rounds, losses, own_loss, mixability_gap, shared } = pool;
        Self { rule, rounds, losses, own_loss, mixability_gap, shared }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    const HEDGE: AggregationRule = AggregationRule::Hedge { rate: std::f64::consts::LN_2, range: 2.0 };

    #[test]
    fn hedge_by_hand() {
        let mut pool = ExpertPool::new(3, HEDGE).unwrap();
        assert!((pool.observe(array![0.0, 1.0, 2.0].view()).unwrap() - 1.0).abs() < 1e-15);
        // e^(−ln 2 · L): 1, 1/2, 1/4 of 7/4.
        for (got, want) in pool.weights().iter().zip([4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]) {
            assert!((got - want).abs() < 1e-15);
        }
        let second = pool.observe(array![1.0, 0.0, 0.0].view()).unwrap();
        assert!((second - 4.0 / 7.0).abs() < 1e-15);
        // Summed losses 1, 1, 2; own 1 + 4/7.
        assert_eq!((pool.rounds(), pool.losses()), (2, &[1.0, 1.0, 2.0][..]));
        assert!((pool.regret() - 4.0 / 7.0).abs() < 1e-15 && (pool.own_loss() - 11.0 / 7.0).abs() < 1e-15);
        // ln 3 / ln 2 + ln 2 · 2 · 4 / 8
        let bound = 3.0_f64.log2() + std::f64::consts::LN_2;
        assert!((pool.regret_bound().unwrap() - bound).abs() < 1e-12);
        assert_eq!(pool.rule(), HEDGE);
    }

    #[test]
    fn adahedge_by_hand() {
        // Round 1: equal weights, losses 1 and 0. The rate is infinite: mix loss min L' − min L = 0, own ½, Δ = ½.
        let mut pool = ExpertPool::new(2, AggregationRule::AdaHedge).unwrap();
        assert_eq!(pool.observe(array![1.0, 0.0].view()).unwrap(), 0.5);
        assert_eq!(pool.regret_bound(), Some(1.0));
        // Round 2: η = ln 2/½ = ln 4, weights e^(−ln 4): 1/4 and 1, so 1/5 and 4/5.
        for (got, want) in pool.weights().iter().zip([0.2, 0.8]) {
            assert!((got - want).abs() < 1e-15);
        }
        let own = pool.observe(array![0.0, 1.0].view()).unwrap();
        assert!((own - 0.8).abs() < 1e-15);
        // Mix loss −ln(1/5 + 4/5 · 1/4)/ln 4 = −ln(2/5)/ln 4.
        let gap = 0.5 + (0.8 + 0.4_f64.ln() / 4.0_f64.ln());
        assert!((pool.regret_bound().unwrap() - 2.0 * gap).abs() < 1e-14);
    }

    #[test]
    fn fixed_share_by_hand() {
        let rule = AggregationRule::FixedShare { rate: std::f64::consts::LN_2, share: 0.2 };
        let mut pool = ExpertPool::new(2, rule).unwrap();
        pool.observe(array![1.0, 0.0].view()).unwrap();
        // Exponential weights 1/3 and 2/3, of which a fifth is handed round: 0.8/3 + 0.1 and 1.6/3 + 0.1.
        for (got, want) in pool.weights().iter().zip([0.8 / 3.0 + 0.1, 1.6 / 3.0 + 0.1]) {
            assert!((got - want).abs() < 1e-15);
        }
        assert_eq!(pool.regret_bound(), None);
        // After a long bad time the first comes back within a few rounds; exponential weights do not let it.
        let mut stiff = ExpertPool::new(2, HEDGE).unwrap();
        for _ in 0..100 {
            pool.observe(array![1.0, 0.0].view()).unwrap();
            stiff.observe(array![1.0, 0.0].view()).unwrap();
        }
        for _ in 0..10 {
            pool.observe(array![0.0, 1.0].view()).unwrap();
            stiff.observe(array![0.0, 1.0].view()).unwrap();
        }
        assert!(pool.weights()[0] > 0.7 && stiff.weights()[0] < 1e-20);
    }

    #[test]
    fn the_baselines() {
        let mut leader = ExpertPool::new(3, AggregationRule::FollowTheLeader).unwrap();
        let mut equal = ExpertPool::new(3, AggregationRule::Equal).unwrap();
        for pool in [&mut leader, &mut equal] {
            pool.observe(array![1.0, 0.0, 0.0].view()).unwrap();
            assert_eq!(pool.regret_bound(), None);
        }
        assert_eq!(leader.weights(), array![0.0, 0.5, 0.5]);
        assert_eq!(equal.weights(), Array1::from_elem(3, 1.0 / 3.0));
    }

    #[test]
    fn bad_input_leaves_the_pool_alone() {
        let mut pool = ExpertPool::new(2, HEDGE).unwrap();
        let before = pool.clone();
        assert!(matches!(pool.observe(array![1.0].view()), Err(Error::LengthMismatch { .. })));
        assert!(matches!(pool.observe(array![0.0, f64::NAN].view()), Err(Error::ElementOutOfDomain { index: 1, .. })));
        assert!(matches!(pool.observe(array![0.0, 2.1].view()), Err(Error::ElementOutOfDomain { index: 1, .. })));
        assert_eq!(pool, before);
        let mut pool = ExpertPool::new(2, AggregationRule::AdaHedge).unwrap();
        pool.observe(array![1e308, 1e308].view()).unwrap();
        assert!(matches!(pool.observe(array![1e308, 1e308].view()), Err(Error::Overflow { .. })));
        assert!(matches!(ExpertPool::new(0, AggregationRule::Equal), Err(Error::Empty { .. })));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(ExpertPool::new(2, AggregationRule::Hedge { rate: bad, range: 1.0 }).is_err());
            assert!(ExpertPool::new(2, AggregationRule::Hedge { rate: 1.0, range: bad }).is_err());
            assert!(ExpertPool::new(2, AggregationRule::FixedShare { rate: bad, share: 0.5 }).is_err());
        }
        for bad in [0.0, 1.0, f64::NAN] {
            assert!(ExpertPool::new(2, AggregationRule::FixedShare { rate: 1.0, share: bad }).is_err());
        }
    }

    #[test]
    fn a_stored_pool_goes_on_as_before() {
        for rule in [AggregationRule::AdaHedge, AggregationRule::FixedShare { rate: 0.5, share: 0.1 }] {
            let mut pool = ExpertPool::new(2, rule).unwrap();
            pool.observe(array![1.0, 0.25].view()).unwrap();
            let text = serde_json::to_string(&pool).unwrap();
            let mut read: ExpertPool = serde_json::from_str(&text).unwrap();
            assert_eq!(read, pool);
            assert_eq!(read.observe(array![0.0, 1.0].view()), pool.observe(array![0.0, 1.0].view()));
        }
        let text = serde_json::to_string(&ExpertPool::new(2, AggregationRule::AdaHedge).unwrap()).unwrap();
        for (from, to) in [
            ("[0.0,0.0]", "[]"),
            ("\"mixability_gap\":0.0", "\"mixability_gap\":-1.0"),
            ("\"shared\":null", "\"shared\":[0.5,0.5]"),
        ] {
            assert!(text.contains(from), "{text}");
            assert!(serde_json::from_str::<ExpertPool>(&text.replace(from, to)).is_err(), "{to}");
        }
        let rule = AggregationRule::FixedShare { rate: 0.5, share: 0.1 };
        let text = serde_json::to_string(&ExpertPool::new(2, rule).unwrap()).unwrap();
        for to in ["[0.5,0.6]", "[1.5,-0.5]", "[1.0]", "null"] {
            assert!(serde_json::from_str::<ExpertPool>(&text.replace("[0.5,0.5]", to)).is_err(), "{to}");
        }
    }

    fn rounds() -> impl Strategy<Value = Vec<[f64; 3]>> {
        proptest::collection::vec(proptest::array::uniform3(0.0_f64..2.0), 1..200)
    }

    proptest! {
        /// The regret stays below the bound on every sequence, and weights are a distribution.
        #[test]
        fn regret_is_bounded(rounds in rounds(), rate in 0.01_f64..5.0) {
            for rule in [AggregationRule::AdaHedge, AggregationRule::Hedge { rate, range: 2.0 }] {
                let mut pool = ExpertPool::new(3, rule).unwrap();
                for losses in &rounds {
                    pool.observe(ArrayView1::from(losses)).unwrap();
                    let weights = pool.weights();
                    prop_assert!((weights.sum() - 1.0).abs() < 1e-12 && weights.iter().all(|w| *w >= 0.0));
                    prop_assert!(pool.regret() <= pool.regret_bound().unwrap() + 1e-9);
                }
            }
        }

        /// The growth with √T that de Rooij et al. (2014) prove, with more room than they need.
        #[test]
        fn adahedge_regret_grows_like_the_root(rounds in rounds()) {
            let mut pool = ExpertPool::new(3, AggregationRule::AdaHedge).unwrap();
            for losses in &rounds {
                pool.observe(ArrayView1::from(losses)).unwrap();
            }
            let (range, log_experts) = (2.0, 3.0_f64.ln());
            let worst = range * (rounds.len() as f64 * log_experts).sqrt() + range * (16.0 / 3.0 * log_experts + 2.0);
            prop_assert!(pool.regret() <= worst);
        }

        /// Shifting and scaling all losses changes no weight of the adaptive rule.
        #[test]
        fn adahedge_is_free_of_scale(rounds in rounds(), shift in -5.0_f64..5.0, scale in 0.01_f64..100.0) {
            let mut plain = ExpertPool::new(3, AggregationRule::AdaHedge).unwrap();
            let mut moved = plain.clone();
            for losses in &rounds {
                plain.observe(ArrayView1::from(losses)).unwrap();
                moved.observe(ArrayView1::from(&losses.map(|loss| scale * (loss + shift)))).unwrap();
            }
            for (a, b) in plain.weights().iter().zip(&moved.weights()) {
                prop_assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}
