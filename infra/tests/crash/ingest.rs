//! Recordings whose workers are killed again and again while they come in are kept once, and nothing else is.
//!
//! Store, API and worker are processes of their own. Needs ffmpeg (`make tools`), and Linux, which shows what
//! works where. A long run of it, with what it counted:
//! `COMPAGNON_RECORDINGS=100 COMPAGNON_KILLS=100 cargo test --workspace --test crash recordings -- --nocapture`

mod clip; // what comes in
mod kept; // what lies in the store at the end

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crc_fast::{CrcAlgorithm, checksum};
use domain::digest::{Crc64, Sha256Hex};
use domain::enrollment::PaymentMethod;
use domain::id::{DefenseId, UploadId};
use domain::recording::Recording;
use infra::crowd::{Crowd, Defended};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;
use storage::queue::Settings;
use storage::recording::prefix_of_renditions;
use storage::{Clock, Store};

use self::clip::clip;
use crate::client::Client;
use crate::process::{POLL, Process, free_port, printed};
use crate::run::given;
use crate::{store_of, text};

/// When the defenses were held, and when their recordings come, by the simulated clock.
const HELD_AT: &str = "2027-04-09T10:00:00Z";
const NOW: &str = "2027-04-09T11:00:00Z";
/// When what slower attempts left behind has been looked for again: a day on, and a while.
const SWEPT: SignedDuration = SignedDuration::from_hours(25);
/// Who heard all of them.
const JUROR: &str = "marc";
/// How long a worker's hold on a job lasts once it is killed.
const LEASE_SECONDS: &str = "1";
/// No worker lives longer once a tool works for it, unless a job's claims run out: a few tools' runs.
const LIFE_MAX: Duration = Duration::from_secs(1);
/// Recordings on their way at once: a report of the queue shows all of their jobs.
const ON_THEIR_WAY_MAX: usize = 8;
/// A job is given up after some claims, and each kill costs one. Where one has no more left than these, the
/// worker is let alone until that job has come further: honest work is no dead letter.
const CLAIMS_LEFT_MIN: u32 = 2;
/// How long anything may take that nobody kills.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// How long the tools of a killed worker may stay.
const TOOLS_STAY_MAX: Duration = Duration::from_secs(2);

/// A recording that was sent.
struct Sent {
    defense: DefenseId,
    upload: UploadId,
    sha256: Sha256Hex,
}

/// Recordings on their way into a store, and workers that are killed meanwhile.
struct Ingest {
    store: Store,
    client: Client,
    defended: Defended,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    sent: Vec<Sent>,
    /// Of which defenses none is kept yet.
    awaited: Vec<DefenseId>,
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

impl Ingest {
    /// Lets a juror sign in at an API.
    async fn open(url: &str, environment: &[(String, String)], folder: &Path) -> Self {
        let folder = folder.canonicalize().expect("a folder");
        let mut client = Client::new(url);
        let juror = text(&client.get(JUROR, "/v1/people/me").await, "/id").parse().expect("an id");
        let crowd = Crowd {
            students: 0,
            since: "2027-03-07".parse().expect("a date"),
            time_zone: "Europe/London".parse().expect("a zone"),
            method: PaymentMethod::Manual,
        };
        let lasted = SignedDuration::from_secs(8);
        let defended = Defended { crowd, juror, starts_at: instant(HELD_AT), lasted };
        let store = store_of(environment);
        let mut environment = environment.to_vec();
        // Where workers put what they work on: so it goes with the test, however they end.
        std::fs::create_dir(folder.join("scratch")).expect("a folder");
        environment.push(("TMPDIR".into(), folder.join("scratch").to_str().expect("UTF-8").into()));
        Self { store, client, defended, environment, folder, sent: Vec::new(), awaited: Vec::new() }
    }

    /// Sends the recording of another defense, as a browser does.
    async fn send(&mut self) {
        let index = u32::try_from(self.sent.len()).expect("few");
        let defense = self.defended.hold(&self.store, index).await.expect("held");
        let (kind, name, bytes) = clip(&self.folder, index);
        let sum = Crc64::new(checksum(CrcAlgorithm::Crc64Nvme, &bytes));
        let sha256 = Sha256Hex::of(&bytes);
        let wish = json!({
            "purpose": "recording", "subject": defense, "filename": name, "type": kind,
            "size": bytes.len(), "sha256": sha256, "crc64nvme": sum,
        });
        let upload = self.client.post(JUROR, "/v1/uploads", wish).await;
        let multipart = format!("{}/s3/multipart", text(&upload, "/endpoint"));
        let begun = self.client.ask(Method::POST, &multipart, Some(json!({}))).await;
        let query = format!("key={}", text(&begun, "/key").replace('/', "%2F"));
        let at = format!("{multipart}/{}", text(&begun, "/uploadId"));
        let signed = self.client.ask(Method::GET, &format!("{at}/1?{query}"), None).await;
        self.client.put(&text(&signed, "/url"), bytes).await;
        let complete = format!("{at}/complete?{query}");
        self.client.ask(Method::POST, &complete, Some(json!({ "parts": [] }))).await;
        let upload = text(&upload, "/id").parse().expect("an id");
        self.sent.push(Sent { defense, upload, sha256 });
        self.awaited.push(defense);
    }

    /// Sends until there are so many, as long as not too many are on their way.
    async fn send_up_to(&mut self, count: u64) {
        while (self.sent.len() as u64) < count && self.awaited().await < ON_THEIR_WAY_MAX {
            self.send().await;
        }
    }

    /// How many of those that were sent are not kept yet.
    async fn awaited(&mut self) -> usize {
        let mut awaited = Vec::new();
        for defense in std::mem::take(&mut self.awaited) {
            if self.recording(defense).await.kept_until().is_none() {
                awaited.push(defense);
            }
        }
        self.awaited = awaited;
        self.awaited.len()
    }

    /// The only recording of a defense.
    async fn recording(&self, id: DefenseId) -> Recording {
        let hearing = self.store.hearing_for_job(id).await.expect("read").expect("there");
        let recordings = Vec::from_iter(hearing.defense.value.recordings().map(|(_, it)| it.clone()));
        let [recording] = recordings.as_slice() else { panic!("not one recording: {recordings:?}") };
        recording.clone()
    }

    async fn worker(&self, name: &str) -> Process {
        let arguments = ["worker", "--memory", "--lease-seconds", LEASE_SECONDS];
        let output = self.folder.join(name);
        let worker = Process::start(&arguments, &self.environment, &output);
        printed(&output, "worker is ready").await;
        worker
    }

    fn tools(&self) -> usize {
        tools_in(&self.folder.join("scratch"))
    }

    /// Starts a worker and kills it while it has work: every other time at a moment at which a tool works.
    /// Answers whether one did.
    async fn strike(&mut self, nth: u64, draw: &mut fastrand::Rng) -> bool {
        let mut worker = self.worker(&format!("worker-{nth}")).await;
        self.until_a_tool_works().await;
        tokio::time::sleep(LIFE_MAX.mul_f64(draw.f64())).await;
        self.until_claims_are_left().await;
        if nth.is_multiple_of(2) || self.awaited().await == 0 {
            self.until_a_tool_works().await;
        }
        let worked = self.tools() > 0;
        worker.kill();
        let since = Instant::now();
        while self.tools() > 0 {
            assert!(since.elapsed() < TOOLS_STAY_MAX, "a tool outlives its worker");
            tokio::time::sleep(POLL).await;
        }
        worked
    }

    /// Waits until a tool works on a recording, and sends another one where nothing is left to be done.
    async fn until_a_tool_works(&mut self) {
        let since = Instant::now();
        while self.tools() == 0 {
            if self.awaited().await == 0 {
                self.send().await;
            }
            self.wait(since, "no tool works").await;
        }
    }

    /// Waits until no job is about to be given up for its claims.
    async fn until_claims_are_left(&self) {
        let since = Instant::now();
        let claims_max = Settings::default().claims_max - CLAIMS_LEFT_MIN;
        while self.store.queue_report().await.expect("read").held.iter().any(|it| it.claims >= claims_max) {
            self.wait(since, "a job comes no further").await;
        }
    }

    /// Waits until no more than so many are on their way.
    async fn until_awaited(&mut self, count_max: usize) {
        let since = Instant::now();
        while self.awaited().await > count_max {
            self.wait(since, "recordings come no further").await;
        }
    }

    /// Waits until nothing is held, or due at school.
    async fn until_idle(&self, now: Timestamp) {
        let since = Instant::now();
        // Twice, in this order: a job that ends meanwhile has left what it asked for among the waiting.
        while !(is_idle(&self.store, now).await && is_idle(&self.store, now).await) {
            self.wait(since, "the queue is not idle").await;
        }
    }

    async fn wait(&self, since: Instant, meanwhile: &str) {
        if since.elapsed() > WAIT_MAX {
            let queue = self.store.queue_report().await.expect("read");
            panic!("{meanwhile}: {queue:?}");
        }
        tokio::time::sleep(POLL).await;
    }

    /// Puts what a slow attempt puts that has lost its lease, and has not heard of it.
    async fn put_late(&self) {
        let first = self.sent.first().expect("some were sent");
        let key = format!("{}loser-1/watch.mp4", prefix_of_renditions(first.upload));
        self.store.evidence.put(&key, b"late".to_vec(), "video/mp4").await.expect("put");
    }
}

async fn is_idle(store: &Store, now: Timestamp) -> bool {
    store.nothing_held().await.expect("read")
        && store.next_due().await.expect("read").is_none_or(|due| now < due)
}

/// Media tools that work in a folder; one that has ended, reaped or not, works nowhere.
fn tools_in(folder: &Path) -> usize {
    let works_there = |process: &PathBuf| {
        let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        let place = std::fs::read_link(process.join("cwd")).unwrap_or_default();
        matches!(name.trim_end(), "ffmpeg" | "ffprobe") && place.starts_with(folder)
    };
    let processes = std::fs::read_dir("/proc").expect("processes").flatten().map(|it| it.path());
    processes.filter(works_there).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_whose_workers_are_killed_are_kept_once() {
    let (recordings, kills) = (given("COMPAGNON_RECORDINGS", 4), given("COMPAGNON_KILLS", 12));
    let seed = given("SEED", fastrand::u64(..));
    println!("SEED={seed}");
    let mut draw = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let (_store, environment) = Process::store(folder.path()).await;
    let (port, keys) = (free_port().to_string(), folder.path().join("keys"));
    let arguments = ["api", "--data", keys.to_str().expect("UTF-8"), "--port", &port, "--now", NOW];
    let _api = Process::start(&arguments, &environment, &folder.path().join("api"));
    printed(&folder.path().join("api"), "Compagnon is ready").await;
    let mut ingest = Ingest::open(&format!("http://127.0.0.1:{port}"), &environment, folder.path()).await;

    let mut amid = 0;
    for kill in 0..kills {
        ingest.send_up_to(((kill + 1) * recordings).div_ceil(kills)).await;
        amid += u64::from(ingest.strike(kill, &mut draw).await);
    }
    let _last = ingest.worker("worker-last").await;
    while (ingest.sent.len() as u64) < recordings {
        ingest.until_awaited(ON_THEIR_WAY_MAX - 1).await;
        ingest.send().await;
    }
    ingest.until_awaited(0).await;
    let count = ingest.sent.len();
    println!("{amid} of {kills} kills came while ffmpeg or ffprobe worked, over {count} recordings");
    assert!(3 * amid >= kills, "too few kills came while a tool worked");

    ingest.until_idle(instant(NOW)).await;
    ingest.put_late().await;
    Clock::set(&ingest.store, instant(NOW) + SWEPT).await.expect("set");
    ingest.until_idle(instant(NOW) + SWEPT).await;
    ingest.check().await;
    assert_eq!(ingest.tools(), 0);
}
