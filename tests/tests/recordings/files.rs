//! Files as they come: what is evidence, what is not, and what staff have to look at.

use storage::recording::prefix_of_renditions;
use tests::work::clip;

use super::*;

const NO_MP4: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n";
const PLAYLIST: &[u8] = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nother.ts\n#EXT-X-ENDLIST\n";
const LIST: &[u8] = b"ffconcat version 1.0\nfile other.mp4\n";

#[tokio::test]
async fn what_does_not_show_the_defense_is_no_evidence() {
    let (film, browsers) = (clip(60), clips::of_a_browser());
    let held = Held::maya().await;
    let check = async |name: &str, kind: &str, bytes: &[u8], became: (&str, &str, Option<&str>)| {
        let (id, completed) = held.send(kind, bytes, bytes.len(), &Sums::sha256_of(bytes)).await;
        completed.expect(200);
        let (upload, shown) = (held.upload(&id).await, held.watch("sam").await.expect(200));
        let states = (text(&upload, "/state"), text(&shown, "/state"));
        assert_eq!((states.0.as_str(), states.1.as_str(), shown["reason"].as_str()), became, "{name}");
        assert_eq!(held.state().await, "held_unrecorded", "{name}");
        (upload, shown)
    };
    let rejected = |reason| ("verified", "rejected", Some(reason));
    let (upload, shown) = check("a PDF", "video/mp4", NO_MP4, ("refused", "failed", None)).await;
    assert_eq!(text(&upload, "/reason"), "application/pdf files are not taken for this purpose");
    assert_eq!(shown["playback_url"], Value::Null);
    check("a playlist", "video/mp4", PLAYLIST, rejected("container")).await;
    check("a list of files", "video/mp4", LIST, rejected("container")).await;
    check("sound alone", "video/webm", &clips::of_sound_alone(), rejected("no_video")).await;
    check("a film cut short", "video/mp4", clips::cut(&film, 60), rejected("cut_short")).await;
    // Its sums were declared afterwards: only the decoder tells, while a film of it is made.
    check("a film of wrong bytes", "video/mp4", &clips::flipped(&film), rejected("damaged")).await;
    let cut = clips::cut(&browsers, 60);
    let (upload, shown) = check("a browser's, cut short", "video/webm", cut, rejected("damaged")).await;
    assert!(text(&shown, "/complaint").contains("File ended prematurely"), "{shown}");
    assert_eq!(words(&custody(&shown)), ["announced", "stored", "rejected"]);
    assert_eq!(held.count("renditions/").await, 0);
    // Whoever was slow puts something there once it is over.
    let late =
        format!("{}slow-1/watch.mp4", prefix_of_renditions(text(&upload, "/id").parse().expect("an id")));
    held.bucket().put(&late, b"late".into(), "video/mp4").await.expect("stored");
    held.school.move_to("2027-02-23T10:02:00Z").await;
    assert_eq!(held.count("renditions/").await, 0);
    held.school.close().await;
}

#[tokio::test]
async fn bytes_that_are_not_the_declared_ones_are_refused() {
    let film = clip(60);
    let held = Held::maya().await;
    let cut = clips::cut(&film, 60);
    let flipped = clips::flipped(&film);
    let check = async |name: &str, bytes: &[u8], sums: Sums| {
        let (id, completed) = held.send("video/mp4", bytes, film.len(), &sums).await;
        assert_eq!(completed.refused(422), "checksum_mismatch", "{name}");
        let upload = held.upload(&id).await;
        assert_eq!(text(&upload, "/state"), "open", "{name}");
        assert!(!held.has(&text(&upload, "/key")).await, "{name}");
        let shown = held.watch("sam").await.expect(200);
        assert_eq!((text(&shown, "/state"), &shown["sha256"]), ("uploading".into(), &Value::Null), "{name}");
    };
    check("cut, declared whole", cut, Sums::sha256_of(&film)).await;
    check("cut, declared whole by its CRC", cut, Sums::crc64nvme_of(&film)).await;
    check("flipped, by its CRC", &flipped, Sums::crc64nvme_of(&film)).await;
    check("flipped, by both", &flipped, Sums::both_of(&film)).await;

    // The store knows no SHA-256 of a whole: the worker reads all bytes.
    let upload = held.open("video/mp4", film.len(), &Sums::sha256_of(&film)).await;
    let sending = Sending::begin(&held.school, &upload).await;
    assert_eq!(sending.part(1, &flipped).await, 200);
    sending.complete().await.expect(200);
    settle(&held.school).await;
    assert_eq!(sending.complete().await.refused(422), "checksum_mismatch");
    let upload = held.upload(&text(&upload, "/id")).await;
    assert_eq!(text(&upload, "/reason"), "the bytes that arrived are not the ones declared");
    let shown = held.watch("sam").await.expect(200);
    assert_eq!((text(&shown, "/state"), &shown["sha256"]), ("failed".into(), &Value::Null));
    assert_eq!(words(&custody(&shown)), ["announced", "failed"]);
    // At the latest a day after the last part, nothing is left of any of them.
    held.school.move_to("2027-02-23T11:00:00Z").await;
    assert_eq!(held.count("recordings/").await, 0);
    assert_eq!(held.state().await, "held_unrecorded");
    held.school.close().await;
}

/// What is cut between two fragments is whole in itself: only an index in front, or the meeting's log, tells
/// that there was more.
#[tokio::test]
async fn what_is_doubted_counts_once_staff_accepted_it() {
    let unindexed = clips::fragmented("");
    let indexed = clips::fragmented("+global_sidx");
    let held = Held::maya().await;
    assert_eq!(text(&held.judge().await.expect(202), "/verdict/state"), "drafted");
    let check = async |film: &[u8], reason: &str| {
        held.record("video/mp4", film).await;
        let shown = held.watch("ines").await.expect(200);
        assert_eq!((text(&shown, "/state"), text(&shown, "/reason")), ("needs_review".into(), reason.into()));
        assert_ne!(held.state().await, "passed");
        // A film was made of it while it was decoded, which nobody is shown yet.
        assert!(held.count("renditions/").await > 0 && shown["playlist_url"].is_null(), "{shown}");
        let further = held.ask("video/mp4", film.len(), &Sums::sha256_of(film)).await;
        assert_eq!(further.refused(409), "wrong_state");
        for who in ["maya", "ines", "marc", "olu"] {
            let found = json!({ "finding": "accepted", "note": "The pitch is whole." });
            assert_eq!(held.act(who, "recording/review", found).await.refused(404), "not_found", "{who}");
        }
    };
    check(clips::cut_between_fragments(&unindexed, 50), "shorter_than_the_meeting").await;
    let refused = json!({ "finding": "refused", "note": "Nothing of the questions is on it." });
    let reviewed = held.act("sam", "recording/review", refused.clone()).await.expect(200);
    assert_eq!(
        (text(&reviewed, "/state"), text(&reviewed, "/verdict/state")),
        ("held_unrecorded".into(), "drafted".into())
    );
    let shown = held.watch("maya").await.expect(200);
    assert_eq!(
        (text(&shown, "/state"), text(&shown, "/reason")),
        ("rejected".into(), "refused_in_review".into())
    );
    assert_eq!(held.act("sam", "recording/review", refused).await.refused(409), "wrong_state");
    settle(&held.school).await;
    assert_eq!(held.count("renditions/").await, 0);

    check(clips::cut_between_fragments(&indexed, 60), "lengths_differ").await;
    let made = held.bucket().keys("renditions/", None).await.expect("the store");
    let accepted = json!({ "finding": "accepted", "note": "The pitch is whole." });
    let reviewed = held.act("sam", "recording/review", accepted.clone()).await.expect(200);
    assert_eq!(
        (text(&reviewed, "/state"), text(&reviewed, "/verdict/state")),
        ("passed".into(), "sealed".into())
    );
    settle(&held.school).await;
    let shown = held.watch("maya").await.expect(200);
    assert_eq!(text(&shown, "/state"), "retained");
    assert_eq!(held.bucket().keys("renditions/", None).await.expect("the store"), made);
    let events = custody(&shown);
    assert_eq!(words(&events), ["announced", "stored", "needs_review", "verified", "retained"]);
    assert_eq!(events[2].detail, "lengths_differ");
    assert_eq!(events[3].by.map(|by| by.to_string()), Some(held.school.id("sam").await));
    assert_eq!(held.act("sam", "recording/review", accepted).await.refused(409), "wrong_state");
    held.school.close().await;
}
