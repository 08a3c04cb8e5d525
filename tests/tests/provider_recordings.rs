//! Recordings that the provider of a meeting made: told of in a signed word, looked for in the store, missed aloud.

use std::fmt::Write;

use aws_lc_rs::hmac;
use domain::digest::Sha256Hex;
use domain::id::DefenseId;
use domain::upload::Upload;
use domain::video::room_of_defense;
use functions::video::RECORDING_HEADER;
use functions::webhook::{Form, WebhookKeys};
use infra::providers::ProviderSettings;
use infra::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use storage::clock::machine_now;
use tests::work::{ask_first_defense, clip, hold_defense, judge_defense, prepare_defense};
use tests::{Answer, School, text};

const SECRET: &str = "whsec_recordings";

/// A defense of Maya's before Olu that was held for a minute, and judged.
struct Held {
    school: School,
    defense: String,
    object: String,
}

impl Held {
    async fn maya() -> Self {
        let recording_keys = Some(WebhookKeys::new(Form::Hex, [SECRET]));
        let providers = ProviderSettings { recording_keys, ..ProviderSettings::default() };
        let now = Some("2027-02-07T10:00:00Z".parse().expect("an instant"));
        let school = School::with(Options { port: 0, now, providers, ..Options::default() }).await;
        let (_, defense) = ask_first_defense(&school, "maya", "2027-02-22").await;
        prepare_defense(&school, "maya", "olu", &defense, "2027-02-22T10:00:00Z").await;
        hold_defense(&school, "olu", &defense, 1).await;
        judge_defense(&school, "olu", &defense, |_| "acquired").await.expect(202);
        let id: DefenseId = defense.parse().expect("an id");
        let kept = school.stack.store.hearing_for_job(id).await.expect("a store").expect("kept");
        let object = format!("recordings/{}", Upload::id_of_provided(&kept.defense.value));
        Self { school, defense, object }
    }

    /// What the provider says of its recording.
    fn word(&self, bytes: &[u8]) -> Value {
        let id: DefenseId = self.defense.parse().expect("an id");
        json!({ "room": room_of_defense(id), "object": self.object, "content_type": "video/mp4",
            "size": bytes.len(), "sha256": Sha256Hex::of(bytes), "egress": { "id": "EG_1" } })
    }

    /// Says it, signed with a secret.
    async fn say(&self, word: &Value, secret: &str) -> Answer {
        let (at, body) = (machine_now().as_second(), word.to_string());
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let mut hex = String::new();
        signature.as_ref().iter().for_each(|byte| write!(hex, "{byte:02x}").expect("written"));
        let ask = self.school.ask(Method::POST, "/v1/video/recordings").body("application/json", body);
        ask.header(RECORDING_HEADER, &format!("t={at},v1={hex}")).send().await
    }

    async fn state(&self) -> String {
        let read = self.school.get("maya", &format!("/v1/defenses/{}", self.defense)).await.expect(200);
        text(&read, "/state")
    }

    async fn put(&self, bytes: &[u8]) {
        let bucket = &self.school.stack.store.evidence;
        bucket.put(&self.object, bytes.to_vec(), "video/mp4").await.expect("put");
    }
}

#[tokio::test]
async fn a_recording_that_lies_in_the_store_is_proven_once_however_often_it_is_told_of() {
    let held = Held::maya().await;
    let bytes = clip(60);
    held.put(&bytes).await;
    let word = held.word(&bytes);
    assert_eq!(held.say(&word, "another secret").await.refused(401), "unauthenticated");
    for _ in 0..3 {
        assert_eq!(held.say(&word, SECRET).await.expect(200)["known"], true);
    }
    held.school.move_to("2027-02-22T10:02:00Z").await;
    assert_eq!(held.state().await, "passed");
    assert_eq!(held.say(&word, SECRET).await.expect(200)["known"], true);
    let path = format!("/v1/defenses/{}/recording", held.defense);
    let shown = held.school.get("maya", &path).await.expect(200);
    assert_eq!(
        (text(&shown, "/state"), text(&shown, "/sha256")),
        ("retained".into(), Sha256Hex::of(&bytes).to_string())
    );
    let custody = shown["custody"].as_array().expect("events");
    let events: Vec<_> = custody.iter().map(|event| text(event, "/event")).collect();
    assert_eq!(events, ["announced", "stored", "verified", "retained"]);
    held.school.close().await;
}

#[tokio::test]
async fn a_recording_that_comes_after_its_word_is_waited_for() {
    let held = Held::maya().await;
    let bytes = clip(60);
    assert_eq!(held.say(&held.word(&bytes), SECRET).await.expect(200)["known"], true);
    held.put(&bytes).await;
    held.school.move_to("2027-02-22T10:05:00Z").await;
    assert_eq!(held.state().await, "passed");
    held.school.close().await;
}

#[tokio::test]
async fn a_recording_that_never_comes_is_missed_within_five_minutes() {
    let held = Held::maya().await;
    assert_eq!(held.say(&held.word(b"a recording"), SECRET).await.expect(200)["known"], true);
    assert_eq!(held.state().await, "awaiting_verdict");
    held.school.move_to("2027-02-22T10:06:00Z").await;
    assert_eq!(held.state().await, "held_unrecorded");
    let listed = held.school.get("sam", "/v1/defenses?state=held_unrecorded").await.expect(200);
    assert_eq!(text(&listed, "/items/0/id"), held.defense);
    held.school.close().await;
}

#[tokio::test]
async fn what_is_about_nothing_of_ours_is_passed_over() {
    let held = Held::maya().await;
    let bytes = clip(1);
    held.put(&bytes).await;
    let word = held.word(&bytes);
    let check = async |change: fn(&mut Value)| {
        let mut other = word.clone();
        change(&mut other);
        assert_eq!(held.say(&other, SECRET).await.expect(200)["known"], false, "{other}");
    };
    check(|word| word["room"] = json!("lobby")).await;
    check(|word| word["room"] = json!(format!("defense-{}", "0".repeat(32)))).await;
    check(|word| word["object"] = json!("recordings/upl_00000000000000000000000000000000")).await;
    check(|word| word["object"] = json!("../secrets")).await;
    let mut wrong = word.clone();
    wrong["content_type"] = json!("application/pdf");
    assert_eq!(held.say(&wrong, SECRET).await.refused(422), "invalid_field");
    wrong["content_type"] = json!("video/mp4");
    wrong["size"] = json!(0);
    assert_eq!(held.say(&wrong, SECRET).await.refused(422), "empty_file");
    let path = format!("/v1/defenses/{}/recording", held.defense);
    assert_eq!(held.school.get("maya", &path).await.refused(404), "not_found");
    held.school.close().await;
}
