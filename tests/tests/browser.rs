//! The page in a browser: from the first visit to a version handed in and judged.

use domain::digest::Sha256Hex;
use serde_json::json;
use tests::browser::play;
use tests::{School, text};

#[tokio::test(flavor = "multi_thread")]
async fn maya_enrolls_and_hands_in_what_ines_accepts() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("work.zip");
    // Larger than a part, so that it goes in two.
    let work = b"PK\x03\x04".iter().copied().chain((0..9_000_000_u32).map(|n| (n >> 8) as u8));
    let work: Vec<u8> = work.collect();
    std::fs::write(&file, &work).expect("written");
    let file = file.to_str().expect("text");
    let act = async |act: &str| play("page.mjs", &[act, &school.stack.url, file]).await;

    act("enroll").await;
    let enrolled = school.get("maya", "/v1/enrollments").await.expect(200);
    assert_eq!(text(&enrolled, "/items/0/state"), "active");
    let mentor = school.id("ines").await;
    let assignment =
        json!({ "enrollment": enrolled["items"][0]["id"], "mentor": mentor, "from": "2027-02-07" });
    school.post("sam", "/v1/admin/assignments", assignment).await.expect(201);

    act("hand_in").await;
    let sealed = school.get("maya", "/v1/submissions?state=sealed").await.expect(200);
    assert_eq!(text(&sealed, "/items/0/deliverables/0/name"), "work.zip");
    assert_eq!(text(&sealed, "/items/0/deliverables/0/sha256"), Sha256Hex::of(&work).to_string());

    act("judge").await;
    let accepted = school.get("maya", "/v1/submissions?state=accepted").await.expect(200);
    assert_eq!(accepted["items"].as_array().map(Vec::len), Some(1));

    act("look").await;
    school.close().await;
}
