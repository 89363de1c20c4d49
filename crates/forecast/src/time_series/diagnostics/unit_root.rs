use alluse_risk_core::inference::{Intercept, LeastSquares, StandardErrors};
use alluse_risk_core::normal;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// What a series moves about under the alternative of no unit root.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deterministic {
    /// Zero.
    None,
    /// A constant.
    #[default]
    Constant,
    /// A straight line.
    Trend,
}

/// A test whose null hypothesis is a unit root.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitRootTest {
    /// Lagged changes in the regression.
    pub lags: usize,
    /// The t ratio of the lagged level.
    pub statistic: f64,
    /// Probability of a smaller one under a unit root.
    pub p_value: f64,
    /// Rows of the regression.
    pub observations: usize,
}

/// The augmented Dickey-Fuller test.
///
/// ```text
/// Δyₜ = c + b t + ρ yₜ₋₁ + Σₖ γₖ Δyₜ₋ₖ + eₜ        statistic: t ratio of ρ
/// ```
///
/// The p-value comes from MacKinnon's response surface, good to about three digits.
///
/// # Errors
/// [`Error::Input`] for a series that is not finite, too short, or whose regressors are collinear.
///
/// # Source
/// Dickey and Fuller (1979); MacKinnon (1994), "Approximate asymptotic distribution functions for unit-root and
/// cointegration tests", with the coefficients of 2010.
pub fn augmented_dickey_fuller(
    series: ArrayView1<'_, f64>,
    lags: usize,
    deterministic: Deterministic,
) -> Result<UnitRootTest> {
    check::finite("series", series)?;
    check::enough("unit root test", lags.saturating_mul(2).saturating_add(6), series.len())?;
    let changes: Vec<f64> = series.iter().zip(series.iter().skip(1)).map(|(a, b)| b - a).collect();
    let rows = changes.len() - lags;
    let trend = usize::from(deterministic == Deterministic::Trend);
    let regressors = Array2::from_shape_fn((rows, 1 + lags + trend), |(t, k)| match k {
        0 => series[t + lags],
        k if k <= lags => changes[t + lags - k],
        _ => (t + 1) as f64,
    });
    let response: Array1<f64> = changes[lags..].iter().copied().collect();
    let (intercept, position) = match deterministic {
        Deterministic::None => (Intercept::Excluded, 0),
        _ => (Intercept::Included, 1),
    };
    let fit = LeastSquares::new(intercept).fit(regressors.view(), response.view())?;
    let statistic = fit.coefficient(position, StandardErrors::Classical)?.t_statistic;
    Ok(UnitRootTest { lags, statistic, p_value: Surface::of(deterministic).p_value(statistic), observations: rows })
}

/// MacKinnon's polynomials in the statistic: their value is a normal quantile.
struct Surface {
    least: f64,
    most: f64,
    /// Where the polynomial for small probabilities ends.
    bend: f64,
    small: [f64; 3],
    large: [f64; 4],
}

impl Surface {
    fn of(deterministic: Deterministic) -> Self {
        match deterministic {
            Deterministic::None => Self {
                least: -19.04,
                most: f64::INFINITY,
                bend: -1.04,
                small: [0.6344, 1.2378, 0.032496],
                large: [0.4797, 0.93557, -0.06999, 0.033066],
            },
            Deterministic::Constant => Self {
                least: -18.83,
                most: 2.74,
                bend: -1.61,
                small: [2.1659, 1.4412, 0.038269],
                large: [1.7339, 0.93202, -0.12745, -0.010368],
            },
            Deterministic::Trend => Self {
                least: -16.18,
                most: 0.7,
                bend: -2.89,
                small: [3.2512, 1.6047, 0.049588],
                large: [2.5261, 0.61654, -0.37956, -0.060285],
            },
        }
    }

    fn p_value(&self, statistic: f64) -> f64 {
        let horner = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * statistic + c);
        if statistic > self.most {
            1.0
        } else if statistic < self.least {
            0.0
        } else if statistic <= self.bend {
            normal::cdf(horner(&self.small))
        } else {
            normal::cdf(horner(&self.large))
        }
    }
}

/// A test whose null hypothesis is no unit root.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StationarityTest {
    /// Autocovariances in the long-run variance.
    pub lags: usize,
    /// The statistic.
    pub statistic: f64,
    /// Critical values at 10, 5 and 1 %: the statistic of a stationary series exceeds them so often.
    pub critical: [f64; 3],
}

impl StationarityTest {
    /// Whether a stationary series would show such a statistic in fewer than 5 % of the cases.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.statistic > self.critical[1]
    }
}

/// The test of Kwiatkowski, Phillips, Schmidt and Shin (1992), about a constant or a line.
///
/// ```text
/// η = Σₜ Sₜ² / (n² ω²)     Sₜ = sum of the first t residuals, ω² = Bartlett long-run variance over `lags`
/// ```
///
/// # Errors
/// [`Error::Input`] for a series that is not finite or too short; [`Error::Undefined`] for a constant one and for
/// `Deterministic::None`, for which the test does not exist.
pub fn kpss(series: ArrayView1<'_, f64>, lags: usize, deterministic: Deterministic) -> Result<StationarityTest> {
    check::finite("series", series)?;
    check::enough("stationarity test", lags.saturating_add(4), series.len())?;
    let n = series.len() as f64;
    let mean = series.sum() / n;
    let (slope, critical) = match deterministic {
        Deterministic::None => return Err(Error::undefined("stationarity test", "there is none about zero")),
        Deterministic::Constant => (0.0, [0.347, 0.463, 0.739]),
        Deterministic::Trend => {
            let centre = 0.5 * (n - 1.0);
            let products: f64 = series.iter().enumerate().map(|(t, y)| (t as f64 - centre) * y).sum();
            (products / (n * (n * n - 1.0) / 12.0), [0.119, 0.146, 0.216])
        }
    };
    let centre = 0.5 * (n - 1.0);
    let residuals: Vec<f64> = series.iter().enumerate().map(|(t, y)| y - mean - slope * (t as f64 - centre)).collect();
    let covariance = |lag: usize| residuals.iter().zip(&residuals[lag..]).map(|(a, b)| a * b).sum::<f64>() / n;
    let weighted = |lag: usize| (1.0 - lag as f64 / (lags + 1) as f64) * covariance(lag);
    let long_run = covariance(0) + 2.0 * (1..=lags).map(weighted).sum::<f64>();
    if !(long_run > 1e-28 * mean * mean) {
        return Err(Error::undefined("stationarity test", "the series has no variance about its centre"));
    }
    let mut partial = 0.0;
    let mut squares = 0.0;
    for residual in &residuals {
        partial += residual;
        squares += partial * partial;
    }
    Ok(StationarityTest { lags, statistic: squares / (n * n * long_run), critical })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::array;

    use super::*;

    fn wave() -> Array1<f64> {
        (0..40).map(|t| (0.9 * f64::from(t)).sin() + 0.02 * f64::from(t) + 0.3 * f64::from(t * t % 7)).collect()
    }

    #[test]
    fn statistics_and_p_values_are_those_of_statsmodels() {
        // tests/golden/unit_root.py, statsmodels 0.15
        for (deterministic, statistic, p_value) in DICKEY_FULLER {
            let test = augmented_dickey_fuller(wave().view(), 2, deterministic).unwrap();
            assert!((test.statistic - statistic).abs() < 1e-10, "{deterministic:?} {}", test.statistic);
            assert!((test.p_value - p_value).abs() < 1e-10, "{deterministic:?} {}", test.p_value);
        }
        for (deterministic, statistic) in KPSS {
            let test = kpss(wave().view(), 3, deterministic).unwrap();
            assert!((test.statistic - statistic).abs() < 1e-12, "{deterministic:?} {}", test.statistic);
        }
    }

    const DICKEY_FULLER: [(Deterministic, f64, f64); 3] = [
        (Deterministic::None, -1.780_602_820_180_398, 0.071_242_437_107_554_94),
        (Deterministic::Constant, -4.796_592_890_856_913, 5.520_803_725_355_475e-5),
        (Deterministic::Trend, -5.931_410_099_485_494, 3.057_879_825_255_173_7e-6),
    ];
    const KPSS: [(Deterministic, f64); 2] =
        [(Deterministic::Constant, 0.264_008_530_745_888_76), (Deterministic::Trend, 0.032_565_246_764_452_3)];

    #[test]
    fn hostile_input() {
        let short = array![1.0, 2.0, 3.0];
        let kind = augmented_dickey_fuller(short.view(), 2, Deterministic::Constant).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::InsufficientData);
        let flat = Array1::from_elem(30, 4.0);
        assert!(augmented_dickey_fuller(flat.view(), 1, Deterministic::Constant).is_err());
        assert_eq!(kpss(flat.view(), 1, Deterministic::Constant).unwrap_err().kind(), ErrorKind::Undefined);
        assert_eq!(kpss(wave().view(), 1, Deterministic::None).unwrap_err().kind(), ErrorKind::Undefined);
    }
}
