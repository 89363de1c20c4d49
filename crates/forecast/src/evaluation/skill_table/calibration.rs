use alluse_risk_core::inference::{BerkowitzTest, KolmogorovSmirnovTest, berkowitz, kolmogorov_smirnov};
use alluse_risk_core::{ErrorKind, Status};
use ndarray::{Array1, aview1};
use serde::{Deserialize, Serialize};

use crate::evaluation::walk_forward::ForecastRecord;
use crate::evaluation::{Overlap, status};
use crate::{Error, Result, check};

/// Whether outcomes fell where the forecasts said they would, on outcomes that do not overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalibrationSkill {
    /// The test that their places in the forecasts are uniform; small p-values speak against the forecasts.
    pub uniformity: KolmogorovSmirnovTest,
    /// The test that the normal scores of these places are independent standard normals: a wrong centre, a wrong width
    /// and dependence show in its mean, standard deviation and autocorrelation.
    pub berkowitz: Status<BerkowitzTest>,
}

/// Calibration of these forecasts, in date order; fewer than `least` independent outcomes say nothing.
pub(super) fn calibration(records: &[&ForecastRecord], overlap: Overlap, least: usize) -> Result<CalibrationSkill> {
    let origins: Vec<usize> = records.iter().map(|record| record.origin).collect();
    let disjoint: Vec<&ForecastRecord> = overlap.disjoint(&origins).into_iter().map(|place| records[place]).collect();
    check::enough("calibration", least, disjoint.len())?;
    let pit: Vec<f64> = disjoint.iter().map(|record| record.pit).collect();
    let inner: Array1<f64> = disjoint.iter().map(|record| inner_place(record)).collect();
    Ok(CalibrationSkill {
        uniformity: kolmogorov_smirnov(aview1(&pit))?,
        berkowitz: status(berkowitz(inner.view()).map_err(Error::from)),
    })
}

/// Middle of the place among the `members + 1` that an outcome can take between the members: never 0 or 1, which have no
/// normal score.
fn inner_place(record: &ForecastRecord) -> f64 {
    let members = record.members as f64;
    (record.pit * members + 0.5) / (members + 1.0)
}

/// For forecasts without a distribution.
pub(super) fn a_point_has_none<T>() -> Status<T> {
    Status::Unknown { kind: ErrorKind::Undefined, reason: "a point has no distribution".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(origin: usize, members: usize, pit: f64) -> ForecastRecord {
        let quantiles = [0.0; 7];
        let (horizon, mean, probability_up, realised) = (1, 0.0, 0.5, 0.0);
        let (crps, squared_error, brier) = (0.0, 0.0, 0.25);
        ForecastRecord {
            origin,
            horizon,
            members,
            mean,
            probability_up,
            quantiles,
            realised,
            crps,
            squared_error,
            brier,
            pit,
        }
    }

    #[test]
    fn an_outcome_beyond_all_members_has_a_score() {
        // Five places between four members: their middles are 0.1, 0.3, 0.5, 0.7 and 0.9.
        for (pit, place) in [(0.0, 0.1), (0.25, 0.3), (0.5, 0.5), (0.75, 0.7), (1.0, 0.9)] {
            assert!((inner_place(&record(0, 4, pit)) - place).abs() < 1e-15);
        }
        let records: Vec<ForecastRecord> = (0..40).map(|t| record(t, 4, f64::from(t as u32 % 5) / 4.0)).collect();
        let borrowed: Vec<&ForecastRecord> = records.iter().collect();
        let got = calibration(&borrowed, Overlap::new(1, 1).unwrap(), 20).unwrap();
        assert!(got.berkowitz.known().is_some());
        // Five equal steps at 0, ¼, ½, ¾ and 1: the first fifth is reached at 0.
        assert!((got.uniformity.statistic - 0.2).abs() < 1e-15);
        assert_eq!(got.uniformity.observations, 40);
    }

    #[test]
    fn overlapping_outcomes_count_once() {
        let records: Vec<ForecastRecord> = (0..40).map(|t| record(t, 4, 0.5)).collect();
        let borrowed: Vec<&ForecastRecord> = records.iter().collect();
        let weekly = Overlap::new(5, 1).unwrap();
        assert_eq!(calibration(&borrowed, weekly, 8).unwrap().uniformity.observations, 8);
        let few = calibration(&borrowed, weekly, 9).unwrap_err();
        assert_eq!(few.kind(), ErrorKind::InsufficientData);
        // Scores that never vary have no likelihood ratio; the other test still answers.
        assert!(calibration(&borrowed, weekly, 8).unwrap().berkowitz.known().is_none());
        assert!(calibration(&[], weekly, 2).is_err());
    }
}
