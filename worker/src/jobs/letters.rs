//! The outbox of an enrollment: its letters go out in the order they were written, each once.

use domain::ics::{Attendee, Calendar, Entry, Method, Status};
use domain::id::EnrollmentId;
use domain::invoice::Paper;
use domain::letter::{About, Letter};
use domain::person::Person;
use domain::time::Zone;
use domain::upload::Purpose;
use jiff::SignedDuration;
use storage::Key;
use storage::queue::Claimed;

use super::documents::language_of;
use super::finish;
use crate::Worker;
use crate::document::Language;
use crate::letter::{Reader, say};
use crate::mail::{Addressee, Attachment, CalendarEntry, Letter as Mail, Post, PostError};
use crate::outcome::Unfinished;

/// Letters that are read at once.
const LETTERS_READ: u16 = 20;
/// How long letters wait for a mail server that does not take them now.
const POST_AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// What became of a letter.
enum Outcome {
    /// The folder or the server has it.
    Posted,
    /// It is for nobody: no address, no way to post, or nothing left to say.
    LeftOut(&'static str),
    /// Nobody can have it, though somebody should: staff is to look at it.
    GivenUp(&'static str),
    /// It waits, and those behind it.
    NotNow,
}

/// Sends the letters that wait, in order. Each is taken out once it is posted: a worker that is killed
/// between the two posts it again under the same id.
pub async fn send(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    loop {
        let letters = worker.store.letters(id, LETTERS_READ).await?;
        if letters.is_empty() {
            return finish(worker, claimed).await;
        }
        for letter in letters {
            let word = letter.value.about.word();
            let (transaction, gone) = (worker.store.transaction(), "the letter was sent meanwhile");
            let person = worker.store.person(letter.value.to).await?.map(|person| person.value);
            let language = language_of(&enrollment.value, letter.value.to, person.as_ref());
            let document = document_of(worker, &letter.value).await?;
            let outcome = if letter.value.about.comes_too_late(now) {
                Outcome::LeftOut("it comes too late")
            } else {
                post(worker, &letter.value, person, language, document).await?
            };
            let (transaction, action) = match outcome {
                Outcome::Posted => (transaction.remove(&letter, gone), "send_letter"),
                Outcome::LeftOut(reason) => {
                    // A school without a way to post is set up so; a reader without an address is not.
                    if worker.post.is_some() {
                        tracing::warn!(letter = %letter.value.id(), word, reason, "a letter is left out");
                    }
                    (transaction.remove(&letter, gone), "leave_out_letter")
                }
                Outcome::GivenUp(reason) => {
                    tracing::error!(letter = %letter.value.id(), word, reason, "a letter is given up");
                    (transaction.give_up_letter(&letter, gone, reason, now), "give_up_letter")
                }
                Outcome::NotNow => {
                    tracing::warn!("the mail server does not take letters now");
                    let transaction = worker.store.transaction::<()>();
                    return Ok(transaction.finish_until(claimed, now + POST_AGAIN).commit().await?);
                }
            };
            let transaction = transaction.audit(&Key::Enrollment(id), action, "worker", now);
            transaction.checkpoint(claimed).commit().await?;
        }
    }
}

/// Posts a letter that is not in the outbox, with its document: most letters need not wait there. False where
/// it has to: others wait, it is for nobody, or it is not taken now. Posted again, it is known by its id.
pub(super) async fn post_at_once(
    worker: &Worker,
    letter: &Letter,
    language: Language,
    document: Attachment,
) -> Result<bool, Unfinished> {
    if !worker.store.letters(letter.enrollment, 1).await?.is_empty() {
        return Ok(false);
    }
    let person = worker.store.person(letter.to).await?.map(|person| person.value);
    let posted = post(worker, letter, person, language, Some(document)).await?;
    Ok(matches!(posted, Outcome::Posted))
}

async fn post(
    worker: &Worker,
    letter: &Letter,
    person: Option<Person>,
    language: Language,
    document: Option<Attachment>,
) -> Result<Outcome, Unfinished> {
    let Some(post) = &worker.post else { return Ok(Outcome::LeftOut("there is no way to post")) };
    let Some(address) = person.as_ref().and_then(|person| person.email.clone()) else {
        return Ok(Outcome::LeftOut("its reader has no address"));
    };
    let time_zone = person.as_ref().map_or_else(Zone::utc, |person| person.time_zone.clone());
    let reader = Reader { language, name: person.and_then(|person| person.name), time_zone };
    let said = say(&letter.about, &reader);
    let to = Addressee { name: reader.name, address };
    let Ok(entry) = entry_of(letter, post, language, &to) else {
        return Ok(Outcome::GivenUp("its entry for calendars cannot be written down"));
    };
    let mail = Mail {
        id: letter.id().to_string(),
        written_at: letter.at,
        to,
        subject: said.subject,
        text: said.text,
        language,
        entry,
        attachments: document.into_iter().collect(),
    };
    match post.send(&mail).await {
        Ok(()) => Ok(Outcome::Posted),
        // What these say may name the reader, and is not told.
        Err(PostError::Letter(_)) => Ok(Outcome::GivenUp("it cannot be written down")),
        Err(PostError::Rejected(_)) => Ok(Outcome::GivenUp("the mail server refuses it for good")),
        Err(PostError::Unavailable(_)) => Ok(Outcome::NotNow),
        Err(error @ PostError::Folder(_)) => Err(Unfinished::Retry(error.to_string())),
    }
}

/// The entry for calendars that a letter comes with. It names the reader alone: who else takes part is said
/// by name, never by address.
fn entry_of(
    letter: &Letter,
    post: &Post,
    language: Language,
    to: &Addressee,
) -> Result<Option<CalendarEntry>, std::fmt::Error> {
    let Some((method, appointment)) = letter.about.entry() else { return Ok(None) };
    let status = if method == Method::Cancel { Status::Cancelled } else { Status::Confirmed };
    let calendar = Calendar {
        method,
        language,
        organizer: format!("mailto:{}", post.sender()),
        attendee: Some(Attendee { name: to.name.clone(), address: to.address.clone() }),
        entries: vec![Entry::session(appointment.clone(), status, language)],
    };
    Ok(Some(CalendarEntry { method, text: calendar.text(letter.at)? }))
}

/// The document that a letter comes with.
async fn document_of(worker: &Worker, letter: &Letter) -> Result<Option<Attachment>, Unfinished> {
    let (invoice, note, number) = match &letter.about {
        About::InvoiceIssued { invoice, number, .. } => (*invoice, None, number),
        About::Credited { invoice, note, number, .. } => (*invoice, Some(*note), number),
        About::PaymentDeclined { .. }
        | About::DebitReturned { .. }
        | About::Suspended { .. }
        | About::Lifted
        | About::MentorFound
        | About::SessionBooked { .. }
        | About::SessionMoved { .. }
        | About::SessionCancelled { .. }
        | About::SessionReminder { .. }
        | About::ReportMissing { .. }
        | About::WallChange { .. } => return Ok(None),
    };
    let paper = worker.store.paper(letter.enrollment, invoice, note).await?;
    let Some(Paper { file: Some(file), .. }) = paper.map(|paper| paper.value) else { return Ok(None) };
    let object = worker.store.bucket(Purpose::Evidence).read(&file.key).await?;
    let Some(object) = object else { return Ok(None) };
    let bytes = object.collect().await.map_err(|error| Unfinished::Retry(error.to_string()))?;
    Ok(Some(pdf(number, bytes.to_vec())))
}

/// A document as it comes with a letter.
pub(super) fn pdf(number: &str, bytes: Vec<u8>) -> Attachment {
    Attachment { file_name: format!("{number}.pdf"), media_type: "application/pdf".into(), bytes }
}
