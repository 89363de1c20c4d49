use serde::{Deserialize, Serialize};

use crate::{Document, Error, Result};

/// Name and version of the form. The version rises when a reader of the old form would misread the new one.
const SCHEMA: &str = "alluse-quant/report/1";

#[derive(Serialize)]
struct Written<'a> {
    schema: &'a str,
    #[serde(flatten)]
    document: &'a Document,
}

#[derive(Deserialize)]
struct Read {
    schema: String,
    #[serde(flatten)]
    document: Document,
}

pub(super) fn write(document: &Document) -> Result<String> {
    serde_json::to_string_pretty(&Written { schema: SCHEMA, document })
        .map_err(|error| Error::Writing { form: "JSON", reason: error.to_string() })
}

pub(super) fn read(text: &str) -> Result<Document> {
    let fault = |reason: String| Error::Writing { form: "JSON", reason };
    let read: Read = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
    if read.schema == SCHEMA { Ok(read.document) } else { Err(fault(format!("unknown schema {:?}", read.schema))) }
}
