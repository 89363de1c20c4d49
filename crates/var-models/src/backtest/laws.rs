//! The laws of the test statistics, accurate relative to their own size in the tails.

use std::f64::consts::{LN_2, PI};

use statrs::function::gamma::gamma_ur;

/// `x ln(x/m) + m − x`, the deviance of one count `x` from its mean `m`, without cancellation near `x = m`.
pub(super) fn deviance_part(x: f64, m: f64) -> f64 {
    if x == 0.0 {
        return m;
    }
    let v = (x - m) / (x + m);
    if v.abs() >= 0.1 {
        return x * (x / m).ln() + m - x;
    }
    // ln(x/m) = 2 artanh(v); the series starts where the linear terms have cancelled.
    let mut sum = (x - m) * v;
    let mut power = 2.0 * x * v;
    for k in 1..1_000 {
        power *= v * v;
        let term = power / (2 * k + 1) as f64;
        sum += term;
        if term.abs() <= 1e-17 * sum.abs() {
            break;
        }
    }
    sum
}

/// Likelihood ratio statistic of `x` successes in `n` trials against the probability `p`.
pub(super) fn binomial_deviance(n: f64, x: f64, p: f64) -> f64 {
    (2.0 * (deviance_part(x, n * p) + deviance_part(n - x, n * (1.0 - p)))).max(0.0)
}

/// `ln k! − ((k + ½) ln k − k + ½ ln 2π)`.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        let factorial: f64 = (1..=k as u32).map(f64::from).product();
        return factorial.ln() - ((k + 0.5) * k.ln() - k + 0.5 * (LN_2 + PI.ln()));
    }
    let kk = k * k;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1_260.0 - (1.0 / 1_680.0 - 1.0 / (1_188.0 * kk)) / kk) / kk) / kk) / k
}

/// The number of successes in `n` trials of probability `p`, `0 < p < 1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binomial {
    n: usize,
    p: f64,
}

impl Binomial {
    pub(super) fn new(n: usize, p: f64) -> Self {
        Self { n, p }
    }

    /// `P(X = x)` by Loader's saddle point form, good to a few ulps at any size; zero beyond `n`.
    pub(super) fn probability(self, x: usize) -> f64 {
        let (n, k, q) = (self.n as f64, x as f64, 1.0 - self.p);
        if x > self.n {
            0.0
        } else if x == 0 {
            (n * (-self.p).ln_1p()).exp()
        } else if x == self.n {
            (n * self.p.ln()).exp()
        } else {
            let rest = n - k;
            let log = stirling_error(n)
                - stirling_error(k)
                - stirling_error(rest)
                - deviance_part(k, n * self.p)
                - deviance_part(rest, n * q);
            log.exp() * (n / (2.0 * PI * k * rest)).sqrt()
        }
    }

    /// `P(X ≤ x)`.
    pub(super) fn at_most(self, x: usize) -> f64 {
        if x >= self.n {
            1.0
        } else if (x as f64) < self.n as f64 * self.p {
            self.falling(x)
        } else {
            1.0 - self.rising(x + 1)
        }
    }

    /// `P(X ≥ x)`.
    pub(super) fn at_least(self, x: usize) -> f64 {
        if x == 0 {
            1.0
        } else if (x as f64) > self.n as f64 * self.p {
            self.rising(x)
        } else {
            1.0 - self.at_most(x - 1)
        }
    }

    /// Sum of the probabilities from `x` downwards, which fall from there on.
    fn falling(self, x: usize) -> f64 {
        let odds = (1.0 - self.p) / self.p;
        let (mut term, mut sum) = (self.probability(x), 0.0);
        for k in (0..=x).rev() {
            if term <= sum * 1e-18 {
                break;
            }
            sum += term;
            term *= odds * k as f64 / (self.n - k + 1) as f64;
        }
        sum
    }

    /// Sum of the probabilities from `x` upwards, which fall from there on.
    fn rising(self, x: usize) -> f64 {
        let odds = self.p / (1.0 - self.p);
        let (mut term, mut sum) = (self.probability(x), 0.0);
        for k in x..=self.n {
            if term <= sum * 1e-18 {
                break;
            }
            sum += term;
            term *= odds * (self.n - k) as f64 / (k + 1) as f64;
        }
        sum
    }

    /// Total probability of the outcomes no likelier than `x`; outcomes within 1e-7 of its probability count as
    /// equal, so that rounding does not split a tie.
    pub(super) fn two_sided(self, x: usize) -> f64 {
        let bar = self.probability(x) * (1.0 + 1e-7);
        let mode = (((self.n + 1) as f64 * self.p) as usize).min(self.n);
        if x == mode {
            return 1.0;
        }
        let unlikely = |k: usize| self.probability(k) <= bar;
        let total = if x < mode {
            self.at_most(x) + self.at_least(first_true(mode, self.n + 1, unlikely))
        } else {
            let below = first_true(0, mode + 1, |back| unlikely(mode - back));
            self.at_least(x) + if below > mode { 0.0 } else { self.at_most(mode - below) }
        };
        total.min(1.0)
    }
}

/// Smallest `k` in `from..to` where a condition that stays true once true holds; `to` when there is none.
pub(super) fn first_true(from: usize, to: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Mass of the chi-square law beyond `x`.
///
/// For whole degrees of freedom `Q(a+1, y) = Q(a, y) + yᵃ e⁻ʸ/Γ(a+1)` from `erfc √y` or `e⁻ʸ`: a sum of positive
/// terms, so the far tail keeps its digits.
pub(super) fn chi_square_beyond(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if degrees.fract() != 0.0 || degrees > 1e5 {
        return gamma_ur(0.5 * degrees, 0.5 * x);
    }
    let y = 0.5 * x;
    let odd = degrees as u64 % 2 == 1;
    let (mut a, mut sum) = if odd { (0.5, libm::erfc(y.sqrt())) } else { (1.0, (-y).exp()) };
    while a < 0.5 * degrees {
        sum += (a * y.ln() - y - libm::lgamma(a + 1.0)).exp();
        a += 1.0;
    }
    sum.min(1.0)
}

/// Mass of the standard normal law beyond `z`.
pub(super) fn normal_beyond(z: f64) -> f64 {
    alluse_risk_core::normal::cdf(-z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_values_from_other_software() {
        // mpmath 1.3, 40 digits, from the exact sums.
        for (n, p, x, pmf, at_most, at_least) in GOLDEN {
            let law = Binomial::new(n, p);
            for (got, want) in [(law.probability(x), pmf), (law.at_most(x), at_most), (law.at_least(x), at_least)] {
                assert!((got / want - 1.0).abs() < 2e-12, "{n} {p} {x}: {got} against {want}");
            }
        }
    }

    const GOLDEN: [(usize, f64, usize, f64, f64, f64); 7] = [
        (250, 0.01, 4, 0.13407092913874208, 0.8921876269036253, 0.24188330223511678),
        (250, 0.01, 12, 8.702943871541634e-06, 0.9999980641362446, 1.0638807626992088e-05),
        (250, 0.01, 0, 0.08105851616218146, 0.08105851616218146, 1.0),
        (4780, 0.05, 267, 0.0047469033869134755, 0.9690648678803235, 0.03568203550659),
        (4780, 0.05, 400, 3.318210705209627e-23, 1.0, 7.767638431312384e-23),
        (10, 0.3, 10, 5.9048999999999975e-06, 1.0, 5.9048999999999975e-06),
        (100000, 0.025, 2300, 1.8414445688830257e-06, 2.140424996149821e-05, 0.9999804371946074),
    ];

    /// `(x, degrees, mass beyond x)`: mpmath 1.3, gammainc regularised.
    const CHI_SQUARE: [(f64, f64, f64); 9] = [
        (3.84, 1.0, 0.050043521248705106),
        (100.0, 1.0, 1.523970604832105e-23),
        (0.3, 2.0, 0.8607079764250578),
        (5.0, 3.0, 0.17179714429673312),
        (12.5, 6.0, 0.05169997483584834),
        (180.0, 6.0, 3.3931406275944725e-36),
        (2200.0, 1000.0, 6.390039233057067e-92),
        (3.7, 2.6, 0.2373700989721327),
        (60.0, 4.25, 4.206238339262429e-12),
    ];

    #[test]
    fn chi_square_tails_from_high_precision_arithmetic() {
        for (x, degrees, want) in CHI_SQUARE {
            let got = chi_square_beyond(x, degrees);
            assert!((got / want - 1.0).abs() < 1e-11, "{x} {degrees}: {got} against {want}");
        }
        assert_eq!(chi_square_beyond(0.0, 1.0), 1.0);
        assert_eq!(chi_square_beyond(-1e-18, 3.0), 1.0);
    }

    #[test]
    fn probabilities_sum_to_one() {
        for (n, p) in [(1, 0.3), (7, 0.5), (40, 0.02), (300, 0.99), (2_000, 0.01)] {
            let law = Binomial::new(n, p);
            let total: f64 = (0..=n).map(|x| law.probability(x)).sum();
            assert!((total - 1.0).abs() < 1e-12, "{n} {p}: {total}");
            assert_eq!(law.probability(n + 1), 0.0);
            assert_eq!((law.at_most(n), law.at_least(0)), (1.0, 1.0));
        }
    }

    #[test]
    fn two_sided_by_plain_enumeration() {
        for (n, p) in [(10, 0.5), (20, 0.07), (31, 0.9), (250, 0.01)] {
            let law = Binomial::new(n, p);
            for x in 0..=n {
                let want: f64 =
                    (0..=n).map(|k| law.probability(k)).filter(|v| *v <= law.probability(x) * (1.0 + 1e-7)).sum();
                assert!((law.two_sided(x) - want.min(1.0)).abs() < 1e-12, "{n} {p} {x}");
            }
        }
    }

    #[test]
    fn a_count_at_its_mean_has_no_deviance() {
        assert_eq!(deviance_part(3.0, 3.0), 0.0);
        assert_eq!(deviance_part(0.0, 3.0), 3.0);
        // On both sides of the switch of forms: x ln(x/m) + m − x with mpmath 1.3.
        assert!((deviance_part(1.2, 1.0) / 0.018_785_868_152_745_55 - 1.0).abs() < 1e-13);
        assert!((deviance_part(1.3, 1.0) / 0.041_073_543_807_738_38 - 1.0).abs() < 1e-13);
    }
}
