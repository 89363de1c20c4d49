//! `regime.*`

use alluse_quant::forecast::regimes::{
    HiddenMarkov, HiddenMarkovParameters, MarkovSwitchingAutoregression, StateLaw, TransitionMatrix,
};
use ndarray::Array1;

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("regime.gaussian_hmm_decode", decode),
    ("regime.gaussian_hmm_fit", fit),
    ("regime.markov_switching_ar_fit", switching),
];

fn list(values: impl IntoIterator<Item = f64>) -> Tree {
    values.into_iter().collect::<Array1<f64>>().into()
}

fn rows(matrix: &TransitionMatrix) -> Tree {
    Tree::List(matrix.rows().iter().map(|row| list(row.iter().copied())).collect())
}

fn fit(args: &mut Args<'_>) -> Outcome {
    let (series, states) = (args.scaled("series")?, args.count("states")?);
    let fitted = HiddenMarkov::new(states).fit(series.view())?;
    let laws = fitted.parameters().states();
    Ok(Tree::fields([
        ("loglikelihood", fitted.log_likelihood().into()),
        ("means", list(laws.iter().map(StateLaw::mean))),
        ("variances", list(laws.iter().map(StateLaw::variance))),
        ("transition", rows(fitted.parameters().transition())),
    ]))
}

fn parameters(args: &mut Args<'_>) -> Result<HiddenMarkovParameters> {
    let _: usize = args.count("states")?;
    let (means, variances) = (args.vector("means")?, args.vector("variances")?);
    let (transition, start) = (args.matrix("transition")?, args.vector("start")?);
    let transition = transition.rows().into_iter().map(|row| row.to_vec()).collect();
    let laws = means.iter().zip(&variances).map(|(&mean, &variance)| StateLaw::gaussian(mean, variance));
    let laws = laws.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(HiddenMarkovParameters::new(start.to_vec(), TransitionMatrix::new(transition)?, laws)?)
}

fn decode(args: &mut Args<'_>) -> Outcome {
    let series = args.scaled("series")?;
    let decoded = parameters(args)?.decode(series.view())?;
    Ok(Tree::fields([
        ("loglikelihood", decoded.log_likelihood.into()),
        ("smoothed_last", list(decoded.smoothed.last().iter().copied())),
        ("viterbi_share", list(decoded.viterbi.share())),
        ("viterbi_switches", decoded.viterbi.switches().into()),
    ]))
}

fn switching(args: &mut Args<'_>) -> Outcome {
    let (series, order, regimes) = (args.vector("series")?, args.count("order")?, args.count("regimes")?);
    let fitted = MarkovSwitchingAutoregression::new(order).with_regimes(regimes).fit(series.view())?;
    let sigma = fitted.deviations.first().copied().map(Tree::from);
    let known = [
        ("loglikelihood", fitted.log_likelihood.into()),
        ("means", list(fitted.means.iter().copied())),
        ("ar", list(fitted.autoregression.iter().copied())),
        ("transition", rows(&fitted.transition)),
    ];
    Ok(Tree::fields(known.into_iter().chain(sigma.map(|sigma| ("sigma", sigma)))))
}
