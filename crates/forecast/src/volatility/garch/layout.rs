//! Where each parameter stands in the vector of all.

use super::model::{Garch, InitialVariance, MeanEquation, VarianceEquation};
use crate::innovations::Innovations;

/// Mean constant, autoregressive weights, ω, α, γ, β, δ, shapes: in this order, those that the model has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) equation: VarianceEquation,
    pub(super) mean: MeanEquation,
    pub(super) innovations: Innovations,
    pub(super) initial: InitialVariance,
    pub(super) arch: usize,
    pub(super) asymmetry: usize,
    pub(super) garch: usize,
    /// Longest lag of the variance equation.
    pub(super) presample: usize,
}

impl Layout {
    pub(super) fn new(model: &Garch) -> Self {
        Self {
            equation: model.equation,
            mean: model.mean,
            innovations: model.innovations,
            initial: model.initial,
            arch: model.arch,
            asymmetry: model.asymmetry,
            garch: model.garch,
            presample: model.arch.max(model.asymmetry).max(model.garch),
        }
    }

    pub(super) fn constants(&self) -> usize {
        usize::from(self.mean.has_constant())
    }

    pub(super) fn lags(&self) -> usize {
        self.mean.lags()
    }

    pub(super) fn omega(&self) -> usize {
        self.constants() + self.lags()
    }

    pub(super) fn alpha(&self) -> usize {
        self.omega() + 1
    }

    pub(super) fn gamma(&self) -> usize {
        self.alpha() + self.arch
    }

    pub(super) fn beta(&self) -> usize {
        self.gamma() + self.asymmetry
    }

    pub(super) fn power(&self) -> usize {
        self.beta() + self.garch
    }

    pub(super) fn shapes(&self) -> usize {
        self.power() + usize::from(self.equation == VarianceEquation::Aparch)
    }

    pub(super) fn len(&self) -> usize {
        self.shapes() + self.innovations.shapes()
    }

    /// Names of the parameters.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.len());
        if self.constants() == 1 {
            names.push("mean".to_owned());
        }
        names.extend((1..=self.lags()).map(|k| format!("autoregressive[{k}]")));
        names.push("omega".to_owned());
        names.extend((1..=self.arch).map(|k| format!("alpha[{k}]")));
        names.extend((1..=self.asymmetry).map(|k| format!("gamma[{k}]")));
        names.extend((1..=self.garch).map(|k| format!("beta[{k}]")));
        if self.shapes() > self.power() {
            names.push("power".to_owned());
        }
        names.extend(self.innovations.shape_names().iter().map(|name| (*name).to_owned()));
        names
    }
}
