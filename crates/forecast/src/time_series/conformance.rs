//! The published and peer-computed cases of levels.

use ndarray::Array1;
use serde_json::Value;

use super::*;

fn vector(folder: &std::path::Path, argument: &Value) -> Vec<f64> {
    if let Some(values) = argument.as_array() {
        return values.iter().map(|value| value.as_f64().unwrap()).collect();
    }
    let file = folder.join("series").join(argument["$csv"].as_str().unwrap());
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let column = lines.next().unwrap().split(',').position(|name| argument["col"] == name).unwrap();
    lines.map(|line| line.split(',').nth(column).unwrap().parse().unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |values| values.iter().map(|value| value.as_f64().unwrap()).collect())
}

fn arima(args: &Value) -> Arima {
    let order = |value: &Value| -> Vec<usize> { numbers(value).iter().map(|order| *order as usize).collect() };
    let pdq = order(&args["order"]);
    let constant = if args["mean"] == "constant" { Constant::Mean } else { Constant::Zero };
    let model = Arima::new(pdq[0], pdq[1], pdq[2]).with_constant(constant);
    match args.get("seasonal_order") {
        None => model,
        Some(seasonal) => {
            let seasonal = order(seasonal);
            model.with_seasonal(seasonal[0], seasonal[1], seasonal[2], args["period"].as_u64().unwrap() as usize)
        }
    }
}

fn parameters(args: &Value) -> ArimaParameters {
    let given = &args["parameters"];
    ArimaParameters {
        ar: numbers(&given["ar"]),
        ma: numbers(&given["ma"]),
        mean: given["mean"].as_f64(),
        innovation_variance: given["sigma2"].as_f64().unwrap(),
        ..ArimaParameters::default()
    }
}

fn smoothing(args: &Value) -> ExponentialSmoothing {
    let trend = match (args["trend"].as_str(), args["damped"].as_bool()) {
        (None, _) => Trend::None,
        (Some(_), Some(true)) => Trend::Damped,
        (Some(_), _) => Trend::Additive,
    };
    let model = ExponentialSmoothing::new(ErrorTerm::Additive, trend).with_damping(0.8, 0.995);
    match args["period"].as_u64() {
        None => model,
        Some(period) => model.with_season(Season::Additive, period as usize),
    }
}

/// What the op returns, with the same names as the case.
fn answer(op: &str, args: &Value, series: &Array1<f64>) -> Option<Value> {
    let steps = args["horizon"].as_u64().unwrap_or(1) as usize;
    Some(match op {
        "timeseries.arima_loglikelihood" => {
            let value = arima(args).log_likelihood(series.view(), &parameters(args)).unwrap();
            serde_json::json!({ "loglikelihood": value })
        }
        "timeseries.arima_forecast" => {
            let values = arima(args).forecast(series.view(), &parameters(args), steps).unwrap();
            serde_json::json!({ "forecast": values.to_vec() })
        }
        "timeseries.arima_fit" => {
            let fitted = arima(args).fit(series.view()).unwrap();
            let found = fitted.parameters();
            serde_json::json!({
                "loglikelihood": fitted.log_likelihood(),
                "aic": fitted.criteria().aic,
                "parameters": { "ar": found.ar, "ma": found.ma, "seasonal_ma": found.seasonal_ma, "mean": found.mean,
                    "sigma2": found.innovation_variance },
            })
        }
        "timeseries.exponential_smoothing_fit" => {
            let fitted = smoothing(args).fit(series.view()).unwrap();
            let filtered = fitted.filtered();
            serde_json::json!({ "sse": filtered.sum_of_squares(), "forecast": filtered.forecast(steps).unwrap().to_vec() })
        }
        _ => return None,
    })
}

/// Differences beyond tolerance; a better optimum than the reference is right.
fn misses(path: &str, got: &Value, want: &Value, tolerance: (f64, f64), out: &mut Vec<String>) {
    match want {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, want)| misses(name, &got[name], want, tolerance, out));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(i, want)| misses(path, &got[i], want, tolerance, out));
        }
        _ => {
            let (Some(got), Some(want)) = (got.as_f64(), want.as_f64()) else {
                return out.push(format!("{path}: got {got}, want {want}"));
            };
            let better = match path {
                "loglikelihood" => got > want,
                "aic" | "sse" => got < want,
                _ => false,
            };
            if !better && (got - want).abs() > tolerance.1 + tolerance.0 * want.abs() {
                out.push(format!("{path}: got {got}, want {want}"));
            }
        }
    }
}

#[test]
fn reference_cases_of_levels() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let (mut failed, mut passed) = (Vec::new(), 0);
    for file in ["volatility.jsonl", "published.jsonl"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let (op, args) = (case["op"].as_str().unwrap(), &case["args"]);
            if !["timeseries.arima", "timeseries.exponential"].iter().any(|start| op.starts_with(start)) {
                continue;
            }
            let scale = args["scale"].as_f64().unwrap_or(1.0);
            let series = Array1::from_vec(vector(&folder, &args["series"])) * scale;
            let got = answer(op, args, &series).unwrap();
            let tolerance = (case["tol"]["rel"].as_f64().unwrap(), case["tol"]["abs"].as_f64().unwrap());
            let mut out = Vec::new();
            misses("", &got, &case["expect"], tolerance, &mut out);
            passed += usize::from(out.is_empty());
            failed.extend(out.into_iter().map(|miss| format!("{} {miss}", case["id"])));
        }
    }
    assert!(failed.is_empty() && passed > 0, "{passed} passed; {failed:#?}");
}
