//! Whether all of a recording can be seen and heard: every picture and every sound is decoded, and dropped.
//!
//! Not every wrong bit is noticed so: VP8 and VP9 decode nearly anything. That the bytes are those that
//! were recorded, their checksum proves.

use std::path::Path;

use super::Source;
use super::tool::{Limits, Tool, ToolError};

/// What is kept of the decoder's complaints, in characters.
const COMPLAINT_MAX: usize = 300;

/// A browser gives two pictures the same time now and then, which is no damage: the later one is told a tick later.
const LATER: &str = r"setts=pts=max(PTS\,PREV_OUTPTS+1):dts=max(DTS\,PREV_OUTDTS+1)";

/// What decoding showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// From the start of what starts first to the end of what ends last, of pictures and sound alike.
    ///
    /// To be compared with [`Media::duration_millis`](super::probe::Media::duration_millis): a file cut
    /// between two pieces of its container decodes without complaint.
    pub duration_millis: u64,
    /// The beginning of what the decoder complained about.
    pub complaints: Option<String>,
    /// Whether it went to the end without complaint.
    pub clean: bool,
}

/// Decodes a recording to the end or to the first error, and tells the milliseconds done so far.
pub async fn decode(
    source: &Source,
    folder: &Path,
    limits: Limits,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Decoded, ToolError> {
    // Pictures keep their own times: none is doubled to fill a gap.
    let tool = Tool::ffmpeg(folder, limits)
        .args(["-xerror", "-err_detect", "+crccheck+bitstream+buffer+explode"])
        .input(source)
        .args(["-map", "0:V?", "-map", "0:a?", "-fps_mode", "passthrough", "-enc_time_base", "-1"])
        .args(["-bsf:v", LATER])
        .args(["-progress", "pipe:1", "-f", "null", "-"]);
    let (answer, duration_millis) = tool.measure(progress).await?;
    let words = answer.stderr.trim();
    let complaints = (!words.is_empty()).then(|| words.chars().take(COMPLAINT_MAX).collect());
    Ok(Decoded { duration_millis, clean: answer.code == 0 && complaints.is_none(), complaints })
}
