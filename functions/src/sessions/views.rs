//! Sessions as they are shown, and times as they are chosen.

use domain::availability::LocalTime;
use domain::id::{CommitmentId, EnrollmentId, PersonId, SessionId};
use domain::session::{
    Attendance, ChosenTime, Claim, Outcome, ReportText, Session, SessionKind, SessionState, Side,
};
use domain::time::{UtcOffset, Zone};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A session as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    #[schema(value_type = String)]
    id: SessionId,
    #[schema(value_type = String, example = "mentoring")]
    kind: SessionKind,
    #[schema(example = "booked")]
    state: &'static str,
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    #[schema(value_type = String)]
    student: PersonId,
    /// The mentor or coach.
    #[schema(value_type = String)]
    with: PersonId,
    /// The series it belongs to.
    #[schema(value_type = Option<String>)]
    commitment: Option<CommitmentId>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    #[schema(value_type = String, format = Date)]
    date: Date,
    #[schema(value_type = String, example = "18:00")]
    local_time: LocalTime,
    #[schema(value_type = String, example = "Europe/Paris")]
    time_zone: Zone,
    /// Whether the clocks jump over the local time that day, so that it starts a little later.
    shifted: bool,
    /// How often it was moved, called off or booked again: iCalendar's SEQUENCE.
    sequence: u32,
    /// Up to then the student cancels free of charge.
    #[schema(value_type = String, format = DateTime)]
    free_until: Timestamp,
    /// Where to meet, for the two people alone, from ten minutes before the start to thirty after the end; null
    /// before, after, and in the answers to acts: read the session.
    join_url: Option<String>,
    cancellation: Option<CancellationView>,
    attendance: Vec<AttendanceView>,
    report: Option<ReportView>,
    claims: Vec<ClaimView>,
    /// The lost session that it was booked in place of.
    #[schema(value_type = Option<String>)]
    makes_up: Option<SessionId>,
    /// The session that was booked in its place.
    #[schema(value_type = Option<String>)]
    made_up_by: Option<SessionId>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CancellationView {
    /// `student`, `mentor` or `school`.
    #[schema(value_type = String)]
    by: Side,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttendanceView {
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    left_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReportView {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    text: ReportText,
    #[schema(value_type = String)]
    by: PersonId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    late: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClaimView {
    #[schema(value_type = String)]
    claim: Outcome,
    #[schema(value_type = String)]
    by: PersonId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl SessionView {
    /// A session as it counts at `now`: one that is over is judged by who came.
    pub fn of(session: &Session, now: Timestamp) -> Self {
        let session = session.clone().as_of(now);
        Self {
            id: session.id,
            kind: session.kind,
            state: session.state.word(),
            enrollment: session.enrollment,
            student: session.student,
            with: session.with,
            commitment: session.commitment,
            starts_at: session.starts_at,
            ends_at: session.ends_at,
            date: session.local.date(),
            local_time: LocalTime::of(session.local.time()),
            time_zone: session.time_zone,
            shifted: session.shifted,
            sequence: session.sequence,
            free_until: session.free_until,
            join_url: None,
            makes_up: session.makes_up,
            made_up_by: session.made_up_by,
            cancellation: CancellationView::of(session.state),
            attendance: session.attendance.into_iter().map(AttendanceView::from).collect(),
            report: session.report.map(|report| {
                let domain::session::Report { text, by, at, late } = report;
                ReportView { text, by, at, late }
            }),
            claims: session
                .claims
                .into_iter()
                .map(|Claim { outcome: claim, by, at }| ClaimView { claim, by, at })
                .collect(),
        }
    }
}

impl SessionView {
    /// With the link to its room, where the reader may have it. An act's answer, which is kept under its key,
    /// never has it.
    #[must_use]
    pub fn with_link(self, join_url: Option<String>) -> Self {
        Self { join_url, ..self }
    }
}

impl CancellationView {
    fn of(state: SessionState) -> Option<Self> {
        match state {
            SessionState::CancelledEarly(cancellation)
            | SessionState::CancelledLate(cancellation)
            | SessionState::CancelledByMentor(cancellation) => Some(Self {
                by: cancellation.cancelled_by,
                at: cancellation.cancelled_at,
                reason: cancellation.reason,
            }),
            _ => None,
        }
    }
}

impl From<Attendance> for AttendanceView {
    fn from(Attendance { person, joined_at, left_at, stay: _ }: Attendance) -> Self {
        Self { person, joined_at, left_at }
    }
}

/// A time somebody can be offered, as they would ask for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeView {
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = Date)]
    date: Date,
    #[schema(value_type = String, example = "18:45")]
    local_time: LocalTime,
    #[schema(value_type = String, example = "Europe/Paris")]
    time_zone: Zone,
    #[schema(example = "+01:00")]
    offset: String,
}

impl TimeView {
    /// An instant on the wall of a zone.
    pub fn of(starts_at: Timestamp, time_zone: &Zone) -> Self {
        let local = time_zone.wall_time_at(starts_at);
        let offset = UtcOffset::from(time_zone.offset_at(starts_at)).to_string();
        Self {
            starts_at,
            date: local.date(),
            local_time: LocalTime::of(local.time()),
            time_zone: time_zone.clone(),
            offset,
        }
    }
}

/// A date and time on a wall, without saying whose.
#[derive(Debug, Serialize)]
pub struct WallView {
    date: Date,
    local_time: LocalTime,
}

impl From<DateTime> for WallView {
    fn from(local: DateTime) -> Self {
        Self { date: local.date(), local_time: LocalTime::of(local.time()) }
    }
}

/// When: a wall time in a zone, and which one where the clocks go back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeBody {
    /// The date on the wall.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// The time on the wall, on a quarter hour.
    #[schema(value_type = String, example = "18:00")]
    pub local_time: LocalTime,
    /// Whose wall.
    #[schema(value_type = String, example = "Europe/Paris")]
    pub time_zone: Zone,
    /// Needed only where the wall shows the time twice.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+01:00")]
    pub offset: Option<UtcOffset>,
}

impl From<TimeBody> for ChosenTime {
    fn from(TimeBody { date, local_time, time_zone, offset }: TimeBody) -> Self {
        Self { date, local_time, time_zone, offset: offset.map(Into::into) }
    }
}
