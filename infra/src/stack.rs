//! The whole school on one machine: table, buckets, issuer, functions and worker in one process
//! with one data folder, or each part as a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use functions::App;
use jiff::Timestamp;
use storage::clock::{machine_now, system_now};
use storage::store::Endpoints;
use storage::{Clock, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::buckets::{self, Buckets, Credentials, Durability};
use crate::dev::Dev;
use crate::issuer::Issuer;
use crate::tables::{Keeping, Tables};
use crate::{sample, sandbox, signing_key, template};

/// How a local stack is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the API and the pages; 0 takes a free one.
    pub port: u16,
    /// Where everything is kept.
    pub data: Data,
    /// Start of a simulated school clock; the machine's clock, if left out and none was kept.
    pub now: Option<Timestamp>,
    /// Whether sample people sign in without being asked.
    pub people: People,
    /// Lease of a job.
    pub lease: Duration,
    /// Lifetime of tokens.
    pub token_lifetime: Duration,
    /// Lifetime of links to files and of upload endpoints.
    pub link_lifetime: Duration,
}

/// Where a stack keeps its data.
#[derive(Debug, Clone)]
pub enum Data {
    /// In this folder, for the next start.
    Folder(PathBuf),
    /// Nowhere: gone with the process.
    Memory,
}

/// Who is there at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// The sample people.
    Sample,
    /// Nobody.
    Nobody,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 8080,
            data: Data::Folder(".compagnon".into()),
            now: None,
            people: People::Sample,
            lease: Duration::from_secs(30),
            token_lifetime: Duration::from_secs(12 * 3600),
            link_lifetime: Duration::from_secs(15 * 60),
        }
    }
}
