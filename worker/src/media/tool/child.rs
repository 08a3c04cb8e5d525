//! The life of one child, on a thread of its own.
//!
//! The thread that starts a child stays until it ends, because the kernel tells a child of the end of
//! the *thread* that started it: one of the runtime's may go while the process stays.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ToolError;

/// What is kept of a child's complaints, which are for staff to read.
const STDERR_BYTES_MAX: u64 = 64 << 10;

/// The longest answer; a description of a thousand streams is below a mebibyte.
const STDOUT_BYTES_MAX: u64 = 8 << 20;

/// The longest line that is told as one.
const LINE_BYTES_MAX: u64 = 4096;

/// How often a child that closed its outputs is looked at; it is about to end.
const END_POLL: Duration = Duration::from_millis(1);

/// What is left of a child that ended by itself.
pub(super) struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Starts a child and waits for its end, which comes at once when the future is dropped.
pub(super) async fn live<C, R>(name: &str, command: C, wall: Duration, read: R) -> Result<Ended, ToolError>
where
    C: FnOnce() -> Result<Command, ToolError> + Send + 'static,
    R: FnOnce(&mut dyn Read) -> io::Result<Vec<u8>> + Send + 'static,
{
    let (news, inbox) = mpsc::channel();
    let (sender, ended) = oneshot::channel();
    // Dropped with the future, whether it is done or not.
    let _wanted = Wanted(news.clone());
    thread::Builder::new().name(name.into()).spawn(move || {
        let ended = command().and_then(|command| attend(command, wall, read, &news, &inbox));
        // Nobody listens any more where the future was dropped.
        let _ = sender.send(ended);
    })?;
    ended.await.map_err(|_| io::Error::other("its thread ended early"))?
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

fn attend<R>(
    mut command: Command,
    wall: Duration,
    read: R,
    news: &Sender<News>,
    inbox: &Receiver<News>,
) -> Result<Ended, ToolError>
where
    R: FnOnce(&mut dyn Read) -> io::Result<Vec<u8>> + Send,
{
    let deadline = Instant::now() + wall;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| closing(news, || stdout.as_mut().map_or(Ok(Vec::new()), |it| read(it))));
        let stderr =
            scope.spawn(|| closing(news, || stderr.as_mut().map_or(Ok(Vec::new()), keep_complaints)));
        let status = see_end(&mut child, inbox, deadline).inspect_err(|_| end(&mut child));
        let lost = |_| io::Error::other("its output was lost");
        let (stdout, stderr) = (stdout.join().map_err(lost)?, stderr.join().map_err(lost)?);
        Ok(Ended { status: status?, stdout: stdout?, stderr: stderr? })
    })
}

fn see_end(child: &mut Child, inbox: &Receiver<News>, deadline: Instant) -> Result<ExitStatus, ToolError> {
    let mut open = 2;
    loop {
        let ended = if open == 0 { child.try_wait()? } else { None };
        if let Some(status) = ended {
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

fn closing<T>(news: &Sender<News>, read: impl FnOnce() -> T) -> T {
    let read = read();
    // The receiver outlives the thread that reads.
    let _ = news.send(News::Closed);
    read
}

/// Keeps an answer.
pub(super) fn keep(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    keep_some(from, STDOUT_BYTES_MAX)
}

fn keep_complaints(from: &mut impl Read) -> io::Result<Vec<u8>> {
    keep_some(from, STDERR_BYTES_MAX)
}

/// The beginning; the rest is read so that the child can go on, and dropped.
fn keep_some(from: &mut dyn Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    from.take(bytes_max).read_to_end(&mut kept)?;
    io::copy(from, &mut io::sink())?;
    Ok(kept)
}

/// Tells each line and keeps none; one that is very long is told in pieces.
pub(super) fn tell_lines(from: &mut dyn Read, tell: &mut dyn FnMut(&str)) -> io::Result<Vec<u8>> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while (&mut from).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? > 0 {
        tell(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(line)
}
