//! Parts of a recording: planned, in any order, put together once.

use tests::work::clip;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recording_cannot_be_made_of_is_refused() {
    let held = Held::maya().await;
    let film = clips::padded(&clip(60), 17 * MIB);
    let sums = Sums::sha256_of(&film);
    assert_eq!(held.ask("video/mp4", 0, &sums).await.refused(422), "empty_file");
    for who in ["maya", "ines", "olu", "sam"] {
        let body = json!({ "purpose": "recording", "subject": held.defense, "filename": "defense",
            "type": "video/mp4", "size": film.len(), "sha256": sums.sha256 });
        assert_eq!(held.school.post(who, "/v1/uploads", body).await.refused(404), "not_found", "{who}");
    }

    let own = held.open("video/mp4", film.len(), &sums).await;
    let own = (text(&own, "/id"), Sending::begin(&held.school, &own).await);
    for (number, bytes) in [(1, &film[..4 * MIB]), (2, &film[4 * MIB..12 * MIB]), (3, &film[12 * MIB..])] {
        assert_eq!(own.1.part(number, bytes).await, 200);
    }
    let small = own.1.complete().await;
    assert_eq!((&small.body["part"], small.clone().refused(422)), (&json!(1), "part_too_small".into()));

    // Under one's own endpoint there is nothing of another upload, and no endpoint is another's.
    let other = held.open("video/mp4", film.len(), &sums).await;
    let other = (text(&other, "/id"), Sending::begin(&held.school, &other).await);
    let foreign_key = Sending { key: other.1.key.clone(), ..own.1.clone() };
    let foreign_id = Sending { id: other.1.id.clone(), ..own.1.clone() };
    for sending in [&foreign_key, &foreign_id] {
        assert_eq!(sending.sign(1).await.refused(404), "not_found");
        assert_eq!(sending.complete().await.refused(404), "not_found");
    }
    let foreign_endpoint = Sending { at: own.1.at.replace(&own.0, &other.0), ..other.1.clone() };
    assert_eq!(foreign_endpoint.sign(1).await.refused(403), "forbidden");
    assert_eq!(foreign_endpoint.complete().await.refused(403), "forbidden");
    for who in ["maya", "olu", "sam"] {
        let read = held.school.get(who, &format!("/v1/uploads/{}", own.0)).await;
        assert_eq!(read.refused(404), "not_found", "{who}");
    }
    assert_eq!(held.count("recordings/").await, 0);
    held.school.close().await;
}

/// 6 GiB are 768 parts as the school plans them. A client may cut its own: of the smallest that the store
/// takes, 5 MiB, there are 1,229, and no link leads beyond them.
#[tokio::test]
async fn six_gibibytes_are_planned_in_768_parts() {
    let held = Held::maya().await;
    let upload = held.open("video/mp4", 6 * 1024 * MIB, &Sums::sha256_of(b"six gibibytes")).await;
    assert_eq!(upload["part_size"], 8 * MIB);
    let sending = Sending::begin(&held.school, &upload).await;
    for number in [1, 768, 769, 1229] {
        sending.sign(number).await.expect(200);
    }
    for number in [0, 1230] {
        assert_eq!(sending.sign(number).await.refused(400), "invalid_parameter", "{number}");
    }
    held.school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_come_in_any_order_and_make_one_recording_however_often_that_is_said() {
    let held = Held::maya().await;
    let film = clips::padded(&clip(60), 17 * MIB);
    let sums = Sums::both_of(&film);
    let upload = held.open("video/mp4", film.len(), &sums).await;
    let sending = Sending::begin(&held.school, &upload).await;
    assert_eq!(sending.part(3, &film[16 * MIB..]).await, 200);
    assert_eq!(sending.part(1, &film[..8 * MIB]).await, 200);
    let missing = sending.complete().await;
    assert_eq!(
        (&missing.body["part"], missing.clone().refused(409)),
        (&json!(2), "upload_incomplete".into())
    );
    let coming = held.watch("maya").await.expect(200);
    let progress = json!({ "step": "uploading", "percent": 52, "bytes": 9 * MIB });
    assert_eq!((text(&coming, "/state"), &coming["progress"]), ("uploading".into(), &progress));
    assert_eq!(sending.part(2, &film[8 * MIB..16 * MIB]).await, 200);

    let store = &held.school.stack.store;
    settle(&held.school).await;
    let ended_before = store.jobs_ended();
    let (one, other) = tokio::join!(sending.complete(), sending.complete());
    let told = one.expect(200);
    assert_eq!(told["key"], upload["key"]);
    for again in [other, sending.complete().await, sending.complete().await] {
        assert_eq!(again.expect(200), told);
    }
    settle(&held.school).await;
    assert_eq!(sending.complete().await.expect(200), told);
    settle(&held.school).await;
    // The upload was verified, the recording was verified and kept: each by one job.
    assert_eq!(store.jobs_ended() - ended_before, 3);
    assert_eq!(held.log("verify_recording").await, ["worker"]);
    assert_eq!(held.log("keep_recordings").await, ["worker"]);
    let queue = held.school.get("sam", "/v1/admin/queue").await.expect(200);
    assert_eq!((&queue["held"], &queue["dead"]), (&json!([]), &json!([])));

    let shown = held.watch("maya").await.expect(200);
    assert_eq!((text(&shown, "/state"), &shown["duration_s"]), ("retained".into(), &json!(60)));
    let sum = Sha256Hex::of(&film).to_string();
    assert_eq!(text(&shown, "/sha256"), sum);
    let events = custody(&shown);
    assert_eq!(words(&events), ["announced", "stored", "verified", "retained"]);
    let by = Vec::from_iter(events.iter().map(|event| event.by.map(|by| by.to_string())));
    assert_eq!(by, [Some(held.school.id("marc").await), None, None, None]);
    let of = Vec::from_iter(events.iter().map(|event| event.file_sha256.as_deref()));
    assert_eq!(of, [None, Some(sum.as_str()), Some(sum.as_str()), Some(sum.as_str())]);
    assert_eq!(events[3].detail, text(&shown, "/kept_until"));
    assert_eq!(held.count("recordings/").await, 1);
    assert_eq!(held.ask("video/mp4", film.len(), &sums).await.refused(409), "wrong_state");
    assert_eq!(sending.sign(1).await.refused(409), "wrong_state");
    held.school.close().await;
}
