//! What the models share about seasons: the test for one, and the classical decomposition.

/// Autocorrelations at lags 1 to `lags` about the mean, divisor n.
pub(super) fn autocorrelations(series: &[f64], lags: usize) -> Vec<f64> {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let off: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let product = |lag: usize| off.iter().skip(lag).zip(&off).map(|(a, b)| a * b).sum::<f64>();
    let total = product(0);
    (1..=lags).map(|lag| product(lag) / total).collect()
}

/// Whether the autocorrelation at the seasonal lag leaves the 90% band of Bartlett.
pub(super) fn is_seasonal(series: &[f64], period: usize) -> bool {
    if period < 2 || series.len() < 2 * period {
        return false;
    }
    let correlations = autocorrelations(series, period);
    let (seasonal, others) = (correlations[period - 1], &correlations[..period - 1]);
    let variance = (1.0 + 2.0 * others.iter().map(|r| r * r).sum::<f64>()) / series.len() as f64;
    seasonal.abs() > 1.645 * variance.sqrt()
}

/// Whether a season is added or multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Kind {
    Added,
    Multiplied,
}

/// Classical decomposition: the trend, `None` at both ends, and the season of each of the first `period` observations,
/// which sum to zero or have the mean one. The caller has checked that there are two periods.
pub(super) fn decompose(series: &[f64], period: usize, kind: Kind) -> (Vec<Option<f64>>, Vec<f64>) {
    let half = period / 2;
    let weight = |offset: usize| if period.is_multiple_of(2) && (offset == 0 || offset == period) { 0.5 } else { 1.0 };
    let width = 2 * half + 1;
    let trend = |t: usize| {
        let inside = t >= half && t + half < series.len();
        let window = || series[t - half..].iter().take(width).enumerate().map(|(k, value)| weight(k) * value);
        inside.then(|| window().sum::<f64>() / period as f64)
    };
    let trend: Vec<Option<f64>> = (0..series.len()).map(trend).collect();
    let mut season: Vec<f64> = (0..period)
        .map(|s| {
            let off = series.iter().zip(&trend).skip(s).step_by(period).filter_map(|(value, trend)| match kind {
                Kind::Added => trend.map(|trend| value - trend),
                Kind::Multiplied => trend.map(|trend| value / trend),
            });
            let (count, sum) = off.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
            sum / count
        })
        .collect();
    let mean = season.iter().sum::<f64>() / period as f64;
    season.iter_mut().for_each(|value| match kind {
        Kind::Added => *value -= mean,
        Kind::Multiplied => *value /= mean,
    });
    (trend, season)
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::*;

    #[test]
    fn a_line_with_a_season_falls_into_its_parts() {
        let (added, factors) = ([3.0, -1.0, -2.0, 0.0], [1.5, 0.5, 1.0]);
        let line = |t: usize| 10.0 + 0.5 * t as f64;
        let series: Vec<f64> = (0..16).map(|t| line(t) + added[t % 4]).collect();
        let (trend, season) = decompose(&series, 4, Kind::Added);
        assert!(trend[1].is_none() && trend[14].is_none());
        close(trend[2].unwrap(), line(2), 1e-12);
        season.iter().zip(&added).for_each(|(got, want)| close(*got, *want, 1e-12));
        // With a flat level the factors come back exactly.
        let series: Vec<f64> = (0..12).map(|t| 8.0 * factors[t % 3]).collect();
        let (_, season) = decompose(&series, 3, Kind::Multiplied);
        season.iter().zip(&factors).for_each(|(got, want)| close(*got, *want, 1e-12));
        assert!(is_seasonal(&series, 3) && !is_seasonal(&[1.0, 3.0, 2.0, 4.0, 3.5, 4.2, 5.0, 4.9], 3));
    }

    #[test]
    fn autocorrelations_by_hand() {
        // Deviations −1.5, −0.5, 0.5, 1.5: products 5, 1.25, −1.5 at lags 0, 1, 2.
        assert_eq!(autocorrelations(&[1.0, 2.0, 3.0, 4.0], 2), [0.25, -0.3]);
    }
}
