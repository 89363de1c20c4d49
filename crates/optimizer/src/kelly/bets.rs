//! Bets with finitely many outcomes.

use serde::{Deserialize, Serialize};

use super::{ensure, finite, positive};
use crate::{Error, Result};

/// The stake with the greatest growth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KellyStake {
    /// Fraction of wealth.
    pub fraction: f64,
    /// Expected logarithm of what a bet multiplies wealth by.
    pub growth: f64,
    /// Expected gain per unit staked.
    pub edge: f64,
}

/// A bet that pays `odds` per unit staked with some probability, and otherwise loses the stake.
///
/// ```text
/// g(f) = p ln(1 + b f) + (1 − p) ln(1 − f)      f* = p − (1 − p) / b
/// ```
///
/// # Source
/// Kelly (1956), "A new interpretation of information rate".
///
/// # Examples
/// ```
/// use alluse_optimizer::kelly::BinaryBet;
///
/// let coin = BinaryBet::new(0.53, 1.0)?.optimum();
/// assert!((coin.fraction - 0.06).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawBinary", into = "RawBinary")]
pub struct BinaryBet {
    probability: f64,
    odds: f64,
}

impl BinaryBet {
    /// # Errors
    /// [`Error::Input`] unless the probability is in [0, 1] and the odds are positive and finite.
    pub fn new(probability: f64, odds: f64) -> Result<Self> {
        ensure((0.0..=1.0).contains(&probability), "probability", "in [0, 1]", probability)?;
        positive("odds", odds)?;
        Ok(Self { probability, odds })
    }

    /// The best stake; nothing when the edge is not positive, as the other side of a bet is another bet.
    #[must_use]
    pub fn optimum(&self) -> KellyStake {
        let lose = 1.0 - self.probability;
        let fraction = (self.probability - lose / self.odds).max(0.0);
        KellyStake { fraction, growth: self.growth(fraction), edge: self.probability * self.odds - lose }
    }

    /// The growth of a stake.
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 ≤ fraction ≤ 1`, [`Error::Undefined`] when everything can be lost.
    pub fn growth_at(&self, fraction: f64) -> Result<f64> {
        ensure((0.0..=1.0).contains(&fraction), "fraction", "in [0, 1]", fraction)?;
        let growth = self.growth(fraction);
        if growth.is_finite() { Ok(growth) } else { Err(ruin(fraction)) }
    }

    fn growth(&self, fraction: f64) -> f64 {
        let won = weighted_log(self.probability, self.odds * fraction);
        won + weighted_log(1.0 - self.probability, -fraction)
    }
}

/// `p ln(1 + x)`, 0 for what cannot happen.
fn weighted_log(probability: f64, gain: f64) -> f64 {
    if probability > 0.0 { probability * libm::log1p(gain) } else { 0.0 }
}

fn ruin(fraction: f64) -> Error {
    let reason = format!("a stake of {fraction} can lose all wealth, whose logarithm is −∞");
    Error::Undefined { what: "growth", reason }
}

/// One outcome of a bet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Gain per unit staked: −1 loses the stake.
    pub gain: f64,
    /// How likely it is.
    pub probability: f64,
}

/// Which stakes there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StakeSign {
    /// For the bet only.
    #[default]
    Long,
    /// For it or against it, a negative stake gaining what a positive one loses.
    LongOrShort,
}

/// A bet with several outcomes.
///
/// ```text
/// g(f) = Σ pⱼ ln(1 + f xⱼ)      over the f with 1 + f xⱼ > 0 for every outcome that can happen
/// ```
///
/// `g` is strictly concave unless every gain is 0, so its best stake is where `g'` changes sign.
///
/// # Examples
/// ```
/// use alluse_optimizer::kelly::{DiscreteBet, Outcome, StakeSign};
///
/// // Win or lose the stake, or get it back.
/// let outcomes = [(1.0, 0.4), (0.0, 0.3), (-1.0, 0.3)];
/// let bet = DiscreteBet::new(outcomes.map(|(gain, probability)| Outcome { gain, probability }).to_vec())?;
/// // Draws do not matter: f* = (0.4 − 0.3) / (0.4 + 0.3).
/// assert!((bet.optimum(StakeSign::Long)?.fraction - 1.0 / 7.0).abs() < 1e-14);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Outcome>", into = "Vec<Outcome>")]
pub struct DiscreteBet {
    outcomes: Vec<Outcome>,
}

impl DiscreteBet {
    /// # Errors
    /// [`Error::Input`] without outcomes, for a gain that is not finite, a negative probability, or probabilities
    /// that do not sum to 1 within 1e-9.
    pub fn new(outcomes: Vec<Outcome>) -> Result<Self> {
        if outcomes.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "outcomes" }.into());
        }
        for (index, outcome) in outcomes.iter().enumerate() {
            let refuse = |name, expected, value| {
                Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into())
            };
            if !outcome.gain.is_finite() {
                return refuse("gains", "finite", outcome.gain);
            }
            if !(outcome.probability >= 0.0 && outcome.probability.is_finite()) {
                return refuse("probabilities", "at least 0", outcome.probability);
            }
        }
        let sum: f64 = outcomes.iter().map(|outcome| outcome.probability).sum();
        ensure((sum - 1.0).abs() <= 1e-9, "sum of probabilities", "1", sum)?;
        Ok(Self { outcomes })
    }

    /// The best stake; nothing when the bet is fair, or when it loses on average and only [`StakeSign::Long`] is
    /// open.
    ///
    /// # Errors
    /// [`Error::Unbounded`] for a stake that cannot lose.
    pub fn optimum(&self, sign: StakeSign) -> Result<KellyStake> {
        let edge = self.slope(0.0);
        finite("edge of a bet", edge)?;
        let fraction = match sign {
            _ if edge > 0.0 => self.root(1.0)?,
            StakeSign::LongOrShort if edge < 0.0 => self.root(-1.0)?,
            _ => 0.0,
        };
        Ok(KellyStake { fraction, growth: self.growth_at(fraction)?, edge })
    }

    /// The growth of a stake.
    ///
    /// # Errors
    /// [`Error::Input`] unless the stake is finite, [`Error::Undefined`] when it can lose all wealth or more.
    pub fn growth_at(&self, fraction: f64) -> Result<f64> {
        finite("fraction", fraction)?;
        let growth: f64 = self.outcomes.iter().map(|o| weighted_log(o.probability, fraction * o.gain)).sum();
        if growth.is_finite() { Ok(growth) } else { Err(ruin(fraction)) }
    }

    /// `g'(f)`.
    fn slope(&self, fraction: f64) -> f64 {
        let possible = self.outcomes.iter().filter(|outcome| outcome.probability > 0.0);
        possible.map(|o| o.probability * o.gain / (1.0 + fraction * o.gain)).sum()
    }

    /// Where `g'` changes sign on the side of 0 that `sign` names, by halving: the slope is monotone, and infinite
    /// at the far end, where a step by derivatives would stumble.
    fn root(&self, sign: f64) -> Result<f64> {
        let possible = self.outcomes.iter().filter(|outcome| outcome.probability > 0.0);
        let worst = possible.map(|outcome| sign * outcome.gain).fold(0.0, f64::min);
        let end = -1.0 / worst;
        if worst >= 0.0 || !end.is_finite() {
            let reason = "no outcome loses, so the larger the stake the better".to_owned();
            return Err(Error::Unbounded { what: "growth", reason });
        }
        let (mut low, mut high) = (0.0, end);
        loop {
            let middle = 0.5 * (low + high);
            // Until no number lies between: at most some 1100 halvings, some 60 for stakes of ordinary size.
            if middle <= low || middle >= high {
                return Ok(sign * low);
            }
            let improves = 1.0 + middle * worst > 0.0 && sign * self.slope(sign * middle) > 0.0;
            if improves { low = middle } else { high = middle }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RawBinary {
    probability: f64,
    odds: f64,
}

impl TryFrom<RawBinary> for BinaryBet {
    type Error = Error;

    fn try_from(raw: RawBinary) -> Result<Self> {
        Self::new(raw.probability, raw.odds)
    }
}

impl From<BinaryBet> for RawBinary {
    fn from(bet: BinaryBet) -> Self {
        Self { probability: bet.probability, odds: bet.odds }
    }
}

impl TryFrom<Vec<Outcome>> for DiscreteBet {
    type Error = Error;

    fn try_from(outcomes: Vec<Outcome>) -> Result<Self> {
        Self::new(outcomes)
    }
}

impl From<DiscreteBet> for Vec<Outcome> {
    fn from(bet: DiscreteBet) -> Self {
        bet.outcomes
    }
}
