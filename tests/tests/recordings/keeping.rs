//! How long a recording is there: held for an appeal, erased for the law, gone when its time is over.

use domain::job::Job;
use tests::work::{clip, verdicts_on};

use super::*;

const KEPT_UNTIL: &str = "2030-02-21T10:01:00Z";

#[tokio::test]
async fn an_appeal_holds_the_recording_and_the_law_erases_it_afterwards() {
    let film = clip(60);
    let held = Held::maya().await;
    held.judge().await.expect(202);
    let key = held.record("video/mp4", &film).await;
    assert_eq!(held.state().await, "passed");
    let before = held.watch("sam").await.expect(200);

    held.act("maya", "appeal", json!({ "reason": "I showed more than that." })).await.expect(200);
    settle(&held.school).await;
    assert_eq!(held.state().await, "under_appeal");
    let ground = json!({ "reason": "Article 17 of the GDPR, ticket 4711" });
    assert_eq!(held.act("sam", "recording/erase", ground.clone()).await.refused(409), "wrong_state");
    // Past the school: what is held stays for whoever passes over dates, too.
    assert!(held.bucket().erase(&key).await.is_err());
    assert!(held.has(&key).await);
    held.act("maya", "consent/withdraw", json!({})).await.expect(200);
    assert_eq!(held.watch("marc").await.refused(404), "not_found");
    held.watch("olu").await.expect(200);

    let shown = verdicts_on(&held.school, "olu", &held.defense, |_| "acquired").await;
    let decided = held.act("olu", "appeal/decision", shown).await.expect(200);
    assert_eq!(text(&decided, "/state"), "upheld");
    settle(&held.school).await;
    for who in ["maya", "ines", "marc", "olu"] {
        assert_eq!(held.act(who, "recording/erase", ground.clone()).await.refused(404), "not_found", "{who}");
    }
    let empty = held.act("sam", "recording/erase", json!({ "reason": " " })).await;
    assert_eq!(text(&empty.expect(422), "/errors/0/pointer"), "/reason");
    let erased = held.act("sam", "recording/erase", ground.clone()).await.expect(200);
    assert_eq!(
        (text(&erased, "/state"), text(&erased, "/recording"), text(&erased, "/verdict/overall")),
        ("upheld".into(), "erased".into(), "passed".into())
    );
    settle(&held.school).await;

    let shown = check_gone(&held, &key, &before, "erased").await;
    assert_eq!(
        (&shown["reason"], text(&shown, "/sha256")),
        (&ground["reason"], Sha256Hex::of(&film).to_string())
    );
    let events = custody(&shown);
    assert_eq!(words(&events), ["announced", "stored", "verified", "retained", "erased"]);
    assert_eq!(events[4].by.map(|by| by.to_string()), Some(held.school.id("sam").await));
    assert_eq!(events[4].detail, text(&ground, "/reason"));
    assert_eq!(held.act("sam", "recording/erase", ground).await.refused(409), "wrong_state");
    held.school.close().await;
}

/// However a look at a recording got lost: a day later it is asked for again, and then it is over.
#[tokio::test]
async fn a_look_that_got_lost_is_made_up_for_within_a_day() {
    let held = Held::maya().await;
    // A job that waits for a far day is not brought forward by asking for it.
    let look = Job::VerifyRecording { defense: held.id() };
    let store = &held.school.stack.store;
    let far = "2028-02-22T10:00:00Z".parse().expect("an instant");
    store.transaction::<()>().enqueue(&look, far).commit().await.expect("asked for");
    held.record("video/mp4", &clip(60)).await;
    let state = async || text(&held.watch("maya").await.expect(200), "/state");
    assert_eq!(state().await, "announced");
    held.school.move_to("2027-02-23T10:00:59Z").await;
    assert_eq!(state().await, "announced");
    held.school.move_to("2027-02-23T10:02:00Z").await;
    assert_eq!(state().await, "retained");
    // Looked at once more, and not again.
    held.school.move_to("2027-02-25T10:02:00Z").await;
    let jobs = held.school.get("sam", "/v1/admin/queue").await.expect(200);
    let jobs = jobs["waiting"].as_array().expect("jobs").iter().map(|job| text(job, "/kind"));
    assert!(!Vec::from_iter(jobs).contains(&"reconcile_recordings".into()));
    held.school.close().await;
}

/// What was kept for long waits in the queue until its time is over: the law and an appeal do not wait with
/// it.
#[tokio::test]
async fn the_law_erases_a_recording_on_any_day() {
    let held = Held::maya().await;
    let key = held.record("video/mp4", &clip(60)).await;
    held.school.move_to("2027-03-01T10:00:00Z").await;
    let before = held.watch("sam").await.expect(200);
    assert_eq!(text(&before, "/state"), "retained");
    held.act("sam", "recording/erase", json!({ "reason": "A court's order" })).await.expect(200);
    settle(&held.school).await;
    let shown = check_gone(&held, &key, &before, "erased").await;
    assert_eq!(text(&shown, "/reason"), "A court's order");
    held.school.close().await;
}

/// 1095 days after the meeting, by the policy.
#[tokio::test]
async fn a_recording_goes_when_its_time_is_over() {
    let film = clip(60);
    let held = Held::maya().await;
    held.judge().await.expect(202);
    let key = held.record("video/mp4", &film).await;
    // Who has left is no longer billed: three years pass sooner.
    let path = format!("/v1/enrollments/{}", held.enrollment);
    let etag = held.school.get("maya", &path).await.etag();
    let leave = held.school.by("maya", reqwest::Method::POST, &format!("{path}/withdraw")).await;
    leave.header("if-match", &etag).json(json!({})).send().await.expect(200);

    held.school.move_to("2030-02-21T10:00:59Z").await;
    let before = held.watch("maya").await.expect(200);
    assert_eq!(
        (text(&before, "/state"), text(&before, "/kept_until")),
        ("retained".into(), KEPT_UNTIL.into())
    );
    assert!(held.has(&key).await);
    held.school.move_to(KEPT_UNTIL).await;
    let shown = check_gone(&held, &key, &before, "expired").await;
    assert_eq!(text(&shown, "/sha256"), Sha256Hex::of(&film).to_string());
    let events = custody(&shown);
    assert_eq!(words(&events), ["announced", "stored", "verified", "retained", "expired"]);
    assert_eq!((events[4].at.to_string(), events[4].by), (KEPT_UNTIL.into(), None));
    assert_eq!(held.state().await, "passed");
    held.school.close().await;
}

/// Nothing of a recording can be watched any more, by new links or by those of before; answers it as it is
/// shown.
async fn check_gone(held: &Held, key: &str, before: &Value, state: &str) -> Value {
    let shown = held.watch("sam").await.expect(200);
    assert_eq!(text(&shown, "/state"), state);
    for link in ["playback_url", "playlist_url", "poster_url", "captions_url", "original_url"] {
        assert_eq!(shown[link], Value::Null, "{link}");
        assert_eq!(follow(&text(before, &format!("/{link}"))).await.status(), 404, "{link}");
    }
    assert!(!held.has(key).await);
    assert_eq!(held.count("renditions/").await, 0);
    shown
}
