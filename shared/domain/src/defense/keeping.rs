//! What becomes of a recording once it is proven, or doubted: kept, reviewed, erased.

use jiff::{SignedDuration, Timestamp};

use super::policy::days_after;
use super::refusal::check_text;
use super::{Defense, DefenseRefusal, DefenseState};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, UploadId};
use crate::recording::{Recording, RecordingState, Rendition, Review};

/// How often what becomes of its recordings is looked at, while anything is awaited of them.
pub const RECONCILED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How long after the meeting that goes on: what has not happened by then does not happen by itself.
const RECONCILED_DAYS: u32 = 60;

impl Defense {
    /// The uploads of recordings that are neither evidence yet nor lost.
    pub fn recordings_awaited(&self) -> impl Iterator<Item = UploadId> {
        let waits = |it: &Recording| it.is_incoming() || *it.state() == RecordingState::Stored;
        self.recordings().map(|(_, it)| it).filter(move |it| waits(it)).map(Recording::upload)
    }

    /// Whether something has yet to happen with what is stored of its recordings.
    pub fn awaits_of_recordings(&self) -> bool {
        let to_be_kept = self.recordings().any(|(_, it)| it.is_to_be_kept());
        to_be_kept || self.holds_recordings() || self.recordings_awaited().next().is_some()
    }

    /// Until when it is looked at what becomes of its recordings.
    pub fn reconciled_until(&self) -> Option<Timestamp> {
        let met_at = |sitting: &super::Sitting| sitting.ended_at.unwrap_or(sitting.started_at);
        let last = self.sitting.iter().chain(&self.earlier_sittings).map(met_at).max()?;
        Some(days_after(last, RECONCILED_DAYS))
    }

    /// Whether its recordings must not be removed, by nobody and for no reason.
    pub fn holds_recordings(&self) -> bool {
        matches!(self.state, DefenseState::UnderAppeal { .. })
    }

    /// A proven recording was made watchable and locked: it is kept as long as the rules of the day it was
    /// asked for say.
    pub fn recording_retained(
        self,
        upload: UploadId,
        rendition: Option<Rendition>,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let until = self.recording_kept_until(upload).unwrap_or(now);
        self.recording_stepped(upload, |it| it.retained(rendition, until), conflicts, now)
    }

    /// Until when a recording is kept: so many days after its meeting.
    pub fn recording_kept_until(&self, upload: UploadId) -> Option<Timestamp> {
        let (ended_at, _) = self.recordings().find(|(_, it)| it.upload() == upload)?;
        Some(days_after(ended_at?, self.policy.retention_days))
    }

    /// Staff say whether a doubtful recording is evidence after all: nobody who took part.
    pub fn recording_reviewed(self, review: Review, conflicts: &ConflictSet) -> Result<Self, DefenseRefusal> {
        if self.parties().contains(&review.by) || self.juror == Some(review.by) {
            return Err(DefenseRefusal::WaiverByParty);
        }
        check_text("note", &review.note)?;
        let doubted = |it: &&Recording| matches!(it.state(), RecordingState::NeedsReview { .. });
        let refusal = self.wrong_state("reviewed");
        let upload = self.recordings().map(|(_, it)| it).find(doubted).ok_or(refusal)?.upload();
        let now = review.at;
        self.recording_stepped(upload, |it| it.reviewed(review), conflicts, now)
    }

    /// Staff have all recordings of it removed because the law asks for it; their sums, the date and the ground
    /// stay. Not while an appeal is open.
    pub fn recordings_erased(
        self,
        by: PersonId,
        reason: &str,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        check_text("reason", reason)?;
        let stored = self.recordings().map(|(_, it)| it).filter(|it| it.is_stored());
        let uploads: Vec<UploadId> = stored.map(Recording::upload).collect();
        if uploads.is_empty() {
            return Err(self.wrong_state("freed of recordings"));
        }
        uploads.into_iter().try_fold(self, |defense, upload| {
            defense.recording_stepped(upload, |it| it.erased(by, reason.into(), now), conflicts, now)
        })
    }
}
