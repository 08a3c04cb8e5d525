//! A defense's recording: how far it is, for who may watch it links that are logged, and what staff decide of it.

use axum::http::StatusCode;
use domain::defense::Defense;
use domain::id::{DefenseId, UploadId};
use domain::job::Job;
use domain::recording::{CustodyEvent, Finding, Recording, RecordingState, Review, captions};
use domain::upload::{Purpose, Upload, UploadKey, UploadState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Key;
use storage::defense::Footage;
use storage::recording::key_of_captions;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::DefenseView;
use super::step::act;
use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::capability::Use;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_recording))
        .routes(routes!(review_recording))
        .routes(routes!(erase_recording))
        .routes(routes!(caption_recording))
}

/// A recording as it is shown.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct RecordingView {
    /// Such as `announced`, `uploading`, `stored`, `verified` or `retained`.
    #[schema(example = "retained")]
    state: &'static str,
    /// Why staff must look, or why it is no evidence.
    reason: Option<String>,
    /// What the decoder complained about, if it did.
    complaint: Option<String>,
    /// What is done to it now, and how much of that is done.
    progress: Option<ProgressView>,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    sha256: Option<String>,
    /// Playing time in seconds, once it was probed.
    duration_s: Option<u64>,
    /// Where it plays, once all of it is there: as it came, then as a film for every browser.
    playback_url: Option<String>,
    /// The same film in pieces for a slow line: a playlist (HLS).
    playlist_url: Option<String>,
    /// A picture of it.
    poster_url: Option<String>,
    /// Its captions (WebVTT).
    captions_url: Option<String>,
    /// The bytes as they came, once there is a film of them.
    original_url: Option<String>,
    /// When the links die.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Until when it is kept.
    #[schema(value_type = Option<String>, format = DateTime)]
    kept_until: Option<Timestamp>,
    /// What happened to it, each event with the hash of the one before.
    #[schema(value_type = Vec<Object>)]
    custody: Vec<CustodyEvent>,
}

/// What is done to a recording now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressView {
    /// `uploading`, `checking` or `making`.
    #[schema(example = "checking")]
    step: String,
    /// How much of it is done; unknown while a live recording comes in.
    percent: Option<u8>,
    /// How many bytes have come, while it comes in.
    bytes: Option<u64>,
}

impl RecordingView {
    fn of(recording: &Recording) -> Self {
        let reason = match recording.state() {
            RecordingState::NeedsReview { reason } => Some(reason.word().into()),
            RecordingState::Rejected { reason } => Some(reason.word().into()),
            RecordingState::Erased { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        Self {
            state: recording.state().word(),
            reason,
            sha256: recording.file().map(|file| file.sha256.clone()),
            complaint: recording.probe().and_then(|probe| probe.decoding.clone()?.complaint),
            duration_s: recording.probe().map(|probe| probe.duration_millis.saturating_add(500) / 1000),
            kept_until: recording.kept_until(),
            custody: recording.custody().to_vec(),
            ..Self::default()
        }
    }

    /// With how far it is, as its upload and whoever works on it tell.
    async fn with_progress(mut self, call: &Call, recording: &Recording) -> Result<Self, Problem> {
        let works = recording.is_incoming() || matches!(self.state, "stored" | "verified");
        if !works {
            return Ok(self);
        }
        let id = recording.upload();
        let Some(upload) = call.store().upload_for_job(id).await? else { return Ok(self) };
        if let UploadState::Open { multipart, .. } = &upload.value.state {
            if let Some(multipart) = multipart {
                self.state = "uploading";
                self.progress = Some(uploading(call, &upload.value, multipart).await?);
            }
            return Ok(self);
        }
        let next = if self.state == "verified" { "making" } else { "checking" };
        let told = call.store().recording_progress(id).await?.filter(|told| told.step == next);
        let percent = told.map_or(0, |told| told.percent);
        self.progress = Some(ProgressView { step: next.into(), percent: Some(percent), bytes: None });
        Ok(self)
    }

    /// With links to what there is to watch.
    async fn with_links(
        mut self,
        call: &Call,
        id: DefenseId,
        recording: &Recording,
    ) -> Result<Self, Problem> {
        let upload = recording.upload();
        let key = UploadKey { purpose: Purpose::Recording, upload }.to_string();
        let extension = recording.probe().map_or("bin", |probe| probe.extension());
        let link = async |key: String, name: String| call.file_link(Purpose::Recording, &key, &name).await;
        let original = link(key, format!("{id}.{extension}")).await?;
        self.expires_at = Some(original.expires_at);
        let Some(rendition) = recording.rendition() else {
            self.playback_url = Some(original.url);
            return Ok(self);
        };
        let made =
            async |file: &str| link(format!("{}{file}", rendition.prefix), format!("{id}-{file}")).await;
        self.playback_url = Some(made("watch.mp4").await?.url);
        self.poster_url = Some(made("poster.jpg").await?.url);
        self.captions_url = Some(made("captions.vtt").await?.url);
        self.original_url = Some(original.url);
        self.playlist_url = Some(playlist_url(call, id, upload));
        Ok(self)
    }
}

/// The playlist's own address, for as long as any link that is given now.
fn playlist_url(call: &Call, id: DefenseId, upload: UploadId) -> String {
    let capability = call.app.capability_key.give(Use::Watch, upload, call.links_end_at());
    format!("{}/v1/defenses/{id}/recording/{upload}/{capability}/watch.m3u8", call.app.settings.public_url)
}

async fn uploading(call: &Call, upload: &Upload, multipart: &str) -> Result<ProgressView, Problem> {
    let bucket = call.store().bucket(upload.purpose);
    let parts = bucket.parts(&upload.key().to_string(), multipart).await?.unwrap_or_default();
    let bytes = parts.iter().map(|part| part.size).sum::<u64>();
    let percent = upload.declared.map(|file| u128::from(bytes) * 100 / u128::from(file.size.max(1)));
    let percent = percent.map(|percent| u8::try_from(percent).unwrap_or(100));
    Ok(ProgressView { step: "uploading".into(), percent, bytes: Some(bytes) })
}

/// Reads how far the recording is; where there is something to watch, every link given is logged.
#[utoipa::path(get, path = "/v1/defenses/{id}/recording", tag = "defenses", params(("id" = String, Path)),
    responses((status = 200, description = "The recording", body = RecordingView), Refusals))]
async fn get_recording(call: Call, At(id): At<DefenseId>) -> Result<Reply, Problem> {
    let loaded = call.store().footage(id).await?.ok_or_else(Problem::not_found)?;
    let Footage(defense) = call.permit(&permissions::GET_RECORDING, loaded).await?.into_inner();
    let none = || Problem::new(Code::NotFound, "No recording of this defense has been announced.");
    let recording = defense.value.recording().ok_or_else(none)?;
    let view = RecordingView::of(recording).with_progress(&call, recording).await?;
    if !recording.is_stored() {
        return Reply::ok(&view);
    }
    let view = view.with_links(&call, id, recording).await?;
    let by = call.person()?.to_string();
    let watched = call.store().transaction::<Problem>();
    let watched = watched.audit(&Key::Defense(id), permissions::GET_RECORDING.name, &by, call.now);
    call.commit(watched, Reply::ok(&view)?).await
}

/// What staff found who looked at a doubtful recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewBody {
    /// `accepted` or `refused`.
    #[schema(value_type = String, example = "accepted")]
    finding: Finding,
    /// Why.
    note: String,
}

/// Says whether a doubtful recording is evidence after all.
#[utoipa::path(post, path = "/v1/defenses/{id}/recording/review", tag = "defenses", request_body = ReviewBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn review_recording(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<ReviewBody>,
) -> Result<Reply, Problem> {
    let by = call.person()?;
    act(&call, &permissions::REVIEW_RECORDING, id, |hearing| {
        let review = Review { by, at: call.now, finding: body.finding, note: body.note.clone() };
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.recording_reviewed(review, conflicts)?))
    })
    .await
}

/// On what ground recordings are erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EraseBody {
    /// The legal ground: it stays, with the date and the sum of the bytes.
    #[schema(example = "Request under article 17 of the GDPR, ticket 4711")]
    reason: String,
}

/// Erases a defense's recordings because the law asks for it: their sums, the date and the ground stay. Refused while
/// an appeal is open.
#[utoipa::path(post, path = "/v1/defenses/{id}/recording/erase", tag = "defenses", request_body = EraseBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn erase_recording(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<EraseBody>,
) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::ERASE_RECORDING, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        let erased: Defense = defense.recordings_erased(me, &body.reason, conflicts, call.now)?;
        Ok((StatusCode::OK, erased))
    })
    .await
}

/// Captions of a recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptionsBody {
    /// WebVTT: `WEBVTT`, an empty line, and cues in the order of their times.
    text: String,
}

/// Supplies captions of a defense's recording, in place of those that were there; the film shows them soon.
#[utoipa::path(post, path = "/v1/defenses/{id}/recording/captions", tag = "defenses", request_body = CaptionsBody,
    params(("id" = String, Path)),
    responses((status = 202, description = "The recording", body = RecordingView), Refusals))]
async fn caption_recording(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<CaptionsBody>,
) -> Result<Reply, Problem> {
    let loaded = call.store().footage(id).await?.ok_or_else(Problem::not_found)?;
    let Footage(defense) = call.permit(&permissions::CAPTION_RECORDING, loaded).await?.into_inner();
    let track =
        captions::track(Some(&body.text)).map_err(|error| Problem::field("/text", format!("{error}.")))?;
    let none = || Problem::new(Code::WrongState, "No recording of this defense is kept.");
    let stored = defense.value.recording().filter(|recording| recording.is_stored());
    let recording = stored.ok_or_else(none)?;
    let key = key_of_captions(recording.upload());
    call.store().bucket(Purpose::Recording).put(&key, track.into_bytes(), "text/vtt").await?;
    let look = Job::KeepRecordings { defense: id, at: call.now };
    let transaction = call.store().transaction::<Problem>().enqueue(&look, call.now);
    let by = call.person()?.to_string();
    let transaction =
        transaction.audit(&Key::Defense(id), permissions::CAPTION_RECORDING.name, &by, call.now);
    call.commit(transaction, Reply::new(StatusCode::ACCEPTED, &RecordingView::of(recording))?).await
}
