//! Where early exercise pays, and the option as a put with strike 1.

use alluse_risk_core::Error as Input;

use super::boundary::NormalPut;
use crate::pricing::{BlackScholesInputs, OptionKind};
use crate::{Error, Result};

/// What early exercise does for an option with time and volatility left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Regime {
    /// Waiting is never worse: the American option is the European one.
    Never,
    /// One boundary separates waiting from exercising.
    Single(NormalPut),
}

impl Regime {
    /// A call is a put with spot and strike, and rate and dividend yield, exchanged: McDonald and Schroder (1998).
    pub(super) fn of(kind: OptionKind, inputs: &BlackScholesInputs) -> Result<Self> {
        let BlackScholesInputs { time, volatility, rate, dividend_yield, .. } = *inputs;
        let (rate, dividend_yield) = match kind {
            OptionKind::Put => (rate, dividend_yield),
            OptionKind::Call => (dividend_yield, rate),
        };
        if rate <= 0.0 && dividend_yield >= rate {
            Ok(Self::Never)
        } else if rate < 0.0 {
            Err(double_boundary(kind))
        } else {
            Ok(Self::Single(NormalPut { rate, dividend_yield, volatility, time }))
        }
    }
}

fn double_boundary(kind: OptionKind) -> Error {
    let what = match kind {
        OptionKind::Put => "American put with dividend_yield < rate < 0: its exercise region has two boundaries",
        OptionKind::Call => "American call with rate < dividend_yield < 0: its exercise region has two boundaries",
    };
    Input::Unsupported { what }.into()
}
