//! How the film is made: copied where every browser plays it, else coded anew.

use super::{FILM, Order};
use crate::media::probe::{Audio, Media, Video};
use crate::media::tool::Tool;

/// Pixels across, at most; more makes a talk no clearer.
const WIDTH_MAX: u32 = 1280;

/// Nothing that tells of the recorder, its owner, the place, or this tool.
pub(super) const PLAIN: &str = "-map_metadata -1 -map_chapters -1 -dn \
    -fflags +bitexact -flags:v +bitexact -flags:a +bitexact";

/// A picture no wider than the film.
pub(super) const SMALLER: &str = "scale=w='min(1280,iw)':h=-2";

/// Pictures keep their own times: a browser's come when something moves. One that stands alone comes where
/// each piece is to begin.
const CODED: &str = "-c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p -fps_mode vfr -enc_time_base -1 \
    -force_key_frames expr:gte(t,n_forced*6) -vf";

impl Media {
    /// Whether a film of it is its own pictures and sound in another container, which takes next to no time.
    pub fn is_copied(&self) -> bool {
        self.video.first().is_some_and(plays_everywhere) && self.audio.first().is_none_or(is_aac)
    }
}

/// The run that makes the film; none where there are no pictures.
pub(super) fn tool(order: &Order) -> Option<Tool> {
    let video = order.media.video.first()?;
    let tool = order.tool().input(order.source).words("-map 0:V:0 -map 0:a:0?");
    let tool = if plays_everywhere(video) {
        tool.words("-c:v copy")
    } else {
        tool.words(CODED).args([fitting(video)])
    };
    let tool = match order.media.audio.first() {
        None => tool,
        Some(audio) if is_aac(audio) => tool.words("-c:a copy"),
        // A gap in the sound becomes silence, so that it stays with the pictures.
        Some(Audio { channels: 1, .. }) => tool.words("-c:a aac -b:a 96k -ac 1 -af aresample=async=1"),
        Some(_) => tool.words("-c:a aac -b:a 96k -ac 2 -af aresample=async=1"),
    };
    // Its index comes first, so that it plays while it is loaded.
    Some(tool.words(PLAIN).words("-movflags +faststart -f mp4 -progress pipe:1").args([FILM]))
}

/// H.264 with 8 bits and quarter color; what a phone marks to be turned is turned for good instead, since
/// the pieces cannot say so.
fn plays_everywhere(video: &Video) -> bool {
    let quarter_color = matches!(video.pixel_format.as_deref(), Some("yuv420p" | "yuvj420p"));
    video.codec == "h264" && quarter_color && video.rotation_degrees == 0
}

fn is_aac(audio: &Audio) -> bool {
    audio.codec == "aac"
}

/// One even size from beginning to end, as encoders want it; where a browser changed the size on the way,
/// bars fill the rest.
fn fitting(video: &Video) -> String {
    let sides = (video.width.max(2), video.height.max(2));
    let turned = video.rotation_degrees % 180 != 0;
    let (width, height) = if turned { (sides.1, sides.0) } else { sides };
    let fitted = even(width.min(WIDTH_MAX).into());
    let height = even(u64::from(height) * fitted / u64::from(width));
    format!(
        "scale={fitted}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,\
         pad={fitted}:{height}:(ow-iw)/2:(oh-ih)/2"
    )
}

fn even(pixels: u64) -> u64 {
    (pixels / 2 * 2).max(2)
}
