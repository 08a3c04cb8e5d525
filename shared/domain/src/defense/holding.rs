//! The defense itself: who agreed to be recorded, when it started, how it ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conditions::{ConditionDecision, ConditionUpload};
use super::policy::{minutes_after, minutes_before};
use super::{Defense, DefenseRefusal, DefenseState, Slot, Verdict, Waiver};
use crate::conflict::ConflictSet;
use crate::id::PersonId;
use crate::recording::Recording;
use crate::video::Window;

/// Somebody's agreement to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Whose.
    pub person: PersonId,
    /// Version of the text that was agreed to.
    pub text_version: String,
    /// When.
    pub given_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

/// Whether the juror looked at the student's papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The student is the student.
    Checked,
    /// Nobody looked.
    Unchecked,
}

/// How a defense ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// To its end.
    Held,
    /// Broken off by technology.
    TechnicalFailure,
    /// Without the student.
    StudentNoShow,
    /// Without the juror.
    JurorNoShow,
}

/// What happened from the start of a defense on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// Its planned time.
    pub slot: Slot,
    /// Who judged.
    pub juror: PersonId,
    /// Whether the student was recognized.
    pub identity: Identity,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Every recording announced for it, the last one last.
    pub recordings: Vec<Recording>,
    /// Why it counts without a recording.
    pub waiver: Option<Waiver>,
    /// What the juror said.
    pub verdict: Option<Verdict>,
    /// What the student uploaded after a conditional verdict.
    pub condition_upload: Option<ConditionUpload>,
    /// Whether it was what the juror had asked for.
    pub condition_decision: Option<ConditionDecision>,
}

impl Sitting {
    /// Length of the meeting by its own log, once it ended.
    pub fn meeting_seconds(&self) -> Option<u64> {
        let length = self.ended_at?.duration_since(self.started_at);
        u64::try_from(length.as_secs()).ok()
    }
}

impl Defense {
    /// The student or the juror agrees to be recorded. Said twice, it is kept once.
    pub fn consented(
        mut self,
        person: PersonId,
        text_version: String,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        self.check_before_start("consented to")?;
        if person != self.request.student && Some(person) != self.juror {
            return Err(DefenseRefusal::NotAskedForConsent);
        }
        if text_version != self.policy.consent_version.to_string() {
            return Err(DefenseRefusal::OtherText { version: self.policy.consent_version });
        }
        let known = self.consent_of(person).is_some_and(|consent| consent.text_version == text_version);
        if !known {
            self.consents.push(Consent { person, text_version, given_at: now, withdrawn_at: None });
        }
        Ok(self)
    }

    /// Somebody takes their agreement back: before the start there is no recording, and so no defense; afterwards
    /// nobody who took part may watch it any more ([`Self::may_be_watched_by_parties`]).
    pub fn consent_withdrawn(mut self, person: PersonId, now: Timestamp) -> Result<Self, DefenseRefusal> {
        if !self.consents.iter().any(|consent| consent.person == person)
            && self.check_before_start("").is_err()
        {
            return Err(DefenseRefusal::NotAskedForConsent);
        }
        for consent in &mut self.consents {
            if consent.person == person {
                consent.withdrawn_at.get_or_insert(now);
            }
        }
        Ok(self)
    }

    /// The agreement of a person that is in force.
    pub fn consent_of(&self, person: PersonId) -> Option<&Consent> {
        self.consents.iter().rfind(|consent| consent.person == person && consent.withdrawn_at.is_none())
    }

    /// From when until when a person may come into its room: student and juror, once both agreed to be recorded,
    /// around its time; nothing where they may not now.
    pub fn room_for(&self, person: PersonId, now: Timestamp) -> Option<Window> {
        let (DefenseState::Scheduled | DefenseState::InProgress) = self.state else { return None };
        let (slot, juror) = (self.slot?, self.juror?);
        let agreed = [self.request.student, juror].iter().all(|it| self.consent_of(*it).is_some());
        let window = Window {
            opens_at: minutes_before(slot.starts_at, self.policy.start_minutes_early),
            // As much later as it may start.
            closes_at: minutes_after(slot.ends_at, self.policy.start_minutes_late),
        };
        (agreed && self.is_attended_by(person) && window.holds(now)).then_some(window)
    }

    /// Whether student, mentor and juror may watch the recording: while nobody on it took their consent back.
    pub fn may_be_watched_by_parties(&self) -> bool {
        let started = self.sitting.iter().chain(&self.earlier_sittings).map(|it| it.started_at).min();
        let later = |consent: &Consent| {
            let after = consent.withdrawn_at.zip(started).is_some_and(|(at, start)| at >= start);
            // Who agreed again has taken it back no more.
            after && self.consent_of(consent.person).is_none()
        };
        !self.consents.iter().any(later)
    }

    /// The juror opens the meeting, around its time, with both agreements and a student whose
    /// papers were seen.
    pub fn started(
        mut self,
        by: PersonId,
        identity: Identity,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let (DefenseState::Scheduled, Some(slot)) = (&self.state, self.slot) else {
            return Err(self.wrong_state("started"));
        };
        self.check_is_juror(by)?;
        let juror = self.independent_juror(conflicts)?;
        for person in [self.request.student, juror] {
            self.consent_of(person).ok_or(DefenseRefusal::ConsentMissing { person })?;
        }
        if identity == Identity::Unchecked {
            return Err(DefenseRefusal::IdentityNotChecked);
        }
        let from = minutes_before(slot.starts_at, self.policy.start_minutes_early);
        let deadline = minutes_after(slot.starts_at, self.policy.start_minutes_late);
        if now < from {
            return Err(DefenseRefusal::TooEarly { from });
        }
        if now > deadline {
            return Err(DefenseRefusal::TooLate { deadline });
        }
        self.sitting = Some(Sitting {
            slot,
            juror,
            identity,
            started_at: now,
            ended_at: None,
            recordings: Vec::new(),
            waiver: None,
            verdict: None,
            condition_upload: None,
            condition_decision: None,
        });
        self.state = DefenseState::InProgress;
        Ok(self)
    }

    /// Says how it ended. Only what was started is held or breaks off; only what was not started,
    /// a while after its time, missed somebody.
    pub fn ended(mut self, ending: Ending, by: PersonId, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let next = match (&self.state, ending) {
            (DefenseState::InProgress, Ending::Held) => DefenseState::AwaitingVerdict,
            (DefenseState::InProgress, Ending::TechnicalFailure) => DefenseState::TechnicalFailure,
            (DefenseState::Scheduled, Ending::StudentNoShow) => DefenseState::StudentNoShow,
            (DefenseState::Scheduled, Ending::JurorNoShow) => DefenseState::JurorNoShow,
            (_, Ending::Held | Ending::TechnicalFailure) => return Err(self.wrong_state("ended")),
            (_, Ending::StudentNoShow | Ending::JurorNoShow) => return Err(self.wrong_state("missed")),
        };
        self.check_teller(ending, by)?;
        if let (DefenseState::Scheduled, Some(slot)) = (&self.state, self.slot) {
            let from = minutes_after(slot.starts_at, self.policy.no_show_minutes);
            if now < from {
                return Err(DefenseRefusal::TooEarly { from });
            }
        }
        if let Some(sitting) = &mut self.sitting {
            sitting.ended_at = Some(now);
        }
        self.state = next;
        Ok(self)
    }

    /// Nobody excuses themselves: the juror tells all but the own absence, which student or staff
    /// tell; staff also end what the juror left open.
    fn check_teller(&self, ending: Ending, by: PersonId) -> Result<(), DefenseRefusal> {
        let is_juror = self.juror == Some(by);
        let may = match ending {
            Ending::Held | Ending::StudentNoShow => is_juror,
            Ending::TechnicalFailure => by != self.request.student,
            Ending::JurorNoShow => !is_juror,
        };
        if may { Ok(()) } else { Err(DefenseRefusal::NotTheirsToTell { ending }) }
    }

    pub(super) fn check_before_start(&self, act: &'static str) -> Result<(), DefenseRefusal> {
        match self.state {
            DefenseState::Requested
            | DefenseState::JurorAssigned
            | DefenseState::Scheduled
            | DefenseState::TechnicalFailure
            | DefenseState::HeldUnrecorded => Ok(()),
            _ => Err(self.wrong_state(act)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::example::*;
    use super::*;

    const POLICY: &crate::defense::DefensePolicy = &crate::defense::DefensePolicy::OPENING;

    fn start(defense: Defense, now: Timestamp) -> Result<Defense, DefenseRefusal> {
        defense.started(juror(), Identity::Checked, &conflicts(), now)
    }

    fn minutes(minutes: i64) -> Timestamp {
        starts_at() + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_defense_starts_around_its_time() {
        let check = |now, expected| assert_eq!(start(agreed(), now).err(), expected, "{now}");
        check(minutes(-11), Some(DefenseRefusal::TooEarly { from: minutes(-10) }));
        check(minutes(-10), None);
        check(minutes(60), None);
        check(minutes(61), Some(DefenseRefusal::TooLate { deadline: minutes(60) }));
    }

    #[test]
    fn both_agree_to_be_recorded_before_the_start() {
        let missing = |person| Some(DefenseRefusal::ConsentMissing { person });
        assert_eq!(start(scheduled(), starts_at()).err(), missing(student()));
        let one = scheduled().consented(student(), "1".into(), asked_at()).expect("asked");
        assert_eq!(start(one, starts_at()).err(), missing(juror()));
        let taken_back = agreed().consent_withdrawn(student(), starts_at()).expect("not started");
        assert_eq!(start(taken_back.clone(), starts_at()).err(), missing(student()));
        let again = taken_back.consented(student(), "1".into(), starts_at()).expect("asked");
        assert!(start(again, starts_at()).is_ok());
    }

    #[test]
    fn the_room_opens_around_its_time_once_both_agreed() {
        let one = scheduled().consented(student(), "1".into(), asked_at()).expect("asked");
        assert_eq!(one.room_for(student(), starts_at()), None);
        let check = |person, at, expected: bool| {
            assert_eq!(agreed().room_for(person, at).is_some(), expected, "{person} at {at}");
        };
        for person in [student(), juror()] {
            check(person, minutes(-11), false);
            check(person, minutes(-10), true);
            check(person, minutes(104), true);
            check(person, minutes(105), false);
        }
        check(mentor(), starts_at(), false);
        let withdrawn = agreed().consent_withdrawn(juror(), asked_at()).expect("before the start");
        assert_eq!(withdrawn.room_for(student(), starts_at()), None);
        assert!(in_progress().room_for(student(), starts_at()).is_some());
        assert_eq!(held().room_for(student(), starts_at()), None);
    }

    #[test]
    fn an_agreement_is_kept_once_and_only_of_those_who_are_asked() {
        assert_eq!(agreed().consented(juror(), "1".into(), starts_at()), Ok(agreed()));
        let refused = agreed().consented(mentor(), "1".into(), starts_at());
        assert_eq!(refused, Err(DefenseRefusal::NotAskedForConsent));
    }

    #[test]
    fn the_agreement_of_a_former_juror_is_not_the_new_ones() {
        let slot = agreed().slot.expect("scheduled");
        let again = agreed()
            .assign_juror(other_juror(), &conflicts())
            .and_then(|defense| defense.schedule(slot, &conflicts()))
            .and_then(|it| it.started(other_juror(), Identity::Checked, &conflicts(), starts_at()));
        assert_eq!(again, Err(DefenseRefusal::ConsentMissing { person: other_juror() }));
    }

    #[test]
    fn only_the_juror_starts_without_conflict_and_with_papers_seen() {
        let check = |by, identity, conflicts, expected| {
            let started = agreed().started(by, identity, &conflicts, starts_at());
            assert_eq!(started.err(), Some(expected));
        };
        check(student(), Identity::Checked, conflicts(), DefenseRefusal::NotTheJuror);
        check(juror(), Identity::Unchecked, conflicts(), DefenseRefusal::IdentityNotChecked);
        let refusal = DefenseRefusal::JurorInConflict { juror: juror() };
        check(juror(), Identity::Checked, in_conflict(juror()), refusal);
    }

    #[test]
    fn nobody_is_absent_before_a_while_has_passed() {
        let early = agreed().ended(Ending::StudentNoShow, juror(), minutes(14));
        assert_eq!(early, Err(DefenseRefusal::TooEarly { from: minutes(15) }));
        let missed = agreed().ended(Ending::StudentNoShow, juror(), minutes(15)).expect("absent");
        assert!(!missed.state.is_open() && !missed.counts_as_failed());
    }

    #[test]
    fn nobody_excuses_themselves() {
        let check = |ending, by, expected: bool| {
            let defense = match ending {
                Ending::Held | Ending::TechnicalFailure => in_progress(),
                Ending::StudentNoShow | Ending::JurorNoShow => agreed(),
            };
            let ended = defense.ended(ending, by, minutes(45));
            assert_eq!(ended.is_ok(), expected, "{ending:?} by {by}");
        };
        check(Ending::Held, juror(), true);
        check(Ending::Held, student(), false);
        check(Ending::StudentNoShow, juror(), true);
        check(Ending::StudentNoShow, student(), false);
        check(Ending::JurorNoShow, juror(), false);
        check(Ending::JurorNoShow, student(), true);
        check(Ending::JurorNoShow, staff(), true);
        check(Ending::TechnicalFailure, student(), false);
        check(Ending::TechnicalFailure, staff(), true);
    }

    #[test]
    fn a_defense_that_broke_off_is_held_again() {
        let broken = in_progress().ended(Ending::TechnicalFailure, juror(), minutes(5)).expect("open");
        assert!(broken.state.is_open() && !broken.counts_as_failed());
        let slot = Slot::new(starts_at() + SignedDuration::from_hours(24), 45, POLICY, minutes(5));
        let again = broken.schedule(slot.expect("to come"), &conflicts()).expect("to be held again");
        assert_eq!((again.state.word(), again.earlier_sittings.len(), again.sequence), ("scheduled", 1, 2));
        assert!(again.sitting.is_none());
    }
}
