//! W9: GARCH with a forecast, EWMA and HAR on the inputs of the peers; `forecast`: regimes and simulated futures.

use std::path::Path;

use alluse_quant::forecast::innovations::Innovations;
use alluse_quant::forecast::regimes::HiddenMarkov;
use alluse_quant::forecast::simulation::{FilteredBootstrap, PathModel};
use alluse_quant::forecast::volatility::{FittedGarch, Garch, Har};
use alluse_quant::prelude::*;
use alluse_quant::risk_core::streams::Streams;
use alluse_quant::risk_core::volatility::EwmaVolatility;
use ndarray::{Array1, Array2, ArrayView1};
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result};

const STEPS: usize = 21;

fn answer(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn fit(model: Garch, returns: ArrayView1<'_, f64>) -> Result<(FittedGarch, Array1<f64>)> {
    let fitted = model.estimate(returns)?;
    let ahead = fitted.forecast(STEPS)?;
    Ok((fitted, ahead))
}

pub(crate) fn volatility(data: &Path, record: &mut Record) -> Result<()> {
    let returns: Array2<f64> = read_npy(data.join("w9_ret.npy"))?;
    let realised: Array2<f64> = read_npy(data.join("w9_rv.npy"))?;
    for (name, law) in [("normal", Innovations::Normal), ("t", Innovations::StudentT)] {
        let model = Garch::new(1, 1).with_innovations(law);
        record.case(
            &format!("garch11-{name} 1x2500"),
            || fit(model, returns.row(0)),
            |(fitted, ahead)| answer(json!({"loglik": fitted.log_likelihood(), "fc": ahead.to_vec()})),
        )?;
        let all = || returns.rows().into_iter().map(|row| fit(model, row)).collect::<Result<Vec<_>>>();
        record.case(&format!("garch11-{name} 100x2500"), all, |all| {
            answer(json!({"loglik": all.iter().map(|(fitted, _)| fitted.log_likelihood()).sum::<f64>()}))
        })?;
    }
    let ewma =
        |row: ArrayView1<'_, f64>| -> Result<f64> { Ok(EwmaVolatility::default().fit(row)?.forecast_variance(1)?[0]) };
    record.case("ewma 0.94 1x2500", || ewma(returns.row(0)), |next| answer(json!({"fc": next})))?;
    let har = |row: ArrayView1<'_, f64>| -> Result<Vec<f64>> {
        Ok(Har::new(vec![1, 5, 22])?.fit(row)?.forecast(STEPS)?.variance)
    };
    record.case("har 1x2500 (OLS + forecast 21)", || har(realised.row(0)), |ahead| answer(json!({"fc": ahead})))?;
    Ok(())
}

pub(crate) fn simulation(record: &mut Record) -> Result<()> {
    let shocks = Streams::new(9).standard_normals(5_000, 2);
    let mut wild = false;
    let step = |row: ArrayView1<'_, f64>| {
        wild = if row[1] > 1.9 { !wild } else { wild };
        0.01 * row[0] * if wild { 2.5 } else { 0.8 }
    };
    let returns: Array1<f64> = shocks.rows().into_iter().map(step).collect();
    let model = HiddenMarkov::new(2);
    let fitted = || Ok(model.fit(returns.view())?);
    record
        .case("hidden Markov, 2 states, 5000", fitted, |fitted| answer(json!({"loglik": fitted.log_likelihood()})))?;
    let filtered = FilteredBootstrap::new(Garch::new(1, 1)).fit(returns.view())?;
    let paths = || Ok(filtered.simulate(252, 10_000, 1)?);
    record.case("filtered paths 10000x252", paths, |paths| answer(json!({"last": paths.values()[(9_999, 251)]})))?;
    Ok(())
}
