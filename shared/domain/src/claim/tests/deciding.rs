//! Who decides a claim, and how.

use super::*;

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
