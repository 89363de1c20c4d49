//! Closed forms (a coin, normal distributions on a fine grid, quantiles), exponential tilting solved by bisection,
//! the conditions of Karush, Kuhn and Tucker, and tables of hostile input.

use ndarray::{Array1, Array2, ArrayView1, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::measures::LossSample;
use crate::{Confidence, Error, ErrorKind, normal};

fn expect(p: ArrayView1<'_, f64>, x: ArrayView1<'_, f64>) -> f64 {
    p.dot(&x)
}

/// A normal density on a grid so fine and wide that sums are integrals to rounding.
fn normal_grid() -> (Array2<f64>, Array1<f64>) {
    let x = Array1::linspace(-9.0, 9.0, 601);
    let density = x.mapv(normal::density);
    let prior = &density / density.sum();
    (x.insert_axis(Axis(1)), prior)
}

/// N(0, 1) with the mean moved to m is N(m, 1), at a relative entropy of m²/2 (Meucci 2008).
#[test]
fn mean_view_shifts_a_normal() {
    let (x, prior) = normal_grid();
    let posterior = EntropyPooling::new()
        .with_view(ScenarioView::mean("x", Relation::Equal, 0.7))
        .posterior(&["x"], x.view(), prior.view())
        .unwrap();
    assert!((posterior.relative_entropy - 0.245).abs() < 1e-12);
    let centred = x.column(0).mapv(|v| (v - 0.7) * (v - 0.7));
    assert!((expect(posterior.view(), centred.view()) - 1.0).abs() < 1e-12);
    // The tilt of a normal is e^(m x), so λ = −m.
    assert!((posterior.constraints[0].multiplier + 0.7).abs() < 1e-10);
    assert!(posterior.constraints[0].residual.abs() < 1e-10 && posterior.constraints[0].prior_value.abs() < 1e-12);
}

/// N(m, s²) from N(0, 1) takes (m² + s² − 1 − ln s²) / 2.
#[test]
fn variance_view_widens_a_normal_about_its_viewed_mean() {
    let (x, prior) = normal_grid();
    let wide = |views: Vec<ScenarioView>| {
        views.into_iter().fold(EntropyPooling::new(), EntropyPooling::with_view).posterior(
            &["x"],
            x.view(),
            prior.view(),
        )
    };
    let alone = wide(vec![ScenarioView::variance("x", Relation::Equal, 0.5)]).unwrap();
    assert!((alone.relative_entropy - 0.5 * (0.5 - 1.0 - 0.5_f64.ln())).abs() < 1e-11);
    let variance = ScenarioView::variance("x", Relation::Equal, 0.5);
    let both = wide(vec![variance, ScenarioView::mean("x", Relation::Equal, 0.4)]).unwrap();
    assert!((both.relative_entropy - 0.5 * (0.16 + 0.5 - 1.0 - 0.5_f64.ln())).abs() < 1e-11);
    // The mean of the view is held by the view itself, not twice.
    assert_eq!(both.constraints.len(), 2);
    // About the prior's mean of 0 the two contradict: E[x] cannot be 0.4 and 0.
    let statistic = Statistic::Variance(Center::Prior);
    let about_prior = ScenarioView::new("v", [("x", 1.0)], statistic, Relation::Equal, 0.5);
    let error = wide(vec![about_prior, ScenarioView::mean("x", Relation::Equal, 0.4)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Infeasible);
}

/// Correlation ρ from independence takes −½ ln(1 − ρ²).
#[test]
fn correlation_view_ties_two_normals() {
    let axis = Array1::linspace(-7.0, 7.0, 61);
    let pairs: Vec<(f64, f64)> = axis.iter().flat_map(|&a| axis.iter().map(move |&b| (a, b))).collect();
    let x = Array2::from_shape_fn((pairs.len(), 2), |(j, k)| if k == 0 { pairs[j].0 } else { pairs[j].1 });
    let density: Array1<f64> = pairs.iter().map(|(a, b)| normal::density(*a) * normal::density(*b)).collect();
    let prior = &density / density.sum();
    let posterior = EntropyPooling::new()
        .with_view(ScenarioView::correlation("a", "b", Relation::AtLeast, 0.6))
        .posterior(&["a", "b"], x.view(), prior.view())
        .unwrap();
    assert!((posterior.relative_entropy + 0.5 * 0.64_f64.ln()).abs() < 1e-9);
    let products = &x.column(0) * &x.column(1);
    assert!((expect(posterior.view(), products.view()) - 0.6).abs() < 1e-9);
    let held = posterior.constraints.iter().filter(|c| c.role != ConstraintRole::Statement).count();
    assert_eq!(held, 4);
    assert!(posterior.constraints.iter().all(|c| c.residual.abs() < 1e-9));
}

/// A view on a quantile scales both sides of it, and nothing else.
#[test]
fn median_view_scales_both_sides() {
    let x = array![[1.0], [2.0], [3.0], [4.0]];
    let prior = array![0.1, 0.2, 0.3, 0.4];
    let posterior = EntropyPooling::new()
        .with_view(ScenarioView::median("x", 2.0))
        .posterior(&["x"], x.view(), prior.view())
        .unwrap();
    let want = [0.5 / 3.0, 1.0 / 3.0, 1.5 / 7.0, 2.0 / 7.0];
    for (a, b) in posterior.probabilities.iter().zip(want) {
        assert!((a - b).abs() < 1e-11, "{a} {b}");
    }
}

/// Every loss that could start the tail, tried one by one.
#[test]
fn expected_shortfall_view_is_met_with_the_least_entropy() {
    let n = 200;
    // A skewed sample without ties.
    let returns = Array1::from_shape_fn(n, |i| {
        let z = normal::quantile((i as f64 + 0.5) / n as f64).unwrap();
        0.01 * z - 0.004 * z * z
    });
    let (x, prior) = (returns.clone().insert_axis(Axis(1)), Array1::from_elem(n, 1.0 / n as f64));
    let confidence = Confidence::new(0.9).unwrap();
    let before = LossSample::from_returns(returns.view()).unwrap().expected_shortfall(confidence).unwrap().value;
    let target = 1.3 * before;
    let posterior = EntropyPooling::new()
        .with_view(ScenarioView::expected_shortfall("x", confidence, target))
        .posterior(&["x"], x.view(), prior.view())
        .unwrap();
    let sample = LossSample::from_returns(returns.view()).unwrap().with_probabilities(posterior.view().to_owned());
    let after = sample.unwrap().expected_shortfall(confidence).unwrap().value;
    assert!((after - target).abs() < 1e-9, "{after} {target}");
    let least = returns
        .iter()
        .filter_map(|start| {
            let inside: Array1<f64> = returns.mapv(|r| f64::from(u8::from(r <= *start)));
            let (tail, loss) = (inside.to_vec(), (&inside * &returns.mapv(|r| -r)).to_vec());
            EntropyPooling::new()
                .with_view(ScenarioView::function("tail", tail, Relation::Equal, confidence.tail()))
                .with_view(ScenarioView::function("mean", loss, Relation::Equal, confidence.tail() * target))
                .posterior(&["x"], x.view(), prior.view())
                .ok()
        })
        .map(|found| found.relative_entropy)
        .fold(f64::INFINITY, f64::min);
    assert!((posterior.relative_entropy - least).abs() < 1e-10, "{} {least}", posterior.relative_entropy);
}

/// Exponential tilting in one dimension by bisection: `E[x] e^(θx) / E[e^(θx)]` grows in θ.
fn tilted(x: &[f64], prior: &[f64], target: f64) -> Vec<f64> {
    let weights = |theta: f64| -> Vec<f64> {
        let raw: Vec<f64> = x.iter().zip(prior).map(|(x, q)| q * (theta * (x - target)).exp()).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|w| w / sum).collect()
    };
    let (mut low, mut high) = (-500.0, 500.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        let mean: f64 = weights(middle).iter().zip(x).map(|(w, x)| w * x).sum();
        if mean < target { low = middle } else { high = middle }
    }
    weights(0.5 * (low + high))
}

fn sample() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (proptest::collection::vec(-1.0_f64..1.0, 40), proptest::collection::vec(0.1_f64..1.0, 20))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mean_view_is_exponential_tilting((cells, weights) in sample(), share in 0.1_f64..0.9) {
        let x = &cells[..20];
        let total: f64 = weights.iter().sum();
        let prior: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let (low, high) = x.iter().fold((1.0_f64, -1.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
        let target = low + share * (high - low);
        let scenarios = Array1::from(x.to_vec()).insert_axis(Axis(1));
        let posterior = EntropyPooling::new()
            .with_view(ScenarioView::mean("x", Relation::Equal, target))
            .posterior(&["x"], scenarios.view(), ArrayView1::from(&prior))
            .unwrap();
        for (a, b) in posterior.probabilities.iter().zip(tilted(x, &prior, target)) {
            prop_assert!((a - b).abs() < 1e-8, "{a} {b}");
        }
    }

    /// Stationarity, feasibility, signs and complementary slackness, written from the report alone.
    #[test]
    fn equations_and_inequalities_meet_their_conditions((cells, weights) in sample(), a in -0.2_f64..0.2, b in -0.2_f64..0.2, c in 0.3_f64..0.7) {
        let total: f64 = weights.iter().sum();
        let prior: Array1<f64> = weights.iter().map(|w| w / total).collect();
        let x = Array2::from_shape_vec((20, 2), cells).unwrap();
        let median = ScenarioView::probability("b", 0.0, Relation::AtMost, c);
        let result = EntropyPooling::new()
            .with_view(ScenarioView::mean("a", Relation::AtMost, a))
            .with_view(ScenarioView::mean("b", Relation::AtLeast, b))
            .with_view(median)
            .posterior(&["a", "b"], x.view(), prior.view());
        let posterior = match result {
            Ok(posterior) => posterior,
            Err(Error::Infeasible { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        let below = x.column(1).mapv(|v| f64::from(u8::from(v <= 0.0)));
        let functions = [x.column(0).to_owned(), x.column(1).to_owned(), below];
        let lambda: Vec<f64> = posterior.constraints.iter().map(|c| c.multiplier).collect();
        prop_assert!(lambda[0] >= 0.0 && lambda[1] <= 0.0 && lambda[2] >= 0.0);
        let mut logs = posterior.view().mapv(f64::ln) - prior.mapv(f64::ln);
        for (function, lambda) in functions.iter().zip(&lambda) {
            logs.scaled_add(*lambda, function);
        }
        let spread = logs.iter().fold(0.0_f64, |worst, v| worst.max((v - logs[0]).abs()));
        prop_assert!(spread < 1e-9 * (1.0 + lambda.iter().fold(0.0_f64, |m, l| m.max(l.abs()))), "{spread}");
        for ((function, target), (sign, lambda)) in functions.iter().zip([a, b, c]).zip([1.0, -1.0, 1.0].iter().zip(&lambda)) {
            let slack = sign * (target - expect(posterior.view(), function.view()));
            prop_assert!(slack > -1e-9 && (lambda * slack).abs() < 1e-8, "{slack} {lambda}");
        }
    }
}

#[test]
fn an_inequality_that_holds_changes_nothing() {
    let (x, prior) = normal_grid();
    let none = EntropyPooling::new().posterior(&["x"], x.view(), prior.view()).unwrap();
    let slack = EntropyPooling::new()
        .with_view(ScenarioView::mean("x", Relation::AtMost, 0.5))
        .posterior(&["x"], x.view(), prior.view())
        .unwrap();
    assert_eq!(none.probabilities, slack.probabilities);
    assert_eq!((slack.constraints[0].multiplier, slack.constraints[0].residual), (0.0, 0.0));
    assert!(none.relative_entropy < 1e-15);
}

#[test]
fn confidence_blends_with_the_prior_and_opinions_with_each_other() {
    let (tosses, prior) = (array![[1.0], [-1.0]], array![0.5, 0.5]);
    let view = ScenarioView::mean("coin", Relation::Equal, 0.6);
    let half = EntropyPooling::new().with_view(view.clone()).with_confidence(0.5);
    let posterior = half.posterior(&["coin"], tosses.view(), prior.view()).unwrap();
    assert!((posterior.probabilities[0] - 0.65).abs() < 1e-11);
    // The report is of the views with full confidence.
    assert!((posterior.constraints[0].value - 0.6).abs() < 1e-11);
    // e^H with H the entropy of (0.65, 0.35), by hand.
    assert!((posterior.effective_scenarios - (0.65_f64.powf(-0.65) * 0.35_f64.powf(-0.35))).abs() < 1e-10);
    let none = half.with_confidence(0.0).posterior(&["coin"], tosses.view(), prior.view()).unwrap();
    assert_eq!(none.probabilities, [0.5, 0.5]);
    let (bull, bear) = (array![0.8, 0.2], array![0.3, 0.7]);
    let blend = pool_opinions(&[(0.6, bull.view()), (0.4, bear.view())]).unwrap();
    assert!((blend[0] - 0.6).abs() < 1e-15 && (blend[1] - 0.4).abs() < 1e-15);
    assert!(pool_opinions(&[]).is_err());
    assert!(pool_opinions(&[(0.6, bull.view()), (0.5, bear.view())]).is_err());
    assert!(pool_opinions(&[(1.0, array![0.5, 0.6].view())]).is_err());
}

#[test]
fn impossible_scenarios_stay_impossible() {
    let x = array![[1.0], [2.0], [1e6]];
    let posterior = EntropyPooling::new()
        .with_view(ScenarioView::mean("x", Relation::Equal, 1.75))
        .posterior(&["x"], x.view(), array![0.5, 0.5, 0.0].view())
        .unwrap();
    assert_eq!(posterior.probabilities[2], 0.0);
    assert!((posterior.probabilities[1] - 0.75).abs() < 1e-11);
    let out = EntropyPooling::new().with_view(ScenarioView::mean("x", Relation::AtLeast, 3.0));
    let error = out.posterior(&["x"], x.view(), array![0.5, 0.5, 0.0].view()).unwrap_err();
    assert!(error.to_string().contains("mean of x") && error.to_string().contains("from 1 to 2"), "{error}");
}

#[test]
fn views_that_contradict_each_other_are_named() {
    let x = array![[0.0, 1.0], [1.0, 0.0], [0.2, 0.1], [0.5, 0.4]];
    let prior = Array1::from_elem(4, 0.25);
    let pool = |views: Vec<ScenarioView>| {
        views.into_iter().fold(EntropyPooling::new(), EntropyPooling::with_view).posterior(
            &["a", "b"],
            x.view(),
            prior.view(),
        )
    };
    // a + b ≤ 1 in every scenario.
    let message = pool(vec![
        ScenarioView::probability("a", 0.3, Relation::AtLeast, 0.1),
        ScenarioView::mean("a", Relation::AtLeast, 0.7),
        ScenarioView::mean("b", Relation::AtLeast, 0.6),
    ])
    .unwrap_err();
    assert_eq!(message.kind(), ErrorKind::Infeasible);
    let text = message.to_string();
    assert!(text.contains("mean of a") && text.contains("mean of b") && !text.contains("probability"), "{text}");
    let twice = |v: f64| ScenarioView::mean("a", Relation::Equal, v);
    assert_eq!(pool(vec![twice(0.3), twice(0.4)]).unwrap_err().kind(), ErrorKind::Infeasible);
    // The same view twice is one view.
    let once = pool(vec![twice(0.3)]).unwrap();
    for (a, b) in pool(vec![twice(0.3), twice(0.3)]).unwrap().probabilities.iter().zip(&once.probabilities) {
        assert!((a - b).abs() < 1e-10);
    }
    // On the edge: only the scenarios at the edge remain.
    let edge = pool(vec![ScenarioView::mean("a", Relation::Equal, 1.0)]).unwrap();
    assert!((edge.probabilities[1] - 1.0).abs() < 1e-10);
    let ranked = pool(vec![ScenarioView::ranking("b", "a")]).unwrap();
    assert!((expect(ranked.view(), x.column(0)) - expect(ranked.view(), x.column(1))).abs() < 1e-10);
}

#[test]
fn hostile_input_is_refused() {
    let (x, prior) = (array![[1.0, 0.0], [-1.0, 0.0]], array![0.5, 0.5]);
    let tail = |target: f64| ScenarioView::expected_shortfall("a", Confidence::new(0.6).unwrap(), target);
    let upper = ScenarioView { relation: Relation::AtMost, ..tail(1.0) };
    let empty: [(&str, f64); 0] = [];
    let cases = [
        (vec![ScenarioView::mean("c", Relation::Equal, 0.0)], ErrorKind::InvalidInput),
        (vec![ScenarioView::mean("a", Relation::Equal, f64::NAN)], ErrorKind::InvalidInput),
        (vec![ScenarioView::probability("a", f64::NAN, Relation::Equal, 0.5)], ErrorKind::InvalidInput),
        (vec![ScenarioView::probability("a", 0.0, Relation::Equal, 1.5)], ErrorKind::Infeasible),
        (vec![ScenarioView::function("f", vec![1.0], Relation::Equal, 0.5)], ErrorKind::InvalidInput),
        (vec![ScenarioView::function("f", vec![1.0, f64::INFINITY], Relation::Equal, 0.5)], ErrorKind::InvalidInput),
        (vec![ScenarioView::new("v", empty, Statistic::Mean, Relation::Equal, 0.0)], ErrorKind::InvalidInput),
        (vec![ScenarioView::variance("a", Relation::Equal, -1.0)], ErrorKind::Infeasible),
        (vec![ScenarioView::correlation("a", "b", Relation::Equal, 0.1)], ErrorKind::Undefined),
        (vec![ScenarioView::correlation("a", "b", Relation::Equal, 1.1)], ErrorKind::Infeasible),
        (vec![tail(2.0)], ErrorKind::Infeasible),
        (vec![tail(1.0), tail(1.0)], ErrorKind::Unsupported),
        (vec![upper], ErrorKind::Unsupported),
    ];
    for (index, (views, kind)) in cases.into_iter().enumerate() {
        let pooling = views.into_iter().fold(EntropyPooling::new(), EntropyPooling::with_view);
        let error = pooling.posterior(&["a", "b"], x.view(), prior.view()).unwrap_err();
        assert_eq!(error.kind(), kind, "case {index}: {error}");
    }
    let none = EntropyPooling::new();
    let nan = array![[f64::NAN, 0.0], [0.0, 0.0]];
    assert!(none.posterior(&["a", "b"], nan.view(), prior.view()).is_err());
    assert!(none.posterior(&["a", "a"], x.view(), prior.view()).is_err());
    assert!(none.posterior(&["a"], x.view(), prior.view()).is_err());
    assert!(none.posterior(&["a", "b"], x.view(), array![0.5, 0.6].view()).is_err());
    assert!(none.posterior(&["a", "b"], x.view(), array![1.5, -0.5].view()).is_err());
    assert!(none.posterior(&["a", "b"], x.view(), array![1.0].view()).is_err());
    assert!(none.clone().with_confidence(1.1).posterior(&["a", "b"], x.view(), prior.view()).is_err());
    assert!(relative_entropy(array![0.5, 0.5].view(), array![1.0, 0.0].view()).is_err());
}

#[test]
fn settings_and_results_survive_storage() {
    let (x, prior) = (array![[1.0], [-1.0]], array![0.5, 0.5]);
    let pooling = EntropyPooling::new().with_view(ScenarioView::mean("a", Relation::Equal, 0.25));
    let text = serde_json::to_string(&pooling).unwrap();
    assert_eq!(serde_json::from_str::<EntropyPooling>(&text).unwrap(), pooling);
    let posterior = pooling.posterior(&["a"], x.view(), prior.view()).unwrap();
    let text = serde_json::to_string(&posterior).unwrap();
    assert_eq!(serde_json::from_str::<EntropyPosterior>(&text).unwrap(), posterior);
}
