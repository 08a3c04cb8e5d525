//! What a file says it holds, as ffprobe reads it.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::tool::{Limits, Tool, ToolError};
use super::{Source, claim};

/// A recording of hours without an index is read to its end, at the speed of the disk.
const LIMITS: Limits =
    Limits { wall: Duration::from_secs(120), cpu: Duration::from_secs(120), file_bytes_max: 0 };

/// What a file says it holds; nothing where it is no media.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// Every name the tool gives the container, such as `mov` and `mp4`.
    pub containers: Vec<String>,
    /// Playing time: the longest that the container tells anywhere, or when its last packet ends.
    pub duration_millis: u64,
    /// Playing time told by a header, which a file cut short still tells; none in browsers' WebM and MP4.
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
    let described =
        Tool::ffprobe(folder, LIMITS).args(["-of", "json", "-show_entries", ENTRIES]).input(source);
    let answer = described.run().await?;
    if answer.code != 0 {
        return Ok(Media::default());
    }
    let mut media = Media::parse(&answer.stdout)?;
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

/// What is asked of ffprobe.
const ENTRIES: &str = "format=format_name,duration:\
    stream=codec_type,codec_name,width,height,pix_fmt,channels,duration:\
    stream_disposition=attached_pic:stream_side_data=rotation";

/// The tool's description of a file.
#[derive(Debug, Deserialize)]
struct Described {
    format: Option<Format>,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    duration: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    #[serde(default)]
    codec_type: String,
    codec_name: Option<String>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    pix_fmt: Option<String>,
    #[serde(default)]
    channels: u32,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
struct Disposition {
    /// A cover, which is one picture and no film.
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Debug, Deserialize)]
struct SideData {
    #[serde(default)]
    rotation: i32,
}

impl Media {
    fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let Described { format, streams } = serde_json::from_slice(json)?;
        let Some(format) = format else { return Ok(Self::default()) };
        let names = format.format_name.split(',').filter(|name| !name.is_empty());
        let header_duration_millis = format.duration.as_deref().and_then(millis).filter(|length| *length > 0);
        let lengths = streams.iter().filter_map(|stream| stream.duration.as_deref().and_then(millis));
        let seen =
            |kind| streams.iter().filter(move |it| it.codec_type == kind && it.disposition.attached_pic == 0);
        Ok(Self {
            containers: names.map(Into::into).collect(),
            duration_millis: lengths.chain(header_duration_millis).max().unwrap_or(0),
            header_duration_millis,
            cut_short: false,
            video: seen("video").map(Stream::video).collect(),
            audio: seen("audio").map(Stream::audio).collect(),
        })
    }

    /// The tool's length of an MP4 may be that of the fragments it found: only its boxes tell what was meant.
    fn heed(&mut self, claim: &claim::Claim) {
        self.duration_millis = self.duration_millis.max(claim.duration_millis);
        self.header_duration_millis = Some(claim.duration_millis).filter(|length| *length > 0);
        self.cut_short = claim.cut_short;
    }
}

impl Stream {
    fn codec(&self) -> String {
        self.codec_name.clone().unwrap_or_else(|| "unknown".into())
    }

    fn video(&self) -> Video {
        Video {
            codec: self.codec(),
            width: self.width,
            height: self.height,
            pixel_format: self.pix_fmt.clone(),
            rotation_degrees: self
                .side_data_list
                .iter()
                .map(|it| it.rotation)
                .find(|it| *it != 0)
                .unwrap_or(0),
        }
    }

    fn audio(&self) -> Audio {
        Audio { codec: self.codec(), channels: self.channels }
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

    fn video(codec: &str) -> Video {
        Video { codec: codec.into(), width: 0, height: 0, pixel_format: None, rotation_degrees: 0 }
    }

    fn media(containers: &[&str], duration_millis: u64, video: Vec<Video>, audio: Vec<Audio>) -> Media {
        Media {
            containers: containers.iter().map(|name| (*name).into()).collect(),
            duration_millis,
            header_duration_millis: Some(duration_millis).filter(|length| *length > 0),
            cut_short: false,
            video,
            audio,
        }
    }

    #[test]
    fn a_description_tells_containers_length_and_streams() {
        let check = |json: &str, expected: Media| {
            assert_eq!(Media::parse(json.as_bytes()).expect("readable"), expected, "{json}");
        };
        let aac = || Audio { codec: "aac".into(), channels: 2 };
        check(
            r#"{"streams": [
                {"codec_type": "video", "codec_name": "h264", "width": 160, "height": 90, "pix_fmt": "yuv420p",
                 "duration": "60.000000", "disposition": {"attached_pic": 0}, "side_data_list": [{}, {"rotation": -90}]},
                {"codec_type": "audio", "codec_name": "aac", "channels": 2, "duration": "59.989000"}],
                "format": {"format_name": "mov,mp4", "duration": "60.000000"}}"#,
            media(
                &["mov", "mp4"],
                60_000,
                vec![Video {
                    width: 160,
                    height: 90,
                    pixel_format: Some("yuv420p".into()),
                    rotation_degrees: -90,
                    ..video("h264")
                }],
                vec![aac()],
            ),
        );
        // A browser's WebM: no length anywhere.
        check(
            r#"{"streams": [{"codec_type": "video", "codec_name": "vp9"}], "format": {"format_name": "matroska,webm"}}"#,
            media(&["matroska", "webm"], 0, vec![video("vp9")], vec![]),
        );
        // A song with a cover shows nothing.
        check(
            r#"{"streams": [
                {"codec_type": "audio", "codec_name": "aac", "channels": 2, "duration": "3.5"},
                {"codec_type": "video", "codec_name": "mjpeg", "disposition": {"attached_pic": 1}}],
                "format": {"format_name": "mov,mp4", "duration": "3.500000"}}"#,
            media(&["mov", "mp4"], 3_500, vec![], vec![aac()]),
        );
        check(
            r#"{"streams": [{"codec_type": "video"}, {"codec_type": "data"}], "format": {"format_name": "mov"}}"#,
            media(&["mov"], 0, vec![video("unknown")], vec![]),
        );
        check("{}", Media::default());
        assert!(Media::parse(b"Segmentation fault").is_err());
    }

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
