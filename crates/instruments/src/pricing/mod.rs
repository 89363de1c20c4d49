//! Prices, greeks and implied volatility of single options.
