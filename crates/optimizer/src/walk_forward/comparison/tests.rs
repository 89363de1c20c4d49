use alluse_risk_core::splits::TrainWindow;
use alluse_risk_core::{ErrorKind, History, Weights};

use super::super::tests::{Momentum, panel_of, random_panel};
use super::super::{CashReturns, CostRates};
use super::*;

/// The same weights each time, under a name.
#[derive(Debug)]
struct Named(&'static str, Vec<f64>);

impl Allocator for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn allocate(&self, _: History<'_>, _: &Weights) -> Result<Weights> {
        Ok(Weights::new(self.1.clone())?)
    }
}

fn comparison() -> Comparison {
    let costs = [0.0005, 0.001, 0.0025].map(|rate| CostRates::uniform(rate).unwrap()).to_vec();
    let backtest = Backtest::every(20, TrainWindow::Rolling(60)).unwrap().with_costs(costs);
    Comparison::new(backtest, Frequency::Daily, Bootstrap::new(7).with_replicates(199)).with_cost_level(1)
}

#[test]
fn the_table_says_who_is_calmer() {
    // The first asset has a tenth of the volatility of the second.
    let mut returns = random_panel(9, 700, 2).returns().to_owned();
    returns.column_mut(0).mapv_inplace(|r| 0.1 * r);
    let panel = panel_of(returns);
    let (calm, copy) = (Named("calm", vec![1.0, 0.0]), Named("copy", vec![0.5, 0.5]));
    let report = comparison().compare(&panel, &[&calm, &copy, &Momentum]).unwrap();
    assert_eq!(
        report.rows.iter().map(|r| r.allocator.as_str()).collect::<Vec<_>>(),
        ["1/N", "calm", "copy", "momentum"]
    );
    assert_eq!((report.trials, report.observations), (4.0, 640));
    assert_eq!(report.rows[0].against_equal_weight, Benchmark::Itself);
    assert_eq!(report.rows[2].against_equal_weight, Benchmark::SameReturns);
    let Benchmark::Compared(calm) = &report.rows[1].against_equal_weight else { panic!("compared") };
    // Volatility 0.1 against ½ √(0.1² + 1).
    assert!((calm.volatility_ratio - 0.199).abs() < 0.03, "{}", calm.volatility_ratio);
    assert!(calm.log_variance.interval.upper < 0.0 && calm.expected_shortfall.interval.upper < 0.0);
    // Of two compared, Holm doubles the smaller p-value, 1/200.
    assert_eq!((calm.log_variance.p_value, calm.variance_adjusted), (0.005, 0.01));
    let equivalent = &calm.certainty_equivalent;
    assert!(equivalent.interval.lower <= equivalent.lower_bound && equivalent.lower_bound < equivalent.difference);
    let want = report.rows[1].certainty_equivalent - report.rows[0].certainty_equivalent;
    assert!((equivalent.difference - want).abs() < 1e-12);
    assert_eq!(report.rows[1].annual_costs.len(), 3);
    assert_eq!(report.rows[1].mean_effective_holdings, Some(1.0));
    assert_eq!(report.rows[1].reversed_share, Some(0.0));
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<ComparisonReport>(&text).unwrap(), report);
    assert_eq!(comparison().compare(&panel, &[&Named("calm", vec![1.0, 0.0]), &copy, &Momentum]).unwrap(), report);
}

/// Constant weights 1 on one asset: the row's numbers are those of the asset.
#[test]
fn a_row_holds_the_measures_of_its_returns() {
    let panel = random_panel(10, 400, 2);
    let cash = CashReturns::Series(vec![1e-4; 400]);
    let backtest = Backtest::every(20, TrainWindow::Rolling(60)).unwrap().with_cash(cash);
    let comparison = Comparison::new(backtest, Frequency::Daily, Bootstrap::new(1).with_replicates(99));
    let report = comparison.with_risk_aversion(0.0).compare(&panel, &[&Named("one", vec![1.0, 0.0])]).unwrap();
    let row = &report.rows[1];
    let own: Vec<f64> = panel.returns().column(0).iter().skip(60).copied().collect();
    let mean = own.iter().sum::<f64>() / 340.0;
    let variance = own.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 339.0;
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-11, "{got} against {want}");
    near(row.annual_mean, 252.0 * mean);
    near(row.annual_volatility, (252.0 * variance).sqrt());
    near(row.annual_sharpe, (mean - 1e-4) * (252.0 / variance).sqrt());
    near(row.certainty_equivalent, row.annual_mean);
    // 2.5 % of 340 losses are 8.5: the eight largest and half of the ninth.
    let mut losses: Vec<f64> = own.iter().map(|r| -r).collect();
    losses.sort_by(|a, b| b.total_cmp(a));
    near(row.expected_shortfall, (losses[..8].iter().sum::<f64>() + 0.5 * losses[8]) / 8.5);
    let (mut wealth, mut peak, mut worst) = (1.0_f64, 1.0_f64, 0.0_f64);
    for value in &own {
        wealth *= 1.0 + value;
        peak = peak.max(wealth);
        worst = worst.max(1.0 - wealth / peak);
    }
    near(row.max_drawdown, worst);
    near(row.annual_turnover, 0.5 * 252.0 / 340.0);
    assert!(row.sharpe_interval.lower < row.annual_sharpe && row.annual_sharpe < row.sharpe_interval.upper);
}

#[test]
fn more_trials_deflate_the_table() {
    let panel = random_panel(11, 300, 3);
    let one = Named("one", vec![1.0, 0.0, 0.0]);
    let of = |trials| comparison().with_trials(trials).compare(&panel, &[&one]);
    let few = of(TrialCount::AsCompared).unwrap();
    let many = of(TrialCount::Known(1_000.0)).unwrap();
    for (few, many) in few.rows.iter().zip(&many.rows) {
        assert!(many.deflated_sharpe.probability < few.deflated_sharpe.probability);
    }
    // Two correlated rows are fewer than two, which count as two.
    assert_eq!(of(TrialCount::Effective(EffectiveTrials::Entropy)).unwrap().trials, 2.0);
    assert!(of(TrialCount::Known(f64::NAN)).is_err());
}

#[test]
fn hostile_input() {
    let panel = random_panel(12, 200, 2);
    let one = Named("one", vec![1.0, 0.0]);
    let kind = |comparison: Comparison, allocators: &[&dyn Allocator]| {
        comparison.compare(&panel, allocators).unwrap_err().kind()
    };
    assert_eq!(kind(comparison(), &[]), ErrorKind::InvalidInput);
    assert_eq!(kind(comparison(), &[&one, &one]), ErrorKind::InvalidInput);
    assert_eq!(kind(comparison(), &[&EqualWeight]), ErrorKind::InvalidInput);
    assert_eq!(kind(comparison().with_cost_level(3), &[&one]), ErrorKind::InvalidInput);
    assert_eq!(kind(comparison().with_risk_aversion(-1.0), &[&one]), ErrorKind::InvalidInput);
    assert_eq!(kind(comparison(), &[&Named("cash", vec![0.0, 0.0])]), ErrorKind::Undefined);
}
