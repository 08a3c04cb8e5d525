//! Sessions: booked one by one, moved, called off, attended, reported, disputed.

pub mod booking; // who meets whom, and what is offered instead
pub mod views; // a session as it is shown

use domain::availability::LocalTime;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::permission::{Action, Permitted};
use domain::session::{
    Attendance, AttendanceError, Booking, CancelError, ChosenTime, DisputeError, Outcome, ReportError,
    ReportText, Session, SessionKind,
};
use domain::time::Zone;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Deserialize;
use storage::clock::new_uuid;
use storage::key::Query;
use storage::session::{Calendar, Misfit, weeks_of};
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use booking::Pair;
use views::{SessionView, TimeBody, read_offset};

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::enrollments::progress;
use crate::page::{ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(book_session, list_sessions))
        .routes(routes!(get_session))
        .routes(routes!(move_session))
        .routes(routes!(cancel_session))
        .routes(routes!(attend_session))
        .routes(routes!(report_session))
        .routes(routes!(dispute_session))
}

/// A session to be booked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SessionBody {
    /// The student's place.
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// The mentor or coach; one who books may name the student instead.
    #[schema(value_type = String)]
    with: PersonId,
    /// `discovery`, `mentoring`, `coaching` or `handover`.
    #[schema(value_type = String, example = "mentoring")]
    kind: SessionKind,
    /// The date on the wall.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// The time on the wall, on a quarter hour.
    #[schema(value_type = String, example = "18:00")]
    local_time: LocalTime,
    /// Whose wall.
    #[schema(value_type = String, example = "Europe/Paris")]
    time_zone: Zone,
    /// Needed only where the wall shows the time twice.
    #[serde(default, deserialize_with = "read_offset")]
    #[schema(value_type = Option<String>, example = "+01:00")]
    offset: Option<Offset>,
    /// How long.
    #[schema(example = 45)]
    minutes: u16,
}

/// Books a session. A time that is taken is refused with others that are free for both.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = SessionBody,
    responses((status = 201, description = "The session", body = SessionView), Refusals))]
async fn book_session(KeyedCall(call): KeyedCall, Json(body): Json<SessionBody>) -> Result<Reply, Problem> {
    let id = SessionId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || book(&call, id, body.clone())).await
}

async fn book(call: &Call, id: SessionId, body: SessionBody) -> Result<Reply, Problem> {
    let SessionBody { enrollment, with, kind, date, local_time, time_zone, offset, minutes } = body;
    let progress = progress(call, &permissions::BOOK_SESSION, enrollment).await?;
    let place = &progress.enrollment.value;
    let time = ChosenTime { date, local_time, time_zone, offset };
    let pair = Pair::new(call, place, with, kind, place.date_at(time.instant()?)).await?;
    let booking = Booking { id, kind, enrollment, student: place.student, with: pair.with, time, minutes };
    let session = pair.decide(place, |facts| Session::book(booking, facts, call.now))?;
    let diaries = call.store().diaries(&[session.student, session.with], weeks_of([&session])).await?;
    let mut calendar = Calendar::new(progress.enrollment.clone(), progress.agenda, diaries);
    if let Err(misfit) = calendar.add(session.clone(), call.now) {
        return Err(refusal(call, &pair, &progress.enrollment.value, &session, misfit).await?);
    }
    let reply = Reply::created(format!("/v1/sessions/{id}"), &SessionView::of(&session, call.now))?.at(1);
    let transaction = pair.tied(call.store().keep_calendar(&calendar), progress.conflicts);
    let by = call.person()?.to_string();
    call.commit(transaction.audit(&session.key(), "book_session", &by, call.now), reply).await
}

/// Why a session does not fit: where its time is taken, with other times.
async fn refusal(
    call: &Call,
    pair: &Pair,
    place: &Enrollment,
    session: &Session,
    misfit: Misfit,
) -> Result<Problem, Problem> {
    match misfit {
        Misfit::Taken(_) => pair.taken(call, place, session).await,
        misfit => Ok(misfit.into()),
    }
}

/// Which of one's sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Span {
    /// No session that begins before: an instant, or the start of a date in UTC.
    from: Option<String>,
    /// No session that begins then or later: an instant, or the end of a date in UTC.
    to: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Span {
    /// The span's instants, as far as they can be written in a key.
    fn instants(&self) -> Result<(Timestamp, Timestamp), Problem> {
        let from =
            self.from.as_deref().map_or(Ok(Timestamp::UNIX_EPOCH), |text| instant(text, |date| date))?;
        let behind = |date: Date| date.tomorrow().unwrap_or(date);
        let to = self.to.as_deref().map_or(Ok(Timestamp::MAX), |text| instant(text, behind))?;
        let from = from.max(Timestamp::UNIX_EPOCH);
        if to < from {
            return Err(Problem::new(Code::InvalidParameter, "`to` lies before `from`."));
        }
        Ok((from, to))
    }
}

/// An instant, or the start in UTC of the date that a date stands for.
fn instant(text: &str, stands_for: impl Fn(Date) -> Date) -> Result<Timestamp, Problem> {
    let date = || text.parse().ok().and_then(|date| Zone::utc().start_of(stands_for(date)).ok());
    let invalid = || {
        Problem::new(Code::InvalidParameter, "Give `from` and `to` as 2027-03-09 or 2027-03-09T17:00:00Z.")
    };
    text.parse().ok().or_else(date).ok_or_else(invalid)
}

/// Lists one's own sessions, as student, mentor or coach, by when they begin.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(Span),
    responses((status = 200, description = "The sessions", body = List<SessionView>), Refusals))]
async fn list_sessions(call: Call, Params(span): Params<Span>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let (from, to) = span.instants()?;
    let after = after_in(&Query::PersonSessions { person, from, to }, span.cursor.as_deref())?;
    let loaded = call.store().timetable(person, (from, to), after.as_deref(), ITEMS_MAX).await?;
    let timetable = call.permit(&permissions::LIST_SESSIONS, loaded).await?.into_inner();
    let views = timetable.sessions.iter().map(|session| SessionView::of(&session.value, call.now));
    Reply::ok(&List::page(views.collect(), timetable.next))
}

/// Shows a session.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, description = "The session", body = SessionView), Refusals))]
async fn get_session(call: Call, At(id): At<SessionId>) -> Result<Reply, Problem> {
    let session = session(&call, &permissions::GET_SESSION, id).await?;
    Ok(Reply::ok(&SessionView::of(&session.value, call.now))?.at(session.revision))
}

/// Loads a session for an action.
async fn session(call: &Call, action: &Action, id: SessionId) -> Result<Permitted<Item<Session>>, Problem> {
    call.person()?;
    let loaded = call.store().session(id).await?.ok_or_else(Problem::not_found)?;
    call.permit(action, loaded).await
}

/// Moves a session to another time, as long as before.
#[utoipa::path(post, path = "/v1/sessions/{id}/move", tag = "sessions", params(("id" = String, Path)),
    request_body = TimeBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
async fn move_session(
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
struct CancelBody {
    /// In one's own words; may be empty.
    #[serde(default)]
    reason: String,
}

/// Calls a session off: free of charge up to `free_until`, and whenever the mentor or staff does it.
#[utoipa::path(post, path = "/v1/sessions/{id}/cancel", tag = "sessions", params(("id" = String, Path)),
    request_body = CancelBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
async fn cancel_session(
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
struct AttendanceBody {
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
async fn attend_session(
    call: Call,
    At(id): At<SessionId>,
    Json(body): Json<AttendanceBody>,
) -> Result<Reply, Problem> {
    let AttendanceBody { person, joined_at, left_at } = body;
    let stay = Attendance { person, joined_at, left_at };
    act(&call, id, &permissions::ATTEND_SESSION, |session, by| {
        let side = session.side_of(by);
        session.attend(stay, side, call.now)
    })
    .await
}

/// What the mentor writes after a session.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportBody {
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
async fn report_session(
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
struct DisputeBody {
    /// `completed`, `student_no_show`, `mentor_no_show`, `nobody_came` or `technical_failure`.
    #[schema(value_type = String, example = "completed")]
    claim: Outcome,
}

/// Says that a session ended otherwise. It counts once both say so, or staff does.
#[utoipa::path(post, path = "/v1/sessions/{id}/dispute", tag = "sessions", params(("id" = String, Path)),
    request_body = DisputeBody,
    responses((status = 200, description = "The session as it is now", body = SessionView), Refusals))]
async fn dispute_session(
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
        let item = item.with(became);
        let reply = Reply::ok(&SessionView::of(&item.value, call.now))?.at(item.revision + 1);
        let transaction = call.store().keep_session(&item);
        call.commit(transaction.audit(&item.value.key(), action.name, &by.to_string(), call.now), reply).await
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
