//! Correlations of a crisis that are still correlations.

use alluse_risk_core::covariance::NearestCorrelation;
use alluse_risk_core::linalg::{symmetric_eigen, symmetric_eigenvalues};
use alluse_risk_core::{Covariance, Error as CoreError, Factor};
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Error, FactorModel, Result};

/// Where correlations are drawn to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationTarget {
    /// Everything moves together.
    One,
    /// One correlation between any two; at least `−1/(n − 1)`.
    Uniform(f64),
    /// Members of a block move together: each becomes the block's average.
    Block(Vec<usize>),
    /// A correlation matrix, as rows.
    Matrix(Vec<Vec<f64>>),
}

/// A correlation matrix after a stress, with the proof that it is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StressedCorrelation {
    /// The matrix.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub correlation: Array2<f64>,
    /// Its smallest eigenvalue: not negative, up to rounding.
    pub smallest_eigenvalue: f64,
    /// Frobenius norm of the change.
    pub distance: f64,
}

/// Smallest eigenvalue that counts as zero.
const ROUNDING: f64 = 1e-9;

/// Draws a correlation matrix part of the way to a target.
///
/// ```text
/// R(t) = (1 − t) R + t R*      0 ≤ t ≤ 1
/// ```
///
/// Correlation matrices are a convex set, so every `R(t)` is one if both ends are. The block target replaces each
/// member by the block's standardised average `b'z/√(b'Rb)`, so inside the block `ρ(t) = ρ + t(1 − ρ)`, and towards
/// the others every member takes on the correlation of the average; setting the block alone to 1 would in general
/// not leave a correlation matrix.
///
/// # Errors
/// - [`Error::Input`] for a matrix that is not a correlation matrix (also the target's), for `t` outside [0, 1], for a
///   block that names a row twice, one that does not exist, or fewer than two.
/// - [`Error::Infeasible`] for a uniform correlation below `−1/(n − 1)`, which no matrix has, and for a block whose
///   average does not move.
///
/// # Source
/// Convexity of the elliptope; Rebonato and Jäckel (1999) for the aim.
///
/// # Examples
/// ```
/// use alluse_stress::{CorrelationTarget, Error, stress_correlation};
/// use ndarray::array;
///
/// let calm = array![[1.0, 0.2, 0.0], [0.2, 1.0, 0.4], [0.0, 0.4, 1.0]];
/// let crisis = stress_correlation(calm.view(), &CorrelationTarget::One, 0.5)?;
/// assert!((crisis.correlation[[0, 1]] - 0.6).abs() < 1e-15);
/// assert!(crisis.smallest_eigenvalue > 0.0);
/// // Three things cannot all move against each other.
/// let impossible = stress_correlation(calm.view(), &CorrelationTarget::Uniform(-1.0), 1.0);
/// assert!(matches!(impossible, Err(Error::Infeasible { .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn stress_correlation(
    correlation: ArrayView2<'_, f64>,
    target: &CorrelationTarget,
    strength: f64,
) -> Result<StressedCorrelation> {
    if !(0.0..=1.0).contains(&strength) {
        let expected = "in [0, 1]";
        return Err(CoreError::OutOfDomain { name: "strength", expected, value: strength }.into());
    }
    let start = valid(correlation)?;
    let end = target.matrix(start.view())?;
    let mut stressed = &start * (1.0 - strength) + &end * strength;
    stressed.diag_mut().fill(1.0);
    finished(stressed, start.view())
}

impl CorrelationTarget {
    fn matrix(&self, start: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let n = start.nrows();
        match self {
            Self::One => Ok(Array2::ones((n, n))),
            Self::Uniform(rho) => uniform(n, *rho),
            Self::Block(members) => block(start, members),
            Self::Matrix(rows) => {
                if let Some(row) = rows.iter().find(|row| row.len() != rows.len()) {
                    let (expected, got) = (rows.len(), row.len());
                    return Err(CoreError::LengthMismatch { name: "row of the target", expected, got }.into());
                }
                crate::factors::length("target correlation", n, rows.len())?;
                valid(Array2::from_shape_fn((n, n), |(i, j)| rows[i][j]).view())
            }
        }
    }
}

fn uniform(n: usize, rho: f64) -> Result<Array2<f64>> {
    if !(-1.0..=1.0).contains(&rho) {
        let expected = "in [-1, 1]";
        return Err(CoreError::OutOfDomain { name: "uniform correlation", expected, value: rho }.into());
    }
    // The eigenvalue of the equal portfolio is 1 + (n − 1)ρ.
    if 1.0 + (n as f64 - 1.0) * rho < -f64::EPSILON * n as f64 {
        return Err(Error::Infeasible {
            what: "uniform correlation",
            reason: format!(
                "{n} factors cannot all have correlation {rho}: the least possible is {}",
                -1.0 / (n as f64 - 1.0)
            ),
        });
    }
    let mut matrix = Array2::from_elem((n, n), rho);
    matrix.diag_mut().fill(1.0);
    Ok(matrix)
}

fn block(start: ArrayView2<'_, f64>, members: &[usize]) -> Result<Array2<f64>> {
    let n = start.nrows();
    let mut inside = vec![false; n];
    for (index, &member) in members.iter().enumerate() {
        if inside.get(member).copied() != Some(false) {
            let expected = "a row of the matrix, once";
            return Err(CoreError::ElementOutOfDomain { name: "block", index, expected, value: member as f64 }.into());
        }
        inside[member] = true;
    }
    if members.len() < 2 {
        let (required, available) = (2, members.len());
        return Err(CoreError::InsufficientData { name: "block", required, available }.into());
    }
    let average = Array1::from_shape_fn(n, |i| if inside[i] { 1.0 } else { 0.0 });
    let variance = average.dot(&start.dot(&average));
    if !(variance > ROUNDING) {
        let reason = "the members offset each other exactly, so their average does not move".to_owned();
        return Err(Error::Infeasible { what: "block correlation", reason });
    }
    let towards = start.dot(&average) / variance.sqrt();
    Ok(Array2::from_shape_fn((n, n), |(i, j)| match (inside[i], inside[j]) {
        (true, true) => 1.0,
        (true, false) => towards[j].clamp(-1.0, 1.0),
        (false, true) => towards[i].clamp(-1.0, 1.0),
        (false, false) => start[[i, j]],
    }))
}

/// Sets single correlations and moves the others as little as possible.
///
/// ```text
/// min ‖X − R‖_F    subject to  X positive semidefinite,  Xᵢᵢ = 1,  Xᵢⱼ = the given entries
/// ```
///
/// The eigenvalues are kept above 1e-9 where the entries allow it.
///
/// # Errors
/// - [`Error::Input`] for a matrix that is not a correlation matrix, without entries, for an entry on the diagonal,
///   outside the matrix, given twice, or not strictly inside (−1, 1); and when the iteration does not converge.
/// - [`Error::Infeasible`] when no correlation matrix has the entries. It comes with a proof: a positive semidefinite
///   matrix supported on the given entries whose inner product with them is negative.
///
/// # Source
/// Higham (2002), *Computing the nearest correlation matrix*, with fixed entries as in Borsdorf and Higham (2010).
///
/// # Examples
/// ```
/// use alluse_stress::fix_correlations;
/// use ndarray::array;
///
/// let calm = array![[1.0, 0.8, 0.8], [0.8, 1.0, 0.8], [0.8, 0.8, 1.0]];
/// let broken = fix_correlations(calm.view(), &[(0, 1, -0.5)])?;
/// assert_eq!(broken.correlation[[0, 1]], -0.5);
/// assert!(broken.correlation[[0, 2]] < 0.8 && broken.smallest_eigenvalue >= 0.0);
/// # Ok::<(), alluse_stress::Error>(())
/// ```
pub fn fix_correlations(
    correlation: ArrayView2<'_, f64>,
    entries: &[(usize, usize, f64)],
) -> Result<StressedCorrelation> {
    let start = valid(correlation)?;
    let n = start.nrows();
    if entries.is_empty() {
        return Err(CoreError::Empty { name: "fixed correlations" }.into());
    }
    let mut target = start.clone();
    let mut fixed = Array2::from_elem((n, n), false);
    for (index, &(i, j, value)) in entries.iter().enumerate() {
        let name = "fixed correlations";
        if i == j || i >= n || j >= n || fixed[[i, j]] {
            let expected = "off the diagonal, inside the matrix, and given once";
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value: j as f64 }.into());
        }
        if !(value > -1.0 && value < 1.0) {
            return Err(CoreError::ElementOutOfDomain { name, index, expected: "in (-1, 1)", value }.into());
        }
        for (a, b) in [(i, j), (j, i)] {
            target[[a, b]] = value;
            fixed[[a, b]] = true;
        }
    }
    fixed.diag_mut().fill(true);
    if proven_impossible(&target, &fixed)? {
        let reason = "no correlation matrix has these entries, whatever the others are".to_owned();
        return Err(Error::Infeasible { what: "fixed correlations", reason });
    }
    let held = || entries.iter().map(|&(i, j, _)| (i, j));
    let nearest = NearestCorrelation::default().with_fixed_entries(held());
    let inside = nearest.clone().with_min_eigenvalue(ROUNDING)?.solve(target.view());
    let solution = match inside {
        Ok(solution) => solution,
        // Entries that only singular matrices have.
        Err(CoreError::NotConverged { .. }) => nearest.solve(target.view())?,
        Err(other) => return Err(other.into()),
    };
    finished(solution.correlation, start.view())
}

/// Whether some positive semidefinite `Z` that is zero outside the fixed entries has `⟨Z, X⟩ < 0` for every `X` with
/// them, so that no such `X` is positive semidefinite.
///
/// Alternating projections end at the two nearest points of disjoint sets, and the step between them is such a `Z`.
fn proven_impossible(target: &Array2<f64>, fixed: &Array2<bool>) -> Result<bool> {
    const STEPS: usize = 300;
    let n = target.nrows() as f64;
    let mut current = target.clone();
    for _ in 0..STEPS {
        let eigen = symmetric_eigen(current.view())?;
        if eigen.values[0] >= 0.0 {
            return Ok(false);
        }
        let nearest = eigen.recompose(eigen.values.mapv(|v| v.max(0.0)).view())?;
        let mut witness = &nearest - &current;
        witness.zip_mut_with(fixed, |z, held| *z = if *held { *z } else { 0.0 });
        let lift = (-symmetric_eigenvalues(witness.view())?[0]).max(0.0);
        let product: f64 = witness.iter().zip(target).map(|(z, x)| z * x).sum::<f64>() + lift * n;
        let size: f64 = witness.iter().map(|z| z.abs()).sum();
        if product < -1e-9 * size {
            return Ok(true);
        }
        if size < 1e-9 {
            return Ok(false);
        }
        current = nearest;
        for ((place, held), value) in fixed.indexed_iter().zip(target) {
            if *held {
                current[place] = *value;
            }
        }
    }
    Ok(false)
}

/// A correlation matrix, exactly symmetric.
fn valid(correlation: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let ones = Array1::ones(correlation.nrows());
    if correlation.is_empty() {
        return Err(CoreError::Empty { name: "correlation" }.into());
    }
    let mut matrix = Covariance::from_correlation(ones.view(), correlation)?.into_matrix();
    matrix.mapv_inplace(|rho| rho.clamp(-1.0, 1.0));
    matrix.diag_mut().fill(1.0);
    let smallest_eigenvalue = symmetric_eigenvalues(matrix.view())?[0];
    if smallest_eigenvalue < -ROUNDING {
        return Err(CoreError::NotPositiveSemidefinite { name: "correlation", smallest_eigenvalue }.into());
    }
    Ok(matrix)
}

fn finished(correlation: Array2<f64>, start: ArrayView2<'_, f64>) -> Result<StressedCorrelation> {
    let smallest_eigenvalue = symmetric_eigenvalues(correlation.view())?[0];
    if smallest_eigenvalue < -ROUNDING {
        return Err(CoreError::NotPositiveSemidefinite { name: "stressed correlation", smallest_eigenvalue }.into());
    }
    let distance = (&correlation - &start).mapv(|v| v * v).sum().sqrt();
    Ok(StressedCorrelation { correlation, smallest_eigenvalue, distance })
}

impl FactorModel {
    /// The block target of factors given by name.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`].
    pub fn block(&self, members: &[Factor]) -> Result<CorrelationTarget> {
        Ok(CorrelationTarget::Block(members.iter().map(|factor| self.place(factor)).collect::<Result<_>>()?))
    }

    /// With its correlations drawn part of the way to a target; volatilities stay.
    ///
    /// # Errors
    /// As [`stress_correlation`], and [`Error::Input`] when a factor does not move at all.
    pub fn with_correlation_toward(self, target: &CorrelationTarget, strength: f64) -> Result<Self> {
        let stressed = stress_correlation(self.covariance().correlation()?.view(), target, strength)?;
        self.with_correlation(&stressed)
    }

    /// With single correlations set and the others moved as little as possible; volatilities stay.
    ///
    /// # Errors
    /// As [`fix_correlations`]; [`Error::UnknownFactor`]; [`Error::Input`] when a factor does not move at all.
    pub fn with_fixed_correlations(self, entries: &[(Factor, Factor, f64)]) -> Result<Self> {
        let places: Vec<(usize, usize, f64)> =
            entries.iter().map(|(a, b, value)| Ok((self.place(a)?, self.place(b)?, *value))).collect::<Result<_>>()?;
        let stressed = fix_correlations(self.covariance().correlation()?.view(), &places)?;
        self.with_correlation(&stressed)
    }

    /// With other correlations; volatilities stay.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one row a factor.
    pub fn with_correlation(self, stressed: &StressedCorrelation) -> Result<Self> {
        let volatilities = self.volatilities();
        let covariance = Covariance::from_correlation(volatilities.view(), stressed.correlation.view())?;
        self.with_covariance(covariance)
    }

    /// With the volatilities of some factors multiplied; correlations stay.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`]; [`Error::Input`] for a factor given twice and for a multiple that is negative or not
    /// finite.
    pub fn with_volatility_multiples(self, multiples: &[(Factor, f64)]) -> Result<Self> {
        let mut scale = Array1::ones(self.factors().len());
        for (index, (place, value)) in self.places("volatility multiples", multiples)?.into_iter().enumerate() {
            if !(value >= 0.0 && value.is_finite()) {
                let (name, expected) = ("volatility multiples", "finite and not negative");
                return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
            }
            scale[place] = value;
        }
        let sigma = self.covariance().view();
        let scaled = Array2::from_shape_fn(sigma.dim(), |(i, j)| sigma[[i, j]] * (scale[i.max(j)] * scale[i.min(j)]));
        self.with_covariance(Covariance::new(scaled)?)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::factors::tests::{spot, spots};

    fn calm() -> Array2<f64> {
        array![[1.0, 0.5, 0.1, -0.2], [0.5, 1.0, 0.3, 0.0], [0.1, 0.3, 1.0, 0.4], [-0.2, 0.0, 0.4, 1.0]]
    }

    #[test]
    fn the_path_is_straight() {
        let half = stress_correlation(calm().view(), &CorrelationTarget::One, 0.25).unwrap();
        assert!((half.correlation[[0, 3]] - 0.1).abs() < 1e-15); // −0.2 + 0.25 · 1.2
        assert!((half.correlation[[0, 1]] - 0.625).abs() < 1e-15);
        // Every entry moves by t(1 − ρ): the norm by hand from the six pairs.
        let gaps = [0.5, 0.9, 1.2, 0.7, 1.0, 0.6_f64];
        let want = 0.25 * (2.0 * gaps.iter().map(|g| g * g).sum::<f64>()).sqrt();
        assert!((half.distance - want).abs() < 1e-14);
        let none = stress_correlation(calm().view(), &CorrelationTarget::One, 0.0).unwrap();
        assert_eq!((none.correlation, none.distance), (calm(), 0.0));
        let all = stress_correlation(calm().view(), &CorrelationTarget::One, 1.0).unwrap();
        assert!(all.correlation.iter().all(|v| *v == 1.0) && all.smallest_eigenvalue.abs() < 1e-14);
        let rows: Vec<Vec<f64>> = Array2::<f64>::eye(4).rows().into_iter().map(|r| r.to_vec()).collect();
        let apart = stress_correlation(calm().view(), &CorrelationTarget::Matrix(rows), 0.5).unwrap();
        assert!((apart.correlation[[0, 3]] + 0.1).abs() < 1e-15);
        // NumPy 2.4.6: numpy.linalg.eigvalsh of half the matrix plus half the identity.
        assert!((apart.smallest_eigenvalue - HALF_SMALLEST).abs() < 1e-14, "{}", apart.smallest_eigenvalue);
    }

    const HALF_SMALLEST: f64 = 0.728_248_661_719_389_6;

    #[test]
    fn a_block_moves_as_its_average() {
        let stressed = stress_correlation(calm().view(), &CorrelationTarget::Block(vec![1, 0]), 1.0).unwrap();
        let r = &stressed.correlation;
        assert!((r[[0, 1]] - 1.0).abs() < 1e-15);
        // The average of z₀ and z₁ has variance (1 + 1 + 2·0.5) = 3 before division.
        for row in [0, 1] {
            assert!((r[[row, 2]] - 0.4 / 3.0_f64.sqrt()).abs() < 1e-15);
            assert!((r[[row, 3]] + 0.2 / 3.0_f64.sqrt()).abs() < 1e-15);
        }
        assert_eq!(r[[2, 3]], 0.4);
        let part = stress_correlation(calm().view(), &CorrelationTarget::Block(vec![0, 1]), 0.4).unwrap();
        assert!((part.correlation[[0, 1]] - 0.7).abs() < 1e-15);
        assert!(part.smallest_eigenvalue > 0.0);
        let hedged = array![[1.0, -1.0], [-1.0, 1.0]];
        let refused = stress_correlation(hedged.view(), &CorrelationTarget::Block(vec![0, 1]), 0.5);
        assert!(matches!(refused, Err(Error::Infeasible { .. })));
    }

    #[test]
    fn minus_one_is_possible_for_two_only() {
        let pair = array![[1.0, 0.3], [0.3, 1.0]];
        let opposite = stress_correlation(pair.view(), &CorrelationTarget::Uniform(-1.0), 1.0).unwrap();
        assert_eq!(opposite.correlation[[0, 1]], -1.0);
        let three = array![[1.0, 0.3, 0.0], [0.3, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let edge = stress_correlation(three.view(), &CorrelationTarget::Uniform(-0.5), 1.0).unwrap();
        assert!(edge.smallest_eigenvalue.abs() < 1e-15);
        for rho in [-1.0, -0.501] {
            let refused = stress_correlation(three.view(), &CorrelationTarget::Uniform(rho), 0.1);
            assert!(matches!(refused, Err(Error::Infeasible { .. })), "{rho}");
        }
    }

    #[test]
    fn fixed_entries_of_other_software() {
        let got = fix_correlations(calm().view(), &[(0, 2, 0.95), (3, 0, 0.6)]).unwrap();
        assert_eq!((got.correlation[[0, 2]], got.correlation[[0, 3]]), (0.95, 0.6));
        // SciPy 1.17.1: minimize (SLSQP) over the free entries with the smallest eigenvalue at least 0; it is good to
        // six digits here.
        let (r01, r12, r13, r23) =
            (got.correlation[[0, 1]], got.correlation[[1, 2]], got.correlation[[1, 3]], got.correlation[[2, 3]]);
        for (got, want) in [r01, r12, r13, r23].iter().zip(FIXED) {
            assert!((got - want).abs() < 2e-6, "{got} {want}");
        }
        assert!(got.smallest_eigenvalue >= 0.0 && got.smallest_eigenvalue < 1e-8);
        // An entry that leaves the matrix valid moves nothing else.
        let free = fix_correlations(calm().view(), &[(0, 1, 0.4)]).unwrap();
        assert!((free.distance - 0.1 * 2.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(free.correlation[[2, 3]], 0.4);
    }

    const FIXED: [f64; 4] = [0.477_284_64, 0.317_211_77, 0.006_357_92, 0.420_487_01];

    #[test]
    fn impossible_entries_are_proven_to_be() {
        let triangle = [(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)];
        assert!(matches!(fix_correlations(calm().view(), &triangle), Err(Error::Infeasible { .. })));
        // A cycle whose every triangle has a free side: only the angles all around show it.
        let cycle = [(0, 1, 0.9), (1, 2, 0.9), (2, 3, 0.9), (3, 0, -0.9)];
        assert!(matches!(fix_correlations(calm().view(), &cycle), Err(Error::Infeasible { .. })));
        // arccos(0.8) three times is 110.6°, so −0.35 can still be reached and −0.36 cannot.
        let path = |last| [(0, 1, 0.8), (1, 2, 0.8), (2, 3, 0.8), (3, 0, last)];
        assert!(fix_correlations(calm().view(), &path(-0.34)).is_ok());
        assert!(matches!(fix_correlations(calm().view(), &path(-0.37)), Err(Error::Infeasible { .. })));
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let one = &CorrelationTarget::One;
        let stress = |target: &CorrelationTarget, t| stress_correlation(calm().view(), target, t).unwrap_err();
        for t in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(stress(one, t), Error::Input(CoreError::OutOfDomain { .. })), "{t}");
        }
        let not_psd = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        assert!(matches!(
            stress_correlation(not_psd.view(), one, 0.5),
            Err(Error::Input(CoreError::NotPositiveSemidefinite { .. }))
        ));
        for bad in
            [array![[1.0, 0.2], [0.3, 1.0]], array![[1.0, f64::NAN], [f64::NAN, 1.0]], array![[2.0, 0.0], [0.0, 1.0]]]
        {
            assert!(stress_correlation(bad.view(), one, 0.5).is_err());
        }
        assert!(matches!(
            stress_correlation(Array2::zeros((0, 0)).view(), one, 0.5),
            Err(Error::Input(CoreError::Empty { .. }))
        ));
        let block = |members: &[usize]| stress(&CorrelationTarget::Block(members.to_vec()), 0.5);
        assert!(matches!(block(&[0, 0]), Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })));
        assert!(matches!(block(&[0, 4]), Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })));
        assert!(matches!(block(&[2]), Error::Input(CoreError::InsufficientData { .. })));
        for rho in [1.5, f64::NAN] {
            assert!(matches!(
                stress(&CorrelationTarget::Uniform(rho), 0.5),
                Error::Input(CoreError::OutOfDomain { .. })
            ));
        }
        let ragged = CorrelationTarget::Matrix(vec![vec![1.0, 0.0], vec![0.0]]);
        assert!(matches!(stress(&ragged, 0.5), Error::Input(CoreError::LengthMismatch { .. })));
        let small = CorrelationTarget::Matrix(vec![vec![1.0]]);
        assert!(matches!(stress(&small, 0.5), Error::Input(CoreError::LengthMismatch { .. })));
        assert!(matches!(fix_correlations(calm().view(), &[]), Err(Error::Input(CoreError::Empty { .. }))));
        for entry in [(0, 0, 0.5), (4, 0, 0.5), (0, 4, 0.5), (0, 1, 1.0), (0, 1, -1.0), (0, 1, f64::NAN)] {
            assert!(fix_correlations(calm().view(), &[entry]).is_err(), "{entry:?}");
        }
        assert!(fix_correlations(calm().view(), &[(0, 1, 0.5), (1, 0, 0.5)]).is_err());
    }

    #[test]
    fn models_keep_their_volatilities() {
        let model = spots(&["A", "B"], array![[4e-4, 1e-4], [1e-4, 1e-4]]);
        let one = model.clone().with_correlation_toward(&CorrelationTarget::One, 1.0).unwrap();
        assert!((one.covariance().view()[[0, 1]] - 2e-4).abs() < 1e-18);
        let fixed = model.clone().with_fixed_correlations(&[(spot("A"), spot("B"), -0.25)]).unwrap();
        assert!((fixed.covariance().view()[[0, 1]] + 5e-5).abs() < 1e-18);
        assert!((fixed.volatilities()[0] - 0.02).abs() < 1e-15);
        let wild = model.clone().with_volatility_multiples(&[(spot("B"), 3.0)]).unwrap();
        assert!((wild.covariance().view()[[0, 1]] - 3e-4).abs() < 1e-18);
        assert!((wild.covariance().view()[[1, 1]] - 9e-4).abs() < 1e-18);
        assert!((wild.covariance().view()[[0, 0]] - 4e-4).abs() < 1e-18);
        assert!(model.clone().with_volatility_multiples(&[(spot("B"), -1.0)]).is_err());
        assert!(model.clone().with_volatility_multiples(&[(spot("C"), 1.0)]).is_err());
        assert_eq!(model.block(&[spot("B"), spot("A")]).unwrap(), CorrelationTarget::Block(vec![1, 0]));
        assert!(model.block(&[spot("C")]).is_err());
        let stressed = stress_correlation(calm().view(), &CorrelationTarget::One, 0.5).unwrap();
        assert!(model.with_correlation(&stressed).is_err());
        let text = serde_json::to_string(&stressed).unwrap();
        assert_eq!(serde_json::from_str::<StressedCorrelation>(&text).unwrap(), stressed);
    }

    proptest! {
        #[test]
        fn every_path_stays_inside(loads in prop::collection::vec(-1.0..1.0_f64, 20), t in 0.0..1.0_f64, rho in -0.24..1.0_f64) {
            // Five factors from four common ones and some noise of their own.
            let loads = Array2::from_shape_vec((5, 4), loads).unwrap();
            let mut sigma = loads.dot(&loads.t());
            sigma.diag_mut().mapv_inplace(|v| v + 0.1);
            let start = Covariance::new(sigma).unwrap().correlation().unwrap();
            for target in [CorrelationTarget::One, CorrelationTarget::Uniform(rho), CorrelationTarget::Block(vec![0, 2, 3])] {
                let stressed = stress_correlation(start.view(), &target, t).unwrap();
                prop_assert!(stressed.smallest_eigenvalue >= -1e-12);
            }
            let first = stress_correlation(start.view(), &CorrelationTarget::Block(vec![0, 2, 3]), t).unwrap();
            let rho = start[[0, 2]];
            prop_assert!((first.correlation[[0, 2]] - (rho + t * (1.0 - rho))).abs() < 1e-14);
        }

        /// The nearest matrix is no farther than any other with the entries, such as one found by shrinking.
        #[test]
        fn one_fixed_entry_can_always_be_had(loads in prop::collection::vec(-1.0..1.0_f64, 12), rho in -0.95..0.95_f64) {
            let loads = Array2::from_shape_vec((4, 3), loads).unwrap();
            let mut sigma = loads.dot(&loads.t());
            sigma.diag_mut().mapv_inplace(|v| v + 0.05);
            let start = Covariance::new(sigma).unwrap().correlation().unwrap();
            let got = fix_correlations(start.view(), &[(0, 1, rho)]).unwrap();
            prop_assert!((got.correlation[[0, 1]] - rho).abs() < 1e-15);
            prop_assert!(got.smallest_eigenvalue >= -1e-10);
            // Factors 0 and 1 on their own, the others as they are: a correlation matrix with the entry.
            let mut other = start.clone();
            for i in 2..4 {
                for j in 0..2 {
                    other[[i, j]] = 0.0;
                    other[[j, i]] = 0.0;
                }
            }
            other[[0, 1]] = rho;
            other[[1, 0]] = rho;
            let farther = (&other - &start).mapv(|v| v * v).sum().sqrt();
            prop_assert!(got.distance <= farther + 1e-7);
        }
    }
}
