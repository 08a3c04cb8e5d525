//! Sessions that a student is owed, and the ones that are booked in their place.

use reqwest::Method;
use serde_json::{Value, json};
use tests::work::assign_mentor;
use tests::{School, begin, text};

/// A school in March 2027 where Maya studies with Marc.
async fn maya() -> (School, String) {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let maya = begin(&school, "maya", "2027-03-02").await;
    assign_mentor(&school, &maya, "marc").await;
    (school, maya)
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
    let owed = async |who: &str| school.get(who, &format!("/v1/enrollments/{maya}/make-ups")).await;
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
