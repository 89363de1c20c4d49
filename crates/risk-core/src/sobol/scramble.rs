//! Randomisations of binary digits.

use super::directions::BITS;

/// Digits of a randomised coordinate. The point is the middle of its interval, which a double holds exactly.
pub(super) const DIGITS: u32 = 52;

/// Levels of the digit tree whose flips one hash decides: 2⁶ − 1 nodes fit into its 64 bits.
const LEVELS: usize = 6;

/// Digits that the tree covers; those after the index's own are zeros.
const COVERED: usize = 36;

/// The key of one coordinate.
pub(super) fn key(seed: u64, dimension: usize) -> u64 {
    mix(mix(seed ^ 0x6A09_E667_F3BC_C908).wrapping_add(dimension as u64))
}

/// Nested uniform scrambling: each digit is flipped by a random bit that belongs to the digits before it.
///
/// Nodes of the digit tree are numbered like a heap within blocks of six levels; the hash of the path to the
/// top of a block holds the flips of its 63 nodes.
pub(super) fn nested(digits: u32, key: u64) -> u64 {
    let digits = u64::from(digits) << (COVERED - BITS);
    let mut scrambled = 0;
    for block in 0..COVERED / LEVELS {
        let below = COVERED - block * LEVELS;
        // The leading one tells paths of different lengths apart.
        let path = digits >> below | 1 << (block * LEVELS);
        let flips = mix(key ^ path.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut node = 1;
        for level in 1..=LEVELS {
            let digit = digits >> (below - level) & 1;
            scrambled = scrambled << 1 | (digit ^ flips >> node & 1);
            node = node << 1 | digit;
        }
    }
    let path = digits | 1 << COVERED;
    let rest = mix(key ^ path.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    scrambled << (DIGITS - COVERED as u32) | rest >> (64 + COVERED as u32 - DIGITS)
}

/// Digital shift: the same digits are flipped in every point.
pub(super) fn shifted(digits: u32, key: u64) -> u64 {
    u64::from(digits) << (DIGITS - BITS as u32) ^ mix(key) >> (64 - DIGITS)
}

/// The middle of the interval that the digits name, inside (0, 1).
pub(super) fn middle(digits: u64) -> f64 {
    (digits as f64 + 0.5) * (0.5_f64).powi(DIGITS as i32)
}

/// A bijection of 64 bits in which every input bit moves every output bit (Stafford 2011, variant 13).
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}
