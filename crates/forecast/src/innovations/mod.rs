//! Standardised laws of the shocks: normal, Student t, skewed t, generalised error.
