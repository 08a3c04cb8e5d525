//! Placeholder.

pub mod buckets;
