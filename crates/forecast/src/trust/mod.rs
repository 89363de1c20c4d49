//! Trust as a scored record: models weighted by what their forecasts were worth.
