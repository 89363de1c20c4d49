//! The lower convex hull of points in the plane: the largest convex function below them.

/// Indices of the points on the lower hull, for points sorted by strictly increasing `x`.
pub(super) fn lower_hull(x: &[f64], y: &[f64]) -> Vec<usize> {
    let mut hull: Vec<usize> = Vec::with_capacity(x.len());
    for point in 0..x.len() {
        while let [.., before, last] = hull[..] {
            let to_last = (y[last] - y[before]) * (x[point] - x[before]);
            let to_point = (y[point] - y[before]) * (x[last] - x[before]);
            if to_last < to_point {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

/// Value of the hull at `at`, with the points that span it; none outside the points.
pub(super) fn on_hull(hull: &[usize], x: &[f64], y: &[f64], at: f64) -> Option<(f64, usize, usize)> {
    let right = hull.partition_point(|point| x[*point] < at);
    let high = *hull.get(right)?;
    if x[high] <= at {
        return Some((y[high], high, high));
    }
    let low = *hull.get(right.checked_sub(1)?)?;
    let share = (at - x[low]) / (x[high] - x[low]);
    Some((y[low] + share * (y[high] - y[low]), low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dent_upwards_is_left_out() {
        let (x, y) = ([0.0, 1.0, 2.0, 3.0, 4.0], [4.0, 3.5, 1.0, 1.5, 0.0]);
        let hull = lower_hull(&x, &y);
        assert_eq!(hull, [0, 2, 4]);
        assert_eq!(on_hull(&hull, &x, &y, 1.0), Some((2.5, 0, 2)));
        assert_eq!(on_hull(&hull, &x, &y, 3.0), Some((0.5, 2, 4)));
        assert_eq!(on_hull(&hull, &x, &y, 0.0), Some((4.0, 0, 0)));
        assert_eq!(on_hull(&hull, &x, &y, 4.0), Some((0.0, 4, 4)));
        assert_eq!(on_hull(&hull, &x, &y, -0.1), None);
        assert_eq!(on_hull(&hull, &x, &y, 4.1), None);
        assert_eq!(on_hull(&[], &[], &[], 0.0), None);
    }
}
