//! Laws of the solver, and its answers against closed forms.

use super::*;
use crate::pricing::{AmericanMethod, CashDividend, Precision, american_greeks};

const KINDS: [OptionKind; 2] = [OptionKind::Call, OptionKind::Put];
const MODELS: [DividendModel; 2] = [DividendModel::Escrowed, DividendModel::Spot];

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
    let mut worst = 0.0_f64;
    for kind in KINDS {
        for volatility in [0.1, 0.25, 0.6] {
            for (rate, dividend_yield) in [(0.05, 0.0), (0.02, 0.04), (0.1, 0.05), (0.0, 0.03), (0.03, 0.03)] {
                for time in [0.05, 0.5, 2.0] {
                    for spot in [70.0, 90.0, 97.0, 100.0, 104.0, 120.0, 150.0] {
                        let model = model(spot, time, volatility, rate, dividend_yield);
                        let exact = AmericanMethod::Exact(Precision::High).price(kind, &model).unwrap();
                        let got = american(kind, &model, &[], DividendModel::Spot).price().unwrap();
                        let error = (got - exact).abs() / 100.0;
                        if error > worst {
                            eprintln!("{kind:?} v{volatility} r{rate} q{dividend_yield} t{time} s{spot}: {error:e}");
                        }
                        worst = worst.max(error);
                    }
                }
            }
        }
    }
    assert!(worst < 1e-5, "{worst:e}");
}

#[test]
fn speed() {
    let model = model(100.0, 0.75, 0.25, 0.04, 0.01);
    let option = american(OptionKind::Put, &model, &[(0.2, 1.0), (0.45, 1.0)], DividendModel::Spot);
    let start = std::time::Instant::now();
    for _ in 0..50 {
        option.price().unwrap();
    }
    eprintln!("per price {:?}", start.elapsed() / 50);
}
