//! Several levels at once.

use alluse_risk_core::{Confidence, Error as CoreError};
use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::check::{at_least, finite, length, undefined, within};
use super::outcome::{TestName, TestOutcome};
use crate::{Error, Result};

/// Statistic of the multinomial test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultinomialStatistic {
    /// `Σ (O − nπ)²/(nπ)`, χ²(K).
    Pearson,
    /// Pearson's with scale and degrees of freedom that match its exact mean and variance; holds its size best.
    #[default]
    Nass,
    /// `2 Σ O ln(O/(nπ))`, χ²(K).
    LikelihoodRatio,
}

/// Evenly spaced levels from `start` upwards: `cⱼ = c + (j − 1)/K (1 − c)`, j = 1 … K.
///
/// Four levels from 97.5 % stand for expected shortfall at 97.5 %.
///
/// # Errors
/// [`Error::Input`] unless there are 1 to 10,000.
pub fn spaced_levels(start: Confidence, count: usize) -> Result<Vec<Confidence>> {
    within("levels", "in 1..=10000", 1..=10_000, count)?;
    let level = |j: usize| Confidence::new(start.level() + j as f64 / count as f64 * start.tail());
    Ok((0..count).map(level).collect::<alluse_risk_core::Result<_>>()?)
}

/// Days whose loss lies between consecutive levels of value at risk: below the first, between the first and the
/// second, … beyond the last.
///
/// `value_at_risk` has shape `(n, K)`, one column a level, ascending.
///
/// # Errors
/// [`Error::Input`] for shapes that do not fit, numbers that are not finite, and forecasts that fall with the level.
pub fn multinomial_cells(returns: ArrayView1<'_, f64>, value_at_risk: ArrayView2<'_, f64>) -> Result<Vec<usize>> {
    finite("returns", returns)?;
    length("value at risk", returns.len(), value_at_risk.nrows())?;
    at_least("levels", "at least 1", 1, value_at_risk.ncols())?;
    let mut cells = vec![0; value_at_risk.ncols() + 1];
    for (day, (r, levels)) in returns.iter().zip(value_at_risk.axis_iter(Axis(0))).enumerate() {
        finite("value at risk", levels)?;
        if levels.iter().zip(levels.iter().skip(1)).any(|(low, high)| low > high) {
            let (name, value) = ("value at risk over the levels", day.to_string());
            return Err(CoreError::NotIncreasing { name, index: day, value }.into());
        }
        cells[levels.iter().filter(|var| -r > **var).count()] += 1;
    }
    Ok(cells)
}

/// The same from probability integral transforms `uₜ = Fₜ(rₜ)` of the returns: a loss beyond level `c` has `u < 1 − c`.
///
/// # Errors
/// [`Error::Input`] for transforms outside `[0, 1]` and levels that do not ascend.
pub fn multinomial_cells_from_pit(pit: ArrayView1<'_, f64>, levels: &[Confidence]) -> Result<Vec<usize>> {
    super::pit::check_pit(pit)?;
    check_levels(levels)?;
    let mut cells = vec![0; levels.len() + 1];
    for u in pit {
        cells[levels.iter().filter(|level| *u < level.tail()).count()] += 1;
    }
    Ok(cells)
}

fn check_levels(levels: &[Confidence]) -> Result<()> {
    at_least("levels", "at least 1", 1, levels.len())?;
    match levels.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(index) => {
            let value = levels[index + 1].level().to_string();
            Err(CoreError::NotIncreasing { name: "levels", index: index + 1, value }.into())
        }
    }
}

/// The multinomial test of the numbers of losses between levels `c₁ < … < c_K`.
///
/// ```text
/// S = Σⱼ (Oⱼ − nπⱼ)²/(nπⱼ)      πⱼ = cⱼ₊₁ − cⱼ      c₀ = 0, c_{K+1} = 1
/// Nass: c S ~ χ²(cK)      c = 2K/Var S      Var S = 2K − (K² + 4K + 1)/n + (1/n) Σ 1/πⱼ
/// ```
/// `cells` has K + 1 counts, from the harmless to the worst.
///
/// # Errors
/// [`Error::Input`] unless the levels ascend, there is one cell more than levels, and some cell holds a day.
///
/// # Source
/// Kratz, Lok and McNeil (2018), *Journal of Banking & Finance* 88.
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{MultinomialStatistic, multinomial_test, spaced_levels};
///
/// let levels = spaced_levels(Confidence::P975, 4)?; // 97.5 %, 98.125 %, 98.75 %, 99.375 %
/// let outcome = multinomial_test(&[485, 4, 3, 4, 4], &levels, MultinomialStatistic::Nass)?;
/// assert!(outcome.p_value > 0.5);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn multinomial_test(
    cells: &[usize],
    levels: &[Confidence],
    statistic: MultinomialStatistic,
) -> Result<TestOutcome> {
    check_levels(levels)?;
    length("cells", levels.len() + 1, cells.len())?;
    let total: usize = cells.iter().sum();
    if total == 0 {
        return Err(undefined("multinomial test", "every cell is empty"));
    }
    let probabilities = probabilities(levels)?;
    let (n, k) = (total as f64, levels.len() as f64);
    let pairs = || cells.iter().map(|o| *o as f64).zip(probabilities.iter().map(|p| n * p));
    let pearson = || pairs().map(|(o, e)| (o - e) * (o - e) / e).sum::<f64>();
    Ok(match statistic {
        MultinomialStatistic::Pearson => TestOutcome::chi_square(TestName::MultinomialPearson, pearson(), k, total),
        MultinomialStatistic::Nass => {
            let inverse: f64 = probabilities.iter().map(|p| 1.0 / p).sum();
            let variance = 2.0 * k - (k * k + 4.0 * k + 1.0) / n + inverse / n;
            let scale = 2.0 * k / variance;
            TestOutcome::chi_square(TestName::MultinomialNass, scale * pearson(), scale * k, total)
        }
        MultinomialStatistic::LikelihoodRatio => {
            let ratio = 2.0 * pairs().filter(|(o, _)| *o > 0.0).map(|(o, e)| o * (o / e).ln()).sum::<f64>();
            TestOutcome::chi_square(TestName::MultinomialLikelihoodRatio, ratio.max(0.0), k, total)
        }
    })
}

fn probabilities(levels: &[Confidence]) -> Result<Vec<f64>> {
    let mut probabilities = Vec::with_capacity(levels.len() + 1);
    let mut last = 0.0;
    for level in levels {
        probabilities.push(level.level() - last);
        last = level.level();
    }
    probabilities.push(1.0 - last);
    match probabilities.iter().position(|p| !(*p > 0.0)) {
        None => Ok(probabilities),
        Some(index) => Err(Error::out_of_domain("cell probability", "positive", probabilities[index])),
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::array;

    use super::*;

    fn levels() -> Vec<Confidence> {
        spaced_levels(Confidence::P975, 4).unwrap()
    }

    #[test]
    fn values_of_other_software() {
        // SciPy 1.17.1: chisquare and power_divergence(lambda_="log-likelihood"); chi2.sf with 4 degrees of freedom
        // (SciPy's default) and for Nass with the adjusted ones.
        for (statistic, want, p) in MULTINOMIAL {
            let outcome = multinomial_test(&[960, 9, 12, 6, 13], &levels(), statistic).unwrap();
            assert!((outcome.statistic / want - 1.0).abs() < 1e-10, "{}", outcome.statistic);
            assert!((outcome.p_value / p - 1.0).abs() < 1e-9, "{}", outcome.p_value);
            assert_eq!(outcome.observations, 1_000);
        }
    }

    const MULTINOMIAL: [(MultinomialStatistic, f64, f64); 3] = [
        (MultinomialStatistic::Pearson, 14.030_769_230_769_394, 0.007_197_497_782_817_563),
        (MultinomialStatistic::Nass, 13.039_709_513_781_272, 0.008_780_488_852_466_583),
        (MultinomialStatistic::LikelihoodRatio, 11.003_043_662_782_645, 0.026_529_829_063_660_578),
    ];

    #[test]
    fn cells_by_hand() {
        let var = array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]];
        assert_eq!(multinomial_cells(array![0.5, -1.0, -1.5, -2.5].view(), var.view()).unwrap(), [2, 1, 1]);
        let levels = [Confidence::new(0.5).unwrap(), Confidence::new(0.75).unwrap()];
        assert_eq!(multinomial_cells_from_pit(array![0.9, 0.5, 0.3, 0.1].view(), &levels).unwrap(), [2, 1, 1]);
        assert_eq!(self::levels()[3].level(), 0.975 + 0.75 * (1.0 - 0.975));
    }

    #[test]
    fn hostile_inputs() {
        let test = |cells: &[usize], levels: &[Confidence]| {
            multinomial_test(cells, levels, MultinomialStatistic::Pearson).unwrap_err().kind()
        };
        assert_eq!(test(&[1, 2], &levels()), ErrorKind::InvalidInput);
        assert_eq!(test(&[1], &[]), ErrorKind::InvalidInput);
        assert_eq!(test(&[0, 0], &[Confidence::P99]), ErrorKind::Undefined);
        assert_eq!(test(&[1, 1, 1], &[Confidence::P99, Confidence::P95]), ErrorKind::InvalidInput);
        assert!([0, 10_001, usize::MAX].iter().all(|n| spaced_levels(Confidence::P99, *n).is_err()));
        let falling = multinomial_cells(array![0.0].view(), array![[2.0, 1.0]].view()).unwrap_err();
        assert_eq!(falling.kind(), ErrorKind::InvalidInput);
        assert!(multinomial_cells(array![0.0].view(), array![[f64::NAN, 1.0]].view()).is_err());
        assert!(multinomial_cells(array![0.0, 0.0].view(), array![[1.0, 1.0]].view()).is_err());
        assert!(multinomial_cells_from_pit(array![1.5].view(), &levels()).is_err());
    }
}
