//! Forecasts on record: written before their date, scored after it, never rewritten.
