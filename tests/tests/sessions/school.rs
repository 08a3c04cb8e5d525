//! A school of its own for each test: the whole stack in memory, spoken to over HTTP.

use std::sync::atomic::{AtomicU32, Ordering};

use infra::stack::{Options, Stack};
use serde_json::Value;
pub use serde_json::json;

/// A running school, with a clock that stands still until it is moved.
pub struct School {
    stack: Stack,
    client: reqwest::Client,
    now: String,
    keys: AtomicU32,
}

/// What the school answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    etag: Option<String>,
}

impl School {
    /// A school whose clock stands at an instant.
    pub async fn at(now: &str) -> Self {
        let options = Options { port: 0, now: Some(now.parse().expect("an instant")), ..Options::default() };
        let stack = Stack::start(options).await.expect("a stack");
        Self { stack, client: reqwest::Client::new(), now: now.to_owned(), keys: AtomicU32::new(0) }
    }

    /// The date at the start, in UTC.
    pub fn today(&self) -> String {
        self.now[..10].to_owned()
    }

    /// Moves the clock, and lets every job that falls due end.
    pub async fn move_to(&self, now: &str) {
        let sent =
            self.client.post(format!("{}/dev/clock", self.stack.url)).body(json!({"now": now}).to_string());
        let answer = sent.header("content-type", "application/json").send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
        let queue = self.stack.store.queue_report().await.expect("a report");
        assert!(queue.dead.is_empty(), "{:?}", queue.dead);
    }

    /// A person's id.
    pub async fn person(&self, name: &str) -> String {
        self.get(name, "/v1/people/me").await.expect(200).text("/id")
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(who, "GET", path, None, None, None).await
    }

    /// Posts under a key of its own.
    pub async fn post(&self, who: &str, path: &str, body: &Value) -> Answer {
        let key = format!("key {}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.keyed(who, path, &key, body).await
    }

    pub async fn keyed(&self, who: &str, path: &str, key: &str, body: &Value) -> Answer {
        self.send(who, "POST", path, None, Some(key), Some(body)).await
    }

    pub async fn put(&self, who: &str, path: &str, etag: &str, body: &Value) -> Answer {
        self.send(who, "PUT", path, Some(etag), None, Some(body)).await
    }

    pub async fn send(
        &self,
        who: &str,
        method: &str,
        path: &str,
        etag: Option<&str>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let token = self.token(who).await;
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.stack.url)).bearer_auth(token);
        for (name, value) in [("if-match", etag), ("idempotency-key", key)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let etag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let text = answer.text().await.expect("a body");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), etag }
    }

    async fn token(&self, who: &str) -> String {
        let wanted = json!({"person": format!("{who}@example.org")}).to_string();
        let sent = self.client.post(format!("{}/dev/tokens", self.stack.url)).body(wanted);
        let answer = sent.header("content-type", "application/json").send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        body["token"].as_str().expect("a token").to_owned()
    }
}

impl Answer {
    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// The refusal, if it is this one.
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{:#}", self.body);
        self
    }

    pub fn etag(&self) -> String {
        self.etag.clone().expect("an ETag")
    }

    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).expect(pointer).to_owned()
    }
}
