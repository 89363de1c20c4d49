use super::quantile::{Place, QuantileRule};
use super::sample::LossSample;
use crate::types::confidence::snap;

/// The losses of positive probability in ascending order.
pub(super) struct Ordered {
    pub(super) losses: Vec<f64>,
    /// Probability of the losses up to and with this one; the last is 1.
    pub(super) cumulative: Vec<f64>,
    kish: Option<f64>,
}

impl Ordered {
    pub(super) fn new(sample: &LossSample) -> Self {
        match sample.probability_slice() {
            None => Self::equal(sample.slice().to_vec()),
            Some(probabilities) => Self::weighted(sample, probabilities),
        }
    }

    fn equal(mut losses: Vec<f64>) -> Self {
        losses.sort_unstable_by(f64::total_cmp);
        let n = losses.len() as f64;
        let cumulative = (1..=losses.len()).map(|k| k as f64 / n).collect();
        Self { losses, cumulative, kish: None }
    }

    fn weighted(sample: &LossSample, probabilities: &[f64]) -> Self {
        let mut pairs: Vec<(f64, f64)> =
            sample.slice().iter().copied().zip(probabilities.iter().copied()).filter(|&(_, p)| p > 0.0).collect();
        // The probability breaks ties, so that the order of the input does not matter.
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        let mut cumulative: Vec<f64> = pairs
            .iter()
            .map(|&(_, p)| {
                let next = sum + p;
                lost += if sum >= p { (sum - next) + p } else { (p - next) + sum };
                sum = next;
                sum + lost
            })
            .collect();
        if let Some(last) = cumulative.last_mut() {
            *last = 1.0;
        }
        Self { losses: pairs.into_iter().map(|(l, _)| l).collect(), cumulative, kish: Some(sample.kish()) }
    }

    pub(super) fn len(&self) -> usize {
        self.losses.len()
    }

    /// Probability of the losses before number `k`, counted from 0.
    pub(super) fn below(&self, k: usize) -> f64 {
        if k == 0 { 0.0 } else { self.cumulative[k - 1] }
    }

    pub(super) fn probability(&self, k: usize) -> f64 {
        self.cumulative[k] - self.below(k)
    }

    pub(super) fn place(&self, rule: QuantileRule, probability: f64) -> Place {
        match self.kish {
            None => rule.place(self.len(), probability),
            Some(kish) => rule.weighted_place(&self.cumulative, kish, probability),
        }
    }

    pub(super) fn quantile(&self, rule: QuantileRule, probability: f64) -> f64 {
        let place = self.place(rule, probability);
        let low = self.losses[place.low];
        if place.fraction > 0.0 {
            super::quantile::interpolate(low, self.losses[place.low + 1], place.fraction)
        } else {
            low
        }
    }

    /// `Σ pᵢ Lᵢ` over the losses from number `k` on, for every `k`; one more entry, 0, at the end.
    pub(super) fn suffix_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.len() + 1];
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        for k in (0..self.len()).rev() {
            let value = self.probability(k) * self.losses[k];
            let next = sum + value;
            lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
            sum = next;
            sums[k] = sum + lost;
        }
        sums
    }

    /// Mean loss in the upper tail of mass `0 < tail ≤ 1`, the last loss counted in part.
    pub(super) fn tail_mean(&self, suffix_sums: &[f64], tail: f64) -> f64 {
        let n = self.len() as f64;
        let (k, tail, above) = if self.kish.is_none() {
            let count = snap(tail * n);
            let k = self.len() - (count.ceil() as usize).clamp(1, self.len());
            let above = (self.len() - 1 - k) as f64 / n;
            (k, if count > 0.0 { count / n } else { tail }, above)
        } else {
            let k = self.place(QuantileRule::UpperLoss, 1.0 - tail).low;
            (k, tail, 1.0 - self.cumulative[k])
        };
        if k == self.len() - 1 {
            return self.losses[k];
        }
        (suffix_sums[k + 1] + (tail - above).max(0.0) * self.losses[k]) / tail
    }
}
