use serde::{Deserialize, Serialize};

use super::polynomial::autoregressive_product;

/// `(1 − B)ᵈ (1 − Bᵐ)ᴰ` and its inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Differencing {
    pub(super) ordinary: usize,
    pub(super) seasonal: usize,
    pub(super) period: usize,
}

impl Differencing {
    /// Observations that it uses up.
    pub(super) fn lost(self) -> usize {
        self.ordinary + self.seasonal * self.period
    }

    /// The differenced series; the caller has checked that something is left.
    pub(super) fn apply(self, levels: &[f64]) -> Vec<f64> {
        let lags = std::iter::repeat_n(self.period, self.seasonal).chain(std::iter::repeat_n(1, self.ordinary));
        lags.fold(levels.to_vec(), |series, lag| series.iter().skip(lag).zip(&series).map(|(b, a)| b - a).collect())
    }

    /// `δ` of `yₜ = wₜ + Σ δₖ yₜ₋ₖ`.
    pub(super) fn integrator(self) -> Vec<f64> {
        let once = std::iter::repeat_n((1, 1), self.ordinary);
        once.chain(std::iter::repeat_n((self.period, 1), self.seasonal))
            .fold(Vec::new(), |delta, (lag, _)| autoregressive_product(&delta, &[1.0], lag))
    }

    /// Replaces differences by levels that go on after `history`, whose last `lost` levels count.
    pub(super) fn integrate(integrator: &[f64], history: &[f64], series: &mut [f64]) {
        for t in 0..series.len() {
            let past = |lag: usize| if lag <= t { series[t - lag] } else { history[history.len() + t - lag] };
            let carried: f64 = integrator.iter().enumerate().map(|(k, delta)| delta * past(k + 1)).sum();
            series[t] += carried;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::close;

    use super::*;

    #[test]
    fn by_hand() {
        let twice = Differencing { ordinary: 2, seasonal: 0, period: 1 };
        assert_eq!(twice.apply(&[1.0, 4.0, 9.0, 16.0]), [2.0, 2.0]);
        assert_eq!(twice.integrator(), [2.0, -1.0]);
        let airline = Differencing { ordinary: 1, seasonal: 1, period: 4 };
        assert_eq!(airline.lost(), 5);
        assert_eq!(airline.integrator(), [1.0, 0.0, 0.0, 1.0, -1.0]);
        // A season and a line leave nothing: the season of 4 is 0, 5, 1, 2 and the slope 3.
        let levels: Vec<f64> = (0..12).map(|t| [0.0, 5.0, 1.0, 2.0][t % 4] + 3.0 * t as f64).collect();
        assert!(airline.apply(&levels).iter().all(|w| *w == 0.0));
    }

    proptest! {
        #[test]
        fn integrating_undoes_differencing(
            levels in prop::collection::vec(-10.0..10.0_f64, 24), ordinary in 0..3_usize, seasonal in 0..3_usize,
            period in 2..6_usize,
        ) {
            let differencing = Differencing { ordinary, seasonal, period };
            let mut back = differencing.apply(&levels);
            let lost = differencing.lost();
            Differencing::integrate(&differencing.integrator(), &levels[..lost], &mut back);
            for (a, b) in back.iter().zip(&levels[lost..]) {
                // Rounding grows with t⁴ at most: 24⁴ · 10 · 1e-16 ≈ 4e-10.
                close(*a, *b, 1e-9);
            }
        }
    }
}
