//! A Cholesky factor in a flat vector, for blocks too small to be worth a library call.

/// `x'y`, in eight running sums that a compiler turns into vector instructions.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let tail: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in xs.zip(ys) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + tail
}

/// `y += a x`.
pub(super) fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// The factor `L` of `A = L L'`, row by row.
#[derive(Debug, Clone)]
pub(super) struct Lower {
    size: usize,
    entries: Vec<f64>,
}

impl Lower {
    /// Factors a symmetric matrix given row by row, of which the lower triangle is read. A pivot counts as positive
    /// when it is above `noise` times its diagonal entry; the first that is not is returned as the error.
    pub(super) fn factor(mut entries: Vec<f64>, size: usize, noise: f64) -> Result<Self, usize> {
        for row in 0..size {
            let (done, rest) = entries.split_at_mut(row * size);
            let current = &mut rest[..size];
            for column in 0..row {
                let above = &done[column * size..column * size + column + 1];
                current[column] = (current[column] - dot(&current[..column], &above[..column])) / above[column];
            }
            let original = current[row];
            let pivot = original - dot(&current[..row], &current[..row]);
            if !(pivot > noise * original.abs()) {
                return Err(row);
            }
            current[row] = pivot.sqrt();
        }
        Ok(Self { size, entries })
    }

    /// `A⁻¹ b`, in place.
    pub(super) fn solve(&self, b: &mut [f64]) {
        for i in 0..self.size {
            let row = self.row(i);
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
        for i in (0..self.size).rev() {
            let row = self.row(i);
            let x = b[i] / row[i];
            b[i] = x;
            add_scaled(&mut b[..i], -x, &row[..i]);
        }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.entries[i * self.size..(i + 1) * self.size]
    }
}
