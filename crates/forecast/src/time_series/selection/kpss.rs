//! How often to difference.

use ndarray::ArrayView1;

use super::super::diagnostics::{Kpss, KpssLags};
use super::super::seasonal::{Kind, decompose};

/// Ordinary differences until stationarity is not rejected at 5% (critical value 0.463), `most` at most.
pub(super) fn differences(series: &[f64], most: usize) -> usize {
    let mut series = series.to_vec();
    for d in 0..most {
        let lags = (3.0 * (series.len() as f64).sqrt() / 13.0) as usize;
        let test = Kpss::default().with_lags(KpssLags::Fixed(lags)).test(ArrayView1::from(series.as_slice()));
        // A constant series has no statistic: it needs no further difference.
        if !test.is_ok_and(|test| test.statistic > 0.463) {
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
        let kpss = |series: ndarray::Array1<f64>, lags: usize| {
            Kpss::default().with_lags(KpssLags::Fixed(lags)).test(series.view()).unwrap().statistic
        };
        close(kpss(hormone(), 1), 0.367_889_110_815_208_8, 1e-12);
        close(kpss(airline(), 2), 4.342_286_797_114_149, 1e-12);
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
