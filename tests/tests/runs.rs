//! Billing runs: each date bills itself, finance looks before and asks again after.

use domain::enrollment::PaymentMethod;
use domain::id::EnrollmentId;
use infra::crowd::Crowd;
use serde_json::{Value, json};
use storage::Item;
use tests::{Answer, School, accept, begin, billed, text};

async fn run(school: &School, name: &str, date: &str, dry_run: bool) -> Answer {
    school.post(name, "/v1/admin/billing/runs", json!({ "date": date, "dry_run": dry_run })).await
}

/// The run as it is once its jobs have ended.
async fn ended(school: &School, asked: Answer) -> Value {
    let path = asked.headers["location"].to_str().expect("a path").to_owned();
    let now = school.ask(reqwest::Method::GET, "/dev/clock").send().await;
    school.move_to(&text(&now.body, "/now")).await;
    school.get("fay", &path).await.expect(200)
}

fn counts(run: &Value) -> (&str, u64, u64) {
    let count = |name: &str| run[name].as_u64().expect("a count");
    (run["state"].as_str().expect("a state"), count("invoices"), count("parked"))
}

#[tokio::test]
async fn finance_sees_a_date_before_it_begins_and_after() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let maya = begin(&school, "maya", "2027-02-07").await;
    begin(&school, "tom", "2027-02-07").await;
    let pounds = |minor: u64| json!([{ "amount_minor": minor, "currency": "GBP" }]);

    let dry = ended(&school, run(&school, "fay", "2027-03-07", true).await).await;
    assert_eq!((counts(&dry), &dry["totals"]), (("done", 2, 0), &pounds(60_000)));
    assert_eq!(billed(&school, "maya", &maya).await, ["2027-02-07"], "a dry run writes nothing");
    let again = async || {
        let ask = school.by("fay", reqwest::Method::POST, "/v1/admin/billing/runs").await;
        let ask = ask.header("idempotency-key", "one look");
        ask.json(json!({ "date": "2027-03-07", "dry_run": true })).send().await.expect(201)
    };
    assert_eq!(again().await["id"], again().await["id"], "one key, one run");
    assert_eq!(run(&school, "fay", "2027-03-07", false).await.refused(422), "invalid_field");
    assert_eq!(run(&school, "maya", "2027-03-07", true).await.refused(403), "forbidden");

    school.move_to("2027-03-07T00:00:00Z").await;
    assert_eq!(billed(&school, "maya", &maya).await, ["2027-02-07", "2027-03-07"], "its own midnight");
    let asked = run(&school, "fay", "2027-03-07", false).await;
    assert_eq!(asked.status, 200, "the date had billed itself");
    let run_of_march = ended(&school, asked).await;
    assert_eq!((counts(&run_of_march), &run_of_march["totals"]), (("running", 2, 0), &pounds(60_000)));
    school.move_to("2027-03-07T12:00:00Z").await;
    let path = format!("/v1/admin/billing/runs/{}", text(&run_of_march, "/id"));
    assert_eq!(counts(&school.get("fay", &path).await.expect(200)), ("done", 2, 0));
    assert_eq!(school.get("maya", &path).await.refused(403), "forbidden");

    school.move_to("2027-04-08T00:00:00Z").await;
    let asked = run(&school, "fay", "2027-04-07", false).await;
    let run_of_april = ended(&school, asked).await;
    assert_eq!(counts(&run_of_april), ("done", 2, 0));
    assert_eq!(run_of_april["last_month"]["date"], "2027-03-07");
    assert_eq!(run_of_april["last_month"]["totals"], pounds(60_000));
    assert_eq!(billed(&school, "maya", &maya).await.len(), 3);
    let missing = format!("/v1/admin/billing/runs/{}", domain::id::RunId::derived(&["none"]));
    assert_eq!(school.get("fay", &missing).await.refused(404), "not_found");
    school.close().await;
}

/// S3: running the job twice, or later for each date of the pause, creates nothing.
#[tokio::test]
async fn a_run_over_a_pause_writes_nothing() {
    let school = School::open("2027-01-31T10:00:00Z").await;
    let id = begin(&school, "noor", "2027-01-31").await;
    school.move_to("2027-03-10T10:00:00Z").await;
    let etag = school.get("noor", &format!("/v1/enrollments/{id}")).await.etag();
    let pause = school.by("noor", reqwest::Method::POST, &format!("/v1/enrollments/{id}/pause")).await;
    pause.header("if-match", &etag).json(json!({})).send().await.expect(200);
    school.move_to("2027-05-11T10:00:00Z").await;
    for date in ["2027-02-28", "2027-03-31", "2027-04-30"] {
        for _ in 0..2 {
            let written = u64::from(date == "2027-02-28");
            let run = ended(&school, run(&school, "fay", date, false).await).await;
            assert_eq!(counts(&run), ("done", written, 0), "{date}");
        }
    }
    assert_eq!(billed(&school, "noor", &id).await, ["2027-01-31", "2027-02-28"]);
    school.close().await;
}

#[tokio::test]
async fn a_date_begins_in_the_students_own_zone() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let body = json!({
        "edition": "web-development-gb", "language": "en", "time_zone": "Pacific/Auckland",
        "start_on": "2027-02-07", "hours_per_week": 20,
    });
    let id = text(&school.post("ana", "/v1/enrollments", body).await.expect(201), "/id");
    accept(&school, "ana", &id).await;
    school.move_to("2027-03-06T10:59:59Z").await;
    assert_eq!(billed(&school, "ana", &id).await, ["2027-02-07"]);
    school.move_to("2027-03-06T11:00:00Z").await;
    assert_eq!(billed(&school, "ana", &id).await, ["2027-02-07", "2027-03-07"]);
    school.close().await;
}

#[tokio::test]
async fn an_enrollment_that_cannot_be_billed_is_parked_and_shown() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let maya = begin(&school, "maya", "2027-02-07").await;
    let tom = begin(&school, "tom", "2027-02-07").await;
    let store = &school.stack.store;
    let id: EnrollmentId = tom.parse().expect("an id");
    let whole: Item<domain::enrollment::Enrollment> =
        store.enrollment_for_job(id).await.expect("read").expect("there");
    let broken = domain::enrollment::Enrollment { version: 99, ..whole.value.clone() };
    store.transaction::<()>().set(&broken).commit().await.expect("written");

    school.move_to("2027-03-08T00:00:00Z").await;
    assert_eq!(billed(&school, "maya", &maya).await.len(), 2, "the others do not wait for it");
    let parked = ended(&school, run(&school, "fay", "2027-03-07", false).await).await;
    assert_eq!(counts(&parked), ("done_with_parked", 1, 1));
    assert_eq!(text(&parked, "/parked_enrollments/0/enrollment"), tom);
    assert_eq!(
        text(&parked, "/parked_enrollments/0/reason"),
        "the edition of this enrollment is not in the catalog"
    );

    store.transaction::<()>().set(&whole.value).commit().await.expect("written");
    let mended = ended(&school, run(&school, "fay", "2027-03-07", false).await).await;
    assert_eq!(counts(&mended), ("done", 2, 0));
    assert_eq!(billed(&school, "tom", &tom).await, ["2027-02-07", "2027-03-07"]);
    school.move_to("2027-04-08T00:00:00Z").await;
    assert_eq!(billed(&school, "tom", &tom).await.len(), 3, "the months after it are not forgotten");
    school.close().await;
}

/// A run that is far from what was foreseen is drafted, and waits for finance before it is numbered.
#[tokio::test]
async fn a_run_that_differs_from_its_forecast_waits_for_finance() {
    let school = School::open("2027-04-01T10:00:00Z").await;
    let crowd = Crowd {
        students: 150,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Manual,
    };
    let store = &school.stack.store;
    crowd.enroll(store).await.expect("enrolled");
    school.move_to("2027-04-06T09:00:00Z").await;
    // What was not foreseen: half as many again, after the forecast and before the date.
    Crowd { students: 225, ..crowd }.enroll(store).await.expect("enrolled");
    school.move_to("2027-04-07T12:00:00Z").await;
    let run = run(&school, "fay", "2027-04-07", false).await;
    let path = run.headers["location"].to_str().expect("a path").to_owned();
    let held = school.get("fay", &path).await.expect(200);
    assert_eq!(counts(&held), ("waiting_for_finance", 225, 0));
    assert_eq!(held["expected"]["invoices"], 150);
    let numbers = async || store.numbers("GB", 2027).await.expect("read").value.next() - 1;
    assert_eq!(numbers().await, 0);

    let release = format!("{path}/release");
    assert_eq!(school.post("maya", &release, json!({ "reason": "x" })).await.refused(403), "forbidden");
    assert_eq!(school.post("fay", &release, json!({ "reason": "" })).await.refused(422), "invalid_field");
    school.post("fay", &release, json!({ "reason": "A large intake" })).await.expect(200);
    school.move_to("2027-04-07T12:00:00Z").await;
    assert_eq!(counts(&school.get("fay", &path).await.expect(200)), ("done", 225, 0));
    assert_eq!(numbers().await, 225);
    school.close().await;
}
