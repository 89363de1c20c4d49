//! A book of 1,000 positions, 400 of them American options, in every crisis of the catalogue, and its reverse stress.
//!
//! The book is made here; what a peer needs to price the same is written beside the result.

use std::path::Path;

use alluse_quant::instruments::pricing::{ExerciseStyle, OptionKind};
use alluse_quant::instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation, TimeRoll};
use alluse_quant::risk_core::{AssetId, Covariance, Factor, Horizon, ScenarioPnl, ShockKind};
use alluse_quant::stress::{
    BookLoss, CompileOptions, CrisisFactor, CrisisLink, CrisisMapping, FactorModel, LinkMeasure, Proxy, ReverseStress,
    StressScenario, Target, compile, crises,
};
use jiff::civil::{Date, date};
use ndarray::Array2;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result};

const TODAY: Date = date(2024, 1, 5);
const UNDERLYINGS: usize = 20;

/// Whether the options of an underlying have one volatility or each its own.
#[derive(Clone, Copy)]
enum Smile {
    Flat,
    Skew,
}

pub(crate) fn run(out: &Path, record: &mut Record) -> Result<()> {
    let scenarios = scenarios()?;
    for (name, smile) in [("flat volatility", Smile::Flat), ("a volatility per strike", Smile::Skew)] {
        let book = book(smile)?;
        let case = format!("1000 positions x {} crises, {name}", scenarios.len());
        let work =
            || Ok(compile(&scenarios, &book, &CompileOptions::default())?[0].revalue(&book, &Revaluation::default())?);
        record.case(&case, work, |pnl: &ScenarioPnl| answer(pnl))?;
        let sets = compile(&scenarios, &book, &CompileOptions::default())?;
        let pnl = sets[0].revalue(&book, &Revaluation::default())?;
        let file = if matches!(smile, Smile::Flat) { "stress_flat.json" } else { "stress_skew.json" };
        std::fs::write(out.with_file_name(file), serde_json::to_string(&peer_input(&book, &sets[0], &pnl))?)?;
    }
    let book = book(Smile::Flat)?;
    let model = model()?;
    let value = book.exposure().0.market_value;
    let work = || {
        let revaluation = Revaluation::default().with_time_roll(TimeRoll::Instant);
        let loss = BookLoss::new(&book, &model, revaluation)?;
        Ok(ReverseStress::new(0.2 * value.abs(), 7)?.solve(&model, &loss)?)
    };
    record.case("reverse stress, 1000 positions, 40 factors", work, |found| {
        let mut answer = Map::new();
        answer.insert("scenarios".into(), json!(found.scenarios.len()));
        answer.insert("distance".into(), json!(found.scenarios.first().map(|s| s.distance)));
        answer
    })
}

fn answer(pnl: &ScenarioPnl) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("total".into(), json!(pnl.total().to_vec()));
    answer.insert("positions_valued".into(), json!(pnl.coverage().positions_valued));
    answer
}

fn scenarios() -> Result<Vec<StressScenario>> {
    let mut links = Vec::new();
    for u in 0..UNDERLYINGS {
        let (name, beta) = (format!("U{u}"), 0.6 + 0.05 * u as f64);
        links.push(CrisisLink::new(Target::spot(&name)?, CrisisFactor::Equity, beta).in_measure(LinkMeasure::Log));
        let volatility =
            CrisisLink::new(Target::volatility(&name)?, CrisisFactor::VolatilityIndex, 1.0 - 0.02 * u as f64);
        links.push(volatility.in_measure(LinkMeasure::Log));
    }
    let mapping = CrisisMapping::new(links)?
        .with_proxy(CrisisFactor::Equity, Proxy::Relative(-0.03))?
        .with_proxy(CrisisFactor::VolatilityIndex, Proxy::Crisis("us_downgrade_2011".into()))?;
    crises().iter().map(|crisis| Ok(crisis.scenario(&mapping)?)).collect()
}

/// Per underlying 20 American options, 20 European ones and 10 lots of shares.
fn book(smile: Smile) -> Result<Book> {
    let mut market = MarketSnapshot::usd(TODAY).with_rate("USD", 0.045)?;
    let mut builder = Book::builder();
    for u in 0..UNDERLYINGS {
        let name = format!("U{u}");
        let spot = 40.0 + 15.0 * u as f64;
        let volatility = 0.18 + 0.015 * u as f64;
        market = market.with_spot(&name, spot)?.with_volatility(&name, volatility)?;
        market = market.with_dividend_yield(&name, 0.003 * (u % 10) as f64)?;
        for (e, expiry) in [date(2024, 2, 16), date(2024, 6, 21)].into_iter().enumerate() {
            for (k, moneyness) in [0.85, 0.92, 1.0, 1.08, 1.15].into_iter().enumerate() {
                for kind in [OptionKind::Call, OptionKind::Put] {
                    for style in [ExerciseStyle::American, ExerciseStyle::European] {
                        let strike = spot * moneyness;
                        let contract = OptionContract::new(&name, kind, style, strike, expiry, Multiplier::EQUITY)?;
                        let quantity = [-3.0, 1.0, -2.0, 2.0, -1.0][(u + k + 2 * e) % 5];
                        if matches!(smile, Smile::Skew) {
                            let own = volatility * (1.0 - 0.4 * moneyness.ln() + 0.01 * e as f64);
                            market = market.with_contract_volatility(&contract, own)?;
                        }
                        let name = contract.id();
                        builder = builder.option(contract, quantity).named(name.as_str());
                    }
                }
            }
        }
        for lot in 0..10 {
            builder = builder.share(&name, 100.0).named(&format!("{name} lot {lot}"));
        }
    }
    Ok(builder.build(&market)?)
}

fn model() -> Result<FactorModel> {
    let mut factors = Vec::new();
    for u in 0..UNDERLYINGS {
        factors.push((Factor::Spot(AssetId::new(format!("U{u}"))?), ShockKind::Log));
    }
    for u in 0..UNDERLYINGS {
        factors.push((Factor::Volatility(AssetId::new(format!("U{u}"))?), ShockKind::Log));
    }
    let deviation = |i: usize| if i < UNDERLYINGS { 0.05 + 0.002 * i as f64 } else { 0.15 };
    let correlation = |i: usize, j: usize| match (i < UNDERLYINGS, j < UNDERLYINGS) {
        _ if i == j => 1.0,
        (true, true) => 0.45,
        (false, false) => 0.7,
        _ => -0.4,
    };
    let sigma = Array2::from_shape_fn((2 * UNDERLYINGS, 2 * UNDERLYINGS), |(i, j)| {
        correlation(i, j) * deviation(i) * deviation(j)
    });
    Ok(FactorModel::new(TODAY, Horizon::TEN_DAYS, factors, Covariance::new(sigma)?)?)
}

/// Terms of every option, and spot and volatility of each in each scenario.
fn peer_input(book: &Book, set: &alluse_quant::stress::CompiledSet, pnl: &ScenarioPnl) -> Value {
    let market = book.market();
    let mut rows = Vec::new();
    for position in book.positions() {
        let Some(contract) = position.option() else { continue };
        let asset = contract.underlying();
        let (spot, volatility) =
            (market.spot(asset).unwrap_or(f64::NAN), market.volatility(contract).unwrap_or(f64::NAN));
        let path = |factor: Factor, now: f64| -> Vec<f64> {
            match set.scenarios().column(&factor) {
                Some((kind, shocks)) => shocks.iter().map(|shock| kind.apply(now, *shock)).collect(),
                None => vec![now; set.scenarios().len()],
            }
        };
        let row = pnl.rows().iter().position(|id| *id == position.id);
        rows.push(json!({
            "call": contract.kind() == OptionKind::Call,
            "american": contract.style() == ExerciseStyle::American,
            "strike": contract.strike(),
            "days": (contract.expiry() - TODAY).get_days(),
            "units": position.units(),
            "dividend_yield": market.dividend_yield(asset),
            "spot": spot,
            "volatility": volatility,
            "spots": path(Factor::Spot(asset.clone()), spot),
            "volatilities": path(Factor::Volatility(asset.clone()), volatility),
            "pnl": row.map(|row| pnl.values().row(row).to_vec()),
        }));
    }
    json!({ "rate": 0.045, "options": rows })
}
