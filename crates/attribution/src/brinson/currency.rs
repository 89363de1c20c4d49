use alluse_risk_core::Error as Input;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::SectorData;
use super::effects::unexplained;
use super::sectors::matrices;
use crate::{Error, Result, check};

/// Exchange rates and currency forwards of portfolio and benchmark, one currency a group.
///
/// | matrix                      | shape      | unit                                                        |
/// |-----------------------------|------------|-------------------------------------------------------------|
/// | `portfolio_forward_weights` | `(T, S)`   | fraction of the portfolio bought (sold: −) forward          |
/// | `benchmark_forward_weights` | `(T, S)`   | the same of the benchmark                                   |
/// | `spot`                      | `(T+1, S)` | base currency per unit of the group's currency              |
/// | `forward`                   | `(T+1, S)` | row `t+1`: the rate agreed at `t` for delivery at `t+1`; row 0 is not used |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct CurrencyHedges {
    portfolio_forward_weights: Array2<f64>,
    benchmark_forward_weights: Array2<f64>,
    spot: Array2<f64>,
    forward: Array2<f64>,
}

/// Attribution of a portfolio in several currencies, after Ankrim and Hensel.
///
/// ```text
/// Rc = spot_{t+1}/spot_t − 1       currency return         Rd = forward_{t+1}/spot_t − 1   forward premium
/// Re = Rc − Rd                     surprise                h = Re/(1 + Rd)                 return of a forward
/// E, L, D = Σ W Re,  Σ W (b − Rc),  Σ W Rd
///
/// allocation           (w − W)(b − Rc − L)
/// selection            W (r − b)
/// interaction          (w − W)(r − b)
/// currency management  (w − W)(Re − E) + (f − F)(h − E)    f, F forward weights
/// forward premium      (w − W)(Rd − D)
/// ```
///
/// Returns are in base currency. The effects sum to `R − B + Σ (f − F) h`, the active return with forwards, when the
/// forward weights of portfolio and benchmark have the same sum: each forward buys one currency with another, so that
/// both are 0 with the base currency among the groups. What is missing of that is the [`residual`](Self::residual).
///
/// # Source
/// Ankrim and Hensel (1994), "Multicurrency Performance Attribution".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CurrencyEffects {
    /// Names of the groups.
    pub labels: Vec<String>,
    /// Active return by period, forwards included.
    pub active_return: Vec<f64>,
    /// Allocation by period and group, in local markets.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub allocation: Array2<f64>,
    /// Selection by period and group.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub selection: Array2<f64>,
    /// Interaction by period and group.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub interaction: Array2<f64>,
    /// Currency surprises that were held or hedged, by period and group.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub currency_management: Array2<f64>,
    /// Forward premia that were earned, by period and group.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub forward_premium: Array2<f64>,
}

impl CurrencyHedges {
    /// Forward weights and rates.
    ///
    /// # Errors
    /// [`Error::Input`] for shapes that do not fit each other, entries that are not finite, and rates that are not
    /// positive.
    pub fn new(
        portfolio_forward_weights: ArrayView2<'_, f64>,
        benchmark_forward_weights: ArrayView2<'_, f64>,
        spot: ArrayView2<'_, f64>,
        forward: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        matrices(&[
            ("portfolio forward weights", portfolio_forward_weights),
            ("benchmark forward weights", benchmark_forward_weights),
        ])?;
        for (name, rates) in [("spot rates", spot), ("forward rates", forward)] {
            check::length(name, portfolio_forward_weights.nrows() + 1, rates.nrows())?;
            check::length(name, portfolio_forward_weights.ncols(), rates.ncols())?;
            if let Some(((row, column), &value)) =
                rates.indexed_iter().find(|(_, rate)| !(**rate > 0.0 && rate.is_finite()))
            {
                let (row, column) = (row.to_string(), column.to_string());
                return Err(
                    Input::EntryOutOfDomain { name, row, column, expected: "positive and finite", value }.into()
                );
            }
        }
        Ok(Self {
            portfolio_forward_weights: portfolio_forward_weights.to_owned(),
            benchmark_forward_weights: benchmark_forward_weights.to_owned(),
            spot: spot.to_owned(),
            forward: forward.to_owned(),
        })
    }
}

impl SectorData {
    /// Attribution with currency effects; the groups are markets, their returns in base currency.
    ///
    /// # Errors
    /// [`Error::Input`] for hedges of other periods or groups, and for an overflow.
    pub fn currency(&self, hedges: &CurrencyHedges) -> Result<CurrencyEffects> {
        let shape = (self.periods(), self.groups());
        check::length("periods of the forward weights", shape.0, hedges.portfolio_forward_weights.nrows())?;
        check::length("currencies of the forward weights", shape.1, hedges.portfolio_forward_weights.ncols())?;
        let [mut allocation, mut selection, mut interaction, mut management, mut premium] =
            [(); 5].map(|()| Array2::zeros(shape));
        let mut active_return = Vec::with_capacity(shape.0);
        for t in 0..shape.0 {
            let rates = |s: usize| {
                let spot = hedges.spot[[t, s]];
                let (change, forward) =
                    ((hedges.spot[[t + 1, s]] - spot) / spot, (hedges.forward[[t + 1, s]] - spot) / spot);
                [change, forward, change - forward]
            };
            let benchmark = |s: usize| (self.benchmark_weights()[[t, s]], self.benchmark_returns()[[t, s]]);
            let [mut surprise, mut local, mut forward] = [0.0; 3];
            for s in 0..shape.1 {
                let ([rc, rd, re], (v, b)) = (rates(s), benchmark(s));
                surprise += v * re;
                local += v * (b - rc);
                forward += v * rd;
            }
            let mut active = self.portfolio_return()[t] - self.benchmark_return()[t];
            for s in 0..shape.1 {
                let ([rc, rd, re], (v, b)) = (rates(s), benchmark(s));
                let (r, bet) = (self.portfolio_returns()[[t, s]], self.portfolio_weights()[[t, s]] - v);
                let hedge = hedges.portfolio_forward_weights[[t, s]] - hedges.benchmark_forward_weights[[t, s]];
                let contract = re / (1.0 + rd);
                allocation[[t, s]] = bet * (b - rc - local);
                selection[[t, s]] = v * (r - b);
                interaction[[t, s]] = bet * (r - b);
                management[[t, s]] = bet * (re - surprise) + hedge * (contract - surprise);
                premium[[t, s]] = bet * (rd - forward);
                active += hedge * contract;
            }
            active_return.push(check::result("active return with forwards", active)?);
        }
        for effects in [&allocation, &management, &premium] {
            check::finite_matrix("currency effects", effects.view())?;
        }
        Ok(CurrencyEffects {
            labels: self.labels().to_vec(),
            active_return,
            allocation,
            selection,
            interaction,
            currency_management: management,
            forward_premium: premium,
        })
    }
}

impl CurrencyEffects {
    /// What the effects leave of the active return, by period: rounding, and the benchmark's surprise times the
    /// difference of the sums of forward weights.
    #[must_use]
    pub fn residual(&self) -> Vec<f64> {
        let effects =
            [&self.allocation, &self.selection, &self.interaction, &self.currency_management, &self.forward_premium];
        unexplained(self.active_return.clone(), effects)
    }
}

/// The stored form, so that stored hedges are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "alluse_risk_core::nested::matrix")]
    portfolio_forward_weights: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    benchmark_forward_weights: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    spot: Array2<f64>,
    #[serde(with = "alluse_risk_core::nested::matrix")]
    forward: Array2<f64>,
}

impl TryFrom<Stored> for CurrencyHedges {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let weights = (stored.portfolio_forward_weights.view(), stored.benchmark_forward_weights.view());
        Self::new(weights.0, weights.1, stored.spot.view(), stored.forward.view())
    }
}

impl From<CurrencyHedges> for Stored {
    fn from(hedges: CurrencyHedges) -> Self {
        let CurrencyHedges { portfolio_forward_weights, benchmark_forward_weights, spot, forward } = hedges;
        Self { portfolio_forward_weights, benchmark_forward_weights, spot, forward }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn hostile_hedges_are_named() {
        let weights = array![[0.1, -0.1]];
        let rates = array![[1.0, 1.2], [1.1, 1.1]];
        let refuse = |f: Array2<f64>, spot: Array2<f64>| {
            CurrencyHedges::new(weights.view(), f.view(), spot.view(), rates.view()).unwrap_err().to_string()
        };
        assert_eq!(refuse(array![[0.1]], rates.clone()), "benchmark forward weights must have length 2, got 1");
        assert_eq!(refuse(weights.clone(), array![[1.0, 1.2]]), "spot rates must have length 2, got 1");
        assert_eq!(
            refuse(weights.clone(), array![[1.0, 1.2], [0.0, 1.0]]),
            "spot rates[1, 0] must be positive and finite, got 0"
        );
        let hedges = CurrencyHedges::new(weights.view(), weights.view(), rates.view(), rates.view()).unwrap();
        let one = array![[1.0]];
        let data = SectorData::new(one.view(), one.view(), one.view(), one.view()).unwrap();
        assert!(data.currency(&hedges).unwrap_err().to_string().starts_with("currencies of the forward weights"));
        let text = serde_json::to_string(&hedges).unwrap();
        assert_eq!(serde_json::from_str::<CurrencyHedges>(&text).unwrap(), hedges);
        assert!(serde_json::from_str::<CurrencyHedges>(&text.replace("1.2", "-1.2")).is_err());
    }

    #[test]
    fn a_hedged_overweight_earns_its_local_market_and_the_premium() {
        // The foreign market (group 0) is overweight by 20 % and hedged by as much; it rises 3 % locally.
        let local = 0.03;
        let (spot, forward) = (array![[1.0, 1.0], [0.9, 1.0]], array![[1.0, 1.0], [0.98, 1.0]]);
        let (w, v) = (array![[0.7, 0.3]], array![[0.5, 0.5]]);
        let returns = array![[(1.0 + local) * 0.9 - 1.0, 0.0]];
        let data = SectorData::new(w.view(), v.view(), returns.view(), returns.view()).unwrap();
        let (f, none) = (array![[-0.2, 0.2]], array![[0.0, 0.0]]);
        let hedges = CurrencyHedges::new(f.view(), none.view(), spot.view(), forward.view()).unwrap();
        let effects = data.currency(&hedges).unwrap();
        // −2 % of premium on 20 %, half of it against the benchmark's own −1 %.
        assert!((effects.forward_premium.sum() + 0.2 * 0.02).abs() < 1e-15);
        // Bought back at 0.9 what was sold at 0.98, on 20 % of the portfolio: 0.2 × 0.08/0.98 against 0.2 × 0.08 lost.
        assert!((effects.currency_management.sum() - (0.2 * 0.08 / 0.98 - 0.2 * 0.08)).abs() < 1e-15);
        assert!(effects.residual()[0].abs() < 1e-16);
    }
}
