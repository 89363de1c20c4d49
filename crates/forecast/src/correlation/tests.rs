use alluse_risk_core::covariance::SampleCovariance;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::volatility::EwmaVolatility;
use alluse_risk_core::{ErrorKind, Result as CoreResult};
use alluse_risk_core::{FittedVolatility, VolatilityModel};
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis, array};
use proptest::prelude::*;

use super::likelihood::{Quasi, Sample};
use super::*;

/// Volatility 1 and mean 0: what is left are the correlations.
#[derive(Debug, Clone)]
struct Unit(Array1<f64>, Array1<f64>);

impl VolatilityModel for Unit {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        Ok(Box::new(Self(Array1::zeros(returns.len()), Array1::ones(returns.len()))))
    }
}

impl FittedVolatility for Unit {
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.0.view()
    }
    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.1.view()
    }
    fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
        Ok(Array1::zeros(steps))
    }
    fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
        Ok(Array1::ones(steps))
    }
    fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        self.fit(returns)
    }
    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
        out.assign(&z);
        Ok(())
    }
}

fn unit() -> DynamicCorrelation {
    DynamicCorrelation::new(Unit(Array1::zeros(0), Array1::zeros(0)))
}

/// The series of tests/golden/correlation.py, dates × series.
fn waves() -> Array2<f64> {
    Array2::from_shape_fn((60, 3), |(t, i)| {
        let (t, i) = (t as f64, i as f64);
        1.4 * (1.7 * (t + 1.0) * (i + 1.0) + i).sin() + 0.5 * (0.9 * t).cos()
    })
}

fn sample(dynamics: CorrelationDynamics, likelihood: CorrelationLikelihood) -> Sample {
    let target = array![[1.0, 0.3, -0.2], [0.3, 1.0, 0.1], [-0.2, 0.1, 1.0]];
    Sample { by_series: waves().t().as_standard_layout().into_owned(), target, dynamics, likelihood }
}

#[test]
fn likelihoods_are_sums_of_densities() {
    use CorrelationDynamics::{Corrected, Engle};
    use CorrelationLikelihood::{AdjacentPairs, AllPairs, Full};
    // tests/golden/correlation.py
    for (dynamics, likelihood, want) in [
        (Engle, Full, -7.108_015_480_301_229),
        (Engle, AdjacentPairs, -4.361_675_516_507_876),
        (Engle, AllPairs, -6.197_393_204_979_441),
        (Corrected, Full, -7.292_219_814_224_864),
        (Corrected, AdjacentPairs, -4.445_903_877_273_674_5),
        (Corrected, AllPairs, -6.393_961_145_729_727),
    ] {
        let got: f64 = sample(dynamics, likelihood).by_date(0.06, 0.9).unwrap().iter().sum();
        // Sums of 60 terms near 1.
        assert!((got - want).abs() < 1e-12, "{dynamics:?} {likelihood:?}: {got} against {want}");
    }
}

#[test]
fn quasi_correlations_follow_the_recursion() {
    // tests/golden/correlation.py: the correlation of series 0 and 2 on the last date, and Q of series 1 and 2 after it.
    for (dynamics, last, next) in [
        (CorrelationDynamics::Engle, -0.187_439_128_035_117_84, 0.090_048_629_770_295_46),
        (CorrelationDynamics::Corrected, -0.181_122_506_363_326_14, 0.087_168_326_711_311_42),
    ] {
        let sample = sample(dynamics, CorrelationLikelihood::Full);
        let mut quasi = Quasi::new(sample.target.view(), dynamics, 0.06, 0.9);
        let mut correlation = 0.0;
        for z in sample.by_series.columns() {
            correlation = quasi.correlation()[(0, 2)];
            quasi.observe(z);
        }
        assert!((correlation - last).abs() < 1e-14 && (quasi.value[(1, 2)] - next).abs() < 1e-14);
    }
}

/// Normal series whose correlations follow Engle's recursion with a = 0.05, b = 0.92.
fn moving(dates: usize, series: usize, seed: u64) -> Array2<f64> {
    let target = Array2::from_shape_fn((series, series), |(i, j)| if i == j { 1.0 } else { 0.4 });
    let mut quasi = Quasi::new(target.view(), CorrelationDynamics::Engle, 0.05, 0.92);
    let mut z = Streams::new(seed).standard_normals(dates, series);
    for mut row in z.rows_mut() {
        let lower = alluse_risk_core::linalg::cholesky(quasi.correlation().view()).unwrap().lower().to_owned();
        let shock = row.to_owned();
        row.assign(&lower.dot(&shock));
        quasi.observe(row.view());
    }
    z
}

#[test]
fn simulated_parameters_are_recovered_within_their_errors() {
    for (series, dynamics) in
        [(3, CorrelationDynamics::Engle), (3, CorrelationDynamics::Corrected), (14, CorrelationDynamics::Engle)]
    {
        let fitted = unit()
            .with_dynamics(dynamics)
            .with_target(SampleCovariance::default())
            .fit(moving(4_000, series, 11).view())
            .unwrap();
        let errors = fitted.standard_errors().unwrap();
        // Four standard errors, of one seeded sample.
        assert!((fitted.news() - 0.05).abs() < 4.0 * errors.news, "{} ± {}", fitted.news(), errors.news);
        assert!((fitted.decay() - 0.92).abs() < 4.0 * errors.decay, "{} ± {}", fitted.decay(), errors.decay);
        assert!(errors.news < 0.02 && errors.decay < 0.05, "{errors:?}");
        assert!(fitted.log_likelihood() > fitted.constant_log_likelihood() + 10.0);
    }
}

#[test]
fn hundreds_of_series_stay_positive_definite() {
    // More series than dates: the sample correlation is singular, the shrunk one is not.
    let returns = 0.01 * moving(150, 200, 3);
    let fitted = DynamicCorrelation::new(EwmaVolatility::default()).fit(returns.view()).unwrap();
    assert_eq!(fitted.likelihood(), CorrelationLikelihood::AdjacentPairs);
    for step in [1, 20] {
        let covariance = fitted.forecast_covariance(step).unwrap();
        assert!(alluse_risk_core::linalg::cholesky(covariance.view()).is_ok());
    }
}

#[test]
fn a_constant_correlation_is_the_target() {
    let returns = moving(400, 2, 5);
    let fitted = unit()
        .with_dynamics(CorrelationDynamics::Constant)
        .with_target(SampleCovariance::default())
        .fit(returns.view())
        .unwrap();
    let path = fitted.correlation_path(0, 1).unwrap();
    assert!(path.iter().all(|value| (value - fitted.target()[(0, 1)]).abs() < 1e-15));
    assert_eq!(fitted.log_likelihood(), fitted.constant_log_likelihood());
    assert_eq!(fitted.correlation_path(1, 1).unwrap()[7], 1.0);
    assert!(fitted.standard_errors().is_none());
}

#[test]
fn forecasts_start_at_the_next_date_and_return_to_the_target() {
    let fitted = unit().fit(moving(1_500, 3, 9).view()).unwrap();
    let far = fitted.forecast_correlation(2_000).unwrap();
    assert!((&far - &fitted.target()).iter().all(|gap| gap.abs() < 1e-12));
    let sum = fitted.cumulative_covariance(3).unwrap();
    let steps: f64 = (1..=3).map(|k| fitted.forecast_covariance(k).unwrap().view()[(0, 2)]).sum();
    assert!((sum.view()[(0, 2)] - steps).abs() < 1e-14);
    // One more date moves the path by the recursion whose next value had been forecast.
    let longer = moving(1_501, 3, 9);
    let mut quasi = Quasi::new(fitted.target(), CorrelationDynamics::Engle, fitted.news(), fitted.decay());
    longer.rows().into_iter().take(1_500).for_each(|z| quasi.observe(z));
    let next = fitted.forecast_correlation(1).unwrap();
    assert!((quasi.correlation()[(1, 2)] - next[(1, 2)]).abs() < 1e-14);
}

#[test]
fn simulated_futures_have_the_forecast_correlation() {
    let fitted = unit().fit(moving(1_500, 2, 21).view()).unwrap();
    for shocks in [CorrelationShocks::Normal, CorrelationShocks::Residuals] {
        let futures = fitted.simulate(2, 20_000, shocks, 1).unwrap();
        let first = futures.index_axis(Axis(1), 0);
        let mean: f64 = first.rows().into_iter().map(|z| z[0] * z[1]).sum::<f64>() / 20_000.0;
        // The product of two standard variables has standard deviation below 1.6: five of its errors.
        assert!((mean - fitted.forecast_correlation(1).unwrap()[(0, 1)]).abs() < 0.06, "{shocks:?}");
        let again = fitted.simulate(2, 100, shocks, 1).unwrap();
        assert!(again.iter().zip(&futures).all(|(a, b)| a == b));
    }
}

#[test]
fn hostile_input() {
    let returns = moving(100, 2, 1);
    let kind = |returns: &Array2<f64>| unit().fit(returns.view()).unwrap_err().kind();
    assert_eq!(kind(&returns.select(Axis(1), &[0])), ErrorKind::InsufficientData);
    assert_eq!(kind(&returns.select(Axis(0), &[0, 1, 2])), ErrorKind::InsufficientData);
    let mut bad = returns.clone();
    bad[(4, 1)] = f64::NAN;
    assert_eq!(kind(&bad), ErrorKind::InvalidInput);
    let mut flat = returns.clone();
    flat.column_mut(1).fill(0.0);
    let error = DynamicCorrelation::new(EwmaVolatility::default()).fit(flat.view()).unwrap_err();
    assert!(error.to_string().contains("series 1"), "{error}");
    let twins = ndarray::stack(Axis(1), &[returns.column(0), returns.column(0)]).unwrap();
    assert!(unit().with_target(SampleCovariance::default()).fit(twins.view()).is_err());
    let fitted = unit().fit(returns.view()).unwrap();
    assert!(fitted.correlation_path(0, 2).is_err() && fitted.forecast_correlation(0).is_err());
    assert!(fitted.simulate(0, 1, CorrelationShocks::Normal, 1).is_err());
    assert!(fitted.simulate(1, 0, CorrelationShocks::Normal, 1).is_err());
}

proptest! {
    /// A pair has the same density by both roads.
    #[test]
    fn the_pairwise_recursion_is_the_full_one(
        values in prop::collection::vec(-3.0..3.0_f64, 40), news in 0.0..0.3_f64, decay in 0.0..0.69_f64, rho in -0.9..0.9_f64,
    ) {
        let by_series = Array2::from_shape_vec((2, 20), values).unwrap();
        for dynamics in [CorrelationDynamics::Engle, CorrelationDynamics::Corrected] {
            let of = |likelihood| Sample { by_series: by_series.clone(), target: array![[1.0, rho], [rho, 1.0]], dynamics, likelihood };
            let full = of(CorrelationLikelihood::Full).by_date(news, decay).unwrap();
            let pairs = of(CorrelationLikelihood::AdjacentPairs).by_date(news, decay).unwrap();
            for (a, b) in full.iter().zip(&pairs) {
                prop_assert!((a - b).abs() < 1e-10 * (1.0 + a.abs()), "{} {}", a, b);
            }
        }
    }
}
