//! Who mentors a student when.

use domain::commitment::Commitment;
use domain::conflict::Reason;
use domain::enrollment::{AssignRefused, MentorAssignment};
use domain::id::{AssignmentId, EnrollmentId, PersonId};
use domain::job::Job;
use domain::permission::{Role, Subject};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::Stored;
use storage::clock::new_uuid;
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
    let replaced = progress.enrollment.value.replaced_by(&assignment);
    let enrollment =
        progress.enrollment.try_map(|enrollment| enrollment.assign_mentor(assignment, call.now))?;
    call.expect(&enrollment)?;
    let mut conflicts = progress.conflicts;
    let mut news =
        conflicts.value.add(mentor, if to.is_none() { Reason::Mentor } else { Reason::CoverMentor });
    for former in &replaced {
        news |= conflicts.value.add(*former, Reason::PastMentor);
    }
    // The series of whoever hands over end on the day before; the sessions behind it go with the job.
    let hands_over =
        |series: &Commitment| series.kind.role() == Role::Mentor && replaced.contains(&series.with);
    let handed_over = progress.commitments.into_iter().filter(|series| hands_over(&series.value));
    let handed_over = handed_over.map(|series| {
        let ended = series.value.clone().end(from.saturating_sub(1.day()));
        series.with(ended)
    });

    let AssignmentBody { enrollment: id_of, .. } = body;
    let view = AssignmentView { id, enrollment: id_of, mentor, from, to };
    let reply = Reply::created(format!("/v1/enrollments/{id_of}"), &view)?.at(enrollment.revision + 1);
    let transaction = call.store().transaction::<Problem>().save(&enrollment, Problem::changed());
    let transaction = handed_over
        .fold(transaction, |transaction, series| transaction.save(&series, Problem::changed()))
        .concerns(mentor, id_of)
        .enqueue(&Job::ArrangeSessions { enrollment: id_of }, call.now)
        .audit(&enrollment.value.key(), "create_assignment", &call.person()?.to_string(), call.now);
    let transaction = if news { transaction.save(&conflicts, Problem::changed()) } else { transaction };
    call.commit(transaction, reply).await
}

impl From<AssignRefused> for Problem {
    fn from(refused: AssignRefused) -> Self {
        match refused {
            AssignRefused::MentorIsStudent => Self::field("/mentor", format!("{refused}.")),
            AssignRefused::NoTime { .. } => Self::field("/to", format!("{refused}.")),
            AssignRefused::NotLive { .. } => Self::new(Code::WrongState, format!("{refused}.")),
        }
    }
}
