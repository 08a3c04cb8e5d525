//! One defense at each of its steps, for the tests: Maya defends before Ines.

use jiff::Timestamp;

use super::*;
use crate::digest::Sha256Hex;
use crate::id::{SkillId, SubmissionId};
use crate::permission::Role;
use crate::person::Grant;
use crate::recording::{Decoding, Probe, RecordedFile};
use crate::upload::{FileName, Purpose, Upload, UploadState, UploadSubject};

const POLICY: &DefensePolicy = &DefensePolicy::OPENING;

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub fn asked_at() -> Timestamp {
    at("2027-03-24T10:00:00Z")
}

pub fn starts_at() -> Timestamp {
    at("2027-04-09T10:00:00Z")
}

pub fn ended_at() -> Timestamp {
    at("2027-04-09T10:45:00Z")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

pub fn student() -> PersonId {
    person("maya")
}

pub fn mentor() -> PersonId {
    person("joe")
}

pub fn juror() -> PersonId {
    person("ines")
}

pub fn other_juror() -> PersonId {
    person("karl")
}

pub fn staff() -> PersonId {
    person("ada")
}

pub fn grant(person: PersonId, role: Role) -> Grant {
    Grant {
        id: crate::id::GrantId::derived(&["grant"]),
        person,
        role,
        scope: Scope::Everywhere,
        until: None,
        granted_by: None,
        granted_at: asked_at(),
    }
}

pub fn skill(word: &str) -> SkillId {
    word.parse().expect("a slug")
}

pub fn upload(name: &str) -> crate::id::UploadId {
    crate::id::UploadId::derived(&[name])
}

pub fn conflicts() -> ConflictSet {
    let mut set = ConflictSet::new(EnrollmentId::derived(&["maya"]), student());
    set.add(mentor(), Reason::Mentor);
    set
}

pub fn in_conflict(person: PersonId) -> ConflictSet {
    let mut set = conflicts();
    set.add(person, Reason::Declared);
    set
}

pub fn judgment(word: &str, verdict: SkillVerdict) -> SkillJudgment {
    SkillJudgment { skill: skill(word), verdict, note: None }
}

/// Verdicts on HTML and on CSS.
pub fn judgments(html: SkillVerdict, css: SkillVerdict) -> Vec<SkillJudgment> {
    vec![judgment("html", html), judgment("css", css)]
}

pub fn passing() -> Vec<SkillJudgment> {
    judgments(SkillVerdict::Acquired, SkillVerdict::Acquired)
}

pub fn request() -> DefenseRequest {
    DefenseRequest {
        enrollment: EnrollmentId::derived(&["maya"]),
        degree: "web-development".parse().expect("a slug"),
        project: "portfolio-site".parse().expect("a slug"),
        student: student(),
        submission: SubmissionId::derived(&["1"]),
        mentor: mentor(),
        skills: [skill("html"), skill("css")].into(),
        wish: Wish { from: "2027-04-07".parse().expect("a date"), to: "2027-04-14".parse().expect("a date") },
    }
}

pub fn requested() -> Defense {
    Defense::requested(request(), &[], &Zone::utc(), POLICY, asked_at()).expect("nothing in the way")
}

pub fn assigned() -> Defense {
    requested().assign_juror(juror(), &conflicts()).expect("a stranger")
}

pub fn scheduled() -> Defense {
    let slot = Slot::new(starts_at(), 45, POLICY, asked_at()).expect("to come");
    assigned().schedule(slot, &conflicts()).expect("assigned")
}

pub fn agreed() -> Defense {
    let student = scheduled().consented(student(), "1".into(), asked_at()).expect("asked");
    student.consented(juror(), "1".into(), asked_at()).expect("asked")
}

pub fn in_progress() -> Defense {
    agreed().started(juror(), Identity::Checked, &conflicts(), starts_at()).expect("on time")
}

pub fn held() -> Defense {
    in_progress().ended(Ending::Held, juror(), ended_at()).expect("in progress")
}

/// Held, with a passing verdict and no recording yet.
pub fn drafted() -> Defense {
    let given = held().verdict_given(juror(), passing(), &conflicts(), ended_at());
    given.expect("due").into_defense()
}

pub fn announced(defense: Defense, name: &str) -> Defense {
    defense.recording_announced(upload(name), Some(juror()), ended_at()).expect("held")
}

pub fn file() -> RecordedFile {
    RecordedFile { size: 1_000, sha256: "ab".repeat(32) }
}

pub fn probe() -> Probe {
    Probe {
        size: 1_000,
        sha256: "ab".repeat(32),
        containers: vec!["matroska".into(), "webm".into()],
        duration_millis: 45 * 60_000,
        cut_short: false,
        decoding: Some(Decoding { duration_millis: 45 * 60_000, complaint: None }),
        video: vec!["vp9".into()],
        audio: vec!["opus".into()],
    }
}

pub fn stored(defense: Defense, name: &str) -> Defense {
    let step = |recording: Recording| recording.stored(file());
    defense.recording_stepped(upload(name), step, &conflicts(), ended_at()).expect("incoming")
}

pub fn verified(defense: Defense, name: &str) -> Defense {
    defense.recording_probed(upload(name), probe(), &conflicts(), ended_at()).expect("stored")
}

/// What the student uploaded after a conditional verdict.
pub fn condition_upload() -> Upload {
    let sha256 = Sha256Hex::of(b"tests");
    Upload {
        id: upload("tests"),
        owner: student(),
        purpose: Purpose::Evidence,
        subject: UploadSubject::Defense(requested().id()),
        filename: FileName::sanitized("tests.zip"),
        content_type: "application/zip".into(),
        declared: None,
        part_size: 1,
        state: UploadState::Verified { at: ended_at(), size: 5, sha256 },
    }
}
