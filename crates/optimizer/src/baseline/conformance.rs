//! Reference results of other software, where the folder that holds them is given.

use std::fs;
use std::path::Path;

use alluse_risk_core::{Confidence, Covariance};
use ndarray::Array2;
use serde_json::Value;

use super::{inverse_variance, inverse_volatility, minimum_correlation};
use crate::risk_budgeting::{Budgets, RiskBudgeting, RiskContributions};
use crate::{Result, RiskModel};

fn matrix(folder: &Path, value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = match value.get("$csv").and_then(Value::as_str) {
        None => serde_json::from_value(value.clone()).unwrap(),
        Some(file) => {
            let text = fs::read_to_string(folder.join("series").join(file)).unwrap();
            let mut lines = text.lines();
            let header: Vec<&str> = lines.next().unwrap().split(',').collect();
            let columns: Vec<String> = serde_json::from_value(value["cols"].clone()).unwrap();
            let positions: Vec<usize> = columns.iter().map(|c| header.iter().position(|h| h == c).unwrap()).collect();
            let row = |line: &str| -> Vec<f64> {
                let cells: Vec<&str> = line.split(',').collect();
                positions.iter().map(|&p| cells[p].parse().unwrap()).collect()
            };
            lines.map(row).collect()
        }
    };
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn vector(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The named results of a case, or `None` when its operation belongs elsewhere.
fn answer(folder: &Path, op: &str, args: &Value) -> Result<Option<Vec<(&'static str, Vec<f64>)>>> {
    let model = || RiskModel::from(Covariance::new(matrix(folder, &args["covariance"])).unwrap());
    Ok(Some(match op {
        "optimize.minimum_correlation" => vec![("weights", minimum_correlation(&model())?.into())],
        "optimize.inverse_risk" if args["risk"] == "volatility" => {
            vec![("weights", inverse_volatility(&model())?.into())]
        }
        "optimize.inverse_risk" => vec![("weights", inverse_variance(&model())?.into())],
        "risk_budget.contributions" => {
            let risk = RiskContributions::of(&model(), ndarray::Array1::from(vector(&args["weights"])).view())?;
            vec![
                ("volatility", vec![risk.volatility]),
                ("marginal", risk.marginal),
                ("contribution", risk.contribution),
                ("relative", risk.relative),
            ]
        }
        "risk_budget.solve" => {
            let problem = RiskBudgeting::new(Budgets::PerAsset(vector(&args["budgets"])));
            if args["measure"] == "cvar" {
                let confidence = Confidence::new(args["confidence"].as_f64().unwrap()).unwrap();
                let solution = problem.solve_scenarios(matrix(folder, &args["returns"]).view(), confidence)?;
                return Ok(Some(vec![("weights", solution.weights.into())]));
            }
            let solution = problem.solve(&model())?;
            vec![
                ("weights", solution.weights.into()),
                ("risk_contributions", solution.risk.relative),
                ("volatility", vec![solution.risk.volatility]),
            ]
        }
        _ => return Ok(None),
    }))
}

#[test]
fn cases_of_other_software_agree() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let mut compared = 0;
    for file in ["published.jsonl", "optimisation.jsonl"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case: Value = serde_json::from_str(line).unwrap();
            let (id, op) = (case["id"].as_str().unwrap(), case["op"].as_str().unwrap());
            let Some(got) = answer(&folder, op, &case["args"]).unwrap_or_else(|e| panic!("{id}: {e}")) else {
                continue;
            };
            let (rel, abs) = (case["tol"]["rel"].as_f64().unwrap(), case["tol"]["abs"].as_f64().unwrap());
            for (name, want) in case["expect"].as_object().unwrap() {
                let (_, got) = got.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{id}: no {name}"));
                let want = if want.is_number() { vec![want.as_f64().unwrap()] } else { vector(want) };
                assert_eq!(got.len(), want.len(), "{id} {name}");
                for (index, (got, want)) in got.iter().zip(&want).enumerate() {
                    let distance = (got - want).abs();
                    assert!(distance <= abs + rel * want.abs(), "{id} {name}[{index}]: got {got}, want {want}");
                }
                compared += 1;
            }
        }
    }
    assert!(compared >= 25, "only {compared} results were compared");
}
