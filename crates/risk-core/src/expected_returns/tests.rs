//! Golden values: NumPy 2, pandas 2 (`ewm`), statsmodels 0.14 (`OLS`) and mpmath (30 digits) on the returns below;
//! errors of returns near 1e-2 are covariances near 1e-5 a period, so 1e-17 leaves them 12 digits.

use ndarray::{Array1, Array2, ArrayView2, array};
use proptest::prelude::*;

use super::*;
use crate::covariance::Covariance;
use crate::{AssetId, Decay, Error, ErrorKind, Frequency, HalfLife, Weights};

fn returns() -> Array2<f64> {
    array![
        [0.010, 0.020, -0.010],
        [-0.015, 0.005, 0.020],
        [0.010, -0.030, 0.005],
        [0.025, 0.020, -0.010],
        [-0.005, 0.000, 0.015],
        [0.010, 0.015, -0.020],
        [0.000, -0.010, 0.005]
    ]
}

#[track_caller]
fn near(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance, "{i}: got {got}, want {want}");
    }
}

#[track_caller]
fn near_matrix(got: ArrayView2<'_, f64>, want: &Array2<f64>, tolerance: f64) {
    assert_eq!(got.dim(), want.dim());
    for (place, want) in want.indexed_iter() {
        assert!((got[place] - want).abs() <= tolerance, "{place:?}: got {}, want {want}", got[place]);
    }
}

fn error_of(estimate: &ExpectedReturnsEstimate) -> ArrayView2<'_, f64> {
    estimate.error_covariance.as_ref().unwrap().view()
}

#[test]
fn historical_means_agree_with_numpy() {
    let monthly = |compounding| HistoricalMean::new(compounding).with_frequency(Frequency::Monthly);
    let arithmetic = monthly(Compounding::Arithmetic).estimate(returns().view()).unwrap();
    near(&arithmetic.values, &[0.06, 0.034_285_714_285_714_29, 0.008_571_428_571_428_57], 1e-16);
    let want = array![
        [0.003_428_571_428_571_43, 0.001_285_714_285_714_29, -0.003_085_714_285_714_29],
        [0.001_285_714_285_714_29, 0.006_832_653_061_224_49, -0.002_791_836_734_693_88],
        [-0.003_085_714_285_714_29, -0.002_791_836_734_693_88, 0.004_359_183_673_469_39]
    ];
    near_matrix(error_of(&arithmetic), &want, 1e-16);
    assert_eq!((arithmetic.observations, arithmetic.effective_observations), (Some(7), Some(7.0)));
    assert_eq!((arithmetic.frequency, arithmetic.compounding), (Some(Frequency::Monthly), Compounding::Arithmetic));
    let geometric = monthly(Compounding::Geometric).estimate(returns().view()).unwrap();
    near(&geometric.values, &[0.060_776_620_687_715_61, 0.033_057_857_315_281_1, 0.007_507_372_275_653_79], 1e-15);
    let want = array![
        [0.003_823_565_977_970_46, 0.001_361_708_193_721_88, -0.003_279_287_062_483_49],
        [0.001_361_708_193_721_88, 0.007_347_962_056_510_27, -0.002_904_539_336_809_82],
        [-0.003_279_287_062_483_49, -0.002_904_539_336_809_82, 0.004_423_440_422_177_8]
    ];
    near_matrix(error_of(&geometric), &want, 1e-15);
    assert!((geometric.standard_errors().unwrap()[0] - want[[0, 0]].sqrt()).abs() < 1e-15);
    let period = HistoricalMean::default().estimate(returns().view()).unwrap();
    near(&period.values, &[0.005, 0.02 / 7.0, 0.005 / 7.0], 1e-17);
    assert_eq!(period.frequency, None);
}

#[test]
fn one_observation_has_a_mean_and_no_error() {
    let estimate = HistoricalMean::default().estimate(array![[0.03, 0.01]].view()).unwrap();
    near(&estimate.values, &[0.03, 0.01], 0.0);
    assert_eq!((estimate.error_covariance, estimate.observations), (None, Some(1)));
    let exponential = ExponentialMean::new(Decay::new(0.5).unwrap(), Compounding::Arithmetic);
    let estimate = exponential.estimate(array![[0.03]].view()).unwrap();
    assert_eq!((estimate.values[0], estimate.error_covariance), (0.03, None));
}

#[test]
fn a_total_loss_compounds_to_a_total_loss() {
    let lost = array![[0.1, 0.1], [-1.0, 0.0]];
    let estimate = HistoricalMean::new(Compounding::Geometric).estimate(lost.view()).unwrap();
    assert_eq!(estimate.values[0], -1.0);
    assert!((estimate.values[1] - (1.1_f64.sqrt() - 1.0)).abs() < 1e-15);
    assert_eq!(estimate.error_covariance, None);
    let beyond = array![[0.1, 0.1], [0.0, -1.01]];
    let error = HistoricalMean::new(Compounding::Geometric).estimate(beyond.view()).unwrap_err();
    let (row, column) = ("1".to_owned(), "1".to_owned());
    let expected = "at least -1 to be compounded";
    assert_eq!(error, Error::EntryOutOfDomain { name: "returns", row, column, expected, value: -1.01 });
    assert!(HistoricalMean::default().estimate(beyond.view()).is_ok());
}

#[test]
fn exponential_means_agree_with_pandas() {
    let span = Decay::from_span(3.0).unwrap();
    let monthly = |compounding| ExponentialMean::new(span, compounding).with_frequency(Frequency::Monthly);
    let means = [0.003_622_047_244_094_49, -0.000_708_661_417_322_83, -0.000_866_141_732_283_46];
    let period = ExponentialMean::new(span, Compounding::Arithmetic).estimate(returns().view()).unwrap();
    near(&period.values, &means, 1e-17);
    assert!((period.effective_observations.unwrap() - 2.953_488_372_093_023_6).abs() < 1e-14);
    let arithmetic = monthly(Compounding::Arithmetic).estimate(returns().view()).unwrap();
    near(&arithmetic.values, &means.map(|m| 12.0 * m), 1e-16);
    near_matrix(error_of(&arithmetic), &(error_of(&period).to_owned() * 144.0), 1e-16);
    let geometric = monthly(Compounding::Geometric).estimate(returns().view()).unwrap();
    let want = [0.044_340_975_613_772_26, -0.008_470_869_912_787_78, -0.010_344_330_161_955_91];
    near(&geometric.values, &want, 1e-15);
    let want = array![
        [0.004_954_855_561_456_68, 0.004_779_887_864_408_62, -0.005_803_937_713_393_17],
        [0.004_779_887_864_408_62, 0.011_878_187_581_901_8, -0.008_601_300_372_125_12],
        [-0.005_803_937_713_393_17, -0.008_601_300_372_125_12, 0.011_221_197_007_937_88]
    ];
    near_matrix(error_of(&geometric), &want, 1e-15);
    let ruin = array![[-1.5], [-1.2]];
    let error = monthly(Compounding::Geometric).estimate(ruin.view()).unwrap_err();
    assert!(matches!(error, Error::ElementOutOfDomain { name: "mean returns", index: 0, .. }));
}

/// Efron and Morris (1975): batting averages of 18 players over their first 45 at-bats of 1970.
fn batting() -> Array1<f64> {
    let averages = [
        0.400, 0.378, 0.356, 0.333, 0.311, 0.311, 0.289, 0.267, 0.244, 0.244, 0.222, 0.222, 0.222, 0.222, 0.222, 0.200,
        0.178, 0.156,
    ];
    averages.iter().map(|y: &f64| 45_f64.sqrt() * (2.0 * y - 1.0).asin()).collect()
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
mod shrunk {
    use super::*;

    fn four() -> Array2<f64> {
        let last = array![0.02, -0.01, 0.015, 0.005, -0.02, 0.01, 0.012].insert_axis(ndarray::Axis(1));
        ndarray::concatenate![ndarray::Axis(1), returns(), last]
    }

    #[test]
    fn efron_and_morris_shrink_batting_averages() {
        let unit = Covariance::new(Array2::eye(18)).unwrap();
        let shrunk = JamesStein::default().shrink(batting().view(), &unit, 1).unwrap();
        let shrinkage = shrunk.shrinkage.unwrap();
        // Their 1 − (k−3)/V = 0.209, to the digits printed.
        assert!((shrinkage.intensity - 0.791).abs() < 5e-4, "{}", shrinkage.intensity);
        // Clemente: 0.290 in their table.
        let clemente = 0.5 * ((shrunk.values[0] / 45_f64.sqrt()).sin() + 1.0);
        assert!((clemente - 0.290).abs() < 5e-4, "{clemente}");
    }

    #[test]
    fn intensities_agree_with_numpy() {
        let intensity = |stein: JamesStein| stein.estimate(four().view()).unwrap().shrinkage.unwrap();
        let zero = intensity(JamesStein::new(ShrinkageTarget::Value(0.0)));
        assert!((zero.intensity - 0.273_265_209_093_540_74).abs() < 1e-13);
        assert_eq!(zero.target, 0.0);
        // 1.97 towards the grand mean: the positive part stops at the target.
        let grand = JamesStein::default().estimate(four().view()).unwrap();
        assert_eq!(grand.shrinkage.unwrap().intensity, 1.0);
        near(&grand.values, &[0.003_285_714_285_714_286; 4], 1e-17);
        let least = intensity(JamesStein::new(ShrinkageTarget::MinimumVariance).with_frequency(Frequency::Monthly));
        assert!((least.target - 12.0 * 0.002_782_284_492_044_013_5).abs() < 1e-15);
        // −1.89 by Bock's constant: one variance dominates and nothing is shrunk.
        let bock = JamesStein::default().with_loss(ShrinkageLoss::Euclidean).estimate(four().view()).unwrap();
        assert_eq!(bock.shrinkage.unwrap().intensity, 0.0);
        near(&bock.values, &[0.005, 0.02 / 7.0, 0.005 / 7.0, 0.032 / 7.0], 1e-17);
    }

    #[test]
    fn known_covariances_by_hand() {
        let covariance = Covariance::new(Array2::from_diag(&array![1.0, 1.0, 1.0, 4.0])).unwrap();
        let means = array![3.0, 0.0, 0.0, 4.0];
        let towards = |loss| JamesStein::new(ShrinkageTarget::Value(0.0)).with_loss(loss);
        // (4 − 2)/(2 (9 + 16/4)); the trace 7 less twice 4 shrinks nothing.
        let precision = towards(ShrinkageLoss::Precision).shrink(means.view(), &covariance, 2).unwrap();
        assert!((precision.shrinkage.unwrap().intensity - 2.0 / 26.0).abs() < 1e-15);
        near(&precision.values, &[3.0 * 24.0 / 26.0, 0.0, 0.0, 4.0 * 24.0 / 26.0], 1e-15);
        near_matrix(error_of(&precision), &Array2::from_diag(&array![0.5, 0.5, 0.5, 2.0]), 1e-16);
        let euclidean = towards(ShrinkageLoss::Euclidean);
        let unmoved = euclidean.shrink(means.view(), &covariance, 2).unwrap();
        assert_eq!(unmoved.values, means.to_vec());
        // Trace 4 less 2 over 2 · 25.
        let unit = Covariance::new(Array2::eye(4)).unwrap();
        let moved = euclidean.shrink(means.view(), &unit, 2).unwrap();
        assert!((moved.shrinkage.unwrap().intensity - 0.04).abs() < 1e-16);
        // Weights of least variance are 4/13 three times and 1/13.
        let least = JamesStein::new(ShrinkageTarget::MinimumVariance).shrink(means.view(), &covariance, 2).unwrap();
        assert!((least.shrinkage.unwrap().target - 16.0 / 13.0).abs() < 1e-15);
        let equal = JamesStein::default().shrink(array![0.5, 0.5, 0.5, 0.5].view(), &covariance, 2).unwrap();
        near(&equal.values, &[0.5; 4], 0.0);
    }

    #[test]
    fn shrinkage_refuses_what_it_cannot_answer() {
        let estimate = |returns: ArrayView2<'_, f64>| JamesStein::default().estimate(returns);
        assert!(matches!(
            estimate(returns().view()),
            Err(Error::InsufficientData { name: "assets of a James-Stein mean", required: 4, available: 3 })
        ));
        assert!(JamesStein::new(ShrinkageTarget::Value(0.0)).estimate(returns().view()).is_ok());
        let two = returns().select(ndarray::Axis(1), &[0, 1]);
        let fixed = JamesStein::new(ShrinkageTarget::Value(0.0));
        assert!(matches!(fixed.estimate(two.view()), Err(Error::InsufficientData { required: 3, .. })));
        let short = four().select(ndarray::Axis(0), &[0, 1, 2, 3]);
        assert!(matches!(estimate(short.view()), Err(Error::InsufficientData { required: 5, available: 4, .. })));
        let bock = JamesStein::default().with_loss(ShrinkageLoss::Euclidean);
        assert!(bock.estimate(short.view()).is_ok());
        let mut twins = four();
        let copy = twins.column(0).to_owned();
        twins.column_mut(1).assign(&copy);
        assert!(matches!(estimate(twins.view()), Err(Error::NotPositiveDefinite { .. })));
        let lost = JamesStein::new(ShrinkageTarget::Value(f64::NAN)).estimate(four().view());
        assert!(matches!(lost, Err(Error::OutOfDomain { name: "shrinkage target", .. })));
        let unit = Covariance::new(Array2::eye(4)).unwrap();
        let shrink = |means: Array1<f64>, n| JamesStein::default().shrink(means.view(), &unit, n);
        assert!(matches!(shrink(array![1.0], 1), Err(Error::LengthMismatch { .. })));
        assert!(matches!(shrink(Array1::ones(4), 0), Err(Error::InsufficientData { .. })));
        assert!(matches!(shrink(array![1.0, f64::NAN, 0.0, 0.0], 1), Err(Error::ElementOutOfDomain { .. })));
    }

    #[test]
    fn bayes_stein_is_the_posterior_of_its_prior() {
        let fit = BayesStein::default().fit(returns().view()).unwrap();
        let shrinkage = fit.means.shrinkage.unwrap();
        assert!((shrinkage.intensity - 0.985_025_355_352_150_9).abs() < 1e-13);
        assert!((shrinkage.target - 0.002_806_907_687_053_003).abs() < 1e-16);
        assert!((fit.prior_observations.unwrap() - 460.456_835_511_982_4).abs() < 1e-9);
        // mpmath, 80 digits: the Gaussian posterior with prior covariance Σ/λ + 10²⁰ 11'.
        let means = [0.002_839_748_465_119_31, 0.002_807_659_940_873_92, 0.002_775_571_416_628_53];
        near(&fit.means.values, &means, 1e-16);
        let posterior = array![
            [6.186_347_637_913_512e-6, 5.517_836_716_134_533e-6, 4.154_074_435_705_416e-6],
            [5.517_836_716_134_533e-6, 7.248_324_987_939_547e-6, 4.245_755_933_549_39e-6],
            [4.154_074_435_705_416e-6, 4.245_755_933_549_39e-6, 6.476_672_381_086_097e-6]
        ];
        near_matrix(error_of(&fit.means), &posterior, 1e-18);
        let sample = crate::covariance::SampleCovariance::default().covariance(returns().view()).unwrap();
        near_matrix(fit.predictive_covariance.view(), &(&sample.view() * 3.0 + &posterior), 1e-17);
        let year = BayesStein::default().with_frequency(Frequency::Monthly).fit(returns().view()).unwrap();
        near(&year.means.values, &means.map(|m| 12.0 * m), 1e-15);
        near_matrix(error_of(&year.means), &(&posterior * 144.0), 1e-16);
        near_matrix(year.predictive_covariance.view(), &(&fit.predictive_covariance.view() * 12.0), 1e-16);
    }

    #[test]
    fn bayes_stein_needs_its_degrees_of_freedom() {
        let few = returns().select(ndarray::Axis(0), &[0, 1, 2, 3, 4]);
        let error = BayesStein::default().fit(few.view()).unwrap_err();
        assert!(matches!(error, Error::InsufficientData { required: 6, available: 5, .. }));
        // The same mean twice: all weight on it, and a prior that is certain.
        let r = array![[0.01, 0.03], [0.03, 0.01], [0.02, 0.02], [0.05, -0.01], [-0.01, 0.05]];
        let fit = BayesStein::default().fit(r.view());
        assert!(matches!(fit, Err(Error::NotPositiveDefinite { .. })) || fit.is_ok());
    }

    proptest! {
        #[test]
        fn shrunk_means_lie_between_mean_and_target(data in prop::collection::vec(-0.1..0.1_f64, 60)) {
            let r = Array2::from_shape_vec((12, 5), data).unwrap();
            let plain = HistoricalMean::default().estimate(r.view()).unwrap().values;
            for shrunk in [
                JamesStein::default().estimate(r.view()).unwrap(),
                JamesStein::new(ShrinkageTarget::MinimumVariance).estimate(r.view()).unwrap(),
                BayesStein::default().estimate(r.view()).unwrap(),
            ] {
                let Shrinkage { intensity, target, .. } = shrunk.shrinkage.unwrap();
                prop_assert!((0.0..=1.0).contains(&intensity));
                for (m, x) in shrunk.values.iter().zip(&plain) {
                    prop_assert!((m - target).abs() <= (x - target).abs() + 1e-15);
                    prop_assert!((m - target) * (x - target) >= -1e-18);
                }
            }
        }

        #[test]
        fn order_and_units_of_the_assets_do_not_matter(data in prop::collection::vec(-0.1..0.1_f64, 60)) {
            let r = Array2::from_shape_vec((12, 5), data).unwrap();
            let order = [3, 0, 4, 1, 2];
            for estimator in [&BayesStein::default() as &dyn ExpectedReturns, &JamesStein::default()] {
                let plain = estimator.estimate(r.view()).unwrap().values;
                let moved = estimator.estimate(r.select(ndarray::Axis(1), &order).view()).unwrap().values;
                let larger = estimator.estimate((&r * 100.0).view()).unwrap().values;
                for (place, &asset) in order.iter().enumerate() {
                    prop_assert!((moved[place] - plain[asset]).abs() < 1e-12);
                    prop_assert!((larger[asset] - 100.0 * plain[asset]).abs() < 1e-10);
                }
            }
        }
    }
}

#[test]
fn capm_agrees_with_statsmodels() {
    let fit = Capm::default().with_risk_free(0.001).fit(returns().view()).unwrap();
    near(&fit.betas, &[0.898_648_648_648_648_7, 2.939_189_189_189_189_5, -0.837_837_837_837_838], 1e-13);
    near(&fit.expected.values, &[0.002_668_918_918_918_92, 0.006_458_494_208_494_21, -0.000_555_984_555_984_56], 1e-16);
    // Covariance of the OLS betas from their residuals, and of the market's mean.
    let want = array![
        [6.745_762_606_235_578_4e-6, 1.072_646_657_275_035_5e-5, -6.162_705_369_462_126e-6],
        [1.072_646_657_275_035_5e-5, 3.808_312_208_374_949_7e-5, -1.181_979_273_813_250_3e-5],
        [-6.162_705_369_462_126e-6, -1.181_979_273_813_250_3e-5, 7.438_280_420_519_801e-6]
    ];
    near_matrix(error_of(&fit.expected), &want, 1e-18);
    assert!((fit.market_return - 0.02 / 7.0).abs() < 1e-17);
    let yearly = Capm::default().with_compounding(Compounding::Geometric).with_frequency(Frequency::Monthly);
    let yearly = yearly.with_risk_free(0.01).fit(returns().view()).unwrap();
    assert!((yearly.market_return - 0.034_674_363_748_576_686).abs() < 1e-15);
    assert!((yearly.expected.values[1] - (0.01 + 2.939_189_189_189_189_5 * 0.024_674_363_748_576_686)).abs() < 1e-13);
    // statsmodels' squared standard error of beta and NumPy's error of the market, by the delta method.
    let want = 0.024_674_363_748_576_686_f64.powi(2) * 0.973_621_256_391_527_3
        + 0.898_648_648_648_648_7_f64.powi(2) * 0.000_642_469_523_706_434_7;
    assert!((error_of(&yearly.expected)[[0, 0]] - want).abs() < 1e-15);
    let weighted = Capm::new(MarketProxy::Weighted(Weights::equal(3).unwrap())).with_risk_free(0.001);
    near(&weighted.fit(returns().view()).unwrap().expected.values, &fit.expected.values, 1e-16);
}

#[test]
fn capm_refuses_what_it_cannot_answer() {
    let capm = Capm::default();
    let fit = |r: Array2<f64>, m: Array1<f64>| capm.fit_to(r.view(), m.view());
    assert!(matches!(fit(Array2::zeros((0, 1)), array![]), Err(Error::Empty { .. })));
    assert!(matches!(fit(array![[0.1], [0.2]], array![0.1]), Err(Error::LengthMismatch { .. })));
    assert!(matches!(fit(array![[0.1]], array![0.1]), Err(Error::InsufficientData { required: 2, .. })));
    assert!(matches!(fit(array![[0.1], [0.2]], array![0.1, 0.1]), Err(Error::Undefined { name: "beta", .. })));
    assert!(matches!(fit(array![[0.1], [0.2]], array![0.1, f64::NAN]), Err(Error::ElementOutOfDomain { .. })));
    assert!(matches!(fit(array![[0.1], [0.2]], array![0.0, 1e-200]), Err(Error::Undefined { .. })));
    let two = fit(array![[0.1], [0.2]], array![0.1, 0.3]).unwrap();
    assert_eq!(two.expected.error_covariance, None);
    let three = fit(array![[0.1], [0.2], [0.0]], array![0.1, 0.3, 0.0]).unwrap();
    assert!(three.expected.error_covariance.is_some());
    let odd = Capm::default().with_risk_free(f64::INFINITY).fit(returns().view());
    assert!(matches!(odd, Err(Error::OutOfDomain { name: "risk-free rate", .. })));
    let few = Capm::new(MarketProxy::Weighted(Weights::equal(2).unwrap())).fit(returns().view());
    assert!(matches!(few, Err(Error::LengthMismatch { name: "market weights", .. })));
    let ruined = Capm::default().with_compounding(Compounding::Geometric);
    let lost = ruined.fit_to(array![[0.1], [0.2], [0.3]].view(), array![0.0, -1.0, 0.5].view()).unwrap();
    assert_eq!((lost.market_return, lost.expected.error_covariance), (-1.0, None));
    assert!(ruined.fit_to(array![[0.1], [0.2]].view(), array![0.0, -1.5].view()).is_err());
}

/// He and Litterman (1999), "The intuition behind Black-Litterman model portfolios", tables 1 and 2.
#[test]
fn equilibrium_returns_are_those_of_he_and_litterman() {
    let lower = [
        vec![0.488],
        vec![0.478, 0.664],
        vec![0.515, 0.655, 0.861],
        vec![0.439, 0.310, 0.355, 0.354],
        vec![0.512, 0.608, 0.783, 0.777, 0.405],
        vec![0.491, 0.779, 0.668, 0.653, 0.306, 0.652],
    ];
    let mut correlation = Array2::<f64>::eye(7);
    for (row, values) in lower.iter().enumerate() {
        for (column, &rho) in values.iter().enumerate() {
            correlation[[row + 1, column]] = rho;
            correlation[[column, row + 1]] = rho;
        }
    }
    let volatilities = array![0.160, 0.203, 0.248, 0.271, 0.210, 0.200, 0.187];
    let weights = Weights::new(vec![0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615]).unwrap();
    let covariance = Covariance::from_correlation(volatilities.view(), correlation.view()).unwrap();
    let implied = Equilibrium::new(2.5, weights).unwrap().with_uncertainty(0.05).unwrap();
    let implied = implied.implied(&covariance).unwrap();
    // Printed in percent with one digit, from inputs with three.
    near(&implied.values, &[0.039, 0.069, 0.084, 0.090, 0.043, 0.068, 0.076], 6e-4);
    near_matrix(error_of(&implied), &(&covariance.view() * 0.05), 1e-17);
    assert_eq!((implied.observations, implied.compounding), (None, Compounding::Arithmetic));
}

#[test]
fn equilibrium_has_units_and_bounds() {
    let covariance = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
    let half = || Weights::equal(2).unwrap();
    let base = Equilibrium::new(2.0, half()).unwrap().with_risk_free(0.03).unwrap();
    let year = base.clone().with_frequency(Frequency::Quarterly).with_uncertainty(0.5).unwrap();
    near(&base.implied(&covariance).unwrap().values, &[0.03 + 0.05, 0.03 + 0.1], 1e-16);
    let yearly = year.implied(&covariance).unwrap();
    near(&yearly.values, &[0.03 + 4.0 * 0.05, 0.03 + 4.0 * 0.1], 1e-15);
    near_matrix(error_of(&yearly), &(&covariance.view() * 2.0), 1e-16);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Equilibrium::new(bad, half()).is_err() && base.clone().with_uncertainty(bad).is_err(), "{bad}");
        assert!(implied_risk_aversion(bad, 0.04).is_err() && implied_risk_aversion(0.05, bad).is_err(), "{bad}");
    }
    assert!(base.clone().with_risk_free(f64::NAN).is_err());
    let three = Equilibrium::new(1.0, Weights::equal(3).unwrap()).unwrap();
    assert!(matches!(three.implied(&covariance), Err(Error::LengthMismatch { .. })));
    let estimated = three.estimate(returns().view()).unwrap();
    // Row means of the sample covariance: (1.6667 + 0.625 − 1.5)e-4/3 first.
    assert!((estimated.values[0] - 7.916_666_666_666_667e-5 / 3.0).abs() < 1e-18);
    assert_eq!(estimated.observations, Some(7));
    let text = serde_json::to_string(&year).unwrap();
    assert_eq!(serde_json::from_str::<Equilibrium>(&text).unwrap(), year);
    assert!(serde_json::from_str::<Equilibrium>(&text.replace("2.0", "-2.0")).is_err());
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn equilibrium_of_a_factor_model_stays_factored() {
    let factors = Covariance::new(array![[0.04]]).unwrap();
    let model = crate::covariance::FactorCovariance::new(array![[1.0], [1.5]], factors, array![0.01, 0.02]).unwrap();
    let equilibrium = Equilibrium::new(2.5, Weights::new(vec![0.6, 0.4]).unwrap()).unwrap();
    let dense = equilibrium.implied(&model.to_dense().unwrap()).unwrap();
    near(&equilibrium.implied_by_factors(&model).unwrap().values, &dense.values, 1e-16);
}

#[test]
fn names_travel_with_the_numbers() {
    let names: Vec<AssetId> = ["A", "B", "C"].iter().map(|n| AssetId::new(*n).unwrap()).collect();
    let estimate = HistoricalMean::default().estimate(returns().view()).unwrap().with_assets(names.clone()).unwrap();
    assert_eq!(estimate.error_covariance.as_ref().unwrap().assets(), Some(names.as_slice()));
    let text = serde_json::to_string(&estimate).unwrap();
    assert_eq!(serde_json::from_str::<ExpectedReturnsEstimate>(&text).unwrap(), estimate);
    assert_eq!(estimate.view().len(), 3);
    let twice = vec![names[0].clone(), names[0].clone(), names[1].clone()];
    assert!(matches!(estimate.clone().with_assets(twice), Err(Error::Duplicate { .. })));
    assert!(matches!(estimate.with_assets(names[..1].to_vec()), Err(Error::LengthMismatch { .. })));
}

#[test]
fn every_estimator_refuses_hostile_returns() {
    let mut estimators: Vec<Box<dyn ExpectedReturns>> = vec![
        Box::new(HistoricalMean::default()),
        Box::new(HistoricalMean::new(Compounding::Geometric)),
        Box::new(ExponentialMean::new(HalfLife::periods(20.0).unwrap(), Compounding::Geometric)),
        Box::new(Capm::default()),
        Box::new(Equilibrium::new(1.0, Weights::equal(3).unwrap()).unwrap()),
    ];
    #[cfg(any(feature = "linalg", feature = "lapack"))]
    {
        estimators.push(Box::new(BayesStein::default()));
        estimators.push(Box::new(JamesStein::new(ShrinkageTarget::Value(0.0))));
    }
    let names: std::collections::BTreeSet<&str> = estimators.iter().map(|e| e.name()).collect();
    assert_eq!(names.len(), estimators.len());
    for estimator in &estimators {
        let name = estimator.name();
        assert!(matches!(estimator.estimate(Array2::zeros((0, 3)).view()), Err(Error::Empty { .. })), "{name}");
        for bad in [f64::NAN, f64::INFINITY] {
            let mut r = returns();
            r[[2, 1]] = bad;
            let error = estimator.estimate(r.view()).unwrap_err();
            assert!(matches!(error, Error::EntryOutOfDomain { .. }), "{name}: {error}");
        }
        let estimate = estimator.estimate(returns().view()).unwrap();
        assert_eq!(estimate.values.len(), 3, "{name}");
        let huge = estimator.estimate((returns() * 1e306).view());
        // Sums or squares overflow, or a return below −1 cannot be compounded: an error, or finite numbers.
        match huge {
            Ok(estimate) => assert!(estimate.values.iter().all(|v| v.is_finite()), "{name}"),
            Err(error) => assert_ne!(error.kind(), ErrorKind::Unsupported, "{name}"),
        }
    }
}

proptest! {
    #[test]
    fn compounding_less_than_doubles_nothing(data in prop::collection::vec(-0.2..0.2_f64, 20)) {
        let r = Array2::from_shape_vec((20, 1), data.clone()).unwrap();
        let geometric = HistoricalMean::new(Compounding::Geometric).estimate(r.view()).unwrap().values[0];
        let arithmetic = HistoricalMean::default().estimate(r.view()).unwrap().values[0];
        // The geometric mean is never above the arithmetic one, and its powers are the growth.
        prop_assert!(geometric <= arithmetic + 1e-15);
        let growth: f64 = data.iter().map(|r| 1.0 + r).product();
        prop_assert!(((1.0 + geometric).powi(20) / growth - 1.0).abs() < 1e-12);
    }
}
