use alluse_risk_core::moments::{Normalisation, comoment};

use super::sums::{LANES, SideMoments, in_lanes, varies};
use super::{AlphaBasis, MarketPeriods, Relative};
use crate::{Error, Result, check};

impl Relative<'_> {
    /// Beta `cov(y, x)/var(x)` over all periods, or over those in which the benchmark beat the risk-free rate (`Up`,
    /// bull beta) or fell short of it (`Down`, bear beta), each about its own means.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the benchmark does not vary over those periods.
    ///
    /// # Source
    /// Sharpe (1964); Bacon (2008), ch. 4.
    pub fn beta(&self, periods: MarketPeriods) -> Result<f64> {
        match periods {
            MarketPeriods::All => {
                let moments = self.over_risk_free();
                moments.benchmark_varies("beta")?;
                check::result("beta", moments.xy / moments.xx)
            }
            MarketPeriods::Up => self.side_beta("bull beta", self.side_betas()[0]),
            MarketPeriods::Down => self.side_beta("bear beta", self.side_betas()[1]),
        }
    }

    fn side_beta(&self, what: &'static str, side: SideMoments) -> Result<f64> {
        if side.n < 2 {
            return Err(Error::undefined(what, format!("{} of {} periods are on this side", side.n, self.len())));
        }
        varies(what, "benchmark", side.xx, side.n, self.over_risk_free().noise_x)?;
        check::result(what, side.xy / side.xx)
    }

    /// Alpha of the regression of `y` on `x`: `A = ȳ − β x̄` per period, stated as `basis` says.
    ///
    /// # Errors
    /// As [`beta`](Self::beta); [`Error::Undefined`] when a loss of more than everything would have to be compounded.
    pub fn alpha(&self, basis: AlphaBasis) -> Result<f64> {
        let beta = self.beta(MarketPeriods::All)?;
        let moments = self.over_risk_free();
        let alpha = check::result("alpha", moments.mean_y - beta * moments.mean_x)?;
        match basis {
            AlphaBasis::PerPeriod => Ok(alpha),
            AlphaBasis::Arithmetic => check::result("alpha", alpha * self.periods_per_year()?),
            AlphaBasis::Geometric if alpha >= -1.0 => {
                check::result("alpha", (self.periods_per_year()? * alpha.ln_1p()).exp_m1())
            }
            AlphaBasis::Geometric => {
                Err(Error::undefined("geometric alpha", format!("alpha is {alpha} per period, below -1")))
            }
        }
    }

    /// Jensen's alpha from annual returns: `G(r) − f − β (G(b) − f)`, `f = G(risk-free)`.
    ///
    /// # Errors
    /// As [`beta`](Self::beta).
    ///
    /// # Source
    /// Jensen (1968), in the annualised form of Bacon (2008), ch. 4.
    pub fn jensen_alpha(&self) -> Result<f64> {
        let beta = self.beta(MarketPeriods::All)?;
        let [own, market] = self.annual_returns()?;
        let free = self.annual_risk_free()?;
        check::result("Jensen's alpha", own - free - beta * (market - free))
    }

    /// Bacon's regression epsilon: Jensen's alpha less the regression's alpha per period.
    ///
    /// A return a year less one per period: kept because the textbook's table has it.
    ///
    /// # Errors
    /// As [`beta`](Self::beta).
    ///
    /// # Source
    /// Bacon (2008), ch. 4.
    pub fn regression_epsilon(&self) -> Result<f64> {
        check::result("regression epsilon", self.jensen_alpha()? - self.alpha(AlphaBasis::PerPeriod)?)
    }

    /// Bull beta over bear beta.
    ///
    /// # Errors
    /// As [`beta`](Self::beta) of each side; [`Error::Undefined`] when the bear beta is 0.
    pub fn timing_ratio(&self) -> Result<f64> {
        let (up, down) = (self.beta(MarketPeriods::Up)?, self.beta(MarketPeriods::Down)?);
        ratio("timing ratio", up, down, "the bear beta")
    }

    /// Fama's beta `sd(r)/sd(b)`: the beta of a portfolio that were perfectly correlated with the benchmark.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the benchmark does not vary.
    ///
    /// # Source
    /// Fama (1972).
    pub fn fama_beta(&self) -> Result<f64> {
        let moments = self.raw();
        moments.benchmark_varies("Fama's beta")?;
        check::result("Fama's beta", (moments.yy / moments.xx).sqrt())
    }

    /// Correlation of `r` and `b`.
    ///
    /// # Errors
    /// [`Error::Undefined`] when one of them does not vary.
    pub fn correlation(&self) -> Result<f64> {
        let moments = self.raw();
        moments.returns_vary("correlation")?;
        moments.benchmark_varies("correlation")?;
        // Rounding must not carry it past ±1.
        check::result("correlation", (moments.xy / (moments.yy.sqrt() * moments.xx.sqrt())).clamp(-1.0, 1.0))
    }

    /// Squared correlation of `r` and `b`.
    ///
    /// # Errors
    /// As [`correlation`](Self::correlation).
    pub fn r_squared(&self) -> Result<f64> {
        let correlation = self.correlation()?;
        Ok(correlation * correlation)
    }

    /// Comoment `(1/n) Σ (r − r̄)(b − b̄)^power`: covariance, coskewness and cokurtosis for power 1, 2 and 3; systematic
    /// with [`Normalisation::BenchmarkMoment`].
    ///
    /// # Errors
    /// As [`comoment`].
    pub fn comoment(&self, power: u32, normalisation: Normalisation) -> Result<f64> {
        Ok(comoment(self.returns(), self.benchmark(), power, normalisation)?)
    }

    /// Beta fragility: how far the middle return lies below the line between the returns at the ends of the market.
    ///
    /// ```text
    /// w r_first + (1 − w) r_last − r_middle      w = (b_last − b_middle)/(b_last − b_first)
    /// ```
    ///
    /// The periods are in the order of `b`, equal ones in the order of time; the middle one has position `⌊n/2⌋`, from
    /// 0. Negative when the response to the market is concave.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 3 periods; [`Error::Undefined`] when the benchmark does not vary.
    ///
    /// # Source
    /// Taleb et al. (2012), "A new heuristic measure of fragility and tail risks".
    pub fn beta_fragility(&self) -> Result<f64> {
        check::enough("beta fragility", 3, self.len())?;
        self.raw().benchmark_varies("beta fragility")?;
        let (r, b) = (self.r(), self.b());
        let [low, high] = extremes(b);
        let (first, last) = (b.iter().position(|&value| value <= low), b.iter().rposition(|&value| value >= high));
        let middle = position_of_rank(b, b.len() / 2, [low, high]);
        let (Some(first), Some(middle), Some(last)) = (first, middle, last) else {
            return Err(Error::undefined("beta fragility", "the benchmark has no smallest, middle and largest value"));
        };
        let weight = (b[last] - b[middle]) / (b[last] - b[first]);
        check::result("beta fragility", weight * r[first] + (1.0 - weight) * r[last] - r[middle])
    }
}

/// The smallest and the largest value.
fn extremes(values: &[f64]) -> [f64; 2] {
    let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    in_lanes(values, values, |lane, value, _| {
        low[lane] = if value < low[lane] { value } else { low[lane] };
        high[lane] = if value > high[lane] { value } else { high[lane] };
    });
    [low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max)]
}

/// Position of the value with a rank in ascending order, equal values in the order of time.
///
/// Counts the values in buckets of equal width, and sorts those of the bucket that has the rank.
fn position_of_rank(values: &[f64], rank: usize, [low, high]: [f64; 2]) -> Option<usize> {
    const BUCKETS: usize = 256;
    let scale = (BUCKETS - 1) as f64 / (high - low);
    // Where the width underflows the scale is infinite, and the conversion puts everything into the ends.
    let buckets: Vec<u8> = values.iter().map(|value| ((value - low) * scale) as u8).collect();
    let mut counts = [0_usize; BUCKETS];
    for &bucket in &buckets {
        counts[usize::from(bucket)] += 1;
    }
    let mut before = 0;
    let chosen = counts.iter().position(|count| {
        let found = rank < before + count;
        before += if found { 0 } else { *count };
        found
    })?;
    let inside = buckets.iter().enumerate().filter(|(_, bucket)| usize::from(**bucket) == chosen);
    let mut inside: Vec<(usize, f64)> = inside.map(|(position, _)| (position, values[position])).collect();
    inside.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal));
    inside.get(rank - before).map(|&(position, _)| position)
}

/// A quotient whose denominator is not 0.
pub(super) fn ratio(what: &'static str, numerator: f64, denominator: f64, name: &str) -> Result<f64> {
    if denominator == 0.0 {
        return Err(Error::undefined(what, format!("{name} is 0")));
    }
    check::result(what, numerator / denominator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_are_those_of_a_stable_sort(
            values in prop::collection::vec(prop_oneof![Just(0.0), Just(-0.0), Just(0.01), -0.5_f64..0.5, -1e-300_f64..1e-300], 3..200),
        ) {
            let mut sorted: Vec<usize> = (0..values.len()).collect();
            sorted.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap());
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assume!(low < high);
            for (rank, &position) in sorted.iter().enumerate() {
                prop_assert_eq!(position_of_rank(&values, rank, [low, high]), Some(position));
            }
        }
    }
}
