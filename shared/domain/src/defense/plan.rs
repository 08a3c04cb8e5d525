//! An action plan: what is to be different, before a project that failed twice is defended again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::check_text;
use super::{Defense, DefenseRefusal};
use crate::id::PersonId;

/// What mentor or staff agreed with the student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPlan {
    /// Who wrote it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What the student does until the defense.
    pub text: String,
}

impl Defense {
    /// The action plan, if somebody wrote one.
    pub fn plan(&self) -> Option<&ActionPlan> {
        self.plan.as_ref()
    }

    /// Whether the project failed so often that no time is given without an action plan.
    pub fn needs_plan(&self) -> bool {
        self.failed_before >= self.policy.plan_after_failed
    }

    /// Mentor or staff write the plan, or a better one, until the defense starts.
    pub fn planned(mut self, by: PersonId, text: String, now: Timestamp) -> Result<Self, DefenseRefusal> {
        self.check_before_start("planned")?;
        check_text("text", &text)?;
        self.plan = Some(ActionPlan { by, at: now, text });
        Ok(self)
    }

    /// Whether a plan that is needed is there.
    pub(super) fn check_plan(&self) -> Result<(), DefenseRefusal> {
        if self.needs_plan() && self.plan.is_none() { Err(DefenseRefusal::PlanMissing) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::super::{DefensePolicy, Slot};
    use super::*;

    fn after_failing(times: u32) -> Defense {
        Defense { failed_before: times, ..assigned() }
    }

    fn schedule(defense: Defense) -> Result<Defense, DefenseRefusal> {
        let slot = Slot::new(starts_at(), 45, &DefensePolicy::OPENING, asked_at()).expect("to come");
        defense.schedule(slot, &conflicts())
    }

    #[test]
    fn the_third_defense_gets_a_time_once_there_is_a_plan() {
        assert!(schedule(after_failing(1)).is_ok());
        assert_eq!(schedule(after_failing(2)), Err(DefenseRefusal::PlanMissing));
        let plan = |text: &str| after_failing(2).planned(mentor(), text.into(), asked_at());
        assert_eq!(plan(""), Err(DefenseRefusal::Text { field: "text" }));
        assert!(schedule(plan("three talks before strangers").expect("a plan")).is_ok());
    }

    #[test]
    fn a_plan_is_made_before_the_start() {
        let late = in_progress().planned(mentor(), "more talks".into(), starts_at());
        assert!(matches!(late, Err(DefenseRefusal::WrongState { .. })));
    }
}
