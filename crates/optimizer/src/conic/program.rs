//! A convex program whose constraints put affine expressions into cones.

/// `constant + Σ coefficient · variable`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Affine {
    /// Variables and their coefficients; a variable may occur more than once.
    pub(crate) terms: Vec<(usize, f64)>,
    pub(crate) constant: f64,
}

impl Affine {
    pub(crate) fn constant(constant: f64) -> Self {
        Self { terms: Vec::new(), constant }
    }

    pub(crate) fn variable(variable: usize) -> Self {
        Self::term(variable, 1.0)
    }

    pub(crate) fn term(variable: usize, coefficient: f64) -> Self {
        Self { terms: vec![(variable, coefficient)], constant: 0.0 }
    }

    /// `Σ coefficients[i] · variable(first + i)`, zero coefficients left out.
    pub(crate) fn combination(first: usize, coefficients: impl IntoIterator<Item = f64>) -> Self {
        let terms = coefficients.into_iter().enumerate().filter(|(_, c)| *c != 0.0);
        Self { terms: terms.map(|(i, c)| (first + i, c)).collect(), constant: 0.0 }
    }

    pub(crate) fn plus(mut self, variable: usize, coefficient: f64) -> Self {
        self.terms.push((variable, coefficient));
        self
    }

    pub(crate) fn plus_constant(mut self, constant: f64) -> Self {
        self.constant += constant;
        self
    }

    pub(crate) fn add(mut self, other: &Self) -> Self {
        self.terms.extend_from_slice(&other.terms);
        self.constant += other.constant;
        self
    }

    pub(crate) fn times(mut self, factor: f64) -> Self {
        self.terms.iter_mut().for_each(|(_, c)| *c *= factor);
        self.constant *= factor;
        self
    }

    /// Its value at a point.
    pub(crate) fn at(&self, x: &[f64]) -> f64 {
        self.constant + self.terms.iter().map(|(i, c)| c * x[*i]).sum::<f64>()
    }
}

/// A closed convex cone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cone {
    /// `{0}ᵐ`: equations.
    Zero,
    /// The nonnegative orthant.
    Nonnegative,
    /// `(t, x)` with `t ≥ ‖x‖₂`.
    SecondOrder,
    /// `(x, y, z)` with `y exp(x / y) ≤ z`, `y > 0`, closed.
    Exponential,
    /// `(x, y, z)` with `x^α y^(1−α) ≥ |z|`, `x, y ≥ 0`.
    Power(f64),
}

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Part of a definition: an epigraph, a factor exposure.
    Definition,
    /// One side of a limit of the problem.
    Limit {
        /// Its place in the list of limits.
        limit: usize,
        /// The member of it, such as an asset.
        member: usize,
        /// Which side.
        side: crate::problem::Side,
    },
}

/// Expressions that must lie in a cone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) cone: Cone,
    pub(crate) rows: Vec<Affine>,
    pub(crate) source: Source,
}

/// `minimise ½ x'P x + q'x + c` subject to each block's rows lying in its cone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ConicProgram {
    pub(crate) variables: usize,
    /// The upper triangle of `P`: row, column, entry.
    pub(crate) quadratic: Vec<(usize, usize, f64)>,
    /// `q`, one a variable.
    pub(crate) linear: Vec<f64>,
    pub(crate) constant: f64,
    pub(crate) blocks: Vec<Block>,
}

impl ConicProgram {
    /// A new variable without cost.
    pub(crate) fn variable(&mut self) -> usize {
        self.linear.push(0.0);
        self.variables += 1;
        self.variables - 1
    }

    /// So many new variables; returns the first.
    pub(crate) fn variables(&mut self, count: usize) -> usize {
        let first = self.variables;
        self.linear.resize(first + count, 0.0);
        self.variables += count;
        first
    }

    /// Adds an affine expression to the objective.
    pub(crate) fn cost(&mut self, expression: &Affine) {
        for (variable, coefficient) in &expression.terms {
            self.linear[*variable] += coefficient;
        }
        self.constant += expression.constant;
    }

    pub(crate) fn push(&mut self, cone: Cone, rows: Vec<Affine>, source: Source) {
        self.blocks.push(Block { cone, rows, source });
    }

    /// The objective at a point.
    pub(crate) fn objective(&self, x: &[f64]) -> f64 {
        self.constant + self.linear.iter().zip(x).map(|(q, x)| q * x).sum::<f64>() + 0.5 * self.quadratic_form(x)
    }

    /// `x'P x`.
    pub(crate) fn quadratic_form(&self, x: &[f64]) -> f64 {
        let entry = |&(row, column, p): &(usize, usize, f64)| {
            let twice = if row == column { 1.0 } else { 2.0 };
            twice * p * x[row] * x[column]
        };
        self.quadratic.iter().map(entry).sum()
    }
}
