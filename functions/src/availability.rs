//! When people can meet and, of mentors, jurors and coaches, whom they take.

use std::collections::BTreeSet;

use domain::availability::{Availability, AvailabilityError, Exception, Experience, Holiday, Spoken, Window};
use domain::id::PersonId;
use domain::job::Job;
use domain::permission::Role;
use domain::time::Zone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::sessions::booking::invalid_time;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_availability, put_availability))
}

/// Who takes students.
const HOSTS: [Role; 3] = [Role::Mentor, Role::Juror, Role::Coach];

/// When a person can meet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AvailabilityBody {
    /// IANA zone whose clocks the windows are read on.
    #[schema(value_type = String, example = "Europe/Paris")]
    time_zone: Zone,
    /// Windows of every week: `{weekday: "tue", from: "18:00", to: "21:00"}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    weekly: Vec<Window>,
    /// Dates that differ: `{date, available, from, to}`; the whole day without `from` and `to`. Where the
    /// clocks show one of them twice, `from_offset` or `to_offset` says which is meant.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    exceptions: Vec<Exception>,
    /// Days away: `{first_on, last_on}`. Mentors say so in good time, and their students get a cover.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    holidays: Vec<Holiday>,
    /// How many students the person takes at a time.
    #[serde(default)]
    seats: u32,
    /// `novice` or `confirmed`: whoever begins to mentor takes fewer.
    #[serde(default = "novice")]
    #[schema(value_type = String)]
    experience: Experience,
    /// What the person works in.
    #[serde(default)]
    fields: Vec<String>,
    /// Levels of the projects that the person mentors; all of them, if left out.
    #[serde(default)]
    project_levels: BTreeSet<u8>,
    /// Best first: a BCP 47 code, or `{language, level}` with a level from `a1` to `c2`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    languages: Vec<Spoken>,
    /// The person's own room, an https address; those who meet there get it in the session's window. Without it
    /// they meet in the school's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video_link: Option<String>,
}

const fn novice() -> Experience {
    Experience::Novice
}

impl AvailabilityBody {
    fn of(availability: &Availability) -> Self {
        let Availability {
            person: _,
            time_zone,
            weekly,
            exceptions,
            holidays,
            seats,
            experience,
            fields,
            project_levels,
            languages,
            video_link,
        } = availability.clone();
        Self {
            time_zone,
            weekly,
            exceptions,
            holidays,
            seats,
            experience,
            fields,
            project_levels,
            languages,
            video_link,
        }
    }

    fn written_by(self, person: PersonId) -> Availability {
        let Self {
            time_zone,
            weekly,
            exceptions,
            holidays,
            seats,
            experience,
            fields,
            project_levels,
            languages,
            video_link,
        } = self;
        Availability {
            person,
            time_zone,
            weekly,
            exceptions,
            holidays,
            seats,
            experience,
            fields,
            project_levels,
            languages,
            video_link,
        }
    }
}

/// Reads when one can meet; nothing and no seats before it was written.
#[utoipa::path(get, path = "/v1/people/me/availability", tag = "sessions",
    responses((status = 200, description = "The availability, with an ETag", body = AvailabilityBody), Refusals))]
async fn get_availability(call: Call) -> Result<Reply, Problem> {
    let loaded = call.store().availability(call.person()?).await?;
    let item = call.permit(&permissions::GET_AVAILABILITY, loaded).await?;
    Ok(Reply::ok(&AvailabilityBody::of(&item.value))?.at(item.revision))
}

/// Writes when one can meet: a student's hours are looked at when a mentor is found. Sessions that are
/// booked stay booked.
#[utoipa::path(put, path = "/v1/people/me/availability", tag = "sessions", request_body = AvailabilityBody,
    responses((status = 200, description = "The availability as it is now", body = AvailabilityBody), Refusals))]
async fn put_availability(call: Call, Json(body): Json<AvailabilityBody>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let loaded = call.store().availability(person).await?;
    let item = call.permit(&permissions::PUT_AVAILABILITY, loaded).await?.into_inner();
    let takes_students = call.grants(person).await?.iter().any(|grant| grant.counts_as(&HOSTS, call.now));
    if body.seats > 0 && !takes_students {
        let detail = "Mentors, jurors and coaches take students; you have none of these roles.";
        return Err(Problem::field("/seats", detail));
    }
    call.expect_sent(&item)?;
    let written = body.written_by(person);
    written.check()?;
    let reply = Reply::ok(&AvailabilityBody::of(&written))?.at(item.revision + 1);
    let away = !written.holidays.is_empty();
    let transaction = call.store().keep_availability(&item.with(written), Problem::changed());
    let transaction = if away {
        transaction.enqueue(&Job::CoverHolidays { mentor: person }, call.now)
    } else {
        transaction
    };
    let reply = call.commit(transaction, reply).await?;
    if away {
        // One that waits for tonight looks now.
        call.store().hasten(&Job::CoverHolidays { mentor: person }, call.now).await?;
    }
    Ok(reply)
}

impl From<AvailabilityError> for Problem {
    fn from(error: AvailabilityError) -> Self {
        match &error {
            AvailabilityError::Time { pointer, reason } => {
                invalid_time(reason, pointer, &format!("{pointer}_offset"), pointer)
            }
            _ => Self::field(error.pointer(), format!("{error}.")),
        }
    }
}
