//! The page in a browser: from the first visit to a version handed in and judged.

use std::path::{Path, PathBuf};
use std::process::Command;

use domain::digest::Sha256Hex;
use serde_json::json;
use tests::{School, text};

/// Where `make tools` puts what drives the browser.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/node");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/page.mjs");
const MISSING: &str = "the browser's test needs node, chromium and playwright-core: run `make tools`";

/// What every act needs.
struct Stage {
    chromium: PathBuf,
    url: String,
    file: PathBuf,
}

impl Stage {
    /// Plays an act of the script to its end.
    async fn play(&self, act: &str) {
        let mut script = Command::new("node");
        script.arg(SCRIPT).arg(act).arg(&self.url).arg(&self.file);
        script.env("TOOLS", TOOLS).env("CHROMIUM", &self.chromium);
        let played = tokio::task::spawn_blocking(move || script.output()).await.expect("it ends");
        let played = played.expect(MISSING);
        assert!(played.status.success(), "{act}: {}", String::from_utf8_lossy(&played.stderr));
    }
}

/// A browser of this machine, by the names that systems know it by.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|it| it.is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn maya_enrolls_and_hands_in_what_ines_accepts() {
    let chromium = chromium().expect(MISSING);
    assert!(Path::new(TOOLS).join("node_modules/playwright-core").exists(), "{MISSING}");
    let school = School::open("2027-02-07T10:00:00Z").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("work.zip");
    // Larger than a part, so that it goes in two.
    let work = b"PK\x03\x04".iter().copied().chain((0..9_000_000_u32).map(|n| (n >> 8) as u8));
    let work: Vec<u8> = work.collect();
    std::fs::write(&file, &work).expect("written");
    let stage = Stage { chromium, url: school.stack.url.clone(), file };

    stage.play("enroll").await;
    let enrolled = school.get("maya", "/v1/enrollments").await.expect(200);
    assert_eq!(text(&enrolled, "/items/0/state"), "active");
    let mentor = school.id("ines").await;
    let assignment =
        json!({ "enrollment": enrolled["items"][0]["id"], "mentor": mentor, "from": "2027-02-07" });
    school.post("sam", "/v1/admin/assignments", assignment).await.expect(201);

    stage.play("hand_in").await;
    let sealed = school.get("maya", "/v1/submissions?state=sealed").await.expect(200);
    assert_eq!(text(&sealed, "/items/0/deliverables/0/name"), "work.zip");
    assert_eq!(text(&sealed, "/items/0/deliverables/0/sha256"), Sha256Hex::of(&work).to_string());

    stage.play("judge").await;
    let accepted = school.get("maya", "/v1/submissions?state=accepted").await.expect(200);
    assert_eq!(accepted["items"].as_array().map(Vec::len), Some(1));

    stage.play("look").await;
    school.close().await;
}
