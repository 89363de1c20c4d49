//! The usual strategies.

use super::template::{LegKind, LegTemplate, StrategyForm, StrategyTemplate, StrikeSpacing};
use crate::{Error, Result};

const fn leg(kind: LegKind, ratio: i32, strike: usize, expiry: usize) -> LegTemplate {
    LegTemplate { kind, ratio, strike, expiry }
}

/// Name, then the forms: legs and spacing.
type Row = (&'static str, &'static [(&'static [LegTemplate], StrikeSpacing)]);

use LegKind::{Call, Put, Share};
use StrikeSpacing::{Equal, Free};

const STANDARD: [Row; 13] = [
    ("put_selling", &[(&[leg(Put, -1, 0, 0)], Free)]),
    ("call_selling", &[(&[leg(Call, -1, 0, 0)], Free)]),
    ("put_spread", &[(&[leg(Put, 1, 0, 0), leg(Put, -1, 1, 0)], Free)]),
    ("call_spread", &[(&[leg(Call, -1, 0, 0), leg(Call, 1, 1, 0)], Free)]),
    ("iron_condor", &[(&[leg(Put, 1, 0, 0), leg(Put, -1, 1, 0), leg(Call, -1, 2, 0), leg(Call, 1, 3, 0)], Free)]),
    ("straddle", &[(&[leg(Put, -1, 0, 0), leg(Call, -1, 0, 0)], Free)]),
    ("strangle", &[(&[leg(Put, -1, 0, 0), leg(Call, -1, 1, 0)], Free)]),
    (
        "butterfly",
        &[
            (&[leg(Call, 1, 0, 0), leg(Call, -2, 1, 0), leg(Call, 1, 2, 0)], Equal),
            (&[leg(Put, 1, 0, 0), leg(Put, -2, 1, 0), leg(Put, 1, 2, 0)], Equal),
            (&[leg(Put, 1, 0, 0), leg(Put, -1, 1, 0), leg(Call, -1, 1, 0), leg(Call, 1, 2, 0)], Equal),
        ],
    ),
    (
        "calendar",
        &[(&[leg(Call, -1, 0, 0), leg(Call, 1, 0, 1)], Free), (&[leg(Put, -1, 0, 0), leg(Put, 1, 0, 1)], Free)],
    ),
    (
        "diagonal",
        &[
            (&[leg(Call, -1, 1, 0), leg(Call, 1, 0, 1)], Free),
            (&[leg(Call, -1, 0, 0), leg(Call, 1, 1, 1)], Free),
            (&[leg(Put, -1, 0, 0), leg(Put, 1, 1, 1)], Free),
            (&[leg(Put, -1, 1, 0), leg(Put, 1, 0, 1)], Free),
        ],
    ),
    ("covered_call", &[(&[leg(Share, 1, 0, 0), leg(Call, -1, 0, 0)], Free)]),
    ("protective_put", &[(&[leg(Share, 1, 0, 0), leg(Put, 1, 0, 0)], Free)]),
    ("collar", &[(&[leg(Share, 1, 0, 0), leg(Put, 1, 0, 0), leg(Call, -1, 1, 0)], Free)]),
];

impl StrategyTemplate {
    /// Put and call selling, put and call spreads, iron condor, straddle, strangle, butterfly (call, put and iron),
    /// calendar, diagonal; and with shares covered call, protective put and collar. Written from the side that sells
    /// premium, butterfly, calendar and diagonal from the side that pays it.
    #[must_use]
    pub fn standard() -> Vec<Self> {
        let form =
            |(legs, spacing): &(&[LegTemplate], StrikeSpacing)| StrategyForm { legs: legs.to_vec(), spacing: *spacing };
        // A test holds every row to the checks of `new`.
        STANDARD.iter().filter_map(|(name, forms)| Self::new(*name, forms.iter().map(form).collect()).ok()).collect()
    }

    /// One of the [`standard`](Self::standard) strategies.
    ///
    /// # Errors
    /// [`Error::Strategy`] for a name that is none.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::standard().into_iter().find(|template| template.name() == name);
        let known: Vec<&str> = STANDARD.iter().map(|row| row.0).collect();
        let reason = format!("not a standard strategy; these are: {}", known.join(", "));
        found.ok_or_else(|| Error::Strategy { name: name.to_owned(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_template() {
        let names: Vec<String> = StrategyTemplate::standard().iter().map(|t| t.name().to_owned()).collect();
        assert_eq!(names, STANDARD.map(|row| row.0.to_owned()));
        assert!(StrategyTemplate::named("jade_lizard").unwrap_err().to_string().contains("iron_condor"));
    }
}
