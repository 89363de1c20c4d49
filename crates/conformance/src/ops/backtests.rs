//! `backtest.*`

use alluse_quant::risk_core::Confidence;
use alluse_quant::var_models::backtest::{
    AcerbiSzekely, Breaches, DynamicQuantile, FirstObservation, ForecastRegressor, LevelRecord, MonteCarlo,
    PredictiveLaw, Sidedness, Transitions, Zone, binomial_p_value, binomial_table, christoffersen_from_counts,
    kupiec_pof, kupiec_region, kupiec_tuff_region, mixed_kupiec_from_statistics, traffic_light,
};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("backtest.acerbi_szekely", acerbi_szekely),
    ("backtest.acerbi_szekely_critical", acerbi_szekely_critical),
    ("backtest.binomial", binomial),
    ("backtest.binomial_table", table),
    ("backtest.breaches", breaches),
    ("backtest.christoffersen", christoffersen),
    ("backtest.dq", dq),
    ("backtest.kupiec_pof", pof),
    ("backtest.kupiec_region", region),
    ("backtest.kupiec_tuff_region", tuff_region),
    ("backtest.mixed_kupiec_combine", mixed),
    ("backtest.traffic_light", light),
];

fn acerbi_szekely(args: &mut Args<'_>) -> Outcome {
    let variant = args.choice("variant", &[("z1", AcerbiSzekely::Z1), ("z2", AcerbiSzekely::Z2)])?;
    let (returns, var, es) = (args.vector("returns")?, args.vector("var")?, args.vector("es")?);
    let level = args.number("confidence")?;
    let record =
        LevelRecord::new(returns.view(), var.view(), Confidence::new(level)?)?.with_expected_shortfall(es.view())?;
    Ok(Tree::fields([("statistic", variant.statistic(&record, PredictiveLaw::Normal)?.into())]))
}

#[derive(Clone)]
enum Law {
    Normal,
    StudentT,
}

fn acerbi_szekely_critical(args: &mut Args<'_>) -> Outcome {
    const VARIANTS: [(&str, AcerbiSzekely); 3] =
        [("z1", AcerbiSzekely::Z1), ("z2", AcerbiSzekely::Z2), ("z3", AcerbiSzekely::Z3)];
    let variant = args.choice("variant", &VARIANTS)?;
    let law = match args.choice("distribution", &[("normal", Law::Normal), ("student_t", Law::StudentT)])? {
        Law::Normal => PredictiveLaw::Normal,
        Law::StudentT => PredictiveLaw::StudentT { degrees_of_freedom: args.number("degrees_of_freedom")? },
    };
    let (observations, simulations) = (args.count("observations")?, args.count("simulations")?);
    let (level, significance) = (args.number("confidence")?, args.number("significance")?);
    let draws = MonteCarlo::new(1).with_replicates(simulations);
    Ok(variant.critical(observations, Confidence::new(level)?, significance, law, draws)?.into())
}

fn binomial(args: &mut Args<'_>) -> Outcome {
    let sides = [("greater", Sidedness::Greater), ("less", Sidedness::Less), ("two_sided", Sidedness::TwoSided)];
    let sidedness = args.choice("alternative", &sides)?;
    let (observations, breaches, level) = counts(args)?;
    Ok(Tree::fields([(
        "p_value",
        binomial_p_value(observations, breaches, Confidence::new(level)?, sidedness)?.into(),
    )]))
}

fn counts(args: &mut Args<'_>) -> Result<(usize, usize, f64)> {
    Ok((args.count("observations")?, args.count("breaches")?, args.number("confidence")?))
}

fn table(args: &mut Args<'_>) -> Outcome {
    let (observations, breaches, level) =
        (args.count("observations")?, args.counts("breaches")?, args.number("confidence")?);
    let table = binomial_table(observations, &breaches, Confidence::new(level)?)?;
    Ok(Tree::fields([
        ("exact_probability", table.exact_probability.into()),
        ("at_least_probability", table.at_least_probability.into()),
    ]))
}

fn breaches(args: &mut Args<'_>) -> Outcome {
    let (returns, var) = (args.vector("returns")?, args.vector("var")?);
    let breaches = Breaches::new(returns.view(), var.view())?;
    let n = breaches.transitions();
    let pairs = [n.calm_to_calm, n.calm_to_breach, n.breach_to_calm, n.breach_to_breach];
    Ok(Tree::fields([
        ("count", breaches.count().into()),
        ("transitions", Tree::List(pairs.into_iter().map(Tree::from).collect())),
    ]))
}

fn christoffersen(args: &mut Args<'_>) -> Outcome {
    let pairs = args.counts("transitions")?;
    let (observations, breaches, level) = counts(args)?;
    let [calm_to_calm, calm_to_breach, breach_to_calm, breach_to_breach] = pairs[..] else {
        return Err(Stop::Unsupported("transitions as this list".to_owned()));
    };
    let transitions = Transitions { calm_to_calm, calm_to_breach, breach_to_calm, breach_to_breach };
    let first = FirstObservation::Counted;
    let tests = christoffersen_from_counts(transitions, observations, breaches, Confidence::new(level)?, first)?;
    Ok(Tree::fields([
        ("independence_statistic", tests.independence.statistic.into()),
        ("independence_p_value", tests.independence.p_value.into()),
        ("conditional_coverage_statistic", tests.conditional_coverage.statistic.into()),
        ("conditional_coverage_p_value", tests.conditional_coverage.p_value.into()),
    ]))
}

fn dq(args: &mut Args<'_>) -> Outcome {
    let (returns, var, level) = (args.vector("returns")?, args.vector("var")?, args.number("confidence")?);
    let (lags, include) = (args.count("lags")?, args.flag("include_var")?);
    let forecast = if include { ForecastRegressor::Included } else { ForecastRegressor::Omitted };
    let test = DynamicQuantile::default().with_lags(lags).with_forecast(forecast);
    let breaches = Breaches::new(returns.view(), var.view())?;
    let outcome = test.test(&breaches, var.view(), Confidence::new(level)?)?;
    Ok(Tree::fields([("statistic", outcome.statistic.into()), ("p_value", outcome.p_value.into())]))
}

fn pof(args: &mut Args<'_>) -> Outcome {
    let (observations, breaches, level) = counts(args)?;
    let outcome = kupiec_pof(observations, breaches, Confidence::new(level)?)?;
    Ok(Tree::fields([("statistic", outcome.statistic.into()), ("p_value", outcome.p_value.into())]))
}

fn region(args: &mut Args<'_>) -> Outcome {
    let (observations, level, test_level) =
        (args.count("observations")?, args.number("confidence")?, args.number("test_confidence")?);
    let region = kupiec_region(observations, Confidence::new(level)?, Confidence::new(test_level)?)?;
    Ok(Tree::fields([("lowest", region.lowest.into()), ("highest", region.highest.into())]))
}

fn tuff_region(args: &mut Args<'_>) -> Outcome {
    let (level, test_level) = (args.number("confidence")?, args.number("test_confidence")?);
    let region = kupiec_tuff_region(Confidence::new(level)?, Confidence::new(test_level)?)?;
    Ok(Tree::fields([("first", region.first.into()), ("last", region.last.into())]))
}

fn mixed(args: &mut Args<'_>) -> Outcome {
    let (breaches, between, pof) =
        (args.count("breaches")?, args.number("time_between_failures_statistic")?, args.number("pof_statistic")?);
    let mixed = mixed_kupiec_from_statistics(breaches, between, pof)?;
    Ok(Tree::fields([
        ("statistic", mixed.outcome.statistic.into()),
        ("p_value", mixed.outcome.p_value.into()),
        ("time_between_failures_p_value", mixed.time_between_failures_p_value.into()),
    ]))
}

fn light(args: &mut Args<'_>) -> Outcome {
    let (observations, breaches, level) = counts(args)?;
    let light = traffic_light(observations, breaches, Confidence::new(level)?)?;
    let zone = match light.zone {
        Zone::Green => "green",
        Zone::Yellow => "yellow",
        Zone::Red => "red",
    };
    Ok(Tree::fields([
        ("cumulative_probability", light.cumulative_probability.into()),
        ("zone", Tree::Text(zone.to_owned())),
        ("multiplier_plus", light.plus_factor.into()),
    ]))
}
