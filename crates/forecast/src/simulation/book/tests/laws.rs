//! Laws that hold whatever the paths.

use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
use alluse_instruments::{Book, Method, year_fraction};
use jiff::civil::date;
use ndarray::Array3;
use proptest::prelude::*;

use super::super::{BookForecast, BookPaths, Settlement, VolatilityRule};
use super::*;

/// Cash, shares and options of both kinds and styles, before and after two expiries, some without a label.
fn account() -> Book {
    build(
        Book::builder()
            .cash("USD", 25_000.0)
            .share("A", 300.0)
            .tagged("strategy", "covered call")
            .option(call("A", 105.0, FRIDAY), -3.0)
            .tagged("strategy", "covered call")
            .tagged("desk", "one")
            .option(put("A", 97.0, FRIDAY), -2.0)
            .option(put("B", 48.0, MARCH), -5.0)
            .tagged("strategy", "put sale")
            .option(put("B", 44.0, MARCH).european(), 5.0)
            .tagged("strategy", "put sale")
            .tagged("desk", "one")
            .share("B", -70.0),
        &market(0.04, 0.015),
    )
}

fn both_axes(config: BookForecast) -> BookForecast {
    config.by_axis("strategy").by_axis("desk")
}

#[test]
fn groups_add_up_to_the_book() {
    let config = both_axes(BookForecast::new([days(1), days(4), days(21)]));
    let forecast = config.forecast(&account(), &wander(300, 21, 0.03)).unwrap();
    for axis in ["strategy", "desk"] {
        let groups: Vec<_> = forecast.groups().iter().filter(|group| group.axis == axis).collect();
        assert!(groups.len() > 1 && groups.iter().any(|group| group.label == "unlabelled"));
        for (h, horizon) in forecast.horizons().iter().enumerate() {
            for (path, total) in forecast.outcomes(*horizon).unwrap().into_iter().enumerate() {
                let parts: Vec<f64> = groups.iter().map(|group| group.pnl.as_ref().unwrap()[h][path]).collect();
                let scale: f64 = parts.iter().map(|part| part.abs()).sum();
                assert!((parts.iter().sum::<f64>() - total).abs() <= 1e-12 * scale);
            }
        }
    }
    let sale = forecast.predictive_of("strategy", "put sale", days(4)).unwrap();
    assert_eq!(sale.outcomes().len(), 300);
}

#[cfg(feature = "parallel")]
#[test]
fn the_number_of_threads_changes_nothing() {
    let config = both_axes(BookForecast::daily(days(21)));
    let (book, paths) = (account(), wander(200, 21, 0.03));
    let with = |threads| -> BookPaths {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| config.forecast(&book, &paths).unwrap())
    };
    assert_eq!(with(1), with(5));
}

#[test]
fn more_horizons_leave_the_others_alone() {
    let (book, paths) = (account(), wander(200, 21, 0.03));
    let daily = BookForecast::daily(days(21)).forecast(&book, &paths).unwrap();
    let alone = BookForecast::new([days(13)]).forecast(&book, &paths).unwrap();
    assert_eq!(daily.outcomes(days(13)).unwrap(), alone.outcomes(days(13)).unwrap());
}

#[test]
fn a_quiet_path_earns_theta() {
    // The integral of theta over the horizon by Simpson's rule, against the revaluation.
    let (rate, dividend_yield) = (0.03, 0.01);
    for contract in [call("A", 105.0, MARCH).european(), put("A", 95.0, MARCH).european()] {
        let book = build(Book::builder().option(contract.clone(), -1.0), &market(rate, dividend_yield));
        let still = AssetPaths::new(vec![asset("A")], Array3::zeros((1, 30, 1))).unwrap();
        // 30 weekdays after the Monday: 2019-02-11.
        let end = date(2019, 2, 11);
        let theta = |elapsed: f64| {
            let time = year_fraction(TODAY, MARCH) - elapsed;
            let strike = contract.strike();
            let inputs = BlackScholesInputs { spot: 100.0, strike, time, volatility: 0.25, rate, dividend_yield };
            BlackScholes::new(inputs).unwrap().greeks(contract.kind()).unwrap().theta
        };
        let whole = year_fraction(TODAY, end);
        let (pieces, mut integral) = (200, 0.0);
        for i in 0..=pieces {
            let weight = if i == 0 || i == pieces {
                1.0
            } else if i % 2 == 1 {
                4.0
            } else {
                2.0
            };
            integral += weight * theta(whole * f64::from(i) / f64::from(pieces));
        }
        integral *= whole / f64::from(pieces) / 3.0;
        // Simpson's error is of the fourth power of 1/200.
        close(&outcomes(&BookForecast::new([days(30)]), &book, &still, 30), &[-100.0 * integral], 1e-6);
    }
}

#[test]
fn scaling_the_book_scales_the_pnl() {
    let paths = wander(200, 10, 0.03);
    let config = BookForecast::new([days(4), days(10)]).with_method(Method::Exact);
    let twice = |n: f64| {
        build(
            Book::builder().share("A", n).option(put("A", 95.0, MARCH), -n).option(call("A", 101.0, FRIDAY), n),
            &market(0.02, 0.0),
        )
    };
    for horizon in [4, 10] {
        let (one, two) =
            (outcomes(&config, &twice(1.0), &paths, horizon), outcomes(&config, &twice(2.0), &paths, horizon));
        one.iter().zip(&two).for_each(|(one, two)| assert_eq!(2.0 * one, *two));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A call less a put of one strike is the share less the bond, on every path, before and after the expiry.
    #[test]
    fn parity_holds_along_the_paths(
        strike in 60.0..150.0_f64,
        moves in proptest::collection::vec(-0.08..0.08_f64, 3 * 8),
        rate in -0.01..0.08_f64,
        multiple in 0.5..2.0_f64,
        delivery in any::<bool>(),
    ) {
        let returns = Array3::from_shape_vec((3, 8, 1), moves.clone()).unwrap();
        let ratios = Array3::from_elem((3, 8, 1), multiple);
        let paths = AssetPaths::new(vec![asset("A")], returns).unwrap().with_volatilities(&[1.0], ratios.view()).unwrap();
        let settlement = if delivery { Settlement::Delivery } else { Settlement::Cash };
        let config = BookForecast::new([days(2), days(4), days(8)])
            .with_volatility(VolatilityRule::Scaled { elasticity: 1.0 })
            .with_settlement(settlement);
        let market = market(rate, 0.0);
        let pair = Book::builder()
            .option(call("A", strike, FRIDAY).european(), 1.0)
            .option(put("A", strike, FRIDAY).european(), -1.0);
        let forward = |date| 100.0 * strike * libm::exp(-rate * year_fraction(date, FRIDAY));
        let forecast = config.forecast(&build(pair, &market), &paths).unwrap();
        for (horizon, date) in forecast.horizons().iter().zip(forecast.dates()) {
            let step = horizon.trading_days() as usize;
            for (path, got) in forecast.outcomes(*horizon).unwrap().into_iter().enumerate() {
                // Cash stands still after the expiry but for its interest; shares go on.
                let until = if delivery { step } else { step.min(4) };
                let spot: f64 = 100.0 * moves[8 * path..8 * path + until].iter().map(|r| 1.0 + r).product::<f64>();
                let shares = 100.0 * (spot - 100.0);
                let want = if step <= 4 || delivery {
                    shares - (forward(*date) - forward(TODAY))
                } else {
                    let growth = libm::exp(rate * year_fraction(FRIDAY, *date));
                    100.0 * (spot - strike) * growth - (100.0 * 100.0 - forward(TODAY))
                };
                prop_assert!((got - want).abs() < 1e-7, "{} {}", got, want);
            }
        }
    }

    /// An option is worth more than nothing and less than its share or strike, so the P&L of a holder stays between.
    #[test]
    fn a_long_option_loses_at_most_its_price(strike in 60.0..150.0_f64, is_call in any::<bool>(), seed_size in 0.01..0.1_f64) {
        let kind = if is_call { OptionKind::Call } else { OptionKind::Put };
        let contract = if is_call { call("A", strike, MARCH) } else { put("A", strike, MARCH) };
        let book = build(Book::builder().option(contract, 1.0), &market(0.03, 0.01));
        let price = book.market_value(&book.positions()[0]).unwrap();
        let got = outcomes(&BookForecast::new([days(9)]).with_method(Method::Exact), &book, &wander(40, 9, seed_size), 9);
        let paths = wander(40, 9, seed_size);
        for (path, pnl) in got.into_iter().enumerate() {
            let spot = 100.0 * (0..9).map(|step| 1.0 + paths.returns()[[path, step, 0]]).product::<f64>();
            let intrinsic = 100.0 * if kind == OptionKind::Call { spot - strike } else { strike - spot }.max(0.0);
            let most = 100.0 * if kind == OptionKind::Call { spot } else { strike };
            prop_assert!(pnl + price >= intrinsic - 1e-7 && pnl + price <= most);
        }
    }
}
