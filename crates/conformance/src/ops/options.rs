//! `option.*`

use alluse_quant::instruments;
use alluse_quant::instruments::pricing::{
    self, AmericanMethod, AtmRule, BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket, ForwardQuote,
    OptionKind, Precision, SpotQuote,
};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("option.american_greeks", american_greeks),
    ("option.american_price", american_price),
    ("option.atm_strike", atm_strike),
    ("option.delta", delta),
    ("option.forward_from_quotes", forward_from_quotes),
    ("option.greeks", greeks),
    ("option.implied_volatility", implied_volatility),
    ("option.price", price),
    ("option.strike_from_delta", strike_from_delta),
];

const KINDS: &[(&str, OptionKind)] = &[("call", OptionKind::Call), ("put", OptionKind::Put)];

#[derive(Clone)]
enum Payoff {
    Vanilla,
    CashOrNothing,
}

const PAYOFFS: &[(&str, Payoff)] = &[("vanilla", Payoff::Vanilla), ("cash_or_nothing", Payoff::CashOrNothing)];

const INPUTS: [&str; 6] = ["spot", "strike", "time", "volatility", "rate", "dividend_yield"];

fn named([spot, strike, time, volatility, rate, dividend_yield]: [f64; 6]) -> BlackScholesInputs {
    BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield }
}

fn model(args: &mut Args<'_>) -> Result<BlackScholes> {
    let mut inputs = [0.0; 6];
    for (slot, name) in inputs.iter_mut().zip(INPUTS) {
        *slot = args.number(name)?;
    }
    Ok(BlackScholes::new(named(inputs))?)
}

/// One call for numbers; for vectors of one length, one call an option.
fn each<const N: usize>(
    args: &mut Args<'_>,
    names: [&str; N],
    call: impl Fn([f64; N]) -> instruments::Result<f64>,
) -> Outcome {
    let columns = names.iter().map(|name| args.spread(name, &names)).collect::<Result<Vec<_>>>()?;
    let options = columns.first().map_or(0, |column| column.len());
    if columns.iter().any(|column| column.len() != options) {
        return Err(Stop::Unsupported("vectors that differ in length".to_owned()));
    }
    let values = (0..options)
        .map(|option| call(std::array::from_fn(|input| columns[input][option])))
        .collect::<instruments::Result<Vec<f64>>>()?;
    match values.as_slice() {
        [value] if !names.iter().any(|name| args.is_vector(name)) => Ok((*value).into()),
        _ => Ok(values.into()),
    }
}

fn price(args: &mut Args<'_>) -> Outcome {
    let kind = args.choice("type", KINDS)?;
    match args.choice("payoff", PAYOFFS)? {
        Payoff::Vanilla => each(args, INPUTS, |inputs| Ok(BlackScholes::new(named(inputs))?.price(kind))),
        Payoff::CashOrNothing => {
            let cash = args.number("cash")?;
            each(args, INPUTS, |inputs| BlackScholes::new(named(inputs))?.cash_or_nothing_price(kind, cash))
        }
    }
}

fn greeks(args: &mut Args<'_>) -> Outcome {
    let kind = args.choice("type", KINDS)?;
    match args.choice("payoff", PAYOFFS)? {
        Payoff::Vanilla => {
            let analytics = model(args)?.analytics(kind)?;
            let greeks = analytics.greeks;
            Ok(Tree::fields([
                ("delta", greeks.delta.into()),
                ("gamma", greeks.gamma.into()),
                ("vega", greeks.vega.into()),
                ("theta", greeks.theta.into()),
                ("rho", greeks.rho.into()),
                ("dividend_rho", greeks.dividend_rho.into()),
                ("vanna", greeks.vanna.into()),
                ("volga", greeks.volga.into()),
                ("strike_sensitivity", analytics.strike_sensitivity.into()),
                ("forward_delta", analytics.forward_delta.into()),
                ("exercise_probability", analytics.exercise_probability.into()),
                ("elasticity", analytics.elasticity.map_or("none".into(), Tree::from)),
                ("d1", analytics.d1.into()),
                ("d2", analytics.d2.into()),
            ]))
        }
        Payoff::CashOrNothing => {
            let cash = args.number("cash")?;
            let greeks = model(args)?.cash_or_nothing_greeks(kind, cash)?;
            Ok(Tree::fields([
                ("delta", greeks.delta.into()),
                ("gamma", greeks.gamma.into()),
                ("vega", greeks.vega.into()),
                ("theta", greeks.theta.into()),
                ("rho", greeks.rho.into()),
                ("dividend_rho", greeks.dividend_rho.into()),
            ]))
        }
    }
}

fn american_method(args: &mut Args<'_>) -> Result<AmericanMethod> {
    if args.has("steps") {
        let steps = args.count("steps")?;
        return args.choice(
            "method",
            &[
                ("crr", AmericanMethod::CoxRossRubinstein { steps }),
                ("leisen_reimer", AmericanMethod::LeisenReimer { steps }),
            ],
        );
    }
    args.choice(
        "method",
        &[
            ("exact", AmericanMethod::default()),
            ("barone_adesi_whaley", AmericanMethod::BaroneAdesiWhaley),
            ("bjerksund_stensland", AmericanMethod::BjerksundStensland1993),
        ],
    )
}

fn american_price(args: &mut Args<'_>) -> Outcome {
    let (kind, method) = (args.choice("type", KINDS)?, american_method(args)?);
    let premium = [("price", false), ("premium_over_european", true)];
    let premium = args.optional("result", |args, name| args.choice(name, &premium))?.unwrap_or(false);
    let price = if premium { AmericanMethod::premium_over_european } else { AmericanMethod::price };
    each(args, INPUTS, |inputs| price(method, kind, &BlackScholes::new(named(inputs))?))
}

fn american_greeks(args: &mut Args<'_>) -> Outcome {
    let (kind, precision) = (args.choice("type", KINDS)?, args.choice("method", &[("exact", Precision::default())])?);
    let greeks = pricing::american_greeks(kind, &model(args)?, precision)?;
    Ok(Tree::fields([
        ("delta", greeks.delta.into()),
        ("gamma", greeks.gamma.into()),
        ("theta", greeks.theta.into()),
        ("vega", greeks.vega.into()),
        ("rho", greeks.rho.into()),
        ("dividend_rho", greeks.dividend_rho.into()),
    ]))
}

fn implied_volatility(args: &mut Args<'_>) -> Outcome {
    let kind = args.choice("type", KINDS)?;
    if args.has("forward") {
        let names = ["price", "forward", "strike", "time", "discount_factor"];
        return each(args, names, |[price, forward, strike, time, discount_factor]| {
            pricing::implied_volatility_black76(kind, price, &ForwardQuote { forward, strike, time, discount_factor })
        });
    }
    let names = ["price", "spot", "strike", "time", "rate", "dividend_yield"];
    each(args, names, |[price, spot, strike, time, rate, dividend_yield]| {
        pricing::implied_volatility(kind, price, &SpotQuote { spot, strike, time, rate, dividend_yield })
    })
}

fn convention(args: &mut Args<'_>) -> Result<DeltaConvention> {
    args.choice(
        "convention",
        &[
            ("spot", DeltaConvention::Spot),
            ("forward", DeltaConvention::Forward),
            ("spot_premium_adjusted", DeltaConvention::SpotPremiumAdjusted),
            ("forward_premium_adjusted", DeltaConvention::ForwardPremiumAdjusted),
        ],
    )
}

fn market(args: &mut Args<'_>) -> Result<DeltaMarket> {
    Ok(DeltaMarket {
        spot: args.number("spot")?,
        time: args.number("time")?,
        volatility: args.number("volatility")?,
        rate: args.number("rate")?,
        dividend_yield: args.number("dividend_yield")?,
    })
}

fn delta(args: &mut Args<'_>) -> Outcome {
    let (kind, convention) = (args.choice("type", KINDS)?, convention(args)?);
    Ok(model(args)?.delta(kind, convention)?.into())
}

fn strike_from_delta(args: &mut Args<'_>) -> Outcome {
    let (kind, convention, delta) = (args.choice("type", KINDS)?, convention(args)?, args.number("delta")?);
    Ok(pricing::strike_from_delta(&market(args)?, kind, delta, convention)?.into())
}

fn atm_strike(args: &mut Args<'_>) -> Outcome {
    let rule = args.choice("rule", &[("delta_neutral", AtmRule::DeltaNeutral)])?;
    let convention = convention(args)?;
    Ok(pricing::atm_strike(&market(args)?, convention, rule)?.into())
}

fn forward_from_quotes(args: &mut Args<'_>) -> Outcome {
    let (strikes, prices, kinds) = (args.vector("strikes")?, args.vector("prices")?, args.choices("types", KINDS)?);
    let implied = pricing::forward_from_quotes(&strikes.to_vec(), &prices.to_vec(), &kinds)?;
    Ok(Tree::fields([("discount_factor", implied.discount_factor.into()), ("forward", implied.forward.into())]))
}
