//! What ffprobe answers, as far as it is asked.

use serde::Deserialize;

use super::{Audio, Media, Video, millis};

/// What is asked of ffprobe.
pub(super) const ENTRIES: &str = "format=format_name,duration:\
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

/// Reads the description, which says nothing of what is no media.
pub(super) fn parse(json: &[u8]) -> Result<Media, serde_json::Error> {
    let Described { format, streams } = serde_json::from_slice(json)?;
    let Some(format) = format else { return Ok(Media::default()) };
    let names = format.format_name.split(',').filter(|name| !name.is_empty());
    let header_duration_millis = format.duration.as_deref().and_then(millis).filter(|length| *length > 0);
    let lengths = streams.iter().filter_map(|stream| stream.duration.as_deref().and_then(millis));
    let seen =
        |kind| streams.iter().filter(move |it| it.codec_type == kind && it.disposition.attached_pic == 0);
    Ok(Media {
        containers: names.map(Into::into).collect(),
        duration_millis: lengths.chain(header_duration_millis).max().unwrap_or(0),
        header_duration_millis,
        cut_short: false,
        video: seen("video").map(Stream::video).collect(),
        audio: seen("audio").map(Stream::audio).collect(),
    })
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
            assert_eq!(parse(json.as_bytes()).expect("readable"), expected, "{json}");
        };
        let aac = || Audio { codec: "aac".into(), channels: 2 };
        check(
            r#"{"streams": [
                {"codec_type": "video", "codec_name": "h264", "width": 160, "height": 90,
                 "pix_fmt": "yuv420p", "duration": "60.000000", "disposition": {"attached_pic": 0},
                 "side_data_list": [{}, {"rotation": -90}]},
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
            r#"{"streams": [{"codec_type": "video", "codec_name": "vp9"}],
                "format": {"format_name": "matroska,webm"}}"#,
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
            r#"{"streams": [{"codec_type": "video"}, {"codec_type": "data"}],
                "format": {"format_name": "mov"}}"#,
            media(&["mov"], 0, vec![video("unknown")], vec![]),
        );
        check("{}", Media::default());
        assert!(parse(b"Segmentation fault").is_err());
    }
}
