//! Means and co-moments of two series, mergeable.

use crate::exact_sum::ExactSum;
use crate::{Error, Result, check};

/// Means and sums of products of deviations of returns `r` and of a benchmark `b`.
///
/// Source: Chan, Golub and LeVeque (1979), for the merge.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct PairMoments {
    pub(crate) count: u64,
    pub(crate) mean_r: f64,
    pub(crate) mean_b: f64,
    rr: f64,
    rb: f64,
    bb: f64,
    largest_r: f64,
    largest_b: f64,
}

impl PairMoments {
    /// Of one period.
    pub(crate) fn one(r: f64, b: f64) -> Self {
        let (largest_r, largest_b) = (r.abs(), b.abs());
        Self { count: 1, mean_r: r, mean_b: b, rr: 0.0, rb: 0.0, bb: 0.0, largest_r, largest_b }
    }

    /// From sums of the values and of their products `rr, rb, bb`, and the largest absolute values.
    pub(crate) fn from_sums(
        count: u64,
        [r, b]: [&ExactSum; 2],
        [rr, rb, bb]: [&ExactSum; 3],
        [largest_r, largest_b]: [f64; 2],
    ) -> Self {
        let n = count as f64;
        let (centre_r, centre_b) = (r.value() / n, b.value() / n);
        // Sums about a rounded mean are exact, and what the mean missed is then small.
        let about = |sum: &ExactSum, x: &ExactSum, y: &ExactSum, cx: f64, cy: f64| {
            // Σ(x−cx)(y−cy) = Σxy − cy Σx − cx (Σy − n cy)
            let mut first = y.clone();
            first.add_product(-n, cy);
            let mut total = sum.clone();
            total.add_scaled(x, -cy);
            total.add_scaled(&first, -cx);
            total.value()
        };
        let missed = |sum: &ExactSum, centre: f64| {
            let mut rest = sum.clone();
            rest.add_product(-n, centre);
            rest.value() / n
        };
        let (dr, db) = (missed(r, centre_r), missed(b, centre_b));
        Self {
            count,
            mean_r: centre_r + dr,
            mean_b: centre_b + db,
            rr: (about(rr, r, r, centre_r, centre_r) - n * dr * dr).max(0.0),
            rb: about(rb, r, b, centre_r, centre_b) - n * dr * db,
            bb: (about(bb, b, b, centre_b, centre_b) - n * db * db).max(0.0),
            largest_r,
            largest_b,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let (dr, db) = (other.mean_r - self.mean_r, other.mean_b - self.mean_b);
        let weight = a * b / n;
        self.rr += other.rr + dr * dr * weight;
        self.rb += other.rb + dr * db * weight;
        self.bb += other.bb + db * db * weight;
        self.mean_r += dr * b / n;
        self.mean_b += db * b / n;
        self.count += other.count;
        self.largest_r = self.largest_r.max(other.largest_r);
        self.largest_b = self.largest_b.max(other.largest_b);
    }

    /// `cov(r, b) / var(b)`.
    pub(crate) fn beta(&self) -> Result<f64> {
        self.varies("beta", self.bb, self.largest_b, "benchmark")?;
        check::result("beta", self.rb / self.bb)
    }

    /// `cov(r, b) / (σ_r σ_b)`, in [−1, 1] though rounding may say otherwise.
    pub(crate) fn correlation(&self) -> Result<f64> {
        self.varies("correlation", self.rr, self.largest_r, "return")?;
        self.varies("correlation", self.bb, self.largest_b, "benchmark")?;
        let value = check::result("correlation", self.rb / self.rr.sqrt() / self.bb.sqrt())?;
        Ok(value.clamp(-1.0, 1.0))
    }

    fn varies(&self, what: &'static str, square: f64, largest: f64, which: &str) -> Result<()> {
        if self.count < 2 {
            return Err(Error::undefined(what, "it needs two periods"));
        }
        if (square / self.count as f64).sqrt() > 4.0 * f64::EPSILON * largest {
            Ok(())
        } else {
            Err(Error::undefined(what, format!("the {which} does not vary")))
        }
    }
}
