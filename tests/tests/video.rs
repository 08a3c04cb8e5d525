//! Rooms of sessions: links in their window for two people alone, tokens that another reader of them
//! accepts, and attendance that the provider tells of.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::video::{HEADER, Jitsi, Provider, Video};
use functions::webhook::{Form, WebhookKeys};
use infra::providers::ProviderSettings;
use infra::stack::Options;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use storage::clock::machine_now;
use tests::{Answer, School, begin, text};

const URL: &str = "https://meet.example.org";
const APP: &str = "compagnon";
const SECRET: &str = "a secret that this school and its Jitsi share";
const WEBHOOK_SECRET: &str = "whsec_video";

/// A Jitsi's view of tokens, by PyJWT: each is read for one room at one instant.
const READ_TOKENS: &str = r#"
import datetime, json, sys
import jwt, jwt.api_jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

asked = json.load(sys.stdin)
key = asked["key"]
if asked["algorithm"] == "RS256":
    key = load_pem_private_key(key.encode(), None).public_key()

class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(asked_at, tz)

jwt.api_jwt.datetime = Clock

def read(case):
    global asked_at
    asked_at = case["at"]
    required = {"require": ["aud", "iss", "sub", "nbf", "exp", "room"]}
    try:
        claims = jwt.decode(case["token"], key, algorithms=[asked["algorithm"]], audience="jitsi",
                            issuer=asked["issuer"], subject=asked["subject"], options=required)
    except jwt.PyJWTError as refused:
        return type(refused).__name__
    return claims["context"]["user"] if claims["room"] == case["room"] else "WrongRoom"

json.dump([read(case) for case in asked["cases"]], sys.stdout)
"#;

fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/venv/bin/python");
    assert!(python.exists(), "PyJWT is not installed: run `make tools`, then test again");
    python
}

/// What PyJWT says to each case.
fn read_tokens(asked: &Value) -> Vec<Value> {
    let mut process = Command::new(python())
        .args(["-c", READ_TOKENS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = process.stdin.take().expect("a pipe");
    stdin.write_all(asked.to_string().as_bytes()).expect("written");
    drop(stdin);
    let output = process.wait_with_output().expect("an end");
    assert!(output.status.success(), "PyJWT is not installed: run `make tools`, then test again");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A link's room and token.
fn parts(link: &str, base: &str) -> (String, String) {
    let (room, token) = link.strip_prefix(base).and_then(|rest| rest.split_once("?jwt=")).expect("a link");
    (room.to_owned(), token.to_owned())
}

fn second(instant: &str) -> i64 {
    instant.parse::<Timestamp>().expect("an instant").as_second()
}

/// A school in March 2027 with a Jitsi, where Maya meets Marc on 9 March from 17:00 to 17:45 in UTC.
async fn booked(provider: Provider) -> (School, String) {
    let keys = WebhookKeys::new(Form::Base64, [WEBHOOK_SECRET]);
    let video = Some(Video { provider, event_keys: keys });
    let now = Some("2027-03-02T09:00:00Z".parse().expect("an instant"));
    let providers = ProviderSettings { video, ..ProviderSettings::default() };
    let school = School::with(Options { port: 0, now, providers, ..Options::default() }).await;
    let enrollment = begin(&school, "maya", "2027-03-02").await;
    let marc = school.id("marc").await;
    let body = json!({"enrollment": enrollment, "mentor": marc, "from": "2027-03-02", "to": null});
    school.post("sam", "/v1/admin/assignments", body).await.expect(201);
    let body = json!({"enrollment": enrollment, "with": marc, "kind": "mentoring", "date": "2027-03-09",
        "local_time": "18:00", "time_zone": "Europe/Paris", "minutes": 45});
    let session = school.post("maya", "/v1/sessions", body).await.expect(201);
    assert_eq!(session["join_url"], Value::Null);
    let id = text(&session, "/id");
    (school, id)
}

fn jitsi() -> Provider {
    Provider::Jitsi(Jitsi::of_ones_own(URL, APP, None, SECRET).expect("a Jitsi").into())
}

/// The link that a person reads, alone and in their list.
async fn link(school: &School, who: &str, session: &str) -> Option<String> {
    let read = school.get(who, &format!("/v1/sessions/{session}")).await.expect(200);
    let list = school.get(who, "/v1/sessions").await.expect(200);
    let mut items = list["items"].as_array().expect("items").iter();
    if let Some(item) = items.find(|item| item["id"] == session) {
        assert_eq!(item["join_url"].is_null(), read["join_url"].is_null());
    }
    read["join_url"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn the_link_is_there_from_ten_minutes_before_to_thirty_after_for_two_people() {
    let (school, session) = booked(jitsi()).await;
    for (now, open) in [
        ("2027-03-09T16:49:00Z", false),
        ("2027-03-09T16:49:59Z", false),
        ("2027-03-09T16:50:00Z", true),
        ("2027-03-09T17:20:00Z", true),
        ("2027-03-09T18:14:59Z", true),
        ("2027-03-09T18:15:00Z", false),
    ] {
        school.move_to(now).await;
        for who in ["maya", "marc"] {
            assert_eq!(link(&school, who, &session).await.is_some(), open, "{who} at {now}");
        }
        assert_eq!(link(&school, "sam", &session).await, None, "staff at {now}");
        let path = format!("/v1/sessions/{session}");
        assert_eq!(school.get("tom", &path).await.refused(404), "not_found");
    }
    school.close().await;
}

/// Admission at the edges, by another implementation of tokens than ours.
#[tokio::test]
async fn another_reader_of_tokens_lets_in_whom_we_let_in() {
    let (school, session) = booked(jitsi()).await;
    school.move_to("2027-03-09T16:55:00Z").await;
    let hers = link(&school, "maya", &session).await.expect("a link");
    let his = link(&school, "marc", &session).await.expect("a link");
    let ((room, hers), (_, his)) =
        (parts(&hers, "https://meet.example.org/"), parts(&his, "https://meet.example.org/"));
    assert_eq!(room, format!("session-{}", &session[4..]));
    let mut changed: Vec<&str> = hers.split('.').collect();
    let other = his.split('.').nth(1).expect("claims");
    changed[1] = other;
    let changed = changed.join(".");
    let within = second("2027-03-09T17:00:00Z");
    let case = |token: &str, room: &str, at: i64| json!({"token": token, "room": room, "at": at});
    let answers = read_tokens(&json!({
        "key": SECRET, "algorithm": "HS256", "issuer": APP, "subject": "meet.example.org",
        "cases": [
            case(&hers, &room, within),
            case(&his, &room, within),
            case(&hers, &room, second("2027-03-09T16:50:00Z")),
            case(&hers, &room, second("2027-03-09T16:49:59Z")),
            case(&hers, &room, second("2027-03-09T18:14:59Z")),
            case(&hers, &room, second("2027-03-09T18:15:00Z")),
            case(&hers, &format!("{room}0"), within),
            case(&changed, &room, within),
        ],
    }));
    let maya = json!({"id": school.id("maya").await, "name": "Maya Lind", "moderator": false, "affiliation": "member"});
    let marc = json!({"id": school.id("marc").await, "name": "Marc Delorme", "moderator": true, "affiliation": "owner"});
    let early = json!("ImmatureSignatureError");
    let late = json!("ExpiredSignatureError");
    let expected = [
        maya.clone(),
        marc,
        maya.clone(),
        early,
        maya,
        late,
        json!("WrongRoom"),
        json!("InvalidSignatureError"),
    ];
    assert_eq!(answers, expected);
    school.close().await;
}

#[tokio::test]
async fn jaas_tokens_are_signed_with_its_key_and_named_by_it() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("a document");
    let label = "PRIVATE KEY";
    let base64 = base64(der.as_ref());
    let pem = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    let jaas = Jitsi::as_a_service("https://8x8.vc", "vpaas-1", "k2", pem.as_bytes()).expect("JaaS");
    let (school, session) = booked(Provider::Jitsi(jaas.into())).await;
    school.move_to("2027-03-09T16:55:00Z").await;
    let link = link(&school, "maya", &session).await.expect("a link");
    let (room, token) = parts(&link, "https://8x8.vc/vpaas-1/");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    assert_eq!(header.kid.as_deref(), Some("vpaas-1/k2"));
    let at = second("2027-03-09T17:00:00Z");
    let answers = read_tokens(&json!({
        "key": pem, "algorithm": "RS256", "issuer": "chat", "subject": "vpaas-1",
        "cases": [{"token": token, "room": room, "at": at}],
    }));
    assert_eq!(text(&answers[0], "/name"), "Maya Lind");
    school.close().await;
}

#[tokio::test]
async fn a_mentor_s_own_room_is_given_in_the_same_window() {
    let (school, session) = booked(jitsi()).await;
    let path = "/v1/people/me/availability";
    let read = school.get("marc", path).await;
    let (etag, mut hours) = (read.etag(), read.expect(200));
    let put = async |etag: &str, hours: &Value| -> Answer {
        let ask = school.by("marc", Method::PUT, path).await;
        ask.header("if-match", etag).json(hours.clone()).send().await
    };
    for wrong in
        ["http://meet.example.org/marc", "https://marc:pw@meet.example.org/", "javascript:alert(1)", ""]
    {
        hours["video_link"] = json!(wrong);
        let refused = put(&etag, &hours).await.expect(422);
        assert_eq!(text(&refused, "/errors/0/pointer"), "/video_link", "{wrong}");
    }
    hours["video_link"] = json!("https://rooms.example.org/marc?lang=en");
    put(&etag, &hours).await.expect(200);
    assert_eq!(link(&school, "maya", &session).await, None);
    school.move_to("2027-03-09T16:50:00Z").await;
    for who in ["maya", "marc"] {
        let link = link(&school, who, &session).await;
        assert_eq!(link.as_deref(), Some("https://rooms.example.org/marc?lang=en"));
    }
    school.move_to("2027-03-09T18:15:00Z").await;
    assert_eq!(link(&school, "maya", &session).await, None);
    school.close().await;
}

#[tokio::test]
async fn without_a_jitsi_the_link_leads_to_a_page_that_says_so() {
    let school = School::open("2027-03-09T16:00:00Z").await;
    let enrollment = begin(&school, "maya", "2027-03-09").await;
    let marc = school.id("marc").await;
    let body = json!({"enrollment": enrollment, "mentor": marc, "from": "2027-03-09", "to": null});
    school.post("sam", "/v1/admin/assignments", body).await.expect(201);
    let body = json!({"enrollment": enrollment, "with": marc, "kind": "mentoring", "date": "2027-03-09",
        "local_time": "18:00", "time_zone": "Europe/Paris", "minutes": 45});
    let session = school.post("maya", "/v1/sessions", body).await.expect(201);
    school.move_to("2027-03-09T17:00:00Z").await;
    let link = link(&school, "maya", &text(&session, "/id")).await.expect("a link");
    assert!(link.starts_with(&format!("{}/dev/video-without-jitsi/session-", school.stack.url)), "{link}");
    let page = reqwest::Client::builder().no_proxy().build().expect("a client").get(&link).send().await;
    let page = page.expect("a page").text().await.expect("text");
    assert!(page.contains("no Jitsi is connected"), "{page}");
    school.close().await;
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Sends an event's bytes as JaaS would, signed so many seconds from now.
async fn tell(school: &School, body: &[u8], secret: &str, seconds: i64) -> Answer {
    let at = machine_now().as_second() + seconds;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = base64(hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat()).as_ref());
    let ask = school.ask(Method::POST, "/v1/video/events").body("application/json", body.to_vec());
    ask.header(HEADER, &format!("t={at},v1={signature}")).send().await
}

/// Somebody comes into a session's room, or leaves it.
fn event(what: &str, session: &str, person: &str, at: &str) -> Value {
    let at: Timestamp = at.parse().expect("an instant");
    json!({
        "idempotencyKey": "1", "customerId": "2", "appId": APP, "sessionId": "3", "eventType": what,
        "timestamp": at.as_millisecond(), "fqn": format!("{APP}/session-{}", &session[4..]),
        "data": {"id": person, "participantId": format!("p-{person}"), "name": "Somebody", "isBreakout": false},
    })
}

#[tokio::test]
async fn what_the_provider_tells_completes_a_session_once() {
    let (school, session) = booked(jitsi()).await;
    let (maya, marc, tom) = (school.id("maya").await, school.id("marc").await, school.id("tom").await);
    let path = format!("/v1/sessions/{session}");
    school.move_to("2027-03-09T17:10:00Z").await;
    let send = async |event: &Value| {
        let heard = tell(&school, event.to_string().as_bytes(), WEBHOOK_SECRET, 0).await.expect(200);
        heard["known"].as_bool().expect("a word")
    };
    let hers = event("PARTICIPANT_JOINED", &session, &maya, "2027-03-09T16:58:00Z");
    let his = event("PARTICIPANT_JOINED", &session, &marc, "2027-03-09T17:10:01Z"); // its clock is ahead
    assert!(send(&hers).await);
    assert!(send(&his).await);
    let read = school.get("maya", &path).await;
    let etag = read.etag();
    let read = read.expect(200);
    assert_eq!(text(&read, "/state"), "in_progress");
    assert_eq!(read["attendance"].as_array().map(Vec::len), Some(2));
    assert_eq!(text(&read, "/attendance/1/joined_at"), "2027-03-09T17:10:00Z");

    // Said again, or about others, it changes nothing.
    assert!(send(&hers).await);
    let mut other_room = hers.clone();
    other_room["fqn"] = json!(format!("{APP}/lobby"));
    let mut other_app = hers.clone();
    other_app["fqn"] = json!(format!("other/session-{}", &session[4..]));
    let mut nowhere = hers.clone();
    nowhere["fqn"] = json!(format!("{APP}/session-{}", "0".repeat(32)));
    let ahead = event("PARTICIPANT_LEFT", &session, &maya, "2027-03-09T17:30:00Z");
    let stranger = event("PARTICIPANT_JOINED", &session, &tom, "2027-03-09T17:05:00Z");
    let destroyed = event("ROOM_DESTROYED", &session, &maya, "2027-03-09T17:05:00Z");
    for passed_over in [other_room, other_app, nowhere, ahead, stranger, destroyed] {
        assert!(!send(&passed_over).await, "{passed_over}");
    }
    assert_eq!(school.get("maya", &path).await.etag(), etag);

    // Nobody else is believed.
    let body = hers.to_string();
    let unsigned = school.ask(Method::POST, "/v1/video/events").body("application/json", body.clone()).send();
    assert_eq!(unsigned.await.refused(401), "unauthenticated");
    for (secret, seconds) in [("whsec_other", 0), (WEBHOOK_SECRET, -301), (WEBHOOK_SECRET, 302)] {
        let refused = tell(&school, body.as_bytes(), secret, seconds).await.refused(401);
        assert_eq!(refused, "unauthenticated", "{secret} {seconds}");
    }
    for odd in ["{}", "[]", "not JSON"] {
        assert_eq!(tell(&school, odd.as_bytes(), WEBHOOK_SECRET, 0).await.refused(400), "malformed_json");
    }
    assert_eq!(school.get("maya", &path).await.etag(), etag);

    school.move_to("2027-03-09T17:46:00Z").await;
    let read = school.get("maya", &path).await.expect(200);
    assert_eq!(text(&read, "/state"), "completed");
    // Word that she left comes late, and makes no other outcome.
    assert!(send(&event("PARTICIPANT_LEFT", &session, &maya, "2027-03-09T17:46:00Z")).await);
    let read = school.get("maya", &path).await.expect(200);
    assert_eq!(text(&read, "/attendance/0/left_at"), "2027-03-09T17:46:00Z");
    assert_eq!(text(&read, "/state"), "completed");
    school.close().await;
}
