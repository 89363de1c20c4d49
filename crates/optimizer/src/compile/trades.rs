//! What is traded, and what that costs.

use super::Builder;
use crate::Result;
use crate::conic::{Affine, Cone, Source};

impl Builder<'_> {
    /// Purchases (from the returned variable on) and sales (after them) with `w − held = buy − sell`, neither negative.
    pub(super) fn trades(&mut self, held: &[f64]) -> usize {
        if let Some((_, first)) = self.trades.iter().find(|(known, _)| known == held) {
            return *first;
        }
        let n = held.len();
        let first = self.program.variables(2 * n);
        for (asset, weight) in held.iter().enumerate() {
            let traded = Affine::variable(asset).plus_constant(-weight);
            self.define(traded.plus(first + asset, -1.0).plus(first + n + asset, 1.0));
        }
        for trade in first..first + 2 * n {
            self.require(Affine::variable(trade));
        }
        self.trades.push((held.to_vec(), first));
        first
    }

    /// An upper bound of the cost of trading, tight where a lower cost is better. Fixed costs are not in it: they are
    /// counted where the problem is searched.
    pub(super) fn cost(&mut self) -> Result<Affine> {
        if let Some(cost) = &self.cost {
            return Ok(cost.clone());
        }
        let Some(costs) = &self.problem.costs else { return Ok(Affine::default()) };
        let held = costs.held().view().to_vec();
        let n = held.len();
        let first = self.trades(&held);
        let mut total = Affine::default();
        for asset in 0..n {
            let cost = costs.per_period(asset);
            let (buy, sell) = (first + asset, first + n + asset);
            total = total.plus(buy, cost.buy).plus(sell, cost.sell);
            let traded = || Affine::variable(buy).plus(sell, -1.0);
            if cost.quadratic > 0.0 {
                // p ≥ Δ²  ⇔  p + 1 ≥ ‖(p − 1, 2Δ)‖.
                let square = self.program.variable();
                let rows = vec![
                    Affine::variable(square).plus_constant(1.0),
                    Affine::variable(square).plus_constant(-1.0),
                    traded().times(2.0),
                ];
                self.push(Cone::SecondOrder, rows, Source::Definition);
                total = total.plus(square, cost.quadratic);
            }
            if cost.impact > 0.0 {
                // p^{2/3} · 1^{1/3} ≥ |Δ|.
                let power = self.program.variable();
                let rows = vec![Affine::variable(power), Affine::constant(1.0), traded()];
                self.push(Cone::Power(2.0 / 3.0), rows, Source::Definition);
                total = total.plus(power, cost.impact);
            }
        }
        self.cost = Some(total.clone());
        Ok(total)
    }
}
