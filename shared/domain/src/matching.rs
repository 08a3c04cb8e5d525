//! The right mentor for every student: the largest matching there is, and of those the one worth most.
//!
//! It knows students and mentors as numbers only.

mod graph; // who could study with whom, and what it is worth

pub use graph::{Edge, Graph, GraphBuilder, InvalidGraph, VALUE_MAX};
