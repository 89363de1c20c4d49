//! Every way in which the legs of a bag fit a template.

use super::recognise::Leg;
use super::template::{LegKind, LegTemplate, StrategyForm, StrikeSpacing, equally_spaced};
use crate::pricing::OptionKind;
use crate::{Instrument, OptionContract};

/// One fit: template, form, side, and the leg of the bag in each place of the form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) template: usize,
    pub(super) form: usize,
    pub(super) mirrored: bool,
    pub(super) places: Vec<usize>,
}

/// Fits of one form on one side of the trade, added to `found` until it is longer than `limit`.
pub(super) fn collect(
    legs: &[Leg],
    (template, form_index, form): (usize, usize, &StrategyForm),
    mirrored: bool,
    limit: usize,
    found: &mut Vec<Candidate>,
) {
    let mut search = Search { legs, form, mirrored, places: Vec::new() };
    search.extend(limit, &mut |places| {
        found.push(Candidate { template, form: form_index, mirrored, places: places.to_vec() });
        found.len()
    });
}

struct Search<'a> {
    legs: &'a [Leg],
    form: &'a StrategyForm,
    mirrored: bool,
    places: Vec<usize>,
}

impl Search<'_> {
    /// Fills the next place with every leg that fits the ones before it; false once there are too many fits.
    fn extend(&mut self, limit: usize, found: &mut impl FnMut(&[usize]) -> usize) -> bool {
        let place = self.places.len();
        if place == self.form.legs.len() {
            return !self.spacing_fits() || found(&self.places) <= limit;
        }
        for candidate in 0..self.legs.len() {
            if self.fits(place, candidate) {
                self.places.push(candidate);
                let go_on = self.extend(limit, found);
                self.places.pop();
                if !go_on {
                    return false;
                }
            }
        }
        true
    }

    fn fits(&self, place: usize, candidate: usize) -> bool {
        let template = &self.form.legs[place];
        let leg = &self.legs[candidate];
        let long = (template.ratio > 0) != self.mirrored;
        if self.places.contains(&candidate) || (leg.quantity > 0.0) != long || kind(&leg.instrument) != template.kind {
            return false;
        }
        let Instrument::Option(contract) = &leg.instrument else { return true };
        self.placed().all(|(other, placed)| {
            placed.multiplier() == contract.multiplier()
                && placed.strike().total_cmp(&contract.strike()) == other.strike.cmp(&template.strike)
                && placed.expiry().cmp(&contract.expiry()) == other.expiry.cmp(&template.expiry)
        })
    }

    fn placed(&self) -> impl Iterator<Item = (&LegTemplate, &OptionContract)> {
        self.form.legs.iter().zip(&self.places).filter_map(|(template, &leg)| match &self.legs[leg].instrument {
            Instrument::Option(contract) => Some((template, contract)),
            _ => None,
        })
    }

    fn spacing_fits(&self) -> bool {
        if self.form.spacing == StrikeSpacing::Free {
            return true;
        }
        let mut strikes: Vec<f64> = self.placed().map(|(_, contract)| contract.strike()).collect();
        strikes.sort_by(f64::total_cmp);
        strikes.dedup();
        equally_spaced(&strikes)
    }
}

fn kind(instrument: &Instrument) -> LegKind {
    match instrument {
        Instrument::Option(contract) if contract.kind() == OptionKind::Call => LegKind::Call,
        Instrument::Option(_) => LegKind::Put,
        // Cash is never a leg: the recogniser refuses it before.
        Instrument::Share { .. } | Instrument::Cash { .. } => LegKind::Share,
    }
}
