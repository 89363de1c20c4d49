//! How many uncorrelated bets a portfolio is made of.

use alluse_risk_core::linalg::{SymmetricEigen, gram, symmetric_eigen};
use alluse_risk_core::{Covariance, Error as CoreError};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::concentration::{entropy_number, finite, portfolio_volatility};

/// The uncorrelated factors that count as bets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BetFactors {
    /// Principal components of the covariance: free, but hard to read and not unique where eigenvalues tie.
    PrincipalComponents,
    /// The uncorrelated factors that track the assets most closely.
    #[default]
    MinimumTorsion,
}

/// The effective number of bets and where the risk lies.
///
/// ```text
/// pₖ = (variance of the portfolio from factor k) / σ_P²      ENB = exp(−Σ pₖ ln pₖ)
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectiveBets {
    /// ENB, from 1 to the number of assets.
    pub number: f64,
    /// Shares of the variance. Minimum torsion: one an asset, in their order; principal components: the largest
    /// eigenvalue first.
    pub shares: Vec<f64>,
    /// Which factors.
    pub factors: BetFactors,
    /// Iterations made to find them; `None` where there is nothing to iterate.
    pub iterations: Option<usize>,
}

/// The effective number of bets of a portfolio.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for weights that do not fit, undefined when the portfolio has no
/// variance, a covariance that is not positive semidefinite; minimum torsion also singular when assets are
/// dependent, and not converged.
///
/// # Source
/// Meucci (2009), "Managing diversification"; Meucci, Santangelo and Deguest (2015), "Risk budgeting and
/// diversification based on optimized uncorrelated factors".
///
/// # Examples
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_var_models::{BetFactors, effective_bets};
/// use ndarray::array;
///
/// let independent = Covariance::new(array![[0.04, 0.0], [0.0, 0.01]])?;
/// let parity = effective_bets(array![1.0, 2.0].view(), &independent, BetFactors::MinimumTorsion)?;
/// assert!((parity.number - 2.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn effective_bets(
    weights: ArrayView1<'_, f64>,
    covariance: &Covariance,
    factors: BetFactors,
) -> Result<EffectiveBets> {
    finite("weights", weights)?;
    portfolio_volatility(weights, covariance, "effective number of bets")?;
    let (exposures, iterations) = match factors {
        BetFactors::PrincipalComponents => (principal_exposures(weights, covariance)?, None),
        BetFactors::MinimumTorsion => {
            let scaled = &weights * &covariance.volatilities();
            let torsion = Torsion::of(covariance)?;
            (torsion.rotation.dot(&torsion.root.dot(&scaled)), Some(torsion.iterations))
        }
    };
    let squares = &exposures * &exposures;
    let shares = (&squares / squares.sum()).to_vec();
    Ok(EffectiveBets { number: entropy_number(&shares), shares, factors, iterations })
}

/// `√λₖ (eₖ'w)`, the largest eigenvalue first.
fn principal_exposures(weights: ArrayView1<'_, f64>, covariance: &Covariance) -> Result<Array1<f64>> {
    let SymmetricEigen { values, vectors, .. } = semidefinite(covariance.view())?;
    let mut exposures = vectors.t().dot(&weights) * values.mapv(|value| value.max(0.0).sqrt());
    exposures.invert_axis(Axis(0));
    Ok(exposures)
}

/// Eigenvalue below which a matrix of this size is singular to working precision.
fn negligible(values: &Array1<f64>) -> f64 {
    values.len() as f64 * f64::EPSILON * values.iter().fold(0.0_f64, |a, v| a.max(v.abs()))
}

fn semidefinite(matrix: ArrayView2<'_, f64>) -> Result<SymmetricEigen> {
    let eigen = symmetric_eigen(matrix)?;
    let smallest_eigenvalue = eigen.values[0];
    if smallest_eigenvalue < -negligible(&eigen.values) {
        return Err(CoreError::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue }.into());
    }
    Ok(eigen)
}

/// Uncorrelated factors that stay as close to the assets as can be, made by [`minimum_torsion`].
///
/// ```text
/// t = D_σ diag(d) q C^−½ D_σ⁻¹      t Σ t' = diag(σ² d²)      q orthogonal
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MinimumTorsion {
    /// `t` by rows: row k makes factor k out of the assets' returns.
    pub matrix: Vec<Vec<f64>>,
    /// Variances of the factors.
    pub variances: Vec<f64>,
    /// Iterations made.
    pub iterations: usize,
    /// Largest change of `d` in the last one.
    pub residual: f64,
}

/// Change of `d` at which the iteration stops.
const TOLERANCE: f64 = 1e-10;
const MAX_ITERATIONS: usize = 10_000;

/// The minimum-torsion transformation of a covariance.
///
/// The closest uncorrelated factors solve `d = diag(q C^½)` with `q` the polar factor of `diag(d) C^½`; the two
/// are taken in turn from `d = 1` until `d` moves by at most 1e-10.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input): undefined for an asset without variance, singular when assets are
/// dependent, not positive semidefinite, not converged.
pub fn minimum_torsion(covariance: &Covariance) -> Result<MinimumTorsion> {
    let torsion = Torsion::of(covariance)?;
    let volatilities = covariance.volatilities();
    let inverse = torsion.eigen.recompose(torsion.eigen.values.mapv(|value| 1.0 / value.sqrt()).view())?;
    let scales = &volatilities * &torsion.d;
    let matrix = torsion.rotation.dot(&inverse) * scales.view().insert_axis(Axis(1)) / &volatilities;
    Ok(MinimumTorsion {
        matrix: matrix.rows().into_iter().map(|row| row.to_vec()).collect(),
        variances: scales.iter().map(|s| s * s).collect(),
        iterations: torsion.iterations,
        residual: torsion.residual,
    })
}

/// The solution in the units of the correlation.
struct Torsion {
    eigen: SymmetricEigen,
    /// `C^½`.
    root: Array2<f64>,
    rotation: Array2<f64>,
    d: Array1<f64>,
    iterations: usize,
    residual: f64,
}

impl Torsion {
    fn of(covariance: &Covariance) -> Result<Self> {
        let eigen = semidefinite(covariance.correlation()?.view())?;
        if eigen.values[0] <= negligible(&eigen.values) {
            return Err(CoreError::Singular { name: "correlation" }.into());
        }
        let root = eigen.recompose(eigen.values.mapv(f64::sqrt).view())?;
        let mut d = Array1::<f64>::ones(covariance.len());
        let mut residual = f64::INFINITY;
        for iterations in 1..=MAX_ITERATIONS {
            let rotation = polar(&(&root * &d.view().insert_axis(Axis(1))))?;
            let next = rotation.dot(&root).diag().to_owned();
            residual = next.iter().zip(&d).fold(0.0, |a, (x, y)| a.max((x - y).abs()));
            d = next;
            if residual <= TOLERANCE {
                return Ok(Self { eigen, root, rotation, d, iterations, residual });
            }
        }
        Err(CoreError::NotConverged { name: "minimum torsion", iterations: MAX_ITERATIONS, residual }.into())
    }
}

/// The orthogonal factor of a polar decomposition, `(A A')^−½ A`.
fn polar(matrix: &Array2<f64>) -> Result<Array2<f64>> {
    let eigen = symmetric_eigen(gram(matrix.t())?.view())?;
    if eigen.values[0] <= negligible(&eigen.values) {
        return Err(CoreError::Singular { name: "correlation" }.into());
    }
    Ok(eigen.recompose(eigen.values.mapv(|value| 1.0 / value.sqrt()).view())?.dot(matrix))
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    fn three() -> Covariance {
        let correlation = array![[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]];
        Covariance::from_correlation(array![0.2, 0.1, 0.3].view(), correlation.view()).unwrap()
    }

    #[test]
    fn principal_components_by_hand() {
        // Eigenvectors (1, 1)/√2 and (1, −1)/√2 with 0.05 and 0.03: w = (1, 0) splits 5 to 3.
        let covariance = Covariance::new(array![[0.04, 0.01], [0.01, 0.04]]).unwrap();
        let bets = effective_bets(array![1.0, 0.0].view(), &covariance, BetFactors::PrincipalComponents).unwrap();
        assert!((bets.shares[0] - 0.625).abs() < 1e-14 && (bets.shares[1] - 0.375).abs() < 1e-14);
        // exp(−0.625 ln 0.625 − 0.375 ln 0.375), by mpmath.
        assert!((bets.number - 1.937_819_240_878_384_5).abs() < 1e-13, "{}", bets.number);
        assert_eq!((bets.iterations, bets.factors), (None, BetFactors::PrincipalComponents));
        let one = effective_bets(array![1.0, 1.0].view(), &covariance, BetFactors::PrincipalComponents).unwrap();
        assert!((one.number - 1.0).abs() < 1e-12);
        assert!((one.shares[0] - 1.0).abs() < 1e-14);
    }

    #[test]
    fn torsion_agrees_with_an_independent_minimisation() {
        // SciPy: the sum of squared tracking errors of standardised assets, minimised over transformations with
        // uncorrelated factors (a rotation and three scales), by BFGS from five starts.
        let torsion = minimum_torsion(&three()).unwrap();
        let want = array![
            [1.136_289_53, -0.739_331_97, -0.145_168_34],
            [-0.184_832_98, 1.154_290_12, 0.086_139_68],
            [-0.326_628_74, 0.775_257_15, 1.075_756_63]
        ];
        for (place, want) in want.indexed_iter() {
            assert!(
                (torsion.matrix[place.0][place.1] - want).abs() < 1e-6,
                "{place:?}: {}",
                torsion.matrix[place.0][place.1]
            );
        }
        assert!(torsion.residual <= 1e-10 && torsion.iterations > 1);
        let bets = effective_bets(array![0.5, 0.3, 0.2].view(), &three(), BetFactors::MinimumTorsion).unwrap();
        assert!((bets.number - 2.359_598_384).abs() < 1e-6, "{}", bets.number);
    }

    #[test]
    fn torsion_of_uncorrelated_assets_is_the_identity() {
        let covariance = Covariance::new(Array2::from_diag(&array![0.04, 0.01, 0.09])).unwrap();
        let torsion = minimum_torsion(&covariance).unwrap();
        for (i, row) in torsion.matrix.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                assert!((value - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        assert!((torsion.variances[2] - 0.09).abs() < 1e-14);
        // Equal risks, uncorrelated: as many bets as assets.
        let bets = effective_bets(array![3.0, -6.0, 2.0].view(), &covariance, BetFactors::MinimumTorsion).unwrap();
        assert!((bets.number - 3.0).abs() < 1e-10);
    }

    #[test]
    fn hostile_inputs_are_refused() {
        let w = array![0.5, 0.3, 0.2];
        let run =
            |w: ArrayView1<'_, f64>, c: &Covariance| effective_bets(w, c, BetFactors::MinimumTorsion).unwrap_err();
        assert!(matches!(run(array![].view(), &three()), Error::Input(CoreError::Empty { .. })));
        assert!(matches!(run(array![1.0].view(), &three()), Error::Input(CoreError::LengthMismatch { .. })));
        let nan = array![0.1, f64::NAN, 0.2];
        assert!(matches!(run(nan.view(), &three()), Error::Input(CoreError::ElementOutOfDomain { .. })));
        assert!(matches!(run(array![0.0, 0.0, 0.0].view(), &three()), Error::Input(CoreError::Undefined { .. })));
        let twins = Covariance::new(array![[0.04, 0.04], [0.04, 0.04]]).unwrap();
        assert!(matches!(run(array![0.5, 0.5].view(), &twins), Error::Input(CoreError::Singular { .. })));
        let still = Covariance::new(array![[0.04, 0.0], [0.0, 0.0]]).unwrap();
        assert!(matches!(run(array![0.5, 0.5].view(), &still), Error::Input(CoreError::Undefined { .. })));
        let odd = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        let indefinite = Covariance::new(odd).unwrap();
        assert!(matches!(run(w.view(), &indefinite), Error::Input(CoreError::NotPositiveSemidefinite { .. })));
        // Components do not mind a singular matrix.
        assert!(effective_bets(array![0.5, 0.5].view(), &twins, BetFactors::PrincipalComponents).is_ok());
        let wild = effective_bets(w.view(), &indefinite, BetFactors::PrincipalComponents);
        assert!(matches!(wild, Err(Error::Input(CoreError::NotPositiveSemidefinite { .. }))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bets_lie_between_one_and_all(
            data in prop::collection::vec(-1.0..1.0_f64, 32),
            w in prop::collection::vec(-1.0..1.0_f64, 4),
        ) {
            let rows = Array2::from_shape_vec((8, 4), data).unwrap();
            let mut matrix = gram(rows.view()).unwrap();
            matrix.diag_mut().mapv_inplace(|v| v + 0.1);
            let covariance = Covariance::new(matrix).unwrap();
            let w = Array1::from(w);
            prop_assume!(w.iter().any(|v| v.abs() > 0.01));
            for factors in [BetFactors::PrincipalComponents, BetFactors::MinimumTorsion] {
                let bets = effective_bets(w.view(), &covariance, factors).unwrap();
                prop_assert!(bets.number >= 1.0 - 1e-12 && bets.number <= 4.0 + 1e-9);
                prop_assert!((bets.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let larger = effective_bets((&w * 7.0).view(), &covariance, factors).unwrap();
                prop_assert!((larger.number - bets.number).abs() < 1e-9);
            }
            let torsion = minimum_torsion(&covariance).unwrap();
            let matrix = Array2::from_shape_vec((4, 4), torsion.matrix.concat()).unwrap();
            let product = matrix.dot(&covariance.view()).dot(&matrix.t());
            for ((i, j), value) in product.indexed_iter() {
                let want = if i == j { torsion.variances[i] } else { 0.0 };
                prop_assert!((value - want).abs() < 1e-8, "{product}");
            }
        }
    }
}
