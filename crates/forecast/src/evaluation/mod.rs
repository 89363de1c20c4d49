//! Whether a forecast has skill: walk-forward evaluation against naive competitors, calibration, conformal intervals.
