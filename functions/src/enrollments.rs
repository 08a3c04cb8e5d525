//! Enrollments: from the quote to the last month.

mod accept; // the contract, its first invoice and its charge
mod paying; // how its months are paid, and by whom
mod views; // an enrollment as it is shown

use axum::http::StatusCode;
use domain::billing::Terms;
use domain::catalog::Language;
use domain::enrollment::{
    AcceptRefused, Application, ApplyRefused, Enrollment, PauseRefused, QuoteRefused, ResumeRefused,
    WithdrawRefused,
};
use domain::id::{EditionId, EnrollmentId};
use domain::job::Job;
use domain::permission::{Action, Subject};
use domain::time::Zone;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::clock::new_uuid;
use storage::enrollment::{OpenRefusal, Progress};
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use views::{EnrollmentView, WaitingView};

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall, me};
use crate::catalog::{no_price, unknown_edition};
use crate::page::{Cursor, ITEMS_MAX, List, after};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enroll, list_enrollments))
        .routes(routes!(get_enrollment))
        .routes(routes!(accept::accept))
        .routes(routes!(paying::get_payers, paying::put_payers))
        .routes(routes!(paying::get_payment_method, paying::put_payment_method))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(withdraw))
}

/// What a student enrolls on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrollBody {
    /// Which edition.
    #[schema(value_type = String, example = "web-development-gb")]
    edition: EditionId,
    /// In which language.
    #[schema(value_type = String, example = "en")]
    language: Language,
    /// IANA zone whose calendar decides every date of the enrollment.
    #[schema(value_type = String, example = "Europe/London")]
    time_zone: Zone,
    /// The wished start.
    #[schema(value_type = String, format = Date)]
    start_on: Date,
    /// Hours of study planned for a week.
    #[schema(example = 20)]
    hours_per_week: u32,
}

/// Enrolls: the answer is a quote that holds for a while.
#[utoipa::path(post, path = "/v1/enrollments", tag = "enrollments", request_body = EnrollBody,
    responses((status = 201, description = "The quoted enrollment", body = EnrollmentView), Refusals))]
async fn enroll(KeyedCall(call): KeyedCall, Json(body): Json<EnrollBody>) -> Result<Reply, Problem> {
    let person = call.permit(&permissions::ENROLL, me(&call).await?).await?;
    if person.value.invoice_address().is_none() {
        let detail = "Write your name and address first (PUT /v1/people/me): the invoice needs them.";
        return Err(Problem::new(Code::InvalidField, detail));
    }
    let edition = call.app.catalog.latest(&call, &body.edition).await?.ok_or_else(unknown_edition)?;
    let today = body.time_zone.date_at(call.now);
    let offer = edition.offer(today).ok_or_else(no_price)?;
    let application = Application {
        id: EnrollmentId::new(new_uuid(call.machine_now)),
        student: person.value.id,
        language: body.language.as_str().to_owned(),
        time_zone: body.time_zone,
        hours_per_week: body.hours_per_week,
        start_on: body.start_on,
        recognized_skills: Default::default(),
    };
    let enrollment = Enrollment::apply(application, &offer)?;
    let enrollment = enrollment.quote(&offer, &edition.terms_on(today), call.now)?;
    let expires_at = enrollment.next_change_at().and_then(Result::ok).unwrap_or(call.now);
    let view = EnrollmentView::of_new(&enrollment, &edition)?;
    let location = format!("/v1/enrollments/{}", enrollment.id);
    let by = enrollment.student.to_string();
    let transaction = call.store().open_enrollment(&enrollment, expires_at);
    let transaction = transaction.audit(&enrollment.key(), "enroll", &by, call.now);
    call.commit(transaction, Reply::created(location, &view)?.at(1)).await
}

/// Lists the enrollments that concern the asker, as student, mentor or coach.
#[utoipa::path(get, path = "/v1/enrollments", tag = "enrollments", params(Cursor),
    responses((status = 200, description = "The enrollments", body = List<EnrollmentLine>), Refusals))]
async fn list_enrollments(call: Call, Params(page): Params<Cursor>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let start = after(page.cursor.as_deref())?;
    let (items, next) = call.store().enrollments_of(person, start.as_deref(), ITEMS_MAX).await?;
    // A former mentor's link stays; what it leads to is no longer theirs to see.
    let concerns = |item: &Item<Enrollment>| !item.value.relations(person, call.now).is_empty();
    let items = items.into_iter().filter(concerns);
    let lines = items.map(|item| EnrollmentLine::of(item.value.as_of(call.now)));
    Reply::ok(&List::page(lines.collect(), next))
}

/// An enrollment in a list.
#[derive(Debug, Serialize, ToSchema)]
struct EnrollmentLine {
    id: String,
    state: String,
    edition: String,
    version: u32,
    language: String,
    student: String,
}

impl EnrollmentLine {
    fn of(enrollment: Enrollment) -> Self {
        Self {
            id: enrollment.id.to_string(),
            state: enrollment.state.word().to_owned(),
            edition: enrollment.edition.to_string(),
            version: enrollment.version,
            student: enrollment.student.to_string(),
            language: enrollment.language,
        }
    }
}

/// Shows an enrollment with its progress.
#[utoipa::path(get, path = "/v1/enrollments/{id}", tag = "enrollments", params(("id" = String, Path)),
    responses((status = 200, description = "The enrollment", body = EnrollmentView), Refusals))]
async fn get_enrollment(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    let progress = progress(&call, &permissions::GET_ENROLLMENT, id).await?;
    Ok(Reply::ok(&view(&call, &progress).await?)?.at(progress.enrollment.revision))
}

/// Loads a student's progress for an action.
pub async fn progress(call: &Call, action: &Action, id: EnrollmentId) -> Result<Progress, Problem> {
    call.person()?;
    let loaded = call.store().progress(id).await?.ok_or_else(Problem::not_found)?;
    Ok(call.permit(action, loaded).await?.into_inner())
}

/// The view of a progress, with the edition it is on.
async fn view(call: &Call, progress: &Progress) -> Result<EnrollmentView, Problem> {
    let enrollment = &progress.enrollment.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    EnrollmentView::of(progress, &edition, call.now)
}

/// The terms that hold for an enrollment today.
async fn terms(call: &Call, enrollment: &Enrollment) -> Result<Terms, Problem> {
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    Ok(edition.terms_on(enrollment.date_at(call.now)))
}

/// For how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    /// Whole months; as many as there may be, if left out.
    #[serde(default)]
    months: Option<u32>,
}

/// What an act on the calendar answers.
#[derive(Debug, Serialize, ToSchema)]
struct Effective {
    /// The state now.
    state: String,
    /// The first date on which it counts.
    #[schema(value_type = String, format = Date)]
    effective_on: Date,
}

/// Asks for a pause from the end of the paid period.
#[utoipa::path(post, path = "/v1/enrollments/{id}/pause", tag = "enrollments", params(("id" = String, Path)),
    request_body = PauseBody, responses((status = 200, description = "From when", body = Effective), Refusals))]
async fn pause(call: Call, At(id): At<EnrollmentId>, Json(body): Json<PauseBody>) -> Result<Reply, Problem> {
    let progress = progress(&call, &permissions::PAUSE, id).await?;
    let enrollment = progress.enrollment.value.clone();
    let terms = terms(&call, &enrollment).await?;
    let paused = enrollment.pause(body.months, &terms, call.now)?;
    let effective_on = paused.open_pause().map_or(paused.date_at(call.now), |pause| pause.from);
    change(&call, progress, paused, effective_on, "pause").await
}

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

/// Resumes after a pause: today is the new anchor, and the first month is billed today.
#[utoipa::path(post, path = "/v1/enrollments/{id}/resume", tag = "enrollments", params(("id" = String, Path)),
    request_body = NothingBody, responses((status = 200, description = "From when", body = Effective), Refusals))]
async fn resume(
    call: Call,
    At(id): At<EnrollmentId>,
    Json(body): Json<NothingBody>,
) -> Result<Reply, Problem> {
    let NothingBody {} = body;
    let progress = progress(&call, &permissions::RESUME, id).await?;
    let resumed = progress.enrollment.value.clone().resume(call.now)?;
    let effective_on = resumed.date_at(call.now);
    change(&call, progress, resumed, effective_on, "resume").await
}

/// Withdraws from the end of the paid period; within the days of cooling off the contract is taken
/// back, and what was not used is credited and paid back.
#[utoipa::path(post, path = "/v1/enrollments/{id}/withdraw", tag = "enrollments", params(("id" = String, Path)),
    request_body = NothingBody, responses((status = 200, description = "From when", body = Effective), Refusals))]
async fn withdraw(
    call: Call,
    At(id): At<EnrollmentId>,
    Json(body): Json<NothingBody>,
) -> Result<Reply, Problem> {
    let NothingBody {} = body;
    let progress = progress(&call, &permissions::WITHDRAW, id).await?;
    let terms = terms(&call, &progress.enrollment.value).await?;
    let withdrawn = progress.enrollment.value.clone().withdraw(&terms, call.now)?;
    let effective_on = withdrawn.leaves_on.unwrap_or(withdrawn.date_at(call.now));
    change(&call, progress, withdrawn, effective_on, "withdraw").await
}

/// Keeps what an act on the calendar changed, with the jobs it causes: what is planned, the next
/// bill, and sessions that may no longer be held, or may again.
async fn change(
    call: &Call,
    progress: Progress,
    changed: Enrollment,
    effective_on: Date,
    action: &'static str,
) -> Result<Reply, Problem> {
    call.expect_sent(&progress.enrollment)?;
    let billed = call.store().last_billed(changed.id).await?;
    let next = changed.periods_after(billed).next();
    let was = progress.enrollment.value.clone();
    let item = progress.enrollment.with(changed);
    let reply =
        Reply::new(StatusCode::OK, &Effective { state: item.value.state.word().to_owned(), effective_on })?;
    let transaction = call
        .store()
        .transaction::<Problem>()
        .save(&item, Problem::changed())
        .then_planned(&item.value)
        .bill_next(&item.value, next.as_ref(), call.now)
        .credit_unused(&item.value, call.now)
        .enqueue(&Job::ArrangeSessions { enrollment: item.value.id }, call.now)
        .introduce(&item.value, call.now)
        .audit(&item.value.key(), action, &call.person()?.to_string(), call.now);
    let transaction = if item.value.state.is_live() {
        transaction
    } else {
        transaction.no_longer_live(&item.value).leave_line(&was)
    };
    call.commit(transaction, reply.at(item.revision + 1)).await
}

/// Reads an enrollment's item as it counts now.
pub fn as_of(item: Item<Enrollment>, now: jiff::Timestamp) -> Item<Enrollment> {
    Item { value: item.value.as_of(now), revision: item.revision }
}

impl From<ApplyRefused> for Problem {
    fn from(refused: ApplyRefused) -> Self {
        Self::field("/hours_per_week", format!("{refused}."))
    }
}

impl From<QuoteRefused> for Problem {
    fn from(refused: QuoteRefused) -> Self {
        let code = match refused {
            QuoteRefused::EditionNotPublished { .. } => Code::EditionNotPublished,
            QuoteRefused::NotAccredited { .. } => Code::NotAccredited,
            QuoteRefused::NotApplied { .. } => Code::WrongState,
        };
        Self::new(code, format!("{refused}."))
    }
}

impl From<AcceptRefused> for Problem {
    fn from(refused: AcceptRefused) -> Self {
        match refused {
            AcceptRefused::OtherContract { .. } => Self::field("/contract_version", format!("{refused}.")),
            AcceptRefused::QuoteExpired | AcceptRefused::NotQuoted { .. } => {
                Self::new(Code::WrongState, format!("{refused}."))
            }
        }
    }
}

impl From<PauseRefused> for Problem {
    fn from(refused: PauseRefused) -> Self {
        match refused {
            PauseRefused::PauseOverlaps { .. } => Self::new(Code::PauseOverlaps, format!("{refused}.")),
            PauseRefused::Length { .. } => Self::field("/months", format!("{refused}.")),
            PauseRefused::Leaving { .. } | PauseRefused::NotActive { .. } => {
                Self::new(Code::WrongState, format!("{refused}."))
            }
        }
    }
}

impl From<ResumeRefused> for Problem {
    fn from(refused: ResumeRefused) -> Self {
        let code = match refused {
            ResumeRefused::NoMentor => Code::CapacityFull,
            ResumeRefused::NotPaused { .. } => Code::WrongState,
        };
        Self::new(code, format!("{refused}."))
    }
}

impl From<WithdrawRefused> for Problem {
    fn from(refused: WithdrawRefused) -> Self {
        Self::new(Code::WrongState, format!("{refused}."))
    }
}

impl From<OpenRefusal> for Problem {
    fn from(refusal: OpenRefusal) -> Self {
        match refusal {
            OpenRefusal::AlreadyEnrolled => {
                Self::new(Code::AlreadyEnrolled, "You live on this degree already: one enrollment at a time.")
            }
            OpenRefusal::Taken => Self::changed(),
        }
    }
}
