//! Where the active return came from: allocation, selection and their interaction, by period and linked over time.
//!
//! [`SectorData`] holds weights and returns of portfolio and benchmark by period and group. Its
//! [`effects`](SectorData::effects) are the single-period attribution of Brinson; [`linked`](SectorData::linked) adds
//! them up over time. Securities are grouped by a [`Grouping`]; [`SecurityAttribution`] goes from securities to linked
//! effects in one pass, and [`BrinsonInput::tree`] attributes along any tree of labels.
//!
//! ```text
//! w, W   weights of portfolio and benchmark at the start of the period, each summing to 1
//! r, b   simple returns of the group in portfolio and benchmark
//! R, B   R = Σ w r,  B = Σ W b
//!
//! allocation   (w − W)(b − B)  Brinson-Fachler,  (w − W) b  Brinson-Hood-Beebower
//! selection    W (r − b)
//! interaction  (w − W)(r − b)
//! ```
//!
//! Every decomposition adds up to the active return, and carries a `residual` that says by how much it does not.
//! Cash is a group like any other: [`SectorData::with_cash`] adds what is missing from a sum of weights of 1.
//!
//! # Source
//! Brinson, Hood and Beebower (1986), "Determinants of Portfolio Performance"; Brinson and Fachler (1985),
//! "Measuring Non-US Equity Portfolio Performance"; Bacon (2008), *Practical Portfolio Performance Measurement and
//! Attribution*.
//!
//! ```
//! use alluse_attribution::brinson::{BrinsonModel, Linking, SectorData};
//! use ndarray::array;
//!
//! // Two quarters of UK, Japanese and US equities.
//! let sectors = SectorData::new(
//!     array![[0.4, 0.3, 0.3], [0.7, 0.2, 0.1]].view(),
//!     array![[0.4, 0.2, 0.4], [0.4, 0.3, 0.3]].view(),
//!     array![[0.20, -0.05, 0.06], [-0.05, 0.03, -0.05]].view(),
//!     array![[0.10, -0.04, 0.08], [-0.07, 0.04, -0.10]].view(),
//! )?;
//! let effects = sectors.effects(BrinsonModel::default())?;
//! assert!((effects.selection[[0, 0]] - 0.04).abs() < 1e-15); // 0.4 × (20 % − 10 %)
//! let linked = effects.link(Linking::Carino)?;
//! assert!(linked.residual().abs() < 1e-15);
//! # Ok::<(), alluse_attribution::Error>(())
//! ```

mod currency;
mod drift;
mod effects;
mod geometric;
mod grouping;
mod karnosky_singer;
mod linked;
mod linking;
mod model;
mod notional;
mod sectors;
mod securities;
mod significance;
mod tree;

pub use currency::{CurrencyEffects, CurrencyHedges};
pub use drift::drifting_return;
pub use effects::Effects;
pub use geometric::GeometricEffects;
pub use grouping::{EmptyBenchmark, EmptyGroups, EmptyPortfolio, GroupedSecurities, Grouping, group};
pub use karnosky_singer::{KarnoskySingerEffects, LocalMarkets};
pub use linked::LinkedEffects;
pub use linking::{Linked, Linking, link};
pub use model::{Allocation, BrinsonModel, Interaction};
pub use notional::NotionalFunds;
pub use sectors::{SectorData, Totals, WEIGHT_TOLERANCE};
pub use securities::{BrinsonInput, SecurityAttribution};
pub use significance::{Effect, EffectSignificance};
pub use tree::{LevelEffect, LinkedNode, LinkedTree, NodeEffects, TreeAttribution};

#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
