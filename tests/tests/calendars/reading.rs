//! Letters as a reader's mail has them, and entries as PyPI's icalendar understands them.

use std::path::Path;
use std::process::Stdio;

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};
use tests::text;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A letter as its reader's mail has it.
#[derive(Debug)]
pub struct Letter {
    pub at: String,
    pub subject: String,
    pub text: String,
    /// The method in the header, and the entry.
    pub entry: Option<(String, String)>,
}

/// The letters about sessions that somebody got, in order.
pub fn letters(folder: &Path, to: &str) -> Vec<Letter> {
    let mut letters = Vec::new();
    for file in std::fs::read_dir(folder.join("mail")).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("a letter");
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        let reader = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("a reader");
        let subject = mail.subject().expect("a subject").replace('\u{a0}', " ");
        // Less those about the talk in which the two get to know each other.
        let introduces = ["First talk", "Entretien découverte"].iter().any(|words| subject.contains(words));
        if reader != format!("{to}@example.org") || subject.starts_with("Invoice") || introduces {
            continue;
        }
        let of_kind = |kind: &str, subtype: &str| {
            mail.parts.iter().find(|part| {
                part.content_type().is_some_and(|it| (it.ctype(), it.subtype()) == (kind, Some(subtype)))
            })
        };
        let entry = of_kind("text", "calendar").map(|part| {
            let method = part.content_type().and_then(|kind| kind.attribute("method")).expect("a method");
            let file = of_kind("application", "ics").expect("a file");
            assert_eq!((file.contents(), file.attachment_name()), (part.contents(), Some("invite.ics")));
            (method.to_owned(), String::from_utf8(part.contents().to_vec()).expect("a text"))
        });
        let text = mail.body_text(0).expect("a text").replace('\u{a0}', " ").replace("\r\n", "\n");
        letters.push(Letter { at: mail.date().expect("a date").to_rfc3339(), subject, text, entry });
    }
    letters.sort_by(|a, b| (&a.at, &a.subject).cmp(&(&b.at, &b.subject)));
    letters
}

/// Those that were written from an instant on.
pub fn letters_since(folder: &Path, to: &str, since: &str) -> Vec<Letter> {
    letters(folder, to).into_iter().filter(|letter| letter.at.as_str() >= since).collect()
}

pub fn subjects(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.subject.as_str()).collect()
}

/// What PyPI's icalendar understands of a text.
pub async fn understood(text: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../target/tools/venv/bin/python");
    assert!(python.exists(), "no {}: run `make tools` first", python.display());
    let mut reader = Command::new(python)
        .arg(root.join("calendars/read.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python starts");
    let mut stdin = reader.stdin.take().expect("an input");
    stdin.write_all(text.as_bytes()).await.expect("read");
    drop(stdin);
    let said = reader.wait_with_output().await.expect("an answer");
    assert!(said.status.success(), "not understood: {text}");
    serde_json::from_slice(&said.stdout).expect("JSON")
}

/// Each event's UID, number and state, and when it starts: by its zone's name and by its definition alike.
pub fn events(understood: &Value) -> Vec<(String, u64, String, String)> {
    let read = |event: &Value| {
        for time in ["start", "end"] {
            assert_eq!(event[time]["tzid"], "Europe/Paris", "{event}");
            assert_eq!(event[time]["by_name"], event[time]["by_definition"], "{event}");
        }
        assert_eq!(event["errors"], json!([]));
        let sequence = event["sequence"].as_u64().expect("a number");
        (text(event, "/uid"), sequence, text(event, "/status"), text(event, "/start/by_name"))
    };
    let events = understood["events"].as_array().expect("events").iter();
    let introduces =
        |summary: String| ["First talk", "Entretien découverte"].iter().any(|it| summary.starts_with(it));
    events.filter(|event| !introduces(text(event, "/summary"))).map(read).collect()
}
