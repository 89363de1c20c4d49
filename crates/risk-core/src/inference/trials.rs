use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::covariance::eigenvalues;
use crate::sum::compensated;
use crate::{Error, Result, check, normal};

/// The Sharpe ratio per period that the best of `trials` independent trials without skill is expected to show.
///
/// ```text
/// √V · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e)))      γ = 0.5772… (Euler and Mascheroni)
/// ```
///
/// `trial_variance` V is the variance of the ratios per period across the trials. N need not be whole:
/// see [`effective_trials`].
///
/// # Errors
/// [`Error::OutOfDomain`] unless N is finite and above 1 and V finite and not negative.
///
/// # Source
/// Bailey and López de Prado (2014), "The deflated Sharpe ratio".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::expected_maximum_sharpe;
///
/// // Their example: 100 trials whose annual ratios have a variance of one half.
/// assert!((expected_maximum_sharpe(100.0, 0.5 / 250.0)? - 0.1132).abs() < 5.1e-5);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn expected_maximum_sharpe(trials: f64, trial_variance: f64) -> Result<f64> {
    const EULER_MASCHERONI: f64 = 0.577_215_664_901_532_9;
    if !(trials > 1.0 && trials.is_finite()) {
        return Err(Error::OutOfDomain { name: "trials", expected: "above 1 and finite", value: trials });
    }
    if !(trial_variance >= 0.0 && trial_variance.is_finite()) {
        let expected = "finite and not negative";
        return Err(Error::OutOfDomain { name: "trial variance", expected, value: trial_variance });
    }
    // The upper quantile of 1 − p is minus the quantile of p, which keeps its digits when p is small.
    let upper = |tail: f64| normal::quantile(tail).map(|z| -z);
    let tail = 1.0 / trials;
    let typical = upper(tail)?;
    let extreme = upper(tail * (-1.0_f64).exp())?;
    Ok(trial_variance.sqrt() * ((1.0 - EULER_MASCHERONI) * typical + EULER_MASCHERONI * extreme))
}

/// How trials that are correlated are counted as fewer independent ones.
///
/// λ are the eigenvalues of the correlation of the trials' returns and `pᵢ = λᵢ/M`, M the number of trials. All
/// three give M for uncorrelated trials and 1 for copies of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EffectiveTrials {
    /// `1/Σ pᵢ²`, the participation ratio: the lowest count of the spectral two.
    ParticipationRatio,
    /// `exp(−Σ pᵢ ln pᵢ)`, the exponential of the eigenvalues' entropy.
    #[default]
    Entropy,
    /// `ρ̄ + (1 − ρ̄) M`, ρ̄ the mean correlation of two trials (Bailey and López de Prado 2014); a negative mean counts
    /// as 0.
    MeanCorrelation,
}

/// The number of independent trials that a correlation matrix of trial returns is worth, from 1 to their number.
///
/// `correlation` has shape `(M, M)`.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`] unless it is square, [`Error::EntryOutOfDomain`] for an entry outside
///   [−1, 1] or a diagonal that is not 1, [`Error::NotSymmetric`].
/// - [`Error::NotPositiveSemidefinite`] for a matrix with a negative eigenvalue and [`Error::Unsupported`] without
///   linear algebra, both for [`EffectiveTrials::Entropy`] alone.
///
/// # Source
/// Bailey and López de Prado (2014), appendix 3; Roy and Vetterli (2007) for the entropy.
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{EffectiveTrials, effective_trials};
/// use ndarray::array;
///
/// // Two copies of one trial and one that has nothing to do with them.
/// let correlation = array![[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// let count = effective_trials(correlation.view(), EffectiveTrials::ParticipationRatio)?;
/// assert!((count - 9.0 / 5.0).abs() < 1e-12);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn effective_trials(correlation: ArrayView2<'_, f64>, method: EffectiveTrials) -> Result<f64> {
    checked(correlation)?;
    let m = correlation.nrows() as f64;
    let count = match method {
        // Σλ² is the squared Frobenius norm.
        EffectiveTrials::ParticipationRatio => m * m / compensated(correlation.iter().map(|c| c * c)),
        EffectiveTrials::Entropy => entropy(correlation)?,
        EffectiveTrials::MeanCorrelation if correlation.nrows() == 1 => 1.0,
        EffectiveTrials::MeanCorrelation => {
            let mean = (compensated(correlation.iter().copied()) - m) / (m * (m - 1.0));
            let mean = mean.max(0.0);
            mean + (1.0 - mean) * m
        }
    };
    Ok(count.clamp(1.0, m))
}

fn entropy(correlation: ArrayView2<'_, f64>) -> Result<f64> {
    const NAME: &str = "correlation of trials";
    let values = eigenvalues(NAME, correlation)?;
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let m = correlation.nrows() as f64;
    // Eigenvalues of a correlation are right to about m units in the last place of their sum.
    if smallest < -8.0 * f64::EPSILON * m * m {
        return Err(Error::NotPositiveSemidefinite { name: NAME, smallest_eigenvalue: smallest });
    }
    let shares = values.iter().map(|value| value / m).filter(|share| *share > 0.0);
    Ok(libm::exp(-compensated(shares.map(|share| share * libm::log(share)))))
}

fn checked(correlation: ArrayView2<'_, f64>) -> Result<()> {
    const NAME: &str = "correlation of trials";
    const ROUNDING: f64 = 1e-12;
    check::finite_matrix(NAME, correlation)?;
    check::length("columns of the correlation of trials", correlation.nrows(), correlation.ncols())?;
    for ((row, column), &value) in correlation.indexed_iter() {
        let difference = (value - correlation[(column, row)]).abs();
        let expected = match row == column {
            true if (value - 1.0).abs() > ROUNDING => "1 on the diagonal",
            false if value.abs() > 1.0 + ROUNDING => "in [-1, 1]",
            _ if difference > ROUNDING => return Err(Error::NotSymmetric { name: NAME, row, column, difference }),
            _ => continue,
        };
        let (row, column) = (row.to_string(), column.to_string());
        return Err(Error::EntryOutOfDomain { name: NAME, row, column, expected, value });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    const ALL: [EffectiveTrials; 3] =
        [EffectiveTrials::ParticipationRatio, EffectiveTrials::Entropy, EffectiveTrials::MeanCorrelation];

    /// skfolio 1.12 and scipy 1.17 on the daily ratios of twenty stocks, 2010 to 2018.
    #[test]
    fn agrees_with_skfolio() {
        let trials = ndarray::aview1(&RATIOS);
        let variance = crate::moments::variance(trials, 1).unwrap();
        let got = expected_maximum_sharpe(20.0, variance).unwrap();
        assert!((got - 0.043_564_704_980_344_89).abs() < 1e-14, "{got}");
    }

    const RATIOS: [f64; 20] = [
        0.056_705_939_911_452_81,
        0.025_681_872_681_145_898,
        0.022_664_855_533_293_18,
        0.022_341_011_974_974_324,
        0.029_022_798_076_703_157,
        -0.003_893_263_028_610_984_8,
        0.076_190_050_934_722_23,
        0.050_423_684_605_489_17,
        0.037_096_961_584_603_55,
        0.042_469_333_965_197_68,
        0.059_291_459_421_324_4,
        0.044_523_037_757_128_146,
        0.050_769_554_249_708_17,
        0.047_023_838_838_603_005,
        0.052_116_881_240_396_56,
        0.038_359_274_819_747_345,
        -0.013_335_266_960_388_071,
        0.076_536_293_030_270_18,
        0.036_848_202_722_619_884,
        0.016_292_306_385_100_864,
    ];

    #[test]
    fn independent_trials_count_in_full_and_copies_once() {
        for method in ALL {
            assert!((effective_trials(Array2::eye(7).view(), method).unwrap() - 7.0).abs() < 1e-12, "{method:?}");
            let copies = Array2::from_elem((7, 7), 1.0);
            assert!((effective_trials(copies.view(), method).unwrap() - 1.0).abs() < 1e-12, "{method:?}");
            assert_eq!(effective_trials(array![[1.0]].view(), method), Ok(1.0));
        }
    }

    #[test]
    fn two_pairs_of_copies_are_two_trials() {
        // Eigenvalues 2, 2, 0, 0: both spectral counts say 2.
        let pairs = Array2::from_shape_fn((4, 4), |(i, j)| if i / 2 == j / 2 { 1.0 } else { 0.0 });
        for method in [EffectiveTrials::ParticipationRatio, EffectiveTrials::Entropy] {
            assert!((effective_trials(pairs.view(), method).unwrap() - 2.0).abs() < 1e-12);
        }
        // Mean correlation 4/12: 1/3 + 2/3 · 4 = 3.
        let mean = effective_trials(pairs.view(), EffectiveTrials::MeanCorrelation).unwrap();
        assert!((mean - 3.0).abs() < 1e-12);
    }

    #[test]
    fn hostile_input() {
        for method in ALL {
            assert!(matches!(effective_trials(Array2::zeros((0, 0)).view(), method), Err(Error::Empty { .. })));
            let wide = array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
            assert!(matches!(effective_trials(wide.view(), method), Err(Error::LengthMismatch { .. })));
            for bad in [array![[1.0, 1.1], [1.1, 1.0]], array![[0.9, 0.0], [0.0, 1.0]], array![[f64::NAN]]] {
                assert!(matches!(effective_trials(bad.view(), method), Err(Error::EntryOutOfDomain { .. })));
            }
            let skew = array![[1.0, 0.1], [0.2, 1.0]];
            assert!(matches!(effective_trials(skew.view(), method), Err(Error::NotSymmetric { .. })));
        }
        let indefinite = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        let error = effective_trials(indefinite.view(), EffectiveTrials::Entropy).unwrap_err();
        assert!(matches!(error, Error::NotPositiveSemidefinite { .. }));
        for trials in [1.0, 0.0, f64::NAN, f64::INFINITY] {
            assert!(expected_maximum_sharpe(trials, 0.1).is_err());
        }
        assert!(expected_maximum_sharpe(10.0, -1e-9).is_err());
    }

    proptest! {
        /// Rényi's entropies fall with their order: the participation ratio is never above the entropy's count.
        #[test]
        fn counts_are_ordered(rho in 0.0_f64..0.99, m in 2_usize..12) {
            let correlation = Array2::from_shape_fn((m, m), |(i, j)| if i == j { 1.0 } else { rho });
            let ratio = effective_trials(correlation.view(), EffectiveTrials::ParticipationRatio).unwrap();
            let entropy = effective_trials(correlation.view(), EffectiveTrials::Entropy).unwrap();
            prop_assert!(1.0 <= ratio && ratio <= entropy + 1e-10 && entropy <= m as f64);
        }
    }
}
