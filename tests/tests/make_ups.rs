//! Sessions that a student is owed, and the ones that are booked in their place.

use reqwest::Method;
use serde_json::{Value, json};
use tests::work::assign_mentor;
use tests::{Answer, School, begin, text};

/// A school in March 2027 where Maya studies with Marc.
async fn maya() -> (School, String) {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let maya = begin(&school, "maya", "2027-03-02").await;
    assign_mentor(&school, &maya, "marc").await;
    (school, maya)
}

/// A list less the talk in which the two get to know each other.
fn weekly(list: &Value) -> Value {
    let mut list = list.clone();
    if let Some(items) = list["items"].as_array_mut() {
        items.retain(|item| item["kind"] == "mentoring");
    }
    list
}

/// S8: a mentor who does not come owes another session, once.
#[tokio::test]
async fn a_session_that_the_mentor_missed_is_made_up_once() {
    let (school, maya) = maya().await;
    let book = async |who: &str, date: &str, lost: &Value| {
        let wished = json!({"enrollment": maya, "with": school.id("marc").await, "kind": "mentoring",
            "date": date, "local_time": "18:00", "time_zone": "Europe/Paris", "minutes": 45, "makes_up": lost});
        school.post(who, "/v1/sessions", wished).await
    };
    let owed = async |who: &str| {
        let owed = school.get(who, &format!("/v1/enrollments/{maya}/make-ups")).await;
        Answer { body: weekly(&owed.body), ..owed }
    };
    let lost = book("maya", "2027-03-09", &Value::Null).await.expect(201);
    school.move_to("2027-03-09T17:20:00Z").await;
    let came =
        json!({"person": school.id("maya").await, "joined_at": "2027-03-09T17:00:00Z", "left_at": null});
    let path = format!("/v1/sessions/{}", text(&lost, "/id"));
    school.post("maya", &format!("{path}/attendance"), came).await.expect(200);
    let lost = lost["id"].clone();
    assert_eq!(book("maya", "2027-03-16", &lost).await.refused(409), "wrong_state", "it is not over");

    school.move_to("2027-03-09T17:45:00Z").await;
    let items = owed("maya").await.expect(200);
    assert_eq!(
        (&items["items"][0]["session"], text(&items, "/items/0/state")),
        (&lost, "mentor_no_show".into())
    );
    assert_eq!(text(&items, "/items/0/until"), "2027-05-08T17:45:00Z");
    assert_eq!(owed("marc").await.expect(200), items);
    assert_eq!(owed("sam").await.expect(200), items);
    assert_eq!(owed("tom").await.refused(404), "not_found");

    let (one, other) = tokio::join!(book("maya", "2027-03-16", &lost), book("maya", "2027-03-23", &lost));
    let (won, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!(refused.refused(409), "already_decided");
    let etag = won.etag();
    let won = won.expect(201);
    assert_eq!(won["makes_up"], lost);
    assert_eq!(school.get("maya", &path).await.expect(200)["made_up_by"], won["id"]);
    assert_eq!(owed("maya").await.expect(200)["items"], json!([]));

    // Called off in good time it is owed again.
    let cancel = format!("/v1/sessions/{}/cancel", text(&won, "/id"));
    let ask = school.by("maya", Method::POST, &cancel).await.header("if-match", &etag);
    ask.json(json!({"reason": ""})).send().await.expect(200);
    assert_eq!(owed("maya").await.expect(200), items);
    let unknown = book("maya", "2027-03-30", &json!(maya.replace("enr_", "ses_"))).await;
    assert_eq!(unknown.refused(422), "invalid_field");
    book("maya", "2027-03-30", &lost).await.expect(201);
    school.close().await;
}

/// S8: neither came, and staff is told, until somebody says that they met after all.
#[tokio::test]
async fn a_session_that_nobody_came_to_is_put_before_staff() {
    let (school, maya) = maya().await;
    let mut paths = Vec::new();
    for date in ["2027-03-09", "2027-03-23"] {
        let body = json!({"enrollment": maya, "with": school.id("marc").await, "kind": "mentoring",
            "date": date, "local_time": "18:00", "time_zone": "Europe/Paris", "minutes": 45});
        paths.push(text(&school.post("maya", "/v1/sessions", body).await.expect(201), "/id"));
    }
    let listed = async || {
        let list = school.get("sam", "/v1/admin/sessions/unattended").await.expect(200);
        let items = list["items"].as_array().expect("items").iter();
        // Less the talk in which they got to know each other.
        let weekly = items.filter(|item| item["kind"] == "mentoring");
        weekly.map(|item| text(item, "/id")).collect::<Vec<_>>()
    };
    for stranger in ["maya", "marc", "fay"] {
        let refused = school.get(stranger, "/v1/admin/sessions/unattended").await;
        assert_eq!(refused.refused(403), "forbidden", "{stranger}");
    }
    school.move_to("2027-03-10T17:44:59Z").await;
    assert_eq!(listed().await, [] as [String; 0], "a report is still on time");
    school.move_to("2027-03-10T17:45:00Z").await;
    assert_eq!(listed().await, paths[..1]);
    school.move_to("2027-03-25T17:45:00Z").await;
    assert_eq!(listed().await, [paths[1].clone(), paths[0].clone()]);
    let owed = school.get("maya", &format!("/v1/enrollments/{maya}/make-ups")).await.expect(200);
    assert_eq!(text(&weekly(&owed), "/items/0/state"), "nobody_came");

    let report = json!({"reviewed": "the form", "tips": "", "goals": "", "blockers": ""});
    school.post("marc", &format!("/v1/sessions/{}/report", paths[0]), report).await.expect(200);
    assert_eq!(listed().await, paths[1..]);
    school.close().await;
}
