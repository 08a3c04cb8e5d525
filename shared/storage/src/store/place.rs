//! Where a store is: its names and endpoints.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};

use super::Store;

/// What the table and the buckets are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The one table.
    pub table: String,
    /// Bucket of work that students hand in.
    pub submissions: String,
    /// Bucket of recordings and other evidence.
    pub evidence: String,
}

impl Default for Names {
    fn default() -> Self {
        Self { table: "compagnon".into(), submissions: "submissions".into(), evidence: "evidence".into() }
    }
}

impl Names {
    /// The names this process was given, or the usual ones.
    pub fn from_environment() -> Self {
        let usual = Self::default();
        let given = |name: &str, usual: String| std::env::var(name).unwrap_or(usual);
        Self {
            table: given("COMPAGNON_TABLE", usual.table),
            submissions: given("COMPAGNON_SUBMISSIONS", usual.submissions),
            evidence: given("COMPAGNON_EVIDENCE", usual.evidence),
        }
    }
}

/// A store that listens somewhere else than AWS: on this machine, or self-hosted.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// URL of the DynamoDB-compatible table.
    pub table: String,
    /// URL of the S3-compatible buckets.
    pub buckets: String,
    /// What requests are signed for and with.
    pub region: String,
    /// Public part of the credentials.
    pub access_key: String,
    /// Secret part of the credentials.
    pub secret_key: String,
}

impl Store {
    /// The store of this process's environment: endpoints, region and credentials as the SDK finds
    /// them, names from `COMPAGNON_TABLE`, `COMPAGNON_SUBMISSIONS` and `COMPAGNON_EVIDENCE`.
    pub async fn from_environment(queue: crate::queue::Settings) -> Self {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let objects = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let objects = aws_sdk_s3::Client::from_conf(objects);
        Self::new(Client::new(&config), &objects, &Names::from_environment(), queue)
    }

    /// The store at these endpoints.
    pub fn at(endpoints: &Endpoints, names: &Names, queue: crate::queue::Settings) -> Self {
        let Endpoints { table, buckets, region, access_key, secret_key } = endpoints.clone();
        let credentials = Credentials::new(access_key, secret_key, None, None, "endpoints");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let client = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(table).build();
        let objects = aws_sdk_s3::config::Builder::from(&config).endpoint_url(buckets).force_path_style(true);
        let objects = aws_sdk_s3::Client::from_conf(objects.build());
        Self::new(Client::from_conf(client), &objects, names, queue)
    }
}
