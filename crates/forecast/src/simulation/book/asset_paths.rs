//! What the market does on each path.

use alluse_risk_core::{AssetId, Currency, Error as Input};
use ndarray::{Array3, ArrayView3};

use crate::{Result, check};

/// Equally likely joint futures of the assets of a book: simple price returns, and where they are simulated
/// volatilities and exchange rates.
///
/// | part | shape | unit |
/// |---|---|---|
/// | returns | paths × steps × assets | simple return of the price from one exchange day to the next, at least −1 |
/// | volatilities | paths × steps × assets | positive multiples of today's volatility, at the close of the step |
/// | exchange rates | paths × steps × currencies | simple return of the price of a unit in base currency, above −1 |
///
/// The first step leads from the day of the market to the next exchange day. Prices are without dividends: the cash
/// dividends of the market are received on top.
///
/// ```
/// use alluse_forecast::simulation::book::AssetPaths;
/// use alluse_risk_core::AssetId;
/// use ndarray::array;
///
/// let paths = AssetPaths::new(vec![AssetId::new("KO")?], array![[[0.01], [-0.02]], [[0.00], [0.03]]])?;
/// assert_eq!((paths.len(), paths.steps()), (2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AssetPaths {
    assets: Vec<AssetId>,
    returns: Array3<f64>,
    volatility_ratios: Option<Array3<f64>>,
    currencies: Vec<Currency>,
    currency_returns: Option<Array3<f64>>,
}

impl AssetPaths {
    /// From the returns of the assets, paths × steps × assets.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without assets, paths or steps, for an asset named twice, for another
    /// number of columns than assets, and for a return that is not finite or below −1.
    pub fn new(assets: Vec<AssetId>, returns: Array3<f64>) -> Result<Self> {
        let (paths, steps, columns) = returns.dim();
        check::length("columns of returns", assets.len(), columns)?;
        unique("asset", assets.iter().map(AssetId::as_str))?;
        if assets.is_empty() || paths == 0 || steps == 0 {
            let name = if assets.is_empty() { "assets" } else { "paths" };
            return Err(Input::Empty { name }.into());
        }
        let expected = "finite and at least -1";
        entries("returns", expected, &returns, |asset| assets[asset].to_string(), |r| r.is_finite() && r >= -1.0)?;
        Ok(Self { assets, returns, volatility_ratios: None, currencies: Vec::new(), currency_returns: None })
    }

    /// With the volatility of every asset at the close of each step, paths × steps × assets, beside today's; both in
    /// one unit, whichever it is.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for other shapes than that of the returns, and for a volatility that is not
    /// positive and finite.
    pub fn with_volatilities(mut self, today: &[f64], volatilities: ArrayView3<'_, f64>) -> Result<Self> {
        check::length("volatilities of today", self.assets.len(), today.len())?;
        same_shape(["paths of volatilities", "steps of volatilities", "columns of volatilities"], &self, volatilities)?;
        check::elements("volatilities of today", "positive and finite", today.into(), |v| v > 0.0 && v.is_finite())?;
        let mut ratios = volatilities.to_owned();
        let name = |asset: usize| self.assets[asset].to_string();
        entries("volatilities", "positive and finite", &ratios, name, |v| v > 0.0 && v.is_finite())?;
        ratios.indexed_iter_mut().for_each(|((_, _, asset), value)| *value /= today[asset]);
        self.volatility_ratios = Some(ratios);
        Ok(self)
    }

    /// With the exchange rates of other currencies than the base, paths × steps × currencies.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for other shapes, a currency named twice, and a return that is not finite or
    /// not above −1.
    pub fn with_currencies(mut self, currencies: Vec<Currency>, returns: Array3<f64>) -> Result<Self> {
        let (paths, steps, columns) = returns.dim();
        check::length("paths of exchange rates", self.len(), paths)?;
        check::length("steps of exchange rates", self.steps(), steps)?;
        check::length("columns of exchange rates", currencies.len(), columns)?;
        unique("currency", currencies.iter().map(Currency::as_str))?;
        let name = |currency: usize| currencies[currency].to_string();
        entries("exchange rates", "finite and above -1", &returns, name, |r| r.is_finite() && r > -1.0)?;
        (self.currencies, self.currency_returns) = (currencies, Some(returns));
        Ok(self)
    }

    /// The assets, column by column.
    #[must_use]
    pub fn assets(&self) -> &[AssetId] {
        &self.assets
    }

    /// Simple returns, paths × steps × assets.
    #[must_use]
    pub fn returns(&self) -> ArrayView3<'_, f64> {
        self.returns.view()
    }

    /// Volatilities as multiples of today's, paths × steps × assets, where they are simulated.
    #[must_use]
    pub fn volatility_ratios(&self) -> Option<ArrayView3<'_, f64>> {
        self.volatility_ratios.as_ref().map(|ratios| ratios.view())
    }

    /// The currencies whose price in base currency is simulated.
    #[must_use]
    pub fn currencies(&self) -> &[Currency] {
        &self.currencies
    }

    pub(super) fn currency_returns(&self) -> Option<&Array3<f64>> {
        self.currency_returns.as_ref()
    }

    /// Number of exchange days.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.returns.dim().1
    }

    /// Number of paths.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.returns.dim().0
    }
}

fn unique<'a>(name: &'static str, values: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for (second, value) in values.enumerate() {
        if let Some(first) = seen.insert(value, second) {
            return Err(Input::Duplicate { name, value: value.to_owned(), first, second }.into());
        }
    }
    Ok(())
}

fn same_shape(names: [&'static str; 3], paths: &AssetPaths, got: ArrayView3<'_, f64>) -> Result<()> {
    let ((a, b, c), (x, y, z)) = (paths.returns.dim(), got.dim());
    check::length(names[0], a, x)?;
    check::length(names[1], b, y)?;
    check::length(names[2], c, z)
}

fn entries(
    name: &'static str,
    expected: &'static str,
    values: &Array3<f64>,
    column: impl Fn(usize) -> String,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !fits(**value)) {
        None => Ok(()),
        Some(((path, step, index), &value)) => {
            let row = format!("path {path}, step {step}");
            Err(Input::EntryOutOfDomain { name, row, column: column(index), expected, value }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array3, array};

    use super::*;

    fn assets(names: &[&str]) -> Vec<AssetId> {
        names.iter().map(|name| AssetId::new(*name).unwrap()).collect()
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let good = || Array3::zeros((2, 3, 2));
        let refused = |names: &[&str], returns| AssetPaths::new(assets(names), returns).unwrap_err();
        assert_eq!(refused(&["A"], good()).kind(), ErrorKind::InvalidInput);
        assert!(refused(&["A", "A"], good()).to_string().contains("twice"));
        assert!(refused(&["A", "B"], Array3::zeros((0, 3, 2))).to_string().contains("empty"));
        assert!(refused(&["A", "B"], Array3::zeros((2, 0, 2))).to_string().contains("empty"));
        assert!(refused(&[], Array3::zeros((2, 3, 0))).to_string().contains("assets"));
        for bad in [f64::NAN, f64::INFINITY, -1.000_001] {
            let mut returns = good();
            returns[[1, 2, 1]] = bad;
            let text = refused(&["A", "B"], returns).to_string();
            assert!(text.starts_with("returns[path 1, step 2, B]"), "{text}");
        }
        let paths = AssetPaths::new(assets(&["A", "B"]), good()).unwrap();
        let ones = Array3::from_elem((2, 3, 2), 1.0);
        assert!(paths.clone().with_volatilities(&[0.2], ones.view()).is_err());
        assert!(paths.clone().with_volatilities(&[0.2, 0.0], ones.view()).is_err());
        assert!(paths.clone().with_volatilities(&[0.2, 0.2], good().view()).is_err());
        assert!(paths.clone().with_volatilities(&[0.2, 0.2], Array3::ones((2, 2, 2)).view()).is_err());
        let euro = || vec![Currency::new("EUR").unwrap()];
        assert!(paths.clone().with_currencies(euro(), good()).is_err());
        assert!(paths.clone().with_currencies(euro(), Array3::from_elem((2, 3, 1), -1.0)).is_err());
        assert!(paths.with_currencies(euro(), Array3::zeros((2, 3, 1))).is_ok());
    }

    #[test]
    fn volatilities_are_kept_as_multiples_of_todays() {
        let paths = AssetPaths::new(assets(&["A"]), array![[[0.0], [0.0]]]).unwrap();
        let paths = paths.with_volatilities(&[0.2], array![[[0.3], [0.1]]].view()).unwrap();
        let ratios = paths.volatility_ratios().unwrap();
        assert!((ratios[[0, 0, 0]] - 1.5).abs() < 1e-15 && (ratios[[0, 1, 0]] - 0.5).abs() < 1e-15);
    }
}
