//! What a file says it holds, as ffprobe reads it.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use super::tool::{Limits, Tool, ToolError};
use super::{Source, claim};

mod described; // the tool's answer, read

/// A recording of hours without an index is read to its end, at the speed of the disk.
const LIMITS: Limits = Limits { wall: Duration::from_secs(120), cpu: Duration::from_secs(120) };

/// What a file says it holds; nothing where it is no media.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// Every name the tool gives the container, such as `mov` and `mp4`.
    pub containers: Vec<String>,
    /// Playing time: the longest that the container tells anywhere, or when its last packet ends.
    pub duration_millis: u64,
    /// Playing time told by a header, which a file cut short still tells; none in a browser's WebM.
    pub header_duration_millis: Option<u64>,
    /// Whether the container goes on where the file ends.
    pub cut_short: bool,
    /// Moving pictures; a cover is none.
    pub video: Vec<Video>,
    /// Sound.
    pub audio: Vec<Audio>,
}

/// A stream of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// Such as `h264`; `unknown` where the tool has no name for it.
    pub codec: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Such as `yuv420p`, if any picture was seen.
    pub pixel_format: Option<String>,
    /// Degrees it is to be turned by, as a phone's.
    pub rotation_degrees: i32,
}

/// A stream of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Such as `aac`; `unknown` where the tool has no name for it.
    pub codec: String,
    /// One for mono.
    pub channels: u32,
}

/// Why a file was not described.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The tool has no answer.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The tool's answer is none.
    #[error("ffprobe's answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Reads what a file says it holds. Nothing is written; the folder is where the tool runs.
pub async fn probe(source: &Source, folder: &Path) -> Result<Media, ProbeError> {
    let described = Tool::ffprobe(folder, LIMITS)
        .args(["-of", "json", "-show_entries", described::ENTRIES])
        .input(source);
    let answer = described.run().await?;
    if answer.code != 0 {
        return Ok(Media::default());
    }
    let mut media = described::parse(&answer.stdout)?;
    if source.container.is_iso() {
        media.heed(&claims(source).await?);
    }
    if media.duration_millis == 0 && !media.containers.is_empty() {
        media.duration_millis = packets(source, folder).await?;
    }
    Ok(media)
}

async fn claims(source: &Source) -> Result<claim::Claim, ToolError> {
    let path = source.path.clone();
    let read = tokio::task::spawn_blocking(move || claim::read(&mut File::open(path)?));
    let claim = read.await.map_err(std::io::Error::other)?;
    Ok(claim?)
}

/// From the first packet's start to the last one's end: a browser's WebM tells no length in its header.
async fn packets(source: &Source, folder: &Path) -> Result<u64, ToolError> {
    let span = Arc::new(Mutex::new(Span::default()));
    let told = span.clone();
    let entries = ["-of", "csv=p=0", "-show_entries", "packet=codec_type,pts_time,duration_time"];
    let tool = Tool::ffprobe(folder, LIMITS).args(entries).input(source);
    tool.follow(move |line| told.lock().unwrap_or_else(PoisonError::into_inner).cover(line)).await?;
    Ok(span.lock().unwrap_or_else(PoisonError::into_inner).millis())
}

/// When the packets so far begin and end, in milliseconds.
#[derive(Debug, Default)]
struct Span {
    start: Option<u64>,
    end: u64,
}

impl Span {
    /// Of a line such as `audio,8.951000,0.060000`.
    fn cover(&mut self, line: &str) {
        let mut fields = line.split(',');
        let (Some("video" | "audio"), Some(start)) = (fields.next(), fields.next().and_then(millis)) else {
            return;
        };
        let length = fields.next().and_then(millis).unwrap_or(0);
        self.start = Some(self.start.map_or(start, |first| first.min(start)));
        self.end = self.end.max(start.saturating_add(length));
    }

    fn millis(&self) -> u64 {
        self.end - self.start.unwrap_or(0)
    }
}

impl Media {
    /// The tool's length of an MP4 may be that of the fragments it found: only its boxes tell what was meant.
    fn heed(&mut self, claim: &claim::Claim) {
        self.duration_millis = self.duration_millis.max(claim.duration_millis);
        self.header_duration_millis = Some(claim.duration_millis).filter(|length| *length > 0);
        self.cut_short = claim.cut_short;
    }
}

/// `60.007000` seconds as milliseconds, a started one not counted; nothing where it is no such number.
pub(super) fn millis(seconds: &str) -> Option<u64> {
    let (whole, rest) = seconds.split_once('.').unwrap_or((seconds, ""));
    let mut digits = rest.bytes().chain(*b"000").take(3);
    let fraction = digits.try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'9' => Some(sum * 10 + u64::from(digit - b'0')),
        _ => None,
    });
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(fraction?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_last_from_the_first_start_to_the_last_end() {
        let check = |lines: &[&str], expected| {
            let mut span = Span::default();
            lines.iter().for_each(|line| span.cover(line));
            assert_eq!(span.millis(), expected, "{lines:?}");
        };
        check(&[], 0);
        check(&["video,0.000000,0.200000", "audio,0.100000,0.020000"], 200);
        check(&["video,1.500000,N/A,", "", "audio,3.000000,0.060000", "video,2.000000,N/A"], 1_560);
        check(&["subtitle,9.000000,1.000000", "audio,N/A,0.060000", "nonsense"], 0);
    }

    #[test]
    fn a_length_is_read_to_the_millisecond() {
        let check = |text: &str, expected| assert_eq!(millis(text), expected, "{text}");
        check("60.007999", Some(60_007));
        check("0.5", Some(500));
        check("7", Some(7_000));
        check("N/A", None);
        check("-3.000000", None);
        check("1.0e9", None);
        check("99999999999999999999.0", None);
    }
}
