//! Regimes: hidden Markov models, Markov switching, change points and thresholds.

mod bands;
mod chain;
mod change_points;
mod cusum;
mod hidden_markov;
mod labels;
mod markov_switching;
mod probabilities;

pub use bands::{BandBoundaries, BandClassifier, VolatilityBands};
pub use chain::TransitionMatrix;
pub use change_points::{ChangeIn, ChangePenalty, ChangePoints, Segment, Segmentation};
pub use cusum::{Cusum, CusumAlarm, CusumDetector, Shift};
pub use hidden_markov::{
    Decoded, Emissions, FittedHiddenMarkov, HiddenMarkov, HiddenMarkovCertificate, HiddenMarkovParameters,
    RegimeFilter, RegimePaths, RegimeVolatility, StateLaw,
};
pub use labels::{CloseTimes, LabelTiming};
pub use markov_switching::{
    FittedMarkovSwitching, MarkovSwitchingAutoregression, MarkovSwitchingCertificate, SwitchingForm, SwitchingVariance,
};
pub use probabilities::{FilteredProbabilities, SmoothedProbabilities, ViterbiPath};
