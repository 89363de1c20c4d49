//! The program in the units of the method.

use ndarray::{Array1, Array2, Axis};

use super::kernel::Kernel;
use super::program::{HingeBlock, HingeProgram, Penalty};
use crate::quadratic::Hessian;
use crate::{Error, Result};

/// Where a row of the program went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowPlace {
    /// Free on both sides.
    Nowhere,
    Equation(usize),
    Inequality(usize),
}

/// What the scaled quantities are multiplied by to be those of the caller.
#[derive(Debug, Clone)]
pub(super) struct Scales {
    pub(super) objective: f64,
    pub(super) variables: Array1<f64>,
    pub(super) blocks: Vec<f64>,
    pub(super) rows: Vec<f64>,
    pub(super) places: Vec<RowPlace>,
    /// The scenarios of each block that have a role, by their number in the block.
    pub(super) kept: Vec<Vec<usize>>,
}

/// The scaled program.
///
/// ```text
/// minimise  ½ x'Px + q'x + Σ capₛ uₛ + ½ Σ giveₛ θₛ²     L x + e + s − u − give θ = 0,   s, u ≥ 0
/// ```
///
/// A hinge has a finite `cap`, a squared hinge `give = 1/c` and no cap, an inequality neither.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) curvature: Option<Array2<f64>>,
    pub(super) linear: Array1<f64>,
    pub(super) lower: Array1<f64>,
    pub(super) upper: Array1<f64>,
    pub(super) kernels: Vec<Kernel>,
    pub(super) offsets: Array1<f64>,
    pub(super) caps: Array1<f64>,
    pub(super) gives: Array1<f64>,
    pub(super) equations: Array2<f64>,
    pub(super) sides: Array1<f64>,
    pub(super) inequalities: Array2<f64>,
    pub(super) range_lower: Array1<f64>,
    pub(super) range_upper: Array1<f64>,
    pub(super) scales: Scales,
}

impl Form {
    pub(super) fn new(program: &HingeProgram<'_>) -> Result<Self> {
        check_charged_rows(program)?;
        let n = program.len();
        let block_scales: Vec<f64> = program.blocks.iter().map(unit).collect();
        let kept: Vec<Vec<usize>> = program.blocks.iter().map(relevant).collect();
        let variables = variable_scales(program, &block_scales);
        let curvature = curvature(program, &variables)?;
        let objective = objective_scale(program, &variables, &block_scales, curvature.as_ref());
        let rows: Vec<f64> = program.rows.outer_iter().map(|row| positive(largest(&(&row * &variables)))).collect();
        let mut form = Self {
            curvature: curvature.map(|p| p / objective),
            linear: &program.linear * &variables / objective,
            lower: &program.lower / &variables,
            upper: &program.upper / &variables,
            kernels: Vec::new(),
            offsets: Array1::zeros(0),
            caps: Array1::zeros(0),
            gives: Array1::zeros(0),
            equations: Array2::zeros((0, n)),
            sides: Array1::zeros(0),
            inequalities: Array2::zeros((0, n)),
            range_lower: Array1::zeros(0),
            range_upper: Array1::zeros(0),
            scales: Scales { objective, variables, blocks: block_scales, rows, places: Vec::new(), kept },
        };
        form.place_rows(program)?;
        form.place_blocks(program);
        Ok(form)
    }

    /// Number of variables.
    pub(super) fn len(&self) -> usize {
        self.linear.len()
    }

    /// Whether the bounds of a variable leave one value.
    pub(super) fn is_fixed(&self, variable: usize) -> bool {
        self.lower[variable] >= self.upper[variable]
    }

    /// `L x`.
    pub(super) fn apply(&self, x: &Array1<f64>) -> Array1<f64> {
        let mut out = Array1::zeros(self.offsets.len());
        self.kernels.iter().for_each(|kernel| kernel.apply(x, &mut out));
        out
    }

    /// `L'y`.
    pub(super) fn apply_transposed(&self, y: &Array1<f64>) -> Array1<f64> {
        let mut out = Array1::zeros(self.len());
        self.kernels.iter().for_each(|kernel| kernel.add_transposed(y, &mut out));
        out
    }

    /// `P x`.
    pub(super) fn curve(&self, x: &Array1<f64>) -> Array1<f64> {
        self.curvature.as_ref().map_or_else(|| Array1::zeros(self.len()), |p| p.dot(x))
    }

    /// Whether a step in the primal variables leaves the dual residual alone and the other way round.
    pub(super) fn is_linear(&self) -> bool {
        self.curvature.is_none() && self.gives.iter().all(|give| *give == 0.0)
    }

    fn place_rows(&mut self, program: &HingeProgram<'_>) -> Result<()> {
        let (mut equations, mut inequalities) = (Vec::new(), Vec::new());
        for (i, (low, high)) in program.row_lower.iter().zip(&program.row_upper).enumerate() {
            #[expect(clippy::float_cmp, reason = "the two sides of an equation are the same number")]
            let place = if low == high {
                equations.push(i);
                RowPlace::Equation(equations.len() - 1)
            } else if low.is_finite() || high.is_finite() {
                inequalities.push(i);
                RowPlace::Inequality(inequalities.len() - 1)
            } else {
                RowPlace::Nowhere
            };
            self.scales.places.push(place);
        }
        let scale = Array1::from_iter(self.scales.rows.iter().copied());
        let scaled = &program.rows * &self.scales.variables / scale.view().insert_axis(Axis(1));
        self.equations = scaled.select(Axis(0), &equations);
        self.inequalities = scaled.select(Axis(0), &inequalities);
        self.sides = (&program.row_lower / &scale).select(Axis(0), &equations);
        self.range_lower = (&program.row_lower / &scale).select(Axis(0), &inequalities);
        self.range_upper = (&program.row_upper / &scale).select(Axis(0), &inequalities);
        Ok(())
    }

    fn place_blocks(&mut self, program: &HingeProgram<'_>) {
        let (mut offsets, mut caps, mut gives) = (Vec::new(), Vec::new(), Vec::new());
        for (b, block) in program.blocks.iter().enumerate() {
            let (unit, kept) = (self.scales.blocks[b], &self.scales.kept[b]);
            if kept.is_empty() {
                continue;
            }
            let start = offsets.len();
            let charged = block.charged_row.and_then(|row| match self.scales.places[row] {
                RowPlace::Inequality(index) => Some(index),
                _ => None,
            });
            let price = block.charged_row.map_or(self.scales.objective, |row| self.scales.rows[row]);
            for s in kept {
                offsets.push(block.offsets[*s] / unit);
                let (cap, give) = match &block.penalty {
                    Penalty::Linear(costs) => (costs[*s] * unit / price, 0.0),
                    Penalty::Squared(costs) => (f64::INFINITY, price / (costs[*s] * unit * unit)),
                    Penalty::Forbidden => (f64::INFINITY, 0.0),
                };
                caps.push(cap);
                gives.push(give);
            }
            self.kernels.push(Kernel {
                columns: scaled_columns(block, kept, &self.scales.variables, unit),
                first: block.first,
                levels: block.levels.iter().map(|(v, k)| (*v, k * self.scales.variables[*v] / unit)).collect(),
                span: start..offsets.len(),
                charged,
            });
        }
        (self.offsets, self.caps, self.gives) = (offsets.into(), caps.into(), gives.into());
    }
}

fn check_charged_rows(program: &HingeProgram<'_>) -> Result<()> {
    for block in &program.blocks {
        let Some(row) = block.charged_row else { continue };
        let one_sided = program.row_upper.get(row).is_some_and(|side| side.is_finite())
            && program.row_lower.get(row) == Some(&f64::NEG_INFINITY);
        if !one_sided || !matches!(block.penalty, Penalty::Linear(_)) {
            let reason = "takes plain hinges and needs a finite upper side and no lower side";
            return Err(Error::invalid(format!("charged row {row}"), reason));
        }
    }
    Ok(())
}

/// The transposed matrix of the scenarios that matter, in scaled units.
fn scaled_columns(block: &HingeBlock<'_>, kept: &[usize], variables: &Array1<f64>, unit: f64) -> Array2<f64> {
    // Square tiles: reading along one matrix and writing along the other would miss the cache at every entry.
    const TILE: usize = 32;
    let m = block.matrix.ncols();
    let mut columns = Array2::zeros((m, kept.len()));
    for (tile, scenarios) in kept.chunks(TILE).enumerate() {
        for left in (0..m).step_by(TILE) {
            let right = (left + TILE).min(m);
            for (offset, s) in scenarios.iter().enumerate() {
                let row = block.matrix.row(*s);
                for j in left..right {
                    columns[[j, tile * TILE + offset]] = row[j];
                }
            }
        }
    }
    for (j, mut column) in columns.outer_iter_mut().enumerate() {
        column *= block.factor * variables[block.first + j] / unit;
    }
    columns
}

/// A scenario that costs nothing has no role.
fn relevant(block: &HingeBlock<'_>) -> Vec<usize> {
    let all = 0..block.matrix.nrows();
    match &block.penalty {
        Penalty::Linear(costs) | Penalty::Squared(costs) => all.filter(|s| costs[*s] > 0.0).collect(),
        Penalty::Forbidden => all.collect(),
    }
}

/// The size of a typical entry.
pub(super) fn unit(block: &HingeBlock<'_>) -> f64 {
    let count = block.matrix.len() as f64;
    let largest = block.matrix.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return positive(largest_of(block.offsets.iter().copied()));
    }
    // Divided by the largest first, so that no square under- or overflows.
    let mean = block.matrix.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>() / count;
    block.factor.abs() * largest * mean.sqrt()
}

/// A level variable is measured in units of its scenarios, unless the Hessian covers it.
fn variable_scales(program: &HingeProgram<'_>, block_scales: &[f64]) -> Array1<f64> {
    let mut scales = Array1::ones(program.len());
    let covered = program.hessian.map_or(0, |(hessian, _)| hessian.len());
    for (block, unit) in program.blocks.iter().zip(block_scales).rev() {
        for (variable, k) in block.levels.iter().filter(|(variable, _)| *variable >= covered) {
            scales[*variable] = unit / k.abs();
        }
    }
    scales
}

/// `s H + diag d`, in the units of the caller's objective and the scaled variables.
pub(super) fn curvature(program: &HingeProgram<'_>, variables: &Array1<f64>) -> Result<Option<Array2<f64>>> {
    if program.hessian.is_none() && program.diagonal.is_none() {
        return Ok(None);
    }
    let n = program.len();
    let mut p = Array2::zeros((n, n));
    if let Some((hessian, scale)) = program.hessian {
        let dense = match hessian {
            Hessian::Dense(matrix) => matrix.to_owned(),
            Hessian::Factored(model) => model.to_dense()?.view().to_owned(),
        };
        for ((i, j), value) in dense.indexed_iter() {
            // The symmetric part is what the objective sees.
            p[[i, j]] = 0.5 * scale * (value + dense[[j, i]]);
        }
    }
    if let Some(diagonal) = &program.diagonal {
        p.diag_mut().scaled_add(1.0, diagonal);
    }
    Ok(Some(&p * variables * variables.view().insert_axis(Axis(1))))
}

/// The largest term of the objective's gradient.
pub(super) fn objective_scale(
    program: &HingeProgram<'_>,
    variables: &Array1<f64>,
    units: &[f64],
    curvature: Option<&Array2<f64>>,
) -> f64 {
    let mut scale = largest(&(&program.linear * variables));
    scale = scale.max(curvature.map_or(0.0, |p| largest_of(p.diag().iter().copied())));
    for (block, unit) in program.blocks.iter().zip(units).filter(|(block, _)| block.charged_row.is_none()) {
        scale = scale.max(match &block.penalty {
            Penalty::Linear(costs) => costs.sum() * unit,
            Penalty::Squared(costs) => costs.sum() * unit * unit,
            Penalty::Forbidden => 0.0,
        });
    }
    positive(scale)
}

fn largest(x: &Array1<f64>) -> f64 {
    largest_of(x.iter().copied())
}

fn largest_of(x: impl Iterator<Item = f64>) -> f64 {
    x.fold(0.0, |m, v| m.max(v.abs()))
}

fn positive(scale: f64) -> f64 {
    if scale > 0.0 { scale } else { 1.0 }
}
