//! Uppy's own client, as npm has it, sends files to an upload's endpoint.

use domain::digest::Sha256Hex;
use serde_json::{Value, json};
use tests::browser::play;
use tests::{School, begin, text};

#[tokio::test(flavor = "multi_thread")]
async fn uppy_goes_on_with_what_has_arrived_and_gives_up_what_is_canceled() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let enrollment = begin(&school, "maya", "2027-02-07").await;
    let progress = school.get("maya", &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    let project = text(&progress, "/attempts/0/project");
    let path = format!("/v1/enrollments/{enrollment}/projects/{project}/submissions");
    let draft = text(&school.post("maya", &path, json!({})).await.expect(201), "/id");

    // In three parts of 8 MiB, the last one short.
    let work = b"PK\x03\x04".iter().copied().chain((0..17_000_000_u32).map(|n| (n >> 8) as u8));
    let work: Vec<u8> = work.collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("site.zip");
    std::fs::write(&file, &work).expect("written");
    let open = async || {
        let body = json!({ "purpose": "submission", "subject": draft, "filename": "site.zip",
            "type": "application/zip", "size": work.len(), "sha256": Sha256Hex::of(&work) });
        school.post("maya", "/v1/uploads", body).await.expect(201)
    };
    let (whole, canceled) = (open().await, open().await);

    let endpoints = [text(&whole, "/endpoint"), text(&canceled, "/endpoint")];
    let told = play("uppy.mjs", &[&endpoints[0], &endpoints[1], file.to_str().expect("text")]).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["whole"]["key"], whole["key"]);
    assert_eq!(told["canceled"], json!({ "parts": [1] }));

    school.move_to("2027-02-07T10:00:00Z").await;
    let read = async |upload: &Value| {
        school.get("maya", &format!("/v1/uploads/{}", text(upload, "/id"))).await.expect(200)
    };
    let verified = read(&whole).await;
    assert_eq!(text(&verified, "/state"), "verified");
    assert_eq!(text(&verified, "/sha256"), Sha256Hex::of(&work).to_string());
    assert_eq!(text(&read(&canceled).await, "/state"), "abandoned");
    school.close().await;
}
