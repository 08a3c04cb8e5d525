//! What the worker has before it and what it gave up, for staff to look at.

use domain::id::{EnrollmentId, PersonId};
use domain::letter::Letter;
use jiff::Timestamp;
use serde::Serialize;
use storage::letter::UndeliveredLetter;
use storage::queue::JobLine;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_queue))
}

/// The first jobs of each kind of place.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// Where the school's clock stands.
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// Next to be done, earliest first.
    pub waiting: Vec<JobView>,
    /// Being done, or to be tried again.
    pub held: Vec<JobView>,
    /// Given up: somebody has to look.
    pub dead: Vec<JobView>,
    /// The newest letters that nobody could have: somebody has to tell their readers.
    pub undelivered: Vec<LetterView>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// What it is known by, in the logs too.
    pub id: String,
    /// What is to be done; `unreadable` where this version does not know it.
    #[schema(example = "bill")]
    pub kind: &'static str,
    /// When it is due, by the school's clock.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// How often it was begun.
    pub claims: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// A letter that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterView {
    /// What it is known by, in the logs too.
    pub id: String,
    /// What it tells, such as `invoice_issued` or `suspended`.
    #[schema(example = "payment_declined")]
    pub about: &'static str,
    /// About whose enrollment.
    #[schema(value_type = String)]
    pub enrollment: EnrollmentId,
    /// Whom it is for.
    #[schema(value_type = String)]
    pub to: PersonId,
    /// When what it tells happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    pub given_up_at: Timestamp,
    /// Why nobody got it.
    pub reason: String,
}

impl From<UndeliveredLetter> for LetterView {
    fn from(undelivered: UndeliveredLetter) -> Self {
        let UndeliveredLetter { letter, reason, given_up_at, .. } = undelivered;
        let (id, about) = (letter.id().simple().to_string(), letter.about.word());
        let Letter { enrollment, to, at, .. } = letter;
        Self { id, about, enrollment, to, at, given_up_at, reason }
    }
}

impl JobView {
    fn of(line: JobLine) -> Self {
        let JobLine { job, id, due_at, claims, last_error } = line;
        let kind = job.map_or("unreadable", |job| job.kind());
        Self { id: id.simple().to_string(), kind, due_at, claims, last_error }
    }
}

/// Shows the first jobs that wait, are held, or were given up, and letters that nobody could have.
#[utoipa::path(get, path = "/v1/admin/queue", tag = "queue",
    responses((status = 200, description = "The queue", body = QueueView), Refusals))]
async fn get_queue(call: Call) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_QUEUE).await?;
    let report = call.store().queue_report().await?;
    let view = |lines: Vec<JobLine>| lines.into_iter().map(JobView::of).collect();
    let (waiting, held, dead) = (view(report.waiting), view(report.held), view(report.dead));
    let undelivered = call.store().undelivered_letters().await?.into_iter().map(LetterView::from).collect();
    Reply::ok(&QueueView { now: call.now, waiting, held, dead, undelivered })
}
