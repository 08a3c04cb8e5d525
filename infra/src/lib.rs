//! Puts the system together, on AWS and on one machine.

pub mod issuer; // who is who on one machine
pub mod signing_key; // private keys in the data folder
