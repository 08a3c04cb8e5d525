//! Direct debits: invoices that a bank collects from accounts, by a file, on a day.
//!
//! A payment waits on a list, is put into exactly one file, and counts as paid from the file's day on.

mod file; // what a bank is asked for
mod working_day; // the days on which banks collect

pub use file::{Creditor, DEBITS_MAX, DebitFile, DebitFileState, FiledDebit, LeftOut, WaitingDebit};
pub use working_day::{CollectOnRefused, check_collect_on};
