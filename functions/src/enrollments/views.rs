//! An enrollment as it is shown: where it stands, what is left, what comes next.

use domain::attempt::Attempt;
use domain::catalog::Prospectus;
use domain::enrollment::{Enrollment, Pause, PauseCause, State, Waiting};
use domain::id::PersonId;
use domain::money::Money;
use domain::months::Months;
use domain::pairing::Why;
use domain::plan::{Plan, Wish};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use storage::enrollment::Progress;
use utoipa::ToSchema;

use crate::catalog::PlanView;
use crate::problem::Problem;
use crate::schema::MoneySchema;

/// An enrollment with its progress.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollmentView {
    id: String,
    state: String,
    student: String,
    edition: String,
    version: u32,
    language: String,
    time_zone: String,
    #[schema(value_type = String, format = Date)]
    start_on: Date,
    hours_per_week: u32,
    quote: PlanView,
    /// When the quote no longer holds, while it waits to be accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    quote_expires_at: Option<Timestamp>,
    contract: ContractView,
    attempts: Vec<AttemptView>,
    next_session: Option<MeetingView>,
    forecast: ForecastView,
    #[schema(value_type = Option<String>)]
    mentor: Option<PersonId>,
    /// The line for a mentor, where there was no free seat: nothing is owed while it waits.
    waiting: Option<WaitingView>,
    pauses: Vec<PauseView>,
}

/// How somebody stands in the line for a mentor.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingView {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How many wait before, and one, when it was last looked; it never grows.
    place: u64,
    /// The date by which a seat should be free; it never moves back. Null where nobody knows.
    #[schema(value_type = Option<String>, format = Date)]
    expected_on: Option<Date>,
    /// `capacity`: all seats are taken; `no_overlap`: nobody has an hour of the week in common; `no_candidate`:
    /// nobody mentors this in this language yet.
    #[schema(value_type = String)]
    reason: Why,
}

impl WaitingView {
    /// The line as it was last looked at.
    pub const fn of(waiting: &Waiting) -> Self {
        let Waiting { since, place, expected_on, why, .. } = *waiting;
        Self { since, place, expected_on, reason: why }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ContractView {
    version: u32,
    text_url: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    project: String,
    state: String,
    submissions: Vec<SubmissionLine>,
    defense: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SubmissionLine {
    id: String,
    version: u32,
    #[schema(value_type = String)]
    state: domain::submission::Stage,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeetingView {
    id: String,
    #[schema(value_type = String)]
    kind: domain::session::SessionKind,
    #[schema(value_type = String)]
    with: PersonId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
struct ForecastView {
    /// The first date after the last month of the path.
    #[schema(value_type = String, format = Date)]
    ends_on: Date,
    #[schema(value_type = String, example = "12.0")]
    months: Months,
    #[schema(value_type = MoneySchema)]
    total: Money,
}

#[derive(Debug, Serialize, ToSchema)]
struct PauseView {
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// Null where the school has no mentor: it lasts until one is found and the student resumes.
    #[schema(value_type = Option<String>, format = Date)]
    planned_to: Option<Date>,
    /// `asked` by the student, or `no_mentor`: then nothing is owed from its first day on.
    #[schema(value_type = String)]
    cause: PauseCause,
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

impl EnrollmentView {
    /// An enrollment that nothing was done on yet.
    pub fn of_new(enrollment: &Enrollment, edition: &Prospectus) -> Result<Self, Problem> {
        let recognized = Vec::from_iter(enrollment.recognized_skills.iter().cloned());
        let wish = Wish { recognized_skills: &recognized, hours_per_week: enrollment.hours_per_week };
        let plan = Plan::new(edition, enrollment.monthly_price, &wish)?;
        let forecast = ForecastView {
            ends_on: enrollment.months_end_on(plan.months.started()),
            months: plan.months,
            total: plan.total,
        };
        let version =
            enrollment.contract.as_ref().map_or(enrollment.contract_version, |contract| contract.version);
        Ok(Self {
            id: enrollment.id.to_string(),
            state: enrollment.state.word().to_owned(),
            student: enrollment.student.to_string(),
            edition: enrollment.edition.to_string(),
            version: enrollment.version,
            language: enrollment.language.clone(),
            time_zone: enrollment.time_zone.to_string(),
            start_on: enrollment.start_on,
            hours_per_week: enrollment.hours_per_week,
            quote: plan.into(),
            quote_expires_at: match enrollment.state {
                State::Quoted { expires_at } => Some(expires_at),
                _ => None,
            },
            contract: ContractView {
                version,
                text_url: format!("/contracts/{version}"),
                accepted_at: enrollment.contract.as_ref().map(|contract| contract.accepted_at),
            },
            attempts: Vec::new(),
            next_session: None,
            forecast,
            mentor: None,
            waiting: enrollment.waiting.as_ref().map(WaitingView::of),
            pauses: enrollment.pauses.iter().map(PauseView::of).collect(),
        })
    }

    /// An enrollment with all that was done on it.
    pub fn of(progress: &Progress, edition: &Prospectus, now: Timestamp) -> Result<Self, Problem> {
        let enrollment = progress.enrollment.value.clone().as_of(now);
        let next = progress.agenda.value.next(now).map(|meeting| MeetingView {
            id: meeting.session.to_string(),
            kind: meeting.kind,
            with: meeting.with,
            starts_at: meeting.starts_at,
            ends_at: meeting.ends_at,
        });
        Ok(Self {
            attempts: progress.attempts.iter().map(|attempt| AttemptView::of(&attempt.value)).collect(),
            next_session: next,
            mentor: enrollment.mentor_on(enrollment.date_at(now)),
            ..Self::of_new(&enrollment, edition)?
        })
    }
}

impl AttemptView {
    fn of(attempt: &Attempt) -> Self {
        let submissions = attempt.submissions.iter();
        Self {
            project: attempt.project.to_string(),
            state: attempt.state.word().to_owned(),
            submissions: submissions
                .map(|line| SubmissionLine {
                    id: line.id.to_string(),
                    version: line.version,
                    state: line.state,
                })
                .collect(),
            defense: attempt.defense.map(|defense| defense.to_string()),
        }
    }
}

impl PauseView {
    fn of(pause: &Pause) -> Self {
        let planned_to = (!pause.is_ours()).then_some(pause.planned_to);
        Self { from: pause.from, planned_to, cause: pause.cause, to: pause.to }
    }
}
