//! Values with their counts, so that the extremes survive a retraction.

use std::collections::BTreeMap;

/// A number by the integer that has its place among all numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

const SIGN: u64 = 1 << 63;

impl Key {
    /// Both zeros are the same key.
    pub(super) fn new(value: f64) -> Self {
        let bits = (value + 0.0).to_bits();
        Self(if bits & SIGN == 0 { bits | SIGN } else { !bits })
    }

    pub(super) fn value(self) -> f64 {
        f64::from_bits(if self.0 & SIGN == 0 { !self.0 } else { self.0 & !SIGN })
    }
}

/// How often each key was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Multiset<K> {
    counts: BTreeMap<K, u64>,
}

impl<K> Default for Multiset<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new() }
    }
}

impl<K: Ord + Copy> Multiset<K> {
    pub(super) fn insert(&mut self, key: K, times: u64) {
        *self.counts.entry(key).or_insert(0) += times;
    }

    /// Takes one away; whether there was one.
    pub(super) fn remove(&mut self, key: K) -> bool {
        match self.counts.get_mut(&key) {
            None => false,
            Some(1) => self.counts.remove(&key).is_some(),
            Some(count) => {
                *count -= 1;
                true
            }
        }
    }

    pub(super) fn contains(&self, key: K) -> bool {
        self.counts.contains_key(&key)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(key, times)| self.insert(key, times));
    }

    pub(super) fn first(&self) -> Option<K> {
        self.counts.keys().next().copied()
    }

    pub(super) fn last(&self) -> Option<K> {
        self.counts.keys().next_back().copied()
    }

    /// Ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (K, u64)> + '_ {
        self.counts.iter().map(|(key, times)| (*key, *times))
    }
}
