//! One time that a juror sat, or was to sit: what a step of a defense leaves behind for pay.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Outcome, closing_of};
use crate::defense::{Defense, DefenseState, Ending};
use crate::enrollment::Enrollment;
use crate::id::{DefenseId, EnrollmentId, PersonId, ProjectId};
use crate::invoice::LegalEntity;
use crate::job::Job;

/// A defense's planned time and how it ended, for the juror of that time. A defense that is held
/// again makes another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JuryDuty {
    /// Who is paid.
    pub juror: PersonId,
    /// Which defense.
    pub defense: DefenseId,
    /// Whose place on an edition.
    pub enrollment: EnrollmentId,
    /// Of which project.
    pub project: ProjectId,
    /// Its planned time.
    pub starts_at: Timestamp,
    /// As planned.
    pub minutes: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// When that was told: its statement is the one of that month, which a juror who tells it late finds
    /// open.
    pub told_at: Timestamp,
}

impl JuryDuty {
    /// What a step leaves for pay: something where it says how a defense ended that was to be held.
    pub fn of_step(before: &Defense, after: &Defense, now: Timestamp) -> Option<Self> {
        let was_ahead = matches!(before.state(), DefenseState::Scheduled | DefenseState::InProgress);
        let ending = match after.state() {
            DefenseState::AwaitingVerdict => Ending::Held,
            DefenseState::TechnicalFailure => Ending::TechnicalFailure,
            DefenseState::StudentNoShow => Ending::StudentNoShow,
            DefenseState::JurorNoShow => Ending::JurorNoShow,
            _ => return None,
        };
        let (slot, juror) = (before.slot()?, before.juror()?);
        was_ahead.then(|| Self {
            juror,
            defense: after.id(),
            enrollment: after.request().enrollment,
            project: after.request().project.clone(),
            starts_at: slot.starts_at,
            minutes: u32::try_from(slot.starts_at.duration_until(slot.ends_at).as_mins()).unwrap_or(0),
            outcome: ending.into(),
            told_at: now,
        })
    }

    /// The job that closes the statement it stands in, and when it is due; nothing where nobody pays.
    pub fn closing(&self, enrollment: &Enrollment, statement_days: u32) -> Option<(Job, Timestamp)> {
        let entity = LegalEntity::of_market(&enrollment.market)?;
        closing_of(self.juror, &entity, self.told_at, statement_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defense::example::{held, in_progress, juror, scheduled, staff, starts_at};

    #[test]
    fn a_defense_is_paid_for_once_by_how_it_ended() {
        let late = starts_at() + jiff::SignedDuration::from_mins(20);
        let duty = JuryDuty::of_step(&in_progress(), &held(), late).expect("it was held");
        assert_eq!((duty.juror, duty.outcome), (juror(), Outcome::Completed));
        assert_eq!((duty.starts_at, duty.minutes, duty.told_at), (starts_at(), 45, late));
        assert_eq!(JuryDuty::of_step(&scheduled(), &in_progress(), late), None, "nothing has ended");
        assert_eq!(JuryDuty::of_step(&held(), &held(), late), None, "no step of what is over pays again");

        let missed = |ending, by| scheduled().ended(ending, by, late).expect("missed");
        let outcome = |after| JuryDuty::of_step(&scheduled(), &after, late).map(|duty| duty.outcome);
        assert_eq!(outcome(missed(Ending::StudentNoShow, juror())), Some(Outcome::StudentNoShow));
        assert_eq!(outcome(missed(Ending::JurorNoShow, staff())), Some(Outcome::MentorNoShow));
        let broken = in_progress().ended(Ending::TechnicalFailure, juror(), late).expect("broken off");
        let outcome = JuryDuty::of_step(&in_progress(), &broken, late).map(|duty| duty.outcome);
        assert_eq!(outcome, Some(Outcome::TechnicalFailure));
    }
}
