//! The juror's verdict: skill by skill, given once; what it comes to is derived, never typed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::hours_after;
use super::refusal::check_text;
use super::{Awaits, Defense, DefenseRefusal, DefenseState, Evidence};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, SkillId};

/// What the juror saw of one skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum SkillVerdict {
    /// It was shown.
    Acquired,
    /// It was not shown yet.
    NotYet,
    /// It is shown by something small to be uploaded within two days.
    IfUploaded {
        /// What the student is to upload.
        what: String,
    },
}

/// The juror's word on one skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillJudgment {
    /// The skill.
    pub skill: SkillId,
    /// What was seen of it.
    #[serde(flatten)]
    pub verdict: SkillVerdict,
    /// What the student should know about it.
    pub note: Option<String>,
}

/// A juror's verdict on a defense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who gave it.
    pub by: PersonId,
    /// When.
    pub given_at: Timestamp,
    /// Every skill to judge, once.
    pub skills: Vec<SkillJudgment>,
    /// What makes it count; a drafted verdict has none yet.
    pub seal: Option<Seal>,
}

/// What makes a verdict count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Since when.
    pub sealed_at: Timestamp,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What the words on all skills come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// All were shown.
    Passed,
    /// All were shown but for something to upload.
    Conditional,
    /// One was not shown yet.
    Failed,
}

/// A defense whose verdict was just given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenVerdict {
    /// It counts from now on.
    Sealed(Defense),
    /// It is kept until the recording is verified or a waiver is signed.
    Drafted(Defense),
}

impl GivenVerdict {
    /// The defense, whether the verdict counts or not.
    pub fn into_defense(self) -> Defense {
        match self {
            Self::Sealed(defense) | Self::Drafted(defense) => defense,
        }
    }
}

impl Verdict {
    /// Any skill not shown yet fails; else any condition makes it conditional; else it is passed.
    pub fn overall(&self) -> Overall {
        let any = |wanted: fn(&SkillVerdict) -> bool| self.skills.iter().any(|it| wanted(&it.verdict));
        if any(|verdict| matches!(verdict, SkillVerdict::NotYet)) {
            return Overall::Failed;
        }
        if any(|verdict| matches!(verdict, SkillVerdict::IfUploaded { .. })) {
            return Overall::Conditional;
        }
        Overall::Passed
    }
}

impl Defense {
    /// The juror judges every skill once. The verdict is sealed at once where there is evidence,
    /// and kept as drafted where there is none yet; either way it is given once.
    pub fn verdict_given(
        mut self,
        by: PersonId,
        skills: Vec<SkillJudgment>,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<GivenVerdict, DefenseRefusal> {
        if self.verdict().is_some() {
            return Err(DefenseRefusal::AlreadyDecided);
        }
        self.check_held("judged")?;
        self.check_is_juror(by)?;
        self.independent_juror(conflicts)?;
        check_skills(&self.request.skills, &skills)?;
        let refusal = self.wrong_state("judged");
        let sitting = self.sitting.as_mut().ok_or(refusal)?;
        sitting.verdict = Some(Verdict { by, given_at: now, skills, seal: None });
        let defense = self.settled(conflicts, now);
        let given = if defense.is_sealed() { GivenVerdict::Sealed } else { GivenVerdict::Drafted };
        Ok(given(defense))
    }

    /// The skills that the student has shown here. They stay acquired, also when the defense
    /// failed for others; those to be shown by an upload count once it was accepted, and whoever
    /// judges an appeal adds what they saw.
    pub fn acquired(&self) -> BTreeSet<SkillId> {
        let annulled = matches!(self.state, DefenseState::Annulled { .. });
        let Some(verdict) = self.verdict().filter(|_| self.is_sealed() && !annulled) else {
            return BTreeSet::new();
        };
        let counts = |judgment: &&SkillJudgment| match judgment.verdict {
            SkillVerdict::Acquired => true,
            SkillVerdict::IfUploaded { .. } => self.met_conditions(),
            SkillVerdict::NotYet => false,
        };
        let shown = verdict.skills.iter().filter(counts).map(|judgment| judgment.skill.clone());
        shown.chain(self.acquired_on_appeal()).collect()
    }

    /// Seals a drafted verdict; a defense without one stays as it is.
    pub(super) fn sealed(mut self, evidence: Evidence, now: Timestamp) -> Self {
        let Some(verdict) = self.sitting.as_mut().and_then(|sitting| sitting.verdict.as_mut()) else {
            return self;
        };
        verdict.seal = Some(Seal { sealed_at: now, evidence });
        let overall = verdict.overall();
        self.decided_at = (overall != Overall::Conditional).then_some(now);
        self.state = match overall {
            Overall::Passed => DefenseState::Passed,
            Overall::Failed => DefenseState::Failed,
            Overall::Conditional => DefenseState::Conditional {
                awaits: Awaits::Student,
                until: hours_after(now, self.policy.condition_upload_hours),
            },
        };
        self
    }
}

/// Every skill to judge once, and no other.
pub(super) fn check_skills(
    to_judge: &BTreeSet<SkillId>,
    judged: &[SkillJudgment],
) -> Result<(), DefenseRefusal> {
    let mut left = to_judge.clone();
    for SkillJudgment { skill, verdict, note } in judged {
        if !to_judge.contains(skill) {
            return Err(DefenseRefusal::SkillUnknown { skill: skill.clone() });
        }
        if !left.remove(skill) {
            return Err(DefenseRefusal::SkillTwice { skill: skill.clone() });
        }
        if let SkillVerdict::IfUploaded { what } = verdict {
            check_text("verdicts", what)?;
        }
        if let Some(note) = note {
            check_text("verdicts", note)?;
        }
    }
    left.pop_first().map_or(Ok(()), |skill| Err(DefenseRefusal::SkillMissing { skill }))
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::*;

    fn recorded() -> Defense {
        verified(stored(announced(held(), "a"), "a"), "a")
    }

    fn give(defense: Defense, verdicts: Vec<SkillJudgment>) -> Result<GivenVerdict, DefenseRefusal> {
        defense.verdict_given(juror(), verdicts, &conflicts(), ended_at())
    }

    fn upload() -> SkillVerdict {
        SkillVerdict::IfUploaded { what: "the tests".into() }
    }

    #[test]
    fn the_state_follows_from_the_skills() {
        let check = |first, second, state: &str, acquired: &[&str]| {
            let given = give(recorded(), judgments(first, second));
            let Ok(GivenVerdict::Sealed(defense)) = given else { panic!("{given:?}") };
            assert_eq!(defense.state.word(), state);
            assert_eq!(defense.acquired(), acquired.iter().map(|word| skill(word)).collect());
        };
        use SkillVerdict::{Acquired, NotYet};
        check(Acquired, Acquired, "passed", &["css", "html"]);
        check(Acquired, NotYet, "failed", &["html"]);
        check(upload(), NotYet, "failed", &[]);
        check(upload(), Acquired, "conditional", &["css"]);
        check(NotYet, NotYet, "failed", &[]);
    }

    #[test]
    fn a_condition_gives_two_days_from_the_seal() {
        let defense = give(recorded(), judgments(upload(), SkillVerdict::Acquired)).expect("due");
        let until = hours_after(ended_at(), 48);
        let state = defense.into_defense().state;
        assert_eq!(state, DefenseState::Conditional { awaits: Awaits::Student, until });
    }

    #[test]
    fn every_skill_is_judged_once_and_no_other() {
        let html = || judgment("html", SkillVerdict::Acquired);
        let css = || judgment("css", SkillVerdict::Acquired);
        let check = |verdicts, expected| assert_eq!(give(recorded(), verdicts), Err(expected));
        check(vec![html()], DefenseRefusal::SkillMissing { skill: skill("css") });
        check(vec![html(), css(), html()], DefenseRefusal::SkillTwice { skill: skill("html") });
        let other = judgment("sql", SkillVerdict::Acquired);
        check(vec![html(), css(), other], DefenseRefusal::SkillUnknown { skill: skill("sql") });
        let vague = judgment("html", SkillVerdict::IfUploaded { what: " ".into() });
        check(vec![vague, css()], DefenseRefusal::Text { field: "verdicts" });
    }

    #[test]
    fn without_a_recording_a_verdict_is_drafted_and_counts_for_nothing() {
        let failing = judgments(SkillVerdict::Acquired, SkillVerdict::NotYet);
        let Ok(GivenVerdict::Drafted(defense)) = give(held(), failing) else { panic!("not drafted") };
        assert!(!defense.counts_as_failed() && defense.acquired().is_empty());
        assert_eq!(defense.state.word(), "awaiting_verdict");
    }

    #[test]
    fn a_verdict_is_given_once() {
        for defense in [drafted(), give(recorded(), passing()).expect("due").into_defense()] {
            assert_eq!(give(defense, passing()), Err(DefenseRefusal::AlreadyDecided));
        }
        assert!(matches!(give(in_progress(), passing()), Err(DefenseRefusal::WrongState { .. })));
    }

    #[test]
    fn only_a_juror_without_conflict_judges() {
        let by = |person, conflicts: ConflictSet| {
            recorded().verdict_given(person, passing(), &conflicts, ended_at())
        };
        assert_eq!(by(other_juror(), conflicts()), Err(DefenseRefusal::NotTheJuror));
        let refused = DefenseRefusal::JurorInConflict { juror: juror() };
        assert_eq!(by(juror(), in_conflict(juror())), Err(refused));
    }

    #[test]
    fn a_juror_who_failed_a_student_never_judges_them_again() {
        let failing = judgments(SkillVerdict::NotYet, SkillVerdict::Acquired);
        let failed = give(recorded(), failing).expect("due").into_defense();
        let (person, reason) = failed.conflicts_made().next().expect("a fail makes a conflict");
        let mut conflicts = conflicts();
        conflicts.add(person, reason);
        assert!(requested().assign_juror(juror(), &conflicts).is_err());
    }

    #[test]
    fn the_juror_sees_the_mentors_verdict_once_the_own_one_is_sealed() {
        let sealed = give(recorded(), passing()).expect("due").into_defense();
        for (defense, shown) in [(assigned(), false), (drafted(), false), (sealed, true)] {
            assert_eq!(defense.shows_mentor_verdict_to(juror()), shown);
            assert!(defense.shows_mentor_verdict_to(student()));
        }
    }

    #[test]
    fn a_defense_is_stored_with_its_state_as_a_word() {
        let sealed = give(recorded(), judgments(upload(), SkillVerdict::Acquired)).expect("due");
        let defense = sealed.into_defense();
        let item = serde_json::to_value(&defense).expect("plain data");
        assert_eq!((&item["state"], &item["awaits"]), (&"conditional".into(), &"student".into()));
        assert_eq!(item["sitting"]["verdict"]["seal"]["evidence"]["kind"], "recording");
        assert_eq!(item["sitting"]["verdict"]["skills"][0]["verdict"], "if_uploaded");
        assert_eq!(serde_json::from_value::<Defense>(item).expect("as stored"), defense);
    }
}
