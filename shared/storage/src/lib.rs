//! What the school keeps: the only crate that names DynamoDB or S3.
//!
//! There is no storage trait. The fake is at the wire (a DynamoDB- and an S3-compatible store on
//! this machine), so the code under test is the code that ships. Modules in reading order:

pub mod bucket; // objects: multipart in by presigned parts, links out
pub mod clock; // the school's time and the machine's
pub mod idempotency; // the first answer to a key
pub mod item; // how a value becomes an item, with its schema and revision
pub mod key; // every key and every query
pub mod queue;
pub mod store; // the table: get, query, count the round trips
pub mod transaction; // all or nothing, and which guard refused // jobs in the same table

pub mod provision; // making the table where nobody did

pub mod defense; // defenses, and all that a step of one writes
pub mod enrollment;
pub mod person; // profiles and grants // enrollments, attempts, conflicts, agendas

pub use bucket::Bucket;
pub use clock::Clock;
pub use item::{Item, Stored};
pub use key::Key;
pub use store::{Store, StoreError};
pub use transaction::{Refused, Transaction};
