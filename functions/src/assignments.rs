//! Who mentors a student when.

use domain::enrollment::{AssignRefused, MentorAssignment};
use domain::id::{AssignmentId, EnrollmentId, PersonId};
use domain::job::Job;
use domain::occupancy::Week;
use domain::permission::{Role, Subject};
use domain::seat::Seat;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::assignment::Assigning;
use storage::clock::new_uuid;
use storage::seat::Holders;
use storage::transaction::read_again;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::enrollments::progress;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_assignment))
}

/// A mentor's time with a student.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignmentBody {
    /// The student's place.
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// Who mentors.
    #[schema(value_type = String)]
    mentor: PersonId,
    /// The first date.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// The first date after it, for a cover; left out for the student's new mentor.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

/// An assignment as it was made.
#[derive(Debug, Serialize, ToSchema)]
struct AssignmentView {
    #[schema(value_type = String)]
    id: AssignmentId,
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    #[schema(value_type = String)]
    mentor: PersonId,
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

/// Assigns a mentor, or a cover for a while. Whoever mentored hands over on the first date.
#[utoipa::path(post, path = "/v1/admin/assignments", tag = "sessions", request_body = AssignmentBody,
    responses((status = 201, description = "The assignment", body = AssignmentView), Refusals))]
async fn create_assignment(call: Call, Json(body): Json<AssignmentBody>) -> Result<Reply, Problem> {
    let id = AssignmentId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || assign(&call, id, body)).await
}

async fn assign(call: &Call, id: AssignmentId, body: AssignmentBody) -> Result<Reply, Problem> {
    let AssignmentBody { enrollment, mentor, from, to } = body;
    let progress = progress(call, &permissions::CREATE_ASSIGNMENT, enrollment).await?;
    let scope = progress.scope();
    let mentors = call.grants(mentor).await?;
    if !mentors.iter().any(|grant| grant.allows(&[Role::Mentor], &scope, call.now)) {
        return Err(Problem::field(
            "/mentor",
            "This person is no mentor for this degree: grant the role first.",
        ));
    }
    let assignment = MentorAssignment { id, mentor, from, to };
    call.expect(&progress.enrollment)?;
    let place = &progress.enrollment.value;
    let edition = call.app.catalog.version(call, &place.edition, place.version).await?;
    let policy = edition.pairing_policy_on(place.date_at(call.now));
    let frees_by = to.or_else(|| place.done_by(&edition, from));
    let holders = Holders::from([(mentor, None)]);
    let said = call.store().mentors(holders, Week::of(call.now)).await?.pop();
    let capacity = said.map_or(0, |mentor| mentor.capacity(&policy));
    let seats = call.store().seats(mentor).await?;
    let seat = Seat { since: call.now, frees_by, hour: None };
    let terms = edition.terms_on(place.date_at(call.now));
    let assigned = progress.assign(Assigning { assignment, seats, seat, capacity }, &terms, call.now)?;

    let AssignmentBody { enrollment: id_of, .. } = body;
    let view = AssignmentView { id, enrollment: id_of, mentor, from, to };
    let revision = assigned.enrollment.revision + 1;
    let reply = Reply::created(format!("/v1/enrollments/{id_of}"), &view)?.at(revision);
    let transaction = call
        .store()
        .transaction::<Problem>()
        .assign(&assigned, call.now, Problem::changed())
        .audit(&assigned.key(), "create_assignment", &call.person()?.to_string(), call.now);
    let transaction = if assigned.lets_begin() {
        transaction.enqueue(&Job::SeatStudent { enrollment: id_of }, call.now)
    } else {
        transaction
    };
    let transaction = transaction.introduce(&assigned.enrollment.value, call.now);
    call.commit(transaction, reply).await
}

impl From<AssignRefused> for Problem {
    fn from(refused: AssignRefused) -> Self {
        match refused {
            AssignRefused::MentorIsStudent => Self::field("/mentor", format!("{refused}.")),
            AssignRefused::NoTime { .. } => Self::field("/to", format!("{refused}.")),
            AssignRefused::SeatsTaken(_) => Self::at_field(
                Code::CapacityFull,
                "/mentor",
                format!("{refused}: choose another one, or let this one offer more seats."),
            ),
            AssignRefused::NotLive { .. } => Self::new(Code::WrongState, format!("{refused}.")),
        }
    }
}
