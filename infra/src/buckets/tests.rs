//! The store over its real wire, driven by the SDK, by plain HTTP and by crashes made by hand.

mod crashes;
mod model;
mod objects;
mod uploads;
mod wire;

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials as Keys, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Buckets, Credentials, Durability, serve};
use crate::template::Template;

const BUCKET: &str = "works";
const MIB: usize = 1 << 20;

/// 2027-01-01T00:00:00Z.
fn new_year() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_600)
}

/// A served store in a folder of its own, and a client of it.
struct Running {
    folder: TempDir,
    client: Client,
    endpoint: String,
    shutdown: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start() -> Self {
        let running = Self::start_in(TempDir::new().expect("a folder")).await;
        running.client.create_bucket().bucket(BUCKET).send().await.expect("a new bucket");
        running
    }

    async fn start_in(folder: TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let keys = Credentials { access_key: "local".into(), secret_key: "secret".into() };
        let shutdown = CancellationToken::new();
        let buckets = open(folder.path());
        let cors = Template::local().expect("a template").cors().expect("one rule").clone();
        let stopped = shutdown.clone();
        let serving = tokio::spawn(async move { serve(listener, buckets, keys, &cors, stopped).await });
        let client = client(&endpoint, "secret");
        Self { folder, client, endpoint, shutdown, serving }
    }

    async fn restart(self) -> Self {
        drop(self.client);
        self.shutdown.cancel();
        self.serving.await.expect("no panic").expect("a clean end");
        Self::start_in(self.folder).await
    }

    async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let put = self.client.put_object().bucket(BUCKET).key(key).body(bytes.into().into());
        put.send().await.expect("put");
    }

    async fn get(&self, key: &str) -> Vec<u8> {
        let got = self.client.get_object().bucket(BUCKET).key(key).send().await.expect("get");
        got.body.collect().await.expect("all of it").to_vec()
    }

    async fn begin(&self, key: &str) -> String {
        let begun = self.client.create_multipart_upload().bucket(BUCKET).key(key).send().await;
        begun.expect("begin").upload_id.expect("an id")
    }

    async fn part(&self, key: &str, id: &str, number: i32, bytes: Vec<u8>) -> CompletedPart {
        let part = self.client.upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(number);
        let etag = part.body(bytes.into()).send().await.expect("a part").e_tag;
        CompletedPart::builder().part_number(number).set_e_tag(etag).build()
    }

    /// The files of bytes that are there, whoever names them.
    fn files(&self) -> usize {
        files(&self.folder.path().join(BUCKET).join("data"))
    }
}

fn client(endpoint: &str, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Keys::new("local", secret, None, None, "test"))
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// Opens a store whose last handle may be on its way out.
fn open(folder: &Path) -> Buckets {
    loop {
        match Buckets::open(folder, Durability::Unsynced, new_year) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            opened => return opened.expect("a store that opens"),
        }
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

/// Bytes that differ from place to place and from seed to seed.
fn bytes(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at as u8).wrapping_mul(31) ^ ((at >> 8) as u8) ^ seed).collect()
}

fn listed(parts: impl IntoIterator<Item = CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts.into_iter().collect())).build()
}

/// The S3 word for a refusal.
fn code<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    match answer {
        Err(SdkError::ServiceError(refused)) => refused.err().code().unwrap_or("none").to_owned(),
        Err(_) => "no answer".to_owned(),
        Ok(_) => "done".to_owned(),
    }
}
