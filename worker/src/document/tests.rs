//! Documents read back from their files.

use domain::billing::Part;
use domain::money::Currency;
use jiff::civil::date;
use lopdf::Object;

use super::*;

fn pounds(minor: i64) -> Money {
    Money::minor(minor, Currency::Gbp)
}

fn party(name: &str) -> Party {
    Party {
        name: name.into(),
        lines: vec!["12 Square".into(), "London".into()],
        tax_id: Some("GB 123".into()),
    }
}

fn invoice(language: Language) -> Document {
    let description = Description::Month {
        edition_title: "Software Engineering".into(),
        part: Some(Part::SharePercent(50)),
    };
    Document {
        kind: Kind::Invoice {
            due_on: Some(date(2027, 3, 15)),
            paid: pounds(100_000),
            credited: pounds(10_000),
            owed: pounds(250_000),
        },
        number: "LON-2027-000042".into(),
        language,
        issuer: party("Compagnon UK Ltd"),
        recipient: party("Élodie Nuñez"),
        issued_on: date(2027, 3, 1),
        period: Some((date(2027, 3, 1), date(2027, 4, 1))),
        lines: vec![Line { description, amount: pounds(360_000) }],
        net: pounds(300_000),
        tax: vec![TaxLine {
            category: TaxCategory::Standard { rate_basis_points: 2_000 },
            base: pounds(300_000),
            amount: pounds(60_000),
        }],
        total: pounds(360_000),
    }
}

fn credit_note(language: Language) -> Document {
    let exempt = TaxCategory::Exempt { reason: "Education".into() };
    Document {
        kind: Kind::CreditNote { corrects: "LON-2027-000042".into(), reason: "Withdrawal".into() },
        number: "LON-2027-C00003".into(),
        lines: vec![Line {
            description: Description::UnusedDays { used: 12, of: 31 },
            amount: pounds(220_645),
        }],
        net: pounds(220_645),
        tax: vec![TaxLine { category: exempt, base: pounds(220_645), amount: pounds(0) }],
        total: pounds(220_645),
        ..invoice(language)
    }
}

fn file(document: &Document) -> lopdf::Document {
    lopdf::Document::load_mem(&render(document).expect("readable")).expect("readable")
}

/// What a reader finds on all pages, spaces made plain.
fn text(document: &Document) -> String {
    let file = file(document);
    let pages = Vec::from_iter(file.get_pages().into_keys());
    let text = file.extract_text(&pages).expect("readable");
    text.replace(['\u{a0}', '\u{202f}', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The kinds of all tags, `TH` with what it heads.
fn tags(file: &lopdf::Document) -> Vec<String> {
    let name = |object: &Object| object.as_name().map(|name| String::from_utf8_lossy(name).into_owned()).ok();
    let tag = |object: &Object| {
        let element = object.as_dict().ok().filter(|element| element.has_type(b"StructElem"))?;
        let scope = element.get(b"A").ok().and_then(|attributes| {
            let first = attributes.as_array().map_or(attributes, |all| &all[0]);
            name(first.as_dict().ok()?.get(b"Scope").ok()?)
        });
        let kind = name(element.get(b"S").ok()?)?;
        Some(scope.map_or(kind.clone(), |scope| format!("{kind} {scope}")))
    };
    file.objects.values().filter_map(tag).collect()
}

#[test]
fn a_document_always_makes_the_same_bytes() {
    for document in [invoice(Language::Fr), credit_note(Language::Es)] {
        assert_eq!(render(&document).expect("readable"), render(&document).expect("readable"));
    }
}

#[test]
fn an_invoice_says_what_is_owed_in_each_language() {
    let check = |language, parts: [&str; 8]| {
        let text = text(&invoice(language));
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    };
    check(
        Language::En,
        [
            "Invoice LON-2027-000042",
            "Amount due GBP 2,500.00",
            "Due on 15 March 2027",
            "Period 1 March 2027 to 31 March 2027",
            "Software Engineering, one month (share: 50%) GBP 3,600.00",
            "Tax 20%, on GBP 3,000.00 GBP 600.00",
            "Paid GBP 1,000.00 Credited GBP 100.00",
            "Élodie Nuñez",
        ],
    );
    check(
        Language::Fr,
        [
            "Facture LON-2027-000042",
            "Reste à payer 2 500,00 GBP",
            "Échéance 15 mars 2027",
            "Période du 1er mars 2027 au 31 mars 2027",
            "Software Engineering, un mois (part : 50 %) 3 600,00 GBP",
            "Taxe 20 %, sur 3 000,00 GBP 600,00 GBP",
            "Déjà payé 1 000,00 GBP Avoirs 100,00 GBP",
            "Élodie Nuñez",
        ],
    );
    check(
        Language::Es,
        [
            "Factura LON-2027-000042",
            "Importe pendiente 2500,00 GBP",
            "Fecha de vencimiento 15 de marzo de 2027",
            "Periodo del 1 de marzo de 2027 al 31 de marzo de 2027",
            "Software Engineering, un mes (parte: 50 %) 3600,00 GBP",
            "Impuesto 20 %, sobre 3000,00 GBP 600,00 GBP",
            "Pagado 1000,00 GBP Abonado 100,00 GBP",
            "Élodie Nuñez",
        ],
    );
}

#[test]
fn a_credit_note_says_which_invoice_it_corrects_and_why() {
    let check = |language, parts: [&str; 4]| {
        let text = text(&credit_note(language));
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    };
    check(
        Language::En,
        [
            "Amount credited GBP 2,206.45",
            "Corrects invoice LON-2027-000042",
            "Reason Withdrawal",
            "Unused days: 12 of 31 days were used",
        ],
    );
    check(
        Language::Fr,
        [
            "Montant de l’avoir 2 206,45 GBP",
            "Rectifie la facture LON-2027-000042",
            "Motif Withdrawal",
            "Jours non utilisés : 12 jours utilisés sur 31",
        ],
    );
    check(
        Language::Es,
        [
            "Importe abonado 2206,45 GBP",
            "Rectifica la factura LON-2027-000042",
            "Motivo Withdrawal",
            "Días no utilizados: se utilizaron 12 de 31 días",
        ],
    );
    assert!(!text(&credit_note(Language::En)).contains("Amount due"));
}

#[test]
fn a_screen_reader_finds_headings_and_tables_with_heads() {
    let file = file(&invoice(Language::Es));
    let tags = tags(&file);
    let count = |kind: &str| tags.iter().filter(|tag| *tag == kind).count();
    assert_eq!(["H1", "H2", "Table", "THead", "TH Column", "TH Row"].map(count), [1, 2, 2, 1, 2, 6]);
    let catalog = file.catalog().expect("readable");
    assert_eq!(catalog.get(b"Lang").expect("readable").as_str().expect("readable"), b"es");
    assert!(catalog.has(b"Outlines") && catalog.has(b"StructTreeRoot"));
    let metadata = file
        .get_object(catalog.get(b"Metadata").expect("readable").as_reference().expect("readable"))
        .expect("readable");
    let metadata = String::from_utf8_lossy(&metadata.as_stream().expect("readable").content).into_owned();
    for claim in ["<pdfuaid:part>1<", "<pdfaid:part>2<", "Factura LON-2027-000042"] {
        assert!(metadata.contains(claim), "{claim:?} is not in {metadata:?}");
    }
}

#[test]
fn a_hundred_lines_break_over_pages_and_lose_none() {
    let line =
        |nth| Line { description: Description::Written(format!("Line number {nth},")), amount: pounds(nth) };
    let long = Document { lines: (1..=100).map(line).collect(), ..invoice(Language::En) };
    let pages = file(&long).get_pages().len();
    assert!((3..=6).contains(&pages), "{pages} pages");
    let text = text(&long);
    assert!((1..=100).all(|nth| text.contains(&format!("Line number {nth},"))));
    assert!(text.contains(&format!("Page 1 of {pages}")));
    assert_eq!(tags(&file(&long)).iter().filter(|tag| *tag == "TH Column").count(), 2);
}

#[test]
fn a_document_has_an_end() {
    let line = Line { description: Description::Written("x".into()), amount: pounds(1) };
    let endless = Document { lines: vec![line; LINES_MAX + 1], ..invoice(Language::En) };
    assert!(matches!(render(&endless), Err(RenderError::TooManyLines { count }) if count == LINES_MAX + 1));
}

#[test]
fn any_name_prints() {
    let names = [
        "",
        "山田太郎",
        "محمد بن عبد الله",
        "👩🏽‍🎓 Ada",
        "a\u{0}b\u{feff}c\u{e000}d\u{fffe}e\u{202e}f\tg\nh\u{10ffff}",
        "e\u{301}\u{301}\u{301}",
        "नमस्ते",
        &"w".repeat(5_000),
        &"long name ".repeat(500),
    ];
    for name in names {
        let named = Document { recipient: party(name), ..invoice(Language::En) };
        assert!(render(&named).is_ok(), "{name:?} does not print");
    }
}

#[test]
fn a_name_that_no_font_draws_is_still_there_for_a_reader() {
    let file = file(&Document { recipient: party("Ada 山田"), ..invoice(Language::En) });
    let contents =
        file.objects.values().filter_map(|object| object.as_stream().ok()?.get_plain_content().ok());
    let said = "/ActualText<FEFF7530>"; // 田 in UTF-16
    assert!(contents.into_iter().any(|content| String::from_utf8_lossy(&content).contains(said)));
}
