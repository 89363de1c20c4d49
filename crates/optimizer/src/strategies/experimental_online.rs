//! Weights that follow realised returns, with a bound on the regret. Experimental.
//!
//! The bound holds for every sequence of returns, and is therefore wide: it promises little over a year of days.
//! Nothing here has been shown to beat equal weights after costs.

use alluse_risk_core::AssetId;
use alluse_risk_core::experts::{AggregationRule, ExpertPool};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::check;
use crate::{Error, Result, Universe};

/// How weights follow returns and what trading costs.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `rule` | AdaHedge | how weights follow from past log returns |
/// | `cost_rate` | 0 | one-way cost of a unit traded, a fraction |
/// | `band` | 0 | one-way turnover below which nothing is traded |
/// | `max_switches` | 0 | compare with the best sequence of strategies with up to so many switches |
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineSettings {
    rule: AggregationRule,
    cost_rate: f64,
    band: f64,
    max_switches: usize,
}

/// Strategies whose weights follow their realised returns. Experimental.
///
/// A strategy loses `−ln(1 + r)` in a period. By Jensen's inequality the portfolio, brought back to its target
/// weights every period, grows at least as fast as the weighted mean of the logs, so the bound of the pool holds for
/// its log wealth too, before costs:
///
/// ```text
/// maxᵢ ln Wᵢ − ln W ≤ bound
/// ```
///
/// Costs, and trades left out because of the band, are outside the bound; the net figures stand beside it.
///
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::strategies::experimental_online::{ExperimentalOnlineAllocation, OnlineSettings};
/// use ndarray::array;
///
/// let names = Universe::named(["puts", "calls"])?;
/// let mut online = ExperimentalOnlineAllocation::new(&names, OnlineSettings::default())?;
/// for _ in 0..100 {
///     online.observe(array![0.01, -0.01].view())?;
/// }
/// let report = online.report();
/// assert!(online.weights()[0] > 0.99);
/// assert!(report.regret <= report.regret_bound.unwrap());
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
///
/// # Source
/// Cesa-Bianchi & Lugosi (2006), *Prediction, Learning, and Games*, chapters 2, 5 and 10; the rules are those of
/// [`ExpertPool`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ExperimentalOnlineAllocation {
    inner: Stored,
}

/// The state; it is also the stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: OnlineSettings,
    names: Vec<AssetId>,
    pool: ExpertPool,
    /// Weights held, after their drift and any trade.
    held: Vec<f64>,
    log_wealth: f64,
    net_log_wealth: f64,
    turnover: f64,
    /// `Σ range²` of the losses of a period.
    squared_ranges: f64,
    /// Least summed loss with so many switches that ends at each strategy.
    tracking: Vec<Vec<f64>>,
}

/// What one period did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OnlineStep {
    /// Return of what was held, before costs.
    pub portfolio_return: f64,
    /// One-way turnover of the trade at the end of the period; 0 inside the band.
    pub turnover: f64,
    /// Its cost, a fraction of the portfolio.
    pub cost: f64,
    /// Weights held from now on.
    pub weights: Vec<f64>,
}

/// Regret against the best sequence of strategies with a number of switches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrackingRegret {
    /// Switches the sequence may make.
    pub switches: usize,
    /// Its log wealth less that of the target weights.
    pub regret: f64,
    /// What that cannot exceed; `None` for rules other than fixed share.
    pub bound: Option<f64>,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OnlineReport {
    /// Periods observed.
    pub periods: usize,
    /// Log wealth of the target weights, before costs.
    pub log_wealth: f64,
    /// Log wealth of what was held, after costs, the first purchase included.
    pub net_log_wealth: f64,
    /// One-way turnover in total, the first purchase not included.
    pub turnover: f64,
    /// The strategy with the highest log wealth; the first of several.
    pub best: AssetId,
    /// Its log wealth, without costs.
    pub best_log_wealth: f64,
    /// `best_log_wealth − log_wealth`.
    pub regret: f64,
    /// What that cannot exceed; `None` for a rule without such a bound.
    pub regret_bound: Option<f64>,
    /// Against sequences of strategies.
    pub tracking: Vec<TrackingRegret>,
}

impl OnlineSettings {
    /// With another rule.
    #[must_use]
    pub fn with_rule(mut self, rule: AggregationRule) -> Self {
        self.rule = rule;
        self
    }

    /// With costs, and a one-way turnover below which nothing is traded.
    #[must_use]
    pub fn with_costs(mut self, cost_rate: f64, band: f64) -> Self {
        (self.cost_rate, self.band) = (cost_rate, band);
        self
    }

    /// Compared with sequences of up to so many switches.
    #[must_use]
    pub fn with_max_switches(mut self, max_switches: usize) -> Self {
        self.max_switches = max_switches;
        self
    }

    fn check(&self) -> Result<()> {
        check::within("cost rate", self.cost_rate, 0.0, 0.5, "in [0, 0.5]")?;
        check::within("band", self.band, 0.0, 1.0, "in [0, 1]")?;
        check::within("max_switches", self.max_switches as f64, 0.0, 1_000.0, "at most 1,000")
    }
}

impl ExperimentalOnlineAllocation {
    /// Bought at equal weights.
    ///
    /// # Errors
    /// [`Error::Input`] for a cost rate outside [0, 0.5], a band outside [0, 1], more than 1,000 switches, and the
    /// errors of [`ExpertPool::new`].
    pub fn new(universe: &Universe, settings: OnlineSettings) -> Result<Self> {
        settings.check()?;
        let n = universe.len();
        let pool = ExpertPool::new(n, settings.rule)?;
        let inner = Stored {
            settings,
            names: universe.assets().to_vec(),
            held: pool.weights().to_vec(),
            pool,
            log_wealth: 0.0,
            net_log_wealth: libm::log1p(-settings.cost_rate),
            turnover: 0.0,
            squared_ranges: 0.0,
            tracking: vec![vec![0.0; n]; settings.max_switches + 1],
        };
        Ok(Self { inner })
    }

    /// The state after a history, one row a period: the same as observing row after row.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) and [`observe`](Self::observe).
    pub fn replay(
        universe: &Universe,
        settings: OnlineSettings,
        returns: ndarray::ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let mut online = Self::new(universe, settings)?;
        for row in returns.rows() {
            online.observe(row)?;
        }
        Ok(online)
    }

    /// The weights held now.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.inner.held
    }

    /// The target weights of the next period.
    #[must_use]
    pub fn target(&self) -> Array1<f64> {
        self.inner.pool.weights()
    }

    /// Charges a period's simple returns to the weights that stood, then moves to the next ones.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite return above −1 a strategy, and for losses beyond the range of
    /// [`AggregationRule::Hedge`]. Nothing changes then.
    pub fn observe(&mut self, returns: ArrayView1<'_, f64>) -> Result<OnlineStep> {
        let mut next = self.inner.clone();
        let step = next.observe(returns)?;
        self.inner = next;
        Ok(step)
    }

    /// How it went so far.
    #[must_use]
    pub fn report(&self) -> OnlineReport {
        let state = &self.inner;
        let losses = state.pool.losses();
        let best = (1..losses.len()).fold(0, |best, i| if losses[i] < losses[best] { i } else { best });
        let tracking = state.tracking.iter().enumerate().map(|(switches, sums)| TrackingRegret {
            switches,
            regret: -sums.iter().copied().fold(f64::INFINITY, f64::min) - state.log_wealth,
            bound: state.tracking_bound(switches),
        });
        OnlineReport {
            periods: state.pool.rounds(),
            log_wealth: state.log_wealth,
            net_log_wealth: state.net_log_wealth,
            turnover: state.turnover,
            best: state.names[best].clone(),
            best_log_wealth: -losses[best],
            regret: -losses[best] - state.log_wealth,
            regret_bound: state.pool.regret_bound(),
            tracking: tracking.collect(),
        }
    }
}

impl Stored {
    fn observe(&mut self, returns: ArrayView1<'_, f64>) -> Result<OnlineStep> {
        check::length("returns", self.names.len(), returns.len())?;
        check::elements("returns", "finite and above -1", &returns.to_vec(), |r| r > -1.0 && r.is_finite())?;
        let losses: Array1<f64> = returns.iter().map(|r| -libm::log1p(*r)).collect();
        let target_return = self.pool.weights().dot(&returns);
        self.pool.observe(losses.view())?;
        self.log_wealth += libm::log1p(target_return);
        let portfolio_return: f64 = self.held.iter().zip(&returns).map(|(w, r)| w * r).sum();
        let drifted = self.held.iter().zip(&returns).map(|(w, r)| w * (1.0 + r) / (1.0 + portfolio_return));
        self.held = drifted.collect();
        let (turnover, cost) = self.trade();
        self.net_log_wealth += libm::log1p(portfolio_return) + libm::log1p(-cost);
        self.track(&losses);
        Ok(OnlineStep { portfolio_return, turnover, cost, weights: self.held.clone() })
    }

    /// Moves to the target unless it is inside the band; both sides of a trade pay the rate.
    fn trade(&mut self) -> (f64, f64) {
        let target = self.pool.weights();
        let turnover = 0.5 * self.held.iter().zip(&target).map(|(held, wanted)| (held - wanted).abs()).sum::<f64>();
        if turnover < self.settings.band {
            return (0.0, 0.0);
        }
        self.held = target.to_vec();
        self.turnover += turnover;
        (turnover, 2.0 * turnover * self.settings.cost_rate)
    }

    /// Extends the best sequences by one period; the first period costs no switch.
    fn track(&mut self, losses: &Array1<f64>) {
        let ends = |f: fn(f64, f64) -> f64, start| losses.iter().copied().fold(start, f);
        let range = ends(f64::max, f64::NEG_INFINITY) - ends(f64::min, f64::INFINITY);
        self.squared_ranges += range * range;
        let first = self.pool.rounds() == 1;
        for switches in (0..self.tracking.len()).rev() {
            let arrived = match switches {
                0 => f64::INFINITY,
                _ if first => f64::INFINITY,
                _ => self.tracking[switches - 1].iter().copied().fold(f64::INFINITY, f64::min),
            };
            self.tracking[switches].iter_mut().zip(losses).for_each(|(sum, loss)| *sum = sum.min(arrived) + loss);
        }
    }

    /// Cesa-Bianchi & Lugosi, theorem 5.2, with the range of each period:
    /// `((m + 1) ln N − m ln α − (T − m − 1) ln(1 − α))/η + η Σ range²/8`.
    fn tracking_bound(&self, switches: usize) -> Option<f64> {
        let AggregationRule::FixedShare { rate, share } = self.settings.rule else { return None };
        // A sequence cannot switch more often than it has steps.
        let steps = self.pool.rounds().saturating_sub(1);
        let paths = |m: usize| {
            let stays = (steps - m) as f64 * libm::log1p(-share);
            (m as f64 + 1.0) * (self.names.len() as f64).ln() - m as f64 * share.ln() - stays
        };
        // Up to so many switches, and the cost is linear in their number: one of the ends is the largest.
        let paths = paths(0).max(paths(switches.min(steps)));
        Some(paths / rate + 0.125 * rate * self.squared_ranges)
    }
}

impl TryFrom<Stored> for ExperimentalOnlineAllocation {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        stored.settings.check()?;
        let n = Universe::new(stored.names.clone())?.len();
        check::length("losses of the pool", n, stored.pool.losses().len())?;
        if stored.pool.rule() != stored.settings.rule {
            return Err(Error::invalid("stored online allocation", "its pool follows another rule"));
        }
        check::length("held weights", n, stored.held.len())?;
        check::elements("held weights", "in [0, 1]", &stored.held, |w| (0.0..=1.0 + 1e-9).contains(&w))?;
        let held: f64 = stored.held.iter().sum();
        check::within("sum of held weights", held, 1.0 - 1e-9, 1.0 + 1e-9, "1")?;
        for (name, value) in [("log wealth", stored.log_wealth), ("net log wealth", stored.net_log_wealth)] {
            check::within(name, value, f64::MIN, f64::MAX, "finite")?;
        }
        for (name, value) in [("turnover", stored.turnover), ("squared ranges", stored.squared_ranges)] {
            check::within(name, value, 0.0, f64::MAX, "finite and at least 0")?;
        }
        check::length("best sequences", stored.settings.max_switches + 1, stored.tracking.len())?;
        for sums in &stored.tracking {
            check::length("best sequences", n, sums.len())?;
            check::elements("best sequences", "finite", sums, f64::is_finite)?;
        }
        Ok(Self { inner: stored })
    }
}

impl From<ExperimentalOnlineAllocation> for Stored {
    fn from(online: ExperimentalOnlineAllocation) -> Self {
        online.inner
    }
}

#[cfg(test)]
mod tests;
