//! Tests of the explanation.

mod books;
mod greeks;
mod hostile;
pub(crate) mod programme;
mod wheel;
