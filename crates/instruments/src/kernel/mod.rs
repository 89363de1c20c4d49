//! Batched pricing: many scenarios at a time, without allocation, in vector instructions.
//!
//! - [`price_scenarios`]: one option under many scenarios, the inner loop of a revaluation.
//! - [`price_options`]: many options under one scenario.
//! - [`greeks`] and [`book_greeks`]: first-order sensitivities of a book.
//! - [`implied_volatilities`]: the volatilities that many prices imply.
//! - [`math`]: the exponential, logarithm and normal distribution underneath.
//!
//! The instruction set is found at run time ([`Dispatch::detect`]): AVX-512, AVX2 with FMA, NEON, or one
//! number at a time. Results are the same bits for the same input on one instruction set, wherever an element
//! stands in its batch; between instruction sets they differ by rounding, below 1e-14 of the spot.
//!
//! Options and lengths are checked, the elements of long slices are not: that would cost as much as pricing.
//! A NaN among them gives NaN in its own place and nowhere else, as does a negative volatility.

mod european;
mod greeks;
mod implied;
mod lanes;
pub mod math;
#[cfg(test)]
mod testing;

pub use european::{European, Input, Options, Scenarios, price_options, price_scenarios};
pub use greeks::{BookGreeks, Greeks, book_greeks, greeks};
pub use implied::{Quotes, implied_volatilities};

use crate::Result;
pub use crate::pricing::OptionKind;
use pulp::{Arch, Scalar, Simd, WithSimd};

/// The instruction set that a kernel runs on; detect it once and reuse it.
#[derive(Debug, Clone, Copy)]
pub struct Dispatch(Arch);

impl Dispatch {
    /// The widest vectors that this machine has.
    #[must_use]
    pub fn detect() -> Self {
        Self(Arch::new())
    }

    /// One number at a time: the yardstick for the vector paths, and slow.
    #[must_use]
    pub fn scalar() -> Self {
        Self(Arch::Scalar)
    }

    /// Numbers per vector.
    #[must_use]
    pub fn lanes(self) -> usize {
        struct Count;
        impl WithSimd for Count {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F64_LANES
            }
        }
        self.run(Count)
    }

    #[inline]
    fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self.0 {
            Arch::Scalar => Scalar::new().vectorize(op),
            arch => arch.dispatch(op),
        }
    }
}

impl Default for Dispatch {
    fn default() -> Self {
        Self::detect()
    }
}

/// Refuses a slice whose length differs from what the other inputs imply.
fn same_length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(alluse_risk_core::Error::LengthMismatch { name, expected, got }.into()) }
}
