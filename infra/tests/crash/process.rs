//! The built program as a process: started, killed, asked to stop.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra::stack::Lifetimes;
use tokio_util::sync::CancellationToken;

/// How long a process may take to be ready, or to end.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it is looked at meanwhile.
pub const POLL: Duration = Duration::from_millis(20);
/// How often a client's calls are counted.
const WATCH: Duration = Duration::from_millis(1);

/// A process that dies with its test.
pub struct Process(Child);

impl Process {
    /// Starts the program; what it prints goes to a file, and what it logs, where the environment asks
    /// for it, to one beside it that ends in `.log`.
    pub fn start(arguments: &[&str], environment: &[(String, String)], output: &Path) -> Self {
        let logged = environment.iter().any(|(name, _)| name == "RUST_LOG");
        let log = output.with_extension("log");
        let output = std::fs::File::create(output).expect("a file for the output");
        let stderr = if logged {
            Stdio::from(std::fs::File::create(log).expect("a file for the log"))
        } else {
            Stdio::inherit()
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_compagnon"));
        command.args(arguments).envs(environment.iter().cloned()).stdout(output).stderr(stderr);
        Self(command.spawn().expect("the program starts"))
    }

    /// Starts a store that keeps its data in a folder, and answers what its clients need to know.
    pub async fn store(folder: &Path) -> (Self, Vec<(String, String)>) {
        let output = folder.join("store");
        let data = folder.join("data").to_str().expect("UTF-8").to_owned();
        let process = Self::start(&["store", "--data", &data], &[], &output);
        let printed = printed(&output, "AWS_SECRET_ACCESS_KEY=local-secret\n").await;
        let pairs = printed.lines().filter_map(|line| line.split_once('='));
        (process, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Ends it as a power cut would: it is told nothing.
    pub fn kill(&mut self) {
        self.0.kill().expect("it was running");
        self.0.wait().expect("it ended");
    }

    /// Asks it to stop, and waits until it did.
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.0.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        assert!(asked.expect("a shell").success());
        let since = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("a status") {
                return status;
            }
            assert!(since.elapsed() < WAIT_MAX, "it did not stop");
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already where the test went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A school in one process, which is killed and started again on its data.
pub struct School {
    arguments: Vec<String>,
    output: PathBuf,
    process: Process,
}

/// When a school is killed: at which of its client's calls, and how long after that was begun.
pub type Strike = (usize, Duration);

impl School {
    /// Starts it, and waits until it is ready.
    pub async fn start(arguments: Vec<String>, output: PathBuf) -> Self {
        let process = begun(&arguments, &output).await;
        Self { arguments, output, process }
    }

    /// Kills it at each of these, in order, or when the client is done.
    pub async fn struck(
        mut self,
        strikes: Vec<Strike>,
        calls: Arc<AtomicUsize>,
        done: CancellationToken,
    ) -> Self {
        for (call, delay) in strikes {
            while calls.load(Ordering::Relaxed) < call && !done.is_cancelled() {
                tokio::time::sleep(WATCH).await;
            }
            tokio::time::sleep(delay).await;
            self.kill().await;
        }
        self
    }

    /// Kills it, and starts it again.
    pub async fn kill(&mut self) {
        self.process.kill();
        self.process = begun(&self.arguments, &self.output).await;
    }

    /// Asks it to stop, and answers how it ended.
    pub async fn terminate(self) -> ExitStatus {
        self.process.terminate().await
    }
}

async fn begun(arguments: &[String], output: &Path) -> Process {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let process = Process::start(&arguments, &[], output);
    printed(output, "Compagnon is ready").await;
    process
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any).and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Waits until what a process printed holds what is looked for, and answers all of it.
pub async fn printed(output: &Path, looked_for: &str) -> String {
    let since = Instant::now();
    loop {
        let text = std::fs::read_to_string(output).unwrap_or_default();
        if text.contains(looked_for) {
            return text;
        }
        assert!(since.elapsed() < WAIT_MAX, "never printed {looked_for:?}: {text:?}");
        tokio::time::sleep(POLL).await;
    }
}

/// A lease in whole seconds, as the program takes it.
pub fn lease_seconds() -> String {
    Lifetimes::default().lease.as_secs().to_string()
}
