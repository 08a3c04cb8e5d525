//! Defenses that were held, and a juror who sends their recordings by presigned parts, as a browser does.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crc_fast::{CrcAlgorithm, checksum, checksum_combine};
use domain::digest::Crc64;
use domain::enrollment::PaymentMethod;
use domain::id::{DefenseId, PersonId};
use domain::recording::Recording;
use futures::StreamExt;
use infra::crowd::{Crowd, Defended};
use infra::local_store::LocalStore;
use infra::stack::{self, Api, Options};
use jiff::SignedDuration;
use serde_json::{Value, json};
use storage::Store;
use storage::queue::Settings;

/// When it is at school.
const NOW: &str = "2027-04-09T11:00:00Z";
/// When the defenses were held.
const HELD_AT: &str = "2027-04-09T10:00:00Z";
/// Who heard all of them.
const JUROR: &str = "marc@example.org";
/// Parts on their way at once, as many as Uppy sends.
pub const PARTS_AT_ONCE: usize = 6;

/// A store and an API, and the juror who is signed in.
pub struct School {
    /// The store's own process.
    pub local: LocalStore,
    /// The store.
    pub store: Store,
    api: Api,
    defended: Defended,
    http: reqwest::Client,
    token: String,
}

/// An upload whose parts have all arrived.
pub struct Sent {
    complete: String,
    told: Value,
}

/// The argument behind a name.
pub fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let (below, above) = ((seconds.len() - 1) / 2, seconds.len() / 2);
    f64::midpoint(seconds[below], seconds[above])
}

impl School {
    /// Opens one that keeps its data in a folder, as durably as a school does; without a folder, while it is open.
    pub async fn open(folder: Option<&Path>) -> Self {
        let local = LocalStore::start(folder).await.expect("a store");
        let store = local.store(Settings::default());
        let clock = stack::set_clock(&store, Some(NOW.parse().expect("an instant"))).await.expect("a clock");
        let options = Options { port: 0, ..Options::default() };
        let api = Api::start(store.clone(), clock, &options).await.expect("an API");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let person = json!({ "person": JUROR });
        let made = answer(http.post(format!("{}/dev/tokens", api.url)).json(&person)).await;
        let token = word(&made, "token");
        let me = answer(http.get(format!("{}/v1/people/me", api.url)).bearer_auth(&token)).await;
        let juror: PersonId = word(&me, "id").parse().expect("an id");
        let crowd = Crowd {
            students: 0,
            since: "2027-03-07".parse().expect("a date"),
            time_zone: "Europe/London".parse().expect("a zone"),
            method: PaymentMethod::Manual,
        };
        // Of no length: any recording is long enough.
        let lasted = SignedDuration::ZERO;
        let starts_at = HELD_AT.parse().expect("an instant");
        let defended = Defended { crowd, juror, starts_at, lasted };
        Self { local, store, api, defended, http, token }
    }

    /// Holds the defense of one of the students.
    pub async fn hold(&self, index: u32) -> DefenseId {
        self.defended.hold(&self.store, index).await.expect("held")
    }

    /// The recording of a defense.
    pub async fn recording(&self, id: DefenseId) -> Recording {
        let hearing = self.store.hearing_for_job(id).await.expect("read").expect("there");
        hearing.defense.value.recording().expect("announced").clone()
    }

    /// Sends a file as a defense's recording, all parts but the end, and sums it on the way.
    pub async fn send(&self, id: DefenseId, path: &Path, kind: &str) -> Sent {
        let file = Arc::new(File::open(path).expect("a file"));
        let size = file.metadata().expect("a size").len();
        let wish = json!({ "purpose": "recording", "subject": id, "filename": "defense", "type": kind });
        let url = format!("{}/v1/uploads", self.api.url);
        let upload = answer(self.http.post(url).bearer_auth(&self.token).json(&wish)).await;
        let part_size = upload["part_size"].as_u64().expect("a size");
        let multipart = format!("{}/s3/multipart", word(&upload, "endpoint"));
        let begun = answer(self.http.post(&multipart).json(&json!({}))).await;
        let query = format!("key={}", word(&begun, "key").replace('/', "%2F"));
        let at = format!("{multipart}/{}", word(&begun, "uploadId"));
        let parts = futures::stream::iter(0..size.div_ceil(part_size)).map(|index| {
            let (from, sign) = (index * part_size, format!("{at}/{}?{query}", index + 1));
            self.send_part(sign, file.clone(), from, part_size.min(size - from))
        });
        let mut sums: Vec<(u64, u64, u64)> = parts.buffer_unordered(PARTS_AT_ONCE).collect().await;
        // In their order, the sum of the whole follows from theirs.
        sums.sort_unstable();
        let sum = sums
            .iter()
            .fold(0, |sum, (_, own, length)| checksum_combine(CrcAlgorithm::Crc64Nvme, sum, *own, *length));
        let sum = Crc64::new(sum);
        Sent { complete: format!("{at}/complete?{query}"), told: json!({ "size": size, "crc64nvme": sum }) }
    }

    /// Has the parts put together.
    pub async fn complete(&self, sent: Sent) {
        answer(self.http.post(sent.complete).json(&sent.told)).await;
    }

    /// Sends a part of a file to a URL that is signed for it; answers its begin, its sum and its length.
    async fn send_part(&self, sign: String, file: Arc<File>, from: u64, length: u64) -> (u64, u64, u64) {
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; usize::try_from(length).expect("a part")];
            file.read_exact_at(&mut bytes, from).expect("read");
            (checksum(CrcAlgorithm::Crc64Nvme, &bytes), bytes)
        });
        let (signed, read) = tokio::join!(answer(self.http.get(sign)), read);
        let (sum, bytes) = read.expect("read");
        let put = self.http.put(word(&signed, "url")).body(bytes).send().await.expect("an answer");
        assert!(put.status().is_success(), "{}", put.status());
        (from, sum, length)
    }

    /// Ends it.
    pub async fn close(self) {
        self.api.stop().await;
        self.local.stop().await;
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let body: Value = response.json().await.unwrap_or(Value::Null);
    assert!(status.is_success(), "answered {status}: {body}");
    body
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned()
}
