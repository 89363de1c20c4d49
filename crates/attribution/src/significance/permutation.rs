use alluse_risk_core::streams::Streams;
use alluse_risk_core::sum::CompensatedSum;
use ndarray::ArrayView1;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// How the periods are rearranged against their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Permutations {
    /// Every circular shift: series and labels both keep their dependence on the past. Nothing is drawn; the smallest
    /// p-value is 1/n.
    CircularShifts,
    /// Blocks of the series in random order, from a random start: for dependence much shorter than the blocks.
    Blocks {
        /// Periods in a block.
        length: usize,
        /// Seed of the order.
        seed: u64,
        /// How many are drawn.
        draws: usize,
    },
    /// Single periods in random order: valid only where periods do not depend on each other, or labels do not.
    Plain {
        /// Seed of the order.
        seed: u64,
        /// How many are drawn.
        draws: usize,
    },
}

/// The p-value of one label, and the smallest one that it could have had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PermutationP {
    pub(super) value: f64,
    pub(super) smallest: f64,
}

impl Permutations {
    pub(super) fn check(self, periods: usize) -> Result<()> {
        let (length, draws) = match self {
            Self::CircularShifts => return Ok(()),
            Self::Blocks { length, draws, .. } => (length, draws),
            Self::Plain { draws, .. } => (1, draws),
        };
        let fits = length >= 1 && 2 * length <= periods;
        check::ensure(fits, "block length", "at least 1 and at most half the periods", length as f64)?;
        check::ensure(draws >= 19, "permutations drawn", "at least 19", draws as f64).map(drop)
    }

    /// Two-sided p-values of the groups' mean differences from the rest; `codes` gives the group of each period.
    ///
    /// With the mean of all periods removed, a difference is the sum over the group times a number that no
    /// rearrangement changes: the sums are compared.
    pub(super) fn p_values(self, series: ArrayView1<'_, f64>, codes: &[usize], groups: usize) -> Vec<PermutationP> {
        let mean = CompensatedSum::of(series.iter().copied()) / series.len() as f64;
        let mut centred: Vec<f64> = series.iter().map(|x| x - mean).collect();
        let sums = |order: &[f64]| {
            let mut sums = vec![0.0; groups];
            codes.iter().zip(order).for_each(|(&code, x)| sums[code] += x);
            sums
        };
        // Equal arrangements summed in another order must count as equal.
        let slack = 1e-12 * CompensatedSum::of(centred.iter().map(|x| x.abs()));
        let observed: Vec<f64> = sums(&centred).into_iter().map(|sum| sum.abs() - slack).collect();
        let mut extreme = vec![0_usize; groups];
        let mut count = |sums: Vec<f64>| {
            let further = sums.iter().zip(&observed).map(|(sum, observed)| sum.abs() >= *observed);
            extreme.iter_mut().zip(further).for_each(|(count, further)| *count += usize::from(further));
        };
        let n = series.len();
        match self {
            Self::CircularShifts => {
                for _ in 0..n {
                    count(sums(&centred));
                    centred.rotate_left(1);
                }
                let of = |(group, extreme): (usize, usize)| PermutationP {
                    value: extreme as f64 / n as f64,
                    smallest: 1.0 / pattern(codes, group) as f64,
                };
                extreme.into_iter().enumerate().map(of).collect()
            }
            Self::Blocks { length, seed, draws } => {
                let mut stream = Streams::new(seed).block(0);
                let mut starts: Vec<usize> = (0..n).step_by(length).collect();
                let mut order = Vec::with_capacity(n);
                for _ in 0..draws {
                    centred.rotate_left(stream.random_range(0..n));
                    starts.shuffle(&mut stream);
                    order.clear();
                    starts.iter().for_each(|&start| order.extend(&centred[start..(start + length).min(n)]));
                    count(sums(&order));
                }
                drawn(&extreme, draws)
            }
            Self::Plain { seed, draws } => {
                let mut stream = Streams::new(seed).block(0);
                for _ in 0..draws {
                    centred.shuffle(&mut stream);
                    count(sums(&centred));
                }
                drawn(&extreme, draws)
            }
        }
    }
}

/// With the arrangement that was observed as one of them.
fn drawn(extreme: &[usize], draws: usize) -> Vec<PermutationP> {
    let all = (draws + 1) as f64;
    extreme.iter().map(|&count| PermutationP { value: (count + 1) as f64 / all, smallest: 1.0 / all }).collect()
}

/// After how many shifts a group's periods fall on themselves again.
fn pattern(codes: &[usize], group: usize) -> usize {
    let n = codes.len();
    let repeats = |shift: usize| (0..n).all(|t| (codes[t] == group) == (codes[(t + shift) % n] == group));
    (1..=n / 2).filter(|&shift| n.is_multiple_of(shift)).find(|&shift| repeats(shift)).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn shifts_by_hand() {
        // Centred: −1.5, −0.5, 0.5, 1.5. Pairs next to each other around the end sum to −2, 0, 2, 0.
        let series = array![1.0, 2.0, 3.0, 4.0];
        let got = Permutations::CircularShifts.p_values(series.view(), &[0, 0, 1, 1], 2);
        assert_eq!((got[0].value, got[0].smallest), (0.5, 0.25));
        // Every second period: two arrangements in all.
        assert_eq!(Permutations::CircularShifts.p_values(series.view(), &[0, 1, 0, 1], 2)[0].smallest, 0.5);
    }

    /// Ten of twenty: scipy's `permutation_test` of the difference in means with all 184,756 splits says 0.0 for
    /// separated groups; by hand, only the split itself and its mirror are as extreme.
    #[test]
    fn separated_groups_are_extreme_under_every_scheme() {
        let series: ndarray::Array1<f64> = (0..20).map(f64::from).collect();
        let codes: Vec<usize> = (0..20).map(|t| t / 10).collect();
        let plain = Permutations::Plain { seed: 1, draws: 999 }.p_values(series.view(), &codes, 2)[0];
        assert!(plain.value <= 0.003 && plain.smallest == 0.001, "{plain:?}");
        // Of ten blocks of two, the split and its mirror are 2 of 252 (and the start is random).
        let blocks = Permutations::Blocks { length: 2, seed: 1, draws: 999 }.p_values(series.view(), &codes, 2)[0];
        assert!(blocks.value > 0.001 && blocks.value < 0.03, "{blocks:?}");
        assert_eq!(Permutations::CircularShifts.p_values(series.view(), &codes, 2)[0].value, 0.1);
    }

    #[test]
    fn plain_permutations_agree_with_scipy() {
        let series = array![0.3, -0.1, 0.8, 0.2, -0.5, 1.1, 0.4, -0.2, 0.6, 0.0];
        let codes = [0, 1, 0, 1, 1, 0, 1, 1, 0, 1];
        let got = Permutations::Plain { seed: 3, draws: 99_999 }.p_values(series.view(), &codes, 2)[0].value;
        // All 210 splits; four standard errors of 100,000 draws.
        assert!((got - EXACT).abs() < 4.0 * (EXACT / 1e5_f64).sqrt(), "{got}");
    }

    const EXACT: f64 = 0.014285714285714285;

    #[test]
    fn hostile_settings() {
        assert!(Permutations::Blocks { length: 0, seed: 1, draws: 99 }.check(20).is_err());
        assert!(Permutations::Blocks { length: 11, seed: 1, draws: 99 }.check(20).is_err());
        assert!(Permutations::Plain { seed: 1, draws: 18 }.check(20).is_err());
        assert!(Permutations::CircularShifts.check(20).is_ok());
    }
}
