//! Uploads: a place for a file's bytes, which go straight to the store.

use domain::digest::{Crc64, Sha256Hex};
use domain::id::UploadId;
use domain::upload::{
    Declared, FileName, POLICY, PartsError, Purpose, Refusal, Upload, UploadError, UploadPolicy,
    UploadRequest, UploadState, UploadSubject,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::clock::new_uuid;
use storage::upload::{Destination, UploadRefusal};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::capability::Use;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_upload)).routes(routes!(get_upload))
}

/// A file to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadBody {
    /// What for: `submission`, `recording` or `evidence`.
    #[schema(value_type = String, example = "submission")]
    pub purpose: Purpose,
    /// What it belongs to: the id of a submission, defense, session or enrollment.
    #[schema(value_type = String, example = "sub_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    pub subject: UploadSubject,
    /// Its name on the sender's machine.
    #[schema(example = "site.zip")]
    pub filename: String,
    /// Its media type.
    #[serde(rename = "type")]
    #[schema(example = "application/zip")]
    pub content_type: String,
    /// In bytes; a live recording tells it at complete.
    #[schema(example = 20_971_520)]
    pub size: Option<u64>,
    /// SHA-256 of the bytes, 64 lower-case hex digits; this or the other sum is needed.
    #[schema(value_type = Option<String>)]
    pub sha256: Option<Sha256Hex>,
    /// CRC-64/NVME of the bytes, base64 of its 8 bytes, the highest first.
    #[schema(value_type = Option<String>)]
    pub crc64nvme: Option<Crc64>,
}

/// An upload as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadView {
    /// Which.
    #[schema(value_type = String)]
    pub id: UploadId,
    /// `open`, `arrived`, `verified`, `refused` or `abandoned`.
    pub state: &'static str,
    /// What for.
    #[schema(value_type = String)]
    pub purpose: Purpose,
    /// What it belongs to.
    #[schema(value_type = String)]
    pub subject: UploadSubject,
    /// What the file was called, without what is not safe to show.
    #[schema(value_type = String)]
    pub filename: FileName,
    /// Its media type.
    #[serde(rename = "type")]
    pub content_type: String,
    /// Where its bytes lie: what is handed in is named by it.
    pub key: String,
    /// In bytes, once known.
    pub size: Option<u64>,
    /// Of its bytes: as declared, then as read by the school.
    #[schema(value_type = Option<String>)]
    pub sha256: Option<Sha256Hex>,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// Under which parts are sent, while it is open: Uppy's `endpoint` or `companionUrl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// When the endpoint ends; reading the upload gives a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Why it was refused, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl UploadView {
    fn of(call: &Call, upload: &Upload) -> Self {
        let endpoint = match upload.state {
            UploadState::Open { .. } => Some(endpoint(call, upload.id)),
            _ => None,
        };
        let (endpoint, expires_at) = endpoint.unzip();
        let verified = upload.verified();
        let declared = upload.declared;
        Self {
            id: upload.id,
            state: upload.state.word(),
            purpose: upload.purpose,
            subject: upload.subject,
            filename: upload.filename.clone(),
            content_type: upload.content_type.clone(),
            key: upload.key().to_string(),
            size: verified.map(|(size, _)| size).or(declared.map(|declared| declared.size)),
            sha256: verified.map(|(_, sum)| sum).or(declared.and_then(|declared| declared.sha256)),
            part_size: upload.part_size,
            endpoint,
            expires_at,
            reason: upload.refusal().map(Refusal::to_string),
        }
    }
}

/// The rules of uploads, as this deployment is set up.
pub fn policy(call: &Call) -> UploadPolicy {
    let idle_max = SignedDuration::try_from(call.app.settings.upload_idle_max).unwrap_or(POLICY.idle_max);
    UploadPolicy { idle_max, ..POLICY }
}

/// Where an upload's parts are asked for, and until when.
fn endpoint(call: &Call, upload: UploadId) -> (String, Timestamp) {
    let until = call.links_end_at();
    let capability = call.app.capability_key.give(Use::Feed, upload, until);
    (format!("{}/v1/uploads/{upload}/{capability}", call.app.settings.public_url), until)
}

/// How often an upload is opened anew because another call changed what it read.
const TRIES_MAX: u32 = 8;

/// Opens an upload for a draft of one's own, for evidence, for what one's juror asked for, or for the recording of
/// a defense one judges.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", request_body = UploadBody,
    responses((status = 201, description = "The upload, and where its parts go", body = UploadView), Refusals))]
async fn create_upload(call: Call, Json(body): Json<UploadBody>) -> Result<Reply, Problem> {
    let owner = call.person()?;
    let id = UploadId::new(new_uuid(call.machine_now));
    // What no purpose fits is refused before anything is read.
    let upload = Upload::open(id, owner, body.request()?, &policy(&call), call.now)?;
    for _ in 0..TRIES_MAX {
        match open(&call, &upload).await {
            Err(problem) if problem.was_changed() => {}
            opened => return opened,
        }
    }
    Err(Problem::changed())
}

async fn open(call: &Call, upload: &Upload) -> Result<Reply, Problem> {
    let policy = policy(call);
    let Upload { id, owner, purpose, subject, .. } = *upload;
    let found = call.store().destination(purpose, subject).await?.ok_or_else(Problem::not_found)?;
    let transaction = call.store().open_upload(upload, call.now + policy.idle_max);
    let transaction = match call.permit(&permissions::CREATE_UPLOAD, found).await?.into_inner() {
        Destination::Submission(submission) => {
            submission.value.check_draft()?;
            transaction
        }
        Destination::Claim(_) => transaction,
        Destination::Condition(defense) => {
            defense.value.check_condition_open(call.now)?;
            transaction
        }
        Destination::Recording(defense) => {
            let announced =
                defense.try_map(|defense| defense.recording_announced(id, Some(owner), call.now))?;
            transaction.announces(&announced, call.now)
        }
    };
    let transaction = match upload.declared.filter(|_| purpose != Purpose::Recording) {
        Some(declared) => {
            let quota = call.store().upload_quota(owner).await?;
            let begun = quota.try_map(|quota| quota.begin(declared.size, &policy, call.now))?;
            transaction.save(&begun, UploadRefusal::Changed)
        }
        None => transaction,
    };
    // An Idempotency-Key is of no use here: its record would keep a capability.
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/uploads/{id}"), &UploadView::of(call, upload))?.at(1))
}

/// Shows an upload; while it is open, with an endpoint for another while.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 200, description = "The upload", body = UploadView), Refusals))]
async fn get_upload(call: Call, At(id): At<UploadId>) -> Result<Reply, Problem> {
    let found = call.store().upload(id).await?.ok_or_else(Problem::not_found)?;
    let upload = call.permit(&permissions::GET_UPLOAD, found).await?;
    Ok(Reply::ok(&UploadView::of(&call, &upload.value))?.at(upload.revision))
}

impl UploadBody {
    fn request(self) -> Result<UploadRequest, Problem> {
        let Self { purpose, subject, filename, content_type, size, sha256, crc64nvme } = self;
        let declared = declared(size, sha256, crc64nvme)?;
        let filename = FileName::sanitized(&filename);
        Ok(UploadRequest { purpose, subject, filename, content_type, declared })
    }
}

/// Size and sums that were told together, or none of them.
pub fn declared(
    size: Option<u64>,
    sha256: Option<Sha256Hex>,
    crc64nvme: Option<Crc64>,
) -> Result<Option<Declared>, Problem> {
    match size {
        Some(size) => Ok(Some(Declared { size, sha256, crc64nvme })),
        None if sha256.is_none() && crc64nvme.is_none() => Ok(None),
        None => Err(Problem::field("/size", "Tell the size together with the sums.")),
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let detail = format!("{error}.");
        match error {
            UploadError::EmptyFile => Self::at_field(Code::EmptyFile, "/size", detail),
            UploadError::TooLarge { .. } => Self::field("/size", detail),
            UploadError::TypeNotTaken { .. } => Self::field("/type", detail),
            UploadError::WrongSubject { .. } => Self::field("/subject", detail),
            UploadError::QuotaUsed { again_at } => {
                Self::new(Code::TooManyRequests, detail).with("again_at", again_at)
            }
            UploadError::NotDeclared | UploadError::AlreadyDeclared => Self::field("/size", detail),
            UploadError::NoSuchPart { .. } => Self::new(Code::InvalidParameter, detail),
            UploadError::Parts(error) => error.into(),
            UploadError::AlreadyBegun { .. } | UploadError::NotOpen | UploadError::NotArrived => {
                Self::new(Code::WrongState, detail)
            }
        }
    }
}

impl From<PartsError> for Problem {
    fn from(error: PartsError) -> Self {
        let detail = format!("{error}.");
        match error {
            PartsError::Missing { number } => Self::new(Code::UploadIncomplete, detail).with("part", number),
            PartsError::TooSmall { number, .. } => Self::new(Code::PartTooSmall, detail).with("part", number),
            PartsError::OutOfOrder { .. } => Self::new(Code::UploadIncomplete, detail),
            PartsError::SizeDiffers { .. } => Self::new(Code::ChecksumMismatch, detail),
        }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let code = match refusal {
            Refusal::SizeDiffers { .. } | Refusal::ChecksumMismatch => Code::ChecksumMismatch,
            Refusal::TypeNotTaken { .. } => Code::InvalidField,
        };
        Self::new(code, format!("{refusal}."))
    }
}

impl From<UploadRefusal> for Problem {
    fn from(refusal: UploadRefusal) -> Self {
        match refusal {
            UploadRefusal::Changed => Self::changed(),
        }
    }
}
