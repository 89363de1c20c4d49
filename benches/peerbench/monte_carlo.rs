//! W3: Monte Carlo VaR and ES of 1,000 linear positions on 500 factors.

use std::path::Path;

use alluse_quant::risk_core::measures::QuantileRule;
use alluse_quant::risk_core::streams::{BLOCK, Streams, fill_standard_normals};
use alluse_quant::risk_core::{Confidence, Covariance, Horizon};
use alluse_quant::var_models::{FactorModel, Reduction, Sampling, SimulatedLoss, Simulation};
use ndarray::{Array1, Array2, Axis};
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result};

const PATHS: usize = 100_000;
const SEED: u64 = 7;

pub(crate) fn run(data: &Path, record: &mut Record) -> Result<()> {
    let covariance: Array2<f64> = read_npy(data.join("w3_cov.npy"))?;
    let deltas: Array2<f64> = read_npy(data.join("w3_delta.npy"))?;
    let exposures = deltas.sum_axis(Axis(0));
    let covariance = Covariance::new(covariance)?;
    let factors = exposures.len();
    let simulation = Simulation::new(SEED).with_paths(PATHS).with_quantile_rule(QuantileRule::UpperLoss);

    let mut case = |name: &str, reduction: Reduction, degrees: Option<f64>| {
        let work = || {
            let model = model(&covariance, degrees)?;
            tail(&simulation.linear_losses(&model, exposures.view(), Horizon::DAY, reduction)?)
        };
        record.case(name, work, Clone::clone)
    };
    let name = |what: &str| format!("{PATHS}x{factors} {what}");
    case(&name("full normal"), Reduction::Factors, None)?;
    case(&name("full t5"), Reduction::Factors, Some(5.0))?;
    case(&name("collapsed normal"), Reduction::Directions, None)?;
    case(&name("collapsed t5"), Reduction::Directions, Some(5.0))?;
    case(&name("collapsed to one normal"), Reduction::Portfolio, None)?;
    case(&name("collapsed to one t5"), Reduction::Portfolio, Some(5.0))?;

    let points = simulation.with_paths(1 << 16).with_sampling(Sampling::sobol());
    let work = || {
        let model = model(&covariance, None)?;
        tail(&points.linear_losses(&model, exposures.view(), Horizon::DAY, Reduction::Directions)?)
    };
    record.case(&format!("65536x{factors} collapsed normal"), work, Clone::clone)?;
    record.case(&name("rng only"), || Ok(numbers(factors)), |_| Map::new())
}

fn model(covariance: &Covariance, degrees: Option<f64>) -> Result<FactorModel> {
    let zero = Array1::zeros(covariance.len());
    Ok(match degrees {
        None => FactorModel::normal(zero, covariance)?,
        Some(degrees) => FactorModel::student_t(zero, covariance, degrees)?,
    })
}

fn tail(loss: &SimulatedLoss) -> Result<Map<String, Value>> {
    let mut answer = Map::new();
    for risk in loss.sample().tail_risk(&[Confidence::P95, Confidence::P99])? {
        let level = risk.confidence.level();
        answer.insert(format!("var{level}"), json!(risk.value_at_risk));
        answer.insert(format!("es{level}"), json!(risk.expected_shortfall));
    }
    Ok(answer)
}

/// The numbers alone, on this thread and into one matrix, as the peer does it.
fn numbers(factors: usize) -> Vec<f64> {
    let streams = Streams::new(SEED);
    let mut all = vec![0.0; PATHS * factors];
    for (index, block) in all.chunks_mut(BLOCK * factors).enumerate() {
        fill_standard_normals(&mut streams.block(index as u64), block);
    }
    all
}
