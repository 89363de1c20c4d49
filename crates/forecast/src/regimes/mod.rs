//! Regimes: hidden Markov models, Markov switching, change points and thresholds.

mod chain;
#[cfg(test)]
mod conformance;
mod hidden_markov;
mod markov_switching;
mod probabilities;

pub use chain::TransitionMatrix;
pub use hidden_markov::{
    Decoded, Emissions, FittedHiddenMarkov, HiddenMarkov, HiddenMarkovCertificate, HiddenMarkovParameters,
    RegimeFilter, RegimePaths, RegimeVolatility, StateLaw,
};
pub use markov_switching::{
    FittedMarkovSwitching, MarkovSwitchingAutoregression, MarkovSwitchingCertificate, SwitchingForm, SwitchingVariance,
};
pub use probabilities::{FilteredProbabilities, SmoothedProbabilities, ViterbiPath};
