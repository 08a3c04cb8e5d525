//! Direct debits: invoices that a bank collects from accounts, by a file, on a day.
//!
//! A payment waits on a list, is put into exactly one file, and counts as paid from the file's day on. Banks
//! say only what did not work, and say it late: such a payment is refused, or returned when it had counted.

mod bank_report; // what a bank says
mod file; // what a bank is asked for
mod working_day; // the days on which banks collect

pub use bank_report::{BankReport, BankReportState, REPORT_BYTES_MAX, ReportTally, Told};
pub use file::{
    Creditor, DEBITS_MAX, DebitFile, DebitFileState, FiledDebit, LeftOut, RecallRefused, WaitingDebit,
    file_of,
};
pub use working_day::{CollectOnRefused, check_collect_on};
