//! Surface SVI: every expiry a smile of one family.

use serde::{Deserialize, Serialize};

use super::{Svi, SviParameters, check};
use crate::{Error, Result};

/// The parameters of [`Ssvi`], unchecked until they reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SsviParameters {
    /// Correlation, in (−1, 1).
    pub rho: f64,
    /// Level of the curvature, above 0.
    pub eta: f64,
    /// How fast the curvature falls with variance, in [0, 1].
    pub gamma: f64,
    /// Years to each expiry, increasing.
    pub times: Vec<f64>,
    /// Total variance at the money at each expiry.
    pub atm_variances: Vec<f64>,
}

/// Total variance of a whole surface in three numbers and a curve.
///
/// ```text
/// w(k, θ) = θ/2 (1 + ρ φ(θ) k + √((φ(θ) k + ρ)² + 1 − ρ²))      φ(θ) = η θ^(−γ)
/// ```
///
/// `θ(T)` is total variance at the money, linear in time between the expiries.
///
/// # Source
/// Gatheral and Jacquier (2014), "Arbitrage-free SVI volatility surfaces", with the power-law φ.
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{Ssvi, SsviParameters};
///
/// let ssvi = Ssvi::new(SsviParameters {
///     rho: -0.7,
///     eta: 1.0,
///     gamma: 0.5,
///     times: vec![0.25, 1.0],
///     atm_variances: vec![0.01, 0.04],
/// })?;
/// assert!((ssvi.total_variance(0.0, 1.0)? - 0.04).abs() < 1e-15);
/// assert!(ssvi.conditions().hold());
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SsviParameters", into = "SsviParameters")]
pub struct Ssvi(SsviParameters);

/// The conditions under which an SSVI surface has no static arbitrage, at the expiries of the surface.
///
/// They are sufficient; a surface that misses one may still be free of arbitrage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SsviConditions {
    /// Largest `θφ(1 + |ρ|)`: below 4 for no butterfly arbitrage.
    pub wing: f64,
    /// Largest `θφ²(1 + |ρ|)`: at most 4 for no butterfly arbitrage.
    pub curvature: f64,
    /// Smallest increase of `θ` from one expiry to the next, from 0 at the start: at least 0 for no calendar
    /// arbitrage.
    pub smallest_increase: f64,
    /// `(∂(θφ)/∂θ)/φ`, which is `1 − γ`.
    pub growth: f64,
    /// `(1 + √(1 − ρ²))/ρ²`, which bounds it; infinite without correlation, where nothing is asked.
    pub growth_bound: Option<f64>,
}

impl SsviConditions {
    /// Whether all hold.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.butterfly_free() && self.calendar_free()
    }

    /// Whether the two conditions against butterfly arbitrage hold.
    #[must_use]
    pub fn butterfly_free(&self) -> bool {
        self.wing < 4.0 && self.curvature <= 4.0
    }

    /// Whether the conditions against calendar arbitrage hold.
    #[must_use]
    pub fn calendar_free(&self) -> bool {
        let grows = self.growth >= 0.0 && self.growth_bound.is_none_or(|bound| self.growth <= bound);
        self.smallest_increase >= 0.0 && grows
    }
}

impl Ssvi {
    /// # Errors
    /// - `OutOfDomain` unless `|ρ| < 1`, `η > 0` and `0 ≤ γ ≤ 1`.
    /// - `Empty`, `LengthMismatch`, `NotIncreasing` or `ElementOutOfDomain` unless the times are positive and increase
    ///   and every one has a positive variance. The variances need not increase: [`conditions`](Self::conditions)
    ///   says whether they do.
    pub fn new(parameters: SsviParameters) -> Result<Self> {
        let SsviParameters { rho, eta, gamma, times, atm_variances } = &parameters;
        if !(rho.abs() < 1.0) {
            return Err(Error::out_of_domain("rho", "in (-1, 1)", *rho));
        }
        check::positive("eta", *eta)?;
        if !(*gamma >= 0.0 && *gamma <= 1.0) {
            return Err(Error::out_of_domain("gamma", "in [0, 1]", *gamma));
        }
        if times.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "times" }.into());
        }
        check::length("atm_variances", times.len(), atm_variances.len())?;
        check::all_positive("times", times)?;
        check::increasing("times", times)?;
        check::all_positive("atm_variances", atm_variances)?;
        let ssvi = Self(parameters);
        for index in 0..ssvi.0.times.len() {
            ssvi.smile_of(ssvi.0.atm_variances[index])?;
        }
        Ok(ssvi)
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &SsviParameters {
        &self.0
    }

    /// `φ(θ)`.
    #[must_use]
    pub fn phi(&self, atm_variance: f64) -> f64 {
        self.0.eta * libm::pow(atm_variance, -self.0.gamma)
    }

    /// `θ(T)`: linear between the expiries and from 0 at the start; after the last the volatility stays.
    ///
    /// # Errors
    /// `OutOfDomain` unless the time is positive and finite.
    pub fn atm_variance(&self, time: f64) -> Result<f64> {
        check::positive("time", time)?;
        let SsviParameters { times, atm_variances, .. } = &self.0;
        let after = times.partition_point(|t| *t < time);
        let (before, after) = match after {
            0 => return Ok(atm_variances[0] * time / times[0]),
            n if n == times.len() => return Ok(atm_variances[n - 1] * time / times[n - 1]),
            n => (n - 1, n),
        };
        let share = (time - times[before]) / (times[after] - times[before]);
        Ok(atm_variances[before] + share * (atm_variances[after] - atm_variances[before]))
    }

    /// Total variance at a log-moneyness and a time in years.
    ///
    /// # Errors
    /// `OutOfDomain` unless the log-moneyness is finite and the time positive and finite.
    pub fn total_variance(&self, log_moneyness: f64, time: f64) -> Result<f64> {
        check::finite("log-moneyness", log_moneyness)?;
        Ok(self.smile(time)?.total_variance(log_moneyness))
    }

    /// The raw SVI smile at a time in years:
    ///
    /// ```text
    /// a = θ(1 − ρ²)/2    b = θφ/2    m = −ρ/φ    σ = √(1 − ρ²)/φ
    /// ```
    ///
    /// # Errors
    /// As [`atm_variance`](Self::atm_variance).
    pub fn smile(&self, time: f64) -> Result<Svi> {
        self.smile_of(self.atm_variance(time)?)
    }

    fn smile_of(&self, theta: f64) -> Result<Svi> {
        let rho = self.0.rho;
        let phi = self.phi(theta);
        let rest = (1.0 - rho) * (1.0 + rho);
        let (a, b) = (0.5 * theta * rest, 0.5 * theta * phi);
        Svi::new(SviParameters { a, b, rho, m: -rho / phi, sigma: rest.sqrt() / phi })
    }

    /// The sufficient conditions for no static arbitrage, at the expiries of the surface.
    ///
    /// # Source
    /// Gatheral and Jacquier (2014), theorems 4.1 and 4.2.
    #[must_use]
    pub fn conditions(&self) -> SsviConditions {
        let SsviParameters { rho, gamma, atm_variances, .. } = &self.0;
        let skew = 1.0 + rho.abs();
        let largest = |of: &dyn Fn(f64) -> f64| atm_variances.iter().map(|theta| of(*theta)).fold(0.0, f64::max);
        let increases = atm_variances.windows(2).map(|pair| pair[1] - pair[0]);
        let square = rho * rho;
        SsviConditions {
            wing: largest(&|theta| theta * self.phi(theta) * skew),
            curvature: largest(&|theta| theta * self.phi(theta) * self.phi(theta) * skew),
            smallest_increase: increases.fold(atm_variances[0], f64::min),
            growth: 1.0 - gamma,
            growth_bound: (square > 0.0).then(|| (1.0 + (1.0 - square).sqrt()) / square),
        }
    }
}

impl TryFrom<SsviParameters> for Ssvi {
    type Error = Error;

    fn try_from(parameters: SsviParameters) -> Result<Self> {
        Self::new(parameters)
    }
}

impl From<Ssvi> for SsviParameters {
    fn from(ssvi: Ssvi) -> Self {
        ssvi.0
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Error as Input;
    use proptest::prelude::*;

    use super::*;

    fn parameters(rho: f64, eta: f64, gamma: f64) -> SsviParameters {
        SsviParameters { rho, eta, gamma, times: vec![0.25, 1.0, 2.0], atm_variances: vec![0.01, 0.04, 0.09] }
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let good = || parameters(-0.5, 1.0, 0.5);
        type Check = fn(&Input) -> bool;
        let cases: [(SsviParameters, Check); 9] = [
            (parameters(1.0, 1.0, 0.5), |e| matches!(e, Input::OutOfDomain { name: "rho", .. })),
            (parameters(f64::NAN, 1.0, 0.5), |e| matches!(e, Input::OutOfDomain { name: "rho", .. })),
            (parameters(0.0, 0.0, 0.5), |e| matches!(e, Input::OutOfDomain { name: "eta", .. })),
            (parameters(0.0, 1.0, 1.01), |e| matches!(e, Input::OutOfDomain { name: "gamma", .. })),
            (parameters(0.0, 1.0, -0.01), |e| matches!(e, Input::OutOfDomain { name: "gamma", .. })),
            (SsviParameters { times: vec![], atm_variances: vec![], ..good() }, |e| matches!(e, Input::Empty { .. })),
            (SsviParameters { times: vec![1.0], ..good() }, |e| matches!(e, Input::LengthMismatch { .. })),
            (SsviParameters { times: vec![0.25, 0.25, 1.0], ..good() }, |e| {
                matches!(e, Input::NotIncreasing { index: 1, .. })
            }),
            (SsviParameters { atm_variances: vec![0.01, 0.0, 0.1], ..good() }, |e| {
                matches!(e, Input::ElementOutOfDomain { index: 1, .. })
            }),
        ];
        for (bad, right) in cases {
            match Ssvi::new(bad.clone()) {
                Err(Error::Input(error)) => assert!(right(&error), "{bad:?}: {error}"),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
        for edge in [0.0, 1.0] {
            assert!(Ssvi::new(parameters(0.0, 1.0, edge)).is_ok());
        }
        let ssvi = Ssvi::new(good()).unwrap();
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(ssvi.total_variance(0.0, bad).is_err());
        }
        assert!(ssvi.total_variance(f64::NAN, 1.0).is_err());
        let text = serde_json::to_string(&ssvi).unwrap();
        assert_eq!(serde_json::from_str::<Ssvi>(&text).unwrap(), ssvi);
        assert!(serde_json::from_str::<Ssvi>(&text.replace("-0.5", "-1.5")).is_err());
    }

    #[test]
    fn variance_at_the_money_is_a_polygon() {
        let ssvi = Ssvi::new(parameters(-0.5, 1.0, 0.5)).unwrap();
        for (time, theta) in [(0.125, 0.005), (0.25, 0.01), (0.625, 0.025), (1.5, 0.065), (2.0, 0.09), (4.0, 0.18)] {
            assert!((ssvi.atm_variance(time).unwrap() - theta).abs() < 1e-15, "{time}");
            assert!((ssvi.total_variance(0.0, time).unwrap() - theta).abs() < 1e-15, "{time}");
        }
    }

    #[test]
    fn conditions_by_hand() {
        // φ = 2/√θ: θφ = 2√θ, largest 0.6; θφ² = 4 at every expiry.
        let conditions = Ssvi::new(parameters(0.0, 2.0, 0.5)).unwrap().conditions();
        assert!((conditions.wing - 0.6).abs() < 1e-15 && (conditions.curvature - 4.0).abs() < 1e-14);
        assert!((conditions.smallest_increase - 0.01).abs() < 1e-15);
        assert_eq!((conditions.growth, conditions.growth_bound), (0.5, None));
        let skewed = Ssvi::new(parameters(-0.6, 2.0, 0.5)).unwrap().conditions();
        assert!((skewed.curvature - 6.4).abs() < 1e-13 && !skewed.butterfly_free() && skewed.calendar_free());
        assert!((skewed.growth_bound.unwrap() - 5.0).abs() < 1e-14); // 1.8 / 0.36
        let falling = SsviParameters { atm_variances: vec![0.02, 0.01, 0.03], ..parameters(0.0, 1.0, 0.5) };
        let falling = Ssvi::new(falling).unwrap().conditions();
        assert!((falling.smallest_increase + 0.01).abs() < 1e-15 && falling.butterfly_free() && !falling.hold());
        let steep = SsviParameters { atm_variances: vec![1.0, 2.0, 4.0], ..parameters(0.0, 1.0, 0.0) };
        let steep = Ssvi::new(steep).unwrap().conditions();
        assert_eq!((steep.wing, steep.hold()), (4.0, false));
    }

    proptest! {
        /// The formula of the surface against that of the smile it is turned into.
        #[test]
        fn each_expiry_is_a_raw_smile(rho in -0.9..0.9_f64, eta in 0.2..2.0_f64, gamma in 0.0..1.0_f64, k in -1.0..1.0_f64) {
            let ssvi = Ssvi::new(parameters(rho, eta, gamma)).unwrap();
            let theta = 0.04;
            let phi = ssvi.phi(theta);
            let root = ((phi * k + rho).powi(2) + 1.0 - rho * rho).sqrt();
            let w = 0.5 * theta * (1.0 + rho * phi * k + root);
            prop_assert!((ssvi.total_variance(k, 1.0).unwrap() - w).abs() < 1e-14);
        }

        #[test]
        fn what_meets_the_conditions_has_no_arbitrage(rho in -0.9..0.9_f64, eta in 0.1..2.0_f64, gamma in 0.05..0.95_f64) {
            let ssvi = Ssvi::new(parameters(rho, eta, gamma)).unwrap();
            prop_assume!(ssvi.conditions().hold());
            for step in -30..=30 {
                let k = 0.1 * f64::from(step);
                let mut before = 0.0;
                for time in [0.25, 1.0, 2.0] {
                    let point = ssvi.smile(time).unwrap().at(k);
                    prop_assert!(point.butterfly(k) >= -1e-12);
                    prop_assert!(point.variance >= before);
                    before = point.variance;
                }
            }
        }
    }
}
