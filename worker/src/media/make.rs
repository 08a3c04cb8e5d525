//! What a browser plays, made of a recording: a film, the same in pieces, a picture of it, captions.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::recording::captions::{self, CaptionsRefused};
use thiserror::Error;

use super::probe::{Media, millis};
use super::tool::{Limits, Tool, ToolError};
use super::{Container, Source};

mod film; // how the film is made: copied where every browser plays it, else coded anew

const FILM: &str = "watch.mp4";
/// The name of the playlist.
pub const PLAYLIST: &str = "watch.m3u8";
const POSTER: &str = "poster.jpg";
const CAPTIONS: &str = "captions.vtt";

/// Files in the folder: twelve hours of pieces, and what else is made.
const FILES_MAX: usize = 7_204;

/// How often the folder is weighed while a tool writes to it.
const WEIGH_EVERY: Duration = Duration::from_millis(500);

/// The poster shows the film a tenth on, or here where it is long.
const POSTER_MILLIS_MAX: u64 = 10_000;

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The recording.
    pub source: &'a Source,
    /// What it holds.
    pub media: &'a Media,
    /// Captions as WebVTT, if there are any.
    pub captions: Option<&'a str>,
    /// An empty folder; nothing is written elsewhere.
    pub folder: &'a Path,
    /// For each run of the tool.
    pub limits: Limits,
    /// For all that is made.
    pub bytes_max: u64,
}

/// The film, of which the rest is made.
#[derive(Debug)]
pub struct Film {
    /// Itself.
    pub file: Made,
    source: Source,
}

/// What was made of the film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watchable {
    /// The poster, captions, and the pieces in order.
    pub files: Vec<Made>,
    /// What names the pieces.
    pub playlist: Made,
    /// The playlist's pieces in order.
    pub segments: Vec<Segment>,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name in the folder, as the playlist says it.
    pub name: String,
    /// What it is sent as.
    pub content_type: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// A piece of the film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its name in the folder.
    pub name: String,
    /// How long it plays.
    pub duration_millis: u64,
}

/// Why nothing watchable was made.
#[derive(Debug, Error)]
pub enum MakeError {
    /// The recording shows nothing.
    #[error("the recording has no video")]
    NoVideo,
    /// The captions are no WebVTT.
    #[error(transparent)]
    Captions(#[from] CaptionsRefused),
    /// All together would be larger than it may be, or in too many pieces.
    #[error(
        "what is made of the recording is larger than {bytes_max} bytes or in more than {FILES_MAX} files"
    )]
    TooLarge {
        /// What was allowed.
        bytes_max: u64,
    },
    /// The tool cannot make a file of this recording.
    #[error("{name} cannot be made: {complaint}")]
    Refused {
        /// Of which file.
        name: &'static str,
        /// What the tool said.
        complaint: String,
    },
    /// The tool has no answer.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The folder cannot be used.
    #[error("the folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Makes the film, and tells how much of everything is done, in thousandths: coding takes the time.
pub async fn make_film(order: &Order<'_>, progress: &mut (dyn FnMut(u16) + Send)) -> Result<Film, MakeError> {
    let track = captions::track(order.captions)?;
    tokio::fs::write(order.folder.join(CAPTIONS), track).await?;
    let film = film::tool(order).ok_or(MakeError::NoVideo)?;
    order.run(FILM, film, &mut |millis| progress(order.share(millis, 0..900))).await?;
    let source = Source { path: order.folder.join(FILM).canonicalize()?, container: Container::Mp4 };
    Ok(Film { file: order.made(FILM, "video/mp4"), source })
}

/// Makes the rest of the film, in seconds.
pub async fn make_rest(
    order: &Order<'_>,
    film: &Film,
    progress: &mut (dyn FnMut(u16) + Send),
) -> Result<Watchable, MakeError> {
    order.picture(&film.source).await?;
    let cut = order.cut(&film.source);
    order.run(PLAYLIST, cut, &mut |millis| progress(order.share(millis, 900..1000))).await?;
    let playlist = tokio::fs::read_to_string(order.folder.join(PLAYLIST)).await?;
    progress(1000);
    Ok(order.watchable(segments(&playlist)))
}

impl Order<'_> {
    /// Milliseconds done as a part of the thousandths that a step stands for.
    fn share(&self, millis: u64, of: std::ops::Range<u16>) -> u16 {
        let whole = self.media.duration_millis.max(1);
        let done = u128::from(millis.min(whole)) * u128::from(of.end - of.start) / u128::from(whole);
        u16::try_from(done).map_or(of.end, |done| of.start + done)
    }

    /// A tool that writes, but no more than everything may weigh.
    fn tool(&self) -> Tool {
        Tool::ffmpeg(self.folder, self.limits).writing(self.bytes_max)
    }

    async fn run(
        &self,
        name: &'static str,
        tool: Tool,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), MakeError> {
        let answer = tokio::select! {
            answer = tool.measure(progress) => answer,
            Err(error) = self.watch_weight() => return Err(error),
        };
        // Before the answer: a file at its limit ends the tool, and is why.
        self.weigh().await?;
        let (answer, _) = answer?;
        if answer.code != 0 {
            return Err(MakeError::Refused {
                name,
                complaint: answer.stderr.trim().chars().take(300).collect(),
            });
        }
        Ok(())
    }

    async fn watch_weight(&self) -> Result<(), MakeError> {
        loop {
            tokio::time::sleep(WEIGH_EVERY).await;
            self.weigh().await?;
        }
    }

    async fn weigh(&self) -> Result<(), MakeError> {
        let folder = self.folder.to_owned();
        let weighed = tokio::task::spawn_blocking(move || weight(&folder)).await.map_err(io::Error::other)?;
        let (bytes, files) = weighed?;
        if bytes > self.bytes_max || files > FILES_MAX {
            return Err(MakeError::TooLarge { bytes_max: self.bytes_max });
        }
        Ok(())
    }

    /// Pieces of six seconds, or longer, up to the next picture that stands alone. In MPEG-TS, which
    /// every player of playlists has known since their first version.
    fn cut(&self, film: &Source) -> Tool {
        self.tool()
            .input(film)
            .words("-map 0 -c copy")
            .words(film::PLAIN)
            .words("-f hls -hls_time 6 -hls_playlist_type vod -hls_flags independent_segments")
            .words("-hls_segment_filename segment-%05d.ts -progress pipe:1")
            .args([PLAYLIST])
    }

    /// The first picture, where there is none at the wanted time: sound may go on after the pictures.
    async fn picture(&self, film: &Source) -> Result<(), MakeError> {
        let wanted = (self.media.duration_millis / 10).min(POSTER_MILLIS_MAX);
        for millis in [wanted, 0] {
            let tool = self.tool().args(["-ss", &format!("{millis}ms")]).input(film);
            let tool = tool.words("-map 0:v:0 -frames:v 1 -q:v 3 -vf").args([film::SMALLER]);
            let tool = tool.words(film::PLAIN).words("-f image2 -update 1").args([POSTER]);
            self.run(POSTER, tool, &mut |_| ()).await?;
            if tokio::fs::try_exists(self.folder.join(POSTER)).await? {
                return Ok(());
            }
        }
        Err(MakeError::Refused { name: POSTER, complaint: "no picture was found".into() })
    }

    fn made(&self, name: &str, content_type: &'static str) -> Made {
        Made { name: name.into(), content_type, path: self.folder.join(name) }
    }

    fn watchable(&self, segments: Vec<Segment>) -> Watchable {
        let files = [self.made(POSTER, "image/jpeg"), self.made(CAPTIONS, "text/vtt")];
        let pieces = segments.iter().map(|segment| self.made(&segment.name, "video/mp2t"));
        let files = files.into_iter().chain(pieces).collect();
        Watchable { files, playlist: self.made(PLAYLIST, "application/vnd.apple.mpegurl"), segments }
    }
}

fn weight(folder: &Path) -> io::Result<(u64, usize)> {
    let mut sum = (0, 0);
    for entry in folder.read_dir()? {
        // The tool renames files as it finishes them.
        let bytes = entry?.metadata().map_or(0, |it| it.len());
        sum = (sum.0 + bytes, sum.1 + 1);
    }
    Ok(sum)
}

/// RFC 8216, 4.3.2.1: each name comes after its length.
fn segments(playlist: &str) -> Vec<Segment> {
    let mut duration_millis = 0;
    let mut segments = Vec::new();
    for line in playlist.lines() {
        if let Some(length) = line.strip_prefix("#EXTINF:") {
            duration_millis = length.split(',').next().and_then(millis).unwrap_or(0);
        } else if !line.is_empty() && !line.starts_with('#') {
            segments.push(Segment { name: line.into(), duration_millis });
        }
    }
    segments
}
