use alluse_risk_core::{AssetId, Covariance, History};
use jiff::civil::Date;
use ndarray::{Array2, ArrayView2, Axis};

use crate::Result;

/// The sample covariance of a window that moves, updated by the rows that enter and leave it.
///
/// ```text
/// S = Σ (r − c)(r − c)'   s = Σ (r − c)   Σ = (S − s s'/n)/(n − ddof)      c the column means at the last re-sum
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `ddof` | 1 | taken from the number of rows in the divisor |
/// | `resum_rows` | 2,520 | rows that may enter before all sums are taken anew |
///
/// An update costs as much per row that moves as a covariance costs per row of its window. Sums are taken anew as well
/// when more rows move than stay, and when the history is not the last one moved on: other assets, other dates, or
/// another number in a row that both have. So an answer depends on the last history, and on those before only by
/// rounding: by at most [`error_bound`](Self::error_bound). Two runs over the same histories agree bit for bit.
///
/// ```
/// use alluse_optimizer::walk_forward::RollingCovariance;
/// use alluse_risk_core::{AssetId, HistorySplitter, covariance::SampleCovariance, panel::ReturnPanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let panel = ReturnPanel::new(
///     (1..=5).map(|day| date(2024, 1, day)).collect(),
///     vec![AssetId::new("A")?, AssetId::new("B")?],
///     array![[0.01, 0.02], [0.03, 0.00], [-0.02, 0.01], [0.00, -0.01], [0.02, 0.01]],
/// )?;
/// let splitter = HistorySplitter::new(&panel, array![0.0, 0.0])?;
/// let mut rolling = RollingCovariance::new(1);
/// rolling.update(splitter.ending(4, 4)?)?;
/// let moved = splitter.ending(5, 4)?;
/// let covariance = rolling.update(moved)?;
/// let anew = SampleCovariance::new(1).covariance(moved.returns())?;
/// assert!((&covariance.view() - &anew.view()).iter().all(|difference| difference.abs() < 1e-18));
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RollingCovariance {
    ddof: usize,
    resum_rows: usize,
    window: Option<Window>,
}

/// The last history and its sums.
#[derive(Debug, Clone, PartialEq)]
struct Window {
    assets: Vec<AssetId>,
    dates: Vec<Date>,
    /// Row after row.
    rows: Vec<f64>,
    shift: Vec<f64>,
    sums: Vec<f64>,
    /// Upper triangle, row after row.
    products: Vec<f64>,
    /// Rows that entered since the sums were taken.
    entered: usize,
    /// Rows added and taken out since and including then.
    operations: usize,
    /// Largest `|r − c|` that went into the sums.
    largest: f64,
}

impl RollingCovariance {
    /// With the divisor `n − ddof`.
    #[must_use]
    pub fn new(ddof: usize) -> Self {
        Self { ddof, resum_rows: 2_520, window: None }
    }

    /// With another number of rows that may enter before all sums are taken anew; 0 takes them anew each time.
    #[must_use]
    pub fn with_resum_rows(mut self, rows: usize) -> Self {
        self.resum_rows = rows;
        self
    }

    /// The covariance of a history.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for fewer than two rows or not more than `ddof`, and for numbers too large
    /// to add up.
    pub fn update(&mut self, history: History<'_>) -> Result<Covariance> {
        let (n, required) = (history.dates().len(), self.ddof.saturating_add(1).max(2));
        if n < required {
            let name = "rolling covariance";
            return Err(alluse_risk_core::Error::InsufficientData { name, required, available: n }.into());
        }
        // What was there is taken out, so that a failure leaves nothing half done.
        let mut window = match self.window.take().and_then(|window| window.moved(history, self.resum_rows)) {
            Some(window) => window,
            None => Window::summed(history),
        };
        window.keep(history);
        let covariance = window.covariance(n, self.ddof)?;
        self.window = Some(window);
        Ok(covariance)
    }

    /// How far an entry of the last covariance can be from that of sums taken anew in exact arithmetic; `None` before
    /// the first update.
    ///
    /// ```text
    /// ε m (3n + 10) L²/(n − ddof)      m rows added or taken out since the last re-sum, L the largest |r − c| among them
    /// ```
    #[must_use]
    pub fn error_bound(&self) -> Option<f64> {
        let window = self.window.as_ref()?;
        let (n, m) = (window.dates.len() as f64, window.operations as f64);
        let scale = window.largest * window.largest / (n - self.ddof as f64);
        Some(f64::EPSILON * m * (3.0 * n + 10.0) * scale)
    }
}

impl Window {
    fn summed(history: History<'_>) -> Self {
        let returns = history.returns();
        let (n, k) = returns.dim();
        let mut shift = vec![0.0; k];
        for row in returns.axis_iter(Axis(0)) {
            shift.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        shift.iter_mut().for_each(|sum| *sum /= n as f64);
        let (sums, products) = (vec![0.0; k], vec![0.0; k * (k + 1) / 2]);
        let (assets, dates) = (history.assets().to_vec(), Vec::new());
        let mut window =
            Self { assets, dates, rows: vec![], shift, sums, products, entered: 0, operations: 0, largest: 0.0 };
        window.add(returns, 1.0);
        window
    }

    /// The same sums moved on to a history; `None` when they have to be taken anew.
    fn moved(mut self, history: History<'_>, resum_rows: usize) -> Option<Self> {
        let k = self.assets.len();
        let leaving = self.dates.binary_search(history.dates().first()?).ok()?;
        let staying = self.dates.len() - leaving;
        let entering = history.dates().len().checked_sub(staying)?;
        let (stayed, entered) = history.returns().split_at(Axis(0), staying);
        let same = self.assets == history.assets()
            && self.dates[leaving..] == history.dates()[..staying]
            && same_numbers(self.rows.split_at(leaving * k).1, stayed);
        if !same || leaving + entering > staying || self.entered + entering > resum_rows {
            return None;
        }
        self.add(entered, 1.0);
        let rows = std::mem::take(&mut self.rows);
        let left = ArrayView2::from_shape((leaving, k), rows.split_at(leaving * k).0).ok()?;
        self.add(left, -1.0);
        self.entered += entering;
        Some(self)
    }

    fn add(&mut self, rows: ArrayView2<'_, f64>, sign: f64) {
        let mut deviations = vec![0.0; self.shift.len()];
        for row in rows.axis_iter(Axis(0)) {
            for ((deviation, value), shift) in deviations.iter_mut().zip(row).zip(&self.shift) {
                *deviation = value - shift;
                self.largest = self.largest.max(deviation.abs());
            }
            let mut rest = self.products.as_mut_slice();
            for (i, (sum, deviation)) in self.sums.iter_mut().zip(&deviations).enumerate() {
                let signed = sign * deviation;
                *sum += signed;
                let later = &deviations[i..];
                let (own, after) = rest.split_at_mut(later.len());
                own.iter_mut().zip(later).for_each(|(product, other)| *product += signed * other);
                rest = after;
            }
        }
        self.operations += rows.nrows();
    }

    /// Remembers the rows behind the sums.
    fn keep(&mut self, history: History<'_>) {
        self.dates.clear();
        self.dates.extend_from_slice(history.dates());
        self.rows.clear();
        match history.returns().to_slice() {
            Some(rows) => self.rows.extend_from_slice(rows),
            None => self.rows.extend(history.returns().iter()),
        }
    }

    fn covariance(&self, n: usize, ddof: usize) -> Result<Covariance> {
        let k = self.sums.len();
        let mut matrix = Array2::zeros((k, k));
        let mut products = self.products.iter();
        for i in 0..k {
            for (j, product) in (i..k).zip(products.by_ref()) {
                let centred = product - self.sums[i] * self.sums[j] / n as f64;
                // A constant asset leaves rounding, which may be below zero.
                let centred = if i == j { centred.max(0.0) } else { centred };
                matrix[[i, j]] = centred / (n - ddof) as f64;
                matrix[[j, i]] = matrix[[i, j]];
            }
        }
        Ok(Covariance::new(matrix)?.with_assets(self.assets.clone())?)
    }
}

/// Whether a matrix holds these numbers, row after row; by slices, which compares many at a time.
fn same_numbers(rows: &[f64], matrix: ArrayView2<'_, f64>) -> bool {
    match matrix.to_slice() {
        Some(numbers) => rows
            .iter()
            .zip(numbers)
            .fold(rows.len() == numbers.len(), |same, (a, b)| same & (a.to_bits() == b.to_bits())),
        None => rows.len() == matrix.len() && rows.iter().zip(matrix).all(|(a, b)| a.to_bits() == b.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::covariance::SampleCovariance;
    use alluse_risk_core::{ErrorKind, HistorySplitter};
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::super::tests::{panel_of, random_panel};
    use super::*;

    fn distance(a: &Covariance, b: &Covariance) -> f64 {
        (&a.view() - &b.view()).iter().fold(0.0, |most, d| d.abs().max(most))
    }

    #[test]
    fn five_thousand_days_stay_within_the_bound() {
        let panel = random_panel(5, 5_000, 6);
        let splitter = HistorySplitter::new(&panel, Array1::zeros(6)).unwrap();
        // Never summed anew, and as usual.
        for resum in [usize::MAX, 2_520] {
            let mut rolling = RollingCovariance::new(1).with_resum_rows(resum);
            for end in (252..5_000).step_by(21) {
                let history = splitter.ending(end, 252).unwrap();
                let got = rolling.update(history).unwrap();
                let anew = SampleCovariance::new(1).covariance(history.returns()).unwrap();
                let bound = rolling.error_bound().unwrap();
                assert!(distance(&got, &anew) <= bound && bound < 1e-10, "{end}: {bound:e}");
            }
        }
    }

    /// 383 windows of 252 days and 20 assets, updated and from scratch: printed, not asserted.
    #[test]
    #[ignore = "a measurement"]
    fn updates_against_sums_from_scratch() {
        let panel = random_panel(8, 8_313, 20);
        let splitter = HistorySplitter::new(&panel, Array1::zeros(20)).unwrap();
        let run = |mut of: Box<dyn FnMut(History<'_>) -> Covariance>| {
            let start = std::time::Instant::now();
            for _ in 0..10 {
                for end in (252..8_313).step_by(21) {
                    assert_eq!(of(splitter.ending(end, 252).unwrap()).len(), 20);
                }
            }
            start.elapsed() / 10
        };
        let mut rolling = RollingCovariance::new(1);
        let updated = run(Box::new(move |history| rolling.update(history).unwrap()));
        let anew = run(Box::new(|history| SampleCovariance::new(1).covariance(history.returns()).unwrap()));
        eprintln!("{updated:?} updated, {anew:?} anew");
    }

    #[test]
    fn another_panel_or_a_jump_starts_anew() {
        let (one, two) = (random_panel(6, 60, 3), random_panel(7, 60, 3));
        let of = |panel, end| {
            HistorySplitter::new(panel, Array1::zeros(3)).unwrap().ending(end, 20).map(|h| h.returns().to_owned())
        };
        let mut rolling = RollingCovariance::new(1);
        for (panel, end) in [(&one, 20), (&two, 22), (&two, 60), (&two, 25), (&one, 26)] {
            let splitter = HistorySplitter::new(panel, Array1::zeros(3)).unwrap();
            let got = rolling.update(splitter.ending(end, 20).unwrap()).unwrap();
            let anew = SampleCovariance::new(1).covariance(of(panel, end).unwrap().view()).unwrap();
            assert!(distance(&got, &anew) <= rolling.error_bound().unwrap());
        }
    }

    #[test]
    fn hostile_histories() {
        let panel = panel_of(Array2::from_elem((5, 2), 0.1));
        let splitter = HistorySplitter::new(&panel, Array1::zeros(2)).unwrap();
        let mut rolling = RollingCovariance::new(1);
        let error = rolling.update(splitter.ending(1, 1).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InsufficientData);
        assert_eq!(rolling.error_bound(), None);
        // A constant asset has no variance, before and after it moved.
        for end in 3..=5 {
            let got = rolling.update(splitter.ending(end, 3).unwrap()).unwrap();
            assert!(got.variances().iter().all(|v| *v < 1e-30));
        }
        let huge = panel_of(Array2::from_shape_fn((4, 1), |(t, _)| if t == 2 { 1e200 } else { 0.0 }));
        let splitter = HistorySplitter::new(&huge, Array1::zeros(1)).unwrap();
        assert!(rolling.update(splitter.ending(4, 4).unwrap()).is_err());
    }

    proptest! {
        /// Windows that grow, shrink and move by any step.
        #[test]
        fn any_walk_stays_within_the_bound(seed in 0_u64..200, steps in prop::collection::vec((2_usize..30, 0_usize..8), 1..12)) {
            let panel = random_panel(seed, 150, 4);
            let splitter = HistorySplitter::new(&panel, Array1::zeros(4)).unwrap();
            let mut rolling = RollingCovariance::new(0).with_resum_rows(40);
            let mut end = 40;
            for (window, step) in steps {
                end += step;
                let history = splitter.ending(end, window).unwrap();
                let got = rolling.update(history).unwrap();
                let anew = SampleCovariance::new(0).covariance(history.returns()).unwrap();
                prop_assert!(distance(&got, &anew) <= rolling.error_bound().unwrap() + 1e-18);
            }
        }
    }
}
