//! Regimes: hidden Markov models, Markov switching, change points and thresholds.
