//! The chain of custody: what happened to a recording, each event holding the hash of the one before.
//!
//! An event's hash is SHA-256 over these lines, each ended by a line feed: the hash before (empty for the first), the
//! instant, the event, who did it (empty for the system), SHA-256 of the bytes (empty while there are none), and the
//! detail. Whoever holds the last hash can tell whether anything before it was changed, left out or put in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Recording, RecordingState};
use crate::digest::Sha256Hex;
use crate::id::PersonId;

/// Something that happened to a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyEvent {
    /// When, by the school's clock.
    pub at: Timestamp,
    /// The state it came into.
    pub event: String,
    /// Who did it; the system, where nobody is named.
    pub by: Option<PersonId>,
    /// SHA-256 of the recording's bytes, once there are any.
    pub file_sha256: Option<String>,
    /// Why, or until when.
    pub detail: String,
    /// Hash of the event before.
    pub previous_sha256: Option<Sha256Hex>,
    /// Hash of this event.
    pub sha256: Sha256Hex,
}

impl CustodyEvent {
    /// The hash that its facts and the event before it make.
    fn hash(&self) -> Sha256Hex {
        let text = |hash: Option<String>| hash.unwrap_or_default();
        let lines = [
            text(self.previous_sha256.map(|hash| hash.to_string())),
            self.at.to_string(),
            self.event.clone(),
            text(self.by.map(|by| by.to_string())),
            text(self.file_sha256.clone()),
            // One line, whatever somebody wrote.
            self.detail.replace(['\r', '\n'], " "),
        ];
        Sha256Hex::of(lines.map(|line| line + "\n").concat().as_bytes())
    }
}

/// Whether every event holds the hash of the one before, and its own.
pub fn is_unbroken(events: &[CustodyEvent]) -> bool {
    let befores = std::iter::once(None).chain(events.iter().map(|event| Some(event.sha256)));
    events
        .iter()
        .zip(befores)
        .all(|(event, before)| event.previous_sha256 == before && event.sha256 == event.hash())
}

impl Recording {
    /// What happened to it, the first first.
    pub fn custody(&self) -> &[CustodyEvent] {
        &self.custody
    }

    /// With the state it is in now as the last event of its custody.
    #[must_use]
    pub(crate) fn witnessed(mut self, by: Option<PersonId>, now: Timestamp) -> Self {
        let by = by.or(self.person_behind());
        let mut event = CustodyEvent {
            at: now,
            event: self.state.word().into(),
            by,
            file_sha256: self.file.as_ref().map(|file| file.sha256.clone()),
            detail: self.detail(),
            previous_sha256: self.custody.last().map(|last| last.sha256),
            sha256: Sha256Hex::of(&[]),
        };
        event.sha256 = event.hash();
        self.custody.push(event);
        self
    }

    /// Who brought it into its state, where it was not the system.
    fn person_behind(&self) -> Option<PersonId> {
        match (&self.state, &self.review) {
            (RecordingState::Erased { by, .. }, _) => *by,
            (RecordingState::Verified | RecordingState::Rejected { .. }, Some(review)) => Some(review.by),
            _ => None,
        }
    }

    /// What only its state knows, in a word or the words of who said it.
    fn detail(&self) -> String {
        match &self.state {
            RecordingState::NeedsReview { reason } => reason.word().into(),
            RecordingState::Rejected { reason } => reason.word().into(),
            RecordingState::Retained { until } => until.to_string(),
            RecordingState::Erased { reason, .. } => reason.clone(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DefenseId, UploadId};

    fn kept() -> Recording {
        let announced = Recording::announced(DefenseId::derived(&["d"]), UploadId::derived(&["u"]));
        let by = Some(PersonId::derived(&["ines"]));
        let announced = announced.witnessed(by, Timestamp::UNIX_EPOCH);
        let uploading = announced.uploading().expect("incoming").witnessed(None, Timestamp::UNIX_EPOCH);
        uploading.failed().expect("incoming").witnessed(None, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_event_holds_the_hash_of_the_one_before() {
        let events = kept().custody;
        assert_eq!(
            events.iter().map(|it| it.event.as_str()).collect::<Vec<_>>(),
            ["announced", "uploading", "failed"]
        );
        assert!(is_unbroken(&events) && is_unbroken(&[]));
        assert_eq!(events[1].previous_sha256, Some(events[0].sha256));
    }

    #[test]
    fn whatever_is_changed_afterwards_breaks_the_chain() {
        let check = |change: fn(&mut Vec<CustodyEvent>)| {
            let mut events = kept().custody;
            change(&mut events);
            assert!(!is_unbroken(&events), "{events:?}");
        };
        check(|events| events[0].at = Timestamp::MAX);
        check(|events| events[0].by = None);
        check(|events| events[1].event = "stored".into());
        check(|events| events[1].detail = "late".into());
        check(|events| events[2].file_sha256 = Some("ab".repeat(32)));
        check(|events| drop(events.remove(0)));
        check(|events| drop(events.remove(1)));
        check(|events| events.swap(1, 2));
    }
}
