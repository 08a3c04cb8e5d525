//! A defense's recording: how far it is, and for who may watch it a link that is logged.

use domain::id::DefenseId;
use domain::recording::Recording;
use domain::upload::{Purpose, UploadKey};
use jiff::Timestamp;
use serde::Serialize;
use storage::Key;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_recording))
}

/// A recording as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingView {
    /// Such as `announced`, `stored` or `verified`.
    #[schema(example = "verified")]
    state: &'static str,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    sha256: Option<String>,
    /// Playing time in seconds, once it was probed.
    duration_s: Option<u64>,
    /// Where it plays, once all of it is there.
    playback_url: Option<String>,
    /// When the link dies.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl RecordingView {
    fn of(recording: &Recording) -> Self {
        Self {
            state: recording.state().word(),
            sha256: recording.file().map(|file| file.sha256.clone()),
            duration_s: recording.probe().map(|probe| probe.duration_millis.saturating_add(500) / 1000),
            playback_url: None,
            expires_at: None,
        }
    }
}

/// Reads how far the recording is; where there is something to watch, every link given is logged.
#[utoipa::path(get, path = "/v1/defenses/{id}/recording", tag = "defenses", params(("id" = String, Path)),
    responses((status = 200, description = "The recording", body = RecordingView), Refusals))]
async fn get_recording(call: Call, At(id): At<DefenseId>) -> Result<Reply, Problem> {
    let loaded = call.store().defense(id).await?.ok_or_else(Problem::not_found)?;
    let defense = call.permit(&permissions::GET_RECORDING, loaded).await?;
    let none = || Problem::new(Code::NotFound, "No recording of this defense has been announced.");
    let recording = defense.value.recording().ok_or_else(none)?;
    let mut view = RecordingView::of(recording);
    if recording.file().is_none() || recording.is_removed() {
        return Reply::ok(&view);
    }
    let key = UploadKey { purpose: Purpose::Recording, upload: recording.upload() };
    let extension = recording.probe().map_or("bin", |probe| probe.extension());
    let link = call.file_link(key.purpose, &key.to_string(), &format!("{id}.{extension}")).await?;
    (view.playback_url, view.expires_at) = (Some(link.url), Some(link.expires_at));
    let by = call.person()?.to_string();
    let watched = call.store().transaction::<Problem>();
    let watched = watched.audit(&Key::Defense(id), permissions::GET_RECORDING.name, &by, call.now);
    call.commit(watched, Reply::ok(&view)?).await
}
