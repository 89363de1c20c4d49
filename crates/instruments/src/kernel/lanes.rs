//! A vector of `f64` lanes with operators, so that formulas read like formulas.
//!
//! NaN passes through every operation here, [`Lanes::clamp_above`] and [`Lanes::select`] included, on every
//! instruction set. The `min` and `max` of the hardware do not promise that and are not used.

use std::ops::{Add, Div, Mul, Neg, Sub};

use pulp::Simd;

/// As many numbers as the instruction set holds in one register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<S: Simd> {
    simd: S,
    value: S::f64s,
}

/// One truth value per lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask<S: Simd> {
    simd: S,
    value: S::m64s,
}

impl<S: Simd> Mask<S> {
    /// `yes` where true, `no` elsewhere.
    #[inline(always)]
    pub(crate) fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes::new(self.simd, self.simd.select_f64s(self.value, yes.value, no.value))
    }
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, value: S::f64s) -> Self {
        Self { simd, value }
    }

    #[inline(always)]
    pub(crate) fn splat(simd: S, value: f64) -> Self {
        Self::new(simd, simd.splat_f64s(value))
    }

    #[inline(always)]
    pub(crate) fn simd(self) -> S {
        self.simd
    }

    #[inline(always)]
    pub(crate) fn value(self) -> S::f64s {
        self.value
    }

    /// The same constant in every lane of a vector like this one.
    #[inline(always)]
    pub(crate) fn constant(self, value: f64) -> Self {
        Self::splat(self.simd, value)
    }

    /// `self · factor + term`, in one rounding where the hardware has it.
    #[inline(always)]
    pub(crate) fn times_plus(self, factor: Self, term: Self) -> Self {
        Self::new(self.simd, self.simd.mul_add_e_f64s(self.value, factor.value, term.value))
    }

    /// `term − self · factor`, in one rounding where the hardware has it.
    #[inline(always)]
    pub(crate) fn times_from(self, factor: Self, term: Self) -> Self {
        Self::new(self.simd, self.simd.negate_mul_add_e_f64s(self.value, factor.value, term.value))
    }

    /// What rounding took from the product `self · self = square`; exact on every instruction set.
    #[inline(always)]
    pub(crate) fn square_error(self, square: Self) -> Self {
        Self::new(self.simd, self.simd.mul_add_f64s(self.value, self.value, (-square).value))
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self::new(self.simd, self.simd.sqrt_f64s(self.value))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        Self::new(self.simd, self.simd.abs_f64s(self.value))
    }

    /// This magnitude with the sign of `sign` multiplied in.
    #[inline(always)]
    pub(crate) fn times_sign(self, sign: Self) -> Self {
        let bit = self.simd.and_f64s(sign.value, self.simd.splat_f64s(-0.0));
        Self::new(self.simd, self.simd.xor_f64s(self.value, bit))
    }

    #[inline(always)]
    pub(crate) fn less_than(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: self.simd.less_than_f64s(self.value, other.value) }
    }

    #[inline(always)]
    pub(crate) fn at_least(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: self.simd.greater_than_or_equal_f64s(self.value, other.value) }
    }

    #[inline(always)]
    pub(crate) fn greater_than(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: self.simd.greater_than_f64s(self.value, other.value) }
    }

    /// No more than `limit`; NaN stays NaN.
    #[inline(always)]
    pub(crate) fn clamp_above(self, limit: f64) -> Self {
        let limit = self.constant(limit);
        self.greater_than(limit).select(limit, self)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> S::u64s {
        self.simd.transmute_u64s_f64s(self.value)
    }

    #[inline(always)]
    pub(crate) fn from_bits(simd: S, bits: S::u64s) -> Self {
        Self::new(simd, simd.transmute_f64s_u64s(bits))
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $simd:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self::new(self.simd, self.simd.$simd(self.value, other.value))
            }
        }
        impl<S: Simd> $trait<f64> for Lanes<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.$method(self.constant(other))
            }
        }
    };
}
operator!(Add, add, add_f64s);
operator!(Sub, sub, sub_f64s);
operator!(Mul, mul, mul_f64s);
operator!(Div, div, div_f64s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.simd, self.simd.neg_f64s(self.value))
    }
}

/// Where a kernel reads one of its arguments: vector by vector, then the padded rest.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a, S: Simd> {
    Constant(Lanes<S>),
    Each { vectors: &'a [S::f64s], rest: Lanes<S> },
}

impl<'a, S: Simd> Source<'a, S> {
    #[inline(always)]
    pub(crate) fn each(simd: S, values: &'a [f64]) -> Self {
        let (vectors, rest) = S::as_simd_f64s(values);
        Self::Each { vectors, rest: Lanes::new(simd, simd.partial_load_f64s(rest)) }
    }

    /// The vector at `index`; the index after the last whole vector is the rest, padded with zeros.
    #[inline(always)]
    pub(crate) fn at(&self, index: usize) -> Lanes<S> {
        match self {
            Self::Constant(value) => *value,
            Self::Each { vectors, rest } => vectors.get(index).map_or(*rest, |v| Lanes::new(rest.simd, *v)),
        }
    }

    /// Applies a function now if the argument is constant; the flag says whether it was.
    #[inline(always)]
    pub(crate) fn map_constant(self, f: impl FnOnce(Lanes<S>) -> Lanes<S>) -> (Self, bool) {
        match self {
            Self::Constant(value) => (Self::Constant(f(value)), true),
            each @ Self::Each { .. } => (each, false),
        }
    }
}

/// Writes the N results of `f(index)` for every vector into the N slices, all of one length. The rest goes
/// through the same lanes, so that a result does not depend on its place.
#[inline(always)]
pub(crate) fn fill<S: Simd, const N: usize>(simd: S, out: [&mut [f64]; N], mut f: impl FnMut(usize) -> [Lanes<S>; N]) {
    let mut places = out.map(S::as_mut_simd_f64s);
    let count = places.iter().map(|(vectors, rest)| vectors.len() + usize::from(!rest.is_empty())).max().unwrap_or(0);
    for index in 0..count {
        let values = f(index);
        for ((vectors, rest), value) in places.iter_mut().zip(values) {
            match vectors.get_mut(index) {
                Some(place) => *place = value.value,
                None => simd.partial_store_f64s(rest, value.value),
            }
        }
    }
}
