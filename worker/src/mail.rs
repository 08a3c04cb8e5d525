//! Letters: mail of words and attachments, and the ways to post one.
//!
//! A letter's id is its Message-ID and its file's name, so that posting it again replaces the file,
//! and a server or a reader that has seen it knows it again.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use domain::ics::Method;
use jiff::Timestamp;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Code;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thiserror::Error;

use crate::document::Language;
use crate::secret::Secret;

/// How long a server may take for each step of a letter.
const STEP_TIME_MAX: Duration = Duration::from_secs(30);
/// Characters of a name or a subject.
const LINE_CHARS_MAX: usize = 250;

/// One mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is known by: letters, digits and hyphens, such as a UUID.
    pub id: String,
    /// When it was written: the same whenever it is posted.
    pub written_at: Timestamp,
    /// Whom it is for.
    pub to: Addressee,
    /// What it is about, on one line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// What its text is written in.
    pub language: Language,
    /// What it means for the reader's calendar, if it does.
    pub entry: Option<CalendarEntry>,
    /// The files that come with it.
    pub attachments: Vec<Attachment>,
}

/// What a letter means for its reader's calendar (iMIP, RFC 6047).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarEntry {
    /// What it is sent for: the same in the text and in its header.
    pub method: Method,
    /// The text of iCalendar.
    pub text: String,
}

/// Who gets a letter, or sends one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// What people call them, if known.
    pub name: Option<String>,
    /// Such as `ada@example.org`.
    pub address: String,
}

/// A file that comes with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What the reader saves it as.
    pub file_name: String,
    /// Such as `application/pdf`.
    pub media_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why a letter cannot be written down; posting it again would not help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LetterRefused {
    /// The id is empty, too long, or more than letters, digits and hyphens.
    #[error("{id:?} is no id of a letter")]
    Id {
        /// What was given.
        id: String,
    },
    /// Nobody can be reached there.
    #[error("{address:?} is no mail address")]
    Address {
        /// What was given.
        address: String,
    },
    /// A subject, a name or a file's name is more than one line of printable characters.
    #[error("{text:?} is not one line")]
    NotOneLine {
        /// What was given.
        text: String,
    },
    /// The type of an attachment is none.
    #[error("{media_type:?} is no media type")]
    MediaType {
        /// What was given.
        media_type: String,
    },
}

/// Why a letter was not posted.
#[derive(Debug, Error)]
pub enum PostError {
    /// It cannot be written down.
    #[error(transparent)]
    Letter(#[from] LetterRefused),
    /// The folder does not take it: try again.
    #[error("the folder does not take the letter: {0}")]
    Folder(#[source] io::Error),
    /// The server refuses it, for good.
    #[error("the mail server refuses the letter: {0}")]
    Rejected(#[source] lettre::transport::smtp::Error),
    /// The server cannot be reached, or cannot take it now: try again.
    #[error("the mail server does not take the letter now: {0}")]
    Unavailable(#[source] lettre::transport::smtp::Error),
}

/// Where a mail server is, and who it knows us as.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name, which its certificate must be for.
    pub host: String,
    /// Its port: 465 speaks TLS from the start, any other must turn to TLS before a word is said.
    pub port: u16,
    /// The name we log in with.
    pub user: String,
    /// The password we log in with.
    pub password: Secret,
}

/// A way to post letters, from one sender.
pub struct Post {
    sender: Mailbox,
    way: Way,
}

enum Way {
    Folder(PathBuf),
    Server(AsyncSmtpTransport<Tokio1Executor>),
}

impl Post {
    /// Puts each letter into a folder, as a file named by its id.
    pub fn to_folder(folder: impl Into<PathBuf>, sender: &Addressee) -> Result<Self, LetterRefused> {
        Ok(Self { sender: sender.mailbox()?, way: Way::Folder(folder.into()) })
    }

    /// Gives each letter to a mail server, over TLS only.
    pub fn to_server(server: Server, sender: &Addressee) -> Result<Self, PostError> {
        let relay = match server.port {
            465 => AsyncSmtpTransport::<Tokio1Executor>::relay(&server.host),
            _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&server.host),
        };
        let relay = relay.map_err(PostError::Unavailable)?.port(server.port);
        let sender = sender.mailbox()?;
        let hello = ClientId::Domain(sender.email.domain().into());
        let login = Credentials::new(server.user, server.password.expose().to_owned());
        let relay = relay.hello_name(hello).credentials(login).timeout(Some(STEP_TIME_MAX));
        Ok(Self { sender, way: Way::Server(relay.build()) })
    }

    /// The address that letters are from.
    pub fn sender(&self) -> &Address {
        &self.sender.email
    }

    /// Posts a letter. A folder has it once however often it is posted; a server that did not answer
    /// may have it already, and gets it with the same Message-ID.
    pub async fn send(&self, letter: &Letter) -> Result<(), PostError> {
        let message = letter.message(&self.sender)?;
        match &self.way {
            Way::Folder(folder) => {
                let place = folder.join(format!("{}.eml", letter.id));
                let bytes = message.formatted();
                let saved = tokio::task::spawn_blocking(move || replace(&place, &bytes));
                saved.await.map_err(io::Error::other).and_then(|saved| saved).map_err(PostError::Folder)
            }
            Way::Server(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if is_final(&error) => Err(PostError::Rejected(error)),
                Err(error) => Err(PostError::Unavailable(error)),
            },
        }
    }
}

impl Letter {
    /// The mail, the same bytes for the same letter.
    fn message(&self, sender: &Mailbox) -> Result<Message, LetterRefused> {
        let id = self.checked_id()?;
        let seconds = self.written_at.as_second().max(0).unsigned_abs();
        let message_id = format!("<{id}@{}>", sender.email.domain());
        let headers = Message::builder()
            .from(sender.clone())
            .to(self.to.mailbox()?)
            .subject(one_line(&self.subject)?)
            .message_id(Some(message_id))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .header(ContentLanguage(self.language))
            .header(AutoSubmitted);
        let parts = MultiPart::mixed().boundary(format!("part-{id}"));
        let text = SinglePart::plain(self.text.clone());
        let mut parts = match &self.entry {
            None => parts.singlepart(text),
            Some(entry) => {
                let either = MultiPart::alternative().boundary(format!("either-{id}"));
                let either = either.singlepart(text).singlepart(entry.part()?);
                parts.multipart(either).singlepart(entry.file()?)
            }
        };
        for attachment in &self.attachments {
            parts = parts.singlepart(attachment.part()?);
        }
        let refused = |_| LetterRefused::Address { address: self.to.address.clone() };
        headers.multipart(parts).map_err(refused)
    }

    fn checked_id(&self) -> Result<&str, LetterRefused> {
        let known = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let good = (1..=64).contains(&self.id.len()) && self.id.chars().all(known);
        if good { Ok(&self.id) } else { Err(LetterRefused::Id { id: self.id.clone() }) }
    }
}

impl Addressee {
    fn mailbox(&self) -> Result<Mailbox, LetterRefused> {
        let refused = || LetterRefused::Address { address: self.address.clone() };
        let address: Address = self.address.parse().map_err(|_| refused())?;
        let name = self.name.as_deref().map(one_line).transpose()?;
        Ok(Mailbox::new(name.map(String::from), address))
    }
}

impl CalendarEntry {
    /// Beside the words, where calendars look for it.
    fn part(&self) -> Result<SinglePart, LetterRefused> {
        let media_type = format!("text/calendar; charset=utf-8; method={}", self.method.word());
        let refused = |_| LetterRefused::MediaType { media_type: media_type.clone() };
        let content_type = ContentType::parse(&media_type).map_err(refused)?;
        Ok(SinglePart::builder().header(content_type).body(self.text.clone()))
    }

    /// As a file, for readers whose mail shows no entries; its type keeps others from taking it twice.
    fn file(&self) -> Result<SinglePart, LetterRefused> {
        let file = Attachment {
            file_name: "invite.ics".into(),
            media_type: "application/ics".into(),
            bytes: self.text.clone().into_bytes(),
        };
        file.part()
    }
}

impl Attachment {
    fn part(&self) -> Result<SinglePart, LetterRefused> {
        let refused = |_| LetterRefused::MediaType { media_type: self.media_type.clone() };
        let media_type = ContentType::parse(&self.media_type).map_err(refused)?;
        Ok(Part::new(one_line(&self.file_name)?.into()).body(self.bytes.clone(), media_type))
    }
}

/// A text that can stand in a header: nothing in it can begin another.
fn one_line(text: &str) -> Result<&str, LetterRefused> {
    let breaks = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    if text.is_empty() || text.chars().any(breaks) || text.chars().nth(LINE_CHARS_MAX).is_some() {
        return Err(LetterRefused::NotOneLine { text: text.into() });
    }
    Ok(text)
}

/// Whether a server will never take the letter. One that does not take our login may take it later.
fn is_final(error: &lettre::transport::smtp::Error) -> bool {
    let login = |code: Code| matches!(u16::from(code), 530 | 534 | 535 | 538);
    error.is_permanent() && !error.status().is_some_and(login)
}

/// Writes a file whole or not at all, in place of the one that was there.
fn replace(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = place.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(place)?;
    Ok(())
}

/// RFC 3282: what the letter is written in.
#[derive(Clone, Copy)]
struct ContentLanguage(Language);

/// RFC 3834: nobody should answer automatically.
#[derive(Clone, Copy)]
struct AutoSubmitted;

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let known = Language::ALL.into_iter().find(|language| language.tag() == text);
        known.map(Self).ok_or_else(|| "no language that letters are written in".into())
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.tag().into())
    }
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests;
