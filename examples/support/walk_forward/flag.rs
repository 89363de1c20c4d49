//! (d) How often the flag for correlated strategies is wrong, where the correlation is known.

use alluse_quant::optimizer::Universe;
use alluse_quant::optimizer::strategies::StrategyReturns;
use alluse_quant::optimizer::strategies::correlation::{CorrelationInterval, StrategyCorrelation};
use alluse_quant::risk_core::measures::{Bootstrap, StationaryBlocks};
use alluse_quant::risk_core::streams::{Streams, fill_chi_squares, fill_standard_normals};
use alluse_quant::risk_core::{Verdict, normal};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Serialize;

use super::settings::{Settings, each};
use crate::Result;

/// True correlations.
pub const TRUE: [f64; 5] = [0.5, 0.6, 0.7, 0.8, 0.85];

/// The limit of the flag.
const LIMIT: f64 = 0.70;

/// Returns of each strategy.
const LENGTHS: [usize; 2] = [52, 252];

/// Degrees of freedom of the fat tails.
const DEGREES_OF_FREEDOM: f64 = 4.0;

/// The law of the returns and the interval that is put around their correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Normal returns, Fisher's interval.
    Normal,
    /// Student t with 4 degrees of freedom, Fisher's interval.
    FatTails,
    /// The same returns, an interval by the bootstrap.
    FatTailsBootstrap,
}

/// How often a pair was flagged.
#[derive(Debug, Clone, Serialize)]
pub struct Flagged {
    /// Law and interval.
    pub kind: Kind,
    /// Returns of each strategy.
    pub observations: usize,
    /// Pairs simulated at each correlation.
    pub pairs: usize,
    /// Share of breaches at each true correlation: the lower bound is above 0.70.
    pub breaches: Vec<f64>,
    /// Share of breaches and warnings: the point is above 0.70.
    pub above: Vec<f64>,
    /// Share of breaches that a Fisher interval is designed for.
    pub designed: Vec<f64>,
}

/// Flags simulated pairs of strategies.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn simulate(settings: &Settings) -> Result<Vec<Flagged>> {
    let kinds = [Kind::Normal, Kind::FatTails, Kind::FatTailsBootstrap];
    let cases: Vec<(Kind, usize)> = LENGTHS.into_iter().flat_map(|n| kinds.map(|kind| (kind, n))).collect();
    each(&cases, |(kind, observations)| flagged(settings, *kind, *observations))
}

fn flagged(settings: &Settings, kind: Kind, observations: usize) -> Result<Flagged> {
    let draws = settings.scope.draws();
    // A bootstrap costs as much as many pairs.
    let pairs = if kind == Kind::FatTailsBootstrap { draws.pairs.div_ceil(4) } else { draws.pairs };
    let bootstrap = Bootstrap::new(settings.seed).with_replicates(draws.resamples);
    let monitor = match kind {
        Kind::FatTailsBootstrap => StrategyCorrelation::default()
            .with_interval(CorrelationInterval::BlockBootstrap { blocks: StationaryBlocks::new(1.0)?, bootstrap }),
        _ => StrategyCorrelation::default(),
    }
    .with_limit(LIMIT);
    let streams = Streams::new(Streams::new(settings.seed).derived_seed(1_000_000 + observations as u64));
    let dates: Vec<Date> = (0..observations as i64).map(|day| date(2000, 1, 1).saturating_add(day.days())).collect();
    let names = Universe::named(["first", "second"])?;
    let (mut breaches, mut above) = (vec![0.0; TRUE.len()], vec![0.0; TRUE.len()]);
    for pair in 0..pairs {
        let standard = standard(&streams, pair as u64, observations, kind)?;
        for (place, correlation) in TRUE.into_iter().enumerate() {
            let columns = correlated(&standard, correlation);
            let returns = StrategyReturns::new(dates.clone(), names.clone(), columns)?;
            match monitor.measure(&returns, None)?.pair("first", "second")?.verdict {
                Verdict::Breach => (breaches[place], above[place]) = (breaches[place] + 1.0, above[place] + 1.0),
                Verdict::Warn => above[place] += 1.0,
                _ => {}
            }
        }
    }
    let share = |counts: Vec<f64>| counts.into_iter().map(|count| count / pairs as f64).collect();
    let designed = TRUE.iter().map(|correlation| designed(*correlation, observations)).collect::<Result<_>>()?;
    Ok(Flagged { kind, observations, pairs, breaches: share(breaches), above: share(above), designed })
}

/// Pairs of independent normals, of which a row of fat tails shares its scale.
fn standard(streams: &Streams, pair: u64, observations: usize, kind: Kind) -> Result<Vec<[f64; 2]>> {
    let mut stream = streams.block(pair);
    let (mut normals, mut squares) = (vec![0.0; 2 * observations], vec![DEGREES_OF_FREEDOM; observations]);
    fill_standard_normals(&mut stream, &mut normals);
    if kind != Kind::Normal {
        fill_chi_squares(&mut stream, DEGREES_OF_FREEDOM, &mut squares)?;
    }
    let scaled = |(z, square): (&[f64], f64)| [z[0], z[1]].map(|z| 0.01 * z * (DEGREES_OF_FREEDOM / square).sqrt());
    Ok(normals.chunks_exact(2).zip(squares).map(scaled).collect())
}

fn correlated(standard: &[[f64; 2]], correlation: f64) -> Vec<Vec<Option<f64>>> {
    let rest = (1.0 - correlation * correlation).sqrt();
    vec![
        standard.iter().map(|z| Some(z[0])).collect(),
        standard.iter().map(|z| Some(correlation * z[0] + rest * z[1])).collect(),
    ]
}

/// Probability that the lower end of Fisher's interval is above the limit, by Fisher's transformation itself.
fn designed(correlation: f64, observations: usize) -> Result<f64> {
    let distance = (correlation.atanh() - LIMIT.atanh()) * (observations as f64 - 3.0).sqrt();
    Ok(normal::cdf(distance - normal::quantile(0.975)?))
}
