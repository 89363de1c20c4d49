//! Sums in four interleaved parts: the parts do not wait for each other, and their order is fixed.

const LANES: usize = 4;

/// `Σ terms(value)` of several terms at once.
pub(crate) fn sums<const K: usize>(values: &[f64], terms: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    let mut parts = [[0.0; LANES]; K];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let found = terms(chunk[lane]);
            for k in 0..K {
                parts[k][lane] += found[k];
            }
        }
    }
    let mut total = parts.map(pairwise);
    for &value in rest {
        let found = terms(value);
        for k in 0..K {
            total[k] += found[k];
        }
    }
    total
}

/// `Σ aᵢ bᵢ` over the common length.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // One product a step waits for the sum before it: four times the parts.
    let n = a.len().min(b.len());
    let (a, a_rest) = a[..n].as_chunks::<{ 4 * LANES }>();
    let (b, b_rest) = b[..n].as_chunks::<{ 4 * LANES }>();
    let mut parts = [[0.0; LANES]; 4];
    for (a, b) in a.iter().zip(b) {
        for (quarter, parts) in parts.iter_mut().enumerate() {
            for (lane, part) in parts.iter_mut().enumerate() {
                *part += a[LANES * quarter + lane] * b[LANES * quarter + lane];
            }
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>();
    pairwise(parts.map(pairwise)) + rest
}

/// `Σ (aᵢ − a₀)(bᵢ − b₀)` over the common length.
pub(crate) fn dot_about(a: &[f64], a0: f64, b: &[f64], b0: f64) -> f64 {
    // One product a step waits for the sum before it: twice the parts.
    let n = a.len().min(b.len());
    let (a, a_rest) = a[..n].as_chunks::<{ 2 * LANES }>();
    let (b, b_rest) = b[..n].as_chunks::<{ 2 * LANES }>();
    let mut parts = [[0.0; LANES]; 2];
    for (a, b) in a.iter().zip(b) {
        for (half, parts) in parts.iter_mut().enumerate() {
            for (lane, part) in parts.iter_mut().enumerate() {
                *part += (a[LANES * half + lane] - a0) * (b[LANES * half + lane] - b0);
            }
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - a0) * (b - b0)).sum::<f64>();
    pairwise(parts[0]) + pairwise(parts[1]) + rest
}

/// What a straight line through a path needs: `Σ (t − t̄)(v − v̄)`, `Σ (v − v̄)²` and `v̄`.
pub(crate) fn trend(path: &[f64]) -> [f64; 3] {
    let n = path.len() as f64;
    let mean = sums(path, |v| [v])[0] / n;
    let (mut cross, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let mut times = [0.0, 1.0, 2.0, 3.0].map(|lane| lane - 0.5 * (n - 1.0));
    let (chunks, rest) = path.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let deviation = chunk[lane] - mean;
            cross[lane] += times[lane] * deviation;
            squares[lane] += deviation * deviation;
            times[lane] += LANES as f64;
        }
    }
    let (mut cross, mut squares) = (pairwise(cross), pairwise(squares));
    for (value, time) in rest.iter().zip(times) {
        cross += time * (value - mean);
        squares += (value - mean) * (value - mean);
    }
    [cross, squares, mean]
}

/// `Π (1 + value)`.
pub(crate) fn compounded(values: &[f64]) -> f64 {
    let mut parts = [1.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            parts[lane] *= 1.0 + chunk[lane];
        }
    }
    parts.into_iter().chain(rest.iter().map(|value| 1.0 + value)).product()
}

/// The smallest and the largest value.
pub(crate) fn extremes(values: &[f64]) -> (f64, f64) {
    let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    let all = || rest.iter().copied();
    (
        low.into_iter().chain(all()).fold(f64::INFINITY, f64::min),
        high.into_iter().chain(all()).fold(f64::NEG_INFINITY, f64::max),
    )
}

/// 1 where the condition holds, without a branch.
pub(crate) fn indicator(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn pairwise(parts: [f64; LANES]) -> f64 {
    let [a, b, c, d] = parts;
    (a + b) + (c + d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lanes_add_up_like_one_sum(values in prop::collection::vec(-0.9_f64..2.0, 0..70)) {
            let [sum, squares] = sums(&values, |v| [v, v * v]);
            prop_assert!((sum - values.iter().sum::<f64>()).abs() < 1e-12);
            prop_assert!((squares - dot(&values, &values)).abs() < 1e-12);
            let product: f64 = values.iter().map(|v| 1.0 + v).product();
            prop_assert!((compounded(&values) - product).abs() <= 1e-13 * product.abs());
            if values.len() > 1 {
                let n = values.len() as f64;
                let [cross, squares, mean] = trend(&values);
                let plain: f64 = values.iter().enumerate().map(|(t, v)| t as f64 * (v - mean)).sum();
                prop_assert!((cross - plain).abs() < 1e-10 && (squares - (dot(&values, &values) - n * mean * mean)).abs() < 1e-10);
            }
            let (low, high) = extremes(&values);
            prop_assert!(values.iter().all(|v| (low..=high).contains(v)));
            prop_assert!(values.is_empty() || (values.contains(&low) && values.contains(&high)));
        }
    }
}
