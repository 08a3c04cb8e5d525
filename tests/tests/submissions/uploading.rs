//! Files through Uppy's own calls: whole or not at all.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_whole_in_whatever_order_its_parts_come() {
    let study = Study::begin().await;
    let bytes = bytes(20 * MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.part(&sending, &bytes, 3).await;
    study.part(&sending, &bytes, 1).await;
    let missing = study.complete(&sending).await.refused(409, "upload_incomplete");
    assert_eq!(missing["part"], 2);
    study.part(&sending, &bytes, 2).await;
    study.part(&sending, &bytes, 2).await;
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    let parts = Vec::from_iter(listed.as_array().expect("a list").iter().map(|part| &part["PartNumber"]));
    assert_eq!(parts, [1, 2, 3]);

    let (one, other) = tokio::join!(study.complete(&sending), study.complete(&sending));
    let (one, other) = (one.is(200), other.is(200));
    assert_eq!(one["location"], format!("{}{}", study.stack.url, sending.path));
    assert_eq!((&one, &study.complete(&sending).await.is(200)), (&other, &one));
    let verified = study.until(&sending.path, "verified").await;
    assert_eq!(verified["sha256"], Sha256Hex::of(&bytes).to_string());
    assert_eq!(verified["endpoint"], Value::Null);

    study.seal("seal", &sending.key).await.is(201);
    let shown = study.get(&format!("/v1/submissions/{}", study.draft)).await.is(200);
    let url = word(&shown["deliverables"][0]["url"]);
    let read = study.http.get(url).send().await.expect("an answer").bytes().await.expect("bytes");
    assert!(read == bytes, "other bytes came back");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_sum_is_refused_and_what_was_there_stays() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let sending = study.file(&bytes, Crc64::new(7)).await;
    study.part(&sending, &bytes, 1).await;
    study.part(&sending, &bytes, 2).await;
    study.complete(&sending).await.refused(422, "checksum_mismatch");
    study.complete(&sending).await.refused(422, "checksum_mismatch");
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(study.get(&sending.path).await.is(200)["state"], "open");
    study.seal("seal", &sending.key).await.refused(409, "upload_incomplete");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_serves_its_own_upload_alone() {
    let study = Study::begin().await;
    let bytes = bytes(MIB);
    let one = study.file(&bytes, crc(&bytes)).await;
    let other = study.file(&bytes, crc(&bytes)).await;
    study.get(&format!("{}/1?{}", one.at, other.query)).await.refused(404, "not_found");
    let (endpoint, id) = one.at.rsplit_once('/').expect("a path");
    let others_id = other.at.rsplit_once('/').expect("a path").1;
    study.get(&format!("{endpoint}/{others_id}/1?{}", one.query)).await.refused(404, "not_found");
    let moved = one.at.replace(&one.path, &other.path);
    study.get(&format!("{moved}/1?{}", other.query)).await.refused(403, "forbidden");
    study.get(&format!("{endpoint}/{id}/2?{}", one.query)).await.refused(400, "invalid_parameter");

    let given_up = study.send(Method::DELETE, &format!("{}?{}", one.at, one.query), None, None).await.is(200);
    assert_eq!(given_up, json!({}));
    assert_eq!(study.get(&one.path).await.is(200)["state"], "abandoned");
    study.complete(&one).await.refused(409, "wrong_state");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_nobody_recorded_is_found() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let (asked_again, left_alone) =
        (study.file(&bytes, crc(&bytes)).await, study.file(&bytes, crc(&bytes)).await);
    for sending in [&asked_again, &left_alone] {
        study.part(sending, &bytes, 1).await;
        study.part(sending, &bytes, 2).await;
        study.complete_unrecorded(sending).await;
    }
    study.complete(&asked_again).await.is(200);
    study.until(&asked_again.path, "verified").await;
    study.move_clock("2027-02-08T10:00:00Z").await;
    study.until(&left_alone.path, "verified").await;
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_refused_and_its_bytes_removed() {
    let study = Study::begin().await;
    let mut bytes = bytes(MIB);
    bytes[..4].copy_from_slice(b"\x7fELF");
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.part(&sending, &bytes, 1).await;
    study.complete(&sending).await.is(200);
    let refused = study.until(&sending.path, "refused").await;
    assert_eq!(refused["reason"], "application/x-executable files are not taken for this purpose");
    study.complete(&sending).await.refused(422, "invalid_field");
    study.seal("seal", &sending.key).await.refused(422, "invalid_field");
    study.move_clock("2027-02-08T10:00:00Z").await;
    let bucket = study.stack.store.bucket(Purpose::Submission);
    assert_eq!(bucket.head(&sending.key).await.expect("the store"), None);
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ones_own_draft_takes_files() {
    let mut study = Study::begin().await;
    let check = async |study: &Study, change: Value, status, code: &str| {
        let mut file = json!({"purpose": "submission", "subject": study.draft, "filename": "a.zip",
            "type": "application/zip", "size": 1, "sha256": Sha256Hex::of(b"a")});
        for (name, value) in change.as_object().expect("an object") {
            file[name] = value.clone();
        }
        study.send(Method::POST, "/v1/uploads", None, Some(file)).await.refused(status, code)
    };
    check(&study, json!({"size": 0}), 422, "empty_file").await;
    check(&study, json!({"size": null}), 422, "invalid_field").await;
    check(&study, json!({"sha256": "00"}), 422, "invalid_field").await;
    check(&study, json!({"type": "application/x-executable"}), 422, "invalid_field").await;
    check(&study, json!({"purpose": "recording"}), 422, "invalid_field").await;
    check(&study, json!({"color": "red"}), 422, "unknown_field").await;
    check(&study, json!({"subject": "sub_00000000000000000000000000000000"}), 404, "not_found").await;
    let student = study.token.clone();
    study.token = study.sign_in("tom").await;
    check(&study, json!({}), 404, "not_found").await;
    study.token = student;
    let file = study.sent(&bytes(MIB)).await;
    study.seal("seal", &file).await.is(201);
    check(&study, json!({}), 409, "already_submitted").await;
    study.stack.stop().await;
}

/// Four files of ten gibibytes are a day's worth, whether or not they are sent.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_begins_more_than_a_days_worth() {
    let study = Study::begin().await;
    let file = json!({"purpose": "submission", "subject": study.draft, "filename": "a.zip",
        "type": "application/zip", "size": 10_u64 << 30, "sha256": Sha256Hex::of(b"a")});
    let ask = || study.send(Method::POST, "/v1/uploads", None, Some(file.clone()));
    let asked = futures::future::join_all((0..5).map(|_| ask())).await;
    let (taken, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(taken.len(), 4);
    let refused = refused.into_iter().next().expect("one too many").refused(429, "too_many_requests");
    let again_at = word(&refused["again_at"]);
    assert!(again_at.starts_with("2027-02-08T10:00:"), "{again_at}");
    ask().await.refused(429, "too_many_requests");
    study.move_clock(&again_at).await;
    ask().await.is(201);
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_reads_refusals_under_an_endpoint_too() {
    let study = Study::begin().await;
    let bytes = bytes(MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    let url = format!("{}/1?key=other", sending.at);
    let asked =
        study.http.get(url).header("origin", "http://localhost:3000").send().await.expect("an answer");
    assert_eq!(
        (asked.status().as_u16(), &asked.headers()["access-control-allow-origin"]),
        (404, &"*".parse().expect("a value"))
    );
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_progress_for_a_day_is_abandoned() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.move_clock("2027-02-08T09:00:00Z").await;
    study.part(&sending, &bytes, 1).await;
    study.move_clock("2027-02-09T08:59:00Z").await;
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    study.move_clock("2027-02-09T09:00:00Z").await;
    study.until(&sending.path, "abandoned").await;
    study.stack.stop().await;
}
