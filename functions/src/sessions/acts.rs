//! What is done to a session that is booked: moved, called off, attended, reported, disputed.

use domain::id::{PersonId, SessionId};
use domain::permission::Action;
use domain::session::{
    Attendance, AttendanceError, CancelError, DisputeError, Outcome, ReportError, ReportText, Session,
};
use jiff::Timestamp;
use serde::Deserialize;
use storage::Stored;
use storage::session::{Calendar, weeks_of};
use storage::transaction::read_again;
use utoipa::ToSchema;

use super::booking::Pair;
use super::views::{SessionView, TimeBody};
use super::{refusal, session};
use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// Moves a session to another time, as long as before.
#[utoipa::path(post, path = "/v1/sessions/{id}/move", tag = "sessions", params(("id" = String, Path)),
    request_body = TimeBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
pub(super) async fn move_session(
    call: Call,
    At(id): At<SessionId>,
    Json(body): Json<TimeBody>,
) -> Result<Reply, Problem> {
    read_again(Problem::was_changed, || shift(&call, id, body.clone())).await
}

async fn shift(call: &Call, id: SessionId, body: TimeBody) -> Result<Reply, Problem> {
    let booked = session(call, &permissions::MOVE_SESSION, id).await?;
    let progress = call.store().around(&booked).await?.ok_or_else(Problem::not_found)?;
    let booked = booked.into_inner();
    let place = &progress.enrollment.value;
    let pair = Pair::of(call, &booked.value).await?;
    let by = booked.value.side_of(call.person()?);
    let was = booked.value.clone();
    let moved = pair.decide(place, |facts| was.move_to(body.into(), by, facts, call.now))?;
    call.expect_sent(&booked)?;
    let people = [moved.student, moved.with];
    let diaries = call.store().diaries(&people, weeks_of([&booked.value, &moved])).await?;
    let mut calendar = Calendar::new(progress.enrollment.clone(), progress.agenda, diaries);
    let revision = booked.revision + 1;
    if let Err(misfit) = calendar.change(booked, moved.clone(), call.now) {
        return Err(refusal(call, &pair, &progress.enrollment.value, &moved, misfit).await?);
    }
    let reply = Reply::ok(&SessionView::of(&moved, call.now))?.at(revision);
    let (transaction, by) = (call.store().keep_calendar(&calendar), call.person()?.to_string());
    call.commit(transaction.audit(&moved.key(), "move_session", &by, call.now), reply).await
}

/// Why a session is called off.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    /// In one's own words; may be empty.
    #[serde(default)]
    reason: String,
}

/// Calls a session off: free of charge up to `free_until`, and whenever the mentor or staff does it.
#[utoipa::path(post, path = "/v1/sessions/{id}/cancel", tag = "sessions", params(("id" = String, Path)),
    request_body = CancelBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
pub(super) async fn cancel_session(
    call: Call,
    At(id): At<SessionId>,
    Json(body): Json<CancelBody>,
) -> Result<Reply, Problem> {
    read_again(Problem::was_changed, || cancel(&call, id, &body.reason)).await
}

async fn cancel(call: &Call, id: SessionId, reason: &str) -> Result<Reply, Problem> {
    let booked = session(call, &permissions::CANCEL_SESSION, id).await?;
    let by = booked.value.side_of(call.person()?);
    let cancelled = booked.value.clone().cancel(by, reason, call.now)?;
    call.expect_sent(&booked)?;
    let progress = call.store().around(&booked).await?.ok_or_else(Problem::not_found)?;
    let people = [cancelled.student, cancelled.with];
    let diaries = call.store().diaries(&people, weeks_of([&cancelled])).await?;
    let mut calendar = Calendar::new(progress.enrollment, progress.agenda, diaries);
    let reply = Reply::ok(&SessionView::of(&cancelled, call.now))?.at(booked.revision + 1);
    calendar.change(booked.into_inner(), cancelled.clone(), call.now)?;
    let (transaction, by) = (call.store().keep_calendar(&calendar), call.person()?.to_string());
    call.commit(transaction.audit(&cancelled.key(), "cancel_session", &by, call.now), reply).await
}

/// One stay of one of the two.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttendanceBody {
    /// Who was there.
    #[schema(value_type = String)]
    person: PersonId,
    /// Since when; never in the future.
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    /// Until when, once they left.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    left_at: Option<Timestamp>,
}

/// Says who was there when: oneself, or, for the mentor, either of the two.
#[utoipa::path(post, path = "/v1/sessions/{id}/attendance", tag = "sessions", params(("id" = String, Path)),
    request_body = AttendanceBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
pub(super) async fn attend_session(
    call: Call,
    At(id): At<SessionId>,
    Json(body): Json<AttendanceBody>,
) -> Result<Reply, Problem> {
    let AttendanceBody { person, joined_at, left_at } = body;
    let stay = Attendance { person, joined_at, left_at, stay: None };
    act(&call, id, &permissions::ATTEND_SESSION, |session, by| {
        let side = session.side_of(by);
        session.attend(stay, side, call.now)
    })
    .await
}

/// What the mentor writes after a session.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportBody {
    /// What they looked at.
    #[serde(default)]
    reviewed: String,
    /// What the mentor advised.
    #[serde(default)]
    tips: String,
    /// What the student does until the next session.
    #[serde(default)]
    goals: String,
    /// What stands in the way.
    #[serde(default)]
    blockers: String,
}

/// Reports on a session, once: it was held.
#[utoipa::path(post, path = "/v1/sessions/{id}/report", tag = "sessions", params(("id" = String, Path)),
    request_body = ReportBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
pub(super) async fn report_session(
    call: Call,
    At(id): At<SessionId>,
    Json(body): Json<ReportBody>,
) -> Result<Reply, Problem> {
    let ReportBody { reviewed, tips, goals, blockers } = body;
    let text = ReportText { reviewed, tips, goals, blockers };
    act(&call, id, &permissions::REPORT_SESSION, |session, by| session.report(text.clone(), by, call.now))
        .await
}

/// How somebody says that a session ended.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisputeBody {
    /// `completed`, `student_no_show`, `mentor_no_show`, `nobody_came` or `technical_failure`.
    #[schema(value_type = String, example = "completed")]
    claim: Outcome,
}

/// Says that a session ended otherwise. It counts once both say so, or staff does.
#[utoipa::path(post, path = "/v1/sessions/{id}/dispute", tag = "sessions", params(("id" = String, Path)),
    request_body = DisputeBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
pub(super) async fn dispute_session(
    call: Call,
    At(id): At<SessionId>,
    Json(DisputeBody { claim }): Json<DisputeBody>,
) -> Result<Reply, Problem> {
    act(&call, id, &permissions::DISPUTE_SESSION, |session, by| {
        session.as_of(call.now).dispute(claim, by, call.now)
    })
    .await
}

/// Acts on a session without touching its time, and shows what it became.
async fn act<E: Into<Problem>>(
    call: &Call,
    id: SessionId,
    action: &Action,
    rule: impl Fn(Session, PersonId) -> Result<Session, E>,
) -> Result<Reply, Problem> {
    let attempt = || async {
        let item = session(call, action, id).await?.into_inner();
        let by = call.person()?;
        let became = rule(item.value.clone(), by).map_err(Into::into)?;
        call.expect(&item)?;
        let reply = Reply::ok(&SessionView::of(&became, call.now))?.at(item.revision + 1);
        let transaction = call.store().keep_session(&item, &became, call.now);
        call.commit(transaction.audit(&became.key(), action.name, &by.to_string(), call.now), reply).await
    };
    read_again(Problem::was_changed, attempt).await
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::ReasonTooLong => Self::field("/reason", format!("{error}.")),
            CancelError::NotBooked | CancelError::Started { .. } => {
                Self::new(Code::WrongState, format!("{error}."))
            }
        }
    }
}

impl From<AttendanceError> for Problem {
    fn from(error: AttendanceError) -> Self {
        let detail = format!("{error}.");
        match error {
            AttendanceError::NotTheirs => Self::new(Code::Forbidden, detail),
            AttendanceError::NotAParticipant => Self::field("/person", detail),
            AttendanceError::Future | AttendanceError::OutsideSession { .. } => {
                Self::field("/joined_at", detail)
            }
            AttendanceError::Backwards => Self::field("/left_at", detail),
            AttendanceError::Over
            | AttendanceError::TooMany
            | AttendanceError::NotOver { .. }
            | AttendanceError::NotFailed => Self::new(Code::WrongState, detail),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        let detail = format!("{error}.");
        match error {
            ReportError::NotTheMentor => Self::new(Code::Forbidden, detail),
            ReportError::NotStarted { .. } | ReportError::NotHeld => Self::new(Code::WrongState, detail),
            ReportError::AlreadyReported => Self::new(Code::AlreadyDecided, detail),
            ReportError::Empty => Self::field("/reviewed", detail),
            ReportError::TooLong { pointer } => Self::field(pointer, detail),
        }
    }
}

impl From<DisputeError> for Problem {
    fn from(error: DisputeError) -> Self {
        let code = match error {
            DisputeError::NoOutcome | DisputeError::SameOutcome => Code::WrongState,
            DisputeError::AlreadyClaimed | DisputeError::Settled => Code::AlreadyDecided,
        };
        Self::new(code, format!("{error}."))
    }
}
