//! Students and finance outside of the process, who read and do a few things.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

/// Those who call a school.
#[derive(Clone)]
pub struct Client {
    url: String,
    http: reqwest::Client,
    tokens: BTreeMap<String, String>,
    keys: usize,
}

impl Client {
    /// Callers of whatever listens at this address.
    pub fn new(url: &str) -> Self {
        let (url, http) = (url.to_owned(), reqwest::Client::new());
        Self { url, http, tokens: BTreeMap::new(), keys: 0 }
    }

    /// Reads something, as a person.
    pub async fn get(&mut self, who: &str, path: &str) -> Value {
        self.call(who, Method::GET, path, None).await
    }

    /// Every item of a list, page by page.
    pub async fn list(&mut self, who: &str, path: &str) -> Vec<Value> {
        let (mut items, mut page) = (Vec::new(), path.to_owned());
        loop {
            let read = self.get(who, &page).await;
            items.extend(read["items"].as_array().expect("a list").clone());
            let Some(cursor) = read["next_cursor"].as_str() else { return items };
            page = format!("{path}?cursor={cursor}");
        }
    }

    /// Does something, as a person.
    pub async fn post(&mut self, who: &str, path: &str, body: Value) -> Value {
        self.call(who, Method::POST, path, Some(body)).await
    }

    /// Calls an address that needs no token, once; nothing where the program is away.
    pub async fn ask_once(self, method: Method, url: String, body: Value) -> Option<Value> {
        let response = self.http.request(method, url).json(&body).send().await.ok()?;
        response.json().await.ok()
    }

    /// Calls an address that needs no token.
    pub async fn ask(&self, method: Method, url: &str, body: Option<Value>) -> Value {
        let request = self.http.request(method, url);
        answer(body.iter().fold(request, |request, body| request.json(body))).await
    }

    /// Puts bytes at an address.
    pub async fn put(&self, url: &str, bytes: Vec<u8>) {
        let put = self.http.put(url).body(bytes).send().await.expect("an answer");
        assert!(put.status().is_success(), "{}", put.status());
    }

    /// The bytes at an address.
    pub async fn bytes(&self, url: &str) -> Vec<u8> {
        let answer = self.http.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("bytes").to_vec()
    }

    /// Moves the school's clock.
    pub async fn move_to(&mut self, now: &str) {
        let request = self.http.post(format!("{}/dev/clock", self.url)).json(&json!({ "now": now }));
        answer(request).await;
    }

    async fn call(&mut self, who: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let token = self.token(who).await;
        self.keys += 1;
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = request.header("idempotency-key", format!("look-{}", self.keys));
        answer(body.iter().fold(request, |request, body| request.json(body))).await
    }

    async fn token(&mut self, who: &str) -> String {
        if let Some(token) = self.tokens.get(who) {
            return token.clone();
        }
        let person = json!({ "person": format!("{who}@example.org") });
        let made = answer(self.http.post(format!("{}/dev/tokens", self.url)).json(&person)).await;
        let token = made["token"].as_str().expect("a token").to_owned();
        self.tokens.insert(who.to_owned(), token.clone());
        token
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await.expect("a body");
    assert!(status.is_success(), "{url} answered {status}: {body}");
    serde_json::from_str(&body).expect("JSON")
}
