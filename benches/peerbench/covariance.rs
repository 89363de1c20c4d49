//! W10: the sample covariance, and shrunk ones with their intensity.

use std::path::Path;

use alluse_quant::risk_core::Covariance;
use alluse_quant::risk_core::covariance::{LinearShrinkage, LinearlyShrunk, SampleCovariance, ShrinkageTarget};
use ndarray::Array2;
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result};

pub(crate) fn run(data: &Path, record: &mut Record) -> Result<()> {
    let returns: Array2<f64> = read_npy(data.join("w5_ret_500.npy"))?;
    let shrink = |target| Ok(LinearShrinkage::new(target).shrink(returns.view())?);
    record.case("n=500x2500", || shrink(ShrinkageTarget::ScaledIdentity), shrunk)?;
    // The peer's variances have divisor n − 1 here.
    let constant = LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation).with_ddof(1);
    record.case("constant correlation n=500x2500", || Ok(constant.shrink(returns.view())?), shrunk)?;
    record.case("single factor n=500x2500", || shrink(ShrinkageTarget::SingleFactor), shrunk)?;
    let sample = || Ok(SampleCovariance::default().covariance(returns.view())?);
    record.case("sample cov n=500x2500", sample, |covariance| digest(covariance, None))
}

fn shrunk(answer: &LinearlyShrunk) -> Map<String, Value> {
    digest(&answer.covariance, Some(answer.shrinkage))
}

fn digest(covariance: &Covariance, shrinkage: Option<f64>) -> Map<String, Value> {
    let matrix = covariance.view();
    Map::from_iter([
        ("shrink".to_owned(), json!(shrinkage)),
        ("trace".to_owned(), json!(matrix.diag().sum())),
        ("fro".to_owned(), json!(matrix.iter().map(|v| v * v).sum::<f64>().sqrt())),
        ("c00".to_owned(), json!(matrix[[0, 0]])),
        ("c01".to_owned(), json!(matrix[[0, 1]])),
    ])
}
