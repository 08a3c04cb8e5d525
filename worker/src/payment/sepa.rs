//! SEPA direct debit: files that collect, and files that say what came back.
//!
//! Nothing here speaks to a bank: finance takes the one there and brings the other back. The messages are
//! written and read by the crate `sepa`, which holds them to the schemes' rules.

mod debit_file;
mod end_to_end;
mod kept;
mod provider;
mod report;

pub use ::sepa::{Bic, CreditorId, Iban};

pub use self::debit_file::{Creditor, Debit, DebitFile, DebitFileRefused, Layout, Sequence};
pub use self::end_to_end::{end_to_end_id, invoice_of};
pub use self::kept::{InvalidCreditor, Unwritable, written};
pub use self::provider::DebitFiles;
pub use self::report::{REPORT_BYTES_MAX, Report, ReportRefused, ReturnedDebit};
