//! Every key and every query of the table.
//!
//! | asked | partition | sort key | how |
//! |---|---|---|---|
//! | a person's profile | person | `profile` | get |
//! | their grants | person | `grant#…` | query |
//! | whether they live on a degree | person | `live#degree` | guard |
//! | declared conflicts, availability | person | `conflicts`, `availability` | get |
//! | whether they are free | person | `occupancy#week` | get, guard |
//! | their weekly series | person | `series` | get, guard |
//! | what they began to send within a day | person | `upload-quota` | get, guard |
//! | who has a mentor's seats | person | `seats` | get, guard |
//! | when a mentor leaves, who leaves | `departures` | `departure#person` | get, guard, query |
//! | who has a role for a degree, or for all | `holders#role#degree#shard` | `holder#person` | query |
//! | who waits for a seat, in order | `waiting#degree#language` | `ticket#number` | query |
//! | which number is drawn next | `waiting#degree#language` | `line` | get, guard |
//! | runs of the matching | `pairings` | `run#at` | query, newest first |
//! | their enrollments (as student, mentor, coach) | person | `enrollment#…` | query |
//! | their submissions | person | `submission#since#…` | query, newest first |
//! | their defenses | person | `defense#asked#…` | query, newest first |
//! | their sessions in a span of time | person | `session#start#…` | query |
//! | who may read them as a feed | person | `calendar-feed` | get |
//! | the times they judged, or were to judge | person | `duty#told#…` | query |
//! | what they are paid, by month | person | `statement#month#…` | query, newest first |
//! | the first answer to a key | person | `answer#…` | guard, get |
//! | a student's progress | enrollment | `agenda` … `enrollment` | one query |
//! | its weekly series | enrollment | `commitment#…` | query, get |
//! | who may not judge | enrollment | `conflicts` | guard |
//! | its invoices, its transfers | enrollment | `invoice#segment#k#payer`, `payment#…` | query, get |
//! | that a period costs nothing | enrollment | `invoice#segment#k#nothing` | get |
//! | an invoice's credit notes, refunds | enrollment | `note#invoice#…`, `refund#invoice#…` | query, get |
//! | the last invoice number of an issuer's year | `numbers#issuer` | `year#…` | get, guard |
//! | an invoice by id | invoice | `locator` | get, then get |
//! | what was done to it | enrollment … | `trail#…` | query |
//! | a submission, claim, defense, session, upload, award, credential | its own | its kind | get |
//! | what was told of a session | session | `notice` | get |
//! | how far the work on a recording is | upload | `progress` | get |
//! | the mentor's judgment of a submission | submission | `assessment` | get |
//! | an enrollment's claims, a project's defenses | their own, by number | their kind | gets |
//! | the documents of its invoices | enrollment | `paper#invoice`, `paper#invoice#note` | query, get |
//! | letters about it that wait | enrollment | `letter#at#rank#…` | query, in order |
//! | letters that were given up | `letters#shard` | `undelivered#at#…` | query, newest first |
//! | whether an event of Stripe's was heard | `stripe#event` | `heard` | guard |
//! | debits that wait for a file | `debits#entity#shard` | `waiting#payment` | query |
//! | a file of debits, what is in it | file | `debit-file`, `debit#number` | get, query |
//! | a legal entity's files | `debit-files#entity` | `file#day#id` | query, newest first |
//! | a bank's report | report | `bank-report` | get |
//! | whether a bank's report was read | `bank-report#message` | `report` | get, guard |
//! | a billing run | run | `shard#entity#…` | query, get |
//! | its pages | run | `page#shard#…` | query, get |
//! | which of them are how far | run | `drafted#shard#…`, `numbered#…`, `issued#…`, `collected#…` | query |
//! | which date a run is over | run | `date` | get |
//! | whose months begin on a day | `billing#entity#shard` | `day#…#enrollment` | query |
//! | a statement of pay, its lines | statement | `statement`, `lines#page` | get |
//! | what was stated of a session since | session | `restated` | get, guard |
//! | statements to be approved, to be paid | `statements#entity#shard` | `closed#month#…`, `approved#month#…` | query |
//! | entries of the ledger, a day's or all | `ledger#entity#shard` | `entry#day#source` | query |
//! | the day that is being closed, closed days | `ledger#entity` | `closing`, `closed#day` | get, query |
//! | what is yet to be earned | `ledger#entity` | `earning#begin` | query |
//! | defenses that are not over | `defenses` | `open#asked#…` | query, oldest first |
//! | what a month's defenses tell of juries | `jury#month#shard` | `fact#defense` | query |
//! | claims to be decided | `claims` | `open#submitted#…` | query, oldest first |
//! | sessions that nobody came to | `unattended#shard` | `missed#start#…` | query, newest first |
//! | the school's now, where it is simulated | `clock` | `clock` | get |
//! | the catalog | `catalog` | `edition#…#version` | query |
//! | jobs: waiting by due time, held by lease | `job`, index `queue` | | query |
//!
//! Partitions are per person, enrollment, thing or shard, never per date or state alone. The exceptions are
//! written seldom: a million students ask for a defense every five seconds, claim something once, and have
//! forty thousand mentors, of whom a few leave in an hour; the matching runs once a night.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::billing::run::ListedAt;
use domain::id::{
    AwardId, BankReportId, ClaimId, CommitmentId, CredentialId, CreditNoteId, DebitFileId, DefenseId,
    DegreeId, EditionId, EnrollmentId, GrantId, InvoiceId, PaymentId, PersonId, ProjectId, RefundId, RunId,
    SessionId, StatementId, SubmissionId, UploadId,
};
use domain::occupancy::Week;
use domain::permission::Role;
use domain::statement::Month;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::item::Attributes;

mod parse; // the key that stands at a place
mod query; // many items of one partition

pub use parse::KeyError;
pub use query::{Order, Query, Span};

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the table above says what each is for
pub enum Key {
    Clock,
    Profile(PersonId),
    Grant(PersonId, GrantId),
    Live(PersonId, DegreeId),
    DeclaredConflicts(PersonId),
    Availability(PersonId),
    Occupancy(PersonId, Week),
    PersonSeries(PersonId),
    Seats(PersonId),
    UploadQuota(PersonId),
    Departure(PersonId),
    RoleHolder(Role, Option<DegreeId>, u16, PersonId),
    WaitingStudent(DegreeId, String, u64),
    WaitingLine(DegreeId, String),
    PairingRun(Timestamp),
    PersonEnrollment(PersonId, EnrollmentId),
    PersonSubmission(PersonId, Timestamp, SubmissionId),
    PersonDefense(PersonId, Timestamp, DefenseId),
    PersonSession(PersonId, Timestamp, SessionId),
    CalendarFeed(PersonId),
    JuryDuty(PersonId, Timestamp, DefenseId),
    PersonStatement(PersonId, Month, StatementId),
    Answer(PersonId, AnswerKey),
    Agenda(EnrollmentId),
    Attempt(EnrollmentId, ProjectId),
    Commitment(EnrollmentId, CommitmentId),
    Conflicts(EnrollmentId),
    Enrollment(EnrollmentId),
    Invoice(EnrollmentId, InvoiceKey),
    NothingOwed(EnrollmentId, u32, u32),
    Payment(EnrollmentId, PaymentId),
    CreditNote(EnrollmentId, InvoiceId, CreditNoteId),
    Refund(EnrollmentId, InvoiceId, RefundId),
    Paper(EnrollmentId, InvoiceId, Option<CreditNoteId>),
    Letter(EnrollmentId, Timestamp, u8, Uuid),
    UndeliveredLetter(u16, Timestamp, Uuid),
    InvoiceLocator(InvoiceId),
    InvoiceNumbers(String, i16),
    Submission(SubmissionId),
    Assessment(SubmissionId),
    Claim(ClaimId),
    OpenClaim(Timestamp, ClaimId),
    Defense(DefenseId),
    OpenDefense(Timestamp, DefenseId),
    JuryFact(Month, u16, DefenseId),
    Session(SessionId),
    SessionNotice(SessionId),
    Upload(UploadId),
    RecordingProgress(UploadId),
    Award(AwardId),
    Credential(CredentialId),
    StripeEvent(String),
    WaitingDebit(String, u16, PaymentId),
    DebitFile(DebitFileId),
    FiledDebit(DebitFileId, u32),
    ListedDebitFile(String, Date, DebitFileId),
    BankReport(BankReportId),
    BankReportHeard(String),
    RunShard(RunId, String, u16),
    RunPage(RunId, u16, u64),
    RunMark(RunId, &'static str, u16, u64),
    RunDate(RunId),
    BillingDay(String, u16, ListedAt),
    Statement(StatementId),
    StatementPage(StatementId, u32),
    ListedStatement(String, u16, &'static str, Month, StatementId),
    Restated(SessionId),
    Unattended(u16, Timestamp, SessionId),
    LedgerEntry(String, u16, Date, String),
    LedgerClosing(String),
    LedgerClosed(String, Date),
    LedgerEarnings(String, Date),
    Edition(EditionId, u32),
    Job(Uuid),
    Audit(String, Timestamp, Uuid),
}

/// The words for how far a page of a run is.
pub const PAGE_STAGES: [&str; 4] = ["drafted", "numbered", "issued", "collected"];

/// The words for statements that finance has yet to look at, or to pay.
pub const STATEMENT_STAGES: [&str; 2] = ["closed", "approved"];

/// A digest of route and idempotency key: 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey(pub String);

/// An invoice's place among its enrollment's: sorted as they were due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvoiceKey {
    /// Segment of the enrollment.
    pub segment: u32,
    /// Period of the segment.
    pub period: u32,
    /// Who owes it.
    pub payer: PersonId,
}

impl Key {
    /// Partition and sort key.
    pub fn parts(&self) -> (String, String) {
        match self {
            Self::Clock => ("clock".into(), "clock".into()),
            Self::Profile(person) => (person.to_string(), "profile".into()),
            Self::Grant(person, grant) => (person.to_string(), format!("grant#{grant}")),
            Self::Live(person, degree) => (person.to_string(), format!("live#{degree}")),
            Self::DeclaredConflicts(person) => (person.to_string(), "conflicts".into()),
            Self::Availability(person) => (person.to_string(), "availability".into()),
            Self::Occupancy(person, week) => (person.to_string(), format!("occupancy#{week}")),
            Self::PersonSeries(person) => (person.to_string(), "series".into()),
            Self::Seats(person) => (person.to_string(), "seats".into()),
            Self::UploadQuota(person) => (person.to_string(), "upload-quota".into()),
            Self::Departure(person) => ("departures".into(), format!("departure#{person}")),
            Self::RoleHolder(role, degree, shard, person) => {
                (holders(*role, degree.as_ref(), *shard), format!("holder#{person}"))
            }
            Self::WaitingStudent(degree, language, ticket) => {
                (format!("waiting#{degree}#{language}"), format!("ticket#{ticket:010}"))
            }
            Self::WaitingLine(degree, language) => (format!("waiting#{degree}#{language}"), "line".into()),
            Self::PairingRun(at) => ("pairings".into(), format!("run#{}", instant(*at))),
            Self::PersonEnrollment(person, id) => (person.to_string(), format!("enrollment#{id}")),
            Self::PersonSubmission(person, since, id) => {
                (person.to_string(), format!("submission#{}#{id}", instant(*since)))
            }
            Self::PersonDefense(person, asked_at, id) => {
                (person.to_string(), format!("defense#{}#{id}", instant(*asked_at)))
            }
            Self::PersonSession(person, starts_at, id) => {
                (person.to_string(), format!("session#{}#{id}", instant(*starts_at)))
            }
            Self::CalendarFeed(person) => (person.to_string(), "calendar-feed".into()),
            Self::JuryDuty(person, told_at, id) => {
                (person.to_string(), format!("duty#{}#{id}", instant(*told_at)))
            }
            Self::PersonStatement(person, month, id) => {
                (person.to_string(), format!("statement#{month}#{id}"))
            }
            Self::Answer(person, key) => (person.to_string(), format!("answer#{}", key.0)),
            Self::Agenda(enrollment) => (enrollment.to_string(), "agenda".into()),
            Self::Attempt(enrollment, project) => (enrollment.to_string(), format!("attempt#{project}")),
            Self::Commitment(enrollment, id) => (enrollment.to_string(), format!("commitment#{id}")),
            Self::Conflicts(enrollment) => (enrollment.to_string(), "conflicts".into()),
            Self::Enrollment(enrollment) => (enrollment.to_string(), "enrollment".into()),
            Self::Invoice(enrollment, key) => (enrollment.to_string(), format!("invoice#{key}")),
            Self::NothingOwed(enrollment, segment, period) => {
                (enrollment.to_string(), format!("invoice#{segment:03}#{period:04}#nothing"))
            }
            Self::CreditNote(enrollment, invoice, id) => {
                (enrollment.to_string(), format!("note#{invoice}#{id}"))
            }
            Self::Refund(enrollment, invoice, id) => {
                (enrollment.to_string(), format!("refund#{invoice}#{id}"))
            }
            Self::Payment(enrollment, id) => (enrollment.to_string(), format!("payment#{id}")),
            Self::Paper(enrollment, invoice, None) => (enrollment.to_string(), format!("paper#{invoice}")),
            Self::Paper(enrollment, invoice, Some(note)) => {
                (enrollment.to_string(), format!("paper#{invoice}#{note}"))
            }
            Self::Letter(enrollment, at, rank, id) => {
                (enrollment.to_string(), format!("letter#{}#{rank:03}#{}", instant(*at), id.simple()))
            }
            Self::UndeliveredLetter(shard, at, id) => {
                (format!("letters#{shard:03}"), format!("undelivered#{}#{}", instant(*at), id.simple()))
            }
            Self::InvoiceLocator(invoice) => (invoice.to_string(), "locator".into()),
            Self::InvoiceNumbers(entity, year) => (format!("numbers#{entity}"), format!("year#{year:04}")),
            Self::Submission(id) => (id.to_string(), "submission".into()),
            Self::Assessment(id) => (id.to_string(), "assessment".into()),
            Self::Claim(id) => (id.to_string(), "claim".into()),
            Self::OpenClaim(submitted_at, id) => {
                ("claims".into(), format!("open#{}#{id}", instant(*submitted_at)))
            }
            Self::Defense(id) => (id.to_string(), "defense".into()),
            Self::OpenDefense(asked_at, id) => {
                ("defenses".into(), format!("open#{}#{id}", instant(*asked_at)))
            }
            Self::Session(id) => (id.to_string(), "session".into()),
            Self::JuryFact(month, shard, id) => (format!("jury#{month}#{shard:03}"), format!("fact#{id}")),
            Self::SessionNotice(id) => (id.to_string(), "notice".into()),
            Self::RecordingProgress(id) => (id.to_string(), "progress".into()),
            Self::Upload(id) => (id.to_string(), "upload".into()),
            Self::Award(id) => (id.to_string(), "award".into()),
            Self::Credential(id) => (id.to_string(), "credential".into()),
            Self::StripeEvent(id) => (format!("stripe#{id}"), "heard".into()),
            Self::WaitingDebit(entity, shard, payment) => {
                (format!("debits#{entity}#{shard:03}"), format!("waiting#{payment}"))
            }
            Self::DebitFile(file) => (file.to_string(), "debit-file".into()),
            Self::FiledDebit(file, number) => (file.to_string(), format!("debit#{number:05}")),
            Self::ListedDebitFile(entity, day, file) => {
                (format!("debit-files#{entity}"), format!("file#{day}#{file}"))
            }
            Self::BankReport(report) => (report.to_string(), "bank-report".into()),
            Self::BankReportHeard(message) => (format!("bank-report#{message}"), "report".into()),
            Self::RunShard(run, entity, shard) => (run.to_string(), format!("shard#{entity}#{shard:03}")),
            Self::RunPage(run, shard, number) => (run.to_string(), format!("page#{shard:03}#{number:08}")),
            Self::RunMark(run, stage, shard, number) => {
                (run.to_string(), format!("{stage}#{shard:03}#{number:08}"))
            }
            Self::RunDate(run) => (run.to_string(), "date".into()),
            Self::BillingDay(entity, shard, ListedAt { day, enrollment }) => {
                (format!("billing#{entity}#{shard:03}"), format!("day#{day:02}#{enrollment}"))
            }
            Self::Statement(id) => (id.to_string(), "statement".into()),
            Self::StatementPage(id, number) => (id.to_string(), format!("lines#{number:04}")),
            Self::ListedStatement(entity, shard, stage, month, id) => {
                (format!("statements#{entity}#{shard:03}"), format!("{stage}#{month}#{id}"))
            }
            Self::Unattended(shard, starts_at, id) => {
                (format!("unattended#{shard:03}"), format!("missed#{}#{id}", instant(*starts_at)))
            }
            Self::Restated(session) => (session.to_string(), "restated".into()),
            Self::LedgerEntry(entity, shard, day, source) => {
                (format!("ledger#{entity}#{shard:03}"), format!("entry#{day}#{source}"))
            }
            Self::LedgerClosing(entity) => (format!("ledger#{entity}"), "closing".into()),
            Self::LedgerClosed(entity, day) => (format!("ledger#{entity}"), format!("closed#{day}")),
            Self::LedgerEarnings(entity, begin) => (format!("ledger#{entity}"), format!("earning#{begin}")),
            Self::Edition(edition, version) => ("catalog".into(), format!("edition#{edition}#{version:05}")),
            Self::Job(id) => (format!("job_{}", id.simple()), "job".into()),
            Self::Audit(of, at, id) => (of.clone(), format!("trail#{}#{}", instant(*at), id.simple())),
        }
    }

    /// The two key attributes.
    pub fn attributes(&self) -> Attributes {
        let (pk, sk) = self.parts();
        Attributes::from([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))])
    }
}

/// An instant as it stands in a sort key: fixed width, to the second.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The partition of those who have a role for a degree, or for all of them.
pub(crate) fn holders(role: Role, degree: Option<&DegreeId>, shard: u16) -> String {
    format!("holders#{}#{}#{shard:03}", role.word(), degree.map_or("*", DegreeId::as_str))
}

impl fmt::Display for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}#{:04}#{}", self.segment, self.period, self.payer)
    }
}

#[cfg(test)]
mod tests;
