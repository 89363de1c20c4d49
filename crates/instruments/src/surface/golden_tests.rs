//! Against QuantLib and scipy (`tests/golden/surface.py`), and on market data.

use jiff::civil::{Date, date};
use ndarray::ArrayView1;
use serde::Deserialize;

use super::*;
use crate::pricing::{ExerciseStyle, OptionKind};
use crate::{Delta, MarketSnapshot, StrikeRequest, strike_for_delta};

#[derive(Deserialize)]
struct Golden {
    svi: Vec<SviCase>,
    svi_fits: Vec<FitCase>,
    dax_svi: Vec<DaxCase>,
    dax_ssvi: DaxSsvi,
    strikes: Strikes,
}

#[derive(Deserialize)]
struct SviCase {
    parameters: [f64; 5],
    strikes: Vec<f64>,
    variances: Vec<f64>,
}

#[derive(Deserialize)]
struct FitCase {
    log_moneyness: Vec<f64>,
    total_variance: Vec<f64>,
    rms: f64,
    fitted: [f64; 5],
}

#[derive(Deserialize)]
struct DaxCase {
    days: i32,
    rms: f64,
}

#[derive(Deserialize)]
struct DaxSsvi {
    rms: f64,
    rho: f64,
    eta: f64,
    gamma: f64,
}

#[derive(Deserialize)]
struct Strikes {
    parameters: [f64; 5],
    cases: Vec<StrikeCase>,
}

#[derive(Deserialize)]
struct StrikeCase {
    call: bool,
    target: f64,
    strike: f64,
    slope: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/surface.json")).unwrap()
}

fn svi([a, b, rho, m, sigma]: [f64; 5]) -> Svi {
    Svi::new(SviParameters { a, b, rho, m, sigma }).unwrap()
}

#[test]
fn quantlib_has_the_same_smile() {
    // Both evaluate one formula: a few units in the last place apart.
    for case in golden().svi {
        let smile = svi(case.parameters);
        for (strike, variance) in case.strikes.iter().zip(&case.variances) {
            let got = smile.total_variance((strike / 100.0).ln());
            assert!((got / variance - 1.0).abs() < 1e-13, "{strike}: {got} {variance}");
        }
    }
}

fn fit(k: &[f64], w: &[f64]) -> FittedSvi {
    SviFit::default().fit(ArrayView1::from(k), ArrayView1::from(w)).unwrap()
}

#[test]
fn scipy_finds_no_better_smile() {
    for case in golden().svi_fits {
        let fitted = fit(&case.log_moneyness, &case.total_variance);
        // Two searches of one minimum: its value agrees to the square of how well its place does.
        assert!((fitted.rms_error / case.rms - 1.0).abs() < 1e-7, "{} {}", fitted.rms_error, case.rms);
        let other = svi(case.fitted);
        for k in &case.log_moneyness {
            let (ours, theirs) = (fitted.svi.total_variance(*k), other.total_variance(*k));
            assert!((ours / theirs - 1.0).abs() < 1e-4, "{k}: {ours} {theirs}");
        }
    }
}

#[test]
fn strikes_under_skew_are_those_of_scipy() {
    let Strikes { parameters, cases } = golden().strikes;
    let (today, expiry) = (date(2019, 1, 1), date(2020, 1, 1));
    let slice = ExpirySlice::new(expiry, Carry::Rate(0.02), svi(parameters));
    let market = MarketSnapshot::usd(today)
        .with_surface("A", VolatilitySurface::new(today, 100.0, vec![slice]).unwrap())
        .and_then(|m| m.with_spot("A", 100.0)?.with_rate("USD", 0.03)?.with_dividend_yield("A", 0.01))
        .unwrap();
    for StrikeCase { call, target, strike, slope } in cases {
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let request = StrikeRequest::new(&market, "A", kind, ExerciseStyle::European, expiry).unwrap();
        let selected = strike_for_delta(&request, Delta::new(target).unwrap()).unwrap();
        assert!((selected.exact_strike / strike - 1.0).abs() < 1e-10, "{target}: {selected:?} {strike}");
        assert!((selected.chosen.delta_slope / slope - 1.0).abs() < 1e-5, "{target}: {selected:?} {slope}");
    }
}

/// Years, and log-moneyness with total variance, by expiry.
fn dax() -> Option<Vec<(i32, VarianceSlice)>> {
    let path = testkit::data_file("dax_iv_surface_20020705.csv")?;
    let text = std::fs::read_to_string(path).unwrap();
    let mut slices: std::collections::BTreeMap<i32, VarianceSlice> = std::collections::BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<f64> = line.split(',').skip(1).map(|field| field.parse().unwrap()).collect();
        let [strike, days, rate, spot, volatility] = fields[..] else { panic!("{line}") };
        let time = days / 365.0;
        let empty = || VarianceSlice { time, log_moneyness: Vec::new(), total_variance: Vec::new() };
        let slice = slices.entry(days as i32).or_insert_with(empty);
        slice.log_moneyness.push((strike / spot).ln() - rate * time);
        slice.total_variance.push(volatility * volatility * time);
    }
    Some(slices.into_iter().collect())
}

#[test]
fn the_dax_of_july_2002_fits_as_well_as_scipy_can() {
    let Some(slices) = dax() else { return };
    let golden = golden();
    let today = date(2002, 7, 5);
    let mut expiries = Vec::new();
    for ((days, slice), case) in slices.iter().zip(&golden.dax_svi) {
        assert_eq!(*days, case.days);
        let fitted = fit(&slice.log_moneyness, &slice.total_variance);
        assert!(fitted.rms_error <= case.rms * (1.0 + 1e-6), "{days}: {} {}", fitted.rms_error, case.rms);
        let error = |(k, w): (&f64, &f64)| {
            ((fitted.svi.total_variance(*k) / slice.time).sqrt() - (w / slice.time).sqrt()).abs()
        };
        let worst = slice.log_moneyness.iter().zip(&slice.total_variance).map(error).fold(0.0, f64::max);
        // Least squares in total variance leaves a little more than a point at the far strikes of 13 days.
        assert!(worst < 0.015, "{days}: a volatility is {worst} off");
        let expiry = today.checked_add(jiff::Span::new().days(i64::from(*days))).unwrap();
        expiries.push(ExpirySlice::new(expiry, Carry::Rate(0.035), fitted.svi));
    }
    assert_eq!(expiries.len(), 8);
    let surface = VolatilitySurface::new(today, 4468.17, expiries).unwrap();
    let quoted = ArbitrageCheck::default().with_log_moneyness(-0.25, 0.2).check(&surface).unwrap();
    let calendars = quoted.violations.iter().filter(|v| matches!(v, ArbitrageViolation::Calendar { .. })).count();
    assert_eq!(calendars, 0, "{:?}", quoted.violations);
}

#[test]
fn the_dax_in_surface_svi_fits_as_well_as_scipy_can() {
    let Some(slices) = dax() else { return };
    let DaxSsvi { rms, rho, eta, gamma } = golden().dax_ssvi;
    let slices: Vec<VarianceSlice> = slices.into_iter().map(|(_, slice)| slice).collect();
    let free = SsviFit::default().with_no_arbitrage(NoArbitrage::Reported).fit(&slices).unwrap();
    let found = free.ssvi.parameters();
    assert!((free.rms_error / rms - 1.0).abs() < 1e-6, "{} {rms}", free.rms_error);
    assert!((found.rho - rho).abs() < 1e-4 && (found.eta - eta).abs() < 1e-3, "{found:?} {rho} {eta}");
    assert!((found.gamma - gamma).abs() < 1e-4, "{found:?} {gamma}");
    let enforced = SsviFit::default().fit(&slices).unwrap();
    assert!(enforced.ssvi.conditions().hold() && enforced.rms_error >= free.rms_error * (1.0 - 1e-9));
}

/// Volatilities out of the money of the next three months; the file's later ones jump from puts to calls.
#[test]
fn spx_volatilities_of_christmas_2015_make_a_skew() {
    let Some(path) = testkit::data_file("option_chain_spx_20151223.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let today = date(2015, 12, 23);
    let mut by_expiry: std::collections::BTreeMap<Date, Vec<(f64, f64)>> = std::collections::BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (expiry, strike): (Date, f64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        let volatility: f64 = fields[10].parse().unwrap();
        let out = (fields[3] == "P") == (strike < 2064.29);
        if out && volatility > 0.0 {
            by_expiry.entry(expiry).or_default().push((strike, volatility));
        }
    }
    let mut fitted_expiries = 0;
    for (expiry, mut points) in by_expiry.into_iter().filter(|(expiry, _)| *expiry < date(2016, 4, 1)) {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup_by(|a, b| a.0 == b.0);
        let time = crate::year_fraction(today, expiry);
        let k: Vec<f64> = points.iter().map(|(strike, _)| (strike / 2064.29).ln()).collect();
        let w: Vec<f64> = points.iter().map(|(_, volatility)| volatility * volatility * time).collect();
        let fitted = fit(&k, &w);
        let parameters = fitted.svi.parameters();
        assert!(parameters.rho < 0.0, "{expiry}: {fitted:?}");
        let atm = (fitted.svi.total_variance(0.0) / time).sqrt();
        assert!(atm > 0.08 && atm < 0.25, "{expiry}: {atm}");
        fitted_expiries += 1;
    }
    assert_eq!(fitted_expiries, 3);
}
