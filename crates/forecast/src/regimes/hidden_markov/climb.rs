//! Expectation-maximisation to convergence, with extrapolation.

use super::expectation::{DEGREES, Parameters, Step, Work, normalise};

/// Where a climb ended.
#[derive(Debug, Clone)]
pub(super) struct Summit<const K: usize> {
    pub(super) at: Parameters<K>,
    pub(super) log_likelihood: f64,
    pub(super) occupancy: [f64; K],
    pub(super) first: usize,
    /// Steps of expectation-maximisation.
    pub(super) steps: usize,
    /// What the last of them added.
    pub(super) last_increase: f64,
    /// Log-likelihoods on the way.
    pub(super) trace: Vec<f64>,
}

/// How a climb can fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fall {
    /// A state was left with (almost) nothing, or its variance fell to the floor: the likelihood is unbounded there.
    Collapsed,
    /// The steps ran out.
    Unfinished { last_increase: f64 },
    /// It was on the way to a summit that is known already.
    Joined,
}

/// Observations, as a weight, below which a state is not one.
const FEWEST: f64 = 3.0;

/// A few plain steps, to see which starts are worth more. Returns the log-likelihood before the last step.
pub(super) fn warm<const K: usize>(
    work: &mut Work<'_, K>,
    start: Parameters<K>,
    steps: usize,
) -> Option<(f64, Parameters<K>)> {
    let mut at = start;
    let mut reached = f64::NEG_INFINITY;
    for _ in 0..steps {
        let step = work.step(&at)?;
        (reached, at) = (step.log_likelihood, step.next);
    }
    Some((reached, at))
}

/// Steps until one adds less than `tolerance` to the log-likelihood. Every second step is followed by the squared
/// extrapolation of Varadhan and Roland (2008), kept only where the likelihood is no lower.
pub(super) fn climb<const K: usize>(
    work: &mut Work<'_, K>,
    start: Parameters<K>,
    tolerance: f64,
    most_steps: usize,
    known: Option<&Summit<K>>,
) -> Result<Summit<K>, Fall> {
    let mut at = start;
    let mut steps = 0;
    let mut trace = Vec::new();
    let mut last_increase = f64::INFINITY;
    while steps < most_steps {
        let first = work.step(&at).ok_or(Fall::Collapsed)?;
        let second = work.step(&first.next).ok_or(Fall::Collapsed)?;
        steps += 2;
        trace.extend([first.log_likelihood, second.log_likelihood]);
        last_increase = second.log_likelihood - first.log_likelihood;
        if collapsed(work, &first.next, &second) {
            return Err(Fall::Collapsed);
        }
        if last_increase < tolerance {
            return Ok(Summit {
                at: first.next,
                log_likelihood: second.log_likelihood,
                occupancy: second.occupancy,
                first: second.first,
                steps,
                last_increase,
                trace,
            });
        }
        if known.is_some_and(|known| joins(&first.next, second.log_likelihood, known)) {
            return Err(Fall::Joined);
        }
        let leap = extrapolate(&at, &first.next, &second.next, work.floor());
        at = second.next;
        if let Some(landed) = leap.and_then(|leap| work.step(&leap)) {
            steps += 1;
            if landed.log_likelihood >= second.log_likelihood {
                trace.push(landed.log_likelihood);
                at = landed.next;
            }
        }
    }
    Err(Fall::Unfinished { last_increase })
}

fn collapsed<const K: usize>(work: &Work<'_, K>, at: &Parameters<K>, step: &Step<K>) -> bool {
    step.occupancy.iter().any(|n| *n < FEWEST) || at.squared_scales.iter().any(|v| *v <= work.floor())
}

/// Whether parameters lie close below a summit: within a hundredth of a standard deviation in the means, one per cent
/// in the variances, in some order of the states.
fn joins<const K: usize>(at: &Parameters<K>, log_likelihood: f64, summit: &Summit<K>) -> bool {
    if (log_likelihood - summit.log_likelihood).abs() > 0.05 {
        return false;
    }
    let near = |k: usize, l: usize| {
        let scale = summit.at.squared_scales[l];
        (at.means[k] - summit.at.means[l]).abs() < 0.01 * scale.sqrt()
            && (at.squared_scales[k] / scale - 1.0).abs() < 0.01
            && (at.transition[k][k] - summit.at.transition[l][l]).abs() < 0.01
    };
    (0..K).all(|k| (0..K).any(|l| near(k, l))) && (0..K).all(|l| (0..K).any(|k| near(k, l)))
}

/// Scheme S3 of Varadhan and Roland: `θ − 2αr + α²v` with `α = −‖r‖/‖v‖`, on logarithms of what is positive.
fn extrapolate<const K: usize>(
    zero: &Parameters<K>,
    one: &Parameters<K>,
    two: &Parameters<K>,
    floor: f64,
) -> Option<Parameters<K>> {
    let (mut r2, mut v2) = (0.0, 0.0);
    zip(zero, one, two, |a, b, c| {
        let (r, v) = (b - a, (c - b) - (b - a));
        r2 += r * r;
        v2 += v * v;
        0.0
    });
    if !(v2 > 0.0) {
        return None;
    }
    let length = (r2 / v2).sqrt().clamp(1.0, 256.0);
    let mut leap = zip(zero, one, two, |a, b, c| {
        let (r, v) = (b - a, (c - b) - (b - a));
        a + 2.0 * length * r + length * length * v
    });
    for k in 0..K {
        leap.squared_scales[k] = libm::exp(leap.squared_scales[k]).max(floor);
        let row = &mut leap.transition[k];
        row.iter_mut().for_each(|p| *p = libm::exp(*p));
        normalise(row);
    }
    if let Some(degrees) = &mut leap.degrees {
        degrees.iter_mut().for_each(|nu| *nu = libm::exp(*nu).clamp(DEGREES.0, DEGREES.1));
    }
    let finite = leap.means.iter().chain(&leap.squared_scales).chain(leap.transition.iter().flatten());
    finite.copied().all(f64::is_finite).then_some(leap)
}

/// Applies `f` to the three values of every parameter; what is positive enters (and leaves) as its logarithm.
fn zip<const K: usize>(
    zero: &Parameters<K>,
    one: &Parameters<K>,
    two: &Parameters<K>,
    mut f: impl FnMut(f64, f64, f64) -> f64,
) -> Parameters<K> {
    let mut out = *zero;
    let mut logs = |a: f64, b: f64, c: f64| f(libm::log(a), libm::log(b), libm::log(c));
    for k in 0..K {
        out.squared_scales[k] = logs(zero.squared_scales[k], one.squared_scales[k], two.squared_scales[k]);
        for j in 0..K {
            out.transition[k][j] = logs(zero.transition[k][j], one.transition[k][j], two.transition[k][j]);
        }
        if let (Some(out), Some(a), Some(b), Some(c)) = (&mut out.degrees, zero.degrees, one.degrees, two.degrees) {
            out[k] = logs(a[k], b[k], c[k]);
        }
    }
    for k in 0..K {
        out.means[k] = f(zero.means[k], one.means[k], two.means[k]);
    }
    out
}
