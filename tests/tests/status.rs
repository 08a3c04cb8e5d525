//! What staff see of the system's own work.

use tests::{School, begin};

#[tokio::test]
async fn staff_see_what_the_worker_has_before_it() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    begin(&school, "noor", "2027-02-07").await;
    school.move_to("2027-02-08T10:00:00Z").await;
    assert_eq!(school.get("noor", "/v1/admin/queue").await.refused(403), "forbidden");
    let queue = school.get("sam", "/v1/admin/queue").await.expect(200);
    let waiting = queue["waiting"].as_array().expect("jobs");
    let bill = waiting.iter().find(|job| job["kind"] == "bill").expect("the next month's bill");
    assert_eq!(bill["due_at"], "2027-03-07T00:00:00Z");
    assert_eq!(queue["dead"].as_array().map(Vec::len), Some(0));
    school.close().await;
}
