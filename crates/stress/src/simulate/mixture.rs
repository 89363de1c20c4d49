use alluse_risk_core::streams::{BLOCK, Streams, fill_standard_normals};
use alluse_risk_core::{
    Covariance, Error as CoreError, Factor, Horizon, Result as CoreResult, ScenarioSet, ScenarioSource,
};
use ndarray::{Array1, Array2, Axis};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::root::Root;
use super::student_t::rows_of;
use super::{PATHS, paths_valid, picked};
use crate::{FactorModel, Result};

/// One state of the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// What the user calls it.
    pub name: String,
    /// How likely it is.
    pub weight: f64,
    /// How factors move in it.
    pub model: FactorModel,
}

/// Normal moves from one of several regimes, such as calm and crisis.
///
/// ```text
/// x ~ N(μₖ, Σₖ) with probability wₖ
/// E[x] = Σₖ wₖ μₖ = m      Cov[x] = Σₖ wₖ (Σₖ + μₖμₖ') − mm'
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `regimes` | required | their weights sum to 1 within 1e-9 | at least one, same factors, day and horizon |
/// | `seed` | required | same seed, same scenarios | any |
/// | `paths` | 10 000 | scenarios | at least 1 |
///
/// # Source
/// McLachlan and Peel (2000), *Finite Mixture Models*, §3.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ShockKind};
/// use alluse_stress::{FactorModel, Regime, RegimeMixture};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let covariance = Covariance::new(array![[1e-4]])?;
/// let calm = FactorModel::new(date(2024, 1, 5), Horizon::DAY, vec![(spy.clone(), ShockKind::Log)], covariance)?;
/// let crisis = calm.clone().with_volatility_multiples(&[(spy, 4.0)])?;
/// let mixture = RegimeMixture::new(
///     vec![
///         Regime { name: "calm".into(), weight: 0.9, model: calm },
///         Regime { name: "crisis".into(), weight: 0.1, model: crisis },
///     ],
///     42,
/// )?;
/// assert!((mixture.moments()?.covariance().view()[[0, 0]] - 2.5e-4).abs() < 1e-18); // 0.9 + 0.1 · 16
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct RegimeMixture {
    regimes: Vec<Regime>,
    seed: u64,
    paths: usize,
}

impl RegimeMixture {
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without regimes, for weights that are not a distribution, and for regimes
    /// with other factors, another day or another horizon than the first.
    pub fn new(regimes: Vec<Regime>, seed: u64) -> Result<Self> {
        let first = regimes.first().ok_or(CoreError::Empty { name: "regimes" })?;
        for (index, regime) in regimes.iter().enumerate() {
            let (name, value) = ("regime weights", regime.weight);
            if !(value >= 0.0 && value.is_finite()) {
                return Err(CoreError::ElementOutOfDomain { name, index, expected: "at least 0", value }.into());
            }
            let same = regime.model.factors() == first.model.factors()
                && regime.model.horizon() == first.model.horizon()
                && regime.model.as_of() == first.model.as_of();
            if !same {
                return Err(CoreError::Unsupported { what: "regimes with different factors, days or horizons" }.into());
            }
        }
        let value: f64 = regimes.iter().map(|regime| regime.weight).sum();
        if !((value - 1.0).abs() <= 1e-9) {
            return Err(CoreError::OutOfDomain { name: "sum of regime weights", expected: "1", value }.into());
        }
        Ok(Self { regimes, seed, paths: PATHS })
    }

    /// With so many scenarios.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for none.
    pub fn with_paths(self, paths: usize) -> Result<Self> {
        paths_valid(paths)?;
        Ok(Self { paths, ..self })
    }

    /// The regimes.
    #[must_use]
    pub fn regimes(&self) -> &[Regime] {
        &self.regimes
    }

    /// Mean and covariance of the mixture.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when an entry overflows.
    pub fn moments(&self) -> Result<FactorModel> {
        let base = &self.regimes[0].model;
        let n = base.factors().len();
        let mut mean = Array1::zeros(n);
        for regime in &self.regimes {
            mean.scaled_add(regime.weight, &regime.model.mean());
        }
        let mut sigma = Array2::zeros((n, n));
        for regime in &self.regimes {
            sigma.scaled_add(regime.weight, &regime.model.covariance().view());
            let apart = (&regime.model.mean() - &mean).insert_axis(Axis(1));
            sigma.scaled_add(regime.weight, &apart.dot(&apart.t()));
        }
        base.clone().with_covariance(Covariance::new(sigma)?)?.with_mean(mean)
    }

    /// The regime of a uniform number.
    fn drawn(&self, uniform: f64) -> usize {
        let mut below = 0.0;
        let last = self.regimes.iter().rposition(|regime| regime.weight > 0.0).unwrap_or(0);
        for (index, regime) in self.regimes.iter().enumerate() {
            below += regime.weight;
            if uniform < below {
                return index;
            }
        }
        // Weights that sum to a little less than 1.
        last
    }

    fn moves(&self) -> CoreResult<Array2<f64>> {
        let n = self.regimes[0].model.factors().len();
        let roots: Vec<Root> = self.regimes.iter().map(|regime| Root::new(&regime.model)).collect::<CoreResult<_>>()?;
        let mut moves = Array2::zeros((self.paths, n));
        Streams::new(self.seed).try_fill_chunks(&mut moves, BLOCK, |_, stream, mut rows| {
            let mut normals = vec![0.0; rows.len()];
            fill_standard_normals(stream, &mut normals);
            let normals = rows_of(normals, n)?;
            let drawn: Vec<usize> = (0..rows.nrows()).map(|_| self.drawn(stream.random())).collect();
            for (index, (regime, root)) in self.regimes.iter().zip(&roots).enumerate() {
                let members: Vec<usize> = (0..drawn.len()).filter(|&row| drawn[row] == index).collect();
                if members.is_empty() {
                    continue;
                }
                let correlated = root.correlate(normals.select(Axis(0), &members).view())?;
                for (&row, values) in members.iter().zip(correlated.rows()) {
                    rows.row_mut(row).assign(&(&values + &regime.model.mean()));
                }
            }
            Ok(())
        })?;
        Ok(moves)
    }
}

impl ScenarioSource for RegimeMixture {
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        picked(&self.regimes[0].model, factors, horizon, &self.moves()?)
    }
}

/// The stored form, so that a stored source is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    regimes: Vec<Regime>,
    seed: u64,
    paths: usize,
}

impl TryFrom<Raw> for RegimeMixture {
    type Error = crate::Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.regimes, raw.seed)?.with_paths(raw.paths)
    }
}

impl From<RegimeMixture> for Raw {
    fn from(source: RegimeMixture) -> Self {
        let RegimeMixture { regimes, seed, paths } = source;
        Self { regimes, seed, paths }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Error;
    use crate::factors::tests::{spot, spots};

    fn regime(weight: f64, model: FactorModel) -> Regime {
        Regime { name: format!("{weight}"), weight, model }
    }

    fn mixture() -> RegimeMixture {
        let calm = spots(&["A", "B"], array![[1e-4, 0.0], [0.0, 1e-4]]).with_mean(vec![0.005, 0.0]).unwrap();
        let crisis = spots(&["A", "B"], array![[1.6e-3, 1.2e-3], [1.2e-3, 2.5e-3]]);
        let crisis = crisis.with_mean(vec![-0.045, -0.02]).unwrap();
        RegimeMixture::new(vec![regime(0.9, calm), regime(0.1, crisis)], 11).unwrap()
    }

    #[test]
    fn moments_by_hand() {
        let moments = mixture().moments().unwrap();
        // m = (0.0045 − 0.0045, −0.002); deviations 0.005 and −0.045, 0.002 and −0.018.
        assert!(moments.mean()[0].abs() < 1e-17 && (moments.mean()[1] + 0.002).abs() < 1e-17);
        let want = [
            0.9 * 1e-4 + 0.1 * 1.6e-3 + 0.9 * 2.5e-5 + 0.1 * 2.025e-3,
            0.1 * 1.2e-3 + 0.9 * 1e-5 + 0.1 * 8.1e-4,
            0.9 * 1e-4 + 0.1 * 2.5e-3 + 0.9 * 4e-6 + 0.1 * 3.24e-4,
        ];
        let sigma = moments.covariance().view();
        for (got, want) in [sigma[[0, 0]], sigma[[0, 1]], sigma[[1, 1]]].iter().zip(want) {
            assert!((got - want).abs() < 1e-17, "{got} {want}");
        }
    }

    #[test]
    fn draws_have_the_moments_within_five_standard_errors() {
        let paths = 200_000;
        let source = mixture().with_paths(paths).unwrap();
        let set = source.scenarios(&[spot("B"), spot("A")], Horizon::DAY).unwrap();
        let moments = source.moments().unwrap();
        let sigma = moments.covariance().view();
        let n = paths as f64;
        let (b, a) = (set.shocks().column(0).to_owned(), set.shocks().column(1).to_owned());
        let statistic = |values: Array1<f64>, want: f64| {
            let mean = values.sum() / n;
            let error = (values.mapv(|v| (v - mean) * (v - mean)).sum() / n / n).sqrt();
            assert!((mean - want).abs() < 5.0 * error, "{mean} {want} {error}");
        };
        statistic(a.clone(), 0.0);
        statistic(b.clone(), -0.002);
        statistic(&a * &a, sigma[[0, 0]]);
        let centred = b.mapv(|v| v + 0.002);
        statistic(&centred * &centred, sigma[[1, 1]]);
        statistic(&a * &centred, sigma[[0, 1]]);
        // The crisis shows: A below −0.06 has probability 0.1 Φ((−0.06 + 0.045)/0.04) = 0.1 Φ(−0.375), and the calm
        // regime adds nothing. SciPy 1.17.1: norm.cdf(-0.375) = 0.353830233327276.
        statistic(a.mapv(|v| if v < -0.06 { 1.0 } else { 0.0 }), 0.035_383_023_332_727_6);
    }

    #[test]
    fn the_first_draws_stay_what_they_are() {
        let set = mixture().with_paths(2_000).unwrap().scenarios(&[spot("A"), spot("B")], Horizon::DAY).unwrap();
        let drawn = [set.shocks()[[0, 0]], set.shocks()[[0, 1]], set.shocks()[[1_999, 0]]];
        for (got, want) in drawn.iter().zip(DRAWN) {
            assert!((got - want).abs() < 1e-15, "{drawn:?}");
        }
    }

    /// Our own output: a change is a change of the stream.
    const DRAWN: [f64; 3] = [-0.002_253_071_115_339_690_6, -0.014_741_395_727_830_925, -0.008_715_429_518_798_019];

    #[test]
    fn a_regime_without_weight_is_never_drawn() {
        let calm = spots(&["A"], array![[0.0]]).with_mean(vec![1.0]).unwrap();
        let never = spots(&["A"], array![[0.0]]).with_mean(vec![2.0]).unwrap();
        let source = RegimeMixture::new(vec![regime(1.0, calm), regime(0.0, never)], 1).unwrap();
        assert_eq!((source.drawn(0.0), source.drawn(1.0), source.regimes().len()), (0, 0, 2));
        let source = source.with_paths(2_000).unwrap();
        let set = source.scenarios(&[spot("A")], Horizon::DAY).unwrap();
        assert!(set.shocks().iter().all(|x| *x == 1.0));
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let model = || spots(&["A"], array![[1.0]]);
        let refused = |regimes| RegimeMixture::new(regimes, 1).unwrap_err();
        assert!(matches!(refused(vec![]), Error::Input(CoreError::Empty { .. })));
        for bad in [-0.5, f64::NAN] {
            let error = refused(vec![regime(0.5, model()), regime(bad, model())]);
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{bad}");
        }
        assert!(matches!(refused(vec![regime(0.9, model())]), Error::Input(CoreError::OutOfDomain { .. })));
        let other = spots(&["B"], array![[1.0]]);
        for other in
            [other, model().scaled_to(Horizon::WEEK).unwrap(), model().with_as_of(jiff::civil::date(2025, 1, 2))]
        {
            let error = refused(vec![regime(0.5, model()), regime(0.5, other)]);
            assert!(matches!(error, Error::Input(CoreError::Unsupported { .. })));
        }
        let source = RegimeMixture::new(vec![regime(1.0, model())], 1).unwrap();
        assert!(source.clone().with_paths(0).is_err());
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<RegimeMixture>(&text).unwrap(), source);
        assert!(serde_json::from_str::<RegimeMixture>(&text.replace("10000", "0")).is_err());
    }
}
