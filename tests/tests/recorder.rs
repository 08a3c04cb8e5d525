//! A juror's browser records a defense: no byte is lost to a broken line or a page loaded again.

use std::time::Duration;

use infra::stack::{Lifetimes, Options};
use serde_json::{Value, json};
use tests::browser::play;
use tests::{School, text, work};

const ENROLLED: &str = "2027-02-07T10:00:00Z";
const DEFENDED: &str = "2027-02-22T10:00:00Z";
/// A meeting shorter than what the browser records of it.
const ENDED: &str = "2027-02-22T10:00:03Z";

/// A school, and a defense in progress that Olu judges.
struct Going {
    school: School,
    defense: String,
}

impl Going {
    async fn maya() -> Self {
        // So short that endpoints end while a part is recorded.
        let lifetimes = Lifetimes { link: Duration::from_secs(5), ..Lifetimes::default() };
        let now = Some(ENROLLED.parse().expect("an instant"));
        let school = School::with(Options { port: 0, now, lifetimes, ..Options::default() }).await;
        let (_, defense) = work::ask_first_defense(&school, "maya", "2027-02-22").await;
        work::prepare_defense(&school, "maya", "olu", &defense, DEFENDED).await;
        let checked = json!({ "identity_checked": true });
        let started = work::act_on(&school, "olu", &defense, "start", checked).await.expect(200);
        assert_eq!(text(&started, "/state"), "in_progress");
        Self { school, defense }
    }

    /// Plays an act of the script, and answers what it saw.
    async fn play(&self, act: &str) -> Value {
        let told = play("record.mjs", &[act, &self.school.stack.url]).await;
        serde_json::from_str(&told).expect("JSON")
    }

    /// The school has what the browser's recorder gave.
    async fn check_verified(&self, told: &Value) {
        let path = format!("/v1/uploads/{}", text(told, "/upload"));
        let upload = self.school.get("olu", &path).await.expect(200);
        assert_eq!(text(&upload, "/state"), "verified");
        assert_eq!(text(&upload, "/subject"), self.defense);
        assert_eq!((&upload["size"], &upload["sha256"]), (&told["size"], &told["sha256"]));
    }

    /// Once the meeting is over, that recording is its evidence, or the one that was made further.
    async fn check_evidence(&self, told: &Value) {
        self.school.move_to(ENDED).await;
        let held = json!({ "outcome": "held" });
        work::act_on(&self.school, "olu", &self.defense, "end", held).await.expect(200);
        self.school.move_to(ENDED).await;
        let path = format!("/v1/defenses/{}/recording", self.defense);
        let shown = self.school.get("olu", &path).await.expect(200);
        assert_eq!(text(&shown, "/state"), "retained", "{shown}");
        // Of a recording that was cut off and a further one, whichever proves more.
        let sums = [&told["sha256"], &told["further"]["sha256"]];
        assert!(sums.contains(&&shown["sha256"]), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_begins_although_the_school_cannot_be_reached() {
    let going = Going::maya().await;
    let told = going.play("camera").await;
    going.check_verified(&told).await;
    going.check_evidence(&told).await;
    going.school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_is_lost_to_a_broken_line_and_a_page_loaded_again() {
    let going = Going::maya().await;
    let told = going.play("broken").await;
    going.check_verified(&told).await;
    going.check_verified(&told["further"]).await;
    going.check_evidence(&told).await;
    going.school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_use_the_camera_reads_what_to_do() {
    let going = Going::maya().await;
    assert_eq!(going.play("denied").await, json!({}));
    going.school.close().await;
}
