//! What each job is known by: its word, and an id derived from what it is for.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Asking, Job};
use crate::id::derive;

impl Job {
    /// The job's word, for logs and the status page.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Charge { .. } => "charge",
            Self::LookUpPayment { .. } => "look_up_payment",
            Self::FillDebitFile { .. } => "fill_debit_file",
            Self::EmptyDebitFile { .. } => "empty_debit_file",
            Self::ReadBankReport { .. } => "read_bank_report",
            Self::Begin { .. } => "begin",
            Self::CreditUnused { .. } => "credit_unused",
            Self::Refund { .. } => "refund",
            Self::LiftSuspension { .. } => "lift_suspension",
            Self::Bill { .. } => "bill",
            Self::BillingRun { .. } => "billing_run",
            Self::CloseLedger { .. } => "close_ledger",
            Self::NumberInvoices { .. } => "number_invoices",
            Self::CollectInvoices { .. } => "collect_invoices",
            Self::MakeDocument { .. } => "make_document",
            Self::MakeDocuments { .. } => "make_documents",
            Self::SendLetters { .. } => "send_letters",
            Self::DryRun { .. } => "dry_run",
            Self::ApplyPlanned { .. } => "apply_planned",
            Self::SeatStudent { .. } => "seat_student",
            Self::MatchStudents { .. } => "match_students",
            Self::ArrangeSeats { .. } => "arrange_seats",
            Self::HandOver { .. } => "hand_over",
            Self::CoverHolidays { .. } => "cover_holidays",
            Self::Introduce { .. } => "introduce",
            Self::ArrangeSessions { .. } => "arrange_sessions",
            Self::ExtendSessions { .. } => "extend_sessions",
            Self::ExtendSeries { .. } => "extend_series",
            Self::TellSession { .. } => "tell_session",
            Self::CloseStatement { .. } => "close_statement",
            Self::FindUnattended { .. } => "find_unattended",
            Self::RestateSession { .. } => "restate_session",
            Self::VerifyUpload { .. } => "verify_upload",
            Self::AbandonUpload { .. } => "abandon_upload",
            Self::VerifyRecording { .. } => "verify_recording",
            Self::KeepRecordings { .. } => "keep_recordings",
            Self::ReconcileRecordings { .. } => "reconcile_recordings",
            Self::MissRecording { .. } => "miss_recording",
            Self::CloseCondition { .. } => "close_condition",
            Self::MissVerdict { .. } => "miss_verdict",
            Self::TellJury { .. } => "tell_jury",
            Self::ArrangeDefenses { .. } => "arrange_defenses",
        }
    }

    /// Whether asking again means again.
    pub const fn asking(&self) -> Asking {
        match self {
            Self::DryRun { .. } => Asking::Once,
            _ => Asking::WakeUp,
        }
    }

    /// The job's id: one per thing it is for.
    pub fn id(&self) -> Uuid {
        let facts = match self {
            Self::Charge { invoice, .. } | Self::LookUpPayment { invoice, .. } => vec![invoice.to_string()],
            Self::Bill { enrollment, segment, period } => {
                vec![enrollment.to_string(), segment.to_string(), period.to_string()]
            }
            Self::MakeDocument { invoice, note: None, .. } => vec![invoice.to_string()],
            Self::MakeDocument { invoice, note: Some(note), .. } => {
                vec![invoice.to_string(), note.to_string()]
            }
            Self::BillingRun { entity, on, shard }
            | Self::CollectInvoices { entity, on, shard }
            | Self::MakeDocuments { entity, on, shard } => {
                vec![entity.clone(), on.to_string(), shard.to_string()]
            }
            Self::CloseLedger { entity } => vec![entity.clone()],
            Self::NumberInvoices { entity, on } => vec![entity.clone(), on.to_string()],
            Self::DryRun { run, entity, shard } => vec![run.to_string(), entity.clone(), shard.to_string()],
            Self::ApplyPlanned { enrollment, at } => vec![enrollment.to_string(), at.to_string()],
            Self::Refund { refund, .. } => vec![refund.to_string()],
            Self::FillDebitFile { file } | Self::EmptyDebitFile { file } => vec![file.to_string()],
            Self::ReadBankReport { report } => vec![report.to_string()],
            Self::MatchStudents { asked_at } => asked_at.iter().map(Timestamp::to_string).collect(),
            Self::ArrangeSeats { enrollment, on } => vec![enrollment.to_string(), on.to_string()],
            Self::HandOver { mentor } | Self::CoverHolidays { mentor } => vec![mentor.to_string()],
            Self::Introduce { enrollment, mentor } => vec![enrollment.to_string(), mentor.to_string()],
            Self::ArrangeSessions { enrollment }
            | Self::SeatStudent { enrollment }
            | Self::Begin { enrollment }
            | Self::CreditUnused { enrollment }
            | Self::SendLetters { enrollment }
            | Self::LiftSuspension { enrollment } => vec![enrollment.to_string()],
            Self::ExtendSessions { commitment, .. } => vec![commitment.to_string()],
            Self::ExtendSeries { with } => vec![with.to_string()],
            Self::ArrangeDefenses { enrollment, at } => vec![enrollment.to_string(), at.to_string()],
            Self::KeepRecordings { defense, at } => vec![defense.to_string(), at.to_string()],
            Self::TellSession { session, at, .. } => vec![session.to_string(), at.to_string()],
            Self::CloseStatement { person, entity, month } => {
                vec![person.to_string(), entity.clone(), month.to_string()]
            }
            Self::FindUnattended { person, month } => vec![person.to_string(), month.to_string()],
            Self::RestateSession { session } => vec![session.to_string()],
            Self::VerifyUpload { upload } | Self::AbandonUpload { upload } => vec![upload.to_string()],
            Self::VerifyRecording { defense }
            | Self::ReconcileRecordings { defense }
            | Self::TellJury { defense }
            | Self::MissVerdict { defense }
            | Self::MissRecording { defense }
            | Self::CloseCondition { defense } => vec![defense.to_string()],
        };
        let parts: Vec<&str> = facts.iter().map(String::as_str).collect();
        derive(self.kind(), &parts)
    }
}
