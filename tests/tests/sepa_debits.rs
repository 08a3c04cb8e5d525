//! Direct debits through the whole stack: listed, put into one file, counted on their day.

use domain::debit::DebitFileState;
use domain::job::Job;
use infra::providers::ProviderSettings;
use infra::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::sepa_schema::is_valid;
use tests::{Answer, School, enroll, text};

const FILES: &str = "/v1/admin/billing/debit-files";
const CREDITORS: &str = r#"{"FR": {"name": "Compagnon SAS", "iban": "FR1420041010050500013M02606",
    "bic": "PSSTFRPP", "creditor_id": "DE98ZZZ09999999999"}}"#;
const IBAN: &str = "NL91ABNA0417164300";
const NOW: &str = "2027-03-01T09:00:00Z";

/// A school whose French legal entity collects direct debits.
struct Bank {
    school: School,
    /// What it keeps.
    _folder: TempDir,
}

impl Bank {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let creditors = ProviderSettings::read_creditors(CREDITORS).expect("a creditor");
        let providers = ProviderSettings { creditors, ..ProviderSettings::default() };
        let data = Some(folder.path().to_owned());
        let options = Options { port: 0, data, now: NOW.parse().ok(), providers, ..Options::default() };
        Self { school: School::with(options).await, _folder: folder }
    }

    /// Enrolls somebody on the French edition.
    async fn enroll(&self, name: &str) -> Value {
        let body = json!({
            "edition": "web-development-fr", "language": "fr", "time_zone": "Europe/Paris",
            "start_on": "2027-03-01", "hours_per_week": 20,
        });
        self.school.post(name, "/v1/enrollments", body).await.expect(201)
    }

    /// Enrolls somebody and accepts with a direct debit; answers the enrollment and its first invoice.
    async fn accepted(&self, name: &str) -> (String, String) {
        let id = text(&self.enroll(name).await, "/id");
        let accepted = self.accept(name, &id).await.expect(200);
        let states = (text(&accepted, "/state"), text(&accepted, "/payment/state"));
        assert_eq!(states, ("quoted".into(), "pending".into()));
        let invoice = text(&self.invoices(name, &id).await[0], "/id");
        (id, invoice)
    }

    async fn accept(&self, name: &str, id: &str) -> Answer {
        let body = json!({ "contract_version": 1, "payment_method": debit() });
        self.school.post(name, &format!("/v1/enrollments/{id}/accept"), body).await
    }

    async fn invoices(&self, name: &str, id: &str) -> Vec<Value> {
        let list = self.school.get(name, &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
        list["items"].as_array().expect("a list").clone()
    }

    async fn state(&self, name: &str, id: &str) -> String {
        text(&self.school.get(name, &format!("/v1/enrollments/{id}")).await.expect(200), "/state")
    }

    /// An invoice's state, what is paid of it, and its one payment.
    async fn invoice(&self, invoice: &str) -> (String, i64, Value) {
        let shown = self.school.get("fay", &format!("/v1/invoices/{invoice}")).await.expect(200);
        let payments = self.school.get("fay", &format!("/v1/invoices/{invoice}/payments")).await.expect(200);
        let payments = payments["items"].as_array().expect("a list").clone();
        let [payment] = &payments[..] else { panic!("one payment: {payments:?}") };
        let paid = shown["paid"]["amount_minor"].as_i64().expect("cents");
        (text(&shown, "/state"), paid, payment.clone())
    }

    /// Waits until what was asked of the worker is done.
    async fn settle(&self) {
        let shown = self.school.ask(Method::GET, "/dev/clock").send().await.body;
        self.school.move_to(&text(&shown, "/now")).await;
    }

    async fn ask_file(&self, collect_on: &str) -> Answer {
        let body = json!({ "entity": "FR", "collect_on": collect_on });
        self.school.post("fay", FILES, body).await
    }

    /// Asks for a file, and answers it once it is made.
    async fn file(&self, collect_on: &str) -> Value {
        let asked = self.ask_file(collect_on).await.expect(201);
        self.settle().await;
        self.shown(&format!("{FILES}/{}", text(&asked, "/id"))).await
    }

    async fn shown(&self, path: &str) -> Value {
        self.school.get("fay", path).await.expect(200)
    }
}

fn debit() -> Value {
    json!({ "kind": "sepa_debit", "iban": IBAN, "name": "Maya Lind", "mandate": "MND-1", "signed_on": "2027-03-01" })
}

/// What a report names an invoice by.
fn reference(invoice: &str) -> &str {
    invoice.trim_start_matches("inv_")
}

async fn bytes(file: &Value) -> String {
    let answer = reqwest::get(text(file, "/download_url")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("text")
}

/// Two months by direct debit: the first begins the enrollment on its day.
#[tokio::test(flavor = "multi_thread")]
async fn a_debit_is_collected_on_its_day() {
    let bank = Bank::open().await;
    let (id, first) = bank.accepted("maya").await;
    assert_eq!(text(&bank.invoice(&first).await.2, "/state"), "listed");

    let file = bank.file("2027-03-04").await;
    assert_eq!((text(&file, "/state"), file["debits"].as_u64()), ("written".into(), Some(1)));
    assert_eq!(file["total"], json!({ "amount_minor": 30_000, "currency": "EUR" }));
    let xml = bytes(&file).await;
    assert!(is_valid(&xml, "pain.008.001.08"), "{xml}");
    for part in [reference(&first), IBAN, "<ReqdColltnDt>2027-03-04</ReqdColltnDt>", &text(&file, "/message")]
    {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
    let (_, _, payment) = bank.invoice(&first).await;
    assert_eq!(
        (text(&payment, "/state"), text(&payment, "/collect_on")),
        ("submitted".into(), "2027-03-04".into())
    );
    // It is in no second file, and the first has the same bytes wherever its making is broken off.
    assert_eq!(text(&bank.file("2027-03-04").await, "/state"), "empty");
    let store = &bank.school.stack.store;
    let file_id = text(&file, "/id").parse().expect("an id");
    for state in [None, Some(DebitFileState::Filled), Some(DebitFileState::Filling)] {
        let mut kept = store.debit_file(file_id).await.expect("read").expect("there");
        kept.value.state = state.unwrap_or(kept.value.state);
        let fill = store.transaction().save(&kept, ());
        let fill = fill.enqueue(&Job::FillDebitFile { file: file_id }, NOW.parse().expect("an instant"));
        fill.commit().await.expect("asked again");
        bank.settle().await;
        let again = bank.shown(&format!("{FILES}/{file_id}")).await;
        assert_eq!((&again["state"], &again["sha256"]), (&file["state"], &file["sha256"]));
        assert_eq!(bytes(&again).await, xml);
    }

    bank.school.move_to("2027-03-03T20:00:00Z").await;
    assert_eq!(bank.state("maya", &id).await, "quoted");
    bank.school.move_to("2027-03-04T09:00:00Z").await;
    assert_eq!(bank.state("maya", &id).await, "active");
    assert_eq!(tests::billed(&bank.school, "maya", &id).await, ["2027-03-04"]);

    // The second month, from a run; its debit is counted on its day, and taken back five days later.
    bank.school.move_to("2027-04-05T09:00:00Z").await;
    let second = text(&bank.invoices("maya", &id).await[1], "/id");
    assert_eq!(text(&bank.invoice(&second).await.2, "/state"), "listed");
    assert_eq!(bank.file("2027-04-07").await["debits"], 1);
    bank.school.move_to("2027-04-07T09:00:00Z").await;
    let (state, paid, payment) = bank.invoice(&second).await;
    assert_eq!((state, paid, text(&payment, "/state")), ("paid".into(), 30_000, "paid".into()));

    bank.school.move_to("2027-04-08T09:00:00Z").await;
    let days =
        bank.shown("/v1/admin/billing/ledgers/FR/days").await["items"].as_array().expect("days").clone();
    assert!(days.iter().all(|day| day["difference_count"] == 0), "{days:?}");
    let cash = |list: &Value| {
        let posting = list.as_array().expect("postings").iter().find(|it| it["account"] == "cash_sepa_debit");
        posting.map(|it| it["amount"]["amount_minor"].as_i64().expect("cents"))
    };
    let of = |date: &str| days.iter().find(|day| day["day"] == date).expect("a day");
    assert_eq!(cash(&of("2027-03-04")["posted"]), Some(30_000));
    assert_eq!(cash(&of("2027-04-07")["balances"]), Some(60_000));
    bank.school.close().await;
}

/// Files that are asked for at once share what waits.
#[tokio::test(flavor = "multi_thread")]
async fn each_debit_is_in_one_file() {
    let bank = Bank::open().await;
    let mut invoices = Vec::new();
    for name in ["maya", "tom", "noor"] {
        invoices.push(bank.accepted(name).await);
    }
    let (one, two) = tokio::join!(bank.ask_file("2027-03-04"), bank.ask_file("2027-03-05"));
    bank.settle().await;
    let mut count = 0;
    for asked in [one.expect(201), two.expect(201)] {
        let file = bank.shown(&format!("{FILES}/{}", text(&asked, "/id"))).await;
        let debits = file["debits"].as_u64().expect("a count");
        assert_eq!(text(&file, "/state"), if debits == 0 { "empty" } else { "written" });
        if debits > 0 {
            let xml = bytes(&file).await;
            assert_eq!(xml.matches("<EndToEndId>").count() as u64, debits, "{xml}");
        }
        count += debits;
    }
    assert_eq!(count, 3);
    let listed = bank.shown(&format!("{FILES}?entity=FR")).await;
    let days =
        Vec::from_iter(listed["items"].as_array().expect("files").iter().map(|it| text(it, "/collect_on")));
    assert_eq!(days, ["2027-03-05", "2027-03-04"]);

    bank.school.move_to("2027-03-06T09:00:00Z").await;
    for (name, (id, _)) in ["maya", "tom", "noor"].iter().zip(&invoices) {
        assert_eq!(bank.state(name, id).await, "active");
    }
    bank.school.close().await;
}

/// Another way to pay takes a debit off the list.
#[tokio::test]
async fn what_is_paid_another_way_is_not_debited() {
    let bank = Bank::open().await;
    let (id, invoice) = bank.accepted("maya").await;
    let path = format!("/v1/enrollments/{id}/payment-method");
    let etag = bank.school.get("maya", &path).await.etag();
    let method = json!({ "payment_method": { "kind": "sandbox", "token": "ok" } });
    let put = bank.school.by("maya", Method::PUT, &path).await.header("if-match", &etag).json(method);
    put.send().await.expect(200);
    bank.settle().await;
    assert_eq!(
        (bank.invoice(&invoice).await.0, bank.state("maya", &id).await),
        ("paid".into(), "active".into())
    );
    assert_eq!(text(&bank.file("2027-03-04").await, "/state"), "empty");
    // A transfer that came while the debit waited is noticed when the file is made.
    let (_, invoice) = bank.accepted("tom").await;
    let amount = json!({ "amount_minor": 30_000, "currency": "EUR" });
    let transfer = json!({ "amount": amount, "received_on": "2027-03-01", "reference": "T1" });
    bank.school.post("fay", &format!("/v1/invoices/{invoice}/payments"), transfer).await.expect(201);
    assert_eq!(text(&bank.file("2027-03-04").await, "/state"), "empty");
    bank.school.close().await;
}

#[tokio::test]
async fn files_are_for_finance_and_held_to_their_form() {
    let bank = Bank::open().await;
    // Nobody collects for the British legal entity.
    let british = enroll(&bank.school, "tom", "2027-03-01").await;
    assert_eq!(bank.accept("tom", &british).await.refused(422), "invalid_field");
    let mut early = debit();
    early["signed_on"] = json!("2027-03-02");
    let french = text(&bank.enroll("ana").await, "/id");
    let body = json!({ "contract_version": 1, "payment_method": early });
    let early = bank.school.post("ana", &format!("/v1/enrollments/{french}/accept"), body).await;
    assert_eq!(text(&early.body, "/errors/0/pointer"), "/payment_method/signed_on");
    let none = "dbf_00000000000000000000000000000000";
    assert_eq!(bank.school.get("maya", &format!("{FILES}/{none}")).await.refused(403), "forbidden");
    assert_eq!(bank.school.get("fay", &format!("{FILES}/{none}")).await.refused(404), "not_found");
    assert_eq!(bank.school.get("maya", &format!("{FILES}?entity=FR")).await.refused(403), "forbidden");
    let body = json!({ "entity": "FR", "collect_on": "2027-03-04" });
    assert_eq!(bank.school.post("maya", FILES, body).await.refused(403), "forbidden");
    for (entity, day, pointer) in [
        ("GB", "2027-03-04", "/entity"),
        ("FR", "2027-02-26", "/collect_on"),
        ("FR", "2027-03-02", "/collect_on"),
        ("FR", "2027-03-06", "/collect_on"),
        ("FR", "2027-04-04", "/collect_on"),
    ] {
        let asked = bank.school.post("fay", FILES, json!({ "entity": entity, "collect_on": day })).await;
        assert_eq!(text(&asked.body, "/errors/0/pointer"), pointer, "{entity} {day}");
        assert_eq!(asked.refused(422), "invalid_field");
    }
    assert_eq!(bank.shown(&format!("{FILES}?entity=FR")).await["items"], json!([]));
    let keyed = async || {
        let ask = bank.school.by("fay", Method::POST, FILES).await.header("idempotency-key", "one file");
        ask.json(json!({ "entity": "FR", "collect_on": "2027-03-04" })).send().await.expect(201)
    };
    assert_eq!(keyed().await, keyed().await);
    bank.school.close().await;
}
