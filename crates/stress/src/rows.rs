//! Stress losses as linear rows for an optimiser.

use alluse_risk_core::{Error as CoreError, LinearRow, ScenarioId, ScenarioPnl};
use serde::{Deserialize, Serialize};

use crate::Result;

/// How much each scenario may cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StressLimit {
    /// The same loss in every scenario.
    Every(f64),
    /// A loss for each scenario that is limited; the others are not.
    Named(Vec<(ScenarioId, f64)>),
}

/// What to do about positions that could not be valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnvaluedRows {
    /// They are an error: a row without them would let any loss of theirs pass.
    #[default]
    Refuse,
    /// They take no part, on the caller's responsibility.
    LeaveOut,
}

/// One linear row a limited scenario: its loss for multiples of today's positions.
///
/// ```text
/// −Σᵢ pnlᵢₛ xᵢ ≤ limitₛ      xᵢ = 1 for the position as it is, 0 without it
/// ```
///
/// Losses are linear in the size of a position whatever it holds, options included.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input): of kind
/// [`Unknown`](alluse_risk_core::Error::Unknown) for a scenario that is not in the cube,
/// [`Duplicate`](alluse_risk_core::Error::Duplicate) for one limited twice, [`Empty`](alluse_risk_core::Error::Empty)
/// without limits or without valued positions, [`OutOfDomain`](alluse_risk_core::Error::OutOfDomain) for a limit that
/// is not finite, and the reason of the first position without a value unless they are left out.
///
/// # Examples
/// ```
/// use alluse_instruments::{Book, MarketSnapshot};
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
/// use alluse_stress::{StressLimit, UnvaluedRows, stress_rows};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let day = date(2024, 1, 5);
/// let book = Book::builder().share("KO", 100.0).build(&MarketSnapshot::usd(day).with_spot("KO", 60.0)?)?;
/// let spot = (Factor::Spot(AssetId::new("KO")?), ShockKind::Relative);
/// let pnl = book.revalue(&ScenarioSet::new(day, Horizon::DAY, vec![spot], array![[-0.10]])?)?;
/// let rows = stress_rows(&pnl, &StressLimit::Every(300.0), UnvaluedRows::Refuse)?;
/// assert!((rows[0].coefficients[0].1 - 600.0).abs() < 1e-9); // half of the position is allowed
/// assert_eq!(rows[0].upper, 300.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stress_rows(pnl: &ScenarioPnl, limit: &StressLimit, unvalued: UnvaluedRows) -> Result<Vec<LinearRow>> {
    if let (UnvaluedRows::Refuse, Some(row)) = (unvalued, pnl.unvalued().first()) {
        return Err(without_value(row));
    }
    if pnl.rows().is_empty() {
        return Err(CoreError::Empty { name: "valued positions" }.into());
    }
    limited(pnl, limit)?.into_iter().map(|(scenario, limit)| row(pnl, scenario, limit)).collect()
}

/// The error that names a position without a value.
pub(crate) fn without_value(row: &alluse_risk_core::Unvalued) -> crate::Error {
    let message = format!("position {:?} could not be valued: {}", row.row.as_str(), row.reason);
    CoreError::Model { kind: row.kind, message }.into()
}

/// Places of the limited scenarios, with their limits.
fn limited(pnl: &ScenarioPnl, limit: &StressLimit) -> Result<Vec<(usize, f64)>> {
    let named = match limit {
        StressLimit::Every(limit) => return Ok((0..pnl.ids().len()).map(|scenario| (scenario, *limit)).collect()),
        StressLimit::Named(named) => named,
    };
    if named.is_empty() {
        return Err(CoreError::Empty { name: "stress limits" }.into());
    }
    let mut places: Vec<(usize, f64)> = Vec::with_capacity(named.len());
    for (second, (id, limit)) in named.iter().enumerate() {
        let unknown = || CoreError::Unknown { name: "scenario", value: id.to_string() };
        let place = pnl.ids().iter().position(|known| known == id).ok_or_else(unknown)?;
        if let Some(first) = places.iter().position(|(earlier, _)| *earlier == place) {
            return Err(CoreError::Duplicate { name: "stress limit", value: id.to_string(), first, second }.into());
        }
        places.push((place, *limit));
    }
    Ok(places)
}

fn row(pnl: &ScenarioPnl, scenario: usize, limit: f64) -> Result<LinearRow> {
    if !limit.is_finite() {
        return Err(CoreError::OutOfDomain { name: "stress limit", expected: "finite", value: limit }.into());
    }
    let values = pnl.values();
    let column = values.column(scenario);
    // `0 − x` keeps a loss of nothing from becoming −0.
    let coefficients = pnl.rows().iter().cloned().zip(column.iter().map(|gain| 0.0 - gain));
    Ok(LinearRow {
        name: format!("loss in {}", pnl.ids()[scenario]),
        coefficients: coefficients.collect(),
        lower: f64::NEG_INFINITY,
        upper: limit,
    })
}

#[cfg(test)]
mod tests {
    use alluse_instruments::{Book, MarketSnapshot};
    use alluse_risk_core::{ErrorKind, Horizon, Ordering, ScenarioSet, ShockKind};
    use jiff::civil::date;
    use ndarray::array;

    use super::*;
    use crate::Error;
    use crate::factors::tests::spot;

    fn id(name: &str) -> ScenarioId {
        ScenarioId::new(name).unwrap()
    }

    fn pnl(with_unknown: bool) -> ScenarioPnl {
        let day = date(2024, 1, 5);
        let market = MarketSnapshot::usd(day).with_spot("A", 10.0).unwrap().with_spot("B", 20.0).unwrap();
        let mut book = Book::builder().share("A", 100.0).share("B", -50.0);
        if with_unknown {
            book = book.share("X", 1.0);
        }
        let factors = vec![(spot("A"), ShockKind::Relative), (spot("B"), ShockKind::Relative)];
        let set = ScenarioSet::new(day, Horizon::DAY, factors, array![[-0.5, -0.25], [0.25, 0.5], [0.0, 0.0]]).unwrap();
        let set = set.with_ids(["crash", "boom", "calm"].map(id).to_vec(), Ordering::Named).unwrap();
        book.build(&market).unwrap().revalue(&set).unwrap()
    }

    #[test]
    fn rows_by_hand() {
        let rows = stress_rows(&pnl(false), &StressLimit::Every(100.0), UnvaluedRows::Refuse).unwrap();
        let numbers = |row: &LinearRow| row.coefficients.iter().map(|(_, c)| *c).collect::<Vec<_>>();
        assert_eq!(numbers(&rows[0]), [500.0, -250.0]);
        assert_eq!(numbers(&rows[1]), [-250.0, 500.0]);
        assert!(numbers(&rows[2]).iter().all(|c| *c == 0.0 && c.is_sign_positive()));
        assert_eq!(rows[0].coefficients[1].0.as_str(), "B");
        assert_eq!((rows[1].name.as_str(), rows[1].lower, rows[1].upper), ("loss in boom", f64::NEG_INFINITY, 100.0));
        let named = StressLimit::Named(vec![(id("boom"), 40.0), (id("crash"), 30.0)]);
        let rows = stress_rows(&pnl(false), &named, UnvaluedRows::Refuse).unwrap();
        assert_eq!((rows.len(), rows[0].upper, rows[1].upper), (2, 40.0, 30.0));
        assert_eq!(numbers(&rows[0]), [-250.0, 500.0]);
    }

    #[test]
    fn positions_without_a_value_are_refused_by_name() {
        let error = stress_rows(&pnl(true), &StressLimit::Every(1.0), UnvaluedRows::default()).unwrap_err();
        assert!(error.to_string().contains("\"X\""), "{error}");
        assert_eq!(error.kind(), ErrorKind::InsufficientData);
        let rows = stress_rows(&pnl(true), &StressLimit::Every(1.0), UnvaluedRows::LeaveOut).unwrap();
        assert_eq!(rows[0].coefficients.len(), 2);
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let refused = |limit| stress_rows(&pnl(false), &limit, UnvaluedRows::Refuse).unwrap_err();
        let named = |entries: &[(&str, f64)]| StressLimit::Named(entries.iter().map(|(n, l)| (id(n), *l)).collect());
        assert!(matches!(refused(named(&[])), Error::Input(CoreError::Empty { .. })));
        assert!(matches!(refused(named(&[("war", 1.0)])), Error::Input(CoreError::Unknown { .. })));
        assert!(matches!(refused(named(&[("calm", 1.0), ("calm", 2.0)])), Error::Input(CoreError::Duplicate { .. })));
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(matches!(refused(StressLimit::Every(bad)), Error::Input(CoreError::OutOfDomain { .. })));
        }
        let nothing = pnl(true).select(&alluse_risk_core::labels::LabelSelector::All).unwrap();
        assert_eq!(nothing.rows().len(), 2);
    }
}
