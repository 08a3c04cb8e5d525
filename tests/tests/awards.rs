//! The end of a degree: one award however often it is decided, a credential that anyone can verify,
//! and what "prove again" opens.

use std::collections::BTreeSet;

use domain::attempt::{Attempt, AttemptState};
use domain::award::Award;
use domain::enrollment::Enrollment;
use domain::id::EnrollmentId;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};
use storage::{Item, Key};
use tests::work::{assign_mentor, pass_project, request_defense};
use tests::{School, begin, billed, text};

const PROJECT: &str = "small-business-site";

/// Recognizes all that is left, as a claim would, so that only the award is to be decided.
async fn recognize_the_rest(school: &School, enrollment: &str) {
    let store = &school.stack.store;
    let id: EnrollmentId = enrollment.parse().expect("an id");
    let edition = school.get("maya", "/v1/editions/web-development-gb").await.expect(200);
    let skills = edition["skills"].as_array().expect("skills").iter().map(|skill| text(skill, "/id"));
    let progress = store.progress_for_job(id).await.expect("the store").expect("enrolled");
    let acquired: BTreeSet<String> =
        progress.attempts.iter().flat_map(|it| it.value.acquired.iter().map(ToString::to_string)).collect();
    let now = "2027-02-23T11:00:00Z".parse().expect("an instant");
    let mut transaction = store.transaction::<()>();
    for attempt in progress.attempts.into_iter().filter(|attempt| !attempt.value.state.is_done()) {
        let exempted = attempt.try_map(|attempt: Attempt| attempt.exempt(now)).expect("nothing is open");
        transaction = transaction.save(&exempted, ());
    }
    let recognized =
        skills.filter(|skill| !acquired.contains(skill)).map(|skill| skill.parse().expect("a slug"));
    let recognized = recognized.collect();
    let concluded = progress.enrollment.try_map(|enrollment: Enrollment| {
        Enrollment { recognized_skills: recognized, ..enrollment }.conclude(now)
    });
    transaction.save(&concluded.expect("studying"), ()).commit().await.expect("unchanged");
}

/// A school in which Maya awaits her award, with her enrollment, submission and defense.
async fn pending() -> (School, String, String, String) {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let enrollment = begin(&school, "maya", "2027-02-07").await;
    assign_mentor(&school, &enrollment, "ines").await;
    let held_at = "2027-02-23T10:00:00Z";
    let (submission, defense) = pass_project(&school, "maya", &enrollment, PROJECT, held_at).await;
    recognize_the_rest(&school, &enrollment).await;
    (school, enrollment, submission, defense)
}

async fn decide(school: &School, name: &str, enrollment: &str, body: Value) -> tests::Answer {
    school.post(name, &format!("/v1/enrollments/{enrollment}/award"), body).await
}

/// S7 b.
#[tokio::test(flavor = "multi_thread")]
async fn five_rapid_decisions_make_one_credential() {
    let (school, enrollment, submission, defense) = pending().await;
    let award = || decide(&school, "sam", &enrollment, json!({ "decision": "award" }));
    let (a, b, c, d, e) = tokio::join!(award(), award(), award(), award(), award());
    let answers = [a, b, c, d, e];
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    let bodies: Vec<Value> = answers.into_iter().map(|answer| answer.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    let before = award().await.expect(200);
    assert_eq!(before, bodies[0]);
    assert_eq!(before["award"]["countries"].as_array().map(Vec::len), Some(29));
    assert_eq!(text(&before, "/award/evidence/0/submission"), submission);
    assert_eq!(text(&before, "/award/evidence/0/defense"), defense);
    assert_eq!(before["award"]["evidence"].as_array().map(Vec::len), Some(1));

    let progress = school.get("maya", &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    assert_eq!(text(&progress, "/state"), "completed");
    // The degree is done, so that nothing keeps her from another place on it.
    begin(&school, "maya", "2027-03-01").await;
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_can_verify_a_credential_also_offline() {
    let (school, enrollment, ..) = pending().await;
    let decided = decide(&school, "sam", &enrollment, json!({ "decision": "award", "skills": [] })).await;
    let location = decided.headers["location"].to_str().expect("a path").to_owned();
    decided.expect(201);
    let shown = school.ask(Method::GET, &location).send().await.expect(200);
    let jwt = text(&shown, "/jwt");

    let keys = school.ask(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
    let keys: JwkSet = serde_json::from_value(keys).expect("keys");
    let kid = jsonwebtoken::decode_header(&jwt).expect("a header").kid.expect("a key's name");
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("the key")).expect("a key");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&jwt, &key, &validation).expect("signed").claims;
    assert_eq!(text(&claims, "/id"), format!("{}{location}", school.stack.url));
    assert_eq!(text(&claims, "/credentialSubject/name"), "Maya Lind");

    let verification = async |path: String| {
        let answer = school.ask(Method::GET, &format!("{path}/verification")).send().await.expect(200);
        text(&answer, "/status")
    };
    assert_eq!(verification(location.clone()).await, "valid");
    assert_eq!(verification("/v1/credentials/cre_00000000000000000000000000000000".into()).await, "unknown");
    assert_eq!(verification("/v1/credentials/nothing".into()).await, "unknown");

    let id = text(&shown, "/award/id").parse().expect("an id");
    let store = &school.stack.store;
    let mut award: Item<Award> = store.get(&Key::Award(id)).await.expect("the store").expect("kept");
    award.value.countries.clear();
    store.put(&award.value).await.expect("written");
    assert_eq!(verification(location).await, "changed");
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_proved_again_is_billed_from_that_day() {
    let (school, enrollment, submission, defense) = pending().await;
    school.move_to("2027-04-02T09:00:00Z").await;
    assert_eq!(billed(&school, "maya", &enrollment).await, ["2027-02-07"]);
    let progress = school.get("maya", &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    let edition = school.get("maya", "/v1/editions/web-development-gb").await.expect(200);
    let skill = text(&edition, "/projects/0/skills/0");
    assert_eq!(text(&progress, "/attempts/0/state"), "validated");

    let again = json!({ "decision": "prove_again", "skills": [skill] });
    let decided = decide(&school, "sam", &enrollment, again.clone()).await.expect(200);
    assert_eq!((text(&decided, "/state").as_str(), &decided["credential"]), ("active", &Value::Null));
    assert_eq!(decide(&school, "sam", &enrollment, again).await.refused(409), "wrong_state");
    school.move_to("2027-04-02T09:00:00Z").await;
    assert_eq!(billed(&school, "maya", &enrollment).await, ["2027-02-07", "2027-04-02"]);

    let progress = school.get("maya", &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    assert_eq!(text(&progress, "/attempts/0/state"), "ready_for_defense");
    assert_eq!(text(&progress, "/attempts/1/state"), "exempted");
    let annulled = school.get("sam", &format!("/v1/defenses/{defense}")).await.expect(200);
    assert_eq!(text(&annulled, "/state"), "annulled");
    let second = request_defense(&school, "ines", &submission, "2027-04-20").await.expect(201);
    assert_eq!(second["number"], 2);
    school.move_to("2027-05-03T00:00:00Z").await;
    let expected = ["2027-02-07", "2027-04-02", "2027-05-02"];
    assert_eq!(billed(&school, "maya", &enrollment).await, expected);
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_is_staffs_and_complete() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let enrollment = begin(&school, "maya", "2027-02-07").await;
    let award = || json!({ "decision": "award" });
    let path = format!("/v1/enrollments/{enrollment}/award");
    assert_eq!(school.ask(Method::POST, &path).json(award()).send().await.refused(401), "unauthenticated");
    let keyless = school.by("sam", Method::POST, &path).await.json(award()).send().await;
    assert_eq!(keyless.refused(400), "idempotency_key_required");
    assert_eq!(decide(&school, "maya", &enrollment, award()).await.refused(404), "not_found");
    assert_eq!(decide(&school, "sam", &enrollment, award()).await.refused(409), "wrong_state");
    let named = json!({ "decision": "award", "skills": ["git"] });
    assert_eq!(decide(&school, "sam", &enrollment, named).await.refused(422), "invalid_field");

    // Exempted without a reason: nothing shows the skills.
    let store = &school.stack.store;
    let id: EnrollmentId = enrollment.parse().expect("an id");
    let now = "2027-02-07T11:00:00Z".parse().expect("an instant");
    let progress = store.progress_for_job(id).await.expect("the store").expect("enrolled");
    let mut transaction = store.transaction::<()>();
    for attempt in progress.attempts {
        let done =
            attempt.try_map(|it| Ok::<_, ()>(Attempt { state: AttemptState::Validated { at: now }, ..it }));
        transaction = transaction.save(&done.expect("any"), ());
    }
    let concluded = progress.enrollment.try_map(|enrollment| enrollment.conclude(now)).expect("studying");
    transaction.save(&concluded, ()).commit().await.expect("unchanged");
    let refused = decide(&school, "sam", &enrollment, award()).await;
    assert!(refused.body["skills"].as_array().is_some_and(|skills| skills.len() > 1));
    assert_eq!(refused.refused(422), "evidence_missing");
    let nothing = json!({ "decision": "prove_again", "skills": [] });
    assert_eq!(decide(&school, "sam", &enrollment, nothing).await.refused(422), "invalid_field");
    school.close().await;
}
