//! One request: who asks, when, under which key, and which revision it expects.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::id::PersonId;
use domain::permission::{Action, Loaded, Permitted, Principal, Subject, permit};
use domain::person::{Grant, Person};
use domain::upload::Purpose;
use jiff::{SignedDuration, Timestamp};
use storage::idempotency::{Answer, Asked};
use storage::transaction::Transaction;
use storage::{Item, Refused, Store};

use crate::App;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::token::Identity;

/// What is known of a request before its body is read.
#[derive(Clone)]
pub struct Call {
    /// What every handler shares.
    pub app: App,
    /// Who signed in, if anyone.
    pub identity: Option<Identity>,
    /// The school's now, the same for the whole request.
    pub now: Timestamp,
    /// The machine's now.
    pub machine_now: Timestamp,
    /// The idempotency key with the body's digest, where one was given.
    pub asked: Option<Asked>,
    /// The revision in `If-Match`, where one was given.
    pub if_match: Option<String>,
}

/// Where a file is answered for a while.
pub struct FileLink {
    /// Its URL.
    pub url: String,
    /// When the URL ends.
    pub expires_at: Timestamp,
}

/// A call that needs an `Idempotency-Key`.
pub struct KeyedCall(pub Call);

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Set by the manners around every route; without them nothing may be answered.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::new(Code::Internal, "The request was not prepared."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeyedCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let call = Call::from_request_parts(parts, state).await?;
        call.person()?;
        if call.asked.is_none() {
            let detail = "Send an Idempotency-Key header: a new random word for each intent, the same for its repeats.";
            return Err(Problem::new(Code::IdempotencyKeyRequired, detail));
        }
        Ok(Self(call))
    }
}

impl Call {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Who signed in, or 401.
    pub fn person(&self) -> Result<PersonId, Problem> {
        Ok(self.identity()?.person())
    }

    /// How the issuer knows who signed in, or 401.
    pub fn identity(&self) -> Result<&Identity, Problem> {
        let detail = "Send a bearer token in the Authorization header.";
        self.identity.as_ref().ok_or_else(|| Problem::new(Code::Unauthenticated, detail))
    }

    /// Lets the asker act on something, or answers 404: what one may not see is not there.
    ///
    /// Relations are asked first; grants are only looked up (one query) where they do not suffice.
    pub async fn permit<T: Subject>(
        &self,
        action: &Action,
        loaded: Loaded<T>,
    ) -> Result<Permitted<T>, Problem> {
        self.decide(action, loaded).await?.ok_or_else(Problem::not_found)
    }

    /// Lets the asker do something that only roles decide about, or answers 403.
    pub async fn permit_role(&self, action: &Action) -> Result<(), Problem> {
        let nothing = self.store().loaded(());
        let permitted = self.decide(action, nothing).await?;
        permitted.map(drop).ok_or_else(not_in_roles)
    }

    /// The asker with their roles, to whom each thing of a list is permitted by itself; 403 where none of
    /// their roles allows the list anywhere.
    pub async fn reader(&self, action: &Action) -> Result<Principal, Problem> {
        let id = self.person()?;
        let grants = self.grants(id).await?;
        if !grants.iter().any(|grant| grant.counts_as(action.roles, self.now)) {
            return Err(not_in_roles());
        }
        Ok(Principal::Person { id, grants })
    }

    async fn decide<T: Subject>(
        &self,
        action: &Action,
        loaded: Loaded<T>,
    ) -> Result<Option<Permitted<T>>, Problem> {
        if action.public {
            return Ok(permit(&Principal::Visitor, action, loaded, self.now).ok());
        }
        let id = self.person()?;
        let stranger = Principal::Person { id, grants: Vec::new() };
        let denied = match permit(&stranger, action, loaded, self.now) {
            Ok(permitted) => return Ok(Some(permitted)),
            Err(denied) => denied,
        };
        if action.roles.is_empty() {
            return Ok(None);
        }
        let grants = self.grants(id).await?;
        Ok(permit(&Principal::Person { id, grants }, action, denied.0, self.now).ok())
    }

    /// When a link that is given now ends.
    pub fn links_end_at(&self) -> Timestamp {
        let lifetime = SignedDuration::try_from(self.app.settings.link_lifetime);
        self.machine_now + lifetime.unwrap_or(SignedDuration::ZERO)
    }

    /// A link to a file, which is saved under this name. It is signed here and costs no call.
    pub async fn file_link(&self, purpose: Purpose, key: &str, name: &str) -> Result<FileLink, Problem> {
        let url = self.store().bucket(purpose).link(key, name, self.app.settings.link_lifetime).await?;
        Ok(FileLink { url, expires_at: self.links_end_at() })
    }

    /// A person's grants.
    pub async fn grants(&self, person: PersonId) -> Result<Vec<Grant>, Problem> {
        Ok(self.store().grants(person).await?)
    }

    /// Checks `If-Match` where it was sent.
    pub fn expect<T>(&self, item: &Item<T>) -> Result<(), Problem> {
        let now = crate::reply::etag(item.revision);
        let fits = |sent: &String| sent == "*" || sent.split(',').any(|tag| tag.trim() == now);
        if self.if_match.as_ref().is_none_or(fits) {
            return Ok(());
        }
        Err(Problem::new(Code::PreconditionFailed, "Read it again: your If-Match names an older revision."))
    }

    /// Requires `If-Match`, and checks it.
    pub fn expect_sent<T>(&self, item: &Item<T>) -> Result<(), Problem> {
        self.require_if_match()?;
        self.expect(item)
    }

    /// Requires `If-Match`, which is checked when it is known against what.
    pub fn require_if_match(&self) -> Result<(), Problem> {
        if self.if_match.is_some() {
            return Ok(());
        }
        let detail = "Send If-Match with the ETag that you read, so that nobody's change is lost.";
        Err(Problem::new(Code::PreconditionRequired, detail))
    }

    /// Commits with the answer under the call's key, if it has one, and answers.
    pub async fn commit<R: Into<Problem>>(
        &self,
        transaction: Transaction<'_, R>,
        reply: Reply,
    ) -> Result<Reply, Problem> {
        let transaction = match &self.asked {
            Some(asked) => transaction.answer(&self.record(asked, &reply), self.machine_now),
            None => transaction,
        };
        match transaction.commit().await {
            Ok(()) => Ok(reply),
            Err(Refused::Answered) => self.replay().await?.ok_or_else(Problem::changed),
            Err(refused) => Err(refused.into()),
        }
    }

    /// What was answered under the call's key before, if anything.
    pub async fn replay(&self) -> Result<Option<Reply>, Problem> {
        let Some(asked) = &self.asked else { return Ok(None) };
        let Some(answer) = self.store().answer(asked, self.machine_now).await? else { return Ok(None) };
        if answer.fingerprint != asked.fingerprint {
            let detail = "This Idempotency-Key was used with another body: take a new key for a new intent.";
            return Err(Problem::new(Code::IdempotencyKeyReused, detail));
        }
        Ok(Some(answer.into()))
    }

    /// The record that keeps a reply under a key.
    pub fn record(&self, asked: &Asked, reply: &Reply) -> Answer {
        let (status, body) = (reply.status.as_u16(), reply.body.clone());
        Answer::to(asked, status, reply.location.clone(), reply.etag.clone(), body, self.machine_now)
    }
}

fn not_in_roles() -> Problem {
    Problem::new(Code::Forbidden, "Your roles do not include this.")
}

/// The longest `Idempotency-Key` that is kept.
const KEY_CHARS_MAX: usize = 255;

/// The key of a request, checked.
pub fn idempotency_key(headers: &axum::http::HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        Problem::new(
            Code::IdempotencyKeyRequired,
            "An Idempotency-Key has 1 to 255 visible ASCII characters.",
        )
    })
}

/// The `If-Match` of a request.
pub fn if_match(headers: &axum::http::HeaderMap) -> Option<String> {
    headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).map(str::to_owned)
}

/// The person as stored, or as first seen: an account is made at first sign-in.
pub async fn me(call: &Call) -> Result<Loaded<Item<Person>>, Problem> {
    let identity = call.identity()?;
    Ok(call.store().person_or(Person::first_seen(&identity.issuer, &identity.subject)).await?)
}
