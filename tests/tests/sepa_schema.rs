//! What we send to banks is valid by the official schemas, which the PyPI package `sepaxml` ships.

use domain::id::InvoiceId;
use domain::money::{Currency, Money};
use tests::sepa_schema::is_valid;
use worker::payment::sepa::{Creditor, Debit, DebitFile, Layout, Sequence};

fn file(debits: usize, name: &str, bic: Option<&str>) -> DebitFile {
    let debit = |number: usize| Debit {
        invoice: InvoiceId::derived(&[&number.to_string()]),
        amount: Money::minor(30_000 + i64::try_from(number).expect("small"), Currency::Eur),
        debtor: name.to_owned(),
        iban: "FR1420041010050500013M02606".parse().expect("an IBAN"),
        mandate: format!("MND-{number}"),
        signed_on: "2027-01-04".parse().expect("a date"),
        sequence: if number.is_multiple_of(2) { Sequence::First } else { Sequence::Recurring },
        remittance: if number.is_multiple_of(3) {
            String::new()
        } else {
            format!("Facture {number} & frais")
        },
    };
    DebitFile {
        message: "DD-2027-02-08".into(),
        creditor: Creditor {
            name: "École Compagnon".into(),
            iban: "DE89370400440532013000".parse().expect("an IBAN"),
            bic: bic.map(|bic| bic.parse().expect("a BIC")),
            creditor_id: "DE98ZZZ09999999999".parse().expect("a creditor id"),
        },
        on: "2027-02-08".parse().expect("a date"),
        debits: (0..debits).map(debit).collect(),
    }
}

#[test]
fn every_file_is_valid_by_the_official_schema() {
    let now = "2027-02-01T10:20:30Z".parse().expect("an instant");
    for (layout, schema) in [(Layout::V2, "pain.008.001.02"), (Layout::V8, "pain.008.001.08")] {
        for file in [
            file(1, "Maya Lind", None),
            file(50, "Zoë Müller & Sønner <OHG>", Some("COBADEFF")),
            file(2, &"x".repeat(70), Some("COBADEFF")),
        ] {
            let text = file.write(layout, now).expect("a file");
            assert!(is_valid(&text, schema), "{schema}: {text}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let now = "2027-02-01T10:20:30Z".parse().expect("an instant");
    let text = file(1, "Maya Lind", None).write(Layout::V8, now).expect("a file");
    assert!(!is_valid(&text.replace("<SeqTp>FRST</SeqTp>", "<SeqTp>SOME</SeqTp>"), "pain.008.001.08"));
    assert!(!is_valid(&text, "pain.008.001.02"));
}
