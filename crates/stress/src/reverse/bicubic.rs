//! A function of two numbers from a table, with continuous first derivatives.

use ndarray::Array2;

/// Nodes along one axis: `x = centre + reach · sinh(a s)/sinh(a)` for evenly spaced `s` in [−1, 1], closer together
/// in the middle, where most scenarios are.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    centre: f64,
    reach: f64,
    bend: f64,
    nodes: usize,
}

/// Where a number lies on an axis: cell, place inside it, and how fast that place moves.
struct Place {
    cell: usize,
    inside: f64,
    slope: f64,
    curvature: f64,
}

/// Value and derivatives up to the second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Jet {
    pub(super) value: f64,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) xx: f64,
    pub(super) xy: f64,
    pub(super) yy: f64,
}

impl Axis {
    /// An odd number of nodes, so that the centre is one; a single node for an axis that does not matter.
    pub(super) fn new(centre: f64, reach: f64, bend: f64, nodes: usize) -> Self {
        let nodes = if reach > 0.0 { nodes.max(5) | 1 } else { 1 };
        Self { centre, reach, bend, nodes }
    }

    pub(super) fn fixed(centre: f64) -> Self {
        Self::new(centre, 0.0, 1.0, 1)
    }

    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    pub(super) fn middle(&self) -> usize {
        self.nodes / 2
    }

    pub(super) fn node(&self, index: usize) -> f64 {
        if self.nodes == 1 || index == self.middle() {
            return self.centre;
        }
        let s = 2.0 * index as f64 / (self.nodes - 1) as f64 - 1.0;
        self.centre + self.reach * libm::sinh(self.bend * s) / libm::sinh(self.bend)
    }

    /// The nearest number on the axis.
    fn nearest(&self, x: f64) -> f64 {
        if self.nodes == 1 { self.centre } else { x.clamp(self.centre - self.reach, self.centre + self.reach) }
    }

    /// Of a number on the axis.
    fn place(&self, x: f64) -> Place {
        if self.nodes == 1 {
            return Place { cell: 0, inside: 0.0, slope: 0.0, curvature: 0.0 };
        }
        let height = libm::sinh(self.bend);
        let t = (x - self.centre) / self.reach;
        let root = (1.0 + t * t * height * height).sqrt();
        let cells = (self.nodes - 1) as f64;
        let at = 0.5 * cells * (libm::asinh(t * height) / self.bend + 1.0);
        let cell = (at.max(0.0) as usize).min(self.nodes - 2);
        let slope = 0.5 * cells * height / (self.bend * root * self.reach);
        let curvature = -slope * t * height * height / (root * root * self.reach);
        Place { cell, inside: at - cell as f64, slope, curvature }
    }
}

/// Bicubic Hermite interpolation; slopes at the nodes by differences of fourth order.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Value, slope along x, slope along y and mixed slope of every node, per node spacing.
    nodes: Vec<[f64; 4]>,
}

impl Table {
    /// From values with a row a node of `x` and a column a node of `y`.
    pub(super) fn new(x: Axis, y: Axis, values: &Array2<f64>) -> Self {
        let along_x = differences(values);
        let along_y = differences(&values.t().to_owned()).t().to_owned();
        let mixed = differences(&along_y);
        let nodes = values
            .indexed_iter()
            .map(|(place, value)| [*value, along_x[place], along_y[place], mixed[place]])
            .collect();
        Self { x, y, nodes }
    }

    /// Value and derivatives; straight on beyond the ends.
    pub(super) fn jet(&self, x: f64, y: f64) -> Jet {
        let (inside_x, inside_y) = (self.x.nearest(x), self.y.nearest(y));
        let mut jet = self.inside(inside_x, inside_y);
        let beyond = x - inside_x;
        if self.x.nodes > 1 && beyond.abs() > 0.0 {
            jet = Jet { value: jet.value + jet.x * beyond, y: jet.y + jet.xy * beyond, xx: 0.0, ..jet };
        }
        let beyond = y - inside_y;
        if self.y.nodes > 1 && beyond.abs() > 0.0 {
            jet = Jet { value: jet.value + jet.y * beyond, x: jet.x + jet.xy * beyond, yy: 0.0, ..jet };
        }
        jet
    }

    fn inside(&self, x: f64, y: f64) -> Jet {
        let (px, py) = (self.x.place(x), self.y.place(y));
        let (hx, hy) = (hermite(px.inside), hermite(py.inside));
        let (nx, ny) = (self.x.nodes.min(2), self.y.nodes.min(2));
        // Derivatives in node spacings first: [value, u, v, uu, uv, vv].
        let mut sums = [0.0; 6];
        for i in 0..nx {
            for j in 0..ny {
                let [f, fu, fv, fuv] = self.nodes[(px.cell + i) * self.y.nodes + py.cell + j];
                for (slot, (a, b)) in [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)].into_iter().enumerate() {
                    let (value_x, slope_x) = (weight(nx, &hx[a], i), weight_slope(nx, &hx[a], i));
                    let (value_y, slope_y) = (weight(ny, &hy[b], j), weight_slope(ny, &hy[b], j));
                    let one = if nx == 1 && a > 0 || ny == 1 && b > 0 { 0.0 } else { 1.0 };
                    sums[slot] += one
                        * (f * value_x * value_y
                            + fu * slope_x * value_y
                            + fv * value_x * slope_y
                            + fuv * slope_x * slope_y);
                }
            }
        }
        let [value, u, v, uu, uv, vv] = sums;
        Jet {
            value,
            x: u * px.slope,
            y: v * py.slope,
            xx: uu * px.slope * px.slope + u * px.curvature,
            xy: uv * px.slope * py.slope,
            yy: vv * py.slope * py.slope + v * py.curvature,
        }
    }
}

fn weight(nodes: usize, h: &[f64; 4], i: usize) -> f64 {
    if nodes == 1 { 1.0 } else { h[i] }
}

fn weight_slope(nodes: usize, h: &[f64; 4], i: usize) -> f64 {
    if nodes == 1 { 0.0 } else { h[2 + i] }
}

/// Hermite's basis and its first two derivatives: weights of both values, then of both slopes.
fn hermite(t: f64) -> [[f64; 4]; 3] {
    let (t2, t3) = (t * t, t * t * t);
    [
        [2.0 * t3 - 3.0 * t2 + 1.0, 3.0 * t2 - 2.0 * t3, t3 - 2.0 * t2 + t, t3 - t2],
        [6.0 * t2 - 6.0 * t, 6.0 * t - 6.0 * t2, 3.0 * t2 - 4.0 * t + 1.0, 3.0 * t2 - 2.0 * t],
        [12.0 * t - 6.0, 6.0 - 12.0 * t, 6.0 * t - 4.0, 6.0 * t - 2.0],
    ]
}

/// Slopes down the columns, per node: fourth order inside and at the ends alike.
fn differences(values: &Array2<f64>) -> Array2<f64> {
    let n = values.nrows();
    if n < 5 {
        return Array2::zeros(values.dim());
    }
    Array2::from_shape_fn(values.dim(), |(i, j)| {
        let first = i.saturating_sub(2).min(n - 5);
        let weights: [f64; 5] = match i - first {
            0 => [-25.0, 48.0, -36.0, 16.0, -3.0],
            1 => [-3.0, -10.0, 18.0, -6.0, 1.0],
            2 => [1.0, -8.0, 0.0, 8.0, -1.0],
            3 => [-1.0, 6.0, -18.0, 10.0, 3.0],
            _ => [3.0, -16.0, 36.0, -48.0, 25.0],
        };
        weights.iter().enumerate().map(|(k, w)| w * values[[first + k, j]]).sum::<f64>() / 12.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(f: impl Fn(f64, f64) -> f64) -> Table {
        let (x, y) = (Axis::new(0.1, 0.8, 2.0, 41), Axis::new(-0.2, 1.5, 2.0, 21));
        let values = Array2::from_shape_fn((41, 21), |(i, j)| f(x.node(i), y.node(j)));
        Table::new(x, y, &values)
    }

    #[test]
    fn nodes_are_met_and_reach_the_ends() {
        let table = table(|x, y| (3.0 * x).sin() * y.exp());
        assert_eq!(table.x.node(20), 0.1);
        assert!((table.x.node(0) + 0.7).abs() < 1e-15 && (table.x.node(40) - 0.9).abs() < 1e-15);
        assert_eq!((table.x.middle(), table.y.nodes()), (20, 21));
        for (i, j) in [(0, 0), (40, 20), (20, 10), (7, 13)] {
            let (x, y) = (table.x.node(i), table.y.node(j));
            assert!((table.jet(x, y).value - (3.0 * x).sin() * y.exp()).abs() < 1e-13);
        }
        // Beyond the ends it goes straight on.
        let end = table.jet(0.9, 0.0);
        let beyond = table.jet(1.4, 0.0);
        assert!((beyond.value - (end.value + 0.5 * end.x)).abs() < 1e-12);
        assert_eq!((beyond.x, beyond.xx), (end.x, 0.0));
        let low = table.jet(0.0, -2.7);
        let edge = table.jet(0.0, -1.7);
        assert!((low.value - (edge.value - edge.y)).abs() < 1e-12 && low.yy == 0.0);
    }

    /// Largest errors of value, first and second derivatives of sin(3x) exp(y).
    fn errors(spots: usize, others: usize) -> [f64; 3] {
        let (x, y) = (Axis::new(0.1, 0.8, 2.0, spots), Axis::new(-0.2, 1.5, 2.0, others));
        let values = Array2::from_shape_fn((spots, others), |(i, j)| (3.0 * x.node(i)).sin() * y.node(j).exp());
        let table = Table::new(x, y, &values);
        let mut worst = [0.0_f64; 3];
        for k in 0..400 {
            let (x, y) = (0.1 + 0.79 * (1.3 * f64::from(k)).sin(), -0.2 + 1.49 * (0.7 * f64::from(k)).cos());
            let (s, c, e) = ((3.0 * x).sin(), (3.0 * x).cos(), y.exp());
            let jet = table.jet(x, y);
            let slope = (jet.x - 3.0 * c * e).abs().max((jet.y - s * e).abs());
            let bend = (jet.xx + 9.0 * s * e).abs().max((jet.xy - 3.0 * c * e).abs()).max((jet.yy - s * e).abs());
            for (worst, error) in worst.iter_mut().zip([(jet.value - s * e).abs(), slope, bend]) {
                *worst = worst.max(error);
            }
        }
        worst
    }

    #[test]
    fn errors_fall_with_the_fourth_third_and_second_power_of_the_spacing() {
        let (coarse, fine) = (errors(41, 21), errors(81, 41));
        // Half the spacing: 16, 8 and 4 times less in the limit.
        for ((coarse, fine), least) in coarse.iter().zip(fine).zip([12.0, 6.0, 3.0]) {
            assert!(coarse / fine > least, "{coarse:e} {fine:e}");
        }
        assert!(fine[0] < 2e-4 && fine[1] < 1e-2, "{fine:?}");
    }

    #[test]
    fn derivatives_are_those_of_the_interpolant() {
        let table = table(|x, y| (2.0 * x).exp() / (1.0 + y * y));
        for (x, y) in [(0.33, 0.41), (-0.5, -1.3), (0.12, -0.21)] {
            let (jet, h) = (table.jet(x, y), 1e-5);
            let difference = |f: &dyn Fn(f64) -> f64| (f(h) - f(-h)) / (2.0 * h);
            assert!((difference(&|d| table.jet(x + d, y).value) - jet.x).abs() < 1e-8);
            assert!((difference(&|d| table.jet(x, y + d).value) - jet.y).abs() < 1e-8);
            assert!((difference(&|d| table.jet(x + d, y).x) - jet.xx).abs() < 1e-6);
            assert!((difference(&|d| table.jet(x, y + d).x) - jet.xy).abs() < 1e-6);
            assert!((difference(&|d| table.jet(x, y + d).y) - jet.yy).abs() < 1e-6);
        }
    }

    #[test]
    fn an_axis_that_does_not_matter() {
        let x = Axis::new(0.0, 1.0, 2.0, 21);
        let values = Array2::from_shape_fn((21, 1), |(i, _)| x.node(i).powi(2));
        let table = Table::new(x, Axis::fixed(0.3), &values);
        let jet = table.jet(0.4, 7.0);
        assert!((jet.value - 0.16).abs() < 1e-4 && (jet.x - 0.8).abs() < 1e-2);
        assert_eq!((jet.y, jet.xy, jet.yy), (0.0, 0.0, 0.0));
        // Never fewer nodes than the slopes need, and always one in the middle.
        assert_eq!(Axis::new(0.0, 1.0, 2.0, 2).nodes(), 5);
        assert_eq!(Axis::new(0.0, 1.0, 2.0, 10).nodes(), 11);
    }
}
