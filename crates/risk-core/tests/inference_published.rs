//! Sharpe ratios and block lengths on the reference series, where the folder that holds them is given.

#![expect(clippy::unwrap_used, reason = "a test stops where its data is not what it should be")]

use std::path::Path;

use alluse_risk_core::Confidence;
use alluse_risk_core::inference::{SharpeRatio, optimal_block_length};
use alluse_risk_core::moments::MomentEstimator;
use ndarray::Array1;
use testkit::close;

fn column(folder: &Path, file: &str, name: &str) -> Array1<f64> {
    let text = std::fs::read_to_string(folder.join("series").join(file)).unwrap();
    let mut lines = text.lines();
    let place = lines.next().unwrap().split(',').position(|column| column.trim() == name).unwrap();
    lines.map(|line| line.split(',').nth(place).unwrap().trim().parse::<f64>().unwrap()).collect()
}

/// Cases `bootstrap.politis_white.dmbp`: arch 8.0 on the marks and pounds of Bollerslev and Ghysels (1996).
#[test]
fn block_lengths_agree_with_arch() {
    let Some(folder) = testkit::conformance_dir() else { return };
    for (name, stationary, circular) in
        [("pct", 0.873_927_466_762_767, 1.000_397_218_161_89), ("abs_pct", 77.260_544_014_580_8, 88.441_245_120_909_2)]
    {
        let got = optimal_block_length(column(&folder, "b_dmbp.csv", name).view()).unwrap();
        close(got.stationary, stationary, 1e-8);
        close(got.circular, circular, 1e-8);
    }
}

/// Cases `sharpe/dsr/own`: scipy 1.17 and skfolio 1.12 on the best of twenty stocks.
#[test]
fn sharpe_ratios_agree_with_skfolio() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let best = column(&folder, "stocks20_2010_2018.csv", "UNH");
    let best = SharpeRatio::of(best.view(), MomentEstimator::Population).unwrap();
    close(best.ratio(), 0.076_536_293_030_270_18, 1e-12);
    close(best.skewness(), 0.025_980_949_203_138_128, 1e-12);
    close(best.kurtosis(), 5.784_219_805_754_104_5, 1e-12);
    close(best.probability_above(0.0).unwrap(), 0.999_859_278_523_902_4, 1e-12);
    close(best.probability_above(0.02).unwrap(), 0.996_349_193_119_005_5, 1e-12);
    close(best.minimum_track_record(0.0, Confidence::P95).unwrap(), 465.187_463_285_723_77, 1e-12);
    let text = std::fs::read_to_string(folder.join("series/stocks20_2010_2018.csv")).unwrap();
    let names: Vec<&str> = text.lines().next().unwrap().split(',').skip(1).collect();
    let ratio = |name: &&str| {
        let returns = column(&folder, "stocks20_2010_2018.csv", name);
        SharpeRatio::of(returns.view(), MomentEstimator::Population).unwrap().ratio()
    };
    let trials: Array1<f64> = names.iter().map(ratio).collect();
    let deflated = best.deflated_by(trials.view()).unwrap();
    close(deflated.expected_maximum, 0.043_564_704_980_344_89, 1e-12);
    close(deflated.probability, 0.941_158_231_563_204_6, 1e-12);
}
