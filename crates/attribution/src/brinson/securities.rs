use ndarray::{Array2, ArrayView2, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use super::grouping::return_of;
use super::linking::compound;
use super::sectors::{self, benchmark_sum, portfolio_sum};
use super::{BrinsonModel, EmptyGroups, Grouping, LinkedEffects, Linking, SectorData};
use crate::{Result, check};

/// Weights and returns of securities by period, and the group of each.
///
/// Row-major matrices are read where they are; others are copied once.
#[derive(Debug, Clone)]
pub struct BrinsonInput<'a> {
    portfolio_weights: CowArray<'a, f64, Ix2>,
    benchmark_weights: CowArray<'a, f64, Ix2>,
    returns: CowArray<'a, f64, Ix2>,
    grouping: &'a Grouping,
}

/// From securities to linked effects by group, in one pass over the securities.
///
/// | setting    | default            | meaning                                        |
/// |------------|--------------------|------------------------------------------------|
/// | `model`    | Brinson-Fachler, interaction separate | the effects of a period     |
/// | `linking`  | `Carino`           | how periods add up                             |
/// | `empty`    | the other side's   | returns of groups that one side does not hold  |
///
/// ```
/// use alluse_attribution::brinson::{BrinsonInput, Grouping, SecurityAttribution};
/// use ndarray::array;
///
/// let grouping = Grouping::from_labels(&["tech", "tech", "energy"])?;
/// let (w, v) = (array![[0.5, 0.2, 0.3]], array![[0.3, 0.3, 0.4]]);
/// let returns = array![[0.10, -0.05, 0.02]];
/// let input = BrinsonInput::new(w.view(), v.view(), returns.view(), &grouping)?;
/// let linked = SecurityAttribution::default().linked(&input)?;
/// assert!((linked.active_return - (0.046 - 0.023)).abs() < 1e-15);
/// assert!(linked.residual().abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecurityAttribution {
    /// The effects of a period.
    pub model: BrinsonModel,
    /// How periods add up.
    pub linking: Linking,
    /// Returns of groups that one side does not hold.
    pub empty: EmptyGroups,
}

/// Groups by period: `w, W, r, b`, row by row, and the total returns.
struct Grouped {
    cells: Vec<[f64; 4]>,
    portfolio: Vec<f64>,
    benchmark: Vec<f64>,
}

impl<'a> BrinsonInput<'a> {
    /// Three `(T, n)` matrices: rows are periods, columns securities. A security has one return, whoever holds it.
    ///
    /// The entries are checked when they are read.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no periods or securities and for shapes that differ.
    pub fn new(
        portfolio_weights: ArrayView2<'a, f64>,
        benchmark_weights: ArrayView2<'a, f64>,
        returns: ArrayView2<'a, f64>,
        grouping: &'a Grouping,
    ) -> Result<Self> {
        if portfolio_weights.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "portfolio weights" }.into());
        }
        check::length("securities of the grouping", portfolio_weights.ncols(), grouping.securities())?;
        for (name, matrix) in [("benchmark weights", benchmark_weights), ("returns", returns)] {
            check::length(name, portfolio_weights.nrows(), matrix.nrows())?;
            check::length(name, portfolio_weights.ncols(), matrix.ncols())?;
        }
        let [portfolio_weights, benchmark_weights, returns] =
            [portfolio_weights, benchmark_weights, returns].map(row_major);
        Ok(Self { portfolio_weights, benchmark_weights, returns, grouping })
    }

    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.returns.nrows()
    }

    /// Number of securities.
    #[must_use]
    pub fn securities(&self) -> usize {
        self.returns.ncols()
    }

    /// Weights of portfolio and benchmark, and returns.
    pub(super) fn matrices(&self) -> [ArrayView2<'_, f64>; 3] {
        [self.portfolio_weights.view(), self.benchmark_weights.view(), self.returns.view()]
    }

    /// Sums the securities up by group.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) for an entry that is not finite (with its place), and for weights of a
    ///   period that do not sum to 1 (with the period and the sum).
    /// - [`Error::Undefined`](crate::Error::Undefined) for a group whose long and short weights cancel: it has no
    ///   return.
    pub fn sectors(&self, empty: EmptyGroups) -> Result<SectorData> {
        let grouped = self.grouped(empty)?;
        let shape = (self.periods(), self.grouping.labels().len());
        let matrix = |field: usize| Array2::from_shape_fn(shape, |(t, s)| grouped.cells[t * shape.1 + s][field]);
        SectorData::checked([0, 1, 2, 3].map(matrix))?.with_labels(self.grouping.labels().to_vec())
    }

    fn grouped(&self, empty: EmptyGroups) -> Result<Grouped> {
        let (periods, groups) = (self.periods(), self.grouping.labels().len());
        let mut cells = Vec::with_capacity(periods * groups);
        let (mut portfolio, mut benchmark) = (Vec::with_capacity(periods), Vec::with_capacity(periods));
        let (mut lanes, mut sums): (Vec<Lanes>, _) = (vec![[[0.0; 4]; 4]; groups], vec![[0.0; 4]; groups]);
        let n = self.securities();
        let rows = [&self.portfolio_weights, &self.benchmark_weights, &self.returns]
            .map(|matrix| matrix.as_slice().unwrap_or_default().chunks_exact(n));
        let [weights, benchmark_weights, returns] = rows;
        for (t, ((w, v), r)) in weights.zip(benchmark_weights).zip(returns).enumerate() {
            lanes.fill([[0.0; 4]; 4]);
            accumulate(w, v, r, self.grouping.groups(), &mut lanes);
            let mut totals = [0.0; 4];
            for (sum, [a, b, c, d]) in sums.iter_mut().zip(&lanes) {
                for k in 0..4 {
                    sum[k] = (a[k] + b[k]) + (c[k] + d[k]);
                    totals[k] += sum[k];
                }
            }
            if !totals.iter().all(|total| total.is_finite()) {
                return Err(self.not_finite());
            }
            portfolio_sum(t, totals[0])?;
            benchmark_sum(t, totals[1])?;
            for (s, &[weight, benchmark_weight, earned, benchmark_earned]) in sums.iter().enumerate() {
                let place =
                    |side: &str| format!("{side} weights of group {:?} in period {t}", self.grouping.labels()[s]);
                let held = [
                    return_of([weight, earned], || self.grouping.gross(s, w), || place("portfolio"))?,
                    return_of(
                        [benchmark_weight, benchmark_earned],
                        || self.grouping.gross(s, v),
                        || place("benchmark"),
                    )?,
                ];
                let [r, b] = empty.returns(held, totals[3]);
                cells.push([weight, benchmark_weight, r, b]);
            }
            portfolio.push(totals[2]);
            benchmark.push(totals[3]);
        }
        Ok(Grouped { cells, portfolio, benchmark })
    }

    /// Which entry made a sum that is not finite.
    pub(super) fn not_finite(&self) -> crate::Error {
        let [w, v, r] = self.matrices();
        let named = [("portfolio weights", w), ("benchmark weights", v), ("returns", r)];
        match sectors::matrices(&named) {
            Err(error) => error,
            Ok(()) => alluse_risk_core::Error::Overflow { name: "return of a group" }.into(),
        }
    }
}

impl SecurityAttribution {
    /// With these effects.
    #[must_use]
    pub fn with_model(mut self, model: BrinsonModel) -> Self {
        self.model = model;
        self
    }

    /// With this linking.
    #[must_use]
    pub fn with_linking(mut self, linking: Linking) -> Self {
        self.linking = linking;
        self
    }

    /// With these returns where one side holds nothing.
    #[must_use]
    pub fn with_empty_groups(mut self, empty: EmptyGroups) -> Self {
        self.empty = empty;
        self
    }

    /// Effects by group, added up over the periods to the active return of the whole span.
    ///
    /// # Errors
    /// Those of [`BrinsonInput::sectors`] and of [`Linking::coefficients`].
    pub fn linked(self, input: &BrinsonInput<'_>) -> Result<LinkedEffects> {
        let Grouped { cells, portfolio, benchmark } = input.grouped(self.empty)?;
        let coefficients = self.linking.coefficients(portfolio.as_slice().into(), benchmark.as_slice().into())?;
        let groups = input.grouping.labels().len();
        let mut linked = vec![[0.0; 3]; groups];
        for ((row, coefficient), total) in cells.chunks_exact(groups).zip(&coefficients).zip(&benchmark) {
            for (linked, &[w, v, r, b]) in linked.iter_mut().zip(row) {
                for (sum, effect) in linked.iter_mut().zip(self.model.split([w, v], [r, b], *total)) {
                    *sum += coefficient * effect;
                }
            }
        }
        for effects in &linked {
            check::finite("linked effects", effects.as_slice().into())?;
        }
        let (portfolio_return, benchmark_return) = (compound(&portfolio), compound(&benchmark));
        Ok(LinkedEffects {
            labels: input.grouping.labels().to_vec(),
            model: self.model,
            linking: self.linking,
            periods: coefficients.len(),
            portfolio_return,
            benchmark_return,
            active_return: portfolio_return - benchmark_return,
            allocation: linked.iter().map(|effects| effects[0]).collect(),
            selection: linked.iter().map(|effects| effects[1]).collect(),
            interaction: self.model.separates().then(|| linked.iter().map(|effects| effects[2]).collect()),
            coefficients,
        })
    }
}

fn row_major(matrix: ArrayView2<'_, f64>) -> CowArray<'_, f64, Ix2> {
    if matrix.is_standard_layout() {
        return matrix.into();
    }
    Array2::from_shape_fn(matrix.dim(), |place| matrix[place]).into()
}

/// Sums of one group over the securities at positions 0, 4, 8 …, 1, 5, 9 … and so on: neighbours of one group do not
/// wait for each other.
type Lanes = [[f64; 4]; 4];

/// Adds `w, W, w r, W r` of each security to its group.
fn accumulate(w: &[f64], v: &[f64], r: &[f64], groups: &[u32], sums: &mut [Lanes]) {
    let mut add = |lane: usize, group: u32, w: f64, v: f64, r: f64| {
        let sum = &mut sums[group as usize][lane];
        sum[0] += w;
        sum[1] += v;
        sum[2] += w * r;
        sum[3] += v * r;
    };
    let (blocks, [w_rest, v_rest, r_rest]) = (w.len() / 4 * 4, [w, v, r].map(|row| &row[row.len() / 4 * 4..]));
    let fours = w.chunks_exact(4).zip(v.chunks_exact(4)).zip(r.chunks_exact(4)).zip(groups.chunks_exact(4));
    for (((w, v), r), group) in fours {
        add(0, group[0], w[0], v[0], r[0]);
        add(1, group[1], w[1], v[1], r[1]);
        add(2, group[2], w[2], v[2], r[2]);
        add(3, group[3], w[3], v[3], r[3]);
    }
    for (lane, &group) in groups[blocks..].iter().enumerate() {
        add(lane, group, w_rest[lane], v_rest[lane], r_rest[lane]);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Error;

    fn refuse(w: Array2<f64>, r: Array2<f64>) -> Error {
        let grouping = Grouping::from_labels(&["a", "b", "b"]).unwrap();
        let v = array![[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]];
        match BrinsonInput::new(w.view(), v.view(), r.view(), &grouping) {
            Err(error) => error,
            Ok(input) => SecurityAttribution::default().linked(&input).unwrap_err(),
        }
    }

    #[test]
    fn hostile_securities_are_named() {
        let good = array![[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]];
        let returns = array![[0.0, 0.1, 0.1], [0.1, 0.0, 0.2]];
        let with = |matrix: &Array2<f64>, place: [usize; 2], value: f64| {
            let mut matrix = matrix.clone();
            matrix[place] = value;
            matrix
        };
        let text = |w: Array2<f64>, r: Array2<f64>| refuse(w, r).to_string();
        assert_eq!(
            text(with(&good, [1, 2], f64::NAN), returns.clone()),
            "portfolio weights[1, 2] must be finite, got NaN"
        );
        assert_eq!(text(good.clone(), with(&returns, [0, 1], f64::INFINITY)), "returns[0, 1] must be finite, got inf");
        assert!(
            text(with(&good, [1, 2], 0.4), returns.clone()).starts_with("sum of the portfolio weights by period[1]")
        );
        assert_eq!(text(good.clone(), array![[0.1, 0.1, 0.1]]), "returns must have length 2, got 1");
        assert_eq!(text(array![[1.0]], array![[0.1]]), "securities of the grouping must have length 1, got 3");
        assert_eq!(text(Array2::zeros((0, 3)), returns.clone()), "portfolio weights is empty");
        assert!(text(array![[1.0, 0.4, -0.4], [0.2, 0.3, 0.5]], returns.clone()).contains("group \"b\" in period 0"));
        // Overflow of finite entries.
        let huge = array![[1e308, 1e308, 0.1], [0.1, 0.0, 0.2]];
        assert!(text(array![[9.0, -9.0, 1.0], [0.2, 0.3, 0.5]], huge).contains("overflows"));
        // A total loss has no logarithm.
        assert!(text(good, array![[-1.1, -1.1, -1.1], [0.0, 0.0, 0.0]]).contains("GRAP"));
    }

    #[test]
    fn column_major_input_gives_the_same_numbers() {
        let grouping = Grouping::from_labels(&["a", "b", "b"]).unwrap();
        let w = array![[0.2, 0.3, 0.5], [0.1, 0.4, 0.5]];
        let r = array![[0.0, 0.1, 0.2], [0.1, -0.1, 0.3]];
        let turned = w.t().as_standard_layout().to_owned();
        let v = array![[0.4, 0.1, 0.5], [0.3, 0.2, 0.5]];
        let plain = BrinsonInput::new(w.view(), v.view(), r.view(), &grouping).unwrap();
        let other = BrinsonInput::new(turned.t(), v.view(), r.view(), &grouping).unwrap();
        let attribution = SecurityAttribution::default();
        assert_eq!(attribution.linked(&plain).unwrap(), attribution.linked(&other).unwrap());
    }
}
