//! What a book is worth now, and how it moves: values, greeks, exposures.

use alluse_risk_core::{Coverage, RowId, Status};
use serde::{Deserialize, Serialize};

use crate::calendar::year_fraction;
use crate::pricing::{BlackScholes, BlackScholesInputs, ExerciseBoundary, ExerciseStyle};
use crate::{Book, Error, Instrument, MarketSnapshot, OptionContract, Position, Result};
