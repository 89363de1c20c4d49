//! Why a program has no optimum.

use super::program::HingeProgram;
use crate::Error;

pub(super) fn explain(_program: &HingeProgram<'_>, error: Error) -> Error {
    error
}
