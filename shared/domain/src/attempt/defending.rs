//! From an accepted submission to a validated project: what a defense makes of an attempt.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Attempt, AttemptError, AttemptState};
use crate::id::{DefenseId, SkillId};

/// What a defense came to, as far as the attempt is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every skill was shown.
    Passed,
    /// Something is still to be uploaded.
    Conditional,
    /// A skill was not shown yet.
    Failed,
}

impl Attempt {
    /// The defense that was requested or scheduled and has no outcome yet.
    pub fn open_defense(&self) -> Option<DefenseId> {
        use AttemptState::{Conditional, DefenseScheduled, ReadyForDefense};
        self.defense.filter(|_| matches!(self.state, ReadyForDefense | DefenseScheduled | Conditional))
    }

    /// The mentor asks for a defense.
    pub fn request_defense(self, defense: DefenseId) -> Result<Self, AttemptError> {
        match (self.state, self.open_defense()) {
            (_, Some(open)) => Err(AttemptError::DefenseOpen { defense: open }),
            (AttemptState::ReadyForDefense, None) => Ok(Self { defense: Some(defense), ..self }),
            _ => Err(self.refused("a defense")),
        }
    }

    /// The defense has a time; a second time when it is moved.
    pub fn schedule_defense(self, defense: DefenseId) -> Result<Self, AttemptError> {
        self.check_defense(defense)?;
        match self.state {
            AttemptState::ReadyForDefense | AttemptState::DefenseScheduled => {
                Ok(Self { state: AttemptState::DefenseScheduled, ..self })
            }
            _ => Err(self.refused("scheduling a defense")),
        }
    }

    /// The defense was cancelled, or somebody did not come: another may be requested, and it does
    /// not count as failed.
    pub fn release_defense(self, defense: DefenseId) -> Result<Self, AttemptError> {
        self.check_defense(defense)?;
        match self.state {
            AttemptState::ReadyForDefense | AttemptState::DefenseScheduled => {
                Ok(Self { state: AttemptState::ReadyForDefense, defense: None, ..self })
            }
            _ => Err(self.refused("cancelling the defense")),
        }
    }

    /// The verdict is sealed, or its condition decided. `acquired` are the skills shown in it; what
    /// was acquired before stays acquired.
    pub fn conclude_defense(
        self,
        defense: DefenseId,
        outcome: Outcome,
        acquired: BTreeSet<SkillId>,
        now: Timestamp,
    ) -> Result<Self, AttemptError> {
        self.check_defense(defense)?;
        match (self.state, outcome) {
            (AttemptState::DefenseScheduled, _) => {}
            (AttemptState::Conditional, Outcome::Passed | Outcome::Failed) => {}
            _ => return Err(self.refused("a verdict")),
        }
        Ok(self.decided(outcome, acquired, now))
    }

    /// The student appeals against the last defense: not while the next one is open.
    pub fn appeal_defense(self, defense: DefenseId) -> Result<Self, AttemptError> {
        match self.open_defense() {
            Some(open) if open != defense => Err(AttemptError::DefenseOpen { defense: open }),
            _ => Ok(self),
        }
    }

    /// An appeal turned the verdict of a concluded defense into another, however far the student has
    /// come since, but not while the next defense is open.
    pub fn overturn_defense(
        self,
        defense: DefenseId,
        outcome: Outcome,
        acquired: BTreeSet<SkillId>,
        now: Timestamp,
    ) -> Result<Self, AttemptError> {
        use AttemptState as S;
        if let Some(open) = self.open_defense() {
            return Err(AttemptError::DefenseOpen { defense: open });
        }
        if self.defense.is_some_and(|last| last != defense) {
            return Err(AttemptError::OtherDefense);
        }
        match (self.state, outcome) {
            (S::Validated { .. }, Outcome::Failed) => Ok(self.decided(outcome, acquired, now)),
            (
                S::Rework | S::InProgress | S::UnderReview | S::ChangesRequested | S::ReadyForDefense,
                Outcome::Passed,
            ) if self.failed_defenses > 0 => {
                let failed_defenses = self.failed_defenses - 1;
                Ok(Self { failed_defenses, defense: Some(defense), ..self }
                    .superseded()
                    .decided(outcome, acquired, now))
            }
            _ => Err(self.refused("overturning a verdict")),
        }
    }

    /// An appeal was upheld, and its reviewer saw skills that the juror had not.
    pub fn extend_acquired(mut self, acquired: BTreeSet<SkillId>) -> Self {
        self.acquired.extend(acquired);
        self
    }

    /// A defense was annulled: it counts for nothing, and nothing was shown in it. Another is to be held where it was
    /// the last; where the student has gone on since, a fail no longer counts and the rest stays.
    pub fn annul_defense(
        mut self,
        defense: DefenseId,
        failed: u32,
        judged: &BTreeSet<SkillId>,
    ) -> Result<Self, AttemptError> {
        use AttemptState as S;
        let is_last = self.defense == Some(defense);
        self.acquired.retain(|skill| !judged.contains(skill));
        self.failed_defenses = self.failed_defenses.saturating_sub(failed);
        match self.state {
            S::Rework | S::Validated { .. } | S::Conditional | S::DefenseScheduled if is_last => {
                Ok(Self { state: S::ReadyForDefense, defense: None, ..self })
            }
            S::Rework | S::InProgress | S::UnderReview | S::ChangesRequested => Ok(self),
            S::ReadyForDefense | S::DefenseScheduled | S::Conditional if !is_last => Ok(self),
            _ => Err(self.refused("annulling the defense")),
        }
    }

    /// Staff wants it proved again, once its turn has come: the accepted work is to be defended anew,
    /// and a project that was exempted is to be done. Nothing of it is acquired until then.
    pub fn prove_again(self) -> Result<Self, AttemptError> {
        match self.state {
            AttemptState::Validated { .. } | AttemptState::Exempted { .. } => {
                Ok(Self { state: AttemptState::Locked, defense: None, acquired: BTreeSet::new(), ..self })
            }
            _ => Err(self.refused("proving again")),
        }
    }

    fn decided(mut self, outcome: Outcome, acquired: BTreeSet<SkillId>, now: Timestamp) -> Self {
        self.acquired.extend(acquired);
        self.state = match outcome {
            Outcome::Passed => AttemptState::Validated { at: now },
            Outcome::Conditional => AttemptState::Conditional,
            Outcome::Failed => AttemptState::Rework,
        };
        if outcome == Outcome::Failed {
            self.failed_defenses += 1;
        }
        self
    }

    fn check_defense(&self, defense: DefenseId) -> Result<(), AttemptError> {
        if self.defense == Some(defense) { Ok(()) } else { Err(AttemptError::OtherDefense) }
    }
}
