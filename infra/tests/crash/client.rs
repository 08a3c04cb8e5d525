//! Students and staff outside of the process, who try a call again with its key until it is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::process::{POLL, Process, printed};

/// How long a call is tried again before the test gives up.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(120);

/// How long after a call was sent the process may live on: longer than a month takes to pass.
const STRIKE_DELAY_MAX: Duration = Duration::from_secs(1);

/// When a process is killed: at which calls, and how long after the call was sent.
pub struct Strikes {
    calls: BTreeSet<usize>,
    random: fastrand::Rng,
}

impl Strikes {
    /// As many strikes among the first `calls`, drawn from a seed.
    pub fn drawn(seed: u64, strikes: usize, calls: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let calls = random.choose_multiple(0..calls, strikes).into_iter().collect();
        Self { calls, random }
    }
}

/// Something with a URL, and those who call it.
pub struct Client {
    url: String,
    http: reqwest::Client,
    tokens: BTreeMap<String, String>,
    calls: usize,
    keys: usize,
    /// How often the process was killed.
    pub killed: usize,
    school: Option<(School, Strikes)>,
}

/// A school in one process, which can be started again on its data.
pub struct School {
    arguments: Vec<String>,
    output: PathBuf,
    process: Process,
}

impl School {
    /// Starts it, and waits until it is ready.
    pub async fn start(arguments: Vec<String>, output: PathBuf) -> Self {
        let process = begin(&arguments, &output).await;
        Self { arguments, output, process }
    }

    async fn strike(&mut self) {
        self.process.kill();
        self.process = begin(&self.arguments, &self.output).await;
    }

    /// Asks it to stop, and answers how it ended.
    pub async fn terminate(self) -> std::process::ExitStatus {
        self.process.terminate().await
    }
}

async fn begin(arguments: &[String], output: &std::path::Path) -> Process {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let process = Process::start(&arguments, &[], output);
    printed(output, "Compagnon is ready").await;
    process
}

impl Client {
    /// Callers of whatever listens on this port.
    pub fn new(port: u16) -> Self {
        let url = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url, http, tokens: BTreeMap::new(), calls: 0, keys: 0, killed: 0, school: None }
    }

    /// With a school that is killed now and then.
    #[must_use]
    pub fn striking(mut self, school: School, strikes: Strikes) -> Self {
        self.school = Some((school, strikes));
        self
    }

    /// The school, to be stopped.
    pub fn into_school(self) -> School {
        self.school.expect("a school").0
    }

    /// Reads something, as a person.
    pub async fn get(&mut self, who: &str, path: &str) -> Value {
        self.call(Some(who), Method::GET, path, None).await
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

    /// Does something once, as a person.
    pub async fn post(&mut self, who: &str, path: &str, body: Value) -> Value {
        self.call(Some(who), Method::POST, path, Some(body)).await
    }

    /// Moves the school's clock.
    pub async fn move_to(&mut self, now: &str) {
        self.call(None, Method::POST, "/dev/clock", Some(json!({ "now": now }))).await;
    }

    /// One intent: under one key, however often it takes; two answers to it must be the same.
    async fn call(&mut self, who: Option<&str>, method: Method, path: &str, body: Option<Value>) -> Value {
        let token = match who {
            Some(who) => Some(self.token(who).await),
            None => None,
        };
        self.keys += 1;
        let key = format!("intent-{}", self.keys);
        self.answered(|http, url| {
            let request =
                http.request(method.clone(), format!("{url}{path}")).header("idempotency-key", &key);
            let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
            body.iter().fold(request, |request, body| request.json(body))
        })
        .await
    }

    async fn token(&mut self, who: &str) -> String {
        if let Some(token) = self.tokens.get(who) {
            return token.clone();
        }
        let person = json!({ "person": format!("{who}@example.org") });
        let made = self.answered(|http, url| http.post(format!("{url}/dev/tokens")).json(&person)).await;
        let token = made["token"].as_str().expect("a token").to_owned();
        self.tokens.insert(who.to_owned(), token.clone());
        token
    }

    async fn answered(
        &mut self,
        request: impl Fn(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Value {
        let call = self.calls;
        self.calls += 1;
        let mut acknowledged = None;
        if let Some((school, strikes)) = &mut self.school
            && strikes.calls.remove(&call)
        {
            // Before the call, while it is on its way, or after it: as it falls, early more often than late.
            let delay = STRIKE_DELAY_MAX.mul_f64(strikes.random.f64().powi(3));
            let sent = tokio::spawn(answer(request(&self.http, &self.url)));
            tokio::time::sleep(delay).await;
            school.strike().await;
            self.killed += 1;
            acknowledged = sent.await.expect("the call ends");
        }
        let since = Instant::now();
        loop {
            if let Some(body) = answer(request(&self.http, &self.url)).await {
                // The clock tells how many jobs ran, each time anew.
                let same = acknowledged.is_none_or(|first: Value| {
                    first == body || !body["jobs_run"].is_null() || !body["token"].is_null()
                });
                assert!(same, "an acknowledged answer changed: {body}");
                return body;
            }
            assert!(since.elapsed() < ANSWER_WAIT_MAX, "call {call} was never answered");
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The answer, or nothing where the process went away or asks to try again.
async fn answer(request: reqwest::RequestBuilder) -> Option<Value> {
    let response = request.send().await.ok()?;
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await.ok()?;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    assert!(status.is_success(), "{url} answered {status}: {body}");
    Some(serde_json::from_str(&body).expect("JSON"))
}
