//! Table and buckets on this machine, made from `template.yaml`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use storage::Store;
use storage::clock::system_now;
use storage::queue::Settings;
use storage::store::{Endpoints, Names, StoreError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::buckets::{self, Buckets, Credentials, Durability};
use crate::tables::{Keeping, Tables};
use crate::template::Template;

/// What requests to the local store are signed with: it listens on loopback only.
const ACCESS_KEY: &str = "local";
const SECRET_KEY: &str = "local-secret";
const REGION: &str = "eu-west-1";

/// A running local store.
pub struct LocalStore {
    /// Where it listens, and how requests are signed.
    pub endpoints: Endpoints,
    tables: Tables,
    buckets: JoinHandle<io::Result<()>>,
    stop: CancellationToken,
    _memory: Option<tempfile::TempDir>,
}

/// Why a local store did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The folder or an address is not to be had.
    #[error("the local store cannot open its data or addresses: {0}")]
    Io(#[from] io::Error),
    /// The table or a bucket could not be made.
    #[error("the table or a bucket could not be made: {0}")]
    Store(#[from] StoreError),
    /// A private key cannot be read or made.
    #[error("a key cannot be read or made: {0}")]
    Key(String),
    /// The catalog's files have faults.
    #[error("the catalog cannot be loaded:\n{0}")]
    Catalog(String),
    /// A billing run came to nothing.
    #[error("{0}")]
    Billing(String),
    /// The worker ended with an error.
    #[error("the worker stopped: {0}")]
    Worker(String),
    /// Letters have no way out.
    #[error("letters cannot be posted: {0}")]
    Mail(String),
    /// A payment provider cannot be reached as it is set up.
    #[error("Stripe cannot be used: {0}")]
    Provider(#[from] worker::payment::stripe::NoClient),
    /// The template does not say what to make.
    #[error("the template cannot be read: {0}")]
    Template(String),
}

impl LocalStore {
    /// Opens the data in a folder, or in memory where there is none, and makes what the template says.
    pub async fn start(folder: Option<&Path>) -> Result<Self, StartError> {
        let memory = if folder.is_none() { Some(tempfile::tempdir()?) } else { None };
        let keeping = folder.map_or(Keeping::Memory, Keeping::Folder);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let tables = Tables::start(keeping, any)?;
        let (root, durability) = match (&memory, folder) {
            (None, Some(folder)) => (folder.join("buckets"), Durability::Synced),
            (memory, _) => {
                let root = memory.as_ref().map(|memory| memory.path().to_owned()).unwrap_or_default();
                (root, Durability::Unsynced)
            }
        };
        let opened = Buckets::open(&root, durability, system_now)?;
        let listener = TcpListener::bind(any).await?;
        let endpoints = Endpoints {
            table: format!("http://{}", tables.address),
            buckets: format!("http://{}", listener.local_addr()?),
            region: REGION.to_owned(),
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
        };
        let stop = CancellationToken::new();
        let credentials =
            Credentials { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned() };
        let template = Template::local().map_err(|error| StartError::Template(error.to_string()))?;
        let cors = template.cors().map_err(|error| StartError::Template(error.to_string()))?.clone();
        let stopped = stop.clone();
        let buckets =
            tokio::spawn(async move { buckets::serve(listener, opened, credentials, &cors, stopped).await });
        let started = Self { endpoints, tables, buckets, stop, _memory: memory };
        started.provision(&template).await?;
        Ok(started)
    }

    async fn provision(&self, template: &Template) -> Result<(), StartError> {
        let store = self.store(Settings::default());
        store.create_table(&template.table.shape).await?;
        store.submissions.create().await?;
        store.evidence.create().await?;
        Ok(())
    }

    /// A handle to the store.
    pub fn store(&self, queue: Settings) -> Store {
        Store::at(&self.endpoints, &Names::default(), queue)
    }

    /// What the other parts, as processes of their own, find in their environment.
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoints.table),
            ("AWS_ENDPOINT_URL_S3", &self.endpoints.buckets),
            ("AWS_REGION", &self.endpoints.region),
            ("AWS_ACCESS_KEY_ID", &self.endpoints.access_key),
            ("AWS_SECRET_ACCESS_KEY", &self.endpoints.secret_key),
        ]
    }

    /// Lets running requests end and closes the data.
    pub async fn stop(self) {
        self.stop.cancel();
        let ended = self.buckets.await;
        if let Ok(Err(error)) = ended {
            tracing::error!(%error, "the local buckets stopped");
        }
        // The table's own thread drains; waiting for it would block this one.
        let _ = tokio::task::spawn_blocking(|| self.tables.stop()).await;
    }
}
