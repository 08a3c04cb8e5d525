//! Capacity plans through HTTP: staff ask how many mentors a forecast needs; nothing is kept.

use reqwest::Method;
use serde_json::{Value, json};
use tests::School;

const OPENED: &str = "2027-01-04T10:00:00Z";
const PATH: &str = "/v1/admin/capacity-plans";

fn forecast() -> Value {
    json!({
        "weeks": 30,
        "students": { "active": 1_000_000_000_u64 },
        "course": {
            "projects": vec![json!({ "months": "2.0", "pass_per_mille": 850 }); 6],
            "retries_max": 2, "retry_weeks": 4, "leave_per_mille_a_year": 200,
        },
        "mix": {
            "fields": [{ "field": "web-development", "weight": 3 }, { "field": "<design>", "weight": 1 }],
            "places": [
                { "language": "fr", "utc_offset": "+01:00", "weight": 2 },
                { "language": "en", "utc_offset": "+03:00", "weight": 2, "source": "Assumption" },
            ],
        },
        "supply": [
            { "fields": ["web-development"], "languages": ["fr", "en"], "utc_offset": "+01:00", "mentors": 20_000_000 },
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_learns_how_many_mentors_a_billion_students_need() {
    let school = School::open(OPENED).await;
    for (minutes, mentors) in [(30, 50_000_000), (45, 75_000_000), (60, 100_000_000)] {
        let mut forecast = forecast();
        forecast["sessions"] = json!({ "minutes": minutes });
        let plan = school.post("sam", PATH, forecast).await.expect(200);
        assert_eq!(plan["summary"]["mentors_for_sessions"], mentors);
    }

    let plan = school.post("sam", PATH, forecast()).await.expect(200);
    assert_eq!(plan["weeks"].as_array().map(Vec::len), Some(30));
    assert_eq!(plan["weeks"][0]["begins_on"], "2027-01-04");
    assert_eq!(plan["summary"]["train_by"], "2026-10-12");
    assert_eq!(plan["summary"]["first_ready_on"], "2027-03-29");
    // Twenty million mentors work twelve thousand million minutes, all of them in web development.
    assert_eq!(plan["weeks"][0]["served_minutes"], 12_000_000_000_u64);
    let cells = plan["cells"].as_array().expect("cells");
    let sum = |list: &str| cells.iter().map(|cell| cell[list][0].as_u64().expect("minutes")).sum::<u64>();
    assert_eq!(plan["weeks"][0]["shortage_minutes"], sum("shortage_minutes"));
    assert_eq!(plan["weeks"][0]["served_minutes"], sum("served_minutes"));
    let design = cells.iter().filter(|cell| cell["field"] == "<design>");
    assert!(design.clone().count() == 2 && design.into_iter().all(|cell| cell["served_minutes"][0] == 0));

    let ask = school.by("sam", Method::POST, PATH).await.header("accept", "image/svg+xml").json(forecast());
    let plot = ask.send_for_text("image/svg+xml").await;
    assert!(plot.starts_with("<svg ") && plot.contains("1,000,000,000 students"), "{plot}");
    assert!(plot.contains("&lt;design&gt;") && !plot.contains("<design>"), "{plot}");
    school.close().await;
}

/// Without a supply the plan counts whoever may mentor and has said when.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_supply_the_school_s_own_mentors_are_counted() {
    let school = School::open(OPENED).await;
    let mut asked = forecast();
    asked.as_object_mut().expect("an object").remove("supply");
    asked["mix"]["places"][1] = json!({ "language": "en", "utc_offset": "+00:00", "weight": 2 });
    let first_week = async |asked: &Value| {
        let week = school.post("sam", PATH, asked.clone()).await.expect(200)["weeks"][0].clone();
        (week["mentors"].as_u64().expect("mentors"), week["supply_minutes"].as_u64().expect("minutes"))
    };
    let (before, minutes) = first_week(&asked).await;

    // Maya may mentor all degrees, once she says when: two hours a week, for up to five students.
    let grant = json!({ "person": school.id("maya").await, "role": "mentor" });
    school.post("sam", "/v1/admin/grants", grant).await.expect(201);
    assert_eq!(first_week(&asked).await, (before, minutes), "she has not said when");
    let path = "/v1/people/me/availability";
    let read = school.get("maya", path).await.etag();
    let said = json!({
        "time_zone": "Europe/London", "weekly": [{ "weekday": "tue", "from": "18:00", "to": "20:00" }],
        "exceptions": [], "seats": 5, "experience": "novice", "fields": [], "languages": ["en"],
    });
    let put = school.by("maya", Method::PUT, path).await.header("if-match", &read).json(said);
    put.send().await.expect(200);
    let (after, more) = first_week(&asked).await;
    assert_eq!(after, before + 1);
    assert!(minutes < more, "{minutes} {more}");

    asked["supply"] = json!([]);
    assert_eq!(first_week(&asked).await, (0, 0));
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_plans() {
    let school = School::open(OPENED).await;
    for name in ["maya", "ines", "fay"] {
        let refused = school.post(name, PATH, forecast()).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (403, &json!("forbidden")), "{name}");
    }
    let nobody = school.ask(Method::POST, PATH).json(forecast()).send().await;
    assert_eq!(nobody.status, 401);
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_can_be_planned_from_is_named() {
    let school = School::open(OPENED).await;
    let check = async |pointer: &str, value: Value, code: &str, at: &str| {
        let mut forecast = forecast();
        *forecast.pointer_mut(pointer).expect(pointer) = value;
        let refused = school.post("sam", PATH, forecast).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        let error = &refused.body["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(at), &json!(code)), "{}", refused.body);
    };
    check("/weeks", json!(261), "invalid_field", "/weeks").await;
    check("/weeks", json!(-1), "invalid_field", "/weeks").await;
    check("/students", json!({}), "invalid_field", "/students").await;
    check("/students", json!({ "actives": 1 }), "unknown_field", "/students/actives").await;
    check("/mix/fields/0/weight", json!(1_000_001), "invalid_field", "/mix/fields/0/weight").await;
    check("/mix/places/1/utc_offset", json!("+3"), "invalid_field", "/mix/places/1/utc_offset").await;
    let field = |at: usize| json!({ "field": format!("f{at}"), "weight": 1 });
    check("/mix/fields", (0..121).map(field).collect(), "invalid_field", "/mix").await;
    check("/supply/0/languages", json!([]), "invalid_field", "/supply/0/languages").await;
    check("/course/projects/0/months", json!("13.0"), "invalid_field", "/course/projects/0/months").await;
    let text = school.by("sam", Method::POST, PATH).await.header("content-type", "text/plain").send().await;
    assert_eq!(text.status, 415);
    school.close().await;
}
