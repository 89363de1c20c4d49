//! The joint law of one day's factor moves.

use std::sync::Arc;

use alluse_risk_core::linalg::{Cholesky, cholesky, matmul, matvec};
use alluse_risk_core::{Covariance, Error as CoreError, Result as CoreResult, ShockKind, normal};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::marginal::Marginal;
use crate::delta_gamma::semidefinite_root;
use crate::student_t_law::StandardT;
use crate::{Error, Result};

/// The joint law of one day's moves of `n` factors.
///
/// | law         | moves                                                                      |
/// |-------------|----------------------------------------------------------------------------|
/// | normal      | `μ + C z`, `CC' = Σ`                                                        |
/// | Student t   | `μ + √((ν−2)/χ²_ν) C z`: the covariance is `Σ` too                          |
/// | copula      | `Fⱼ⁻¹(G(yⱼ))`, `y` normal or t with a correlation matrix, `G` its own law    |
///
/// The factor `C` is triangular where the matrix is positive definite and one of principal directions where it is
/// singular.
///
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_var_models::FactorModel;
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[1e-4, 5e-5], [5e-5, 4e-4]])?;
/// let model = FactorModel::student_t(array![0.0, 0.0], &covariance, 5.0)?;
/// assert_eq!(model.factors(), 2);
/// assert!(FactorModel::student_t(array![0.0, 0.0], &covariance, 2.0).is_err()); // no variance to scale to
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FactorModel {
    law: Law,
    root: Root,
    kinds: Vec<ShockKind>,
    degrees: Option<f64>,
}

#[derive(Debug, Clone)]
enum Law {
    Elliptical { mean: Array1<f64>, covariance: Array2<f64> },
    Copula { marginals: Vec<Arc<dyn Marginal>> },
}

impl FactorModel {
    /// Jointly normal moves.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite mean a factor, and for a covariance with a negative eigenvalue.
    pub fn normal(mean: impl Into<Array1<f64>>, covariance: &Covariance) -> Result<Self> {
        Self::elliptical(mean.into(), covariance, None)
    }

    /// Jointly t moves with one number of degrees of freedom, scaled to the covariance.
    ///
    /// # Errors
    /// As [`normal`](Self::normal), and unless there are more than two degrees of freedom.
    pub fn student_t(mean: impl Into<Array1<f64>>, covariance: &Covariance, degrees_of_freedom: f64) -> Result<Self> {
        if !(degrees_of_freedom > 2.0 && degrees_of_freedom.is_finite()) {
            return Err(Error::out_of_domain("degrees_of_freedom", "above 2 and finite", degrees_of_freedom));
        }
        Self::elliptical(mean.into(), covariance, Some(degrees_of_freedom))
    }

    /// Marginals joined by a normal copula, or with `degrees_of_freedom` by a t copula.
    ///
    /// `correlation` is that of the copula's normals or t variables.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one marginal a factor, the diagonal is 1 to 1e-12, no eigenvalue is negative,
    /// and the degrees of freedom, where given, are positive and finite.
    pub fn copula(
        marginals: Vec<Arc<dyn Marginal>>,
        correlation: &Covariance,
        degrees_of_freedom: Option<f64>,
    ) -> Result<Self> {
        let (expected, got) = (correlation.len(), marginals.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "marginals", expected, got }.into());
        }
        if let Some(value) = degrees_of_freedom.filter(|nu| !(*nu > 0.0 && nu.is_finite())) {
            return Err(Error::out_of_domain("degrees_of_freedom", "positive and finite", value));
        }
        let diagonal = correlation.view().diag().to_owned();
        if let Some(index) = diagonal.iter().position(|v| (v - 1.0).abs() > 1e-12) {
            let (name, expected, value) = ("diagonal of the correlation", "1", diagonal[index]);
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
        }
        let root = Root::new(correlation.view())?;
        let kinds = vec![ShockKind::Relative; expected];
        Ok(Self { law: Law::Copula { marginals }, root, kinds, degrees: degrees_of_freedom })
    }

    fn elliptical(mean: Array1<f64>, covariance: &Covariance, degrees: Option<f64>) -> Result<Self> {
        let (expected, got) = (covariance.len(), mean.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "mean", expected, got }.into());
        }
        if let Some(index) = mean.iter().position(|m| !m.is_finite()) {
            let value = mean[index];
            return Err(CoreError::ElementOutOfDomain { name: "mean", index, expected: "finite", value }.into());
        }
        let root = Root::new(covariance.view())?;
        let kinds = vec![ShockKind::Relative; expected];
        Ok(Self { law: Law::Elliptical { mean, covariance: covariance.view().to_owned() }, root, kinds, degrees })
    }

    /// With the kind of each factor's moves; simple returns by default. It says how days compound: relative moves
    /// multiply, absolute and log moves add.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one kind a factor.
    pub fn with_kinds(mut self, kinds: Vec<ShockKind>) -> Result<Self> {
        let (expected, got) = (self.factors(), kinds.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "kinds", expected, got }.into());
        }
        self.kinds = kinds;
        Ok(self)
    }

    /// With principal directions, the largest first, in place of the triangular factor: what low-discrepancy points
    /// need, whose early coordinates are the best.
    ///
    /// # Errors
    /// [`Error::Input`] when the eigenvalues do not converge.
    pub fn with_principal_directions(mut self) -> Result<Self> {
        let square = matmul(self.root.matrix(), self.root.matrix().t())?;
        self.root = Root::Whole(semidefinite_root(square.view())?);
        Ok(self)
    }

    /// Number of factors.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.kinds.len()
    }

    /// Kinds of the moves.
    #[must_use]
    pub fn kinds(&self) -> &[ShockKind] {
        &self.kinds
    }

    /// Degrees of freedom of the common mixing variable; `None` without one.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> Option<f64> {
        self.degrees
    }

    /// Independent normals behind a day's moves.
    #[must_use]
    pub fn directions(&self) -> usize {
        self.root.matrix().ncols()
    }

    /// Mean and standard deviation of `x'r`; `None` for a copula, whose sums have no closed law.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite exposure a factor, and when the variance overflows.
    pub fn portfolio_moments(&self, exposures: ArrayView1<'_, f64>) -> Result<Option<(f64, f64)>> {
        self.check_exposures(exposures)?;
        let Law::Elliptical { mean, covariance } = &self.law else { return Ok(None) };
        let variance = exposures.dot(&covariance.dot(&exposures)).max(0.0);
        let centre = mean.dot(&exposures);
        if variance.is_finite() && centre.is_finite() {
            Ok(Some((centre, variance.sqrt())))
        } else {
            Err(CoreError::Overflow { name: "variance of the exposures" }.into())
        }
    }

    /// The model of `x'r` alone, where the law of sums is known.
    pub(super) fn collapsed(&self, exposures: ArrayView1<'_, f64>) -> Result<Option<Self>> {
        let Some((mean, deviation)) = self.portfolio_moments(exposures)? else { return Ok(None) };
        let variance = deviation * deviation;
        Ok(Some(Self {
            law: Law::Elliptical { mean: Array1::from_elem(1, mean), covariance: Array2::from_elem((1, 1), variance) },
            root: Root::Whole(Array2::from_elem((1, 1), deviation)),
            kinds: vec![ShockKind::Absolute],
            degrees: self.degrees,
        }))
    }

    /// `C'x` and `μ'x`, where the law of sums is known.
    pub(super) fn loadings(&self, exposures: ArrayView1<'_, f64>) -> Result<Option<(Array1<f64>, f64)>> {
        self.check_exposures(exposures)?;
        let Law::Elliptical { mean, .. } = &self.law else { return Ok(None) };
        Ok(Some((matvec(self.root.matrix().t(), exposures)?, mean.dot(&exposures))))
    }

    fn check_exposures(&self, exposures: ArrayView1<'_, f64>) -> Result<()> {
        let (expected, got) = (self.factors(), exposures.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "exposures", expected, got }.into());
        }
        if let Some(index) = exposures.iter().position(|x| !x.is_finite()) {
            let value = exposures[index];
            return Err(CoreError::ElementOutOfDomain { name: "exposures", index, expected: "finite", value }.into());
        }
        Ok(())
    }

    /// What the normals of a path are multiplied with.
    pub(super) fn mixing(&self, chi_square: f64) -> f64 {
        match (&self.law, self.degrees) {
            (Law::Elliptical { .. }, Some(nu)) => ((nu - 2.0) / chi_square).sqrt(),
            (Law::Copula { .. }, Some(nu)) => (nu / chi_square).sqrt(),
            (_, None) => 1.0,
        }
    }

    /// A day's moves from standard normals, paths × directions, and one chi-square a path where there is mixing.
    pub(super) fn moves(&self, normals: ArrayView2<'_, f64>, chi_squares: &[f64]) -> CoreResult<Array2<f64>> {
        let mut moves = self.root.apply(normals)?;
        for (mut row, chi) in moves.rows_mut().into_iter().zip(chi_squares) {
            row *= self.mixing(*chi);
        }
        match &self.law {
            Law::Elliptical { mean, .. } => moves += mean,
            Law::Copula { marginals } => {
                for (mut column, marginal) in moves.columns_mut().into_iter().zip(marginals) {
                    for value in &mut column {
                        *value = marginal.quantile(self.rank(*value))?;
                    }
                }
            }
        }
        Ok(moves)
    }

    /// The probability of at most `y` under the copula's own law, kept off 0 and 1.
    fn rank(&self, y: f64) -> f64 {
        let p = self.degrees.map_or_else(|| normal::cdf(y), |nu| StandardT::new(nu).cdf(y));
        p.clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON)
    }
}

/// A factor `C` of a matrix.
#[derive(Debug, Clone)]
enum Root {
    Triangular(Cholesky),
    /// Principal directions in columns.
    Whole(Array2<f64>),
}

impl Root {
    fn new(matrix: ArrayView2<'_, f64>) -> CoreResult<Self> {
        match cholesky(matrix) {
            Ok(factor) => Ok(Self::Triangular(factor)),
            Err(CoreError::NotPositiveDefinite { .. }) => Ok(Self::Whole(semidefinite_root(matrix)?)),
            Err(other) => Err(other),
        }
    }

    fn matrix(&self) -> ArrayView2<'_, f64> {
        match self {
            Self::Triangular(factor) => factor.lower(),
            Self::Whole(matrix) => matrix.view(),
        }
    }

    /// `Z C'`.
    fn apply(&self, normals: ArrayView2<'_, f64>) -> CoreResult<Array2<f64>> {
        match self {
            Self::Triangular(factor) => factor.correlate(normals),
            Self::Whole(matrix) if matrix.is_empty() => Ok(Array2::zeros((normals.nrows(), matrix.nrows()))),
            Self::Whole(matrix) => matmul(normals, matrix.t()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;
    use ndarray::array;

    use super::*;
    use crate::monte_carlo::FittedMarginal;

    fn covariance(n: usize) -> Covariance {
        let entry = |(i, j): (usize, usize)| if i == j { 1.0 + i as f64 } else { 0.5 };
        Covariance::new(Array2::from_shape_fn((n, n), entry)).unwrap()
    }

    #[test]
    fn moves_are_the_factor_times_the_normals() {
        let model = FactorModel::normal(Array1::zeros(150), &covariance(150)).unwrap();
        let z = Streams::new(5).standard_normals(7, 150);
        let plain = z.dot(&cholesky(covariance(150).view()).unwrap().lower().t());
        let moves = model.moves(z.view(), &[]).unwrap();
        assert!((moves - plain).iter().all(|gap| gap.abs() < 1e-12));
    }

    #[test]
    fn every_factor_of_a_matrix_squares_to_it() {
        let target = covariance(4);
        let triangular = FactorModel::normal(Array1::zeros(4), &target).unwrap();
        let principal = triangular.clone().with_principal_directions().unwrap();
        for model in [triangular, principal.clone()] {
            let square = model.root.matrix().dot(&model.root.matrix().t());
            assert!((square - target.view()).iter().all(|gap| gap.abs() < 1e-13));
        }
        // The largest direction comes first.
        let sizes: Vec<f64> = principal.root.matrix().columns().into_iter().map(|c| c.dot(&c)).collect();
        assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{sizes:?}");
    }

    #[test]
    fn a_singular_covariance_has_fewer_directions() {
        let twins = Covariance::new(array![[1.0, 1.0], [1.0, 1.0]]).unwrap();
        let model = FactorModel::normal(array![0.1, 0.2], &twins).unwrap();
        assert_eq!((model.directions(), model.factors()), (1, 2));
        let moves = model.moves(array![[1.5]].view(), &[]).unwrap();
        assert!(((moves[[0, 0]] - 0.1).abs() - 1.5).abs() < 1e-14);
        assert!((moves[[0, 1]] - moves[[0, 0]] - 0.1).abs() < 1e-14);
        let nothing = Covariance::new(array![[0.0]]).unwrap();
        let model = FactorModel::normal(array![0.3], &nothing).unwrap();
        assert_eq!(model.directions(), 0);
        assert_eq!(model.moves(Array2::zeros((2, 0)).view(), &[]).unwrap(), array![[0.3], [0.3]]);
    }

    #[test]
    fn mixing_keeps_the_covariance_of_the_t_law() {
        let model = FactorModel::student_t(array![0.0], &covariance(1), 6.0).unwrap();
        // √((6 − 2)/8) = √0.5.
        assert!((model.moves(array![[2.0]].view(), &[8.0]).unwrap()[[0, 0]] - 2_f64.sqrt()).abs() < 1e-14);
        assert_eq!(model.degrees_of_freedom(), Some(6.0));
    }

    #[test]
    fn a_copula_of_its_own_marginals_is_the_law_itself() {
        // Normal marginals under a normal copula, t marginals under a t copula of the same degrees of freedom.
        let correlation = Covariance::new(array![[1.0, 0.6], [0.6, 1.0]]).unwrap();
        let z = array![[0.3, -1.2], [2.0, 0.4], [-3.0, -0.2]];
        let normal = FittedMarginal::Normal { mean: 1.0, standard_deviation: 2.0 };
        let t = FittedMarginal::StudentT { location: 1.0, scale: 2.0, degrees_of_freedom: 4.0 };
        for (marginal, degrees, chi, factor) in
            [(normal, None, vec![], [1.0; 3]), (t, Some(4.0), vec![4.0, 1.0, 16.0], [1.0, 2.0, 0.5])]
        {
            let marginals: Vec<Arc<dyn Marginal>> = vec![Arc::new(marginal.clone()), Arc::new(marginal)];
            let model = FactorModel::copula(marginals, &correlation, degrees).unwrap();
            let moves = model.moves(z.view(), &chi).unwrap();
            for row in 0..3 {
                let second = 0.6 * z[[row, 0]] + 0.8 * z[[row, 1]];
                assert!((moves[[row, 0]] - 1.0 - 2.0 * factor[row] * z[[row, 0]]).abs() < 1e-9, "{row}");
                assert!((moves[[row, 1]] - 1.0 - 2.0 * factor[row] * second).abs() < 1e-9, "{row}");
            }
            assert_eq!(model.portfolio_moments(array![1.0, 1.0].view()).unwrap(), None);
        }
    }

    #[test]
    fn portfolios_by_hand() {
        let covariance = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
        let model = FactorModel::normal(array![0.1, 0.2], &covariance).unwrap();
        let exposures = array![1.0, 2.0];
        // Mean 0.5; variance 0.04 + 4·0.01 + 4·0.09 = 0.44.
        let (mean, deviation) = model.portfolio_moments(exposures.view()).unwrap().unwrap();
        assert!((mean - 0.5).abs() < 1e-15 && (deviation - 0.44_f64.sqrt()).abs() < 1e-15);
        let (loadings, mean) = model.loadings(exposures.view()).unwrap().unwrap();
        assert!((loadings.dot(&loadings) - 0.44).abs() < 1e-14 && (mean - 0.5).abs() < 1e-15);
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let good = covariance(2);
        let zeros = || array![0.0, 0.0];
        let kind = |error: Error| match error {
            Error::Input(error) => error,
            other => panic!("{other}"),
        };
        let normal = |mean: Array1<f64>, c: &Covariance| kind(FactorModel::normal(mean, c).unwrap_err());
        assert!(matches!(normal(array![0.0], &good), CoreError::LengthMismatch { name: "mean", .. }));
        assert!(matches!(normal(array![0.0, f64::NAN], &good), CoreError::ElementOutOfDomain { index: 1, .. }));
        let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
        assert!(matches!(normal(zeros(), &indefinite), CoreError::NotPositiveSemidefinite { .. }));
        for nu in [2.0, 1.0, f64::NAN, f64::INFINITY] {
            let error = kind(FactorModel::student_t(zeros(), &good, nu).unwrap_err());
            assert!(matches!(error, CoreError::OutOfDomain { name: "degrees_of_freedom", .. }), "{nu}");
        }
        let marginal =
            || -> Arc<dyn Marginal> { Arc::new(FittedMarginal::Normal { mean: 0.0, standard_deviation: 1.0 }) };
        let copula = |count: usize, c: &Covariance, nu| {
            kind(FactorModel::copula((0..count).map(|_| marginal()).collect(), c, nu).unwrap_err())
        };
        let unit = Covariance::new(array![[1.0, 0.2], [0.2, 1.0]]).unwrap();
        assert!(matches!(copula(1, &unit, None), CoreError::LengthMismatch { name: "marginals", .. }));
        assert!(matches!(copula(2, &unit, Some(0.0)), CoreError::OutOfDomain { .. }));
        assert!(matches!(copula(2, &good, None), CoreError::ElementOutOfDomain { index: 1, .. }));
        let model = FactorModel::normal(zeros(), &good).unwrap();
        assert!(model.clone().with_kinds(vec![ShockKind::Log]).is_err());
        assert!(matches!(
            kind(model.portfolio_moments(array![1.0].view()).unwrap_err()),
            CoreError::LengthMismatch { name: "exposures", .. }
        ));
        assert!(matches!(
            kind(model.loadings(array![1.0, f64::INFINITY].view()).unwrap_err()),
            CoreError::ElementOutOfDomain { name: "exposures", index: 1, .. }
        ));
        assert!(matches!(
            kind(model.portfolio_moments(array![1e200, 0.0].view()).unwrap_err()),
            CoreError::Overflow { .. }
        ));
    }
}
