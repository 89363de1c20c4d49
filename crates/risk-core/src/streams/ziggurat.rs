//! Standard normals by a ziggurat of 256 layers.
//!
//! One word of 64 bits a draw: eight bits choose the layer, 53 others the place in it. 98.8 % of the draws need
//! nothing but a product and a comparison.

use std::sync::LazyLock;

use rand::{Rng, RngExt};

const LAYERS: usize = 256;

/// Where the tail begins: with 256 layers the top one then ends at the peak of the density.
const TAIL: f64 = 3.654_152_885_361_009;

/// Places in a layer on either side of zero.
const PLACES: f64 = (1_u64 << 52) as f64;

#[derive(Debug, Clone, Copy)]
struct Layer {
    /// Width of the layer over the number of places.
    scale: f64,
    /// Width of the layer above: whatever is nearer to zero lies under the density.
    inner: f64,
    /// Density at the outer and at the inner end.
    outer_density: f64,
    inner_density: f64,
}

static TABLE: LazyLock<[Layer; LAYERS]> = LazyLock::new(table);

/// `e^(−x²/2)`.
fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

/// Layers of equal area from the tail up; libm is the same everywhere, so the table is too.
fn table() -> [Layer; LAYERS] {
    let beyond = (0.5 * std::f64::consts::PI).sqrt() * libm::erfc(TAIL * std::f64::consts::FRAC_1_SQRT_2);
    let area = TAIL * density(TAIL) + beyond;
    let mut width = TAIL;
    let mut layer_below =
        Layer { scale: area / density(TAIL) / PLACES, inner: TAIL, outer_density: 0.0, inner_density: density(TAIL) };
    std::array::from_fn(|index| {
        if index > 0 {
            let inner_density = density(width) + area / width;
            let inner = if index + 1 < LAYERS { (-2.0 * libm::log(inner_density)).sqrt() } else { 0.0 };
            layer_below = Layer {
                scale: width / PLACES,
                inner,
                outer_density: density(width),
                inner_density: inner_density.min(1.0),
            };
            width = inner;
        }
        layer_below
    })
}

/// Words drawn at a time: one refill of the generator.
const BATCH: usize = 32;

/// Fills `out` with independent standard normals.
pub(super) fn fill(stream: &mut impl Rng, out: &mut [f64]) {
    let table = &*TABLE;
    let mut words = [0_u64; BATCH];
    for chunk in out.chunks_mut(BATCH) {
        let words = &mut words[..chunk.len()];
        words.iter_mut().for_each(|word| *word = stream.next_u64());
        for (z, word) in chunk.iter_mut().zip(&*words) {
            let (layer, x) = place(table, *word);
            *z = if x.abs() < layer.inner { x } else { settle(stream, table, *word) };
        }
    }
}

/// The layer of a word and the place in it. The half keeps zero out and both sides alike.
fn place(table: &[Layer; LAYERS], word: u64) -> (&Layer, f64) {
    let layer = &table[(word & 0xFF) as usize];
    let place = (word.cast_signed() >> 11) as f64 + 0.5;
    (layer, place * layer.scale)
}

/// A draw whose first place fell outside the part of its layer that is certain.
#[cold]
fn settle(stream: &mut impl Rng, table: &[Layer; LAYERS], mut word: u64) -> f64 {
    loop {
        let (layer, x) = place(table, word);
        if x.abs() < layer.inner {
            return x;
        }
        if word & 0xFF == 0 {
            return tail(stream).copysign(x);
        }
        let height = layer.outer_density + stream.random::<f64>() * (layer.inner_density - layer.outer_density);
        if height < density(x) {
            return x;
        }
        word = stream.next_u64();
    }
}

/// The normal beyond [`TAIL`]: an exponential, accepted with the ratio of the densities (Marsaglia 1964).
fn tail(stream: &mut impl Rng) -> f64 {
    loop {
        // 1 − u is never zero.
        let x = -libm::log(1.0 - stream.random::<f64>()) / TAIL;
        let y = -libm::log(1.0 - stream.random::<f64>());
        if y + y > x * x {
            return TAIL + x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{normal, streams::Streams};

    fn draws(count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        fill(&mut Streams::new(2_024).block(0), &mut out);
        out
    }

    #[test]
    fn layers_have_equal_area_and_close_at_the_peak() {
        // mpmath, 30 digits, from the tail's beginning; Doornik (2005) prints 0.00492867323399.
        const AREA: f64 = 0.004_928_673_233_974_66;
        let base = &TABLE[0];
        assert!((base.scale * PLACES * base.inner_density - AREA).abs() < 1e-16);
        for layer in &TABLE[1..] {
            let area = layer.scale * PLACES * (layer.inner_density - layer.outer_density);
            assert!((area - AREA).abs() < 1e-16, "{layer:?}");
        }
        assert!((TABLE[255].inner_density - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_law_is_normal_in_every_bin() {
        // Chi-square over bins from −5 to 5, tails included; 41 degrees of freedom, P(χ² > 90) < 2e-5.
        let n = 4_000_000;
        let edges: Vec<f64> = (-20..=20).map(|i| f64::from(i) * 0.25).collect();
        let mut counts = vec![0_usize; edges.len() + 1];
        draws(n).iter().for_each(|z| counts[edges.partition_point(|e| e < z)] += 1);
        let below = |k: usize| if k == edges.len() { 1.0 } else { normal::cdf(edges[k]) };
        let statistic: f64 = (0..counts.len())
            .map(|k| {
                let expected = n as f64 * (below(k) - if k == 0 { 0.0 } else { below(k - 1) });
                (counts[k] as f64 - expected).powi(2) / expected
            })
            .sum();
        assert!(statistic < 90.0, "{statistic}");
    }

    #[test]
    fn the_tail_beyond_the_layers_is_normal() {
        // P(|z| > 3.654…) = 2.58e-4: of 4 million 1,032 expected, four standard deviations are 129. The mean
        // excess there is φ(t)/Q(t) − t = 0.2528 with a standard error of about 0.24/√1032.
        let z = draws(4_000_000);
        for side in [1.0, -1.0] {
            let beyond: Vec<f64> = z.iter().map(|z| side * z).filter(|z| *z > TAIL).collect();
            let mass = normal::cdf(-TAIL);
            let expected = 4e6 * mass;
            assert!((beyond.len() as f64 - expected).abs() < 4.0 * expected.sqrt(), "{}", beyond.len());
            let excess = beyond.iter().sum::<f64>() / beyond.len() as f64 - normal::density(TAIL) / mass;
            assert!(excess.abs() < 4.0 * 0.25 / expected.sqrt(), "{excess}");
        }
    }

    #[test]
    fn moments_up_to_the_eighth() {
        // E z² = 1, E z⁴ = 3, E z⁶ = 15, E z⁸ = 105; standard errors √(E z^2k − (E z^k)²)/√n, five of them.
        let n = 4_000_000;
        let z = draws(n);
        for (power, mean, square) in
            [(1, 0.0, 1.0), (2, 1.0, 3.0), (3, 0.0, 15.0), (4, 3.0, 105.0), (8, 105.0, 2_027_025.0)]
        {
            let got = z.iter().map(|z| z.powi(power)).sum::<f64>() / n as f64;
            let error = ((square - mean * mean) / n as f64).sqrt();
            assert!((got - mean).abs() < 5.0 * error, "{power}: {got}");
        }
    }

    #[test]
    fn neighbours_are_uncorrelated() {
        let z = draws(1_000_000);
        for lag in [1, 2, 32, 33] {
            let product = z.iter().zip(&z[lag..]).map(|(a, b)| a * b).sum::<f64>() / z.len() as f64;
            assert!(product.abs() < 5.0 / 1_000.0, "{lag}: {product}");
        }
    }
}
