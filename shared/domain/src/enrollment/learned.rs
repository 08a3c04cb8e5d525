//! What a student brought: skills recognized from earlier learning.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Enrollment, NotStudying, State};
use crate::id::SkillId;

impl Enrollment {
    /// Whether skills may be claimed: from the quote to the last project, also in a pause.
    pub fn check_claims(&self, now: Timestamp) -> Result<(), NotStudying> {
        let as_of = self.clone().as_of(now);
        match as_of.state {
            State::Quoted { .. } | State::Active | State::Paused => Ok(()),
            _ => Err(NotStudying { state: as_of.state.word() }),
        }
    }

    /// Skills from earlier learning need no proof any more, whatever was planned for today or before:
    /// its own job applies that. A claim may be decided in a suspension, too.
    pub fn recognize(self, skills: &BTreeSet<SkillId>, now: Timestamp) -> Result<Self, NotStudying> {
        let as_of = self.clone().as_of(now);
        let (State::Quoted { .. } | State::Active | State::Paused | State::Suspended { .. }) = as_of.state
        else {
            return Err(NotStudying { state: as_of.state.word() });
        };
        let recognized_skills = self.recognized_skills.union(skills).cloned().collect();
        Ok(Self { recognized_skills, ..self })
    }
}
