//! `ffmpeg` and `ffprobe` as children that may do little and outlive nobody.
//!
//! A child sees one file, one folder and no network, and ends with whoever started it. A thread of
//! its own starts each child and stays until it ends, because the kernel tells a child of the end of
//! the *thread* that started it: a thread of the runtime may go while the process stays.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::{oneshot, watch};

use super::Source;

mod guard; // programs that set a bound and become the child

/// What is kept of a child's words, which are for staff to read.
const STDERR_BYTES_MAX: u64 = 64 << 10;

/// The longest answer; a description of a thousand streams is below a mebibyte.
const STDOUT_BYTES_MAX: u64 = 8 << 20;

/// The longest line that is told as one.
const LINE_BYTES_MAX: u64 = 4096;

/// Demuxers of what the school takes; a playlist, which names other files, is none of them.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm";

/// Decoders of what browsers, phones, cameras and meeting rooms record: a few of the five hundred there are.
const CODECS: &str = "h264,hevc,vp8,vp9,av1,libdav1d,libaom-av1,mpeg4,mjpeg,prores,png,\
    aac,mp3float,mp3,opus,libopus,vorbis,flac,alac,ac3,eac3,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_f32le,\
    mov_text,subrip,ass,ssa,webvtt";

/// How much one run of a tool may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time on the wall.
    pub wall: Duration,
    /// Time on all processors together, to the second above.
    pub cpu: Duration,
    /// The largest file it may write.
    pub file_bytes_max: u64,
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
    arguments: Vec<OsString>,
    source: Option<String>,
}

impl Tool {
    /// A run of `ffmpeg` that works in a folder.
    pub fn ffmpeg(folder: &Path, limits: Limits) -> Self {
        Self::new("ffmpeg", folder, limits).args(["-nostdin", "-y", "-v", "error"])
    }

    /// A run of `ffprobe` that works in a folder.
    pub fn ffprobe(folder: &Path, limits: Limits) -> Self {
        Self::new("ffprobe", folder, limits).args(["-v", "error"])
    }

    fn new(program: &'static str, folder: &Path, limits: Limits) -> Self {
        Self { program, folder: folder.into(), limits, arguments: Vec::new(), source: None }
    }

    /// More words on its command line.
    pub fn args<S: Into<OsString>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(words.into_iter().map(Into::into));
        self
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
        self.start(keep_all).await
    }

    /// Runs it to its end and tells each line it writes, on another thread.
    pub async fn follow(self, mut tell: impl FnMut(&str) + Send + 'static) -> Result<Answer, ToolError> {
        self.start(move |stdout| tell_lines(stdout, &mut tell)).await
    }

    /// Runs it to its end, tells milliseconds of output made so far, and answers with the last of them.
    pub async fn measure(self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<(Answer, u64), ToolError> {
        let (made, mut seen) = watch::channel(0);
        let run = self.follow(move |line| {
            let micros = line.strip_prefix("out_time_us=").and_then(|micros| micros.parse::<u64>().ok());
            let millis = micros.map_or(0, |micros| micros / 1000);
            made.send_if_modified(|made| millis > std::mem::replace(made, millis.max(*made)));
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
        let (news, inbox) = mpsc::channel();
        let (sender, answer) = oneshot::channel();
        // Dropped with the future, whether it is done or not.
        let _wanted = Wanted(news.clone());
        thread::Builder::new().name(self.program.into()).spawn(move || {
            // Nobody listens any more where the future was dropped.
            let _ = sender.send(self.attend(read, &news, &inbox));
        })?;
        answer.await.map_err(|_| io::Error::other("its thread ended early"))?
    }

    /// Starts the child, listens to it and sees it end; the whole life of one thread.
    fn attend<R>(&self, read: R, news: &Sender<News>, inbox: &Receiver<News>) -> Result<Answer, ToolError>
    where
        R: FnOnce(&mut dyn Read) -> io::Result<Vec<u8>> + Send,
    {
        let deadline = Instant::now() + self.limits.wall;
        let mut child = self.command()?.spawn()?;
        let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("it has no outputs").into());
        };
        thread::scope(|scope| {
            let stdout = scope.spawn(|| closing(news, || read(&mut stdout)));
            let stderr = scope.spawn(|| closing(news, || keep_some(&mut stderr, STDERR_BYTES_MAX)));
            let status = see_end(&mut child, inbox, deadline).inspect_err(|_| end(&mut child));
            let lost = |_| io::Error::other("its output was lost");
            let (stdout, stderr) = (stdout.join().map_err(lost)?, stderr.join().map_err(lost)?);
            let stderr = self.tidy(&String::from_utf8_lossy(&stderr?));
            let code = judge(status?, &stderr)?;
            Ok(Answer { code, stdout: stdout?, stderr })
        })
    }

    fn command(&self) -> Result<Command, ToolError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).filter(|place| place.is_absolute());
        let program = places.map(|place| place.join(self.program)).find(|program| program.is_file());
        let program = program.ok_or(ToolError::Missing { program: self.program })?;
        let mut words = guard::words(&self.limits).into_iter().chain([program.into()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(&self.arguments).current_dir(&self.folder);
        // Each thread that allocates would reserve 64 MiB of the address space it may have.
        command.env_clear().env("PATH", path).env("HOME", &self.folder).env("MALLOC_ARENA_MAX", "4");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C in a terminal is for the worker, which ends its children itself.
        command.process_group(0);
        Ok(command)
    }

    fn tidy(&self, words: &str) -> String {
        let words = self.source.as_ref().map_or(words.into(), |source| words.replace(source, "recording"));
        let mut pieces = words.split(" @ 0x");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |tidied, piece| {
            tidied + piece.trim_start_matches(|sign: char| sign.is_ascii_hexdigit())
        })
    }
}

/// What a child's thread waits for.
enum News {
    /// One of the child's two outputs ended.
    Closed,
    /// Nobody waits for the answer any more.
    Unwanted,
}

/// Says, when dropped, that an answer is no longer wanted.
struct Wanted(Sender<News>);

impl Drop for Wanted {
    fn drop(&mut self) {
        // The thread is gone where it is done.
        let _ = self.0.send(News::Unwanted);
    }
}

/// How often a child that closed its outputs is looked at; it is about to end.
const END_POLL: Duration = Duration::from_millis(1);

fn see_end(child: &mut Child, inbox: &Receiver<News>, deadline: Instant) -> Result<ExitStatus, ToolError> {
    let mut open = 2;
    loop {
        if open == 0
            && let Some(status) = child.try_wait()?
        {
            return Ok(status);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match inbox.recv_timeout(if open == 0 { left.min(END_POLL) } else { left }) {
            Ok(News::Closed) => open -= 1,
            Ok(News::Unwanted) => return Err(ToolError::Stopped),
            Err(_) if left.is_zero() => return Err(ToolError::TookTooLong),
            Err(_) => {}
        }
    }
}

/// Ends the child alone: it starts no others, and the guards before it have become it.
fn end(child: &mut Child) {
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::error!(%error, "a tool could not be ended");
    }
}

/// The exit code, where the child ended by itself and did not run out of memory.
fn judge(status: ExitStatus, stderr: &str) -> Result<i32, ToolError> {
    // SIGKILL at the limit of processor time, SIGXCPU, SIGXFSZ; the system kills the same way where memory is short.
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

fn closing<T>(news: &Sender<News>, read: impl FnOnce() -> T) -> T {
    let read = read();
    // The receiver lives as long as the thread that waits for this one.
    let _ = news.send(News::Closed);
    read
}

/// The beginning; the rest is read so that the child can go on, and dropped.
fn keep_some(from: &mut dyn Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    from.take(bytes_max).read_to_end(&mut kept)?;
    io::copy(from, &mut io::sink())?;
    Ok(kept)
}

fn keep_all(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    keep_some(from, STDOUT_BYTES_MAX)
}

fn tell_lines(from: &mut dyn Read, tell: &mut dyn FnMut(&str)) -> io::Result<Vec<u8>> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while (&mut from).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? > 0 {
        tell(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(line)
}
