use alluse_risk_core::Error as Input;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use proptest::prelude::*;

use super::{etfs, near};
use crate::Error;
use crate::example_data::returns;
use crate::factors::*;

const NAMES: [&str; 5] = ["momentum", "quality", "size", "low volatility", "value"];

/// Exxon's returns over as many last days of its file as the funds have: both files end on the same day.
fn exxon(days: usize) -> Option<Array1<f64>> {
    let (_, stocks) = returns("stocks20_daily.csv")?;
    let first = stocks.nrows() - days;
    Some(stocks.view().split_at(Axis(0), first).1.column(19).to_owned())
}

/// numpy, by solving every one of the 31 sets of indices that may be held and keeping the best.
#[test]
fn agrees_with_trying_all_sets() {
    let Some(indices) = etfs() else { return };
    let Some(fund) = exxon(indices.nrows()) else { return };
    let got = StyleAnalysis::new(NAMES).fit(fund.view(), indices.view()).unwrap();
    for (got, want) in got.weights.iter().zip([0.0, 0.5242443094701568, 0.0, 0.20792785514239823, 0.2678278353874451]) {
        assert!((got - want).abs() < 1e-9, "{got} against {want}");
    }
    near(got.r_squared, 0.40470308387483844, 1e-9);
    optimal(&got, fund.view(), indices.view());
    let text = serde_json::to_string(&got).unwrap();
    assert_eq!(serde_json::from_str::<StyleFit>(&text).unwrap(), got);

    let rolling = StyleAnalysis::new(NAMES).rolling(fund.view(), indices.view(), 1_200).unwrap();
    assert_eq!(rolling.len(), 57);
    let past = fund.view().split_at(Axis(0), 1_200).0;
    assert_eq!(rolling[0], StyleAnalysis::new(NAMES).fit(past, indices.view().split_at(Axis(0), 1_200).0).unwrap());
    assert!(rolling[0].return_of(indices.row(1_200)).unwrap().abs() < 0.1);
    assert!(rolling[0].return_of(fund.view()).is_err());
}

/// The Kuhn-Tucker conditions from the returns themselves: every index held has the same covariance with what is left,
/// and no other has more.
fn optimal(fit: &StyleFit, fund: ArrayView1<'_, f64>, indices: ArrayView2<'_, f64>) {
    let weights = Array1::from(fit.weights.clone());
    assert!((weights.sum() - 1.0).abs() < 1e-12 && weights.iter().all(|x| *x >= 0.0));
    let rest = &fund - &indices.dot(&weights);
    let deviations = &rest - rest.mean().unwrap();
    let covariances: Vec<f64> =
        indices.columns().into_iter().map(|index| deviations.dot(&index) / (fund.len() - 1) as f64).collect();
    let most = covariances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scale = fund.var(1.0);
    for (j, (x, covariance)) in weights.iter().zip(&covariances).enumerate() {
        assert!(*x <= 1e-12 || (most - covariance) < 1e-11 * scale, "index {j}: {x}, {}", most - covariance);
        let cost = if *x > 0.0 { 0.0 } else { most - covariance };
        assert!((fit.reduced_costs[j] - cost).abs() < 1e-11 * scale, "index {j}");
    }
}

#[test]
fn hostile_input() {
    let z = Streams::new(2).standard_normals(40, 3) * 0.01;
    let (fund, indices) = (z.column(0).to_owned(), z.select(Axis(1), &[1, 2]));
    let style = StyleAnalysis::new(["a", "b"]);
    let call = |fund: &Array1<f64>, indices: &Array2<f64>| style.fit(fund.view(), indices.view()).unwrap_err();
    let none: [&str; 0] = [];
    assert!(matches!(
        StyleAnalysis::new(none).fit(fund.view(), indices.view()),
        Err(Error::Input(Input::Empty { name: "indices" }))
    ));
    let constant = Array1::from_elem(40, 0.01);
    assert!(matches!(call(&constant, &indices), Error::Input(Input::Undefined { .. })));
    let mut flat = indices.clone();
    flat.column_mut(1).fill(0.0);
    assert!(matches!(call(&fund, &flat), Error::Input(Input::Undefined { .. })));
    let twins = Array2::from_shape_fn((40, 2), |(t, _)| z[[t, 1]]);
    assert_eq!(call(&fund, &twins), Error::Input(Input::Collinear { name: "index returns", column: "b".into() }));
    let few = indices.select(Axis(0), &[0, 1, 2]);
    assert!(matches!(
        call(&fund.select(Axis(0), &[0, 1, 2]), &few),
        Error::Input(Input::InsufficientData { required: 4, available: 3, .. })
    ));
    assert!(matches!(call(&fund, &few), Error::Input(Input::LengthMismatch { .. })));
    assert!(style.rolling(fund.view(), indices.view(), 40).is_err());
    assert!(style.rolling(fund.view(), indices.view(), 3).is_err());
}

proptest! {
    #[test]
    fn least_variance_by_its_conditions(seed in 0_u64..10_000, mix in prop::collection::vec(-1.0_f64..2.0, 4)) {
        let z = Streams::new(seed).standard_normals(60, 5) * 0.02;
        let indices = z.select(Axis(1), &[0, 1, 2, 3]);
        let fund = indices.dot(&Array1::from(mix)).mapv(|r| r * 0.5) + z.column(4).mapv(|z| 0.2 * z);
        let fit = StyleAnalysis::new(["a", "b", "c", "d"]).fit(fund.view(), indices.view()).unwrap();
        optimal(&fit, fund.view(), indices.view());
        prop_assert!(fit.r_squared <= 1.0);
    }

    /// A fund that is a mix of the indices is found to be that mix.
    #[test]
    fn a_mix_is_recovered(seed in 0_u64..10_000, raw in prop::collection::vec(0.0_f64..1.0, 3)) {
        let total: f64 = raw.iter().sum();
        prop_assume!(total > 0.1);
        let mix: Array1<f64> = raw.iter().map(|x| x / total).collect();
        let indices = Streams::new(seed).standard_normals(50, 3) * 0.02;
        let fund = indices.dot(&mix);
        let fit = StyleAnalysis::new(["a", "b", "c"]).fit(fund.view(), indices.view()).unwrap();
        prop_assert!((Array1::from(fit.weights) - mix).iter().all(|d| d.abs() < 1e-9));
        prop_assert!((fit.r_squared - 1.0).abs() < 1e-12);
    }
}
