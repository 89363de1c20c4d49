//! Reference values computed with NumPy 2 and SciPy 1 (the call stands beside each value), values that can
//! be done by hand, and input that must be refused.

#![allow(
    clippy::float_cmp,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests compare exactly representable numbers and may fail"
)]

use alluse_risk_core::measures::{
    Bootstrap, CornishFisher, DrawdownKind, DrawdownPath, DrawdownSample, Episode, EpisodeField, ExpansionDomain,
    LossSample, QuantileRule, ShortfallFloor, Spectrum, TailMean, Unfinished,
};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Coverage, Error, ErrorKind, Horizon, IntervalMethod, LossDistribution, Measure};
use ndarray::{Array1, array};
use testkit::close;

const LOSSES: [f64; 20] = [
    0.021, -0.013, 0.034, 0.008, -0.027, 0.055, 0.002, -0.041, 0.017, 0.029, -0.006, 0.012, -0.019, 0.047, 0.001,
    0.038, -0.033, 0.024, 0.009, 0.063,
];

fn sample() -> LossSample {
    LossSample::new(LOSSES.to_vec()).unwrap()
}

/// Probabilities 1/210, 2/210, …, 20/210.
fn weighted() -> LossSample {
    sample().with_probabilities((1..=20).map(|i| f64::from(i) / 210.0).collect::<Vec<_>>()).unwrap()
}

fn at(level: f64) -> Confidence {
    Confidence::new(level).unwrap()
}

fn normal_scores(n: usize) -> Vec<f64> {
    Streams::new(11).standard_normals(n, 1).iter().copied().collect()
}

#[test]
fn value_at_risk_states_its_error() {
    let estimate = sample().value_at_risk(at(0.9)).unwrap();
    // np.quantile(x, 0.9); error: h = 0.9 min(x.std(), IQR/1.34) n**-0.2, norm.pdf((x − v)/h).mean()/h.
    close(estimate.value, 0.0478, 1e-15);
    close(estimate.standard_error.unwrap() / 0.009_802_349_149_704_756, 1.0, 1e-12);
    assert_eq!(estimate.measure, Measure::ValueAtRisk { confidence: at(0.9), rule: Some(QuantileRule::Linear) });
    assert_eq!(estimate.tail_observations, Some(2.0));
    assert_eq!((estimate.observations, estimate.effective_observations), (20, 20.0));
    // P(B ≥ 20) = 0.9²⁰ = 0.12 is above 2.5 %: no order statistic bounds the quantile from above.
    assert_eq!(estimate.interval, None);
    // For the median scipy.stats.binom(20, 0.5) gives ranks 6 and 15.
    let median = sample().value_at_risk(at(0.5)).unwrap().interval.unwrap();
    assert_eq!((median.lower, median.upper, median.method), (-0.006, 0.029, IntervalMethod::OrderStatistic));
    assert_eq!(median.level, Confidence::P95);
}

#[test]
fn expected_shortfall_states_its_error() {
    let four = sample().expected_shortfall(at(0.8)).unwrap();
    close(four.value, 0.05075, 1e-15);
    // sqrt((tail.var() + 0.8 (es − var)²)/4) over the four largest.
    close(four.standard_error.unwrap() / 0.007_352_508_075_480_094, 1.0, 1e-12);
    assert_eq!(four.tail_observations, Some(4.0));
    assert_eq!(four.interval.unwrap().method, IntervalMethod::Asymptotic);
    // scipy.optimize.linprog: max Σ zᵢ Lᵢ, 0 ≤ zᵢ ≤ pᵢ/(1−c), Σ z = 1.
    close(sample().expected_shortfall(at(0.87)).unwrap().value, 0.056_230_769_230_769_24, 1e-14);
    close(weighted().expected_shortfall(at(0.8)).unwrap().value, 0.055_333_333_333_333_33, 1e-14);
    let one = sample().expected_shortfall(at(0.99)).unwrap();
    assert_eq!(
        (one.value, one.standard_error, one.tail_observations.map(|t| (t - 0.2).abs() < 1e-12)),
        (0.063, None, Some(true))
    );
}

#[test]
fn fewer_effective_observations_widen_the_error() {
    let plain = sample().expected_shortfall(at(0.8)).unwrap();
    let overlapping = sample().with_effective_observations(10.0).unwrap().expected_shortfall(at(0.8)).unwrap();
    close(overlapping.standard_error.unwrap() / plain.standard_error.unwrap(), 2.0_f64.sqrt(), 1e-12);
    assert_eq!(overlapping.effective_observations, 10.0);
    // Kish: (Σp)²/Σp² = 210²/2870.
    close(weighted().effective_observations(), 44_100.0 / 2_870.0, 1e-13);
    let both = weighted().with_effective_observations(10.0).unwrap();
    close(both.effective_observations(), 22_050.0 / 2_870.0, 1e-13);
    let five = sample().with_effective_observations(5.0).unwrap().expected_shortfall(at(0.8)).unwrap();
    assert_eq!(five.standard_error, None, "one independent observation in the tail has no spread");
    let mean = sample().mean().unwrap();
    close(mean.standard_error.unwrap(), (0.000_835_102_631_578_947_5_f64 / 20.0).sqrt(), 1e-15);
    // Ten observations' worth of ranks, read from twenty losses.
    let median = sample().with_effective_observations(10.0).unwrap().value_at_risk(at(0.5)).unwrap();
    let interval = median.interval.unwrap();
    // scipy.stats.binom(10, 0.5): ranks 2 and 9 of 10 are 4 and 18 of 20.
    assert_eq!((interval.lower, interval.upper), (-0.019, 0.047));
}

#[test]
fn order_statistic_interval_covers_as_promised() {
    // Exact coverage is at least 95 %; over 400 samples the count has a standard deviation of 4.4.
    let draws = Streams::new(5).standard_normals(400, 60);
    let covered = draws
        .rows()
        .into_iter()
        .filter(|row| {
            let interval = LossSample::new(row.to_owned()).unwrap().value_at_risk(at(0.7)).unwrap().interval.unwrap();
            interval.lower <= 0.524_400_512_708_041 && 0.524_400_512_708_041 <= interval.upper
        })
        .count();
    assert!(covered >= 366, "{covered}");
}

#[test]
fn tail_means_of_the_peers() {
    let s = LossSample::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]).unwrap();
    // Linear quantile at 0.75: position 6.75 → 7.75.
    let mean = |kind| s.tail_mean(at(0.75), kind).map(|e| (e.value, e.tail_observations));
    assert_eq!(mean(TailMean::FractionalAtom), Ok(((10.0 + 9.0 + 0.5 * 8.0) / 2.5, Some(2.5))));
    assert_eq!(mean(TailMean::StrictlyBeyond), Ok((9.0, Some(3.0))));
    assert_eq!(mean(TailMean::AtOrBeyond), Ok((9.0, Some(3.0))));
    // ⌊9 · 0.25⌋ + 1 = 3.
    assert_eq!(mean(TailMean::WholeCount), Ok((9.0, Some(3.0))));
    let on_a_loss = s.clone().with_quantile_rule(QuantileRule::LowerLoss);
    let mean = |kind| on_a_loss.tail_mean(at(0.75), kind).map(|e| e.value);
    assert_eq!(mean(TailMean::StrictlyBeyond), Ok(9.5));
    assert_eq!(mean(TailMean::AtOrBeyond), Ok(9.0));
    assert_eq!(
        s.with_quantile_rule(QuantileRule::UpperLoss).tail_mean(at(0.95), TailMean::StrictlyBeyond).unwrap_err().kind(),
        ErrorKind::Undefined
    );
    // Whole counts with probabilities: losses ranked at or after the loss 3 of probability 0.3.
    let three = LossSample::new(vec![4.0, 1.0, 3.0]).unwrap().with_probabilities(vec![0.2, 0.5, 0.3]).unwrap();
    close(three.tail_mean(at(0.6), TailMean::WholeCount).unwrap().value, (0.2 * 4.0 + 0.3 * 3.0) / 0.5, 1e-14);
}

#[test]
fn tied_losses_share_the_tail() {
    let s = LossSample::new(vec![5.0, 1.0, 2.0, 2.0, 0.0, 2.0, -1.0, 0.0, 1.0, 0.0]).unwrap();
    // A tail of 2: the 5, and one unit shared by three losses of 2.
    let third = 1.0 / 6.0;
    let weights = s.tail_weights(at(0.8));
    assert_eq!(weights.iter().map(|w| w.0).collect::<Vec<_>>(), [0, 2, 3, 5]);
    for ((_, got), want) in weights.iter().zip([0.5, third, third, third]) {
        close(*got, want, 1e-15);
    }
    let quantile = s.clone().with_quantile_rule(QuantileRule::LowerLoss).quantile_weights(at(0.8));
    assert_eq!(quantile.iter().map(|w| w.0).collect::<Vec<_>>(), [2, 3, 5]);
    // Linear at 0.95: position 8.55 between 2 and 5.
    let between = s.quantile_weights(at(0.95));
    assert_eq!(between.iter().map(|w| w.0).collect::<Vec<_>>(), [0, 2, 3, 5]);
    close(between[0].1, 0.55, 1e-12);
    close(between[1].1, 0.15, 1e-12);
}

#[test]
fn entropic_measures_agree_with_a_direct_minimisation() {
    // scipy.optimize.minimize_scalar over log t, bounded, xatol 1e-13; flat at the optimum, so 1e-11.
    close(sample().entropic_value_at_risk(at(0.8)).unwrap().value / 0.055_489_379_705_704_4, 1.0, 1e-11);
    close(sample().entropic_value_at_risk(at(0.9)).unwrap().value / 0.060_659_462_755_183_07, 1.0, 1e-11);
    close(weighted().entropic_value_at_risk(at(0.8)).unwrap().value / 0.058_889_618_422_771_6, 1.0, 1e-11);
    let corner = sample().entropic_value_at_risk(at(0.95)).unwrap();
    assert_eq!((corner.value, corner.standard_error), (0.063, None));
    assert_eq!(LossSample::new(vec![2.0; 5]).unwrap().entropic_value_at_risk(at(0.5)).unwrap().value, 2.0);
    // Σ p e^(L/θ) of two equally likely losses ±1 is cosh 1 at θ = 1.
    let two = LossSample::new(vec![1.0, -1.0]).unwrap();
    close(two.entropic_risk(1.0, at(0.9)).unwrap(), 1.0_f64.cosh().ln() + 10.0_f64.ln(), 1e-14);
    close(two.entropic_risk(2.0, at(0.9)).unwrap(), 2.0 * (0.5_f64.cosh().ln() + 10.0_f64.ln()), 1e-14);
    // A normal sample: μ + σ √(−2 ln(1−c)); four standard errors of the estimate itself.
    let normal = LossSample::new(normal_scores(100_000)).unwrap().entropic_value_at_risk(at(0.8)).unwrap();
    let exact = (-2.0 * 0.2_f64.ln()).sqrt();
    assert!((normal.value - exact).abs() < 4.0 * normal.standard_error.unwrap(), "{normal:?}");
}

#[test]
fn relativistic_value_at_risk_agrees_with_a_solver() {
    // scipy.optimize.minimize(SLSQP) on the 20 weights and cvxpy with Clarabel agree to 1e-8.
    close(sample().relativistic_value_at_risk(at(0.8), 0.4).unwrap(), 0.057_969_783_5, 1e-9);
    assert_eq!(sample().relativistic_value_at_risk(at(0.96), 0.4).unwrap(), 0.063);
    // κ → 0 is entropic value at risk.
    let evar = sample().entropic_value_at_risk(at(0.8)).unwrap().value;
    close(sample().relativistic_value_at_risk(at(0.8), 1e-3).unwrap(), evar, 1e-6);
    for kappa in [0.0, 1.0, f64::NAN] {
        assert!(matches!(
            sample().relativistic_value_at_risk(at(0.8), kappa),
            Err(Error::OutOfDomain { name: "kappa", .. })
        ));
    }
}

#[test]
fn spectral_measure_agrees_with_quadrature() {
    // mpmath.quad of k e^(−k(1−q))/(1−e^(−k)) over each ((i−1)/n, i/n), k = 4, 30 digits.
    let exponential = Spectrum::exponential(4.0).unwrap();
    let estimate = sample().spectral(&exponential).unwrap();
    close(estimate.value / 0.037_301_843_529_799_85, 1.0, 1e-13);
    assert_eq!(estimate.measure, Measure::Spectral { spectrum: "exponential(4)".to_owned() });
    let weights: Vec<f64> = (1..=20).map(|i| f64::from(i) / 210.0).collect();
    let mut sorted = LOSSES;
    sorted.sort_by(f64::total_cmp);
    let want: f64 = weights.iter().zip(sorted).map(|(w, l)| w * l).sum();
    close(sample().spectral(&Spectrum::weights(&weights).unwrap()).unwrap().value, want, 1e-14);
}

#[test]
fn spectral_error_agrees_with_the_jackknife() {
    // 400 normal scores Φ⁻¹((i − ½)/400); NumPy delete-one jackknife: 0.061088 for the exponential spectrum
    // with k = 4. Jackknife and influence function differ by O(1/n).
    let scores = (0..400).map(|i| standard_normal_quantile((f64::from(i) + 0.5) / 400.0));
    let s = LossSample::new(scores.collect::<Vec<_>>()).unwrap();
    let error = s.spectral(&Spectrum::exponential(4.0).unwrap()).unwrap().standard_error.unwrap();
    close(error / 0.061_088_37, 1.0, 0.01);
}

#[test]
fn entropic_error_agrees_with_the_infinitesimal_jackknife() {
    // The derivative in the direction of each observation, by central differences of the weighted measure.
    let n = LOSSES.len() as f64;
    let towards = |i: usize, step: f64| {
        let tilt = |j: usize| (1.0 - step) / n + if i == j { step } else { 0.0 };
        let tilted = sample().with_probabilities((0..LOSSES.len()).map(tilt).collect::<Vec<_>>()).unwrap();
        tilted.entropic_value_at_risk(at(0.8)).unwrap().value
    };
    let influence = (0..LOSSES.len()).map(|i| (towards(i, 1e-5) - towards(i, -1e-5)) / 2e-5);
    let variance = influence.map(|d| d * d).sum::<f64>() / n;
    let error = sample().entropic_value_at_risk(at(0.8)).unwrap().standard_error.unwrap();
    close(error / (variance / n).sqrt(), 1.0, 1e-5);
}

/// Value at risk of the law with mean 0 and deviation 1.
fn standard_normal_quantile(p: f64) -> f64 {
    let unit = CornishFisher::new(0.0, 1.0, 0.0, 0.0, ExpansionDomain::Monotone).unwrap();
    unit.value_at_risk(at(p))
}

#[test]
fn parametric_measures() {
    // x.mean() + norm.ppf(0.99) x.std(ddof=1) and x.mean() + norm.pdf(z)/0.01 x.std(ddof=1).
    let var = sample().normal_value_at_risk(Confidence::P99, 1).unwrap();
    close(var.value / 0.078_277_132_031_650_21, 1.0, 1e-13);
    let sigma = 0.000_835_102_631_578_947_5_f64.sqrt();
    close(var.standard_error.unwrap(), sigma * ((1.0 + 0.5 * 2.326_347_874_040_841_f64.powi(2)) / 20.0).sqrt(), 1e-14);
    close(sample().normal_expected_shortfall(Confidence::P99, 1).unwrap().value / 0.088_069_739_946_543_25, 1.0, 1e-13);
    // The formulas of Maillard (2012) and Boudt et al. (2008) in NumPy; the tail mean also by
    // scipy.integrate.quad of the Edgeworth density.
    let cf = CornishFisher::new(0.001, 0.02, -0.5, 2.0, ExpansionDomain::Monotone).unwrap();
    close(cf.value_at_risk(Confidence::P99) / 0.060_349_935_275_199_21, 1.0, 1e-12);
    close(cf.expected_shortfall(Confidence::P99, ShortfallFloor::None) / 0.068_063_841_662_398_58, 1.0, 1e-12);
    // Far outside the domain the raw tail mean falls below the quantile: 7.0021 at K = 20.
    let wild = CornishFisher::new(0.0, 1.0, 0.0, 20.0, ExpansionDomain::Unchecked).unwrap();
    close(wild.value_at_risk(Confidence::P99) / 7.002_102_442_452_68, 1.0, 1e-12);
    close(wild.expected_shortfall(Confidence::P99, ShortfallFloor::None) / 1.729_760_128_008_601_8e-6, 1.0, 1e-9);
    let floored = wild.expected_shortfall(Confidence::P99, ShortfallFloor::ValueAtRisk);
    assert_eq!(floored, wild.value_at_risk(Confidence::P99));
    // The sample's own moments: scipy.stats.skew and kurtosis of the losses, the sign of skewness turned.
    let own = sample().cornish_fisher(ExpansionDomain::Unchecked).unwrap();
    close(own.skewness(), 0.038_040_869_490_866_01, 1e-12);
    close(own.excess_kurtosis(), 2.231_124_705_445_125_3 - 3.0, 1e-12);
    close(own.mean(), -0.01105, 1e-15);
    close(own.standard_deviation(), (0.000_835_102_631_578_947_5_f64 * 19.0 / 20.0).sqrt(), 1e-15);
    assert_eq!(
        sample().cornish_fisher_value_at_risk(at(0.99), ExpansionDomain::Monotone).unwrap_err().kind(),
        ErrorKind::Undefined,
        "a negative excess kurtosis bends the tails back"
    );
}

#[test]
fn the_expansion_has_the_domain_of_maillard() {
    // |S| ≤ 6(√2 − 1) = 2.48528 whatever the kurtosis.
    let somewhere = |s: f64| (0..4_000).any(|i| CornishFisher::is_monotone(s, f64::from(i) * 0.005));
    assert!(somewhere(2.48) && somewhere(-2.48));
    assert!(!somewhere(2.4854) && !somewhere(-2.4854));
    // Without skewness the kurtosis runs from 0 to 8.
    for (k, inside) in [(-0.01, false), (0.0, true), (8.0, true), (8.01, false), (30.0, false)] {
        assert_eq!(CornishFisher::is_monotone(0.0, k), inside, "{k}");
    }
    // Inside, the quantile really increases; just outside at S = 0, K = 8.5 it does not.
    let var =
        |k: f64, c: f64| CornishFisher::new(0.0, 1.0, 0.0, k, ExpansionDomain::Unchecked).unwrap().value_at_risk(at(c));
    assert!(var(7.9, 0.501) > var(7.9, 0.5) && var(8.5, 0.501) < var(8.5, 0.5));
}

#[test]
fn dispersion() {
    close(sample().mean_absolute_deviation().unwrap(), 0.02295, 1e-15);
    // The mean of |xᵢ − xⱼ| over all ordered pairs, by a double loop in NumPy.
    close(sample().gini_mean_difference().unwrap(), 0.0339, 1e-14);
    close(sample().range().unwrap(), 0.104, 1e-15);
    assert_eq!(sample().worst_loss().unwrap().value, 0.063);
    // The trapezoid weights on np.linspace(1e-4, 0.2, 11) and ES by its definition.
    close(sample().tail_gini(at(0.8), 11).unwrap(), 0.055_894_844_354_999_99, 1e-13);
    // The four largest less the four smallest, each a mean.
    close(sample().expected_shortfall_range(at(0.8)).unwrap(), 0.05075 + 0.03, 1e-14);
    let volatility = sample().volatility(1).unwrap();
    close(volatility.value, 0.000_835_102_631_578_947_5_f64.sqrt(), 1e-15);
    close(
        volatility.standard_error.unwrap(),
        volatility.value * ((2.231_124_705_445_125_3 - 1.0) / 80.0_f64).sqrt(),
        1e-12,
    );
    // Shortfalls of the gain below 0.01: losses above −0.01.
    let shortfalls = LOSSES.iter().map(|l| (0.01 + l).max(0.0));
    let second = shortfalls.clone().map(|s| s * s).sum::<f64>() / 20.0;
    close(sample().lower_partial_moment(0.01, 2).unwrap().value, second.sqrt(), 1e-15);
    close(sample().lower_partial_moment(0.01, 1).unwrap().value, shortfalls.sum::<f64>() / 20.0, 1e-15);
    assert_eq!(sample().lower_partial_moment(-1.0, 2).unwrap().value, 0.0);
    assert_eq!(sample().lower_partial_moment(-1.0, 2).unwrap().standard_error, None);
}

#[test]
fn a_loss_without_probability_counts_for_nothing() {
    let with = LossSample::new(vec![1.0, 99.0, 2.0, 3.0, -99.0]).unwrap();
    let with = with.with_probabilities(vec![0.25, 0.0, 0.5, 0.25, 0.0]).unwrap();
    let without = LossSample::new(vec![1.0, 2.0, 3.0]).unwrap().with_probabilities(vec![0.25, 0.5, 0.25]).unwrap();
    for c in [at(0.3), at(0.75), at(0.9)] {
        assert_eq!(with.value_at_risk(c).unwrap().value, without.value_at_risk(c).unwrap().value);
        assert_eq!(with.expected_shortfall(c).unwrap().value, without.expected_shortfall(c).unwrap().value);
        assert_eq!(with.entropic_value_at_risk(c).unwrap().value, without.entropic_value_at_risk(c).unwrap().value);
        assert!(with.tail_weights(c).iter().all(|&(i, _)| i != 1));
    }
    assert_eq!(with.worst_loss().unwrap().value, 3.0);
    assert_eq!(with.range().unwrap(), 2.0);
    close(with.effective_observations(), without.effective_observations(), 1e-14);
}

#[test]
fn a_bootstrap_is_seeded_and_honest() {
    let s = LossSample::new(normal_scores(400)).unwrap();
    let mean = |s: &LossSample| Ok(s.mean()?.value);
    let first = s.bootstrap(&Bootstrap::new(9), mean).unwrap();
    assert_eq!(first, s.bootstrap(&Bootstrap::new(9), mean).unwrap());
    assert_ne!(first, s.bootstrap(&Bootstrap::new(10), mean).unwrap());
    assert_eq!(first.interval.method, IntervalMethod::Bootstrap);
    // The error of a mean is known; 1,000 replicates know it to 1/√2000 = 2.2 %, tested at four times that.
    close(first.standard_error / s.mean().unwrap().standard_error.unwrap(), 1.0, 0.09);
    let quarter = s.clone().with_effective_observations(100.0).unwrap().bootstrap(&Bootstrap::new(9), mean).unwrap();
    close(quarter.standard_error / first.standard_error, 2.0, 0.13);
    let tilted = s.clone().with_probabilities((0..400).map(|i| f64::from(i) / 79_800.0).collect::<Vec<_>>()).unwrap();
    let weighted = tilted.bootstrap(&Bootstrap::new(9), mean).unwrap();
    close(weighted.standard_error / tilted.mean().unwrap().standard_error.unwrap(), 1.0, 0.09);
    assert!(
        weighted.interval.lower < tilted.mean().unwrap().value
            && tilted.mean().unwrap().value < weighted.interval.upper
    );
    assert!(s.bootstrap(&Bootstrap::new(9).with_replicates(1), mean).is_err());
    let failing = |_: &LossSample| Err(Error::Empty { name: "nothing" });
    assert_eq!(s.bootstrap(&Bootstrap::new(9), failing), Err(Error::Empty { name: "nothing" }));
}

#[test]
fn results_carry_what_the_sample_knows() {
    let coverage = Coverage::complete(7, 1e6);
    let s = sample().with_horizon(Horizon::TEN_DAYS).with_coverage(coverage).with_interval_level(at(0.8));
    let dynamic: &dyn LossDistribution = &s;
    for estimate in [
        dynamic.value_at_risk(at(0.8)).unwrap(),
        dynamic.expected_shortfall(at(0.8)).unwrap(),
        dynamic.spectral(&Spectrum::exponential(2.0).unwrap()).unwrap(),
        s.mean().unwrap(),
        s.worst_loss().unwrap(),
    ] {
        assert_eq!((estimate.horizon, estimate.coverage, estimate.observations), (Horizon::TEN_DAYS, coverage, 20));
        assert!(estimate.interval.is_none_or(|i| i.level == at(0.8)));
    }
    assert_eq!(dynamic.horizon(), Horizon::TEN_DAYS);
    assert_eq!(dynamic.cdf(0.002).unwrap(), 0.4);
    assert_eq!(weighted().cdf(1.0).unwrap(), 1.0);
    assert_eq!(weighted().cdf(-1.0).unwrap(), 0.0);
    close(weighted().cdf(-0.033).unwrap(), 25.0 / 210.0, 1e-15);
    assert!(s.cdf(f64::NAN).is_err());
}

#[test]
fn hostile_samples_are_refused() {
    assert_eq!(LossSample::new(Vec::new()), Err(Error::Empty { name: "losses" }));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(
            LossSample::new(vec![0.0, bad]),
            Err(Error::ElementOutOfDomain { name: "losses", index: 1, .. })
        ));
        assert!(matches!(
            LossSample::from_returns(array![0.0, bad].view()),
            Err(Error::ElementOutOfDomain { name: "returns", index: 1, .. })
        ));
    }
    let two = || LossSample::new(vec![1.0, 2.0]).unwrap();
    assert!(matches!(two().with_probabilities(vec![1.0]), Err(Error::LengthMismatch { .. })));
    assert!(matches!(two().with_probabilities(vec![1.5, -0.5]), Err(Error::ElementOutOfDomain { index: 1, .. })));
    assert!(matches!(two().with_probabilities(vec![0.5, f64::NAN]), Err(Error::ElementOutOfDomain { index: 1, .. })));
    assert!(matches!(two().with_probabilities(vec![0.5, 0.4]), Err(Error::OutOfDomain { .. })));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(two().with_effective_observations(bad), Err(Error::OutOfDomain { .. })));
        assert!(two().entropic_risk(bad, at(0.9)).is_err());
        assert!(Spectrum::exponential(bad).is_err());
    }
    let one = LossSample::new(vec![1.5]).unwrap();
    assert_eq!(one.normal_value_at_risk(at(0.9), 1).unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!(one.gini_mean_difference().unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!(one.cornish_fisher(ExpansionDomain::Unchecked).unwrap_err().kind(), ErrorKind::Undefined);
    let (var, es) = (one.value_at_risk(at(0.9)).unwrap(), one.expected_shortfall(at(0.9)).unwrap());
    assert_eq!((var.value, var.standard_error, var.interval), (1.5, None, None));
    assert_eq!((es.value, es.standard_error, es.interval), (1.5, None, None));
    assert!(one.tail_gini(at(0.9), 2).is_err() && one.tail_gini(at(0.9999), 10).is_err());
    assert!(one.lower_partial_moment(f64::NAN, 2).is_err() && one.lower_partial_moment(0.0, 0).is_err());
    let huge = LossSample::new(vec![f64::MAX, f64::MAX, -f64::MAX]).unwrap();
    for kind in [
        huge.range().unwrap_err(),
        huge.volatility(1).unwrap_err(),
        huge.entropic_value_at_risk(at(0.5)).unwrap_err(),
        huge.cornish_fisher(ExpansionDomain::Unchecked).unwrap_err(),
    ] {
        assert_eq!(kind.kind(), ErrorKind::Numerical);
    }
    for (mean, sd, s, k) in
        [(f64::NAN, 1.0, 0.0, 0.0), (0.0, -1.0, 0.0, 0.0), (0.0, 1.0, f64::NAN, 0.0), (0.0, 1.0, 0.0, f64::INFINITY)]
    {
        assert!(matches!(
            CornishFisher::new(mean, sd, s, k, ExpansionDomain::Unchecked),
            Err(Error::OutOfDomain { .. })
        ));
    }
}

#[test]
fn hostile_spectra_are_refused() {
    assert!(matches!(Spectrum::weights(&[]), Err(Error::Empty { .. })));
    assert!(matches!(Spectrum::weights(&[0.6, 0.4]), Err(Error::ElementOutOfDomain { index: 1, .. })));
    assert!(matches!(Spectrum::weights(&[-0.1, 1.1]), Err(Error::ElementOutOfDomain { index: 0, .. })));
    assert!(matches!(Spectrum::weights(&[0.3, 0.6]), Err(Error::OutOfDomain { .. })));
    assert!(matches!(Spectrum::step(vec![0.5], vec![1.0]), Err(Error::LengthMismatch { .. })));
    for breaks in [vec![0.5, 0.5], vec![0.0, 0.5], vec![0.5, 1.0], vec![f64::NAN, 0.5]] {
        assert!(matches!(Spectrum::step(breaks, vec![1.0; 3]), Err(Error::ElementOutOfDomain { .. })));
    }
    assert!(Spectrum::step(vec![0.5], vec![0.5, 1.5 + 1e-11]).is_err());
    assert!(Spectrum::weights(&[0.1; 10]).is_ok());
}

#[test]
fn stored_forms_round_trip_and_are_checked() {
    let s = weighted().with_quantile_rule(QuantileRule::Hazen).with_horizon(Horizon::WEEK);
    let text = serde_json::to_string(&s).unwrap();
    assert_eq!(serde_json::from_str::<LossSample>(&text).unwrap().losses(), s.losses());
    assert!(serde_json::from_str::<LossSample>(&text.replacen("0.021", "null", 1)).is_err());
    assert!(
        serde_json::from_str::<LossSample>(
            &text.replace("\"effective_observations\":20.0", "\"effective_observations\":0.0")
        )
        .is_err()
    );
    for spectrum in [
        Spectrum::exponential(2.0).unwrap(),
        Spectrum::expected_shortfall(at(0.9)),
        Spectrum::step(vec![0.5], vec![0.5, 1.5]).unwrap(),
    ] {
        let text = serde_json::to_string(&spectrum).unwrap();
        assert_eq!(serde_json::from_str::<Spectrum>(&text).unwrap(), spectrum);
    }
    assert!(serde_json::from_str::<Spectrum>(r#"{"step":{"breaks":[0.5],"heights":[1.5,0.5]}}"#).is_err());
    let path = DrawdownPath::from_returns(array![-0.1, 0.2].view(), DrawdownKind::Compounded).unwrap();
    let episode = path.episodes()[0];
    let text = serde_json::to_string(&episode).unwrap();
    assert_eq!(serde_json::from_str::<Episode>(&text).unwrap(), episode);
    assert!(serde_json::from_str::<Episode>(&text.replace("\"start\":0", "\"start\":1")).is_err());
    assert!(serde_json::from_str::<Episode>(&text.replace("\"recovered\":1", "\"recovered\":0")).is_err());
    assert!(serde_json::from_str::<Episode>(&text.replace("\"depth\":0.", "\"depth\":-0.")).is_err());
}

/// Falls to 0.8, recovers to 1.0, rises to 1.25, falls to 1.0 and 1.125 without recovering.
fn path() -> DrawdownPath {
    DrawdownPath::from_values(array![1.0, 0.875, 0.75, 1.0, 1.25, 1.0, 1.125].view()).unwrap()
}

#[test]
fn a_drawdown_path_by_hand() {
    let p = path();
    for (got, want) in p.drawdowns().iter().zip([0.125, 0.25, 0.0, 0.0, 0.2, 0.1]) {
        close(*got, want, 1e-15);
    }
    close(p.max(), 0.25, 1e-15);
    close(p.average(), 0.675 / 6.0, 1e-15);
    let squares = 0.125_f64.powi(2) + 0.25_f64.powi(2) + 0.04 + 0.01;
    close(p.ulcer_index(0).unwrap(), (squares / 6.0).sqrt(), 1e-15);
    close(p.ulcer_index(1).unwrap(), (squares / 5.0).sqrt(), 1e-15);
    close(p.deviation(), ((0.0625 + 0.04) / 6.0_f64).sqrt(), 1e-15);
    close(p.average_depth().unwrap(), 0.225, 1e-15);
    close(p.conditional(at(0.75)).unwrap(), (0.25 + 0.5 * 0.2) / 1.5, 1e-14);
    close(p.at_risk(at(0.5), QuantileRule::LowerLoss).unwrap(), 0.1, 1e-15);
    // Depths 0.25 and 0.2 and one 0 for the run of peaks.
    let over_episodes =
        p.conditional_with(at(0.5), DrawdownSample::Episodes, TailMean::FractionalAtom, QuantileRule::Linear);
    close(over_episodes.unwrap(), (0.25 + 0.5 * 0.2) / 1.5, 1e-14);
    assert_eq!(p.sample(DrawdownSample::Episodes).unwrap().len(), 3);
}

#[test]
fn episodes_by_hand() {
    let found = path().episodes();
    let [first, second] = found[..] else { panic!("two episodes, not {}", found.len()) };
    assert_eq!((first.start, first.trough, first.end(), first.recovered), (0, 1, 2, Some(2)));
    assert_eq!((first.length(), first.to_trough(), first.recovery(), first.recovery_so_far()), (3, 2, Some(1), 1));
    assert_eq!((second.start, second.trough, second.end(), second.is_recovered()), (4, 4, 6, false));
    assert_eq!((second.length(), second.to_trough(), second.recovery(), second.recovery_so_far()), (3, 1, None, 2));
    assert_eq!(path().deepest(1), vec![first]);
    assert_eq!(path().deepest(9), vec![first, second]);
    let mean = |field, unfinished| path().episode_mean(field, unfinished).unwrap();
    assert_eq!(mean(EpisodeField::Recovery, Unfinished::EndsWithData), 1.5);
    assert_eq!(mean(EpisodeField::Recovery, Unfinished::Excluded), 1.0);
    assert_eq!(mean(EpisodeField::ToTrough, Unfinished::EndsWithData), 1.5);
    assert_eq!(mean(EpisodeField::Length, Unfinished::Excluded), 3.0);
}

#[test]
fn kinds_of_drawdown() {
    let returns = array![0.5, -0.5, -0.5];
    let max = |kind| DrawdownPath::from_returns(returns.view(), kind).unwrap().max();
    assert_eq!(max(DrawdownKind::Compounded), 0.75);
    assert_eq!(max(DrawdownKind::Uncompounded), 1.0);
    close(max(DrawdownKind::UncompoundedRelative), 2.0 / 3.0, 1e-15);
    let money = DrawdownPath::absolute_from_values(array![10.0, -5.0, 20.0, 12.0].view()).unwrap();
    assert_eq!(money.drawdowns().to_vec(), vec![15.0, 0.0, 8.0]);
}

#[test]
fn hostile_paths_are_refused() {
    let of = |r: Array1<f64>, kind| DrawdownPath::from_returns(r.view(), kind).map(|p| p.max());
    assert_eq!(of(array![], DrawdownKind::Compounded), Err(Error::Empty { name: "returns" }));
    assert!(matches!(
        of(array![0.1, -1.0], DrawdownKind::Compounded),
        Err(Error::ElementOutOfDomain { name: "returns", index: 1, expected: "above -1", .. })
    ));
    assert_eq!(of(array![0.5, -2.0], DrawdownKind::Uncompounded), Ok(2.0));
    assert!(of(array![f64::NAN], DrawdownKind::Uncompounded).is_err());
    assert_eq!(of(array![1e200, 1e200], DrawdownKind::Compounded), Err(Error::Overflow { name: "drawdown path" }));
    assert!(matches!(
        DrawdownPath::from_values(array![1.0].view()),
        Err(Error::InsufficientData { required: 2, available: 1, .. })
    ));
    assert!(matches!(
        DrawdownPath::from_values(array![1.0, 0.0].view()),
        Err(Error::ElementOutOfDomain { name: "values", index: 1, .. })
    ));
    let rising = DrawdownPath::from_returns(array![0.1, 0.0].view(), DrawdownKind::Compounded).unwrap();
    assert_eq!((rising.max(), rising.average(), rising.deviation(), rising.episodes().len()), (0.0, 0.0, 0.0, 0));
    assert_eq!(rising.average_depth().unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!(
        rising.episode_mean(EpisodeField::Length, Unfinished::Excluded).unwrap_err().kind(),
        ErrorKind::Undefined
    );
    assert_eq!(rising.ulcer_index(2).unwrap_err().kind(), ErrorKind::Undefined);
}
