//! Clarabel on formulations of this test's own: squares and norms of `R w` with the root from which the covariance was made,
//! ratios as the most excess return at a risk of one, drawdowns as losses since each earlier date's peak, the three-halves
//! power as two second-order cones. Everything is in percent.

use alluse_optimizer::problem::{
    Benchmark, ConstraintKind, MeanUncertainty, Objective, RiskMeasure, TurnoverConvention,
};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};
use ndarray::{Array1, Array2, Axis};

use crate::case::Case;
use crate::limits::places;

/// `Σ coefficient · variable + constant`.
#[derive(Debug, Clone, Default)]
struct Row {
    terms: Vec<(usize, f64)>,
    constant: f64,
}

impl Row {
    fn of(terms: impl IntoIterator<Item = (usize, f64)>) -> Self {
        Self { terms: terms.into_iter().collect(), constant: 0.0 }
    }

    fn weights(coefficients: impl IntoIterator<Item = f64>) -> Self {
        Self::of(coefficients.into_iter().enumerate())
    }

    fn plus(mut self, constant: f64) -> Self {
        self.constant += constant;
        self
    }

    fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self.constant += other.constant;
        self
    }

    fn times(mut self, factor: f64) -> Self {
        self.terms.iter_mut().for_each(|(_, c)| *c *= factor);
        self.constant *= factor;
        self
    }
}

/// A program under construction: equations, then inequalities, then second-order cones.
#[derive(Debug, Default)]
struct Model {
    squares: Vec<(usize, f64)>,
    linear: Vec<f64>,
    constant: f64,
    zero: Vec<Row>,
    positive: Vec<Row>,
    cones: Vec<Vec<Row>>,
    unit: Option<usize>,
}

const PERCENT: f64 = 100.0;

impl Model {
    fn new(n: usize, ratio: bool) -> Self {
        let mut model = Self { linear: vec![0.0; n], ..Self::default() };
        if ratio {
            let unit = model.variable();
            model.unit = Some(unit);
            model.positive.push(Row::of([(unit, 1.0)]));
        }
        model
    }

    fn variable(&mut self) -> usize {
        self.linear.push(0.0);
        self.linear.len() - 1
    }

    fn unit_row(&self) -> Row {
        self.unit.map_or(Row::default().plus(1.0), |unit| Row::of([(unit, 1.0)]))
    }

    /// Constants of rows about weights count in the unit of a ratio.
    fn scaled(&self, mut row: Row) -> Row {
        if let Some(unit) = self.unit {
            row.terms.push((unit, row.constant));
            row.constant = 0.0;
        }
        row
    }

    fn equal(&mut self, row: Row) {
        let row = self.scaled(row);
        self.zero.push(row);
    }

    fn at_least_zero(&mut self, row: Row) {
        let row = self.scaled(row);
        self.positive.push(row);
    }

    fn cost(&mut self, row: &Row) {
        row.terms.iter().for_each(|(variable, c)| self.linear[*variable] += c);
        self.constant += row.constant;
    }

    /// A variable no less than the norm of the rows.
    fn norm(&mut self, rows: Vec<Row>) -> Row {
        let top = Row::of([(self.variable(), 1.0)]);
        let mut cone = vec![top.clone()];
        cone.extend(rows.into_iter().map(|row| self.scaled(row)));
        self.cones.push(cone);
        top
    }

    /// A variable no less than the size of a row.
    fn size(&mut self, row: Row) -> Row {
        let top = Row::of([(self.variable(), 1.0)]);
        self.at_least_zero(top.clone().and(row.clone()));
        self.at_least_zero(top.clone().and(row.times(-1.0)));
        top
    }

    /// Variables equal to the rows, squared in the objective with half of twice this coefficient.
    fn squares_of(&mut self, rows: Vec<Row>, coefficient: f64) {
        for row in rows {
            let value = self.variable();
            self.equal(row.and(Row::of([(value, -1.0)])));
            self.squares.push((value, 2.0 * coefficient));
        }
    }

    /// `x² ≤ a b` with `a, b ≥ 0`.
    fn product(&mut self, x: Row, a: Row, b: Row) {
        let sum = a.clone().and(b.clone());
        self.cones.push(vec![sum, x.times(2.0), a.and(b.times(-1.0))]);
    }

    /// The least value and where.
    fn solve(&self) -> (f64, Array1<f64>) {
        let size = self.linear.len();
        let mut entries: Vec<(usize, usize, f64)> = Vec::new();
        let mut offsets = Vec::new();
        let mut cones = Vec::new();
        let flat = [(&self.zero, true), (&self.positive, false)];
        for (rows, equations) in flat {
            if !rows.is_empty() {
                let count = rows.len();
                cones.push(if equations {
                    SupportedConeT::ZeroConeT(count)
                } else {
                    SupportedConeT::NonnegativeConeT(count)
                });
            }
            for row in rows {
                entries.extend(row.terms.iter().map(|(v, c)| (offsets.len(), *v, -c)));
                offsets.push(row.constant);
            }
        }
        for cone in &self.cones {
            cones.push(SupportedConeT::SecondOrderConeT(cone.len()));
            for row in cone {
                entries.extend(row.terms.iter().map(|(v, c)| (offsets.len(), *v, -c)));
                offsets.push(row.constant);
            }
        }
        let (rows, columns, values) = unzip(entries);
        let matrix = CscMatrix::new_from_triplets(offsets.len(), size, rows, columns, values);
        let (rows, columns, values) = unzip(self.squares.iter().map(|(v, c)| (*v, *v, *c)).collect());
        let squares = CscMatrix::new_from_triplets(size, size, rows, columns, values);
        let settings = DefaultSettings {
            verbose: false,
            max_iter: 300,
            tol_gap_abs: 1e-10,
            tol_gap_rel: 1e-10,
            tol_feas: 1e-10,
            ..DefaultSettings::default()
        };
        let mut solver = DefaultSolver::new(&squares, &self.linear, &matrix, &offsets, &cones, settings).unwrap();
        solver.solve();
        let solved = [SolverStatus::Solved, SolverStatus::AlmostSolved, SolverStatus::InsufficientProgress];
        assert!(solved.contains(&solver.solution.status), "the reference ended with {:?}", solver.solution.status);
        (solver.solution.obj_val + self.constant, Array1::from(solver.solution.x.clone()))
    }
}

fn unzip(entries: Vec<(usize, usize, f64)>) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
    let mut parts = (Vec::new(), Vec::new(), Vec::new());
    for (row, column, value) in entries {
        parts.0.push(row);
        parts.1.push(column);
        parts.2.push(value);
    }
    parts
}

/// The best value of the objective, soft limits' prices included.
pub(crate) fn best(case: &Case) -> f64 {
    let ratio = matches!(case.objective, Objective::MaximiseRatio { .. } | Objective::MaximiseDiversification);
    let mut model = Model::new(case.market.len(), ratio);
    let unit = objective_unit(&case.objective);
    limits(case, &mut model, unit);
    objective(case, &mut model, unit);
    let (value, _) = model.solve();
    let sign = if case.objective.is_maximised() { -1.0 } else { 1.0 };
    sign * value / unit
}

/// A plane below a convex function: its value and gradient where it touches.
pub(crate) struct Plane {
    pub(crate) value: f64,
    pub(crate) gradient: Array1<f64>,
    pub(crate) at: Array1<f64>,
}

/// The least of the highest of planes over the limits, and where.
pub(crate) fn least_of_planes(case: &Case, planes: &[Plane]) -> (f64, Array1<f64>) {
    let n = case.market.len();
    let mut model = Model::new(n, false);
    limits(case, &mut model, 1.0);
    let top = Row::of([(model.variable(), 1.0)]);
    for plane in planes {
        let constant = plane.value - plane.gradient.dot(&plane.at);
        let row = Row::weights(plane.gradient.iter().copied()).plus(constant).times(PERCENT);
        model.at_least_zero(top.clone().and(row.times(-1.0)));
    }
    model.cost(&top);
    let (value, x) = model.solve();
    (value / PERCENT, x.iter().take(n).copied().collect())
}

/// In what the objective is counted.
fn objective_unit(objective: &Objective) -> f64 {
    match objective {
        Objective::MinimiseRisk(measure) if measure.is_squared() => PERCENT * PERCENT,
        Objective::MinimiseTrackingVariance(_) => PERCENT * PERCENT,
        Objective::MaximiseRatio { .. } | Objective::MaximiseDiversification => 1.0,
        _ => PERCENT,
    }
}

fn deviations(case: &Case, benchmark: Option<&Array1<f64>>) -> Vec<Row> {
    let offset = |row: &Array1<f64>| benchmark.map_or(0.0, |b| -row.dot(b));
    let one = |row: Array1<f64>| Row::weights(row.iter().copied()).plus(offset(&row));
    case.market.root.rows().into_iter().map(|row| one(&row * PERCENT)).collect()
}

fn objective(case: &Case, model: &mut Model, unit: f64) {
    let mean = |model: &mut Model| {
        model.cost(&Row::weights(case.market.mean.iter().map(|m| -PERCENT * m)));
    };
    if let (Some(_), None) = (&case.rates, model.unit) {
        let spent = costs(case, model);
        model.cost(&spent.times(unit));
    }
    let variance = |model: &mut Model, coefficient: f64| model.squares_of(deviations(case, None), coefficient);
    match &case.objective {
        Objective::MinimiseRisk(RiskMeasure::Variance) => variance(model, 1.0),
        Objective::MinimiseRisk(RiskMeasure::Semivariance) => {
            let rows = shortfalls(case, model);
            let count = case.market.scenarios.nrows() as f64;
            model.squares_of(rows, 1.0 / (count - 1.0));
        }
        Objective::MinimiseRisk(measure) => {
            let risk = risk(case, model, *measure);
            model.cost(&risk);
        }
        Objective::MaximiseReturn => mean(model),
        Objective::MaximiseUtility { risk_aversion } => {
            mean(model);
            variance(model, 0.5 * risk_aversion / PERCENT);
        }
        Objective::MaximiseMeanRisk { measure, risk_aversion } => {
            mean(model);
            let risk = risk(case, model, *measure);
            model.cost(&risk.times(*risk_aversion));
        }
        Objective::MaximiseRatio { measure, risk_free } => {
            mean(model);
            model.cost(&model.unit_row().times(PERCENT * risk_free));
            let risk = risk(case, model, *measure);
            model.positive.push(risk.times(-1.0).plus(1.0));
        }
        Objective::MaximiseDiversification => {
            let own = case.market.volatilities();
            model.cost(&Row::weights(own.iter().map(|v| -PERCENT * v)));
            let risk = risk(case, model, RiskMeasure::Volatility);
            model.positive.push(risk.times(-1.0).plus(1.0));
        }
        Objective::MinimiseTrackingVariance(Benchmark::Weights(benchmark)) => {
            model.squares_of(deviations(case, Some(&benchmark.view().to_owned())), 1.0);
        }
        Objective::MaximiseRobustUtility { uncertainty, risk_aversion } => {
            mean(model);
            variance(model, 0.5 * risk_aversion / PERCENT);
            let penalty = worst_means(case, model, uncertainty);
            model.cost(&penalty);
        }
        other => panic!("no reference for {other}"),
    }
}

fn worst_means(case: &Case, model: &mut Model, uncertainty: &MeanUncertainty) -> Row {
    let single = |asset: usize, c: f64| Row::of([(asset, PERCENT * c)]);
    match uncertainty {
        MeanUncertainty::Box(widths) => {
            let sizes: Vec<Row> = widths.iter().enumerate().map(|(a, d)| model.size(single(a, *d))).collect();
            sizes.into_iter().fold(Row::default(), Row::and)
        }
        MeanUncertainty::IndependentErrors { standard_errors, radius } => {
            let rows = standard_errors.iter().enumerate().map(|(a, e)| single(a, e * radius)).collect();
            model.norm(rows)
        }
        // The test's ellipsoids are multiples of the covariance.
        MeanUncertainty::Ellipsoid { error_covariance, radius } => {
            let share = error_covariance[[0, 0]] / case.market.root.column(0).map(|v| v * v).sum();
            let rows = deviations(case, None);
            model.norm(rows.into_iter().map(|row| row.times(radius * share.sqrt())).collect())
        }
    }
}

/// Losses of each scenario, in percent.
fn losses(case: &Case) -> Vec<Row> {
    case.market.scenarios.rows().into_iter().map(|row| Row::weights(row.iter().map(|r| -PERCENT * r))).collect()
}

fn shortfalls(case: &Case, model: &mut Model) -> Vec<Row> {
    let mean = case.market.scenarios.sum_axis(Axis(0)) / case.market.scenarios.nrows() as f64;
    let rows: Vec<Row> =
        losses(case).into_iter().map(|row| row.and(Row::weights(mean.iter().map(|m| PERCENT * m)))).collect();
    rows.into_iter().map(|row| above(model, row)).collect()
}

/// A variable no less than zero and than a row.
fn above(model: &mut Model, row: Row) -> Row {
    let top = Row::of([(model.variable(), 1.0)]);
    model.positive.push(top.clone());
    model.at_least_zero(top.clone().and(row.times(-1.0)));
    top
}

fn largest(model: &mut Model, rows: Vec<Row>) -> Row {
    let top = Row::of([(model.variable(), 1.0)]);
    rows.into_iter().for_each(|row| model.at_least_zero(top.clone().and(row.times(-1.0))));
    top
}

fn mean_of(rows: Vec<Row>) -> Row {
    let count = rows.len() as f64;
    rows.into_iter().fold(Row::default(), Row::and).times(1.0 / count)
}

fn tail(model: &mut Model, rows: Vec<Row>, mass: f64) -> Row {
    let start = Row::of([(model.variable(), 1.0)]);
    let beyond = rows.into_iter().map(|row| above(model, row.and(start.clone().times(-1.0)))).collect();
    start.and(mean_of(beyond).times(1.0 / mass))
}

/// The deepest loss since any earlier date, from the losses of single dates.
fn drawdowns(case: &Case, model: &mut Model) -> Vec<Row> {
    let mut last = Row::default();
    let mut all = Vec::new();
    for loss in losses(case) {
        last = above(model, last.and(loss));
        all.push(last.clone());
    }
    all
}

fn risk(case: &Case, model: &mut Model, measure: RiskMeasure) -> Row {
    match measure {
        RiskMeasure::Volatility => model.norm(deviations(case, None)),
        RiskMeasure::ExpectedShortfall(c) => tail(model, losses(case), c.tail()),
        RiskMeasure::MeanAbsoluteDeviation => {
            let below = shortfalls(case, model);
            mean_of(below).times(2.0)
        }
        RiskMeasure::Semideviation => {
            let below = shortfalls(case, model);
            let scale = 1.0 / (below.len() as f64 - 1.0).sqrt();
            model.norm(below.into_iter().map(|row| row.times(scale)).collect())
        }
        // Fewer scenarios than the tail resolves: the worst of them.
        RiskMeasure::EntropicValueAtRisk(c) if c.tail() * (case.market.scenarios.nrows() as f64) < 1.0 => {
            largest(model, losses(case))
        }
        RiskMeasure::WorstLoss => largest(model, losses(case)),
        RiskMeasure::MaximumDrawdown => {
            let all = drawdowns(case, model);
            largest(model, all)
        }
        RiskMeasure::AverageDrawdown => mean_of(drawdowns(case, model)),
        RiskMeasure::ConditionalDrawdown(c) => {
            let all = drawdowns(case, model);
            tail(model, all, c.tail())
        }
        RiskMeasure::UlcerIndex => {
            let all = drawdowns(case, model);
            let scale = 1.0 / (all.len() as f64).sqrt();
            model.norm(all.into_iter().map(|row| row.times(scale)).collect())
        }
        other => panic!("no reference for {other}"),
    }
}

/// What is paid for trading, as a fraction of capital.
fn costs(case: &Case, model: &mut Model) -> Row {
    let Some(rates) = &case.rates else { return Row::default() };
    let mut total = Row::default();
    for asset in 0..case.market.len() {
        let traded = Row::of([(asset, 1.0)]).plus(-rates.held[asset]);
        let (buy, sell) = (rates.buy[asset], rates.sell[asset]);
        if buy > 0.0 || sell > 0.0 {
            total = total.and(largest(model, vec![traded.clone().times(buy), traded.clone().times(-sell)]));
        }
        if rates.quadratic[asset] > 0.0 {
            let square = Row::of([(model.variable(), 1.0)]);
            model.product(traded.clone(), square.clone(), Row::default().plus(1.0));
            total = total.and(square.times(rates.quadratic[asset]));
        }
        if rates.impact[asset] > 0.0 {
            // x ≤ size, size² ≤ power · root and root² ≤ size: size^{3/2} ≤ power.
            let size = model.size(traded);
            let (power, root) = (Row::of([(model.variable(), 1.0)]), Row::of([(model.variable(), 1.0)]));
            model.product(size.clone(), power.clone(), root.clone());
            model.product(root, size, Row::default().plus(1.0));
            total = total.and(power.times(rates.impact[asset]));
        }
    }
    total
}

fn limits(case: &Case, model: &mut Model, unit: f64) {
    for limit in &case.limits {
        let (rows, factor) = rows_of(case, model, limit.kind());
        let price = limit.price().map(|price| price * unit);
        for row in rows {
            let (lower, upper) = (limit.lower() * factor, limit.upper() * factor);
            let (low, high) = match limit.kind() {
                ConstraintKind::ShareOfGroup { parent, .. } => {
                    let outer = |share: f64| {
                        let places = places(&case.market, parent);
                        Row::of(places.into_iter().map(|place| (place, share)))
                    };
                    (outer(lower), outer(upper))
                }
                _ => (Row::default().plus(lower), Row::default().plus(upper)),
            };
            let mut sides = Vec::new();
            if upper.is_finite() {
                sides.push(high.and(row.clone().times(-1.0)));
            }
            if lower.is_finite() {
                sides.push(row.and(low.times(-1.0)));
            }
            #[allow(clippy::float_cmp, reason = "an equation has the same number on both sides")]
            if lower == upper && price.is_none() {
                model.equal(sides.remove(0));
                continue;
            }
            for side in sides {
                match price {
                    None => model.at_least_zero(side),
                    Some(price) => {
                        let broken = above(model, side.times(-1.0));
                        model.cost(&broken.times(price / factor));
                    }
                }
            }
        }
    }
}

/// What a limit bounds, and the factor by which its bounds are counted.
fn rows_of(case: &Case, model: &mut Model, kind: &ConstraintKind) -> (Vec<Row>, f64) {
    let n = case.market.len();
    let sum = |places: Vec<usize>| Row::of(places.into_iter().map(|place| (place, 1.0)));
    let total = |rows: Vec<Row>| rows.into_iter().fold(Row::default(), Row::and);
    match kind {
        ConstraintKind::Budget => (vec![sum((0..n).collect())], 1.0),
        ConstraintKind::BudgetAfterCosts => {
            let spent = costs(case, model);
            (vec![sum((0..n).collect()).and(spent)], 1.0)
        }
        ConstraintKind::Weight(members) => {
            (places(&case.market, members).into_iter().map(|place| Row::of([(place, 1.0)])).collect(), 1.0)
        }
        ConstraintKind::Group(members) => (vec![sum(places(&case.market, members))], 1.0),
        ConstraintKind::ShareOfGroup { members, .. } => (vec![sum(places(&case.market, members))], 1.0),
        ConstraintKind::Linear(row) => {
            let place = |name: &String| case.market.names.iter().position(|known| known == name).unwrap();
            (vec![Row::of(row.iter().map(|(name, a)| (place(name), *a)))], 1.0)
        }
        ConstraintKind::Gross(_) => {
            let sizes = (0..n).map(|asset| model.size(Row::of([(asset, 1.0)]))).collect();
            (vec![total(sizes)], 1.0)
        }
        ConstraintKind::Short(_) => {
            let shorts = (0..n).map(|asset| above(model, Row::of([(asset, -1.0)]))).collect();
            (vec![total(shorts)], 1.0)
        }
        ConstraintKind::Turnover { held, convention } => {
            let held = held.view();
            let sizes = (0..n).map(|asset| model.size(Row::of([(asset, 1.0)]).plus(-held[asset]))).collect();
            let share = if *convention == TurnoverConvention::OneWay { 0.5 } else { 1.0 };
            (vec![total(sizes).times(share)], 1.0)
        }
        ConstraintKind::ExpectedReturn => (vec![Row::weights(case.market.mean.iter().map(|m| PERCENT * m))], PERCENT),
        ConstraintKind::Risk(RiskMeasure::Volatility) => (vec![model.norm(deviations(case, None))], PERCENT),
        ConstraintKind::TrackingError(Benchmark::Weights(benchmark)) => {
            (vec![model.norm(deviations(case, Some(&benchmark.view().to_owned())))], PERCENT)
        }
        other => panic!("no reference for {other:?}"),
    }
}

/// Bounds and rows of the limits that are linear: `lower ≤ A w ≤ upper`.
pub(crate) fn linear_rows(case: &Case) -> (Array2<f64>, Vec<f64>, Vec<f64>) {
    let n = case.market.len();
    let (mut matrix, mut lower, mut upper) = (Array2::zeros((0, n)), Vec::new(), Vec::new());
    let mut add = |row: Array1<f64>, low: f64, high: f64| {
        let size = row.dot(&row).sqrt();
        // A share of one of a group in itself says nothing.
        if size == 0.0 {
            return;
        }
        matrix.push_row((&row / size).view()).unwrap();
        lower.push(low / size);
        upper.push(high / size);
    };
    let indicator = |places: Vec<usize>| {
        let mut row = Array1::zeros(n);
        places.into_iter().for_each(|place| row[place] = 1.0);
        row
    };
    for limit in &case.limits {
        let (low, high) = (limit.lower(), limit.upper());
        match limit.kind() {
            ConstraintKind::Budget => add(Array1::ones(n), low, high),
            ConstraintKind::Weight(members) => {
                places(&case.market, members).into_iter().for_each(|place| add(indicator(vec![place]), low, high));
            }
            ConstraintKind::Group(members) => add(indicator(places(&case.market, members)), low, high),
            ConstraintKind::ShareOfGroup { members, parent } => {
                let (inner, outer) =
                    (indicator(places(&case.market, members)), indicator(places(&case.market, parent)));
                add(&inner - &(&outer * high), f64::NEG_INFINITY, 0.0);
                add(&inner - &(&outer * low), 0.0, f64::INFINITY);
            }
            ConstraintKind::Linear(terms) => {
                let mut row = Array1::zeros(n);
                terms.iter().for_each(|(name, a)| row[case.market.names.iter().position(|k| k == name).unwrap()] += a);
                add(row, low, high);
            }
            ConstraintKind::ExpectedReturn => add(case.market.mean.clone(), low, high),
            other => panic!("{other:?} is not linear"),
        }
    }
    (matrix, lower, upper)
}
