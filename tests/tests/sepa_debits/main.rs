//! Direct debits through the whole stack: listed, put into one file, counted on their day, and taken back when
//! the bank says so.

mod bank;

use domain::debit::DebitFileState;
use domain::job::Job;
use reqwest::Method;
use serde_json::{Value, json};
use tests::sepa_schema::is_valid;
use tests::{enroll, text};

use bank::*;

/// Two months by direct debit: the first begins the enrollment on its day; the second is taken back, tried
/// again on the plan's next day, refused with its whole file, and collected at last.
#[tokio::test(flavor = "multi_thread")]
async fn a_debit_is_collected_on_its_day_and_owed_again_once_it_is_returned() {
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

    bank.school.move_to("2027-04-12T09:00:00Z").await;
    let report = returned("N-1", &[(reference(&second), "AM04"), ("SOMEBODY-ELSE", "AC04")]);
    let read = bank.report(&report).await;
    assert_eq!((text(&read, "/state"), text(&read, "/message")), ("read".into(), "N-1".into()));
    assert_eq!((&read["returned"], &read["foreign"], &read["refused"]), (&json!(1), &json!(1), &json!(0)));
    let owed = async || {
        let (state, paid, payment) = bank.invoice(&second).await;
        let payment = (text(&payment, "/state"), text(&payment, "/reason"));
        assert_eq!((state, paid, payment), ("past_due".into(), 0, ("returned".into(), "AM04".into())));
        let invoice = text(&bank.school.get("fay", &format!("/v1/invoices/{second}")).await.body, "/number");
        let told = format!("Prélèvement rejeté : facture {invoice}");
        assert_eq!(bank.letters().iter().filter(|subject| **subject == told).count(), 1);
    };
    owed().await;
    // Heard again, the same bytes or the bank's same message, it changes nothing.
    let same = bank.send("fay", report.clone()).await.expect(200);
    assert_eq!(same, read);
    let again = Job::ReadBankReport { report: text(&read, "/id").parse().expect("an id") };
    let again = store.transaction::<()>().enqueue(&again, NOW.parse().expect("an instant"));
    again.commit().await.expect("asked again");
    let other = bank.report(&report.replace("><GrpHdr>", ">\n<GrpHdr>")).await;
    assert_eq!((text(&other, "/state"), &other["returned"]), ("refused".into(), &json!(0)));
    owed().await;

    // Tried again on the plan's next day; a file that is refused whole gives back what it had.
    bank.school.move_to("2027-04-14T09:00:00Z").await;
    let whole = bank.file("2027-04-16").await;
    assert_eq!(whole["debits"], 1);
    let report = bank.report(&refused("R-1", &text(&whole, "/message"), "RJCT", "")).await;
    assert_eq!((&report["listed"], &report["refused"]), (&json!(1), &json!(0)));
    assert_eq!(text(&bank.invoice(&second).await.2, "/state"), "listed");
    assert_eq!(bank.file("2027-04-19").await["debits"], 1);
    bank.school.move_to("2027-04-19T09:00:00Z").await;
    assert_eq!(
        (bank.invoice(&second).await.0, bank.state("maya", &id).await),
        ("paid".into(), "active".into())
    );

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
    assert_eq!(cash(&of("2027-04-12")["posted"]), Some(-30_000));
    assert_eq!(cash(&of("2027-04-12")["balances"]), Some(30_000));
    bank.school.close().await;
}

/// Files that are asked for at once share what waits; what a bank refuses before its day never counts as paid.
#[tokio::test(flavor = "multi_thread")]
async fn each_debit_is_in_one_file_and_a_refused_one_is_never_paid() {
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

    let (id, invoice) = &invoices[1];
    let line = format!(
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{}</OrgnlEndToEndId>\
         <TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>",
        reference(invoice)
    );
    // Said of another file of ours, it is not about this one.
    let other = "0123456789ABCDEFGHIJ01234";
    let read = bank.report(&refused("R-1", other, "PART", &line)).await;
    assert_eq!((&read["refused"], &read["known"]), (&json!(0), &json!(1)));
    let read = bank.report(&refused("R-2", "X", "PART", &line)).await;
    assert_eq!((&read["refused"], &read["returned"]), (&json!(1), &json!(0)));
    bank.school.move_to("2027-03-06T09:00:00Z").await;
    let (state, paid, payment) = bank.invoice(invoice).await;
    let payment = (text(&payment, "/state"), text(&payment, "/reason"));
    assert_eq!((state, paid, payment), ("draft".into(), 0, ("declined".into(), "AC04".into())));
    assert_eq!(bank.state("tom", id).await, "quoted");
    for (name, (id, _)) in ["maya", "noor"].iter().zip([&invoices[0], &invoices[2]]) {
        assert_eq!(bank.state(name, id).await, "active");
    }
    // Accepted once more, it is asked for once more.
    bank.accept("tom", id).await.expect(200);
    assert_eq!(text(&bank.invoice(invoice).await.2, "/state"), "listed");
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

/// What finance does not take to the bank is collected by the next file, and never counts before.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_recalled_collects_nothing() {
    let bank = Bank::open().await;
    let (id, invoice) = bank.accepted("maya").await;
    let file = text(&bank.file("2027-03-04").await, "/id");
    let recall = format!("{FILES}/{file}/recall");
    assert_eq!(bank.school.post("maya", &recall, json!({})).await.refused(403), "forbidden");
    let recalled = bank.school.post("fay", &recall, json!({})).await.expect(200);
    assert_eq!((text(&recalled, "/state"), &recalled["download_url"]), ("recalled".into(), &Value::Null));
    assert_eq!(bank.school.post("fay", &recall, json!({})).await.refused(409), "wrong_state");
    bank.settle().await;
    assert_eq!(text(&bank.invoice(&invoice).await.2, "/state"), "listed");
    let next = text(&bank.file("2027-03-05").await, "/id");
    // Emptied once more, the recalled file takes nothing out of the next one.
    let store = &bank.school.stack.store;
    let again = Job::EmptyDebitFile { file: file.parse().expect("an id") };
    let again = store.transaction::<()>().enqueue(&again, NOW.parse().expect("an instant"));
    again.commit().await.expect("asked again");
    bank.school.move_to("2027-03-04T20:00:00Z").await;
    assert_eq!(bank.state("maya", &id).await, "quoted");
    bank.school.move_to("2027-03-05T09:00:00Z").await;
    assert_eq!(bank.state("maya", &id).await, "active");
    let late = bank.school.post("fay", &format!("{FILES}/{next}/recall"), json!({})).await;
    assert_eq!(late.refused(409), "wrong_state");
    bank.school.close().await;
}

#[tokio::test]
async fn files_and_reports_are_for_finance_and_held_to_their_form() {
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
    let (_, invoice) = bank.accepted("maya").await;
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

    let report = returned("N-9", &[(reference(&invoice), "MD06")]);
    assert_eq!(bank.send("maya", report.clone()).await.refused(403), "forbidden");
    let json = bank.school.by("fay", Method::POST, REPORTS).await.json(json!({})).send().await;
    assert_eq!(json.refused(415), "unsupported_media_type");
    assert_eq!(bank.send("fay", "").await.refused(422), "empty_file");
    assert_eq!(bank.send("fay", vec![b'<', 0xff]).await.refused(422), "invalid_field");
    let long = " ".repeat(domain::debit::REPORT_BYTES_MAX + 1);
    assert_eq!(bank.send("fay", long).await.refused(413), "body_too_large");
    for bad in ["not a report", "<a/>", &report.replace("camt.054", "camt.053")] {
        let read = bank.report(bad).await;
        assert_eq!((text(&read, "/state"), &read["returned"]), ("refused".into(), &json!(0)), "{bad}");
    }
    // What is in a file and has not counted yet is refused by the same word, and known from then on.
    let long_one = format!("{report}{}", " ".repeat(2 * 1024 * 1024));
    let read = bank.report(&long_one).await;
    assert_eq!((&read["refused"], &read["known"]), (&json!(1), &json!(0)), "{read}");
    let read = bank.report(&returned("N-10", &[(reference(&invoice), "MD06")])).await;
    assert_eq!((&read["refused"], &read["known"]), (&json!(0), &json!(1)), "{read}");
    bank.school.close().await;
}
