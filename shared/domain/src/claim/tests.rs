//! Tom's claims, and what they leave of his path.

mod deciding; // who decides a claim, and how
mod submitting; // what may be claimed, and when

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::assessment::Decision as Decided;
use crate::attempt::{
    Attempt, AttemptError, AttemptState, OpenDraft, Outcome, all_done, first_attempts, unlocked_next,
};
use crate::catalog::{Prospectus, fixture};
use crate::conflict::{ConflictSet, Reason};
use crate::defense::{Defense, DefenseRequest};
use crate::digest::{Crc64, Sha256Hex};
use crate::enrollment::{Enrollment, State, SuspensionCause, scenario_test::begun};
use crate::id::{DefenseId, UploadId};
use crate::money::{Currency, Money};
use crate::plan::{Plan, Wish};
use crate::upload::{Declared, FileName, POLICY, Purpose, Upload, UploadRequest, UploadSubject};

/// Tom's place, his path, and what the school knows of him.
struct Tom {
    prospectus: Prospectus,
    enrollment: Enrollment,
    attempts: Vec<Attempt>,
    conflicts: ConflictSet,
    defenses: Vec<Defense>,
    claims: Vec<PriorLearningClaim>,
}

fn now() -> Timestamp {
    "2027-02-08T12:00:00Z".parse().expect("an instant")
}

fn assessor() -> PersonId {
    PersonId::derived(&["aki"])
}

fn skill(number: u32) -> SkillId {
    format!("skill-{number}").parse().expect("a slug")
}

fn link() -> SentEvidence {
    SentEvidence::Url("https://example.org/work".into())
}

fn claiming(numbers: impl IntoIterator<Item = u32>) -> ClaimRequest {
    ClaimRequest { skills: numbers.into_iter().map(|number| (skill(number), vec![link()])).collect() }
}

fn deciding(recognized: &[u32], refused: &[u32]) -> Decision {
    let refusal = |number: &u32| RefusedSkill { skill: skill(*number), reason: "Not yours.".into() };
    Decision {
        recognized: recognized.iter().map(|number| skill(*number)).collect(),
        refused: refused.iter().map(refusal).collect(),
    }
}

impl Tom {
    fn studying() -> Self {
        let (prospectus, enrollment) = (fixture::prospectus(), begun("2027-02-07"));
        let attempts = first_attempts(enrollment.id, &prospectus.path(), &BTreeSet::new(), now());
        let conflicts = ConflictSet::new(enrollment.id, enrollment.student);
        Self { prospectus, enrollment, attempts, conflicts, defenses: Vec::new(), claims: Vec::new() }
    }

    fn standing(&self) -> Standing<'_> {
        Standing { prospectus: &self.prospectus, enrollment: &self.enrollment, attempts: &self.attempts }
    }

    fn independence(&self) -> Independence<'_> {
        Independence { conflicts: &self.conflicts, defenses: &self.defenses }
    }

    fn submit(&self, request: &ClaimRequest) -> Result<PriorLearningClaim, ClaimRefused> {
        PriorLearningClaim::submit(request, &BTreeMap::new(), self.standing(), &self.claims, now())
    }

    fn decide(&self, claim: PriorLearningClaim, decision: Decision) -> Result<ClaimSettled, DecisionRefused> {
        claim.decide(decision, assessor(), self.standing(), self.independence(), now())
    }

    /// Claims these skills and has all of them recognized.
    fn recognized(mut self, numbers: &[u32]) -> Self {
        let claim = self.submit(&claiming(numbers.iter().copied())).expect("to be shown");
        self.keep(self.decide(claim, deciding(numbers, &[])).expect("every skill, once"));
        self
    }

    fn keep(&mut self, settled: ClaimSettled) {
        self.claims.retain(|claim| claim.id != settled.claim.id);
        self.claims.push(settled.claim);
        for changed in settled.attempts {
            let kept = self.attempts.iter_mut().find(|attempt| attempt.project == changed.project);
            *kept.expect("known") = changed;
        }
        self.enrollment = settled.enrollment.unwrap_or(self.enrollment.clone());
        self.conflicts = settled.conflicts.unwrap_or(self.conflicts.clone());
    }

    fn words(&self) -> Vec<&'static str> {
        self.attempts.iter().map(|attempt| attempt.state.word()).collect()
    }

    fn plan(&self) -> Plan {
        let recognized = Vec::from_iter(self.enrollment.recognized_skills.iter().cloned());
        let wish = Wish { recognized_skills: &recognized, hours_per_week: 20 };
        Plan::new(&self.prospectus, Money::minor(30_000, Currency::Gbp), &wish).expect("a plan")
    }

    /// Hands in the first version of the work on a project.
    fn hand_in(&mut self, index: usize) {
        let student = self.enrollment.student;
        let attempt = self.attempts[index].clone();
        let Ok(OpenDraft::New { attempt, submission }) = attempt.open_draft(student, now()) else {
            panic!("a first draft")
        };
        self.attempts[index] = attempt.seal(submission.id, now()).expect("a draft");
    }
}

impl Tom {
    /// Does the project that is open: handed in, accepted, defended, all of it shown. Answers what its
    /// defense covered, and what the plan said was left of it.
    fn pass_project(&mut self) -> (BTreeSet<SkillId>, BTreeSet<SkillId>) {
        let index = self.attempts.iter().position(|attempt| attempt.state.is_open()).expect("one is open");
        self.hand_in(index);
        let attempt = self.attempts[index].clone();
        let submission = attempt.under_review().expect("handed in");
        let attempt = attempt.assess(submission, Decided::Accepted).expect("under review");
        let day = "2027-03-01".parse().expect("a date");
        let skills = &self.prospectus.projects[index].skills;
        let wish = crate::defense::Wish { from: day, to: day };
        let mentor = PersonId::derived(&["joe"]);
        let request = DefenseRequest::of(submission, &attempt, &self.enrollment, skills, mentor, wish);
        let covered = request.expect("accepted").skills;
        let left = self.plan().projects[index].skills.iter().cloned().collect();
        let defense = DefenseId::derived(&[&index.to_string()]);
        let attempt = attempt.request_defense(defense).and_then(|it| it.schedule_defense(defense));
        let passed =
            attempt.and_then(|it| it.conclude_defense(defense, Outcome::Passed, covered.clone(), now()));
        self.attempts[index] = passed.expect("scheduled");
        if let Some(next) = unlocked_next(&self.attempts, now()).expect("locked") {
            let place = self.attempts.iter_mut().find(|attempt| attempt.project == next.project);
            *place.expect("known") = next;
        }
        if all_done(&self.attempts) {
            self.enrollment = self.enrollment.clone().conclude(now()).expect("studying");
        }
        (covered, left)
    }
}

fn evidence(owner: PersonId, enrollment: EnrollmentId) -> Upload {
    let sum = Sha256Hex::of(b"%PDF-1.7");
    let request = UploadRequest {
        purpose: Purpose::Evidence,
        subject: UploadSubject::Enrollment(enrollment),
        filename: FileName::sanitized("diploma.pdf"),
        content_type: "application/pdf".into(),
        declared: Some(Declared { size: 8, sha256: Some(sum), crc64nvme: None }),
    };
    let upload = Upload::open(UploadId::derived(&["u"]), owner, request, &POLICY, now()).expect("taken");
    let arrived = upload.arrive(8, Crc64::new(7), now()).expect("open");
    arrived.verify(8, sum, None, &POLICY, now()).expect("arrived")
}

/// S2.
#[test]
fn half_the_skills_are_half_the_path() {
    let tom = Tom::studying().recognized(&Vec::from_iter(1..=12));
    assert_eq!(tom.words(), ["exempted", "exempted", "exempted", "available", "locked", "locked"]);
    assert_eq!(
        (tom.plan().months.to_string(), tom.plan().total.to_string()),
        ("6.0".into(), "GBP 1,800.00".into())
    );
    let tom = tom.recognized(&[17, 18]);
    assert_eq!(tom.words(), ["exempted", "exempted", "exempted", "available", "locked", "locked"]);
    assert_eq!(
        (tom.plan().months.to_string(), tom.plan().total.to_string()),
        ("5.0".into(), "GBP 1,500.00".into())
    );
    assert_eq!(tom.enrollment.state, State::Active);
}

#[test]
fn a_pause_that_begins_today_is_left_to_its_job() {
    let tom = Tom::studying();
    let later = now() + SignedDuration::from_hours(24 * 40);
    let planned = tom.enrollment.clone().pause(None, &crate::billing::Terms::OPENING, now()).expect("active");
    let recognized = planned.clone().recognize(&BTreeSet::from([skill(1)]), later).expect("paused by now");
    assert_eq!(recognized, Enrollment { recognized_skills: [skill(1)].into(), ..planned });
}

#[test]
fn everything_recognized_concludes_the_study() {
    let mut tom = Tom::studying();
    let claim = tom.submit(&claiming(1..=24)).expect("to be shown");
    let settled = tom.decide(claim, deciding(&Vec::from_iter(1..=24), &[])).expect("complete");
    let asked = settled.jobs.iter().map(|(job, _)| job.kind());
    assert_eq!(Vec::from_iter(asked), ["arrange_sessions", "credit_unused"]);
    tom.keep(settled);
    assert!(tom.words().iter().all(|word| *word == "exempted"));
    assert_eq!(tom.enrollment.state, State::AwardPending { concluded_at: now() });
}

#[test]
fn a_claim_is_stored_like_this() {
    let mut tom = Tom::studying();
    let sent = UploadId::derived(&["u"]);
    let skills = vec![(skill(1), vec![SentEvidence::Upload(sent), link()]), (skill(2), vec![link()])];
    let uploads = BTreeMap::from([(sent, evidence(tom.enrollment.student, tom.enrollment.id))]);
    let claim = PriorLearningClaim::submit(&ClaimRequest { skills }, &uploads, tom.standing(), &[], now());
    let decided = tom.decide(claim.expect("verified"), deciding(&[1], &[2])).expect("complete");
    tom.keep(decided);
    insta::assert_json_snapshot!(tom.claims[0]);
    let stored = serde_json::to_value(&tom.claims[0]).expect("plain data");
    assert_eq!(serde_json::from_value::<PriorLearningClaim>(stored).expect("as stored"), tom.claims[0]);
}

/// Skills, which of them an assessor recognizes, and whether a project is passed after that.
fn some_claims() -> impl Strategy<Value = Vec<(BTreeMap<u32, bool>, bool)>> {
    let claim = prop::collection::btree_map(1_u32..=24, any::<bool>(), 1..10);
    prop::collection::vec((claim, any::<bool>()), 1..12)
}

proptest! {
    #[test]
    fn whatever_is_claimed_and_decided_keeps_the_path_in_order(claims in some_claims()) {
        let mut tom = Tom::studying();
        let (mut asked, mut months) = (0, tom.plan().months);
        for (wished, passes) in claims {
            let acquired = tom.attempts.iter().flat_map(|attempt| attempt.acquired.clone());
            let known = BTreeSet::from_iter(acquired.chain(tom.enrollment.recognized_skills.clone()));
            let known = |number: &u32| known.contains(&skill(*number));
            let open = Vec::from_iter(wished.into_iter().filter(|(number, _)| !known(number)));
            let claim = match tom.submit(&claiming(open.iter().map(|(number, _)| *number))) {
                Ok(claim) => claim,
                Err(refused) => {
                    let over = tom.enrollment.check_claims(now()).is_err();
                    prop_assert!(over || open.is_empty(), "{refused}");
                    continue;
                }
            };
            asked += 1;
            prop_assert_eq!(claim.number, asked);
            let pick = |wanted: bool| open.iter().filter(move |(_, it)| *it == wanted).map(|(number, _)| *number);
            let (yes, no) = (Vec::from_iter(pick(true)), Vec::from_iter(pick(false)));
            let before = tom.enrollment.recognized_skills.clone();
            tom.keep(tom.decide(claim, deciding(&yes, &no)).expect("each once"));

            let expected = before.into_iter().chain(yes.into_iter().map(skill)).collect::<BTreeSet<_>>();
            prop_assert_eq!(&tom.enrollment.recognized_skills, &expected);
            for (project, attempt) in tom.prospectus.projects.iter().zip(&tom.attempts) {
                let all = project.skills.iter().all(|skill| expected.contains(skill));
                let exempted = matches!(attempt.state, AttemptState::Exempted { .. });
                prop_assert_eq!(exempted, all);
            }
            let open = tom.attempts.iter().filter(|attempt| attempt.state.is_open()).count();
            let done = tom.attempts.iter().all(|attempt| attempt.state.is_done());
            prop_assert_eq!(open, usize::from(!done));
            let is_pending = matches!(tom.enrollment.state, State::AwardPending { .. });
            prop_assert_eq!(is_pending, done);
            prop_assert!(tom.conflicts.excludes(assessor()));
            prop_assert!(tom.plan().months <= months);
            months = tom.plan().months;
            if passes && !done {
                let (covered, left) = tom.pass_project();
                prop_assert_eq!(covered, left);
            }
        }
        // No skill is shown twice, and none is forgotten.
        let acquired = Vec::from_iter(tom.attempts.iter().flat_map(|attempt| attempt.acquired.clone()));
        prop_assert!(acquired.iter().all(|skill| !tom.enrollment.recognized_skills.contains(skill)));
        if tom.attempts.iter().all(|attempt| attempt.state.is_done()) {
            prop_assert_eq!(acquired.len() + tom.enrollment.recognized_skills.len(), 24);
        }
    }
}
