//! The journey: enroll, meet the mentor every week, hand in, defend, be billed, graduate.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use domain::money::{Currency, Money};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::client::{Client, Created, Upload, list, text};
use super::{DemoError, Outcome};

/// When Maya accepts and pays.
pub const BEGINS_AT: &str = "2027-02-07T10:00:00Z";
/// The defenses, one every two months or so; the sixth as in scenario S1.
const DEFENSES: [&str; 6] = [
    "2027-04-06T10:00:00Z",
    "2027-06-08T10:00:00Z",
    "2027-08-05T10:00:00Z",
    "2027-10-05T10:00:00Z",
    "2027-12-02T10:00:00Z",
    "2028-02-03T10:00:00Z",
];
/// When the award is decided.
const AWARDED_AT: &str = "2028-02-05T12:00:00Z";
/// A day on which a thirteenth month would be billed by now.
const LOOKED_AT: &str = "2028-03-10T12:00:00Z";
/// A defense is asked for so many days ahead.
const NOTICE_DAYS: i64 = 17;
/// How often an enrollment is looked at until its payment is there.
const LOOKS_MAX: usize = 600;
/// How long to wait in between.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const JURORS: [&str; 2] = ["marc", "olu"];

/// A year to be played.
pub struct Year {
    client: Client,
    clips: Vec<Vec<u8>>,
    bar: ProgressBar,
    sessions: usize,
}

impl Year {
    /// The year against the API at this address, with a clip for each jury.
    pub fn new(url: &str, clips: Vec<Vec<u8>>) -> Self {
        let bar = ProgressBar::new(DEFENSES.len() as u64 + 2);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { client: Client::new(url), clips, bar, sessions: 0 }
    }

    /// How many calls were begun so far.
    pub fn calls(&self) -> Arc<AtomicUsize> {
        self.client.calls()
    }

    /// All that the API said it had made, in order.
    pub fn created(&self) -> &[Created] {
        self.client.created()
    }

    /// Plays it and counts what came out.
    pub async fn play(&mut self) -> Result<Outcome, DemoError> {
        let enrollment = self.begin().await?;
        let edition = self.client.get("maya", "/v1/editions/web-development-gb").await?;
        for (index, project) in list(&edition, "/projects")?.iter().enumerate() {
            self.project(&enrollment, project, index).await?;
            self.bar.inc(1);
        }
        let credential = self.graduate(&enrollment).await?;
        let outcome = self.count(&enrollment, &credential).await?;
        self.bar.finish_and_clear();
        Ok(outcome)
    }

    /// Enrolls, pays the first month, and agrees on a weekly hour with a mentor.
    async fn begin(&mut self) -> Result<String, DemoError> {
        let enroll = json!({
            "edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
            "start_on": "2027-02-07", "hours_per_week": 20,
        });
        let enrolled = self.client.post("maya", "/v1/enrollments", enroll).await?;
        let id = text(&enrolled, "/id")?;
        let accept = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
        let accepted = self.client.post("maya", &format!("/v1/enrollments/{id}/accept"), accept).await?;
        let active = self.active(&id).await?;
        self.tell("2027-02-07", &format!("Maya enrolls: {}, {active}", text(&accepted, "/edition")?));
        let mentor = text(&self.client.get("ines", "/v1/people/me").await?, "/id")?;
        let assign = json!({ "enrollment": id, "mentor": mentor, "from": "2027-02-07" });
        self.client.post("sam", "/v1/admin/assignments", assign).await?;
        // A clock that is set, even to where it stands, lets what is due end first: their first meeting is
        // booked before any week is looked at.
        self.client.move_to(BEGINS_AT).await?;
        let weekly = json!({
            "enrollment": id, "with": mentor, "kind": "mentoring", "time_zone": "Europe/London",
            "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": "2027-02-09",
        });
        self.client.post("ines", "/v1/commitments", weekly).await?;
        self.tell("2027-02-07", "Ines mentors her, Tuesdays at 18:00");
        self.bar.inc(1);
        Ok(id)
    }

    /// Waits until an enrollment is active: the answer to its acceptance may have been that the payment
    /// is on its way.
    async fn active(&mut self, id: &str) -> Result<String, DemoError> {
        for _ in 0..LOOKS_MAX {
            let state = text(&self.client.get("maya", &format!("/v1/enrollments/{id}")).await?, "/state")?;
            if state != "quoted" {
                return Ok(state);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(DemoError::Broken { expected: "an active enrollment".into(), found: "quoted".into() })
    }

    /// One project: handed in, accepted, defended on a recorded jury.
    async fn project(&mut self, enrollment: &str, project: &Value, index: usize) -> Result<(), DemoError> {
        let name = text(project, "/id")?;
        let starts_at: Timestamp = instant(DEFENSES[index])?;
        self.weeks_until(enrollment, starts_at - SignedDuration::from_hours(24 * NOTICE_DAYS)).await?;
        let submission = self.hand_in(enrollment, &name).await?;
        let verdict = |criterion: &Value| json!({ "criterion": criterion["id"], "verdict": "acquired", "note": "Shown." });
        let verdicts = Vec::from_iter(list(project, "/criteria")?.iter().map(verdict));
        let assessment = json!({ "decision": "accepted", "verdicts": verdicts });
        self.client.post("ines", &format!("/v1/submissions/{submission}/assessment"), assessment).await?;
        let day = &DEFENSES[index][..10];
        let wish = json!({ "wished_from": day, "wished_to": day });
        let defense =
            self.client.post("ines", &format!("/v1/submissions/{submission}/defense"), wish).await?;
        let defense = text(&defense, "/id")?;
        self.defend(enrollment, &defense, &name, index).await
    }

    /// Opens a draft, uploads the work and seals it.
    async fn hand_in(&mut self, enrollment: &str, project: &str) -> Result<String, DemoError> {
        let path = format!("/v1/enrollments/{enrollment}/projects/{project}/submissions");
        let submission = text(&self.client.post("maya", &path, json!({})).await?, "/id")?;
        let work = format!("<!doctype html><title>{project}</title><h1>{project}</h1>").into_bytes();
        let file = Upload {
            purpose: "submission",
            subject: &submission,
            filename: "work.html",
            content_type: "application/octet-stream",
        };
        let key = self.client.upload("maya", file, work).await?;
        let seal = json!({ "deliverables": [{ "name": "The work", "key": key }] });
        let sealed = self.client.post("maya", &format!("/v1/submissions/{submission}/seal"), seal).await?;
        self.tell(&text(&sealed, "/sealed_at")?[..10], &format!("{project} handed in"));
        Ok(submission)
    }

    /// The jury: juror, time, consent, a minute of defense, its recording, the verdict.
    async fn defend(
        &mut self,
        enrollment: &str,
        id: &str,
        project: &str,
        index: usize,
    ) -> Result<(), DemoError> {
        let juror = JURORS[index % JURORS.len()];
        let path = |act: &str| format!("/v1/defenses/{id}/{act}");
        let person = text(&self.client.get(juror, "/v1/people/me").await?, "/id")?;
        self.client.post("sam", &path("juror"), json!({ "juror": person })).await?;
        let slot = json!({ "starts_at": DEFENSES[index], "minutes": 45 });
        self.client.post("sam", &path("schedule"), slot).await?;
        self.client.post("maya", &path("consent"), json!({ "text_version": "1" })).await?;
        self.client.post(juror, &path("consent"), json!({ "text_version": "1" })).await?;
        let starts_at = instant(DEFENSES[index])?;
        self.weeks_until(enrollment, starts_at).await?;
        let started = self.client.post(juror, &path("start"), json!({ "identity_checked": true })).await?;
        self.client.move_to(&(starts_at + SignedDuration::from_mins(1)).to_string()).await?;
        self.client.post(juror, &path("end"), json!({ "outcome": "held" })).await?;
        let file =
            Upload { purpose: "recording", subject: id, filename: "defense.mp4", content_type: "video/mp4" };
        let clip = self.clips[index].clone();
        self.client.upload(juror, file, clip).await?;
        // The recording is proven whole before any verdict counts.
        self.client.move_to(&(starts_at + SignedDuration::from_mins(2)).to_string()).await?;
        let judged = list(&started, "/skills")?.iter();
        let verdicts = Vec::from_iter(
            judged.map(|skill| json!({ "skill": skill, "verdict": "acquired", "note": "Shown." })),
        );
        let verdict = self.client.post(juror, &path("verdict"), json!({ "verdicts": verdicts })).await?;
        self.tell(
            &DEFENSES[index][..10],
            &format!("{project} defended before {juror}: {}", text(&verdict, "/state")?),
        );
        Ok(())
    }

    /// Lets the weeks pass, with a session and its report in each.
    async fn weeks_until(&mut self, enrollment: &str, until: Timestamp) -> Result<(), DemoError> {
        loop {
            let progress = self.client.get("maya", &format!("/v1/enrollments/{enrollment}")).await?;
            let next =
                progress.pointer("/next_session/ends_at").and_then(Value::as_str).map(instant).transpose()?;
            let Some(ends_at) = next.filter(|ends_at| *ends_at < until) else { break };
            let session = text(&progress, "/next_session/id")?;
            self.client.move_to(&ends_at.to_string()).await?;
            let report = json!({ "reviewed": "This week's work.", "tips": "Smaller steps.", "goals": "The next page.", "blockers": "" });
            self.client.post("ines", &format!("/v1/sessions/{session}/report"), report).await?;
            self.sessions += 1;
            self.bar.set_message(format!("{} sessions, {}", self.sessions, &ends_at.to_string()[..10]));
        }
        self.client.move_to(&until.to_string()).await
    }

    /// The award, and the credential that says so.
    async fn graduate(&mut self, enrollment: &str) -> Result<String, DemoError> {
        self.client.move_to(AWARDED_AT).await?;
        let decision = json!({ "decision": "award", "skills": [] });
        let awarded =
            self.client.post("sam", &format!("/v1/enrollments/{enrollment}/award"), decision).await?;
        self.tell("2028-02-05", &format!("award {}", text(&awarded, "/award/id")?));
        self.bar.inc(1);
        text(&awarded, "/credential/id")
    }

    /// Counts what the API says a month later.
    async fn count(&mut self, enrollment: &str, credential: &str) -> Result<Outcome, DemoError> {
        self.client.move_to(LOOKED_AT).await?;
        let invoices = self.client.get("maya", &format!("/v1/enrollments/{enrollment}/invoices")).await?;
        let mut total = Money::zero(Currency::Gbp);
        for invoice in list(&invoices, "/items")? {
            let amount: Money =
                serde_json::from_value(invoice["total"].clone()).unwrap_or(Money::zero(Currency::Gbp));
            total = total.plus(amount).unwrap_or(total);
            self.tell(
                &text(invoice, "/period/from")?,
                &format!("invoice {}: {}, {amount}", text(invoice, "/number")?, text(invoice, "/state")?),
            );
        }
        let defenses = self.client.get("maya", "/v1/defenses?state=passed").await?;
        let mut recordings = 0;
        for defense in list(&defenses, "/items")? {
            let path = format!("/v1/defenses/{}/recording", text(defense, "/id")?);
            let recording = self.client.get("maya", &path).await?;
            recordings +=
                usize::from(matches!(text(&recording, "/state")?.as_str(), "verified" | "retained"));
        }
        let shown = self.client.get("maya", &format!("/v1/credentials/{credential}")).await?;
        let checked = self.client.get("maya", &format!("/v1/credentials/{credential}/verification")).await?;
        let keys = self.client.get("maya", "/.well-known/jwks.json").await?;
        let offline = verifies_offline(&text(&shown, "/jwt")?, &keys);
        let credentials = usize::from(text(&checked, "/status")? == "valid" && offline);
        let countries = list(&shown, "/award/countries")?.len();
        self.tell("2028-03-10", &format!("{} sessions held, {countries} countries", self.sessions));
        let invoices = list(&invoices, "/items")?.len();
        Ok(Outcome { invoices, total, recordings, credentials, countries })
    }

    fn tell(&self, day: &str, what: &str) {
        self.bar.suspend(|| println!("{day}  {what}"));
    }
}

/// Whether the signature fits one of the school's published keys: all that a verifier needs.
fn verifies_offline(jwt: &str, keys: &Value) -> bool {
    let Ok(keys) = serde_json::from_value::<jsonwebtoken::jwk::JwkSet>(keys.clone()) else { return false };
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    keys.keys.iter().any(|key| {
        let key = jsonwebtoken::DecodingKey::from_jwk(key);
        key.is_ok_and(|key| jsonwebtoken::decode::<Value>(jwt, &key, &rules).is_ok())
    })
}

fn instant(text: &str) -> Result<Timestamp, DemoError> {
    text.parse().map_err(|_| DemoError::Broken { expected: "an instant".into(), found: text.into() })
}
