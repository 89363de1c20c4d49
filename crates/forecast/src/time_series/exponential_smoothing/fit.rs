use alluse_risk_core::linalg::least_squares;
use alluse_risk_core::minimise::{Descent, Minimum};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::filtered::FilteredSmoothing;
use super::model::{ExponentialSmoothing, Season, SmoothingParameters, SmoothingState, Trend};
use super::recursion::Recursion;
use crate::time_series::information::Criteria;
use crate::{Error, Result, check};

/// An [`ExponentialSmoothing`] at the maximum of its likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedSmoothing {
    filtered: FilteredSmoothing,
    criteria: Criteria,
    certificate: SmoothingCertificate,
}

/// Why the constants are believed to be those of the highest likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SmoothingCertificate {
    /// Length of the gradient of the mean log-likelihood by the transformed constants and free states.
    pub gradient: f64,
    /// Steps of the best search.
    pub iterations: usize,
    /// Log-likelihood where each search ended, `None` for one that did not converge; the best guess first.
    pub searches: Vec<Option<f64>>,
}

impl FittedSmoothing {
    /// The model at these constants: states, errors, forecasts, intervals and paths.
    #[must_use]
    pub fn filtered(&self) -> &FilteredSmoothing {
        &self.filtered
    }

    /// Information criteria; constants, free initial states and the variance count.
    #[must_use]
    pub fn criteria(&self) -> Criteria {
        self.criteria
    }

    /// Why the maximum is believed.
    #[must_use]
    pub fn certificate(&self) -> &SmoothingCertificate {
        &self.certificate
    }
}

pub(super) fn fit(model: &ExponentialSmoothing, levels: ArrayView1<'_, f64>) -> Result<FittedSmoothing> {
    model.check(levels)?;
    check::enough("levels", model.min_observations(), levels.len())?;
    let n = levels.len() as f64;
    let mean = levels.mean().unwrap_or(0.0);
    let spread = (levels.iter().map(|level| (level - mean).powi(2)).sum::<f64>() / n).sqrt();
    if !(spread > 1e-13 * levels.iter().fold(0.0_f64, |a, level| a.max(level.abs()))) {
        let reason = format!("the series is constant at {mean}");
        return Err(Error::undefined("likelihood of exponential smoothing", reason));
    }
    // Additive states move with the series; relative errors only keep under a change of unit.
    let (centre, scale) = if model.multiplies() { (0.0, mean) } else { (mean, spread) };
    let scaled = levels.mapv(|level| (level - centre) / scale);
    let (best, searches) =
        if model.multiplies() { joint(model, &scaled, spread / scale)? } else { concentrated(model, &scaled)? };
    let season_scale = if model.season == Season::Multiplicative { 1.0 } else { scale };
    let initial = SmoothingState {
        level: centre + scale * best.initial.level,
        trend: best.initial.trend.map(|slope| scale * slope),
        season: best.initial.season.iter().map(|season| season_scale * season).collect(),
    };
    let filtered = model.filter(levels, &best.parameters, &initial)?;
    let criteria = Criteria::new(filtered.log_likelihood(), model.parameter_count(), levels.len());
    let shift = filtered.log_likelihood() + n * best.minimum.value;
    let certificate = SmoothingCertificate {
        gradient: best.minimum.gradient * best.minimum.value.abs().max(1.0),
        iterations: best.minimum.iterations,
        searches: searches.into_iter().map(|found| found.map(|value| shift - n * value)).collect(),
    };
    Ok(FittedSmoothing { filtered, criteria, certificate })
}

/// Where a search ended, in units of the scaled series.
struct Best {
    minimum: Minimum,
    parameters: SmoothingParameters,
    initial: SmoothingState,
}

type Searched = (Best, Vec<Option<f64>>);

/// Ends of the admissible intervals: open ones are left by this much.
const EDGE: f64 = 1e-8;

/// A point of an interval from an angle, both ends within reach.
fn within(angle: f64, low: f64, high: f64) -> f64 {
    low + (high - low) * angle.sin().powi(2)
}

/// Smoothing constants from angles, in the usual region.
fn constants(model: &ExponentialSmoothing, angles: &[f64]) -> SmoothingParameters {
    let mut angles = angles.iter().copied();
    let mut next = |low: f64, high: f64| within(angles.next().unwrap_or(0.0), low, high);
    let level = next(EDGE, 1.0 - EDGE);
    let trend = model.has_trend().then(|| level * next(EDGE, 1.0 - EDGE));
    let season = model.has_season().then(|| (1.0 - level) * next(EDGE, 1.0 - EDGE));
    let damping = (model.trend == Trend::Damped).then(|| next(model.damping.0, model.damping.1));
    SmoothingParameters { level, trend, season, damping }
}

/// Angles of a grid of first guesses.
fn grid(model: &ExponentialSmoothing) -> Vec<Vec<f64>> {
    let mut kinds: Vec<&[f64]> = vec![&[0.05, 0.2, 0.5, 0.8, 0.97]];
    kinds.extend(model.has_trend().then_some([0.02, 0.2, 0.6].as_slice()));
    kinds.extend(model.has_season().then_some([0.02, 0.3, 0.97].as_slice()));
    kinds.extend((model.trend == Trend::Damped).then_some([0.3, 0.9].as_slice()));
    let start = vec![Vec::new()];
    kinds.into_iter().fold(start, |points, values| {
        let with = |point: Vec<f64>| {
            values.iter().map(move |share: &f64| {
                let mut longer = point.clone();
                longer.push(share.sqrt().asin());
                longer
            })
        };
        points.into_iter().flat_map(with).collect()
    })
}

/// Searches from the best of these guesses.
fn search(
    starts: usize,
    guesses: Vec<Vec<f64>>,
    objective: impl Fn(&[f64]) -> f64,
) -> Result<(Minimum, Vec<Option<f64>>)> {
    let mut guesses: Vec<(f64, Vec<f64>)> =
        guesses.into_iter().map(|guess| (objective(&guess), guess)).filter(|(value, _)| value.is_finite()).collect();
    guesses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let descent = Descent::new("exponential smoothing").with_tolerance(1e-7).with_accepted(1e-4).with_longest_step(0.5);
    let (mut best, mut searches, mut failure): (Option<Minimum>, _, _) = (None, Vec::new(), None);
    for (_, guess) in guesses.iter().take(starts) {
        match descent.with_rounds(400).minimise(guess, &objective) {
            Ok(found) => {
                searches.push(Some(found.value));
                if best.as_ref().is_none_or(|best| found.value < best.value) {
                    best = Some(found);
                }
            }
            Err(error) => {
                searches.push(None);
                failure = Some(error);
            }
        }
    }
    match (best, failure) {
        (Some(best), _) => Ok((best, searches)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Error::undefined("likelihood of exponential smoothing", "no first guess has one")),
    }
}

/// Additive error: initial states are solved for at every point.
fn concentrated(model: &ExponentialSmoothing, levels: &Array1<f64>) -> Result<Searched> {
    let n = levels.len() as f64;
    let objective = |angles: &[f64]| {
        let (columns, response) = linear_errors(model, &constants(model, angles), levels);
        let squares = residual_squares(columns, response);
        squares.map_or(f64::INFINITY, |squares| 0.5 * (squares.max(f64::MIN_POSITIVE) / n).ln())
    };
    let (minimum, searches) = search(model.starts, grid(model), objective)?;
    let parameters = constants(model, &minimum.at);
    let (columns, response) = linear_errors(model, &parameters, levels);
    let regressors = Array2::from_shape_fn((levels.len(), columns.len()), |(t, k)| columns[k][t]);
    let states = least_squares(regressors.view(), ArrayView1::from(response.as_slice()))?;
    let initial = state(model, &states.coefficients().to_vec());
    Ok((Best { minimum, parameters, initial }, searches))
}

/// One-step errors are linear in the free initial states: how each moves the forecasts, and the errors without them.
fn linear_errors(
    model: &ExponentialSmoothing,
    parameters: &SmoothingParameters,
    levels: &Array1<f64>,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let free = model.free_states();
    let mut unit = vec![0.0; free];
    let mut recursion = Recursion::new(model, parameters, &state(model, &unit));
    let error = |level: &f64| {
        let next = recursion.one_step();
        recursion.update(next, level - next);
        level - next
    };
    let response = levels.iter().map(error).collect();
    let column = |k: usize| {
        unit[k] = 1.0;
        let mut recursion = Recursion::new(model, parameters, &state(model, &unit));
        unit[k] = 0.0;
        let forecast = |_: &f64| {
            let next = recursion.one_step();
            recursion.update(next, -next);
            next
        };
        levels.iter().map(forecast).collect()
    };
    ((0..free).map(column).collect(), response)
}

/// Sum of squares that the columns leave of the response, by taking out one column after the other (modified
/// Gram-Schmidt, as stable as a factorisation: Björck 1967); `None` when a column depends on the ones before it.
///
/// The search asks for nothing else, thousands of times; the states themselves come from a factorisation at its end.
fn residual_squares(mut columns: Vec<Vec<f64>>, mut response: Vec<f64>) -> Option<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths: Vec<f64> = columns.iter().map(|column| dot(column, column)).collect();
    for k in 0..columns.len() {
        let (done, rest) = columns.split_at_mut(k + 1);
        let column = &done[k];
        let square = dot(column, column);
        if !(square > 1e-24 * lengths[k]) {
            return None;
        }
        for other in rest.iter_mut().chain(std::iter::once(&mut response)) {
            let share = dot(column, other) / square;
            other.iter_mut().zip(column).for_each(|(value, taken)| *value -= share * taken);
        }
    }
    Some(dot(&response, &response))
}

/// Initial states from free ones: level, slope, and all seasons but the last.
fn state(model: &ExponentialSmoothing, free: &[f64]) -> SmoothingState {
    let mut season = Vec::new();
    let first = 1 + usize::from(model.has_trend());
    if model.has_season() {
        season.extend_from_slice(&free[first..]);
        let total = if model.season == Season::Multiplicative { model.period as f64 } else { 0.0 };
        season.push(total - season.iter().sum::<f64>());
    }
    SmoothingState { level: free[0], trend: model.has_trend().then(|| free[1]), season }
}

/// Multiplicative error: constants and initial states are searched together, the states as multiples of `spread`
/// around a first guess.
fn joint(model: &ExponentialSmoothing, levels: &Array1<f64>, spread: f64) -> Result<Searched> {
    let first = first_states(model, levels);
    let moved = |point: &[f64]| -> SmoothingState {
        let steps = std::iter::once(spread)
            .chain(model.has_trend().then_some(spread / model.period.max(4) as f64))
            .chain(std::iter::repeat(spread));
        let free: Vec<f64> = first.iter().zip(point).zip(steps).map(|((at, u), step)| at + step * u).collect();
        state(model, &free)
    };
    let count = model.constants();
    let objective = |point: &[f64]| {
        let (angles, states) = point.split_at(count);
        relative_likelihood(model, &constants(model, angles), &moved(states), levels)
    };
    let still = vec![0.0; model.free_states()];
    let guesses = grid(model).into_iter().map(|angles| [angles, still.clone()].concat()).collect();
    let (minimum, searches) = search(model.starts, guesses, objective)?;
    let (angles, states) = minimum.at.split_at(count);
    let (parameters, initial) = (constants(model, angles), moved(states));
    Ok((Best { minimum, parameters, initial }, searches))
}

/// Negative mean log-likelihood of relative errors without constants; infinite when a forecast is not positive.
fn relative_likelihood(
    model: &ExponentialSmoothing,
    parameters: &SmoothingParameters,
    initial: &SmoothingState,
    levels: &Array1<f64>,
) -> f64 {
    if model.season == Season::Multiplicative && initial.season.iter().any(|season| !(*season > 0.0)) {
        return f64::INFINITY;
    }
    let mut recursion = Recursion::new(model, parameters, initial);
    let (mut squares, mut scale) = (0.0, 0.0);
    for level in levels {
        let next = recursion.one_step();
        if !(next > 0.0) {
            return f64::INFINITY;
        }
        squares += ((level - next) / next).powi(2);
        scale += next.ln();
        recursion.update(next, level - next);
    }
    let n = levels.len() as f64;
    0.5 * (squares.max(f64::MIN_POSITIVE) / n).ln() + scale / n
}

/// Free states as the start of the series suggests them: means of the first two seasons, or the first ten levels.
fn first_states(model: &ExponentialSmoothing, levels: &Array1<f64>) -> Vec<f64> {
    let stretch = if model.has_season() { model.period } else { 5.min(levels.len() / 2) };
    let mean = |from: usize| levels.iter().skip(from).take(stretch).sum::<f64>() / stretch as f64;
    let slope = if model.has_trend() { (mean(stretch) - mean(0)) / stretch as f64 } else { 0.0 };
    let level = mean(0) - slope * 0.5 * (stretch as f64 + 1.0);
    let mut free = vec![level];
    free.extend(model.has_trend().then_some(slope));
    if model.has_season() {
        let off = |t: usize| {
            let base = level + slope * (t as f64 + 1.0);
            if model.season == Season::Multiplicative { levels[t] / base } else { levels[t] - base }
        };
        let season: Vec<f64> = (0..stretch).map(|i| 0.5 * (off(i) + off(i + stretch))).collect();
        let average = season.iter().sum::<f64>() / stretch as f64;
        let normal = |s: &f64| if model.season == Season::Multiplicative { s / average } else { s - average };
        free.extend(season.iter().take(stretch - 1).map(normal));
    }
    free
}
