//! What a tool may not do: take long, take much, go elsewhere, outlive who started it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::clip::Studio;
use super::limits;
use crate::media::decode::decode;
use crate::media::probe::{Media, probe};
use crate::media::tool::{Limits, Tool, ToolError};
use crate::media::{Container, Source};

/// A run that would last for days.
fn endless(folder: &Path, limits: Limits) -> Tool {
    Tool::ffmpeg(folder, limits).args(["-f", "lavfi", "-i", "testsrc=s=640x360", "-f", "null", "-"])
}

/// Asks again until it is so, or ten seconds are over.
fn comes_true(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Whether an ffmpeg works in a folder; one that has ended and that nobody has asked about works nowhere.
fn runs_in(folder: &Path) -> bool {
    let folder = folder.canonicalize().expect("a folder");
    let of = |process: PathBuf| {
        let name = std::fs::read_to_string(process.join("comm")).ok()?;
        (name == "ffmpeg\n" && std::fs::read_link(process.join("cwd")).ok()? == folder).then_some(())
    };
    std::fs::read_dir("/proc").expect("processes").flatten().any(|it| of(it.path()).is_some())
}

#[tokio::test]
async fn a_tool_that_takes_long_is_ended() {
    let studio = Studio::new();
    let wall = Duration::from_millis(300);
    let ended = endless(studio.folder(), Limits { wall, ..limits() }).run().await;
    assert!(matches!(ended, Err(ToolError::TookTooLong)), "{ended:?}");
    assert!(!runs_in(studio.folder()));
}

#[tokio::test]
async fn a_tool_that_takes_much_is_ended() {
    let studio = Studio::new();
    let cpu = Duration::from_secs(1);
    let ended = endless(studio.folder(), Limits { cpu, ..limits() }).run().await;
    assert!(matches!(ended, Err(ToolError::UsedTooMuch)), "{ended:?}");
    let large = Tool::ffmpeg(studio.folder(), limits()).writing(100_000);
    let ended = large.args(["-f", "lavfi", "-i", "testsrc", "-f", "rawvideo", "large.yuv"]).run().await;
    assert!(matches!(ended, Err(ToolError::UsedTooMuch)), "{ended:?}");
    let vast = Tool::ffmpeg(studio.folder(), limits()).args(["-f", "lavfi", "-i", "nullsrc=s=16000x14000"]);
    let ended = vast.args(["-c:v", "libx264", "-preset", "ultrafast", "-f", "null", "-"]).run().await;
    assert!(matches!(ended, Err(ToolError::UsedTooMuch)), "{ended:?}");
}

#[tokio::test]
async fn a_tool_may_say_no_end_of_words() {
    let studio = Studio::new();
    let chatty = Tool::ffmpeg(studio.folder(), limits()).args(["-v", "info", "-f", "lavfi", "-i"]);
    let answer =
        chatty.args(["testsrc=d=40,showinfo", "-f", "rawvideo", "pipe:1"]).run().await.expect("it ends");
    assert_eq!((answer.code, answer.stdout.len()), (0, 8 << 20));
    // Told without the addresses that stood in what was kept.
    assert!((32 << 10..=64 << 10).contains(&answer.stderr.len()), "{}", answer.stderr.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_ends_its_tool() {
    let studio = Studio::new();
    let run = tokio::spawn(endless(studio.folder(), limits()).run());
    assert!(comes_true(|| runs_in(studio.folder())));
    run.abort();
    assert!(comes_true(|| !runs_in(studio.folder())));
}

/// Names the folder in which the process that is to be killed runs a tool.
const DOOMED: &str = "DOOMED_FOLDER";

/// Not a test by itself: what the next one starts as a process of its own.
#[tokio::test]
async fn a_process_that_will_be_killed() {
    let Some(folder) = std::env::var_os(DOOMED) else { return };
    let ended = endless(Path::new(&folder), limits()).run().await;
    panic!("the process outlived its tool: {ended:?}");
}

#[test]
fn a_tool_ends_with_its_parent() {
    let studio = Studio::new();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let name =
        format!("{}::a_process_that_will_be_killed", module_path!().split_once("::").expect("a module").1);
    command.args([name.as_str(), "--exact"]).env(DOOMED, studio.folder());
    let mut parent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("this program");
    let started = comes_true(|| runs_in(studio.folder()));
    parent.kill().and_then(|()| parent.wait()).expect("killed");
    assert!(started && comes_true(|| !runs_in(studio.folder())));
}

/// Whether a tool connects to a listener, given a file that points there. The sniffer is left out.
async fn reaches(bytes: &[u8], container: Container, studio: &Studio, listener: &TcpListener) -> bool {
    let source = Source { path: studio.write("pointing", bytes), container };
    let media = probe(&source, studio.folder()).await.expect("ffprobe answers");
    let decoded = decode(&source, studio.folder(), limits(), &mut |_| ()).await.expect("ffmpeg answers");
    assert!(
        media == Media::default() && !decoded.clean && decoded.duration_millis == 0,
        "{media:?} {decoded:?}"
    );
    listener.set_nonblocking(true).expect("a listener");
    !matches!(listener.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[tokio::test]
async fn a_file_that_points_elsewhere_opens_nothing() {
    let studio = Studio::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let other = studio.clip("other.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    for place in [format!("http://{address}/other.mp4"), format!("file:{}", other.display())] {
        for text in [
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{place}\n#EXT-X-ENDLIST\n"),
            format!("ffconcat version 1.0\nfile '{place}'\n"),
        ] {
            for container in [Container::Mp4, Container::Mkv] {
                assert!(!reaches(text.as_bytes(), container, &studio, &listener).await, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_tool_has_no_network() {
    let studio = Studio::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = format!("http://{}/other.mp4", listener.local_addr().expect("bound"));
    let answer = Tool::ffmpeg(studio.folder(), limits()).args(["-i", &place]).run().await.expect("it ends");
    assert!(answer.code != 0 && answer.stderr.contains("Network is unreachable"), "{}", answer.stderr);
}

/// The box by which QuickTime names the file in which media are: one level up from this one, one down.
fn alias(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).expect("short").to_be_bytes();
    let (levels, full_name, end) = ([0, 1, 0, 1], [0, 2], [0xff, 0xff, 0, 0]);
    let body = [&[0; 134], &levels[..], &[0; 16], &full_name, &length, name.as_bytes(), &end].concat();
    let size = u32::try_from(body.len() + 8).expect("small");
    [&size.to_be_bytes(), &b"alis"[..], &body].concat()
}

/// Puts another reference in place of `url `, which says that media are in the same file.
fn pointing_to(movie: &[u8], name: &str) -> Vec<u8> {
    let alias = alias(name);
    let more = u32::try_from(alias.len() - 12).expect("small");
    let mut bytes = movie.to_vec();
    let find = |bytes: &[u8], kind: &[u8]| bytes.windows(4).rposition(|it| it == kind).expect("a box") - 4;
    let url = find(&bytes, b"url ");
    bytes.splice(url..url + 12, alias);
    for kind in [b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"] {
        let at = find(&bytes[..url + 4], kind);
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) + more;
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    bytes
}

#[tokio::test]
async fn a_movie_whose_media_are_elsewhere_shows_nothing() {
    let studio = Studio::new();
    studio.clip("other.mov", "-map 0:v -c:v libx264 -pix_fmt yuv420p");
    let movie = std::fs::read(studio.path("other.mov")).expect("a clip");
    let pointing = studio.write("pointing.mov", &pointing_to(&movie, "/other.mov"));
    // By hand it can be told to follow the name.
    studio.ffmpeg("-xerror -enable_drefs 1 -i pointing.mov -f null -");
    let source = Source::open(&pointing).expect("it looks like a recording");
    let decoded = decode(&source, studio.folder(), limits(), &mut |_| ()).await.expect("ffmpeg answers");
    assert_eq!((decoded.duration_millis, decoded.clean), (0, false), "{decoded:?}");
}
