//! Searches against closed forms, against each other, and against random scenarios.

use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{AssetId, Covariance, Currency, Error as CoreError, Factor, Horizon, ShockKind};
use jiff::civil::date;
use ndarray::{Array1, Array2, ArrayView2, Axis, array};

use super::space::Space;
use super::*;
use crate::factors::tests::{spot, spots, volatility};
use crate::{Error, FactorModel, Result};

#[test]
fn linear_books_agree_with_the_formula() {
    let root = array![[0.02, 0.0, 0.0], [0.01, 0.03, 0.0], [-0.02, 0.01, 0.01]];
    let model = spots(&["A", "B", "C"], root.dot(&root.t())).with_mean(vec![0.001, -0.002, 0.0]).unwrap();
    let loss = LinearLoss::new(array![1e6, -4e5, 2e5]).unwrap();
    let formula = linear_reverse_stress(&model, &loss, 60_000.0).unwrap();
    let found = ReverseStress::new(60_000.0, 3).unwrap().solve(&model, &loss).unwrap();
    assert_eq!(found.scenarios.len(), 1);
    let worst = &found.scenarios[0];
    assert!((worst.distance / formula.distance - 1.0).abs() < 1e-8);
    for (got, want) in worst.shocks.iter().zip(&formula.shocks) {
        assert!((got.1 - want.1).abs() < 1e-8, "{got:?} {want:?}");
    }
    assert!((worst.loss - 60_000.0).abs() < 60_000.0 * 1e-7 && worst.kkt_residual < 1e-6);
    // Both ways along the gradient, six axes, 32 at random; no curvature. Half of them lead there at least.
    assert_eq!(found.starts, 40);
    assert!(worst.starts > 20 && worst.start == Start::Gradient, "{worst:?}");
    assert_eq!((found.surrogate_error, found.surrogate_checked), (None, 0));
}

/// A delta-gamma book of three factors, and the minima of its distance from elsewhere.
fn quadratic() -> (FactorModel, QuadraticLoss) {
    let sigma = array![[4e-4, 1e-4, -5e-5], [1e-4, 9e-4, 2e-4], [-5e-5, 2e-4, 1.6e-3]];
    let gamma = array![[-4e6, 5e5, 0.0], [5e5, -1e6, 3e5], [0.0, 3e5, 2e6]];
    let loss = QuadraticLoss::new(array![20_000.0, -30_000.0, 10_000.0], gamma).unwrap();
    (spots(&["A", "B", "C"], sigma), loss)
}

#[test]
fn delta_gamma_books_agree_with_the_secular_equation() {
    let (model, loss) = quadratic();
    let found = ReverseStress::new(15_000.0, 1).unwrap().solve(&model, &loss).unwrap();
    // SciPy 1.17.1: all roots of loss(y(t)) = L with y(t) = t (I − t H)⁻¹ b by scanning t and brentq, in other whitened
    // coordinates (lower Cholesky); those kept at which the bordered Hessian says minimum.
    for (scenario, (distance, shocks)) in found.scenarios.iter().zip(SECULAR) {
        assert!((scenario.distance - distance).abs() < 1e-6, "{found:#?}");
        for (got, want) in scenario.shocks.iter().zip(shocks) {
            assert!((got.1 - want).abs() < 1e-7, "{found:#?}");
        }
    }
    assert_eq!(found.scenarios.len(), SECULAR.len());
}

const SECULAR: [(f64, [f64; 3]); 2] = [
    (4.098_044_951_963_487, [-0.074_281_545_878_257_49, 0.030_385_301_874_299_876, 0.001_128_851_674_482_883]),
    (4.581_105_719_891_64, [0.091_085_815_138_404_51, 0.037_344_011_164_774_82, -0.009_717_200_579_879_797]),
];

/// The same without derivatives of any kind.
#[derive(Debug)]
struct Bare(QuadraticLoss);

impl ScenarioLoss for Bare {
    fn factors(&self) -> usize {
        self.0.factors()
    }

    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        self.0.losses(moves)
    }
}

#[test]
fn losses_without_derivatives_find_the_same() {
    let (model, loss) = quadratic();
    let search = ReverseStress::new(15_000.0, 1).unwrap();
    let with = search.solve(&model, &loss).unwrap();
    let without = search.solve(&model, &Bare(loss)).unwrap();
    assert!((with.scenarios[0].distance - without.scenarios[0].distance).abs() < 1e-6);
    assert!((with.scenarios[1].distance - without.scenarios[1].distance).abs() < 1e-6);
}

#[test]
fn what_cannot_be_reached_is_an_error_with_the_most_that_can() {
    // Gains only: −x²/2 at most 0; and a loss that saturates.
    let model = spots(&["A"], array![[1.0]]);
    let gains = QuadraticLoss::new(array![0.0], array![[2.0]]).unwrap();
    let error = ReverseStress::new(1.0, 1).unwrap().solve(&model, &gains).unwrap_err();
    assert!(
        matches!(&error, Error::Infeasible { reason, .. } if reason.contains("largest loss found within 8 ")),
        "{error}"
    );
    let linear = LinearLoss::new(array![1.0]).unwrap();
    let error = ReverseStress::new(9.0, 1).unwrap().solve(&model, &linear).unwrap_err();
    assert!(error.to_string().contains("is 8, less than 9"), "{error}");
    let far = ReverseStress::new(9.0, 1).unwrap().with_radius(10.0).unwrap().solve(&model, &linear).unwrap();
    assert!((far.scenarios[0].distance - 9.0).abs() < 1e-6);
    // A gain is asked about in the same way.
    let gain = ReverseStress::new(-1.0, 1).unwrap().solve(&model.with_mean(vec![3.0]).unwrap(), &linear).unwrap();
    assert!((gain.scenarios[0].shocks[0].1 - 1.0).abs() < 1e-6);
}

#[test]
fn a_centre_that_costs_enough_is_the_answer() {
    let model = spots(&["A"], array![[1.0]]).with_mean(vec![-2.0]).unwrap();
    let found = ReverseStress::new(1.5, 1).unwrap().solve(&model, &LinearLoss::new(array![1.0]).unwrap()).unwrap();
    let only = &found.scenarios[0];
    assert_eq!((only.distance, only.plausibility, only.loss, only.start), (0.0, 1.0, 2.0, Start::Centre));
    assert_eq!((only.kkt_residual, found.centre_loss, found.scenarios.len()), (0.0, 2.0, 1));
}

#[test]
fn one_wrong_thing_at_a_time() {
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(ReverseStress::new(bad, 1).is_err());
    }
    let search = || ReverseStress::new(1.0, 1).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(search().with_radius(bad).is_err());
        assert!(search().with_separation(bad).is_err());
    }
    for bad in [0.0, 1.0, f64::NAN] {
        assert!(search().with_kkt_tolerance(bad).is_err());
    }
    assert!(search().with_max_scenarios(0).is_err());
    let model = spots(&["A", "B"], Array2::eye(2));
    let loss = LinearLoss::new(array![1.0]).unwrap();
    assert!(matches!(search().solve(&model, &loss), Err(Error::Input(CoreError::LengthMismatch { .. }))));
    let text = serde_json::to_string(&search()).unwrap();
    assert_eq!(serde_json::from_str::<ReverseStress>(&text).unwrap(), search());
    assert!(serde_json::from_str::<ReverseStress>(&text.replace("8.0", "-8.0")).is_err());
}

const DAY: jiff::civil::Date = date(2018, 12, 31);

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(DAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_volatility("A", 0.25))
        .and_then(|m| m.with_spot("B", 50.0))
        .and_then(|m| m.with_volatility("B", 0.4))
        .and_then(|m| m.with_rate("USD", 0.02))
        .and_then(|m| m.with_dividend_yield_otherwise(0.01))
        .unwrap()
}

fn straddle() -> Book {
    let expiry = date(2019, 3, 15);
    let call = OptionContract::call("A", 100.0, expiry, Multiplier::EQUITY).unwrap();
    let put = OptionContract::put("A", 100.0, expiry, Multiplier::EQUITY).unwrap();
    Book::builder().option(call, -10.0).option(put, -10.0).build(&market()).unwrap()
}

fn model(factors: Vec<(Factor, ShockKind)>, deviations: &[f64], rho: f64) -> FactorModel {
    let n = deviations.len();
    let sigma = Array2::from_shape_fn((n, n), |(i, j)| {
        deviations[i.max(j)] * deviations[i.min(j)] * if i == j { 1.0 } else { rho }
    });
    FactorModel::new(DAY, Horizon::WEEK, factors, Covariance::new(sigma).unwrap()).unwrap()
}

fn spot_and_volatility(name: &str, rho: f64) -> FactorModel {
    model(vec![(spot(name), ShockKind::Log), (volatility(name), ShockKind::Log)], &[0.035, 0.12], rho)
}

#[test]
fn a_short_straddle_breaks_both_ways() {
    let (book, model) = (straddle(), spot_and_volatility("A", -0.6));
    let loss = BookLoss::new(&book, &model, Revaluation::default()).unwrap();
    let found = ReverseStress::new(10_000.0, 5).unwrap().solve(&model, &loss).unwrap();
    assert_eq!(found.scenarios.len(), 2, "{found:#?}");
    let (first, second) = (&found.scenarios[0], &found.scenarios[1]);
    assert!(first.shocks[0].1 * second.shocks[0].1 < 0.0, "{found:#?}");
    let down = if first.shocks[0].1 < 0.0 { first } else { second };
    assert!(down.shocks[1].1 > 0.0);
    assert!(first.distance < second.distance && first.plausibility > second.plausibility);
    // Revalued once more, through the scenario set.
    let again = Revaluation::default().revalue(&book, &found.scenario_set().unwrap()).unwrap();
    for (scenario, gain) in found.scenarios.iter().zip(again.total()) {
        assert!((scenario.loss + gain).abs() < 1e-9);
        assert!(-gain >= 10_000.0 * (1.0 - 1e-6));
        assert!(scenario.kkt_residual < 1e-4);
        assert!((scenario.surrogate_loss.unwrap() - scenario.loss).abs() <= found.surrogate_error.unwrap());
    }
    assert_eq!(again.ids()[1].as_str(), "reverse 2");
    assert!(found.surrogate_error.unwrap() < 20.0, "{found:#?}"); // 0.2 % of the loss
    // No scenario nearer than the first costs as much: ten thousand on its sphere, slightly inside.
    let space = Space::new(&model).unwrap();
    let mut normals = Streams::new(77).standard_normals(10_000, 2);
    let mut inside = Array2::zeros((10_000, 2));
    for (mut row, mut x) in normals.rows_mut().into_iter().zip(inside.rows_mut()) {
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|v| v / length * first.distance * 0.9999);
        x.assign(&space.moves(row.view()));
    }
    let losses = loss.losses(inside.view()).unwrap();
    assert!(losses.iter().all(|loss| *loss < 10_000.0), "{:?}", losses.iter().fold(0.0_f64, |a, b| a.max(*b)));
}

fn mixed() -> (Book, FactorModel) {
    let expiry = date(2019, 6, 21);
    let market = market()
        .with_spot("C", 20.0)
        .and_then(|m| m.with_volatility("C", 0.3))
        .and_then(|m| m.with_quote_currency("C", "EUR"))
        .and_then(|m| m.with_fx("EUR", 1.14))
        .and_then(|m| m.with_rate("EUR", 0.03))
        .and_then(|m| m.with_dividend_yield("C", 0.02))
        .unwrap();
    let put = |name, strike| OptionContract::put(name, strike, expiry, Multiplier::EQUITY).unwrap();
    let call = |name, strike| OptionContract::call(name, strike, expiry, Multiplier::EQUITY).unwrap();
    let book = Book::builder()
        .share("A", 300.0)
        .option(call("A", 110.0), -3.0)
        .option(put("B", 45.0), -20.0)
        .option(put("A", 90.0), 2.0)
        .option(put("C", 20.0), -30.0)
        .cash("EUR", 5_000.0)
        .build(&market)
        .unwrap();
    let c = AssetId::new("C").unwrap();
    let own = Factor::ContractVolatility(put("A", 90.0).id());
    let eur = Currency::new("EUR").unwrap();
    let factors = vec![
        (spot("A"), ShockKind::Log),
        (spot("B"), ShockKind::Log),
        (volatility("A"), ShockKind::Log),
        (own, ShockKind::Log),
        (Factor::Rate(Currency::usd()), ShockKind::Absolute),
        (volatility("B"), ShockKind::Log),
        (Factor::Spot(c.clone()), ShockKind::Log),
        (Factor::Volatility(c.clone()), ShockKind::Log),
        (Factor::Fx(eur.clone()), ShockKind::Log),
        (Factor::Rate(eur), ShockKind::Absolute),
        (Factor::Dividend(c), ShockKind::Absolute),
    ];
    let deviations = [0.03, 0.05, 0.1, 0.12, 0.002, 0.1, 0.04, 0.1, 0.01, 0.001, 0.002];
    (book, model(factors, &deviations, 0.2))
}

#[test]
fn gradients_by_kind_are_those_by_factor() {
    let (book, model) = mixed();
    let loss = BookLoss::new(&book, &model, Revaluation::default()).unwrap();
    let at = Array1::from(vec![-0.05, 0.02, 0.1, 0.2, 0.001, -0.1, -0.1, 0.15, 0.02, -0.001, 0.001]);
    let (value, gradient) = loss.loss_and_gradient(at.view()).unwrap();
    assert!((loss.losses(at.view().insert_axis(Axis(0))).unwrap()[0] - value).abs() < 1e-9);
    for k in 0..at.len() {
        let h = 2e-4;
        let side = |sign: f64| {
            let mut moved = at.clone();
            moved[k] += sign * h;
            loss.losses(moved.view().insert_axis(Axis(0))).unwrap()[0]
        };
        let want = (side(1.0) - side(-1.0)) / (2.0 * h);
        // Second-order differences with two steps: apart by h² times a third derivative.
        assert!((gradient[k] - want).abs() < 1e-4 * want.abs().max(100.0), "{k}: {} {want}", gradient[k]);
    }
}

#[test]
fn the_surrogate_is_close_and_its_derivatives_are_its_own() {
    let (book, model) = mixed();
    let loss = BookLoss::new(&book, &model, Revaluation::default()).unwrap();
    let quick = loss.surrogate(&model, 8.0).unwrap().unwrap();
    let space = Space::new(&model).unwrap();
    let normals = Streams::new(4).standard_normals(60, space.rank());
    let mut moves = Array2::zeros((60, model.factors().len()));
    for (row, mut x) in normals.rows().into_iter().zip(moves.rows_mut()) {
        let length = row.dot(&row).sqrt();
        x.assign(&space.moves(row.mapv(|v| v / length * 4.0).view()));
    }
    let (exact, said) = (loss.losses(moves.view()).unwrap(), quick.losses(moves.view()).unwrap());
    let worst = (&exact - &said).iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let largest = exact.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    // What is left out is the interplay of currency, rates and yields with the rest.
    assert!(worst < 0.03 * largest, "{worst} of {largest}");
    let at = moves.row(7).to_owned();
    let (_, gradient) = quick.loss_and_gradient(at.view()).unwrap();
    let hessian = quick.hessian(at.view()).unwrap().unwrap();
    let h = 1e-5;
    for k in 0..at.len() {
        let side = |sign: f64| {
            let mut moved = at.clone();
            moved[k] += sign * h;
            quick.loss_and_gradient(moved.view()).unwrap()
        };
        let (up, down) = (side(1.0), side(-1.0));
        assert!(((up.0 - down.0) / (2.0 * h) - gradient[k]).abs() < 1e-3 * gradient[k].abs().max(1.0), "{k}");
        for j in 0..at.len() {
            let want = (up.1[j] - down.1[j]) / (2.0 * h);
            assert!(
                (hessian[[j, k]] - want).abs() < 1e-2 * want.abs().max(10.0),
                "{j} {k}: {} {want}",
                hessian[[j, k]]
            );
        }
    }
    assert!(quick.losses(Array2::zeros((1, 2)).view()).is_err());
    assert!(quick.loss_and_gradient(array![0.0].view()).is_err() && quick.hessian(array![0.0].view()).is_err());
}

#[test]
fn a_book_with_everything_in_it() {
    let (book, model) = mixed();
    let loss = BookLoss::new(&book, &model, Revaluation::default()).unwrap();
    let found = ReverseStress::new(12_000.0, 5).unwrap().solve(&model, &loss).unwrap();
    let again = Revaluation::default().revalue(&book, &found.scenario_set().unwrap()).unwrap();
    for (scenario, gain) in found.scenarios.iter().zip(again.total()) {
        assert!((-gain - 12_000.0).abs() <= 12_000.0 * 1e-6);
        assert!(scenario.kkt_residual <= 1e-4, "{scenario:?}");
    }
    assert!(found.scenarios.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<ReverseStressResult>(&text).unwrap(), found);
}

#[test]
fn books_that_cannot_be_searched_are_refused() {
    let book = straddle();
    let relative = model(vec![(spot("A"), ShockKind::Relative)], &[0.03], 0.0);
    let refused = BookLoss::new(&book, &relative, Revaluation::default());
    assert!(matches!(refused, Err(Error::Input(CoreError::Unsupported { .. }))));
    let no_volatility = model(vec![(spot("A"), ShockKind::Log)], &[0.03], 0.0);
    assert!(matches!(BookLoss::new(&book, &no_volatility, Revaluation::default()), Err(Error::Pricing(_))));
    let held = Revaluation::default().with_held_fixed(alluse_instruments::HeldFixed::Volatility);
    let loss = BookLoss::new(&book, &no_volatility, held).unwrap();
    let found = ReverseStress::new(5_000.0, 1).unwrap().solve(&no_volatility, &loss).unwrap();
    assert_eq!(found.scenarios.len(), 2);
    let other_day = spot_and_volatility("A", 0.0).with_as_of(date(2019, 1, 2));
    assert!(matches!(BookLoss::new(&book, &other_day, Revaluation::default()), Err(Error::Pricing(_))));
    let unknown = Book::builder().share("X", 1.0).build(&market()).unwrap();
    let error = BookLoss::new(&unknown, &spot_and_volatility("A", 0.0), Revaluation::default()).unwrap_err();
    assert!(error.to_string().contains("\"X\""), "{error}");
    let empty = Book::builder().build(&market()).unwrap();
    assert!(matches!(
        BookLoss::new(&empty, &spot_and_volatility("A", 0.0), Revaluation::default()),
        Err(Error::Input(CoreError::Empty { .. }))
    ));
}

#[test]
fn a_thousand_positions() {
    let (book, model) = large();
    let loss = BookLoss::new(&book, &model, Revaluation::default()).unwrap();
    let centre = loss.losses(Array2::zeros((1, 40)).view()).unwrap()[0];
    let level = centre + 5e5;
    let found = ReverseStress::new(level, 5).unwrap().solve(&model, &loss).unwrap();
    let again = Revaluation::default().revalue(&book, &found.scenario_set().unwrap()).unwrap();
    for (scenario, gain) in found.scenarios.iter().zip(again.total()) {
        assert!(-gain >= level * (1.0 - 1e-6), "{gain} {scenario:?}");
        assert!(scenario.kkt_residual < 1e-4);
    }
    // The tables are good to a thousandth of the loss that they look for.
    assert!(found.surrogate_error.unwrap() < 1e-3 * level, "{:?}", found.surrogate_error);
    // Nearly all of the searches end at the crash of everything.
    assert!(found.scenarios[0].starts > found.starts / 2);
    assert!(found.scenarios[0].shocks.iter().take(20).all(|(_, move_)| *move_ < 0.0));
}

/// 600 shares and 400 American options on 20 underlyings, long shares with short calls and puts.
fn large() -> (Book, FactorModel) {
    let mut market =
        MarketSnapshot::usd(DAY).with_rate("USD", 0.02).unwrap().with_dividend_yield_otherwise(0.01).unwrap();
    let mut builder = Book::builder();
    let mut factors = Vec::new();
    let mut deviations = Vec::new();
    for k in 0..20 {
        let (name, price) = (format!("U{k}"), 50.0 + 5.0 * k as f64);
        market = market.with_spot(&name, price).unwrap().with_volatility(&name, 0.2 + 0.01 * k as f64).unwrap();
        for lot in 0..30 {
            builder = builder.share(&name, 20.0 + lot as f64).named(&format!("{name} lot {lot}"));
        }
        for j in 0..20 {
            let expiry = [date(2019, 1, 18), date(2019, 3, 15), date(2019, 6, 21), date(2020, 1, 17)][j % 4];
            let strike = (price * (0.8 + 0.02 * j as f64)).round();
            let quantity = if j % 5 == 0 { 4.0 } else { -6.0 };
            let contract = if j < 10 {
                OptionContract::put(&name, strike, expiry, Multiplier::EQUITY).unwrap()
            } else {
                OptionContract::call(&name, strike, expiry, Multiplier::EQUITY).unwrap()
            };
            builder = builder.option(contract, quantity).named(&format!("{name} option {j}"));
        }
        factors.push((spot(&name), ShockKind::Log));
        deviations.push(0.03 + 0.001 * k as f64);
    }
    for k in 0..20 {
        factors.push((volatility(&format!("U{k}")), ShockKind::Log));
        deviations.push(0.12);
    }
    let sigma = Array2::from_shape_fn((40, 40), |(i, j)| {
        let rho = match (i == j, i < 20, j < 20) {
            (true, ..) => 1.0,
            (_, true, true) => 0.4,
            (_, false, false) => 0.6,
            _ => -0.35,
        };
        deviations[i.max(j)] * deviations[i.min(j)] * rho
    });
    let model = FactorModel::new(DAY, Horizon::WEEK, factors, Covariance::new(sigma).unwrap()).unwrap();
    (builder.build(&market).unwrap(), model)
}
