//! Starts, searches, and the best of their ends.

use alluse_risk_core::Error as Input;
use alluse_risk_core::minimise::{Descent, Minimum};
use ndarray::ArrayView1;

use super::certificate::{Certificate, Concern};
use super::fitted::FittedGarch;
use super::layout::Layout;
use super::model::{Garch, VarianceEquation};
use super::parameters::GarchParameters;
use super::recursion::{Recursion, Sample};
use super::transform::{MOST_TILT, POWERS, Transform, power_variable, share_variable};
use crate::innovations::{Innovations, MOST_DEGREES};
use crate::{Error, Result};

const NAME: &str = "GARCH fit";

/// A gradient of the mean log-likelihood, by variables of order one, at which the search ends.
const TOLERANCE: f64 = 1e-7;

/// Largest slope that a residual at a kink can explain.
const KINK: f64 = 0.1;

/// What is accepted where rounding leaves no step that leads further.
const ACCEPTED: f64 = 1e-5;

pub(super) fn estimate(model: &Garch, layout: &Layout, returns: ArrayView1<'_, f64>) -> Result<FittedGarch> {
    let scale = unit(returns)?;
    let sample = Sample::new(layout, returns.iter().map(|value| value / scale).collect())?;
    let mut problem = Problem::new(layout, &sample);
    let mut starts: Vec<(f64, Vec<f64>)> =
        grid(layout, &sample).into_iter().map(|x| (problem.objective(&x, None), x)).collect();
    let screened = starts.len();
    starts.retain(|(value, _)| value.is_finite());
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let searches = model.starts.unwrap_or(match layout.equation {
        VarianceEquation::Garch | VarianceEquation::Tarch => 2,
        _ => 4,
    });
    let mut ends: Vec<Minimum> = Vec::new();
    let mut failure = Input::NotConverged { name: NAME, iterations: 0, residual: f64::INFINITY };
    let searched = starts.len().min(searches);
    for (_, start) in starts.iter().take(searches) {
        match problem.search(start) {
            Ok(end) => ends.push(end),
            Err(error) => failure = error,
        }
    }
    let Some(best) = ends.iter().min_by(|a, b| a.value.total_cmp(&b.value)) else {
        return Err(failure.into());
    };
    let n = sample.residual_count(layout) as f64;
    // Ends whose whole log-likelihoods differ by less than this are one optimum.
    let agreeing = ends.iter().filter(|end| (end.value - best.value) * n < 1e-3).count();
    let mut at = vec![0.0; layout.len()];
    problem.transform.parameters(&best.at, &mut at);
    let bounds = problem.settle(&mut at);
    let parameters = GarchParameters::from_vector(layout, &at);
    let mut certificate = Certificate {
        gradient: best.gradient,
        iterations: best.iterations,
        starts: screened,
        searches: searched,
        agreeing,
        persistence: parameters.persistence(),
        concerns: Vec::new(),
    };
    if returns.len() < 100 {
        certificate.concerns.push(Concern::FewObservations { observations: returns.len() });
    }
    if certificate.persistence > 0.999 {
        certificate.concerns.push(Concern::NearUnitRoot);
    }
    if agreeing < ends.len() || ends.len() < searched {
        certificate.concerns.push(Concern::SearchesDisagree { failed: searched - ends.len() });
    }
    certificate.concerns.extend(bounds.into_iter().map(|parameter| Concern::AtBound { parameter }));
    let original = Sample::new(layout, returns.iter().copied().collect())?;
    let mut fitted = FittedGarch::along(*model, parameters.scaled(scale), &original)?;
    fitted.certify(certificate, scale);
    Ok(fitted)
}

/// Standard deviation of the returns.
fn unit(returns: ArrayView1<'_, f64>) -> Result<f64> {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let largest = returns.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let variance = returns.iter().map(|value| ((value - mean) / largest).powi(2)).sum::<f64>() / n;
    let scale = largest * variance.sqrt();
    // Differences of the size of rounding are no movement.
    if scale > 1e-12 * largest && scale.is_finite() {
        return Ok(scale);
    }
    Err(Error::undefined("a conditional variance", "the returns are constant"))
}

/// Minus the mean log-likelihood as a function of the variables.
struct Problem<'a> {
    sample: &'a Sample,
    recursion: Recursion,
    transform: Transform,
    at: Vec<f64>,
    by_parameter: Vec<f64>,
    layout: Layout,
}

impl<'a> Problem<'a> {
    fn new(layout: &Layout, sample: &'a Sample) -> Self {
        Self {
            sample,
            recursion: Recursion::new(layout, sample),
            transform: Transform::new(layout),
            at: vec![0.0; layout.len()],
            by_parameter: vec![0.0; layout.len()],
            layout: *layout,
        }
    }

    fn objective(&mut self, x: &[f64], gradient: Option<&mut [f64]>) -> f64 {
        let n = self.sample.residual_count(&self.layout) as f64;
        self.transform.parameters(x, &mut self.at);
        let Some(gradient) = gradient else {
            return positive_infinity(-self.recursion.evaluate(self.sample, &self.at, None) / n);
        };
        let value = self.recursion.evaluate(self.sample, &self.at, Some(&mut self.by_parameter));
        self.transform.pull_back(x, &self.at, &self.by_parameter, gradient);
        gradient.iter_mut().for_each(|slope| *slope /= -n);
        positive_infinity(-value / n)
    }

    /// A search from `start`.
    ///
    /// Squares are smooth. Absolute values have a kink where a residual is zero, and an optimum may lie on one: there no
    /// gradient vanishes. An end without a small gradient is accepted when no variable can be moved either way to a
    /// likelier place.
    fn search(&mut self, start: &[f64]) -> alluse_risk_core::Result<Minimum> {
        const RESTARTS: usize = 20;
        let smooth = self.layout.equation == VarianceEquation::Garch;
        let accepted = if smooth { ACCEPTED } else { f64::INFINITY };
        let search = Descent::new(NAME).with_tolerance(TOLERANCE).with_accepted(accepted).with_rounds(500);
        let search = search.with_longest_step(0.5);
        let mut from = start.to_vec();
        let mut residual = f64::INFINITY;
        for _ in 0..RESTARTS {
            let end = search.minimise_with_gradient(&from, |x, gradient| self.objective(x, gradient))?;
            if end.gradient < ACCEPTED {
                return Ok(end);
            }
            residual = end.gradient;
            match self.better_neighbour(&end) {
                Some(better) => from = better,
                None if end.gradient < KINK => return Ok(end),
                None => break,
            }
        }
        Err(Input::NotConverged { name: NAME, iterations: RESTARTS, residual })
    }

    /// A place beside an end, along one variable, that is likelier than it by more than rounding.
    fn better_neighbour(&mut self, end: &Minimum) -> Option<Vec<f64>> {
        for k in 0..end.at.len() {
            for by in [1e-2, -1e-2, 1e-3, -1e-3, 1e-4, -1e-4, 1e-5, -1e-5] {
                let mut moved = end.at.clone();
                moved[k] += by;
                if self.objective(&moved, None) < end.value - 1e-10 {
                    return Some(moved);
                }
            }
        }
        None
    }

    /// Puts parameters that a search can only come close to onto their bound where that is no less likely, and names
    /// them.
    fn settle(&mut self, at: &mut [f64]) -> Vec<String> {
        let layout = self.layout;
        let names = layout.names();
        let mut bounds = Vec::new();
        let heavy = matches!(layout.innovations, Innovations::StudentT | Innovations::SkewedT);
        if heavy && at[layout.shapes()] > 0.1 * MOST_DEGREES {
            bounds.push(names[layout.shapes()].clone());
        }
        if layout.equation == VarianceEquation::Egarch {
            return bounds;
        }
        let mut likelihood = self.recursion.evaluate(self.sample, at, None);
        let candidates = (layout.alpha()..layout.gamma()).chain(layout.beta()..layout.power());
        for k in candidates.filter(|&k| at[k] < 1e-4).collect::<Vec<_>>() {
            let kept = at[k];
            at[k] = 0.0;
            let bounded = self.recursion.evaluate(self.sample, at, None);
            // The search stops where the likelihood is flat: a hundredth of a thousandth is rounding of its end.
            if bounded >= likelihood - 1e-5 && kept < 1e-5 || bounded >= likelihood {
                likelihood = bounded;
                bounds.push(names[k].clone());
            } else {
                at[k] = kept;
            }
        }
        if layout.equation == VarianceEquation::Aparch {
            let power = at[layout.power()];
            if power < 1.001 * POWERS.0 || power > 0.999 * POWERS.1 {
                bounds.push(names[layout.power()].clone());
            }
            let tilts = layout.gamma()..layout.beta();
            bounds.extend(tilts.filter(|&k| at[k].abs() > 0.999 * MOST_TILT).map(|k| names[k].clone()));
        } else {
            for i in 0..layout.asymmetry {
                let sum = at[layout.alpha() + i] + at[layout.gamma() + i];
                if sum < 1e-6 {
                    at[layout.gamma() + i] = -at[layout.alpha() + i];
                    bounds.push(names[layout.gamma() + i].clone());
                }
            }
        }
        bounds
    }
}

fn positive_infinity(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::INFINITY }
}

/// Variables from which a search may begin, for returns of variance 1.
fn grid(layout: &Layout, sample: &Sample) -> Vec<Vec<f64>> {
    let mean = sample.returns.iter().sum::<f64>() / sample.returns.len() as f64;
    let mut base = vec![0.0; layout.len()];
    if layout.constants() == 1 {
        base[0] = mean;
    }
    let shapes = layout.innovations.variables_of(layout.innovations.start());
    base[layout.shapes()..].copy_from_slice(&shapes);
    let mut all = Vec::new();
    if layout.equation == VarianceEquation::Egarch {
        for decay in [0.85_f64, 0.95, 0.985] {
            for news in [0.08, 0.18] {
                let mut x = base.clone();
                x[layout.alpha()..layout.gamma()].fill(news / layout.arch.max(1) as f64);
                x[layout.gamma()..layout.beta()].fill(-0.05 / layout.asymmetry.max(1) as f64);
                x[layout.beta()..layout.power()].fill(libm::atanh(decay));
                all.push(x);
            }
        }
        return all;
    }
    let powers: &[f64] = if layout.equation == VarianceEquation::Aparch { &[1.0, 2.0] } else { &[2.0] };
    // Persistence and the share of it that comes from news.
    let mixes: &[(f64, f64)] = if layout.garch == 0 {
        &[(0.2, 1.0), (0.5, 1.0), (0.8, 1.0)]
    } else {
        &[(0.5, 0.3), (0.9, 0.1), (0.95, 0.05), (0.95, 0.15), (0.98, 0.04), (0.98, 0.1), (0.995, 0.03), (0.995, 0.07)]
    };
    for &power in powers {
        for &(persistence, news) in mixes {
            let mut x = base.clone();
            let rest = 1.0 - persistence;
            let variable = |share: f64| share_variable(share, rest);
            let each = persistence * news / layout.arch as f64;
            // Bad news counts for twice as much as good.
            let halves = layout.equation != VarianceEquation::Aparch;
            for i in 0..layout.arch {
                let both = halves && i < layout.asymmetry;
                x[layout.alpha() + i] = variable(if both { each / 3.0 } else { each });
                if i < layout.asymmetry {
                    x[layout.gamma() + i] = if halves { variable(each * 2.0 / 3.0) } else { libm::atanh(0.3) };
                }
            }
            let lagged = persistence * (1.0 - news) / layout.garch.max(1) as f64;
            x[layout.beta()..layout.power()].fill(variable(lagged.max(1e-12)));
            if layout.equation == VarianceEquation::Aparch {
                x[layout.power()] = power_variable(power);
            }
            all.push(x);
        }
    }
    all
}
