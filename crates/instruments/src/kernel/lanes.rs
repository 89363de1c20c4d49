//! A block of `f64` lanes with operators, so that formulas read like formulas.
//!
//! A block is two registers wide. The formulas are long chains of dependent operations; two of them side by side
//! keep both multipliers of the processor busy and share the loads of the constants.
//!
//! NaN passes through every operation here, [`Lanes::clamp_above`] and [`Mask::select`] included, on every
//! instruction set. The `min` and `max` of the hardware do not promise that and are not used.

use std::ops::{Add, Div, Mul, Neg, Sub};

use pulp::{Simd, bytemuck};

/// Two registers of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<S: Simd> {
    simd: S,
    value: [S::f64s; 2],
}

/// One truth value per lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask<S: Simd> {
    simd: S,
    value: [S::m64s; 2],
}

/// The bit patterns of the lanes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits<S: Simd> {
    simd: S,
    value: [S::u64s; 2],
}

/// The sign bit.
const SIGN: u64 = 1 << 63;

/// Applies a `pulp` operation to both registers.
///
/// Only operations that `pulp` forces inline for the wide registers are used: its provided methods, such as
/// `abs_f64s`, `neg_f64s` and `select_f64s`, may stay calls at lower optimisation levels, at many times the cost.
macro_rules! both {
    ($simd:expr, $method:ident, $a:expr) => {
        [$simd.$method($a[0]), $simd.$method($a[1])]
    };
    ($simd:expr, $method:ident, $a:expr, $b:expr) => {
        [$simd.$method($a[0], $b[0]), $simd.$method($a[1], $b[1])]
    };
    ($simd:expr, $method:ident, $a:expr, $b:expr, $c:expr) => {
        [$simd.$method($a[0], $b[0], $c[0]), $simd.$method($a[1], $b[1], $c[1])]
    };
}

impl<S: Simd> Mask<S> {
    /// `yes` where true, `no` elsewhere.
    #[inline(always)]
    pub(crate) fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Bits { simd: self.simd, value: both!(self.simd, select_u64s, self.value, yes.bits().value, no.bits().value) }
            .number()
    }
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn new(simd: S, value: [S::f64s; 2]) -> Self {
        Self { simd, value }
    }

    #[inline(always)]
    pub(crate) fn splat(simd: S, value: f64) -> Self {
        Self::new(simd, [simd.splat_f64s(value); 2])
    }

    /// Fewer numbers than a block, padded with zeros.
    #[inline(always)]
    fn padded(simd: S, values: &[f64]) -> Self {
        let (first, second) = values.split_at(values.len().min(S::F64_LANES));
        Self::new(simd, [simd.partial_load_f64s(first), simd.partial_load_f64s(second)])
    }

    /// The first lanes into a slice shorter than a block.
    #[inline(always)]
    fn store_part(self, out: &mut [f64]) {
        let (first, second) = out.split_at_mut(out.len().min(S::F64_LANES));
        self.simd.partial_store_f64s(first, self.value[0]);
        self.simd.partial_store_f64s(second, self.value[1]);
    }

    /// The same constant in every lane of a block like this one.
    #[inline(always)]
    pub(crate) fn constant(self, value: f64) -> Self {
        Self::splat(self.simd, value)
    }

    /// `self · factor + term`, in one rounding where the hardware has it.
    #[inline(always)]
    pub(crate) fn times_plus(self, factor: Self, term: Self) -> Self {
        Self::new(self.simd, both!(self.simd, mul_add_e_f64s, self.value, factor.value, term.value))
    }

    /// `term − self · factor`, in one rounding where the hardware has it.
    #[inline(always)]
    pub(crate) fn times_from(self, factor: Self, term: Self) -> Self {
        Self::new(self.simd, both!(self.simd, negate_mul_add_e_f64s, self.value, factor.value, term.value))
    }

    /// What rounding took from the product `self · self = square`; exact on every instruction set.
    #[inline(always)]
    pub(crate) fn square_error(self, square: Self) -> Self {
        Self::new(self.simd, both!(self.simd, mul_add_f64s, self.value, self.value, (-square).value))
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self::new(self.simd, both!(self.simd, sqrt_f64s, self.value))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        self.bits().and(!SIGN).number()
    }

    /// This number with the sign of `sign` multiplied in.
    #[inline(always)]
    pub(crate) fn times_sign(self, sign: Self) -> Self {
        self.bits().xor(sign.bits().and(SIGN)).number()
    }

    /// 1 where the sign bit is clear, 0 where it is set: decides on ±0 as [`Lanes::times_sign`] does.
    #[inline(always)]
    pub(crate) fn is_positive(self) -> Self {
        self.constant(0.5).times_sign(self) + 0.5
    }

    #[inline(always)]
    pub(crate) fn less_than(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: both!(self.simd, less_than_f64s, self.value, other.value) }
    }

    #[inline(always)]
    pub(crate) fn at_least(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: both!(self.simd, greater_than_or_equal_f64s, self.value, other.value) }
    }

    #[inline(always)]
    pub(crate) fn greater_than(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, value: both!(self.simd, greater_than_f64s, self.value, other.value) }
    }

    /// No more than `limit`; NaN stays NaN.
    #[inline(always)]
    pub(crate) fn clamp_above(self, limit: f64) -> Self {
        let limit = self.constant(limit);
        self.greater_than(limit).select(limit, self)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> Bits<S> {
        Bits { simd: self.simd, value: both!(self.simd, transmute_u64s_f64s, self.value) }
    }
}

impl<S: Simd> Bits<S> {
    #[inline(always)]
    fn splat(self, value: u64) -> [S::u64s; 2] {
        [self.simd.splat_u64s(value); 2]
    }

    #[inline(always)]
    pub(crate) fn number(self) -> Lanes<S> {
        Lanes::new(self.simd, both!(self.simd, transmute_f64s_u64s, self.value))
    }

    /// Wrapping sum with a constant.
    #[inline(always)]
    pub(crate) fn plus(self, value: u64) -> Self {
        Self { simd: self.simd, value: both!(self.simd, add_u64s, self.value, self.splat(value)) }
    }

    /// Wrapping difference.
    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self { simd: self.simd, value: both!(self.simd, sub_u64s, self.value, other.value) }
    }

    #[inline(always)]
    pub(crate) fn and(self, mask: u64) -> Self {
        Self { simd: self.simd, value: both!(self.simd, and_u64s, self.value, self.splat(mask)) }
    }

    #[inline(always)]
    pub(crate) fn or(self, mask: u64) -> Self {
        Self { simd: self.simd, value: both!(self.simd, or_u64s, self.value, self.splat(mask)) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self { simd: self.simd, value: both!(self.simd, xor_u64s, self.value, other.value) }
    }

    /// The upper 32 bits of each pattern shifted right by 20, in their place; the lower bits are undefined.
    #[inline(always)]
    pub(crate) fn upper_right(self) -> Self {
        Self { simd: self.simd, value: [upper_right(self.simd, self.value[0]), upper_right(self.simd, self.value[1])] }
    }

    /// The upper 32 bits of each pattern shifted left by 20, in their place; the lower bits must be 0.
    #[inline(always)]
    pub(crate) fn upper_left(self) -> Self {
        Self { simd: self.simd, value: [upper_left(self.simd, self.value[0]), upper_left(self.simd, self.value[1])] }
    }
}

#[inline(always)]
fn upper_right<S: Simd>(simd: S, bits: S::u64s) -> S::u64s {
    if S::IS_SCALAR {
        let bits: u64 = bytemuck::cast(bits);
        bytemuck::cast(bits >> 20)
    } else {
        let halves: S::u32s = bytemuck::cast(bits);
        bytemuck::cast(simd.wrapping_dyn_shr_u32s(halves, simd.splat_u32s(20)))
    }
}

#[inline(always)]
fn upper_left<S: Simd>(simd: S, bits: S::u64s) -> S::u64s {
    if S::IS_SCALAR {
        let bits: u64 = bytemuck::cast(bits);
        bytemuck::cast(bits << 20)
    } else {
        let halves: S::u32s = bytemuck::cast(bits);
        bytemuck::cast(simd.wrapping_dyn_shl_u32s(halves, simd.splat_u32s(20)))
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $simd:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self::new(self.simd, both!(self.simd, $simd, self.value, other.value))
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
        self.times_sign(self.constant(-1.0))
    }
}

/// Where a kernel reads one of its arguments: block by block, then the padded rest.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a, S: Simd> {
    Constant(Lanes<S>),
    Each { blocks: &'a [[S::f64s; 2]], rest: Lanes<S> },
}

/// How many of `length` numbers fill whole blocks.
#[inline(always)]
fn whole<S: Simd>(length: usize) -> usize {
    length - length % (2 * S::F64_LANES)
}

impl<'a, S: Simd> Source<'a, S> {
    #[inline(always)]
    pub(crate) fn each(simd: S, values: &'a [f64]) -> Self {
        let (blocks, rest) = values.split_at(whole::<S>(values.len()));
        let (blocks, _) = pulp::as_arrays(S::as_simd_f64s(blocks).0);
        Self::Each { blocks, rest: Lanes::padded(simd, rest) }
    }

    /// The block at `index`; the index after the last whole block is the rest, padded with zeros.
    #[inline(always)]
    pub(crate) fn at(&self, index: usize) -> Lanes<S> {
        match self {
            Self::Constant(value) => *value,
            Self::Each { blocks, rest } => match blocks.get(index) {
                Some(value) => Lanes::new(rest.simd, *value),
                None => *rest,
            },
        }
    }
}

/// A computation of N results for one block of elements.
///
/// A trait and not a closure: only a function can be made to inline, and one that does not inline would run
/// without the vector instructions around it.
pub(crate) trait Rows<S: Simd, const N: usize> {
    fn row(&self, index: usize) -> [Lanes<S>; N];
}

/// Writes the N results for every block into the N slices, all of one length. The rest goes through the same
/// lanes, so that a result does not depend on its place.
#[inline(always)]
pub(crate) fn fill<S: Simd, const N: usize>(out: [&mut [f64]; N], rows: &impl Rows<S, N>) {
    let mut places = out.map(|slice| {
        let length = whole::<S>(slice.len());
        let (blocks, rest) = slice.split_at_mut(length);
        (pulp::as_arrays_mut::<2, _>(S::as_mut_simd_f64s(blocks).0).0, rest)
    });
    let count = places.iter().map(|(blocks, rest)| blocks.len() + usize::from(!rest.is_empty())).max().unwrap_or(0);
    for index in 0..count {
        let results = rows.row(index);
        for ((blocks, rest), result) in places.iter_mut().zip(results) {
            match blocks.get_mut(index) {
                Some(place) => *place = result.value,
                None => result.store_part(rest),
            }
        }
    }
}
