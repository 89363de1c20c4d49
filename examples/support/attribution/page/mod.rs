//! The figures as text.

mod factors;
mod programme;
mod sectors;
mod weeks;

use std::fmt::{Result, Write};

use super::figures::Figures;
use crate::page::title;

/// The whole page.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut String, figures: &Figures) -> Result {
    sectors::write(page, &figures.sectors)?;
    factors::write(page, &figures.factors, &figures.sectors)?;
    programme::write(page, &figures.programme)?;
    weeks::write(page, &figures.programme.weeks)?;
    title(page, "WHAT THIS RESTS ON")?;
    figures.notes.iter().try_for_each(|note| writeln!(page, "- {note}"))
}

/// A p-value, or that there is none.
fn p_value(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |p| if p < 0.0005 { "<0.001".to_owned() } else { format!("{p:.3}") })
}

/// Rounding at most, or not.
fn adds_up(residual: f64, scale: f64) -> String {
    let verdict = if residual.abs() <= 1e-12 * scale.max(1.0) { "adds up" } else { "DOES NOT ADD UP" };
    format!("residual {residual:.1e}, {verdict}")
}
