//! Sessions in people's calendars: a private feed, entries by mail, reminders, and word of weeks that move.
//! The texts are read by PyPI's icalendar, which others wrote (`make tools`).

mod reading;

use domain::job::Job;
use infra::stack::Options;
use reading::{Letter, events, letters, letters_since, subjects, understood};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::work::{accept_work, assign_mentor, hand_in, request_defense};
use tests::{Answer, School, begin, text};

const NOW: &str = "2027-03-02T09:00:00Z";

async fn school(folder: &TempDir) -> School {
    let data = Some(folder.path().to_owned());
    School::with(Options { port: 0, data, now: NOW.parse().ok(), ..Options::default() }).await
}

/// Ana, who lives in New York, meets Marc at 18:00 on Tuesdays of Paris: her enrollment and the series.
async fn tuesdays(school: &School) -> (String, Value) {
    let ana = begin(school, "ana", "2027-03-02").await;
    assign_mentor(school, &ana, "marc").await;
    let body = json!({"enrollment": ana, "with": school.id("marc").await, "kind": "mentoring",
        "time_zone": "Europe/Paris", "weekday": "tue", "local_time": "18:00", "minutes": 45,
        "first_on": "2027-03-09"});
    let series = school.post("ana", "/v1/commitments", body).await.expect(201);
    move_to(school, NOW).await;
    (ana, series)
}

/// Moves the clock; no job may be given up on the way.
async fn move_to(school: &School, now: &str) {
    school.move_to(now).await;
    let dead = school.stack.store.queue_report().await.expect("a report").dead;
    assert!(dead.is_empty(), "{dead:?}");
}

/// Does what needs the revision that is there.
async fn act(school: &School, who: &str, session: &str, act: &str, body: Value) -> Answer {
    let path = format!("/v1/sessions/{session}");
    let read = school.get(who, &path).await.etag();
    let ask = school.by(who, Method::POST, &format!("{path}/{act}")).await;
    ask.header("if-match", &read).json(body).send().await
}

fn ids(series: &Value) -> Vec<String> {
    series["sessions"].as_array().expect("sessions").iter().map(|session| text(session, "/id")).collect()
}

/// An address as a calendar asks for it: without a token.
async fn fetch(url: &str, etag: Option<&str>) -> reqwest::Response {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = etag.into_iter().fold(http.get(url), |ask, etag| ask.header("if-none-match", etag));
    ask.send().await.expect("an answer")
}

async fn make_feed(school: &School, who: &str) -> String {
    text(&school.post(who, "/v1/people/me/calendar", json!({})).await.expect(201), "/url")
}

/// S4: what a calendar makes of the feed is what was booked.
#[tokio::test]
async fn a_feed_says_when_one_meets_whom_and_only_its_last_address_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (_, series) = tuesdays(&school).await;
    let ids = ids(&series);
    let first = make_feed(&school, "ana").await;
    let answer = fetch(&first, None).await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().expect("ASCII").to_owned();
    assert_eq!(header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(header("cache-control"), "private, no-cache");
    let etag = header("etag");
    let feed = understood(&answer.text().await.expect("a text")).await;
    assert_eq!(feed["method"], "PUBLISH");
    let starts =
        ["2027-03-09T17:00:00Z", "2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T16:00:00Z"];
    let expected = Vec::from_iter(
        starts
            .iter()
            .zip(&ids)
            .map(|(start, id)| (format!("{id}@compagnon"), 0, "CONFIRMED".to_owned(), (*start).to_owned())),
    );
    assert_eq!(events(&feed)[..4], expected);
    let weekly = feed["events"].as_array().expect("events").iter().find(|it| {
        it["sequence"] == 0
            && it["start"]["tzid"] == "Europe/Paris"
            && it["summary"] == "Mentoring session with Marc Delorme"
    });
    assert_eq!(weekly.expect("a mentoring session")["attendees"], json!([]));

    // Nothing is sent again until something changes; the mentor's feed is another, in French.
    assert_eq!(fetch(&first, Some(&etag)).await.status(), 304);
    act(&school, "marc", &ids[1], "cancel", json!({"reason": "ill"})).await.expect(200);
    let answer = fetch(&first, Some(&etag)).await;
    assert_eq!(answer.status(), 200);
    let feed = events(&understood(&answer.text().await.expect("a text")).await);
    assert_eq!((feed[1].1, feed[1].2.as_str()), (1, "CANCELLED"));
    let other = fetch(&make_feed(&school, "marc").await, None).await.text().await.expect("a text");
    let other = understood(&other).await;
    let summaries = other["events"].as_array().expect("events").iter().map(|event| text(event, "/summary"));
    assert!(summaries.into_iter().any(|summary| summary == "Séance de mentorat avec Ana Duarte"));
    assert_eq!(events(&other), feed);

    // Another address takes the place of the first, and none is left once it is revoked.
    let second = make_feed(&school, "ana").await;
    assert_ne!(first, second);
    let closed = async |url: &str| {
        let answer = fetch(url, None).await;
        let status = answer.status();
        let mut body: Value = answer.json().await.expect("a problem");
        body["instance"] = Value::Null;
        (status.as_u16(), text(&body, "/code"), body.to_string())
    };
    let gone = closed(&first).await;
    assert_eq!((gone.0, gone.1.as_str()), (404, "not_found"));
    assert_eq!(fetch(&second, None).await.status(), 200);
    let revoke = async || school.by("ana", Method::DELETE, "/v1/people/me/calendar").await.send().await;
    assert_eq!(revoke().await.status, 204);
    assert_eq!(revoke().await.status, 204);
    // Whatever is wrong with an address, its answer is the same.
    let nobody = format!("{}/v1/calendars/per_{}.x.ics", school.stack.url, "0".repeat(32));
    let (person, _) = second.split_at(second.rfind(".").expect("a suffix") - 43);
    for url in
        [&second, &nobody, &format!("{person}.ics"), &format!("{}x", &second), &format!("{person}x.ics")]
    {
        assert_eq!(closed(url).await, gone, "{url}");
    }
    school.close().await;
}

/// A defense stands in the feeds of the two who will be there, from when it has a time.
#[tokio::test]
async fn a_feed_says_when_one_is_on_a_jury() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let ana = begin(&school, "ana", "2027-03-02").await;
    assign_mentor(&school, &ana, "marc").await;
    let project =
        text(&school.get("ana", &format!("/v1/enrollments/{ana}")).await.expect(200), "/attempts/0/project");
    let work = hand_in(&school, "ana", &ana, &project).await;
    accept_work(&school, "marc", &work).await;
    let defense = text(&request_defense(&school, "marc", &work, "2027-03-17").await.expect(201), "/id");
    let mut feeds = Vec::new();
    for who in ["ana", "olu", "marc"] {
        feeds.push(make_feed(&school, who).await);
    }
    let shown = async || {
        let mut shown = Vec::new();
        for feed in &feeds {
            let feed = understood(&fetch(feed, None).await.text().await.expect("a text")).await;
            let entries = feed["events"].as_array().expect("events").iter();
            let mut own = entries.filter(|event| text(event, "/uid") == format!("{defense}@compagnon"));
            shown.push(own.next().map(|event| {
                let summary = text(event, "/summary");
                assert!(summary.ends_with(&project), "{summary}");
                (text(event, "/status"), event["sequence"].clone(), text(event, "/start/by_name"))
            }));
        }
        shown
    };
    assert_eq!(shown().await, [None, None, None]);
    let act = async |act: &str, body: Value| {
        school.post("sam", &format!("/v1/defenses/{defense}/{act}"), body).await.expect(200);
    };
    act("juror", json!({"juror": school.id("olu").await})).await;
    assert_eq!(shown().await, [None, None, None]);
    for (sequence, starts_at) in [(1, "2027-03-17T10:00:00Z"), (2, "2027-03-17T15:00:00Z")] {
        act("schedule", json!({"starts_at": starts_at, "minutes": 45})).await;
        let booked = Some(("CONFIRMED".to_owned(), json!(sequence), starts_at.to_owned()));
        assert_eq!(shown().await, [booked.clone(), booked, None]);
    }
    // Somebody else judges, at a time that is to be found.
    let grant = json!({"person": school.id("clara").await, "role": "juror"});
    school.post("sam", "/v1/admin/grants", grant).await.expect(201);
    act("juror", json!({"juror": school.id("clara").await})).await;
    assert_eq!(shown().await, [None, None, None]);
    school.close().await;
}

#[tokio::test]
async fn the_secret_of_a_feed_is_kept_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let ask = async || {
        let ask = school.by("ana", Method::POST, "/v1/people/me/calendar").await;
        text(&ask.header("idempotency-key", "one intent").send().await.expect(201), "/url")
    };
    let (first, second) = (ask().await, ask().await);
    assert_ne!(first, second, "what is repeated is another address");
    assert_eq!(fetch(&first, None).await.status(), 404);
    assert_eq!(
        school.ask(Method::POST, "/v1/people/me/calendar").send().await.refused(401),
        "unauthenticated"
    );
    school.close().await;
    let secret = second.rsplit('.').nth(1).expect("a secret").to_owned();
    assert_eq!(secret.len(), 43);
    let mut files = vec![folder.path().to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()),
            );
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        read += bytes.len();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{}", path.display());
    }
    assert!(read > 10_000, "the table was looked at");
}

/// Each version is told once, with one UID and a number that rises.
#[tokio::test]
async fn a_session_is_told_moved_and_called_off_by_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (enrollment, series) = tuesdays(&school).await;
    let ids = ids(&series);
    let mut told = letters(folder.path(), "ana");
    told.retain(|letter| letter.entry.is_some());
    // Six with the series, and those of two more weeks at its first look.
    assert_eq!((ids.len(), told.len()), (6, 8));
    assert!(told.iter().any(|letter| {
        letter.subject == "Mentoring session with Marc Delorme, Tuesday 9 March 2027, 12:00"
            && letter.text.contains("Tuesday 9 March 2027, 12:00 to 12:45 (America/New_York)")
    }));
    let french = letters(folder.path(), "marc");
    assert!(subjects(&french).contains(&"Séance de mentorat avec Ana Duarte, mardi 30 mars 2027, 18 h 00"));
    let entry = async |letter: &Letter| {
        let (method, text) = letter.entry.clone().expect("an entry");
        let read = understood(&text).await;
        assert_eq!(read["method"], method.as_str());
        let [event] = &events(&read)[..] else { panic!("one event") };
        (method, event.clone(), read["events"][0]["attendees"].clone())
    };
    let mut uids = Vec::new();
    for letter in &told {
        let (method, (uid, sequence, status, _), attendees) = entry(letter).await;
        assert_eq!((method.as_str(), sequence, status.as_str()), ("REQUEST", 0, "CONFIRMED"));
        assert_eq!(attendees, json!(["mailto:ana@example.org"]), "nobody else's address is told");
        uids.push(uid);
    }
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), told.len());
    for id in &ids {
        assert!(uids.contains(&format!("{id}@compagnon")), "{id} {uids:?}");
    }

    let to = json!({"date": "2027-03-16", "local_time": "19:00", "time_zone": "Europe/Paris"});
    move_to(&school, "2027-03-03T09:00:00Z").await;
    act(&school, "marc", &ids[1], "move", to).await.expect(200);
    move_to(&school, "2027-03-04T09:00:00Z").await;
    act(&school, "ana", &ids[1], "cancel", json!({"reason": "an exam,\nsorry"})).await.expect(200);
    move_to(&school, "2027-03-05T09:00:00Z").await;
    for (who, moved, cancelled) in [
        (
            "ana",
            "Moved: Mentoring session with Marc Delorme, Tuesday 16 March 2027, 14:00",
            "Cancelled: Mentoring session with Marc Delorme, Tuesday 16 March 2027, 14:00",
        ),
        (
            "marc",
            "Nouvel horaire : Séance de mentorat avec Ana Duarte, mardi 16 mars 2027, 19 h 00",
            "Annulation : Séance de mentorat avec Ana Duarte, mardi 16 mars 2027, 19 h 00",
        ),
    ] {
        let told = letters_since(folder.path(), who, "2027-03-03");
        assert_eq!(subjects(&told), [moved, cancelled]);
        let uid = format!("{}@compagnon", ids[1]);
        let (method, event, _) = entry(&told[0]).await;
        assert_eq!(method, "REQUEST");
        assert_eq!(event, (uid.clone(), 1, "CONFIRMED".into(), "2027-03-16T18:00:00Z".into()));
        let (method, event, _) = entry(&told[1]).await;
        assert_eq!(method, "CANCEL");
        assert_eq!(event, (uid, 2, "CANCELLED".into(), "2027-03-16T18:00:00Z".into()));
        assert!(told[1].text.contains("an exam,\nsorry"), "{}", told[1].text);
    }

    // Looked at again, nobody hears more.
    let count = || letters(folder.path(), "ana").len() + letters(folder.path(), "marc").len();
    let before = count();
    let at = "2027-03-05T09:00:00Z".parse().expect("an instant");
    let look = |session: &String| Job::TellSession {
        enrollment: enrollment.parse().expect("an id"),
        session: session.parse().expect("an id"),
        at,
    };
    let again = school.stack.store.transaction::<()>();
    let again = ids.iter().fold(again, |again, session| again.enqueue(&look(session), at));
    again.commit().await.expect("asked again");
    assert!(school.move_to("2027-03-05T09:00:00Z").await >= 6);
    assert_eq!(count(), before);
    school.close().await;
}

/// S4: the student is told before the weeks that move; everybody is reminded twice, and the mentor of a report.
#[tokio::test]
async fn people_are_reminded_and_told_of_weeks_that_move() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (_, series) = tuesdays(&school).await;
    let ids = ids(&series);
    let day = async |from: &str, now: &str, who: &str| {
        move_to(&school, now).await;
        let told = letters_since(folder.path(), who, from);
        Vec::from_iter(told.into_iter().map(|letter| format!("{} {}", letter.at, letter.subject)))
    };
    let session = "Mentoring session with Marc Delorme, Tuesday 9 March 2027, 12:00";
    assert_eq!(day("2027-03-03", "2027-03-07T16:59:59Z", "ana").await, [""; 0]);
    assert_eq!(
        day("2027-03-03", "2027-03-09T17:00:00Z", "ana").await,
        [
            format!("2027-03-07T17:00:00Z Reminder: {session}"),
            format!("2027-03-09T16:00:00Z Reminder: {session}"),
        ]
    );
    let change =
        letters(folder.path(), "ana").into_iter().find(|letter| letter.subject.starts_with("Another"));
    let change = change.expect("a letter");
    assert_eq!(
        (change.at.as_str(), change.subject.as_str()),
        (NOW, "Another time from Tuesday 16 March 2027: 13:00")
    );
    let change = change.text;
    assert!(change.contains("at 13:00 instead of 12:00 (America/New_York)"), "{change}");

    // They meet, and Marc forgets the report.
    for who in ["ana", "marc"] {
        let stay = json!({"person": school.id(who).await, "joined_at": "2027-03-09T17:00:00Z"});
        school.post("marc", &format!("/v1/sessions/{}/attendance", ids[0]), stay).await.expect(200);
    }
    let asked = day("2027-03-09T17:00:00Z", "2027-03-13T09:00:00Z", "marc").await;
    let [asked] = &asked[..] else { panic!("{asked:?}") };
    let expected = "2027-03-10T05:45:00Z Compte rendu manquant : Séance de mentorat avec Ana Duarte, mardi 9 mars 2027, 18 h 00";
    assert_eq!(asked, expected);

    // The second change of clocks, and one reminder of each kind for every session until then.
    let told = day("2027-03-13T09:00:00Z", "2027-03-30T16:00:00Z", "ana").await;
    let changes = told.iter().filter(|line| line.contains("Another time"));
    assert_eq!(
        Vec::from_iter(changes),
        ["2027-03-16T09:00:00Z Another time from Tuesday 30 March 2027: 12:00"]
    );
    let reminders =
        Vec::from_iter(told.iter().filter(|line| line.contains("Reminder")).map(|line| &line[..20]));
    let expected = [
        "2027-03-14T17:00:00Z",
        "2027-03-16T16:00:00Z",
        "2027-03-21T17:00:00Z",
        "2027-03-23T16:00:00Z",
        "2027-03-28T16:00:00Z",
        "2027-03-30T15:00:00Z",
    ];
    assert_eq!(reminders, expected);
    // Nothing changes for Marc, at whose wall the series is at home.
    assert!(
        !letters(folder.path(), "marc")
            .iter()
            .any(|letter| letter.subject.starts_with("Nouvel horaire à partir"))
    );
    school.close().await;
}

/// A pause calls sessions off by itself; whoever was told of them is told of that.
#[tokio::test]
async fn what_a_pause_calls_off_is_told_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let school = school(&folder).await;
    let (ana, _) = tuesdays(&school).await;
    let path = format!("/v1/enrollments/{ana}");
    let read = school.get("ana", &path).await.etag();
    move_to(&school, "2027-03-03T09:00:00Z").await;
    let pause = school.by("ana", Method::POST, &format!("{path}/pause")).await;
    pause.header("if-match", &read).json(json!({})).send().await.expect(200);
    move_to(&school, "2027-03-03T10:00:00Z").await;
    // The paid month ends on 2 April: the four Tuesdays of April are in the pause.
    for (who, word) in [("ana", "Cancelled: "), ("marc", "Annulation : ")] {
        let told = letters_since(folder.path(), who, "2027-03-03");
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.iter().all(|letter| letter.subject.starts_with(word)));
        let methods =
            told.iter().filter_map(|letter| letter.entry.as_ref()).map(|(method, _)| method.as_str());
        assert_eq!(Vec::from_iter(methods), ["CANCEL"; 4]);
    }
    school.close().await;
}
