//! Earlier learning: S2 to the penny, and who may decide what.

use domain::conflict::Reason;
use domain::id::{EnrollmentId, PersonId};
use reqwest::Method;
use serde_json::{Value, json};
use tests::work::{
    accept_work, assign_mentor, hand_in, pass_defense, pass_project, request_defense, send_file,
};
use tests::{Answer, School, accept, begin, billed, enroll, text};

const ENROLLED: &str = "2027-02-07T10:00:00Z";

/// The projects of the British edition.
const PROJECTS: [&str; 6] = [
    "small-business-site",
    "redesigned-service",
    "interactive-application",
    "data-service",
    "trustworthy-release",
    "launch",
];

/// The skills of a project, from 1.
async fn skills_of(school: &School, project: usize) -> Vec<String> {
    let edition = school.get("aki", "/v1/editions/web-development-gb").await.expect(200);
    assert_eq!(text(&edition, &format!("/projects/{}/id", project - 1)), PROJECTS[project - 1]);
    let skills = edition["projects"][project - 1]["skills"].as_array().expect("skills").clone();
    skills.iter().map(|skill| skill.as_str().expect("a slug").to_owned()).collect()
}

/// Each skill with an address that proves it.
fn claiming(skills: &[String]) -> Value {
    let evidence = json!([{ "url": "https://example.org/portfolio" }]);
    let skills = skills.iter().map(|skill| json!({ "skill": skill, "evidence": evidence }));
    json!({ "skills": Vec::from_iter(skills) })
}

async fn claim(school: &School, name: &str, enrollment: &str, body: Value) -> Answer {
    school.post(name, &format!("/v1/enrollments/{enrollment}/claims"), body).await
}

async fn decide(school: &School, name: &str, claim: &str, body: Value) -> Answer {
    school.post(name, &format!("/v1/claims/{claim}/decision"), body).await
}

/// Claims skills and has all of them recognized by Aki.
async fn recognize(school: &School, name: &str, enrollment: &str, skills: &[String]) -> Value {
    let made = claim(school, name, enrollment, claiming(skills)).await.expect(201);
    let all = json!({ "recognized": skills });
    decide(school, "aki", &text(&made, "/id"), all).await.expect(200)
}

async fn progress(school: &School, name: &str, enrollment: &str) -> Value {
    school.get(name, &format!("/v1/enrollments/{enrollment}")).await.expect(200)
}

async fn states(school: &School, name: &str, enrollment: &str) -> Vec<String> {
    let progress = progress(school, name, enrollment).await;
    let attempts = progress["attempts"].as_array().expect("attempts");
    attempts.iter().map(|attempt| text(attempt, "/state")).collect()
}

/// Months and total of the quote, which are those of the forecast.
#[track_caller]
fn quoted(progress: &Value) -> (String, i64) {
    for (quote, forecast) in [("/quote/months", "/forecast/months"), ("/quote/total", "/forecast/total")] {
        assert_eq!(progress.pointer(quote), progress.pointer(forecast));
    }
    (text(progress, "/quote/months"), progress["quote"]["total"]["amount_minor"].as_i64().expect("pence"))
}

/// Reason, project, months and pence of each line.
fn explained(progress: &Value) -> Vec<(String, String, String, i64)> {
    let lines = progress["quote"]["explanation"].as_array().expect("lines").iter();
    let line = |line: &Value| {
        let project = line["reason"]["project"].as_str().unwrap_or_default().to_owned();
        let amount = line["amount"]["amount_minor"].as_i64().expect("pence");
        (text(line, "/reason/reason"), project, text(line, "/months"), amount)
    };
    lines.map(line).collect()
}

#[track_caller]
fn check_explained(progress: &Value, expected: &[(&str, &str, &str, i64)]) {
    let expected = expected.iter().map(|(reason, project, months, amount)| {
        ((*reason).to_owned(), (*project).to_owned(), (*months).to_owned(), *amount)
    });
    assert_eq!(explained(progress), Vec::from_iter(expected));
}

/// S2: half the skills, then two of four of a project.
#[tokio::test(flavor = "multi_thread")]
async fn half_the_skills_are_half_the_months() {
    let school = School::open(ENROLLED).await;
    let id = enroll(&school, "tom", "2027-02-07").await;
    assert_eq!(quoted(&progress(&school, "tom", &id).await), ("12.0".into(), 360_000));
    let mut known = Vec::new();
    for project in 1..=3 {
        known.extend(skills_of(&school, project).await);
    }

    // The first skill is proven by a file, the others by an address.
    let diploma = ("diploma.pdf", "application/pdf", b"%PDF-1.7 a diploma".as_slice());
    let upload = send_file(&school, "tom", "evidence", &id, diploma).await;
    let mut body = claiming(&known);
    body["skills"][0]["evidence"] = json!([{ "upload": upload["id"] }, { "url": "https://example.org" }]);
    let made = claim(&school, "tom", &id, body).await;
    let location = made.headers["location"].to_str().expect("a path").to_owned();
    let made = made.expect(201);
    assert_eq!((text(&made, "/state"), &made["number"]), ("submitted".into(), &json!(1)));

    let open = school.get("aki", "/v1/claims").await.expect(200);
    assert_eq!(text(&open, "/items/0/id"), text(&made, "/id"));
    let looking = school.post("aki", &format!("{location}/review"), json!({})).await.expect(200);
    assert_eq!(
        (text(&looking, "/state"), text(&looking, "/assessor")),
        ("in_review".into(), school.id("aki").await)
    );
    let shown = school.get("aki", &location).await.expect(200);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let file = client.get(text(&shown, "/skills/0/evidence/0/url")).send().await.expect("an answer");
    assert_eq!(file.bytes().await.expect("bytes"), diploma.2);

    let decided = decide(&school, "aki", &text(&made, "/id"), json!({ "recognized": known })).await;
    assert_eq!(text(&decided.expect(200), "/state"), "recognized");
    assert_eq!(school.get("aki", "/v1/claims").await.expect(200)["items"], json!([]));
    let quote = progress(&school, "tom", &id).await;
    assert_eq!(quoted(&quote), ("6.0".into(), 180_000));
    let nominal = ("nominal_path", "", "12.0", 360_000);
    let exempted = |project: usize| ("project_exempted", PROJECTS[project - 1], "-2.0", -60_000);
    check_explained(&quote, &[nominal, exempted(1), exempted(2), exempted(3)]);

    accept(&school, "tom", &id).await;
    let expected = ["exempted", "exempted", "exempted", "available", "locked", "locked"];
    assert_eq!(states(&school, "tom", &id).await, expected);
    assign_mentor(&school, &id, "ines").await;
    pass_project(&school, "tom", &id, PROJECTS[3], "2027-02-23T10:00:00Z").await;
    school.move_to("2027-04-08T10:00:00Z").await;
    let path = format!("/v1/enrollments/{id}/invoices");
    // Without the links to their documents, which are signed anew each time.
    let invoices = async || {
        let mut list = school.get("tom", &path).await.expect(200)["items"].clone();
        let items = list.as_array_mut().expect("a list");
        items.iter_mut().for_each(|invoice| invoice["document_url"] = Value::Null);
        items.clone()
    };
    let paid = invoices().await;
    assert_eq!(Vec::from_iter(paid.iter().map(|invoice| text(invoice, "/state"))), ["paid"; 3]);

    // Two of the four skills of project 5.
    let fifth = skills_of(&school, 5).await;
    recognize(&school, "tom", &id, &fifth[..2]).await;
    let shorter = progress(&school, "tom", &id).await;
    assert_eq!(quoted(&shorter), ("5.0".into(), 150_000));
    let shortened = ("project_shortened", PROJECTS[4], "-1.0", -30_000);
    check_explained(&shorter, &[nominal, exempted(1), exempted(2), exempted(3), shortened]);
    let left = &shorter["quote"]["projects"][4];
    assert_eq!((text(left, "/months"), &left["exempted"]), ("1.0".into(), &json!(false)));
    assert_eq!(left["skills"], json!(fifth[2..]));
    assert_eq!(invoices().await, paid);
    let expected = ["exempted", "exempted", "exempted", "validated", "available", "locked"];
    assert_eq!(states(&school, "tom", &id).await, expected);

    // Its defense covers the other two; work that was handed in shows them, and no claim does any more.
    let submission = hand_in(&school, "tom", &id, PROJECTS[4]).await;
    accept_work(&school, "ines", &submission).await;
    let asked = request_defense(&school, "ines", &submission, "2027-04-25").await.expect(201);
    let covered =
        Vec::from_iter(asked["skills"].as_array().expect("skills").iter().filter_map(Value::as_str));
    let mut expected = fifth[2..].to_vec();
    expected.sort();
    assert_eq!(covered, expected);
    let again = claim(&school, "tom", &id, claiming(&fifth[2..3])).await;
    assert_eq!(again.refused(409), "wrong_state");
    pass_defense(&school, "tom", &text(&asked, "/id"), "2027-04-25T10:00:00Z").await;
    pass_project(&school, "tom", &id, PROJECTS[5], "2027-05-12T10:00:00Z").await;
    let done = progress(&school, "tom", &id).await;
    assert_eq!(text(&done, "/state"), "award_pending");

    let award =
        school.post("sam", &format!("/v1/enrollments/{id}/award"), json!({ "decision": "award" })).await;
    let award = award.expect(201);
    let skills = award["award"]["skills"].as_array().expect("skills");
    let earned = |word: &str| skills.iter().filter(|skill| skill["earned"] == word).count();
    assert_eq!((earned("recognized"), earned("acquired")), (14, 10));
    assert_eq!(award["award"]["evidence"].as_array().map(Vec::len), Some(3));
    school.close().await;
}

/// S2: one skill of 24 is half a month, and a started month is owed.
#[tokio::test(flavor = "multi_thread")]
async fn one_skill_shortens_the_path_and_not_the_bill() {
    let school = School::open(ENROLLED).await;
    let id = enroll(&school, "tom", "2027-02-07").await;
    recognize(&school, "tom", &id, &skills_of(&school, 1).await[..1]).await;
    let quote = progress(&school, "tom", &id).await;
    assert_eq!(quoted(&quote), ("11.5".into(), 360_000));
    let expected = [
        ("nominal_path", "", "12.0", 360_000),
        ("project_shortened", PROJECTS[0], "-0.5", -15_000),
        ("started_month", "", "0.0", 15_000),
    ];
    check_explained(&quote, &expected);
    school.close().await;
}

/// S2: nobody has to approve that Ana takes longer.
#[tokio::test(flavor = "multi_thread")]
async fn fourteen_months_are_fourteen_invoices() {
    let school = School::open(ENROLLED).await;
    let id = begin(&school, "ana", "2027-02-07").await;
    let range = progress(&school, "ana", &id).await["quote"]["range"].clone();
    assert_eq!(range, json!({ "p10": "10.0", "p50": "12.0", "p90": "14.0" }));
    assign_mentor(&school, &id, "ines").await;
    let held = ["2027-05-03", "2027-07-20", "2027-10-05", "2027-12-20", "2028-02-21", "2028-04-03"];
    for (project, day) in PROJECTS.iter().zip(held) {
        let day: jiff::civil::Date = day.parse().expect("a date");
        let handed_in = day.saturating_sub(jiff::Span::new().days(15));
        school.move_to(&format!("{handed_in}T10:00:00Z")).await;
        pass_project(&school, "ana", &id, project, &format!("{day}T10:00:00Z")).await;
    }
    assert_eq!(text(&progress(&school, "ana", &id).await, "/state"), "award_pending");
    school.move_to("2028-06-01T10:00:00Z").await;
    let months = billed(&school, "ana", &id).await;
    assert_eq!((months.len(), months[0].as_str(), months[13].as_str()), (14, "2027-02-07", "2028-03-07"));
    let invoices = school.get("ana", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    let totals = invoices["items"].as_array().expect("a list").iter();
    let total: i64 = totals.map(|invoice| invoice["total"]["amount_minor"].as_i64().expect("pence")).sum();
    assert_eq!(total, 420_000);
    school.close().await;
}

/// Bad input is refused by its field, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_claimed_is_named() {
    let school = School::open(ENROLLED).await;
    let id = enroll(&school, "tom", "2027-02-07").await;
    let first = skills_of(&school, 1).await;
    let refused = async |body: Value, status: u16, code: &str, pointer: &str| {
        let answer = claim(&school, "tom", &id, body.clone()).await;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body} {}", answer.body);
        assert_eq!(answer.refused(status), code, "{body}");
    };
    let skill = |evidence: Value| json!({ "skills": [{ "skill": first[0], "evidence": evidence }] });
    refused(skill(json!([])), 422, "evidence_missing", "/skills/0/evidence").await;
    refused(json!({ "skills": [{ "skill": first[0] }] }), 422, "evidence_missing", "/skills/0/evidence")
        .await;
    refused(json!({ "skills": [] }), 422, "invalid_field", "/skills").await;
    refused(claiming(&["knitting".into()]), 422, "invalid_field", "/skills/0/skill").await;
    let twice = claiming(&[first[0].clone(), first[0].clone()]);
    refused(twice, 422, "invalid_field", "/skills/1/skill").await;
    let http = json!([{ "url": "http://example.org" }]);
    refused(skill(http), 422, "invalid_field", "/skills/0/evidence/0/url").await;
    refused(skill(json!([{}])), 422, "invalid_field", "/skills/0/evidence/0").await;
    let stranger = json!([{ "upload": "upl_00000000000000000000000000000000" }]);
    refused(skill(stranger), 422, "invalid_field", "/skills/0/evidence/0/upload").await;
    refused(skill(json!([{ "file": "a" }])), 422, "unknown_field", "/skills/0/evidence/0/file").await;

    // A file that is on its way, and one that Maya sent for her own enrollment.
    let file = json!({ "purpose": "evidence", "subject": id, "filename": "a.pdf",
        "type": "application/pdf", "size": 8, "sha256": "ab".repeat(32) });
    let open = school.post("tom", "/v1/uploads", file).await.expect(201);
    refused(
        skill(json!([{ "upload": open["id"] }])),
        409,
        "upload_incomplete",
        "/skills/0/evidence/0/upload",
    )
    .await;
    let mayas = enroll(&school, "maya", "2027-02-07").await;
    let pdf = ("a.pdf", "application/pdf", b"%PDF-1.7".as_slice());
    let theirs = send_file(&school, "maya", "evidence", &mayas, pdf).await;
    refused(skill(json!([{ "upload": theirs["id"] }])), 422, "invalid_field", "/skills/0/evidence/0/upload")
        .await;

    let list = format!("/v1/enrollments/{id}/claims");
    assert_eq!(school.get("tom", &list).await.expect(200)["items"], json!([]));
    assert_eq!(school.get("aki", "/v1/claims").await.expect(200)["items"], json!([]));
    for name in ["maya", "ines", "aki"] {
        assert_eq!(claim(&school, name, &id, claiming(&first)).await.refused(404), "not_found");
    }
    let made = claim(&school, "tom", &id, claiming(&first[..2])).await.expect(201);
    refused(claiming(&first[1..2]), 409, "wrong_state", "/skills/0/skill").await;
    let made = text(&made, "/id");
    decide(&school, "aki", &made, json!({ "recognized": first[..2] })).await.expect(200);
    refused(claiming(&first[1..2]), 409, "wrong_state", "/skills/0/skill").await;
    assert_eq!(quoted(&progress(&school, "tom", &id).await), ("11.0".into(), 330_000));
    assert_eq!(school.get("tom", &list).await.expect(200)["items"].as_array().map(Vec::len), Some(1));
    school.close().await;
}

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

/// Work under review goes when its project is exempted, and the next one is unlocked, in a pause, too.
#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_unlocks_what_comes_next() {
    let school = School::open(ENROLLED).await;
    let id = begin(&school, "tom", "2027-02-07").await;
    assign_mentor(&school, &id, "ines").await;
    let (first, second) = (skills_of(&school, 1).await, skills_of(&school, 2).await);
    let made = text(&claim(&school, "tom", &id, claiming(&first)).await.expect(201), "/id");
    let submission = hand_in(&school, "tom", &id, PROJECTS[0]).await;
    decide(&school, "aki", &made, json!({ "recognized": first })).await.expect(200);
    assert_eq!(states(&school, "tom", &id).await[..3], ["exempted", "available", "locked"]);
    let work = school.get("tom", &format!("/v1/submissions/{submission}")).await.expect(200);
    assert_eq!(text(&work, "/state"), "superseded");

    let etag = school.get("tom", &format!("/v1/enrollments/{id}")).await.etag();
    let pause = school.by("tom", Method::POST, &format!("/v1/enrollments/{id}/pause")).await;
    pause.header("if-match", &etag).json(json!({ "months": 2 })).send().await.expect(200);
    school.move_to("2027-03-20T10:00:00Z").await;
    assert_eq!(text(&progress(&school, "tom", &id).await, "/state"), "paused");
    recognize(&school, "tom", &id, &second).await;
    assert_eq!(states(&school, "tom", &id).await[..3], ["exempted", "exempted", "available"]);
    assert_eq!(text(&progress(&school, "tom", &id).await, "/state"), "paused");
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_everything_awaits_the_award() {
    let school = School::open(ENROLLED).await;
    let mut all = Vec::new();
    for project in 1..=6 {
        all.extend(skills_of(&school, project).await);
    }
    // Before the first payment: the quote says that nothing is owed, and nothing is.
    let tom = enroll(&school, "tom", "2027-02-07").await;
    recognize(&school, "tom", &tom, &all).await;
    assert_eq!(quoted(&progress(&school, "tom", &tom).await), ("0.0".into(), 0));
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    let accepted = school.post("tom", &format!("/v1/enrollments/{tom}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/state"), "award_pending");

    // Or while a transfer is waited for, which then nobody need send.
    let noor = enroll(&school, "noor", "2027-02-07").await;
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "manual" } });
    school.post("noor", &format!("/v1/enrollments/{noor}/accept"), body).await.expect(200);
    assert_eq!(text(&progress(&school, "noor", &noor).await, "/state"), "quoted");
    recognize(&school, "noor", &noor, &all).await;
    school.move_to(ENROLLED).await;
    assert_eq!(text(&progress(&school, "noor", &noor).await, "/state"), "award_pending");
    assert_eq!(billed(&school, "noor", &noor).await, [""; 0]);

    // And while studying: nothing is billed any more.
    let ana = begin(&school, "ana", "2027-02-07").await;
    recognize(&school, "ana", &ana, &all).await;
    assert_eq!(text(&progress(&school, "ana", &ana).await, "/state"), "award_pending");
    school.move_to("2027-05-01T10:00:00Z").await;
    assert_eq!(billed(&school, "tom", &tom).await, [""; 0]);
    assert_eq!(billed(&school, "ana", &ana).await, ["2027-02-07"]);
    let none = claim(&school, "ana", &ana, claiming(&all[..1])).await;
    assert_eq!(none.refused(409), "wrong_state");
    let award = json!({ "decision": "award" });
    let award = school.post("sam", &format!("/v1/enrollments/{ana}/award"), award).await.expect(201);
    assert!(
        award["award"]["skills"].as_array().expect("skills").iter().all(|it| it["earned"] == "recognized")
    );
    school.close().await;
}
