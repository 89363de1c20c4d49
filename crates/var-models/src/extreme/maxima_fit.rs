//! Maximum likelihood of the generalised extreme value law: Newton's method with exact derivatives, from a
//! start by L-moments.

use alluse_risk_core::{Error as CoreError, moments};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::GeneralizedExtremeValue;
use super::series::{first_order, log_ratio, second_order};
use crate::Result;
use crate::small_matrix::invert;

/// A fitted generalised extreme value law.
///
/// # Source
/// Prescott and Walden (1983) for the observed information; Smith (1985) for its limits; Hosking, Wallis and
/// Wood (1985) for the start of the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GeneralizedExtremeValueFit {
    /// The law at the maximum.
    pub law: GeneralizedExtremeValue,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Maxima used.
    pub observations: usize,
    /// Covariance of the estimates of `(ξ, μ, σ)`, the inverse of the observed information; `None` for
    /// `ξ ≤ −1/2`, where that theory does not hold.
    pub covariance: Option<[[f64; 3]; 3]>,
}

impl GeneralizedExtremeValueFit {
    /// Fewest maxima that the fit accepts.
    pub const MIN_MAXIMA: usize = 10;

    /// Standard error of `ξ`.
    #[must_use]
    pub fn xi_standard_error(&self) -> Option<f64> {
        self.covariance.map(|c| c[0][0].sqrt())
    }

    /// Standard error of `μ`.
    #[must_use]
    pub fn mu_standard_error(&self) -> Option<f64> {
        self.covariance.map(|c| c[1][1].sqrt())
    }

    /// Standard error of `σ`.
    #[must_use]
    pub fn sigma_standard_error(&self) -> Option<f64> {
        self.covariance.map(|c| c[2][2].sqrt())
    }
}

/// Shapes up to this are not searched: at −1 the likelihood loses its bound.
const LIGHTEST: f64 = -0.99;

pub(super) fn fit(maxima: ArrayView1<'_, f64>) -> Result<GeneralizedExtremeValueFit> {
    let n = maxima.len();
    let required = GeneralizedExtremeValueFit::MIN_MAXIMA;
    if n < required {
        let name = "generalised extreme value fit";
        return Err(CoreError::InsufficientData { name, required, available: n }.into());
    }
    let l = moments::l_moments(maxima)?;
    let start = Parameters::from_l_skewness(l.skewness()?);
    // Centred and scaled by L-moments: the search does not feel units.
    let sample = Reduced(maxima.iter().map(|x| (x - l.location) / l.scale).collect());
    let (best, top) = sample.maximise(sample.feasible(start))?;
    let sigma = best.log_sigma.exp() * l.scale;
    let law = GeneralizedExtremeValue::new(best.xi, l.location + l.scale * best.mu, sigma)?;
    let covariance = if best.xi > -0.5 { invert(top.information) } else { None };
    // From (μ, ln σ, ξ) of the reduced sample to (ξ, μ, σ) of the caller's.
    let (from, unit) = ([2, 0, 1], [1.0, l.scale, sigma]);
    let moved =
        |c: [[f64; 3]; 3]| std::array::from_fn(|i| std::array::from_fn(|j| c[from[i]][from[j]] * unit[i] * unit[j]));
    Ok(GeneralizedExtremeValueFit {
        law,
        log_likelihood: top.log_likelihood - n as f64 * l.scale.ln(),
        observations: n,
        covariance: covariance.map(moved),
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Parameters {
    mu: f64,
    log_sigma: f64,
    xi: f64,
}

impl Parameters {
    /// The law whose first two L-moments are 0 and 1 and whose L-skewness is near `skewness`.
    fn from_l_skewness(skewness: f64) -> Self {
        /// Euler's constant.
        const EULER: f64 = 0.577_215_664_901_532_9;
        const LN_2: f64 = std::f64::consts::LN_2;
        let c = 2.0 / (3.0 + skewness) - LN_2 / 3_f64.ln();
        let k = 7.8590 * c + 2.9554 * c * c;
        if k.abs() < 1e-6 {
            return Self { mu: -EULER / LN_2, log_sigma: -LN_2.ln(), xi: 0.0 };
        }
        let gamma = libm::tgamma(1.0 + k);
        let sigma = k / (-(-k * LN_2).exp_m1() * gamma);
        Self { mu: -sigma * (1.0 - gamma) / k, log_sigma: sigma.ln(), xi: -k }
    }

    fn moved(self, step: [f64; 3], share: f64) -> Self {
        let [mu, log_sigma, xi] = step;
        Self { mu: self.mu + share * mu, log_sigma: self.log_sigma + share * log_sigma, xi: self.xi + share * xi }
    }
}

/// Log-likelihood, its gradient, and minus its second derivatives, in `(μ, ln σ, ξ)`.
struct Local {
    log_likelihood: f64,
    gradient: [f64; 3],
    information: [[f64; 3]; 3],
}

struct Reduced(Vec<f64>);

impl Reduced {
    /// `start`, or a law without an end when a value lies beyond the end of that of `start`.
    fn feasible(&self, start: Parameters) -> Parameters {
        if self.log_likelihood(start).is_finite() {
            return start;
        }
        // The L-skewness of the law with ξ = 0.
        Parameters::from_l_skewness(2.0 * 3_f64.ln() / std::f64::consts::LN_2 - 3.0)
    }

    /// `−∞` outside the support and for shapes that are not searched.
    fn log_likelihood(&self, p: Parameters) -> f64 {
        if p.xi <= LIGHTEST {
            return f64::NEG_INFINITY;
        }
        let mut total = 0.0;
        for v in &self.0 {
            let z = (v - p.mu) * (-p.log_sigma).exp();
            if p.xi * z <= -1.0 {
                return f64::NEG_INFINITY;
            }
            let y = z * log_ratio(p.xi * z);
            total += (1.0 + p.xi) * y + (-y).exp();
        }
        let value = -(self.0.len() as f64) * p.log_sigma - total;
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    }

    fn local(&self, p: Parameters) -> Local {
        let mut gradient = [0.0; 3];
        let mut second = [[0.0; 3]; 3];
        let inverse_sigma = (-p.log_sigma).exp();
        for v in &self.0 {
            let z = (v - p.mu) * inverse_sigma;
            let x = p.xi * z;
            let slope = 1.0 / (1.0 + x);
            let y = z * log_ratio(x);
            let e = (-y).exp();
            let d_y = e - (1.0 + p.xi);
            // Derivatives of y = ln(1 + ξz)/ξ through z and directly.
            let (in_z, in_z_xi) = (-p.xi * slope * slope, -z * slope * slope);
            let first = [-slope * inverse_sigma, -slope * z, -z * z * first_order(x)];
            let mixed = [
                [in_z * inverse_sigma * inverse_sigma, (in_z * z + slope) * inverse_sigma, -in_z_xi * inverse_sigma],
                [0.0, in_z * z * z + slope * z, -in_z_xi * z],
                [0.0, 0.0, -z.powi(3) * second_order(x)],
            ];
            for i in 0..3 {
                gradient[i] += d_y * first[i];
                for j in i..3 {
                    second[i][j] += d_y * mixed[i][j] - e * first[i] * first[j];
                }
                second[i][2] -= first[i];
            }
            gradient[1] -= 1.0;
            gradient[2] -= y;
            second[2][2] -= first[2];
        }
        let information = std::array::from_fn(|i| std::array::from_fn(|j| -second[i.min(j)][i.max(j)]));
        Local { log_likelihood: self.log_likelihood(p), gradient, information }
    }

    fn maximise(&self, start: Parameters) -> Result<(Parameters, Local)> {
        const ITERATIONS: usize = 200;
        let mut p = start;
        let mut left = f64::INFINITY;
        for iterations in 0..ITERATIONS {
            let here = self.local(p);
            let not_converged = CoreError::NotConverged { name: "extreme value fit", iterations, residual: left };
            let step = ascent(&here).ok_or(not_converged.clone())?;
            // Twice what the quadratic model still expects to gain.
            left = (0..3).map(|i| step[i] * here.gradient[i]).sum();
            // Beside the end of the support the information is so large that little is gained on any slope.
            let level = here.gradient.iter().all(|slope| slope.abs() < 1e-6 * self.0.len() as f64);
            if left < 1e-20 && level {
                return Ok((p, here));
            }
            // Closer than this, rounding hides the gain and the quadratic model is right anyway.
            let near = left < 1e-10 && level;
            let shares = (0..50).map(|k| 0.5_f64.powi(k));
            let better = |share: &f64| near || self.log_likelihood(p.moved(step, *share)) > here.log_likelihood;
            let share = shares.into_iter().find(better).ok_or(not_converged)?;
            p = p.moved(step, share);
        }
        Err(CoreError::NotConverged { name: "extreme value fit", iterations: ITERATIONS, residual: left }.into())
    }
}

/// Newton's step, with as much of the identity added to the information as makes it positive definite.
fn ascent(at: &Local) -> Option<[f64; 3]> {
    let size = (0..3).map(|i| at.information[i][i].abs()).sum::<f64>();
    (0..12).find_map(|k| {
        let ridge = if k == 0 { 0.0 } else { size * 1e-6 * 10_f64.powi(k) };
        let mut information = at.information;
        (0..3).for_each(|i| information[i][i] += ridge);
        let inverse = invert(information)?;
        Some(std::array::from_fn(|i| (0..3).map(|j| inverse[i][j] * at.gradient[j]).sum()))
    })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    /// Quantiles of the law at the middles of `n` equal shares: a sample without sampling error.
    fn regular(xi: f64, mu: f64, sigma: f64, n: usize) -> Array1<f64> {
        let law = GeneralizedExtremeValue::new(xi, mu, sigma).unwrap();
        (0..n).map(|i| law.quantile((i as f64 + 0.5) / n as f64).unwrap()).collect()
    }

    #[test]
    fn fits_agree_with_scipy() {
        // scipy 1.17 genextreme.fit polished by mpmath's findroot on the three score equations at 40 digits;
        // errors and covariances (ξ, σ) and (μ, σ) from differences of the scores there. The sample is given in
        // doubles, whose rounding the shape feels in the tenth digit.
        for (xi, n, want) in GOLDEN {
            let fitted = fit(regular(xi, 0.02, 0.01, n).view()).unwrap();
            let c = fitted.covariance.unwrap();
            let got = [
                fitted.law.xi(),
                fitted.law.mu(),
                fitted.law.sigma(),
                fitted.log_likelihood,
                fitted.xi_standard_error().unwrap(),
                fitted.mu_standard_error().unwrap(),
                fitted.sigma_standard_error().unwrap(),
                c[0][2],
                c[1][2],
            ];
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                assert!((got / want - 1.0).abs() < 1e-8, "{xi} {n}, {i}: {got} {want}");
            }
            assert_eq!((fitted.observations, c[0][1]), (n, c[1][0]));
        }
    }

    const GOLDEN: [(f64, usize, [f64; 9]); 4] = [
        (
            0.3,
            80,
            [
                0.3019415457961928,
                0.019982975831111232,
                0.009900140083467325,
                229.1178423438968,
                0.10087653600969679,
                0.0012665089196282266,
                0.0010692489122840938,
                -1.7505840540623132e-06,
                8.667149557640186e-07,
            ],
        ),
        (
            -0.2,
            100,
            [
                -0.2074101385089799,
                0.020052790813321956,
                0.009957840000090852,
                314.93654112085386,
                0.06494244080861472,
                0.0011029117551213234,
                0.000774070133531312,
                -2.5458879794357832e-05,
                1.0338446662865293e-07,
            ],
        ),
        (
            0.0,
            60,
            [
                -0.005378268241837014,
                0.0200379166413435,
                0.009901033386129899,
                182.323487236271,
                0.09756628613661045,
                0.0014437740105051218,
                0.0010501091421220366,
                -3.1769521992047406e-05,
                5.799798959270053e-07,
            ],
        ),
        (
            0.8,
            50,
            [
                0.8145285672229607,
                0.019899335859863223,
                0.009801188661457098,
                129.20031106816234,
                0.17275512672968305,
                0.0015938479618745256,
                0.0018800271342518016,
                7.525163109109751e-05,
                2.4748767256180723e-06,
            ],
        ),
    ];

    #[test]
    fn starts_have_the_moments_they_were_made_from() {
        // Hosking (1990): L-skewness 0.1699 for ξ = 0, near which the branch for small shapes takes over.
        let gumbel = 2.0 * 3_f64.ln() / std::f64::consts::LN_2 - 3.0;
        for skewness in [gumbel - 1e-4, gumbel, gumbel + 1e-4, -0.2, 0.5] {
            let p = Parameters::from_l_skewness(skewness);
            let l = moments::l_moments(regular(p.xi, p.mu, p.log_sigma.exp(), 20_000).view()).unwrap();
            let got = [l.location, l.scale - 1.0, l.skewness().unwrap() - skewness];
            // Heavy tails reach beyond the last of the quantiles.
            assert!(got.iter().all(|difference| difference.abs() < 0.02), "{skewness}: {got:?}");
        }
        assert!(Parameters::from_l_skewness(gumbel).xi.abs() < 1e-6);
    }

    #[test]
    fn a_start_outside_the_support_is_replaced() {
        // Light by L-skewness, with one value far beyond the end of the light law.
        let mut values: Vec<f64> = regular(-0.9, 0.0, 1.0, 40).to_vec();
        values.push(9.0);
        let sample = Reduced(values);
        let light = Parameters { mu: 0.0, log_sigma: 0.0, xi: -0.9 };
        assert_eq!(sample.log_likelihood(light), f64::NEG_INFINITY);
        let replaced = sample.feasible(light);
        assert!(replaced.xi.abs() < 1e-6 && sample.log_likelihood(replaced).is_finite());
    }

    #[test]
    fn light_tails_have_no_standard_error() {
        let fitted = fit(regular(-0.6, 0.0, 1.0, 1_000).view()).unwrap();
        assert!((fitted.law.xi() + 0.6).abs() < 0.03, "{}", fitted.law.xi());
        assert_eq!(fitted.covariance, None);
        assert_eq!(fitted.xi_standard_error(), None);
    }

    #[test]
    fn hostile_samples() {
        let error = fit(regular(0.1, 0.0, 1.0, 9).view()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::InsufficientData { required: 10, available: 9, .. })));
        assert!(fit(regular(0.1, 0.0, 1.0, 10).view()).is_ok());
        assert_eq!(fit(Array1::from_elem(50, 0.02).view()).unwrap_err().kind(), ErrorKind::Undefined);
        let mut bad = regular(0.1, 0.0, 1.0, 30);
        bad[4] = f64::NAN;
        let error = fit(bad.view()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 4, .. })), "{error}");
        // Most of the maxima at one upper end: the likelihood has no bound there.
        let piled: Array1<f64> = (0..60).map(|i| if i < 40 { 1.0 } else { 1.0 - f64::from(i) / 60.0 }).collect();
        assert_eq!(fit(piled.view()).unwrap_err().kind(), ErrorKind::NotConverged);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn location_and_unit_only_move_the_law(
            shares in proptest::collection::vec(0.001..0.999_f64, 40..120), xi in -0.3..0.8_f64,
            shift in -50.0..50.0_f64, power in -8..8_i32,
        ) {
            let law = GeneralizedExtremeValue::new(xi, 0.0, 1.0).unwrap();
            let sample: Array1<f64> = shares.iter().map(|p| law.quantile(*p).unwrap()).collect();
            let unit = 10_f64.powi(power);
            if let Ok(plain) = fit(sample.view()) {
                let moved = fit(sample.mapv(|x| unit * (x + shift)).view()).unwrap();
                prop_assert!((moved.law.xi() - plain.law.xi()).abs() < 1e-8);
                prop_assert!((moved.law.sigma() / unit / plain.law.sigma() - 1.0).abs() < 1e-8);
                prop_assert!((moved.law.mu() / unit - shift - plain.law.mu()).abs() < 1e-8 * (1.0 + shift.abs()));
                let near = GeneralizedExtremeValue::new(plain.law.xi() + 1e-3, plain.law.mu(), plain.law.sigma()).unwrap();
                if let Ok(lower) = near.log_likelihood(sample.view()) {
                    prop_assert!(lower < plain.log_likelihood);
                }
            }
        }
    }
}
