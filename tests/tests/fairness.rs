//! How juries judge, as staff read it: facts of sealed verdicts, forgotten where a defense is annulled.

use reqwest::Method;
use serde_json::json;
use tests::School;
use tests::work::{act_on, ask_first_defense, hold_defense, judge_defense, prepare_defense};

const PATH: &str = "/v1/admin/juries/fairness";

/// A student's first project defended before Marc, with a waiver, and the first of its skills not shown.
async fn fail(school: &School, student: &str) -> String {
    let (_, defense) = ask_first_defense(school, student, "2027-02-22").await;
    prepare_defense(school, student, "marc", &defense, "2027-02-22T10:00:00Z").await;
    hold_defense(school, "marc", &defense, 1).await;
    act_on(school, "sam", &defense, "waiver", json!({ "reason": "The disk broke." })).await.expect(200);
    let first_missing = |index| if index == 0 { "not_yet" } else { "acquired" };
    judge_defense(school, "marc", &defense, first_missing).await.expect(201);
    school.move_to("2027-02-22T10:02:00Z").await;
    defense
}

#[tokio::test]
async fn staff_compare_juries_and_nobody_else_does() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let empty = school.get("sam", PATH).await.expect(200);
    assert_eq!((&empty["school"]["defenses"], &empty["jurors"]), (&json!(0), &json!([])));
    let defense = fail(&school, "maya").await;
    for name in ["maya", "marc", "fay"] {
        assert_eq!(school.get(name, PATH).await.refused(403), "forbidden", "{name}");
    }
    let compared = school.get("sam", PATH).await.expect(200);
    assert_eq!((&compared["school"]["defenses"], &compared["school"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(compared["jurors"].as_array().map(Vec::len), Some(1));
    assert!(compared.to_string().contains(&school.id("marc").await));
    assert!(!compared.to_string().contains(&school.id("maya").await), "students are not named");
    let criteria = compared["criteria"].as_array().expect("criteria");
    assert_eq!(criteria.len(), 4);
    let agreed: u64 = criteria.iter().filter_map(|it| it["agreed"].as_u64()).sum();
    assert_eq!(agreed, 3, "{compared}");

    let before = school.get("sam", &format!("{PATH}?to=2027-01")).await.expect(200);
    assert_eq!(before["school"]["defenses"], 0);
    for wrong in ["from=2027-03&to=2027-02", "from=2020-01", "from=march", "edition=x"] {
        let refused = school.get("sam", &format!("{PATH}?{wrong}")).await;
        assert_eq!(refused.refused(400), "invalid_parameter", "{wrong}");
    }
    let ask = school.by("sam", Method::GET, PATH).await.header("accept", "image/svg+xml");
    assert!(ask.send_for_text("image/svg+xml").await.starts_with("<svg"));

    act_on(&school, "sam", &defense, "annul", json!({ "reason": "Wrong juror." })).await.expect(200);
    school.move_to("2027-02-22T10:03:00Z").await;
    assert_eq!(school.get("sam", PATH).await.expect(200)["school"]["defenses"], 0);
    school.close().await;
}
