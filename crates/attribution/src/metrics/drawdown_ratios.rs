//! Reward per unit of drawdown. The path is that of the compounded value, which starts at 1.

use alluse_risk_core::{Confidence, normal};
use serde::{Deserialize, Serialize};

use super::ratio::ratio;
use super::{Compounding, Performance};
use crate::{Result, check};

const NO_DRAWDOWN: &str = "the value never falls";

/// The numerator of [`Performance::martin_ratio`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MartinNumerator {
    /// The compounded annual return.
    #[default]
    AnnualReturn,
    /// The compounded total return, which grows with the length of the record.
    TotalReturn,
}

/// The numerator of [`Performance::recovery_factor`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryNumerator {
    /// The compounded total return.
    #[default]
    TotalReturn,
    /// The sum of the returns.
    Sum,
}

/// The falls that the Burke ratio squares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BurkeEpisodes {
    /// The depths of the drawdown episodes, peak to trough.
    #[default]
    Drawdowns,
    /// `100 (Π(1 + r/100) − 1)` over each run of negative returns, the first period left out: what the R package
    /// PerformanceAnalytics computes on decimal returns. Not a drawdown.
    NegativeRunsInPercent,
}

/// Whether the Burke ratio is multiplied by the root of the number of periods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BurkeScale {
    /// As published.
    #[default]
    Plain,
    /// Times `√n`: the modified ratio.
    RootPeriods,
}

impl Performance<'_> {
    /// The deepest fall below a peak, positive; 0 when the value never falls.
    ///
    /// # Errors
    /// Those of [`drawdown_path`](Self::drawdown_path), here and in every method over drawdowns:
    /// [`Error::Undefined`](crate::Error::Undefined) when a period loses everything.
    pub fn maximum_drawdown(&self) -> Result<f64> {
        Ok(self.depths()?.max)
    }

    /// Mean depth of the drawdown episodes.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) when the value never falls.
    pub fn average_drawdown(&self) -> Result<f64> {
        let depths = self.depths()?;
        ratio("average drawdown", depths.episode_sums[0], depths.episodes as f64, NO_DRAWDOWN)
    }

    /// Pain index: mean drawdown over all periods.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    pub fn pain_index(&self) -> Result<f64> {
        Ok(self.depths()?.mean)
    }

    /// Ulcer index: `√(Σ d²/(n − ddof))`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there are more periods than `ddof`.
    ///
    /// # Source
    /// Martin and McCann (1989).
    pub fn ulcer_index(&self, ddof: usize) -> Result<f64> {
        let depths = self.depths()?;
        check::enough("Ulcer index", ddof + 1, self.len())?;
        Ok((depths.squares / (self.len() - ddof) as f64).sqrt())
    }

    /// Drawdown deviation: `√(Σ depth²/n)` over the episodes, `n` the number of periods.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    pub fn drawdown_deviation(&self) -> Result<f64> {
        let depths = self.depths()?;
        Ok((depths.episode_sums[1] / self.len() as f64).sqrt())
    }

    /// Conditional drawdown: mean of the worst mass `1 − c` of the drawdowns of all periods, the last in part.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    ///
    /// # Source
    /// Chekhlov, Uryasev and Zabarankin (2005).
    pub fn conditional_drawdown(&self, confidence: Confidence) -> Result<f64> {
        let n = self.len();
        let held = confidence.tail_count(n);
        // Drawdowns are not negative, and such numbers order like their bits.
        let mut keys: Vec<u64> = self.depths()?.drawdowns.iter().map(|d| d.to_bits()).collect();
        let whole = (held as usize).min(n - 1);
        let (_, boundary, deeper) = keys.select_nth_unstable(n - 1 - whole);
        if whole == 0 {
            return Ok(f64::from_bits(*boundary));
        }
        let sum: f64 = deeper.iter().map(|&key| f64::from_bits(key)).sum();
        Ok((sum + (held - whole as f64) * f64::from_bits(*boundary)) / held)
    }

    /// The drawdown at the end of the series; 0 at a peak.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    pub fn current_drawdown(&self) -> Result<f64> {
        Ok(self.depths()?.last())
    }

    /// Share of the periods that end below an earlier peak.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    pub fn time_under_water(&self) -> Result<f64> {
        let depths = self.depths()?;
        Ok(depths.under_water as f64 / self.len() as f64)
    }

    /// Periods of the longest drawdown, counted while the value is below the peak; the last may be unfinished.
    ///
    /// # Errors
    /// As [`maximum_drawdown`](Self::maximum_drawdown).
    pub fn longest_drawdown(&self) -> Result<usize> {
        Ok(self.depths()?.longest)
    }

    /// Calmar ratio: compounded annual return over maximum drawdown.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) when the value never falls or a period loses everything.
    ///
    /// # Source
    /// Young (1991), there over the last three years; here over the whole series.
    pub fn calmar_ratio(&self) -> Result<f64> {
        let depths = self.depths()?;
        ratio("Calmar ratio", self.annual_return(Compounding::Geometric)?, depths.max, NO_DRAWDOWN)
    }

    /// Sterling ratio: compounded annual return over maximum drawdown plus an excess, by tradition 0.1.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an excess that is not finite,
    /// [`Error::Undefined`](crate::Error::Undefined) when drawdown and excess do not add up to a positive number.
    pub fn sterling_ratio(&self, excess: f64) -> Result<f64> {
        check::number("excess", excess)?;
        let depths = self.depths()?;
        let annual = self.annual_return(Compounding::Geometric)?;
        ratio("Sterling ratio", annual, depths.max + excess, "drawdown and excess are not positive together")
    }

    /// Pain ratio: annual return in excess of an annual risk-free return over the pain index.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a rate that is not finite,
    /// [`Error::Undefined`](crate::Error::Undefined) when the value never falls.
    ///
    /// # Source
    /// Zephyr Associates (2006).
    pub fn pain_ratio(&self, risk_free_annual: f64) -> Result<f64> {
        let earned = self.earned(risk_free_annual)?;
        ratio("pain ratio", earned, self.depths()?.mean, NO_DRAWDOWN)
    }

    /// Martin ratio, or Ulcer performance index: return in excess of an annual risk-free return over the Ulcer index
    /// with divisor `n − ddof`.
    ///
    /// # Errors
    /// As [`pain_ratio`](Self::pain_ratio) and [`ulcer_index`](Self::ulcer_index).
    ///
    /// # Source
    /// Martin and McCann (1989). quantstats divides the total return by an index with `n − 1`.
    pub fn martin_ratio(&self, risk_free_annual: f64, numerator: MartinNumerator, ddof: usize) -> Result<f64> {
        let earned = match numerator {
            MartinNumerator::AnnualReturn => self.earned(risk_free_annual)?,
            MartinNumerator::TotalReturn => {
                self.total_return(Compounding::Geometric)? - check::number("annual risk-free return", risk_free_annual)?
            }
        };
        ratio("Martin ratio", earned, self.ulcer_index(ddof)?, NO_DRAWDOWN)
    }

    /// Burke ratio: annual return in excess of an annual risk-free return over `√(Σ D²)`.
    ///
    /// # Errors
    /// As [`pain_ratio`](Self::pain_ratio).
    ///
    /// # Source
    /// Burke (1994), "A sharper Sharpe ratio".
    pub fn burke_ratio(&self, risk_free_annual: f64, episodes: BurkeEpisodes, scale: BurkeScale) -> Result<f64> {
        let squares = match episodes {
            BurkeEpisodes::Drawdowns => self.depths()?.episode_sums[1],
            BurkeEpisodes::NegativeRunsInPercent => negative_runs_in_percent(self.slice()),
        };
        let scale = match scale {
            BurkeScale::Plain => 1.0,
            BurkeScale::RootPeriods => (self.len() as f64).sqrt(),
        };
        ratio("Burke ratio", self.earned(risk_free_annual)? * scale, squares.sqrt(), NO_DRAWDOWN)
    }

    /// Recovery factor: the size of the return, whatever its sign, over maximum drawdown.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) when the value never falls or a period loses everything.
    pub fn recovery_factor(&self, numerator: RecoveryNumerator) -> Result<f64> {
        let earned = match numerator {
            RecoveryNumerator::TotalReturn => self.total_return(Compounding::Geometric)?,
            RecoveryNumerator::Sum => self.sum(),
        };
        ratio("recovery factor", earned.abs(), self.depths()?.max, NO_DRAWDOWN)
    }

    /// Serenity index: sum of the returns over the Ulcer index (`n − 1`) times the pitfall, the normal expected
    /// shortfall of the drawdowns at 95 % over the volatility of the returns.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for one return, [`Error::Undefined`](crate::Error::Undefined) when the
    /// value never falls.
    ///
    /// # Source
    /// KeyQuant (2015); the formula is that of quantstats.
    pub fn serenity_index(&self) -> Result<f64> {
        const NAME: &str = "serenity index";
        const TAIL: f64 = 0.05;
        let depths = self.depths()?;
        let volatility = self.moments().positive_deviation(1, NAME)?;
        let spread = (depths.central() / (self.len() - 1) as f64).sqrt();
        let shortfall = depths.mean + spread * normal::density(normal::quantile(TAIL)?) / TAIL;
        ratio(NAME, self.sum() * volatility, self.ulcer_index(1)? * shortfall, NO_DRAWDOWN)
    }

    fn earned(&self, risk_free_annual: f64) -> Result<f64> {
        check::number("annual risk-free return", risk_free_annual)?;
        Ok(self.annual_return(Compounding::Geometric)? - risk_free_annual)
    }
}

/// `Σ D²` over the runs of negative returns, returns read as percent, from the second period on.
fn negative_runs_in_percent(returns: &[f64]) -> f64 {
    let run = |run: &[f64]| {
        let product: f64 = run.iter().map(|r| 1.0 + 0.01 * r).product();
        let fall = 100.0 * (product - 1.0);
        fall * fall
    };
    returns.iter().skip(1).copied().collect::<Vec<f64>>().split(|&r| !(r < 0.0)).map(run).sum()
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::array;

    use super::*;
    use crate::Annualisation;

    #[test]
    fn a_path_by_hand() {
        // Value 1.1, 0.88, 0.968, 1.2584, 1.13256: falls of 20 % (two periods) and 10 % (one, unfinished).
        let returns = array![0.1, -0.2, 0.1, 0.3, -0.1];
        let yearly = Performance::new(returns.view(), Annualisation::Periods(Frequency::Yearly)).unwrap();
        let close = |got: Result<f64>, want: f64| assert!((got.unwrap() - want).abs() < 1e-14);
        close(yearly.maximum_drawdown(), 0.2);
        close(yearly.average_drawdown(), 0.15);
        close(yearly.pain_index(), (0.2 + 0.12 + 0.1) / 5.0);
        close(yearly.time_under_water(), 0.6);
        close(yearly.current_drawdown(), 0.1);
        close(yearly.recovery_factor(RecoveryNumerator::TotalReturn), 0.13256 / 0.2);
        close(yearly.recovery_factor(RecoveryNumerator::Sum), 0.2 / 0.2);
        assert_eq!(yearly.longest_drawdown().unwrap(), 2);
        let annual = 1.13256_f64.powf(0.2) - 1.0;
        close(yearly.burke_ratio(0.0, BurkeEpisodes::Drawdowns, BurkeScale::Plain), annual / 0.05_f64.sqrt());
        close(yearly.sterling_ratio(0.1), annual / 0.3);
    }

    #[test]
    fn published_variants() {
        // PerformanceAnalytics 2.1 on the portfolio of Bacon (2008).
        let returns = array![
            0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061,
            0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009
        ];
        let months = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly)).unwrap();
        let burke = |scale| months.burke_ratio(0.0, BurkeEpisodes::NegativeRunsInPercent, scale).unwrap();
        // Its falls are differences of numbers near 1, times 100: twelve digits are left.
        assert!((burke(BurkeScale::Plain) - 0.744_730_872_768_091).abs() < 1e-10);
        assert!((burke(BurkeScale::RootPeriods) - 3.648_421_267_958_8).abs() < 1e-10);
        let martin = months.martin_ratio(0.0, MartinNumerator::AnnualReturn, 0).unwrap();
        assert!((martin - 1.694_524_760_679_48).abs() < 1e-12);
    }

    #[test]
    fn rates_that_are_no_numbers_are_refused() {
        let returns = array![0.1, -0.2];
        let yearly = Performance::new(returns.view(), Annualisation::Periods(Frequency::Yearly)).unwrap();
        assert!(yearly.pain_ratio(f64::NAN).is_err() && yearly.sterling_ratio(f64::INFINITY).is_err());
        assert!(yearly.sterling_ratio(-0.5).is_err());
        assert!(yearly.martin_ratio(f64::NAN, MartinNumerator::TotalReturn, 0).is_err());
        assert!(yearly.ulcer_index(2).is_err());
    }
}
