//! What ffprobe reads from a recording's bytes.
//!
//! The bytes are anybody's: the tool runs as a child process over one file of ours, may open no
//! other place, reads no playlist, and is killed when it takes too long.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use domain::digest::Sha256Hex;
use domain::recording::Probe;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use storage::Bucket;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::outcome::Unfinished;

/// The longest the tool may take: a recording of hours without an index is read to its end.
const PROBE_TIME_MAX: Duration = Duration::from_secs(120);

/// Demuxers of what the school takes; a playlist, which names other files, is none of them.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm";

/// Fetches an object and reads what it shows.
pub async fn read(bucket: &Bucket, key: &str) -> Result<Probe, Unfinished> {
    let file = fetch(bucket, key).await?;
    let (file, size, sha256) = tokio::task::spawn_blocking(move || sum(file))
        .await
        .map_err(|error| Unfinished::Retry(error.to_string()))?
        .map_err(|error| io(&error))?;
    let media = inspect(file.path()).await?;
    Ok(Probe {
        size,
        sha256: sha256.to_string(),
        containers: media.containers,
        duration_millis: media.duration_millis,
        video: media.video,
        audio: media.audio,
    })
}

async fn fetch(bucket: &Bucket, key: &str) -> Result<NamedTempFile, Unfinished> {
    let lost = || Unfinished::GiveUp("the object of a verified upload is not there".into());
    let mut bytes = bucket.read(key).await?.ok_or_else(lost)?;
    let file = NamedTempFile::new().map_err(|error| io(&error))?;
    let mut writer = tokio::fs::File::from_std(file.reopen().map_err(|error| io(&error))?);
    while let Some(piece) = bytes.try_next().await.map_err(|error| Unfinished::Retry(error.to_string()))? {
        writer.write_all(&piece).await.map_err(|error| io(&error))?;
    }
    writer.flush().await.map_err(|error| io(&error))?;
    Ok(file)
}

fn sum(file: NamedTempFile) -> std::io::Result<(NamedTempFile, u64, Sha256Hex)> {
    let mut hash = Sha256::new();
    let size = std::io::copy(&mut file.reopen()?, &mut hash)?;
    Ok((file, size, Sha256Hex::from_bytes(hash.finalize().into())))
}

fn io(error: &std::io::Error) -> Unfinished {
    Unfinished::Retry(format!("the recording cannot be kept while it is probed: {error}"))
}

/// What a file shows; nothing where it is no media.
#[derive(Debug, Default, PartialEq, Eq)]
struct Media {
    containers: Vec<String>,
    duration_millis: u64,
    video: Vec<String>,
    audio: Vec<String>,
}

async fn inspect(path: &Path) -> Result<Media, Unfinished> {
    let described = ffprobe(path, &["-show_format", "-show_streams"]).await?;
    if !described.status.success() {
        return Ok(Media::default());
    }
    let mut media = Media::parse(&described.stdout)?;
    if media.duration_millis == 0 && !media.containers.is_empty() {
        // A browser's WebM has no length in its header: its last packet tells.
        let packets = ffprobe(path, &["-show_entries", "packet=pts_time,duration_time"]).await?;
        media.duration_millis = last_packet_ends(&packets.stdout)?;
    }
    Ok(media)
}

async fn ffprobe(path: &Path, what: &[&str]) -> Result<Output, Unfinished> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS]);
    command.args(["-print_format", "json"]).args(what).arg("-i").arg(path);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(PROBE_TIME_MAX, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            return Err(Unfinished::ToolMissing(MISSING));
        }
        Ok(Err(error)) => return Err(Unfinished::Retry(format!("ffprobe cannot be started: {error}"))),
        Err(_) => return Err(Unfinished::Retry("ffprobe took too long".into())),
    };
    // No exit code: something outside ended it, which says nothing about the file.
    match output.status.code() {
        Some(_) => Ok(output),
        None => Err(Unfinished::Retry("ffprobe was stopped".into())),
    }
}

/// What staff read while recordings wait.
const MISSING: &str = "ffprobe is not installed here: install ffmpeg to prove recordings";

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
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
}

#[derive(Debug, Default, Deserialize)]
struct Disposition {
    /// A cover, which is one picture and no film.
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Debug, Deserialize)]
struct Packets {
    #[serde(default)]
    packets: Vec<Packet>,
}

#[derive(Debug, Deserialize)]
struct Packet {
    pts_time: Option<String>,
    duration_time: Option<String>,
}

impl Media {
    fn parse(json: &[u8]) -> Result<Self, Unfinished> {
        let Described { format, streams } = serde_json::from_slice(json).map_err(unreadable)?;
        let Some(format) = format else { return Ok(Self::default()) };
        let codecs = |kind: &str| {
            let of_kind =
                streams.iter().filter(|it| it.codec_type == kind && it.disposition.attached_pic == 0);
            of_kind.map(|it| it.codec_name.clone().unwrap_or_else(|| "unknown".into())).collect()
        };
        let lengths = streams.iter().map(|stream| stream.duration.as_deref());
        let lengths = lengths.chain([format.duration.as_deref()]).flatten();
        Ok(Self {
            containers: format
                .format_name
                .split(',')
                .filter(|name| !name.is_empty())
                .map(Into::into)
                .collect(),
            duration_millis: lengths.map(millis).max().unwrap_or(0),
            video: codecs("video"),
            audio: codecs("audio"),
        })
    }
}

/// When the packet that ends last ends.
fn last_packet_ends(json: &[u8]) -> Result<u64, Unfinished> {
    let Packets { packets } = serde_json::from_slice(json).map_err(unreadable)?;
    let of = |text: Option<&str>| text.map_or(0, millis);
    let ends =
        packets.iter().map(|it| of(it.pts_time.as_deref()).saturating_add(of(it.duration_time.as_deref())));
    Ok(ends.max().unwrap_or(0))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: serde_json::Error) -> Unfinished {
    Unfinished::GiveUp(format!("ffprobe's answer cannot be read: {error}"))
}

/// `60.007000` seconds as milliseconds, a started one not counted; what is no such number is none.
fn millis(seconds: &str) -> u64 {
    let (whole, rest) = seconds.split_once('.').unwrap_or((seconds, ""));
    let mut digits = rest.bytes().chain(*b"000").take(3);
    let fraction = digits.try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'9' => Some(sum * 10 + u64::from(digit - b'0')),
        _ => None,
    });
    let whole = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(1000));
    whole.zip(fraction).and_then(|(whole, fraction)| whole.checked_add(fraction)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_description_tells_containers_length_and_codecs() {
        let check = |json: &str, containers: &[&str], duration_millis, video: &[&str], audio: &[&str]| {
            let [containers, video, audio] = [containers, video, audio].map(names);
            let expected = Media { containers, duration_millis, video, audio };
            assert_eq!(Media::parse(json.as_bytes()).expect("readable"), expected, "{json}");
        };
        check(
            r#"{"streams": [
                {"codec_type": "video", "codec_name": "h264", "duration": "60.000000", "disposition": {"attached_pic": 0}},
                {"codec_type": "audio", "codec_name": "aac", "duration": "59.989000"}],
                "format": {"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "duration": "60.000000"}}"#,
            &["mov", "mp4", "m4a", "3gp", "3g2", "mj2"],
            60_000,
            &["h264"],
            &["aac"],
        );
        // A browser's WebM: no length anywhere.
        check(
            r#"{"streams": [{"codec_type": "video", "codec_name": "vp9"}], "format": {"format_name": "matroska,webm"}}"#,
            &["matroska", "webm"],
            0,
            &["vp9"],
            &[],
        );
        // A song with a cover shows nothing.
        check(
            r#"{"streams": [
                {"codec_type": "audio", "codec_name": "aac", "duration": "3.5"},
                {"codec_type": "video", "codec_name": "mjpeg", "duration": "3.5", "disposition": {"attached_pic": 1}}],
                "format": {"format_name": "mov,mp4", "duration": "3.500000"}}"#,
            &["mov", "mp4"],
            3_500,
            &[],
            &["aac"],
        );
        check(
            r#"{"streams": [{"codec_type": "video"}, {"codec_type": "data"}], "format": {"format_name": "mov"}}"#,
            &["mov"],
            0,
            &["unknown"],
            &[],
        );
        check("{}", &[], 0, &[], &[]);
    }

    #[test]
    fn an_answer_that_is_no_json_is_given_up() {
        assert!(matches!(Media::parse(b"Segmentation fault"), Err(Unfinished::GiveUp(_))));
    }

    #[test]
    fn a_length_is_read_to_the_millisecond() {
        let check = |text: &str, expected| assert_eq!(millis(text), expected, "{text}");
        check("60.007999", 60_007);
        check("60", 60_000);
        check("0.5", 500);
        check("N/A", 0);
        check("-1.000", 0);
        check("1e9", 0);
        check("99999999999999999999", 0);
        check("18446744073709551.9", 0);
    }

    #[test]
    fn the_packet_that_ends_last_tells_the_length() {
        let json = br#"{"packets": [{"pts_time": "0.000000", "duration_time": "0.040000"},
            {"pts_time": "59.960000", "duration_time": "0.040000"}, {"pts_time": "59.900000"}, {}]}"#;
        assert_eq!(last_packet_ends(json).expect("readable"), 60_000);
        assert_eq!(last_packet_ends(b"{}").expect("readable"), 0);
    }
}
