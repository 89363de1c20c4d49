//! From a problem in the user's terms to a convex program.
//!
//! The first variables are the weights. A ratio is made convex by measuring them in units of a further variable
//! (Charnes and Cooper 1962; Cornuéjols and Tütüncü 2007): every constant is multiplied by that unit, and the weights are
//! divided by it at the end.

mod limits;
mod linear;
mod objective;
mod quadratic;
mod risk;
mod trades;

use std::collections::BTreeMap;

pub(crate) use linear::{LinearLimits, linear_limits};
pub(crate) use quadratic::quadratic_program;

use crate::Result;
use crate::conic::{Affine, Cone, ConicProgram, Source};
use crate::problem::{Problem, Side};

/// How a side of a limit enters the program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Treatment {
    /// It must hold.
    Hard,
    /// It may be broken at this price.
    Soft(f64),
    /// All its members may be broken by the same amount, at this price of the amount.
    Bent(f64),
    /// It is left out.
    Absent,
}

/// How the value of the program reads as the user's objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reading {
    /// As it is.
    Plain,
    /// With the other sign: what is maximised.
    Negated,
    /// Its square root.
    Root,
    /// `scale / value`.
    Ratio(f64),
    /// `scale / √value`.
    RatioOfRoot(f64),
}

impl Reading {
    pub(crate) fn objective(self, value: f64) -> f64 {
        match self {
            Self::Plain => value,
            Self::Negated => -value,
            Self::Root => value.max(0.0).sqrt(),
            Self::Ratio(scale) => scale / value,
            Self::RatioOfRoot(scale) => scale / value.sqrt(),
        }
    }

    /// By how much the objective moves per unit of the program's value, without its sign.
    pub(crate) fn slope(self, value: f64) -> f64 {
        match self {
            Self::Plain | Self::Negated => 1.0,
            Self::Root => 0.5 / value.sqrt(),
            Self::Ratio(scale) => scale / (value * value),
            Self::RatioOfRoot(scale) => 0.5 * scale / (value * value.sqrt()),
        }
    }
}

/// A program with the way back to the problem.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) program: ConicProgram,
    /// The unit of the weights of a ratio.
    pub(crate) unit: Option<usize>,
    pub(crate) reading: Reading,
    /// The violations of soft limits.
    pub(crate) violations: Vec<(Source, usize)>,
}

impl Compiled {
    /// The weights of a point of the program.
    pub(crate) fn weights(&self, x: &[f64], assets: usize) -> Vec<f64> {
        let unit = self.unit.map_or(1.0, |unit| x[unit]);
        x[..assets].iter().map(|weight| weight / unit).collect()
    }

    /// What one more unit of each side of each limit is worth to the program's value, never negative.
    pub(crate) fn multipliers(&self, x: &[f64], duals: &[f64]) -> BTreeMap<Source, f64> {
        let unit = self.unit.map_or(1.0, |unit| x[unit]);
        let mut multipliers = BTreeMap::new();
        let mut place = 0;
        for block in &self.program.blocks {
            for dual in &duals[place..place + block.rows.len()] {
                if let Source::Limit { limit, member, .. } = block.source {
                    let side = if block.cone == Cone::Zero && *dual < 0.0 { Side::Lower } else { block.side() };
                    let source = Source::Limit { limit, member, side };
                    *multipliers.entry(source).or_insert(0.0) += dual.abs() * unit;
                }
            }
            place += block.rows.len();
        }
        multipliers
    }
}

impl crate::conic::Block {
    fn side(&self) -> Side {
        match self.source {
            Source::Limit { side, .. } => side,
            Source::Definition => Side::Upper,
        }
    }
}

/// What is asked of the limits.
pub(crate) type Treatments<'a> = &'a dyn Fn(usize, Side) -> Treatment;

/// Compiles the problem with its objective, each limit hard or soft as it says.
pub(crate) fn compile(problem: &Problem) -> Result<Compiled> {
    let treatment = |limit: usize, _| match problem.limits[limit].price() {
        None => Treatment::Hard,
        Some(price) => Treatment::Soft(price),
    };
    let mut builder = Builder::new(problem, &treatment, objective::unit_of(problem));
    builder.limits()?;
    let reading = builder.objective()?;
    Ok(builder.finish(reading))
}

/// Compiles the limits alone: the least total price of breaking them, each treated as told.
pub(crate) fn compile_limits(problem: &Problem, treatments: Treatments<'_>) -> Result<Compiled> {
    let mut builder = Builder::new(problem, treatments, Unit::One);
    builder.limits()?;
    Ok(builder.finish(Reading::Plain))
}

/// What the weights are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    One,
    Variable,
}

/// A program in the making.
struct Builder<'a> {
    problem: &'a Problem,
    treatments: Treatments<'a>,
    program: ConicProgram,
    unit: Option<usize>,
    violations: Vec<(Source, usize)>,
    /// The shared violation of each side that is bent.
    bends: BTreeMap<(usize, Side), usize>,
    /// The purchases, then the sales, from each vector of holdings asked about.
    trades: Vec<(Vec<f64>, usize)>,
    /// An upper bound of the cost, once one was asked for.
    cost: Option<Affine>,
    /// `√(w'Σw)` from above, once it was asked for.
    volatility: Option<Affine>,
    /// Exposures of the weights to the factors of the covariance, once they were asked for.
    exposures: Option<usize>,
}

impl<'a> Builder<'a> {
    fn new(problem: &'a Problem, treatments: Treatments<'a>, unit: Unit) -> Self {
        let mut program = ConicProgram::default();
        program.variables(problem.universe.len());
        let unit = (unit == Unit::Variable).then(|| program.variable());
        let mut builder = Self {
            problem,
            treatments,
            program,
            unit,
            violations: Vec::new(),
            bends: BTreeMap::new(),
            trades: Vec::new(),
            cost: None,
            volatility: None,
            exposures: None,
        };
        if let Some(unit) = unit {
            builder.push(Cone::Nonnegative, vec![Affine::variable(unit)], Source::Definition);
        }
        builder
    }

    fn finish(self, reading: Reading) -> Compiled {
        Compiled { program: self.program, unit: self.unit, reading, violations: self.violations }
    }

    /// Adds a block; in a ratio its constants are counted in the unit of the weights.
    fn push(&mut self, cone: Cone, rows: Vec<Affine>, source: Source) {
        let rows = rows.into_iter().map(|row| self.in_units(row)).collect();
        self.program.push(cone, rows, source);
    }

    fn in_units(&self, mut row: Affine) -> Affine {
        if let Some(unit) = self.unit
            && row.constant != 0.0
        {
            row.terms.push((unit, row.constant));
            row.constant = 0.0;
        }
        row
    }

    /// `expression = 0` as part of a definition.
    fn define(&mut self, expression: Affine) {
        self.push(Cone::Zero, vec![expression], Source::Definition);
    }

    /// `expression ≥ 0` as part of a definition.
    fn require(&mut self, expression: Affine) {
        self.push(Cone::Nonnegative, vec![expression], Source::Definition);
    }

    /// `Σ aᵢwᵢ`.
    fn of_weights(&self, coefficients: impl IntoIterator<Item = f64>) -> Affine {
        Affine::combination(0, coefficients)
    }

    /// A new variable that is at least `‖rows‖₂`.
    fn norm(&mut self, rows: Vec<Affine>) -> Affine {
        let bound = Affine::variable(self.program.variable());
        let mut all = vec![bound.clone()];
        all.extend(rows);
        self.push(Cone::SecondOrder, all, Source::Definition);
        bound
    }
}

#[cfg(test)]
mod tests;
