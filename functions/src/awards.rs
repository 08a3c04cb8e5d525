//! The decision that ends a degree, and the credentials that anyone may read and verify.

use domain::attempt::Attempt;
use domain::award::{
    AgainRefused, Award, AwardDecision, AwardFacts, AwardRefusal, AwardedSkill, Curriculum, Decided,
    Evidence, Partner, ProveAgain, decide,
};
use domain::billing::Due;
use domain::credential::claims::{Claims, Issuer};
use domain::credential::{Credential, Signature, Verification};
use domain::defense::Defense;
use domain::enrollment::{Enrollment, NotAwardPending};
use domain::id::{AwardId, CredentialId, DegreeId, EditionId, EnrollmentId, SkillId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::award::{DecisionRefusal, Issued, Shown};
use storage::enrollment::Progress;
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::enrollments::progress;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::signing::{SigningFailed, claims_of};

/// The school's name on what it signs.
const SCHOOL: &str = "Compagnon";

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(decide_award))
        .routes(routes!(get_credential))
        .routes(routes!(verify_credential))
        .routes(routes!(get_keys))
}

/// What is decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// Whether the degree is earned.
    pub decision: DecisionWord,
    /// What is to be shown once more; only with `prove_again`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub skills: Vec<SkillId>,
}

/// A decision in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionWord {
    /// The degree is earned.
    Award,
    /// Some skills are to be shown once more.
    ProveAgain,
}

/// What came of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// The legal fact; null with `prove_again`.
    pub award: Option<AwardView>,
    /// What the graduate carries away; null with `prove_again`.
    pub credential: Option<CredentialView>,
    /// The enrollment's state from now on.
    #[schema(example = "completed")]
    pub state: &'static str,
}

/// An award as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct AwardView {
    /// Its id.
    #[schema(value_type = String, example = "awa_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    pub id: AwardId,
    /// The enrollment it ended.
    #[schema(value_type = String)]
    pub enrollment: EnrollmentId,
    /// The degree.
    #[schema(value_type = String)]
    pub degree: DegreeId,
    /// Its title.
    pub title: String,
    /// The edition it was learned on.
    #[schema(value_type = String)]
    pub edition: EditionId,
    /// The edition's version.
    pub version: u32,
    /// The day of the decision.
    #[schema(value_type = String, format = Date)]
    pub awarded_on: Date,
    /// Level of the European Qualifications Framework that day.
    pub eqf_level: u8,
    /// Where it was recognized that day, by ISO 3166-1 code.
    pub countries: Vec<String>,
    /// Whose names stood beside the school's that day.
    #[schema(value_type = Vec<Object>)]
    pub partners: Vec<Partner>,
    /// Every skill of the edition.
    #[schema(value_type = Vec<Object>)]
    pub skills: Vec<AwardedSkill>,
    /// What the verdicts rest on: hashes, never links.
    #[schema(value_type = Vec<Object>)]
    pub evidence: Vec<Evidence>,
}

/// A credential as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialView {
    /// Its id.
    #[schema(value_type = String, example = "cre_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    pub id: CredentialId,
    /// Whether the school stands by it.
    #[schema(example = "issued")]
    pub state: &'static str,
    /// When it was signed.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// The signed bytes: a W3C verifiable credential as a JWT.
    pub jwt: String,
}

/// A credential with what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicCredential {
    /// The credential.
    #[serde(flatten)]
    pub credential: CredentialView,
    /// What it says.
    pub award: AwardView,
}

/// Whether a degree is real.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// `valid`, `revoked`, `suspended`, `changed` or `unknown`.
    #[schema(value_type = String, example = "valid")]
    pub status: domain::credential::VerificationStatus,
    /// Why it is not valid; empty if it is.
    pub reasons: Vec<String>,
}

impl DecisionView {
    fn awarded(award: Award, credential: Credential) -> Self {
        let (award, credential) = (AwardView::of(award), CredentialView::of(credential));
        Self { award: Some(award), credential: Some(credential), state: "completed" }
    }
}

impl AwardView {
    fn of(award: Award) -> Self {
        Self {
            id: award.id,
            enrollment: award.enrollment,
            degree: award.degree,
            title: award.title,
            edition: award.edition,
            version: award.version,
            awarded_on: award.awarded_on,
            eqf_level: award.eqf_level,
            countries: award.countries.into_iter().collect(),
            partners: award.partners,
            skills: award.skills,
            evidence: award.evidence,
        }
    }
}

impl CredentialView {
    fn of(credential: Credential) -> Self {
        let Credential { id, issued_at, jwt, state, .. } = credential;
        Self { id, state: state.word(), issued_at, jwt }
    }
}

/// Decides about an enrollment whose projects are all done: the degree is earned, or some skills
/// are to be proved again. A degree that was awarded before is answered again with 200.
#[utoipa::path(post, path = "/v1/enrollments/{id}/award", tag = "awards", params(("id" = String, Path)),
    request_body = DecisionBody, responses(
        (status = 201, description = "The award and its credential", body = DecisionView),
        (status = 200, description = "Skills are to be proved again, or the degree was awarded before",
            body = DecisionView),
        Refusals))]
async fn decide_award(
    KeyedCall(call): KeyedCall,
    At(id): At<EnrollmentId>,
    Json(body): Json<DecisionBody>,
) -> Result<Reply, Problem> {
    let progress = progress(&call, &permissions::DECIDE_AWARD, id).await?;
    call.expect(&progress.enrollment)?;
    let decision = body.decision()?;
    if let (AwardDecision::Award, Some(award)) = (&decision, progress.enrollment.value.award()) {
        return awarded_before(&call, award).await;
    }
    let (facts, shown) = gather(&call, &progress).await?;
    match decide(facts, decision, call.person()?, call.now)? {
        Decided::Award(award) => keep_award(&call, progress.enrollment, award).await,
        Decided::ProveAgain(again) => keep_reopened(&call, progress, shown, &again).await,
    }
}

impl DecisionBody {
    fn decision(self) -> Result<AwardDecision, Problem> {
        match self.decision {
            DecisionWord::ProveAgain => Ok(AwardDecision::ProveAgain { skills: self.skills }),
            DecisionWord::Award if self.skills.is_empty() => Ok(AwardDecision::Award),
            DecisionWord::Award => {
                Err(Problem::field("/skills", "expected none: an award names every skill"))
            }
        }
    }
}

/// The facts of a decision, and the defenses they come from.
async fn gather(call: &Call, progress: &Progress) -> Result<(AwardFacts, Shown), Problem> {
    let enrollment = &progress.enrollment.value;
    let shown = call.store().shown(&progress.attempts).await?;
    let edition = call.app.catalog.fresh(call, &enrollment.edition, enrollment.version).await?;
    let curriculum = Curriculum::of(&edition, &enrollment.language);
    let defenses: Vec<_> = shown.defenses.iter().map(|defense| defense.value.clone()).collect();
    Ok((AwardFacts::gather(enrollment, curriculum, &defenses, &shown.submissions), shown))
}

async fn keep_award(call: &Call, enrollment: Item<Enrollment>, award: Award) -> Result<Reply, Problem> {
    let student = call.store().person(award.person).await?;
    let name = student.and_then(|person| person.value.name).ok_or_else(nameless)?;
    let issuer = Issuer { id: call.app.settings.public_url.clone(), name: SCHOOL.to_owned() };
    let claims = Claims::of(&award, Credential::id_of(award.id, 1), &name, &issuer);
    let credential = Credential::issue(award.id, award.person, call.app.signer.sign(&claims)?, call.now);
    let enrollment = enrollment.try_map(|enrollment| enrollment.complete(award.id, call.now))?;
    let transaction = call.store().keep_award(&enrollment, &award, &credential, call.now);
    let by = call.person()?.to_string();
    let transaction = transaction.audit(&enrollment.value.key(), "decide_award", &by, call.now);
    let (id, location) = (award.id, location(credential.id));
    let reply = Reply::created(location, &DecisionView::awarded(award, credential))?.at(1);
    match call.commit(transaction, reply).await {
        // Somebody else awarded it at the same moment.
        Err(problem) if problem.code == Code::AlreadyDecided => awarded_before(call, id).await,
        reply => reply,
    }
}

/// The degree was awarded before: the same award and credential again.
async fn awarded_before(call: &Call, award: AwardId) -> Result<Reply, Problem> {
    let issued = call.store().issued(Credential::id_of(award, 1)).await?.ok_or_else(Problem::not_found)?;
    let Issued { credential, award } = call.permit(&permissions::GET_CREDENTIAL, issued).await?.into_inner();
    let (id, revision) = (credential.value.id, credential.revision);
    let reply = Reply::ok(&DecisionView::awarded(award, credential.value))?.at(revision);
    Ok(Reply { location: Some(location(id)), ..reply })
}

async fn keep_reopened(
    call: &Call,
    progress: Progress,
    shown: Shown,
    again: &ProveAgain,
) -> Result<Reply, Problem> {
    let enrollment = progress.enrollment.try_map(|enrollment| again.reopen(enrollment))?;
    let attempts = reopened(progress.attempts, again)?;
    let annulled = annulled(shown, again)?;
    let billed = call.store().last_billed(again.enrollment).await?;
    let next: Option<Due> = enrollment.value.periods_after(billed).next();
    let transaction = call.store().keep_reopened(&enrollment, &attempts, &annulled, next.as_ref(), call.now);
    let by = call.person()?.to_string();
    let transaction = transaction.audit(&enrollment.value.key(), "decide_award", &by, call.now);
    let view = DecisionView { award: None, credential: None, state: enrollment.value.state.word() };
    call.commit(transaction, Reply::ok(&view)?.at(enrollment.revision + 1)).await
}

/// The attempts that "prove again" changes.
fn reopened(attempts: Vec<Item<Attempt>>, again: &ProveAgain) -> Result<Vec<Item<Attempt>>, Problem> {
    let values = attempts.iter().map(|attempt| attempt.value.clone()).collect();
    let became = again.reopen_attempts(values)?.into_iter();
    let changed = attempts.into_iter().zip(became).filter(|(was, became)| was.value != *became);
    Ok(changed.map(|(was, became)| was.with(became)).collect())
}

/// The defenses that no longer count.
fn annulled(shown: Shown, again: &ProveAgain) -> Result<Vec<Item<Defense>>, Problem> {
    let annul =
        |defense: Item<Defense>| Some(again.annul(&defense.value)?.map(|became| defense.with(became)));
    Ok(shown.defenses.into_iter().filter_map(annul).collect::<Result<_, _>>()?)
}

fn location(credential: CredentialId) -> String {
    format!("/v1/credentials/{credential}")
}

fn nameless() -> Problem {
    Problem::new(Code::WrongState, "The student's profile has no name to put on a credential.")
}

/// Reads a credential: what was signed, whether the school stands by it, and the award it says.
#[utoipa::path(get, path = "/v1/credentials/{id}", tag = "awards", params(("id" = String, Path)),
    responses((status = 200, description = "The credential", body = PublicCredential), Refusals))]
async fn get_credential(call: Call, At(id): At<CredentialId>) -> Result<Reply, Problem> {
    let issued = call.store().issued(id).await?.ok_or_else(Problem::not_found)?;
    let Issued { credential, award } = call.permit(&permissions::GET_CREDENTIAL, issued).await?.into_inner();
    let revision = credential.revision;
    let view =
        PublicCredential { credential: CredentialView::of(credential.value), award: AwardView::of(award) };
    Ok(Reply::ok(&view)?.at(revision))
}

/// Says whether a degree is real: signed by the school, unchanged, and still stood by.
#[utoipa::path(get, path = "/v1/credentials/{id}/verification", tag = "awards", params(("id" = String, Path)),
    responses((status = 200, description = "The answer, also about what is unknown", body = VerificationView),
        Refusals))]
async fn verify_credential(call: Call, At(id): At<String>) -> Result<Reply, Problem> {
    let verification = match id.parse() {
        Ok(id) => verification(&call, id).await?,
        Err(_) => Verification::unknown(),
    };
    let Verification { status, reasons } = verification;
    Reply::ok(&VerificationView { status, reasons })
}

async fn verification(call: &Call, id: CredentialId) -> Result<Verification, Problem> {
    let Some(issued) = call.store().issued(id).await? else { return Ok(Verification::unknown()) };
    let issued = call.permit(&permissions::VERIFY_CREDENTIAL, issued).await?;
    let credential = &issued.credential.value;
    let told = claims_of(&credential.jwt).is_some_and(|claims| claims.tell_of(&issued.award));
    let signature = match call.app.signer.verification(&credential.jwt) {
        Signature::Valid if told => Signature::Valid,
        _ => Signature::Changed,
    };
    Ok(credential.verification(signature))
}

/// The school's public keys, with which anyone can verify a credential offline.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "awards",
    responses((status = 200, description = "A JSON Web Key Set", body = Object), Refusals))]
async fn get_keys(call: Call) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_KEYS).await?;
    Reply::ok(&call.app.signer.keys())
}

impl From<AwardRefusal> for Problem {
    fn from(refusal: AwardRefusal) -> Self {
        let detail = format!("{refusal}.");
        match refusal {
            AwardRefusal::AlreadyDecided => Self::new(Code::AlreadyDecided, detail),
            AwardRefusal::NotPending => Self::new(Code::WrongState, detail),
            AwardRefusal::NotAccredited { .. } => Self::new(Code::NotAccredited, detail),
            AwardRefusal::SkillsOpen { skills } => {
                Self::new(Code::EvidenceMissing, detail).with("skills", skills)
            }
            AwardRefusal::EvidenceMissing { projects } => {
                Self::new(Code::EvidenceMissing, detail).with("projects", projects)
            }
            AwardRefusal::NothingToProve | AwardRefusal::UnknownSkills { .. } => {
                Self::field("/skills", detail)
            }
        }
    }
}

impl From<AgainRefused> for Problem {
    fn from(refusal: AgainRefused) -> Self {
        Self::new(Code::WrongState, format!("{refusal}."))
    }
}

impl From<NotAwardPending> for Problem {
    fn from(refusal: NotAwardPending) -> Self {
        Self::new(Code::WrongState, format!("{refusal}."))
    }
}

impl From<DecisionRefusal> for Problem {
    fn from(refusal: DecisionRefusal) -> Self {
        match refusal {
            DecisionRefusal::Awarded => Self::from(AwardRefusal::AlreadyDecided),
            DecisionRefusal::Changed => Self::changed(),
        }
    }
}

impl From<SigningFailed> for Problem {
    fn from(error: SigningFailed) -> Self {
        tracing::error!(%error, "a credential cannot be signed");
        Self::new(Code::Internal, "The credential could not be signed. We have been told.")
    }
}
