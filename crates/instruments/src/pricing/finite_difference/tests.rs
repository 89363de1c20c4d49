//! Laws of the solver, and its answers against closed forms and against refused input.

use alluse_risk_core::{Error as Input, ErrorKind};
use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::pricing::{AmericanMethod, CashDividend, Precision, american_greeks};

const KINDS: [OptionKind; 2] = [OptionKind::Call, OptionKind::Put];
const MODELS: [DividendModel; 2] = [DividendModel::Escrowed, DividendModel::Spot];
const STYLES: [ExerciseStyle; 2] = [ExerciseStyle::European, ExerciseStyle::American];

fn model(spot: f64, time: f64, volatility: f64, rate: f64, dividend_yield: f64) -> BlackScholes {
    BlackScholes::new(BlackScholesInputs { spot, strike: 100.0, time, volatility, rate, dividend_yield }).unwrap()
}

fn schedule(pairs: &[(f64, f64)]) -> DividendSchedule {
    DividendSchedule::new(pairs.iter().map(|&(ex_time, amount)| CashDividend { ex_time, amount }).collect()).unwrap()
}

fn american(kind: OptionKind, model: &BlackScholes, pairs: &[(f64, f64)], dividends: DividendModel) -> DividendOption {
    DividendOption::new(kind, ExerciseStyle::American, model, &schedule(pairs), dividends).unwrap()
}

fn european(kind: OptionKind, model: &BlackScholes, pairs: &[(f64, f64)], dividends: DividendModel) -> DividendOption {
    DividendOption::new(kind, ExerciseStyle::European, model, &schedule(pairs), dividends).unwrap()
}

// The exact American price of the boundary's integral equation is another road altogether.
#[test]
fn without_dividends_it_is_the_exact_american_price() {
    for kind in KINDS {
        for volatility in [0.1, 0.25, 0.6] {
            for (rate, dividend_yield) in [(0.05, 0.0), (0.02, 0.04), (0.1, 0.05), (0.0, 0.03), (0.03, 0.03)] {
                for time in [0.05, 0.5, 2.0] {
                    let spots = [70.0, 90.0, 97.0, 100.0, 104.0, 120.0, 150.0];
                    let model = model(100.0, time, volatility, rate, dividend_yield);
                    let got = american(kind, &model, &[], DividendModel::Spot).prices(&spots).unwrap();
                    for (spot, got) in spots.into_iter().zip(got) {
                        let exact = AmericanMethod::Exact(Precision::High);
                        let exact = exact.price(kind, &model.with_spot(spot).unwrap()).unwrap();
                        let case = (kind, volatility, rate, dividend_yield, time, spot);
                        assert!((got - exact).abs() < 1e-5 * 100.0, "{got} {exact} {case:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_estimate_of_the_error_covers_it() {
    for kind in KINDS {
        for (spot, volatility, time) in [(100.0, 0.6, 2.0), (70.0, 0.6, 2.0), (104.0, 0.1, 0.5), (97.0, 0.25, 1.0)] {
            let model = model(spot, time, volatility, 0.05, 0.02);
            let exact = AmericanMethod::Exact(Precision::High).price(kind, &model).unwrap();
            let coarse = GridSize::new(32, 100).unwrap();
            let got =
                american(kind, &model, &[], DividendModel::Spot).with_grid_size(coarse).price_with_error().unwrap();
            let error = (got.price - exact).abs();
            assert!(error < 2.0 * got.error + 1e-5, "{got:?} {error}");
            assert!(error > 0.1 * got.error - 1e-5, "{got:?} {error}");
        }
    }
    let closed = european(OptionKind::Put, &model(100.0, 1.0, 0.2, 0.05, 0.0), &[(0.5, 1.0)], DividendModel::Escrowed);
    assert_eq!(closed.price_with_error().unwrap().error, 0.0);
}

#[test]
fn greeks_without_dividends_are_the_exact_ones() {
    for kind in KINDS {
        for spot in [85.0, 100.0, 118.0] {
            let model = model(spot, 0.75, 0.3, 0.05, 0.03);
            let exact = american_greeks(kind, &model, Precision::High).unwrap();
            let got = american(kind, &model, &[], DividendModel::Spot).greeks().unwrap();
            let pairs = [
                ("price", got.price, exact.price, 1e-3),
                ("delta", got.delta, exact.delta, 2e-5),
                ("gamma", got.gamma, exact.gamma, 2e-5),
                ("theta", got.theta, exact.theta, 5e-3),
                ("vega", got.vega, exact.vega, 2e-2),
                ("rho", got.rho, exact.rho, 2e-2),
            ];
            for (name, got, exact, tolerance) in pairs {
                assert!((got - exact).abs() < tolerance, "{kind:?} {spot} {name}: {got} {exact}");
            }
        }
    }
}

// Every derivative against differences of prices, which share nothing with the formulas for theta and delta.
#[test]
fn greeks_are_derivatives_of_the_price() {
    let dividends = [(0.2, 1.5), (0.6, 1.0)];
    for (kind, style, dividend_model) in [
        (OptionKind::Call, ExerciseStyle::European, DividendModel::Escrowed),
        (OptionKind::Put, ExerciseStyle::European, DividendModel::Spot),
        (OptionKind::Put, ExerciseStyle::American, DividendModel::Escrowed),
        (OptionKind::Call, ExerciseStyle::American, DividendModel::Spot),
    ] {
        let fine = GridSize::new(128, 400).unwrap();
        let option = |spot: f64, later: f64, volatility: f64, rate: f64| {
            let model = model(spot, 1.0 - later, volatility, rate, 0.01);
            let pairs = dividends.map(|(ex_time, amount)| (ex_time - later, amount));
            DividendOption::new(kind, style, &model, &schedule(&pairs), dividend_model).unwrap().with_grid_size(fine)
        };
        let price = |spot, later, volatility, rate| option(spot, later, volatility, rate).price().unwrap();
        let (s, v, r) = (103.0, 0.25, 0.04);
        let got = option(s, 0.0, v, r).greeks().unwrap();
        let at = |step: f64| price(s + step, 0.0, v, r);
        let close = |name: &str, got: f64, want: f64, tolerance: f64| {
            assert!((got - want).abs() < tolerance, "{kind:?} {style:?} {dividend_model:?} {name}: {got} {want}");
        };
        close("price", got.price, at(0.0), 1e-12);
        close("delta", got.delta, (at(0.5) - at(-0.5)) / 1.0, 1e-4);
        close("gamma", got.gamma, (at(1.0) - 2.0 * at(0.0) + at(-1.0)) / 1.0, 1e-4);
        close("theta", got.theta, (price(s, 0.005, v, r) - price(s, -0.005, v, r)) / 0.01, 2e-2);
        close("vega", got.vega, (price(s, 0.0, v + 0.01, r) - price(s, 0.0, v - 0.01, r)) / 0.02, 3e-2);
        close("rho", got.rho, (price(s, 0.0, v, r + 0.002) - price(s, 0.0, v, r - 0.002)) / 0.004, 5e-2);
    }
}

#[test]
fn an_exercised_option_moves_with_its_share() {
    let model = model(60.0, 0.5, 0.2, 0.08, 0.0);
    let greeks = american(OptionKind::Put, &model, &[], DividendModel::Spot).greeks().unwrap();
    assert_eq!((greeks.price, greeks.delta, greeks.gamma, greeks.theta), (40.0, -1.0, 0.0, 0.0));
    let far = american(OptionKind::Call, &model.with_spot(1e5).unwrap(), &[(0.2, 1.0)], DividendModel::Spot)
        .greeks()
        .unwrap();
    // Waits for its last moment before the dividend; the strike is paid in 0.2 or 0.5 years.
    assert!((far.delta - 1.0).abs() < 1e-6 && far.gamma == 0.0 && far.vega == 0.0, "{far:?}");
}

#[test]
fn puts_and_calls_on_one_share_agree() {
    let dividends = [(0.1, 2.0), (0.35, 1.0), (0.8, 3.0)];
    let forward = |spot: f64, rate: f64, q: f64| {
        let stripped: f64 = dividends.iter().map(|(t, d)| d * (-(rate - q) * t).exp()).sum();
        (spot - stripped) * (-q).exp() - 100.0 * (-rate).exp()
    };
    for dividend_model in MODELS {
        for (volatility, rate, q) in [(0.15, 0.04, 0.0), (0.3, -0.01, 0.02), (0.9, 0.1, 0.05)] {
            for spot in [80.0, 100.0, 130.0] {
                let model = model(spot, 1.0, volatility, rate, q);
                let price = |kind| european(kind, &model, &dividends, dividend_model).price().unwrap();
                let (call, put) = (price(OptionKind::Call), price(OptionKind::Put));
                // The floor at 0 of the spot model is out of reach; the rest is the grid.
                let off = call - put - forward(spot, rate, q);
                let tolerance = if dividend_model == DividendModel::Spot { 2e-4 } else { 1e-11 };
                assert!(off.abs() < tolerance, "{dividend_model:?} {volatility} {spot}: {off:e}");
            }
        }
    }
}

#[test]
fn a_call_is_exercised_just_before_the_dividend_or_not_at_all() {
    let model = model(130.0, 0.5, 0.2, 0.03, 0.0);
    for dividend_model in MODELS {
        let option = american(OptionKind::Call, &model, &[(0.25, 6.0)], dividend_model);
        let waiting = option.exercise_probability(Drift::RiskNeutral).unwrap();
        assert!(waiting.early > 0.95 && waiting.early < 1.0, "{waiting:?}");
        assert!(option.price().unwrap() > 30.0);
        // Exercise just before the dividend: a call that expires then, on a share that has not gone ex.
        let until = self::model(130.0, 0.25, 0.2, 0.03, 0.0).price(OptionKind::Call);
        assert!(option.price().unwrap() >= until - 1e-3);
        // A dividend below the interest on the strike keeps it alive.
        let small = american(OptionKind::Call, &model, &[(0.25, 0.5)], dividend_model);
        assert_eq!(small.exercise_probability(Drift::RiskNeutral).unwrap().early, 0.0);
    }
}

#[test]
fn puts_wait_for_a_dividend_that_is_near() {
    let model = model(80.0, 0.5, 0.2, 0.03, 0.0);
    let soon = american(OptionKind::Put, &model, &[(0.02, 3.0)], DividendModel::Spot);
    let without = american(OptionKind::Put, &model, &[], DividendModel::Spot);
    assert_eq!(without.price().unwrap(), 20.0);
    assert_eq!(without.exercise_probability(Drift::RiskNeutral).unwrap().early, 1.0);
    assert!(soon.price().unwrap() > 22.8, "{}", soon.price().unwrap());
    let probability = soon.exercise_probability(Drift::RiskNeutral).unwrap();
    assert!(probability.early > 0.9 && probability.early <= 1.0, "{probability:?}");
}

#[test]
fn many_spots_from_one_solution_are_those_one_by_one() {
    let base = model(100.0, 0.7, 0.3, 0.04, 0.01);
    let spots = [1e-9, 3.0, 60.0, 99.5, 100.0, 163.0, 1e4];
    for (kind, style, dividend_model) in
        KINDS.into_iter().flat_map(|k| STYLES.into_iter().flat_map(move |s| MODELS.into_iter().map(move |m| (k, s, m))))
    {
        let option = |model: &BlackScholes| {
            DividendOption::new(kind, style, model, &schedule(&[(0.3, 2.0), (0.6, 2.0)]), dividend_model)
        };
        let prices = option(&base).unwrap().prices(&spots).unwrap();
        for (spot, price) in spots.into_iter().zip(&prices) {
            match option(&base.with_spot(spot).unwrap()) {
                Ok(one) => assert_eq!(one.price().unwrap(), *price),
                Err(_) => assert!(dividend_model == DividendModel::Escrowed && spot < 4.0, "{spot}"),
            }
        }
        // A worthless share: the put is worth its strike, now or at expiry.
        let worthless = match (kind, style) {
            (OptionKind::Call, _) => 0.0,
            (OptionKind::Put, ExerciseStyle::American) => 100.0,
            (OptionKind::Put, ExerciseStyle::European) => 100.0 * (-0.04_f64 * 0.7).exp(),
        };
        assert!((prices[0] - worthless).abs() < 1e-8, "{kind:?} {style:?} {dividend_model:?}: {}", prices[0]);
    }
}

#[test]
fn a_dividend_at_expiry_counts_and_one_after_it_does_not() {
    let model = model(100.0, 0.5, 0.25, 0.02, 0.0);
    for dividend_model in MODELS {
        let price = |kind, style, pairs: &[(f64, f64)]| {
            DividendOption::new(kind, style, &model, &schedule(pairs), dividend_model).unwrap().price().unwrap()
        };
        let (call, put) = (OptionKind::Call, OptionKind::Put);
        let (late, none) = ([(0.500_001, 5.0)], []);
        assert_eq!(price(call, STYLES[1], &late), price(call, STYLES[1], &none));
        assert!(price(put, STYLES[0], &[(0.5, 5.0)]) > price(put, STYLES[0], &none) + 1.5);
        // The call is exercised on the day before, and so loses nothing.
        let with = price(call, STYLES[1], &[(0.5, 5.0)]);
        let tolerance = if dividend_model == DividendModel::Spot { 2e-3 } else { 0.4 };
        assert!((with - price(call, STYLES[1], &none)).abs() < tolerance, "{dividend_model:?} {with}");
        assert!(price(call, STYLES[0], &[(0.5, 5.0)]) < with - 1.5);
    }
}

#[test]
fn without_time_or_volatility_the_answer_is_certain() {
    for dividend_model in MODELS {
        let now = american(OptionKind::Put, &model(90.0, 0.0, 0.2, 0.05, 0.0), &[(0.1, 1.0)], dividend_model);
        assert_eq!(now.price().unwrap(), 10.0);
        let probability = now.exercise_probability(Drift::RealWorld { annual: 0.1 }).unwrap();
        assert_eq!((probability.early, probability.at_expiry, probability.total), (0.0, 1.0, 1.0));
        let still = european(OptionKind::Call, &model(110.0, 1.0, 0.0, 0.0, 0.0), &[(0.5, 4.0)], dividend_model);
        assert_eq!(still.price().unwrap(), 6.0);
        let still = american(OptionKind::Call, &model(110.0, 1.0, 0.0, 0.0, 0.0), &[(0.5, 4.0)], dividend_model);
        assert_eq!(still.price().unwrap(), 10.0);
        assert_eq!(still.exercise_probability(Drift::RiskNeutral).unwrap().early, 1.0);
        assert!(matches!(still.greeks(), Err(Error::Input(Input::Undefined { .. }))));
        let moved = still.exercise_probability(Drift::RealWorld { annual: 0.1 });
        assert!(matches!(moved, Err(Error::Input(Input::Undefined { .. }))));
        // The least volatility is next to none.
        let faint = american(OptionKind::Call, &model(110.0, 1.0, 1e-5, 0.0, 0.0), &[(0.5, 4.0)], dividend_model);
        assert!((faint.price().unwrap() - 10.0).abs() < 1e-6);
        let faint = european(OptionKind::Call, &model(104.0, 1.0, 1e-3, 0.05, 0.0), &[(0.5, 4.0)], dividend_model);
        // 104 - 4 exp(-0.025) - 100 exp(-0.05).
        assert!((faint.price().unwrap() - 4.975_817_704_5).abs() < 1e-4, "{:?}", faint.price());
    }
}

#[test]
fn hostile_input_is_refused_by_name() {
    let plain = model(100.0, 1.0, 0.2, 0.05, 0.0);
    let build = |kind, style, model: &BlackScholes, pairs: &[(f64, f64)], dividends| {
        DividendOption::new(kind, style, model, &schedule(pairs), dividends)
    };
    let (put, american_style) = (OptionKind::Put, ExerciseStyle::American);
    // Dividends above the spot: nothing to escrow them from; the spot model floors at 0. What is left is then so little
    // that the put is exercised: worth the strike less what the share may be worth on top of the dividend, a call.
    for amount in [105.0, 1e4] {
        let refused = build(put, american_style, &plain, &[(0.5, amount)], DividendModel::Escrowed);
        assert!(matches!(refused, Err(Error::Input(Input::OutOfDomain { .. }))), "{amount}");
        let floored = build(put, american_style, &plain, &[(0.5, amount)], DividendModel::Spot).unwrap();
        let inputs = BlackScholesInputs { strike: amount, time: 0.5, ..plain.inputs() };
        let left = BlackScholes::new(inputs).unwrap().price(OptionKind::Call);
        let (got, want) = (floored.price().unwrap(), 100.0 * (-0.025_f64).exp() - left);
        assert!((got - want).abs() < 2e-3, "{amount}: {got} {want}");
    }
    let negative = build(put, american_style, &model(100.0, 1.0, 0.2, -0.01, -0.02), &[], DividendModel::Spot);
    assert_eq!(negative.unwrap_err().kind(), ErrorKind::Unsupported);
    let negative =
        build(OptionKind::Call, american_style, &model(100.0, 1.0, 0.2, -0.02, -0.01), &[], DividendModel::Spot);
    assert_eq!(negative.unwrap_err().kind(), ErrorKind::Unsupported);
    for (rate, q) in [(-0.02, -0.01), (-0.01, 0.0), (0.01, -0.01), (-0.01, -0.01)] {
        assert!(
            build(put, american_style, &model(100.0, 1.0, 0.2, rate, q), &[], DividendModel::Spot).is_ok(),
            "{rate} {q}"
        );
    }
    let european = build(put, ExerciseStyle::European, &model(100.0, 1.0, 0.2, -0.01, -0.02), &[], DividendModel::Spot);
    assert!(european.is_ok());
    let option = build(put, american_style, &plain, &[(0.5, 1.0)], DividendModel::Spot).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(option.prices(&[100.0, bad]), Err(Error::Input(Input::OutOfDomain { name: "spot", .. }))));
    }
    assert_eq!(option.prices(&[]).unwrap(), Vec::<f64>::new());
    for bad in [f64::NAN, f64::INFINITY] {
        let refused = option.exercise_probability(Drift::RealWorld { annual: bad });
        assert!(matches!(refused, Err(Error::Input(Input::OutOfDomain { name: "drift", .. }))));
    }
    let refused = option.exercise_probability(Drift::RealWorld { annual: 100.0 });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    let overflow =
        build(put, american_style, &model(100.0, 2.0, 0.2, -350.0, 0.0), &[(2.0, 1e10)], DividendModel::Spot);
    assert!(matches!(overflow, Err(Error::Input(Input::Undefined { .. }))));
}

// Discounted in log price, the closed form of the escrowed model is the same problem as the spot model without dividends.
#[test]
fn european_probabilities_are_the_closed_ones() {
    let model = model(105.0, 0.8, 0.3, 0.03, 0.01);
    let option = european(OptionKind::Put, &model, &[], DividendModel::Spot);
    let got = option.exercise_probability(Drift::RiskNeutral).unwrap();
    let want = model.analytics(OptionKind::Put).unwrap().exercise_probability;
    assert!((got.at_expiry - want).abs() < 1e-14 && got.early == 0.0 && got.total == got.at_expiry);
    let drifting = option.exercise_probability(Drift::RealWorld { annual: 0.02 }).unwrap();
    assert!((drifting.total - want).abs() < 1e-14);
    // A dividend of nothing forces the way over the grid.
    let solved = european(OptionKind::Put, &model, &[(0.4, 0.0)], DividendModel::Spot);
    for annual in [0.02, 0.2, -0.3] {
        let closed = option.exercise_probability(Drift::RealWorld { annual }).unwrap().total;
        let solved = solved.exercise_probability(Drift::RealWorld { annual }).unwrap().total;
        assert!((closed - solved).abs() < 1e-4, "{annual}: {closed} {solved}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rights_are_worth_something_and_dividends_move_prices_one_way(
        spot in 60.0..160.0_f64, time in 0.05..2.0_f64, volatility in 0.1..0.7_f64, rate in 0.0..0.08_f64,
        when in 0.05..0.95_f64, amount in 0.1..8.0_f64, spot_model in any::<bool>(), call in any::<bool>(),
    ) {
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let dividend_model = if spot_model { DividendModel::Spot } else { DividendModel::Escrowed };
        let model = model(spot, time, volatility, rate, 0.0);
        let coarse = GridSize::new(32, 80).unwrap();
        let price = |style, amount: f64| {
            let pairs = [(when * time, amount)];
            let option = DividendOption::new(kind, style, &model, &schedule(&pairs), dividend_model).unwrap();
            option.with_grid_size(coarse).price().unwrap()
        };
        let [european, american] = STYLES.map(|style| price(style, amount));
        let payoff = kind.payoff(spot, 100.0);
        prop_assert!(american >= european - 5e-3 && american >= payoff, "{american} {european}");
        for style in STYLES {
            let change = price(style, 1.5 * amount) - price(style, amount);
            let direction = if call { -change } else { change };
            prop_assert!(direction >= -5e-3 && direction <= 0.5 * amount + 5e-3, "{style:?} {change}");
        }
        let pairs = [(when * time, amount)];
        let option = DividendOption::new(kind, STYLES[1], &model, &schedule(&pairs), dividend_model).unwrap();
        let neutral = option.with_grid_size(coarse).exercise_probability(Drift::RiskNeutral).unwrap();
        prop_assert!(neutral.early >= 0.0 && neutral.at_expiry >= 0.0 && neutral.total <= 1.0);
        prop_assert!((neutral.early + neutral.at_expiry - neutral.total).abs() < 1e-9);
    }
}
