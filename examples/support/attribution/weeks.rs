//! Contributions by week: legs, years, and labels of weeks that are data.

use std::collections::BTreeSet;

use alluse_quant::attribution::contribution::scheme::{Domain, LabelScheme, Value};
use alluse_quant::attribution::contribution::{
    Calendar, Component, Contributions, CrossTable, LabelAxis, LabelKnowledge, LabelReport, PnlPanel,
};
use alluse_quant::attribution::explain::PnlExplain;
use alluse_quant::attribution::significance::{LabelTest, SignificanceReport};
use alluse_quant::attribution::{Annualisation, RiskAttribution, RiskTable};
use alluse_quant::instruments::Instrument;
use alluse_quant::instruments::OptionContract;
use alluse_quant::instruments::ledger::Action;
use alluse_quant::instruments::pricing::OptionKind;
use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::labels::{DateLabels, LabelTable, UNLABELLED};
use alluse_quant::risk_core::measures::Bootstrap;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ndarray::{Array1, Array2};
use serde::Serialize;

use super::inputs::Settings;
use super::programme::{LEGS, Legs};
use crate::wheel::figures::week_ends;
use crate::wheel::inputs::Inputs;
use crate::wheel::programme::Run;
use crate::{Failure, Result};

/// The weekly record by labels.
#[derive(Debug, Clone, Serialize)]
pub struct WeekFigures {
    /// Periods; the first and the last may be shorter than a week.
    pub periods: usize,
    /// Whole weeks, which have labels.
    pub whole: usize,
    /// Total return less the change of the value of the account: rounding.
    pub value_difference: f64,
    /// Legs.
    pub legs: LabelView,
    /// Legs × calendar years.
    pub legs_by_year: CrossTable,
    /// Legs × labels of the first scheme.
    pub legs_by_type: CrossTable,
    /// Labels of weeks, a scheme each.
    pub schemes: Vec<SchemeView>,
}

/// One axis: return, significance and risk.
#[derive(Debug, Clone, Serialize)]
pub struct LabelView {
    /// Return.
    pub report: LabelReport,
    /// Whether it can be told from chance.
    pub significance: SignificanceReport,
    /// Risk, in the order of the report's labels.
    pub risk: RiskTable,
}

/// A scheme and what its labels earned.
#[derive(Debug, Clone, Serialize)]
pub struct SchemeView {
    /// The rules.
    pub scheme: LabelScheme,
    /// Whole weeks whose label was known when they began.
    pub known_at_start: usize,
    /// What the labels earned.
    pub view: LabelView,
}

/// Known when a week begins.
const EX_ANTE: [&str; 2] = ["vix", "held"];
/// Known when it has ended.
const HINDSIGHT: [&str; 2] = ["index_move", "in_the_money"];

/// Seed of the resamples behind intervals of risk shares.
const RESAMPLES: u64 = 11;

/// A period of the record.
struct Week {
    from: usize,
    to: usize,
    /// What was sold at its start; `None` unless it is a whole week.
    sold: Option<OptionContract>,
}

/// Contributions of the weeks by every label.
///
/// # Errors
/// One sentence about whatever is wrong with the schemes, and those of the library.
pub fn weeks(settings: &Settings, inputs: &Inputs, run: &Run, path: &PnlExplain, legs: &Legs) -> Result<WeekFigures> {
    let schemes = schemes(settings)?;
    let weeks = periods(inputs, run);
    let panel = panel(inputs, path, legs, &weeks)?;
    let contributions = panel.contributions()?;
    let table = LabelTable::new(LEGS.len()).with_axis("leg", LEGS.map(|leg| Some(leg.to_owned())).to_vec())?;
    let leg_axis = LabelAxis::positions(&table, "leg", LabelKnowledge::ExAnte)?;
    let years = LabelAxis::calendar(panel.dates(), Calendar::Year)?;
    let mut views = Vec::with_capacity(schemes.len());
    let mut types = None;
    for scheme in schemes {
        let (axis, known_at_start) = axis(&scheme, inputs, &weeks)?;
        let significance = LabelTest::default().of_periods(&contributions.returns().to_owned(), &axis)?;
        let view = view(&contributions, &axis, significance)?;
        if types.is_none() {
            types = Some(contributions.cross(&leg_axis, &axis)?);
        }
        views.push(SchemeView { scheme, known_at_start, view });
    }
    let empty = || Failure::in_file(&settings.week_labels.display().to_string(), "the file has no schemes");
    let significance = LabelTest::default().of_contributions(&contributions, &leg_axis)?;
    Ok(WeekFigures {
        periods: weeks.len(),
        whole: weeks.iter().filter(|week| week.sold.is_some()).count(),
        value_difference: contributions.total_return() - (run.values[run.values.len() - 1] / run.values[0] - 1.0),
        legs: view(&contributions, &leg_axis, significance)?,
        legs_by_year: contributions.cross(&leg_axis, &years)?,
        legs_by_type: types.ok_or_else(empty)?,
        schemes: views,
    })
}

fn view(contributions: &Contributions<'_>, axis: &LabelAxis, significance: SignificanceReport) -> Result<LabelView> {
    let panel = contributions.panel();
    let dates = panel.dates();
    let elapsed = Annualisation::elapsed(panel.start(), dates[dates.len() - 1])?;
    let report = contributions.by_label(axis, elapsed, Confidence::P95)?;
    let table = contributions.over_time(axis)?;
    let name = |label: &Option<String>| label.clone().unwrap_or_else(|| UNLABELLED.to_owned());
    let shown: Vec<usize> = (0..table.labels.len())
        .filter(|place| report.labels.iter().any(|label| label.label == table.labels[*place]))
        .collect();
    let labels: Vec<String> = shown.iter().map(|place| name(&table.labels[*place])).collect();
    let single = Array2::from_shape_fn((dates.len(), shown.len()), |(t, k)| table.single[shown[k]][t]);
    let risk = RiskAttribution::new(Confidence::P95)
        .with_bootstrap(Bootstrap::new(RESAMPLES))
        .attribute(&labels, single.view())?;
    Ok(LabelView { report, significance, risk })
}

/// The stretches between week ends, and what is left before the first and after the last.
fn periods(inputs: &Inputs, run: &Run) -> Vec<Week> {
    let (days, last) = (&inputs.days, inputs.days.len() - 1);
    let mut ends = week_ends(days);
    if ends.last() != Some(&last) {
        ends.push(last);
    }
    let mut from = 0;
    let mut weeks = Vec::with_capacity(ends.len());
    for to in ends.into_iter().filter(|end| *end > 0) {
        let sale = |event: &&alluse_quant::instruments::ledger::Event| event.date == days[from].date;
        let sold = run.ledger.events().iter().filter(sale).find_map(|event| match &event.action {
            Action::Trade { instrument: Instrument::Option(contract), .. } => Some(contract.clone()),
            _ => None,
        });
        let sold = sold.filter(|contract| contract.expiry() == days[to].date);
        weeks.push(Week { from, to, sold });
        from = to;
    }
    weeks
}

/// P&L of the legs by week, from the explained positions.
fn panel(inputs: &Inputs, path: &PnlExplain, legs: &Legs, weeks: &[Week]) -> Result<PnlPanel> {
    let shape = (LEGS.len(), weeks.len());
    let [mut price, mut cost, mut interest] = [(); 3].map(|()| Array2::<f64>::zeros(shape));
    let mut early = vec![0.0; weeks.len()];
    for row in &path.rows {
        let date = path.dates[row.day];
        let Some(explained) = row.outcome.known() else {
            return Err(Failure(format!("the P&L of {:?} on {date} is not known", row.position.as_str())));
        };
        // Day number d ends at place d + 1 of the days.
        let (leg, place) = (legs.of(row.position.as_str())?, row.day + 1);
        let week = weeks.partition_point(|week| week.to < place);
        let effects = &explained.effects;
        price[[leg, week]] += explained.actual - effects.costs - effects.interest;
        interest[[leg, week]] += effects.interest;
        // What a sale at the last close of a week costs belongs to the week that it is made for.
        let made_for = if weeks[week].to == place && week + 1 < weeks.len() { week + 1 } else { week };
        cost[[leg, made_for]] += effects.costs;
        early[made_for] += if made_for > week { effects.costs } else { 0.0 };
    }
    // The account as it stood before it paid for the week's sale.
    let values: Array1<f64> =
        weeks.iter().zip(&early).map(|(week, paid)| path.days[week.from].start_value - paid).collect();
    let dates = weeks.iter().map(|week| inputs.days[week.to].date).collect();
    let rows = LEGS.map(str::to_owned).to_vec();
    Ok(PnlPanel::new(inputs.days[0].date, dates, rows, values)?
        .with(Component::Price, price)?
        .with(Component::Cost, cost)?
        .with(Component::CashInterest, interest)?)
}

/// Reads the schemes; each must give every week exactly one label.
fn schemes(settings: &Settings) -> Result<Vec<LabelScheme>> {
    let file = settings.week_labels.display().to_string();
    let text = std::fs::read_to_string(&settings.week_labels).map_err(|error| Failure::in_file(&file, error))?;
    let schemes: Vec<LabelScheme> = serde_json::from_str(&text).map_err(|error| Failure::in_file(&file, error))?;
    let mut names = BTreeSet::new();
    for scheme in &schemes {
        if !names.insert(scheme.axis()) {
            return Err(Failure::in_file(&file, format!("the scheme {:?} is there twice", scheme.axis())));
        }
        for variable in scheme.variables() {
            let known = EX_ANTE.contains(&variable.name.as_str()) || HINDSIGHT.contains(&variable.name.as_str());
            let fits = matches!(variable.domain, Domain::Category(_)) == (variable.name == "held");
            if !known || !fits {
                let what = format!(
                    "the scheme {:?} looks at {:?}; there are the numbers index_move, in_the_money and vix, and held, \
                     which is put or call",
                    scheme.axis(),
                    variable.name
                );
                return Err(Failure::in_file(&file, what));
            }
        }
        scheme.require_partition().map_err(|error| Failure::in_file(&file, error))?;
    }
    if schemes.is_empty() {
        return Err(Failure::in_file(&file, "the file has no schemes"));
    }
    Ok(schemes)
}

/// The labels of the weeks: as known at each week's start when the scheme looks at nothing later, or else in hindsight.
/// And how many were known at the start.
fn axis(scheme: &LabelScheme, inputs: &Inputs, weeks: &[Week]) -> Result<(LabelAxis, usize)> {
    let days = &inputs.days;
    let mut labels = DateLabels::new(scheme.axis());
    let later = scheme.variables().iter().any(|variable| HINDSIGHT.contains(&variable.name.as_str()));
    for week in weeks {
        let (open, close) = (&days[week.from], &days[week.to]);
        let Some(contract) = &week.sold else { continue };
        let values: Vec<Value> = scheme
            .variables()
            .iter()
            .map(|variable| match variable.name.as_str() {
                "index_move" => Value::Number(close.spot / open.spot - 1.0),
                "in_the_money" => {
                    Value::Number(contract.kind().sign() * (close.spot - contract.strike()) / contract.strike())
                }
                "vix" => Value::Number(100.0 * open.volatility),
                _ => Value::Category(if contract.kind() == OptionKind::Put { "put" } else { "call" }.to_owned()),
            })
            .collect();
        if let Some(label) = scheme.assign(&values)? {
            labels.record(close.date, label, closing(if later { close.date } else { open.date })?)?;
        }
    }
    let ends: Vec<Date> = weeks.iter().map(|week| days[week.to].date).collect();
    let starts: Vec<Timestamp> = weeks.iter().map(|week| closing(days[week.from].date)).collect::<Result<_>>()?;
    let known = ends.iter().zip(&starts).filter(|(end, start)| labels.known_at(**end, **start).is_some()).count();
    let axis = match later {
        true => LabelAxis::hindsight(&labels, &ends)?,
        false => LabelAxis::ex_ante(&labels, &ends, &starts)?,
    };
    Ok((axis, known))
}

/// The moment at which a day's closes are known.
fn closing(date: Date) -> Result<Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(21, 0, 0, 0)).map_err(|error| Failure(error.to_string()))
}
