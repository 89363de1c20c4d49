use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::SectorData;
use super::effects::unexplained;
use super::sectors::{benchmark_sum, matrices, portfolio_sum};
use crate::{Result, check};

/// Cash and currency returns of the markets, and the currency exposures of portfolio and benchmark.
///
/// All matrices are `(T, S)`. Returns are continuously compounded, so that they add; exposures are fractions after
/// hedging and sum to 1 in each period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalMarkets<'a> {
    /// Return of cash in each market's currency, `c`.
    cash_returns: ArrayView2<'a, f64>,
    /// Return of each currency in base currency, `e`; 0 for the base currency.
    currency_returns: ArrayView2<'a, f64>,
    /// Currency exposures of the portfolio, `h`.
    portfolio_exposures: ArrayView2<'a, f64>,
    /// Currency exposures of the benchmark, `H`.
    benchmark_exposures: ArrayView2<'a, f64>,
}

/// Attribution that separates markets from currencies, after Karnosky and Singer.
///
/// ```text
/// r, b  returns of markets in their own currencies, continuously compounded
/// R = Σ w (r − c) + Σ h (c + e)      P = Σ W (b − c)      C = Σ H (c + e)
///
/// allocation   (w − W)(b − c − P)       premia over local cash: what a market earns with its currency hedged
/// selection    W (r − b)
/// interaction  (w − W)(r − b)
/// currency     (h − H)(c + e − C)       cash abroad: what a currency earns
/// ```
///
/// The effects of a period sum to `R − B`. Both are sums of continuously compounded returns, close to the returns of
/// the portfolios for short periods and not equal to them.
///
/// # Source
/// Karnosky and Singer (1994), *Global Asset Management and Performance Attribution*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KarnoskySingerEffects {
    /// Names of the markets.
    pub labels: Vec<String>,
    /// `R` by period.
    pub portfolio_return: Vec<f64>,
    /// `B` by period.
    pub benchmark_return: Vec<f64>,
    /// Allocation to markets by period and market.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub allocation: Array2<f64>,
    /// Selection by period and market.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub selection: Array2<f64>,
    /// Interaction by period and market.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub interaction: Array2<f64>,
    /// Allocation to currencies by period and currency.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub currency: Array2<f64>,
}

impl<'a> LocalMarkets<'a> {
    /// Cash and currency returns, and exposures.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for shapes that differ, entries that are not finite, and exposures of a
    /// period that do not sum to 1.
    pub fn new(
        cash_returns: ArrayView2<'a, f64>,
        currency_returns: ArrayView2<'a, f64>,
        portfolio_exposures: ArrayView2<'a, f64>,
        benchmark_exposures: ArrayView2<'a, f64>,
    ) -> Result<Self> {
        matrices(&[
            ("cash returns", cash_returns),
            ("currency returns", currency_returns),
            ("portfolio exposures", portfolio_exposures),
            ("benchmark exposures", benchmark_exposures),
        ])?;
        for (t, (h, k)) in portfolio_exposures.rows().into_iter().zip(benchmark_exposures.rows()).enumerate() {
            portfolio_sum(t, h.sum())?;
            benchmark_sum(t, k.sum())?;
        }
        Ok(Self { cash_returns, currency_returns, portfolio_exposures, benchmark_exposures })
    }
}

impl SectorData {
    /// Attribution to markets and currencies; the groups are markets, their returns local and continuously compounded.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for markets of other periods or groups, and for an overflow.
    pub fn karnosky_singer(&self, markets: &LocalMarkets<'_>) -> Result<KarnoskySingerEffects> {
        check::length("periods of the markets", self.periods(), markets.cash_returns.nrows())?;
        check::length("markets", self.groups(), markets.cash_returns.ncols())?;
        let (w, v) = (self.portfolio_weights(), self.benchmark_weights());
        let (r, b) = (self.portfolio_returns(), self.benchmark_returns());
        let (h, k) = (markets.portfolio_exposures, markets.benchmark_exposures);
        let premium = &b - &markets.cash_returns;
        let currency = &markets.cash_returns + &markets.currency_returns;
        let total = |weights: ArrayView2<'_, f64>, returns: &Array2<f64>| (&weights * returns).sum_axis(Axis(1));
        let [benchmark_premium, benchmark_currency] = [total(v, &premium), total(k, &currency)];
        let portfolio = total(w, &(&r - &markets.cash_returns)) + total(h, &currency);
        let benchmark = &benchmark_premium + &benchmark_currency;
        let spread = &r - &b;
        let effects = KarnoskySingerEffects {
            labels: self.labels().to_vec(),
            portfolio_return: portfolio.to_vec(),
            benchmark_return: benchmark.to_vec(),
            allocation: (&w - &v) * (&premium - &benchmark_premium.insert_axis(Axis(1))),
            selection: &v * &spread,
            interaction: (&w - &v) * &spread,
            currency: (&h - &k) * (&currency - &benchmark_currency.insert_axis(Axis(1))),
        };
        for matrix in [&effects.allocation, &effects.selection, &effects.interaction, &effects.currency] {
            check::finite_matrix("market and currency effects", matrix.view())?;
        }
        Ok(effects)
    }
}

impl KarnoskySingerEffects {
    /// What the effects leave of `R − B`, by period: rounding.
    #[must_use]
    pub fn residual(&self) -> Vec<f64> {
        let active = self.portfolio_return.iter().zip(&self.benchmark_return).map(|(r, b)| r - b);
        let effects = [&self.allocation, &self.selection, &self.interaction, &self.currency];
        unexplained(active.collect(), effects)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_hedged_market_earns_its_premium_alone() {
        // All of the overweight in market 0 is hedged: its currency return does not matter.
        let (w, v) = (array![[0.7, 0.3]], array![[0.5, 0.5]]);
        let local = array![[0.05, 0.02]];
        let data = SectorData::new(w.view(), v.view(), local.view(), local.view()).unwrap();
        let cash = array![[0.03, 0.01]];
        for e in [-0.4, 0.0, 0.3] {
            let currency = array![[e, 0.0]];
            let markets = LocalMarkets::new(cash.view(), currency.view(), v.view(), v.view()).unwrap();
            let effects = data.karnosky_singer(&markets).unwrap();
            assert!((effects.portfolio_return[0] - effects.benchmark_return[0] - 0.2 * (0.02 - 0.01)).abs() < 1e-15);
            assert!((effects.allocation.sum() - 0.002).abs() < 1e-16 && effects.currency.sum() == 0.0);
            assert!(effects.residual()[0].abs() < 1e-15);
        }
        // Unhedged, it also earns 0.2 × (0.03 + e − 0.01).
        let currency = array![[0.10, 0.0]];
        let markets = LocalMarkets::new(cash.view(), currency.view(), w.view(), v.view()).unwrap();
        let effects = data.karnosky_singer(&markets).unwrap();
        assert!((effects.currency.sum() - 0.2 * 0.12).abs() < 1e-15);
        let text = serde_json::to_string(&effects).unwrap();
        assert_eq!(serde_json::from_str::<KarnoskySingerEffects>(&text).unwrap(), effects);
    }

    #[test]
    fn hostile_markets_are_named() {
        let (good, bad) = (array![[0.5, 0.5]], array![[0.5, 0.4]]);
        let error = LocalMarkets::new(good.view(), good.view(), bad.view(), good.view()).unwrap_err().to_string();
        assert!(error.contains("got 0.9"), "{error}");
        let nan = array![[0.5, f64::NAN]];
        assert!(LocalMarkets::new(nan.view(), good.view(), good.view(), good.view()).is_err());
        assert!(LocalMarkets::new(good.view(), array![[0.1]].view(), good.view(), good.view()).is_err());
    }
}
