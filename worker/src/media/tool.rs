//! `ffmpeg` and `ffprobe` as children that may do little and outlive nobody.
//!
//! A child is given one file, one folder and no network, and ends with whoever started it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use super::Source;

mod child; // the life of one child, on a thread of its own
mod guard; // programs that set a bound and become the child

/// Demuxers of what the school takes; a playlist, which names other files, is none of them.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm";

/// Decoders of what browsers, phones, cameras and meeting rooms record: a few of the five hundred there are.
const CODECS: &str = "h264,hevc,vp8,vp9,av1,libdav1d,libaom-av1,mpeg4,mjpeg,prores,png,\
    aac,mp3float,mp3,opus,libopus,vorbis,flac,alac,ac3,eac3,\
    pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_f32le,\
    mov_text,subrip,ass,ssa,webvtt";

/// How much one run of a tool may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time on the wall.
    pub wall: Duration,
    /// Time on all processors together, to the second above.
    pub cpu: Duration,
}

/// Why a tool has no answer. None of them says that a recording is broken.
#[derive(Debug, Error)]
pub enum ToolError {
    /// It is not installed.
    #[error("{program} is not installed here: install ffmpeg to prove recordings")]
    Missing {
        /// What to install.
        program: &'static str,
    },
    /// It was ended because its time on the wall was over.
    #[error("the tool took too long")]
    TookTooLong,
    /// It was ended by a limit on time, memory or output.
    #[error("the tool used more time, memory or room than it may")]
    UsedTooMuch,
    /// It fell over the bytes it read.
    #[error("the tool crashed with signal {signal}")]
    Crashed {
        /// Such as 11 for a wrong access to memory.
        signal: i32,
    },
    /// Somebody outside ended it, as when a machine shuts down.
    #[error("the tool was stopped from outside")]
    Stopped,
    /// It could not be started or listened to.
    #[error("the tool cannot be run: {0}")]
    Io(#[from] io::Error),
}

/// What a tool said before it ended by itself.
#[derive(Debug)]
pub(super) struct Answer {
    /// Zero where it did what was asked.
    pub code: i32,
    /// All it wrote, unless it was followed.
    pub stdout: Vec<u8>,
    /// The beginning of what it complained about, without paths and addresses of this machine.
    pub stderr: String,
}

/// One run to be.
#[derive(Debug)]
pub(super) struct Tool {
    program: &'static str,
    folder: PathBuf,
    limits: Limits,
    file_bytes_max: u64,
    arguments: Vec<OsString>,
    source: Option<String>,
}

impl Tool {
    /// A run of `ffmpeg` that works in a folder.
    pub fn ffmpeg(folder: &Path, limits: Limits) -> Self {
        Self::new("ffmpeg", folder, limits).words("-nostdin -y -v error")
    }

    /// A run of `ffprobe` that works in a folder.
    pub fn ffprobe(folder: &Path, limits: Limits) -> Self {
        Self::new("ffprobe", folder, limits).words("-v error")
    }

    fn new(program: &'static str, folder: &Path, limits: Limits) -> Self {
        Self {
            program,
            folder: folder.into(),
            limits,
            file_bytes_max: 0,
            arguments: Vec::new(),
            source: None,
        }
    }

    /// Lets it write files, each of so many bytes at most; without this it may write none.
    pub fn writing(mut self, file_bytes_max: u64) -> Self {
        self.file_bytes_max = file_bytes_max;
        self
    }

    /// More words on its command line.
    pub fn args<S: Into<OsString>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(words.into_iter().map(Into::into));
        self
    }

    /// More words, with spaces between them.
    pub fn words(self, line: &str) -> Self {
        self.args(line.split_whitespace())
    }

    /// What it reads: by one demuxer, with known decoders, from nowhere but this file.
    pub fn input(mut self, source: &Source) -> Self {
        let mut name = OsString::from("file:");
        name.push(&source.path);
        self.source = Some(name.to_string_lossy().into_owned());
        self.args(["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS])
            .args(["-codec_whitelist", CODECS, "-f", source.container.demuxer(), "-i"])
            .args([name])
    }

    /// Runs it to its end. Dropping the future ends the child.
    pub async fn run(self) -> Result<Answer, ToolError> {
        self.start(child::keep).await
    }

    /// Runs it to its end and tells each line it writes, on another thread.
    pub async fn follow(self, mut tell: impl FnMut(&str) + Send + 'static) -> Result<Answer, ToolError> {
        self.start(move |stdout| child::tell_lines(stdout, &mut tell)).await
    }

    /// Runs it to its end, tells milliseconds of output made so far, and answers with the last of them.
    pub async fn measure(self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<(Answer, u64), ToolError> {
        let (made, mut seen) = watch::channel(0);
        let run = self.follow(move |line| {
            let micros = line.strip_prefix("out_time_us=").and_then(|micros| micros.parse::<u64>().ok());
            let Some(micros) = micros else { return };
            made.send_modify(|millis: &mut u64| *millis = (micros / 1000).max(*millis));
        });
        tokio::pin!(run);
        let answer = loop {
            tokio::select! {
                answer = &mut run => break answer?,
                Ok(()) = seen.changed() => progress(*seen.borrow_and_update()),
            }
        };
        let made = *seen.borrow();
        Ok((answer, made))
    }

    async fn start<R>(self, read: R) -> Result<Answer, ToolError>
    where
        R: FnOnce(&mut dyn Read) -> io::Result<Vec<u8>> + Send + 'static,
    {
        let (program, wall, source) = (self.program, self.limits.wall, self.source.clone());
        let ended = child::live(program, move || self.command(), wall, read).await?;
        let stderr = tidy(&String::from_utf8_lossy(&ended.stderr), source.as_deref());
        Ok(Answer { code: judge(ended.status, &stderr)?, stdout: ended.stdout, stderr })
    }

    fn command(&self) -> Result<Command, ToolError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).filter(|place| place.is_absolute());
        let program = places.map(|place| place.join(self.program)).find(|program| program.is_file());
        let program = program.ok_or(ToolError::Missing { program: self.program })?;
        let mut words =
            guard::words(self.limits.cpu, self.file_bytes_max).into_iter().chain([program.into()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(&self.arguments).current_dir(&self.folder);
        // Each thread that allocates would reserve 64 MiB of the address space it may have.
        command.env_clear().env("PATH", path).env("HOME", &self.folder).env("MALLOC_ARENA_MAX", "4");
        // A group of its own: Ctrl-C in a terminal is for the worker, which ends its children itself.
        command.process_group(0);
        Ok(command)
    }
}

/// A complaint without the file's place, and without the addresses in memory that differ each time.
fn tidy(words: &str, source: Option<&str>) -> String {
    let words = source.map_or(words.into(), |source| words.replace(source, "recording"));
    let mut pieces = words.split(" @ 0x");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces
        .fold(first, |tidied, piece| tidied + piece.trim_start_matches(|sign: char| sign.is_ascii_hexdigit()))
}

/// The exit code, where the child ended by itself and did not run out of memory.
fn judge(status: ExitStatus, stderr: &str) -> Result<i32, ToolError> {
    // SIGKILL where processor time is over or the system is short of memory; SIGXCPU; SIGXFSZ.
    const LIMITS: [i32; 3] = [9, 24, 25];
    // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV.
    const CRASHES: [i32; 6] = [4, 5, 6, 7, 8, 11];
    // What ffmpeg answers when it was asked to stop.
    const ASKED: i32 = 255;
    match (status.signal(), status.code()) {
        (Some(signal), _) if LIMITS.contains(&signal) => Err(ToolError::UsedTooMuch),
        (Some(signal), _) if CRASHES.contains(&signal) => Err(ToolError::Crashed { signal }),
        (Some(_), _) | (None, None | Some(ASKED)) => Err(ToolError::Stopped),
        (None, Some(0)) => Ok(0),
        (None, Some(_)) if guard::failed(stderr) => Err(io::Error::other(stderr.trim()).into()),
        (None, Some(_)) if ran_out_of_memory(stderr) => Err(ToolError::UsedTooMuch),
        (None, Some(code)) => Ok(code),
    }
}

fn ran_out_of_memory(stderr: &str) -> bool {
    ["Cannot allocate memory", "malloc of size"].iter().any(|words| stderr.contains(words))
}
