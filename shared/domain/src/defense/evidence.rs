//! What a verdict rests on: a verified recording, or a waiver that somebody signed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::check_text;
use super::{Defense, DefenseRefusal, DefenseState, Sitting};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, UploadId};
use crate::recording::{Probe, Recording, RecordingRefusal, RecordingState};

/// The most recordings that are announced for one meeting: a browser that loads its page again begins another one, and
/// all of them stand in the defense's item.
pub const RECORDINGS_MAX: usize = 120;

/// Why a defense counts although no recording shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The member of staff who signed.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub signed_at: Timestamp,
}

/// What a sealed verdict rests on. A seal cannot be written without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Evidence {
    /// A verified recording, by its hash and never by a link.
    Recording {
        /// SHA-256 of its bytes, 64 lower-case hex digits.
        sha256: String,
    },
    /// A signed waiver.
    Waiver(Waiver),
}

impl Sitting {
    /// The recording that counts, else the last one announced.
    pub fn recording(&self) -> Option<&Recording> {
        self.recordings.iter().find(|recording| recording.counts()).or(self.recordings.last())
    }

    /// What a verdict may rest on today; a recording before a waiver.
    pub fn evidence(&self) -> Option<Evidence> {
        let recorded = self.recordings.iter().filter(|recording| recording.counts());
        let file = recorded.filter_map(Recording::file).next();
        file.map(|file| Evidence::Recording { sha256: file.sha256.clone() })
            .or_else(|| self.waiver.clone().map(Evidence::Waiver))
    }

    /// Whether no recording is awaited any more.
    fn awaits_no_recording(&self) -> bool {
        self.recordings.iter().all(Recording::is_lost)
    }
}

impl Defense {
    /// An upload for the recording was opened, during the meeting or after it. Another one may
    /// take its place until bytes are stored.
    ///
    /// `by` is who sends it, where it is not the provider of the meeting.
    pub fn recording_announced(
        mut self,
        upload: UploadId,
        by: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let id = self.id;
        let refusal = self.wrong_state("recorded");
        let recorded = matches!(
            self.state,
            DefenseState::InProgress | DefenseState::AwaitingVerdict | DefenseState::HeldUnrecorded
        );
        let Some(sitting) = self.sitting.as_mut().filter(|_| recorded) else { return Err(refusal) };
        if sitting.recordings.iter().any(|recording| recording.upload() == upload) {
            return Ok(self);
        }
        if !sitting.recordings.iter().all(|it| it.is_incoming() || it.is_lost()) {
            return Err(DefenseRefusal::RecordingStored);
        }
        if sitting.recordings.len() >= RECORDINGS_MAX {
            return Err(DefenseRefusal::TooManyRecordings);
        }
        sitting.recordings.push(Recording::announced(id, upload).witnessed(by, now));
        Ok(self)
    }

    /// A recording takes a step, such as `|recording| recording.uploading()`; what follows for the
    /// defense follows here.
    ///
    /// One that becomes verified seals the drafted verdict, unless the juror has come into the
    /// conflict set since: then the draft stays, for staff to annul. When the last one awaited is
    /// lost, the defense is held unrecorded. None is removed while an appeal is open.
    pub fn recording_stepped(
        mut self,
        upload: UploadId,
        step: impl FnOnce(Recording) -> Result<Recording, RecordingRefusal>,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let mut recordings = self.sittings_mut().flat_map(|sitting| &mut sitting.recordings);
        let place = recordings.find(|it| it.upload() == upload).ok_or(DefenseRefusal::RecordingOfAnother)?;
        let next = step(place.clone())?;
        if next.upload() != upload || next.defense() != place.defense() {
            return Err(DefenseRefusal::RecordingOfAnother);
        }
        let removed = next.is_removed() && !place.is_removed();
        *place = if next.state() == place.state() { next } else { next.witnessed(None, now) };
        drop(recordings);
        if removed && matches!(self.state, DefenseState::UnderAppeal { .. }) {
            return Err(DefenseRefusal::AppealOpen);
        }
        Ok(self.settled(conflicts, now))
    }

    /// Every recording that was announced, with the end of its meeting, once it ended.
    pub fn recordings(&self) -> impl Iterator<Item = (Option<Timestamp>, &Recording)> {
        let sittings = self.sitting.iter().chain(&self.earlier_sittings);
        sittings.flat_map(|sitting| sitting.recordings.iter().map(|it| (sitting.ended_at, it)))
    }

    /// The recordings that may still become evidence: of meetings that are over, not judged yet.
    pub fn recordings_to_prove(&self) -> impl Iterator<Item = &Recording> {
        let over = |sitting: &&Sitting| sitting.ended_at.is_some();
        let sittings = self.sitting.iter().chain(&self.earlier_sittings).filter(over);
        let waits = |it: &&Recording| it.is_incoming() || *it.state() == RecordingState::Stored;
        sittings.flat_map(|sitting| &sitting.recordings).filter(waits)
    }

    /// A recording's stored bytes were probed: it is judged against this defense's own log.
    pub fn recording_probed(
        self,
        upload: UploadId,
        probe: Probe,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let of_upload =
            |sitting: &&Sitting| sitting.recordings.iter().any(|recording| recording.upload() == upload);
        let sitting = self.sitting.iter().chain(&self.earlier_sittings).find(of_upload);
        let sitting = sitting.ok_or(DefenseRefusal::RecordingOfAnother)?;
        // A meeting that goes on has no length to compare with.
        let seconds = sitting.meeting_seconds().ok_or_else(|| self.wrong_state("proved"))?;
        let share_percent = self.policy.recording_share_percent;
        let judge = |it: Recording| it.judged(probe, seconds, share_percent);
        self.recording_stepped(upload, judge, conflicts, now)
    }

    /// A day after the defense nobody has announced a recording, or all are lost.
    pub fn held_unrecorded(mut self, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let refusal = self.wrong_state("held unrecorded");
        let (DefenseState::AwaitingVerdict, Some(sitting)) = (&self.state, &self.sitting) else {
            return Err(refusal);
        };
        if sitting.evidence().is_some() || !sitting.awaits_no_recording() {
            return Err(DefenseRefusal::EvidenceAwaited);
        }
        let ended_at = sitting.ended_at.unwrap_or(sitting.started_at);
        let from = super::policy::hours_after(ended_at, self.policy.recording_hours);
        if now < from {
            return Err(DefenseRefusal::TooEarly { from });
        }
        self.state = DefenseState::HeldUnrecorded;
        Ok(self)
    }

    /// Staff sign that the defense counts without a recording, which seals a drafted verdict.
    pub fn waived(
        mut self,
        by: PersonId,
        reason: String,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        if self.is_sealed() {
            return Err(DefenseRefusal::AlreadyDecided);
        }
        self.check_held("waived")?;
        self.independent_juror(conflicts)?;
        if self.parties().contains(&by) || self.juror == Some(by) {
            return Err(DefenseRefusal::WaiverByParty);
        }
        check_text("reason", &reason)?;
        let refusal = self.wrong_state("waived");
        let sitting = self.sitting.as_mut().ok_or(refusal)?;
        match sitting.evidence() {
            Some(Evidence::Recording { .. }) => return Err(DefenseRefusal::NothingToWaive),
            Some(Evidence::Waiver(_)) => return Err(DefenseRefusal::AlreadyWaived),
            None => {}
        }
        sitting.waiver = Some(Waiver { by, reason, signed_at: now });
        Ok(self.settled(conflicts, now))
    }

    /// Whether it was held and no verdict is sealed.
    pub(super) fn check_held(&self, act: &'static str) -> Result<(), DefenseRefusal> {
        match self.state {
            DefenseState::AwaitingVerdict | DefenseState::HeldUnrecorded => Ok(()),
            _ => Err(self.wrong_state(act)),
        }
    }

    /// The defense after its evidence or its verdict changed.
    pub(super) fn settled(mut self, conflicts: &ConflictSet, now: Timestamp) -> Self {
        let Some(sitting) = self.sitting.as_ref().filter(|_| self.check_held("settled").is_ok()) else {
            return self;
        };
        match sitting.evidence() {
            Some(evidence) => {
                self.state = DefenseState::AwaitingVerdict;
                if self.independent_juror(conflicts).is_ok() { self.sealed(evidence, now) } else { self }
            }
            None if !sitting.recordings.is_empty() && sitting.awaits_no_recording() => {
                self.state = DefenseState::HeldUnrecorded;
                self
            }
            None => self,
        }
    }

    fn sittings_mut(&mut self) -> impl Iterator<Item = &mut Sitting> {
        self.sitting.iter_mut().chain(&mut self.earlier_sittings)
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::*;
    use crate::recording::Flaw;

    const POLICY: &crate::defense::DefensePolicy = &crate::defense::DefensePolicy::OPENING;

    fn waive(defense: Defense, by: PersonId) -> Result<Defense, DefenseRefusal> {
        defense.waived(by, "the disk broke".into(), &conflicts(), ended_at())
    }

    #[test]
    fn a_recording_is_announced_once_the_defense_runs() {
        assert!(agreed().recording_announced(upload("a"), Some(juror()), ended_at()).is_err());
        let defense =
            in_progress().recording_announced(upload("a"), Some(juror()), ended_at()).expect("running");
        assert_eq!(defense.clone().recording_announced(upload("a"), Some(juror()), ended_at()), Ok(defense));
    }

    #[test]
    fn another_upload_takes_the_place_until_bytes_are_stored() {
        let two = announced(held(), "a")
            .recording_announced(upload("b"), Some(juror()), ended_at())
            .expect("nothing stored");
        let first = stored(two, "a");
        assert_eq!(
            first.clone().recording_announced(upload("c"), Some(juror()), ended_at()),
            Err(DefenseRefusal::RecordingStored)
        );
        assert!(verified(first, "a").recording().expect("two").counts());
    }

    #[test]
    fn a_verified_recording_seals_the_drafted_verdict() {
        let defense = stored(announced(drafted(), "a"), "a");
        assert_eq!((defense.state.word(), defense.is_sealed()), ("awaiting_verdict", false));
        let sealed = verified(defense, "a");
        assert_eq!((sealed.state.word(), sealed.is_sealed()), ("passed", true));
        let evidence = sealed.verdict().and_then(|verdict| verdict.seal.clone()).map(|seal| seal.evidence);
        assert_eq!(evidence, Some(Evidence::Recording { sha256: "ab".repeat(32) }));
    }

    #[test]
    fn a_juror_who_came_into_conflict_keeps_the_draft_from_being_sealed() {
        let defense = stored(announced(drafted(), "a"), "a");
        let conflicts = in_conflict(juror());
        let proved = defense.recording_probed(upload("a"), probe(), &conflicts, ended_at());
        let proved = proved.expect("the recording itself is fine");
        assert!(proved.recording().expect("one").counts());
        assert_eq!((proved.state.word(), proved.is_sealed()), ("awaiting_verdict", false));
        assert!(proved.annulled(staff(), "juror in conflict".into(), ended_at()).is_ok());
    }

    #[test]
    fn a_lost_recording_leaves_the_defense_held_unrecorded() {
        let lost = |defense: Defense, name: &str| {
            defense.recording_stepped(upload(name), Recording::failed, &conflicts(), ended_at())
        };
        let two = announced(announced(drafted(), "a"), "b");
        let one_left = lost(two, "a").expect("incoming");
        assert_eq!(one_left.state.word(), "awaiting_verdict");
        let none_left = lost(one_left, "b").expect("incoming");
        assert_eq!(none_left.state.word(), "held_unrecorded");
        // A third upload may still save it.
        let saved = verified(stored(announced(none_left, "c"), "c"), "c");
        assert_eq!(saved.state.word(), "passed");
    }

    #[test]
    fn a_rejected_recording_is_no_evidence() {
        let empty = Probe { video: vec![], ..probe() };
        let defense = stored(announced(drafted(), "a"), "a");
        let rejected = defense.recording_probed(upload("a"), empty, &conflicts(), ended_at());
        let rejected = rejected.expect("judged");
        assert_eq!(rejected.state.word(), "held_unrecorded");
        let flaw = rejected.recording().map(|it| it.state().clone());
        assert_eq!(flaw, Some(RecordingState::Rejected { reason: Flaw::NoVideo }));
    }

    #[test]
    fn a_recording_is_judged_only_after_the_meeting_ended() {
        let running = stored(announced(in_progress(), "a"), "a");
        let proved = running.recording_probed(upload("a"), probe(), &conflicts(), starts_at());
        assert_eq!(proved, Err(DefenseRefusal::WrongState { act: "proved", state: "in_progress" }));
    }

    #[test]
    fn without_any_recording_a_day_passes_first() {
        let from = super::super::policy::hours_after(ended_at(), 24);
        assert_eq!(held().held_unrecorded(ended_at()), Err(DefenseRefusal::TooEarly { from }));
        assert_eq!(held().held_unrecorded(from).expect("over").state.word(), "held_unrecorded");
        let awaited = announced(held(), "a").held_unrecorded(from);
        assert_eq!(awaited, Err(DefenseRefusal::EvidenceAwaited));
    }

    #[test]
    fn a_waiver_of_a_third_person_seals_the_draft() {
        assert_eq!(waive(drafted(), staff()).expect("staff").state.word(), "passed");
        for party in [student(), mentor(), juror()] {
            assert_eq!(waive(drafted(), party), Err(DefenseRefusal::WaiverByParty));
        }
        let unsigned = drafted().waived(staff(), String::new(), &conflicts(), ended_at());
        assert_eq!(unsigned, Err(DefenseRefusal::Text { field: "reason" }));
        assert_eq!(
            waive(waive(held(), staff()).expect("staff"), staff()),
            Err(DefenseRefusal::AlreadyWaived)
        );
    }

    #[test]
    fn there_is_nothing_to_waive_where_a_recording_counts() {
        let recorded = verified(stored(announced(held(), "a"), "a"), "a");
        assert_eq!(waive(recorded, staff()), Err(DefenseRefusal::NothingToWaive));
    }

    #[test]
    fn an_unrecorded_defense_is_held_again_from_nothing() {
        let from = super::super::policy::hours_after(ended_at(), 24);
        let unrecorded = drafted().held_unrecorded(from).expect("a day later");
        let slot = super::super::Slot::new(at("2027-04-20T09:00:00Z"), 45, POLICY, from).expect("to come");
        let again = unrecorded.schedule(slot, &conflicts()).expect("to be held again");
        assert_eq!((again.state.word(), again.verdict()), ("scheduled", None));
        assert!(again.earlier_sittings[0].verdict.is_some());
    }

    #[test]
    fn no_recording_is_removed_while_an_appeal_is_open() {
        let mut appealed = verified(stored(announced(drafted(), "a"), "a"), "a");
        appealed.state = DefenseState::UnderAppeal { outcome: super::super::Outcome::Passed };
        let erase = |defense: Defense| {
            let step = |recording: Recording| recording.erased(staff(), "asked for".into(), ended_at());
            defense.recording_stepped(upload("a"), step, &conflicts(), ended_at())
        };
        assert_eq!(erase(appealed.clone()), Err(DefenseRefusal::AppealOpen));
        appealed.state = DefenseState::Upheld { outcome: super::super::Outcome::Passed };
        let erased = erase(appealed).expect("no appeal");
        assert!(erased.is_sealed() && erased.state.word() == "upheld");
    }
}
