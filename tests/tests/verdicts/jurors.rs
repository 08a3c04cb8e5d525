//! The juror who becomes the mentor between booking and defense, and the write that refuses one who stayed.

use domain::conflict::Reason;
use domain::defense::{GivenVerdict, SkillJudgment, SkillVerdict};
use domain::id::{DefenseId, PersonId};
use serde_json::{Value, json};
use storage::Refused;
use storage::defense::DefenseRefused;
use storage::occupancy::Diaries;
use tests::text;
use tests::work::{act_on, assign_mentor, hold_defense, prepare_defense, record_defense};

use super::{HOURS, Trying};

const TIME: &str = "2027-02-22T10:00:00Z";

/// A defense before Olu whose time is booked, on a day on which Marc could come as well.
async fn booked() -> (Trying, String) {
    let trying = Trying::maya().await;
    let defense = book(&trying, TIME).await;
    (trying, defense)
}

async fn book(trying: &Trying, time: &str) -> String {
    let read = trying.school.get("marc", HOURS).await;
    let (etag, mut hours) = (read.etag(), read.expect(200));
    hours["weekly"] = json!([{ "weekday": "mon", "from": "08:00", "to": "20:00" }]);
    trying.school.put("marc", HOURS, &etag, hours).await.expect(200);
    let defense = trying.ask(&time[..10]).await;
    let olu = json!({ "juror": trying.school.id("olu").await });
    trying.act("sam", &defense, "juror", olu).await.expect(200);
    trying.act("maya", &defense, "schedule", json!({ "starts_at": time, "minutes": 45 })).await.expect(200);
    for person in ["maya", "olu"] {
        trying.act(person, &defense, "consent", json!({ "text_version": "1" })).await.expect(200);
    }
    defense
}

#[tokio::test]
async fn a_juror_who_becomes_the_mentor_is_replaced_at_the_same_time() {
    let (trying, defense) = booked().await;
    assign_mentor(&trying.school, &trying.enrollment, "olu").await;
    trying.school.move_to("2027-02-07T12:00:00Z").await;
    let replaced = trying.read("maya", &defense).await;
    assert_eq!(text(&replaced, "/juror"), trying.school.id("marc").await);
    assert_eq!((text(&replaced, "/state"), text(&replaced, "/starts_at")), ("scheduled".into(), TIME.into()));
    assert_eq!(text(&replaced, "/mentor"), trying.school.id("olu").await);
    trying
        .school
        .get("marc", &format!("/v1/submissions/{}", text(&replaced, "/submission")))
        .await
        .expect(200);
    trying.school.move_to(TIME).await;
    let start = json!({ "identity_checked": true });
    assert_eq!(trying.act("olu", &defense, "start", start.clone()).await.refused(404), "not_found");
    assert_eq!(trying.act("marc", &defense, "start", start).await.refused(409), "consent_missing");
    trying.act("marc", &defense, "consent", json!({ "text_version": "1" })).await.expect(200);
    hold_defense(&trying.school, "marc", &defense, 1).await;
    trying.school.close().await;
}

#[tokio::test]
async fn where_nobody_else_can_come_the_defense_waits_for_staff() {
    let (trying, defense) = booked().await;
    let marc = trying.school.id("marc").await;
    let read = trying.school.get("maya", "/v1/people/me/conflicts").await;
    let (etag, tie) = (read.etag(), json!({ "people": [{ "person": marc, "reason": "my uncle" }] }));
    trying.school.put("maya", "/v1/people/me/conflicts", &etag, tie).await.expect(200);
    assign_mentor(&trying.school, &trying.enrollment, "olu").await;
    trying.school.move_to("2027-02-07T12:00:00Z").await;
    let waiting = trying.read("maya", &defense).await;
    assert_eq!((text(&waiting, "/state"), &waiting["juror"]), ("requested".into(), &Value::Null));
    let open = trying.school.get("sam", "/v1/defenses?state=requested").await.expect(200);
    assert_eq!(text(&open, "/items/0/id"), defense);
    trying.school.close().await;
}

#[tokio::test]
async fn a_juror_reads_the_work_and_not_what_the_mentor_said_of_it() {
    let (trying, defense) = booked().await;
    let submission = text(&trying.read("maya", &defense).await, "/submission");
    let path = format!("/v1/submissions/{submission}");
    assert_eq!(trying.school.get("olu", &path).await.expect(200)["assessment"], Value::Null);
    assert_eq!(text(&trying.school.get("maya", &path).await.expect(200), "/assessment/decision"), "accepted");
    trying.school.close().await;
}

/// The next defense was asked for and called off: then the appeal finds somebody all the same.
#[tokio::test]
async fn an_appeal_after_another_defense_was_called_off_finds_a_reviewer() {
    let trying = Trying::maya().await;
    let first = trying.fail("marc", TIME).await;
    let second = trying.ask("2027-03-12").await;
    let words = json!({ "reason": "I showed it." });
    assert_eq!(trying.act("maya", &first, "appeal", words.clone()).await.refused(409), "wrong_state");
    let path = format!("/v1/defenses/{second}/cancel");
    let ask = trying.school.by("maya", reqwest::Method::POST, &path).await.header("if-match", "*");
    ask.json(json!({ "reason": "An appeal comes first." })).send().await.expect(200);
    trying.act("maya", &first, "appeal", words).await.expect(200);
    trying.school.move_to("2027-02-22T12:00:00Z").await;
    assert_eq!(text(&trying.read("maya", &first).await, "/appeal/reviewer"), trying.school.id("olu").await);
    let upheld =
        super::verdicts_on(
            &trying.school,
            "olu",
            &first,
            |index| {
                if index == 1 { "acquired" } else { "not_yet" }
            },
        );
    let upheld = trying.act("olu", &first, "appeal/decision", upheld.await).await.expect(200);
    assert_eq!(text(&upheld, "/state"), "upheld");
    trying.school.close().await;
}

#[tokio::test]
async fn a_juror_who_declares_a_tie_is_replaced_too() {
    let (trying, defense) = booked().await;
    let maya = trying.school.id("maya").await;
    let read = trying.school.get("olu", "/v1/people/me/conflicts").await;
    let (etag, tie) = (read.etag(), json!({ "people": [{ "person": maya, "reason": "my neighbor" }] }));
    trying.school.put("olu", "/v1/people/me/conflicts", &etag, tie).await.expect(200);
    trying.school.move_to("2027-02-07T12:00:00Z").await;
    assert_eq!(text(&trying.read("maya", &defense).await, "/juror"), trying.school.id("marc").await);
    trying.school.close().await;
}

#[tokio::test]
async fn a_defense_inside_a_pause_or_after_the_end_is_called_off() {
    for act in ["pause", "withdraw"] {
        let trying = Trying::maya().await;
        trying.school.move_to("2027-02-20T10:00:00Z").await;
        let defense = book(&trying, "2027-03-08T10:00:00Z").await;
        let path = format!("/v1/enrollments/{}", trying.enrollment);
        let etag = trying.school.get("maya", &path).await.etag();
        let ask = trying.school.by("maya", reqwest::Method::POST, &format!("{path}/{act}")).await;
        ask.header("if-match", &etag).json(json!({})).send().await.expect(200);
        trying.school.move_to("2027-03-07T12:00:00Z").await;
        let off = trying.read("maya", &defense).await;
        let reason = "The student does not study at that time.";
        assert_eq!((text(&off, "/state"), text(&off, "/reason")), ("cancelled".into(), reason.into()));
        trying.school.close().await;
    }
}

/// Past the handler: what a juror in conflict says cannot be written, whoever lets them say it.
#[tokio::test]
async fn a_verdict_forced_by_a_juror_in_conflict_is_refused_by_the_write() {
    let trying = Trying::maya().await;
    let defense = trying.ask("2027-02-22").await;
    prepare_defense(&trying.school, "maya", "olu", &defense, TIME).await;
    hold_defense(&trying.school, "olu", &defense, 1).await;
    record_defense(&trying.school, "olu", &defense).await;
    let store = &trying.school.stack.store;
    let id: DefenseId = defense.parse().expect("an id");
    let olu: PersonId = trying.school.id("olu").await.parse().expect("an id");
    let hearing = store.hearing_for_job(id).await.expect("a store").expect("kept");
    let mut conflicts = hearing.progress.conflicts.clone();
    conflicts.value.add(olu, Reason::Mentor);
    store.transaction().save(&conflicts, "changed").commit().await.expect("a conflict comes to light");

    // Decided on what was read before, as a handler that missed the news would.
    let known = &hearing.progress.conflicts.value;
    let skills = hearing.defense.value.request().skills.iter();
    let all = skills.map(|skill| SkillJudgment {
        skill: skill.clone(),
        verdict: SkillVerdict::Acquired,
        note: None,
    });
    let now = "2027-02-22T10:02:00Z".parse().expect("an instant");
    let given = hearing.defense.value.clone().verdict_given(olu, all.collect(), known, now);
    let Ok(GivenVerdict::Sealed(next)) = given else { panic!("{given:?}") };
    let attempts = hearing.attempts();
    let settled = hearing.defense.value.settle(next, hearing.path(&attempts), now).expect("it follows");
    let refused = store.keep_step(&hearing, &settled, &Diaries::default()).commit().await;
    let by = |refused: &DefenseRefused| *refused == DefenseRefused::JurorInConflict { juror: olu };
    assert!(matches!(&refused, Err(Refused::By(reason)) if by(reason)), "{refused:?}");
    let verdict = super::verdicts_on(&trying.school, "olu", &defense, |_| "acquired").await;
    let said = act_on(&trying.school, "olu", &defense, "verdict", verdict).await;
    assert_eq!(said.refused(422), "juror_in_conflict");
    assert_eq!(trying.state(&defense).await, "awaiting_verdict");
    trying.school.close().await;
}
