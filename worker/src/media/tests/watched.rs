//! What is made of recordings, as a browser would get it.

use std::path::{Path, PathBuf};

use domain::recording::captions::CaptionsRefused;

use super::clip::Studio;
use super::{decoded, limits, near, probed};
use crate::media::Source;
use crate::media::make::{MakeError, Order, Watchable, make_film, make_rest};

struct Done {
    made: Watchable,
    progress: Vec<u16>,
    folder: PathBuf,
}

async fn try_make(
    studio: &Studio,
    clip: &Path,
    captions: Option<&str>,
    bytes_max: u64,
) -> Result<Done, MakeError> {
    let source = Source::open(clip).expect("a recording");
    let media = probed(clip).await;
    let folder = studio.path(&format!("made of {}", clip.file_name().expect("a name").display()));
    std::fs::create_dir(&folder).expect("a folder");
    let order =
        Order { source: &source, media: &media, captions, folder: &folder, limits: limits(), bytes_max };
    let mut progress = Vec::new();
    let mut tell = |permille| progress.push(permille);
    let film = make_film(&order, &mut tell).await?;
    let mut made = make_rest(&order, &film, &mut tell).await?;
    made.files.insert(0, film.file);
    made.files.push(made.playlist.clone());
    Ok(Done { made, progress, folder })
}

async fn made(studio: &Studio, clip: &Path) -> Done {
    try_make(studio, clip, None, 100 << 20).await.expect("it can be made")
}

const H264: &str = "-c:v libx264 -pix_fmt yuv420p -g 10 -c:a aac";

#[tokio::test]
async fn a_browsers_recording_becomes_a_film_that_can_be_sought_in() {
    let studio = Studio::new();
    let done = made(&studio, &studio.browser_clip("browser.webm")).await;
    let film = done.folder.join("watch.mp4");
    let (media, decoded) = (probed(&film).await, decoded(&film).await);
    assert!(decoded.clean && near(decoded.duration_millis, 6), "{decoded:?}");
    assert!(media.header_duration_millis.is_some_and(|millis| near(millis, 6)), "{media:?}");
    assert_eq!((media.video[0].codec.as_str(), media.audio[0].codec.as_str()), ("h264", "aac"));
    let order = super::boxes(&std::fs::read(&film).expect("a film"));
    let at = |kind| order.iter().position(|(it, _)| it == kind).expect("a box");
    assert!(at(b"moov") < at(b"mdat"));
}

#[tokio::test]
async fn a_film_that_plays_everywhere_is_copied() {
    let studio = Studio::new();
    let clip = studio.clip("camera.mp4", H264);
    let done = made(&studio, &clip).await;
    let sums = |path: &Path| {
        std::fs::copy(path, studio.path("summed.mp4")).expect("a copy");
        studio.ffmpeg("-i summed.mp4 -map 0 -c copy -f streamhash -")
    };
    assert_eq!(sums(&clip), sums(&done.folder.join("watch.mp4")));
}

#[tokio::test]
async fn pieces_are_in_order_and_as_long_as_the_film() {
    let studio = Studio::new();
    studio.ffmpeg("-f lavfi -i testsrc=s=160x90:r=5:d=20 -c:v libvpx -deadline realtime -f webm long.webm");
    let done = made(&studio, &studio.path("long.webm")).await;
    let lengths: Vec<_> = done.made.segments.iter().map(|it| it.duration_millis).collect();
    assert_eq!(lengths, [6_000, 6_000, 6_000, 2_000]);
    let names: Vec<_> = done.made.files.iter().map(|it| (it.name.as_str(), it.content_type)).collect();
    let expected = [
        ("watch.mp4", "video/mp4"),
        ("poster.jpg", "image/jpeg"),
        ("captions.vtt", "text/vtt"),
        ("segment-00000.ts", "video/mp2t"),
        ("segment-00001.ts", "video/mp2t"),
        ("segment-00002.ts", "video/mp2t"),
        ("segment-00003.ts", "video/mp2t"),
        ("watch.m3u8", "application/vnd.apple.mpegurl"),
    ];
    assert_eq!(names, expected);
    // All that is in the folder, and no more.
    assert!(done.made.files.iter().all(|it| it.path.is_file()));
    assert_eq!(std::fs::read_dir(&done.folder).expect("a folder").count(), expected.len());
    assert!(done.progress.is_sorted() && done.progress.last() == Some(&1000), "{:?}", done.progress);
}

#[tokio::test]
async fn what_was_odd_large_or_turned_is_made_to_fit() {
    let studio = Studio::new();
    let check = async |name: &str, size: &str, options: &str, expected| {
        let scene = format!("-f lavfi -i testsrc=s={size}:r=2:d=1");
        studio.ffmpeg(&format!("{scene} {options} {name}"));
        let film = made(&studio, &studio.path(name)).await.folder.join("watch.mp4");
        let video = probed(&film).await.video.remove(0);
        assert_eq!((video.width, video.height, video.rotation_degrees), expected, "{name}");
        assert_eq!(
            (video.codec.as_str(), video.pixel_format.as_deref()),
            ("h264", Some("yuv420p")),
            "{name}"
        );
        assert!(decoded(&film).await.clean, "{name}");
    };
    check("odd.webm", "161x91", "-c:v libvpx", (160, 90, 0)).await;
    check("large.webm", "1920x1080", "-c:v libvpx -deadline realtime -cpu-used 8", (1280, 720, 0)).await;
    check("deep.mp4", "160x90", "-c:v libx264 -pix_fmt yuv420p10le", (160, 90, 0)).await;
    check("full.mp4", "160x90", "-c:v libx264 -pix_fmt yuv444p", (160, 90, 0)).await;
    studio.ffmpeg("-f lavfi -i testsrc=s=160x90:r=2:d=1 -c:v libx264 -pix_fmt yuv420p lying.mp4");
    studio.ffmpeg("-i lying.mp4 -c copy -metadata:s:v rotate=90 turned.mp4");
    let turned = studio.path("turned.mp4");
    assert_ne!(probed(&turned).await.video[0].rotation_degrees, 0);
    let film = made(&studio, &turned).await.folder.join("watch.mp4");
    let video = probed(&film).await.video.remove(0);
    assert_eq!((video.width, video.height, video.rotation_degrees), (90, 160, 0));
}

#[tokio::test]
async fn nothing_of_the_recorder_is_told_on() {
    let studio = Studio::new();
    let told = "-metadata title=Secret -metadata location=+51.5-0.1/ -metadata:s:v handler_name=Secret \
        -metadata:s:a title=Secret";
    studio.write("chapters", b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle=Secret\n");
    studio.clip("telling.mp4", &format!("{H264} {told}"));
    studio.ffmpeg("-i telling.mp4 -i chapters -map 0 -map_chapters 1 -c copy chapters.mp4");
    let secret = |path: &Path| std::fs::read(path).expect("a file").windows(6).any(|it| it == b"Secret");
    let clip = studio.path("chapters.mp4");
    assert!(secret(&clip));
    let done = made(&studio, &clip).await;
    assert!(!done.made.files.iter().any(|it| secret(&it.path)));
}

#[tokio::test]
async fn the_same_recording_makes_the_same_files() {
    let studio = Studio::new();
    let again = Studio::new();
    let clip = studio.browser_clip("browser.webm");
    let (first, second) = (made(&studio, &clip).await, made(&again, &clip).await);
    for (first, second) in first.made.files.iter().zip(&second.made.files) {
        let same =
            std::fs::read(&first.path).expect("a file") == std::fs::read(&second.path).expect("a file");
        assert!(same && first.name == second.name, "{}", first.name);
    }
}

#[tokio::test]
async fn captions_come_with_the_film_or_stop_it() {
    let studio = Studio::new();
    let clip = studio.clip("camera.mp4", H264);
    let captions = "WEBVTT\n\n00:01.000 --> 00:02.000\nWhy?\n\n";
    let done = try_make(&studio, &clip, Some(captions), 100 << 20).await.expect("it can be made");
    assert_eq!(std::fs::read_to_string(done.folder.join("captions.vtt")).expect("captions"), captions);
    let again = Studio::new();
    let refused = try_make(&again, &clip, Some("no captions"), 100 << 20).await;
    assert!(matches!(refused, Err(MakeError::Captions(CaptionsRefused::NoHeader))));
}

#[tokio::test]
async fn what_would_be_too_large_or_shows_nothing_is_not_made() {
    let studio = Studio::new();
    let clip = studio.clip("camera.mp4", H264);
    let film_alone = std::fs::metadata(&clip).expect("a clip").len() + 10_000;
    for bytes_max in [film_alone, film_alone / 2] {
        let refused = try_make(&Studio::new(), &clip, None, bytes_max).await;
        assert!(matches!(refused, Err(MakeError::TooLarge { .. })), "{bytes_max}");
    }
    let song = studio.clip("song.mp4", "-map 1:a -c:a aac");
    let refused = try_make(&studio, &song, None, 100 << 20).await;
    assert!(matches!(refused, Err(MakeError::NoVideo)));
}

#[tokio::test]
async fn a_poster_is_taken_where_sound_outlasts_the_pictures() {
    let studio = Studio::new();
    studio.ffmpeg(
        "-f lavfi -i testsrc=s=160x90:r=5:d=0.4 -f lavfi -i sine=440:d=30 -c:v libx264 -pix_fmt yuv420p \
        -c:a aac short.mp4",
    );
    let done = made(&studio, &studio.path("short.mp4")).await;
    assert!(std::fs::read(done.folder.join("poster.jpg")).expect("a poster").starts_with(b"\xff\xd8\xff"));
}
