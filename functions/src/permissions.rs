//! The permission table: operation x role x relation. What has no row here is open to nobody.
//!
//! A test holds every operation of `openapi.json` against this table.

use domain::permission::{Action, Relation, Role};

use Relation::{AppealReviewer, AssignedJuror, Coach, CurrentMentor, Owner, Participant, Payer};
use Role::{Assessor, Finance, Staff};

/// Who may, besides roles and relations.
enum Open {
    /// Roles and relations alone decide.
    ToSome,
    /// Anyone.
    ToAll,
}

macro_rules! table {
    ($($constant:ident = $name:literal, $open:ident, [$($role:ident),*], [$($relation:ident),*];)*) => {
        $(
            #[doc = concat!("Who may `", $name, "`.")]
            pub const $constant: Action = Action {
                name: $name,
                public: matches!(Open::$open, Open::ToAll),
                roles: &[$($role),*],
                relations: &[$($relation),*],
            };
        )*

        /// Every row.
        pub const TABLE: &[Action] = &[$($constant),*];
    };
}

table! {
    // operation                                     open to   by role            by relation to the thing
    LIST_EDITIONS = "list_editions",                 ToAll,    [],                [];
    GET_EDITION = "get_edition",                     ToAll,    [],                [];
    QUOTE = "quote",                                 ToAll,    [],                [];

    GET_ME = "get_me",                               ToSome,   [],                [Owner];
    PUT_ME = "put_me",                               ToSome,   [],                [Owner];
    GET_CONFLICTS = "get_conflicts",                 ToSome,   [],                [Owner];
    PUT_CONFLICTS = "put_conflicts",                 ToSome,   [],                [Owner];
    GET_AVAILABILITY = "get_availability",           ToSome,   [],                [Owner];
    PUT_AVAILABILITY = "put_availability",           ToSome,   [],                [Owner];
    CREATE_GRANT = "create_grant",                   ToSome,   [Staff],           [];
    GET_QUEUE = "get_queue",                         ToSome,   [Staff],           [];
    CREATE_CAPACITY_PLAN = "create_capacity_plan",   ToSome,   [Staff],           [];

    ENROLL = "enroll",                               ToSome,   [],                [Owner];
    LIST_ENROLLMENTS = "list_enrollments",           ToSome,   [],                [Owner];
    GET_ENROLLMENT = "get_enrollment",               ToSome,   [Staff],           [Owner, CurrentMentor, Coach];
    ACCEPT = "accept",                               ToSome,   [],                [Owner];
    PAUSE = "pause",                                 ToSome,   [],                [Owner];
    RESUME = "resume",                               ToSome,   [],                [Owner];
    WITHDRAW = "withdraw",                           ToSome,   [],                [Owner];
    CREATE_ASSIGNMENT = "create_assignment",         ToSome,   [Staff],           [];

    ANNOUNCE_DEPARTURE = "announce_departure",       ToSome,   [Staff],           [Owner];
    GET_DEPARTURE = "get_departure",                 ToSome,   [Staff],           [Owner];
    TAKE_BACK_DEPARTURE = "take_back_departure",     ToSome,   [Staff],           [Owner];
    LIST_DEPARTURES = "list_departures",             ToSome,   [Staff],           [];
    LIST_PAIRING_RUNS = "list_pairing_runs",         ToSome,   [Staff],           [];
    RUN_PAIRING = "run_pairing",                     ToSome,   [Staff],           [];
    LIST_WAITING_STUDENTS = "list_waiting_students", ToSome,   [Staff],           [];

    SUBMIT_CLAIM = "submit_claim",                   ToSome,   [],                [Owner];
    LIST_ENROLLMENT_CLAIMS = "list_enrollment_claims", ToSome, [Assessor, Staff], [Owner];
    LIST_CLAIMS = "list_claims",                     ToSome,   [Assessor, Staff], [];
    GET_CLAIM = "get_claim",                         ToSome,   [Assessor, Staff], [Owner];
    REVIEW_CLAIM = "review_claim",                   ToSome,   [Assessor],        [];
    DECIDE_CLAIM = "decide_claim",                   ToSome,   [Assessor],        [];

    LIST_INVOICES = "list_invoices",                 ToSome,   [Finance],         [Owner, Payer];
    GET_INVOICE = "get_invoice",                     ToSome,   [Finance],         [Owner, Payer];
    RECORD_PAYMENT = "record_payment",               ToSome,   [Finance],         [];
    LIST_PAYMENTS = "list_payments",                 ToSome,   [Finance],         [Owner, Payer];
    CREATE_CREDIT_NOTE = "create_credit_note",       ToSome,   [Finance],         [];
    LIST_CREDIT_NOTES = "list_credit_notes",         ToSome,   [Finance],         [Owner, Payer];
    CREATE_REFUND = "create_refund",                 ToSome,   [Finance],         [];
    LIST_REFUNDS = "list_refunds",                   ToSome,   [Finance],         [Owner, Payer];
    WRITE_OFF = "write_off",                         ToSome,   [Finance],         [];
    GET_PAYERS = "get_payers",                       ToSome,   [Finance],         [Owner];
    PUT_PAYERS = "put_payers",                       ToSome,   [Finance],         [Owner];
    GET_PAYMENT_METHOD = "get_payment_method",       ToSome,   [Finance],         [Owner];
    PUT_PAYMENT_METHOD = "put_payment_method",       ToSome,   [],                [Owner];

    HEAR_STRIPE = "hear_stripe",                     ToAll,    [],                [];

    CREATE_BILLING_RUN = "create_billing_run",       ToSome,   [Finance],         [];
    GET_BILLING_RUN = "get_billing_run",             ToSome,   [Finance],         [];
    RELEASE_BILLING_RUN = "release_billing_run",     ToSome,   [Finance],         [];
    CREATE_DEBIT_FILE = "create_debit_file",         ToSome,   [Finance],         [];
    LIST_DEBIT_FILES = "list_debit_files",           ToSome,   [Finance],         [];
    GET_DEBIT_FILE = "get_debit_file",               ToSome,   [Finance],         [];
    RECALL_DEBIT_FILE = "recall_debit_file",         ToSome,   [Finance],         [];
    CREATE_BANK_REPORT = "create_bank_report",       ToSome,   [Finance],         [];
    GET_BANK_REPORT = "get_bank_report",             ToSome,   [Finance],         [];
    LIST_LEDGER_DAYS = "list_ledger_days",           ToSome,   [Finance],         [];
    GET_LEDGER_DAY = "get_ledger_day",               ToSome,   [Finance],         [];
    LIST_LEDGER_ENTRIES = "list_ledger_entries",     ToSome,   [Finance],         [];

    CREATE_UPLOAD = "create_upload",                 ToSome,   [],                [Owner, AssignedJuror];
    GET_UPLOAD = "get_upload",                       ToSome,   [],                [Owner];

    OPEN_SUBMISSION = "open_submission",             ToSome,   [],                [Owner];
    SEAL_SUBMISSION = "seal_submission",             ToSome,   [],                [Owner];
    LIST_SUBMISSIONS = "list_submissions",           ToSome,   [],                [Owner];
    GET_SUBMISSION = "get_submission",               ToSome,   [Staff],           [Owner, CurrentMentor, AssignedJuror];
    ASSESS_SUBMISSION = "assess_submission",         ToSome,   [],                [CurrentMentor];
    REQUEST_DEFENSE = "request_defense",             ToSome,   [],                [CurrentMentor];

    CREATE_COMMITMENT = "create_commitment",         ToSome,   [Staff],           [Owner, CurrentMentor, Coach];
    BOOK_SESSION = "book_session",                   ToSome,   [Staff],           [Owner, CurrentMentor, Coach];
    LIST_MAKE_UPS = "list_make_ups",                 ToSome,   [Staff],           [Owner, CurrentMentor, Coach];
    LIST_SESSION_NOTES = "list_session_notes",       ToSome,   [Staff],           [Owner, CurrentMentor, Coach];
    LIST_UNATTENDED = "list_unattended",             ToSome,   [Staff],           [];
    LIST_SESSIONS = "list_sessions",                 ToSome,   [],                [Owner];
    GET_SESSION = "get_session",                     ToSome,   [Staff],           [Participant];
    MOVE_SESSION = "move_session",                   ToSome,   [Staff],           [Participant];
    CANCEL_SESSION = "cancel_session",               ToSome,   [Staff],           [Participant];
    ATTEND_SESSION = "attend_session",               ToSome,   [],                [Participant];
    REPORT_SESSION = "report_session",               ToSome,   [],                [Participant];
    DISPUTE_SESSION = "dispute_session",             ToSome,   [Staff],           [Participant];
    HEAR_RECORDING = "hear_recording",               ToAll,    [],                [];
    HEAR_VIDEO = "hear_video",                       ToAll,    [],                [];
    MAKE_CALENDAR = "make_calendar",                 ToSome,   [],                [Owner];
    REVOKE_CALENDAR = "revoke_calendar",             ToSome,   [],                [Owner];
    GET_CALENDAR = "get_calendar",                   ToAll,    [],                []; // whoever has the secret

    LIST_STATEMENTS = "list_statements",             ToSome,   [Finance],         [Owner];
    GET_CURRENT_STATEMENT = "get_current_statement", ToSome,   [Finance],         [Owner];
    GET_STATEMENT = "get_statement",                 ToSome,   [Finance],         [Owner];
    OBJECT_TO_STATEMENT = "object_to_statement",     ToSome,   [],                [Owner];
    LIST_DUE_STATEMENTS = "list_due_statements",     ToSome,   [Finance],         [];
    APPROVE_STATEMENT = "approve_statement",         ToSome,   [Finance],         [];
    PAY_STATEMENT = "pay_statement",                 ToSome,   [Finance],         [];
    ADJUST_STATEMENT = "adjust_statement",           ToSome,   [Finance],         [];

    LIST_DEFENSES = "list_defenses",                 ToSome,   [Staff],           [Owner];
    GET_DEFENSE = "get_defense",                     ToSome,   [Staff],           [Owner, CurrentMentor, AssignedJuror, AppealReviewer];
    LIST_JURORS = "list_jurors",                     ToSome,   [Staff],           [];
    PLAN_JURIES = "plan_juries",                     ToSome,   [Staff],           [];
    ASSIGN_JUROR = "assign_juror",                   ToSome,   [Staff],           [];
    SCHEDULE_DEFENSE = "schedule_defense",           ToSome,   [Staff],           [Owner];
    CONSENT = "consent",                             ToSome,   [],                [Owner, AssignedJuror];
    WITHDRAW_CONSENT = "withdraw_consent",           ToSome,   [],                [Owner, AssignedJuror];
    START_DEFENSE = "start_defense",                 ToSome,   [],                [AssignedJuror];
    END_DEFENSE = "end_defense",                     ToSome,   [Staff],           [Owner, AssignedJuror];
    GIVE_VERDICT = "give_verdict",                   ToSome,   [],                [AssignedJuror];
    WAIVE_RECORDING = "waive_recording",             ToSome,   [Staff],           [];
    GET_RECORDING = "get_recording",                 ToSome,   [Staff],           [Owner, CurrentMentor, AssignedJuror, AppealReviewer];
    GET_FAIRNESS = "get_fairness",                   ToSome,   [Staff],           [];
    REVIEW_RECORDING = "review_recording",           ToSome,   [Staff],           [];
    CAPTION_RECORDING = "caption_recording",         ToSome,   [Staff],           [Owner, AssignedJuror];
    ERASE_RECORDING = "erase_recording",             ToSome,   [Staff],           [];
    CANCEL_DEFENSE = "cancel_defense",               ToSome,   [Staff],           [Owner, CurrentMentor];
    PLAN_DEFENSE = "plan_defense",                   ToSome,   [Staff],           [CurrentMentor];
    UPLOAD_CONDITION = "upload_condition",           ToSome,   [],                [Owner];
    DECIDE_CONDITION = "decide_condition",           ToSome,   [Staff],           [AssignedJuror];
    APPEAL = "appeal",                               ToSome,   [],                [Owner];
    ASSIGN_REVIEWER = "assign_reviewer",             ToSome,   [Staff],           [];
    DECIDE_APPEAL = "decide_appeal",                 ToSome,   [],                [AppealReviewer];
    ANNUL_DEFENSE = "annul_defense",                 ToSome,   [Staff],           [];

    DECIDE_AWARD = "decide_award",                   ToSome,   [Staff],           [];
    GET_CREDENTIAL = "get_credential",               ToAll,    [],                [];
    VERIFY_CREDENTIAL = "verify_credential",         ToAll,    [],                [];
    GET_KEYS = "get_keys",                           ToAll,    [],                [];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_row() {
        let mut names: Vec<&str> = TABLE.iter().map(|action| action.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn every_row_lets_somebody_in() {
        for action in TABLE {
            assert!(
                action.public || !action.roles.is_empty() || !action.relations.is_empty(),
                "{}",
                action.name
            );
        }
    }
}
