//! What becomes of a recording once it is proven, or doubted: kept, reviewed, erased.

use jiff::Timestamp;

use super::policy::days_after;
use super::refusal::check_text;
use super::{Defense, DefenseRefusal, DefenseState};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, UploadId};
use crate::recording::{Recording, RecordingState, Rendition, Review};

impl Defense {
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
