//! People who call the API, and upload files as a browser would.

use std::collections::HashMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::DemoError;

/// Calls in the name of the sample people.
pub struct Client {
    url: String,
    http: reqwest::Client,
    tokens: HashMap<String, String>,
    keys: u64,
}

/// How often an upload is looked at until the worker has confirmed it.
const LOOKS_MAX: usize = 600;

impl Client {
    /// A client of the API at this address.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), http: reqwest::Client::new(), tokens: HashMap::new(), keys: 0 }
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
        let request = self.http.post(format!("{}/dev/clock", self.url)).json(&json!({ "now": now }));
        answered("POST /dev/clock", request.send().await?).await.map(drop)
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
        let begun = self.http.post(format!("{endpoint}/s3/multipart")).json(&json!({})).send().await?;
        let begun = answered("begin", begun).await?;
        let (key, upload_id) = (text(&begun, "/key")?, text(&begun, "/uploadId")?);
        let part = format!("{endpoint}/s3/multipart/{upload_id}/1?key={key}");
        let signed = answered("sign", self.http.get(part).send().await?).await?;
        let put = self.http.put(text(&signed, "/url")?).body(bytes).send().await?;
        let etag =
            put.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        let complete = format!("{endpoint}/s3/multipart/{upload_id}/complete?key={key}");
        let parts = json!({ "parts": [{ "PartNumber": 1, "ETag": etag }] });
        answered("complete", self.http.post(complete).json(&parts).send().await?).await?;
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

    async fn call(
        &mut self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, DemoError> {
        let token = self.token(who).await?;
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            self.keys += 1;
            request = request.header("idempotency-key", format!("year-{}", self.keys)).json(&body);
        }
        answered(&format!("{who}: {method} {path}"), request.send().await?).await
    }

    async fn token(&mut self, who: &str) -> Result<String, DemoError> {
        if let Some(token) = self.tokens.get(who) {
            return Ok(token.clone());
        }
        let person = json!({ "person": format!("{who}@example.org") });
        let made = self.http.post(format!("{}/dev/tokens", self.url)).json(&person).send().await?;
        let token = text(&answered("POST /dev/tokens", made).await?, "/token")?;
        self.tokens.insert(who.to_owned(), token.clone());
        Ok(token)
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

async fn answered(call: &str, response: reqwest::Response) -> Result<Value, DemoError> {
    let status = response.status();
    let body = response.text().await?;
    if status == StatusCode::OK || status == StatusCode::CREATED || status == StatusCode::ACCEPTED {
        return Ok(serde_json::from_str(&body).unwrap_or(Value::Null));
    }
    Err(DemoError::Unexpected { call: call.to_owned(), status: status.as_u16(), body })
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
