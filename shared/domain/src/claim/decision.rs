//! The assessor's decision: every claimed skill recognized or refused, once, by somebody who is no
//! stranger to the trade but one to the student.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClaimState, DecisionRefused, PriorLearningClaim};
use crate::conflict::{ConflictSet, Reason};
use crate::defense::Defense;
use crate::id::{PersonId, SkillId};

/// The most characters of the reason for which a skill is refused.
pub const REASON_CHARS_MAX: usize = 1_000;

/// What an assessor decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Proven.
    pub recognized: Vec<SkillId>,
    /// Not proven.
    pub refused: Vec<RefusedSkill>,
}

/// A skill that is not recognized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedSkill {
    /// Which.
    pub skill: SkillId,
    /// What the student should know about it.
    pub reason: String,
}

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionMade {
    /// Who decided.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Proven.
    pub recognized: BTreeSet<SkillId>,
    /// Not proven, each with its reason.
    pub refused: Vec<RefusedSkill>,
}

/// What says whether somebody may decide about a student.
#[derive(Debug, Clone, Copy)]
pub struct Independence<'a> {
    /// Who may not judge the student.
    pub conflicts: &'a ConflictSet,
    /// The last defense of each project.
    pub defenses: &'a [Defense],
}

impl Independence<'_> {
    /// Whether somebody may decide. Who is in the conflict set may not, unless for nothing but an
    /// earlier claim; nor may the juror of a defense that is not over, who could not judge it after.
    pub fn check(&self, assessor: PersonId) -> Result<(), DecisionRefused> {
        if self.conflicts.reasons(assessor).any(|reason| reason != Reason::PriorLearningAssessor) {
            return Err(DecisionRefused::AssessorInConflict { assessor });
        }
        let judges = |defense: &Defense| defense.state().is_open() && defense.juror() == Some(assessor);
        if self.defenses.iter().any(judges) {
            return Err(DecisionRefused::AssessorJudges { assessor });
        }
        Ok(())
    }
}

impl PriorLearningClaim {
    /// The claim as it was decided, if that decides all of it, once.
    pub(super) fn decided(
        self,
        decision: Decision,
        by: PersonId,
        now: Timestamp,
    ) -> Result<Self, DecisionRefused> {
        if !self.state.is_open() {
            return Err(DecisionRefused::AlreadyDecided);
        }
        self.check_decides(&decision)?;
        let Decision { recognized, refused } = decision;
        let decision = DecisionMade { by, at: now, recognized: recognized.into_iter().collect(), refused };
        let state = if decision.recognized.is_empty() {
            ClaimState::Refused { decision }
        } else {
            ClaimState::Recognized { decision }
        };
        Ok(Self { state, ..self })
    }

    /// Every skill of the claim once, and no other; a reason for each that is refused.
    fn check_decides(&self, decision: &Decision) -> Result<(), DecisionRefused> {
        let mut left = BTreeSet::from_iter(self.skills.iter().map(|claimed| &claimed.skill));
        let recognized = decision.recognized.iter().enumerate();
        let recognized = recognized.map(|(index, skill)| (format!("/recognized/{index}"), skill));
        let refused = decision.refused.iter().enumerate();
        let refused = refused.map(|(index, refused)| (format!("/refused/{index}/skill"), &refused.skill));
        for (pointer, skill) in recognized.chain(refused) {
            if !self.names(skill) {
                return Err(DecisionRefused::NotClaimed { pointer, skill: skill.clone() });
            }
            if !left.remove(skill) {
                return Err(DecisionRefused::DecidedTwice { pointer, skill: skill.clone() });
            }
        }
        if let Some(skill) = left.pop_first() {
            return Err(DecisionRefused::Undecided { skill: skill.clone() });
        }
        match decision.refused.iter().position(|refused| !is_reason(&refused.reason)) {
            Some(index) => Err(DecisionRefused::Reason { index }),
            None => Ok(()),
        }
    }
}

fn is_reason(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= REASON_CHARS_MAX
}
