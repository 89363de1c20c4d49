use super::model::{ExponentialSmoothing, Season, SmoothingParameters, SmoothingState};

/// The states on their way through a series, in plain numbers.
#[derive(Debug, Clone)]
pub(super) struct Recursion {
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
    season_kind: Season,
    level: f64,
    slope: f64,
    season: Vec<f64>,
    /// Where the season of the next observation stands.
    position: usize,
}

impl Recursion {
    pub(super) fn new(model: &ExponentialSmoothing, parameters: &SmoothingParameters, state: &SmoothingState) -> Self {
        Self {
            alpha: parameters.level,
            beta: parameters.trend.unwrap_or(0.0),
            gamma: parameters.season.unwrap_or(0.0),
            phi: parameters.damping.unwrap_or(1.0),
            season_kind: model.season,
            level: state.level,
            slope: state.trend.unwrap_or(0.0),
            season: state.season.clone(),
            position: 0,
        }
    }

    /// The one-step forecast.
    pub(super) fn one_step(&self) -> f64 {
        let base = self.level + self.phi * self.slope;
        match self.season_kind {
            Season::None => base,
            Season::Additive => base + self.season[self.position],
            Season::Multiplicative => base * self.season[self.position],
        }
    }

    /// Moves past an observation that missed the forecast `next` by `error`.
    pub(super) fn update(&mut self, next: f64, error: f64) {
        let slope = self.phi * self.slope;
        let base = self.level + slope;
        if self.season_kind == Season::Multiplicative {
            let relative = error / next;
            self.level = base * (1.0 + self.alpha * relative);
            self.slope = slope + self.beta * base * relative;
            self.season[self.position] *= 1.0 + self.gamma * relative;
        } else {
            self.level = base + self.alpha * error;
            self.slope = slope + self.beta * error;
            if let Some(season) = self.season.get_mut(self.position) {
                *season += self.gamma * error;
            }
        }
        self.position = if self.position + 1 < self.season.len() { self.position + 1 } else { 0 };
    }

    /// The states, the season of the next observation first.
    pub(super) fn state(&self, model: &ExponentialSmoothing) -> SmoothingState {
        let mut season = self.season.clone();
        season.rotate_left(self.position);
        SmoothingState { level: self.level, trend: model.has_trend().then_some(self.slope), season }
    }
}
