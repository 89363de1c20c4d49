//! Gains and losses, counted and summed.

use alluse_risk_core::moments::Side;
use serde::{Deserialize, Serialize};

use super::Performance;
use super::ratio::ratio;
use crate::{Error, Result, RiskFree, check};

/// Whether a period gains or loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A return above 0.
    Win,
    /// A return below 0.
    Loss,
}

/// Whether periods of exactly zero count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// Only periods that gained or lost count: a day without a position is no failure.
    #[default]
    Excluded,
    /// All periods count.
    Included,
}

/// Where the Kelly fraction comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kelly {
    /// Mean over sample variance: the limit of small returns. The default.
    #[default]
    MeanVariance,
    /// A bet that wins the average win with the win rate (zeros excluded) and otherwise loses the average loss:
    /// `p − (1 − p)/payoff`.
    WinLoss,
}

/// The longest runs of gains and of losses, in periods.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongestRuns {
    pub(super) wins: usize,
    pub(super) losses: usize,
}

impl LongestRuns {
    pub(super) fn of(returns: &[f64]) -> Self {
        let (mut win, mut loss) = (0_u32, 0_u32);
        let mut longest = (0, 0);
        for &r in returns {
            win = (win + 1) * u32::from(r > 0.0);
            loss = (loss + 1) * u32::from(r < 0.0);
            longest = (longest.0.max(win), longest.1.max(loss));
        }
        Self { wins: longest.0 as usize, losses: longest.1 as usize }
    }
}

impl Performance<'_> {
    /// Share of winning periods.
    ///
    /// # Errors
    /// [`Error::Undefined`] when zeros are excluded and every return is zero.
    pub fn win_rate(&self, zeros: Zeros) -> Result<f64> {
        let sums = self.gains_and_losses();
        let all = match zeros {
            Zeros::Excluded => sums.gains + sums.losses,
            Zeros::Included => self.len(),
        };
        ratio("win rate", sums.gains as f64, all as f64, "every return is zero")
    }

    /// Mean of the positive returns.
    ///
    /// # Errors
    /// [`Error::Undefined`] when there is none.
    pub fn average_win(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        ratio("average win", sums.gained, sums.gains as f64, "no period gains")
    }

    /// Mean of the negative returns with the sign turned: positive.
    ///
    /// # Errors
    /// [`Error::Undefined`] when there is none.
    pub fn average_loss(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        ratio("average loss", sums.lost, sums.losses as f64, "no period loses")
    }

    /// Average win over average loss.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless there are both.
    pub fn payoff_ratio(&self) -> Result<f64> {
        payoff(self.gains_and_losses(), "payoff ratio")
    }

    /// Sum of the gains over the sum of the losses.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no period loses.
    pub fn profit_factor(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        ratio("profit factor", sums.gained, sums.lost, "no period loses")
    }

    /// Sum of all returns over the sum of the losses.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no period loses.
    ///
    /// # Source
    /// Schwager (2012), "Market sense and nonsense".
    pub fn gain_to_pain_ratio(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        ratio("gain-to-pain ratio", sums.gained - sums.lost, sums.lost, "no period loses")
    }

    /// Profit factor times win rate (zeros excluded) times payoff ratio.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless there are gains and losses.
    pub fn cpc_index(&self) -> Result<f64> {
        let payoff = payoff(self.gains_and_losses(), "CPC index")?;
        Ok(self.profit_factor()? * self.win_rate(Zeros::Excluded)? * payoff)
    }

    /// What a period is expected to earn: win rate times average win less loss rate times average loss, which is
    /// the sum of the returns over the number of periods that count.
    ///
    /// # Errors
    /// [`Error::Undefined`] when zeros are excluded and every return is zero.
    pub fn expectancy(&self, zeros: Zeros) -> Result<f64> {
        let sums = self.gains_and_losses();
        let all = match zeros {
            Zeros::Excluded => sums.gains + sums.losses,
            Zeros::Included => self.len(),
        };
        ratio("expectancy", sums.gained - sums.lost, all as f64, "every return is zero")
    }

    /// The largest return.
    #[must_use]
    pub fn best_return(&self) -> f64 {
        self.moments().extremes.1
    }

    /// The smallest return: negative for a loss.
    #[must_use]
    pub fn worst_return(&self) -> f64 {
        self.moments().extremes.0
    }

    /// Periods of the longest unbroken run of wins or losses.
    #[must_use]
    pub fn longest_run(&self, of: Outcome) -> usize {
        match of {
            Outcome::Win => self.runs().wins,
            Outcome::Loss => self.runs().losses,
        }
    }

    /// D-ratio: number times sum of the losses over number times sum of the gains; 0 is best.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no period gains.
    ///
    /// # Source
    /// Dowd; Bacon (2008), chapter 4.
    pub fn d_ratio(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        let (losses, gains) = (sums.losses as f64 * sums.lost, sums.gains as f64 * sums.gained);
        ratio("d-ratio", losses, gains, "no period gains")
    }

    /// Share of the periods strictly below or above a target.
    ///
    /// # Errors
    /// [`Error::Input`] for a target that is not finite.
    pub fn frequency(&self, side: Side, target: f64) -> Result<f64> {
        let sides = self.around(target)?;
        let count = match side {
            Side::Upper => sides.count_above,
            _ => sides.below.count,
        };
        Ok(count as f64 / self.len() as f64)
    }

    /// Kelly fraction of the capital, times `fraction` (1 for full Kelly, ½ for half).
    ///
    /// ```text
    /// mean-variance: mean(r − f)/s²        win-loss, of r − f: p − (1 − p)/payoff
    /// ```
    ///
    /// It is negative when the bet loses on average.
    ///
    /// # Errors
    /// [`Error::Input`] for a `fraction` that is not finite, cash returns that do not fit, or one return;
    /// [`Error::Undefined`] for returns that do not vary (mean-variance) or lack wins or losses (win-loss).
    ///
    /// # Source
    /// Kelly (1956); Thorp (2006).
    pub fn kelly_fraction(&self, method: Kelly, risk_free: &RiskFree, fraction: f64) -> Result<f64> {
        const NAME: &str = "Kelly fraction";
        check::number("fraction of Kelly", fraction)?;
        let kelly = match method {
            Kelly::MeanVariance => {
                let moments = self.excess(risk_free)?.moments;
                moments.positive_deviation(1, NAME)?;
                moments.mean / moments.variance(1, NAME)?
            }
            Kelly::WinLoss => {
                let sums = if *risk_free == RiskFree::Zero {
                    self.gains_and_losses()
                } else {
                    super::GainsAndLosses::of(risk_free.excess(self.returns())?.view())
                };
                let payoff = payoff(sums, NAME)?;
                let rate = sums.gains as f64 / (sums.gains + sums.losses) as f64;
                rate - (1.0 - rate) / payoff
            }
        };
        check::result(NAME, kelly * fraction)
    }

    /// Risk of ruin of a player with one unit per period and even stakes: `((1 − w)/(1 + w))ⁿ`, `w` the win rate
    /// without zeros.
    ///
    /// A rule of thumb: the size of the returns does not enter.
    ///
    /// # Errors
    /// [`Error::Undefined`] when every return is zero.
    pub fn risk_of_ruin(&self) -> Result<f64> {
        let sums = self.gains_and_losses();
        let rate = ratio("risk of ruin", sums.gains as f64, (sums.gains + sums.losses) as f64, "every return is zero")?;
        Ok(((1.0 - rate) / (1.0 + rate)).powf(self.len() as f64))
    }

    /// Share of the periods with a return that is not zero.
    #[must_use]
    pub fn exposure(&self) -> f64 {
        let sums = self.gains_and_losses();
        (sums.gains + sums.losses) as f64 / self.len() as f64
    }
}

fn payoff(sums: super::GainsAndLosses, what: &'static str) -> Result<f64> {
    if sums.gains == 0 {
        return Err(Error::undefined(what, "no period gains"));
    }
    let win = sums.gained / sums.gains as f64;
    ratio(what, win * sums.losses as f64, sums.lost, "no period loses")
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::array;

    use super::*;
    use crate::Annualisation;

    const YEARLY: Annualisation = Annualisation::Periods(Frequency::Yearly);

    #[test]
    fn counts_by_hand() {
        let returns = array![0.02, 0.04, 0.0, -0.01, -0.03, -0.02, 0.06, 0.0];
        let performance = Performance::new(returns.view(), YEARLY).unwrap();
        let close = |got: Result<f64>, want: f64| assert!((got.unwrap() - want).abs() < 1e-14);
        close(performance.win_rate(Zeros::Excluded), 0.5);
        close(performance.win_rate(Zeros::Included), 3.0 / 8.0);
        close(performance.average_win(), 0.04);
        close(performance.average_loss(), 0.02);
        close(performance.payoff_ratio(), 2.0);
        close(performance.profit_factor(), 2.0);
        close(performance.gain_to_pain_ratio(), 1.0);
        close(performance.cpc_index(), 2.0);
        close(performance.expectancy(Zeros::Excluded), 0.01);
        close(performance.expectancy(Zeros::Included), 0.0075);
        close(performance.d_ratio(), 0.5);
        close(performance.kelly_fraction(Kelly::WinLoss, &RiskFree::Zero, 0.5), 0.125);
        close(performance.risk_of_ruin(), (1.0_f64 / 3.0).powi(8));
        close(performance.return_over_exposure(super::super::ExposureShare::Exact), {
            let grown: f64 = 1.02 * 1.04 * 0.99 * 0.97 * 0.98 * 1.06;
            (grown.powf(0.125) - 1.0) / 0.75
        });
        assert_eq!((performance.longest_run(Outcome::Win), performance.longest_run(Outcome::Loss)), (2, 3));
        assert_eq!((performance.best_return(), performance.worst_return()), (0.06, -0.03));
        assert_eq!(performance.frequency(Side::Lower, -0.01).unwrap(), 0.25);
        assert!(performance.frequency(Side::Upper, f64::INFINITY).is_err());
        assert!(performance.kelly_fraction(Kelly::WinLoss, &RiskFree::Zero, f64::NAN).is_err());
    }

    #[test]
    fn a_series_of_zeros_has_neither_wins_nor_losses() {
        let returns = array![0.0, 0.0, 0.0];
        let performance = Performance::new(returns.view(), YEARLY).unwrap();
        assert_eq!(performance.win_rate(Zeros::Included).unwrap(), 0.0);
        for found in [
            performance.win_rate(Zeros::Excluded),
            performance.average_win(),
            performance.expectancy(Zeros::Excluded),
            performance.risk_of_ruin(),
            performance.d_ratio(),
            performance.stability(),
        ] {
            assert!(matches!(found, Err(Error::Undefined { .. })), "{found:?}");
        }
        assert_eq!(performance.longest_run(Outcome::Loss), 0);
    }
}
