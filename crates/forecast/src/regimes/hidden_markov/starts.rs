//! Where the climbs start: seeded clusters of the series, by level and by local volatility.

use rand::{Rng, RngExt};

use super::expectation::{Parameters, normalise};

/// Lengths of the blocks that are clustered, in turn. Single values separate levels; longer blocks separate times of
/// low and of high volatility, which single values cannot show.
const BLOCKS: [usize; 4] = [21, 5, 63, 1];
/// Rounds of moving the centres to the means of their clusters.
const ROUNDS: usize = 5;

/// Start number `index`: centres drawn as by k-means++ (Arthur and Vassilvitskii, 2007) among the blocks.
pub(super) fn start<const K: usize>(
    series: &[f64],
    index: usize,
    student: bool,
    stream: &mut impl Rng,
) -> Parameters<K> {
    let longest = (series.len() / (4 * K)).max(1);
    let block = BLOCKS[index % BLOCKS.len()].min(longest);
    let features = features(series, block);
    let labels = cluster::<K>(&features, stream);
    parameters(series, block, &labels, student)
}

/// Mean and log variance of every block, each scaled to spread 1 over the blocks.
fn features(series: &[f64], block: usize) -> Vec<[f64; 2]> {
    let mut features: Vec<[f64; 2]> = series
        .chunks(block)
        .map(|chunk| {
            let n = chunk.len() as f64;
            let mean = chunk.iter().sum::<f64>() / n;
            let variance = chunk.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            // Series are standardised: the small term only keeps a constant block finite.
            [mean, if block > 1 { libm::log(variance + 1e-6) } else { 0.0 }]
        })
        .collect();
    let n = features.len() as f64;
    for side in 0..2 {
        let mean = features.iter().map(|f| f[side]).sum::<f64>() / n;
        let spread = (features.iter().map(|f| (f[side] - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if spread > 0.0 { 1.0 / spread } else { 0.0 };
        features.iter_mut().for_each(|f| f[side] = (f[side] - mean) * scale);
    }
    features
}

fn cluster<const K: usize>(features: &[[f64; 2]], stream: &mut impl Rng) -> Vec<usize> {
    let mut centres = [features[stream.random_range(0..features.len())]; K];
    let mut nearest: Vec<f64> = features.iter().map(|f| distance(f, &centres[0])).collect();
    for centre in centres.iter_mut().skip(1) {
        let total: f64 = nearest.iter().sum();
        let mut left = stream.random::<f64>() * total;
        let drawn = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        *centre = features[drawn.unwrap_or(features.len() - 1)];
        nearest.iter_mut().zip(features).for_each(|(d, f)| *d = d.min(distance(f, centre)));
    }
    let mut labels = vec![0; features.len()];
    for _ in 0..ROUNDS {
        let mut sums = [[0.0; 3]; K];
        for (label, f) in labels.iter_mut().zip(features) {
            *label =
                (0..K).fold(0, |best, k| if distance(f, &centres[k]) < distance(f, &centres[best]) { k } else { best });
            let sum = &mut sums[*label];
            (sum[0], sum[1], sum[2]) = (sum[0] + f[0], sum[1] + f[1], sum[2] + 1.0);
        }
        for (centre, sum) in centres.iter_mut().zip(&sums).filter(|(_, sum)| sum[2] > 0.0) {
            *centre = [sum[0] / sum[2], sum[1] / sum[2]];
        }
    }
    labels
}

fn distance(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

/// Moments and moves of the labelled series. A prior of one observation of the whole series in every state, and of one
/// move of every kind, keeps small clusters alive.
fn parameters<const K: usize>(series: &[f64], block: usize, labels: &[usize], student: bool) -> Parameters<K> {
    let mut sums = [[1.0, 0.0, 1.0]; K];
    let mut transition = [[1.0; K]; K];
    let mut before = None;
    for (chunk, &label) in series.chunks(block).zip(labels) {
        for x in chunk {
            let sum = &mut sums[label];
            (sum[0], sum[1], sum[2]) = (sum[0] + 1.0, sum[1] + x, sum[2] + x * x);
        }
        if let Some(before) = before {
            let row: &mut [f64; K] = &mut transition[before];
            row[label] += 1.0;
        }
        transition[label][label] += chunk.len() as f64 - 1.0;
        before = Some(label);
    }
    transition.iter_mut().for_each(normalise);
    let means: [f64; K] = std::array::from_fn(|k| sums[k][1] / sums[k][0]);
    let variances: [f64; K] = std::array::from_fn(|k| (sums[k][2] / sums[k][0] - means[k].powi(2)).max(1e-3));
    let scale = if student { 0.75 } else { 1.0 };
    Parameters { means, squared_scales: variances.map(|v| v * scale), degrees: student.then_some([8.0; K]), transition }
}
