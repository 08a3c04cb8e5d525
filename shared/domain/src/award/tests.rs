use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::catalog::Validity;
use crate::id::InvalidId;
use crate::time::Zone;

fn slug<T: FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().expect("a slug")
}

fn hash(digit: char) -> Sha256Hex {
    digit.to_string().repeat(64).parse().expect("a hash")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

const DECIDED_AT: &str = "2028-02-05T23:30:00Z";

fn staff() -> PersonId {
    PersonId::derived(&["staff"])
}

fn defense(project: usize) -> DefenseId {
    DefenseId::derived(&[&project.to_string()])
}

fn defended(project: usize) -> DefenseFacts {
    DefenseFacts {
        defense: defense(project),
        submission: SubmissionId::derived(&[&project.to_string()]),
        manifest_sha256: Some(hash('a')),
        recording: RecordingFacts::Verified { sha256: hash('b') },
    }
}

fn always(country: &str) -> Recognition {
    Recognition { country: country.into(), validity: Validity { from: date(2026, 1, 1), until: None } }
}

/// Two projects of two skills each; the second one was recognized as a whole.
pub(crate) fn facts() -> AwardFacts {
    let skill = |number: usize, proof: Proof| SkillFacts {
        skill: AwardedSkill {
            skill: slug(&format!("skill-{number}")),
            name: format!("Skill {number}"),
            esco_uri: (number != 2).then(|| format!("http://data.europa.eu/esco/skill/{number}")),
            earned: Earned::default(),
        },
        project: slug(&format!("project-{}", number.div_ceil(2))),
        proof,
    };
    let verdict = || Proof::Verdict { defense: defense(1) };
    let project = |number: usize, outcome: ProjectOutcome| ProjectFacts {
        project: slug(&format!("project-{number}")),
        outcome,
    };
    AwardFacts {
        enrollment: EnrollmentId::derived(&["maya"]),
        stage: Stage::AwardPending,
        zone: slug_zone("Europe/London"),
        person: PersonId::derived(&["maya"]),
        degree: slug("web-development"),
        title: "Web developer".into(),
        edition: slug("web-development-gb"),
        version: 1,
        accreditations: vec![Accreditation { eqf_level: 5, validity: always("GB").validity }],
        recognitions: vec![always("GB"), always("FR")],
        agreements: vec![Agreement {
            partner: Partner { id: slug("north-university"), name: "North University".into() },
            validity: Validity { from: date(2027, 1, 1), until: Some(date(2029, 1, 1)) },
        }],
        skills: vec![
            skill(1, verdict()),
            skill(2, verdict()),
            skill(3, Proof::Recognized),
            skill(4, Proof::Recognized),
        ],
        projects: vec![
            project(1, ProjectOutcome::Defended(vec![defended(1)])),
            project(2, ProjectOutcome::Exempted),
        ],
    }
}

fn slug_zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

/// The award of [`facts`], for the tests of what is made from it.
pub(crate) fn sample() -> Award {
    match decide(facts(), AwardDecision::Award, staff(), at(DECIDED_AT)) {
        Ok(Decided::Award(award)) => award,
        other => panic!("{other:?}"),
    }
}

fn refusal(change: impl FnOnce(&mut AwardFacts), decision: AwardDecision) -> AwardRefusal {
    let mut facts = facts();
    change(&mut facts);
    decide(facts, decision, staff(), at(DECIDED_AT)).expect_err("a refusal")
}

fn only_project(facts: &mut AwardFacts) -> &mut Vec<DefenseFacts> {
    match &mut facts.projects[0].outcome {
        ProjectOutcome::Defended(defenses) => defenses,
        ProjectOutcome::Exempted => panic!("the first project was defended"),
    }
}

#[test]
fn an_award_copies_what_is_true_that_day() {
    let award = sample();
    assert_eq!(award.awarded_on, date(2028, 2, 5));
    assert_eq!(award.countries, ["FR".to_owned(), "GB".to_owned()].into());
    assert_eq!(award.partners.len(), 1);
    assert_eq!(award.skills.len(), 4);
    assert_eq!(award.id, Award::id_of(award.enrollment, &award.degree));
}

#[test]
fn what_was_recognized_is_awarded_as_recognized() {
    let earned = Vec::from_iter(sample().skills.iter().map(|skill| skill.earned));
    assert_eq!(earned, [Earned::Acquired, Earned::Acquired, Earned::Recognized, Earned::Recognized]);
    // An award of before awards told them apart.
    let mut kept = serde_json::to_value(&sample().skills[0]).expect("plain data");
    kept.as_object_mut().expect("fields").remove("earned");
    assert_eq!(serde_json::from_value::<AwardedSkill>(kept).expect("as stored"), sample().skills[0]);
}

#[test]
fn an_exempted_project_has_no_evidence() {
    let award = sample();
    let projects: Vec<_> = award.evidence.iter().map(|evidence| evidence.project.as_str()).collect();
    assert_eq!(projects, ["project-1"]);
}

#[test]
fn the_day_is_the_students() {
    let facts = AwardFacts { zone: slug_zone("Europe/Paris"), ..facts() };
    let Ok(Decided::Award(award)) = decide(facts, AwardDecision::Award, staff(), at(DECIDED_AT)) else {
        panic!("awarded")
    };
    assert_eq!(award.awarded_on, date(2028, 2, 6));
}

#[test]
fn only_a_pending_enrollment_is_decided() {
    let check = |stage: Stage, expected: AwardRefusal| {
        for decision in [AwardDecision::Award, AwardDecision::ProveAgain { skills: vec![slug("skill-1")] }] {
            assert_eq!(refusal(|facts| facts.stage = stage, decision), expected);
        }
    };
    check(Stage::Learning, AwardRefusal::NotPending);
    check(Stage::Withdrawn, AwardRefusal::NotPending);
    check(Stage::Completed, AwardRefusal::AlreadyDecided);
}

#[test]
fn every_skill_is_acquired_or_recognized() {
    let refused = refusal(|facts| facts.skills[2].proof = Proof::Missing, AwardDecision::Award);
    assert_eq!(refused, AwardRefusal::SkillsOpen { skills: vec![slug("skill-3")] });
}

#[test]
fn a_degree_without_a_level_that_day_is_not_awarded() {
    let lapse = |facts: &mut AwardFacts| facts.accreditations[0].validity.until = Some(date(2028, 2, 5));
    assert_eq!(refusal(lapse, AwardDecision::Award), AwardRefusal::NotAccredited { on: date(2028, 2, 5) });
}

#[test]
fn every_verdict_rests_on_hashes() {
    let check = |change: fn(&mut AwardFacts)| {
        let expected = AwardRefusal::EvidenceMissing { projects: vec![slug("project-1")] };
        assert_eq!(refusal(change, AwardDecision::Award), expected);
    };
    check(|facts| only_project(facts)[0].manifest_sha256 = None);
    check(|facts| only_project(facts)[0].recording = RecordingFacts::Missing);
    check(|facts| only_project(facts).clear());
    check(|facts| facts.projects[0].outcome = ProjectOutcome::Exempted);
    check(|facts| facts.skills[0].proof = Proof::Verdict { defense: defense(9) });
    check(|facts| only_project(facts).push(DefenseFacts { manifest_sha256: None, ..defended(9) }));
}

#[test]
fn a_waiver_stands_for_a_recording() {
    let mut facts = facts();
    only_project(&mut facts)[0].recording = RecordingFacts::Waived;
    let Ok(Decided::Award(award)) = decide(facts, AwardDecision::Award, staff(), at(DECIDED_AT)) else {
        panic!("awarded")
    };
    assert_eq!(award.evidence[0].recording_sha256, None);
}

#[test]
fn an_earlier_defense_keeps_its_evidence() {
    let mut facts = facts();
    only_project(&mut facts).push(defended(9));
    facts.skills[0].proof = Proof::Verdict { defense: defense(9) };
    let Ok(Decided::Award(award)) = decide(facts, AwardDecision::Award, staff(), at(DECIDED_AT)) else {
        panic!("awarded")
    };
    assert_eq!(award.evidence.len(), 2);
}

#[test]
fn prove_again_names_skills_of_the_edition_once() {
    let prove =
        |skills: &[&str]| AwardDecision::ProveAgain { skills: skills.iter().map(|s| slug(s)).collect() };
    let check = |skills: &[&str], expected: Result<(), AwardRefusal>| {
        assert_eq!(decide(facts(), prove(skills), staff(), at(DECIDED_AT)).map(|_| ()), expected);
    };
    let unknown = |skill: &str| Err(AwardRefusal::UnknownSkills { skills: vec![slug(skill)] });
    check(&["skill-1", "skill-4"], Ok(()));
    check(&[], Err(AwardRefusal::NothingToProve));
    check(&["skill-1", "knitting"], unknown("knitting"));
    check(&["skill-1", "skill-1"], unknown("skill-1"));
}

proptest! {
    /// Invariants 27 and 28.
    #[test]
    fn only_what_counts_that_day_is_copied(spans in proptest::collection::vec((-40_i32..40, 0_i32..40), 0..20)) {
        let today = date(2028, 2, 5);
        let validity = |&(from, length): &(i32, i32)| {
            let from = today.saturating_add(from.days());
            Validity { from, until: (length < 39).then(|| from.saturating_add(length.days())) }
        };
        let recognition = |(index, span)| Recognition { country: format!("{index:02}"), validity: validity(span) };
        let agreement = |(index, span)| Agreement {
            partner: Partner { id: slug(&format!("partner-{index}")), name: format!("Partner {index}") },
            validity: validity(span),
        };
        let facts = AwardFacts {
            recognitions: spans.iter().enumerate().map(recognition).collect(),
            agreements: spans.iter().enumerate().map(agreement).collect(),
            ..facts()
        };
        let Ok(Decided::Award(award)) = decide(facts, AwardDecision::Award, staff(), at(DECIDED_AT)) else {
            panic!("awarded")
        };
        let counts = |span: &&(i32, i32)| span.0 <= 0 && (span.1 == 39 || span.0 + span.1 > 0);
        prop_assert_eq!(award.countries.len(), spans.iter().filter(counts).count());
        prop_assert_eq!(award.partners.len(), award.countries.len());
    }
}
