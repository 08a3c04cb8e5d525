//! What people say of when they can meet.

use serde_json::{Value, json};
use tests::{School, text};

#[tokio::test]
async fn everybody_says_when_they_can_meet() {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let path = "/v1/people/me/availability";
    let unwritten = school.get("maya", path).await;
    assert_eq!((unwritten.etag(), &unwritten.body["weekly"]), ("\"0\"".into(), &json!([])));
    let body = json!({"time_zone": "Europe/Paris", "weekly": [], "exceptions": [], "holidays": [], "seats": 0,
        "experience": "confirmed", "fields": [], "project_levels": [1, 2],
        "languages": ["en", {"language": "fr", "level": "b2"}]});
    assert_eq!(school.put("maya", path, "\"0\"", body.clone()).await.expect(200), body);
    let mut mentors = body.clone();
    mentors["seats"] = json!(1);
    let refused = school.put("maya", path, "\"1\"", mentors).await.expect(422);
    assert_eq!(text(&refused, "/errors/0/pointer"), "/seats");
    let read = school.get("marc", path).await.etag();
    let written = school.put("marc", path, &read, body.clone()).await;
    assert_eq!(written.clone().expect(200), body);
    assert_eq!(school.put("marc", path, &read, body.clone()).await.refused(412), "precondition_failed");
    let mut backwards = body;
    backwards["weekly"] = json!([{"weekday": "tue", "from": "18:00", "to": "17:00"}]);
    let refused = school.put("marc", path, &written.etag(), backwards).await.expect(422);
    assert_eq!(text(&refused, "/errors/0/pointer"), "/weekly/0/to");
    school.close().await;
}

#[tokio::test]
async fn a_date_s_hours_are_on_its_clock() {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let path = "/v1/people/me/availability";
    let read = school.get("marc", path).await.etag();
    let on = async |zone: &str, exception: Value| {
        let body = json!({"time_zone": zone, "exceptions": [exception]});
        school.put("marc", path, &read, body).await
    };
    let gap = json!({"date": "2027-03-28", "available": true, "from": "02:30", "to": "05:00"});
    let refused = on("Europe/Paris", gap.clone()).await.expect(422);
    assert_eq!(text(&refused, "/code"), "invalid_time");
    assert_eq!(text(&refused, "/errors/0/pointer"), "/exceptions/0/from");
    assert_eq!(refused["nearest"][1]["local_time"], "03:00");
    let mut twice = json!({"date": "2027-10-31", "available": true, "from": "02:30", "to": "05:00"});
    let refused = on("Europe/Paris", twice.clone()).await.expect(422);
    assert_eq!(text(&refused, "/errors/0/pointer"), "/exceptions/0/from_offset");
    assert_eq!(refused["offsets"], json!(["+02:00", "+01:00"]));
    twice["from_offset"] = json!("+01:00");
    on("Europe/Paris", twice).await.expect(200);
    assert_eq!(on("Europe/Atlantis", gap.clone()).await.refused(422), "invalid_field");
    let read = school.get("marc", path).await.etag();
    let body = json!({"time_zone": "Asia/Calcutta", "exceptions": [gap]});
    let written = school.put("marc", path, &read, body).await.expect(200);
    assert_eq!(text(&written, "/time_zone"), "Asia/Calcutta");
    school.close().await;
}
