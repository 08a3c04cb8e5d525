//! What journeys share: a whole stack in this process on a simulated clock, and people who call it
//! over HTTP.
//!
//! Every answer is held against the API's own description: a status that an operation does not
//! declare fails the test that met it.

pub mod browser; // Chromium, driven by a script
pub mod ports; // for servers that are other programs
pub mod sepa_schema; // what banks' files must look like
pub mod stripe_server; // a small Stripe
pub mod work; // files sent, work handed in and defended

use std::collections::HashMap;
use std::sync::Arc;

use infra::stack::{Options, Stack};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A running school and the people who signed in.
pub struct School {
    /// The stack itself.
    pub stack: Stack,
    http: Client,
    tokens: Mutex<HashMap<String, String>>,
    description: Arc<Value>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// JSON, or null.
    pub body: Value,
}

/// A call that is being put together.
pub struct Ask<'a> {
    school: &'a School,
    method: Method,
    path: String,
    request: RequestBuilder,
}

impl School {
    /// A fresh school in memory whose clock stands at `now`.
    pub async fn open(now: &str) -> Self {
        let now: Timestamp = now.parse().expect("an instant");
        Self::with(Options { port: 0, now: Some(now), ..Options::default() }).await
    }

    /// A school with these options.
    pub async fn with(options: Options) -> Self {
        let stack = Stack::start(options).await.expect("the stack starts");
        let http = Client::builder().no_proxy().build().expect("a client");
        let described = http.get(format!("{}/openapi.json", stack.url)).send().await.expect("a description");
        let description = Arc::new(described.json().await.expect("JSON"));
        Self { stack, http, tokens: Mutex::default(), description }
    }

    /// Ends the school.
    pub async fn close(self) {
        self.stack.stop().await;
    }

    /// Moves the clock, and answers how many jobs ran.
    pub async fn move_to(&self, now: &str) -> u64 {
        let moved = self.ask(Method::POST, "/dev/clock").json(json!({ "now": now })).send().await;
        assert_eq!(moved.status, 200, "{}", moved.body);
        moved.body["jobs_run"].as_u64().expect("a count")
    }

    /// A call without a token.
    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.stack.url));
        Ask { school: self, method, path: path.to_owned(), request }
    }

    /// A call by a sample person, by the part of the address before the @.
    pub async fn by(&self, name: &str, method: Method, path: &str) -> Ask<'_> {
        let token = self.token(name).await;
        let ask = self.ask(method, path);
        Ask { request: ask.request.bearer_auth(token), ..ask }
    }

    /// Reads something, as a person.
    pub async fn get(&self, name: &str, path: &str) -> Answer {
        self.by(name, Method::GET, path).await.send().await
    }

    /// Does something with a fresh idempotency key, as a person.
    pub async fn post(&self, name: &str, path: &str, body: Value) -> Answer {
        self.by(name, Method::POST, path).await.fresh_key().json(body).send().await
    }

    /// Writes over what was read with an ETag, as a person.
    pub async fn put(&self, name: &str, path: &str, etag: &str, body: Value) -> Answer {
        self.by(name, Method::PUT, path).await.header("if-match", etag).json(body).send().await
    }

    /// The token of a person, made at first use.
    pub async fn token(&self, name: &str) -> String {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(name) {
            return token.clone();
        }
        let person = json!({ "person": format!("{name}@example.org") });
        let made = self.ask(Method::POST, "/dev/tokens").json(person).send().await;
        let token = made.body["token"].as_str().expect("a token").to_owned();
        tokens.insert(name.to_owned(), token.clone());
        token
    }

    /// The id of a sample person.
    pub async fn id(&self, name: &str) -> String {
        self.get(name, "/v1/people/me").await.body["id"].as_str().expect("an id").to_owned()
    }

    /// Fails where an operation answers with a status that it does not declare.
    fn check_declared(&self, method: &Method, path: &str, status: StatusCode) {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |template: &str| {
            let (theirs, ours): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            theirs.len() == ours.len() && theirs.iter().zip(&ours).all(|(a, b)| a == b || a.starts_with('{'))
        };
        let Some(paths) = self.description["paths"].as_object() else { panic!("no paths are described") };
        let exact = paths.get(path);
        let Some(item) =
            exact.or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, item)| item))
        else {
            return;
        };
        let Some(operation) = item.get(method.as_str().to_lowercase()) else { return };
        let declared = operation["responses"].get(status.as_str()).is_some();
        assert!(declared, "{method} {path} answered {status}, which it does not declare");
    }
}

impl Ask<'_> {
    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.request = self.request.json(&body);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With any body.
    #[must_use]
    pub fn body(mut self, kind: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", kind).body(body);
        self
    }

    /// With an idempotency key that was never used.
    #[must_use]
    pub fn fresh_key(self) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        self.header("idempotency-key", &key)
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let response = self.answered().await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.expect("a body");
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        Answer { status, headers, body }
    }

    /// Sends it, and answers the text of a success of this media type.
    pub async fn send_for_text(self, kind: &str) -> String {
        let response = self.answered().await;
        let sent = response.headers().get("content-type").and_then(|sent| sent.to_str().ok());
        assert_eq!((response.status(), sent), (StatusCode::OK, Some(kind)));
        response.text().await.expect("a body")
    }

    async fn answered(self) -> reqwest::Response {
        let Self { school, method, path, request } = self;
        let response = request.send().await.expect("an answer");
        school.check_declared(&method, &path, response.status());
        response
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The problem's code, if the status is the expected one.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let kind = self
            .headers
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = self.expect(status);
        assert_eq!(kind, "application/problem+json");
        body["code"].as_str().expect("a code").to_owned()
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        self.headers.get("etag").and_then(|tag| tag.to_str().ok()).expect("an ETag").to_owned()
    }
}

/// The text at a JSON pointer.
#[track_caller]
pub fn text(body: &Value, pointer: &str) -> String {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} in {body}")).to_owned()
}

/// Enrolls a sample person on the British edition.
pub async fn enroll(school: &School, name: &str, start_on: &str) -> String {
    let body = json!({
        "edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
        "start_on": start_on, "hours_per_week": 20,
    });
    text(&school.post(name, "/v1/enrollments", body).await.expect(201), "/id")
}

/// Enrolls, accepts and pays with a payment method that works.
pub async fn begin(school: &School, name: &str, start_on: &str) -> String {
    let id = enroll(school, name, start_on).await;
    accept(school, name, &id).await;
    id
}

/// Accepts the contract and pays with a payment method that works.
pub async fn accept(school: &School, name: &str, id: &str) {
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    let accepted = school.post(name, &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/state"), "active");
}

/// First dates of an enrollment's invoices, in order.
pub async fn billed(school: &School, name: &str, enrollment: &str) -> Vec<String> {
    let invoices = school.get(name, &format!("/v1/enrollments/{enrollment}/invoices")).await.expect(200);
    let items = invoices["items"].as_array().expect("a list");
    items.iter().map(|invoice| text(invoice, "/period/from")).collect()
}
