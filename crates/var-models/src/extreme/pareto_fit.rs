//! Maximum likelihood of the generalised Pareto law.
//!
//! Grimshaw's reduction: with `θ = ξ/β` the best shape is `ξ(θ) = mean ln(1 + θ y)`, and what is left is one
//! equation in `θ`,
//!
//! ```text
//! (1 + ξ(θ)) · mean 1/(1 + θ y) = 1
//! ```
//!
//! It has a root at zero that is no maximum; the form solved here has that root divided out.

use alluse_risk_core::Error as CoreError;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::GeneralizedPareto;
use super::series::{first_order, log_ratio, second_order};
use super::solve::root;
use crate::Result;

/// A fitted generalised Pareto law.
///
/// # Source
/// Grimshaw (1993), "Computing maximum likelihood estimates for the generalized Pareto distribution";
/// Smith (1985) for the limits of the theory: for `ξ ≤ −1/2` the usual standard errors do not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GeneralizedParetoFit {
    /// The law at the maximum.
    pub law: GeneralizedPareto,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Excesses used.
    pub observations: usize,
    /// Covariance of the estimates of `(ξ, β)`, the inverse of the observed information; `None` for
    /// `ξ ≤ −1/2`, where that theory does not hold.
    pub covariance: Option<[[f64; 2]; 2]>,
}

impl GeneralizedParetoFit {
    /// Fewest excesses that the fit accepts.
    pub const MIN_EXCESSES: usize = 10;

    /// Standard error of `ξ`.
    #[must_use]
    pub fn xi_standard_error(&self) -> Option<f64> {
        self.covariance.map(|c| c[0][0].sqrt())
    }

    /// Standard error of `β`.
    #[must_use]
    pub fn beta_standard_error(&self) -> Option<f64> {
        self.covariance.map(|c| c[1][1].sqrt())
    }
}

/// Shapes beyond this are not searched: a tail of such weight has no use for a threshold model.
const HEAVIEST: f64 = 10.0;

pub(super) fn fit(excesses: ArrayView1<'_, f64>) -> Result<GeneralizedParetoFit> {
    let n = excesses.len();
    let required = GeneralizedParetoFit::MIN_EXCESSES;
    if n < required {
        return Err(CoreError::InsufficientData { name: "generalised Pareto fit", required, available: n }.into());
    }
    if let Some(index) = excesses.iter().position(|y| !(*y > 0.0 && y.is_finite())) {
        let (expected, value) = ("positive and finite", excesses[index]);
        return Err(CoreError::ElementOutOfDomain { name: "excesses", index, expected, value }.into());
    }
    let sample = Scaled::new(excesses);
    let peak = sample.highest_peak().ok_or(CoreError::Undefined {
        name: "generalised Pareto fit",
        reason: "the likelihood has no maximum with a shape between -1 and 10",
    })?;
    let law = GeneralizedPareto::new(peak.xi, peak.beta * sample.unit)?;
    Ok(GeneralizedParetoFit {
        law,
        log_likelihood: peak.log_likelihood - n as f64 * sample.unit.ln(),
        observations: n,
        covariance: covariance(&law, excesses),
    })
}

/// The excesses in units of the largest: the search does not feel units.
struct Scaled {
    values: Vec<f64>,
    unit: f64,
    mean: f64,
    /// Means of the first powers.
    moments: [f64; POWERS],
}

/// Below this `|θ|` the power series with this many moments are exact to rounding.
const NEAR_ZERO: f64 = 0.05;
const POWERS: usize = 14;

/// A stationary point, `β` in units of the largest excess.
#[derive(Debug, Clone, Copy)]
struct Peak {
    xi: f64,
    beta: f64,
    log_likelihood: f64,
}

impl Scaled {
    fn new(excesses: ArrayView1<'_, f64>) -> Self {
        let unit = excesses.fold(0.0_f64, |largest, y| largest.max(*y));
        let values: Vec<f64> = excesses.iter().map(|y| y / unit).collect();
        let mut moments = [0.0; POWERS];
        for v in &values {
            let mut power = 1.0 / values.len() as f64;
            for moment in &mut moments {
                power *= v;
                *moment += power;
            }
        }
        Self { values, unit, mean: moments[0], moments }
    }

    /// The highest of the local maxima, of which a sample in two clusters has two, searched over `t = ln(1 + θ y_max)`.
    ///
    /// At a maximum `mean 1/(1 + θy) = 1/(1 + ξ)`, and the largest excess alone contributes `e^(−t)/n` to
    /// that mean, so that below `−ln(100 n)` only shapes under −0.99 could be found.
    fn highest_peak(&self) -> Option<Peak> {
        const STEP: f64 = 0.5;
        let theta = |t: f64| t.exp_m1();
        let mut t = -(100.0 * self.values.len() as f64).ln();
        let (mut rises, mut best): (bool, Option<Peak>) = (false, None);
        loop {
            let (slope, xi) = self.slope(theta(t));
            if rises && slope <= 0.0 {
                let peak = root(t - STEP, t, 1e-14, |t| self.slope(theta(t)).0).map(|t| self.at(theta(t)));
                best = match (best, peak) {
                    (Some(a), Some(b)) if a.log_likelihood >= b.log_likelihood => Some(a),
                    (a, b) => b.or(a),
                };
            }
            rises = slope > 0.0;
            // Past 700 the exponential overflows.
            if xi > HEAVIEST || t > 700.0 {
                return best;
            }
            t += STEP;
        }
    }

    /// The slope of the profile likelihood over `θ` up to a positive factor, and the shape.
    ///
    /// With `s = mean ln(1 + θv)/θ` and `r = mean v/(1 + θv)` it is `(s − r)/θ − rs`, the equation of Grimshaw
    /// over `θ²`.
    fn slope(&self, theta: f64) -> (f64, f64) {
        if theta.abs() < NEAR_ZERO {
            self.slope_near_zero(theta)
        } else if (theta * self.mean).abs() < 1e-3 {
            // One loss is thousands of times the rest, which needs care one by one.
            self.slope_with_care(theta)
        } else {
            self.slope_far_from_zero(theta)
        }
    }

    /// The equation as it stands, with one logarithm for seven factors.
    fn slope_far_from_zero(&self, theta: f64) -> (f64, f64) {
        let n = self.values.len() as f64;
        let (mut inverse, mut log) = (0.0, 0.0);
        for chunk in self.values.chunks(7) {
            let mut product = 1.0;
            for v in chunk {
                let factor = 1.0 + theta * v;
                product *= factor;
                inverse += 1.0 / factor;
            }
            log += product.ln();
        }
        let xi = log / n;
        ((inverse / n * (1.0 + xi) - 1.0) / (theta * theta), xi)
    }

    /// All means as power series in `θ`, of which the sample enters by its moments.
    fn slope_near_zero(&self, theta: f64) -> (f64, f64) {
        let (mut s, mut r, mut q) = (0.0, 0.0, 0.0);
        for (k, pair) in self.moments.windows(2).enumerate().rev() {
            let k = k as f64;
            s = pair[0] / (k + 1.0) - theta * s;
            r = pair[0] - theta * r;
            q = pair[1] * (k + 1.0) / (k + 2.0) - theta * q;
        }
        (q - r * s, theta * s)
    }

    fn slope_with_care(&self, theta: f64) -> (f64, f64) {
        let (mut s, mut r, mut q) = (0.0, 0.0, 0.0);
        for v in &self.values {
            let x = theta * v;
            s += v * log_ratio(x);
            r += v / (1.0 + x);
            q += v * v * first_order(x);
        }
        let n = self.values.len() as f64;
        (q / n - s / n * (r / n), theta * s / n)
    }

    fn at(&self, theta: f64) -> Peak {
        let n = self.values.len() as f64;
        let beta = self.values.iter().map(|v| v * log_ratio(theta * v)).sum::<f64>() / n;
        let xi = theta * beta;
        Peak { xi, beta, log_likelihood: -n * (beta.ln() + xi + 1.0) }
    }
}

/// Inverse of the observed information of `(ξ, β)`.
fn covariance(law: &GeneralizedPareto, excesses: ArrayView1<'_, f64>) -> Option<[[f64; 2]; 2]> {
    let (xi, beta) = (law.xi(), law.beta());
    if xi <= -0.5 {
        return None;
    }
    // In units of β. With w = z/(1 + ξz): ∂²l/∂ξ² = Σ z³ second_order(ξz) + w²,
    // ∂²l/∂ξ∂β = Σ w − (1 + ξ) w², ∂²l/∂β² = n − (1 + ξ) Σ (w + z/(1 + ξz)²).
    let (mut shape, mut mixed, mut scale) = (0.0, 0.0, 0.0);
    for y in excesses {
        let z = y / beta;
        let x = xi * z;
        let w = z / (1.0 + x);
        shape -= z.powi(3) * second_order(x) + w * w;
        mixed -= w - (1.0 + xi) * w * w;
        scale -= 1.0 - (1.0 + xi) * (w + w / (1.0 + x));
    }
    let determinant = shape * scale - mixed * mixed;
    if !(shape > 0.0 && determinant > 0.0) {
        return None;
    }
    let cross = -mixed / determinant * beta;
    Some([[scale / determinant, cross], [cross, shape / determinant * beta * beta]])
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    /// Quantiles of the law at the middles of `n` equal shares: a sample without sampling error.
    fn regular(xi: f64, beta: f64, n: usize) -> Array1<f64> {
        let law = GeneralizedPareto::new(xi, beta).unwrap();
        (0..n).map(|i| law.quantile((i as f64 + 0.5) / n as f64).unwrap()).collect()
    }

    #[test]
    fn fits_agree_with_scipy() {
        // scipy 1.17 genpareto.fit(floc = 0), polished by mpmath's findroot on the two score equations at 40
        // digits; the errors from the inverse of mpmath's numerical Hessian there. Twelve digits are left by
        // the rounding of the sums.
        for (xi, beta, n, want) in GOLDEN {
            let fitted = fit(regular(xi, beta, n).view()).unwrap();
            let got = [
                fitted.law.xi(),
                fitted.law.beta(),
                fitted.log_likelihood,
                fitted.xi_standard_error().unwrap(),
                fitted.beta_standard_error().unwrap(),
                fitted.covariance.unwrap()[0][1],
            ];
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                assert!((got - want).abs() < 1e-10 * want.abs().max(1e-2), "{xi} {beta} {n}, {i}: {got} {want}");
            }
        }
    }

    const GOLDEN: [(f64, f64, usize, [f64; 6]); 5] = [
        (
            0.3,
            2.0,
            60,
            [
                0.2734541983030982,
                2.0380668109558058,
                -119.12735491047826,
                0.16975525341192194,
                0.4286594081573045,
                -0.046902010011586164,
            ],
        ),
        (
            0.15,
            0.0078,
            503,
            [
                0.1460864917606384,
                0.007824339747256912,
                1863.3280041464127,
                0.051592225104137864,
                0.0005310992895566315,
                -1.8222099608239367e-05,
            ],
        ),
        (
            -0.25,
            1.0,
            100,
            [
                -0.2730994123200099,
                1.0203202986863682,
                -74.70171840027052,
                0.08771514471882434,
                0.13283031774241327,
                -0.009875790208600368,
            ],
        ),
        (
            0.9,
            10.0,
            100,
            [
                0.8859901512717828,
                10.074333382095164,
                -419.5981091366626,
                0.18939821688011232,
                1.96441490596881,
                -0.1930443517179903,
            ],
        ),
        (
            0.0126,
            1.0,
            200,
            [
                0.002249020788876181,
                1.0085842735049846,
                -202.15933178548582,
                0.07357090516724038,
                0.10291836678402233,
                -0.005447774853656304,
            ],
        ),
    ];

    #[test]
    fn the_likelihood_is_that_of_the_law() {
        let sample = regular(0.3, 2.0, 60);
        let fitted = fit(sample.view()).unwrap();
        assert!((fitted.law.log_likelihood(sample.view()).unwrap() - fitted.log_likelihood).abs() < 1e-10);
        for (dxi, dbeta) in [(1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3)] {
            let near = GeneralizedPareto::new(fitted.law.xi() + dxi, fitted.law.beta() + dbeta).unwrap();
            assert!(near.log_likelihood(sample.view()).unwrap() < fitted.log_likelihood);
        }
    }

    #[test]
    fn the_three_slopes_are_one() {
        for sample in [regular(0.3, 2.0, 60), regular(-0.3, 1.0, 100)] {
            let sample = Scaled::new(sample.view());
            for theta in [-0.049, -1e-3, 0.0, 1e-9, 0.02, 0.049, -0.9, -0.06, 0.06, 1.0, 30.0_f64] {
                let careful = sample.slope_with_care(theta);
                let got = sample.slope(theta);
                // Where the series ends, the division by θ² leaves thirteen digits of the other form.
                assert!((got.0 - careful.0).abs() < 1e-12, "{theta}: {got:?} {careful:?}");
                assert!((got.1 - careful.1).abs() < 1e-14 * (1.0 + careful.1.abs()), "{theta}: {got:?} {careful:?}");
            }
        }
    }

    #[test]
    fn heavy_tails_and_outliers() {
        // Infinite mean.
        let fitted = fit(regular(3.0, 1.0, 4_000).view()).unwrap();
        assert!((fitted.law.xi() - 3.0).abs() < 0.01, "{}", fitted.law.xi());
        // One loss a thousand times the rest.
        let mut sample = regular(0.1, 1.0, 100);
        sample[99] *= 1e3;
        let fitted = fit(sample.view()).unwrap();
        assert!(fitted.law.xi() > 0.1 && fitted.law.xi() < 1.0);
    }

    #[test]
    fn the_higher_of_two_maxima_is_the_fit() {
        // scipy 1.17, Nelder-Mead from both sides: xi −0.392 with log-likelihood 0.8729, and the higher one.
        let clusters = ndarray::array![
            0.000_170_7,
            0.001_085,
            0.001_711,
            0.003_683,
            0.004_717,
            0.005_308,
            0.503_8,
            0.517,
            0.527_6,
            0.532_4,
            0.586_7,
            0.836_8,
            0.978_7
        ];
        let fitted = fit(clusters.view()).unwrap();
        assert!((fitted.law.xi() - 3.598_784_696).abs() < 1e-6, "{}", fitted.law.xi());
        assert!((fitted.log_likelihood - 6.841_332_493_764).abs() < 1e-9);
        // With the small cluster less far away the other one, 0.7821 against 0.6506, is higher.
        let nearer = clusters.mapv(|y| if y < 0.1 { 6.0 * y } else { y });
        let fitted = fit(nearer.view()).unwrap();
        assert!((fitted.law.xi() + 0.46163750066344095).abs() < 1e-6, "{}", fitted.law.xi());
    }

    #[test]
    fn light_tails_have_no_standard_error_and_the_lightest_no_fit() {
        let fitted = fit(regular(-0.7, 1.0, 2_000).view()).unwrap();
        assert!((fitted.law.xi() + 0.7).abs() < 0.02, "{}", fitted.law.xi());
        assert_eq!(fitted.covariance, None);
        assert_eq!(fitted.xi_standard_error(), None);
        // Uniform and shorter still: the likelihood grows towards the end of the sample.
        for sample in [regular(-1.0, 1.0, 50), regular(-1.5, 1.0, 50), Array1::from_elem(50, 0.7)] {
            assert_eq!(fit(sample.view()).unwrap_err().kind(), ErrorKind::Undefined);
        }
    }

    #[test]
    fn hostile_samples() {
        let error = fit(regular(0.1, 1.0, 9).view()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::InsufficientData { required: 10, available: 9, .. })));
        assert!(fit(regular(0.1, 1.0, 10).view()).is_ok());
        for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            let mut sample = regular(0.1, 1.0, 30);
            sample[17] = bad;
            let error = fit(sample.view()).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 17, .. })), "{error}");
        }
        // Two clusters eighty orders of magnitude apart ask for an absurd shape or none; no loop without end.
        let apart: Array1<f64> = (0..40).map(|i| if i % 2 == 0 { 1e-320 } else { 1e80 + f64::from(i) }).collect();
        assert_eq!(fit(apart.view()).unwrap_err().kind(), ErrorKind::Undefined);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_unit_of_the_excesses_only_scales_beta(
            shares in proptest::collection::vec(0.001..0.999_f64, 50..150), xi in -0.3..1.0_f64, power in -30..30_i32,
        ) {
            let law = GeneralizedPareto::new(xi, 1.0).unwrap();
            let sample: Array1<f64> = shares.iter().map(|p| law.quantile(*p).unwrap()).collect();
            let unit = 10_f64.powi(power);
            if let Ok(plain) = fit(sample.view()) {
                let scaled = fit((unit * &sample).view()).unwrap();
                prop_assert!((scaled.law.xi() - plain.law.xi()).abs() < 1e-9);
                prop_assert!((scaled.law.beta() / unit / plain.law.beta() - 1.0).abs() < 1e-9);
            }
        }
    }
}
