//! Letters read back by a mail parser, and what is refused.

use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const ID: &str = "0195d3a0-7c1e-7000-8000-000000000001";

fn sender() -> Addressee {
    Addressee { name: Some("Compagnon".into()), address: "billing@compagnon.example".into() }
}

fn letter() -> Letter {
    Letter {
        id: ID.into(),
        written_at: Timestamp::from_second(1_800_000_000).expect("a letter"),
        to: Addressee { name: Some("Élodie Nuñez, Dr.".into()), address: "elodie@example.org".into() },
        subject: "Votre facture LON-2027-000042 — 3 600,00 GBP".into(),
        text: "Bonjour Élodie,\n\nvoici votre facture.\n.\nÀ bientôt\n".into(),
        language: Language::Fr,
        entry: None,
        attachments: vec![Attachment {
            file_name: "facture n°42.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: (0..=255).cycle().take(5_000).collect(),
        }],
    }
}

async fn posted(folder: &TempDir, letter: &Letter) -> Vec<u8> {
    Post::to_folder(folder.path(), &sender()).expect("a letter").send(letter).await.expect("a letter");
    std::fs::read(folder.path().join(format!("{}.eml", letter.id))).expect("a letter")
}

fn refusal(letter: &Letter) -> Option<LetterRefused> {
    letter.message(&sender().mailbox().expect("a letter")).err()
}

#[tokio::test]
async fn a_letter_reads_back_as_it_was_written() {
    let folder = TempDir::new().expect("a letter");
    let bytes = posted(&folder, &letter()).await;
    let mail = MessageParser::default().parse(&bytes).expect("a letter");
    let to = mail.to().expect("a letter").first().expect("a letter");
    assert_eq!(mail.message_id(), Some(format!("{ID}@compagnon.example").as_str()));
    assert_eq!(
        mail.from().expect("a letter").first().expect("a letter").address(),
        Some("billing@compagnon.example")
    );
    assert_eq!((to.name(), to.address()), (Some("Élodie Nuñez, Dr."), Some("elodie@example.org")));
    assert_eq!(mail.subject(), Some(letter().subject.as_str()));
    assert_eq!(mail.date().expect("a letter").to_timestamp(), 1_800_000_000);
    assert_eq!(
        mail.body_text(0).expect("a letter").replace("\r\n", "\n").trim_end(),
        letter().text.trim_end()
    );
    assert_eq!(mail.header("Content-Language").expect("a letter").as_text(), Some("fr"));
    let file = mail.attachment(0).expect("a letter");
    assert_eq!(mail.attachment_count(), 1);
    assert_eq!(file.attachment_name(), Some("facture n°42.pdf"));
    assert_eq!(file.content_type().map(|kind| kind.ctype()), Some("application"));
    assert_eq!(file.contents(), letter().attachments[0].bytes);
}

/// RFC 6047: the method stands in the text and in the header of its part; the file is the same text.
#[tokio::test]
async fn an_entry_for_calendars_reads_back_as_it_was_written() {
    let folder = TempDir::new().expect("a letter");
    let text = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nSUMMARY:Séance de mentorat avec Élodie Nuñez et quelqu’un\r\n d’autre\r\nEND:VCALENDAR\r\n";
    let entry = Some(CalendarEntry { method: Method::Cancel, text: text.into() });
    let bytes = posted(&folder, &Letter { entry, attachments: Vec::new(), ..letter() }).await;
    let mail = MessageParser::default().parse(&bytes).expect("a letter");
    let kinds = mail.parts.iter().filter_map(|part| {
        let kind = part.content_type()?;
        Some((format!("{}/{}", kind.ctype(), kind.subtype()?), kind.attribute("method").map(str::to_owned)))
    });
    let expected = [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/calendar", Some("CANCEL")),
        ("application/ics", None),
    ];
    let expected = expected.map(|(kind, method)| (kind.to_owned(), method.map(str::to_owned)));
    assert_eq!(Vec::from_iter(kinds), expected);
    assert_eq!(mail.parts[3].contents(), text.as_bytes());
    assert_eq!(mail.parts[4].contents(), text.as_bytes());
    assert_eq!(mail.parts[4].attachment_name(), Some("invite.ics"));
    assert_eq!(mail.body_text(0).expect("a text").trim_end(), letter().text.trim_end().replace('\n', "\r\n"));
}

#[tokio::test]
async fn a_letter_posted_twice_is_there_once() {
    let folder = TempDir::new().expect("a letter");
    let once = posted(&folder, &letter()).await;
    let twice = posted(&folder, &letter()).await;
    assert_eq!(once, twice);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a letter").count(), 1);
}

#[test]
fn nothing_can_begin_another_header() {
    let injected = "Hello\r\nBcc: everyone@example.org";
    let not_one_line = Some(LetterRefused::NotOneLine { text: injected.into() });
    assert_eq!(refusal(&Letter { subject: injected.into(), ..letter() }), not_one_line);
    let to = Addressee { name: Some(injected.into()), ..letter().to };
    assert_eq!(refusal(&Letter { to, ..letter() }), not_one_line);
    let named = Attachment { file_name: injected.into(), ..letter().attachments[0].clone() };
    assert_eq!(refusal(&Letter { attachments: vec![named], ..letter() }), not_one_line);
}

#[test]
fn an_address_that_reaches_nobody_is_refused() {
    for address in
        ["", "ada", "ada@", "@example.org", "a@b@c", "ada@example.org\r\nBcc: x@y.z", "a b@example.org"]
    {
        let to = Addressee { name: None, address: address.into() };
        let refused = LetterRefused::Address { address: address.into() };
        assert_eq!(refusal(&Letter { to, ..letter() }), Some(refused));
    }
}

#[test]
fn an_id_cannot_leave_the_folder() {
    for id in ["", "../up", "a/b", "a.b", "a\n", "é", &"a".repeat(65)] {
        assert_eq!(refusal(&Letter { id: id.into(), ..letter() }), Some(LetterRefused::Id { id: id.into() }));
    }
}

#[test]
fn an_attachment_has_a_media_type() {
    for media_type in ["", "pdf", "application/pdf\r\nX-More: 1"] {
        let odd = Attachment { media_type: media_type.into(), ..letter().attachments[0].clone() };
        let refused = LetterRefused::MediaType { media_type: media_type.into() };
        assert_eq!(refusal(&Letter { attachments: vec![odd], ..letter() }), Some(refused));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a letter").local_addr().expect("a letter");
    let server = Server {
        host: gone.ip().to_string(),
        port: gone.port(),
        user: "billing".into(),
        password: Secret::new("secret"),
    };
    let post = Post::to_server(server, &sender()).expect("a letter");
    assert!(matches!(post.send(&letter()).await, Err(PostError::Unavailable(_))));
}

proptest! {
    #[test]
    fn whatever_is_written_no_header_is_added(subject in "\\PC{1,120}", name in "\\PC{1,60}", file_name in "\\PC{1,60}") {
        let to = Addressee { name: Some(name), ..letter().to };
        let attachment = Attachment { file_name, ..letter().attachments[0].clone() };
        let written = Letter { subject, to, attachments: vec![attachment], ..letter() };
        if let Ok(message) = written.message(&sender().mailbox().expect("a letter")) {
            let bytes = message.formatted();
            let mail = MessageParser::default().parse(&bytes).expect("a letter");
            let names = Vec::from_iter(mail.headers().iter().map(|header| header.name().to_string()));
            prop_assert_eq!(names.len(), 9, "{:?}", names);
            prop_assert_eq!(mail.to().expect("a letter").as_list().map(<[_]>::len), Some(1));
            prop_assert_eq!(mail.attachment_count(), 1);
        }
    }
}
