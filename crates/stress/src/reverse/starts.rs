//! Where searches begin.

use alluse_risk_core::linalg::symmetric_eigen;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::space::{Point, Problem, norm};
use crate::Result;

/// The direction from which a scenario was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Start {
    /// The centre itself: no move is needed.
    Centre,
    /// Where the loss grows fastest.
    Gradient,
    /// The opposite.
    AgainstGradient,
    /// Up a principal component of the factors, counted from 0, the largest first.
    PrincipalUp(usize),
    /// Down a principal component.
    PrincipalDown(usize),
    /// Along an axis of the curvature of the loss at the centre, counted from 0, the most costly first.
    CurvatureUp(usize),
    /// Against an axis of the curvature.
    CurvatureDown(usize),
    /// A random direction, counted from 0.
    Random(usize),
    /// A step down from a saddle that another search had ended at.
    Saddle,
    /// The formula of a linear book.
    ClosedForm,
}

/// Unit directions with their names, in a fixed order.
pub(super) fn directions(
    problem: &Problem<'_>,
    centre: &Point,
    random: usize,
    seed: u64,
) -> Result<Vec<(Start, Array1<f64>)>> {
    let n = problem.space.rank();
    let mut directions = Vec::new();
    let slope = norm(&centre.gradient);
    if slope > 0.0 {
        let unit = &centre.gradient / slope;
        directions.push((Start::Gradient, unit.clone()));
        directions.push((Start::AgainstGradient, -unit));
    }
    let axis = |k: usize, sign: f64| Array1::from_shape_fn(n, |i| if i == k { sign } else { 0.0 });
    for k in 0..n {
        directions.push((Start::PrincipalUp(k), axis(k, 1.0)));
        directions.push((Start::PrincipalDown(k), axis(k, -1.0)));
    }
    let hessian = problem.hessian(&centre.y)?;
    let symmetric = Array2::from_shape_fn((n, n), |(i, j)| hessian[[i.max(j), i.min(j)]]);
    let eigen = symmetric_eigen(symmetric.view())?;
    for (place, k) in (0..n).rev().enumerate() {
        // A direction along which the loss bends down is left to the others.
        if eigen.values[k] > 0.0 {
            let vector = eigen.vectors.column(k).to_owned();
            directions.push((Start::CurvatureUp(place), vector.clone()));
            directions.push((Start::CurvatureDown(place), -vector));
        }
    }
    let normals = Streams::new(seed).standard_normals(random, n);
    for (k, row) in normals.rows().into_iter().enumerate() {
        let row = row.to_owned();
        let length = norm(&row);
        if length > 0.0 {
            directions.push((Start::Random(k), row / length));
        }
    }
    Ok(directions)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::loss::QuadraticLoss;
    use super::super::space::Space;
    use super::*;
    use crate::factors::tests::spots;

    #[test]
    fn every_kind_of_direction_has_length_one() {
        let model = spots(&["A", "B"], array![[1.0, 0.3], [0.3, 2.0]]);
        let loss = QuadraticLoss::new(array![1.0, 0.0], array![[-4.0, 0.0], [0.0, 1.0]]).unwrap();
        let space = Space::new(&model).unwrap();
        let problem = Problem { space: &space, loss: &loss };
        let centre = problem.at(array![0.0, 0.0]).unwrap();
        let all = directions(&problem, &centre, 3, 9).unwrap();
        // Two along the gradient, four axes, two for the one costly curvature, three at random.
        assert_eq!(all.len(), 11);
        assert!(all.iter().all(|(_, v)| (norm(v) - 1.0).abs() < 1e-14));
        assert_eq!(all[0].0, Start::Gradient);
        assert!(all[0].1.dot(&centre.gradient) > 0.0 && all[1].1.dot(&centre.gradient) < 0.0);
        assert_eq!((all[6].0, all[7].0, all[10].0), (Start::CurvatureUp(0), Start::CurvatureDown(0), Start::Random(2)));
        assert_eq!(all[3].1, array![-1.0, 0.0]);
        let again = directions(&problem, &centre, 3, 9).unwrap();
        assert_eq!(all, again);
        assert_ne!(all[10], directions(&problem, &centre, 3, 10).unwrap()[10]);
    }
}
