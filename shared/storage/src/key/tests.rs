//! Every key reads back as itself, in a place of its own.

use super::*;

fn every_key() -> Vec<Key> {
    let person = PersonId::derived(&["p"]);
    let enrollment = EnrollmentId::derived(&["e"]);
    let at: Timestamp = "2027-02-07T18:15:00Z".parse().expect("an instant");
    let date: Date = "2027-02-07".parse().expect("a date");
    let degree = || "web-development".parse().expect("a degree");
    let slug = |text: &str| text.parse().expect("a slug");
    vec![
        Key::Clock,
        Key::Profile(person),
        Key::Grant(person, GrantId::derived(&["g"])),
        Key::Live(person, "web-development".parse().expect("a slug")),
        Key::DeclaredConflicts(person),
        Key::Availability(person),
        Key::Occupancy(person, "2027-W05".parse().expect("a week")),
        Key::PersonEnrollment(person, enrollment),
        Key::PersonSubmission(person, at, SubmissionId::derived(&["s"])),
        Key::PersonDefense(person, at, DefenseId::derived(&["d"])),
        Key::OpenDefense(at, DefenseId::derived(&["d"])),
        Key::PersonSession(person, at, SessionId::derived(&["s"])),
        Key::CalendarFeed(person),
        Key::JuryDuty(person, at, DefenseId::derived(&["d"])),
        Key::PersonStatement(person, Month::of(date), StatementId::derived(&["s"])),
        Key::Statement(StatementId::derived(&["s"])),
        Key::StatementPage(StatementId::derived(&["s"]), 12),
        Key::ListedStatement("FR".into(), 3, "closed", Month::of(date), StatementId::derived(&["s"])),
        Key::ListedStatement("FR".into(), 3, "approved", Month::of(date), StatementId::derived(&["s"])),
        Key::Unattended(3, at, SessionId::derived(&["s"])),
        Key::Restated(SessionId::derived(&["s"])),
        Key::Answer(person, AnswerKey("ab".repeat(32))),
        Key::Agenda(enrollment),
        Key::Attempt(enrollment, "portfolio".parse().expect("a slug")),
        Key::Commitment(enrollment, CommitmentId::derived(&["c"])),
        Key::Conflicts(enrollment),
        Key::Enrollment(enrollment),
        Key::Invoice(enrollment, InvoiceKey { segment: 1, period: 11, payer: person }),
        Key::NothingOwed(enrollment, 1, 11),
        Key::Payment(enrollment, PaymentId::derived(&["p"])),
        Key::CreditNote(enrollment, InvoiceId::derived(&["i"]), CreditNoteId::derived(&["c"])),
        Key::Refund(enrollment, InvoiceId::derived(&["i"]), RefundId::derived(&["r"])),
        Key::Paper(enrollment, InvoiceId::derived(&["i"]), None),
        Key::Paper(enrollment, InvoiceId::derived(&["i"]), Some(CreditNoteId::derived(&["c"]))),
        Key::Letter(enrollment, at, 3, Uuid::from_u128(9)),
        Key::UndeliveredLetter(3, at, Uuid::from_u128(9)),
        Key::InvoiceLocator(InvoiceId::derived(&["i"])),
        Key::InvoiceNumbers("GB01".into(), 2027),
        Key::Submission(SubmissionId::derived(&["s"])),
        Key::Assessment(SubmissionId::derived(&["s"])),
        Key::Claim(ClaimId::derived(&["c"])),
        Key::OpenClaim(at, ClaimId::derived(&["c"])),
        Key::Defense(DefenseId::derived(&["d"])),
        Key::Session(SessionId::derived(&["s"])),
        Key::SessionNotice(SessionId::derived(&["s"])),
        Key::Upload(UploadId::derived(&["u"])),
        Key::RecordingProgress(UploadId::derived(&["u"])),
        Key::JuryFact(Month::of(date), 3, DefenseId::derived(&["d"])),
        Key::Award(AwardId::derived(&["a"])),
        Key::Credential(CredentialId::derived(&["c"])),
        Key::StripeEvent("evt_1".into()),
        Key::WaitingDebit("FR".into(), 3, PaymentId::derived(&["p"])),
        Key::DebitFile(DebitFileId::derived(&["f"])),
        Key::FiledDebit(DebitFileId::derived(&["f"]), 12),
        Key::ListedDebitFile("FR".into(), date, DebitFileId::derived(&["f"])),
        Key::BankReport(BankReportId::derived(&["b"])),
        Key::BankReportHeard("R#1".into()),
        Key::RunShard(RunId::derived(&["r"]), "GB".into(), 3),
        Key::RunPage(RunId::derived(&["r"]), 3, 12),
        Key::RunMark(RunId::derived(&["r"]), "numbered", 3, 12),
        Key::RunDate(RunId::derived(&["r"])),
        Key::PersonSeries(person),
        Key::Seats(person),
        Key::UploadQuota(person),
        Key::Departure(person),
        Key::RoleHolder(Role::Mentor, None, 3, person),
        Key::RoleHolder(Role::Juror, Some(degree()), 3, person),
        Key::WaitingStudent(degree(), "en".into(), 12),
        Key::WaitingLine(degree(), "en".into()),
        Key::PairingRun(at),
        Key::BillingDay("GB".into(), 7, ListedAt { day: 7, enrollment }),
        Key::LedgerEntry("GB".into(), 3, date, "issue.inv_1".into()),
        Key::LedgerClosing("GB".into()),
        Key::LedgerClosed("GB".into(), date),
        Key::LedgerEarnings("GB".into(), date),
        Key::Edition(slug("web-development-gb"), 3),
        Key::Job(Uuid::from_u128(7)),
        Key::Audit(enrollment.to_string(), at, Uuid::from_u128(8)),
    ]
}

#[test]
fn every_key_reads_back_as_itself() {
    for key in every_key() {
        let (pk, sk) = key.parts();
        assert_eq!(Key::parse(&pk, &sk), Ok(key), "{pk} {sk}");
    }
}

#[test]
fn no_two_keys_stand_in_one_place() {
    let mut places: Vec<_> = every_key().iter().map(Key::parts).collect();
    let count = places.len();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), count);
}

/// A progress read is one query: all it shows lies between its ends, and nothing that grows by the week.
#[test]
fn a_progress_read_spans_what_it_shows_and_no_more() {
    let enrollment = EnrollmentId::derived(&["e"]);
    let span = Query::Progress(enrollment).span();
    let inside = |key: &Key| {
        let (pk, sk) = key.parts();
        pk == span.pk && span.first <= sk && sk <= span.last
    };
    let shown: Vec<Key> = every_key().into_iter().filter(inside).collect();
    assert!(matches!(
        shown[..],
        [Key::Agenda(_), Key::Attempt(..), Key::Commitment(..), Key::Conflicts(_), Key::Enrollment(_)]
    ));
}
