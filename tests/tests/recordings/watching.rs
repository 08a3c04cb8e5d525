//! A recording as it is watched: a film, its pieces, and who saw them.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use storage::recording::prefix_of_renditions;
use tests::work::clip;

use super::clips::BROWSER_SECONDS;
use super::*;

/// How far lengths may lie apart, in seconds: no picture may be missing, a sound's last piece may be longer.
const SECONDS_APART_MAX: f64 = 0.5;

/// Looks at a recording while it is proven and made watchable, at most.
const LOOKS_MAX: usize = 6_000;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_recording_sees_how_far_it_is() {
    let held = Held::maya().await;
    let film = clips::of_a_browser();
    let upload = held.open("video/webm", film.len(), &Sums::sha256_of(&film)).await;
    let sending = Sending::begin(&held.school, &upload).await;
    assert_eq!(sending.part(1, &film).await, 200);
    sending.complete().await.expect(200);
    let mut seen: Vec<(String, u64)> = Vec::new();
    for _ in 0..LOOKS_MAX {
        let shown = held.watch("maya").await.expect(200);
        if text(&shown, "/state") == "retained" {
            assert_eq!(shown["progress"], Value::Null);
            break;
        }
        let percent = shown["progress"]["percent"].as_u64().expect("a share");
        seen.push((text(&shown, "/progress/step"), percent));
    }
    assert_eq!(text(&held.watch("maya").await.expect(200), "/state"), "retained");
    assert!(seen.is_sorted() && seen.iter().all(|(_, percent)| *percent <= 100), "{seen:?}");
    seen.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(Vec::from_iter(seen.iter().map(|(step, _)| step.as_str())), ["checking", "making"]);
    held.school.close().await;
}

#[tokio::test]
async fn a_browsers_recording_is_a_film_that_can_be_sought_in_and_comes_in_pieces() {
    let recorded = clips::of_a_browser();
    let held = Held::maya().await;
    held.record("video/webm;codecs=vp8,opus", &recorded).await;
    let shown = held.watch("maya").await.expect(200);
    assert_eq!((text(&shown, "/state"), &shown["duration_s"]), ("retained".into(), &json!(BROWSER_SECONDS)));
    let near = |seconds: f64| (seconds - BROWSER_SECONDS as f64).abs() < SECONDS_APART_MAX;

    let film = read(&text(&shown, "/playback_url"), "video/mp4").await;
    let order = clips::boxes(&film);
    let at = |kind: &[u8; 4]| order.iter().position(|(it, _)| it == kind).expect("a box");
    assert!(at(b"moov") < at(b"mdat"));
    assert!(near(clips::seconds_of(&film)));
    check_range(&text(&shown, "/playback_url"), &film).await;
    let poster = read(&text(&shown, "/poster_url"), "image/jpeg").await;
    assert!(poster.starts_with(b"\xff\xd8\xff"));
    let captions = read(&text(&shown, "/captions_url"), "text/vtt").await;
    assert!(captions.starts_with(b"WEBVTT\n"));
    assert!(read(&text(&shown, "/original_url"), "video/webm").await == recorded, "other bytes");

    let playlist = playlist(&held, &shown).send_for_text("application/vnd.apple.mpegurl").await;
    let (mut pieces, mut seconds) = (0, 0.0);
    for line in playlist.lines() {
        if let Some(length) = line.strip_prefix("#EXTINF:") {
            seconds += length.trim_end_matches(',').parse::<f64>().expect("a length");
        } else if !line.is_empty() && !line.starts_with('#') {
            pieces += 1;
            // Packets of 188 bytes, each of which begins with a G (ISO/IEC 13818-1).
            let piece = read(line, "video/mp2t").await;
            assert!(
                !piece.is_empty() && piece.chunks(188).all(|it| it.len() == 188 && it[0] == b'G'),
                "{line}"
            );
        }
    }
    assert!((5..=8).contains(&pieces) && near(seconds), "{playlist}");
    assert!(playlist.ends_with("#EXT-X-ENDLIST\n"));
    held.school.close().await;
}

/// Whoever made it may have been killed before it was named.
#[tokio::test]
async fn what_an_attempt_stored_whole_is_not_made_again() {
    let film = clips::fragmented("");
    let recorded = clips::cut_between_fragments(&film, 50);
    let held = Held::maya().await;
    let upload = held.open("video/mp4", recorded.len(), &Sums::sha256_of(recorded)).await;
    let under = prefix_of_renditions(text(&upload, "/id").parse().expect("an id"));
    let stored = ["broken-off-1/watch.mp4", "whole-1/watch.mp4", "whole-1/watch.m3u8"];
    for name in stored {
        let put = held.bucket().put(&format!("{under}{name}"), name.as_bytes().into(), "video/mp4").await;
        put.expect("stored");
    }
    let sending = Sending::begin(&held.school, &upload).await;
    assert_eq!(sending.part(1, recorded).await, 200);
    sending.complete().await.expect(200);
    settle(&held.school).await;
    assert_eq!(text(&held.watch("maya").await.expect(200), "/state"), "needs_review");
    assert_eq!(held.count(&under).await, stored.len());
    let accepted = json!({ "finding": "accepted", "note": "The pitch is whole." });
    held.act("sam", "recording/review", accepted).await.expect(200);
    settle(&held.school).await;
    let shown = held.watch("maya").await.expect(200);
    assert_eq!(read(&text(&shown, "/playback_url"), "video/mp4").await, stored[1].as_bytes());
    assert_eq!(
        held.bucket().keys(&under, None).await.expect("the store"),
        [format!("{under}whole-1/watch.m3u8"), format!("{under}whole-1/watch.mp4"),]
    );
    held.school.close().await;
}

#[tokio::test]
async fn captions_that_are_supplied_stand_beside_the_film() {
    let held = Held::maya().await;
    let path = format!("/v1/defenses/{}/recording/captions", held.defense);
    let text = |text: &str| json!({ "text": text });
    let early = held.school.post("maya", &path, text("WEBVTT")).await;
    assert_eq!(early.refused(409), "wrong_state");
    held.record("video/mp4", &clip(60)).await;
    let cues = "WEBVTT\n\n00:01.000 --> 00:02.000\nThis is my site.\n\n";
    assert_eq!(held.school.post("ines", &path, text(cues)).await.refused(404), "not_found");
    for wrong in ["", "1\n00:00:01,000 --> 00:00:02,000\nSubRip\n", "WEBVTT\n\n<script>\n"] {
        assert_eq!(
            held.school.post("maya", &path, text(wrong)).await.refused(422),
            "invalid_field",
            "{wrong}"
        );
    }
    held.school.post("maya", &path, text(cues)).await.expect(202);
    settle(&held.school).await;
    let shown = held.watch("maya").await.expect(200);
    let captions = read(&super::text(&shown, "/captions_url"), "text/vtt").await;
    assert_eq!(String::from_utf8(captions).expect("text"), cues);
    held.school.close().await;
}

#[tokio::test]
async fn every_watching_is_logged_and_who_was_recorded_ends_that_of_those_who_took_part() {
    let held = Held::maya().await;
    held.record("video/mp4", &clip(60)).await;
    let mut seen = Vec::new();
    for who in ["maya", "ines", "marc", "sam", "maya"] {
        held.watch(who).await.expect(200);
        seen.push(held.school.id(who).await);
    }
    for who in ["olu", "tom"] {
        assert_eq!(held.watch(who).await.refused(404), "not_found", "{who}");
    }
    assert_eq!(held.log("get_recording").await, seen);

    held.act("marc", "consent/withdraw", json!({})).await.expect(200);
    for who in ["maya", "ines", "marc"] {
        assert_eq!(held.watch(who).await.refused(404), "not_found", "{who}");
    }
    assert_eq!(text(&held.watch("sam").await.expect(200), "/state"), "retained");
    seen.push(held.school.id("sam").await);
    assert_eq!(held.log("get_recording").await, seen);
    held.school.close().await;
}

#[tokio::test]
async fn a_link_dies_and_is_given_anew() {
    let film = clip(60);
    let held = Held::where_links_live(Duration::from_secs(5)).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let upload = held.open("video/mp4", film.len(), &Sums::sha256_of(&film)).await;
    let sending = Sending::begin(&held.school, &upload).await;
    let url = text(&sending.sign(1).await.expect(200), "/url");
    let put =
        async |bytes: &[u8]| client.put(&url).body(bytes.to_vec()).send().await.expect("an answer").status();
    assert_eq!(put(b"early").await, 200);
    assert_eq!(once_refused(async || put(b"late").await).await, 403);
    assert_eq!(sending.sign(1).await.refused(403), "forbidden");
    let again = Sending::begin(&held.school, &held.upload(&text(&upload, "/id")).await).await;
    assert_eq!(again.id, sending.id);
    assert_eq!(again.part(1, &film).await, 200);
    again.complete().await.expect(200);
    settle(&held.school).await;

    let shown = held.watch("maya").await.expect(200);
    let links = ["/playback_url", "/original_url", "/poster_url", "/captions_url"].map(|it| text(&shown, it));
    playlist(&held, &shown).send_for_text("application/vnd.apple.mpegurl").await;
    for link in &links {
        assert_eq!(follow(link).await.status(), 200);
    }
    for link in &links {
        assert_eq!(once_refused(async || follow(link).await.status()).await, 403);
    }
    assert_eq!(once_refused(async || playlist(&held, &shown).send().await.status).await, 403);
    let anew = held.watch("maya").await.expect(200);
    assert_eq!(follow(&text(&anew, "/playback_url")).await.status(), 200);
    playlist(&held, &anew).send_for_text("application/vnd.apple.mpegurl").await;
    held.school.close().await;
}

/// Asks for the playlist of a recording that was read.
fn playlist<'a>(held: &'a Held, shown: &Value) -> tests::Ask<'a> {
    held.school.ask(Method::GET, &text(shown, "/playlist_url").replace(&held.school.stack.url, ""))
}

/// The bytes at a link, of this media type.
async fn read(url: &str, kind: &str) -> Vec<u8> {
    let answer = follow(url).await;
    let sent = answer.headers().get("content-type").and_then(|sent| sent.to_str().ok());
    assert_eq!((answer.status(), sent), (StatusCode::OK, Some(kind)));
    answer.bytes().await.expect("bytes").to_vec()
}

/// A player that seeks gets the bytes it asked for, and no others.
async fn check_range(url: &str, film: &[u8]) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(url).header("range", "bytes=100-299").send().await.expect("an answer");
    assert_eq!(answer.status(), 206);
    let range = answer.headers()["content-range"].to_str().expect("text").to_owned();
    assert_eq!(range, format!("bytes 100-299/{}", film.len()));
    assert_eq!(answer.bytes().await.expect("bytes"), film[100..300]);
}

/// Asks again until it is refused, or half a minute is over; answers the last status.
async fn once_refused(ask: impl AsyncFn() -> StatusCode) -> StatusCode {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = ask().await;
        if !status.is_success() || Instant::now() >= deadline {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
