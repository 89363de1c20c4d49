//! What happens on paths, counted by hand.

use alluse_instruments::Book;
use alluse_risk_core::Confidence;
use alluse_risk_core::measures::QuantileRule;

use super::super::{BookForecast, BookPaths};
use super::*;

/// One share on four paths: prices 100 → …
fn forecast() -> BookPaths {
    let book = build(Book::builder().share("A", 1.0).option(put("A", 97.0, FRIDAY), -0.0001), &market(0.0, 0.0));
    let paths = to_prices(&[
        &[110.0, 100.0, 105.0, 112.0, 120.0],
        &[90.0, 100.0, 101.0, 98.0, 103.0],
        &[104.0, 102.0, 96.0, 92.0, 91.0],
        &[100.0, 100.0, 100.0, 96.0, 100.0],
    ]);
    // The put, on a hundredth of a share, moves no count.
    BookForecast::daily(days(5)).forecast(&book, &paths).unwrap()
}

#[test]
fn probabilities_are_shares_of_the_paths() {
    let forecast = forecast();
    let share = |event: crate::Result<super::super::EventProbability>| event.unwrap().probability;
    assert_eq!(share(forecast.probability_of_loss_beyond(5.0, days(5))), 0.25);
    assert_eq!(share(forecast.probability_of_loss_beyond(5.0, days(1))), 0.25);
    // Two paths are more than five points below the start at some close, one more than 9.5.
    assert_eq!(share(forecast.probability_of_breach(5.0, days(5))), 0.5);
    assert_eq!(share(forecast.probability_of_breach(9.5, days(5))), 0.25);
    assert_eq!(share(forecast.probability_of_breach(5.0, days(2))), 0.25);
    assert_eq!(forecast.probability_of_breach(5.0, days(2)).unwrap().closes, 2);
    // Falls from the peak: 10, 10, 13 and 4 points.
    assert_eq!(share(forecast.probability_of_drawdown_beyond(12.0, days(5))), 0.25);
    assert_eq!(share(forecast.probability_of_drawdown_beyond(9.0, days(5))), 0.75);
    assert_eq!(share(forecast.probability_of_drawdown_beyond(3.0, days(3))), 0.75);
    let falls = forecast.drawdowns(days(5)).unwrap();
    // The put adds to the deepest fall, that of the third path.
    assert!((falls.outcomes()[1] - 10.0).abs() < 0.5 && falls.outcomes()[3] > 13.0);
    // The put is assigned on the third path and on the fourth.
    assert_eq!(share(forecast.probability_of_assignment(days(3))), 0.0);
    assert_eq!(share(forecast.probability_of_assignment(days(5))), 0.5);
}

#[test]
fn losses_carry_horizon_and_coverage() {
    let forecast = forecast();
    let losses = forecast.losses(days(5)).unwrap();
    let worst = -forecast.predictive(days(5)).unwrap().outcomes()[0];
    let var = losses.with_quantile_rule(QuantileRule::LowerLoss).value_at_risk(Confidence::P99).unwrap();
    assert_eq!((var.value, var.horizon), (worst, days(5)));
    assert!(var.coverage.is_complete());
    let mean = forecast.mean(days(5)).unwrap();
    assert!((mean.value - forecast.predictive(days(5)).unwrap().mean()).abs() < 1e-12);
    assert!(mean.standard_error.is_some_and(|error| error > 0.0));
}

#[test]
fn hostile_questions() {
    let forecast = forecast();
    assert!(forecast.outcomes(days(6)).unwrap_err().to_string().contains("only at 1, 2, 3, 4, 5"));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(forecast.probability_of_loss_beyond(bad, days(5)).is_err());
        assert!(forecast.probability_of_breach(bad, days(5)).is_err());
        assert!(forecast.probability_of_drawdown_beyond(bad, days(5)).is_err());
    }
    assert!(forecast.probability_of_assignment(days(6)).is_err());
    assert!(forecast.predictive_of("strategy", "none", days(5)).is_err());
}

#[test]
fn a_stored_forecast_is_checked() {
    let forecast = forecast();
    let text = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<BookPaths>(&text).unwrap(), forecast);
    let swapped = text.replacen("\"horizons\":[1,2,", "\"horizons\":[2,1,", 1);
    assert!(swapped != text && serde_json::from_str::<BookPaths>(&swapped).is_err());
    let short = text.replacen("\"horizons\":[1,2,", "\"horizons\":[2,", 1);
    assert!(serde_json::from_str::<BookPaths>(&short).is_err());
}
