//! Direction numbers: how index bits become digits of a coordinate.

/// Joe and Kuo's numbers, packed as the script beside the file says.
static TABLE: &[u8] = include_bytes!("joe_kuo_d6.bin");

/// Dimensions in the table.
pub(super) const DIMENSIONS: usize = 4_096;

/// Digits of an index, and of an unscrambled coordinate.
pub(super) const BITS: usize = 32;

/// One column of the generator matrix a bit of the index, the first digit on top.
pub(super) type Columns = [u32; BITS];

/// The columns of the first `dimensions` coordinates, of which the table holds enough.
pub(super) fn columns(dimensions: usize) -> Vec<Columns> {
    // The first coordinate is the van der Corput sequence: the identity.
    let first: Columns = std::array::from_fn(|k| 1 << (BITS - 1 - k));
    let mut rest = TABLE;
    let others = (1..dimensions).map_while(|_| {
        let (columns, after) = record(rest)?;
        rest = after;
        Some(columns)
    });
    std::iter::once(first).chain(others).take(dimensions).collect()
}

/// Reads one record and what follows it.
fn record(bytes: &[u8]) -> Option<(Columns, &[u8])> {
    let ([low, middle, high], body) = bytes.split_first_chunk::<3>()?;
    let polynomial = u32::from_le_bytes([*low, *middle, *high, 0]);
    let degree = polynomial.checked_ilog2()? as usize;
    let (packed, rest) = body.split_at_checked((degree * (degree - 1) / 2).div_ceil(8))?;
    let mut bits = packed.iter().rev().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut columns: Columns = [0; BITS];
    for (k, column) in columns.iter_mut().enumerate().take(degree) {
        let upper = (bits & ((1 << k) - 1)) as u32;
        bits >>= k;
        *column = (upper << 1 | 1) << (BITS - 1 - k);
    }
    for k in degree..BITS {
        columns[k] = recurrence(&columns, k, polynomial, degree);
    }
    Some((columns, rest))
}

/// `v_k = v_{k−s} ⊕ v_{k−s}/2^s ⊕ Σ a_j v_{k−j}`, `a_j` the inner coefficients of the polynomial.
fn recurrence(columns: &Columns, k: usize, polynomial: u32, degree: usize) -> u32 {
    let oldest = columns[k - degree];
    (1..degree)
        .filter(|j| polynomial >> (degree - j) & 1 == 1)
        .fold(oldest ^ oldest >> degree, |column, j| column ^ columns[k - j])
}
