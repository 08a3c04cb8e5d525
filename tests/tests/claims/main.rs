//! Earlier learning: S2 to the penny, and who may decide what.

mod deciding; // who may decide what, once
mod paths; // S2 to the penny: what recognized skills leave of path and bill

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
