//! What is printed and sent: documents of invoices and credit notes, and letters that go out once.

use std::path::Path;

use domain::job::Job;
use domain::person::Person;
use infra::stack::Options;
use mail_parser::{MessageParser, MimeHeaders};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{School, accept, begin, enroll, text};

const NOW: &str = "2027-02-07T10:00:00Z";

async fn school(folder: &TempDir) -> School {
    let data = Some(folder.path().to_owned());
    School::with(Options { port: 0, data, now: NOW.parse().ok(), ..Options::default() }).await
}

/// Waits until what has been asked of the worker is done: the clock is told to stay where it is.
async fn settle(school: &School) {
    school.move_to(NOW).await;
}

async fn items(school: &School, name: &str, path: &str) -> Vec<Value> {
    school.get(name, path).await.expect(200)["items"].as_array().expect("a list").clone()
}

/// The bytes at a document's link.
async fn fetched(view: &Value) -> Vec<u8> {
    let answer = reqwest::get(text(view, "/document_url")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("bytes").to_vec()
}

/// A tagged PDF's language and text, spaces made plain.
fn read(bytes: &[u8]) -> (String, String) {
    let file = lopdf::Document::load_mem(bytes).expect("a PDF");
    let catalog = file.catalog().expect("a catalog");
    let marked = catalog.get(b"MarkInfo").and_then(|info| info.as_dict()?.get(b"Marked")?.as_bool());
    assert!(matches!(marked, Ok(true)), "it is tagged");
    assert!(catalog.has(b"StructTreeRoot"));
    let language = catalog.get(b"Lang").and_then(|language| language.as_str()).expect("a language");
    let pages = Vec::from_iter(file.get_pages().into_keys());
    let said = file.extract_text(&pages).expect("text").replace(['\u{a0}', '\u{202f}', '\n'], " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (String::from_utf8_lossy(language).into_owned(), said)
}

/// A letter as a reader sees it.
struct Letter {
    /// When what it tells happened.
    at: String,
    subject: String,
    to: String,
    text: String,
    attached: Option<Vec<u8>>,
}

/// The letters that went out, by their dates; those of one instant by subject.
fn letters(folder: &Path) -> Vec<Letter> {
    let mut letters = Vec::new();
    for entry in std::fs::read_dir(folder.join("mail")).expect("a folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a letter");
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        let subject = mail.subject().unwrap_or_default().replace('\u{a0}', " ");
        if ["First talk", "Entretien découverte"].iter().any(|words| subject.contains(words)) {
            continue; // not about money
        }
        let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("a reader");
        letters.push(Letter {
            at: mail.date().expect("a date").to_rfc3339(),
            subject: mail.subject().expect("a subject").to_owned(),
            to: to.to_owned(),
            text: mail.body_text(0).expect("a text").replace('\u{a0}', " "),
            attached: mail.attachment(0).map(|part| {
                assert!(part.attachment_name().is_some_and(|name| name.ends_with(".pdf")));
                part.contents().to_vec()
            }),
        });
    }
    letters.sort_by(|a, b| (&a.at, &a.subject).cmp(&(&b.at, &b.subject)));
    letters
}

/// The invoice that begins an enrollment is printed, kept, linked and sent; asking again changes nothing.
#[tokio::test]
async fn an_invoice_is_printed_once_and_sent_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let id = begin(&school, "maya", "2027-02-07").await;
    settle(&school).await;
    let invoice = &items(&school, "maya", &format!("/v1/enrollments/{id}/invoices")).await[0];
    let pdf = fetched(invoice).await;
    let (language, said) = read(&pdf);
    assert_eq!(language, "en");
    for part in [&text(invoice, "/number"), "Invoice", "GBP 300.00", "Maya", "Compagnon Education Ltd"] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    let one = school.get("maya", &format!("/v1/invoices/{}", text(invoice, "/id"))).await.expect(200);
    assert_eq!(fetched(&one).await, pdf);

    let [letter] = &letters(folder.path())[..] else { panic!("one letter") };
    assert_eq!(letter.subject, format!("Invoice {}", text(invoice, "/number")));
    assert_eq!((letter.to.as_str(), letter.attached.as_ref()), ("maya@example.org", Some(&pdf)));
    assert!(letter.text.contains("GBP 300.00. It is paid"), "{}", letter.text);

    let enrollment = id.parse().expect("an id");
    let make =
        Job::MakeDocument { enrollment, invoice: text(invoice, "/id").parse().expect("an id"), note: None };
    let again = school.stack.store.transaction::<()>();
    let now = NOW.parse().expect("an instant");
    let again = again.enqueue(&make, now).enqueue(&Job::SendLetters { enrollment }, now);
    again.commit().await.expect("asked again");
    assert!(school.move_to(NOW).await >= 2);
    assert_eq!(fetched(&one).await, pdf);
    assert_eq!(letters(folder.path()).len(), 1);
    school.close().await;
}

/// A credit note is printed and sent, and links to neither are anybody else's.
#[tokio::test]
async fn a_credit_note_is_printed_and_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let id = begin(&school, "maya", "2027-02-07").await;
    let invoice = text(&items(&school, "maya", &format!("/v1/enrollments/{id}/invoices")).await[0], "/id");
    let notes = format!("/v1/invoices/{invoice}/credit-notes");
    let credit = json!({ "amount": { "amount_minor": 5_000, "currency": "GBP" }, "reason": "Goodwill" });
    let made = school.post("fay", &notes, credit).await.expect(201);
    assert_eq!(made["document_url"], Value::Null);
    settle(&school).await;
    let note = &items(&school, "maya", &notes).await[0];
    let pdf = fetched(note).await;
    let (_, said) = read(&pdf);
    for part in [&text(note, "/number"), "Credit note", "GBP 50.00", "Goodwill"] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    let letters = letters(folder.path());
    let letter = letters.iter().find(|letter| letter.subject.starts_with("Credit note")).expect("a letter");
    assert_eq!(letter.attached.as_ref(), Some(&pdf));
    assert_eq!(school.get("noor", &notes).await.refused(404), "not_found");
    school.close().await;
}

/// Enrolls Maya, of whose month Ana pays up to 100.00: the enrollment, and both of them.
async fn sponsored(school: &School) -> (String, String, String) {
    let id = enroll(school, "maya", "2027-02-07").await;
    let (maya, sponsor) = (school.id("maya").await, school.id("ana").await);
    let path = format!("/v1/enrollments/{id}/payers");
    let cap = json!({ "amount_minor": 10_000, "currency": "GBP" });
    let payers = json!({ "payers": [
        { "payer": sponsor, "cap": cap }, { "payer": maya, "share_percent": 100 } ] });
    let etag = school.get("fay", &path).await.etag();
    let named = school.by("fay", Method::PUT, &path).await.header("if-match", &etag).json(payers);
    named.send().await.expect(200);
    (id, maya, sponsor)
}

/// A document bears its payer's name and address: who studies on the same enrollment gets no link to it.
#[tokio::test]
async fn a_payers_document_is_for_the_payer_and_finance() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (id, maya, sponsor) = sponsored(&school).await;
    accept(&school, "maya", &id).await;
    settle(&school).await;
    let listed = items(&school, "maya", &format!("/v1/enrollments/{id}/invoices")).await;
    let of = |payer: &str| listed.iter().find(|it| it["payer"] == payer).expect("an invoice").clone();
    let (own, theirs) = (of(&maya), of(&sponsor));
    assert!(own["document_url"].is_string(), "{own}");
    assert_eq!(theirs["document_url"], Value::Null);
    let one = format!("/v1/invoices/{}", text(&theirs, "/id"));
    assert_eq!(school.get("maya", &one).await.expect(200)["document_url"], Value::Null);
    assert!(school.get("fay", &one).await.expect(200)["document_url"].is_string());
    let (_, said) = read(&fetched(&school.get("ana", &one).await.expect(200)).await);
    assert!(said.contains("one month (up to GBP 100.00)"), "{said}");
    school.close().await;
}

/// A letter that cannot be sent is shown to staff, and those behind it go out.
#[tokio::test]
async fn a_letter_that_nobody_can_have_is_shown_to_staff() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (id, _, sponsor) = sponsored(&school).await;
    let store = &school.stack.store;
    let kept = store.person(sponsor.parse().expect("an id")).await.expect("a store").expect("Ana");
    let nowhere = Person { email: Some("nowhere".into()), ..kept.value.clone() };
    store.keep_person(&kept.with(nowhere), "changed").commit().await.expect("kept");

    accept(&school, "maya", &id).await;
    settle(&school).await;
    let [letter] = &letters(folder.path())[..] else { panic!("one letter") };
    assert_eq!(letter.to, "maya@example.org");
    let queue = school.get("sam", "/v1/admin/queue").await.expect(200);
    assert_eq!(queue["undelivered"].as_array().map(Vec::len), Some(1));
    let undelivered = &queue["undelivered"][0];
    let told = ["/about", "/to", "/enrollment", "/reason"].map(|field| text(undelivered, field));
    let expected = ["invoice_issued", &sponsor, &id, "it cannot be written down"];
    assert_eq!(told, expected.map(str::to_owned));
    assert_eq!(queue["dead"], json!([]));
    school.close().await;
}

/// Who studies in French is written to in French.
#[tokio::test]
async fn a_document_is_in_the_students_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let body = json!({
        "edition": "web-development-fr", "language": "fr", "time_zone": "Europe/Paris",
        "start_on": "2027-02-07", "hours_per_week": 20,
    });
    let id = text(&school.post("maya", "/v1/enrollments", body).await.expect(201), "/id");
    accept(&school, "maya", &id).await;
    settle(&school).await;
    let invoice = &items(&school, "maya", &format!("/v1/enrollments/{id}/invoices")).await[0];
    let (language, said) = read(&fetched(invoice).await);
    assert_eq!(language, "fr");
    assert!(said.contains("Facture") && said.contains(&text(invoice, "/number")), "{said}");
    assert!(letters(folder.path())[0].text.contains("Elle est réglée"));
    school.close().await;
}

/// A month that nobody pays: its invoice comes from a run, the refusal and the suspension are told once.
#[tokio::test]
async fn an_unpaid_month_is_told_step_by_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let id = begin(&school, "maya", "2027-02-07").await;
    let path = format!("/v1/enrollments/{id}/payment-method");
    let etag = school.get("maya", &path).await.etag();
    let method = json!({ "payment_method": { "kind": "sandbox", "token": "declined_hard" } });
    let put = school.by("maya", Method::PUT, &path).await.header("if-match", &etag);
    put.json(method).send().await.expect(200);
    school.move_to("2027-03-20T10:00:00Z").await;
    let letters = letters(folder.path());
    let told = Vec::from_iter(letters.iter().map(|it| (it.at.as_str(), it.subject.as_str())));
    let expected = [
        (NOW, "Invoice GB-2027-000001"),
        ("2027-03-07T00:00:00Z", "Invoice GB-2027-000002"),
        ("2027-03-07T00:00:00Z", "Payment refused: invoice GB-2027-000002"),
        ("2027-03-18T00:00:00Z", "Your studies are suspended"),
    ];
    assert_eq!(told, expected);
    assert!(letters[1].text.contains("GBP 300.00 is due on 7 March 2027"), "{}", letters[1].text);
    assert!(letters[2].text.contains("please give another payment method now"));
    school.close().await;
}
