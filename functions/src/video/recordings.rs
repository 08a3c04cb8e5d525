//! Word of a provider that the recording of a defense lies in our store.

use axum::body::Bytes;
use axum::http::HeaderMap;
use domain::defense::Defense;
use domain::digest::{Crc64, Sha256Hex};
use domain::upload::{Declared, PROVIDED_WAIT, Purpose, Upload, UploadState};
use domain::video::defense_in;
use serde::Deserialize;
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HeardView;
use crate::App;
use crate::body::parse;
use crate::call::Call;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::uploads;
use crate::webhook::WebhookRefused;

/// The header that carries the signature.
pub const HEADER: &str = "x-recording-signature";

/// The longest word that is read.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear_recording))
}

/// A recording that a provider has put into our store.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RecordingWord {
    /// The room that was recorded: `defense-` and the defense's id in hex.
    room: String,
    /// Where the bytes lie, in the bucket of evidence: the key that the room's recording is to have.
    #[schema(example = "recordings/upl_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    object: String,
    /// How they are kept: `video/mp4`, `video/webm`, `video/quicktime` or `video/x-matroska`.
    content_type: String,
    /// How many bytes there are.
    size: u64,
    /// SHA-256 of them, 64 lower-case hex digits.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    sha256: Option<Sha256Hex>,
    /// CRC-64/NVME of them, in base64.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    crc64nvme: Option<Crc64>,
}

/// Hears that the recording of a defense lies in our store. The provider signs what it sends; nobody signs in.
///
/// The form is ours, so that any provider can be adapted to it. `X-Recording-Signature` is `t=<seconds since 1970>,
/// v1=<signature>`, the signature being HMAC-SHA256 in hex, with the endpoint's secret, over `<t>.<body>`; it counts for
/// five minutes. The object's key is known before the meeting: `recordings/` and the upload that is derived for the
/// time it is held. An object that is not there yet is waited for some minutes; then the defense was held unrecorded,
/// and staff are told.
///
/// Said again, late or out of order, it changes nothing; what is about no defense of ours is answered with 200 and
/// passed over, or it would be sent again.
#[utoipa::path(post, path = "/v1/video/recordings", tag = "webhooks", request_body = RecordingWord,
    params(("x-recording-signature" = String, Header, description = "Of these very bytes, at most five minutes old")),
    responses((status = 200, description = "It was heard", body = HeardView), Refusals))]
async fn hear_recording(call: Call, headers: HeaderMap, body: Bytes) -> Result<Reply, Problem> {
    call.permit_role(&permissions::HEAR_RECORDING).await?;
    let signature = headers.get(HEADER).map(|header| header.as_bytes());
    call.app.settings.recording_keys.verify(signature, &body, call.machine_now)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(WebhookRefused::Malformed.into());
    }
    let word: RecordingWord = parse(&body)?;
    let known = read_again(Problem::was_changed, || hear(&call, &word)).await?;
    Reply::ok(&HeardView { known })
}

/// Keeps that a recording came, or is to come; whether it is one of ours.
async fn hear(call: &Call, word: &RecordingWord) -> Result<bool, Problem> {
    let Some(id) = defense_in(&word.room) else { return Ok(false) };
    let Some(defense) = call.store().defense_for_watching(id).await? else { return Ok(false) };
    let Some(juror) = defense.value.juror() else { return Ok(false) };
    let policy = uploads::policy(call);
    let declared = Declared { size: word.size, sha256: word.sha256, crc64nvme: word.crc64nvme };
    let told = Upload::provided(&defense.value, juror, &word.content_type, declared, &policy, call.now)?;
    if told.key().to_string() != word.object {
        tracing::warn!(defense = %id, "a recording was told of that lies where none of ours does");
        return Ok(false);
    }
    if call.store().upload_for_job(told.id).await?.is_some() {
        return Ok(true);
    }
    let Ok(announced) = defense.value.clone().recording_announced(told.id, None, call.now) else {
        tracing::warn!(defense = %id, "a recording was told of that comes too late, or too early");
        return Ok(false);
    };
    keep(call, arrived(call, told).await?, defense.with(announced)).await?;
    Ok(true)
}

/// The upload, with its bytes if they are there.
async fn arrived(call: &Call, told: Upload) -> Result<Upload, Problem> {
    let object = call.store().bucket(Purpose::Recording).head(&told.key().to_string()).await?;
    let sum = object.as_ref().and_then(|object| object.crc64nvme.as_deref()?.parse().ok());
    match object.zip(sum) {
        Some((object, sum)) => Ok(told.arrive(object.size, sum, call.now)?),
        None => Ok(told),
    }
}

async fn keep(call: &Call, upload: Upload, defense: Item<Defense>) -> Result<(), Problem> {
    let transaction = call.store().open_upload(&upload, call.now + PROVIDED_WAIT);
    let transaction = match upload.state {
        UploadState::Arrived { .. } => transaction.verify(upload.id, call.now),
        _ => transaction,
    };
    let transaction = transaction.announces(&defense, call.now);
    let key = defense.value.key();
    let transaction = transaction.audit(&key, permissions::HEAR_RECORDING.name, "provider", call.now);
    Ok(transaction.commit().await?)
}
