use std::collections::BTreeSet;

use alluse_risk_core::Error as Input;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::kpss::{differences, seasonal_differences};
use super::{Outcome, Selected, Tried};
use crate::time_series::arima::{Arima, Constant, FittedArima};
use crate::time_series::levels::{FittedLevels, LevelModel};
use crate::time_series::shocks::Shocks;
use crate::{Error, Result, check};

/// An [`Arima`] whose orders are chosen by the stepwise search of Hyndman and Khandakar.
///
/// A seasonal difference is taken when the season is strong (more than 0.64 of what the trend leaves, by classical
/// decomposition), ordinary differences until the KPSS test does not reject stationarity at 5%. The search starts from
/// four small models and moves to the neighbour with a smaller AICc, one order, a pair of orders or the constant at a
/// time, until there is none. A model with an inverse root beyond 1/1.01 is refused.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `period` | required | periods a season; 1 for none | 1 to 400 |
/// | `with_differences` | by test | d | at most 2 |
/// | `with_orders` | 5 and 2 | largest p and q, largest P and Q | at most 50 and 5 |
/// | `with_shocks` | `Normal` | shocks of simulated paths | |
///
/// # Source
/// Hyndman and Khandakar (2008), *Automatic time series forecasting*, §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AutoArima {
    /// Periods a season.
    pub period: usize,
    /// Ordinary differences; `None` asks the KPSS test.
    pub differences: Option<usize>,
    /// Largest p and q.
    pub largest_order: usize,
    /// Largest P and Q.
    pub largest_seasonal_order: usize,
    /// Shocks of simulated paths.
    pub shocks: Shocks,
}

impl AutoArima {
    /// For a series with `period` observations a season, 1 for none.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let shocks = Shocks::Normal;
        Self { period, differences: None, largest_order: 5, largest_seasonal_order: 2, shocks }
    }

    /// With given ordinary differences.
    #[must_use]
    pub fn with_differences(mut self, differences: usize) -> Self {
        self.differences = Some(differences);
        self
    }

    /// With other largest orders.
    #[must_use]
    pub fn with_orders(mut self, largest: usize, largest_seasonal: usize) -> Self {
        (self.largest_order, self.largest_seasonal_order) = (largest, largest_seasonal);
        self
    }

    /// With other shocks of simulated paths.
    #[must_use]
    pub fn with_shocks(mut self, shocks: Shocks) -> Self {
        self.shocks = shocks;
        self
    }

    /// Fewest observations: ten, and three seasons.
    #[must_use]
    pub fn min_observations(&self) -> usize {
        if self.period > 1 { self.period.saturating_mul(3).max(10) } else { 10 }
    }

    /// The model with the smallest AICc that the search meets.
    ///
    /// # Errors
    /// - [`Error::Input`] for a period or order out of range and a series too short or not finite.
    /// - [`Error::Undefined`] when no model can be fitted, as to a constant series.
    pub fn select(&self, levels: ArrayView1<'_, f64>) -> Result<Selected<FittedArima>> {
        check::ensure((1..=400).contains(&self.period), "period", "between 1 and 400", self.period as f64)?;
        let out = |name, expected, value: usize| Input::OutOfDomain { name, expected, value: value as f64 };
        if self.largest_order > 50 {
            return Err(out("largest order", "at most 50", self.largest_order).into());
        }
        if self.largest_seasonal_order > 5 {
            return Err(out("largest seasonal order", "at most 5", self.largest_seasonal_order).into());
        }
        check::finite("levels", levels)?;
        check::enough("levels", self.min_observations(), levels.len())?;
        let mut series = levels.to_vec();
        let seasonal = seasonal_differences(&series, self.period);
        if seasonal > 0 {
            series = series.iter().skip(self.period).zip(&series).map(|(b, a)| b - a).collect();
        }
        let ordinary = self.differences.unwrap_or_else(|| differences(&series, 2));
        let mut search = Search { auto: self, levels, ordinary, seasonal, seen: BTreeSet::new(), tried: Vec::new() };
        search.run()
    }

    fn is_seasonal(&self) -> bool {
        self.period > 1
    }
}

/// p, q, P, Q and whether there is a constant.
type Orders = (usize, usize, usize, usize, bool);

struct Search<'a> {
    auto: &'a AutoArima,
    levels: ArrayView1<'a, f64>,
    ordinary: usize,
    seasonal: usize,
    seen: BTreeSet<Orders>,
    tried: Vec<Tried>,
}

impl Search<'_> {
    fn run(&mut self) -> Result<Selected<FittedArima>> {
        let constant = self.ordinary + self.seasonal <= 1;
        let one = usize::from(self.auto.is_seasonal());
        let first = [
            (2, 2, one, one, constant),
            (0, 0, 0, 0, constant),
            (1, 0, one, 0, constant),
            (0, 1, 0, one, constant),
            (0, 0, 0, 0, false),
        ];
        let mut best: Option<(Orders, FittedArima)> = None;
        for orders in first {
            self.visit(orders, &mut best);
        }
        let Some(mut centre) = best.as_ref().map(|best| best.0) else {
            let reasons = self.tried.iter().map(|tried| format!("{}: {:?}", tried.model, tried.outcome));
            return Err(Error::undefined("automatic ARIMA", reasons.collect::<Vec<_>>().join("; ")));
        };
        loop {
            let moved = self.neighbours(centre).into_iter().any(|orders| self.visit(orders, &mut best));
            match best {
                Some((orders, _)) if moved => centre = orders,
                Some((_, fitted)) => return Ok(Selected { best: fitted, tried: std::mem::take(&mut self.tried) }),
                None => return Err(Error::undefined("automatic ARIMA", "no model was fitted")),
            }
        }
    }

    /// Fits a model that was not seen; whether it is the best so far.
    fn visit(&mut self, orders: Orders, best: &mut Option<(Orders, FittedArima)>) -> bool {
        let (p, q, seasonal_p, seasonal_q, constant) = orders;
        let largest = (self.auto.largest_order, self.auto.largest_seasonal_order);
        if p.max(q) > largest.0 || seasonal_p.max(seasonal_q) > largest.1 || !self.seen.insert(orders) {
            return false;
        }
        let constant = if constant { Constant::Mean } else { Constant::Zero };
        let mut model = Arima::new(p, self.ordinary, q).with_constant(constant).with_shocks(self.auto.shocks);
        if self.auto.is_seasonal() {
            model = model.with_seasonal(seasonal_p, self.seasonal, seasonal_q, self.auto.period);
        }
        // Two searches a model: the path through the neighbours looks at each region several times.
        let fitted = model.with_starts(2).fit(self.levels).map_err(|error| error.to_string()).and_then(|fitted| {
            let (ar, ma) = (fitted.certificate().ar_root, fitted.certificate().ma_root);
            match ar.max(ma) > 1.0 / 1.01 {
                true => Err(format!("inverse roots of {ar} and {ma} are too near 1")),
                false => Ok(fitted),
            }
        });
        let outcome = match &fitted {
            Ok(fitted) => Outcome::Aicc(fitted.criteria().aicc),
            Err(reason) => Outcome::Refused(reason.clone()),
        };
        self.tried.push(Tried { model: model.to_string(), outcome });
        match fitted {
            Ok(fitted) if best.as_ref().is_none_or(|best| fitted.criteria().aicc < best.1.criteria().aicc) => {
                *best = Some((orders, fitted));
                true
            }
            _ => false,
        }
    }

    fn neighbours(&self, (p, q, seasonal_p, seasonal_q, constant): Orders) -> Vec<Orders> {
        let around = |a: usize, b: usize| {
            let moves: [(isize, isize); 8] = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)];
            moves.into_iter().filter_map(move |(da, db)| Some((a.checked_add_signed(da)?, b.checked_add_signed(db)?)))
        };
        let mut out: Vec<Orders> = Vec::new();
        if self.auto.is_seasonal() {
            out.extend(around(seasonal_p, seasonal_q).map(|(a, b)| (p, q, a, b, constant)));
        }
        out.extend(around(p, q).map(|(a, b)| (a, b, seasonal_p, seasonal_q, constant)));
        if self.ordinary + self.seasonal <= 1 {
            out.push((p, q, seasonal_p, seasonal_q, !constant));
        }
        out
    }
}

impl LevelModel for AutoArima {
    fn name(&self) -> String {
        "automatic ARIMA".to_owned()
    }

    fn min_observations(&self) -> usize {
        Self::min_observations(self)
    }

    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>> {
        Ok(Box::new(self.select(levels)?.best))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::super::super::samples::{airline, hormone};
    use super::*;

    fn aicc(tried: &Tried) -> Option<f64> {
        match tried.outcome {
            Outcome::Aicc(value) => Some(value),
            Outcome::Refused(_) => None,
        }
    }

    #[test]
    fn the_airline_model_is_found_on_the_airline_data() {
        // Box and Jenkins (1976); the search of Hyndman and Khandakar ends there too.
        let selected = AutoArima::new(12).select(airline().mapv(f64::log10).view()).unwrap();
        assert_eq!(selected.best.model().to_string(), "ARIMA(0,1,1)(0,1,1)[12]", "{:#?}", selected.tried);
        let smallest = selected.tried.iter().filter_map(aicc).fold(f64::INFINITY, f64::min);
        assert_eq!(selected.best.criteria().aicc, smallest);
        assert!(selected.tried.len() > 10);
        let names: BTreeSet<&str> = selected.tried.iter().map(|tried| tried.model.as_str()).collect();
        assert_eq!(names.len(), selected.tried.len());
    }

    #[test]
    fn every_neighbour_of_the_choice_is_worse() {
        let selected = AutoArima::new(1).select(hormone().view()).unwrap();
        let best = selected.best.model();
        assert_eq!(best.differences, 0);
        for (p, q) in [(best.ar + 1, best.ma), (best.ar, best.ma + 1)] {
            let neighbour = Arima::new(p, 0, q).with_constant(best.constant).fit(hormone().view()).unwrap();
            let near = neighbour.certificate().ar_root.max(neighbour.certificate().ma_root) > 1.0 / 1.01;
            assert!(near || neighbour.criteria().aicc >= selected.best.criteria().aicc);
        }
    }

    #[test]
    fn hostile_input() {
        assert!(AutoArima::new(1).select(Array1::from_elem(30, 2.0).view()).is_err());
        assert!(AutoArima::new(1).select(Array1::from_elem(5, 2.0).view()).is_err());
        assert!(AutoArima::new(0).select(hormone().view()).is_err());
        assert!(AutoArima::new(1).with_orders(51, 1).select(hormone().view()).is_err());
        assert!(AutoArima::new(1).with_orders(5, 6).select(hormone().view()).is_err());
        assert!(AutoArima::new(1).with_differences(3).select(hormone().view()).is_err());
    }
}
