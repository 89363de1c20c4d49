use alluse_risk_core::streams::{BLOCK, Streams, fill_chi_squares, fill_standard_normals};
use alluse_risk_core::{Error as CoreError, Factor, Horizon, Result as CoreResult, ScenarioSet, ScenarioSource};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::root::Root;
use super::{PATHS, paths_valid, picked};
use crate::{FactorModel, Result};

/// Multivariate Student t moves with the mean and covariance of a factor model.
///
/// ```text
/// x = μ + √((ν − 2)/W) · L z      z ~ N(0, I),  W ~ χ²(ν),  LL' = Σ
/// E[x] = μ      Cov[x] = Σ      excess kurtosis of each factor 6/(ν − 4) for ν > 4
/// ```
///
/// All factors share one `W`, so they are extreme together. Moves of the kind
/// [`Relative`](alluse_risk_core::ShockKind::Relative) may fall below −1, which is then an error; logarithmic ones
/// cannot.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `degrees_of_freedom` | required | ν: the smaller, the fatter | above 2 |
/// | `seed` | required | same seed, same scenarios | any |
/// | `paths` | 10 000 | scenarios | at least 1 |
///
/// # Source
/// Kotz and Nadarajah (2004), *Multivariate t Distributions and Their Applications*, ch. 1.
///
/// # Examples
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ScenarioSource, ShockKind};
/// use alluse_stress::{FactorModel, StudentTStress};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let covariance = Covariance::new(array![[1e-4]])?;
/// let model = FactorModel::new(date(2024, 1, 5), Horizon::DAY, vec![(spy.clone(), ShockKind::Log)], covariance)?;
/// let source = StudentTStress::new(model, 5.0, 42)?.with_paths(2_000)?;
/// assert_eq!(source.scenarios(&[spy], Horizon::DAY)?.len(), 2_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct StudentTStress {
    model: FactorModel,
    degrees_of_freedom: f64,
    seed: u64,
    paths: usize,
}

impl StudentTStress {
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless the degrees of freedom are finite and above 2, below which there is
    /// no covariance to match.
    pub fn new(model: FactorModel, degrees_of_freedom: f64, seed: u64) -> Result<Self> {
        if !(degrees_of_freedom > 2.0 && degrees_of_freedom.is_finite()) {
            let (name, expected) = ("degrees of freedom", "finite and above 2");
            return Err(CoreError::OutOfDomain { name, expected, value: degrees_of_freedom }.into());
        }
        Ok(Self { model, degrees_of_freedom, seed, paths: PATHS })
    }

    /// With so many scenarios.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for none.
    pub fn with_paths(self, paths: usize) -> Result<Self> {
        paths_valid(paths)?;
        Ok(Self { paths, ..self })
    }

    /// The law of the moves to second order.
    #[must_use]
    pub fn model(&self) -> &FactorModel {
        &self.model
    }

    fn moves(&self) -> CoreResult<Array2<f64>> {
        let n = self.model.factors().len();
        let root = Root::new(&self.model)?;
        let mut moves = Array2::zeros((self.paths, n));
        Streams::new(self.seed).try_fill_chunks(&mut moves, BLOCK, |_, stream, mut rows| {
            let mut normals = vec![0.0; rows.len()];
            fill_standard_normals(stream, &mut normals);
            let mut mixing = vec![0.0; rows.nrows()];
            fill_chi_squares(stream, self.degrees_of_freedom, &mut mixing)?;
            let normals = rows_of(normals, n)?;
            let correlated = root.correlate(normals.view())?;
            for ((mut row, drawn), w) in rows.rows_mut().into_iter().zip(correlated.rows()).zip(mixing) {
                let scale = ((self.degrees_of_freedom - 2.0) / w).sqrt();
                row.assign(&(&drawn * scale + self.model.mean()));
            }
            Ok(())
        })?;
        Ok(moves)
    }
}

/// Numbers as rows of `n`.
pub(super) fn rows_of(values: Vec<f64>, n: usize) -> CoreResult<Array2<f64>> {
    let got = values.len();
    Array2::from_shape_vec((got / n.max(1), n), values).map_err(|_| CoreError::LengthMismatch {
        name: "draws",
        expected: n,
        got,
    })
}

impl ScenarioSource for StudentTStress {
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        picked(&self.model, factors, horizon, &self.moves()?)
    }
}

/// The stored form, so that a stored source is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    model: FactorModel,
    degrees_of_freedom: f64,
    seed: u64,
    paths: usize,
}

impl TryFrom<Raw> for StudentTStress {
    type Error = crate::Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.model, raw.degrees_of_freedom, raw.seed)?.with_paths(raw.paths)
    }
}

impl From<StudentTStress> for Raw {
    fn from(source: StudentTStress) -> Self {
        let StudentTStress { model, degrees_of_freedom, seed, paths } = source;
        Self { model, degrees_of_freedom, seed, paths }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Error;
    use crate::factors::tests::{spot, spots};

    fn model() -> FactorModel {
        spots(&["A", "B"], array![[4e-4, 1e-4], [1e-4, 1e-4]]).with_mean(vec![0.01, -0.02]).unwrap()
    }

    #[test]
    fn moments_within_five_standard_errors() {
        let (paths, nu) = (200_000, 10.0);
        let source = StudentTStress::new(model(), nu, 7).unwrap().with_paths(paths).unwrap();
        let set = source.scenarios(&[spot("A"), spot("B")], Horizon::DAY).unwrap();
        let (a, b) = (set.shocks().column(0).mapv(|x| x - 0.01), set.shocks().column(1).mapv(|x| x + 0.02));
        let n = paths as f64;
        let mean = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(&b).map(|(x, y)| f(*x, *y)).sum::<f64>() / n;
        // E x⁴ = 3σ⁴(ν−2)/(ν−4), so the variance estimate has variance σ⁴(3·8/6 − 1)/n = 3σ⁴/n.
        assert!(mean(&|x, _| x).abs() < 5.0 * 0.02 / n.sqrt());
        assert!((mean(&|x, _| x * x) - 4e-4).abs() < 5.0 * 4e-4 * (3.0 / n).sqrt());
        assert!((mean(&|_, y| y * y) - 1e-4).abs() < 5.0 * 1e-4 * (3.0 / n).sqrt());
        // E x²y² = (ν−2)/(ν−4)(σx²σy² + 2σxy²) = (4/3)(4 + 2)e-8; less 1e-8: 7e-8.
        assert!((mean(&|x, y| x * y) - 1e-4).abs() < 5.0 * (7e-8 / n).sqrt());
        // Kurtosis 3(ν−2)/(ν−4) = 4; eighth moment 105(ν−2)³/((ν−4)(ν−6)(ν−8)) = 1120, so x⁴ has variance 1104.
        let kurtosis = mean(&|x, _| x.powi(4)) / 16e-8;
        assert!((kurtosis - 4.0).abs() < 5.0 * (1104.0 / n).sqrt(), "{kurtosis}");
    }

    #[test]
    fn the_first_draws_stay_what_they_are() {
        let source = StudentTStress::new(model(), 4.0, 1).unwrap().with_paths(2_000).unwrap();
        let set = source.scenarios(&[spot("A"), spot("B")], Horizon::DAY).unwrap();
        let drawn = [set.shocks()[[0, 0]], set.shocks()[[0, 1]], set.shocks()[[1_999, 0]]];
        for (got, want) in drawn.iter().zip(DRAWN) {
            assert!((got - want).abs() < 1e-15, "{drawn:?}");
        }
    }

    /// Our own output: a change is a change of the stream.
    const DRAWN: [f64; 3] = [0.001_472_811_962_058_395_7, -0.044_313_365_413_722_12, 0.051_680_695_440_717_676];

    #[test]
    fn the_tail_is_that_of_student() {
        let nu = 3.0;
        let source = StudentTStress::new(model(), nu, 3).unwrap().with_paths(100_000).unwrap();
        let set = source.scenarios(&[spot("A")], Horizon::DAY).unwrap();
        // SciPy 1.17.1: t.sf(5.8409, 3) = 0.005; with variance one the threshold is divided by √3.
        let far = 0.01 + 0.02 * 5.840_909_309_733_355 / 3.0_f64.sqrt();
        let beyond = set.shocks().iter().filter(|x| **x > far).count() as f64 / 1e5;
        assert!((beyond - 0.005).abs() < 5.0 * (0.005 * 0.995 / 1e5_f64).sqrt(), "{beyond}");
    }

    #[test]
    fn same_seed_same_scenarios_whatever_is_asked() {
        let source = |seed| StudentTStress::new(model(), 4.0, seed).unwrap().with_paths(3_000).unwrap();
        let both = source(1).scenarios(&[spot("A"), spot("B")], Horizon::DAY).unwrap();
        let one = source(1).scenarios(&[spot("B")], Horizon::DAY).unwrap();
        assert_eq!(both.column(&spot("B")).unwrap().1, one.column(&spot("B")).unwrap().1);
        assert_ne!(one, source(2).scenarios(&[spot("B")], Horizon::DAY).unwrap());
        // More paths do not change the first ones.
        let few = source(1).with_paths(1_500).unwrap().scenarios(&[spot("B")], Horizon::DAY).unwrap();
        let (whole, part) = (one.shocks(), few.shocks());
        assert!(part.iter().zip(whole.iter()).take(1_024).all(|(a, b)| a == b));
    }

    #[test]
    fn singular_covariances_are_drawn_too() {
        let twins = spots(&["A", "B"], array![[1e-4, 1e-4], [1e-4, 1e-4]]);
        let source = StudentTStress::new(twins, 5.0, 1).unwrap().with_paths(500).unwrap();
        let set = source.scenarios(&[spot("A"), spot("B")], Horizon::DAY).unwrap();
        assert!(set.shocks().rows().into_iter().all(|row| (row[0] - row[1]).abs() < 1e-15));
        assert!(set.shocks().iter().any(|x| x.abs() > 1e-3));
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        for bad in [2.0, 0.0, f64::NAN, f64::INFINITY] {
            let refused = StudentTStress::new(model(), bad, 1);
            assert!(matches!(refused, Err(Error::Input(CoreError::OutOfDomain { .. }))), "{bad}");
        }
        let source = StudentTStress::new(model(), 4.0, 1).unwrap();
        assert!(source.clone().with_paths(0).is_err());
        assert!(source.scenarios(&[spot("C")], Horizon::DAY).is_err());
        assert!(source.scenarios(&[], Horizon::DAY).is_err());
        assert!(matches!(source.scenarios(&[spot("A")], Horizon::WEEK), Err(CoreError::Unsupported { .. })));
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<StudentTStress>(&text).unwrap(), source);
        assert!(serde_json::from_str::<StudentTStress>(&text.replace("4.0", "1.0")).is_err());
        assert_eq!(source.model(), &model());
    }
}
