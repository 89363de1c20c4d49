//! Published tables, where the folder of reference cases is at hand.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use alluse_risk_core::{Confidence, Horizon, LossDistribution};
use alluse_var_models::{ComponentVar, DeltaNormal, NormalLoss, StudentTLoss, tail_table};
use ndarray::{Array1, Array2};
use serde_json::Value;

/// The cases whose id starts with `prefix`; `None` without the folder.
fn cases(prefix: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(testkit::conformance_dir()?.join("published.jsonl")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = all.filter(|case| case["id"].as_str().unwrap().starts_with(prefix)).collect();
    assert!(!found.is_empty(), "{prefix}");
    Some(found)
}

fn vector(value: &Value) -> Array1<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn compare(case: &Value, name: &str, got: &[f64]) {
    let want = match &case["expect"][name] {
        Value::Null => return,
        Value::Array(_) => vector(&case["expect"][name]).to_vec(),
        number => vec![number.as_f64().unwrap()],
    };
    assert_eq!(got.len(), want.len());
    let (relative, absolute) = (case["tol"]["rel"].as_f64().unwrap(), case["tol"]["abs"].as_f64().unwrap());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= absolute + relative * want.abs(), "{} {name}: {got} {want}", case["id"]);
    }
}

fn split(args: &Value) -> ComponentVar {
    let (volatility, correlation) = (vector(&args["volatility"]), args["correlation"].as_array().unwrap());
    let rows: Vec<f64> = correlation.iter().flat_map(|row| vector(row).to_vec()).collect();
    let correlation = Array2::from_shape_vec((volatility.len(), volatility.len()), rows).unwrap();
    let horizon = Horizon::days(u32::try_from(args["horizon"].as_u64().unwrap()).unwrap()).unwrap();
    let book = if args["deltas"].is_null() {
        let exposures = vector(&args["exposures"]);
        DeltaNormal::from_correlation(exposures.view(), volatility.view(), correlation.view(), horizon)
    } else {
        let (deltas, spots) = (vector(&args["deltas"]), vector(&args["spots"]));
        DeltaNormal::from_deltas(deltas.view(), spots.view(), volatility.view(), correlation.view(), horizon)
    };
    book.unwrap().at_multiplier(args["multiplier"].as_f64().unwrap()).unwrap()
}

/// Jorion, Value at Risk, 7.2.4; Hull, Options, Futures, and Other Derivatives: Microsoft and AT&T, and the
/// options on them.
#[test]
fn component_tables() {
    for prefix in ["var.jorion.component", "var.hull.msft_att", "var.hull.delta_normal"] {
        let Some(cases) = cases(prefix) else { return };
        for case in cases {
            let parts = split(&case["args"]);
            compare(&case, "var", &[parts.value_at_risk]);
            compare(&case, "standard_deviation", &[parts.standard_deviation]);
            compare(&case, "individual_var", &parts.individual);
            compare(&case, "marginal_var", &parts.marginal);
            compare(&case, "component_var", &parts.component);
            compare(&case, "diversification_benefit", &[parts.diversification_benefit]);
        }
    }
}

/// McNeil, Frey & Embrechts, Quantitative Risk Management: the normal against four degrees of freedom.
#[test]
fn normal_against_student_t() {
    let Some(cases) = cases("es.mfe.normal_vs_t4") else { return };
    for case in cases {
        let args = &case["args"];
        let (mean, deviation) = (args["mean"].as_f64().unwrap(), args["standard_deviation"].as_f64().unwrap());
        let loss: Box<dyn LossDistribution> = match args["degrees_of_freedom"].as_f64() {
            None => Box::new(NormalLoss::new(mean, deviation, Horizon::DAY).unwrap()),
            Some(nu) => Box::new(StudentTLoss::with_standard_deviation(mean, deviation, nu, Horizon::DAY).unwrap()),
        };
        let levels: Vec<Confidence> =
            vector(&args["confidence"]).iter().map(|c| Confidence::new(*c).unwrap()).collect();
        let table = tail_table(&*loss, &levels).unwrap();
        compare(&case, "var", &table.value_at_risk);
        compare(&case, "es", &table.expected_shortfall);
    }
}
