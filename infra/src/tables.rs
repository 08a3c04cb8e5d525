//! The local table: a DynamoDB-compatible store on SQLite, on its own thread and runtime, so that
//! its work never holds up a request's.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use dynoxide::{Database, server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where the local table keeps its data.
#[derive(Debug, Clone, Copy)]
pub enum Keeping<'a> {
    /// In this folder.
    Folder(&'a Path),
    /// Nowhere: gone with the process.
    Memory,
}

/// A running local table.
pub struct Tables {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// How often what has expired is removed; AWS does the same within days.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(removed)) => tracing::info!(removed, "removed what had expired"),
            Ok(Err(error)) => tracing::warn!(%error, "what has expired was not removed"),
            Err(error) => tracing::warn!(%error, "what has expired was not removed"),
        }
    }
}

impl Tables {
    /// Opens the data and begins to listen on a loopback address.
    pub fn start(keeping: Keeping<'_>, address: SocketAddr) -> io::Result<Self> {
        let database = match keeping {
            Keeping::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let file = folder.join("table.sqlite");
                let file =
                    file.to_str().ok_or_else(|| io::Error::other("the data folder's path is not UTF-8"))?;
                Database::new(file)
            }
            Keeping::Memory => Database::memory(),
        };
        let database = database.map_err(|error| io::Error::other(format!("the local table: {error}")))?;
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || {
            runtime.block_on(async {
                let sweeping = tokio::spawn(sweep(database.clone()));
                let served = match TcpListener::from_std(listener) {
                    Ok(listener) => {
                        server::serve_with_shutdown(listener, database, stopped.cancelled_owned()).await
                    }
                    Err(error) => Err(error.to_string()),
                };
                sweeping.abort();
                if let Err(error) = served {
                    tracing::error!(error, "the local table stopped");
                }
            });
        };
        let thread = std::thread::Builder::new().name("tables".into()).spawn(serve)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Lets running requests end, then closes the data.
    pub fn stop(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic was logged by its own thread.
            let _ = thread.join();
        }
    }
}
