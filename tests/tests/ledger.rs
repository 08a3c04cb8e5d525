//! The ledger through HTTP: days that close themselves, and what they find.

use domain::id::InvoiceId;
use domain::money::Money;
use serde_json::{Value, json};
use tests::{School, begin, text};

const OPENED: &str = "2027-02-07T10:00:00Z";

fn pounds(minor: i64) -> Value {
    json!({ "amount_minor": minor, "currency": "GBP" })
}

async fn day(school: &School, day: &str) -> Value {
    let day = school.get("fay", &format!("/v1/admin/billing/ledgers/GB/days/{day}")).await.expect(200);
    let sum = day["balances"].as_array().expect("balances").iter();
    let sum = sum.map(|it| it["amount"]["amount_minor"].as_i64().expect("pence")).sum::<i64>();
    assert_eq!(sum, 0, "{day}");
    day
}

fn of(day: &Value, list: &str, account: &str) -> i64 {
    let mut postings = day[list].as_array().expect("postings").iter();
    let posting = postings.find(|it| it["account"] == account);
    posting.map_or(0, |it| it["amount"]["amount_minor"].as_i64().expect("pence"))
}

async fn invoices(school: &School, name: &str, id: &str) -> Vec<Value> {
    let list = school.get(name, &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    list["items"].as_array().expect("a list").clone()
}

/// Two months of two students, with a credit note, its refund, and a run: each day agrees with its documents.
#[tokio::test(flavor = "multi_thread")]
async fn each_day_is_closed_and_agrees_with_its_documents() {
    let school = School::open(OPENED).await;
    let maya = begin(&school, "maya", "2027-02-07").await;
    begin(&school, "ana", "2027-02-07").await;
    let first = text(&invoices(&school, "maya", &maya).await[0], "/id");
    let goodwill = json!({ "amount": pounds(5_000), "reason": "Goodwill" });
    school.post("fay", &format!("/v1/invoices/{first}/credit-notes"), goodwill.clone()).await.expect(201);
    let path = "/v1/admin/billing/ledgers/GB/days";
    let early = school.get("fay", &format!("{path}/2027-02-07")).await;
    assert_eq!(early.status, 404);
    assert!(text(&early.body, "/detail").contains("2027-02-07 is closed next"), "{}", early.body);

    school.move_to("2027-02-08T10:00:00Z").await;
    let opened = day(&school, "2027-02-07").await;
    assert_eq!(text(&opened, "/state"), "reconciled");
    let documents = json!({ "entries": 5, "invoices": 2, "payments": 2, "credit_notes": 1, "refunds": 0 });
    assert_eq!(opened["documents"], documents);
    // One of 28 days of 300.00 is 10.71; what was credited comes off the last days.
    let balances = [
        ("cash_sandbox", 60_000),
        ("customer_credit", -5_000),
        ("deferred_revenue", -52_858),
        ("revenue", -2_142),
        ("receivable", 0),
    ];
    for (account, minor) in balances {
        assert_eq!(of(&opened, "balances", account), minor, "{account}");
    }
    assert_eq!(opened["earned"], json!([pounds(2_142)]));

    school.post("fay", &format!("/v1/invoices/{first}/refunds"), goodwill).await.expect(201);
    school.move_to("2027-03-07T10:00:00Z").await;
    let refunded = day(&school, "2027-02-08").await;
    assert_eq!((of(&refunded, "posted", "cash_sandbox"), of(&refunded, "posted", "refunds")), (-5_000, 0));
    assert_eq!(refunded["documents"]["refunds"], 1);
    let month = day(&school, "2027-03-06").await;
    assert_eq!((of(&month, "balances", "revenue"), of(&month, "balances", "deferred_revenue")), (-55_000, 0));

    // What a run's page issued is one entry, what it was paid another: each compared with both of its invoices.
    school.move_to("2027-03-08T10:00:00Z").await;
    let run = day(&school, "2027-03-07").await;
    assert_eq!(run["documents"]["invoices"], 2);
    assert_eq!(of(&run, "posted", "cash_sandbox"), 60_000);
    let entries = school.get("fay", &format!("{path}/2027-03-07/entries")).await.expect(200);
    let entries = entries["items"].as_array().expect("entries").clone();
    let kinds = Vec::from_iter(entries.iter().map(|entry| text(entry, "/kind")));
    assert_eq!(kinds, ["page", "payments"]);
    assert!(entries.iter().all(|entry| entry["invoices"].as_array().is_some_and(|it| it.len() == 2)));
    assert_eq!(run["documents"]["payments"], 2);

    let days = school.get("fay", &format!("{path}?until=2027-03-07")).await.expect(200);
    let days = days["items"].as_array().expect("days").clone();
    assert_eq!((days.len(), text(&days[0], "/day")), (29, "2027-03-07".into()));
    assert!(days.iter().all(|day| day["difference_count"] == 0), "{days:?}");
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_is_named() {
    let school = School::open(OPENED).await;
    let maya = begin(&school, "maya", "2027-02-07").await;
    let id: InvoiceId = text(&invoices(&school, "maya", &maya).await[0], "/id").parse().expect("an id");
    // Somebody writes a payment down that nobody made.
    let store = &school.stack.store;
    let mut invoice = store.invoice_for_job(id).await.expect("read").expect("there");
    invoice.value.paid =
        invoice.value.paid.plus(Money::minor(1, invoice.value.total.currency)).expect("fits");
    store.transaction().save(&invoice, ()).commit().await.expect("written");
    school.move_to("2027-02-08T10:00:00Z").await;
    let closed = day(&school, "2027-02-07").await;
    assert_eq!((text(&closed, "/state"), &closed["difference_count"]), ("differs".into(), &json!(1)));
    let named = json!({
        "kind": "payments_differ", "of": id.to_string(), "ledger": pounds(30_001), "found": pounds(30_000),
    });
    assert_eq!(closed["differences"], json!([named]));
    school.close().await;
}

/// Days that were missed are closed in their order, each with its own earnings; a quiet one is the day before.
#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_for_finance_and_only_where_there_is_one() {
    let school = School::open(OPENED).await;
    let path = "/v1/admin/billing/ledgers";
    for route in ["days", "days/2027-02-07", "days/2027-02-07/entries"] {
        assert_eq!(school.get("maya", &format!("{path}/GB/{route}")).await.refused(403), "forbidden");
        assert_eq!(school.get("fay", &format!("{path}/XX/{route}")).await.refused(404), "not_found");
    }
    assert_eq!(school.get("fay", &format!("{path}/GB/days/2027-02-07")).await.refused(404), "not_found");
    assert_eq!(school.get("fay", &format!("{path}/GB/days/yesterday")).await.refused(404), "not_found");
    let none = school.get("fay", &format!("{path}/GB/days")).await.expect(200);
    assert_eq!(none["items"], json!([]));
    let cursor = school.get("fay", &format!("{path}/GB/days/2027-02-07/entries?cursor=eA")).await;
    assert_eq!(cursor.refused(400), "invalid_cursor");

    begin(&school, "maya", "2027-02-07").await;
    school.move_to("2027-03-04T10:00:00Z").await;
    // Withdrawn within its first fortnight it would be credited; paid and over, nothing more happens to it.
    let last = day(&school, "2027-03-03").await;
    assert_eq!(last["documents"]["entries"], 0);
    assert!(of(&last, "balances", "revenue") < 0);
    school.close().await;
}
