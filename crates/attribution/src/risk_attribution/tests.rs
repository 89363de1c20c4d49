use alluse_risk_core::streams::Streams;
use ndarray::array;
use proptest::prelude::*;

use super::*;
use crate::example_data::{near, returns};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|k| format!("label {k}")).collect()
}

/// numpy on a fifth of each of the five funds: `cov`, `corrcoef` and the 62.85 worst days.
#[test]
fn agrees_with_numpy() {
    let Some((labels, data)) = returns("factor_etfs_daily.csv") else { return };
    let contributions = data / 5.0;
    let table = RiskAttribution::new(Confidence::P95).attribute(&labels, contributions.view()).unwrap();
    near(table.volatility, 0.007625421292486302, 1e-11);
    near(table.mean_return, 0.0003781043161978771, 1e-11);
    near(table.ratio, 0.0003781043161978771 / 0.007625421292486302, 1e-10);
    near(table.expected_shortfall, 0.019581324686548954, 1e-11);
    assert_eq!((table.periods, table.block_length), (1257, None));
    for (row, (contribution, correlation, alone, shortfall)) in table.rows.iter().zip([
        (0.0018010473752594445, 0.9366491910506044, 0.0019228622545857071, 0.004664334970763222),
        (0.0016031402661772541, 0.9717603639175516, 0.0016497279840827837, 0.004075660513010618),
        (0.0013366385785493493, 0.8788237295775091, 0.0015209404725472452, 0.003515124727276872),
        (0.001254665811685371, 0.9376495640290432, 0.0013380967259176459, 0.003093303210111384),
        (0.0016299292608148834, 0.9286281403652255, 0.0017552012371430383, 0.0042329012653868625),
    ]) {
        near(row.volatility_contribution, contribution, 1e-10);
        near(row.correlation.unwrap(), correlation, 1e-10);
        near(row.standalone_volatility, alone, 1e-10);
        near(row.shortfall_contribution, shortfall, 1e-10);
        near(row.ratio.unwrap(), row.mean_return / contribution, 1e-10);
        assert_eq!(row.share_interval, None);
    }
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<RiskTable>(&text).unwrap(), table);
}

#[test]
fn positions_are_added_up_by_label() {
    let contributions = Streams::new(1).standard_normals(50, 4) * 0.01;
    let mut labels = LabelTable::new(4);
    for (row, label) in [(0, "stocks"), (1, "bonds"), (3, "stocks")] {
        labels.set(row, "asset class", label).unwrap();
    }
    let by_label = RiskAttribution::new(Confidence::P95);
    let table = by_label.attribute_by(&labels, "asset class", contributions.view()).unwrap();
    let found: Vec<&str> = table.rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(found, ["stocks", "bonds", "unlabelled"]);
    let single = by_label.attribute(&names(4), contributions.view()).unwrap();
    near(table.volatility, single.volatility, 1e-12);
    let sum = single.rows[0].volatility_contribution + single.rows[3].volatility_contribution;
    near(table.rows[0].volatility_contribution, sum, 1e-12);
    assert!(by_label.attribute_by(&labels, "region", contributions.view()).is_err());
    assert!(by_label.attribute_by(&LabelTable::new(3), "asset class", contributions.view()).is_err());
}

/// Independent labels of volatility 1 and 2: shares 1/5 and 4/5. The interval of the first must hold the truth about 95
/// times in a hundred; percentile intervals of 250 days fall a little short.
#[test]
fn intervals_of_shares_hold() {
    const SAMPLES: u64 = 400;
    let risk = RiskAttribution::new(Confidence::P95).with_blocks(StationaryBlocks::new(1.0).unwrap());
    let held = (0..SAMPLES).filter(|&sample| {
        let mut z = Streams::new(sample).standard_normals(250, 2) * 0.01;
        z.column_mut(1).mapv_inplace(|z| 2.0 * z);
        let risk = risk.with_bootstrap(Bootstrap::new(sample).with_replicates(400));
        let table = risk.attribute(&names(2), z.view()).unwrap();
        let interval = table.rows[0].share_interval.unwrap();
        interval.lower <= 0.2 && 0.2 <= interval.upper
    });
    let share = held.count() as f64 / SAMPLES as f64;
    // Binomial error 1.1 %.
    assert!((0.92..=0.98).contains(&share), "{share}");
}

#[test]
fn seeds_repeat_and_blocks_are_chosen() {
    let z = Streams::new(5).standard_normals(200, 3) * 0.01;
    let risk = RiskAttribution::new(Confidence::P95).with_interval_level(Confidence::new(0.9).unwrap());
    let risk = risk.with_bootstrap(Bootstrap::new(8).with_replicates(200));
    let table = risk.attribute(&names(3), z.view()).unwrap();
    assert_eq!(table, risk.attribute(&names(3), z.view()).unwrap());
    assert!(table.block_length.unwrap() >= 1.0);
    for row in &table.rows {
        let interval = row.share_interval.unwrap();
        assert!(interval.lower < row.volatility_share && row.volatility_share < interval.upper);
        assert_eq!(interval.method, IntervalMethod::Bootstrap);
    }
}

#[test]
fn hostile_input() {
    let risk = RiskAttribution::new(Confidence::P95);
    let call = |labels: &[&str], table: Array2<f64>| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        risk.attribute(&labels, table.view()).unwrap_err()
    };
    let table = array![[0.01, 0.02], [0.02, -0.01], [0.00, 0.01]];
    assert!(matches!(call(&["a"], table.clone()), Error::Input(Input::LengthMismatch { .. })));
    assert!(matches!(call(&["a", "a"], table.clone()), Error::Input(Input::Duplicate { second: 1, .. })));
    assert!(matches!(call(&["a", ""], table.clone()), Error::Invalid { .. }));
    assert!(matches!(call(&["a", "b"], array![[0.1, 0.2]]), Error::Input(Input::InsufficientData { .. })));
    assert!(matches!(call(&[], Array2::zeros((3, 0))), Error::Input(Input::Empty { name: "labels" })));
    assert!(matches!(call(&["a"], array![[0.1], [f64::NAN]]), Error::Input(Input::EntryOutOfDomain { .. })));
    // Contributions that cancel: no risk to share out.
    let hedged = array![[0.1, -0.1], [0.3, -0.3], [-0.2, 0.2]];
    assert!(matches!(call(&["a", "b"], hedged), Error::Input(Input::Undefined { .. })));
    // A label that never moves has no correlation; one that takes risk away no ratio.
    let table = array![[0.01, 0.001, -0.004], [-0.02, 0.001, 0.010], [0.03, 0.001, -0.011]];
    let got = risk.attribute(&names(3), table.view()).unwrap();
    assert_eq!((got.rows[1].correlation, got.rows[1].standalone_ratio, got.rows[1].ratio), (None, None, None));
    assert!(got.rows[2].ratio.is_none() && got.rows[2].standalone_ratio.is_some());
    let few = risk.with_bootstrap(Bootstrap::new(1));
    assert!(matches!(few.attribute(&names(3), table.view()), Err(Error::Input(Input::InsufficientData { .. }))));
    let one = few.with_bootstrap(Bootstrap::new(1).with_replicates(1));
    assert!(matches!(one.attribute(&names(3), table.view()), Err(Error::Input(Input::OutOfDomain { .. }))));
}

proptest! {
    #[test]
    fn contributions_sum_to_the_totals(cells in prop::collection::vec(-0.1_f64..0.1, 120)) {
        let table = Array2::from_shape_vec((30, 4), cells).unwrap();
        let got = RiskAttribution::new(Confidence::P95).attribute(&names(4), table.view()).unwrap();
        let sum = |part: fn(&RiskRow) -> f64| got.rows.iter().map(part).sum::<f64>();
        prop_assert!((sum(|row| row.volatility_contribution) - got.volatility).abs() < 1e-14);
        prop_assert!((sum(|row| row.volatility_share) - 1.0).abs() < 1e-12);
        prop_assert!((sum(|row| row.shortfall_contribution) - got.expected_shortfall).abs() < 1e-14);
        prop_assert!((sum(|row| row.mean_return) - got.mean_return).abs() < 1e-14);
        for row in &got.rows {
            let product = row.standalone_volatility * row.correlation.unwrap();
            prop_assert!((product - row.volatility_contribution).abs() < 1e-14);
            prop_assert!(row.volatility_contribution <= row.standalone_volatility + 1e-14);
        }
    }
}
