//! A school that collects direct debits, and what its bank says.

use std::path::Path;

use infra::providers::ProviderSettings;
use infra::stack::Options;
use mail_parser::MessageParser;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Answer, School, text};

pub const FILES: &str = "/v1/admin/billing/debit-files";
pub const REPORTS: &str = "/v1/admin/billing/bank-reports";
pub const CREDITORS: &str = r#"{"FR": {"name": "Compagnon SAS", "iban": "FR1420041010050500013M02606",
    "bic": "PSSTFRPP", "creditor_id": "DE98ZZZ09999999999"}}"#;
pub const IBAN: &str = "NL91ABNA0417164300";
pub const NOW: &str = "2027-03-01T09:00:00Z";

/// A school whose French legal entity collects direct debits.
pub struct Bank {
    pub school: School,
    pub folder: TempDir,
}

impl Bank {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let creditors = ProviderSettings::read_creditors(CREDITORS).expect("a creditor");
        let providers = ProviderSettings { creditors, ..ProviderSettings::default() };
        let data = Some(folder.path().to_owned());
        let options = Options { port: 0, data, now: NOW.parse().ok(), providers, ..Options::default() };
        Self { school: School::with(options).await, folder }
    }

    /// Enrolls somebody on the French edition.
    pub async fn enroll(&self, name: &str) -> Value {
        let body = json!({
            "edition": "web-development-fr", "language": "fr", "time_zone": "Europe/Paris",
            "start_on": "2027-03-01", "hours_per_week": 20,
        });
        self.school.post(name, "/v1/enrollments", body).await.expect(201)
    }

    /// Enrolls somebody and accepts with a direct debit; answers the enrollment and its first invoice.
    pub async fn accepted(&self, name: &str) -> (String, String) {
        let id = text(&self.enroll(name).await, "/id");
        let accepted = self.accept(name, &id).await.expect(200);
        let states = (text(&accepted, "/state"), text(&accepted, "/payment/state"));
        assert_eq!(states, ("quoted".into(), "pending".into()));
        let invoice = text(&self.invoices(name, &id).await[0], "/id");
        (id, invoice)
    }

    pub async fn accept(&self, name: &str, id: &str) -> Answer {
        let body = json!({ "contract_version": 1, "payment_method": debit() });
        self.school.post(name, &format!("/v1/enrollments/{id}/accept"), body).await
    }

    pub async fn invoices(&self, name: &str, id: &str) -> Vec<Value> {
        let list = self.school.get(name, &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
        list["items"].as_array().expect("a list").clone()
    }

    pub async fn state(&self, name: &str, id: &str) -> String {
        text(&self.school.get(name, &format!("/v1/enrollments/{id}")).await.expect(200), "/state")
    }

    /// An invoice's state, what is paid of it, and its one payment.
    pub async fn invoice(&self, invoice: &str) -> (String, i64, Value) {
        let shown = self.school.get("fay", &format!("/v1/invoices/{invoice}")).await.expect(200);
        let payments = self.school.get("fay", &format!("/v1/invoices/{invoice}/payments")).await.expect(200);
        let payments = payments["items"].as_array().expect("a list").clone();
        let [payment] = &payments[..] else { panic!("one payment: {payments:?}") };
        let paid = shown["paid"]["amount_minor"].as_i64().expect("cents");
        (text(&shown, "/state"), paid, payment.clone())
    }

    /// Waits until what was asked of the worker is done.
    pub async fn settle(&self) {
        let shown = self.school.ask(Method::GET, "/dev/clock").send().await.body;
        self.school.move_to(&text(&shown, "/now")).await;
    }

    pub async fn ask_file(&self, collect_on: &str) -> Answer {
        let body = json!({ "entity": "FR", "collect_on": collect_on });
        self.school.post("fay", FILES, body).await
    }

    /// Asks for a file, and answers it once it is made.
    pub async fn file(&self, collect_on: &str) -> Value {
        let asked = self.ask_file(collect_on).await.expect(201);
        self.settle().await;
        self.shown(&format!("{FILES}/{}", text(&asked, "/id"))).await
    }

    pub async fn shown(&self, path: &str) -> Value {
        self.school.get("fay", path).await.expect(200)
    }

    pub async fn send(&self, name: &str, report: impl Into<reqwest::Body>) -> Answer {
        self.school.by(name, Method::POST, REPORTS).await.body("application/xml", report).send().await
    }

    /// Uploads a report, and answers what became of it.
    pub async fn report(&self, report: &str) -> Value {
        let sent = self.send("fay", report.to_owned()).await.expect(201);
        self.settle().await;
        self.shown(&format!("{REPORTS}/{}", text(&sent, "/id"))).await
    }

    /// The subjects of the letters that went out.
    pub fn letters(&self) -> Vec<String> {
        let read = |path: &Path| {
            let bytes = std::fs::read(path).expect("a letter");
            let mail = MessageParser::default().parse(&bytes).expect("a mail");
            mail.subject().expect("a subject").to_owned()
        };
        let folder = std::fs::read_dir(self.folder.path().join("mail")).expect("a folder");
        let mut letters = Vec::from_iter(folder.map(|entry| read(&entry.expect("an entry").path())));
        letters.sort();
        letters
    }
}

pub fn debit() -> Value {
    json!({ "kind": "sepa_debit", "iban": IBAN, "name": "Maya Lind", "mandate": "MND-1", "signed_on": "2027-03-01" })
}

/// What a report names an invoice by.
pub fn reference(invoice: &str) -> &str {
    invoice.trim_start_matches("inv_")
}

/// A notification of the bank that debits were returned.
pub fn returned(message: &str, lines: &[(&str, &str)]) -> String {
    let line = |(reference, reason): &(&str, &str)| {
        format!(
            "<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy=\"EUR\">300.00</Amt>\
             <CdtDbtInd>DBIT</CdtDbtInd><RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf></TxDtls>"
        )
    };
    let lines: String = lines.iter().map(line).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn>\
         <GrpHdr><MsgId>{message}</MsgId><CreDtTm>2027-04-12T08:00:00</CreDtTm></GrpHdr><Ntfctn><Id>N</Id><Ntry>\
         <Amt Ccy=\"EUR\">300.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>\
         <NtryDtls>{lines}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
}

/// A status report of the bank over a file: refused as a whole, or line by line.
pub fn refused(message: &str, file: &str, group: &str, lines: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>{message}</MsgId><CreDtTm>2027-03-02T10:00:00</CreDtTm></GrpHdr>\
         <OrgnlGrpInfAndSts><OrgnlMsgId>{file}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>\
         <GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>{lines}</CstmrPmtStsRpt></Document>"
    )
}

pub async fn bytes(file: &Value) -> String {
    let answer = reqwest::get(text(file, "/download_url")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("text")
}
