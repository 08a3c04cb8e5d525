//! Recordings as browsers and cameras make them, no two the same.

use std::path::Path;
use std::process::Command;

const BROWSER: &str = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k -c:a libopus";
const CAMERA: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";

/// Media type, name and bytes of eight seconds of pictures and a tone. Every other clip is as a browser
/// records it, which is coded anew; the others are as a camera does.
pub fn clip(folder: &Path, index: u32) -> (&'static str, &'static str, Vec<u8>) {
    let (kind, name, words) = match index % 2 {
        0 => ("video/webm", "clip.webm", BROWSER),
        _ => ("video/mp4", "clip.mp4", CAMERA),
    };
    let (path, tone) = (folder.join(name), format!("sine={}:d=8", 200 + index));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc=s=160x90:r=25:d=8"]);
    ffmpeg.args(["-f", "lavfi", "-i", &tone]).args(words.split_whitespace()).arg(&path);
    assert!(ffmpeg.status().expect("ffmpeg is installed").success());
    (kind, name, std::fs::read(&path).expect("a clip"))
}
