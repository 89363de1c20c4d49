//! Golden numbers: Thorp (2006), §2 and §7, and Kelly (1956); simulation-free laws as properties.

use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::{Covariance, ErrorKind};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use super::*;
use crate::{Result, RiskModel};

fn bet(outcomes: &[(f64, f64)]) -> Result<DiscreteBet> {
    DiscreteBet::new(outcomes.iter().map(|&(gain, probability)| Outcome { gain, probability }).collect())
}

/// Thorp's coin, p = 0.53 at even money: 6 % of wealth; growth 0.001801 as printed.
#[test]
fn thorp_coin() {
    let best = BinaryBet::new(0.53, 1.0).unwrap().optimum();
    assert!((best.fraction - 0.06).abs() < 1e-15);
    assert!((best.growth - 0.001_801_081_558_206_05).abs() < 1e-16);
    assert!((best.edge - 0.06).abs() < 1e-15);
}

/// Thorp's stocks: m = 0.11, s = 0.15, r = 0.06 give 2.22, growth 0.1156, Sharpe ratio 0.33.
#[test]
fn thorp_stocks() {
    let stocks = ContinuousKelly::new(0.11, 0.15, 0.06).unwrap();
    assert!((stocks.fraction() - 2.222_222_222_222_22).abs() < 1e-13);
    assert!((stocks.growth() - 0.115_555_555_555_556).abs() < 1e-14);
    assert!((stocks.sharpe() - 0.333_333_333_333_333).abs() < 1e-14);
}

/// Without interest, full Kelly doubles before it halves with probability 2/3, half Kelly with 8/9 (Thorp 2006).
#[test]
fn thorp_doubling_and_halving() {
    let kelly = ContinuousKelly::new(0.05, 0.2, 0.0).unwrap();
    for (multiple, want) in [(1.0, 2.0 / 3.0), (0.5, 8.0 / 9.0), (2.0, 0.5)] {
        let got = kelly.probability_of_reaching(2.0, 0.5, multiple).unwrap();
        assert!((got - want).abs() < 1e-13, "{multiple}: {got}");
    }
    for (multiple, want) in [(1.0, 0.5), (0.5, 0.125), (2.0, 1.0), (3.0, 1.0)] {
        let got = kelly.probability_of_falling_to(0.5, multiple).unwrap();
        assert!((got - want).abs() < 1e-13, "{multiple}: {got}");
    }
    // k = 3 loses on average: the exponent is 2/3 − 1 = −1/3.
    let cube = 2.0_f64.cbrt();
    let want = (1.0 / cube - 1.0) / (1.0 / cube - cube);
    assert!((kelly.probability_of_reaching(2.0, 0.5, 3.0).unwrap() - want).abs() < 1e-13);
}

/// A long horizon reaches the limit; a short one has no time to fall.
#[test]
fn a_horizon_approaches_its_limits() {
    let kelly = ContinuousKelly::new(0.11, 0.15, 0.06).unwrap();
    let ever = kelly.probability_of_falling_to(0.6, 0.7).unwrap();
    assert!((kelly.probability_of_falling_to_within(0.6, 0.7, 1e6).unwrap() - ever).abs() < 1e-12);
    assert!(kelly.probability_of_falling_to_within(0.6, 0.7, 1e-6).unwrap() < 1e-12);
    // Without drift (k = 2, r = 0) the reflection principle: twice the chance to end below.
    let flat = ContinuousKelly::new(0.05, 0.2, 0.0).unwrap();
    let spread = 2.0 * 1.25 * 0.2;
    let want = 2.0 * alluse_risk_core::normal::cdf(0.7_f64.ln() / spread);
    assert!((flat.probability_of_falling_to_within(0.7, 2.0, 1.0).unwrap() - want).abs() < 1e-13);
    // Heavy losses to come: certain, not overflowing.
    let bad = ContinuousKelly::new(0.5, 0.1, 0.0).unwrap();
    assert!((bad.probability_of_falling_to_within(1e-9, 3.0, 1e5).unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn portfolio_of_one_is_the_single_asset() {
    let risk = RiskModel::from(Covariance::new(array![[0.0225]]).unwrap());
    let kelly = KellyPortfolio::new(array![0.11].view(), 0.06, &risk).unwrap();
    let single = ContinuousKelly::new(0.11, 0.15, 0.06).unwrap();
    assert!((kelly.fractions.view()[0] - single.fraction()).abs() < 1e-13);
    let half = kelly.at_multiple(0.5).unwrap();
    assert!((half.growth - single.growth_at_multiple(0.5).unwrap()).abs() < 1e-15);
    let back = half.at_multiple(1.0).unwrap();
    assert_eq!(back.fractions, kelly.fractions);
    assert!((back.growth - kelly.growth).abs() < 1e-16);
    assert!(kelly.at_multiple(0.0).unwrap().at_multiple(1.0).is_err());
    let text = serde_json::to_string(&kelly).unwrap();
    assert_eq!(serde_json::from_str::<KellyPortfolio>(&text).unwrap(), kelly);
}

#[test]
fn factors_and_matrix_agree() {
    let factors = Covariance::new(array![[0.04]]).unwrap();
    let model = FactorCovariance::new(array![[1.0], [0.5], [1.5]], factors, array![0.01, 0.02, 0.03]).unwrap();
    let mean = array![0.08, 0.05, 0.1];
    let dense = KellyPortfolio::new(mean.view(), 0.02, &model.to_dense().unwrap().into()).unwrap();
    let factored = KellyPortfolio::new(mean.view(), 0.02, &model.clone().into()).unwrap();
    for (a, b) in dense.fractions.view().iter().zip(factored.fractions.view()) {
        assert!((a - b).abs() < 1e-12);
    }
    // Stationarity of the growth rate: Σf gives the excess means back.
    let back = RiskModel::from(model).product(factored.fractions.view()).unwrap();
    for (a, b) in back.iter().zip(&mean) {
        assert!((a - (b - 0.02)).abs() < 1e-14);
    }
}

/// Best multiple for two known assets by brute force over the estimation error, as integral over a grid of normal
/// quantiles: the closed form must sit on top of the curve.
#[test]
fn shrinkage_maximises_expected_growth() {
    let (sharpe, years, n) = (0.4, 9.0_f64, 2001);
    let grid: Array1<f64> =
        (0..n).map(|i| alluse_risk_core::normal::quantile((f64::from(i) + 0.5) / f64::from(n)).unwrap()).collect();
    // With volatility 1, stakes are k(θ + z/√T).
    let growth =
        |k: f64| grid.iter().map(|z| k * (sharpe + z / years.sqrt())).map(|f| f * sharpe - 0.5 * f * f).sum::<f64>();
    let best = shrinkage(SharpeKnowledge::True(sharpe), 1, 9).unwrap();
    // 2001 quantiles have a variance of 0.9992, which moves the maximum by less than 1e-3.
    for step in [0.005, 0.05] {
        assert!(growth(best) > growth(best - step) && growth(best) > growth(best + step));
    }
    let observed = (sharpe * sharpe + 1.0 / 9.0).sqrt();
    assert!((shrinkage(SharpeKnowledge::InSample(observed), 1, 9).unwrap() - best).abs() < 1e-14);
    assert_eq!(shrinkage(SharpeKnowledge::InSample(0.1), 1, 9).unwrap(), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn two_outcomes_are_the_binary_bet(p in 0.01_f64..0.99, odds in 0.05_f64..20.0) {
        let closed = BinaryBet::new(p, odds).unwrap().optimum();
        let found = bet(&[(odds, p), (-1.0, 1.0 - p)]).unwrap().optimum(StakeSign::Long).unwrap();
        prop_assert!((closed.fraction - found.fraction).abs() < 1e-12, "{closed:?} {found:?}");
        prop_assert!((closed.growth - found.growth).abs() < 1e-13);
    }

    /// No other stake grows faster, and mirrored gains mirror the stake.
    #[test]
    fn the_optimum_is_one(
        gains in proptest::collection::vec(-3.0_f64..3.0, 4), weights in proptest::collection::vec(0.05_f64..1.0, 6),
        share in 0.0_f64..1.0,
    ) {
        let total: f64 = weights.iter().sum();
        let gains: Vec<f64> = gains.into_iter().chain([0.5, -0.5]).collect();
        let side = |sign: f64| {
            let outcomes: Vec<_> = gains.iter().zip(&weights).map(|(g, w)| (sign * g, w / total)).collect();
            bet(&outcomes).unwrap()
        };
        let straight = side(1.0);
        let best = straight.optimum(StakeSign::LongOrShort).unwrap();
        let (least, most) = gains.iter().fold((0.0_f64, 0.0_f64), |(l, m), g| (l.min(*g), m.max(*g)));
        let other = -0.999 / most + share * 0.999 * (1.0 / most - 1.0 / least);
        prop_assert!(straight.growth_at(other).unwrap() <= best.growth + 1e-14);
        let mirrored = side(-1.0).optimum(StakeSign::LongOrShort).unwrap();
        prop_assert_eq!(mirrored.fraction, -best.fraction);
        let long = straight.optimum(StakeSign::Long).unwrap();
        prop_assert_eq!(long.fraction, best.fraction.max(0.0));
    }

    #[test]
    fn fractional_stakes_keep_k_times_two_minus_k(mean in -0.2_f64..0.3, s in 0.05_f64..0.6, r in 0.0_f64..0.1, k in -1.0_f64..3.0) {
        let kelly = ContinuousKelly::new(mean, s, r).unwrap();
        let (part, full) = (kelly.growth_at_multiple(k).unwrap() - r, kelly.growth() - r);
        prop_assert!((part - k * (2.0 - k) * full).abs() <= 1e-13 * (1.0 + full));
    }
}

#[test]
fn hostile_input_is_refused() {
    let kelly = ContinuousKelly::new(0.11, 0.15, 0.06).unwrap();
    let singular = RiskModel::from(Covariance::new(array![[1.0, 1.0], [1.0, 1.0]]).unwrap());
    let one = RiskModel::from(Covariance::new(Array2::eye(1)).unwrap());
    let kinds = [
        (BinaryBet::new(1.1, 1.0).err(), ErrorKind::InvalidInput),
        (BinaryBet::new(f64::NAN, 1.0).err(), ErrorKind::InvalidInput),
        (BinaryBet::new(0.5, 0.0).err(), ErrorKind::InvalidInput),
        (BinaryBet::new(0.5, 1.0).unwrap().growth_at(1.0).err(), ErrorKind::Undefined),
        (BinaryBet::new(0.5, 1.0).unwrap().growth_at(-0.1).err(), ErrorKind::InvalidInput),
        (bet(&[]).err(), ErrorKind::InvalidInput),
        (bet(&[(1.0, 0.5), (-1.0, 0.4)]).err(), ErrorKind::InvalidInput),
        (bet(&[(1.0, 1.5), (-1.0, -0.5)]).err(), ErrorKind::InvalidInput),
        (bet(&[(f64::NAN, 0.5), (-1.0, 0.5)]).err(), ErrorKind::InvalidInput),
        (bet(&[(1.0, 0.5), (0.5, 0.5)]).unwrap().optimum(StakeSign::Long).err(), ErrorKind::Unbounded),
        (bet(&[(1.0, 1.0), (-1.0, 0.0)]).unwrap().optimum(StakeSign::Long).err(), ErrorKind::Unbounded),
        (bet(&[(1.0, 0.5), (-1.0, 0.5)]).unwrap().growth_at(1.5).err(), ErrorKind::Undefined),
        (bet(&[(1.0, 0.5), (-1.0, 0.5)]).unwrap().growth_at(1.0).err(), ErrorKind::Undefined),
        (ContinuousKelly::new(0.1, 0.0, 0.0).err(), ErrorKind::InvalidInput),
        (ContinuousKelly::new(0.1, 1e-300, 0.0).err(), ErrorKind::Numerical),
        (ContinuousKelly::new(f64::NAN, 0.1, 0.0).err(), ErrorKind::InvalidInput),
        (kelly.growth_at(f64::INFINITY).err(), ErrorKind::InvalidInput),
        (kelly.probability_of_falling_to(1.0, 1.0).err(), ErrorKind::InvalidInput),
        (kelly.probability_of_falling_to(0.5, 0.0).err(), ErrorKind::Undefined),
        (kelly.probability_of_falling_to_within(0.5, 1.0, 0.0).err(), ErrorKind::InvalidInput),
        (kelly.probability_of_reaching(1.0, 0.5, 1.0).err(), ErrorKind::InvalidInput),
        (KellyPortfolio::new(array![0.1, 0.2].view(), 0.0, &singular).err(), ErrorKind::Numerical),
        (KellyPortfolio::new(array![0.1, 0.2].view(), 0.0, &one).err(), ErrorKind::InvalidInput),
        (KellyPortfolio::new(array![f64::NAN].view(), 0.0, &one).err(), ErrorKind::InvalidInput),
        (shrinkage(SharpeKnowledge::True(-0.1), 1, 1).err(), ErrorKind::InvalidInput),
        (shrinkage(SharpeKnowledge::True(0.1), 1, 0).err(), ErrorKind::InvalidInput),
        (shrinkage(SharpeKnowledge::InSample(0.0), 1, 1).err(), ErrorKind::Undefined),
    ];
    for (index, (error, kind)) in kinds.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("case {index} passed"));
        assert_eq!(error.kind(), kind, "case {index}: {error}");
    }
    assert!(serde_json::from_str::<BinaryBet>(r#"{"probability": 2.0, "odds": 1.0}"#).is_err());
    assert!(serde_json::from_str::<ContinuousKelly>(r#"{"mean": 0.1, "volatility": -1.0, "risk_free": 0.0}"#).is_err());
    assert!(serde_json::from_str::<DiscreteBet>("[]").is_err());
}

/// A bet without an edge is not taken; one that cannot lose is taken whole.
#[test]
fn edges_of_the_binary_bet() {
    let poor = BinaryBet::new(0.4, 1.0).unwrap().optimum();
    assert_eq!((poor.fraction, poor.growth), (0.0, 0.0));
    let sure = BinaryBet::new(1.0, 1.0).unwrap().optimum();
    assert!((sure.growth - 2.0_f64.ln()).abs() < 1e-15 && sure.fraction == 1.0);
    assert_eq!(BinaryBet::new(0.0, 1.0).unwrap().optimum().growth, 0.0);
    let fair = bet(&[(1.0, 0.5), (-1.0, 0.5)]).unwrap().optimum(StakeSign::LongOrShort).unwrap();
    assert_eq!((fair.fraction, fair.growth), (0.0, 0.0));
}
