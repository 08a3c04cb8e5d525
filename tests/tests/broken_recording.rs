//! Scenario S9: a recording breaks off, is gone on with, and is given up a day after its last part.

use reqwest::Method;
use serde_json::{Value, json};
use tests::work::{act_on, ask_first_defense, hold_defense, judge_defense, prepare_defense, record_defense};
use tests::{School, text};

const PART_BYTES: usize = 8 << 20;

/// A defense of Maya's before Olu that is in progress for 45 minutes, and ended.
async fn held() -> (School, String) {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let (_, defense) = ask_first_defense(&school, "maya", "2027-02-22").await;
    prepare_defense(&school, "maya", "olu", &defense, "2027-02-22T10:00:00Z").await;
    hold_defense(&school, "olu", &defense, 45).await;
    (school, defense)
}

/// A live recording's upload, begun.
struct Live {
    upload: String,
    multipart: String,
    query: String,
}

impl Live {
    async fn begin(school: &School, defense: &str) -> Self {
        let body = json!({ "purpose": "recording", "subject": defense, "filename": "defense.webm",
            "type": "video/webm;codecs=vp8" });
        let upload = school.post("olu", "/v1/uploads", body).await.expect(201);
        let endpoint = text(&upload, "/endpoint").replace(&school.stack.url, "");
        let companion = format!("{endpoint}/s3/multipart");
        let begun = school.ask(Method::POST, &companion).json(json!({})).send().await.expect(200);
        let query = format!("?key={}", text(&begun, "/key").replace('/', "%2F"));
        let multipart = format!("{companion}/{}", text(&begun, "/uploadId"));
        Self { upload: text(&upload, "/id"), multipart, query }
    }

    async fn send(&self, school: &School, number: usize) {
        let signed = format!("{}/{number}{}", self.multipart, self.query);
        let signed = school.ask(Method::GET, &signed).send().await.expect(200);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let bytes = vec![u8::try_from(number).expect("small"); PART_BYTES];
        let put = client.put(text(&signed, "/url")).body(bytes).send().await.expect("an answer");
        assert_eq!(put.status(), 200);
    }

    /// Which parts have arrived.
    async fn parts(&self, school: &School) -> Vec<u64> {
        let listed = school.ask(Method::GET, &format!("{}{}", self.multipart, self.query)).send().await;
        let listed = listed.expect(200);
        listed.as_array().expect("parts").iter().filter_map(|part| part["PartNumber"].as_u64()).collect()
    }
}

async fn recording(school: &School, defense: &str) -> Value {
    school.get("maya", &format!("/v1/defenses/{defense}/recording")).await.expect(200)
}

#[tokio::test]
async fn a_recording_that_stops_at_part_7_of_12_goes_on_and_is_given_up_a_day_later() {
    let (school, defense) = held().await;
    let live = Live::begin(&school, &defense).await;
    assert_eq!(text(&recording(&school, &defense).await, "/state"), "uploading");
    for number in 1..=7 {
        live.send(&school, number).await;
    }
    // The page is loaded again: what arrived is listed, and the next part goes on from there.
    assert_eq!(live.parts(&school).await, [1, 2, 3, 4, 5, 6, 7]);
    live.send(&school, 8).await;
    let shown = recording(&school, &defense).await;
    assert_eq!(
        (text(&shown, "/state"), text(&shown, "/progress/step")),
        ("uploading".into(), "uploading".into())
    );
    assert_eq!(shown["progress"]["bytes"], 8 * PART_BYTES);
    let drafted = judge_defense(&school, "olu", &defense, |_| "acquired").await.expect(202);
    assert_eq!(text(&drafted, "/verdict/state"), "drafted");

    let (evidence, key) = (&school.stack.store.evidence, format!("recordings/{}", live.upload));
    assert_eq!(evidence.open_uploads(&key).await.expect("a list").len(), 1);
    school.move_to("2027-02-23T10:44:00Z").await;
    assert_eq!(text(&recording(&school, &defense).await, "/state"), "uploading");
    school.move_to("2027-02-23T10:46:00Z").await;
    assert_eq!(text(&recording(&school, &defense).await, "/state"), "failed");
    assert_eq!(evidence.open_uploads(&key).await.expect("a list"), [], "no orphan part");
    let lost = school.get("sam", &format!("/v1/defenses/{defense}")).await.expect(200);
    assert_eq!(
        (text(&lost, "/state"), text(&lost, "/verdict/state")),
        ("held_unrecorded".into(), "drafted".into())
    );

    let waived = act_on(&school, "sam", &defense, "waiver", json!({ "reason": "The line broke." })).await;
    assert_eq!(text(&waived.expect(200), "/state"), "passed");
    school.close().await;
}

#[tokio::test]
async fn a_defense_whose_recording_is_lost_may_be_held_again() {
    let (school, defense) = held().await;
    Live::begin(&school, &defense).await.send(&school, 1).await;
    judge_defense(&school, "olu", &defense, |_| "not_yet").await.expect(202);
    school.move_to("2027-02-23T11:00:00Z").await;
    let time = json!({ "starts_at": "2027-02-24T10:00:00Z", "minutes": 45 });
    act_on(&school, "maya", &defense, "schedule", time).await.expect(200);
    school.move_to("2027-02-24T10:00:00Z").await;
    hold_defense(&school, "olu", &defense, 1).await;
    record_defense(&school, "olu", &defense).await;
    let judged = judge_defense(&school, "olu", &defense, |_| "acquired").await.expect(201);
    assert_eq!(text(&judged, "/state"), "passed");
    school.close().await;
}
