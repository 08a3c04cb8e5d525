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
fn nothing_is_recognized_without_evidence() {
    let tom = Tom::studying();
    let request = ClaimRequest { skills: vec![(skill(1), vec![link()]), (skill(2), vec![])] };
    let refused = tom.submit(&request).expect_err("no evidence");
    assert_eq!(refused, ClaimRefused::EvidenceMissing { index: 1, skill: skill(2) });
    assert_eq!(refused.pointer(), "/skills/1/evidence");
}

#[test]
fn a_claim_names_skills_of_the_edition_once() {
    let tom = Tom::studying();
    let check = |request: ClaimRequest, pointer: &str| {
        assert_eq!(tom.submit(&request).expect_err("refused").pointer(), pointer);
    };
    check(claiming([]), "/skills");
    check(claiming([1, 25]), "/skills/1/skill");
    check(claiming([1, 2, 1]), "/skills/2/skill");
    check(ClaimRequest { skills: vec![(skill(1), vec![link(); EVIDENCE_MAX + 1])] }, "/skills");
    for url in ["http://example.org", "https://", "javascript:alert(1)"] {
        let sent = vec![link(), SentEvidence::Url(url.into())];
        check(ClaimRequest { skills: vec![(skill(1), sent)] }, "/skills/0/evidence/1/url");
    }
}

#[test]
fn what_was_recognized_or_is_being_decided_is_not_claimed_again() {
    let mut tom = Tom::studying().recognized(&[1]);
    assert_eq!(
        tom.submit(&claiming([2, 1])),
        Err(ClaimRefused::AlreadyRecognized { index: 1, skill: skill(1) })
    );
    let second = tom.submit(&claiming([2, 3])).expect("to be shown");
    assert_eq!((second.number, second.id), (2, PriorLearningClaim::id_of(tom.enrollment.id, 2)));
    let claim = second.id;
    tom.claims.push(second.clone());
    assert_eq!(tom.submit(&claiming([3])), Err(ClaimRefused::Undecided { index: 0, skill: skill(3), claim }));
    // What was refused may be claimed with better evidence.
    let decided = tom.decide(second, deciding(&[2], &[3])).expect("each once");
    tom.keep(decided);
    assert_eq!(tom.submit(&claiming([3])).expect("to be shown").number, 3);
}

#[test]
fn a_file_is_the_students_own_verified_evidence() {
    let tom = Tom::studying();
    let (student, enrollment) = (tom.enrollment.student, tom.enrollment.id);
    let sent = UploadId::derived(&["u"]);
    let request = ClaimRequest { skills: vec![(skill(1), vec![SentEvidence::Upload(sent)])] };
    assert_eq!(Vec::from_iter(request.uploads()), [sent]);
    let submit = |upload: Upload| {
        let uploads = BTreeMap::from([(sent, upload)]);
        PriorLearningClaim::submit(&request, &uploads, tom.standing(), &[], now())
    };
    let kept = submit(evidence(student, enrollment)).expect("verified");
    let Evidence::Upload { upload, .. } = kept.skills[0].evidence[0] else { panic!("a file") };
    assert_eq!(upload, sent);
    let foreign = Err(ClaimRefused::ForeignUpload { skill: 0, evidence: 0 });
    assert_eq!(submit(evidence(PersonId::derived(&["ana"]), enrollment)), foreign);
    assert_eq!(submit(evidence(student, EnrollmentId::derived(&["other"]))), foreign);
    assert_eq!(tom.submit(&request), foreign);
    let work = Upload { purpose: Purpose::Submission, ..evidence(student, enrollment) };
    assert_eq!(submit(work), foreign);
    let at = now();
    let state = crate::upload::UploadState::Arrived { at, size: 8 };
    let arrived = Upload { state, ..evidence(student, enrollment) };
    assert_eq!(submit(arrived), Err(ClaimRefused::UploadIncomplete { skill: 0, evidence: 0 }));
    let state = crate::upload::UploadState::Abandoned { at };
    let given_up = Upload { state, ..evidence(student, enrollment) };
    assert_eq!(submit(given_up), Err(ClaimRefused::UploadRefused { skill: 0, evidence: 0 }));
}

#[test]
fn a_claim_comes_before_the_work() {
    let mut tom = Tom::studying();
    let claim = tom.submit(&claiming(1..=4)).expect("nothing handed in");
    tom.hand_in(0);
    let reason = AttemptError::HandedIn { version: 1 };
    assert_eq!(tom.submit(&claiming([2])), Err(ClaimRefused::Project { index: 0, skill: skill(2), reason }));
    tom.submit(&claiming([5])).expect("another project");
    // What was claimed in time is still recognized: the work is no longer to be judged.
    let submission = tom.attempts[0].under_review().expect("sealed");
    let settled = tom.decide(claim, deciding(&[1, 2, 3, 4], &[])).expect("no defense asked for");
    assert_eq!(settled.superseded, [submission]);
    tom.keep(settled);
    assert_eq!(tom.words()[..2], ["exempted", "available"]);
}

#[test]
fn what_waits_for_a_jury_or_was_before_one_is_not_recognized() {
    let tom = Tom::studying();
    let claim = tom.submit(&claiming([1, 2])).expect("nothing handed in");
    let defense = DefenseId::derived(&["d"]);
    let check = |change: fn(&mut Attempt), expected: Option<DecisionRefused>| {
        let mut tom = Tom::studying();
        tom.hand_in(0);
        change(&mut tom.attempts[0]);
        let decided = tom.decide(claim.clone(), deciding(&[1, 2], &[]));
        assert_eq!(decided.err(), expected);
        assert!(tom.decide(claim.clone(), deciding(&[], &[1, 2])).is_ok(), "it may always be refused");
    };
    let project = |reason| Some(DecisionRefused::Project { index: 0, skill: skill(1), reason });
    check(|_| {}, None);
    check(|attempt| attempt.state = AttemptState::ReadyForDefense, None);
    check(
        |attempt| {
            attempt.state = AttemptState::DefenseScheduled;
            attempt.defense = Some(DefenseId::derived(&["d"]));
        },
        project(AttemptError::DefenseOpen { defense }),
    );
    check(
        |attempt| {
            attempt.state = AttemptState::Rework;
            attempt.failed_defenses = 1;
        },
        project(AttemptError::Defended),
    );
    check(
        |attempt| {
            attempt.state = AttemptState::Validated { at: now() };
            attempt.acquired = (1..=4).map(skill).collect();
        },
        Some(DecisionRefused::NothingToProve { index: 0, skill: skill(1) }),
    );
}

#[test]
fn a_decision_is_complete_and_made_once() {
    let tom = Tom::studying();
    let claim = tom.submit(&claiming([1, 2, 3])).expect("to be shown");
    let check = |decision: Decision, pointer: &str| {
        let refused = tom.decide(claim.clone(), decision).expect_err("refused");
        assert_eq!(refused.pointer(), pointer, "{refused}");
    };
    check(deciding(&[1, 4], &[2, 3]), "/recognized/1");
    check(deciding(&[1], &[2, 4]), "/refused/1/skill");
    check(deciding(&[1, 2, 1], &[3]), "/recognized/2");
    check(deciding(&[1, 2], &[3, 2]), "/refused/1/skill");
    check(deciding(&[1], &[2]), "/recognized");
    for reason in [String::new(), " ".into(), "x".repeat(REASON_CHARS_MAX + 1)] {
        let mut decision = deciding(&[1], &[2, 3]);
        decision.refused[1].reason = reason;
        check(decision, "/refused/1/reason");
    }
    let decided = tom.decide(claim, deciding(&[1], &[2, 3])).expect("complete").claim;
    assert_eq!(decided.state.word(), "recognized");
    for again in [deciding(&[1], &[2, 3]), deciding(&[], &[]), deciding(&[24], &[])] {
        assert_eq!(tom.decide(decided.clone(), again), Err(DecisionRefused::AlreadyDecided));
    }
    let review = decided.review(assessor(), tom.independence(), now());
    assert_eq!(review, Err(DecisionRefused::AlreadyDecided));
}

#[test]
fn a_claim_of_which_nothing_is_recognized_is_refused_and_changes_no_path() {
    let tom = Tom::studying();
    let claim = tom.submit(&claiming([1])).expect("to be shown");
    let settled = tom.decide(claim, deciding(&[], &[1])).expect("complete");
    assert_eq!(settled.claim.state.word(), "refused");
    assert_eq!((settled.enrollment, settled.attempts, settled.jobs), (None, vec![], vec![]));
    assert!(settled.conflicts.expect("news").excludes(assessor()));
}

/// Invariant 9.
#[test]
fn whoever_may_not_judge_may_not_assess() {
    let mut tom = Tom::studying();
    let claim = tom.submit(&claiming([1])).expect("to be shown");
    let by = |tom: &Tom, by: PersonId| {
        let reviewed = claim.clone().review(by, tom.independence(), now()).err();
        let decided =
            claim.clone().decide(deciding(&[1], &[]), by, tom.standing(), tom.independence(), now()).err();
        assert_eq!(reviewed, decided);
        decided
    };
    let conflict = |assessor| Some(DecisionRefused::AssessorInConflict { assessor });
    assert_eq!(by(&tom, tom.enrollment.student), conflict(tom.enrollment.student));
    let mentor = PersonId::derived(&["joe"]);
    tom.conflicts.add(mentor, Reason::PastMentor);
    assert_eq!(by(&tom, mentor), conflict(mentor));
    // Who decided an earlier claim decides this one, too.
    tom.conflicts.add(assessor(), Reason::PriorLearningAssessor);
    assert_eq!(by(&tom, assessor()), None);
    // A juror who decided could not judge the defense that waits for them.
    let juror = crate::defense::example::juror();
    tom.defenses = vec![crate::defense::example::drafted()];
    assert_eq!(by(&tom, juror), Some(DecisionRefused::AssessorJudges { assessor: juror }));
    tom.defenses = vec![crate::defense::example::requested()];
    assert_eq!(by(&tom, juror), None);
}

#[test]
fn an_assessor_looks_at_a_claim_and_another_may_take_over() {
    let tom = Tom::studying();
    let claim = tom.submit(&claiming([1])).expect("to be shown");
    let review = |claim: PriorLearningClaim, by| claim.review(by, tom.independence(), now()).expect("open");
    let first = review(claim, assessor());
    assert_eq!(first.state.word(), "in_review");
    assert_eq!(review(first.clone(), assessor()), first);
    let other = PersonId::derived(&["other"]);
    assert_eq!(review(first, other).state, ClaimState::InReview { by: other, since: now() });
}

#[test]
fn claims_are_made_from_the_quote_to_the_last_project() {
    let tom = Tom::studying();
    let later = now() + SignedDuration::from_hours(24 * 40);
    let terms = &crate::billing::Terms::OPENING;
    let paused = tom.enrollment.clone().pause(None, terms, now()).expect("active");
    let suspended = tom.enrollment.clone().suspend(SuspensionCause::Staff, now()).expect("active");
    let withdrawn = tom.enrollment.clone().withdraw(&crate::billing::Terms::OPENING, now()).expect("active");
    let concluded = tom.enrollment.clone().conclude(now()).expect("active");
    let check = |enrollment: &Enrollment, at, claims: bool, recognizes: bool| {
        assert_eq!(enrollment.check_claims(at).is_ok(), claims, "{}", enrollment.state.word());
        let recognized = enrollment.clone().recognize(&BTreeSet::from([skill(1)]), at);
        assert_eq!(recognized.is_ok(), recognizes, "{}", enrollment.state.word());
    };
    check(&tom.enrollment, now(), true, true);
    check(&paused, later, true, true);
    check(&suspended, now(), false, true);
    check(&withdrawn, later, false, false);
    check(&concluded, now(), false, false);
    let expires_at = now();
    let quoted = Enrollment { state: State::Quoted { expires_at }, segments: vec![], ..tom.enrollment };
    check(&quoted, now() - SignedDuration::from_secs(1), true, true);
    check(&quoted, now(), false, false);
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
