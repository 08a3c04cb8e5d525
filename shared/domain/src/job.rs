//! What the system does by itself: every kind of job, and what each one is for.
//!
//! A job is asked for in the transaction that wants it, and its id is derived from what it is for,
//! so that asking twice makes one.

mod name; // what each is known by

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{
    BankReportId, CommitmentId, CreditNoteId, DebitFileId, DefenseId, EnrollmentId, InvoiceId, PersonId,
    RefundId, RunId, SessionId, UploadId,
};
use crate::statement::Month;

/// A thing to be done later, or by another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Job {
    /// Ask the payment provider for an invoice's money.
    Charge {
        /// Whose invoice.
        enrollment: EnrollmentId,
        /// What is owed.
        invoice: InvoiceId,
    },
    /// Find out what became of an invoice's payment, and never ask for money: its provider said that
    /// something happened.
    LookUpPayment {
        /// Whose invoice.
        enrollment: EnrollmentId,
        /// What is owed.
        invoice: InvoiceId,
    },
    /// Put the direct debits that wait into a file, and write it.
    FillDebitFile {
        /// Which.
        file: DebitFileId,
    },
    /// Put the debits of a file that was recalled back on the list.
    EmptyDebitFile {
        /// Which file.
        file: DebitFileId,
    },
    /// Read what a bank says of direct debits, and do what it means.
    ReadBankReport {
        /// Which.
        report: BankReportId,
    },
    /// Begin an accepted enrollment for whose first period nothing is owed.
    Begin {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Credit, and give back, what an enrollment paid for days that it no longer uses.
    CreditUnused {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Ask the payment providers to send a refund's money back.
    Refund {
        /// Whose.
        enrollment: EnrollmentId,
        /// Of which invoice.
        invoice: InvoiceId,
        /// Which.
        refund: RefundId,
    },
    /// Lift the suspension of an enrollment whose unpaid invoices are paid.
    LiftSuspension {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Write the invoice of a period that begins before the run over its date could know of it:
    /// an enrollment's billing began again.
    Bill {
        /// Whose.
        enrollment: EnrollmentId,
        /// Which stretch of months.
        segment: u32,
        /// Which month of it, from 0.
        period: u32,
    },
    /// Draft the invoices of every period that begins on a date, in one shard of a legal entity's
    /// enrollments.
    BillingRun {
        /// The legal entity.
        entity: String,
        /// The date.
        on: Date,
        /// Which share of the enrollments.
        shard: u16,
    },
    /// Close the days of a legal entity's ledger that are over, in their order.
    CloseLedger {
        /// The legal entity.
        entity: String,
    },
    /// Give a run's drafts the legal entity's next numbers, block by block.
    NumberInvoices {
        /// The legal entity.
        entity: String,
        /// The run's date.
        on: Date,
    },
    /// Ask for the money of a run's numbered invoices, in one shard.
    CollectInvoices {
        /// The legal entity.
        entity: String,
        /// The run's date.
        on: Date,
        /// Which share of the enrollments.
        shard: u16,
    },
    /// Make the document of an invoice, or of a credit note over it.
    MakeDocument {
        /// Whose.
        enrollment: EnrollmentId,
        /// Of which invoice.
        invoice: InvoiceId,
        /// Of which note over it; none for the invoice's own.
        note: Option<CreditNoteId>,
    },
    /// Make the documents of a run's invoices, in one shard.
    MakeDocuments {
        /// The legal entity.
        entity: String,
        /// The run's date.
        on: Date,
        /// Which share of the enrollments.
        shard: u16,
    },
    /// Send the letters that wait about an enrollment.
    SendLetters {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Count, for finance, the invoices that a run over a date would write in one shard.
    DryRun {
        /// The dry run.
        run: RunId,
        /// The legal entity.
        entity: String,
        /// Which share of the enrollments.
        shard: u16,
    },
    /// Apply what was planned for an instant: a quote's end, a pause's begin, a withdrawal.
    ApplyPlanned {
        /// Whose.
        enrollment: EnrollmentId,
        /// When it was planned for.
        at: Timestamp,
    },
    /// Find a mentor with a free seat for an enrollment that needs one to begin, and go on with what
    /// waited for it.
    SeatStudent {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Match everyone who waits for a seat with everyone who has one.
    MatchStudents {
        /// When staff asked for it; the nightly one, which comes again while somebody waits, has none.
        asked_at: Option<Timestamp>,
    },
    /// Find other mentors for the students of one who leaves.
    HandOver {
        /// Who leaves.
        mentor: PersonId,
    },
    /// Find covers for the students of a mentor who is on holiday.
    CoverHolidays {
        /// Who is away.
        mentor: PersonId,
    },
    /// Book the first meeting of a student with a mentor: a discovery session, or a hand-over.
    Introduce {
        /// Whose.
        enrollment: EnrollmentId,
        /// With whom.
        mentor: PersonId,
    },
    /// Give back an enrollment's seats with mentors whom it has no more.
    ArrangeSeats {
        /// Whose.
        enrollment: EnrollmentId,
        /// From which day on: that on which a mentor hands over.
        on: Date,
    },
    /// Bring an enrollment's sessions and its mentors' seats in line with its active time: cancel sessions
    /// that may not be held, make those that may, give back seats that are not needed.
    ArrangeSessions {
        /// Whose.
        enrollment: EnrollmentId,
    },
    /// Put the sessions of one weekly series into the calendar, six weeks ahead: where it begins, or where it
    /// keeps the others of its mentor or coach from being written.
    ExtendSessions {
        /// Whose.
        enrollment: EnrollmentId,
        /// Which series.
        commitment: CommitmentId,
    },
    /// Put the sessions of all weekly series of a mentor or coach into the calendar, six weeks ahead, every two
    /// weeks.
    ExtendSeries {
        /// Whose series.
        with: PersonId,
    },
    /// Tell the people of a session what is new about it, or due: it was booked, moved or called off, it
    /// starts soon, its report is missing.
    TellSession {
        /// Whose.
        enrollment: EnrollmentId,
        /// Which session.
        session: SessionId,
        /// When this look at it is due: one that waits for later keeps no earlier one from being asked for.
        at: Timestamp,
    },
    /// Close what a legal entity pays somebody for a month.
    CloseStatement {
        /// Who is paid.
        person: PersonId,
        /// The legal entity.
        entity: String,
        /// Which month.
        month: Month,
    },
    /// Put the sessions of somebody's month that nobody came to before staff.
    FindUnattended {
        /// Whose, as mentor or coach.
        person: PersonId,
        /// Which month, in UTC.
        month: Month,
    },
    /// State what a session pays where it ended otherwise than a closed statement says.
    RestateSession {
        /// Which session.
        session: SessionId,
    },
    /// Read what arrived and confirm or refuse it.
    VerifyUpload {
        /// Which bytes.
        upload: UploadId,
    },
    /// Give up an upload that made no progress.
    AbandonUpload {
        /// Which bytes.
        upload: UploadId,
    },
    /// Prove a defense's recording whole, or find it wanting.
    VerifyRecording {
        /// Of which defense.
        defense: DefenseId,
    },
    /// Bring what is stored of a defense's recordings in line with what it says of them: make what is proven
    /// watchable and lock it, hold it while an appeal is open, remove it when its time is over.
    KeepRecordings {
        /// Of which defense.
        defense: DefenseId,
        /// When this look is due: one that waits for later keeps no earlier one from being asked for.
        at: Timestamp,
    },
    /// Ask again for what is to happen with a defense's recordings, as follows from what is there, once a day while
    /// anything is awaited of them.
    ReconcileRecordings {
        /// Of which defense.
        defense: DefenseId,
    },
    /// See whether a held defense has a recording by now.
    MissRecording {
        /// Which defense.
        defense: DefenseId,
    },
    /// Bring an enrollment's defenses in line with its mentor, its active time and who may not judge; find another
    /// juror where one is missing since, and somebody who judges an appeal.
    ArrangeDefenses {
        /// Whose.
        enrollment: EnrollmentId,
        /// When this look is due: one that waits for later keeps no earlier one from being asked for.
        at: Timestamp,
    },
    /// See whether the juror of a held defense has given the verdict by now.
    MissVerdict {
        /// Which defense.
        defense: DefenseId,
    },
    /// Keep what a defense tells of how juries judge.
    TellJury {
        /// Which defense.
        defense: DefenseId,
    },
    /// Fail a conditional defense whose student uploaded nothing in time.
    CloseCondition {
        /// Which defense.
        defense: DefenseId,
    },
}

/// How asking for a job again is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A wake-up: asking again while it runs makes it run again.
    WakeUp,
    /// A one-time job: it runs once in effect, however often and however late it is asked for.
    Once,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_known_by_what_it_is_for() {
        let enrollment = EnrollmentId::derived(&["e"]);
        let bill = |period| Job::Bill { enrollment, segment: 1, period };
        assert_eq!(bill(3).id(), bill(3).id());
        assert_ne!(bill(3).id(), bill(4).id());
        let at = Timestamp::UNIX_EPOCH;
        assert_ne!(Job::ApplyPlanned { enrollment, at }.id(), Job::ArrangeSessions { enrollment }.id());
    }
}
