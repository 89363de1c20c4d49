//! Fitting surface SVI to all expiries at once.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use super::simplex::{self, Minimum, Stop};
use super::{Ssvi, SsviParameters, check};
use crate::{Error, Result};

/// Corners of the grid of starts.
const RHO_STARTS: [f64; 4] = [-0.8, -0.4, 0.0, 0.4];
const ETA_STARTS: [f64; 3] = [0.5, 1.0, 2.0];
const GAMMA_STARTS: [f64; 2] = [0.3, 0.6];
/// Searches that are started from the best of them.
const STARTS: usize = 3;

/// Quotes of one expiry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VarianceSlice {
    /// Years to expiry.
    pub time: f64,
    /// `ln(K/F)` of each quote.
    pub log_moneyness: Vec<f64>,
    /// `σ²T` of each quote.
    pub total_variance: Vec<f64>,
}

/// Whether a fit may end where static arbitrage is possible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoArbitrage {
    /// The sufficient conditions of [`SsviConditions`](super::SsviConditions) hold at every expiry.
    #[default]
    Enforced,
    /// They are reported only.
    Reported,
}

/// How a surface SVI is fitted: least squares of total variance over all quotes.
///
/// `θ` of each expiry is the best for given `(ρ, η, γ)`, which are searched by downhill simplexes from a grid of
/// starts.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `no_arbitrage` | `Enforced` | whether the sufficient conditions bind | |
/// | `max_iterations` | 2,000 | of each simplex search | at least 1 |
/// | `tolerance` | 1e-8 | size of the final simplex | positive |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SsviFit {
    no_arbitrage: NoArbitrage,
    max_iterations: usize,
    tolerance: f64,
}

impl Default for SsviFit {
    fn default() -> Self {
        Self { no_arbitrage: NoArbitrage::default(), max_iterations: 2_000, tolerance: 1e-8 }
    }
}

/// A surface and how far it is from the quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedSsvi {
    /// The surface.
    pub ssvi: Ssvi,
    /// Root mean squared error of total variance over all quotes.
    pub rms_error: f64,
    /// Largest absolute error of total variance, by expiry.
    pub max_errors: Vec<f64>,
    /// Quotes used.
    pub observations: usize,
    /// Simplex steps of the search that won.
    pub iterations: usize,
}

impl SsviFit {
    /// Whether the sufficient conditions bind.
    #[must_use]
    pub fn with_no_arbitrage(mut self, no_arbitrage: NoArbitrage) -> Self {
        self.no_arbitrage = no_arbitrage;
        self
    }

    /// Longest search.
    #[must_use]
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Self {
        self.max_iterations = max_iterations;
        self
    }

    /// Size of the final simplex.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The surface nearest to the quotes.
    ///
    /// # Errors
    /// - `InsufficientData` below 2 expiries, or 3 different strikes at one of them.
    /// - `NotIncreasing` unless the expiries come in order; `LengthMismatch` or `ElementOutOfDomain` for quotes that are
    ///   not pairs of a finite log-moneyness and a positive variance.
    /// - `OutOfDomain` for the tolerance or the number of iterations.
    /// - `NotConverged` when the search stops early, as it does when no surface meets the conditions.
    pub fn fit(&self, slices: &[VarianceSlice]) -> Result<FittedSsvi> {
        self.checked(slices)?;
        let problem = Problem { slices, no_arbitrage: self.no_arbitrage };
        let found = problem.best(Stop { tolerance: self.tolerance, iterations: self.max_iterations });
        let unfinished = || {
            let (iterations, residual) = (found.iterations, found.value.sqrt());
            Error::from(Input::NotConverged { name: "SSVI fit", iterations, residual })
        };
        if !found.converged {
            return Err(unfinished());
        }
        let family = Family::at(&found.at);
        let atm_variances = problem.atm_variances(family).ok_or_else(unfinished)?;
        let times = slices.iter().map(|slice| slice.time).collect();
        let Family { rho, eta, gamma } = family;
        let ssvi = Ssvi::new(SsviParameters { rho, eta, gamma, times, atm_variances })?;
        let mut max_errors = Vec::with_capacity(slices.len());
        let (mut squares, mut observations) = (0.0, 0);
        for slice in slices {
            let smile = ssvi.smile(slice.time)?;
            let errors = slice.pairs().map(|(k, w)| smile.total_variance(k) - w);
            max_errors.push(errors.fold(0.0, |largest: f64, error| {
                squares += error * error;
                largest.max(error.abs())
            }));
            observations += slice.log_moneyness.len();
        }
        let rms_error = (squares / observations as f64).sqrt();
        Ok(FittedSsvi { ssvi, rms_error, max_errors, observations, iterations: found.iterations })
    }

    fn checked(&self, slices: &[VarianceSlice]) -> Result<()> {
        check::enough("expiries of an SSVI fit", 2, slices.len())?;
        let times: Vec<f64> = slices.iter().map(|slice| slice.time).collect();
        check::all_positive("times", &times)?;
        check::increasing("times", &times)?;
        for slice in slices {
            check::length("total variances", slice.log_moneyness.len(), slice.total_variance.len())?;
            check::all_finite("log-moneyness", &slice.log_moneyness)?;
            check::all_positive("total variances", &slice.total_variance)?;
            check::enough("strikes of an expiry", 3, check::distinct(&slice.log_moneyness))?;
        }
        check::positive("tolerance", self.tolerance)?;
        if self.max_iterations == 0 {
            return Err(Error::out_of_domain("max_iterations", "at least 1", 0.0));
        }
        Ok(())
    }
}

impl VarianceSlice {
    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.log_moneyness.iter().copied().zip(self.total_variance.iter().copied())
    }
}

/// What all expiries share.
#[derive(Debug, Clone, Copy)]
struct Family {
    rho: f64,
    eta: f64,
    gamma: f64,
}

impl Family {
    fn at(x: &[f64]) -> Self {
        Self { rho: libm::tanh(x[0]), eta: libm::exp(x[1]), gamma: 1.0 / (1.0 + libm::exp(-x[2])) }
    }

    /// `w` and `∂w/∂θ`.
    fn variance(self, k: f64, theta: f64) -> (f64, f64) {
        let Self { rho, eta, gamma } = self;
        let phi = eta * libm::pow(theta, -gamma);
        let tilted = phi * k + rho;
        let root = (tilted * tilted + (1.0 - rho) * (1.0 + rho)).sqrt();
        let shape = 1.0 + rho * phi * k + root;
        let bend = -gamma * phi * k * (rho + tilted / root);
        (0.5 * theta * shape, 0.5 * (shape + bend))
    }

    /// The `θ` at which the conditions against butterfly arbitrage hold.
    fn butterfly_free(self) -> (f64, f64) {
        let Self { rho, eta, gamma } = self;
        let skew = 1.0 + rho.abs();
        // The wing condition is strict.
        let wing = libm::pow((4.0 - 1e-9) / (eta * skew), 1.0 / (1.0 - gamma));
        let exponent = 1.0 - 2.0 * gamma;
        let limit = 4.0 / (eta * eta * skew);
        if exponent == 0.0 {
            return if limit >= 1.0 { (0.0, wing) } else { (1.0, 0.0) };
        }
        let bound = libm::pow(limit, 1.0 / exponent);
        if exponent > 0.0 { (0.0, wing.min(bound)) } else { (bound, wing) }
    }
}

struct Problem<'a> {
    slices: &'a [VarianceSlice],
    no_arbitrage: NoArbitrage,
}

impl Problem<'_> {
    /// The best `θ` of each expiry, none when the conditions leave no room.
    fn atm_variances(&self, family: Family) -> Option<Vec<f64>> {
        let mut variances = Vec::with_capacity(self.slices.len());
        let mut before: f64 = 0.0;
        for slice in self.slices {
            let range = slice.total_variance.iter().fold((f64::INFINITY, 0.0_f64), |r, w| (r.0.min(*w), r.1.max(*w)));
            let (mut low, mut high) = (1e-2 * range.0, 10.0 * range.1);
            if self.no_arbitrage == NoArbitrage::Enforced {
                let free = family.butterfly_free();
                // A hair inside, so that rounding does not lead back out.
                low = low.max(before).max(free.0 * (1.0 + 1e-12));
                high = high.min(free.1 * (1.0 - 1e-12));
            }
            if !(low <= high && low > 0.0) {
                return None;
            }
            before = best_variance(slice, family, low, high);
            variances.push(before);
        }
        Some(variances)
    }

    fn objective(&self, x: &[f64]) -> f64 {
        let family = Family::at(x);
        if !(family.rho.abs() < 1.0 && family.eta.is_finite() && family.gamma < 1.0) {
            return f64::INFINITY;
        }
        let Some(variances) = self.atm_variances(family) else { return f64::INFINITY };
        let (mut sum, mut count) = (0.0, 0_usize);
        for (slice, theta) in self.slices.iter().zip(variances) {
            sum += slice.pairs().map(|(k, w)| (family.variance(k, theta).0 - w).powi(2)).sum::<f64>();
            count += slice.log_moneyness.len();
        }
        sum / count as f64
    }

    fn best(&self, stop: Stop) -> Minimum {
        let mut grid = Vec::new();
        for rho in RHO_STARTS {
            for eta in ETA_STARTS {
                for gamma in GAMMA_STARTS {
                    let at = vec![libm::atanh(rho), libm::log(eta), libm::log(gamma / (1.0 - gamma))];
                    grid.push((self.objective(&at), at));
                }
            }
        }
        grid.sort_by(|a, b| a.0.total_cmp(&b.0));
        let search = |start: &[f64], step: f64| simplex::minimize(start, &[step; 3], stop, |x| self.objective(x));
        let searches = grid.iter().take(STARTS).map(|(_, start)| search(start, 0.2));
        let first = searches.reduce(|best, next| if next.value < best.value { next } else { best });
        let first = first.unwrap_or_else(|| search(&[0.0; 3], 0.2));
        let again = search(&first.at, 0.05);
        if again.value < first.value { again } else { first }
    }
}

/// Least squares in `θ` within bounds: Gauss-Newton steps, held by a bracket of the derivative's zero.
fn best_variance(slice: &VarianceSlice, family: Family, mut low: f64, mut high: f64) -> f64 {
    let slope = |theta: f64| {
        slice.pairs().fold((0.0, 0.0), |(gradient, square), (k, w)| {
            let (value, derivative) = family.variance(k, theta);
            (gradient + (value - w) * derivative, square + derivative * derivative)
        })
    };
    if slope(low).0 >= 0.0 {
        return low;
    }
    if slope(high).0 <= 0.0 {
        return high;
    }
    let mut theta = 0.5 * (low + high);
    for _ in 0..100 {
        let (gradient, square) = slope(theta);
        if gradient > 0.0 {
            high = theta
        } else {
            low = theta
        }
        let step = theta - gradient / square;
        let next = if step > low && step < high { step } else { 0.5 * (low + high) };
        if (next - theta).abs() <= 1e-15 * theta {
            return next;
        }
        theta = next;
    }
    theta
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(rho: f64, eta: f64, gamma: f64) -> Ssvi {
        let (times, atm_variances) = (vec![0.1, 0.5, 1.0], vec![0.005, 0.02, 0.045]);
        Ssvi::new(SsviParameters { rho, eta, gamma, times, atm_variances }).unwrap()
    }

    fn slices(ssvi: &Ssvi) -> Vec<VarianceSlice> {
        let times = [0.1, 0.5, 1.0];
        let slice = |time: &f64| {
            let log_moneyness: Vec<f64> = (-6..=5).map(|i| 0.08 * f64::from(i) * time.sqrt()).collect();
            let total_variance = log_moneyness.iter().map(|k| ssvi.total_variance(*k, *time).unwrap()).collect();
            VarianceSlice { time: *time, log_moneyness, total_variance }
        };
        times.iter().map(slice).collect()
    }

    #[test]
    fn parameters_are_found_again() {
        for (rho, eta, gamma) in [(-0.7, 0.8, 0.4), (0.2, 1.2, 0.5), (-0.3, 0.5, 0.7)] {
            let ssvi = truth(rho, eta, gamma);
            let fitted = SsviFit::default().fit(&slices(&ssvi)).unwrap();
            let found = fitted.ssvi.parameters();
            assert!((found.rho - rho).abs() < 1e-5 && (found.gamma - gamma).abs() < 1e-5, "{fitted:?}");
            assert!((found.eta - eta).abs() < 1e-5 && fitted.rms_error < 1e-9, "{fitted:?}");
            assert!(fitted.ssvi.conditions().hold());
            assert_eq!((fitted.observations, fitted.max_errors.len()), (36, 3));
        }
    }

    #[test]
    fn conditions_bind_only_when_enforced() {
        // θφ²(1 + |ρ|) = 9 · 1.7: far outside.
        let wild = truth(-0.7, 3.0, 0.5);
        let data = slices(&wild);
        let reported = SsviFit::default().with_no_arbitrage(NoArbitrage::Reported).fit(&data).unwrap();
        assert!(!reported.ssvi.conditions().butterfly_free() && reported.rms_error < 1e-9, "{reported:?}");
        let enforced = SsviFit::default().fit(&data).unwrap();
        let conditions = enforced.ssvi.conditions();
        assert!(conditions.hold() && enforced.rms_error > reported.rms_error, "{enforced:?}");
        assert!(conditions.curvature > 3.9, "the bound should bind: {conditions:?}");
    }

    #[test]
    fn variance_that_falls_is_held_up() {
        let mut data = slices(&truth(-0.5, 0.8, 0.5));
        data[2].total_variance.iter_mut().for_each(|w| *w *= 0.3);
        let enforced = SsviFit::default().fit(&data).unwrap();
        assert!(enforced.ssvi.conditions().smallest_increase >= 0.0);
        let reported = SsviFit::default().with_no_arbitrage(NoArbitrage::Reported).fit(&data).unwrap();
        assert!(reported.ssvi.conditions().smallest_increase < -0.001 && !reported.ssvi.conditions().calendar_free());
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let good = slices(&truth(-0.5, 0.8, 0.5));
        let fit = |change: &dyn Fn(&mut Vec<VarianceSlice>)| {
            let mut data = good.clone();
            change(&mut data);
            match SsviFit::default().fit(&data) {
                Err(Error::Input(error)) => error,
                other => panic!("{other:?}"),
            }
        };
        assert!(matches!(fit(&|d| d.truncate(1)), Input::InsufficientData { required: 2, .. }));
        assert!(matches!(fit(&|d| d.swap(0, 1)), Input::NotIncreasing { .. }));
        assert!(matches!(fit(&|d| d[0].time = 0.0), Input::ElementOutOfDomain { name: "times", .. }));
        assert!(matches!(fit(&|d| d[1].total_variance[3] = -0.1), Input::ElementOutOfDomain { index: 3, .. }));
        assert!(matches!(fit(&|d| d[1].log_moneyness[3] = f64::NAN), Input::ElementOutOfDomain { index: 3, .. }));
        assert!(matches!(fit(&|d| d[1].total_variance.truncate(3)), Input::LengthMismatch { .. }));
        let two = |d: &mut Vec<VarianceSlice>| {
            d[0].log_moneyness.truncate(2);
            d[0].total_variance.truncate(2);
        };
        assert!(matches!(fit(&two), Input::InsufficientData { required: 3, available: 2, .. }));
        let early = SsviFit::default().with_max_iterations(1).fit(&good);
        assert!(matches!(early, Err(Error::Input(Input::NotConverged { .. }))));
        let none = SsviFit::default().with_max_iterations(0).fit(&good);
        assert!(matches!(none, Err(Error::Input(Input::OutOfDomain { .. }))));
        let loose = SsviFit::default().with_tolerance(f64::NAN).fit(&good);
        assert!(matches!(loose, Err(Error::Input(Input::OutOfDomain { name: "tolerance", .. }))));
    }

    #[test]
    fn the_derivative_in_theta_is_one() {
        let family = Family { rho: -0.6, eta: 0.9, gamma: 0.35 };
        for k in [-0.5, -0.1, 0.0, 0.3] {
            let step = 1e-6;
            let slope = (family.variance(k, 0.04 + step).0 - family.variance(k, 0.04 - step).0) / (2.0 * step);
            assert!((family.variance(k, 0.04).1 - slope).abs() < 1e-8, "{k}");
        }
    }
}
