//! Six clips of a minute, each different, made by ffmpeg.

use std::process::Stdio;

use tokio::process::Command;

use super::DemoError;

/// How many.
const CLIPS: usize = 6;
/// Colors that tell them apart.
const COLORS: [&str; CLIPS] = ["teal", "maroon", "navy", "olive", "purple", "gray"];

/// Makes the clips: 160 by 90, five pictures and a low tone a second, a minute each.
pub async fn make() -> Result<Vec<Vec<u8>>, DemoError> {
    let folder = tempfile::tempdir()?;
    let mut clips = Vec::with_capacity(CLIPS);
    for (index, color) in COLORS.iter().enumerate() {
        let file = folder.path().join(format!("{index}.mp4"));
        let picture = format!("color=c={color}:size=160x90:rate=5:duration=60");
        let tone = format!("sine=frequency={}:duration=60", 220 + 20 * index);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &tone]);
        ffmpeg
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "32k", "-y"])
            .arg(&file);
        let made = ffmpeg.stdin(Stdio::null()).kill_on_drop(true).output().await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound { DemoError::NoFfmpeg } else { error.into() }
        })?;
        let clip = tokio::fs::read(&file).await.unwrap_or_default();
        if !made.status.success() || clip.is_empty() {
            return Err(DemoError::Clip(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        clips.push(clip);
    }
    Ok(clips)
}
