//! Sessions: booked one by one, listed, shown.

mod acts; // moved, called off, attended, reported, disputed
mod make_ups; // what a student is owed
mod notes; // what mentors wrote, for whoever comes next
mod unattended; // what staff is told
pub mod booking; // who meets whom, and what is offered instead
pub mod views; // a session as it is shown

use domain::availability::LocalTime;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::permission::{Action, Permitted};
use domain::session::{Booking, ChosenTime, Session, SessionKind};
use domain::time::{UtcOffset, Zone};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use storage::clock::new_uuid;
use storage::key::Query;
use storage::session::{BookRefusal, Calendar, Misfit, weeks_of};
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use booking::Pair;
use views::SessionView;

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
use crate::video::join_url;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(book_session, list_sessions))
        .routes(routes!(get_session))
        .routes(routes!(make_ups::list_make_ups))
        .routes(routes!(notes::list_session_notes))
        .routes(routes!(unattended::list_unattended))
        .routes(routes!(acts::move_session))
        .routes(routes!(acts::cancel_session))
        .routes(routes!(acts::attend_session))
        .routes(routes!(acts::report_session))
        .routes(routes!(acts::dispute_session))
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
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+01:00")]
    offset: Option<UtcOffset>,
    /// How long.
    #[schema(example = 45)]
    minutes: u16,
    /// The lost session that it is booked in place of, where the student is owed one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    makes_up: Option<SessionId>,
}

/// Books a session. A time that is taken is refused with others that are free for both.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = SessionBody,
    responses((status = 201, description = "The session", body = SessionView), Refusals))]
async fn book_session(KeyedCall(call): KeyedCall, Json(body): Json<SessionBody>) -> Result<Reply, Problem> {
    let id = SessionId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || book(&call, id, body.clone())).await
}

async fn book(call: &Call, id: SessionId, body: SessionBody) -> Result<Reply, Problem> {
    let SessionBody { enrollment, with, kind, date, local_time, time_zone, offset, minutes, makes_up } = body;
    let progress = progress(call, &permissions::BOOK_SESSION, enrollment).await?;
    let place = &progress.enrollment.value;
    let time = ChosenTime { date, local_time, time_zone, offset: offset.map(Into::into) };
    let pair = Pair::new(call, place, with, kind, place.date_at(time.instant()?)).await?;
    let booking = Booking { id, kind, enrollment, student: place.student, with: pair.with, time, minutes };
    let mut session = pair.decide(place, |facts| Session::book(booking, facts, call.now))?;
    let lost = match makes_up {
        Some(lost) => Some(make_ups::made_up(call, lost, &mut session).await?),
        None => None,
    };
    let diaries = call.store().diaries(&[session.student, session.with], weeks_of([&session])).await?;
    let mut calendar = Calendar::new(progress.enrollment.clone(), progress.agenda, diaries);
    if let Err(misfit) = calendar.add(session.clone(), call.now) {
        return Err(refusal(call, &pair, &progress.enrollment.value, &session, misfit).await?);
    }
    let reply = Reply::created(format!("/v1/sessions/{id}"), &SessionView::of(&session, call.now))?.at(1);
    let transaction = pair.tied(call.store().keep_calendar(&calendar), progress.conflicts, call.now);
    let transaction =
        lost.iter().fold(transaction, |transaction, lost| transaction.save(lost, BookRefusal::Changed));
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
    let mut views = Vec::new();
    for session in &timetable.sessions {
        views.push(read(&call, &session.value).await?);
    }
    Reply::ok(&List::page(views, timetable.next))
}

/// Shows a session.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, description = "The session", body = SessionView), Refusals))]
async fn get_session(call: Call, At(id): At<SessionId>) -> Result<Reply, Problem> {
    let session = session(&call, &permissions::GET_SESSION, id).await?;
    Ok(Reply::ok(&read(&call, &session.value).await?)?.at(session.revision))
}

/// A session as its reader sees it, with the link to its room while that is theirs.
async fn read(call: &Call, session: &Session) -> Result<SessionView, Problem> {
    Ok(SessionView::of(session, call.now).with_link(join_url(call, session).await?))
}

/// Loads a session for an action.
async fn session(call: &Call, action: &Action, id: SessionId) -> Result<Permitted<Item<Session>>, Problem> {
    call.person()?;
    let loaded = call.store().session(id).await?.ok_or_else(Problem::not_found)?;
    call.permit(action, loaded).await
}
