//! Puts the system together, on AWS and on one machine.

pub mod template; // what the table and the buckets are, on both

pub mod catalog; // the folder of YAML that says what the school offers
pub mod sample; // people to try the school with
pub mod yaml; // reading what people edit, with the place of each fault

pub mod buckets; // an S3-compatible store on this machine's disk
pub mod issuer; // who is who on one machine
pub mod signing_key; // private keys in the data folder
pub mod tables; // a DynamoDB-compatible store
pub mod local_store; // both, made from the template

pub mod seed; // what a local stack begins with
pub mod crowd; // many students at once, for tests under load
pub mod sandbox; // a payment provider that does what it is told
pub mod providers; // which payment providers there are
pub mod dev; // moving the clock, tokens for sample people
pub mod stack; // everything put together
pub mod capacity; // how many mentors a forecast asks for, from the command line
pub mod bill; // a billing run from the command line
pub mod demo; // a student's first year
