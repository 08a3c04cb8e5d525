//! S2 to the penny: what recognized skills leave of path and bill.

use super::*;

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
