//! W2: historical VaR, ES and their components.

use std::path::Path;

use alluse_quant::risk_core::measures::QuantileRule;
use alluse_quant::risk_core::{Confidence, Measure};
use alluse_quant::var_models::{LinearBook, LinearComponents, VarAllocation};
use ndarray::{Array1, Array2, Axis};
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result, digest};

/// Scenarios around the VaR scenario that its components are averaged over, as the peers do.
const NEAREST: usize = 25;

pub(crate) fn run(data: &Path, record: &mut Record) -> Result<()> {
    for positions in [1_000, 10_000] {
        let returns: Array2<f64> = read_npy(data.join(format!("w2_scen_{positions}.npy")))?;
        let exposures: Array1<f64> = read_npy(data.join(format!("w2_pos_{positions}.npy")))?;
        record.case(&format!("{positions}x2500"), || everything(&returns, &exposures), components)?;
        if positions == 1_000 {
            record.case("1000x2500 VaR+ES only", || tail_only(&returns, &exposures), Clone::clone)?;
            record.case("1000x2500 materialised P&L matrix", || materialised(&returns, &exposures), |_| Map::new())?;
            record.case(
                "1000x2500 CVaR contributions",
                || shortfall_parts(&returns, &exposures),
                |parts| Map::from_iter([("ces".to_owned(), digest(&parts.components))]),
            )?;
            record.case(
                "1000x2500 CVaR Risk_Contribution",
                || shortfall_parts(&returns, &exposures),
                |parts| Map::from_iter([("ces".to_owned(), digest(&parts.components))]),
            )?;
        }
    }
    Ok(())
}

fn levels() -> [(Confidence, &'static str); 2] {
    [(Confidence::P95, "0.95"), (Confidence::P99, "0.99")]
}

type Levels = Vec<(&'static str, LinearComponents, LinearComponents)>;

fn everything(returns: &Array2<f64>, exposures: &Array1<f64>) -> Result<Levels> {
    let book = LinearBook::new(returns.view(), exposures.view())?;
    levels()
        .into_iter()
        .map(|(confidence, name)| {
            let measure = Measure::ValueAtRisk { confidence, rule: Some(QuantileRule::UpperLoss) };
            let nearest = VarAllocation::NearestScenarios { count: NEAREST };
            Ok((name, book.value_at_risk(&measure, nearest)?, book.expected_shortfall(confidence)?))
        })
        .collect()
}

fn components(levels: &Levels) -> Map<String, Value> {
    let mut answer = Map::new();
    for (name, var, es) in levels {
        answer.insert(format!("var{name}"), json!(var.total.value));
        answer.insert(format!("es{name}"), json!(es.total.value));
        answer.insert(format!("ces{name}"), digest(&es.components));
        answer.insert(format!("cvar_comp{name}"), digest(&var.components));
    }
    answer
}

fn tail_only(returns: &Array2<f64>, exposures: &Array1<f64>) -> Result<Map<String, Value>> {
    let book = LinearBook::new(returns.view(), exposures.view())?;
    let mut answer = Map::new();
    for (confidence, name) in [(Confidence::P95, "95"), (Confidence::P99, "99")] {
        let sample = book.sample().clone().with_quantile_rule(QuantileRule::UpperLoss);
        answer.insert(format!("var{name}"), json!(sample.value_at_risk(confidence)?.value));
        answer.insert(format!("es{name}"), json!(sample.expected_shortfall(confidence)?.value));
    }
    Ok(answer)
}

fn shortfall_parts(returns: &Array2<f64>, exposures: &Array1<f64>) -> Result<LinearComponents> {
    Ok(LinearBook::new(returns.view(), exposures.view())?.expected_shortfall(Confidence::P95)?)
}

/// Writes the whole P&L matrix down first, as desks do, then sums it.
fn materialised(returns: &Array2<f64>, exposures: &Array1<f64>) -> Result<Vec<f64>> {
    let pnl = returns * exposures;
    let ones = Array1::ones(exposures.len());
    let book = LinearBook::new(pnl.view(), ones.view())?;
    debug_assert_eq!(pnl.len_of(Axis(1)), exposures.len());
    Ok(book.expected_shortfall(Confidence::P95)?.components)
}
