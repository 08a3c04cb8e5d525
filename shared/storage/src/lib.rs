//! What the school keeps: the only crate that names DynamoDB or S3.
//!
//! There is no storage trait. The fake is at the wire (a DynamoDB- and an S3-compatible store on
//! this machine), so the code under test is the code that ships. Modules in reading order:

pub mod clock; // the school's time and the machine's
pub mod key; // every key and every query
pub mod item; // how a value becomes an item, with its schema and revision
pub mod store; // the table: get, query, count the round trips
pub mod units; // what writes cost
pub mod transaction; // all or nothing, and which guard refused
pub mod idempotency; // the first answer to a key
pub mod queue; // jobs in the same table
pub mod bucket; // objects: multipart in by presigned parts, links out
pub mod provision; // making the table where nobody did

pub mod catalog; // editions as students hold them
pub mod person; // profiles and grants
pub mod enrollment; // enrollments, attempts, conflicts, agendas
pub mod numbers; // numbers without a gap
pub mod invoice; // invoices, and what asks for the next one
pub mod payment; // money that comes and goes, and all that changes with it
pub mod fairness; // what defenses tell of how juries judge
pub mod recording; // where what is made of recordings lies, and how far that is
pub mod paper; // the documents of invoices and credit notes
pub mod letter; // the outbox
pub mod debit; // direct debits on their way into files, and banks' reports
pub mod stripe; // which of Stripe's events were heard
pub mod ledger; // double entry, and days that are closed
pub mod run; // billing runs, and what is due on a date
pub mod award; // awards, credentials, and what a decision rests on

pub mod availability; // when mentors, jurors and coaches can meet
pub mod seat; // mentors' seats, and who may mentor what
pub mod waiting; // the lines for a seat
pub mod pairing; // runs of the matching
pub mod assignment; // a mentor's assignment, with all that is written with it
pub mod departure; // mentors who leave
pub mod declaration; // who declared a tie to whom
pub mod occupancy; // people's weeks: why nobody is booked twice
pub mod commitment; // which weekly series a person has
pub mod session; // meetings, and the calendar they are changed in
pub mod calendar_feed; // who may read them as a feed
pub mod unattended; // sessions that nobody came to
pub mod statement; // what mentors, coaches and jurors are paid
pub mod submission; // work handed in, and the mentor's judgment
pub mod upload; // bytes on their way in
pub mod claim; // earlier learning, and all that a decision about it writes
pub mod defense; // defenses, and all that a step of one writes
pub mod jury; // jurors, as a search for one looks at them

pub use bucket::Bucket;
pub use clock::Clock;
pub use item::{Item, Stored};
pub use key::Key;
pub use store::{Store, StoreError};
pub use transaction::{Refused, Transaction};
