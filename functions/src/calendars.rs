//! One's sessions as a private feed: an address that calendars read, for whoever was told it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::digest::Sha256Hex;
use domain::ics::{
    Calendar, CalendarFeed, Entry, FEED_DEFENSES_MAX, FEED_PAGES_MAX, FEED_SESSIONS_MAX, Method, Status,
};
use domain::id::PersonId;
use domain::language::Language;
use domain::permission::{Action, Principal, permit};
use jiff::Timestamp;
use serde::Serialize;
use storage::transaction::read_again;
use storage::{Item, Stored, Transaction};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::manners::names;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(make_calendar, revoke_calendar)).routes(routes!(get_calendar))
}

/// What stands before the name of a feed: what follows is a secret, which no log may show.
pub const PATH: &str = "/v1/calendars/";
/// What its name ends with.
const SUFFIX: &str = ".ics";
/// Bytes of a feed's secret.
const SECRET_BYTES: usize = 32;

/// Where one's calendar reads.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    /// The address, shown this once: whoever has it reads when one meets whom.
    #[schema(example = "https://school.example/v1/calendars/per_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e.W2Fk….ics")]
    url: String,
}

/// Opens a feed of one's sessions at a new address, which is shown this once; an earlier one no longer answers.
/// A repeat makes another address, whatever its `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/people/me/calendar", tag = "sessions",
    responses((status = 201, description = "The address", body = CalendarView), Refusals))]
async fn make_calendar(call: Call) -> Result<Reply, Problem> {
    let secret = secret()?;
    change(&call, &permissions::MAKE_CALENDAR, |feed| feed.opened_by(&secret)).await?;
    let url = format!("{}{PATH}{}.{secret}{SUFFIX}", call.app.settings.public_url, call.person()?);
    Reply::new(StatusCode::CREATED, &CalendarView { url })
}

/// Closes the feed of one's sessions: its address no longer answers.
#[utoipa::path(delete, path = "/v1/people/me/calendar", tag = "sessions",
    responses((status = 204, description = "It is closed"), Refusals))]
async fn revoke_calendar(call: Call) -> Result<StatusCode, Problem> {
    change(&call, &permissions::REVOKE_CALENDAR, |feed| CalendarFeed::closed(feed.person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens or closes one's feed. The answer is kept under no key: nothing that is kept may tell the secret.
async fn change(
    call: &Call,
    action: &Action,
    rule: impl Fn(CalendarFeed) -> CalendarFeed,
) -> Result<(), Problem> {
    let attempt = || async {
        let person = call.person()?;
        let feed = call.permit(action, call.store().calendar_feed(person).await?).await?.into_inner();
        let became = rule(feed.value.clone());
        let feed = feed.with(became);
        let transaction: Transaction<'_, Problem> =
            call.store().keep_calendar_feed(&feed, Problem::changed());
        let transaction = transaction.audit(&feed.value.key(), action.name, &person.to_string(), call.now);
        Ok(transaction.commit().await?)
    };
    read_again(Problem::was_changed, attempt).await
}

/// A new secret, from the machine's randomness.
fn secret() -> Result<String, Problem> {
    let mut bytes = [0; SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        tracing::error!("the machine gives no random bytes");
        Problem::new(Code::Internal, "No address could be made. We have been told.")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Answers the sessions and defenses of whoever made this address: the last month's and all that are booked ahead.
#[utoipa::path(get, path = "/v1/calendars/{file}", tag = "sessions",
    params(("file" = String, Path, description = "The end of the address, `.ics` included")),
    responses((status = 200, description = "The sessions and defenses in iCalendar", content_type = "text/calendar", body = String),
        (status = 304, description = "Nothing changed since `If-None-Match`"), Refusals))]
async fn get_calendar(call: Call, At(file): At<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let person = opened(&call, &file).await?.ok_or_else(Problem::not_found)?;
    let calendar = calendar(&call, person).await?;
    let written = |at| calendar.text(at).map_err(|_| unwritable());
    // When it was written is no part of what it says.
    let sum = Sha256Hex::of(written(Timestamp::UNIX_EPOCH)?.as_bytes());
    let etag = format!("W/\"{sum}\"");
    let shared = [
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::ETAG, HeaderValue::from_str(&etag).map_err(|_| unwritable())?),
    ];
    if names(&headers, header::IF_NONE_MATCH, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, shared).into_response());
    }
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"compagnon.ics\"")),
    ];
    Ok((shared, kind, written(call.now)?).into_response())
}

fn unwritable() -> Problem {
    Problem::new(Code::Internal, "The calendar could not be written. We have been told.")
}

/// Whose feed an address opens: the same answer where nobody is called that, where they have none, and where
/// the secret is not theirs.
async fn opened(call: &Call, file: &str) -> Result<Option<PersonId>, Problem> {
    let named = file.strip_suffix(SUFFIX).and_then(|file| file.split_once('.'));
    let Some((Ok(person), secret)) = named.map(|(person, secret)| (person.parse(), secret)) else {
        return Ok(None);
    };
    let feed = call.permit(&permissions::GET_CALENDAR, call.store().calendar_feed(person).await?).await?;
    Ok(feed.value.opens_with(secret).then_some(person))
}

/// A person's sessions and defenses, in their language, with those they meet by name.
async fn calendar(call: &Call, person: PersonId) -> Result<Calendar, Problem> {
    let span = (CalendarFeed::shows_from(call.now).max(Timestamp::UNIX_EPOCH), Timestamp::MAX);
    // Whoever holds the secret reads what the person does.
    let principal = Principal::Person { id: person, grants: Vec::new() };
    let (mut sessions, mut after) = (Vec::new(), None);
    for _ in 0..FEED_PAGES_MAX {
        let loaded = call.store().timetable(person, span, after.as_deref(), FEED_SESSIONS_MAX).await?;
        let timetable = permit(&principal, &permissions::LIST_SESSIONS, loaded, call.now);
        let timetable = timetable.map_err(|_| Problem::not_found())?.into_inner();
        sessions.extend(timetable.sessions.into_iter().map(|Item { value, .. }| value));
        after = timetable.next;
        if after.is_none() {
            break;
        }
    }
    let other = |session: &domain::session::Session| {
        if session.student == person { session.with } else { session.student }
    };
    let mut people = Vec::from_iter(sessions.iter().map(other));
    people.sort_unstable();
    people.dedup();
    let called = call.store().names(&people).await?;
    let reader = call.store().person(person).await?.map(|item| item.value);
    let language = reader.and_then(|reader| reader.languages.into_iter().next());
    // A feed is kept by others: it says where the room's door is, not the key, which is shown there in its window.
    let page = format!("{}/", call.app.settings.public_url.trim_end_matches('/'));
    let language = language.map_or(Language::En, |tag| Language::read_by(&tag));
    let meetings = sessions.iter().map(|session| {
        let appointment = session.appointment(called.get(&other(session)).cloned());
        Entry::session(appointment, Status::of(session), language)
    });
    let (defenses, _) = call.store().defenses_of(person, None, FEED_DEFENSES_MAX).await?;
    let attended = defenses.iter().filter(|defense| defense.value.is_attended_by(person));
    let attended = attended.filter_map(|defense| Entry::defense(&defense.value, language));
    let attended = attended.filter(|entry| span.0 <= entry.starts_at);
    let entries = meetings.chain(attended).map(|entry| {
        let join_url = (entry.status == Status::Confirmed).then(|| page.clone());
        Entry { join_url, ..entry }
    });
    Ok(Calendar {
        method: Method::Publish,
        language,
        organizer: call.app.settings.public_url.clone(),
        attendee: None,
        entries: entries.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_new() {
        let (one, other) = (secret().expect("bytes"), secret().expect("bytes"));
        assert_eq!(URL_SAFE_NO_PAD.decode(&one).map(|bytes| bytes.len()), Ok(SECRET_BYTES));
        assert_ne!(one, other);
    }
}
