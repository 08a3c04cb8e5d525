//! The rules of the school, pure: the same facts and the same `now` give the same answer.
//!
//! Nothing here reads a clock, a file, the network or a random number; all of it comes in as
//! arguments. Modules in reading order:

pub mod digest; // sums over bytes
pub mod id; // one type per kind of thing that has an id
pub mod money; // integer minor units and ISO 4217 currencies
pub mod link; // addresses that people give
pub mod language; // what people are written to in
pub mod months; // lengths in months, as hundredths
pub mod time; // zones and wall times

pub mod permission; // who may do what to what
pub mod person; // people, addresses, grants

pub mod catalog; // degrees, editions, courses, projects, skills, and their publish gate
pub mod plan; // months, cost and their explanation: quote and forecast

pub mod billing; // segments and the periods of a month, by the anchor rule
pub mod enrollment; // a student's place on an edition
pub mod invoice; // what is owed, and what was paid
pub mod debit; // direct debits: files for banks, and what banks say of them
pub mod ledger; // what documents of money mean in double entry

pub mod activation; // what money that came in changes
pub mod offer; // what an edition offers to whoever enrolls now

pub mod assessment; // the mentor's judgment
pub mod attempt; // one student on one project
pub mod submission; // work handed in, version by version
pub mod upload; // bytes on their way in, until they are verified

pub mod agenda; // the next meetings at a glance
pub mod availability; // when people can meet, and whom mentors take
pub mod commitment; // a weekly series
pub mod occupancy; // a person's week in quarter hours: why nobody is booked twice
pub mod session; // a meeting
pub mod video; // the room it is held in
pub mod ics; // meetings as text of iCalendar

pub mod matching; // the most students with a mentor, and of those ways the best
pub mod pairing; // from people to a matching, and an hour of the week for each pair
pub mod fairness; // whether juries judge alike
pub mod seat; // how many students a mentor has
pub mod departure; // a mentor who leaves
pub mod capacity; // how many mentors will be needed, and who could become one

pub mod conflict; // who may never judge a student
pub mod defense; // the jury
pub mod jury; // who judges, and when
pub mod recording; // its evidence
pub mod claim; // earlier learning

pub mod statement; // what mentors, coaches and jurors are paid

pub mod job; // what the system does by itself
pub mod letter; // what it tells people by mail

pub mod award; // the decision that ends a degree
pub mod credential; // what the graduate carries away
