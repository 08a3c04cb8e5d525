//! Weekly series of sessions.

use std::collections::BTreeSet;

use domain::availability::{LocalTime, Weekday};
use domain::commitment::{Commitment, LOOK_AHEAD_DAYS};
use domain::id::{CommitmentId, EnrollmentId, PersonId};
use domain::occupancy::SlotTaken;
use domain::permission::Role;
use domain::session::{BookingError, SessionKind};
use domain::time::Zone;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use storage::Stored;
use storage::clock::new_uuid;
use storage::session::{BookRefusal, Calendar, Made, weeks_of};
use storage::transaction::read_again;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::enrollments::progress;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::sessions::booking::Pair;
use crate::sessions::views::SessionView;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_commitment))
}

/// A weekly series to begin.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommitmentBody {
    /// The student's place.
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// The mentor or coach; one who begins the series may name the student instead.
    #[schema(value_type = String)]
    with: PersonId,
    /// What the meetings are for.
    #[schema(value_type = String, example = "mentoring")]
    kind: SessionKind,
    /// The zone whose clocks the series keeps to; the mentor's or coach's own, if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Europe/Paris")]
    time_zone: Option<Zone>,
    /// The day of every week.
    #[schema(value_type = String, example = "tue")]
    weekday: Weekday,
    /// The time on the wall of that zone, on a quarter hour.
    #[schema(value_type = String, example = "18:00")]
    local_time: LocalTime,
    /// How long each meeting is.
    #[schema(example = 45)]
    minutes: u16,
    /// No meeting before this date.
    #[schema(value_type = String, format = Date)]
    first_on: Date,
}

/// A series, with the sessions that are booked.
#[derive(Debug, Serialize, ToSchema)]
struct CommitmentView {
    #[schema(value_type = String)]
    id: CommitmentId,
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    #[schema(value_type = String)]
    student: PersonId,
    #[schema(value_type = String)]
    with: PersonId,
    #[schema(value_type = String)]
    kind: SessionKind,
    #[schema(value_type = String)]
    time_zone: Zone,
    #[schema(value_type = String)]
    weekday: Weekday,
    #[schema(value_type = String)]
    local_time: LocalTime,
    minutes: u16,
    #[schema(value_type = String, format = Date)]
    first_on: Date,
    /// The last day of a cover; null where the series is open.
    #[schema(value_type = Option<String>, format = Date)]
    ends_on: Option<Date>,
    /// Those of the next six weeks; further ones are booked before these run out.
    sessions: Vec<SessionView>,
    /// Dates of the next six weeks without a session, and why.
    left_out: Vec<LeftOutView>,
    /// Dates on which the student's own clock shows another time than the week before.
    wall_changes: Vec<WallChangeView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeftOutView {
    #[schema(value_type = String, format = Date)]
    date: Date,
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WallChangeView {
    #[schema(value_type = String, format = Date)]
    date: Date,
    #[schema(value_type = String, example = "12:00")]
    before: LocalTime,
    #[schema(value_type = String, example = "13:00")]
    after: LocalTime,
}

impl CommitmentView {
    fn of(series: &Commitment, made: &Made, reader: &Zone, now: Timestamp) -> Self {
        let left_out = made.left_out.iter();
        let changes = series.wall_changes(reader, series.first_on, series.horizon(now));
        Self {
            id: series.id,
            enrollment: series.enrollment,
            student: series.student,
            with: series.with,
            kind: series.kind,
            time_zone: series.time_zone.clone(),
            weekday: series.weekday,
            local_time: series.local_time,
            minutes: series.minutes,
            first_on: series.first_on,
            ends_on: series.ends_on,
            sessions: made.sessions.iter().map(|session| SessionView::of(session, now)).collect(),
            left_out: left_out
                .map(|(date, reason)| LeftOutView { date: *date, reason: reason.to_string() })
                .collect(),
            wall_changes: changes
                .into_iter()
                .map(|change| WallChangeView {
                    date: change.date,
                    before: LocalTime::of(change.before),
                    after: LocalTime::of(change.after),
                })
                .collect(),
        }
    }
}

/// Begins a weekly series: its sessions of the next six weeks are booked at once, later ones so that six weeks are
/// always there. Where the first one's time is taken the series is refused, with times that are free; where it asks
/// for the time of another series on some date of the year, with these dates.
#[utoipa::path(post, path = "/v1/commitments", tag = "sessions", request_body = CommitmentBody,
    responses((status = 201, description = "The series with its sessions", body = CommitmentView), Refusals))]
async fn create_commitment(
    KeyedCall(call): KeyedCall,
    Json(body): Json<CommitmentBody>,
) -> Result<Reply, Problem> {
    let id = CommitmentId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || begin(&call, id, body.clone())).await
}

async fn begin(call: &Call, id: CommitmentId, body: CommitmentBody) -> Result<Reply, Problem> {
    let CommitmentBody { enrollment, with, kind, time_zone, weekday, local_time, minutes, first_on } = body;
    let progress = progress(call, &permissions::CREATE_COMMITMENT, enrollment).await?;
    let place = progress.enrollment.value.clone();
    let student = place.student;
    let pair = Pair::new(call, &place, with, kind, first_on).await?;
    let time_zone = match time_zone {
        Some(zone) => zone,
        None => pair.home(call).await?,
    };
    let series = Commitment {
        id,
        enrollment,
        student,
        with: pair.with,
        kind,
        time_zone,
        weekday,
        local_time,
        minutes,
        first_on,
        ends_on: if kind.role() == Role::Mentor { place.last_day_with(pair.with, first_on) } else { None },
        materialized_through: None,
        told_through: None,
    };
    let (series, due) = pair.decide(&place, |facts| {
        let series = series.begin(facts, call.now)?;
        let due = series.sessions_due(facts, series.horizon(call.now), call.now);
        Ok::<_, Problem>((series, due))
    })?;
    let students = call.store().series_of(student).await?;
    let hosts = call.store().series_of(pair.with).await?;
    check_apart(&series, students.1.iter().chain(&hosts.1))?;
    let diaries = call.store().diaries(&[student, pair.with], weeks_of(&due.sessions)).await?;
    let first = due.sessions.first().cloned();
    let mut calendar = Calendar::new(progress.enrollment, progress.agenda, diaries);
    let made = calendar.make(due, &[], call.now)?;
    if let Some(first) = first.filter(|first| is_taken(&made, first.local.date())) {
        return Err(pair.taken(call, &place, &first).await?);
    }

    let view = CommitmentView::of(&series, &made, &place.time_zone, call.now);
    // A series is shown with the enrollment it serves.
    let reply = Reply::created(format!("/v1/enrollments/{enrollment}"), &view)?.at(1);
    let transaction = pair.tied(call.store().keep_calendar(&calendar), progress.conflicts, call.now);
    let horizon = series.horizon(call.now);
    let series = series.materialized(horizon);
    let today = series.time_zone.date_at(call.now);
    let lists = [students, hosts].map(|(list, known)| {
        let lasting = list.value.lasting(&known, today);
        list.with(lasting)
    });
    let transaction = transaction.begin_series(&series, lists, call.now, BookRefusal::Changed).audit(
        &series.key(),
        "create_commitment",
        &call.person()?.to_string(),
        call.now,
    );
    call.commit(transaction, reply).await
}

/// Refuses a series that asks for the time of another one within a year, and names the dates.
fn check_apart<'a>(series: &Commitment, others: impl Iterator<Item = &'a Commitment>) -> Result<(), Problem> {
    let through = series.first_on.saturating_add(LOOK_AHEAD_DAYS.days());
    let dates = BTreeSet::from_iter(others.flat_map(|other| series.clashes(other, through)));
    if dates.is_empty() {
        return Ok(());
    }
    let named = Vec::from_iter(dates.iter().take(DATES_NAMED_MAX).map(Date::to_string)).join(", ");
    let detail = format!("One of you has another series at that time on {named}: take another time.");
    Err(Problem::new(Code::SlotTaken, detail).with("dates", dates))
}

/// The most dates that are named in words.
const DATES_NAMED_MAX: usize = 10;

fn is_taken(made: &Made, date: Date) -> bool {
    made.left_out.contains(&(date, BookingError::Taken(SlotTaken)))
}
