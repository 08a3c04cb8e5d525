//! The playlist of a recording (HLS): its pieces as links that die, for a player that sends no token.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::id::{DefenseId, UploadId};
use domain::upload::Purpose;
use tower_http::cors::CorsLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::capability::Use;
use crate::params::At;
use crate::problem::{Code, Problem};
use crate::schema::Refusals;

/// The longest playlist that is read: twelve hours of pieces of six seconds, a line of some 40 bytes each.
const PLAYLIST_BYTES_MAX: usize = 1 << 20;

/// RFC 8216, 10: how a playlist is sent.
const PLAYLIST: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");

/// The routes of this part. Pages of any origin may read it: only the capability in the path counts here.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_playlist)).layer(CorsLayer::permissive())
}

/// Reads the playlist of a recording's film by the address that reading the recording gave: each piece is a link that
/// dies when the address does at the latest.
#[utoipa::path(get, path = "/v1/defenses/{id}/recording/{upload}/{capability}/watch.m3u8", tag = "defenses",
    params(("id" = String, Path), ("upload" = String, Path), ("capability" = String, Path)),
    responses((status = 200, description = "The playlist",
        content((String = "application/vnd.apple.mpegurl"))), Refusals))]
async fn get_playlist(
    call: Call,
    At((id, upload, capability)): At<(DefenseId, UploadId, String)>,
) -> Result<Response, Problem> {
    let until = call.app.capability_key.check(Use::Watch, upload, &capability, call.machine_now)?;
    let left = Duration::try_from(until.duration_since(call.machine_now)).unwrap_or_default();
    let defense = call.store().defense_for_watching(id).await?.ok_or_else(Problem::not_found)?;
    let recording = defense.value.recordings().map(|(_, it)| it).find(|it| it.upload() == upload);
    let rendition = recording.and_then(|recording| recording.rendition()).ok_or_else(Problem::not_found)?;
    let bucket = call.store().bucket(Purpose::Recording);
    let key = format!("{}watch.m3u8", rendition.prefix);
    let playlist = bucket.read_text(&key, PLAYLIST_BYTES_MAX).await?;
    let playlist = playlist.ok_or_else(|| {
        tracing::error!(%upload, "a recording that was made watchable has no playlist");
        Problem::new(Code::Internal, "The playlist is not there. We have been told.")
    })?;
    let mut signed = String::with_capacity(playlist.len() * 8);
    for line in playlist.lines() {
        if line.is_empty() || line.starts_with('#') {
            signed += line;
        } else {
            let piece = format!("{}{line}", rendition.prefix);
            signed += &bucket.link(&piece, line, left).await?;
        }
        signed.push('\n');
    }
    Ok((
        [(header::CONTENT_TYPE, PLAYLIST), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        signed,
    )
        .into_response())
}
