//! The tools over clips that are made here, whole and broken.

use std::path::Path;

use super::decode::{Decoded, decode};
use super::probe::{Media, probe};
use super::tool::Limits;
use super::{NoRecording, Source};

#[cfg(target_os = "linux")]
mod bounds; // what a tool may not do
mod clip; // clips, as recorders make them
mod watched; // what is made of them

use clip::{Studio, boxes};

fn limits() -> Limits {
    let minute = std::time::Duration::from_secs(60);
    Limits { wall: minute, cpu: minute }
}

async fn probed(path: &Path) -> Media {
    let source = Source::open(path).expect("a recording");
    probe(&source, &std::env::temp_dir()).await.expect("ffprobe answers")
}

async fn decoded(path: &Path) -> Decoded {
    let source = Source::open(path).expect("a recording");
    let mut last = 0;
    let decoded = decode(&source, &std::env::temp_dir(), limits(), &mut |millis| last = millis).await;
    let decoded = decoded.expect("ffmpeg answers");
    assert!(last <= decoded.duration_millis);
    decoded
}

/// Within two and a half pictures of five a second: fragments may start two later.
fn near(millis: u64, seconds: u64) -> bool {
    millis.abs_diff(seconds * 1000) <= 500
}

#[tokio::test]
async fn what_is_whole_decodes_to_the_end_without_complaint() {
    let studio = Studio::new();
    let clips = [
        studio.clip("faststart.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart"),
        studio.clip(
            "fragmented.mp4",
            "-c:v libx264 -pix_fmt yuv420p -g 5 -c:a aac -movflags +frag_keyframe+empty_moov",
        ),
        studio.clip("camera.mov", "-c:v libx264 -pix_fmt yuv420p -c:a aac"),
        studio.clip("desktop.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a aac"),
        studio.browser_clip("browser.webm"),
    ];
    for clip in &clips {
        let (media, decoded) = (probed(clip).await, decoded(clip).await);
        assert!(decoded.clean, "{clip:?} {decoded:?}");
        assert!(near(media.duration_millis, 6) && near(decoded.duration_millis, 6), "{media:?} {decoded:?}");
        assert_eq!((media.video.len(), media.audio.len(), media.cut_short), (1, 1, false), "{media:?}");
        let video = &media.video[0];
        assert_eq!((video.width, video.height, video.pixel_format.as_deref()), (160, 90, Some("yuv420p")));
    }
}

#[tokio::test]
async fn a_file_whose_end_is_missing_is_noticed() {
    let studio = Studio::new();
    let h264 = "-c:v libx264 -pix_fmt yuv420p -g 5 -c:a aac -movflags";
    let clips = [
        studio.clip("faststart.mp4", &format!("{h264} +faststart")),
        studio.clip("fragmented.mp4", &format!("{h264} +frag_keyframe+empty_moov")),
        studio.browser_clip("browser.webm"),
    ];
    for clip in &clips {
        let whole = std::fs::read(clip).expect("a clip");
        let cut = studio.write("cut", &whole[..whole.len() * 6 / 10]);
        let (media, decoded) = (probed(&cut).await, decoded(&cut).await);
        assert!(!decoded.clean && decoded.complaints.is_some(), "{clip:?} {decoded:?}");
        assert_eq!(media.cut_short, clip.extension() != Some("webm".as_ref()), "{clip:?}");
    }
}

/// What is cut between two fragments is a whole file of the fragments before: neither the decoder nor the
/// boxes complain. Only an index in front tells that there was more, and else only the meeting's log.
#[tokio::test]
async fn a_cut_between_fragments_shows_only_where_the_container_tells_its_length() {
    let studio = Studio::new();
    let check = async |flags: &str, header_seconds: Option<u64>| {
        let options = format!("-c:v libx264 -pix_fmt yuv420p -g 5 -c:a aac -movflags {flags}");
        let whole = std::fs::read(studio.clip("whole.mp4", &options)).expect("a clip");
        let fragments: Vec<_> = boxes(&whole).into_iter().filter(|(kind, _)| kind == b"moof").collect();
        let cut = studio.write("cut.mp4", &whole[..fragments[3].1]);
        let (media, decoded) = (probed(&cut).await, decoded(&cut).await);
        assert!(decoded.clean && !media.cut_short, "{flags} {decoded:?}");
        assert!(near(decoded.duration_millis, 3), "{flags} {decoded:?}");
        let told = media.header_duration_millis;
        assert_eq!(told.is_some(), header_seconds.is_some(), "{flags} {media:?}");
        assert!(told.is_none_or(|told| near(told, 6) && media.duration_millis >= told), "{flags} {media:?}");
    };
    check("+frag_keyframe+empty_moov+default_base_moof+global_sidx", Some(6)).await;
    check("+frag_keyframe+empty_moov+default_base_moof", None).await;
}

/// Most wrong bits are noticed in H.264 and few in VP8: the checksum is what proves bytes.
#[tokio::test]
async fn flipped_bytes_of_h264_are_often_noticed() {
    let studio = Studio::new();
    let clip = studio.clip("whole.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart");
    let whole = std::fs::read(clip).expect("a clip");
    let (_, media) = boxes(&whole).into_iter().find(|(kind, _)| kind == b"mdat").expect("media");
    let mut noticed = 0;
    for eighth in 0..8 {
        let mut bytes = whole.clone();
        let at = media + 100 + (whole.len() - media - 200) * eighth / 8;
        bytes[at..at + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
        noticed += usize::from(!decoded(&studio.write("flipped.mp4", &bytes)).await.clean);
    }
    assert!(noticed >= 4, "{noticed} of 8");
}

#[tokio::test]
async fn a_complaint_shows_no_place_of_this_machine() {
    let studio = Studio::new();
    let whole = std::fs::read(studio.browser_clip("browser.webm")).expect("a clip");
    let decoded = decoded(&studio.write("cut.webm", &whole[..whole.len() / 2])).await;
    assert_eq!(decoded.complaints.as_deref(), Some("[matroska,webm] File ended prematurely"));
}

#[tokio::test]
async fn a_browsers_recording_gets_its_length_from_its_packets() {
    let studio = Studio::new();
    let media = probed(&studio.browser_clip("browser.webm")).await;
    assert_eq!(media.header_duration_millis, None);
    assert!(near(media.duration_millis, 6), "{media:?}");
    assert_eq!((media.video[0].codec.as_str(), media.audio[0].codec.as_str()), ("vp8", "opus"));
}

#[tokio::test]
async fn a_length_that_an_edit_leaves_out_is_not_counted() {
    let studio = Studio::new();
    studio.clip("whole.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    studio.ffmpeg("-ss 3.3 -i whole.mp4 -c copy trimmed.mp4");
    let trimmed = studio.path("trimmed.mp4");
    let (media, decoded) = (probed(&trimmed).await, decoded(&trimmed).await);
    assert!(decoded.clean && media.duration_millis.abs_diff(2_700) <= 100, "{media:?}");
    assert!(decoded.duration_millis.abs_diff(media.duration_millis) <= 100, "{decoded:?} {media:?}");
}

#[tokio::test]
async fn sound_alone_and_a_cover_are_no_video() {
    let studio = Studio::new();
    let song = studio.clip("song.m4a", "-map 1:a -c:a aac -f mp4");
    studio.ffmpeg(
        "-i song.m4a -f lavfi -i testsrc=s=90x90:d=1 -map 0 -map 1 -frames:v 1 -c:a copy -c:v mjpeg \
        -disposition:v attached_pic covered.mp4",
    );
    for path in [song, studio.path("covered.mp4")] {
        let (media, decoded) = (probed(&path).await, decoded(&path).await);
        assert!(decoded.clean && media.video.is_empty(), "{path:?} {media:?} {decoded:?}");
        assert_eq!(media.audio.len(), 1);
    }
}

#[tokio::test]
async fn a_recording_coded_like_none_is_no_media() {
    let studio = Studio::new();
    let odd = studio.clip("odd.mkv", "-c:v ffv1 -c:a aac");
    assert_eq!(probed(&odd).await, Media::default());
    assert!(!decoded(&odd).await.clean);
    let nothing = studio.write("nothing.mp4", b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1");
    assert_eq!(probed(&nothing).await, Media::default());
}

#[test]
fn a_name_makes_no_recording() {
    let studio = Studio::new();
    let check = |name: &str, bytes: &[u8]| {
        let refused = Source::open(&studio.write(name, bytes));
        assert!(matches!(refused, Err(NoRecording::OtherKind)), "{name} {refused:?}");
    };
    check("paper.mp4", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
    check("playlist.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nother.ts\n");
    check("list.webm", b"ffconcat version 1.0\nfile other.mp4\n");
    check("empty.mov", b"");
    assert!(matches!(Source::open(&studio.path("nowhere.mp4")), Err(NoRecording::Io(_))));
}

#[tokio::test]
async fn two_pictures_of_the_same_time_are_no_damage() {
    let studio = Studio::new();
    studio.ffmpeg(
        "-f lavfi -i testsrc=s=160x90:r=25:d=4 -vf setpts=floor(N/2)*2/25/TB -fps_mode passthrough \
         -enc_time_base 1:1000 -c:v libx264 -bf 0 twice.mkv",
    );
    let decoded = decoded(&studio.path("twice.mkv")).await;
    assert!(decoded.clean && near(decoded.duration_millis, 4), "{decoded:?}");
}
