//! Every query of the table.

use domain::id::{DebitFileId, DegreeId, EnrollmentId, InvoiceId, PersonId, RunId};
use domain::permission::Role;
use domain::statement::Month;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{holders, instant};

/// Many items of one partition, in the order of their sort keys.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the table above says what each is for
pub enum Query {
    Grants(PersonId),
    PersonEnrollments(PersonId),
    RoleHolders(Role, Option<DegreeId>, u16),
    WaitingStudents(DegreeId, String),
    PairingRuns,
    Departures,
    PersonSubmissions(PersonId),
    PersonDefenses(PersonId),
    OpenDefenses,
    OpenClaims,
    PersonSessions { person: PersonId, from: Timestamp, to: Timestamp },
    PersonDuties { person: PersonId, from: Timestamp, to: Timestamp },
    PersonStatements(PersonId),
    ListedStatements { entity: String, shard: u16, stage: &'static str },
    Unattended(u16),
    JuryFacts(Month, u16),
    Progress(EnrollmentId),
    Commitments(EnrollmentId),
    Invoices(EnrollmentId),
    Payments(EnrollmentId),
    CreditNotes(EnrollmentId, InvoiceId),
    Refunds(EnrollmentId, InvoiceId),
    Papers(EnrollmentId),
    PapersOf(EnrollmentId, InvoiceId),
    Letters(EnrollmentId),
    UndeliveredLetters(u16),
    BillingDays { entity: String, shard: u16, first: i8, last: i8 },
    LedgerEntries { entity: String, shard: u16, day: Date },
    AllLedgerEntries { entity: String, shard: u16 },
    LedgerClosed { entity: String, until: Date },
    LedgerEarnings(String),
    WaitingDebits { entity: String, shard: u16 },
    DebitFiles(String),
    FiledDebits(DebitFileId),
    RunShards(RunId),
    RunPages(RunId, u16),
    RunMarks(RunId, &'static str),
    RunMarksOf(RunId, &'static str, u16),
    Editions,
    Audit(String),
}

/// The span of sort keys a query reads: both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Partition.
    pub pk: String,
    /// First sort key.
    pub first: String,
    /// Last sort key.
    pub last: String,
}

/// Which end of a span comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest sort key first.
    Ascending,
    /// Largest sort key first.
    Descending,
}

impl Span {
    /// What of a span lies behind a sort key, and the key to begin behind; nothing where nothing can. The span
    /// itself begins there: the embedded store looks for the key from the span's begin on.
    pub(crate) fn behind(mut self, after: Option<&str>, order: Order) -> Option<(Self, Option<String>)> {
        let Some(after) = after else { return Some((self, None)) };
        let (is_before, is_behind) = match order {
            Order::Ascending => (after < self.first.as_str(), after > self.last.as_str()),
            Order::Descending => (after > self.last.as_str(), after < self.first.as_str()),
        };
        if is_before || is_behind {
            return is_before.then_some((self, None));
        }
        let end = match order {
            Order::Ascending => &mut self.first,
            Order::Descending => &mut self.last,
        };
        after.clone_into(end);
        Some((self, Some(after.to_owned())))
    }
}

impl Query {
    /// What the query reads.
    pub fn span(&self) -> Span {
        let all =
            |pk: String, prefix: &str| Span { pk, first: prefix.to_owned(), last: format!("{prefix}~") };
        match self {
            Self::Grants(person) => all(person.to_string(), "grant#"),
            Self::PersonEnrollments(person) => all(person.to_string(), "enrollment#"),
            Self::RoleHolders(role, degree, shard) => all(holders(*role, degree.as_ref(), *shard), "holder#"),
            Self::WaitingStudents(degree, language) => all(format!("waiting#{degree}#{language}"), "ticket#"),
            Self::Departures => all("departures".into(), "departure#"),
            Self::PairingRuns => all("pairings".into(), "run#"),
            Self::PersonSubmissions(person) => all(person.to_string(), "submission#"),
            Self::PersonDefenses(person) => all(person.to_string(), "defense#"),
            Self::OpenDefenses => all("defenses".into(), "open#"),
            Self::OpenClaims => all("claims".into(), "open#"),
            Self::PersonSessions { person, from, to } => Span {
                pk: person.to_string(),
                first: format!("session#{}", instant(*from)),
                last: format!("session#{}", instant(*to)),
            },
            Self::PersonDuties { person, from, to } => Span {
                pk: person.to_string(),
                first: format!("duty#{}", instant(*from)),
                last: format!("duty#{}", instant(*to)),
            },
            Self::PersonStatements(person) => all(person.to_string(), "statement#"),
            Self::ListedStatements { entity, shard, stage } => {
                all(format!("statements#{entity}#{shard:03}"), &format!("{stage}#"))
            }
            Self::JuryFacts(month, shard) => all(format!("jury#{month}#{shard:03}"), "fact#"),
            Self::Unattended(shard) => all(format!("unattended#{shard:03}"), "missed#"),
            Self::Progress(enrollment) => {
                Span { pk: enrollment.to_string(), first: "agenda".into(), last: "enrollment".into() }
            }
            Self::Commitments(enrollment) => all(enrollment.to_string(), "commitment#"),
            Self::Invoices(enrollment) => all(enrollment.to_string(), "invoice#"),
            Self::Payments(enrollment) => all(enrollment.to_string(), "payment#"),
            Self::CreditNotes(enrollment, invoice) => {
                all(enrollment.to_string(), &format!("note#{invoice}#"))
            }
            Self::Refunds(enrollment, invoice) => all(enrollment.to_string(), &format!("refund#{invoice}#")),
            Self::Papers(enrollment) => all(enrollment.to_string(), "paper#"),
            Self::PapersOf(enrollment, invoice) => all(enrollment.to_string(), &format!("paper#{invoice}")),
            Self::Letters(enrollment) => all(enrollment.to_string(), "letter#"),
            Self::UndeliveredLetters(shard) => all(format!("letters#{shard:03}"), "undelivered#"),
            Self::BillingDays { entity, shard, first, last } => Span {
                pk: format!("billing#{entity}#{shard:03}"),
                first: format!("day#{first:02}#"),
                last: format!("day#{last:02}#~"),
            },
            Self::LedgerEntries { entity, shard, day } => {
                all(format!("ledger#{entity}#{shard:03}"), &format!("entry#{day}#"))
            }
            Self::AllLedgerEntries { entity, shard } => all(format!("ledger#{entity}#{shard:03}"), "entry#"),
            Self::LedgerClosed { entity, until } => Span {
                pk: format!("ledger#{entity}"),
                first: "closed#".into(),
                last: format!("closed#{until}"),
            },
            Self::LedgerEarnings(entity) => all(format!("ledger#{entity}"), "earning#"),
            Self::WaitingDebits { entity, shard } => all(format!("debits#{entity}#{shard:03}"), "waiting#"),
            Self::DebitFiles(entity) => all(format!("debit-files#{entity}"), "file#"),
            Self::FiledDebits(file) => all(file.to_string(), "debit#"),
            Self::RunShards(run) => all(run.to_string(), "shard#"),
            Self::RunPages(run, shard) => all(run.to_string(), &format!("page#{shard:03}#")),
            Self::RunMarks(run, stage) => all(run.to_string(), &format!("{stage}#")),
            Self::RunMarksOf(run, stage, shard) => all(run.to_string(), &format!("{stage}#{shard:03}#")),
            Self::Editions => all("catalog".into(), "edition#"),
            Self::Audit(of) => all(of.clone(), "trail#"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_behind_a_key_and_never_outside_its_span() {
        let span = |first: &str, last: &str| Span { pk: "p".into(), first: first.into(), last: last.into() };
        let cases = [
            (None, Order::Ascending, Some(("b", "y", None))),
            (Some("m"), Order::Ascending, Some(("m", "y", Some("m")))),
            (Some("m"), Order::Descending, Some(("b", "m", Some("m")))),
            (Some("a"), Order::Ascending, Some(("b", "y", None))),
            (Some("z"), Order::Descending, Some(("b", "y", None))),
            (Some("z"), Order::Ascending, None),
            (Some("a"), Order::Descending, None),
        ];
        for (after, order, expected) in cases {
            let expected = expected.map(|(first, last, start)| (span(first, last), start.map(str::to_owned)));
            assert_eq!(span("b", "y").behind(after, order), expected, "{after:?} {order:?}");
        }
    }
}
