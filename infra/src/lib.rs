//! Puts the system together, on AWS and on one machine.

pub mod template; // what the table and the buckets are, on both

pub mod buckets; // an S3-compatible store on this machine's disk
pub mod issuer; // who is who on one machine
pub mod signing_key; // private keys in the data folder
pub mod tables; // a DynamoDB-compatible store
