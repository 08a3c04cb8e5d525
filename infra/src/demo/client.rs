//! People who call the API, and upload files as a browser would. A call that is not answered, because
//! the program was away for a moment, is tried again with its key for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::DemoError;

/// Calls in the name of the sample people.
pub struct Client {
    url: String,
    http: reqwest::Client,
    tokens: HashMap<String, String>,
    keys: u64,
    calls: Arc<AtomicUsize>,
    created: Vec<Created>,
}

/// Something that the API said it had made.
#[derive(Debug, Clone)]
pub struct Created {
    /// Who was told.
    pub who: String,
    /// Where it stands.
    pub location: String,
}

/// How often an upload is looked at until the worker has confirmed it.
const LOOKS_MAX: usize = 600;
/// How long an unanswered call is tried again.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it rests in between.
const PAUSE: Duration = Duration::from_millis(50);

impl Client {
    /// A client of the API at this address.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            http: reqwest::Client::new(),
            tokens: HashMap::new(),
            keys: 0,
            calls: Arc::default(),
            created: Vec::new(),
        }
    }

    /// How many calls were begun so far.
    pub fn calls(&self) -> Arc<AtomicUsize> {
        self.calls.clone()
    }

    /// All that the API said it had made, in order.
    pub fn created(&self) -> &[Created] {
        &self.created
    }

    /// Reads something.
    pub async fn get(&mut self, who: &str, path: &str) -> Result<Value, DemoError> {
        self.call(who, Method::GET, path, None).await
    }

    /// Does something, under a fresh idempotency key.
    pub async fn post(&mut self, who: &str, path: &str, body: Value) -> Result<Value, DemoError> {
        self.call(who, Method::POST, path, Some(body)).await
    }

    /// Moves the simulated clock.
    pub async fn move_to(&mut self, now: &str) -> Result<(), DemoError> {
        let path = format!("{}/dev/clock", self.url);
        self.answer("POST /dev/clock", |http| http.post(&path).json(&json!({ "now": now }))).await.map(drop)
    }

    /// Uploads a file under a new upload's endpoint and waits until it is verified; answers its key.
    pub async fn upload(
        &mut self,
        who: &str,
        purpose: Upload<'_>,
        bytes: Vec<u8>,
    ) -> Result<String, DemoError> {
        let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &bytes);
        let digest = Sha256::digest(&bytes);
        let body = json!({
            "purpose": purpose.purpose, "subject": purpose.subject, "filename": purpose.filename,
            "type": purpose.content_type, "size": bytes.len(), "sha256": storage::idempotency::hex(&digest),
            "crc64nvme": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sum.to_be_bytes()),
        });
        let upload = self.post(who, "/v1/uploads", body).await?;
        let (id, endpoint) = (text(&upload, "/id")?, text(&upload, "/endpoint")?);
        let begin = format!("{endpoint}/s3/multipart");
        let begun = self.answer("begin", |http| http.post(&begin).json(&json!({}))).await?;
        let (key, upload_id) = (text(&begun, "/key")?, text(&begun, "/uploadId")?);
        let part = format!("{endpoint}/s3/multipart/{upload_id}/1?key={key}");
        let etag = self.put_part(&part, bytes).await?;
        let complete = format!("{endpoint}/s3/multipart/{upload_id}/complete?key={key}");
        let parts = json!({ "parts": [{ "PartNumber": 1, "ETag": etag }] });
        self.answer("complete", |http| http.post(&complete).json(&parts)).await?;
        for _ in 0..LOOKS_MAX {
            let upload = self.get(who, &format!("/v1/uploads/{id}")).await?;
            match text(&upload, "/state")?.as_str() {
                "verified" => return Ok(key),
                "arrived" => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                other => return Err(DemoError::Broken { expected: "verified".into(), found: other.into() }),
            }
        }
        Err(DemoError::Broken {
            expected: "a verified upload".into(),
            found: "none after half a minute".into(),
        })
    }

    /// Sends a part, signed anew for each try; answers its ETag.
    async fn put_part(&self, part: &str, bytes: Vec<u8>) -> Result<String, DemoError> {
        let since = Instant::now();
        loop {
            let signed = self.answer("sign", |http| http.get(part)).await?;
            let put = self.http.put(text(&signed, "/url")?).body(bytes.clone()).send().await;
            match put.and_then(Response::error_for_status) {
                Ok(put) => {
                    let etag = put.headers().get("etag").and_then(|etag| etag.to_str().ok());
                    return Ok(etag.unwrap_or_default().to_owned());
                }
                Err(error) if since.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn call(
        &mut self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, DemoError> {
        let token = self.token(who).await?;
        self.keys += 1;
        let (url, key) = (format!("{}{path}", self.url), format!("year-{}", self.keys));
        let answer = self.send(|http| {
            let request = http.request(method.clone(), &url).bearer_auth(&token);
            body.iter().fold(request, |request, body| request.header("idempotency-key", &key).json(body))
        });
        let answer = answer.await?;
        let created = answer.location.clone().map(|location| Created { who: who.to_owned(), location });
        self.created.extend(created);
        answer.expected(&format!("{who}: {method} {path}"))
    }

    async fn token(&mut self, who: &str) -> Result<String, DemoError> {
        if let Some(token) = self.tokens.get(who) {
            return Ok(token.clone());
        }
        let person = json!({ "person": format!("{who}@example.org") });
        let path = format!("{}/dev/tokens", self.url);
        let made = self.answer("POST /dev/tokens", |http| http.post(&path).json(&person)).await?;
        let token = text(&made, "/token")?;
        self.tokens.insert(who.to_owned(), token.clone());
        Ok(token)
    }

    async fn answer(
        &self,
        call: &str,
        request: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Value, DemoError> {
        self.send(request).await?.expected(call)
    }

    /// Sends a request until it is answered whole by a program that is there.
    async fn send(&self, request: impl Fn(&reqwest::Client) -> RequestBuilder) -> Result<Answer, DemoError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let since = Instant::now();
        loop {
            let answer = Answer::to(request(&self.http)).await;
            let away = answer.as_ref().map_or(true, |it| it.status == StatusCode::SERVICE_UNAVAILABLE);
            if !away || since.elapsed() > PATIENCE {
                return Ok(answer?);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: String,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let location = response.headers().get("location").and_then(|location| location.to_str().ok());
        let (status, location) = (response.status(), location.map(str::to_owned));
        Ok(Self { status, location, body: response.text().await? })
    }

    /// The body, if the call went as it should.
    fn expected(self, call: &str) -> Result<Value, DemoError> {
        let Self { status, body, .. } = self;
        if matches!(status, StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED) {
            return Ok(serde_json::from_str(&body).unwrap_or(Value::Null));
        }
        Err(DemoError::Unexpected { call: call.to_owned(), status: status.as_u16(), body })
    }
}

/// What a file is for.
pub struct Upload<'a> {
    /// `submission` or `recording`.
    pub purpose: &'a str,
    /// What it belongs to.
    pub subject: &'a str,
    /// Its name.
    pub filename: &'a str,
    /// Its media type.
    pub content_type: &'a str,
}

/// The text at a JSON pointer.
pub fn text(body: &Value, pointer: &str) -> Result<String, DemoError> {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| DemoError::Broken {
        expected: format!("a text at {pointer}"),
        found: body.to_string(),
    })
}

/// The list at a JSON pointer.
pub fn list<'a>(body: &'a Value, pointer: &str) -> Result<&'a Vec<Value>, DemoError> {
    let found = body.pointer(pointer).and_then(Value::as_array);
    found.ok_or_else(|| DemoError::Broken {
        expected: format!("a list at {pointer}"),
        found: body.to_string(),
    })
}
