//! Hierarchical portfolios against SciPy, PyPortfolioOpt, skfolio, Riskfolio-Lib and the published table, where the
//! folder of reference cases is at hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use alluse_optimizer::hierarchical::{
    ClusterCount, Clustering, Distance, HierarchicalEqualRiskContribution, HierarchicalPortfolio,
    HierarchicalRiskParity, LeafOrder, Linkage, NestedClusteredOptimization,
};
use alluse_risk_core::Covariance;
use ndarray::Array2;
use serde_json::Value;
use std::path::Path;

/// The hierarchical cases of a file; `None` without the folder.
fn cases() -> Option<Vec<Value>> {
    let folder = testkit::conformance_dir()?;
    let mut cases = Vec::new();
    for file in ["optimisation.jsonl", "published.jsonl"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        cases.extend(all.filter(|case| case["op"].as_str().unwrap().starts_with("hierarchical.")));
    }
    assert!(cases.len() >= 14, "{} cases", cases.len());
    Some(cases)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// A matrix in the case itself, or columns of a file beside it.
fn covariance(value: &Value, folder: &Path) -> Covariance {
    let rows: Vec<Vec<f64>> = match value.get("$csv") {
        None => value.as_array().unwrap().iter().map(numbers).collect(),
        Some(file) => {
            let text = std::fs::read_to_string(folder.join("series").join(file.as_str().unwrap())).unwrap();
            let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
            let wanted = value["cols"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let places: Vec<usize> = wanted.map(|name| header.iter().position(|h| *h == name).unwrap()).collect();
            let row = |line: &str| -> Vec<f64> {
                let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
                places.iter().map(|&place| fields[place]).collect()
            };
            text.lines().skip(1).filter(|line| !line.is_empty()).map(row).collect()
        }
    };
    Covariance::new(Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()).unwrap()
}

fn clustering(args: &Value) -> Clustering {
    let linkage = match args["linkage"].as_str().unwrap() {
        "single" => Linkage::Single,
        "ward" => Linkage::Ward,
        other => panic!("{other}"),
    };
    let distance = match args["distance"].as_str().unwrap() {
        "correlation" => Distance::Correlation,
        "euclidean_of_correlation_distance" => Distance::EuclideanOfCorrelationDistance,
        other => panic!("{other}"),
    };
    let leaf_order = match args["leaf_order"].as_str() {
        None | Some("scipy") => LeafOrder::Scipy,
        // What the libraries behind these cases do; see `LeafOrder`.
        Some("optimal") => LeafOrder::ScipyOptimal,
        Some(other) => panic!("{other}"),
    };
    Clustering::default().with_linkage(linkage).with_distance(distance).with_leaf_order(leaf_order)
}

fn portfolio(case: &Value, covariance: &Covariance) -> HierarchicalPortfolio {
    let args = &case["args"];
    let clustering = clustering(args);
    let clusters = || ClusterCount::Fixed(usize::try_from(args["clusters"].as_u64().unwrap()).unwrap());
    match case["op"].as_str().unwrap() {
        "hierarchical.hrp" => {
            HierarchicalRiskParity::default().with_clustering(clustering).allocate(covariance).unwrap()
        }
        "hierarchical.herc" => {
            let method = HierarchicalEqualRiskContribution::default().with_clustering(clustering);
            method.with_clusters(clusters()).allocate(covariance).unwrap()
        }
        "hierarchical.nco" => {
            let method = NestedClusteredOptimization::default().with_clustering(clustering);
            method.with_clusters(clusters()).allocate(covariance).unwrap()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn reference_cases() {
    let Some(folder) = testkit::conformance_dir() else { return };
    for case in cases().unwrap() {
        let portfolio = portfolio(&case, &covariance(&case["args"]["covariance"], &folder));
        let order: Vec<f64> = portfolio.order.iter().map(|&asset| asset as f64).collect();
        let (relative, absolute) = (case["tol"]["rel"].as_f64().unwrap(), case["tol"]["abs"].as_f64().unwrap());
        for (name, want) in case["expect"].as_object().unwrap() {
            let got = match name.as_str() {
                "weights" => portfolio.weights.view().to_vec(),
                "order" => order.clone(),
                other => panic!("{other}"),
            };
            assert_eq!(got.len(), numbers(want).len());
            for (got, want) in got.into_iter().zip(numbers(want)) {
                assert!((got - want).abs() <= absolute + relative * want.abs(), "{}: {got} {want}", case["id"]);
            }
        }
    }
}

/// skfolio chose the number of clusters of its cases itself, by the two-difference rule with 8 cuts.
#[test]
fn the_number_of_clusters_that_skfolio_chose() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let found: Vec<Value> = cases().unwrap();
    let chosen = found.iter().filter(|case| case["note"].as_str().unwrap().contains("chose the number of clusters"));
    let mut checked = 0;
    for case in chosen {
        let (args, clustering) = (&case["args"], clustering(&case["args"]));
        let arrangement = clustering.arrange(&covariance(&args["covariance"], &folder)).unwrap();
        let count = ClusterCount::TwoDifference { max_clusters: 7 }.choose(&arrangement, clustering.linkage).unwrap();
        assert_eq!(count as u64, args["clusters"].as_u64().unwrap(), "{}", case["id"]);
        checked += 1;
    }
    assert_eq!(checked, 3);
}
