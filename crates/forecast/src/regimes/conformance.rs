//! The reference cases of the regimes, run where their folder is.

use std::path::Path;

use ndarray::Array1;
use serde_json::Value;

use super::*;

struct Case {
    id: String,
    args: Value,
    expect: Value,
    absolute: f64,
    relative: f64,
    folder: std::path::PathBuf,
}

impl Case {
    fn series(&self) -> Array1<f64> {
        let scale = self.args["scale"].as_f64().unwrap_or(1.0);
        let argument = &self.args["series"];
        let values = match argument.as_array() {
            Some(values) => values.iter().map(|v| v.as_f64().unwrap()).collect(),
            None => {
                let file = self.folder.join("series").join(argument["$csv"].as_str().unwrap());
                column(&file, argument["col"].as_str().unwrap())
            }
        };
        Array1::from(values) * scale
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.args[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    fn rows(&self, name: &str) -> Vec<Vec<f64>> {
        let row = |v: &Value| v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        self.args[name].as_array().unwrap().iter().map(row).collect()
    }

    /// Compares the expected fields, element by element.
    fn compare(&self, got: &Value) {
        for (name, want) in self.expect.as_object().unwrap() {
            let (got, want) = (flat(&got[name]), flat(want));
            assert_eq!(got.len(), want.len(), "{} {name}", self.id);
            for (g, w) in got.iter().zip(&want) {
                let allowed = self.absolute + self.relative * w.abs();
                assert!((g - w).abs() <= allowed, "{} {name}: got {got:?}, want {want:?}", self.id);
            }
        }
    }
}

fn flat(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(values) => values.iter().flat_map(flat).collect(),
        None => vec![value.as_f64().unwrap()],
    }
}

fn column(file: &Path, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let position = lines.next().unwrap().split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(position).unwrap().parse().unwrap()).collect()
}

fn cases(op: &str) -> Option<Vec<Case>> {
    let folder = testkit::conformance_dir()?;
    let mut cases = Vec::new();
    for file in ["volatility.jsonl", "published.jsonl"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let mut case: Value = serde_json::from_str(line).unwrap();
            if case["op"] == op {
                cases.push(Case {
                    id: case["id"].as_str().unwrap().to_owned(),
                    args: case["args"].take(),
                    expect: case["expect"].take(),
                    absolute: case["tol"]["abs"].as_f64().unwrap(),
                    relative: case["tol"]["rel"].as_f64().unwrap(),
                    folder: folder.clone(),
                });
            }
        }
    }
    assert!(!cases.is_empty(), "{op}");
    Some(cases)
}

#[test]
fn gaussian_hmm_fit() {
    for case in cases("regime.gaussian_hmm_fit").into_iter().flatten() {
        let states = case.args["states"].as_u64().unwrap() as usize;
        let fitted = HiddenMarkov::new(states).fit(case.series().view()).unwrap();
        let laws = fitted.parameters().states();
        case.compare(&serde_json::json!({
            "loglikelihood": fitted.log_likelihood(),
            "means": laws.iter().map(StateLaw::mean).collect::<Vec<_>>(),
            "variances": laws.iter().map(StateLaw::variance).collect::<Vec<_>>(),
            "transition": fitted.parameters().transition(),
        }));
    }
}

#[test]
fn gaussian_hmm_decode() {
    for case in cases("regime.gaussian_hmm_decode").into_iter().flatten() {
        let laws = case.numbers("means").into_iter().zip(case.numbers("variances"));
        let parameters = HiddenMarkovParameters::new(
            case.numbers("start"),
            TransitionMatrix::new(case.rows("transition")).unwrap(),
            laws.map(|(mean, variance)| StateLaw::gaussian(mean, variance).unwrap()).collect(),
        );
        let decoded = parameters.unwrap().decode(case.series().view()).unwrap();
        case.compare(&serde_json::json!({
            "loglikelihood": decoded.log_likelihood,
            "smoothed_last": decoded.smoothed.last().to_vec(),
            "viterbi_share": decoded.viterbi.share(),
            "viterbi_switches": decoded.viterbi.switches(),
        }));
    }
}

#[test]
fn markov_switching_ar_fit() {
    for case in cases("regime.markov_switching_ar_fit").into_iter().flatten() {
        let order = case.args["order"].as_u64().unwrap() as usize;
        let regimes = case.args["regimes"].as_u64().unwrap() as usize;
        let model = MarkovSwitchingAutoregression::new(order).with_regimes(regimes);
        let fitted = model.fit(case.series().view()).unwrap();
        case.compare(&serde_json::json!({
            "loglikelihood": fitted.log_likelihood,
            "means": fitted.means,
            "ar": fitted.autoregression,
            "sigma": fitted.deviations[0],
            "transition": fitted.transition,
        }));
    }
}
