//! What lies in the store once all recordings are kept.

use std::collections::BTreeSet;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use domain::recording::is_unbroken;
use domain::upload::{Purpose, UploadKey};
use storage::Bucket;
use storage::recording::prefix_of_renditions;

use super::Ingest;

impl Ingest {
    /// Every recording once, with what was made of it once, and nothing else.
    pub async fn check(&self) {
        let bucket = self.store.bucket(Purpose::Recording);
        let mut expected = BTreeSet::new();
        for sent in &self.sent {
            let recording = self.recording(sent.defense).await;
            assert_eq!((recording.state().word(), recording.upload()), ("retained", sent.upload));
            assert_eq!(recording.file().expect("stored").sha256, sent.sha256.to_string());
            assert!(is_unbroken(recording.custody()), "{recording:?}");
            let prefix = &recording.rendition().expect("made").prefix;
            let made = keys(bucket, &prefix_of_renditions(sent.upload)).await;
            assert!(made.iter().all(|key| key.starts_with(prefix.as_str())), "beside {prefix}: {made:?}");
            for name in ["watch.mp4", "poster.jpg", "captions.vtt", "watch.m3u8", "segment-00000.ts"] {
                assert!(made.contains(&format!("{prefix}{name}")), "no {name}: {made:?}");
            }
            expected.extend(made);
            expected.insert(UploadKey { purpose: Purpose::Recording, upload: sent.upload }.to_string());
        }
        assert_eq!(keys(bucket, "recordings/").await.len(), self.sent.len());
        assert_eq!(keys(bucket, "").await, expected);
        assert_eq!(open_uploads(&self.environment, bucket.name()).await, 0);
        let queue = self.store.queue_report().await.expect("read");
        assert!(queue.dead.is_empty(), "{queue:?}");
    }
}

/// All keys of a bucket that begin with a prefix.
async fn keys(bucket: &Bucket, prefix: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    loop {
        let page = bucket.keys(prefix, keys.last().map(String::as_str)).await.expect("a page");
        if page.is_empty() {
            return keys;
        }
        keys.extend(page);
    }
}

/// How many uploads in parts are open in a bucket, under whatever key.
async fn open_uploads(environment: &[(String, String)], bucket: &str) -> usize {
    let given = |name: &str| {
        let found = environment.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.clone()).expect("it was printed")
    };
    let (access_key, secret_key) = (given("AWS_ACCESS_KEY_ID"), given("AWS_SECRET_ACCESS_KEY"));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(given("AWS_ENDPOINT_URL_S3"))
        .region(Region::new(given("AWS_REGION")))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    client.list_multipart_uploads().bucket(bucket).send().await.expect("a list").uploads().len()
}
