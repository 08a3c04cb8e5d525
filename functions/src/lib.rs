//! HTTPS: who asks, what they may, and how answers and refusals look.
//!
//! A handler loads, lets the domain decide, and commits; it holds no rule. Modules in reading order:

pub mod app; // what every handler shares
pub mod problem; // refusals: one closed list of codes
pub mod permissions; // operation x role x relation
pub mod schema; // shapes for the API description
pub mod params; // ids and parameters in
pub mod body; // strict JSON in
pub mod token; // bearer tokens
pub mod call; // one request: who, when, under which key
pub mod manners; // what holds for every request
pub mod reply; // answers with status, ETag and Location
pub mod page; // lists
pub mod signing; // the key that credentials are signed with
pub mod capability; // the key of an upload's endpoint

pub mod catalog; // editions and quotes
pub mod people; // profiles and grants
pub mod enrollments; // from the quote to the last month
pub mod invoices; // what is owed and what came in
pub mod webhook; // signatures of those who tell us things
pub mod stripe; // word from the provider of cards
pub mod runs; // billing runs, for finance
pub mod creditors; // who collects direct debits
pub mod debit_files; // direct debits for banks, for finance
pub mod bank_reports; // what banks say of them
pub mod ledger; // double entry, for finance
pub mod conflicts; // declared ties
pub mod assignments; // who mentors whom
pub mod departures; // mentors who leave
pub mod pairings; // who waits for a mentor, for staff
pub mod availability; // when people can meet, and whom mentors take
pub mod sessions; // meetings
pub mod commitments; // weekly series of them
pub mod video; // the rooms they are held in
pub mod calendars; // one's sessions as a private feed
pub mod uploads; // bytes on their way in
pub mod companion; // Uppy's calls under an upload's endpoint
pub mod submissions; // work handed in, and the mentor's judgment
pub mod claims; // earlier learning
pub mod defenses; // the jury
pub mod statements; // what mentors, coaches and jurors are paid
pub mod awards; // the decision that ends a degree, and its credential
pub mod capacity; // how many mentors will be needed, for staff
pub mod fairness; // whether juries judge alike, for staff
pub mod drawing; // what plots have in common
pub mod queue; // what the worker has before it

pub mod web; // the page at `/`
pub mod api; // the routes, put together
pub mod lambda; // what the mains do

pub use app::App;
pub use problem::{Code, Problem};
