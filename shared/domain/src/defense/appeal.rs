//! An appeal: a third person judges the recording anew, knowing neither verdict.
//!
//! It only ever gives: what the juror saw stays acquired, and what the reviewer sees is added. The
//! outcome is upheld or overturned by what both come to, never typed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::days_after;
use super::refusal::check_text;
use super::verdict::check_skills;
use super::{Defense, DefenseRefusal, DefenseState, Evidence, Outcome, SkillJudgment, SkillVerdict};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, SkillId};
use crate::permission::{Role, Subject};
use crate::person::Grant;

/// A student's appeal against an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Why, in the student's words; the reviewer does not see it before the own decision.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Who judges again, once somebody is found.
    pub reviewer: Option<PersonId>,
    /// What they found.
    pub decision: Option<AppealDecision>,
}

/// What a third person saw on the recording; written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealDecision {
    /// Who looked.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Every skill that was judged, once; none of them under a condition.
    pub skills: Vec<SkillJudgment>,
}

impl AppealDecision {
    fn acquired(&self) -> impl Iterator<Item = SkillId> + '_ {
        let shown = self.skills.iter().filter(|it| it.verdict == SkillVerdict::Acquired);
        shown.map(|it| it.skill.clone())
    }
}

impl Defense {
    /// The student's appeal, if there ever was one.
    pub fn appeal(&self) -> Option<&Appeal> {
        self.appeal.as_ref()
    }

    /// The first instant at which the student may no longer appeal, once there is an outcome.
    pub fn appeal_ends_at(&self) -> Option<Timestamp> {
        self.state.outcome()?;
        Some(days_after(self.decided_at()?, self.policy.appeal_days))
    }

    /// The student appeals, once and in time. There must be a recording to judge by.
    pub fn appealed(mut self, reason: String, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let outcome = match self.state {
            DefenseState::Passed => Outcome::Passed,
            DefenseState::Failed => Outcome::Failed,
            DefenseState::UnderAppeal { .. }
            | DefenseState::Upheld { .. }
            | DefenseState::Overturned { .. } => {
                return Err(DefenseRefusal::AlreadyDecided);
            }
            _ => return Err(self.wrong_state("appealed")),
        };
        check_text("reason", &reason)?;
        match self.appeal_ends_at() {
            Some(deadline) if now >= deadline => return Err(DefenseRefusal::TooLate { deadline }),
            _ => {}
        }
        if !self.can_be_watched() {
            return Err(DefenseRefusal::NothingToWatch);
        }
        self.appeal = Some(Appeal { reason, at: now, reviewer: None, decision: None });
        self.state = DefenseState::UnderAppeal { outcome };
        Ok(self)
    }

    /// Says who judges again: a juror of the degree who is outside the conflict set and has not
    /// judged this defense. Another one may take the place until there is a decision.
    pub fn assign_reviewer(
        mut self,
        reviewer: PersonId,
        grants: &[Grant],
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        self.check_reviewer(reviewer, conflicts)?;
        let scope = self.scope();
        let granted =
            grants.iter().any(|grant| grant.person == reviewer && grant.allows(&[Role::Juror], &scope, now));
        if !granted {
            return Err(DefenseRefusal::NotAJuror { person: reviewer });
        }
        let refusal = self.wrong_state("reviewed");
        self.appeal.as_mut().ok_or(refusal)?.reviewer = Some(reviewer);
        Ok(self)
    }

    /// The reviewer judges every skill by the recording.
    pub fn appeal_decided(
        mut self,
        by: PersonId,
        skills: Vec<SkillJudgment>,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        if self.appeal.as_ref().is_some_and(|appeal| appeal.decision.is_some()) {
            return Err(DefenseRefusal::AlreadyDecided);
        }
        self.check_reviewer(by, conflicts)?;
        let refusal = self.wrong_state("decided");
        let DefenseState::UnderAppeal { outcome } = self.state else { return Err(refusal) };
        check_skills(&self.request.skills, &skills)?;
        if let Some(it) = skills.iter().find(|it| matches!(it.verdict, SkillVerdict::IfUploaded { .. })) {
            return Err(DefenseRefusal::ConditionOnAppeal { skill: it.skill.clone() });
        }
        let appeal = self
            .appeal
            .as_mut()
            .filter(|appeal| appeal.reviewer == Some(by))
            .ok_or(DefenseRefusal::NotTheReviewer)?;
        appeal.decision = Some(AppealDecision { by, at: now, skills });
        let found = if self.acquired() == self.request.skills { Outcome::Passed } else { Outcome::Failed };
        self.state = match (outcome, found) {
            (Outcome::Failed, Outcome::Passed) => DefenseState::Overturned { outcome: found },
            (outcome, _) => DefenseState::Upheld { outcome },
        };
        Ok(self)
    }

    /// Whether an appeal is open that nobody judges.
    pub fn awaits_reviewer(&self) -> bool {
        let open = matches!(self.state, DefenseState::UnderAppeal { .. });
        open && self.appeal.as_ref().is_some_and(|appeal| appeal.reviewer.is_none())
    }

    /// Whether somebody judges, or judged, the appeal.
    pub fn is_reviewed_by(&self, person: PersonId) -> bool {
        self.appeal.as_ref().is_some_and(|appeal| appeal.reviewer == Some(person))
    }

    /// Whether a decision on the appeal is still to come from that person, who knows no verdict until then.
    pub(super) fn is_blind(&self, person: PersonId) -> bool {
        let undecided = self.appeal.as_ref().is_some_and(|appeal| appeal.decision.is_none());
        undecided && self.is_reviewed_by(person)
    }

    /// Skills that were shown to whoever judged again.
    pub(super) fn acquired_on_appeal(&self) -> BTreeSet<SkillId> {
        let decision = self.appeal.as_ref().and_then(|appeal| appeal.decision.as_ref());
        decision.into_iter().flat_map(AppealDecision::acquired).collect()
    }

    fn check_reviewer(&self, person: PersonId, conflicts: &ConflictSet) -> Result<(), DefenseRefusal> {
        let DefenseState::UnderAppeal { .. } = self.state else { return Err(self.wrong_state("reviewed")) };
        self.check_independent(person, conflicts)?;
        let judged = self.sitting.iter().chain(&self.earlier_sittings).any(|it| it.juror == person);
        if judged || self.juror == Some(person) {
            return Err(DefenseRefusal::JurorInConflict { juror: person });
        }
        Ok(())
    }

    /// Whether the verdict rests on a recording that is still there.
    fn can_be_watched(&self) -> bool {
        let seal = self.verdict().and_then(|verdict| verdict.seal.as_ref());
        let recorded = seal.is_some_and(|seal| matches!(seal.evidence, Evidence::Recording { .. }));
        recorded && self.recording().is_some_and(|recording| recording.counts())
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::*;
    use crate::conflict::Reason;

    fn judged(html: SkillVerdict, css: SkillVerdict) -> Defense {
        let recorded = verified(stored(announced(held(), "a"), "a"), "a");
        let given = recorded.verdict_given(juror(), judgments(html, css), &conflicts(), ended_at());
        given.expect("due").into_defense()
    }

    fn failed() -> Defense {
        judged(SkillVerdict::Acquired, SkillVerdict::NotYet)
    }

    fn later(days: u32) -> Timestamp {
        days_after(ended_at(), days)
    }

    fn appealed() -> Defense {
        failed().appealed("it was shown".into(), later(1)).expect("in time")
    }

    fn assign(defense: Defense, person: PersonId) -> Result<Defense, DefenseRefusal> {
        defense.assign_reviewer(person, &[grant(person, Role::Juror)], &conflicts(), later(1))
    }

    fn decide(defense: Defense, html: SkillVerdict, css: SkillVerdict) -> Result<Defense, DefenseRefusal> {
        defense.appeal_decided(other_juror(), judgments(html, css), &conflicts(), later(2))
    }

    #[test]
    fn a_student_appeals_once_within_fifteen_days() {
        let appeal = |defense: Defense, at| defense.appealed("it was shown".into(), at);
        assert!(appeal(failed(), later(14)).is_ok());
        let deadline = later(15);
        assert_eq!(appeal(failed(), deadline), Err(DefenseRefusal::TooLate { deadline }));
        assert_eq!(appeal(appealed(), later(1)), Err(DefenseRefusal::AlreadyDecided));
        assert!(matches!(appeal(held(), later(1)), Err(DefenseRefusal::WrongState { .. })));
        let unsaid = failed().appealed(" ".into(), later(1));
        assert_eq!(unsaid, Err(DefenseRefusal::Text { field: "reason" }));
    }

    #[test]
    fn there_is_no_appeal_without_a_recording() {
        let waived = held().waived(staff(), "the disk broke".into(), &conflicts(), ended_at());
        let skills = judgments(SkillVerdict::NotYet, SkillVerdict::Acquired);
        let failed = waived.expect("staff").verdict_given(juror(), skills, &conflicts(), ended_at());
        let refused = failed.expect("due").into_defense().appealed("no".into(), later(1));
        assert_eq!(refused, Err(DefenseRefusal::NothingToWatch));
    }

    #[test]
    fn only_a_stranger_with_the_role_judges_again() {
        for person in [student(), mentor(), juror()] {
            assert_eq!(assign(appealed(), person), Err(DefenseRefusal::JurorInConflict { juror: person }));
        }
        let none = appealed().assign_reviewer(other_juror(), &[], &conflicts(), later(1));
        assert_eq!(none, Err(DefenseRefusal::NotAJuror { person: other_juror() }));
        let assigned = assign(appealed(), other_juror()).expect("a stranger");
        assert!(assigned.is_reviewed_by(other_juror()));
        let conflicts = in_conflict(other_juror());
        let late = assigned.appeal_decided(other_juror(), passing(), &conflicts, later(2));
        assert_eq!(late, Err(DefenseRefusal::JurorInConflict { juror: other_juror() }));
    }

    #[test]
    fn the_reviewer_knows_no_verdict_before_the_own_one() {
        let assigned = assign(appealed(), other_juror()).expect("a stranger");
        assert!(
            !assigned.shows_verdict_to(other_juror()) && !assigned.shows_mentor_verdict_to(other_juror())
        );
        assert!(assigned.shows_verdict_to(student()));
        let decided = decide(assigned, SkillVerdict::Acquired, SkillVerdict::Acquired).expect("due");
        assert!(decided.shows_verdict_to(other_juror()) && decided.shows_mentor_verdict_to(other_juror()));
    }

    #[test]
    fn an_appeal_adds_to_what_was_acquired_and_takes_nothing() {
        let check = |html, css, state: &str, acquired: usize| {
            let assigned = assign(appealed(), other_juror()).expect("a stranger");
            let decided = decide(assigned, html, css).expect("due");
            assert_eq!((decided.state.word(), decided.acquired().len()), (state, acquired));
        };
        use SkillVerdict::{Acquired, NotYet};
        check(Acquired, Acquired, "overturned", 2);
        check(NotYet, Acquired, "overturned", 2);
        check(Acquired, NotYet, "upheld", 1);
        check(NotYet, NotYet, "upheld", 1);
        let passed =
            judged(Acquired, Acquired).appealed("a word was missing".into(), later(1)).expect("in time");
        let upheld = decide(assign(passed, other_juror()).expect("a stranger"), NotYet, NotYet).expect("due");
        assert_eq!((upheld.state.outcome(), upheld.acquired().len()), (Some(Outcome::Passed), 2));
    }

    #[test]
    fn a_decision_is_without_conditions_by_the_reviewer_and_given_once() {
        let assigned = assign(appealed(), other_juror()).expect("a stranger");
        let asked = SkillVerdict::IfUploaded { what: "the tests".into() };
        let refused = decide(assigned.clone(), asked, SkillVerdict::Acquired);
        assert_eq!(refused, Err(DefenseRefusal::ConditionOnAppeal { skill: skill("html") }));
        let other = assigned.clone().appeal_decided(staff(), passing(), &conflicts(), later(2));
        assert_eq!(other, Err(DefenseRefusal::NotTheReviewer));
        let decided = decide(assigned, SkillVerdict::Acquired, SkillVerdict::Acquired).expect("due");
        let again = decide(decided, SkillVerdict::NotYet, SkillVerdict::NotYet);
        assert_eq!(again, Err(DefenseRefusal::AlreadyDecided));
    }

    #[test]
    fn whoever_upheld_a_fail_does_not_judge_the_next_defense() {
        let assigned = assign(appealed(), other_juror()).expect("a stranger");
        let upheld = decide(assigned, SkillVerdict::NotYet, SkillVerdict::NotYet).expect("due");
        let reason = Reason::JurorOfAFailedDefense;
        assert_eq!(Vec::from_iter(upheld.conflicts_made()), [(juror(), reason), (other_juror(), reason)]);
    }
}
