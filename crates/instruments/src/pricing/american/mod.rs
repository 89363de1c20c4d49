//! American options: exactly by the boundary's integral equation, and by the classical approximations and lattices.

mod barone_adesi_whaley;
mod bivariate;
mod bjerksund_stensland;
mod boundary;
mod curve;
mod exercise;
mod greeks;
mod lattice;
mod method;
mod regime;
mod tables;
mod vector;

pub use exercise::{ExerciseBoundary, SpotGreeks};
pub use greeks::{AmericanGreeks, american_greeks};
pub use method::{AmericanMethod, Precision};
