use alluse_risk_core::ErrorKind;
use ndarray::{Array1, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Written by `tests/golden/diagnostics.py`.
const GOLDEN: &str = include_str!("../../../tests/golden/diagnostics.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Relative to the number itself: p-values are small. Statsmodels regresses by a singular value decomposition, and
/// a p-value of 10⁻²⁷ magnifies the rounding of its statistic a hundredfold.
fn near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-9 * want.abs() + 1e-300, "{what}: got {got:e}, want {want:e}");
}

fn golden() -> Vec<(String, Array1<f64>, Value)> {
    let file: Value = serde_json::from_str(GOLDEN).unwrap();
    let series = file["series"].as_object().unwrap();
    series.iter().map(|(name, x)| (name.clone(), numbers(x).into(), file["cases"][name].clone())).collect()
}

#[test]
fn portmanteau_tests_agree_with_statsmodels() {
    for (name, x, case) in golden() {
        for (key, fitted) in [("portmanteau", 0), ("portmanteau_of_residuals", 2)] {
            let ljung = Portmanteau::ljung_box().with_fitted_parameters(fitted).test_each(x.view(), &[3, 10]).unwrap();
            let box_pierce = Portmanteau::box_pierce().with_fitted_parameters(fitted);
            for (row, test) in case[key].as_array().unwrap().iter().zip(ljung) {
                let want = numbers(row);
                near(test.statistic, want[0], &name);
                near(test.p_value, want[1], &name);
                let other = box_pierce.test(x.view(), test.lags).unwrap();
                near(other.statistic, want[2], &name);
                near(other.p_value, want[3], &name);
            }
        }
    }
}

#[test]
fn arch_lm_agrees_with_statsmodels() {
    for (name, x, case) in golden() {
        for (key, centring) in [("arch_lm", Centring::Mean), ("arch_lm_raw", Centring::None)] {
            let test = arch_lm(x.view(), 4, centring).unwrap();
            let got = [test.lm_statistic, test.lm_p_value, test.f_statistic, test.f_p_value];
            got.iter().zip(numbers(&case[key])).for_each(|(&got, want)| near(got, want, &name));
        }
    }
}

#[test]
fn dickey_fuller_agrees_with_statsmodels() {
    for (name, x, case) in golden() {
        for want in case["adf"].as_array().unwrap() {
            let deterministic = match want["regression"].as_str().unwrap() {
                "n" => Deterministic::None,
                "c" => Deterministic::Constant,
                _ => Deterministic::ConstantAndTrend,
            };
            let lags = match (want["autolag"].as_str(), want["lags"].as_u64()) {
                (Some("AIC"), _) => AdfLags::Aic { most: None },
                (Some(_), _) => AdfLags::Bic { most: None },
                (None, lags) => AdfLags::Fixed(lags.unwrap() as usize),
            };
            let model = AugmentedDickeyFuller::default().with_deterministic(deterministic).with_lags(lags);
            let test = model.test(x.view()).unwrap();
            let what = format!("{name} {model:?}");
            near(test.statistic, want["statistic"].as_f64().unwrap(), &what);
            near(test.p_value, want["p_value"].as_f64().unwrap(), &what);
            assert_eq!(test.lags as u64, want["used"].as_u64().unwrap(), "{what}");
            assert_eq!(test.observations as u64, want["observations"].as_u64().unwrap(), "{what}");
            let critical = test.critical_values;
            let got = [critical.one_percent, critical.five_percent, critical.ten_percent];
            got.iter().zip(numbers(&want["critical"])).for_each(|(&got, want)| near(got, want, &what));
        }
    }
}

#[test]
fn kpss_agrees_with_statsmodels() {
    for (name, x, case) in golden() {
        for want in case["kpss"].as_array().unwrap() {
            let null = if want["regression"] == "c" { KpssNull::Level } else { KpssNull::Trend };
            let lags = match want["lags"].as_str() {
                Some("auto") => KpssLags::Automatic,
                Some(_) => KpssLags::Schwert,
                None => KpssLags::Fixed(want["lags"].as_u64().unwrap() as usize),
            };
            let model = Kpss::default().with_null(null).with_lags(lags);
            let test = model.test(x.view()).unwrap();
            let what = format!("{name} {model:?}");
            near(test.statistic, want["statistic"].as_f64().unwrap(), &what);
            assert_eq!(test.lags as u64, want["used"].as_u64().unwrap(), "{what}");
            // Statsmodels reports the end of the table for what lies beyond it.
            let (KpssPValue::AtMost(p) | KpssPValue::Value(p) | KpssPValue::AtLeast(p)) = test.p_value;
            near(p, want["p_value"].as_f64().unwrap(), &what);
            assert_eq!(matches!(test.p_value, KpssPValue::Value(_)), p > 0.01 && p < 0.1, "{what}");
        }
    }
}

#[test]
fn jarque_bera_agrees_with_statsmodels() {
    for (name, x, case) in golden() {
        let test = jarque_bera(x.view()).unwrap();
        let want = numbers(&case["jarque_bera"]);
        near(test.statistic, want[0], &name);
        near(test.p_value, want[1], &name);
    }
}

#[test]
fn reference_cases_of_index_returns() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let column = |file: &str, name: &str| -> Array1<f64> {
        let text = std::fs::read_to_string(folder.join("series").join(file)).unwrap();
        let mut lines = text.lines();
        let place = lines.next().unwrap().split(',').position(|head| head == name).unwrap();
        lines.map(|line| line.split(',').nth(place).unwrap().parse::<f64>().unwrap()).collect()
    };
    for (file, ljung, p, lm, f_p, adf, adf_p) in [
        (
            "b_sp500_log_returns.csv",
            [48.26101282656873, 55.910862149610665, 116.18924244145175],
            1.4415925227789822e-15,
            1143.7189814679584,
            3.505504397922168e-278,
            -0.48227857728287515,
            0.8954285659588447,
        ),
        (
            "b_nasdaq_log_returns.csv",
            [21.99325551825855, 28.06728271426248, 97.1969918656173],
            3.984574799894548e-12,
            862.7051158628276,
            3.501281508987712e-202,
            -0.40400488552706587,
            0.9094279543692647,
        ),
    ] {
        let returns = column(file, "r");
        let tests = Portmanteau::ljung_box().test_each(returns.view(), &[5, 10, 20]).unwrap();
        tests.iter().zip(ljung).for_each(|(test, want)| near(test.statistic, want, file));
        near(tests[2].p_value, p, file);
        let test = arch_lm(returns.view(), 5, Centring::Mean).unwrap();
        near(test.lm_statistic, lm, file);
        near(test.f_p_value, f_p, file);
        let levels = column(file, "cumulative");
        let model = AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(5));
        let test = model.test(levels.view()).unwrap();
        near(test.statistic, adf, file);
        near(test.p_value, adf_p, file);
    }
}

#[test]
fn hostile_input() {
    let kind = |error: crate::Error| error.kind();
    let box_test = Portmanteau::ljung_box();
    let (empty, constant) = (Array1::<f64>::zeros(0), Array1::from_elem(60, 0.1));
    let bad = array![0.1, 0.2, f64::NAN, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.1];
    let good = Array1::from_shape_fn(12, |t| ((t * t) % 7) as f64);
    for series in [&empty, &bad] {
        assert_eq!(kind(box_test.test(series.view(), 1).unwrap_err()), ErrorKind::InvalidInput);
        assert_eq!(kind(arch_lm(series.view(), 1, Centring::Mean).unwrap_err()), ErrorKind::InvalidInput);
        let adf = AugmentedDickeyFuller::default();
        assert_eq!(kind(adf.test(series.view()).unwrap_err()), ErrorKind::InvalidInput);
        assert_eq!(kind(Kpss::default().test(series.view()).unwrap_err()), ErrorKind::InvalidInput);
        assert!(jarque_bera(series.view()).is_err());
    }
    assert_eq!(kind(box_test.test(constant.view(), 1).unwrap_err()), ErrorKind::Undefined);
    assert_eq!(kind(Kpss::default().test(constant.view()).unwrap_err()), ErrorKind::Undefined);
    assert!(arch_lm(constant.view(), 1, Centring::Mean).is_err());
    assert!(AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(0)).test(constant.view()).is_err());
    assert!(jarque_bera(constant.view()).is_err());
    let line = Array1::from_shape_fn(60, |t| 0.1 * t as f64);
    assert_eq!(kind(Kpss::default().with_null(KpssNull::Trend).test(line.view()).unwrap_err()), ErrorKind::Undefined);
    assert!(AugmentedDickeyFuller::default().test(line.view()).is_err());

    assert_eq!(kind(box_test.test(good.view(), 0).unwrap_err()), ErrorKind::InvalidInput);
    assert_eq!(kind(box_test.test(good.view(), 12).unwrap_err()), ErrorKind::InsufficientData);
    assert_eq!(kind(box_test.with_fitted_parameters(2).test(good.view(), 2).unwrap_err()), ErrorKind::InvalidInput);
    assert_eq!(kind(box_test.test_each(good.view(), &[]).unwrap_err()), ErrorKind::InvalidInput);
    assert_eq!(kind(arch_lm(good.view(), 0, Centring::Mean).unwrap_err()), ErrorKind::InvalidInput);
    assert_eq!(kind(arch_lm(good.view(), 6, Centring::Mean).unwrap_err()), ErrorKind::InsufficientData);
    for lags in [9, usize::MAX] {
        let adf = AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(lags));
        assert_eq!(kind(adf.test(good.view()).unwrap_err()), ErrorKind::InsufficientData);
        let adf = AugmentedDickeyFuller::default().with_lags(AdfLags::Bic { most: Some(lags) });
        assert_eq!(kind(adf.test(good.view()).unwrap_err()), ErrorKind::InsufficientData);
    }
    let kpss = Kpss::default().with_lags(KpssLags::Fixed(12));
    assert_eq!(kind(kpss.test(good.view()).unwrap_err()), ErrorKind::InsufficientData);
    let huge = array![f64::MAX, -f64::MAX, f64::MAX, -f64::MAX, 0.0, 1.0, 2.0, 3.0, f64::MAX, 5.0];
    assert!(AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(0)).test(huge.view()).is_err());
}

#[test]
fn a_table_that_ends_says_so() {
    assert_eq!(KpssPValue::AtMost(0.01).rejects(0.05), Some(true));
    assert_eq!(KpssPValue::AtMost(0.01).rejects(0.001), None);
    assert_eq!(KpssPValue::AtLeast(0.1).rejects(0.05), Some(false));
    assert_eq!(KpssPValue::AtLeast(0.1).rejects(0.2), None);
    assert_eq!(KpssPValue::Value(0.04).rejects(0.05), Some(true));
}

proptest! {
    /// No test depends on the unit of the series, nor, where a level is taken out, on the level.
    #[test]
    fn units_do_not_matter(
        values in proptest::collection::vec(-1.0..1.0f64, 40..80),
        scale in prop_oneof![Just(1e-6), Just(250.0)],
        level in -3.0..3.0f64,
    ) {
        let x = Array1::from(values);
        let other = x.mapv(|v| level * scale + scale * v);
        // Shifting and scaling round each value to about 10⁻¹⁵ of the series.
        let same = |a: f64, b: f64| (a - b).abs() <= 1e-8 * (1.0 + a.abs());
        let box_test = Portmanteau::ljung_box();
        prop_assert!(same(box_test.test(x.view(), 5)?.statistic, box_test.test(other.view(), 5)?.statistic));
        let lm = |x: &Array1<f64>| arch_lm(x.view(), 2, Centring::Mean).map(|test| test.lm_statistic);
        prop_assert!(same(lm(&x)?, lm(&other)?));
        for deterministic in [Deterministic::Constant, Deterministic::ConstantAndTrend] {
            let adf = AugmentedDickeyFuller::default().with_deterministic(deterministic).with_lags(AdfLags::Fixed(2));
            prop_assert!(same(adf.test(x.view())?.statistic, adf.test(other.view())?.statistic));
        }
        for null in [KpssNull::Level, KpssNull::Trend] {
            let kpss = Kpss::default().with_null(null).with_lags(KpssLags::Fixed(3));
            prop_assert!(same(kpss.test(x.view())?.statistic, kpss.test(other.view())?.statistic));
        }
    }

    /// Probabilities are probabilities, and fall as the portmanteau statistic rises at equal lags.
    #[test]
    fn p_values_lie_between_zero_and_one(values in proptest::collection::vec(-1.0..1.0f64, 30..60)) {
        let x = Array1::from(values);
        let tests = Portmanteau::box_pierce().test_each(x.view(), &[1, 4, 9])?;
        prop_assert!(tests.windows(2).all(|pair| pair[0].statistic <= pair[1].statistic));
        let adf = AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(1)).test(x.view())?;
        let lm = arch_lm(x.view(), 2, Centring::None)?;
        let all = tests.iter().map(|test| test.p_value).chain([adf.p_value, lm.lm_p_value, lm.f_p_value]);
        prop_assert!(all.into_iter().all(|p| (0.0..=1.0).contains(&p)));
    }
}
