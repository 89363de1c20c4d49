//! How often to difference.

use super::super::seasonal::{Kind, decompose};

/// Statistic of Kwiatkowski, Phillips, Schmidt and Shin (1992) for stationarity around a level, with Bartlett weights.
fn kpss(series: &[f64], lags: usize) -> f64 {
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let off: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let covariance = |lag: usize| off.iter().skip(lag).zip(&off).map(|(a, b)| a * b).sum::<f64>() / n;
    let weighted = |lag: usize| 2.0 * (1.0 - lag as f64 / (lags as f64 + 1.0)) * covariance(lag);
    let long_run = covariance(0) + (1..=lags).map(weighted).sum::<f64>();
    let mut partial = 0.0;
    let squares = off.iter().map(|value| {
        partial += value;
        partial * partial
    });
    squares.sum::<f64>() / (n * n * long_run)
}

/// Ordinary differences until stationarity is not rejected at 5% (critical value 0.463), `most` at most.
pub(super) fn differences(series: &[f64], most: usize) -> usize {
    let mut series = series.to_vec();
    for d in 0..most {
        let lags = (3.0 * (series.len() as f64).sqrt() / 13.0) as usize;
        // A constant series has no statistic: it needs no further difference.
        if !(kpss(&series, lags) > 0.463) {
            return d;
        }
        series = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
    }
    most
}

/// A seasonal difference when the season explains more than 0.64 of the variance that the trend leaves, by the
/// classical decomposition.
pub(super) fn seasonal_differences(series: &[f64], period: usize) -> usize {
    if period < 2 || series.len() < 3 * period {
        return 0;
    }
    let (trend, season) = decompose(series, period, Kind::Added);
    let both: Vec<(f64, f64)> = series
        .iter()
        .zip(&trend)
        .enumerate()
        .filter_map(|(t, (value, trend))| trend.map(|trend| (value - trend, value - trend - season[t % period])))
        .collect();
    let variance = |pick: fn(&(f64, f64)) -> f64| {
        let mean = both.iter().map(pick).sum::<f64>() / both.len() as f64;
        both.iter().map(|pair| (pick(pair) - mean).powi(2)).sum::<f64>()
    };
    usize::from(1.0 - variance(|pair| pair.1) / variance(|pair| pair.0) > 0.64)
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::super::super::samples::{airline, hormone};
    use super::*;

    #[test]
    fn statsmodels_gives_the_same_statistic() {
        // statsmodels 0.15.0, kpss(…, "c", nlags=1) and nlags=2.
        close(kpss(&hormone().to_vec(), 1), 0.367_889_110_815_208_8, 1e-12);
        close(kpss(&airline().to_vec(), 2), 4.342_286_797_114_149, 1e-12);
    }

    #[test]
    fn a_trend_is_differenced_and_a_season_too() {
        assert_eq!(differences(&hormone().to_vec(), 2), 0);
        assert_eq!(differences(&airline().to_vec(), 2), 1);
        assert_eq!(differences(&[3.0; 20], 2), 0);
        assert_eq!(seasonal_differences(&airline().to_vec(), 12), 1);
        assert_eq!(seasonal_differences(&hormone().to_vec(), 6), 0);
    }
}
