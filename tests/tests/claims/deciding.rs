//! Who may decide what, once.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_skill_is_decided_once() {
    let school = School::open(ENROLLED).await;
    let id = enroll(&school, "tom", "2027-02-07").await;
    let first = skills_of(&school, 1).await;
    let made = claim(&school, "tom", &id, claiming(&first[..3])).await;
    let etag = made.etag();
    let made = text(&made.expect(201), "/id");
    let no = |skill: &str| json!({ "skill": skill, "reason": "This is somebody else's." });
    let refused = async |body: Value, pointer: &str| {
        let answer = decide(&school, "aki", &made, body.clone()).await;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body} {}", answer.body);
        assert_eq!(answer.refused(422), "invalid_field", "{body}");
    };
    refused(json!({}), "/recognized").await;
    refused(json!({ "recognized": first[..2] }), "/recognized").await;
    refused(json!({ "recognized": first }), "/recognized/3").await;
    refused(json!({ "recognized": first[..3], "refused": [no(&first[0])] }), "/refused/0/skill").await;
    let silent = json!({ "skill": first[2], "reason": " " });
    refused(json!({ "recognized": first[..2], "refused": [silent] }), "/refused/0/reason").await;
    assert_eq!(quoted(&progress(&school, "tom", &id).await), ("12.0".into(), 360_000));

    // A student may read a claim, and nobody but an assessor may decide it.
    let all = json!({ "recognized": first[..3] });
    for name in ["tom", "maya", "sam", "ines"] {
        assert_eq!(decide(&school, name, &made, all.clone()).await.refused(404), "not_found");
    }
    assert_eq!(school.get("maya", &format!("/v1/claims/{made}")).await.refused(404), "not_found");
    assert_eq!(school.get("tom", "/v1/claims").await.refused(403), "forbidden");
    school.post("aki", &format!("/v1/claims/{made}/review"), json!({})).await.expect(200);
    let path = format!("/v1/claims/{made}/decision");
    let late = school.by("aki", Method::POST, &path).await.header("if-match", &etag).json(all).send().await;
    assert_eq!(late.refused(412), "precondition_failed");

    // Twice at once: one of them counts.
    let body = json!({ "recognized": first[..2], "refused": [no(&first[2])] });
    let act = || decide(&school, "aki", &made, body.clone());
    let (one, two) = tokio::join!(act(), act());
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    let won = won.expect(200);
    assert_eq!(lost.refused(409), "already_decided");
    assert_eq!(
        (text(&won, "/state"), &won["recognized"].as_array().map(Vec::len)),
        ("recognized".into(), &Some(2))
    );
    assert_eq!(text(&won, "/refused/0/reason"), "This is somebody else's.");
    let review = school.post("aki", &format!("/v1/claims/{made}/review"), json!({})).await;
    assert_eq!(review.refused(409), "already_decided");
    assert_eq!(quoted(&progress(&school, "tom", &id).await), ("11.0".into(), 330_000));

    // Two tabs claim the refused skill again: one claim is made.
    let click = || claim(&school, "tom", &id, claiming(&first[2..3]));
    let (one, two) = tokio::join!(click(), click());
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let open = school.get("aki", "/v1/claims?state=submitted").await.expect(200);
    assert_eq!(open["items"].as_array().map(Vec::len), Some(1));
    let looked_at = school.get("aki", "/v1/claims?state=in_review").await.expect(200);
    assert_eq!(looked_at["items"], json!([]));
    for word in ["recognized", "lost", ""] {
        let answer = school.get("aki", &format!("/v1/claims?state={word}")).await;
        assert_eq!(answer.refused(400), "invalid_parameter", "{word}");
    }
    school.close().await;
}

/// Invariant 9.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_assessor_and_juror_of_one_student() {
    let school = School::open(ENROLLED).await;
    let grant = async |name: &str, role: &str, scope: Value| {
        let body = json!({ "person": school.id(name).await, "role": role, "scope": scope });
        school.post("sam", "/v1/admin/grants", body).await.expect(201)
    };
    let degree = |of: &str| json!({ "kind": "degree", "of": of });
    let id = begin(&school, "tom", "2027-02-07").await;
    assign_mentor(&school, &id, "ines").await;
    let (first, second) = (skills_of(&school, 1).await, skills_of(&school, 2).await);
    let made = text(&claim(&school, "tom", &id, claiming(&second[..1])).await.expect(201), "/id");
    let no = json!({ "refused": [{ "skill": second[0], "reason": "Too old." }] });

    // A grant counts for its degree; the student and their mentor are refused whatever they are granted.
    grant("olu", "assessor", degree("cookery")).await;
    assert_eq!(decide(&school, "olu", &made, no.clone()).await.refused(404), "not_found");
    assert_eq!(school.get("olu", "/v1/claims").await.expect(200)["items"], json!([]));
    for name in ["tom", "ines", "marc", "noor"] {
        grant(name, "assessor", degree("web-development")).await;
    }
    assert_eq!(school.get("marc", "/v1/claims").await.expect(200)["items"].as_array().map(Vec::len), Some(1));
    for name in ["tom", "ines"] {
        assert_eq!(decide(&school, name, &made, no.clone()).await.refused(422), "juror_in_conflict");
    }
    let tie = json!({ "people": [{ "person": school.id("tom").await, "reason": "We share a flat." }] });
    let kept = school.get("noor", "/v1/people/me/conflicts").await.etag();
    let put = school.by("noor", Method::PUT, "/v1/people/me/conflicts").await.header("if-match", &kept);
    put.json(tie).send().await.expect(200);
    assert_eq!(decide(&school, "noor", &made, no.clone()).await.refused(422), "juror_in_conflict");

    // Marc judges a defense that is not over.
    let submission = hand_in(&school, "tom", &id, PROJECTS[0]).await;
    accept_work(&school, "ines", &submission).await;
    let asked = request_defense(&school, "ines", &submission, "2027-02-23").await.expect(201);
    let defense = text(&asked, "/id");
    let juror = async |name: &str| {
        let body = json!({ "juror": school.id(name).await });
        school.post("sam", &format!("/v1/defenses/{defense}/juror"), body).await
    };
    juror("marc").await.expect(200);
    assert_eq!(decide(&school, "marc", &made, no.clone()).await.refused(422), "juror_in_conflict");
    // What waits for a jury is not claimed.
    assert_eq!(claim(&school, "tom", &id, claiming(&first[..1])).await.refused(409), "wrong_state");

    // Another one judges it, so that Marc may decide, and never judges Tom again.
    juror("olu").await.expect(200);
    assert_eq!(text(&decide(&school, "marc", &made, no).await.expect(200), "/state"), "refused");
    assert_eq!(juror("marc").await.refused(422), "juror_in_conflict");
    let place: EnrollmentId = id.parse().expect("an id");
    let kept = school.stack.store.progress_for_job(place).await.expect("a store").expect("enrolled");
    let marc: PersonId = school.id("marc").await.parse().expect("an id");
    let reasons = Vec::from_iter(kept.conflicts.value.reasons(marc));
    assert_eq!(reasons, [Reason::PriorLearningAssessor]);
    // Whoever decided one claim decides the next one, too.
    let third = text(&claim(&school, "tom", &id, claiming(&second[1..2])).await.expect(201), "/id");
    decide(&school, "marc", &third, json!({ "recognized": second[1..2] })).await.expect(200);
    school.close().await;
}

/// Of the two at one moment one is refused, whichever comes first.
#[tokio::test(flavor = "multi_thread")]
async fn a_juror_of_the_same_moment_does_not_decide() {
    let school = School::open(ENROLLED).await;
    let (tom, maya) = (begin(&school, "tom", "2027-02-07").await, begin(&school, "maya", "2027-02-07").await);
    let marc = school.id("marc").await;
    let grant = json!({ "person": marc, "role": "assessor" });
    school.post("sam", "/v1/admin/grants", grant).await.expect(201);
    let second = skills_of(&school, 2).await;
    for (name, id) in [("tom", &tom), ("maya", &maya)] {
        assign_mentor(&school, id, "ines").await;
        let made = text(&claim(&school, name, id, claiming(&second)).await.expect(201), "/id");
        let submission = hand_in(&school, name, id, PROJECTS[0]).await;
        accept_work(&school, "ines", &submission).await;
        let asked = request_defense(&school, "ines", &submission, "2027-02-23").await.expect(201);
        let path = format!("/v1/defenses/{}/juror", text(&asked, "/id"));
        let (judges, decides) = tokio::join!(
            school.post("sam", &path, json!({ "juror": marc })),
            decide(&school, "marc", &made, json!({ "recognized": second })),
        );
        let mut statuses = [judges.status.as_u16(), decides.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{} {}", judges.body, decides.body);
    }
    school.close().await;
}
