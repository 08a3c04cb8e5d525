//! Under an upload's endpoint: the S3 calls of Uppy's Companion, so that Uppy's own client works as
//! it is, for whoever holds the [capability](crate::capability).
//!
//! Names and extra fields are Uppy's. Bytes never pass through here: parts go to presigned URLs. A
//! complete may be repeated, or cut off anywhere, and gives the same answer: it looks at what the
//! store has, and one transaction records the arrival together with the job that reads the bytes.

use axum::body::Bytes;
use domain::digest::{Crc64, Sha256Hex};
use domain::id::UploadId;
use domain::upload::{Declared, Part, Refusal, Upload, UploadError, UploadState};
use serde::{Deserialize, Serialize};
use storage::bucket::{Completion, Object};
use storage::upload::UploadRefusal;
use storage::{Item, Refused};
use tower_http::cors::CorsLayer;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::parse;
use crate::call::Call;
use crate::capability::{CapabilityError, Use};
use crate::params::{At, Params};
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::uploads;

/// The routes of this topic. Pages of any origin may call them: no cookie and no token counts here,
/// only the capability in the path.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin_multipart))
        .routes(routes!(list_parts, abort_multipart))
        .routes(routes!(sign_part))
        .routes(routes!(complete_multipart))
        .layer(CorsLayer::permissive())
}

/// How often a call that another one overtook looks again.
const TRIES_MAX: u32 = 4;

/// Which object, as Uppy repeats it.
#[derive(Debug, Deserialize, IntoParams)]
struct Keyed {
    /// As it was answered at the beginning.
    key: String,
}

/// An upload in parts that was begun.
#[derive(Debug, Serialize, ToSchema)]
struct Begun {
    /// Where the bytes lie: chosen by the school.
    key: String,
    /// The store's id for the parts.
    #[serde(rename = "uploadId")]
    upload_id: String,
    /// The store's name for the place.
    bucket: String,
}

/// A URL for one part.
#[derive(Debug, Serialize, ToSchema)]
struct SignedPart {
    /// Takes the part by PUT.
    url: String,
    /// For how many seconds.
    expires: u64,
}

/// A part that has arrived.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct ArrivedPart {
    /// From 1.
    part_number: u32,
    /// As the store answered it.
    #[serde(rename = "ETag")]
    etag: String,
    /// In bytes.
    size: u64,
}

/// What a client tells at the end: a live recording its size and sums. What it says of the parts is
/// not needed: the store knows them.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Told {
    size: Option<u64>,
    #[schema(value_type = Option<String>)]
    sha256: Option<Sha256Hex>,
    #[schema(value_type = Option<String>)]
    crc64nvme: Option<Crc64>,
}

/// An upload whose bytes are all there.
#[derive(Debug, Serialize, ToSchema)]
struct Whole {
    /// Where its state can be read.
    location: String,
    /// Where its bytes lie.
    key: String,
}

/// Begins to send parts; called again, goes on with what was begun.
#[utoipa::path(post, path = "/v1/uploads/{id}/{capability}/s3/multipart", tag = "companion",
    params(("id" = String, Path), ("capability" = String, Path)),
    responses((status = 200, description = "The upload in parts", body = Begun), Refusals))]
async fn begin_multipart(call: Call, At((id, capability)): At<(UploadId, String)>) -> Result<Reply, Problem> {
    for _ in 0..TRIES_MAX {
        let item = held(&call, id, &capability).await?;
        let upload = &item.value;
        let (bucket, key) = (call.store().bucket(upload.purpose), upload.key().to_string());
        let begun = |upload_id: String| {
            Reply::ok(&Begun { key: key.clone(), upload_id, bucket: bucket.name().to_owned() })
        };
        match &upload.state {
            UploadState::Open { multipart: Some(multipart), .. } => return begun(multipart.clone()),
            UploadState::Open { multipart: None, .. } => {}
            _ => return Err(UploadError::NotOpen.into()),
        }
        let multipart = bucket.begin(&key, &upload.content_type).await?;
        let item = item.try_map(|upload| upload.begin(multipart.clone()))?;
        match call.store().keep_upload(&item, call.now).commit().await {
            Ok(()) => return begun(multipart),
            // Another call was faster: its parts count, these are given up.
            Err(Refused::By(UploadRefusal::Changed)) => bucket.abort(&key, &multipart).await?,
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Problem::changed())
}

/// Signs a URL for one part.
#[utoipa::path(get, path = "/v1/uploads/{id}/{capability}/s3/multipart/{upload_id}/{part}",
    tag = "companion", params(("id" = String, Path), ("capability" = String, Path),
        ("upload_id" = String, Path), ("part" = u32, Path), Keyed),
    responses((status = 200, description = "The URL", body = SignedPart), Refusals))]
async fn sign_part(
    call: Call,
    At((id, capability, multipart, part)): At<(UploadId, String, String, u32)>,
    Params(keyed): Params<Keyed>,
) -> Result<Reply, Problem> {
    let item = keyed.held(&call, id, &capability).await?;
    check_multipart(&item.value, &multipart)?;
    item.value.check_part_number(part)?;
    let lifetime = call.app.settings.link_lifetime;
    let bucket = call.store().bucket(item.value.purpose);
    let url = bucket.part_url(&keyed.key, &multipart, part, lifetime).await?;
    note_progress(&call, item).await?;
    Reply::ok(&SignedPart { url, expires: lifetime.as_secs() })
}

/// Lists the parts that have arrived, so that a client can go on where it stopped.
#[utoipa::path(get, path = "/v1/uploads/{id}/{capability}/s3/multipart/{upload_id}", tag = "companion",
    params(("id" = String, Path), ("capability" = String, Path), ("upload_id" = String, Path), Keyed),
    responses((status = 200, description = "The parts, in order", body = Vec<ArrivedPart>), Refusals))]
async fn list_parts(
    call: Call,
    At((id, capability, multipart)): At<(UploadId, String, String)>,
    Params(keyed): Params<Keyed>,
) -> Result<Reply, Problem> {
    let item = keyed.held(&call, id, &capability).await?;
    check_multipart(&item.value, &multipart)?;
    let parts = call.store().bucket(item.value.purpose).parts(&keyed.key, &multipart).await?;
    let parts = parts.ok_or(UploadError::NotOpen)?.into_iter();
    let shown = parts.map(|part| ArrivedPart { part_number: part.number, etag: part.etag, size: part.size });
    Reply::ok(&Vec::from_iter(shown))
}

/// Puts the parts together, if they make the file that was declared.
#[utoipa::path(post, path = "/v1/uploads/{id}/{capability}/s3/multipart/{upload_id}/complete",
    tag = "companion", request_body = Told,
    params(("id" = String, Path), ("capability" = String, Path), ("upload_id" = String, Path), Keyed),
    responses((status = 200, description = "All bytes are there", body = Whole), Refusals))]
async fn complete_multipart(
    call: Call,
    At((id, capability, multipart)): At<(UploadId, String, String)>,
    Params(keyed): Params<Keyed>,
    body: Bytes,
) -> Result<Reply, Problem> {
    let told = told(&body)?;
    for _ in 0..TRIES_MAX {
        let item = keyed.held(&call, id, &capability).await?;
        if let Some(ended) = ended(&call, &item.value) {
            return ended;
        }
        check_multipart(&item.value, &multipart)?;
        let Some(item) = keep_declared(&call, item, told).await? else { continue };
        let Some(object) = put_together(&call, &item.value, &multipart).await? else { continue };
        let crc64nvme = sum_of(&object)?;
        let item = item.try_map(|upload| upload.arrive(object.size, crc64nvme, call.now))?;
        let transaction = call.store().keep_upload(&item, call.now);
        let transaction = match item.value.state {
            UploadState::Refused { .. } => transaction.sweep(id, call.now),
            _ => transaction.verify(id, call.now),
        };
        match transaction.commit().await {
            Ok(()) => return ended(&call, &item.value).unwrap_or_else(|| Err(Problem::changed())),
            // A part that was signed, or the same call in another tab: look again.
            Err(Refused::By(UploadRefusal::Changed)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Problem::changed())
}

/// Gives the upload up.
#[utoipa::path(delete, path = "/v1/uploads/{id}/{capability}/s3/multipart/{upload_id}", tag = "companion",
    params(("id" = String, Path), ("capability" = String, Path), ("upload_id" = String, Path), Keyed),
    responses((status = 200, description = "It is given up", body = Object), Refusals))]
async fn abort_multipart(
    call: Call,
    At((id, capability, multipart)): At<(UploadId, String, String)>,
    Params(keyed): Params<Keyed>,
) -> Result<Reply, Problem> {
    for _ in 0..TRIES_MAX {
        let item = keyed.held(&call, id, &capability).await?;
        if let UploadState::Abandoned { .. } = item.value.state {
            return Reply::ok(&serde_json::json!({}));
        }
        check_multipart(&item.value, &multipart)?;
        call.store().bucket(item.value.purpose).abort(&keyed.key, &multipart).await?;
        let item = item.try_map(|upload| upload.abandon(call.now))?;
        // A complete that was cut off may have left an object.
        let transaction = call.store().keep_upload(&item, call.now).sweep(id, call.now);
        match transaction.commit().await {
            Ok(()) => return Reply::ok(&serde_json::json!({})),
            Err(Refused::By(UploadRefusal::Changed)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Problem::changed())
}

/// The upload that a capability lets its holder feed.
async fn held(call: &Call, id: UploadId, capability: &str) -> Result<Item<Upload>, Problem> {
    call.app.capability_key.check(Use::Feed, id, capability, call.machine_now)?;
    call.store().upload_for_job(id).await?.ok_or_else(Problem::not_found)
}

impl Keyed {
    /// The upload, if the key is its own.
    async fn held(&self, call: &Call, id: UploadId, capability: &str) -> Result<Item<Upload>, Problem> {
        let item = held(call, id, capability).await?;
        if item.value.key().to_string() == self.key { Ok(item) } else { Err(Problem::not_found()) }
    }
}

/// The store's id must be the one that this upload was begun with.
fn check_multipart(upload: &Upload, multipart: &str) -> Result<(), Problem> {
    match &upload.state {
        UploadState::Open { multipart: Some(known), .. } if known == multipart => Ok(()),
        UploadState::Open { .. } => Err(Problem::not_found()),
        _ => Err(UploadError::NotOpen.into()),
    }
}

/// Gives an upload its full time again. That another call did, or ended it, is as well.
async fn note_progress(call: &Call, item: Item<Upload>) -> Result<(), Problem> {
    let policy = uploads::policy(call);
    if !item.value.gains_time(&policy, call.now) {
        return Ok(());
    }
    let item = item.try_map(|upload| upload.progress(policy.idle_max, call.now))?;
    match call.store().keep_upload(&item, call.now).commit().await {
        Ok(()) | Err(Refused::By(UploadRefusal::Changed)) => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}

fn told(body: &[u8]) -> Result<Option<Declared>, Problem> {
    let Told { size, sha256, crc64nvme } = if body.is_empty() { Told::default() } else { parse(body)? };
    uploads::declared(size, sha256, crc64nvme)
}

/// Keeps what a live recording tells at its end before the store puts it together, so that a
/// complete which is cut off afterwards can be repeated. Nothing where another call was faster.
async fn keep_declared(
    call: &Call,
    item: Item<Upload>,
    told: Option<Declared>,
) -> Result<Option<Item<Upload>>, Problem> {
    let Some(told) = told else { return Ok(Some(item)) };
    let known = item.value.declared.is_some();
    let item = item.try_map(|upload| upload.declare(told, &uploads::policy(call)))?;
    if known {
        return Ok(Some(item));
    }
    match call.store().keep_upload(&item, call.now).commit().await {
        Ok(()) => Ok(Some(Item { revision: item.revision + 1, ..item })),
        Err(Refused::By(UploadRefusal::Changed)) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

/// The object that the parts make. Nothing where they changed while they were looked at.
async fn put_together(call: &Call, upload: &Upload, multipart: &str) -> Result<Option<Object>, Problem> {
    let (bucket, key) = (call.store().bucket(upload.purpose), upload.key().to_string());
    let Some(parts) = bucket.parts(&key, multipart).await? else {
        // A complete that was cut off before it was recorded has left the object.
        let object = bucket.head(&key).await?;
        return object.map(Some).ok_or_else(|| UploadError::NotOpen.into());
    };
    let listed = parts.iter().map(|part| Part { number: part.number, size: part.size });
    upload.check_parts(&Vec::from_iter(listed))?;
    let crc64nvme = upload.declared.and_then(|declared| declared.crc64nvme).map(|sum| sum.to_string());
    match bucket.complete(&key, multipart, &parts, crc64nvme.as_deref()).await? {
        Completion::Whole(object) => Ok(Some(object)),
        Completion::WrongChecksum => Err(Problem::from(&Refusal::ChecksumMismatch)),
        Completion::WrongParts => Ok(None),
        Completion::Gone => Err(UploadError::NotOpen.into()),
    }
}

/// The sum that the store computed over an object.
fn sum_of(object: &Object) -> Result<Crc64, Problem> {
    let sum = object.crc64nvme.as_deref().and_then(|sum| sum.parse().ok());
    sum.ok_or_else(|| {
        tracing::error!("the store gives no CRC-64/NVME of a whole object");
        Problem::new(Code::Internal, "The store gives no sum of the whole file. We have been told.")
    })
}

/// What is said of an upload that is no longer open: the same however often it is asked.
fn ended(call: &Call, upload: &Upload) -> Option<Result<Reply, Problem>> {
    match &upload.state {
        UploadState::Open { .. } => None,
        UploadState::Arrived { .. } | UploadState::Verified { .. } => {
            let location = format!("{}/v1/uploads/{}", call.app.settings.public_url, upload.id);
            Some(Reply::ok(&Whole { location, key: upload.key().to_string() }))
        }
        UploadState::Refused { reason, .. } => Some(Err(reason.into())),
        UploadState::Abandoned { .. } => Some(Err(UploadError::NotOpen.into())),
    }
}

impl From<CapabilityError> for Problem {
    fn from(error: CapabilityError) -> Self {
        Self::new(Code::Forbidden, format!("{error}."))
    }
}
