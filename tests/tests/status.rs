//! What staff see of the system's own work.

use std::time::Duration;

use reqwest::Method;
use tests::{School, begin};

#[tokio::test]
async fn a_school_says_whether_it_is_there_and_ready() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(school.ask(Method::GET, path).send().await.status, 200, "{path}");
    }
    school.close().await;
}

#[tokio::test]
async fn staff_see_what_the_worker_has_before_it() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    begin(&school, "noor", "2027-02-07").await;
    school.move_to("2027-02-08T10:00:00Z").await;
    assert_eq!(school.get("noor", "/v1/admin/queue").await.refused(403), "forbidden");
    let queue = school.get("sam", "/v1/admin/queue").await.expect(200);
    let waiting = queue["waiting"].as_array().expect("jobs");
    let run = waiting.iter().find(|job| job["kind"] == "billing_run").expect("the next month's bills");
    assert_eq!(run["due_at"], "2027-03-06T08:00:00Z", "before 7 March begins for the first of all zones");
    assert_eq!(queue["dead"].as_array().map(Vec::len), Some(0));
    school.close().await;
}

#[tokio::test]
async fn what_the_local_tools_cannot_read_is_a_problem() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let ask =
        |body: &'static str| school.ask(Method::POST, "/dev/clock").body("application/json", body).send();
    assert_eq!(ask("{").await.refused(400), "malformed_json");
    assert_eq!(ask("{\"now\":\"tomorrow\"}").await.refused(422), "invalid_field");
    assert_eq!(ask("{\"now\":\"2027-02-06T10:00:00Z\"}").await.refused(409), "wrong_state");
    school.close().await;
}

/// The page sends files straight to the buckets, and nothing to anybody else.
#[tokio::test]
async fn the_page_may_reach_the_school_and_its_buckets_alone() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let page = school.ask(Method::GET, "/web/main.js").send().await;
    let policy = page.headers["content-security-policy"].to_str().expect("ascii");
    let rules: Vec<&str> = policy.split("; ").collect();
    let store = &school.stack.store;
    let mut reached = "connect-src 'self'".to_owned();
    for bucket in [&store.submissions, &store.evidence] {
        let signed = bucket.link("a/file.webm", "file.webm", Duration::from_secs(1)).await.expect("signed");
        let location = signed.split_once("a/file.webm?").expect("the key before the signature").0;
        let path = format!("/{}/", bucket.name());
        assert!(location.starts_with("http://127.0.0.1:") && location.ends_with(&path), "{location}");
        reached += &format!(" http://127.0.0.1:*{path}");
    }
    assert!(rules.contains(&"default-src 'self'") && rules.contains(&reached.as_str()), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    school.close().await;
}
