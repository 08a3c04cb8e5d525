//! Films as recorders make them: some seconds of moving pictures and a tone, whole and damaged.

use std::process::Command;

/// A minute of 160x90 at five pictures a second, and as much of a tone.
const MINUTE: &str = "-f lavfi -i testsrc=s=160x90:r=5:d=60 -f lavfi -i sine=440:d=60";
/// How long what a browser recorded plays.
pub const BROWSER_SECONDS: u64 = 40;

/// A minute as an MP4 in fragments of a second, with more flags.
pub fn fragmented(flags: &str) -> Vec<u8> {
    let flags = format!("+frag_keyframe+empty_moov+default_base_moof{flags}");
    let coding = "-c:v libx264 -pix_fmt yuv420p -g 5 -c:a aac -shortest";
    made(&format!("{MINUTE} {coding} -movflags {flags}"), "fragmented.mp4")
}

/// VP8 and Opus through a pipe, so that no length is in its header; pictures come when something moves.
pub fn of_a_browser() -> Vec<u8> {
    let scene = format!(
        "-f lavfi -i testsrc=s=160x90:r=25:d={BROWSER_SECONDS} -f lavfi -i sine=440:d={BROWSER_SECONDS}"
    );
    ffmpeg(&format!(
        "{scene} -vf select='lt(mod(n,11),3)' -fps_mode vfr -c:v libvpx -deadline realtime -cpu-used 8 \
         -b:v 200k -c:a libopus -f webm pipe:"
    ))
}

/// A minute of a tone as a WebM file.
pub fn of_sound_alone() -> Vec<u8> {
    made(&format!("{MINUTE} -map 1:a -c:a libopus"), "sound.webm")
}

/// What is left of a film after so many percent of its bytes.
pub fn cut(film: &[u8], percent: usize) -> &[u8] {
    &film[..film.len() * percent / 100]
}

/// What is left of a fragmented film after so many percent of its fragments.
pub fn cut_between_fragments(film: &[u8], percent: usize) -> &[u8] {
    let boxes = boxes(film).into_iter();
    let fragments = Vec::from_iter(boxes.filter(|(kind, _)| kind == b"moof").map(|(_, at)| at));
    assert_eq!(fragments.len(), 60);
    &film[..fragments[fragments.len() * percent / 100]]
}

/// A film in which eight bytes are others.
pub fn flipped(film: &[u8]) -> Vec<u8> {
    let mut flipped = film.to_vec();
    let middle = film.len() / 2;
    flipped[middle..middle + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
    flipped
}

/// An MP4 made as large as that by a box that players pass over, in which no two parts are the same.
pub fn padded(film: &[u8], size: usize) -> Vec<u8> {
    let more = size - film.len();
    let length = u32::try_from(more).expect("a small box").to_be_bytes();
    let padding = (0..more - 8).map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8);
    [film, &length, b"free", &Vec::from_iter(padding)].concat()
}

/// Kinds of an MP4's outermost boxes and where they begin.
pub fn boxes(film: &[u8]) -> Vec<([u8; 4], usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(([a, b, c, d, kind @ ..], _)) = film[at..].split_first_chunk::<8>() {
        found.push((*kind, at));
        at += usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).expect("small");
    }
    found
}

/// How long a film plays by its header, as ffprobe reads it.
pub fn seconds_of(film: &[u8]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("film");
    std::fs::write(&path, film).expect("written");
    let words = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(words).arg(path).output().expect("ffprobe is installed");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a length")
}

/// The file that ffmpeg makes under a name.
fn made(words: &str, name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    ffmpeg(&format!("{words} {}", path.display()));
    std::fs::read(path).expect("a film")
}

/// Runs ffmpeg, and answers what it wrote to its output.
fn ffmpeg(words: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).args(words.split_whitespace());
    let output = command.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
