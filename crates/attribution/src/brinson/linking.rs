use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Active returns all below this count as no active return: their squares are rounding.
const NO_ACTIVE_RETURN: f64 = 1e-14;

/// How effects of single periods add up to the active return of the whole span.
///
/// Returns compound, differences of returns do not: `Σ (R_t − B_t)` is not `Π(1 + R_t) − Π(1 + B_t)`. Each method
/// multiplies the effects of period `t` by a coefficient `c_t` with `Σ c_t (R_t − B_t) = P − B`, where `P` and `B`
/// are the compounded totals of `T` periods.
///
/// ```text
/// Carino     c_t = k_t / K     k = (ln(1 + R) − ln(1 + B)) / (R − B), K the same of the totals;
///                              where R = B the limit is 1 / (1 + R)
/// Menchero   c_t = M + α A_t   A = R − B,  M = ((P − B)/T) / ((1 + P)^{1/T} − (1 + B)^{1/T}),
///                              α = (P − B − M Σ A) / Σ A²;
///                              where P = B the limit is M = (1 + B)^{(T−1)/T}; without active return α = 0
/// GRAP       c_t = Π_{s<t} (1 + R_s) · Π_{s>t} (1 + B_s)
/// Frongello  F_t = A_t Π_{s<t} (1 + R_s) + B_t Σ_{s<t} F_s: in total the coefficients of GRAP
/// ```
///
/// Carino and Menchero spread compounding evenly and do not depend on the order of periods; they need logarithms and
/// roots, so that no period may lose everything. GRAP and Frongello have no such limit. GRAP assumes that effects
/// earned so far grow with the benchmark, earlier capital with the portfolio; Frongello's cumulative effects of the
/// past never change when a period is added.
///
/// # Source
/// Carino (1999), "Combining Attribution Effects Over Time"; Menchero (2000), "An Optimized Approach to Linking
/// Attribution Effects Over Time"; GRAP (1997), "Synthèse des modèles d'attribution de performance"; Frongello (2002),
/// "Linking Single Period Attribution Results".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Linking {
    /// Logarithmic smoothing.
    #[default]
    Carino,
    /// Optimised: coefficients as equal as they can be.
    Menchero,
    /// Groupe de recherche en attribution de performance.
    Grap,
    /// Cumulative recursion.
    Frongello,
}

/// Effects of single periods after linking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Linked {
    /// The method.
    pub linking: Linking,
    /// What the effects of each period were multiplied by in total.
    pub coefficients: Vec<f64>,
    /// Linked effects by column, summed over the periods.
    pub linked: Vec<f64>,
    /// Sum over the columns.
    pub total: f64,
    /// What each period added: with Frongello the increments `F_t`, else `c_t` times the effects. Rows sum to `linked`.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub by_period: Array2<f64>,
}

/// Links effects of single periods, of any kind and from any source.
///
/// | argument            | shape    | unit                                              |
/// |---------------------|----------|---------------------------------------------------|
/// | `effects`           | `(T, S)` | simple return of the period                       |
/// | `portfolio_returns` | `(T,)`   | total simple returns of the portfolio             |
/// | `benchmark_returns` | `(T,)`   | total simple returns of the benchmark             |
///
/// The linked effects sum to the compounded active return when the effects of each period sum to `R_t − B_t`; of
/// some of the effects, such as selection alone, the linked sum is their share of it.
///
/// # Errors
/// Those of [`Linking::coefficients`]; [`Error::Input`] for effects of another length or not finite.
///
/// # Examples
/// ```
/// use alluse_attribution::brinson::{Linking, link};
/// use ndarray::array;
///
/// let (portfolio, benchmark) = (array![0.10, 0.10], array![0.00, 0.10]);
/// let linked = link(array![[0.10], [0.0]].view(), portfolio.view(), benchmark.view(), Linking::Grap)?;
/// assert!((linked.total - (1.21 - 1.10)).abs() < 1e-15); // the first period's 10 % grew by 10 %
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn link(
    effects: ArrayView2<'_, f64>,
    portfolio_returns: ArrayView1<'_, f64>,
    benchmark_returns: ArrayView1<'_, f64>,
    linking: Linking,
) -> Result<Linked> {
    let coefficients = linking.coefficients(portfolio_returns, benchmark_returns)?;
    check::length("effects", coefficients.len(), effects.nrows())?;
    check::finite_matrix("effects", effects)?;
    let by_period = match linking {
        Linking::Frongello => frongello(effects, portfolio_returns, benchmark_returns),
        _ => &effects * &ArrayView1::from(&coefficients).insert_axis(Axis(1)),
    };
    let linked = by_period.sum_axis(Axis(0)).to_vec();
    let total = check::result("sum of the linked effects", linked.iter().sum())?;
    Ok(Linked { linking, coefficients, linked, total, by_period })
}

impl Linking {
    /// What the effects of each period are multiplied by.
    ///
    /// # Errors
    /// - [`Error::Input`] for no periods, lengths that differ, and returns that are not finite.
    /// - [`Error::Undefined`] with Carino and Menchero when a period loses everything (`1 + R ≤ 0`).
    pub fn coefficients(self, portfolio: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Result<Vec<f64>> {
        check::finite("portfolio returns", portfolio)?;
        check::length("benchmark returns", portfolio.len(), benchmark.len())?;
        check::finite("benchmark returns", benchmark)?;
        let coefficients = match self {
            Self::Carino => {
                survives("Carino linking", portfolio, benchmark)?;
                carino(portfolio, benchmark)
            }
            Self::Menchero => {
                survives("Menchero linking", portfolio, benchmark)?;
                menchero(portfolio, benchmark)
            }
            Self::Grap | Self::Frongello => grap(portfolio, benchmark),
        };
        check::finite("linking coefficients", ArrayView1::from(&coefficients))?;
        Ok(coefficients)
    }
}

/// `Π(1 + r)`.
fn growth<'a>(returns: impl IntoIterator<Item = &'a f64>) -> f64 {
    returns.into_iter().map(|r| 1.0 + r).product()
}

/// `Π(1 + r) − 1`.
pub(super) fn compound<'a>(returns: impl IntoIterator<Item = &'a f64>) -> f64 {
    growth(returns) - 1.0
}

/// Logarithms and roots need something to be left after every period.
fn survives(what: &'static str, portfolio: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Result<()> {
    for (who, returns) in [("portfolio", portfolio), ("benchmark", benchmark)] {
        if let Some((period, r)) = returns.iter().enumerate().find(|(_, r)| 1.0 + **r <= 0.0) {
            let reason =
                format!("the {who} returns {r} in period {period}, and 1 + {r} has no logarithm; link with GRAP");
            return Err(Error::undefined(what, reason));
        }
    }
    Ok(())
}

/// `(ln g − ln h) / (g − h)` as `ln(1 + x) / x / h` with `x = (g − h)/h`, which keeps its digits when `g` is near `h`.
fn log_slope(g: f64, h: f64) -> f64 {
    let x = (g - h) / h;
    let slope = if x.abs() < 1e-8 { 1.0 - x / 2.0 } else { x.ln_1p() / x };
    slope / h
}

fn carino(portfolio: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Vec<f64> {
    let whole = log_slope(growth(portfolio), growth(benchmark));
    portfolio.iter().zip(benchmark).map(|(&r, &b)| log_slope(1.0 + r, 1.0 + b) / whole).collect()
}

fn menchero(portfolio: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Vec<f64> {
    let periods = portfolio.len() as f64;
    let (total, base) = (growth(portfolio), growth(benchmark));
    let active: Array1<f64> = &portfolio - &benchmark;
    // (P − B) / ((1+P)^{1/T} − (1+B)^{1/T}) as a quotient of expm1: exact digits, and the limit, when P is near B.
    let log_ratio = ((total - base) / base).ln_1p();
    let step = log_ratio / periods;
    let quotient = if step == 0.0 { 1.0 } else { log_ratio.exp_m1() / (periods * step.exp_m1()) };
    let natural = base.powf((periods - 1.0) / periods) * quotient;
    if active.iter().all(|a| a.abs() < NO_ACTIVE_RETURN) {
        return vec![natural; portfolio.len()];
    }
    let squares: f64 = active.iter().map(|a| a * a).sum();
    let correction = (total - base - natural * active.sum()) / squares;
    active.iter().map(|a| natural + correction * a).collect()
}

fn grap(portfolio: ArrayView1<'_, f64>, benchmark: ArrayView1<'_, f64>) -> Vec<f64> {
    let mut coefficients = vec![1.0; portfolio.len()];
    let mut later = 1.0;
    for (coefficient, b) in coefficients.iter_mut().zip(benchmark).rev() {
        *coefficient = later;
        later *= 1.0 + b;
    }
    let mut earlier = 1.0;
    for (coefficient, r) in coefficients.iter_mut().zip(portfolio) {
        *coefficient *= earlier;
        earlier *= 1.0 + r;
    }
    coefficients
}

/// What each period adds to the cumulative effects.
fn frongello(
    effects: ArrayView2<'_, f64>,
    portfolio: ArrayView1<'_, f64>,
    benchmark: ArrayView1<'_, f64>,
) -> Array2<f64> {
    let mut increments = effects.to_owned();
    let mut cumulative: Array1<f64> = Array1::zeros(effects.ncols());
    let mut earlier = 1.0;
    for ((mut increment, r), b) in increments.rows_mut().into_iter().zip(portfolio).zip(benchmark) {
        increment.zip_mut_with(&cumulative, |effect, past| *effect = *effect * earlier + b * past);
        cumulative += &increment;
        earlier *= 1.0 + r;
    }
    increments
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use testkit::close;

    use super::*;

    const ALL: [Linking; 4] = [Linking::Carino, Linking::Menchero, Linking::Grap, Linking::Frongello];

    #[test]
    fn one_period_needs_no_linking() {
        for linking in ALL {
            let coefficients = linking.coefficients(array![0.08].view(), array![0.05].view()).unwrap();
            close(coefficients[0], 1.0, 1e-15);
        }
    }

    #[test]
    fn limits_where_returns_agree() {
        // R = B in the second period, whose slope is 1/1.1; K = ln(1.32/1.21)/(1.32 − 1.21).
        let (r, b) = (array![0.2, 0.1], array![0.1, 0.1]);
        let whole = (1.32_f64 / 1.21).ln() / 0.11;
        close(Linking::Carino.coefficients(r.view(), b.view()).unwrap()[1], 1.0 / 1.1 / whole, 1e-14);
        // The totals agree, the periods do not: M = (1 + B)^{1/2}, α = −M ΣA / ΣA².
        let (r, b) = (array![0.1, 0.2], array![0.2, 0.1]);
        let coefficients = Linking::Menchero.coefficients(r.view(), b.view()).unwrap();
        close(coefficients[0], 1.32_f64.sqrt(), 1e-14);
        close(coefficients[1], 1.32_f64.sqrt(), 1e-14);
        // No active return anywhere.
        let same = array![0.1, 0.2, -0.05];
        let coefficients = Linking::Menchero.coefficients(same.view(), same.view()).unwrap();
        close(coefficients[2], 1.254_f64.powf(2.0 / 3.0), 1e-14);
        let coefficients = Linking::Carino.coefficients(same.view(), same.view()).unwrap();
        close(coefficients[2], 1.254 / 0.95, 1e-14);
    }

    #[test]
    fn close_returns_lose_no_digits() {
        // (ln(1.05 + d) − ln 1.05)/d at d = 1e-12 in arithmetic of 50 digits.
        let slope = log_slope(1.05 + 1e-12, 1.05);
        close(slope, 0.952_380_952_380_499, 1e-14);
        // Both sides of the switch to the series.
        close(log_slope(1.0 + 0.9e-8, 1.0), log_slope(1.0 + 1.1e-8, 1.0) + 0.1e-8, 1e-15);
    }

    #[test]
    fn total_losses_are_left_to_grap() {
        let effects = array![[0.1, -0.4], [0.2, 0.0]];
        let (r, b) = (array![-1.2, 0.1], array![-0.9, -0.1]);
        for linking in [Linking::Carino, Linking::Menchero] {
            let error = link(effects.view(), r.view(), b.view(), linking).unwrap_err();
            let text = error.to_string();
            assert!(
                matches!(error, Error::Undefined { .. }) && text.contains("period 0") && text.contains("GRAP"),
                "{text}"
            );
            assert!(linking.coefficients(b.view(), r.view()).unwrap_err().to_string().contains("benchmark"));
            assert!(linking.coefficients(array![-1.0].view(), array![0.0].view()).is_err());
        }
        // Π(1+R) − Π(1+B) = (−0.2)(1.1) − (0.1)(0.9) = −0.31.
        for linking in [Linking::Grap, Linking::Frongello] {
            close(link(effects.view(), r.view(), b.view(), linking).unwrap().total, -0.31, 1e-15);
        }
    }

    #[test]
    fn hostile_input_is_named() {
        let refuse = |effects: Array2<f64>, r: Array1<f64>, b: Array1<f64>| {
            link(effects.view(), r.view(), b.view(), Linking::Grap).unwrap_err().to_string()
        };
        assert_eq!(refuse(array![[0.1]], array![], array![]), "portfolio returns is empty");
        assert_eq!(refuse(array![[0.1]], array![0.1], array![]), "benchmark returns must have length 1, got 0");
        assert_eq!(refuse(array![[0.1], [0.1]], array![0.1], array![0.1]), "effects must have length 1, got 2");
        assert_eq!(refuse(array![[f64::NAN]], array![0.1], array![0.1]), "effects[0, 0] must be finite, got NaN");
        assert!(refuse(array![[0.1]], array![f64::NAN], array![0.1]).starts_with("portfolio returns[0]"));
    }
}
