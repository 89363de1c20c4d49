//! Batched pricing: many scenarios at a time, without allocation.
