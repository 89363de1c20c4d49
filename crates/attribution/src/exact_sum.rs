//! Sums without rounding, so that what was added can be taken back.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Bits in a digit.
const DIGIT: i32 = 32;
/// The unit of digit 0 is `2^-LOWEST`, below the smallest subnormal number.
const LOWEST: i32 = 1088;
/// From `2^-1088` past the largest finite number, with two digits for carries.
const DIGITS: usize = 71;
/// Additions after which carries are settled, long before a digit overflows.
const SETTLE: u32 = 1 << 29;

/// A sum of floating-point numbers and of products of two, held in fixed point without rounding.
///
/// Adding is associative and commutative to the last bit, and subtracting undoes it. Parts of products below
/// `2^-1088` are dropped, the same parts each time.
///
/// Source: Kulisch's long accumulator; Neal (2015), "Fast exact summation using small and large superaccumulators".
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(crate) struct ExactSum {
    /// Digits with the unit `2^(32 i − 1088)`, carries not settled.
    digits: [i64; DIGITS],
    pending: u32,
    /// Whether a part did not fit.
    overflowed: bool,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { digits: [0; DIGITS], pending: 0, overflowed: false }
    }
}

impl std::fmt::Debug for ExactSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ExactSum").field(&self.value()).finish()
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        self.overflowed == other.overflowed && self.settled() == other.settled()
    }
}

/// Sign, whole mantissa and exponent of a finite number.
fn decode(value: f64) -> (bool, u64, i32) {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let negative = bits >> 63 == 1;
    if exponent == 0 { (negative, fraction, -1074) } else { (negative, fraction | 1 << 52, exponent - 1075) }
}

impl ExactSum {
    /// Of these numbers.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }

    /// Adds a number.
    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.overflowed = true;
            return;
        }
        let (negative, mantissa, exponent) = decode(value);
        self.place(negative, mantissa, exponent);
    }

    /// Adds `a b`.
    pub(crate) fn add_product(&mut self, a: f64, b: f64) {
        if !(a.is_finite() && b.is_finite()) {
            self.overflowed = true;
            return;
        }
        let ((a_negative, a, a_exponent), (b_negative, b, b_exponent)) = (decode(a), decode(b));
        let (product, exponent) = (u128::from(a) * u128::from(b), a_exponent + b_exponent);
        let negative = a_negative != b_negative;
        self.place(negative, product as u64, exponent);
        self.place(negative, (product >> 64) as u64, exponent + 64);
    }

    /// Adds `factor · other`.
    pub(crate) fn add_scaled(&mut self, other: &Self, factor: f64) {
        self.overflowed |= other.overflowed;
        // The magnitude has no carries of a negative sum that run up to the last digit.
        let (negative, digits) = other.magnitude();
        let factor = if negative { -factor } else { factor };
        for (index, &digit) in digits.iter().enumerate() {
            if digit != 0 {
                self.add_product(libm::scalbn(digit as f64, DIGIT * index as i32 - LOWEST), factor);
            }
        }
    }

    /// Adds the other sum.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.overflowed |= other.overflowed;
        let ours = self.pending;
        match ours.checked_add(other.pending).filter(|pending| *pending < 2 * SETTLE) {
            Some(pending) => {
                for (digit, theirs) in self.digits.iter_mut().zip(&other.digits) {
                    *digit += theirs;
                }
                self.pending = pending + 1;
            }
            None => {
                self.digits = self.settled();
                for (digit, theirs) in self.digits.iter_mut().zip(other.settled()) {
                    *digit += theirs;
                }
                self.pending = 2;
            }
        }
    }

    /// The sum, rounded once; infinite when a part did not fit.
    pub(crate) fn value(&self) -> f64 {
        if self.overflowed {
            return f64::INFINITY;
        }
        let (negative, digits) = self.magnitude();
        let Some(top) = digits.iter().rposition(|digit| *digit != 0) else { return 0.0 };
        let low = top.saturating_sub(3);
        let mut magnitude = 0_u128;
        for &digit in digits[low..=top].iter().rev() {
            magnitude = magnitude << DIGIT | digit as u128;
        }
        // Everything below only decides ties.
        if digits[..low].iter().any(|digit| *digit != 0) {
            magnitude |= 1;
        }
        let value = libm::scalbn(magnitude as f64, DIGIT * low as i32 - LOWEST);
        if negative { -value } else { value }
    }

    /// The sum, refused when it left the floating-point numbers.
    pub(crate) fn checked(&self, name: &'static str) -> Result<f64> {
        crate::check::result(name, self.value())
    }

    fn place(&mut self, negative: bool, mantissa: u64, exponent: i32) {
        if mantissa == 0 {
            return;
        }
        let mut offset = exponent + LOWEST;
        let mut wide = u128::from(mantissa);
        if offset < 0 {
            wide = wide.checked_shr(offset.unsigned_abs()).unwrap_or(0);
            offset = 0;
        }
        wide <<= offset % DIGIT;
        let first = (offset / DIGIT) as usize;
        for step in 0..3 {
            let part = (wide >> (DIGIT * step) & 0xffff_ffff) as i64;
            if part == 0 {
                continue;
            }
            match self.digits.get_mut(first + step as usize) {
                Some(digit) => *digit += if negative { -part } else { part },
                None => self.overflowed = true,
            }
        }
        self.pending += 1;
        if self.pending >= SETTLE {
            self.digits = self.settled();
            self.pending = 1;
        }
    }

    /// Whether it is negative, and the settled digits of its absolute value.
    fn magnitude(&self) -> (bool, [i64; DIGITS]) {
        let digits = self.settled();
        if digits[DIGITS - 1] < 0 { (true, settle(digits.map(|digit| -digit))) } else { (false, digits) }
    }

    /// The one form of a sum in which all digits but the last lie in `[0, 2³²)`.
    fn settled(&self) -> [i64; DIGITS] {
        settle(self.digits)
    }
}

fn settle(mut digits: [i64; DIGITS]) -> [i64; DIGITS] {
    for index in 0..DIGITS - 1 {
        let carry = digits[index] >> DIGIT;
        digits[index] -= carry << DIGIT;
        digits[index + 1] += carry;
    }
    digits
}

/// The stored form: sign, and the digits of the magnitude between the first and the last that are not zero.
#[derive(Serialize, Deserialize)]
struct Stored {
    negative: bool,
    first: usize,
    digits: Vec<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    overflowed: bool,
}

impl TryFrom<Stored> for ExactSum {
    type Error = Error;

    fn try_from(Stored { negative, first, digits, overflowed }: Stored) -> Result<Self> {
        let mut sum = Self { overflowed, ..Self::default() };
        if first.checked_add(digits.len()).is_none_or(|end| end > DIGITS) {
            return Err(Error::invalid("stored sum", format!("{} digits from {first} on do not fit", digits.len())));
        }
        for (place, digit) in sum.digits[first..].iter_mut().zip(digits) {
            *place = if negative { -i64::from(digit) } else { i64::from(digit) };
        }
        sum.pending = 1;
        Ok(sum)
    }
}

impl From<ExactSum> for Stored {
    fn from(sum: ExactSum) -> Self {
        let (negative, digits) = sum.magnitude();
        let used = |digit: &i64| *digit != 0;
        let (first, digits) = match (digits.iter().position(used), digits.iter().rposition(used)) {
            (Some(first), Some(last)) => (first, digits[first..=last].iter().map(|digit| *digit as u32).collect()),
            _ => (0, Vec::new()),
        };
        Self { negative, first, digits, overflowed: sum.overflowed }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_rounded_before_the_end() {
        assert_eq!(ExactSum::of([1.0, 1e100, 1.0, -1e100]).value(), 2.0);
        assert_eq!(ExactSum::of([1e308, 1e308, -1e308]).value(), 1e308);
        assert_eq!(ExactSum::of([f64::MIN_POSITIVE, -5e-324]).value(), f64::MIN_POSITIVE - 5e-324);
        assert_eq!(ExactSum::of([-0.1; 10]).value(), -1.0); // math.fsum of Python gives the same
        assert_eq!(ExactSum::of([0.1, 0.2, 0.3, -0.6]).value(), 2.775_557_561_562_891_4e-17); // math.fsum
        assert_eq!(ExactSum::of([1.0, f64::NAN]).value(), f64::INFINITY);
        assert!(ExactSum::of([f64::INFINITY]).checked("sum").is_err());
        // Half way between two numbers, and a grain that decides.
        assert_eq!(ExactSum::of([1.0, f64::EPSILON / 2.0]).value(), 1.0);
        assert_eq!(ExactSum::of([1.0, f64::EPSILON / 2.0, 1e-300]).value(), 1.0 + f64::EPSILON);
    }

    #[test]
    fn products_are_exact() {
        // (1 + ε)(1 − ε) − 1 = −ε², which one multiplication loses.
        let mut sum = ExactSum::of([-1.0]);
        sum.add_product(1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
        assert_eq!(sum.value(), -f64::EPSILON * f64::EPSILON);
        let mut scaled = ExactSum::default();
        scaled.add_scaled(&ExactSum::of([1e16, 1.0, -3.0]), -0.5);
        assert_eq!(scaled.value(), -0.5 * (1e16 - 2.0));
        scaled.add_scaled(&ExactSum::of([-1e16, 2.0]), -0.5);
        assert_eq!(scaled, ExactSum::default());
    }

    #[test]
    fn a_stored_sum_is_checked() {
        let sum = ExactSum::of([0.1, -1e200, 3.0]);
        let text = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<ExactSum>(&text).unwrap(), sum);
        assert!(serde_json::from_str::<ExactSum>(r#"{"negative":false,"first":70,"digits":[1,2]}"#).is_err());
        assert!(serde_json::from_str::<ExactSum>(r#"{"negative":false,"first":0,"digits":[-1]}"#).is_err());
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_subtracting_undoes(
            values in prop::collection::vec((-1.0_f64..1.0, -300_i32..300), 1..30), split in 0_usize..30,
        ) {
            let values: Vec<f64> = values.iter().map(|(m, e)| m * 10_f64.powi(*e)).collect();
            let forward = ExactSum::of(values.iter().copied());
            let split = split.min(values.len());
            let mut merged = ExactSum::of(values[split..].iter().rev().copied());
            merged.merge(&ExactSum::of(values[..split].iter().copied()));
            prop_assert_eq!(&forward, &merged);
            let mut undone = forward.clone();
            values.iter().for_each(|v| undone.add(-v));
            prop_assert_eq!(undone, ExactSum::default());
        }

        #[test]
        fn one_rounding_of_integers(values in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..50)) {
            let exact: i64 = values.iter().sum();
            prop_assert_eq!(ExactSum::of(values.iter().map(|v| *v as f64)).value(), exact as f64);
        }
    }
}
