//! What mentors and coaches wrote after an enrollment's sessions: read by whoever mentors it now, so that
//! nothing is lost when one hands over to the next.

use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::session::{Report, ReportText, Session, SessionKind};
use jiff::Timestamp;
use serde::Serialize;
use storage::key::Query;
use utoipa::ToSchema;

use crate::call::Call;
use crate::enrollments::progress;
use crate::page::{Cursor, ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// What was written after one session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionNoteView {
    #[schema(value_type = String)]
    session: SessionId,
    #[schema(value_type = String, example = "mentoring")]
    kind: SessionKind,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Who wrote it.
    #[schema(value_type = String)]
    by: PersonId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `reviewed`, `tips`, `goals`, `blockers`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    text: ReportText,
}

impl SessionNoteView {
    fn of(session: Session) -> Option<Self> {
        let Session { id, kind, starts_at, report, .. } = session;
        let Report { text, by, at, late: _ } = report?;
        Some(Self { session: id, kind, starts_at, by, at, text })
    }
}

/// Lists what was written after an enrollment's sessions, in their order: for the student, and for whoever mentors
/// or coaches them now. A page may be shorter than others, or empty, before the end.
#[utoipa::path(get, path = "/v1/enrollments/{id}/notes", tag = "sessions",
    params(("id" = String, Path), Cursor),
    responses((status = 200, description = "What was written", body = List<SessionNoteView>), Refusals))]
pub(super) async fn list_session_notes(
    call: Call,
    At(id): At<EnrollmentId>,
    Params(params): Params<Cursor>,
) -> Result<Reply, Problem> {
    let student = progress(&call, &permissions::LIST_SESSION_NOTES, id).await?.enrollment.value.student;
    let span = (Timestamp::UNIX_EPOCH, call.now);
    // The cursor is held against all of the student's sessions: the span's end moves with the clock.
    let query = Query::PersonSessions { person: student, from: span.0, to: Timestamp::MAX };
    let after = after_in(&query, params.cursor.as_deref())?;
    let (sessions, next) = call.store().sessions_of(student, span, after.as_deref(), ITEMS_MAX).await?;
    let own = sessions.into_iter().filter(|session| session.enrollment == id);
    Reply::ok(&List::page(own.filter_map(SessionNoteView::of).collect(), next))
}
