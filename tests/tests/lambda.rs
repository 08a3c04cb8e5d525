//! The Lambda binaries answer API Gateway's events: the real processes behind `cargo lambda`'s
//! emulator of the runtime API, on a local store.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use infra::local_store::LocalStore;
use infra::stack::{self, Api, Options};
use infra::{issuer, signing_key};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::ports::{free_address, listens};
use tokio::process::{Child, Command};

/// Longer than a cold start takes on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A store with the sample catalog and people in it, and the issuer of their tokens.
struct School {
    local: LocalStore,
    api: Api,
    folder: TempDir,
    http: Client,
}

/// A function's process and the emulator that hands it events; both end with this value.
struct Function {
    name: &'static str,
    invoke_url: String,
    http: Client,
    _emulator: Child,
    _process: Child,
}

/// What the function answered to API Gateway.
#[derive(Debug)]
struct Answer {
    status: u64,
    kind: String,
    body: Value,
}

impl School {
    async fn open() -> Self {
        let local = LocalStore::start(None).await.expect("a store");
        let store = local.store(storage::queue::Settings::default());
        let now = "2027-02-07T10:00:00Z".parse().expect("an instant");
        let clock = stack::set_clock(&store, Some(now)).await.expect("a clock");
        let api = Api::start(store, clock, &Options { port: 0, ..Options::default() }).await.expect("an API");
        let http = Client::builder().no_proxy().timeout(ANSWER_MAX).build().expect("a client");
        let folder = tempfile::tempdir().expect("a folder");
        Self { local, api, folder, http }
    }

    async fn token(&self, name: &str) -> String {
        let body = json!({ "person": format!("{name}@example.org") });
        let asked = self.http.post(format!("{}/dev/tokens", self.api.url)).json(&body).send();
        let made: Value = asked.await.expect("an answer").json().await.expect("JSON");
        made["token"].as_str().expect("a token").to_owned()
    }

    /// Starts the emulator and, behind it, a function's binary.
    async fn function(&self, name: &'static str) -> Function {
        let address = free_address();
        let mut emulator = Command::new(cargo_lambda())
            .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &address.port().to_string()])
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("cargo-lambda starts");
        listens(&mut emulator, address).await;
        let key = self.folder.path().join("credentials.pem");
        signing_key::open_or_create(&key, signing_key::generate).expect("a key");
        let process = Command::new(binary(name))
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{address}/.rt"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "_")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .envs(self.local.environment())
            .env("OIDC_ISSUER", issuer::ISSUER)
            .env("OIDC_AUDIENCE", issuer::AUDIENCE)
            .env("OIDC_JWKS_URL", format!("{}/oidc/jwks", self.api.url))
            .env("CREDENTIAL_KEY_FILE", key)
            .env("PUBLIC_URL", "https://x.example.org")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the function starts");
        let invoke_url = format!("http://{address}/2015-03-31/functions/_/invocations");
        Function { name, invoke_url, http: self.http.clone(), _emulator: emulator, _process: process }
    }

    async fn close(self) {
        self.api.stop().await;
        self.local.stop().await;
    }
}

impl Function {
    /// Hands the function one event, and reads its answer.
    async fn answer(&self, event: &Value) -> Answer {
        let answered = self.http.post(&self.invoke_url).json(event).send().await;
        let answered =
            answered.unwrap_or_else(|error| panic!("the function {} does not answer: {error:?}", self.name));
        let answer: Value = answered.json().await.expect("JSON");
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let header = |headers: &str| answer[headers]["content-type"].clone();
        let kind = match header("headers") {
            Value::Null => header("multiValueHeaders")[0].clone(),
            kind => kind,
        };
        let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        Answer {
            status: answer["statusCode"].as_u64().unwrap_or_else(|| panic!("no status in {answer}")),
            kind: kind.as_str().unwrap_or_default().to_owned(),
            body: body.unwrap_or(Value::Null),
        }
    }
}

/// An event as API Gateway's HTTP API writes it, in format 2.0.
fn event(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Value {
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": headers, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "x.example.org", "domainPrefix": "x",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "t"},
            "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "07/Feb/2027:10:00:00 +0000", "timeEpoch": 1_801_994_400_000_u64,
        },
    })
}

/// The wish to enroll, as an event.
fn enrolling(headers: &[(&str, &str)]) -> Value {
    let mut event = event("POST", "/v1/enrollments", "", headers);
    let wish = json!({"edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
        "start_on": "2027-02-08", "hours_per_week": 20});
    event["body"] = json!(wish.to_string());
    event
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo_lambda() -> PathBuf {
    let tool = root().join("target/tools/venv/bin/cargo-lambda");
    assert!(tool.exists(), "cargo-lambda is not installed: run `make tools`, then test again");
    tool.canonicalize().expect("a path")
}

/// A function's binary, where cargo puts it beside this test.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let binary = test.ancestors().nth(2).expect("a target folder").join(name);
    assert!(binary.exists(), "the binary {name} is not built: run `cargo test` for the whole workspace");
    binary
}

#[tokio::test(flavor = "multi_thread")]
async fn the_enrollment_function_shows_the_catalog_and_enrolls() {
    let school = School::open().await;
    let function = school.function("enrollment").await;

    let listed = function.answer(&event("GET", "/v1/editions", "market=GB", &[])).await;
    assert_eq!((listed.status, listed.kind.as_str()), (200, "application/json"), "{}", listed.body);
    let items = listed.body["items"].as_array().expect("a list");
    assert!(!items.is_empty());
    assert!(items.iter().all(|edition| edition["market"] == "GB"), "{}", listed.body);

    let json = ("content-type", "application/json");
    let refused = function.answer(&enrolling(&[json])).await;
    assert_eq!((refused.status, refused.kind.as_str()), (401, "application/problem+json"));
    assert_eq!(refused.body["code"], "unauthenticated", "{}", refused.body);

    let bearer = format!("Bearer {}", school.token("maya").await);
    let wish = enrolling(&[json, ("authorization", &bearer), ("idempotency-key", "enroll")]);
    let enrolled = function.answer(&wish).await;
    assert_eq!(enrolled.status, 201, "{}", enrolled.body);
    assert_eq!(enrolled.body["state"], "quoted", "{}", enrolled.body);
    let again = function.answer(&wish).await;
    assert_eq!((again.status, &again.body["id"]), (201, &enrolled.body["id"]));
    school.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_submission_function_lists_what_somebody_handed_in() {
    let school = School::open().await;
    let function = school.function("submission").await;
    let bearer = format!("Bearer {}", school.token("maya").await);

    let listed = function.answer(&event("GET", "/v1/submissions", "", &[("authorization", &bearer)])).await;
    assert_eq!((listed.status, listed.kind.as_str()), (200, "application/json"), "{}", listed.body);
    assert_eq!(listed.body["items"], json!([]));

    let foreign = function.answer(&event("GET", "/v1/editions", "market=GB", &[])).await;
    assert_eq!(foreign.status, 404, "the catalog belongs to the other function: {}", foreign.body);
    school.close().await;
}
