use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::assessment::Assessment;
use crate::submission::{SealedWork, tests::work};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn maya() -> PersonId {
    PersonId::derived(&["maya"])
}

fn defense(name: &str) -> DefenseId {
    DefenseId::derived(&[name])
}

fn skills(names: &[&str]) -> BTreeSet<SkillId> {
    names.iter().map(|name| name.parse().expect("a slug")).collect()
}

fn available() -> Attempt {
    let project = "portfolio-site".parse().expect("a slug");
    Attempt::locked(EnrollmentId::derived(&["e"]), project, 1).unlock(START).expect("locked")
}

fn drafted(attempt: Attempt) -> (Attempt, SubmissionId) {
    match attempt.open_draft(maya(), START) {
        Ok(OpenDraft::New { attempt, submission }) => (attempt, submission.id),
        other => panic!("{other:?}"),
    }
}

fn under_review() -> (Attempt, SubmissionId) {
    let (attempt, id) = drafted(available());
    (attempt.seal(id, START).expect("a draft"), id)
}

fn ready() -> Attempt {
    let (attempt, id) = under_review();
    attempt.assess(id, Decision::Accepted).expect("sealed")
}

fn scheduled() -> Attempt {
    let requested = ready().request_defense(defense("a"));
    requested.and_then(|attempt| attempt.schedule_defense(defense("a"))).expect("ready")
}

fn concluded(outcome: Outcome) -> Attempt {
    scheduled().conclude_defense(defense("a"), outcome, skills(&["html"]), START).expect("scheduled")
}

#[test]
fn a_second_tab_gets_the_open_draft() {
    let (attempt, id) = drafted(available());
    assert_eq!(attempt.open_draft(maya(), START), Ok(OpenDraft::Existing(id)));
}

#[test]
fn a_draft_opens_only_where_work_is_wanted() {
    let check = |attempt: Attempt, state: Option<&str>| {
        let opened = match attempt.open_draft(maya(), START) {
            Ok(OpenDraft::New { attempt, .. }) => Some(attempt.state.word()),
            _ => None,
        };
        assert_eq!(opened, state);
    };
    let (reviewed, id) = under_review();
    check(available(), Some("in_progress"));
    check(reviewed.clone(), None);
    check(reviewed.assess(id, Decision::ChangesRequested).expect("sealed"), Some("changes_requested"));
    check(ready(), None);
    check(scheduled(), None);
    check(concluded(Outcome::Conditional), None);
    check(concluded(Outcome::Failed), Some("in_progress"));
    check(concluded(Outcome::Passed), None);
    check(available().exempt(START).expect("open"), None);
    check(available().annul(START).expect("open"), None);
}

#[test]
fn a_version_is_sealed_and_judged_once() {
    let (sealed, id) = under_review();
    assert_eq!(sealed.clone().seal(id, START), Err(AttemptError::AlreadySubmitted { version: 1 }));
    let other = SubmissionId::derived(&["other"]);
    assert_eq!(sealed.clone().seal(other, START), Err(AttemptError::OtherSubmission));
    let judged = sealed.assess(id, Decision::ChangesRequested).expect("sealed");
    assert_eq!(judged.assess(id, Decision::Accepted), Err(AttemptError::AlreadyDecided { version: 1 }));
}

#[test]
fn versions_have_a_bound() {
    let mut attempt = available();
    for _ in 0..SUBMISSIONS_MAX {
        let (next, id) = drafted(attempt);
        let sealed = next.seal(id, START).expect("a draft");
        attempt = sealed.assess(id, Decision::ChangesRequested).expect("sealed");
    }
    assert_eq!(attempt.open_draft(maya(), START), Err(AttemptError::TooManyVersions));
}

#[test]
fn at_most_one_defense_is_open() {
    let requested = ready().request_defense(defense("a")).expect("ready");
    let open = |attempt: Attempt| attempt.request_defense(defense("b"));
    let refused = Err(AttemptError::DefenseOpen { defense: defense("a") });
    assert_eq!(open(requested.clone()), refused);
    assert_eq!(open(scheduled()), refused);
    assert_eq!(open(concluded(Outcome::Conditional)), refused);
    assert_eq!(requested.schedule_defense(defense("b")), Err(AttemptError::OtherDefense));
    assert!(open(concluded(Outcome::Failed)).is_err());
}

#[test]
fn a_defense_that_was_not_held_does_not_count_as_failed() {
    let released = scheduled().release_defense(defense("a")).expect("scheduled");
    assert_eq!(released, ready());
    let again = released.request_defense(defense("b")).expect("ready");
    assert_eq!((again.open_defense(), again.failed_defenses), (Some(defense("b")), 0));
}

#[test]
fn what_was_acquired_stays_acquired() {
    let conditional = concluded(Outcome::Conditional);
    let failed = conditional.clone().conclude_defense(defense("a"), Outcome::Failed, skills(&[]), START);
    let failed = failed.expect("conditional");
    assert_eq!((failed.state.word(), failed.failed_defenses), ("rework", 1));
    assert_eq!(failed.acquired, skills(&["html"]));
    let passed = conditional.conclude_defense(defense("a"), Outcome::Passed, skills(&["css"]), START);
    assert_eq!(passed.expect("conditional").acquired, skills(&["html", "css"]));
}

#[test]
fn a_verdict_is_concluded_once() {
    let again =
        concluded(Outcome::Passed).conclude_defense(defense("a"), Outcome::Failed, skills(&[]), START);
    assert_eq!(again, Err(AttemptError::NotWhile { act: "a verdict", state: "validated" }));
}

#[test]
fn an_appeal_overturns_a_verdict_however_far_the_rework_has_come() {
    let overturn = |attempt: Attempt, outcome| {
        let turned = attempt.overturn_defense(defense("a"), outcome, skills(&["css"]), START);
        turned.map(|attempt| (attempt.state.word(), attempt.failed_defenses))
    };
    let failed = concluded(Outcome::Failed);
    let (redrafted, id) = drafted(failed.clone());
    let resealed = redrafted.clone().seal(id, START).expect("a draft");
    let reaccepted = resealed.clone().assess(id, Decision::Accepted).expect("sealed");
    for attempt in [failed, redrafted, resealed, reaccepted.clone()] {
        assert_eq!(overturn(attempt, Outcome::Passed), Ok(("validated", 0)));
    }
    assert_eq!(overturn(concluded(Outcome::Passed), Outcome::Failed), Ok(("rework", 1)));
    let next = reaccepted.request_defense(defense("b")).expect("ready");
    assert_eq!(overturn(next, Outcome::Passed), Err(AttemptError::DefenseOpen { defense: defense("b") }));
    assert!(overturn(ready(), Outcome::Passed).is_err(), "no defense failed");
}

#[test]
fn an_annulled_defense_is_held_again() {
    for outcome in [Outcome::Passed, Outcome::Conditional, Outcome::Failed] {
        let failed = u32::from(outcome == Outcome::Failed);
        let again = concluded(outcome).annul_defense(defense("a"), failed, &skills(&["html", "css"]));
        let again = again.expect("concluded");
        assert_eq!(
            (again.state.word(), again.defense, again.failed_defenses),
            ("ready_for_defense", None, 0)
        );
        assert!(again.acquired.is_empty(), "what was shown in it is to be shown again");
    }
}

#[test]
fn a_fail_is_annulled_however_far_the_student_has_come_since() {
    let (redrafted, id) = drafted(concluded(Outcome::Failed));
    let resealed = redrafted.clone().seal(id, START).expect("a draft");
    let reaccepted = resealed.clone().assess(id, Decision::Accepted).expect("sealed");
    let next = reaccepted.clone().request_defense(defense("b")).expect("ready");
    for attempt in [redrafted, resealed, reaccepted, next] {
        let annulled = attempt.clone().annul_defense(defense("a"), 1, &skills(&["css"])).expect("a fail");
        assert_eq!(
            (annulled.state, annulled.defense, annulled.failed_defenses),
            (attempt.state, attempt.defense, 0)
        );
    }
}

#[test]
fn an_exemption_supersedes_what_is_under_review() {
    let (attempt, id) = under_review();
    assert_eq!(attempt.under_review(), Some(id));
    let exempted = attempt.exempt(START).expect("open");
    assert_eq!((exempted.submissions[0].state, exempted.under_review()), (Stage::Superseded, None));
    let refused = scheduled().exempt(START);
    assert_eq!(refused, Err(AttemptError::DefenseOpen { defense: defense("a") }));
    assert!(concluded(Outcome::Passed).exempt(START).is_err());
}

#[test]
fn every_state_reads_back_from_json() {
    for attempt in [
        available(),
        under_review().0,
        ready(),
        scheduled(),
        concluded(Outcome::Passed),
        concluded(Outcome::Conditional),
        concluded(Outcome::Failed),
        available().exempt(START).expect("open"),
        available().annul(START).expect("open"),
    ] {
        let json = serde_json::to_value(&attempt).expect("serializes");
        assert_eq!(json["state"], attempt.state.word());
        assert_eq!(serde_json::from_value::<Attempt>(json).expect("reads"), attempt);
    }
}

/// What a student, a mentor, a juror or staff may try, at any point and in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    OpenDraft,
    Seal(usize),
    Assess(usize, Decision),
    Defend(Outcome),
    Exempt,
}

fn step() -> impl Strategy<Value = Step> {
    let decision = prop_oneof![Just(Decision::Accepted), Just(Decision::ChangesRequested)];
    let outcome = prop_oneof![
        1 => Just(Outcome::Passed),
        2 => Just(Outcome::Conditional),
        8 => Just(Outcome::Failed)
    ];
    prop_oneof![
        8 => Just(Step::OpenDraft),
        8 => (0_usize..3).prop_map(Step::Seal),
        8 => (0_usize..3, decision).prop_map(|(back, decision)| Step::Assess(back, decision)),
        8 => outcome.prop_map(Step::Defend),
        1 => Just(Step::Exempt),
    ]
}

/// Attempt and submissions as the store would hold them: written together, or neither.
struct Desk {
    attempt: Attempt,
    submissions: Vec<Submission>,
    now: Timestamp,
}

impl Desk {
    fn nth_last(&self, back: usize) -> Option<(usize, Submission)> {
        let index = self.submissions.len().checked_sub(back + 1)?;
        Some((index, self.submissions[index].clone()))
    }

    /// Does the step if nothing refuses it.
    fn take(&mut self, step: Step) -> Option<()> {
        let attempt = self.attempt.clone();
        self.now += SignedDuration::from_hours(1);
        match step {
            Step::OpenDraft => match attempt.open_draft(maya(), self.now).ok()? {
                OpenDraft::New { attempt, submission } => {
                    self.attempt = attempt;
                    self.submissions.push(submission);
                }
                OpenDraft::Existing(id) => assert!(self.submissions.iter().any(|known| known.id == id)),
            },
            Step::Seal(back) => {
                let (index, draft) = self.nth_last(back)?;
                let work = work(&draft, &self.now.to_string());
                let attempt = attempt.seal(draft.id, self.now);
                let sealed = draft.seal(work, None, self.now);
                assert!(attempt.is_err() || sealed.is_ok(), "what the attempt takes, the submission does");
                (self.attempt, self.submissions[index]) = (attempt.ok()?, sealed.ok()?);
            }
            Step::Assess(back, decision) => {
                let (index, sealed) = self.nth_last(back)?;
                let attempt = attempt.assess(sealed.id, decision);
                let judged = Assessment::new(sealed.id, maya(), decision, vec![], &[], self.now).ok()?;
                let submission = sealed.assess(&judged);
                assert_eq!(attempt.is_ok(), submission.is_ok(), "both take a judgment, or neither");
                (self.attempt, self.submissions[index]) = (attempt.ok()?, submission.ok()?);
            }
            Step::Defend(outcome) => {
                let id = attempt.open_defense().unwrap_or_else(|| defense(&self.now.to_string()));
                let attempt = if attempt.open_defense().is_none() {
                    attempt.request_defense(id).ok()?.schedule_defense(id).ok()?
                } else {
                    attempt
                };
                self.attempt = attempt.conclude_defense(id, outcome, BTreeSet::new(), self.now).ok()?;
            }
            Step::Exempt => {
                let reviewed = attempt.under_review();
                self.attempt = attempt.exempt(self.now).ok()?;
                for known in self.submissions.iter_mut().filter(|known| Some(known.id) == reviewed) {
                    *known = known.clone().supersede(self.now).expect("sealed");
                }
            }
        }
        Some(())
    }
}

fn sealed_work(submissions: &[Submission]) -> Vec<Option<SealedWork>> {
    submissions.iter().map(|submission| submission.work().cloned()).collect()
}

proptest! {
    #[test]
    fn whatever_is_tried_versions_have_no_gap_and_sealed_work_never_changes(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut desk = Desk { attempt: available(), submissions: vec![], now: START };
        for step in steps {
            let before = sealed_work(&desk.submissions);
            desk.take(step);
            let after = sealed_work(&desk.submissions);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(before.is_none() || before == after, "sealed work changed");
            }
            let versions = Vec::from_iter(desk.submissions.iter().map(|submission| submission.version));
            prop_assert_eq!(versions, Vec::from_iter((1..).take(desk.submissions.len())));
            let drafts = desk.submissions.iter().filter(|submission| submission.stage() == Stage::Draft);
            prop_assert!(drafts.count() <= 1);
            let known = Vec::from_iter(desk.attempt.submissions.iter().map(|known| (known.id, known.state)));
            let kept = Vec::from_iter(desk.submissions.iter().map(|kept| (kept.id, kept.stage())));
            prop_assert_eq!(known, kept);
        }
    }
}
