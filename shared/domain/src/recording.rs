//! The recording of a defense: the evidence without which no verdict counts.
//!
//! Bytes come in as an upload; what is stored is probed, and the probe is judged here. Only a
//! [`counting`](Recording::counts) recording lets a verdict be sealed.

pub mod captions; // WebVTT, strictly
mod custody; // what happened to it, in a chain
mod probe; // what the bytes show
mod state; // how far it is

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{DefenseId, PersonId, UploadId};

pub use custody::{CustodyEvent, is_unbroken};
pub use probe::{Decoding, Doubt, Flaw, Probe, ProbeVerdict, judge_probe};
pub use state::RecordingState;

/// A recording on its way from the first byte to the end of its retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    defense: DefenseId,
    upload: UploadId,
    file: Option<RecordedFile>,
    probe: Option<Probe>,
    meeting_seconds: Option<u64>,
    review: Option<Review>,
    #[serde(default)]
    rendition: Option<Rendition>,
    #[serde(default)]
    custody: Vec<CustodyEvent>,
    #[serde(flatten)]
    state: RecordingState,
}

/// What was made of a recording for browsers: a film, the same in pieces, a poster, captions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// Where its files lie: a prefix of its own for every attempt to make them.
    pub prefix: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// The bytes as they arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of all bytes, 64 lower-case hex digits.
    pub sha256: String,
}

/// What staff said about a doubtful recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who looked.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What they found.
    pub finding: Finding,
    /// Why.
    pub note: String,
}

/// Whether a doubtful recording is evidence after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It shows enough.
    Accepted,
    /// It does not.
    Refused,
}

/// Why a recording stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordingRefusal {
    /// Its state does not allow the act.
    #[error("a recording that is {state} cannot be {act}")]
    WrongState {
        /// What was wanted.
        act: &'static str,
        /// What it is.
        state: &'static str,
    },
    /// Other bytes are stored already.
    #[error("other bytes were stored for this recording")]
    OtherBytes,
    /// Its time is not over.
    #[error("the recording is kept until {until}")]
    Kept {
        /// The first instant at which it may go.
        until: Timestamp,
    },
}

impl Recording {
    /// A recording whose upload was just opened.
    pub fn announced(defense: DefenseId, upload: UploadId) -> Self {
        Self {
            defense,
            upload,
            file: None,
            probe: None,
            meeting_seconds: None,
            review: None,
            rendition: None,
            custody: Vec::new(),
            state: RecordingState::Announced,
        }
    }

    /// What it records.
    pub fn defense(&self) -> DefenseId {
        self.defense
    }

    /// The upload it comes in by.
    pub fn upload(&self) -> UploadId {
        self.upload
    }

    /// How far it has come.
    pub fn state(&self) -> &RecordingState {
        &self.state
    }

    /// The stored bytes, once all of them arrived.
    pub fn file(&self) -> Option<&RecordedFile> {
        self.file.as_ref()
    }

    /// What the probe read.
    pub fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// Length of the meeting by its own log, against which the probe was judged.
    pub fn meeting_seconds(&self) -> Option<u64> {
        self.meeting_seconds
    }

    /// What staff said, if they had to look.
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    /// What was made of it for browsers, once it was.
    pub fn rendition(&self) -> Option<&Rendition> {
        self.rendition.as_ref()
    }

    /// Whether it is proven, and neither watchable nor locked yet.
    pub fn is_to_be_kept(&self) -> bool {
        self.state == RecordingState::Verified
    }

    /// When its time is over, while it is kept.
    pub fn kept_until(&self) -> Option<Timestamp> {
        match self.state {
            RecordingState::Retained { until } => Some(until),
            _ => None,
        }
    }

    /// Whether a verdict may rest on it today.
    pub fn counts(&self) -> bool {
        matches!(self.state, RecordingState::Verified | RecordingState::Retained { .. })
    }

    /// Whether its bytes are no evidence.
    pub fn is_rejected(&self) -> bool {
        matches!(self.state, RecordingState::Rejected { .. })
    }

    /// Whether it will never count: nothing is awaited of it.
    pub fn is_lost(&self) -> bool {
        self.state == RecordingState::Failed || self.is_rejected() || self.is_removed()
    }

    /// Whether its bytes are in the store.
    pub fn is_stored(&self) -> bool {
        self.file.is_some() && !self.is_removed()
    }

    /// Whether the law asked for its removal.
    pub fn is_erased(&self) -> bool {
        matches!(self.state, RecordingState::Erased { .. })
    }

    /// Whether its bytes were removed.
    pub fn is_removed(&self) -> bool {
        matches!(self.state, RecordingState::Expired { .. } | RecordingState::Erased { .. })
    }

    /// Whether bytes are still awaited, so that another upload may take its place.
    pub fn is_incoming(&self) -> bool {
        matches!(self.state, RecordingState::Announced | RecordingState::Uploading)
    }

    /// A part arrived.
    pub fn uploading(mut self) -> Result<Self, RecordingRefusal> {
        if !self.is_incoming() {
            return Err(self.wrong_state("uploaded"));
        }
        self.state = RecordingState::Uploading;
        Ok(self)
    }

    /// All bytes arrived. A second notice of the same bytes changes nothing.
    pub fn stored(mut self, file: RecordedFile) -> Result<Self, RecordingRefusal> {
        match &self.file {
            Some(known) if *known == file => return Ok(self),
            Some(_) => return Err(RecordingRefusal::OtherBytes),
            None if !self.is_incoming() => return Err(self.wrong_state("stored")),
            None => {}
        }
        self.file = Some(file);
        self.state = RecordingState::Stored;
        Ok(self)
    }

    /// The upload made no progress for too long.
    pub fn failed(mut self) -> Result<Self, RecordingRefusal> {
        if !self.is_incoming() {
            return Err(self.wrong_state("given up"));
        }
        self.state = RecordingState::Failed;
        Ok(self)
    }

    /// The stored bytes were probed: [`judge_probe`] decides what they prove.
    pub fn judged(
        mut self,
        probe: Probe,
        meeting_seconds: u64,
        share_percent: u8,
    ) -> Result<Self, RecordingRefusal> {
        let (RecordingState::Stored, Some(file)) = (&self.state, &self.file) else {
            return Err(self.wrong_state("judged"));
        };
        self.state = match judge_probe(&probe, file, meeting_seconds, share_percent) {
            ProbeVerdict::Verified => RecordingState::Verified,
            ProbeVerdict::NeedsReview { reason } => RecordingState::NeedsReview { reason },
            ProbeVerdict::Rejected { reason } => RecordingState::Rejected { reason },
        };
        self.probe = Some(probe);
        self.meeting_seconds = Some(meeting_seconds);
        Ok(self)
    }

    /// Staff looked at a doubtful recording.
    pub fn reviewed(mut self, review: Review) -> Result<Self, RecordingRefusal> {
        let RecordingState::NeedsReview { .. } = self.state else {
            return Err(self.wrong_state("reviewed"));
        };
        self.state = match review.finding {
            Finding::Accepted => RecordingState::Verified,
            Finding::Refused => RecordingState::Rejected { reason: Flaw::RefusedInReview },
        };
        self.review = Some(review);
        Ok(self)
    }

    /// It was made watchable, if a film can be made of it, and its bytes are locked until then.
    pub fn retained(
        mut self,
        rendition: Option<Rendition>,
        until: Timestamp,
    ) -> Result<Self, RecordingRefusal> {
        let RecordingState::Verified = self.state else {
            return Err(self.wrong_state("retained"));
        };
        self.rendition = rendition;
        self.state = RecordingState::Retained { until };
        Ok(self)
    }

    /// Its time is over. That no appeal is open, the defense sees to.
    pub fn expired(mut self, now: Timestamp) -> Result<Self, RecordingRefusal> {
        let RecordingState::Retained { until } = self.state else {
            return Err(self.wrong_state("expired"));
        };
        if now < until {
            return Err(RecordingRefusal::Kept { until });
        }
        self.rendition = None;
        self.state = RecordingState::Expired { at: now };
        Ok(self)
    }

    /// The law asked for its removal: its sum, the date and the ground stay. That no appeal is open, the defense sees to.
    pub fn erased(mut self, by: PersonId, reason: String, now: Timestamp) -> Result<Self, RecordingRefusal> {
        if !self.is_stored() {
            return Err(self.wrong_state("erased"));
        }
        self.rendition = None;
        self.state = RecordingState::Erased { at: now, reason, by: Some(by) };
        Ok(self)
    }

    fn wrong_state(&self, act: &'static str) -> RecordingRefusal {
        RecordingRefusal::WrongState { act, state: self.state.word() }
    }
}

#[cfg(test)]
mod tests {
    use super::probe::example::{file, probe};
    use super::*;

    fn announced() -> Recording {
        Recording::announced(DefenseId::derived(&["d"]), UploadId::derived(&["u"]))
    }

    fn rendition() -> Rendition {
        Rendition { prefix: "renditions/1/".into(), made_at: Timestamp::UNIX_EPOCH }
    }

    fn stored() -> Recording {
        announced().stored(file()).expect("incoming")
    }

    #[test]
    fn a_second_notice_of_the_same_bytes_changes_nothing() {
        let verified = stored().judged(probe(), 60, 60).expect("stored");
        assert_eq!(verified.clone().stored(file()), Ok(verified.clone()));
        let other = RecordedFile { size: 2, ..file() };
        assert_eq!(verified.stored(other), Err(RecordingRefusal::OtherBytes));
    }

    #[test]
    fn only_what_is_doubted_is_reviewed() {
        let review = |finding| Review {
            by: PersonId::derived(&["ada"]),
            at: Timestamp::UNIX_EPOCH,
            finding,
            note: "the pitch is whole".into(),
        };
        let doubted = stored().judged(probe(), 3600, 60).expect("stored");
        assert!(!doubted.counts());
        assert!(doubted.clone().reviewed(review(Finding::Accepted)).expect("doubted").counts());
        assert!(doubted.reviewed(review(Finding::Refused)).expect("doubted").is_lost());
        assert!(stored().reviewed(review(Finding::Accepted)).is_err());
    }

    #[test]
    fn an_upload_that_stopped_is_given_up_and_a_whole_one_is_not() {
        assert!(announced().uploading().and_then(Recording::failed).expect("incoming").is_lost());
        assert!(stored().failed().is_err());
    }

    #[test]
    fn a_recording_is_kept_until_its_time_is_over() {
        let until = Timestamp::from_second(1_000).expect("in range");
        let kept = stored().judged(probe(), 60, 60).and_then(|it| it.retained(Some(rendition()), until));
        let kept = kept.expect("verified");
        assert_eq!(kept.clone().expired(Timestamp::UNIX_EPOCH), Err(RecordingRefusal::Kept { until }));
        assert!(kept.expired(until).expect("over").is_removed());
    }

    #[test]
    fn a_state_is_stored_as_its_word() {
        let doubted = stored().judged(probe(), 3600, 60).expect("stored");
        let item = serde_json::to_value(&doubted).expect("plain data");
        assert_eq!(
            (&item["state"], &item["reason"]),
            (&"needs_review".into(), &"shorter_than_the_meeting".into())
        );
        assert_eq!(item["state"], doubted.state().word());
        assert_eq!(serde_json::from_value::<Recording>(item).expect("as stored"), doubted);
    }
}
