//! A version handed in once, and judged once.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_hand_in_one_version() {
    let study = Study::begin().await;
    assert_eq!(word(&study.open().await.is(200)["id"]), study.draft);
    let (site, notes) = (study.sent(&bytes(MIB)).await, study.sent(&bytes(2 * MIB)).await);
    let (one, other) = tokio::join!(study.seal("one", &site), study.seal("other", &notes));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {other:?}");
    let (won, lost, key) = if one.status == 201 { (one, other, "one") } else { (other, one, "other") };
    lost.refused(409, "already_submitted");
    let file = if key == "one" { &site } else { &notes };
    assert_eq!(study.seal(key, file).await.is(201), won.body);
    study.seal("again", &site).await.refused(409, "already_submitted");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mentor_judges_what_was_handed_in_once() {
    let mut study = Study::begin().await;
    let student = study.token.clone();
    let people = study.get("/dev/people").await.is(200);
    let people = people.as_array().or(people["items"].as_array()).expect("a list").clone();
    let mentor = people.iter().find(|person| person["email"] == "ines@example.org").expect("a mentor");
    study.mentored_by(word(&mentor["id"]).parse().expect("an id")).await;
    let file = study.sent(&bytes(MIB)).await;
    let submission = format!("/v1/submissions/{}", study.draft);
    study.token = study.sign_in("ines").await;
    study.get(&submission).await.refused(404, "not_found");
    study.token = student.clone();
    let sealed = study.seal("seal", &file).await.is(201);
    assert_eq!((&sealed["state"], &sealed["mentor"]), (&json!("sealed"), &mentor["id"]));

    study.token = study.sign_in("marc").await;
    study.get(&submission).await.refused(404, "not_found");
    study.token = study.sign_in("ines").await;
    let listed = study.get("/v1/submissions?state=sealed").await.is(200);
    assert_eq!(listed["items"][0]["id"], sealed["id"]);
    let edition = study.get("/v1/editions/web-development-gb").await.is(200);
    assert_eq!(edition["projects"][0]["id"], "small-business-site");
    let path = format!("{submission}/assessment");
    let none = json!({"decision": "changes_requested", "verdicts": []});
    study.send(Method::POST, &path, None, Some(none)).await.refused(422, "invalid_field");
    let verdicts = Vec::from_iter(
        CRITERIA.iter().map(|id| json!({"criterion": id, "verdict": "not_yet", "note": "once more"})),
    );
    let judgment = json!({"decision": "changes_requested", "verdicts": verdicts});
    let accepted = json!({"decision": "accepted", "verdicts": verdicts});
    study.send(Method::POST, &path, None, Some(accepted)).await.refused(422, "invalid_field");
    let judged = study.send(Method::POST, &path, None, Some(judgment.clone())).await.is(201);
    assert_eq!(judged["state"], "changes_requested");
    study.send(Method::POST, &path, None, Some(judgment)).await.refused(409, "already_decided");

    study.token = student;
    let shown = study.get(&submission).await.is(200);
    assert_eq!(shown["assessment"]["decision"], "changes_requested");
    let second = study.open().await.is(201);
    assert_eq!((&second["version"], &second["state"]), (&json!(2), &json!("draft")));
    // What need not change need not be sent again.
    study.draft = word(&second["id"]);
    study.seal("second", &file).await.is(201);
    let listed = study.get("/v1/submissions").await.is(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    study.stack.stop().await;
}
