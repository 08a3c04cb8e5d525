//! Random sequences of acts, by anyone, at any time: what must never happen does not.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::example::*;
use super::*;
use crate::id::UploadId;
use crate::permission::Role;
use crate::recording::{Probe, RecordingRefusal};

const POLICY: &DefensePolicy = &DefensePolicy::OPENING;

/// Something that somebody tries, allowed or not.
#[derive(Debug, Clone)]
enum Act {
    Assign(usize),
    Schedule,
    Move,
    Cancel,
    Consent(usize),
    WithdrawConsent(usize),
    Start(usize, Identity),
    End(usize, Ending),
    Announce(usize),
    Store(usize),
    Fail(usize),
    Probe(usize, Probe),
    Judge(usize, Vec<SkillJudgment>),
    Waive(usize),
    Unrecorded,
    UploadCondition,
    DecideCondition(usize, ConditionFinding),
    Lapse,
    Plan(usize),
    Appeal,
    AssignReviewer(usize),
    DecideAppeal(usize, Vec<SkillJudgment>),
    Annul,
    /// A conflict comes to light.
    Conflict(usize),
    /// Minutes pass.
    Wait(i64),
}

fn people() -> [PersonId; 5] {
    [student(), mentor(), juror(), other_juror(), staff()]
}

fn uploads() -> [UploadId; 3] {
    [upload("a"), upload("b"), upload("c")]
}

fn skill_verdict() -> impl Strategy<Value = SkillVerdict> {
    prop_oneof![
        3 => Just(SkillVerdict::Acquired),
        1 => Just(SkillVerdict::NotYet),
        1 => Just(SkillVerdict::IfUploaded { what: "the tests".into() }),
    ]
}

fn probed() -> impl Strategy<Value = Probe> {
    let part = |duration_millis, video: &[&str]| Probe {
        duration_millis,
        video: video.iter().map(|codec| (*codec).into()).collect(),
        ..probe()
    };
    let mut short = part(1, &["vp9"]);
    short.decoding = None;
    let blind = part(probe().duration_millis, &[]);
    prop_oneof![4 => Just(probe()), 1 => Just(short), 1 => Just(blind)]
}

/// Jurors act more often than others, so that many sequences come far.
fn who() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(2_usize), 5 => 0_usize..5]
}

fn act() -> impl Strategy<Value = Act> {
    let ending = prop::sample::select(vec![
        Ending::Held,
        Ending::Held,
        Ending::TechnicalFailure,
        Ending::StudentNoShow,
        Ending::JurorNoShow,
    ]);
    let finding = prop::sample::select(vec![ConditionFinding::Met, ConditionFinding::NotMet]);
    let identity = prop::sample::select(vec![Identity::Checked, Identity::Checked, Identity::Unchecked]);
    let planning = prop_oneof![
        4 => who().prop_map(Act::Assign),
        6 => Just(Act::Schedule),
        1 => Just(Act::Move),
        1 => Just(Act::Cancel),
        6 => who().prop_map(Act::Consent),
        1 => who().prop_map(Act::WithdrawConsent),
        6 => (who(), identity).prop_map(|(by, identity)| Act::Start(by, identity)),
        6 => (who(), ending).prop_map(|(by, ending)| Act::End(by, ending)),
    ];
    let judging = prop_oneof![
        3 => (0_usize..3).prop_map(Act::Announce),
        3 => (0_usize..3).prop_map(Act::Store),
        1 => (0_usize..3).prop_map(Act::Fail),
        3 => (0_usize..3, probed()).prop_map(|(index, probe)| Act::Probe(index, probe)),
        4 => (who(), skill_verdict(), skill_verdict())
            .prop_map(|(by, html, css)| Act::Judge(by, judgments(html, css))),
        1 => (0_usize..5).prop_map(Act::Waive),
        1 => Just(Act::Unrecorded),
        1 => Just(Act::UploadCondition),
        1 => (who(), finding).prop_map(|(by, finding)| Act::DecideCondition(by, finding)),
        1 => Just(Act::Lapse),
        1 => (0_usize..5).prop_map(Act::Plan),
        2 => Just(Act::Appeal),
        3 => (2_usize..5).prop_map(Act::AssignReviewer),
        3 => (2_usize..5, skill_verdict(), skill_verdict())
            .prop_map(|(by, html, css)| Act::DecideAppeal(by, judgments(html, css))),
        1 => Just(Act::Annul),
    ];
    let world = prop_oneof![
        1 => (2_usize..5).prop_map(Act::Conflict),
        4 => prop_oneof![Just(15), Just(45), 0_i64..4000].prop_map(Act::Wait),
    ];
    prop_oneof![4 => planning, 5 => judging, 2 => world]
}

/// The world around the defense.
struct School {
    conflicts: ConflictSet,
    now: Timestamp,
}

impl School {
    fn step(
        &self,
        defense: Defense,
        index: usize,
        step: impl FnOnce(Recording) -> Result<Recording, RecordingRefusal>,
    ) -> Result<Defense, DefenseRefusal> {
        defense.recording_stepped(uploads()[index], step, &self.conflicts, self.now)
    }

    /// The next quarter hour.
    fn slot(&self) -> Result<Slot, DefenseRefusal> {
        let quarter = (self.now.as_second() / 900 + 1) * 900;
        let starts_at = Timestamp::from_second(quarter).expect("in range");
        Slot::new(starts_at, 45, POLICY, self.now)
    }

    fn act(&mut self, defense: Defense, act: Act) -> Result<Defense, DefenseRefusal> {
        let (people, now, conflicts) = (people(), self.now, &self.conflicts);
        match act {
            Act::Assign(who) => defense.assign_juror(people[who], conflicts),
            Act::Schedule => defense.schedule(self.slot()?, conflicts),
            Act::Move => defense.moved(self.slot()?, conflicts, now),
            Act::Cancel => defense.cancelled("ill".into(), now),
            Act::Consent(who) => defense.consented(people[who], "1".into(), now),
            Act::WithdrawConsent(who) => defense.consent_withdrawn(people[who], now),
            Act::Start(who, identity) => defense.started(people[who], identity, conflicts, now),
            Act::End(who, ending) => defense.ended(ending, people[who], now),
            Act::Announce(index) => defense.recording_announced(uploads()[index], Some(juror()), now),
            Act::Store(index) => self.step(defense, index, |it| it.stored(file())),
            Act::Fail(index) => self.step(defense, index, Recording::failed),
            Act::Probe(index, probe) => defense.recording_probed(uploads()[index], probe, conflicts, now),
            Act::Judge(who, skills) => {
                defense.verdict_given(people[who], skills, conflicts, now).map(GivenVerdict::into_defense)
            }
            Act::Waive(who) => defense.waived(people[who], "lost".into(), conflicts, now),
            Act::Unrecorded => defense.held_unrecorded(now),
            Act::UploadCondition => defense.condition_uploaded(Some(&condition_upload()), now),
            Act::DecideCondition(who, finding) => {
                let decision = ConditionDecision { by: people[who], at: now, finding, note: None };
                defense.conditions_decided(decision, conflicts)
            }
            Act::Lapse => defense.condition_lapsed(now),
            Act::Plan(who) => defense.planned(people[who], "more talks".into(), now),
            Act::Appeal => defense.appealed("it was shown".into(), now),
            Act::AssignReviewer(who) => {
                let grants = [grant(people[who], Role::Juror)];
                defense.assign_reviewer(people[who], &grants, conflicts, now)
            }
            Act::DecideAppeal(who, skills) => defense.appeal_decided(people[who], skills, conflicts, now),
            Act::Annul => defense.annulled(staff(), "wrong".into(), now),
            Act::Conflict(who) => {
                self.conflicts.add(people[who], Reason::Declared);
                Ok(defense)
            }
            Act::Wait(minutes) => {
                self.now += SignedDuration::from_mins(minutes);
                Ok(defense)
            }
        }
    }
}

/// What holds after every act, whatever came before.
fn check(before: &Defense, after: &Defense, conflicts: &ConflictSet) -> Result<(), TestCaseError> {
    let sitting = after.sitting();
    let seal = after.verdict().and_then(|verdict| verdict.seal.as_ref());
    let decided = after.state().outcome().is_some() || after.state().word() == "conditional";
    prop_assert!(!decided || seal.is_some(), "decided without a seal");
    let stage = serde_json::to_value(after.state().stage()).ok();
    prop_assert_eq!(stage, Some(after.state().word().into()));
    if let (Some(sitting), Some(seal)) = (sitting, seal) {
        match &seal.evidence {
            Evidence::Recording { sha256 } => {
                let mut counting = sitting.recordings.iter().filter(|recording| recording.counts());
                prop_assert!(counting.any(|it| it.file().is_some_and(|file| file.sha256 == *sha256)));
            }
            Evidence::Waiver(waiver) => {
                prop_assert_eq!(Some(waiver), sitting.waiver.as_ref());
                prop_assert!(!waiver.reason.is_empty());
            }
        }
        prop_assert!(sitting.ended_at.is_some(), "sealed before it was held");
        prop_assert_eq!(after.verdict().map(|verdict| verdict.by), after.juror());
        prop_assert_eq!(sitting.identity, Identity::Checked);
    }
    if seal.is_some() && !before.is_sealed() {
        let juror = after.juror().expect("a sealed verdict has its juror");
        prop_assert!(!conflicts.excludes(juror), "sealed by a juror in conflict");
    }
    if before.is_sealed() {
        prop_assert_eq!(before.verdict(), after.verdict());
    }
    if before.juror() != after.juror() {
        prop_assert!(after.juror().is_some_and(|juror| !conflicts.excludes(juror)));
    }
    if let (Some(old), Some(new), None) = (before.verdict(), after.verdict(), seal) {
        prop_assert_eq!(old, new);
    }
    let annulled = after.state().word() == "annulled";
    prop_assert!(annulled || before.acquired().is_subset(&after.acquired()), "something was taken away");
    prop_assert!(!annulled || after.acquired().is_empty());
    if let Some(appeal) = after.appeal() {
        let judges = sitting.map(|sitting| sitting.juror);
        prop_assert!(
            appeal.reviewer.is_none() || appeal.reviewer != judges,
            "a juror judged the own verdict"
        );
        prop_assert_eq!(
            appeal.decision.as_ref().map(|it| it.by).filter(|by| Some(*by) != appeal.reviewer),
            None
        );
        if let (Some(reviewer), None) = (appeal.reviewer, &appeal.decision) {
            prop_assert!(!after.shows_verdict_to(reviewer) && !after.shows_mentor_verdict_to(reviewer));
        }
    }
    if before.appeal().is_some_and(|appeal| appeal.decision.is_some()) {
        prop_assert_eq!(before.appeal(), after.appeal());
    }
    if after.state().word() == "overturned" {
        prop_assert_eq!(&after.acquired(), &after.request().skills);
    }
    if after.counts_as_failed() {
        prop_assert!(sitting.is_some_and(|sitting| sitting.ended_at.is_some()));
        prop_assert!(after.conflicts_made().count() > 0);
    }
    if !after.is_sealed() {
        prop_assert!(after.acquired().is_empty() && !after.counts_as_failed());
        let hidden = after.juror().is_none_or(|juror| !after.shows_mentor_verdict_to(juror));
        prop_assert!(hidden, "an undecided juror saw the mentor's verdict");
    }
    let unsealed = |it: &Sitting| it.verdict.as_ref().is_none_or(|verdict| verdict.seal.is_none());
    prop_assert!(after.earlier_sittings().iter().all(unsealed), "a sealed verdict was put aside");
    Ok(())
}

/// A defense at one of its steps, so that random acts meet every state.
fn stage() -> impl Strategy<Value = Defense> {
    let stages: [fn() -> Defense; 6] = [requested, assigned, agreed, in_progress, held, drafted];
    prop::sample::select(stages.to_vec()).prop_map(|make| make())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_acts_breaks_the_jury(first in stage(), acts in prop::collection::vec(act(), 1..80)) {
        let mut school = School { conflicts: conflicts(), now: starts_at() };
        let mut defense = first;
        for act in acts {
            let before = defense.clone();
            if let Ok(after) = school.act(defense, act) {
                check(&before, &after, &school.conflicts)?;
                defense = after;
            } else {
                defense = before;
            }
        }
    }

    /// Invariant 11: another defense of the project may be asked for only when none is open or passed.
    #[test]
    fn a_project_has_one_open_defense(first in stage(), acts in prop::collection::vec(act(), 0..40)) {
        let mut school = School { conflicts: conflicts(), now: starts_at() };
        let defense = acts.into_iter().fold(first, |defense, act| {
            school.act(defense.clone(), act).unwrap_or(defense)
        });
        let over = !defense.state().is_open() && defense.state().outcome() != Some(Outcome::Passed);
        let again = Defense::requested(request(), &[defense], &Zone::utc(), POLICY, asked_at());
        prop_assert_eq!(again.is_ok(), over);
    }

    #[test]
    fn what_a_verdict_comes_to_follows_from_its_skills(words in prop::collection::vec(skill_verdict(), 1..9)) {
        let skills = words.iter().map(|verdict| judgment("html", verdict.clone())).collect();
        let verdict = Verdict { by: juror(), given_at: ended_at(), skills, seal: None };
        let failed = words.contains(&SkillVerdict::NotYet);
        let passed = words.iter().all(|word| *word == SkillVerdict::Acquired);
        prop_assert_eq!(verdict.overall() == Overall::Failed, failed);
        prop_assert_eq!(verdict.overall() == Overall::Passed, passed);
    }
}
