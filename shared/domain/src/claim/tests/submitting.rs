//! What may be claimed, and when.

use super::*;

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
