//! The juror's verdict, and the waiver that lets it count without a recording.

use axum::http::StatusCode;
use domain::defense::{GivenVerdict, SkillJudgment, SkillVerdict};
use domain::id::{DefenseId, SkillId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::DefenseView;
use super::step::act;
use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(give_verdict)).routes(routes!(waive_recording))
}

/// The juror's words, each skill once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictBody {
    /// One for each skill that the defense judges.
    verdicts: Vec<JudgmentBody>,
}

/// The juror's word on one skill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JudgmentBody {
    /// Which.
    #[schema(value_type = String)]
    skill: SkillId,
    /// What was seen of it.
    verdict: VerdictWord,
    /// What the student is to upload, with `if_uploaded`.
    what: Option<String>,
    /// What the student should know about it.
    note: Option<String>,
}

/// What was seen of a skill.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerdictWord {
    /// It was shown.
    Acquired,
    /// It was not shown yet.
    NotYet,
    /// It is shown by something small to be uploaded.
    IfUploaded,
}

impl JudgmentBody {
    /// The judgment, or the field at fault of the entry with that index.
    fn parse(self, index: usize) -> Result<SkillJudgment, Problem> {
        let Self { skill, verdict, what, note } = self;
        let verdict = match (verdict, what) {
            (VerdictWord::Acquired, None) => SkillVerdict::Acquired,
            (VerdictWord::NotYet, None) => SkillVerdict::NotYet,
            (VerdictWord::IfUploaded, Some(what)) => SkillVerdict::IfUploaded { what },
            (VerdictWord::Acquired | VerdictWord::NotYet, Some(_)) => {
                let detail = "Only if_uploaded says what is to be uploaded.";
                return Err(Problem::field(format!("/verdicts/{index}/what"), detail));
            }
            (VerdictWord::IfUploaded, None) => {
                let detail = "Say what the student is to upload.";
                return Err(Problem::field(format!("/verdicts/{index}/what"), detail));
            }
        };
        Ok(SkillJudgment { skill, verdict, note })
    }
}

/// The judgments of a body, or the field at fault.
pub(super) fn judgments(bodies: Vec<JudgmentBody>) -> Result<Vec<SkillJudgment>, Problem> {
    bodies.into_iter().enumerate().map(|(index, body)| body.parse(index)).collect()
}

/// Judges every skill, once: 201 where the verdict counts, 202 where it is kept as drafted until the
/// recording is verified or waived.
#[utoipa::path(post, path = "/v1/defenses/{id}/verdict", tag = "defenses", request_body = VerdictBody,
    params(("id" = String, Path)),
    responses((status = 201, description = "Sealed", body = DefenseView),
        (status = 202, description = "Drafted", body = DefenseView), Refusals))]
async fn give_verdict(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<VerdictBody>,
) -> Result<Reply, Problem> {
    let verdicts = judgments(body.verdicts)?;
    let me = call.person()?;
    act(&call, &permissions::GIVE_VERDICT, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok(match defense.verdict_given(me, verdicts.clone(), conflicts, call.now)? {
            GivenVerdict::Sealed(next) => (StatusCode::CREATED, next),
            GivenVerdict::Drafted(next) => (StatusCode::ACCEPTED, next),
        })
    })
    .await
}

/// Why a defense counts without a recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverBody {
    /// Signed with the name of who sends it.
    reason: String,
}

/// Signs that the defense counts without a recording, which seals a drafted verdict.
#[utoipa::path(post, path = "/v1/defenses/{id}/waiver", tag = "defenses", request_body = WaiverBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn waive_recording(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<WaiverBody>,
) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::WAIVE_RECORDING, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.waived(me, body.reason.clone(), conflicts, call.now)?))
    })
    .await
}
