//! Each limit as rows of the program.

use ndarray::Array1;

use super::{Builder, Treatment};
use crate::conic::{Affine, Cone, Source};
use crate::problem::{Constraint, ConstraintKind, Members, RiskMeasure, Side, TurnoverConvention};
use crate::{Error, Result};

impl Builder<'_> {
    /// Every limit that is not discrete.
    pub(super) fn limits(&mut self) -> Result<()> {
        let problem = self.problem;
        for (place, limit) in problem.limits.iter().enumerate() {
            // A limit that is left out does not bring its definitions along.
            let absent = |side| (self.treatments)(place, side) == Treatment::Absent;
            let free = (absent(Side::Lower) || limit.lower().is_infinite())
                && (absent(Side::Upper) || limit.upper().is_infinite());
            if !free {
                self.limit(place, limit)?;
            }
        }
        Ok(())
    }

    fn limit(&mut self, place: usize, limit: &Constraint) -> Result<()> {
        let problem = self.problem;
        let n = problem.universe.len();
        match limit.kind() {
            ConstraintKind::Budget => self.bound(place, 0, limit, self.of_weights(vec![1.0; n])),
            ConstraintKind::BudgetAfterCosts => {
                let spent = self.of_weights(vec![1.0; n]).add(&self.cost()?);
                self.bound(place, 0, limit, spent);
            }
            ConstraintKind::Weight(members) => {
                for (member, asset) in problem.places(members)?.into_iter().enumerate() {
                    self.bound(place, member, limit, Affine::variable(asset));
                }
            }
            ConstraintKind::Group(members) => {
                let sum = self.sum(members)?;
                self.bound(place, 0, limit, sum);
            }
            ConstraintKind::ShareOfGroup { members, parent } => {
                let (inner, outer) = (self.sum(members)?, self.sum(parent)?);
                self.bound_share(place, limit, &inner, &outer);
            }
            ConstraintKind::Linear(coefficients) => {
                let mut row = Affine::default();
                for (asset, coefficient) in coefficients {
                    row = row.plus(problem.universe.position(asset)?, *coefficient);
                }
                self.bound(place, 0, limit, row);
            }
            ConstraintKind::Gross(members) => {
                let gross = self.sizes(&problem.places(members)?, Sizes::Both);
                self.bound(place, 0, limit, gross);
            }
            ConstraintKind::Short(members) => {
                let short = self.sizes(&problem.places(members)?, Sizes::Shorts);
                self.bound(place, 0, limit, short);
            }
            ConstraintKind::Turnover { held, convention } => {
                let first = self.trades(&held.view().to_vec());
                let factor = match convention {
                    TurnoverConvention::OneWay => 0.5,
                    TurnoverConvention::TwoSided => 1.0,
                };
                self.bound(place, 0, limit, Affine::combination(first, vec![factor; 2 * n]));
            }
            ConstraintKind::ExpectedReturn => {
                let mean = self.of_weights(problem.expected_returns()?);
                self.bound(place, 0, limit, mean);
            }
            ConstraintKind::Risk(measure) => self.risk_limit(place, limit, *measure)?,
            ConstraintKind::TrackingError(benchmark) => {
                let deviation = self.tracking_error(benchmark)?;
                self.bound(place, 0, limit, deviation);
            }
            ConstraintKind::Cardinality | ConstraintKind::PositionSize(_) => {}
        }
        Ok(())
    }

    /// A squared risk is limited by its root, which the cones measure.
    fn risk_limit(&mut self, place: usize, limit: &Constraint, measure: RiskMeasure) -> Result<()> {
        let (measure, upper) = match measure {
            RiskMeasure::Variance => (RiskMeasure::Volatility, limit.upper().sqrt()),
            RiskMeasure::Semivariance => (RiskMeasure::Semideviation, limit.upper().sqrt()),
            other => (other, limit.upper()),
        };
        let risk = self.risk(measure)?;
        let limit = limit.clone().between(f64::NEG_INFINITY, upper);
        self.bound(place, 0, &limit, risk);
        Ok(())
    }

    fn sum(&self, members: &Members) -> Result<Affine> {
        let mut coefficients = Array1::zeros(self.problem.universe.len());
        for asset in self.problem.places(members)? {
            coefficients[asset] = 1.0;
        }
        Ok(self.of_weights(coefficients))
    }

    /// `Σ|wᵢ|` or `Σ max(−wᵢ, 0)` from above.
    fn sizes(&mut self, assets: &[usize], sizes: Sizes) -> Affine {
        let first = self.program.variables(assets.len());
        for (place, asset) in assets.iter().enumerate() {
            let size = || Affine::variable(first + place);
            self.require(size().plus(*asset, 1.0));
            match sizes {
                Sizes::Both => self.require(size().plus(*asset, -1.0)),
                Sizes::Shorts => self.require(size()),
            }
        }
        Affine::combination(first, vec![1.0; assets.len()])
    }

    /// `lower ≤ value ≤ upper`, each side as it is to be treated.
    fn bound(&mut self, limit: usize, member: usize, constraint: &Constraint, value: Affine) {
        let (lower, upper) = (constraint.lower(), constraint.upper());
        let treatment = |side| (self.treatments)(limit, side);
        let source = |side| Source::Limit { limit, member, side };
        let both = (treatment(Side::Lower), treatment(Side::Upper)) == (Treatment::Hard, Treatment::Hard);
        #[expect(clippy::float_cmp, reason = "the two sides of an equation are the same number")]
        if lower == upper && both {
            let row = value.times(-1.0).plus_constant(upper);
            self.push(Cone::Zero, vec![row], source(Side::Upper));
            return;
        }
        if upper.is_finite() {
            self.side(source(Side::Upper), treatment(Side::Upper), value.clone().times(-1.0).plus_constant(upper));
        }
        if lower.is_finite() {
            let treatment = (self.treatments)(limit, Side::Lower);
            self.side(source(Side::Lower), treatment, value.plus_constant(-lower));
        }
    }

    /// `inner − high · outer ≤ 0 ≤ inner − low · outer`.
    fn bound_share(&mut self, limit: usize, constraint: &Constraint, inner: &Affine, outer: &Affine) {
        for (side, share, sign) in [(Side::Upper, constraint.upper(), -1.0), (Side::Lower, constraint.lower(), 1.0)] {
            if share.is_finite() {
                let room = inner.clone().add(&outer.clone().times(-share)).times(sign);
                let treatment = (self.treatments)(limit, side);
                self.side(Source::Limit { limit, member: 0, side }, treatment, room);
            }
        }
    }

    /// `room ≥ 0`, or `room + violation ≥ 0` at the price of the violation.
    fn side(&mut self, source: Source, treatment: Treatment, room: Affine) {
        match treatment {
            Treatment::Absent => {}
            Treatment::Hard => self.push(Cone::Nonnegative, vec![room], source),
            Treatment::Soft(price) => {
                let violation = self.violation(source, price);
                self.push(Cone::Nonnegative, vec![room.plus(violation, 1.0)], source);
            }
            Treatment::Bent(price) => {
                let Source::Limit { limit, side, .. } = source else { return };
                let violation = match self.bends.get(&(limit, side)) {
                    Some(violation) => *violation,
                    None => self.violation(source, price),
                };
                self.bends.insert((limit, side), violation);
                self.push(Cone::Nonnegative, vec![room.plus(violation, 1.0)], source);
            }
        }
    }

    /// A new violation at a price.
    fn violation(&mut self, source: Source, price: f64) -> usize {
        let violation = self.program.variable();
        self.program.cost(&Affine::term(violation, price));
        self.require(Affine::variable(violation));
        self.violations.push((source, violation));
        violation
    }
}

/// Which sizes of weights are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sizes {
    Both,
    Shorts,
}

impl super::Compiled {
    /// Refuses what has no meaning: a price added to a ratio.
    pub(crate) fn check_prices(&self) -> Result<()> {
        if self.unit.is_some() && !self.violations.is_empty() {
            return Err(Error::Unsupported { what: "a soft limit under a ratio: its price has no unit there".into() });
        }
        Ok(())
    }
}
