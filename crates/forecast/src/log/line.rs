//! One entry as one line of text: a frame that leaves no byte free, around JSON whose hash it holds.

use alluse_risk_core::InputHash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{LogError, LoggedForecast, LoggedOutcome};
use crate::{Error, Result};

/// The hash that the first line points back to.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const OPENING: &str = "{\"sha256\":\"";
const MIDDLE: &str = "\",\"body\":";
const CLOSING: &str = "}";

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Forecast(Box<LoggedForecast>),
    Outcome(LoggedOutcome),
}

impl Entry {
    pub(super) fn time(&self) -> Timestamp {
        match self {
            Self::Forecast(forecast) => forecast.made_at,
            Self::Outcome(outcome) => outcome.observed_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<E> {
    sequence: usize,
    previous: String,
    entry: E,
}

/// The line, without its end, and its hash.
pub(super) fn write(sequence: usize, previous: &str, entry: &Entry) -> Result<(String, String)> {
    let body = serde_json::to_string(&Body { sequence, previous: previous.to_owned(), entry })
        .map_err(|error| Error::from(LogError::Unreadable { problem: error.to_string() }))?;
    let hash = InputHash::of_bytes("body", body.as_bytes()).sha256;
    Ok((format!("{OPENING}{hash}{MIDDLE}{body}{CLOSING}"), hash))
}

/// The entry and the hash of a line that stands at this place of the chain, or what is wrong with it.
pub(super) fn read(line: &[u8], sequence: usize, previous: &str) -> std::result::Result<(Entry, String), String> {
    let inner = line.strip_prefix(OPENING.as_bytes()).and_then(|rest| rest.strip_suffix(CLOSING.as_bytes()));
    let (hash, rest) = inner.and_then(|rest| rest.split_at_checked(GENESIS.len())).ok_or("not a line of a log")?;
    let body = rest.strip_prefix(MIDDLE.as_bytes()).ok_or("not a line of a log")?;
    let found = InputHash::of_bytes("body", body).sha256;
    if found.as_bytes() != hash {
        return Err(format!("its hash is {found}, not the one that it states"));
    }
    let body: Body<Entry> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if body.sequence != sequence {
        return Err(format!("it is number {} of the chain, expected {sequence}", body.sequence));
    }
    if body.previous != previous {
        return Err(format!("it follows {}, not the line before it, {previous}", body.previous));
    }
    // What was written elsewhere may say the same in other bytes; a log is kept byte for byte.
    match write(sequence, previous, &body.entry) {
        Ok((_, hash)) if hash == found => Ok((body.entry, found)),
        _ => Err("it holds more than an entry".to_owned()),
    }
}
