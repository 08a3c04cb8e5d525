//! A defense as it is shown, to whom it is shown.

use domain::assessment::Assessment;
use domain::defense::{
    ActionPlan, Appeal, Awaits, ConditionFinding, Consent, Defense, DefenseAgenda, DefenseState, Overall,
    Sitting, SkillJudgment, Verdict, Waiver,
};
use domain::id::{DefenseId, EnrollmentId, PersonId, ProjectId, SkillId, SubmissionId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// A defense.
#[derive(Debug, Serialize, ToSchema)]
pub struct DefenseView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DefenseId,
    /// How far it is.
    #[schema(example = "scheduled")]
    pub state: &'static str,
    /// Which defense of its project it is, from 1.
    pub number: u32,
    /// Of which enrollment.
    #[schema(value_type = String)]
    pub enrollment: EnrollmentId,
    /// What is defended.
    #[schema(value_type = String)]
    pub project: ProjectId,
    /// The accepted version.
    #[schema(value_type = String)]
    pub submission: SubmissionId,
    /// Who defends.
    #[schema(value_type = String)]
    pub student: PersonId,
    /// The student's mentor.
    #[schema(value_type = String)]
    pub mentor: PersonId,
    /// Who judges, once somebody is assigned.
    #[schema(value_type = Option<String>)]
    pub juror: Option<PersonId>,
    /// What is judged.
    #[schema(value_type = Vec<String>)]
    pub skills: Vec<SkillId>,
    /// The first date that was wished.
    #[schema(value_type = String, format = Date)]
    pub wished_from: Date,
    /// The last one.
    #[schema(value_type = String, format = Date)]
    pub wished_to: Date,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// Its time, once chosen.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// When it is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    /// How often its time was chosen.
    pub sequence: u32,
    /// Who agreed to be recorded.
    #[schema(value_type = Vec<Object>)]
    pub consents: Vec<Consent>,
    /// The room, for student and juror around its time, once both agreed to be recorded; in a defense read alone.
    pub join_url: Option<String>,
    /// When it was opened.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How far its recording is, once one is announced.
    pub recording: Option<&'static str>,
    /// Why it counts without one.
    #[schema(value_type = Option<Object>)]
    pub waiver: Option<Waiver>,
    /// The juror's words: what they are is shown to others once they count.
    pub verdict: Option<VerdictView>,
    /// Whose turn it is after a conditional verdict.
    #[schema(value_type = Option<String>, example = "student")]
    pub awaits: Option<Awaits>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Why it was cancelled or annulled.
    pub reason: Option<String>,
    /// How its time is spent.
    #[schema(value_type = Object)]
    pub agenda: DefenseAgenda,
    /// Which text student and juror agree to before they are recorded.
    pub consent: ConsentText,
    /// When the verdict is due, while none was given.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verdict_due_at: Option<Timestamp>,
    /// Whether it gets a time only with an action plan.
    pub needs_plan: bool,
    /// The action plan.
    #[schema(value_type = Option<Object>)]
    pub plan: Option<ActionPlan>,
    /// What the student uploaded after a conditional verdict.
    pub condition: Option<ConditionView>,
    /// Until when the student may appeal, once there is an outcome.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub appeal_ends_at: Option<Timestamp>,
    /// The student's appeal; whoever judges it does not see why before their own decision.
    pub appeal: Option<AppealView>,
    /// The mentor's judgment of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub assessment: Option<Assessment>,
}

/// A text that is agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentText {
    /// Its version, as `text_version` names it.
    #[schema(example = "1")]
    pub text_version: String,
    /// Where it stands.
    #[schema(example = "/web/recording-consent-1.html")]
    pub text_url: String,
}

impl ConsentText {
    fn of(version: u32) -> Self {
        Self { text_version: version.to_string(), text_url: format!("/web/recording-consent-{version}.html") }
    }
}

/// What a conditional verdict led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConditionView {
    /// SHA-256 of what was uploaded, 64 lower-case hex digits.
    pub sha256: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Where it is read, for 15 minutes; in a defense read alone.
    pub url: Option<String>,
    /// Whether it is what was asked for, once somebody looked.
    #[schema(value_type = Option<String>, example = "met")]
    pub finding: Option<ConditionFinding>,
    /// Why.
    pub note: Option<String>,
}

impl ConditionView {
    fn of(sitting: &Sitting) -> Option<Self> {
        let upload = sitting.condition_upload.as_ref()?;
        let decision = sitting.condition_decision.as_ref();
        Some(Self {
            sha256: upload.sha256.clone(),
            at: upload.at,
            url: None,
            finding: decision.map(|decision| decision.finding),
            note: decision.and_then(|decision| decision.note.clone()),
        })
    }
}

/// An appeal.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppealView {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why, in the student's words.
    pub reason: Option<String>,
    /// Who judges it, once somebody is found.
    #[schema(value_type = Option<String>)]
    pub reviewer: Option<PersonId>,
    /// When it was decided.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// What was found, skill by skill.
    #[schema(value_type = Option<Vec<Object>>)]
    pub verdicts: Option<Vec<SkillJudgment>>,
}

impl AppealView {
    fn of(appeal: &Appeal, shown: bool) -> Self {
        let decision = appeal.decision.as_ref();
        Self {
            at: appeal.at,
            reason: shown.then(|| appeal.reason.clone()),
            reviewer: appeal.reviewer,
            decided_at: decision.map(|decision| decision.at),
            verdicts: decision.map(|decision| decision.skills.clone()),
        }
    }
}

/// The juror's verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// `drafted` or `sealed`.
    #[schema(example = "sealed")]
    pub state: &'static str,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    pub given_at: Timestamp,
    /// Since when it counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sealed_at: Option<Timestamp>,
    /// What it comes to.
    #[schema(value_type = Option<String>, example = "passed")]
    pub overall: Option<Overall>,
    /// Skill by skill.
    #[schema(value_type = Option<Vec<Object>>)]
    pub verdicts: Option<Vec<SkillJudgment>>,
}

impl VerdictView {
    fn of(verdict: &Verdict, shown: bool) -> Self {
        Self {
            state: if verdict.seal.is_some() { "sealed" } else { "drafted" },
            given_at: verdict.given_at,
            sealed_at: verdict.seal.as_ref().map(|seal| seal.sealed_at),
            overall: shown.then(|| verdict.overall()),
            verdicts: shown.then(|| verdict.skills.clone()),
        }
    }
}

impl DefenseView {
    /// A defense as that person may see it, without the mentor's judgment.
    pub fn of(defense: &Defense, viewer: PersonId) -> Self {
        let request = defense.request();
        let (slot, sitting) = (defense.slot(), defense.sitting());
        let (awaits, until) = match defense.state() {
            DefenseState::Conditional { awaits, until } => (Some(*awaits), Some(*until)),
            _ => (None, None),
        };
        let reason = match defense.state() {
            DefenseState::Cancelled { reason } | DefenseState::Annulled { reason, .. } => {
                Some(reason.clone())
            }
            _ => None,
        };
        let shown = defense.shows_verdict_to(viewer);
        Self {
            id: defense.id(),
            state: defense.state().word(),
            number: defense.number(),
            enrollment: request.enrollment,
            project: request.project.clone(),
            submission: request.submission,
            student: request.student,
            mentor: defense.mentor(),
            juror: defense.juror(),
            skills: request.skills.iter().cloned().collect(),
            wished_from: request.wish.from,
            wished_to: request.wish.to,
            requested_at: defense.requested_at(),
            starts_at: slot.map(|slot| slot.starts_at),
            ends_at: slot.map(|slot| slot.ends_at),
            sequence: defense.sequence(),
            consents: defense.consents().to_vec(),
            join_url: None,
            started_at: sitting.map(|sitting| sitting.started_at),
            ended_at: sitting.and_then(|sitting| sitting.ended_at),
            recording: defense.recording().map(|recording| recording.state().word()),
            waiver: sitting.and_then(|sitting| sitting.waiver.clone()),
            verdict: defense.verdict().map(|verdict| VerdictView::of(verdict, shown)),
            awaits,
            until,
            reason,
            agenda: defense.policy().agenda,
            consent: ConsentText::of(defense.policy().consent_version),
            verdict_due_at: defense.verdict_due_at(),
            needs_plan: defense.needs_plan(),
            plan: defense.plan().cloned(),
            condition: sitting.filter(|_| shown).and_then(ConditionView::of),
            appeal_ends_at: defense.appeal_ends_at(),
            appeal: defense.appeal().map(|appeal| AppealView::of(appeal, shown)),
            assessment: None,
        }
    }
}
