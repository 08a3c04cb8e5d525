//! Sessions that a student is owed: listed, and booked in place of the lost one.

use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::session::{MakeUpRefused, Session, SessionKind};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use storage::Item;
use storage::key::Query;
use utoipa::ToSchema;

use crate::call::Call;
use crate::enrollments::progress;
use crate::page::{Cursor, ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// A session that was lost through no fault of the student's, and owes another one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MakeUpView {
    /// Book a session with this as `makes_up`.
    #[schema(value_type = String)]
    session: SessionId,
    #[schema(value_type = String, example = "mentoring")]
    kind: SessionKind,
    /// `cancelled_by_mentor`, `mentor_no_show`, `nobody_came` or `technical_failure`.
    #[schema(example = "mentor_no_show")]
    state: &'static str,
    /// The mentor or coach it was booked with.
    #[schema(value_type = String)]
    with: PersonId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Another one is booked up to then.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Lists the sessions that an enrollment is owed: book another one with `makes_up`. A page may be shorter than
/// others, or empty, before the end.
#[utoipa::path(get, path = "/v1/enrollments/{id}/make-ups", tag = "sessions",
    params(("id" = String, Path), Cursor),
    responses((status = 200, description = "The sessions that owe another", body = List<MakeUpView>), Refusals))]
pub(super) async fn list_make_ups(
    call: Call,
    At(id): At<EnrollmentId>,
    Params(params): Params<Cursor>,
) -> Result<Reply, Problem> {
    let place = progress(&call, &permissions::LIST_MAKE_UPS, id).await?.enrollment.value;
    let edition = call.app.catalog.version(&call, &place.edition, place.version).await?;
    let days = edition.session_policy_on(place.date_at(call.now)).make_up_days;
    // No session is longer than a day.
    let since = call.now.checked_sub(SignedDuration::from_hours(24 * (i64::from(days) + 1)));
    let span = (since.unwrap_or(Timestamp::UNIX_EPOCH), Timestamp::MAX);
    let query = Query::PersonSessions { person: place.student, from: span.0, to: span.1 };
    let after = after_in(&query, params.cursor.as_deref())?;
    let (sessions, next) = call.store().sessions_of(place.student, span, after.as_deref(), ITEMS_MAX).await?;
    let sessions = Vec::from_iter(sessions.into_iter().filter(|session| session.enrollment == id));
    let others = Vec::from_iter(sessions.iter().filter_map(|session| session.made_up_by));
    let others = call.store().sessions_for_job(&others).await?;
    let owed = sessions.into_iter().filter_map(|session| {
        let other = others.iter().find(|other| Some(other.value.id) == session.made_up_by);
        session.owed(other.map(|other| &other.value), call.now).ok()?;
        Some(MakeUpView::of(session.as_of(call.now)))
    });
    Reply::ok(&List::page(owed.collect(), next))
}

impl MakeUpView {
    fn of(session: Session) -> Self {
        Self {
            session: session.id,
            kind: session.kind,
            state: session.state.word(),
            with: session.with,
            starts_at: session.starts_at,
            until: session.made_up_until(),
        }
    }
}

/// The lost session as it becomes with another one in its place.
pub(super) async fn made_up(
    call: &Call,
    lost: SessionId,
    other: &mut Session,
) -> Result<Item<Session>, Problem> {
    let lost = call.store().sessions_for_job(&[lost]).await?.pop().ok_or(MakeUpRefused::NotTheirs)?;
    let earlier = Vec::from_iter(lost.value.made_up_by);
    let earlier = call.store().sessions_for_job(&earlier).await?.pop();
    let made_up =
        lost.value.clone().make_up(other, earlier.as_ref().map(|earlier| &earlier.value), call.now)?;
    Ok(lost.with(made_up))
}

impl From<MakeUpRefused> for Problem {
    fn from(refused: MakeUpRefused) -> Self {
        let code = match refused {
            MakeUpRefused::NotTheirs => Code::InvalidField,
            MakeUpRefused::NotOwed | MakeUpRefused::TooLate { .. } => Code::WrongState,
            MakeUpRefused::AlreadyMadeUp { .. } => Code::AlreadyDecided,
        };
        Self::at_field(code, "/makes_up", format!("{refused}."))
    }
}
