use ndarray::{Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use super::linking::compound;
use super::{SectorData, Totals};
use crate::{Error, Result, check};

/// Geometric attribution, whose effects compound: no linking is needed and none is wrong.
///
/// ```text
/// Bs = Σ w b                                the semi-notional fund
/// allocation  (w − W)((1 + b)/(1 + B) − 1)  sums to (1 + Bs)/(1 + B) − 1
/// selection   w (r − b)/(1 + Bs)            sums to (1 + R)/(1 + Bs) − 1
/// excess      (1 + R)/(1 + B) − 1           = (1 + allocation)(1 + selection) − 1, in a period and compounded
/// ```
///
/// # Source
/// Bacon (2008), chapter 5; Burnie, Knowles and Teder (1998), "Arithmetic and Geometric Attribution".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GeometricEffects {
    /// Names of the groups.
    pub labels: Vec<String>,
    /// Compounded geometric excess return over the span.
    pub excess_return: f64,
    /// Geometric excess return by period.
    pub excess_by_period: Vec<f64>,
    /// Allocation by period and group.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub allocation: Array2<f64>,
    /// Selection by period and group, interaction included.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub selection: Array2<f64>,
    /// Allocation by period.
    pub allocation_by_period: Vec<f64>,
    /// Selection by period.
    pub selection_by_period: Vec<f64>,
    /// Allocation compounded over the span.
    pub allocation_compounded: f64,
    /// Selection compounded over the span.
    pub selection_compounded: f64,
}

impl GeometricEffects {
    /// `(1 + excess)/((1 + allocation)(1 + selection)) − 1` over the span: rounding, unless totals were given that the
    /// weights do not explain.
    #[must_use]
    pub fn residual(&self) -> f64 {
        (1.0 + self.excess_return) / ((1.0 + self.allocation_compounded) * (1.0 + self.selection_compounded)) - 1.0
    }
}

impl SectorData {
    /// Geometric attribution of every period and of the span.
    ///
    /// Given totals take the place of `R` and `B` in the excess return and of `B` in the allocation.
    ///
    /// # Errors
    /// [`Error::Undefined`] when portfolio, benchmark or semi-notional fund loses everything in a period, which then
    /// has no ratio; [`Error::Input`] for given totals of another length or not finite, and for an overflow.
    pub fn geometric(&self, totals: Totals<'_>) -> Result<GeometricEffects> {
        let [portfolio, benchmark] = self.resolve(totals)?;
        let semi_notional: Vec<f64> = (self.portfolio_weights().rows().into_iter())
            .zip(self.benchmark_returns().rows())
            .map(|(w, b)| w.dot(&b))
            .collect();
        let named = [("portfolio", &portfolio), ("benchmark", &benchmark), ("semi-notional fund", &semi_notional)];
        for (who, returns) in named {
            if let Some((period, r)) = returns.iter().enumerate().find(|(_, r)| 1.0 + **r <= 0.0) {
                let reason = format!("the {who} returns {r} in period {period}: nothing is left to compound");
                return Err(Error::undefined("geometric attribution", reason));
            }
        }
        let mut allocation = Array2::zeros((self.periods(), self.groups()));
        let mut selection = allocation.clone();
        for ((t, s), &w) in self.portfolio_weights().indexed_iter() {
            let (r, b) = (self.portfolio_returns()[[t, s]], self.benchmark_returns()[[t, s]]);
            // (1 + b)/(1 + B) − 1 without the cancellation.
            allocation[[t, s]] = (w - self.benchmark_weights()[[t, s]]) * (b - benchmark[t]) / (1.0 + benchmark[t]);
            selection[[t, s]] = w * (r - b) / (1.0 + semi_notional[t]);
        }
        let ratio = |(r, b): (&f64, &f64)| (r - b) / (1.0 + b);
        let excess_by_period: Vec<f64> = portfolio.iter().zip(&benchmark).map(ratio).collect();
        let [allocation_by_period, selection_by_period] =
            [&allocation, &selection].map(|effects| effects.sum_axis(Axis(1)).to_vec());
        for sums in [&excess_by_period, &allocation_by_period, &selection_by_period] {
            check::finite("geometric effects", ArrayView1::from(sums))?;
        }
        Ok(GeometricEffects {
            labels: self.labels().to_vec(),
            excess_return: check::result("geometric excess return", compound(&excess_by_period))?,
            allocation_compounded: check::result("compounded allocation", compound(&allocation_by_period))?,
            selection_compounded: check::result("compounded selection", compound(&selection_by_period))?,
            excess_by_period,
            allocation,
            selection,
            allocation_by_period,
            selection_by_period,
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn total_losses_have_no_ratio() {
        let build = |r: f64, b: f64| {
            let one = array![[1.0]];
            SectorData::new(one.view(), one.view(), array![[r]].view(), array![[b]].view()).unwrap()
        };
        let text = |data: SectorData| data.geometric(Totals::Weighted).unwrap_err().to_string();
        assert!(text(build(-1.5, 0.0)).contains("the portfolio returns -1.5 in period 0"));
        assert!(text(build(0.0, -1.0)).contains("the benchmark returns -1 in period 0"));
    }

    #[test]
    fn serde_round_trip() {
        let one = array![[1.0]];
        let data = SectorData::new(one.view(), one.view(), array![[0.1]].view(), array![[0.05]].view()).unwrap();
        let effects = data.geometric(Totals::Weighted).unwrap();
        let text = serde_json::to_string(&effects).unwrap();
        assert_eq!(serde_json::from_str::<GeometricEffects>(&text).unwrap(), effects);
    }
}
