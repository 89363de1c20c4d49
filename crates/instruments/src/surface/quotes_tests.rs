use alluse_risk_core::ErrorKind;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::pricing::{Black76, ForwardInputs};
use crate::surface::{NoArbitrage, QuoteArbitrage, SsviFit, Svi, SviParameters};
use crate::year_fraction;

const TODAY: Date = date(2019, 1, 1);
const NEAR: Date = date(2019, 4, 1);
const FAR: Date = date(2020, 1, 1);
const SPOT: f64 = 100.0;

/// A slice with a skew whose total variance grows with time.
fn truth(expiry: Date) -> (f64, f64, Svi) {
    let time = year_fraction(TODAY, expiry);
    let parameters = SviParameters { a: 0.02 * time, b: 0.08 * time.sqrt(), rho: -0.6, m: 0.01, sigma: 0.15 };
    (SPOT * (0.01 * time).exp(), (-0.02 * time).exp(), Svi::new(parameters).unwrap())
}

fn quote(kind: OptionKind, strike: f64, expiry: Date, half_spread: f64) -> OptionQuote {
    let (forward, discount_factor, svi) = truth(expiry);
    let volatility = svi.total_variance((strike / forward).ln()).sqrt();
    let inputs = ForwardInputs { forward, strike, time: 1.0, volatility, discount_factor };
    let price = Black76::new(inputs).unwrap().price(kind);
    OptionQuote { kind, strike, expiry, bid: (price - half_spread).max(0.0), ask: price + half_spread }
}

fn quotes(expiries: &[Date]) -> Vec<OptionQuote> {
    let mut quotes = Vec::new();
    for &expiry in expiries {
        for kind in [OptionKind::Call, OptionKind::Put] {
            quotes.extend((0..13).map(|i| quote(kind, 70.0 + 5.0 * f64::from(i), expiry, 0.01)));
        }
    }
    quotes
}

fn european() -> SurfaceFit {
    SurfaceFit::default().with_style(QuoteStyle::European)
}

fn fit(quotes: &[OptionQuote]) -> Result<FittedSurface> {
    european().fit(TODAY, SPOT, quotes)
}

#[test]
fn a_surface_comes_back_from_its_quotes() {
    for smile in [SmileModel::default(), SmileModel::Spline] {
        let fitted = european().with_smile(smile).fit(TODAY, SPOT, &quotes(&[FAR, NEAR])).unwrap();
        assert_eq!(fitted.expiries.iter().map(|e| e.expiry).collect::<Vec<_>>(), [NEAR, FAR]);
        for report in &fitted.expiries {
            let (forward, discount_factor, svi) = truth(report.expiry);
            assert!((report.forward - forward).abs() < 1e-3 && (report.discount_factor - discount_factor).abs() < 1e-4);
            // Clipping a bid at 0 moves a few mid prices.
            assert!(report.parity_error.unwrap() < 0.01 && report.rms_volatility_error < 1e-3, "{report:?}");
            assert!(report.used >= 10 && report.used + report.unused == 26, "{report:?}");
            for strike in [80.0, 97.0, 112.0] {
                let want = (svi.total_variance((strike / forward).ln()) / year_fraction(TODAY, report.expiry)).sqrt();
                let got = fitted.surface.volatility(strike, report.expiry).unwrap();
                assert!((got - want).abs() < 2e-3, "{strike} {}: {got} {want}", report.expiry);
            }
        }
    }
    assert!(fit(&quotes(&[FAR, NEAR])).unwrap().arbitrage.is_free());
}

#[test]
fn surface_svi_fits_all_expiries_at_once() {
    let model = SmileModel::Ssvi(SsviFit::default().with_no_arbitrage(NoArbitrage::Enforced));
    let fitted = european().with_smile(model).fit(TODAY, SPOT, &quotes(&[NEAR, FAR])).unwrap();
    assert!(fitted.arbitrage.is_free());
    assert!(fitted.expiries.iter().all(|report| report.max_volatility_error < 0.03), "{:?}", fitted.expiries);
}

#[test]
fn american_quotes_are_refused_by_name() {
    let error = SurfaceFit::default().fit(TODAY, SPOT, &quotes(&[FAR])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("American"), "{error}");
}

#[test]
fn one_wrong_quote_at_a_time() {
    let with = |change: &dyn Fn(&mut OptionQuote)| {
        let mut quotes = quotes(&[FAR]);
        change(&mut quotes[3]);
        fit(&quotes).unwrap_err()
    };
    for bad in [-0.01, f64::NAN, f64::INFINITY] {
        let error = with(&|quote| quote.bid = bad);
        assert!(matches!(&error, Error::Market { what: "bid", name, .. } if name == "2020-01-01 C 85"), "{error}");
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let change = |quote: &mut OptionQuote| {
            quote.bid = 0.0;
            quote.ask = bad;
        };
        assert!(matches!(with(&change), Error::Market { what: "ask", .. }), "{bad}");
        assert!(matches!(with(&|quote| quote.strike = bad), Error::Market { what: "strike", .. }), "{bad}");
    }
    match with(&|quote| (quote.bid, quote.ask) = (5.0, 4.0)) {
        Error::CrossedQuote { contract, bid, ask } => {
            assert_eq!((contract.as_str(), bid, ask), ("2020-01-01 C 85", 5.0, 4.0));
        }
        other => panic!("{other:?}"),
    }
    for day in [TODAY, date(2018, 12, 31)] {
        assert!(matches!(with(&|quote| quote.expiry = day), Error::ExpiredQuote { .. }), "{day}");
    }
    let error = with(&|quote| quote.strike = 80.0);
    assert!(matches!(error, Error::Input(Input::Duplicate { first: 2, second: 3, .. })), "{error}");
    assert!(matches!(fit(&[]), Err(Error::Input(Input::Empty { .. }))));
    for spot in [0.0, f64::NAN] {
        let result = european().fit(TODAY, spot, &quotes(&[FAR]));
        assert!(matches!(result, Err(Error::Input(Input::OutOfDomain { name: "spot", .. }))));
    }
    // A bid equal to the ask is a price.
    let mut locked = quotes(&[FAR]);
    locked[3].bid = locked[3].ask;
    assert!(fit(&locked).is_ok());
}

fn arbitrage(quotes: &[OptionQuote]) -> (QuoteArbitrage, Vec<String>, f64) {
    let error = match fit(quotes).unwrap_err() {
        Error::AtExpiry { error, .. } => *error,
        error => error,
    };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    match error {
        Error::ArbitrageInQuotes { rule, contracts, amount } => (rule, contracts, amount),
        other => panic!("{other:?}"),
    }
}

#[test]
fn riskless_profits_are_refused_with_their_contracts() {
    let mut butterfly = quotes(&[FAR]);
    // The call at 100, between neighbours.
    butterfly[6].bid += 0.6;
    butterfly[6].ask += 0.6;
    let (rule, contracts, amount) = arbitrage(&butterfly);
    assert_eq!(rule, QuoteArbitrage::Butterfly);
    assert_eq!(contracts, ["2020-01-01 C 95", "2020-01-01 C 100", "2020-01-01 C 105"]);
    assert!(amount > 0.1 && amount < 0.6, "{amount}");

    let mut vertical = quotes(&[FAR]);
    let dear = vertical[7];
    vertical[8].bid = dear.ask + 0.25;
    vertical[8].ask = dear.ask + 0.30;
    let (rule, contracts, amount) = arbitrage(&vertical);
    assert_eq!(
        (rule, contracts),
        (QuoteArbitrage::Vertical, vec!["2020-01-01 C 105".into(), "2020-01-01 C 110".into()])
    );
    assert!((amount - 0.25).abs() < 1e-12);

    let mut bounds = quotes(&[FAR]);
    // A call at 70 below its intrinsic value, with no put to spoil the parity.
    bounds.retain(|quote| !(quote.kind == OptionKind::Put && quote.strike == 70.0));
    bounds[0].bid = 20.0;
    bounds[0].ask = 25.0;
    let (rule, contracts, amount) = arbitrage(&bounds);
    let (forward, discount, _) = truth(FAR);
    assert_eq!((rule, contracts), (QuoteArbitrage::Bounds, vec!["2020-01-01 C 70".to_owned()]));
    assert!((amount - (discount * (forward - 70.0) - 25.0)).abs() < 1e-2, "{amount}");

    let mut calendar = quotes(&[NEAR, FAR]);
    // The far smile at a quarter of its variance: cheaper than the near one.
    for quote in calendar.iter_mut().filter(|quote| quote.expiry == FAR) {
        let (forward, discount_factor, svi) = truth(FAR);
        let volatility = 0.4 * svi.total_variance((quote.strike / forward).ln()).sqrt();
        let inputs = ForwardInputs { forward, strike: quote.strike, time: 1.0, volatility, discount_factor };
        let price = Black76::new(inputs).unwrap().price(quote.kind);
        (quote.bid, quote.ask) = ((price - 0.01).max(0.0), price + 0.01);
    }
    let (rule, contracts, amount) = arbitrage(&calendar);
    assert_eq!(rule, QuoteArbitrage::Calendar);
    assert!(contracts[0].starts_with("2019-04-01") && contracts[1].starts_with("2020-01-01") && amount > 0.0);
}

#[test]
fn a_wide_market_excuses_what_a_tight_one_does_not() {
    let mut wide = quotes(&[FAR]);
    wide[6].bid -= 0.6;
    wide[6].ask += 0.6;
    assert!(fit(&wide).is_ok());
}

#[test]
fn a_forward_needs_pairs_or_must_be_given() {
    let (forward, discount_factor, svi) = truth(FAR);
    let one_sided: Vec<OptionQuote> = quotes(&[FAR])
        .into_iter()
        .filter(|quote| (quote.kind == OptionKind::Call) == (quote.strike > 100.0) || quote.strike == 100.0)
        .collect();
    match fit(&one_sided).unwrap_err() {
        Error::AtExpiry { expiry: FAR, error } => assert_eq!(*error, Error::NoForward { expiry: FAR, pairs: 1 }),
        other => panic!("{other:?}"),
    }
    assert_eq!(fit(&one_sided).unwrap_err().kind(), ErrorKind::InsufficientData);
    let given = QuotedForward { expiry: FAR, forward, discount_factor };
    let fitted = european().with_forwards(vec![given]).fit(TODAY, SPOT, &one_sided).unwrap();
    assert_eq!((fitted.expiries[0].parity_error, fitted.expiries[0].forward), (None, forward));
    let want = svi.total_variance((90.0 / forward).ln()).sqrt();
    assert!((fitted.surface.volatility(90.0, FAR).unwrap() - want).abs() < 1e-3);
    for bad in [QuotedForward { forward: 0.0, ..given }, QuotedForward { discount_factor: f64::NAN, ..given }] {
        let result = european().with_forwards(vec![bad]).fit(TODAY, SPOT, &one_sided);
        assert!(matches!(result, Err(Error::Input(Input::OutOfDomain { .. }))));
    }
    let unknown = QuotedForward { expiry: NEAR, ..given };
    let result = european().with_forwards(vec![unknown]).fit(TODAY, SPOT, &quotes(&[FAR]));
    assert!(matches!(result, Err(Error::Input(Input::Unknown { .. }))));
}

#[test]
fn too_few_quotes_name_their_expiry() {
    let few: Vec<OptionQuote> =
        quotes(&[FAR]).into_iter().filter(|quote| quote.strike > 94.0 && quote.strike < 111.0).collect();
    match fit(&few).unwrap_err() {
        Error::AtExpiry { expiry: FAR, error } => {
            assert!(matches!(*error, Error::Input(Input::InsufficientData { required: 5, available: 4, .. })));
        }
        other => panic!("{other:?}"),
    }
    assert!(european().with_smile(SmileModel::Spline).fit(TODAY, SPOT, &few).is_ok());
}

#[test]
fn quotes_without_a_bid_are_counted_and_left_out() {
    let mut some = quotes(&[FAR]);
    let last_call = some.iter_mut().rfind(|quote| quote.kind == OptionKind::Call).unwrap();
    last_call.bid = 0.0;
    let before = fit(&quotes(&[FAR])).unwrap().expiries[0];
    let after = fit(&some).unwrap().expiries[0];
    assert_eq!((after.used + 1, after.unused), (before.used, before.unused + 1));
}

#[test]
fn everything_is_stored_and_read_back() {
    let config = european().with_smile(SmileModel::Ssvi(SsviFit::default()));
    assert_eq!(serde_json::from_str::<SurfaceFit>(&serde_json::to_string(&config).unwrap()).unwrap(), config);
    let fitted = fit(&quotes(&[FAR])).unwrap();
    let back: FittedSurface = serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
    assert_eq!(back.surface.slices().len(), 1);
    let tolerance = 1e-15;
    assert!((back.expiries[0].forward - fitted.expiries[0].forward).abs() < tolerance * SPOT);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever one quote becomes, the answer is a positive surface or an error.
    #[test]
    fn a_wild_quote_is_no_panic(index in 0_usize..26, bid in 0.0..40.0_f64, spread in 0.0..5.0_f64) {
        let mut wild = quotes(&[FAR]);
        (wild[index].bid, wild[index].ask) = (bid, bid + spread);
        if let Ok(fitted) = fit(&wild) {
            for strike in [50.0, 100.0, 150.0] {
                let volatility = fitted.surface.volatility(strike, FAR).unwrap();
                prop_assert!(volatility > 0.0 && volatility.is_finite());
            }
        }
    }
}
