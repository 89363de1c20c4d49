//! One suite for whichever backend is compiled, and a comparison of the two when both are.

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::{Error, ErrorKind};

/// Second differences: eigenvalues `2 − 2 cos(kπ/(n+1))`, vectors `sin(jkπ/(n+1))`.
fn second_differences(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    })
}

fn hilbert(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| 1.0 / (i + j + 1) as f64)
}

fn largest_difference(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).fold(0.0, |worst, (x, y)| worst.max((x - y).abs()))
}

#[test]
fn eigen_of_second_differences() {
    // 40 is below and 200 above the size at which the pure Rust backend changes its method.
    for n in [1, 2, 5, 40, 200] {
        let eigen = symmetric_eigen(second_differences(n).view()).unwrap();
        let values = symmetric_eigenvalues(second_differences(n).view()).unwrap();
        let step = std::f64::consts::PI / (n + 1) as f64;
        for k in 0..n {
            let want = 2.0 - 2.0 * ((k + 1) as f64 * step).cos();
            close(eigen.values[k], want, 1e-13);
            close(values[k], want, 1e-13);
            let wave = Array1::from_shape_fn(n, |j| ((j + 1) as f64 * (k + 1) as f64 * step).sin());
            let along = wave.dot(&eigen.vectors.column(k)).abs() / wave.dot(&wave).sqrt();
            close(along, 1.0, 1e-10);
        }
    }
}

#[test]
fn signs_of_eigenvectors_are_fixed() {
    let eigen = symmetric_eigen(array![[2.0, -1.0], [-1.0, 2.0]].view()).unwrap();
    let half = 0.5_f64.sqrt();
    // The entries of both vectors tie, so the first decides.
    for (got, want) in eigen.vectors.iter().zip([half, half, half, -half]) {
        close(*got, want, 1e-15);
    }
    let eigen = symmetric_eigen(array![[1.0, 2.0], [2.0, -5.0]].view()).unwrap();
    assert!(eigen.vectors[[1, 0]] > 0.9 && eigen.vectors[[0, 0]] < 0.0);
}

#[test]
fn eigen_survives_extreme_scales() {
    for scale in [1e-300, 1e-160, 1e160, 1e300] {
        let eigen = symmetric_eigen((second_differences(3) * scale).view()).unwrap();
        close(eigen.values[1] / scale, 2.0, 1e-14);
        close(eigen.values[0] / scale, 2.0 - 2.0_f64.sqrt(), 1e-14);
    }
    let zero = symmetric_eigen(Array2::zeros((3, 3)).view()).unwrap();
    assert_eq!(zero.values, Array1::<f64>::zeros(3));
}

#[test]
fn cholesky_of_hilbert_has_the_known_determinant_and_inverse() {
    let factor = cholesky(hilbert(5).view()).unwrap();
    // det H₅ = 1/266716800000; the inverse is a matrix of integers (Choi 1983).
    close(factor.log_determinant(), -(266_716_800_000.0_f64.ln()), 1e-12);
    let inverse = factor.inverse().unwrap();
    for ((row, column), want) in [((0, 0), 25.0), ((0, 4), 630.0), ((4, 4), 44_100.0), ((2, 3), -117_600.0)] {
        // The condition number is 5e5.
        assert!((inverse[[row, column]] / want - 1.0).abs() < 1e-9, "({row}, {column})");
    }
    assert_eq!(inverse, inverse.t());
    assert_eq!(factor.lower()[[0, 4]], 0.0);
}

#[test]
fn the_failing_pivot_is_named() {
    let n = 150;
    for bad in [0, 1, 70, 149] {
        let mut matrix = second_differences(n);
        matrix[[bad, bad]] = -1.0;
        assert_eq!(cholesky(matrix.view()), Err(Error::NotPositiveDefinite { name: "matrix", pivot: bad }));
    }
}

#[test]
fn rounding_is_no_pivot() {
    let x = Array2::from_shape_fn((3, 3), |(i, j)| [[0.1, 0.2, 0.3], [0.7, 0.1, 0.8], [0.3, 0.6, 0.9]][i][j]);
    let singular = gram(x.view()).unwrap(); // column 2 = column 0 + column 1
    assert_eq!(cholesky(singular.view()), Err(Error::NotPositiveDefinite { name: "matrix", pivot: 2 }));
    assert!(cholesky(hilbert(10).view()).is_ok()); // condition number 1.6e13, still definite
}

#[test]
fn solvers_agree_with_a_known_solution() {
    let n = 70;
    let (a, x) = (second_differences(n), Array1::from_shape_fn(n, |i| (i as f64 - 20.0) / 7.0));
    let b = a.dot(&x);
    let direct = solve_positive_definite(a.view(), b.view()).unwrap();
    let semidefinite = solve_semidefinite(a.view(), b.view()).unwrap();
    assert_eq!(semidefinite.rank, n);
    for i in 0..n {
        close(direct[i], x[i], 1e-11);
        close(semidefinite.solution[i], x[i], 1e-11);
    }
    let two = Array2::from_shape_fn((n, 2), |(i, j)| b[i] * (j + 1) as f64);
    let solved = cholesky(a.view()).unwrap().solve_matrix(two.view()).unwrap();
    close(solved[[33, 1]], 2.0 * x[33], 1e-11);
}

#[test]
fn whitening_gives_the_mahalanobis_distance() {
    let factor = cholesky(array![[4.0, 2.0], [2.0, 5.0]].view()).unwrap();
    let z = factor.solve_lower(array![[1.0], [2.0]].view()).unwrap();
    // (1, 2) A⁻¹ (1, 2)' = (5·1 − 2·2·2 + 4·4)/16
    close(z[[0, 0]].powi(2) + z[[1, 0]].powi(2), 13.0 / 16.0, 1e-15);
}

#[test]
fn semidefinite_solution_is_the_shortest() {
    // The ones vector spans the null space; of all solutions the one with mean 0 is shortest.
    let a = array![[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]];
    let got = solve_semidefinite(a.view(), array![3.0, -3.0, 0.0].view()).unwrap();
    assert_eq!(got.rank, 2);
    for (x, want) in got.solution.iter().zip([1.0, -1.0, 0.0]) {
        close(*x, want, 1e-14);
    }
    let unreachable = solve_semidefinite(a.view(), array![1.0, 0.0, 0.0].view());
    assert_eq!(unreachable, Err(Error::Singular { name: "matrix" }));
    let indefinite = solve_semidefinite(array![[0.0, 1.0], [1.0, 0.0]].view(), array![1.0, 1.0].view());
    let Err(Error::NotPositiveSemidefinite { smallest_eigenvalue, .. }) = indefinite else { panic!("{indefinite:?}") };
    close(smallest_eigenvalue, -1.0, 1e-15);
}

/// Longley (1967): total employment on a constant and six collinear regressors.
#[rustfmt::skip]
const LONGLEY: [[f64; 7]; 16] = [
    [60323.0, 83.0, 234289.0, 2356.0, 1590.0, 107608.0, 1947.0],
    [61122.0, 88.5, 259426.0, 2325.0, 1456.0, 108632.0, 1948.0],
    [60171.0, 88.2, 258054.0, 3682.0, 1616.0, 109773.0, 1949.0],
    [61187.0, 89.5, 284599.0, 3351.0, 1650.0, 110929.0, 1950.0],
    [63221.0, 96.2, 328975.0, 2099.0, 3099.0, 112075.0, 1951.0],
    [63639.0, 98.1, 346999.0, 1932.0, 3594.0, 113270.0, 1952.0],
    [64989.0, 99.0, 365385.0, 1870.0, 3547.0, 115094.0, 1953.0],
    [63761.0, 100.0, 363112.0, 3578.0, 3350.0, 116219.0, 1954.0],
    [66019.0, 101.2, 397469.0, 2904.0, 3048.0, 117388.0, 1955.0],
    [67857.0, 104.6, 419180.0, 2822.0, 2857.0, 118734.0, 1956.0],
    [68169.0, 108.4, 442769.0, 2936.0, 2798.0, 120445.0, 1957.0],
    [66513.0, 110.8, 444546.0, 4681.0, 2637.0, 121950.0, 1958.0],
    [68655.0, 112.6, 482704.0, 3813.0, 2552.0, 123366.0, 1959.0],
    [69564.0, 114.2, 502601.0, 3931.0, 2514.0, 125368.0, 1960.0],
    [69331.0, 115.7, 518173.0, 4806.0, 2572.0, 127852.0, 1961.0],
    [70551.0, 116.9, 554894.0, 4007.0, 2827.0, 130081.0, 1962.0],
];

#[test]
fn longley_meets_its_certified_values() {
    let x = Array2::from_shape_fn((16, 7), |(i, j)| if j == 0 { 1.0 } else { LONGLEY[i][j] });
    let y = Array1::from_shape_fn(16, |i| LONGLEY[i][0]);
    let fit = least_squares(x.view(), y.view()).unwrap();
    // NIST StRD, data set Longley: estimates, standard deviations, residual standard deviation.
    #[rustfmt::skip]
    let certified = [
        (-3_482_258.634_595_82, 890_420.383_607_373), (15.061_872_271_373_3, 84.914_925_774_766_9),
        (-0.035_819_179_292_591, 0.033_491_007_772_243_2), (-2.020_229_803_816_83, 0.488_399_681_651_699),
        (-1.033_226_867_173_59, 0.214_274_163_161_675), (-0.051_104_105_653_580_7, 0.226_073_200_069_370),
        (1_829.151_464_613_55, 455.478_499_142_212),
    ];
    let variance = fit.residual_sum_of_squares() / 9.0;
    assert!((variance.sqrt() / 304.854_073_561_965 - 1.0).abs() < 1e-9);
    let inverse = fit.inverse_gram().unwrap();
    for (k, (estimate, deviation)) in certified.into_iter().enumerate() {
        // Condition number 5e9 before scaling: 8 digits are what the problem leaves.
        assert!((fit.coefficients()[k] / estimate - 1.0).abs() < 1e-8, "coefficient {k}");
        assert!(((variance * inverse[[k, k]]).sqrt() / deviation - 1.0).abs() < 1e-8, "deviation {k}");
    }
}

#[test]
fn dependent_regressors_are_refused() {
    let y = array![1.0, 2.0, 4.0, 8.0];
    let zero = array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]];
    let twice = array![[1.0, 3.0], [2.0, 6.0], [3.0, 9.0], [5.0, 15.0]];
    let tenths = array![[0.1, 0.2, 0.3], [0.7, 0.1, 0.8], [0.3, 0.6, 0.9], [0.2, 0.9, 1.1]];
    let tiny = &tenths * 1e-170;
    for x in [zero.view(), twice.view(), tenths.view(), tiny.view()] {
        assert_eq!(least_squares(x, y.view()), Err(Error::Singular { name: "regressors" }), "{x}");
    }
    let close_by = array![[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0 + 1e-12]];
    assert!(least_squares(close_by.view(), y.view()).is_ok());
}

#[test]
fn products_of_odd_shapes_and_strides() {
    let a = Array2::from_shape_fn((3, 5), |(i, j)| (i * 5 + j) as f64);
    let b = Array2::from_shape_fn((5, 1), |(i, _)| i as f64 - 2.0);
    assert_eq!(matmul(a.view(), b.view()).unwrap(), array![[10.0], [10.0], [10.0]]);
    assert_eq!(gram(a.t()).unwrap(), array![[30.0, 80.0, 130.0], [80.0, 255.0, 430.0], [130.0, 430.0, 730.0]]);
    assert_eq!(gram(b.view()).unwrap(), array![[10.0]]);
    assert_eq!(gram(b.t()).unwrap().dim(), (5, 5));
    // A step of −2 leaves columns 4, 2 and 0.
    let back = a.slice_axis(ndarray::Axis(1), ndarray::Slice::new(0, None, -2));
    assert_eq!(matmul(back, array![[1.0], [0.0], [0.0]].view()).unwrap(), array![[4.0], [9.0], [14.0]]);
    assert_eq!(gram(back).unwrap()[[0, 2]], 4.0 * 0.0 + 9.0 * 5.0 + 14.0 * 10.0);
}

#[test]
fn hostile_inputs() {
    let bad = |error: Error| error.kind() == ErrorKind::InvalidInput;
    let empty = Array2::<f64>::zeros((0, 0));
    let wide = Array2::<f64>::zeros((2, 3));
    let nan = array![[1.0, f64::NAN], [f64::NAN, 1.0]];
    let lopsided = array![[1.0, 0.5], [0.4, 1.0]];
    for matrix in [&empty, &wide, &nan, &lopsided] {
        assert!(bad(cholesky(matrix.view()).unwrap_err()));
        assert!(bad(symmetric_eigen(matrix.view()).unwrap_err()));
        assert!(bad(symmetric_eigenvalues(matrix.view()).unwrap_err()));
        assert!(bad(solve_semidefinite(matrix.view(), array![1.0, 1.0].view()).unwrap_err()));
    }
    let eye = Array2::<f64>::eye(2);
    let factor = cholesky(eye.view()).unwrap();
    assert!(matches!(factor.solve(array![1.0].view()), Err(Error::LengthMismatch { expected: 2, got: 1, .. })));
    assert!(matches!(factor.solve(array![1.0, f64::INFINITY].view()), Err(Error::ElementOutOfDomain { .. })));
    assert!(matches!(factor.solve_matrix(wide.t()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(factor.solve_lower(wide.t()), Err(Error::LengthMismatch { .. })));
    let stiff = cholesky(array![[1e-300]].view()).unwrap();
    assert_eq!(stiff.solve(array![1e300].view()), Err(Error::Singular { name: "matrix" }));
    assert!(matches!(solve_semidefinite(eye.view(), array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(matmul(eye.view(), wide.t()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(matmul(eye.view(), nan.view()), Err(Error::EntryOutOfDomain { name: "right factor", .. })));
    assert!(matches!(gram(array![[1e200]].view()), Err(Error::EntryOutOfDomain { name: "product", .. })));
    assert!(matches!(gram(empty.view()), Err(Error::Empty { .. })));
    assert!(matches!(
        least_squares(wide.view(), array![1.0, 2.0].view()),
        Err(Error::InsufficientData { required: 3, available: 2, .. })
    ));
    assert!(matches!(least_squares(eye.view(), array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(least_squares(nan.view(), array![1.0, 1.0].view()), Err(Error::EntryOutOfDomain { .. })));
    let eigen = symmetric_eigen(eye.view()).unwrap();
    assert!(matches!(eigen.recompose(array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(eigen.recompose(array![1.0, f64::NAN].view()), Err(Error::ElementOutOfDomain { .. })));
}

#[test]
fn failures_keep_their_names() {
    assert_eq!(
        Failure::NoConvergence.named("m", 4),
        Error::NotConverged { name: "m", iterations: 120, residual: f64::INFINITY }
    );
    assert_eq!(Failure::TooLarge.named("m", 4).kind(), ErrorKind::Unsupported);
}

#[test]
fn same_input_same_bytes() {
    let x = Array2::from_shape_fn((300, 80), |(i, j)| ((i * 37 + j * 91) % 101) as f64 / 7.0 - 5.0);
    let first = (gram(x.view()).unwrap(), symmetric_eigen(gram(x.view()).unwrap().view()).unwrap());
    for _ in 0..3 {
        assert_eq!(first, (gram(x.view()).unwrap(), symmetric_eigen(gram(x.view()).unwrap().view()).unwrap()));
    }
}

fn matrices(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> impl Strategy<Value = Array2<f64>> {
    (rows, columns).prop_flat_map(|(m, n)| {
        prop::collection::vec(-10.0..10.0_f64, m * n)
            .prop_map(move |data| Array2::from_shape_vec((m, n), data).unwrap())
    })
}

proptest! {
    #[test]
    fn cholesky_multiplies_back(x in matrices(1..12, 1..12)) {
        let mut a = gram(x.view()).unwrap();
        a.diag_mut().mapv_inplace(|v| v + 1.0);
        let factor = cholesky(a.view()).unwrap();
        let back = factor.lower().dot(&factor.lower().t());
        prop_assert!(largest_difference(&back, &a) <= 1e-11 * a[[0, 0]].max(1000.0));
        prop_assert!(factor.lower().diag().iter().all(|v| *v > 0.0));
    }

    #[test]
    fn eigen_multiplies_back(x in matrices(1..12, 1..12)) {
        let a = gram(x.view()).unwrap();
        let eigen = symmetric_eigen(a.view()).unwrap();
        let back = eigen.recompose(eigen.values.view()).unwrap();
        prop_assert!(largest_difference(&back, &a) <= 1e-11 * 1200.0);
        let orthonormal = gram(eigen.vectors.view()).unwrap();
        prop_assert!(largest_difference(&orthonormal, &Array2::eye(a.nrows())) <= 1e-13);
        prop_assert!(eigen.values.iter().zip(eigen.values.iter().skip(1)).all(|(a, b)| a <= b));
    }

    #[test]
    fn residuals_are_orthogonal_to_the_regressors(x in matrices(12..20, 1..8), seed in prop::collection::vec(-9.0..9.0_f64, 20)) {
        let y = Array1::from_vec(seed[..x.nrows()].to_vec());
        let fit = least_squares(x.view(), y.view()).unwrap();
        // Random regressors of this shape have condition numbers far below 1e5.
        prop_assert!(x.t().dot(&fit.residuals()).iter().all(|v| v.abs() < 1e-9));
    }

    #[test]
    fn products_match_the_plain_sum(a in matrices(1..9, 4..5), b in matrices(4..5, 1..9)) {
        let product = matmul(a.view(), b.view()).unwrap();
        for ((i, j), got) in product.indexed_iter() {
            let want: f64 = (0..4).map(|k| a[[i, k]] * b[[k, j]]).sum();
            prop_assert!((got - want).abs() < 1e-12);
        }
        let squares = gram(b.view()).unwrap();
        prop_assert!(largest_difference(&squares, &matmul(b.t(), b.view()).unwrap()) < 1e-12);
        prop_assert_eq!(&squares, &squares.t());
    }
}

/// Two roads: pure Rust against LAPACK.
#[cfg(all(feature = "linalg", feature = "lapack"))]
mod both {
    use super::super::{faer, lapack};
    use super::*;

    fn sample(m: usize, n: usize) -> Array2<f64> {
        Array2::from_shape_fn((m, n), |(i, j)| ((i * i * 31 + j * 57 + i * j * 13) % 211) as f64 / 50.0 - 2.0)
    }

    #[test]
    fn products_and_factors_agree() {
        for n in [1, 2, 17, 130] {
            let x = sample(n + 30, n);
            let mut pure = super::super::products::mirrored(faer::gram_lower(x.view()).unwrap());
            let other = super::super::products::mirrored(lapack::gram_lower(x.view()).unwrap());
            assert!(largest_difference(&pure, &other) < 1e-11);
            let product = faer::matmul(x.view(), pure.view()).unwrap();
            assert!(largest_difference(&product, &lapack::matmul(x.view(), pure.view()).unwrap()) < 1e-8);

            pure.diag_mut().mapv_inplace(|v| v + 1.0);
            let lower = faer::cholesky(pure.view()).unwrap();
            assert!(largest_difference(&lower, &lapack::cholesky(pure.view()).unwrap()) < 1e-11);
            let correlated = faer::times_lower_transposed(x.view(), lower.view()).unwrap();
            let plain = lapack::times_lower_transposed(x.view(), lower.view()).unwrap();
            assert!(largest_difference(&correlated, &plain) < 1e-8);

            let b = sample(n, 3);
            for (ours, theirs) in [
                (faer::solve_lower(lower.view(), b.clone()), lapack::solve_lower(lower.view(), b.clone())),
                (
                    faer::solve_lower_transposed(lower.view(), b.clone()),
                    lapack::solve_lower_transposed(lower.view(), b.clone()),
                ),
            ] {
                assert!(largest_difference(&ours.unwrap(), &theirs.unwrap()) < 1e-11);
            }

            let (ours, _) = faer::symmetric_eigen(pure.view(), true).unwrap();
            let (theirs, _) = lapack::symmetric_eigen(pure.view(), true).unwrap();
            let (ours_only, _) = faer::symmetric_eigen(pure.view(), false).unwrap();
            for k in 0..n {
                close(ours[k] / theirs[n - 1], theirs[k] / theirs[n - 1], 1e-13);
                close(ours_only[k] / theirs[n - 1], theirs[k] / theirs[n - 1], 1e-13);
            }
        }
    }

    #[test]
    fn orthogonal_factors_agree_up_to_sign() {
        let x = sample(60, 9);
        let ((q, r), (q2, r2)) = (faer::qr(x.view()).unwrap(), lapack::qr(x.view()).unwrap());
        assert_eq!((q.dim(), r.dim()), (q2.dim(), r2.dim()));
        assert!(largest_difference(&r.mapv(f64::abs), &r2.mapv(f64::abs)) < 1e-12);
        assert!(largest_difference(&q.mapv(f64::abs), &q2.mapv(f64::abs)) < 1e-12);
    }

    #[test]
    fn failures_agree() {
        let mut matrix = second_differences(90);
        matrix[[40, 40]] = 0.0;
        assert_eq!(faer::cholesky(matrix.view()), Err(Failure::Pivot(40)));
        assert_eq!(lapack::cholesky(matrix.view()), Err(Failure::Pivot(40)));
    }
}

#[test]
fn a_vector_is_a_matrix_of_one_column() {
    let a = Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f64 - 11.0);
    let x = ndarray::array![1.0, -2.0, 0.5, 3.0, -0.25];
    let wide = super::matmul(a.view(), x.view().insert_axis(ndarray::Axis(1))).unwrap();
    assert_eq!(super::matvec(a.view(), x.view()).unwrap(), wide.column(0));
    // Columns along memory and reversed vectors are read as they are.
    let transposed = super::matvec(a.t().to_owned().t(), x.view()).unwrap();
    assert!((&transposed - &wide.column(0)).iter().all(|d| d.abs() < 1e-13));
}

#[test]
fn a_product_that_is_not_finite_is_refused() {
    let mut a = Array2::from_elem((3, 2), 1.0);
    a[[1, 0]] = f64::NAN;
    let x = ndarray::array![1.0, 2.0];
    let error = super::matvec(a.view(), x.view()).unwrap_err();
    assert!(matches!(error, crate::Error::ElementOutOfDomain { name: "product", index: 1, .. }));
    let short = super::matvec(a.view(), ndarray::array![1.0].view());
    assert!(matches!(short, Err(crate::Error::LengthMismatch { name: "vector", .. })));
    let empty = super::matvec(Array2::zeros((0, 2)).view(), x.view());
    assert!(matches!(empty, Err(crate::Error::Empty { name: "matrix" })));
}

#[test]
fn correlated_rows_are_those_of_the_whole_product() {
    // One band, a boundary, and several with a short last one.
    for n in [1, 3, 96, 97, 250] {
        let matrix = Array2::from_shape_fn((n, n), |(i, j)| if i == j { 2.0 + i as f64 } else { 1.0 });
        let factor = cholesky(matrix.view()).unwrap();
        let z = Array2::from_shape_fn((5, n), |(i, j)| ((7 * i + 3 * j) % 11) as f64 - 5.0);
        let want = z.dot(&factor.lower().t());
        let got = factor.correlate(z.view()).unwrap();
        assert!((&got - &want).iter().all(|gap| gap.abs() < 1e-11), "{n}");
        // Rows apart in memory are copied first.
        let wide = ndarray::concatenate![ndarray::Axis(1), z, z];
        let (apart, _) = wide.view().split_at(ndarray::Axis(1), n);
        assert_eq!(factor.correlate(apart).unwrap(), got);
    }
    let factor = cholesky(array![[4.0]].view()).unwrap();
    assert!(matches!(factor.correlate(Array2::zeros((2, 3)).view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(factor.correlate(Array2::zeros((0, 1)).view()), Err(Error::Empty { .. })));
    assert!(matches!(factor.correlate(array![[f64::NAN]].view()), Err(Error::EntryOutOfDomain { .. })));
}
