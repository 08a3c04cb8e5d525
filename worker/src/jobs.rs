//! The table of jobs: the compiler asks for an arm.

mod charge; // an invoice's money
mod begin; // an enrollment that owes nothing to begin with
mod ledger; // days that are over
mod giving_back; // credit notes for unused days, and refunds
mod suspension; // its end, once unpaid invoices are paid
mod bill; // the invoice of a period that began
pub mod run; // billing runs: the drafts of every invoice of one date
mod numbering; // their numbers
mod page; // what is done to each invoice of a page
mod collect; // their money
mod documents; // what is printed of invoices and credit notes
mod letters; // the outbox
mod debits; // files for banks
mod bank_reports; // what banks say of them
mod calendar; // what was planned for an enrollment
mod mentors; // who mentors whom, and what follows when a mentor leaves
mod series; // weekly series
mod sessions; // those that may no longer be held, or may be again
mod telling; // what the people of a session are told
mod unattended; // what staff is told of sessions
mod statements; // what mentors, coaches and jurors are paid
mod fairness; // what defenses tell of how juries judge
mod defenses; // in line with mentors, conflicts and active time
mod upload; // confirm what arrived, give up what stopped
mod recording; // what becomes of a defense by itself

use domain::job::Job;
use storage::queue::Claimed;

use crate::Worker;
use crate::outcome::Unfinished;

/// Runs a claimed job to its end.
pub async fn run(worker: &Worker, claimed: &Claimed) -> Result<(), Unfinished> {
    match claimed.job {
        Job::Charge { enrollment, invoice } => charge::charge(worker, claimed, enrollment, invoice).await,
        Job::LookUpPayment { enrollment, invoice } => {
            charge::look_up(worker, claimed, enrollment, invoice).await
        }
        Job::FillDebitFile { file } => debits::fill(worker, claimed, file).await,
        Job::EmptyDebitFile { file } => debits::empty(worker, claimed, file).await,
        Job::ReadBankReport { report } => bank_reports::read(worker, claimed, report).await,
        Job::Begin { enrollment } => begin::begin(worker, claimed, enrollment).await,
        Job::CreditUnused { enrollment } => giving_back::credit_unused(worker, claimed, enrollment).await,
        Job::Refund { enrollment, invoice, refund } => {
            giving_back::refund(worker, claimed, enrollment, invoice, refund).await
        }
        Job::LiftSuspension { enrollment } => suspension::lift(worker, claimed, enrollment).await,
        Job::Bill { enrollment, .. } => bill::bill(worker, claimed, enrollment).await,
        Job::BillingRun { ref entity, on, shard } => run::bill(worker, claimed, entity, on, shard).await,
        Job::CloseLedger { ref entity } => ledger::close(worker, claimed, entity).await,
        Job::NumberInvoices { ref entity, on } => numbering::number(worker, claimed, entity, on).await,
        Job::CollectInvoices { ref entity, on, shard } => {
            collect::collect(worker, claimed, entity, on, shard).await
        }
        Job::MakeDocument { enrollment, invoice, note } => {
            documents::make(worker, claimed, enrollment, invoice, note).await
        }
        Job::MakeDocuments { ref entity, on, shard } => {
            documents::make_pages(worker, claimed, entity, on, shard).await
        }
        Job::SendLetters { enrollment } => letters::send(worker, claimed, enrollment).await,
        Job::DryRun { run, ref entity, shard } => run::count(worker, claimed, run, entity, shard).await,
        Job::ApplyPlanned { enrollment, at } => {
            calendar::apply_planned(worker, claimed, enrollment, at).await
        }
        Job::SeatStudent { enrollment } => mentors::seat_student(worker, claimed, enrollment).await,
        Job::MatchStudents { asked_at } => mentors::match_students(worker, claimed, asked_at).await,
        Job::ArrangeSeats { enrollment, .. } => mentors::arrange_seats(worker, claimed, enrollment).await,
        Job::HandOver { mentor } => mentors::hand_over(worker, claimed, mentor).await,
        Job::CoverHolidays { mentor } => mentors::cover_holidays(worker, claimed, mentor).await,
        Job::Introduce { enrollment, mentor } => {
            mentors::introduce(worker, claimed, enrollment, mentor).await
        }
        Job::ArrangeSessions { enrollment } => sessions::arrange(worker, claimed, enrollment).await,
        Job::ExtendSessions { enrollment, commitment } => {
            series::extend(worker, claimed, enrollment, commitment).await
        }
        Job::ExtendSeries { with } => series::extend_all(worker, claimed, with).await,
        Job::TellSession { enrollment, session, .. } => {
            telling::tell(worker, claimed, enrollment, session).await
        }
        Job::CloseStatement { person, ref entity, month } => {
            statements::close(worker, claimed, person, entity, month).await
        }
        Job::FindUnattended { person, month } => unattended::find(worker, claimed, person, month).await,
        Job::RestateSession { session } => statements::restate(worker, claimed, session).await,
        Job::VerifyUpload { upload } => upload::verify(worker, claimed, upload).await,
        Job::AbandonUpload { upload } => upload::abandon(worker, claimed, upload).await,
        Job::VerifyRecording { defense } => recording::verify(worker, claimed, defense).await,
        Job::KeepRecordings { defense, .. } => recording::keep(worker, claimed, defense).await,
        Job::ReconcileRecordings { defense } => recording::reconcile(worker, claimed, defense).await,
        Job::MissRecording { defense } => recording::miss(worker, claimed, defense).await,
        Job::ArrangeDefenses { enrollment, .. } => defenses::arrange(worker, claimed, enrollment).await,
        Job::MissVerdict { defense } => defenses::miss_verdict(worker, claimed, defense).await,
        Job::TellJury { defense } => fairness::tell(worker, claimed, defense).await,
        Job::CloseCondition { defense } => recording::close_condition(worker, claimed, defense).await,
    }
}

/// Ends a job that has nothing to write.
pub async fn finish(worker: &Worker, claimed: &Claimed) -> Result<(), Unfinished> {
    Ok(worker.store.transaction::<()>().finish(claimed).commit().await?)
}
