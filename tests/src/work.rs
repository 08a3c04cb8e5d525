//! A student's work: files sent by Uppy's calls, handed in, accepted and defended.

use std::process::Command;

use domain::digest::Sha256Hex;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Answer, School, begin, text};

/// A file on its way in, by the calls of Uppy's own client.
#[derive(Clone)]
pub struct Sending<'a> {
    /// Where it goes.
    pub school: &'a School,
    /// The endpoint's path, up to and with `/s3/multipart`.
    pub at: String,
    /// The store's id for the parts.
    pub id: String,
    /// Where the bytes lie.
    pub key: String,
}

impl<'a> Sending<'a> {
    /// Begins to send a file whose upload was opened, or goes on.
    pub async fn begin(school: &'a School, upload: &Value) -> Self {
        let at = text(upload, "/endpoint").replace(&school.stack.url, "") + "/s3/multipart";
        let begun = school.ask(Method::POST, &at).json(json!({})).send().await.expect(200);
        Self { school, at, id: text(&begun, "/uploadId"), key: text(&begun, "/key") }
    }

    /// Asks for a URL that takes a part.
    pub async fn sign(&self, number: u32) -> Answer {
        self.school.ask(Method::GET, &self.path(&format!("/{number}"))).send().await
    }

    /// Sends a part, and answers what the store said.
    pub async fn part(&self, number: u32, bytes: &[u8]) -> StatusCode {
        let url = text(&self.sign(number).await.expect(200), "/url");
        let put = self.school.http.put(url).body(bytes.to_vec()).send().await;
        put.expect("an answer").status()
    }

    /// Says that all parts were sent.
    pub async fn complete(&self) -> Answer {
        self.school.ask(Method::POST, &self.path("/complete")).json(json!({})).send().await
    }

    fn path(&self, call: &str) -> String {
        format!("{}/{}{call}?key={}", self.at, self.id, self.key.replace('/', "%2F"))
    }
}

/// Sends a file in one part, waits until it is verified, and answers its upload.
pub async fn send_file(
    school: &School,
    name: &str,
    purpose: &str,
    subject: &str,
    file: (&str, &str, &[u8]),
) -> Value {
    let (filename, kind, bytes) = file;
    let body = json!({ "purpose": purpose, "subject": subject, "filename": filename, "type": kind,
        "size": bytes.len(), "sha256": Sha256Hex::of(bytes) });
    let upload = school.post(name, "/v1/uploads", body).await.expect(201);
    let sending = Sending::begin(school, &upload).await;
    assert_eq!(sending.part(1, bytes).await, 200);
    sending.complete().await.expect(200);
    settle(school).await;
    let upload = school.get(name, &format!("/v1/uploads/{}", text(&upload, "/id"))).await.expect(200);
    assert_eq!(text(&upload, "/state"), "verified");
    upload
}

/// Waits until the worker has done all that is due.
pub async fn settle(school: &School) {
    school.move_to(&now(school).await.to_string()).await;
}

/// What the school's clock shows.
pub async fn now(school: &School) -> Timestamp {
    let shown = school.ask(Method::GET, "/dev/clock").send().await.body;
    text(&shown, "/now").parse().expect("an instant")
}

/// Gives a student a mentor, from today on.
pub async fn assign_mentor(school: &School, enrollment: &str, mentor: &str) {
    let today = domain::time::Zone::utc().date_at(now(school).await);
    let body = json!({ "enrollment": enrollment, "mentor": school.id(mentor).await, "from": today });
    school.post("sam", "/v1/admin/assignments", body).await.expect(201);
}

/// Hands in one file as the next version of the work on a project, and answers the submission.
pub async fn hand_in(school: &School, name: &str, enrollment: &str, project: &str) -> String {
    let path = format!("/v1/enrollments/{enrollment}/projects/{project}/submissions");
    let draft = text(&school.post(name, &path, json!({})).await.expect(201), "/id");
    let site = ("site.zip", "application/zip", b"PK\x03\x04 a site for a small business".as_slice());
    let upload = send_file(school, name, "submission", &draft, site).await;
    let seal = json!({ "deliverables": [{ "name": "The site", "key": upload["key"] }], "links": [] });
    school.post(name, &format!("/v1/submissions/{draft}/seal"), seal).await.expect(201);
    draft
}

/// The mentor accepts a version: every criterion of its project is met.
pub async fn accept_work(school: &School, mentor: &str, submission: &str) {
    let shown = school.get(mentor, &format!("/v1/submissions/{submission}")).await.expect(200);
    let edition = school.get(mentor, "/v1/editions/web-development-gb").await.expect(200);
    let projects = edition["projects"].as_array().expect("projects");
    let project = projects.iter().find(|project| project["id"] == shown["project"]).expect("one of ours");
    let met = |criterion: &Value| json!({ "criterion": criterion["id"], "verdict": "acquired", "note": "" });
    let verdicts: Vec<Value> = project["criteria"].as_array().expect("criteria").iter().map(met).collect();
    let judgment = json!({ "decision": "accepted", "verdicts": verdicts });
    school.post(mentor, &format!("/v1/submissions/{submission}/assessment"), judgment).await.expect(201);
}

/// The mentor asks for a defense on a date.
pub async fn request_defense(school: &School, mentor: &str, submission: &str, wished: &str) -> Answer {
    let wish = json!({ "wished_from": wished, "wished_to": wished });
    school.post(mentor, &format!("/v1/submissions/{submission}/defense"), wish).await
}

/// Enrolls a student whom Ines mentors, lets her accept the first project and ask for its defense on a date; answers
/// the enrollment and the defense.
pub async fn ask_first_defense(school: &School, name: &str, wished: &str) -> (String, String) {
    let today = domain::time::Zone::utc().date_at(now(school).await).to_string();
    let enrollment = begin(school, name, &today).await;
    assign_mentor(school, &enrollment, "ines").await;
    let progress = school.get(name, &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    let project = text(&progress, "/attempts/0/project");
    let submission = hand_in(school, name, &enrollment, &project).await;
    accept_work(school, "ines", &submission).await;
    let asked = request_defense(school, "ines", &submission, wished).await.expect(201);
    (enrollment, text(&asked, "/id"))
}

/// Finds a juror by hand, takes a time, lets both consent and moves the clock to it.
pub async fn prepare_defense(school: &School, name: &str, juror: &str, defense: &str, held_at: &str) {
    act_on(school, "sam", defense, "juror", json!({ "juror": school.id(juror).await })).await.expect(200);
    let time = json!({ "starts_at": held_at, "minutes": 45 });
    act_on(school, "sam", defense, "schedule", time).await.expect(200);
    for person in [name, juror] {
        act_on(school, person, defense, "consent", json!({ "text_version": "1" })).await.expect(200);
    }
    school.move_to(held_at).await;
}

/// Starts a prepared defense and ends it so many minutes later; answers it as it was started.
pub async fn hold_defense(school: &School, juror: &str, defense: &str, minutes: i64) -> Value {
    let checked = json!({ "identity_checked": true });
    let started = act_on(school, juror, defense, "start", checked).await.expect(200);
    let ended_at = now(school).await + SignedDuration::from_mins(minutes);
    school.move_to(&ended_at.to_string()).await;
    act_on(school, juror, defense, "end", json!({ "outcome": "held" })).await.expect(200);
    started
}

/// The juror says something of each skill of a defense.
pub async fn judge_defense(
    school: &School,
    juror: &str,
    defense: &str,
    word: impl Fn(usize) -> &'static str,
) -> Answer {
    act_on(school, juror, defense, "verdict", verdicts_on(school, juror, defense, word).await).await
}

/// A word on each skill of a defense, by its place among them.
pub async fn verdicts_on(
    school: &School,
    reader: &str,
    defense: &str,
    word: impl Fn(usize) -> &'static str,
) -> Value {
    let shown = school.get(reader, &format!("/v1/defenses/{defense}")).await.expect(200);
    let skills = shown["skills"].as_array().expect("skills").iter().enumerate();
    let verdicts = skills.map(|(index, skill)| match word(index) {
        "if_uploaded" => json!({ "skill": skill, "verdict": "if_uploaded", "what": "the tests" }),
        word => json!({ "skill": skill, "verdict": word }),
    });
    json!({ "verdicts": Vec::from_iter(verdicts) })
}

/// Acts on a defense.
pub async fn act_on(school: &School, who: &str, defense: &str, act: &str, body: Value) -> Answer {
    school.post(who, &format!("/v1/defenses/{defense}/{act}"), body).await
}

/// Sends a minute of pictures as the recording of a defense, and waits until it is verified.
pub async fn record_defense(school: &School, juror: &str, defense: &str) -> Value {
    let clip = clip(60);
    send_file(school, juror, "recording", defense, ("defense.mp4", "video/mp4", &clip)).await
}

/// So many seconds of pictures and sound, as an MP4 file.
pub fn clip(seconds: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.mp4");
    let picture = format!("testsrc=size=160x90:rate=5:duration={seconds}");
    let sound = format!("sine=frequency=440:duration={seconds}");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound])
        .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", "-movflags", "+faststart"])
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg is installed").success());
    std::fs::read(path).expect("a clip")
}

/// Holds a defense that was asked for, with Marc as its juror and a waiver for its recording, from an
/// instant on, and passes all that it covers; answers it as it was judged.
pub async fn pass_defense(school: &School, name: &str, defense: &str, held_at: &str) -> Value {
    prepare_defense(school, name, "marc", defense, held_at).await;
    hold_defense(school, "marc", defense, 45).await;
    judge_defense(school, "marc", defense, |_| "acquired").await.expect(202);
    let reason = json!({ "reason": "The camera broke; two witnesses signed." });
    let waived = act_on(school, "sam", defense, "waiver", reason).await.expect(200);
    assert_eq!(text(&waived, "/state"), "passed", "{waived}");
    waived
}

/// A project from the draft to a passed defense, which is two to three weeks ahead; answers the
/// submission and the defense.
pub async fn pass_project(
    school: &School,
    name: &str,
    enrollment: &str,
    project: &str,
    held_at: &str,
) -> (String, String) {
    let submission = hand_in(school, name, enrollment, project).await;
    accept_work(school, "ines", &submission).await;
    let asked = request_defense(school, "ines", &submission, &held_at[..10]).await.expect(201);
    let defense = text(&asked, "/id");
    pass_defense(school, name, &defense, held_at).await;
    (submission, defense)
}
